"""The paired difference of two F1: against the definition, and where a sample says nothing."""

import numpy as np
import pytest

from course_lib._undefined import UndefinedRateWarning
from course_lib.segmentation import f1_difference, match_instances


def _squares(keep):
    """A grid of 8×8 squares, one in the middle of each tile of 16 pixels, some left out."""
    labels = np.zeros((128, 128), int)
    for name in np.flatnonzero(keep):
        row, column = 16 * (name // 8) + 4, 16 * (name % 8) + 4
        labels[row : row + 8, column : column + 8] = name + 1
    return labels


@pytest.fixture
def three():
    rng = np.random.default_rng(0)
    truth = np.ones(64, bool)
    return _squares(truth), _squares(rng.random(64) < 0.9), _squares(rng.random(64) < 0.6)


def test_difference_is_that_of_the_two_f1(three):
    true, a, b = three
    found = f1_difference(true, a, b, tile=16)
    expected = match_instances(true, a).f1 - match_instances(true, b).f1
    assert found.difference == pytest.approx(expected)
    assert found.interval[0] < found.difference < found.interval[1]
    assert found.interval[0] > 0
    assert found.tiles == 64
    swapped = f1_difference(true, b, a, tile=16)
    assert swapped.difference == pytest.approx(-expected)


def test_interval_is_that_of_a_loop_over_resampled_objects(three):
    """One object a tile: drawing tiles is drawing objects."""
    true, a, b = three
    hit_a, hit_b = (np.isin(np.arange(1, 65), labels) for labels in (a, b))
    rng = np.random.default_rng(1)

    def f1(hits):
        return 2 * hits.sum() / (2 * hits.sum() + (~hits).sum())

    draws = [rng.integers(64, size=64) for _ in range(4000)]
    low, high = np.quantile([f1(hit_a[d]) - f1(hit_b[d]) for d in draws], [0.025, 0.975])
    assert f1_difference(true, a, b, tile=16).interval == pytest.approx((low, high), abs=0.02)


def test_invented_objects_count():
    true, a = _squares(np.arange(64) < 32), _squares(np.ones(64, bool))
    assert f1_difference(true, a, true, tile=16).difference == pytest.approx(64 / 96 - 1)


def test_equal_segmentations_have_no_interval(three):
    true, a, _ = three
    with pytest.warns(UndefinedRateWarning, match="interval"):
        found = f1_difference(true, a, a)
    assert found.difference == 0
    assert np.isnan(found.interval).all()


def test_shapes_must_agree(three):
    true, a, _ = three
    with pytest.raises(ValueError, match="b"):
        f1_difference(true, a, a[:64])
