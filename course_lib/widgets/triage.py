"""Triage explorer: the machine keeps the cases that it is sure of, and people read the others."""

import numpy as np

from .._html import table
from .._validation import as_binary, as_probabilities, same_length
from ..metrics import wilson_interval
from .base import CourseWidget

_MOST = 0.9


class TriageExplorer(CourseWidget):
    """Refer more or fewer of the least sure cases; what the machine gets wrong among the others.

    Parameters
    ----------
    groups : dict of str to (y_true, y_prob)
        Truth (0 or 1) and predicted risk of each group's cases. The machine says ill from a risk
        of one half on, and is the surer the farther from it the risk is; of equally sure cases the
        later ones are kept.
    """

    front_end = "triage.js"
    label = "Triage explorer"
    shares = tuple(np.round(np.arange(0, _MOST + 0.01, 0.05), 2).tolist())

    def __init__(self, groups):
        if not isinstance(groups, dict) or not groups:
            raise ValueError("groups must be a dictionary of at least one group.")
        data = []
        for name, cases in groups.items():
            y_true, y_prob = as_binary(cases[0], "y_true"), as_probabilities(cases[1], "y_prob")
            same_length(y_true=y_true, y_prob=y_prob)
            data.append({"name": str(name), "cases": len(y_true), **self._kept(y_true, y_prob)})
        super().__init__(
            data={"shares": list(self.shares), "groups": data}, state={"group": 0, "share": 0}
        )

    def _kept(self, y_true, y_prob):
        """At each share: cases kept, ill missed and false alarms among them, and the error."""
        order = np.argsort(np.abs(y_prob - 0.5), kind="stable")
        said = y_prob >= 0.5
        missed, alarms = (y_true & ~said)[order], (~y_true & said)[order]
        found = {name: [] for name in ("kept", "missed", "alarms", "error", "low", "high")}
        for share in self.shares:
            first = min(round(share * len(order)), len(order) - 1)
            kept, wrong = len(order) - first, int((missed | alarms)[first:].sum())
            low, high = wilson_interval(wrong, kept)
            numbers = (kept, int(missed[first:].sum()), int(alarms[first:].sum()))
            ends = (round(value, 7) for value in (wrong / kept, low, high))
            for name, value in zip(found, (*numbers, *ends), strict=True):
                found[name].append(value)
        return found

    def hashed(self):
        """The positions and who is there: the risks are those of a trained model."""
        groups = [[group["name"], group["cases"]] for group in self.data["groups"]]
        return {"shares": self.data["shares"], "groups": groups}

    def fallback(self):
        rows = []
        for group in self.data["groups"]:
            for at in range(0, len(self.shares), 6):
                ends = (f"{group[name][at]:.1%}" for name in ("error", "low", "high"))
                counts = (group[name][at] for name in ("kept", "missed", "alarms"))
                rows.append((group["name"], f"{self.shares[at]:.0%}", *counts, *ends))
        header = ("group", "referred", "kept", "missed", "false alarms", "error", "from", "to")
        return table(header, rows, "Error among the cases that the machine keeps, 95% interval")
