"""Run the code of a chapter in a kernel of its own.

This module, `recorder` and `nursery` are all of the machinery that outputs depend on: when one of
them changes, every chapter runs again. What prepares cells is noticed by the cells that it gives,
and what shows outputs is no part of them, so both stand elsewhere.
"""

import os
import tempfile
from pathlib import Path

from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

MACHINERY = tuple(Path(__file__).with_name(f"{n}.py") for n in ("kernel", "recorder", "nursery"))
#: The tags by which nbclient and the kernel run a cell differently.
TAGS_THAT_COUNT = {"raises-exception", "skip-execution"}
_TIMEOUT_S = 900


def environment(root):
    """What a kernel finds in its environment."""
    # One thread a kernel: chapters run side by side, and sums come out in the same order.
    said = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}
    # The library of this checkout, also where the environment belongs to another one: what
    # would be imported from there is not noted, and the outputs would never be out of date.
    paths = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**said, "PYTHONPATH": os.pathsep.join(paths)}


def run(notebook, folder, root, manager=AsyncKernelManager):
    """Run all cells in place.

    Parameters
    ----------
    notebook : NotebookNode
    folder : Path
        Where the kernel works.
    root : Path
        The project; the files below it that the kernel opens are noted.
    manager : subclass of KernelManager
        What starts the kernel.

    Returns
    -------
    files, packages : set of str
        Paths of the files below `root`, and names of the installed packages, that were used.
    """
    with tempfile.TemporaryDirectory() as temporary:
        noted = Path(temporary) / "noted"
        call = f"run_path({str(MACHINERY[1])!r})['record']({str(root)!r}, {str(noted)!r})"
        client = NotebookClient(
            notebook,
            timeout=_TIMEOUT_S,
            kernel_manager_class=manager,
            # How prints are cut into pieces depends on the clock.
            coalesce_streams=True,
            resources={"metadata": {"path": str(folder)}},
            # The semicolon keeps the line from showing a result.
            extra_arguments=[
                "--log-level=ERROR",
                f"--IPKernelApp.exec_lines=__import__('runpy').{call};",
            ],
        )
        client.execute(env=environment(root))
        lines = [line.partition(" ") for line in noted.read_text(encoding="utf-8").splitlines()]
    used = {kind: {name for k, _, name in lines if k == kind} for kind in ("file", "package")}
    return used["file"], used["package"]
