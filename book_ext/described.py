"""What a search engine and a shared link say of a page."""

import html
import re

from docutils import nodes

from . import doors, editions

_LENGTH = 200
_SENTENCES = re.compile(r"(?<=[.?!])\s+")
_PICTURE = "_static/readme.png"


def _describe(app, page, template, context, doctree):
    if doctree is None:
        return
    tags = {
        "og:type": "website" if page == app.config.root_doc else "article",
        "og:site_name": context["docstitle"],
        "og:title": html.unescape(re.sub("<[^>]+>", "", context["title"])),
    }
    if text := description(doctree):
        tags["og:description"] = text
        tags["description"] = text
    if site := _site():
        tags["og:url"] = f"{site}/{page}.html"
        tags["og:image"] = f"{site}/{_PICTURE}"
    lines = [
        f'<meta {"property" if name.startswith("og:") else "name"}="{name}" '
        f'content="{html.escape(content)}">'
        for name, content in tags.items()
    ]
    context["metatags"] = "\n".join([context.get("metatags", ""), *lines])


def description(doctree):
    """The first sentences of a page's own text, as many as make a short description."""
    for paragraph in doctree.findall(nodes.paragraph):
        if isinstance(paragraph.parent, nodes.section):
            said = ""
            for sentence in _SENTENCES.split(" ".join(paragraph.astext().split())):
                if said and len(said) + len(sentence) >= _LENGTH:
                    break
                said = f"{said} {sentence}".strip()
            return said if len(said) <= _LENGTH else f"{said[:_LENGTH].rsplit(' ', 1)[0]} …"
    return ""


def _site():
    """Where GitHub shows the book, or None while nobody has said where its repository lies."""
    url, _ = editions.repositories()[0]
    if doors.is_placeholder(url):
        return None
    owner, name = url.removeprefix("https://github.com/").split("/")[:2]
    return f"https://{owner.lower()}.github.io/{name}"


def connect(app):
    """Register with Sphinx."""
    app.connect("html-page-context", _describe)
