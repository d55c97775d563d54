"""Each fault of an axis is named, and a figure that says what it measures has none."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from course_lib import figures
from tests.notebooks.axes import faults


def good(scale="linear", **options):
    """A figure without fault, on which `options` are set."""
    with plt.rc_context():
        figures.set_style()
        figure = Figure()
        ax = figure.subplots()
        ax.plot([0.01, 0.5, 1], [0.01, 20, 1000])
        ax.set(xlabel="dose (g)", ylabel="time (s)", yscale=scale)
        ax.set(**options)
        return drawn(figure)


def drawn(figure):
    figure.draw_without_rendering()
    return figure


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_a_good_figure_has_no_fault(scale):
    assert faults(good(scale)) == []


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"xlabel": ""}, "no label"),
        ({"xlabel": "mm"}, "begins with a unit"),
        ({"xlabel": "µm along the axis"}, "begins with a unit"),
        ({"xticks": np.linspace(0, 1, 11)}, "11 numbers"),
        ({"xticks": [0, 0.125]}, "more than 2 decimals: 0.125"),
        ({"xticks": [0.1, 0.1 + 0.2], "xticklabels": [0.1, 0.1 + 0.2]}, "0.30000000000000004"),
        ({"xticks": [0.5, 0.501], "xticklabels": ["0.5", "0.6"]}, "upon each other: 0.5 0.6"),
    ],
)
def test_each_fault_is_named(options, fault):
    (said,) = faults(good(**options))
    assert fault in said
    assert said.startswith("xaxis")


def test_small_powers_of_ten_are_written_out():
    figure = Figure()
    figure.subplots().loglog([0.01, 1], [1, 10])
    said = faults(drawn(figure))
    assert sum("instead of digits" in each for each in said) == 2
    assert sum("no label" in each for each in said) == 2


def test_a_color_bar_needs_a_label():
    figure = Figure()
    ax = figure.subplots()
    bar = figure.colorbar(ax.imshow([[1, 2]]))
    ax.set_axis_off()
    (said,) = faults(drawn(figure))
    assert "no label" in said
    bar.set_label("weight")
    assert faults(figure) == []


def test_words_pictures_and_shared_axes_need_none():
    figure = Figure()
    words, picture, _ = figure.subplots(1, 3, sharey=True)
    words.bar([0, 1, 2], [1, 2, 3])
    words.set_xticks([0, 1, 2], ["a", "2", "c"])
    words.set_ylabel("patients")
    picture.set_xticks([])
    figure.axes[2].set_axis_off()
    assert faults(drawn(figure)) == []
