"""A report that prints on two pages: text, numbers with intervals, figures and a model card."""

import html
import re
from dataclasses import dataclass

from ._files import written_whole
from ._html import figure_uri, page, picture, table
from .report import ModelCard, checked_results


@dataclass(frozen=True, repr=False)
class Handout:
    """A report; make it with `handout`. It shows itself in a notebook."""

    title: str
    _body: str

    def to_html(self):
        """A complete page: no script, no outside address, pictures inside; for A4 paper."""
        return page(self.title, self._fragment(1), _PAPER)

    def write(self, path):
        """Write the page to a file, whole or not at all. Print it from a browser."""
        with written_whole(path) as temporary:
            temporary.write_text(self.to_html(), encoding="utf-8")

    def __repr__(self):
        return f"Handout({self.title!r})"

    def _repr_html_(self):
        return self._fragment(3)

    def _fragment(self, top):
        """The report with headings from <h{top}> down."""
        # The text is escaped, so that tags are ours alone.
        body = re.sub(r"(</?h)(\d)", lambda m: f"{m[1]}{int(m[2]) + top - 1}", self._body)
        return f'<article class="handout">{_STYLE}{body}</article>'


def handout(title, authors, sections, results=(), figures=(), card=None, level=0.95):
    """Put a report together.

    Parameters
    ----------
    title, authors : str
    sections : dict of str
        From heading to text; an empty line begins a paragraph. The table and the figures follow
        the section ``"Performance"``, or the last one if there is none.
    results : sequence of Result
        Baselines too: a number alone says nothing.
    figures : sequence of (matplotlib Figure, str)
        Each with its caption, which says what is to be seen.
    card : ModelCard, optional
    level : float, default 0.95
        Of the intervals, for the header of the table.

    Returns
    -------
    Handout

    Raises
    ------
    ValueError
        If there is no section, a caption is empty, the card is none, or an estimate lies outside
        of its interval.
    """
    if not sections:
        raise ValueError("sections must hold at least one section, but it is empty.")
    if not isinstance(card, ModelCard | None):
        raise ValueError(f"card must be a ModelCard, got {type(card).__name__}.")
    results = checked_results(results)
    if not all(caption.strip() for _, caption in figures):
        raise ValueError("figures must each have a caption.")
    after = "Performance" if "Performance" in sections else list(sections)[-1]
    parts = [f"<h1>{html.escape(title)}</h1>", f"<p><i>{html.escape(authors)}</i></p>"]
    for heading, text in sections.items():
        parts += [f"<h2>{html.escape(heading)}</h2>", _paragraphs(text)]
        if heading == after:
            parts += [_table(results, level), _pictures(figures)]
    if card is not None:
        parts += ["<h2>Model card</h2>", table((), card.rows(), named_rows=True, kind="text")]
    return Handout(str(title), "".join(parts))


def _paragraphs(text):
    blocks = [" ".join(block.split()) for block in str(text).split("\n\n")]
    return "".join(f"<p>{html.escape(block)}</p>" for block in blocks if block)


def _table(results, level):
    if not results:
        return ""
    rows = [
        (row.what, row.cases, f"{row.value:.3f}", f"{row.low:.3f} to {row.high:.3f}")
        for row in results
    ]
    head = ("what", "cases", "estimate", f"{level:.0%} interval")
    return table(head, rows, named_rows=True)


def _pictures(figures):
    return "".join(picture(figure_uri(figure, "png"), text, text) for figure, text in figures)


_STYLE = """<style>
.handout { max-width: 46rem; line-height: 1.35; }
.handout :is(h1, h2, h3, h4, h5, figcaption) { color: inherit; }
.handout table { border-collapse: collapse; width: 100%; }
.handout :is(th, td) { border: 1px solid; padding: 0.1rem 0.5rem; text-align: end; }
.handout :is(th[scope=row], .text td) { text-align: start; }
.handout figure { margin: 0.6rem 0; }
.handout img { width: 100%; height: auto; }
</style>"""
_PAPER = """@page { size: A4; margin: 15mm; }
body { font-family: system-ui, sans-serif; font-size: 9.5pt; color: #000; background: #fff; }
main { max-width: 46rem; margin: auto; }
h1 { font-size: 15pt; margin: 0 0 0.2rem; }
h2 { font-size: 11.5pt; margin: 0.7rem 0 0.2rem; }
p { margin: 0.25rem 0; }
figure, table { break-inside: avoid; }
figcaption { font-size: 8.5pt; }
"""
