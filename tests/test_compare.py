"""`compare`: what counts as the same answer, and how a difference is put into words."""

import math
from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_lib.exercises import compare, in_words

# The same examples in every run, and no limit on the time of one.
nan, inf = math.nan, math.inf


class Pair(NamedTuple):
    first: float
    second: float


SAME = {
    "whole numbers": (3, np.int8(3)),
    "whole and floating": (3, 3.0),
    "floating and whole": (3.0, 3),
    "truth and one": (True, 1),
    "one and truth": (1, np.True_),
    "truth values": (True, np.True_),
    "truth and floating": (np.array([True, False]), [1.0, 0.0]),
    "single precision": (0.1, np.float32(0.1)),
    "number and 0-d array": (0.5, np.array(0.5)),
    "number and tensor": (0.5, torch.tensor(0.5, dtype=torch.float64)),
    "tensor with a gradient": (np.ones(2), torch.ones(2, requires_grad=True)),
    "tensor expected": (torch.tensor([1.0, 2.0]), np.array([1.0, 2.0])),
    "tensors": (torch.arange(3), torch.arange(3.0)),
    "array and list": (np.array([1.0, 2.0]), [1.0, 2.0]),
    "array and list of tensors": (np.array([1.0, 2.0]), [torch.tensor(1.0), torch.tensor(2.0)]),
    "tuple and list": ((1, 2), [1, 2]),
    "tuple and array": ((1, 2), np.array([1, 2])),
    "tuple and tensor": ((1.0, 2.0), torch.tensor([1.0, 2.0])),
    "tuple and named tuple": ((1, 2), Pair(1, 2)),
    "named tuple and tuple": (Pair(1, 2), (1, 2)),
    "nested": ((1, [np.ones(2), {"a": None}]), [1.0, (torch.ones(2), {"a": None})]),
    "dictionary in another order": ({"a": 1, "b": 2}, {"b": 2.0, "a": 1.0}),
    "NaN": (nan, np.float32(nan)),
    "NaN inside": (np.array([1.0, nan]), [1.0, nan]),
    "infinity": (inf, inf),
    "both infinities": (np.array([inf, -inf, 0.0]), [inf, -inf, 0.0]),
    "minus zero": (0.0, -0.0),
    "empty": (np.empty((0, 2)), np.empty((0, 2))),
    "nothing": (None, None),
    "no values": ((), []),
    "text": ("ill", np.str_("ill")),
    "within tolerance": (1.0, 1.0 + 9e-6),
    "tiny against zero": (0.0, 9e-8),
    "tiny beside large": (np.array([1e3, 1e-9]), [1e3, 0.0]),
    "single precision beside large": (np.array([300.1, 1e-5]), np.float32([300.1, 2.7e-5])),
    "complex": (1 + 2j, np.complex64(1 + 2j)),
    "real and complex": (1.0, 1 + 0j),
    "unsigned and signed": (np.array([200, 1], np.uint8), np.array([200, 1])),
    "beyond 2^53": (2**53 + 1, np.int64(2**53 + 1)),
}

DIFFERENT = {
    "whole numbers": (3, 4, "should be 3, not 4"),
    "floating": (0.5, 0.25, "should be 0.5, not 0.25"),
    "truth": (True, False, "should be True, not False"),
    "truth and two": (True, 2, "should be True, not 2"),
    "beyond tolerance": (1.0, 1.0 + 2e-5, "should be 1, not 1.00002"),
    "an infinity is no scale": (np.array([1.0, inf]), [2.0, inf], "but other values"),
    "beyond 2^53": (2**53 + 1, 2**53, "should be 9007199254740993, not 9007199254740992"),
    "unsigned overflow": (np.uint64(2**64 - 1), np.int64(-1), "not -1"),
    "NaN expected": (nan, 0.5, "should be nan, not 0.5"),
    "NaN got": (0.5, nan, "should be 0.5, not nan"),
    "infinity expected": (inf, 5.0, "should be inf, not 5"),
    "infinity got": (5.0, inf, "should be 5, not inf"),
    "the other infinity": (inf, -inf, "should be inf, not -inf"),
    "infinity for NaN": (nan, inf, "should be nan, not inf"),
    "infinity inside": (np.array([1.0, inf]), [1.0, 7.0], "right shape (2,) but other values"),
    "values": (np.arange(3), [0, 1, 3], "has the right shape (3,) but other values"),
    "imaginary part": (1.0, 1 + 1j, "should be 1, not 1+1j"),
    "no broadcasting of a number": (np.ones(3), 1.0, "has the shape (), expected (3,)"),
    "no broadcasting of a row": (np.ones((2, 2)), np.ones(2), "the shape (2,), expected (2, 2)"),
    "one value in an array": (1.0, np.array([1.0]), "has the shape (1,), expected ()"),
    "row and column": (np.ones((3, 1)), np.ones((1, 3)), "shape (1, 3), expected (3, 1)"),
    "empty": (np.empty(0), np.empty((0, 1)), "has the shape (0, 1), expected (0,)"),
    "None": (1.0, None, "is None: does the function end with `return`?"),
    "None for values": ((1, 2), None, "is None: does the function end with `return`?"),
    "None inside": ((1, 2), (1, None), "at position 2 is None"),
    "None expected": (None, 0, "should be None, not a number"),
    "text expected": ("ill", 1, "should be a text, not a number"),
    "text": ("ill", "Ill", "should be 'ill', not 'Ill'"),
    "text got": (1.0, "1.0", "should be a number, not a text"),
    "digits": (np.ones(2), ["1", "1"], "should be an array of shape (2,), not a list"),
    "set": (1.0, {1.0}, "should be a number, not a set"),
    "generator": (np.ones(2), (x for x in (1, 1)), "not a generator"),
    "function": (1.0, len, "should be a number, not a builtin_function_or_method"),
    "ragged": (np.ones((2, 2)), [[1], [1, 1]], "not a ragged list"),
    "dictionary got": (1.0, {"a": 1.0}, "should be a number, not a dictionary"),
    "dictionary expected": ({"a": 1}, [1], "should be a dictionary, not a list"),
    "keys": ({"a": 1, "b": 2}, {"a": 1}, "should have the keys ['a', 'b']"),
    "under a key": ({"a": 1}, {"a": 2}, "under 'a' should be 1, not 2"),
    "too few": ((1, 2, 3), (1, 2), "should be 3 values, not 2"),
    "one for two": ((1, 2), 1, "should be 2 values, not a number"),
    "one array for two": ((1, 2), np.array(1), "should be 2 values, not a number"),
    "position": ((1, 2, 3), (1, 2, 4), "at position 3 should be 3, not 4"),
    "nested": ((1, [np.ones(2)]), (1, [np.ones(3)]), "at position 2 at position 1 has the shape"),
    "rows": ((1, 2), np.ones((2, 1)), "at position 1 has the shape (1,), expected ()"),
}


@pytest.mark.parametrize(("expected", "got"), SAME.values(), ids=SAME)
def test_the_same(expected, got):
    assert compare(expected, got) is None


@pytest.mark.parametrize(("expected", "got", "reason"), DIFFERENT.values(), ids=DIFFERENT)
def test_different_and_why(expected, got, reason):
    assert reason in in_words(compare(expected, got))


def test_a_difference_says_where_and_what():
    found = compare((1, {"a": [1.0, 2.0]}), (1, {"a": [1.0, 3.0]}))
    assert found.where == (("position", 2), ("key", "a"), ("position", 2))
    assert (found.kind, found.expected, found.got) == ("number", 2, 3)
    assert compare(np.ones(2), torch.ones(3)).kind == "shape"
    assert {compare(*pair[:2]).kind for pair in DIFFERENT.values()} == {
        *("none", "type", "text", "keys", "length", "ragged", "shape", "number", "values"),
    }


def test_tolerances():
    assert compare(100.0, 100.9, rtol=0.01) is None
    assert compare(100.0, 101.1, rtol=0.01)
    assert compare(0.0, 0.05, atol=0.1) is None
    assert compare(0.0, 0.05)
    assert compare((0.0, {"a": 0.0}), (0.05, {"a": 0.05}), atol=0.1) is None
    assert compare(3, 4, rtol=0.5), "whole numbers are exact"
    alike = compare(1.0, 1.000002, rtol=1e-8)
    assert in_words(alike) == "should be 1.0, not 1.000002"


values = hnp.arrays(
    st.sampled_from([np.int64, np.float32, np.float64]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)


@given(values)
def test_everything_equals_itself_in_any_container(array):
    for other in (array, array.copy(), torch.from_numpy(array.copy())):
        assert compare(array, other) is None
        assert compare((array, [array]), [other, (other,)]) is None
        assert compare({"a": array}, {"a": other}) is None
    if array.size:  # an empty list has lost its further dimensions
        assert compare(array, array.tolist()) is None


@given(values, values)
def test_the_verdict_is_numpys(expected, got):
    same = expected.shape == got.shape and np.allclose(
        *(got.astype(float), expected.astype(float)),
        rtol=0,
        atol=1e-7 + 1e-5 * np.max(np.abs(expected[np.isfinite(expected)]), initial=0),
        equal_nan=True,
    )
    if expected.dtype == got.dtype == np.int64:
        same = np.array_equal(expected, got)
    assert (compare(expected, got) is None) == same


@given(st.floats(), st.floats())
def test_two_numbers(expected, got):
    same = (
        got == expected
        or (math.isnan(expected) and math.isnan(got))
        or (math.isfinite(expected) and abs(got - expected) <= 1e-7 + 1e-5 * abs(expected))
    )
    assert (compare(expected, got) is None) == same
    assert (compare((expected,), [got]) is None) == same


def test_a_subclass_cannot_bring_its_own_equality():
    class Text(str):
        def __eq__(self, other):
            return True

        __hash__ = str.__hash__

    class Number(float):
        def __eq__(self, other):
            return True

        __hash__ = float.__hash__

    class Array(np.ndarray):
        def __array_ufunc__(self, *_, **__):
            return np.True_

    class Pairs(tuple):
        def __len__(self):
            return 2

        __slots__ = ()

    assert in_words(compare("ill", Text("normal"))) == "should be 'ill', not 'normal'"
    assert in_words(compare(0.5, Number(0.25))) == "should be 0.5, not 0.25"
    assert compare(np.ones(2), np.zeros(2).view(Array))
    assert in_words(compare((1, 2), Pairs((1, 2, 3)))) == "should be 2 values, not 3"


def test_neither_side_is_changed():
    expected, got = (np.arange(3.0), {"a": [1, 2]}), [np.arange(3.0), {"a": [1, 2]}]
    assert compare(expected, got) is None
    assert expected[0].tolist() == got[0].tolist() == [0, 1, 2]
    assert expected[1] == got[1] == {"a": [1, 2]}


def test_the_length_is_compared_before_an_array_becomes_a_list():
    class Long(np.ndarray):
        def __iter__(self):
            raise AssertionError("was made a list")

    got = np.zeros(33_000_000, np.int8).view(Long)
    assert compare((1, 2, 3, 4), got).kind == "length"


def test_a_gradient_that_is_expected_is_asked_for():
    expected = torch.ones(2, requires_grad=True)
    assert compare(expected, 1 * expected) is None
    for bare in (expected.detach(), expected.tolist(), np.ones(2)):
        assert compare(expected, bare).kind == "gradient"
    # What is wrong in the first place is said first.
    assert compare(expected, np.zeros(2)).kind == "values"
    assert compare((expected, 3), (expected.detach(), 3)).where == (("position", 1),)
