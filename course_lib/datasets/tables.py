"""Published tables, and features that were measured once."""

from typing import NamedTuple

import numpy as np
from sklearn.datasets import load_breast_cancer


class Masses(NamedTuple):
    """Features of breast masses, and whether they were cancer."""

    X: np.ndarray
    y_true: np.ndarray
    feature_names: tuple[str, ...]


def breast_masses():
    """569 breast masses: nuclei measured in a fine-needle aspirate, cancer confirmed by biopsy.

    Returns
    -------
    Masses
        ``X`` (569, 30) float, ``y_true`` (569,) int, 1 = malignant (212), 0 = benign (357).

    References
    ----------
    Street, Wolberg & Mangasarian 1993, "Nuclear feature extraction for breast tumor diagnosis",
    Proc. SPIE 1905:861. The copy that scikit-learn carries codes malignant as 0; here it is 1.
    """
    data = load_breast_cancer()
    return Masses(data.data, (data.target == 0).astype(int), tuple(data.feature_names))


#: Those of `two_feature_masses`.
TWO_FEATURES = ("mean radius", "mean concave points")


def two_feature_masses():
    """Two standardized features of the breast masses, and malignancy centered at 0.

    Returns
    -------
    tuple of (X, y)
        284 women to train on, then 285 others; X (n, 2) is standardized and y centered with the
        mean and standard deviation of the first, so that no bias is needed.
    """
    masses = breast_masses()
    order = np.random.default_rng(0).permutation(len(masses.y_true))
    X = masses.X[:, [masses.feature_names.index(name) for name in TWO_FEATURES]][order]
    y = 2.0 * masses.y_true[order] - 1
    seen = slice(None, len(y) // 2)
    X = (X - X[seen].mean(0)) / X[seen].std(0)
    y = y - y[seen].mean()
    return (X[seen], y[seen]), (X[len(y) // 2 :], y[len(y) // 2 :])


class Ratings(NamedTuple):
    """Votes (cases, columns), and who gave each column."""

    votes: np.ndarray
    raters: np.ndarray


def dawid_skene_1979():
    """45 patients, judged by five anesthetists; the first judged each of them three times.

    Returns
    -------
    Ratings
        ``votes`` (45, 7) int, fitness for a general anesthetic in four grades, 1 to 4, nothing
        missing; ``raters`` is 1, 1, 1, 2, 3, 4, 5.

    References
    ----------
    Dawid & Skene 1979, "Maximum likelihood estimation of observer error-rates using the EM
    algorithm", Appl Stat 28:20, Table 1.
    """
    patients = (
        "1111111 3334334 1122122 2223121 2223222 2223322 1122111 3333433 2222223 2322223 4444444 "
        "2223343 1111111 2223212 1211111 1112111 1111111 1111111 2222221 2221322 2222222 2222221 "
        "2223222 2212222 1111111 1111111 2322222 1111111 1111111 1121121 1111111 3333233 1111111 "
        "2222222 2223232 4334343 2212232 2323233 3333432 1111111 1111111 1212111 2322222 1211111 "
        "2222222"
    )
    return Ratings(_digits(patients), np.array([1, 1, 1, 2, 3, 4, 5]))


def fleiss_1971():
    """30 psychiatric patients, each diagnosed by six psychiatrists, not the same ones throughout.

    Returns
    -------
    ndarray of int, shape (30, 6)
        1 depression, 2 personality disorder, 3 schizophrenia, 4 neurosis, 5 other. The paper
        gives counts, so a column is not a person.

    References
    ----------
    Fleiss 1971, "Measuring nominal scale agreement among many raters", Psychol Bull 76:378,
    Table 1; its kappa is 0.430.
    """
    return _digits(
        "444444 222555 233335 555555 222444 113333 333355 113334 114444 555555 144444 124444 "
        "222333 144444 224445 333335 111455 111112 224444 133555 555555 244444 224555 114444 "
        "144445 222224 111155 224444 133333 555555"
    )


class RatingCounts(NamedTuple):
    """How many diseased and how many normal cases received each rating, from the lowest up."""

    disease: np.ndarray
    normal: np.ndarray


def hanley_mcneil_1982():
    """109 CT images of the head, rated by one reader; 51 patients were abnormal.

    Returns
    -------
    RatingCounts
        ``disease`` and ``normal`` (5,) int, cases rated 1 definitely normal, 2 probably normal,
        3 questionable, 4 probably abnormal, 5 definitely abnormal.

    References
    ----------
    Hanley & McNeil 1982, "The meaning and use of the area under a receiver operating characteristic
    (ROC) curve", Radiology 143:29, Table I; its area is 0.893 with a standard error of 0.032.
    """
    return RatingCounts(np.array([3, 2, 2, 11, 33]), np.array([33, 6, 6, 11, 2]))


def _digits(words):
    return np.array([list(word) for word in words.split()], int)
