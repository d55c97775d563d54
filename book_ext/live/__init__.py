"""Exercises that are solved in the page: their cards, and the Python that judges the answers.

`runtime` builds that Python, `cards` writes the pages, `answering` runs in them.
"""

import gzip
import hashlib
import json
import re
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor

from course_lib.exercises import find
from course_lib.widgets import Quiz

from .. import editions
from . import cards, runtime

#: Files beside the runtime that the first Run does not load.
_NOT_LOADED = ("notebook.mjs", "progress.mjs", "progress.json")
#: Raised when a page and the Python of another build would no longer understand each other.
_PROTOCOL = 1


_builder = ThreadPoolExecutor(1)
#: The runtime that is being built, or None.
_building = None


def prepare():
    """Begin to build the runtime if a chapter has exercises; `cards.runs_in_pages` is known then.

    It is built while the chapters are read, which keeps one processor busy; `install` waits for it.
    Without npm's registry the book is built without live exercises, and says so; where it is
    tested that is an error.
    """
    global _building
    _building, cards.runs_in_pages = None, False
    if not _has_exercises():
        return
    try:
        runtime.fetch()
    except runtime.RegistryError as error:
        if runtime.is_required():
            raise
        print(f"The book is built without live exercises: {error}", file=sys.stderr)
        return
    _building, cards.runs_in_pages = _builder.submit(runtime.folder), True


def install(pages):
    """Put the runtime and what stands above each exercise beside the built pages.

    All of it lies in a folder whose name is a digest of its content, so that no cache can mix the
    files of two builds. ``book.json`` says which folder that is, and is asked again at every start.
    """
    live = pages / "live"
    if not cards.runs_in_pages:
        shutil.rmtree(live, ignore_errors=True)
        return
    built = _building.result()
    chapters, progress, texts = {}, [], {}
    labels = editions.labels()
    for name, text in editions.in_order():
        cells = editions.exercise_cells(text)
        runs = {key: cards.version(cells[key]) for key in cells if "torch" not in find(key).uses}
        numbers = dict(zip(cells, editions.exercise_numbers(labels[name]), strict=False))
        progress.append(_to_do(name, text, runs, numbers))
        if not cells:
            continue
        chapters[f"chapters/{name}"] = runs
        texts[f"above/{name}.json"] = json.dumps(_above(text))
    texts["progress.json"] = json.dumps(progress)
    at = _digest(built.name, *(part for item in texts.items() for part in item))
    known = live / "book.json"
    is_new = not (live / at).is_dir() or not known.is_file()
    if is_new:
        made = pages / "live.part"
        for folder in (made, live):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(built, made / at)
        # The page "Data and credits" names this place.
        (made / at / "licenses").replace(made / "licenses")
        for name, text in texts.items():
            _write(made / at / name, text)
        made.replace(live)
    about = {
        "at": at,
        # Compressing it all again takes as long as writing a page.
        "bytes": first_run(pages) if is_new else json.loads(known.read_text("utf-8"))["bytes"],
        "protocol": _PROTOCOL,
        "chapters": chapters,
    }
    _write(known, json.dumps(about))


def _digest(*texts):
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def first_run(pages):
    """Bytes that the first Run loads from a host that compresses, as all large ones do."""
    return sum(len(gzip.compress(file.read_bytes(), 6)) for file in loaded(pages))


def loaded(pages):
    """The files of the built book that a page loads at its first Run."""
    (place,) = (path for path in (pages / "live").iterdir() if re.fullmatch(r"\w{16}", path.name))
    return [
        path for path in sorted(place.iterdir()) if path.is_file() and path.name not in _NOT_LOADED
    ]


def _has_exercises():
    return any(editions.exercise_cells(text) for _, text in editions.in_order())


def _above(text):
    """Code cells of a chapter in their order, with the name of an exercise in place of its stub."""
    cells = [c for c in editions.parsed(text).cells if c.cell_type == "code"]
    return [
        {"exercise": cell.metadata["exercise"]}
        if "exercise" in editions.tags(cell)
        else cell.source
        for cell in cells
        if not editions.tags(cell) & {"solution", "check"}
    ]


def _to_do(name, text, runs, numbers):
    """What a reader can solve and answer in a chapter, for the page "Your progress"."""
    return {
        "page": f"chapters/{name}",
        "title": editions.title(text),
        "exercises": [
            {"id": key, "version": version, "name": f"{numbers[key]} {find(key).title}"}
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
    app.connect("doctree-read", cards.number, priority=400)
    app.connect("doctree-read", cards.make)
    app.connect("html-page-context", _say_that_it_runs)
