"""Starts a room, asks it for a student's outputs, and ends what does not end by itself."""

import base64
import contextlib
import json
import math
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field

import numpy as np

from . import policy, wire

_START_SECONDS = 60
# A case that ends its process costs that case: another process goes on with the next one. So often,
# and with this share of the time.
_RESTARTS, _RESTART_SHARE = 3, 0.4
_LOST = ("timeout", "memory", "exit", "crash")
# What a room may say about how it came to the answer
USED = ("cut", "rebound", "slow", "commands", "drawing")


class RoomError(Exception):
    """The room itself failed: nothing is known about the student's answer."""


class NeedsModules(Exception):
    """The notebook imports packages that another room has ready; they are the argument."""


@dataclass(frozen=True)
class Failure:
    """A call that gave no value.

    Attributes
    ----------
    kind : {"raised", "not plain", "timeout", "memory", "exit", "crash"}
    type : str
        Name of the exception's class, as the room tells it.
    line : int or None
        Line of the student's cell.
    message : str
        What the exception said, where no input was known yet.
    """

    kind: str
    type: str = ""
    line: int | None = None
    message: str = ""


@dataclass
class Answer:
    """What came out of the room for one exercise.

    Attributes
    ----------
    outputs : list
        One value or `Failure` a case, as many as were answered.
    ended : {"", "cell", "undefined", "timeout", "memory", "exit", "crash", "protocol"}
        Why there are fewer outputs than cases; empty if there are not.
    failure : Failure or None
        What the cell raised, although the function may exist all the same.
    seconds : float
        Processor time.
    used : tuple of str
        What was unusual, of `USED`.
    inexact : bool
        Whether running the whole notebook might give another answer.
    asked : bool
        Whether there was a function that the cases were put to.
    """

    outputs: list = field(default_factory=list)
    ended: str = ""
    failure: Failure | None = None
    seconds: float = 0.0
    used: tuple[str, ...] = ()
    inexact: bool = False
    asked: bool = False


class Room:
    """A fork server behind the walls of a level; a context manager.

    Parameters
    ----------
    level : {"sealed", "locked", "open"}
    modules : sequence of str
        Packages that are imported once, before the first fork.
    limits : policy.Limits
    library : bool
        Whether answers may import `course_lib` (its exercises are never there).

    Raises
    ------
    RoomError
        If it does not start.
    """

    def __init__(self, level, modules=("numpy",), limits=policy.USUAL, library=True):
        self.level, self.modules = level, tuple(modules)
        self._limits = limits
        self._control, theirs = socket.socketpair()
        try:
            command = _command(level, modules, limits, library)
            self._process = subprocess.Popen(
                command,
                stdin=theirs,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=policy.environment(),
                cwd="/",
            )
        except (OSError, ImportError, RuntimeError) as error:
            self._control.close()
            raise RoomError(f"the room cannot start: {error}") from error
        finally:
            theirs.close()
        self._control.settimeout(_START_SECONDS)
        if self._receive(1) != b"R":
            self._stop()
            said = self._process.stderr.read(4000).decode(errors="replace").strip()
            self._process.stderr.close()
            reason = said.splitlines()[-1] if said else "no reason given"
            raise RoomError(f"the room did not start: {reason}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """End the room and everything in it."""
        self._stop()
        self._process.stderr.close()

    def _stop(self):
        self._control.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def ask(
        self, cells, function, cases, place=None, until=None, whole=False, names=("np",), seed=0
    ):
        """Build the answer's world in a fork of its own and call the function on every case.

        Parameters
        ----------
        cells : sequence of str
            Source code of the notebook's cells.
        function : str
        cases : sequence of tuple
        place : int, optional
            Index of the answer's cell; by default the last.
        until : int, optional
            How many cells had run when the answer was checked; by default, those up to `place`.
        whole : bool
            Run all of these cells, not only what the answer needs.
        names : sequence of str
            Of `wire.MODULES`, which are there without an import.
        seed : int
            Seeds ``random``, NumPy and torch in the room before each call.

        Returns
        -------
        Answer

        Raises
        ------
        NeedsModules
            If a room with other modules must be asked.
        RoomError
            If the room failed; it must be closed then.
        """
        question = _question(cells, function, place, until, whole, names)
        answer = self._ask(question, cases, seed, 1)
        for _ in range(_RESTARTS):
            if answer.ended not in _LOST or not answer.asked:
                break
            answer.outputs.append(Failure(answer.ended))
            left = cases[len(answer.outputs) :]
            if not left:
                answer.ended = ""
                break
            more = self._ask(question, left, seed, _RESTART_SHARE)
            answer.outputs += more.outputs
            answer.seconds += more.seconds
            if more.ended == "protocol" or not more.outputs:
                # The next case is lost as well: so are all.
                answer.ended = more.ended if more.ended == "protocol" else answer.ended
                break
            answer.ended = more.ended
        if answer.ended in _LOST and answer.asked:
            lost = len(cases) - len(answer.outputs)
            answer.outputs += [Failure(answer.ended)] * lost
            answer.ended = ""
        return answer

    def ask_together(self, questions, names=("np",), seed=0):
        """Ask for several exercises of one student in a single fork, which is three times as fast.

        They share the time and the memory of one, and whatever a cell does to a module. So only an
        answer that is right in every case says something; put all others to `ask`.

        Parameters
        ----------
        questions : sequence of tuple
            The arguments `cells, function, cases, place, until` of `ask`.
        names, seed
            As in `ask`.

        Returns
        -------
        list of Answer
            As many as came before the first trouble.
        """
        answers = []

        def converse(channel):
            for cells, function, cases, place, until in questions:
                answer = Answer()
                question = _question(cells, function, place, until, False, names)
                # What a notebook needs that is not here is no trouble for the others.
                with contextlib.suppress(NeedsModules):
                    _converse(channel, answer, question, cases, seed, self.modules)
                answers.append(answer)

        *_, seconds = self._in_a_fork(converse, 1)
        for answer in answers:
            answer.seconds = seconds / len(answers)
        return answers

    def _ask(self, question, cases, seed, share):
        answer = Answer()
        ended, status, alone, answer.seconds = self._in_a_fork(
            lambda channel: _converse(channel, answer, question, cases, seed, self.modules), share
        )
        if ended == "exit":
            ended = self._cause(status, alone, answer.seconds, share)
        answer.ended = ended or answer.ended
        return answer

    def _in_a_fork(self, converse, share):
        """Why the talk broke off, and how the fork ended: status, by itself, processor seconds."""
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                self._fork(theirs, math.ceil(share * self._limits.seconds))
            ended, order = "", b"K"
            channel = wire.Channel(ours, time.monotonic() + share * self._limits.wall)
            try:
                self._await_lock(channel)
                converse(channel)
            except TimeoutError:
                ended = "timeout"
            except wire.ProtocolError:
                ended = "protocol"
            except EOFError:
                ended, order = "exit", b"W"
            finally:
                how = self._end(order)
        return ended, *how

    def _fork(self, descriptor, seconds):
        try:
            socket.send_fds(self._control, [wire.FORK.pack(b"F", seconds)], [descriptor.fileno()])
        except OSError as error:
            raise RoomError("the room's server is gone") from error

    def _await_lock(self, channel):
        try:
            header, _ = channel.receive()
        except (EOFError, TimeoutError) as error:
            raise RoomError("the room's server did not fork") from error
        if header["is"] != "locked":
            raise RoomError(f"the room did not lock itself: {header['why']}")

    def _end(self, order):
        with contextlib.suppress(OSError):
            self._control.sendall(order)
        reply = self._receive(wire.ENDED.size)
        if len(reply) < wire.ENDED.size:
            raise RoomError("the room's server is gone")
        return wire.ENDED.unpack(reply)

    def _receive(self, size):
        with contextlib.suppress(OSError):
            return self._control.recv(size, socket.MSG_WAITALL)
        return b""

    def _cause(self, status, alone, seconds, share):
        """Why the process ended before it had answered."""
        if not alone:
            return "protocol"
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        if number in (signal.SIGKILL, signal.SIGXCPU):
            return "timeout" if seconds >= share * self._limits.seconds - 0.5 else "memory"
        return "crash" if number else "exit"


def _command(level, modules, limits, library):
    settings = {
        "modules": list(modules),
        "memory": limits.memory,
        "world_seconds": limits.world,
        "library": str(policy.library()) if library else None,
        "path": policy.import_path(),
        "scratch": policy.SCRATCH if level == "sealed" else None,
        "rules": None,
        "filter": "",
    }
    if level != "open":
        settings["rules"] = policy.file_rules(level, library)
        program = policy.filter_program(writing=level == "sealed")
        settings["filter"] = base64.b64encode(program).decode()
    # -s, -P and -B: no user's packages, no folder of the script, no writing of bytecode.
    command = [
        sys.executable,
        "-s",
        "-P",
        "-B",
        str(policy.ROOM / "server.py"),
        json.dumps(settings),
    ]
    return [*policy.box_command(library), "--", *command] if level == "sealed" else command


def _question(cells, function, place, until, whole, names):
    place = len(cells) - 1 if place is None else place
    world = {"function": function, "place": place, "until": until or 0, "whole": whole}
    text = np.frombuffer(json.dumps(list(cells)).encode(), np.uint8)
    return wire.pack(world | {"names": list(names), "has_value": True}, text)


def _converse(channel, answer, question, cases, seed, modules):
    channel.send(question)
    header, _ = channel.receive()
    state = header.get("is")
    if state == "needs":
        missing = _known(header.get("modules"), set(wire.HEAVY) - set(modules))
        if not missing:
            raise wire.ProtocolError("needs nothing")
        raise NeedsModules(missing)
    if state not in ("ready", "raised", "undefined"):
        raise wire.ProtocolError("not ready")
    answer.used = _known(header.get("used"), USED)
    answer.inexact = header.get("inexact") is True
    if type(header.get("failed")) is dict:
        answer.failure = _failure(header["failed"])
    if state != "ready":
        answer.ended = "cell" if state == "raised" else "undefined"
        return
    asked = {"nonce": secrets.token_hex(8), "seed": seed, "has_value": True}
    frame = wire.pack(asked, [tuple(case) for case in cases], tensors=True)
    channel.expect_silence()
    answer.asked = True
    channel.send(frame)
    for number in range(len(cases)):
        header, value = channel.receive(limit=wire.MAX_REPLY)
        if (header.get("nonce"), header.get("case")) != (asked["nonce"], number):
            raise wire.ProtocolError("an answer to another question")
        kind = header.get("is")
        if kind not in ("value", "raised", "not plain"):
            raise wire.ProtocolError("an answer of no known kind")
        answer.outputs.append(value if kind == "value" else _failure(header))


def _known(said, words):
    """Those of the words that the room says."""
    return tuple(word for word in words if type(said) is list and word in said)


def _failure(header):
    """A failure in the room's words, each checked."""
    said = {key: header.get(key) for key in ("type", "line", "message")}
    if type(said["type"]) is not str or not said["type"].isidentifier():
        said["type"] = ""
    if type(said["line"]) is not int:
        said["line"] = None
    if type(said["message"]) is not str:
        said["message"] = ""
    # Half a character, as `chr(0xD800)` makes it, is no text for a file or a table.
    message = said["message"][:200].encode("utf-8", "replace").decode()
    kind = "not plain" if header.get("is") == "not plain" else "raised"
    return Failure(kind, said["type"][:80], said["line"], message)
