"""`course_lib.binormal` against a published fit, a general optimizer and known parameters."""

import numpy as np
import pytest
from scipy import optimize, stats

from course_lib.binormal import fit_binormal
from course_lib.datasets import hanley_mcneil_1982
from course_lib.roc import RocCurve

TABLES = [
    tuple(hanley_mcneil_1982()),
    ([2, 12, 1, 8, 18], [37, 20, 3, 8, 4]),
    ([1, 1, 1], [1, 1, 1]),
    ([30, 20, 10, 5], [4, 9, 22, 40]),
    ([0, 3, 9, 30], [25, 11, 4, 0]),
]


def test_the_published_fit():
    """Stata's manual, [R] rocfit: "rocfit disease rating" on the CT ratings of 1982."""
    fit = fit_binormal(*hanley_mcneil_1982())
    assert round(fit.a, 4) == 1.6568
    assert round(fit.b, 4) == 0.7130
    assert round(fit.auc, 6) == 0.911331
    assert round(fit.log_likelihood, 5) == -123.64855
    # Stata inverts the observed information, this the expected one.
    assert fit.auc_se == pytest.approx(0.0295, abs=3e-4)


def minus_log_likelihood(parameters, disease, normal):
    """In other coordinates: log b, the first cutoff, logarithms of the steps between cutoffs."""
    a, b = parameters[0], np.exp(parameters[1])
    cutoffs = np.cumsum([parameters[2], *np.exp(parameters[3:])])
    edges = np.array([-np.inf, *cutoffs, np.inf])
    p_normal = np.diff(stats.norm.cdf(edges))
    p_disease = np.diff(stats.norm.cdf(edges, a / b, 1 / b))
    return -(normal @ np.log(p_normal + 1e-300) + disease @ np.log(p_disease + 1e-300))


@pytest.mark.parametrize(("disease", "normal"), TABLES)
def test_a_general_optimizer_finds_the_same(disease, normal):
    disease, normal = np.array(disease), np.array(normal)
    start = [1.0 if disease[-1] > disease[0] else -1.0, 0.0, -1.0, *np.full(len(normal) - 2, -0.5)]
    options = {"xatol": 1e-9, "fatol": 1e-12, "maxiter": 20_000, "maxfev": 20_000}
    found = optimize.minimize(
        minus_log_likelihood, start, (disease, normal), method="Nelder-Mead", options=options
    )
    fit = fit_binormal(disease, normal)
    assert fit.log_likelihood == pytest.approx(-found.fun, abs=1e-7)
    assert fit.a == pytest.approx(found.x[0], abs=1e-3)
    assert fit.b == pytest.approx(np.exp(found.x[1]), abs=1e-3)
    assert (np.diff(fit.cutoffs) > 0).all()


@pytest.mark.parametrize(("a", "b"), [(1.5, 0.7), (0.0, 1.0), (2.5, 1.4), (-0.5, 0.9)])
def test_parameters_come_back_from_a_large_sample(a, b):
    edges = np.array([-np.inf, -0.5, 0.2, 0.9, 1.6, np.inf])
    normal = np.rint(1e7 * np.diff(stats.norm.cdf(edges))).astype(int)
    disease = np.rint(1e7 * np.diff(stats.norm.cdf(b * edges - a))).astype(int)
    fit = fit_binormal(disease, normal)
    assert (fit.a, fit.b) == pytest.approx((a, b), abs=1e-4)
    np.testing.assert_allclose(fit.cutoffs, edges[1:-1], atol=1e-4)
    assert fit.auc == pytest.approx(stats.norm.cdf(a / np.sqrt(1 + b**2)), abs=1e-5)


@pytest.mark.slow
def test_standard_errors_are_those_of_repeated_studies():
    rng = np.random.default_rng(0)
    edges = np.array([-np.inf, -0.4, 0.3, 1.0, np.inf])
    p_normal, p_disease = (np.diff(stats.norm.cdf(z)) for z in (edges, 0.8 * edges - 1.2))
    fits = [
        fit_binormal(rng.multinomial(150, p_disease), rng.multinomial(150, p_normal))
        for _ in range(300)
    ]
    values = np.array([(fit.a, fit.b, fit.auc) for fit in fits])
    errors = np.array([(*np.sqrt(np.diag(fit.covariance)), fit.auc_se) for fit in fits])
    np.testing.assert_allclose(values.std(axis=0), errors.mean(axis=0), rtol=0.12)


def test_the_curve_has_the_fitted_area_and_passes_the_points():
    ct = hanley_mcneil_1982()
    fit = fit_binormal(*ct)
    fpr = np.linspace(0, 1, 200_001)
    tpr = fit.sensitivity_at(fpr)
    assert (tpr[0], tpr[-1]) == (0, 1)
    assert np.mean((tpr[1:] + tpr[:-1]) / 2) == pytest.approx(fit.auc, abs=1e-4)
    points = RocCurve.from_ratings(*ct)
    np.testing.assert_allclose(fit.sensitivity_at(points.fpr), points.tpr, atol=0.02)


def test_unused_ratings_are_left_out():
    one = fit_binormal([3, 0, 2, 2, 11, 33], [33, 0, 6, 6, 11, 2])
    other = fit_binormal(*hanley_mcneil_1982())
    assert (one.a, one.b) == (other.a, other.b)
    assert len(one.cutoffs) == 4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("disease", "normal"),
    [
        ([0, 0, 10], [10, 5, 0]),
        ([0, 5, 10], [10, 0, 0]),
        ([5, 0, 5], [0, 5, 0]),
        ([0, 0, 5, 0, 5], [3, 0, 5, 0, 0]),
        ([0, 0, 5, 5], [5, 5, 0, 0]),
    ],
)
def test_degenerate_ratings(disease, normal):
    with pytest.raises(ValueError, match=r"disease and normal have no binormal curve"):
        fit_binormal(disease, normal)


@pytest.mark.parametrize(
    ("disease", "normal", "message"),
    [
        ([1, 2], [2, 1], "at least three ratings"),
        ([1, 0, 2], [2, 0, 1], "at least three ratings"),
        ([1, 2, 3], [2, 1], "disease, normal must have the same length"),
        ([0, 0, 0], [2, 1, 1], "disease must count at least one case"),
        ([1, 2, np.nan], [2, 1, 1], "disease must be a whole number"),
        ([1, 2, 3], [2, -1, 1], "normal must not be negative"),
    ],
)
def test_bad_ratings(disease, normal, message):
    with pytest.raises(ValueError, match=message):
        fit_binormal(disease, normal)


def test_bad_rates():
    with pytest.raises(ValueError, match="fpr must lie between 0 and 1"):
        fit_binormal(*hanley_mcneil_1982()).sensitivity_at(1.5)
