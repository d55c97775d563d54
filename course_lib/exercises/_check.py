"""`check`: what a student runs below an exercise."""

import copy
import html
import inspect
import re
import sys
import time
from dataclasses import dataclass

import numpy as np

from ._beforehand import remark
from ._compare import compare, kind_of
from ._exercise import Raised, attempt, call, diagnose, draw_cases, find
from ._stale import stale

# The notebook's cases are the same for everybody, so that hints can be talked about.
_VISIBLE_SEED = 10
# In a notebook there is no style sheet, and in a page no Matplotlib, which `figures` needs. Of its
# colors these three are seen on white and on black.
_MARKS = {
    "correct": ("✓", "#009e73"),
    "incorrect": ("✗", "#d55e00"),
    "not attempted": ("○", "#767676"),
}


@dataclass(frozen=True)
class CheckResult:
    """What `check` found; shows itself as text and as HTML.

    Attributes
    ----------
    status : {"not attempted", "incorrect", "correct"}
    message : str
        What happened, in one or two sentences.
    hint : str
        The hint of the recognized misconception, or empty.
    example : str
        Input, expected and got of the first failing case, or empty.
    note : str
        What a right answer should know of the grader, or which function was judged; or empty.
    """

    exercise_id: str
    status: str
    message: str
    hint: str = ""
    example: str = ""
    note: str = ""

    def __repr__(self):
        lines = [f"{self.exercise_id}: {self.status}. {self.message}"]
        lines += [f"Hint: {self.hint}"] if self.hint else []
        lines += [self.example] if self.example else []
        lines += [f"Note: {self.note}"] if self.note else []
        return "\n".join(lines)

    def _repr_html_(self):
        mark, color = _MARKS[self.status]
        kind = self.status.replace(" ", "-")
        hint = f"<p><b>Hint:</b> {_marked(self.hint)}</p>" if self.hint else ""
        wrap = ' style="white-space: pre-wrap"'
        example = f"<pre{wrap}>{html.escape(self.example)}</pre>" if self.example else ""
        note = f"<p>{_marked(self.note)}</p>" if self.note else ""
        return (
            f'<div class="check check-{kind}" role="status" '
            f'style="border-left: 4px solid {color}; padding-left: 0.75em">'
            f'<p><b><span style="color: {color}" aria-hidden="true">{mark}</span> '
            f"{html.escape(self.exercise_id)}: {self.status}.</b> {_marked(self.message)}</p>"
            f"{hint}{example}{note}</div>"
        )


def _marked(text):
    """Text as HTML, with what stands in backticks as code."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", html.escape(text))


def check(exercise_id, answer):
    """Check an answer. Never raises: whatever goes wrong is said in the result.

    Parameters
    ----------
    exercise_id : str
        For example ``"metrics.ppv"``.
    answer : callable
        The student's function.

    Returns
    -------
    CheckResult
        *not attempted*, *incorrect* with the reason and, where a misconception is recognized,
        its hint, or *correct*.
    """
    try:
        exercise = find(exercise_id)
    except ValueError as error:
        asked = exercise_id if isinstance(exercise_id, str) else "check"
        return CheckResult(asked, "not attempted", str(error))
    name = exercise.function_name
    if not callable(answer):
        return CheckResult(
            exercise.id,
            "incorrect",
            f"Pass the function itself: check({exercise.id!r}, {name}), without calling it.",
        )
    try:
        cases = draw_cases(exercise, _VISIBLE_SEED)
        start = time.perf_counter()
        outputs, changed = _answers(exercise, answer, cases)
        seconds = time.perf_counter() - start
        verdict = diagnose(exercise, cases, outputs)
    except Exception as error:
        # The exercise's own fault, or that of what is installed: never the reader's.
        return CheckResult(
            exercise.id,
            "not attempted",
            f"{name}() cannot be checked here: {type(error).__name__}: {error}",
        )
    judged = stale(name, answer, sys._getframe(1).f_code.co_filename)
    said = f"{name}() {verdict.said}" if verdict.said else ""
    if verdict.outcome == "missing":
        message = said or f"Replace the `...` in {name}() and run its cell and this one again."
        return CheckResult(
            exercise.id, "not attempted", message, example=verdict.shown, note=judged
        )
    if verdict.outcome == "correct":
        message = said or f"{name}() is right in all {len(cases)} cases."
        note = " ".join(filter(None, [remark(answer, seconds), judged]))
        return CheckResult(exercise.id, "correct", message, note=note)
    message = said or _difference_in_words(name, verdict, len(cases))
    output = outputs[verdict.failing or 0]
    hint = _hint(exercise, verdict, output, changed)
    example = verdict.shown
    if not said and verdict.outcome != "raised":
        example = _example(exercise, cases[verdict.failing], output)
    return CheckResult(exercise.id, "incorrect", message, hint, example, judged)


def _difference_in_words(name, verdict, cases):
    said = in_words(verdict.difference)
    if verdict.outcome == "raised":
        message = f"{name}() {said}"
    elif verdict.right:
        message = f"Right in {verdict.right} of {cases} cases, but your answer {said}"
    else:
        message = f"In every case your answer {said}"
    return message + ("" if message.endswith(("?", ".", "!")) else ".")


def _answers(exercise, answer, cases):
    """The outputs of an answer, and the names of the arguments that it changed."""
    names = list(inspect.signature(exercise.reference).parameters)
    outputs, changed = [], []
    for case in cases:
        given = copy.deepcopy(case)
        output = attempt(answer, given)
        changed += [
            name
            for name, before, after in zip(names, case, given, strict=False)
            if name not in changed and not _unchanged(before, after)
        ]
        outputs.append(copy.deepcopy(output) if any(output is item for item in given) else output)
    return outputs, changed


def _unchanged(before, after):
    try:
        return compare(before, after, 0, 0) is None
    except (Exception, SystemExit):
        return False


def _hint(exercise, verdict, output, changed):
    if changed:
        names = " and ".join(f"`{name}`" for name in changed)
        return (
            f"{exercise.function_name}() changes {names} while it runs, so later lines see other "
            "values. Work on a copy."
        )
    if type(output) is Raised and "truth value of a" in output.message:
        return (
            "`and`, `or`, `not` and `if` need one True or False, and an array holds many. Between "
            "arrays write &, | and ~, with each comparison in parentheses."
        )
    return verdict.misconception.hint if verdict.misconception else ""


def in_words(difference):
    """A difference as a clause that completes "your answer …", with its values."""
    where = "".join(
        f"under {step!r} " if kind == "key" else f"at position {step} "
        for kind, step in difference.where
    )
    try:
        return where + _clause(difference)
    except (Exception, SystemExit):
        # Objects whose methods fail reach this far.
        return f"{where}is a {type(difference.got).__name__}, which cannot be compared"


def _clause(difference):
    kind, expected, got = difference.kind, difference.expected, difference.got
    if kind == "none":
        return "is None: does the function end with `return`?"
    if kind == "untouched":
        return "is still `...`"
    if kind == "raised":
        return f"raised {got.type}: {got.message}" if got.message else f"raised {got.type}"
    if kind == "gradient":
        return "has the right values, but carries no gradient"
    if kind == "incomparable":
        return f"is a {type(got).__name__}, which cannot be compared"
    if kind == "text":
        return f"should be {expected!r}, not {got[:80]!r}"
    if kind == "keys":
        return f"should have the keys {sorted(map(str, expected))}"
    if kind == "length":
        return f"should be {len(expected)} values, not {len(got)}"
    if kind == "ragged":
        return f"should be {kind_of(expected)}, not a ragged list"
    if kind == "shape":
        return f"has the shape {got.shape}, expected {expected.shape}"
    if kind == "values":
        return f"has the right shape {expected.shape} but other values"
    if kind == "number":
        short = _short(expected), _short(got)
        # Numbers that look alike when rounded are shown in full.
        one, other = short if short[0] != short[1] else (expected.item(), got.item())
        return f"should be {one}, not {other}"
    if expected is None:
        return f"should be None, not {kind_of(got)}"
    if isinstance(expected, tuple | list):
        return f"should be {len(expected)} values, not {kind_of(got)}"
    return f"should be {kind_of(expected)}, not {kind_of(got)}"


def _short(number):
    value = number.item()
    return str(value) if isinstance(value, bool | int) else f"{value:.6g}"


def _example(exercise, case, output):
    names = list(inspect.signature(exercise.reference).parameters)
    lines = [f"  {name} = {_show(value)}" for name, value in zip(names, case, strict=False)]
    expected = call(exercise.reference, case)
    return "\n".join(["For", *lines, f"expected {_show(expected)}", f"got      {_show(output)}"])


def _show(value, limit=300):
    if type(value) is Raised:
        text = f"{value.type}: {value.message}"
    else:
        try:
            if type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "detach"):
                value = value.detach().cpu().numpy()
            with np.printoptions(precision=6, threshold=30, edgeitems=5, suppress=True):
                text = str(value) if isinstance(value, np.ndarray | np.number) else repr(value)
        except (Exception, SystemExit):
            # A student's object may have a repr that fails.
            text = f"a {type(value).__name__}"
    text = text.replace("\n", "\n    ")
    return text if len(text) <= limit else text[:limit] + " …"
