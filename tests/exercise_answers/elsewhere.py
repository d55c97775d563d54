"""Answers to the exercises of the chapter "Does it hold elsewhere?"."""

import numpy as np
import torch
from scipy import special


def _holm_loop(p):
    order = sorted(range(len(p)), key=lambda i: p[i])
    found, largest = [0.0] * len(p), 0.0
    for rank, i in enumerate(order):
        largest = max(largest, (len(p) - rank) * float(p[i]))
        found[i] = min(1.0, largest)
    return found


def _holm_by_definition(p):
    """The largest of m_j p_j over all p_j up to this one; m_j of them are not smaller."""
    own = np.array([min(1.0, q * np.sum(p >= q)) for q in p])
    return [max(own[p <= q]) for q in p]


def _holm_accumulated(p):
    order = np.argsort(p)
    steps = np.maximum.accumulate(np.arange(len(p), 0, -1) * p[order])
    found = np.empty(len(p))
    found[order] = steps.clip(max=1)
    return found


def _step_up(p, factors):
    order = np.argsort(p)
    steps = np.minimum.accumulate((factors * p[order])[::-1])[::-1]
    found = np.empty(len(p))
    found[order] = steps.clip(max=1)
    return found


def _holm_backwards(p):
    order = np.argsort(p)[::-1]
    stepped = p[order] * np.arange(1, len(p) + 1)
    found = [min(max(stepped[i:]), 1) for i in range(len(p))]
    return np.array(found)[np.argsort(order)]


def _s(y, p):
    return np.where(y == 1, 1 - p, p)


def _k(n, level):
    return int(np.ceil((n + 1) * level))


def _place(values, k):
    return np.sort(values)[min(k, len(values)) - 1]


def _conformal_count(y, p, level):
    s = _s(y, p)
    return min(t for t in s if np.sum(s <= t) >= (len(s) + 1) * level)


def _kept_loop(correct, confidence, referred):
    pairs = sorted(zip(confidence.tolist(), correct.tolist(), strict=True))
    kept = [right for _, right in pairs[referred:]]
    return sum(1 - right for right in kept) / len(kept)


def _team_loop(y, a, b):
    rows = list(zip(y.tolist(), a.tolist(), b.tolist(), strict=True))
    ill = [r for r in rows if r[0] == 1]
    well = [r for r in rows if r[0] == 0]
    return sum(bool(r[1] or r[2]) for r in ill) / len(ill), sum(
        not (r[1] or r[2]) for r in well
    ) / len(well)


def _cusum_lowest(x, target, slack):
    total = np.concatenate([[0], np.cumsum(x - target - slack)])
    return (total - np.minimum.accumulate(total))[1:]


def _cusum_restarts(x, target, slack):
    return [
        max(max(np.sum(x[i : t + 1] - target - slack) for i in range(t + 1)), 0.0)
        for t in range(len(x))
    ]


def _cusum_list(x, target, slack):
    s = [0.0]
    for value in x.tolist():
        s.append(max(0.0, s[-1] + value - target - slack))
    return s[1:]


def _cusum_recursive(x, target, slack):
    if len(x) == 0:
        return []
    before = _cusum_recursive(x[:-1], target, slack)
    last = before[-1] if before else 0.0
    return [*before, max(0.0, last + x[-1] - target - slack)]


def _se(y, s, g):
    return [(s[(y == 1) & (g == k)]).mean() for k in (1, 0)]


def _gap_loop(y, s, g):
    count = {(k, hit): 0 for k in (0, 1) for hit in (0, 1)}
    for truth, said, who in zip(y.tolist(), s.tolist(), g.tolist(), strict=True):
        if truth == 1:
            count[who, said] += 1
    n, m = (count[k, 0] + count[k, 1] for k in (1, 0))
    p, q = count[1, 1] / n, count[0, 1] / m
    return p - q, (p * (1 - p) / n + q * (1 - q) / m) ** 0.5


def _gap_numpy(y, s, g, *, ddof=0, root=True):
    own = [s[(y == 1) & (g == k)].astype(float) for k in (1, 0)]
    variance = sum(o.var(ddof=ddof) / len(o) for o in own)
    return own[0].mean() - own[1].mean(), np.sqrt(variance) if root else variance


def _gap_pooled(y, s, g):
    p = s[y == 1].mean()
    n, m = (((y == 1) & (g == k)).sum() for k in (1, 0))
    return _gap_loop(y, s, g)[0], np.sqrt(p * (1 - p) * (1 / n + 1 / m))


def _gap_hypot(y, s, g):
    p, q = _se(y, s, g)
    n, m = (((y == 1) & (g == k)).sum() for k in (1, 0))
    return [p - q, np.hypot(np.sqrt(p * (1 - p) / n), np.sqrt(q * (1 - q) / m))]


def _gap_counts(y, s, g):
    n, m = (np.sum(y[g == k]) for k in (1, 0))
    a, b = (np.sum(y[g == k] * s[g == k]) for k in (1, 0))
    return a / n - b / m, np.sqrt(a * (n - a) / n**3 + b * (m - b) / m**3)


def _gap_torch(y, s, g):
    y, s, g = (torch.tensor(x) for x in (y, s, g))
    own = [s[(y == 1) & (g == k)].double() for k in (1, 0)]
    variance = sum(o.var(unbiased=False) / len(o) for o in own)
    return (own[0].mean() - own[1].mean()).item(), variance.sqrt().item()


_KINDS = ("spectrum", "verification", "subgroup", "calibration", "looks", "screening")
_OF_THE_BOOK = {"subgroup": 0.632, "calibration": 1.84}, {"spectrum": 0.642}, {}
_OWN = (
    {"looks": 6 * 0.043},
    {"verification": 106 / (106 + 22 * 1277 / 296)},
    {"spectrum": 0.58 * 5 / 11 + 0.36 * 17 / 24 + 0.06 * 45 / 48, "calibration": 83 / 266 / 0.532},
)

RIGHT = {
    "observed_expected": {
        "means": lambda y, p: np.mean(y) / np.mean(p),
        "loop": lambda y, p: sum(y.tolist()) / sum(p.tolist()),
        "count": lambda y, p: np.count_nonzero(y) / p.sum(),
        "dot": lambda y, p: (y @ np.ones(len(y))) / (p @ np.ones(len(p))),
        "torch": lambda y, p: torch.tensor(y).sum() / torch.tensor(p).sum(),
    },
    "shifted_risk": {
        "both classes": lambda p, o, n: p * n / o / (p * n / o + (1 - p) * (1 - n) / (1 - o)),
        "log odds": lambda p, o, n: special.expit(
            special.logit(p) + special.logit(n) - special.logit(o)
        ),
        "one over": lambda p, o, n: 1 / (1 + (1 - p) / p * (1 - n) / n * o / (1 - o)),
        "loop": lambda p, o, n: [
            (x / (1 - x) * n * (1 - o)) / (x / (1 - x) * n * (1 - o) + o * (1 - n)) for x in p
        ],
        "torch": lambda p, o, n: torch.sigmoid(
            torch.logit(torch.tensor(p)) + float(special.logit(n) - special.logit(o))
        ),
    },
    "recalibrated": {
        "expit": lambda p, a, b: special.expit(a + b * special.logit(p)),
        "odds": lambda p, a, b: 1 - 1 / (1 + np.exp(a) * (p / (1 - p)) ** b),
        "tanh": lambda p, a, b: 0.5 + 0.5 * np.tanh((a + b * np.log(p / (1 - p))) / 2),
        "loop": lambda p, a, b: [1 / (1 + np.exp(-a) * ((1 - x) / x) ** b) for x in p.tolist()],
        "torch": lambda p, a, b: torch.sigmoid(a + b * torch.logit(torch.tensor(p))),
    },
    "sensitivity_gap": {
        "loop": _gap_loop,
        "variances": _gap_numpy,
        "hypot": _gap_hypot,
        "counts": _gap_counts,
        "torch": _gap_torch,
    },
    "holm": {
        "loop": _holm_loop,
        "accumulated": _holm_accumulated,
        "definition": _holm_by_definition,
        "backwards": _holm_backwards,
        "torch": lambda p: torch.tensor(_holm_loop(p)),
    },
    "conformal_threshold": {
        "count": _conformal_count,
        "partition": lambda y, p, v: np.partition(_s(y, p), _k(len(y), v) - 1)[_k(len(y), v) - 1],
        "quantile": lambda y, p, v: np.quantile(
            np.abs(y - p), (_k(len(y), v) - 1) / (len(y) - 1), method="nearest"
        ),
        "from the top": lambda y, p, v: sorted(_s(y, p), reverse=True)[len(y) - _k(len(y), v)],
        "torch": lambda y, p, v: torch.kthvalue(torch.tensor(_s(y, p)), _k(len(y), v)).values,
    },
    "error_of_kept": {
        "loop": _kept_loop,
        "limit": lambda c, s, r: np.mean(c[s >= np.sort(s)[r]] == 0),
        "ranks": lambda c, s, r: np.mean(1 - c[np.argsort(np.argsort(s)) >= r]),
        "deleted": lambda c, s, r: 1 - np.delete(c, np.argsort(s)[:r]).mean(),
        "from the top": lambda c, s, r: 1 - c[np.argsort(-s)[: len(c) - r]].mean(),
    },
    "second_reader": {
        "loop": _team_loop,
        "or": lambda y, a, b: (((a | b)[y == 1]).mean(), 1 - ((a | b)[y == 0]).mean()),
        "missed by both": lambda y, a, b: (
            1 - ((1 - a) * (1 - b))[y == 1].mean(),
            ((1 - a) * (1 - b))[y == 0].mean(),
        ),
        "any": lambda y, a, b: [
            np.any([a, b], axis=0)[y == 1].mean(),
            (~np.any([a, b], axis=0))[y == 0].mean(),
        ],
        "weights": lambda y, a, b: (
            np.average(a + b > 0, weights=y),
            np.average(a + b == 0, weights=1 - y),
        ),
    },
    "cusum": {
        "lowest": _cusum_lowest,
        "restarts": _cusum_restarts,
        "list": _cusum_list,
        "recursive": _cusum_recursive,
        "torch": lambda x, t, k: torch.tensor(_cusum_list(x, t, k)),
    },
    "my_review": {
        "rounded": lambda: (1895, {"subgroup": 0.63, "calibration": 1.84}, {"spectrum": 0.64}, {}),
        "text": lambda: [
            " 18-95",
            {"calibration": 1.8, "subgroup": 24 / 38},
            {"spectrum": 0.642},
            {},
        ],
        "number of its own": lambda: ("1234567", *_OWN),
    },
}

WRONG = {
    "observed_expected": {
        "inverse": (lambda y, p: p.mean() / y.mean(), "expected_observed"),
        "difference": (lambda y, p: (y - p).mean(), "difference"),
        "prevalence": (lambda y, p: y.mean(), None),
        "expected": (lambda y, p: p.sum(), None),
        "observed": (lambda y, p: y.sum(), None),
        "odds": (lambda y, p: y.mean() / (1 - y.mean()) / (p.mean() / (1 - p.mean())), None),
        "among the ill": (lambda y, p: y.sum() / p[y == 1].sum(), None),
        "median": (lambda y, p: y.mean() / np.median(p), None),
        "root": (lambda y, p: np.sqrt(y.mean() / p.mean()), None),
    },
    "shifted_risk": {
        "scaled": (lambda p, o, n: n * p / o, "share_scaled"),
        "back": (
            lambda p, o, n: special.expit(special.logit(p) + special.logit(o) - special.logit(n)),
            "backwards",
        ),
        "unchanged": (lambda p, o, n: p, None),
        "moved": (lambda p, o, n: p + n - o, None),
        "clipped": (lambda p, o, n: np.clip(p * n / o, 0, 1), None),
        "new alone": (lambda p, o, n: p * n / (p * n + (1 - p) * (1 - n)), None),
        "mean": (lambda p, o, n: special.expit(special.logit(p) + special.logit(n)).mean(), None),
        "log odds": (lambda p, o, n: special.logit(p) + special.logit(n) - special.logit(o), None),
        "factor": (lambda p, o, n: np.full(len(p), n * (1 - o) / (1 - n) / o), None),
    },
    "recalibrated": {
        "log odds": (lambda p, a, b: a + b * special.logit(p), "log_odds"),
        "moved first": (lambda p, a, b: special.expit(b * (a + special.logit(p))), "moved_first"),
        "intercept": (lambda p, a, b: special.expit(a + special.logit(p)), "intercept_alone"),
        "slope": (lambda p, a, b: special.expit(b * special.logit(p)), None),
        "other sign": (lambda p, a, b: special.expit(-a + b * special.logit(p)), None),
        "divided": (lambda p, a, b: special.expit((special.logit(p) - a) / b), None),
        "of shares": (lambda p, a, b: special.expit(a + b * p), None),
        "odds": (lambda p, a, b: np.exp(a + b * special.logit(p)), None),
        "complement": (lambda p, a, b: special.expit(-a - b * special.logit(p)), None),
    },
    "sensitivity_gap": {
        "other way": (lambda y, s, g: _gap_loop(y, s, 1 - g), "other_way_round"),
        "everybody": (lambda y, s, g: _gap_loop(np.ones_like(y), s, g), "positive_share"),
        "ppv": (lambda y, s, g: _gap_loop(s, y, g), "ppv"),
        "one too few": (lambda y, s, g: _gap_numpy(y, s, g, ddof=1), None),
        "variance": (lambda y, s, g: _gap_numpy(y, s, g, root=False), "variance"),
        "pooled": (_gap_pooled, None),
        "specificity": (lambda y, s, g: _gap_loop(1 - y, 1 - s, g), None),
        "absolute": (lambda y, s, g: np.abs(_gap_loop(y, s, g)), None),
        "both rates": (lambda y, s, g: tuple(_se(y, s, g)), None),
    },
    "holm": {
        "bonferroni": (lambda p: np.minimum(1, p * len(p)), "bonferroni"),
        "in order": (lambda p: sorted(_holm_loop(p)), "sorted"),
        "sidak": (lambda p: 1 - (1 - p) ** len(p), None),
        "hochberg": (lambda p: _step_up(p, np.arange(len(p), 0, -1)), None),
        "false discoveries": (lambda p: _step_up(p, len(p) / np.arange(1, len(p) + 1)), None),
        "unchanged": (lambda p: p, None),
        "reject": (lambda p: np.array(_holm_loop(p)) < 0.05, None),
        "divided": (lambda p: p / len(p), None),
        "ranks": (lambda p: np.argsort(np.argsort(p)) + 1, None),
    },
    "conformal_threshold": {
        "n": (
            lambda y, p, v: _place(_s(y, p), int(np.ceil(len(y) * v))),
            "without_the_new_case",
        ),
        "likely": (
            lambda y, p, v: _place(np.minimum(p, 1 - p), _k(len(y), v)),
            "likely_class",
        ),
        "true": (lambda y, p, v: _place(1 - _s(y, p), _k(len(y), v)), "probability"),
        "one more": (lambda y, p, v: np.sort(_s(y, p))[min(_k(len(y), v), len(y) - 1)], None),
        "interpolated": (lambda y, p, v: np.quantile(_s(y, p), v), None),
        "of ill": (lambda y, p, v: _place(_s(y, p)[y == 1], _k(int(y.sum()), v)), None),
        "low end": (lambda y, p, v: np.sort(_s(y, p))[_k(len(y), 1 - v) - 1], None),
        "place": (lambda y, p, v: _k(len(y), v), None),
        "mean": (lambda y, p, v: _s(y, p).mean(), None),
    },
    "error_of_kept": {
        "surest": (lambda c, s, r: 1 - c[np.argsort(-s)[r:]].mean(), "surest_referred"),
        "of all": (lambda c, s, r: (1 - c[np.argsort(s)[r:]]).sum() / len(c), "share_of_all"),
        "right": (lambda c, s, r: c[np.argsort(s)[r:]].mean(), "accuracy"),
        "of referred": (lambda c, s, r: 1 - c[np.argsort(s)[:r]].mean(), None),
        "all": (lambda c, s, r: 1 - c.mean(), None),
        "one more": (lambda c, s, r: 1 - c[np.argsort(s)[r + 1 :]].mean(), None),
        "count": (lambda c, s, r: (1 - c[np.argsort(s)[r:]]).sum(), None),
        "share": (lambda c, s, r: r / len(c), None),
        "as they come": (lambda c, s, r: 1 - c[r:].mean(), None),
    },
    "second_reader": {
        "both": (
            lambda y, a, b: ((a & b)[y == 1].mean(), 1 - (a & b)[y == 0].mean()),
            "both_must_agree",
        ),
        "machine": (lambda y, a, b: (a[y == 1].mean(), 1 - a[y == 0].mean()), "machine_alone"),
        "reader": (lambda y, a, b: (b[y == 1].mean(), 1 - b[y == 0].mean()), None),
        "mean": (
            lambda y, a, b: ((a + b)[y == 1].mean() / 2, 1 - (a + b)[y == 0].mean() / 2),
            None,
        ),
        "false alarms": (
            lambda y, a, b: ((a | b)[y == 1].mean(), (a | b)[y == 0].mean()),
            "false_alarms",
        ),
        "predictive": (lambda y, a, b: (y[(a | b) == 1].mean(), 1 - y[(a | b) == 0].mean()), None),
        "counts": (lambda y, a, b: ((a | b)[y == 1].sum(), (y == 0).sum()), None),
        "one of the two": (
            lambda y, a, b: ((a ^ b)[y == 1].mean(), 1 - (a ^ b)[y == 0].mean()),
            None,
        ),
        "accuracy": (lambda y, a, b: ((a | b) == y).mean(), None),
    },
    "cusum": {
        "no floor": (lambda x, t, k: np.cumsum(x - t - k), "no_floor"),
        "no slack": (lambda x, t, k: _cusum_lowest(x, t, 0), "no_slack"),
        "each": (lambda x, t, k: np.clip(x - t - k, 0, None), "no_memory"),
        "slack added": (lambda x, t, k: _cusum_lowest(x, t, -k), None),
        "downward": (lambda x, t, k: _cusum_lowest(-x, -t, k), None),
        "last": (lambda x, t, k: _cusum_lowest(x, t, k)[-1], None),
        "with the start": (lambda x, t, k: np.r_[0, _cusum_lowest(x, t, k)], None),
        "sum of positive": (lambda x, t, k: np.cumsum(np.maximum(x - t - k, 0)), None),
        "floored sum": (
            lambda x, t, k: np.maximum(np.cumsum(x - t - k), 0),
            "floored_at_the_end",
        ),
    },
    "my_review": {
        "of the neighbor": (lambda: ("1896", *_OF_THE_BOOK), "not_told"),
        "names alone": (
            lambda: (1895, {"subgroup": None, "calibration": None}, {"spectrum": None}, {}),
            None,
        ),
        "of all groups": (
            lambda: (1895, {"subgroup": 76 / 93, "calibration": 1.84}, {"spectrum": 0.64}, {}),
            "claimed",
        ),
        "other way round": (
            lambda: (1895, {"subgroup": 24 / 38, "calibration": 0.543}, {"spectrum": 0.64}, {}),
            "expected_observed",
        ),
        "number under another name": (
            lambda: (1895, {"subgroup": 24 / 38, "screening": 1.84}, {"spectrum": 0.64}, {}),
            "screening_or_calibration",
        ),
        "accused": (lambda: (1895, *_OF_THE_BOOK[:2], {"looks": 0.01}), "accused"),
        "everything": (lambda: (1895, *(dict.fromkeys(_KINDS, 0.5),) * 3), "not_told"),
        "percent": (
            lambda: (1895, {"subgroup": 63, "calibration": 184}, {"spectrum": 64}, {}),
            "percent",
        ),
        "no dictionaries": (lambda: (1895, "subgroup", "spectrum", ""), None),
    },
}
