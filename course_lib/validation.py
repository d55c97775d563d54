"""Does a model hold elsewhere? For whom, how to mend it, and when it should keep silent."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import special, stats

from ._validation import (
    as_array,
    as_binary,
    as_choice,
    as_level,
    as_open_probability,
    as_probabilities,
    as_scores,
    as_vector,
    same_length,
)
from .calibration import _fit, _log_odds, _overlap
from .intervals import NO_INTERVAL, Interval, wilson_interval, wilson_of_share, z_of
from .roc import RocCurve, _placements, _score_limit

# For whom? ----------------------------------------------------------------------------------------


class GroupRow(NamedTuple):
    """One measure in one group, and its difference from the reference group.

    Attributes
    ----------
    group, measure : str
    cases : int
        What the measure rests on: the ill for sensitivity, the positive for PPV, all for AUC.
    value : float
    interval : (float, float)
    difference : float
        This group minus the reference group; NaN in the reference group.
    difference_interval : (float, float)
        For a difference that was asked for before the data were seen.
    adjusted_interval : (float, float)
        For all differences of the table together (Bonferroni).
    """

    group: str
    measure: str
    cases: int
    value: float
    interval: Interval
    difference: float
    difference_interval: Interval
    adjusted_interval: Interval


@dataclass(frozen=True, repr=False)
class GroupComparison:
    """A score's measures, group by group; made by `by_group`.

    Attributes
    ----------
    rows : tuple of GroupRow
        Group by group, the reference group first.
    reference : str
    comparisons : int
        Differences in the table that could be computed: so many chances to be surprised.
    level : float
    """

    rows: tuple[GroupRow, ...]
    reference: str
    comparisons: int
    level: float

    def row(self, group, measure):
        """The row of that group and measure."""
        for row in self.rows:
            if (row.group, row.measure) == (str(group), measure):
                return row
        raise ValueError(f"group and measure must be in the table, got {group!r}, {measure!r}.")

    def __repr__(self):
        lines = [
            f"{self.level:.0%} intervals; differences from {self.reference}, the last column for "
            f"all {self.comparisons} together"
        ]
        for row in self.rows:
            parts = [f"{row.group:>10} {row.measure:17} {_said(row.value, row.interval)}"]
            if row.group != self.reference:
                parts.append(f"{_said(row.difference, row.difference_interval, '+')}")
                parts.append("[{:+.3f}, {:+.3f}]".format(*row.adjusted_interval))
            lines.append("  ".join(parts))
        return "\n".join(lines)


def by_group(y_true, y_score, groups, threshold=0.5, *, clusters=None, reference=None, level=0.95):
    """Sensitivity, specificity, PPV, NPV, AUC and calibration in each group of patients.

    Parameters
    ----------
    y_true : array_like of {0, 1}, shape (n,)
    y_score : array_like of float, shape (n,)
        Larger means more likely diseased. Observed over expected is given where all lie in [0, 1].
    groups : array_like, shape (n,)
        The group of each case; at least two groups.
    threshold : float, default 0.5
        A case is positive where score >= threshold.
    clusters : array_like, shape (n,), optional
        What cases belong together, such as the patient of each film. Without it each case is a
        patient of its own.
    reference : optional
        The group to which the others are compared, by default the largest.
    level : float, default 0.95

    Returns
    -------
    GroupComparison
        NaN where a group has no case that a measure needs.

    Raises
    ------
    ValueError
        If there is one group, or `reference` is none of them, or as `RocCurve.from_scores`.

    Notes
    -----
    Rates have Wilson's interval, areas DeLong's on the logit scale, O/E that of the observed share
    over the mean risk. With clusters, the variance is that of the clusters' sums (for areas
    Obuchowski's), a rate is taken for one of as many independent cases as would vary as much,
    fewer the fewer clusters there are (Korn & Graubard), and where nothing varies a cluster counts
    as one case. Differences: MOVER; clusters that lie in both groups correlate them.

    References
    ----------
    Newcombe 1998, Stat Med 17:873; Zou & Donner 2008, Stat Med 27:1693 (MOVER). Korn & Graubard
    1998, Surv Methodol 24:193. Obuchowski 1997, Biometrics 53:567 (clustered areas).
    """
    y_true, y_score = as_binary(y_true, "y_true"), as_scores(y_score, "y_score")
    groups = _names(groups, "groups")
    same_length(y_true=y_true, y_score=y_score, groups=groups)
    (threshold,) = as_scores([threshold], "threshold")
    level = as_level(level)
    if clusters is not None:
        clusters = as_vector(clusters, "clusters")
        same_length(y_true=y_true, clusters=clusters)
        clusters = np.unique(clusters, return_inverse=True)[1]
    names, sizes = np.unique(groups, return_counts=True)
    if len(names) < 2:
        raise ValueError(f"groups must hold at least two groups, but all are {names[0]!r}.")
    first = names[sizes.argmax()] if reference is None else str(reference)
    if first not in names:
        raise ValueError(f"reference must be one of {', '.join(names)}, got {reference!r}.")
    order = [first, *names[names != first]]
    found = {
        name: _measures(y_true, y_score, groups == name, threshold, clusters) for name in order
    }
    pairs = [
        (name, measure)
        for name in order[1:]
        for measure, own in found[name].items()
        if not np.isnan(own.value - found[first][measure].value)
    ]
    adjusted = 1 - (1 - level) / max(len(pairs), 1)
    rows = []
    for name, measures in found.items():
        for measure, own in measures.items():
            base = found[first][measure]
            difference, wide, wider = np.nan, *2 * [NO_INTERVAL]
            if (name, measure) in pairs:
                difference = own.value - base.value
                wide, wider = (_mover(own, base, each) for each in (level, adjusted))
            interval = own.interval(level)
            rows.append(
                GroupRow(
                    str(name), measure, own.cases, own.value, interval, difference, wide, wider
                )
            )
    return GroupComparison(tuple(rows), str(first), len(pairs), level)


class _Measure(NamedTuple):
    """A measure in one group; `influence` says how much each cluster moved it, if there are any."""

    value: float
    cases: int
    interval: object
    influence: np.ndarray | None


def _measures(y_true, y_score, inside, threshold, clusters):
    """All measures of the cases inside one group."""
    positive, ones = y_score >= threshold, np.ones(len(y_true))
    rates = {
        "sensitivity": (positive, y_true),
        "specificity": (~positive, ~y_true),
        "ppv": (y_true, positive),
        "npv": (~y_true, ~positive),
    }
    found = {
        name: _share(hit, inside & among, ones, clusters) for name, (hit, among) in rates.items()
    }
    found["auc"] = _area(y_true, y_score, inside, clusters)
    if y_score.min() >= 0 and y_score.max() <= 1:
        found["observed_expected"] = _share(y_true, inside, y_score, clusters)
    return found


def _share(hit, among, weight, clusters):
    """``Σ hit / Σ weight`` of the cases among whom it is asked; weights are 1 or risks."""
    n, total = int(among.sum()), weight[among].sum()
    if n == 0 or total == 0:
        return _Measure(np.nan, n, lambda level: NO_INTERVAL, None)
    share, scale = float(hit[among].mean()), n / total
    value = share * scale
    if clusters is None:

        def interval(level):
            low, high = wilson_interval(int(hit[among].sum()), n, level)
            return Interval(low * scale, high * scale)

        return _Measure(value, n, interval, None)
    moved = np.bincount(clusters, among * (hit - share)) / n
    k = len(np.unique(clusters[among]))

    def of_clusters(level):
        low, high = wilson_of_share(share, _independent(share, moved, n, k, level), z_of(level))
        return Interval(low * scale, high * scale)

    influence = np.bincount(clusters, among * (hit - value * weight)) / total
    return _Measure(value, n, of_clusters, influence)


def _independent(share, moved, n, k, level):
    """As how many independent cases n cases in k clusters count."""
    variance = _unbiased(np.sum(moved**2), k)
    if k < 2 or variance <= 1e-12 * share * (1 - share) or share in (0.0, 1.0):
        return k
    few = (z_of(level) / stats.t.ppf(0.5 + level / 2, k - 1)) ** 2
    return max(1.0, min(n, share * (1 - share) / variance) * few)


def _area(y_true, y_score, inside, clusters):
    ill, well = inside & y_true, inside & ~y_true
    if not ill.any() or not well.any():
        return _Measure(np.nan, int(inside.sum()), lambda level: NO_INTERVAL, None)
    curve = RocCurve.from_scores(y_true[inside], y_score[inside])
    auc = curve.auc
    if clusters is None:
        return _Measure(auc, int(inside.sum()), curve.auc_interval, None)
    placed = np.zeros(len(y_true))
    v10, v01 = _placements(y_true[inside], y_score[inside])
    placed[ill], placed[well] = (v10 - auc) / ill.sum(), (v01 - auc) / well.sum()
    of_ill, of_well = (np.bincount(clusters, placed * some) for some in (ill, well))
    k, n_ill, n_well = (len(np.unique(clusters[some])) for some in (inside, ill, well))
    variance = (
        _unbiased(np.sum(of_ill**2), n_ill)
        + _unbiased(np.sum(of_well**2), n_well)
        + 2 * _unbiased(np.sum(of_ill * of_well), k)
    )

    def interval(level):
        if min(n_ill, n_well) < 2 or not variance > 1e-20 or auc in (0.0, 1.0):
            z = z_of(level)
            low = _score_limit(auc, n_ill, n_well, z)
            return Interval(low, 1 - _score_limit(1 - auc, n_ill, n_well, z))
        t = stats.t.ppf(0.5 + level / 2, min(n_ill, n_well) - 1)
        center, half = special.logit(auc), t * np.sqrt(variance) / (auc * (1 - auc))
        return Interval(*(float(special.expit(end)) for end in (center - half, center + half)))

    return _Measure(auc, int(inside.sum()), interval, of_ill + of_well)


def _unbiased(squares, k):
    """A sum of squares over k clusters, in whose mean they were centered."""
    return squares * k / (k - 1) if k > 1 else squares


def _mover(a, b, level):
    """Interval of a minus b from the intervals of both and their correlation."""
    (a_low, a_high), (b_low, b_high) = a.interval(level), b.interval(level)
    r = 0.0
    if a.influence is not None and b.influence is not None:
        norm = np.sqrt(np.sum(a.influence**2) * np.sum(b.influence**2))
        # Never quite 1: the next cluster may tell the groups apart.
        r = min(float(a.influence @ b.influence / norm), 0.99) if norm > 0 else 0.0
    difference = a.value - b.value
    down, up = a.value - a_low, b_high - b.value
    low = difference - np.sqrt(max(down**2 + up**2 - 2 * r * down * up, 0))
    up, down = a_high - a.value, b.value - b_low
    high = difference + np.sqrt(max(up**2 + down**2 - 2 * r * up * down, 0))
    return Interval(float(low), float(high))


def _names(values, name):
    """Groups as text."""
    values = as_vector(values, name)
    if values.dtype.kind == "f" and np.isnan(values).any():
        raise ValueError(f"{name} must name each case's group, but it contains NaN.")
    return values.astype(str)


def _said(value, interval, sign=""):
    return f"{value:{sign}.3f} {interval:{sign}.3f}"


# Mending ------------------------------------------------------------------------------------------

_METHODS = ("intercept", "logistic")


@dataclass(frozen=True)
class Recalibration:
    """``logit p' = intercept + slope · logit p``; call it with risks to mend them."""

    intercept: float
    slope: float

    def __call__(self, y_prob):
        """The mended risks; they keep their order, and 0 and 1 stay where they are."""
        p = as_probabilities(y_prob, "y_prob")
        with np.errstate(divide="ignore"):
            return special.expit(self.intercept + self.slope * special.logit(p))


def recalibrate(y_true, y_prob, method="logistic"):
    """Mend a model's risks for another place, on patients of that place.

    Parameters
    ----------
    y_true : array_like of {0, 1}, shape (n,)
        Both classes.
    y_prob : array_like of float, shape (n,)
        Strictly between 0 and 1.
    method : {"logistic", "intercept"}
        ``"intercept"`` moves all log odds by the same number, which is what another prevalence
        asks for; ``"logistic"`` stretches them, too. Neither changes the order of patients, so
        neither mends an AUC: that takes a refit.

    Returns
    -------
    Recalibration
        A function of risks, with ``intercept`` and ``slope``.

    Raises
    ------
    ValueError
        If one class is missing or, for ``"logistic"``, the classes do not overlap.

    References
    ----------
    Cox 1958, Biometrika 45:562. Steyerberg et al. 2004, Stat Med 23:2567.
    """
    method = as_choice(method, "method", _METHODS)
    y_true, logit = _log_odds(y_true, y_prob)
    constant = np.ones((len(logit), 1))
    design = constant if method == "intercept" else np.column_stack([constant, logit])
    if not _overlap(design, y_true):
        raise ValueError("y_prob must overlap between ill and healthy, or no mending is the best.")
    if method == "intercept":
        return Recalibration(float(_fit(design, y_true, logit)[0][0]), 1.0)
    return Recalibration(*_fit(design, y_true, 0)[0].tolist())


def reweight(y_prob, old, new):
    """Risks for another prevalence, where nothing else has changed: Bayes' rule.

    ``odds' = odds · (new / (1 - new)) / (old / (1 - old))``.

    Parameters
    ----------
    y_prob : array_like of float in [0, 1], shape (n,)
    old, new : float in (0, 1)
        Prevalence where the risks were made, and where they are used.

    Returns
    -------
    ndarray of float, shape (n,)

    References
    ----------
    Saerens, Latinne & Decaestecker 2002, Neural Comput 14:21.
    """
    old, new = as_open_probability(old, "old"), as_open_probability(new, "new")
    return Recalibration(float(special.logit(new) - special.logit(old)), 1.0)(y_prob)


# When to keep silent ------------------------------------------------------------------------------


def conformal_threshold(y_true, y_prob, level=0.9):
    """How unlikely a diagnosis may be and still stay in the set: split conformal prediction.

    The nonconformity of a case is ``s = 1 - P(its true class)``. The threshold is the k-th smallest
    s with ``k = ⌈(n + 1) · level⌉``. A new case drawn like these has its true class in the set
    `prediction_sets` with a probability of at least `level`, whatever the model.

    Parameters
    ----------
    y_true : array_like of int, shape (n,)
        Class of each case, 0 to K - 1. Cases that the model has not seen.
    y_prob : array_like of float, shape (n,) or (n, K)
        P(disease), or the probability of each class.
    level : float, default 0.9
        Share of future cases whose set shall hold the truth, on average over samples of n.

    Returns
    -------
    float
        Infinity where n is too small, k > n: every class stays in every set.

    References
    ----------
    Vovk, Gammerman & Shafer 2005, "Algorithmic Learning in a Random World". Angelopoulos & Bates
    2023, Found Trends Mach Learn 16:494.
    """
    y_prob, level = _by_class(y_prob), as_level(level)
    y_true = _classes(y_true, y_prob=y_prob)
    n = len(y_true)
    s = np.sort(1 - y_prob[np.arange(n), y_true])
    # 0.55 · 20 is a little more than 11.
    k = int(np.ceil((n + 1) * level - 1e-9))
    return float(s[k - 1]) if k <= n else float("inf")


def prediction_sets(y_prob, threshold):
    """Which classes stay in each case's set: those with ``1 - P(class) <= threshold``.

    Parameters
    ----------
    y_prob : array_like of float, shape (n,) or (n, K)
        P(disease), or the probability of each class.
    threshold : float
        From `conformal_threshold`.

    Returns
    -------
    ndarray of bool, shape (n, K)
        For P(disease): columns healthy and ill. Both: "I do not know". None: unlike anything.
    """
    threshold = as_array(threshold, "threshold", "a number")
    # Written so that NaN fails too.
    if threshold.ndim or threshold.dtype.kind not in "iuf" or not threshold >= 0:
        raise ValueError(f"threshold must be one number from 0 on, got {threshold}.")
    return 1 - _by_class(y_prob) <= threshold


class Coverage(NamedTuple):
    """How often the sets of a group held the truth, with interval, and how large they were."""

    group: str
    covered: int
    cases: int
    value: float
    interval: Interval
    size: float


def coverage(y_true, sets, groups=None, level=0.95):
    """Share of cases whose set holds the truth, overall and by group.

    The guarantee of `conformal_threshold` is for all cases together: a group may have less.

    Parameters
    ----------
    y_true : array_like of int, shape (n,)
        Class of each case, 0 to K - 1.
    sets : array_like of bool, shape (n, K)
        From `prediction_sets`.
    groups : array_like, shape (n,), optional
    level : float, default 0.95
        Of Wilson's interval.

    Returns
    -------
    list of Coverage
        First ``"all"``, then each group: ``group, covered, cases, value, interval, size``, the
        last being the mean number of classes in a set.
    """
    sets = as_array(sets, "sets", "an array (cases, classes)")
    if sets.ndim != 2 or sets.dtype != bool or not sets.size:
        raise ValueError(
            f"sets must be booleans (cases, classes), got {sets.dtype} of shape {sets.shape}."
        )
    y_true, level = _classes(y_true, sets=sets), as_level(level)
    hit, size = sets[np.arange(len(sets)), y_true], sets.sum(axis=1)
    members = {"all": np.ones(len(hit), bool)}
    if groups is not None:
        groups = _names(groups, "groups")
        same_length(y_true=y_true, groups=groups)
        members |= {name: groups == name for name in np.unique(groups).tolist()}
    return [
        Coverage(
            name,
            int(hit[inside].sum()),
            int(inside.sum()),
            float(hit[inside].mean()),
            wilson_interval(int(hit[inside].sum()), int(inside.sum()), level),
            float(size[inside].mean()),
        )
        for name, inside in members.items()
    ]


class SelectiveRisk(NamedTuple):
    """Error among the cases that the machine keeps, by the share that it refers."""

    referred: np.ndarray
    error: np.ndarray
    low: np.ndarray
    high: np.ndarray
    kept: np.ndarray


def selective_risk(correct, confidence, level=0.95):
    """Error among the cases that are kept, when the least confident are referred to a person.

    Parameters
    ----------
    correct : array_like of {0, 1}, shape (n,)
        Whether the machine is right.
    confidence : array_like of float, shape (n,)
        Larger is surer. Equally confident cases are kept or referred together.
    level : float, default 0.95
        Of Wilson's interval at each share (pointwise).

    Returns
    -------
    SelectiveRisk
        ``referred, error, low, high, kept``, from nobody referred to only the surest kept.

    References
    ----------
    Chow 1970, IEEE Trans Inf Theory 16:41. El-Yaniv & Wiener 2010, J Mach Learn Res 11:1605.
    """
    correct, confidence = as_binary(correct, "correct"), as_scores(confidence, "confidence")
    same_length(correct=correct, confidence=confidence)
    z, n = z_of(level), len(correct)
    _, index = np.unique(confidence, return_inverse=True)
    size, wrong = np.bincount(index), np.bincount(index, ~correct)
    kept = np.cumsum(size[::-1])[::-1]
    error = np.cumsum(wrong[::-1])[::-1] / kept
    return SelectiveRisk(1 - kept / n, error, *wilson_of_share(error, kept, z), kept)


def _by_class(y_prob):
    """Probabilities as (n, K); P(disease) becomes the columns healthy and ill."""
    y_prob = as_array(y_prob, "y_prob")
    if y_prob.ndim == 1:
        p = as_probabilities(y_prob, "y_prob")
        return np.column_stack([1 - p, p])
    if y_prob.ndim != 2 or y_prob.shape[1] < 2:
        raise ValueError(f"y_prob must have the shape (n,) or (n, K), got {y_prob.shape}.")
    table = as_probabilities(y_prob.ravel(), "y_prob").reshape(y_prob.shape)
    if np.abs(table.sum(axis=1) - 1).max() > 1e-3:
        raise ValueError("y_prob must add up to 1 in each row.")
    return table


def _classes(y_true, **named):
    """Classes as numbers of the columns of the one table that is named."""
    y_true, (table,) = as_vector(y_true, "y_true"), named.values()
    same_length(y_true=y_true, **named)
    if y_true.dtype == bool:
        y_true = y_true.astype(int)
    whole = y_true.dtype.kind in "iuf" and np.all(y_true == np.floor(y_true))
    if not whole or y_true.min() < 0 or y_true.max() >= table.shape[1]:
        raise ValueError(f"y_true must hold classes 0 to {table.shape[1] - 1}.")
    return y_true.astype(int)
