"""What all tests share: reproducible property tests, fair use of two processors, real data."""

import os

# Workers beside each other would otherwise fight for the same processors with a team of threads
# each. Said before NumPy or PyTorch is imported, and to the processes that tests start.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

from pathlib import Path

import pytest
from hypothesis import settings

from book_ext.editions import ROOT
from tests import proofs

# The same examples in every run, and no limit on the time of one.
settings.register_profile("book", derandomize=True, deadline=None)
settings.load_profile("book")


def pytest_addoption(parser):
    proofs.add_option(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Tests that share what a module makes once run on one worker, or each would make it."""
    for item in items:
        if " at 0x" in item.nodeid:
            raise pytest.UsageError(f"{item.nodeid}: its name differs between workers; give ids.")
        shared = _shared(item)
        if shared and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group("-".join([item.path.stem, *shared])))
        group = item.get_closest_marker("xdist_group")
        if group and config.getoption("loadgroup", False) and hasattr(item, "_id"):
            # pytest-xdist 3.8 names the group in an attribute that pytest 9.2 does not read:
            # https://github.com/pytest-dev/pytest-xdist/issues/1386
            item._id = type(item._id).parse(f"{item.nodeid}@{group.args[0]}")


def _shared(item):
    """Names of a test's module-wide fixtures, each with its parameter."""
    fixtures = getattr(item, "_fixtureinfo", None)
    if fixtures is None:
        return []
    wide = [
        name
        for name, definitions in fixtures.name2fixturedefs.items()
        if definitions[-1].scope == "module"
    ]
    indices = item.callspec.indices if hasattr(item, "callspec") else {}
    parametrized = [f"{name}{indices[name]}" for name in wide if name in indices]
    return parametrized or (wide and ["module"])


@pytest.fixture(scope="session")
def shared_data():
    """``shared_data(name)``: path of a real data set that does not ship, or skip saying so.

    It is looked for in the folder that ``COURSE_DATA`` names and in ``../shared/data``.
    """
    folders = [ROOT.parent / "shared" / "data"]
    if "COURSE_DATA" in os.environ:
        folders.insert(0, Path(os.environ["COURSE_DATA"]))

    def find(name):
        for folder in folders:
            if (folder / name).exists():
                return folder / name
        pytest.skip(
            f"compares with the real data {name}, which does not ship: "
            "put it into a folder and name that folder in COURSE_DATA."
        )

    return find
