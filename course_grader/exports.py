"""`course-grade export`: the grades in the form that a learning management system reads."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from . import course, grades, overrides, roster, tables, text
from .feedback import decided, hint, sentence
from .journal import Journal
from .page import escape
from .roster import plain


@dataclass(frozen=True)
class _Grade:
    """All of one student: `points` is None while a row waits for a person."""

    student: str
    points: float | None
    max_points: float
    rows: list
    notes: dict
    at: str
    person: roster.Person | None

    @property
    def lines(self):
        """What the student is told, one line of characters that print each."""
        isolated = all(row.level != grades.UNISOLATED for row in self.rows)
        return [*([] if isolated else ["Graded without isolation."]), *self.notes.values()]


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
    rules = course.read(out / "course.toml" if (out / "course.toml").is_file() else None)
    collected = _collect(out)
    ready = [grade for grade in collected if grade.points is not None]
    folder = out / "export"
    try:
        folder.mkdir(exist_ok=True)
        lines = FORMATS[to](
            ready, folder, gradebook, column or (None if gradebook else rules.title)
        )
    except OSError as error:
        raise ValueError(f"{folder} cannot be written: {error.strerror}.") from error
    waiting = [grade.student for grade in collected if grade.points is None]
    if waiting:
        lines.append(f"Not exported, because a row waits for a person: {', '.join(waiting)}")
    lines += grades.above_maximum(row for grade in ready for row in grade.rows)
    lines += [
        f"Above the maximum: {grade.student} has {grade.points:g} of {grade.max_points:g} in all"
        for grade in ready
        if grade.points > grade.max_points
    ]
    levels = sorted({row.level for grade in collected for row in grade.rows} - {"sealed", ""})
    if levels:
        lines.append(f"Warning: graded at level {', '.join(levels)}; real grades need 'sealed'.")
    return lines


def _collect(out):
    rows = grades.read(out / "grades.csv")
    people = roster.read(out / "roster.csv") if (out / "roster.csv").is_file() else None
    with Journal(out / "journal.sqlite") as journal:
        overrides.check_fresh(out, journal)
        details, at = journal.latest(), journal.last_run()
    own = {}
    for row in rows:
        own.setdefault(row.student, []).append(row)
    return [_grade(student, of_one, details, at, people) for student, of_one in own.items()]


def _grade(student, rows, details, at, people):
    points = [row.points for row in rows]
    notes = {}
    for row in rows:
        result, _ = details.get((student, row.exercise), (None, ""))
        notes[row.exercise] = text.line(_note(row, result))
    return _Grade(
        student,
        None if None in points else max(round(sum(points), 2), 0),
        round(sum(row.max_points for row in rows), 2),
        rows,
        {exercise: note for exercise, note in notes.items() if note},
        at,
        people.find(student) if people else None,
    )


def _note(row, result):
    if row.by:
        return f"{row.exercise}: {decided(row)}"
    if result is None:
        return f"{row.exercise}: {row.reason}." if row.reason else ""
    said = f"{row.exercise}: {sentence(result)}"
    helpful = hint(row.exercise, result.misconception)
    return f"{said} {helpful}" if helpful else said


def _gradescope(ready, folder, gradebook, column):
    folder = folder / "gradescope"
    folder.mkdir(exist_ok=True)
    for grade in ready:
        _write_json(folder / f"{grade.student}.json", gradescope_results(grade))
    return [f"{folder}: one results.json a student"]


def gradescope_results(grade):
    """What Gradescope reads of one student as ``results.json``."""
    return {
        "output": " ".join(grade.lines),
        "tests": [
            {
                "name": row.exercise,
                "score": row.points,
                "max_score": row.max_points,
                "status": "passed" if row.points >= row.max_points else "failed",
                "output": grade.notes.get(row.exercise, ""),
                "visibility": "visible",
            }
            for row in grade.rows
        ],
    }


def one_student(out):
    """Gradescope's results of the only student of a run, or None if a row waits for a person."""
    (grade,) = _collect(Path(out))
    return None if grade.points is None else gradescope_results(grade)


def _lti(ready, folder, gradebook, column):
    payloads = [
        {
            "userId": grade.person.id if grade.person and grade.person.id else grade.student,
            # Parts of a second and the zone are required, and every later score needs a later
            # time: that of the run, because a decision changes points without any grading.
            "timestamp": grade.at.replace("Z", "+00:00"),
            "activityProgress": "Completed",
            "gradingProgress": "FullyGraded",
            "scoreGiven": grade.points,
            "scoreMaximum": grade.max_points,
            "comment": " ".join(grade.lines),
        }
        for grade in ready
    ]
    return [_write_json(folder / "lti.json", payloads)]


def _csv(ready, folder, gradebook, column):
    exercises = list(dict.fromkeys(row.exercise for grade in ready for row in grade.rows))
    listed = any(grade.person for grade in ready)
    judged = any(row.by for grade in ready for row in grade.rows)
    lines = []
    for grade in ready:
        points = {row.exercise: f"{row.points:g}" for row in grade.rows}
        level = " ".join(sorted({row.level for row in grade.rows} - {""}))
        scores = [points.get(exercise, "") for exercise in exercises]
        total = [f"{grade.points:g}", f"{grade.max_points:g}"]
        who = grade.person or roster.Person("", "")
        who = [who.id, who.name, who.email, who.section] if listed else []
        said = "; ".join(f"{row.exercise}: {decided(row)}" for row in grade.rows if row.by)
        line = [grade.student, *who, *scores, *total, level, *([said] if judged else [])]
        # A penalty is a number that begins with a minus, and no formula.
        lines.append([cell if _is_number(cell) else tables.guarded(cell) for cell in line])
    head = ["student", *(["id", "name", "email", "section"] if listed else []), *exercises]
    head += ["points", "max_points", "level", *(["decisions"] if judged else [])]
    return [tables.write(folder / "grades.csv", [head, *lines])]


def _is_number(cell):
    return bool(re.fullmatch(r"-?[\d.]+(e[-+]?\d+)?", cell))


def _canvas(ready, folder, gradebook, column):
    if gradebook is None:
        head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", column]
        lines = []
        for grade in ready:
            name, number = _split(grade.student)
            lines.append([tables.guarded(name), number, "", "", "", f"{grade.points:g}"])
        return [tables.write(folder / "canvas.csv", [head, *lines])]
    head, records = tables.read(gradebook, "the gradebook")
    place = head.index(_canvas_column(head, records, column))
    possible = {r[head.index("Student")].strip(): r[place] for r in records if r}.get(
        "Points Possible", ""
    )
    keys = ("Student", "ID", "SIS User ID", "SIS Login ID")
    lines = _fill(head, records, ready, keys, {place: lambda g: _scaled(g, possible)})
    return [tables.write(folder / "canvas.csv", [head, *records]), *lines]


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
            who = [f"Participant {number}" if number else "", tables.guarded(name)]
            points = [f"{grade.points:g}", f"{grade.max_points:g}"]
            lines.append([*who, *points, _as_html(grade)])
        return [tables.write(folder / "moodle.csv", [head, *lines])]
    head, records = tables.read(gradebook, "the gradebook")
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
    return [tables.write(folder / "moodle.csv", [head, *records]), *lines]


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
    claims, lines = {}, []
    for grade in ready:
        rows = _rows_of(grade, records, columns)
        if len(rows) == 1:
            claims.setdefault(rows[0], []).append(grade)
        else:
            found = "no row" if not rows else f"{len(rows)} rows"
            lines.append(f"Not filled in: {grade.student} has {found} in the gradebook")
    for place, claimants in claims.items():
        if len(claimants) > 1:
            names = " and ".join(grade.student for grade in claimants)
            lines.append(
                f"Not filled in: {names} are one row of the gradebook; let a person choose"
            )
            continue
        for column, value in filled.items():
            records[place][column] = value(claimants[0])
    return lines


def _rows_of(grade, records, columns):
    """Numbers of a student's rows: by what is surest first, numbers and addresses before names."""
    name, number = _split(grade.student)
    person = grade.person
    sure = [person.id, person.email, person.login] if person else []
    for wanted in (*sure, number, name, person.name if person else ""):
        if plain_cell(wanted):
            rows = [
                i
                for i, record in enumerate(records)
                if plain_cell(wanted) in {plain_cell(record[c]) for c in columns}
            ]
            if rows:
                return rows
    return []


def plain_cell(said):
    """A name, number or address as it is compared; of an address, what stands before its @."""
    return plain(tables.unguarded(said).partition("@")[0])


def _scaled(grade, possible):
    """The points on the scale of the gradebook."""
    try:
        scale = tables.number(possible) / grade.max_points
    except (ValueError, ZeroDivisionError):
        scale = 1
    return f"{round(grade.points * scale, 2):g}"


def _as_html(grade):
    return "<br>".join(escape(line) for line in grade.lines)


def _write_json(path, value):
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return str(path)
