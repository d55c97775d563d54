"""Area under the ROC curve, and its interval, on many scores."""

import numpy as np
from sklearn.metrics import roc_auc_score

from course_lib.roc import RocCurve

from .report import Row, best_of


def benchmarks():
    y_true, y_score = _cases(1_000_000)
    assert abs(RocCurve.from_scores(y_true, y_score).auc - roc_auc_score(y_true, y_score)) < 1e-12
    area_s = best_of(lambda: RocCurve.from_scores(y_true, y_score).auc, repeats=20)
    yield Row.times(
        "AUC of 10⁶ scores",
        area_s,
        "scikit-learn roc_auc_score",
        best_of(lambda: roc_auc_score(y_true, y_score), repeats=3),
        "≥ 10× faster",
    )
    sort_s = best_of(lambda: np.sort(y_score), repeats=20)
    yield Row.times("the same", area_s, "np.sort of the scores", sort_s, "≤ 3×")
    yield Row.times(
        "the same with its 95% interval (DeLong)",
        best_of(lambda: RocCurve.from_scores(y_true, y_score).auc_interval(), repeats=20),
        "the area alone",
        area_s,
        "≤ 1.5×",
    )

    y_true, y_score = _cases(100_000)
    curve = RocCurve.from_scores(y_true, y_score)
    ours_s = best_of(lambda: RocCurve.from_scores(y_true, y_score).auc_interval())
    low, high = curve.auc_interval()
    sampled = []
    peer_s = best_of(lambda: sampled.append(_bootstrap(y_true, y_score, 1000)), repeats=1)
    yield Row.times(
        "AUC of 10⁵ scores with its 95% interval (DeLong)",
        ours_s,
        "bootstrap of 1,000 with roc_auc_score",
        peer_s,
        "≥ 20× faster",
        f"[{low:.4f}, {high:.4f}]; bootstrap [{sampled[0][0]:.4f}, {sampled[0][1]:.4f}]",
    )
    own_s = best_of(lambda: curve.auc_interval(method="bootstrap", resamples=1000), repeats=1)
    yield Row.times(
        "the same bootstrap by RocCurve, which sorts once",
        own_s,
        "with roc_auc_score",
        peer_s,
        "",
    )


def _cases(n):
    rng = np.random.default_rng(0)
    y_true = (rng.random(n) < 0.3).astype(int)
    return y_true, rng.normal(size=n) + y_true


def _bootstrap(y_true, y_score, resamples):
    """Percentile interval from resampled cases, as one writes it with scikit-learn."""
    rng = np.random.default_rng(1)
    draws = (rng.integers(len(y_true), size=len(y_true)) for _ in range(resamples))
    areas = [roc_auc_score(y_true[drawn], y_score[drawn]) for drawn in draws]
    return np.quantile(areas, [0.025, 0.975])
