"""Data that the book carries, against what was published about it."""

import csv
from collections import Counter
from importlib.util import find_spec

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

from course_lib import datasets


@pytest.fixture
def published(shared_data):
    """``published(name)``: the rows of a table as it was transcribed elsewhere."""

    def rows(name):
        with shared_data(name).open(encoding="utf-8") as file:
            return list(csv.DictReader(file))

    return rows


# Breast masses ----------------------------------------------------------------------------------


def test_breast_masses_are_complete_and_finite():
    masses = datasets.breast_masses()
    assert masses.X.shape == (569, 30)
    assert np.isfinite(masses.X).all()
    assert masses.y_true.shape == (569,)
    assert masses.y_true.dtype.kind == "i"
    assert len(set(masses.feature_names)) == 30
    assert Counter(masses.y_true.tolist()) == {1: 212, 0: 357}


def test_malignant_is_1():
    # The first malignant and the first benign patient of the published file.
    X, y_true, names = datasets.breast_masses()
    first_malignant, first_benign = X[np.argmax(y_true == 1)], X[np.argmax(y_true == 0)]
    assert first_malignant[:4].tolist() == [17.99, 10.38, 122.8, 1001]
    assert first_benign[:4].tolist() == [13.54, 14.36, 87.46, 566.3]
    assert list(names[:4]) == ["mean radius", "mean texture", "mean perimeter", "mean area"]
    assert X[y_true == 1, 0].mean() > X[y_true == 0, 0].mean(), "cancer nuclei are larger"
    assert roc_auc_score(y_true, X[:, names.index("worst perimeter")]) > 0.95


def test_a_caller_cannot_spoil_the_masses_for_the_next_one():
    datasets.breast_masses().X[:] = 0
    datasets.breast_masses().y_true[:] = 0
    assert datasets.breast_masses().X.min(axis=0).max() > 0
    assert datasets.breast_masses().y_true.sum() == 212


# Ratings ----------------------------------------------------------------------------------------


def test_dawid_skene_1979_is_the_published_table(published):
    found, rows = datasets.dawid_skene_1979(), published("dawid_skene_1979.csv")
    assert found.votes.shape == (45, 7)
    ours = Counter(
        (patient, rater, vote)
        for patient, votes in enumerate(found.votes.tolist(), start=1)
        for rater, vote in zip(found.raters.tolist(), votes, strict=True)
    )
    assert ours == Counter((int(r["item"]), int(r["rater"]), int(r["rating"])) for r in rows)


def test_fleiss_1971_has_the_published_kappa():
    votes = datasets.fleiss_1971()
    assert votes.shape == (30, 6)
    assert set(np.unique(votes)) == {1, 2, 3, 4, 5}
    counts, _ = aggregate_raters(votes)
    # Totals of the five diagnoses in the paper's Table 1.
    assert counts.sum(axis=0).tolist() == [26, 26, 30, 55, 43]
    assert round(fleiss_kappa(counts), 3) == 0.430


def test_hanley_mcneil_1982_has_the_published_area():
    table = datasets.hanley_mcneil_1982()
    assert (table.disease.sum(), table.normal.sum()) == (51, 58)
    y_true = np.repeat([1, 0], [51, 58])
    rating = np.r_[np.repeat(range(5), table.disease), np.repeat(range(5), table.normal)]
    assert round(roc_auc_score(y_true, rating), 3) == 0.893


# Pictures ---------------------------------------------------------------------------------------


@pytest.mark.skipif(find_spec("stardist") is None, reason="needs the files in stardist's wheel")
def test_nuclei_match_their_labels():
    image, labels = datasets.nuclei()
    assert image.shape == labels.shape == (512, 512)
    assert 0 <= image.min() < image.max() <= 1
    assert len(np.unique(labels)) - 1 == 125
    assert image[labels > 0].mean() > 2 * image[labels == 0].mean()


def test_histology_in_its_colors():
    image = datasets.histology("DAB")
    assert image.shape == (512, 512, 3)
    assert image.min() >= 0
    assert image.max() <= 1
    red, _, blue = image.mean((0, 1))
    assert red > blue, "brown"
    with pytest.raises(ValueError, match="stain must be one of H&E, DAB, got 'PAS'"):
        datasets.histology("PAS")


@pytest.mark.skipif(find_spec("stardist") is None, reason="needs the files in stardist's wheel")
def test_hematoxylin_and_eosin():
    image = datasets.histology("H&E")
    assert image.shape == (300, 500, 3)
    assert image.min() >= 0
    assert image.max() <= 1
    red, green, blue = image.mean((0, 1))
    assert min(red, blue) > green, "purple"


@pytest.mark.parametrize("name", datasets.PHOTOS)
def test_photos_are_square_pictures(name):
    picture = datasets.photo(name, size=48)
    assert picture.shape == (48, 48, 3)
    assert 0 <= picture.min() < picture.max() <= 1
    assert picture.std() > 0.02


def test_an_unknown_photo_is_named():
    with pytest.raises(ValueError, match=r"^name must be one of astronaut, .*got 'dog'"):
        datasets.photo("dog")
