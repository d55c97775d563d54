"""How well a mask agrees with the truth, pixel by pixel."""

import numpy as np

from .._undefined import divide
from .._validation import as_mask, same_shape


def dice(true, predicted):
    """Dice coefficient of two masks, 2 |A ∩ B| / (|A| + |B|).

    Parameters
    ----------
    true, predicted : array_like of bool or {0, 1}, the same shape

    Returns
    -------
    float
        NaN, with a warning, if both masks are empty.
    """
    true, predicted = _masks(true, predicted)
    sizes = np.count_nonzero(true) + np.count_nonzero(predicted)
    return divide(2 * np.count_nonzero(true & predicted), sizes, "dice", "|A| + |B|")


def iou(true, predicted):
    """Intersection over union (Jaccard index) of two masks, |A ∩ B| / |A ∪ B|.

    Parameters
    ----------
    true, predicted : array_like of bool or {0, 1}, the same shape

    Returns
    -------
    float
        NaN, with a warning, if both masks are empty.
    """
    true, predicted = _masks(true, predicted)
    union = np.count_nonzero(true | predicted)
    return divide(np.count_nonzero(true & predicted), union, "iou", "|A ∪ B|")


def _masks(true, predicted):
    true, predicted = as_mask(true, "true"), as_mask(predicted, "predicted")
    same_shape(true=true, predicted=predicted)
    return true, predicted
