"""What `check` calls correct earns the points, however the notebook looks around it."""

import functools
import json
import subprocess
import sys
import types

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from course_grader import notebook, workers
from course_grader.room import policy
from course_grader.room.launcher import Room
from course_lib.exercises import catalog, check

from . import grader_honest
from .grader_class import level_or_skip
from .grader_honest import HONEST, MARK, UNCHECKED

IDS = list(catalog())
SECRET = b"a secret for honest students"


@functools.cache
def grade(name, library=True, level="sealed"):
    """The result of an entry's notebook."""
    entry = (HONEST | UNCHECKED)[name]
    found = notebook.find(notebook.read(grader_honest.notebook(entry), IDS), MARK)
    task = workers.Task("ann", ((MARK, found),), SECRET, level_or_skip(level), library)
    (result,) = workers.grade_task(task)
    return result


@pytest.fixture(scope="module", autouse=True)
def rooms():
    yield
    for kind in list(workers._rooms.__dict__):
        workers._close_room(kind)


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """IPython, as a notebook runs it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setattr("builtins.input", lambda *_: "")
    monkeypatch.setenv("MPLBACKEND", "Agg")
    config = Config()
    config.HistoryManager.enabled = False
    made = InteractiveShell.instance(config=config)
    monkeypatch.setattr(made, "enable_gui", lambda *_, **__: None, raising=False)
    yield made
    made.restore_sys_module_state()
    InteractiveShell.clear_instance()


@pytest.mark.slow
@pytest.mark.parametrize("name", HONEST)
def test_check_calls_it_correct(name, shell, monkeypatch, capsys):
    said = []
    monkeypatch.setattr(
        "course_lib.exercises.check", lambda *arguments: said.append(check(*arguments))
    )
    for _, source in grader_honest.cells(HONEST[name]):
        shell.run_cell(source, store_history=False)
    assert "correct" in [result.status for result in said]


@pytest.mark.parametrize("name", [*HONEST, *UNCHECKED])
@pytest.mark.slow
def test_it_earns_the_point(name):
    result = grade(name)
    assert (result.points, result.outcome) == (1, "correct"), result


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["check_in_its_cell", "set_by_a_function", "file_inside", "written_to_a_file"]
)
def test_it_earns_the_point_where_no_folder_can_be_made(name):
    result = grade(name, level="locked")
    assert (result.points, result.outcome) == (1, "correct"), result


FILES = """
import os

def f(path):
    os.makedirs("a/b")
    with open("a/b/c.txt", "w", newline="\\n") as file:
        file.write("one\\n")
    with open("./a/b/c.txt", "a") as file:
        file.write("two")
    with open("a/b/c.txt", "r+b") as file:
        file.write(b"O")
    said = [open("a/b/c.txt").read()]
    for act in (
        lambda: open("a/b/c.txt", "x"),
        lambda: open("d.txt"),
        lambda: open("../stray", "w"),
        lambda: open(path, "w"),
        lambda: os.mkdir(path),
    ):
        try:
            act()
        except OSError as error:
            said.append(type(error).__name__)
    return said
"""


def test_files_in_memory_behave_as_files_and_exist_nowhere_else(tmp_path):
    tmp_path.chmod(0o777)
    with Room(level_or_skip("locked")) as room:
        (said,) = room.ask([FILES], "f", [(str(tmp_path / "stray"),)]).outputs
        (later,) = room.ask(["def f():\n    return open('a/b/c.txt').read()"], "f", [()]).outputs
    assert said[:3] == ["One\ntwo", "FileExistsError", "FileNotFoundError"]
    assert len(said) == 6
    assert not list(tmp_path.iterdir())
    assert later.type == "FileNotFoundError"


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("name_error", "NameError in line 4 of its cell, `answer = ppv"),
        ("shell_line", "commands"),
        ("set_by_globals", "whole notebook"),
        ("syntax_error_below", "syntax error"),
        ("number_in_its_cell", "something else below"),
        ("all_in_the_last_cell", "another cell"),
        ("seaborn", "only draws"),
    ],
)
def test_what_was_needed_is_said(name, note):
    assert any(note in said for said in grade(name).notes)


def test_nothing_is_said_where_nothing_was_needed():
    for name in ("trial_call", "partial", "library", "thread_inside", "display_inside"):
        assert grade(name).notes == ()


@pytest.mark.slow
def test_an_instructor_may_keep_the_library_out():
    result = grade("library", library=False)
    assert (result.points, result.outcome) == (0, "raised")
    assert result.needs_person
    for name in ("check_in_its_cell", "partial"):
        assert grade(name, library=False).points == 1


@pytest.mark.parametrize(
    ("cells", "outcome", "person"),
    [
        ([(MARK, grader_honest.STUB)], "missing", False),
        ([(MARK, "def ppv(y_true, y_pred):\n    return unknown")], "raised", True),
        ([(MARK, "def ppv(y_true, y_pred)\n    return 1")], "raised", True),
        ([(MARK, "ppv = 3")], "missing", True),
        ([(MARK, "def ppv(y_true, y_pred):\n    return 0.5")], "wrong", False),
    ],
)
@pytest.mark.slow
def test_what_was_handed_in_and_cannot_be_run_waits_for_a_person(cells, outcome, person):
    found = notebook.find(notebook.read(grader_honest.notebook(cells), IDS), MARK)
    task = workers.Task("ann", ((MARK, found),), SECRET, level_or_skip())
    (result,) = workers.grade_task(task)
    assert (result.points, result.outcome, result.needs_person) == (0, outcome, person)


_IMPORTS = """
import ast, json, sys
sys.path.insert(0, sys.argv[1])
import wire, world
loaded, found = set(), {}
for name in ("course_lib.readiness", "course_lib.figures", "course_lib.metrics"):
    said = world.packages(ast.parse(f"def f():\\n    import {name}"), sys.argv[2])
    __import__(name)
    now = {module.partition(".")[0] for module in sys.modules}
    found[name] = [sorted(names & set(wire.HEAVY)) for names in (said, now - loaded)]
    loaded |= now
print(json.dumps(found))
"""


@pytest.mark.slow
def test_what_a_module_of_the_library_imports_is_known_without_importing_it():
    command = [sys.executable, "-c", _IMPORTS, policy.ROOM, policy.library()]
    found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    for said, came in found.values():
        assert said == came
    assert [said for said, _ in found.values()] == [[], ["matplotlib"], ["scipy"]]


@pytest.mark.slow
def test_few_rooms_serve_notebooks_of_many_imports(monkeypatch):
    rooms = types.SimpleNamespace()
    monkeypatch.setattr(workers, "_rooms", rooms)

    def asked(*modules, library=True):
        kind = workers._kind("sealed", library, {"numpy", *modules})
        rooms.__dict__[kind] = None
        return kind[2] - {"numpy"}

    assert asked() == set()
    assert asked("pandas") == {"pandas"}
    assert asked("scipy") == {"pandas", "scipy"}
    assert asked("pandas", "scipy") == asked("scipy") == {"pandas", "scipy"}
    assert asked("pandas") == {"pandas"}
    assert asked() == set()
    # Not with torch where it was not asked for, and not with the library where it is forbidden
    assert asked("torch") == {"torch"}
    assert asked("scipy", "torch") == {"scipy", "torch"}
    assert asked("scipy", library=False) == {"scipy"}
