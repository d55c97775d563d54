"""Exercises that are solved in the page: right, wrong, endless, by keyboard, on a phone."""

import functools
import json
import re

import pytest
from playwright.sync_api import expect

from book_ext import doors, editions
from course_grader import grading, notebook
from course_grader.room.launcher import Room
from course_lib.exercises import catalog
from tests.grader_class import level_or_skip

from .conftest import HTML
from .driving import PHONE, assert_accessible, assert_fits

CHAPTER = "chapters/metrics.html"
CELLS = editions.exercise_cells((editions.CHAPTERS / "metrics.md").read_text(encoding="utf-8"))
PPV = "metrics.ppv"
RIGHT = "def ppv(y_true, y_pred):\n    return y_true[y_pred == 1].mean()"
SENSITIVITY = "def ppv(y_true, y_pred):\n    return y_pred[y_true == 1].mean()"
#: Python has to load, on a machine that may be busy.
PATIENCE = 60_000


def card(page, exercise=PPV):
    return page.locator(f'.exercise[data-exercise="{exercise}"]')


def write(page, code, exercise=PPV):
    """Type an answer and run it; returns what is said of it."""
    one = card(page, exercise)
    one.locator("textarea").fill(code)
    return run(one)


def run(one):
    one.get_by_role("button", name="Run and check").click()
    idle = one.locator('.exercise-run:not([aria-disabled="true"])')
    expect(idle).to_be_visible(timeout=PATIENCE)
    return one.locator(".exercise-verdict").inner_text()


#: Starts the book's Python and passes on what pages beside this one ask it, and what it answers.
_LEND = """
async () => {
  const { at } = await (await fetch("../live/book.json")).json();
  const address = new URL(`../live/${at}/worker.js`, location).href;
  const worker = new Worker(address, { type: "module" });
  const pages = new BroadcastChannel("python");
  pages.onmessage = ({ data }) => worker.postMessage(data);
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => {
      if (data.type === "ready") resolve(address);
      else if (data.type === "failed") reject(data.message);
      else if (data.type !== "progress") pages.postMessage(data);
    };
  });
}
"""
#: A page asks for Python where it lies, and gets the one that has started.
_BORROW = """
globalThis.Worker = class extends BroadcastChannel {
  constructor({ href }) {
    super("python");
    if (href !== "%s") throw new Error(`Python does not lie at ${href}`);
    const message = new MessageEvent("message", { data: { type: "ready" } });
    queueMicrotask(() => this.dispatchEvent(message));
  }
  terminate() {
    this.close();
  }
};
"""


@pytest.fixture(scope="module")
def lender(chromium, address):
    """A page that has started Python, and where that lies: starting takes longer than all else."""
    context = chromium.new_context(locale="en-US")
    page = context.new_page()
    page.goto(f"{address}/chapters/progress.html")
    yield page, page.evaluate(_LEND)
    context.close()


@pytest.fixture
def open_with_python(open_page, lender):
    """As `open_page`: a page that remembers nothing, whose Python has started for others, too."""
    beside, where = lender
    beside.evaluate("localStorage.clear()")
    return functools.partial(open_page, beside=beside, script=_BORROW % where)


def test_nothing_loads_before_the_first_run_which_says_its_size(open_page):
    page = open_page(CHAPTER)
    of_python = []

    def note(request):
        # Pictures come as they come near.
        if "/live/" in request.url and not request.url.endswith("book.json"):
            of_python.append(request.url)

    page.on("request", note)
    page.reload()
    expect(card(page).locator(".exercise-size")).to_have_text(
        re.compile(r"^The first Run loads Python, \d+\.\d MB\.$")
    )
    page.wait_for_load_state("networkidle")
    assert of_python == []
    assert "correct" in write(page, RIGHT)
    assert page.locator(".exercise-size").count() == 0
    # Further exercises, the same Python.
    before = len(of_python)
    for exercise, cells in CELLS.items():
        assert f"{exercise}: correct." in write(page, cells["solution"], exercise)
    assert len(of_python) == before
    expect(page.get_by_text("Exercises: 8 of 8 solved")).to_be_visible()


def test_an_answer_is_judged_and_stays(open_with_python):
    page = open_with_python(CHAPTER)
    said = write(page, SENSITIVITY)
    assert said.startswith("✗ ")
    assert "metrics.ppv: incorrect. In every case your answer should be 0.5" in said
    assert "Hint: That is the sensitivity" in said
    assert card(page).get_attribute("data-state") == ""
    assert write(page, RIGHT).startswith("✓ metrics.ppv: correct. ppv() is right in all 5 cases.")
    assert card(page).get_attribute("data-state") == "solved"
    page.reload()
    assert card(page).locator("textarea").input_value() == RIGHT
    assert card(page).get_attribute("data-state") == "solved"
    expect(page.locator(".exercise-count").first).to_have_text("1 of 8 solved")
    expect(page.get_by_text("Exercises: 1 of 8 solved")).to_be_visible()
    card(page).get_by_role("button", name="Start again").click()
    assert card(page).locator("textarea").input_value() == CELLS[PPV]["stub"]
    # Who looked first has not solved it.
    one = "metrics.sensitivity"
    card(page, one).get_by_text("Show a solution").click()
    expect(card(page, one)).to_have_attribute("data-state", "seen")
    write(page, CELLS[one]["solution"], one)
    expect(page.get_by_text("Exercises: 1 of 8 solved, 1 solution seen")).to_be_visible()


#: Python goes on after these.
SAID = {
    "x = 1\ndef ppv(y_true, y_pred)\n    return 1": "SyntaxError: expected ':'",
    "def ppv(y_true, y_pred):\n    raise SystemExit": "raised SystemExit",
    f"{RIGHT}\nprint(patients('N D N'))": "[0 1 0]",
    f"ConfusionMatrix\n{RIGHT}": "The page's Python has NumPy, but not",
    "print('<img src=x onerror=alert(1)>')": "<img src=x onerror=alert(1)>",
    "import js\njs.fetch('https://example.org')": "no way to the network",
    "from pyodide.code import run_js\nrun_js('fetch')": "ModuleNotFoundError",
    "import pyodide_js": "ModuleNotFoundError",
    "def f(x):\n    return f(x)\nf(1)": "RecursionError",
}
#: These end Python, and the page starts another.
ENDED = {
    "import os\nos._exit(0)": "Python stopped",
    "x = [0] * 10**9\nx = x + [0] * 10**9": "emory",
    "while True:\n    pass": "Stopped after 10 seconds: does a loop never end?",
}


def test_whatever_an_answer_does_it_is_said_and_the_next_is_right(open_page):
    page = open_page(CHAPTER)
    for code, said in {**SAID, **ENDED}.items():
        assert said in write(page, code), code
        if code in ENDED:
            assert "correct. ppv() is right" in write(page, RIGHT), code
    assert "correct. ppv() is right" in write(page, RIGHT)


def test_by_keyboard_alone(open_with_python):
    page = open_with_python(CHAPTER)
    area = card(page).locator("textarea")
    area.focus()
    # Who only passes is not held.
    page.keyboard.press("Tab")
    expect(card(page).get_by_role("button", name="Run and check")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(area).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("def ppv(y_true, y_pred):\nill = y_true[y_pred == 1]\nif True:\nreturn 2")
    page.keyboard.press("Backspace")
    page.keyboard.type("ill.mean()\n")
    page.keyboard.press("Backspace")
    page.keyboard.press("Backspace")
    page.keyboard.type("#")
    page.keyboard.press("Tab")
    page.keyboard.type("end")
    assert area.input_value() == (
        "def ppv(y_true, y_pred):\n    ill = y_true[y_pred == 1]\n    if True:\n"
        "        return ill.mean()\n#   end"
    )
    page.keyboard.press("Control+z")
    assert not area.input_value().endswith("end")
    page.keyboard.press("Control+Enter")
    expect(card(page).get_by_text("correct.")).to_be_visible(timeout=PATIENCE)
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(card(page).get_by_role("button", name="Run and check")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(2):
        page.keyboard.press("Tab")
    expect(card(page).get_by_text("Hint: what is asked")).to_be_focused()
    page.keyboard.press("Enter")
    expect(card(page).get_by_text("Hint: a pointer")).to_be_visible()


def test_hints_come_in_stages_and_the_line_that_fails_is_one_press_away(open_with_python):
    page = open_with_python(CHAPTER)
    one = card(page)
    for stage in ("what is asked", "a pointer", "what went wrong"):
        expect(one.get_by_text("Hint: ")).to_have_count(3)
        hint = one.get_by_text(f"Hint: {stage}")
        expect(hint).to_be_visible()
        hint.click()
    expect(one.get_by_text("Run your answer first")).to_be_visible()
    write(page, SENSITIVITY)
    expect(one.locator(".exercise-hint .exercise-hint .exercise-hint p")).to_contain_text(
        "That is the sensitivity"
    )
    assert "Line 2: return undefined" in write(
        page, "def ppv(y_true, y_pred):\n    return undefined\n"
    )
    one.get_by_role("button", name="Go to the line").click()
    selected = "(area) => area.value.slice(area.selectionStart, area.selectionEnd)"
    assert one.locator("textarea").evaluate(selected) == "    return undefined"


@pytest.mark.parametrize(("width", "theme"), [(375, "dark"), (1280, "light")])
def test_a_card_is_accessible_and_fits(open_with_python, width, theme):
    page = open_with_python(CHAPTER, width=width, theme=theme)
    write(page, "print('here')\n" + SENSITIVITY)
    for stage in ("what is asked", "a pointer", "what went wrong"):
        card(page).get_by_text(f"Hint: {stage}").click()
    assert_accessible(page, within=f'.exercise[data-exercise="{PPV}"]')
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # The colored letters lie under those that one types.
    boxes = (
        card(page)
        .locator(".exercise-editor > *")
        .evaluate_all(
            """(all) => all.map((node) => {
          const style = getComputedStyle(node), box = node.getBoundingClientRect();
          return [box.x, box.y, box.width, box.height, style.font, style.lineHeight, style.padding];
        })"""
        )
    )
    assert boxes[0] == boxes[1]


def test_on_a_phone_everything_is_as_large_as_a_thumb(chromium, address):
    context = chromium.new_context(
        viewport={"width": 375, "height": 700}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.goto(f"{address}/{CHAPTER}")
    one = card(page)
    one.locator("textarea").fill(SENSITIVITY)
    one.get_by_role("button", name="Run and check").tap()
    expect(one.locator(".check")).to_be_visible(timeout=PATIENCE)
    sizes = one.locator("button:not(.copybtn), summary").evaluate_all(
        "(all) => all.map((node) => [node.textContent, node.getBoundingClientRect().height])"
    )
    assert not [found for found in sizes if 0 < found[1] < 44]
    # From 16 pixels on a phone does not zoom in on what it edits.
    size = one.locator("textarea").evaluate("(node) => getComputedStyle(node).fontSize")
    assert size == "16px"
    context.close()


# When the site is built anew ----------------------------------------------------------------------


def test_a_page_that_cannot_talk_to_the_python_of_today_says_so(open_page):
    page = open_page(CHAPTER)
    expect(card(page).locator(".exercise-size")).to_be_visible()
    book = json.loads((HTML / "live" / "book.json").read_text(encoding="utf-8"))
    page.route("**/live/book.json", lambda route: route.fulfill(json={**book, "protocol": 0}))
    assert "the book was renewed: load this page again" in write(page, RIGHT)


def test_the_files_of_python_lie_below_a_digest_of_theirs(address):
    book = json.loads((HTML / "live" / "book.json").read_text(encoding="utf-8"))
    assert sorted(path.name for path in (HTML / "live").iterdir()) == sorted(
        [book["at"], "book.json", "licenses"]
    )
    assert re.fullmatch(r"[0-9a-f]{16}", book["at"])


# Where it does not run ----------------------------------------------------------------------------


@pytest.fixture
def elsewhere():
    """The words of the link to a chapter's notebook."""
    url, _ = editions.repositories()[0]
    return "download its notebook" if doors.is_placeholder(url) else "open the chapter in Colab"


def test_without_scripts_a_card_is_whole_and_says_where_to_go(open_page, elsewhere):
    one = card(open_page(CHAPTER, scripts=False))
    stub = one.locator(".tag_exercise pre")
    stub.scroll_into_view_if_needed()
    expect(stub).to_contain_text("return ...", use_inner_text=True)
    expect(one.locator(".exercise-elsewhere")).to_have_text(
        f"This page cannot run your answer without scripts: {elsewhere}."
    )
    one.get_by_text("Show a solution").click()
    expect(one.locator(".tag_solution pre")).to_be_visible()


def test_opened_as_a_file_a_card_says_why(open_page, elsewhere):
    one = card(open_page(CHAPTER, base=HTML.as_uri()))
    expect(one.locator(".exercise-elsewhere")).to_have_text(
        f"Opened as a file, this page cannot start Python: {elsewhere}."
    )
    link = one.get_by_role("link", name=elsewhere)
    assert link.get_attribute("href").endswith("/metrics.ipynb")
    assert one.locator("textarea").count() == 0


@pytest.mark.parametrize("path", editions.chapter_files(), ids=editions.chapter_name)
def test_every_exercise_has_its_card_and_no_page_an_author_s_verdict(address, path):
    name = editions.chapter_name(path)
    page = (HTML / "chapters" / f"{name}.html").read_text(encoding="utf-8")
    wanted = list(editions.exercise_cells(path.read_text(encoding="utf-8")))
    assert re.findall(r'data-exercise="([\w.]+)"', page) == wanted, "each stub is in one card"
    live = re.findall(r'data-exercise="([\w.]+)" data-version', page)
    assert live == [key for key in wanted if "torch" not in catalog()[key].uses], (
        "what needs NumPy alone is solved in the page"
    )
    assert page.count("Needs torch, which does not run in a page") == len(wanted) - len(live)
    assert "check-correct" not in page, "a verdict stands in the page: tag its cell `check`"
    assert "tag_check" not in page, "a check stands outside of a card: put it below its solution"
    # The number is in the heading, in the contents of the page, in the card's name and an address.
    numbers = [f"{editions.labels()[name]}.{n}" for n in range(1, len(wanted) + 1)]
    contents = page[page.index('class="page-toc') :]
    for where in (
        r"<h3>Exercise (\S+): ",
        r'aria-label="Exercise (\S+): ',
        r'id="exercise-(\w+\.\d+)"',
    ):
        assert re.findall(where, page) == numbers, "exercises are counted in the order of stubs"
    assert re.findall(r'href="#exercise-[\w-]+">Exercise (\S+): ', contents) == numbers
    links = re.findall(r'href="#(exercise-[\w.]+)" data-exercise-link', page)
    assert links == [f"exercise-{key}" for key in wanted]


def _live_chapters():
    for path in editions.chapter_files():
        cells = editions.exercise_cells(path.read_text(encoding="utf-8"))
        live = {key: of for key, of in cells.items() if "torch" not in catalog()[key].uses}
        name = editions.chapter_name(path)
        if live and f"chapters/{name}.html" != CHAPTER:
            yield pytest.param(f"chapters/{name}.html", live, id=name)


@pytest.mark.parametrize(("page", "cells"), list(_live_chapters()))
def test_every_chapter_is_solved_on_a_phone(open_with_python, page, cells):
    """With what its page gives to Python: right is right, wrong is wrong, and the count counts."""
    page = open_with_python(page, width=PHONE, theme="dark")
    first = next(iter(cells))
    wrong = f"def {catalog()[first].function_name}(*arguments):\n    return 'no'"
    assert write(page, wrong, first).startswith(f"✗ {first}: incorrect.")
    assert "SyntaxError" in write(page, "def f(", first)
    for exercise, of in cells.items():
        if catalog()[exercise].judge is None:
            assert f"{exercise}: correct." in write(page, of["solution"], exercise)
            expect(card(page, exercise)).to_have_attribute("data-state", "solved")
    assert_fits(page, first)


# The notebook -------------------------------------------------------------------------------------


def test_a_downloaded_notebook_gets_what_the_page_said(open_page, open_with_python):
    page = open_with_python(CHAPTER)
    keys = list(CELLS)
    written = {PPV: SENSITIVITY, keys[0]: CELLS[keys[0]]["solution"], keys[1]: "def sensitivity("}
    page_said = {key: write(page, code, key) for key, code in written.items()}
    with page.expect_download() as download:
        page.get_by_role("button", name="Download my notebook").click()
    assert download.value.suggested_filename == "metrics.ipynb"
    path = download.value.path()
    cells = notebook.read(path.read_bytes(), keys)
    with Room(level_or_skip()) as room:
        for key in keys:
            found = notebook.find(cells, key)
            result = grading.grade(catalog()[key], found, b"a secret", "ann", room)
            is_right = f"{key}: correct." in page_said.get(key, "")
            assert (result.points == catalog()[key].points) == is_right, key
            assert (result.outcome == "missing") == (key not in page_said), key
            if key == PPV:
                assert result.misconception == "sensitivity"

    # On another machine the reader goes on with it.
    other = open_page(CHAPTER)
    assert card(other).locator("textarea").input_value() == CELLS[PPV]["stub"]
    other.get_by_label("Open my notebook").set_input_files(path)
    expect(other.get_by_text("Opened 8 answers.")).to_be_visible()
    assert card(other).locator("textarea").input_value() == SENSITIVITY
    other.get_by_label("Open my notebook").set_input_files(
        {"name": "a.ipynb", "mimeType": "", "buffer": json.dumps({"a": 1}).encode()}
    )
    expect(other.get_by_text("This file cannot be opened: it is no notebook.")).to_be_visible()
