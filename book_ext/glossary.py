"""The glossary: its terms, a place on its page for each, and the search's way to the chapter.

``chapters/glossary.md`` is the one source. A term's first line holds its English names, then its
Chinese ones; what it means follows, and last a link to the chapter that explains it.
"""

import re
from typing import NamedTuple

from docutils import nodes

from . import editions

PAGE = "chapters/glossary"
_ENTRY = re.compile(
    r"^(?P<english>[^\n:].*) · (?P<chinese>.+)\n"
    r": (?P<meaning>.+(?:\n  .+)*)\s+\[[^]]*\]\((?P<chapter>[\w/]+)\.md\)$",
    re.MULTILINE,
)


class Term(NamedTuple):
    """Names in both languages, the usual ones first; ``chapter`` is the file that explains it."""

    english: tuple
    chinese: tuple
    meaning: str
    chapter: str

    @property
    def anchor(self):
        """Where the term stands on the page of the glossary."""
        return f"term-{nodes.make_id(self.english[0])}"


def terms():
    """All terms, in the order of the page; none in a book without a glossary."""
    return [
        Term(
            tuple(found["english"].split(", ")),
            tuple(found["chinese"].split("、")),
            " ".join(found["meaning"].split()),
            found["chapter"],
        )
        for found in _ENTRY.finditer(source())
    ]


def source():
    """Text of the glossary's page; empty in a book without one."""
    path = editions.ROOT / f"{PAGE}.md"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _place(app, doctree):
    if app.env.docname != PAGE:
        return
    for node, term in zip(doctree.findall(nodes.term), terms(), strict=True):
        node["ids"].append(term.anchor)


def _let_search_know(app):
    """Every name leads to the chapter that explains it, and to its place in the glossary."""
    # The page of one chapter is built without an index.
    index = app.builder.indexer
    for term in terms() if index else ():
        for page, anchor in ((f"chapters/{term.chapter}", ""), (PAGE, term.anchor)):
            if page in index._titles:
                names = term.english + term.chinese
                typed = {*names, *(name.replace("–", "-") for name in names)}
                index._index_entries.setdefault(page, []).extend(
                    (name, anchor, "main") for name in sorted(typed)
                )
    return []


def connect(app):
    """Register with Sphinx."""
    app.connect("doctree-read", _place)
    app.connect("html-collect-pages", _let_search_know)
