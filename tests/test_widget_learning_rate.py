"""The learning-rate explorer's walks against scikit-learn, and its words against the numbers."""

import json
import math
import re

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_squared_error

from course_lib import descent
from course_lib.datasets import two_feature_masses
from course_lib.widgets import LearningRateExplorer
from course_lib.widgets.learning_rate import OPTIMIZERS

(X, Y), (X_VAL, Y_VAL) = two_feature_masses()
BEST = LinearRegression(fit_intercept=False).fit(X, Y)


@pytest.fixture(scope="module")
def data():
    return LearningRateExplorer().data


def walks(data):
    for name, walks in zip(data["optimizers"], data["walks"], strict=True):
        for rate, walk in zip(data["rates"], walks, strict=True):
            yield name, rate, walk


def test_women_are_split_and_standardized():
    assert len(Y) == 284
    assert len(Y_VAL) == 285
    assert X.mean(0) == pytest.approx([0, 0], abs=1e-12)
    assert X.std(0) == pytest.approx([1, 1])
    assert not np.isclose(X_VAL.mean(0), 0, atol=1e-6).any(), "not with the others' own mean"
    assert LinearRegression().fit(X, Y).intercept_ == pytest.approx(0, abs=1e-12)


def test_bottom_and_lowest_loss_are_those_of_least_squares(data):
    assert data["bottom"] == pytest.approx(BEST.coef_, abs=0.006)
    assert data["lowest"] == pytest.approx(mean_squared_error(Y, BEST.predict(X)), abs=6e-4)


@pytest.mark.slow
def test_every_loss_belongs_to_its_weights(data):
    for _, _, walk in walks(data):
        for k, w in enumerate(walk["path"]):
            loss = mean_squared_error(Y, X @ w)
            if loss < 90:
                # Weights are rounded to 0.01, which moves the loss little.
                assert float(walk["loss"][k]) == pytest.approx(loss, rel=0.08)
                assert 10 ** walk["log_loss"][0][k] == pytest.approx(loss, rel=0.1)
                others = mean_squared_error(Y_VAL, X_VAL @ w)
                assert 10 ** walk["log_loss"][1][k] == pytest.approx(others, rel=0.1)


def test_walks_start_alike_and_end_where_descent_ends(data):
    for name, rate, walk in walks(data):
        assert walk["path"][0] == [-1.5, 1.5]
        if len(walk["path"]) == data["steps"] + 1:
            path = descent.descend(X, Y, (-1.5, 1.5), rate, data["steps"], **OPTIMIZERS[name])
            assert walk["path"][-1] == pytest.approx(path[-1], abs=0.006)
        assert len(walk["loss"]) == len(walk["log_loss"][0]) == data["steps"] + 1


def test_without_momentum_the_limit_decides(data):
    limit = 2 / np.linalg.eigvalsh(2 * X.T @ X / len(X)).max()
    assert data["limit"] == pytest.approx(limit, abs=6e-4)
    for rate, walk in zip(data["rates"], data["walks"][0], strict=True):
        assert walk["verdict"].startswith("too high") == (rate > limit)
        first, last = (math.log(10) * walk["log_loss"][0][k] for k in (0, -1))
        assert (last > first) == (rate > limit)


def test_words_fit_the_walks(data):
    seen = set()
    for _, _, walk in walks(data):
        loss = [100.0 if text == "over 100" else float(text) for text in walk["loss"]]
        left = (loss[-1] - data["lowest"]) / (loss[0] - data["lowest"])
        verdict = walk["verdict"]
        seen.add(verdict)
        if "farther from the bottom" in verdict:
            assert left > 1
        elif "too low" in verdict:
            assert 0.1 < left < 1
            assert loss[-1] < loss[20] < loss[0]
        elif "side to side" in verdict:
            assert 0.1 < left < 1
            assert np.any(np.diff(loss) > 0)
        else:
            assert left <= 0.1
        if verdict in ("straight down", "jumps from wall to wall, and still gets down"):
            assert np.all(np.diff(loss) <= 1e-9)
    assert len(seen) >= 6, "the explorer has something to explore"


def test_rings_are_lines_of_equal_loss(data):
    for ring in data["rings"]:
        losses = [descent.loss(X, Y, np.array(w)) for w in ring]
        assert np.ptp(losses) < 0.03 * max(losses)
        assert ring[0] == ring[-1]


@pytest.mark.parametrize(("lr", "shown"), [(0.03, 0.03), (0.0001, 0.003), (50, 1.0), (0.06, 0.1)])
def test_starts_at_the_nearest_rate(lr, shown):
    widget = LearningRateExplorer(lr)
    assert widget.data["rates"][widget.state["rate"]] == shown


@pytest.mark.parametrize("bad", [0, -1, math.nan, math.inf, "0.1", None, [0.1]])
def test_bad_rates(bad):
    with pytest.raises(ValueError, match="lr must be one number above 0"):
        LearningRateExplorer(bad)


def test_payload_and_text_form():
    widget, again = LearningRateExplorer(), LearningRateExplorer()
    assert widget.html() == again.html()
    assert re.fullmatch(
        r"LearningRateExplorer\(optimizer=0, rate=2, step=40, data_sha256=[0-9a-f]{12}\)",
        repr(widget),
    )
    assert len(json.dumps(widget.data, allow_nan=False, separators=(",", ":"))) < 60_000


def test_fallback_is_a_row_for_each_rate(data):
    shown = LearningRateExplorer().fallback()
    assert shown.count("<tr>") == 1 + len(data["rates"])
    assert "learning rates above 0.543 diverge" in shown
    assert "over 100" in shown
