"""The machine's checklist: green here, and each line red for its own reason."""

import builtins
import importlib.metadata
import subprocess
import sys
from collections import namedtuple
from xml.etree import ElementTree

import psutil
import pytest

from course_lib import readiness
from course_lib.readiness import Line, Readiness, check_machine


@pytest.fixture
def line():
    """``line(name)``: the line of that name, looked at again."""
    return lambda name: next(line for line in check_machine().lines if line.name == name)


@pytest.fixture
def without(monkeypatch):
    """``without("torch")`` makes an import fail as if the package were not there."""

    def hide(package):
        real = builtins.__import__

        def fake(name, *arguments, **keywords):
            if name.partition(".")[0] == package:
                raise ModuleNotFoundError(f"No module named {package!r}")
            return real(name, *arguments, **keywords)

        monkeypatch.setattr(builtins, "__import__", fake)

    return hide


def test_names_in_order_and_advice_everywhere():
    lines = check_machine().lines
    names = ["Python", "packages", "PyTorch", "device", "memory", "disk", "saving"]
    assert [line.name for line in lines] == names
    for line in lines:
        assert line.needed
        assert line.found
        assert line.advice


def test_this_machine_computes():
    found = {line.name: line for line in check_machine().lines}
    for name in ("Python", "packages", "PyTorch", "device", "saving"):
        assert found[name].ok, found[name]
    assert importlib.metadata.version("torch").split("+")[0] in found["PyTorch"].found


def test_old_python(line, monkeypatch):
    monkeypatch.setattr(readiness, "_PYTHON", (99, 1))
    assert line("Python").ok is False
    assert "Install Python 99.1 or newer" in line("Python").advice


def test_missing_and_old_packages(line, monkeypatch):
    wanted = ["numpy>=1", "nothing-of-that-name>=2", "scipy>=999", 'nbval>=999; extra == "test"']
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: wanted)
    packages = line("packages")
    assert packages.ok is False
    assert packages.found == "missing or too old: nothing-of-that-name>=2, scipy>=999"


def test_library_that_was_not_installed(line, monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", missing)
    assert line("packages").found == "course-lib is not installed"
    assert line("packages").ok is False


def test_without_torch(line, without):
    without("torch")
    assert line("PyTorch").ok is False
    assert "No module named 'torch'" in line("PyTorch").found
    assert line("device").ok is None
    assert check_machine().ready is False


def test_torch_that_computes_nonsense(line, monkeypatch):
    import torch

    monkeypatch.setattr(torch.Tensor, "backward", lambda self: None)
    assert line("PyTorch").ok is False


@pytest.mark.parametrize(("free", "ok"), [(3e9, True), (2e9, True), (1.9e9, False)])
def test_memory(line, monkeypatch, free, ok):
    memory = namedtuple("memory", "available")
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory(free))
    assert line("memory").ok is ok
    assert line("memory").found == f"{free / 1e9:.1f} GB free"


def test_memory_that_nobody_can_tell(line, without):
    without("psutil")
    assert line("memory").ok is None
    assert check_machine().ready, "not known is not red"


@pytest.mark.parametrize(("free", "ok"), [(5e9, True), (0.5e9, False)])
def test_disk(line, monkeypatch, free, ok):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(readiness.shutil, "disk_usage", lambda path: usage(free))
    assert line("disk").ok is ok


def test_folder_without_the_right_to_write(line, monkeypatch):
    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(readiness.tempfile, "TemporaryFile", refuse)
    assert line("saving").ok is False
    assert line("saving").found == "not allowed here: Permission denied"


def test_nothing_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_machine()
    assert list(tmp_path.iterdir()) == []


LINES = (
    Line("one", "two or more", "fine", True, "Do nothing."),
    Line("second", "whole", "<b>broken</b>", False, "Mend it & go on."),
    Line("third", "known", "who knows", None, "Find out."),
)


def test_text_form():
    assert repr(Readiness(LINES)).splitlines() == [
        "ready    one     two or more",
        "RED      second  <b>broken</b>",
        "                 -> Mend it & go on.",
        "unknown  third   who knows",
        "                 -> Find out.",
    ]


def test_html_form_is_escaped_and_closed():
    shown = Readiness(LINES)._repr_html_()
    table = ElementTree.fromstring(shown)
    assert "<b>" not in shown
    rows = [[cell.text or "" for cell in row] for row in table.find("tbody")]
    assert rows == [
        # What is ready needs no advice.
        ["ready", "one", "two or more", "fine"],
        ["RED", "second", "whole", "<b>broken</b>. Mend it & go on."],
        ["unknown", "third", "known", "who knows. Find out."],
    ]


@pytest.mark.parametrize(("lines", "ready"), [(LINES[::2], True), (LINES, False)])
def test_ready_unless_a_line_is_red(lines, ready):
    assert Readiness(lines).ready is ready


def test_the_module_does_not_import_torch():
    code = "import sys, course_lib.readiness; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
