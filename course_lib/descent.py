"""Gradient descent on the mean squared error, small enough to follow by hand."""

import numpy as np

from ._validation import (
    as_count,
    as_features,
    as_positive,
    as_probability,
    as_scores,
    same_length,
)


def loss(X, y, w):
    """Mean squared error of the linear model ``X @ w``."""
    return np.mean((X @ w - y) ** 2)


def gradient(X, y, w):
    """Gradient of `loss` with respect to `w`: 2 Xᵀ(Xw − y) / n."""
    return 2 * X.T @ (X @ w - y) / len(y)


def largest_stable_rate(X, momentum=0.0):
    """Learning rate beyond which gradient descent moves away from the minimum.

    The loss is a bowl whose curvatures are the eigenvalues of its Hessian, 2 XᵀX / n. Along the
    steepest, one step multiplies the distance to the minimum by 1 − lr λ, which grows in size
    beyond 2/λ. Momentum μ raises that to 2(1 + μ)/λ.

    Parameters
    ----------
    X : array_like, shape (n, features)
        Not all zero.
    momentum : float in [0, 1)

    References
    ----------
    Goh 2017, "Why momentum really works", Distill, doi 10.23915/distill.00006.
    """
    X = as_features(X, "X")
    _check_momentum(momentum)
    steepest = np.linalg.eigvalsh(2 * X.T @ X / len(X))[-1]
    if steepest <= 0:
        raise ValueError("X must not be all zero.")
    return float(2 * (1 + momentum) / steepest)


def descend(X, y, start, lr, steps, *, momentum=0.0, batch=None, seed=0):
    """Walk downhill from `start` and remember every step.

    Parameters
    ----------
    X : array_like, shape (n, features)
    y : array_like, shape (n,)
    start : array_like, shape (features,)
    lr : float
        Learning rate, above 0.
    steps : int
    momentum : float in [0, 1)
        Share of the last step that is taken again: v ← μ v − lr ∇, w ← w + v.
    batch : int, optional
        Cases from which each gradient is estimated, drawn without replacement until all were
        used; by default all of them.
    seed : int
        Of the order of the cases.

    Returns
    -------
    ndarray, shape (steps + 1, features)
        The first row is `start`. Infinite or NaN where the walk left all bounds.
    """
    X, y, start = as_features(X, "X"), as_scores(y, "y"), as_scores(start, "start")
    same_length(X=X, y=y)
    if len(start) != X.shape[1]:
        raise ValueError(f"start must hold a weight a feature, {X.shape[1]}, got {len(start)}.")
    lr = as_positive(lr, "lr")
    _check_momentum(momentum)
    batch = len(y) if batch is None else batch
    if not 1 <= as_count(batch, "batch") <= len(y):
        raise ValueError(f"batch must lie between 1 and {len(y)}, the cases of X, got {batch}.")
    path = np.empty((as_count(steps, "steps") + 1, len(start)))
    path[0] = start
    velocity = np.zeros_like(path[0])
    # Too large a rate is what one comes here to see.
    with np.errstate(over="ignore", invalid="ignore"):
        for k, cases in enumerate(_batches(len(y), batch, steps, seed)):
            velocity = momentum * velocity - lr * gradient(X[cases], y[cases], path[k])
            path[k + 1] = path[k] + velocity
    return path


def _batches(n, batch, steps, seed):
    """Row numbers for each step: shuffled cases in order, reshuffled when too few remain."""
    rng = np.random.default_rng(seed)
    order = np.arange(0)
    for _ in range(steps):
        if len(order) < batch:
            order = rng.permutation(n)
        yield order[:batch]
        order = order[batch:]


def _check_momentum(momentum):
    if as_probability(momentum, "momentum") == 1:
        raise ValueError("momentum must be below 1, or the walk never comes to rest, got 1.")
