"""The book as an EPUB 3: XHTML without a script, mathematics as MathML, pictures beside it.

It is made from the built pages, because Chromium, which has read them, writes any HTML as XHTML,
whatever a cell displayed; Sphinx's own builder copies raw HTML as it is.
"""

import base64
import hashlib
import html
import io
import zipfile
from pathlib import Path
from urllib.parse import unquote_to_bytes

from PIL import Image

from . import zips
from .pdf import prepared

_HERE = Path(__file__).parent
_KINDS = {
    **{".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp", ".svg": "image/svg+xml"},
    **{".xhtml": "application/xhtml+xml", ".css": "text/css"},
}
_CONTAINER = """<?xml version="1.0" encoding="UTF-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles>
<rootfile full-path="book/package.opf" media-type="application/oebps-package+xml"/>
</rootfiles>
</container>
"""
_PAGE = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"
  lang="en" xml:lang="en">
<head><title>{title}</title><link rel="stylesheet" type="text/css" href="{up}epub.css"/></head>
<body>{body}</body>
</html>
"""


def write(path, shop, contents, about):
    """Write the EPUB; the same book gives the same bytes.

    Parameters
    ----------
    path : Path
    shop : Workshop
    contents, about
        As for `pdf.printed`.
    """
    names = [name for _, part in contents for name in part]
    with shop.showing("") as page:
        chapters = {made["name"]: made for made in prepared(page, names, False)}
    files = {"epub.css": (_HERE / "epub.css").read_bytes()}
    for name, made in chapters.items():
        up = "../" * name.count("/")
        body = made["xhtml"]
        for address in dict.fromkeys(made["images"]):
            place, content = _picture(shop, address)
            files[place] = content
            body = body.replace(f'src="{html.escape(address)}"', f'src="{up}{place}"')
        text = _PAGE.format(title=html.escape(made["title"]), up=up, body=body)
        files[f"{name}.xhtml"] = text.encode()
    files["contents.xhtml"] = _contents(contents, chapters, about).encode()
    package = _package(files, names, about)
    with zipfile.ZipFile(path, "w") as archive:
        # A reader knows an EPUB by this name and its content at the very beginning of the file.
        zips.add(archive, "mimetype", b"application/epub+zip", zipfile.ZIP_STORED)
        zips.add(archive, "META-INF/container.xml", _CONTAINER.encode())
        zips.add(archive, "book/package.opf", package.encode())
        for place, content in sorted(files.items()):
            zips.add(archive, f"book/{place}", content)


def _picture(shop, address):
    """Name and bytes of a picture, of the book's or inside of its address."""
    if not address.startswith("data:"):
        content, name = shop.content(address), Path(address).name
        if name.endswith(".avif"):
            # Readers of books need not know this kind.
            file = io.BytesIO()
            Image.open(io.BytesIO(content)).save(file, "webp", quality=80, method=6)
            content, name = file.getvalue(), name.replace(".avif", ".webp")
        return f"images/{name}", content
    head, _, data = address.partition(",")
    kind = head.removeprefix("data:").partition(";")[0]
    content = base64.b64decode(data) if head.endswith(";base64") else unquote_to_bytes(data)
    (ending,) = (ending for ending, known in _KINDS.items() if known == kind)
    return f"images/{hashlib.sha256(content).hexdigest()[:16]}{ending}", content


def _contents(contents, chapters, about):
    parts = []
    for caption, names in contents:
        items = "".join(_item(name, chapters[name]) for name in names)
        part = f"<li><span>{html.escape(caption)}</span><ol>{items}</ol></li>"
        parts.append(part if caption else items)
    body = (
        f"<h1>{html.escape(about['title'])}</h1><p>{html.escape(about['author'])}</p>"
        f"<p>Version {html.escape(about['version'])}</p>"
        f'<nav epub:type="toc" id="toc"><h2>Contents</h2><ol>{"".join(parts)}</ol></nav>'
    )
    return _PAGE.format(title="Contents", up="", body=body)


def _item(name, made):
    sections = "".join(
        f'<li><a href="{name}.xhtml#{one["id"]}">{html.escape(one["text"])}</a></li>'
        for one in made["headings"]
    )
    inside = f"<ol>{sections}</ol>" if sections else ""
    return f'<li><a href="{name}.xhtml">{html.escape(made["title"])}</a>{inside}</li>'


def _package(files, names, about):
    """The list of all files, and the order in which one reads."""
    items = []
    for place in sorted(files):
        found = [
            *(["nav"] if place == "contents.xhtml" else []),
            *(["mathml"] if place.endswith(".xhtml") and b"<math" in files[place] else []),
        ]
        properties = f' properties="{" ".join(found)}"' if found else ""
        kind = _KINDS[Path(place).suffix]
        items.append(f'<item id="{_id(place)}" href="{place}" media-type="{kind}"{properties}/>')
    spine = "".join(f'<itemref idref="{_id(f"{name}.xhtml")}"/>' for name in ("contents", *names))
    identifier = hashlib.sha256(b"".join(files[place] for place in sorted(files))).hexdigest()
    meta = {key: html.escape(text) for key, text in about.items()}
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="book">\n'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f'<dc:identifier id="book">urn:sha256:{identifier}</dc:identifier>'
        f"<dc:title>{meta['title']}</dc:title><dc:creator>{meta['author']}</dc:creator>"
        "<dc:language>en</dc:language><dc:language>zh-Hant</dc:language>"
        f"<dc:rights>{meta['rights']}</dc:rights>"
        f'<meta property="dcterms:modified">{meta["date"]}T00:00:00Z</meta></metadata>\n'
        f"<manifest>{''.join(items)}</manifest>\n<spine>{spine}</spine>\n</package>\n"
    )


def _id(place):
    return "f-" + place.replace("/", "-")
