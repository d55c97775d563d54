"""Epoch explorer: what a network predicts as training goes on, and what a threshold makes of it."""

import numpy as np
from PIL import Image
from skimage.segmentation import find_boundaries

from .._html import image_uri, table
from .._validation import as_image, as_labels, as_probability, same_shape
from ..segmentation import dice, grow_seeds, match_instances
from .base import CourseWidget

#: Colors of a tile: background, matched cell, predicted cell without a partner, true outline.
_PALETTE = ((16, 16, 16), (86, 180, 233), (230, 120, 20), (255, 255, 255))


class EpochExplorer(CourseWidget):
    """Cells found at each stage of training and each threshold, beside the micrograph.

    Parameters
    ----------
    image : array_like, shape (height, width)
        Square, of at most 256 pixels a side.
    labels : array_like of int, shape (height, width)
        The true cells.
    predictions : dict
        From the number of training iterations to P(cell), (height, width).
    """

    front_end = "epochs.js"
    label = "Epoch explorer"
    #: Pixels above a threshold that touch make a cell; the last entry grows seeds instead.
    thresholds = (0.1, 0.3, 0.5, 0.7, 0.9, 0.97)
    grown = (0.9, 0.5)

    def __init__(self, image, labels, predictions):
        image, labels = as_image(image, "image"), as_labels(labels, "labels")
        if image.shape[0] != image.shape[1] or len(image) > 256:
            raise ValueError(f"image must be square, at most 256 a side, got {image.shape}.")
        if not labels.any():
            raise ValueError("labels must hold at least one cell, but all of it is 0.")
        if not predictions:
            raise ValueError("predictions must hold at least one stage of training.")
        same_shape(image=image, labels=labels)
        tiles, scores = [], []
        for p in predictions.values():
            p = as_probability(as_image(p, "predictions"), "predictions")
            same_shape(labels=labels, predictions=p)
            for seed, edge in (*((t, t) for t in self.thresholds), self.grown):
                cells = grow_seeds(p, seed, edge, min_size=8)
                match = match_instances(labels, cells)
                tiles.append(_tile(labels, cells, match))
                overlap = dice(labels > 0, p > edge)
                scores.append([round(overlap, 2), round(match.f1, 2), match.tp, match.fp, match.fn])
        columns = len(self.thresholds) + 1
        low, high = image.min(), image.max()
        gray = Image.fromarray(np.uint8(255 * (image - low) / max(high - low, 1e-12)))
        super().__init__(
            data={
                "iterations": list(map(int, predictions)),
                "thresholds": list(self.thresholds),
                "grown": list(self.grown),
                "image": _data_uri(gray),
                "tiles": _data_uri(_sheet(tiles, columns)),
                "scores": scores,
            },
            state={"iteration": len(predictions) - 1, "threshold": self.thresholds.index(0.5)},
        )

    def hashed(self):
        # The rest comes from a trained network, whose last digits differ between processors.
        return {key: self.data[key] for key in ("iterations", "thresholds", "grown")}

    def fallback(self):
        columns = len(self.thresholds) + 1
        rows = [
            (n, *(f"{s[0]:.2f}, {s[1]:.2f}" for s in self.data["scores"][i * columns :][:columns]))
            for i, n in enumerate(self.data["iterations"])
        ]
        names = [*(f"threshold {t:g}" for t in self.thresholds), "seeds above {}, grown to {}"]
        names[-1] = names[-1].format(*self.grown)
        return table(("iterations", *names), rows, "Pixel Dice and F1 of single cells")


def _tile(labels, cells, match):
    """Indices into the palette."""
    tile = np.where(np.isin(cells, match.pairs[:, 1]), 1, 2)
    tile[cells == 0] = 0
    tile[find_boundaries(labels, mode="inner")] = 3
    return tile.astype(np.uint8)


def _sheet(tiles, columns):
    """All tiles as one picture, `columns` of them in a row."""
    rows = [np.hstack(tiles[start : start + columns]) for start in range(0, len(tiles), columns)]
    sheet = Image.fromarray(np.vstack(rows))
    sheet.putpalette([value for color in _PALETTE for value in color])
    return sheet


def _data_uri(picture):
    few = {"bits": 2} if picture.mode == "P" else {}
    return image_uri(picture, "png", optimize=True, **few)
