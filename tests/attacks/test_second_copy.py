"""The package installed from a checkout that lies below Python's prefix, as containers have it."""

import csv
import json
import shutil
import subprocess
import sysconfig
import venv

import pytest

from book_ext.editions import ROOT
from course_lib.exercises import catalog

from ..grader_class import level_or_skip

pytestmark = pytest.mark.slow

# Walks everything that may hold a copy, and takes the reference from there.
_STEAL = """
def _steal(name):
    import os, sys
    tops = ["/usr", "/opt", "/srv", "/home", "/root", "/work", "/tmp", sys.prefix, sys.base_prefix]
    for top in [*tops, *sys.path, os.getcwd()]:
        for folder, _, names in os.walk(top):
            if "exercises" in folder and "metrics.py" in names:
                text = open(os.path.join(folder, "metrics.py")).read()
                space = {{}}
                for line in ("from ._exercise", "from ._"):
                    text = text.replace(line, "pass #")
                exec(text.split("EXERCISES =")[0], space)
                return space["_" + name]
    raise LookupError("no answers here")

{name} = _steal("{name}")
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The Python of an environment with the package, and a checkout below its prefix."""
    prefix = tmp_path_factory.mktemp("prefix")
    for folder in (prefix, *prefix.parents[:2]):
        folder.chmod(0o755)
    venv.create(prefix, with_pip=False)
    (packages,) = prefix.glob("lib/python3*/site-packages")
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    checkout = prefix / "src" / "app"
    for place in (packages, checkout):
        for package in ("course_lib", "course_grader"):
            shutil.copytree(ROOT / package, place / package)
    (checkout / "pyproject.toml").write_text("")
    return prefix / "bin" / "python"


@pytest.mark.parametrize("level", ["sealed", "locked"])
def test_a_checkout_below_the_prefix_gives_nothing_away(installed, level, tmp_path):
    level_or_skip(level)
    names = [exercise.partition(".")[2] for exercise in catalog() if exercise[:8] == "metrics."]
    cells = [
        {
            "cell_type": "code",
            "metadata": {"exercise": f"metrics.{name}"},
            "source": _STEAL.format(name=name),
        }
        for name in names
    ]
    (tmp_path / "class").mkdir()
    document = {"cells": cells, "metadata": {}, "nbformat": 4}
    (tmp_path / "class" / "mallory.ipynb").write_text(json.dumps(document))
    out = tmp_path / "out"
    command = [installed, "-P", "-m", "course_grader", "run", tmp_path / "class", "--out", out]
    done = subprocess.run(
        [*command, "--level", level, "--workers", "1"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with (out / "grades.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["exercise"] for row in rows} == {f"metrics.{name}" for name in names}
    assert {(row["points"], row["outcome"]) for row in rows} == {("0", "raised")}
