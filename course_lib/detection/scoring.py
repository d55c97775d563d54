"""How good a detector is: hits and false alarms, precision and recall, average precision."""

from typing import NamedTuple

import numpy as np

from .._undefined import undefined
from .._validation import (
    as_binary,
    as_boxes,
    as_count,
    as_open_probability,
    as_scores,
    same_length,
)
from ..boxes import iou
from ..intervals import RESAMPLES


class Detections(NamedTuple):
    """What a detector found: boxes (n, 4) in pixels of the image, and the score of each."""

    boxes: np.ndarray
    scores: np.ndarray


class Found(NamedTuple):
    """What a detector found in several images: in each image from the highest score down."""

    boxes: np.ndarray
    scores: np.ndarray
    classes: np.ndarray
    images: np.ndarray


def match_detections(boxes, scores, true_boxes, iou_threshold=0.5):
    """Which detections of one image hit an object.

    From the highest score down, each detection takes the object that it overlaps most among those
    that are still free, if their IoU reaches `iou_threshold`. A second box on the same object finds
    it taken, and is a false alarm.

    Parameters
    ----------
    boxes : array_like, shape (n, 4)
    scores : array_like of float, shape (n,)
    true_boxes : array_like, shape (m, 4)
    iou_threshold : float, strictly between 0 and 1

    Returns
    -------
    ndarray of bool, shape (n,)
        In the order in which the boxes were given.

    References
    ----------
    Lin et al. 2014, "Microsoft COCO: common objects in context", arXiv 1405.0312; the rule is that
    of its evaluation code.
    """
    iou_threshold = as_open_probability(iou_threshold, "iou_threshold")
    boxes, true_boxes = as_boxes(boxes, "boxes"), as_boxes(true_boxes, "true_boxes")
    scores = as_scores(scores, "scores", may_be_empty=True)
    same_length(boxes=boxes, scores=scores)
    overlap = iou(boxes, true_boxes)
    hits = np.zeros(len(boxes), bool)
    for i in np.argsort(-scores, kind="stable"):
        if overlap.size and overlap[i].max() >= iou_threshold:
            hits[i] = True
            # The object is taken.
            overlap[:, overlap[i].argmax()] = 0
    return hits


class PrecisionRecall(NamedTuple):
    """After each detection, from the highest score down; arrays of one length."""

    precision: np.ndarray
    recall: np.ndarray
    scores: np.ndarray


def precision_recall(hits, scores, n_true):
    """Precision and recall as the threshold on the score is lowered.

    Parameters
    ----------
    hits : array_like of bool, shape (n,)
        Whether each detection hit an object that no better one had hit.
    scores : array_like of float, shape (n,)
        Of equal scores the earlier detection counts first.
    n_true : int
        Objects that there are to find.

    Returns
    -------
    PrecisionRecall
        ``precision, recall, scores``, each (n,).
    """
    hits = as_binary(hits, "hits", may_be_empty=True)
    scores, n_true = as_scores(scores, "scores", may_be_empty=True), as_count(n_true, "n_true")
    same_length(hits=hits, scores=scores)
    if hits.sum() > n_true:
        raise ValueError(f"n_true must be at least the number of hits, {hits.sum()}, got {n_true}.")
    order = np.argsort(-scores, kind="stable")
    tp = np.cumsum(hits[order])
    precision = tp / np.arange(1, len(tp) + 1)
    recall = tp / n_true if n_true else np.full(len(tp), np.nan)
    return PrecisionRecall(precision, recall, scores[order])


def average_precision(hits, scores, n_true, points=None):
    """Area under the precision–recall curve, made to fall: AP.

    The precision at a recall is taken as the best precision at this *or a larger* recall.

    Parameters
    ----------
    hits : array_like of bool, shape (n,)
    scores : array_like of float, shape (n,)
        Of equal scores the earlier detection counts first, as in COCO: the value depends on it.
    n_true : int
    points : int, optional
        By default the exact area ("all-point interpolation", Pascal VOC from 2010 on). A number
        averages the precision at so many evenly spaced recalls from 0 to 1 instead: 11 as Pascal
        VOC did until 2009, 101 as COCO does.

    Returns
    -------
    float
        0 without detections; NaN, with a warning, if there is nothing to find.

    References
    ----------
    Everingham et al. 2010, "The Pascal visual object classes (VOC) challenge", Int J Comput Vis
    88:303, section 4.2.
    """
    curve = precision_recall(hits, scores, n_true)
    if not n_true:
        return undefined("average_precision", "n_true is 0")
    best_from_here = np.maximum.accumulate(curve.precision[::-1])[::-1]
    if points is None:
        gained = np.diff(curve.recall, prepend=0)
        return float(np.sum(gained * best_from_here))
    as_count(points, "points", least=2)
    # As COCO does it, where some points lie a rounding error above their decimal.
    reached = np.searchsorted(curve.recall, np.linspace(0, 1, points), side="left")
    return float(np.mean(np.append(best_from_here, 0)[reached]))


class MeanAveragePrecision(NamedTuple):
    """Mean over the classes, and the average precision of each."""

    value: float
    by_class: dict


def mean_average_precision(
    boxes,
    scores,
    true_boxes,
    iou_threshold=0.5,
    *,
    classes=None,
    true_classes=None,
    images=None,
    true_images=None,
    points=None,
):
    """Mean of the classes' average precision: mAP.

    All images are ranked together: one box of the best score in a bad image counts before the
    second best of a good one.

    Parameters
    ----------
    boxes : array_like, shape (n, 4)
    scores : array_like of float, shape (n,)
    true_boxes : array_like, shape (m, 4)
    iou_threshold : float, default 0.5
        IoU from which a box hits; mAP@0.5.
    classes, images : array_like, shape (n,), optional
        What each box is said to show, and which image it lies in; by default one class, one image.
    true_classes, true_images : array_like, shape (m,), optional
    points : int, optional
        As in `average_precision`.

    Returns
    -------
    MeanAveragePrecision
        ``value``, and ``by_class``, a dictionary. A class that occurs nowhere in the truth has no
        average precision and is left out. NaN, with a warning, if there is nothing to find.

    Notes
    -----
    `course_lib.segmentation.mean_average_precision` is something else: the 2018 Data Science Bowl
    gave that name to a score of masks without a ranking.
    """
    named = _named(boxes, scores, true_boxes, classes, true_classes, images, true_images)
    boxes, scores, true_boxes, classes, true_classes, images, true_images = named
    if not len(true_boxes):
        return MeanAveragePrecision(undefined("mean_average_precision", "true_boxes is empty"), {})
    hits = _hits(*named, iou_threshold)
    by_class = {}
    for name in np.unique(true_classes):
        mine, n_true = classes == name, np.count_nonzero(true_classes == name)
        by_class[name.item()] = average_precision(hits[mine], scores[mine], n_true, points)
    return MeanAveragePrecision(float(np.mean(list(by_class.values()))), by_class)


def _named(boxes, scores, true_boxes, classes, true_classes, images, true_images):
    """All of them, checked; without names there is one class, or one image."""
    boxes, true_boxes = as_boxes(boxes, "boxes"), as_boxes(true_boxes, "true_boxes")
    scores = as_scores(scores, "scores", may_be_empty=True)
    classes, images = _names(classes, len(boxes)), _names(images, len(boxes))
    true_classes = _names(true_classes, len(true_boxes))
    true_images = _names(true_images, len(true_boxes))
    same_length(boxes=boxes, scores=scores, classes=classes, images=images)
    same_length(true_boxes=true_boxes, true_classes=true_classes, true_images=true_images)
    return boxes, scores, true_boxes, classes, true_classes, images, true_images


def _hits(boxes, scores, true_boxes, classes, true_classes, images, true_images, iou_threshold):
    """Which detections hit an object of their class in their image."""
    hits = np.zeros(len(boxes), bool)
    for name, image in {*zip(true_classes.tolist(), true_images.tolist(), strict=True)}:
        mine = np.flatnonzero((classes == name) & (images == image))
        true = true_boxes[(true_classes == name) & (true_images == image)]
        hits[mine] = match_detections(boxes[mine], scores[mine], true, iou_threshold)
    return hits


def _names(names, n):
    return np.zeros(n, int) if names is None else np.ravel(names)


def resampled_average_precision(
    boxes,
    scores,
    true_boxes,
    iou_threshold=0.5,
    *,
    classes=None,
    true_classes=None,
    images,
    true_images,
    seed=0,
    resamples=RESAMPLES,
):
    """Average precision of every class, over other images that might have been taken.

    What lies in one image shares its stain, its light and whoever drew the boxes. So whole images
    are weighted at random (Bayesian bootstrap). With the same seed two detectors are judged on the
    same images: subtract one's values from the other's.

    Parameters
    ----------
    boxes, scores, true_boxes, iou_threshold, classes, true_classes, images, true_images
        As in `mean_average_precision`.
    seed, resamples : int

    Returns
    -------
    dict
        From the name of each class to an array (resamples,). Their mean is the resampled mAP;
        `course_lib.intervals.percentile_interval` makes an interval of either.

    References
    ----------
    Rubin 1981, "The Bayesian bootstrap", Ann Stat 9:130.
    """
    named = _named(boxes, scores, true_boxes, classes, true_classes, images, true_images)
    _, scores, _, classes, true_classes, images, true_images = named
    names = np.unique(true_images)
    strange = np.setdiff1d(images, names)
    if len(strange):
        raise ValueError(f"images must have a true box each, but image {strange[0]} has none.")
    seed, resamples = as_count(seed, "seed"), as_count(resamples, "resamples", 1)
    weights = np.random.default_rng(seed).standard_exponential((resamples, len(names)))
    hits, values = _hits(*named, iou_threshold), {}
    for name in np.unique(true_classes):
        mine, true = classes == name, true_classes == name
        place = np.searchsorted(names, images[mine])
        n_true = np.bincount(np.searchsorted(names, true_images[true]), minlength=len(names))
        values[name.item()] = _weighted_ap(hits[mine], scores[mine], place, n_true, weights)
    return values


def _weighted_ap(hits, scores, place, n_true, weights):
    """Average precision under each row of weights of the images, for hits in image `place`."""
    order = np.argsort(-scores, kind="stable")
    weight = weights[:, place[order]]
    hit = weight * hits[order]
    precision = hit.cumsum(axis=1) / weight.cumsum(axis=1)
    best_from_here = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    return (hit * best_from_here).sum(axis=1) / (weights @ n_true)


#: Below this IoU two boxes do not mean the same thing, not even badly.
APART = 0.1


def name_detections(
    boxes,
    scores,
    true_boxes,
    iou_threshold=0.5,
    *,
    classes=None,
    true_classes=None,
    images=None,
    true_images=None,
):
    """What each detection is: a hit, or what kind of false alarm.

    =============== ============================================================================
    ``hit``         as in `match_detections`, of the right class
    ``double``      reaches an object of its class that a better box has taken
    ``wrong class`` reaches an object of another class
    ``loose``       its IoU with an object, of any class, is at least 0.1
    ``unboxed``     none of these: nobody has drawn a box there
    =============== ============================================================================

    Parameters
    ----------
    boxes, scores, true_boxes, iou_threshold, classes, true_classes, images, true_images
        As in `mean_average_precision`. To reach is to have an IoU of at least `iou_threshold`.

    Returns
    -------
    ndarray of str, shape (n,)
        The first kind of the table that fits.

    References
    ----------
    Bolya et al. 2020, "TIDE: a general toolbox for identifying object detection errors", ECCV,
    arXiv 2008.08115, whose last kind is called background. `loose` holds their errors of
    localization and of both.
    """
    iou_threshold = as_open_probability(iou_threshold, "iou_threshold")
    named = _named(boxes, scores, true_boxes, classes, true_classes, images, true_images)
    boxes, _, true_boxes, classes, true_classes, images, true_images = named
    overlap = iou(boxes, true_boxes) * (images[:, None] == true_images)
    same = classes[:, None] == true_classes
    reaches = overlap >= iou_threshold
    signs = (
        _hits(*named, iou_threshold),
        (reaches & same).any(axis=1),
        reaches.any(axis=1),
        (overlap >= APART).any(axis=1),
    )
    return np.select(signs, ("hit", "double", "wrong class", "loose"), "unboxed")
