"""Segmentation: masks, the border weights of U-Net, single cells, and how well they were found."""

from .cells import (
    WATERSHED_GRID,
    WatershedSettings,
    grow_seeds,
    tune_watershed,
    watershed_cells,
)
from .instances import (
    AP_THRESHOLDS,
    F1Difference,
    ForegroundRand,
    InstanceMatch,
    f1_difference,
    failures,
    foreground_rand,
    match_instances,
    mean_average_precision,
)
from .masks import dice, iou
from .surfaces import (
    center_line_dice,
    hausdorff_distance,
    normalized_surface_distance,
    surface_distances,
)
from .tiling import predict_tiled
from .training_targets import (
    border_weight_map,
    separate_touching,
    standardize,
    without_touching,
)

__all__ = [
    "AP_THRESHOLDS",
    "WATERSHED_GRID",
    "F1Difference",
    "ForegroundRand",
    "InstanceMatch",
    "WatershedSettings",
    "border_weight_map",
    "center_line_dice",
    "dice",
    "f1_difference",
    "failures",
    "foreground_rand",
    "grow_seeds",
    "hausdorff_distance",
    "iou",
    "match_instances",
    "mean_average_precision",
    "normalized_surface_distance",
    "predict_tiled",
    "separate_touching",
    "standardize",
    "surface_distances",
    "tune_watershed",
    "watershed_cells",
    "without_touching",
]
