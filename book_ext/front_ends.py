"""Scripts and styles of widgets: kept outputs name them, and pages get those of the day.

A widget's HTML holds its data and, but for imports, the files that draw it. These files decide
nothing that a kernel computes, so a kept output holds their names in place of their text, and
nothing is executed again when one of them changes.

On a page, widgets share one kit and one style sheet, and each comes alive where it stands, while
the rest of the page still arrives.
"""

import hashlib
import re
from pathlib import Path

from course_lib.widgets._script import in_page, joined, styles_in_page

from . import editions

_KIT, _CSS = "course_lib/widgets/kit.js", "course_lib/widgets/kit.css"
#: What the widgets of a page share, below ``_static``.
SCRIPT, STYLES = "widgets.js", "widgets.css"
_EXPORTED = re.compile(r"^export (?:const|function) (\w+)", re.MULTILINE)
# As strict as a module. What draws widgets is marked: the PDF needs it, and no other script.
_BORROWS = '<script data-widget>"use strict";\ncwKit.show('
# Waits with a widget for the table of texts, where the reader's language needs it.
_SHOW = """
const show = (make) => {
  if (!speaksChinese || globalThis.cwTexts) make(kit);
  else addEventListener("DOMContentLoaded", () => make(kit));
};
"""

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


def script():
    """The kit for all widgets of a page: ``cwKit.show`` lends it to each."""
    kit = texts()[_KIT]
    lines = (
        "globalThis.cwKit = (() => {",
        in_page(joined(kit) + _SHOW),
        f"const kit = {{ {', '.join(_EXPORTED.findall(kit))} }};",
        "return { show };",
        "})();",
    )
    return "\n".join(lines)


def shared(body, address):
    """The body of a page whose widgets borrow the kit, which comes from that address, once."""
    files = texts()
    style = f"<style>{_inside(_CSS, files[_CSS])}</style>"
    own = re.compile(
        re.escape(f'{style}<script type="module">\n{_inside(_KIT, files[_KIT])}\n')
        + r"(.*?)</script>",
        re.DOTALL,
    )
    exported = _EXPORTED.findall(files[_KIT])

    def borrowing(widget):
        words = set(re.findall(r"\w+", widget[1]))
        used = [name for name in exported if name in words]
        return f"{_BORROWS}({{ {', '.join(used)} }}) => {{\n{widget[1]}}});\n</script>"

    body = own.sub(borrowing, body)
    return body.replace(_BORROWS, f'<script data-widget src="{address}"></script>{_BORROWS}', 1)


def _share(app, page, template, context, doctree):
    if 'class="cw-host"' not in context.get("body", ""):
        return
    version = hashlib.sha256(script().encode()).hexdigest()[:8]
    address = context["pathto"](f"_static/{SCRIPT}", 1)
    context["body"] = shared(context["body"], f"{address}?v={version}")
    app.add_css_file(STYLES)


def _write(app):
    folder = Path(app.outdir) / "_static"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SCRIPT).write_text(script(), encoding="utf-8")
    (folder / STYLES).write_text(styles_in_page(texts()[_CSS]), encoding="utf-8")


def connect(app):
    """Register with Sphinx."""
    # Before the pages, which name the digest of the styles.
    app.connect("builder-inited", _write)
    app.connect("html-page-context", _share)
