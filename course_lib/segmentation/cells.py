"""From scores or gray values to single cells: seeds that grow, and the watershed."""

import itertools
from typing import NamedTuple

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter
from skimage.feature import peak_local_max
from skimage.filters import threshold_local, threshold_otsu
from skimage.measure import label
from skimage.segmentation import watershed

from .._validation import as_image, as_labels, as_probability
from .instances import match_instances


def grow_seeds(probability, certain=0.9, edge=0.5, min_size=20):
    """Single cells from P(cell): certain pixels are seeds, which grow to where P(cell) is `edge`.

    Where seeds meet, the border follows the lowest probability (watershed).

    Parameters
    ----------
    probability : array_like in [0, 1], shape (height, width)
    certain, edge : float
        ``edge <= certain``. With both equal, cells are the connected regions above that threshold.
    min_size : int
        Seeds of fewer pixels are dropped.

    Returns
    -------
    ndarray of int, shape (height, width)
        0 = background, cells 1, 2, …
    """
    p = as_probability(as_image(probability, "probability"), "probability")
    certain, edge = as_probability(certain, "certain"), as_probability(edge, "edge")
    if edge > certain:
        raise ValueError(f"edge must not exceed certain ({certain}), got {edge}.")
    return watershed(-p, _large(label(p > certain, connectivity=1), min_size), mask=p > edge)


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
