"""One exercise: secret cases, outcomes, partial credit, and what a student gets to read."""

from dataclasses import replace

import numpy as np
import pytest

from course_grader import grading, workers
from course_grader.notebook import Found
from course_grader.room.launcher import Answer, Failure, Room
from course_grader.room.policy import Limits
from course_lib.exercises import Exercise, Misconception, find

from .grader_class import feedback_page, level_or_skip

SECRET = b"sixteen or more!"


def cases(rng):
    return [(1.0, 2.0)] + [tuple(float(v) for v in rng.uniform(1, 9, 2)) for _ in range(3)]


RATIO = Exercise(
    id="test.ratio",
    title="A ratio",
    reference=lambda a, b: a / b,
    cases=cases,
    misconceptions=(
        Misconception("upside_down", lambda a, b: b / a, "You divided the other way round."),
    ),
    points=3,
)


class Playback:
    """A room that computes in this process what a function gives; for trusted functions."""

    def __init__(self, function, ended="", failure=None):
        self.function, self.ended, self.failure = function, ended, failure

    def ask(self, cells, name, cases, *how):
        outputs = [] if self.ended else [self.function(*case) for case in cases]
        return Answer(outputs, self.ended, self.failure, 0.25)


def graded(function=None, cell="def ratio(a, b):\n    return a / b", **kind):
    return grading.grade(RATIO, Found.alone(cell), SECRET, "ann", Playback(function, **kind))


def test_cases_are_the_student_s_own_and_always_the_same():
    ann, fixed = grading.hidden_cases(RATIO, SECRET, "ann")
    assert ann == grading.hidden_cases(RATIO, SECRET, "ann")[0]
    assert ann[1:] != grading.hidden_cases(RATIO, SECRET, "bob")[0][1:]
    assert ann[1:] != grading.hidden_cases(RATIO, b"another secret..", "ann")[0][1:]
    # Three draws of three random cases; the fixed one once.
    assert len(ann) == 10
    assert fixed == [True] + [False] * 9


def test_a_correct_answer_gets_all_points():
    result = graded(lambda a, b: a / b)
    assert (result.points, result.outcome, result.right, result.cases) == (3, "correct", 10, 10)
    assert result.seconds == 0.25


def test_a_misconception_is_named():
    result = graded(lambda a, b: b / a)
    assert (result.points, result.outcome) == (0, "wrong")
    assert result.misconception == "upside_down"


def test_partial_credit_is_the_share_of_right_cases():
    every_case, _ = grading.hidden_cases(RATIO, SECRET, "ann")
    hard = {every_case[2], every_case[5], every_case[6]}
    result = graded(lambda a, b: 0.0 if (a, b) in hard else a / b)
    assert (result.points, result.outcome, result.right) == (2.1, "partial", 7)


def test_knowing_the_notebook_s_cases_pays_nothing():
    result = graded(lambda a, b: {(1.0, 2.0): 0.5}.get((a, b), 0.0))
    assert (result.points, result.outcome) == (0, "wrong")


def test_without_random_cases_the_fixed_ones_count():
    fixed = Exercise("test.twice", "", lambda a: 2 * a, lambda rng: [(1,), (2,), (3,)], ())
    result = grading.grade(
        fixed, Found.alone(""), SECRET, "ann", Playback(lambda a: 2 * a if a > 1 else 0)
    )
    assert (result.points, result.outcome) == (0.67, "partial")


@pytest.mark.parametrize(
    ("ended", "outcome"),
    [
        ("timeout", "timeout"),
        ("memory", "memory"),
        ("exit", "raised"),
        ("crash", "raised"),
        ("protocol", "protocol_violation"),
        ("undefined", "missing"),
    ],
)
def test_every_ending_has_an_outcome_and_no_point(ended, outcome):
    result = graded(ended=ended)
    assert (result.points, result.outcome) == (0, outcome)
    assert outcome in grading.OUTCOMES


def test_a_failed_cell_shows_its_line_and_message():
    failure = Failure("raised", "SyntaxError", 2, "invalid syntax")
    result = graded(ended="cell", failure=failure, cell="def ratio(a, b):\n    return a /")
    assert result.outcome == "raised"
    assert "SyntaxError in line 2 of its cell, `return a /` (invalid syntax)" in result.message
    assert result.line == 2


@pytest.mark.parametrize(
    ("function", "outcome"),
    [
        (lambda a, b: ..., "missing"),
        (lambda a, b: Failure("raised", "NotImplementedError"), "missing"),
        (lambda a, b: Failure("raised", "ValueError", 2), "raised"),
        (lambda a, b: Failure("raised", "MemoryError"), "memory"),
        (lambda a, b: Failure("not plain"), "bad_type"),
        (lambda a, b: None, "wrong"),
        (lambda a, b: "text", "wrong"),
        (lambda a, b: [a, {"b": [b]}], "wrong"),
        (lambda a, b: np.zeros((2, 0)), "wrong"),
        (lambda a, b: 2**900, "wrong"),
        (lambda a, b: float("nan"), "wrong"),
    ],
)
def test_wild_outputs_get_no_point(function, outcome):
    result = graded(function)
    assert (result.points, result.outcome) == (0, outcome)


def test_a_mixture_of_failures_and_values_is_partial():
    every_case, _ = grading.hidden_cases(RATIO, SECRET, "ann")
    bad = {every_case[3]: Failure("not plain"), every_case[4]: Failure("raised", "KeyError", 2)}
    result = graded(lambda a, b: bad.get((a, b), a / b))
    assert (result.points, result.outcome) == (2.4, "partial")
    assert "KeyError in line 2 of its cell" in result.message
    assert result.line == 2, "feedback marks it"


def leaky(a, b):
    """Tells its inputs in every way that a reply has."""
    return {0: f"{a} {b}", 1: np.zeros((int(100 * a), 0)), 2: a * 1000, 3: {f"{a}": b}}[int(a) % 4]


def test_feedback_repeats_no_hidden_input_or_output():
    every_case, _ = grading.hidden_cases(RATIO, SECRET, "ann")
    shown = [
        graded(leaky),
        graded(lambda a, b: Failure("raised", f"E{a:.3f}".replace(".", "_"), int(a * 1e6))),
        graded(lambda a, b: f"{a}"),
        graded(lambda a, b: np.zeros((int(100 * a), 0))),
        graded(lambda a, b: a * 1000),
    ]
    text = " ".join(result.message for result in shown)
    hidden = [value for case in every_case[1:] for value in (*case, case[0] / case[1])]
    for value in hidden:
        for form in (f"{value:.3f}", f"{100 * value:.0f}0", f"{value:.3f}".replace(".", "_")):
            assert form[:4] not in text


def test_a_page_escapes_whatever_a_student_wrote():
    nasty = "</code><script>alert(1)</script>\x1b[31m"
    failure = Failure("raised", "ValueError", 1, nasty)
    ppv = find("metrics.ppv")
    result = grading.grade(ppv, Found.alone(nasty), SECRET, nasty, Playback(None, "cell", failure))
    page = feedback_page(nasty, result, said=[nasty])
    assert "<script" not in page
    assert "\x1b" not in page
    assert page.count("&lt;script&gt;") >= 4


def test_a_page_names_the_misconception_and_its_hint():
    ppv = find("metrics.ppv")
    wrong = ppv.misconceptions[0]
    result = grading.grade(ppv, Found.alone(""), SECRET, "ann", Playback(wrong.function))
    page = feedback_page("ann", result, "open")
    assert wrong.name.replace("_", " ") in page
    assert wrong.hint in page
    assert "without isolation" in page


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ((1.0, 2.0), (1.0, 3.0), "at position 2 has other values"),
        ((1.0, 2.0), 1.0, "should be several values"),
        ({"a": 1.0}, {"a": 2.0}, "under one key has other values"),
        ({"a": 1.0}, {"b": 1.0}, "has other keys"),
        ([1.0, 2.0], [1.0], "has another number of values"),
        (np.ones(3), np.ones(2), "has another shape"),
        (np.ones(3), "text", "should be an array"),
        (1.0, {"a": 1}, "should be a number"),
        (1.0, None, "is None; does the function end with `return`?"),
    ],
)
def test_a_difference_is_said_without_its_values(right, wrong, said):
    exercise = Exercise("test.any", "", lambda a: right, lambda rng: [(rng.random(),)], ())
    result = grading.grade(exercise, Found.alone(""), SECRET, "ann", Playback(lambda a: wrong))
    assert result.message == f"is right in none of 3 cases: its answer {said}"


def test_a_constant_earns_nothing():
    parity = Exercise(
        *("test.even", "", lambda n: n % 2 == 0),
        *(lambda rng: [(int(n),) for n in rng.integers(0, 10**6, 30)], ()),
    )
    for answer in (True, False):
        result = grading.grade(
            parity, Found.alone(""), SECRET, "ann", Playback(lambda n, a=answer: a)
        )
        assert (result.points, result.outcome) == (0, "wrong")
        assert "elsewhere its answer has other values" in result.message
    most = grading.grade(
        parity, Found.alone(""), SECRET, "ann", Playback(lambda n: n % 2 == 0 or n % 7 == 0)
    )
    assert 0.5 < most.points < 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ending", "said"),
    [
        ("while True: pass", "did not end within its time"),
        ("os._exit(0)", "ended Python instead of returning"),
    ],
    ids=["loop", "exit"],
)
def test_a_case_that_does_not_come_back_costs_that_case(ending, said):
    cases, _ = grading.hidden_cases(RATIO, SECRET, "ann")
    lost = cases[4]
    cell = (
        f"import os\ndef ratio(a, b):\n    if (a, b) == {lost}:\n        {ending}\n    return a / b"
    )
    with Room(level_or_skip(), limits=Limits(seconds=2)) as room:
        result = grading.grade(RATIO, Found.alone(cell), SECRET, "ann", room)
    assert (result.outcome, result.right, result.cases) == ("partial", 9, 10)
    assert result.points == 2.7
    assert said in result.message


# Several exercises of a student in one fork: what is right there is right, and nothing else counts.

TWICE, HALF = (
    Exercise(f"test.{name}", name, reference, lambda rng: [(float(rng.uniform(1, 9)),)], ())
    for name, reference in (("twice", lambda x: 2 * x), ("half", lambda x: x / 2))
)


def together(*cells, exercises=(TWICE, HALF, RATIO)):
    """The results of these cells, one an exercise, in a real room."""
    level_or_skip("locked")
    founds = [Found.alone(cell) for cell in cells]
    with Room("locked", limits=Limits(seconds=2, wall=5)) as room:
        return grading.grade_together(exercises, founds, SECRET, "ann", room)


RIGHT = (
    "def twice(x):\n    return 2 * x",
    "def half(x):\n    return x / 2",
    "def ratio(a, b):\n    return a / b",
)


@pytest.mark.slow
def test_right_answers_are_the_same_together_and_alone():
    level_or_skip("locked")
    found = together(*RIGHT)
    with Room("locked") as room:
        for exercise, cell, result in zip((TWICE, HALF, RATIO), RIGHT, found, strict=True):
            alone = grading.grade(exercise, Found.alone(cell), SECRET, "ann", room)
            assert replace(result, seconds=0) == replace(alone, seconds=0)


@pytest.mark.parametrize(
    "trouble",
    [
        "def half(x):\n    return 3 * x",
        "def half(x):\n    raise ValueError",
        "half = 3",
        "def half(x:",
        "import torch\ndef half(x):\n    return x / 2",
    ],
)
@pytest.mark.slow
def test_trouble_of_one_answer_leaves_the_others(trouble):
    outcomes = [result and result.outcome for result in together(RIGHT[0], trouble, RIGHT[2])]
    assert outcomes == ["correct", None, "correct"]


@pytest.mark.parametrize(
    "ending",
    [
        "def half(x):\n    while True: pass",
        "import os\ndef half(x):\n    os._exit(0)",
        "import os\nos._exit(0)",
        "import ctypes\ndef half(x):\n    return ctypes.string_at(0)",
    ],
)
@pytest.mark.slow
def test_what_stands_behind_an_end_is_left_to_be_graded_alone(ending):
    outcomes = [result and result.outcome for result in together(RIGHT[0], ending, RIGHT[2])]
    assert outcomes == ["correct", None, None]


@pytest.mark.slow
def test_a_cell_that_spoils_numpy_costs_no_other_answer():
    """The victim is wrong in that company, and right when it is asked alone."""
    spoiler = """
import numpy as np
np.divide = lambda a, b: 0.0
def ppv(y_true, y_pred):
    return np.mean(np.asarray(y_true)[np.asarray(y_pred) == 1])
"""
    victim = """
import numpy as np
def sensitivity(y_true, y_pred):
    ill = np.asarray(y_true) == 1
    return np.divide(np.sum(np.asarray(y_pred)[ill]), ill.sum())
"""
    named = tuple(
        (name, Found.alone(cell))
        for name, cell in (("metrics.ppv", spoiler), ("metrics.sensitivity", victim))
    )
    exercises, founds = [find(name) for name, _ in named], [found for _, found in named]
    with Room(level_or_skip("locked")) as room:
        right = grading.grade_together(exercises, founds, SECRET, "ann", room)
    assert [result and result.outcome for result in right] == ["correct", None]
    results = workers.grade_task(workers.Task("ann", named, SECRET, "locked"))
    assert [result.outcome for result in results] == ["correct", "correct"]


def test_names_and_lines_of_one_cell_are_not_those_of_another():
    first = "factor = 2\ndef twice(x):\n    return factor * x"
    other = "def half(x):\n    return x / factor"
    shows = """
import inspect
def half(x):
    assert "half" in inspect.getsource(half)
    return x / 2
"""
    assert together(first, other, exercises=(TWICE, HALF))[1] is None
    assert together(first, shows, exercises=(TWICE, HALF))[1].outcome == "correct"
