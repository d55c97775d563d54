"""Kernels that begin with what most chapters import, loaded once for all of them.

PyTorch, its compiler (which the first optimizer imports), SciPy, scikit-image and scikit-learn take
eight seconds to load, in every kernel anew. Here one process loads them and forks itself for each
chapter. Only Linux forks a process safely that has loaded so much.
"""

import asyncio
import contextlib
import importlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import uuid

from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner

#: Nothing of the project: that is noted when a chapter imports it. Nothing that asks at its import
#: which shell it is in, as pyplot and ipywidgets do.
PRELOADED = (
    "IPython",
    "ipykernel.kernelapp",
    "matplotlib.backends.backend_agg",
    "matplotlib.figure",
    "onnxruntime",
    "scipy.stats",
    "skimage.measure",
    "sklearn.metrics",
    "torch._dynamo",
)


class Nursery:
    """Starts kernels by forking.

    ``with Nursery(environment) as nursery`` keeps its process, which a `command` starts;
    `nursery.manager` is a class for ``nbclient.NotebookClient(kernel_manager_class=...)``.
    """

    def __init__(self, environment, command=(sys.executable, __file__)):
        self._environment = environment
        self._command = command
        self._asking = threading.Lock()

    def __enter__(self):
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self._environment,
        )
        # All is loaded then: a kernel that is asked for starts at once.
        if not self._process.stdout.readline():
            raise RuntimeError("The process that forks kernels has ended; it said why above.")
        self.manager = type("Manager", (_Manager,), {"nursery": self})
        return self

    def __exit__(self, *error):
        with self._process:
            self._process.stdin.close()

    def start(self, arguments, folder, environment):
        """Fork a kernel; return its process."""
        request = {"arguments": arguments, "folder": folder, "environment": environment}
        with self._asking:
            print(json.dumps(request), file=self._process.stdin, flush=True)
            return _Process(int(self._process.stdout.readline()))


class _Process:
    """What jupyter_client asks of a process, for one that is somebody else's child."""

    stdin = stdout = stderr = None

    def __init__(self, pid):
        self.pid = pid

    def poll(self):
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return 0
        return None

    def wait(self):
        return self.poll()

    def send_signal(self, number):
        os.kill(self.pid, number)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def kill(self):
        self.send_signal(signal.SIGKILL)


class _Provisioner(LocalProvisioner):
    async def launch_kernel(self, cmd, *, env, cwd, **ignored):
        arguments = cmd[cmd.index("ipykernel_launcher") + 1 :]
        self.process = await asyncio.to_thread(self.parent.nursery.start, arguments, cwd, env)
        self.pid = self.pgid = self.process.pid
        return self.connection_info


class _Manager(AsyncKernelManager):
    async def _async_pre_start_kernel(self, **kw):
        self.provisioner = _Provisioner(
            kernel_id=str(uuid.uuid4()), kernel_spec=self.kernel_spec, parent=self
        )
        return await super()._async_pre_start_kernel(**kw)


def _serve():
    """Load the packages; then fork a kernel for every line of the standard input."""
    # The folder of this file
    del sys.path[0]
    # What a kernel says goes where its user sees it, not among the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    # ipykernel looks for it when it is imported; a kernel ends when this process has.
    os.environ["JPY_PARENT_PID"] = str(os.getpid())
    # So does matplotlib, for what a kernel would say.
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    for name in PRELOADED:
        # A chapter that needs what is missing says so itself.
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    print("ready", file=answers, flush=True)
    # Nobody waits for a kernel that has ended.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            answers.close()
            return json.loads(line)
        print(pid, file=answers, flush=True)
    return None


def _become_kernel(arguments, folder, environment):
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment, JPY_PARENT_PID=str(os.getppid()))
    sys.argv = [importlib.util.find_spec("ipykernel_launcher").origin, *arguments]
    sys.modules["ipykernel.kernelapp"].launch_new_instance()


if __name__ == "__main__" and (request := _serve()):
    _become_kernel(**request)
