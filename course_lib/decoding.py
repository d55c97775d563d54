"""What was seen? Reading a stimulus from the activity of many voxels, and testing the reading.

The unit of every count here is one independent presentation, such as the mean of a block. Volumes
of one block resemble each other whatever was shown; counting them as cases invents evidence.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.signal import detrend

from ._validation import (
    as_choice,
    as_count,
    as_features,
    as_positive,
    as_vector,
    same_length,
)
from .intervals import RESAMPLES, grouped_interval, wilson_interval


def standardize_runs(X, runs):
    """Take the linear trend out of each voxel in each run, and scale it to unit variance.

    A scanner drifts, and every run has its own baseline. No label is used, so doing this to a run
    that is later held out leaks nothing about what was seen in it.

    Parameters
    ----------
    X : array_like, shape (volumes, voxels)
    runs : array_like, shape (volumes,)
        The run of each volume; at least two volumes each.

    Returns
    -------
    ndarray of float, shape (volumes, voxels)
        Mean 0 and standard deviation 1 in each run; 0 where a voxel's course is a straight line.
    """
    X, runs = as_features(X, "X"), _as_names(runs, "runs")
    same_length(X=X, runs=runs)
    Z = np.empty_like(X)
    for run in np.unique(runs):
        here = runs == run
        if np.count_nonzero(here) < 2:
            raise ValueError(f"runs must hold at least two volumes each, but {run} has one.")
        residual = detrend(X[here], axis=0)
        sd = residual.std(axis=0)
        # What detrending leaves of a straight line is rounding.
        flat = sd <= 1e-9 * np.abs(X[here]).max(axis=0)
        Z[here] = np.where(flat, 0, residual / np.where(flat, 1, sd))
    return Z


class Blocks(NamedTuple):
    """One pattern for each block: what was shown without a break."""

    X: np.ndarray
    y: np.ndarray
    runs: np.ndarray


def block_means(X, labels, runs, rest="rest"):
    """Mean pattern of each block of equal labels within a run; rest is left out.

    Parameters
    ----------
    X : array_like, shape (volumes, voxels)
    labels, runs : array_like, shape (volumes,)
        What was shown during each volume, and the run it belongs to, in the order of recording.
    rest : object
        The label of volumes without a stimulus.

    Returns
    -------
    Blocks
        ``X`` (blocks, voxels), ``y`` and ``runs`` (blocks,).
    """
    X, labels, runs = as_features(X, "X"), _as_names(labels, "labels"), _as_names(runs, "runs")
    same_length(X=X, labels=labels, runs=runs)
    changes = (labels[1:] != labels[:-1]) | (runs[1:] != runs[:-1])
    starts = np.flatnonzero(np.append(True, changes))
    sizes = np.diff(np.append(starts, len(labels)))
    means = np.add.reduceat(X, starts, axis=0) / sizes[:, None]
    shown = labels[starts] != rest
    if not shown.any():
        raise ValueError(f"labels must hold something besides {rest!r}.")
    return Blocks(means[shown], labels[starts][shown], runs[starts][shown])


@dataclass(frozen=True)
class Decoding:
    """What a decoder said about cases that it had not learned from.

    Attributes
    ----------
    y_true, y_pred, groups : ndarray, shape (n,)
    classes : ndarray
        In increasing order.
    """

    y_true: np.ndarray
    y_pred: np.ndarray
    groups: np.ndarray
    classes: np.ndarray

    @property
    def accuracy(self):
        """Share of cases that were read correctly."""
        return float(np.mean(self.y_true == self.y_pred))

    @property
    def chance(self):
        """Accuracy of always naming the most frequent class: 1 / classes if all are as frequent."""
        return float(np.mean(self.y_true[:, None] == self.classes, axis=0).max())

    @property
    def confusion(self):
        """Counts (true, predicted) in the order of `classes`."""
        size = len(self.classes)
        true, predicted = (np.searchsorted(self.classes, y) for y in (self.y_true, self.y_pred))
        return np.bincount(true * size + predicted, minlength=size**2).reshape(size, size)

    @property
    def by_group(self):
        """Accuracy in each held-out group, in increasing order of the groups."""
        right = self.y_true == self.y_pred
        return np.array([right[self.groups == g].mean() for g in np.unique(self.groups)])

    def interval(self, level=0.95, by="cases", *, seed=0, resamples=RESAMPLES):
        """Confidence interval of the accuracy.

        Parameters
        ----------
        level : float, default 0.95
        by : {"cases", "groups"}
            Wilson's interval, which takes the cases for independent; or the Bayesian bootstrap
            over whole groups, which lets the cases of a group (a run) depend on each other (see
            `course_lib.intervals.grouped_interval`).
        seed, resamples : int
            Of the bootstrap.
        """
        if as_choice(by, "by", ("cases", "groups")) == "cases":
            right = int(np.count_nonzero(self.y_true == self.y_pred))
            return wilson_interval(right, len(self.y_true), level)
        right = self.y_true == self.y_pred
        return grouped_interval(right, self.groups, level, seed=seed, resamples=resamples)


def decode(X, y, groups, ridge=1.0):
    """Read a class from each pattern with a linear decoder that never saw its group.

    One group after another is left out; ridge regression on the others learns a linear score for
    each class (1 for its patterns, 0 for the rest), and the highest score names the class.

    Parameters
    ----------
    X : array_like, shape (n, voxels)
        One pattern a case.
    y : array_like, shape (n,)
        The class of each case: numbers or texts, at least two different.
    groups : array_like, shape (n,)
        What is left out together, e.g. the run: at least two groups, and each class must occur
        outside of any one of them.
    ridge : float, default 1.0
        Strength of the penalty, in units of the patterns' mean squared length.

    Returns
    -------
    Decoding
    """
    X, y, groups, classes = _checked(X, y, groups, ridge)
    targets = (y[:, None] == classes).astype(float)
    scores = _held_out_scores(X, targets, groups, ridge)
    return Decoding(y, classes[scores.argmax(axis=1)], groups, classes)


class PermutationTest(NamedTuple):
    """An accuracy, what labels without meaning would give, and how often they do as well."""

    accuracy: float
    null: np.ndarray
    p_value: float


def permutation_test(X, y, groups, permutations=1000, *, ridge=1.0, seed=0):
    """Could the accuracy of `decode` be chance? Permute the labels within each group and see.

    The whole procedure, cross-validation included, is repeated for each permutation. Labels
    are exchanged within groups alone: between runs they are not exchangeable.

    Parameters
    ----------
    X, y, groups, ridge
        As for `decode`.
    permutations : int, default 1000
    seed : int

    Returns
    -------
    PermutationTest
        ``accuracy``; ``null`` (permutations,) accuracies; ``p_value``, which counts the observed
        order as one of the permutations, ``(1 + #{null >= accuracy}) / (1 + permutations)``, so it
        is never 0 (Phipson & Smyth 2010, Stat Appl Genet Mol Biol 9:39).

    Raises
    ------
    ValueError
        If every group holds one class: then exchanging labels within groups changes nothing.
    """
    X, y, groups, classes = _checked(X, y, groups, ridge)
    if all(len(np.unique(y[groups == group])) == 1 for group in np.unique(groups)):
        raise ValueError(
            "groups must hold two classes or more, at least one of them: within groups of one "
            "class no exchange of labels changes anything, and p would be 1 whatever was decoded."
        )
    as_count(permutations, "permutations", least=1)
    rng = np.random.default_rng(seed)
    orders = np.stack([np.arange(len(y)), *(_shuffled(groups, rng) for _ in range(permutations))])
    labels = np.searchsorted(classes, y)[orders]
    # The scores are linear in the labels, so all permutations are solved as one.
    targets = np.moveaxis(labels[..., None] == np.arange(len(classes)), 0, 1).astype(float)
    scores = _held_out_scores(X, targets.reshape(len(y), -1), groups, ridge)
    predicted = scores.reshape(targets.shape).argmax(axis=2)
    accuracy, *null = np.mean(predicted == labels.T, axis=0)
    null = np.array(null)
    p_value = (1 + np.count_nonzero(null >= accuracy - 1e-12)) / (1 + permutations)
    return PermutationTest(float(accuracy), null, p_value)


def _checked(X, y, groups, ridge):
    X, y, groups = as_features(X, "X"), _as_names(y, "y"), _as_names(groups, "groups")
    same_length(X=X, y=y, groups=groups)
    as_positive(ridge, "ridge")
    classes = np.unique(y)
    if len(classes) < 2:
        raise ValueError(f"y must hold at least two classes, but every value is {classes[0]}.")
    if len(np.unique(groups)) < 2:
        raise ValueError("groups must hold at least two groups, so that one can be left out.")
    for label in classes:
        if len(np.unique(groups[y == label])) < 2:
            raise ValueError(
                f"y must show each class in two groups or more, but {label} is in one."
            )
    return X, y, groups, classes


def _as_names(values, name):
    """Return `values` as a vector of numbers or texts, each of which equals itself."""
    names = as_vector(values, name)
    # Tables hand out columns of texts as objects.
    if names.dtype == object and all(isinstance(value, str) for value in names):
        names = names.astype(str)
    if names.dtype == object:
        kinds = ", ".join(sorted({type(value).__name__ for value in names}))
        raise ValueError(f"{name} must hold numbers or texts alone, none missing, got {kinds}.")
    if names.dtype.kind not in "biufUS" or (names != names).any():
        raise ValueError(f"{name} must hold numbers or texts, none of them missing.")
    return names


def _shuffled(groups, rng):
    """An order in which places are exchanged within each group alone."""
    order = np.arange(len(groups))
    for group in np.unique(groups):
        here = np.flatnonzero(groups == group)
        order[here] = rng.permutation(here)
    return order


def _held_out_scores(X, targets, groups, ridge):
    """Scores (n, targets) of each case by ridge regression on the other groups.

    In its dual form: ``scores = K(held out, seen) (K(seen, seen) + lambda I)^-1 targets``, with the
    patterns' inner products K. It costs what the number of cases costs, however many voxels.
    """
    scores = np.empty((len(X), targets.shape[1]))
    for group in np.unique(groups):
        held_out = groups == group
        seen = ~held_out
        centered = X - X[seen].mean(axis=0)
        K = centered @ centered[seen].T
        mean = targets[seen].mean(axis=0)
        penalty = ridge * np.trace(K[seen]) / np.count_nonzero(seen)
        # All-equal patterns say nothing: then every score is the class's share.
        lifted = K[seen] + (penalty or 1.0) * np.eye(np.count_nonzero(seen))
        scores[held_out] = K[held_out] @ np.linalg.solve(lifted, targets[seen] - mean) + mean
    return scores
