"""The frame of the HTML pages: one file, readable offline, light and dark."""

import html

from .text import line

_STYLE = """
:root { color-scheme: light dark; --line: #ccc; --bar: #0072b2; --good: #00664b; --bad: #a33c00; }
@media (prefers-color-scheme: dark) {
  :root { --line: #555; --bar: #56b4e9; --good: #4cc9a0; --bad: #ff9a5c; } }
body { background: Canvas; color: CanvasText; font: 1rem/1.5 system-ui, sans-serif;
  max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
.table { margin: 1rem 0; overflow-x: auto; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: .3rem .8rem; border-bottom: 1px solid var(--line);
  vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.good { color: var(--good); } .bad { color: var(--bad); }
section { border-top: 1px solid var(--line); padding: .5rem 0; }
svg rect { fill: var(--bar); } svg text { fill: currentColor; font-size: 12px; }
code { overflow-wrap: anywhere; }
pre { overflow-x: auto; border: 1px solid var(--line); padding: .5rem; }
mark { background: #ffe08a; color: #000; }
"""


def page(title, body):
    """A complete page; `body` is HTML, `title` is text."""
    title = escape(title)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # No script, no picture and no link of a student's making can do anything here.
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">\n"
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{title}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )


def escape(text):
    """Text as HTML: one line, and no control character, such as those of a terminal."""
    return html.escape(line(text))


def table(head, rows):
    """A table; a cell is text, or a number, which is aligned to the right."""
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    lines = "".join(f"<tr>{''.join(map(_cell, row))}</tr>\n" for row in rows)
    # Wide tables scroll on a phone, and by keyboard only what has the focus does.
    label = escape(", ".join(head))
    return (
        f'<div class="table" tabindex="0" role="region" aria-label="Table: {label}">\n<table>\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{lines}</tbody>\n</table>\n</div>"
    )


def _cell(value):
    if isinstance(value, int | float):
        return f'<td class="number">{value:g}</td>'
    return f"<td>{escape(value)}</td>"
