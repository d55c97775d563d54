"""Cards of terms: by pointer and by keyboard, inside the window, and out of the way again."""

import pytest
from playwright.sync_api import expect


@pytest.mark.parametrize("width", [375, 1280])
def test_a_term_says_what_it_means(open_page, width):
    page = open_page("chapters/roc.html", width=width)
    card, link = page.get_by_role("tooltip"), page.locator("a.term").first
    expect(card).to_have_count(0)
    link.focus()
    expect(card).to_have_text(link.get_attribute("data-card"))
    assert link.get_attribute("aria-describedby") == card.get_attribute("id")
    at = card.bounding_box()
    assert at["x"] >= 0
    assert at["x"] + at["width"] <= width
    assert at["y"] >= 0
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)
    other = page.locator("a.term").nth(1)
    other.hover()
    expect(card).to_have_text(other.get_attribute("data-card"))
    page.mouse.move(0, 0)
    expect(card).to_have_count(0)


def test_a_term_leads_to_its_place_in_the_glossary(open_page):
    page = open_page("chapters/roc.html")
    link = page.locator("a.term").first
    anchor = link.get_attribute("href").partition("#")[2]
    link.click()
    page.wait_for_url(f"**/glossary.html#{anchor}")
    expect(page.locator(f"#{anchor}")).to_be_in_viewport()
