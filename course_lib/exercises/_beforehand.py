"""What a right answer should know of the grader before it is handed in."""

import types

# Seconds of `check` from which the grader's limit is near: it has more cases.
_SLOW = 3
_NETWORK = frozenset(("ftplib", "http", "requests", "socket", "urllib"))
_PROCESSES = frozenset(("joblib", "multiprocessing", "subprocess"))


def remark(answer, seconds):
    """Say what the grader forbids of what an answer does; empty where that is nothing.

    Parameters
    ----------
    answer : callable
    seconds : float
        What its visible cases took.

    Returns
    -------
    str
    """
    packages = _packages(answer)
    said = []
    if packages & _NETWORK:
        said.append("When this is graded, there is no network.")
    if packages & _PROCESSES:
        said.append("When this is graded, no process can be started; threads can.")
    if "course_lib" in packages:
        said.append(
            "It calls course_lib. That counts, unless your course grades without the library."
        )
    if seconds > _SLOW:
        said.append(
            f"It took {seconds:.0f} s; the grader has about twice as many cases and stops after "
            "10 s of processor time."
        )
    return " ".join(said)


def _packages(answer):
    """Top-level packages that a function names, itself or in the notebook's functions it calls."""
    found, seen, waiting = set(), set(), [answer]
    while waiting:
        function = waiting.pop()
        code = getattr(function, "__code__", None)
        if not isinstance(code, types.CodeType) or code in seen:
            continue
        seen.add(code)
        codes, names = [code], set()
        while codes:
            part = codes.pop()
            names |= set(part.co_names)
            codes += [inner for inner in part.co_consts if isinstance(inner, types.CodeType)]
        known = getattr(function, "__globals__", {})
        for name in names:
            thing = known.get(name)
            if isinstance(thing, types.ModuleType):
                found.add(thing.__name__.partition(".")[0])
            elif thing is not None:
                origin = getattr(thing, "__module__", None)
                origin = origin if isinstance(origin, str) else ""
                found.add(origin.partition(".")[0])
                if origin == getattr(answer, "__module__", None):
                    waiting.append(thing)
            elif name in _NETWORK | _PROCESSES | {"course_lib"}:
                # Imported inside the function
                found.add(name)
    return found
