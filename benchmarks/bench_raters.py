"""Dawid & Skene's EM beside crowd-kit's, on the same ratings and as many iterations."""

import numpy as np
import pandas as pd

from course_lib.raters import dawid_skene

from .report import Row, best_of

_CASES, _RATERS, _RATINGS_A_CASE, _CATEGORIES = 20_000, 50, 5, 4


def _simulated_votes(seed=0):
    """10⁵ ratings: 20,000 cases, each rated by 5 of 50 raters of unequal quality."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(_CATEGORIES, size=_CASES)
    quality = rng.uniform(0.4, 0.95, size=_RATERS)
    said = np.where(
        rng.random((_CASES, _RATERS)) < quality,
        truth[:, None],
        rng.integers(_CATEGORIES, size=(_CASES, _RATERS)),
    )
    turn = rng.random((_CASES, _RATERS)).argsort(axis=1)
    return np.where(turn < _RATINGS_A_CASE, said, -1)


def benchmarks():
    """Same iterations, same start, so the posteriors must agree to rounding."""
    # Its import takes seconds and is not part of the comparison.
    from crowdkit.aggregation import DawidSkene as CrowdKit

    votes = _simulated_votes()
    case, rater = np.nonzero(votes >= 0)
    table = pd.DataFrame({"task": case, "worker": rater, "label": votes[case, rater]})
    ours = dawid_skene(votes)

    def peer():
        # No early stop: it makes the iterations that ours needed.
        return CrowdKit(n_iter=ours.iterations, tol=-np.inf).fit(table)

    theirs = peer().probas_.sort_index()[list(range(_CATEGORIES))].to_numpy()
    apart = np.abs(theirs - ours.posterior).max()
    if apart > 1e-9:
        raise AssertionError(f"the posteriors differ by {apart:.1e}")
    yield Row.times(
        "Dawid–Skene, 10⁵ ratings",
        best_of(lambda: dawid_skene(votes)),
        "crowd-kit",
        best_of(peer, repeats=3),
        "≥ 5× faster",
        f"{ours.iterations} iterations each; posteriors agree to {apart:.0e}",
    )
