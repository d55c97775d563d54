"""`course-grade export`: the grades in the form that a learning management system reads."""

import csv
import json
import re
from dataclasses import dataclass
from pathlib import Path

from . import grades
from .feedback import hint, sentence
from .journal import Journal
from .page import escape

_TITLE = "AI for Medical Diagnosis"


@dataclass(frozen=True)
class _Grade:
    """All of one student: `points` is None while a row waits for a person."""

    student: str
    points: float | None
    max_points: float
    rows: list
    notes: list
    at: str

    @property
    def comment(self):
        isolated = all(row.level != grades.UNISOLATED for row in self.rows)
        return "\n".join([*([] if isolated else ["Graded without isolation."]), *self.notes])


def export(out, to, gradebook=None, column=None):
    """Write the grades of a run for a learning management system.

    Parameters
    ----------
    out : path
        The folder of the run; files go into ``out/export``.
    to : str
        One of `FORMATS`.
    gradebook : path, optional
        Canvas: the exported gradebook; Moodle: the offline grading worksheet. Its rows are filled.
    column : str, optional
        Canvas: the assignment's column; by default the only one without a score.

    Returns
    -------
    list of str
        What was written and what a person should know, one line each.

    Raises
    ------
    ValueError
        If there are no grades, or the gradebook does not fit.
    """
    out = Path(out)
    collected = _collect(out)
    ready = [grade for grade in collected if grade.points is not None]
    folder = out / "export"
    folder.mkdir(exist_ok=True)
    lines = FORMATS[to](ready, folder, gradebook, column)
    waiting = [grade.student for grade in collected if grade.points is None]
    if waiting:
        lines.append(f"Not exported, because a row waits for a person: {', '.join(waiting)}")
    levels = sorted({row.level for grade in collected for row in grade.rows} - {"sealed"})
    if levels:
        lines.append(f"Warning: graded at level {', '.join(levels)}; real grades need 'sealed'.")
    return lines


def _collect(out):
    rows = grades.read(out / "grades.csv")
    with Journal(out / "journal.sqlite") as journal:
        details = journal.latest()
    collected = []
    for student in dict.fromkeys(row.student for row in rows):
        own = [row for row in rows if row.student == student]
        known = [details[key] for row in own if (key := (student, row.exercise)) in details]
        points = [row.points for row in own]
        collected.append(
            _Grade(
                student,
                None if None in points else round(sum(points), 2),
                sum(row.max_points for row in own),
                own,
                [_note(result) for result, _ in known],
                max((at for _, at in known), default=""),
            )
        )
    return collected


def _note(result):
    said = f"{result.exercise}: {sentence(result)}"
    helpful = hint(result.exercise, result.misconception)
    return f"{said} {helpful}" if helpful else said


def _gradescope(ready, folder, gradebook, column):
    folder = folder / "gradescope"
    folder.mkdir(exist_ok=True)
    for grade in ready:
        notes = dict(zip((row.exercise for row in grade.rows), grade.notes, strict=False))
        results = {
            "output": grade.comment,
            "tests": [
                {
                    "name": row.exercise,
                    "score": row.points,
                    "max_score": row.max_points,
                    "status": "passed" if row.points == row.max_points else "failed",
                    "output": notes.get(row.exercise, ""),
                    "visibility": "visible",
                }
                for row in grade.rows
            ],
        }
        _write_json(folder / f"{grade.student}.json", results)
    return [f"{folder}: one results.json a student"]


def _lti(ready, folder, gradebook, column):
    payloads = [
        {
            "userId": grade.student,
            "timestamp": grade.at,
            "activityProgress": "Completed",
            "gradingProgress": "FullyGraded",
            "scoreGiven": grade.points,
            "scoreMaximum": grade.max_points,
            "comment": grade.comment,
        }
        for grade in ready
    ]
    return [_write_json(folder / "lti.json", payloads)]


def _csv(ready, folder, gradebook, column):
    exercises = list(dict.fromkeys(row.exercise for grade in ready for row in grade.rows))
    lines = []
    for grade in ready:
        points = {row.exercise: f"{row.points:g}" for row in grade.rows}
        level = " ".join(sorted({row.level for row in grade.rows}))
        scores = [points.get(exercise, "") for exercise in exercises]
        total = [f"{grade.points:g}", f"{grade.max_points:g}"]
        lines.append([grades.guarded(grade.student), *scores, *total, level])
    head = ["student", *exercises, "points", "max_points", "level"]
    return [_write_csv(folder / "grades.csv", [head, *lines])]


def _canvas(ready, folder, gradebook, column):
    if gradebook is None:
        head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", column or _TITLE]
        lines = []
        for grade in ready:
            name, number = _split(grade.student)
            lines.append([grades.guarded(name), number, "", "", "", f"{grade.points:g}"])
        return [_write_csv(folder / "canvas.csv", [head, *lines])]
    head, records = _read_csv(gradebook)
    place = head.index(_canvas_column(head, records, column))
    possible = {r[head.index("Student")].strip(): r[place] for r in records if r}.get(
        "Points Possible", ""
    )
    keys = ("Student", "ID", "SIS User ID", "SIS Login ID")
    lines = _fill(head, records, ready, keys, {place: lambda g: _scaled(g, possible)})
    return [_write_csv(folder / "canvas.csv", [head, *records]), *lines]


def _canvas_column(head, records, column):
    if "Student" not in head or "ID" not in head:
        raise ValueError("The gradebook is not Canvas's: it has no columns Student and ID.")
    found = [name for name in head if re.search(r"\(\d+\)$", name)]
    if column:
        found = [name for name in found if name == column or name.startswith(f"{column} (")]
    elif len(found) > 1:
        people = [r for r in records if r and r[head.index("ID")].strip()]
        found = [name for name in found if not any(r[head.index(name)].strip() for r in people)]
    if len(found) != 1:
        raise ValueError("Name the gradebook's column to fill with --column.")
    return found[0]


def _moodle(ready, folder, gradebook, column):
    if gradebook is None:
        head = ["Identifier", "Full name", "Grade", "Maximum Grade", "Feedback comments"]
        lines = []
        for grade in ready:
            name, number = _split(grade.student)
            who = [f"Participant {number}" if number else "", grades.guarded(name)]
            points = [f"{grade.points:g}", f"{grade.max_points:g}"]
            lines.append([*who, *points, _as_html(grade)])
        return [_write_csv(folder / "moodle.csv", [head, *lines])]
    head, records = _read_csv(gradebook)
    if "Grade" not in head or "Feedback comments" not in head:
        raise ValueError(
            "The gradebook is not Moodle's grading worksheet: it needs the columns Grade and "
            "Feedback comments."
        )
    maximum = head.index("Maximum Grade") if "Maximum Grade" in head else None
    possible = next((r[maximum] for r in records if maximum is not None), "")
    keys = ("Identifier", "Full name", "Email address", "ID number", "Username")
    filled = {head.index("Grade"): lambda g: _scaled(g, possible)}
    filled[head.index("Feedback comments")] = _as_html
    lines = _fill(head, records, ready, keys, filled)
    return [_write_csv(folder / "moodle.csv", [head, *records]), *lines]


FORMATS = {
    "gradescope": _gradescope,
    "canvas": _canvas,
    "moodle": _moodle,
    "csv": _csv,
    "lti": _lti,
}


def _split(student):
    """Name and number of a student as the download of Canvas or Moodle names them."""
    name, _, number = student.rpartition("_")
    return (name, number) if name and number.isdigit() else (student, "")


def _fill(head, records, ready, keys, filled):
    """Write values into the rows of the students; returns lines on those who have none."""
    columns = [head.index(key) for key in keys if key in head]
    lines = []
    for grade in ready:
        name, number = _split(grade.student)
        # A number is unique where a name may not be.
        wanted = _plain(number or name)
        rows = [r for r in records if wanted in {_plain(r[c]) for c in columns}]
        if not rows:
            rows = [r for r in records if _plain(name) in {_plain(r[c]) for c in columns}]
        if len(rows) != 1:
            found = "no row" if not rows else f"{len(rows)} rows"
            lines.append(f"Not filled in: {grade.student} has {found} in the gradebook")
            continue
        for place, value in filled.items():
            rows[0][place] = value(grade)
    return lines


def _plain(text):
    """A name, number or address without what systems write differently."""
    text = text.casefold().removeprefix("participant ").partition("@")[0]
    return "".join(c for c in text if c.isalnum())


def _scaled(grade, possible):
    """The points on the scale of the gradebook."""
    try:
        scale = float(possible) / grade.max_points
    except ValueError:
        scale = 1
    return f"{round(grade.points * scale, 2):g}"


def _as_html(grade):
    return "<br>".join(escape(line) for line in grade.comment.splitlines())


def _read_csv(path):
    try:
        with Path(path).open(newline="", encoding="utf-8-sig") as file:
            head, *records = list(csv.reader(file))
    except (OSError, ValueError, csv.Error) as error:
        raise ValueError(f"The gradebook {path} cannot be read as a table.") from error
    return head, [record + [""] * (len(head) - len(record)) for record in records if record]


def _write_csv(path, lines):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(lines)
    return str(path)


def _write_json(path, value):
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return str(path)
