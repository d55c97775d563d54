"""What an exercise is, and how an answer is diagnosed."""

import copy
import difflib
import functools
import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ._compare import Difference, compare, plain


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
        One or two sentences to the student: what the returned value is, and the thought that
        corrects it. Only the value is known, so the hint never says what the code did.
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
        Named is the only one that explains every output; where two do, none is.
    points : int
    rtol, atol : float
        Tolerance relative to the scale of an array, and what is added to it: see `compare`.
    uses : tuple of str
        The names that the student's function may rely on, of ``"np"``, ``"torch"``.
    judge : callable or None
        ``judge(outputs)`` returns the `Verdict`, where the answer is a judgement that no fixed
        reference has: see `review`.
    book_number : str
        The number whose studies the book's solution judges, where there are such.
    """

    id: str
    title: str
    reference: Callable
    cases: Callable
    misconceptions: tuple[Misconception, ...]
    points: int = 1
    rtol: float = 1e-5
    atol: float = 1e-7
    uses: tuple[str, ...] = ("np",)
    judge: Callable | None = None
    book_number: str = ""

    @property
    def chapter(self):
        """Name of the chapter, e.g. ``metrics``."""
        return self.id.partition(".")[0]

    @property
    def function_name(self):
        """Name of the function that a student writes."""
        return self.id.partition(".")[2]

    @property
    def recognized(self):
        """The misconceptions of this exercise, and those that occur in any."""
        return self.misconceptions + tuple(general for general, _ in _GENERAL)


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
        ``missing``: the stub is untouched. ``partial``: right in more cases than a constant is.
    fraction : float
        Share of the points that this earns: the share of right cases, above what the best
        constant would get where that is more than a tenth.
    right : int
        Number of right cases.
    difference : Difference or None
        Why the first failing case fails.
    failing : int or None
        Index of the first failing case.
    misconception : Misconception or None
    said : str
        What follows the function's name in a sentence about the answer, where the exercise has
        words of its own. It gives no answer away.
    shown : str
        What the reader needs beside it, in the notebook.
    own : str
        The student's number, where the answer has one.
    """

    outcome: str
    fraction: float
    right: int
    difference: Difference | None = None
    failing: int | None = None
    misconception: Misconception | None = None
    said: str = ""
    shown: str = ""
    own: str = ""


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

    Raises
    ------
    RuntimeError
        If the reference itself fails, so that nothing can be said about the answer.
    """
    if exercise.judge is not None:
        return exercise.judge(outputs)
    expected = [call(exercise.reference, case) for case in cases]
    for value in expected:
        if type(value) is Raised:
            raise RuntimeError(f"the reference raised {value.type}: {value.message}")
    found = [
        _difference(exercise, one, other) for one, other in zip(expected, outputs, strict=True)
    ]
    right = found.count(None)
    if right == len(found):
        return Verdict("correct", 1.0, right)
    if all(_untouched(output) for output in outputs):
        return Verdict("missing", 0.0, 0)
    failing = next(i for i, difference in enumerate(found) if difference)
    fraction = _credit(exercise, expected, right)
    raised = all(type(output) is Raised for output in outputs)
    outcome = "raised" if raised else "partial" if fraction else "wrong"
    misconception = _explain(exercise, cases, expected, outputs)
    return Verdict(outcome, fraction, right, found[failing], failing, misconception)


def _credit(exercise, expected, right):
    """Share of right cases; answers that come so often that a constant pays are worth less."""
    n = len(expected)
    constant = max(
        sum(_difference(exercise, one, other) is None for other in expected) for one in expected
    )
    if constant in (1, n) or constant <= n / 10:
        return right / n
    return max(0.0, (right - constant) / (n - constant))


def call(function, arguments):
    """Call with copies of the arguments; an exception becomes `Raised`."""
    return attempt(function, copy.deepcopy(arguments))


def attempt(function, arguments):
    """Call with these arguments themselves; an exception becomes `Raised`."""
    try:
        return function(*arguments)
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


def _difference(exercise, expected, output):
    """`compare`, for outputs that may be anything, down to objects whose methods fail."""
    if output is Ellipsis:
        return Difference("untouched")
    if type(output) is Raised:
        return Difference("raised", got=output)
    try:
        return compare(expected, output, exercise.rtol, exercise.atol)
    except (Exception, SystemExit):
        return Difference("incomparable", got=output)


def _explain(exercise, cases: Sequence, expected: Sequence, outputs: Sequence):
    """The one misconception that gives the same outputs in every case.

    A constant may agree with any of them by accident, and tells nothing about a thought.
    """
    if _is_constant(outputs):
        return None
    explaining = [
        misconception
        for misconception in exercise.misconceptions
        if all(
            _same(exercise, call(misconception.function, case), output)
            for case, output in zip(cases, outputs, strict=True)
        )
    ]
    if not explaining:
        explaining = [
            misconception for misconception, holds in _GENERAL if _holds(holds, expected, outputs)
        ]
    return explaining[0] if len(explaining) == 1 else None


def _same(exercise, predicted, output):
    if type(predicted) is Raised or type(output) is Raised:
        return type(predicted) is type(output) and predicted.type == output.type
    # What the value is tells the thought, whether or not its gradient was cut off.
    return _difference(exercise, plain(predicted), output) is None


def _is_constant(outputs):
    """Whether all outputs are the same, or arrays filled with the same number."""
    try:
        contents = {_content(output) for output in outputs}
    except (Exception, SystemExit):
        return False
    return len(contents) == 1


def _content(value):
    """A value as something hashable; an array, or a list of numbers, of one value as that value."""
    value = plain(value)
    if isinstance(value, dict):
        return tuple((key, _content(item)) for key, item in value.items())
    if isinstance(value, tuple | list) and not _is_numeric(value):
        return tuple(map(_content, value))
    if isinstance(value, str) or value is None or type(value) is Raised:
        return value
    array = np.asarray(value, float)
    distinct = np.unique(array)
    if len(distinct) == 1:
        return "nan" if np.isnan(distinct[0]) else float(distinct[0])
    return (array.shape, array.tobytes())


def _is_numeric(value):
    try:
        return np.asarray(value).dtype.kind in "biuf"
    except ValueError:
        return False


def _holds(relation, expected, outputs):
    try:
        return all(relation(one, other) for one, other in zip(expected, outputs, strict=True))
    except (Exception, SystemExit):
        return False


def _is_percentage(expected, got):
    want = np.asarray(expected)
    shares = want.dtype.kind == "f" and np.all((want >= 0) & (want <= 1))
    return shares and compare(100 * want, got) is None


def _is_reversed(expected, got):
    return isinstance(expected, tuple) and compare(expected[::-1], got) is None


def _is_nested(expected, got):
    want, have = np.asarray(expected), np.asarray(plain(got))
    return want.shape != have.shape and compare(want.ravel(), have.ravel()) is None


_GENERAL = (
    (
        Misconception(
            "percent",
            None,
            "This is 100 times the answer: a percentage. Return the share itself, from 0 to 1.",
        ),
        _is_percentage,
    ),
    (
        Misconception(
            "reversed",
            None,
            "The values are right, in the opposite order. Look again in which order to return "
            "them.",
        ),
        _is_reversed,
    ),
    (
        Misconception(
            "nested",
            None,
            "The values are right, but packed into another shape: compare it with the expected "
            "one.",
        ),
        _is_nested,
    ),
)


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
