"""Quiz: questions whose every wrong choice is explained."""

import hashlib
import html
import tomllib
from importlib.resources import files

from .base import CourseWidget


class Quiz(CourseWidget):
    """The questions of a chapter, one below the other.

    ``state["first"]`` says of each question that has been checked, by its number, whether the first
    try was right.

    Parameters
    ----------
    chapter : str
        Reads ``course_lib/quizzes/<chapter>.toml``: a list ``[[question]]`` with ``text`` and
        ``[[question.choice]]``, each with ``text``, ``why`` and, for the right one,
        ``right = true``. Their order in the file does not matter: choices are shown in one that
        follows from the texts alone, with the right one in each place equally often.

    Raises
    ------
    ValueError
        If there is no quiz of that name, if it has no questions, or if a question lacks its text,
        has no or two right choices, or a choice without an explanation.
    """

    front_end = "quiz.js"
    label = "Quiz"

    def __init__(self, chapter):
        path = files("course_lib") / "quizzes" / f"{chapter}.toml"
        if not str(chapter).isidentifier() or not path.is_file():
            raise ValueError(f"chapter must name a quiz of the book, got {chapter!r}.")
        questions = tomllib.loads(path.read_text(encoding="utf-8")).get("question", [])
        if not questions:
            raise ValueError(f"{chapter}: needs at least one [[question]].")
        for number, question in enumerate(questions, start=1):
            _validate(question, f"{chapter}, question {number}")
        super().__init__(data={"questions": _shuffled(questions)}, state={"first": {}})

    def fallback(self):
        return "".join(_plain(question) for question in self.data["questions"])


def _validate(question, where):
    if not question.get("text"):
        raise ValueError(f"{where}: needs a text.")
    choices = question.get("choice", [])
    # The front end asks for `true` itself, so 1 or "yes" would be right here and wrong there.
    marks = [choice["right"] for choice in choices if "right" in choice]
    if marks.count(True) != 1 or not all(isinstance(m, bool) for m in marks) or len(choices) < 2:
        raise ValueError(f"{where}: needs at least two choices, exactly one with right = true.")
    if not all(choice.get("text") and choice.get("why") for choice in choices):
        raise ValueError(f"{where}: every choice needs a text and a why.")


def _shuffled(questions):
    """The questions with their choices as they are shown, the same on every machine."""
    shown = [None] * len(questions)
    dealt = sorted(range(len(questions)), key=lambda at: _lot(questions[at]["text"]))
    first = int(_lot(questions[dealt[0]]["text"]), 16)
    for place, at in enumerate(dealt, start=first):
        text, choices = questions[at]["text"], questions[at]["choice"]
        order = sorted(choices, key=lambda choice: _lot(text + choice["text"]))
        right = next(choice for choice in order if choice.get("right"))
        order.remove(right)
        order.insert(place % len(choices), right)
        shown[at] = {**questions[at], "choice": order}
    return shown


def _lot(text):
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(question):
    choices = "".join(f"<li>{html.escape(c['text'])}</li>" for c in question["choice"])
    right = next(c for c in question["choice"] if c.get("right"))
    answer = f"{html.escape(right['text'].rstrip('.'))}. {html.escape(right['why'])}"
    return (
        f"<p>{html.escape(question['text'])}</p><ul>{choices}</ul>"
        f"<details><summary>Answer</summary><p>{answer}</p></details>"
    )
