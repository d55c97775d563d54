"""`grades.csv`: one row a student and exercise; the same bytes whenever the inputs are the same."""

import csv
from dataclasses import dataclass
from pathlib import Path

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
)
UNISOLATED = "open UNISOLATED"


@dataclass(frozen=True)
class Row:
    """A row as it stands in the file; `points` is None where a person must decide."""

    student: str
    exercise: str
    points: float | None
    max_points: float
    outcome: str
    misconception: str
    level: str
    seconds: int


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
    )


def guarded(text):
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def unguarded(text):
    """The text without the quote that `guarded` put in front."""
    return text[1:] if text[:1] == "'" and guarded(text[1:]) == text else text


def write(path, rows):
    """Write the rows, whole or not at all."""
    path = Path(path)
    part = path.with_suffix(".part")
    with part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in rows:
            points = "" if row.points is None else f"{row.points:g}"
            writer.writerow(
                [
                    *(guarded(row.student), row.exercise, points, f"{row.max_points:g}"),
                    *(row.outcome, row.misconception, row.level, row.seconds),
                ]
            )
    part.replace(path)


def read(path):
    """Read the rows again, as a person may have changed them.

    Raises
    ------
    ValueError
        If the file is absent or not of this form.
    """
    try:
        with Path(path).open(newline="", encoding="utf-8") as file:
            records = list(csv.DictReader(file))
        return [_parsed(record) for record in records]
    except FileNotFoundError:
        raise ValueError(f"There is no {path}: run course-grade run first.") from None
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise ValueError(f"{path} is not a table of grades: {error}.") from error


def _parsed(record):
    return Row(
        unguarded(record["student"]),
        record["exercise"],
        float(record["points"]) if record["points"] else None,
        float(record["max_points"]),
        record["outcome"],
        record["misconception"],
        record["level"],
        int(record["seconds"]),
    )
