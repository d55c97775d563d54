"""Reader studies: is one modality better than another, in the hands of other readers too?

Several readers rate the same cases with both modalities. The analysis of variance of Obuchowski and
Rockette takes the readers' areas as its data; DeLong's covariances say how far the areas of one
sample of cases go up and down together.
"""

from typing import NamedTuple

import numpy as np
from scipy import stats

from ._undefined import undefined
from ._validation import as_array, as_binary, as_choice, as_level, both_classes
from .intervals import Interval
from .roc import _placements

_POPULATIONS = ("random", "fixed")
_COVARIANCES = ("delong", "jackknife")
_ROUNDING = 1e-28  # A variance of areas that is smaller is none.


class ReaderVariation(NamedTuple):
    """What two modalities' areas in the hands of r readers are made of.

    Attributes
    ----------
    auc : ndarray, shape (2, r)
        Area of each modality and reader.
    ms_t, ms_tr : float
        Mean squares of modality, and of modality by reader.
    var, cov1, cov2, cov3 : float
        Of the areas, over samples of cases: the variance, and the covariances of one reader's two
        modalities, of two readers with one modality, of two readers with different modalities.
    """

    auc: np.ndarray
    ms_t: float
    ms_tr: float
    var: float
    cov1: float
    cov2: float
    cov3: float


class ModalityComparison(NamedTuple):
    """Two modalities, the first minus the second; `statistic` is F with 1 and `df` degrees.

    `auc` (2, r) holds the area of each modality and reader.
    """

    auc: np.ndarray
    difference: float
    se: float
    interval: Interval
    statistic: float
    df: float
    p_value: float
    level: float
    readers: str
    cases: str

    def __repr__(self):
        low, high = self.interval
        first, second = self.auc.mean(axis=1)
        df = "∞" if np.isinf(self.df) else f"{self.df:.4g}"
        return (
            f"{self.readers} readers, {self.cases} cases: "
            f"AUC {first:.4f} - {second:.4f} = {self.difference:.4f}\n"
            f"    {100 * self.level:g}% [{low:.4f}, {high:.4f}], "
            f"F(1, {df}) = {self.statistic:.3f}, p = {self.p_value:.3g}"
        )


def compare_modalities(
    y_true, ratings, readers="random", cases="random", level=0.95, covariance="delong"
):
    """Compare the mean areas of two modalities whose cases were rated by the same readers.

    Parameters
    ----------
    y_true : array_like of {0, 1}, shape (n,)
        1 is diseased.
    ratings : array_like of float, shape (modalities, r, n)
        Each reader's rating of each case with each modality; larger means more likely diseased.
        The first two modalities are compared. A computer that is compared with the mean reader
        has one row for all: ``np.broadcast_arrays(readers, computer)``.
    readers, cases : {"random", "fixed"}
        Whether the answer is to hold for others like them (random), or for these alone (fixed).
    level : float, default 0.95
        Of the interval.
    covariance : {"delong", "jackknife"}
        How Cov2, … are estimated: class by class, or leaving out one of all cases at a time.

    Returns
    -------
    ModalityComparison
        ``auc, difference, se, interval, statistic, df, p_value, level, readers, cases``.

    Raises
    ------
    ValueError
        If there are fewer than two readers or a rating is missing; for one class only, or a single
        case of a class where cases are random; or if neither readers nor cases are random.

    Notes
    -----
    ``F = MS(T) / E`` with 1 and df degrees of freedom, and the difference has the standard error
    ``se = sqrt(2 E / r)``, where

    ======= ====== ============================================== =======================
    readers cases  E                                              df
    ======= ====== ============================================== =======================
    random  random ``MS(TR) + max(r (Cov2 - Cov3), 0)``           ``(r - 1) E² / MS(TR)²``
    random  fixed  ``MS(TR)``                                     ``r - 1``
    fixed   random ``Var - Cov1 + (r - 1) max(Cov2 - Cov3, 0)``   infinite
    ======= ====== ============================================== =======================

    Three modalities are three pairs. Where E is 0 (readers or cases do not vary in the difference),
    se, interval, F, df and p value are NaN, with one warning.

    References
    ----------
    Obuchowski & Rockette 1995, Commun Stat Simul Comput 24:285; df: Hillis 2007, Stat Med 26:596;
    fixed readers or cases: Hillis, Berbaum & Metz 2008, Acad Radiol 15:647.
    """
    readers = as_choice(readers, "readers", _POPULATIONS)
    cases = as_choice(cases, "cases", _POPULATIONS)
    level = as_level(level)
    as_choice(covariance, "covariance", _COVARIANCES)
    if readers == cases == "fixed":
        raise ValueError(
            "readers and cases must not both be fixed: then nothing is left to chance."
        )
    covariance = covariance if cases == "random" else None
    v = _variation(*_fully_crossed(y_true, ratings), covariance)
    r = v.auc.shape[1]
    shared = max(v.cov2 - v.cov3, 0) if cases == "random" else 0.0
    if readers == "random":
        error = v.ms_tr + r * shared
        df = (r - 1) * error**2 / v.ms_tr**2 if v.ms_tr > _ROUNDING else np.inf
    else:
        error, df = v.var - v.cov1 + (r - 1) * shared, np.inf
    difference = float(np.subtract(*v.auc.mean(axis=1)))
    if error < _ROUNDING:
        nan = undefined("the test of the difference", f"{_who(readers, cases)} do not vary in it")
        se, f, df, p_value, half = (nan,) * 5
    else:
        se, f = float(np.sqrt(2 * error / r)), v.ms_t / error
        p_value = float(2 * stats.t.sf(np.sqrt(f), df))
        half = stats.t.ppf((1 + level) / 2, df) * se
    interval = Interval(float(difference - half), float(difference + half))
    return ModalityComparison(
        v.auc, difference, se, interval, f, float(df), p_value, level, readers, cases
    )


def reader_variation(y_true, ratings, covariance="delong"):
    """The areas, mean squares and covariances from which `compare_modalities` is made.

    Parameters
    ----------
    y_true, ratings, covariance
        As in `compare_modalities`; both classes have at least two cases.

    Returns
    -------
    ReaderVariation
        ``auc, ms_t, ms_tr, var, cov1, cov2, cov3``.
    """
    as_choice(covariance, "covariance", _COVARIANCES)
    return _variation(*_fully_crossed(y_true, ratings), covariance)


def _variation(y_true, ratings, covariance):
    r = ratings.shape[1]
    placements = (_placements(y_true, own) for own in ratings.reshape(2 * r, -1))
    v10, v01 = map(np.array, zip(*placements, strict=True))
    theta = v10.mean(axis=1).reshape(2, r)
    ms_t = float(r * theta.mean(axis=1).var(ddof=1))
    residual = theta - theta.mean(axis=1, keepdims=True) - theta.mean(axis=0) + theta.mean()
    ms_tr = float((residual**2).sum() / (r - 1))
    if covariance is None:
        return ReaderVariation(theta, ms_t, ms_tr, *[np.nan] * 4)
    n_d, n_n = v10.shape[1], v01.shape[1]
    if min(n_d, n_n) < 2:
        raise ValueError(
            "y_true must hold two cases of each class or more: one shows no variation of cases."
        )
    if covariance == "delong":
        s = np.cov(v10) / n_d + np.cov(v01) / n_n
    else:
        # Without case i, an area changes by (θ - v_i) / (n - 1).
        s = (1 - 1 / len(y_true)) * (np.cov(v10) / (n_d - 1) + np.cov(v01) / (n_n - 1))
    s = s.reshape(2, r, 2, r)  # modality, reader, modality, reader
    same, different = (s[0, :, 0] + s[1, :, 1]) / 2, s[0, :, 1]
    others = ~np.eye(r, dtype=bool)  # pairs of two readers
    parts = same[~others], different[~others], same[others], different[others]
    return ReaderVariation(theta, ms_t, ms_tr, *(float(part.mean()) for part in parts))


def _fully_crossed(y_true, ratings):
    """Truth as booleans, and the ratings of the first two modalities (2, readers, cases)."""
    y_true = as_binary(y_true, "y_true")
    both_classes(y_true)
    ratings = as_array(ratings, "ratings", "an array (modalities, readers, cases)")
    if ratings.ndim != 3 or len(ratings) < 2 or ratings.shape[2] != len(y_true):
        raise ValueError(
            f"ratings must have the shape (modalities, readers, {len(y_true)}) of two modalities "
            f"or more, as y_true has {len(y_true)} cases, got shape {ratings.shape}."
        )
    if ratings.shape[1] < 2:
        raise ValueError(
            "ratings must hold two readers or more; for one, there is course_lib.roc.compare_auc."
        )
    if ratings.dtype.kind not in "biuf":
        raise ValueError(f"ratings must hold numbers, got {ratings.dtype}.")
    if not np.isfinite(ratings[:2]).all():
        raise ValueError(
            "ratings must be finite: every reader rates every case, but NaN or infinity is in them."
        )
    return y_true, ratings[:2].astype(float, copy=False)


def _who(readers, cases):
    return " and ".join(
        name for name, kind in (("readers", readers), ("cases", cases)) if kind == "random"
    )
