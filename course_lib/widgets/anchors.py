"""Anchor explorer: a grid of anchors over a picture, and which objects they can stand for."""

import itertools

import numpy as np

from .._html import table
from .._validation import as_boxes, as_positive
from ..boxes import anchor_boxes, iou
from .base import CourseWidget
from .boxes import gray_picture


class AnchorExplorer(CourseWidget):
    """Stride, size and shapes of the anchors; the cell that is looked at; the objects in reach.

    Parameters
    ----------
    image : array_like, shape (height, width)
        Gray values; at most 40,000 pixels, its sides multiples of 32.
    true_boxes : array_like, shape (n, 4)
        Of at least one object.
    stride, size : float
        Where the sliders start; the nearest position is taken.
    """

    front_end = "anchors.js"
    label = "Anchor explorer"
    strides = (8, 16, 32)
    sizes = (12, 16, 20, 24, 28, 32, 40)
    shapes = ((1.0,), (0.5, 1.0, 2.0))

    def __init__(self, image, true_boxes, stride=16, size=16):
        picture = gray_picture(image)
        true_boxes = as_boxes(true_boxes, "true_boxes").round(1)
        stride, size = as_positive(stride, "stride"), as_positive(size, "size")
        if not len(true_boxes):
            raise ValueError("true_boxes must hold at least one box, but it is empty.")
        height, width = picture["height"], picture["width"]
        if height % max(self.strides) or width % max(self.strides):
            raise ValueError(
                f"image must have sides that are multiples of 32, got {height}×{width}."
            )
        layouts = {}
        for (i, a), (j, b), (k, c) in itertools.product(
            *map(enumerate, (self.strides, self.sizes, self.shapes))
        ):
            anchors = anchor_boxes((height // a, width // a), a, [b], c)
            overlap = iou(anchors.reshape(-1, 4), true_boxes).reshape(*anchors.shape[:3], -1)
            layouts[f"{i},{j},{k}"] = {
                "sides": (anchors[0, 0, :, 2:] - anchors[0, 0, :, :2]).round(2).tolist(),
                "reached": (overlap.max(axis=(0, 1, 2)) >= 0.5).astype(int).tolist(),
                "cell": _hundredths(overlap.max(axis=(2, 3))).tolist(),
            }
        stride = int(np.abs(np.array(self.strides) - stride).argmin())
        middle = [side // self.strides[stride] // 2 for side in (height, width)]
        super().__init__(
            data={
                "picture": picture,
                "true": true_boxes.tolist(),
                "strides": list(self.strides),
                "sizes": list(self.sizes),
                "shapes": ["one square", "flat, square and tall"],
                "layouts": layouts,
            },
            state={
                "stride": stride,
                "size": int(np.abs(np.array(self.sizes) - size).argmin()),
                "shapes": 0,
                "cell": middle,
            },
        )

    def fallback(self):
        rows = []
        for (i, stride), (k, shapes) in itertools.product(
            enumerate(self.strides), enumerate(self.data["shapes"])
        ):
            keys = (f"{i},{j},{k}" for j in range(len(self.sizes)))
            rows.append((stride, shapes, *(sum(self.data["layouts"][n]["reached"]) for n in keys)))
        return table(
            ("stride", "anchors at each place", *(f"size {size}" for size in self.sizes)),
            rows,
            f"How many of {len(self.data['true'])} nuclei some anchor overlaps by 0.5 or more",
        )


def _hundredths(overlap):
    """IoU in whole hundredths; 0.496 is not shown as 0.50, because it is out of reach."""
    return np.minimum((100 * overlap).round(), np.where(overlap < 0.5, 49, 100)).astype(int)
