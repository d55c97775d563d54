"""The student editions in an environment with stock Colab's versions, thrown away afterwards."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from book_ext import editions

pytestmark = [pytest.mark.colab, pytest.mark.xdist_group("colab")]
STUDENT_EDITIONS = [path.with_suffix(".ipynb") for path in editions.chapter_files()]
_VERSIONS = (
    "import importlib.metadata as m, json;"
    "print(json.dumps({d.name.lower(): d.version for d in m.distributions()}))"
)


def _run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The project as a wheel, as a release would offer it."""
    folder = tmp_path_factory.mktemp("wheel")
    # From a copy: setuptools would take what an earlier build left in the tree into the wheel.
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(editions.ROOT / name, source)
    for module in editions.ROOT.glob("course_*/__init__.py"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(module.parent, source / module.parent.name, ignore=ignored)
    _run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(source))
    (built,) = folder.glob("course_lib-*.whl")
    return built


@pytest.fixture(scope="session")
def colab(tmp_path_factory, wheel):
    """Python of an environment that has Colab's packages and not the project."""
    folder = tmp_path_factory.mktemp("colab")
    _run(sys.executable, "-m", "venv", str(folder))
    python = str(folder / "bin" / "python")
    requirements = str(Path(__file__).with_name("requirements.txt"))
    _run(python, "-m", "pip", "install", "--quiet", "--requirement", requirements)
    kernel = folder / "share" / "jupyter" / "kernels" / "colab"
    kernel.mkdir(parents=True)
    argv = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "Colab", "language": "python"})
    )
    os.environ["JUPYTER_PATH"] = str(folder / "share" / "jupyter")
    os.environ["COURSE_LIB"] = str(wheel)
    yield python
    del os.environ["JUPYTER_PATH"], os.environ["COURSE_LIB"]


def _versions(python):
    return json.loads(_run(python, "-P", "-c", _VERSIONS))


@pytest.fixture
def versions_before(colab):
    """Every notebook meets a new machine: what it installs is removed again."""
    before = _versions(colab)
    assert "course-lib" not in before
    yield before
    if added := _versions(colab).keys() - before.keys():
        _run(colab, "-m", "pip", "uninstall", "--quiet", "--yes", *added)


@pytest.mark.parametrize("path", STUDENT_EDITIONS, ids=lambda path: path.stem)
def test_runs_to_the_end_and_changes_no_package(path, colab, versions_before, tmp_path):
    notebook = nbformat.read(path, as_version=4)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    client = NotebookClient(
        notebook, kernel_name="colab", timeout=900, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute(env=environment)
    after = _versions(colab)
    assert after.items() >= versions_before.items()
    assert "course-lib" in after


def test_widgets_are_live_in_colab(colab, versions_before, tmp_path):
    """ipywidgets 7.7.1 shows the widget view; the HTML form is for the page."""
    code = "from course_lib.widgets import PrevalenceExplorer\nPrevalenceExplorer()"
    setup = nbformat.read(STUDENT_EDITIONS[0], as_version=4).cells[0].source
    cells = [nbformat.v4.new_code_cell(source) for source in (setup, code)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(
        notebook, kernel_name="colab", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    kinds = {kind for output in notebook.cells[1].outputs for kind in output.get("data", {})}
    assert "application/vnd.jupyter.widget-view+json" in kinds
