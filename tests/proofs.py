"""What has passed before, and is made from the same now, need not run again: as `go test` has it.

Only for tests whose whole input is known: the project without its chapters, the packages, and the
files that a test was given. What passes is noted in any run; ``--skip-proved`` skips what was. A
proof is a file below ``_build/proofs``.
"""

import functools
import hashlib
import importlib.metadata
import json
import platform
import time

import pytest

from book_ext import editions, execute

FOLDER = editions.ROOT / "_build" / "proofs"
#: Of these a test is given files, or needs nothing.
_NOT_COMMON = ("chapters/", "benchmarks/", "examples/")
_SETTINGS = ("pyproject.toml", "constraints.txt", "_config.yml")
_STARTED = time.time()
_skipped = pytest.mark.skip(reason="passed before, made from the same")


def add_option(parser):
    parser.addoption(
        "--skip-proved",
        action="store_true",
        help="Skip tests that passed before and are made from the same, where that is known",
    )


def skip_proved(config, items, name):
    """Skip items that are proved; ``name(item)`` is what stands for an item, or None."""
    if config.getoption("--skip-proved"):
        for item in items:
            if name(item) and holds(name(item)):
                item.add_marker(_skipped)


def keep(name, files):
    """Note that what this name stands for has passed, given these files."""
    # What is saved during a run belongs to the next one.
    if all(file.is_file() and file.stat().st_mtime < _STARTED for file in files):
        names = sorted(file.relative_to(editions.ROOT).as_posix() for file in files)
        proof = {"of": name, "common": _common(), "files": {n: execute.digest(n) for n in names}}
        editions.replace_file(_place(name), json.dumps(proof))


def forget(name):
    """It has failed: whatever it passed on before, chance or a cause outside decides."""
    _place(name).unlink(missing_ok=True)


def holds(name):
    """Whether it has passed, made from what is there now."""
    if not _place(name).is_file():
        return False
    proof = json.loads(_place(name).read_text(encoding="utf-8"))
    same = all(execute.digest(file) == was for file, was in proof["files"].items())
    return same and (proof["of"], proof["common"]) == (name, _common())


def _place(name):
    return FOLDER / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.json"


@functools.cache
def _common():
    project = execute.project_files().items()
    files = {name: of for name, of in project if not name.startswith(_NOT_COMMON)}
    files |= {name: execute.digest(name) for name in _SETTINGS}
    packages = sorted(f"{d.name} {d.version}" for d in importlib.metadata.distributions())
    parts = [files, packages, platform.python_version(), platform.platform()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
