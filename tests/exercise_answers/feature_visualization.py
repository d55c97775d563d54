"""Answers to the exercises of the chapter "What a network sees"."""

import numpy as np
import torch


def _field_backwards(kernels, strides):
    size = 1
    for kernel, stride in zip(reversed(kernels), reversed(strides), strict=True):
        size = (size - 1) * stride + kernel
    return size


def _field_torch(kernels, strides):
    jumps = torch.cumprod(torch.tensor([1, *strides]), 0)[:-1]
    return 1 + ((torch.tensor(kernels) - 1) * jumps).sum()


def _step_torch(image, gradient, lr, epsilon=1e-8):
    image, gradient = (torch.tensor(a).float() for a in (image, gradient))
    return (image + lr * gradient / (gradient.pow(2).mean().sqrt() + epsilon)).clamp(0, 1)


def _step_loop(image, gradient, lr):
    values = gradient.ravel().tolist()
    rms = (sum(g * g for g in values) / len(values)) ** 0.5
    moved = [
        min(1.0, max(0.0, x + lr * g / rms))
        for x, g in zip(image.ravel().tolist(), values, strict=True)
    ]
    return np.reshape(moved, image.shape)


def _jitter_loop(image, down, right):
    height, width = image.shape[:2]
    result = np.empty_like(image)
    for i in range(height):
        for j in range(width):
            result[(i + down) % height, (j + right) % width] = image[i, j]
    return result


def _climb_with_autograd(image, even, odd, shifts, lr):
    image, even, odd = (torch.tensor(a).double() for a in (image, even, odd))
    for shift in shifts.tolist():
        x = image.clone().requires_grad_()
        seen = torch.roll(x, shift, (0, 1))
        ((even * seen).sum() ** 2 + (odd * seen).sum() ** 2).backward()
        image = (image + lr * x.grad / x.grad.pow(2).mean().sqrt()).clamp(0, 1)
    return image


def _climb_with_filters_moved(image, even, odd, shifts, lr, rms=True):
    """The filters move against the image: the gradient then needs no moving back."""
    for down, right in shifts:
        e, o = (np.roll(f, (-down, -right), (0, 1)) for f in (even, odd))
        gradient = np.vdot(e, image) * e + np.vdot(o, image) * o
        size = np.sqrt(np.mean(gradient**2)) if rms else np.abs(gradient).mean()
        image = np.clip(image + lr * gradient / size, 0, 1)
    return image


def _gradient_numeric(logits, k):
    return torch.autograd.functional.jacobian(
        lambda z: torch.softmax(z, 0)[k], torch.tensor(logits).float()
    )


def _gradient_loop(logits, k):
    powers = [np.exp(z - max(logits)) for z in logits]
    p = [power / sum(powers) for power in powers]
    return [p[k] * ((j == k) - p[j]) for j in range(len(p))]


def _failure_sorted(scores, best, least=0.5):
    here, *others = np.asarray(scores).ravel().tolist()
    others.sort()
    n = len(others)
    middle = (others[(n - 1) // 2] + others[n // 2]) / 2
    if here <= best:
        return "weak"
    return "grain" if middle < least * here else "none"


def _failure_torch(scores, best):
    scores = torch.tensor(scores).double().flatten()
    if scores[0] <= best:
        return "weak"
    return "grain" if scores[1:].quantile(0.5) < scores[0] / 2 else "none"


RIGHT = {
    "failure": {"sorted": _failure_sorted, "quantile": _failure_torch},
    "receptive_field": {"backwards": _field_backwards, "torch": _field_torch},
    "mixed_objective": {
        "loop": lambda s, i, d, j, share: (
            share * sum(s[i].ravel().tolist()) / s[i].size
            + (1 - share) * sum(d[j].ravel().tolist()) / d[j].size
        ),
        "all means": lambda s, i, d, j, share: np.dot(
            [s.mean((1, 2))[i], d.mean((1, 2))[j]], [share, 1 - share]
        ),
        "torch": lambda s, i, d, j, share: torch.lerp(
            torch.tensor(d[j]).float().mean(), torch.tensor(s[i]).float().mean(), share
        ),
    },
    "ascent_step": {
        "torch": lambda x, g, lr: _step_torch(x, g, lr, 0),
        "torch with epsilon": _step_torch,
        "loop": _step_loop,
        "norm": lambda x, g, lr: np.clip(x + lr * g * g.size**0.5 / np.linalg.norm(g), 0, 1),
    },
    "jitter": {
        "loop": _jitter_loop,
        "torch": lambda x, down, right: torch.roll(torch.tensor(x), (down, right), (0, 1)),
        "slices": lambda x, down, right: np.concatenate(
            [
                (y := np.concatenate([x[-down % len(x) :], x[: -down % len(x)]]))[
                    :, -right % x.shape[1] :
                ],
                y[:, : -right % x.shape[1]],
            ],
            axis=1,
        ),
    },
    "favorite_picture": {
        "autograd": _climb_with_autograd,
        "filters moved": _climb_with_filters_moved,
    },
    "probability_gradient": {
        "autograd": _gradient_numeric,
        "loop": _gradient_loop,
        "matrix": lambda z, k: (
            np.diag(p := np.exp(z - z.max()) / np.exp(z - z.max()).sum()) - np.outer(p, p)
        )[k],
    },
}

WRONG = {
    "failure": {
        "none at all": (lambda s, b: "none", None),
        "in capitals": (lambda s, b: _failure_sorted(s, b).upper(), None),
        "yes or no": (lambda s, b: _failure_sorted(s, b) != "none", None),
        "all but all of it": (lambda s, b: _failure_sorted(s, b, 0.2), None),
        "photographs at 1": (lambda s, b: _failure_sorted(s, 1), None),
        "both ways at once alone": (
            lambda s, b: _failure_sorted([s[0, 0], *s[1:, 1:].ravel()], b),
            None,
        ),
        "best of all": (
            lambda s, b: "weak" if s.max() <= b else _failure_sorted(s, -np.inf),
            None,
        ),
        "half of the photograph's": (
            lambda s, b: "weak" if s[0, 0] <= b else "grain" if np.median(s) < b / 2 else "none",
            None,
        ),
        "the worst move": (
            lambda s, b: "weak" if s[0, 0] <= b else "grain" if s.min() < s[0, 0] / 2 else "none",
            None,
        ),
        "the best move": (
            lambda s, b: (
                "weak" if s[0, 0] <= b else "grain" if s.ravel()[1:].max() < s[0, 0] / 2 else "none"
            ),
            None,
        ),
    },
    "receptive_field": {
        "without the one": (lambda k, s: _field_backwards(k, s) - 1, None),
        "layers backwards": (lambda k, s: _field_backwards(k[::-1], s[::-1]), None),
        "last kernel": (lambda k, s: k[-1], None),
        "product": (lambda k, s: int(np.prod(k)), None),
        "area": (lambda k, s: _field_backwards(k, s) ** 2, None),
    },
    "mixed_objective": {
        "plain mean": (lambda s, i, d, j, share: (s[i].mean() + d[j].mean()) / 2, None),
        "shallow alone": (lambda s, i, d, j, share: share * s[i].mean(), None),
        "maximum": (lambda s, i, d, j, share: share * s[i].max() + (1 - share) * d[j].max(), None),
        "one share": (lambda s, i, d, j, share: share * (s[i].mean() + d[j].mean()), None),
    },
    "ascent_step": {
        "standard deviation": (
            lambda x, g, lr: np.clip(x + lr * g / g.std(), 0, 1),
            "standard_deviation",
        ),
        "sign": (lambda x, g, lr: np.clip(x + lr * np.sign(g), 0, 1), None),
        "mean absolute": (lambda x, g, lr: np.clip(x + lr * g / np.abs(g).mean(), 0, 1), None),
        "the step": (lambda x, g, lr: lr * g / np.sqrt((g**2).mean()), None),
        "mean square": (lambda x, g, lr: np.clip(x + lr * g / (g**2).mean(), 0, 1), None),
    },
    "jitter": {
        "one axis": (lambda x, down, right: np.roll(x, down, 0), None),
        "zeros come in": (
            lambda x, down, right: (
                np.roll(x, (down, right), (0, 1))
                * (np.arange(len(x)) >= down).reshape(-1, *[1] * (x.ndim - 1))
            ),
            None,
        ),
        "up and right": (lambda x, down, right: np.roll(x, (-down, right), (0, 1)), None),
        "transposed": (
            lambda x, down, right: np.swapaxes(_jitter_loop(x, down, right), 0, 1),
            None,
        ),
    },
    "favorite_picture": {
        "mean absolute": (lambda *given: _climb_with_filters_moved(*given, rms=False), None),
        "shifts swapped": (
            lambda x, e, o, shifts, lr: _climb_with_filters_moved(x, e, o, shifts[:, ::-1], lr),
            None,
        ),
        "opposite shifts": (
            lambda x, e, o, shifts, lr: _climb_with_filters_moved(x, e, o, -shifts, lr),
            None,
        ),
        "all but the last": (
            lambda x, e, o, shifts, lr: _climb_with_filters_moved(x, e, o, shifts[:-1], lr),
            None,
        ),
    },
    "probability_gradient": {
        "plus": (lambda z, k: np.abs(_gradient_loop(z, k)), None),
        "softmax": (lambda z, k: np.exp(z) / np.exp(z).sum(), None),
        "one number": (lambda z, k: _gradient_loop(z, k)[k], None),
        "rounded": (lambda z, k: np.round(_gradient_loop(z, k), 3), None),
    },
}
