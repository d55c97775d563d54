"""The digits with their sheets, and the electrocardiogram."""

from collections import Counter
from difflib import SequenceMatcher

import numpy as np
from sklearn.datasets import load_digits

from course_lib import datasets


def test_digits_are_those_of_scikit_learn():
    digits, theirs = datasets.digits(), load_digits()
    assert np.array_equal(digits.images * 16, theirs.images)
    assert np.array_equal(digits.y_true, theirs.target)
    assert digits.images.min() == 0
    assert digits.images.max() == 1


def test_every_sheet_asks_for_the_same_digits_in_the_same_order():
    digits = datasets.digits()
    sheets = [digits.y_true[digits.sheet == s] for s in range(14)]
    assert sum(map(len, sheets)) == 1797
    first = "".join(map(str, sheets[0]))
    assert len(first) == 130
    assert first.startswith("0123456789" * 3)
    for sheet in sheets:
        written = "".join(map(str, sheet))
        matched = sum(
            b.size for b in SequenceMatcher(None, first, written, False).get_matching_blocks()
        )
        # A few digits are missing, and one is another.
        assert matched >= len(written) - 1
        assert 120 <= len(written) <= 130


def test_sheets_hold_every_digit():
    digits = datasets.digits()
    counts = Counter(zip(digits.sheet.tolist(), digits.y_true.tolist(), strict=True))
    assert len(counts) == 140
    assert min(counts.values()) >= 9
