"""The book to take along: one PDF, an EPUB, the site as a zip, and sheets to print.

All of it is made from the built pages, by headless Chromium, and offered on one of them.
"""

import html
import re
import shutil
import subprocess
import tempfile
import tomllib
import zipfile
from pathlib import Path

import yaml
from docutils import nodes

from .. import editions
from . import chromium, zips

PAGE = "chapters/takeaway"
#: Sources of the sheets, below ``sheets/``, and what they are called.
SHEETS = {
    "metrics": "Evaluation metrics",
    "roc": "ROC curves and thresholds",
    "unet": "U-Net",
    "assessment": "The assessment",
}
#: Of no use where nothing is remembered and nothing is downloaded.
_ONLY_ONLINE = {PAGE, "chapters/progress"}
_NAME = "ai-for-medical-diagnosis"
#: Holds what the files beside it were made from.
_MARK = "made_from"
_OFFER = re.compile(r'(<div id="the-files">).*?(</div><!-- the files -->)', re.DOTALL)
_ABSENT = (
    "<p>This copy of the book was built without them: <code>make takeaway</code> makes them.</p>"
)
_README = """Open index.html in a browser. Everything is here, and nothing is loaded from anywhere.

Opened as files, pages cannot start Python: exercises then show their stub and their solution, and
the search shows no snippets. With Python on your machine, this serves the book to your browser,
with both of them:

    python -m http.server --bind 127.0.0.1

Then open http://127.0.0.1:8000
"""


def make(folder, made_from, say):
    """Write everything below ``takeaway/`` in the folder of the built book, and offer it there.

    Parameters
    ----------
    folder : Path
    made_from : str
        Changes when a page does.
    say : callable
        Hears of each file.

    Raises
    ------
    chromium.TakeawayError
    """
    # What a build that takes nothing away does without.
    from . import epub, pdf, sheets

    _require_chinese_letters()
    contents, about = book_contents(), about_the_book()
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        place = Path(temporary) / "takeaway"
        place.mkdir()
        with chromium.workshop(folder) as shop:
            for name, sheet in sheets.printed(shop):
                (place / f"sheet-{name}.pdf").write_bytes(sheet)
            say("the sheets")
            epub.write(place / f"{_NAME}.epub", shop, contents, about)
            say("the EPUB")
            (place / f"{_NAME}.pdf").write_bytes(pdf.printed(shop, contents, folder, about))
            say("the PDF")
        shutil.rmtree(folder / "takeaway", ignore_errors=True)
        offer(folder, made_from)
        write_zip(place / f"{_NAME}.zip", folder)
        say("the site")
        (place / _MARK).write_text(made_from, encoding="utf-8")
        place.replace(folder / "takeaway")
    offer(folder, made_from)


def _require_chinese_letters():
    """Where fonts are asked for by `fc-list`; without one, Chromium prints empty boxes."""
    if shutil.which("fc-list"):
        found = subprocess.run(["fc-list", ":lang=zh-tw"], capture_output=True, check=True).stdout
        if not found.strip():
            raise chromium.TakeawayError(
                "No font here has Chinese letters; on Debian or Ubuntu: apt install fonts-noto-cjk."
            )


def book_contents():
    """Caption and pages of every part, as `_toc.yml` has them, but for what is only online."""
    contents = editions.contents()
    parts = [("", [contents["root"]])]
    for part in contents.get("parts", [{"caption": "", **contents}]):
        names = [chapter["file"] for chapter in part["chapters"]]
        parts.append((part["caption"], [name for name in names if name not in _ONLY_ONLINE]))
    return parts


def about_the_book():
    """What the first page says."""
    settings = editions.settings()
    project = tomllib.loads((editions.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    citation = yaml.safe_load((editions.ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    return {
        "title": settings["title"],
        "author": settings["author"],
        "version": project["project"]["version"],
        "date": str(citation["date-released"]),
        "rights": "Text CC BY 4.0, code MIT; data have their own licenses.",
    }


def write_zip(path, folder):
    """The site without what is taken away from it; the same site gives the same bytes."""
    with zipfile.ZipFile(path, "w") as archive:
        zips.add(archive, f"{_NAME}/README.txt", _README.encode())
        for file in sorted(folder.rglob("*")):
            name = file.relative_to(folder).as_posix()
            if file.is_file() and not name.startswith("takeaway/"):
                zips.add(archive, f"{_NAME}/{name}", file.read_bytes())


# The page that offers it --------------------------------------------------------------------------


def offer(folder, made_from):
    """Say on the page what can be taken away; what was made from other pages goes."""
    made = folder / "takeaway"
    if made.is_dir() and not is_made(folder, made_from):
        shutil.rmtree(made)
    page = folder / f"{PAGE}.html"
    if not page.is_file():
        return
    text = page.read_text(encoding="utf-8")
    offered = _offered(made) if made.is_dir() else _ABSENT
    changed = _OFFER.sub(lambda found: found[1] + offered + found[2], text)
    if changed != text:
        page.write_text(changed, encoding="utf-8")


def is_made(folder, made_from):
    """Whether the files are there and were made from the pages as they are."""
    mark = folder / "takeaway" / _MARK
    return mark.is_file() and mark.read_text(encoding="utf-8") == made_from


def _offered(made):
    sizes = {file.name: _size(file) for file in made.iterdir() if file.name != _MARK}
    rows = [
        (f"{_NAME}.pdf", "The book as a PDF"),
        (f"{_NAME}.epub", "The book as an EPUB"),
        (f"{_NAME}.zip", "The site as a zip"),
        *((f"sheet-{name}.pdf", f"Sheet: {title}") for name, title in SHEETS.items()),
    ]
    items = "".join(
        f'<li><a href="../takeaway/{name}" download>{html.escape(what)}</a> ({sizes[name]})</li>'
        for name, what in rows
    )
    return f"<ul>{items}</ul>"


def _size(file):
    megabytes = file.stat().st_size / 1e6
    return f"{megabytes:.1f} MB" if megabytes >= 0.1 else f"{1000 * megabytes:.0f} KB"


def _place(app, doctree):
    if app.env.docname == PAGE:
        section = next(doctree.findall(nodes.section))
        offered = f'<div id="the-files">{_ABSENT}</div><!-- the files -->'
        section.append(nodes.raw("", offered, format="html"))


def connect(app):
    """Register with Sphinx."""
    app.connect("doctree-read", _place)
