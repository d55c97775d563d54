"""Answers to the exercises of the lab "Assessment rehearsal"."""

import math

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


def _views_loop(probabilities):
    views, cells, classes = probabilities.shape
    answers = []
    for cell in range(cells):
        means = [
            sum(probabilities[v, cell, k] for v in range(views)) / views for k in range(classes)
        ]
        answers.append(means.index(max(means)))
    return answers


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
    "average_views": {
        "loop": _views_loop,
        "torch": lambda p: torch.tensor(p).mean(0).argmax(1),
        "sorted": lambda p: np.argsort(-sum(p), axis=1)[:, 0],
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
    "average_views": {
        "logarithms": (lambda p: np.log(p).sum(0).argmax(1), "geometric_mean"),
        "vote": (
            lambda p: stats.mode(p.argmax(2), axis=0).mode,
            "majority",
        ),
        "first view": (lambda p: p[0].argmax(1), None),
        "last view": (lambda p: p[-1].argmax(1), None),
        "least": (lambda p: p.mean(0).argmin(1), None),
        "median": (lambda p: np.median(p, 0).argmax(1), None),
        "counted from one": (lambda p: p.mean(0).argmax(1) + 1, None),
    },
}
