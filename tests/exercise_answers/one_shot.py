"""Answers to the exercises of the chapter "Recognizing faces and letters from one example"."""

import math

import numpy as np
import torch
from scipy.spatial import distance


def _distances_loop(a, b):
    return [[sum((x - y) ** 2 for x, y in zip(u, v, strict=True)) for v in b] for u in a]


def _contrastive_loop(d, same, margin):
    total = 0.0
    for distance_, friends in zip(d.tolist(), same.tolist(), strict=True):
        if friends:
            total += distance_**2
        elif distance_ < margin:
            total += (margin - distance_) ** 2
    return total / len(d)


def _contrastive_torch(d, same, margin):
    d, same = torch.tensor(d).float(), torch.tensor(same).float()
    return (same * d**2 + (1 - same) * (margin - d).clamp(min=0) ** 2).mean()


def _triplet_torch(a, p, n, margin):
    a, p, n = (torch.tensor(x).float() for x in (a, p, n))
    gap = (a - p).pow(2).sum(1) - (a - n).pow(2).sum(1)
    return torch.relu(gap + margin).mean()


def _triplet_products(a, p, n, margin):
    """|a - p|² - |a - n|² = (n - p)·(2a - p - n)."""
    return np.mean(np.clip(np.sum((n - p) * (2 * a - p - n), axis=1) + margin, 0, None))


def _recognize_loop(support, names, queries):
    answers = []
    for query in queries:
        best = min(range(len(support)), key=lambda i: math.dist(support[i], query))
        answers.append(names[best])
    return answers


def _cosine(support, names, queries):
    return names[distance.cdist(queries, support, "cosine").argmin(1)]


def _threshold_loop(d, same, limit):
    strangers, best = (~same).sum(), None
    for candidate in sorted(d.tolist()):
        if sum(d[~same] <= candidate) <= limit * strangers + 1e-7:
            best = candidate
    return best


def _threshold_backwards(d, same, limit):
    for t in sorted(set(d.tolist()), reverse=True):
        if np.mean(d[~same] <= t) <= limit:
            return t
    return math.nan


def _threshold_sorted(d, same, limit):
    order = np.argsort(d)
    accepted = np.cumsum(~same[order]) / np.sum(~same)
    return d[order][accepted <= limit][-1]


def _alarm_loop(rate, people):
    quiet = 1.0
    for _ in range(people):
        quiet *= 1 - rate
    return 1 - quiet


RIGHT = {
    "squared_distances": {
        "loop": _distances_loop,
        "scipy": lambda a, b: distance.cdist(a, b, "sqeuclidean"),
        "torch": lambda a, b: torch.cdist(torch.tensor(a), torch.tensor(b)) ** 2,
        "norms": lambda a, b: np.linalg.norm(a[:, None] - b, axis=-1) ** 2,
    },
    "contrastive_loss": {
        "loop": _contrastive_loop,
        "torch": _contrastive_torch,
        "two parts": lambda d, same, m: (
            np.mean(d**2 * same) + np.mean(np.where(d < m, m - d, 0) ** 2 * ~same)
        ),
    },
    "triplet_loss": {
        "torch": _triplet_torch,
        "products": _triplet_products,
        "where": lambda a, p, n, m: np.mean(
            [
                max(m + sum((x - y) ** 2) - sum((x - z) ** 2), 0)
                for x, y, z in zip(a, p, n, strict=True)
            ]
        ),
    },
    "recognize": {
        "loop": _recognize_loop,
        "scipy": lambda s, names, q: names[distance.cdist(s, q).argmin(0)],
        "torch": lambda s, names, q: torch.tensor(names)[
            torch.cdist(torch.tensor(q).float(), torch.tensor(s).float()).argmin(1)
        ],
        "products": lambda s, names, q: np.take(names, np.argmax(2 * q @ s.T - (s**2).sum(1), 1)),
    },
    "threshold_for": {
        "loop": _threshold_loop,
        "backwards": _threshold_backwards,
        "sorted": _threshold_sorted,
    },
    "false_alarm": {
        "loop": _alarm_loop,
        "logarithm": lambda rate, n: -math.expm1(n * math.log1p(-rate)),
        "first to err": lambda rate, n: sum(rate * (1 - rate) ** k for k in range(n)),
        "torch": lambda rate, n: 1 - (1 - torch.tensor(rate).double()) ** n,
    },
}

WRONG = {
    "squared_distances": {
        "no difference": (lambda a, b: (a**2).sum(1)[:, None] + (b**2).sum(1), None),
        "one product": (
            lambda a, b: (a**2).sum(1)[:, None] + (b**2).sum(1) - a @ b.T,
            None,
        ),
        "plus": (lambda a, b: (a**2).sum(1)[:, None] + (b**2).sum(1) + 2 * a @ b.T, None),
        "largest": (lambda a, b: np.abs(a[:, None] - b).max(2) ** 2, None),
        "squared again": (lambda a, b: distance.cdist(a, b, "sqeuclidean") ** 2, None),
        "each coordinate": (lambda a, b: (a[:, None] - b) ** 2, None),
        "square of the sum": (lambda a, b: np.sum(a[:, None] - b, axis=2) ** 2, None),
        "to itself": (lambda a, b: distance.cdist(a, a, "sqeuclidean"), None),
    },
    "contrastive_loss": {
        "as Hadsell has it": (lambda d, same, m: 0.5 * _contrastive_loop(d, same, m), "half"),
        "not averaged": (lambda d, same, m: len(d) * _contrastive_loop(d, same, m), "sum"),
        "friends alone": (lambda d, same, m: np.mean(d[same] ** 2), None),
        "mean of two means": (
            lambda d, same, m: np.mean(d[same] ** 2) + np.mean(np.maximum(0, m - d[~same]) ** 2),
            None,
        ),
        "friends not squared": (
            lambda d, same, m: np.mean(np.where(same, d, np.maximum(0, m - d) ** 2)),
            None,
        ),
        "strangers beyond": (
            lambda d, same, m: np.mean(np.where(same, d, np.maximum(0, d - m)) ** 2),
            None,
        ),
        "each pair": (lambda d, same, m: np.where(same, d, np.maximum(0, m - d)) ** 2, None),
    },
    "triplet_loss": {
        "not averaged": (lambda a, p, n, m: len(a) * _triplet_products(a, p, n, m), "sum"),
        "distances of torch": (
            lambda a, p, n, m: torch.nn.functional.triplet_margin_loss(
                torch.tensor(a), torch.tensor(p), torch.tensor(n), margin=m, eps=1e-9
            ),
            "square_root",
        ),
        "coordinates averaged": (
            lambda a, p, n, m: np.maximum(
                0, np.mean((a - p) ** 2, 1) - np.mean((a - n) ** 2, 1) + m
            ).mean(),
            None,
        ),
        "from the positive": (lambda a, p, n, m: _triplet_products(p, a, n, m), None),
        "violated alone": (
            lambda a, p, n, m: (
                _triplet_products(a, p, n, m)
                * len(a)
                / np.sum(np.sum((n - p) * (2 * a - p - n), 1) + m > 0)
            ),
            "violated_alone",
        ),
        "each triplet": (
            lambda a, p, n, m: np.clip(np.sum((n - p) * (2 * a - p - n), 1) + m, 0, None),
            None,
        ),
        "number violated": (
            lambda a, p, n, m: int(np.sum(np.sum((n - p) * (2 * a - p - n), 1) + m > 0)),
            None,
        ),
    },
    "recognize": {
        "angles": (_cosine, "cosine"),
        "largest product": (lambda s, names, q: names[(q @ s.T).argmax(1)], "dot_product"),
        "positions": (lambda s, names, q: distance.cdist(q, s).argmin(1), "position"),
        "first name": (lambda s, names, q: np.full(len(q), names[0]), None),
        "second nearest": (
            lambda s, names, q: names[distance.cdist(q, s).argsort(1)[:, 1]],
            None,
        ),
        "sorted names": (
            lambda s, names, q: np.sort(names)[distance.cdist(q, s).argmin(1)],
            None,
        ),
        "distances": (lambda s, names, q: distance.cdist(q, s).min(1), None),
        "one for all": (
            lambda s, names, q: names[[distance.cdist(q, s).sum(0).argmin()] * len(q)],
            None,
        ),
    },
    "threshold_for": {
        "below": (
            lambda d, same, c: max(
                t for t in d if np.sum(d[~same] <= t) < round(c * sum(~same), 9)
            ),
            "strictly_less",
        ),
        "numpy's quantile": (lambda d, same, c: np.percentile(d[~same], 100 * c), "quantile"),
        "of the friends": (lambda d, same, c: np.quantile(d[same], c), None),
        "first stranger too many": (
            lambda d, same, c: np.sort(d[~same])[int(c * np.sum(~same) + 1e-9)],
            "accepts_below",
        ),
        "last stranger": (
            lambda d, same, c: np.sort(d[~same])[int(c * np.sum(~same) + 1e-9) - 1],
            None,
        ),
        "forgot to sort": (
            lambda d, same, c: d[np.cumsum(~same) / np.sum(~same) <= c][-1],
            None,
        ),
        "best accuracy": (
            lambda d, same, c: max(d, key=lambda t: np.mean((d <= t) == same)),
            None,
        ),
        "the rate": (
            lambda d, same, c: np.mean(d[~same] <= _threshold_backwards(d, same, c)),
            None,
        ),
    },
    "false_alarm": {
        "added, cut off": (lambda rate, n: min(1, rate * n), None),
        "one more": (lambda rate, n: 1 - (1 - rate) ** (n + 1), None),
        "one less": (lambda rate, n: 1 - (1 - rate) ** (n - 1), None),
        "Poisson": (lambda rate, n: 1 - math.exp(-rate * n), None),
        "just one": (lambda rate, n: n * rate * (1 - rate) ** (n - 1), None),
        "divided": (lambda rate, n: rate / n, None),
        "root": (lambda rate, n: 1 - (1 - rate) ** (1 / n), None),
        "pairs": (lambda rate, n: 1 - (1 - rate) ** (n * (n - 1) // 2), None),
    },
}
