"""A bad value gets one sentence that names a parameter of the function that was called."""

import inspect
import re

import numpy as np
import pytest

from course_lib import (
    boxes,
    calibration,
    datasets,
    detection,
    free_response,
    intervals,
    metrics,
    microscopy,
    optics,
    raters,
    reader_studies,
    roc,
    segmentation,
    sequences,
    validation,
)

Y = np.array([0, 1, 0, 1, 1, 0])
SCORES = np.array([0.1, 0.8, 0.3, 0.4, 0.9, 0.6])
BOXES = np.array([[0, 0, 4, 4], [1, 1, 5, 5]])
LABELS = np.kron([[0, 1], [2, 0]], np.ones((6, 6), int))
VOTES = np.array([[0, 1], [1, 1], [0, 0]])
TABLE = metrics.ConfusionMatrix(tp=3, fn=1, fp=2, tn=5)
CURVE = roc.RocCurve.from_scores(Y, SCORES)

#: A call that works; each of its arguments is then replaced by every bad value.
GOOD = {
    metrics.ConfusionMatrix.from_labels: {"y_true": Y, "y_pred": Y},
    metrics.predictive_values: {"sensitivity": 0.9, "specificity": 0.8, "prevalence": 0.1},
    metrics.ConfusionMatrix: {"tp": 3, "fn": 1, "fp": 2, "tn": 5},
    TABLE.interval: {"name": "f1", "level": 0.9},
    TABLE.predictive_values_at: {"prevalence": 0.1, "level": 0.9},
    metrics.patients_needed: {"expected": 0.9, "half_width": 0.05, "share": 0.2, "level": 0.9},
    metrics.mcnemar: {"a": Y, "b": Y[::-1], "method": "exact", "level": 0.9},
    metrics.MulticlassMatrix.from_labels: {"y_true": Y, "y_pred": Y},
    metrics.indeterminate_bounds: {"matrix": TABLE, "disease": 1, "normal": 2},
    intervals.wilson_interval: {"successes": 3, "trials": 5, "level": 0.9},
    intervals.clopper_pearson_interval: {"successes": 3, "trials": 5, "level": 0.9},
    intervals.jeffreys_interval: {"successes": 3, "trials": 5, "level": 0.9},
    intervals.grouped_interval: {
        "values": SCORES,
        "groups": Y,
        "level": 0.9,
        "seed": 1,
        "resamples": 20,
    },
    roc.RocCurve.from_ratings: {"disease": [0, 2, 3], "normal": [3, 1, 0]},
    CURVE.sensitivity_at: {"fpr": 0.1},
    CURVE.auc_interval: {"level": 0.9, "method": "bootstrap", "seed": 1, "resamples": 20},
    CURVE.partial_auc: {"low": 0.0, "high": 0.2},
    CURVE.band: {"level": 0.9, "kind": "pointwise", "seed": 1, "resamples": 20},
    CURVE.cheapest: {"cost_fn": 2.0, "cost_fp": 1.0},
    CURVE.average_precision_interval: {"level": 0.9},
    roc.RocCurve.from_scores: {"y_true": Y, "y_score": SCORES},
    roc.compare_auc: {"y_true": Y, "a": SCORES, "b": SCORES[::-1], "level": 0.9},
    free_response.afroc_auc: {
        "case": [1, 2, 3],
        "lesion": [0, 0, 1],
        "rating": [0.5, 0.1, 0.7],
        "n_normal": 2,
        "lesions": [1],
    },
    reader_studies.compare_modalities: {
        "y_true": Y,
        "ratings": np.array([[SCORES, SCORES**2], [SCORES[::-1], Y]]),
        "readers": "fixed",
        "cases": "random",
        "level": 0.9,
        "covariance": "jackknife",
    },
    reader_studies.reader_variation: {
        "y_true": Y,
        "ratings": np.array([[SCORES, SCORES**2], [SCORES[::-1], Y]]),
        "covariance": "delong",
    },
    roc.hanley_mcneil_se: {"auc": 0.8, "n_disease": 5, "n_normal": 6},
    calibration.brier_score: {"y_true": Y, "y_prob": SCORES},
    calibration.brier_decomposition: {"y_true": Y, "y_prob": SCORES},
    calibration.decision_curve: {"y_true": Y, "y_prob": SCORES, "level": 0.9},
    calibration.intercept: {"y_true": Y, "y_prob": SCORES, "level": 0.9},
    calibration.slope: {"y_true": Y, "y_prob": SCORES, "level": 0.9},
    calibration.observed_expected: {"y_true": Y, "y_prob": SCORES, "level": 0.9},
    calibration.calibration_curve: {"y_true": Y, "y_prob": SCORES, "bins": 2, "level": 0.9},
    boxes.iou: {"a": BOXES, "b": BOXES},
    boxes.non_max_suppression: {"boxes": BOXES, "scores": [0.5, 0.4], "iou_threshold": 0.5},
    boxes.soft_non_max_suppression: {"boxes": BOXES, "scores": [0.5, 0.4], "sigma": 0.5},
    detection.match_detections: {"boxes": BOXES, "scores": [0.5, 0.4], "true_boxes": BOXES},
    detection.average_precision: {"hits": [1, 0], "scores": [0.5, 0.4], "n_true": 2},
    raters.cohen_kappa: {"first": Y, "second": Y[::-1], "level": 0.9, "seed": 1, "resamples": 20},
    raters.fleiss_kappa: {"votes": VOTES, "level": 0.9, "seed": 1, "resamples": 20},
    raters.gwet_ac1: {"votes": VOTES, "level": 0.9, "seed": 1, "resamples": 20},
    raters.krippendorff_alpha: {
        "votes": VOTES,
        "metric": "ordinal",
        "level": 0.9,
        "seed": 1,
        "resamples": 20,
    },
    raters.prevalence_adjusted_kappa: {"first": Y, "second": Y[::-1], "level": 0.9},
    raters.dawid_skene: {"votes": np.column_stack([Y, Y[::-1], Y]), "iterations": 5},
    raters.begg_greenes: {
        "verified": TABLE,
        "unverified_positive": 3,
        "unverified_negative": 4,
        "level": 0.9,
    },
    raters.majority_vote: {"votes": VOTES},
    raters.pair_kappa: {"sensitivity": 0.8, "specificity": 0.9, "prevalence": 0.3},
    raters.positive_votes: {"readers": 3, "probability": 0.5, "correlation": 0.2},
    segmentation.dice: {"true": LABELS > 0, "predicted": LABELS > 0},
    segmentation.match_instances: {"true": LABELS, "predicted": LABELS, "iou_threshold": 0.5},
    segmentation.border_weight_map: {"labels": LABELS, "w0": 10.0, "sigma": 5.0},
    segmentation.grow_seeds: {"probability": LABELS / 2, "certain": 0.9, "edge": 0.5},
    segmentation.standardize: {"image": LABELS},
    microscopy.simulated_cells: {"size": 32, "cells": 2, "touching": 0.5},
    sequences.windows: {"series": SCORES, "length": 2, "horizon": 1},
    optics.Excitation: {"order": 2, "wavelength": 900, "attenuation_length": 150, "na": 0.9},
    datasets.photo: {"name": "cat"},
    calibration.smooth_curve: {
        "y_true": Y,
        "y_prob": SCORES,
        "width": 0.2,
        "points": 3,
        "level": 0.9,
    },
    validation.by_group: {
        "y_true": Y,
        "y_score": SCORES,
        "groups": [0, 0, 0, 1, 1, 1],
        "level": 0.9,
    },
    validation.recalibrate: {"y_true": Y, "y_prob": SCORES, "method": "logistic"},
    validation.reweight: {"y_prob": SCORES, "old": 0.1, "new": 0.2},
    validation.conformal_threshold: {"y_true": Y, "y_prob": SCORES, "level": 0.5},
    validation.prediction_sets: {"y_prob": SCORES, "threshold": 0.5},
    validation.coverage: {"y_true": Y, "sets": np.ones((6, 2), bool), "level": 0.9},
    validation.selective_risk: {"correct": Y, "confidence": SCORES, "level": 0.9},
}
BAD = {
    "text": "text",
    "negative": -1.5,
    "NaN": np.nan,
    "masked": np.ma.masked_array([0.0, 1.0], mask=[True, False]),
    "ragged": [[0.1], [0.2, 0.3]],
    "nothing": None,
}


@pytest.mark.parametrize("function", GOOD, ids=lambda f: f.__qualname__)
def test_the_sentence_names_a_parameter(function):
    good = GOOD[function]
    function(**good)
    names = {n for n in inspect.signature(function).parameters if n != "self"}
    assert good.keys() <= names
    for name in good:
        for kind, bad in BAD.items():
            with pytest.raises(ValueError) as said:
                function(**(good | {name: bad}))
            sentence = str(said.value)
            assert re.search(rf"\b{name}\b", sentence), (kind, name, sentence)
            assert sentence.endswith("."), sentence
