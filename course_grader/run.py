"""Grade a class: read, grade what is not in the journal yet, write grades and feedback."""

import hmac
import json
import os
import secrets
from pathlib import Path

from tqdm import tqdm

from course_lib.exercises import catalog, find

from . import feedback, grades, grading, submissions, workers
from .journal import Journal


def choose_exercises(wanted):
    """Ids of the exercises that are named, in the order of the catalog.

    Parameters
    ----------
    wanted : sequence of str
        Chapters and exercise ids; empty for all.

    Raises
    ------
    ValueError
        If a name is neither a chapter nor an exercise.
    """
    known = list(catalog())
    chapters = {exercise.partition(".")[0] for exercise in known}
    unknown = [name for name in wanted if name not in chapters and name not in known]
    if unknown:
        raise ValueError(
            f"There is no chapter or exercise {unknown[0]!r}; the chapters are "
            f"{', '.join(sorted(chapters))}."
        )
    return [e for e in known if not wanted or e in wanted or e.partition(".")[0] in wanted]


def read_secret(path, out):
    """The secret that seeds the hidden cases: of the given file, or of one made in `out`.

    Raises
    ------
    ValueError
        If the file cannot be read or holds fewer than 16 characters.
    """
    if path is None:
        path = out / "seed"
        if not path.exists():
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_hex(32) + "\n")
    try:
        secret = Path(path).read_bytes().strip()
    except OSError as error:
        raise ValueError(f"The seed file {path} cannot be read: {error.strerror}.") from error
    if len(secret) < 16:
        raise ValueError(f"The seed file {path} must hold at least 16 characters.")
    return secret


def run(source, out, wanted=(), seed_file=None, level="sealed", executor=workers.on_this_machine):
    """Grade all submissions of a class.

    Parameters
    ----------
    source : path
        Folder or zip of submissions.
    out : path
        Folder for ``grades.csv``, ``journal.sqlite``, ``feedback/`` and, without a seed file,
        ``seed``. What its journal holds already is not graded again.
    wanted : sequence of str
        Chapters and exercise ids; by default, every chapter that a submission contains.
    seed_file : path, optional
    level : {"sealed", "locked", "open"}
    executor : callable
        Takes tasks, yields pairs of task and results.

    Returns
    -------
    list of grades.Row
    problems : list of tuple
        Student and sentence.

    Raises
    ------
    ValueError
        Whatever is wrong with the arguments, in one sentence.
    """
    out = Path(out)
    ids = choose_exercises(wanted)
    handed_in = submissions.read(source, ids)
    if not wanted:
        ids = _chapters_handed_in(handed_in, ids)
    try:
        (out / "feedback").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"{out} cannot be used as a folder: {error.strerror}.") from error
    secret = read_secret(seed_file, out)
    problems = [(s.student, said) for s in handed_in for said in dict.fromkeys(s.problems)]
    with Journal(out / "journal.sqlite") as journal:
        results = _results(handed_in, ids, secret, level, journal, problems, executor)
    rows = [grades.row(s.student, r, level) for s in handed_in for r in results[s.student]]
    grades.write(out / "grades.csv", rows)
    for submission in handed_in:
        page = feedback.student_page(submission, results[submission.student], level)
        (out / "feedback" / f"{submission.student}.html").write_text(page, encoding="utf-8")
    return rows, problems


def _chapters_handed_in(handed_in, ids):
    chapters = {exercise.partition(".")[0] for s in handed_in for exercise in s.found}
    if not chapters:
        raise ValueError(
            "No submission contains an exercise; name the chapters with --exercises to grade "
            "all of them as missing."
        )
    return [exercise for exercise in ids if exercise.partition(".")[0] in chapters]


def _results(handed_in, ids, secret, level, journal, problems, executor):
    """All results of every student in the order of `ids`, from the journal or graded now."""
    number = journal.begin(level, problems)
    results, keys, tasks = {}, {}, []
    for submission in handed_in:
        known, answers = results.setdefault(submission.student, {}), []
        for exercise in ids:
            found = submission.found.get(exercise)
            key = _key(submission.student, exercise, found, secret, level)
            keys[submission.student, exercise] = key
            earlier = journal.result(key)
            if earlier and exercise not in submission.ambiguous:
                known[exercise] = earlier
            elif found and exercise not in submission.ambiguous:
                answers.append((exercise, found.cells))
            else:
                known[exercise] = _without_running(submission, exercise)
                journal.add(number, submission.student, [(key, known[exercise])])
        if answers:
            tasks.append(workers.Task(submission.student, tuple(answers), secret, level))
    for task, fresh in tqdm(executor(tasks), "grading", len(tasks), disable=None):
        journal.add(number, task.student, [(keys[task.student, r.exercise], r) for r in fresh])
        results[task.student] |= {result.exercise: result for result in fresh}
    return {student: [known[e] for e in ids] for student, known in results.items()}


def _without_running(submission, exercise):
    if exercise in submission.ambiguous:
        return grading.infrastructure(find(exercise), "two files answer it differently")
    return grading.missing(find(exercise), "was not found in what was handed in")


def _key(student, exercise, found, secret, level):
    """Names one grading: the same student, code, seed and level give the same result."""
    text = json.dumps([student, exercise, found.cells if found else None, level])
    return hmac.digest(secret, text.encode(), "sha256").hex()
