"""Answers to the exercises of the chapter "Report and presentation"."""

import decimal

import numpy as np
import torch


def _by_decimals(rate, n, decimals):
    step = decimal.Decimal(1).scaleb(-decimals)
    target = decimal.Decimal(str(rate)).quantize(step)
    return any((decimal.Decimal(k) / n).quantize(step) == target for k in range(n + 1))


_OF_THE_BOOK = {"leakage": 146}, {}, {"threshold": 6, "screening": 0.0578}
_OWN = (
    {"screening": 0.0783},
    {"threshold": 260 - 252, "verification": 57 / (57 + 14 * 1017 / 217)},
    {"calibration": 81 / (268 * 0.173)},
)

RIGHT = {
    "possible_rate": {
        "round": lambda rate, n, d: any(round(k / n, d) == round(rate, d) for k in range(n + 1)),
        "decimal": _by_decimals,
        "text": lambda rate, n, d: f"{rate:.{d}f}" in {f"{k / n:.{d}f}" for k in range(n + 1)},
        "nearest": lambda rate, n, d: np.abs(np.rint(rate * n) / n - rate) < 0.5000001 / 10**d,
    },
    "shared_patients": {
        "in1d": lambda train, test: np.isin(test, train).sum() / test.size,
        "broadcast": lambda train, test: (test[:, None] == train).any(axis=1).mean(),
        "torch": lambda train, test: (
            torch.isin(torch.tensor(test), torch.tensor(train)).float().mean()
        ),
    },
    "paired_difference": {
        "loop": lambda a, b: (
            (m := sum((d := [int(x) - int(y) for x, y in zip(a, b, strict=True)])) / len(d)),
            (sum((x - m) ** 2 for x in d) / len(d)) ** 0.5 / len(d) ** 0.5,
        ),
        "moments": lambda a, b: (
            a.mean() - b.mean(),
            np.sqrt((np.mean((a - b) ** 2) - np.mean(a - b) ** 2) / len(a)),
        ),
        "torch": lambda a, b: (
            (d := torch.tensor(a - b).float()).mean(),
            d.std(unbiased=False) / len(d) ** 0.5,
        ),
    },
    "found_alone": {
        "loop": lambda y, a, b: (
            (p := sum(t and i and not j for t, i, j in zip(y, a, b, strict=True))),
            (q := sum(t and j and not i for t, i, j in zip(y, a, b, strict=True))),
            (p - q) / sum(y),
        ),
        "indexing": lambda y, a, b: (
            np.sum(a[y == 1] > b[y == 1]),
            np.sum(b[y == 1] > a[y == 1]),
            a[y == 1].mean() - b[y == 1].mean(),
        ),
        "torch": lambda y, a, b: (
            (d := torch.tensor((a - b)[y == 1])).eq(1).sum(),
            d.eq(-1).sum(),
            d.double().mean(),
        ),
        "sets": lambda y, a, b: (
            len((i := set(np.flatnonzero(y & a))) - (j := set(np.flatnonzero(y & b)))),
            len(j - i),
            (len(i) - len(j)) / int(y.sum()),
        ),
    },
    "largest_miss_rate": {
        "logarithm": lambda n, level: 1 - np.exp(np.log(1 - level) / n),
        "power": lambda n, level: 1 - np.power(1 - level, 1 / n),
        "bisection": lambda n, level: _bisect(n, level),
    },
    "my_review": {
        "rounded": lambda: (1895, {"leakage": 146}, {}, {"threshold": 6, "screening": 0.058}),
        "text": lambda: ["1895", {"leakage": 146.0}, {}, {"screening": 0.0578, "threshold": 6}],
        "number of its own": lambda: ("B1234567", *_OWN),
    },
}


def _bisect(n, level):
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if (1 - middle) ** n > 1 - level else (low, middle)
    return low


WRONG = {
    "possible_rate": {
        "range(n)": (
            lambda rate, n, d: any(round(k / n, d) == round(rate, d) for k in range(n)),
            "not_all",
        ),
        "from one": (
            lambda rate, n, d: any(round(k / n, d) == round(rate, d) for k in range(1, n + 1)),
            None,
        ),
        "a whole unit": (
            lambda rate, n, d: bool(np.abs(np.arange(n + 1) / n - rate).min() <= 10.0**-d),
            None,
        ),
        "rate times n": (lambda rate, n, d: round(rate * n, 6) % 1 == 0, "whole_number"),
        "two decimals": (
            lambda rate, n, d: any(abs(k / n - rate) <= 0.005 for k in range(n + 1)),
            None,
        ),
        "the contrary": (lambda rate, n, d: not _by_decimals(rate, n, d), None),
    },
    "shared_patients": {
        "clean share": (lambda train, test: 1 - np.isin(test, train).mean(), None),
        "percent": (lambda train, test: 100 * np.isin(test, train).mean(), "percent"),
        "of all images": (
            lambda train, test: np.isin(test, train).sum() / (len(test) + len(train)),
            None,
        ),
        "union of patients": (
            lambda train, test: len(set(train) & set(test)) / len(set(train) | set(test)),
            None,
        ),
    },
    "paired_difference": {
        "ddof": (
            lambda a, b: (np.mean(a - b), np.std(a - b, ddof=1) / np.sqrt(len(a))),
            "sample_standard_deviation",
        ),
        "n below the root twice": (lambda a, b: (np.mean(a - b), np.std(a - b) / len(a)), None),
        "count": (lambda a, b: (np.sum(a - b), np.std(a - b) / np.sqrt(len(a))), None),
        "absolute": (
            lambda a, b: (np.mean(np.abs(a - b)), np.std(np.abs(a - b)) / np.sqrt(len(a))),
            None,
        ),
        "other order": (
            lambda a, b: (np.std(a - b) / np.sqrt(len(a)), np.mean(a - b)),
            "reversed",
        ),
    },
    "found_alone": {
        "of all patients": (
            lambda y, a, b: (
                (p := np.sum(y & a & (1 - b))),
                (q := np.sum(y & b & (1 - a))),
                (p - q) / len(y),
            ),
            None,
        ),
        "positives": (
            lambda y, a, b: (
                (p := np.sum((a == 1) & (b == 0))),
                (q := np.sum((b == 1) & (a == 0))),
                (p - q) / len(y),
            ),
            "all_patients",
        ),
        "specificity": (
            lambda y, a, b: (
                (p := np.sum((a < b)[y == 0])),
                (q := np.sum((a > b)[y == 0])),
                (p - q) / np.sum(y == 0),
            ),
            None,
        ),
        "absolute": (
            lambda y, a, b: (
                (p := np.sum((a > b)[y == 1])),
                (q := np.sum((a < b)[y == 1])),
                abs(p - q) / 1000,
            ),
            None,
        ),
        "discordant share": (
            lambda y, a, b: (
                (p := np.sum((a > b)[y == 1])),
                (q := np.sum((a < b)[y == 1])),
                (p - q) / (p + q),
            ),
            "among_the_discordant",
        ),
    },
    "largest_miss_rate": {
        "rounded": (lambda n, level: round(1 - (1 - level) ** (1 / n), 2), None),
        "chance of none": (lambda n, level: (1 - level) ** (1 / n), None),
        "percent": (lambda n, level: 100 * (1 - (1 - level) ** (1 / n)), "percent"),
        "linear": (lambda n, level: level / n, None),
        "exponential": (lambda n, level: -np.log(1 - level) / n, None),
    },
    "my_review": {
        "of the neighbor": (lambda: ("1896", *_OF_THE_BOOK), "not_told"),
        "share of the patients": (
            lambda: (1895, {"leakage": 146 / 377}, *_OF_THE_BOOK[1:]),
            "share_shared",
        ),
        "images for patients": (lambda: (1895, {"leakage": 5 * 146}, *_OF_THE_BOOK[1:]), None),
        "what the text says": (
            lambda: (1895, *_OF_THE_BOOK[:2], {"threshold": 6, "screening": 0.735}),
            "claimed",
        ),
        "leak of another kind": (
            lambda: (1895, {"label_leak": 146}, *_OF_THE_BOOK[1:]),
            "leakage_or_label_leak",
        ),
        "sound one accused": (
            lambda: (1895, _OF_THE_BOOK[0], {"unit": 0.04}, _OF_THE_BOOK[2]),
            "accused",
        ),
        "no such name": (lambda: (1895, {"leak": 146}, *_OF_THE_BOOK[1:]), None),
        "number alone": (lambda: 1895, None),
    },
}
