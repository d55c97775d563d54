"""Confidence intervals: of a proportion, of what two proportions make, of resampled cases.

A sample never pins a truth down to one value. So no interval here has the width 0, not after
twenty right answers of twenty either; where a sample says nothing, both ends are NaN.
"""

import functools
from typing import NamedTuple

import numpy as np
from scipy import special, stats

from ._undefined import undefined
from ._validation import as_count, as_level, as_numbers, as_scores, as_vector, same_length

#: How many samples a resampling interval draws unless told otherwise.
RESAMPLES = 2000


class Interval(NamedTuple):
    """Two ends, to unpack or to format together: ``f"{interval:.2f}"`` is ``[0.12, 0.34]``."""

    low: float
    high: float

    def __format__(self, spec):
        return f"[{self.low:{spec}}, {self.high:{spec}}]"


#: Two NaN for the ends; `no_interval` warns as well, where nothing has yet.
NO_INTERVAL = Interval(np.nan, np.nan)


# One proportion


def wilson_interval(successes, trials, level=0.95):
    """Wilson's score interval of a proportion (Wilson 1927, J Am Stat Assoc 22:209).

    Keeps inside [0, 1] and near its nominal coverage even for 0 of 5. NaN, with one warning,
    for 0 trials.
    """
    k, n, z = *_successes_of(successes, trials), z_of(level)
    if n == 0:
        return no_interval("the interval", "trials is 0")
    return wilson_of_share(k / n, n, z)


def clopper_pearson_interval(successes, trials, level=0.95):
    """Exact binomial interval (Clopper & Pearson 1934, Biometrika 26:404): never too narrow.

    NaN, with one warning, for 0 trials.
    """
    k, n, tail = *_successes_of(successes, trials), (1 - as_level(level)) / 2
    if n == 0:
        return no_interval("the interval", "trials is 0")
    low = stats.beta.ppf(tail, k, n - k + 1) if k else 0.0
    high = stats.beta.ppf(1 - tail, k + 1, n - k) if k < n else 1.0
    return Interval(float(low), float(high))


def jeffreys_interval(successes, trials, level=0.95):
    """Quantiles of Beta(k + 1/2, n - k + 1/2), with the end open at 0 or n successes.

    Between Wilson and Clopper–Pearson in width (Brown, Cai & DasGupta 2001, Stat Sci 16:101). NaN,
    with one warning, for 0 trials.
    """
    k, n, tail = *_successes_of(successes, trials), (1 - as_level(level)) / 2
    if n == 0:
        return no_interval("the interval", "trials is 0")
    low = stats.beta.ppf(tail, k + 0.5, n - k + 0.5) if k else 0.0
    high = stats.beta.ppf(1 - tail, k + 0.5, n - k + 0.5) if k < n else 1.0
    return Interval(float(low), float(high))


def wilson_of_share(p, n, z):
    """Wilson's interval of a share, or an array of them, that need not be a count of `n` trials."""
    center = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    # Rounding must not close an end that is open.
    low, high = np.where(p > 0, center - half, 0.0), np.where(p < 1, center + half, 1.0)
    return Interval(low, high) if low.ndim else Interval(float(low), float(high))


# Several proportions


def melded_interval(function, proportions, level=0.95):
    """Interval of a number that rises with each of two or three independent proportions.

    Each proportion gets its mid-p confidence distribution, half Beta(k, n - k + 1) and half
    Beta(k + 1, n - k), the two from which Clopper & Pearson take their ends; the interval's ends
    are quantiles of the function of all of them.

    Parameters
    ----------
    function : callable
        ``function(p1, p2)``, vectorized, increasing in each; it may be infinite.
    proportions : sequence of (int, int)
        ``(successes, trials)`` of each proportion, at least one trial.
    level : float, default 0.95

    Returns
    -------
    low, high : float

    References
    ----------
    Fay, Proschan & Brittain 2015, Biometrics 71:146; with mid-p: Fay & Brittain 2016, Stat Med
    35:2726.
    """
    tail = (1 - as_level(level)) / 2
    steps = 128 if len(proportions) < 3 else 32
    points, weights = zip(
        *(_confidence_distribution(*_successes_of(*kn), steps) for kn in proportions), strict=True
    )
    values = function(*np.meshgrid(*points, indexing="ij", sparse=True)).ravel()
    order = np.argsort(values)
    reached = np.cumsum(functools.reduce(np.multiply.outer, weights).ravel()[order])
    low, high = values[order[np.searchsorted(reached, [tail, 1 - tail])]]
    return Interval(float(low), float(high))


def _confidence_distribution(k, n, steps):
    """Points and weights of the mid-p confidence distribution of k successes in n trials."""
    if n == 0:
        raise ValueError("proportions must each have at least one trial.")
    # Close together at both ends, because quantiles are wanted there.
    edges = (1 - np.cos(np.linspace(0, np.pi, steps + 1))) / 2
    u, weight = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    lower = special.betaincinv(k, n - k + 1, u) if k else np.zeros(steps)
    upper = special.betaincinv(k + 1, n - k, u) if k < n else np.ones(steps)
    return np.r_[lower, upper], np.r_[weight, weight] / 2


# Resampled cases


def percentile_interval(values, level=0.95):
    """The middle share of resampled values: quantiles (1 - level)/2 and (1 + level)/2.

    Parameters
    ----------
    values : array_like, shape (resamples, …)
        One value of the statistic, or one array of them, from each resample.

    Returns
    -------
    low, high : float or ndarray
    """
    level = as_level(level)
    low, high = np.quantile(values, [0.5 - level / 2, 0.5 + level / 2], axis=0)
    return Interval(low, high) if np.ndim(low) else Interval(float(low), float(high))


def with_one_more(statistic, counts, extremes, level=0.95, *, seed=0, resamples=RESAMPLES):
    """Interval of a statistic of cases: the Bayesian bootstrap with one case more.

    Rubin's bootstrap gives each case a random weight. A case that no sample has shown yet gets no
    weight from it, and so it says that what was never seen never happens. As Clopper & Pearson add
    one failure for the lower end and one success for the upper, one more case is added here, of
    the worst kind for the lower end and of the best for the upper. For right and wrong answers the
    result is theirs.

    Parameters
    ----------
    statistic : callable
        Takes weights of shape (resamples, kinds), returns an array (resamples,).
    counts : array_like, shape (kinds,)
        Cases of each kind.
    extremes : array_like, shape (2, kinds)
        The worst and the best case, each spread over the kinds.
    level : float, default 0.95
    seed, resamples : int

    Returns
    -------
    low, high : float

    References
    ----------
    Rubin 1981, Ann Stat 9:130. One case more: Learned-Miller & Thomas 2019, arXiv:1905.06208.
    """
    level, resamples = as_level(level), as_count(resamples, "resamples", 1)
    rng = np.random.default_rng(as_count(seed, "seed"))
    ends = []
    for extreme, share in zip(extremes, (0.5 - level / 2, 0.5 + level / 2), strict=True):
        weights = rng.standard_gamma(counts, size=(resamples, len(counts)))
        values = statistic(weights + rng.standard_gamma(1, size=(resamples, 1)) * extreme)
        ends.append(float(np.quantile(values, share)))
    return Interval(*ends)


def grouped_interval(values, groups, level=0.95, *, bounds=None, seed=0, resamples=RESAMPLES):
    """Interval of a mean where cases come in groups: digits of one writer, patches of one image.

    Cases of one group resemble each other, so that they count for less than as many independent
    ones. The Bayesian bootstrap weighs whole groups, which keeps what their cases share together.

    Parameters
    ----------
    values : array_like, shape (n,)
        One number a case, e.g. whether a model was right, or the difference of two models on the
        same case.
    groups : array_like, shape (n,)
        What each case belongs to, e.g. the patient; at least two groups.
    level : float, default 0.95
    bounds : (float, float), optional
        The lowest and the highest value that a case can have; (0, 1) for booleans. With them, one
        more group is added, at the lowest value for the lower end and at the highest for the upper
        (see `with_one_more`), so that groups which all agree get an honest interval.
    seed, resamples : int

    Returns
    -------
    low, high : float
        NaN, with one warning, where all values are equal and `bounds` are unknown. Without bounds
        the percentiles are moved out as far as Student's t asks (Hesterberg 2015); they are still
        too narrow for a few groups with rare large values.

    References
    ----------
    Rubin 1981, Ann Stat 9:130. Davison & Hinkley 1997, "Bootstrap Methods and their Application",
    section 3.8. Hesterberg 2015, Am Stat 69:371.
    """
    values, groups = as_vector(values, "values"), as_vector(groups, "groups")
    if bounds is None and values.dtype == bool:
        bounds = (0, 1)
    values = as_scores(values, "values")
    same_length(values=values, groups=groups)
    _, group, size = np.unique(groups, return_inverse=True, return_counts=True)
    total, count = np.bincount(group, weights=values), len(size)
    if count < 2:
        raise ValueError("groups must hold at least two groups, but all cases are in one.")
    if bounds is not None:
        bounds, draws = _bounds_of(values, bounds), {"seed": seed, "resamples": resamples}
        return interval_of_totals(total, size, bounds, level, **draws)
    level, resamples = as_level(level), as_count(resamples, "resamples", 1)
    if np.ptp(values) == 0:
        return no_interval("the interval", "all values are equal and bounds are not given")
    t = stats.t.ppf(0.5 + level / 2, count - 1)
    tail = stats.norm.sf(t * np.sqrt(count / (count - 1)))
    return _middle_of_means(total, size, 0, (0, 0), tail, as_count(seed, "seed"), resamples)


def interval_of_totals(totals, sizes, bounds, level=0.95, *, seed=0, resamples=RESAMPLES):
    """`grouped_interval` of groups whose sums and sizes are known, also of one group.

    Parameters
    ----------
    totals, sizes : array_like, shape (groups,)
        Sum of each group's values, and how many they are.
    bounds : (float, float)
        As in `grouped_interval`.
    level : float, default 0.95
    seed, resamples : int

    Returns
    -------
    low, high : float
    """
    tail = 0.5 - as_level(level) / 2
    seed, resamples = as_count(seed, "seed"), as_count(resamples, "resamples", 1)
    return _middle_of_means(totals, sizes, np.mean(sizes), bounds, tail, seed, resamples)


# What several modules share


def z_of(level):
    """How many standard errors a two-sided interval of this level reaches, 1.96 for 95 %."""
    return float(stats.norm.ppf(0.5 + as_level(level) / 2))


def no_interval(name, why):
    """Two NaN for the ends, with one warning."""
    undefined(name, why)
    return NO_INTERVAL


def _successes_of(successes, trials):
    k, n = as_count(successes, "successes"), as_count(trials, "trials")
    if k > n:
        raise ValueError(f"successes must not exceed trials, got {k} of {n}.")
    return k, n


def _bounds_of(values, bounds):
    bounds = as_numbers(bounds, "bounds")
    if np.shape(bounds) != (2,) or not bounds[0] < bounds[1]:
        raise ValueError(f"bounds must be a lower and a higher number, got {bounds!r}.")
    if values.min() < bounds[0] or values.max() > bounds[1]:
        raise ValueError(f"values must lie within bounds, {bounds[0]:g} to {bounds[1]:g}.")
    return bounds


def _middle_of_means(totals, sizes, one_more, bounds, tail, seed, resamples):
    """Bayesian bootstrap of groups and of one more, of the size `one_more`, at both bounds."""
    rng, means = np.random.default_rng(seed), []
    for _ in range(resamples):
        weight = rng.standard_exponential(len(sizes))
        more = rng.standard_exponential() * one_more
        sums = weight @ totals + more * np.asarray(bounds)
        means.append(sums / (weight @ sizes + more))
    low, high = np.transpose(means)
    return Interval(float(np.quantile(low, tail)), float(np.quantile(high, 1 - tail)))
