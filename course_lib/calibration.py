"""Predicted risks: do they mean what they say, and is it worth acting on them?"""

from typing import NamedTuple

import numpy as np
from scipy import optimize, special, stats
from sklearn.isotonic import isotonic_regression

from ._undefined import undefined
from ._validation import (
    as_binary,
    as_choice,
    as_count,
    as_level,
    as_open_probability,
    as_probabilities,
    same_length,
)
from .intervals import Interval, wilson_interval, wilson_of_share, z_of

_STRATEGIES = ("quantile", "uniform")


class CalibrationCurve(NamedTuple):
    """One entry a bin: mean predicted risk, observed share of disease with interval, cases."""

    predicted: np.ndarray
    observed: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n: np.ndarray


def calibration_curve(y_true, y_prob, bins=10, strategy="quantile", level=0.95):
    """Observed share of disease among cases of similar predicted risk.

    Parameters
    ----------
    y_true : array_like of {0, 1}, shape (n,)
    y_prob : array_like of float in [0, 1], shape (n,)
        Predicted P(disease).
    bins : int
        Number of bins; those without a case are left out.
    strategy : {"quantile", "uniform"}
        Bins with about the same number of cases, or of the same width.
    level : float, default 0.95
        Of the Wilson interval of each observed share.

    Returns
    -------
    CalibrationCurve
        ``predicted, observed, low, high, n``, each of shape (bins in use,).
    """
    y_true, y_prob = _risks(y_true, y_prob)
    level = as_level(level)
    as_count(bins, "bins", least=1)
    as_choice(strategy, "strategy", _STRATEGIES)
    edges = np.arange(bins + 1) / bins
    if strategy == "quantile":
        edges = np.quantile(y_prob, edges)
    bin_of_case = np.searchsorted(edges[1:-1], y_prob)
    n = np.bincount(bin_of_case, minlength=bins)
    ill = np.bincount(bin_of_case, y_true, minlength=bins)[n > 0]
    predicted = np.bincount(bin_of_case, y_prob, minlength=bins)[n > 0]
    n = n[n > 0]
    limits = [wilson_interval(int(k), int(m), level) for k, m in zip(ill, n, strict=True)]
    low, high = np.transpose(limits)
    return CalibrationCurve(predicted / n, ill / n, low, high, n)


def smooth_curve(y_true, y_prob, width=0.1, points=50, level=0.95):
    """Observed share of disease without bins: one bin that slides over the cases.

    A case at rank r of n counts in the neighborhood of rank c by the weight
    ``w = exp(-½ ((r - c) / (width · n))²)``. There, mean risk is ``Σ w p / Σ w``, observed share
    ``Σ w y / Σ w``, and both rest on ``(Σ w)² / Σ w²`` cases. Risks are averaged like outcomes, so
    right risks lie on the diagonal also at the ends, where a neighborhood is lopsided.

    Parameters
    ----------
    y_true : array_like of {0, 1}, shape (n,)
    y_prob : array_like of float in [0, 1], shape (n,)
        Equal risks have the same rank, their middle one.
    width : float in (0, 1)
        Standard deviation of the neighborhood, as a share of the cases.
    points : int
        Neighborhoods, evenly spaced over the ranks.
    level : float, default 0.95
        Of Wilson's interval at each single point (pointwise).

    Returns
    -------
    CalibrationCurve
        ``predicted, observed, low, high, n``, each of shape (points,); ``predicted`` never falls.

    References
    ----------
    Nadaraya 1964, Theory Probab Appl 9:141. Why flexible curves: Van Calster et al. 2016, J Clin
    Epidemiol 74:167.
    """
    y_true, y_prob = _risks(y_true, y_prob)
    width, z = as_open_probability(width, "width"), z_of(level)
    rank = (stats.rankdata(y_prob) - 0.5) / len(y_prob)
    center = np.linspace(rank.min(), rank.max(), as_count(points, "points", least=1))
    w = np.exp(-0.5 * ((rank - center[:, None]) / width) ** 2)
    w /= w.sum(axis=1, keepdims=True)
    predicted, observed = w @ y_prob, np.clip(w @ y_true, 0, 1)
    n = 1 / (w**2).sum(axis=1)
    return CalibrationCurve(predicted, observed, *wilson_of_share(observed, n, z), n)


def brier_score(y_true, y_prob):
    """Mean squared distance of the predicted risk from the truth, ``Σ (p_i - y_i)² / n``.

    0 is perfect; always predicting the prevalence p scores p (1 - p), at most 0.25.

    References
    ----------
    Brier 1950, Monthly Weather Review 78:1.
    """
    y_true, y_prob = _risks(y_true, y_prob)
    return float(np.mean((y_prob - y_true) ** 2))


class BrierDecomposition(NamedTuple):
    """``Brier score = miscalibration - discrimination + uncertainty``, all at least 0."""

    miscalibration: float
    discrimination: float
    uncertainty: float


def brier_decomposition(y_true, y_prob):
    """Split the Brier score into miscalibration, discrimination and uncertainty.

    Compared with the prediction is its own best recalibration, the isotonic regression of truth
    on prediction; no bins are chosen, and the three parts add up exactly.

    Returns
    -------
    BrierDecomposition
        ``miscalibration``: what recalibration would gain. ``discrimination``: what the recalibrated
        risks gain over always saying the prevalence. ``uncertainty``: p (1 - p), the score of
        always saying the prevalence.

    References
    ----------
    Dimitriadis, Gneiting & Jordan 2021, PNAS 118:e2016191118.
    """
    y_true, y_prob = _risks(y_true, y_prob)
    # Cases of equal risk stay together.
    risks, index, n = np.unique(y_prob, return_inverse=True, return_counts=True)
    share = np.bincount(index, y_true, minlength=len(risks)) / n
    recalibrated = isotonic_regression(share, sample_weight=n)[index]
    score, best = np.mean((y_prob - y_true) ** 2), np.mean((recalibrated - y_true) ** 2)
    uncertainty = y_true.mean() * (1 - y_true.mean())
    return BrierDecomposition(float(score - best), float(uncertainty - best), float(uncertainty))


class Estimate(NamedTuple):
    """A number with its confidence interval."""

    value: float
    interval: Interval


def observed_expected(y_true, y_prob, level=0.95):
    """Calibration in the large: how many were ill, over how many the risks foretold.

    ``O/E = Σ y_i / Σ p_i``. 1 is right; 2 says that twice as many are ill as predicted.

    Parameters
    ----------
    y_true : array_like of {0, 1}, shape (n,)
    y_prob : array_like of float in [0, 1], shape (n,)
    level : float, default 0.95
        Of Wilson's interval of the share of the ill, over the mean risk.

    Returns
    -------
    Estimate
        ``value, interval``; NaN, with one warning, if all risks are 0.

    References
    ----------
    Van Calster et al. 2019, BMC Med 17:230.
    """
    y_true, y_prob = _risks(y_true, y_prob)
    low, high = wilson_interval(int(y_true.sum()), len(y_true), level)
    expected = y_prob.mean()
    if expected == 0:
        nan = undefined("observed / expected", "all risks are 0")
        return Estimate(nan, Interval(nan, nan))
    ends = Interval(float(low / expected), float(high / expected))
    return Estimate(float(y_true.mean() / expected), ends)


def intercept(y_true, y_prob, level=0.95):
    """Calibration intercept: what must be added to the log odds of all risks.

    a in ``logit P(ill) = a + logit p``. 0 is right; below 0 the risks are too high on the whole.

    Parameters
    ----------
    y_true : array_like of {0, 1}, shape (n,)
    y_prob : array_like of float, shape (n,)
        Strictly between 0 and 1: one certain error would outweigh everything.
    level : float, default 0.95
        Of the interval, a ± z SE.

    Returns
    -------
    Estimate
        ``value, interval``; NaN, with one warning, where one class alone occurs.

    References
    ----------
    Cox 1958, Biometrika 45:562. Van Calster et al. 2019, BMC Med 17:230.
    """
    y_true, logit = _log_odds(y_true, y_prob)
    return _logistic(np.ones((len(logit), 1)), y_true, logit, level, "the calibration intercept")


def slope(y_true, y_prob, level=0.95):
    """Calibration slope: by what the log odds must be multiplied.

    b in ``logit P(ill) = a + b logit p``. 1 is right; below 1 the risks are too extreme, the mark
    of overfitting.

    Parameters
    ----------
    y_true, y_prob, level
        As in `intercept`.

    Returns
    -------
    Estimate
        ``value, interval``; NaN, with one warning, where all risks are equal or the classes do not
        overlap: no slope, or any however steep, fits.

    References
    ----------
    As `intercept`.
    """
    y_true, logit = _log_odds(y_true, y_prob)
    design = np.column_stack([np.ones_like(logit), logit])
    return _logistic(design, y_true, 0, level, "the calibration slope")


class DecisionCurve(NamedTuple):
    """Net benefit per patient at each threshold probability; `treat_none` is 0 everywhere."""

    thresholds: np.ndarray
    model: np.ndarray
    low: np.ndarray
    high: np.ndarray
    treat_all: np.ndarray
    treat_none: np.ndarray


def decision_curve(y_true, y_prob, thresholds=None, level=0.95):
    """Net benefit of treating where the predicted risk is at least the threshold.

    ``NB(t) = TP/n - FP/n · t/(1 - t)``: whoever treats from a risk of t on accepts (1 - t)/t false
    alarms for one patient found. The unit is true positives per patient without any false alarm.

    Parameters
    ----------
    y_true : array_like of {0, 1}, shape (n,)
    y_prob : array_like of float in [0, 1], shape (n,)
    thresholds : array_like of float in [0, 1), optional
        By default 0.01, 0.02, …, 0.99.
    level : float, default 0.95
        Of the interval at each single threshold (pointwise), from Wilson's intervals of TP/n and
        FP/n (MOVER). So it has a width also where nobody is treated: others may come. Where
        t/(1 - t) is large, so is what one false alarm would cost.

    Returns
    -------
    DecisionCurve
        ``thresholds, model, low, high, treat_all, treat_none``.

    References
    ----------
    Vickers & Elkin 2006, Med Decis Making 26:565. Interval: Zou 2008, Stat Med 27:1693.
    """
    y_true, y_prob = _risks(y_true, y_prob)
    z = z_of(level)
    t = np.arange(1, 100) / 100 if thresholds is None else thresholds
    t = as_probabilities(t, "thresholds")
    if t.max() == 1:
        raise ValueError("thresholds must be below 1: nothing outweighs a threshold of 1.")
    n, weight = len(y_true), t / (1 - t)
    tp, fp = ((len(p) - np.searchsorted(p, t)) / n for p in _sorted_by_class(y_true, y_prob))
    model = tp - fp * weight
    (tp_low, tp_high), (fp_low, fp_high) = wilson_of_share(tp, n, z), wilson_of_share(fp, n, z)
    # A patient is either of the two or neither: their shares are correlated by less than 0.
    both = (1 - tp) * (1 - fp)
    r = -np.sqrt(np.divide(tp * fp, both, where=both > 0, out=np.zeros_like(both)))
    low = model - _added(tp - tp_low, weight * (fp_high - fp), r)
    high = model + _added(tp_high - tp, weight * (fp - fp_low), r)
    treat_all = y_true.mean() - (1 - y_true.mean()) * weight
    return DecisionCurve(t, model, low, high, treat_all, np.zeros_like(t))


def _added(a, b, r):
    """Distance of a limit of a difference, from the distances of both terms with correlation r."""
    return np.sqrt(a**2 + b**2 - 2 * r * a * b)


def _log_odds(y_true, y_prob):
    y_true, y_prob = _risks(y_true, y_prob)
    if y_prob.min() == 0 or y_prob.max() == 1:
        raise ValueError("y_prob must lie strictly between 0 and 1, where log odds are finite.")
    return y_true, special.logit(y_prob)


def _logistic(design, y_true, offset, level, name):
    """The last coefficient of a logistic regression with Wald's interval; NaN if nothing fits."""
    z = z_of(level)
    if not _overlap(design, y_true):
        nan = undefined(name, "the classes do not overlap in it")
        return Estimate(nan, Interval(nan, nan))
    coefficients, covariance = _fit(design, y_true, offset)
    b, half = coefficients[-1], z * np.sqrt(covariance[-1, -1])
    return Estimate(float(b), Interval(float(b - half), float(b + half)))


def _overlap(design, y_true):
    """Whether a logistic regression on a constant, or on it and one number, has a finite fit."""
    if y_true.all() or not y_true.any():
        return False
    ill, well = design[y_true, -1], design[~y_true, -1]
    constant_alone = design.shape[1] == 1
    return constant_alone or (well.max() > ill.min() and ill.max() > well.min())


def _fit(design, y_true, offset):
    """Coefficients of a logistic regression, by Newton's method, and their covariance."""

    def loss(b):
        # log(1 + e^x), without overflow
        x = design @ b + offset
        return np.sum(np.logaddexp(0, x) - y_true * x)

    def gradient(b):
        return design.T @ (special.expit(design @ b + offset) - y_true)

    def information(b):
        p = special.expit(design @ b + offset)
        return (design.T * (p * (1 - p))) @ design

    fit = optimize.minimize(
        loss, np.zeros(design.shape[1]), jac=gradient, hess=information, method="trust-exact"
    )
    return fit.x, np.linalg.inv(information(fit.x))


def _sorted_by_class(y_true, y_prob):
    return np.sort(y_prob[y_true]), np.sort(y_prob[~y_true])


def _risks(y_true, y_prob):
    y_true, y_prob = as_binary(y_true, "y_true"), as_probabilities(y_prob, "y_prob")
    same_length(y_true=y_true, y_prob=y_prob)
    return y_true, y_prob
