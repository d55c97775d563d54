"""Is what a student returned equal to what was expected, and if not, where and how?"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Difference:
    """How an answer differs from what was expected.

    Attributes
    ----------
    kind : str
        ``none``, ``type``, ``text``, ``keys``, ``length``, ``ragged``, ``shape``, ``number``,
        ``values`` or ``gradient``; from `diagnose` also ``untouched``, ``raised`` and
        ``incomparable``.
    where : tuple of (str, object)
        The way into a nested value, such as ``(("position", 2), ("key", "a"))``; positions count
        from 1.
    expected, got : object
        The values at that place.
    """

    kind: str
    where: tuple[tuple[str, object], ...] = ()
    expected: object = None
    got: object = None


def compare(expected, got, rtol=1e-5, atol=1e-7):
    """Say how `got` differs from `expected`.

    Numbers may be Python, NumPy or torch; NaN equals NaN; shapes must agree exactly, so that
    nothing passes by broadcasting; a tuple may be answered by a list. Where a tensor that carries a
    gradient is expected, one is asked for.

    Parameters
    ----------
    expected, got : object
        Numbers, arrays, tensors, strings, None, or tuples, lists and dictionaries of them.
    rtol, atol : float
        Tolerance of an array's values: ``|got - expected| <= atol + rtol * scale``, where the
        scale is the largest finite ``|expected|`` of the array. The defaults pass what single
        precision computes by the same formula. Whole numbers are compared exactly.

    Returns
    -------
    Difference or None
        None if equal.
    """
    return _compare(expected, got, rtol, atol, ())


def _compare(expected, got, rtol, atol, where):
    cut = _carries_gradient(expected) and not _carries_gradient(got)
    found = _compare_values(expected, got, rtol, atol, where)
    return Difference("gradient", where, expected, got) if cut and not found else found


def _carries_gradient(value):
    return getattr(value, "requires_grad", False) is True


def _compare_values(expected, got, rtol, atol, where):
    expected, got = plain(expected), plain(got)
    if got is None and expected is not None:
        return Difference("none", where, expected, got)
    if expected is None:
        return None if got is None else Difference("type", where, expected, got)
    if isinstance(expected, str):
        if not isinstance(got, str):
            return Difference("type", where, expected, got)
        return None if got == expected else Difference("text", where, expected, got)
    if isinstance(expected, dict):
        return _compare_dicts(expected, got, rtol, atol, where)
    if isinstance(expected, tuple | list):
        return _compare_sequences(expected, got, rtol, atol, where)
    return _compare_numbers(expected, got, rtol, atol, where)


def _compare_dicts(expected, got, rtol, atol, where):
    if not isinstance(got, dict):
        return Difference("type", where, expected, got)
    if set(got) != set(expected):
        return Difference("keys", where, expected, got)
    for key, value in expected.items():
        found = _compare(value, got[key], rtol, atol, (*where, ("key", key)))
        if found:
            return found
    return None


def _compare_sequences(expected, got, rtol, atol, where):
    if not isinstance(got, tuple | list) and not (isinstance(got, np.ndarray) and got.ndim):
        return Difference("type", where, expected, got)
    # Before an array becomes a list: it may have millions of values where four are due.
    if len(got) != len(expected):
        return Difference("length", where, expected, got)
    for position, (one, other) in enumerate(zip(expected, got, strict=True), start=1):
        found = _compare(one, other, rtol, atol, (*where, ("position", position)))
        if found:
            return found
    return None


def _compare_numbers(expected, got, rtol, atol, where):
    want = np.asarray(expected)
    if isinstance(got, str | dict):
        return Difference("type", where, expected, got)
    try:
        have = np.asarray(got)
    except (ValueError, TypeError):
        return Difference("ragged", where, expected, got)
    if have.dtype.kind not in "biufc":
        return Difference("type", where, expected, got)
    if have.shape != want.shape:
        return Difference("shape", where, want, have)
    if want.dtype.kind in "biu" and have.dtype.kind in "biu":
        equal = np.array_equal(want, have)
    else:
        equal = _close(want, have, rtol, atol)
    if equal:
        return None
    return Difference("values" if want.ndim else "number", where, want, have)


def _close(want, have, rtol, atol):
    finite = np.isfinite(want)
    scale = np.max(np.abs(want), where=finite, initial=0)
    with np.errstate(invalid="ignore", over="ignore"):
        # Infinities must be equal; a NaN is right only where one was expected.
        close = finite & (np.abs(have - want) <= atol + rtol * scale)
        return np.all(close | (have == want) | (np.isnan(have) & np.isnan(want)))


def plain(value):
    """Torch tensors become arrays, without importing torch; subclasses lose their own methods.

    A text may otherwise bring its own `==`, and a list an iteration without an end.
    """
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, list):
        return list.__getitem__(value, slice(None))
    if isinstance(value, tuple):
        return tuple.__getitem__(value, slice(None))
    if type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "detach"):
        return value.detach().cpu().numpy()
    return value


def kind_of(value):
    """What sort of thing a value is, with its article."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}" if value.ndim else "a number"
    if isinstance(value, bool | np.bool_):
        return "True or False"
    if isinstance(value, int | float | complex | np.number):
        return "a number"
    if isinstance(value, dict):
        return "a dictionary"
    if isinstance(value, str):
        return "a text"
    return f"a {type(value).__name__}"
