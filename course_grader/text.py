"""Text of a student's making, made fit for terminals, tables, databases and pages."""


def line(text):
    """The text as one line of characters that print.

    Control characters (those of a terminal too), line breaks, marks that reverse the direction of
    writing and halves of surrogate pairs become a space or a question mark.
    """
    # Half of a pair cannot be encoded: no file, database or terminal would take it.
    text = str(text).encode("utf-8", "replace").decode()
    return "".join(c if c.isprintable() else " " if c.isspace() else "?" for c in text)
