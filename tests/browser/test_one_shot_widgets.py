"""The widget of the chapter on one-shot learning, driven by mouse and keyboard."""

import re

import pytest

from tests.browser.driving import find_widget, sizes_and_themes

pytestmark = pytest.mark.of_pages_alone


@sizes_and_themes
def test_embedding_explorer(open_page, width, theme):
    page = open_page("chapters/one_shot.html", width=width, theme=theme)
    widget = find_widget(page, "Embedding explorer")
    picture = widget.get_by_label("Picture", exact=True)
    limit = widget.get_by_label("Accept up to", exact=True)
    said, rates = widget.locator(".cw-said"), widget.locator(".cw-rates")

    def numbers():
        own, kin, strangers = map(
            int, re.search(r"(\d+) of (\d+) of its own kind and (\d+) ", said.inner_text()).groups()
        )
        assert kin == 5
        return own, strangers

    own, strangers = numbers()
    limit.focus()
    page.keyboard.press("End")
    most_own, most_strangers = numbers()
    assert most_own >= own
    assert most_strangers > strangers
    page.keyboard.press("Home")
    assert numbers() == (0, 0)
    assert "0% of the same accepted, 0% of the strangers" in rates.inner_text()

    # A click on the map chooses the picture there, as the slider does.
    widget.locator("svg").first.scroll_into_view_if_needed()
    box = widget.locator("[data-picture='40'] rect").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert picture.input_value() == "40"
    name = picture.get_attribute("aria-valuetext")
    assert said.inner_text().startswith(f"{name}: ")
    picture.focus()
    page.keyboard.press("ArrowRight")
    assert picture.input_value() == "41"
    assert not said.inner_text().startswith(f"{name}: ")

    # Six neighbors, nearest first.
    shown = widget.locator(".cw-neighbor span").all_inner_texts()
    distances = [float(text.split()[0]) for text in shown]
    assert len(distances) == 6
    assert distances == sorted(distances)
