"""A machine like Google Colab's: its packages, and not the project's.

What Colab brings lies in one environment below ``_build/``, made once. A machine is a virtual
environment on top of it: empty, so making one takes a moment, and everything that its notebook
installs goes there and away with it. Whatever the notebook changes of Colab's packages lies above
them and is found first, as it would be on Colab.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from unittest import mock

from book_ext.editions import ROOT

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
# Hidden: Sphinx looks for pages in every folder of the project that is not.
BUILT = ROOT / "_build" / ".colab"
_VERSIONS = (
    "import importlib.metadata as m, json;"
    # The first of two on the path is the one that is imported.
    "print(json.dumps({d.name.lower(): d.version for d in reversed(list(m.distributions()))}))"
)


def run(*command):
    """What a command prints; it must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def versions(python):
    """Version of every package that this Python finds."""
    return json.loads(run(python, "-P", "-c", _VERSIONS))


def _made_once(name, key, make):
    """Folder below ``_build/`` that `make` filled, by whichever worker came first."""
    BUILT.mkdir(parents=True, exist_ok=True)
    folder, stamp = BUILT / name, BUILT / f"{name}.made"
    with open(BUILT / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.is_file() or stamp.read_text() != key:
            stamp.unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            stamp.write_text(key)
    return folder


def _digest(paths):
    digest = hashlib.sha256(sys.version.encode())
    for path in paths:
        digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def _colab_packages(folder):
    venv.create(folder, with_pip=True)
    python = str(folder / "bin" / "python")
    # Python compiles the few modules that it imports, pip would compile all.
    options = ("--quiet", "--no-compile", "--no-deps", "--requirement", str(REQUIREMENTS))
    run(python, "-m", "pip", "install", *options)


def colab():
    """Python of the environment that holds Colab's packages; nothing may be installed there."""
    return _made_once("base", _digest([REQUIREMENTS]), _colab_packages) / "bin" / "python"


def wheel():
    """The project as a wheel, as a release would offer it."""
    sources = [ROOT / name for name in ("pyproject.toml", "README.md", "LICENSE")]
    packages = [init.parent for init in sorted(ROOT.glob("course_*/__init__.py"))]
    inside = [p for package in packages for p in sorted(package.rglob("*")) if p.is_file()]
    key = _digest([*sources, *(p for p in inside if p.suffix != ".pyc")])

    def make(folder):
        # From a copy: setuptools would take what an earlier build left in the tree with it.
        copy = folder / "source"
        copy.mkdir()
        for path in sources:
            shutil.copy(path, copy)
        for package in packages:
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(package, copy / package.name, ignore=ignored)
        pip = (sys.executable, "-m", "pip")
        run(*pip, "wheel", "-q", "--no-deps", "-w", str(folder), str(copy))
        shutil.rmtree(copy)

    (built,) = _made_once("wheel", key, make).glob("course_lib-*.whl")
    return built


class Machine:
    """A new machine in an empty folder.

    Attributes
    ----------
    python : str
    work : Path
        Where its notebook runs; empty.
    """

    def __init__(self, folder):
        below = colab()
        venv.create(folder / "machine", with_pip=False)
        self.python = str(folder / "machine" / "bin" / "python")
        self.work = folder / "work"
        self.work.mkdir()
        self._folder = folder
        path = _packages(folder / "machine") / "colab.pth"
        path.write_text(f"{_packages(below.parents[1])}\n")
        kernel = folder / "jupyter" / "kernels" / "colab"
        kernel.mkdir(parents=True)
        argv = [self.python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        argv.append("--HistoryManager.hist_file=:memory:")
        (kernel / "kernel.json").write_text(
            json.dumps({"argv": argv, "display_name": "Colab", "language": "python"})
        )

    @contextlib.contextmanager
    def environment(self):
        """While it holds, Jupyter finds the kernel "colab", which runs on this machine."""
        settings = {
            "JUPYTER_PATH": str(self._folder / "jupyter"),
            "COURSE_LIB": str(wheel()),
            "OMP_NUM_THREADS": "1",
            "OMP_WAIT_POLICY": "passive",
        }
        with mock.patch.dict(os.environ, settings):
            # The checkout must not be importable: the notebook installs the library.
            os.environ.pop("PYTHONPATH", None)
            # pytest-xdist sets it, and every machine would compile Colab's packages again.
            os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
            yield

    def versions(self):
        """Version of every package on it."""
        return versions(self.python)


def _packages(environment):
    where = {"base": str(environment), "platbase": str(environment)}
    return Path(sysconfig.get_path("purelib", "venv", where))
