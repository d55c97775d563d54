"""A digest of an exercise's definition: a changed exercise is another exercise to the journal."""

import functools
import hashlib
import inspect
import types

import numpy as np

from course_lib.exercises import diagnose

# Of these packages a name says enough.
_FOREIGN = ("builtins", "numpy", "scipy", "torch")


@functools.cache
def digest(exercise):
    """Names what decides on points: reference, cases, points, tolerance, and what they call.

    Comments, docstrings, titles and hints do not count.

    Parameters
    ----------
    exercise : Exercise

    Returns
    -------
    str
    """
    seen = {}
    parts = [
        exercise.id,
        repr(exercise.points),
        repr((exercise.rtol, exercise.atol, exercise.uses)),
        _described(exercise.reference, seen),
        _described(exercise.cases, seen),
        *(f"{m.name}: {_described(m.function, seen)}" for m in exercise.misconceptions),
        # How outputs become points is a part of every exercise.
        _described(diagnose, seen),
        _described(exercise.judge, seen),
    ]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()


def _described(value, seen):
    """A value as text that is the same in every process."""
    if isinstance(value, str | bytes | int | float | complex | bool | type(None) | type(...)):
        return repr(value)
    if id(value) in seen:
        return seen[id(value)]
    # Functions may call each other in a circle.
    seen[id(value)] = f"<{len(seen)}>"
    seen[f"keeps alive {id(value)}"] = value
    return _described_once(value, seen)


def _described_once(value, seen):
    if isinstance(value, tuple | list):
        return f"{type(value).__name__}({', '.join(_described(v, seen) for v in value)})"
    if isinstance(value, dict):
        pairs = (f"{_described(k, seen)}: {_described(v, seen)}" for k, v in value.items())
        return f"dict({', '.join(pairs)})"
    if isinstance(value, set | frozenset):
        return f"set({', '.join(sorted(_described(v, seen) for v in value))})"
    if isinstance(value, np.ndarray | np.generic):
        value = np.asarray(value)
        content = repr(value.tolist()) if value.dtype == object else value.tobytes().hex()
        return f"array({value.dtype}, {value.shape}, {content})"
    if isinstance(value, functools.partial):
        inner = (value.func, value.args, value.keywords)
        return f"partial{_described(inner, seen)}"
    if isinstance(value, types.MethodType):
        return f"method({_described(value.__func__, seen)}, {_described(value.__self__, seen)})"
    value = inspect.unwrap(value) if callable(value) else value
    if isinstance(value, types.FunctionType) and _ours(value):
        return _function(value, seen)
    if isinstance(value, types.CodeType):
        return _code(value, seen)
    if isinstance(value, type) and _ours(value):
        members = {k: v for k, v in vars(value).items() if not k.startswith("__") or callable(v)}
        return f"class({value.__qualname__}, {_described(members, seen)})"
    # A module, a function of another package, a torch module: by name.
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    return f"{getattr(value, '__module__', '')}.{name or type(value).__qualname__}"


def _ours(value):
    return (value.__module__ or "").partition(".")[0] not in _FOREIGN


def _function(function, seen):
    code = function.__code__
    names = sorted(set(_names(code)))
    known = {name: function.__globals__[name] for name in names if name in function.__globals__}
    cells = [cell.cell_contents for cell in function.__closure__ or () if _filled(cell)]
    parts = (_code(code, seen, function.__doc__), function.__defaults__, function.__kwdefaults__)
    return f"function({', '.join(_described(part, seen) for part in (*parts, cells, known))})"


def _filled(cell):
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


def _names(code):
    """Names that the code and the functions inside it read."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _code(code, seen, doc=None):
    constants = [c for c in code.co_consts if doc is None or c != doc]
    inner = [
        _code(c, seen) if isinstance(c, types.CodeType) else _described(c, seen) for c in constants
    ]
    return f"code({code.co_code.hex()}, {code.co_names}, {code.co_varnames}, {inner})"
