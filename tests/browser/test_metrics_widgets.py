"""The widgets of the metrics chapter, driven by mouse and keyboard, against `course_lib`."""

import math
import warnings

import numpy as np
import pytest

from course_lib.metrics import NAMES, PROPORTIONS, ConfusionMatrix, predictive_values
from course_lib.widgets import PrevalenceExplorer, Quiz
from tests.browser.driving import (
    PHONE,
    assert_accessible,
    assert_fits,
    find_widget,
    percent,
    predict,
    sizes_and_themes,
)

pytestmark = pytest.mark.of_pages_alone


@sizes_and_themes
def test_prevalence_explorer(open_page, width, theme):
    page = open_page("chapters/metrics.html", width=width, theme=theme)
    widget = find_widget(page, "Prevalence explorer")
    better, _ = predictive_values(1, 0.95, 0.005)
    positions = np.log(PrevalenceExplorer.prevalences[:: len(PrevalenceExplorer.prevalences) - 1])
    across = (np.log(0.005) - positions[0]) / np.ptp(positions)
    place = predict(page, widget, 60, better, percent)
    assert place == pytest.approx([across, 0.6], abs=1e-3)
    sliders = {
        name: widget.get_by_label(name, exact=True)
        for name in ("Sensitivity", "Specificity", "Prevalence")
    }

    def shown():
        position = {name: int(slider.input_value()) for name, slider in sliders.items()}
        cells = [int(text.replace(",", "")) for text in widget.locator("td").all_text_contents()]
        return position, cells, widget.locator(".cw-said").inner_text()

    def agrees():
        position, (tp, fp, fn, tn), said = shown()
        se = PrevalenceExplorer.sensitivities[position["Sensitivity"]]
        sp = PrevalenceExplorer.specificities[position["Specificity"]]
        p = PrevalenceExplorer.prevalences[position["Prevalence"]]
        ppv, npv = predictive_values(se, sp, p)
        assert f"PPV {percent(ppv)}" in said
        assert f"NPV {percent(npv)}" in said
        people = tp + fp + fn + tn
        assert people == 1_000_000
        assert tp + fn == round(people * p)
        assert tp == round(people * p * se)
        return position

    before = agrees()
    for name, slider in sliders.items():
        slider.focus()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        after = agrees()
        assert after[name] == before[name] - 2
        slider.press("End")
        agrees()
    box = sliders["Prevalence"].bounding_box()
    page.mouse.click(box["x"] + 2, box["y"] + box["height"] / 2)
    assert agrees()["Prevalence"] == 0


@sizes_and_themes
def test_a_table_of_ten_classes_is_seen_at_once(open_page, width, theme):
    page = open_page("chapters/metrics.html", width=width, theme=theme)
    table = page.locator("table.confusion-many")
    assert table.locator("tbody th[scope=row]").all_inner_texts() == list("0123456789")
    assert table.locator("thead th[scope=col]").count() == 11
    region = page.locator(".scrolls", has=table)
    assert region.evaluate("(e) => e.scrollWidth - e.clientWidth") == 0
    # What is right stands out by more than its color.
    looks = table.evaluate(
        """(table) => [...table.tBodies[0].rows].map((row) =>
          [...row.cells].slice(1).map((cell) => {
            const { fontWeight, borderLeftWidth } = getComputedStyle(cell);
            return fontWeight > 500 && borderLeftWidth === "2px";
          }))"""
    )
    assert np.array_equal(looks, np.eye(10))
    if width == PHONE:
        assert_fits(page, "chapters/metrics.html")
    assert_accessible(page, within=".scrolls")


@sizes_and_themes
def test_confusion_explorer(open_page, width, theme):
    page = open_page("chapters/metrics.html", width=width, theme=theme)
    widget = find_widget(page, "Confusion explorer")
    buttons = widget.locator(".cw-patient button")
    n = buttons.count() // 2

    def agrees():
        labels = buttons.evaluate_all("(all) => all.map((one) => one.ariaLabel)")
        y_true = [int("disease" in label) for label in labels if "truth" in label]
        y_pred = [int("positive" in label) for label in labels if "output" in label]
        matrix = ConfusionMatrix.from_labels(y_true, y_pred)
        said = widget.locator(".cw-said").inner_text()
        assert said == f"TP {matrix.tp}, FN {matrix.fn}, FP {matrix.fp}, TN {matrix.tn}"
        shown = widget.locator("[data-cell]").evaluate_all(_CELLS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name in PROPORTIONS:
                value = getattr(matrix, name)
                expected = "undefined" if math.isnan(value) else value
                assert shown[name] == expected or abs(float(shown[name]) - value) <= 0.0051
        return matrix

    start = agrees()
    assert (start.tp, start.fn, start.fp, start.tn) == (2, 1, 2, 5)
    # The chosen rate shows what it counts, in frames and in words.
    rate = widget.get_by_label("Show what counts for")
    for at, (name, (above, below)) in enumerate(PROPORTIONS.items()):
        rate.select_option(index=at)
        parts = {cell: (cell in above) + (cell in below) for cell in ("tp", "fp", "fn", "tn")}
        rooms = widget.locator(".cw-room").evaluate_all(_ROOMS)
        assert [name for name, *_ in rooms] == list(parts)
        for cell, style, words, _ in rooms:
            assert (style, words) == _FRAMES[parts[cell]]
        part, whole = (sum(getattr(start, cell) for cell in cells) for cells in (above, below))
        said = widget.locator("p[aria-live]").first.inner_text().split(" = ")
        assert said[0] == NAMES[name]
        assert eval(said[2], {"__builtins__": {}}) == pytest.approx(part / whole)
        assert said[3] == f"{part / whole:.2f}"

    def stands_in():
        rooms = widget.locator(".cw-room").evaluate_all(_ROOMS)
        return {cell: people for cell, _, _, people in rooms}

    assert not any(stands_in().values())
    page.emulate_media(reduced_motion="reduce" if theme == "dark" else "no-preference")
    widget.get_by_role("button", name="Sort them into the table").click()
    moving = widget.evaluate("(root) => root.getAnimations({ subtree: true }).length")
    assert moving == (0 if theme == "dark" else n)
    assert stands_in() == {"tp": [2, 8], "fp": [3, 9], "fn": [6], "tn": [1, 4, 5, 7, 10]}
    buttons.nth(11).click()
    assert stands_in()["tp"] == [2, 6, 8]
    widget.get_by_role("button", name="Reset", exact=True).click()
    assert not any(stands_in().values())
    buttons.first.click()
    assert agrees().tp + agrees().fn == 4
    buttons.nth(1).focus()
    page.keyboard.press("Enter")
    assert agrees().tp == 3
    page.keyboard.press("Space")
    agrees()
    # Everybody normal: sensitivity has no denominator, and the page says so.
    for at in range(0, 2 * n, 2):
        if "disease" in buttons.nth(at).get_attribute("aria-label"):
            buttons.nth(at).click()
    assert agrees().tp + agrees().fn == 0
    assert widget.locator("[data-cell=sensitivity]").inner_text() == "undefined"


#: What stands in each cell
_CELLS = "(all) => Object.fromEntries(all.map((one) => [one.dataset.cell, one.innerText]))"

#: Frame and words of a cell that the rate does not count, counts below the line, and in both
_FRAMES = [
    ("none", "not counted"),
    ("dashed", "below the line"),
    ("solid", "above and below the line"),
]

#: Name, frame, words and patients of each cell
_ROOMS = """
(rooms) => rooms.map((room) => [
  room.querySelector("[data-cell]").dataset.cell.toLowerCase(),
  getComputedStyle(room).outlineStyle,
  room.querySelector("small").textContent,
  [...room.querySelectorAll(".cw-figure")].map((one) => Number(one.textContent)),
])
"""


@sizes_and_themes
def test_quiz(open_page, width, theme):
    page = open_page("chapters/metrics.html", width=width, theme=theme)
    widget = find_widget(page, "Quiz")
    questions = widget.get_by_role("group")
    asked = Quiz("metrics").data["questions"]
    assert questions.count() == len(asked) >= 4
    score = widget.locator(".cw-said")
    for at, asks in enumerate(asked):
        question = questions.nth(at)
        check = question.get_by_role("button", name=f"Check question {at + 1}", exact=True)
        radios = question.get_by_role("radio")
        said = question.locator("[aria-live=polite]")
        for target in (check, *question.locator("label").all()):
            assert target.bounding_box()["height"] >= 44
        check.click()
        assert said.inner_text() == "Choose an answer first."
        assert score.inner_text() == ""
        # The first question is answered wrong at first, the others right, by keyboard alone.
        rights = [choice.get("right", False) for choice in asks["choice"]]
        first = rights.index(at > 0)
        radios.nth(first).focus()
        page.keyboard.press("Space")
        for n in range(first, first + len(rights)):
            now = n % len(rights)
            assert radios.nth(now).is_checked()
            assert said.inner_text() == "", "choosing says nothing"
            page.keyboard.press("Tab")
            assert check.evaluate("button => button === document.activeElement")
            page.keyboard.press("Enter")
            verdict = "✓ Right. " if rights[now] else "✗ Not quite. "
            assert said.inner_text() == verdict + asks["choice"][now]["why"]
            page.keyboard.press("Shift+Tab")
            page.keyboard.press("ArrowDown")
    # Every choice has been checked since; the first tries are what counts.
    assert score.inner_text() == f"{len(asked) - 1} of {len(asked)} at first try."
