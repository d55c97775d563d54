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
from scipy import optimize, stats

from ._html import scrolling, table
from ._undefined import UndefinedRateWarning as UndefinedRateWarning
from ._undefined import divide, undefined, undefined_unsaid
from ._validation import (
    as_binary,
    as_choice,
    as_count,
    as_level,
    as_open_probability,
    as_probability,
    as_vector,
    fitting_shapes,
    same_length,
)
from .intervals import (
    NO_INTERVAL,
    Interval,
    clopper_pearson_interval,
    jeffreys_interval,
    melded_interval,
    no_interval,
    wilson_interval,
    z_of,
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

_OF_PROPORTION = {
    "wilson": wilson_interval,
    "clopper-pearson": clopper_pearson_interval,
    "jeffreys": jeffreys_interval,
}
#: Rates that follow from sensitivity, specificity and, for MCC, the prevalence.
_OF_SE_AND_SP = {
    "positive_likelihood_ratio": lambda se, sp, p: se / (1 - sp),
    "negative_likelihood_ratio": lambda se, sp, p: (1 - se) / sp,
    "diagnostic_odds_ratio": lambda se, sp, p: se / (1 - se) * (sp / (1 - sp)),
    "balanced_accuracy": lambda se, sp, p: (se + sp) / 2,
    "mcc": lambda se, sp, p: _correlation(se, sp, p),
}
_RATIOS = ("positive_likelihood_ratio", "negative_likelihood_ratio", "diagnostic_odds_ratio")
_METHODS = {
    **dict.fromkeys(PROPORTIONS, tuple(_OF_PROPORTION)),
    **dict.fromkeys(_RATIOS, ("melded", "log")),
    "f1": ("wilson",),
    "balanced_accuracy": ("melded",),
    "mcc": ("melded",),
}


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
        """P(+ | disease) / P(+ | normal): what a positive result multiplies the odds by.

        Infinite if no normal case is positive, NaN if no case at all is.
        """
        sick, normal = self.tp + self.fn, self.fp + self.tn
        return self._ratio(self.tp * normal, self.fp * sick, "positive_likelihood_ratio", "FP")

    @property
    def negative_likelihood_ratio(self):
        """P(- | disease) / P(- | normal): what a negative result multiplies the odds by."""
        sick, normal = self.tp + self.fn, self.fp + self.tn
        return self._ratio(self.fn * normal, self.tn * sick, "negative_likelihood_ratio", "TN")

    @property
    def diagnostic_odds_ratio(self):
        """Odds of a positive result, diseased against normal: TP TN / (FP FN)."""
        right, wrong = self.tp * self.tn, self.fp * self.fn
        return self._ratio(right, wrong, "diagnostic_odds_ratio", "FP FN")

    def counts(self, name):
        """Numerator and denominator of a proportion, e.g. ``(2, 3)`` for sensitivity 2/3."""
        as_choice(name, "name", PROPORTIONS)
        return tuple(sum(getattr(self, cell) for cell in cells) for cells in PROPORTIONS[name])

    def interval(self, name, level=0.95, method=None):
        """Confidence interval of a rate.

        Parameters
        ----------
        name : str
            Any rate of this class, e.g. ``"sensitivity"`` or ``"f1"``.
        level : float, default 0.95
        method : str, optional
            For proportions ``"wilson"`` (the default), ``"clopper-pearson"`` or ``"jeffreys"``. For
            F1 ``"wilson"``: of TP of TP + FN + FP, of which F1 is a function (Lam et al. 2023). For
            ratios, balanced accuracy and MCC ``"melded"``: what the intervals of sensitivity and
            specificity make together (see `melded_interval`), for MCC at the prevalence of the
            table. For ratios also ``"log"`` (Simel 1991), which has no limits for 0 or infinity.

        Returns
        -------
        low, high : float
            The estimate lies between them, and `low` is smaller than `high`. NaN, with one warning,
            where the rate itself, or the log method, is undefined.

        References
        ----------
        Fay, Proschan & Brittain 2015, Biometrics 71:146. Lam, Gopal & Qian 2023, arXiv:2309.14621.
        Simel, Samsa & Matchar 1991, J Clin Epidemiol 44:763.
        """
        level, name = as_level(level), as_choice(name, "name", _METHODS)
        method = method or _METHODS[name][0]
        as_choice(method, f"method for {name}", _METHODS[name])
        value = getattr(self, name)
        if np.isnan(value):
            return NO_INTERVAL
        if name in PROPORTIONS:
            return _OF_PROPORTION[method](*self.counts(name), level)
        if name == "f1":
            low, high = wilson_interval(self.tp, self.tp + self.fn + self.fp, level)
            return Interval(2 * low / (1 + low), 2 * high / (1 + high))
        if method == "log":
            return self._log_interval(name, value, level)
        sign = -1 if name == "negative_likelihood_ratio" else 1  # it falls as the test gets better
        rate = _OF_SE_AND_SP[name]
        limits = self._melded(lambda se, sp: sign * rate(se, sp, self.prevalence), level)
        low, high = sorted(sign * limit for limit in limits)
        # -1 and 1 need not be met to the last digit.
        return Interval(min(low, value), max(high, value))

    def predictive_values_at(self, prevalence, level=0.95):
        """PPV and NPV that this test would have where the disease has another prevalence.

        Sensitivity and specificity come from the table, prevalence from the argument.
        The intervals treat the prevalence as known. They are what the intervals of sensitivity and
        specificity make together (see `melded_interval`): with no false positive seen, the PPV may
        be 1, and its lower limit says how far from 1 it may be.

        Returns
        -------
        PredictiveValues
            ``ppv, npv, ppv_interval, npv_interval``; a value that is undefined is NaN, with one
            warning, and so is its interval.

        References
        ----------
        Fay, Proschan & Brittain 2015, Biometrics 71:146. The usual interval, on the logit scale
        (Mercaldo, Lau & Zhou 2007, Stat Med 26:2170), excludes its own estimate where FP = 0.
        """
        level = as_level(level)
        p = as_open_probability(prevalence, "prevalence")
        if np.isnan(self.balanced_accuracy):  # a class is absent: said once, by its rate
            return PredictiveValues(np.nan, np.nan, NO_INTERVAL, NO_INTERVAL)
        values = predictive_values(self.sensitivity, self.specificity, p)
        intervals = (
            NO_INTERVAL if np.isnan(value) else self._melded(function, level)
            for value, function in zip(
                values,
                (
                    lambda se, sp: se * p / (se * p + (1 - sp) * (1 - p)),
                    lambda se, sp: sp * (1 - p) / (sp * (1 - p) + (1 - se) * p),
                ),
                strict=True,
            )
        )
        return PredictiveValues(*values, *intervals)

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
        return table(head, rows, named_rows=True, kind="confusion", diagonal=True)

    def _proportion(self, name):
        numerator, denominator = self.counts(name)
        cells = " + ".join(cell.upper() for cell in PROPORTIONS[name][1])
        return divide(numerator, denominator, name, cells)

    def _ratio(self, numerator, denominator, name, cells):
        """A ratio of rates, which may be infinite; NaN without a class, or for 0/0."""
        if np.isnan(self.balanced_accuracy):  # said once, by its rate
            return np.nan
        if numerator and not denominator:
            return np.inf
        return divide(numerator, denominator, name, cells)

    def _melded(self, function, level):
        """Interval of a number that rises with sensitivity and with specificity."""
        proportions = self.counts("sensitivity"), self.counts("specificity")
        with np.errstate(divide="ignore"):
            return melded_interval(function, proportions, level)

    def _log_interval(self, name, value, level):
        tp, fn, fp, tn = (np.float64(cell) for cell in (self.tp, self.fn, self.fp, self.tn))
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = {
                "positive_likelihood_ratio": 1 / tp - 1 / (tp + fn) + 1 / fp - 1 / (fp + tn),
                "negative_likelihood_ratio": 1 / fn - 1 / (tp + fn) + 1 / tn - 1 / (fp + tn),
                "diagnostic_odds_ratio": 1 / tp + 1 / fn + 1 / fp + 1 / tn,
            }[name]
        if not 0 < variance < np.inf:
            return no_interval(f"the log interval of {name}", "its variance is 0 or infinite")
        half = z_of(level) * np.sqrt(variance)
        return Interval(float(value * np.exp(-half)), float(value * np.exp(half)))


class PredictiveValues(NamedTuple):
    """Predictive values at one prevalence, with their intervals."""

    ppv: float
    npv: float
    ppv_interval: Interval
    npv_interval: Interval


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


def patients_needed(expected, half_width, share=1.0, level=0.95):
    """How many patients a study needs for an interval of ± `half_width` around a proportion.

    Solves ``d = z / (n + z²) · sqrt(n p (1 - p) + z²/4)``, half the width of Wilson's interval, for
    n. The simpler ``n = z² p (1 - p) / d²`` needs nobody at all where p is 1.

    Parameters
    ----------
    expected : float in [0, 1]
        The proportion p that you expect, e.g. a sensitivity of 0.9.
    half_width : float
        d, e.g. 0.05 for ± 5 points; above 0 and below 0.5.
    share : float, default 1
        Share of the patients that the proportion counts: the prevalence for a sensitivity, 1 minus
        the prevalence for a specificity. They come by chance, so plan for a few more.
    level : float, default 0.95

    Returns
    -------
    int

    References
    ----------
    Buderer 1996, Acad Emerg Med 3:895, for the step from the diseased to all patients. Piegorsch
    2004, Stat Med 23:1061, for Wilson's interval.
    """
    p, d = as_probability(expected, "expected"), as_open_probability(half_width, "half_width")
    if not isinstance(p, float):
        raise ValueError(f"expected must be one number between 0 and 1, got {expected!r}.")
    if d >= 0.5:
        raise ValueError(f"half_width must be below 0.5, got {half_width!r}.")
    share = as_probability(share, "share")
    if not isinstance(share, float) or share == 0:
        raise ValueError(f"share must be one number above 0 and at most 1, got {share!r}.")
    z, pq = z_of(level), p * (1 - p)
    n = z**2 * ((pq + math.sqrt(pq**2 + d**2 * (1 - 4 * pq))) / (2 * d**2) - 1)
    return math.ceil(math.ceil(max(n, 1)) / share)


class McNemar(NamedTuple):
    """Two answers on the same cases; `difference` is a minus b."""

    only_a: int
    only_b: int
    difference: float
    interval: Interval
    p_value: float


def mcnemar(a, b, method="mid-p", level=0.95):
    """McNemar's test: do two tests say yes equally often on the same cases?

    Only the cases on which they differ tell: if neither is better, each of those is a toss of a
    coin. To compare sensitivities, give the diseased patients; accuracies, whether each is right.

    Parameters
    ----------
    a, b : array_like of {0, 1}, shape (n,)
        Both tests on each case, in the same order.
    method : {"mid-p", "exact"}
        Of the two-sided p value: the exact one is too large for few cases, so that mid-p counts
        the probability of what was seen by half.
    level : float, default 0.95
        Of the interval of the difference, Tango's score interval.

    Returns
    -------
    McNemar
        ``only_a, only_b``: cases on which a alone, or b alone, says 1. ``difference``:
        ``(only_a - only_b) / n``; ``interval``; ``p_value``.

    References
    ----------
    McNemar 1947, Psychometrika 12:153. Mid-p: Fagerland, Lydersen & Laake 2013, BMC Med Res
    Methodol 13:91. Interval: Tango 1998, Stat Med 17:891.
    """
    a, b = as_binary(a, "a"), as_binary(b, "b")
    same_length(a=a, b=b)
    level, method = as_level(level), as_choice(method, "method", ("mid-p", "exact"))
    n, only_a, only_b = len(a), int(np.sum(a & ~b)), int(np.sum(b & ~a))
    few, differing = min(only_a, only_b), only_a + only_b
    p_value = 2 * stats.binom.cdf(few, differing, 0.5)
    if method == "mid-p":
        p_value -= stats.binom.pmf(few, differing, 0.5)
    z = z_of(level)
    interval = Interval(-_tango_limit(only_b, only_a, n, z), _tango_limit(only_a, only_b, n, z))
    return McNemar(only_a, only_b, (only_a - only_b) / n, interval, min(float(p_value), 1.0))


def _tango_limit(b, c, n, z):
    """The largest difference of which b and c cases of n are at most z standard errors below."""

    def distance(d):
        # The probability of c that is likeliest if the difference is d.
        linear = (2 * n - b + c) * d - b - c
        q = (math.sqrt(linear**2 + 8 * n * c * d * (1 - d)) - linear) / (4 * n)
        return n * d - (b - c) - z * math.sqrt(max(n * (2 * q + d * (1 - d)), 0))

    estimate = (b - c) / n
    # Where no case speaks against it, the variance at the estimate itself is 0.
    return 1.0 if estimate == 1 else float(optimize.brentq(distance, estimate + 1e-9, 1.0))


@dataclass(frozen=True, eq=False, repr=False)
class MulticlassMatrix:
    """How often each class was called what; make one with `from_labels`.

    Attributes
    ----------
    classes : ndarray, shape (k,)
        All labels that occur, in increasing order.
    counts : ndarray of int, shape (k, k)
        Row: the truth. Column: what was said.
    """

    classes: np.ndarray
    counts: np.ndarray

    @classmethod
    def from_labels(cls, y_true, y_pred):
        """Count the table from labels, numbers or names, each of shape (n,)."""
        y_true, y_pred = as_vector(y_true, "y_true"), as_vector(y_pred, "y_pred")
        same_length(y_true=y_true, y_pred=y_pred)
        for name, labels in {"y_true": y_true, "y_pred": y_pred}.items():
            if labels.dtype.kind not in "biuU" or labels.dtype.kind != y_true.dtype.kind:
                raise ValueError(f"{name} must hold whole numbers or names, as y_true does.")
        classes, place = np.unique(np.r_[y_true, y_pred], return_inverse=True)
        k, n = len(classes), len(y_true)
        flat = np.bincount(place[:n] * k + place[n:], minlength=k * k)
        return cls(classes, flat.reshape(k, k))

    def against_rest(self, label):
        """The 2×2 table of one class against all others: its rates are those of the class."""
        if label not in self.classes:
            raise ValueError(f"label must be one of the classes, got {label!r}.")
        k = int(np.flatnonzero(self.classes == label)[0])
        tp, row, column = self.counts[k, k], self.counts[k].sum(), self.counts[:, k].sum()
        return ConfusionMatrix(tp, row - tp, column - tp, self.counts.sum() - row - column + tp)

    @property
    def accuracy(self):
        """Share of right answers, which is also the *micro* average.

        Counted over all classes together, each error is one false negative and one false positive.
        So micro-averaged sensitivity, PPV and F1 are all this number.
        """
        return float(np.trace(self.counts) / self.counts.sum())

    def accuracy_interval(self, level=0.95):
        """Wilson's interval of `accuracy`."""
        return wilson_interval(int(np.trace(self.counts)), int(self.counts.sum()), level)

    def macro(self, name):
        """Mean over the classes of ``"sensitivity"``, ``"ppv"`` or ``"f1"``.

        A rare class counts as much as a frequent one. The mean of the sensitivities is the balanced
        accuracy. NaN, with one warning, where it is undefined for a class.
        """
        as_choice(name, "name", ("sensitivity", "ppv", "f1"))
        with undefined_unsaid():
            values = [getattr(self.against_rest(label), name) for label in self.classes]
        if np.isnan(values).any():
            label = self.classes[np.argmax(np.isnan(values))]
            return undefined(f"macro {name}", f"class {label} has none")
        return float(np.mean(values))

    def macro_interval(self, name, level=0.95):
        """Confidence interval of `macro`, from the intervals of the classes.

        The distances of their limits from the estimates are added as squares for sensitivity and
        PPV, whose denominators share no case (MOVER). An error lowers the F1 of two classes, so
        for F1 they are added as they are, which is never too narrow.

        References
        ----------
        Zou & Donner 2008, Stat Med 27:1693.
        """
        value = self.macro(name)
        if np.isnan(value):
            return NO_INTERVAL
        tables = [self.against_rest(label) for label in self.classes]
        values = np.array([getattr(table, name) for table in tables])
        limits = np.array([table.interval(name, level) for table in tables])
        distances, k = np.abs(limits - values[:, None]), len(tables)
        below, above = distances.mean(0) if name == "f1" else np.sqrt((distances**2).sum(0)) / k
        return Interval(float(value - below), float(value + above))

    def __repr__(self):
        cells = [["", *self.classes], *([c, *row] for c, row in self._rows())]
        width = max(len(str(cell)) for row in cells for cell in row)
        lines = (" ".join(f"{cell!s:>{width}}" for cell in row) for row in cells)
        return "\n".join(["truth (rows), said (columns)", *lines])

    def _repr_html_(self):
        head = (r"truth \ said", *self.classes)
        rows = ((label, *row) for label, row in self._rows())
        caption = "Cases by what they are (rows) and what was said (columns)"
        kind = "confusion confusion-many"
        return scrolling(
            table(head, rows, caption, named_rows=True, kind=kind, diagonal=True), caption
        )

    def _rows(self):
        return zip(self.classes, self.counts, strict=True)


class IndeterminateBounds(NamedTuple):
    """The 2×2 table if every indeterminate result had been wrong, and if it had been right."""

    worst: ConfusionMatrix
    best: ConfusionMatrix

    def interval(self, name, level=0.95):
        """From the lower limit at worst to the upper limit at best, for a rate that rises."""
        ends = self.worst.interval(name, level), self.best.interval(name, level)
        return Interval(min(low for low, _ in ends), max(high for _, high in ends))


def indeterminate_bounds(matrix, disease, normal):
    """What indeterminate or missing results may have hidden (STARD 2015, items 15 and 16).

    To leave them out is to suppose that they are like the others. Counted as wrong and as right,
    they give bounds that suppose nothing.

    Parameters
    ----------
    matrix : ConfusionMatrix
        Patients with a clear result.
    disease, normal : int
        Diseased and normal patients without one.

    Returns
    -------
    IndeterminateBounds
        ``worst, best``, and ``interval(name)``.

    References
    ----------
    Schuetz, Schlattmann & Dewey 2012, BMJ 345:e6717. Manski 1990, Am Econ Rev 80:319.
    """
    if not isinstance(matrix, ConfusionMatrix):
        raise ValueError(f"matrix must be a ConfusionMatrix, got {type(matrix).__name__}.")
    disease, normal = as_count(disease, "disease"), as_count(normal, "normal")
    tp, fn, fp, tn = matrix.tp, matrix.fn, matrix.fp, matrix.tn
    return IndeterminateBounds(
        ConfusionMatrix(tp, fn + disease, fp + normal, tn),
        ConfusionMatrix(tp + disease, fn, fp, tn + normal),
    )


def _correlation(se, sp, p):
    """Matthews' coefficient from sensitivity, specificity and prevalence."""
    positive = se * p + (1 - sp) * (1 - p)
    with np.errstate(divide="ignore", invalid="ignore"):
        mcc = (se + sp - 1) * np.sqrt(p * (1 - p) / (positive * (1 - positive)))
    return np.nan_to_num(mcc)  # a test with one output alone tells nothing
