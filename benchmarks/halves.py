"""The tables of the chapter on U-Net: networks that one half of a micrograph taught, on the other.

``python -m benchmarks.halves`` prints them and writes ``halves.csv`` and ``ablations.csv``, which a
test compares with the chapter. Every network, and the watershed beside them, chooses its settings
on the half that taught it.
"""

from pathlib import Path

import numpy as np
import torch

from course_lib import datasets
from course_lib import segmentation as seg

from .report import write_table
from .unet_training import predict, trained

FOLDER = Path(__file__).parent
SEEDS = range(3)
#: As in the chapter: thresholds of seeds and edges among which every network chooses.
THRESHOLDS = [(seed, edge) for seed in (0.5, 0.7, 0.8, 0.9, 0.95, 0.98) for edge in (0.3, 0.5)]
#: Name, batches, and what is different.
NETWORKS = (
    ("U-Net", 120, {}),
    ("with weights", 120, {"weights": (10, 5)}),
    ("without skips", 120, {"skips": False}),
)
LONGER = (("U-Net", 450, {}), ("without skips", 450, {"skips": False}))
LEFT, RIGHT = np.s_[:, :256], np.s_[:, 256:]


class Half:
    """What one half taught, judged by the other.

    Parameters
    ----------
    name : str
        Of the half that teaches.
    taught, judged : tuple of slice
    seam : int
        Column of `judged` at which nuclei are cut and do not count.

    Attributes
    ----------
    found : dict
        From method and batches to the segmentations of its starts; one of the watershed.
    """

    def __init__(self, name, taught, judged, seam, networks):
        self.name = name
        image, labels = datasets.nuclei()
        x = seg.standardize(image)
        self.truth = seg.without_touching(labels[judged], seam)
        settings = seg.tune_watershed(image[taught], labels[taught])
        cells = seg.watershed_cells(image[judged], settings)
        self.found = {("watershed", "–"): [seg.without_touching(cells, seam)]}
        for method, batches, options in networks:
            options = {"weights": None, "size": 96, "batch": 2, "iterations": batches} | options
            self.found[method, str(batches)] = starts = []
            for seed in SEEDS:
                network = trained([x[taught]], [labels[taught]], seed, **options)
                p = predict(network, x[taught])
                pair = max(THRESHOLDS, key=lambda pair, p=p: _key(labels[taught], p, pair))
                cells = seg.grow_seeds(predict(network, x[judged]), *pair)
                starts.append(seg.without_touching(cells, seam))

    def rows(self):
        """Yield (taught by, method, batches, F1, panoptic quality, margin).

        The margin is the mean of the starts above the watershed, with its interval over tiles.
        """
        (rival, starts), *networks = self.found.items()
        yield (self.name, *rival, *self._scores(starts), "–")
        for network, cells in networks:
            yield (self.name, *network, *self._scores(cells), self._above(network, rival))

    def ablations(self):
        """Yield (taught by, what differs, batches, F1 above the U-Net of as many batches)."""
        for method, batches in self.found:
            if method.startswith("with"):
                above = self._above((method, batches), ("U-Net", batches))
                yield self.name, method, batches, above

    def _above(self, one, other):
        margin = seg.f1_difference(self.truth, self.found[one], self.found[other])
        low, high = margin.interval
        return f"{margin.difference:+.2f} [{low:+.2f}, {high:+.2f}]"

    def _scores(self, starts):
        matches = [seg.match_instances(self.truth, cells) for cells in starts]
        f1 = " ".join(f"{match.f1:.2f}" for match in matches)
        return f1, " ".join(f"{match.panoptic_quality:.2f}" for match in matches)


def _key(truth, p, thresholds):
    match = seg.match_instances(truth, seg.grow_seeds(p, *thresholds))
    return match.f1, match.panoptic_quality


if __name__ == "__main__":
    torch.set_num_threads(1)
    halves = (
        Half("left half", LEFT, RIGHT, 0, NETWORKS + LONGER),
        Half("right half", RIGHT, LEFT, -1, NETWORKS),
    )
    write_table(
        FOLDER / "halves.csv",
        ("taught by", "method", "batches", "F1", "panoptic quality", "above the watershed"),
        (row for half in halves for row in half.rows()),
    )
    write_table(
        FOLDER / "ablations.csv",
        ("taught by", "what differs", "batches", "F1 above the U-Net"),
        (row for half in halves for row in half.ablations()),
    )
