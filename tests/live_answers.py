"""Judges every answer that needs NumPy alone, by whatever Python runs this: `result` is JSON.

`given` is a list of id, solution, and code above it for each exercise, as JSON.

`test_live_parity.py` runs it twice, here and in the Python of the page, and compares.
"""

import importlib
import json
import sys
import warnings

import numpy as np

from course_lib.exercises import call, catalog, check, diagnose, draw_cases
from course_lib.exercises._beforehand import _packages

SEEDS = range(2)
IN_PAGE = sys.platform == "emscripten"
_KNOWN = {*sys.stdlib_module_names, "numpy", "course_lib", "tests", ""}


class _Anything(type):
    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return cls

    def __call__(cls, *arguments, **options):
        raise ModuleNotFoundError("not in the page")


class _Absent(metaclass=_Anything):
    """Stands for a package that the page does not have, where an answer only may use it."""


def _imported(name):
    """A module; in the page with stand-ins for what it imports and the page does not have."""
    while True:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if not IN_PAGE or error.name.startswith("tests"):
                raise
            sys.modules[error.name] = _Absent


def _written(exercise):
    """Answers from the files of answers, by name."""
    module = _imported(f"tests.exercise_answers.{exercise.chapter}")
    right = module.RIGHT.get(exercise.function_name, {})
    wrong = module.WRONG.get(exercise.function_name, {})
    answers = {f"right: {name}": function for name, function in right.items()}
    return answers | {f"wrong: {name}": function for name, (function, _) in wrong.items()}


def _answers(exercise):
    answers = {"reference": exercise.reference, "stub": lambda *_: ...}
    answers |= {f"misconception: {m.name}": m.function for m in exercise.misconceptions}
    written = {n: f for n, f in _written(exercise).items() if _packages(f) <= _KNOWN}
    return answers | written


def _judged(exercise, answer, cases):
    found = check(exercise.id, answer)
    verdicts = []
    for drawn in cases:
        verdict = diagnose(exercise, drawn, [call(answer, case) for case in drawn])
        named = verdict.misconception and verdict.misconception.name
        verdicts.append([verdict.outcome, verdict.right, verdict.fraction, named])
    return [found.status, found.message, found.hint, found.example, verdicts]


def _all():
    judged = {}
    for exercise in catalog().values():
        if "torch" in exercise.uses:
            continue
        cases = [draw_cases(exercise, seed) for seed in SEEDS]
        for name, answer in _answers(exercise).items():
            judged[f"{exercise.id}, {name}"] = _judged(exercise, answer, cases)
    return judged


warnings.simplefilter("ignore")
np.seterr(all="ignore")
if IN_PAGE:
    from answering import answered
else:
    from book_ext.live.answering import answered
asked = json.loads(given)  # noqa: F821  (who runs this sets it)
solved = {name: answered(name, code, above) for name, code, above in asked}
result = json.dumps([_all(), solved])
