"""How far the outline of a found object lies from the true one, and whether thin things hold."""

import numpy as np
from scipy.ndimage import binary_erosion, distance_transform_edt
from skimage.morphology import skeletonize

from .._undefined import undefined
from .._validation import as_array, as_mask, as_nonnegative, same_shape


def surface_distances(true, predicted, spacing=1.0):
    """From every pixel of one outline to the nearest of the other outline, both ways.

    An object's outline is its pixels with a neighbor (across a side) outside of it; what lies
    beyond the image counts as outside.

    Parameters
    ----------
    true, predicted : array_like of bool or {0, 1}, the same shape
        Masks, each of which holds at least one pixel.
    spacing : float or sequence of float, default 1
        Distance of neighboring pixels, one number for each axis, in the unit of the result.

    Returns
    -------
    from_true, from_predicted : ndarray, shape (pixels of that outline,)

    Raises
    ------
    ValueError
        If a mask is empty: then there is no distance. Count such images apart.
    """
    true, predicted, spacing = _checked(true, predicted, spacing)
    for name, mask in (("true", true), ("predicted", predicted)):
        if not mask.any():
            raise ValueError(f"{name} holds no object, so there is no distance to it.")
    outlines = [mask & ~binary_erosion(mask) for mask in (true, predicted)]
    to_true, to_predicted = (distance_transform_edt(~o, sampling=spacing) for o in outlines)
    return to_predicted[outlines[0]], to_true[outlines[1]]


def hausdorff_distance(true, predicted, percentile=95, spacing=1.0):
    """Percentile of the surface distances: HD95, or with 100 Hausdorff's distance, the largest.

    The percentile is taken of each direction, and the larger one is reported, as MONAI does. Other
    programs pool both directions first: say which.

    Parameters
    ----------
    true, predicted, spacing
        As in `surface_distances`.
    percentile : float, default 95
        From 0 to 100.

    Returns
    -------
    float
        In the unit of `spacing`. NaN, with a warning, if a mask is empty.

    References
    ----------
    Huttenlocher, Klanderman, Rucklidge 1993, IEEE TPAMI 15:850.
    """
    true, predicted, spacing = _checked(true, predicted, spacing)
    percentile = as_nonnegative(percentile, "percentile")
    if not np.ndim(percentile) == 0 or percentile > 100:
        raise ValueError(f"percentile must be one number from 0 to 100, got {percentile}.")
    if not (true.any() and predicted.any()):
        return undefined("hausdorff_distance", "a mask is empty")
    distances = surface_distances(true, predicted, spacing)
    return float(max(np.percentile(d, percentile) for d in distances))


def normalized_surface_distance(true, predicted, tolerance, spacing=1.0):
    """Share of both outlines that lies within `tolerance` of the other one (NSD).

    Parameters
    ----------
    true, predicted, spacing
        As in `surface_distances`.
    tolerance : float
        What two experts differ by, in the unit of `spacing`; an error below it counts as none.

    Returns
    -------
    float
        From 0 to 1. NaN, with a warning, if both masks are empty; 0 if one is.

    References
    ----------
    Nikolov et al. 2021, J Med Internet Res 23:e26151.
    """
    true, predicted, spacing = _checked(true, predicted, spacing)
    tolerance = as_nonnegative(tolerance, "tolerance")
    if np.ndim(tolerance):
        raise ValueError("tolerance must be one number.")
    if not (true.any() or predicted.any()):
        return undefined("normalized_surface_distance", "both masks are empty")
    if not (true.any() and predicted.any()):
        return 0.0
    distances = np.concatenate(surface_distances(true, predicted, spacing))
    return float(np.mean(distances <= tolerance))


def center_line_dice(true, predicted):
    """Dice of vessels, fibers and other thin things, judged along their center lines (clDice).

    Harmonic mean of two shares: of the predicted center line that lies in the true mask, and of the
    true center line that lies in the predicted mask. A lost capillary counts by its length, where
    Dice counts its few pixels.

    Parameters
    ----------
    true, predicted : array_like of bool or {0, 1}, shape (height, width)

    Returns
    -------
    float
        NaN, with a warning, if both masks are empty; 0 if one is.

    References
    ----------
    Shit et al. 2021, "clDice", CVPR, equations 1 and 2.
    """
    true, predicted, _ = _checked(true, predicted, 1.0)
    if true.ndim != 2:
        # Of small solid objects in a volume skeletonize leaves nothing.
        raise ValueError(f"true must have the shape (height, width), got shape {true.shape}.")
    if not (true.any() or predicted.any()):
        return undefined("center_line_dice", "both masks are empty")
    if not (true.any() and predicted.any()):
        return 0.0
    precision = true[skeletonize(predicted) > 0].mean()
    sensitivity = predicted[skeletonize(true) > 0].mean()
    if precision + sensitivity == 0:
        return 0.0
    return float(2 * precision * sensitivity / (precision + sensitivity))


def _checked(true, predicted, spacing):
    true, predicted = as_mask(true, "true"), as_mask(predicted, "predicted")
    same_shape(true=true, predicted=predicted)
    given = as_array(spacing, "spacing", "one number for each axis")
    if given.dtype.kind not in "iuf" or not np.all((given > 0) & (given < np.inf)):
        raise ValueError(f"spacing must be above 0 and finite, got {spacing!r}.")
    if given.shape not in ((), (true.ndim,)):
        raise ValueError(f"spacing must hold one number, or {true.ndim}, got {spacing!r}.")
    return true, predicted, np.broadcast_to(given.astype(float), true.ndim)
