"""The one-shot chapter's table of handwriting: three starts of the network, and its best rival.

``python -m benchmarks.handwriting`` prints it and writes ``handwriting.csv``, which a test compares
with the chapter. Networks learn from printed letters alone; the frame has the margin of these.
"""

from pathlib import Path

import numpy as np
import torch
from scipy.spatial import KDTree
from skimage.transform import resize

from course_lib import datasets, embedding
from course_lib.grouped import grouped_interval
from course_lib.training import fit

from .report import write_table

TABLE = Path(__file__).with_name("handwriting.csv")
SEEDS = (0, 1, 2)


def margin_of(images):
    """Side of a picture over the longer side of its ink, the median of several pictures."""
    return np.median(
        [len(image) / np.ptp(np.argwhere(image > 0.25), axis=0).max() for image in images]
    )


def framed(drawing, margin):
    """The ink in the middle of a square with this margin, 32 by 32."""
    ink = np.argwhere(drawing)
    (up, left), (down, right) = ink.min(axis=0), ink.max(axis=0) + 1
    cut = drawing[up:down, left:right].astype(float)
    side = int(margin * max(cut.shape))
    missing = side - np.array(cut.shape)
    before = missing // 2
    square = np.pad(cut, np.stack([before, missing - before], axis=1))
    return resize(square, (32, 32), order=1, anti_aliasing=True)


def hausdorff(train, test):
    """Modified Hausdorff distances of each of test to each of train, in units of their sizes."""

    def points(drawing):
        ink = np.argwhere(drawing)
        return KDTree((ink - ink.mean(axis=0)) / np.ptp(ink, axis=0).max(), leafsize=20)

    train, test = ([points(one) for one in part] for part in (train, test))
    return [
        [max(a.query(b.data)[0].mean(), b.query(a.data)[0].mean()) for b in train] for a in test
    ]


def trained(images, y_true, seed):
    """The chapter's network, from one start."""
    torch.manual_seed(seed)
    network = embedding.EmbeddingNet()
    draw = embedding.class_batches(images, y_true, classes=24, each=4)
    settings = {"lr": 3e-3, "weight_decay": 1e-2, "seed": seed, "device": "cpu", "quiet": True}
    fit(network, draw, embedding.triplet_loss, iterations=120, **settings)
    return network


def rows():
    """Yield (network, errors, what the rival errs on more) for the table."""
    letters = datasets.glyphs()
    seen = np.isin(letters.scripts[letters.y_true], ("Latin", "Greek", "Cyrillic"))
    images, y_true = letters.images[seen], letters.y_true[seen]
    margin, runs = margin_of(images), datasets.omniglot_runs()
    drawn = [np.array([[framed(one, margin) for one in run] for run in part]) for part in runs[:2]]
    rival = _wrong([hausdorff(*run) for run in zip(*runs[:2], strict=True)], runs.y_true)
    every = []
    for seed in SEEDS:
        network = trained(images, y_true, seed)
        pairs = ([embedding.embed(network, run) for run in part] for part in drawn)
        d = [embedding.squared_distances(test, train) for train, test in zip(*pairs, strict=True)]
        every.append(_wrong(d, runs.y_true))
        yield f"start {seed}", *_compared(every[-1], rival)
    yield "mean of the three", *_compared(np.mean(every, axis=0), rival)


def _wrong(distances, y_true):
    return 1.0 * (np.argmin(distances, axis=2) != y_true)


def _compared(network, rival):
    """Errors of the network, and the rival's minus these; the interval draws runs."""
    run = np.repeat(np.arange(len(rival)), rival.shape[1])
    parts = ((network, "{:.1%} [{:.1%}, {:.1%}]"), (rival - network, "{:+.3f} [{:+.3f}, {:+.3f}]"))
    return [form.format(x.mean(), *grouped_interval(x.ravel(), run)) for x, form in parts]


if __name__ == "__main__":
    torch.set_num_threads(1)
    write_table(TABLE, ("network", "errs on", "Hausdorff, framed, minus network"), rows())
