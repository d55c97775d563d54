"""Answers to the exercises of the chapter "Finding things"."""

import math
from itertools import compress

import numpy as np
import torch


def _overlap(a_low, a_high, b_low, b_high):
    return max(0.0, min(a_high, b_high) - max(a_low, b_low))


def _iou_loop(a, b):
    shared = _overlap(a[0], a[2], b[0], b[2]) * _overlap(a[1], a[3], b[1], b[3])
    area_a, area_b = ((x[2] - x[0]) * (x[3] - x[1]) for x in (a, b))
    return shared / (area_a + area_b - shared)


def _iou_pixels(a, b):
    """Counts squares of a grid, since corners are whole."""
    grid = np.zeros((2, 64, 64), bool)
    for layer, (x1, y1, x2, y2) in zip(grid, (a.astype(int), b.astype(int)), strict=True):
        layer[y1:y2, x1:x2] = True
    return grid.all(0).sum() / grid.any(0).sum()


def _iou_torch(a, b):
    a, b = torch.tensor(a).float(), torch.tensor(b).float()
    shared = (torch.minimum(a, b)[2:] - torch.maximum(a, b)[:2]).clamp(min=0).prod()
    return shared / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - shared)


def _hull(a, b):
    return np.prod(np.maximum(a[2:], b[2:]) - np.minimum(a[:2], b[:2]))


def _shared(a, b):
    return _overlap(a[0], a[2], b[0], b[2]) * _overlap(a[1], a[3], b[1], b[3])


def _generalized(a, b):
    union = np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - _shared(a, b)
    return _shared(a, b) / union - 1 + union / _hull(a, b)


def _suppress_flags(overlap, scores, iou_threshold):
    alive, kept = np.ones(len(scores), bool), []
    while alive.any():
        best = int(np.argmax(np.where(alive, scores, -np.inf)))
        kept.append(best)
        alive &= overlap[best] <= iou_threshold
        alive[best] = False
    return kept


def _suppress_sorted(overlap, scores, iou_threshold):
    order = np.argsort(-scores)
    overlap = overlap[order][:, order]
    keep = np.ones(len(order), bool)
    for i in range(len(order)):
        if keep[i]:
            keep[i + 1 :] &= ~(overlap[i, i + 1 :] > iou_threshold)
    return order[keep]


def _suppress_equal(overlap, scores, iou_threshold):
    return _suppress_flags(overlap, scores, iou_threshold * (1 - 1e-9))


def _decode_factors(anchor, t):
    """Each corner from the anchor's own corners."""
    low, high = anchor[:2], anchor[2:]
    side = high - low
    grown = (np.exp(t[2:]) - 1) * side / 2
    return np.hstack([low + t[:2] * side - grown, high + t[:2] * side + grown])


def _decode_loop(anchor, t):
    box = [0.0] * 4
    for k in (0, 1):
        side = anchor[k + 2] - anchor[k]
        center = anchor[k] + side / 2 + t[k] * side
        side *= math.exp(t[k + 2])
        box[k], box[k + 2] = center - side / 2, center + side / 2
    return box


def _decode_torch(anchor, t):
    a, t = torch.tensor(anchor).float(), torch.tensor(t).float()
    center, side = (a[:2] + a[2:]) / 2, a[2:] - a[:2]
    center, half = center + t[:2] * side, side * t[2:].exp() / 2
    return torch.cat([center - half, center + half])


def _decode_with(change):
    """Decode after changing the offsets."""
    return lambda anchor, t: _decode_factors(anchor, change(t))


def _ap_loop(hits, n_true):
    precisions = [sum(hits[: k + 1].tolist()) / (k + 1) for k in range(len(hits))]
    return sum(max(precisions[k:]) for k in range(len(hits)) if hits[k]) / n_true


def _ap_steps(hits, n_true):
    """Area under the falling curve of precision against recall."""
    found = np.cumsum(hits)
    recall = np.r_[0, found / n_true]
    precision = found / (np.arange(len(hits)) + 1)
    falling = [precision[recall[1:] >= r].max() for r in recall[1:]]
    return np.sum(np.diff(recall) * falling)


def _ap_raw(hits, n_true):
    return np.sum(hits * np.cumsum(hits) / (np.arange(len(hits)) + 1)) / n_true


def _alarm_loop(overlap, label, true_labels):
    kind = "unboxed"
    for iou, name in zip(overlap.tolist(), true_labels.tolist(), strict=True):
        if iou >= 0.5 and name == label:
            return "double"
        if iou >= 0.5:
            kind = "wrong class"
        elif iou >= 0.1 and kind == "unboxed":
            kind = "loose"
    return kind


def _alarm_best(overlap, label, true_labels):
    """The largest IoU within its class and outside of it."""
    same = true_labels == label
    own, other = (overlap[m].max(initial=0) for m in (same, ~same))
    signs = (own >= 0.5, other >= 0.5, max(own, other) >= 0.1)
    return next(compress(("double", "wrong class", "loose"), signs), "unboxed")


def _alarm_nearest(overlap, label, true_labels):
    if not len(overlap) or overlap.max() < 0.1:
        return "unboxed"
    if overlap.max() < 0.5:
        return "loose"
    return "double" if true_labels[overlap.argmax()] == label else "wrong class"


def _alarm_others_first(overlap, label, true_labels):
    for j in range(len(overlap)):
        if overlap[j] >= 0.5 and true_labels[j] != label:
            return "wrong class"
    return _alarm_loop(overlap, label, true_labels)


def _alarm_renamed(**names):
    def answer(overlap, label, true_labels):
        kind = _alarm_loop(overlap, label, true_labels)
        return names.get(kind.replace(" ", "_"), kind)

    return answer


RIGHT = {
    "read_false_alarm": {
        "loop": _alarm_loop,
        "best": _alarm_best,
        "torch": lambda o, n, t: _alarm_best(torch.tensor(o).numpy(), n, torch.tensor(t).numpy()),
    },
    "box_iou": {"loop": _iou_loop, "pixels": _iou_pixels, "torch": _iou_torch},
    "suppress": {
        "flags": _suppress_flags,
        "sorted": _suppress_sorted,
        "torch": lambda o, s, t: torch.tensor(_suppress_flags(o, s, t)),
    },
    "decode_box": {"factors": _decode_factors, "loop": _decode_loop, "torch": _decode_torch},
    "ap_of_ranking": {
        "loop": _ap_loop,
        "steps": _ap_steps,
        "torch": lambda hits, n: torch.tensor(_ap_steps(hits, n)).float(),
    },
}

WRONG = {
    "read_false_alarm": {
        "nearest": (_alarm_nearest, "nearest_decides"),
        "others first": (_alarm_others_first, "other_class_first"),
        "no class": (_alarm_renamed(wrong_class="double"), "any_class_is_double"),
        "nothing is loose": (_alarm_renamed(loose="unboxed"), "below_half_is_unboxed"),
        "all wrong": (_alarm_renamed(double="wrong class"), None),
        "background": (_alarm_renamed(unboxed="background"), None),
        "swapped": (_alarm_renamed(double="wrong class", wrong_class="double"), None),
        "loose and unboxed": (_alarm_renamed(loose="unboxed", unboxed="loose"), None),
        "overlap alone": (lambda o, n, t: "loose" if len(o) and o.max() < 0.5 else "double", None),
    },
    "box_iou": {
        "last pixels": (
            lambda a, b: _iou_loop(a + np.array([0, 0, 1, 1]), b + np.array([0, 0, 1, 1])),
            "pixel_numbers",
        ),
        "intersection": (_shared, None),
        "box around both": (lambda a, b: _shared(a, b) / _hull(a, b), None),
        "one minus": (lambda a, b: 1 - _iou_loop(a, b), None),
        "one side": (
            lambda a, b: _overlap(a[0], a[2], b[0], b[2]) / (max(a[2], b[2]) - min(a[0], b[0])),
            None,
        ),
        "first box": (lambda a, b: _shared(a, b) / np.prod(a[2:] - a[:2]), None),
        "generalized": (_generalized, None),
        "percent": (lambda a, b: 100 * _iou_loop(a, b), "percent"),
    },
    "suppress": {
        "equal drops": (_suppress_equal, "equal_drops"),
        "worst first": (lambda o, s, t: _suppress_flags(o, -s, t), "worst_first"),
        "numbers in order": (lambda o, s, t: sorted(_suppress_flags(o, s, t)), "by_number"),
        "scores": (lambda o, s, t: s[_suppress_flags(o, s, t)], None),
        "flags": (lambda o, s, t: np.isin(np.arange(len(s)), _suppress_flags(o, s, t)), None),
        "dropped": (
            lambda o, s, t: np.setdiff1d(np.arange(len(s)), _suppress_flags(o, s, t)),
            None,
        ),
        "all by score": (lambda o, s, t: np.argsort(-s), None),
        "best alone": (lambda o, s, t: np.array([np.argmax(s)]), None),
        "drops what overlaps less": (lambda o, s, t: _suppress_flags(1 - o, s, t), None),
    },
    "decode_box": {
        "corners of corners": (
            lambda a, t: a + t * np.tile(a[2:] - a[:2], 2),
            None,
        ),
        "base two": (_decode_with(lambda t: np.hstack([t[:2], t[2:] * np.log(2)])), None),
        "other sign": (_decode_with(lambda t: -t), None),
        "y before x": (_decode_with(lambda t: t[[1, 0, 3, 2]]), None),
        "offset of new sides": (
            _decode_with(lambda t: np.hstack([t[:2] * np.exp(t[2:]), t[2:]])),
            None,
        ),
        "not resized": (_decode_with(lambda t: t * [1, 1, 0, 0]), None),
        "not moved": (_decode_with(lambda t: t * [0, 0, 1, 1]), None),
        "one plus": (
            _decode_with(lambda t: np.hstack([t[:2], np.log1p(t[2:])])),
            None,
        ),
    },
    "ap_of_ranking": {
        "as in scikit-learn": (_ap_raw, "not_made_to_fall"),
        "all places": (
            lambda hits, n: np.mean(np.cumsum(hits) / (np.arange(len(hits)) + 1)),
            None,
        ),
        "recall": (lambda hits, n: hits.sum() / n, None),
        "eleven places": (
            lambda hits, n: np.mean(
                [
                    max(
                        (
                            hits[: k + 1].mean()
                            for k in range(len(hits))
                            if hits[: k + 1].sum() / n >= r - 1e-9
                        ),
                        default=0,
                    )
                    for r in np.linspace(0, 1, 11)
                ]
            ),
            None,
        ),
        "not divided": (lambda hits, n: _ap_loop(hits, 1), None),
        "over the list": (lambda hits, n: _ap_loop(hits, len(hits)), None),
        "best up to here": (
            lambda hits, n: (
                sum(
                    max(hits[: j + 1].mean() for j in range(k + 1))
                    for k in range(len(hits))
                    if hits[k]
                )
                / n
            ),
            None,
        ),
        "from the end": (lambda hits, n: _ap_loop(hits[::-1], n), None),
    },
}
