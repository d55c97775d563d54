"""Checks at the public door: one clear sentence that names the argument.

Every public function validates its arguments here, once, and trusts them afterwards.
"""

import numpy as np


def as_binary(values, name):
    """Return `values` as a 1-d boolean array, or raise ``ValueError`` naming the argument.

    Parameters
    ----------
    values : array_like, shape (n,)
        Booleans, or numbers that are all 0 or 1.
    name : str
        The argument's name in the caller's signature.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    array = as_vector(values, name)
    if array.dtype == bool:
        return array
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} must hold 0 and 1 (or booleans), got values like {array[0]!r}.")
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise ValueError(f"{name} must hold 0 and 1, but it contains NaN.")
    positive = array == 1
    if not np.all(positive | (array == 0)):
        other = array[~positive & (array != 0)][0]
        raise ValueError(f"{name} must hold only 0 and 1, but it contains {other}.")
    return positive


def as_scores(values, name):
    """Return `values` as a finite 1-d float array (larger means more likely diseased)."""
    array = as_vector(values, name)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold numbers, got values like {array[0]!r}.")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, but it contains NaN or infinity.")
    return array.astype(float, copy=False)


def as_vector(values, name):
    """Return `values` as a non-empty 1-d array."""
    try:
        array = np.asarray(values)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name} must be a one-dimensional array: {error}.") from error
    if array.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got shape {array.shape}.")
    if array.size == 0:
        raise ValueError(f"{name} must hold at least one value, but it is empty.")
    return array


def same_length(**arrays):
    """Raise ``ValueError`` unless all keyword arguments have the same length."""
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        said = " and ".join(f"{name} has {n}" for name, n in lengths.items())
        raise ValueError(f"{', '.join(lengths)} must have the same length, but {said}.")


def both_classes(y_true, name="y_true"):
    """Raise ``ValueError`` unless the boolean array holds diseased and healthy cases."""
    if y_true.all() or not y_true.any():
        only = int(y_true[0])
        raise ValueError(f"{name} must hold both classes, 0 and 1, but every value is {only}.")


def as_probability(value, name):
    """Return `value` (scalar or array) as float in [0, 1]; NaN is refused."""
    try:
        array = np.asarray(value, dtype=float)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name} must be a number between 0 and 1, got {value!r}.") from error
    if not np.all((array >= 0) & (array <= 1)):
        raise ValueError(f"{name} must lie between 0 and 1, got {value!r}.")
    return array if array.ndim else float(array)


def as_count(value, name):
    """Return `value` as a non-negative int."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        raise ValueError(f"{name} must be a whole number, got {value!r}.")
    if value < 0:
        raise ValueError(f"{name} must not be negative, got {value}.")
    return int(value)


def as_level(level):
    """Return the confidence level, which lies strictly between 0 and 1."""
    level = as_probability(level, "level")
    if level in (0.0, 1.0):
        raise ValueError(f"level must lie strictly between 0 and 1, got {level}.")
    return level
