"""The digits with their sheets, and the electrocardiogram."""

import builtins
from collections import Counter
from difflib import SequenceMatcher

import numpy as np
import pytest
from scipy.signal import find_peaks
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


def test_ecg_has_three_beats():
    recording = datasets.ecg()
    assert recording.shape == (1024,)
    assert recording.dtype == float
    peaks, _ = find_peaks(recording, height=100)
    assert len(peaks) == 3
    assert np.diff(peaks).tolist() == pytest.approx([329, 329], abs=2)


def test_ecg_without_the_wheel(monkeypatch):
    real = builtins.__import__

    def fake(name, *arguments, **keywords):
        if name.partition(".")[0] == "pywt":
            raise ModuleNotFoundError("No module named 'pywt'")
        return real(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, "__import__", fake)
    with pytest.raises(ModuleNotFoundError, match="pip install PyWavelets"):
        datasets.ecg()
