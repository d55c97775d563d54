"""Exercises that check themselves: one object serves the notebook, its tests and the grader."""

from ._check import CheckResult, check
from ._compare import compare
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
]
