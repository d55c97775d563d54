"""Numbers that the prose quotes from outputs."""

import re
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

import nbformat

from book_ext import comparison

#: So many cells with outputs above a sentence may hold the number that it quotes. With more of
#: them nearly every two digits have been printed somewhere, and a wrong quote finds its number.
CELLS_IN_SIGHT = 4
# Code, formulas, remarks, and what somebody else says.
_NOT_PROSE = re.compile(
    r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$\n]+\$|<!--.*?-->"
    r'|^>.*?$|"[^"]*"|“[^”]*”',
    re.DOTALL | re.MULTILINE,
)
_CITED = re.compile(r"\]\(https?:|\[\d+\]|\b(?:19|20)\d\d\b|et al\.|arXiv")
_LEVEL = re.compile(r"9[59]\s*%")
_PART_OF = re.compile(r"\s*(?:of|of the|out of|/|in|among)\s*")


@dataclass(frozen=True)
class Quote:
    """A number with decimals or a percent sign in a sentence of a chapter."""

    sentence: str
    number: comparison.Number

    @property
    def text(self):
        """The number as it is written."""
        return self.sentence[self.number.start : self.number.end]


def quotes(prose):
    """The measures of a Markdown cell that nobody else is named for."""
    for sentence in _sentences(_NOT_PROSE.sub(" … ", prose)):
        if _CITED.search(sentence):
            continue
        for number in comparison.numbers(sentence):
            quote = Quote(sentence, number)
            if number.measure and not _LEVEL.fullmatch(quote.text):
                yield quote


def _sentences(prose):
    for paragraph in re.split(r"\n\s*\n|\n(?=\s*[-*] |\s*\d+\. )", prose):
        if not paragraph.lstrip().startswith("#"):
            yield from re.split(r"(?<=[.!?:])\s+(?=\W*[A-Z])", " ".join(paragraph.split()))


def printed(text):
    """Value and last place of every number of an output, and of every "48 of 50" the share."""
    found = comparison.numbers(text)
    values = [(number.value, number.unit) for number in found]
    for part, whole in pairwise(found):
        if whole.value and _PART_OF.fullmatch(text[part.end : whole.start]):
            values.append((part.value / whole.value, Decimal(0)))
    return values


def is_in(number, values):
    """Whether one of the values is this number when rounded; the prose says "loses 0.08"."""
    for value, unit in values:
        slack = (number.unit + unit) / 2 if unit < number.unit else number.unit / 2
        if abs(abs(value) - abs(number.value)) <= slack:
            return True
    return False


def unfounded(path, change=lambda number: number):
    """Quotes of a chapter whose number stands in no cell in sight, neither its code nor its output.

    In sight are the last cells above and the one below, which the text may announce. What comes
    before the first output is the story that opens the chapter.

    Parameters
    ----------
    path : Path
        Source of a chapter; its outputs are those of the student edition.
    change : callable
        What to do with a quoted number before it is looked for.
    """
    cells = nbformat.read(path.with_suffix(".ipynb"), as_version=4).cells
    outputs = [_outputs(cell) for cell in cells]
    code = [printed(c.source) if c.cell_type == "code" else [] for c in cells]
    for index, cell in enumerate(cells):
        if cell.cell_type != "markdown" or not any(outputs[:index]):
            continue
        above = [place for place in range(index) if outputs[place]][-CELLS_IN_SIGHT:]
        below = [place for place in range(index, len(cells)) if code[place]][:1]
        places = [*range(above[0], index), *below]
        in_sight = [value for place in places for value in outputs[place] + code[place]]
        for quote in quotes(cell.source):
            if not is_in(change(quote.number), in_sight):
                yield quote


def _outputs(cell):
    """Numbers of the outputs of a cell; those of a widget are a hash and its settings."""
    texts = [t for t in comparison.texts(cell.get("outputs", [])) if "data_sha256=" not in t]
    return [value for text in texts for value in printed(text)]
