"""Covers on the first page: made once, made anew from another picture, gone with their card."""

import base64
import io
from types import SimpleNamespace

import pytest
from PIL import Image

from book_ext import landing, pages


@pytest.fixture
def covers(tmp_path, monkeypatch):
    """A folder of covers, and a chapter that drew a picture, the left half of it black."""
    picture, file = Image.new("RGB", (640, 200), "white"), io.BytesIO()
    picture.paste("black", (0, 0, 320, 200))
    picture.save(file, "png")
    drawn = base64.b64encode(file.getvalue()).decode()
    monkeypatch.setattr(landing, "_drawn", lambda chapter: [drawn])
    monkeypatch.setattr(landing, "_COVERS", tmp_path / "covers")
    return tmp_path / "covers"


def cover(part, chapter="dli/l1_simple"):
    text = f"---\ncover: {{picture: 1, part: {part}}}\n---\n"
    return landing._cover(chapter, text).removeprefix("../_images/covers/")


def test_a_part_is_shown_and_made_once(covers):
    left, right = cover([0, 0, 0.5, 1]), cover([0.5, 0, 1, 1])
    made = {name: (covers / name).stat().st_mtime_ns for name in (left, right)}
    assert [cover([0, 0, 0.5, 1]), cover([0.5, 0, 1, 1])] == [left, right]
    assert {name: (covers / name).stat().st_mtime_ns for name in made} == made
    for name, gray in ((left, 0), (right, 255)):
        with Image.open(covers / name) as picture:
            assert picture.size == landing._SIZE
            assert picture.convert("L").resize((1, 1)).getpixel((0, 0)) == pytest.approx(
                gray, abs=3
            )


def test_only_what_a_card_shows_stays(covers, tmp_path):
    old, new = cover([0, 0, 0.5, 1]), cover([0.5, 0, 1, 1])
    app = SimpleNamespace(outdir=tmp_path / "html")
    page = app.outdir / f"{pages.FIRST}.html"
    # A book may begin otherwise.
    landing._install(app, None)
    page.parent.mkdir(parents=True)
    page.write_text(f'<img src="../_images/covers/{new}">', encoding="utf-8")
    landing._install(app, None)
    assert [file.name for file in (app.outdir / "_images" / "covers").iterdir()] == [new]
    assert [file.name for file in covers.iterdir()] == [new]
    assert old != new
