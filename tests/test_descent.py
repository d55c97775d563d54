"""Gradient descent against finite differences, the closed form, and torch."""

import numpy as np
import pytest
import torch
from scipy.optimize import approx_fprime

from course_lib.descent import descend, gradient, largest_stable_rate, loss

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3)) @ np.array([[1, 0.5, 0], [0, 1, 0.3], [0, 0, 0.4]])
Y = RNG.normal(size=40)
START = np.array([1.0, -2.0, 3.0])


def test_gradient_against_finite_differences():
    slope = approx_fprime(START, lambda w: loss(X, Y, w), 1e-7)
    assert gradient(X, Y, START) == pytest.approx(slope, abs=1e-4)


def test_path_is_the_closed_form():
    """w_k − w* = (I − lr H)^k (w_0 − w*) for a quadratic bowl."""
    hessian = 2 * X.T @ X / len(X)
    bottom = np.linalg.lstsq(X, Y, rcond=None)[0]
    path = descend(X, Y, START, 0.2, 12)
    assert path.shape == (13, 3)
    for k, w in enumerate(path):
        shrink = np.linalg.matrix_power(np.eye(3) - 0.2 * hessian, k)
        assert w == pytest.approx(bottom + shrink @ (START - bottom), abs=1e-10)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_same_walk_as_torch(momentum):
    w = torch.tensor(START, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1, momentum=momentum)
    walked = [START]
    for _ in range(15):
        value = ((torch.tensor(X) @ w - torch.tensor(Y)) ** 2).mean()
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        walked.append(w.detach().numpy().copy())
    path = descend(X, Y, START, 0.1, 15, momentum=momentum)
    assert path == pytest.approx(np.array(walked), abs=1e-10)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_the_limit_separates_coming_nearer_from_running_away(momentum):
    limit = largest_stable_rate(X, momentum)
    bottom = np.linalg.lstsq(X, Y, rcond=None)[0]
    for share, comes_nearer in ((0.98, True), (1.01, False)):
        path = descend(X, Y, START, share * limit, 3000, momentum=momentum)
        far = np.abs(path[-1] - bottom).max() / np.abs(START - bottom).max()
        assert far < 1e-3 if comes_nearer else far > 1e3


def test_every_case_is_used_once_before_any_is_used_twice():
    """With one case a step and a unit vector for each, every step moves one weight."""
    cases = np.eye(6)
    path = descend(cases, np.ones(6), np.zeros(6), 0.1, 12, batch=1)
    moved = np.abs(np.diff(path, axis=0)).argmax(axis=1)
    assert sorted(moved[:6]) == sorted(moved[6:]) == list(range(6))
    assert moved[:6].tolist() != moved[6:].tolist()


def test_batches_follow_the_seed_and_the_whole_is_no_batch():
    one, again, other = (descend(X, Y, START, 0.1, 5, batch=8, seed=s) for s in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert descend(X, Y, START, 0.1, 5, batch=40) == pytest.approx(descend(X, Y, START, 0.1, 5))


def test_a_walk_may_leave_all_bounds_in_silence():
    assert not np.isfinite(descend(X, Y, START, 1e6, 200)[-1]).any()


def test_no_step_is_no_walk():
    assert descend(X, Y, START, 0.1, 0).tolist() == [START.tolist()]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"lr": 0}, "lr must be one number above 0"),
        ({"lr": np.inf}, "lr must be one number above 0"),
        ({"steps": -1}, "steps must not be negative"),
        ({"momentum": 1}, "momentum must be below 1"),
        ({"momentum": -0.1}, "momentum must lie between 0 and 1"),
        ({"batch": 0}, "batch must lie between 1 and 40"),
        ({"batch": 41}, "batch must lie between 1 and 40"),
        ({"start": [1, 2]}, "start must hold a weight a feature, 3, got 2"),
        ({"y": Y[:-1]}, "X has 40 and y has 39"),
        ({"X": X * np.nan}, "X must be finite"),
    ],
)
def test_bad_input(options, said):
    arguments = {"X": X, "y": Y, "start": START, "lr": 0.1, "steps": 3} | options
    with pytest.raises(ValueError, match=said):
        descend(**arguments)


def test_a_flat_valley_has_no_limit():
    with pytest.raises(ValueError, match="X must not be all zero"):
        largest_stable_rate(np.zeros((4, 2)))
