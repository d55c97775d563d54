"""Text that cells hold and print: sentences are shown as such, only columns need letters of one
width; and code that is wider than a phone is reached from the keyboard."""

import html
import re

from docutils import nodes

# Spaces side by side, a tab, or the brackets of an array: then lines belong below each other.
_COLUMNS = re.compile(r"(?m)^[\s\[(]|\S  |\t")
_WORD = re.compile(r"[^\W\d_]{3}")
_BLOCK = re.compile(
    r'(prose [^"]*"><div class="highlight"><pre|<div class="highlight"><pre)>(.*?)</pre>', re.DOTALL
)
_TAG = re.compile("<[^>]*>")
#: Letters of a line on a phone.
_PHONE = 43


def is_prose(text):
    """Whether a printed text is sentences, which may be broken anywhere between words."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return not _COLUMNS.search("\n".join(lines)) and all(map(_WORD.search, lines))


def _mark(app, doctree):
    for block in doctree.findall(nodes.literal_block):
        if "stream" in block["classes"] and is_prose(block.astext()):
            block["classes"].append("prose")


def focusable(body):
    """A page whose code can be focused where it scrolls on a phone, and whose outputs can not.

    The theme settles this for every block when the page is read, and each that changes makes the
    browser lay out the page again.
    """
    body = _BLOCK.sub(
        lambda block: f'{block[1]} tabindex="{_index(*block.groups())}">{block[2]}</pre>', body
    )
    return body.replace('<div class="output ', '<div tabindex="-1" class="output ')


def _index(start, block):
    lines = html.unescape(_TAG.sub("", block)).splitlines()
    is_wide = max(map(len, lines), default=0) > _PHONE
    return 0 if is_wide and not start.startswith("prose") else -1


def _settle(app, page, template, context, doctree):
    if "body" in context:
        context["body"] = focusable(context["body"])


def connect(app):
    """Register with Sphinx."""
    app.connect("doctree-read", _mark)
    app.connect("html-page-context", _settle)
