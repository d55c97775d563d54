"""A term that another chapter explains leads to the glossary, with a card of what it means.

Only where a page first uses it, and in running text alone: not in headings, code, links, formulas
and the titles of papers. `static/terms.js` shows the card; without scripts the link remains.
"""

import functools
import itertools
import re

from docutils import nodes

from . import glossary

# Words that the book uses in their everyday sense, too: a card would often be about another thing.
_EVERYDAY = re.findall(
    r"[\w-]+",
    """
    Adam CLAIM actual alpha assessment attention baseline batch certificate channel class
    completeness content deletion device discrimination diversity feature filter forecast freeze
    freezing identification insertion instance intercept kernel label landmark landmarks layer
    leakage likelihood loss macro majority margin mask mining miss modalities modality momentum
    network neuron noise object objective octave odds padding parameter permutation persistence
    pixel pooling population precision prediction presentation probability quorum reader recall
    recognition report resident rubric screening shift shortcut shuffle shuffling simulated slope
    stride style tensor threshold token training truth unit validation verification weight weights
    """,
)
_EVERYDAY += ["area under it", "more than two classes", "share of correct answers"]
_NOT_IN = (
    nodes.title,
    nodes.block_quote,
    nodes.container,
    nodes.reference,
    nodes.literal,
    nodes.literal_block,
    nodes.math,
    nodes.emphasis,
    nodes.term,
    nodes.raw,
)


class TermLink(nodes.reference):
    """A link to the glossary that knows what its card says."""


@functools.cache
def _names(source):
    """Pattern of all names of the terms, and the term of each; `source` is the glossary's text."""
    known = {n: t for t in glossary.terms() for n in t.english if n not in _EVERYDAY}
    by_length = sorted(known, key=len, reverse=True)
    # One look at the first letter spares a try of every name that begins with another.
    by_letter = sorted(by_length, key=_first_letter)
    any_name = "|".join(
        f"(?=(?i:{re.escape(letter)}))(?:{'|'.join(f'({_as_written(name)})' for name in names)})"
        for letter, names in itertools.groupby(by_letter, _first_letter)
    )
    return re.compile(rf"(?<![\w-])(?:{any_name})(?![\w-])"), [known[name] for name in by_letter]


def _first_letter(name):
    return name[0].lower()


def _as_written(name):
    """A name at the beginning of a sentence, in the plural, and over the end of a line."""
    pattern = re.escape(name).replace(r"\ ", r"\s+")
    if name[0].islower():
        pattern = f"[{name[0].upper()}{name[0]}]{pattern[1:]}"
    return f"{pattern}s?"


def _link(app, doctree, docname):
    source = glossary.source()
    if docname == glossary.PAGE or not source:
        return
    pattern, terms = _names(source)
    page = app.builder.get_relative_uri(docname, glossary.PAGE)
    seen = {t for t in glossary.terms() if f"chapters/{t.chapter}" == docname}
    for paragraph in list(doctree.findall(nodes.paragraph)):
        if _is_inside(paragraph, nodes.block_quote, nodes.container):
            continue
        for text in list(paragraph.findall(nodes.Text)):
            if not _is_inside(text, *_NOT_IN):
                text.parent.replace(text, list(_pieces(text, pattern, terms, page, seen)))


def _is_inside(node, *kinds):
    while node := node.parent:
        if isinstance(node, kinds):
            return True
    return False


def _pieces(text, pattern, terms, page, seen):
    """The text with links in it; `seen` grows by the terms that now have one."""
    rest = 0
    for found in pattern.finditer(text):
        term = terms[found.lastindex - 1]
        if term in seen:
            continue
        seen.add(term)
        yield nodes.Text(text[rest : found.start()])
        card = f"{term.chinese[0]} · {_plain(term.meaning)}"
        yield TermLink("", found[0], refuri=f"{page}#{term.anchor}", card=card)
        rest = found.end()
    yield nodes.Text(text[rest:])


def _plain(meaning):
    """A meaning without the marks of MyST."""
    return re.sub(r"[*`]|\$([^$]*)\$", r"\1", meaning)


def _open(self, node):
    settings = {"href": node["refuri"], "data-card": node["card"]}
    self.body.append(self.starttag(node, "a", "", CLASS="term", **settings))


def _close(self, node):
    self.body.append("</a>")


def connect(app):
    """Register with Sphinx."""
    app.add_node(TermLink, html=(_open, _close))
    app.connect("doctree-resolved", _link)
