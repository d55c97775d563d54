"""Quizzes: pages and notebooks show the questions of the day.

Such a cell computes nothing: what it shows follows from the file of its quiz alone. So nothing is
executed again when a question is reworded; the kept output of the cell is made anew.
"""

import re

from . import front_ends

_CELL = re.compile(
    r"""^from course_lib\.widgets import Quiz\s+Quiz\((["'])(?P<name>\w+)\1\)\s*$""", re.MULTILINE
)
_MODULE = "course_lib/widgets/quiz.py"
_FOLDER = "course_lib/quizzes/"


def is_part(name):
    """Whether a file below the root decides what quizzes show, and nothing else."""
    return name == _MODULE or name.startswith(_FOLDER)


def files(source):
    """Paths of the files that decide what the quizzes of a chapter show."""
    names = [match["name"] for match in _CELL.finditer(source)]
    return [_MODULE, *(f"{_FOLDER}{name}.toml" for name in names)] if names else []


def renew(source, outputs):
    """Put the quiz of the day into the outputs of the cell that shows it, in place.

    Raises
    ------
    ValueError
        Naming the quiz and the question, if it cannot be shown.
    """
    match = _CELL.fullmatch(source)
    if not match:
        return
    # What widgets need takes a while to import, and most commands show none.
    from course_lib.widgets import Quiz, base

    quiz = Quiz(match["name"])
    # As kept outputs have it: this process may have read other front ends than those of the day.
    texts = {"kit.js": base._KIT, "kit.css": base._CSS, quiz.front_end: quiz._source}
    html = front_ends.named(
        quiz.html(), {f"course_lib/widgets/{name}": text for name, text in texts.items()}
    )
    for output in outputs:
        output["data"] |= {"text/plain": repr(quiz), "text/html": html}
