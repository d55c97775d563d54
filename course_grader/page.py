"""The frame of the HTML pages: one file, readable offline, light and dark."""

import html

from course_lib import _html

from .text import line

_STYLE = """
:root { color-scheme: light dark; --line: #ccc; --bar: #0072b2; --good: #007a5a; --bad: #b84a00; }
@media (prefers-color-scheme: dark) {
  :root { --line: #555; --bar: #56b4e9; --good: #43d6a9; --bad: #ff9d5c; } }
body { background: Canvas; color: CanvasText; font: 1rem/1.5 system-ui, sans-serif;
  max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
.scrolls { margin: 1rem 0; overflow-x: auto; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: .3rem .8rem; border-bottom: 1px solid var(--line);
  vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.good { color: var(--good); } .bad { color: var(--bad); }
section { border-top: 1px solid var(--line); padding: .5rem 0; }
svg rect { fill: var(--bar); } svg text { fill: currentColor; font-size: 12px; }
code { overflow-wrap: anywhere; }
pre { overflow-x: auto; border: 1px solid var(--line); padding: .5rem; }
mark { background: rgb(230 159 0 / 30%); color: inherit; }
"""


def page(title, body):
    """A complete page; `body` is HTML, `title` is text."""
    return _html.page(line(title), f"<h1>{escape(title)}</h1>\n{body}", _STYLE)


def escape(text):
    """Text as HTML: one line, and no control character, such as those of a terminal."""
    return html.escape(line(text))


def table(head, rows):
    """A table; a cell is text, or a number, which is aligned to the right."""
    shown = (
        [value if isinstance(value, int | float) else line(value) for value in row] for row in rows
    )
    element = _html.table([line(name) for name in head], shown, numbers=True)
    # Wide tables scroll on a phone, and by keyboard only what has the focus does.
    return _html.scrolling(element, f"Table: {line(', '.join(head))}")
