"""What a hostile cell may try, each as the code of a student's cell that defines ``f(x)``.

Before the cell, the room knows the names ``SECRET`` (a file of the grader), ``FOLDER`` (a folder
that anyone may write to), ``CHECKOUT``, ``PACKAGES`` (site-packages), ``TCP`` and ``UDP`` (ports on
which the grader listens), ``UNIX`` (its socket in the abstract namespace) and ``GRADER`` (its
process). An attack of the kind *forbidden* raises where it is stopped and returns where it is not.
"""

from dataclasses import dataclass
from textwrap import dedent


@dataclass(frozen=True)
class Attack:
    """An attack, its kind, and the outcomes that may come of it (all of them without points)."""

    name: str
    kind: str
    cell: str
    outcomes: tuple[str, ...]


ATTACKS = []


def _add(kind, outcomes, **cells):
    for name, cell in cells.items():
        ATTACKS.append(Attack(name, kind, dedent(cell).strip(), tuple(outcomes.split())))


_CALL = """
import ctypes
def call(name, *arguments):
    answer = getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments)
    if answer < 0:
        raise OSError(ctypes.get_errno(), name)
    return answer
"""

_add(
    "hang",
    "timeout",
    loop_in_function="""
        def f(x):
            while True:
                pass
        """,
    loop_in_cell="""
        while True:
            pass
        """,
    loop_in_c="""
        import re
        def f(x):
            return bool(re.match(r"(a+)+$", "a" * 40 + "b"))
        """,
    loop_that_catches_everything="""
        def f(x):
            while True:
                try:
                    while True:
                        pass
                except BaseException:
                    pass
        """,
    loop_that_ignores_signals="""
        import signal
        for number in range(1, 65):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        def f(x):
            while True:
                pass
        """,
    sleep="""
        import time
        def f(x):
            time.sleep(60)
        """,
    loop_in_destructor="""
        class Trap:
            def __del__(self):
                while True:
                    pass
        def f(x):
            Trap()
            return 1.0
        """,
    half_a_frame_then_sleep="""
        import os, time
        def f(x):
            for descriptor in range(3, 64):
                try:
                    os.write(descriptor, b"ro")
                except OSError:
                    pass
            time.sleep(60)
        """,
    outlive_the_parent=_CALL
    + """
def f(x):
    try:
        call("prctl", 1, 0, 0, 0, 0)
    except OSError:
        pass
    while True:
        pass
""",
)

_add(
    "hang at exit",
    "wrong",
    sleep_at_exit="""
        import atexit, time
        atexit.register(time.sleep, 60)
        def f(x):
            return 1.0
        """,
)

_add(
    "exhaust",
    "memory raised timeout",
    bytearray_of_8_gb="""
        def f(x):
            return len(bytearray(8 << 30))
        """,
    array_of_8_gb="""
        def f(x):
            return float(np.ones(1 << 30).sum())
        """,
    growing_list="""
        def f(x):
            kept = []
            while True:
                kept.append(bytearray(1 << 20))
        """,
    shared_memory_map="""
        import mmap
        def f(x):
            return len(mmap.mmap(-1, 8 << 30))
        """,
    memory_error_that_is_caught="""
        def f(x):
            kept = []
            while True:
                try:
                    kept.append(bytearray(1 << 24))
                except MemoryError:
                    raise ValueError
        """,
    recursion="""
        def f(x):
            return f(x)
        """,
    recursion_without_limit="""
        import sys
        sys.setrecursionlimit(10**9)
        def f(x):
            return [f(x)]
        """,
)

_add(
    "forbidden",
    "raised",
    fork="""
        import os
        def f(x):
            children = 0
            while children < 32:
                pid = os.fork()
                if pid == 0:
                    import time
                    time.sleep(30)
                    os._exit(0)
                children += 1
            return children
        """,
    threads="""
        import threading, time
        def f(x):
            for _ in range(300):
                threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
            return threading.active_count()
        """,
    subprocess="""
        import subprocess
        def f(x):
            return subprocess.run(["/bin/echo", "hi"], capture_output=True, text=True).stdout
        """,
    posix_spawn="""
        import os
        def f(x):
            return os.posix_spawn("/bin/true", ["true"], {})
        """,
    execute="""
        import os
        def f(x):
            os.execv("/bin/true", ["true"])
        """,
    fill_shared_memory="""
        def f(x):
            with open("/dev/shm/filled", "wb") as file:
                return file.write(bytes(10 << 20))
        """,
    fill_temporary_folder="""
        def f(x):
            with open("/tmp/filled", "wb") as file:
                return file.write(bytes(10 << 20))
        """,
    many_files="""
        def f(x):
            for number in range(20_000):
                open(f"many-{number}", "w").close()
            return number
        """,
    memory_file="""
        import os
        def f(x):
            return os.write(os.memfd_create("x"), bytes(1 << 20))
        """,
    read_the_grader_s_file="""
        def f(x):
            return open(SECRET).read()
        """,
    read_the_grader_s_folder="""
        import os
        def f(x):
            return os.listdir(FOLDER)
        """,
    read_passwords="""
        def f(x):
            return open("/etc/passwd").read()
        """,
    read_home="""
        import os
        def f(x):
            return os.listdir("/root") + os.listdir("/home")
        """,
    read_the_chapters="""
        def f(x):
            return open(CHECKOUT + "/chapters/metrics.md").read()
        """,
    read_the_references="""
        def f(x):
            return open(CHECKOUT + "/course_lib/exercises/metrics.py").read()
        """,
    import_the_references="""
        import sys
        def f(x):
            sys.path.insert(0, CHECKOUT)
            return len(__import__("course_lib.exercises").exercises.catalog())
        """,
    read_the_references_beside_the_library="""
        import importlib
        def f(x):
            library = importlib.import_module("course_lib")
            return open(library.__path__[0] + "/exercises/metrics.py").read()
        """,
    import_the_references_from_beside_the_library="""
        import importlib, importlib.util
        def f(x):
            place = importlib.import_module("course_lib").__path__[0] + "/exercises/metrics.py"
            spec = importlib.util.spec_from_file_location("course_lib.exercises.metrics", place)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return len(module.EXERCISES)
        """,
    import_the_grader="""
        import sys
        def f(x):
            sys.path.insert(0, CHECKOUT)
            import course_grader.grading
            return course_grader.grading.__file__
        """,
    read_the_grader_s_environment="""
        def f(x):
            return open(f"/proc/{GRADER}/environ").read()
        """,
    read_the_grader_s_memory="""
        def f(x):
            return open(f"/proc/{GRADER}/mem", "rb").read(1)
        """,
    read_the_server_s_memory="""
        import os
        def f(x):
            return open(f"/proc/{os.getppid()}/mem", "rb").read(1)
        """,
    read_the_server_s_command_line="""
        import os
        def f(x):
            return open(f"/proc/{os.getppid()}/cmdline").read()
        """,
    list_processes="""
        import os
        def f(x):
            return os.listdir("/proc")
        """,
    go_through_proc_root="""
        def f(x):
            return open("/proc/self/root" + SECRET).read()
        """,
    symlink="""
        import os
        def f(x):
            os.symlink(SECRET, "link")
            return open("link").read()
        """,
    hard_link="""
        import os
        def f(x):
            os.link(SECRET, FOLDER + "/link")
            return True
        """,
    write_outside="""
        def f(x):
            return open(FOLDER + "/stray", "w").write("x")
        """,
    write_a_package="""
        def f(x):
            return open(PACKAGES + "/stray.pth", "w").write("x")
        """,
    write_the_room="""
        import sys
        def f(x):
            return open(sys.modules["wire"].__file__, "a").write("x")
        """,
    truncate="""
        import os
        def f(x):
            os.truncate(SECRET, 0)
            return True
        """,
    remove="""
        import os
        def f(x):
            os.unlink(SECRET)
            return True
        """,
    rename="""
        import os
        def f(x):
            os.rename(SECRET, SECRET + "x")
            return True
        """,
    make_folder="""
        import os
        def f(x):
            os.mkdir(FOLDER + "/stray")
            return True
        """,
    change_mode="""
        import os
        def f(x):
            os.chmod(SECRET, 0o777)
            return True
        """,
    change_owner="""
        import os
        def f(x):
            os.chown(SECRET, 65534, 65534)
            return True
        """,
    change_times="""
        import os
        def f(x):
            os.utime(SECRET, (0, 0))
            return True
        """,
    change_attributes="""
        import os
        def f(x):
            os.setxattr(SECRET, "user.x", b"1")
            return True
        """,
    tcp="""
        import socket
        def f(x):
            return socket.create_connection(("127.0.0.1", TCP), 1).fileno()
        """,
    udp="""
        import socket
        def f(x):
            return socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", UDP))
        """,
    unix_socket="""
        import socket
        def f(x):
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(UNIX)
            return connection.fileno()
        """,
    socket_pair="""
        import socket
        def f(x):
            return len(socket.socketpair())
        """,
    signal_the_grader="""
        import os
        def f(x):
            os.kill(GRADER, 0)
            return True
        """,
    signal_the_server="""
        import os
        def f(x):
            os.kill(os.getppid(), 0)
            return True
        """,
    signal_everyone="""
        import os
        def f(x):
            os.kill(-1, 0)
            return True
        """,
    signal_by_descriptor="""
        import fcntl, os
        def f(x):
            end, _ = os.pipe()
            fcntl.fcntl(end, fcntl.F_SETOWN, os.getppid())
            fcntl.fcntl(end, 10, 9)
            return True
        """,
    pidfd="""
        import os
        def f(x):
            return os.pidfd_open(os.getppid())
        """,
    limit_the_server="""
        import os, resource
        def f(x):
            return resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1))
        """,
    raise_own_limit="""
        import resource
        def f(x):
            resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
            return True
        """,
    trace=_CALL
    + """
def f(x):
    return call("ptrace", 16, GRADER, 0, 0)
""",
    read_memory_by_call=_CALL
    + """
import os
def f(x):
    return call("process_vm_readv", os.getppid(), None, 0, None, 0, 0)
""",
    new_namespace=_CALL
    + """
def f(x):
    return call("unshare", 0x10000000)
""",
    mount=_CALL
    + """
def f(x):
    return call("mount", b"none", b"/usr", b"tmpfs", 0, None)
""",
    change_root="""
        import os
        def f(x):
            os.chroot("/usr")
            return True
        """,
    become_root="""
        import os
        def f(x):
            os.setuid(0)
            return True
        """,
    allow_dumps=_CALL
    + """
def f(x):
    return call("prctl", 4, 1, 0, 0, 0)
""",
    io_uring=_CALL
    + """
def f(x):
    return call("syscall", 425, 8, ctypes.create_string_buffer(120))
""",
    keys=_CALL
    + """
def f(x):
    return call("syscall", 250, 0, -3, 1)
""",
    system_v_memory=_CALL
    + """
def f(x):
    return call("shmget", 0, 4096, 0o1600)
""",
)

# What a room allows within its limits, or does not know; it ends with the process.
_add(
    "allowed",
    "wrong raised",
    thread_that_outlives="""
        import _thread, time
        def f(x):
            _thread.start_new_thread(time.sleep, (30,))
            return 0.0
        """,
    thread_that_answers_for_the_function="""
        import threading
        def f(x):
            threading.Thread(target=f, args=(x,), daemon=True).start()
            return 0.0
        """,
    write_here="""
        def f(x):
            return open("stray", "w").write("x")
        """,
    folders_here="""
        import os
        def f(x):
            os.makedirs("stray/" * 50)
            return 0.0
        """,
    leave_a_module_here="""
        def f(x):
            open("numpy.py", "w").write("cumsum = None")
            return 0.0
        """,
)

_add(
    "text",
    "raised wrong bad_type",
    lone_surrogate_in_a_message="""
        raise ValueError(chr(0xD800))
        """,
    lone_surrogate_in_an_answer="""
        def f(x):
            return {chr(0xDFFF): [chr(0xD800)]}
        """,
    lone_surrogate_in_a_name="""
        def f(x):
            raise type("E" + chr(0xD800), (Exception,), {})
        """,
    message_that_is_none="""
        class Silent(Exception):
            def __str__(self):
                raise SystemExit
        raise Silent
        """,
    message_of_a_megabyte="""
        raise ValueError("x" * (1 << 20))
        """,
    message_for_a_terminal="""
        raise ValueError("<img src=x onerror=alert(1)> =cmd|" + chr(27) + "[31m" + chr(0x202E))
        """,
)

_add(
    "constant",
    "wrong bad_type",
    zero="f = lambda x: 0.0",
    zeros="f = lambda x: np.zeros(5)",
    none="f = lambda x: None",
    the_input="f = lambda x: x",
    the_sum="f = lambda x: np.full(5, x.sum())",
)

_add(
    "hostile reading",
    "wrong raised timeout memory missing",
    many_statements="""
        a = 0
        """
    + "a;" * 24_000
    + """
        def f(x):
            return a
        """,
    deep_expression="f = lambda x: " + "(" * 20_000 + ")" * 20_000,
    deep_nesting="\n".join(" " * i + "if 1:" for i in range(99)) + "\n" + " " * 99 + "f = 0",
    long_number="f = lambda x: " + "9" * 40_000,
    null_byte="def f(x):\n    return 0.0\0",
    magics="\n".join(["%time 0"] * 5_000) + "\nf = lambda x: 0.0",
    names="\n".join(f"v{i} = v{i + 1}" for i in range(2_000)) + "\nf = lambda x: v0",
)

_add(
    "flood",
    "wrong bad_type",
    bytes_where_a_tuple_is_due="""
        def f(x):
            return np.zeros(33_000_000, np.int8)
        """,
    bytes_just_below_the_limit="""
        def f(x):
            return np.zeros((4 << 20) - 64, np.int8)
        """,
    print_64_mb="""
        def f(x):
            for _ in range(1000):
                print("x" * 65_536)
            return 1.0
        """,
    write_64_mb_to_standard_output="""
        import os
        def f(x):
            for _ in range(1000):
                os.write(1, bytes(65_536))
                os.write(2, bytes(65_536))
            return 1.0
        """,
    array_beyond_the_frame="""
        def f(x):
            return np.zeros(5 << 20)
        """,
    array_of_10_to_the_15="""
        def f(x):
            return np.broadcast_to(np.float64(1), (1_000_000, 1_000_000, 1000))
        """,
    list_of_a_million="""
        def f(x):
            return list(range(10**6))
        """,
    list_in_list_100000_times="""
        def f(x):
            nested = []
            for _ in range(100_000):
                nested = [nested]
            return nested
        """,
    list_in_itself="""
        def f(x):
            nested = []
            nested.append(nested)
            return nested
        """,
    huge_integer="""
        def f(x):
            return 10**200_000
        """,
    huge_text="""
        def f(x):
            return "x" * 10**7
        """,
)

_add(
    "lie",
    "wrong bad_type raised",
    always_equal="""
        class Answer:
            def __eq__(self, other):
                return True
            def __array__(self, *args, **kwargs):
                return np.zeros(5)
        def f(x):
            return Answer()
        """,
    array_subclass="""
        class Answer(np.ndarray):
            def __eq__(self, other):
                return True
            def __sub__(self, other):
                return np.zeros(5)
        def f(x):
            return np.zeros(5).view(Answer)
        """,
    float_subclass="""
        class Answer(float):
            def __eq__(self, other):
                return True
        def f(x):
            return Answer(3)
        """,
    list_subclass="""
        class Answer(list):
            def __iter__(self):
                return iter(range(5))
            def __len__(self):
                return 5
        def f(x):
            return Answer()
        """,
    objects_in_an_array="""
        class Bomb:
            def __reduce__(self):
                return exec, ("raise SystemExit",)
        def f(x):
            return np.array([Bomb()] * 5, dtype=object)
        """,
    pickled_bytes="""
        import pickle
        def f(x):
            return pickle.dumps(x)
        """,
    not_a_number="""
        def f(x):
            return np.full(5, np.nan)
        """,
    infinite="""
        def f(x):
            return np.full(5, np.inf)
        """,
    complex_infinity="""
        def f(x):
            return np.full(5, complex(np.nan, np.inf))
        """,
    patched_comparison="""
        import numpy.testing
        np.allclose = np.array_equal = np.isclose = lambda *args, **kwargs: True
        numpy.testing.assert_allclose = lambda *args, **kwargs: None
        def f(x):
            return np.zeros(5)
        """,
    changed_input="""
        def f(x):
            x[...] = 0
            return x
        """,
    broadcastable_scalar="""
        def f(x):
            return 0.0
        """,
    broadcastable_column="""
        def f(x):
            return np.cumsum(x)[:, None]
        """,
    wrong_type="""
        def f(x):
            return np.cumsum(x).astype("U32")
        """,
    too_few_digits="""
        def f(x):
            return np.cumsum(x).astype(np.float16)
        """,
    empty="""
        def f(x):
            return np.zeros((5, 0))
        """,
    class_that_claims_to_be_torch="""
        class Tensor:
            def detach(self):
                raise SystemExit
        Tensor.__module__ = "torch"
        def f(x):
            return Tensor()
        """,
    hostile_conversion="""
        class Answer:
            def __array__(self, *args, **kwargs):
                raise SystemExit
        def f(x):
            return Answer()
        """,
    generator="""
        def f(x):
            yield from x
        """,
)

_FORGE = """
import json, os, struct
def say(data):
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, data)
        except OSError:
            pass
def frame(header, body=b""):
    text = json.dumps(header).encode()
    return struct.pack("<4sII", b"room", len(text), len(body)) + text + body
"""
_add(
    "protocol",
    "protocol_violation",
    forged_verdict=_FORGE
    + """
def f(x):
    say(frame({"is": "verdict", "score": 100, "passed": True}))
    return 0
""",
    forged_value_before_the_cell_ends=_FORGE
    + """
say(frame({"is": "value", "nonce": "0" * 16, "has_value": True, "value": ["f", "0x1p0"]}))
def f(x):
    return 0
""",
    garbage=_FORGE
    + """
def f(x):
    say(b"\\xff" * 1000)
    return 0
""",
    giant_header=_FORGE
    + """
def f(x):
    say(struct.pack("<4sII", b"room", 0xFFFFFFFF, 0xFFFFFFFF))
    return 0
""",
    deep_header=_FORGE
    + """
def f(x):
    say(struct.pack("<4sII", b"room", 900_000, 0) + b"[" * 900_000)
    return 0
""",
    array_without_bytes=_FORGE
    + """
def f(x):
    say(frame({"has_value": True, "value": ["a", "float64", [4_000_000]]}))
    return 0
""",
    patched_protocol="""
        import sys
        wire = sys.modules["wire"]
        honest = wire.pack
        wire.pack = lambda header, value=None: honest({"is": "correct", "score": 100})
        def f(x):
            return 0
        """,
    replay=_FORGE
    + """
import sys
wire = sys.modules["wire"]
honest, replies = wire.pack, []
def replay(header, value=None):
    replies.append(honest(header, value))
    return replies[1] if len(replies) > 1 else replies[0]
wire.pack = replay
def f(x):
    return np.cumsum(x)
""",
    closed_channel="""
        import os, time
        def f(x):
            os.closerange(3, 64)
            time.sleep(60)
        """,
)

_add(
    "exit",
    "raised",
    exit_in_function="""
        import sys
        def f(x):
            sys.exit(0)
        """,
    exit_in_cell="""
        import sys
        sys.exit(0)
        """,
    hard_exit="""
        import os
        def f(x):
            os._exit(0)
        """,
    segmentation_fault="""
        import ctypes
        def f(x):
            ctypes.string_at(0)
        """,
    abort="""
        import os
        def f(x):
            os.abort()
        """,
    interrupt="""
        def f(x):
            raise KeyboardInterrupt
        """,
)
