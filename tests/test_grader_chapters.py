"""Every chapter, through the room: solutions get everything, stubs nothing, hints their name."""

import contextlib
import functools

import numpy as np
import pytest

from course_grader import feedback, grading
from course_grader.notebook import Found
from course_grader.room import wire
from course_grader.room.launcher import Room
from course_lib.exercises import Raised, call, catalog, compare

from .grader_class import CELLS, feedback_page, level_or_skip
from .solved import cells_of

pytestmark = pytest.mark.slow

SECRET = b"a secret for the chapters"
EXERCISES = [exercise for key, exercise in catalog().items() if key in CELLS]


@pytest.fixture(scope="module")
def grade():
    """Grade the last of some cells as an answer to an exercise."""
    level = level_or_skip()
    with contextlib.ExitStack() as stack:

        @functools.cache
        def room(modules):
            return stack.enter_context(Room(level, modules))

        def grade(exercise, *cells):
            modules = tuple(wire.MODULES[name] for name in exercise.uses)
            return grading.grade(exercise, Found.alone(*cells), SECRET, "ann", room(modules))

        yield grade


def test_chapters_are_there():
    assert {"metrics"} <= {exercise.chapter for exercise in EXERCISES}


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
def test_solution_scores_all_stub_nothing_and_every_misconception_is_named(grade, exercise):
    solved = grade(exercise, *cells_of(exercise.id, "solution", CELLS))
    assert (solved.outcome, solved.points) == ("correct", exercise.points), (
        f"the chapter's solution must get every point: {solved}"
    )
    stub = grade(exercise, CELLS[exercise.id]["stub"])
    assert (stub.outcome, stub.points) == ("missing", 0), f"a stub gets nothing: {stub}"
    cases, _ = grading.hidden_cases(exercise, SECRET, "ann")
    for misconception in exercise.misconceptions:
        outputs = [call(misconception.function, case) for case in cases]
        result = grade(exercise, playback(exercise.function_name, outputs))
        assert result.points < exercise.points, f"{misconception.name} gets every point"
        named = next(m for m in exercise.misconceptions if explains(exercise, m, cases, outputs))
        assert result.misconception == named.name, (
            f"the grader takes {named.name} for {result.misconception or 'no misconception'}"
        )
        page = feedback_page("ann", result)
        assert feedback.escape(named.hint) in page
        assert named.name.replace("_", " ") in page


def explains(exercise, misconception, cases, outputs):
    """Whether a misconception gives these outputs, by comparing one by one."""
    return all(
        type(predicted) is type(output) and predicted.type == output.type
        if Raised in (type(predicted), type(output))
        else compare(predicted, output, exercise.rtol, exercise.atol) is None
        for predicted, output in zip(
            (call(misconception.function, case) for case in cases), outputs, strict=True
        )
    )


def playback(name, outputs):
    """Source of a function that gives these outputs, one a call: what a wrong answer returns."""
    return "\n".join(
        [
            "from numpy import array, float32, float64, frombuffer, int64, nan, inf",
            f"_outputs = iter([{', '.join(f'lambda: {literal(o)}' for o in outputs)}])",
            f"def {name}(*arguments):",
            "    return next(_outputs)()",
        ]
    )


def literal(value):
    """Source of an expression with this value."""
    if type(value) is Raised:
        return f"(_ for _ in ()).throw({value.type}()).send(None)"
    if type(value).__module__ == "torch":
        value = value.detach().numpy()
    if isinstance(value, np.ndarray | np.generic):
        data = np.ascontiguousarray(value).tobytes().hex()
        return f"frombuffer(bytes.fromhex('{data}'), '{value.dtype}').reshape({np.shape(value)})"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, tuple):
        return f"({''.join(f'{literal(item)}, ' for item in value)})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {literal(v)}" for k, v in value.items()) + "}"
    return repr(value)
