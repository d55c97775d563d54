"""Interface texts in both languages: every page gets the function that reads their table.

The table comes where somebody reads Chinese: to others it would be a tenth of a page.
``course_lib/widgets/texts.json`` is the table, from the English text to the Chinese one. The
function is the part "Languages" of ``kit.js``, which widgets have in a notebook, too.
"""

import hashlib
import json
import re
from pathlib import Path

from course_lib.widgets._script import in_page

from . import editions

_WIDGETS = editions.ROOT / "course_lib" / "widgets"
TEXTS = _WIDGETS / "texts.json"
_PART = re.compile(r"^// Languages -+\n(?P<code>.*?)^// \w+ -{9,}$", re.MULTILINE | re.DOTALL)
_EXPORTED = re.compile(r"^export (?:const|function) (\w+)", re.MULTILINE)
#: The table, below ``_static``.
FILE = "texts.js"


def texts():
    """The Chinese of every text of the interface, by its English."""
    return json.loads(TEXTS.read_text(encoding="utf-8"))


def table():
    """The script that brings the table."""
    listed = json.dumps(texts(), ensure_ascii=False, separators=(",", ":"))
    return f"globalThis.cwTexts = {listed};\n"


def script():
    """The functions, as a page without modules has them; a reader of Chinese gets the table, too.

    Written into the page, the table's script runs in its turn: before those that use it.
    """
    code = _PART.search((_WIDGETS / "kit.js").read_text(encoding="utf-8"))["code"]
    names = ", ".join(_EXPORTED.findall(code))
    address = f"_static/{FILE}?v={hashlib.sha256(table().encode()).hexdigest()[:8]}"
    return (
        f"globalThis.bookLanguage = (() => {{\n{in_page(code)}return {{ {names} }};\n}})();\n"
        "if (bookLanguage.speaksChinese) {\n"
        "const root = document.documentElement.dataset.content_root;\n"
        f'document.write(`<script defer src="${{root}}{address}"><\\/script>`);\n'
        "}\n"
    )


def _add(app):
    file = Path(app.outdir) / "_static" / FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(table(), encoding="utf-8")
    # Before the scripts that speak.
    app.add_js_file(None, body=script(), priority=400)


def connect(app):
    """Register with Sphinx."""
    app.connect("builder-inited", _add)
