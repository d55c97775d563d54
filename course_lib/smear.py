"""Simulated blood smears: four kinds of white blood cells, stained and photographed by many labs.

Nothing here is a real cell. The simulation follows the textbook's description of each kind and the
optics of a bright-field microscope: a stain absorbs, so light passes as ``I0 · 10^(-density)``
(Beer–Lambert), and what a laboratory does with stain, lamp and focus changes every pixel without
changing the cell.
"""

import itertools
from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter

from ._validation import as_count, as_nonnegative

#: Kinds of cells in the order of their labels.
CLASSES = ("lymphocyte", "monocyte", "neutrophil", "eosinophil")
#: Side of an image in pixels; a pixel is about 0.3 µm.
SIZE = 64

# Optical density in red, green and blue of one unit of each stain, after typical Giemsa slides.
_AZURE = np.array([0.62, 0.72, 0.22])
_EOSIN = np.array([0.10, 0.52, 0.38])
_Y, _X = np.mgrid[:SIZE, :SIZE].astype(float)


class Smear(NamedTuple):
    """Simulated cells, one in the middle of each image.

    Attributes
    ----------
    images : ndarray of uint8, shape (n, 64, 64, 3)
    y_true : ndarray of int, shape (n,)
        Position in `CLASSES`.
    slide : ndarray of int, shape (n,)
        The slide, which is one patient's, that a cell lies on.
    """

    images: np.ndarray
    y_true: np.ndarray
    slide: np.ndarray


def simulated_smear(slides, cells, *, variety=1.0, seed=0):
    """Draw slides, and on each of them cells of all kinds in turn.

    Parameters
    ----------
    slides, cells : int
        Number of slides, and of cells on each. The kinds take turns over all slides.
    variety : float
        How much slides differ in stain, lamp, camera and focus: 0.3 is one laboratory, 1 is many.
    seed : int or sequence of int

    Returns
    -------
    Smear
    """
    as_count(slides, "slides", least=1)
    as_count(cells, "cells", least=1)
    variety = as_nonnegative(variety, "variety")
    rng = np.random.default_rng(seed)
    n = slides * cells
    y_true = np.arange(n) % len(CLASSES)
    images = np.empty((n, SIZE, SIZE, 3), np.uint8)
    for slide in range(slides):
        lab = _laboratory(rng, variety)
        for i in range(slide * cells, (slide + 1) * cells):
            images[i] = _photograph(*_draw(y_true[i], rng), lab, rng)
    return Smear(images, y_true, np.repeat(np.arange(slides), cells))


def training_set():
    """400 cells on 8 slides of one laboratory."""
    return simulated_smear(8, 50, variety=0.25, seed=(92, 1))


def validation_set():
    """240 cells of as many patients from many laboratories."""
    return simulated_smear(240, 1, seed=(92, 2))


# What a laboratory does


class _Laboratory(NamedTuple):
    azure: np.ndarray
    eosin: np.ndarray
    lamp: np.ndarray
    focus: float
    noise: float


def _laboratory(rng, variety):
    """Stain, light and focus of one slide."""

    def varied(common, own):
        """Random factors of three colors, one common to all of them and one their own."""
        return np.exp(variety * (common * rng.standard_normal() + own * rng.standard_normal(3)))

    return _Laboratory(
        azure=_AZURE * varied(0.25, 0.15),
        eosin=_EOSIN * varied(0.34, 0.20),
        lamp=0.90 * varied(0.06, 0.09),
        focus=min(0.8 * np.exp(0.5 * variety * rng.standard_normal()), 1.9),
        noise=0.015 + 0.02 * variety * rng.random(),
    )


def _photograph(azure, eosin, lab, rng):
    """Light through the stained slide, out of focus and noisy, as eight-bit pixels."""
    density = azure[..., None] * lab.azure + eosin[..., None] * lab.eosin
    light = lab.lamp * 10.0**-density
    light = gaussian_filter(light, (lab.focus, lab.focus, 0))
    light += lab.noise * rng.standard_normal(light.shape)
    return np.rint(255 * np.clip(light, 0, 1)).astype(np.uint8)


# What a cell looks like: maps of the two stains


def _draw(kind, rng):
    """Amounts of azure and eosin in every pixel."""
    azure, eosin = np.full((2, SIZE, SIZE), 0.02)
    if rng.random() < 0.3:
        # Another white cell, cut by the edge: only the one in the middle counts.
        _WHITE_CELLS[rng.integers(4)](azure, eosin, _around(rng.uniform(40, 48), rng), rng)
    for _ in range(rng.integers(2, 6)):
        _red_cell(azure, eosin, rng)
    for _ in range(rng.integers(0, 4)):
        platelet = _blob(_around(rng.uniform(22, 40), rng), rng.uniform(2, 4), rng, 0.1)
        _stain(azure, platelet, 0.45)
        _stain(eosin, platelet, 0.3)
    _WHITE_CELLS[kind](azure, eosin, SIZE / 2 + rng.uniform(-7, 7, 2), rng)
    return azure, eosin


def _around(far, rng):
    """A place at that distance from the middle of the image."""
    return _on_circle(np.full(2, SIZE / 2), far, rng.uniform(0, 2 * np.pi))


def _on_circle(center, radius, angle):
    return center + radius * np.array([np.sin(angle), np.cos(angle)])


def _red_cell(azure, eosin, rng):
    center, radius = _around(rng.uniform(30, 42), rng), rng.uniform(11, 13.5)
    body, pale = _blob(center, radius, rng, 0.03), _blob(center, 0.5 * radius, rng, 0.05, soft=6)
    _stain(azure, body, 0.06)
    _stain(eosin, body * (1 - 0.6 * pale), 0.62)


def _lymphocyte(azure, eosin, center, rng):
    """Small, filled by a smooth dense nucleus. One in four is reactive: larger, with a dent."""
    reactive = rng.random() < 0.25
    radius = rng.uniform(16, 20.5) if reactive else rng.uniform(12.5, 17)
    body = _blob(center, radius, rng, 0.06)
    _stain(azure, body, rng.uniform(0.18, 0.36))
    _stain(eosin, body, rng.uniform(0.05, 0.15))
    nucleus = _blob(center + rng.uniform(-2, 2, 2), radius * rng.uniform(0.66, 0.86), rng, 0.05)
    if reactive:
        nucleus = nucleus * (1 - _bite(center, radius, rng, rng.uniform(0.1, 0.3)))
    _nucleus(azure, eosin, nucleus, rng.uniform(0.75, 1.1), rng, lumps=0.15, size=3)


def _monocyte(azure, eosin, center, rng):
    """Larger, with vacuoles; a nucleus bent like a kidney, its chromatin like lace."""
    radius = rng.uniform(17, 24)
    body = _blob(center, radius, rng, 0.07)
    holes = _specks(rng.integers(0, 7), center, radius, rng, 1.3)
    _stain(azure, body * (1 - 0.7 * holes), rng.uniform(0.18, 0.36))
    _stain(eosin, body * (1 - 0.7 * holes), rng.uniform(0.05, 0.15))
    nucleus = _blob(center + rng.uniform(-2, 2, 2), radius * rng.uniform(0.64, 0.8), rng, 0.06)
    nucleus = nucleus * (1 - _bite(center, radius, rng, rng.uniform(0.18, 0.5)))
    _nucleus(azure, eosin, nucleus, rng.uniform(0.65, 1.0), rng, lumps=0.36, size=1.2)


def _neutrophil(azure, eosin, center, rng):
    """Two to five lobes on a string; fine granules, in one cell of five toxic: coarse and dark."""
    radius = rng.uniform(16, 21.5)
    _stain(eosin, _blob(center, radius, rng, 0.05), rng.uniform(0.16, 0.34))
    toxic = rng.random() < 0.2
    granules = _specks(rng.integers(40, 90), center, radius, rng, 0.8 if toxic else 0.6)
    _stain(eosin, granules, rng.uniform(0.28, 0.38) if toxic else 0.26, over=False)
    _stain(azure, granules, 0.22 if toxic else 0.08, over=False)
    lobes = _lobes(rng.choice([2, 3, 4, 5], p=[0.3, 0.35, 0.25, 0.1]), center, radius, rng)
    _nucleus(azure, eosin, lobes, rng.uniform(0.75, 1.15), rng, lumps=0.15, size=1.8)


def _eosinophil(azure, eosin, center, rng):
    """Two lobes, sometimes three; coarse eosin granules, of which some cells have lost most."""
    radius = rng.uniform(16, 21.5)
    _stain(eosin, _blob(center, radius, rng, 0.05), rng.uniform(0.16, 0.34))
    lobes = _lobes(rng.choice([2, 3], p=[0.7, 0.3]), center, radius, rng)
    _nucleus(azure, eosin, lobes, rng.uniform(0.7, 1.1), rng, lumps=0.15, size=1.8)
    number = rng.integers(55, 100) if rng.random() < 0.8 else rng.integers(28, 48)
    granules = _specks(number, center, radius, rng, 1.15)
    _stain(eosin, granules, rng.uniform(0.6, 1.0), over=False)
    azure *= 1 - 0.3 * granules


_WHITE_CELLS = (_lymphocyte, _monocyte, _neutrophil, _eosinophil)


def _nucleus(azure, eosin, mask, density, rng, lumps, size):
    """Chromatin: azure, in lumps of that strength and that size in pixels."""
    grain = gaussian_filter(rng.standard_normal((SIZE, SIZE)), size)
    grain = 1 + lumps * grain / grain.std()
    _stain(azure, mask, density * np.clip(grain, 0.2, 2))
    _stain(eosin, mask, 0.22)


def _lobes(number, center, radius, rng):
    """Lobes on an arc inside of the cell, joined by strands."""
    turn = rng.choice([-1, 1])
    angles = rng.uniform(0, 2 * np.pi) + turn * np.cumsum(
        rng.uniform(0.85, 1.25, number) * (1.6 if number == 2 else 4.6 / number)
    )
    far = 0.45 * radius * rng.uniform(0.85, 1.15, number)
    places = center + far[:, None] * np.stack([np.sin(angles), np.cos(angles)], axis=1)
    size = radius * {2: 0.42, 3: 0.36, 4: 0.31, 5: 0.28}[number]
    mask = np.zeros((SIZE, SIZE))
    for place in places:
        mask = np.maximum(mask, _blob(place, size * rng.uniform(0.88, 1.12), rng, 0.1))
    for one, other in itertools.pairwise(places):
        for share in (0.35, 0.5, 0.65):
            mask = np.maximum(mask, _blob(one + share * (other - one), 1.8, rng, 0.0))
    return mask


def _bite(center, radius, rng, depth):
    """A round bite into a nucleus from one side."""
    place = _on_circle(center, 0.75 * radius, rng.uniform(0, 2 * np.pi))
    return _blob(place, radius * (0.25 + depth), rng, 0.05)


def _blob(center, radius, rng, waviness, soft=1.5):
    """A roundish region, 1 inside and 0 outside, with an edge `soft` pixels wide."""
    y, x = _Y - center[0], _X - center[1]
    angle = np.arctan2(y, x)
    phases = rng.uniform(0, 2 * np.pi, 2)
    edge = radius * (1 + waviness * (np.cos(2 * angle + phases[0]) + np.cos(3 * angle + phases[1])))
    return np.clip(0.5 + (edge - np.hypot(y, x)) / soft, 0, 1)


def _specks(number, center, radius, rng, size):
    """Small spots of that standard deviation, spread evenly over a disk."""
    far, angle = 0.92 * radius * np.sqrt(rng.random(number)), rng.uniform(0, 2 * np.pi, number)
    rows = np.rint(center[0] + far * np.sin(angle)).astype(int)
    columns = np.rint(center[1] + far * np.cos(angle)).astype(int)
    inside = (rows >= 0) & (rows < SIZE) & (columns >= 0) & (columns < SIZE)
    spots = np.zeros((SIZE, SIZE))
    np.add.at(spots, (rows[inside], columns[inside]), 1)
    # Peak 1 for a single spot.
    return np.clip(2 * np.pi * size**2 * gaussian_filter(spots, size), 0, 1)


def _stain(stain, mask, amount, over=True):
    """Put stain where the mask is, over what was there, or in addition to it."""
    stain *= (1 - mask) if over else 1
    stain += mask * amount
