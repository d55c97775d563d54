"""Does a level hold on this machine? A room is run that tries what is forbidden."""

import contextlib
import errno
import functools
import json
import os
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import policy
from .launcher import Failure, Room, RoomError
from .policy import LEVELS, Limits

# Runs in the room, in the place of a student's cell, and once more outside of it.
_ATTEMPTS = """
import os, socket

def attempt(what, argument):
    try:
        act(what, argument)
    except OSError as error:
        return error.errno
    except MemoryError:
        return "no memory"
    except Exception:
        return "failed"
    return "done"

def act(what, argument):
    if what in ("read a file of the grader", "read the references"):
        open(argument, "rb").read()
    elif what == "write a file":
        open(argument, "wb").write(b"x")
    elif what == "change a file's mode":
        os.chmod(argument, 0o666)
    elif what == "open a connection":
        socket.create_connection(("127.0.0.1", argument), 1).close()
    elif what == "signal the grader":
        os.kill(argument, 0)
    elif what == "read the grader's environment":
        open(f"/proc/{argument}/environ", "rb").read()
    elif what == "start a process":
        os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
    elif what == "fork":
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
    elif what == "take more memory than allowed":
        bytearray(argument)
    else:
        raise ValueError(what)
"""
_OUTSIDE = """
import json, sys
print(json.dumps([attempt(*arguments) for arguments in json.loads(sys.argv[1])]))
"""
# What a wall answers. Any other error says only that the attempt was no good.
_WALLS = (errno.EPERM, errno.EACCES, errno.ENOSYS, errno.ENOENT, "no memory")


@dataclass(frozen=True)
class Finding:
    """What a probe of one level found.

    Attributes
    ----------
    level : str
    holds : bool
        Whether students' code may be run at this level as what it promises.
    breaches : tuple of str
        The forbidden things that worked, or were not stopped by a wall.
    why : str
        Why no room started, or why the attempts say nothing; otherwise empty.
    """

    level: str
    holds: bool
    breaches: tuple[str, ...] = ()
    why: str = ""


@functools.cache
def probe(level):
    """Try forbidden things in a room of that level, and say which of them worked."""
    limits = Limits(seconds=5, memory=256 << 20)
    try:
        with contextlib.ExitStack() as stack:
            room = stack.enter_context(Room(level, limits=limits))
            attempts = _attempts(stack, limits)
            answer = room.ask([_ATTEMPTS], "attempt", attempts)
            outside = _outside(attempts)
    except RoomError as error:
        return Finding(level, False, why=str(error))
    if answer.ended:
        return Finding(level, False, why=f"the probe ended early: {answer.ended}")
    breaches = tuple(
        what
        for (what, _), output in zip(attempts, answer.outputs, strict=True)
        if isinstance(output, Failure) or output not in _WALLS
    )
    # The open level promises a limit on resources and nothing else.
    promised = [what for what, _ in attempts]
    if level == "open":
        promised = ["take more memory than allowed"]
    vain = [what for what in promised if outside[what] != "done"]
    if vain:
        why = f"nothing is known about a wall, because outside of it one cannot {vain[0]} either"
        return Finding(level, False, breaches, why)
    copies = policy.second_copies() if level != "open" else ()
    if copies:
        why = f"a room could read another copy of the answers, {copies[0]}; remove it"
        return Finding(level, False, breaches, why)
    return Finding(level, not set(promised) & set(breaches), breaches)


def _outside(attempts):
    """What the same attempts give where nothing is forbidden: each must succeed there."""
    command = [sys.executable, "-c", _ATTEMPTS + _OUTSIDE, json.dumps(attempts)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=60, check=True)
        results = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        results = [None] * len(attempts)
    return {what: result for (what, _), result in zip(attempts, results, strict=True)}


def _attempts(stack, limits):
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="course-grade-"))
    os.chmod(folder, 0o777)
    secret = Path(folder, "secret")
    secret.write_text("an answer", encoding="utf-8")
    secret.chmod(0o644)
    listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    references = policy.library() / "exercises"
    return [
        ("read a file of the grader", str(secret)),
        ("write a file", str(Path(folder, "written"))),
        ("change a file's mode", str(secret)),
        ("open a connection", listener.getsockname()[1]),
        ("signal the grader", os.getpid()),
        ("read the grader's environment", os.getpid()),
        ("start a process", None),
        ("fork", None),
        ("read the references", str(next(references.glob("*.py")))),
        ("take more memory than allowed", 2 * limits.memory),
    ]


def available():
    """The levels that hold on this machine, the strictest first."""
    return [level for level in LEVELS if probe(level).holds]
