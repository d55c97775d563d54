"""`course_lib.boxes` against counted pixels, double loops and the formulas of the papers."""

import math
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.measure import regionprops

from course_lib import datasets
from course_lib.boxes import (
    BACKGROUND,
    IGNORED,
    LARGEST,
    anchor_boxes,
    boxes_of_labels,
    decode,
    encode,
    iou,
    match_anchors,
    non_max_suppression,
    soft_non_max_suppression,
)

SIDE = 12

# Whole numbers on a small grid, so that boxes touch, coincide and have no area.
intervals = st.tuples(st.integers(0, SIDE), st.integers(0, SIDE)).map(sorted)
boxes = st.tuples(intervals, intervals).map(lambda i: (i[0][0], i[1][0], i[0][1], i[1][1]))
many_boxes = st.lists(boxes, max_size=12)
solid_boxes = boxes.filter(lambda b: b[0] < b[2] and b[1] < b[3])
# Few values, so that scores are tied.
scored_boxes = st.lists(st.tuples(boxes, st.sampled_from([0.2, 0.5, 0.9])), max_size=12)
thresholds = st.sampled_from([0, 0.2, 1 / 3, 0.5, 0.9, 1])


def pixels(box):
    """The unit squares inside a box with whole coordinates."""
    x1, y1, x2, y2 = box
    return {(x, y) for x in range(x1, x2) for y in range(y1, y2)}


def counted_iou(a, b):
    shared, either = pixels(a) & pixels(b), pixels(a) | pixels(b)
    return len(shared) / len(either) if either else 0.0


def table(rows):
    return np.array(rows, float).reshape(-1, 4)


# Overlap ----------------------------------------------------------------------------------------


@given(many_boxes, many_boxes)
def test_iou_is_what_counting_pixels_gives(a, b):
    overlap = iou(a, b)
    assert overlap.shape == (len(a), len(b))
    for i, one in enumerate(a):
        for j, other in enumerate(b):
            assert overlap[i, j] == counted_iou(one, other)


@pytest.mark.slow
@given(many_boxes, many_boxes, st.floats(-50, 50), st.floats(0.01, 100))
def test_iou_does_not_depend_on_order_place_or_unit(a, b, shift, scale):
    overlap = iou(a, b)
    assert np.array_equal(iou(b, a), overlap.T)
    moved = (scale * (table(rows) + shift) for rows in (a, b))
    assert iou(*moved) == pytest.approx(overlap, abs=1e-9)


def test_iou_of_a_worked_pair():
    # 5×5 = 25 shared of 100 + 100 - 25.
    assert iou([[0, 0, 10, 10]], [[5, 5, 15, 15]])[0, 0] == 25 / 175
    # Touching, apart, inside, equal.
    others = [[10, 0, 20, 10], [11, 11, 12, 12], [0, 0, 5, 10], [0, 0, 10, 10]]
    assert iou([[0, 0, 10, 10]], others).tolist() == [[0, 0, 0.5, 1]]


def test_a_box_without_area_overlaps_nothing():
    line = [[2, 3, 2, 8]]
    assert iou(line, line)[0, 0] == 0
    assert iou(line, [[0, 0, 10, 10]])[0, 0] == 0


@pytest.mark.parametrize("size", [1e-100, 1e-9, 1e9, 1e99])
def test_iou_of_tiny_and_huge_boxes(size):
    a, b = np.array([[0, 0, 2, 2]]) * size, np.array([[1, 0, 3, 2]]) * size
    assert iou(a, b)[0, 0] == pytest.approx(1 / 3)


@pytest.mark.parametrize("empty", [[], np.empty((0, 4)), np.empty(0)])
def test_no_boxes(empty):
    some = [[0, 0, 1, 1], [0, 0, 2, 2]]
    assert iou(empty, some).shape == (0, 2)
    assert iou(some, empty).shape == (2, 0)
    assert iou(empty, empty).shape == (0, 0)
    assert non_max_suppression(empty, []).tolist() == []
    assert non_max_suppression(empty, [], classes=[]).tolist() == []
    kept = soft_non_max_suppression(empty, [])
    assert kept.indices.dtype.kind == "i"
    assert kept.indices.size == kept.scores.size == 0
    assert encode(empty, empty).shape == decode(empty, empty).shape == (0, 4)
    assert match_anchors(some, empty).tolist() == [BACKGROUND, BACKGROUND]
    assert match_anchors(empty, some).tolist() == []


# Greedy suppression -----------------------------------------------------------------------------


def suppress_by_two_loops(boxes, scores, threshold):
    order = sorted(range(len(boxes)), key=lambda i: -scores[i])
    kept, dropped = [], set()
    for rank, i in enumerate(order):
        if i in dropped:
            continue
        kept.append(i)
        for j in order[rank + 1 :]:
            if counted_iou(boxes[i], boxes[j]) > threshold:
                dropped.add(j)
    return kept


@given(scored_boxes, thresholds)
def test_suppression_is_what_two_loops_give(scored, threshold):
    rows, scores = [box for box, _ in scored], [score for _, score in scored]
    kept = non_max_suppression(rows, scores, threshold)
    assert kept.tolist() == suppress_by_two_loops(rows, scores, threshold)


@given(scored_boxes, st.data(), thresholds)
def test_classes_do_not_suppress_each_other(scored, data, threshold):
    rows, scores = [box for box, _ in scored], [score for _, score in scored]
    names = st.lists(st.sampled_from("ab"), min_size=len(rows), max_size=len(rows))
    classes = data.draw(names)
    expected = []
    for name in "ab":
        of_class = [i for i, other in enumerate(classes) if other == name]
        kept = suppress_by_two_loops(
            [rows[i] for i in of_class], [scores[i] for i in of_class], threshold
        )
        expected += [of_class[i] for i in kept]
    kept = non_max_suppression(rows, scores, threshold, classes)
    assert kept.tolist() == sorted(expected, key=lambda i: (-scores[i], i))


@given(scored_boxes, st.sampled_from([0.2, 0.5]))
def test_suppressing_twice_changes_nothing(scored, threshold):
    rows, scores = table([box for box, _ in scored]), np.array([score for _, score in scored])
    kept = non_max_suppression(rows, scores, threshold)
    assert np.array_equal(
        non_max_suppression(rows[kept], scores[kept], threshold), range(len(kept))
    )


def test_a_dropped_box_drops_nobody():
    # Each overlaps the next by 1/2 and the next but one by 1/5.
    chain = [[0, 0, 6, 1], [2, 0, 8, 1], [4, 0, 10, 1]]
    assert iou(chain, chain)[0].tolist() == [1, 0.5, 0.2]
    assert non_max_suppression(chain, [0.9, 0.8, 0.7], 0.4).tolist() == [0, 2]
    # At the threshold itself a box is kept.
    assert non_max_suppression(chain, [0.9, 0.8, 0.7], 0.5).tolist() == [0, 1, 2]


def test_best_of_many_random_boxes():
    rng = np.random.default_rng(0)
    corner = rng.uniform(0, 300, (1500, 2))
    rows = np.hstack([corner, corner + rng.uniform(5, 60, (1500, 2))])
    scores = rng.random(1500)
    overlap = iou(rows, rows)
    expected = []
    for i in np.argsort(-scores):
        if not any(overlap[i, k] > 0.3 for k in expected):
            expected.append(i)
    assert non_max_suppression(rows, scores, 0.3).tolist() == expected


def test_input_is_left_as_it_was():
    rows, scores = table([[0, 0, 4, 4], [0, 0, 4, 5]]), np.array([0.1, 0.9])
    for suppress in (non_max_suppression, soft_non_max_suppression):
        suppress(rows, scores)
        assert rows.tolist() == [[0, 0, 4, 4], [0, 0, 4, 5]]
        assert scores.tolist() == [0.1, 0.9]


# Soft suppression -------------------------------------------------------------------------------


def soften_as_in_the_paper(boxes, scores, sigma, lowest):
    """Figure 2 of Bodla et al. 2017, line by line, with f(iou) = exp(-iou² / sigma)."""
    waiting = dict(enumerate(scores))
    taken = []
    while waiting:
        m = max(waiting, key=lambda i: (waiting[i], -i))
        score = waiting.pop(m)
        if score < lowest:
            break
        taken.append((m, score))
        for i in waiting:
            waiting[i] *= math.exp(-(counted_iou(boxes[m], boxes[i]) ** 2) / sigma)
    return taken


@given(scored_boxes, st.sampled_from([0.1, 0.5, 3.0]), st.sampled_from([0.0, 0.001, 0.3]))
def test_soft_suppression_is_the_papers(scored, sigma, lowest):
    rows, scores = [box for box, _ in scored], [score for _, score in scored]
    kept = soft_non_max_suppression(rows, scores, sigma, lowest)
    expected = soften_as_in_the_paper(rows, scores, sigma, lowest)
    assert kept.indices.tolist() == [i for i, _ in expected]
    assert kept.scores == pytest.approx(np.array([score for _, score in expected]))


def test_of_two_touching_cells_both_survive_softly():
    cells = [[0, 0, 10, 10], [4, 0, 14, 10]]  # IoU 60 / 140
    assert non_max_suppression(cells, [0.9, 0.8], 0.4).tolist() == [0]
    kept = soft_non_max_suppression(cells, [0.9, 0.8])
    assert kept.indices.tolist() == [0, 1]
    assert kept.scores[1] == pytest.approx(0.8 * math.exp(-((3 / 7) ** 2) / 0.5))


# Anchors ----------------------------------------------------------------------------------------


def test_published_anchors():
    # Ren et al. 2015: three areas and three ratios make nine anchors at each place.
    anchors = anchor_boxes((3, 5), 16, (128, 256, 512), (0.5, 1, 2))
    assert anchors.shape == (3, 5, 9, 4)
    side = anchors[..., 2:] - anchors[..., :2]
    assert np.prod(side, axis=-1)[1, 2] == pytest.approx(np.repeat([128**2, 256**2, 512**2], 3))
    assert (side[..., 1] / side[..., 0])[0, 0] == pytest.approx(np.tile([0.5, 1, 2], 3))
    center = (anchors[..., 2:] + anchors[..., :2]) / 2
    assert center[0, 0, 0] == pytest.approx([8, 8])
    assert center[2, 4, 8] == pytest.approx([4.5 * 16, 2.5 * 16])


def test_one_square_anchor_a_cell_tiles_the_image():
    assert anchor_boxes((2, 2), 8, [8])[:, :, 0].tolist() == [
        [[0, 0, 8, 8], [8, 0, 16, 8]],
        [[0, 8, 8, 16], [8, 8, 16, 16]],
    ]
    assert anchor_boxes((0, 3), 8, [8]).shape == (0, 3, 1, 4)


def test_offsets_of_a_worked_pair():
    # Center 3 right and 1 up of a 10 × 20 anchor, twice as wide, half as high.
    anchor, box = [[0, 0, 10, 20]], [[-2, 4, 18, 14]]
    assert encode(box, anchor)[0] == pytest.approx([3 / 10, -1 / 20, math.log(2), math.log(0.5)])
    assert encode(anchor, anchor).tolist() == [[0, 0, 0, 0]]


@given(st.lists(st.tuples(solid_boxes, solid_boxes), max_size=8))
def test_decoding_undoes_encoding(pairs):
    rows, anchors = (table([pair[i] for pair in pairs]) for i in (0, 1))
    assert decode(encode(rows, anchors), anchors) == pytest.approx(rows, abs=1e-9)


def test_wild_offsets_give_finite_boxes():
    (box,) = decode([[0, 0, 900, -900]], [[0, 0, 10, 10]])
    assert np.isfinite(box).all()
    assert box[2] - box[0] == pytest.approx(10 * LARGEST)
    assert box[3] - box[1] == pytest.approx(0)


def match_one_by_one(anchors, rows, positive, negative):
    """The rules of section 3.1.2 in plain loops; the best anchor goes to the closest box."""
    matched = []
    for anchor in anchors:
        overlaps = [counted_iou(anchor, box) for box in rows]
        best = max(overlaps, default=0)
        box = overlaps.index(best) if overlaps else None
        matched.append(box if best >= positive and overlaps else None)
        if matched[-1] is None:
            matched[-1] = BACKGROUND if best < negative or not overlaps else IGNORED
    claims = {}
    for number, box in enumerate(rows):
        overlaps = [counted_iou(anchor, box) for anchor in anchors]
        best = max(overlaps, default=0)
        if best > 0:
            claims.setdefault(overlaps.index(best), []).append((best, number))
    for anchor, wanted in claims.items():
        matched[anchor] = max(wanted)[1]
    return matched


@given(
    many_boxes, st.lists(boxes, max_size=5), st.sampled_from([(0.5, 0.4), (0.5, 0.5), (0.7, 0.3)])
)
def test_matching_follows_the_rules_one_by_one(anchors, rows, limits):
    found = match_anchors(anchors, rows, *limits)
    assert found.tolist() == match_one_by_one(anchors, rows, *limits)


def test_matching_of_a_worked_case():
    anchors = [[0, 0, 10, 10], [0, 0, 10, 9], [0, 0, 9, 5], [20, 20, 30, 30], [0, 0, 3, 3]]
    # IoU 1, 0.9, 0.45 (between the limits) and 0.09 with the first; 0.16 with the second at best.
    found = match_anchors(anchors, [[0, 0, 10, 10], [20, 20, 24, 24]])
    assert found.tolist() == [0, 0, IGNORED, 1, BACKGROUND]


# Labels -----------------------------------------------------------------------------------------


def test_boxes_of_nuclei_agree_with_scikit_image():
    labels = datasets.nuclei().labels
    found = boxes_of_labels(labels)
    expected = [(c0, r0, c1, r1) for r0, c0, r1, c1 in (p.bbox for p in regionprops(labels))]
    assert found.tolist() == [list(box) for box in expected]
    assert len(found) == 125


def test_boxes_of_single_pixels_and_of_nothing():
    labels = np.zeros((4, 6), int)
    assert boxes_of_labels(labels).shape == (0, 4)
    labels[1, 5], labels[3, 0] = 7, 2
    assert boxes_of_labels(labels).tolist() == [[0, 3, 1, 4], [5, 1, 6, 2]]


def test_a_box_costs_no_memory_for_the_numbers_below_it():
    tracemalloc.start()
    assert boxes_of_labels([[0, 10**8], [10**15, 0]]).tolist() == [[1, 0, 2, 1], [0, 1, 1, 2]]
    assert boxes_of_labels([[7]]).tolist() == [[0, 0, 1, 1]]
    assert tracemalloc.get_traced_memory()[1] < 1e6
    tracemalloc.stop()


# Bad input --------------------------------------------------------------------------------------

GOOD = [[0, 0, 1, 1]]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ([[3, 0, 1, 1]], r"must have x1 <= x2 and y1 <= y2, but row 0 is \[3.0, 0.0, 1.0, 1.0\]"),
        ([[0, 0, 1, 1], [0, 2, 1, 1]], r"must have x1 <= x2 and y1 <= y2, but row 1"),
        ([[0, 0, 1, np.nan]], r"must be finite and within ±1e100, but row 0 is not"),
        ([[0, 0, 1, 1], [0, 0, np.inf, 1]], r"must be finite and within ±1e100, but row 1 is not"),
        ([[0, 0, 1e200, 1]], r"must be finite and within ±1e100, but row 0 is not"),
        ([0, 0, 1, 1], r"must have the shape \(n, 4\), got shape \(4,\)"),
        ([[0, 0, 1]], r"must have the shape \(n, 4\), got shape \(1, 3\)"),
        ([["a", "b", "c", "d"]], r"must hold numbers"),
        ([[0, 0, 1, 1], [0]], r"must be an array of boxes \(n, 4\)"),
    ],
)
def test_bad_boxes_are_named(bad, said):
    with pytest.raises(ValueError, match=f"^a {said}"):
        iou(bad, GOOD)
    with pytest.raises(ValueError, match=f"^b {said}"):
        iou(GOOD, bad)
    with pytest.raises(ValueError, match=f"^boxes {said}"):
        non_max_suppression(bad, [0.5] * len(bad))
    with pytest.raises(ValueError, match=f"^boxes {said}"):
        soft_non_max_suppression(bad, [0.5] * len(bad))
    with pytest.raises(ValueError, match=f"^boxes {said}"):
        encode(bad, GOOD)
    with pytest.raises(ValueError, match=f"^anchors {said}"):
        decode([[0, 0, 0, 0]], bad)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: non_max_suppression(GOOD, []), r"boxes has 1 and scores has 0"),
        (lambda: non_max_suppression(GOOD, [np.nan]), r"scores must be finite"),
        (lambda: non_max_suppression(GOOD, [0.5], 1.5), r"iou_threshold must lie between 0 and 1"),
        (
            lambda: non_max_suppression(GOOD, [0.5], classes=[1, 2]),
            "and classes has 2",
        ),
        (lambda: soft_non_max_suppression(GOOD, [-0.1]), r"scores must not be negative"),
        (lambda: soft_non_max_suppression(GOOD, [0.5], 0), r"sigma must be one number above 0"),
        (lambda: soft_non_max_suppression(GOOD, [0.5], lowest=2), r"lowest must lie between"),
        (lambda: anchor_boxes(5, 8, [8]), r"shape must be \(rows, columns\), got 5"),
        (lambda: anchor_boxes((2, 2.5), 8, [8]), r"shape must be a whole number"),
        (lambda: anchor_boxes((2, 2), 0, [8]), r"stride must be one number above 0"),
        (lambda: anchor_boxes((2, 2), 8, []), r"sizes must hold at least one value"),
        (lambda: anchor_boxes((2, 2), 8, [8], [-1]), r"ratios must be one number above 0"),
        (
            lambda: encode([[0, 0, 0, 1]], GOOD),
            r"boxes must have sides longer than 0",
        ),
        (lambda: decode([[0, 0, 0, 0]], [[0, 0, 0, 1]]), r"anchors must have sides longer than 0"),
        (lambda: encode(GOOD, GOOD * 2), r"boxes has 1 and anchors has 2"),
        (lambda: decode([[0, 0, 0]], GOOD), r"offsets must have the shape of anchors, \(1, 4\)"),
        (lambda: decode([[0, 0, np.nan, 0]], GOOD), r"offsets must be finite"),
        (lambda: match_anchors(GOOD, GOOD, 0.3, 0.5), r"negative must not exceed positive"),
        (lambda: boxes_of_labels(np.zeros((2, 2, 2), int)), r"labels must have the shape"),
        (lambda: boxes_of_labels([[0.5]]), r"labels must hold whole numbers"),
    ],
)
def test_bad_arguments_are_named(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_torch_is_not_imported():
    code = "import sys, course_lib.boxes; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
