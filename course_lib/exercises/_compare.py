"""Is what a student returned equal to what was expected, and if not, why?"""

import numpy as np


def compare(expected, got, rtol=1e-6, atol=1e-9):
    """Say how `got` differs from `expected`.

    Numbers may be Python, NumPy or torch; NaN equals NaN; shapes must agree exactly, so that
    nothing passes by broadcasting; a tuple may be answered by a list.

    Parameters
    ----------
    expected, got : object
        Numbers, arrays, tensors, strings, None, or tuples, lists and dictionaries of them.
    rtol, atol : float
        Floating-point tolerance, ``|got - expected| <= atol + rtol * |expected|``.

    Returns
    -------
    str or None
        None if equal, otherwise the reason in one clause that completes "your answer …".
    """
    expected, got = _plain(expected), _plain(got)
    if got is None and expected is not None:
        return "is None: does the function end with `return`?"
    if expected is None:
        return None if got is None else f"should be None, not {_kind(got)}"
    if isinstance(expected, str):
        if not isinstance(got, str):
            return f"should be a text, not {_kind(got)}"
        return None if got == expected else f"should be {expected!r}, not {got[:80]!r}"
    if isinstance(expected, dict):
        return _compare_dicts(expected, got, rtol, atol)
    if isinstance(expected, tuple | list):
        return _compare_sequences(expected, got, rtol, atol)
    return _compare_numbers(expected, got, rtol, atol)


def _compare_dicts(expected, got, rtol, atol):
    if not isinstance(got, dict):
        return f"should be a dictionary, not {_kind(got)}"
    if set(got) != set(expected):
        return f"should have the keys {sorted(map(str, expected))}"
    for key, value in expected.items():
        reason = compare(value, got[key], rtol, atol)
        if reason:
            return f"under {key!r} {reason}"
    return None


def _compare_sequences(expected, got, rtol, atol):
    if isinstance(got, np.ndarray) and got.ndim:
        got = list(got)
    if not isinstance(got, tuple | list):
        return f"should be {len(expected)} values, not {_kind(got)}"
    if len(got) != len(expected):
        return f"should be {len(expected)} values, not {len(got)}"
    for position, (one, other) in enumerate(zip(expected, got, strict=True), start=1):
        reason = compare(one, other, rtol, atol)
        if reason:
            return f"at position {position} {reason}"
    return None


def _compare_numbers(expected, got, rtol, atol):
    want = np.asarray(expected)
    if isinstance(got, str | dict):
        return f"should be {_kind(expected)}, not {_kind(got)}"
    try:
        have = np.asarray(got)
    except (ValueError, TypeError):
        return f"should be {_kind(expected)}, not a ragged list"
    if have.dtype.kind not in "biufc":
        return f"should be {_kind(expected)}, not {_kind(got)}"
    if have.shape != want.shape:
        return f"has the shape {have.shape}, expected {want.shape}"
    if want.dtype.kind in "biu" and have.dtype.kind in "biu":
        equal = np.array_equal(want, have)
    else:
        with np.errstate(invalid="ignore", over="ignore"):
            # An infinite expectation would allow any difference, so infinities must be equal;
            # a NaN is right only where one was expected.
            close = np.isfinite(want) & (np.abs(have - want) <= atol + rtol * np.abs(want))
            equal = np.all(close | (have == want) | (np.isnan(have) & np.isnan(want)))
    if equal:
        return None
    if want.ndim == 0:
        short = _short(want), _short(have)
        # Numbers that look alike when rounded are shown in full.
        one, other = short if short[0] != short[1] else (want.item(), have.item())
        return f"should be {one}, not {other}"
    return f"has the right shape {want.shape} but other values"


def _plain(value):
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


def _kind(value):
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}" if value.ndim else "a number"
    if isinstance(value, bool | np.bool_):
        return "True or False"
    if isinstance(value, int | float | complex | np.number):
        return "a number"
    return f"a {type(value).__name__}"


def _short(number):
    value = number.item()
    return str(value) if isinstance(value, bool | int) else f"{value:.6g}"
