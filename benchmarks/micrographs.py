"""The chapter on U-Net's table of 64 micrographs: what a network learns from such images.

``python -m benchmarks.micrographs`` prints it and writes ``micrographs.csv``, which a test compares
with the chapter. The micrographs are dealt into two halves. Each teaches a network, settles the
thresholds of all methods, and is then judged by the other, so that every micrograph is judged once,
by methods that have not seen it.
"""

import itertools
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from scipy import ndimage
from skimage.measure import label
from skimage.morphology import h_maxima
from skimage.segmentation import watershed
from torch.nn.functional import cross_entropy, smooth_l1_loss

from course_lib import datasets
from course_lib import segmentation as seg
from course_lib.augment import elastic_crops, jitter_intensity
from course_lib.grouped import grouped_interval
from course_lib.nets import UNet
from course_lib.training import fit

from .report import write_table
from .unet_training import predict, predict_eight_ways, trained

TABLE = Path(__file__).with_name("micrographs.csv")
#: As in the chapter.
CHAPTER = {"iterations": 120, "size": 96, "batch": 2, "weights": None}
SEEDS = range(3)
FOLDS = (np.arange(0, 64, 2), np.arange(1, 64, 2))


def depth_in_cells(labels):
    """How deep in its cell each pixel lies: distance to its edge, 1 at the deepest of each cell."""
    distance = ndimage.distance_transform_edt(seg.separate_touching(labels))
    deepest = ndimage.maximum(distance, labels, range(labels.max() + 1))
    return (distance / np.maximum(deepest, 1)[labels]).astype(np.float32)


def taught_depth(images, labels, seed, iterations=2000):
    """A U-Net that says of each pixel whether it lies in a cell, and how deep.

    Distances as a target are the idea of StarDist and, as a flow, of Cellpose.
    """
    X = torch.tensor(np.stack(images))[:, None]
    Y = torch.tensor(np.stack([seg.separate_touching(one) for one in labels]) > 0).long()[:, None]
    D = torch.tensor(np.stack([depth_in_cells(one) for one in labels]))[:, None]

    def draw(generator):
        crops, (y, d) = elastic_crops(X, [Y, D], 96, 6, generator, scale=0.4)
        return jitter_intensity(crops, generator), y[:, 0], d[:, 0]

    def loss(output, y, d):
        return cross_entropy(output[:, :2], y) + 4 * smooth_l1_loss(output[:, 2], d, beta=0.1)

    torch.manual_seed(seed)
    network = UNet(channels=8, depth=4, classes=3)
    fit(network, draw, loss, iterations=iterations, lr=4e-3, ema=0.99, seed=seed, quiet=True)
    return network


def predict_depth(network, image):
    """P(cell) and the depth, shape (2, height, width)."""
    with torch.no_grad():
        output = network(torch.from_numpy(image)[None, None])[0]
    return np.stack([output[:2].softmax(0)[1].numpy(), output[2].numpy()])


def cells_of_depth(maps, h, edge, min_size, certain):
    """Single cells from P(cell) and a depth: one for each peak that stands `h` above its saddles.

    They grow to where P(cell) is `edge`. Cells of fewer pixels than `min_size`, and those whose
    mean P(cell) is below `certain`, are dropped.
    """
    p, depth = maps
    seeds = label(h_maxima(depth, h) * (depth > 0.2))
    cells = watershed(-depth, seeds, mask=p > edge)
    sizes = np.bincount(cells.ravel())
    mean_p = np.bincount(cells.ravel(), weights=p.ravel()) / np.maximum(sizes, 1)
    return np.where(((sizes >= min_size) & (mean_p >= certain))[cells], cells, 0)


def watershed_of_peaks(image, window, level, h, min_size):
    """The watershed, with the network's way from depth to cells: that is not its privilege."""
    mask = seg.watershed_cells(image, seg.WatershedSettings(window, level), min_size=1) > 0
    depth = ndimage.gaussian_filter(ndimage.distance_transform_edt(mask), 1)
    return cells_of_depth((mask, depth), h, 0.5, min_size, 0)


def _grid(function, **values):
    """`function` with each combination of values."""
    combinations = itertools.product(*values.values())
    return [partial(function, **dict(zip(values, one, strict=True))) for one in combinations]


LIBRARY = _grid(seg.watershed_cells, settings=seg.WATERSHED_GRID)
#: More than the library's, whose best lies at their edge: lower, sharper, closer, and by peaks.
WATERSHEDS = LIBRARY + _grid(
    seg.watershed_cells,
    settings=itertools.starmap(
        seg.WatershedSettings,
        itertools.product((0, 51), (0.55, 0.7, 0.85), (0.5, 1.0, 1.5), (1, 2, 3)),
    ),
)
BY_PEAKS = _grid(
    watershed_of_peaks,
    window=(0, 51),
    level=(0.55, 0.7, 0.85, 1.0),
    h=(0.25, 0.5, 1.0, 2.0),
    min_size=(10, 25),
)
WATERSHEDS += BY_PEAKS
SEEDS_BY_P = _grid(
    seg.grow_seeds, certain=(0.7, 0.8, 0.9, 0.95, 0.98), edge=(0.5, 0.6, 0.7), min_size=(5, 20)
)
SEEDS_BY_DEPTH = _grid(
    cells_of_depth, h=(0.02, 0.05, 0.1), edge=(0.4, 0.5, 0.6), min_size=(10, 25), certain=(0, 0.75)
)
TUNED = f"watershed, the best of {len(WATERSHEDS)} settings"


class Scores(NamedTuple):
    """Of one method: F1 of every micrograph, and seconds to train one network."""

    method: str
    f1: np.ndarray
    seconds: float = 0


def scores(seeds=SEEDS, workers=1):
    """Yield `Scores`: the watershed as it comes, the tuned one, and networks."""
    images, labels = datasets.fluorescent_nuclei()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, torch.set_num_threads, (1,)) as pool:
        lessons = list(itertools.product(seeds, FOLDS))
        answers = pool.map(_answers, *zip(*lessons, strict=True))
        for method, grid in (
            ("watershed as it comes", [seg.watershed_cells]),
            ("watershed, the best of the library's 36", LIBRARY),
            (f"watershed, the best of {len(BY_PEAKS)} by peaks", BY_PEAKS),
            (TUNED, WATERSHEDS),
        ):
            yield Scores(method, _judged([images] * 2, labels, grid))
        maps, seconds = _answers_of_chapter()
        method = "U-Net, taught by half a micrograph"
        yield Scores(method, _judged([maps] * 2, labels, SEEDS_BY_P), seconds)
        answers = list(answers)
    for what, grid in (("P(cell)", SEEDS_BY_P), ("depth", SEEDS_BY_DEPTH)):
        of_starts = []
        method = f"U-Net, taught by 32 micrographs, seeds by {what}"
        for n, seed in enumerate(seeds):
            both = answers[2 * n : 2 * n + 2]
            seen = [maps[:, 0] if grid is SEEDS_BY_P else maps for maps, _ in both]
            slower = max(seconds for _, seconds in both)
            of_starts.append(Scores(f"{method}, start {seed}", _judged(seen, labels, grid), slower))
            yield of_starts[-1]
        f1 = np.mean([start.f1 for start in of_starts], 0)
        yield Scores(f"{method}, mean of starts", f1, max(start.seconds for start in of_starts))


def _answers(seed, on):
    """P(cell) and depth in all micrographs, by a network that `on` taught, and its seconds."""
    images, labels = datasets.fluorescent_nuclei()
    x = [seg.standardize(image) for image in images]
    start = time.process_time()
    network = taught_depth([x[i] for i in on], labels[on], seed)
    seconds = time.process_time() - start
    return np.stack([predict_eight_ways(network, one, predict_depth) for one in x]), seconds


def _answers_of_chapter():
    """P(cell) in all micrographs, by the chapter's network, and its seconds."""
    image, nuclei = datasets.nuclei()
    half, start = np.s_[:, :256], time.process_time()
    network = trained([seg.standardize(image)[half]], [nuclei[half]], 0, **CHAPTER)
    seconds = time.process_time() - start
    images, _ = datasets.fluorescent_nuclei()
    return np.stack([predict(network, seg.standardize(image)) for image in images]), seconds


def _judged(inputs_of_folds, labels, grid):
    """F1 of every micrograph, by what in the grid was best on the other fold."""
    result = np.empty(len(labels))
    for inputs, taught, test in zip(inputs_of_folds, FOLDS, FOLDS[::-1], strict=True):

        def f1(find, which, inputs=inputs):
            found = (seg.match_instances(labels[i], find(inputs[i])).f1 for i in which)
            return np.fromiter(found, float)

        result[test] = f1(max(grid, key=lambda find: f1(find, taught).mean()), test)
    return result


def rows():
    """Yield (method, F1, how much above the tuned watershed, processor seconds)."""
    rival = None
    for method, f1, seconds in scores(workers=multiprocessing.cpu_count()):
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
