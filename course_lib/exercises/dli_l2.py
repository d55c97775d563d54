"""Exercises of the chapter "L2: training"."""

import numpy as np

from ._exercise import Exercise, Misconception


def _residual_gradient(w, X, y):
    """Gradient of half the squared error, summed over the cases."""
    return X.T @ (X @ w - y)


def _gradient_step(w, X, y, lr):
    return w - lr * 2 / len(y) * _residual_gradient(w, X, y)


def _regression_cases(rng):
    X, y = np.array([[1.0], [2.0], [3.0]]), np.array([2.0, 4.0, 6.0])
    cases = [(np.array([0.0]), X, y, 0.1)]
    for n, features in ((5, 2), (12, 3), (30, 6)):
        X = rng.normal(size=(n, features))
        cases.append(
            (rng.normal(size=features), X, rng.normal(size=n), float(rng.uniform(0.01, 1)))
        )
    return cases


def _curvatures(X):
    return np.linalg.eigvalsh(2 * X.T @ X / len(X))


def _largest_learning_rate(X):
    return 2 / _curvatures(X)[-1]


def _table_cases(rng):
    cases = [(np.array([[1.0, 0.0], [0.0, 2.0]]),)]
    for n, features in ((10, 2), (25, 3), (60, 5)):
        cases.append((rng.normal(size=(n, features)) @ rng.normal(size=(features, features)),))
    return cases


def _momentum_step(w, v, gradient, lr, momentum):
    v = momentum * v - lr * gradient
    return w + v, v


def _momentum_cases(rng):
    cases = [(np.array([1.0]), np.array([0.5]), np.array([2.0]), 0.1, 0.9)]
    for features in (2, 4, 7):
        w, v, gradient = rng.normal(size=(3, features))
        lr, momentum = rng.uniform((0.01, 0.5), (0.5, 0.95))
        cases.append((w, v, gradient, float(lr), float(momentum)))
    return cases


def _early_stopping(losses, patience):
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        if epoch - best >= patience:
            break
    return best


def _equal_is_better(losses, patience):
    best = 0
    for epoch, loss in enumerate(losses):
        if loss <= losses[best]:
            best = epoch
        if epoch - best >= patience:
            break
    return best


def _stopped_at(losses, patience):
    best = _early_stopping(losses, patience)
    return min(best + patience, len(losses) - 1)


def _rises_in_a_row(losses, patience):
    """Wrong: compares with the epoch before instead of with the best one."""
    rises = 0
    for epoch in range(1, len(losses)):
        rises = rises + 1 if losses[epoch] >= losses[epoch - 1] else 0
        if rises == patience:
            return epoch - patience
    return int(np.argmin(losses))


_STOPPING = (
    _early_stopping,
    _stopped_at,
    lambda losses, patience: int(np.argmin(losses)),
    _rises_in_a_row,
    lambda losses, patience: _early_stopping(losses, 1),
)


def _stopping_cases(rng):
    cases = [
        (np.array([1.0, 0.7, 0.5, 0.6, 0.55, 0.8, 0.4]), 3),
        # A better loss comes just in time, then the best again, and a better one too late.
        (np.array([0.9, 0.8, 0.85, 0.875, 0.825, 0.625, 0.75, 0.625, 0.75, 0.7, 0.5, 0.6]), 4),
    ]
    while len(cases) < 6:
        epochs = np.arange(30)
        # Falls, rises with the over-fit, and falls once more when it is too late.
        losses = 0.3 + np.exp(-epochs / 4) + 0.02 * epochs - 0.06 * np.maximum(epochs - 20, 0)
        losses = (losses + 0.08 * rng.standard_normal(30)).round(3)
        case = (losses, int(rng.integers(3, 6)))
        if len({function(*case) for function in _STOPPING}) == len(_STOPPING):
            cases.append(case)
    # Without the late fall: the end comes before the patience is used up.
    return [*cases, (np.array([0.9, 0.8, 0.6, 0.5]), 2)]


EXERCISES = (
    Exercise(
        id="dli_l2.gradient_step",
        title="One step downhill",
        reference=_gradient_step,
        cases=_regression_cases,
        misconceptions=(
            Misconception(
                "uphill",
                lambda w, X, y, lr: w + lr * 2 / len(y) * _residual_gradient(w, X, y),
                "This is a step uphill, where the gradient points. Go the other way: subtract.",
            ),
            Misconception(
                "sum",
                lambda w, X, y, lr: w - lr * 2 * _residual_gradient(w, X, y),
                "This is the step for the sum over the cases. The loss is a mean: divide by their "
                "number, or the learning rate that works depends on the number of patients.",
            ),
            Misconception(
                "no_two",
                lambda w, X, y, lr: w - lr / len(y) * _residual_gradient(w, X, y),
                "This is the step for half the mean squared error, which other books take. The "
                "loss here has no half, and deriving the square leaves a factor 2.",
            ),
            Misconception(
                "gradient_alone",
                lambda w, X, y, lr: 2 / len(y) * _residual_gradient(w, X, y),
                "That is the gradient. The step starts at w and goes the learning rate times the "
                "gradient downhill.",
            ),
        ),
    ),
    Exercise(
        id="dli_l2.largest_learning_rate",
        title="The edge of the valley",
        reference=_largest_learning_rate,
        cases=_table_cases,
        misconceptions=(
            Misconception(
                "smallest_curvature",
                lambda X: 2 / _curvatures(X)[0],
                "This is the edge of the flattest direction. The steepest one diverges first: "
                "take the largest eigenvalue.",
            ),
            Misconception(
                "no_overshoot",
                lambda X: 1 / _curvatures(X)[-1],
                "With this rate, 1/λ, the first step lands exactly at the bottom of the steepest "
                "direction. It may overshoot by as much again before it gets worse.",
            ),
            Misconception(
                "no_mean",
                lambda X: 2 / (_curvatures(X)[-1] * len(X)),
                "This is the rate for the sum of the squared errors. The loss is a mean, so its "
                "curvature is 2 XᵀX / n.",
            ),
            Misconception(
                "no_two",
                lambda X: 4 / _curvatures(X)[-1],
                "This is the rate for the curvature XᵀX / n. Deriving a square twice leaves a "
                "factor 2: the Hessian of the mean squared error is twice that.",
            ),
        ),
    ),
    Exercise(
        id="dli_l2.momentum_step",
        title="A step with momentum",
        reference=_momentum_step,
        cases=_momentum_cases,
        misconceptions=(
            Misconception(
                "old_velocity",
                lambda w, v, gradient, lr, momentum: (w + v, momentum * v - lr * gradient),
                "This is the step with the old velocity. Update the velocity first, then move "
                "with it.",
            ),
            Misconception(
                "uphill",
                lambda w, v, gradient, lr, momentum: (
                    w + momentum * v + lr * gradient,
                    momentum * v + lr * gradient,
                ),
                "The ball accelerates uphill: the gradient enters the velocity with a minus.",
            ),
            Misconception(
                "average",
                lambda w, v, gradient, lr, momentum: (
                    w + momentum * v - (1 - momentum) * lr * gradient,
                    momentum * v - (1 - momentum) * lr * gradient,
                ),
                "This is the value if the gradient is weighed by 1 - momentum: an average of "
                "gradients, as in Adam. Here the new gradient counts in full.",
            ),
            Misconception(
                "forgets",
                lambda w, v, gradient, lr, momentum: (w - lr * gradient, -lr * gradient),
                "The old velocity is gone: this is plain gradient descent. Keep the share "
                "`momentum` of it.",
            ),
            Misconception(
                "rate_outside",
                lambda w, v, gradient, lr, momentum: (
                    w - lr * (momentum * v + gradient),
                    momentum * v + gradient,
                ),
                "This is the step as PyTorch writes it, where the rate multiplies the velocity "
                "at the end. Here the velocity already holds it: v ← μv - η∇L, w ← w + v.",
            ),
            Misconception(
                "nesterov",
                lambda w, v, gradient, lr, momentum: (
                    w + momentum * (momentum * v - lr * gradient) - lr * gradient,
                    momentum * v - lr * gradient,
                ),
                "The velocity is right, and the weights are those of Nesterov's momentum. Here "
                "w moves by the new velocity.",
            ),
        ),
    ),
    Exercise(
        id="dli_l2.early_stopping",
        title="Stop in time",
        reference=_early_stopping,
        cases=_stopping_cases,
        misconceptions=(
            Misconception(
                "where_it_stopped",
                _stopped_at,
                "That is the epoch at which training stops. The weights to keep are older: those "
                "of the best epoch so far.",
            ),
            Misconception(
                "looks_ahead",
                lambda losses, patience: int(np.argmin(losses)),
                "That is the minimum of the whole list, but training had stopped before it came "
                "there. Walk through the epochs and stop when the patience is used up.",
            ),
            Misconception(
                "rises_in_a_row",
                _rises_in_a_row,
                "This is the epoch before so many rises in a row. Patience counts the epochs "
                "since the *best* loss, whatever happened in between.",
            ),
            Misconception(
                "no_patience",
                lambda losses, patience: _early_stopping(losses, 1),
                "This is the best epoch before the first that was not better. A validation loss "
                "trembles: wait for `patience` epochs.",
            ),
            Misconception(
                "equal_is_better",
                _equal_is_better,
                "This is the epoch if a loss that equals the best one counts as an improvement. "
                "An equal loss is none: the earlier epoch is kept, and the waiting goes on.",
            ),
            Misconception(
                "one_too_late",
                lambda losses, patience: _early_stopping(losses, patience + 1),
                "This is the best epoch after waiting for one epoch more than `patience`.",
            ),
        ),
    ),
)
