"""Counts of the 2×2 table on ten million labels, beside scikit-learn."""

import numpy as np
from sklearn.metrics import confusion_matrix

from course_lib.metrics import ConfusionMatrix

from .report import Row, best_of

LABELS = 10**7


def benchmarks():
    """Yield the rows of this topic."""
    rng = np.random.default_rng(0)
    y_true = (rng.random(LABELS) < 0.1).astype(int)
    y_pred = np.where(rng.random(LABELS) < 0.9, y_true, 1 - y_true)
    ours = ConfusionMatrix.from_labels(y_true, y_pred)
    peer = confusion_matrix(y_true, y_pred)
    assert peer.tolist() == [[ours.tn, ours.fp], [ours.fn, ours.tp]], "the counts must agree"
    yield Row.times(
        "confusion counts, 10⁷ labels",
        best_of(lambda: ConfusionMatrix.from_labels(y_true, y_pred)),
        "scikit-learn confusion_matrix",
        best_of(lambda: confusion_matrix(y_true, y_pred), repeats=3),
        "≤ 0.5 s",
    )
