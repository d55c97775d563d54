"""Scripts and styles of widgets: kept outputs name them, and pages get those of the day.

A widget's HTML holds its data and, but for imports, the files that draw it. These files decide
nothing that a kernel computes, so a kept output holds their names in place of their text, and
nothing is executed again when one of them changes.
"""

import re

from course_lib.widgets._script import in_page, styles_in_page

from . import editions

_MARK = "⟪{}⟫"
# A page has the table of texts once.
_TEXTS = re.compile(r"^globalThis\.cwTexts = .*\n", re.MULTILINE)
_NAMED = re.compile(_MARK.format(r"([\w/]+\.(?:js|css))"))


def texts():
    """Text of every front end, by its path below the root."""
    files = editions.ROOT.glob("course_lib/widgets/*.*")
    return {
        file.relative_to(editions.ROOT).as_posix(): file.read_text(encoding="utf-8")
        for file in sorted(files)
        if file.suffix in (".js", ".css", ".json")
    }


def _inside(name, text):
    """The text as it stands in HTML."""
    return styles_in_page(text) if name.endswith(".css") else in_page(text)


def on_page(html):
    """HTML without the table of texts that a widget brings along."""
    return _TEXTS.sub("", html)


def named(html, texts):
    """HTML with the names of front ends in place of their text, and without the table of texts."""
    html = on_page(html)
    for name, text in texts.items():
        html = html.replace(_inside(name, text), _MARK.format(name))
    return html


def filled(html, texts):
    """HTML with the text of the front ends that it names."""
    return _NAMED.sub(lambda mark: _inside(mark[1], texts[mark[1]]), html)


def names(text):
    """Paths of the front ends that kept outputs name."""
    return set(_NAMED.findall(text))


def over_html(change, outputs):
    """Put every HTML output through ``change(html)``, in place."""
    for output in outputs:
        data = output.get("data", {})
        if "text/html" in data:
            data["text/html"] = change(data["text/html"])
