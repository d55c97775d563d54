"""How far readers agree, beyond what chance would give: kappa and its relatives."""

from typing import NamedTuple

import numpy as np

from .._undefined import undefined
from .._validation import (
    as_choice,
    as_count,
    as_level,
    as_vector,
    as_votes,
    same_length,
)
from ..intervals import (
    NO_INTERVAL,
    RESAMPLES,
    Interval,
    no_interval,
    wilson_interval,
    with_one_more,
)


class Agreement(NamedTuple):
    """A coefficient of agreement, ``value = (observed - expected) / (1 - expected)``.

    Attributes
    ----------
    value : float
        1: they agree on every case; 0: as often as by chance; below 0: less often than that.
    interval : tuple of float
        ``(low, high)`` at the level that was asked for: the Bayesian bootstrap over cases with one
        case more: for the lower end they differ on it, for the upper they agree on it in the
        rarest category (see `course_lib.intervals.with_one_more`). NaN, with one warning, for a
        single case.
    observed, expected : float
        The agreement seen, and that which these readers would reach by chance.
    standard_error : float
        NaN where the cases do not vary, which says nothing about the next one.
    """

    value: float
    interval: Interval
    observed: float
    expected: float
    standard_error: float


def cohen_kappa(first, second, *, weights=None, level=0.95, seed=0, resamples=RESAMPLES):
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
    seed, resamples : int
        Of the interval.

    Returns
    -------
    Agreement
        All NaN but `observed` and `expected`, with one warning, if both raters put every case in
        one and the same category.

    Raises
    ------
    ValueError
        If the lengths differ, a code is invalid, or the raters have no case in common.

    References
    ----------
    Cohen 1960, Educ Psychol Meas 20:37; weighted: Cohen 1968, Psychol Bull 70:213. Standard error:
    Fleiss, Cohen & Everitt 1969, Psychol Bull 72:323.
    """
    if weights is not None:
        as_choice(weights, "weights", ("linear", "quadratic"))
    table, categories = _cross_table(first, second)
    n, w = table.sum(), 1 - _disagreement(categories, weights)

    def agreement(table):
        p = table / table.sum(axis=(-2, -1), keepdims=True)
        chance = p.sum(axis=-1)[..., :, None] * p.sum(axis=-2)[..., None, :]
        return (w * p).sum(axis=(-2, -1)), (w * chance).sum(axis=(-2, -1))

    observed, expected = agreement(table)
    kappa = beyond_chance(observed, expected, "kappa")
    p = table / n
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    mean_weights = (w @ columns)[:, None] + w @ rows
    variance = (p * (w - mean_weights * (1 - kappa)) ** 2).sum()
    variance -= (kappa - expected * (1 - kappa)) ** 2
    error = np.sqrt(max(variance, 0) / n) / (1 - expected) if expected < 1 else np.nan

    def kappa_of(tables):
        observed, expected = agreement(tables.reshape(-1, *table.shape))
        return (observed - expected) / (1 - expected)

    extremes = _differing(rows, columns).ravel(), np.diag(_rarest(rows + columns)).ravel()
    draws = {"level": level, "seed": seed, "resamples": resamples}
    return _agreement(
        kappa, observed, expected, error, n, (kappa_of, table.ravel(), extremes), draws
    )


def prevalence_adjusted_kappa(first, second, *, level=0.95):
    """PABAK: what kappa would be if all categories were equally frequent.

    Where nearly all cases are normal, two readers who agree on nearly all of them may have a small
    kappa. ``PABAK = (k p_o - 1) / (k - 1)`` looks at the agreement p_o and the number k of
    categories alone; with two, it is ``2 p_o - 1``. Report it beside kappa, not in its place.

    Parameters
    ----------
    first, second : array_like, shape (cases,)
        As in `cohen_kappa`.
    level : float, default 0.95

    Returns
    -------
    Agreement
        The interval is Wilson's of p_o, rescaled. NaN, with one warning, if one category alone
        occurs.

    References
    ----------
    Byrt, Bishop & Carlin 1993, J Clin Epidemiol 46:423.
    """
    table, categories = _cross_table(first, second)
    n, k, agreed = table.sum(), len(categories), int(np.trace(table))
    low, high = wilson_interval(agreed, int(n), level)
    observed, expected = agreed / n, 1 / k
    value = beyond_chance(observed, expected, "kappa")
    if k == 1:
        return Agreement(value, NO_INTERVAL, observed, expected, np.nan)
    error = np.sqrt(observed * (1 - observed) / n) / (1 - expected)
    interval = Interval(*((end - expected) / (1 - expected) for end in (low, high)))
    return Agreement(value, interval, observed, expected, float(error) or np.nan)


def fleiss_kappa(votes, *, level=0.95, seed=0, resamples=RESAMPLES):
    """Fleiss' kappa: agreement of any number of raters beyond chance, on nominal categories.

    The raters need not be the same persons from case to case. Where their number differs between
    cases, every case counts once; cases with fewer than two ratings say nothing about agreement
    and are left out.

    Parameters
    ----------
    votes : array_like, shape (cases, raters)
        Category codes; -1 or NaN where missing.
    level : float, default 0.95
    seed, resamples : int
        Of the interval.

    Returns
    -------
    Agreement
        NaN, with one warning, if every rating is the same category.

    Raises
    ------
    ValueError
        If no case has two ratings.

    References
    ----------
    Fleiss 1971, Psychol Bull 76:378. Standard error (delta method, cases as a sample): Gwet 2008,
    Br J Math Stat Psychol 61:29.
    """

    def chance(p):
        return (p**2).sum(axis=-1), 2 * p

    return _of_shares(votes, chance, "kappa", level, seed, resamples)


def gwet_ac1(votes, *, level=0.95, seed=0, resamples=RESAMPLES):
    """Gwet's AC1: like Fleiss' kappa, with a chance that stays small where one category is rare.

    By chance a reader agrees only on cases that are hard, ``p_e = Σ p_k (1 - p_k) / (k - 1)``.

    Parameters
    ----------
    votes : array_like, shape (cases, raters)
        Category codes; -1 or NaN where missing. k counts the categories that occur.
    level : float, default 0.95
    seed, resamples : int
        Of the interval.

    Returns
    -------
    Agreement
        NaN, with one warning, if one category alone occurs.

    Raises
    ------
    ValueError
        If no case has two ratings.

    References
    ----------
    Gwet 2008, Br J Math Stat Psychol 61:29.
    """

    def chance(p):
        k = p.shape[-1]
        if k == 1:
            return np.ones(p.shape[:-1]), p
        return (p * (1 - p)).sum(axis=-1) / (k - 1), (1 - 2 * p) / (k - 1)

    return _of_shares(votes, chance, "AC1", level, seed, resamples)


def krippendorff_alpha(votes, metric="nominal", *, level=0.95, seed=0, resamples=RESAMPLES):
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
    seed, resamples : int
        Of the interval and of the standard error.

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
    distance_of = _DISTANCES[as_choice(metric, "metric", tuple(_DISTANCES))]
    seed, resamples = as_count(seed, "seed"), as_count(resamples, "resamples", 1)
    kinds, cases, categories = _rated_twice(votes)
    n = cases.sum()
    m = kinds.sum(axis=1)[:, None, None]
    pairs = kinds[:, :, None] * kinds[:, None, :] / (m - 1)
    mean = cases @ kinds / n
    p, ratings = mean / mean.sum(), mean.sum()
    # Two cases more that nobody has seen yet, with weight 0: all differ, and all agree.
    totals = np.vstack([kinds, mean, ratings * _rarest(p)])
    pairs = np.concatenate([pairs, ratings * np.stack([_differing(p, p), np.diag(_rarest(p))])])
    weights = np.r_[cases, 0, 0]

    def agreement(weights):
        weights = weights * n / weights.sum(axis=-1, keepdims=True)
        seen = np.tensordot(weights, pairs, 1)
        total = weights @ totals
        ratings = total.sum(axis=-1)
        distance = distance_of(categories, total)
        largest = distance.max(axis=(-2, -1))
        if not np.all(largest):
            return 1.0, 1.0
        by_chance = total[..., :, None] * total[..., None, :] * distance
        expected = by_chance.sum(axis=(-2, -1)) / (ratings * (ratings - 1))
        return 1 - (seen * distance).sum(axis=(-2, -1)) / ratings / largest, 1 - expected / largest

    observed, expected = agreement(weights)
    alpha = beyond_chance(observed, expected, "alpha")

    def alpha_of(weights):
        observed, expected = agreement(weights)
        return (observed - expected) / (1 - expected)

    error = np.nan
    if expected < 1 and n > 1:
        draws = np.random.default_rng(seed).multinomial(n, cases / n, size=resamples)
        with np.errstate(divide="ignore", invalid="ignore"):
            values = alpha_of(np.pad(draws, ((0, 0), (0, 2))))
        error = values[np.isfinite(values)].std()
    draws = {"level": level, "seed": seed, "resamples": resamples}
    return _agreement(
        alpha, observed, expected, error, n, (alpha_of, weights, _last_two(weights)), draws
    )


def _of_shares(votes, chance, name, level, seed, resamples):
    """A coefficient whose chance depends on the categories' shares: `chance` and its gradient."""
    kinds, cases, _ = _rated_twice(votes)
    n, m = cases.sum(), kinds.sum(axis=1)
    shares = kinds / m[:, None]
    agreement = (kinds * (kinds - 1)).sum(axis=1) / (m * (m - 1))
    p = cases @ shares / n
    observed, (expected, gradient) = cases @ agreement / n, chance(p)
    value, error = beyond_chance(observed, expected, name), np.nan
    if n > 1 and expected < 1:
        # To first order the coefficient is the mean of these values, one from each case.
        of_case = agreement - expected - (1 - value) * (shares - p) @ gradient
        variance = cases @ (of_case - cases @ of_case / n) ** 2 / (n - 1)
        error = np.sqrt(variance / n) / (1 - expected)
    # Two cases more that nobody has seen yet, with weight 0: all differ, and all agree.
    shares, agreement = np.vstack([shares, p, _rarest(p)]), np.r_[agreement, 0, 1]
    weights = np.r_[cases, 0, 0]

    def coefficient(weights):
        weights = weights / weights.sum(axis=1, keepdims=True)
        expected, _ = chance(weights @ shares)
        return (weights @ agreement - expected) / (1 - expected)

    draws = {"level": level, "seed": seed, "resamples": resamples}
    return _agreement(
        value, observed, expected, error, n, (coefficient, weights, _last_two(weights)), draws
    )


def _ordinal(categories, totals):
    middle = np.cumsum(totals, axis=-1) - totals / 2
    return (middle[..., :, None] - middle[..., None, :]) ** 2


def _ratio(categories, totals):
    total = categories[:, None] + categories
    return ((categories[:, None] - categories) / np.where(total, total, 1)) ** 2


_DISTANCES = {
    "nominal": lambda categories, totals: (categories[:, None] != categories).astype(float),
    "ordinal": _ordinal,
    "interval": lambda categories, totals: (categories[:, None] - categories).astype(float) ** 2,
    "ratio": _ratio,
}


def _cross_table(first, second):
    """How often the first rater said i and the second j, and the categories."""
    first, second = as_vector(first, "first"), as_vector(second, "second")
    same_length(first=first, second=second)
    codes, categories = as_votes(np.column_stack([first, second]), "first and second")
    _not_minus_one(codes, categories, "first and second")
    codes = codes[(codes >= 0).all(axis=1)]
    if not len(codes):
        raise ValueError("first and second must have rated at least one case in common.")
    k = len(categories)
    return np.bincount(codes[:, 0] * k + codes[:, 1], minlength=k * k).reshape(k, k), categories


def _not_minus_one(codes, categories, name):
    """Refuse labels 1 and -1, of which one half would count as missing."""
    if categories.tolist() == [1] and (codes < 0).any():
        raise ValueError(
            f"{name} must hold two categories, but -1 beside 1 stands for a missing rating: "
            "write 0 and 1."
        )


def _differing(rows, columns):
    """What two raters of these habits say by chance where they differ; shape (k, k), sum 1."""
    table = np.outer(rows, columns) * (1 - np.eye(len(rows)))
    return table / table.sum() if table.any() else table


def _rarest(p):
    """All weight on the category that occurs least."""
    return np.eye(len(p))[np.argmin(p)]


def _last_two(weights):
    return np.eye(len(weights))[-2:]


def _disagreement(categories, weights):
    """Distance between every two categories as a share of the largest one."""
    if weights is None or len(categories) == 1:
        return 1 - np.eye(len(categories))
    distance = np.abs(categories[:, None] - categories) / np.ptp(categories)
    return distance if weights == "linear" else distance**2


def _rated_twice(votes):
    """The different cases with two ratings or more: votes for each category, how often, codes."""
    codes, categories = as_votes(votes, "votes")
    _not_minus_one(codes, categories, "votes")
    counts = count_votes(codes, len(categories))
    counts = counts[counts.sum(axis=1) >= 2]
    if not len(counts):
        raise ValueError("votes must hold at least one case with two ratings.")
    kinds, cases = np.unique(counts, axis=0, return_counts=True)
    return kinds, cases, categories


def count_votes(codes, k):
    """Number of votes for each category, shape (cases, k)."""
    case, rater = np.nonzero(codes >= 0)
    flat = np.bincount(case * k + codes[case, rater], minlength=len(codes) * k)
    return flat.reshape(len(codes), k)


def beyond_chance(observed, expected, name):
    if expected == 1:
        return undefined(name, "with one category alone, agreement by chance is 1")
    return float((observed - expected) / (1 - expected))


def _agreement(value, observed, expected, error, n, statistic, draws):
    """The result, with its interval from `with_one_more`."""
    as_level(draws["level"])
    if np.isnan(value):
        interval = NO_INTERVAL
    elif n < 2:
        interval = no_interval("the interval", "there is one case alone")
    else:
        low, high = with_one_more(*statistic, **draws)
        interval = Interval(low, min(high, 1.0))  # rounding
    return Agreement(
        value, interval, float(observed), float(expected), float(error) if error > 0 else np.nan
    )
