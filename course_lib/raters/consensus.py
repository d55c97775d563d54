"""What readers decide together: votes, Dawid & Skene's weighing of readers, STAPLE for outlines."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse, special

from .._validation import (
    as_array,
    as_count,
    as_open_probability,
    as_probability,
    as_vector,
    as_votes,
)
from .agreement import count_votes

_MOST_MASKS = 62  # One bit of an int64 for each.


def majority_vote(votes, *, quorum=1, tie=-1):
    """The category with most votes, case by case.

    Parameters
    ----------
    votes : array_like, shape (cases, raters)
        Category codes; -1 or NaN where missing.
    quorum : int, default 1
        Votes that the winner needs. More than half of the raters makes it an absolute majority.
    tie : number, default -1
        What a case gets whose first place is shared: by default no label, which sends it to a
        further reader; ``tie=1`` calls it diseased when in doubt.

    Returns
    -------
    ndarray, shape (cases,)
        -1 where there is no consensus: no vote at all, fewer than `quorum`, or a tie.
    """
    codes, categories = as_votes(votes, "votes")
    counts = count_votes(codes, len(categories))
    most = counts.max(axis=1)
    shared = (counts == most[:, None]).sum(axis=1) > 1
    winner = np.where(shared, tie, categories[counts.argmax(axis=1)])
    return np.where((most > 0) & (most >= as_count(quorum, "quorum")), winner, -1)


@dataclass(frozen=True, eq=False)
class DawidSkene:
    """What `dawid_skene` estimates.

    Attributes
    ----------
    labels : ndarray, shape (cases,)
        The most probable category; the lower code on a tie, -1 for a case without ratings.
    posterior : ndarray, shape (cases, k)
        P(true category | votes); for a case without ratings, the prevalence.
    confusion : ndarray, shape (raters, k, k)
        ``confusion[r, j, l]`` is P(rater r says l | truth is j): each row sums to 1. NaN where
        the rater has seen no case of that category.
    prevalence : ndarray, shape (k,)
    log_likelihood : float
        Of the votes, the order of a rater's repeated ratings taken as given.
    iterations : int
    converged : bool
    categories : ndarray, shape (k,)
        The codes that the axes of length k stand for.
    raters : ndarray, shape (raters,)
        The names that the first axis of `confusion` stands for.
    """

    labels: np.ndarray
    posterior: np.ndarray
    confusion: np.ndarray
    prevalence: np.ndarray
    log_likelihood: float
    iterations: int
    converged: bool
    categories: np.ndarray
    raters: np.ndarray


def dawid_skene(votes, *, raters=None, tolerance=1e-9, iterations=2000):
    """Truth and every rater's error rates at once, by expectation–maximization.

    The model: each case has a true category j with prevalence p_j, and rater r calls it l with
    probability π_jl^(r), *independently of the other raters given the truth*. Where raters share
    their mistakes the model takes the shared mistake for the truth.

    The iteration starts from the share of votes that each category has, so that the answer is the
    one in which raters are better than chance as a whole. It climbs the nearest hill of the
    likelihood, which in small data need not be the highest. Three or more ratings a case are
    needed, at least on average: two raters' rates cannot be told from their agreement.

    Parameters
    ----------
    votes : array_like, shape (cases, columns)
        Category codes; -1 or NaN where missing.
    raters : array_like, shape (columns,), optional
        Who gave each column; a name that occurs again is a rater who saw the cases again. By
        default every column is a rater of its own.
    tolerance : float
        Stop when the log-likelihood rises by less than this share of itself.
    iterations : int
        Stop after this many in any case.

    Returns
    -------
    DawidSkene

    Raises
    ------
    ValueError
        If a rater has no ratings, `raters` does not name every column, or there are fewer than
        three raters and no case has three ratings.

    References
    ----------
    Dawid & Skene 1979, Appl Stat 28:20, equations 2.3 to 2.5.
    """
    codes, categories = as_votes(votes, "votes")
    names, rater_of = _raters_of(codes, raters)
    if len(names) < 3 and (codes >= 0).sum(axis=1).max() < 3:
        raise ValueError(
            "votes must hold three raters: the rates of two cannot be told from their agreement."
        )
    tolerance, most = as_probability(tolerance, "tolerance"), as_count(iterations, "iterations", 1)
    k = len(categories)
    case, column = np.nonzero(codes >= 0)
    # n[i, (r, l)]: how often rater r called case i l; few entries are not 0.
    said = rater_of[column] * k + codes[case, column]
    n = sparse.csr_array((np.ones(len(case)), (case, said)), shape=(len(codes), len(names) * k))
    votes_for = n @ np.tile(np.eye(k), (len(names), 1))
    rated = votes_for.any(axis=1)
    n, n_transposed = n[rated], n[rated].T.tocsr()
    posterior = votes_for[rated] / votes_for[rated].sum(axis=1, keepdims=True)
    log_likelihood, converged, done = -np.inf, False, 0
    while not converged and done < most:
        before = log_likelihood
        p, pi = _m_step(posterior, n_transposed)
        posterior, log_likelihood = _e_step(p, pi, n)
        converged = bool(log_likelihood - before <= tolerance * abs(log_likelihood))
        done += 1
    everyone = np.tile(p, (len(codes), 1))
    everyone[rated] = posterior
    labels = np.where(rated, categories[everyone.argmax(axis=1)], -1)
    confusion = pi.transpose(0, 2, 1)
    return DawidSkene(
        labels, everyone, confusion, p, log_likelihood, done, converged, categories, names
    )


def _m_step(posterior, n_transposed):
    """Prevalence p[j] and rates pi[r, l, j] = P(r says l | j), cases weighted by the posterior."""
    k = posterior.shape[1]
    joint = (n_transposed @ posterior).reshape(-1, k, k)
    seen = joint.sum(axis=1, keepdims=True)
    pi = np.divide(joint, seen, out=np.full_like(joint, np.nan), where=seen > 0)
    return posterior.mean(axis=0), pi


def _e_step(p, pi, n):
    """P(j | votes) of each case by Bayes' rule, and the log-likelihood of all votes."""
    with np.errstate(divide="ignore"):  # log 0 = -inf: such a j cannot be the truth
        log_pi = np.log(np.nan_to_num(pi)).reshape(-1, len(p))
        log_joint = np.asfortranarray(np.log(p) + n @ log_pi)  # by category: faster sums
    most_likely = log_joint.max(axis=1, keepdims=True)
    relative = np.exp(log_joint - most_likely)  # so that no case underflows as a whole
    evidence = relative.sum(axis=1, keepdims=True)
    return relative / evidence, float((most_likely + np.log(evidence)).sum())


def _raters_of(codes, raters):
    """Names of the raters, and for each column the position of its rater among them."""
    columns = codes.shape[1]
    raters = np.arange(columns) if raters is None else as_vector(raters, "raters")
    if len(raters) != columns:
        raise ValueError(
            f"raters must name every column of votes, got {len(raters)} names "
            f"for {columns} columns."
        )
    names, rater_of = np.unique(raters, return_inverse=True)
    silent = np.setdiff1d(np.arange(len(names)), rater_of[(codes >= 0).any(axis=0)])
    if silent.size:
        raise ValueError(
            f"votes must hold at least one rating of every rater, but rater "
            f"{names[silent[0]]} has none."
        )
    return names, rater_of


@dataclass(frozen=True, eq=False)
class Staple:
    """What `staple` estimates.

    Attributes
    ----------
    probability : ndarray, the shape of one mask
        P(the pixel belongs to the object | all masks); ``probability >= 0.5`` is the consensus.
    sensitivity, specificity : ndarray, shape (raters,)
        Of each rater, pixel by pixel, against that consensus.
    prior : float
    iterations : int
    converged : bool
    """

    probability: np.ndarray
    sensitivity: np.ndarray
    specificity: np.ndarray
    prior: float
    iterations: int
    converged: bool


def staple(masks, *, prior=None, tolerance=1e-7, iterations=1000):
    """Consensus of several outlines of one object: simultaneous truth and performance level.

    It is Dawid & Skene's idea on pixels: raters mark a pixel of the object with a probability
    of their own, and a pixel outside it with another, independently of the other raters and of the
    neighboring pixels. The prior is not estimated: it stays the share of marked pixels, so that
    the result depends on how much background the picture shows. Crop to the object.

    Parameters
    ----------
    masks : array_like of {0, 1}, shape (raters, …)
        One mask of any number of dimensions for each of two or more raters.
    prior : float, optional
        P(a pixel belongs to the object). By default the share of marked pixels in all masks.
    tolerance : float
        Stop when no sensitivity or specificity moves by more.
    iterations : int
        Stop after this many in any case.

    Returns
    -------
    Staple

    Raises
    ------
    ValueError
        If the masks differ in shape, hold anything but 0 and 1, or all of them are empty or full.
        One rater's mask may be empty.

    References
    ----------
    Warfield, Zou & Wells 2004, IEEE Trans Med Imaging 23:903.
    """
    masks = _masks(masks)
    prior = float(masks.mean()) if prior is None else as_open_probability(prior, "prior")
    # Pixels with the same marks get the same probability: one computation for each pattern.
    marks = masks.reshape(len(masks), -1)
    bits = np.arange(len(masks), dtype=np.int64)
    pattern_of = (1 << bits) @ marks
    patterns, inverse, pixels = np.unique(pattern_of, return_inverse=True, return_counts=True)
    d = (patterns[:, None] >> bits) & 1
    tolerance, most = as_probability(tolerance, "tolerance"), as_count(iterations, "iterations", 1)
    rates, converged, done = np.full((2, len(masks)), 0.99999), False, 0
    while not converged and done < most:
        p, q = rates
        log_odds = d @ np.log(p / (1 - q)) + (1 - d) @ np.log((1 - p) / q)
        w = special.expit(special.logit(prior) + log_odds)
        inside, outside = w * pixels, (1 - w) * pixels
        before = rates
        rates = _open_interval(
            np.stack([inside @ d / inside.sum(), outside @ (1 - d) / outside.sum()])
        )
        converged = bool(np.abs(rates - before).max() <= tolerance)
        done += 1
    probability = w[inverse].reshape(masks.shape[1:])
    return Staple(probability, *rates, prior, done, converged)


def _masks(masks):
    """The masks as one boolean array (raters, …) with two raters or more and some marks."""
    array = as_array(masks, "masks", "arrays of the same shape")
    if array.ndim < 2 or array.size == 0:
        raise ValueError(f"masks must have the shape (raters, …), got shape {array.shape}.")
    if not 2 <= len(array) <= _MOST_MASKS:
        raise ValueError(f"masks must come from 2 to {_MOST_MASKS} raters, got {len(array)}.")
    if array.dtype.kind not in "biuf" or not np.isin(array, (0, 1)).all():
        raise ValueError("masks must hold only 0 and 1 (or booleans).")
    array = array == 1
    if array.all() or not array.any():
        raise ValueError("masks must mark some pixels and leave others, but all are alike.")
    return array


def _open_interval(rate):
    """Keep a rate one rounding step off 0 and 1, where its logarithm ends."""
    step = np.finfo(float).eps
    return np.clip(rate, step, 1 - step)
