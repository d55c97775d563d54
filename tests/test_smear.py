"""`course_lib.smear`: cells follow the textbook, and laboratories differ as they should."""

import numpy as np
import pytest

from course_lib import smear


@pytest.fixture(scope="module")
def one_lab():
    return smear.simulated_smear(4, 60, variety=0.0, seed=1)


def density(images):
    """Optical density of each color."""
    return -np.log10(np.maximum(images, 1) / 255)


def central_area(images, threshold):
    """Pixels within 28 of the middle whose red light is absorbed, as azure does and eosin not."""
    y, x = np.mgrid[:64, :64] - 31.5
    inside = np.hypot(y, x) < 28
    return ((density(images)[..., 0] > threshold) & inside).sum((1, 2))


def test_shape_and_balance(one_lab):
    assert one_lab.images.shape == (240, 64, 64, 3)
    assert one_lab.images.dtype == np.uint8
    assert np.bincount(one_lab.y_true).tolist() == [60] * 4
    assert np.bincount(one_lab.slide).tolist() == [60] * 4
    assert len(smear.CLASSES) == 4


def test_kinds_take_turns_even_with_one_cell_a_slide():
    drawn = smear.simulated_smear(9, 1, seed=0)
    assert drawn.y_true.tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 0]
    assert drawn.slide.tolist() == list(range(9))


def test_seed_decides():
    one, same, other = (smear.simulated_smear(2, 3, seed=s).images for s in (5, 5, 6))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert len({i.tobytes() for i in one}) == 6


@pytest.mark.slow
def test_monocytes_are_larger_than_lymphocytes(one_lab):
    area = central_area(one_lab.images, 0.12)
    lymphocytes, monocytes = (area[one_lab.y_true == k] for k in (0, 1))
    assert np.median(monocytes) > 1.3 * np.median(lymphocytes)
    # But not each of them: reactive lymphocytes are as large as small monocytes.
    assert lymphocytes.max() > monocytes.min()


def test_eosinophils_hold_eosin(one_lab):
    """Green and blue are absorbed where red is not."""
    d = density(one_lab.images)
    y, x = np.mgrid[:64, :64] - 31.5
    pink = ((d[..., 1] > 0.35) & (d[..., 0] < 0.2) & (np.hypot(y, x) < 20)).sum((1, 2))
    by_kind = [np.median(pink[one_lab.y_true == k]) for k in range(4)]
    assert by_kind[3] > 2 * max(by_kind[:3])


def test_the_nucleus_of_a_lymphocyte_is_round_and_that_of_a_neutrophil_is_not(one_lab):
    def solidity(image):
        from skimage.measure import label, regionprops

        dark = label(density(image)[..., 0] > 0.4)
        return max(regionprops(dark), key=lambda r: r.area).solidity

    values = np.array([solidity(image) for image in one_lab.images])
    lymphocytes, neutrophils = (np.median(values[one_lab.y_true == k]) for k in (0, 2))
    assert lymphocytes > 0.93 > neutrophils


@pytest.mark.slow
def test_laboratories_differ_more_with_more_variety():
    def spread(variety):
        images = smear.simulated_smear(40, 1, variety=variety, seed=2).images
        background = np.percentile(images, 95, axis=(1, 2))
        return background.std(0).mean()

    assert spread(0.0) < 0.5 * spread(0.3) < 0.5 * spread(1.0)


@pytest.mark.slow
def test_fixed_sets_share_no_cell():
    train, validation = smear.training_set(), smear.validation_set()
    assert (len(train.images), len(validation.images)) == (400, 240)
    assert len(set(train.slide.tolist())) == 8
    assert len(set(validation.slide.tolist())) == 240
    seen = {i.tobytes() for i in train.images}
    assert not seen & {i.tobytes() for i in validation.images}


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((0, 5), {}, "slides must be at least 1"),
        ((5, 0), {}, "cells must be at least 1"),
        ((5.0, 1), {}, "slides must be a whole number"),
        ((5, -1), {}, "cells must be at least 1"),
        ((1, 1), {"variety": -0.1}, "variety must be finite and not negative"),
        ((1, 1), {"variety": np.nan}, "variety must be finite"),
    ],
)
def test_bad_input(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        smear.simulated_smear(*arguments, **options)
