"""What passed is skipped as long as it is made from the same, and no longer."""

import functools
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tests import proofs


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project of three files and one package."""
    for name in ("course_lib/roc.py", "tests/test_roc.py", "chapters/roc.ipynb"):
        file = tmp_path / name
        file.parent.mkdir()
        file.write_text("1")
        os.utime(file, (0, 0))
    monkeypatch.setattr(proofs.editions, "ROOT", tmp_path)
    monkeypatch.setattr(proofs, "FOLDER", tmp_path / "_build" / "proofs")
    monkeypatch.setattr(proofs, "_common", proofs._common.__wrapped__)
    package = SimpleNamespace(name="numpy", version="2.0")
    monkeypatch.setattr(proofs.importlib.metadata, "distributions", lambda: [package])
    return tmp_path


def test_what_passed_holds_until_something_of_it_changes(project):
    chapter = project / "chapters" / "roc.ipynb"
    assert not proofs.holds("roc")
    proofs.keep("roc", [chapter])
    assert proofs.holds("roc")
    assert not proofs.holds("metrics")
    proofs.forget("roc")
    assert not proofs.holds("roc")
    proofs.keep("roc", [chapter])
    for file in (chapter, project / "course_lib" / "roc.py", project / "tests" / "test_roc.py"):
        file.write_text("2")
        assert not proofs.holds("roc"), file
        file.write_text("1")
        assert proofs.holds("roc"), "what is made from the same is proved, whenever it was saved"
    (project / "chapters" / "metrics.ipynb").write_text("a chapter that it was not given")
    assert proofs.holds("roc")
    (project / "course_lib" / "new.py").write_text("")
    assert not proofs.holds("roc")


def test_other_packages_prove_nothing(project, monkeypatch):
    proofs.keep("roc", [])
    assert proofs.holds("roc")
    monkeypatch.setattr(proofs.importlib.metadata, "distributions", list)
    assert not proofs.holds("roc")


def test_what_is_saved_while_it_is_tested_proves_nothing(project):
    chapter = project / "chapters" / "roc.ipynb"
    os.utime(chapter, (time.time(),) * 2)
    proofs.keep("roc", [chapter])
    assert not proofs.holds("roc")
    proofs.keep("roc", [project / "chapters" / "gone.ipynb"])
    assert not proofs.holds("roc")


def _said(*arguments):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(
        command, cwd=proofs.editions.ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode < 2, done.stdout + done.stderr
    return done.stdout.strip().splitlines()[-1].partition(" in ")[0]


@pytest.mark.slow
def test_a_notebook_that_passed_is_skipped_until_it_changes():
    nbval = functools.partial(_said, "-p", "tests.notebooks.plugin", "--nbval-here")
    # Hidden, because Sphinx looks for pages in every folder that is not.
    where = {"dir": proofs.editions.ROOT / "_build", "prefix": ".proofs-"}
    with tempfile.TemporaryDirectory(**where) as folder:
        path = Path(folder) / "some.ipynb"

        def write(text):
            cells = [
                new_code_cell(f"print({n})", execution_count=n, outputs=[_printed(said)])
                for n, said in ((1, "1\n"), (2, text))
            ]
            nbformat.write(new_notebook(cells=cells), path)
            os.utime(path, (0, 0))

        write("2\n")
        assert nbval(f"{path}::Cell 0") == "1 passed"
        assert nbval("--skip-proved", path) == "2 passed", "a part of it proves nothing"
        assert nbval("--skip-proved", path) == "2 skipped"
        write("3\n")
        for _ in range(2):
            assert nbval("--skip-proved", path) == "1 failed, 1 passed"
        assert not proofs._place(f"{path} here").exists(), "what failed last is not proved"


def _printed(text):
    return new_output("stream", text=text)


@pytest.mark.browser
@pytest.mark.slow
def test_a_page_that_passed_is_skipped():
    if not (proofs.editions.ROOT / "_build" / "html" / "index.html").is_file():
        pytest.skip("there is no built book; run `make book`.")
    one = "tests/browser/test_pages.py::test_page_fits_a_phone[chapters/credits.html]"
    assert _said(one) == "1 passed", "what is asked for by name runs"
    assert _said(one, "--skip-proved") == "1 skipped"
