"""The chapter on U-Net's table of 64 micrographs: what a network learns from such images.

``python -m benchmarks.micrographs`` prints it and writes ``micrographs.csv``, which a test compares
with the chapter. The micrographs are dealt into two halves. Each teaches a network, settles its
thresholds and those of the watershed, and is then judged by the other, so that every micrograph
is judged once, by methods that have not seen it.
"""

import itertools
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from course_lib import datasets
from course_lib import segmentation as seg
from course_lib.grouped import grouped_interval

from .report import write_table
from .unet_training import predict, predict_eight_ways, trained

TABLE = Path(__file__).with_name("micrographs.csv")
#: Threshold of the seeds, threshold of the edge, least size of a seed.
THRESHOLDS = tuple(itertools.product((0.7, 0.8, 0.9, 0.95, 0.98), (0.5, 0.6, 0.7), (5, 20)))
#: More than the chapter's, whose best lies at their edge: lower, sharper, closer.
WATERSHEDS = seg.WATERSHED_GRID + tuple(
    seg.WatershedSettings(*settings)
    for settings in itertools.product((0, 51), (0.55, 0.7, 0.85), (0.5, 1.0, 1.5), (1, 2, 3))
)
#: Nuclei of all sizes, more crops, and a mean over the last weights.
TRAINING = {"iterations": 900, "size": 96, "batch": 6, "depth": 4, "weights": None}
TRAINING |= {"scale": 0.4, "ema": 0.99}
#: As in the chapter.
CHAPTER = {"iterations": 150, "size": 96, "batch": 2, "weights": None}
TUNED = "watershed, the best of ninety settings"
SEEDS = range(3)
FOLDS = (np.arange(0, 64, 2), np.arange(1, 64, 2))


class Scores(NamedTuple):
    """Of one method: F1 of every micrograph, and seconds of training on the processor."""

    method: str
    f1: np.ndarray
    seconds: float


def scores(seeds=SEEDS):
    """Yield `Scores`: the watershed as it comes, the tuned one, and networks."""
    images, labels = datasets.fluorescent_nuclei()
    x = [seg.standardize(image) for image in images]

    def watershed(i, *settings):
        return seg.watershed_cells(images[i], seg.WatershedSettings(*settings))

    def grown(p):
        return lambda i, *settings: seg.grow_seeds(p[i], *settings)

    def f1(cells_of, settings, which):
        found = (seg.match_instances(labels[i], cells_of(i, *settings)).f1 for i in which)
        return np.fromiter(found, float)

    def judged(cells_of_folds, grid):
        """F1 of every micrograph, with the settings that are best on the other fold."""
        result = np.empty(64)
        for cells_of, taught, test in zip(cells_of_folds, FOLDS, FOLDS[::-1], strict=True):
            scored = {settings: f1(cells_of, settings, taught).mean() for settings in grid}
            result[test] = f1(cells_of, max(scored, key=scored.get), test)
        return result

    as_it_comes = f1(watershed, seg.WatershedSettings(), range(64))
    yield Scores("watershed as it comes", as_it_comes, 0)
    chapters = judged([watershed] * 2, seg.WATERSHED_GRID)
    yield Scores("watershed, the best of the library's 36", chapters, 0)
    yield Scores(TUNED, judged([watershed] * 2, WATERSHEDS), 0)
    image, nuclei = datasets.nuclei()
    half, start = np.s_[:, :256], time.process_time()
    network = trained([seg.standardize(image)[half]], [nuclei[half]], 0, **CHAPTER)
    seconds = time.process_time() - start
    p = grown([predict(network, one) for one in x])
    yield Scores("U-Net, taught by half a micrograph", judged([p] * 2, THRESHOLDS), seconds)
    total, seconds = np.zeros((2, *images.shape)), 0
    for seed in seeds:
        start = time.process_time()
        networks = [trained([x[i] for i in on], labels[on], seed, **TRAINING) for on in FOLDS]
        spent = time.process_time() - start
        p = np.array([[predict_eight_ways(network, one) for one in x] for network in networks])
        total, seconds = total + p, seconds + spent
        f1_of_start = judged(map(grown, p), THRESHOLDS)
        yield Scores(f"U-Net, taught by 32 micrographs, start {seed}", f1_of_start, spent)
    mean = judged(map(grown, total / len(seeds)), THRESHOLDS)
    yield Scores("the mean of these networks", mean, seconds)


def rows():
    """Yield (method, F1, above the tuned watershed, processor seconds) for the table."""
    rival = None
    for method, f1, seconds in scores():
        margin = "–"
        if rival is not None:
            low, high = grouped_interval(f1 - rival, np.arange(64))
            margin = f"{np.mean(f1 - rival):+.3f} [{low:+.3f}, {high:+.3f}]"
        if method == TUNED:
            rival = f1
        yield method, f"{f1.mean():.3f}", margin, f"{seconds:.0f}" if seconds else "–"


if __name__ == "__main__":
    torch.set_num_threads(1)
    write_table(
        TABLE, ("method", "mean F1", "above the best watershed", "seconds of training"), rows()
    )
