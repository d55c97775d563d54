"""Answers to the exercises of the chapter "What did the person see?"."""

import numpy as np
import torch


def _z_scored(X, y, pattern):
    classes = np.unique(y)
    means = np.array([X[y == c].mean(axis=0) for c in classes])
    means = (means - means.mean(1, keepdims=True)) / means.std(1, keepdims=True)
    return classes[np.argmax(means @ (pattern - pattern.mean()))]


def _nearest_after_scaling(X, y, pattern):
    """The smallest distance between standardized patterns is the largest correlation."""
    unit = lambda v: (v - v.mean()) / np.linalg.norm(v - v.mean())  # noqa: E731
    return min(
        set(y.tolist()),
        key=lambda c: np.linalg.norm(unit(X[y == c].mean(axis=0)) - unit(pattern)),
    )


def _nearest_torch(X, y, pattern):
    X, p = torch.tensor(X).float(), torch.tensor(pattern).float()
    classes = np.unique(y)
    r = [torch.corrcoef(torch.stack([X[torch.tensor(y == c)].mean(0), p]))[0, 1] for c in classes]
    return torch.tensor(classes[int(torch.stack(r).argmax())])


def _cosine(X, y, pattern):
    classes = np.unique(y)
    means = np.array([X[y == c].mean(axis=0) for c in classes])
    return classes[np.argmax(means @ pattern / np.linalg.norm(means, axis=1))]


def _read_runs_loop(R, y, runs):
    read = []
    for i in range(len(y)):
        best, highest = None, -np.inf
        for c in np.unique(y):
            met = [R[i, j] for j in range(len(y)) if y[j] == c and runs[j] != runs[i]]
            if sum(met) / len(met) > highest:
                best, highest = c, sum(met) / len(met)
        read.append(best)
    return np.array(read)


def _read_runs_table(R, y, runs):
    classes = np.unique(y)
    other = np.where(runs[:, None] == runs, np.nan, R)
    means = np.stack([np.nanmean(other[:, y == c], axis=1) for c in classes], axis=1)
    return classes[means.argmax(axis=1)]


def _read_runs_by_run(R, y, runs):
    read, classes = np.empty_like(y), np.unique(y)
    for run in np.unique(runs):
        here = runs == run
        means = [R[np.ix_(here, ~here & (y == c))].mean(axis=1) for c in classes]
        read[here] = classes[np.argmax(means, axis=0)]
    return read


def _read_runs_zeroed(R, y, runs):
    classes = np.unique(y)
    other = (runs[:, None] != runs).astype(float)
    shares = [(R * other)[:, y == c].sum(1) / other[:, y == c].sum(1) for c in classes]
    return np.take(classes, np.argmax(shares, axis=0))


def _read_runs_torch(R, y, runs):
    classes, of = np.unique(y, return_inverse=True)
    one_hot = torch.nn.functional.one_hot(torch.tensor(of)).double()
    other = torch.tensor(runs[:, None] != runs).double()
    means = (torch.tensor(R) * other) @ one_hot / (other @ one_hot)
    return torch.tensor(classes)[means.argmax(dim=1)]


def _other_runs(R, runs):
    return np.where(runs[:, None] == runs, -2, R)


RIGHT = {
    "nearest_pattern": {
        "z scores": _z_scored,
        "distance of standardized": _nearest_after_scaling,
        "torch": _nearest_torch,
    },
    "read_runs": {
        "loop": _read_runs_loop,
        "table": _read_runs_table,
        "run by run": _read_runs_by_run,
        "list": lambda R, y, runs: _read_runs_loop(R, y, runs).tolist(),
        "zeroed": _read_runs_zeroed,
        "torch": _read_runs_torch,
    },
    "permutation_p": {
        "loop": lambda accuracy, null: (
            (1 + sum(x >= accuracy for x in null.tolist())) / (1 + len(null.tolist()))
        ),
        "appended": lambda accuracy, null: np.mean([*null, accuracy] >= np.float64(accuracy)),
        "one minus": lambda accuracy, null: 1 - np.sum(null < accuracy) / (len(null) + 1),
    },
}

WRONG = {
    "nearest_pattern": {
        "cosine": (_cosine, "cosine"),
        "first class": (lambda X, y, p: int(y[0]), None),
        "most frequent": (lambda X, y, p: int(np.bincount(y.astype(np.intp)).argmax()), None),
        "least correlated": (
            lambda X, y, p: min(
                set(y.tolist()), key=lambda c: np.corrcoef(X[y == c].mean(axis=0), p)[0, 1]
            ),
            None,
        ),
        "the correlation": (
            lambda X, y, p: max(np.corrcoef(X[y == c].mean(0), p)[0, 1] for c in np.unique(y)),
            None,
        ),
    },
    "read_runs": {
        "the truth": (lambda R, y, runs: y, None),
        "the runs": (lambda R, y, runs: runs, None),
        "first class": (lambda R, y, runs: np.full(len(y), y.min()), None),
        "least alike": (lambda R, y, runs: _read_runs_table(-R, y, runs), None),
        "magnitude": (lambda R, y, runs: _read_runs_table(np.abs(R), y, runs), None),
        "best of each class": (lambda R, y, runs: y[_other_runs(R, runs).argmax(axis=1)], "single"),
        "single of all": (lambda R, y, runs: y[(R - 2 * np.eye(len(y))).argmax(axis=1)], None),
        "the neighbor in the list": (lambda R, y, runs: np.roll(y, 1), None),
        "last run against the rest": (
            lambda R, y, runs: _read_runs_table(R, y, np.where(runs == runs.max(), 0, 1)),
            None,
        ),
        "right or wrong": (lambda R, y, runs: _read_runs_table(R, y, runs) == y, None),
        "the best correlation": (lambda R, y, runs: _other_runs(R, runs).max(axis=1), None),
    },
    "permutation_p": {
        "above alone": (lambda a, null: (1 + np.sum(null >= a)) / len(null), None),
        "below alone": (lambda a, null: np.sum(null >= a) / (1 + len(null)), None),
        "two sided": (
            lambda a, null: min(1, 2 * (1 + np.sum(null >= a)) / (1 + len(null))),
            None,
        ),
        "z test": (lambda a, null: (a - null.mean()) / null.std(), None),
        "share below": (lambda a, null: np.mean(null < a), None),
    },
}
