"""Checks at the public door: one clear sentence that names the argument.

Every public function validates its arguments here, once, and trusts them afterwards.
"""

import numpy as np

# Single numbers


def as_count(value, name, least=0, most=None):
    """Return `value` as an int that is at least `least` and, if given, at most `most`."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        raise ValueError(f"{name} must be a whole number, got {value!r}.")
    if most is not None and not least <= value <= most:
        raise ValueError(f"{name} must lie between {least} and {most}, got {value}.")
    if value < least:
        must = f"be at least {least}" if least else "not be negative"
        raise ValueError(f"{name} must {must}, got {value}.")
    return int(value)


def as_position(value, size, name):
    """Return `value` as an int from 0 to ``size - 1``."""
    return as_count(value, name, 0, size - 1)


def as_choice(value, name, choices):
    """Return `value`, which is one of these names."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {value!r}.")
    return value


def as_positive(value, name):
    """Return `value` as one finite float above 0."""
    number = as_array(value, name)
    if number.ndim or number.dtype.kind not in "iuf" or not 0 < number < np.inf:
        raise ValueError(f"{name} must be one number above 0, got {value!r}.")
    return float(number)


def as_open_probability(value, name):
    """Return `value` as one float strictly between 0 and 1."""
    number = as_probability(value, name)
    if not isinstance(number, float) or number in (0.0, 1.0):
        raise ValueError(f"{name} must be one number strictly between 0 and 1, got {value!r}.")
    return number


def as_level(level):
    """Return the confidence level, which lies strictly between 0 and 1."""
    return as_open_probability(level, "level")


# Numbers or arrays of them


def as_array(values, name, what="an array"):
    """Return `values` as an array of any shape and type; nothing hides behind a mask."""
    if np.ma.is_masked(values):
        raise ValueError(f"{name} holds masked values: fill them or leave them out.")
    try:
        array = np.asarray(values)
    except (ValueError, TypeError, RuntimeError) as error:
        # RuntimeError: a torch tensor that still carries its gradient.
        raise ValueError(f"{name} must be {what}: {error}.") from error
    # Tables hand out columns of plain numbers and booleans as objects.
    if array.dtype == object and array.size and all(map(_is_number, array.flat)):
        return np.array(array.tolist())
    return array


def as_numbers(values, name):
    """Return `values` (scalar or array) as a float or a float array, finite."""
    array = as_array(values, name, "a number or an array")
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} must hold numbers, got {values!r}.")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, but it contains NaN or infinity.")
    return array.astype(float) if array.ndim else float(array)


def as_nonnegative(value, name):
    """Return `value` (scalar or array) as float, finite and at least 0."""
    array = as_array(value, name, "a number")
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} must be a number, got {value!r}.")
    if not np.all((array >= 0) & (array < np.inf)):
        raise ValueError(f"{name} must be finite and not negative, got {value!r}.")
    return array.astype(float) if array.ndim else float(array)


def as_probability(value, name):
    """Return `value` (scalar or array) as float in [0, 1]; NaN is refused."""
    array = as_array(value, name, "a number between 0 and 1")
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must be a number between 0 and 1, got {value!r}.")
    if not np.all((array >= 0) & (array <= 1)):
        raise ValueError(f"{name} must lie between 0 and 1, got {value!r}.")
    return array.astype(float) if array.ndim else float(array)


# Vectors


def as_vector(values, name, *, may_be_empty=False):
    """Return `values` as a 1-d array, which holds something unless it may be empty."""
    array = as_array(values, name, "a one-dimensional array")
    if array.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got shape {array.shape}.")
    if array.size == 0 and not may_be_empty:
        raise ValueError(f"{name} must hold at least one value, but it is empty.")
    return array


def as_binary(values, name, *, may_be_empty=False):
    """Return `values` as a 1-d boolean array, or raise ``ValueError`` naming the argument.

    Parameters
    ----------
    values : array_like, shape (n,)
        Booleans, or numbers that are all 0 or 1.
    name : str
        The argument's name in the caller's signature.
    may_be_empty : bool

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    array = as_vector(values, name, may_be_empty=may_be_empty)
    if array.dtype == bool:
        return array
    if array.dtype.kind not in "iuf":
        raise ValueError(
            f"{name} must hold 0 and 1 (or booleans), got values like {_first(array)}."
        )
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise ValueError(f"{name} must hold 0 and 1, but it contains NaN.")
    positive = array == 1
    if not np.all(positive | (array == 0)):
        other = array[~positive & (array != 0)][0]
        raise ValueError(f"{name} must hold only 0 and 1, but it contains {other}.")
    return positive


def as_scores(values, name, *, may_be_empty=False):
    """Return `values` as a finite 1-d float array (larger means more likely diseased)."""
    array = as_vector(values, name, may_be_empty=may_be_empty)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold numbers, got values like {_first(array)}.")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, but it contains NaN or infinity.")
    return array.astype(float, copy=False)


def as_probabilities(values, name):
    """Return `values` as a 1-d float array of probabilities."""
    array = as_scores(values, name)
    if array.min() < 0 or array.max() > 1:
        other = array[(array < 0) | (array > 1)][0]
        raise ValueError(f"{name} must hold probabilities between 0 and 1, but contains {other}.")
    return array


def as_counts(values, name):
    """Return `values` as a 1-d integer array of counts, at least one of them positive."""
    counts = np.array([as_count(value, name) for value in as_vector(values, name)])
    if not counts.any():
        raise ValueError(f"{name} must count at least one case, but all are 0.")
    return counts


# Tables and images


def as_features(values, name):
    """Return `values` as a finite, non-empty float array (cases, features)."""
    return _as_table(values, name, "an array", "(cases, features)")


def as_votes(values, name):
    """Return the votes as positions in the list of categories, and that list.

    Parameters
    ----------
    values : array_like, shape (cases, raters)
        Category codes, 0 or larger (booleans count as 0 and 1); -1 or NaN where missing.
    name : str
        The argument's name in the caller's signature.

    Returns
    -------
    codes : ndarray of int, shape (cases, raters)
        Positions in `categories`; -1 where missing.
    categories : ndarray, shape (k,)
        The values that occur, in increasing order; ints if all of them are whole.
    """
    array = as_array(values, name, "an array (cases, raters)")
    if array.ndim != 2:
        raise ValueError(f"{name} must have the shape (cases, raters), got shape {array.shape}.")
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold numbers, one for each category, got {array.dtype}.")
    given = array != -1
    if array.dtype.kind == "f":
        given &= ~np.isnan(array)
    ratings = array[given].astype(float)
    if not ratings.size:
        raise ValueError(f"{name} must hold at least one rating, but all are missing (-1 or NaN).")
    if not (np.isfinite(ratings) & (ratings >= 0)).all():
        raise ValueError(f"{name} must hold finite codes >= 0, or -1 or NaN where one is missing.")
    categories = np.unique(ratings)
    codes = np.full(array.shape, -1)
    codes[given] = np.searchsorted(categories, ratings)
    whole = (categories == np.rint(categories)).all() and categories[-1] < 2**53
    return codes, categories.astype(int) if whole else categories


def as_boxes(values, name):
    """Return `values` as a float array (n, 4) of boxes x1, y1, x2, y2; an empty one is fine."""
    array = as_array(values, name, "an array of boxes (n, 4)")
    if array.shape == (0,):
        return np.empty((0, 4))
    if array.ndim != 2 or array.shape[1] != 4:
        raise ValueError(f"{name} must have the shape (n, 4), got shape {array.shape}.")
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} must hold numbers, got {array.dtype}.")
    array = array.astype(float, copy=False)
    # Beyond this the area may be no number any more. Written so that NaN fails too.
    fine = (np.abs(array) <= 1e100).all(axis=1)
    if not fine.all():
        raise ValueError(
            f"{name} must be finite and within ±1e100, but row {np.argmin(fine)} is not."
        )
    turned = np.flatnonzero((array[:, :2] > array[:, 2:]).any(axis=1))
    if turned.size:
        row = turned[0]
        raise ValueError(
            f"{name} must have x1 <= x2 and y1 <= y2, but row {row} is {array[row].tolist()}."
        )
    return array


def as_image(values, name):
    """Return `values` as a finite two-dimensional float array; whole numbers and bools are fine."""
    return _as_table(values, name, "an image", "(height, width)")


def as_picture(values, name):
    """Return `values` as floats in [0, 1], (height, width) if gray or (height, width, 3)."""
    array = as_array(values, name, "an image (height, width, 3)")
    gray_or_rgb = array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 3)
    if not gray_or_rgb or array.size == 0:
        raise ValueError(
            f"{name} must have the shape (height, width, 3), or (height, width) if it is gray, "
            f"got shape {array.shape}."
        )
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold numbers, got {array.dtype}.")
    low, high = array.min(), array.max()
    # Written so that NaN fails too.
    if not (low >= 0 and high <= 1):
        raise ValueError(f"{name} must lie between 0 and 1, got values from {low:g} to {high:g}.")
    return array.astype(float, copy=False)


def as_labels(values, name):
    """Return `values` as a label image: whole numbers >= 0 of two or three axes, 0 = background."""
    array = as_array(values, name, "a label image (height, width)")
    if array.ndim not in (2, 3) or array.size == 0:
        raise ValueError(f"{name} must be a label image (height, width), got shape {array.shape}.")
    if array.dtype.kind not in "biu":
        whole = array.dtype.kind == "f" and (array == np.rint(array)).all()
        if not whole or np.isinf(array).any():
            raise ValueError(f"{name} must hold whole numbers, one for each object.")
    if array.min() < 0:
        raise ValueError(f"{name} must hold numbers >= 0, but it contains {array.min()}.")
    return array.astype(np.int64, copy=False)


def as_mask(values, name):
    """Return `values`, booleans or 0 and 1 of any shape, as a non-empty boolean array."""
    array = as_array(values, name, "a mask")
    if array.size == 0:
        raise ValueError(f"{name} must hold at least one pixel, but it is empty.")
    return as_binary(array.ravel(), name).reshape(array.shape)


# Several together


def same_length(**arrays):
    """Raise ``ValueError`` unless all keyword arguments have the same length."""
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        said = " and ".join(f"{name} has {n}" for name, n in lengths.items())
        raise ValueError(f"{', '.join(lengths)} must have the same length, but {said}.")


def same_shape(**arrays):
    """Raise ``ValueError`` unless all keyword arguments have exactly the same shape."""
    shapes = {name: np.shape(array) for name, array in arrays.items()}
    if len(set(shapes.values())) > 1:
        said = " and ".join(f"{name} has {shape}" for name, shape in shapes.items())
        raise ValueError(f"{', '.join(shapes)} must have the same shape, but {said}.")


def fitting_shapes(**arrays):
    """Raise ``ValueError`` unless all keyword arguments broadcast against each other."""
    shapes = {name: np.shape(array) for name, array in arrays.items()}
    try:
        np.broadcast_shapes(*shapes.values())
    except ValueError as error:
        said = " and ".join(f"{name} has {shape}" for name, shape in shapes.items())
        raise ValueError(f"{', '.join(shapes)} must have fitting shapes, but {said}.") from error


def both_classes(y_true, name="y_true"):
    """Raise ``ValueError`` unless the boolean array holds diseased and healthy cases."""
    if y_true.all() or not y_true.any():
        only = int(y_true[0])
        raise ValueError(f"{name} must hold both classes, 0 and 1, but every value is {only}.")


# What the checks share


def _is_number(value):
    return isinstance(value, bool | int | float | np.bool_ | np.integer | np.floating)


def _as_table(values, name, what, axes):
    """A finite, non-empty float array of two axes."""
    array = as_array(values, name, f"{what} {axes}")
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"{name} must have the shape {axes}, got shape {array.shape}.")
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold numbers, got {array.dtype}.")
    if not np.isfinite(array).all():
        row, column = np.argwhere(~np.isfinite(array))[0].tolist()
        raise ValueError(
            f"{name} must be finite, but it contains NaN or infinity (row {row}, column {column})."
        )
    return array.astype(float, copy=False)


def _first(array):
    """How a person would write the first value that is no number: 'yes', not np.str_('yes')."""
    return repr(next((value for value in array.tolist() if not _is_number(value)), array[0]))
