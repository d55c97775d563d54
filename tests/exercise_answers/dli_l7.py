"""Answers to the exercises of the lab "Assessment rehearsal"."""

import math
from pathlib import Path

import numpy as np
import torch
from scipy import stats
from sklearn.metrics import confusion_matrix, precision_score, recall_score


def _recall_loop(y_true, y_pred, classes):
    found, there = [0] * classes, [0] * classes
    for truth, said in zip(y_true.tolist(), y_pred.tolist(), strict=True):
        there[truth] += 1
        found[truth] += truth == said
    return [a / b for a, b in zip(found, there, strict=True)]


def _wilson(k, n, z):
    interval = stats.binomtest(k, n).proportion_ci(2 * stats.norm.cdf(z) - 1, "wilson")
    return interval.low


def _needed_by(low):
    """The fewest right answers whose interval of that lower end reaches the mark."""

    def answer(n, mark, z):
        below, enough = 0, n
        while enough - below > 1:
            middle = (below + enough) // 2
            below, enough = (below, middle) if low(middle, n, z) >= mark else (middle, enough)
        return enough

    return answer


def _needed_by_test(n, mark, z):
    """Counts up to the first number that a z-test of the mark rejects."""
    k = int(n * mark)
    while (k - n * mark) / math.sqrt(n * mark * (1 - mark)) < z:
        k += 1
    return k


def _corrected(k, n, z):
    interval = stats.binomtest(k, n).proportion_ci(2 * stats.norm.cdf(z) - 1, "wilsoncc")
    return interval.low


def _exact(k, n, z):
    return stats.beta.ppf(stats.norm.sf(z), k, n - k + 1)


def _widest(k, n, z):
    return k / n - z / (2 * math.sqrt(n))


def _by_table(paths, classes):
    number = {name: i for i, name in enumerate(classes)}
    return np.array([number[Path(path).parent.name] for path in paths])


def _channel_by_channel(image, mean, sd):
    x = np.empty((3, *image.shape))
    for channel in range(3):
        x[channel] = (image / 255.0 - mean[channel]) / sd[channel]
    return x


def _in_torch(image, mean, sd):
    x = torch.tensor(image)[None].expand(3, -1, -1).double() / 255
    return (x - torch.tensor(mean)[:, None, None]) / torch.tensor(sd)[:, None, None]


RIGHT = {
    "recall_of_each": {
        "loop": _recall_loop,
        "scikit-learn": lambda t, p, k: recall_score(t, p, average=None, labels=range(k)),
        "table": lambda t, p, k: confusion_matrix(t, p, normalize="true").diagonal(),
        "one-hot": lambda t, p, k: (np.eye(k)[t] * np.eye(k)[p]).sum(0) / np.eye(k)[t].sum(0),
    },
    "correct_needed": {
        "halving": _needed_by(_wilson),
        "test": _needed_by_test,
        "counting": lambda n, mark, z: next(
            k for k in range(int(n * mark), n) if _wilson(k, n, z) >= mark
        ),
    },
    "folder_labels": {
        "table": _by_table,
        "comparison": lambda paths, classes: [
            [path.split("/")[1] == name for name in classes].index(True) for path in paths
        ],
    },
    "preprocess": {"loop": _channel_by_channel, "torch": _in_torch},
    "seen_by_network": {
        "flip": lambda train, valid: [np.flip(train, 2), valid],
        "torch": lambda train, valid: (torch.tensor(train).flip(2), torch.tensor(valid)),
        "one by one": lambda train, valid: (np.array([np.fliplr(x) for x in train]), valid),
    },
}

WRONG = {
    "recall_of_each": {
        "scikit-learn's precision": (
            lambda t, p, k: precision_score(t, p, average=None, labels=range(k)),
            "precision",
        ),
        "arguments in the other order": (
            lambda t, p, k: recall_score(p, t, average=None, labels=range(k)),
            "precision",
        ),
        "mean": (lambda t, p, k: recall_score(t, p, average="macro"), None),
        "counts": (lambda t, p, k: confusion_matrix(t, p).diagonal(), None),
        "missed": (lambda t, p, k: 1 - recall_score(t, p, average=None), None),
        "frequency": (lambda t, p, k: np.bincount(t, minlength=k) / len(t), None),
        "overlap": (
            lambda t, p, k: [np.mean((t == p)[(t == j) | (p == j)]) for j in range(k)],
            None,
        ),
        "percent": (lambda t, p, k: 100 * recall_score(t, p, average=None), "percent"),
    },
    "correct_needed": {
        "Clopper-Pearson": (_needed_by(_exact), "exact_interval"),
        "as wide as at one half": (_needed_by(_widest), None),
        "with a correction": (_needed_by(_corrected), None),
        "share": (lambda n, mark, z: _needed_by_test(n, mark, z) / n, None),
        "90 %": (lambda n, mark, z: _needed_by_test(n, mark, 1.645), "one_sided"),
        "may be missed": (lambda n, mark, z: n - _needed_by_test(n, mark, z), None),
        "one less": (lambda n, mark, z: _needed_by_test(n, mark, z) - 1, None),
    },
    "folder_labels": {
        "sorted": (
            lambda paths, classes: [sorted(classes).index(p.split("/")[1]) for p in paths],
            "alphabetical",
        ),
        "the part": (lambda paths, classes: [p.split("/")[0] for p in paths], None),
        "number of the file": (lambda paths, classes: [int(p[-6:-4]) for p in paths], None),
        "backwards": (
            lambda paths, classes: [classes[::-1].index(p.split("/")[1]) for p in paths],
            None,
        ),
        "codes of the folders": (
            lambda paths, classes: np.unique([p.split("/")[1] for p in paths], return_inverse=True)[
                1
            ],
            "alphabetical",
        ),
    },
    "preprocess": {
        "no 255": (
            lambda image, mean, sd: (image - mean[:, None, None]) / sd[:, None, None],
            "not_scaled",
        ),
        "one channel": (lambda image, mean, sd: (image / 255 - mean[0]) / sd[0], None),
        "256": (
            lambda image, mean, sd: (image / 256 - mean[:, None, None]) / sd[:, None, None],
            None,
        ),
        "variance": (
            lambda image, mean, sd: (image / 255 - mean[:, None, None]) / sd[:, None, None] ** 2,
            None,
        ),
        "floor": (
            lambda image, mean, sd: (image // 255 - mean[:, None, None]) / sd[:, None, None],
            None,
        ),
    },
    "seen_by_network": {
        "turned": (lambda train, valid: (train[:, ::-1, ::-1], valid), None),
        "every second": (
            lambda train, valid: (
                np.where(np.arange(len(train))[:, None, None] % 2, train[:, :, ::-1], train),
                valid,
            ),
            None,
        ),
        "training alone": (lambda train, valid: train[:, :, ::-1], None),
        "both": (lambda train, valid: (np.flip(train, 2), np.flip(valid, 2)), "always"),
    },
}
