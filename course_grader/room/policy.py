"""What a room may do, decided on the trusted side: calls, files, limits, and the outer box."""

import functools
import importlib.metadata
import os
import re
import shutil
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path

LEVELS = ("sealed", "locked", "open")
# The folder in which a student's code runs and may write, at level sealed
SCRATCH = "/home/student"
ROOM = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Limits:
    """What one exercise may use.

    Attributes
    ----------
    seconds : int
        Processor time.
    wall : int
        Seconds on the clock: more, because a busy machine is not the student's fault.
    memory : int
        Bytes beyond what Python and the imported packages take.
    world : int
        Processor time, of `seconds`, for the cells of the notebook around the answer's.
    """

    seconds: int = 10
    wall: int = 20
    memory: int = 1 << 30
    world: int = 3


USUAL = Limits()

# Everything else does not exist in the room: no process, signal, socket, memory of others, change
# of a file or its attributes, or namespace. A list of what is allowed also holds against the calls
# that a future kernel will bring.
_CALLS = """
    read write readv writev pread64 pwrite64 lseek close close_range dup dup2 dup3
    open openat stat fstat lstat newfstatat fstatat64 statx access faccessat faccessat2
    readlink readlinkat getdents getdents64 getcwd
    select _newselect pselect6 poll ppoll epoll_create1 epoll_ctl epoll_wait epoll_pwait
    pipe pipe2 recvfrom recvmsg sendto sendmsg
    brk mmap mmap2 munmap mremap mprotect madvise membarrier
    rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack restart_syscall
    futex set_robust_list rseq sched_yield sched_getaffinity getcpu
    nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday time times getrusage
    getpid getppid gettid getuid geteuid getgid getegid getresuid getresgid getgroups getpgrp getsid
    uname sysinfo getrandom exit exit_group setitimer getitimer
"""
# In a folder of its own; Landlock forbids them elsewhere.
_WRITING_CALLS = "mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 ftruncate fsync"
# The flags with which glibc and musl start a thread: it shares all with the process, and ends with
# it. No process is started so. (`clone3` cannot be filtered; the C library goes on without it.)
_THREAD_FLAGS = (0x3D0F00, 0x7D0F00)
# F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC: nothing that makes a descriptor
# send signals to others.
_FCNTL = (0, 1, 2, 3, 4, 1030)
# TCGETS, FIONREAD, FIONCLEX, FIOCLEX
_IOCTL = (0x5401, 0x541B, 0x5450, 0x5451)


@functools.cache
def filter_program(writing):
    """The seccomp filter as bytes, for the processor of this machine.

    Parameters
    ----------
    writing : bool
        Whether the room has a folder to write to.

    Raises
    ------
    RuntimeError, ImportError
        If pyseccomp or libseccomp is missing.
    """
    import pyseccomp as seccomp

    program = seccomp.SyscallFilter(seccomp.ERRNO(38))
    for call in f"{_CALLS} {_WRITING_CALLS if writing else ''}".split():
        # A name that this processor or this libseccomp does not know needs no permission.
        if seccomp.resolve_syscall(seccomp.Arch.NATIVE, call) >= 0:
            program.add_rule(seccomp.ALLOW, call)
    allowed = (("fcntl", 1, _FCNTL), ("ioctl", 1, _IOCTL), ("clone", 0, _THREAD_FLAGS))
    for call, position, values in allowed:
        for value in values:
            program.add_rule(seccomp.ALLOW, call, seccomp.Arg(position, seccomp.EQ, value))
    # One may read one's own limits.
    program.add_rule(
        seccomp.ALLOW,
        "prlimit64",
        seccomp.Arg(0, seccomp.EQ, 0),
        seccomp.Arg(2, seccomp.EQ, 0),
    )
    with tempfile.TemporaryFile() as file:
        program.export_bpf(file)
        file.seek(0)
        return file.read()


def library():
    """The folder of `course_lib`, which a room may import without its exercises."""
    import course_lib

    return Path(course_lib.__file__).resolve().parent


@functools.cache
def visible_paths(with_library):
    """All that a room may read: a list of files and folders, and what is left out of them.

    Python itself, its standard library, the system's shared libraries, and those packages that
    students use, with what they require. Not the folders around them: a second copy of the answers
    may lie anywhere.

    Returns
    -------
    shown : list of Path
    hidden : list of Path
        Below those shown.
    """
    standard = {Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")}
    shown = {*standard, Path(sys.prefix, "pyvenv.cfg"), *_SYSTEM}
    shown |= {Path(sys.executable), Path(sys.executable).resolve()}
    shown |= {Path(folder, triplet) for folder in _LIBRARIES for triplet in _triplets()}
    shown |= {loader for folder in _LIBRARIES for loader in Path(folder).glob("ld-*.so*")}
    for prefix in {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}:
        # Where Python was built or installed by itself, its libraries lie beside it.
        shown |= set(Path(prefix, "lib").glob("*.so*"))
    hidden = set()
    for folder in shown:
        for name in ("site-packages", "dist-packages"):
            hidden |= set(folder.glob(name)) | set(folder.glob(f"python3*/{name}"))
    shown |= set(_packages())
    shown.add(ROOM)
    if with_library:
        shown.add(library())
        hidden |= {library() / "exercises"}
    return sorted(path for path in shown if path.exists()), sorted(hidden)


# Links to the chosen one of several libraries, the loader's index, time zones
_SYSTEM = tuple(map(Path, ("/etc/alternatives", "/etc/ld.so.cache", "/usr/share/zoneinfo")))
# Where the dynamic loader finds shared libraries
_LIBRARIES = ("/lib", "/usr/lib", "/lib64", "/usr/lib64")
# What the room itself and students' notebooks import; what `course_lib` requires comes with it.
_PACKAGES = """
    course-lib ipython landlock numba numpy matplotlib opencv-python opencv-python-headless pandas
    pillow plotly scikit-image scikit-learn scipy seaborn statsmodels sympy torch torchvision tqdm
"""


def _triplets():
    """Names of the folder for this processor's libraries; empty where they lie at the top."""
    triplet = sysconfig.get_config_var("MULTIARCH")
    found = [triplet] if triplet and Path("/usr/lib", triplet).exists() else []
    # Debian keeps the loader alone in /lib64; elsewhere all libraries are there.
    return found or [""]


@functools.cache
def _packages():
    """The files and folders of the packages that a room may import."""
    paths = []
    waiting, seen = _PACKAGES.split(), set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            found = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        needed = [text for text in found.requires or () if "extra ==" not in text]
        waiting += [re.match(r"[\w.-]+", text).group() for text in needed]
        if name != "course-lib":
            paths += _top_level(found)
    return paths


def _top_level(distribution):
    record = distribution.read_text("RECORD") or ""
    first = {line.partition("/")[0].partition(",")[0] for line in record.splitlines()}
    if not first:
        first = set((distribution.read_text("top_level.txt") or distribution.name).split())
    for name in first - {"..", "__pycache__", ""}:
        # What runs by itself when Python starts is left out.
        if not name.endswith(".pth"):
            yield Path(distribution.locate_file(name))


def import_path():
    """The folders in which Python finds those packages."""
    return list(dict.fromkeys(str(path.parent) for path in _packages()))


def second_copies(with_library=True):
    """Other copies of the answers among what a room may read: there must be none.

    Returns
    -------
    list of Path
    """
    exercises = library() / "exercises"
    names = {path.name for path in exercises.glob("*.py") if path.name[0] != "_"}
    names |= {f"{Path(name).stem}.{end}" for name in names for end in ("md", "ipynb")}
    marks = [f'"{name[:-3]}.'.encode() for name in names if name.endswith(".py")]
    shown, hidden = visible_paths(with_library)
    return [path for path in _files(shown, hidden) if path.name in names and _tells(path, marks)]


def _files(shown, hidden):
    for path in shown:
        if path.is_file():
            yield path
        for folder, folders, names in os.walk(path):
            folders[:] = [name for name in folders if Path(folder, name) not in hidden]
            yield from (Path(folder, name) for name in names)


def _tells(path, marks):
    """Whether a file of such a name speaks of exercises."""
    try:
        text = path.read_bytes()
    except OSError:
        return False
    return b"xercise" in text and any(mark in text for mark in marks)


def file_rules(level, with_library):
    """Landlock rules: what is shown, without what is hidden.

    Landlock can only permit whole trees, so a folder with something hidden below it is opened child
    by child.
    """
    shown, hidden = visible_paths(with_library)
    rules = {"trees": [], "listed": [], "files": [], "written": []}
    if level == "sealed":
        # Its tmpfs is mounted later; this kernel goes on to ask the folder above.
        rules["written"].append(str(Path(SCRATCH).parent))
    hidden = {path.resolve() for path in hidden}

    def permit(path):
        if path in hidden:
            return
        if any(secret.is_relative_to(path) for secret in hidden):
            rules["listed"].append(str(path))
            for child in path.iterdir():
                if not child.is_symlink():
                    permit(child)
        elif path.is_dir():
            rules["trees"].append(str(path))
        elif path.is_file():
            rules["files"].append(str(path))

    for path in sorted({path.resolve() for path in shown}):
        permit(path)
    return rules


def box_command(with_library):
    """The bubblewrap command line of a sealed room, up to the program that runs in it."""
    shown, hidden = visible_paths(with_library)
    command = [
        shutil.which("bwrap") or "bwrap",
        *("--unshare-user", "--unshare-all", "--die-with-parent", "--new-session"),
        *("--cap-drop", "ALL", "--uid", "65534", "--gid", "65534", "--hostname", "room"),
        # For packages that insist on a cache while the room starts; Landlock hides it later.
        *("--size", "4194304", "--tmpfs", "/tmp"),
    ]
    links, places = {}, {}
    for path in shown:
        places[_follow(path, links)] = None
    for path in (path.resolve() for path in hidden):
        places.setdefault(path, "hidden")
    # A folder comes before what lies in it, and what is hidden before what comes back into it.
    for path in sorted(places):
        if places[path] == "hidden":
            command += ["--tmpfs", str(path)]
        else:
            command += ["--ro-bind", str(path), str(path)]
    for link, target in sorted(links.items()):
        if not any(link.is_relative_to(p) and not places[p] for p in places):
            command += ["--symlink", target, str(link)]
    command += ["--proc", "/proc", "--dir", "/dev"]
    for device in ("/dev/null", "/dev/urandom"):
        command += ["--dev-bind", device, device]
    return [*command, "--dir", SCRATCH, "--remount-ro", "/", "--chdir", "/"]


def _follow(path, links):
    """The path without symbolic links, which are written down with their targets."""
    path = Path(os.path.abspath(path))
    for part in (*reversed(path.parents), path):
        if part.is_symlink():
            links[part] = os.readlink(part)
            return _follow(part.parent / links[part] / path.relative_to(part), links)
    return path


def environment():
    """All that a room learns from its environment."""
    return {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        # Every thread may otherwise reserve 64 MB of what the room allows.
        "MALLOC_ARENA_MAX": "1",
        "MPLBACKEND": "Agg",
        "PYTHONHASHSEED": "0",
    }
