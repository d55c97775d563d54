"""Segmentation: masks, the border weights of U-Net, and the step from scores to single cells."""

import itertools
from typing import NamedTuple

import numpy as np
from scipy.ndimage import (
    distance_transform_edt,
    find_objects,
    gaussian_filter,
    maximum_filter,
    minimum_filter,
)
from skimage.feature import peak_local_max
from skimage.filters import threshold_local, threshold_otsu
from skimage.measure import label
from skimage.segmentation import watershed

from ._undefined import divide
from ._validation import (
    as_image,
    as_labels,
    as_mask,
    as_positive,
    as_probability,
    same_shape,
)
from .instances import (
    AP_THRESHOLDS,
    ForegroundRand,
    InstanceMatch,
    TopologyErrors,
    foreground_rand,
    match_instances,
    mean_average_precision,
    topology_errors,
)
from .tiling import predict_tiled

__all__ = [
    "AP_THRESHOLDS",
    "WATERSHED_GRID",
    "ForegroundRand",
    "InstanceMatch",
    "TopologyErrors",
    "WatershedSettings",
    "border_weight_map",
    "dice",
    "foreground_rand",
    "grow_seeds",
    "iou",
    "match_instances",
    "mean_average_precision",
    "predict_tiled",
    "separate_touching",
    "standardize",
    "topology_errors",
    "tune_watershed",
    "watershed_cells",
    "without_touching",
]


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


def grow_seeds(probability, seed=0.9, edge=0.5, min_size=20):
    """Single cells from P(cell): certain pixels are seeds, which grow to where P(cell) is `edge`.

    Where seeds meet, the border follows the lowest probability (watershed).

    Parameters
    ----------
    probability : array_like in [0, 1], shape (height, width)
    seed, edge : float
        ``edge <= seed``. With both equal, cells are the connected regions above that threshold.
    min_size : int
        Seeds of fewer pixels are dropped.

    Returns
    -------
    ndarray of int, shape (height, width)
        0 = background, cells 1, 2, …
    """
    p = as_probability(as_image(probability, "probability"), "probability")
    seed, edge = as_probability(seed, "seed"), as_probability(edge, "edge")
    if edge > seed:
        raise ValueError(f"edge must not exceed seed ({seed}), got {edge}.")
    return watershed(-p, _large(label(p > seed, connectivity=1), min_size), mask=p > edge)


def _large(labels, min_size):
    """Without the labels of fewer pixels; numbered anew."""
    sizes = np.bincount(labels.ravel())
    kept = np.flatnonzero(sizes[1:] >= min_size) + 1
    numbers = np.zeros(len(sizes), int)
    numbers[kept] = np.arange(1, len(kept) + 1)
    return numbers[labels]


class WatershedSettings(NamedTuple):
    """What a person would turn by hand in `watershed_cells`.

    Attributes
    ----------
    window : int
        Side of the neighborhood whose Gaussian mean is the threshold, in pixels; 0 for one
        threshold over the whole image (Otsu 1979).
    level : float
        How many times as high the threshold is set.
    smooth : float
        Standard deviation in pixels by which the distance map is smoothed.
    apart : int
        Least distance of two centers in pixels.
    """

    window: int = 0
    level: float = 1.0
    smooth: float = 1.5
    apart: int = 5


#: Combinations that `tune_watershed` tries.
WATERSHED_GRID = tuple(
    itertools.starmap(
        WatershedSettings, itertools.product((0, 51), (0.85, 1.0), (1.0, 2.0, 3.0), (3, 5, 7))
    )
)


def watershed_cells(image, settings=None, *, min_size=20):
    """Single cells without a network: threshold, distance to the edge, watershed from its peaks.

    Parameters
    ----------
    image : array_like, shape (height, width)
        Bright cells on a dark background.
    settings : WatershedSettings, optional
    min_size : int
        Cells of fewer pixels are dropped.

    Returns
    -------
    ndarray of int, shape (height, width)
    """
    window, level, smooth, apart = settings or WatershedSettings()
    image = gaussian_filter(as_image(image, "image"), 1)
    dark, otsu = np.percentile(image, 5), threshold_otsu(image)
    mask = image > dark + level * (otsu - dark)
    if window:
        # Against noise where there is no cell at all, a local mean alone would not help.
        faint = dark + 0.35 * (otsu - dark)
        mask = (image > level * threshold_local(image, window)) & (image > faint)
    distance = gaussian_filter(distance_transform_edt(mask), smooth)
    peaks = peak_local_max(distance, min_distance=apart, labels=label(mask), exclude_border=False)
    seeds = np.zeros(mask.shape, int)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    return _large(watershed(-distance, seeds, mask=mask), min_size)


def tune_watershed(image, labels, grid=WATERSHED_GRID):
    """The settings that give the highest F1, and at equal F1 the highest panoptic quality.

    This is what makes the comparison with a trained network fair: both learn from the same cells.

    Parameters
    ----------
    image : array_like, shape (height, width)
    labels : array_like of int, shape (height, width)
        Its true cells; at least one.
    grid : sequence of WatershedSettings

    Returns
    -------
    WatershedSettings
    """
    if not as_labels(labels, "labels").any():
        raise ValueError("labels must hold at least one cell, but all of it is 0.")

    def score(settings):
        match = match_instances(labels, watershed_cells(image, settings))
        return match.f1, match.panoptic_quality

    return max(grid, key=score)
