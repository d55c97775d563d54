"""How well objects were found, one by one: matching, and the scores of neuron tracing."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.ndimage import center_of_mass
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .._undefined import divide, undefined
from .._validation import as_count, as_labels, as_open_probability, same_shape
from ..intervals import RESAMPLES, Interval, no_interval, percentile_interval

#: The thresholds over which the 2018 Data Science Bowl and COCO average.
AP_THRESHOLDS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


@dataclass(frozen=True)
class InstanceMatch:
    """Objects found, invented and missed at one IoU threshold.

    Attributes
    ----------
    tp, fp, fn : int
        Matched pairs, predicted objects without a partner, true objects without a partner.
    total_iou : float
        Sum of the IoU of the matched pairs.
    pairs : ndarray of int, shape (tp, 2)
        True and predicted label of each matched pair.
    """

    tp: int
    fp: int
    fn: int
    total_iou: float
    pairs: np.ndarray

    @property
    def precision(self):
        """Share of the predicted objects that are real: TP / (TP + FP)."""
        return divide(self.tp, self.tp + self.fp, "precision", "TP + FP")

    @property
    def recall(self):
        """Share of the true objects that were found: TP / (TP + FN)."""
        return divide(self.tp, self.tp + self.fn, "recall", "TP + FN")

    @property
    def f1(self):
        """2 TP / (2 TP + FP + FN)."""
        return divide(2 * self.tp, 2 * self.tp + self.fp + self.fn, "f1", "2 TP + FP + FN")

    @property
    def average_precision(self):
        """TP / (TP + FP + FN), which the 2018 Data Science Bowl calls average precision."""
        cells = "TP + FP + FN"
        return divide(self.tp, self.tp + self.fp + self.fn, "average_precision", cells)

    @property
    def panoptic_quality(self):
        """Mean IoU of the matches times F1 (Kirillov et al. 2019, CVPR, equation 1)."""
        halves = self.tp + self.fp / 2 + self.fn / 2
        return divide(self.total_iou, halves, "panoptic_quality", "TP + FP/2 + FN/2")


def match_instances(true, predicted, iou_threshold=0.5):
    """Match predicted to true objects, as many as possible at that IoU or more.

    Parameters
    ----------
    true, predicted : array_like of int, the same shape
        Label images: 0 is background, every other value is one object. Numbers may be missing.
    iou_threshold : float, default 0.5
        Strictly between 0 and 1. Above 0.5 an object can have only one partner; up to there, the
        assignment with most matches, and among those with the largest IoU, is taken.

    Returns
    -------
    InstanceMatch
    """
    iou_threshold = as_open_probability(iou_threshold, "iou_threshold")
    return _match(*_overlaps(true, predicted), iou_threshold)


def failures(true, predicted, iou_threshold=0.5):
    """Every object without a partner, by what went wrong with it.

    ============ =======================================================================
    ``merged``   more than half of it lies in a predicted object that holds more than half of
                 another one, too
    ``split``    it holds more than half of each of two predicted objects
    ``missed``   no predicted object touches it
    ``outline``  none of these: something was found, with a wrong outline
    ``invented`` a predicted object that touches no true one
    ============ =======================================================================

    Parameters
    ----------
    true, predicted : array_like of int, the same shape
        Label images, 0 is background.
    iou_threshold : float, default 0.5
        At which `match_instances` finds the objects that have a partner.

    Returns
    -------
    dict of str to ndarray of int
        The true labels of each kind, and of ``invented`` the predicted ones. A true object without
        a partner is of one kind, the first in the table that fits.
    """
    iou_threshold = as_open_probability(iou_threshold, "iou_threshold")
    table, true_names, predicted_names = _overlaps(true, predicted)
    matched = _match(table, true_names, predicted_names, iou_threshold).pairs[:, 0]
    true_sizes, predicted_sizes = table.sum(1), table.sum(0)
    pairs = table.tocoo()
    objects = (pairs.coords[0] > 0) & (pairs.coords[1] > 0)
    i, j = (axis[objects] for axis in pairs.coords)
    shared = pairs.data[objects]
    inside = shared > true_sizes[i] / 2
    held = np.bincount(j[inside], minlength=len(predicted_names))
    pieces = np.bincount(i[shared > predicted_sizes[j] / 2], minlength=len(true_names))
    kinds = {
        "merged": i[inside & (held[j] > 1)],
        "split": np.flatnonzero(pieces > 1),
        "missed": np.setdiff1d(np.arange(1, len(true_names)), i),
        "outline": np.arange(1, len(true_names)),
    }
    taken, named = matched, {}
    for kind, members in kinds.items():
        named[kind] = np.setdiff1d(true_names[members], taken)
        taken = np.union1d(taken, named[kind])
    untouched = np.setdiff1d(np.arange(1, len(predicted_names)), j)
    return named | {"invented": predicted_names[untouched]}


class F1Difference(NamedTuple):
    """F1 of one segmentation minus that of another, on the same objects."""

    difference: float
    interval: Interval
    tiles: int


def f1_difference(true, a, b, *, tile=64, level=0.95, seed=0, resamples=RESAMPLES):
    """Difference of the F1 of two segmentations of one image, with a paired interval.

    The image is cut into square tiles, and an object belongs to the tile that its middle lies in.
    Tiles are drawn with replacement, the same ones for both: what is hard in a place is hard for
    both, and neighbors share it. An object is found at an IoU of at least 0.5.

    Parameters
    ----------
    true : array_like of int, shape (height, width)
        A label image, 0 is background.
    a, b : array_like of int, shape (height, width) or (n, height, width)
        A segmentation, or one from each of n starts, whose F1 are averaged.
    tile : int, default 64
        Side of a tile in pixels, several objects wide.
    level : float, default 0.95
    seed, resamples : int

    Returns
    -------
    F1Difference
        A percentile interval. NaN, with one warning, if the two segmentations differ alike in
        every tile, or in none: such a sample says nothing about the next tile.
    """
    true, tile = as_labels(true, "true"), as_count(tile, "tile", least=1)
    rng = np.random.default_rng(as_count(seed, "seed"))
    one, other = (_of_starts(true, x, name, tile) for x, name in ((a, "a"), (b, "b")))
    used = np.concatenate([one, other]).any(axis=(0, 2))
    one, other = one[:, used], other[:, used]
    draws = rng.integers(used.sum(), size=(as_count(resamples, "resamples", least=1), used.sum()))
    difference = float(_mean_f1(one.sum(axis=1)) - _mean_f1(other.sum(axis=1)))
    values = _mean_f1(one[:, draws].sum(axis=2)) - _mean_f1(other[:, draws].sum(axis=2))
    if np.ptp(values) == 0:
        nowhere = no_interval("the interval", "the segmentations differ alike in every tile")
        return F1Difference(difference, nowhere, int(used.sum()))
    return F1Difference(difference, percentile_interval(values, level), int(used.sum()))


def _mean_f1(counts):
    """Over the first axis; the last holds found, missed and invented objects."""
    found, missed, invented = np.moveaxis(counts, -1, 0)
    return np.mean(2 * found / (2 * found + missed + invented), axis=0)


def _of_starts(true, predicted, name, tile):
    """Counts of each start, (starts, tiles, 3)."""
    starts = [predicted] if np.ndim(predicted) == true.ndim else predicted
    starts = [as_labels(start, name) for start in starts]
    for start in starts:
        same_shape(true=true, **{name: start})
    return np.stack([_by_tile(true, start, tile) for start in starts])


def _by_tile(true, predicted, tile):
    """Found, missed and invented objects (tiles, 3)."""
    columns = -(-true.shape[1] // tile)
    pairs = match_instances(true, predicted).pairs
    counts = np.zeros((columns * -(-true.shape[0] // tile), 3))
    for labels, partnered, alone in ((true, pairs[:, 0], 1), (predicted, pairs[:, 1], 2)):
        names = np.setdiff1d(labels, 0)
        for name, middle in zip(names, center_of_mass(labels > 0, labels, names), strict=True):
            row, column = (int(place) // tile for place in middle)
            if name not in partnered:
                counts[row * columns + column, alone] += 1
            elif alone == 1:
                counts[row * columns + column, 0] += 1
    return counts


def mean_average_precision(true, predicted, iou_thresholds=AP_THRESHOLDS):
    """Mean of TP / (TP + FP + FN) over IoU thresholds: the score of the 2018 Data Science Bowl.

    NaN, with one warning, if neither image holds an object.
    """
    overlaps = _overlaps(true, predicted)
    iou_thresholds = [as_open_probability(t, "iou_thresholds") for t in iou_thresholds]
    if not iou_thresholds:
        raise ValueError("iou_thresholds must hold at least one value, but it is empty.")
    _, true_names, predicted_names = overlaps
    if len(true_names) == len(predicted_names) == 1:
        return undefined("mean_average_precision", "neither image holds an object")
    return float(np.mean([_match(*overlaps, t).average_precision for t in iou_thresholds]))


def _overlaps(true, predicted):
    """Sizes of true and predicted objects and their shared pixels as a sparse table.

    Row and column 0 of the table are the background.
    """
    true, predicted = as_labels(true, "true"), as_labels(predicted, "predicted")
    same_shape(true=true, predicted=predicted)
    true, predicted = true.ravel(), predicted.ravel()
    # Neighbors mostly share their pair of labels: runs of them are few, and quickly counted.
    changes = (true[1:] != true[:-1]) | (predicted[1:] != predicted[:-1])
    starts = np.flatnonzero(np.concatenate([[True], changes]))
    lengths = np.diff(starts, append=true.size)
    true_names, rows = _consecutive(true[starts])
    predicted_names, columns = _consecutive(predicted[starts])
    shape = (len(true_names), len(predicted_names))
    table = coo_array((lengths, (rows, columns)), shape=shape).tocsr()
    return table, true_names, predicted_names


def _consecutive(labels):
    """The labels, background first, and for each that is given its position among them."""
    # Counting takes a tenth of the time of sorting, where the numbers are as small as usual.
    few = labels.max() <= labels.size
    names = np.flatnonzero(np.bincount(labels)) if few else np.unique(labels)
    names = np.union1d(names, [0])
    return names, np.searchsorted(names, labels)


def _match(table, true_names, predicted_names, threshold):
    n_true, n_predicted = len(true_names) - 1, len(predicted_names) - 1
    true_sizes, predicted_sizes = table.sum(1), table.sum(0)
    pairs = table.tocoo()
    i, j = pairs.coords
    iou = pairs.data / (true_sizes[i] + predicted_sizes[j] - pairs.data)
    partners = (i > 0) & (j > 0) & (iou >= threshold)
    i, j, iou = i[partners], j[partners], iou[partners]
    if threshold <= 0.5 and len(i):
        kept = _assign(i, j, iou)
        i, j, iou = i[kept], j[kept], iou[kept]
    names = np.stack([true_names[i], predicted_names[j]], axis=1)
    return InstanceMatch(len(i), n_predicted - len(i), n_true - len(i), float(iou.sum()), names)


def _assign(i, j, iou):
    """Of the candidate pairs, those of the largest assignment; ties go to the larger IoU sum.

    Objects that overlap nothing in common do not compete, so each group of them is solved alone.
    """
    rows, row = np.unique(i, return_inverse=True)
    columns, column = np.unique(j, return_inverse=True)
    # Predicted objects follow the true ones in one list of nodes.
    size = len(rows) + len(columns)
    graph = coo_array((np.ones(len(i)), (row, len(rows) + column)), shape=(size, size))
    group = connected_components(graph, directed=False)[1][row]
    order = np.argsort(group, kind="stable")
    chosen = np.zeros(len(i), bool)
    for members in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        # Most pairs have no rival, and solving them all the same takes most of the time.
        alone = len(members) == 1
        chosen[members] = alone or _assign_few(row[members], column[members], iou[members])
    return chosen


def _assign_few(row, column, iou):
    rows, row = np.unique(row, return_inverse=True)
    columns, column = np.unique(column, return_inverse=True)
    gain, place = np.zeros((2, len(rows), len(columns)))
    # One match more outweighs any sum of IoUs.
    gain[row, column] = len(rows) + iou
    place[row, column] = 1
    best = linear_sum_assignment(gain, maximize=True)
    chosen = np.zeros_like(place, dtype=bool)
    chosen[best] = place[best] > 0
    return chosen[row, column]


class ForegroundRand(NamedTuple):
    """Rand scores over the foreground of the truth."""

    score: float
    split: float
    merge: float


def foreground_rand(true, predicted):
    """Do pairs of pixels that belong together stay together? The score of ISBI 2012 and 2013.

    ``split`` is the probability that two pixels of one true segment lie in one predicted segment,
    so splitting lowers it; ``merge`` the probability that two pixels of one predicted segment
    belong to one true segment. ``score`` is their harmonic mean, V^Rand.

    Parameters
    ----------
    true, predicted : array_like of int, the same shape
        Label images. Pixels where ``true`` is 0 (membrane) are left out. Where ``predicted`` is 0
        in the foreground, each pixel counts as a segment of its own.

    Returns
    -------
    ForegroundRand
        ``score, split, merge``.

    References
    ----------
    Arganda-Carreras et al. 2015, "Crowdsourcing the creation of image segmentation algorithms for
    connectomics", Front Neuroanat 9:142, section 2.4.
    """
    table, *_ = _overlaps(true, predicted)
    shared = table[1:]
    n = shared.sum()
    if not n:
        raise ValueError("true must hold at least one segment, but all of it is 0.")
    alone = shared[:, [0]].sum()
    segments = shared[:, 1:].astype(float)
    together = (segments.power(2).sum() + alone) / n**2
    in_true = (shared.sum(1).astype(float) ** 2).sum() / n**2
    in_predicted = ((segments.sum(0) ** 2).sum() + alone) / n**2
    split, merge = together / in_true, together / in_predicted
    return ForegroundRand(float(2 * split * merge / (split + merge)), float(split), float(merge))
