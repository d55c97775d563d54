"""`course_lib.roc` against the lecture, published analyses, other programs and brute force."""

import subprocess
import sys
import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as sk

from course_lib.datasets import hanley_mcneil_1982
from course_lib.metrics import ConfusionMatrix, UndefinedRateWarning, predictive_values
from course_lib.roc import RocCurve, compare_auc, hanley_mcneil_se

# Few distinct scores, so that ties are the rule.
tied_scores = st.sampled_from([-2.0, 0.0, 0.1, 0.5, 0.5000001, 1.0, 7.0])
cases = st.lists(st.tuples(st.booleans(), tied_scores), min_size=2, max_size=40).filter(
    lambda rows: 0 < sum(ill for ill, _ in rows) < len(rows)
)
paired_cases = st.lists(
    st.tuples(st.booleans(), tied_scores, tied_scores), min_size=4, max_size=40
).filter(lambda rows: 1 < sum(row[0] for row in rows) < len(rows) - 1)

LECTURE_TRUE = np.repeat([1, 0], [7, 8])
LECTURE_SCORE = np.array(
    [0.95, 0.9, 0.8, 0.7, 0.6, 0.4, 0.3, 0.65, 0.45, 0.35, 0.3, 0.25, 0.2, 0.15, 0.05]
)
# World Federation of Neurological Surgeons' grade 1-5 of 113 patients with subarachnoid
# hemorrhage, poor and good outcome (Turck et al. 2010, Intensive Care Med 36:107).
WFNS = RocCurve.from_ratings(disease=[2, 12, 1, 8, 18], normal=[37, 20, 3, 8, 4])


def arrays(rows):
    return [np.array(column) for column in zip(*rows, strict=True)]


def random_cases(seed, n=200, decimals=1):
    rng = np.random.default_rng(seed)
    y_true = rng.random(n) < 0.4
    return y_true, (rng.normal(size=n) + y_true).round(decimals)


# The lecture, published studies, other programs -------------------------------------------------


def test_the_lecture_s_fifteen_patients():
    curve = RocCurve.from_scores(LECTURE_TRUE, LECTURE_SCORE)
    assert curve.at(0.5) == ConfusionMatrix(tp=5, fn=2, fp=1, tn=7)
    assert round(curve.at(0.5).sensitivity, 2) == 0.71
    assert round(curve.at(0.5).specificity, 3) == 0.875
    assert curve.at(0).sensitivity == 1
    assert curve.at(1) == ConfusionMatrix(tp=0, fn=7, fp=0, tn=8)
    assert curve.auc == 49.5 / 56


def test_hanley_and_mcneil_1982():
    ct = hanley_mcneil_1982()
    assert (ct.normal.sum(), ct.disease.sum()) == (58, 51)
    reader = RocCurve.from_ratings(ct.disease, ct.normal)
    assert round(reader.auc, 3) == 0.893
    assert round(hanley_mcneil_se(reader.auc, 51, 58), 3) == 0.032
    # Stata's manual, [R] roctab: "roctab disease rating" on these data.
    assert round(reader.auc, 4) == 0.8932
    assert round(reader.auc_se, 4) == 0.0307
    assert np.round(reader.auc_interval(method="wald"), 5).tolist() == [0.83295, 0.95339]


def test_hanley_and_mcneil_s_own_standard_error():
    """Table II of the paper estimates Q1 and Q2 from the ratings: 0.032 as well."""
    normal, disease = hanley_mcneil_1982().normal, hanley_mcneil_1982().disease
    a, n_d, n_n = RocCurve.from_ratings(disease, normal).auc, 51, 58
    above, below = disease.sum() - disease.cumsum(), normal.cumsum() - normal
    q1 = normal @ (above**2 + above * disease + disease**2 / 3) / (n_n * n_d**2)
    q2 = disease @ (below**2 + below * normal + normal**2 / 3) / (n_d * n_n**2)
    variance = (a * (1 - a) + (n_d - 1) * (q1 - a**2) + (n_n - 1) * (q2 - a**2)) / (n_d * n_n)
    assert round(np.sqrt(variance), 3) == 0.032


def test_proc_auc_and_variance():
    """R: library(pROC); data(aSAH); r <- roc(aSAH$outcome, aSAH$wfns); auc(r); var(r)."""
    assert WFNS.auc == pytest.approx(0.823678861788618, abs=1e-14)
    assert WFNS.auc_se**2 == pytest.approx(0.00146991470882363, abs=1e-16)


@pytest.mark.parametrize(
    ("specificities", "area", "corrected"),
    [
        ((1, 0.9), 0.0334417344173442, 0.649693339038653),
        ((0.9, 0.8), 0.0598373983739837, 0.763749402199904),
        ((0.5, 0), 0.488134475939354, 0.952537903757416),
        ((1, 0), 0.823678861788618, 0.823678861788618),
    ],
)
def test_proc_partial_areas(specificities, area, corrected):
    """R: auc(r, partial.auc = specificities); the same with partial.auc.correct = TRUE."""
    low, high = (1 - specificity for specificity in specificities)
    assert WFNS.partial_auc(low, high) == pytest.approx(area, abs=1e-12)
    assert WFNS.partial_auc(low, high, standardized=True) == pytest.approx(corrected, abs=1e-12)


def delong_1988():
    """43 patients with ovarian cancer: no benefit of surgery, and three scores of it."""
    rows = """
        3.0 5.8 10 0  3.2 6.3 5 1  3.9 6.8 3 1  2.8 4.8 6 0  3.2 5.8 3 1  0.9 4.0 5 0  2.5 5.7 8 0
        1.6 5.6 5 1   3.8 5.7 5 1  3.7 6.7 6 1  3.2 5.4 4 1  3.8 6.6 6 1  4.1 6.6 5 1  3.6 5.7 5 1
        4.3 7.0 4 1   3.6 6.7 4 0  2.3 4.4 6 1  4.2 7.6 4 0  4.0 6.6 6 0  3.5 5.8 6 1  3.8 6.8 7 1
        3.0 4.7 8 0   4.5 7.4 5 1  3.7 7.4 5 1  3.1 6.6 6 1  4.1 8.2 6 1  4.3 7.0 5 1  4.3 6.5 4 1
        3.2 5.1 5 1   2.6 4.7 6 1  3.3 6.8 6 0  1.7 4.0 7 0  3.7 6.1 5 1  3.3 6.3 7 1  4.2 7.7 6 1
        3.5 6.2 5 1   2.9 5.7 9 0  2.1 4.8 7 1  2.8 6.2 8 0  4.0 7.0 7 1  3.3 5.7 6 1  3.7 6.9 5 1
        3.6 6.6 5 1
    """
    albumin, protein, k_g, benefit = np.array(rows.split(), float).reshape(-1, 4).T
    return 1 - benefit, -albumin, -protein, k_g


def test_delong_1988():
    """The paper's example as analyzed in SAS/STAT's manual, "Comparing ROC Curves"."""
    y_true, albumin, protein, k_g = delong_1988()
    assert len(y_true) == 43
    for score, auc, se in ((k_g, 0.7258, 0.1028), (protein, 0.6478, 0.1000)):
        curve = RocCurve.from_scores(y_true, score)
        assert (round(curve.auc, 4), round(curve.auc_se, 4)) == (auc, se)
    found = compare_auc(y_true, protein, k_g)
    assert round(found.difference, 4) == -0.0780
    assert round(found.se, 4) == 0.1046
    assert round(found.p_value, 4) == 0.4561
    # All three together: chi-square with two degrees of freedom, from the pairwise variances.
    v = [compare_auc(y_true, a, b).se ** 2 for a, b in ((albumin, k_g), (protein, k_g))]
    cross = (v[0] + v[1] - compare_auc(y_true, albumin, protein).se ** 2) / 2
    contrast = np.array([compare_auc(y_true, x, k_g).difference for x in (albumin, protein)])
    chi2 = contrast @ np.linalg.solve([[v[0], cross], [cross, v[1]]], contrast)
    assert round(chi2, 4) == 2.5340


# Another library --------------------------------------------------------------------------------


@pytest.mark.slow
@given(cases)
def test_curve_agrees_with_scikit_learn(rows):
    y_true, y_score = arrays(rows)
    curve = RocCurve.from_scores(y_true, y_score)
    fpr, tpr, thresholds = sk.roc_curve(y_true, y_score, drop_intermediate=False)
    np.testing.assert_allclose(curve.fpr, fpr)
    np.testing.assert_allclose(curve.tpr, tpr)
    np.testing.assert_array_equal(curve.thresholds, thresholds)
    assert curve.auc == pytest.approx(sk.roc_auc_score(y_true, y_score), abs=1e-12)
    assert curve.average_precision() == pytest.approx(sk.average_precision_score(y_true, y_score))


@given(cases)
def test_precision_agrees_with_scikit_learn(rows):
    y_true, y_score = arrays(rows)
    curve = RocCurve.from_scores(y_true, y_score)
    precision, recall, _ = sk.precision_recall_curve(y_true, y_score)
    # scikit-learn sets precision to 1 where nobody is positive; here it is undefined.
    assert np.isnan(curve.precision()[0])
    np.testing.assert_allclose(curve.precision()[:0:-1], precision[:-1])
    np.testing.assert_allclose(curve.tpr[::-1], recall)


@given(cases, st.floats(0.01, 0.99))
def test_standardized_partial_area_agrees_with_scikit_learn(rows, high):
    y_true, y_score = arrays(rows)
    ours = RocCurve.from_scores(y_true, y_score).partial_auc(0, high, standardized=True)
    assert ours == pytest.approx(sk.roc_auc_score(y_true, y_score, max_fpr=high), abs=1e-9)


# Brute force ------------------------------------------------------------------------------------


def win(a, b):
    return Fraction(1) if a > b else Fraction(1, 2) if a == b else Fraction(0)


@given(cases)
def test_auc_is_the_share_of_pairs_exactly(rows):
    disease = [score for ill, score in rows if ill]
    normal = [score for ill, score in rows if not ill]
    share = sum(win(d, n) for d in disease for n in normal) / (len(disease) * len(normal))
    assert RocCurve.from_scores(*arrays(rows)).auc == float(share)


def components(y_true, y_score):
    """DeLong's structural components by their definition, in O(mn)."""
    kernel = [[float(win(d, n)) for n in y_score[~y_true]] for d in y_score[y_true]]
    return np.mean(kernel, axis=1), np.mean(kernel, axis=0)


@given(paired_cases)
def test_delong_by_definition(rows):
    y_true, a, b = arrays(rows)
    (v10_a, v01_a), (v10_b, v01_b) = components(y_true, a), components(y_true, b)
    s = np.cov(v10_a, v10_b) / len(v10_a) + np.cov(v01_a, v01_b) / len(v01_a)
    assert RocCurve.from_scores(y_true, a).auc_se ** 2 == pytest.approx(s[0, 0], abs=1e-12)
    found = compare_auc(y_true, a, b)
    assert found.auc_a == pytest.approx(v10_a.mean())
    assert found.auc_b == pytest.approx(v10_b.mean())
    assert found.difference == pytest.approx(v10_a.mean() - v10_b.mean(), abs=1e-12)
    variance = s[0, 0] + s[1, 1] - 2 * s[0, 1]
    if variance > 1e-12:
        assert found.se**2 == pytest.approx(variance, abs=1e-12)
        z = found.difference / np.sqrt(variance)
        assert found.statistic == pytest.approx(z, abs=1e-6)
        assert found.p_value == pytest.approx(2 * stats.norm.cdf(-abs(z)), abs=1e-6)


@given(cases, st.floats(-3, 8) | st.sampled_from([-np.inf, np.inf, 0.0, 0.5]))
def test_at_counts_what_reaches_the_threshold(rows, threshold):
    y_true, y_score = arrays(rows)
    curve = RocCurve.from_scores(y_true, y_score)
    assert curve.at(threshold) == ConfusionMatrix.from_labels(y_true, y_score >= threshold)
    for own, tpr, fpr in zip(curve.thresholds, curve.tpr, curve.fpr, strict=True):
        matrix = curve.at(own)
        assert matrix.sensitivity == tpr
        assert matrix.specificity == pytest.approx(1 - fpr)


@given(cases)
def test_youden_is_the_best_and_highest(rows):
    curve = RocCurve.from_scores(*arrays(rows))
    n_d, n_n = curve.n_disease, curve.n_normal

    def j(threshold):
        matrix = curve.at(threshold)
        return Fraction(matrix.tp, n_d) - Fraction(matrix.fp, n_n)

    best = max(map(j, curve.thresholds))
    assert curve.youden() == max(t for t in curve.thresholds if j(t) == best)


@given(cases, st.integers(0, 20), st.integers(0, 20), st.none() | st.sampled_from([0.0, 0.25, 1.0]))
def test_cheapest_is_the_cheapest_and_highest(rows, cost_fn, cost_fp, prevalence):
    curve = RocCurve.from_scores(*arrays(rows))
    n_d, n_n = curve.n_disease, curve.n_normal
    p = Fraction(n_d, n_d + n_n) if prevalence is None else Fraction(prevalence)

    def cost(threshold):
        m = curve.at(threshold)
        return cost_fn * p * Fraction(m.fn, n_d) + cost_fp * (1 - p) * Fraction(m.fp, n_n)

    costs = [cost(t) for t in curve.thresholds]
    np.testing.assert_allclose(
        curve.expected_cost(cost_fn, cost_fp, prevalence), np.array(costs, float), atol=1e-12
    )
    cheapest = curve.cheapest(cost_fn, cost_fp, prevalence)
    assert cheapest == curve.thresholds[costs.index(min(costs))]


def test_nobody_positive_can_be_cheapest():
    curve = RocCurve.from_scores(LECTURE_TRUE, LECTURE_SCORE)
    assert curve.cheapest(1, 10**6, prevalence=0.001) < np.inf  # the first alarms are free
    reversed_curve = RocCurve.from_scores(LECTURE_TRUE, -LECTURE_SCORE)
    assert reversed_curve.cheapest(1, 10**6, prevalence=0.001) == np.inf
    assert reversed_curve.youden() == np.inf


@given(cases, st.floats(0, 1))
def test_sensitivity_between_points(rows, fpr):
    curve = RocCurve.from_scores(*arrays(rows))
    value = curve.sensitivity_at(fpr)
    reached = curve.tpr[curve.fpr <= fpr].max()
    assert reached <= value <= curve.tpr[curve.fpr >= fpr].max()
    assert curve.sensitivity_at(1.0) == 1
    assert curve.sensitivity_at(0.0) == curve.tpr[curve.fpr == 0].max()


@pytest.mark.slow
@given(cases, st.floats(0.001, 0.999))
def test_partial_areas_add_up(rows, middle):
    curve = RocCurve.from_scores(*arrays(rows))
    parts = curve.partial_auc(0, middle) + curve.partial_auc(middle, 1)
    assert parts == pytest.approx(curve.auc, abs=1e-12)


@given(cases, st.floats(0.001, 0.999))
def test_precision_elsewhere_is_bayes_rule(rows, prevalence):
    curve = RocCurve.from_scores(*arrays(rows))
    with warnings.catch_warnings():
        # Where everybody is positive the NPV is undefined.
        warnings.simplefilter("ignore", UndefinedRateWarning)
        ppv, _ = predictive_values(curve.tpr[1:], 1 - curve.fpr[1:], prevalence)
    np.testing.assert_allclose(curve.precision(prevalence)[1:], ppv, atol=1e-12)
    here = curve.average_precision(curve.prevalence)
    assert here == pytest.approx(curve.average_precision())


# Properties -------------------------------------------------------------------------------------


@given(cases)
def test_only_the_order_counts(rows):
    y_true, y_score = arrays(rows)
    curve, stretched = (RocCurve.from_scores(y_true, s) for s in (y_score, np.exp(y_score) - 9))
    assert curve.auc == stretched.auc
    np.testing.assert_array_equal(curve.tp, stretched.tp)
    turned = RocCurve.from_scores(y_true, -y_score)
    assert turned.auc == pytest.approx(1 - curve.auc, abs=1e-15)
    swapped = RocCurve.from_scores(~y_true, y_score)
    assert swapped.auc == pytest.approx(1 - curve.auc, abs=1e-15)
    if min(y_true.sum(), (~y_true).sum()) > 1:
        assert turned.auc_se == pytest.approx(curve.auc_se, abs=1e-12)
        assert swapped.auc_se == pytest.approx(curve.auc_se, abs=1e-12)


def test_ratings_are_scores():
    ct = hanley_mcneil_1982()
    ratings = np.arange(1, 6)
    y_true = np.repeat([1, 0], [51, 58])
    y_score = np.r_[np.repeat(ratings, ct.disease), np.repeat(ratings, ct.normal)]
    by_case, by_count = RocCurve.from_scores(y_true, y_score), RocCurve.from_ratings(*ct)
    for name in ("thresholds", "tp", "fp"):
        np.testing.assert_array_equal(getattr(by_case, name), getattr(by_count, name))


def test_a_rating_that_nobody_received_changes_nothing():
    with_gap = RocCurve.from_ratings([1, 0, 3], [4, 0, 1])
    without = RocCurve.from_ratings([1, 3], [4, 1])
    assert with_gap.auc == without.auc
    assert with_gap.auc_se == without.auc_se
    assert with_gap.average_precision() == pytest.approx(without.average_precision())


def test_extreme_scores_and_kinds_of_numbers():
    scores = np.array([-1.7e308, -0.0, 0.0, 5e-324, 1e-9, 1.7e308])
    curve = RocCurve.from_scores([0, 0, 1, 1, 0, 1], scores)
    assert curve.auc == 6.5 / 9
    assert curve.at(1e300).tp == 1
    for y_true in ([False, True, True], np.array([0.0, 1.0, 1.0])):
        for y_score in ([1, 2, 2], [False, True, True], np.float32([0.1, 0.2, 0.2])):
            assert RocCurve.from_scores(y_true, y_score).auc == 1


def test_arguments_stay_as_they_are():
    y_true, y_score = LECTURE_TRUE.copy(), LECTURE_SCORE.copy()
    y_true.flags.writeable = y_score.flags.writeable = False
    RocCurve.from_scores(y_true, y_score).auc_interval()
    compare_auc(y_true, y_score, -y_score)


def test_text_form():
    curve = RocCurve.from_scores(LECTURE_TRUE, LECTURE_SCORE)
    assert repr(curve) == "RocCurve(7 diseased, 8 normal, 14 distinct scores, AUC 0.884)"


# Intervals --------------------------------------------------------------------------------------


def test_interval_on_the_logit_scale():
    curve = RocCurve.from_scores(*random_cases(0))
    half = stats.norm.ppf(0.95) * curve.auc_se / (curve.auc * (1 - curve.auc))
    expected = stats.logistic.cdf(stats.logistic.ppf(curve.auc) + np.array([-half, half]))
    np.testing.assert_allclose(curve.auc_interval(0.9), expected)


def test_wald_interval_is_clipped():
    curve = RocCurve.from_scores([0, 0, 0, 1, 1, 1], [1, 2, 4, 3, 5, 6])
    low, high = curve.auc_interval(method="wald")
    assert high == 1
    assert low == pytest.approx(curve.auc - stats.norm.ppf(0.975) * curve.auc_se)


@pytest.mark.parametrize("seed", range(4))
def test_score_interval_solves_its_equation(seed):
    curve = RocCurve.from_scores(*random_cases(seed, n=50))
    n = (curve.n_disease + curve.n_normal) / 2
    for limit in curve.auc_interval(method="score"):
        # With classes of one size Hanley & McNeil's variance is Newcombe's.
        inner = hanley_mcneil_se(limit, int(n), int(n)) ** 2 * n**2
        se = np.sqrt(inner / (curve.n_disease * curve.n_normal))
        assert abs(curve.auc - limit) / se == pytest.approx(stats.norm.ppf(0.975))


@pytest.mark.parametrize("method", ["logit", "wald", "score", "bootstrap"])
@pytest.mark.parametrize("level", [0.5, 0.95])
def test_intervals_agree_roughly_in_a_large_sample(method, level):
    curve = RocCurve.from_scores(*random_cases(1, n=2000, decimals=2))
    expected = stats.norm.interval(level, curve.auc, curve.auc_se)
    found = curve.auc_interval(level, method, resamples=1000)
    np.testing.assert_allclose(found, expected, atol=0.15 * np.ptp(expected))


@pytest.mark.parametrize("method", ["logit", "wald", "score", "bootstrap"])
@pytest.mark.parametrize(
    ("y_score", "contains"),
    [([0, 1, 2, 3, 4, 5], (1.0, 0.7)), ([5, 4, 3, 2, 1, 0], (0.0, 0.3)), ([1] * 6, (0.4, 0.6))],
)
def test_no_variance_is_not_certainty(method, y_score, contains):
    curve = RocCurve.from_scores([0, 0, 0, 1, 1, 1], y_score)
    assert curve.auc_se == 0
    low, high = curve.auc_interval(method=method)
    assert 0 <= low < high <= 1
    assert all(low <= value <= high for value in contains)


def test_perfect_separation_becomes_convincing_with_numbers():
    lows = []
    for n in (5, 50, 500):
        y_true = np.repeat([0, 1], n)
        lows.append(RocCurve.from_scores(y_true, y_true).auc_interval()[0])
    assert lows == sorted(lows)
    assert lows[0] < 0.8
    assert lows[-1] > 0.99


def test_one_case_in_a_class():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        curve = RocCurve.from_scores([0, 0, 0, 1], [1, 2, 4, 3])
        assert np.isnan(curve.auc_se)
        low, high = curve.auc_interval()
        assert 0 < low < curve.auc < high < 1
    with pytest.warns(UndefinedRateWarning, match="test of the difference"):
        found = compare_auc([0, 0, 0, 1], [1, 2, 4, 3], [1, 2, 3, 4])
    assert found.difference == pytest.approx(-1 / 3)
    assert found.interval == (-1, 1)
    assert np.isnan([found.se, found.statistic, found.p_value]).all()


def test_coverage_of_the_default_interval():
    """400 small studies of a score whose true area is 0.92: 15 ill, 25 normal."""
    rng = np.random.default_rng(0)
    true = stats.norm.cdf(2 / np.sqrt(2))
    y_true = np.repeat([1, 0], [15, 25])
    hits = 0
    for _ in range(400):
        low, high = RocCurve.from_scores(y_true, rng.normal(size=40) + 2 * y_true).auc_interval()
        hits += low <= true <= high
    assert 0.92 <= hits / 400 <= 0.99


def test_hanley_mcneil_is_right_for_exponential_scores():
    rng = np.random.default_rng(1)
    y_true = np.repeat([1, 0], [20, 30])
    areas = [RocCurve.from_scores(y_true, rng.exponential(1 + 4 * y_true)).auc for _ in range(3000)]
    assert np.std(areas) == pytest.approx(hanley_mcneil_se(5 / 6, 20, 30), rel=0.05)


def test_hanley_mcneil_takes_arrays():
    areas = np.array([0.5, 0.8, 1.0])
    np.testing.assert_allclose(
        hanley_mcneil_se(areas, 20, 30), [hanley_mcneil_se(a, 20, 30) for a in areas]
    )
    assert hanley_mcneil_se(1.0, 20, 30) == 0


# Bootstrap and bands ----------------------------------------------------------------------------


def test_bootstrap_redraws_each_class():
    curve = RocCurve.from_scores(*random_cases(2))
    seen = curve.bootstrap(lambda c: (c.n_disease, c.n_normal, c.auc), resamples=300, seed=5)
    assert (seen[:, 0] == curve.n_disease).all()
    assert (seen[:, 1] == curve.n_normal).all()
    assert seen[:, 2].mean() == pytest.approx(curve.auc, abs=0.01)
    assert seen[:, 2].std() == pytest.approx(curve.auc_se, rel=0.15)
    again = curve.bootstrap(lambda c: c.auc, resamples=300, seed=5)
    np.testing.assert_array_equal(again, seen[:, 2])


def test_bootstrap_of_average_precision_and_thresholds():
    curve = RocCurve.from_scores(LECTURE_TRUE, LECTURE_SCORE)
    values = curve.bootstrap(lambda c: (c.average_precision(), c.youden()), resamples=200)
    assert np.isfinite(values).all()
    assert set(values[:, 1]) <= set(LECTURE_SCORE)


@pytest.mark.parametrize("kind", ["simultaneous", "pointwise"])
def test_band_holds_the_curve(kind):
    curve = RocCurve.from_scores(*random_cases(3))
    band = curve.band(kind=kind, resamples=300)
    assert len(band.fpr) == 101
    shown = curve.sensitivity_at(band.fpr)
    assert (band.low <= shown + 1e-12).all()
    assert (shown <= band.high + 1e-12).all()
    assert (np.diff(band.low) >= 0).all()
    assert (np.diff(band.high) >= 0).all()
    assert band.low.min() >= 0
    assert band.high.max() <= 1


def test_simultaneous_band_is_wider():
    curve = RocCurve.from_scores(*random_cases(3))
    fpr = np.linspace(0.05, 0.95, 19)
    whole, point = (
        curve.band(kind=k, fpr=fpr, resamples=300) for k in ("simultaneous", "pointwise")
    )
    assert (whole.low <= point.low).all()
    assert (whole.high >= point.high).all()
    narrow = curve.band(0.5, fpr=fpr)
    assert (narrow.high - narrow.low < whole.high - whole.low).any()


@pytest.mark.slow
def test_coverage_of_the_bands():
    """Binormal truth; the simultaneous band must hold all of it, the other one point of it."""
    rng = np.random.default_rng(4)
    y_true = np.repeat([1, 0], [40, 60])
    fpr = np.linspace(0, 1, 201)
    truth = stats.norm.cdf(1.2 + stats.norm.ppf(fpr))
    whole = point = 0
    for _ in range(100):
        curve = RocCurve.from_scores(y_true, rng.normal(size=100) + 1.2 * y_true)
        band = curve.band(0.9, fpr=fpr)
        whole += ((band.low <= truth + 1e-12) & (truth <= band.high + 1e-12)).all()
        single = curve.band(0.9, "pointwise", fpr=[0.3], resamples=200)
        point += single.low[0] <= stats.norm.cdf(1.2 + stats.norm.ppf(0.3)) <= single.high[0]
    assert whole >= 90
    assert 82 <= point <= 98


# Comparison -------------------------------------------------------------------------------------


def test_comparison_is_antisymmetric_and_paired():
    y_true, a = random_cases(5)
    b = a + np.random.default_rng(6).normal(size=len(a)).round(1) / 3
    one, other = compare_auc(y_true, a, b), compare_auc(y_true, b, a)
    assert one.difference == pytest.approx(-other.difference)
    assert one.p_value == pytest.approx(other.p_value)
    assert one.interval == pytest.approx((-other.interval[1], -other.interval[0]))
    unpaired = np.hypot(*(RocCurve.from_scores(y_true, s).auc_se for s in (a, b)))
    assert one.se < 0.6 * unpaired
    narrow = compare_auc(y_true, a, b, level=0.5)
    half = stats.norm.ppf(0.75) * one.se
    assert narrow.interval == pytest.approx((one.difference - half, one.difference + half))


def test_equal_rankings_are_no_proof_that_two_scores_are_equal():
    y_true, a = random_cases(7)
    with pytest.warns(UndefinedRateWarning, match="the cases do not vary"):
        found = compare_auc(y_true, a, np.exp(a))
    assert found.auc_a == found.auc_b
    assert found.difference == 0
    rare = [1 - 0.025 ** (1 / n) for n in (y_true.sum(), len(y_true) - y_true.sum())]
    assert found.interval == pytest.approx((-np.hypot(*rare), np.hypot(*rare)))
    assert np.isnan([found.se, found.statistic, found.p_value]).all()


def test_four_cases_prove_nothing():
    with pytest.warns(UndefinedRateWarning, match="the cases do not vary"):
        found = compare_auc([0, 0, 1, 1], [1, 2, 3, 4], [2, 1, 4, 3])
    assert found.interval == (-1, 1)


def test_opposite_perfect_scores_have_no_variance():
    with pytest.warns(UndefinedRateWarning, match="the cases do not vary"):
        found = compare_auc([0, 0, 1, 1], [0, 1, 2, 3], [3, 2, 1, 0])
    assert found.difference == found.interval[1] == 1
    assert found.interval[0] < 0
    assert np.isnan([found.se, found.statistic, found.p_value]).all()


@pytest.mark.parametrize("kind", ["simultaneous", "pointwise"])
def test_bands_of_a_perfect_score_have_a_width_everywhere(kind):
    band = RocCurve.from_scores([0, 0, 1, 1], [1, 2, 3, 4]).band(kind=kind, resamples=200)
    assert (band.low < band.high).all()


@pytest.mark.parametrize(("n_disease", "n_normal"), [(10, 40), (30, 30), (40, 4)])
@pytest.mark.parametrize("shift", [1, 3])
def test_coverage_of_average_precision(n_disease, n_normal, shift):
    """The truth: precision at each recall of two normal distributions, at this prevalence."""
    z = np.linspace(-8, 12, 20_001)
    recall, fpr = stats.norm.sf(z - shift), stats.norm.sf(z)
    precision = n_disease * recall / (n_disease * recall + n_normal * fpr)
    truth = -np.trapezoid(precision, recall)
    rng, y_true = np.random.default_rng(0), np.repeat([1, 0], [n_disease, n_normal])
    hits = 0
    for _ in range(200):
        y_score = rng.normal(size=len(y_true)) + shift * y_true
        low, high = RocCurve.from_scores(y_true, y_score).average_precision_interval()
        hits += low <= truth <= high
    assert hits >= 0.9 * 200


def test_the_curve_of_scores_is_the_curve_of_its_table():
    for seed in range(30):
        y_true, y_score = random_cases(seed)
        found = RocCurve.from_scores(y_true, np.round(y_score, seed % 3))
        table = RocCurve(found.thresholds, found.tp, found.fp)
        assert found.auc == table.auc
        assert found.auc_se == pytest.approx(table.auc_se)


def test_p_values_are_uniform_where_nothing_differs():
    rng = np.random.default_rng(8)
    y_true = np.repeat([1, 0], [60, 80])
    p_values = []
    for _ in range(300):
        signal = rng.normal(size=140) + y_true
        a, b = signal + rng.normal(size=(2, 140))
        p_values.append(compare_auc(y_true, a, b).p_value)
    assert stats.kstest(p_values, "uniform").pvalue > 0.01


# Bad input --------------------------------------------------------------------------------------

BAD_CASES = [
    ([1, 1], [0.1, 0.2], r"y_true must hold both classes, 0 and 1, but every value is 1"),
    ([0, 0], [0.1, 0.2], r"y_true must hold both classes, 0 and 1, but every value is 0"),
    ([0, 1], [0.1, np.nan], r"{} must be finite, but it contains NaN or infinity"),
    ([0, 1], [0.1, np.inf], r"{} must be finite, but it contains NaN or infinity"),
    ([0, 1, 1], [0.1, 0.2], r"must have the same length, but y_true has 3 and {} has 2"),
    ([], [], r"y_true must hold at least one value, but it is empty"),
    ([0, 2], [0.1, 0.2], r"y_true must hold only 0 and 1, but it contains 2"),
    ([0, np.nan], [0.1, 0.2], r"y_true must hold 0 and 1, but it contains NaN"),
    ([0, 1], ["a", "b"], r"{} must hold numbers, got values like 'a'"),
    ([0, 1], [[0.1], [0.2]], r"{} must be one-dimensional, got shape \(2, 1\)"),
]


@pytest.mark.parametrize(("y_true", "y_score", "message"), BAD_CASES)
def test_bad_cases(y_true, y_score, message):
    with pytest.raises(ValueError, match=message.format("y_score")):
        RocCurve.from_scores(y_true, y_score)
    if "length" not in message:
        with pytest.raises(ValueError, match=message.format("a")):
            compare_auc(y_true, y_score, y_score)
    if "{}" in message and "length" not in message:
        with pytest.raises(ValueError, match=message.format("b")):
            compare_auc(y_true, [0.1, 0.2], y_score)


@pytest.mark.parametrize(
    ("disease", "normal", "message"),
    [
        ([1, 2], [1, 2, 3], r"disease, normal must have the same length"),
        ([0, 0], [1, 2], r"disease must count at least one case"),
        ([1, 2], [0, 0], r"normal must count at least one case"),
        ([1, -2], [1, 2], r"disease must not be negative, got -2"),
        ([1, 2], [1.5, 2], r"normal must be a whole number"),
        ([], [], r"disease must hold at least one value"),
    ],
)
def test_bad_ratings(disease, normal, message):
    with pytest.raises(ValueError, match=message):
        RocCurve.from_ratings(disease, normal)


CURVE = RocCurve.from_scores(LECTURE_TRUE, LECTURE_SCORE)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: CURVE.at(np.nan), "threshold must not be NaN"),
        (lambda: CURVE.at("high"), "threshold must be a number"),
        (lambda: CURVE.at([0.1, 0.2]), "threshold must be one number"),
        (lambda: CURVE.auc_interval(1.0), "level must"),
        (lambda: CURVE.auc_interval(method="exact"), "method must be one of logit, wald, score"),
        (lambda: CURVE.band(kind="wide"), "kind must be one of pointwise, simultaneous"),
        (lambda: CURVE.band(fpr=[0.5, 2]), "fpr must lie between 0 and 1"),
        (lambda: CURVE.partial_auc(0.2, 0.2), "low must be smaller than high"),
        (lambda: CURVE.partial_auc(-0.1, 0.2), "low must lie between 0 and 1"),
        (lambda: CURVE.expected_cost(-1, 1), "cost_fn must be finite and not negative"),
        (lambda: CURVE.cheapest(1, np.inf), "cost_fp must be finite and not negative"),
        (lambda: CURVE.cheapest(1, 1, prevalence=1.2), "prevalence must lie between 0 and 1"),
        (lambda: CURVE.precision([0.1, 0.2]), "prevalence must be one number"),
        (lambda: CURVE.sensitivity_at(np.nan), "fpr must lie between 0 and 1"),
        (lambda: hanley_mcneil_se(1.2, 10, 10), "auc must lie between 0 and 1"),
        (lambda: hanley_mcneil_se(0.8, 0, 10), "n_disease must be at least 1"),
        (lambda: hanley_mcneil_se(0.8, 10, 2.5), "n_normal must be a whole number"),
        (lambda: compare_auc([0, 1], [1, 2], [1, 2, 3]), "y_true, a, b must have the same length"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.slow
def test_no_torch():
    modules = "roc, calibration, binormal, report"
    program = f"import sys; from course_lib import {modules}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
