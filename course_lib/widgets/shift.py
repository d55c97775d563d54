"""Shift explorer: disease that is rarer, or different, and what Bayes' rule mends of it."""

import numpy as np

from .._html import table
from .._validation import as_open_probability, as_probabilities
from ..roc import RocCurve
from ..validation import reweight
from .base import CourseWidget

_BINS = 5
_PER = 1000


class ShiftExplorer(CourseWidget):
    """The prevalence and the kind of the ill change; risks as delivered, or mended by Bayes' rule.

    Every case of a kind counts alike, and the kinds are mixed as the sliders say: so the numbers
    are those of a large crowd made of these cases.

    Parameters
    ----------
    healthy, ill, other_ill : array_like of float in [0, 1]
        Predicted risks of the healthy, of the ill as they were, and of those who may replace them.
    old : float in (0, 1)
        Prevalence where the risks were made.
    names : (str, str)
        What the two kinds of ill are called.
    """

    front_end = "shift.js"
    label = "Shift explorer"
    prevalences = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
    shares = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    repairs = ("as delivered", "mended by Bayes' rule")

    def __init__(self, healthy, ill, other_ill, *, old, names=("old", "new")):
        kinds = [
            as_probabilities(risks, name)
            for risks, name in ((healthy, "healthy"), (ill, "ill"), (other_ill, "other_ill"))
        ]
        old = as_open_probability(old, "old")
        areas = [
            RocCurve.from_scores(
                np.repeat([0, 1], [len(kinds[0]), len(own)]), np.r_[kinds[0], own]
            ).auc
            for own in kinds[1:]
        ]
        crowds = [
            [
                [_crowd(kinds, p, share, old if mended else None) for mended in (False, True)]
                for share in self.shares
            ]
            for p in self.prevalences
        ]
        super().__init__(
            data={
                "names": [str(name) for name in names],
                "old": round(old, 7),
                "prevalences": list(self.prevalences),
                "shares": list(self.shares),
                "repairs": list(self.repairs),
                "auc": [round((1 - s) * areas[0] + s * areas[1], 7) for s in self.shares],
                "crowds": crowds,
                "per": _PER,
            },
            state={
                "prevalence": int(np.abs(np.array(self.prevalences) - old).argmin()),
                "share": 0,
                "repair": 0,
            },
        )

    def hashed(self):
        """The positions: the risks are those of a trained model."""
        return {name: self.data[name] for name in ("names", "prevalences", "shares", "repairs")}

    def fallback(self):
        rows = []
        for at in range(len(self.shares)):
            own = self.data["crowds"][self.state["prevalence"]][at][0]
            rows.append(
                (
                    f"{self.shares[at]:.0%}",
                    *(f"{own[name]:.0f}" for name in ("ill", "foretold")),
                    f"{own['ratio']:.2f}",
                    f"{self.data['auc'][at]:.3f}",
                )
            )
        header = (f"{self.data['names'][1]} among the ill", "ill", "foretold", "O/E", "AUC")
        return table(header, rows, f"Of {_PER:,} patients, risks as delivered")


def _crowd(kinds, prevalence, share, old):
    """Ill and foretold of 1,000, and calibration in bins of equal width, of the mixture."""
    ill = np.repeat([False, True, True], [len(own) for own in kinds])
    parts = (1 - prevalence, prevalence * (1 - share), prevalence * share)
    weight = np.repeat(
        [p / len(own) for p, own in zip(parts, kinds, strict=True)], [len(own) for own in kinds]
    )
    risk = np.concatenate(kinds)
    if old is not None:
        risk = reweight(risk, old, prevalence)
    foretold = float(weight @ risk)
    at = np.minimum((risk * _BINS).astype(int), _BINS - 1)
    here = np.bincount(at, weight, _BINS)
    filled = here > 1e-3
    mean = np.bincount(at, weight * risk, _BINS)[filled] / here[filled]
    observed = np.bincount(at, weight * ill, _BINS)[filled] / here[filled]
    return {
        "ill": round(_PER * prevalence, 4),
        "foretold": round(_PER * foretold, 4),
        "ratio": round(prevalence / foretold, 6),
        "predicted": mean.round(4).tolist(),
        "observed": observed.round(4).tolist(),
    }
