"""Windows, forecasts that feed on themselves, and the simulated rhythms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib.sequences import roll_out, simulated_rhythms, windows


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


def test_rhythms_differ_in_order_alone():
    intervals, y_true = simulated_rhythms(200, jitter=0.0, seed=3)
    assert intervals.shape == (200, 30)
    assert y_true.sum() == 100
    for patient, random_order in zip(intervals, y_true, strict=True):
        repeats = [
            k for k in (2, 3, 4) if np.allclose(patient[k:], patient[:-k], rtol=1e-9, atol=1e-12)
        ]
        assert bool(repeats) != bool(random_order)
        values = np.unique(patient.round(9))
        assert len(values) <= 4


def test_rhythms_are_possible_pulses_and_follow_the_seed():
    one, again, other = (simulated_rhythms(100, seed=seed).intervals for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert one.min() >= 0.15
    assert one.mean(axis=1).min() > 0.6
    assert one.mean(axis=1).max() < 1.1


def test_nothing_without_order_tells_the_rhythms_apart():
    intervals, y_true = simulated_rhythms(4000, seed=0)
    for statistic in (np.mean, np.std, np.min, np.max, np.median):
        values = statistic(intervals, axis=1)
        a, b = values[y_true == 0], values[y_true == 1]
        assert abs(a.mean() - b.mean()) < 4 * np.hypot(a.std(), b.std()) / np.sqrt(2000)


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
        (lambda: simulated_rhythms(1), "patients must be at least 2"),
        (lambda: simulated_rhythms(4, beats=3), "beats must be at least 4"),
        (lambda: simulated_rhythms(4, jitter=-0.1), "jitter must be finite and not negative"),
    ],
)
def test_bad_input(call, said):
    with pytest.raises(ValueError, match=said):
        call()
