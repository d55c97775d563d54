"""Consensus explorer: how good a panel of readers is, and how far its members agree."""

import numpy as np

from .._html import table
from .._validation import as_count
from ..raters import pair_kappa, positive_votes
from .base import CourseWidget, nearest

PATIENTS = 1000
PREVALENCE = 0.3
ILL = round(PATIENTS * PREVALENCE)
NORMAL = PATIENTS - ILL
_NUDGE = 1e-9  # Numbers such as 0.99275 lie between two roundings: all of them go up.


class ConsensusExplorer(CourseWidget):
    """Readers, their quality, the quorum and what they share; the panel's rates and errors.

    Parameters
    ----------
    readers : int
    sensitivity, specificity : float
        Of each reader.
    quorum : int, optional
        Positive votes that make the panel call a patient ill; by default more than half.
    correlation : float
        Between two readers' votes on patients with the same truth, as in
        `course_lib.raters.simulated_readers`.

    All of them say where the sliders start; the nearest position is taken.
    """

    front_end = "consensus.js"
    label = "Consensus explorer"
    panels = (1, 2, 3, 4, 5, 7, 9)
    rates = (0.6, 0.7, 0.8, 0.85, 0.9, 0.95)
    correlations = (0.0, 0.1, 0.3, 0.5, 0.8)

    def __init__(self, readers=3, sensitivity=0.8, specificity=0.9, quorum=None, correlation=0.0):
        readers = as_count(readers, "readers")
        n = int(np.abs(np.array(self.panels) - readers).argmin())
        most = self.panels[n]
        quorum = most // 2 + 1 if quorum is None else as_count(quorum, "quorum")
        rates, correlations = np.array(self.rates), np.array(self.correlations)
        super().__init__(
            data={
                "panels": list(self.panels),
                "rates": list(self.rates),
                "correlations": list(self.correlations),
                "patients": PATIENTS,
                "ill": ILL,
                "normal": NORMAL,
                **_panels(self.panels, self.rates, self.correlations),
            },
            state={
                "readers": n,
                "sensitivity": nearest(rates, sensitivity, "sensitivity"),
                "specificity": nearest(rates, specificity, "specificity"),
                "quorum": min(max(quorum, 1), most) - 1,
                "correlation": nearest(correlations, correlation, "correlation"),
            },
        )

    def fallback(self):
        c, i, j = (self.state[name] for name in ("correlation", "sensitivity", "specificity"))
        rows = []
        for n, readers in enumerate(self.panels):
            k = readers // 2
            missed, alarms = self.data["missed"][c][i][n][k], self.data["alarms"][c][j][n][k]
            rows.append(
                (
                    readers,
                    k + 1,
                    f"{self.data['sensitivity'][c][i][n][k]:.2f}",
                    f"{self.data['specificity'][c][j][n][k]:.2f}",
                    *(missed, alarms, missed + alarms),
                )
            )
        return table(
            (
                *("readers", "quorum", "sensitivity", "specificity", f"missed of {ILL}"),
                *(f"false alarms of {NORMAL}", f"wrong of {PATIENTS:,}"),
            ),
            rows,
            f"Panels of equal readers (sensitivity {self.rates[i]:.2f}, specificity "
            f"{self.rates[j]:.2f}, correlation {self.correlations[c]:.1f}) where "
            f"{PREVALENCE:.0%} are ill; two of them agree with kappa "
            f"{self.data['kappa'][c][i][j]:.2f}",
        )


def _panels(panels, rates, correlations):
    """Everything that depends on the sliders, in nested lists.

    ``votes_ill`` and ``votes_normal`` [correlation][rate][panel] are the distributions of the
    number of positive votes; ``sensitivity`` and ``specificity`` [correlation][rate][panel][quorum]
    are the panel's rates, ``missed`` and ``alarms`` its errors among the ill and the normal, which
    add up to all its errors; ``kappa`` [correlation][se][sp] is the agreement of two readers.
    """
    tables = {"votes_ill": [], "votes_normal": [], "sensitivity": [], "specificity": []}
    tables |= {"missed": [], "alarms": [], "kappa": []}
    for c in correlations:
        ill = [[positive_votes(n, se, c) for n in panels] for se in rates]
        normal = [[positive_votes(n, 1 - sp, c) for n in panels] for sp in rates]
        # For quorums 1, 2, …: at least as many positive votes, or fewer.
        se = [[votes[::-1].cumsum()[::-1][1:] for votes in of_rate] for of_rate in ill]
        sp = [[votes.cumsum()[:-1] for votes in of_rate] for of_rate in normal]
        missed = [[_errors(ILL, found) for found in of_rate] for of_rate in se]
        alarms = [[_errors(NORMAL, cleared) for cleared in of_rate] for of_rate in sp]
        kappa = [
            [pair_kappa(of_one, of_other, PREVALENCE, c) for of_other in rates] for of_one in rates
        ]
        for name, values in zip(tables, (ill, normal, se, sp, missed, alarms, kappa), strict=True):
            tables[name].append(_rounded(values))
    return tables


def _errors(patients, rate):
    """Of so many patients, those about whom the panel is wrong; whole patients are right."""
    return patients - np.rint(patients * rate + _NUDGE).astype(int)


def _rounded(values):
    """Nested lists of numbers that are the same on every processor."""
    if isinstance(values, list):
        return [_rounded(value) for value in values]
    values = np.asarray(values)
    return values.tolist() if values.dtype.kind == "i" else (values + _NUDGE).round(4).tolist()
