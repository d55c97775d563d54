"""Simulated micrographs: the truth is right, and light and noise obey their laws."""

import numpy as np
import pytest
from scipy.ndimage import label

from course_lib import microscopy

NOTHING = np.zeros((64, 64), int)


def rng(seed=0):
    return np.random.default_rng(seed)


def block(size=64, inset=16):
    labels = np.zeros((size, size), int)
    labels[inset:-inset, inset:-inset] = 1
    return labels


def test_cells_are_numbered_and_in_one_piece():
    labels = microscopy.simulated_cells(160, 20, seed=rng())
    assert labels.shape == (160, 160)
    assert np.unique(labels).tolist() == list(range(21))
    pieces = [label(labels == cell)[1] for cell in range(1, 21)]
    assert pieces.count(1) >= 18, "an overlap may rarely cut the tip of a cell off"


def test_size_and_shape_of_cells():
    area, ratio = [], []
    for seed in range(30):
        labels = microscopy.simulated_cells(96, 1, (12, 12), (0.5, 0.5), seed=rng(seed))
        y, x = np.nonzero(labels)
        if min(y.min(), x.min()) > 0 and max(y.max(), x.max()) < 95:
            area.append(len(y))
            short, long = np.sqrt(np.linalg.eigvalsh(np.cov(y, x)))
            ratio.append(short / long)
    assert len(area) > 10
    assert np.mean(area) == pytest.approx(np.pi * 12 * 6, rel=0.1)
    assert np.mean(ratio) == pytest.approx(0.5, abs=0.06)


def test_touching_is_a_choice():
    def neighbors(touching):
        count = 0
        for seed in range(10):
            cells = microscopy.simulated_cells(200, 12, touching=touching, seed=rng(seed))
            pairs = np.stack([cells[:, 1:].ravel(), cells[:, :-1].ravel()])
            count += len({tuple(p) for p in np.sort(pairs, axis=0).T if 0 < p[0] < p[1]})
        return count

    assert neighbors(1.0) > 3 * neighbors(0.0)


def test_a_full_image_takes_no_more_cells():
    labels = microscopy.simulated_cells(32, 200, (9, 9), seed=rng())
    assert 2 < labels.max() < 30
    assert not microscopy.simulated_cells(32, 0, seed=rng()).any()


def test_same_seed_same_image():
    labels = microscopy.simulated_cells(64, 5, seed=rng())
    once, again, other = (microscopy.fluorescence(labels, rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(once, again)
    assert not np.array_equal(once, other)
    assert once.shape == (64, 64)


@pytest.mark.parametrize("photons", [20, 500])
def test_noise_is_that_of_counting_and_reading(photons):
    """Without cells: mean = background, variance = mean + read noise squared."""
    image = microscopy.fluorescence(
        np.zeros((300, 300), int), rng(), photons=photons, background=0.5, read_noise=3
    )
    assert image.mean() == pytest.approx(0.5 * photons, rel=0.02)
    assert image.var() == pytest.approx(0.5 * photons + 9, rel=0.03)
    dark = microscopy.fluorescence(NOTHING, rng(), background=0, read_noise=0)
    assert not dark.any()


def test_blur_has_the_width_of_the_psf():
    """The slope of an edge, summed over many noise-free rows, is a Gaussian of that sigma."""
    labels = np.zeros((400, 80), int)
    labels[:, 40:] = 1
    image = microscopy.fluorescence(
        labels, rng(), photons=1e5, psf=3.0, background=0, read_noise=0
    ).mean(0)
    slope = np.diff(image)[25:55]
    slope = np.maximum(slope - np.median(slope[:5]), 0)
    x = np.arange(len(slope))
    mean = (x * slope).sum() / slope.sum()
    sigma = np.sqrt(((x - mean) ** 2 * slope).sum() / slope.sum())
    assert mean == pytest.approx(14, abs=0.5)
    assert sigma == pytest.approx(3, rel=0.15)


def test_depth_takes_contrast_and_leaves_light():
    labels, contrast, total = block(128, 48), [], []
    for depth in (0, 1, 3):
        image = microscopy.fluorescence(
            labels, rng(), photons=1e4, background=0, read_noise=0, depth=depth
        )
        contrast.append(image[60:68, 60:68].mean() - image[20:28, 60:68].mean())
        total.append(image.sum())
    assert contrast[0] > 1.3 * contrast[1] > 1.3**2 * contrast[2] > 0
    assert total == pytest.approx([total[0]] * 3, rel=0.05)


def test_labels_with_gaps_are_fine():
    labels = block() * 700
    assert np.isfinite(microscopy.fluorescence(labels, rng())).all()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: microscopy.simulated_cells(4, seed=rng()), "size must be at least 8"),
        (lambda: microscopy.simulated_cells(32.5, seed=rng()), "size must be a whole number"),
        (lambda: microscopy.simulated_cells(32, -1, seed=rng()), "cells must not be negative"),
        (
            lambda: microscopy.simulated_cells(32, touching=2, seed=rng()),
            "touching must lie between",
        ),
        (lambda: microscopy.simulated_cells(32, radius=(0, 3), seed=rng()), "radius must be"),
        (lambda: microscopy.simulated_cells(32, radius=(5, 3), seed=rng()), "radius must be"),
        (lambda: microscopy.simulated_cells(32, axis_ratio=3, seed=rng()), "axis_ratio must be"),
        (lambda: microscopy.fluorescence([0, 1], rng()), "labels must be a label image"),
        (lambda: microscopy.fluorescence(NOTHING, rng(), photons=0), "photons must be one number"),
        (
            lambda: microscopy.fluorescence(NOTHING, rng(), depth=-1),
            "depth must be finite and not negative",
        ),
        (
            lambda: microscopy.fluorescence(NOTHING, rng(), read_noise=np.nan),
            "read_noise must be finite",
        ),
        (lambda: microscopy.fluorescence([[0.5]], rng()), "labels must hold whole numbers"),
    ],
)
def test_bad_settings(call, said):
    with pytest.raises(ValueError, match=said):
        call()
