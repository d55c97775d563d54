"""Confusion explorer: click a patient's truth or output and watch every rate change."""

import itertools

import numpy as np

from .._html import table
from .._undefined import undefined_unsaid
from .._validation import as_binary, same_length
from ..metrics import NAMES, PROPORTIONS, ConfusionMatrix
from .base import CourseWidget

_MOST_PATIENTS = 15


class ConfusionExplorer(CourseWidget):
    """A row of patients whose truth and output can be flipped, with all rates below.

    Parameters
    ----------
    y_true, y_pred : array_like of {0, 1}, shape (n,), n at most 15
    """

    front_end = "confusion.js"
    label = "Confusion explorer"

    def __init__(self, y_true, y_pred):
        y_true, y_pred = as_binary(y_true, "y_true"), as_binary(y_pred, "y_pred")
        same_length(y_true=y_true, y_pred=y_pred)
        n = len(y_true)
        if n > _MOST_PATIENTS:
            raise ValueError(f"y_true must hold at most {_MOST_PATIENTS} patients, got {n}.")
        super().__init__(
            data={
                "names": [[name, NAMES[name], _formula(name)] for name in PROPORTIONS],
                "rates": _rates_of_all_tables(n),
            },
            state={"y_true": y_true.astype(int).tolist(), "y_pred": y_pred.astype(int).tolist()},
        )

    def fallback(self):
        matrix = ConfusionMatrix.from_labels(self.state["y_true"], self.state["y_pred"])
        patients = table(
            ("patient", *range(1, matrix.n + 1)),
            (
                ("truth", *("D" if y else "N" for y in self.state["y_true"])),
                ("output", *("+" if y else "-" for y in self.state["y_pred"])),
            ),
            "Patients: D disease, N normal",
        )
        with undefined_unsaid():
            values = [getattr(matrix, name) for name in PROPORTIONS]
        rates = [
            (NAMES[name], "undefined" if np.isnan(value) else f"{value:.2f}")
            for name, value in zip(PROPORTIONS, values, strict=True)
        ]
        return patients + table(("rate", "value"), rates, "Rates")


def _formula(name):
    numerator, denominator = (" + ".join(cells).upper() for cells in PROPORTIONS[name])
    return (
        f"{numerator} / ({denominator})"
        if "+" not in numerator
        else f"({numerator}) / ({denominator})"
    )


def _rates_of_all_tables(n):
    """Every rate of every 2×2 table of n patients, under the key ``"tp,fn,fp,tn"``."""
    tables = {}
    with undefined_unsaid():
        for tp, fn, fp in itertools.product(range(n + 1), repeat=3):
            tn = n - tp - fn - fp
            if tn >= 0:
                matrix = ConfusionMatrix(tp, fn, fp, tn)
                values = [getattr(matrix, name) for name in PROPORTIONS]
                key = f"{tp},{fn},{fp},{tn}"
                tables[key] = [None if np.isnan(value) else round(value, 7) for value in values]
    return tables
