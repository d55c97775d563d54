"""The first page: a question to begin with, doors, and a card for each chapter.

A card shows a picture that the chapter drew. Its front matter says which, counted from 1, and what
part of it, as shares of width and height from the left and from the top::

    cover: {picture: 3, part: [0, 0, 0.5, 1]}
"""

import base64
import hashlib
import html
import io
import json
import re
import shutil
from pathlib import Path

from docutils import nodes
from PIL import Image, ImageOps
from sphinx.util.docutils import SphinxDirective

from course_lib._files import written_whole

from . import doors, editions, execute, front_ends, pages

#: Width and height of a picture on a card.
_SIZE = (320, 200)
#: Slower makes a picture 7 % smaller, in ten times the time.
_AVIF = {"quality": 40, "speed": 6}
_COVERS = editions.ROOT / "_build" / "covers"


class Question(SphinxDirective):
    """``first-question``: how likely is a positive person ill? The answer is a crowd."""

    def run(self):
        # With it comes all that computes intervals, which no other page needs to be built.
        from course_lib.widgets import FirstGuess

        return [nodes.raw("", front_ends.on_page(FirstGuess().html()), format="html")]


class Doors(SphinxDirective):
    """``doors``: where to go from the first page."""

    def run(self):
        first = next(editions.in_order())[0]
        links = [(f"{first}.html", "Start reading")]
        if colab := doors.colab(first):
            links.append((colab, "Open in Colab"))
        links.append((f"../notebooks/{doors.ALL}", "Download notebooks"))
        links.append(("#you-teach", "Teach this"))
        items = "".join(f'<a href="{html.escape(address)}">{text}</a>' for address, text in links)
        return [nodes.raw("", f'<p class="doors">{items}</p>', format="html")]


class Cards(SphinxDirective):
    """``chapter-cards``: what each chapter shows, how long it takes, what there is to solve."""

    def run(self):
        parts = [
            f'<h3 class="part">{html.escape(caption)}</h3>'
            f'<ul class="chapters">{"".join(map(_card, names))}</ul>'
            for caption, names in _parts()
        ]
        return [nodes.raw("", "\n".join(parts), format="html")]


def _parts():
    """Each part of the contents that has chapters, with their names."""
    contents = editions.contents()
    chapters = {name for name, _ in editions.in_order()}
    for part in contents.get("parts", [contents]):
        files = [entry["file"].removeprefix("chapters/") for entry in part["chapters"]]
        if names := [name for name in files if name in chapters]:
            yield part.get("caption", "Chapters"), names


def _card(chapter):
    text = _source(chapter).read_text(encoding="utf-8")
    width, height = _SIZE
    picture = (
        f'<img src="{_cover(chapter, text)}" alt="" width="{width}" height="{height}"'
        ' loading="lazy" decoding="async">'
    )
    facts = [f"{end[0]} minutes"] if (end := editions.time_and_needs(text)) else []
    if number := len(editions.exercise_cells(text)):
        count = f"{number} exercise{'s' if number > 1 else ''}"
        facts.append(f'<span data-exercises-of="chapters/{html.escape(chapter)}">{count}</span>')
    return (
        f'<li><a href="{html.escape(chapter)}.html">{picture}'
        f"<span>{html.escape(editions.title(text))}</span></a><p>{' · '.join(facts)}</p></li>"
    )


def _cover(chapter, text):
    """Address of the picture on a chapter's card, which is made here; without one, the logo."""
    wanted = editions.front_matter(text).get("cover", {})
    drawn = _drawn(chapter)
    number = wanted.get("picture", 1)
    if number > len(drawn):
        return "../_static/logo.svg"
    share = wanted.get("part", (0, 0, 1, 1))
    made_from = hashlib.sha256(f"{drawn[number - 1]} {share} {_SIZE} {_AVIF}".encode()).hexdigest()
    file = _COVERS / f"{chapter.replace('/', '-')}.{made_from[:8]}.avif"
    if not file.is_file():
        with Image.open(io.BytesIO(base64.b64decode(drawn[number - 1]))) as picture:
            part = picture.convert("RGB").crop(_pixels(share, picture.size))
        file.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(file) as temporary:
            ImageOps.fit(part, _SIZE).save(temporary, "avif", **_AVIF)
    return f"../_images/covers/{file.name}"


def _pixels(share, size):
    """Left, top, right and bottom of a part, from shares of width and height."""
    return [round(part * length) for part, length in zip(share, 2 * size, strict=True)]


def _drawn(chapter):
    """The pictures that a chapter's cells drew, in their order."""
    outputs = execute.place(_source(chapter))
    if not outputs.is_file():
        return []
    cells = json.loads(outputs.read_text(encoding="utf-8"))["cells"]
    shown = (output.get("data", {}) for cell in cells for output in cell["outputs"])
    return [data["image/png"] for data in shown if "image/png" in data]


def _source(chapter):
    return editions.CHAPTERS / f"{chapter}.md"


def _install(app, exception):
    """Put the pictures of the cards beside the pages, and forget those that no card shows."""
    first = Path(app.outdir, f"{pages.FIRST}.html")
    if exception or pages.is_one_chapter() or not first.is_file():
        return
    shown = set(re.findall(r"_images/covers/([\w.-]+)", first.read_text("utf-8")))
    place = Path(app.outdir, "_images", "covers")
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for file in _COVERS.glob("*"):
        if file.name in shown:
            shutil.copy(file, place)
        else:
            file.unlink()


def _style(app, page, template, context, doctree):
    if page == pages.FIRST:
        app.add_css_file("landing.css")


def connect(app):
    """Register with Sphinx."""
    app.add_directive("first-question", Question)
    app.add_directive("doors", Doors)
    app.add_directive("chapter-cards", Cards)
    app.connect("html-page-context", _style)
    app.connect("build-finished", _install)
