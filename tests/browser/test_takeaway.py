"""The PDF and the EPUB of a few pages, and the sheets, read by others than who wrote them."""

import io
import posixpath
import xml.etree.ElementTree as ET
import zipfile
from urllib.parse import unquote

import pytest
from pypdf import PdfReader

from book_ext import takeaway
from book_ext.takeaway import chromium, epub, pdf, sheets

from .conftest import HTML

pytestmark = pytest.mark.slow

#: Exercises, a quiz, mathematics, a picture, a widget; links from one page to the others.
CONTENTS = [
    ("", ["chapters/intro"]),
    ("How networks and brains see", ["chapters/optics"]),
    ("Ready for the workshop", ["chapters/dli/blanks"]),
]
NAMES = [name for _, names in CONTENTS for name in names]
XHTML = "{http://www.w3.org/1999/xhtml}"
OPF = "{http://www.idpf.org/2007/opf}"
MATHML = "{http://www.w3.org/1998/Math/MathML}"


@pytest.fixture(scope="module")
def shop(address, request):
    """The browser of the other tests: a worker cannot have two."""
    context = request.getfixturevalue("chromium").new_context(**chromium.SETTINGS)
    yield chromium.Workshop(context, HTML)
    context.close()


# The EPUB -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def archive(shop, tmp_path_factory):
    path = tmp_path_factory.mktemp("epub") / "book.epub"
    epub.write(path, shop, CONTENTS, takeaway.about_the_book())
    with zipfile.ZipFile(path) as opened:
        yield opened


@pytest.fixture(scope="module")
def documents(archive):
    """Every XHTML file, by its place; one that is not well-formed fails here."""
    return {
        name: ET.fromstring(archive.read(name))
        for name in archive.namelist()
        if name.endswith(".xhtml")
    }


def test_an_epub_begins_with_what_it_is(archive):
    first = archive.infolist()[0]
    assert (first.filename, first.compress_type, first.extra) == (
        "mimetype",
        zipfile.ZIP_STORED,
        b"",
    )
    assert archive.read("mimetype") == b"application/epub+zip"
    assert archive.testzip() is None


def test_the_manifest_of_an_epub_is_its_files(archive, documents):
    package = ET.fromstring(archive.read("book/package.opf"))
    items = {item.get("id"): item for item in package.iter(f"{OPF}item")}
    places = {posixpath.join("book", item.get("href")) for item in items.values()}
    others = {"mimetype", "META-INF/container.xml", "book/package.opf"}
    assert places == set(archive.namelist()) - others
    read = [items[ref.get("idref")].get("href") for ref in package.iter(f"{OPF}itemref")]
    assert read == ["contents.xhtml", *(f"{name}.xhtml" for name in NAMES)]
    (contents,) = (i.get("href") for i in items.values() if i.get("properties") == "nav")
    assert contents == "contents.xhtml"
    for item in items.values():
        if item.get("media-type") == "application/xhtml+xml":
            has = documents[posixpath.join("book", item.get("href"))].find(f".//{MATHML}math")
            assert ("mathml" in item.get("properties", "")) == (has is not None)


def test_every_link_and_picture_of_an_epub_is_there(archive, documents):
    ids = {
        place: [node.get("id") for node in root.iter() if node.get("id")]
        for place, root in documents.items()
    }
    between = 0
    for place, root in documents.items():
        assert len(ids[place]) == len(set(ids[place])), f"{place} has two places of one name"
        for node in root.iter():
            address = node.get("href") or node.get("src")
            if address is None or address.startswith("https://"):
                continue
            path, _, anchor = address.partition("#")
            target = posixpath.normpath(posixpath.join(posixpath.dirname(place), path))
            target = place if not path else target
            assert target in archive.namelist(), (place, address)
            assert not anchor or unquote(anchor) in ids[target], (place, address)
            between += bool(path) and target != place and node.tag == f"{XHTML}a"
    assert between > 3


def test_an_epub_has_no_scripts_and_all_mathematics(documents):
    for place, root in documents.items():
        tags = {node.tag for node in root.iter()}
        assert not tags & {f"{XHTML}{name}" for name in ("script", "style", "button", "input")}
        text = "".join(root.itertext())
        assert r"\(" not in text, place
        assert r"\frac" not in "".join(root.find(f"{XHTML}body").itertext())
    optics = documents["book/chapters/optics.xhtml"]
    assert len(list(optics.iter(f"{MATHML}math"))) > 10
    assert optics.find(f".//{XHTML}img") is not None
    text = " ".join("".join(optics.itertext()).split())
    # The stub, a widget's numbers, and at the end a solution and an answer.
    for part in ("return ...", "signal over background", "return joule * 1e9"):
        assert part in text
    assert text.index("Answers to the questions") < text.rindex("Solutions")
    assert "Copy" not in text
    assert "Scripts do not run here" not in text


# The PDF ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def book(shop):
    content = pdf.printed(shop, CONTENTS, HTML, takeaway.about_the_book())
    return PdfReader(io.BytesIO(content))


def test_the_contents_of_the_pdf_name_the_right_pages(book):
    lines = book.pages[1].extract_text().splitlines()
    starts = {line.rpartition(" ")[0]: line.rpartition(" ")[2] for line in lines}
    for title in ("Looking into a brain", "The assessment, blank by blank"):
        page = book.pages[int(starts[title]) - 1].extract_text()
        assert page.lstrip().startswith(title)
        assert page.rstrip().endswith(starts[title]), "the number stands below the page"


def test_every_link_of_the_pdf_leads_into_it_or_out_to_the_world(book):
    inside = 0
    for page in book.pages:
        for link in page.get("/Annots", ()):
            link = link.get_object()
            if "/A" in link:
                assert chromium._HOST not in link["/A"]["/URI"]
            else:
                assert link["/Dest"] in book.named_destinations
                inside += 1
    assert inside >= 10


def test_the_outline_of_the_pdf_is_that_of_the_book(book):
    chapters = [one.title for one in book.outline if not isinstance(one, list)]
    assert chapters == [
        "AI for Medical Diagnosis",
        "Looking into a brain",
        "The assessment, blank by blank",
    ]
    sections = [one.title for one in book.outline[3] if not isinstance(one, list)]
    assert sections[:2] == ["How deep can light look?", "Where does the light come from?"]
    assert sections[-3:] == ["Summary", "Answers to the questions", "Solutions"]
    assert book.metadata["/Title"] == "AI for Medical Diagnosis"


def test_the_pdf_holds_widgets_and_solutions_and_nothing_to_press(book):
    text = " ".join(" ".join(page.extract_text() for page in book.pages).split())
    assert "depth of the focus (µm)" in text
    assert "return joule * 1e9" in text
    for button in ("Start again", "Show a solution", "Hint: what is asked"):
        assert button not in text


# The sheets ---------------------------------------------------------------------------------------


def _written():
    """When each file of the built book was written."""
    return {path: path.stat().st_mtime_ns for path in HTML.rglob("*")}


def test_every_sheet_is_one_page_of_a4(shop):
    before = _written()
    done = dict(sheets.printed(shop))
    assert _written() == before, "sheets are made beside a book that others look at"
    assert list(done) == list(takeaway.SHEETS)
    for name, content in done.items():
        (page,) = PdfReader(io.BytesIO(content)).pages
        width, height = page.mediabox.width, page.mediabox.height
        assert (round(width), round(height)) == (595, 842), name
        text = page.extract_text()
        assert "Remember" in text
        assert "{" not in text.replace("{0", ""), "something of the template is left"
        assert "frac" not in text


def test_a_sheet_of_two_pages_is_refused(shop):
    with (
        shop.showing("<p>word</p>" * 200, ["/takeaway/sheet.css"]) as page,
        pytest.raises(sheets.SheetError, match="long does not fit on one page"),
    ):
        sheets._filling(page, "long")
