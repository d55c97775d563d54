"""The room's fork server: imports numpy (and torch) once, then forks for one or more exercises.

Started by `launcher` as a script, inside the outer box. Descriptor 0 is the control socket:

- the grader sends `wire.FORK` and a descriptor; the server forks, the child talks there;
- the grader sends ``K`` (kill it now) or ``W`` (it seems to have ended: wait a moment, then kill);
  the server answers with `wire.ENDED`.

The server itself never runs a student's code.
"""

import base64
import importlib
import json
import os
import random
import signal
import socket
import sys
import tempfile
import time
import types

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# Files that extend the path when Python starts are not in the room.
sys.path += [path for path in json.loads(sys.argv[1])["path"] if path not in sys.path]
import inert
import lockdown
import wire
import world

# What numpy imports late, and what students import themselves, is there in every fork.
_COMMON = "dataclasses itertools math statistics typing numpy.fft numpy.linalg numpy.random"
_QUESTION_BODY = wire.MAX_BODY
# The part of a package that takes the time
_ENTRANCES = {
    "matplotlib": "matplotlib.pyplot",
    "scipy": "scipy.stats",
    "sklearn": "sklearn.metrics",
}


def main(settings):
    control = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    for name in (*settings["modules"], *_COMMON.split()):
        for part in _ENTRANCES.get(name, name).split():
            importlib.import_module(part)
    if settings["rules"]:
        lockdown.assert_one_thread()
    rules = lockdown.ruleset(settings["rules"]) if settings["rules"] else None
    program = base64.b64decode(settings["filter"])
    os.dup2(null, 2)
    control.send(b"R")
    server = os.getpid()
    while True:
        request, descriptors, _, _ = socket.recv_fds(control, wire.FORK.size, 1)
        if not request:
            return
        settings["cpu_seconds"] = wire.FORK.unpack(request)[1]
        pid = os.fork()
        if pid == 0:
            _child(server, descriptors[0], settings, rules, program)
        os.close(descriptors[0])
        order = control.recv(1)
        ended = _end(pid, patience=0.5 if order == b"W" else 0)
        if not order:
            return
        control.send(wire.ENDED.pack(*ended))


def _end(pid, patience):
    """Kill the child, unless it ends by itself in the time given."""
    until = time.monotonic() + patience
    while True:
        found, status, usage = os.wait4(pid, os.WNOHANG)
        if found or time.monotonic() >= until:
            break
        time.sleep(0.005)
    if not found:
        os.kill(pid, signal.SIGKILL)
        _, status, usage = os.wait4(pid, 0)
    return status, bool(found), usage.ru_utime + usage.ru_stime


def _child(server, descriptor, settings, rules, program):
    try:
        channel = wire.Channel(socket.socket(fileno=descriptor))
        try:
            own = _lock(server, descriptor, settings, rules, program)
        except BaseException as error:
            why = f"{type(error).__name__}: {error}"
            channel.send(wire.pack({"is": "unlocked", "why": why}))
            return
        channel.send(wire.pack({"is": "locked"}))
        if not own:
            inert.Files().install()
        _serve(channel, settings)
    finally:
        os._exit(0)


def _lock(server, descriptor, settings, rules, program):
    """Close all doors; returns whether there is a folder to write to."""
    scratch = settings["scratch"]
    # A kernel that refuses leaves the folder as it is, read-only.
    own = bool(scratch) and lockdown.own_folder(scratch)
    lockdown.limit(settings["memory"], settings["cpu_seconds"], own)
    if own:
        os.chdir(scratch)
        os.environ |= dict.fromkeys(("HOME", "TMPDIR", "MPLCONFIGDIR", "PWD"), scratch)
        tempfile.tempdir = None
        # A notebook may write a module and import it.
        sys.path.append(scratch)
    if rules:
        rules.apply()
    lockdown.leave_root(keep_reading=rules is not None)
    # After the change of user, which clears it.
    lockdown.die_with_parent(server)
    os.closerange(3, descriptor)
    os.closerange(descriptor + 1, 1024)
    if program:
        lockdown.filter_calls(program)
    return own


def _serve(channel, settings):
    """Answer one question after the other until the grader asks no more."""
    world_now = _Now()
    finder = inert.Finder(settings["library"], lambda word: world_now.world.used.add(word))
    shell = inert.Shell(lambda *text, **more: world_now.world.run_text(*text, **more), finder.used)
    inert.install(shell, finder)
    while True:
        wire.MAX_BODY = _QUESTION_BODY
        try:
            question = channel.receive()
        except EOFError:
            return
        _answer(channel, settings, world_now, *question)


class _Now:
    """Where the world stands that is being built or asked."""

    world = None


def _answer(channel, settings, world_now, header, text):
    room = types.ModuleType("__main__")
    sys.modules["__main__"] = room
    for name in header["names"]:
        setattr(room, name, sys.modules[wire.MODULES[name]])
    built = world_now.world = world.World(
        room.__dict__,
        header["function"],
        json.loads(bytes(text)),
        header["place"],
        header["until"],
        header["whole"],
        settings["world_seconds"],
        set(settings["modules"]),
        settings["library"],
    )
    try:
        built.build()
    except world.NeedsModules as error:
        channel.send(wire.pack({"is": "needs", "modules": sorted(error.args[0])}))
        return
    found = {"used": sorted(built.used), "inexact": built.inexact, "failed": None}
    if built.failure is not None:
        # No input has arrived yet that a message could repeat.
        found["failed"] = _raised(built.failure) | {"message": _said(built.failure)}
    function = built.function
    state = "ready" if function is not None else "raised" if built.failure else "undefined"
    channel.send(wire.pack({"is": state} | found))
    if function is None:
        return
    header, cases = channel.receive(tensors=True)
    wire.MAX_BODY = wire.MAX_REPLY
    for number, case in enumerate(cases):
        channel.send(_reply(function, case, header | {"case": number}))


def _said(error):
    try:
        return str(error)[:200]
    except BaseException:
        return ""


def _reply(function, arguments, question):
    reply = {"nonce": question["nonce"], "case": question["case"]}
    _seed(question["seed"])
    try:
        value = function(*arguments)
    except BaseException as error:
        return wire.pack(reply | _raised(error))
    try:
        return wire.pack(reply | {"is": "value", "has_value": True}, value)
    except BaseException:
        return wire.pack(reply | {"is": "not plain"})


def _seed(seed):
    random.seed(seed)
    sys.modules["numpy"].random.seed(seed)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)


def _raised(error):
    """Type and line of an exception, without its message, which might repeat an input."""
    name, line, trace = type(error).__name__, getattr(error, "lineno", None), error.__traceback__
    if name == "RuntimeError" and "allocate memory" in _said(error):
        name = "MemoryError"
    while trace:
        if trace.tb_frame.f_code.co_filename == "<cell>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return {"is": "raised", "type": name, "line": line}


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
