"""Pictures of the pages keep what a lesson needs, and weigh less."""

import base64
import re
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image, UnidentifiedImageError
from skimage import data

from book_ext import pictures


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "_FOLDER", tmp_path / "kept")


@pytest.fixture
def chart(tmp_path):
    file = tmp_path / "chart.png"
    figure = Figure(figsize=(7, 7), dpi=150)
    axes = figure.subplots()
    axes.plot(np.random.default_rng(0).normal(size=(400, 8)).cumsum(axis=0))
    figure.savefig(file)
    return file


@pytest.fixture
def photograph(tmp_path):
    file = tmp_path / "photograph.png"
    Image.fromarray(data.astronaut()).save(file)
    return file


def pixels(file, mode="RGB"):
    return np.asarray(Image.open(file).convert(mode)).astype(float)


def test_a_drawing_keeps_every_pixel(chart):
    light = pictures.as_webp(chart)
    assert np.array_equal(pixels(light, "RGBA"), pixels(chart, "RGBA"))
    assert light.stat().st_size < 0.7 * chart.stat().st_size


def test_a_photograph_loses_what_nobody_sees(photograph):
    light = pictures.as_webp(photograph)
    assert light.stat().st_size < 0.4 * photograph.stat().st_size
    error = np.abs(pixels(light) - pixels(photograph))
    assert 0 < error.mean() < 3


def test_a_photograph_of_which_every_pixel_counts(photograph):
    light = pictures.as_webp(photograph, exact=True)
    assert np.array_equal(pixels(light), pixels(photograph))
    assert light.stat().st_size < photograph.stat().st_size


def test_what_is_transparent_stays_so(tmp_path):
    file = tmp_path / "veil.png"
    veil = np.random.default_rng(0).integers(0, 256, (40, 50, 4), dtype=np.uint8)
    Image.fromarray(veil).save(file)
    assert np.array_equal(pixels(pictures.as_webp(file), "RGBA")[..., 3], veil[..., 3])


def test_the_same_picture_is_not_made_twice(chart):
    first = pictures.as_webp(chart)
    first.write_bytes(b"kept")
    assert pictures.as_webp(chart).read_bytes() == b"kept"
    assert pictures.as_webp(chart, exact=True) != first


@pytest.mark.parametrize("exact", [False, True])
def test_pictures_of_a_chapter_are_made_before_its_page_asks(photograph, exact, monkeypatch):
    shown = base64.b64encode(photograph.read_bytes()).decode()
    cell = new_code_cell(outputs=[new_output("display_data", {"image/png": shown})])
    cell.metadata |= {"editions": ["book"], "mystnb": {"image": {"alt": "A woman."}}}
    if exact:
        cell.metadata["mystnb"]["image"]["classes"] = pictures.EXACT
    made, encoded = [], pictures._encoded
    monkeypatch.setattr(
        pictures, "_encoded", lambda picture, exact: made.append(exact) or encoded(picture, exact)
    )
    monkeypatch.setattr(pictures.editions, "chapter_files", lambda: ["one.md", "other.md"])
    monkeypatch.setattr(pictures.pages, "is_wanted", lambda path: True)
    monkeypatch.setattr(pictures.execute, "stored", lambda path: new_notebook(cells=[cell]))
    names = {"one.md": "one", "other.md": "other"}
    pictures._begin(None, SimpleNamespace(path2doc=names.get), ["one"])
    (ahead,) = pictures._ahead.values()
    assert pictures.as_webp(photograph, exact) == ahead.result()
    assert made == [exact]


def test_a_picture_that_cannot_be_made_is_said_where_it_is_asked_for(monkeypatch, tmp_path):
    file = tmp_path / "broken.png"
    file.write_bytes(b"no picture")
    name = pictures._name(file.read_bytes(), False)
    job = pictures._encoder.submit(pictures._write_webp, name, file.read_bytes(), False)
    monkeypatch.setitem(pictures._ahead, name, job)
    with pytest.raises(UnidentifiedImageError):
        pictures.as_webp(file)


def test_pictures_within_an_output_become_files(chart, monkeypatch):
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" width="72pt" height="36pt"/>'
    kinds = {"png": chart.read_bytes(), "svg+xml": drawing}
    within = "".join(
        f'<img alt="{kind}" src="data:image/{kind};base64,{base64.b64encode(content).decode()}">'
        for kind, content in kinds.items()
    )
    app = SimpleNamespace(
        builder=SimpleNamespace(images={}, imagedir="_images"), srcdir=pictures.editions.ROOT
    )
    monkeypatch.setattr(pictures.editions, "ROOT", pictures._FOLDER.parent)
    monkeypatch.setattr(app, "srcdir", pictures._FOLDER.parent)
    context = {"body": f"<p>{within}</p>", "pathto": lambda name, resource: f"../{name}"}
    for step in (pictures._take_out, pictures._give_size):
        step(app, "chapters/roc", "page.html", context, None)
    png, svg = re.findall("<img [^>]*>", context["body"])
    assert re.search(r'width="1050" height="1050" .*alt="png" src="../_images/\w+\.webp"', png)
    assert re.search(r'width="96" height="48" .*alt="svg\+xml" src="../_images/\w+\.svg"', svg)
    (light, drawn) = (pictures._FOLDER.parent / uri for uri in app.builder.images)
    assert np.array_equal(pixels(light, "RGBA"), pixels(chart, "RGBA"))
    assert drawn.read_bytes() == drawing


@pytest.mark.parametrize(
    ("sides", "size"),
    [
        ('width="72.0pt" height="36pt" viewBox="0 0 72 36"', {"width": 96, "height": 48}),
        ('width="72" height="36"', {"width": 72, "height": 36}),
        ('viewBox="0 0 72 36"', {}),
        ('width="100%" height="36"', {}),
    ],
)
def test_a_drawing_is_given_the_room_that_it_says(tmp_path, sides, size):
    file = tmp_path / "drawing.svg"
    file.write_text(f'<?xml version="1.0"?>\n<svg version="1.1" {sides}/>')
    assert pictures._size(file) == size
