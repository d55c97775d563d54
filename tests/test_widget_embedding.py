"""The embedding explorer's numbers against brute force and scikit-learn."""

import json
import re

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from course_lib.widgets import EmbeddingExplorer

Y = np.repeat([5, 2, 9, 7], 6)
RNG = np.random.default_rng(0)
Z = np.eye(4)[np.unique(Y, return_inverse=True)[1]] + RNG.normal(0, 0.35, (24, 4))
Z /= np.linalg.norm(Z, axis=1, keepdims=True)
IMAGES = RNG.random((24, 8, 8))
NAMES = [f"letter {n}" for n in range(24)]


@pytest.fixture(scope="module")
def widget():
    return EmbeddingExplorer(Z, Y, IMAGES, NAMES, selected=3, threshold=0.52)


def test_neighbors_are_those_of_scikit_learn_and_never_the_picture_itself(widget):
    d, rows = NearestNeighbors(n_neighbors=7).fit(Z).kneighbors()
    for at, neighbors in enumerate(widget.data["neighbors"]):
        assert at not in neighbors
        assert len(set(neighbors)) == 6
        shown = [widget.data["distances"][at][other] for other in neighbors]
        assert shown == sorted(shown)
        np.testing.assert_allclose(shown, 100 * d[at, :6] ** 2, atol=0.51)
        assert set(neighbors) <= set(rows[at])


def test_rates_are_those_of_the_distances_on_the_page(widget):
    data = widget.data
    d = np.array(data["distances"])
    assert np.array_equal(d, d.T)
    for t, true, false in zip(
        data["thresholds"], data["true_accept"], data["false_accept"], strict=True
    ):
        accepted = {True: [], False: []}
        for i in range(24):
            for j in range(i):
                accepted[bool(Y[i] == Y[j])].append(d[i, j] <= t)
        assert true == pytest.approx(np.mean(accepted[True]), abs=1e-4)
        assert false == pytest.approx(np.mean(accepted[False]), abs=1e-4)


def test_classes_map_and_start(widget):
    data = widget.data
    assert [data["classes"][i] == data["classes"][0] for i in range(24)] == (Y[0] == Y).tolist()
    for axis in ("x", "y"):
        assert min(data[axis]) == 0
        assert max(data[axis]) == 1
    assert widget.state == {"selected": 3, "threshold": 10}
    assert data["thresholds"][10] == 50


def test_the_map_keeps_families_together(widget):
    places = np.c_[widget.data["x"], widget.data["y"]]
    nearest = NearestNeighbors(n_neighbors=1).fit(places).kneighbors(return_distance=False)[:, 0]
    assert np.mean(Y[nearest] == Y) > 0.7


def test_text_form_does_not_depend_on_the_last_digits_of_a_network(widget):
    other = EmbeddingExplorer(1.02 * Z, Y, IMAGES, NAMES, selected=3, threshold=0.52)
    assert other.data != widget.data
    assert repr(other) == repr(widget)
    assert re.fullmatch(
        r"EmbeddingExplorer\(selected=3, threshold=10, data_sha256=[0-9a-f]{12}\)", repr(widget)
    )
    renamed = EmbeddingExplorer(Z, Y, IMAGES, NAMES[::-1], selected=3, threshold=0.52)
    assert repr(renamed) != repr(widget)


def test_payload_and_fallback(widget):
    data = {key: value for key, value in widget.data.items() if key != "pictures"}
    assert len(json.dumps(data, allow_nan=False)) < 20_000
    assert len(widget.data["pictures"]) < 150_000
    shown = widget.fallback()
    assert shown.count("<tr>") == 12
    assert "<td>2.00</td>" in shown


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y_true": Y[:-1]}, "must have the same length"),
        ({"names": NAMES[:-1]}, "must have the same length"),
        ({"images": IMAGES[:-1]}, "must have the same length"),
        ({"y_true": np.ones(24)}, "y_true must hold at least two classes"),
        ({"y_true": np.arange(24)}, "y_true must hold at least two classes"),
        ({"embeddings": np.full((24, 2), np.nan)}, "embeddings must be finite"),
        ({"selected": 24}, "selected must lie between 0 and 23"),
        ({"selected": -1}, "selected must lie between 0 and 23"),
        ({"threshold": np.nan}, "threshold must be finite"),
    ],
)
def test_bad_input(change, message):
    arguments = {"embeddings": Z, "y_true": Y, "images": IMAGES, "names": NAMES} | change
    with pytest.raises(ValueError, match=message):
        EmbeddingExplorer(**arguments)


@pytest.mark.parametrize("n", [7, 161])
def test_too_few_and_too_many_pictures(n):
    z, y = np.random.default_rng(0).normal(size=(n, 2)), np.arange(n) % 2
    with pytest.raises(ValueError, match="embeddings must hold 8 to 160 pictures"):
        EmbeddingExplorer(z, y, np.zeros((n, 4, 4)), [""] * n)
