"""The reader study explorer's draws and their spread against `course_lib.reader_studies`."""

import json

import numpy as np
import pytest

from course_lib.reader_studies import compare_modalities
from course_lib.widgets import ReaderStudyExplorer
from tests.widget_samples import SAMPLES


@pytest.fixture(scope="module")
def widget():
    return SAMPLES["ReaderStudyExplorer"]()


@pytest.fixture(scope="module")
def data(widget):
    return widget.data


def a_study(seed=0, n=40):
    rng = np.random.default_rng(seed)
    y_true = np.repeat([1, 0], n // 2)
    gain = rng.uniform(-0.5, 1, (4, 1))
    skill = np.array([1 + gain, np.ones((4, 1))])
    return y_true, rng.normal(size=(2, 4, n)) + skill * y_true


def test_readers_drawn_bring_their_own_difference(data):
    original = np.array(data["original"])
    readers, _, both = np.array(data["drawn"])
    np.testing.assert_array_equal(data["differences"][0], original[readers])
    # Who is drawn twice with other cases has one area in them.
    for drawn, values in zip(both, data["differences"][2], strict=True):
        assert len(set(zip(drawn, values, strict=True))) == len(set(drawn))
    # Everybody is drawn, nobody always.
    counts = np.array([np.bincount(drawn, minlength=9) for drawn in readers])
    assert counts.mean() == 1
    assert 0.7 < counts.mean(axis=0).min() < counts.mean(axis=0).max() < 1.3


def test_readers_of_other_cases_are_all_there(data):
    assert (np.array(data["drawn"][1]) == np.arange(9)).all()
    of_cases = np.array(data["differences"][1])
    np.testing.assert_allclose(of_cases.mean(axis=0), data["original"], atol=0.015)


def test_it_spreads_about_as_the_formula_says(data):
    spread = [row[-1] for row in data["spread"]]
    shrunk = np.array(data["errors"])
    shrunk[0] *= np.sqrt(8 / 9)
    np.testing.assert_allclose(spread, shrunk, rtol=0.25)


def test_standard_errors_are_those_of_the_three_populations():
    study = a_study()
    data = ReaderStudyExplorer(*study, studies=3).data
    populations = [("random", "fixed"), ("fixed", "random"), ("random", "random")]
    errors = [compare_modalities(*study, *population).se for population in populations]
    assert data["errors"] == pytest.approx(errors, abs=5.1e-5)


def test_bins_count_what_they_hold(data):
    edges, means, bins = (np.array(data[name]) for name in ("edges", "means", "bins"))
    assert 0 in edges
    np.testing.assert_allclose(np.diff(edges), edges[1] - edges[0])
    assert (edges[bins] <= means + 1e-12).all()
    assert (means < edges[bins + 1] + 1e-12).all()
    ahead, exact = np.array(data["ahead"])[:, -1], np.mean(data["differences"], axis=2)
    np.testing.assert_array_equal(ahead, (exact > 0).sum(axis=1))
    np.testing.assert_array_equal(ahead, (bins >= np.flatnonzero(edges == 0)[0]).sum(axis=1))
    assert all(row[0] is None for row in data["spread"])


def test_readers_without_a_mistake_have_no_standard_error():
    y_true = np.repeat([0, 1], 6)
    with pytest.warns(UserWarning, match="do not vary"):
        shown = ReaderStudyExplorer(y_true, np.tile(y_true, (2, 2, 1)), studies=2)
    assert shown.data["errors"] == [None] * 3
    assert "undefined" in shown.fallback()


def test_the_same_seed_draws_the_same(widget):
    other = SAMPLES["ReaderStudyExplorer"]()
    assert widget.html() == other.html()
    assert json.loads(json.dumps(widget.data)) == widget.data
    assert len(widget.html()) < 80_000
    study = a_study()
    assert ReaderStudyExplorer(*study, studies=4).data != (
        ReaderStudyExplorer(*study, studies=4, seed=1).data
    )


def test_bad_numbers_of_studies_are_refused():
    for bad in (1, 201, "many"):
        with pytest.raises(ValueError, match="studies"):
            ReaderStudyExplorer(*a_study(), studies=bad)


def test_fallback_is_one_row_for_each_kind_of_draw(widget):
    shown = widget.fallback()
    assert shown.count("<tr>") == 4
    assert "radiologists ahead, of 100 studies" in shown
    assert "id=" not in shown
