"""One page of A4 a chapter: its definitions, formulas and rules, and numbers that code computes.

``sheets/*.md`` are the sources. A sheet takes text, tables and formulas from the chapter itself and
terms from the glossary, so that it says what the book says.
"""

import html
import io
import re
from pathlib import Path

import jinja2
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from .. import editions, glossary, mathematics
from . import SHEETS, chromium

_SOURCES = Path(__file__).parent / "sheets"
_STYLES = "/_static/sheets.css"
#: Sizes of letters in points, the largest first.
_SIZES = [10.5, 10, 9.5, 9, 8.5, 8, 7.5]
#: A4 without the margins of sheet.css, in pixels of 1/96 inch.
_PAGE = {"width": 703, "height": 1039}
_TOO_WIDE = """() => [...document.querySelectorAll("p, pre, td, th, li")]
  .some((node) => node.scrollWidth > node.clientWidth + 1)"""


class SheetError(chromium.TakeawayError):
    """A sheet takes what its chapter does not have, or more than its page."""


def printed(shop):
    """Name and PDF of each sheet, one page each.

    Raises
    ------
    SheetError
    """
    bodies, styles = mathematics.typeset(map(as_html, SHEETS), of="sheets")
    # Beside the styles of the pages, whose fonts they share
    shop.put(_STYLES, styles)
    for name, body in zip(SHEETS, bodies, strict=True):
        body = f'<main class="sheet-{name}">{body}</main>'
        with shop.showing(body, [_STYLES, "/takeaway/sheet.css"]) as page:
            page.emulate_media(media="print", color_scheme="light")
            page.set_viewport_size(_PAGE)
            yield name, _filling(page, name)


def _filling(page, name):
    """The sheet in the largest letters with which it takes one page."""
    from pypdf import PdfReader

    for size in _SIZES:
        page.evaluate("(size) => { document.documentElement.style.fontSize = `${size}pt` }", size)
        sheet = page.pdf(format="A4", print_background=True, prefer_css_page_size=True)
        if len(PdfReader(io.BytesIO(sheet)).pages) == 1 and not page.evaluate(_TOO_WIDE):
            return sheet
    raise SheetError(f"The sheet {name} does not fit on one page in letters of {size} points.")


def as_html(name):
    """A sheet's body."""
    markdown = MarkdownIt("commonmark", {"typographer": False}).enable("table")
    markdown.use(dollarmath_plugin, renderer=_mathematics)
    numbers = _NUMBERS[name]()
    text = markdown.render(as_markdown(name, numbers))
    return text.replace('src="figure"', f'src="{numbers.get("figure")}"')


def as_markdown(name, numbers):
    """A sheet's source with what it takes from elsewhere, and with numbers."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_SOURCES), undefined=jinja2.StrictUndefined, autoescape=False
    )
    taken = {"meaning": _meaning, "table": _table, "points": _points, "formula": _formula}
    return environment.get_template(f"{name}.md").render(**taken, **numbers)


def _mathematics(content, options):
    left, right = (r"\[", r"\]") if options["display_mode"] else (r"\(", r"\)")
    return f'<span class="math">{left}{html.escape(content)}{right}</span>'


# What a sheet takes from the book -----------------------------------------------------------------


def _section(chapter, title):
    text = editions.body((editions.CHAPTERS / f"{chapter}.md").read_text(encoding="utf-8"))
    # A line of code may begin like a heading.
    text = re.sub(r"^```.*?^```\n", "", text, flags=re.DOTALL | re.MULTILINE)
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ |\Z)", text, re.DOTALL | re.MULTILINE)
    if not found:
        raise SheetError(f"{chapter} has no section {title!r} any more.")
    return found[1]


def _plain_links(text):
    return re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", text)


def _table(chapter, title):
    """The table of a section."""
    rows = [line for line in _section(chapter, title).splitlines() if line.startswith("|")]
    if not rows:
        raise SheetError(f"The section {title!r} of {chapter} has no table any more.")
    return _plain_links("\n".join(rows))


def _points(chapter, title="Summary"):
    """The list of a section."""
    points = re.findall(r"^- .+(?:\n  .+)*", _section(chapter, title), re.MULTILINE)
    if not points:
        raise SheetError(f"The section {title!r} of {chapter} has no list any more.")
    return _plain_links("\n".join(points))


def _formula(chapter, part):
    """The one formula of a chapter that holds these letters."""
    text = (editions.CHAPTERS / f"{chapter}.md").read_text(encoding="utf-8")
    formulas = re.findall(r"^\$\$\n.*?\n\$\$$", text, re.DOTALL | re.MULTILINE)
    found = [one for one in formulas if part in one]
    if len(found) != 1:
        raise SheetError(f"{chapter} must have one formula with {part!r}, not {len(found)}.")
    return re.sub(r"[,.]\n\$\$$", "\n$$", found[0])


def _meaning(name):
    """A term with its Chinese name and what it means, as the glossary has them."""
    for term in glossary.terms():
        if name in term.english:
            return f"**{name}** {term.chinese[0]}: {term.meaning}"
    raise SheetError(f"The glossary has no term {name!r} any more.")


# What a sheet computes ----------------------------------------------------------------------------


def _metrics():
    from course_lib import datasets
    from course_lib.intervals import wilson_interval
    from course_lib.metrics import NAMES, ConfusionMatrix, predictive_values

    ecg = datasets.ecg_readings()
    at = ecg.findings.index("atrial fibrillation")
    matrix = ConfusionMatrix.from_labels(ecg.y_true[:, at], ecg.readers["network"][:, at])
    rates = {
        name: (getattr(matrix, name), *matrix.interval(name))
        for name in [*NAMES, "f1", "balanced_accuracy", "mcc"]
    }
    prevalences = (0.5, 0.1, 0.01, 0.001)
    return {
        "matrix": matrix,
        "rates": rates,
        "bayes": [(p, *predictive_values(0.9, 0.95, p)) for p in prevalences],
        "wilson": [(n, wilson_interval(round(0.9 * n), n)) for n in (10, 50, 200, 1000)],
        "all_right": [(n, wilson_interval(n, n)[0]) for n in (10, 50, 200, 1000)],
    }


def _roc():
    from matplotlib.figure import Figure

    from course_lib import datasets, figures
    from course_lib._html import figure_uri
    from course_lib.roc import RocCurve

    ecg = datasets.ecg_readings()
    at = ecg.findings.index("atrial fibrillation")
    curve = RocCurve.from_scores(ecg.y_true[:, at], ecg.scores[:, at])
    rules = {
        "Youden": curve.youden(),
        "both errors cost the same": curve.cheapest(1, 1),
        "a miss costs 5 false alarms": curve.cheapest(5, 1),
    }
    figure = Figure(figsize=(3.1, 2.6), layout="constrained")
    ax = figure.subplots()
    ax.plot([0, 1], [0, 1], color=figures.COLORS["muted"], linestyle=":")
    ax.plot(curve.fpr, curve.tpr, color=figures.COLORS["normal"])
    for (name, t), marker in zip(rules.items(), "os^", strict=True):
        table = curve.at(t)
        place = 1 - table.specificity, table.sensitivity
        ax.plot(*place, marker, color=figures.COLORS["disease"], label=name)
    ax.set(xlabel="false positive rate", ylabel="sensitivity", xlim=(-0.02, 0.5), ylim=(0.6, 1.02))
    ax.legend(fontsize=7, loc="lower right", frameon=False)
    return {
        "curve": curve,
        "interval": curve.auc_interval(),
        "rules": [(name, t, curve.at(t)) for name, t in rules.items()],
        "figure": figure_uri(figure),
    }


def _unet():
    import torch

    from course_lib.nets import UNet

    # Sizes alone are computed on this device, and no number.
    with torch.device("meta"):
        network = UNet(64, 4, 2, padded=False, batch_norm=False)
        sizes = {}
        for name, part in network.named_modules():
            if re.fullmatch(r"(contract|expand|up)\.\d|bottom|classify", name):
                part.register_forward_hook(
                    lambda _, __, out, name=name: sizes.update({name: tuple(out.shape[1:])})
                )
        network(torch.zeros(1, 1, 572, 572))
    depth = network.depth
    levels = [
        (
            level,
            sizes[f"contract.{level}"] if level < depth else sizes["bottom"],
            sizes[f"expand.{depth - 1 - level}"] if level < depth else None,
        )
        for level in range(depth + 1)
    ]
    return {
        "levels": levels,
        "output": sizes["classify"],
        "parameters": sum(p.numel() for p in network.parameters()) / 1e6,
    }


def _assessment():
    from course_lib import assessment
    from course_lib.intervals import wilson_interval

    films = assessment.films()["test"]
    n = len(films.y_true)
    right = -int(-assessment.MARK * n // 1)
    blanks = (editions.CHAPTERS / "dli/blanks.md").read_text(encoding="utf-8")
    titles = re.findall(r"^## \d+ (.+)$", blanks, re.MULTILINE)
    faults = [
        (title, _plain_links(_points("dli/blanks", f"{number} {title}")))
        for number, title in enumerate(titles, start=1)
    ]
    return {
        "mark": assessment.MARK,
        "n": n,
        "right": right,
        "interval": wilson_interval(right, n),
        "always": max((films.y_true == label).mean() for label in (0, 1)),
        "faults": faults,
    }


_NUMBERS = {"metrics": _metrics, "roc": _roc, "unet": _unet, "assessment": _assessment}
