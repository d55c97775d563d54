"""One exercise of one student: secret cases, a room's outputs, the comparison, the points."""

import builtins
import hmac
from dataclasses import dataclass, replace

import numpy as np

from course_lib.exercises import Raised, diagnose, draw_cases, kind_of

from .room import wire
from .room.launcher import Failure

OUTCOMES = (
    "correct",
    "partial",
    "wrong",
    "raised",
    "timeout",
    "memory",
    "bad_type",
    "protocol_violation",
    "missing",
    "infrastructure",
)
# Cases are drawn this often, each time from another seed.
_DRAWS = 3
_ENDINGS = {
    "timeout": ("timeout", "did not end within its time"),
    "memory": ("memory", "asked for more memory than allowed"),
    "exit": ("raised", "ended Python instead of returning"),
    "crash": ("raised", "crashed Python"),
    "protocol": ("protocol_violation", "disturbed the grader's exchange with the room"),
    "undefined": ("missing", "is not defined by its cell"),
}


# A difference of another kind says what sort of thing the answer should be.
_CLAUSES = {
    "none": "is None; does the function end with `return`?",
    "shape": "has another shape",
    "length": "has another number of values",
    "keys": "has other keys",
    "text": "has other values",
    "number": "has other values",
    "values": "has other values",
}
# What the room says was unusual, as clauses after "metrics.ppv: "
_USED = {
    "cut": "its cell has a syntax error; what stands above the error was run",
    "rebound": "its name is given to something else below; the function counts",
    "slow": "cells around it took longer than they may and were stopped",
    "commands": "notebook commands (%, !, ?) did nothing",
    "drawing": "a package that only draws, and is not installed, did nothing",
}


@dataclass(frozen=True)
class Result:
    """One row of the grades.

    Attributes
    ----------
    exercise : str
    points : float or None
        None where nothing can be said about the answer (``infrastructure``).
    max_points : int
    outcome : str
        One of `OUTCOMES`.
    misconception : str
        Name of the recognized misconception, or empty.
    message : str
        What happened, in words that give away no hidden case.
    right, cases : int
        How many of how many cases were right.
    seconds : float
        Processor time in the room.
    notes : tuple of str
        What was needed to run the answer at all, one clause each, for the student and the class
        page.
    needs_person : bool
        Whether a person should look at the notebook: something was handed in, and could not be run
        as it is.
    place : int or None
        Which of the notebook's cells was graded.
    line : int or None
        The line of that cell in which the first exception rose.
    own : str
        The number whose studies the answer judges, where an exercise asks for one's own.
    """

    exercise: str
    points: float | None
    max_points: int
    outcome: str
    misconception: str = ""
    message: str = ""
    right: int = 0
    cases: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    needs_person: bool = False
    place: int | None = None
    line: int | None = None
    own: str = ""


def hidden_cases(exercise, secret, student):
    """The cases that one student's answer meets.

    Several draws, so that a lucky guess does not pay; a case that comes in every draw is fixed, is
    therefore known from the notebook, and is taken once.

    Parameters
    ----------
    exercise : Exercise
    secret : bytes
    student : str

    Returns
    -------
    cases : list of tuple
    fixed : list of bool
        Which of them every student knows.
    """
    seen = {}
    for draw in range(_DRAWS):
        text = f"{student}\0{exercise.id}\0{draw}".encode()
        seed = int.from_bytes(hmac.digest(secret, text, "sha256"))
        for case in draw_cases(exercise, seed):
            key = wire.pack({"has_value": True}, tuple(case), tensors=True)
            seen.setdefault(key, (case, set()))[1].add(draw)
    cases = [case for case, _ in seen.values()]
    return cases, [len(draws) == _DRAWS for _, draws in seen.values()]


def grade_together(exercises, founds, secret, student, room):
    """The right answers among several of one student, found in a single fork.

    Parameters
    ----------
    exercises : sequence of Exercise
        Which use the same modules.
    founds : sequence of notebook.Found
    secret, student, room
        As in `grade`.

    Returns
    -------
    list of Result or None
        None where an answer is not right, or could not be run beside others: `grade` it.
    """
    drawn = [hidden_cases(exercise, secret, student) for exercise in exercises]
    questions = [
        (found.cells, exercise.function_name, cases, *found.places[0])
        for exercise, found, (cases, _) in zip(exercises, founds, drawn, strict=True)
    ]
    answers = room.ask_together(questions, exercises[0].uses)
    results = [None] * len(exercises)
    for i, answer in enumerate(answers):
        (cases, fixed), place = drawn[i], founds[i].places[0][0]
        if len(answer.outputs) < len(cases):
            continue
        cell = founds[i].cells[place]
        result = _result(exercises[i], cell, cases, fixed, answer)
        if result.outcome == "correct":
            results[i] = replace(result, notes=tuple(_notes(answer, cell)), place=place)
    return results


def grade(exercise, found, secret, student, room):
    """Grade one student's answer to one exercise.

    Where the answer cannot be run with what it needs of the notebook, it is run in the whole
    notebook; where its place holds only the stub, its other definitions are tried.

    Parameters
    ----------
    exercise : Exercise
    found : notebook.Found
    secret : bytes
    student : str
    room : Room

    Returns
    -------
    Result

    Raises
    ------
    NeedsModules
        If a room with other modules must be asked.
    RoomError
        If the room failed.
    """
    cases, fixed = hidden_cases(exercise, secret, student)
    best = None
    for number, (place, until) in enumerate(found.places):
        for whole in (False, True):
            answer = room.ask(
                found.cells, exercise.function_name, cases, place, until, whole, exercise.uses
            )
            result = _result(exercise, found.cells[place], cases, fixed, answer)
            notes = _notes(answer, found.cells[place])
            if number:
                notes.append("its own cell defines no function of its own; another cell's counts")
            if whole:
                notes.append("it was run in the whole notebook, from its top")
            result = replace(result, notes=tuple(notes), place=place)
            if best is None or _rank(result) > _rank(best):
                best = result
            if not _may_gain(result, answer, len(found.cells)):
                break
        if best.outcome != "missing":
            break
    return best


def _rank(result):
    return result.points, result.outcome != "missing"


def _may_gain(result, answer, cells):
    """Whether running the whole notebook may give the answer what it lacked."""
    if result.outcome in ("correct", "protocol_violation", "timeout", "memory") or cells == 1:
        return False
    raised = any(isinstance(output, Failure) for output in answer.outputs)
    return answer.inexact or raised or answer.ended == "undefined"


def _result(exercise, cell, cases, fixed, answer):
    if answer.ended == "cell":
        return _failed_cell(exercise, cell, answer)
    if answer.ended:
        outcome, message = _ENDINGS[answer.ended]
        return _nothing(exercise, outcome, message, answer, answer.ended == "undefined")
    return _compared(exercise, cell, cases, fixed, answer)


def _notes(answer, cell):
    """What was unusual about running the answer, as clauses to the student."""
    notes = [_USED[word] for word in answer.used]
    if answer.failure and not answer.ended:
        notes.append(f"a line of its cell failed; the function counts: {_told(answer, cell)}")
    return notes


def _told(answer, cell):
    message = f" ({answer.failure.message})" if answer.failure.message else ""
    return _where(answer.failure, cell) + message


def infrastructure(exercise, reason):
    """The result where the grader itself failed: never a zero."""
    return Result(exercise.id, None, exercise.points, "infrastructure", message=reason)


def missing(exercise, reason):
    """The result where there is nothing to run."""
    return Result(exercise.id, 0.0, exercise.points, "missing", message=reason)


def _nothing(exercise, outcome, message, answer, needs_person=False):
    return Result(
        exercise.id,
        0.0,
        exercise.points,
        outcome,
        message=message,
        seconds=answer.seconds,
        needs_person=needs_person or outcome == "raised",
        line=answer.failure.line if answer.failure else None,
    )


def _failed_cell(exercise, cell, answer):
    outcome = "memory" if answer.failure.type == "MemoryError" else "raised"
    message = f"stopped while its cell ran: {_told(answer, cell)}"
    return _nothing(exercise, outcome, message, answer)


def _compared(exercise, cell, cases, fixed, answer):
    failures = [output for output in answer.outputs if isinstance(output, Failure)]
    if failures == answer.outputs and all(failure.kind == "not plain" for failure in failures):
        message = "returned something other than numbers, texts, arrays, or containers of them"
        return _nothing(exercise, "bad_type", message, answer)
    lost = {failure.kind for failure in failures} if failures == answer.outputs else set()
    if len(lost) == 1 and lost <= set(_ENDINGS):
        outcome, message = _ENDINGS[lost.pop()]
        return _nothing(exercise, outcome, message, answer)
    outputs = [_as_raised(output) for output in answer.outputs]
    verdict = diagnose(exercise, cases, outputs)
    outcome, fraction, right = verdict.outcome, verdict.fraction, verdict.right
    unseen = [i for i, known in enumerate(fixed) if not known]
    if outcome == "partial" and unseen:
        on_unseen = diagnose(exercise, [cases[i] for i in unseen], [outputs[i] for i in unseen])
        if on_unseen.fraction == 0:
            # Only what the notebook shows: a table of its cases, or luck.
            outcome, fraction, right = "wrong", 0.0, 0
    if outcome == "raised" and {failure.type for failure in failures} == {"MemoryError"}:
        outcome = "memory"
    return Result(
        exercise.id,
        round(exercise.points * fraction, 2),
        exercise.points,
        outcome,
        verdict.misconception.name if verdict.misconception else "",
        verdict.said.removesuffix(".")
        or _message(outcome, right, len(cases), verdict.difference, failures, cell),
        right,
        len(cases),
        answer.seconds,
        needs_person=outcome == "raised",
        line=next((failure.line for failure in failures if failure.line), None),
        own=verdict.own,
    )


def _as_raised(output):
    if isinstance(output, Failure) and output.kind != "not plain":
        return Raised(output.type or output.kind)
    return output


def _message(outcome, right, cases, difference, failures, cell):
    """What happened, as a clause that follows the function's name."""
    if outcome == "correct":
        return f"is right in all {cases} cases"
    if outcome == "missing":
        return "is still the stub"
    if outcome in ("raised", "memory"):
        return f"raised {_where(failures[0], cell)}"
    lost = next((failure for failure in failures if failure.kind in _ENDINGS), None)
    raised = next((failure for failure in failures if failure.kind == "raised"), None)
    if lost:
        said = _ENDINGS[lost.kind][1]
    elif raised:
        said = f"raised {_where(raised, cell)}"
    else:
        said = _without_values(difference)
    if right == 0:
        return f"is right in none of {cases} cases: its answer {said}"
    return f"is right in {right} of {cases} cases; elsewhere its answer {said}"


def _where(failure, cell):
    """Type and line of an exception; a name of the student's own might spell out an input."""
    known = isinstance(getattr(builtins, failure.type, None), type) or failure.type == "LinAlgError"
    said = failure.type if known else "an exception"
    lines = cell.splitlines()
    if failure.line and 0 < failure.line <= len(lines):
        said += f" in line {failure.line} of its cell, `{lines[failure.line - 1].strip()[:80]}`"
    return said


def _without_values(difference):
    """A difference without numbers, shapes, keys and texts, which belong to hidden cases."""
    clause = _CLAUSES.get(difference.kind) or f"should be {_kind(difference.expected)}"
    if not difference.where:
        return clause
    kind, step = difference.where[0]
    return f"{'under one key' if kind == 'key' else f'at position {step}'} {clause}"


def _kind(expected):
    if isinstance(expected, tuple | list):
        return "several values"
    if isinstance(expected, np.ndarray) and expected.ndim:
        return "an array"
    return kind_of(expected)
