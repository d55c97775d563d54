"""The widgets of the U-Net chapter, against their own data."""

import json
import re

import pytest

from tests.browser.driving import find_widget, predict

pytestmark = pytest.mark.of_pages_alone


def test_epoch_explorer(open_page):
    page = open_page("chapters/unet.html", width=375, theme="dark")
    widget = find_widget(page, "Epoch explorer")
    [script] = page.locator(
        ".cw-host[data-label='Epoch explorer'] ~ script:not([src])"
    ).all_inner_texts()
    data = json.loads(re.search(r'^const shown = (\{"data".*);$', script, re.MULTILINE)[1])["data"]
    columns = len(data["thresholds"]) + 1
    at_half = data["scores"][data["thresholds"].index(0.5) :: columns]
    # Where pixel Dice is at its best for the first time
    iterations, (_, _, tp, fp, fn) = min(
        zip(data["iterations"], at_half, strict=True), key=lambda one: -one[1][0]
    )
    place = predict(page, widget, 90, 2 * tp / (2 * tp + fp + fn), "{:.2f}".format)
    assert place == pytest.approx([iterations / data["iterations"][-1], 0.9], abs=1e-3)


@pytest.mark.parametrize(("width", "theme"), [(375, "dark"), (1280, "light")])
def test_architecture_explorer(open_page, width, theme):
    page = open_page("chapters/unet.html", width=width, theme=theme)
    widget = find_widget(page, "Architecture explorer")
    step = widget.get_by_label("Step", exact=True)
    skips = widget.get_by_label("Skip connections", exact=True)
    shown = "(root) => [...root.querySelectorAll('.cw-made use')].map((use) => use.href.baseVal)"
    heard = "(root) => [...root.querySelectorAll('.cw-said')].map((e) => e.textContent).join(' ')"
    drawn = "(root) => [...root.querySelectorAll('.cw-u use')].filter((e) => e.getBBox().width)"
    assert widget.evaluate(f"async (root) => ({drawn})(root).length") >= 25
    # Every name of a tile leads to one, in a sheet that the browser can decode.
    assert widget.evaluate(
        """async (root) => {
          const uses = [...root.querySelectorAll("use")].map((use) => use.href.baseVal);
          const sheets = [...root.querySelectorAll("image")].map((one) => one.href.baseVal);
          for (const source of sheets) {
            const picture = new Image();
            picture.src = source;
            await picture.decode();
          }
          return sheets.length === 4 && uses.every((name) => root.querySelector(name));
        }"""
    )
    image, answer, *maps = widget.evaluate(shown)
    skips.select_option("set to 0")
    assert widget.evaluate(shown)[0] == image, "the original stays"
    assert widget.evaluate(shown)[1] != answer
    assert widget.evaluate(shown)[2:4] != maps[:2]
    assert "Outlines are what the skips bring" in widget.evaluate(heard)
    step.press("Home")
    assert widget.evaluate(shown)[2] == image, "the first step is the image"
    step.press("ArrowRight")
    assert "Step 1 of 24, level 0: 3×3 convolution" in widget.evaluate(heard)
    assert widget.locator(".cw-made rect").count() == 2
    # Not the group: its box counts the sheets behind the tiles.
    widget.locator(".cw-u g").last.locator("rect").last.click()
    assert "Step 24 of 24" in widget.evaluate(heard)
    widget.get_by_label("Network", exact=True).select_option("the paper's, unpadded")
    assert widget.locator(".cw-made").is_hidden()
    assert skips.is_hidden()
    step.press("End")
    assert "Step 31 of 31" in widget.evaluate(heard)
