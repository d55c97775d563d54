"""Interface texts in both languages: every page gets their table, and the function that reads it.

``course_lib/widgets/texts.json`` is the table, from the English text to the Chinese one. The
function is the part "Languages" of ``kit.js``, which widgets have in a notebook, too.
"""

import json
import re
from pathlib import Path

from course_lib.widgets._script import joined

from . import editions

_WIDGETS = editions.ROOT / "course_lib" / "widgets"
TEXTS = _WIDGETS / "texts.json"
_PART = re.compile(r"^// Languages -+\n(?P<code>.*?)^// \w+ -{9,}$", re.MULTILINE | re.DOTALL)
_EXPORTED = re.compile(r"^export (?:const|function) (\w+)", re.MULTILINE)
#: The script, below ``_static``; `static/language.js` and `static/exercises.js` come after it.
FILE = "texts.js"


def texts():
    """The Chinese of every text of the interface, by its English."""
    return json.loads(TEXTS.read_text(encoding="utf-8"))


def script():
    """The table and its functions, as a page without modules has them."""
    code = _PART.search((_WIDGETS / "kit.js").read_text(encoding="utf-8"))["code"]
    table = json.dumps(texts(), ensure_ascii=False, separators=(",", ":"))
    names = ", ".join(_EXPORTED.findall(code))
    return (
        f"globalThis.cwTexts = {table};\n"
        f"globalThis.bookLanguage = (() => {{\n{joined(code)}return {{ {names} }};\n}})();\n"
    )


def _write(app):
    # Before the pages, which name its digest.
    file = Path(app.outdir) / "_static" / FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(script(), encoding="utf-8")


def connect(app):
    """Register with Sphinx."""
    app.connect("builder-inited", _write)
