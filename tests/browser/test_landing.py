"""The first page: a guess and its answer, doors that open, and a card for each chapter."""

import json
import re
import zipfile

import pytest
from playwright.sync_api import expect

from book_ext import doors, editions
from course_lib.metrics import predictive_values
from course_lib.widgets import FirstGuess
from tests.browser.conftest import HTML
from tests.browser.driving import find_widget, percent, sizes_and_themes
from tests.browser.weighing import weigh, weight

PAGE = "chapters/intro.html"
#: Bytes of all that a browser fetches before anything is touched.
FIRST = 150_000


@sizes_and_themes
def test_a_guess_and_its_answer(open_page, width, theme):
    page = open_page(PAGE, width=width, theme=theme)
    widget = find_widget(page, "A first guess")
    slider = widget.get_by_role("slider", name="My guess")
    act = widget.get_by_role("button", name="Let 1,000 people take the test")
    # The question and what answers it stand on the first screen.
    for shown in (slider, act):
        assert shown.bounding_box()["y"] < 800
    said = widget.locator(".cw-said")
    assert said.inner_text() == ""
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    assert act.evaluate("(button) => button === document.activeElement")
    page.keyboard.press("Enter")
    ppv, _ = predictive_values(0.9, 0.95, 0.02)
    for words in (percent(ppv), f"You said 53%, {round(53 - 100 * ppv)} points too high"):
        expect(said).to_contain_text(words)
    data = FirstGuess().data
    people = {kind: widget.locator(f"rect.{name}") for kind, name in _KINDS.items()}
    for kind, marks in people.items():
        expect(marks).to_have_count(len(data["places"][kind]))
    crowd = widget.locator("svg").bounding_box()
    page.wait_for_timeout(1200)
    # Who is positive has left the crowd, who was missed has not.
    lowest = {kind: marks.last.bounding_box()["y"] - crowd["y"] for kind, marks in people.items()}
    assert lowest["fn"] < 0.9 * crowd["height"] < min(lowest["tp"], lowest["fp"])
    widget.get_by_role("button", name="Guess again").click()
    expect(said).to_have_text("")


_KINDS = {"tp": "cw-disease", "fp": "cw-normal", "fn": "cw-missed"}


def test_doors_open(open_page):
    page = open_page(PAGE)
    links = {
        link.inner_text(): link.get_attribute("href") for link in page.locator(".doors a").all()
    }
    url, _ = editions.repositories()[0]
    colab = links.pop("Open in Colab", None)
    assert (colab is None) == doors.is_placeholder(url)
    first, _ = next(editions.in_order())
    assert links["Start reading"] == f"{first}.html"
    assert page.locator(links["Teach this"]).count() == 1
    with zipfile.ZipFile(HTML / "chapters" / links["Download notebooks"]) as together:
        held = {name: together.read(name) for name in together.namelist()}
    assert held == {
        f"notebooks/{editions.chapter_name(path)}.ipynb": path.with_suffix(".ipynb").read_bytes()
        for path in editions.chapter_files()
    }


def test_every_chapter_has_a_card(open_page):
    page = open_page(PAGE)
    cards = page.locator(".chapters li")
    chapters = list(editions.in_order())
    assert cards.count() == len(chapters), "one card for each chapter of _toc.yml"
    for card, (name, text) in zip(cards.all(), chapters, strict=True):
        link = card.locator("a")
        assert link.get_attribute("href") == f"{name}.html"
        assert (HTML / "chapters" / f"{name}.html").is_file()
        assert link.inner_text().strip() == editions.title(text)
        said = card.locator("p").inner_text()
        minutes = re.search(r"\*About (\d+) minutes", text)[1]
        assert said.startswith(f"{minutes} minutes"), f"the card of {name} says otherwise: {said}"
        exercises = len(editions.exercise_cells(text))
        assert (f"{exercises} exercise" in said) == (exercises > 0), f"{name}: {said}"
        card.scroll_into_view_if_needed()
        picture = card.locator("img")
        page.wait_for_function("(one) => one.complete", arg=picture.element_handle())
        assert picture.evaluate("(one) => one.naturalWidth") > 0, f"{name} has no cover picture"


def test_a_card_counts_what_is_solved(open_page, address):
    file = HTML / "live" / "book.json"
    if not file.is_file():
        pytest.skip("the book was built without live exercises")
    ids = json.loads(file.read_text("utf-8"))["chapters"]["chapters/metrics"]
    page = open_page(PAGE)
    solved = {key: {"version": version, "solved": True} for key, version in list(ids.items())[:2]}
    page.evaluate("(all) => localStorage.setItem('exercises of /', JSON.stringify(all))", solved)
    page.reload()
    card = page.locator(".chapters li", has=page.locator("a[href='metrics.html']"))
    expect(card.locator("p")).to_contain_text(f"2 of {len(ids)} exercises solved")


def test_without_scripts_the_answer_is_a_table(open_page):
    page = open_page(PAGE, scripts=False)
    expect(page.locator(".cw-host table")).to_contain_text("positive")
    expect(page.locator(".cw-host")).to_contain_text("18")


def test_the_page_tells_what_it_is(open_page):
    page = open_page(PAGE)
    for name in ('name="description"', 'property="og:title"', 'property="og:description"'):
        assert len(page.locator(f"meta[{name}]").get_attribute("content")) > 20


def test_all_that_the_page_loads_is_small(open_page):
    page = open_page(PAGE)
    page.wait_for_load_state("networkidle")
    first, _ = weigh(page)
    assert first <= FIRST, sorted((weight([address]), address) for address in page.asked)
    assert not [address for address in page.asked if re.search("bootstrap|texts.js", address)]


def test_all_cards_together_are_small(open_page):
    """Also where a browser loads pictures long before the reader comes near."""
    _, whole = weigh(open_page(PAGE))
    assert whole <= FIRST


def test_menus_and_hints_come_when_they_are_used(open_page):
    page = open_page(PAGE)
    button = page.get_by_role("button", name="Download this page")
    # Before a pointer is near: as a finger or a key that comes at once.
    button.dispatch_event("click")
    expect(page.locator(".dropdown-download-buttons .dropdown-menu")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator(".primary-toggle").hover()
    expect(page.locator(".tooltip")).to_have_text("Toggle primary sidebar")

    page = open_page(PAGE)
    page.get_by_role("button", name="Download this page").focus()
    page.wait_for_function("globalThis.bootstrap")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".dropdown-download-buttons .dropdown-item").first).to_be_focused()


def test_the_first_hint_is_shown_where_the_pointer_waits(open_page):
    page = open_page(PAGE)
    page.locator(".primary-toggle").hover()
    expect(page.locator(".tooltip")).to_have_text("Toggle primary sidebar")


def test_a_way_back_to_the_top_stands_while_one_goes_up(open_page):
    page = open_page(PAGE, width=800)
    back = page.get_by_role("button", name="Back to top")
    page.evaluate("scrollTo({ top: 1500, behavior: 'instant' })")
    page.wait_for_function("() => scrollY === 1500")
    expect(back).to_be_hidden()
    page.evaluate("scrollTo({ top: 1300, behavior: 'instant' })")
    back.click()
    page.wait_for_function("() => scrollY === 0")
