"""The consensus explorer's numbers against `course_lib.raters`, and the widget in a browser."""

import itertools
import json
import re

import numpy as np
import pytest

from course_lib.raters import majority_vote, pair_kappa, positive_votes, simulated_readers
from course_lib.widgets import ConsensusExplorer
from course_lib.widgets.consensus import PATIENTS, PREVALENCE

HALF_A_DIGIT = 5.1e-5


@pytest.fixture(scope="module")
def data():
    return ConsensusExplorer().data


def wrong_of(data, c, se, sp, panel, quorum):
    return data["missed"][c][se][panel][quorum] + data["alarms"][c][sp][panel][quorum]


def test_every_position_has_the_rates_of_its_panel(data):
    for (c, rho), (r, rate), (n, readers) in itertools.product(
        *(enumerate(data[name]) for name in ("correlations", "rates", "panels"))
    ):
        assert len(data["sensitivity"][c][r][n]) == readers
        for k in range(readers):
            found = positive_votes(readers, rate, rho)[k + 1 :].sum()
            cleared = positive_votes(readers, 1 - rate, rho)[: k + 1].sum()
            assert data["sensitivity"][c][r][n][k] == pytest.approx(found, abs=HALF_A_DIGIT)
            assert data["specificity"][c][r][n][k] == pytest.approx(cleared, abs=HALF_A_DIGIT)


def test_errors_are_those_of_the_rates_at_the_prevalence(data):
    positions = [range(len(data[name])) for name in ("correlations", "rates", "rates", "panels")]
    for c, i, j, n in itertools.product(*positions):
        missed = 1 - np.array(data["sensitivity"][c][i][n])
        alarms = 1 - np.array(data["specificity"][c][j][n])
        errors = PATIENTS * (PREVALENCE * missed + (1 - PREVALENCE) * alarms)
        parts = np.array(data["missed"][c][i][n]), np.array(data["alarms"][c][j][n])
        assert np.abs(300 * missed - parts[0]).max() <= 0.52
        assert np.abs(700 * alarms - parts[1]).max() <= 0.54
        assert np.abs(errors - sum(parts)).max() <= 1.06


def test_votes_are_distributions_that_give_the_rates(data):
    for c, r, n in itertools.product(range(5), range(6), range(7)):
        for name in ("votes_ill", "votes_normal"):
            votes = data[name][c][r][n]
            assert len(votes) == data["panels"][n] + 1
            assert sum(votes) == pytest.approx(1, abs=10 * HALF_A_DIGIT)
        at_least = np.cumsum(data["votes_ill"][c][r][n][::-1])[::-1][1:]
        np.testing.assert_allclose(at_least, data["sensitivity"][c][r][n], atol=10 * HALF_A_DIGIT)


def test_kappa_is_that_of_two_readers(data):
    for (c, rho), (i, se), (j, sp) in itertools.product(
        *(enumerate(data[name]) for name in ("correlations", "rates", "rates"))
    ):
        assert data["kappa"][c][i][j] == pytest.approx(
            pair_kappa(se, sp, PREVALENCE, rho), abs=HALF_A_DIGIT
        )


def test_a_position_against_simulated_readers(data):
    """Five readers, 0.8 and 0.9, correlation 0.3: the vote of real arrays."""
    y_true = (np.arange(200_000) < 200_000 * PREVALENCE).astype(int)
    votes = simulated_readers(y_true, [0.8] * 5, [0.9] * 5, correlation=0.3, seed=0)
    wrong = PATIENTS * (majority_vote(votes) != y_true).mean()
    c, se, sp = (
        data["correlations"].index(0.3),
        data["rates"].index(0.8),
        data["rates"].index(0.9),
    )
    assert wrong_of(data, c, se, sp, data["panels"].index(5), 2) == pytest.approx(wrong, abs=3)


def test_the_chapter_s_claims(data):
    """Nine independent readers: 7 errors for 130; at 0.8 as one reader, with kappa 0.90."""
    se, sp, nine = data["rates"].index(0.8), data["rates"].index(0.9), data["panels"].index(9)
    assert wrong_of(data, 0, se, sp, 0, 0) == 130
    assert wrong_of(data, 0, se, sp, nine, 4) == 7
    shared = data["correlations"].index(0.8)
    assert wrong_of(data, shared, se, sp, nine, 4) == 130
    assert round(data["kappa"][shared][se][sp], 2) == 0.90


def test_it_starts_where_it_is_told_or_near():
    assert ConsensusExplorer().state == {
        "readers": 2,
        "quorum": 1,
        "sensitivity": 2,
        "specificity": 4,
        "correlation": 0,
    }
    far = ConsensusExplorer(readers=50, sensitivity=1.0, specificity=0.0, quorum=99, correlation=1)
    assert far.state == {
        "readers": 6,
        "quorum": 8,
        "sensitivity": 5,
        "specificity": 0,
        "correlation": 4,
    }


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"sensitivity": 1.2}, "sensitivity must lie between 0 and 1"),
        ({"specificity": [0.9]}, "specificity must be one number"),
        ({"correlation": -0.1}, "correlation must lie between 0 and 1"),
        ({"readers": 2.5}, "readers must be a whole number"),
        ({"quorum": -1}, "quorum must not be negative"),
    ],
)
def test_bad_starting_points(options, complaint):
    with pytest.raises(ValueError, match=complaint):
        ConsensusExplorer(**options)


def test_fallback_tells_the_story_without_scripts():
    shown = ConsensusExplorer(correlation=0.8).fallback()
    assert "correlation 0.8" in shown
    assert "kappa 0.90" in shown
    assert shown.count("<tr>") == 8
    assert "id=" not in shown
    rows = [re.findall(r"<td>(.*?)</td>", row) for row in shown.split("<tr>")[2:]]
    assert rows[0] == ["1", "1", "0.80", "0.90", "60", "70", "130"]
    assert rows[-1][:2] == ["9", "5"]


def test_the_same_widget_is_the_same_text_and_stays_small():
    one, other = ConsensusExplorer(), ConsensusExplorer()
    assert one.html() == other.html()
    assert repr(one) == repr(other)
    assert len(one.html()) < 80_000
    assert json.loads(json.dumps(one.data)) == one.data
