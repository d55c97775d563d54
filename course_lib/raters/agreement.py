"""How far readers agree, beyond what chance would give: kappa and its relatives."""

from typing import NamedTuple

import numpy as np
from scipy import stats

from .._undefined import undefined
from .._validation import as_choice, as_count, as_level, as_vector, as_votes, same_length


class Agreement(NamedTuple):
    """A coefficient of agreement, ``value = (observed - expected) / (1 - expected)``.

    Attributes
    ----------
    value : float
        1: they agree on every case; 0: as often as by chance; below 0: less often than that.
    interval : tuple of float
        ``(low, high)`` at the level that was asked for.
    observed, expected : float
        The agreement seen, and that which these readers would reach by chance.
    standard_error : float
    """

    value: float
    interval: tuple[float, float]
    observed: float
    expected: float
    standard_error: float


def cohen_kappa(first, second, *, weights=None, level=0.95):
    """Cohen's kappa: agreement of two raters beyond chance.

    Parameters
    ----------
    first, second : array_like, shape (cases,)
        Category codes of the two raters. A case that one of them left out (-1 or NaN) is left out.
    weights : {None, "linear", "quadratic"}
        How a disagreement counts: all alike, or with the distance between the two codes, or with
        its square. The distance is the difference of the codes, so ordered categories need codes
        at equal steps, and a category that nobody used changes nothing.
    level : float, default 0.95

    Returns
    -------
    Agreement
        All NaN but `observed` and `expected`, with one warning, if both raters put every case in
        one and the same category. The interval is asymptotic: at perfect agreement it has no
        width, which says nothing about the next case.

    Raises
    ------
    ValueError
        If the lengths differ, a code is invalid, or the raters have no case in common.

    References
    ----------
    Cohen 1960, Educ Psychol Meas 20:37; weighted: Cohen 1968, Psychol Bull 70:213. Variance:
    Fleiss, Cohen & Everitt 1969, Psychol Bull 72:323.
    """
    if weights not in (None, "linear", "quadratic"):
        raise ValueError(f"weights must be None, 'linear' or 'quadratic', got {weights!r}.")
    level = as_level(level)
    first, second = as_vector(first, "first"), as_vector(second, "second")
    same_length(first=first, second=second)
    codes, categories = as_votes(np.column_stack([first, second]), "first and second")
    codes = codes[(codes >= 0).all(axis=1)]
    if not len(codes):
        raise ValueError("first and second must have rated at least one case in common.")
    n, k = len(codes), len(categories)
    p = np.bincount(codes[:, 0] * k + codes[:, 1], minlength=k * k).reshape(k, k) / n
    w = 1 - _disagreement(categories, weights)
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    observed, expected = (w * p).sum(), rows @ w @ columns
    kappa = beyond_chance(observed, expected, "kappa")
    mean_weights = (w @ columns)[:, None] + w @ rows
    variance = (p * (w - mean_weights * (1 - kappa)) ** 2).sum()
    variance -= (kappa - expected * (1 - kappa)) ** 2
    error = np.sqrt(max(variance, 0) / n) / (1 - expected) if expected < 1 else np.nan
    return _agreement(kappa, observed, expected, error, level)


def fleiss_kappa(votes, *, level=0.95):
    """Fleiss' kappa: agreement of any number of raters beyond chance, on nominal categories.

    The raters need not be the same persons from case to case. Where their number differs between
    cases, every case counts once; cases with fewer than two ratings say nothing about agreement
    and are left out.

    Parameters
    ----------
    votes : array_like, shape (cases, raters)
        Category codes; -1 or NaN where missing.
    level : float, default 0.95

    Returns
    -------
    Agreement
        NaN, with one warning, if every rating is the same category. The interval treats the cases
        as a sample (delta method) and is NaN for a single case.

    Raises
    ------
    ValueError
        If no case has two ratings.

    References
    ----------
    Fleiss 1971, Psychol Bull 76:378. Interval: Gwet 2008, Br J Math Stat Psychol 61:29.
    """
    level = as_level(level)
    counts, _ = _rated_twice(votes)
    m = counts.sum(axis=1)
    shares = counts / m[:, None]
    agreement = (counts * (counts - 1)).sum(axis=1) / (m * (m - 1))
    p = shares.mean(axis=0)
    observed, expected = agreement.mean(), (p**2).sum()
    kappa = beyond_chance(observed, expected, "kappa")
    if len(counts) < 2 or expected == 1:
        return _agreement(kappa, observed, expected, np.nan, level)
    # To first order kappa is the mean of these values, one from each case.
    of_case = agreement - expected - 2 * (1 - kappa) * (shares @ p - expected)
    error = of_case.std(ddof=1) / (1 - expected) / np.sqrt(len(counts))
    return _agreement(kappa, observed, expected, error, level)


def krippendorff_alpha(votes, metric="nominal", *, level=0.95, resamples=2000, seed=0):
    """Krippendorff's alpha: agreement beyond chance for any scale, with ratings missing.

    Parameters
    ----------
    votes : array_like, shape (cases, raters)
        Category codes or values, 0 or larger; -1 or NaN where missing. Cases with fewer than two
        ratings are left out.
    metric : {"nominal", "ordinal", "interval", "ratio"}
        What makes two ratings far apart: being different; the ratings that lie between them; their
        squared difference; that, relative to their sum.
    level : float, default 0.95
    resamples, seed : int
        Of the bootstrap over cases that gives the interval (percentiles) and the standard error;
        resamples in which everybody said the same are left out.

    Returns
    -------
    Agreement
        `observed` and `expected` are 1 minus the mean distance, as a share of the largest one.
        NaN, with one warning, if every rating is the same.

    Raises
    ------
    ValueError
        If no case has two ratings, or `metric` is unknown.

    References
    ----------
    Krippendorff 2011, "Computing Krippendorff's alpha-reliability", University of Pennsylvania.
    """
    as_choice(metric, "metric", _DISTANCES)
    level, resamples = as_level(level), as_count(resamples, "resamples")
    counts, categories = _rated_twice(votes)
    observed, expected = _krippendorff(counts, categories, metric)
    alpha = beyond_chance(observed, expected, "alpha")
    rng = np.random.default_rng(seed)
    pairs = [
        _krippendorff(counts[rng.integers(len(counts), size=len(counts))], categories, metric)
        for _ in range(resamples)
    ]
    values = np.array([(o - e) / (1 - e) for o, e in pairs if e < 1])
    if not values.size:
        return Agreement(alpha, (np.nan, np.nan), float(observed), float(expected), np.nan)
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Agreement(
        alpha, (float(low), float(high)), float(observed), float(expected), float(values.std())
    )


def _krippendorff(counts, categories, metric):
    """Observed and expected agreement from the number of votes for each category, case by case."""
    m, totals = counts.sum(axis=1), counts.sum(axis=0)
    n = totals.sum()
    distance = _DISTANCES[metric](categories, totals)
    largest = distance.max()
    if largest == 0:
        return 1.0, 1.0
    coincidences = (counts / (m - 1)[:, None]).T @ counts
    observed = (coincidences * distance).sum() / n
    expected = totals @ distance @ totals / (n * (n - 1))
    return 1 - observed / largest, 1 - expected / largest


def _ordinal(categories, totals):
    middle = np.cumsum(totals) - totals / 2
    return (middle[:, None] - middle) ** 2


def _ratio(categories, totals):
    total = categories[:, None] + categories
    return ((categories[:, None] - categories) / np.where(total, total, 1)) ** 2


_DISTANCES = {
    "nominal": lambda categories, totals: (categories[:, None] != categories).astype(float),
    "ordinal": _ordinal,
    "interval": lambda categories, totals: (categories[:, None] - categories).astype(float) ** 2,
    "ratio": _ratio,
}


def _disagreement(categories, weights):
    """Distance between every two categories as a share of the largest one."""
    if weights is None or len(categories) == 1:
        return 1 - np.eye(len(categories))
    distance = np.abs(categories[:, None] - categories) / np.ptp(categories)
    return distance if weights == "linear" else distance**2


def _rated_twice(votes):
    """Votes for each category in the cases that have two or more, and the categories."""
    codes, categories = as_votes(votes, "votes")
    counts = count_votes(codes, len(categories))
    counts = counts[counts.sum(axis=1) >= 2]
    if not len(counts):
        raise ValueError("votes must hold at least one case with two ratings.")
    return counts, categories


def count_votes(codes, k):
    """Number of votes for each category, shape (cases, k)."""
    case, rater = np.nonzero(codes >= 0)
    flat = np.bincount(case * k + codes[case, rater], minlength=len(codes) * k)
    return flat.reshape(len(codes), k)


def beyond_chance(observed, expected, name):
    if expected == 1:
        return undefined(name, "with one category alone, agreement by chance is 1")
    return float((observed - expected) / (1 - expected))


def _agreement(value, observed, expected, error, level):
    half = stats.norm.ppf(0.5 + level / 2) * error
    interval = float(max(value - half, -1)), float(min(value + half, 1))
    return Agreement(value, interval, float(observed), float(expected), float(error))
