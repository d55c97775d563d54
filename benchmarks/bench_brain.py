"""Decoding a real brain, and what fitting and testing cost."""

import numpy as np
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict, permutation_test_score

from course_lib import datasets
from course_lib.decoding import block_means, decode, permutation_test, standardize_runs
from course_lib.optics import effective_attenuation_length, pulse_energy
from course_lib.retinotopy import SimulatedV1, bar_sweeps, fit_receptive_fields

from .report import Row, best_of

_PERMUTATIONS = 20


def benchmarks():
    yield from _haxby()
    yield from _receptive_fields()
    yield from _lecture()


def _haxby():
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


def _receptive_fields():
    errors = []
    for seed in range(3):
        brain, bars, rng = SimulatedV1(seed=seed), bar_sweeps(), np.random.default_rng(seed)
        answers = np.mean(
            [brain.respond(bars * rng.choice([-1, 1], bars.shape)) for _ in range(6)], axis=0
        )
        answers += 0.5 * answers.std() * rng.standard_normal(answers.shape)
        fields = fit_receptive_fields(answers, bars)
        errors.append(np.median(np.hypot(fields.x - brain.x, fields.y - brain.y)) / brain.radius)
    seconds = best_of(lambda: fit_receptive_fields(answers, bars), 3)
    yield Row.value(
        "receptive fields of 400 voxels, median error / field radius",
        max(errors),
        "≤ 0.05",
        f"the worst of three seeds; {seconds:.2f} s a fit",
    )


def _lecture():
    energies = [pulse_energy(power, 326) for power in (1.1, 75)]
    yield Row.value(
        "pulse energies of the lecture, nJ",
        " and ".join(f"{energy:.1f}" for energy in energies),
        "3.4 and 230",
        f"attenuation length {effective_attenuation_length(3.4, 230, 1200):.0f} µm",
    )


def _said(interval):
    return "{:.2f} to {:.2f}".format(*interval)
