"""From a page to its notebook: a file to download and, where there is a repository, Colab."""

import html
import shutil
import zipfile

from course_lib._files import written_whole

from . import editions
from .takeaway import zips

#: All student editions in one file.
ALL = "notebooks.zip"

# What the theme calls the buttons that lead to the repository or through it
_TO_REPOSITORY = ("launch-", "source-")


def is_placeholder(url):
    """Whether nobody has written the repository's address into ``_config.yml`` yet."""
    return "your-organization" in url


def colab(chapter):
    """Where Colab opens the notebook of a chapter, or None while nobody has said where it lies."""
    url, branch = editions.repositories()[0]
    if is_placeholder(url):
        return None
    place = url.removeprefix("https://github.com/")
    return (
        f"https://colab.research.google.com/github/{place}/blob/{branch}/chapters/{chapter}.ipynb"
    )


def to_notebook(chapter):
    """A link, for a sentence on a chapter's page: to Colab, or to the file where there is none."""
    if address := colab(chapter):
        return f'<a href="{html.escape(address)}">open the chapter in Colab</a>'
    up = "../" * (1 + chapter.count("/"))
    return f'<a href="{up}notebooks/{html.escape(chapter)}.ipynb">download its notebook</a>'


def _open(app, page, template, context, doctree):
    """The theme offers a source that is not published, and Colab whatever the address is."""
    buttons = context.get("header_buttons", [])
    if is_placeholder(editions.repositories()[0][0]):
        buttons[:] = [b for b in buttons if not b["label"].startswith(_TO_REPOSITORY)]
    for group in buttons:
        if group["label"] == "download-buttons":
            group["buttons"] = [*_notebook(page, context), *_without_source(group["buttons"])]


def _without_source(buttons):
    return [button for button in buttons if button["label"] != "download-source-button"]


def _notebook(page, context):
    if not (editions.ROOT / f"{page}.ipynb").is_file():
        return []
    name = page.removeprefix("chapters/")
    return [
        {
            "type": "link",
            "url": f"{context['pathto']('notebooks', 1)}/{name}.ipynb",
            "text": ".ipynb",
            "icon": "fas fa-code",
            "tooltip": "Download the notebook, exercises empty",
            "label": "download-notebook-button",
        }
    ]


def install(pages):
    """Put the student editions beside the built pages, one by one and all in one file."""
    place = pages / "notebooks"
    place.mkdir(exist_ok=True)
    with written_whole(place / ALL) as temporary, zipfile.ZipFile(temporary, "w") as together:
        for chapter in editions.chapter_files():
            notebook = chapter.with_suffix(".ipynb")
            if not notebook.is_file():
                continue
            name = notebook.relative_to(editions.CHAPTERS)
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(notebook, place / name)
            zips.add(together, f"notebooks/{name.as_posix()}", notebook.read_bytes())


def connect(app):
    """Register with Sphinx."""
    # After the theme, which fills the bar with 501.
    app.connect("html-page-context", _open, priority=900)
