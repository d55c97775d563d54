"""Distances of outlines and center lines against SimpleITK, brute force and definitions."""

import warnings

import numpy as np
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.morphology import skeletonize

from course_lib import segmentation as seg
from course_lib.metrics import UndefinedRateWarning

masks = hnp.array_shapes(min_dims=2, max_dims=3, max_side=7).flatmap(
    lambda shape: st.tuples(*[hnp.arrays(bool, shape) for _ in range(2)])
)
full_masks = masks.filter(lambda two: two[0].any() and two[1].any())


def outline(mask):
    """By the definition: pixels with a neighbor across a side that does not belong."""
    padded = np.pad(mask, 1)
    inner = padded.copy()
    for axis in range(mask.ndim):
        for step in (-1, 1):
            inner &= np.roll(padded, step, axis)
    return np.argwhere(padded & ~inner) - 1


def all_distances(true, predicted, spacing):
    a, b = outline(true) * spacing, outline(predicted) * spacing
    table = np.linalg.norm(a[:, None] - b[None], axis=-1)
    return table.min(axis=1), table.min(axis=0)


@pytest.mark.slow
@settings(deadline=None)
@given(full_masks, st.sampled_from([1.0, 0.5, 3.0]))
def test_every_pair_of_pixels(two, first):
    true, predicted = two
    spacing = np.r_[first, np.ones(true.ndim - 1)]
    expected = all_distances(true, predicted, spacing)
    found = seg.surface_distances(true, predicted, spacing)
    for mine, brute in zip(found, expected, strict=True):
        np.testing.assert_allclose(np.sort(mine), np.sort(brute))
    largest = max(d.max() for d in expected)
    assert seg.hausdorff_distance(true, predicted, 100, spacing) == pytest.approx(largest)
    assert seg.hausdorff_distance(true, predicted, spacing=spacing) == pytest.approx(
        max(np.percentile(d, 95) for d in expected)
    )
    assert seg.normalized_surface_distance(true, predicted, 1.0, spacing) == pytest.approx(
        np.mean(np.concatenate(expected) <= 1.0)
    )


def test_hausdorff_of_two_filled_shapes_is_simpleitks():
    """Of objects side by side the farthest pixel lies on the outline, where the programs agree."""
    true, predicted = np.zeros((2, 40, 50), np.uint8)
    true[5:20, 5:15] = 1
    predicted[10:30, 20:45] = 1
    images = [SimpleITK.GetImageFromArray(mask) for mask in (true, predicted)]
    for image in images:
        image.SetSpacing((2.0, 0.5))  # x, y
    oracle = SimpleITK.HausdorffDistanceImageFilter()
    oracle.Execute(*images)
    assert seg.hausdorff_distance(true, predicted, 100, spacing=(0.5, 2.0)) == pytest.approx(
        oracle.GetHausdorffDistance()
    )


@given(full_masks)
def test_symmetric_and_perfect(two):
    assert seg.hausdorff_distance(*two) == seg.hausdorff_distance(*two[::-1])
    if two[0].ndim == 2:
        assert seg.center_line_dice(*two) == pytest.approx(seg.center_line_dice(*two[::-1]))
        assert seg.center_line_dice(two[0], two[0]) == 1
    assert seg.hausdorff_distance(two[0], two[0]) == 0
    assert seg.normalized_surface_distance(two[0], two[0], 0) == 1


def test_a_line_through_a_vessel_by_hand():
    """Of a vessel 5 wide the half of its length that was found, one pixel thin, is right."""
    true = np.zeros((15, 60), bool)
    true[5:10, 5:55] = True
    found = np.zeros_like(true)
    found[7, 5:30] = True
    line = skeletonize(true)
    sensitivity = (line & found).sum() / line.sum()
    assert 0.4 < sensitivity < 0.6
    assert seg.center_line_dice(true, found) == pytest.approx(2 * sensitivity / (1 + sensitivity))


def test_a_lost_capillary_counts_by_its_length():
    true = np.zeros((40, 200), bool)
    true[5:25, 10:190] = True
    true[34, 10:190] = True
    found = true.copy()
    found[34] = False
    assert seg.dice(true, found) > 0.97
    assert seg.center_line_dice(true, found) < 0.75


@pytest.mark.parametrize("empty", ["true", "predicted", "both"])
def test_empty_masks(empty):
    full, nothing = np.ones((3, 3), bool), np.zeros((3, 3), bool)
    true = nothing if empty != "predicted" else full
    predicted = nothing if empty != "true" else full
    with pytest.raises(ValueError, match=r"^(true|predicted) holds no object"):
        seg.surface_distances(true, predicted)
    with pytest.warns(UndefinedRateWarning, match=r"hausdorff_distance .* a mask is empty"):
        assert np.isnan(seg.hausdorff_distance(true, predicted))
    for score in (
        seg.center_line_dice,
        lambda *two: seg.normalized_surface_distance(*two, tolerance=1),
    ):
        if empty == "both":
            with pytest.warns(UndefinedRateWarning, match="both masks are empty"):
                assert np.isnan(score(true, predicted))
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                assert score(true, predicted) == 0


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda m: seg.hausdorff_distance(m, m[:1]), "true, predicted must have the same shape"),
        (lambda m: seg.hausdorff_distance(m, m, 101), "percentile must be one number from 0"),
        (lambda m: seg.hausdorff_distance(m, m, [50, 95]), "percentile must be one number"),
        (lambda m: seg.hausdorff_distance(m, m, spacing=0), "spacing must be above 0"),
        (lambda m: seg.hausdorff_distance(m, m, spacing=(1, np.nan)), "spacing must be above 0"),
        (lambda m: seg.hausdorff_distance(m, m, spacing=(1, 1, 1)), "spacing must hold one"),
        (lambda m: seg.normalized_surface_distance(m, m, -1), "tolerance must be finite and not"),
        (lambda m: seg.normalized_surface_distance(m, m, [1, 2]), "tolerance must be one number"),
        (lambda m: seg.center_line_dice(m[0], m[0]), "true must have the shape .height, width."),
        (lambda m: seg.surface_distances(m + 2, m), "true must hold only 0 and 1"),
    ],
)
def test_bad_arguments(call, said):
    with pytest.raises(ValueError, match=f"^{said}"):
        call(np.ones((3, 4), int))
