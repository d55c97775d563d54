"""A person's decisions: ``overrides.csv``, which no run ever writes to."""

import hashlib
from dataclasses import dataclass

from . import tables, text

_COLUMNS = ("student", "exercise", "points", "reason", "by")


@dataclass(frozen=True)
class Decision:
    """What a person decided on one row.

    Attributes
    ----------
    points : float
        On the scale of ``grades.csv``; for the exercise ``late``, days.
    reason : str
    by : str
        Who decided.
    """

    points: float
    reason: str
    by: str


def read(path, exercise_ids):
    """Read decisions.

    Parameters
    ----------
    path : path or None
    exercise_ids : container of str
        What can be decided on, the names of manual rows and ``late`` among them.

    Returns
    -------
    dict
        From student and exercise to `Decision`.

    Raises
    ------
    ValueError
        One sentence that names the line which cannot be followed.
    """
    if path is None:
        return {}
    head, records = tables.read(path, "the table of decisions")
    places = [tables.column(head, name) for name in _COLUMNS]
    if None in places:
        raise ValueError(f"{path} needs the columns {', '.join(_COLUMNS)}.")
    decisions = {}
    for number, record in enumerate(records, 2):
        cells = [text.line(tables.unguarded(record[place])).strip() for place in places]
        student, exercise, said, reason, by = cells
        where = f"{path}, decision {number - 1}"
        if not all(cells):
            absent = _COLUMNS[cells.index("")]
            raise ValueError(f"{where}: {absent} is empty; every decision needs all five.")
        if exercise not in exercise_ids:
            raise ValueError(f"{where}: there is no exercise or manual row {exercise!r}.")
        try:
            points = tables.number(said)
        except ValueError:
            raise ValueError(f"{where}: points must be a number, not {said!r}.") from None
        if points < 0:
            raise ValueError(f"{where}: points must not be negative.")
        if (student, exercise) in decisions:
            raise ValueError(f"{where}: {student} and {exercise} are decided on twice.")
        decisions[student, exercise] = Decision(points, reason, by)
    return decisions


def by_student(decisions, submissions, known):
    """Decisions under the students' names, which may be written as ids, addresses or names.

    Parameters
    ----------
    decisions : dict
        As `read` returns them.
    submissions : sequence of submissions.Submission
    known : container of str
        Students of earlier runs.

    Returns
    -------
    decisions : dict
        From the student's name in ``grades.csv`` and exercise to `Decision`.
    notes : list of str
        Sentences on decisions that meet nobody this time.

    Raises
    ------
    ValueError
        If a student was never heard of, or two lines are about one student.
    """
    names = {}
    for submission in submissions:
        person = submission.person
        also = (person.id, person.email, person.name, person.login) if person else ()
        for name in {submission.student, submission.email, *also} - {""}:
            names.setdefault(name.casefold(), set()).add(submission.student)
    # A student's own name goes before somebody else's number or address.
    names |= {s.student.casefold(): {s.student} for s in submissions}
    placed, notes = {}, []
    for (said, exercise), decision in decisions.items():
        found = names.get(said.casefold(), set())
        if len(found) > 1:
            raise ValueError(
                f"The decisions name {said!r}, who may be {' or '.join(sorted(found))}."
            )
        if not found and said not in known:
            raise ValueError(
                f"The decisions name {said!r}, who handed in nothing and is not known."
            )
        if not found:
            notes.append(f"{said}: a decision on {exercise} waits, because nothing was handed in")
            continue
        (student,) = found
        if (student, exercise) in placed:
            raise ValueError(f"{student} and {exercise} are decided on twice.")
        placed[student, exercise] = decision
    return placed, notes


def check_fresh(out, journal):
    """Refuse grades that do not know the decisions of today.

    Raises
    ------
    ValueError
        If ``overrides.csv`` is another one than the last run read.
    """
    path = out / "overrides.csv"
    now = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    digests = journal.digests("overrides.csv")
    if now != (digests[-1] if digests else ""):
        raise ValueError(
            f"{path} was changed after the last run: run course-grade run again, it takes seconds."
        )
