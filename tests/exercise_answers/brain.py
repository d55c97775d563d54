"""Answers to the exercises of the chapter "How a brain sees, and how we look into one"."""

import cmath

import numpy as np
import torch


def _to_cortex_loop(x, y, k, a):
    places = [
        k * cmath.log(1 + complex(u, v) / a)
        for u, v in zip(np.atleast_1d(x).tolist(), np.atleast_1d(y).tolist(), strict=True)
    ]
    along, across = [w.real for w in places], [-w.imag for w in places]
    return (along, across) if np.ndim(x) else (along[0], across[0])


def _z_scored(X, y, pattern):
    classes = np.unique(y)
    means = np.array([X[y == c].mean(axis=0) for c in classes])
    means = (means - means.mean(1, keepdims=True)) / means.std(1, keepdims=True)
    return classes[np.argmax(means @ (pattern - pattern.mean()))]


def _nearest_after_scaling(X, y, pattern):
    """The smallest distance between standardized patterns is the largest correlation."""
    unit = lambda v: (v - v.mean()) / np.linalg.norm(v - v.mean())  # noqa: E731
    return min(
        set(y.tolist()),
        key=lambda c: np.linalg.norm(unit(X[y == c].mean(axis=0)) - unit(pattern)),
    )


def _nearest_torch(X, y, pattern):
    X, p = torch.tensor(X).float(), torch.tensor(pattern).float()
    classes = np.unique(y)
    r = [torch.corrcoef(torch.stack([X[torch.tensor(y == c)].mean(0), p]))[0, 1] for c in classes]
    return torch.tensor(classes[int(torch.stack(r).argmax())])


def _cosine(X, y, pattern):
    classes = np.unique(y)
    means = np.array([X[y == c].mean(axis=0) for c in classes])
    return classes[np.argmax(means @ pattern / np.linalg.norm(means, axis=1))]


RIGHT = {
    "magnification": {
        "derivative": lambda e, k, a: k * (1 / a) / (e / a + 1),
        "reciprocal": lambda e, k, a: 1 / (e / k + a / k),
        "torch": lambda e, k, a: k / (torch.as_tensor(e, dtype=torch.float32) + a),
    },
    "to_cortex": {
        "loop": _to_cortex_loop,
        "polar": lambda x, y, k, a: (
            k * np.log(np.abs((x + 1j * y) / a + 1)),
            -k * np.angle((x + 1j * y) / a + 1),
        ),
        "hypotenuse": lambda x, y, k, a: (
            k / 2 * np.log((1 + x / a) ** 2 + (y / a) ** 2),
            k * np.arctan2(-y / a, 1 + x / a),
        ),
    },
    "nearest_pattern": {
        "z scores": _z_scored,
        "distance of standardized": _nearest_after_scaling,
        "torch": _nearest_torch,
    },
    "permutation_p": {
        "loop": lambda accuracy, null: (
            (1 + sum(x >= accuracy for x in null.tolist())) / (1 + len(null.tolist()))
        ),
        "appended": lambda accuracy, null: np.mean([*null, accuracy] >= np.float64(accuracy)),
        "one minus": lambda accuracy, null: 1 - np.sum(null < accuracy) / (len(null) + 1),
    },
    "pulse_energy": {
        "joules": lambda power, rate: power * 1e-3 / (rate * 1e3) * 1e9,
        "microjoules": lambda power, rate: 1e3 * (power / rate),
        "torch": lambda power, rate: torch.tensor(power).float() / rate * 1000,
    },
    "attenuation_length": {
        "base two": lambda above, below, z: z / (np.log2(below / above) * np.log(2)),
        "minus": lambda above, below, z: -z / np.log(above / below),
        "cubes": lambda above, below, z: 3 * z / np.log((below / above) ** 3),
    },
    "signal_left": {
        "power": lambda z, length, n: np.exp(-z / length) ** n,
        "reciprocal": lambda z, length, n: 1 / np.exp(n * z / length),
        "product": lambda z, length, n: np.prod([np.exp(-z / length)] * n, axis=0),
    },
}

WRONG = {
    "magnification": {
        "minus": (lambda e, k, a: k / (e - a), None),
        "square": (lambda e, k, a: k / (e + a) ** 2, None),
        "a in front": (lambda e, k, a: a / (e + k), None),
        "relative": (lambda e, k, a: 1 / (e + a), None),
    },
    "to_cortex": {
        "complex": (lambda x, y, k, a: k * np.log((x + 1j * y) / a + 1), None),
        "a added": (
            lambda x, y, k, a: (k * np.log(np.hypot(x + a, y)), -k * np.arctan2(y, x + a)),
            None,
        ),
        "magnitude and angle": (
            lambda x, y, k, a: (k * np.log(np.hypot(x, y) / a + 1), np.arctan2(y, x)),
            None,
        ),
        "no k": (
            lambda x, y, k, a: (np.log(np.hypot(x / a + 1, y / a)), -np.arctan2(y, x + a)),
            None,
        ),
    },
    "nearest_pattern": {
        "cosine": (_cosine, "cosine"),
        "first class": (lambda X, y, p: int(y[0]), None),
        "most frequent": (lambda X, y, p: int(np.bincount(y.astype(np.intp)).argmax()), None),
        "least correlated": (
            lambda X, y, p: min(
                set(y.tolist()), key=lambda c: np.corrcoef(X[y == c].mean(axis=0), p)[0, 1]
            ),
            None,
        ),
        "the correlation": (
            lambda X, y, p: max(np.corrcoef(X[y == c].mean(0), p)[0, 1] for c in np.unique(y)),
            None,
        ),
    },
    "permutation_p": {
        "above alone": (lambda a, null: (1 + np.sum(null >= a)) / len(null), None),
        "below alone": (lambda a, null: np.sum(null >= a) / (1 + len(null)), None),
        "two sided": (
            lambda a, null: min(1, 2 * (1 + np.sum(null >= a)) / (1 + len(null))),
            None,
        ),
        "z test": (lambda a, null: (a - null.mean()) / null.std(), None),
        "share below": (lambda a, null: np.mean(null < a), None),
    },
    "pulse_energy": {
        "millijoule": (lambda power, rate: power / rate / 1000, None),
        "picojoule": (lambda power, rate: 1e6 * power / rate, None),
        "rounded": (lambda power, rate: round(1000 * power / rate, 1), None),
        "hertz": (lambda power, rate: power / (rate * 1000), None),
    },
    "attenuation_length": {
        "third": (lambda above, below, z: z / np.log(below / above) / 3, None),
        "product": (lambda above, below, z: z * np.log(below / above), None),
        "difference": (lambda above, below, z: z / (below - above), None),
        "logarithm of one": (lambda above, below, z: z / np.log(below), None),
    },
    "signal_left": {
        "lost": (lambda z, length, n: 1 - np.exp(-n * z / length), None),
        "growing": (lambda z, length, n: np.exp(n * z / length), None),
        "linear": (lambda z, length, n: 1 - n * z / length, None),
        "always two": (lambda z, length, n: np.exp(-2 * z / length), None),
        "base ten": (lambda z, length, n: 10.0 ** (-n * z / length), None),
    },
}
