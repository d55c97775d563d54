"""Intervals where cases come in groups: digits of one writer, patches of one image."""

import numpy as np

from ._validation import as_count, as_level, as_scores, as_vector, same_length


def grouped_interval(values, groups, level=0.95, *, seed=0, resamples=5000):
    """Interval of a mean by the percentile bootstrap over whole groups.

    Cases of one group resemble each other, so that they count for less than as many independent
    ones. Drawing groups instead of cases keeps what they share together.

    Parameters
    ----------
    values : array_like, shape (n,)
        One number a case, e.g. 1 where a model was right and 0 where not, or the difference of two
        models on the same case.
    groups : array_like, shape (n,)
        What each case belongs to, e.g. the patient; at least two groups.
    level : float, default 0.95
    seed, resamples : int

    Returns
    -------
    low, high : float
        Too narrow with few groups, as every bootstrap; below ten, read it as a lower bound of the
        uncertainty.

    References
    ----------
    Davison & Hinkley 1997, "Bootstrap Methods and their Application", section 3.8.
    """
    values, groups = as_scores(values, "values"), as_vector(groups, "groups")
    same_length(values=values, groups=groups)
    level = as_level(level)
    as_count(resamples, "resamples", least=1)
    _, group, size = np.unique(groups, return_inverse=True, return_counts=True)
    if len(size) < 2:
        raise ValueError("groups must hold at least two groups, but all cases are in one.")
    total = np.bincount(group, weights=values)
    drawn = np.random.default_rng(seed).integers(len(size), size=(resamples, len(size)))
    means = total[drawn].sum(axis=1) / size[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
