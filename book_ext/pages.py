"""Build the pages that changed; every warning is an error, also one that an earlier build gave.

Sphinx reads a page again when its source changed. Here that is also when its outputs or the front
ends of its widgets changed, and when a build stopped or warned before its page stood. Every page is
written anew when something changed that all of them show (titles, what links can point at), and the
book is built from nothing when its settings or this package changed.
"""

import dataclasses
import functools
import hashlib
import json
import re
import shutil
import sys
import types

from . import (
    doors,
    editions,
    endings,
    execute,
    front_ends,
    glossary,
    language,
    live,
    offline,
    quizzes,
    takeaway,
)

HTML = editions.ROOT / "_build" / "html"
_DOCTREES = editions.ROOT / "_build" / ".doctrees"
_STATE = _DOCTREES / "book_ext.json"
# Hints on a page come from the module of its exercises.
_EXERCISE = re.compile(r"^:exercise: (\w+)\.", re.MULTILINE)
#: The page that the book begins with. It tells of all chapters and holds a widget of its own.
FIRST = "chapters/intro"
_WIDGET = "course_lib/widgets/guess.py"
#: The one page that is being built, e.g. ``chapters/metrics``; None for all.
_only = None


class BuildError(Exception):
    """The pages were not built, or not without a warning."""


def build(chapter=None):
    """Build the book, or only the page of one chapter; the others wait for the next build.

    Raises
    ------
    BuildError
        If there was a warning; it has been printed.
    """
    _build(chapter)
    live.install(HTML)
    doors.install(HTML)
    takeaway.offer(HTML, made_from())
    offline.install(HTML)


def _build(chapter):
    global _only
    _shown.cache_clear()
    live.prepare()
    settings, inputs = _settings(), _inputs()
    state = _State.load()
    if state.settings != settings or not (HTML / "index.html").is_file():
        for folder in (HTML, _DOCTREES):
            shutil.rmtree(folder, ignore_errors=True)
        _State(settings).save()
    elif state.inputs == inputs:
        return
    # Sphinx and its extensions take longer to import than all that was said so far.
    _without_store()
    from jupyter_book.sphinx import build_sphinx

    _only = chapter and f"chapters/{chapter}"
    done = build_sphinx(
        editions.ROOT,
        HTML,
        doctreedir=_DOCTREES,
        noconfig=True,
        path_config=editions.ROOT / "_config.yml",
        confoverrides={
            "external_toc_path": (editions.ROOT / "_toc.yml").as_posix(),
            "latex_individualpages": False,
            "nitpicky": True,
        },
        filenames=[str(editions.ROOT / f"{_only}.md")] if _only else [],
        builder="html",
        warningiserror=True,
        keep_going=True,
        quiet=True,
    )
    if done:
        raise BuildError("The book was not built; the warnings above are errors here.")
    if not chapter:
        state = _State.load()
        state.inputs = inputs
        state.save()


def _without_store():
    """Spare MyST-NB the import of its store of executions, and of SQLAlchemy below it.

    It imports them also where, as here, it executes nothing.
    """
    for module, name in {
        "jupyter_cache": "get_cache",
        "jupyter_cache.base": "CacheBundleIn",
        "jupyter_cache.cache": None,
        "jupyter_cache.cache.db": "NbProjectRecord",
        "jupyter_cache.executors": None,
        "jupyter_cache.executors.utils": "single_nb_execution",
    }.items():
        absent = types.ModuleType(module)
        if name:
            setattr(absent, name, None)
        sys.modules.setdefault(module, absent)


def made_from():
    """Changes when a page of the built book does, or None where not all pages are built."""
    state = _State.load()
    return state.inputs and f"{state.settings} {state.inputs}"


def is_wanted(path):
    """Whether the page of this source is being built, not only looked at for its title."""
    return _only is None or path == editions.ROOT / f"{_only}.md"


def is_one_chapter():
    """Whether the page of one chapter is being built and no other."""
    return _only is not None


def is_shared_new():
    """Whether what all pages show is not what they were written with, as the title of one."""
    return _State.load().shared_is_new


def address(chapter):
    """Where a browser finds the page of a chapter."""
    return (HTML / "chapters" / f"{chapter}.html").as_uri()


def _settings():
    """Digest of what every page is made with."""
    root = editions.ROOT
    files = [root / "_config.yml", root / "_toc.yml", root / "constraints.txt", language.TEXTS]
    for folder, pattern in (("book_ext", "*.py"), ("book_ext", "*.html"), ("static", "*")):
        files += sorted((root / folder).rglob(pattern))
    digest = hashlib.sha256(f"{editions.repositories()[0]} {live.cards.runs_in_pages}".encode())
    for file in files:
        if file.is_file():
            digest.update(f"{file.relative_to(root)}\n".encode() + file.read_bytes())
    return digest.hexdigest()


def _inputs():
    """Digest of the sources of all pages and of what they show beside them."""
    digest = hashlib.sha256()
    for source in sorted(editions.CHAPTERS.rglob("*.md")):
        name = source.relative_to(editions.ROOT).with_suffix("").as_posix()
        digest.update(source.read_bytes())
        digest.update(f"{name} {_shown(name)}\n".encode())
    return digest.hexdigest()


@dataclasses.dataclass
class _State:
    """What one build tells the next.

    ``settings`` and ``inputs`` are digests of what it was made with and from; ``unsound`` are the
    pages that are not known to be right, nor to be found by the search; ``shared_is_new`` says that
    what all pages show has changed since they all were written.
    """

    settings: str | None = None
    inputs: str | None = None
    unsound: list = dataclasses.field(default_factory=list)
    shared_is_new: bool = False

    @classmethod
    def load(cls):
        return cls(**json.loads(_STATE.read_text("utf-8"))) if _STATE.is_file() else cls()

    def save(self):
        editions.replace_file(_STATE, json.dumps(dataclasses.asdict(self)))


def _doubt(names, shared_is_new=False):
    """Until `_trust` says otherwise, the next build makes these pages again."""
    state = _State.load()
    state.inputs = None
    state.unsound = sorted({*state.unsound, *names})
    state.shared_is_new |= shared_is_new
    state.save()


@functools.cache
def _shown(name):
    """Digest of what a chapter's page shows beside its own source, or None where there is none."""
    source = editions.ROOT / f"{name}.md"
    outputs = execute.place(source)
    if not outputs.is_file():
        return _told_by_all() if name == FIRST else None
    text = outputs.read_text(encoding="utf-8")
    digest = hashlib.sha256(text.encode())
    for module in sorted(set(_EXERCISE.findall(source.read_text(encoding="utf-8")))):
        digest.update((editions.ROOT / "course_lib" / "exercises" / f"{module}.py").read_bytes())
    texts = front_ends.texts()
    for file in sorted(front_ends.names(text)):
        digest.update(texts.get(file, "").encode())
    for file in quizzes.files(source.read_text(encoding="utf-8")):
        digest.update(f"{execute.digest(file)}".encode())
    return digest.hexdigest()


def _told_by_all():
    """Digest of what the first page shows of the chapters, and of its widget."""
    digest = hashlib.sha256(f"{execute.digest(_WIDGET)} {front_ends.texts()}\n".encode())
    for name, text in editions.in_order():
        outputs = execute.place(editions.CHAPTERS / f"{name}.md")
        when = outputs.stat().st_mtime_ns if outputs.is_file() else None
        digest.update(f"{when} {text}\n".encode())
    return digest.hexdigest()


def _outdated(app, env, added, changed, removed):
    known = getattr(env, "book_ext_shown", {})
    changed = {name for name in env.found_docs if known.get(name) != _shown(name)}
    return changed.union(_State.load().unsound)


def _choose(app, env, names):
    """For one chapter alone, others are not read again; see also `is_wanted`."""
    if _only:
        names[:] = [name for name in names if name == _only or name not in env.all_docs]
    _doubt(names)


def _read(app, doctree):
    env = app.env
    if not hasattr(env, "book_ext_shown"):
        env.book_ext_shown = {}
    env.book_ext_shown[env.docname] = _shown(env.docname)


def _write_all_if_shared(app, env):
    """A page that was not read again may show what changed in another, or link to what is gone."""
    standard = env.get_domain("std")
    shared = repr(
        [
            sorted((name, title.astext()) for name, title in env.titles.items()),
            sorted(env.toctree_includes.items()),
            sorted(standard.labels.items()),
            sorted(standard.anonlabels.items()),
            sorted((name, sorted(m.get("myst_slugs", ()))) for name, m in env.metadata.items()),
            glossary.source(),
            endings.told(),
        ]
    )
    if shared == getattr(env, "book_ext_shared", None):
        return []
    _doubt(env.found_docs, shared_is_new=True)
    env.book_ext_shared = shared
    return sorted(env.found_docs)


def _trust(app, exception):
    if exception or app._warncount:
        return
    # The page of one chapter is read again by the next whole build: the search needs its words.
    if not _only:
        state = _State.load()
        state.unsound, state.shared_is_new = [], False
        state.save()


def connect(app):
    """Register with Sphinx."""
    if _only:
        # Imported late as above
        from .one_page import OnePage

        app.add_builder(OnePage, override=True)
    app.connect("env-get-outdated", _outdated)
    app.connect("env-before-read-docs", _choose)
    app.connect("doctree-read", _read)
    app.connect("env-updated", _write_all_if_shared)
    app.connect("build-finished", _trust, priority=950)
