"""Simulated chest X-rays with a shortcut: a marker that tells the hospital, not the disease.

Nothing here is a patient. The images show what a classifier needs and no more: two lungs, ribs, a
heart, sometimes the soft shadow of a pneumonia, sometimes a lead marker in a corner.
"""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter

from ._validation import as_count, as_probability

#: Height and width of the images in pixels.
SIZE = 64
#: Where the marker lies: rows and columns.
MARKER = np.s_[4:13, 4:12]


class SimulatedXrays(NamedTuple):
    """Simulated chest X-rays and what was put into them.

    Attributes
    ----------
    images : ndarray of float in [0, 1], shape (n, 64, 64)
        Bright is dense.
    y_true : ndarray of int, shape (n,)
        1 = pneumonia.
    marked : ndarray of bool, shape (n,)
    lesions : ndarray of bool, shape (n, 64, 64)
        Where the shadow adds more than half of its peak.
    """

    images: np.ndarray
    y_true: np.ndarray
    marked: np.ndarray
    lesions: np.ndarray


def simulated_xrays(n, marked_if_ill, marked_if_healthy, seed=0, opacity=0.2):
    """Draw simulated X-rays, half of them with pneumonia.

    The same seed gives the same chests, whatever the other arguments: so a marker can be added
    to, or taken from, one and the same patient.

    Parameters
    ----------
    n : int
    marked_if_ill, marked_if_healthy : float in [0, 1]
        Probability of a marker in either group. Equal ones make the marker uninformative.
    seed : int
    opacity : float in [0, 1]
        Mean peak of the shadow; images run from 0 to 1.

    Returns
    -------
    SimulatedXrays
    """
    as_count(n, "n", least=1)
    chances = np.array(
        [
            as_probability(marked_if_healthy, "marked_if_healthy"),
            as_probability(marked_if_ill, "marked_if_ill"),
        ]
    )
    as_probability(opacity, "opacity")
    rng = np.random.default_rng(seed)
    y_true = rng.permutation(np.arange(n) % 2)
    marked = rng.random(n) < chances[y_true]
    images = np.empty((n, SIZE, SIZE))
    lesions = np.zeros((n, SIZE, SIZE), bool)
    for i in range(n):
        images[i], lungs = _chest(rng)
        shadow = _shadow(rng, lungs)
        peak, brightness = opacity * rng.uniform(0.7, 1.3), rng.uniform(0.8, 0.95)
        if y_true[i]:
            images[i] += peak * shadow
            lesions[i] = shadow > 0.5
        if marked[i]:
            images[i][MARKER] = np.maximum(images[i][MARKER], brightness * _letter())
    images += 0.03 * rng.standard_normal(images.shape)
    return SimulatedXrays(images.clip(0, 1), y_true, marked, lesions)


def marker_mask():
    """The marker's box as a mask (64, 64)."""
    mask = np.zeros((SIZE, SIZE), bool)
    mask[MARKER] = True
    return mask


def _chest(rng):
    """A chest without disease, and the mask of its lungs."""
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE
    middle, width, height = rng.normal(0.5, 0.015), rng.uniform(0.16, 0.19), rng.uniform(0.33, 0.39)
    lungs = np.zeros((SIZE, SIZE), bool)
    for side in (-1, 1):
        center = middle + side * rng.uniform(0.2, 0.22)
        # Narrower at the top.
        wide = width * (0.75 + 0.4 * y)
        lungs |= ((x - center) / wide) ** 2 + ((y - 0.5) / height) ** 2 < 1
    air = gaussian_filter(lungs.astype(float), 1.5)
    ribs = np.cos(2 * np.pi * (8 * y - 4 * np.abs(x - middle)) + rng.uniform(0, 2 * np.pi))
    heart = np.exp(-(((x - middle - 0.09) / 0.13) ** 2 + ((y - 0.68) / 0.14) ** 2))
    tissue = gaussian_filter(rng.standard_normal((SIZE, SIZE)), 2)
    spine = np.exp(-(((x - middle) / 0.05) ** 2))
    image = 0.55 - 0.42 * air * (1 - 0.7 * heart) + 0.05 * air * ribs + 0.12 * spine + 0.15 * tissue
    return image + rng.normal(0, 0.03), lungs


def _shadow(rng, lungs):
    """A soft blob of peak 1 whose center lies in a lung."""
    inner = np.argwhere(gaussian_filter(lungs.astype(float), 2) > 0.9)
    row, column = inner[rng.integers(len(inner))]
    y, x = np.mgrid[:SIZE, :SIZE]
    return np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * rng.uniform(3.5, 6) ** 2))


def _letter():
    """A capital R, as technicians put it on the plate."""
    rows = ("11110", "10001", "10001", "11110", "10100", "10010", "10001")
    letter = np.zeros((9, 8))
    letter[1:8, 1:6] = [list(map(int, row)) for row in rows]
    return letter
