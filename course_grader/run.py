"""Grade a class: read, grade what is not in the journal yet, write grades and feedback."""

import errno
import hashlib
import hmac
import json
import os
import secrets
import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path

from tqdm import tqdm

from course_lib._files import written_whole
from course_lib.exercises import catalog, find

from . import (
    choice,
    course,
    definition,
    feedback,
    grades,
    grading,
    overrides,
    own,
    roster,
    similar,
    submissions,
    text,
    workers,
)
from .journal import Journal


@dataclass(frozen=True)
class Options:
    """What the people of a course bring besides the hand-ins.

    Attributes
    ----------
    roster, overrides, course : path or None
        By default ``roster.csv``, ``overrides.csv`` and ``course.toml`` of the run's folder, if
        they are there. A file given is copied there.
    layout : {"auto", "files", "folders", "chapters"}
    student : str or None
        Whose all files are.
    library : bool
        Whether answers may call `course_lib`'s own functions, as they may in the notebook.
    """

    roster: Path | None = None
    overrides: Path | None = None
    course: Path | None = None
    layout: str = "auto"
    student: str | None = None
    library: bool = True


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


def run(
    source,
    out,
    wanted=(),
    seed_file=None,
    level="sealed",
    executor=workers.on_this_machine,
    options=None,
    say=lambda line: None,
):
    """Grade all submissions of a class.

    Parameters
    ----------
    source : path
        Folder or zip of submissions.
    out : path
        Folder for ``grades.csv``, ``journal.sqlite``, ``feedback/`` and, without a seed file,
        ``seed``. What its journal holds already is not graded again.
    wanted : sequence of str
        Chapters and exercise ids; by default, every chapter that the class handed in.
    seed_file : path, optional
    level : {"sealed", "locked", "open"}
    executor : callable
        Takes tasks, yields pairs of task and results.
    options : Options, optional
    say : callable
        Is told, before anything is graded, what will be.

    Returns
    -------
    list of grades.Row
    problems : list of tuple
        Student and sentence; the student is empty where it is nobody's.

    Raises
    ------
    ValueError
        Whatever is wrong with the arguments, in one sentence.
    """
    out, options = Path(out), options or Options()
    ids = choice.named(wanted)
    people, rules = _people_and_rules(out, options)
    handed_in = submissions.read(source, ids, people, options.layout, options.student)
    students = handed_in.submissions
    if wanted:
        said = [f"Grading {', '.join(wanted)}: named by --exercises."]
    else:
        ids, said = choice.handed_in(students, ids)
    say(f"Read as {handed_in.layout}: {len(students)} students.")
    for line in said:
        say(line)
    try:
        (out / "feedback").mkdir(parents=True, exist_ok=True)
        _keep(out, options)
    except OSError as error:
        raise ValueError(f"{out} cannot be used as a folder: {error.strerror}.") from error
    secret = read_secret(seed_file, out)
    try:
        with Journal(out / "journal.sqlite") as journal:
            return _Run(out, students, ids, secret, level, options.library, rules, journal).go(
                executor, handed_in.notes
            )
    except sqlite3.Error as error:
        raise ValueError(f"The journal in {out} cannot be used: {error}.") from error


def _people_and_rules(out, options):
    path = _path(out, options.roster, "roster.csv")
    people = roster.read(path) if path else None
    rules = course.read(_path(out, options.course, "course.toml"))
    # Read here too, so that a mistake in it is told before an hour of grading.
    _decisions(_path(out, options.overrides, "overrides.csv"), rules)
    return people, rules


def _decisions(path, rules):
    return overrides.read(path, {*catalog(), "late", *(row.name for row in rules.manual)})


def _path(out, given, name):
    """The file given, or the one of that name in the run's folder, if there is one."""
    if given is not None:
        return Path(given)
    return out / name if (out / name).is_file() else None


def _keep(out, options):
    """Copy what was given into the run's folder, where the next command finds it.

    Raises
    ------
    ValueError
        If a decision that is there already is not among those given.
    """
    for given, name in (
        (options.roster, "roster.csv"),
        (options.course, "course.toml"),
        (options.overrides, "overrides.csv"),
    ):
        there = out / name
        if given is None or (there.exists() and there.samefile(given)):
            continue
        if name == "overrides.csv" and there.exists():
            rules = course.read(_path(out, options.course, "course.toml"))
            lost = _decisions(there, rules).keys() - _decisions(given, rules).keys()
            if lost:
                student, exercise = min(lost)
                raise ValueError(
                    f"{there} holds a decision on {student} and {exercise} that {given} lacks: add "
                    f"it to {given}, or delete it from {there}."
                )
        with written_whole(there) as temporary:
            temporary.write_bytes(Path(given).read_bytes())


class _Run:
    """One run over a class that was read."""

    def __init__(self, out, students, ids, secret, level, library, rules, journal):
        self._out, self._students, self._ids = out, students, ids
        self._exercises = {exercise: find(exercise) for exercise in ids}
        self._secret, self._level, self._library = secret, level, library
        self._rules = rules
        self._journal = journal
        self._problems = []

    def go(self, executor, notes):
        path = _path(self._out, None, "overrides.csv")
        # Of what is read now: a decision that is written meanwhile belongs to the next run.
        decided = _digest(path.read_bytes()) if path else ""
        decisions, waiting = overrides.by_student(
            _decisions(path, self._rules), self._students, self._journal.students()
        )
        waiting += self._without_effect(decisions)
        problems = [("", text.line(note)) for note in (*notes, *waiting)]
        problems += [(s.student, said) for s in self._students for said in s.sentences(self._ids)]
        self._number = self._journal.begin(self._level, problems)
        counted, results = self._results(executor)
        rows, shown = [], []
        for submission, given in zip(counted, results, strict=True):
            rows += self._rows(submission, given, decisions)
            shown += [
                (submission.student, r.exercise, self._key(submission, r.exercise)) for r in given
            ]
        self._write_grades(rows)
        self._journal.wrote(self._number, "overrides.csv", decided)
        for submission, given in zip(counted, results, strict=True):
            self._problems += [(submission.student, said) for said in own.notes(submission, given)]
            self._write_feedback(submission, given, rows)
        numbers = [
            (s.student, r.exercise, r.own)
            for s, given in zip(counted, results, strict=True)
            for r in given
        ]
        alike = [(*pair, 1.0) for pair in own.pairs(numbers)] + self._similar(counted)
        self._journal.finish(self._number, shown, alike, self._problems)
        return rows, problems + self._problems

    def _without_effect(self, decisions):
        """Sentences on decisions that meet no row."""
        here = {*self._ids, "late", *(row.name for row in self._rules.manual)}
        said = [
            f"{student}: a decision on {exercise} waits, because that is not graded in this run"
            for student, exercise in decisions
            if exercise not in here
        ]
        if not self._rules.late.per_day:
            said += [
                f"{student}: a decision on late has no effect, because no rule makes lateness cost"
                for student, exercise in decisions
                if exercise == "late"
            ]
        return said

    def _results(self, executor):
        """The attempt that counts, of every student, and its results in the order of the ids."""
        best = self._rules.attempts == "best"
        attempts = [[*(s.earlier if best else ()), s] for s in self._students]
        every = [attempt for of_one in attempts for attempt in of_one]
        known = {id(attempt): self._known(attempt) for attempt in every}
        tasks, whose = [], {}
        for attempt in every:
            answers = self._unknown(attempt, known[id(attempt)])
            if answers:
                task = workers.Task(
                    attempt.student, answers, self._secret, self._level, self._library
                )
                tasks.append(task)
                whose[id(task)] = attempt
        for task, fresh in tqdm(executor(tasks), "grading", len(tasks), disable=None):
            attempt = whose[id(task)]
            fresh = [_clean(result) for result in fresh]
            self._remember(attempt, fresh)
            known[id(attempt)] |= {result.exercise: result for result in fresh}
        counted, results = [], []
        for of_one in attempts:
            graded = [[known[id(attempt)][e] for e in self._ids] for attempt in of_one]
            chosen = max(range(len(of_one)), key=lambda i: (*_worth(graded[i]), i))
            if chosen < len(of_one) - 1:
                self._problems.append(
                    (
                        of_one[0].student,
                        f"attempt {chosen + 1} of {len(of_one)} counts: it is the best",
                    )
                )
            counted.append(of_one[chosen])
            results.append(graded[chosen])
        return counted, results

    def _known(self, submission):
        """Results that need no room: those in the journal, and where there is nothing to run."""
        known, fresh = {}, []
        for exercise in self._ids:
            earlier = self._journal.result(self._key(submission, exercise))
            if exercise in submission.ambiguous:
                reason = submission.ambiguous[exercise]
                fresh.append(grading.infrastructure(self._exercises[exercise], reason))
            elif earlier:
                known[exercise] = earlier
            elif exercise not in submission.found:
                reason = "was not found in what was handed in"
                fresh.append(grading.missing(self._exercises[exercise], reason))
        self._remember(submission, fresh)
        return known | {result.exercise: result for result in fresh}

    def _unknown(self, submission, known):
        return tuple(
            (exercise, submission.found[exercise])
            for exercise in self._ids
            if exercise not in known
        )

    def _remember(self, submission, results):
        """Append to the journal; what it cannot take costs nobody else their grades."""
        keyed = [(self._key(submission, result.exercise), result) for result in results]
        try:
            self._journal.add(self._number, submission.student, keyed)
        except sqlite3.Error as error:
            said = (
                f"the journal could not keep the results ({error}); they are graded again next time"
            )
            self._problems.append((submission.student, said))

    def _key(self, submission, exercise):
        """Names one grading: the same student, code, exercise, seed and level, the same result."""
        found = submission.found.get(exercise)
        answer = [found.cells, found.places] if found else None
        parts = [submission.student, exercise, answer, self._level, self._library]
        parts.append(definition.digest(self._exercises[exercise]))
        return hmac.digest(self._secret, json.dumps(parts).encode(), "sha256").hex()

    def _rows(self, submission, results, decisions):
        late = self._rules.late
        days = late.days(submission.when)
        if late.due and submission.late and not submission.when:
            days = 1
            self._problems.append(
                (submission.student, "is late by an unknown time: counted as 1 day late")
            )
        own = (submission.student, results, self._level, self._rules, decisions, days)
        return grades.rows(*own)

    def _write_grades(self, rows):
        """Write the grades; what somebody changed in them since the last run is kept beside."""
        path = self._out / "grades.csv"
        before = path.read_bytes() if path.exists() else b""
        written = self._journal.digests("grades.csv")
        grades.write(path, rows)
        if before and written and path.read_bytes() != before and _digest(before) not in written:
            copy = self._out / f"grades.by-hand.{self._number}.csv"
            copy.write_bytes(before)
            said = f"grades.csv was changed by hand: that is kept as {copy.name}; decisions belong "
            self._problems.append(("", f"{said}into overrides.csv"))
        self._journal.wrote(self._number, "grades.csv", _digest(path.read_bytes()))

    def _write_feedback(self, submission, results, rows):
        own = [row for row in rows if row.student == submission.student]
        said = submission.sentences(self._ids)
        said += [said for student, said in self._problems if student == submission.student]
        try:
            titles = {row.name: row.title for row in self._rules.manual} | {
                "late": "Handed in late"
            }
            page = feedback.student_page(submission, results, own, said, titles)
            with written_whole(self._out / "feedback" / f"{submission.student}.html") as temporary:
                temporary.write_text(page, encoding="utf-8")
        except OSError as error:
            reason = error.strerror or errno.errorcode.get(error.errno, "")
            self._problems.append((submission.student, f"the feedback was not written: {reason}"))

    def _similar(self, counted):
        answers = {
            s.student: {e: s.found[e].answer for e in self._ids if e in s.found} for s in counted
        }
        known = similar.public_sources(list(self._exercises.values()))
        return [
            (pair.first, pair.second, ", ".join(pair.exercises), pair.share)
            for pair in similar.pairs(answers, known)
        ]


def _clean(result):
    """A result whose texts a file, a database and a terminal can take."""
    return replace(
        result,
        message=text.line(result.message),
        misconception=text.line(result.misconception),
        notes=tuple(map(text.line, result.notes)),
    )


def _worth(results):
    """Whether a person must decide, then the points: what waits is never passed over."""
    points = [result.points for result in results]
    return None in points, sum(p for p in points if p is not None)


def _digest(data):
    return hashlib.sha256(data).hexdigest()
