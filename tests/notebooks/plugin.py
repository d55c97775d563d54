"""nbval over the student editions, on a machine like Colab's.

Every notebook meets a new machine with Colab's versions. Its setup cell installs the library
there; the other cells must give the outputs that the notebook holds, with every number within the
tolerance that its cell states (`book_ext.comparison`); no axis of a figure may lack what
`tests.notebooks.axes` asks for; and no package that was there may have changed in the end.
Editions store text alone, so text alone is compared. A widget's text form carries a hash of its
data, which is how a changed number is noticed.

``pytest -p tests.notebooks.plugin chapters`` collects every notebook; ``--nbval-here`` runs them
in this environment instead, with the library that is installed.
"""

import contextlib
import inspect
import os
import shutil
import sys
import tempfile
from pathlib import Path
from unittest import mock

import nbformat
import nbval.kernel
import pytest
from nbval.kernel import CURRENT_ENV_KERNEL_NAME, RunningKernel
from nbval.plugin import IPyNbCell, IPyNbFile

from book_ext import comparison, editions, execute
from tests import proofs
from tests.colab.machine import Machine, colab, versions
from tests.notebooks import axes
from tests.notebooks.forking import Nursery

#: What a worker keeps from its first notebook to its last, and who starts its kernels.
_KEPT, _MANAGER = pytest.StashKey(), pytest.StashKey()


def pytest_addoption(parser):
    parser.addoption(
        "--nbval-here",
        action="store_true",
        help="Run notebooks in this environment, not in one with Colab's versions",
    )
    proofs.add_option(parser)


def pytest_configure(config):
    config.stash[_KEPT] = contextlib.ExitStack()


def pytest_unconfigure(config):
    config.stash[_KEPT].close()


def _manager(config):
    """Starts kernels on machines; only Linux forks what is so large."""
    if sys.platform != "linux":
        return nbval.kernel.KernelManager
    if _MANAGER not in config.stash:
        started = Nursery(str(colab()), dict(os.environ))
        config.stash[_MANAGER] = config.stash[_KEPT].enter_context(started).manager
    return config.stash[_MANAGER]


def pytest_collect_file(file_path, parent):
    if file_path.suffix == ".ipynb":
        return Edition.from_parent(parent, path=file_path)
    return None


def pytest_collection_modifyitems(config, items):
    """So that no long notebook starts last and ends alone."""
    order = execute.longest_first(editions.chapter_files())
    rank = {path.with_suffix(".ipynb"): place for place, path in enumerate(order)}
    items.sort(key=lambda item: rank.get(item.path, len(rank)))
    proofs.skip_proved(config, items, lambda item: item.parent.provable())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call" and report.passed:
        item.parent.passed.add(item.name)
    if report.failed and item.parent.provable():
        proofs.forget(item.parent.provable())
    return report


class Edition(IPyNbFile):
    """A student notebook; all its cells run in one kernel, on one machine."""

    machine = None

    def provable(self):
        """What a proof calls it; one that is not below the project has none."""
        where = "here" if self.config.option.nbval_here else "on Colab"
        return self.path.is_relative_to(editions.ROOT) and f"{self.path} {where}"

    def collect(self):
        self.passed, self.names = set(), set()
        for item in self._collected():
            self.names.add(item.name)
            yield item

    def _collected(self):
        self.skip_compare += ("text/html", "text/markdown")
        for item in super().collect():
            yield Cell.from_parent(
                self, name=item.name, cell_num=item.cell_num, cell=item.cell, options=item.options
            )
        if self.figures():
            yield Figures.from_parent(self, name="figures")
        if not self.config.option.nbval_here:
            yield Packages.from_parent(self, name="packages")

    def figures(self):
        """How many figures its cells show."""
        texts = (
            text
            for cell in nbformat.read(self.path, 4).cells
            for text in comparison.texts(cell.get("outputs", ()))
        )
        return sum(text.startswith("<Figure size") for text in texts)

    def setup(self):
        self.setup_sanitize_files()
        self.folder = Path(tempfile.mkdtemp())
        self.looked_at = self.folder / "figures.txt"
        self.looked_at.touch()
        if self.config.option.nbval_here:
            self.kernel = RunningKernel(CURRENT_ENV_KERNEL_NAME, cwd=str(self.path.parent))
        else:
            self.machine = Machine(self.folder)
            self.before = self.machine.versions()
            with (
                self.machine.environment(),
                mock.patch.object(nbval.kernel, "KernelManager", _manager(self.config)),
            ):
                self.kernel = RunningKernel("colab", cwd=str(self.machine.work))
        self.kernel.await_reply(self.kernel.execute_cell_input(self._watching()))

    def _watching(self):
        """Has a kernel look at each figure that it shows, and leaves no name in it."""
        said = {"__name__": "axes"}
        return (
            f"(lambda said: (exec({inspect.getsource(axes)!r}, said),"
            f" said['watch']({str(self.looked_at)!r})))({said!r});"
        )

    def teardown(self):
        super().teardown()
        shutil.rmtree(self.folder)
        if self.provable() and self.passed == self.names:
            proofs.keep(self.provable(), [self.path])


class Cell(IPyNbCell):
    """A code cell, compared within the tolerance that it states."""

    tolerance = None

    def runtest(self):
        refusal = comparison.refusal(self.cell)
        if not refusal:
            by = comparison.written_by(self.parent.nb)
            self.tolerance = comparison.stated(self.cell, by)
        if "setup-colab" in self.cell.metadata.get("tags", []):
            # What pip says is no output of the chapter.
            self.options["check"] = False
        super().runtest()
        # nbval compares nothing then.
        if self.cell.execution_count is None:
            self.raise_cell_error("The cell has no execution count: nothing was compared")
        if refusal:
            self.raise_cell_error(refusal)

    def compare_outputs(self, test, ref, skip_compare=None):
        agreed = comparison.reconciled(test, ref, self.tolerance)
        if super().compare_outputs(agreed, ref, skip_compare):
            return True
        pairs = zip(comparison.texts(ref), comparison.texts(test), strict=False)
        said = (comparison.difference(was, now, self.tolerance) for was, now in pairs)
        self.comparison_traceback += filter(None, said)
        return False


class Figures(pytest.Item):
    """After the last cell: each figure was looked at, and its axes say what they measure."""

    def runtest(self):
        lines = self.parent.looked_at.read_text(encoding="utf-8").splitlines()
        assert len(lines) == self.parent.figures()
        assert [line for line in lines if line] == []

    def reportinfo(self):
        return self.path, 0, f"{self.path.name}::figures"


class Packages(pytest.Item):
    """After the last cell: the library is there, and nothing that was there has changed."""

    def runtest(self):
        before, after = self.parent.before, self.parent.machine.versions()
        assert "course-lib" not in before
        assert "course-lib" in after
        changed = {name: (was, after.get(name)) for name, was in before.items()}
        assert {n: c for n, c in changed.items() if len(set(c)) > 1} == {}
        assert versions(str(colab())) == before, "something was installed below the machine"

    def reportinfo(self):
        return self.path, 0, f"{self.path.name}::packages"
