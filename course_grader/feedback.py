"""What a student reads: what was right, which misconception they have, nothing of hidden cases."""

from course_lib.exercises import find

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


def student_page(submission, results, level):
    """The feedback page of one student.

    Parameters
    ----------
    submission : submissions.Submission
    results : list of grading.Result
    level : str

    Returns
    -------
    str
        HTML; whatever comes from the student is escaped.
    """
    points = sum(result.points or 0 for result in results)
    possible = sum(result.max_points for result in results)
    parts = [f"<p><b>{points:g} of {possible:g} points</b></p>"]
    if level == "open":
        parts.append("<p>Graded without isolation.</p>")
    if submission.problems:
        items = "".join(f"<li>{escape(said)}</li>" for said in dict.fromkeys(submission.problems))
        parts.append(f"<p>About your files:</p>\n<ul>{items}</ul>")
    parts += [_section(result) for result in results]
    return page(f"Feedback for {submission.student}", "\n".join(parts))


def sentence(result):
    """What happened, in one sentence, as text."""
    name = result.exercise.partition(".")[2]
    subject = "" if result.outcome == "infrastructure" else f"{name}() "
    said = f"{subject}{result.message}"
    return said if said.endswith((".", "?", "`")) else said + "."


def hint(exercise_id, misconception):
    """The hint of a misconception, or an empty text where the exercise has none of that name."""
    known = find(exercise_id).recognized
    return next((m.hint for m in known if m.name == misconception), "")


def _section(result):
    exercise = find(result.exercise)
    kind = "good" if result.outcome == "correct" else "bad"
    points = "–" if result.points is None else f"{result.points:g}"
    parts = [
        f"<h2>{escape(exercise.title)}</h2>",
        f"<p><code>{escape(exercise.id)}</code>: {points} of {exercise.points:g} points, "
        f'<b class="{kind}">{_WORDS[result.outcome]}</b></p>',
        f"<p>{escape(sentence(result))}</p>",
    ]
    if result.misconception:
        name = escape(result.misconception.replace("_", " "))
        advice = escape(hint(exercise.id, result.misconception))
        parts.append(f"<p><b>Misconception: {name}.</b> {advice}</p>")
    return "<section>\n" + "\n".join(parts) + "\n</section>"
