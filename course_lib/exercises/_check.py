"""`check`: what a student runs below an exercise."""

import html
import inspect
from dataclasses import dataclass

import numpy as np

from ._exercise import Raised, call, diagnose, draw_cases, find

# The notebook's cases are the same for everybody, so that hints can be talked about.
_VISIBLE_SEED = 10


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
    """

    exercise_id: str
    status: str
    message: str
    hint: str = ""
    example: str = ""

    def __repr__(self):
        lines = [f"{self.exercise_id}: {self.status}. {self.message}"]
        lines += [f"Hint: {self.hint}"] if self.hint else []
        lines += [self.example] if self.example else []
        return "\n".join(lines)

    def _repr_html_(self):
        kind = self.status.replace(" ", "-")
        hint = f"<p><b>Hint:</b> {html.escape(self.hint)}</p>" if self.hint else ""
        example = f"<pre>{html.escape(self.example)}</pre>" if self.example else ""
        return (
            f'<div class="check check-{kind}" role="status"><p><b>{html.escape(self.exercise_id)}: '
            f"{self.status}.</b> {html.escape(self.message)}</p>{hint}{example}</div>"
        )


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
    cases = draw_cases(exercise, _VISIBLE_SEED)
    outputs = [call(answer, case) for case in cases]
    verdict = diagnose(exercise, cases, outputs)
    if verdict.outcome == "missing":
        return CheckResult(
            exercise.id,
            "not attempted",
            f"Replace the `...` in {name}() and run its cell and this one again.",
        )
    if verdict.outcome == "correct":
        return CheckResult(exercise.id, "correct", f"{name}() is right in all {len(cases)} cases.")
    right = round(verdict.fraction * len(cases))
    if verdict.outcome == "raised":
        message = f"{name}() {verdict.reason}"
    elif right:
        message = f"Right in {right} of {len(cases)} cases, but your answer {verdict.reason}"
    else:
        message = f"In every case your answer {verdict.reason}"
    message += "" if message.endswith(("?", ".", "!")) else "."
    hint = verdict.misconception.hint if verdict.misconception else ""
    case, output = cases[verdict.failing], outputs[verdict.failing]
    example = "" if verdict.outcome == "raised" else _example(exercise, case, output)
    return CheckResult(exercise.id, "incorrect", message, hint, example)


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
