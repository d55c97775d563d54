"""What is offered to take away, when it is; the sheets; the zip."""

import re
import shutil
import zipfile

import pytest
import yaml

from book_ext import editions, takeaway
from book_ext.takeaway import sheets


@pytest.fixture
def site(tmp_path):
    """A built book of one page, and files that were made from it."""
    folder = tmp_path / "html"
    page = folder / f"{takeaway.PAGE}.html"
    page.parent.mkdir(parents=True)
    page.write_text('<p>a</p><div id="the-files">?</div><!-- the files --><p>b</p>', "utf-8")
    made = folder / "takeaway"
    made.mkdir()
    names = [f"ai-for-medical-diagnosis.{kind}" for kind in ("pdf", "epub", "zip")]
    for name in [*names, *(f"sheet-{name}.pdf" for name in takeaway.SHEETS)]:
        (made / name).write_bytes(b"x" * 2_345_678)
    (made / "made_from").write_text("today", encoding="utf-8")
    return folder


def offered(folder):
    return (folder / f"{takeaway.PAGE}.html").read_text(encoding="utf-8")


def test_what_was_made_from_these_pages_is_offered_with_its_size(site):
    for _ in range(2):
        takeaway.offer(site, "today")
        links = re.findall(
            r'href="\.\./takeaway/([\w.-]+)" download>[^<]+</a> \(2\.3 MB\)', offered(site)
        )
        assert sorted(links) == sorted(f.name for f in (site / "takeaway").iterdir() if f.suffix)
    assert offered(site).startswith("<p>a</p>")
    assert offered(site).endswith("<!-- the files --><p>b</p>")


@pytest.mark.parametrize("made_from", ["tomorrow", None])
def test_what_was_made_from_other_pages_goes(site, made_from):
    takeaway.offer(site, "today")
    takeaway.offer(site, made_from)
    assert not (site / "takeaway").exists()
    assert "href" not in offered(site)
    assert "was built without them" in offered(site)


def test_a_book_without_the_page_offers_nothing(site):
    shutil.rmtree(site / "chapters")
    takeaway.offer(site, "today")


def test_the_zip_is_the_site_without_itself(site, tmp_path):
    (site / "index.html").write_text("<p>靈敏度</p>", encoding="utf-8")
    one, other = tmp_path / "one.zip", tmp_path / "other.zip"
    takeaway.write_zip(one, site)
    (site / "index.html").touch()
    takeaway.write_zip(other, site)
    assert one.read_bytes() == other.read_bytes()
    with zipfile.ZipFile(one) as archive:
        assert archive.testzip() is None
        names = [name.partition("/")[2] for name in archive.namelist()]
        assert sorted(names) == ["README.txt", "chapters/takeaway.html", "index.html"]
        assert archive.read("ai-for-medical-diagnosis/index.html").decode() == "<p>靈敏度</p>"


def test_every_page_is_taken_but_what_is_only_online():
    text = (editions.ROOT / "_toc.yml").read_text(encoding="utf-8")
    all_pages = re.findall(r"(?:file|root): (\S+)", text)
    taken = [name for _, names in takeaway.book_contents() for name in names]
    assert [name for name in all_pages if name not in taken] == [
        "chapters/progress",
        "chapters/takeaway",
    ]
    assert taken == [name for name in all_pages if name in taken]


def test_a_book_without_parts_is_taken_too(tmp_path, monkeypatch):
    (tmp_path / "_toc.yml").write_text(
        yaml.safe_dump({"root": "chapters/intro", "chapters": [{"file": "chapters/one"}]}), "utf-8"
    )
    monkeypatch.setattr(editions, "ROOT", tmp_path)
    assert takeaway.book_contents() == [("", ["chapters/intro"]), ("", ["chapters/one"])]


# Sheets: their numbers are those of the textbook --------------------------------------------------


@pytest.mark.parametrize("name", takeaway.SHEETS)
def test_a_sheet_types_no_measured_number(name):
    """A measure in a sheet's source would stay when the code that gives it changes."""
    source = (sheets._SOURCES / f"{name}.md").read_text(encoding="utf-8")
    bare = re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\$.*?\$|```.*?```", "", source, flags=re.DOTALL)
    settings = {"0.5", "90 %", "95 %"}  # a threshold, a made-up test, a level
    assert set(re.findall(r"\d+\.\d+|\d+ ?%", bare)) <= settings


def test_the_numbers_of_the_sheets():
    numbers = {name: compute() for name, compute in sheets._NUMBERS.items()}
    for p, ppv, npv in numbers["metrics"]["bayes"]:
        assert ppv == pytest.approx(0.9 * p / (0.9 * p + 0.05 * (1 - p)))
        assert npv == pytest.approx(0.95 * (1 - p) / (0.95 * (1 - p) + 0.1 * p))
    # Ronneberger et al. 2015, figure 1
    assert [down for _, down, _ in numbers["unet"]["levels"]] == [
        (64, 568, 568),
        (128, 280, 280),
        (256, 136, 136),
        (512, 64, 64),
        (1024, 28, 28),
    ]
    assert [up for _, _, up in numbers["unet"]["levels"]][:4] == [
        (64, 388, 388),
        (128, 196, 196),
        (256, 100, 100),
        (512, 52, 52),
    ]
    assert numbers["unet"]["output"] == (2, 388, 388)
    n, right = numbers["assessment"]["n"], numbers["assessment"]["right"]
    assert (right - 1) / n < 0.92 <= right / n
    for _, threshold, at in numbers["roc"]["rules"]:
        assert 0 < threshold < 1
        assert at.n == numbers["metrics"]["matrix"].n


def test_a_sheet_says_what_it_misses_in_the_book():
    with pytest.raises(sheets.SheetError, match="metrics has no section 'Nowhere' any more"):
        sheets._points("metrics", "Nowhere")
    with pytest.raises(sheets.SheetError, match="'Summary' of metrics has no table any more"):
        sheets._table("metrics", "Summary")
    with pytest.raises(sheets.SheetError, match="metrics must have one formula with 'nothing'"):
        sheets._formula("metrics", "nothing")
    with pytest.raises(sheets.SheetError, match="no term 'nothing'"):
        sheets._meaning("nothing")
