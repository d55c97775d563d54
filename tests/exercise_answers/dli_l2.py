"""Answers to the exercises of the chapter "L2: training"."""

import numpy as np
import torch


def _step_loop(w, X, y, lr):
    gradient = np.zeros(len(w))
    for row, target in zip(X, y, strict=True):
        gradient += 2 * (row @ w - target) * row / len(y)
    return [a - lr * b for a, b in zip(w, gradient, strict=True)]


def _step_backward(w, X, y, lr):
    w = torch.tensor(w, requires_grad=True)
    torch.mean((torch.tensor(X) @ w - torch.tensor(y)) ** 2).backward()
    return w.detach() - lr * w.grad


def _step_in_place(w, X, y, lr):
    w -= lr * 2 * (X.T @ X @ w - X.T @ y) / len(y)
    return w


def _largest_rate_by_powers(X):
    H = 2 * X.T @ X / len(X)
    # Squared twenty times, a matrix is its largest eigenvalue's, but for a scale.
    power = H
    for _ in range(20):
        power = power @ power / np.linalg.norm(power @ power)
    v = power @ np.ones(len(H))
    return 2 * (v @ v) / (v @ H @ v)


def _sgd(w, v, gradient, lr, momentum):
    """PyTorch's velocity is this one divided by -lr."""
    parameter = torch.nn.Parameter(torch.tensor(w))
    optimizer = torch.optim.SGD([parameter], lr=lr, momentum=momentum)
    optimizer.state[parameter]["momentum_buffer"] = -torch.tensor(v) / lr
    parameter.grad = torch.tensor(gradient)
    optimizer.step()
    return parameter, -lr * optimizer.state[parameter]["momentum_buffer"]


def _stopping_slices(losses, patience):
    for epoch in range(len(losses)):
        best = int(np.argmin(losses[: epoch + 1]))
        if epoch - best == patience:
            return best
    return int(np.argmin(losses))


def _stopping_running(losses, patience):
    lowest, kept, left = float("inf"), None, patience
    for epoch, loss in enumerate(losses.tolist()):
        if loss < lowest:
            lowest, kept, left = loss, epoch, patience
            continue
        left -= 1
        if not left:
            break
    return kept


def _stopping_first(losses, patience):
    """The first epoch that nothing betters in as many epochs as the patience."""
    return next(
        e
        for e in range(len(losses))
        if losses[e] < min(losses[:e], default=np.inf)
        and not np.any(losses[e + 1 : e + 1 + patience] < losses[e])
    )


def _waits_for_equal(losses, patience):
    lowest, kept, waited = np.inf, 0, 0
    for epoch, loss in enumerate(losses):
        if loss <= lowest:
            lowest, kept, waited = loss, epoch, 0
        else:
            waited += 1
        if waited == patience:
            break
    return kept


def _waits_one_more(losses, patience):
    lowest, kept, waited = np.inf, 0, 0
    for epoch, loss in enumerate(losses):
        if loss < lowest:
            lowest, kept, waited = loss, epoch, 0
        else:
            waited += 1
        if waited > patience:
            break
    return kept


RIGHT = {
    "gradient_step": {
        "loop": _step_loop,
        "backward": _step_backward,
        "in place": _step_in_place,
        "other order": lambda w, X, y, lr: w + 2 * lr * ((y - X @ w) @ X) / len(X),
    },
    "largest_learning_rate": {
        "power iteration": _largest_rate_by_powers,
        "norm": lambda X: len(X) / np.linalg.norm(X, 2) ** 2,
        "without sorting": lambda X: 1 / np.linalg.eigvals(X.T @ X / len(X)).real.max(),
        "torch": lambda X: len(X) / torch.linalg.matrix_norm(torch.tensor(X).float(), 2) ** 2,
    },
    "momentum_step": {
        "sgd": _sgd,
        "list": lambda w, v, g, lr, m: [w + m * v - lr * g, m * v - lr * g],
        "new weights less old": lambda w, v, g, lr, m: (w - (lr * g - m * v), -(lr * g - m * v)),
    },
    "early_stopping": {
        "slices": _stopping_slices,
        "running": _stopping_running,
        "first": _stopping_first,
    },
}

WRONG = {
    "gradient_step": {
        "gradient of the norm": (
            lambda w, X, y, lr: w - lr * X.T @ (X @ w - y) / np.linalg.norm(X @ w - y),
            None,
        ),
        "error upside down": (
            lambda w, X, y, lr: w - lr * 2 * X.T @ (y - X @ w) / len(y),
            "uphill",
        ),
        "divided by the features": (
            lambda w, X, y, lr: w - lr * 2 * X.T @ (X @ w - y) / X.size,
            None,
        ),
        "target forgotten": (lambda w, X, y, lr: w - lr * 2 * X.T @ (X @ w) / len(y), None),
        "rate forgotten": (lambda w, X, y, lr: w - 2 * X.T @ (X @ w - y) / len(y), None),
        "solution": (lambda w, X, y, lr: np.linalg.lstsq(X, y, rcond=None)[0], None),
    },
    "largest_learning_rate": {
        "trace": (lambda X: len(X) / np.trace(X.T @ X), None),
        "not squared": (lambda X: len(X) / np.linalg.norm(X, 2), None),
        "largest curvature": (lambda X: 2 * np.linalg.norm(X, 2) ** 2 / len(X), None),
        "Frobenius": (lambda X: 2 / np.linalg.norm(2 * X.T @ X / len(X)), None),
        "n less one": (lambda X: (len(X) - 1) / np.linalg.norm(X, 2) ** 2, None),
    },
    "momentum_step": {
        "torch": (
            lambda w, v, g, lr, m: (w - lr * (m * v + g), m * v + g),
            "rate_outside",
        ),
        "Nesterov": (
            lambda w, v, g, lr, m: (w - lr * g + m * (m * v - lr * g), m * v - lr * g),
            "nesterov",
        ),
        "velocity first": (lambda w, v, g, lr, m: (m * v - lr * g, w + m * v - lr * g), "reversed"),
        "weights alone": (lambda w, v, g, lr, m: w + m * v - lr * g, None),
        "velocity counts in full": (lambda w, v, g, lr, m: (w + v - lr * g, v - lr * g), None),
        "rate on both": (
            lambda w, v, g, lr, m: (w + lr * (m * v - g), lr * (m * v - g)),
            None,
        ),
    },
    "early_stopping": {
        "equal counts": (_waits_for_equal, "equal_is_better"),
        "one more epoch": (_waits_one_more, "one_too_late"),
        "from one": (lambda losses, patience: _stopping_running(losses, patience) + 1, None),
        "the loss": (lambda losses, patience: losses[_stopping_running(losses, patience)], None),
        "last epoch": (lambda losses, patience: len(losses) - 1, None),
        "one less": (
            lambda losses, patience: _stopping_running(losses, patience - 1),
            None,
        ),
    },
}
