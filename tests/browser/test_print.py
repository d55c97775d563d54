"""Pages and widgets on paper, and in the few colors of a reader who chose them."""

import re

import pytest

from tests.browser.driving import go_on
from tests.widget_samples import SAMPLES

DARK = "chapters/metrics.html"


def _pictures(page):
    """How many pictures are in the PDF that a browser prints by itself, without backgrounds."""
    return len(re.findall(rb"/Subtype\s*/Image", page.pdf(print_background=False)))


@pytest.mark.parametrize("name", ["StyleExplorer", "UnitBrowser", "DreamExplorer"])
def test_pictures_from_a_sheet_are_printed(chromium, name):
    page = chromium.new_page()
    page.set_content(SAMPLES[name]().html())
    page.locator(".cw-said").wait_for()
    assert _pictures(page) > 0
    page.add_style_tag(content=".cw { print-color-adjust: economy !important }")
    assert _pictures(page) == 0, "this is how it would be without"
    page.close()


def test_a_dark_page_is_printed_light(open_page):
    page = open_page(DARK, theme="dark")
    page.evaluate(
        """() => addEventListener("beforeprint", () => {
          window.printed = [document.body, document.querySelector(".cw")].map(
            (e) => getComputedStyle(e).color.match(/[\\d.]+/g).slice(0, 3).map(Number));
        })"""
    )
    page.pdf(page_ranges="1")
    for color in page.evaluate("printed"):
        assert max(color) < 100, f"letters of {color} on white paper"
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_solutions_are_printed_where_they_are_open_or_asked_for(open_page):
    page = open_page(DARK)
    solutions = page.locator(".tag_solution details")
    solutions.first.locator("summary").click()
    states = "() => [...document.querySelectorAll('.tag_solution details')].map((e) => e.open)"
    before = page.evaluate(states)
    assert before.count(True) == 1
    page.evaluate(
        f"window.print = () => {{ window.printed = ({states})();"
        " dispatchEvent(new Event('beforeprint')); dispatchEvent(new Event('afterprint')); }"
    )
    page.locator(".btn-download-pdf-button").last.evaluate("(button) => button.click()")
    assert all(page.evaluate("printed"))
    assert page.evaluate(states) == before
    page.emulate_media(media="print")
    assert [one.is_visible() for one in solutions.all()] == before
    for pressed in page.locator(".exercise-actions, .exercise-size").all():
        assert not pressed.is_visible()


def test_the_card_of_a_summary_is_printed_alone(open_page):
    page = open_page(DARK, width=794)
    page.evaluate("() => { window.print = () => { window.printed = true } }")
    page.get_by_role("button", name="Print this card").click()
    assert page.evaluate("printed")
    page.emulate_media(media="print")
    shown = page.locator("article > section > :visible, .summary-card > :visible")
    names = shown.evaluate_all("(all) => all.map((e) => e.id || e.className || e.localName)")
    assert names[:2] == ["chapter-number", "summary"]
    assert page.locator("#jb-print-docs-body h1").is_visible()
    assert "summary-print" not in names
    pdf = page.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf)) == 1
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("article > section > section:visible").count() > 3


def test_widgets_keep_to_the_colors_that_a_reader_chose(chromium):
    context = chromium.new_context(forced_colors="active", color_scheme="dark")
    page = context.new_page()
    page.set_content(SAMPLES["ThresholdExplorer"]().html())
    go_on(page)
    page.locator(".cw-said").first.wait_for()
    used = page.evaluate(
        """() => [...document.querySelectorAll(".cw svg :is(rect, line, polyline, circle)")]
          .flatMap((e) => [getComputedStyle(e).fill, getComputedStyle(e).stroke])"""
    )
    chosen = page.evaluate(
        """() => ["CanvasText", "Canvas", "LinkText", "Highlight"].map((name) => {
          document.body.style.color = name; return getComputedStyle(document.body).color; })"""
    )
    others = {color for color in used if not re.match(r"none|url|rgba\(0, 0, 0, 0\)", color)}
    assert others <= set(chosen)
    context.close()
