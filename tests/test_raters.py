"""Agreement, consensus and verification bias against other implementations and published tables."""

import warnings
from collections import Counter
from itertools import product

import krippendorff
import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage, stats
from statsmodels.stats import inter_rater

from course_lib import datasets, raters
from course_lib.metrics import ConfusionMatrix, UndefinedRateWarning

# The same examples in every run, and no limit on the time of one.


def random_votes(rng, cases=40, columns=5, k=4, missing=0.2):
    """Votes that follow a truth loosely, with gaps; every case keeps two."""
    truth = rng.integers(k, size=cases)
    votes = np.where(
        rng.random((cases, columns)) < 0.6, truth[:, None], rng.integers(k, size=(cases, columns))
    )
    gaps = rng.random(votes.shape) < missing
    gaps[:, :2] = False
    return np.where(gaps, -1, votes)


votes_with_gaps = st.lists(
    st.lists(st.integers(-1, 3), min_size=4, max_size=4), min_size=1, max_size=12
).filter(lambda rows: any(v >= 0 for row in rows for v in row))


# The convention for votes -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("votes", "complaint"),
    [
        ([0, 1, 1], "shape"),
        ([["yes", "no"]], "numbers"),
        ([[0, -2]], "finite codes >= 0"),
        ([[0, np.inf]], "finite codes >= 0"),
        ([[-1, -1], [-1, np.nan]], "all are missing"),
        (np.empty((0, 3)), "all are missing"),
        ([[0, 1], [1]], "array"),
    ],
)
@pytest.mark.parametrize(
    "function",
    [raters.majority_vote, raters.fleiss_kappa, raters.krippendorff_alpha, raters.dawid_skene],
)
def test_bad_votes_are_refused_by_name(function, votes, complaint):
    with pytest.raises(ValueError, match=f"votes.*{complaint}"):
        function(votes)


def test_missing_may_be_minus_one_or_nan():
    votes = random_votes(np.random.default_rng(0))
    with_nan = np.where(votes < 0, np.nan, votes)
    assert raters.fleiss_kappa(votes) == raters.fleiss_kappa(with_nan)
    assert raters.krippendorff_alpha(votes) == raters.krippendorff_alpha(with_nan)
    np.testing.assert_array_equal(raters.majority_vote(votes), raters.majority_vote(with_nan))
    np.testing.assert_array_equal(
        raters.dawid_skene(votes).posterior, raters.dawid_skene(with_nan).posterior
    )


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int16, np.float32])
def test_votes_of_any_numeric_type(dtype):
    votes = np.array([[0, 1, 1], [1, 1, 1], [0, 0, 1]])
    assert raters.fleiss_kappa(votes.astype(dtype)) == raters.fleiss_kappa(votes)
    np.testing.assert_array_equal(raters.majority_vote(votes.astype(dtype)), [1, 1, 0])


def test_a_column_without_ratings_changes_nothing_where_raters_are_not_told_apart():
    votes = random_votes(np.random.default_rng(8))
    wider = np.column_stack([votes, np.full(len(votes), -1)])
    assert raters.fleiss_kappa(wider) == raters.fleiss_kappa(votes)
    assert raters.krippendorff_alpha(wider) == raters.krippendorff_alpha(votes)
    np.testing.assert_array_equal(raters.majority_vote(wider), raters.majority_vote(votes))


def test_huge_codes():
    huge = [[1e300, 1e300, 2], [2, 2, 1e300]]
    np.testing.assert_array_equal(raters.majority_vote(huge), [1e300, 2])
    assert raters.dawid_skene(huge).labels.tolist() == [1e300, 2]


# Published tables ---------------------------------------------------------------------------------


def test_fleiss_1971_kappa():
    result = raters.fleiss_kappa(datasets.fleiss_1971())
    assert result.value == pytest.approx(0.430, abs=5e-4)
    # The paper's intermediate results: mean agreement and agreement by chance.
    assert result.observed == pytest.approx(0.5556, abs=5e-5)
    assert result.expected == pytest.approx(0.2199, abs=5e-5)


def test_dawid_skene_1979_prevalence_of_the_four_grades():
    """The marginals that the paper prints with two digits: 0.40, 0.42, 0.11, 0.07."""
    votes, who = datasets.dawid_skene_1979()
    fitted = raters.dawid_skene(votes, raters=who)
    np.testing.assert_allclose(fitted.prevalence, [0.40, 0.42, 0.11, 0.07], atol=0.005)


@pytest.mark.slow
def test_dawid_skene_1979_against_a_literal_em():
    votes, who = datasets.dawid_skene_1979()
    posterior, confusion, p = literal_dawid_skene(votes, who, categories=(1, 2, 3, 4))
    fitted = raters.dawid_skene(votes, raters=who)
    assert fitted.converged
    np.testing.assert_allclose(fitted.posterior, posterior, atol=1e-6)
    np.testing.assert_allclose(fitted.confusion, confusion, atol=1e-6)
    np.testing.assert_allclose(fitted.prevalence, p, atol=1e-6)
    differs = fitted.labels != raters.majority_vote(votes)
    np.testing.assert_array_equal(np.flatnonzero(differs) + 1, [2, 12, 36])
    np.testing.assert_array_equal(fitted.labels[differs], [4, 3, 4])


def test_dawid_skene_1979_has_a_higher_hill():
    """The vote shares lead to a local maximum: another start ends a little higher."""
    votes, who = datasets.dawid_skene_1979()
    one_hot = (votes[:, :, None] == [1, 2, 3, 4]).astype(float)
    said = np.stack([one_hot[:, who == r].sum(axis=1) for r in range(1, 6)], axis=1)
    t = 0.4 * one_hot.mean(axis=1)
    t += 0.6 * np.random.default_rng(4).dirichlet(np.ones(4), size=45)
    for _ in range(300):
        pi = np.einsum("ij,irl->rjl", t, said)
        pi /= pi.sum(axis=2, keepdims=True)
        joint = t.mean(axis=0) * np.prod(pi ** said[:, :, None, :], axis=(1, 3))
        t = joint / joint.sum(axis=1, keepdims=True)
    higher = np.log(joint.sum(axis=1)).sum()
    ours = raters.dawid_skene(votes, raters=who).log_likelihood
    assert ours + 1 < higher < ours + 2


def test_krippendorff_2011_example():
    """Three coders, 15 units: alpha 0.691 (nominal) and 0.811 (interval)."""
    coders = (
        "*    *    *    *    *    3    4    1    2    1    1    3    3    *    3",
        "1    *    2    1    3    3    4    3    *    *    *    *    *    *    *",
        "*    *    2    1    3    4    4    *    2    1    1    3    3    *    4",
    )
    votes = np.array([[-1 if v == "*" else int(v) for v in row.split()] for row in coders]).T
    assert raters.krippendorff_alpha(votes).value == pytest.approx(0.691, abs=5e-4)
    assert raters.krippendorff_alpha(votes, "interval").value == pytest.approx(0.811, abs=5e-4)


def test_hepatic_scintigraphy_corrected_for_verification():
    """344 of 650 verified (Drum & Christacopoulos 1972); 0.84 and 0.74 after Begg & Greenes."""
    verified = ConfusionMatrix(tp=231, fn=27, fp=32, tn=54)
    corrected = raters.begg_greenes(verified, 166, 140)
    assert verified.sensitivity == pytest.approx(0.895, abs=5e-4)
    assert verified.specificity == pytest.approx(0.628, abs=5e-4)
    assert corrected.sensitivity == pytest.approx(0.836, abs=5e-4)
    assert corrected.specificity == pytest.approx(0.738, abs=5e-4)


# Cohen's kappa ------------------------------------------------------------------------------------


@pytest.mark.parametrize("weights", [None, "linear", "quadratic"])
@pytest.mark.parametrize("seed", range(5))
def test_cohen_kappa_and_its_error_equal_those_of_statsmodels(weights, seed):
    votes = random_votes(np.random.default_rng(seed), cases=800, columns=2)
    table = np.zeros((4, 4))
    np.add.at(table, (votes[:, 0], votes[:, 1]), 1)
    kinds = {None: None, "linear": "linear", "quadratic": "quadratic"}
    oracle = inter_rater.cohens_kappa(table, wt=kinds[weights])
    ours = raters.cohen_kappa(votes[:, 0], votes[:, 1], weights=weights)
    assert ours.value == pytest.approx(oracle.kappa)
    assert ours.standard_error == pytest.approx(oracle.std_kappa)
    # In a large sample the interval is the asymptotic one.
    assert ours.interval == pytest.approx((oracle.kappa_low, oracle.kappa_upp), abs=0.015)
    assert ours.value == pytest.approx((ours.observed - ours.expected) / (1 - ours.expected))


def test_cohen_kappa_leaves_out_cases_that_one_rater_left_out():
    first, second = np.array([0, 1, 1, -1, 0, 1]), np.array([0, 1, 0, 1, np.nan, 1])
    assert raters.cohen_kappa(first, second) == raters.cohen_kappa([0, 1, 1, 1], [0, 1, 0, 1])


def test_a_grade_that_nobody_gave_keeps_its_place_on_the_scale():
    """Grades 1, 2 and 4: the step from 2 to 4 counts double, as in the full table."""
    first, second = np.array([1, 2, 4, 4, 2, 1, 2, 4]), np.array([1, 4, 4, 2, 2, 2, 1, 4])
    table = np.zeros((4, 4))
    np.add.at(table, (first - 1, second - 1), 1)
    oracle = inter_rater.cohens_kappa(table, wt="linear").kappa
    assert raters.cohen_kappa(first, second, weights="linear").value == pytest.approx(oracle)


def test_cohen_kappa_at_its_ends():
    assert raters.cohen_kappa([0, 1, 2], [0, 1, 2]).value == 1
    assert raters.cohen_kappa([0, 1], [1, 0]).value == -1
    assert raters.cohen_kappa([0, 0, 1, 1], [0, 1, 0, 1]).value == pytest.approx(0)


@pytest.mark.parametrize("weights", [None, "linear", "quadratic"])
def test_cohen_kappa_of_one_category_is_nan_and_says_so(weights):
    with pytest.warns(UndefinedRateWarning, match="kappa is undefined"):
        result = raters.cohen_kappa([1, 1, 1], [1, 1, 1], weights=weights)
    assert result.observed == 1
    assert np.isnan([result.value, *result.interval, result.standard_error]).all()


@pytest.mark.parametrize(
    ("first", "second", "complaint"),
    [
        ([0, 1], [0, 1, 1], "same length"),
        ([0, 1], [-1, -1], "at least one case in common"),
        ([], [], "first must hold at least one value"),
        ([0, -1], [-1, 1], "at least one case in common"),
        ([[0, 1]], [0, 1], "first must be one-dimensional"),
        ([0, -3], [0, 1], "first and second must hold finite codes"),
    ],
)
def test_cohen_kappa_refuses(first, second, complaint):
    with pytest.raises(ValueError, match=complaint):
        raters.cohen_kappa(first, second)


def test_unknown_weights_metric_and_level_are_refused():
    with pytest.raises(ValueError, match="weights must be"):
        raters.cohen_kappa([0, 1], [0, 1], weights="cubic")
    with pytest.raises(ValueError, match="metric must be one of nominal, ordinal"):
        raters.krippendorff_alpha([[0, 1]], "metric")
    with pytest.raises(ValueError, match="level"):
        raters.fleiss_kappa([[0, 1]], level=1)
    with pytest.raises(ValueError, match="votes must hold three raters"):
        raters.dawid_skene([[0, 1], [1, 1], [0, 0]])


@pytest.mark.slow
# Readers who give the same answer with probability kappa, and else answer by chance: 0.5 is even,
# 0.05 a rare disease.
@pytest.mark.parametrize(
    ("share", "kappa", "cases"),
    [
        (0.4, 0.6, 60),
        (0.5, 0.95, 5),
        (0.5, 0.4, 10),
        (0.2, 0.8, 10),
        (0.05, 0.4, 30),
        (0.05, 0.9, 30),
    ],
)
def test_intervals_cover_the_kappa_they_estimate(share, kappa, cases):
    rng, hits, defined = np.random.default_rng(0), np.zeros(3), 0
    for _ in range(150):
        alike = rng.random(cases) < kappa
        first = rng.random(cases) < share
        second = np.where(alike, first, rng.random(cases) < share)
        votes = np.column_stack([first, second])
        if votes.all() or not votes.any():
            continue
        defined += 1
        found = (
            raters.cohen_kappa(first, second, resamples=400),
            raters.fleiss_kappa(votes, resamples=400),
            raters.krippendorff_alpha(votes, resamples=400),
        )
        for result in found:
            low, high = result.interval
            assert low < high
            assert low <= result.value <= high
        hits += [low <= kappa <= high for low, high in (result.interval for result in found)]
    # Three standard errors of a coverage of 0.95.
    assert (hits / defined >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / defined)).all()


def test_agreement_of_few_cases_keeps_its_width():
    five = [0, 0, 0, 1, 1]
    for result in (
        raters.cohen_kappa(five, five),
        raters.fleiss_kappa([[0, 0], [0, 0], [1, 1]]),
        raters.krippendorff_alpha([[0, 0], [0, 0], [1, 1]]),
        raters.gwet_ac1([[0, 0], [0, 0], [1, 1]]),
        raters.prevalence_adjusted_kappa(five, five),
    ):
        low, high = result.interval
        assert low < 0.5
        assert result.value == high == 1
        assert np.isnan(result.standard_error)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: raters.cohen_kappa([0], [1]),
        lambda: raters.fleiss_kappa([[0, 1]]),
        lambda: raters.krippendorff_alpha([[0, 1]]),
        lambda: raters.gwet_ac1([[0, 1]]),
    ],
)
def test_one_case_gives_no_interval_and_says_so(ask):
    with pytest.warns(UndefinedRateWarning, match="one case alone") as caught:
        assert np.isnan(ask().interval).all()
    assert [w.filename for w in caught] == [__file__]


def test_labels_of_plus_and_minus_one_are_refused():
    for ask in (
        lambda: raters.cohen_kappa([1, -1, 1], [1, -1, -1]),
        lambda: raters.prevalence_adjusted_kappa([1, -1, 1], [1, -1, -1]),
        lambda: raters.fleiss_kappa([[1, -1], [1, 1]]),
    ):
        with pytest.raises(ValueError, match="-1 beside 1 stands for a missing rating"):
            ask()


def test_the_kappa_paradox():
    """Feinstein & Cicchetti 1990, J Clin Epidemiol 43:543: 85 % agreement, kappa 0.70 and 0.32."""
    first, second = np.repeat([[1, 1, 0, 0], [1, 0, 1, 0]], [40, 9, 6, 45], axis=1)
    rare_first, rare_second = np.repeat([[1, 1, 0, 0], [1, 0, 1, 0]], [80, 10, 5, 5], axis=1)
    assert raters.cohen_kappa(first, second).value == pytest.approx(0.70, abs=5e-3)
    assert raters.cohen_kappa(rare_first, rare_second).value == pytest.approx(0.32, abs=5e-3)
    for pair in ((first, second), (rare_first, rare_second)):
        adjusted = raters.prevalence_adjusted_kappa(*pair)
        assert adjusted.value == pytest.approx(0.70)
        low, high = stats.binomtest(85, 100).proportion_ci(method="wilson")
        assert adjusted.interval == pytest.approx((2 * low - 1, 2 * high - 1))


def test_gwet_ac1_by_hand():
    """118 and 2 of 125 cases alike: kappa is low, AC1 is not (Gwet 2008, table 1's kind)."""
    first, second = np.repeat([[1, 1, 0, 0], [1, 0, 1, 0]], [118, 5, 2, 0], axis=1)
    q = (123 + 120) / 250
    expected = 2 * q * (1 - q)
    found = raters.gwet_ac1(np.column_stack([first, second]))
    assert found.value == pytest.approx((118 / 125 - expected) / (1 - expected))
    assert raters.cohen_kappa(first, second).value < 0
    n = 125
    votes = np.column_stack([first, second])
    without = [raters.gwet_ac1(np.delete(votes, i, axis=0), resamples=1).value for i in range(n)]
    assert found.standard_error == pytest.approx(np.sqrt((n - 1) * np.var(without)), rel=0.03)


# Fleiss' kappa ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_fleiss_kappa_equals_that_of_statsmodels(seed):
    votes = random_votes(np.random.default_rng(seed), missing=0)
    counts, _ = inter_rater.aggregate_raters(votes)
    assert raters.fleiss_kappa(votes).value == pytest.approx(inter_rater.fleiss_kappa(counts))


def test_fleiss_kappa_with_gaps_is_the_definition():
    votes = random_votes(np.random.default_rng(3))
    votes[5, 1:] = -1  # one rating: says nothing about agreement
    agreement, shares = [], []
    for row in votes:
        given_votes = [v for v in row if v >= 0]
        if len(given_votes) < 2:
            continue
        pairs = [(a, b) for i, a in enumerate(given_votes) for b in given_votes[i + 1 :]]
        agreement.append(np.mean([a == b for a, b in pairs]))
        shares.append([given_votes.count(c) / len(given_votes) for c in range(4)])
    expected = (np.mean(shares, axis=0) ** 2).sum()
    kappa = (np.mean(agreement) - expected) / (1 - expected)
    assert raters.fleiss_kappa(votes).value == pytest.approx(kappa)


@pytest.mark.parametrize("missing", [0, 0.3])
@pytest.mark.slow
def test_fleiss_standard_error_agrees_with_the_jackknife(missing):
    votes = random_votes(np.random.default_rng(1), cases=150, missing=missing)
    n = len(votes)
    without = [raters.fleiss_kappa(np.delete(votes, i, axis=0)).value for i in range(n)]
    jackknife = np.sqrt((n - 1) * np.var(without))
    assert raters.fleiss_kappa(votes).standard_error == pytest.approx(jackknife, rel=0.03)


@pytest.mark.slow
@given(st.integers(0, 10_000), st.permutations(range(5)))
def test_fleiss_kappa_ignores_who_said_it(seed, order):
    votes = random_votes(np.random.default_rng(seed))
    assert raters.fleiss_kappa(votes[:, order]).value == pytest.approx(
        raters.fleiss_kappa(votes).value
    )


def test_agreement_needs_two_ratings_of_a_case():
    alone = [[0, -1], [-1, 1]]
    for function in (raters.fleiss_kappa, raters.krippendorff_alpha):
        with pytest.raises(ValueError, match="at least one case with two ratings"):
            function(alone)


def test_agreement_of_one_category_is_nan_and_says_so():
    with pytest.warns(UndefinedRateWarning, match="kappa is undefined"):
        assert np.isnan(raters.fleiss_kappa([[2, 2], [2, 2]]).value)
    with pytest.warns(UndefinedRateWarning, match="alpha is undefined"):
        result = raters.krippendorff_alpha([[2, 2], [2, 2]], "ordinal")
    assert np.isnan([result.value, *result.interval, result.standard_error]).all()


def test_fleiss_kappa_of_a_single_case_has_no_interval():
    with pytest.warns(UndefinedRateWarning, match="one case alone"):
        result = raters.fleiss_kappa([[0, 0, 1]])
    assert result.value == pytest.approx(-0.5)  # a third agree, 5/9 by chance
    assert np.isnan(result.interval).all()


# Krippendorff's alpha -----------------------------------------------------------------------------


@pytest.mark.parametrize("metric", ["nominal", "ordinal", "interval", "ratio"])
@pytest.mark.parametrize("seed", range(4))
def test_krippendorff_alpha_equals_that_of_the_package(metric, seed):
    votes = random_votes(np.random.default_rng(seed), missing=0.4)
    votes[0, 1:] = -1
    oracle = krippendorff.alpha(
        reliability_data=np.where(votes < 0, np.nan, votes).T, level_of_measurement=metric
    )
    result = raters.krippendorff_alpha(votes, metric, resamples=1)
    assert result.value == pytest.approx(oracle)
    assert result.value == pytest.approx(
        (result.observed - result.expected) / (1 - result.expected)
    )


def test_krippendorff_alpha_of_measured_values():
    """Values that are not whole, e.g. lesion diameters in mm."""
    values = np.array([[3.5, 3.0], [7.25, 8.0], [5.5, np.nan], [1.5, 1.0], [6.0, 6.5]])
    oracle = krippendorff.alpha(reliability_data=values.T, level_of_measurement="interval")
    assert raters.krippendorff_alpha(values, "interval").value == pytest.approx(oracle)


def test_bootstrap_interval_is_reproducible_and_about_the_asymptotic_one():
    votes = random_votes(np.random.default_rng(5), cases=200, missing=0)
    alpha, again = raters.krippendorff_alpha(votes), raters.krippendorff_alpha(votes)
    kappa = raters.fleiss_kappa(votes)
    assert alpha == again
    assert alpha.standard_error == pytest.approx(kappa.standard_error, rel=0.1)
    np.testing.assert_allclose(alpha.interval, kappa.interval, atol=0.02)


# Voting -------------------------------------------------------------------------------------------


@pytest.mark.slow
@given(votes_with_gaps, st.integers(1, 4))
def test_majority_vote_is_the_definition(rows, quorum):
    expected = []
    for row in rows:
        counts = Counter(v for v in row if v >= 0).most_common()
        tied = len(counts) > 1 and counts[0][1] == counts[1][1]
        decided = bool(counts) and counts[0][1] >= quorum and not tied
        expected.append(counts[0][0] if decided else -1)
    np.testing.assert_array_equal(raters.majority_vote(rows, quorum=quorum), expected)


def test_majority_vote_keeps_the_codes_of_the_categories():
    np.testing.assert_array_equal(raters.majority_vote([[4, 4, 2], [2, 2, 4]]), [4, 2])
    np.testing.assert_array_equal(raters.majority_vote([[0.5, 0.5, 2]]), [0.5])


def test_a_tie_gets_what_the_caller_says_but_never_overrides_the_quorum():
    votes = [[0, 1, -1], [0, 1, 1], [-1, -1, -1], [0, -1, -1]]
    np.testing.assert_array_equal(raters.majority_vote(votes), [-1, 1, -1, 0])
    np.testing.assert_array_equal(raters.majority_vote(votes, tie=1), [1, 1, -1, 0])
    np.testing.assert_array_equal(raters.majority_vote(votes, tie=1, quorum=2), [-1, 1, -1, -1])


@pytest.mark.parametrize("quorum", [-1, 0.5, True])
def test_quorum_is_a_number_of_votes(quorum):
    with pytest.raises(ValueError, match="quorum"):
        raters.majority_vote([[0, 1]], quorum=quorum)


# Dawid & Skene ------------------------------------------------------------------------------------


def literal_dawid_skene(votes, who, categories, steps=400):
    """The paper's equations as loops over patients, columns and grades."""
    cases, k = len(votes), len(categories)
    names = sorted(set(who))
    t = np.array([[sum(v == c for v in row) for c in categories] for row in votes], float)
    t /= t.sum(axis=1, keepdims=True)
    for _ in range(steps):
        p = t.sum(axis=0) / cases
        pi = np.zeros((len(names), k, k))
        for i, j, column in product(range(cases), range(k), range(votes.shape[1])):
            if votes[i, column] >= 0:
                said = categories.index(votes[i, column])
                pi[names.index(who[column]), j, said] += t[i, j]
        pi /= pi.sum(axis=2, keepdims=True)
        for i in range(cases):
            for j in range(k):
                t[i, j] = p[j]
                for column in range(votes.shape[1]):
                    if votes[i, column] >= 0:
                        said = categories.index(votes[i, column])
                        t[i, j] *= pi[names.index(who[column]), j, said]
            t[i] /= t[i].sum()
    return t, pi, p


def test_dawid_skene_with_gaps_against_a_literal_em():
    votes = random_votes(np.random.default_rng(2), cases=30, k=3)
    posterior, confusion, p = literal_dawid_skene(votes, (0, 1, 2, 3, 4), (0, 1, 2), steps=300)
    fitted = raters.dawid_skene(votes, tolerance=1e-14)
    np.testing.assert_allclose(fitted.posterior, posterior, atol=1e-5)
    np.testing.assert_allclose(fitted.confusion, confusion, atol=1e-5)
    np.testing.assert_allclose(fitted.prevalence, p, atol=1e-5)


def test_dawid_skene_log_likelihood_is_that_of_the_votes():
    votes = random_votes(np.random.default_rng(4), k=3)
    fitted = raters.dawid_skene(votes)
    total = 0.0
    # At the fixed point the returned prevalence and rates belong to the returned posterior.
    for row in votes:
        evidence = 0.0
        for j in range(3):
            likelihood = fitted.prevalence[j]
            for r, v in enumerate(row):
                likelihood *= fitted.confusion[r, j, v] if v >= 0 else 1
            evidence += likelihood
        total += np.log(evidence)
    assert fitted.log_likelihood == pytest.approx(total)


def test_dawid_skene_never_loses_likelihood():
    votes = random_votes(np.random.default_rng(6), k=3)
    steps = [raters.dawid_skene(votes, iterations=n) for n in range(1, 30)]
    climbs = np.diff([step.log_likelihood for step in steps])
    assert (climbs >= -1e-9).all()
    assert climbs[0] > 0.1
    assert not steps[0].converged
    assert steps[0].iterations == 1


def test_dawid_skene_finds_the_quality_of_simulated_readers():
    rng = np.random.default_rng(0)
    y_true = (rng.random(4000) < 0.3).astype(int)
    sensitivity, specificity = [0.95, 0.9, 0.6, 0.65, 0.55], [0.95, 0.9, 0.7, 0.75, 0.7]
    votes = raters.simulated_readers(y_true, sensitivity, specificity, seed=1)
    votes = np.where(rng.random(votes.shape) < 0.1, -1, votes)
    fitted = raters.dawid_skene(votes)
    np.testing.assert_allclose(fitted.confusion[:, 1, 1], sensitivity, atol=0.04)
    np.testing.assert_allclose(fitted.confusion[:, 0, 0], specificity, atol=0.04)
    assert fitted.prevalence[1] == pytest.approx(0.3, abs=0.03)
    vote = raters.majority_vote(votes, tie=1)
    assert (fitted.labels != y_true).mean() < 0.7 * (vote != y_true).mean()


def test_shared_mistakes_are_taken_for_the_truth():
    """The documented limit: three readers with common mistakes outvote two good ones."""
    y_true = (np.random.default_rng(0).random(2000) < 0.3).astype(int)
    good = raters.simulated_readers(y_true, [0.95, 0.9], [0.95, 0.95], seed=1)
    clique = raters.simulated_readers(y_true, [0.7] * 3, [0.75] * 3, correlation=0.8, seed=2)
    fitted = raters.dawid_skene(np.column_stack([good, clique]))
    assert (fitted.labels != y_true).mean() > 0.15
    assert fitted.confusion[2:, 1, 1].min() > fitted.confusion[:2, 1, 1].max()


def test_a_repeated_name_is_one_rater():
    votes, who = datasets.dawid_skene_1979()
    fitted = raters.dawid_skene(votes, raters=["a", "a", "a", "b", "c", "d", "e"])
    assert fitted.confusion.shape == (5, 4, 4)
    assert list(fitted.raters) == ["a", "b", "c", "d", "e"]
    np.testing.assert_array_equal(fitted.posterior, raters.dawid_skene(votes, raters=who).posterior)
    assert raters.dawid_skene(votes).confusion.shape == (7, 4, 4)


def test_dawid_skene_of_a_case_without_ratings_is_the_prevalence():
    votes = random_votes(np.random.default_rng(7), k=3)
    fitted = raters.dawid_skene(votes)
    longer = raters.dawid_skene(np.vstack([votes, np.full((1, 5), -1)]))
    assert longer.labels[-1] == -1
    np.testing.assert_allclose(longer.posterior[-1], longer.prevalence)
    np.testing.assert_allclose(longer.posterior[:-1], fitted.posterior)


def test_dawid_skene_says_nan_where_a_rater_saw_no_such_case():
    """Rater 2 saw only the cases that everybody else calls 0."""
    votes = np.array([[0, 0, 0]] * 6 + [[1, 1, -1]] * 6)
    fitted = raters.dawid_skene(votes)
    assert np.isnan(fitted.confusion[2, 1]).all()
    np.testing.assert_allclose(fitted.confusion[2, 0], [1, 0], atol=1e-12)
    np.testing.assert_array_equal(fitted.labels, [0] * 6 + [1] * 6)


def test_dawid_skene_of_one_category():
    fitted = raters.dawid_skene([[3, 3, 3], [3, 3, 3]])
    assert fitted.converged
    assert list(fitted.labels) == [3, 3]
    np.testing.assert_array_equal(fitted.confusion, np.ones((3, 1, 1)))


def test_dawid_skene_of_thousands_of_votes_on_a_case_does_not_underflow():
    rng = np.random.default_rng(0)
    truth = np.array([0, 1] * 4)
    votes = np.where(rng.random((8, 5000)) < 0.6, truth[:, None], 1 - truth[:, None])
    fitted = raters.dawid_skene(votes, raters=np.zeros(5000))
    np.testing.assert_array_equal(fitted.labels, truth)
    assert np.isfinite(fitted.log_likelihood)
    assert np.isfinite(fitted.posterior).all()


@pytest.mark.parametrize(
    ("votes", "options", "complaint"),
    [
        ([[0, 1, -1], [1, 1, -1]], {}, "rater 2 has none"),
        ([[0, -1]], {"raters": ["Ann", "Bo"]}, "rater Bo has none"),
        ([[0, 1]], {"raters": [1]}, "got 1 names for 2 columns"),
        ([[0, 1, 1]], {"iterations": 0}, "iterations must be at least 1"),
        ([[0, 1, 1]], {"tolerance": -1}, "tolerance"),
    ],
)
def test_dawid_skene_refuses(votes, options, complaint):
    with pytest.raises(ValueError, match=complaint):
        raters.dawid_skene(votes, **options)


# STAPLE -------------------------------------------------------------------------------------------


def drawn_masks(seed=0):
    """A disc as five annotators might draw it."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:60, :60]
    disc = np.hypot(rows - 30, columns - 28) < 14
    return np.array(
        [
            disc,
            ndimage.binary_dilation(disc, iterations=2),
            ndimage.binary_erosion(disc, iterations=3),
            np.roll(disc, 3, axis=0),
            disc ^ (rng.random(disc.shape) < 0.1),
        ]
    )


@pytest.mark.parametrize("seed", range(3))
def test_staple_equals_that_of_simpleitk(seed):
    masks = drawn_masks(seed)
    oracle = sitk.STAPLEImageFilter()
    oracle.SetForegroundValue(1)
    probability = sitk.GetArrayFromImage(
        oracle.Execute([sitk.GetImageFromArray(mask.astype(np.uint8)) for mask in masks])
    )
    ours = raters.staple(masks)
    assert ours.converged
    np.testing.assert_allclose(ours.sensitivity, oracle.GetSensitivity(), atol=1e-5)
    np.testing.assert_allclose(ours.specificity, oracle.GetSpecificity(), atol=1e-5)
    np.testing.assert_allclose(ours.probability, probability, atol=1e-4)


def test_staple_of_a_volume_is_that_of_its_pixels_in_a_row():
    masks = drawn_masks()
    flat = raters.staple(masks.reshape(5, -1))
    volume = raters.staple(masks.reshape(5, 4, 15, 60).astype(float))
    assert volume.probability.shape == (4, 15, 60)
    np.testing.assert_array_equal(volume.probability.ravel(), flat.probability)


def test_staple_prior_is_the_share_of_marks_unless_given():
    masks = drawn_masks()
    by_default = raters.staple(masks)
    assert by_default.prior == pytest.approx(masks.mean())
    given_prior = raters.staple(masks, prior=float(masks.mean()))
    np.testing.assert_array_equal(by_default.probability, given_prior.probability)
    assert raters.staple(masks, prior=0.9).probability.sum() > by_default.probability.sum()


def test_staple_of_equal_masks_is_the_mask():
    mask = drawn_masks()[0]
    result = raters.staple([mask, mask, mask])
    np.testing.assert_allclose(result.probability, mask, atol=1e-6)
    np.testing.assert_allclose(result.sensitivity, 1)


def test_one_empty_mask_is_a_rater_who_saw_nothing():
    disc = drawn_masks()[0]
    masks = np.array([disc, disc, disc, np.zeros_like(disc)])
    result = raters.staple(masks)
    np.testing.assert_array_equal(result.probability >= 0.5, disc)
    assert result.sensitivity[3] == pytest.approx(0, abs=1e-6)
    assert result.specificity[3] == pytest.approx(1)


def test_staple_of_many_raters():
    disc = drawn_masks()[0]
    rng = np.random.default_rng(0)
    masks = disc ^ (rng.random((60, *disc.shape)) < 0.2)
    np.testing.assert_array_equal(raters.staple(masks).probability >= 0.5, disc)


@pytest.mark.parametrize(
    ("masks", "complaint"),
    [
        (np.zeros((3, 4, 4)), "all are alike"),
        (np.ones((3, 4, 4)), "all are alike"),
        (np.zeros((3, 0)), "shape"),
        (np.ones((1, 4, 4)), "from 2 to 62 raters, got 1"),
        (np.ones((63, 4)), "from 2 to 62 raters, got 63"),
        ([np.ones((2, 2)), np.ones((3, 3))], "same shape"),
        ([[0, 1], [0, 2]], "only 0 and 1"),
        ([[0, 1], [0, np.nan]], "only 0 and 1"),
        ([0, 1, 1], "shape"),
    ],
)
def test_staple_refuses(masks, complaint):
    with pytest.raises(ValueError, match=f"masks.*{complaint}"):
        raters.staple(masks)


@pytest.mark.parametrize("prior", [0, 1, 1.5, np.nan])
def test_staple_refuses_a_certain_prior(prior):
    with pytest.raises(ValueError, match="prior"):
        raters.staple(drawn_masks(), prior=prior)


# Simulated readers and panels ---------------------------------------------------------------------


def test_independent_positive_votes_are_binomial():
    np.testing.assert_allclose(raters.positive_votes(7, 0.8), stats.binom.pmf(np.arange(8), 7, 0.8))


def test_fully_correlated_readers_are_one_reader():
    np.testing.assert_allclose(raters.positive_votes(4, 0.7, 1), [0.3, 0, 0, 0, 0.7], atol=1e-12)


probabilities = st.integers(0, 1000).map(lambda permille: permille / 1000)


@given(st.integers(1, 9), probabilities, probabilities)
def test_positive_votes_have_the_mean_and_variance_of_correlated_votes(n, p, correlation):
    pmf = raters.positive_votes(n, p, correlation)
    x = np.arange(n + 1)
    mean = (x * pmf).sum()
    variance = ((x - mean) ** 2 * pmf).sum()
    assert pmf.sum() == pytest.approx(1)
    assert mean == pytest.approx(n * p, abs=1e-9)
    assert variance == pytest.approx(n * p * (1 - p) * (1 + (n - 1) * correlation), abs=1e-9)


def test_positive_votes_are_those_of_simulated_panels():
    y_true = np.repeat([1, 0], 60_000)
    votes = raters.simulated_readers(y_true, [0.8] * 5, [0.85] * 5, correlation=0.4, seed=3)
    for probability, cases in ((0.8, y_true == 1), (0.15, y_true == 0)):
        shares = np.bincount(votes[cases].sum(axis=1), minlength=6) / cases.sum()
        expected = raters.positive_votes(5, probability, correlation=0.4)
        np.testing.assert_allclose(shares, expected, atol=0.006)


@pytest.mark.parametrize("correlation", [0, 0.5])
def test_pair_kappa_is_what_two_simulated_readers_show(correlation):
    y_true = (np.random.default_rng(0).random(100_000) < 0.2).astype(int)
    votes = raters.simulated_readers(y_true, [0.8] * 2, [0.9] * 2, correlation=correlation, seed=4)
    expected = raters.pair_kappa(0.8, 0.9, 0.2, correlation)
    assert raters.cohen_kappa(*votes.T).value == pytest.approx(expected, abs=0.01)


def test_simulated_readers_have_the_rates_and_the_correlation_asked_for():
    y_true = np.repeat([1, 0], 50_000)
    votes = raters.simulated_readers(y_true, [0.9, 0.7], [0.8, 0.95], seed=0)
    np.testing.assert_allclose(votes[:50_000].mean(axis=0), [0.9, 0.7], atol=0.01)
    np.testing.assert_allclose(votes[50_000:].mean(axis=0), [0.2, 0.05], atol=0.01)
    twins = raters.simulated_readers(y_true, [0.7] * 2, [0.8] * 2, correlation=0.6, seed=0)
    assert np.corrcoef(twins[:50_000].T)[0, 1] == pytest.approx(0.6, abs=0.02)
    assert np.corrcoef(twins[50_000:].T)[0, 1] == pytest.approx(0.6, abs=0.02)


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: raters.positive_votes(3, 1.8), "probability must lie between 0 and 1"),
        (lambda: raters.simulated_readers([0, 1], [0.9], [0.9, 0.8]), "same length"),
        (lambda: raters.simulated_readers([0, 2], [0.9], [0.9]), "y_true"),
        (lambda: raters.simulated_readers([0, 1], 0.9, 0.9), "sensitivity must be one-dimensional"),
        (lambda: raters.pair_kappa(0.8, 0.9, 1.2), "prevalence"),
    ],
)
def test_panels_refuse(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()


# Verification bias --------------------------------------------------------------------------------


def test_begg_greenes_changes_nothing_where_everybody_is_verified():
    verified = ConfusionMatrix(tp=80, fn=20, fp=30, tn=170)
    corrected = raters.begg_greenes(verified, 0, 0)
    assert corrected.sensitivity == pytest.approx(verified.sensitivity)
    assert corrected.specificity == pytest.approx(verified.specificity)
    assert corrected.prevalence == pytest.approx(verified.prevalence)
    # Nearly the limits of a logit interval of a plain proportion.
    logit, half = np.log(80 / 20), 1.959964 * np.sqrt(1 / 80 + 1 / 20)
    limits = [1 / (1 + np.exp(-(logit - half))), 1 / (1 + np.exp(-(logit + half)))]
    np.testing.assert_allclose(corrected.sensitivity_interval, limits, atol=0.005)


@given(
    st.floats(0.2, 0.98),
    st.floats(0.2, 0.98),
    st.floats(0.05, 0.9),
    st.sampled_from([0.1, 0.25, 0.5]),
)
@pytest.mark.slow
def test_begg_greenes_undoes_a_verification_that_follows_the_result(se, sp, p, verified_share):
    """A large table in which all positives and a share of the negatives were verified."""
    n = 10_000_000
    tp, fp = round(n * p * se), round(n * (1 - p) * (1 - sp))
    fn, tn = round(n * p * (1 - se)), round(n * (1 - p) * sp)
    seen = ConfusionMatrix(tp, round(fn * verified_share), fp, round(tn * verified_share))
    corrected = raters.begg_greenes(seen, 0, fn + tn - seen.fn - seen.tn)
    assert corrected.sensitivity == pytest.approx(se, abs=1e-4)
    assert corrected.specificity == pytest.approx(sp, abs=1e-4)
    assert corrected.prevalence == pytest.approx(p, abs=1e-4)


@pytest.mark.slow
def test_begg_greenes_intervals_cover_the_truth():
    rng = np.random.default_rng(0)
    hits = np.zeros(2)
    for _ in range(200):
        ill = rng.random(1500) < 0.3
        positive = rng.random(1500) < np.where(ill, 0.8, 0.1)
        seen = positive | (rng.random(1500) < 0.2)
        corrected = raters.begg_greenes(
            ConfusionMatrix.from_labels(ill[seen], positive[seen]),
            int((positive & ~seen).sum()),
            int((~positive & ~seen).sum()),
        )
        limits = corrected.sensitivity_interval, corrected.specificity_interval
        hits += [low <= rate <= high for (low, high), rate in zip(limits, (0.8, 0.9), strict=True)]
    # Three standard errors below; with mid-p the interval is rather too wide than too narrow.
    assert (hits / 200 >= 0.9).all()


def test_begg_greenes_with_an_empty_cell_still_has_an_interval():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        corrected = raters.begg_greenes(ConfusionMatrix(tp=30, fn=0, fp=10, tn=40), 5, 200)
    assert corrected.sensitivity == 1
    low, high = corrected.sensitivity_interval
    assert 0.2 < low < 0.95
    assert high == 1


def test_begg_greenes_without_disease_is_nan():
    with pytest.warns(UndefinedRateWarning, match="^sensitivity is undefined"):
        corrected = raters.begg_greenes(ConfusionMatrix(tp=0, fn=0, fp=10, tn=40), 5, 200)
    assert np.isnan(corrected.sensitivity)
    assert corrected.prevalence == 0


@pytest.mark.parametrize(
    ("verified", "counts", "complaint"),
    [
        (ConfusionMatrix(5, 0, 5, 0), (0, 90), "negative result, but has none"),
        (ConfusionMatrix(0, 5, 0, 5), (90, 0), "positive result, but has none"),
        (ConfusionMatrix(5, 5, 5, 5), (-1, 0), "unverified_positive"),
        (ConfusionMatrix(5, 5, 5, 5), (0, 0.5), "unverified_negative"),
        ((5, 5, 5, 5), (0, 0), "must be a ConfusionMatrix"),
    ],
)
def test_begg_greenes_refuses(verified, counts, complaint):
    with pytest.raises(ValueError, match=complaint):
        raters.begg_greenes(verified, *counts)


# Real chest X-rays --------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_dawid_skene_beats_the_vote_on_the_labels_of_real_chest_films(seed, shared_data):
    """Simulated readers of real films: the prevalence of pneumonia there is 0.74."""
    with np.load(shared_data("pneumoniamnist_trainval.npz")) as films:
        y_true = films["train_labels"].ravel()
    votes = raters.simulated_readers(
        y_true, [0.95, 0.9, 0.6, 0.6, 0.55], [0.95, 0.95, 0.7, 0.65, 0.7], seed=seed
    )
    errors = [
        (labels != y_true).mean()
        for labels in (raters.dawid_skene(votes).labels, raters.majority_vote(votes))
    ]
    assert errors[0] < 0.8 * errors[1]
