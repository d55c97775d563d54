"""Rates of a test of which only some patients got the reference standard."""

from typing import NamedTuple

from .._undefined import divide
from .._validation import as_count, as_level
from ..intervals import NO_INTERVAL, Interval, melded_interval
from ..metrics import ConfusionMatrix


class Corrected(NamedTuple):
    """Rates of a test, corrected for the patients whose truth was never looked for."""

    sensitivity: float
    specificity: float
    prevalence: float
    sensitivity_interval: Interval
    specificity_interval: Interval


def begg_greenes(verified, unverified_positive, unverified_negative, *, level=0.95):
    """Sensitivity and specificity where only some patients got the reference standard.

    Who is verified may depend on the result of the test, and on nothing else that is linked to
    the disease. Then PPV and NPV among the verified hold for all patients with that result, and
    Bayes' rule leads back from them to the rates of the test.

    Parameters
    ----------
    verified : ConfusionMatrix
        The patients with a reference standard.
    unverified_positive, unverified_negative : int
        Patients without one, by the result of the test.
    level : float, default 0.95

    Returns
    -------
    Corrected
        The intervals are what those of PPV, NPV and the share of positive results make together
        (see `course_lib.intervals.melded_interval`). NaN, with one warning, for a rate whose
        denominator is 0.

    Raises
    ------
    ValueError
        If no patient with a positive result, or none with a negative one, was verified: then no
        method can tell the sensitivity.

    References
    ----------
    Begg & Greenes 1983, Biometrics 39:207. Intervals: Fay, Proschan & Brittain 2015, Biometrics
    71:146. (Those of Zhou 1993, on the logit scale, may exclude a sensitivity of 1.)
    """
    if not isinstance(verified, ConfusionMatrix):
        raise ValueError(f"verified must be a ConfusionMatrix, got {type(verified).__name__}.")
    level = as_level(level)
    more_positive = as_count(unverified_positive, "unverified_positive")
    more_negative = as_count(unverified_negative, "unverified_negative")
    tp, fn, fp, tn = verified.tp, verified.fn, verified.fp, verified.tn
    for result, number in {"positive": tp + fp, "negative": fn + tn}.items():
        if number == 0:
            raise ValueError(f"verified must hold patients with a {result} result, but has none.")
    n_positive, n_negative = tp + fp + more_positive, fn + tn + more_negative
    ill_positive, ill_negative = n_positive * tp / (tp + fp), n_negative * fn / (fn + tn)
    ill, n = ill_positive + ill_negative, n_positive + n_negative
    well_negative = n_negative - ill_negative
    ppv, npv, share = (tp, tp + fp), (tn, fn + tn), (n_positive, n)

    def sensitivity(ppv, npv, positive):
        return positive * ppv / (positive * ppv + (1 - positive) * (1 - npv))

    def specificity(ppv, npv, negative):
        return negative * npv / (negative * npv + (1 - negative) * (1 - ppv))

    return Corrected(
        divide(ill_positive, ill, "sensitivity", "the number of ill patients"),
        divide(well_negative, n - ill, "specificity", "the number of healthy patients"),
        float(ill / n),
        melded_interval(sensitivity, (ppv, npv, share), level) if ill else NO_INTERVAL,
        melded_interval(specificity, (ppv, npv, (n_negative, n)), level)
        if ill < n
        else NO_INTERVAL,
    )
