"""The search, in English and Chinese, and the mark that says where Chinese stands.

Chinese has no spaces: Sphinx takes a run of it for one word and finds no part of it. Here the index
holds every character of a run and every two neighbors, and a query is cut into neighbors, too.
"""

import itertools
import re

from docutils import nodes
from sphinx.search.en import SearchEnglish

_HAN = "\u3400-\u9fff"
_WORD = re.compile(rf"[{_HAN}]+|[^\W{_HAN}]+")
_CHINESE = re.compile(rf"([{_HAN}][{_HAN}、]*)")
#: What no reader hears as a sentence.
_AS_IT_IS = (nodes.FixedTextElement, nodes.Invisible, nodes.literal, nodes.math, nodes.raw)


class SearchBoth(SearchEnglish):
    """English as Sphinx has it, and Chinese by pairs of characters."""

    # Its letters are written as in the JavaScript of Sphinx.
    js_splitter_code = r"""
var splitQuery = function (query) {
  const han = "\u3400-\u9fff";
  const word = new RegExp(
    `[${han}]+|(?:(?![${han}])[\\p{Letter}\\p{Number}_\\p{Emoji_Presentation}])+`, "gu");
  const inHan = new RegExp(`^[${han}]{2}`);
  return (query.match(word) || []).flatMap((run) =>
    inHan.test(run) ? Array.from(run.slice(1), (next, at) => run[at] + next) : [run]);
}
"""

    def split(self, text):
        """Words of a text; of a run of Chinese its characters and its pairs of neighbors."""
        words = []
        for run in _WORD.findall(text):
            words.append(run)
            if "\u3400" <= run[0] <= "\u9fff":
                words[-1:] = [*run, *(a + b for a, b in itertools.pairwise(run))]
        return words


def mark_chinese(doctree):
    """Say of every run of Chinese in the text that it is Chinese, as used in Taiwan."""
    for text in list(doctree.findall(nodes.Text)):
        pieces = _CHINESE.split(text)
        if len(pieces) == 1 or isinstance(text.parent, _AS_IT_IS):
            continue
        marked = [
            nodes.inline("", piece, classes=["language-zh-Hant"]) if at % 2 else nodes.Text(piece)
            for at, piece in enumerate(pieces)
            if piece
        ]
        text.parent.replace(text, marked)


def _order_and_snippets(app, page, template, context, doctree):
    if page == "search":
        app.add_js_file("search.js", defer="defer")


def connect(app):
    """Register with Sphinx."""
    # In place of English: pages are in English, with Chinese terms.
    app.add_search_language(SearchBoth)
    app.connect("doctree-read", lambda app, doctree: mark_chinese(doctree))
    app.connect("html-page-context", _order_and_snippets)
