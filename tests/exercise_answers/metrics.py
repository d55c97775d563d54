"""Answers to the exercises of the chapter "Evaluation metrics"."""

import math
from fractions import Fraction

import numpy as np
import torch


def _pairs(y_true, y_pred):
    return list(zip(y_true.tolist(), y_pred.tolist(), strict=True))


RIGHT = {
    "always_normal_accuracy": {
        "loop": lambda y_true: sum(1 for y in y_true if y == 0) / len(y_true),
        "torch": lambda y_true: 1 - torch.from_numpy(y_true).float().mean(),
        "bincount": lambda y_true: np.bincount(y_true, minlength=2)[0] / y_true.size,
    },
    "confusion_counts": {
        "loop": lambda t, p: [_pairs(t, p).count(k) for k in ((1, 1), (1, 0), (0, 1), (0, 0))],
        "codes": lambda t, p: np.bincount(2 * t + p, minlength=4)[[3, 2, 1, 0]],
        "torch": lambda t, p: tuple(
            torch.tensor([k == pair for pair in _pairs(t, p)]).sum()
            for k in ((1, 1), (1, 0), (0, 1), (0, 0))
        ),
    },
    "sensitivity": {
        "loop": lambda t, p: (
            _pairs(t, p).count((1, 1)) / sum(pair[0] == 1 for pair in _pairs(t, p))
        ),
        "product": lambda t, p: (t @ p) / t.sum(),
        "one minus miss rate": lambda t, p: 1 - np.mean(p[t == 1] == 0),
        "fraction": lambda t, p: float(Fraction(int(t @ p), int(t.sum()))),
    },
    "expected_accuracy": {
        "errors": lambda se, sp, prevalence: (
            1 - ((1 - se) * prevalence + (1 - sp) * (1 - prevalence))
        ),
        "average": lambda se, sp, prevalence: np.average(
            [se, sp], weights=[prevalence, 1 - prevalence]
        ),
        "patients": lambda se, sp, prevalence: (
            (1000 * prevalence * se + (1000 - 1000 * prevalence) * sp) / 1000
        ),
    },
    "ppv": {
        "loop": lambda t, p: (
            _pairs(t, p).count((1, 1)) / (_pairs(t, p).count((1, 1)) + _pairs(t, p).count((0, 1)))
        ),
        "product": lambda t, p: (t @ p) / p.sum(),
        "torch": lambda t, p: torch.from_numpy(t)[torch.from_numpy(p) == 1].float().mean(),
    },
    "ppv_at": {
        "odds": lambda se, sp, prevalence: (
            1 / (1 + (1 - sp) * (1 - prevalence) / (se * prevalence))
        ),
        "patients": lambda se, sp, prevalence: (
            1e6 * prevalence * se / (1e6 * prevalence * se + 1e6 * (1 - prevalence) * (1 - sp))
        ),
        "logarithms": lambda se, sp, prevalence: (
            1
            / (1 + np.exp(np.log1p(-sp) + np.log1p(-prevalence) - np.log(se) - np.log(prevalence)))
        ),
    },
    "post_test_probability": {
        "bayes": lambda p, lr: p * lr / (p * lr + 1 - p),
        "one minus": lambda p, lr: 1 - 1 / (1 + p / (1 - p) * lr),
        "logit": lambda p, lr: 1 / (1 + np.exp(-(np.log(p / (1 - p)) + np.log(lr)))),
    },
    "study_size": {
        "odds": lambda se, d, p: math.ceil((1.96 / d) ** 2 * (se - se**2) / p),
        "integers": lambda se, d, p: -int(-(1.96**2) * se * (1 - se) // (d**2 * p)),
        "search": lambda se, d, p: next(
            n for n in range(1, 10**6) if 1.96 * math.sqrt(se * (1 - se) / (n * p)) <= d
        ),
    },
}

WRONG = {
    "study_size": {
        "no z": (lambda se, d, p: math.ceil(se * (1 - se) / d**2 / p), None),
        "z not squared": (lambda se, d, p: math.ceil(1.96 * se * (1 - se) / d**2 / p), None),
        "variance of a half": (lambda se, d, p: math.ceil(1.96**2 / 4 / d**2 / p), None),
        "healthy instead": (
            lambda se, d, p: math.ceil(1.96**2 * se * (1 - se) / d**2 / (1 - p)),
            None,
        ),
    },
    "always_normal_accuracy": {
        "always ill": (lambda y: np.mean(y == 1), "prevalence"),
        "percent": (lambda y: 100 * np.mean(y == 0), "percent"),
        "integer division": (lambda y: np.sum(y == 0) // len(y), None),
        "odds": (lambda y: np.sum(y == 0) / np.sum(y == 1), None),
    },
    "confusion_counts": {
        "2 x 2 array": (
            lambda t, p: np.array(
                [
                    [np.sum(t & p), np.sum(t & (1 - p))],
                    [np.sum((1 - t) & p), np.sum((1 - t) * (1 - p))],
                ]
            ),
            "nested",
        ),
        "first value missing": (lambda t, p: (t @ p, np.sum(t), np.sum(p)), None),
        "margins": (lambda t, p: (np.sum(t), np.sum(1 - t), np.sum(p), np.sum(1 - p)), None),
        "or": (
            lambda t, p: tuple(
                np.sum((t == a) | (p == b)) for a, b in ((1, 1), (1, 0), (0, 1), (0, 0))
            ),
            None,
        ),
    },
    "sensitivity": {
        "miss rate": (lambda t, p: np.mean(p[t == 1] == 0), "miss_rate"),
        "count": (lambda t, p: t @ p, None),
        "percent": (lambda t, p: 100 * (t @ p) / t.sum(), "percent"),
        "false positive rate": (lambda t, p: np.mean(p[t == 0]), None),
        "share of positives": (lambda t, p: p.mean(), None),
    },
    "expected_accuracy": {
        "prevalence forgotten": (lambda se, sp, p: se + sp - 1, None),
        "product": (lambda se, sp, p: se * sp, None),
        "specificity alone": (lambda se, sp, p: sp, None),
        "no weight for the normal": (lambda se, sp, p: se * p + sp, None),
    },
    "ppv": {
        "specificity": (lambda t, p: np.mean(p[t == 0] == 0), None),
        "accuracy": (lambda t, p: np.mean(t == p), None),
        "percent": (lambda t, p: 100 * np.mean(t[p == 1]), "percent"),
        "sklearn order": (lambda t, p: np.mean(p[t == 1]), "sensitivity"),
    },
    "ppv_at": {
        "prevalence twice": (
            lambda se, sp, p: se * p / (se * p + (1 - sp) * p),
            "ignores_prevalence",
        ),
        "npv": (lambda se, sp, p: sp * (1 - p) / (sp * (1 - p) + (1 - se) * p), None),
        "likelihood ratio": (lambda se, sp, p: se / (1 - sp), None),
        "odds": (lambda se, sp, p: se * p / ((1 - sp) * (1 - p)), None),
        "all positives": (lambda se, sp, p: se * p + (1 - sp) * (1 - p), None),
    },
    "post_test_probability": {
        "odds upside down": (lambda p, lr: (1 - p) / p * lr / (1 + (1 - p) / p * lr), None),
        "divided": (lambda p, lr: p / (1 - p) / lr / (1 + p / (1 - p) / lr), None),
        "odds / (1 - odds)": (lambda p, lr: p / (1 - p) * lr / (1 - p / (1 - p) * lr), None),
        "clipped product": (lambda p, lr: min(p * lr, 1), None),
    },
}
