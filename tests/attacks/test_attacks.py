"""Every attack at every level that this machine has: no answer, no point, no trace."""

import contextlib
import dataclasses
import json
import os
import socket
import sysconfig
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from course_grader import grading
from course_grader.notebook import Found
from course_grader.room.launcher import Failure, Room
from course_grader.room.policy import ROOM, Limits
from course_grader.room.probe import probe
from course_lib.exercises import Exercise

from .attacks import ATTACKS

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).resolve().parents[2]
PACKAGES = sysconfig.get_path("purelib")
LIMITS = Limits(seconds=1, wall=4, memory=256 << 20)
EXERCISE = Exercise(
    id="attack.f",
    title="A target",
    reference=np.cumsum,
    cases=lambda rng: [(rng.normal(size=5),) for _ in range(2)],
    misconceptions=(),
)
KEY = b"a secret of the grader"
# The open level limits resources and keeps the answers out; it promises nothing more.
PROMISED = {
    "sealed": {attack.kind for attack in ATTACKS},
    "locked": {attack.kind for attack in ATTACKS},
    "open": {
        *("hang", "hang at exit", "exhaust", "flood", "lie", "protocol", "exit"),
        *("text", "constant", "hostile reading"),
    },
}
STRAY = {"stray", "stray.pth", "filled", "many-0", "link"}


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """Scenes by level, each built once."""
    with contextlib.ExitStack() as stack:
        built = {}

        def scene(level):
            if level not in built:
                built[level] = _build(level, tmp_path_factory.mktemp(level), stack)
            return built[level]

        yield scene


@pytest.fixture(params=["sealed", "locked", "open"])
def scene(request, stage):
    """A room of the level, and what there is to steal, change, reach or kill."""
    finding = probe(request.param)
    if not finding.holds:
        # In CI a level that is absent must be noticed: bubblewrap is installed there.
        (pytest.fail if os.environ.get("CI") else pytest.skip)(
            f"level {request.param}: {finding.why} {finding.breaches}"
        )
    return stage(request.param)


def _build(level, folder, stack):
    # Open to everyone: what protects these files is the room, not their modes.
    for part in (folder, folder.parent, folder.parent.parent):
        part.chmod(0o777)
    secret = folder / "secret"
    secret.write_text("the answers", encoding="utf-8")
    secret.chmod(0o644)
    tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    udp = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
    udp.bind(("127.0.0.1", 0))
    unix = stack.enter_context(socket.socket(socket.AF_UNIX))
    unix.bind(f"\0attack-{os.getpid()}-{level}")
    unix.listen()
    for listener in (tcp, udp, unix):
        listener.setblocking(False)
    known = {
        "SECRET": str(secret),
        "FOLDER": str(folder),
        "CHECKOUT": str(CHECKOUT),
        "PACKAGES": PACKAGES,
        "TCP": tcp.getsockname()[1],
        "UDP": udp.getsockname()[1],
        "UNIX": unix.getsockname().decode(),
        "GRADER": os.getpid(),
    }
    return SimpleNamespace(
        room=Witness(stack.enter_context(Room(level, limits=LIMITS))),
        prelude="\n".join(f"{name} = {value!r}" for name, value in known.items()),
        folder=folder,
        secret=secret,
        listeners=(tcp, udp, unix),
    )


class Witness:
    """A room that keeps what came out of it."""

    def __init__(self, room):
        self.room = room
        self.answer = None

    def ask(self, *arguments):
        self.answer = self.room.ask(*arguments)
        return self.answer

    def processes(self):
        server = psutil.Process(self.room._process.pid)
        return {p.pid for p in [server, *server.children(recursive=True)]}


def state(scene):
    """All that an attack might change."""
    elsewhere = [Path("/"), Path("/tmp"), Path("/dev/shm"), Path(PACKAGES), CHECKOUT]
    status = scene.secret.stat()
    return {
        "files": sorted(os.listdir(scene.folder)),
        "stray": [name for folder in elsewhere for name in STRAY if (folder / name).exists()],
        "room": {path: path.read_bytes() for path in ROOM.glob("*.py")},
        "secret": (scene.secret.read_text(), status.st_mode, status.st_mtime, status.st_uid),
        "attributes": os.listxattr(scene.secret),
        "processes": scene.room.processes(),
    }


def connections(listener):
    try:
        return listener.recv(1) if listener.type == socket.SOCK_DGRAM else listener.accept()
    except BlockingIOError:
        return None


@pytest.mark.parametrize(
    ("scene", "attack"),
    [(level, a) for level, kinds in PROMISED.items() for a in ATTACKS if a.kind in kinds],
    indirect=["scene"],
    ids=lambda value: getattr(value, "name", value),
)
def test_attack_gets_nothing_and_leaves_nothing(scene, attack):
    before = state(scene)
    result = grading.grade(
        EXERCISE, Found.alone(scene.prelude, attack.cell), KEY, "mallory", scene.room
    )
    assert result.points == 0
    assert result.outcome in attack.outcomes
    # Whatever it said can be written to a file.
    assert json.dumps(dataclasses.asdict(result), ensure_ascii=False).encode()
    assert len(result.message) < 1000
    if attack.kind == "forbidden":
        assert scene.room.answer.outputs
        assert all(isinstance(output, Failure) for output in scene.room.answer.outputs)
    assert state(scene) == before
    assert [connections(listener) for listener in scene.listeners] == [None] * 3
    # The next student finds a room that works and is empty.
    honest = grading.grade(
        EXERCISE, Found.alone("f = np.cumsum"), b"a secret of the grader", "ann", scene.room
    )
    assert honest.outcome == "correct"


def test_every_kind_of_attack_is_there():
    kinds = [attack.kind for attack in ATTACKS]
    assert len(ATTACKS) >= 86
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
    assert all(kinds.count(kind) >= 1 for kind in PROMISED["sealed"])


def ask(scene, cell, *case):
    return scene.room.ask([scene.prelude, cell], "f", [case])


def test_the_environment_holds_nothing_of_the_grader(scene):
    answer = ask(scene, "import os\ndef f(): return dict(os.environ)")
    (environment,) = answer.outputs
    assert set(environment) <= {
        "PATH",
        "LANG",
        "LC_CTYPE",
        "PWD",
        "OPENBLAS_NUM_THREADS",
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "MALLOC_ARENA_MAX",
        "MPLBACKEND",
        "HOME",
        "TMPDIR",
        "MPLCONFIGDIR",
        "PYTHONHASHSEED",
    }


def test_no_descriptor_is_inherited_but_the_channel(scene):
    cell = """
import os, stat
def f():
    found = []
    for descriptor in range(1024):
        try:
            status = os.fstat(descriptor)
        except OSError:
            continue
        found.append((descriptor, stat.S_ISCHR(status.st_mode), stat.S_ISSOCK(status.st_mode)))
    return found
"""
    (found,) = ask(scene, cell).outputs
    assert [(character, sock) for _, character, sock in found[:3]] == [(True, False)] * 3
    assert [(character, sock) for _, character, sock in found[3:]] == [(False, True)]


def test_no_object_in_the_room_knows_an_answer(scene):
    cell = """
import gc, sys
def f():
    names = set()
    frame = sys._getframe()
    while frame:
        names |= set(frame.f_locals) | set(frame.f_globals) | {frame.f_code.co_name}
        frame = frame.f_back
    for found in gc.get_objects():
        if type(found) is dict:
            names |= {key for key in found if type(key) is str}
    words = "verdict", "misconception", "diagnose", "hidden_cases"
    modules = [name for name in sys.modules if name.startswith(("course_lib", "course_grader"))]
    return [name for name in names if any(word in name for word in words)] + modules
"""
    assert ask(scene, cell).outputs == [[]]


def test_a_room_keeps_nothing_for_the_next_student(scene):
    ask(
        scene,
        "import builtins, sys\nbuiltins.left = sys.left = 1\nopen('left', 'w')\ndef f(): return 0",
    )
    answer = ask(
        scene,
        "import builtins, os, sys\ndef f():"
        "\n    return hasattr(builtins, 'left') or hasattr(sys, 'left') or os.path.exists('left')",
    )
    assert answer.outputs == [False]


def test_a_leaked_reference_would_be_noticed(scene):
    # The assertion on forbidden attacks is not vacuous: a value that comes back is seen.
    answer = ask(scene, "def f(): return 'something'")
    assert answer.outputs == ["something"]
