"""What a student reads: what was right, which misconception they have, nothing of hidden cases."""

from course_lib.exercises import find

from . import grades, text
from .page import escape, page

_WORDS = {
    "correct": "correct",
    "partial": "partly correct",
    "wrong": "not correct",
    "raised": "it raised an exception",
    "timeout": "it took too long",
    "memory": "it took too much memory",
    "bad_type": "it returned no numbers",
    "protocol_violation": "it disturbed the grader",
    "missing": "not attempted",
    "infrastructure": "not graded yet: a person will look at it",
}
# So many lines of an answer are shown, and so much of each.
_LINES, _COLUMNS = 120, 200


def student_page(submission, results, rows, said, titles=None):
    """The feedback page of one student.

    Parameters
    ----------
    submission : submissions.Submission
    results : list of grading.Result
    rows : list of grades.Row
        As they count, decisions and lateness among them.
    said : list of str
        Sentences about the files.
    titles : dict, optional
        Of the rows that people grade.

    Returns
    -------
    str
        HTML; whatever comes from the student is escaped.
    """
    points = sum(row.points or 0 for row in rows)
    possible = sum(row.max_points for row in rows)
    waits = any(row.points is None for row in rows)
    so_far = ", not all graded yet" if waits else ""
    parts = [f"<p><b>{round(points, 2):g} of {possible:g} points</b>{so_far}</p>"]
    if any(row.level == grades.UNISOLATED for row in rows):
        parts.append("<p>Graded without isolation.</p>")
    if said:
        items = "".join(f"<li>{escape(one)}</li>" for one in said)
        parts.append(f"<p>About your files:</p>\n<ul>{items}</ul>")
    by_exercise = {row.exercise: row for row in rows}
    parts += [_section(result, by_exercise[result.exercise], submission) for result in results]
    graded = {result.exercise for result in results}
    others = [row for row in rows if row.exercise not in graded]
    parts += [_other(row, (titles or {}).get(row.exercise, row.exercise)) for row in others]
    return page(f"Feedback for {submission.student}", "\n".join(parts))


def sentence(result):
    """What happened, in one sentence, as text."""
    name = result.exercise.partition(".")[2]
    subject = "" if result.outcome == "infrastructure" else f"{name}() "
    said = text.line(f"{subject}{result.message}")
    return said if said.endswith((".", "?", "`")) else said + "."


def hint(exercise_id, misconception):
    """The hint of a misconception, or an empty text where the exercise has none of that name."""
    known = find(exercise_id).recognized
    return next((m.hint for m in known if m.name == misconception), "")


def decided(row):
    """Why a row has its points, where a person decided; otherwise an empty text."""
    if not row.by:
        return ""
    return f"Decided by {row.by}: {row.reason.rstrip('.')}."


def _section(result, row, submission):
    exercise = find(result.exercise)
    kind = "good" if result.outcome == "correct" else "bad"
    # The grader's word for it would mislead where a person said something else.
    verdict = "" if row.by else f', <b class="{kind}">{_WORDS[result.outcome]}</b>'
    parts = [
        f"<h2>{escape(exercise.title)}</h2>",
        f"<p><code>{escape(exercise.id)}</code>: {_points(row)}{verdict}</p>",
    ]
    if row.by:
        parts.append(f"<p><b>{escape(decided(row))}</b></p>")
    parts.append(f"<p>{escape(sentence(result))}</p>")
    if result.needs_person and not row.by:
        parts.append("<p>A person will look at it.</p>")
    parts += [f"<p>About running it: {escape(note)}.</p>" for note in result.notes]
    if result.misconception:
        name = escape(result.misconception.replace("_", " "))
        advice = escape(hint(exercise.id, result.misconception))
        parts.append(f"<p><b>Misconception: {name}.</b> {advice}</p>")
    found = submission.found.get(result.exercise)
    if found and result.outcome not in ("correct", "missing"):
        graded = found.answer if result.place is None else found.cells[result.place]
        parts.append(_code(graded, result, exercise.title))
    return "<section>\n" + "\n".join(parts) + "\n</section>"


def _points(row):
    points = "–" if row.points is None else f"{row.points:g}"
    return f"{points} of {row.max_points:g} points" if row.max_points else f"{points} extra points"


def _code(source, result, title):
    """The student's own cell, with numbers, and the line that failed marked."""
    lines = []
    for number, code in enumerate(source.splitlines()[:_LINES], 1):
        # A student's cell may hold anything: a page is text, and no line is endless.
        said = escape(code.expandtabs(4)[:_COLUMNS])
        line = f"{number:3}  {said}"
        lines.append(f"<mark>{line}  ← here</mark>" if number == result.line else line)
    return (
        f'<pre tabindex="0" role="region" aria-label="Your code: {escape(title)}">'
        + "\n".join(lines)
        + "</pre>"
    )


def _other(row, title):
    """A row that no exercise has: lateness, what people grade."""
    if row.outcome == "late":
        said = f"{row.points:g} points"
    elif row.points is None:
        said = f"not graded yet, of {row.max_points:g} points"
    else:
        said = _points(row)
    why = decided(row) or row.reason
    return (
        f"<section>\n<h2>{escape(title)}</h2>\n<p>{said}</p>\n"
        + (f"<p>{escape(why)}</p>\n" if why else "")
        + "</section>"
    )
