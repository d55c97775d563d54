"""Sequences: windows over a series, forecasts that feed on themselves, and a text."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ._validation import as_count, as_features, as_scores
from .datasets._shipped import shipped


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


def book_prose():
    """Sentences of this book's own chapters, in their order, in small letters.

    A copy of November 2026, so that a network's numbers do not change with every correction.
    Numbers, formulas, code and tables are left out; a full stop or question mark at the end is a
    word of its own.

    Returns
    -------
    list of str
        2,205 sentences of five or more words, which blanks separate; 27,502 words.
    """
    return shipped("book/prose.txt").read_text(encoding="utf-8").splitlines()
