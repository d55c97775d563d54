"""Suppression beside the textbook's double loop, and what the chapter's detectors reach."""

import numpy as np
import torch
from skimage.color import rgb2gray
from torch.nn.functional import binary_cross_entropy_with_logits

from course_lib import datasets, training
from course_lib.boxes import iou, non_max_suppression
from course_lib.detection import windows

from . import smears
from .report import Row, best_of

BOXES = 10_000
SEEDS = (0, 1, 2)


def benchmarks():
    """Yield the rows of this topic."""
    for what, scene in (("of 300 objects", _crowded), ("at random places", _scattered)):
        boxes, scores = scene(np.random.default_rng(0))
        kept = non_max_suppression(boxes, scores)
        again = []
        peer_s = best_of(lambda b=boxes, s=scores, a=again: a.append(_two_loops(b, s)), repeats=1)
        assert kept.tolist() == again[0], "the same boxes must be kept"
        yield Row.times(
            f"non-max suppression, 10⁴ boxes {what}",
            best_of(lambda b=boxes, s=scores: non_max_suppression(b, s)),
            "two loops in Python",
            peer_s,
            "≥ 20× faster",
            f"{len(kept)} kept by both",
        )
    yield from _smears()
    yield from _faces()


def _crowded(rng):
    """A detector's raw output: many boxes around each of 300 objects."""
    centers = rng.uniform(0, 1000, (300, 2))[rng.integers(300, size=BOXES)]
    centers = centers + rng.normal(0, 3, (BOXES, 2))
    sides = rng.uniform(25, 35, (BOXES, 2))
    return np.hstack([centers - sides / 2, centers + sides / 2]), rng.random(BOXES)


def _scattered(rng):
    corners = rng.uniform(0, 1000, (BOXES, 2))
    return np.hstack([corners, corners + rng.uniform(10, 60, (BOXES, 2))]), rng.random(BOXES)


def _two_loops(boxes, scores, threshold=0.5):
    """As textbooks write it, on plain floats, which Python handles faster than NumPy's."""
    order = np.argsort(-scores, kind="stable").tolist()
    rows = [(*box, (box[2] - box[0]) * (box[3] - box[1])) for box in boxes.tolist()]
    dropped, kept = [False] * len(rows), []
    for rank, i in enumerate(order):
        if dropped[i]:
            continue
        kept.append(i)
        x1, y1, x2, y2, area = rows[i]
        for j in order[rank + 1 :]:
            if dropped[j]:
                continue
            u1, v1, u2, v2, other = rows[j]
            width, height = min(x2, u2) - max(x1, u1), min(y2, v2) - max(y1, v1)
            if width > 0 and height > 0:
                shared = width * height
                if shared / (area + other - shared) > threshold:
                    dropped[j] = True
    return kept


def _smears():
    """Trained on 120 blood smears, judged on 40 others: the chapter's table, made again."""
    rival, *networks = smears.columns()
    values = [float(column[4].split()[0]) for column in networks]
    yield Row.value(
        "mAP@0.5 of the grid detector on unseen blood smears, worst of three starts",
        min(values),
        "≥ 0.75",
        f"all: {', '.join(f'{v:.2f}' for v in values)}; tuned circles and colors {rival[4]}",
    )


def _faces():
    """A face among the windows of one photograph, before and after hard-negative mining."""
    crops = datasets.face_crops()
    images = torch.tensor(crops.images, dtype=torch.float32)[:, None]
    negatives = [v for p in datasets.faceless_photos() for v in windows.pyramid(p, factor=0.6)]
    levels = windows.pyramid(rgb2gray(datasets.photo("astronaut", 512)))
    face = [[175, 70, 270, 165]]
    before, ranks, left_over = [], [], []
    for seed in SEEDS:
        order = np.random.default_rng(seed).permutation(100)[:75]
        faces, background = images[order], windows.local_contrast(images[100 + order])
        torch.manual_seed(seed)
        classifier = windows.WindowClassifier()
        _train(classifier, faces, background, 150, seed)
        before.append(len(windows.count_votes(*windows.detect(classifier, levels)).votes))
        for turn in range(5):
            hard = windows.hard_negatives(classifier, negatives, quarter_turns=turn, seed=turn)
            background = torch.cat([background, hard])
            last = turn == 4
            options = (250, 100 * seed + turn + 1, 0.98) if last else (150, 100 * seed + turn + 1)
            _train(classifier, faces, background, *options)
        voted = windows.count_votes(*windows.detect(classifier, levels))
        found = np.flatnonzero(iou(face, voted.boxes)[0] > 0.3)
        ranks.append(int(found[0]) + 1 if found.size else 999)
        left_over.append(len(voted.votes))
    yield Row.value(
        "boxes on the astronaut before mining, fewest of three seeds", str(min(before)), "hundreds"
    )
    yield Row.value(
        "boxes after mining, most of three seeds", str(max(left_over)), "≤ 10", f"all: {left_over}"
    )
    yield Row.value(
        "rank of the face by votes, worst of three seeds", str(max(ranks)), "≤ 2", f"all: {ranks}"
    )


def _train(classifier, faces, background, iterations, seed, ema=None):
    training.fit(
        classifier,
        windows.face_batches(faces, background),
        binary_cross_entropy_with_logits,
        iterations=iterations,
        lr=4e-3,
        weight_decay=1e-2,
        ema=ema,
        seed=seed,
        quiet=True,
    )
