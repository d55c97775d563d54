"""Does a level hold on this machine? A room is run that tries what is forbidden."""

import contextlib
import functools
import os
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .launcher import Failure, Room, RoomError
from .policy import LEVELS, Limits

# Runs in the room, in the place of a student's cell.
_ATTEMPTS = """
import os, socket

def attempt(what, argument):
    if what == "read a file of the grader":
        return len(open(argument).read()) > 0
    if what == "write a file":
        return open(argument, "w").write("x") == 1
    if what == "change a file's mode":
        return os.chmod(argument, 0o666) is None
    if what == "open a connection":
        return socket.create_connection(("127.0.0.1", argument), 1) is not None
    if what == "signal the grader":
        return os.kill(argument, 0) is None
    if what == "read the grader's environment":
        return len(open(f"/proc/{argument}/environ").read()) > 0
    if what == "start a process":
        return os.posix_spawn("/bin/true", ["true"], {}) > 0
    if what == "fork":
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        return True
    if what == "import the references":
        import sys
        sys.path.insert(0, argument)
        import course_lib.exercises
        return True
    if what == "take more memory than allowed":
        return len(bytearray(argument)) > 0
"""


@dataclass(frozen=True)
class Finding:
    """What a probe of one level found.

    Attributes
    ----------
    level : str
    holds : bool
        Whether students' code may be run at this level as what it promises.
    breaches : tuple of str
        The forbidden things that worked.
    why : str
        Why no room started; empty if one did.
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
    except RoomError as error:
        return Finding(level, False, why=str(error))
    if answer.ended:
        return Finding(level, False, why=f"the probe ended early: {answer.ended}")
    breaches = tuple(
        what
        for (what, _), output in zip(attempts, answer.outputs, strict=True)
        if not isinstance(output, Failure)
    )
    # The open level promises a limit on resources and nothing else.
    promised = breaches if level != "open" else set(breaches) & {"take more memory than allowed"}
    return Finding(level, not promised, breaches)


def _attempts(stack, limits):
    import course_lib

    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="course-grade-"))
    os.chmod(folder, 0o777)
    secret = Path(folder, "secret")
    secret.write_text("an answer", encoding="utf-8")
    secret.chmod(0o644)
    listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    return [
        ("read a file of the grader", str(secret)),
        ("write a file", str(Path(folder, "written"))),
        ("change a file's mode", str(secret)),
        ("open a connection", listener.getsockname()[1]),
        ("signal the grader", os.getpid()),
        ("read the grader's environment", os.getpid()),
        ("start a process", None),
        ("fork", None),
        ("import the references", str(Path(course_lib.__file__).parents[1])),
        ("take more memory than allowed", 2 * limits.memory),
    ]


def available():
    """The levels that hold on this machine, the strictest first."""
    return [level for level in LEVELS if probe(level).holds]
