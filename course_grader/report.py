"""`course-grade report`: one page on the class: scores, items, misconceptions, who needs a look."""

import collections
from pathlib import Path

import numpy as np
from scipy import stats

from course_lib.exercises import catalog

from . import course, grades, overrides
from .feedback import decided, hint, sentence
from .journal import Journal
from .page import escape, page, table

_ATTENTION = ("infrastructure", "protocol_violation", "timeout", "memory", "bad_type")


def write(out):
    """Write ``report.html`` into the folder of a run.

    Parameters
    ----------
    out : path

    Returns
    -------
    path

    Raises
    ------
    ValueError
        If the folder holds no grades.
    """
    out = Path(out)
    rows = grades.read(out / "grades.csv")
    if not rows:
        raise ValueError(f"{out / 'grades.csv'} holds no row.")
    with Journal(out / "journal.sqlite") as journal:
        overrides.check_fresh(out, journal)
        details, problems, alike = journal.latest(), journal.problems(), journal.similar()
    students = list(dict.fromkeys(row.student for row in rows))
    # Extra credit and what lateness costs have no maximum to be a share of; a talk that nobody has
    # graded yet is no item yet.
    known = (
        r for r in rows if r.max_points > 0 and (r.points is not None or r.outcome != "manual")
    )
    items = list(dict.fromkeys(row.exercise for row in known))
    rules = course.read(out / "course.toml" if (out / "course.toml").is_file() else None)
    titles = {row.name: row.title for row in rules.manual}
    titles |= {name: exercise.title for name, exercise in catalog().items()}
    fractions = _fractions(rows, students, items)
    scores = 100 * _means(fractions, axis=1)
    scores = scores[~np.isnan(scores)]
    if not len(scores):
        raise ValueError(f"Nothing in {out / 'grades.csv'} is graded yet.")
    body = [
        _overview(rows, scores),
        "<h2>Scores</h2>",
        _histogram(scores),
        "<h2>Exercises</h2>",
        _items(items, titles, fractions, details),
        "<h2>Misconceptions</h2>",
        _misconceptions(rows, students),
        "<h2>For a person to look at</h2>",
        _attention(rows, students, fractions, details, problems),
        "<h2>Decided by people</h2>",
        _decisions(rows),
        "<h2>Similar answers</h2>",
        _similar(alike),
    ]
    path = out / "report.html"
    path.write_text(page("The class", "\n".join(body)), encoding="utf-8")
    return path


def _fractions(rows, students, items):
    """Share of the points, shape (students, exercises); NaN where a person must decide."""
    line = {student: i for i, student in enumerate(students)}
    column = {item: i for i, item in enumerate(items)}
    fractions = np.full((len(students), len(items)), np.nan)
    for row in rows:
        if row.points is not None and row.exercise in column:
            fractions[line[row.student], column[row.exercise]] = row.points / row.max_points
    return fractions


def _means(fractions, axis):
    """Means of what is there, NaN where nothing is."""
    return np.ma.masked_invalid(fractions).mean(axis=axis).filled(np.nan)


def _overview(rows, scores):
    """How many, how good, and whether the grades may count."""
    said = f"{len(scores)} students. Mean score {np.mean(scores):.0f} %"
    if len(scores) > 1 and np.ptp(scores) > 0:
        low, high = stats.t.interval(
            0.95, len(scores) - 1, loc=np.mean(scores), scale=stats.sem(scores)
        )
        said += f" (95 % interval {max(low, 0):.0f} to {min(high, 100):.0f})"
    parts = [f"<p>{said}, median {np.median(scores):.0f} %.</p>"]
    levels = sorted({row.level for row in rows} - {""})
    if levels != ["sealed"]:
        parts.append(
            f'<p class="bad"><b>Graded at level {escape(", ".join(levels))}</b>: real grades need '
            "level sealed.</p>"
        )
    return "\n".join(parts)


def _histogram(scores, width=560, height=160):
    """Ten bars as SVG."""
    counts, _ = np.histogram(scores, bins=10, range=(0, 100))
    step, scale = width / 10, height / max(counts)
    bars = []
    for i, count in enumerate(counts):
        x, middle, top = i * step + 2, (i + 0.5) * step, height - count * scale + 20
        tall = count * scale
        bars += [
            f'<rect x="{x:.0f}" y="{top:.0f}" width="{step - 4:.0f}" height="{tall:.0f}"/>',
            _text(middle, top - 5, count or ""),
            _text(middle, height + 36, f"{10 * i}–{10 * i + 10}"),
        ]
    bars.append(_text(width / 2, height + 54, "score in percent"))
    said = ", ".join(f"{10 * i} to {10 * i + 10} %: {n}" for i, n in enumerate(counts) if n)
    return (
        f'<svg viewBox="0 0 {width} {height + 56}" width="100%" role="img" '
        f'aria-label="Students by score. {said}">{"".join(bars)}</svg>'
    )


def _text(x, y, said):
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="middle">{said}</text>'


def _items(items, titles, fractions, details):
    rows = []
    for i, item in enumerate(items):
        credit = fractions[:, i][~np.isnan(fractions[:, i])]
        seconds = [r.seconds for (_, exercise), (r, _) in details.items() if exercise == item]
        rows.append(
            (
                item,
                titles.get(item, ""),
                _share(int(np.sum(credit == 1)), len(credit)),
                f"{np.mean(credit):.2f}" if len(credit) else "–",
                _discrimination(fractions, i),
                f"{np.median(seconds):.2g}" if seconds else "–",
            )
        )
    head = ("exercise", "title", "solved by", "mean credit", "discrimination", "median seconds")
    return (
        "<p>Discrimination is the correlation of an exercise with the mean of the others: near 0 "
        "or below, look at the exercise before you look at the class. In brackets are 95 % "
        f"intervals.</p>\n{table(head, rows)}"
    )


def _share(count, n):
    """A count as percentage with Wilson's interval."""
    if n == 0:
        return "–"
    interval = stats.binomtest(count, n).proportion_ci(0.95, method="wilson")
    return f"{count / n:.0%} [{interval.low:.0%}, {interval.high:.0%}]"


def _discrimination(fractions, i):
    """Item-rest correlation with Fisher's interval."""
    complete = ~np.isnan(fractions).any(axis=1)
    item = fractions[complete, i]
    rest = np.delete(fractions[complete], i, axis=1)
    if len(item) < 4 or rest.shape[1] == 0 or np.ptp(item) == 0 or np.ptp(rest.mean(axis=1)) == 0:
        return "–"
    found = stats.pearsonr(item, rest.mean(axis=1))
    interval = found.confidence_interval(0.95)
    return f"{found.statistic:.2f} [{interval.low:.2f}, {interval.high:.2f}]"


def _misconceptions(rows, students):
    counts = collections.Counter(
        (row.exercise, row.misconception) for row in rows if row.misconception
    )
    if not counts:
        return "<p>None was recognized.</p>"
    lines = [
        (
            exercise,
            name.replace("_", " "),
            count,
            _share(count, len(students)),
            hint(exercise, name),
        )
        for (exercise, name), count in counts.most_common()
    ]
    return table(("exercise", "misconception", "students", "share", "hint"), lines)


def _attention(rows, students, fractions, details, problems):
    lines = []
    for row in rows:
        result, _ = details.get((row.student, row.exercise), (None, ""))
        waits = row.points is None and result is None
        if row.by or not (waits or row.needs_person or row.outcome in _ATTENTION):
            continue
        said = sentence(result) if result else "waits for its points (overrides.csv)"
        lines.append((row.student, row.exercise, said))
    lines += [
        (student, exercise, f"about running it: {note}")
        for (student, exercise), (result, _) in details.items()
        for note in result.notes
        if student in students and exercise in {row.exercise for row in rows}
    ]
    lines += [("", "", said) for said in grades.above_maximum(rows)]
    lines += [(student, "", said) for student, said in problems]
    lines += [(students[i], "", said) for i, said in _outliers(fractions)]
    return table(("student", "exercise", "what happened"), lines) if lines else "<p>Nobody.</p>"


def _decisions(rows):
    lines = [(row.student, row.exercise, row.points, decided(row)) for row in rows if row.by]
    if not lines:
        return "<p>None.</p>"
    return table(("student", "exercise", "points", "why"), lines)


def _similar(alike):
    if not alike:
        return "<p>None that are unusual.</p>"
    said = (
        "<p>A note, never a verdict: people who learn together write alike. Counted are long runs "
        "of the same syntax, without names and layout, that almost nobody else in the class wrote "
        "and the book does not show; and who judged the studies of one number, where an exercise "
        "asks for one's own. Look at both notebooks, and ask.</p>"
    )
    lines = [(*who, exercises, f"{share:.0%}") for *who, exercises, share in alike]
    return f"{said}\n{table(('student', 'and', 'in', 'of the shorter code'), lines)}"


def _outliers(fractions):
    """Students whose answers differ from the class's in an unusual way.

    Yields
    ------
    index : int
    said : str
    """
    scores = _means(fractions, axis=1)
    median = np.nanmedian(scores)
    # Iglewicz and Hoaglin, How to Detect and Handle Outliers (1993): the modified z-score.
    spread = np.nanmedian(np.abs(scores - median))
    ease = _means(fractions, axis=0)
    for i, credit in enumerate(fractions):
        if spread > 0 and 0.6745 * (scores[i] - median) / spread < -3.5:
            yield i, "scores far below the class"
        varied = len(credit) >= 5 and np.ptp(credit) > 0 and np.ptp(ease) > 0
        if varied and np.corrcoef(credit, ease)[0, 1] < -0.5:
            yield i, "solves what most miss, and misses what most solve"
