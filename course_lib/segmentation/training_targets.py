"""What U-Net is taught: standardized images, cells kept apart, heavy borders between them."""

import numpy as np
from scipy.ndimage import (
    distance_transform_edt,
    find_objects,
    maximum_filter,
    minimum_filter,
)

from .._validation import as_image, as_labels, as_positive


def standardize(image):
    """Square root of the intensities, with the 1st percentile at 0 and the 99.8th at 1.

    The square root makes the noise of photon counting equally strong everywhere (Anscombe 1948);
    percentiles, unlike minimum and maximum, do not hang on single pixels.

    Parameters
    ----------
    image : array_like, shape (height, width)
        Finite, whole numbers too; what lies below 0 counts as 0.

    Returns
    -------
    ndarray of float32, shape (height, width)
        0 everywhere if the image is constant.
    """
    root = np.sqrt(np.maximum(as_image(image, "image"), 0))
    low, high = np.percentile(root, (1, 99.8))
    return ((root - low) / (high - low if high > low else 1)).astype(np.float32)


def border_weight_map(labels, w0=10.0, sigma=5.0, *, balance=False):
    """How much each pixel counts in the loss: more where two cells are close to each other.

    ::

        w(x) = w_c(x) + w0 · exp(-(d1(x) + d2(x))² / (2 sigma²))

    with the distances ``d1`` and ``d2`` of a pixel to the nearest and second nearest cell, 0 inside
    of a cell (Ronneberger et al. 2015, equation 2).

    Parameters
    ----------
    labels : array_like of int, shape (height, width)
        0 is background, every other value one cell; numbers may be missing.
    w0 : float, default 10
        Weight of a border between touching cells.
    sigma : float, default 5
        Width in pixels.
    balance : bool, default False
        Whether ``w_c`` gives cells and background the same total weight, N / (2 N_c), instead of
        being 1.

    Returns
    -------
    ndarray of float, shape (height, width)
        Exact within 1e-7; `w_c` alone if there are fewer than two cells.
    """
    labels, w0, sigma = (
        as_labels(labels, "labels"),
        as_positive(w0, "w0"),
        as_positive(sigma, "sigma"),
    )
    # Beyond this distance the second term is below 1e-7, so each cell needs only a window.
    reach = int(np.ceil(sigma * np.sqrt(2 * max(np.log(w0 / 1e-7), 0))))
    d1, d2 = np.full((2, *labels.shape), np.inf)
    cells = np.unique(labels, return_inverse=True)[1].reshape(labels.shape)
    if labels.min() > 0:
        cells += 1
    for cell, box in enumerate(find_objects(cells), start=1):
        window = tuple(slice(max(side.start - reach, 0), side.stop + reach) for side in box)
        d = distance_transform_edt(cells[window] != cell)
        d2[window] = np.minimum(d2[window], np.maximum(d1[window], d))
        d1[window] = np.minimum(d1[window], d)
    return _class_weights(labels > 0, balance) + w0 * np.exp(-((d1 + d2) ** 2) / (2 * sigma**2))


def _class_weights(mask, balance):
    if not balance:
        return np.ones(mask.shape)
    cell, background = max(mask.sum(), 1), max((~mask).sum(), 1)
    return np.where(mask, mask.size / (2 * cell), mask.size / (2 * background))


def separate_touching(labels):
    """Labels with a line of background between touching cells, as U-Net's training masks have.

    A pixel becomes background if another cell lies in its 3×3 neighborhood.
    """
    labels = as_labels(labels, "labels")
    highest = maximum_filter(labels, 3)
    lowest = minimum_filter(np.where(labels > 0, labels, labels.max() + 1), 3)
    return np.where((highest > labels) | (lowest < labels), 0, labels)


def without_touching(labels, column):
    """Labels without the objects that touch that column, e.g. the cut through an image."""
    labels = as_labels(labels, "labels")
    return np.where(np.isin(labels, labels[:, column]), 0, labels)
