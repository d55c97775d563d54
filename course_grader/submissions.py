"""Read what a class handed in: whose is each file, and what does it answer?"""

import ast
import datetime
import hashlib
import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from course_lib.exercises import catalog

from . import delivery, layouts, notebook, text

# More notebooks of one student are left to a person.
_MAX_NOTEBOOKS = 100
# Unread files of one student that are named each.
_NAMED = 5
_ARCHIVE = re.compile(r"\.(rar|7z|tar|gz|tgz|bz2|xz)$", re.IGNORECASE)


@dataclass
class Submission:
    """What one student handed in.

    Attributes
    ----------
    student : str
    found : dict
        From exercise id to `notebook.Found`.
    ambiguous : dict
        From the ids of exercises that a person must decide on to the reason, a clause.
    problems : list of str
        What a person should know, one sentence each.
    remarks : dict
        From what was unusual, a clause, to the ids of the exercises where it was.
    marked : set of str
        Ids of the exercises whose marks the notebooks still hold.
    named : set of str
        Ids of the exercises whose function a notebook defines.
    chapters : set of str
        Chapters in whose folders the notebooks lay.
    notebooks : int
        How many could be read.
    email : str
    when : datetime or None
        When it was handed in, where the platform says so.
    late : bool
        Whether the platform calls it late.
    person : roster.Person or None
    earlier : list of Submission
        Attempts before this one, the first one first.
    """

    student: str
    found: dict = field(default_factory=dict)
    ambiguous: dict = field(default_factory=dict)
    problems: list = field(default_factory=list)
    remarks: dict = field(default_factory=dict)
    marked: set = field(default_factory=set)
    named: set = field(default_factory=set)
    chapters: set = field(default_factory=set)
    notebooks: int = 0
    email: str = ""
    when: datetime.datetime | None = None
    late: bool = False
    person: object = None
    earlier: list = field(default_factory=list)

    def wait(self, exercise_ids, reason):
        """Leave exercises to a person."""
        self.ambiguous |= dict.fromkeys(exercise_ids, reason)

    def sentences(self, exercise_ids):
        """All that a person should know about the files and about these exercises."""
        said = list(self.problems)
        for remark, ids in self.remarks.items():
            ids = [exercise for exercise in ids if exercise in exercise_ids]
            if ids:
                said.append(f"{', '.join(ids)}: {remark}")
        return list(dict.fromkeys(map(text.line, said)))


@dataclass
class HandedIn:
    """A class's submissions.

    Attributes
    ----------
    submissions : list of Submission
        In the order of the students' names.
    layout : str
        How the delivery was read.
    notes : list of str
        Sentences on what belongs to no student.
    """

    submissions: list
    layout: str
    notes: list


def read(source, exercise_ids, roster=None, by="auto", student=None):
    """Read all submissions.

    Parameters
    ----------
    source : path
        A folder, a zip file or one notebook.
    exercise_ids : sequence of str
    roster : roster.Roster, optional
        Its students are known by name, number and address; those of whom nothing came get an
        empty submission.
    by : {"auto", "files", "folders", "chapters"}
        What the top level holds where no platform is recognized.
    student : str, optional
        All files are this student's.

    Returns
    -------
    HandedIn

    Raises
    ------
    ValueError
        If `source` cannot be read, or holds no submission.
    """
    files = delivery.files(source)
    if student is not None:
        owner = layouts.Owner(student)
        layout = layouts.Layout("one student", [(file, owner) for file in files], [])
    else:
        chapters = {exercise.partition(".")[0] for exercise in catalog()}
        knows = roster.knows if roster else lambda name: False
        reader = layouts.Reader(chapters, knows, by)
        layout = reader.read(files, _title(source))
    if not any(_could_be_read(file) for file, _ in layout.owned):
        raise ValueError(f"{source} holds no notebook.")
    submissions = [_gather(student, owned, exercise_ids) for student, owned in _students(layout)]
    notes = list(layout.notes)
    if roster:
        notes += roster.match(submissions, exercise_ids)
        submissions += [_nothing(person, name) for person, name in roster.missing(submissions)]
    submissions.sort(key=lambda submission: submission.student)
    return HandedIn(submissions, layout.kind, notes)


def _title(source):
    name = text.line(Path(source).resolve().name)
    return layouts.stem(name) or "student"


def _could_be_read(file):
    return not file.fault or layouts.is_notebook(file.name)


def _nothing(person, name):
    return Submission(name, problems=["handed in nothing"], person=person, email=person.email)


def _students(layout):
    """Pairs of a student's name and their files; no two students have one name."""
    students, names = {}, {}
    for file, owner in sorted(layout.owned, key=lambda pair: pair[0].parts):
        # Groß and Gross are two people; Ann and ann are one.
        key = unicodedata.normalize("NFC", owner.name).lower()
        name = _as_file_name(owner.name)
        if not name:
            layout.notes.append(f"{_path(file)}: names no student; it was not read")
            continue
        if key not in names:
            names[key] = _distinct(name, {name.casefold() for name in names.values()})
        students.setdefault(key, []).append((file, owner))
    return [(names[key], owned) for key, owned in students.items()]


def _as_file_name(name):
    return name.replace("/", "-").strip(". ").encode()[:200].decode(errors="ignore").strip()


def _distinct(name, taken):
    """The name, or one with a number that nobody else has."""
    number, distinct = 2, name
    while distinct.casefold() in taken:
        distinct = f"{name} [{number}]"
        number += 1
    return distinct


def _gather(student, owned, exercise_ids):
    """The submission of one student; what is wrong with it is one of its problems."""
    attempts = {}
    for file, owner in owned:
        attempts.setdefault(owner.part, {}).setdefault(owner.when, []).append((file, owner))
    # Of each part the last attempt counts, with as many before it as there were.
    rounds = max(len(times) for times in attempts.values())
    submissions, budget = [], notebook.Budget()
    for back in range(rounds):
        chosen = [pair for times in attempts.values() for pair in _from_the_end(times, back)]
        submissions.append(_one_attempt(student, chosen, exercise_ids, budget))
    *submissions, last = submissions[::-1]
    last.earlier = submissions
    if submissions:
        when = f", of {last.when:%Y-%m-%d %H:%M}," if last.when else ""
        last.problems.append(f"handed in {rounds} attempts; the last one{when} counts")
    return last


def _from_the_end(times, back):
    ordered = sorted(times, key=lambda when: (when is not None, when and when.timestamp()))
    return times[ordered[max(len(ordered) - 1 - back, 0)]]


def _one_attempt(student, owned, exercise_ids, budget):
    submission = Submission(student)
    times = [owner.when for _, owner in owned if owner.when]
    submission.when = max(times, default=None)
    submission.late = any(owner.late for _, owner in owned)
    submission.email = next((owner.email for _, owner in owned if owner.email), "")
    readable, unread = [], []
    for file, owner in owned:
        fault = file.fault or _no_notebook(file)
        if fault:
            unread.append(f"{_path(file)}: {fault}; it was not read")
        else:
            readable.append((file, owner))
    if len(readable) > _MAX_NOTEBOOKS:
        submission.problems.append(
            f"handed in {len(readable)} notebooks, more than {_MAX_NOTEBOOKS}: none was read; hand "
            "in the chapters' notebooks alone"
        )
        submission.wait(exercise_ids, f"more than {_MAX_NOTEBOOKS} notebooks were handed in")
        readable = []
    seen, where, aside = set(), {}, []
    for file, owner in readable:
        if budget.spent:
            said = "was not read, nor what follows it: all together is more than is read of anybody"
            submission.problems.append(f"{_path(file)}: {said}")
            submission.wait(exercise_ids, "not all that was handed in was read")
            break
        aside += _add(submission, seen, where, file, owner, exercise_ids, budget)
    for exercise, found, name in aside:
        if exercise not in submission.found:
            _take(submission, where, exercise, found, name)
    submission.problems += unread[:_NAMED]
    if len(unread) > _NAMED:
        submission.problems.append(f"{len(unread) - _NAMED} more files were not read")
    if unread and not submission.notebooks and not submission.problems[0].startswith("handed in"):
        submission.problems.append(
            "no notebook could be read: hand in the notebook (.ipynb) itself"
        )
    return submission


def _path(file):
    """The file's path without the folders that all of a class share."""
    return "/".join(file.parts[-2:]) if len(file.parts) > 2 else file.name


def _no_notebook(file):
    """Why the file is not read, or an empty text if it may be a notebook."""
    if layouts.is_notebook(file.name) or layouts.looks_like_notebook(file):
        return ""
    if re.search(r"(onlinetext|_text)\b", "/".join(file.parts), re.IGNORECASE):
        return "is text typed into the platform and no notebook"
    if re.search(r"_attempt_[\d-]+\.txt$", file.name):
        return "is the platform's receipt"
    if _ARCHIVE.search(file.name):
        return "is an archive and no notebook; hand in the notebook itself"
    return "is not a notebook"


def _add(submission, seen, where, file, owner, exercise_ids, budget):
    """Read one notebook into a submission; whatever is wrong becomes one of its problems.

    Returns
    -------
    list of tuple
        Exercise, `notebook.Found` and file of what only has the name of an exercise, in a notebook
        of another chapter: chapters import or define functions of the same names.
    """
    name = _path(file)
    if owner.chapter:
        submission.chapters.add(owner.chapter)
    try:
        data = file.read()
        budget.take(data)
        digest = hashlib.sha256(data).digest()
        if digest in seen:
            return []
        seen.add(digest)
        cells = notebook.read(data, exercise_ids)
        budget.take_cells(cells)
        answers = {exercise: notebook.find(cells, exercise) for exercise in exercise_ids}
    except (ValueError, OSError) as error:
        submission.problems.append(f"{name}: {text.line(error)}")
        return []
    except (RecursionError, MemoryError) as error:
        submission.problems.append(f"{name}: is too deep to be read ({type(error).__name__})")
        return []
    submission.notebooks += 1
    if not file.name.lower().endswith(".ipynb"):
        submission.problems.append(f"{name}: was read as a notebook, in spite of its name's end")
    marked = {mark for cell in cells for mark in cell.marks if mark in answers}
    chapters = {mark.partition(".")[0] for mark in marked}
    submission.marked |= marked
    submission.named |= _functions(cells, exercise_ids)
    aside = []
    for exercise, found in answers.items():
        if found is None:
            continue
        if found.is_sure or not chapters or exercise.partition(".")[0] in chapters:
            _take(submission, where, exercise, found, name)
        else:
            aside.append((exercise, found, name))
    return aside


def _take(submission, where, exercise, found, name):
    _choose(submission, where, exercise, found, name)
    for note in found.notes:
        submission.remarks.setdefault(note, []).append(exercise)


def _choose(submission, where, exercise, found, name):
    """Take an answer; of two that differ, one that is no stub, otherwise a person's choice."""
    earlier = submission.found.get(exercise)
    if earlier is None or (earlier.answer != found.answer and is_stub(earlier.answer)):
        submission.found[exercise], where[exercise] = found, name
    elif earlier.answer != found.answer and not is_stub(found.answer):
        submission.wait([exercise], "two files answer it differently")
        remark = f"{where[exercise]} and {name} answer it differently; hand in one, or let a "
        remark += "person choose"
        submission.remarks.setdefault(remark, []).append(exercise)


def is_stub(source):
    """Whether the source is a stub that nobody filled in."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    functions = [node for node in body if isinstance(node, ast.FunctionDef)]
    last = functions[-1].body[-1] if functions else None
    value = getattr(last, "value", None)
    return isinstance(value, ast.Constant) and value.value is Ellipsis


def _functions(cells, exercise_ids):
    code = "\n".join(cell.source for cell in cells if cell.is_code)
    defined = set(re.findall(r"(?m)^(?:async +)?def +(\w+)", code))
    return {exercise for exercise in exercise_ids if exercise.partition(".")[2] in defined}
