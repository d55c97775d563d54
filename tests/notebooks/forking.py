"""Kernels on machines like Colab's, forked from one process that has loaded Colab's packages.

Loading them takes nine seconds, in every kernel anew. A fork takes the place of the machine that it
is started for: what lies there is found before Colab's packages, and what it installs goes there.
"""

import runpy
import sys
import sysconfig
from pathlib import Path

#: The variable that says for which machine's Python a kernel is started
_MACHINE = "MACHINE_PYTHON"


def _become_machine(python):
    """Find what that Python would find, which a virtual environment says by its folder."""
    above = str(Path(python).parents[1])
    below = sysconfig.get_path("purelib")
    own = sysconfig.get_path("purelib", "venv", {"base": above, "platbase": above})
    sys.path.insert(sys.path.index(below), own)
    sys.executable, sys.prefix, sys.exec_prefix = python, above, above


if __name__ == "__main__":
    served = runpy.run_path(sys.argv[1])
    if request := served["_serve"]():
        _become_machine(request["environment"].pop(_MACHINE))
        served["_become_kernel"](**request)
    sys.exit()

from jupyter_client.manager import KernelManager  # noqa: E402 - the process that forks has no use

from book_ext import nursery  # noqa: E402


class _Provisioner(nursery._Provisioner):
    async def launch_kernel(self, cmd, *, env, cwd, **ignored):
        return await super().launch_kernel(cmd, env=env | {_MACHINE: cmd[0]}, cwd=cwd)


class _Manager(KernelManager):
    async def _async_pre_start_kernel(self, **kw):
        self.provisioner = _Provisioner(
            kernel_id="forked", kernel_spec=self.kernel_spec, parent=self
        )
        return await super()._async_pre_start_kernel(**kw)


class Nursery(nursery.Nursery):
    """`manager` takes the place of `jupyter_client.KernelManager`."""

    def __init__(self, python, environment):
        super().__init__(environment, [python, __file__, nursery.__file__])

    def __enter__(self):
        super().__enter__()
        self.manager = type("Manager", (_Manager,), {"nursery": self})
        return self
