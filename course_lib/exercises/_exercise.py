"""What an exercise is, and how an answer is diagnosed."""

import copy
import difflib
import functools
import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ._compare import compare


@dataclass(frozen=True)
class Misconception:
    """A named wrong answer and the hint that it deserves.

    Attributes
    ----------
    name : str
        Short and stable: instructors see it in the class report.
    function : callable
        Same signature as the reference; returns what a student with this misconception returns.
    hint : str
        One or two sentences to the student: what they did, and the thought that corrects it.
    """

    name: str
    function: Callable
    hint: str


@dataclass(frozen=True)
class Exercise:
    """One exercise: the reference, the cases that probe it, and the typical wrong answers.

    Attributes
    ----------
    id : str
        ``"<chapter>.<function>"``; the student writes a function of that name.
    title : str
    reference : callable
        The right answer. Its signature is the stub's signature.
    cases : callable
        ``cases(rng)`` returns a list of argument tuples: NumPy arrays, torch tensors, numbers,
        strings, or lists, tuples and dictionaries of those. The first ones may be fixed.
    misconceptions : tuple of Misconception
        The more specific one first: the first that explains every output is named.
    points : int
    rtol, atol : float
    uses : tuple of str
        The names that the student's function may rely on, of ``"np"``, ``"torch"``.
    """

    id: str
    title: str
    reference: Callable
    cases: Callable
    misconceptions: tuple[Misconception, ...]
    points: int = 1
    rtol: float = 1e-6
    atol: float = 1e-9
    uses: tuple[str, ...] = ("np",)

    @property
    def chapter(self):
        """Name of the chapter, e.g. ``metrics``."""
        return self.id.partition(".")[0]

    @property
    def function_name(self):
        """Name of the function that a student writes."""
        return self.id.partition(".")[2]


@dataclass(frozen=True)
class Raised:
    """Stands for the output of a call that raised.

    Recognized by ``type(output) is Raised``, because a student's object may answer `isinstance`
    with a lie or with an exception.
    """

    type: str
    message: str = ""


@dataclass(frozen=True)
class Verdict:
    """What the outputs of one answer show.

    Attributes
    ----------
    outcome : {"missing", "correct", "partial", "wrong", "raised"}
        ``missing``: the stub is untouched. ``partial``: right in some cases.
    fraction : float
        Share of cases that are right.
    reason : str
        Why the first failing case fails; empty if none does.
    failing : int or None
        Index of the first failing case.
    misconception : Misconception or None
    """

    outcome: str
    fraction: float
    reason: str = ""
    failing: int | None = None
    misconception: Misconception | None = None


def diagnose(exercise, cases, outputs):
    """Compare the outputs of an answer with the reference's, and name a misconception.

    Parameters
    ----------
    exercise : Exercise
    cases : sequence of tuple
        The arguments that were used.
    outputs : sequence
        What the answer returned for each, or `Raised`.

    Returns
    -------
    Verdict
    """
    reasons = [
        _reason(exercise, call(exercise.reference, case), output)
        for case, output in zip(cases, outputs, strict=True)
    ]
    failing = next((i for i, reason in enumerate(reasons) if reason), None)
    if failing is None:
        return Verdict("correct", 1.0)
    if all(_untouched(output) for output in outputs):
        return Verdict("missing", 0.0)
    fraction = reasons.count(None) / len(reasons)
    raised = all(type(output) is Raised for output in outputs)
    outcome = "raised" if raised else "partial" if fraction else "wrong"
    return Verdict(outcome, fraction, reasons[failing], failing, _explain(exercise, cases, outputs))


def call(function, arguments):
    """Call with copies of the arguments; an exception becomes `Raised`."""
    try:
        return function(*copy.deepcopy(arguments))
    except KeyboardInterrupt:
        # The reader stops an endless loop; that is no answer.
        raise
    except BaseException as error:
        return Raised(type(error).__name__, _message(error))


def _message(error, limit=300):
    try:
        text = str(error)
    except (Exception, SystemExit):
        return ""
    return text if len(text) <= limit else text[:limit] + " …"


def _untouched(output):
    return output is Ellipsis or (type(output) is Raised and output.type == "NotImplementedError")


def _reason(exercise, expected, output):
    if output is Ellipsis:
        return "is still `...`"
    if type(output) is Raised:
        return (
            f"raised {output.type}: {output.message}" if output.message else f"raised {output.type}"
        )
    return _difference(exercise, expected, output)


def _difference(exercise, expected, output):
    """`compare`, for outputs that may be anything, down to objects whose methods fail."""
    try:
        return compare(expected, output, exercise.rtol, exercise.atol)
    except (Exception, SystemExit):
        return f"is a {type(output).__name__}, which cannot be compared"


def _explain(exercise, cases: Sequence, outputs: Sequence):
    """The first misconception that gives the same outputs in every case."""
    for misconception in exercise.misconceptions:
        for case, output in zip(cases, outputs, strict=True):
            predicted = call(misconception.function, case)
            if type(predicted) is Raised or type(output) is Raised:
                same = type(predicted) is type(output) and predicted.type == output.type
            else:
                same = _difference(exercise, predicted, output) is None
            if not same:
                break
        else:
            return misconception
    return None


@functools.cache
def _chapter(name):
    module = importlib.import_module(f"{__package__}.{name}")
    return {exercise.id: exercise for exercise in module.EXERCISES}


def chapters():
    """Names of the chapters that have exercises, in alphabetical order."""
    package = importlib.import_module(__package__)
    return sorted(m.name for m in pkgutil.iter_modules(package.__path__) if m.name[0] != "_")


def catalog():
    """All exercises of the book: a dictionary from id to `Exercise`."""
    return {key: value for name in chapters() for key, value in _chapter(name).items()}


def find(exercise_id):
    """The exercise of that id; ``ValueError`` names the nearest one if there is none."""
    if not isinstance(exercise_id, str):
        raise ValueError(
            f"exercise_id must be a text such as 'metrics.ppv', not a {type(exercise_id).__name__}."
        )
    chapter = exercise_id.partition(".")[0]
    known = _chapter(chapter) if chapter in chapters() else catalog()
    if exercise_id in known:
        return known[exercise_id]
    near = difflib.get_close_matches(exercise_id, catalog(), n=1, cutoff=0)
    raise ValueError(f"There is no exercise {exercise_id!r}; did you mean {near[0]!r}?")


def draw_cases(exercise, seed):
    """The cases of an exercise from a seed (an int, or anything `default_rng` takes)."""
    return exercise.cases(np.random.default_rng(seed))
