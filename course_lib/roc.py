"""Scores instead of answers: ROC and precision–recall curves, their areas and their uncertainty.

A case is called positive where ``score >= threshold``. Everything here follows from one table: how
many diseased and how many normal cases have each distinct score. Tied scores share a line of that
table, so they are treated exactly.
"""

import functools
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import optimize, special, stats

from ._undefined import undefined
from ._validation import (
    as_binary,
    as_choice,
    as_count,
    as_counts,
    as_level,
    as_nonnegative,
    as_probability,
    as_scores,
    as_vector,
    both_classes,
    same_length,
)
from .intervals import RESAMPLES, Interval, percentile_interval, wilson_of_share, z_of
from .metrics import ConfusionMatrix

_INTERVALS = ("logit", "wald", "score", "bootstrap")
_BANDS = ("pointwise", "simultaneous")


@dataclass(frozen=True, eq=False, repr=False)
class RocCurve:
    """Every operating point of a score; make one with `from_scores` or `from_ratings`.

    Attributes
    ----------
    thresholds : ndarray, shape (k + 1,)
        Infinity (nobody is positive), then the distinct scores from the highest down. Points on a
        straight line are kept, unlike scikit-learn's default.
    tp, fp : ndarray of int, shape (k + 1,)
        Diseased and normal cases with a score of at least that threshold.

    Examples
    --------
    >>> RocCurve.from_scores([0, 0, 1, 1], [0.1, 0.4, 0.4, 0.8]).auc
    0.875
    """

    thresholds: np.ndarray
    tp: np.ndarray
    fp: np.ndarray

    @classmethod
    def from_scores(cls, y_true, y_score):
        """The curve of a score.

        Parameters
        ----------
        y_true : array_like of {0, 1}, shape (n,)
            1 is diseased. Both classes must occur.
        y_score : array_like of float, shape (n,)
            Finite; larger means more likely diseased. It need not be a probability.

        Raises
        ------
        ValueError
            For one class only, NaN or infinite scores, empty input, or different lengths.
        """
        y_true, y_score = _cases(y_true, y_score=y_score)
        disease, normal = y_score.compress(y_true), y_score.compress(~y_true)
        disease.sort()
        normal.sort()
        return _CurveOfScores(disease, normal)

    @classmethod
    def from_ratings(cls, disease, normal):
        """The curve of a rating scale, from how many cases received each rating.

        Parameters
        ----------
        disease, normal : array_like of int, shape (k,)
            Number of diseased and of normal cases rated 1, 2, …, k ("certainly normal" first).

        Raises
        ------
        ValueError
            If a count is negative or not whole, the lengths differ, or a class has no case.
        """
        disease, normal = as_counts(disease, "disease"), as_counts(normal, "normal")
        same_length(disease=disease, normal=normal)
        ratings = np.arange(len(disease), 0, -1.0)
        return cls(np.r_[np.inf, ratings], _from_the_top(disease), _from_the_top(normal))

    def __repr__(self):
        return (
            f"RocCurve({self.n_disease} diseased, {self.n_normal} normal, "
            f"{len(self.thresholds) - 1} distinct scores, AUC {self.auc:.3f})"
        )

    @property
    def n_disease(self):
        """Number of diseased cases."""
        return int(self.tp[-1])

    @property
    def n_normal(self):
        """Number of normal cases."""
        return int(self.fp[-1])

    @property
    def prevalence(self):
        """Share of diseased cases in the sample."""
        return self.n_disease / (self.n_disease + self.n_normal)

    @functools.cached_property
    def tpr(self):
        """True positive rate (sensitivity) at each threshold, rising from 0 to 1."""
        return self.tp / self.n_disease

    @functools.cached_property
    def fpr(self):
        """False positive rate (1 - specificity) at each threshold, rising from 0 to 1."""
        return self.fp / self.n_normal

    def at(self, threshold):
        """The `ConfusionMatrix` of the rule "positive where score >= threshold"."""
        tp, fp = self.counts(threshold)
        if np.ndim(tp):
            raise ValueError("threshold must be one number; `counts` takes several.")
        tp, fp = int(tp), int(fp)
        return ConfusionMatrix(tp=tp, fn=self.n_disease - tp, fp=fp, tn=self.n_normal - fp)

    def counts(self, threshold):
        """True and false positives at any thresholds, a number or an array, also infinite."""
        try:
            threshold = np.asarray(threshold, dtype=float)
        except (ValueError, TypeError) as error:
            raise ValueError(f"threshold must be a number, got {threshold!r}.") from error
        if np.isnan(threshold).any():
            raise ValueError("threshold must not be NaN.")
        reached = np.searchsorted(-self.thresholds[1:], -threshold, side="right")
        return self.tp[reached], self.fp[reached]

    def sensitivity_at(self, fpr):
        """Sensitivity at false positive rates in [0, 1], with straight lines between points."""
        return np.interp(as_probability(fpr, "fpr"), self.fpr, self.tpr)

    # The area and its uncertainty

    @functools.cached_property
    def auc(self):
        """Area under the curve: P(a diseased case scores higher than a normal one).

        A tie counts one half (Mann–Whitney). Counted in whole numbers, so it is exact.
        """
        disease, normal = np.diff(self.tp), np.diff(self.fp)
        half_wins = np.sum(disease * (2 * (self.n_normal - self.fp[1:]) + normal))
        return int(half_wins) / (2 * self.n_disease * self.n_normal)

    @functools.cached_property
    def auc_se(self):
        """DeLong's standard error of the AUC; NaN where a class has only one case.

        The structural components are computed from ranks, in O(n log n).

        References
        ----------
        DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44:837. Sun & Xu 2014, IEEE Signal
        Processing Letters 21:1389.
        """
        disease, normal = np.diff(self.tp), np.diff(self.fp)
        # Of the normal cases, the share that a diseased case with this score beats; and vice versa.
        v10 = (self.n_normal - self.fp[1:] + normal / 2) / self.n_normal
        v01 = (self.tp[:-1] + disease / 2) / self.n_disease
        return float(
            np.sqrt(
                _variance(v10, disease) / self.n_disease + _variance(v01, normal) / self.n_normal
            )
        )

    def auc_interval(self, level=0.95, method="logit", *, seed=0, resamples=RESAMPLES):
        """Confidence interval of the AUC.

        Parameters
        ----------
        level : float, default 0.95
        method : {"logit", "wald", "score", "bootstrap"}
            ``"logit"``: DeLong's standard error on the logit scale, which stays inside [0, 1] and
            keeps its level for high AUCs (Pohar Perme & Manevski 2019). ``"wald"``: AUC ± z SE,
            clipped to [0, 1]. ``"score"``: the areas for which the observed one is plausible
            under Hanley & McNeil's variance (Newcombe 2006, method 5). ``"bootstrap"``:
            percentiles, diseased and normal cases redrawn separately.
        seed, resamples : int
            Of the bootstrap.

        Returns
        -------
        low, high : float

        Notes
        -----
        Where every diseased case outscores every normal one, or all are tied, DeLong's variance
        and the bootstrap's are 0, which says nothing about the next patient. There, and where a
        class has one case, every method returns the score interval.

        References
        ----------
        Pohar Perme & Manevski 2019, Stat Methods Med Res 28:3755. Newcombe 2006, Stat Med 25:559.
        """
        z, method = z_of(level), as_choice(method, "method", _INTERVALS)
        auc, se = self.auc, self.auc_se
        if method == "score" or not se > 0:
            low = _score_limit(auc, self.n_disease, self.n_normal, z)
            return Interval(low, 1 - _score_limit(1 - auc, self.n_disease, self.n_normal, z))
        if method == "wald":
            return Interval(max(0.0, float(auc - z * se)), min(1.0, float(auc + z * se)))
        if method == "bootstrap":
            values = self.bootstrap(lambda curve: curve.auc, seed=seed, resamples=resamples)
            return percentile_interval(values, level)
        logit, half = special.logit(auc), z * se / (auc * (1 - auc))
        return Interval(*(float(special.expit(end)) for end in (logit - half, logit + half)))

    def partial_auc(self, low=0.0, high=0.1, *, standardized=False):
        """Area between two false positive rates.

        Parameters
        ----------
        low, high : float in [0, 1]
            ``high=0.1`` keeps to specificities of at least 0.9.
        standardized : bool
            Rescale so that a useless score gives 0.5 and a perfect one 1.

        References
        ----------
        McClish 1989, Med Decis Making 9:190.
        """
        low, high = as_probability(low, "low"), as_probability(high, "high")
        if not low < high:
            raise ValueError(f"low must be smaller than high, got {low} and {high}.")
        inside = (self.fpr > low) & (self.fpr < high)
        x = np.r_[low, self.fpr[inside], high]
        # At `low` the upper end of a vertical step belongs to the region, at `high` it does not.
        y = np.r_[self.sensitivity_at(low), self.tpr[inside], _lower_end(high, self.fpr, self.tpr)]
        area = float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))
        if not standardized:
            return area
        useless, perfect = (high**2 - low**2) / 2, high - low
        return 0.5 * (1 + (area - useless) / (perfect - useless))

    def bootstrap(self, statistic, *, resamples=RESAMPLES, seed=0):
        """Values of a statistic on resampled cases.

        Diseased and normal cases are redrawn separately, each as many as there are.

        Parameters
        ----------
        statistic : callable
            Takes a `RocCurve`, returns a number or an array of fixed shape.
        resamples, seed : int

        Returns
        -------
        ndarray, shape (resamples, ...)
        """
        resamples = as_count(resamples, "resamples", 1)
        rng = np.random.default_rng(as_count(seed, "seed"))
        disease, normal = (_redraws(np.diff(counts), rng) for counts in (self.tp, self.fp))
        return np.array(
            [
                statistic(RocCurve(self.thresholds, next(disease), next(normal)))
                for _ in range(resamples)
            ]
        )

    def band(self, level=0.95, kind="simultaneous", *, fpr=None, seed=0, resamples=RESAMPLES):
        """Confidence band of the curve.

        Parameters
        ----------
        level : float, default 0.95
        kind : {"simultaneous", "pointwise"}
            ``"simultaneous"`` covers the whole true curve with this confidence: the curve moved
            by the Kolmogorov–Smirnov distances of both classes (Campbell 1994); conservative.
            ``"pointwise"`` covers the sensitivity at any *one* false positive rate chosen
            beforehand: the Bayesian bootstrap with one case more in each class, the worst
            possible ones for the lower limit and the best for the upper (see
            `course_lib.intervals.with_one_more`). It is narrower, and does not hold for the curve
            as a whole.
        fpr : array_like of float in [0, 1], shape (m,), optional
            Where to give the band; by default 0, 0.01, …, 1.
        seed, resamples : int
            Of the bootstrap.

        Returns
        -------
        RocBand
            ``fpr, low, high``.

        References
        ----------
        Campbell 1994, Stat Med 13:499. Gu, Ghosal & Roy 2008, Stat Med 27:5407.
        """
        level, kind = as_level(level), as_choice(kind, "kind", _BANDS)
        fpr = np.arange(101) / 100 if fpr is None else as_vector(fpr, "fpr")
        fpr = as_probability(fpr, "fpr")
        if kind == "pointwise":
            worst, best = self._with_one_more(fpr, as_count(seed, "seed"), resamples)
            low = np.quantile(worst, 0.5 - level / 2, axis=0)
            return RocBand(fpr, low, np.quantile(best, 0.5 + level / 2, axis=0))
        # Both classes stay within their distance with probability sqrt(level)² = level.
        up = stats.kstwo.ppf(np.sqrt(level), self.n_disease)
        across = stats.kstwo.ppf(np.sqrt(level), self.n_normal)
        low = self.sensitivity_at(np.maximum(fpr - across, 0)) - up
        high = self.sensitivity_at(np.minimum(fpr + across, 1)) + up
        low = np.where(fpr < across, 0, np.maximum(low, 0))
        return RocBand(fpr, low, np.where(fpr + across >= 1, 1, np.minimum(high, 1)))

    def _with_one_more(self, fpr, seed, resamples):
        """Sensitivities at `fpr` of curves with random weights and one more case in each class.

        First with the worst cases, a diseased one below and a normal one above everybody; then
        with the best.
        """
        rng = np.random.default_rng(seed)
        disease, normal = np.diff(self.tp), np.diff(self.fp)
        resamples = as_count(resamples, "resamples", 1)
        for first, last, at in (([0], [1], _lower_end), ([1], [0], np.interp)):
            curves = []
            for _ in range(resamples):
                tpr = np.cumsum(rng.standard_gamma(np.r_[first, disease, last]))
                false = np.cumsum(rng.standard_gamma(np.r_[last, normal, first]))
                curves.append(at(fpr, np.r_[0, false / false[-1]], np.r_[0, tpr / tpr[-1]]))
            yield curves

    # Where to put the threshold

    def youden(self):
        """Threshold with the largest sensitivity + specificity - 1; the highest one of equals.

        References
        ----------
        Youden 1950, Cancer 3:32.
        """
        j = self.tp * self.n_normal - self.fp * self.n_disease
        return float(self.thresholds[np.argmax(j)])

    def expected_cost(self, cost_fn, cost_fp, prevalence=None):
        """Mean cost of errors per patient at each threshold.

        ``cost_fn (1 - se) p + cost_fp (1 - sp) (1 - p)``

        Parameters
        ----------
        cost_fn, cost_fp : float
            What one missed patient and one false alarm cost, in the same unit.
        prevalence : float, optional
            Where the test will be used; by default the sample's.

        Returns
        -------
        ndarray, shape (k + 1,)
        """
        cost_fn, cost_fp = _one_cost(cost_fn, "cost_fn"), _one_cost(cost_fp, "cost_fp")
        p = self._prevalence(prevalence)
        return cost_fn * (1 - self.tpr) * p + cost_fp * self.fpr * (1 - p)

    def cheapest(self, cost_fn, cost_fp, prevalence=None):
        """Threshold with the lowest `expected_cost`; infinity if no test at all is cheapest.

        There the curve has the slope ``cost_fp (1 - p) / (cost_fn p)`` (Metz 1978, Semin Nucl Med
        8:283).
        """
        cost = self.expected_cost(cost_fn, cost_fp, prevalence)
        # Rounding must not decide between equals: the highest threshold is taken.
        cheapest = np.flatnonzero(cost <= cost.min() + 1e-12 * cost.max())
        return float(self.thresholds[cheapest[0]])

    # Precision and recall

    def precision(self, prevalence=None):
        """Precision (PPV) at each threshold; NaN at the first, where nobody is positive.

        Parameters
        ----------
        prevalence : float, optional
            Precision in a crowd of this prevalence, by Bayes' rule; by default the sample's.

        Returns
        -------
        ndarray, shape (k + 1,)
            Plot it against `tpr`, which is the recall.
        """
        p = self._prevalence(prevalence)
        true, false = p * self.tpr, (1 - p) * self.fpr
        return np.divide(true, true + false, where=true + false > 0, out=np.full_like(true, np.nan))

    def average_precision(self, prevalence=None):
        """Mean precision, weighted by the recall that each threshold gains.

        ``Σ (recall_k - recall_{k-1}) precision_k``: a step function, without interpolation, which
        would be too optimistic (Davis & Goadrich 2006, ICML). A useless score gives the prevalence.
        """
        gained = np.diff(self.tpr)
        return float(np.sum(gained * self.precision(prevalence)[1:], where=gained > 0))

    def average_precision_interval(self, level=0.95):
        """Confidence interval of `average_precision`, at the sample's prevalence.

        Wilson's, as if it were a share of the diseased cases: Boyd's binomial interval, which the
        score method keeps from losing its width where all of them come first.

        References
        ----------
        Boyd, Eng & Page 2013, ECML PKDD, LNCS 8190:451.
        """
        return wilson_of_share(self.average_precision(), self.n_disease, z_of(level))

    def _prevalence(self, prevalence):
        if prevalence is None:
            return self.prevalence
        prevalence = as_probability(prevalence, "prevalence")
        if not isinstance(prevalence, float):
            raise ValueError("prevalence must be one number between 0 and 1.")
        return prevalence


class _CurveOfScores(RocCurve):
    """The curve of two sorted classes. The area needs the classes alone, not their common table."""

    def __init__(self, disease, normal):
        self.__dict__.update(_disease=disease, _normal=normal)

    @property
    def n_disease(self):
        return len(self._disease)

    @property
    def n_normal(self):
        return len(self._normal)

    @functools.cached_property
    def _table(self):
        scores = np.sort(np.concatenate([self._disease, self._normal]), kind="stable")
        first = np.flatnonzero(np.r_[True, scores[1:] > scores[:-1]])
        thresholds = scores[first]
        at = np.searchsorted(thresholds, self._disease)
        disease = np.bincount(at, minlength=len(thresholds))
        normal = np.diff(first, append=len(scores)) - disease
        return np.r_[np.inf, thresholds[::-1]], _from_the_top(disease), _from_the_top(normal)

    thresholds = property(lambda self: self._table[0])
    tp = property(lambda self: self._table[1])
    fp = property(lambda self: self._table[2])

    @functools.cached_property
    def _beaten(self):
        """For each diseased case, the normal ones below it, and those not above it."""
        below = np.searchsorted(self._normal, self._disease)
        tied = self._normal.take(below, mode="clip") == self._disease
        if not tied.any():
            return below, below
        return below, np.searchsorted(self._normal, self._disease, side="right")

    @functools.cached_property
    def auc(self):
        below, not_above = self._beaten
        return int(below.sum() + not_above.sum()) / (2 * self.n_disease * self.n_normal)

    @functools.cached_property
    def auc_se(self):
        below, not_above = self._beaten
        v10 = (below + not_above) / (2 * self.n_normal)
        # A diseased case with at most j normal ones below it does not beat normal case j.
        counts = sum(np.bincount(beaten, minlength=self.n_normal + 1) for beaten in self._beaten)
        v01 = 1 - np.cumsum(counts)[:-1] / (2 * self.n_disease)
        return float(np.sqrt(_variance(v10) / len(v10) + _variance(v01) / len(v01)))


class RocBand(NamedTuple):
    """Limits of the sensitivity over false positive rates; all arrays of one length."""

    fpr: np.ndarray
    low: np.ndarray
    high: np.ndarray


class AucComparison(NamedTuple):
    """Two areas on the same cases; `difference` is a minus b."""

    auc_a: float
    auc_b: float
    difference: float
    se: float
    interval: Interval
    statistic: float
    p_value: float


def compare_auc(y_true, a, b, level=0.95):
    """Compare two scores of the same cases: the paired test of DeLong.

    Parameters
    ----------
    y_true : array_like of {0, 1}, shape (n,)
    a, b : array_like of float, shape (n,)
        Two scores of each case, in the same order.
    level : float, default 0.95
        Of the interval.

    Returns
    -------
    AucComparison
        ``auc_a, auc_b, difference, se, interval, statistic, p_value``: z statistic and two-sided
        p value.

    Notes
    -----
    Where the cases do not vary in how much better a is (both scores separate the classes, or rank
    all cases alike), or a class has one case, DeLong's variance is 0 or missing. The sample then
    says only that other cases are rare: of n alike, as Clopper & Pearson have it, the next one is
    different with a probability of at most ``1 - ((1 - level)/2)^(1/n)``. The interval adds what
    such a case in either class could change, as in MOVER (Zou & Donner 2008, Stat Med 27:1693);
    se, statistic and p value are NaN, with one warning.

    Raises
    ------
    ValueError
        As `RocCurve.from_scores`.

    References
    ----------
    DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44:837, in O(n log n) as in Sun & Xu 2014.
    """
    level = as_level(level)
    y_true, a, b = _cases(y_true, a=a, b=b)
    (v10_a, v01_a), (v10_b, v01_b) = _placements(y_true, a), _placements(y_true, b)
    v10, v01 = v10_a - v10_b, v01_a - v01_b
    auc_a, auc_b, difference = (float(v.mean()) for v in (v10_a, v10_b, v10))
    se = float(np.sqrt(_variance(v10) / len(v10) + _variance(v01) / len(v01)))
    if not se > 0:
        nan = undefined("the test of the difference", "the cases do not vary in it")
        interval = _of_equal_cases(difference, (len(v10), len(v01)), level)
        return AucComparison(auc_a, auc_b, difference, nan, interval, nan, nan)
    half, z = z_of(level) * se, difference / se
    interval = Interval(float(difference - half), float(difference + half))
    p_value = float(2 * stats.norm.sf(abs(z)))
    return AucComparison(auc_a, auc_b, difference, se, interval, z, p_value)


def hanley_mcneil_se(auc, n_disease, n_normal):
    """Standard error of an AUC from the area and the two sample sizes alone.

    ``SE² = (A(1-A) + (n_D-1)(Q1-A²) + (n_N-1)(Q2-A²)) / (n_D n_N)`` with ``Q1 = A/(2-A)`` and
    ``Q2 = 2A²/(1+A)``: exact for exponential scores, close for others. It serves to plan a study,
    or to judge a paper that gives no interval.

    References
    ----------
    Hanley & McNeil 1982, Radiology 143:29.
    """
    a = as_probability(auc, "auc")
    n_d = as_count(n_disease, "n_disease", least=1)
    n_n = as_count(n_normal, "n_normal", least=1)
    q1, q2 = a / (2 - a), 2 * a**2 / (1 + a)
    variance = (a * (1 - a) + (n_d - 1) * (q1 - a**2) + (n_n - 1) * (q2 - a**2)) / (n_d * n_n)
    return np.sqrt(variance) if isinstance(variance, np.ndarray) else float(np.sqrt(variance))


def _cases(y_true, **scores):
    """Truth and scores as arrays of one length, with both classes."""
    y_true = as_binary(y_true, "y_true")
    scores = {name: as_scores(values, name) for name, values in scores.items()}
    same_length(y_true=y_true, **scores)
    both_classes(y_true)
    return y_true, *scores.values()


def _one_cost(value, name):
    cost = as_nonnegative(value, name)
    if np.ndim(cost):
        raise ValueError(f"{name} must be one number, got {value!r}.")
    return cost


def _lower_end(x, xp, fp):
    """`numpy.interp`, but with the lower end of a vertical step."""
    return np.interp(-x, -xp[::-1], fp[::-1])


def _of_equal_cases(difference, sizes, level):
    """Interval of a mean in [-1, 1] of two classes whose cases all show the same value."""
    rare = np.hypot(*(1 - ((1 - level) / 2) ** (1 / n) for n in sizes))
    low, high = difference - rare * (1 + difference), difference + rare * (1 - difference)
    return Interval(max(float(low), -1.0), min(float(high), 1.0))


def _from_the_top(counts):
    """Cases with at least each rating, the highest rating first, after a 0 for none."""
    return np.r_[0, np.cumsum(counts[::-1])]


def _redraws(counts, rng):
    """Endless bootstrap samples of cases given by their counts, as cumulative counts."""
    score_of_case = np.repeat(np.arange(len(counts)), counts)
    while True:
        drawn = score_of_case[rng.integers(len(score_of_case), size=len(score_of_case))]
        yield np.r_[0, np.cumsum(np.bincount(drawn, minlength=len(counts)))]


def _placements(y_true, y_score):
    """For each case, the share of the other class that it beats (for normal ones: loses to)."""
    disease, normal = y_score[y_true], y_score[~y_true]
    return _share_below(disease, normal), 1 - _share_below(normal, disease)


def _share_below(values, others):
    """Share of `others` below each value, ties counting one half."""
    others = np.sort(others)
    below = np.searchsorted(others, values, side="left")
    return (below + np.searchsorted(others, values, side="right")) / (2 * len(others))


def _variance(values, counts=None):
    """Unbiased variance of values that occur `counts` times; NaN for a single one."""
    if (len(values) if counts is None else counts.sum()) < 2:
        return np.nan
    return float(values.var(ddof=1) if counts is None else np.cov(values, fweights=counts))


def _score_limit(auc, n_disease, n_normal, z):
    """Smallest area under which the observed one lies within z standard errors."""
    if auc == 0:
        return 0.0
    # Newcombe gives both classes the mean of their sizes inside Hanley & McNeil's variance.
    others = (n_disease + n_normal) / 2 - 1

    def excess(a):
        inner = 1 + others * ((1 - a) / (2 - a) + a / (1 + a))
        return (auc - a) ** 2 - z**2 * a * (1 - a) * inner / (n_disease * n_normal)

    return float(optimize.brentq(excess, 0, auc * (1 - 1e-9)))
