"""`course_lib.detection` against pycocotools, published tables, plain loops and known networks."""

import contextlib
import csv
import io
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from scipy.ndimage import uniform_filter
from torch.nn.functional import smooth_l1_loss

from benchmarks import smears as bench
from book_ext import editions
from course_lib import datasets, training
from course_lib.boxes import IGNORED, boxes_of_labels, decode, iou
from course_lib.detection import (
    average_precision,
    circles,
    grid,
    landmarks,
    match_detections,
    mean_average_precision,
    name_detections,
    precision_recall,
    regions,
    resampled_average_precision,
    scoring,
    windows,
)
from course_lib.metrics import UndefinedRateWarning
from course_lib.segmentation import standardize

# Scores -----------------------------------------------------------------------------------------


def test_a_second_box_on_the_same_object_is_a_false_alarm():
    true = [[0, 0, 10, 10], [20, 0, 30, 10]]
    found = [[0, 0, 10, 9], [0, 0, 10, 10], [21, 0, 31, 10], [50, 50, 60, 60]]
    assert match_detections(found, [0.9, 0.8, 0.7, 0.95], true).tolist() == [
        True,
        False,
        True,
        False,
    ]
    # With the scores the other way round the better box comes first.
    assert match_detections(found, [0.8, 0.9, 0.7, 0.95], true).tolist() == [
        False,
        True,
        True,
        False,
    ]


def test_a_taken_object_leaves_the_next_best_one():
    # Both boxes overlap both objects; the second takes what the first has left.
    true = [[0, 0, 10, 10], [2, 0, 12, 10]]
    assert match_detections([[0, 0, 10, 10]] * 2, [0.9, 0.8], true).all()
    assert match_detections([[0, 0, 10, 10]] * 2, [0.9, 0.8], true, 0.7).tolist() == [True, False]


# Padilla, Netto & da Silva 2020, "A survey on performance metrics for object-detection algorithms",
# IWSSIP: 24 detections of 15 objects, by falling confidence; AP 24.56% over all points and 26.84%
# over eleven.
PADILLA = np.isin(np.arange(1, 25), [1, 3, 10, 12, 13, 14, 23])
CONFIDENCE = np.array(
    [95, 95, 91, 88, 84, 80, 78, 74, 71, 70, 67, 62, 54, 48, 45, 45, 44, 44, 43, 38, 35, 23, 18, 14]
)


def test_published_average_precision():
    assert average_precision(PADILLA, CONFIDENCE, 15) == pytest.approx(0.2456, abs=1e-4)
    assert average_precision(PADILLA, CONFIDENCE, 15, points=11) == pytest.approx(0.2684, abs=1e-4)
    curve = precision_recall(PADILLA, CONFIDENCE, 15)
    assert curve.precision[[0, 2, 9]] == pytest.approx([1, 2 / 3, 0.3])
    assert curve.recall[[0, 2, 9, 23]] == pytest.approx([1 / 15, 2 / 15, 0.2, 7 / 15])
    assert curve.scores.tolist() == CONFIDENCE.tolist()


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=20), st.integers(0, 9))
def test_average_precision_from_its_definition(detections, missed):
    hits = [hit for hit, _ in detections]
    scores = [score for _, score in detections]
    n_true = sum(hits) + missed
    if not n_true:
        return
    ranked = sorted(zip(scores, hits, strict=True), key=lambda pair: -pair[0])
    points = []
    for n in range(1, len(ranked) + 1):
        tp = sum(hit for _, hit in ranked[:n])
        points.append((tp / n_true, tp / n))
    # The mean over the objects of the best precision at which that object is among the found.
    best = [
        max((p for recall, p in points if recall >= k / n_true), default=0)
        for k in range(1, n_true + 1)
    ]
    assert average_precision(hits, scores, n_true) == pytest.approx(np.mean(best))


def test_perfect_and_useless_detectors():
    assert average_precision([1, 1, 1], [0.9, 0.8, 0.1], 3) == 1
    assert average_precision([0, 0], [0.9, 0.8], 3) == 0
    assert average_precision([], [], 3) == 0
    # Whatever comes after the last object does not matter.
    assert average_precision([1, 0, 0, 0], [4, 3, 2, 1], 1) == 1


def test_nothing_to_find():
    with pytest.warns(UndefinedRateWarning, match="n_true is 0"):
        assert np.isnan(average_precision([0, 0], [0.9, 0.8], 0))
    with pytest.warns(UndefinedRateWarning, match="true_boxes is empty"):
        found = mean_average_precision([[0, 0, 1, 1]], [0.5], [])
    assert np.isnan(found.value)
    assert found.by_class == {}


def scene(rng, images=6, classes=3):
    """True boxes, and detections that hit, miss, repeat and confuse classes; scores differ."""
    true, found = [], []
    for image in range(images):
        for _ in range(rng.integers(0, 7)):
            corner, side = rng.uniform(0, 80, 2), rng.uniform(8, 30, 2)
            kind = int(rng.integers(classes))
            true.append((image, kind, *corner, *(corner + side)))
            for _ in range(rng.integers(0, 4)):
                moved = corner + rng.normal(0, 3, 2)
                said = kind if rng.random() < 0.9 else int(rng.integers(classes))
                found.append((image, said, *moved, *(moved + side * rng.uniform(0.8, 1.2, 2))))
        for _ in range(rng.integers(0, 3)):
            corner = rng.uniform(0, 80, 2)
            found.append((image, int(rng.integers(classes)), *corner, *(corner + 15)))
    true, found = np.array(true), np.array(found)
    return true, found, rng.permutation(len(found)) / len(found)


def coco_precision(true, found, scores, threshold, recalls):
    """Precision at these recalls, as pycocotools gives it; a row for each class."""

    def annotation(number, row):
        x1, y1, x2, y2 = row[2:]
        box = {"bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1)}
        return {"id": number, "image_id": int(row[0]), "category_id": int(row[1]), **box}

    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "info": {},
            "images": [{"id": image} for image in range(6)],
            "categories": [{"id": kind} for kind in range(3)],
            "annotations": [annotation(n, row) | {"iscrowd": 0} for n, row in enumerate(true, 1)],
        }
        truth.createIndex()
        detections = truth.loadRes(
            [
                annotation(n, row) | {"score": s}
                for n, (row, s) in enumerate(zip(found, scores, strict=True), 1)
            ]
        )
        run = COCOeval(truth, detections, "bbox")
        run.params.iouThrs, run.params.maxDets = np.array([threshold]), [1000]
        run.params.areaRng, run.params.areaRngLbl = [[0, 1e10]], ["all"]
        run.params.recThrs = np.array(recalls)
        run.evaluate()
        run.accumulate()
    return run.eval["precision"][0, :, :, 0, 0].T


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.75])
def test_average_precision_agrees_with_pycocotools(seed, threshold):
    true, found, scores = scene(np.random.default_rng(seed))
    options = {"classes": found[:, 1], "images": found[:, 0]}
    options |= {"true_classes": true[:, 1], "true_images": true[:, 0]}
    ours = mean_average_precision(found[:, 2:], scores, true[:, 2:], threshold, **options)
    coco = mean_average_precision(
        found[:, 2:], scores, true[:, 2:], threshold, points=101, **options
    )
    assert set(ours.by_class) == set(true[:, 1])
    for kind, value in ours.by_class.items():
        # At the recalls that can be reached, the mean of the precision is the whole area.
        n_true = np.sum(true[:, 1] == kind)
        reachable = np.arange(1, n_true + 1) / n_true
        at = coco_precision(true, found, scores, threshold, reachable)[int(kind)]
        assert value == pytest.approx(at.mean(), abs=1e-12)
        at = coco_precision(true, found, scores, threshold, np.linspace(0, 1, 101))[int(kind)]
        assert coco.by_class[kind] == pytest.approx(at.mean(), abs=1e-12)
    assert ours.value == pytest.approx(np.mean(list(ours.by_class.values())))


def test_classes_and_images_are_told_apart():
    box = [[0, 0, 10, 10]]
    assert mean_average_precision(box, [0.9], box).value == 1
    assert mean_average_precision(box, [0.9], box, classes=["a"], true_classes=["b"]).by_class == {
        "b": 0
    }
    assert mean_average_precision(box, [0.9], box, images=[1], true_images=[2]).value == 0


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: match_detections([[0, 0, 1, 1]], [], []), r"boxes has 1 and scores has 0"),
        (lambda: match_detections([[2, 0, 1, 1]], [1], []), r"boxes must have x1 <= x2"),
        (lambda: match_detections([], [], [[2, 0, 1, 1]]), r"true_boxes must have x1 <= x2"),
        (
            lambda: match_detections([], [], [], 0),
            r"iou_threshold must be one number strictly between",
        ),
        (
            lambda: average_precision([1, 1], [2, 1], 1),
            r"n_true must be at least the number",
        ),
        (lambda: average_precision([1, 2], [2, 1], 3), r"hits must hold only 0 and 1"),
        (lambda: average_precision([1, 0], [np.nan, 1], 3), r"scores must be finite"),
        (lambda: average_precision([1, 0], [2, 1], 1.5), r"n_true must be a whole number"),
        (lambda: average_precision([1], [1], 1, points=1), r"points must be at least 2"),
        (
            lambda: mean_average_precision([[0, 0, 1, 1]], [1], [[0, 0, 1, 1]], classes=[1, 2]),
            r"classes has 2",
        ),
        (
            lambda: mean_average_precision([], [], [[0, 0, 1, 1]], true_images=[1, 2]),
            r"true_images has 2",
        ),
    ],
)
def test_bad_scores_are_named(call, said):
    with pytest.raises(ValueError, match=said):
        call()


@pytest.mark.parametrize("seed", range(3))
def test_a_weight_of_two_is_an_image_seen_twice(seed):
    rng = np.random.default_rng(seed)
    names, boxes, scores, true, of, true_of = "abcdef", [], [], [], [], []
    for name in names:
        corners = rng.uniform(0, 60, (5, 2))
        true_here = np.hstack([corners, corners + rng.uniform(8, 20, (5, 2))])
        found = true_here[rng.integers(5, size=7)] + rng.normal(0, 2.5, (7, 4))
        found[:, 2:] = np.maximum(found[:, 2:], found[:, :2] + 1)
        true, true_of = [*true, *true_here], [*true_of, *name * 5]
        boxes, of, scores = [*boxes, *found], [*of, *name * 7], [*scores, *rng.random(7)]
    boxes, scores, true = np.array(boxes), np.array(scores), np.array(true)
    of, true_of, times = np.array(of), np.array(true_of), rng.integers(1, 4, 6)
    # Seen twice means: a second image of another name with the same boxes.
    copies = [(name, copy) for name, n in zip(names, times, strict=True) for copy in range(n)]
    again = {
        "boxes": np.concatenate([boxes[of == name] for name, _ in copies]),
        "scores": np.concatenate([scores[of == name] for name, _ in copies]),
        "true_boxes": np.concatenate([true[true_of == name] for name, _ in copies]),
        "images": np.repeat([f"{name}{copy}" for name, copy in copies], 7),
        "true_images": np.repeat([f"{name}{copy}" for name, copy in copies], 5),
    }
    expected = mean_average_precision(**again).value
    hits = np.zeros(len(boxes), bool)
    for name in names:
        hits[of == name] = match_detections(
            boxes[of == name], scores[of == name], true[true_of == name]
        )
    place = np.array([names.index(name) for name in of])
    (value,) = scoring._weighted_ap(hits, scores, place, np.full(6, 5), times[None].astype(float))
    assert value == pytest.approx(expected)


def test_resampled_images_are_the_same_for_every_detector():
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 100, (60, 2))
    true = np.hstack([corners, corners + 12])
    of, kinds = np.repeat(np.arange(12), 5), np.tile([0, 1, 1, 0, 1], 12)
    names = {"true_classes": kinds, "true_images": of, "classes": kinds, "images": of}
    moved, scores = true + rng.normal(0, 2, true.shape), rng.random(60)
    moved[:, 2:] = np.maximum(moved[:, 2:], moved[:, :2] + 1)
    value = mean_average_precision(moved, scores, true, **names)
    drawn = resampled_average_precision(moved, scores, true, resamples=4000, **names)
    for kind, of_kind in value.by_class.items():
        low, high = np.quantile(drawn[kind], [0.025, 0.975])
        assert low < of_kind < high
        assert np.mean(drawn[kind]) == pytest.approx(of_kind, abs=0.05)
    # Another order of the boxes changes nothing: the weights belong to the images.
    order = rng.permutation(60)
    mixed = {k: v[order] for k, v in names.items() if not k.startswith("true")}
    again = resampled_average_precision(
        moved[order], scores[order], true, resamples=4000, **names | mixed
    )
    np.testing.assert_allclose(again[0], drawn[0])
    perfect = resampled_average_precision(true, scores, true, **names)
    np.testing.assert_allclose(perfect[1], 1)


def test_an_image_without_a_true_box_cannot_be_drawn():
    with pytest.raises(ValueError, match="images must have a true box each, but image 7 has none"):
        resampled_average_precision(
            [[0, 0, 1, 1]], [0.5], [[0, 0, 1, 1]], images=[7], true_images=[3]
        )


def test_false_alarms_have_names():
    true = [[0, 0, 10, 10], [20, 0, 30, 10], [50, 50, 60, 60]]
    boxes = [
        [0, 0, 10, 9],
        [0, 0, 10, 10],
        [20, 0, 30, 10],
        [5, 0, 15, 10],
        [70, 0, 80, 10],
        [49, 49, 59, 59],
        [0, 0, 10, 5],
    ]
    kinds = name_detections(
        boxes,
        [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.95],
        true,
        classes=[0, 0, 0, 0, 0, 0, 1],
        true_classes=[0, 1, 0],
        images=[0, 0, 0, 0, 0, 1, 0],
        true_images=[0, 0, 0],
    )
    assert kinds.tolist() == [
        "hit",
        "double",
        "wrong class",
        "loose",
        "unboxed",
        "unboxed",
        "wrong class",
    ]
    assert name_detections([], [], true).shape == (0,)
    assert name_detections(boxes[:2], [0.1, 0.2], np.empty((0, 4))).tolist() == ["unboxed"] * 2


@pytest.mark.slow
def test_scoring_does_not_import_torch():
    code = "import sys, course_lib.detection.circles; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


# Windows ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def classifier():
    torch.manual_seed(0)
    return windows.WindowClassifier()


@pytest.mark.parametrize("shape", [(25, 25), (25, 60), (53, 38), (90, 71)])
def test_dense_is_every_window_by_itself(classifier, shape):
    torch.manual_seed(1)
    images = torch.randn(2, 1, *shape)
    with torch.no_grad():
        dense = classifier.dense(images)
        assert dense.shape[1:] == tuple((side - 25) // 4 + 1 for side in shape)
        for row, column in np.ndindex(*dense.shape[1:]):
            y, x = 4 * row, 4 * column
            alone = classifier(images[:, :, y : y + 25, x : x + 25])
            assert torch.allclose(dense[:, row, column], alone, rtol=0, atol=1e-5)


@pytest.mark.slow
def test_dense_computes_less(classifier):
    image = torch.zeros(1, 1, 105, 105)
    cut = image.unfold(2, 25, 4).unfold(3, 25, 4).reshape(-1, 1, 25, 25)
    assert len(cut) == 21 * 21
    one_by_one = regions.count_multiplications(classifier, cut)
    assert one_by_one > 8 * regions.count_multiplications(classifier.dense, image)


def test_local_contrast_is_what_a_filter_gives():
    image = np.random.default_rng(0).random((31, 40))

    def mean(x):
        return uniform_filter(x, 9, mode="mirror")

    expected = image - mean(image)
    expected /= np.sqrt(mean(expected**2)) + 0.05
    ours = windows.local_contrast(torch.tensor(image)[None, None])[0, 0].numpy()
    assert ours == pytest.approx(expected, abs=1e-6)


def test_pyramid_keeps_track_of_places():
    photo = np.zeros((120, 200))
    photo[60:66, 150:156] = 1
    levels = windows.pyramid(photo, 0.7)
    assert [level.contrast.shape[2] for level in levels] == [120, 84, 59, 41, 29]
    for level in levels:
        height, width = level.contrast.shape[2:]
        assert level.scale == pytest.approx([width / 200, height / 120] * 2)
        row, column = np.unravel_index(level.contrast.argmax().item(), (height, width))
        assert (column + 0.5) / level.scale[0] == pytest.approx(153, abs=3 + 1 / level.scale[0])
        assert (row + 0.5) / level.scale[1] == pytest.approx(63, abs=3 + 1 / level.scale[1])


def test_detections_are_the_windows_above_the_threshold(classifier):
    photo = np.random.default_rng(0).random((60, 80))
    levels = windows.pyramid(photo, 0.6)
    with torch.no_grad():
        p = torch.cat([classifier.dense(level.contrast).flatten() for level in levels]).sigmoid()
    threshold = p.median().item()
    found = windows.detect(classifier, levels, threshold)
    assert len(found.boxes) == (p > threshold).sum()
    assert found.scores == pytest.approx(p[p > threshold].double().numpy())
    assert (found.boxes >= 0).all()
    assert (found.boxes <= [80, 60, 80, 60]).all()
    sides = found.boxes[:, 2:] - found.boxes[:, :2]
    assert sides[0] == pytest.approx([25, 25])
    assert sides[-1] == pytest.approx(25 / levels[-1].scale[:2])
    none = windows.detect(classifier, levels, 1.0)
    assert none.boxes.shape == (0, 4)
    assert windows.count_votes(*none).votes.size == 0


def test_hard_negatives_are_windows_that_the_classifier_believes(classifier):
    levels = windows.pyramid(np.random.default_rng(0).random((70, 90)), 0.6)
    with torch.no_grad():
        threshold = classifier.dense(levels[0].contrast).sigmoid().quantile(0.8).item()
        hard = windows.hard_negatives(classifier, levels[:1], most=5, score_threshold=threshold)
        assert len(hard) == 5
        assert (classifier(hard).sigmoid() > threshold - 1e-5).all()
    every = levels[0].contrast.unfold(2, 25, 4).unfold(3, 25, 4).reshape(-1, 25, 25)
    assert all((every == one).all(dim=(1, 2)).any() for one in hard[:, 0])
    again = windows.hard_negatives(classifier, levels[:1], most=5, score_threshold=threshold)
    assert torch.equal(hard, again)
    turned = windows.hard_negatives(classifier, levels[:1], 5, threshold, quarter_turns=1)
    assert not any((every == one).all(dim=(1, 2)).any() for one in turned[:, 0])
    assert windows.hard_negatives(classifier, levels, score_threshold=1.0).shape == (0, 1, 25, 25)


def test_votes():
    heap = [[0, 0, 10, 10], [1, 0, 11, 10], [0, 1, 10, 11]]
    pair = [[50, 50, 60, 60], [51, 50, 61, 60]]
    boxes, scores = [*pair, *heap], [0.99, 0.98, 0.6, 0.9, 0.7]
    voted = windows.count_votes(boxes, scores, least=1)
    assert voted.boxes.tolist() == [heap[1], pair[0]]
    assert voted.votes.tolist() == [3, 2]
    assert windows.count_votes(boxes, scores).votes.tolist() == [3]


def test_batches_of_faces_follow_their_generator():
    faces, background = torch.rand(5, 1, 25, 25), torch.randn(7, 1, 25, 25)
    draw = windows.face_batches(faces, background, 4, 6)
    (x, y), (again, _) = (draw(torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(x, again)
    assert x.shape == (10, 1, 25, 25)
    assert y.tolist() == [1] * 4 + [0] * 6
    either = torch.cat([background, background.flip(3)])
    assert all((either == one).all(dim=(1, 2, 3)).any() for one in x[4:])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda c: windows.pyramid(np.zeros((20, 300))),
            r"photo must be at least 25 pixels",
        ),
        (lambda c: windows.pyramid(np.zeros((30, 30, 3))), r"photo must have the shape \(height"),
        (lambda c: windows.pyramid(np.full((30, 30), np.nan)), r"photo must be finite"),
        (lambda c: windows.pyramid(np.zeros((30, 30)), 1), "factor must be one number"),
        (lambda c: c(torch.zeros(2, 1, 24, 25)), r"windows must have the shape \(n, 1, 25, 25\)"),
        (lambda c: c.dense(torch.zeros(1, 1, 24, 90)), r"images must be at least 25 pixels a side"),
        (lambda c: windows.detect(c, [], 2), r"score_threshold must lie between 0 and 1"),
    ],
)
def test_bad_windows_are_named(classifier, call, said):
    with pytest.raises(ValueError, match=said):
        call(classifier)


def test_faces_and_pictures_without_them():
    crops = datasets.face_crops()
    assert crops.images.shape == (200, 25, 25)
    assert crops.y_true.tolist() == [1] * 100 + [0] * 100
    pictures = datasets.faceless_photos(256)
    assert len(pictures) == 16
    for picture in pictures:
        assert picture.ndim == 2
        assert max(picture.shape) <= 256
        assert 0 <= picture.min() < picture.max() <= 1


# Regions ----------------------------------------------------------------------------------------


def test_pooling_a_region_is_the_maximum_of_its_bins():
    torch.manual_seed(0)
    features = torch.randn(3, 12, 16)
    # Cells 2 to 10 across and 4 to 8 down: bins of 4 × 2 cells.
    (pooled,) = regions.roi_pool(features, [[16, 32, 80, 64]], stride=8, size=2)
    for i, j in np.ndindex(2, 2):
        part = features[:, 4 + 2 * i : 6 + 2 * i, 2 + 4 * j : 6 + 4 * j]
        assert torch.equal(pooled[:, i, j], part.amax(dim=(1, 2)))


def test_regions_are_rounded_outwards_and_cut_at_the_edge():
    features = torch.arange(16.0).reshape(1, 4, 4)
    inside = regions.roi_pool(features, [[9, 9, 23, 23], [-50, -50, 9, 9], [1, 1, 2, 2]], 8, size=1)
    # Cells 1 and 2; cells 0 and 1; the cell 0 alone.
    assert inside.flatten().tolist() == [10, 5, 0]
    assert regions.roi_pool(features, [], 8, size=2).shape == (0, 1, 2, 2)
    with pytest.raises(ValueError, match="boxes must cover a part of the image, but row 1 covers"):
        regions.roi_pool(features, [[0, 0, 9, 9], [40, 0, 50, 9]], 8)


def test_cut_out_boxes():
    image = torch.zeros(1, 20, 30)
    image[:, 5:10, 10:20] = 1
    whole, half = regions.cut_out(image, [[10, 5, 20, 10], [15, 0, 25, 10]], size=8)
    assert whole.min() > 0.999
    assert half[0, 4:, :4].min() > 0.8
    assert half[0, :3].max() < 0.1


def test_proposals_find_squares_and_their_union():
    image = np.zeros((80, 100))
    squares = [[10, 10, 30, 30], [50, 40, 80, 70]]
    for x1, y1, x2, y2 in squares:
        image[y1:y2, x1:x2] = 1
    proposed = regions.propose_regions(image)
    assert iou(squares, proposed).max(axis=1).min() > 0.8
    assert len(np.unique(proposed, axis=0)) == len(proposed)
    # Nothing to tell apart: the image is one segment.
    assert regions.propose_regions(np.ones((40, 50))).tolist() == [[0, 0, 50, 40]]
    with pytest.raises(ValueError, match="scales must be one number above 0"):
        regions.propose_regions(image, scales=[0])
    with pytest.raises(ValueError, match="image must be finite"):
        regions.propose_regions(np.full((40, 50), np.inf))


@pytest.mark.slow
def test_most_nuclei_are_proposed():
    nuclei = datasets.nuclei()
    proposed = regions.propose_regions(standardize(nuclei.image))
    overlap = iou(boxes_of_labels(nuclei.labels), proposed).max(axis=1)
    assert (overlap >= 0.5).mean() > 0.85
    assert len(proposed) < 4000


def test_multiplications_of_known_layers():
    conv = torch.nn.Conv2d(3, 8, 5, padding=2)
    assert regions.count_multiplications(conv, torch.zeros(2, 3, 10, 12)) == 2 * 8 * 120 * 3 * 25
    linear = torch.nn.Linear(30, 7)
    assert regions.count_multiplications(linear, torch.zeros(4, 30)) == 4 * 30 * 7


# The grid detector ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def smears():
    return bench.smears()


def test_answer_has_a_place_for_every_anchor():
    detector = grid.GridDetector(sizes=(10, 20, 30), ratios=(1, 2), classes=2, colors=1)
    answer = detector(torch.zeros(2, 1, 40, 57))
    # Stride 8, rounded up: 5 rows and 8 columns.
    assert answer.shape == (2, 5, 8, 6, 6)
    assert len(detector.anchors(5, 8)) == 5 * 8 * 6
    assert answer[..., :2].sigmoid().mean() < 0.1


@pytest.mark.slow
def test_targets_say_what_the_boxes_are(smears):
    detector = grid.GridDetector(sizes=(10, 25, 45), classes=3)
    draw = grid.box_batches(*smears, detector, size=96, batch=4)
    crops, labels, offsets = draw(torch.Generator().manual_seed(0))
    assert crops.shape == (4, 3, 96, 96)
    assert labels.shape == (4, 12 * 12 * 3)
    assert offsets.shape == (4, 12 * 12 * 3, 4)
    assert (labels >= 0).any(dim=1).all()
    assert (offsets[labels < 0] == 0).all()
    # A network that says just that finds these boxes, and nothing else.
    logits = torch.where(labels[..., None] == torch.arange(3), 9.0, -9.0)
    perfect = torch.cat([logits, offsets], dim=2).reshape(4, 12, 12, 3, 7)
    assert grid.detection_loss(perfect, labels, offsets) < 0.2
    for answer, mine in zip(perfect, labels, strict=True):
        boxes, scores, classes = grid.suppressed(detector, answer[None], (96, 96))
        assert set(classes.tolist()) == set(mine[mine >= 0].tolist())
        assert (scores > 0.99).all()
        assert (boxes >= 0).all()
        assert (boxes <= 96).all()


def test_crops_carry_their_boxes_along():
    """A square of its own color in an empty image is where its box says, turned and mirrored."""
    images, box = np.zeros((1, 64, 80, 3)), np.array([[20.0, 9, 36, 33]])
    images[0, 9:33, 20:36] = 1
    detector = grid.GridDetector(sizes=(20,), ratios=(0.67, 1.5))
    draw = grid.box_batches(images, box, np.array([0]), np.array([0]), detector, 56, 32)
    shapes = set()
    for crop, label, offset in zip(*draw(torch.Generator().manual_seed(3)), strict=True):
        (first, *_) = torch.nonzero(label >= 0)[:, 0].tolist()
        x1, y1, x2, y2 = decode(offset[[first]], detector.anchors(7, 7)[[first]])[0].round()
        inside = torch.zeros(56, 56)
        inside[int(y1) : int(y2), int(x1) : int(x2)] = 1
        assert torch.equal(crop[0], inside)
        shapes.add((x2 - x1 > y2 - y1, x1 > 28, y1 > 28))
    assert len(shapes) > 4


def test_loss_counts_what_is_known():
    answer = torch.zeros(1, 1, 1, 3, 6)
    labels, offsets = torch.tensor([[1, -1, IGNORED]]), torch.zeros(1, 3, 4)
    # Two classes at two known anchors, each at a probability of one half; one object.
    assert grid.detection_loss(answer, labels, offsets).item() == pytest.approx(4 * np.log(2))
    answer[..., 2, :2] = 50
    assert grid.detection_loss(answer, labels, offsets).item() == pytest.approx(4 * np.log(2))
    offsets[0, 0, 0] = 1
    # Smooth L1 of 1 with beta 0.1 is 0.95, twice.
    expected = 4 * np.log(2) + 2 * 0.95
    assert grid.detection_loss(answer, labels, offsets).item() == pytest.approx(expected)
    ten_times = grid.detection_loss(answer, labels, offsets, class_weights=torch.tensor([1.0, 10]))
    assert ten_times.item() == pytest.approx(expected + 9 * np.log(2))
    nothing = grid.detection_loss(answer, torch.full((1, 3), -1), offsets)
    assert torch.isfinite(nothing)


@pytest.mark.slow
def test_cells_of_other_smears_are_found(smears):
    images, boxes, classes, image_of = smears
    x = images - images.mean((1, 2), keepdims=True)
    x = x / x.std((1, 2, 3), keepdims=True)
    learn, test = image_of < 120, image_of >= 120
    detector = bench.trained(x[:120], boxes[learn], classes[learn], image_of[learn], 0)
    found = grid.detect(detector, x[120:])
    assert found.images.max() < 40
    of = {"classes": found.classes, "true_classes": classes[test]}
    of |= {"images": found.images, "true_images": image_of[test] - 120}
    by_class = mean_average_precision(found.boxes, found.scores, boxes[test], **of).by_class
    assert by_class[0] > 0.75
    assert by_class[1] > 0.9
    assert by_class[2] > 0.35


# Circles and colors ------------------------------------------------------------------------------


def drawn_smear():
    """Three red disks, one white cell and a platelet on gray, and what a person would box."""
    image = np.full((120, 160, 3), 0.8)
    cells = [(30, 30, 12, 0), (80, 30, 12, 0), (130, 90, 12, 0), (60, 85, 20, 1), (110, 40, 4, 2)]
    colors = ((0.75, 0.5, 0.5), (0.5, 0.35, 0.75), (0.5, 0.35, 0.75))
    y, x = np.mgrid[:120, :160] + 0.5
    for cx, cy, r, kind in cells:
        image[np.hypot(x - cx, y - cy) <= r] = colors[kind]
    boxes = np.array([[cx - r, cy - r, cx + r, cy + r] for cx, cy, r, _ in cells], float)
    return image, boxes, np.array([kind for *_, kind in cells])


def test_disks_are_found_and_named():
    image, boxes, kinds = drawn_smear()
    settings = circles.CircleSettings(grow=1.0, white=(0.1, 0), platelet=(0.1, 0))
    found = circles.find_blood_cells([image, image[:, ::-1]], settings)
    for number, truth in enumerate(
        (boxes, np.stack([160 - boxes[:, 2], boxes[:, 1], 160 - boxes[:, 0], boxes[:, 3]], axis=1))
    ):
        for kind in range(3):
            mine = (found.images == number) & (found.classes == kind)
            true = truth[kinds == kind]
            best = iou(true, found.boxes[mine][: len(true)]).max(axis=1)
            assert (best > 0.7).all(), (number, kind)
    assert np.sum(found.classes == 1) == np.sum(found.classes == 2) == 2


def test_an_empty_field_holds_no_cell():
    found = circles.find_blood_cells(np.full((1, 120, 160, 3), 0.8))
    assert len(found.boxes) == 0


def test_tuning_keeps_what_scores_best(monkeypatch):
    image, boxes, kinds = drawn_smear()
    monkeypatch.setattr(circles, "CIRCLE_GRID", ((1.0, 0.0, 1.6, 0.3), (1.0, 0.0, 1.0, 0.3)))
    monkeypatch.setattr(circles, "PURPLE_GRID", ((0.1, 9), (0.1, 0)))
    tuned = circles.tune_circles([image], boxes, kinds, np.zeros(5, int))
    assert (tuned.grow, tuned.white, tuned.platelet) == (1.0, (0.1, 0), (0.1, 0))


def test_the_networks_settings_are_the_best_on_the_smears_for_training():
    """Otherwise: python -m benchmarks.smears settings"""
    with open(bench.SETTINGS_TABLE, encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    scores = {
        (float(row["rate"]), int(row["steps"]), float(row["platelet"])): float(row["mAP"])
        for row in rows
    }
    assert tuple(scores) == bench.CHOICES
    assert max(scores, key=scores.get) == bench.CHOSEN
    rate, steps, platelet = bench.CHOSEN
    chapter = (editions.CHAPTERS / "detection.md").read_text(encoding="utf-8")
    assert f"iterations={steps}, lr={1000 * rate:g}e-3," in chapter
    assert f"torch.tensor([1.0, 1.0, {platelet}])" in chapter


# Landmarks --------------------------------------------------------------------------------------


def test_simulated_eyes_look_as_they_are_said_to():
    images, points = landmarks.simulated_fundi(30, size=64, seed=0)
    assert images.shape == (30, 64, 64, 3)
    assert points.shape == (30, 2, 2)
    assert images.min() >= 0
    assert images.max() <= 1
    apart = np.linalg.norm(points[:, 0] - points[:, 1], axis=1)
    assert (apart >= 0.28 * 64).all()
    assert (apart <= 0.36 * 64).all()
    right_eyes = points[:, 0, 0] > points[:, 1, 0]
    assert 5 < right_eyes.sum() < 25
    y, x = np.mgrid[:64, :64] + 0.5
    for image, (disc, fovea) in zip(images, points, strict=True):
        green = image[..., 1]
        from_disc, from_fovea = (np.hypot(x - p[0], y - p[1]) for p in (disc, fovea))
        ring = (from_fovea > 6) & (from_fovea < 10) & (from_disc > 8)
        assert green[from_disc < 3].mean() > 1.1 * green[ring].mean()
        assert green[from_fovea < 2].mean() < 0.95 * green[ring].mean()
    again = landmarks.simulated_fundi(30, size=64, seed=0)
    assert np.array_equal(again.images, images)


def test_a_sharp_map_is_a_point():
    network = landmarks.LandmarkNetwork().eval()
    images = torch.rand(2, 3, 40, 48)
    points = network(images)
    assert points.shape == (2, 2, 2)
    maps = torch.full((2, 2, 10, 12), -50.0)
    maps[:, 0, 3, 7] = maps[:, 1, 9, 0] = 50
    network.maps = torch.nn.Module()
    network.maps.forward = lambda _: maps
    assert network(images)[0].tolist() == [[30, 14], [2, 38]]


def test_mirrored_eyes_have_mirrored_points():
    # A white pixel marks the point, wherever it goes.
    images, points = np.zeros((4, 16, 16, 3)), np.zeros((4, 1, 2))
    for i, (row, column) in enumerate([(2, 3), (7, 12), (15, 0), (8, 8)]):
        images[i, row, column], points[i, 0] = 1, (column + 0.5, row + 0.5)
    x, y = landmarks.landmark_batches(images, points, 50)(torch.Generator().manual_seed(0))
    moved = 0
    for image, (point,) in zip(x, y, strict=True):
        row, column = np.unravel_index(image.abs().sum(0).argmax().item(), (16, 16))
        assert point.tolist() == [column + 0.5, row + 0.5]
        moved += point.tolist() not in points[:, 0].tolist()
    assert 10 < moved < 40


def test_errors_are_distances():
    assert landmarks.pixel_errors([[3, 4], [1, 1]], [[0, 0], [1, 1]]).tolist() == [5, 0]
    with pytest.raises(ValueError, match="size must be at least 32"):
        landmarks.simulated_fundi(1, size=16)
    with pytest.raises(ValueError, match="n must be a whole number"):
        landmarks.simulated_fundi(1.5)


@pytest.mark.slow
def test_disc_and_fovea_are_found_in_simulated_eyes_and_in_a_real_one():
    train, test = landmarks.simulated_fundi(400, seed=0), landmarks.simulated_fundi(60, seed=100)
    torch.manual_seed(0)
    network = landmarks.LandmarkNetwork()
    batches = landmarks.landmark_batches(*train)
    options = {"iterations": 150, "lr": 6e-3, "seed": 0, "device": "cpu", "quiet": True}
    training.fit(network, batches, smooth_l1_loss, **options)
    errors = landmarks.pixel_errors(landmarks.find_landmarks(network, test.images), test.points)
    baseline = landmarks.pixel_errors(train.points.mean(axis=0), test.points)
    assert (np.median(errors, axis=0) < 1.5).all()
    assert (np.median(errors, axis=0) < np.median(baseline, axis=0) / 3).all()
    (found,) = landmarks.find_landmarks(network, datasets.photo("retina", 64)[None])
    # Read off the photograph by eye, to about half a percent of its side.
    disc_and_fovea = 64 * np.array([[0.152, 0.464], [0.503, 0.498]])
    assert (landmarks.pixel_errors(found, disc_and_fovea) < 3).all()
