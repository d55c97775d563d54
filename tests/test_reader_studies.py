"""`course_lib.reader_studies` against published analyses, brute force and the paired test."""

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from course_lib import datasets
from course_lib.metrics import UndefinedRateWarning
from course_lib.reader_studies import compare_modalities, reader_variation
from course_lib.roc import compare_auc

FIXED_CASES = {"readers": "random", "cases": "fixed"}
FIXED_READERS = {"readers": "fixed", "cases": "random"}
seeds = st.integers(0, 2**32 - 1)


def a_study(seed, readers=3, n=24):
    """Ratings in few steps, with ties; readers differ in how well they use either modality."""
    rng = np.random.default_rng(seed)
    y_true = rng.permutation(np.arange(n) < n // 3).astype(int)
    case, skill = rng.normal(size=(2, 1, n)), rng.uniform(0.2, 2, (2, readers, 1))
    ratings = y_true * skill + 0.7 * case + 0.7 * rng.normal(size=(2, readers, n))
    return y_true, np.clip(ratings.round(), -2, 3)


def areas_of(y_true, ratings):
    """Areas by the definition: shares of pairs that are put into the right order."""
    pairs = ratings[..., y_true == 1][..., :, None] - ratings[..., y_true == 0][..., None, :]
    return (np.sign(pairs) / 2 + 0.5).mean(axis=(-2, -1))


def readers_differ(y_true, ratings):
    first, second = areas_of(y_true, ratings)
    return np.ptp(first - second) > 1e-9


def computer_and_radiologists():
    study = datasets.hupse_2013()
    computer, *radiologists = study.ratings[0]
    return study.y_true, np.broadcast_arrays(radiologists, computer)


# Published analyses ------------------------------------------------------------------------------


def test_van_dyke_as_published():
    """MRMCaov's article, section on covariances: random readers and cases, DeLong."""
    study = datasets.van_dyke_1993()
    found = compare_modalities(study.y_true, study.ratings)
    assert found.auc.shape == (2, 5)
    assert found.auc.mean(axis=1) == pytest.approx((0.8970370, 0.9408374), abs=5e-8)
    assert found.difference == pytest.approx(-0.04380032, abs=5e-9)
    assert found.statistic == pytest.approx(4.484854, abs=5e-7)
    assert found.df == pytest.approx(15.06611, abs=5e-6)
    assert found.p_value == pytest.approx(0.05123303, abs=5e-9)
    assert found.interval == pytest.approx((-0.0878671960, 0.0002665519), abs=5e-10)


def test_a_computer_against_the_mean_radiologist_as_published():
    """RJafroc's reference values for Hupse's data; its covariances leave out one of all cases."""
    y_true, ratings = computer_and_radiologists()
    fixed = compare_modalities(y_true, ratings, **FIXED_CASES)
    assert fixed.auc.mean(axis=1) == pytest.approx((0.848663, 0.816927), abs=5e-7)
    assert np.sqrt(fixed.statistic) == pytest.approx(3.2135, abs=5e-5)
    assert fixed.df == 8
    assert fixed.p_value == pytest.approx(0.0124, abs=5e-5)
    jackknife = compare_modalities(y_true, ratings, covariance="jackknife")
    assert jackknife.p_value == pytest.approx(0.321, abs=5e-4)
    delong = compare_modalities(y_true, ratings)
    assert delong.p_value == pytest.approx(jackknife.p_value, abs=0.002)
    # The other way round, the sign changes and nothing else.
    turned = compare_modalities(y_true, ratings[::-1])
    assert turned.interval == pytest.approx([-end for end in delong.interval[::-1]])
    assert (turned.statistic, turned.df) == pytest.approx((delong.statistic, delong.df))


def test_it_is_read_as_it_is_said():
    study = datasets.van_dyke_1993()
    assert repr(compare_modalities(study.y_true, study.ratings)) == (
        "random readers, random cases: AUC 0.8970 - 0.9408 = -0.0438\n"
        "    95% [-0.0879, 0.0003], F(1, 15.07) = 4.485, p = 0.0512"
    )
    fixed = compare_modalities(study.y_true, study.ratings, **FIXED_READERS, level=0.9)
    assert "90% [" in repr(fixed)
    assert "F(1, ∞)" in repr(fixed)


# Brute force -------------------------------------------------------------------------------------


def jackknife(y_true, ratings, kept):
    """Covariance matrix of all areas, leaving out one of the cases at a time."""
    left = [areas_of(*(np.delete(x, i, axis=-1) for x in (y_true, ratings))).ravel() for i in kept]
    return (len(kept) - 1) ** 2 / len(kept) * np.cov(np.transpose(left))


def averages(matrix, readers):
    """Var, Cov1, Cov2, Cov3 by looking at every entry."""
    sums = {key: [] for key in itertools.product((True, False), repeat=2)}
    places = list(itertools.product(range(2), range(readers)))
    for (row, (i, j)), (column, (k, l)) in itertools.product(enumerate(places), repeat=2):
        sums[i == k, j == l].append(matrix[row, column])
    order = [(True, True), (False, True), (True, False), (False, False)]
    return [np.mean(sums[key]) for key in order]


def test_covariances_are_those_of_leaving_cases_out():
    y_true, ratings = a_study(1)
    n = np.arange(len(y_true))
    both = sum(jackknife(y_true, ratings, n[y_true == kind]) for kind in (0, 1))
    v = reader_variation(y_true, ratings)
    np.testing.assert_allclose(v[3:], averages(both, 3), atol=1e-12)
    v = reader_variation(y_true, ratings, covariance="jackknife")
    np.testing.assert_allclose(v[3:], averages(jackknife(y_true, ratings, n), 3), atol=1e-12)


def test_covariances_are_about_those_of_cases_drawn_again():
    y_true, ratings = a_study(2, readers=2, n=90)
    rng = np.random.default_rng(0)
    of_kind = [np.flatnonzero(y_true == kind) for kind in (0, 1)]
    drawn = (np.concatenate([rng.choice(k, len(k)) for k in of_kind]) for _ in range(400))
    areas = [areas_of(y_true[i], ratings[..., i]).ravel() for i in drawn]
    expected = averages(np.cov(np.transpose(areas)), 2)
    v = reader_variation(y_true, ratings)
    np.testing.assert_allclose(v[3:], expected, atol=0.2 * v.var)


# Properties --------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(seed=seeds, readers=st.integers(2, 6))
def test_with_fixed_cases_it_is_the_paired_t_test_of_the_readers(seed, readers):
    y_true, ratings = a_study(seed, readers)
    assume(readers_differ(y_true, ratings))
    first, second = areas_of(y_true, ratings)
    found = compare_modalities(y_true, ratings, **FIXED_CASES)
    expected = stats.ttest_rel(first, second)
    assert np.sqrt(found.statistic) == pytest.approx(abs(expected.statistic))
    assert found.p_value == pytest.approx(expected.pvalue)
    assert found.interval == pytest.approx(tuple(expected.confidence_interval()))


@settings(max_examples=25, deadline=None)
@given(seed=seeds, copies=st.integers(2, 4))
def test_copies_of_one_fixed_reader_are_that_reader(seed, copies):
    y_true, ratings = a_study(seed, readers=1)
    one = compare_auc(y_true, *ratings[:, 0])
    found = compare_modalities(y_true, np.repeat(ratings, copies, 1), **FIXED_READERS)
    assert found.difference == pytest.approx(one.difference)
    assert found.p_value == pytest.approx(one.p_value)
    assert found.interval == pytest.approx(one.interval)


@settings(max_examples=25, deadline=None)
@given(seed=seeds, readers=st.integers(2, 5))
def test_fixed_readers_have_the_variance_of_their_mean_difference(seed, readers):
    y_true, ratings = a_study(seed, readers)
    n = np.arange(len(y_true))
    s = sum(jackknife(y_true, ratings, n[y_true == kind]) for kind in (0, 1))
    weights = np.repeat([1, -1], readers) / readers
    se = np.sqrt(weights @ s @ weights)
    v = reader_variation(y_true, ratings)
    assume(v.cov2 >= v.cov3)  # Otherwise they are taken for equal.
    found = compare_modalities(y_true, ratings, **FIXED_READERS)
    assert found.se == pytest.approx(se)
    assert found.interval == pytest.approx(found.difference + stats.norm.ppf([0.025, 0.975]) * se)


@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_the_interval_says_what_the_p_value_says(seed):
    y_true, ratings = a_study(seed)
    assume(readers_differ(y_true, ratings))
    level = np.random.default_rng(seed).uniform(0.5, 0.99)
    for population in ({}, FIXED_CASES, FIXED_READERS):
        found = compare_modalities(y_true, ratings, **population, level=level)
        low, high = found.interval
        assert (low <= 0 <= high) == (found.p_value >= 1 - level)
        assert low <= found.difference <= high


@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_order_of_readers_and_scale_of_ratings_do_not_matter(seed):
    y_true, ratings = a_study(seed)
    found = compare_modalities(y_true, ratings)
    other = compare_modalities(y_true, [np.exp(ratings[0])[::-1], 10 * ratings[1][::-1] - 3])
    np.testing.assert_allclose(found.auc, other.auc[:, ::-1])
    np.testing.assert_allclose(found[1:3], other[1:3])
    np.testing.assert_allclose(found[4:7], other[4:7], rtol=1e-6)


# Edges -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("population", [{}, FIXED_CASES, FIXED_READERS])
def test_readers_who_all_make_no_mistake_say_nothing_of_others(population):
    y_true = np.repeat([0, 1], 5)
    ratings = np.array([y_true, 2 * y_true, y_true + 3])
    with pytest.warns(UndefinedRateWarning, match="do not vary"):
        found = compare_modalities(y_true, [ratings, ratings], **population)
    assert found.difference == 0
    assert np.isnan([found.se, *found.interval, found.statistic, found.df, found.p_value]).all()


def test_readers_who_gain_alike_leave_the_cases():
    """Without variation of readers df is infinite, and the test is that of fixed readers."""
    y_true, ratings = a_study(3, readers=1)
    found = compare_modalities(y_true, np.repeat(ratings, 3, 1))
    assert np.isinf(found.df)
    assert found.p_value == pytest.approx(compare_auc(y_true, *ratings[:, 0]).p_value)


def test_of_three_modalities_the_first_two_are_compared():
    y_true, ratings = a_study(4)
    third = with_(ratings[:1].repeat(2, 0), np.nan)[1:]
    found = compare_modalities(y_true, np.concatenate([ratings, third]))
    assert found[1:] == compare_modalities(y_true, ratings)[1:]


def test_one_case_of_a_class_is_enough_where_cases_are_fixed():
    y_true = np.array([1, 0, 0, 0])
    ratings = [[[3, 1, 4, 2], [4, 1, 2, 3]], [[1, 2, 3, 4], [3, 1, 3, 4]]]
    assert compare_modalities(y_true, ratings, **FIXED_CASES).df == 1
    with pytest.raises(ValueError, match="y_true must hold two cases of each class"):
        compare_modalities(y_true, ratings)
    with pytest.raises(ValueError, match="y_true must hold two cases of each class"):
        reader_variation(y_true, ratings)


def with_(array, value):
    array = array.astype(float)
    array[1, 1, 4] = value
    return array


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda y, x: (y, x[:, :1]), "two readers or more; for one, .*compare_auc"),
        (lambda y, x: (y, with_(x, np.nan)), "^ratings must be finite: every reader rates every"),
        (lambda y, x: (y, with_(x, np.inf)), "^ratings must be finite"),
        (lambda y, x: (np.ones_like(y), x), "y_true must hold both classes"),
        (
            lambda y, x: (y, x[..., :-1]),
            r"^ratings must have the shape \(modalities, readers, 24\)",
        ),
        (lambda y, x: (y, x[0]), r"^ratings must have the shape \(modalities, readers, 24\)"),
        (lambda y, x: (y, x[:1]), "of two modalities or more"),
        (lambda y, x: (y, [x[0], x[1, :2]]), "^ratings must be an array"),
        (lambda y, x: (y, x.astype(str)), "^ratings must hold numbers"),
    ],
)
def test_where_its_assumptions_fail_it_refuses(change, said):
    with pytest.raises(ValueError, match=said):
        compare_modalities(*change(*a_study(0)))


def test_chance_must_be_somewhere():
    with pytest.raises(ValueError, match="must not both be fixed"):
        compare_modalities(*a_study(0), readers="fixed", cases="fixed")
    with pytest.raises(ValueError, match=r"^readers must be one of random, fixed"):
        compare_modalities(*a_study(0), readers="none")
    with pytest.raises(ValueError, match=r"^cases must be one of random, fixed"):
        compare_modalities(*a_study(0), cases=True)
