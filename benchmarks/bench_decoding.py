"""Decoding a real brain, and what testing costs."""

import numpy as np
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict, permutation_test_score

from course_lib import datasets
from course_lib.decoding import block_means, decode, permutation_test, standardize_runs

from .report import Row, best_of

_PERMUTATIONS = 20


def benchmarks():
    haxby = datasets.haxby_slice()
    X, y, runs = block_means(standardize_runs(haxby.X, haxby.runs), haxby.labels, haxby.runs)
    found, test = decode(X, y, runs), permutation_test(X, y, runs, 999)
    yield Row.value(
        "Haxby slice, 8 categories, one run out",
        found.accuracy,
        "≥ 0.45",
        f"{len(y)} blocks, 95% {_said(found.interval())}, over runs "
        f"{_said(found.interval(by='groups'))}, chance {found.chance}, p = {test.p_value:.3f}",
    )
    pair = np.isin(y, ["face", "house"])
    two = decode(X[pair], y[pair], runs[pair])
    yield Row.value(
        "Haxby slice, face or house",
        two.accuracy,
        "≥ 0.90",
        f"{pair.sum()} blocks, 95% {_said(two.interval())}",
    )
    # RidgeClassifier's penalty is a number, ours a share of the patterns' mean squared length.
    peer = RidgeClassifier(alpha=np.mean((X**2).sum(axis=1)))
    split = {"groups": runs, "cv": LeaveOneGroupOut()}
    yield Row.times(
        "decode 96 blocks × 530 voxels",
        best_of(lambda: decode(X, y, runs)),
        "scikit-learn cross_val_predict",
        best_of(lambda: cross_val_predict(peer, X, y, **split), 3),
        "≤ 1×",
    )
    yield Row.times(
        f"{_PERMUTATIONS} permutations of the same",
        best_of(lambda: permutation_test(X, y, runs, _PERMUTATIONS)),
        "scikit-learn permutation_test_score",
        best_of(
            lambda: permutation_test_score(peer, X, y, n_permutations=_PERMUTATIONS, **split), 1
        ),
        "≥ 10× faster",
    )


def _said(interval):
    return "{:.2f} to {:.2f}".format(*interval)
