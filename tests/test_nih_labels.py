"""The five radiologists' labels: read from the published format, and equal to the typed counts."""

import hashlib
import socket

import numpy as np
import pytest

from course_lib import datasets
from course_lib.datasets import fetched

# Two films of one patient and one of another, two findings, in no order.
READERS = """\
Image ID,Patient ID,Reader ID,Abnormal,Pneumonia,Other
b_001.png,7,30,1,YES,NO
b_000.png,7,10,0,NO,NO
a_000.png,5,20,1,NO,YES
b_001.png,7,10,1,NO,NO
a_000.png,5,10,1,NO,NO
b_000.png,7,30,0,NO,NO
a_000.png,5,30,0,NO,NO
b_001.png,7,20,1,YES,NO
b_000.png,7,20,0,NO,NO
"""
REFERENCE = """\
Image ID,Patient ID,Abnormal,Pneumonia,Other
b_001.png,7,YES,YES,NO
a_000.png,5,YES,NO,YES
b_000.png,7,NO,NO,NO
"""


@pytest.fixture
def sample(tmp_path, monkeypatch):
    """The loader finds these two files in its cache, and nobody answers at its address."""
    folder = tmp_path / "nih_expert_labels"
    folder.mkdir()
    known = {}
    for name, text in zip(fetched._NIH_SHA256, (READERS, REFERENCE), strict=True):
        (folder / name).write_text(text, encoding="utf-8")
        known[name] = hashlib.sha256(text.encode()).hexdigest()
    monkeypatch.setattr(fetched, "_NIH_SHA256", known)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setattr(fetched, "_NIH", f"http://127.0.0.1:{port}")
    for variable in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(variable, "127.0.0.1")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    return folder


def test_films_readers_and_findings_are_in_order(sample):
    labels = datasets.nih_expert_labels()
    assert labels.findings == ("Abnormal", "Pneumonia", "Other")
    assert labels.readers == ("10", "20", "30")
    assert labels.image.tolist() == ["a_000.png", "b_000.png", "b_001.png"]
    assert labels.patient.tolist() == ["5", "7", "7"]
    assert labels.votes.dtype == labels.y_true.dtype == bool
    first, second, third = labels.votes.astype(int).tolist()
    assert first == [[1, 0, 0], [1, 0, 1], [0, 0, 0]]
    assert second == [[0, 0, 0]] * 3
    assert third == [[1, 0, 0], [1, 1, 0], [1, 1, 0]]
    assert labels.y_true.astype(int).tolist() == [[1, 0, 1], [0, 0, 0], [1, 1, 0]]


def test_a_changed_file_is_refused(sample):
    (sample / "test_labels.csv").write_text(REFERENCE.replace("NO,YES", "NO,NO"), encoding="utf-8")
    asked = r"nih_expert_labels\(\) needs test_labels\.csv.*no connection"
    with pytest.raises(datasets.DataUnavailable, match=asked):
        datasets.nih_expert_labels()


def test_address_and_checksums_are_fixed():
    assert "/e5597f2abc6c8dcb0fb6e4884720cd5965e2ddd4/" in fetched._NIH
    assert all(len(known) == 64 for known in fetched._NIH_SHA256.values())


@pytest.fixture
def labels(shared_data, monkeypatch):
    """The real ones, where they were fetched."""
    folder = shared_data("nih_expert_labels")
    monkeypatch.setenv("COURSE_DATA", str(folder.parent))
    return datasets.nih_expert_labels()


def test_counts_are_those_that_ship(labels):
    typed = datasets.nih_five_radiologists()
    pneumonia = labels.votes[:, :, labels.findings.index("Pneumonia")]
    assert pneumonia.sum(0).tolist() == typed.by_reader.tolist()
    assert np.bincount(pneumonia.sum(1), minlength=6).tolist() == typed.by_votes.tolist()
    assert (len(labels.image), len(set(labels.patient))) == (typed.films, 532)


def test_the_reference_is_the_majority_of_the_last_three(labels):
    majority = labels.votes[:, 2:].sum(1) >= 2
    assert (labels.y_true[:, :-1] == majority[:, :-1]).all()
    unnamed = majority[:, 0] & ~majority[:, 1:].any(1)
    assert (labels.y_true[:, -1] == (majority[:, -1] | unnamed)).all()
