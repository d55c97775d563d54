"""Boxes around objects: how far they overlap, which are duplicates, and how anchors encode them.

A box is ``x1, y1, x2, y2`` in pixels: left, top, right and bottom edge. Edges lie between pixels,
so a box around the single pixel in row 5 and column 7 is ``7, 5, 8, 6`` and has the area 1.
"""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import find_objects

from ._validation import (
    as_array,
    as_boxes,
    as_count,
    as_features,
    as_labels,
    as_positive,
    as_probability,
    as_scores,
    as_vector,
    same_length,
)

#: `decode` lets a box be at most so many times as large as its anchor: exp() of what a network
#: says before it is trained may be anything.
LARGEST = 1000.0


def iou(a, b):
    """Intersection over union of every box of `a` with every box of `b`.

    Parameters
    ----------
    a : array_like, shape (n, 4)
    b : array_like, shape (m, 4)
        Boxes ``x1, y1, x2, y2`` with ``x1 <= x2`` and ``y1 <= y2``; either may be empty.

    Returns
    -------
    ndarray, shape (n, m)
        0 where boxes are apart or only touch, 1 where they are equal. A box without area overlaps
        nothing, not even itself.

    Raises
    ------
    ValueError
        If a box is turned over (``x1 > x2``), holds NaN or infinity, or the shape is another.
    """
    a, b = as_boxes(a, "a"), as_boxes(b, "b")
    return _iou(a.T[:, :, None], b.T[:, None, :])


def _iou(a, b):
    """Of boxes given as four coordinates x1, y1, x2, y2, each an array."""
    width = np.minimum(a[2], b[2]) - np.maximum(a[0], b[0])
    height = np.minimum(a[3], b[3]) - np.maximum(a[1], b[1])
    intersection = np.maximum(width, 0) * np.maximum(height, 0)
    area_a, area_b = (box[2:] - box[:2] for box in (a, b))
    union = area_a[0] * area_a[1] + area_b[0] * area_b[1] - intersection
    return np.divide(intersection, union, out=np.zeros_like(union), where=union > 0)


def non_max_suppression(boxes, scores, iou_threshold=0.5, classes=None):
    """Keep the best box of every heap of overlapping ones.

    Greedy: the box with the highest score is kept and every box that overlaps it by more than
    `iou_threshold` is dropped; then the best of the rest is kept, and so on.

    Parameters
    ----------
    boxes : array_like, shape (n, 4)
        May be empty.
    scores : array_like of float, shape (n,)
        Of equal scores the earlier box goes first.
    iou_threshold : float in [0, 1], default 0.5
        IoU above which two boxes are taken for one object.
    classes : array_like, shape (n,), optional
        What each box shows. Boxes of different classes do not drop each other.

    Returns
    -------
    ndarray of int
        Indices of the boxes that are kept, from the highest score down.
    """
    boxes, scores = _scored(boxes, scores)
    iou_threshold = as_probability(iou_threshold, "iou_threshold")
    if classes is None:
        return _greedy(boxes, scores, iou_threshold)
    classes = np.ravel(classes)
    same_length(boxes=boxes, classes=classes)
    kept = [np.empty(0, int)]
    for name in np.unique(classes):
        (of_class,) = np.nonzero(classes == name)
        kept.append(of_class[_greedy(boxes[of_class], scores[of_class], iou_threshold)])
    kept = np.sort(np.concatenate(kept))
    return kept[np.argsort(-scores[kept], kind="stable")]


def _greedy(boxes, scores, threshold):
    """Only boxes that share some columns can overlap: they are found in the order of x1."""
    by_x1 = np.argsort(boxes[:, 0], kind="stable")
    x1, _, x2, _ = sorted_boxes = np.ascontiguousarray(boxes[by_x1].T)
    place = np.argsort(by_x1)
    # All boxes before `first` end left of the box, all from `last` on begin right of it.
    first = np.searchsorted(np.maximum.accumulate(x2), x1, side="right")
    last = np.searchsorted(x1, x2, side="left")
    dropped = np.zeros(len(boxes), bool)
    kept = []
    for i in np.argsort(-scores, kind="stable"):
        p = place[i]
        if not dropped[p]:
            kept.append(i)
            near = slice(first[p], last[p])
            dropped[near] |= _iou(sorted_boxes[:, p, None], sorted_boxes[:, near]) > threshold
    return np.array(kept, int)


class SoftSuppressed(NamedTuple):
    """Boxes in the order in which soft suppression took them, with what it left of their scores."""

    indices: np.ndarray
    scores: np.ndarray


def soft_non_max_suppression(boxes, scores, sigma=0.5, lowest=0.001):
    """Lower the score of a box that overlaps a better one, instead of dropping it.

    The best box is taken; every other score is multiplied by ``exp(-IoU² / sigma)``; then the best
    of the rest is taken, and so on. Of two cells that touch, both survive.

    Parameters
    ----------
    boxes : array_like, shape (n, 4)
    scores : array_like of float, shape (n,)
        At least 0.
    sigma : float, default 0.5
        The larger, the milder.
    lowest : float, default 0.001
        Stop when the best remaining score lies below.

    Returns
    -------
    SoftSuppressed
        ``indices`` and ``scores``, from the highest remaining score down.

    References
    ----------
    Bodla et al. 2017, "Soft-NMS: improving object detection with one line of code", ICCV.
    """
    boxes, scores = _scored(boxes, scores)
    sigma, lowest = as_positive(sigma, "sigma"), as_probability(lowest, "lowest")
    if (scores < 0).any():
        raise ValueError(f"scores must not be negative, but they contain {scores.min():g}.")
    scores, columns = scores.copy(), boxes.T
    waiting = np.arange(len(boxes))
    taken = []
    while waiting.size:
        best = waiting[np.argmax(scores[waiting])]
        if scores[best] < lowest:
            break
        taken.append(best)
        waiting = waiting[waiting != best]
        overlap = _iou(columns[:, best, None], columns[:, waiting])
        scores[waiting] *= np.exp(-(overlap**2) / sigma)
    taken = np.array(taken, int)
    return SoftSuppressed(taken, scores[taken])


def anchor_boxes(shape, stride, sizes, ratios=(1.0,)):
    """Boxes of several sizes and shapes around the center of each cell of a feature map.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns of the feature map.
    stride : float
        Pixels of the image from one cell to the next.
    sizes : sequence of float
        Square roots of the areas, in pixels.
    ratios : sequence of float
        Heights over widths.

    Returns
    -------
    ndarray, shape (rows, columns, k, 4)
        The k shapes run through the ratios of the first size, then of the second. Anchors may
        reach over the edge of the image.

    References
    ----------
    Ren et al. 2015, "Faster R-CNN: towards real-time object detection with region proposal
    networks", arXiv 1506.01497, section 3.1.1.
    """
    try:
        rows, columns = shape
    except (TypeError, ValueError) as error:
        raise ValueError(f"shape must be (rows, columns), got {shape!r}.") from error
    rows, columns = as_count(rows, "shape"), as_count(columns, "shape")
    stride = as_positive(stride, "stride")
    sizes = np.array([as_positive(size, "sizes") for size in as_vector(sizes, "sizes")])
    ratios = np.array([as_positive(ratio, "ratios") for ratio in as_vector(ratios, "ratios")])
    w = np.outer(sizes, 1 / np.sqrt(ratios)).ravel()
    h = np.outer(sizes, np.sqrt(ratios)).ravel()
    y, x = np.meshgrid(*(stride * (np.arange(n) + 0.5) for n in (rows, columns)), indexing="ij")
    centers = np.stack([x, y, x, y], axis=-1)
    return centers[:, :, None] + np.stack([-w, -h, w, h], axis=-1) / 2


def encode(boxes, anchors):
    """What a network has to say so that an anchor becomes the box.

    ::

        t_x = (x - x_a) / w_a        t_w = log(w / w_a)
        t_y = (y - y_a) / h_a        t_h = log(h / h_a)

    with the centers x, y and sides w, h of the box and of its anchor ``a``. All four are near 0 for
    an anchor that fits, whatever its size.

    Parameters
    ----------
    boxes, anchors : array_like, shape (n, 4)
        Pairs, with sides longer than 0.

    Returns
    -------
    ndarray, shape (n, 4)

    References
    ----------
    Girshick et al. 2014, "Rich feature hierarchies for accurate object detection and semantic
    segmentation", arXiv 1311.2524, appendix C.
    """
    center, side = _center_and_side(boxes, "boxes")
    anchor_center, anchor_side = _center_and_side(anchors, "anchors")
    same_length(boxes=center, anchors=anchor_center)
    return np.hstack([(center - anchor_center) / anchor_side, np.log(side / anchor_side)])


def decode(offsets, anchors):
    """The boxes that a network means: the inverse of `encode`.

    Parameters
    ----------
    offsets : array_like, shape (n, 4)
        ``t_x, t_y, t_w, t_h``, finite.
    anchors : array_like, shape (n, 4)

    Returns
    -------
    ndarray, shape (n, 4)
        No side is longer than `LARGEST` times the anchor's.
    """
    anchor_center, anchor_side = _center_and_side(anchors, "anchors")
    offsets = as_array(offsets, "offsets")
    offsets = as_features(offsets, "offsets") if offsets.size else np.empty((0, 4))
    if offsets.shape != (len(anchor_center), 4):
        raise ValueError(
            f"offsets must have the shape of anchors, {(len(anchor_center), 4)}, "
            f"got {offsets.shape}."
        )
    center = anchor_center + offsets[:, :2] * anchor_side
    side = anchor_side * np.exp(np.minimum(offsets[:, 2:], np.log(LARGEST)))
    return np.hstack([center - side / 2, center + side / 2])


def _center_and_side(boxes, name):
    boxes = as_boxes(boxes, name)
    side = boxes[:, 2:] - boxes[:, :2]
    if not (side > 0).all():
        raise ValueError(f"{name} must have sides longer than 0, but one has {side.min():g}.")
    return boxes[:, :2] + side / 2, side


#: What `match_anchors` says of an anchor without a box.
BACKGROUND, IGNORED = -1, -2


def match_anchors(anchors, boxes, positive=0.5, negative=0.4):
    """Which box each anchor is responsible for when a network is trained.

    An anchor is positive if its IoU with a box reaches `positive`, or if it is the best anchor of
    a box, so that hardly any box goes without. It is background if its IoU with every box lies
    below `negative`; what lies between teaches the network nothing.

    Parameters
    ----------
    anchors : array_like, shape (n, 4)
    boxes : array_like, shape (m, 4)
        May be empty: then all anchors are background.
    positive, negative : float
        ``0 <= negative <= positive <= 1``.

    Returns
    -------
    ndarray of int, shape (n,)
        Index of the box, `BACKGROUND` (-1) or `IGNORED` (-2).

    References
    ----------
    Ren et al. 2015, section 3.1.2, who take 0.7 and 0.3.
    """
    positive, negative = as_probability(positive, "positive"), as_probability(negative, "negative")
    if negative > positive:
        raise ValueError(f"negative must not exceed positive, got {negative} and {positive}.")
    overlap = iou(anchors, boxes)
    if not overlap.size:
        return np.full(len(overlap), BACKGROUND)
    best = overlap.max(axis=1)
    assigned = np.where(best >= positive, overlap.argmax(axis=1), IGNORED)
    assigned[best < negative] = BACKGROUND
    # Where two boxes share their best anchor, it goes to the one that it overlaps more.
    best_anchor, closest = overlap.argmax(axis=0), overlap.max(axis=0)
    for box in np.argsort(closest, kind="stable"):
        if closest[box] > 0:
            assigned[best_anchor[box]] = box
    return assigned


def boxes_of_labels(labels):
    """The smallest box around each object of a label image.

    Parameters
    ----------
    labels : array_like of int, shape (height, width)
        0 is background, every other value one object.

    Returns
    -------
    ndarray of float, shape (n, 4)
        In the order of the labels.
    """
    labels = as_labels(labels, "labels")
    if labels.ndim != 2:
        raise ValueError(f"labels must have the shape (height, width), got {labels.shape}.")
    # Numbered anew, because `find_objects` takes memory for every number up to the largest.
    names, numbers = np.unique(labels, return_inverse=True)
    if names[0] > 0:
        numbers += 1
    found = find_objects(numbers.reshape(labels.shape))
    corners = [(x.start, y.start, x.stop, y.stop) for y, x in found]
    return np.array(corners, float).reshape(-1, 4)


def _scored(boxes, scores):
    """Boxes and their scores, both possibly empty."""
    boxes = as_boxes(boxes, "boxes")
    scores = as_scores(scores, "scores", may_be_empty=True)
    same_length(boxes=boxes, scores=scores)
    return boxes, scores
