"""Is this machine ready for the workshop? Every line says what to do if it is not."""

import functools
import platform
import shutil
import sys
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement

from ._html import table

_PYTHON = (3, 11)
_MEMORY_GB = 2
_DISK_GB = 1
_GB = 1e9


class Line(NamedTuple):
    """One thing that was looked at.

    Attributes
    ----------
    name : str
    needed : str
        What is enough.
    found : str
        What is there.
    ok : bool or None
        None where it could not be found out.
    advice : str
        What to do if it is not ok.
    """

    name: str
    needed: str
    found: str
    ok: bool | None
    advice: str


@dataclass(frozen=True, repr=False)
class Readiness:
    """The lines of `check_machine`; shows itself as text and as HTML.

    Where a line is ready, the text form says what is enough and not what was found, so that it
    is the same on every machine that is ready. The HTML form has both.
    """

    lines: tuple[Line, ...]

    @property
    def ready(self):
        """Whether no line is red."""
        return all(line.ok is not False for line in self.lines)

    def __repr__(self):
        width = max(len(line.name) for line in self.lines)
        shown = []
        for line in self.lines:
            what = line.needed if line.ok else line.found
            shown.append(f"{_word(line):7}  {line.name:{width}}  {what}")
            if not line.ok:
                shown.append(f"{'':7}  {'':{width}}  -> {line.advice}")
        return "\n".join(shown)

    def _repr_html_(self):
        rows = [(_word(line), line.name, line.needed, _with_advice(line)) for line in self.lines]
        return table(("status", "what", "needed", "found"), rows, label="This machine")


def check_machine():
    """Look at Python, PyTorch, the device, memory, disk, packages and the right to save files.

    Nothing leaves the machine, and nothing stays on it.

    Returns
    -------
    Readiness
    """
    return Readiness((_python(), _packages(), _torch(), _device(), _memory(), _disk(), _saving()))


def _word(line):
    return {True: "ready", False: "RED", None: "unknown"}[line.ok]


def _with_advice(line):
    return line.found if line.ok else f"{line.found}. {line.advice}"


def _python():
    needed = f"{_PYTHON[0]}.{_PYTHON[1]} or newer"
    return Line(
        "Python",
        needed,
        platform.python_version(),
        sys.version_info[:2] >= _PYTHON,
        f"Install Python {needed}, or open the notebook in Colab.",
    )


def _packages():
    """The requirements of the library, from its own metadata."""
    line = functools.partial(
        Line,
        "packages",
        "all that the library needs",
        advice="Install the library again, as its README says.",
    )
    try:
        needed = [Requirement(text) for text in metadata.requires("course-lib") or ()]
    except metadata.PackageNotFoundError:
        return line(found="course-lib is not installed", ok=False)
    # Those of an extra have a marker that is false here.
    needed = [r for r in needed if r.marker is None or r.marker.evaluate({"extra": ""})]
    unmet = [str(requirement) for requirement in needed if not _met(requirement)]
    if unmet:
        return line(found=f"missing or too old: {', '.join(unmet)}", ok=False)
    return line(found=f"all {len(needed)}", ok=True)


def _met(requirement):
    try:
        return metadata.version(requirement.name) in requirement.specifier
    except metadata.PackageNotFoundError:
        return False


def _torch():
    line = functools.partial(
        Line,
        "PyTorch",
        "derives x² at 3",
        advice="Install PyTorch as pytorch.org says for your system, then restart the kernel.",
    )
    try:
        import torch

        x = torch.tensor(3.0, requires_grad=True)
        (x**2).backward()
        return line(found=f"{torch.__version__} says {x.grad:g}", ok=x.grad.item() == 6)
    except Exception as error:
        # A broken installation fails in many ways, with errors of the loader among them.
        return line(found=f"{type(error).__name__}: {error}", ok=False)


def _device():
    """A processor is enough for the book, so no device is a fault."""
    line = functools.partial(
        Line, "device", "a processor is enough", advice="Repair PyTorch first."
    )
    try:
        import torch

        from .training import choose_device

        device = choose_device()
        name = torch.cuda.get_device_name() if device == "cuda" else platform.machine()
    except Exception as error:
        return line(found=f"{type(error).__name__}: {error}", ok=None)
    return line(found=f"{device} ({name})", ok=True)


def _memory():
    needed = f"at least {_MEMORY_GB} GB free"
    try:
        import psutil
    except ModuleNotFoundError:
        advice = "Install psutil to find out."
        return Line("memory", needed, "psutil is not installed", None, advice)
    free = psutil.virtual_memory().available / _GB
    return Line(
        "memory", needed, f"{free:.1f} GB free", free >= _MEMORY_GB, "Close other programs."
    )


def _disk():
    free = shutil.disk_usage(Path.cwd()).free / _GB
    return Line(
        "disk",
        f"at least {_DISK_GB} GB free",
        f"{free:.1f} GB free",
        free >= _DISK_GB,
        "Make room, or move to a folder on another disk.",
    )


def _saving():
    line = functools.partial(
        Line,
        "saving",
        "files can be written here",
        advice="Move the notebook to a folder of your own: you will save a model beside it.",
    )
    try:
        with tempfile.TemporaryFile(dir=Path.cwd()) as file:
            file.write(b"model")
    except OSError as error:
        return line(found=f"not allowed here: {error.strerror}", ok=False)
    return line(found="yes", ok=True)
