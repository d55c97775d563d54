"""The threshold explorer's numbers against `course_lib.roc` and brute force."""

import json
import re

import numpy as np
import pytest

from course_lib.datasets import breast_masses
from course_lib.metrics import ConfusionMatrix
from course_lib.roc import RocCurve
from course_lib.widgets import ThresholdExplorer

MASSES = breast_masses()
RADIUS = MASSES.X[:, MASSES.feature_names.index("worst radius")]
LECTURE_TRUE = np.repeat([1, 0], [7, 8])
LECTURE_SCORE = np.array(
    [0.95, 0.9, 0.8, 0.7, 0.6, 0.4, 0.3, 0.65, 0.45, 0.35, 0.3, 0.25, 0.2, 0.15, 0.05]
)


@pytest.fixture(scope="module")
def widget():
    return ThresholdExplorer(MASSES.y_true, RADIUS, score="worst radius", threshold=17)


def test_every_position_is_the_rule_at_its_threshold(widget):
    d = widget.data
    # 201 and the cheapest of each cost, some of them equal.
    assert 201 < len(d["thresholds"]) <= 201 + len(d["costs"])
    assert d["thresholds"] == sorted(set(d["thresholds"]))
    for at, threshold in enumerate(d["thresholds"]):
        positive = np.greater_equal(RADIUS, threshold)
        matrix = ConfusionMatrix.from_labels(MASSES.y_true, positive)
        assert (d["tp"][at], d["fp"][at]) == (matrix.tp, matrix.fp)
        assert d["disease"] - d["tp"][at] == matrix.fn
        assert d["normal"] - d["fp"][at] == matrix.tn
        assert d["tpr"][at] == round(matrix.sensitivity, 7)
        assert d["tnr"][at] == round(matrix.specificity, 7)
        assert d["fpr"][at] == pytest.approx(1 - matrix.specificity, abs=1e-4)
        if matrix.tp + matrix.fp:
            assert d["precision"][at] == round(matrix.ppv, 7)
        else:
            assert d["precision"][at] is None


def test_the_ends_call_everybody_and_nobody_positive(widget):
    d = widget.data
    assert (d["tp"][0], d["fp"][0]) == (212, 357)
    assert (d["tp"][-1], d["fp"][-1]) == (0, 0)
    assert d["auc"] == round(RocCurve.from_scores(MASSES.y_true, RADIUS).auc, 3)


def test_the_mark_is_the_cheapest_and_highest_position(widget):
    d = widget.data
    for cost, per_1000, best in zip(d["costs"], d["per_1000"], d["best"], strict=True):
        tenths = [
            round(10 * cost) * (d["disease"] - tp) + 10 * fp
            for tp, fp in zip(d["tp"], d["fp"], strict=True)
        ]
        cheapest = min(tenths)
        # No threshold at all costs less: not between two positions either.
        of_all = [
            round(10 * cost) * (RADIUS[MASSES.y_true == 1] < t).sum()
            + 10 * (RADIUS[MASSES.y_true == 0] >= t).sum()
            for t in (*np.unique(RADIUS), np.inf)
        ]
        assert cheapest == min(of_all)
        assert best == max(at for at, each in enumerate(tenths) if each == cheapest)
        for shown, each in zip(per_1000, tenths, strict=True):
            assert abs(shown - 100 * each / 569) <= 0.5 + 1e-9


def test_a_miss_that_costs_more_never_raises_the_threshold(widget):
    assert widget.data["best"] == sorted(widget.data["best"], reverse=True)


def test_histograms_hold_everybody(widget):
    d = widget.data
    assert sum(d["disease_bins"]) == 212
    assert sum(d["normal_bins"]) == 357
    for kind, bins in ((1, d["disease_bins"]), (0, d["normal_bins"])):
        expected, _ = np.histogram(RADIUS[MASSES.y_true == kind], d["edges"])
        assert np.abs(expected - bins).sum() <= 2  # edges are rounded for the page


def test_start_and_state(widget):
    thresholds = np.array(widget.data["thresholds"])
    assert widget.state["threshold"] == np.abs(thresholds - 17).argmin()
    assert widget.data["costs"][widget.state["cost"]] == 1
    middle = ThresholdExplorer(LECTURE_TRUE, LECTURE_SCORE)
    assert middle.state["threshold"] == len(middle.data["thresholds"]) // 2


def test_payload_is_small_and_the_text_form_stable(widget):
    again = ThresholdExplorer(MASSES.y_true, RADIUS, score="worst radius", threshold=17)
    assert repr(again) == repr(widget)
    assert re.fullmatch(
        r"ThresholdExplorer\(cost=3, threshold=\d+, data_sha256=[0-9a-f]{12}\)", repr(widget)
    )
    assert len(json.dumps(widget.data, allow_nan=False)) < 30_000
    assert widget.html() == again.html()


def test_fallback_shows_the_numbers_and_escapes():
    widget = ThresholdExplorer(LECTURE_TRUE, LECTURE_SCORE, score="<b>x</b>")
    shown = widget.fallback()
    assert "<b>" not in shown
    assert "&lt;b&gt;x&lt;/b&gt; ≥" in shown
    assert "area under the ROC curve 0.884" in shown
    assert shown.count("<tr>") == 10
    assert "undefined" in shown


@pytest.mark.parametrize(
    ("y_true", "y_score", "options", "message"),
    [
        ([1, 1], [0.1, 0.2], {}, "y_true must hold both classes"),
        ([0, 1], [0.1, np.nan], {}, "y_score must be finite"),
        ([0, 1, 1], [0.1, 0.2], {}, "must have the same length"),
        ([0, 1], [0.1, 0.2], {"positions": 1}, "positions must lie between 2 and 400"),
        ([0, 1], [0.1, 0.2], {"positions": 401}, "positions must lie between 2 and 400"),
        ([0, 1], [0.1, 0.2], {"positions": 2.5}, "positions must be a whole number"),
        ([0, 1], [0.1, 0.2], {"threshold": np.nan}, "threshold must be finite"),
    ],
)
def test_bad_input(y_true, y_score, options, message):
    with pytest.raises(ValueError, match=message):
        ThresholdExplorer(y_true, y_score, **options)
