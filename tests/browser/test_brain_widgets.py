"""The widgets of the chapters on brains, driven by mouse and keyboard, against `course_lib`."""

import re

import numpy as np
import pytest

from course_lib.optics import MOUSE_CORTEX
from course_lib.retinotopy import CorticalMap
from course_lib.widgets import DecodingExplorer, DepthExplorer, RetinotopyExplorer
from tests.browser.driving import find_widget, sizes_and_themes

pytestmark = pytest.mark.of_pages_alone


@sizes_and_themes
def test_depth_explorer(open_page, width, theme):
    page = open_page("chapters/optics.html", width=width, theme=theme)
    widget = find_widget(page, "Depth explorer")
    depth, order = (widget.get_by_label(name, exact=True) for name in ("Depth", "Excitation"))
    picture = widget.locator(".cw-sprite")

    def agrees():
        z, n = DepthExplorer.depths[int(depth.input_value())], int(order.input_value()) + 1
        said, light = widget.locator(".cw-said").inner_text(), MOUSE_CORTEX[n]
        assert said.startswith(f"{('One photon', 'Two photons', 'Three photons')[n - 1]} at {z} µm")
        limit = light.depth_limit()
        assert ("wins at every depth" in said) == (limit == 0)
        assert limit == 0 or f"below {limit:.0f} µm" in said
        needed = light.energy_needed(z)
        assert ("can still make up" in said) == (needed <= 68)
        shown = re.search(r"must be ([\d.,]+|more than a million) times", said)[1]
        if not shown.startswith("more"):
            assert abs(float(shown.replace(",", "")) / needed - 1) < 0.0501
        assert f"{z} µm" in picture.get_attribute("aria-label")
        return z, n, picture.evaluate("e => e.style.backgroundPosition")

    start = agrees()
    assert start[:2] == (600, 2)
    depth.focus()
    page.keyboard.press("ArrowRight")
    deeper = agrees()
    assert deeper[0] == 700
    assert deeper[2] != start[2]
    order.select_option("2")
    assert agrees()[:2] == (700, 3)
    depth.press("End")
    assert agrees()[0] == 2000
    order.select_option("0")
    depth.press("Home")
    assert agrees()[:2] == (10, 1)


@sizes_and_themes
def test_decoding_explorer(open_page, width, theme):
    page = open_page("chapters/decoding.html", width=width, theme=theme)
    widget = find_widget(page, "Decoding explorer")
    noise, voxels = (widget.get_by_label(name, exact=True) for name in ("Noise", "Voxels"))

    def agrees():
        cells = np.array([int(text) for text in widget.locator("td").all_text_contents()])
        said = widget.locator(".cw-said").inner_text()
        accuracy = float(re.match(r"Accuracy ([\d.]+)% of 160 gratings", said)[1]) / 100
        confusion = cells.reshape(4, 4)
        assert (confusion.sum(axis=1) == 40).all()
        assert abs(np.trace(confusion) / 160 - accuracy) < 0.001
        return accuracy, said

    assert DecodingExplorer.noises[int(noise.input_value())] == 8
    assert DecodingExplorer.voxels[int(voxels.input_value())] == 400
    many, said = agrees()
    assert "More than luck." in said
    voxels.focus()
    page.keyboard.press("ArrowLeft")
    assert agrees()[0] < many
    noise.press("End")
    drowned, said = agrees()
    assert drowned < 0.35
    assert "Luck alone would do as well." in said
    noise.press("Home")
    assert agrees()[0] > 0.9


@sizes_and_themes
def test_retinotopy_explorer(open_page, width, theme):
    page = open_page("chapters/brain.html", width=width, theme=theme)
    widget = find_widget(page, "Retinotopy explorer")
    gaze, direction = (widget.get_by_label(name, exact=True) for name in ("From gaze", "Direction"))
    field, cortex = (widget.get_by_role("img").nth(at) for at in (0, 1))

    def agrees():
        E = RetinotopyExplorer.eccentricities[int(gaze.input_value())]
        angle = RetinotopyExplorer.angles[int(direction.input_value())]
        x, y = E * np.cos(np.deg2rad(angle)), E * np.sin(np.deg2rad(angle))
        said, place = widget.locator(".cw-said").inner_text(), CorticalMap().to_cortex(x, y)
        if angle not in (90, 270):
            assert ("left hemisphere" in said) == bool(place.left)
        along = float(re.search(r"([\d.]+) mm from the pole", said)[1])
        assert abs(along - place.along) < 0.3
        if abs(place.across) > 0.3:
            assert ("below the horizontal" in said) == (place.across < 0)
        blind = float(re.search(r"blind spot about ([\d.]+)°", said)[1])
        assert abs(blind * np.sqrt(CorticalMap().areal_magnification(x, y)) / 5 - 1) < 0.03
        return E, angle

    assert agrees() == (4.0, 30)
    gaze.focus()
    page.keyboard.press("ArrowRight")
    assert agrees() == (5.5, 30)
    direction.press("End")
    assert agrees() == (5.5, 350)

    def press(drawing, across, down):
        drawing.scroll_into_view_if_needed()
        box = drawing.bounding_box()
        drawing.click(position={"x": across * box["width"], "y": down * box["height"]})
        return agrees()

    # Upper left of the field; then the lower bank of the left hemisphere, which sees right and up.
    E, angle = press(field, 0.3, 0.3)
    assert 90 < angle < 180
    assert "right hemisphere" in cortex.get_attribute("aria-label")
    E, angle = press(cortex, 0.25, 0.65)
    assert 0 < angle < 90
    # Next to the pole lies the point of gaze.
    E, _ = press(cortex, 0.47, 0.53)
    assert E < 1
