"""Evaluation metrics of a diagnostic test: the 2×2 table and every rate that it gives.

All rates come from four counts:

====================  ==============  ==============
predicted 預測         disease         normal  (actual 實際)
====================  ==============  ==============
positive              TP              FP
negative              FN              TN
====================  ==============  ==============
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import special, stats

from ._html import table
from ._undefined import UndefinedRateWarning as UndefinedRateWarning
from ._undefined import divide, undefined, undefined_unsaid
from ._validation import (
    as_binary,
    as_choice,
    as_count,
    as_level,
    as_open_probability,
    as_probability,
    fitting_shapes,
    same_length,
)

#: Rates that are proportions: numerator and denominator as sums of table cells.
PROPORTIONS = {
    "prevalence": (("tp", "fn"), ("tp", "fn", "fp", "tn")),
    "accuracy": (("tp", "tn"), ("tp", "fn", "fp", "tn")),
    "sensitivity": (("tp",), ("tp", "fn")),
    "specificity": (("tn",), ("fp", "tn")),
    "ppv": (("tp",), ("tp", "fp")),
    "npv": (("tn",), ("fn", "tn")),
}

#: The names that the course uses, in both of its languages.
NAMES = {
    "prevalence": "prevalence (盛行率)",
    "accuracy": "accuracy (準確率)",
    "sensitivity": "sensitivity (靈敏度)",
    "specificity": "specificity (特異度)",
    "ppv": "positive predictive value (陽性預測值)",
    "npv": "negative predictive value (陰性預測值)",
}

_RATIOS = ("positive_likelihood_ratio", "negative_likelihood_ratio", "diagnostic_odds_ratio")
_COMPOSITES = ("f1", "balanced_accuracy", "mcc")


@dataclass(frozen=True)
class ConfusionMatrix:
    """The four counts of a binary test against the truth.

    Parameters
    ----------
    tp, fn : int
        Diseased cases that the test called positive, and that it missed.
    fp, tn : int
        Normal cases that the test called positive, and that it cleared.

    Raises
    ------
    ValueError
        If a count is negative or not a whole number, or if all four are zero.

    Examples
    --------
    >>> ConfusionMatrix(tp=2, fn=1, fp=2, tn=5).accuracy
    0.7
    """

    tp: int
    fn: int
    fp: int
    tn: int

    def __post_init__(self):
        for name in ("tp", "fn", "fp", "tn"):
            object.__setattr__(self, name, as_count(getattr(self, name), name))
        if self.n == 0:
            raise ValueError("tp, fn, fp and tn must count at least one case, but all are 0.")

    @classmethod
    def from_labels(cls, y_true, y_pred):
        """Count the four cells from labels.

        Parameters
        ----------
        y_true, y_pred : array_like of {0, 1}, shape (n,)
            The truth and the test's output for each case; 1 is diseased / positive.

        Raises
        ------
        ValueError
            If an argument is empty, holds NaN or anything but 0 and 1, or the lengths differ.
        """
        y_true, y_pred = as_binary(y_true, "y_true"), as_binary(y_pred, "y_pred")
        same_length(y_true=y_true, y_pred=y_pred)
        disease, positive = np.count_nonzero(y_true), np.count_nonzero(y_pred)
        tp = np.count_nonzero(y_true & y_pred)
        return cls(
            tp=tp, fn=disease - tp, fp=positive - tp, tn=len(y_true) - disease - positive + tp
        )

    @property
    def n(self):
        """Number of cases."""
        return self.tp + self.fn + self.fp + self.tn

    @property
    def prevalence(self):
        """P(disease) = (TP + FN) / N."""
        return self._proportion("prevalence")

    @property
    def accuracy(self):
        """P(correct) = (TP + TN) / N."""
        return self._proportion("accuracy")

    @property
    def sensitivity(self):
        """P(+ | disease) = TP / (TP + FN): the true positive rate, or recall."""
        return self._proportion("sensitivity")

    @property
    def specificity(self):
        """P(- | normal) = TN / (FP + TN): the true negative rate."""
        return self._proportion("specificity")

    @property
    def ppv(self):
        """P(disease | +) = TP / (TP + FP): positive predictive value, or precision."""
        return self._proportion("ppv")

    @property
    def npv(self):
        """P(normal | -) = TN / (FN + TN): negative predictive value."""
        return self._proportion("npv")

    @property
    def f1(self):
        """Harmonic mean of PPV and sensitivity, 2TP / (2TP + FP + FN)."""
        return divide(2 * self.tp, 2 * self.tp + self.fp + self.fn, "f1", "2TP + FP + FN")

    @property
    def balanced_accuracy(self):
        """Mean of sensitivity and specificity: accuracy at prevalence 0.5."""
        return (self.sensitivity + self.specificity) / 2

    @property
    def mcc(self):
        """Matthews' correlation coefficient between truth and output, in [-1, 1].

        NaN where a row or column of the table is empty: a correlation with a constant.
        """
        # Python's whole numbers do not overflow: the product of four margins would in 64 bits.
        rows = (self.tp + self.fp) * (self.fn + self.tn)
        columns = (self.tp + self.fn) * (self.fp + self.tn)
        numerator = self.tp * self.tn - self.fp * self.fn
        return divide(numerator, math.sqrt(rows * columns), "mcc", "product of the margins")

    @property
    def positive_likelihood_ratio(self):
        """P(+ | disease) / P(+ | normal): what a positive result multiplies the odds by."""
        sick, normal = self.tp + self.fn, self.fp + self.tn
        return divide(self.tp * normal, self.fp * sick, "positive_likelihood_ratio", "FP (TP+FN)")

    @property
    def negative_likelihood_ratio(self):
        """P(- | disease) / P(- | normal): what a negative result multiplies the odds by."""
        sick, normal = self.tp + self.fn, self.fp + self.tn
        return divide(self.fn * normal, self.tn * sick, "negative_likelihood_ratio", "TN (TP+FN)")

    @property
    def diagnostic_odds_ratio(self):
        """Odds of a positive result, diseased against normal: TP TN / (FP FN)."""
        return divide(self.tp * self.tn, self.fp * self.fn, "diagnostic_odds_ratio", "FP FN")

    def counts(self, name):
        """Numerator and denominator of a proportion, e.g. ``(2, 3)`` for sensitivity 2/3."""
        as_choice(name, "name", PROPORTIONS)
        return tuple(sum(getattr(self, cell) for cell in cells) for cells in PROPORTIONS[name])

    def interval(self, name, level=0.95, method=None, *, seed=0, resamples=2000):
        """Confidence interval of a rate.

        Parameters
        ----------
        name : str
            Any rate of this class, e.g. ``"sensitivity"`` or ``"f1"``.
        level : float, default 0.95
        method : {"wilson", "clopper-pearson", "log", "bootstrap"}, optional
            By default Wilson's score interval for proportions, the log method (Simel 1991)
            for likelihood and odds ratios, and the bootstrap for F1, balanced accuracy and MCC.
        seed, resamples : int
            Of the bootstrap, which redraws the four counts from their multinomial distribution
            and leaves out tables in which the rate is undefined.

        Returns
        -------
        low, high : float
            NaN, with one warning, where the rate itself is undefined, and for the log interval
            of a ratio of 0, which has no logarithm.
        """
        level = as_level(level)
        as_choice(name, "name", (*PROPORTIONS, *_RATIOS, *_COMPOSITES))
        if name in PROPORTIONS:
            default, allowed = "wilson", {"wilson", "clopper-pearson", "bootstrap"}
        elif name in _RATIOS:
            default, allowed = "log", {"log", "bootstrap"}
        else:
            default, allowed = "bootstrap", {"bootstrap"}
        method = as_choice(method or default, f"method for {name}", sorted(allowed))
        value = getattr(self, name)
        if np.isnan(value):
            return np.nan, np.nan
        if method == "bootstrap":
            return self._bootstrap(name, level, seed, resamples)
        if method == "log":
            return self._log_interval(name, value, level)
        interval = wilson_interval if method == "wilson" else clopper_pearson_interval
        successes, trials = self.counts(name)
        return interval(successes, trials, level)

    def predictive_values_at(self, prevalence, level=0.95):
        """PPV and NPV that this test would have where the disease has another prevalence.

        Sensitivity and specificity come from the table, prevalence from the argument.
        The intervals treat the prevalence as known and use the delta method on the logit
        scale (Mercaldo, Lau & Zhou 2007, Stat Med 26:2170), with z²/2 added to both outcomes
        where a cell is 0, because the logit is infinite there.

        Returns
        -------
        PredictiveValues
            ``ppv, npv, ppv_interval, npv_interval``; a value that is undefined is NaN, with one
            warning, and so is its interval.
        """
        level = as_level(level)
        prevalence = as_open_probability(prevalence, "prevalence")
        undefined = (np.nan, np.nan)
        if np.isnan(self.balanced_accuracy):  # a class is absent: said once, by its rate
            return PredictiveValues(np.nan, np.nan, undefined, undefined)
        ppv, npv = predictive_values(self.sensitivity, self.specificity, prevalence)
        sick, normal = self.tp + self.fn, self.fp + self.tn
        z = stats.norm.ppf(0.5 + level / 2)
        pad = z**2 / 2 if 0 in (self.tp, self.fn, self.fp, self.tn) else 0.0
        n1, n0 = sick + 2 * pad, normal + 2 * pad
        se, sp = (self.tp + pad) / n1, (self.tn + pad) / n0
        ppv_sd = np.sqrt((1 - se) / (se * n1) + sp / ((1 - sp) * n0))
        npv_sd = np.sqrt(se / ((1 - se) * n1) + (1 - sp) / (sp * n0))
        ppv_logit = special.logit(prevalence) + np.log(se) - np.log(1 - sp)
        npv_logit = -special.logit(prevalence) + np.log(sp) - np.log(1 - se)
        return PredictiveValues(
            ppv,
            npv,
            undefined if np.isnan(ppv) else expit_interval(ppv_logit, z * ppv_sd),
            undefined if np.isnan(npv) else expit_interval(npv_logit, z * npv_sd),
        )

    def summary(self, level=0.95):
        """The rates that are proportions as an aligned text table with intervals."""
        lines = [f"TP {self.tp}  FN {self.fn}  FP {self.fp}  TN {self.tn}"]
        for name in PROPORTIONS:
            successes, trials = self.counts(name)
            # Without a warning where a rate is undefined: the line says nan and x/0 itself.
            low, high = wilson_interval(successes, trials, level) if trials else (np.nan, np.nan)
            value = successes / trials if trials else np.nan
            lines.append(f"{name:12} {value:5.2f}  [{low:.2f}, {high:.2f}]  {successes}/{trials}")
        return "\n".join(lines)

    def _repr_html_(self):
        head = (r"predicted 預測 \ actual 實際", "disease", "normal")
        rows = (("positive", self.tp, self.fp), ("negative", self.fn, self.tn))
        return table(head, rows, named_rows=True, kind="confusion")

    def _proportion(self, name):
        numerator, denominator = self.counts(name)
        cells = " + ".join(cell.upper() for cell in PROPORTIONS[name][1])
        return divide(numerator, denominator, name, cells)

    def _bootstrap(self, name, level, seed, resamples):
        as_count(resamples, "resamples", least=1)
        cells = np.array([self.tp, self.fn, self.fp, self.tn])
        draws = np.random.default_rng(seed).multinomial(self.n, cells / self.n, size=resamples)
        with undefined_unsaid():
            values = np.array([getattr(ConfusionMatrix(*map(int, d)), name) for d in draws])
        values = values[np.isfinite(values)]
        if not values.size:
            return np.nan, np.nan
        low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)

    def _log_interval(self, name, value, level):
        if value == 0:
            nan = undefined(f"the log interval of {name}", "the ratio is 0")
            return nan, nan
        sick, normal = self.tp + self.fn, self.fp + self.tn
        variance = {
            "positive_likelihood_ratio": lambda: 1 / self.tp - 1 / sick + 1 / self.fp - 1 / normal,
            "negative_likelihood_ratio": lambda: 1 / self.fn - 1 / sick + 1 / self.tn - 1 / normal,
            "diagnostic_odds_ratio": lambda: 1 / self.tp + 1 / self.fn + 1 / self.fp + 1 / self.tn,
        }[name]()
        half = stats.norm.ppf(0.5 + level / 2) * np.sqrt(variance)
        return float(value * np.exp(-half)), float(value * np.exp(half))


class PredictiveValues(NamedTuple):
    """Predictive values at one prevalence, with their intervals."""

    ppv: float
    npv: float
    ppv_interval: tuple[float, float]
    npv_interval: tuple[float, float]


def predictive_values(sensitivity, specificity, prevalence):
    """PPV and NPV by Bayes' rule.

    ``PPV = se p / (se p + (1 - sp)(1 - p))``,  ``NPV = sp (1 - p) / (sp (1 - p) + (1 - se) p)``.

    Parameters
    ----------
    sensitivity, specificity, prevalence : float or array_like in [0, 1]
        Arrays broadcast against each other.

    Returns
    -------
    ppv, npv : float or ndarray
        NaN, with one warning, where no result of that sign can occur.
    """
    se = as_probability(sensitivity, "sensitivity")
    sp = as_probability(specificity, "specificity")
    p = as_probability(prevalence, "prevalence")
    fitting_shapes(sensitivity=se, specificity=sp, prevalence=p)
    true_positive, false_positive = se * p, (1 - sp) * (1 - p)
    true_negative, false_negative = sp * (1 - p), (1 - se) * p
    return (
        divide(true_positive, true_positive + false_positive, "ppv", "P(+)"),
        divide(true_negative, true_negative + false_negative, "npv", "P(-)"),
    )


def wilson_interval(successes, trials, level=0.95):
    """Wilson's score interval of a proportion (Wilson 1927, J Am Stat Assoc 22:209).

    Keeps inside [0, 1] and near its nominal coverage even for 0 of 5. NaN, with one warning,
    for 0 trials.
    """
    k, n, z = *_successes_of(successes, trials), stats.norm.ppf(0.5 + as_level(level) / 2)
    if n == 0:
        return _no_trials()
    p = k / n
    center = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return (float(center - half) if k else 0.0), (float(center + half) if k < n else 1.0)


def clopper_pearson_interval(successes, trials, level=0.95):
    """Exact binomial interval (Clopper & Pearson 1934, Biometrika 26:404): never too narrow.

    NaN, with one warning, for 0 trials.
    """
    k, n, tail = *_successes_of(successes, trials), (1 - as_level(level)) / 2
    if n == 0:
        return _no_trials()
    low = stats.beta.ppf(tail, k, n - k + 1) if k else 0.0
    high = stats.beta.ppf(1 - tail, k + 1, n - k) if k < n else 1.0
    return float(low), float(high)


def _successes_of(successes, trials):
    k, n = as_count(successes, "successes"), as_count(trials, "trials")
    if k > n:
        raise ValueError(f"successes must not exceed trials, got {k} of {n}.")
    return k, n


def _no_trials():
    nan = undefined("the interval", "trials is 0")
    return nan, nan


def expit_interval(logit, half):
    """Interval of a probability that is ``logit ± half`` on the logit scale."""
    return float(special.expit(logit - half)), float(special.expit(logit + half))
