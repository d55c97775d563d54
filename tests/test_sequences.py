"""Windows, forecasts that feed on themselves, and the text."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib.sequences import book_prose, roll_out, windows


@given(n=st.integers(2, 60), length=st.integers(1, 20), horizon=st.integers(1, 20))
def test_windows_by_brute_force(n, length, horizon):
    series = np.arange(n) * 1.5
    if length + horizon > n:
        with pytest.raises(ValueError, match="series must have more than"):
            windows(series, length, horizon)
        return
    X, y = windows(series, length, horizon)
    pairs = [
        (series[i : i + length].tolist(), series[i + length - 1 + horizon])
        for i in range(n)
        if i + length - 1 + horizon < n
    ]
    assert X.tolist() == [window for window, _ in pairs]
    assert y.tolist() == [target for _, target in pairs]


def test_no_window_holds_its_target():
    X, y = windows(np.arange(30), 5, 3)
    assert all(target not in window for window, target in zip(X, y, strict=True))


def test_windows_do_not_share_memory():
    series = np.arange(10.0)
    X, _ = windows(series, 3)
    X[0] = -1
    assert series.tolist() == list(range(10))
    assert X[1].tolist() == [1, 2, 3]


def test_roll_out_follows_a_known_recurrence():
    X = np.array([[1.0, 1.0], [2.0, 1.0]])
    forecasts = roll_out(lambda X: X.sum(axis=1), X, 6)
    assert forecasts.tolist() == [[2, 3, 5, 8, 13, 21], [3, 4, 7, 11, 18, 29]]
    assert X.tolist() == [[1, 1], [2, 1]], "the windows stay as they were"


def test_roll_out_of_a_sine_is_the_sine():
    step = 0.2
    series = np.sin(step * np.arange(100))
    X, _ = windows(series[:50], 2)
    # sin(t + h) = 2 cos(h) sin(t) - sin(t - h)
    forecasts = roll_out(lambda X: 2 * np.cos(step) * X[:, 1] - X[:, 0], X, 40)
    assert forecasts[-1] == pytest.approx(series[49:89], abs=1e-9)


def test_the_prose_is_words_and_full_stops():
    lines = book_prose()
    assert len(lines) == 2205
    assert sum(len(line.split()) for line in lines) == 27_502
    assert all(
        re.fullmatch(r"[a-z]+(?:'[a-z]+)?(?: [a-z]+(?:'[a-z]+)?){4,}(?: [.?])?", line)
        for line in lines
    )


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: windows([1, 2, np.nan], 1), "series must be finite"),
        (lambda: windows([[1, 2]], 1), "series must be one-dimensional"),
        (lambda: windows([1, 2, 3], 0), "length must be at least 1, got 0"),
        (lambda: windows([1, 2, 3], 1, 0), "horizon must be at least 1"),
        (lambda: windows([1, 2, 3], 1.5), "length must be a whole number"),
        (lambda: roll_out(len, [1, 2], 1), r"X must have the shape \(cases, features\)"),
        (lambda: roll_out(len, [[1, 2]], 0), "steps must be at least 1"),
    ],
)
def test_bad_input(call, said):
    with pytest.raises(ValueError, match=said):
        call()
