"""The widget of the U-Net chapter that asks for a guess, against its own counts."""

import json
import re

import pytest

from tests.browser.driving import find_widget, predict


def test_epoch_explorer(open_page):
    page = open_page("chapters/unet.html", width=375, theme="dark")
    widget = find_widget(page, "Epoch explorer")
    [script] = page.locator(".cw-host[data-label='Epoch explorer'] ~ script").all_inner_texts()
    data = json.loads(re.search(r"^const shown = (.*);$", script, re.MULTILINE)[1])["data"]
    columns = len(data["thresholds"]) + 1
    at_half = data["scores"][data["thresholds"].index(0.5) :: columns]
    # Where pixel Dice is at its best for the first time
    iterations, (_, _, tp, fp, fn) = min(
        zip(data["iterations"], at_half, strict=True), key=lambda one: -one[1][0]
    )
    place = predict(page, widget, 90, 2 * tp / (2 * tp + fp + fn), "{:.2f}".format)
    assert place == pytest.approx([iterations / data["iterations"][-1], 0.9], abs=1e-3)
