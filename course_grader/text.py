"""Text of a student's making, made fit for terminals, tables, databases and pages."""

import re


def line(text):
    """The text as one line of characters that print.

    Control characters (those of a terminal too), line breaks, marks that reverse the direction of
    writing and halves of surrogate pairs become a space or a question mark.
    """
    return visible(re.sub(r"\s", " ", str(text)))


def visible(text):
    """The text with a question mark for everything that does not print."""
    # Half of a pair cannot be encoded: no file, database or terminal would take it.
    text = text.encode("utf-8", "replace").decode()
    return "".join(c if c.isprintable() else "?" for c in text)
