"""One look for all figures: sizes, and colors that color-blind readers can tell apart."""

import matplotlib.pyplot as plt
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
