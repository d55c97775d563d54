"""`grades.csv`: one row a student and exercise; the same bytes whenever the inputs are the same."""

from dataclasses import dataclass, replace
from pathlib import Path

from . import tables, text
from .room.policy import USUAL

COLUMNS = (
    "student",
    "exercise",
    "points",
    "max_points",
    "outcome",
    "misconception",
    "level",
    "seconds",
    "needs_person",
    "reason",
    "by",
)
UNISOLATED = "open UNISOLATED"


@dataclass(frozen=True)
class Row:
    """A row as it stands in the file.

    Attributes
    ----------
    points : float or None
        None where a person must decide.
    max_points : float
        0 for extra credit and for what lateness costs.
    outcome : str
        One of `grading.OUTCOMES`; ``manual`` or ``late`` for the rows that `course.toml` brings.
    needs_person : bool
        Whether a person should look, although there are points.
    reason, by : str
        Why and by whom the points were decided on; empty where the grader did.
    """

    student: str
    exercise: str
    points: float | None
    max_points: float
    outcome: str
    misconception: str
    level: str
    seconds: int
    needs_person: bool = False
    reason: str = ""
    by: str = ""


def rows(student, results, level, course, decisions, days_late):
    """All rows of a student: exercises, what people grade, what lateness costs.

    Parameters
    ----------
    student : str
    results : list of grading.Result
    level : str
    course : course.Course
    decisions : dict
        From student and exercise to `overrides.Decision`.
    days_late : float

    Returns
    -------
    list of Row
    """
    own = [_weighted(row(student, result, level), course) for result in results]
    own = [_decided(one, decisions.get((student, one.exercise))) for one in own]
    decision = decisions.get((student, "late"))
    days = days_late if decision is None else decision.points
    share = course.late.share(days)
    if share > 0:
        # Computed from what is there already: a row that waits is not known yet.
        cost = -round(share * sum(one.points or 0 for one in own), 2)
        said = f"{days:g} days late: {share:.0%} of the points"
        late = Row(student, "late", cost, 0, "late", "", "", 0, reason=said)
        own.append(replace(late, reason=decision.reason, by=decision.by) if decision else late)
    for item in course.manual:
        most = 0 if item.extra_credit else item.points
        # Extra credit that nobody gave is none, and makes nobody wait.
        given = 0.0 if item.extra_credit else None
        waiting = Row(student, item.name, given, most, "manual", "", "", 0)
        own.append(_decided(waiting, decisions.get((student, item.name))))
    return own


def _weighted(one, course):
    weight = course.weight(one.exercise)
    points = None if one.points is None else round(weight * one.points, 2)
    most = 0.0 if one.exercise in course.extra_credit else weight * one.max_points
    return replace(one, points=points, max_points=most)


def _decided(one, decision):
    if decision is None:
        return one
    return replace(
        one, points=decision.points, needs_person=False, reason=decision.reason, by=decision.by
    )


def row(student, result, level):
    """The row of a result.

    The column `seconds` tells what the exercise cost as far as that is the same in every run: the
    limit where time ran out, otherwise 0. Measured times are in the journal.
    """
    return Row(
        student,
        result.exercise,
        result.points,
        result.max_points,
        result.outcome,
        result.misconception,
        UNISOLATED if level == "open" else level,
        USUAL.seconds if result.outcome == "timeout" else 0,
        result.needs_person,
    )


def write(path, rows):
    """Write the rows, whole or not at all.

    Raises
    ------
    ValueError
        If they cannot be written.
    """
    lines = [
        [
            *(tables.guarded(row.student), row.exercise, _said(row.points), f"{row.max_points:g}"),
            *(row.outcome, row.misconception, row.level, row.seconds),
            *("yes" if row.needs_person else "", *map(tables.guarded, (row.reason, row.by))),
        ]
        for row in rows
    ]
    tables.write(path, [COLUMNS, *lines])


def _said(points):
    return "" if points is None else f"{points:g}"


def read(path):
    """Read the rows again, as they may come back from a spreadsheet.

    Raises
    ------
    ValueError
        If the file is absent, not of this form, or holds a row twice.
    """
    if not Path(path).exists():
        raise ValueError(f"There is no {path}: run course-grade run first.")
    head, records = tables.read(path, "the table of grades")
    rows, seen = [], set()
    for record in records:
        try:
            row = _parsed(dict(zip(head, record, strict=False)))
        except (KeyError, ValueError) as error:
            raise ValueError(f"{path} is not a table of grades: {error}.") from error
        if (row.student, row.exercise) in seen:
            raise ValueError(f"{path} holds {row.exercise} of {text.line(row.student)} twice.")
        seen.add((row.student, row.exercise))
        rows.append(row)
    return rows


def _parsed(record):
    return Row(
        tables.unguarded(record["student"]),
        record["exercise"],
        tables.number(record["points"]) if record["points"].strip() else None,
        tables.number(record["max_points"]),
        record["outcome"],
        record["misconception"],
        record["level"],
        int(tables.number(record["seconds"])),
        record.get("needs_person") == "yes",
        tables.unguarded(record.get("reason", "")),
        tables.unguarded(record.get("by", "")),
    )


def above_maximum(rows):
    """Sentences on rows with more points than there are."""
    return [
        f"Above the maximum: {row.student} has {row.points:g} of {row.max_points:g} in "
        f"{row.exercise}"
        for row in rows
        if row.points is not None and row.points > row.max_points > 0
    ]
