"""Starts a room, asks it for a student's outputs, and ends what does not end by itself."""

import base64
import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field

from . import policy, wire

_START_SECONDS = 60


class RoomError(Exception):
    """The room itself failed: nothing is known about the student's answer."""


@dataclass(frozen=True)
class Failure:
    """A call that gave no value.

    Attributes
    ----------
    kind : {"raised", "not plain"}
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
        What the cell raised, where it was the cell.
    seconds : float
        Processor time.
    """

    outputs: list = field(default_factory=list)
    ended: str = ""
    failure: Failure | None = None
    seconds: float = 0.0


class Room:
    """A fork server behind the walls of a level; a context manager.

    Parameters
    ----------
    level : {"sealed", "locked", "open"}
    modules : sequence of str
        What students' functions may use: ``"numpy"``, ``"torch"``.
    limits : policy.Limits

    Raises
    ------
    RoomError
        If it does not start.
    """

    def __init__(self, level, modules=("numpy",), limits=policy.USUAL):
        self.level = level
        self._limits = limits
        self._control, theirs = socket.socketpair()
        try:
            command = _command(level, modules, limits)
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

    def ask(self, cells, function, cases, seed=0):
        """Run a student's cell in a fork of its own and call the function on every case.

        Parameters
        ----------
        cells : sequence of str
            Source code; the last is the exercise's cell, those before it may fail.
        function : str
        cases : sequence of tuple
        seed : int
            Seeds ``random``, NumPy and torch in the room before each call.

        Returns
        -------
        Answer

        Raises
        ------
        RoomError
            If the room failed; it must be closed then.
        """
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                self._fork(theirs)
            answer, order = Answer(), b"K"
            channel = wire.Channel(ours, time.monotonic() + self._limits.wall)
            try:
                self._await_lock(channel)
                _converse(channel, answer, cells, function, cases, seed)
            except TimeoutError:
                answer.ended = "timeout"
            except wire.ProtocolError:
                answer.ended = "protocol"
            except EOFError:
                answer.ended, order = "exit", b"W"
            status, alone, answer.seconds = self._end(order)
        if answer.ended == "exit":
            answer.ended = self._cause(status, alone, answer.seconds)
        return answer

    def _fork(self, descriptor):
        try:
            socket.send_fds(self._control, [b"F"], [descriptor.fileno()])
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

    def _cause(self, status, alone, seconds):
        """Why the process ended before it had answered."""
        if not alone:
            return "protocol"
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        if number in (signal.SIGKILL, signal.SIGXCPU):
            return "timeout" if seconds >= self._limits.seconds - 0.5 else "memory"
        return "crash" if number else "exit"


def _command(level, modules, limits):
    settings = {
        "modules": list(modules),
        "memory": limits.memory,
        "cpu_seconds": limits.seconds,
        "rules": None,
        "filter": "",
    }
    if level != "open":
        settings["rules"] = policy.file_rules()
        settings["filter"] = base64.b64encode(policy.filter_program()).decode()
    # -s, -P and -B: no user's packages, no folder of the script, no writing of bytecode.
    command = [
        sys.executable,
        "-s",
        "-P",
        "-B",
        str(policy.ROOM / "server.py"),
        json.dumps(settings),
    ]
    return [*policy.box_command(), "--", *command] if level == "sealed" else command


def _converse(channel, answer, cells, function, cases, seed):
    channel.send(wire.pack({"cells": list(cells), "function": function}))
    header, _ = channel.receive()
    if header.get("is") == "raised":
        answer.ended, answer.failure = "cell", _failure(header)
        return
    if header.get("is") == "undefined":
        answer.ended = "undefined"
        return
    if header.get("is") != "ready":
        raise wire.ProtocolError("not ready")
    question = {"nonce": secrets.token_hex(8), "seed": seed, "has_value": True}
    frame = wire.pack(question, [tuple(case) for case in cases], tensors=True)
    channel.expect_silence()
    channel.send(frame)
    for number in range(len(cases)):
        header, value = channel.receive()
        if (header.get("nonce"), header.get("case")) != (question["nonce"], number):
            raise wire.ProtocolError("an answer to another question")
        kind = header.get("is")
        if kind not in ("value", "raised", "not plain"):
            raise wire.ProtocolError("an answer of no known kind")
        answer.outputs.append(value if kind == "value" else _failure(header))


def _failure(header):
    """A failure in the room's words, each checked."""
    said = {key: header.get(key) for key in ("type", "line", "message")}
    if type(said["type"]) is not str or not said["type"].isidentifier():
        said["type"] = ""
    if type(said["line"]) is not int:
        said["line"] = None
    if type(said["message"]) is not str:
        said["message"] = ""
    return Failure(header["is"], said["type"][:80], said["line"], said["message"][:200])
