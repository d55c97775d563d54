"""The widgets that hold pictures from a trained network, by mouse and keyboard."""

import re

import pytest

from tests.browser.driving import find_widget, sizes_and_themes

pytestmark = pytest.mark.of_pages_alone


def shown_tile(view, columns, rows):
    """Column and row of the tile that a sprite shows."""
    text = view.evaluate("(view) => getComputedStyle(view).backgroundPosition")
    across, down = (float(number) / 100 for number in re.findall(r"([\d.]+)%", text))
    return round(across * (columns - 1)), round(down * (rows - 1))


def loaded(view):
    """Whether the sheet behind a sprite is a picture that the browser can decode."""
    return view.evaluate(
        """async (view) => {
          const source = getComputedStyle(view).backgroundImage.slice(5, -2);
          const picture = new Image();
          picture.src = source;
          await picture.decode();
          return picture.width > 100 && source.startsWith("data:image/webp");
        }"""
    )


@sizes_and_themes
def test_unit_browser(open_page, width, theme):
    page = open_page("chapters/feature_visualization.html", width=width, theme=theme)
    widget = find_widget(page, "Unit browser")
    layer, channel = (
        widget.get_by_label("Layer", exact=True),
        widget.get_by_label("Channel", exact=True),
    )
    layers = layer.locator("option").all_inner_texts()
    assert len(layers) == 5
    views = widget.locator(".cw-sprite")
    assert views.count() == 4
    assert all(loaded(views.nth(n)) for n in (0, 1))

    def agrees(at, unit):
        said = widget.locator(".cw-said").inner_text()
        assert said.startswith(f"{layers[at]}, channel {unit}: answers ")
        answers = re.findall(r"-?\d+\.\d", said.partition("answers")[2])
        assert answers == sorted(answers, key=float, reverse=True)
        picture = views.first
        assert shown_tile(picture, 8, 5) == (unit, at)
        assert f"{layers[at]}, channel {unit}" in picture.get_attribute("aria-label")
        for n, answer in enumerate(answers):
            number = (8 * at + unit) * 3 + n
            patch = views.nth(1 + n)
            assert shown_tile(patch, 8, 15) == (number % 8, number // 8)
            assert patch.get_attribute("aria-label").endswith(f"answer {answer}")

    agrees(0, 0)
    channel.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    agrees(0, 2)
    layer.select_option(label=layers[4])
    agrees(4, 2)
    channel.press("End")
    agrees(4, 7)
    box = channel.bounding_box()
    page.mouse.click(box["x"] + 2, box["y"] + box["height"] / 2)
    agrees(4, 0)


@sizes_and_themes
def test_dream_explorer(open_page, width, theme):
    page = open_page("chapters/feature_visualization.html", width=width, theme=theme)
    widget = find_widget(page, "Dream explorer")
    layer, steps = (
        widget.get_by_label("Layer", exact=True),
        widget.get_by_label("Steps", exact=True),
    )
    photo, view = (widget.locator(".cw-sprite").nth(n) for n in (0, 1))
    said = widget.locator(".cw-said")
    assert loaded(view)
    dreamed = int(steps.get_attribute("max"))
    rows = -(-(1 + dreamed * (1 + int(layer.get_attribute("max")))) // 5)

    def agrees():
        at, step = int(layer.input_value()), int(steps.input_value())
        tile = 1 + at * dreamed + step - 1 if step else 0
        assert shown_tile(view, 5, rows) == (tile % 5, tile // 5)
        assert shown_tile(photo, 5, rows) == (0, 0), "the original stays beside it"
        assert view.get_attribute("aria-label") == said.inner_text()
        if step:
            name, count = (s.get_attribute("aria-valuetext") for s in (layer, steps))
            assert said.inner_text() == f"What {name} sees after {count} steps in every octave."
        else:
            assert said.inner_text() == "The photograph."

    agrees()
    for slider in (layer, steps):
        for key in ("Home", "ArrowRight", "End"):
            slider.press(key)
            agrees()
    steps.press("Home")
    agrees()


@sizes_and_themes
def test_style_explorer(open_page, width, theme):
    page = open_page("chapters/style.html", width=width, theme=theme)
    widget = find_widget(page, "Style explorer")
    weight, steps = (
        widget.get_by_label("Content weight", exact=True),
        widget.get_by_label("Steps", exact=True),
    )
    views, said = widget.locator(".cw-sprite"), widget.locator(".cw-said")
    assert views.count() == 3
    stages = 1 + int(steps.get_attribute("max"))
    rows = -(-(2 + stages * (1 + int(weight.get_attribute("max")))) // 4)
    assert [shown_tile(views.nth(n), 4, rows) for n in (0, 1)] == [(0, 0), (1, 0)]
    view = views.nth(2)
    assert loaded(view)

    def agrees():
        tile = 2 + int(weight.input_value()) * stages + int(steps.input_value())
        assert shown_tile(view, 4, rows) == (tile % 4, tile // 4)
        assert view.get_attribute("aria-label") == said.inner_text()
        w, n = (s.get_attribute("aria-valuetext") for s in (weight, steps))
        assert said.inner_text().startswith(f"Content weight {w}, {n} steps: content cost ")
        return [float(cost) for cost in re.findall(r"cost (\d+\.\d\d)", said.inner_text())]

    agrees()
    ends = []
    steps.press("End")
    for key in ("Home", *("ArrowRight",) * 3):
        weight.press(key)
        ends.append(agrees())
    content, style = zip(*ends, strict=True)
    assert content == tuple(sorted(content, reverse=True)), "more weight, less content cost"
    assert style == tuple(sorted(style))
    steps.press("Home")
    agrees()


@sizes_and_themes
def test_attribution_explorer(open_page, width, theme):
    page = open_page("chapters/attribution.html", width=width, theme=theme)
    widget = find_widget(page, "Attribution explorer")
    method, target = (
        widget.get_by_label("Method", exact=True),
        widget.get_by_label("Explain", exact=True),
    )
    cover = widget.get_by_label("Map covers", exact=True)
    methods = method.locator("option").all_inner_texts()
    classes = target.locator("option").all_inner_texts()
    photo, heat = widget.locator(".cw-sprite").first, widget.locator(".cw-sprite").last
    assert loaded(photo)
    assert loaded(heat)
    rows = -(-len(methods) * len(classes) // 4)
    # The map lies on the picture, whatever the width of the page.
    assert photo.bounding_box() == heat.bounding_box()
    shares = {}
    for m, name in enumerate(methods):
        method.select_option(label=name)
        for k, label in enumerate(classes):
            target.select_option(label=label)
            tile = m * len(classes) + k
            assert shown_tile(heat, 4, rows) == (tile % 4, tile // 4)
            said = widget.locator(".cw-said").inner_text()
            assert said.startswith(f"{name}: why {label}? ")
            assert heat.get_attribute("aria-label") == f"{name}: why {label}?"
            shares[name, label] = float(re.search(r"([\d.]+)% of the map", said)[1])
    assert shares["Grad-CAM, head", "tiger cat"] < 35 < 75 < shares["Grad-CAM, head", "espresso"]
    for key, opacity in (("Home", 0), ("ArrowRight", 0.1), ("End", 1)):
        cover.press(key)
        assert float(heat.evaluate("(v) => getComputedStyle(v).opacity")) == pytest.approx(opacity)
        assert cover.get_attribute("aria-valuetext") == f"{round(100 * opacity)}%"
