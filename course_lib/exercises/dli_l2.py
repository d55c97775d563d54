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
    cases = [(np.array([1.0, 0.7, 0.5, 0.6, 0.55, 0.8, 0.4]), 3)]
    while len(cases) < 5:
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
                "The gradient points uphill. Go the other way: subtract.",
            ),
            Misconception(
                "sum",
                lambda w, X, y, lr: w - lr * 2 * _residual_gradient(w, X, y),
                "You summed over the cases. The loss is a mean: divide by their number, or the "
                "learning rate that works depends on how many patients you have.",
            ),
            Misconception(
                "no_two",
                lambda w, X, y, lr: w - lr / len(y) * _residual_gradient(w, X, y),
                "The factor 2 from deriving the square is missing. It only doubles the learning "
                "rate, but then it is not the one you said.",
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
                "You used the flattest direction. The steepest one throws you out first: take the "
                "largest eigenvalue.",
            ),
            Misconception(
                "no_overshoot",
                lambda X: 1 / _curvatures(X)[-1],
                "With 1/λ the first step lands exactly at the bottom of the steepest direction. "
                "You may overshoot by as much again before it gets worse.",
            ),
            Misconception(
                "no_mean",
                lambda X: 2 / (_curvatures(X)[-1] * len(X)),
                "You forgot to divide by the number of cases: the loss is a mean, so its "
                "curvature is 2 XᵀX / n.",
            ),
            Misconception(
                "no_two",
                lambda X: 4 / _curvatures(X)[-1],
                "Your curvature is XᵀX / n. Deriving a square twice leaves a factor 2: the Hessian "
                "of the mean squared error is twice that.",
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
                "You moved with the old velocity. Update the velocity first, then move with it.",
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
                "You weighed the gradient by 1 - momentum: that is an average of gradients, as in "
                "Adam. Here the new gradient counts in full.",
            ),
            Misconception(
                "forgets",
                lambda w, v, gradient, lr, momentum: (w - lr * gradient, -lr * gradient),
                "The old velocity is gone: this is plain gradient descent. Keep the share "
                "`momentum` of it.",
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
                "You compared each epoch with the one before. Patience counts the epochs since the "
                "*best* loss, whatever happened in between.",
            ),
            Misconception(
                "no_patience",
                lambda losses, patience: _early_stopping(losses, 1),
                "You stopped at the first epoch that was not better. A validation loss trembles: "
                "wait for `patience` epochs.",
            ),
        ),
    ),
)
