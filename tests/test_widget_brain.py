"""Numbers of the depth, decoding and retinotopy explorers, against the library and by hand."""

import base64
import io
import json
import re

import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import RidgeClassifier

from course_lib.optics import MOUSE_CORTEX
from course_lib.retinotopy import ORIENTATIONS, CorticalMap, SimulatedV1, gratings
from course_lib.widgets import DecodingExplorer, DepthExplorer, RetinotopyExplorer

SCENE = np.zeros((60, 70))
SCENE[10:30, 10:30] = 1


@pytest.fixture(scope="module")
def depth():
    return DepthExplorer(SCENE)


@pytest.fixture(scope="module")
def decoding():
    return DecodingExplorer()


@pytest.fixture(scope="module")
def retinotopy():
    return RetinotopyExplorer()


# Depth ------------------------------------------------------------------------------------------


def test_depth_numbers_are_those_of_the_formulas(depth):
    d, z = depth.data, np.array(depth.depths, float)
    for n, light in MOUSE_CORTEX.items():
        l = light.attenuation_length
        assert d["wavelengths"][n - 1] == light.wavelength
        energy = np.exp(z / l)
        assert d["within_reach"][n - 1] == (energy <= 68).tolist()
        for name, values in (("signal", energy**-n), ("energy", energy)):
            for said, value in zip(d["said"][name][n - 1], values, strict=True):
                if said[0].isdigit():
                    assert float(said.replace(",", "")) == pytest.approx(value, rel=0.0501)
                else:
                    assert value < 1e-3 or value >= 1e6
        ratio = np.clip(np.log10(light.signal_to_background(z)), *d["range"])
        assert d["ratio"][n - 1] == pytest.approx(ratio, abs=0.006)
        assert d["limits"][n - 1] == round(light.depth_limit())


def test_profiles_are_1_at_the_focus(depth):
    d = depth.data
    for k, z in enumerate(d["depths"]):
        at = d["planes"][k].index(z)
        assert all(d["profiles"][n][k][at] == 0 for n in range(3))
        assert d["planes"][k] == sorted(set(d["planes"][k]))
        light = MOUSE_CORTEX[2].fluorescence(np.array(d["planes"][k]), z)
        expected = np.log10(light / light[at])
        inside = np.abs(expected) < 4
        assert np.array(d["profiles"][1][k])[inside] == pytest.approx(expected[inside], abs=0.006)


def test_pictures_are_one_sheet_of_all_depths_and_orders(depth):
    kind, data = depth.data["pictures"].split(",")
    assert kind == "data:image/png;base64"
    sheet = np.array(Image.open(io.BytesIO(base64.b64decode(data))).convert("L"), float)
    tiles = len(depth.depths)
    assert sheet.shape == (3 * 56, tiles * 56)

    def contrast(order, z):
        """How much brighter the cell is than what surrounds it."""
        row, column = 56 * (order - 1), 56 * depth.depths.index(z)
        tile = sheet[row : row + 56, column : column + 56] / 255
        return tile[12:28, 12:28].mean() - tile[32:, 32:].mean()

    # Two photons near the surface, three down to where the laser ends, one nowhere.
    assert contrast(2, 400) > 0.5
    assert contrast(2, 1000) < 0.1
    assert contrast(3, 1200) > 0.5
    assert contrast(3, 2000) < 0.1
    assert contrast(1, 300) < 0.1


def test_depth_hash_leaves_the_pictures_out(depth):
    other = DepthExplorer(SCENE, seed=5)
    assert other.data["pictures"] != depth.data["pictures"]
    assert repr(other) == repr(depth)
    assert repr(DepthExplorer(SCENE, turn_up=10)) != repr(depth)
    assert re.fullmatch(r"DepthExplorer\(depth=8, order=1, data_sha256=[0-9a-f]{12}\)", repr(depth))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((np.ones(56),), "scene must have the shape"),
        ((np.ones((55, 80)),), "scene must be at least 56 pixels wide and high"),
        ((-np.ones((56, 56)),), "scene must not be negative"),
        ((SCENE, 0), "turn_up must be one number above 0"),
        ((SCENE, 0.5), "turn_up must be at least 1"),
    ],
)
def test_bad_scene(arguments, said):
    with pytest.raises(ValueError, match=said):
        DepthExplorer(*arguments)


# Decoding ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_decoding_accuracy_by_another_library(decoding):
    """The same brain, gratings and noise; one run after another held out."""
    rng = np.random.default_rng(0)
    y, runs = np.tile(ORIENTATIONS, 40), np.repeat(np.arange(10), 16)
    answers = SimulatedV1(seed=0).respond(gratings(y, rng))
    signal = answers.std(axis=0).mean()
    d = decoding.data
    for v, n in enumerate(d["voxels"]):
        for k, level in enumerate(d["noises"]):
            X = answers[:, :n] + level * signal * rng.standard_normal((160, n))
            predicted = np.empty(160)
            for run in range(10):
                seen, held_out = runs != run, runs == run
                length = np.mean(((X[seen] - X[seen].mean(axis=0)) ** 2).sum(axis=1))
                peer = RidgeClassifier(alpha=length).fit(X[seen], y[seen].astype(int))
                predicted[held_out] = peer.predict(X[held_out])
            assert d["accuracy"][v][k] == pytest.approx(np.mean(predicted == y), abs=1e-4)


@pytest.mark.slow
def test_decoding_tables_add_up(decoding):
    d = decoding.data
    for v, k in np.ndindex(len(d["voxels"]), len(d["noises"])):
        confusion = np.array(d["confusion"][v][k])
        assert confusion.sum(axis=1).tolist() == [40] * 4
        assert d["accuracy"][v][k] == pytest.approx(np.trace(confusion) / 160, abs=1e-4)
        assert d["low"][v][k] < d["accuracy"][v][k] <= d["high"][v][k]
        assert 0.25 < d["lucky"][v][k] < 0.4


def test_noise_and_fewer_voxels_make_reading_harder(decoding):
    accuracy = np.array(decoding.data["accuracy"])
    assert accuracy[-1, 0] == 1
    assert (accuracy[:, -1] < np.array(decoding.data["lucky"])[:, -1]).all()
    middle = decoding.data["noises"].index(6)
    assert accuracy[0, middle] < accuracy[1, middle] < accuracy[2, middle]


# Retinotopy -------------------------------------------------------------------------------------


def test_retinotopy_places_and_blind_spots(retinotopy):
    d, cortex = retinotopy.data, CorticalMap()
    x, y = np.array(d["x"]), np.array(d["y"])
    place = cortex.to_cortex(x, y)
    assert np.array(d["along"]) == pytest.approx(place.along, abs=0.06)
    assert np.array(d["across"]) == pytest.approx(place.across, abs=0.06)
    assert (place.left == np.array(d["left"])).all()
    # A lesion as wide as the blind spot times the magnification there.
    area = cortex.areal_magnification(x, y)
    assert np.array(d["area"]) == pytest.approx(area, rel=0.02)
    assert np.array(d["blind"]) * np.sqrt(np.array(d["area"])) == pytest.approx(
        np.full(x.shape, 5.0), rel=0.01
    )


def test_no_direction_lies_on_the_border_of_the_hemispheres(retinotopy):
    assert np.abs(retinotopy.data["x"]).min() > 0
    assert sum(retinotopy.data["left"]) == 19


def test_lines_end_where_the_field_does(retinotopy):
    d = retinotopy.data
    assert len(d["lines"]) == len(d["rings"]) + 7
    # The outermost ring, and the ray to the right.
    assert max(d["lines"][len(d["rings"]) - 1][0]) <= d["lines"][len(d["rings"]) + 3][0][-1] + 0.5
    assert d["lines"][len(d["rings"]) + 3][0][-1] == d["length"]


# Common -----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", ["depth", "decoding", "retinotopy"])
def test_payload_is_small_and_the_same_bytes_again(name, request):
    widget = request.getfixturevalue(name)
    again = type(widget)(SCENE) if name == "depth" else type(widget)()
    assert len(json.dumps(widget.data, allow_nan=False)) < 150_000
    assert widget.html() == again.html()
    assert repr(widget) == repr(again)
    assert "<table>" in widget.fallback()
