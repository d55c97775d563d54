"""Exercises that check themselves: one object serves the notebook, its tests and the grader."""

from ._check import CheckResult, check, in_words
from ._compare import Difference, compare, kind_of
from ._exercise import (
    Exercise,
    Misconception,
    Raised,
    Verdict,
    call,
    catalog,
    diagnose,
    draw_cases,
    find,
)

__all__ = [
    "CheckResult",
    "Difference",
    "Exercise",
    "Misconception",
    "Raised",
    "Verdict",
    "call",
    "catalog",
    "check",
    "compare",
    "diagnose",
    "draw_cases",
    "find",
    "in_words",
    "kind_of",
    "studies",
]


def __getattr__(name):
    """`studies` comes when it is asked for: what draws them is no part of the other chapters."""
    if name != "studies":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ._review import studies

    return studies
