"""pyproject.toml, constraints.txt, environment.yml and what is installed agree."""

import importlib.metadata
import itertools
import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from book_ext.editions import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
REQUIREMENTS = [
    Requirement(text) for text in itertools.chain(PROJECT["dependencies"], *EXTRAS.values())
]


def _constraints():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


PINNED = {
    canonicalize_name(name): Version(version)
    for name, version in (line.split("==") for line in _constraints())
}


def test_constraints_are_names_and_versions_alone():
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in _constraints())
    assert len(PINNED) == len(_constraints())


def test_library_has_lower_bounds_only():
    for text in PROJECT["dependencies"]:
        operators = {specifier.operator for specifier in Requirement(text).specifier}
        assert operators == {">="}, text


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=str)
def test_tested_version_satisfies_the_requirement(requirement):
    assert PINNED[canonicalize_name(requirement.name)] in requirement.specifier


def test_conda_installs_what_make_installs():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *conda, pip = environment["dependencies"]
    constraint, editable = pip["pip"]
    assert constraint == "--constraint constraints.txt"
    extras = re.fullmatch(r"--editable \.\[([\w,]+)\]", editable).group(1).split(",")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    made = set(re.search(r"--editable '\.\[([\w,]+)\]'", makefile).group(1).split(","))
    assert made <= set(extras) <= set(EXTRAS)
    (python,) = (Requirement(p.replace("=", "==")) for p in conda if p.startswith("python="))
    (version,) = (specifier.version for specifier in python.specifier)
    assert Version(version) in Requirement(f"python{PROJECT['requires-python']}").specifier
    # Versions stand in one place, so that nothing can disagree.
    assert not [p for p in conda if "=" in p and not p.startswith("python=")]


def test_what_is_installed_is_what_was_tested():
    """Nothing came in unpinned, neither directly nor as a dependency of something."""
    own = {"pip", "setuptools", "wheel", "course-lib"}
    installed = {
        canonicalize_name(dist.name): Version(dist.version).public
        for dist in importlib.metadata.distributions()
    }
    unpinned = {
        name: version
        for name, version in installed.items()
        if name not in own and str(PINNED.get(name)) != version
    }
    assert not unpinned


def test_workflow_tests_the_oldest_python_and_colabs():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "book.yml").read_text())
    tested = workflow["jobs"]["units"]["strategy"]["matrix"]["python"]
    requirements = (ROOT / "tests" / "colab" / "requirements.txt").read_text()
    colab = re.search(r"Colab has (3\.\d+)", requirements).group(1)
    assert PROJECT["requires-python"] == f">={tested[0]}"
    assert tested[-1] == colab


@pytest.mark.xdist_group("together")
def test_workers_are_told_which_tests_belong_together(request):
    """Otherwise each worker makes what the tests of a module share, and nothing says so."""
    if request.config.getoption("loadgroup", False):
        assert request.node.nodeid.endswith("@together")
