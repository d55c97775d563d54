"""Sequences: windows over a series, forecasts that feed on themselves, simulated heart rhythms."""

from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ._validation import as_count, as_features, as_nonnegative, as_scores


def windows(series, length, horizon=1):
    """Cut a series into windows and, for each, the value that comes `horizon` samples later.

    Parameters
    ----------
    series : array_like, shape (n,)
    length : int
        Samples in a window.
    horizon : int, default 1
        1 is the sample right behind the window.

    Returns
    -------
    X : ndarray, shape (n - length - horizon + 1, length)
        Row i holds samples i to i + length - 1.
    y : ndarray, shape (n - length - horizon + 1,)
        Sample i + length - 1 + horizon.
    """
    series = as_scores(series, "series")
    as_count(length, "length", least=1)
    as_count(horizon, "horizon", least=1)
    if length + horizon > len(series):
        raise ValueError(
            f"series must have more than length + horizon - 1 = {length + horizon - 1} samples, "
            f"got {len(series)}."
        )
    X = sliding_window_view(series, length)
    return X[: len(series) - length - horizon + 1].copy(), series[length - 1 + horizon :]


def roll_out(predict, X, steps):
    """Forecast many steps ahead with a model of one step: each forecast becomes an input.

    Parameters
    ----------
    predict : callable
        ``predict(X)`` returns the next sample (m,) of windows (m, length).
    X : array_like, shape (m, length)
        Windows that were measured.
    steps : int

    Returns
    -------
    ndarray, shape (m, steps)
        Column k is the forecast k + 1 samples behind the window; only the first rests on
        measurements alone.
    """
    X = as_features(X, "X")
    as_count(steps, "steps", least=1)
    forecasts = np.empty((len(X), steps))
    for k in range(steps):
        forecasts[:, k] = predict(X)
        X = np.column_stack([X[:, 1:], forecasts[:, k]])
    return forecasts


class Rhythms(NamedTuple):
    """Simulated intervals between heartbeats in seconds, and whether they are irregular."""

    intervals: np.ndarray
    y_true: np.ndarray


def simulated_rhythms(patients, beats=30, *, jitter=0.06, seed=0):
    """Two kinds of irregular pulse, simulated so that only the order tells them apart.

    Half of the patients are *regularly irregular*: a pattern of two, three or four intervals that
    repeats, as with premature beats in bigeminy or with a conduction block. The others are
    *irregularly irregular*, as in atrial fibrillation: the same kind of intervals in random order.
    Real rhythms differ in more than order; here nothing else helps on purpose.

    Parameters
    ----------
    patients : int
        At least 2; every second one is irregularly irregular.
    beats : int
        Intervals a patient, at least 4.
    jitter : float
        Standard deviation of each interval as a share of the patient's mean.
    seed : int

    Returns
    -------
    Rhythms
        ``intervals`` (patients, beats) float, mean 0.65 to 1 s, none below 0.15 s; ``y_true``
        (patients,) int, 1 = irregularly irregular.
    """
    as_count(patients, "patients", least=2)  # one of each kind
    as_count(beats, "beats", least=4)  # the longest pattern
    jitter = as_nonnegative(jitter, "jitter")
    rng = np.random.default_rng(seed)
    y_true = np.arange(patients) % 2
    intervals = np.empty((patients, beats))
    for patient, random_order in enumerate(y_true):
        period = rng.integers(2, 5)
        pattern = 1 + 0.2 * rng.standard_normal(period)
        phase = rng.integers(period)
        repeated = np.resize(np.roll(pattern / pattern.mean(), phase), beats)
        if random_order:
            rng.shuffle(repeated)
        mean = rng.uniform(0.65, 1.0)
        intervals[patient] = mean * (repeated + jitter * rng.standard_normal(beats))
    # Two beats of a heart are never closer: the muscle has to recover first.
    return Rhythms(np.maximum(intervals, 0.15), y_true)
