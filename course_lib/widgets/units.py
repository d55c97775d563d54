"""Unit browser: what a unit looks for, and which patches of photographs excite it most."""

import numpy as np

from .._html import table
from .base import CourseWidget
from .sprites import sheet

_PICTURE, _PATCH = (96, 96), (48, 48)


class UnitBrowser(CourseWidget):
    """Choose a layer and a channel; see its optimized picture and its favorite patches.

    Parameters
    ----------
    units : dict
        From the name of a layer to a tuple of equally long sequences: the numbers of its channels,
        a picture (height, width, 3) for each, and the `course_lib.visualize.Patches` of each.
    """

    front_end = "units.js"
    label = "Unit browser"

    def __init__(self, units):
        if not units:
            raise ValueError("units must hold at least one layer, but it is empty.")
        pictures, patches, values = [], [], []
        counts = {p.images.shape[1] for _, _, p in units.values()}
        if len(counts) > 1:
            raise ValueError("units must hold equally many patches for every layer.")
        for layer, (channels, shown, best) in units.items():
            if not len(channels) == len(shown) == len(best.images) > 0:
                raise ValueError(
                    f"units must hold a picture and patches for each channel ({layer})."
                )
            pictures += list(shown)
            patches += [patch for each in best.images for patch in each]
            values += np.asarray(best.values, float).round(1).tolist()
        super().__init__(
            data={
                "layers": list(units),
                "channels": [[int(c) for c in channels] for channels, _, _ in units.values()],
                "columns": 8,
                "pictures": sheet(pictures, 8, _PICTURE),
                "patches": sheet(patches, 8, _PATCH),
                "count": counts.pop(),
                "values": values,
            },
            state={"layer": 0, "unit": 0},
        )

    def hashed(self):
        # Pictures and answers differ between processors in their last digits.
        return {key: self.data[key] for key in ("layers", "channels", "count")}

    def fallback(self):
        rows, at = [], 0
        for layer, channels in zip(self.data["layers"], self.data["channels"], strict=True):
            for channel in channels:
                best = ", ".join(f"{value:.1f}" for value in self.data["values"][at])
                rows.append((layer, channel, best))
                at += 1
        return table(
            ("layer", "channel", "answer to its best patches"),
            rows,
            "Units of the network; their pictures need scripts",
        )
