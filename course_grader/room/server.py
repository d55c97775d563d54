"""The room's fork server: imports numpy (and torch) once, then forks once an exercise.

Started by `launcher` as a script, inside the outer box. Descriptor 0 is the control socket:

- the grader sends one byte and a descriptor; the server forks, the child talks there;
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
import time
import types

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lockdown
import wire

# What numpy imports late, and what students import themselves, is there in every fork.
_COMMON = "dataclasses itertools math statistics typing numpy.fft numpy.linalg numpy.random"


def main(settings):
    control = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    for name in (*settings["modules"], *_COMMON.split()):
        importlib.import_module(name)
    if settings["rules"]:
        lockdown.assert_one_thread()
    rules = lockdown.ruleset(settings["rules"]) if settings["rules"] else None
    program = base64.b64decode(settings["filter"])
    os.dup2(null, 2)
    control.send(b"R")
    server = os.getpid()
    while True:
        request, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not request:
            return
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
            _lock(server, descriptor, settings, rules, program)
        except BaseException as error:
            why = f"{type(error).__name__}: {error}"
            channel.send(wire.pack({"is": "unlocked", "why": why}))
            return
        channel.send(wire.pack({"is": "locked"}))
        _serve(channel, settings["modules"])
    finally:
        os._exit(0)


def _lock(server, descriptor, settings, rules, program):
    lockdown.limit(settings["memory"], settings["cpu_seconds"])
    if rules:
        rules.apply()
    lockdown.leave_root(keep_reading=rules is not None)
    # After the change of user, which clears it.
    lockdown.die_with_parent(server)
    os.closerange(3, descriptor)
    os.closerange(descriptor + 1, 1024)
    if program:
        lockdown.filter_calls(program)


def _serve(channel, modules):
    header, _ = channel.receive()
    room = types.ModuleType("__main__")
    sys.modules["__main__"] = room
    for name in modules:
        setattr(room, {"numpy": "np"}.get(name, name), sys.modules[name])
    *helpers, cell = header["cells"]
    for source in helpers:
        # A helper that fails is missed where it is needed.
        _run(source, "<helper>", room)
    error = _run(cell, "<cell>", room)
    if error:
        # No input has arrived yet that a message could repeat.
        channel.send(wire.pack(_raised(error) | {"message": str(error)[:200]}))
        return
    function = getattr(room, header["function"], None)
    channel.send(wire.pack({"is": "ready" if callable(function) else "undefined"}))
    header, cases = channel.receive(tensors=True)
    replies = [_reply(function, case, header | {"case": i}) for i, case in enumerate(cases)]
    channel.send(b"".join(replies))


def _run(source, name, room):
    try:
        exec(compile(source, name, "exec"), room.__dict__)
    except BaseException as error:
        return error


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
    if name == "RuntimeError" and "allocate memory" in str(error):
        name = "MemoryError"
    while trace:
        if trace.tb_frame.f_code.co_filename == "<cell>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return {"is": "raised", "type": name, "line": line}


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
