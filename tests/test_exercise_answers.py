"""Every exercise meets right and wrong answers in number: some written, many derived."""

import dataclasses
import functools
import importlib
import inspect
import itertools
import re
from collections.abc import Callable

import numpy as np
import pytest
import torch

from book_ext import rules
from course_grader import grading
from course_grader.notebook import Found
from course_grader.room.launcher import Answer, Failure
from course_lib.exercises import Raised, call, check, diagnose, draw_cases
from course_lib.exercises import _exercise as machinery

from .test_exercises import EXERCISES, written

SEEDS = range(20)
SECRET = b"a secret for the answers"
#: What an answer earns at most that does not look at its task: a share of the points.
PAYS = 0.1


def answers(exercise, kind):
    """The written answers to an exercise."""
    module = importlib.import_module(f"{__package__}.exercise_answers.{exercise.chapter}")
    return getattr(module, kind).get(exercise.function_name, {})


# Derived answers: functions of an exercise that give an answer ------------------------------------


def single(value):
    """The same value in single precision."""
    if isinstance(value, float | np.floating):
        return np.float32(value)
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return value.astype(np.float32)
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        return value.float()
    if isinstance(value, list | tuple):
        return type(value)(map(single, value))
    return value


def on_arrays(change):
    """Apply a change to every array and number of an output."""

    def changed(value):
        if isinstance(value, tuple):
            return tuple(map(changed, value))
        if isinstance(value, dict):
            return {key: changed(item) for key, item in value.items()}
        if isinstance(value, str) or value is None:
            return value
        return change(np.asarray(value))

    return changed


def to_lists(value):
    return on_arrays(lambda a: a.tolist())(value)


def to_tensors(value):
    def tensor(array):
        return torch.tensor(single(array).tolist()) if array.dtype.kind in "biuf" else array

    return on_arrays(tensor)(value)


def derived_right(exercise):
    """Right answers of other types, and from single precision."""
    reference = exercise.reference
    in_single = functools.partial(on_arrays(np.float32))

    def single_precision(*arguments):
        return reference(*map(single, arguments))

    def is_floating(value):
        return np.asarray(value).dtype.kind == "f"

    if any(getattr(reference(*case), "requires_grad", False) for case in drawn(exercise)[0]):
        # Other types would cut the gradient off.
        return {"solution": written(exercise, "solution"), "single precision": single_precision}

    def narrowed(*arguments):
        value = single_precision(*arguments)
        whole = isinstance(value, tuple | list | dict | str) or not is_floating(value)
        return value if whole else in_single(value)

    return {
        "solution": written(exercise, "solution"),
        "lists": lambda *arguments: to_lists(reference(*arguments)),
        "single precision": narrowed,
        "tensors": lambda *arguments: to_tensors(single_precision(*arguments)),
    }


CONSTANTS = {
    **{repr(value): value for value in (0, 1, -1, 0.5, np.nan, np.inf, None, True, False)},
    **{repr(value): value for value in ("", [], (), {}, (0, 0), (1, 1), (0, 0, 0, 0))},
}
#: Of the right shape, but filled with one number.
FILLED = {
    f"filled with {number}": on_arrays(lambda a, number=number: np.full(a.shape, number))
    for number in (0, 1, 0.5, np.nan)
}
#: Of one array among the arguments.
REDUCTIONS = {
    "mean": np.mean,
    "median": np.median,
    "min": np.min,
    "max": np.max,
    "sum": np.sum,
    "std": np.std,
    "first": lambda a: a.ravel()[0],
    "last": lambda a: a.ravel()[-1],
    "size": np.size,
    "len": len,
}
#: Of the right answer.
NEAR = {
    "plus one": on_arrays(lambda a: a + np.ones((), int)),
    "minus one": on_arrays(lambda a: a - np.ones((), int)),
    "doubled": on_arrays(lambda a: a * 2),
    "halved": on_arrays(lambda a: a / 2),
    "negated": on_arrays(lambda a: ~a if a.dtype == bool else -a),
    "complement": on_arrays(lambda a: 1 - a.astype(float)),
    "squared": on_arrays(lambda a: a.astype(float) ** 2),
    "root": on_arrays(lambda a: np.sqrt(np.abs(a))),
    "rounded": on_arrays(lambda a: np.round(a, 2)),
    "whole": on_arrays(lambda a: np.floor(a.astype(float))),
    "a thousandth more": on_arrays(lambda a: a * 1.001),
    "backwards": on_arrays(lambda a: a[::-1] if a.ndim else a),
    "transposed": on_arrays(np.transpose),
    "shifted": on_arrays(lambda a: np.roll(a, 1)),
    "sorted": on_arrays(lambda a: np.sort(a, axis=None).reshape(a.shape)),
    "cut short": on_arrays(lambda a: a[:-1] if a.ndim else a),
    "wrapped": lambda value: [value],
    "as text": str,
    "its mean": on_arrays(np.mean),
    "one NaN": on_arrays(lambda a: np.where(np.arange(a.size).reshape(a.shape) == 0, np.nan, a)),
}


def kind_of_argument(value):
    if isinstance(value, np.ndarray | torch.Tensor):
        return "array", str(value.dtype), tuple(value.shape)
    return type(value).__name__


def swapped(exercise, cases):
    """The reference with two arguments of one kind in each other's place."""
    names = list(inspect.signature(exercise.reference).parameters)
    for i, j in itertools.combinations(range(min(map(len, cases))), 2):
        if all(kind_of_argument(case[i]) == kind_of_argument(case[j]) for case in cases):

            def answer(*arguments, i=i, j=j):
                arguments = list(arguments)
                arguments[i], arguments[j] = arguments[j], arguments[i]
                return exercise.reference(*arguments)

            yield f"swapped {names[i]} {names[j]}", answer


def echoes(exercise, cases):
    """An argument itself, or a number that one array among them gives."""
    for i, name in enumerate(inspect.signature(exercise.reference).parameters):
        if all(len(case) > i for case in cases):
            yield name, lambda *arguments, i=i: arguments[i]
            if all(isinstance(case[i], np.ndarray) for case in cases):
                for said, reduce in REDUCTIONS.items():
                    yield f"{said} of {name}", lambda *a, i=i, reduce=reduce: reduce(a[i])


@dataclasses.dataclass
class Near:
    """An answer that changes the right one."""

    reference: Callable
    change: Callable

    def __call__(self, *arguments):
        return self.change(self.reference(*arguments))


def derived_wrong(exercise):
    """Name, function and sort of many answers, nearly all of them wrong."""
    cases = drawn(exercise)[0]
    for name, value in CONSTANTS.items():
        yield name, lambda *_, value=value: value, "constant"
    # A text cannot be filled with numbers.
    text = isinstance(exercise.reference(*cases[0]), str)
    for name, fill in () if text else FILLED.items():
        yield name, Near(exercise.reference, fill), "constant"
    for name, function in echoes(exercise, cases):
        yield name, function, "echo"
    for name, change in NEAR.items():
        yield name, Near(exercise.reference, change), "near"
    for name, function in swapped(exercise, cases):
        yield name, function, "near"


# Running them -------------------------------------------------------------------------------------


@functools.cache
def _drawn(exercise_id):
    exercise = EXERCISES[exercise_id]
    return [draw_cases(exercise, seed) for seed in SEEDS]


def drawn(exercise):
    return _drawn(exercise.id)


@pytest.fixture(autouse=True)
def remembered(monkeypatch):
    """Reference and misconceptions are computed once a case, whatever the number of answers.

    So is what a share of right cases is worth.
    """
    torch.set_num_threads(1)
    known, worth = {}, {}
    credit = machinery._credit

    def remembering(function, arguments):
        key = id(function), id(arguments)
        if key not in known:
            known[key] = call(function, arguments), function, arguments
        return known[key][0]

    def remembering_credit(exercise, expected, right):
        # The expected values are those remembered above, and as old.
        key = exercise.id, right, *map(id, expected)
        if key not in worth:
            worth[key] = credit(exercise, expected, right), expected
        return worth[key][0]

    monkeypatch.setattr(machinery, "call", remembering)
    monkeypatch.setattr(machinery, "_credit", remembering_credit)


@functools.cache
def hidden(exercise_id, draw=grading.hidden_cases):
    return draw(EXERCISES[exercise_id], SECRET, "ann")


class Playback:
    """A room that computes in this process."""

    def __init__(self, function):
        self.function = function

    def ask(self, cells, name, cases, *how):
        said = outputs(self.function, cases)
        return Answer([Failure("raised", o.type) if type(o) is Raised else o for o in said])


def graded(exercise, function, monkeypatch):
    monkeypatch.setattr(grading, "hidden_cases", lambda exercise, *_: hidden(exercise.id))
    return grading.grade(exercise, Found.alone(""), SECRET, "ann", Playback(function))


def outputs(function, cases):
    if isinstance(function, Near):
        right = [machinery.call(function.reference, case) for case in cases]
        # No copies: a tensor with a gradient has none, and no change is made in place.
        return [machinery.attempt(function.change, (value,)) for value in right]
    return [call(function, case) for case in cases]


def verdicts(exercise, function):
    with np.errstate(all="ignore"):
        return [diagnose(exercise, cases, outputs(function, cases)) for cases in drawn(exercise)]


def names(found):
    return {verdict.misconception and verdict.misconception.name for verdict in found}


each = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)


def test_answers_are_written_for_every_chapter():
    for exercise in EXERCISES.values():
        for kind, least in (("RIGHT", rules.RIGHT), ("WRONG", rules.WRONG)):
            assert len(answers(exercise, kind)) >= least, (
                f"{exercise.id} needs {least} answers in {kind} of "
                f"tests/exercise_answers/{exercise.chapter}.py"
            )


@each
def test_a_hint_speaks_of_the_value_and_not_of_the_code(exercise):
    """Another code may give the same value, and would be told what it never did."""
    for misconception in exercise.recognized:
        told = re.findall(r"\bYour?s?\b|\byour\b|\byou (?!would|may|can)", misconception.hint)
        assert not told, f"{misconception.name}: {misconception.hint}"


@pytest.mark.slow
@each
def test_right_answers_are_right(exercise, monkeypatch):
    right = derived_right(exercise) | answers(exercise, "RIGHT")
    for name, function in right.items():
        for seed, verdict in zip(SEEDS, verdicts(exercise, function), strict=True):
            assert verdict.outcome == "correct", f"{name}, seed {seed}: {verdict}"
        found = check(exercise.id, function)
        assert found.status == "correct", f"{name}: {found}"
        result = graded(exercise, function, monkeypatch)
        assert result.points == exercise.points, f"{name}: {result}"


@pytest.mark.slow
@each
def test_derived_wrong_answers_are_wrong_and_rightly_addressed(exercise, monkeypatch):
    count = 0
    for name, function, sort in derived_wrong(exercise):
        found = verdicts(exercise, function)
        outcomes = {verdict.outcome for verdict in found}
        if outcomes == {"correct"} and sort == "near":
            continue  # such as a whole number, rounded
        count += 1
        assert outcomes <= {"wrong", "partial", "raised"}, f"{name}: {outcomes}"
        if sort == "constant":
            assert names(found) == {None}, f"{name}: {names(found)}"
        assert len(names(found)) == 1, f"{name} is addressed in two ways: {names(found)}"
        result = graded(exercise, function, monkeypatch)
        assert result.points < exercise.points, f"{name}: {result}"
        if sort != "near":
            assert result.points <= PAYS * exercise.points, f"{name}: {result}"
    assert count >= 20


@pytest.mark.slow
@each
def test_written_wrong_answers_are_wrong_and_hear_what_they_deserve(exercise, monkeypatch):
    for name, (function, deserved) in answers(exercise, "WRONG").items():
        found = verdicts(exercise, function)
        outcomes = {verdict.outcome for verdict in found}
        assert outcomes <= {"wrong", "partial", "raised"}, f"{name}: {outcomes}"
        assert names(found) == {deserved}, f"{name}: {names(found)}"
        result = graded(exercise, function, monkeypatch)
        assert result.points < exercise.points, f"{name}: {result}"
        assert result.misconception == (deserved or ""), f"{name}: {result}"
