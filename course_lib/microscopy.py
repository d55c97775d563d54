"""Simulated micrographs, with the truth about every cell.

Whatever comes from here is simulated, and is called so wherever it is shown.
"""

import numpy as np
from scipy.ndimage import gaussian_filter

from ._validation import as_count, as_labels, as_nonnegative, as_positive, as_probability

#: Harmonics by which an outline deviates from an ellipse, and their largest amplitudes.
_HARMONICS = ((2, 0.06), (3, 0.05))


def simulated_cells(
    size=128, cells=14, radius=(9, 16), axis_ratio=(0.6, 1.0), touching=0.45, *, seed=0
):
    """Labels of roundish cells, some of which touch.

    Outlines are ellipses, modulated by low harmonics. A cell is put where it overlaps its
    predecessors by at most an eighth, and gives way to them there.

    Parameters
    ----------
    size : int
        Side of the image in pixels.
    cells : int
        Number of cells; fewer if that many do not find room.
    radius : tuple of float
        Smallest and largest long half-axis in pixels.
    axis_ratio : tuple of float
        Smallest and largest ratio of short to long axis.
    touching : float in [0, 1]
        Probability that a cell is put beside an earlier one instead of anywhere.
    seed : int or numpy.random.Generator

    Returns
    -------
    ndarray of int, shape (size, size)
        0 = background, cells 1, 2, …
    """
    size, cells = as_count(size, "size", least=8), as_count(cells, "cells")
    touching = as_probability(touching, "touching")
    radius, axis_ratio = _as_range(radius, "radius"), _as_range(axis_ratio, "axis_ratio")
    rng = np.random.default_rng(seed)
    labels, placed = np.zeros((size, size), int), []
    for _ in range(8 * cells):
        if len(placed) == cells:
            break
        r = rng.uniform(*radius)
        center = rng.uniform(-3, size + 3, 2)
        if placed and rng.random() < touching:
            neighbor, its_radius = placed[rng.integers(len(placed))]
            angle = rng.uniform(0, 2 * np.pi)
            center = neighbor + 0.9 * (its_radius + r) * np.array([np.sin(angle), np.cos(angle)])
        window, inside = _outline(rng, center, r, rng.uniform(*axis_ratio), size)
        earlier = labels[window]
        if inside.sum() < 20 or np.mean(earlier[inside] > 0) > 1 / 8:
            continue
        placed.append((center, r))
        earlier[inside & (earlier == 0)] = len(placed)
    return labels


def fluorescence(
    labels, seed=0, *, photons=100.0, psf=1.5, background=0.05, read_noise=2.0, depth=0.0
):
    """Simulated fluorescence micrograph of labeled cells, in detected photons.

    Cells differ in brightness and have a texture. Light is blurred by the microscope, scattered on
    its way through the tissue, counted (Poisson), and read out with noise (Gaussian).

    Parameters
    ----------
    labels : array_like of int, shape (height, width)
    seed : int or numpy.random.Generator
    photons : float
        Expected count in a pixel of the brightest cell, in focus at the surface.
    psf : float
        Standard deviation of the point spread function in pixels. A wide-field microscope's is
        0.21 λ / NA (Zhang, Zerubia & Olivo-Marin 2007, Appl Opt 46:1819).
    background : float
        Light where there is no cell, as a share of `photons`.
    read_noise : float
        Standard deviation of the camera's read-out, in photons.
    depth : float
        Of the cells below the surface, in scattering lengths. ``exp(-depth)`` of the light arrives
        unscattered; the rest turns into haze.

    Returns
    -------
    ndarray of float, shape (height, width)
        May be slightly negative, as a camera's offset-corrected image is.
    """
    labels = as_labels(labels, "labels")
    photons, psf = as_positive(photons, "photons"), as_positive(psf, "psf")
    background = as_nonnegative(background, "background")
    read_noise, depth = as_nonnegative(read_noise, "read_noise"), as_nonnegative(depth, "depth")
    rng = np.random.default_rng(seed)
    dye = _per_cell(labels, np.exp(rng.uniform(np.log(0.15), 0, labels.max() + 1)))
    texture = 1 + 0.18 * _noise(rng, labels.shape, 2.5) + 0.08 * _noise(rng, labels.shape, 1.0)
    dye = np.maximum(dye * texture, 0)
    unscattered = np.exp(-depth)
    haze = gaussian_filter(dye, 12 * psf)
    light = unscattered * gaussian_filter(dye, psf) + (1 - unscattered) * haze + background
    return rng.poisson(photons * light) + rng.normal(0, read_noise, labels.shape)


def _as_range(values, name):
    """Smallest and largest value, both above 0."""
    low, high = values if np.shape(values) == (2,) else (np.nan, np.nan)
    if not 0 < low <= high < np.inf:
        raise ValueError(f"{name} must be (smallest, largest), both above 0, got {values!r}.")
    return low, high


def _outline(rng, center, radius, ratio, size):
    """The window of the image that a cell may reach, and which of its pixels lie in the cell."""
    reach = 1.2 * radius
    low = np.clip(np.floor(center - reach), 0, size).astype(int)
    high = np.clip(np.ceil(center + reach) + 1, 0, size).astype(int)
    y, x = np.mgrid[low[0] : high[0], low[1] : high[1]]
    y, x, tilt = y - center[0], x - center[1], rng.uniform(0, np.pi)
    u = (x * np.cos(tilt) + y * np.sin(tilt)) / radius
    v = (y * np.cos(tilt) - x * np.sin(tilt)) / (radius * ratio)
    angle = np.arctan2(v, u)
    wave = sum(a * np.cos(k * angle + rng.uniform(0, 2 * np.pi)) for k, a in _HARMONICS)
    return (slice(low[0], high[0]), slice(low[1], high[1])), np.hypot(u, v) < 1 + wave


def _per_cell(labels, values):
    """An image of one value for each label; 0 for the background."""
    return np.where(labels > 0, values[labels], 0.0)


def _noise(rng, shape, sigma):
    """Smooth random texture of unit variance."""
    texture = gaussian_filter(rng.standard_normal(shape), sigma)
    return texture / texture.std()
