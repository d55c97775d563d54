"""The shift and triage explorers' numbers against brute force and `course_lib`."""

import numpy as np
import pytest

from course_lib import calibration
from course_lib.roc import RocCurve
from course_lib.validation import reweight, selective_risk
from course_lib.widgets import ShiftExplorer, TriageExplorer

#: As many of each kind, so that a crowd of whole cases has the mixture of the sliders.
KINDS = [
    np.random.default_rng(n).beta(*shape, 5) for n, shape in enumerate([(1, 4), (5, 1), (2, 2)])
]


def crowd(prevalence, share):
    """Cases in those shares, each kind copied as often as it takes."""
    times = [round(100 * p) for p in (1 - prevalence, prevalence * (1 - share), prevalence * share)]
    risk = np.concatenate([np.repeat(own, n) for own, n in zip(KINDS, times, strict=True)])
    return np.repeat([0, 1, 1], [5 * n for n in times]), risk


@pytest.mark.parametrize(("p", "s"), [(2, 0), (4, 3), (5, 5)])
def test_the_mixture_is_that_of_a_crowd(p, s):
    data = ShiftExplorer(*KINDS, old=0.3).data
    prevalence, share = data["prevalences"][p], data["shares"][s]
    y_true, risk = crowd(prevalence, share)
    assert data["auc"][s] == pytest.approx(RocCurve.from_scores(y_true, risk).auc)
    for mended, found in enumerate(data["crowds"][p][s]):
        own = reweight(risk, 0.3, prevalence) if mended else risk
        assert found["ratio"] == pytest.approx(
            calibration.observed_expected(y_true, own).value, abs=1e-5
        )
        assert found["ill"] == pytest.approx(1000 * y_true.mean())
        bins = calibration.calibration_curve(y_true, own, 5, "uniform")
        np.testing.assert_allclose(found["predicted"], bins.predicted, atol=1e-3)
        np.testing.assert_allclose(found["observed"], bins.observed, atol=1e-3)


def test_nothing_to_mend_where_nothing_moved():
    data = ShiftExplorer(*KINDS, old=0.3).data
    for share in range(6):
        assert data["crowds"][3][share][0] == data["crowds"][3][share][1]


def test_triage_is_selective_risk():
    rng = np.random.default_rng(0)
    risk = rng.permutation(np.arange(1, 101) / 101.5)
    y_true = (rng.random(100) < risk).astype(int)
    [group] = TriageExplorer({"all": (y_true, risk)}).data["groups"]
    peer = selective_risk((risk >= 0.5) == y_true, np.abs(risk - 0.5))
    for at, kept in enumerate(group["kept"]):
        assert group["missed"][at] + group["alarms"][at] == round(group["error"][at] * kept)
        if kept in peer.kept:
            where = peer.kept.tolist().index(kept)
            assert group["error"][at] == pytest.approx(peer.error[where], abs=1e-6)
            assert group["low"][at] == pytest.approx(peer.low[where], abs=1e-6)
            assert group["high"][at] == pytest.approx(peer.high[where], abs=1e-6)
    assert group["kept"][0] == 100


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ShiftExplorer([2], [0.5], [0.5], old=0.5), "healthy must hold probabilities"),
        (lambda: ShiftExplorer([0.1], [0.5], [], old=0.5), "other_ill must hold at least one"),
        (lambda: ShiftExplorer(*KINDS, old=1), "old must be one number strictly between"),
        (lambda: TriageExplorer({}), "groups must be a dictionary"),
        (lambda: TriageExplorer({"a": ([0], [0.1, 0.2])}), "must have the same length"),
    ],
)
def test_bad_widgets(make, said):
    with pytest.raises(ValueError, match=said):
        make()
