"""Intervals that hold their estimate, have a width, and cover at the edge of the table."""

import itertools

import numpy as np
import pytest
from scipy import stats

from course_lib import intervals
from course_lib.handout import handout
from course_lib.metrics import ConfusionMatrix, predictive_values

PREVALENCES = (0.005, 0.3)


def small_tables(n, step=1):
    """Every table with up to n cases and both classes, or every step-th of them."""
    tables = itertools.product(range(n + 1), repeat=4)
    fitting = (t for t in tables if sum(t) <= n and t[0] + t[1] and t[2] + t[3])
    return list(fitting)[::step]


@pytest.mark.parametrize("prevalence", PREVALENCES)
def test_predictive_values_lie_in_their_intervals(prevalence):
    """All tables up to 6 cases and a sample of those up to 12."""
    for tp, fn, fp, tn in small_tables(6) + small_tables(12, 47):
        if tp + fp == 0 or fn + tn == 0:
            continue
        found = ConfusionMatrix(tp, fn, fp, tn).predictive_values_at(prevalence)
        for value, (low, high) in (
            (found.ppv, found.ppv_interval),
            (found.npv, found.npv_interval),
        ):
            assert low <= value <= high
            assert low < high
            # An end that no case argues against stays open.
        assert (found.ppv_interval[1] == 1) == (fp == 0)
        assert (found.npv_interval[1] == 1) == (fn == 0)


def test_no_false_positive_among_357():
    found = ConfusionMatrix(tp=123, fn=89, fp=0, tn=357).predictive_values_at(0.005)
    assert found.ppv == 1
    low, high = found.ppv_interval
    assert low < 0.3
    assert high == 1
    report = handout("t", "a", {"Performance": ""}, [("PPV", found.ppv, low, high)])
    assert "1.000" in report.to_html()


@pytest.mark.parametrize("specificity", [0.9, 0.99, 0.999, 0.9999])
@pytest.mark.parametrize(("diseased", "normal"), [(10, 10), (20, 60)])
def test_coverage_of_predictive_values_by_enumeration(specificity, diseased, normal):
    """Every table that can happen, with its probability; the benchmark goes up to 400 cases."""
    for sensitivity in (0.9, 0.9999):
        assert min(coverage(sensitivity, specificity, diseased, normal)) >= 0.93


def coverage(se, sp, diseased, normal, prevalence=0.05):
    truth = predictive_values(se, sp, prevalence)
    covered, seen = np.zeros(2), np.zeros(2)
    for tp, tn in itertools.product(range(diseased + 1), range(normal + 1)):
        weight = stats.binom.pmf(tp, diseased, se) * stats.binom.pmf(tn, normal, sp)
        matrix = ConfusionMatrix(tp, diseased - tp, normal - tn, tn)
        if weight < 1e-5 or matrix.tp + matrix.fp == 0 or matrix.fn + matrix.tn == 0:
            continue
        found = matrix.predictive_values_at(prevalence)
        limits = found.ppv_interval, found.npv_interval
        covered += [
            weight * (low <= t <= high) for (low, high), t in zip(limits, truth, strict=True)
        ]
        seen += weight
    return covered / seen


def test_melded_interval_against_simulation():
    """Quantiles of draws from both confidence distributions."""
    rng = np.random.default_rng(0)

    def draws(k, n):
        lower, upper = rng.beta(k, n - k + 1, 400_000), rng.beta(k + 1, n - k, 400_000)
        return np.where(rng.random(400_000) < 0.5, lower, upper)

    expected = np.quantile(draws(40, 50) / (1 - draws(80, 90)), [0.025, 0.975])
    found = intervals.melded_interval(lambda a, b: a / (1 - b), ((40, 50), (80, 90)))
    assert found == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize(("k", "n"), [(0, 7), (3, 7), (7, 7), (40, 90)])
def test_jeffreys_interval(k, n):
    low, high = intervals.jeffreys_interval(k, n, 0.9)
    expected = stats.beta.ppf([0.05, 0.95], k + 0.5, n - k + 0.5)
    assert low == (pytest.approx(expected[0]) if k else 0)
    assert high == (pytest.approx(expected[1]) if k < n else 1)


def test_one_more_case_gives_clopper_and_pearson():
    for k, n in ((0, 8), (3, 8), (8, 8)):
        found = intervals.with_one_more(
            lambda w: w[:, 0] / w.sum(axis=1), [k, n - k], [(0, 1), (1, 0)], resamples=40_000
        )
        assert found == pytest.approx(intervals.clopper_pearson_interval(k, n), abs=0.01)
