"""Text that cells print: sentences are shown as such, only columns need letters of one width."""

import re

from docutils import nodes

# Spaces side by side, a tab, or the brackets of an array: then lines belong below each other.
_COLUMNS = re.compile(r"(?m)^[\s\[(]|\S  |\t")
_WORD = re.compile(r"[^\W\d_]{3}")


def is_prose(text):
    """Whether a printed text is sentences, which may be broken anywhere between words."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return not _COLUMNS.search("\n".join(lines)) and all(map(_WORD.search, lines))


def _mark(app, doctree):
    for block in doctree.findall(nodes.literal_block):
        if "stream" in block["classes"] and is_prose(block.astext()):
            block["classes"].append("prose")


def connect(app):
    """Register with Sphinx."""
    app.connect("doctree-read", _mark)
