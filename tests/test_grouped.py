"""The interval over groups: exact where it can be worked out, and wider where cases are alike."""

import numpy as np
import pytest

from course_lib.intervals import clopper_pearson_interval, grouped_interval
from course_lib.metrics import UndefinedRateWarning


def test_right_and_wrong_groups_of_one_size_give_clopper_and_pearson():
    right = np.repeat([True, False], [7 * 4, 3 * 4])
    found = grouped_interval(right, np.repeat(np.arange(10), 4), resamples=50_000)
    assert found == pytest.approx(clopper_pearson_interval(7, 10), abs=0.01)


def test_groups_that_all_agree_keep_a_width():
    right, groups = np.ones(30, bool), np.repeat(np.arange(10), 3)
    low, high = grouped_interval(right, groups)
    assert low == pytest.approx(clopper_pearson_interval(10, 10)[0], abs=0.03)
    assert high == 1
    low, high = grouped_interval(np.zeros(30), groups, bounds=(-1, 1))
    assert low < 0 < high
    with pytest.warns(UndefinedRateWarning, match="all values are equal"):
        assert np.isnan(grouped_interval(np.ones(30), groups)).all()


@pytest.mark.parametrize("wrong", [0.01, 0.1])
def test_covers_where_errors_are_rare(wrong):
    """Groups of five cases that are wrong together or not at all."""
    rng, groups, hits = np.random.default_rng(0), np.repeat(np.arange(20), 5), 0
    for seed in range(100):
        right = np.repeat(rng.random(20) >= wrong, 5)
        low, high = grouped_interval(right, groups, seed=seed, resamples=400)
        hits += low <= 1 - wrong <= high
    assert hits >= 90


def test_copies_of_a_case_add_nothing():
    values = np.random.default_rng(1).random(20)
    once = grouped_interval(values, np.arange(20))
    copied = grouped_interval(np.repeat(values, 50), np.repeat(np.arange(20), 50))
    assert copied == pytest.approx(once)
    alone = grouped_interval(np.repeat(values, 50), np.arange(1000))
    assert alone[1] - alone[0] < (once[1] - once[0]) / 4


@pytest.mark.slow
def test_covers_the_truth_about_as_often_as_it_says():
    rng, hits = np.random.default_rng(2), 0
    for seed in range(300):
        level_of_group = rng.normal(0, 1, 30)
        values = np.repeat(level_of_group, 10) + rng.normal(0, 1, 300)
        low, high = grouped_interval(values, np.repeat(np.arange(30), 10), seed=seed, resamples=500)
        hits += low <= 0 <= high
    assert 0.88 <= hits / 300 <= 0.98


@pytest.mark.parametrize(
    ("values", "groups", "options", "said"),
    [
        ([], [], {}, "values must hold at least one value"),
        ([1, np.nan], [0, 1], {}, "values must be finite"),
        ([1, 0], [0, 1, 2], {}, "values has 2 and groups has 3"),
        ([1, 0], [7, 7], {}, "groups must hold at least two groups"),
        ([1, 0], [0, 1], {"level": 1}, "level must be one number strictly between 0 and 1"),
        ([1, 0], [0, 1], {"resamples": 0}, "resamples must be at least 1"),
        ([[1], [0]], [0, 1], {}, "values must be one-dimensional"),
        ([1, 0], [0, 1], {"bounds": (1, 0)}, "bounds must be a lower and a higher number"),
        ([1, 3], [0, 1], {"bounds": (0, 1)}, "values must lie within bounds"),
    ],
)
def test_bad_input(values, groups, options, said):
    with pytest.raises(ValueError, match=said):
        grouped_interval(values, groups, **options)
