"""Predicted risks: do they mean what they say, and is it worth acting on them?"""

from typing import NamedTuple

import numpy as np
from sklearn.isotonic import isotonic_regression

from ._validation import as_binary, as_choice, as_count, as_level, as_probabilities, same_length
from .intervals import wilson_interval, z_of

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
        Of the interval at each single threshold (pointwise): net benefit ± z SE, because it is a
        mean over patients.

    Returns
    -------
    DecisionCurve
        ``thresholds, model, low, high, treat_all, treat_none``.

    References
    ----------
    Vickers & Elkin 2006, Med Decis Making 26:565.
    """
    y_true, y_prob = _risks(y_true, y_prob)
    level = as_level(level)
    t = np.arange(1, 100) / 100 if thresholds is None else thresholds
    t = as_probabilities(t, "thresholds")
    if t.max() == 1:
        raise ValueError("thresholds must be below 1: nothing outweighs a threshold of 1.")
    n, weight = len(y_true), t / (1 - t)
    tp, fp = ((len(p) - np.searchsorted(p, t)) / n for p in _sorted_by_class(y_true, y_prob))
    model = tp - fp * weight
    se = np.sqrt((tp + fp * weight**2 - model**2) / n)
    half = z_of(level) * se
    treat_all = y_true.mean() - (1 - y_true.mean()) * weight
    return DecisionCurve(t, model, model - half, model + half, treat_all, np.zeros_like(t))


def _sorted_by_class(y_true, y_prob):
    return np.sort(y_prob[y_true]), np.sort(y_prob[~y_true])


def _risks(y_true, y_prob):
    y_true, y_prob = as_binary(y_true, "y_true"), as_probabilities(y_prob, "y_prob")
    same_length(y_true=y_true, y_prob=y_prob)
    return y_true, y_prob
