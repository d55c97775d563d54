"""`course-grade doctor`: which levels this machine has, and how to get the next one."""

import shutil
import sys

from .room.policy import LEVELS
from .room.probe import probe

_PROMISES = {
    "sealed": "namespaces, Landlock, seccomp and limits: for real grades",
    "locked": "Landlock, seccomp and limits: where namespaces are not to be had",
    "open": "limits alone: for submissions that you trust",
}


def report():
    """Print every level, whether it holds, and what is missing."""
    if sys.platform == "win32":
        print("Windows has none of the levels: run course-grade in WSL 2, which has 'sealed'.")
        return 2
    findings = [probe(level) for level in LEVELS]
    for finding in findings:
        print(f"{finding.level:8}{'yes' if finding.holds else 'no':5}{_PROMISES[finding.level]}")
        if finding.breaches:
            print(f"{'':13}what it does not stop: {', '.join(finding.breaches)}")
        if not finding.holds:
            print(f"{'':13}{explain(finding)}")
    return 0 if findings[0].holds else 2


def explain(finding):
    """One sentence on why a level does not hold, and one on what to do."""
    reason = finding.why or f"it let a student's code {finding.breaches[0]}"
    return f"Level {finding.level!r} does not hold here: {reason.rstrip('.')}. {_remedy(finding)}"


def _remedy(finding):
    if "another copy" in finding.why or "outside of it" in finding.why:
        return "Nothing is graded before that is mended."
    if sys.platform != "linux":
        return "It needs Linux, or WSL 2 on Windows; --level open works here, without isolation."
    why = finding.why
    if "landlock" in why.lower() or "seccomp" in why.lower():
        return "Install course-lib[grade] and libseccomp2, on Linux 5.13 or later with Landlock."
    if finding.level == "sealed":
        if shutil.which("bwrap") is None:
            return "Install bubblewrap (Debian, Ubuntu: apt install bubblewrap)."
        return (
            "Allow unprivileged user namespaces: on Ubuntu 24.04 by an AppArmor profile for "
            "bwrap, in Docker by --security-opt seccomp=unconfined; or use --level locked."
        )
    return "Run course-grade on a machine where the level above it holds."
