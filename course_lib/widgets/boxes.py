"""Overlap explorer: drag two boxes on squared paper and read their IoU."""

import base64
import itertools

import numpy as np

from .._html import table
from .._validation import as_boxes, as_image
from ..boxes import iou
from .base import CourseWidget

COLUMNS, ROWS = 10, 8


class OverlapExplorer(CourseWidget):
    """Two boxes with corners on a grid of 10×8 squares, the squares that they share, and the IoU.

    Parameters
    ----------
    first, second : sequence of int
        Boxes ``x1, y1, x2, y2`` at the start, inside of the grid and at least one square large.
    """

    front_end = "boxes.js"
    label = "Overlap explorer"

    def __init__(self, first=(1, 1, 6, 6), second=(3, 3, 8, 7)):
        edges = list(itertools.combinations(range(COLUMNS + 1), 2))
        super().__init__(
            data={
                "columns": COLUMNS,
                "rows": ROWS,
                # What two intervals share along one axis: the squares of two boxes factorize.
                "intervals": edges,
                "shared": [[max(0, min(b, d) - max(a, c)) for c, d in edges] for a, b in edges],
                "iou": [_ratios(union) for union in range(COLUMNS * ROWS + 1)],
                "thresholds": [0.3, 0.5, 0.75],
            },
            state={"first": _on_grid(first, "first"), "second": _on_grid(second, "second")},
        )

    def fallback(self):
        rows = []
        first = self.state["first"]
        for step in range(COLUMNS - first[2] + 1):
            moved = [first[0] + step, first[1], first[2] + step, first[3]]
            rows.append((step, f"{iou([first], [moved])[0, 0]:.3f}"))
        return table(
            ("squares to the right", "IoU"),
            rows,
            f"A box of {first[2] - first[0]} × {first[3] - first[1]} squares and its copy, moved",
        )


def _ratios(union):
    """IoU for 0, 1, … shared squares of so many in the union."""
    return [round(shared / union, 3) if union else 0 for shared in range(union + 1)]


def _on_grid(box, name):
    box = as_boxes([box], name)[0]
    inside = (box >= 0).all() and (box <= [COLUMNS, ROWS] * 2).all()
    if not inside or (box != np.rint(box)).any() or not (box[:2] < box[2:]).all():
        raise ValueError(
            f"{name} must be whole numbers x1 < x2 <= {COLUMNS} and y1 < y2 <= {ROWS}, "
            f"got {box.tolist()}."
        )
    return box.astype(int).tolist()


def gray_picture(image):
    """A small gray image for a front end: its size and its bytes, faint things brighter.

    Only steps that round alike on every processor: a quantile that is one of the pixels, whole
    numbers, and their square roots.
    """
    image = as_image(image, "image")
    if image.size > 40_000:
        raise ValueError(f"image must have at most 40,000 pixels, got {image.size}.")
    top = max(np.quantile(image, 0.98, method="lower"), 1e-9)
    levels = np.rint(255 * np.clip(image / top, 0, 1))
    gray = np.rint(np.sqrt(255 * levels)).astype(np.uint8)
    height, width = image.shape
    return {
        "width": width,
        "height": height,
        "gray": base64.b64encode(gray.tobytes()).decode("ascii"),
    }
