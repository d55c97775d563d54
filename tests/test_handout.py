"""`course_lib.handout`: a page that stands alone, prints on two sheets, and hides nothing."""

import os
import re
from concurrent.futures import ThreadPoolExecutor

import matplotlib.pyplot as plt
import nbformat
import pytest
from nbclient import NotebookClient
from playwright.sync_api import sync_playwright

from book_ext import editions
from book_ext.takeaway.chromium import program
from course_lib.handout import handout
from course_lib.report import ModelCard, Result
from tests.pages import Page

EXAMPLES = editions.ROOT / "examples"
SECTIONS = {
    "Question": "Does it\n   work?\n\nReally & truly?",
    "Performance": "See the table.",
    "Conclusion": "It <does>.",
}
RESULTS = (Result("network", 0.93, 0.88, 0.97, "47/51"), ("watershed", 0.5, 0.4, 0.6))
CARD = ModelCard(
    index_test="A network.",
    intended_use="To <try>.",
    development="Said.",
    population="Said.",
    reference_standard="Said.",
    results=RESULTS[:1],
    groups="Said.",
    limits="Said.",
)


@pytest.fixture
def figure():
    figure, ax = plt.subplots(figsize=(2, 1))
    ax.plot([0, 1])
    yield figure
    plt.close(figure)


@pytest.fixture
def report(figure):
    return handout("A & B", "Mei <x>", SECTIONS, RESULTS, [(figure, "A line > 0.")], CARD)


def test_page_stands_alone(report):
    text = report.to_html()
    page = Page(text)
    assert not {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object"}
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    assert [image["alt"] for image in images] == ["A line > 0."]
    assert all(image["src"].startswith("data:image/png;base64,") for image in images)
    assert "://" not in re.sub(r"base64,[^\"]+", "", text)
    assert report.to_html() == text


def test_everything_that_was_said_is_there(report):
    page = Page(report.to_html())
    for said in (
        *("A & B", "Mei <x>", "Does it work?", "Really & truly?", "It <does>."),
        *("network", "47/51", "0.930", "0.880 to 0.970", "watershed", "95% interval"),
        *("Index test", "To <try>.", "Reference standard", "Groups", "Limits"),
        "network 0.930 [0.880, 0.970] (47/51)",
    ):
        assert said in page.text
    # An empty line begins a paragraph.
    assert "<p>Does it work?</p><p>Really &amp; truly?</p>" in report.to_html()


@pytest.mark.parametrize("heading", ["Performance", "Results"])
def test_table_and_figures_follow_the_performance_or_come_last(heading, figure):
    sections = {"Method": "How.", heading: "See the table.", "Conclusion": "So it is."}
    text = handout("T", "A", sections, RESULTS, [(figure, "Fig.")]).to_html()
    places = [text.index(part) for part in ("See the", "So it", '"row">network', "Fig.")]
    assert places[0] < places[2] < places[3]
    assert (places[1] > places[3]) == (heading == "Performance")


def test_headings_go_down_one_by_one(report):
    for text, top in ((report.to_html(), 1), (report._repr_html_(), 3)):
        depths = [int(d) for d in re.findall(r"<h(\d)", text)]
        assert depths == [top] + [top + 1] * 4
        assert text.count(f"</h{top + 1}>") == 4


def test_text_form_and_file(report, tmp_path):
    assert repr(report) == "Handout('A & B')"
    report.write(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == report.to_html()
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sections": {}}, "sections must hold at least one section"),
        ({"results": [("x", 0.5, 0.6, 0.7)]}, "results: x must lie in its interval"),
        ({"results": [("x", float("nan"), 0.6, 0.7)]}, "results: x must lie in its interval"),
        ({"card": {"Model": "x"}}, "card must be a ModelCard, got dict"),
        ({"figures": [(None, " ")]}, "figures must each have a caption"),
    ],
)
def test_bad_input(change, message):
    arguments = {"title": "T", "authors": "A", "sections": SECTIONS, **change}
    with pytest.raises(ValueError, match=message):
        handout(**arguments)


# The template -----------------------------------------------------------------------------------


def test_template_notebook_is_in_sync_and_empty():
    """Otherwise: python examples/make_notebook.py"""
    import runpy

    make = runpy.run_path(str(EXAMPLES / "make_notebook.py"))["notebook_text"]
    written = (EXAMPLES / "report_template.ipynb").read_text(encoding="utf-8")
    assert written in [make("report_template", place) for place in editions.repositories()]
    notebook = nbformat.reads(written, as_version=4)
    nbformat.validate(notebook)
    assert all(
        cell.outputs == [] and cell.execution_count is None
        for cell in notebook.cells
        if cell.cell_type == "code"
    )


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """Folder in which the template was run as it is."""
    folder = tmp_path_factory.mktemp("template")
    notebook = nbformat.read(EXAMPLES / "report_template.ipynb", as_version=4)
    client = NotebookClient(
        notebook,
        timeout=600,
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--log-level=ERROR"],
    )
    client.execute(env={**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"})
    return folder


@pytest.mark.slow
@pytest.mark.xdist_group("template")
def test_template_runs_as_it_is(filled):
    assert sorted(p.name for p in filled.iterdir()) == ["report.html", "supplement.html"]
    text = Page((filled / "report.html").read_text(encoding="utf-8")).text
    for said in ("Watershed, tuned", "seed 0", "seed 1", "seed 2", "Model card"):
        assert said in text


def _printed(path, chromium):
    """Width of the page on a phone, and the PDF."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page(viewport={"width": 375, "height": 800})
        page.goto(path.as_uri())
        width = page.evaluate("document.documentElement.scrollWidth")
        pdf = page.pdf(format="A4", prefer_css_page_size=True)
        browser.close()
    return width, pdf


@pytest.mark.slow
@pytest.mark.xdist_group("template")
def test_template_prints_on_two_sheets(filled):
    chromium = program()
    if chromium is None:
        pytest.skip("needs Chromium to print")
    # In a thread of its own: the browser tests may keep an event loop in this one.
    with ThreadPoolExecutor(1) as pool:
        width, pdf = pool.submit(_printed, filled / "report.html", chromium).result()
    assert width <= 375
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf)) == 2
