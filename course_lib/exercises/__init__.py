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
from ._review import studies

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
