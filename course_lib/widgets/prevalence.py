"""Prevalence explorer: the same test among the ill and among the healthy."""

import numpy as np

from .._html import table
from .._undefined import undefined_unsaid
from ..metrics import predictive_values
from .base import CourseWidget, nearest

#: So many that every count of every position is a whole number of people.
PEOPLE = 1_000_000


class PrevalenceExplorer(CourseWidget):
    """Sensitivity, specificity and prevalence move; a crowd, its 2×2 table, PPV and NPV.

    Parameters
    ----------
    sensitivity, specificity, prevalence : float in [0, 1]
        Where the sliders start; the nearest position is taken.
    """

    front_end = "prevalence.js"
    label = "Prevalence explorer"
    sensitivities = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.99, 1.0)
    specificities = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 0.999)
    prevalences = (
        *(0.001, 0.002, 0.003, 0.005, 0.007, 0.01, 0.02, 0.03),
        *(0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.37, 0.5),
    )

    def __init__(self, sensitivity=0.9, specificity=0.95, prevalence=0.37):
        se, sp, p = map(np.array, (self.sensitivities, self.specificities, self.prevalences))
        with undefined_unsaid():
            ppv, npv = predictive_values(se[:, None, None], sp[:, None], p)
        ill = np.rint(PEOPLE * p).astype(int)
        super().__init__(
            data={
                "sensitivities": se.tolist(),
                "specificities": sp.tolist(),
                "prevalences": p.tolist(),
                "ill": ill.tolist(),
                "tp": np.rint(se[:, None] * ill).astype(int).tolist(),
                "fp": np.rint((1 - sp[:, None]) * (PEOPLE - ill)).astype(int).tolist(),
                "ppv": ppv.round(7).tolist(),
                "npv": npv.round(7).tolist(),
                "people": PEOPLE,
            },
            state={
                "sensitivity": nearest(se, sensitivity, "sensitivity"),
                "specificity": nearest(sp, specificity, "specificity"),
                "prevalence": nearest(p, prevalence, "prevalence"),
            },
        )

    def fallback(self):
        i, j = self.state["sensitivity"], self.state["specificity"]
        rows = []
        for k, prevalence in enumerate(self.data["prevalences"]):
            tp, fp = self.data["tp"][i][k], self.data["fp"][j][k]
            ppv, npv = self.data["ppv"][i][j][k], self.data["npv"][i][j][k]
            rows.append((f"{prevalence:.1%}", f"{tp:,}", f"{fp:,}", f"{ppv:.1%}", f"{npv:.1%}"))
        return table(
            ("prevalence", f"TP of {PEOPLE:,}", f"FP of {PEOPLE:,}", "PPV", "NPV"),
            rows,
            f"One test (sensitivity {self.data['sensitivities'][i]:.1%}, specificity "
            f"{self.data['specificities'][j]:.1%}) at different prevalences",
        )
