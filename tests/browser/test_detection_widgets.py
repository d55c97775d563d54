"""The widgets of the detection chapter, driven by mouse and keyboard, against `course_lib`."""

import re

import pytest

from course_lib.boxes import iou
from tests.browser.driving import find_widget, sizes_and_themes

pytestmark = pytest.mark.of_pages_alone

PAGE = "chapters/detection.html"


@sizes_and_themes
def test_overlap_explorer(open_page, width, theme):
    page = open_page(PAGE, width=width, theme=theme)
    widget = find_widget(page, "Overlap explorer")
    boxes = widget.get_by_role("application")

    def agrees():
        a, b = (
            [int(v) for v in re.findall(r"\d+", boxes.nth(n).get_attribute("aria-label"))]
            for n in (0, 1)
        )
        # The label says columns first: x1, x2, y1, y2.
        a, b = ([x1, y1, x2, y2] for x1, x2, y1, y2 in (a, b))
        expected = iou([a], [b])[0, 0]
        said = widget.locator(".cw-said").inner_text()
        assert f"IoU {expected:.3f}" in said
        verdict = widget.locator(".cw-verdict").inner_text()
        assert ("✓ a hit at 0.5" in verdict) == (expected >= 0.5)
        return a, b

    agrees()
    boxes.nth(1).focus()
    for key in ("ArrowLeft", "ArrowUp", "Shift+ArrowDown"):
        before = agrees()
        page.keyboard.press(key)
        assert agrees() != before
    body = boxes.nth(0).locator("rect").bounding_box()
    x, y = body["x"] + 8, body["y"] + body["height"] - 30
    before = agrees()
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + body["width"] / 5 + 3, y, steps=4)
    page.mouse.up()
    after = agrees()
    assert after[0][0] == before[0][0] + 1
    assert after[1] == before[1]


@sizes_and_themes
def test_suppression_explorer(open_page, width, theme):
    page = open_page(PAGE, width=width, theme=theme)
    widget = find_widget(page, "Suppression explorer")
    threshold = widget.get_by_label("IoU threshold", exact=True)

    def counts():
        said = widget.locator(".cw-said").inner_text()
        kept, total, right, alarms, missed, nuclei = map(int, re.findall(r"\d+", said))
        assert kept == right + alarms
        assert right + missed == nuclei == 10
        return kept, total, missed

    threshold.press("Home")
    assert counts()[2] > 0
    threshold.press("End")
    kept, total, missed = counts()
    assert (kept, missed) == (total, 0)
    widget.get_by_label("Least score", exact=True).press("End")
    assert counts()[2] > 5


@sizes_and_themes
def test_anchor_explorer(open_page, width, theme):
    page = open_page(PAGE, width=width, theme=theme)
    widget = find_widget(page, "Anchor explorer")
    view = widget.get_by_role("application")

    def shown():
        text = widget.locator(".cw-said").inner_text()
        return [int(v) for v in re.findall(r"\d+", text)[:5]]

    anchors, reached, nuclei, row, column = shown()
    assert (anchors, nuclei) == (48, 10)
    view.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    assert shown()[3:] == [row + 1, column - 1]
    box = view.bounding_box()
    page.mouse.click(box["x"] + box["width"] - 5, box["y"] + 5)
    assert shown()[3:] == [1, 8]
    widget.get_by_label("Stride", exact=True).press("ArrowLeft")
    widget.get_by_label("Anchors at each place").select_option("1")
    anchors, more, *_ = shown()
    assert anchors == 12 * 16 * 3
    assert more > reached
