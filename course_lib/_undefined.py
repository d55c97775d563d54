"""A value that is not defined is NaN, and says why in one warning at the line that asked for it."""

import contextlib
import sys
import warnings

import numpy as np

_PACKAGE = __name__.partition(".")[0]


class UndefinedRateWarning(UserWarning):
    """A rate has a zero denominator, so its value is NaN."""


def undefined(name, why):
    """Return NaN after one warning, ``"{name} is undefined (NaN): {why}."``."""
    # The caller is the first frame outside of the library, however deep the call went.
    frame, level = sys._getframe(1), 2
    while frame is not None and frame.f_globals.get("__name__", "").split(".")[0] == _PACKAGE:
        frame, level = frame.f_back, level + 1
    warnings.warn(f"{name} is undefined (NaN): {why}.", UndefinedRateWarning, stacklevel=level)
    return float("nan")


def divide(numerator, denominator, name, cells):
    """Divide numbers or arrays; where the denominator is 0 the result is NaN, with one warning.

    `cells` says in words what the denominator is.
    """
    numerator, denominator = np.asarray(numerator, float), np.asarray(denominator, float)
    empty = denominator == 0
    if empty.any():
        undefined(name, f"its denominator, {cells}, is 0")
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(empty, np.nan, numerator / denominator)
    return ratio if ratio.ndim else float(ratio)


@contextlib.contextmanager
def undefined_unsaid():
    """Within this, an undefined value is NaN without a warning: the page shows it as such."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedRateWarning)
        yield
