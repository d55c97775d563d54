"""`course_lib.free_response` against a published analysis, brute force and the ROC curve."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from course_lib import datasets
from course_lib.free_response import afroc_auc, froc


def a_study(seed):
    """Some marks, several on one lesion, with ties; diseased cases of one to three lesions."""
    rng = np.random.default_rng(seed)
    n_normal, lesions = 5, rng.integers(1, 4, 4)
    case = rng.integers(1, 10, rng.integers(0, 25))
    most = np.r_[np.zeros(n_normal, int), lesions][case - 1]
    return case, rng.integers(0, most + 1), rng.integers(0, 4, len(case)), n_normal, lesions


def test_tony_as_published():
    """RJafroc's wAFROC areas of five radiologists with two machines."""
    study = datasets.tony_2011()
    published = {
        "BT": [0.76027037, 0.84061915, 0.81715239, 0.81530899, 0.8278324],
        "DM": [0.64258544, 0.70499766, 0.7518434, 0.77244265, 0.68369616],
    }
    for machine, areas in published.items():
        for reader, area in enumerate(areas, 1):
            own = (study.modality == machine) & (study.reader == reader)
            marks = study.case[own], study.lesion[own], study.rating[own]
            assert afroc_auc(*marks, study.n_normal, study.lesions) == pytest.approx(area, abs=6e-9)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), weighted=st.booleans())
def test_it_is_the_share_of_pairs_won(seed, weighted):
    case, lesion, rating, n_normal, lesions = a_study(seed)

    def highest(of_case, of_lesion):
        own = (case == of_case) & (lesion == of_lesion)
        return max(rating[own], default=-np.inf)

    won = total = 0
    for at, count in enumerate(lesions, n_normal + 1):
        for number in range(1, count + 1):
            for normal in range(1, n_normal + 1):
                mark, false = highest(at, number), highest(normal, 0)
                weight = 1 / count if weighted else 1
                won += weight * (1 if mark > false else 0.5 if mark == false else 0)
                total += weight
    assert afroc_auc(case, lesion, rating, n_normal, lesions, weighted) == pytest.approx(
        won / total
    )


def test_with_one_right_mark_a_case_it_is_the_roc_area():
    rng = np.random.default_rng(0)
    rating = np.r_[rng.integers(0, 5, 20), rng.integers(1, 6, 15)]
    y_true = np.repeat([0, 1], [20, 15])
    for weighted in (True, False):
        area = afroc_auc(np.arange(1, 36), y_true, rating, 20, np.ones(15, int), weighted)
        assert area == pytest.approx(roc_auc_score(y_true, rating))


def test_nobody_marks_anything():
    assert afroc_auc([], [], [], 3, [1, 2]) == 0.5


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"case": [1, 4, 5]}, r"^case must hold whole numbers from 1 to 4"),
        ({"case": [1, 3, 0]}, r"^case must hold"),
        ({"lesion": [1, 1, 2]}, r"^lesion must hold 0, or the number of a lesion that the case"),
        ({"lesion": [0, -1, 2]}, r"^lesion must hold"),
        ({"lesion": [0, 0.5, 2]}, r"^lesion must hold"),
        ({"rating": [1, np.nan, 2]}, r"^rating must be finite"),
        ({"rating": [1, 2]}, r"case, lesion, rating must have the same length"),
        ({"n_normal": 0}, r"n_normal"),
        ({"lesions": [1, 0]}, r"^lesions must be at least 1"),
    ],
)
def test_marks_of_nothing_are_refused(change, said):
    good = {"case": [1, 3, 4], "lesion": [0, 1, 2], "rating": [1, 2, 3]}
    good |= {"n_normal": 2, "lesions": [1, 2]}
    afroc_auc(**good)
    with pytest.raises(ValueError, match=said):
        afroc_auc(**(good | change))


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_froc_counts_at_every_threshold(seed):
    case, lesion, rating, n_normal, lesions = a_study(seed)
    curve = froc(case, lesion, rating, n_normal, lesions)
    assert (curve.thresholds[0], curve.sensitivity[0], curve.false_marks[0]) == (np.inf, 0, 0)
    assert set(curve.thresholds[1:]) == set(rating)
    for threshold, false, found in zip(
        curve.thresholds, curve.false_marks, curve.sensitivity, strict=True
    ):
        shown = rating >= threshold
        hits = set(zip(case[shown & (lesion > 0)], lesion[shown & (lesion > 0)], strict=True))
        assert found == pytest.approx(len(hits) / lesions.sum())
        assert false == pytest.approx(np.sum(shown & (lesion == 0)) / (n_normal + len(lesions)))
    for bearable in (0, 0.1, 1, 100):
        allowed = curve.false_marks <= bearable
        assert curve.at(bearable) == curve.sensitivity[allowed].max()


def test_froc_of_tony_ends_at_the_share_of_lesions_marked():
    study = datasets.tony_2011()
    own = (study.modality == "BT") & (study.reader == 1)
    marks = study.case[own], study.lesion[own], study.rating[own]
    curve = froc(*marks, study.n_normal, study.lesions)
    hit = study.lesion[own] > 0
    pairs = set(zip(study.case[own][hit], study.lesion[own][hit], strict=True))
    assert curve.sensitivity[-1] == len(pairs) / study.lesions.sum()
    assert curve.false_marks[-1] == np.sum(~hit) / (study.n_normal + len(study.lesions))
    with pytest.raises(ValueError, match=r"^false_marks must be finite and not negative"):
        curve.at(-1)
