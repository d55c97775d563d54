"""An autograder for Gradescope: a zip that sets itself up and calls course-grade.

``course-grade gradescope metrics`` writes the zip. Gradescope unpacks it to ``/autograder/source``,
runs ``setup.sh`` once, and ``run_autograder`` for each submission.
"""

import json
import secrets
import sys
import tempfile
import zipfile
from pathlib import Path

from . import choice, exports, run, text
from .doctor import explain
from .room.probe import probe

_ROOT = Path(__file__).resolve().parents[1]
_FILES = ("pyproject.toml", "constraints.txt", "README.md", "LICENSE")
_PACKAGES = ("course_lib", "course_grader")
_SETUP = """\
#!/usr/bin/env bash
# Once, while Gradescope builds the image: Python, the walls, the grader.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq bubblewrap libseccomp2
for version in 3.13 3.12 3.11; do
  if apt-get install -y -qq "python$version" "python$version-venv"; then break; fi
done
"python$version" -m venv /autograder/venv
cd /autograder/source
/autograder/venv/bin/pip install --quiet --constraint constraints.txt '.[grade]'
rm -rf build ./*.egg-info
"""
_RUN = """\
#!/usr/bin/env bash
# For each submission. AUTOGRADER names another folder than Gradescope's, for a trial.
root=${AUTOGRADER:-/autograder}
# Not in source/: the grader hides the copy of the references that it imports, and no other.
cd "$root"
exec "${AUTOGRADER_PYTHON:-$root/venv/bin/python}" -m course_grader.autograder "$root"
"""


def write(wanted, path, seed_file=None, level="locked"):
    """Write the zip.

    Parameters
    ----------
    wanted : sequence of str
        Chapters and exercise ids.
    path : path
    seed_file : path, optional
        By default a new secret; it is in the zip.
    level : {"sealed", "locked"}
        A container as Gradescope starts it has no namespaces: ``"locked"``.

    Returns
    -------
    str
        The path.

    Raises
    ------
    ValueError
        If an exercise is unknown, or this is no checkout.
    """
    if not wanted:
        raise ValueError("Name the chapters or exercises that the autograder is for.")
    choice.named(wanted)
    if not (_ROOT / "pyproject.toml").is_file():
        raise ValueError("An autograder is made from a checkout of the course, not from a package.")
    if seed_file is None:
        secret = (secrets.token_hex(32) + "\n").encode()
    else:
        secret = run.read_secret(seed_file, None) + b"\n"
    settings = json.dumps({"exercises": list(wanted), "level": level}) + "\n"
    try:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            _add(archive, "setup.sh", _SETUP.encode(), 0o755)
            _add(archive, "run_autograder", _RUN.encode(), 0o755)
            _add(archive, "autograder.json", settings.encode(), 0o644)
            _add(archive, "seed", secret, 0o600)
            for file in _sources():
                _add(archive, file.relative_to(_ROOT).as_posix(), file.read_bytes(), 0o644)
    except OSError as error:
        raise ValueError(f"{path} cannot be written: {error.strerror}.") from error
    return str(path)


def _add(archive, name, data, mode):
    info = zipfile.ZipInfo(name)
    info.external_attr = (0o100000 | mode) << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, data)


def _sources():
    yield from (_ROOT / name for name in _FILES if (_ROOT / name).is_file())
    for package in _PACKAGES:
        for file in sorted((_ROOT / package).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                yield file


def grade(root):
    """Grade the submission that lies in Gradescope's folder, and write ``results.json``.

    Parameters
    ----------
    root : path
        ``/autograder``, with ``source``, ``submission``, ``submission_metadata.json``, ``results``.

    Raises
    ------
    ValueError
        If there is no grade: then nothing is written, and Gradescope says so, instead of a zero.
    """
    root = Path(root)
    settings = json.loads((root / "source" / "autograder.json").read_text(encoding="utf-8"))
    level = settings["level"]
    finding = probe(level)
    if not finding.holds:
        raise ValueError(explain(finding))
    with tempfile.TemporaryDirectory() as out:
        rows, problems = run.run(
            root / "submission",
            out,
            settings["exercises"],
            root / "source" / "seed",
            level,
            options=run.Options(student=_student(root)),
        )
        results = exports.one_student(out)
    if results is None:
        waiting = ", ".join(row.exercise for row in rows if row.points is None)
        raise ValueError(f"A person must look at {waiting}: {'; '.join(s for _, s in problems)}")
    said = [sentence for _, sentence in problems]
    results["output"] = " ".join([*said, results["output"]]).strip()
    folder = root / "results"
    folder.mkdir(exist_ok=True)
    (folder / "results.json").write_text(
        json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def _student(root):
    """The first of the submission's students: name and number."""
    try:
        metadata = json.loads((root / "submission_metadata.json").read_text(encoding="utf-8"))
        user = metadata["users"][0]
        return text.line(f"{user['name']}_{user['id']}")
    except (OSError, ValueError, LookupError, TypeError):
        return "student"


if __name__ == "__main__":
    try:
        grade(sys.argv[1])
    except ValueError as failure:
        sys.exit(f"course-grade: {text.line(failure)}")
