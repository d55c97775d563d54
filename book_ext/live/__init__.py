"""Exercises that are solved in the page: their cards, and the Python that judges the answers.

`runtime` builds that Python, `cards` writes the pages, `answering` runs in them.
"""

import functools
import gzip
import json
import re
import shutil
import sys

from course_lib.exercises import find
from course_lib.widgets import Quiz

from .. import editions
from . import cards, runtime

#: Files of the runtime that the first Run loads; a host that compresses sends no more than this.
_NOT_LOADED = ("licenses", "notebook.mjs", "progress.mjs")


def prepare():
    """Build the runtime if a chapter has exercises; afterwards `cards.runs_in_pages` is known.

    Without npm's registry the book is built without live exercises, and says so; where it is
    tested that is an error.
    """
    _built.cache_clear()
    try:
        cards.runs_in_pages = bool(_exercises()) and bool(_built())
    except runtime.RegistryError as error:
        if runtime.is_required():
            raise
        print(f"The book is built without live exercises: {error}", file=sys.stderr)
        cards.runs_in_pages = False


@functools.cache
def _built():
    return runtime.folder()


def install(pages):
    """Put the runtime and what stands above each exercise beside the built pages."""
    place = pages / "live"
    if not cards.runs_in_pages:
        shutil.rmtree(place, ignore_errors=True)
        return
    shutil.copytree(_built(), place, dirs_exist_ok=True)
    chapters, progress = {}, []
    for name, text in editions.in_order():
        cells = editions.exercise_cells(text)
        runs = {key: cards.version(cells[key]) for key in cells if "torch" not in find(key).uses}
        progress.append(_to_do(name, text, runs))
        if not cells:
            continue
        chapters[f"chapters/{name}"] = runs
        _write(place / "above" / f"{name}.json", json.dumps(_above(text)))
    about = {"bytes": first_run(place), "chapters": chapters}
    _write(place / "book.json", json.dumps(about))
    _write(place / "progress.json", json.dumps(progress))


def first_run(place):
    """Bytes that the first Run loads from a host that compresses, as all large ones do."""
    return sum(len(gzip.compress(file.read_bytes(), 6)) for file in loaded(place))


def loaded(place):
    """The files that a page loads at its first Run."""
    names = sorted(path.name for path in _built().iterdir())
    return [place / name for name in names if name not in _NOT_LOADED]


def _exercises():
    return [key for _, text in editions.in_order() for key in editions.exercise_cells(text)]


def _above(text):
    """Code cells of a chapter in their order, with the name of an exercise in place of its stub."""
    cells = [c for c in editions.read_source(text).cells if c.cell_type == "code"]
    return [
        {"exercise": cell.metadata["exercise"]}
        if "exercise" in editions.tags(cell)
        else cell.source
        for cell in cells
        if not editions.tags(cell) & {"solution", "check"}
    ]


def _to_do(name, text, runs):
    """What a reader can solve and answer in a chapter, for the page "Your progress"."""
    return {
        "page": f"chapters/{name}",
        "title": editions.title(text),
        "exercises": [
            {"id": key, "version": version, "name": find(key).title}
            for key, version in runs.items()
        ],
        "questions": [
            {"text": question["text"], "choices": question["choice"]}
            for quiz in re.findall(r'Quiz\("(\w+)"\)', text)
            for question in Quiz(quiz).data["questions"]
        ],
    }


def _write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _say_that_it_runs(app, page, template, context, doctree):
    if cards.runs_in_pages:
        context["metatags"] = (
            context.get("metatags", "") + '\n<meta name="exercises" content="live">'
        )


def connect(app):
    """Register with Sphinx."""
    app.connect("doctree-read", cards.make)
    app.connect("html-page-context", _say_that_it_runs)
