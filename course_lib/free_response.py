"""Free-response studies: readers mark places, and a right answer at a wrong place counts as none.

The areas are probabilities, like that of the ROC curve, of one mark against another: the mark on a
lesion and the most suspect false mark on a normal case. What is not marked lies below every rating.
"""

from dataclasses import dataclass

import numpy as np

from ._validation import (
    as_count,
    as_counts,
    as_nonnegative,
    as_scores,
    as_vector,
    same_length,
)


def afroc_auc(case, lesion, rating, n_normal, lesions, weighted=True):
    """Probability that a lesion is rated above a normal case; a tie counts one half.

    Parameters
    ----------
    case, lesion, rating : array_like, shape (m,)
        One reader's marks: the case, 1 to n; the number of its lesion that was hit, from 1, or 0
        for a false mark; how suspect the place is. False marks on diseased cases do not count.
    n_normal : int
        Cases 1 to n_normal are normal.
    lesions : array_like of int, shape (n - n_normal,)
        How many lesions each of the other cases has, at least one.
    weighted : bool
        Whether every diseased case counts alike (wAFROC), or every lesion (AFROC).

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If a mark names a case or a lesion that there is not, or numbers are missing.

    References
    ----------
    Chakraborty & Berbaum 2004, Med Phys 31:2313; with weights: Chakraborty & Zhai 2016, Med Phys
    43:2548.
    """
    case, lesion, rating, n_normal, lesions = _checked(case, lesion, rating, n_normal, lesions)
    worst = np.full(n_normal, -np.inf)
    false = case < n_normal
    np.maximum.at(worst, case[false], rating[false])
    found = np.full((len(lesions), lesions.max()), -np.inf)
    hit = lesion > 0
    np.maximum.at(found, (case[hit] - n_normal, lesion[hit] - 1), rating[hit])
    wins = ((found[..., None] > worst) + (found[..., None] == worst) / 2).mean(axis=-1)
    there = np.arange(lesions.max()) < lesions[:, None]
    weights = there / lesions[:, None] if weighted else there
    return float((weights * wins).sum() / weights.sum())


@dataclass(frozen=True)
class FrocCurve:
    """Lesions found against false marks, at every threshold of the rating.

    Attributes
    ----------
    thresholds : ndarray, shape (k,)
        Falling; the first is infinite, where nothing is marked.
    false_marks : ndarray, shape (k,)
        False marks for each case, normal or diseased.
    sensitivity : ndarray, shape (k,)
        Share of all lesions that are marked.
    """

    thresholds: np.ndarray
    false_marks: np.ndarray
    sensitivity: np.ndarray

    def at(self, false_marks):
        """Sensitivity at the lowest threshold with no more false marks for each case than these."""
        false_marks = as_nonnegative(false_marks, "false_marks")
        return self.sensitivity[np.searchsorted(self.false_marks, false_marks, "right") - 1]


def froc(case, lesion, rating, n_normal, lesions):
    """Free-response curve: share of the lesions marked against false marks for each case.

    Two marks on one lesion count once, at the higher rating. The axis of the false marks has no
    end, so the curve has no area of its own; `afroc_auc` has, and `FrocCurve.at` reads the curve at
    the numbers of false marks that a reader can bear (LUNA16 takes the mean over 1/8, 1/4 … 8).

    Parameters
    ----------
    case, lesion, rating, n_normal, lesions
        As in `afroc_auc`, but here the false marks on diseased cases count, too.

    Returns
    -------
    FrocCurve

    References
    ----------
    Bunch et al. 1978, J Appl Photogr Eng 4:166. Setio et al. 2017, Med Image Anal 42:1.
    """
    case, lesion, rating, n_normal, lesions = _checked(case, lesion, rating, n_normal, lesions)
    best = np.full((len(lesions), lesions.max()), -np.inf)
    hit = lesion > 0
    np.maximum.at(best, (case[hit] - n_normal, lesion[hit] - 1), rating[hit])
    found = np.sort(best[np.isfinite(best)])
    false = np.sort(rating[~hit])
    thresholds = np.r_[np.inf, np.unique(rating)[::-1]]
    marked = len(found) - np.searchsorted(found, thresholds)
    wrong = len(false) - np.searchsorted(false, thresholds)
    return FrocCurve(thresholds, wrong / (n_normal + len(lesions)), marked / lesions.sum())


def _checked(case, lesion, rating, n_normal, lesions):
    """The marks and cases, with cases counted from 0."""
    n_normal, lesions = as_count(n_normal, "n_normal", least=1), as_counts(lesions, "lesions")
    case, lesion = (
        as_vector(case, "case", may_be_empty=True),
        as_vector(lesion, "lesion", may_be_empty=True),
    )
    rating = as_scores(rating, "rating", may_be_empty=True)
    same_length(case=case, lesion=lesion, rating=rating)
    of_case = np.r_[np.zeros(n_normal, int), lesions]
    if not lesions.all():
        raise ValueError("lesions must be at least 1: a case without one is normal.")
    if not np.isin(case, np.arange(1, len(of_case) + 1)).all():
        raise ValueError(f"case must hold whole numbers from 1 to {len(of_case)}.")
    case = case.astype(int) - 1
    if not (np.isin(lesion, np.arange(lesions.max() + 1)) & (lesion <= of_case[case])).all():
        raise ValueError("lesion must hold 0, or the number of a lesion that the case has.")
    return case, lesion.astype(int), rating, n_normal, lesions
