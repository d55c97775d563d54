"""`course_lib.validation` against statsmodels, brute force, simulation and published numbers."""

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from course_lib import calibration
from course_lib.exercises import find
from course_lib.metrics import ConfusionMatrix
from course_lib.roc import RocCurve
from course_lib.validation import (
    by_group,
    conformal_threshold,
    coverage,
    prediction_sets,
    recalibrate,
    reweight,
    selective_risk,
)

RATES = ("sensitivity", "specificity", "ppv", "npv")


def cases(seed=0, n=300, gap=0.0):
    """Truth, risk and two groups, whose risks are as far off as `gap` says in the second."""
    rng = np.random.default_rng(seed)
    group = np.where(rng.random(n) < 0.6, "F", "M")
    logit = rng.normal(-0.5, 1.5, n)
    y_true = rng.random(n) < stats.logistic.cdf(logit + gap * (group == "M"))
    return y_true, stats.logistic.cdf(logit), group


# By group -----------------------------------------------------------------------------------------


def test_each_group_has_what_it_would_have_alone():
    y_true, risk, group = cases()
    found = by_group(y_true, risk, group, 0.4)
    assert found.reference == "F"
    for name in "FM":
        y, s = y_true[group == name], risk[group == name]
        matrix = ConfusionMatrix.from_labels(y, s >= 0.4)
        for rate in RATES:
            row = found.row(name, rate)
            assert row.value == getattr(matrix, rate)
            assert row.interval == matrix.interval(rate)
            assert row.cases == matrix.counts(rate)[1]
        curve = RocCurve.from_scores(y, s)
        assert (found.row(name, "auc").value, found.row(name, "auc").interval) == (
            curve.auc,
            curve.auc_interval(),
        )
        expected = calibration.observed_expected(y, s)
        row = found.row(name, "observed_expected")
        np.testing.assert_allclose([row.value, *row.interval], np.hstack(expected), rtol=1e-12)


def test_differences_of_rates_are_newcombes():
    y_true, risk, group = cases()
    row = by_group(y_true, risk, group).row("M", "sensitivity")
    found = [(risk[y_true & (group == name)] >= 0.5) for name in "MF"]
    (a, n), (b, m) = ((int(hits.sum()), len(hits)) for hits in found)
    peer = confint_proportions_2indep(a, n, b, m, method="newcomb")
    assert row.difference == pytest.approx(a / n - b / m)
    assert row.difference_interval == pytest.approx(peer, abs=1e-9)


def test_newcombe_1998_published_example():
    """56/70 against 48/80: 0.0524 to 0.3339 (method 10, table II, example a)."""
    y_true = np.ones(150, int)
    score = np.r_[np.repeat([1, 0], [56, 14]), np.repeat([1, 0], [48, 32])]
    group = np.repeat(["a", "b"], [70, 80])
    row = by_group(y_true, score, group, reference="b").row("a", "sensitivity")
    assert row.difference == pytest.approx(0.2)
    assert row.difference_interval == pytest.approx((0.0524, 0.3339), abs=1e-4)


def test_the_adjusted_interval_is_bonferronis():
    y_true, risk, group = cases()
    found = by_group(y_true, risk, group)
    assert found.comparisons == 6
    stricter = by_group(y_true, risk, group, level=1 - 0.05 / 6)
    for measure in (*RATES, "auc", "observed_expected"):
        assert found.row("M", measure).adjusted_interval == pytest.approx(
            stricter.row("M", measure).difference_interval
        )
    assert "all 6 together" in repr(found)


@pytest.mark.slow
def test_intervals_of_differences_cover_none():
    rng, hits = np.random.default_rng(1), np.zeros(3)
    for _ in range(200):
        y_true = rng.random(160) < 0.4
        score = np.round(stats.norm.cdf(rng.normal(0.8 * y_true)), 3)
        found = by_group(y_true, score, np.arange(160) % 2)
        for at, measure in enumerate(("sensitivity", "specificity", "auc")):
            low, high = found.row("1", measure).difference_interval
            hits[at] += low <= 0 <= high
    assert (hits >= 182).all()
    assert (hits < 200).all()


def test_patients_of_one_case_are_as_cases_without_clusters():
    y_true, risk, group = cases(n=600)
    alone = by_group(y_true, risk, group)
    clustered = by_group(y_true, risk, group, clusters=np.arange(600))
    for one, other in zip(alone.rows, clustered.rows, strict=True):
        assert one.value == pytest.approx(other.value)
        np.testing.assert_allclose(one.interval, other.interval, atol=0.02)
        np.testing.assert_allclose(one.difference_interval, other.difference_interval, atol=0.03)


def test_copies_of_a_case_add_nothing():
    y_true, risk, group = cases(n=60)
    once = by_group(y_true, risk, group, clusters=np.arange(60))
    copied = by_group(
        *(np.repeat(x, 20) for x in (y_true, risk, group)), clusters=np.repeat(np.arange(60), 20)
    )
    naive = by_group(*(np.repeat(x, 20) for x in (y_true, risk, group)))
    for one, other, blind in zip(once.rows, copied.rows, naive.rows, strict=True):
        np.testing.assert_allclose(other.interval, one.interval, atol=1e-9)
        np.testing.assert_allclose(other.adjusted_interval, one.adjusted_interval, atol=1e-9)
        assert np.ptp(blind.interval) < np.ptp(other.interval) / 2


@pytest.mark.slow
def test_clustered_intervals_cover_where_naive_ones_do_not():
    """Five films a patient, who share most of what makes a film easy or hard."""
    rng, hits, naive = np.random.default_rng(2), np.zeros(2), 0
    patient = np.repeat(np.arange(60), 5)
    for _ in range(150):
        y_true = np.repeat(rng.random(60) < 0.5, 5)
        score = np.repeat(rng.normal(size=60), 5) + 0.4 * rng.normal(size=300) + 1.2 * y_true
        truth = stats.norm.sf(0.6 - 1.2, scale=math.hypot(1, 0.4))
        group = np.where(patient % 2, "a", "b")
        found = by_group(y_true, score, group, 0.6, clusters=patient)
        low, high = found.row("a", "sensitivity").interval
        hits[0] += low <= truth <= high
        low, high = found.row("a", "auc").interval
        hits[1] += low <= stats.norm.cdf(1.2 / math.hypot(1, 0.4) / 2**0.5) <= high
        low, high = by_group(y_true, score, group, 0.6).row("a", "sensitivity").interval
        naive += low <= truth <= high
    assert (hits >= 135).all()
    assert naive < 110


def test_clusters_in_both_groups_correlate_them():
    """Two films of each patient, one a group: the patient's ease cancels out in the difference."""
    rng = np.random.default_rng(3)
    y_true, ease = np.repeat(rng.random(200) < 0.5, 2), np.repeat(rng.normal(size=200), 2)
    score = ease + 0.3 * rng.normal(size=400) + y_true
    view, patient = np.tile(["AP", "PA"], 200), np.repeat(np.arange(200), 2)
    paired = by_group(y_true, score, view, 0.5, clusters=patient)
    blind = by_group(y_true, score, view, 0.5)
    for measure in ("sensitivity", "specificity", "auc"):
        widths = [np.ptp(each.row("PA", measure).difference_interval) for each in (paired, blind)]
        assert widths[0] < 0.7 * widths[1]


def test_a_group_without_ill_says_nothing_about_them():
    found = by_group([0, 1, 0, 0], [0.1, 0.9, 0.2, 0.6], ["a", "a", "b", "b"])
    for measure in ("sensitivity", "auc"):
        row = found.row("b", measure)
        assert np.isnan([row.value, *row.interval, row.difference, *row.adjusted_interval]).all()
    assert found.comparisons == 4
    assert found.row("b", "specificity").value == 0.5
    assert "observed_expected" not in {
        row.measure for row in by_group([0, 1], [1, 3], ["a", "b"]).rows
    }


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [
        (([0, 1], [0.1, 0.2], ["a", "a"]), {}, "groups must hold at least two groups"),
        (([0, 1], [0.1, 0.2], ["a"]), {}, "y_true, y_score, groups must have the same length"),
        (([0, 1], [0.1, 0.2], [1, np.nan]), {}, "groups must name each case's group"),
        (([0, 1], [0.1, np.nan], "ab"), {}, "y_score must be finite"),
        (([0, 1], [0.1, 0.2], ["a", "b"]), {"reference": "c"}, "reference must be one of a, b"),
        (([0, 1], [0.1, 0.2], ["a", "b"]), {"clusters": [1]}, "y_true, clusters must have"),
        (([0, 1], [0.1, 0.2], ["a", "b"]), {"threshold": np.nan}, "threshold must be finite"),
        (([0, 1], [0.1, 0.2], ["a", "b"]), {"level": 1}, "level must"),
    ],
)
def test_bad_groups(arguments, options, said):
    y_true, y_score, groups = arguments
    with pytest.raises(ValueError, match=said):
        by_group(y_true, y_score, list(groups), **options)


def test_a_row_that_is_not_there():
    with pytest.raises(ValueError, match="group and measure must be in the table"):
        by_group(*cases()).row("X", "auc")


# Mending ------------------------------------------------------------------------------------------


def test_recalibration_is_statsmodels_regression():
    y_true, risk, _ = cases(n=500)
    skewed = stats.logistic.cdf(1.7 * stats.logistic.ppf(risk) + 0.8)
    logit = stats.logistic.ppf(skewed)
    peer = sm.Logit(y_true, sm.add_constant(logit)).fit(disp=0)
    mended = recalibrate(y_true, skewed)
    assert (mended.intercept, mended.slope) == pytest.approx(tuple(peer.params), rel=1e-6)
    np.testing.assert_allclose(mended(skewed), peer.predict(), rtol=1e-6)
    peer = sm.GLM(y_true * 1.0, np.ones(500), offset=logit, family=sm.families.Binomial()).fit()
    moved = recalibrate(y_true, skewed, "intercept")
    assert (moved.intercept, moved.slope) == (pytest.approx(peer.params[0], rel=1e-5), 1)


@pytest.mark.parametrize("method", ["intercept", "logistic"])
def test_what_was_mended_needs_no_mending(method):
    y_true, risk, _ = cases(n=400, gap=1)
    mended = recalibrate(y_true, risk, method)(risk)
    assert calibration.intercept(y_true, mended).value == pytest.approx(0, abs=1e-6)
    assert calibration.observed_expected(y_true, mended).value == pytest.approx(1, abs=1e-6)
    assert (np.diff(mended[np.argsort(risk)]) >= 0).all()
    if method == "logistic":
        assert calibration.slope(y_true, mended).value == pytest.approx(1, abs=1e-6)


def test_certain_risks_stay_certain():
    mended = recalibrate(*cases()[:2])
    assert mended([0, 1]).tolist() == [0, 1]


def test_reweighting_is_bayes_rule_in_counts():
    """Of 1,000 at a prevalence of one half, ten times as many healthy are added."""
    risk = np.array([0.1, 0.5, 0.8])
    ill, healthy = 1000 * risk, 10 * 1000 * (1 - risk)
    np.testing.assert_allclose(reweight(risk, 0.5, 1 / 11), ill / (ill + healthy))
    np.testing.assert_allclose(reweight(reweight(risk, 0.2, 0.05), 0.05, 0.2), risk)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: recalibrate([0, 1, 1], [0.1, 0.5, 0.6]), "y_prob must overlap"),
        (lambda: recalibrate([1, 1], [0.1, 0.5], "intercept"), "y_prob must overlap"),
        (lambda: recalibrate([0, 1], [0, 0.5]), "y_prob must lie strictly between"),
        (lambda: recalibrate([0, 1], [0.1, 0.5], "refit"), "method must be one of intercept"),
        (lambda: reweight([0.5], 0, 0.5), "old must be one number strictly between 0 and 1"),
        (lambda: reweight([1.5], 0.1, 0.5), "y_prob must hold probabilities"),
    ],
)
def test_bad_mending(call, said):
    with pytest.raises(ValueError, match=said):
        call()


# Prediction sets ----------------------------------------------------------------------------------


def drawn(rng, n, classes=3):
    """Cases and the probabilities of a model that is wrong about them."""
    y_true = rng.integers(classes, size=n)
    logit = rng.normal(size=(n, classes)) + 1.5 * np.eye(classes)[y_true]
    p = np.exp(2 * logit)
    return y_true, p / p.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(("n", "level"), [(20, 0.9), (99, 0.9), (50, 0.55)])
def test_the_guarantee_of_coverage_holds(n, level):
    """Without ties, coverage is k / (n + 1) on average, whatever the model (Vovk)."""
    rng, covered = np.random.default_rng(4), []
    for _ in range(600):
        q = conformal_threshold(*drawn(rng, n), level)
        y_true, p = drawn(rng, 50)
        covered.append(coverage(y_true, prediction_sets(p, q))[0].value)
    exact = math.ceil(round((n + 1) * level, 9)) / (n + 1)
    error = np.std(covered) / len(covered) ** 0.5
    assert exact >= level
    assert abs(np.mean(covered) - exact) < 4 * error


@given(
    st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1)), min_size=1, max_size=30),
    st.floats(0.05, 0.95),
)
def test_threshold_by_definition(rows, level):
    y_true, p = map(np.array, zip(*rows, strict=True))
    q = conformal_threshold(y_true, p, level)
    scores = sorted(p_ if y == 0 else 1 - p_ for y, p_ in rows)
    fits = [s for s in scores if sum(t <= s for t in scores) >= (len(rows) + 1) * level - 1e-9]
    assert q == pytest.approx(fits[0]) if fits else q == math.inf


def test_too_few_cases_keep_every_class():
    assert conformal_threshold([0, 1], [0.1, 0.9], 0.9) == math.inf
    assert prediction_sets([0.0, 1.0], math.inf).all()
    assert conformal_threshold([0] * 9, [0.1] * 9, 0.9) == pytest.approx(0.1)


def test_coverage_by_group_by_hand():
    sets = np.array([[1, 0], [1, 1], [0, 0], [0, 1]], bool)
    every, a, b = coverage([0, 1, 1, 0], sets, ["a", "a", "b", "b"])
    assert (every.covered, every.cases, every.value, every.size) == (2, 4, 0.5, 1)
    assert (a.group, a.value, a.size) == ("a", 1, 1.5)
    assert (b.covered, b.size) == (0, 0.5)
    assert every.interval == pytest.approx(proportion_confint(2, 4, method="wilson"))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: conformal_threshold([0, 2], [0.1, 0.9]), "y_true must hold classes 0 to 1"),
        (lambda: conformal_threshold([0, 0.5], [0.1, 0.9]), "y_true must hold classes 0 to 1"),
        (lambda: conformal_threshold([0], [0.1, 0.9]), "must have the same length"),
        (lambda: conformal_threshold([], []), "y_prob must"),
        (lambda: conformal_threshold([0], [[0.1, 0.2]]), "y_prob must add up to 1"),
        (lambda: conformal_threshold([0], [[[0.1]]]), "y_prob must have the shape"),
        (lambda: conformal_threshold([0], [0.1], 1), "level must"),
        (lambda: prediction_sets([0.1], np.nan), "threshold must be one number"),
        (lambda: prediction_sets([0.1], -1), "threshold must be one number"),
        (lambda: coverage([0], [[1, 0]]), "sets must be booleans"),
        (lambda: coverage([0], [[True, False]], ["a", "b"]), "must have the same length"),
    ],
)
def test_bad_sets(call, said):
    with pytest.raises(ValueError, match=said):
        call()


# Referring ----------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([0.1, 0.5, 0.5001, 3])), min_size=1))
def test_selective_risk_by_counting(rows):
    correct, confidence = map(np.array, zip(*rows, strict=True))
    found = selective_risk(correct, confidence)
    assert found.referred[0] == 0
    assert (np.diff(found.referred) > 0).all()
    for at, limit in enumerate(sorted(set(confidence))):
        kept = correct[confidence >= limit]
        assert found.kept[at] == len(kept)
        assert found.error[at] == pytest.approx(1 - kept.mean())
        assert found.referred[at] == pytest.approx(1 - len(kept) / len(rows))
        peer = proportion_confint((~kept).sum(), len(kept), method="wilson")
        assert (found.low[at], found.high[at]) == pytest.approx(peer, abs=1e-9)
        assert found.low[at] < found.high[at]


def test_bad_confidence():
    with pytest.raises(ValueError, match="confidence must be finite"):
        selective_risk([0, 1], [0.1, np.nan])
    with pytest.raises(ValueError, match="correct must hold only 0 and 1"):
        selective_risk([0, 2], [0.1, 0.2])


@pytest.mark.slow
def test_holm_of_the_exercise_is_statsmodels():
    """Here and not among the written answers: each call takes a fifth of a second."""
    holm = find("elsewhere.holm").reference
    for p in ([0.01, 0.04, 0.03, 0.005], [0.5, 0.9], [0.02]):
        np.testing.assert_allclose(holm(np.array(p)), multipletests(p, method="holm")[1])
