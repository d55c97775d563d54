"""Finding things: how detections are scored, and small networks that make them.

The rooms: `scoring` (average precision; NumPy alone, and so imported here), `landmarks` (points),
`windows` (a classifier slid over a photograph), `regions` (proposals, and what the R-CNN family
computes once), `grid` (one pass over the image, YOLO's way), `circles` (its rival without a
network).
"""

from .scoring import (
    Detections,
    Found,
    MeanAveragePrecision,
    PrecisionRecall,
    average_precision,
    match_detections,
    mean_average_precision,
    name_detections,
    precision_recall,
    resampled_average_precision,
)

__all__ = [
    "Detections",
    "Found",
    "MeanAveragePrecision",
    "PrecisionRecall",
    "average_precision",
    "match_detections",
    "mean_average_precision",
    "name_detections",
    "precision_recall",
    "resampled_average_precision",
]
