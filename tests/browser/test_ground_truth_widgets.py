"""The widget of the ground-truth chapter, driven by mouse and keyboard, against `course_lib`."""

import pytest

from course_lib import raters
from course_lib.widgets import ConsensusExplorer
from tests.browser.driving import find_widget, predict, sizes_and_themes

pytestmark = pytest.mark.of_pages_alone


@sizes_and_themes
def test_consensus_explorer(open_page, width, theme):
    page = open_page("chapters/ground_truth.html", width=width, theme=theme)
    widget = find_widget(page, "Consensus explorer")
    found, alarms = (raters.positive_votes(9, share, 0.8)[5:].sum() for share in (0.8, 0.1))
    place = predict(page, widget, 90, found, "{:.2f}".format)
    assert place == pytest.approx([alarms, 0.9], abs=1e-3)
    data = ConsensusExplorer().data
    names = ("Readers", "Quorum", "Sensitivity", "Specificity", "Correlation")
    sliders = {name: widget.get_by_label(name, exact=True) for name in names}

    def agrees():
        n, k, i, j, c = (int(sliders[name].input_value()) for name in names)
        said = widget.locator(".cw-said").inner_text()
        missed, alarms = data["missed"][c][i], data["alarms"][c][j]
        wrong, alone = missed[n][k] + alarms[n][k], missed[0][0] + alarms[0][0]
        assert f"Quorum {k + 1} of {data['panels'][n]}:" in said
        assert f"wrong about {wrong} of 1,000 patients, one reader about {alone}." in said
        assert said.endswith(f"kappa {data['kappa'][c][i][j]:.2f}.")
        cells = widget.locator("td").all_text_contents()
        assert (cells[4], cells[9]) == (str(alone), str(wrong))
        for cell, name, r in ((cells[5], "sensitivity", i), (cells[6], "specificity", j)):
            share = data[name][c][r][n][k]
            if 0.005 <= share < 0.995:
                assert float(cell) == pytest.approx(share, abs=0.00501)
            else:
                assert cell in ("> 0.99", "< 0.01")
        bars = widget.locator("svg").first.locator("rect:not(.cw-frame, .cw-stripe-ground)")
        assert bars.count() == 2 * (data["panels"][n] + 1)
        return dict(zip(names, (n, k, i, j, c), strict=True))

    assert agrees()["Quorum"] == 1
    for name in names:
        sliders[name].focus()
        page.keyboard.press("ArrowRight")
        agrees()
        sliders[name].press("Home")
        assert agrees()[name] == 0
        sliders[name].press("End")
        agrees()
    # Another number of readers starts at its majority, and no quorum exceeds the readers.
    sliders["Readers"].press("Home")
    sliders["Readers"].press("End")
    assert agrees()["Quorum"] == 4
    sliders["Quorum"].press("End")
    assert agrees()["Quorum"] == 8
    sliders["Readers"].press("Home")
    assert agrees()["Quorum"] == 0
    sliders["Quorum"].press("End")
    assert agrees()["Quorum"] == 0
    box = sliders["Correlation"].bounding_box()
    page.mouse.click(box["x"] + 2, box["y"] + box["height"] / 2)
    assert agrees()["Correlation"] == 0
