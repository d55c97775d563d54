"""The interval over groups: exact where it can be worked out, and wider where cases are alike."""

import itertools

import numpy as np
import pytest

from course_lib.grouped import grouped_interval


def test_against_every_possible_drawing_of_three_groups():
    values = np.array([1, 1, 0, 1, 0, 0, 0.5])
    groups = np.array(["a", "a", "a", "b", "b", "c", "c"])
    members = [values[groups == g] for g in "abc"]
    means = [
        np.concatenate([members[g] for g in drawn]).mean()
        for drawn in itertools.product(range(3), repeat=3)
    ]
    exact = np.quantile(means, [0.1, 0.9])
    low, high = grouped_interval(values, groups, level=0.8, resamples=200_000)
    # The 27 drawings are equally likely, so the quantiles are two of their means.
    assert [low, high] == pytest.approx(exact, abs=0.02)


def test_copies_of_a_case_add_nothing():
    values = np.random.default_rng(1).random(20)
    once = grouped_interval(values, np.arange(20))
    copied = grouped_interval(np.repeat(values, 50), np.repeat(np.arange(20), 50))
    assert copied == pytest.approx(once)
    alone = grouped_interval(np.repeat(values, 50), np.arange(1000))
    assert alone[1] - alone[0] < (once[1] - once[0]) / 4


def test_covers_the_truth_about_as_often_as_it_says():
    rng, hits = np.random.default_rng(2), 0
    for seed in range(300):
        level_of_group = rng.normal(0, 1, 30)
        values = np.repeat(level_of_group, 10) + rng.normal(0, 1, 300)
        low, high = grouped_interval(values, np.repeat(np.arange(30), 10), seed=seed, resamples=500)
        hits += low <= 0 <= high
    assert 0.88 <= hits / 300 <= 0.98


def test_one_value_everywhere_has_no_width():
    assert grouped_interval(np.ones(6), [0, 0, 1, 1, 2, 2]) == (1, 1)


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
    ],
)
def test_bad_input(values, groups, options, said):
    with pytest.raises(ValueError, match=said):
        grouped_interval(values, groups, **options)
