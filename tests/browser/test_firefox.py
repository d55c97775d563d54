"""The book in Firefox: pages, widgets, Python, quizzes, search, on a phone and in the dark."""

from urllib.parse import quote

import pytest

from . import firefox
from .conftest import _unavailable
from .test_live import CHAPTER, PPV, RIGHT, SENSITIVITY

PHONE, DESK = 375, 1280
#: The first page, chapters, a lab
PAGES = [
    "chapters/intro.html",
    CHAPTER,
    "chapters/unet.html",
    "chapters/elsewhere.html",
    "chapters/dli/l2_training.html",
]


@pytest.fixture(scope="module")
def browser(address, tmp_path_factory):
    path = firefox.program()
    if path is None:
        _unavailable("no Firefox was found; install firefox-esr (Debian) or firefox (elsewhere).")
    with firefox.running(path, tmp_path_factory.mktemp("firefox")) as one:
        yield one


@pytest.fixture
def open_page(browser, address):
    """``open_page(CHAPTER, width=PHONE)`` gives a page; afterwards it must have no problems."""
    pages = []

    def open_(path, *, width=DESK):
        page = firefox.Page(browser, width)
        pages.append(page)
        page.open(f"{address}/{path}")
        return page

    yield open_
    problems = [problem for page in pages for problem in page.problems]
    for page in pages:
        page.close()
    assert problems == []


def assert_fits_a_phone(page):
    root = "document.documentElement"
    wide, room = page.evaluate(f"[{root}.scrollWidth, {root}.clientWidth]")
    # Less than the window has, where there is a scroll bar.
    assert wide <= room <= PHONE


_SLIDER = 'document.querySelectorAll(".cw input[type=range]")[{}]'
_SAYS = "(({ value, ariaValueText }, all) => [value, ariaValueText, all])"
_REMEMBER, _CHANGED = "(globalThis.before = {}, null)", "{}.map((now, n) => now !== before[n])"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_quiet_alive_and_fits_a_phone(open_page, path):
    page = open_page(path, width=PHONE)
    assert_fits_a_phone(page)
    dead = "document.querySelectorAll('.cw-host:not(:has(> .cw > *))').length"
    assert page.evaluate(dead) == 0
    # Some widgets ask for a guess first.
    page.evaluate(
        """[...document.querySelectorAll(".cw-asking .cw-guess button")]
          .filter((button) => button.textContent === "Skip").map((button) => button.click())"""
    )
    assert page.evaluate("document.querySelectorAll('.cw-asking').length") == 0
    tried = 0
    for number in range(page.evaluate('document.querySelectorAll(".cw input[type=range]").length')):
        slider = _SLIDER.format(number)
        if page.evaluate(f"{slider}.disabled"):
            continue
        page.evaluate(f"{slider}.focus()")
        says = f"{_SAYS}({slider}, {slider}.closest('.cw').innerHTML)"
        page.press("Home")
        page.evaluate(_REMEMBER.format(says))
        page.press("End")
        assert page.evaluate(_CHANGED.format(says)) == [True] * 3, (path, number)
        tried += 1
    assert tried > 0


_CARD = f"""document.querySelector('.exercise[data-exercise="{PPV}"]')"""
_AREA = f"{_CARD}?.querySelector('textarea')"


def judged(page, code):
    """Type an answer and run it; returns what is said of it."""
    page.wait_for(_AREA)
    page.evaluate(f"({_AREA}.focus(), {_AREA}.select())")
    # The editor indents by itself.
    page.press(*code.replace("    ", ""))
    page.press("Control", "\n", together=True)
    page.wait_for(f"{_CARD}.querySelector('.exercise-run:not([aria-disabled=true])')")
    return page.evaluate(f"{_CARD}.querySelector('.exercise-verdict').innerText")


#: Ten seconds pass in one.
_HASTE = """
((wait) => {
  globalThis.setTimeout = (act, ms) => wait(act, ms === 10_000 ? 1000 : ms);
})(setTimeout)
"""


def test_an_answer_is_judged_and_stays(open_page):
    page = open_page(CHAPTER)
    said = judged(page, SENSITIVITY)
    assert "metrics.ppv: incorrect. In every case your answer should be 0.5" in said
    assert "Hint: That is the sensitivity" in said
    assert "metrics.ppv: correct. ppv() is right" in judged(page, RIGHT)
    assert page.evaluate(f"[{_AREA}.value, {_CARD}.dataset.state]") == [RIGHT, "solved"]
    # The letters lie on their colored copy.
    boxes = page.evaluate(
        f"""[...{_AREA}.parentElement.children].map((node) => {{
          const {{ x, y, width, height }} = node.getBoundingClientRect();
          return [x, y, width, height, node.clientWidth, node.scrollHeight];
        }})"""
    )
    assert boxes[0] == boxes[1]
    endless = "while True:\n    pass"
    # Chromium has waited for all of them.
    page.evaluate(_HASTE)
    said = judged(page, endless)
    assert "Stopped after 10 seconds: does a loop never end?" in said
    page.open(page.evaluate("location.href"))
    page.wait_for(_AREA)
    assert page.evaluate(f"[{_AREA}.value, {_CARD}.dataset.state]") == [endless, "solved"]


def test_a_quiz_answers(open_page):
    page = open_page("chapters/dli/l1_simple.html")
    said = page.evaluate(
        """(() => {
          const question = document.querySelector("[data-label=Quiz] fieldset");
          return [...question.querySelectorAll("input")].map((choice) => {
            choice.click();
            question.querySelector("button").click();
            return question.querySelector(".cw-why").textContent;
          });
        })()"""
    )
    assert sorted(text[0] for text in said) == ["✓", *"✗" * (len(said) - 1)]
    assert len(set(said)) == len(said) > 2


def test_the_search_finds_a_chinese_term(open_page):
    page = open_page(f"search.html?q={quote('敏感度')}", width=PHONE)
    places = "[...document.querySelectorAll('ul.search > li > a')].map((link) => link.pathname)"
    page.wait_for(f"{places}.length > 1 && document.querySelectorAll('p.context').length > 1")
    first, second = page.evaluate(places)[:2]
    assert first == f"/{CHAPTER}"
    assert second == "/chapters/glossary.html"
    shown = page.evaluate("[...document.querySelectorAll('p.context')].map((p) => p.textContent)")
    assert any("敏感度" in text for text in shown)
    assert_fits_a_phone(page)


#: Whether these are bright: letters, those of a widget, the empty part of its slider. Of the last,
#: null where Firefox paints it by itself, which is white in the dark.
_BRIGHT = f"""
[
  getComputedStyle(document.body).color,
  getComputedStyle(document.querySelector(".cw")).color,
  getComputedStyle({_SLIDER.format(0)}, "::-moz-range-track").backgroundColor,
].map((color) => /^rgb\\(/.test(color) ? Math.max(...color.match(/\\d+/g)) > 127 : null)
"""


def test_a_page_is_dark_where_the_system_is(browser, open_page):
    page = open_page(CHAPTER)
    for scheme in ("light", "dark", "light"):
        browser.prefer(scheme)
        page.wait_for(f"document.documentElement.dataset.theme === '{scheme}'")
        is_dark = scheme == "dark"
        assert page.evaluate(_BRIGHT) == [is_dark, is_dark, not is_dark]


def test_a_problem_is_heard(browser, address):
    page = firefox.Page(browser, DESK)
    page.open(f"{address}/genindex.html")
    assert page.problems == []
    page.evaluate("console.error('said')")
    page.evaluate("new Promise((resolve) => { setTimeout(resolve); setTimeout(() => nowhere()); })")
    page.evaluate("fetch('nothing.html')")
    page.evaluate("fetch('http://example.org', { mode: 'no-cors' }).catch(() => {})")
    found = page.problems
    assert found[0] == "said"
    assert "nowhere is not defined" in found[1]
    assert {f"{address}/nothing.html", "http://example.org/"} <= {*found}
    page.close()
