"""Answers to the exercises of the chapter "How a brain sees"."""

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


def _excess_loop(choose, report, n):
    left = dict(enumerate(choose.tolist()))
    total = 0.0
    for _ in range(n):
        best = max(left, key=left.get)
        del left[best]
        total += float(report[best])
    return total / n


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
    "honest_excess": {
        "loop": _excess_loop,
        "partition": lambda choose, report, n: report[np.argpartition(-choose, n - 1)[:n]].mean(),
        "weights": lambda choose, report, n: np.average(
            report, weights=choose >= np.sort(choose)[::-1][n - 1]
        ),
        "sorted pairs": lambda choose, report, n: (
            sum(r for _, r in sorted(zip(choose.tolist(), report.tolist(), strict=True))[-n:]) / n
        ),
        "torch": lambda choose, report, n: torch.tensor(report)[
            torch.tensor(choose).topk(n).indices
        ].mean(),
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
    "honest_excess": {
        "the voxels": (lambda choose, report, n: np.argsort(choose)[-n:], None),
        "their values": (lambda choose, report, n: report[np.argsort(choose)[-n:]], None),
        "one too few": (
            lambda choose, report, n: np.mean(report[np.argsort(choose)[-max(n - 1, 1) :]]),
            None,
        ),
        "one too many": (
            lambda choose, report, n: np.mean(report[np.argsort(choose)[-n - 1 :]]),
            None,
        ),
        "first places": (lambda choose, report, n: np.mean(report[:n]), None),
        "median": (lambda choose, report, n: np.median(report[np.argsort(choose)[-n:]]), None),
        "the best alone": (lambda choose, report, n: report[np.argmax(choose)], None),
        "both halves": (
            lambda choose, report, n: np.mean((choose + report)[np.argsort(choose)[-n:]]) / 2,
            None,
        ),
        "what was lost": (
            lambda choose, report, n: np.mean((choose - report)[np.argsort(choose)[-n:]]),
            None,
        ),
    },
}
