"""Answers to the exercises of the chapter "ROC curves and thresholds"."""

import numpy as np
import torch
from scipy import stats


def _auc_ranks(y_true, y_score):
    order = np.sort(y_score)
    first, last = np.searchsorted(order, y_score), np.searchsorted(order, y_score, "right")
    ranks = (first + 1 + last) / 2
    n1, n0 = np.sum(y_true == 1), np.sum(y_true == 0)
    return (ranks[y_true == 1].sum() - n1 * (n1 + 1) / 2) / (n1 * n0)


def _auc_loop(y_true, y_score):
    wins = pairs = 0
    for d, x in zip(y_true, y_score, strict=True):
        for e, y in zip(y_true, y_score, strict=True):
            if d == 1 and e == 0:
                pairs += 1
                wins += 1 if x > y else 0.5 if x == y else 0
    return wins / pairs


def _auc_torch(y_true, y_score):
    s, y = torch.tensor(y_score).float(), torch.tensor(y_true)
    difference = s[y == 1][:, None] - s[y == 0]
    return (difference > 0).float().mean() + (difference == 0).float().mean() / 2


def _j(y_true, y_score, t):
    return np.mean(y_score[y_true == 1] >= t) - np.mean(y_score[y_true == 0] >= t)


def _youden_max(y_true, y_score):
    return max(np.unique(y_score), key=lambda t: (round(_j(y_true, y_score, t), 9), t))


def _youden_argmax(y_true, y_score):
    thresholds = np.sort(np.unique(y_score))[::-1]
    hits = (y_score >= thresholds[:, None]).astype(float)
    j = hits[:, y_true == 1].mean(1) + (1 - hits[:, y_true == 0]).mean(1) - 1
    return thresholds[np.argmax(np.round(j, 6))]


def _youden_lowest(y_true, y_score):
    return min(np.unique(y_score), key=lambda t: (-round(_j(y_true, y_score, t), 9), t))


def _rates_loop(y_true, y_score, threshold):
    pairs = list(zip(y_true.tolist(), y_score.tolist(), strict=True))
    tp = sum(y == 1 and s >= threshold for y, s in pairs)
    tn = sum(y == 0 and s < threshold for y, s in pairs)
    return [tp / sum(y_true.tolist()), tn / (len(pairs) - sum(y_true.tolist()))]


def _benefit_loop(y_true, y_prob, threshold):
    worth = 0.0
    for y, p in zip(y_true.tolist(), y_prob.tolist(), strict=True):
        if p >= threshold:
            worth += 1 if y == 1 else -threshold / (1 - threshold)
    return worth / len(y_true)


def _t_loop(a, b):
    d = [x - y for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    mean = sum(d) / len(d)
    return mean / (sum((x - mean) ** 2 for x in d) / (len(d) - 1) / len(d)) ** 0.5


def _f_anova(areas, cov2, cov3):
    """Mean squares as of any table with two rows."""
    r = areas.shape[1]
    of_t, of_r = areas.mean(axis=1), areas.mean(axis=0)
    ms_t = r * ((of_t - areas.mean()) ** 2).sum()
    left = areas - of_t[:, None] - of_r + areas.mean()
    return ms_t / ((left**2).sum() / (r - 1) + max(r * (cov2 - cov3), 0))


def _f_from_t(areas, cov2, cov3):
    d = areas[0] - areas[1]
    shared = max(2 * (cov2 - cov3), 0)
    return d.mean() ** 2 / (d.var(ddof=1) / len(d) + shared)


RIGHT = {
    "rates_at": {
        "loop": _rates_loop,
        "array": lambda t, s, c: np.array([np.mean(s[t == 1] >= c), np.mean(s[t == 0] < c)]),
        "miss rates": lambda t, s, c: (1 - np.mean(s[t == 1] < c), 1 - np.mean(s[t == 0] >= c)),
    },
    "auc": {"loop": _auc_loop, "ranks": _auc_ranks, "torch": _auc_torch},
    "youden_threshold": {"max": _youden_max, "argmax": _youden_argmax},
    "expected_cost": {
        "patients": lambda se, sp, p, fn, fp: (
            (1000 * p * (1 - se) * fn + 1000 * (1 - p) * (1 - sp) * fp) / 1000
        ),
        "minus the saved": lambda se, sp, p, fn, fp: (
            fn * p + fp * (1 - p) - fn * se * p - fp * sp * (1 - p)
        ),
        "dot": lambda se, sp, p, fn, fp: np.dot([(1 - se) * fn, (1 - sp) * fp], [p, 1 - p]),
    },
    "paired_z": {
        "square": lambda a, b, s, t, r: (a - b) / np.sqrt((s - t) ** 2 + 2 * (1 - r) * s * t),
        "power": lambda a, b, s, t, r: (a - b) * (s * s + t * t - 2 * r * s * t) ** -0.5,
    },
    "readers_t": {
        "loop": _t_loop,
        "scipy": lambda a, b: stats.ttest_rel(a, b).statistic,
        "covariance": lambda a, b: (
            (a.mean() - b.mean()) / (np.array([1, -1]) @ np.cov(a, b) @ [1, -1] / len(a)) ** 0.5
        ),
    },
    "reader_study_f": {"anova": _f_anova, "from t": _f_from_t},
    "brier_score": {
        "loop": lambda y, p: sum((a - b) ** 2 for a, b in zip(y, p, strict=True)) / len(y),
        "expanded": lambda y, p: np.mean(p**2 - 2 * p * y + y),
        "torch": lambda y, p: torch.nn.functional.mse_loss(
            torch.tensor(p).float(), torch.tensor(y).float()
        ),
    },
    "net_benefit": {
        "loop": _benefit_loop,
        "rates": lambda y, p, t: (
            np.mean(p[y == 1] >= t) * y.mean()
            - np.mean(p[y == 0] >= t) * (1 - y.mean()) * t / (1 - t)
        ),
        "odds": lambda y, p, t: np.mean(np.where(y == 1, 1, 1 - 1 / (1 - t)) * (p >= t)),
    },
}

WRONG = {
    "rates_at": {
        "other order": (
            lambda t, s, c: (np.mean(s[t == 0] < c), np.mean(s[t == 1] >= c)),
            "reversed",
        ),
        "joint shares": (
            lambda t, s, c: (np.mean((t == 1) & (s >= c)), np.mean((t == 0) & (s < c))),
            "joint_shares",
        ),
        "percent": (
            lambda t, s, c: (100 * np.mean(s[t == 1] >= c), 100 * np.mean(s[t == 0] < c)),
            "percent",
        ),
        "sensitivity twice": (lambda t, s, c: (np.mean(s[t == 1] >= c),) * 2, None),
        "counts": (lambda t, s, c: (np.sum(s[t == 1] >= c), np.sum(s[t == 0] < c)), None),
    },
    "auc": {
        "count": (lambda t, s: _auc_loop(t, s) * np.sum(t == 1) * np.sum(t == 0), "count"),
        "lowest score": (lambda t, s: _auc_loop(1 - t, s), "swapped_classes"),
        "difference of means": (lambda t, s: s[t == 1].mean() - s[t == 0].mean(), None),
        "gini": (lambda t, s: 2 * _auc_loop(t, s) - 1, None),
        "all pairs": (lambda t, s: np.mean(s[:, None] > s), None),
    },
    "youden_threshold": {
        "lower of equal": (_youden_lowest, "lower_of_equal"),
        "one half": (lambda t, s: 0.5, None),
        "mean of the classes": (lambda t, s: (s[t == 1].mean() + s[t == 0].mean()) / 2, None),
        "position": (lambda t, s: int(np.argmax(s == _youden_max(t, s))), None),
        "next higher": (lambda t, s: min(x for x in [*s, 2.0] if x > _youden_max(t, s)), None),
    },
    "expected_cost": {
        "no costs": (lambda se, sp, p, fn, fp: (1 - se) * p + (1 - sp) * (1 - p), None),
        "prevalence swapped": (
            lambda se, sp, p, fn, fp: fn * (1 - se) * (1 - p) + fp * (1 - sp) * p,
            None,
        ),
        "misses alone": (lambda se, sp, p, fn, fp: fn * (1 - se) * p, None),
        "normalized": (
            lambda se, sp, p, fn, fp: (fn * (1 - se) * p + fp * (1 - sp) * (1 - p)) / (fn + fp),
            None,
        ),
    },
    "paired_z": {
        "other sign": (lambda a, b, s, t, r: (b - a) / np.sqrt(s**2 + t**2 - 2 * r * s * t), None),
        "no two": (lambda a, b, s, t, r: (a - b) / np.sqrt(s**2 + t**2 - r * s * t), None),
        "absolute": (lambda a, b, s, t, r: abs(a - b) / np.sqrt(s**2 + t**2 - 2 * r * s * t), None),
        "standard error": (lambda a, b, s, t, r: np.sqrt(s**2 + t**2 - 2 * r * s * t), None),
    },
    "readers_t": {
        "other sign": (lambda a, b: _t_loop(b, a), "other_way_round"),
        "two groups": (lambda a, b: stats.ttest_ind(a, b).statistic, "two_groups"),
        "spread of one": (
            lambda a, b: (a - b).mean() / (a - b).std(ddof=1),
            "one_reader_s_spread",
        ),
        "p value": (lambda a, b: stats.ttest_rel(a, b).pvalue, None),
        "difference alone": (lambda a, b: (a - b).mean(), None),
    },
    "reader_study_f": {
        "square of t": (lambda a, c2, c3: _t_loop(*a) ** 2, "cases_fixed"),
        "not cut": (
            lambda a, c2, c3: (
                (a[0] - a[1]).mean() ** 2 / ((a[0] - a[1]).var(ddof=1) / a.shape[1] + 2 * (c2 - c3))
            ),
            "below_zero",
        ),
        "Cov2 alone": (lambda a, c2, c3: _f_anova(a, c2, 0), None),
        "root": (lambda a, c2, c3: _f_anova(a, c2, c3) ** 0.5, None),
        "distance of the covariances": (lambda a, c2, c3: _f_anova(a, abs(c2 - c3), 0), None),
    },
    "brier_score": {
        "mean first": (lambda y, p: (p.mean() - y.mean()) ** 2, None),
        "logarithm": (lambda y, p: -np.mean(np.log(np.where(y == 1, p, 1 - p))), None),
        "one minus": (lambda y, p: 1 - np.mean((p - y) ** 2), None),
        "ill alone": (lambda y, p: np.mean((p[y == 1] - 1) ** 2), None),
    },
    "net_benefit": {
        "alarms added": (
            lambda y, p, t: (
                (np.sum((p >= t) & (y == 1)) + np.sum((p >= t) & (y == 0)) * t / (1 - t)) / len(y)
            ),
            None,
        ),
        "threshold as weight": (
            lambda y, p, t: np.mean((p >= t) * np.where(y == 1, 1, -t)),
            None,
        ),
        "not divided": (lambda y, p, t: _benefit_loop(y, p, t) * len(y), None),
        "found alone": (lambda y, p, t: np.mean((p >= t) & (y == 1)), None),
    },
}
