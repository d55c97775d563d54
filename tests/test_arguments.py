"""The checks at the public door: what they let in, and what their one sentence says."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_lib import _validation as door

# The same examples in every run, and no limit on the time of one.


@pytest.mark.slow
@given(st.lists(st.booleans(), min_size=1))
def test_binary_is_the_same_whatever_the_type(truth):
    for values in (truth, [int(v) for v in truth], [float(v) for v in truth], tuple(truth)):
        found = door.as_binary(values, "y_true")
        assert found.dtype == bool
        assert found.tolist() == truth
    assert door.as_binary(torch.tensor(truth), "y_true").tolist() == truth
    assert door.as_binary(np.array(truth, np.uint8), "y_true").tolist() == truth


@given(hnp.arrays(float, st.integers(1, 20), elements=st.floats()))
def test_binary_lets_nothing_but_zeros_and_ones_in(values):
    if np.isin(values, (0, 1)).all():
        assert door.as_binary(values, "y").tolist() == (values == 1).tolist()
    else:
        with pytest.raises(ValueError, match=r"^y must hold (only )?0 and 1, but it contains "):
            door.as_binary(values, "y")


def test_binary_says_which_value_it_found():
    with pytest.raises(ValueError, match=r"y must hold only 0 and 1, but it contains 2\."):
        door.as_binary([0, 1, 2], "y")
    with pytest.raises(ValueError, match=r"\(or booleans\), got values like 'yes'\."):
        door.as_binary(["yes", "no"], "y")
    with pytest.raises(ValueError, match=r"got values like None\."):
        door.as_binary([None, 1], "y")
    with pytest.raises(ValueError, match="contains NaN"):
        door.as_binary([0, np.nan], "y")


@given(hnp.arrays(float, st.integers(1, 20), elements=st.floats(-5, 5)))
def test_scores_keep_their_values(values):
    assert np.array_equal(door.as_scores(values, "y_score"), values)
    assert np.array_equal(door.as_scores(list(values), "y_score"), values)


@pytest.mark.parametrize("values", [[1, 2, 3], [True, False], np.array([1, 2], np.uint8)])
def test_scores_may_be_whole_numbers(values):
    found = door.as_scores(values, "y_score")
    assert found.dtype == float
    assert found.tolist() == list(values)


BAD_SCORES = {
    "NaN": ([0.1, np.nan], "finite"),
    "infinite": ([0.1, np.inf], "finite"),
    "text": (["0.1", "0.2"], r"numbers, got values like '0\.1'"),
    "None": ([None, 0.2], "numbers"),
    "complex": ([0.1j], "numbers"),
    "empty": ([], "empty"),
    "table": ([[0.1], [0.2]], r"one-dimensional, got shape \(2, 1\)"),
    "number": (0.3, r"one-dimensional, got shape \(\)"),
    "ragged": ([[0.1], [0.2, 0.3]], "one-dimensional array"),
}


@pytest.mark.parametrize(("values", "said"), BAD_SCORES.values(), ids=BAD_SCORES)
def test_bad_scores(values, said):
    with pytest.raises(ValueError, match=rf"^y_score must .*{said}"):
        door.as_scores(values, "y_score")


def test_a_tensor_with_a_gradient_is_named():
    with pytest.raises(ValueError, match=r"^y_score must be a one-dimensional array: .*grad"):
        door.as_scores(torch.zeros(3, requires_grad=True), "y_score")
    with pytest.raises(ValueError, match=r"^level must be a number between 0 and 1"):
        door.as_level(torch.tensor(0.5, requires_grad=True))


def test_same_length_names_every_argument():
    door.same_length(a=[1, 2], b=np.zeros((2, 3)), c="ab")
    with pytest.raises(ValueError, match=r"^a, b, c must .* a has 2 and b has 2 and c has 3\."):
        door.same_length(a=[1, 2], b=[3, 4], c=[5, 6, 7])


def test_same_shape_allows_what_numpy_broadcasts():
    door.fitting_shapes(a=0.5, b=np.zeros((4, 1)), c=np.zeros(3))
    with pytest.raises(ValueError, match=r"^a, b must .* a has \(4,\) and b has \(3,\)\."):
        door.fitting_shapes(a=np.zeros(4), b=np.zeros(3))


@pytest.mark.parametrize("only", [0, 1])
def test_both_classes(only):
    door.both_classes(np.array([True, False]))
    with pytest.raises(ValueError, match=f"^truth must hold both .* every value is {only}"):
        door.both_classes(np.full(3, only, bool), "truth")


@given(st.floats())
def test_a_probability_lies_between_0_and_1(value):
    if 0 <= value <= 1:
        assert door.as_probability(value, "p") == value
        assert door.as_probability([value, 0.5], "p").tolist() == [value, 0.5]
    else:
        with pytest.raises(ValueError, match=r"^p must lie between 0 and 1"):
            door.as_probability(value, "p")
        with pytest.raises(ValueError, match=r"^p must lie between 0 and 1"):
            door.as_probability([0.5, value], "p")


@pytest.mark.parametrize("bad", [None, "0.5", ["0.5"], 1j, {}, [[0.1], [0.1, 0.2]], object()])
def test_a_probability_is_a_number(bad):
    with pytest.raises(ValueError, match=r"^p must be a number between 0 and 1"):
        door.as_probability(bad, "p")


@pytest.mark.parametrize("value", [0, 1, True, np.float32(0.5), np.array(0.25)])
def test_one_probability_comes_back_as_a_python_float(value):
    assert type(door.as_probability(value, "p")) is float


@pytest.mark.parametrize("bad", [0, 1, [0.5], np.array([0.2, 0.3])])
def test_an_open_probability_excludes_the_ends_and_arrays(bad):
    assert door.as_open_probability(0.5, "p") == 0.5
    with pytest.raises(ValueError, match=r"^p must be one number strictly between 0 and 1"):
        door.as_open_probability(bad, "p")


def test_counts_become_python_numbers():
    for value in (3, np.int64(3), np.uint8(3)):
        assert type(door.as_count(value, "tp")) is int
    assert door.as_count(10**30, "tp") == 10**30


@pytest.mark.parametrize("bad", [3.0, np.float64(3), True, np.True_, "3", None, [3]])
def test_a_count_is_whole(bad):
    with pytest.raises(ValueError, match=r"^tp must be a whole number"):
        door.as_count(bad, "tp")


def test_a_count_is_not_negative():
    with pytest.raises(ValueError, match=r"^tp must not be negative, got -1"):
        door.as_count(-1, "tp")


@pytest.mark.parametrize(("value", "least", "most"), [(0, 1, None), (1, 2, None), (-1, 0, None)])
def test_a_count_has_a_least(value, least, most):
    assert door.as_count(least, "tp", least, most) == least
    must = f"be at least {least}" if least else "not be negative"
    with pytest.raises(ValueError, match=rf"^tp must {must}, got {value}\.$"):
        door.as_count(value, "tp", least, most)


def test_a_count_may_have_a_most():
    assert [door.as_count(n, "k", 2, 4) for n in (2, 3, 4)] == [2, 3, 4]
    for value in (1, 5):
        with pytest.raises(ValueError, match=rf"^k must lie between 2 and 4, got {value}\.$"):
            door.as_count(value, "k", 2, 4)


@pytest.mark.parametrize("bad", ["c", "", None, 1, ["a"], np.array(["a", "b"])])
def test_a_choice_is_one_of_the_names(bad):
    assert door.as_choice("b", "kind", {"a": 1, "b": 2}) == "b"
    with pytest.raises(ValueError, match=r"^kind must be one of a, b, got "):
        door.as_choice(bad, "kind", ("a", "b"))


DOORS = [getattr(door, name) for name in dir(door) if name.startswith("as_")]
ARRAY_DOORS = [f for f in DOORS if f.__name__ not in {"as_count", "as_position", "as_choice"}]


@pytest.mark.parametrize("check", ARRAY_DOORS, ids=lambda f: f.__name__)
def test_what_hides_behind_a_mask_does_not_come_in(check):
    shape = {"as_boxes": (1, 4)}.get(check.__name__, (2, 2))
    for hidden in (
        np.ma.masked_array(np.ones(shape), mask=np.eye(*shape, dtype=bool)),
        np.ma.masked_array([0, 1, 1], mask=[False, True, False]),
        np.ma.masked_array(0.5, mask=True),
    ):
        with pytest.raises(ValueError, match=r"^(values|level) holds masked values"):
            check(hidden) if check is door.as_level else check(hidden, "values")


def test_a_mask_that_hides_nothing_comes_in():
    assert door.as_binary(np.ma.masked_array([0, 1]), "y").tolist() == [False, True]


def test_numbers_and_booleans_held_as_objects_are_what_they_are():
    truth = np.array([True, False, True], object)
    assert door.as_binary(truth, "y").tolist() == [True, False, True]
    assert door.as_scores(np.array([1, 0.5, np.float32(2)], object), "s").tolist() == [1, 0.5, 2]
    with pytest.raises(ValueError, match=r"got values like 'no'\.$"):
        door.as_binary(np.array([True, "no"], object), "y")
    with pytest.raises(ValueError, match=r"contains NaN"):
        door.as_binary(np.array([True, np.nan], object), "y")
