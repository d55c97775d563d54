"""What a room may do, decided on the trusted side: calls, files, limits, and the outer box."""

import functools
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

LEVELS = ("sealed", "locked", "open")
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
    """

    seconds: int = 10
    wall: int = 20
    memory: int = 1 << 30


USUAL = Limits()

# Everything else does not exist in the room: no process, thread, signal, socket, memory of others,
# change of a file or its attributes, or namespace. A list of what is allowed also holds against the
# calls that a future kernel will bring.
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
    uname sysinfo getrandom exit exit_group
"""
# F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC: nothing that makes a descriptor
# send signals to others.
_FCNTL = (0, 1, 2, 3, 4, 1030)
# TCGETS, FIONREAD, FIONCLEX, FIOCLEX
_IOCTL = (0x5401, 0x541B, 0x5450, 0x5451)


@functools.cache
def filter_program():
    """The seccomp filter as bytes, for the processor of this machine.

    Raises
    ------
    RuntimeError, ImportError
        If pyseccomp or libseccomp is missing.
    """
    import pyseccomp as seccomp

    program = seccomp.SyscallFilter(seccomp.ERRNO(38))
    for call in _CALLS.split():
        # A name that this processor or this libseccomp does not know needs no permission.
        if seccomp.resolve_syscall(seccomp.Arch.NATIVE, call) >= 0:
            program.add_rule(seccomp.ALLOW, call)
    for call, position, values in (("fcntl", 1, _FCNTL), ("ioctl", 1, _IOCTL)):
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


@functools.cache
def system_paths():
    """Where Python, its packages and the system's libraries are: all that a room may read."""
    wanted = ["/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/alternatives"]
    wanted += [sys.base_prefix, sys.prefix]
    paths = dict.fromkeys(Path(os.path.abspath(path)) for path in wanted)
    return [path for path in paths if path.exists()]


@functools.cache
def hidden_paths():
    """Where the references and solutions are: installed packages, or the whole checkout."""
    import course_lib

    hidden = []
    for package in (Path(course_lib.__file__).parent, ROOM.parent):
        package = package.resolve()
        checkout = (package.parent / "pyproject.toml").exists()
        hidden.append(package.parent if checkout else package)
    return list(dict.fromkeys(hidden))


def file_rules():
    """Landlock rules: the system's paths without the hidden ones.

    Landlock can only permit whole trees, so a folder with something hidden below it is opened child
    by child.
    """
    rules = {"trees": [str(ROOM)], "listed": [], "files": []}
    visible = {path.resolve() for path in system_paths()}

    def permit(path):
        if path in hidden_paths():
            return
        if any(secret.is_relative_to(path) for secret in hidden_paths()):
            rules["listed"].append(str(path))
            for child in path.iterdir():
                if not child.is_symlink():
                    permit(child)
        elif path.is_dir():
            rules["trees"].append(str(path))
        elif path.is_file():
            rules["files"].append(str(path))

    for path in sorted(visible):
        permit(path)
    return rules


def box_command():
    """The bubblewrap command line of a sealed room, up to the program that runs in it."""
    command = [
        shutil.which("bwrap") or "bwrap",
        *("--unshare-user", "--unshare-all", "--die-with-parent", "--new-session"),
        *("--cap-drop", "ALL", "--uid", "65534", "--gid", "65534", "--hostname", "room"),
    ]
    for path in system_paths():
        if path.is_symlink():
            command += ["--symlink", os.readlink(path), str(path)]
        else:
            command += ["--ro-bind", str(path), str(path)]
    for secret in hidden_paths():
        if any(secret.is_relative_to(path.resolve()) for path in system_paths()):
            command += ["--tmpfs", str(secret)]
    # An environment inside the checkout comes back into the hidden folder.
    for path in [*system_paths(), ROOM]:
        if any(path.is_relative_to(secret) for secret in hidden_paths()):
            command += ["--ro-bind", str(path), str(path)]
    command += ["--proc", "/proc", "--dir", "/dev"]
    for device in ("/dev/null", "/dev/urandom"):
        command += ["--dev-bind", device, device]
    return [*command, "--remount-ro", "/", "--chdir", "/"]


def environment():
    """All that a room learns from its environment."""
    return {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "MPLBACKEND": "Agg",
        "PYTHONHASHSEED": "0",
    }
