"""The book's Sphinx extension: executed editions, accessible figures, no outside requests."""

from docutils import nodes
from nbformat.v4 import new_markdown_cell, new_notebook
from sphinx.util import logging

from . import (
    assets,
    described,
    doors,
    editions,
    endings,
    execute,
    front_ends,
    glossary,
    landing,
    language,
    live,
    mathematics,
    outputs,
    pages,
    pictures,
    search,
    sources,
    takeaway,
    term_cards,
)

_log = logging.getLogger(__name__)


def read_chapter(text):
    """Reader of ``.md`` files for MyST-NB: the executed book edition of a chapter."""
    if not editions.is_notebook(text):
        return new_notebook(cells=[new_markdown_cell(editions.body(text))])
    path = next(p for p in editions.chapter_files() if p.read_text(encoding="utf-8") == text)
    run = execute.executed if pages.is_wanted(path) else execute.plan
    return editions.book_edition(run(path, text))


def _follow_fork(app, config):
    url, branch = editions.repositories()[0]
    config.html_theme_options |= {"repository_url": url, "repository_branch": branch}


def _count_no_figures(app, config):
    # No caption bears a number, and an extension of jupyter-book asks for them all the same, for
    # which every page is read at every build.
    config.numfig = False


def _require_alt_text(app, doctree):
    for image in doctree.findall(nodes.image):
        if not image.get("alt"):
            _log.warning(
                "A picture has no alt text (cell metadata mystnb: image: alt:): %s",
                image.get("uri"),
                location=image,
                type="book_ext",
                subtype="alt",
            )


def _once(app, page, template, context, doctree):
    """jupyter-book adds some inline scripts twice."""
    seen, kept = set(), []
    for script in context.get("script_files", []):
        body = getattr(script, "attributes", {}).get("body") or str(script.filename)
        if body not in seen:
            seen.add(body)
            kept.append(script)
    context["script_files"] = kept


def setup(app):
    pages.connect(app)
    sources.connect(app)
    live.connect(app)
    doors.connect(app)
    glossary.connect(app)
    term_cards.connect(app)
    outputs.connect(app)
    landing.connect(app)
    mathematics.connect(app)
    language.connect(app)
    front_ends.connect(app)
    endings.connect(app)
    described.connect(app)
    search.connect(app)
    takeaway.connect(app)
    pictures.connect(app)
    assets.connect(app)
    app.connect("config-inited", _follow_fork)
    app.connect("config-inited", _count_no_figures, priority=900)
    app.connect("doctree-read", _require_alt_text)
    app.connect("html-page-context", _once, priority=900)
    return {"version": "1", "parallel_read_safe": False, "parallel_write_safe": True}
