"""Read what a class handed in: a folder, a zip, or the download of Moodle or Canvas.

Nothing is unpacked to disk, so a path inside a zip can lead nowhere.
"""

import hashlib
import os
import re
import unicodedata
import zipfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from . import notebook

_MAX_FILES = 20_000
_MOODLE = re.compile(r"(?P<who>.+_\d+)_assignsubmission_file(_.*)?")
# lastfirst_LATE_userid_submissionid_filename
_CANVAS = re.compile(r"(?P<who>[^_]+)(_LATE)?_(?P<id>\d+)_\d+_.+")


@dataclass
class Submission:
    """What one student handed in.

    Attributes
    ----------
    student : str
    found : dict
        From exercise id to `notebook.Found`.
    ambiguous : set of str
        Ids of exercises that two different files answer: a person must choose.
    problems : list of str
        What a person should know, one sentence each.
    """

    student: str
    found: dict = field(default_factory=dict)
    ambiguous: set = field(default_factory=set)
    problems: list = field(default_factory=list)


def read(source, exercise_ids):
    """Read all submissions.

    Parameters
    ----------
    source : path
        A folder or a zip file.
    exercise_ids : sequence of str

    Returns
    -------
    list of Submission
        In the order of the students' names.

    Raises
    ------
    ValueError
        If `source` is neither a folder nor a readable zip, or holds no submission.
    """
    source = Path(source)
    if source.is_dir():
        files = _folder_files(source)
        return _gather(files, exercise_ids, source)
    try:
        with zipfile.ZipFile(source) as archive:
            return _gather(_zip_files(archive), exercise_ids, source)
    except FileNotFoundError:
        raise ValueError(f"There is no {source}.") from None
    except (zipfile.BadZipFile, OSError) as error:
        raise ValueError(f"{source} is neither a folder nor a zip that can be read.") from error


def _folder_files(folder):
    """Pairs of a path inside the folder and a function that reads at most so many bytes."""
    files = []
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            inside = PurePosixPath(path.relative_to(folder).as_posix())
            files.append((inside, _reader(path)))
    return files


def _reader(path):
    def read():
        if path.is_symlink() or not path.is_file():
            raise ValueError("is a link or no regular file")
        with path.open("rb") as file:
            return file.read(notebook.MAX_BYTES + 1)

    return read


def _zip_files(archive):
    return [
        (PurePosixPath(info.filename.replace("\\", "/")), _member_reader(archive, info))
        for info in archive.infolist()
        if not info.is_dir()
    ]


def _member_reader(archive, info):
    def read():
        try:
            with archive.open(info) as member:
                return member.read(notebook.MAX_BYTES + 1)
        except Exception as error:
            # Encrypted, damaged, or of a compression that this Python lacks.
            raise ValueError(f"cannot be read from the zip ({type(error).__name__})") from error

    return read


def _gather(files, exercise_ids, source):
    if len(files) > _MAX_FILES:
        raise ValueError(f"{source} holds {len(files)} files, more than {_MAX_FILES}.")
    hidden = ("__MACOSX", ".")
    files = [
        (path, read)
        for path, read in files
        if _inner(path) and not any(part.startswith(hidden) for part in _inner(path))
    ]
    files.sort(key=lambda pair: str(pair[0]))
    chapters = {exercise.partition(".")[0] for exercise in exercise_ids}
    depth = _common_folder([path for path, _ in files], chapters)
    submissions, seen = {}, {}
    for path, read_bytes in files:
        student = _student(path, depth)
        if student is None:
            continue
        key = unicodedata.normalize("NFC", student).casefold()
        submission = submissions.setdefault(key, Submission(student))
        _add(submission, seen.setdefault(key, set()), path, read_bytes, exercise_ids)
    if not submissions:
        raise ValueError(f"{source} holds no notebook.")
    return sorted(submissions.values(), key=lambda submission: submission.student)


def _inner(path):
    """The parts of a path without those that lead out of its folder."""
    return [part for part in path.parts if part not in ("..", "/", ".")]


def _common_folder(paths, chapters):
    """1 if all students lie in one common folder (as zips often have it), otherwise 0."""
    notebooks = [path for path in paths if path.suffix == ".ipynb"]
    tops = {_inner(path)[0] for path in notebooks}
    if len(tops) != 1 or any(len(_inner(path)) == 1 for path in notebooks):
        return 0
    # One folder holding metrics.ipynb is one student's; holding ann.ipynb, it is a class.
    return int(not any(len(_inner(p)) == 2 and p.stem in chapters for p in notebooks))


def _student(path, depth):
    """Whose file this is, or None if it is nobody's."""
    parts = _inner(path)[depth:]
    if not parts:
        return None
    first = parts[0]
    canvas = _CANVAS.fullmatch(first)
    if len(parts) == 1 and path.suffix != ".ipynb" and not canvas:
        return None
    moodle = _MOODLE.fullmatch(first)
    if moodle:
        name = moodle["who"]
    elif canvas:
        name = f"{canvas['who']}_{canvas['id']}"
    else:
        name = first.removesuffix(".ipynb") if len(parts) == 1 else first
    # Names become file names and cells of tables: one line, no characters that do not print.
    name = name.encode("utf-8", "replace").decode()
    name = "".join(c if c.isprintable() else "?" for c in name).strip(". ")
    return name.encode()[:200].decode(errors="ignore") or None


def _add(submission, seen, path, read_bytes, exercise_ids):
    """Read one file into a submission; whatever is wrong becomes one of its problems."""
    if path.is_absolute() or ".." in path.parts:
        submission.problems.append(f"{path}: its path leads out of the folder; it was not read")
        return
    if path.suffix != ".ipynb":
        submission.problems.append(f"{path.name}: is not a notebook; it was not read")
        return
    try:
        data = read_bytes()
        digest = hashlib.sha256(data).digest()
        if digest in seen:
            return
        seen.add(digest)
        cells = notebook.read(data, exercise_ids)
    except (ValueError, OSError) as error:
        submission.problems.append(f"{path.name}: {error}")
        return
    notes = {}
    for exercise in exercise_ids:
        found = notebook.find(cells, exercise)
        if found is None:
            continue
        earlier = submission.found.setdefault(exercise, found)
        if earlier.cells != found.cells:
            submission.ambiguous.add(exercise)
            submission.problems.append(
                f"{exercise}: {path.name} and another file answer it differently; "
                "hand in one, or let a person choose"
            )
        for note in found.notes:
            notes.setdefault(note, []).append(exercise)
    submission.problems += [f"{', '.join(ids)}: {note}" for note, ids in notes.items()]
