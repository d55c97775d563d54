"""One look for all figures: sizes, and colors that color-blind readers can tell apart."""

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler

#: Okabe & Ito's palette; disease and normal are the same two colors in every figure.
COLORS = {
    "disease": "#d55e00",
    "normal": "#0072b2",
    "accent": "#009e73",
    "second": "#cc79a7",
    "third": "#e69f00",
    "sky": "#56b4e9",
    "ink": "#222222",
    "muted": "#767676",
}


def set_style():
    """Use the book's figure style from here on."""
    cycle = [COLORS[name] for name in ("normal", "disease", "accent", "second", "third", "sky")]
    plt.rcParams.update(
        {
            # 0.01 and 1000 on a logarithmic axis, not powers of ten
            "axes.formatter.min_exponent": 5,
            "axes.prop_cycle": cycler(color=cycle),
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlesize": "medium",
            "figure.constrained_layout.use": True,
            "figure.dpi": 110,
            "figure.figsize": (6.4, 3.4),
            "font.size": 10.5,
            "image.cmap": "gray",
            "legend.frameon": False,
            "savefig.facecolor": "white",
        }
    )


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
