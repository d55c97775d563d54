"""Whatever a chapter shows: its widgets are alive, answer to the keyboard and can be read."""

import pytest

from book_ext import editions
from tests.browser.driving import assert_readable

PAGES = [f"chapters/{editions.chapter_name(path)}.html" for path in editions.chapter_files()]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("width", "theme"), [(375, "dark"), (1280, "light")])
def test_widgets_answer_to_the_keyboard(open_page, path, width, theme):
    page = open_page(path, width=width, theme=theme)
    hosts = page.locator(".cw-host")
    assert hosts.count() > 0, f"{path} shows no widget: a chapter has at least its quiz"
    for at in range(hosts.count()):
        widget = hosts.nth(at).locator(".cw")
        widget.scroll_into_view_if_needed()
        assert_readable(widget)
        # Nothing sticks out to the side.
        assert widget.evaluate("(root) => root.scrollWidth - root.clientWidth") <= 1, (
            f"{path}, widget {at + 1} is wider than a page of {width} pixels"
        )
        sliders = widget.locator("input[type=range]")
        for number in range(sliders.count()):
            slider = sliders.nth(number)
            if not slider.is_enabled():
                continue
            slider.press("Home")
            before = widget.evaluate("(root) => root.innerHTML"), slider.input_value()
            slider.press("End")
            after = widget.evaluate("(root) => root.innerHTML"), slider.input_value()
            name = f"{path}, widget {at + 1}, slider {number + 1}"
            assert after[1] != before[1], name
            assert after[0] != before[0], name
            assert slider.get_attribute("aria-valuetext"), name
