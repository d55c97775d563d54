"""The table of the chapter on U-Net: networks that one half of a micrograph taught, on the other.

``python -m benchmarks.halves`` prints it and writes ``halves.csv``, which a test compares with the
chapter. Every network, and the watershed beside them, chooses its settings on the half that taught
it.
"""

from pathlib import Path

import numpy as np
import torch

from course_lib import datasets
from course_lib import segmentation as seg

from .report import write_table
from .unet_training import cell_by_cell, f1_of, margin_interval, predict, trained

TABLE = Path(__file__).with_name("halves.csv")
SEEDS = range(3)
#: As in the chapter: thresholds of seeds and edges among which every network chooses.
THRESHOLDS = [(seed, edge) for seed in (0.5, 0.7, 0.8, 0.9, 0.95, 0.98) for edge in (0.3, 0.5)]
#: Name, batches, and what is different.
NETWORKS = (
    ("U-Net", 150, {}),
    ("with weights", 150, {"weights": (10, 5)}),
    ("without skips", 150, {"skips": False}),
)
LONGER = (("U-Net", 450, {}), ("without skips", 450, {"skips": False}))


def rows():
    """Yield (taught by, method, batches, F1, panoptic quality, margin) for the table.

    The margin is the mean of the three starts above the watershed, with the interval of the true
    cells drawn with replacement, the same ones for both.
    """
    left, right = np.s_[:, :256], np.s_[:, 256:]
    yield from _half("left half", left, right, 0, NETWORKS + LONGER)
    yield from _half("right half", right, left, -1, NETWORKS)


def _half(name, taught, judged, seam, networks):
    image, labels = datasets.nuclei()
    x, truth = seg.standardize(image), seg.without_touching(labels[judged], seam)
    settings = seg.tune_watershed(image[taught], labels[taught])
    watershed = seg.without_touching(seg.watershed_cells(image[judged], settings), seam)
    rival = cell_by_cell(truth, watershed)
    yield (name, "watershed", "–", *_scores(truth, [watershed]), "–")
    for method, batches, options in networks:
        options = {"weights": None, "size": 96, "batch": 2, "iterations": batches} | options
        found = []
        for seed in SEEDS:
            network = trained([x[taught]], [labels[taught]], seed, **options)
            p = predict(network, x[taught])
            pair = max(THRESHOLDS, key=lambda pair, p=p: _key(labels[taught], p, pair))
            cells = seg.grow_seeds(predict(network, x[judged]), *pair)
            found.append(seg.without_touching(cells, seam))
        cells = [cell_by_cell(truth, one) for one in found]
        low, high = margin_interval(cells, rival)
        margin = np.mean([f1_of(*one) for one in cells]) - f1_of(*rival)
        margin = f"{margin:+.2f} [{low:+.2f}, {high:+.2f}]"
        yield (name, method, str(batches), *_scores(truth, found), margin)


def _key(truth, p, thresholds):
    match = seg.match_instances(truth, seg.grow_seeds(p, *thresholds))
    return match.f1, match.panoptic_quality


def _scores(truth, found):
    matches = [seg.match_instances(truth, cells) for cells in found]
    f1 = " ".join(f"{match.f1:.2f}" for match in matches)
    return f1, " ".join(f"{match.panoptic_quality:.2f}" for match in matches)


if __name__ == "__main__":
    torch.set_num_threads(1)
    write_table(
        TABLE,
        ("taught by", "method", "batches", "F1", "panoptic quality", "above the watershed"),
        rows(),
    )
