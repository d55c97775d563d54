"""Threshold explorer: one knob moves the 2×2 table and the points on both curves."""

import numpy as np

from .._html import table
from .._validation import as_count, as_scores
from ..roc import RocCurve
from .base import CourseWidget

_BINS = 25
_MOST_POSITIONS = 400


class ThresholdExplorer(CourseWidget):
    """Histograms of a score, a threshold to drag, the 2×2 table, ROC and precision–recall.

    A second slider says how many false alarms are as bad as one missed patient; the threshold that
    then costs least among these patients is marked. It is one of the positions, whatever their
    number: no threshold costs less.

    Parameters
    ----------
    y_true : array_like of {0, 1}, shape (n,)
    y_score : array_like of float, shape (n,)
        Finite; larger means more likely diseased.
    score : str
        What the score is, with its unit: the label of the horizontal axis.
    positions : int
        Number of thresholds, evenly spaced over the scores, at most 400; the cheapest of each cost
        come on top.
    decimals : int
        Of the thresholds.
    threshold : float, optional
        Where the knob starts, by default in the middle; the nearest position is taken.
    """

    front_end = "threshold.js"
    label = "Threshold explorer"
    costs = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)

    def __init__(
        self, y_true, y_score, *, score="score", positions=201, decimals=2, threshold=None
    ):
        curve = RocCurve.from_scores(y_true, y_score)
        as_count(positions, "positions", 2, _MOST_POSITIONS)
        evenly = _grid(curve, positions, decimals)
        # Infinity is the cheapest where nobody should be called positive, as the last one does.
        best = [min(curve.cheapest(cost, 1), evenly[-1]) for cost in self.costs]
        thresholds = np.union1d(evenly, best)
        tp, fp = curve.counts(thresholds)
        positive = tp + fp
        precision = np.divide(tp, positive, where=positive > 0, out=np.full(len(tp), np.nan))
        # In false alarms, for every cost and threshold
        errors = (np.outer(self.costs, curve.n_disease - tp) + fp).round(6)
        per_1000 = np.rint(1000 * errors / (curve.n_disease + curve.n_normal)).astype(int)
        super().__init__(
            data={
                "score": str(score),
                "thresholds": thresholds.tolist(),
                "disease": curve.n_disease,
                "normal": curve.n_normal,
                "tp": tp.tolist(),
                "fp": fp.tolist(),
                "tpr": (tp / curve.n_disease).round(7).tolist(),
                "fpr": (fp / curve.n_normal).round(7).tolist(),
                "tnr": ((curve.n_normal - fp) / curve.n_normal).round(7).tolist(),
                "precision": [None if np.isnan(p) else round(p, 7) for p in precision.tolist()],
                "prevalence": round(curve.prevalence, 7),
                "auc": round(curve.auc, 3),
                "costs": list(self.costs),
                "per_1000": per_1000.tolist(),
                "best": np.searchsorted(thresholds, best).tolist(),
                **_histograms(curve, thresholds),
            },
            state={"threshold": _start(thresholds, threshold), "cost": self.costs.index(1)},
        )

    def fallback(self):
        d = self.data
        rows = []
        for at in np.unique(np.linspace(0, len(d["thresholds"]) - 1, 9).round().astype(int)):
            tp, fp, precision = d["tp"][at], d["fp"][at], d["precision"][at]
            rates = (d["tpr"][at], d["tnr"][at], precision)
            rows.append(
                (
                    f"{d['thresholds'][at]:g}",
                    *(tp, d["disease"] - tp, fp, d["normal"] - fp),
                    *("undefined" if rate is None else f"{rate:.1%}" for rate in rates),
                )
            )
        return table(
            (f"{d['score']} ≥", "TP", "FN", "FP", "TN", "sensitivity", "specificity", "PPV"),
            rows,
            f"What the threshold decides; area under the ROC curve {d['auc']:.3f}",
        )


def _grid(curve, positions, decimals):
    """Evenly spaced thresholds: at the first everybody is positive, at the last nobody."""
    lowest, highest = curve.thresholds[-1], curve.thresholds[1]
    # 0.3 / 0.1 is less than 3: rounding must not put the last threshold on the highest score.
    first, below = np.floor(np.round([lowest * 10**decimals, highest * 10**decimals], 6))
    evenly = np.linspace(first, below + 1, positions) / 10**decimals
    return np.unique(evenly.round(decimals))


def _start(thresholds, threshold):
    if threshold is None:
        return len(thresholds) // 2
    return int(np.abs(thresholds - as_scores([threshold], "threshold")).argmin())


def _histograms(curve, thresholds):
    """Cases in bins of equal width, from the counts of the curve at the edges of the bins."""
    edges = np.linspace(thresholds[0], thresholds[-1], _BINS + 1)
    tp, fp = curve.counts(edges)
    return {
        "edges": edges.round(6).tolist(),
        "disease_bins": (-np.diff(tp)).tolist(),
        "normal_bins": (-np.diff(fp)).tolist(),
    }
