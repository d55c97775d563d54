"""Grids of decimals hold the decimals: 0.35, not 0.35000000000000003, which 0.35 does not reach."""

import numpy as np
import pytest

from course_lib.calibration import calibration_curve, decision_curve
from course_lib.roc import RocCurve
from course_lib.widgets.embedding import _THRESHOLDS
from course_lib.widgets.threshold import _grid


def curve_of(scores):
    return RocCurve.from_scores([0, 1], scores)


@pytest.mark.parametrize(
    ("grid", "decimals"),
    [
        (decision_curve([0, 1], [0.2, 0.7]).thresholds, 2),
        (curve_of([0.2, 0.7]).band().fpr, 2),
        (_THRESHOLDS / 100, 2),
        *((_grid(curve_of([0.013, top]), 201, 2), 2) for top in (0.29, 0.57, 0.58, 1.1)),
    ],
)
def test_values_equal_their_decimals(grid, decimals):
    assert np.asarray(grid).tolist() == [float(f"{value:.{decimals}f}") for value in grid]


@pytest.mark.parametrize("decimals", [1, 2, 3])
def test_nobody_is_positive_at_the_last_threshold_of_the_widget(decimals):
    for k in range(1, 200):
        curve = curve_of([0.0, k / 10**decimals])
        grid = _grid(curve, 50, decimals)
        assert curve.counts(grid[-1]) == (0, 0)
        assert curve.counts(grid[0]) == (1, 1)


def test_a_risk_on_a_threshold_is_at_least_that_threshold():
    for k in range(1, 100):
        curve = decision_curve([1, 0], [k / 100, 0])
        assert curve.model[k - 1] == 0.5


def test_a_risk_on_the_edge_of_bins_of_one_width_stays_below_it():
    for k in range(2, 20):
        n = calibration_curve([0, 1, 1], [0.0, k / 20, 1.0], bins=20, strategy="uniform").predicted
        assert k / 20 in n
