"""Text that cells hold and print: sentences are shown as such, only columns need letters of one
width; code that is wider than a phone is reached from the keyboard; and a browser draws code when
the reader comes near."""

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
# Names, punctuation and blanks have the color of the block; they are half of a page's elements.
_PLAIN = re.compile(r'<span class="[npw]">([^<]*)</span>')
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


def settled(body):
    """A page whose code is light, and can be focused where it scrolls on a phone.

    Outputs can not be focused. The theme would settle this for every block when the page is read,
    and each that changes makes the browser lay out the page again. So that a block keeps its room
    until it is drawn, it says how many lines it has; see ``book.css``.
    """
    body = _BLOCK.sub(_settle_block, body)
    return body.replace('<div class="output ', '<div tabindex="-1" class="output ')


def _settle_block(block):
    start, code = block.groups()
    code = _PLAIN.sub(r"\1", code)
    lines = html.unescape(_TAG.sub("", code)).splitlines()
    if start.startswith("prose"):
        return f'{start} tabindex="-1">{code}</pre>'
    index = 0 if max(map(len, lines), default=0) > _PHONE else -1
    return f'{start} tabindex="{index}" style="--lines: {len(lines)}">{code}</pre>'


def _settle(app, page, template, context, doctree):
    if "body" in context:
        context["body"] = settled(context["body"])


def connect(app):
    """Register with Sphinx."""
    app.connect("doctree-read", _mark)
    # After `sources` has found the names in code.
    app.connect("html-page-context", _settle, priority=600)
