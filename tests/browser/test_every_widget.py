"""Whatever a chapter shows: its widgets are alive, answer to keys and fingers, and can be read."""

import re

import pytest
from playwright.sync_api import expect

from book_ext import editions
from tests.browser.driving import (
    FINGER,
    PHONE,
    assert_readable,
    go_on,
    swipe,
)

PAGES = [f"chapters/{editions.chapter_name(path)}.html" for path in editions.chapter_files()]


@pytest.mark.of_pages_alone
@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("width", "theme"), [(PHONE, "dark"), (1280, "light")])
def test_widgets_answer_to_keys_and_fingers(open_page, path, width, theme):
    page = open_page(path, width=width, theme=theme)
    hosts = page.locator(".cw-host")
    assert hosts.count() > 0, f"{path} shows no widget: a chapter has at least its quiz"
    for at in range(hosts.count()):
        widget = hosts.nth(at).locator(".cw")
        name = f"{path}, widget {at + 1}"
        widget.scroll_into_view_if_needed()
        assert_readable(widget)
        go_on(widget)
        # Nothing sticks out to the side.
        assert widget.evaluate("(root) => root.scrollWidth - root.clientWidth") <= 1, (
            f"{name} is wider than a page of {width} pixels"
        )
        signs = widget.evaluate(_SIGNS)
        assert all(len(set(each)) == len(each) for each in signs), f"{name}: only colors differ"
        if width == PHONE:
            _assert_fits_fingers(widget, name)
            _assert_swipes_scroll(page, widget, name)
        _assert_sliders_answer_to_keys(widget, name)
        if width == PHONE and widget.get_by_role("button", name="Reset", exact=True).count():
            _assert_controls_stay_in_sight(widget, name)
            _assert_link_brings_the_state_back(page, widget, name)


def test_no_widget_asks_whether_it_is_night():
    """So what is tried by day holds by night, too."""
    for script in (editions.ROOT / "course_lib" / "widgets").glob("*.js"):
        asks = re.search(
            r"prefers-color-scheme|dataset\.theme|data-theme", script.read_text("utf-8")
        )
        assert not asks, script.name


#: The signs that a legend explains by a color, legend by legend
_SIGNS = """
(root) => [...root.querySelectorAll("p")].map((p) =>
  [...p.querySelectorAll("span[class$=-ink]")].map((e) => e.textContent.trim()[0]))
"""


#: What a slider stands at and what its widget shows, compared where it is: it may be megabytes.
_REMEMBER = "(e) => { globalThis.before = [e.value, e.closest('.cw').innerHTML]; }"
_CHANGED = """
(e) => [
  [e.value, e.closest(".cw").innerHTML].map((now, n) => now !== before[n]),
  e.ariaValueText,
]
"""


def _assert_sliders_answer_to_keys(widget, name):
    sliders = widget.locator("input[type=range]")
    for number in range(sliders.count()):
        slider = sliders.nth(number)
        if not slider.is_enabled():
            continue
        slider.press("Home")
        slider.evaluate(_REMEMBER)
        slider.press("End")
        changed, text = slider.evaluate(_CHANGED)
        where = f"{name}, slider {number + 1}"
        assert changed == [True, True], where
        assert text, where


_TARGETS = """
(root) => {
  const all = [...root.querySelectorAll("button, select, input, a")].filter((e) => e.offsetParent);
  const size = (e) => (e.matches("[type=radio], [type=checkbox]") ? e.closest("label") : e)
    .getBoundingClientRect();
  return all.map((e) => [e.type ?? "a", size(e).width, size(e).height]);
}
"""


def _assert_fits_fingers(widget, name):
    targets = widget.evaluate(_TARGETS)
    small = [target for target in targets if min(target[1:]) < FINGER]
    assert not small, f"{name}: smaller than a fingertip: {small}"
    short = [length for kind, length, _ in targets if kind == "range" and length < 0.6 * PHONE]
    assert not short, f"{name}: tracks of {short} of {PHONE} pixels"


def _assert_swipes_scroll(page, widget, name):
    """A finger that moves up over the first picture moves the page, and nothing in the widget."""
    picture = widget.locator(":scope > svg, .cw-row svg, .cw-sprite").first
    if picture.count() == 0:
        return
    picture.evaluate("(e) => e.scrollIntoView({ block: 'center' })")
    before = page.evaluate("scrollY"), widget.evaluate("(root) => root.innerHTML")
    swipe(page, picture, 0, -120)
    after = page.evaluate("scrollY"), widget.evaluate("(root) => root.innerHTML")
    assert after[0] > before[0] + 60, f"{name}: a swipe over the picture does not scroll"
    assert after[1] == before[1], f"{name}: a swipe over the picture changes it"


_IN_SIGHT = """
(root) => {
  const strip = root.querySelector(".cw-controls");
  if (!strip) return [];
  const header = document.querySelector(".bd-header-article").getBoundingClientRect().bottom;
  root.scrollIntoView({ block: "end" });
  scrollBy(0, root.getBoundingClientRect().bottom - header - 300);
  const held = root.querySelector(".cw-many .cw-held");
  const shown = held && getComputedStyle(strip).display === "contents" ? held : strip;
  const box = shown.getBoundingClientRect();
  const there = document.elementFromPoint(box.left + box.width / 2, box.top + 4);
  return [root.getBoundingClientRect().height > 300 && shown.contains(there), box.height];
}
"""


def _assert_controls_stay_in_sight(widget, name):
    """While the end of the widget is read; and they leave most of a phone to the picture."""
    shown = widget.evaluate(_IN_SIGHT)
    if shown:
        assert shown[0], f"{name}: the controls are out of sight while its end is read"
        assert shown[1] <= 240, f"{name}: the controls that stay take {shown[1]} pixels"


#: What sliders do not reach: choices, patients, and drawings that answer to the arrow keys
_CHANGE = """
(root) => {
  for (const select of root.querySelectorAll("select")) {
    select.selectedIndex = select.options.length - 1;
    select.dispatchEvent(new Event("change"));
  }
  root.querySelector(".cw-patient button")?.click();
  const key = new KeyboardEvent("keydown", { key: "ArrowLeft" });
  root.querySelector("[role=application]")?.dispatchEvent(key);
}
"""


def _assert_link_brings_the_state_back(page, widget, name):
    widget.evaluate(_CHANGE)
    read = "(root) => root.textContent + root.querySelector('a[title]').hash"
    link = widget.locator("a[title]").evaluate("(link) => link.hash")
    there = widget.evaluate(read)
    widget.get_by_role("button", name="Reset", exact=True).click()
    start = widget.evaluate(read)
    assert start != there, f"{name}: nothing was changed, or Reset resets nothing"
    page.evaluate("(hash) => { location.hash = hash; }", link)
    page.wait_for_timeout(30)
    assert widget.evaluate(read) == there, f"{name}: {link} does not bring its state back"
    widget.get_by_role("button", name="Reset", exact=True).click()


@pytest.mark.parametrize(
    "asked",
    [
        "prevalence-explorer&prevalence=999&sensitivity=x&specificity=-1&other=3",
        "prevalence-explorer&prevalence=[1]&specificity=%22%3Cb%3E%22",
        "confusion-explorer&y_true=[7,7]&y_pred=null",
        "confusion-explorer&y_true=[9,9,9,9,9,9,9,9,9,9]",
        "nothing-like-it&prevalence=1",
    ],
)
def test_a_link_to_no_state_harms_nothing(open_page, asked):
    page = open_page(f"chapters/metrics.html#widget={asked}")
    for label in ("Prevalence explorer", "Confusion explorer"):
        said = page.get_by_role("group", name=label, exact=True).locator(".cw-said").inner_text()
        assert said
        assert "undefined" not in said
        assert "NaN" not in said
    go_on(page.get_by_role("group", name="Prevalence explorer", exact=True))
    slider = page.get_by_label("Prevalence", exact=True)
    slider.press("Home")
    assert slider.get_attribute("aria-valuetext") == "0.1%"


def test_a_link_opens_its_page_at_its_state(open_page):
    page = open_page("chapters/metrics.html#widget=prevalence-explorer&prevalence=15", width=PHONE)
    widget = page.get_by_role("group", name="Prevalence explorer", exact=True)
    assert widget.locator("output").all_inner_texts()[2] == "50%"
    assert -1 <= widget.bounding_box()["y"] < 200


def test_fingers_drag_to_the_side_and_what_they_have_tapped(open_page):
    page = open_page("chapters/roc.html", width=PHONE)
    widget = page.get_by_role("group", name="Threshold explorer", exact=True)
    go_on(widget)
    threshold = widget.get_by_label("Threshold", exact=True)
    bars = widget.locator(".cw-drag")
    bars.evaluate("(e) => e.scrollIntoView({ block: 'center' })")
    swipe(page, bars, 60, 4)
    far = threshold.input_value()
    swipe(page, bars, 0, 0)
    expect(threshold).not_to_have_value(far)
    assert int(far) > int(threshold.input_value())

    page = open_page("chapters/detection.html", width=PHONE)
    widget = page.get_by_role("group", name="Overlap explorer", exact=True)
    box = widget.get_by_role("application").last
    body = box.locator(".cw-body")
    body.evaluate("(e) => e.scrollIntoView({ block: 'center' })")
    start = box.get_attribute("aria-label")
    swipe(page, body, 0, -50)
    assert box.get_attribute("aria-label") == start, "a swipe over a box scrolls the page"
    swipe(page, body, 0, 0)
    # What a tap does comes after it, and later where the machine is busy.
    expect(box).to_be_focused()
    at, scrolled = body.bounding_box()["y"], page.evaluate("scrollY")
    swipe(page, body, 0, -50)
    expect(box, "the box that was tapped is dragged").not_to_have_attribute("aria-label", start)
    assert page.evaluate("scrollY") == scrolled
    assert body.bounding_box()["y"] < at
