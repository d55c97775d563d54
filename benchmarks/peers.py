"""A throw-away environment with nbgrader and otter-grader, beside our own."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_REQUIREMENTS = Path(__file__).with_name("peers.txt")
_FOLDER = ROOT / ".venv-peers"


def environment():
    """Make the environment once and return the folder of its programs.

    Returns
    -------
    path

    Raises
    ------
    subprocess.CalledProcessError
        If the packages cannot be installed.
    """
    stamp = _FOLDER / "installed.txt"
    wanted = _REQUIREMENTS.read_text(encoding="utf-8")
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", _FOLDER], check=True)
        pip = [_FOLDER / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-compile"]
        subprocess.run([*pip, "--requirement", _REQUIREMENTS], check=True)
        stamp.write_text(wanted, encoding="utf-8")
    return _FOLDER / "bin"
