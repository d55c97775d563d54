"""The whole book as one PDF, printed once to know the pages of its chapters and then again."""

import html
import io
import logging
import re

from .. import front_ends, mathematics
from . import chromium

# It finds that Chromium's PDF has more objects than it says, and reads all of them.
logging.getLogger("pypdf").setLevel(logging.ERROR)

_FOOTER = (
    '<div style="width: 100%; font: 8px sans-serif; text-align: center; color: #555">'
    '<span class="pageNumber"></span></div>'
)
#: The footer stands in the lower margin.
_PAPER = {
    "format": "A4",
    "margin": {"top": "16mm", "bottom": "18mm", "left": "17mm", "right": "17mm"},
    "print_background": True,
    "display_header_footer": True,
    "header_template": "<span></span>",
    "footer_template": _FOOTER,
}
# What the first page may do without
_LATER = (f"/{mathematics.STYLES}", f"/_static/{front_ends.STYLES}")
# Widgets draw themselves where they come into sight, and letters and pictures come late.
_STANDS = """async () => {
  await document.fonts.ready;
  for (const image of document.images) await image.decode();
  const hosts = [...document.querySelectorAll(".cw-host")];
  const still = () => hosts.filter((host) => !host.querySelector(".cw"));
  for (let waited = 0; still().length && waited < 100; waited++) {
    for (const host of still()) host.scrollIntoView();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  scrollTo(0, 0);
  return still().map((host) => host.dataset.label);
}"""
_HEADINGS = """() => [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")]
  .filter((heading) => heading.checkVisibility()).map((heading) => heading.innerText)"""


def printed(shop, contents, folder, about):
    """The bytes of the PDF.

    Parameters
    ----------
    shop : Workshop
    contents : list of (caption, names)
        Parts of the book and the pages of each, e.g. ``"chapters/roc"``.
    folder : Path
        The built book.
    about : dict
        ``title``, ``author``, ``version``.
    """
    names = [name for _, part in contents for name in part]
    with shop.showing("") as page:
        chapters = {made["name"]: made for made in prepared(page, names, True)}
    body = "".join(_chapter(chapters[name]) for name in names)
    head = _front(contents, chapters, about, {})
    with shop.showing(
        f'<main class="bd-article">{head}{body}</main>',
        [*_styles(folder, names[0]), *_LATER, "/takeaway/paper.css"],
        f"<title>{html.escape(about['title'])}</title>",
    ) as page:
        page.emulate_media(media="print", color_scheme="light")
        missing = page.evaluate(_STANDS)
        if missing:
            raise chromium.TakeawayError(f"Widgets did not draw: {', '.join(missing)}")
        pages = _pages_of(page.pdf(**_PAPER), [*map(_anchor, names)])
        page.evaluate(
            "(html) => { document.querySelector('.front').outerHTML = html }",
            _front(contents, chapters, about, pages),
        )
        headings = page.evaluate(_HEADINGS)
        return _finished(page.pdf(**_PAPER, outline=True, tagged=True), headings, about)


def prepared(page, names, to_paper):
    """What `prepare.mjs` makes of these pages of the book."""
    return page.evaluate(
        "async (asked) => (await import('/takeaway/prepare.mjs')).prepared(...asked)",
        [names, to_paper],
    )


def _pages_of(pdf, anchors):
    """The number of the page on which each anchor stands."""
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(pdf))
    places = {name.removeprefix("/"): at for name, at in reader.named_destinations.items()}
    return {name: reader.get_destination_page_number(places[name]) + 1 for name in anchors}


def _finished(pdf, headings, about):
    """The PDF with what is known of it, and with the right names in its outline.

    Chromium makes a place in the outline for every heading, but writes the first line of some of
    them twice.
    """
    from pypdf import PdfWriter
    from pypdf.generic import NameObject, TextStringObject

    writer = PdfWriter(clone_from=io.BytesIO(pdf))
    places = list(_below(writer.root_object["/Outlines"]))
    if len(places) != len(headings):
        raise chromium.TakeawayError(
            f"Chromium's outline has {len(places)} places for {len(headings)} headings."
        )
    for place, heading in zip(places, headings, strict=True):
        place[NameObject("/Title")] = TextStringObject(" ".join(heading.split()))
    writer.root_object[NameObject("/Lang")] = TextStringObject("en")
    writer.add_metadata({"/Author": about["author"], "/Subject": f"Version {about['version']}"})
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _below(place):
    """The places of an outline in the order of the pages."""
    child = place.get("/First")
    while child is not None:
        child = child.get_object()
        yield child
        yield from _below(child)
        child = child.get("/Next")


def _anchor(name):
    return name.replace("/", "-")


def _chapter(made):
    return f'<article id="{_anchor(made["name"])}">{made["html"]}</article>'


def _styles(folder, name):
    """The style sheets of a built page."""
    page = (folder / f"{name}.html").read_text(encoding="utf-8")
    found = re.findall(r'<link [^>]*?rel="stylesheet"[^>]*>', page)
    places = (re.search(r'href="(?:\.\./)*([^"?]+)', link)[1] for link in found)
    return [f"/{place}" for place in places if (folder / place).is_file()]


def _front(contents, chapters, about, pages):
    """Title and contents; the numbers are blank as long as nobody knows them."""
    rows = []
    for caption, names in contents:
        rows.append(f'<li class="part">{html.escape(caption)}</li>' if caption else "")
        for name in names:
            title = html.escape(chapters[name]["title"])
            number = pages.get(_anchor(name), "000")
            rows.append(f'<li><a href="#{_anchor(name)}">{title}</a><span>{number}</span></li>')
    return (
        '<div class="front">'
        f'<div class="title"><p>{html.escape(about["title"])}</p><p>{html.escape(about["author"])}'
        f"</p><p>Version {html.escape(about['version'])}</p></div>"
        f"<nav><p>Contents</p><ol>{''.join(rows)}</ol></nav></div>"
    )
