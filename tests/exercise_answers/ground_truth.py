"""Answers to the exercises of the chapter "Ground truth"."""

import itertools

import numpy as np
import torch


def _votes_counted(votes):
    labels = []
    for row in votes.tolist():
        yes, no = row.count(1), row.count(0)
        labels.append(1 if yes > no else 0 if no > yes else -1)
    return labels


def _posterior_loop(votes, sensitivity, specificity, prevalence):
    result = []
    for row in votes:
        ill, well = prevalence, 1 - prevalence
        for vote, se, sp in zip(row, sensitivity, specificity, strict=True):
            ill *= se if vote else 1 - se
            well *= 1 - sp if vote else sp
        result.append(ill / (ill + well))
    return result


def _posterior_torch(votes, sensitivity, specificity, prevalence):
    v, se, sp = (torch.tensor(a, dtype=torch.float32) for a in (votes, sensitivity, specificity))
    ill = prevalence * (v * se + (1 - v) * (1 - se)).prod(1)
    well = (1 - prevalence) * (v * (1 - sp) + (1 - v) * sp).prod(1)
    return ill / (ill + well)


def _by_enumeration(a, b, c):
    return sum(
        np.prod([p if yes else 1 - p for p, yes in zip((a, b, c), ways, strict=True)])
        for ways in itertools.product((0, 1), repeat=3)
        if sum(ways) >= 2
    )


def _kappa_table(first, second):
    table = np.zeros((2, 2))
    for a, b in zip(first, second, strict=True):
        table[a, b] += 1
    table /= table.sum()
    chance = table.sum(0) @ table.sum(1)
    return (np.trace(table) - chance) / (1 - chance)


def _scott_pi(first, second):
    p = (first.mean() + second.mean()) / 2
    chance = p**2 + (1 - p) ** 2
    return (np.mean(first == second) - chance) / (1 - chance)


RIGHT = {
    "apparent_sensitivity": {
        "patients": lambda se, sp, p: 1e4 * p * se / (1e4 * p * se + 1e4 * (1 - p) * (1 - sp)),
        "odds": lambda se, sp, p: 1 / (1 + (1 - sp) / se * (1 - p) / p),
        "one minus": lambda se, sp, p: 1 - (1 - sp) * (1 - p) / (se * p + (1 - sp) * (1 - p)),
    },
    "kappa": {
        "table": _kappa_table,
        "covariance": lambda a, b: (
            2
            * (np.mean(a * b) - a.mean() * b.mean())
            / (a.mean() * (1 - b.mean()) + b.mean() * (1 - a.mean()))
        ),
        "torch": lambda a, b: torch.tensor(_kappa_table(a, b), dtype=torch.float32),
    },
    "majority": {
        "loop": _votes_counted,
        "sign": lambda v: np.select(
            [(w := np.where(v < 0, 0, 2 * v - 1).sum(1)) > 0, w < 0], [1, 0], -1
        ),
        "torch": lambda v: torch.tensor(_votes_counted(v)),
    },
    "two_of_three": {
        "enumeration": _by_enumeration,
        "one minus": lambda a, b, c: (
            1
            - (1 - a) * (1 - b) * (1 - c)
            - a * (1 - b) * (1 - c)
            - b * (1 - a) * (1 - c)
            - c * (1 - a) * (1 - b)
        ),
        "given the third": lambda a, b, c: c * (1 - (1 - a) * (1 - b)) + (1 - c) * a * b,
    },
    "posterior": {"loop": _posterior_loop, "torch": _posterior_torch},
    "expected_sensitivity": {
        "loop": lambda votes, q: [
            sum(w for w, vote in zip(q, column, strict=True) if vote) / sum(q) for column in votes.T
        ],
        "product": lambda votes, q: q @ votes / q.sum(),
        "average": lambda votes, q: np.average(votes, axis=0, weights=q),
        "torch": lambda votes, q: (
            torch.tensor(q).float() @ torch.tensor(votes).float() / float(sum(q))
        ),
    },
    "corrected_sensitivity": {
        "odds": lambda tp, fn, fp, tn, pos, neg: (
            1 / (1 + neg * fn * (tp + fp) / (pos * tp * (fn + tn)))
        ),
        "one minus": lambda tp, fn, fp, tn, pos, neg: (
            1 - neg * fn / (fn + tn) / (neg * fn / (fn + tn) + pos * tp / (tp + fp))
        ),
    },
}

WRONG = {
    "apparent_sensitivity": {
        "false positives": (
            lambda se, sp, p: (1 - sp) * (1 - p) / (se * p + (1 - sp) * (1 - p)),
            None,
        ),
        "prevalence twice": (lambda se, sp, p: se / (se + 1 - sp), None),
        "joint": (lambda se, sp, p: se * p, None),
        "specificity for alarms": (lambda se, sp, p: se * p / (se * p + sp * (1 - p)), None),
    },
    "kappa": {
        "disagreement": (lambda a, b: np.mean(a != b), None),
        "correlation": (lambda a, b: np.corrcoef(a, b)[0, 1], None),
        "both yes": (lambda a, b: np.mean(a * b), None),
        "divided by chance": (
            lambda a, b: (
                np.mean(a == b) / (np.mean(a) * np.mean(b) + np.mean(a == 0) * np.mean(b == 0))
            ),
            None,
        ),
    },
    "majority": {
        "mean rounded": (lambda v: np.round(v.mean(axis=1)).astype(int), None),
        "columns": (lambda v: np.array(_votes_counted(v.T)), None),
        "tie is zero, none is minus": (
            lambda v: np.where((v < 0).all(1), -1, (v == 1).sum(1) > (v == 0).sum(1)),
            None,
        ),
        "gaps win": (
            lambda v: np.array([max((1, 0, -1), key=row.tolist().count) for row in v]),
            None,
        ),
        "any yes": (lambda v: (v == 1).any(axis=1).astype(int), None),
    },
    "two_of_three": {
        "best": (lambda a, b, c: max(a, b, c), None),
        "median": (lambda a, b, c: sorted((a, b, c))[1], None),
        "first two": (lambda a, b, c: a * b, None),
        "triple subtracted once": (lambda a, b, c: a * b + a * c + b * c - a * b * c, None),
    },
    "posterior": {
        "likelihood": (
            lambda v, se, sp, p: np.prod(np.where(v == 1, se, 1 - se), axis=1),
            None,
        ),
        "of being well": (lambda v, se, sp, p: 1 - np.array(_posterior_loop(v, se, sp, p)), None),
        "rates swapped": (lambda v, se, sp, p: np.array(_posterior_loop(v, sp, se, p)), None),
        "prior odds upside down": (
            lambda v, se, sp, p: np.array(_posterior_loop(v, se, sp, 1 - p)),
            None,
        ),
        "log odds": (
            lambda v, se, sp, p: (
                np.log(p / (1 - p)) + v @ np.log(se / (1 - sp)) + (1 - v) @ np.log((1 - se) / sp)
            ),
            None,
        ),
    },
    "expected_sensitivity": {
        "plain mean": (lambda v, q: v.mean(axis=0), None),
        "over readers": (lambda v, q: (q[:, None] * v).sum(axis=1) / q.sum(), None),
        "specificity": (lambda v, q: (1 - q) @ (1 - v) / (1 - q).sum(), None),
        "sums": (lambda v, q: q @ v, None),
    },
    "corrected_sensitivity": {
        "ppv": (lambda tp, fn, fp, tn, pos, neg: tp / (tp + fp), None),
        "share of positives": (lambda tp, fn, fp, tn, pos, neg: pos / (pos + neg), None),
        "expected ill": (lambda tp, fn, fp, tn, pos, neg: pos * tp / (tp + fp), None),
        "negatives swapped": (
            lambda tp, fn, fp, tn, pos, neg: (
                pos * tp / (tp + fp) / (pos * tp / (tp + fp) + neg * tn / (fn + tn))
            ),
            None,
        ),
    },
}
