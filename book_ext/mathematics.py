"""Mathematics, typeset when the book is built: a page needs its fonts and no script for it."""

import functools
import hashlib
import html
import importlib.util
import json
import re
import shutil
from pathlib import Path

from sphinx.util import logging

from . import editions
from .live import runtime

_log = logging.getLogger(__name__)
#: Styles of all formulas, below the built book.
STYLES = "_static/mathematics.css"
_FONTS = "_static/mathjax"
_PROGRAM = Path(__file__).with_name("mathematics.mjs")
_KEPT = editions.ROOT / "_build"
# As Sphinx writes it for a script: an equation's number may stand before it.
_FORMULA = re.compile(
    r'(<(span|div) class="math\b[^>]*>(?:\s*<span class="eqno">.*?</span>)?)'
    r"\s*\\([(\[])(.*?)\\[)\]]\s*(?=</\2>)",
    re.DOTALL,
)
_ERROR = re.compile(r'data-mjx-error="([^"]*)"')


class FormulaError(ValueError):
    """TeX that cannot be typeset; the message holds it and says why."""


def typeset(texts, of="mathematics"):
    """The same texts of HTML with formulas in place of their TeX; and the styles of all.

    Parameters
    ----------
    texts : iterable of str
    of : str
        What they belong to: its formulas are kept together, and its styles are those of all.

    Raises
    ------
    FormulaError
    """
    texts = list(texts)
    wanted = {_formula(found) for text in texts for found in _FORMULA.finditer(text)}
    made, styles = _made(wanted, _KEPT / f"{of}.json")
    done = [_FORMULA.sub(lambda found: found[1] + made[_formula(found)], text) for text in texts]
    return done, styles


def _formula(found):
    """Where it stands, "(" or "[", and its TeX."""
    return found[3] + html.unescape(found[4])


def _made(wanted, kept):
    """HTML of formulas, and the styles of all that this file ever kept."""
    program = _PROGRAM.read_text(encoding="utf-8") + (_mathjax() / "core.js").read_text("utf-8")
    digest = hashlib.sha256(program.encode()).hexdigest()
    known = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    if known.get("by") != digest:
        known = {"by": digest, "formulas": {}, "styles": ""}
    if wanted - known["formulas"].keys():
        # The styles are those of the letters that occur, so all are made once more.
        formulas = sorted(wanted | known["formulas"].keys())
        asked = json.dumps([[formula[1:], formula[0] == "["] for formula in formulas])
        said = json.loads(runtime.node(_PROGRAM, _mathjax(), "mathjax", stdin=asked))
        for formula, shown in zip(formulas, said["html"], strict=True):
            if error := _ERROR.search(shown):
                raise FormulaError(f"{formula[1:].strip()}: {html.unescape(error[1])}")
        known |= {"formulas": dict(zip(formulas, said["html"], strict=True))}
        known |= {"styles": said["styles"]}
        editions.replace_file(kept, json.dumps(known, ensure_ascii=False))
    return known["formulas"], known["styles"]


@functools.cache
def _mathjax():
    (package,) = importlib.util.find_spec("sphinx-mathjax-offline").submodule_search_locations
    return Path(package) / "static" / "mathjax"


def _write(app, exception):
    folder = Path(app.outdir)
    pages = {path: path.read_text(encoding="utf-8") for path in folder.rglob("*.html")}
    raw = {path: text for path, text in pages.items() if _FORMULA.search(text)}
    if not raw:
        return
    try:
        texts, styles = typeset(raw.values())
    except FormulaError as error:
        _log.warning("A formula cannot be typeset: %s", error)
        return
    _install(folder, styles)
    version = hashlib.sha256(styles.encode()).hexdigest()[:8]
    for path, text in zip(raw, texts, strict=True):
        up = "../" * (len(path.relative_to(folder).parts) - 1)
        link = f'<link rel="stylesheet" href="{up}{STYLES}?v={version}">\n'
        editions.replace_file(path, text.replace("</head>", f"{link}</head>", 1))


def _install(folder, styles):
    """Put styles and fonts below a built book."""
    editions.replace_file(folder / STYLES, styles)
    license_text = _PROGRAM.with_name("mathjax-license.txt").read_text(encoding="utf-8")
    editions.replace_file(folder / _FONTS / "LICENSE.txt", license_text)
    shutil.copytree(_mathjax() / "output/chtml/fonts/woff-v2", folder / _FONTS, dirs_exist_ok=True)


def connect(app):
    """Register with Sphinx."""
    # Before anything looks at finished pages
    app.connect("build-finished", _write, priority=100)
