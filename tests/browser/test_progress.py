"""What a reader did is remembered in the browser, shown on one page, and asked again."""

import datetime
import json

from playwright.sync_api import expect

from course_lib.widgets import Quiz
from tests.browser.driving import assert_accessible

CHAPTER, PROGRESS = "chapters/metrics.html", "chapters/progress.html"
QUESTION = Quiz("metrics").data["questions"][0]
RIGHT = next(choice for choice in QUESTION["choice"] if choice.get("right"))
WRONG = next(choice for choice in QUESTION["choice"] if not choice.get("right"))
START = datetime.datetime(2026, 3, 2, 12)


def row(page):
    one = page.get_by_role("row", name="Evaluation metrics")
    one.wait_for()
    return one.get_by_role("cell").all_inner_texts()


def answer(page, choice):
    field = page.locator("fieldset", has_text=QUESTION["text"])
    field.locator("label", has_text=choice["text"]).click()
    field.get_by_role("button").click()
    expect(page.get_by_text(choice["why"]).first).to_be_visible()


def visit(page, path, address, days=0.0):
    page.clock.set_fixed_time(START + datetime.timedelta(days=days))
    page.goto(f"{address}/{path}")


def is_due(page, address, days):
    visit(page, PROGRESS, address, days)
    page.get_by_role("row", name="Evaluation metrics").wait_for()
    return page.locator("fieldset", has_text=QUESTION["text"]).count() == 1


def test_an_answer_to_a_quiz_stays_and_the_first_counts(open_page, address):
    page = open_page(CHAPTER)
    answer(page, WRONG)
    page.get_by_role("button", name="See the answer").click()
    expect(page.get_by_text("You guessed 50%")).to_be_visible()
    page.reload()
    expect(page.get_by_text("You guessed 50%")).to_be_visible()
    expect(page.get_by_text(WRONG["why"])).to_be_visible()
    answer(page, RIGHT)
    page.goto(f"{address}/{PROGRESS}")
    exercises, seen, questions = row(page)
    assert (exercises, seen) == ("0 of 8", "–")
    assert questions.startswith("0 of ")


def test_what_was_wrong_is_asked_again_at_growing_intervals(open_page, address):
    page = open_page(CHAPTER)
    visit(page, CHAPTER, address)
    assert not is_due(page, address, 0), "what was never answered is not asked here"
    visit(page, CHAPTER, address)
    answer(page, WRONG)
    now = 0.0
    for wait in (1, 3, 7, 21, 21):
        assert is_due(page, address, now + 0.01)
        answer(page, RIGHT)
        assert not is_due(page, address, now + wait - 0.1)
        now += wait + 0.1
    # Forgotten: from the beginning again.
    assert is_due(page, address, now)
    answer(page, WRONG)
    assert is_due(page, address, now + 0.01)
    answer(page, RIGHT)
    assert is_due(page, address, now + 1.1)


def test_progress_is_saved_read_and_erased(open_page, address):
    page = open_page(CHAPTER)
    answer(page, RIGHT)
    page.get_by_role("button", name="See the answer").click()
    page.goto(f"{address}/{PROGRESS}")
    assert row(page)[2].startswith("1 of ")
    # All else is told and shown at once: nothing is asked of the network again.
    page.route("**/progress.json", lambda route: route.abort())
    with page.expect_download() as download:
        page.get_by_role("button", name="Save a copy").click()
    copy = download.value.path()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Erase everything").click()
    expect(page.get_by_text("Everything is erased.")).to_be_visible()
    exercises, seen, questions = row(page)
    assert (exercises, seen) == ("0 of 8", "–")
    assert questions.startswith("0 of ")
    page.unroute("**/progress.json")
    page.goto(f"{address}/{CHAPTER}")
    expect(page.get_by_role("button", name="See the answer")).to_be_visible()
    page.goto(f"{address}/{PROGRESS}")

    for wrong in ([1], {"exercises": {}, "questions": {"a": "<b>"}}, {}):
        page.get_by_label("Read a copy").set_input_files(
            {"name": "a.json", "mimeType": "", "buffer": json.dumps(wrong).encode()}
        )
        expect(page.get_by_text("This file cannot be read")).to_be_visible()
    page.get_by_label("Read a copy").set_input_files(copy)
    expect(page.get_by_text("The copy was read.")).to_be_visible()
    page.reload()
    expect(page.get_by_role("row", name="Evaluation metrics")).to_contain_text("1 of ")
    assert_accessible(page)
