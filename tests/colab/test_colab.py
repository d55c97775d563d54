"""A machine like Colab's is what it says; its notebooks are run by `tests.notebooks.plugin`."""

import nbformat
import pytest
from nbclient import NotebookClient
from packaging.utils import canonicalize_name
from packaging.version import Version

from book_ext import editions
from tests.colab.machine import REQUIREMENTS, Machine, run, wheel

pytestmark = [pytest.mark.colab, pytest.mark.xdist_group("colab")]


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def _executed(machine, *sources):
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells)
    folder = {"metadata": {"path": str(machine.work)}}
    with machine.environment():
        NotebookClient(notebook, kernel_name="colab", timeout=300, resources=folder).execute()
    return notebook.cells


def _setup_cell():
    path = editions.chapter_files()[0].with_suffix(".ipynb")
    return nbformat.read(path, as_version=4).cells[0].source


def test_it_has_the_listed_versions_and_not_the_project(machine):
    listed = dict(
        line.split("==") for line in REQUIREMENTS.read_text().splitlines() if "==" in line
    )
    found = {canonicalize_name(n): Version(v).public for n, v in machine.versions().items()}
    assert {canonicalize_name(name): v for name, v in listed.items()}.items() <= found.items()
    assert "course-lib" not in found


def test_each_machine_is_new(machine, tmp_path):
    """What a notebook installs is absent from the next machine; what it replaces is noticed."""
    before = machine.versions()
    pip = (machine.python, "-m", "pip", "install", "--quiet", "--no-deps")
    run(*pip, str(wheel()), "tqdm==4.66.5")
    after = machine.versions()
    assert after.keys() - before.keys() == {"course-lib"}
    assert (before["tqdm"], after["tqdm"]) == ("4.67.3", "4.66.5")
    (tmp_path / "next").mkdir()
    assert Machine(tmp_path / "next").versions() == before


def test_a_library_that_cannot_be_had_is_said_in_one_sentence(machine):
    _, cell = _executed(
        machine,
        "import os\nos.environ['COURSE_LIB'] = 'git+file:///no/such/repository@main'",
        _setup_cell(),
    )
    said = "".join(output.get("text", "") for output in cell.outputs)
    assert said.count("The course library could not be installed from git+file:///no/such") == 1
    assert all(output.output_type == "stream" for output in cell.outputs)


def test_widgets_outlive_the_kernel_in_colab(machine):
    """ipywidgets 7.7.1 would show the view of a model; with the kernel that is gone."""
    code = "from course_lib.widgets import PrevalenceExplorer\nPrevalenceExplorer()"
    _, cell = _executed(machine, _setup_cell(), code)
    kinds = {kind for output in cell.outputs for kind in output.get("data", {})}
    assert kinds == {"text/plain", "text/html"}
