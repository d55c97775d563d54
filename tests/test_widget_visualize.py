"""What the widgets show that hold pictures from a trained network."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from course_lib.style import Painted
from course_lib.visualize import Patches
from course_lib.widgets import AttributionExplorer, DreamExplorer, StyleExplorer, UnitBrowser
from course_lib.widgets import sprites as sprites_module
from course_lib.widgets.sprites import MOST_BYTES, sheet

PICTURE = np.random.default_rng(0).random((12, 24, 3))


def pixels(uri):
    """The sheet behind a data URI, (height, width, 3) in [0, 1]."""
    head, _, text = uri.partition(",")
    assert head == "data:image/webp;base64"
    with Image.open(io.BytesIO(base64.b64decode(text))) as picture:
        return np.asarray(picture.convert("RGB")) / 255


def tile(uri, index, columns, size):
    row, column = divmod(index, columns)
    height, width = size
    return pixels(uri)[row * height : (row + 1) * height, column * width : (column + 1) * width]


def flat(brightness, size=16):
    """A picture of one color, which survives compression."""
    return np.full((size, size, 3), brightness)


def units():
    """Two layers, of three and of two channels; every picture and patch has its own brightness."""
    best = [
        Patches(
            np.array([[flat(0.1 * c + 0.02 * n) for n in range(2)] for c in range(channels)]),
            np.array([[5.0 - c, 1.26 - c] for c in range(channels)]),
        )
        for channels in (3, 2)
    ]
    return {
        "shallow": ([4, 0, 9], [flat(0.2), flat(0.4), flat(0.6)], best[0]),
        "deep": (range(2), [flat(0.8), flat(1.0)], best[1]),
    }


def maps():
    left, right = np.zeros((12, 24)), np.zeros((12, 24))
    left[:, :12] = 1
    right[:, 12:], right[:, :12] = 3, -5
    return {"one": {"cat": left, "cup": right}, "two": {"cat": left + right, "cup": 0 * left}}


MASK = np.broadcast_to(np.arange(24) >= 12, (12, 24))


# Sheets -----------------------------------------------------------------------------------------


def test_tiles_lie_row_by_row():
    shown = [flat(b) for b in (0.0, 0.2, 0.4, 0.6, 0.8)]
    uri = sheet(shown, columns=3)
    assert pixels(uri).shape == (32, 48, 3)
    for index, picture in enumerate(shown):
        np.testing.assert_allclose(tile(uri, index, 3, (16, 16)), picture, atol=0.03)


def test_tiles_are_resized_and_gray_becomes_rgb():
    uri = sheet([np.linspace(0, 1, 64).reshape(1, 64).repeat(32, 0)], 1, (8, 16))
    found = pixels(uri)
    assert found.shape == (8, 16, 3)
    np.testing.assert_allclose(found.mean((0, 2)), (np.arange(16) + 0.5) / 16, atol=0.04)


def test_a_sheet_is_never_too_large(monkeypatch):
    noise = np.random.default_rng(1).random((6, 48, 48, 3))
    fine = len(sheet(noise, 6))
    assert fine <= MOST_BYTES
    monkeypatch.setattr(sprites_module, "MOST_BYTES", fine * 3 // 4)
    assert len(sheet(noise, 6)) <= fine * 3 // 4, "a lower quality"
    monkeypatch.setattr(sprites_module, "MOST_BYTES", 1000)
    with pytest.raises(ValueError, match=r"^pictures must fit into 1000 bytes"):
        sheet(noise, 6)


# The unit browser -------------------------------------------------------------------------------


def test_every_unit_has_its_picture_and_its_patches():
    data = UnitBrowser(units()).data
    assert data["layers"] == ["shallow", "deep"]
    assert data["channels"] == [[4, 0, 9], [0, 1]]
    for at, brightness in enumerate((0.2, 0.4, 0.6, 0.8, 1.0)):
        found = tile(data["pictures"], at, data["columns"], (96, 96))
        np.testing.assert_allclose(found.mean(), brightness, atol=0.02)
    channel_of = (0, 1, 2, 0, 1)
    for at, c in enumerate(channel_of):
        assert data["values"][at] == [5.0 - c, pytest.approx(1.3 - c)]
        for n in range(2):
            found = tile(data["patches"], 2 * at + n, data["columns"], (48, 48))
            np.testing.assert_allclose(found.mean(), 0.1 * c + 0.02 * n, atol=0.02)


def test_unit_browser_without_scripts():
    text = UnitBrowser(units()).fallback()
    assert text.count("<tr>") == 6
    assert "<td>shallow</td><td>9</td><td>3.0, -0.7</td>" in text


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda u: {}, r"^units must hold at least one layer"),
        (
            lambda u: {"a": ([0], *u["deep"][1:])},
            r"^units must hold a picture and patches for each channel",
        ),
        (lambda u: {"a": ([], [], u["deep"][2])}, r"^units must hold a picture"),
        (
            lambda u: u | {"a": (range(2), u["deep"][1], _one_patch(u["deep"][2]))},
            r"^units must hold equally many patches",
        ),
    ],
)
def test_unit_browser_refuses(spoil, said):
    with pytest.raises(ValueError, match=said):
        UnitBrowser(spoil(units()))


def _one_patch(best):
    return Patches(best.images[:, :1], best.values[:, :1])


# The dream explorer -----------------------------------------------------------------------------


def test_dreams_follow_the_photograph():
    dreams = {"a": [flat(0.2), flat(0.4)], "b": [flat(0.6), flat(0.8)]}
    widget = DreamExplorer(flat(0.0), dreams, [5, 20])
    assert widget.data["steps"] == [0, 5, 20]
    assert widget.data["layers"] == ["a", "b"]
    for at, brightness in enumerate((0.0, 0.2, 0.4, 0.6, 0.8)):
        found = tile(widget.data["tiles"], at, widget.data["columns"], (160, 160))
        np.testing.assert_allclose(found.mean(), brightness, atol=0.02)
    assert widget.state == {"layer": 1, "step": 2}
    assert "<td>b</td><td>0, 5, 20</td>" in widget.fallback()


@pytest.mark.parametrize(
    ("dreams", "steps", "said"),
    [
        ({}, [5], r"^dreams and steps must hold at least one"),
        ({"a": []}, [], r"^dreams and steps must hold at least one"),
        ({"a": [flat(0)]}, [5, 10], r"^dreams must hold 2 pictures for each layer"),
    ],
)
def test_dream_explorer_refuses(dreams, steps, said):
    with pytest.raises(ValueError, match=said):
        DreamExplorer(flat(0.5), dreams, steps)


# The attribution explorer -----------------------------------------------------------------------


def test_shares_count_what_speaks_for_the_class():
    data = AttributionExplorer(PICTURE, maps(), MASK, "the right half").data
    assert data["methods"] == ["one", "two"]
    assert data["classes"] == ["cat", "cup"]
    # Left only; right only, because negative values do not count; right only; nothing at all.
    assert data["shares"] == [0.0, 1.0, 1.0, None]
    assert data["aspect"] == 2.0


def test_maps_become_heat_in_their_places():
    data = AttributionExplorer(PICTURE, maps(), MASK).data
    size = (112, 224)
    for at, (left, right) in enumerate(((True, False), (False, True), (False, True), (False,) * 2)):
        found = tile(data["tiles"], at, data["columns"], size).mean(2)
        assert (found[:, 10:100].mean() > 0.5) == left
        assert (found[:, 124:214].mean() > 0.5) == right
    assert pixels(data["image"]).shape == (224, 448, 3)


def test_attribution_explorer_without_scripts_and_without_a_region():
    text = AttributionExplorer(PICTURE, maps(), MASK, "the right half").fallback()
    assert "Share of each map inside the right half" in text
    assert ">one</td><td>0.0%</td><td>100.0%</td>" in text
    assert ">two</td><td>100.0%</td><td>–</td>" in text
    assert AttributionExplorer(PICTURE[..., 0], maps()).data["shares"] == [None] * 4


@pytest.mark.parametrize(
    ("image", "given", "said"),
    [
        (PICTURE, {}, r"^maps must hold at least one method"),
        (PICTURE, {"one": {}}, r"^maps must hold at least one method"),
        (PICTURE, {"a": maps()["one"], "b": {"cat": MASK}}, r"^maps must hold the same classes"),
        (PICTURE[:5], maps(), r"^maps must have the image's shape \(5, 24\)"),
        (PICTURE * 2, maps(), r"^image must lie between 0 and 1"),
        (PICTURE, {"a": {"cat": np.full((12, 24), np.nan)}}, r"^maps must be finite"),
    ],
)
def test_attribution_explorer_refuses(image, given, said):
    with pytest.raises(ValueError, match=said):
        AttributionExplorer(image, given)


# The style explorer ----------------------------------------------------------------------------


def painted(*brightness):
    """Pictures after 1 and 3 steps, and costs that fall."""
    stages = dict(zip((1, 3), map(flat, brightness), strict=True))
    return Painted(flat(brightness[-1]), stages, np.array([0.9, 0.6, 0.3]), np.array([1.5, 1, 0.5]))


def test_pictures_follow_content_and_style():
    runs = {0.1: painted(0.4, 0.6), 3.0: painted(0.8, 1.0)}
    widget = StyleExplorer(flat(0.0), flat(0.2), runs)
    assert widget.data["weights"] == [0.1, 3.0]
    assert widget.data["steps"] == [1, 3]
    assert widget.data["costs"] == [[[0.9, 1.5], [0.3, 0.5]]] * 2
    for at, brightness in enumerate((0.0, 0.2, 0.4, 0.6, 0.8, 1.0)):
        found = tile(widget.data["tiles"], at, widget.data["columns"], (160, 160))
        np.testing.assert_allclose(found.mean(), brightness, atol=0.02)
    assert widget.state == {"weight": 1, "step": 1}
    assert "<td>0.1</td><td>0.30</td><td>0.50</td>" in widget.fallback()


@pytest.mark.parametrize(
    ("content", "runs", "said"),
    [
        (flat(0), {}, r"^painted must hold at least one picture"),
        (flat(0), {1: painted(0, 1)._replace(stages={})}, r"^painted must hold at least one"),
        (
            flat(0),
            {1: painted(0, 1), 2: painted(0, 1)._replace(stages={1: flat(0)})},
            r"^painted must hold pictures that were kept at the same stages",
        ),
        (flat(7), {1: painted(0, 1)}, r"^content must lie between 0 and 1"),
    ],
)
def test_style_explorer_refuses(content, runs, said):
    with pytest.raises(ValueError, match=said):
        StyleExplorer(content, flat(0), runs)


# All of them --------------------------------------------------------------------------------------


def test_the_text_form_ignores_what_differs_between_processors():
    def change(u):
        shown = {k: (c, [p * 0.99 for p in ps], b) for k, (c, ps, b) in u.items()}
        return {k: (c, p, Patches(b.images, b.values + 0.2)) for k, (c, p, b) in shown.items()}

    assert repr(UnitBrowser(change(units()))) == repr(UnitBrowser(units()))
    other = {m: {c: a + 0.01 for c, a in each.items()} for m, each in maps().items()}
    assert repr(AttributionExplorer(PICTURE, other, MASK)) == repr(
        AttributionExplorer(PICTURE, maps(), MASK)
    )
    for make in (
        lambda b: DreamExplorer(flat(0), {"a": [flat(b)]}, [5]),
        lambda b: StyleExplorer(flat(0), flat(1), {1: painted(b, b)}),
    ):
        one, two = make(0.5), make(0.6)
        assert repr(one) == repr(two)
        assert one.html() != two.html()


def test_the_text_form_notices_other_names():
    renamed = {"deeper": units()["deep"]}
    assert repr(UnitBrowser(renamed)) != repr(UnitBrowser({"deep": units()["deep"]}))
    assert repr(DreamExplorer(flat(0), {"a": [flat(0.5)]}, [5])) != repr(
        DreamExplorer(flat(0), {"a": [flat(0.5)]}, [6])
    )


@pytest.mark.parametrize(
    "widget",
    [
        lambda: UnitBrowser(units()),
        lambda: DreamExplorer(flat(0), {"a": [flat(0.5)]}, [5]),
        lambda: AttributionExplorer(PICTURE, maps(), MASK),
    ],
)
def test_pages_carry_everything(widget):
    shown = widget()
    assert json.loads(json.dumps(shown.data)) == shown.data
    html = shown.html()
    assert shown.fallback() in html
    assert "data:image/webp;base64," in html
    assert shown.html() == html
