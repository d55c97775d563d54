"""Where a value is not defined, one warning, at the line of the caller, says so."""

import numpy as np
import pytest

from course_lib import attribution, detection, raters, segmentation
from course_lib.metrics import (
    ConfusionMatrix,
    UndefinedRateWarning,
    predictive_values,
    wilson_interval,
)

EMPTY = np.zeros((4, 4), int)

#: One line each; what the warning must name.
UNDEFINED = {
    "sensitivity": lambda: ConfusionMatrix(0, 0, 1, 4).sensitivity,
    "ppv": lambda: predictive_values(0, 1, 0.2)[0],
    "the interval": lambda: wilson_interval(0, 0)[0],
    "f1": lambda: segmentation.match_instances(EMPTY, EMPTY).f1,
    "panoptic_quality": lambda: segmentation.match_instances(EMPTY, EMPTY).panoptic_quality,
    "dice": lambda: segmentation.dice(EMPTY, EMPTY),
    "mean_average_precision": lambda: segmentation.mean_average_precision(EMPTY, EMPTY),
    "average_precision": lambda: detection.average_precision([], [], 0),
    "mean_average_precision of boxes": lambda: detection.mean_average_precision([], [], []).value,
    "kappa": lambda: raters.cohen_kappa([1, 1], [1, 1]).value,
    "alpha": lambda: raters.krippendorff_alpha([[2, 2], [2, 2]]).value,
    "kappa of a panel": lambda: raters.pair_kappa(1, 0, 1),
    "rank_correlation": lambda: attribution.rank_correlation(EMPTY, EMPTY),
    "share_inside": lambda: attribution.share_inside(EMPTY, EMPTY == 0),
}


@pytest.mark.parametrize(("name", "function"), UNDEFINED.items(), ids=UNDEFINED)
def test_one_warning_at_the_caller_names_what_is_undefined(name, function):
    said = rf"^{name.partition(' of ')[0]} is undefined \(NaN\): .+[^.]\.$"
    with pytest.warns(UndefinedRateWarning, match=said) as caught:
        assert np.isnan(function())
    assert [(w.filename, w.lineno) for w in caught] == [
        (__file__, function.__code__.co_firstlineno)
    ]
