"""Pictures side by side."""

import matplotlib.pyplot as plt
import numpy as np


def contact_sheet(pictures, titles=(), columns=6, width=1.25, title=None):
    """Show pictures in rows, without axes.

    Parameters
    ----------
    pictures : sequence of array_like, shape (height, width, 3) or (height, width)
        Gray ones are stretched from their smallest to their largest value.
    titles : sequence of str
        Above the first pictures.
    columns : int
    width : float
        Of one picture in inches.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
    """
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    height, across = np.shape(pictures[0])[:2]
    tall = width * height / across + (0.25 if len(titles) else 0)
    fig, axes = plt.subplots(
        rows, columns, figsize=(columns * width, rows * tall + 0.3), squeeze=False
    )
    for ax in axes.flat:
        ax.set_axis_off()
    for ax, picture in zip(axes.flat, pictures, strict=False):
        ax.imshow(picture)
    for ax, text in zip(axes.flat, titles, strict=False):
        ax.set_title(text, fontsize="small")
    if title:
        fig.suptitle(title, fontsize="medium")
    return fig
