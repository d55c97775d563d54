"""Suppression explorer: one threshold decides which boxes are duplicates."""

import numpy as np

from .._html import table
from .._validation import as_boxes, as_probability, as_scores, same_length
from ..boxes import non_max_suppression
from ..detection.scoring import match_detections
from .base import CourseWidget, nearest
from .boxes import gray_picture

_MOST_BOXES = 100


class SuppressionExplorer(CourseWidget):
    """A detector's boxes on a picture; the IoU threshold and the least score decide what remains.

    Parameters
    ----------
    image : array_like, shape (height, width)
        Gray values; at most 40,000 pixels.
    boxes : array_like, shape (n, 4), n from 1 to 100
    scores : array_like of float in [0, 1], shape (n,)
    true_boxes : array_like, shape (m, 4)
        A box that remains is right if it overlaps a true box by 0.5 or more that no better box has
        taken.
    iou_threshold, score_threshold : float
        Where the sliders start; the nearest position is taken.
    """

    front_end = "suppression.js"
    label = "Suppression explorer"
    thresholds = tuple(round(0.05 * step, 2) for step in range(21))
    least_scores = (0.0, 0.2, 0.4, 0.6, 0.8)

    def __init__(self, image, boxes, scores, true_boxes, iou_threshold=0.5, score_threshold=0.0):
        boxes, true_boxes = as_boxes(boxes, "boxes"), as_boxes(true_boxes, "true_boxes")
        if not 1 <= len(boxes) <= _MOST_BOXES:
            raise ValueError(f"boxes must be 1 to {_MOST_BOXES} boxes, got {len(boxes)}.")
        scores = as_scores(scores, "scores")
        same_length(boxes=boxes, scores=scores)
        as_probability(scores, "scores")
        boxes, scores, true_boxes = boxes.round(1), scores.round(3), true_boxes.round(1)
        kept, right = [], []
        for least_score in self.least_scores:
            strong = np.flatnonzero(scores >= least_score)
            row = [
                strong[non_max_suppression(boxes[strong], scores[strong], t)]
                for t in self.thresholds
            ]
            hits = [match_detections(boxes[k], scores[k], true_boxes) for k in row]
            kept.append([k.tolist() for k in row])
            right.append([k[hit].tolist() for k, hit in zip(row, hits, strict=True)])
        super().__init__(
            data={
                "picture": gray_picture(image),
                "boxes": boxes.tolist(),
                "true": true_boxes.tolist(),
                "thresholds": list(self.thresholds),
                "least": list(self.least_scores),
                "kept": kept,
                "right": right,
            },
            state={
                "threshold": nearest(self.thresholds, iou_threshold, "iou_threshold"),
                "least": nearest(self.least_scores, score_threshold, "score_threshold"),
            },
        )

    def fallback(self):
        d, at = self.data, self.state["least"]
        rows = []
        for n, threshold in enumerate(d["thresholds"]):
            kept, right = len(d["kept"][at][n]), len(d["right"][at][n])
            rows.append((f"{threshold:.2f}", kept, right, kept - right, len(d["true"]) - right))
        return table(
            ("IoU threshold", "kept", "right", "false alarms", "missed"),
            rows,
            f"What remains of {len(d['boxes'])} boxes with a score of at least {d['least'][at]}",
        )
