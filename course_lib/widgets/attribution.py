"""Attribution explorer: method, class, and how strongly the map covers the picture."""

import matplotlib
import numpy as np

from .._html import table
from .._undefined import undefined_unsaid
from .._validation import as_image, as_picture
from ..attribution import share_inside
from .base import CourseWidget
from .sprites import sheet

_HEIGHT = 112
_COLUMNS = 4


class AttributionExplorer(CourseWidget):
    """A picture under the maps of several methods for several classes.

    Parameters
    ----------
    image : array_like in [0, 1], shape (height, width, 3) or (height, width)
    maps : dict
        From the name of a method to a dictionary from the name of a class to a map
        (height, width); the classes are the same for all methods. Shown is what speaks for the
        class: negative values count as 0.
    mask : array_like of bool, shape (height, width), optional
        A region; the share of each map inside it is said.
    region : str
        What the region is called, e.g. ``"the right half"``.
    """

    front_end = "attribution.js"
    label = "Attribution explorer"
    covers = tuple(range(0, 101, 10))

    def __init__(self, image, maps, mask=None, region="the region"):
        image = as_picture(image, "image")
        if not maps or not all(maps.values()):
            raise ValueError("maps must hold at least one method and one class.")
        classes = list(next(iter(maps.values())))
        if any(list(each) != classes for each in maps.values()):
            raise ValueError("maps must hold the same classes for every method.")
        size = (_HEIGHT, round(_HEIGHT * image.shape[1] / image.shape[0]))
        tiles, shares = [], []
        for each in maps.values():
            for attribution in each.values():
                evidence = as_image(attribution, "maps").clip(min=0)
                if evidence.shape != image.shape[:2]:
                    raise ValueError(
                        f"maps must have the image's shape {image.shape[:2]}, got {evidence.shape}."
                    )
                tiles.append(_heat(evidence))
                with undefined_unsaid():
                    share = None if mask is None else share_inside(evidence, mask)
                shares.append(None if share is None or np.isnan(share) else round(share, 3))
        super().__init__(
            data={
                "methods": list(maps),
                "classes": classes,
                "region": region,
                "covers": list(self.covers),
                "aspect": round(size[1] / size[0], 4),
                "columns": _COLUMNS,
                "image": sheet([image], 1, (2 * size[0], 2 * size[1])),
                "tiles": sheet(tiles, _COLUMNS, size),
                "shares": shares,
            },
            state={"method": 0, "target": 0, "cover": self.covers.index(70)},
        )

    def hashed(self):
        # Maps and shares differ between processors in their last digits.
        return {key: self.data[key] for key in ("methods", "classes", "region", "covers", "aspect")}

    def fallback(self):
        d = self.data
        rows = []
        for m, method in enumerate(d["methods"]):
            shares = d["shares"][m * len(d["classes"]) :][: len(d["classes"])]
            rows.append((method, *("–" if s is None else f"{s:.1%}" for s in shares)))
        return table(
            ("method", *d["classes"]), rows, f"Share of each map inside {d['region']}, by class"
        )


def _heat(evidence):
    """Colors from black to yellow; the strongest hundredth of the pixels is saturated."""
    top = np.quantile(evidence, 0.99) or evidence.max() or 1
    return matplotlib.colormaps["inferno"](np.clip(evidence / top, 0, 1))[..., :3]
