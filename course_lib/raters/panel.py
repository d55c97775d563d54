"""What a panel of readers of known quality would do: simulated votes, and their exact rates."""

import numpy as np
from scipy import stats

from .._validation import as_binary, as_count, as_probability, as_vector, same_length
from .agreement import beyond_chance


def simulated_readers(y_true, sensitivity, specificity, *, correlation=0.0, seed=0):
    """Votes of simulated readers whose quality is known.

    Two readers of equal quality have votes with this correlation, among the diseased and among the
    normal: with probability √correlation a reader goes by the impression that the case makes on
    everybody, otherwise by one of their own.

    Parameters
    ----------
    y_true : array_like of {0, 1}, shape (cases,)
    sensitivity, specificity : array_like in [0, 1], shape (raters,)
    correlation : float in [0, 1], default 0
    seed : int

    Returns
    -------
    ndarray of int, shape (cases, raters)
        1 where the reader calls the case diseased.
    """
    y_true = as_binary(y_true, "y_true")
    se = as_vector(as_probability(sensitivity, "sensitivity"), "sensitivity")
    sp = as_vector(as_probability(specificity, "specificity"), "specificity")
    same_length(sensitivity=se, specificity=sp)
    correlation = as_probability(correlation, "correlation")
    rng = np.random.default_rng(seed)
    shape = len(y_true), len(se)
    impression = np.where(
        rng.random(shape) < np.sqrt(correlation), rng.random((len(y_true), 1)), rng.random(shape)
    )
    right = impression < np.where(y_true[:, None], se, sp)
    return np.where(right, y_true[:, None], ~y_true[:, None]).astype(int)


def positive_votes(readers, probability, correlation=0.0):
    """Distribution of the number of positive votes on a case.

    Parameters
    ----------
    readers : int
    probability : float in [0, 1]
        That of one reader's positive vote: the sensitivity if the case is diseased, otherwise
        1 - specificity.
    correlation : float in [0, 1], default 0
        Between two readers' votes on such cases, as in `simulated_readers`.

    Returns
    -------
    ndarray, shape (readers + 1,)
        P(0 positive votes), …, P(all positive): binomial where the correlation is 0.
    """
    n = as_count(readers, "readers")
    p = as_probability(probability, "probability")
    correlation = as_probability(correlation, "correlation")
    followers = np.arange(n + 1)[:, None]  # readers who go by the common impression
    x = np.arange(n + 1)
    p_followers = stats.binom.pmf(followers, n, np.sqrt(correlation))
    if_positive = stats.binom.pmf(x - followers, n - followers, p)
    if_negative = stats.binom.pmf(x, n - followers, p)
    return (p_followers * (p * if_positive + (1 - p) * if_negative)).sum(axis=0)


def pair_kappa(sensitivity, specificity, prevalence, correlation=0.0):
    """Cohen's kappa that two readers of equal quality will show at a prevalence.

    Parameters
    ----------
    sensitivity, specificity, prevalence, correlation : float in [0, 1]
        `correlation` as in `simulated_readers`.

    Returns
    -------
    float
        NaN, with one warning, where both readers always say the same one thing.
    """
    p = as_probability(prevalence, "prevalence")
    c = as_probability(correlation, "correlation")
    se = as_probability(sensitivity, "sensitivity")
    fpr = 1 - as_probability(specificity, "specificity")
    both = p * (se**2 + c * se * (1 - se)) + (1 - p) * (fpr**2 + c * fpr * (1 - fpr))
    positive = p * se + (1 - p) * fpr
    observed = 1 - 2 * (positive - both)
    return beyond_chance(observed, positive**2 + (1 - positive) ** 2, "kappa")
