"""What the room's process does to itself before it sees any code of a student.

Unprivileged and irreversible. Landlock and seccomp bind the calling thread and what it forks, so
the process must have one thread by then; threads that it starts later are bound as it is.
"""

import ctypes
import os
import resource
import signal
import struct
import sys

_LIBRARY = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_KEEPCAPS = 1, 4, 8
_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 22, 38
_SECCOMP_MODE_FILTER = 2
_CAPABILITY_VERSION, _CAP_DAC_READ_SEARCH = 0x20080522, 2
_CLONE_NEWNS, _CLONE_NEWUSER, _MS_NOSUID_NODEV = 0x20000, 0x10000000, 6
_NOBODY = 65534
FOLDER_BYTES, FOLDER_FILES = 8 << 20, 256
_THREADS = 64


def _call(name, *arguments):
    """Call a function of the C library; raise ``OSError`` where it fails."""
    if getattr(_LIBRARY, name)(*arguments):
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")


def _prctl(option, *arguments):
    numbers = [ctypes.c_ulong(a) if isinstance(a, int) else a for a in arguments]
    _call("prctl", option, *numbers, *[ctypes.c_ulong(0)] * (4 - len(numbers)))


def die_with_parent(parent):
    """Have the kernel kill this process when `parent` dies (Linux alone can do that)."""
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def assert_one_thread():
    """Landlock and seccomp would leave a second thread unbound."""
    threads = len(os.listdir("/proc/self/task"))
    if threads != 1:
        raise RuntimeError(f"the room has {threads} threads before its lock-down")


def ruleset(rules):
    """Build the Landlock ruleset: no file but these may be touched, and these only be read.

    Parameters
    ----------
    rules : dict
        ``trees`` may be listed and read, ``listed`` only be listed, ``files`` only be read;
        what stands in ``written`` may also be changed.
    """
    from landlock import FSAccess, Ruleset

    # The wheel takes an error number that an earlier call left behind for its own failure.
    ctypes.set_errno(0)
    built = Ruleset()
    built.allow(*rules["trees"], rules=FSAccess.READ_FILE | FSAccess.READ_DIR)
    built.allow(*rules["listed"], rules=FSAccess.READ_DIR)
    built.allow(*rules["files"], rules=FSAccess.READ_FILE)
    if rules["written"]:
        built.allow(*rules["written"], rules=_changes(FSAccess))
    return built


def _changes(access):
    """What a student's own folder allows, as far as this kernel's Landlock knows it."""
    wanted = access.READ_FILE | access.READ_DIR | access.WRITE_FILE | access.TRUNCATE
    wanted |= access.MAKE_REG | access.MAKE_DIR | access.REMOVE_FILE | access.REMOVE_DIR
    return wanted & access.all()


def own_folder(path):
    """Lay a small folder in memory over `path`, which ends with this process.

    Returns
    -------
    bool
        False where the kernel does not allow it.
    """
    user, group = os.getuid(), os.getgid()
    try:
        _call("unshare", _CLONE_NEWUSER | _CLONE_NEWNS)
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{user} {user} 1"),
            ("gid_map", f"{group} {group} 1"),
        ):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
        options = f"size={FOLDER_BYTES},nr_inodes={FOLDER_FILES},mode=700"
        _call("mount", b"tmpfs", path.encode(), b"tmpfs", _MS_NOSUID_NODEV, options.encode())
    except OSError:
        return False
    finally:
        _set_capabilities(0)
    return True


def limit(memory, cpu_seconds, may_write):
    """Set hard limits: `memory` bytes beyond what is mapped now, and processor seconds."""
    limits = {
        "CPU": cpu_seconds,
        "FSIZE": FOLDER_BYTES if may_write else 0,
        "NOFILE": 64,
        "CORE": 0,
        "NPROC": _THREADS,
        "MEMLOCK": 0,
        "MSGQUEUE": 0,
        "STACK": 8 << 20,
        "AS": _mapped() + memory,
    }
    for name, wanted in limits.items():
        which = getattr(resource, f"RLIMIT_{name}", None)
        if which is None:
            continue
        _, hard = resource.getrlimit(which)
        value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        try:
            resource.setrlimit(which, (value, value))
        except (ValueError, OSError):
            # macOS knows RLIMIT_AS and refuses to set it.
            if sys.platform == "linux":
                raise


def _mapped():
    """Bytes of address space in use."""
    if sys.platform != "linux":
        return 4 << 30
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[0]) * resource.getpagesize()


def leave_root(keep_reading):
    """Become nobody, if this process is the machine's root.

    With `keep_reading`, which only a process bound by Landlock may, it can still read what root
    can: Python and its packages may lie in root's home.
    """
    if os.getuid() != 0:
        return
    if keep_reading:
        _prctl(_PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setgid(_NOBODY)
    os.setuid(_NOBODY)
    if keep_reading:
        _set_capabilities(1 << _CAP_DAC_READ_SEARCH)


def _set_capabilities(only):
    # Effective, permitted and inheritable, for capabilities 0 to 31 and 32 to 63
    sets = struct.pack("6I", only, only, 0, 0, 0, 0)
    _call("capset", struct.pack("Ii", _CAPABILITY_VERSION, 0), sets)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def filter_calls(program):
    """Load a seccomp filter, given as the bytes of its instructions (8 bytes each)."""
    _prctl(_PR_SET_DUMPABLE, 0)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    argument = ctypes.byref(_Program(len(program) // 8, program))
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, argument)
