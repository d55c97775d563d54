"""How often the intervals of predictive values hold the truth, for tests from fair to superb."""

import itertools

import numpy as np
from scipy import stats

from course_lib.metrics import ConfusionMatrix, predictive_values

from .report import Row

PREVALENCE = 0.05


def benchmarks():
    """Yield the rows of this topic."""
    for cases, specificity in itertools.product((10, 40, 100, 400), (0.9, 0.99, 0.999, 0.9999)):
        covered = [_coverage(se, specificity, cases) for se in (0.9, 0.99, 0.9999)]
        ppv, npv = np.min(covered, axis=0)
        yield Row.value(
            f"coverage of PPV and NPV, {cases} diseased and {cases} normal, specificity "
            f"{specificity}, sensitivity 0.9, 0.99 or 0.9999",
            f"PPV {ppv:.3f}, NPV {npv:.3f}",
            "≥ 0.93",
        )


def _coverage(se, sp, cases):
    """Over the tables that can happen, each with its probability, where the value is defined."""
    truth = predictive_values(se, sp, PREVALENCE)
    k = np.arange(cases + 1)
    found, cleared = stats.binom.pmf(k, cases, se), stats.binom.pmf(k, cases, sp)
    hits, seen = np.zeros(2), 0
    for tp, tn in itertools.product(k[found > 1e-4].tolist(), k[cleared > 1e-4].tolist()):
        if tp + cases - tn == 0 or cases - tp + tn == 0:
            continue
        matrix = ConfusionMatrix(tp, cases - tp, cases - tn, tn)
        limits = matrix.predictive_values_at(PREVALENCE)[2:]
        weight = found[tp] * cleared[tn]
        seen += weight
        for place, ((low, high), value) in enumerate(zip(limits, truth, strict=True)):
            hits[place] += weight * (low <= value <= high)
    return hits / seen
