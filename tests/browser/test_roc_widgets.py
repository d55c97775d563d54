"""The widgets of the ROC chapter, driven by mouse and keyboard, against `course_lib`."""

import numpy as np
import pytest

from course_lib.datasets import breast_masses, hupse_2013
from course_lib.reader_studies import compare_modalities
from course_lib.roc import RocCurve
from tests.browser.driving import find_widget, percent, predict, sizes_and_themes

pytestmark = pytest.mark.of_pages_alone


@sizes_and_themes
def test_threshold_explorer(open_page, width, theme):
    page = open_page("chapters/roc.html", width=width, theme=theme)
    widget = find_widget(page, "Threshold explorer")
    masses = breast_masses()
    radius = masses.X[:, masses.feature_names.index("worst radius")]
    curve = RocCurve.from_scores(masses.y_true, radius)
    cleared = (radius[masses.y_true == 0] < radius[masses.y_true == 1].min()).mean()
    place = predict(page, widget, 80, cleared, percent)
    assert place == pytest.approx([0.2, 1], abs=1e-3)
    threshold = widget.get_by_label("Threshold", exact=True)
    cost = widget.get_by_label("One miss costs", exact=True)

    def agrees():
        at = float(threshold.get_attribute("aria-valuetext"))
        matrix = curve.at(at)
        for cell in ("tp", "fn", "fp", "tn"):
            shown = widget.locator(f"[data-cell={cell}]").inner_text()
            assert int(shown) == getattr(matrix, cell)
        said = widget.locator(".cw-said").inner_text()
        ppv = percent(matrix.ppv) if matrix.tp + matrix.fp else "undefined"
        for text in (percent(matrix.sensitivity), percent(matrix.specificity), ppv):
            assert text in said
        return at

    start = agrees()
    threshold.focus()
    page.keyboard.press("ArrowRight")
    assert agrees() > start
    page.keyboard.press("End")  # nobody is positive
    assert "PPV undefined" in widget.locator(".cw-said").inner_text()
    page.keyboard.press("Home")
    agrees()
    # Drag on the histogram; after the button is released the pointer moves nothing.
    box = widget.locator("svg").first.bounding_box()
    y = box["y"] + box["height"] / 3
    page.mouse.move(box["x"] + 0.3 * box["width"], y)
    page.mouse.down()
    left = agrees()
    page.mouse.move(box["x"] + 0.6 * box["width"], y, steps=4)
    right = agrees()
    assert left < right
    page.mouse.up()
    page.mouse.move(box["x"] + 0.4 * box["width"], y)
    assert agrees() == right
    # A dearer miss moves the mark down; the button goes there.
    found = []
    for _ in range(3):
        widget.get_by_role("button", name="Move to the cheapest threshold").click()
        found.append(agrees())
        cost.focus()
        page.keyboard.press("ArrowRight")
    assert found == sorted(found, reverse=True)
    assert found == [curve.cheapest(cost, 1) for cost in (1, 2, 5)]


@sizes_and_themes
def test_reader_study_explorer(open_page, width, theme):
    page = open_page("chapters/roc.html", width=width, theme=theme)
    widget = find_widget(page, "Reader study explorer")
    films = hupse_2013()
    computer, *radiologists = films.ratings[0]
    ratings = np.broadcast_arrays(radiologists, computer)
    cell = {name: widget.locator(f"[data-cell={name}]") for name in ("original", "error")}
    kind = widget.get_by_label("Drawn again")
    studies = widget.get_by_label("Studies", exact=True)
    populations = [("random", "fixed"), ("fixed", "random"), ("random", "random")]
    for at, population in enumerate(populations):
        kind.select_option(index=at)
        expected = compare_modalities(films.y_true, ratings, *population)
        assert cell["original"].inner_text() == f"{expected.difference:+.3f}"
        assert cell["error"].inner_text() == f"{expected.se:.3f}"
    again = widget.get_by_role("button", name="Do the study again")
    dots = widget.locator("svg").first.locator("circle[class^=cw-]:not(.cw-thin)")
    for study in ("2", "3"):
        again.click()
        assert studies.get_attribute("aria-valuetext") == study
        assert f"of {study} studies" in widget.locator(".cw-said").inner_text()
        assert dots.count() == 9
    studies.focus()
    page.keyboard.press("End")
    assert "of 100 studies" in widget.locator(".cw-said").inner_text()
    assert again.is_disabled()
    page.keyboard.press("ArrowLeft")
    assert again.is_enabled()
