"""Masks, weights, instances and tiles against definitions, brute force and StarDist's matching."""

import itertools
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.ndimage import distance_transform_edt
from scipy.ndimage import label as components
from scipy.optimize import linear_sum_assignment
from skimage.metrics import adapted_rand_error
from torch.nn.functional import max_pool2d

from benchmarks import micrographs
from benchmarks.unet_training import predict_eight_ways
from course_lib import datasets
from course_lib import segmentation as seg
from course_lib.metrics import ConfusionMatrix, UndefinedRateWarning
from course_lib.nets import UNet
from course_lib.segmentation import instances

matching = pytest.importorskip("stardist.matching")

small_labels = hnp.arrays(
    int,
    st.tuples(st.integers(1, 8), st.integers(1, 8)),
    elements=st.sampled_from([0, 0, 1, 2, 5, 900]),
)


@st.composite
def pairs(draw):
    """Two label images of one shape; the second often resembles the first."""
    true = draw(small_labels)
    other = draw(hnp.arrays(int, true.shape, elements=st.integers(0, 4)))
    kept = draw(hnp.arrays(bool, true.shape))
    return true, np.where(kept, true, other)


def squares(*boxes, size=20):
    """Labels 1, 2, … of rectangles (top, left, height, width)."""
    labels = np.zeros((size, size), int)
    for number, (top, left, height, width) in enumerate(boxes, start=1):
        labels[top : top + height, left : left + width] = number
    return labels


# Masks ------------------------------------------------------------------------------------------


@given(hnp.arrays(bool, (2, 4, 5)))
def test_dice_and_iou_are_the_rates_of_the_table(masks):
    true, predicted = masks
    if not masks.any():
        return
    matrix = ConfusionMatrix.from_labels(true.ravel(), predicted.ravel())
    assert seg.dice(true, predicted) == pytest.approx(matrix.f1)
    overlap = seg.iou(true, predicted)
    assert overlap == matrix.tp / (matrix.tp + matrix.fp + matrix.fn)
    assert seg.dice(true, predicted) == pytest.approx(2 * overlap / (1 + overlap))


def test_masks_may_be_numbers():
    assert seg.dice([[0, 1], [1, 1]], [[0.0, 0.0], [1.0, 1.0]]) == pytest.approx(0.8)


@pytest.mark.parametrize("score", [seg.dice, seg.iou])
def test_two_empty_masks_have_no_score(score):
    empty = np.zeros((3, 3), bool)
    with pytest.warns(UndefinedRateWarning, match=r"undefined \(NaN\)"):
        assert np.isnan(score(empty, empty))
    assert score(empty, ~empty) == 0


@pytest.mark.parametrize(
    ("true", "predicted", "said"),
    [
        ([[0, 1]], [[0], [1]], "true, predicted must have the same shape"),
        ([[0, 2]], [[0, 1]], "true must hold only 0 and 1"),
        ([[0, 1]], [[0, np.nan]], "predicted must hold 0 and 1, but it contains NaN"),
        ([[]], [[]], "true must hold at least one pixel"),
    ],
)
def test_bad_masks(true, predicted, said):
    with pytest.raises(ValueError, match=said):
        seg.dice(true, predicted)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, float])
def test_standardized_images(dtype):
    image = np.random.default_rng(0).integers(0, 200, (40, 50)).astype(dtype)
    x = seg.standardize(image)
    assert x.dtype == np.float32
    assert np.percentile(x, (1, 99.8)) == pytest.approx([0, 1], abs=1e-6)
    assert np.allclose(x, seg.standardize(image * 1.0))
    # The order of the intensities stays, so no structure appears or vanishes.
    assert (np.diff(x.ravel()[image.ravel().argsort()]) >= 0).all()


def test_standardized_constant_image_is_zero():
    assert not seg.standardize(np.full((4, 4), 7)).any()


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (np.zeros(4), r"image must have the shape \(height, width\), got shape \(4,\)"),
        (np.zeros((0, 4)), "image must have the shape"),
        ([[0, 1], [np.nan, 2]], r"image must be finite, .*\(row 1, column 0\)"),
        ([["a"]], "image must hold numbers"),
    ],
)
def test_bad_images(image, said):
    with pytest.raises(ValueError, match=said):
        seg.standardize(image)


# The border weights -----------------------------------------------------------------------------


def weights_by_definition(labels, w0, sigma):
    """Equation 2 with one distance transform for each cell."""
    names = [name for name in np.unique(labels) if name]
    if len(names) < 2:
        return np.ones(labels.shape)
    distances = np.stack([distance_transform_edt(labels != name) for name in names])
    d1, d2 = np.sort(distances, axis=0)[:2]
    return 1 + w0 * np.exp(-((d1 + d2) ** 2) / (2 * sigma**2))


@given(small_labels, st.sampled_from([(10, 5), (3.5, 1), (0.1, 2), (1e-9, 5), (1000, 0.5)]))
def test_border_weights_of_small_images(labels, settings):
    expected = weights_by_definition(labels, *settings)
    assert np.abs(seg.border_weight_map(labels, *settings) - expected).max() <= 1e-6


@pytest.mark.slow
def test_border_weights_of_the_nuclei():
    labels = datasets.nuclei().labels
    expected = weights_by_definition(labels, 10, 5)
    assert np.abs(seg.border_weight_map(labels) - expected).max() <= 1e-6
    assert expected.max() > 10


def test_border_weight_between_two_pixels_by_hand():
    labels = np.zeros((1, 7), int)
    labels[0, 0], labels[0, 6] = 4, 9
    # Everywhere between them the two distances add up to 6.
    assert seg.border_weight_map(labels, 10, 5) == pytest.approx(1 + 10 * np.exp(-36 / 50))


@pytest.mark.parametrize("labels", [np.zeros((5, 5), int), np.ones((5, 5)), np.eye(4, dtype=int)])
def test_fewer_than_two_cells_have_no_border(labels):
    assert (seg.border_weight_map(labels) == 1).all()


def test_balanced_classes_have_the_same_total():
    labels = squares((2, 2, 3, 3))
    w = seg.border_weight_map(labels, balance=True)
    assert w[labels > 0].sum() == pytest.approx(w[labels == 0].sum()) == pytest.approx(200)
    for only in (np.zeros((4, 4), int), np.ones((4, 4), int)):
        assert np.isfinite(seg.border_weight_map(only, balance=True)).all()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (([[0, -1]],), "labels must hold numbers >= 0, but it contains -1"),
        (([[0, 0.5]],), "labels must hold whole numbers"),
        (([[0, np.nan]],), "labels must hold whole numbers"),
        (([[0, np.inf]],), "labels must hold whole numbers"),
        (([0, 1],), "labels must be a label image"),
        (([["a"]],), "labels must hold whole numbers"),
        (([[0, 1]], 0), "w0 must be one number above 0"),
        (([[0, 1]], 10, np.nan), "sigma must be one number above 0"),
        (([[0, 1]], 10, [5, 5]), "sigma must be one number above 0"),
    ],
)
def test_bad_labels_and_weights(arguments, said):
    with pytest.raises(ValueError, match=said):
        seg.border_weight_map(*arguments)


@given(small_labels)
def test_separated_cells_never_touch(labels):
    apart = seg.separate_touching(labels)
    padded = np.pad(apart, 1)
    full = np.pad(labels, 1)
    for i, j in np.ndindex(*labels.shape):
        around = set(padded[i : i + 3, j : j + 3].ravel()) - {0}
        assert not apart[i, j] or around == {apart[i, j]}
        # A pixel is given up only if it has a strange neighbor.
        strangers = set(full[i : i + 3, j : j + 3].ravel()) - {0, labels[i, j]}
        assert apart[i, j] == (0 if strangers else labels[i, j])


def test_objects_at_a_column_are_left_out():
    labels = squares((0, 0, 3, 3), (10, 2, 3, 3), (15, 17, 3, 3))
    assert set(np.unique(seg.without_touching(labels, 0))) == {0, 2, 3}
    assert set(np.unique(seg.without_touching(labels, -1))) == {0, 1, 2}


# Matching ---------------------------------------------------------------------------------------


def agrees_with_stardist(true, predicted, iou):
    ours, theirs = (
        seg.match_instances(true, predicted, iou),
        matching.matching(true, predicted, iou),
    )
    assert (ours.tp, ours.fp, ours.fn) == (theirs.tp, theirs.fp, theirs.fn)
    for name in ("precision", "recall", "f1", "panoptic_quality"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UndefinedRateWarning)
            value = getattr(ours, name)
        if np.isnan(value):
            # Without any object StarDist says 0.
            assert getattr(theirs, name) == 0
        else:
            assert value == pytest.approx(getattr(theirs, name), abs=1e-6)


@given(pairs(), st.sampled_from([0.1, 0.3, 0.5, 0.75, 0.9]))
@pytest.mark.slow
def test_small_images_match_as_in_stardist(images, iou):
    if iou >= 0.5:
        agrees_with_stardist(*images, iou)
    else:
        # Below one half several assignments have the most matches; which of them is taken
        # changes the panoptic quality alone.
        ours, theirs = seg.match_instances(*images, iou), matching.matching(*images, iou)
        assert (ours.tp, ours.fp, ours.fn) == (theirs.tp, theirs.fp, theirs.fn)


@given(pairs())
def test_low_thresholds_take_the_best_assignment(images):
    """Against trying every assignment."""
    true, predicted = images
    names = [[n for n in np.unique(image) if n] for image in images]
    table = {
        (i, j): value
        for i, j in itertools.product(*names)
        if (value := seg.iou(true == i, predicted == j)) >= 0.2
    }
    best = (0, 0.0)
    for size in range(min(map(len, names)) + 1):
        for chosen in itertools.combinations(table, size):
            if len({i for i, _ in chosen}) == len({j for _, j in chosen}) == size:
                best = max(best, (size, sum(table[pair] for pair in chosen)))
    match = seg.match_instances(true, predicted, 0.2)
    assert match.tp == best[0]
    assert match.total_iou == pytest.approx(best[1])
    assert {tuple(pair) for pair in match.pairs.tolist()} <= set(table)


@pytest.mark.slow
def test_a_slide_of_nuclei_is_matched_without_a_table_of_all_pairs(monkeypatch):
    """12,100 nuclei, each with two rivals, would need a table of 1 GB."""
    largest = []

    def assign(gain, **options):
        largest.append(gain.size)
        return linear_sum_assignment(gain, **options)

    monkeypatch.setattr(instances, "linear_sum_assignment", assign)
    one = np.zeros((10, 10), int)
    one[2:8, 2:8] = 1
    count = 110
    true = np.tile(one, (count, count))
    true, _ = components(true)
    predicted = np.where(np.arange(10 * count) % 10 < 5, true, true + true.max() * (true > 0))
    match = seg.match_instances(true, predicted, 0.4)
    assert (match.tp, match.fn, match.fp) == (count**2, 0, count**2)
    assert max(largest) == 2


@pytest.mark.parametrize("iou", [0.25, 0.5, 0.7, 0.95])
@pytest.mark.slow
def test_the_nuclei_match_as_in_stardist(iou):
    image, labels = datasets.nuclei()
    agrees_with_stardist(labels, seg.watershed_cells(image), iou)
    agrees_with_stardist(labels, np.roll(labels, 3, axis=1), iou)


@pytest.mark.slow
def test_mean_average_precision_is_stardists_accuracy():
    image, labels = datasets.nuclei()
    predicted = seg.watershed_cells(image)
    expected = [matching.matching(labels, predicted, t).accuracy for t in seg.AP_THRESHOLDS]
    assert seg.mean_average_precision(labels, predicted) == pytest.approx(np.mean(expected))
    assert seg.mean_average_precision(labels, labels) == 1


def test_a_match_by_hand():
    true = squares((0, 0, 4, 4), (10, 0, 4, 4), (0, 10, 4, 4))
    predicted = squares((0, 0, 4, 4), (10, 1, 4, 4), (15, 15, 3, 3))
    match = seg.match_instances(true, predicted)
    assert (match.tp, match.fp, match.fn) == (2, 1, 1)
    assert match.pairs.tolist() == [[1, 1], [2, 2]]
    assert match.total_iou == pytest.approx(1 + 12 / 20)
    assert match.precision == match.recall == match.f1 == pytest.approx(2 / 3)
    assert match.average_precision == 0.5
    assert match.panoptic_quality == pytest.approx(1.6 / 3)


def test_no_objects_have_no_score_but_counts():
    nothing, something = np.zeros((4, 4), int), np.ones((4, 4), int)
    match = seg.match_instances(nothing, nothing)
    assert (match.tp, match.fp, match.fn) == (0, 0, 0)
    for name in ("precision", "recall", "f1", "average_precision", "panoptic_quality"):
        with pytest.warns(UndefinedRateWarning, match=f"^{name} is undefined"):
            assert np.isnan(getattr(match, name))
    assert seg.match_instances(something, nothing).f1 == 0
    assert seg.match_instances(nothing, something).f1 == 0


def test_huge_labels_cost_nothing():
    true = squares((0, 0, 4, 4), (10, 0, 4, 4))
    match = seg.match_instances(true * 10**12, true.astype(np.uint64))
    assert match.pairs.tolist() == [[10**12, 1], [2 * 10**12, 2]]


def test_failures_of_a_picture_with_one_of_each():
    true = squares(
        (0, 0, 4, 4), (0, 4, 4, 4), (6, 0, 6, 4), (6, 6, 4, 4), (14, 0, 4, 6), (0, 14, 4, 4)
    )
    found = squares(
        *((0, 0, 5, 8), (6, 0, 2, 4), (9, 0, 3, 4), (14, 0, 4, 2), (0, 14, 4, 3), (14, 14, 3, 3))
    )
    named = {kind: names.tolist() for kind, names in seg.failures(true, found).items()}
    # Of the third, one piece is half of it and matches; at a stricter threshold nothing does.
    assert named == {"merged": [1, 2], "split": [], "missed": [4], "outline": [5], "invented": [6]}
    strict = {kind: names.tolist() for kind, names in seg.failures(true, found, 0.9).items()}
    assert strict == named | {"split": [3], "outline": [5, 6]}


@given(pairs(), st.sampled_from([0.3, 0.5, 0.8]))
def test_failures_by_definition(images, iou):
    true, found = images
    named = seg.failures(*images, iou)
    match = seg.match_instances(*images, iou)
    masks = {a: true == a for a in np.unique(true) if a}
    others = {b: found == b for b in np.unique(found) if b}
    held = {
        b: [a for a, m in masks.items() if 2 * (m & o).sum() > m.sum()] for b, o in others.items()
    }
    pieces = {
        a: [b for b, o in others.items() if 2 * (m & o).sum() > o.sum()] for a, m in masks.items()
    }

    def kind(name):
        if any(name in cells and len(cells) > 1 for cells in held.values()):
            return "merged"
        if len(pieces[name]) > 1:
            return "split"
        return "outline" if found[masks[name]].any() else "missed"

    kinds = {name: kind(name) for name in masks if name not in match.pairs[:, 0]}
    for one in ("merged", "split", "missed", "outline"):
        assert named[one].tolist() == [name for name, k in kinds.items() if k == one]
    assert named["invented"].tolist() == [b for b, o in others.items() if not true[o].any()]


@pytest.mark.parametrize("iou", [0, 1, -1, np.nan, "half", None])
def test_bad_iou(iou):
    with pytest.raises(ValueError, match=r"^iou_threshold must "):
        seg.match_instances(np.eye(3, dtype=int), np.eye(3, dtype=int), iou)


def test_images_of_other_shapes_do_not_match():
    with pytest.raises(ValueError, match="true, predicted must have the same shape"):
        seg.match_instances(np.zeros((3, 3), int), np.zeros((3, 4), int))
    with pytest.raises(ValueError, match="iou_thresholds must hold at least one"):
        seg.mean_average_precision(np.eye(3, dtype=int), np.eye(3, dtype=int), ())


# Rand score -------------------------------------------------------------------------------------


@given(pairs())
def test_rand_scores_count_pairs_of_pixels(images):
    """The definition: all ordered pairs of foreground pixels, each with itself too."""
    true, predicted = (image.ravel() for image in images)
    foreground = true > 0
    if not foreground.any():
        with pytest.raises(ValueError, match="true must hold at least one segment"):
            seg.foreground_rand(*images)
        return
    true, predicted = true[foreground], predicted[foreground].copy()
    # A membrane pixel of the prediction is a segment of its own.
    alone = predicted == 0
    predicted[alone] = 10_000 + np.arange(alone.sum())
    same_true = true[:, None] == true
    same_predicted = predicted[:, None] == predicted
    both = (same_true & same_predicted).sum()
    score, split, merge = seg.foreground_rand(*images)
    assert split == pytest.approx(both / same_true.sum())
    assert merge == pytest.approx(both / same_predicted.sum())
    assert score == pytest.approx(2 * both / (same_true.sum() + same_predicted.sum()))


def test_rand_score_is_scikit_images_on_large_segments():
    labels = datasets.nuclei().labels
    true = np.kron(np.arange(1, 17).reshape(4, 4), np.ones((128, 128), int))
    predicted = np.roll(true, 20, axis=1)
    error, precision, recall = adapted_rand_error(true, predicted)
    ours = seg.foreground_rand(true, predicted)
    assert ours == pytest.approx((1 - error, recall, precision), abs=1e-4)
    assert seg.foreground_rand(labels, labels) == (1, 1, 1)


# From scores to cells ---------------------------------------------------------------------------


def two_hills():
    """P(cell) of two touching cells: high inside, 0.7 between."""
    x = np.arange(40)
    profile = np.maximum(np.exp(-((x - 12) ** 2) / 30), np.exp(-((x - 26) ** 2) / 30))
    profile[12:27] = np.maximum(profile[12:27], 0.7)
    return np.outer(np.hanning(21), profile).clip(0, 1)


def test_seeds_separate_what_a_threshold_merges():
    p = two_hills()
    assert seg.grow_seeds(p, certain=0.5, edge=0.5).max() == 1
    cells = seg.grow_seeds(p, certain=0.85, edge=0.5, min_size=5)
    assert cells.max() == 2
    assert ((cells > 0) == (p > 0.5)).all(), "seeds grow to the edge and no further"


@given(hnp.arrays(float, (9, 9), elements=st.sampled_from([0.0, 0.3, 0.6, 0.95])))
def test_equal_thresholds_give_connected_regions(p):
    cells = seg.grow_seeds(p, certain=0.5, edge=0.5, min_size=1)
    expected, n = components(p > 0.5)
    assert cells.max() == n
    assert ((cells > 0) == (expected > 0)).all()
    assert len(np.unique(cells[expected > 0] * 100 + expected[expected > 0])) == n


def test_small_seeds_are_dropped():
    p = np.zeros((12, 12))
    p[1:3, 1:3], p[5:10, 5:10] = 0.95, 0.95
    assert seg.grow_seeds(p, min_size=5).max() == 1
    assert seg.grow_seeds(p, min_size=4).max() == 2
    assert not seg.grow_seeds(np.zeros((5, 5))).any()


@pytest.mark.parametrize(
    ("p", "options", "said"),
    [
        ([[0.2, 1.5]], {}, "probability must lie between 0 and 1"),
        ([[0.2, np.nan]], {}, "probability must be finite"),
        ([[0.2]], {"certain": 0.4, "edge": 0.5}, r"edge must not exceed certain \(0.4\), got 0.5"),
        ([[0.2]], {"certain": 1.4}, "certain must lie between 0 and 1"),
    ],
)
def test_bad_probabilities(p, options, said):
    with pytest.raises(ValueError, match=said):
        seg.grow_seeds(p, **options)


def test_watershed_separates_touching_disks():
    y, x = np.mgrid[:40, :60]
    disks = (np.hypot(y - 20, x - 20) < 9) | (np.hypot(y - 20, x - 35) < 9)
    image = 100 * disks + np.random.default_rng(0).normal(10, 3, disks.shape)
    cells = seg.watershed_cells(image)
    assert cells.max() == 2
    assert seg.dice(disks, cells > 0) > 0.9


@pytest.mark.parametrize("image", [np.zeros((30, 30)), np.full((30, 30), 9, np.uint8)])
@pytest.mark.parametrize("window", [0, 51])
def test_watershed_of_an_empty_image(image, window):
    assert not seg.watershed_cells(image, seg.WatershedSettings(window)).any()


@pytest.mark.slow
def test_tuning_finds_the_best_settings():
    image, labels = datasets.nuclei()
    image, labels = image[:200, :200], labels[:200, :200]
    grid = seg.WATERSHED_GRID[::7]
    best = seg.tune_watershed(image, labels, grid)
    scores = [seg.match_instances(labels, seg.watershed_cells(image, s)).f1 for s in grid]
    assert seg.match_instances(labels, seg.watershed_cells(image, best)).f1 == max(scores)
    with pytest.raises(ValueError, match="labels must hold at least one cell"):
        seg.tune_watershed(image, np.zeros_like(labels))


# Tiles ------------------------------------------------------------------------------------------


def whole(network, image, margin):
    """The network on the whole image with mirrored borders, cut to the image."""
    height, width = image.shape
    lines = [np.pad(np.arange(n), (margin, margin + -n % 8), mode="reflect") for n in image.shape]
    with torch.no_grad():
        x = torch.from_numpy(image[np.ix_(*lines)].astype(np.float32))[None, None]
        return network(x)[0, :, margin : margin + height, margin : margin + width].numpy()


@pytest.mark.parametrize("shape", [(64, 64), (100, 75), (33, 130), (7, 50), (1, 1)])
@pytest.mark.parametrize("blend", [0, 16])
def test_tiles_are_seamless(shape, blend):
    """Receptive field of this network: 2 · (2 + 4) + 2 · 2 + 1 pixels at most on each side."""
    torch.manual_seed(0)
    network = UNet(4, 1, 2).eval()
    image = np.random.default_rng(0).integers(0, 255, shape).astype(np.uint8)

    def predict(tile):
        with torch.no_grad():
            return network(torch.from_numpy(tile)[None, None])[0].numpy()

    tiled = seg.predict_tiled(predict, image, core=32, margin=16, blend=blend)
    assert tiled.dtype == np.float32
    expected = whole(network, image, 16 + blend // 2)
    assert np.allclose(tiled, expected, atol=1e-4 * np.abs(expected).max())


@pytest.mark.slow
@given(
    st.integers(1, 70),
    st.integers(1, 70),
    st.integers(1, 40),
    st.integers(0, 20),
    st.integers(0, 10),
)
def test_tiles_of_any_size_put_every_pixel_in_its_place(height, width, core, margin, half):
    blend = 2 * min(half, core // 2)
    image = np.random.default_rng(height).normal(size=(height, width))
    tiled = seg.predict_tiled(lambda t: np.stack([t, -t]), image, core, margin, blend)
    assert np.allclose(tiled, np.stack([image, -image]), atol=1e-5)


def test_context_is_mirrored_without_repeating_the_edge():
    image = np.arange(12.0).reshape(3, 4)
    seen = []
    seg.predict_tiled(lambda t: seen.append(t) or t[None], image, core=4, margin=2, blend=0)
    assert seen[0][2:5, :].tolist() == [
        [2, 1, 0, 1, 2, 3, 2, 1],
        [6, 5, 4, 5, 6, 7, 6, 5],
        [10, 9, 8, 9, 10, 11, 10, 9],
    ]
    assert seen[0][:2, 2].tolist() == [8, 4]


def test_blending_hides_a_network_that_disagrees_with_itself():
    """Every tile predicts another constant: with blending no step is larger than a ramp's."""
    image, numbers = np.zeros((128, 128)), itertools.count()

    def steps(blend):
        out = seg.predict_tiled(
            lambda t: np.full((1, *t.shape), next(numbers) % 4), image, 32, 8, blend
        )
        return np.abs(np.diff(out[0], axis=1)).max()

    assert steps(0) >= 1
    assert steps(16) <= 3.01 / 16


@pytest.mark.slow
def test_large_image_in_bounded_memory(tmp_path):
    """An 8192 × 8192 image from disk to disk, two classes: far less than its own scores."""
    code = f"""
import resource
import numpy as np
from course_lib.segmentation import predict_tiled
image = np.lib.format.open_memmap({str(tmp_path / "image.npy")!r}, "w+", np.uint8, (8192, 8192))
image[5000, 6000] = 200
scores = predict_tiled(lambda t: np.stack([t, 1 - t]), image, core=1024, margin=32)
assert scores[0, 5000, 6000] == 200 and scores.shape == (2, 8192, 8192)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
    # What a process used at most includes the one that started it, and pytest may be large by now.
    between = (
        "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]], check=True)"
    )
    command = (sys.executable, "-c", between, code)
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(run.stdout) * unit < 2 * 2**30


def test_a_color_image_keeps_its_channels():
    image = np.random.default_rng(0).random((30, 21, 3))
    tiled = seg.predict_tiled(lambda t: t.transpose(2, 0, 1), image, 8, 4, 2)
    assert np.allclose(tiled, image.transpose(2, 0, 1), atol=1e-6)
    with pytest.raises(ValueError, match=r"predict must return \(classes, 18, 18\)"):
        seg.predict_tiled(lambda t: t, image, 8, 4, 2)


@pytest.mark.parametrize("blend", [0, 10, 20, 48])
def test_probabilities_stay_probabilities(blend):
    """Rounded weights of a ramp add up to 1.0000001, which `grow_seeds` refuses."""
    p = seg.predict_tiled(lambda t: np.ones((1, *t.shape)), np.zeros((200, 200)), 64, 8, blend)
    assert p.max() <= 1
    assert p.min() == pytest.approx(1, abs=1e-6)
    assert (seg.grow_seeds(p[0]) == 1).all()
    unsure = seg.predict_tiled(
        lambda t: np.full((1, *t.shape), np.nan), np.zeros((90, 90)), 64, 8, blend
    )
    assert np.isnan(unsure).all()


def test_result_may_be_written_elsewhere():
    image = np.random.default_rng(0).normal(size=(20, 30))
    out = np.full((1, 20, 30), 7.0)
    result = seg.predict_tiled(lambda t: t[None], image, 8, 4, 2, out=out)
    assert result is out
    assert np.allclose(out[0], image, atol=1e-5)
    with pytest.raises(ValueError, match=r"out must have the shape \(1, 20, 30\)"):
        seg.predict_tiled(lambda t: t[None], image, 8, 4, 2, out=np.zeros((2, 20, 30)))


@pytest.mark.parametrize(
    ("image", "options", "said"),
    [
        (np.zeros((4, 4, 3, 1)), {}, "image must have the shape"),
        (np.zeros((0, 4)), {}, "image must have the shape"),
        ([1, 2], {}, "image must have the shape"),
        ([[1, np.nan]], {}, "image must be finite, but the tile at row 0, column 0 contains NaN"),
        (np.zeros((4, 4)), {"core": 0}, "core must be at least 1"),
        (np.zeros((4, 4)), {"blend": 3}, "blend must be even"),
        (np.zeros((4, 4)), {"core": 8, "blend": 10}, r"blend must be even and at most core \(8\)"),
        (np.zeros((4, 4)), {"margin": -1}, "margin must not be negative"),
        (np.zeros((4, 4)), {"margin": 1.5}, "margin must be a whole number"),
    ],
)
def test_bad_tiles(image, options, said):
    with pytest.raises(ValueError, match=said):
        seg.predict_tiled(lambda t: t[None], image, **options)


def test_a_function_that_changes_the_size_is_named():
    with pytest.raises(ValueError, match=r"predict must return \(classes, 48, 48\), got shape"):
        seg.predict_tiled(lambda t: t, np.zeros((9, 9)), 32, 8, 0)
    unpadded = lambda t: max_pool2d(torch.from_numpy(t)[None], 2).numpy()  # noqa: E731
    with pytest.raises(ValueError, match=r"got shape \(1, 24, 24\)"):
        seg.predict_tiled(unpadded, np.zeros((9, 9)), 32, 8, 0)


@pytest.mark.slow
def test_importing_segmentation_does_not_import_torch():
    code = "import sys; import course_lib.segmentation; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


# The paired difference of two F1 --------------------------------------------------------------


def _grid_of_squares(keep):
    """A grid of 8×8 squares, one in the middle of each tile of 16 pixels, some left out."""
    labels = np.zeros((128, 128), int)
    for name in np.flatnonzero(keep):
        row, column = 16 * (name // 8) + 4, 16 * (name % 8) + 4
        labels[row : row + 8, column : column + 8] = name + 1
    return labels


@pytest.fixture
def three_segmentations():
    rng = np.random.default_rng(0)
    truth = np.ones(64, bool)
    return (
        _grid_of_squares(truth),
        _grid_of_squares(rng.random(64) < 0.9),
        _grid_of_squares(rng.random(64) < 0.6),
    )


def test_f1_difference_is_that_of_the_two_f1(three_segmentations):
    true, a, b = three_segmentations
    found = seg.f1_difference(true, a, b, tile=16)
    expected = seg.match_instances(true, a).f1 - seg.match_instances(true, b).f1
    assert found.difference == pytest.approx(expected)
    assert found.interval[0] < found.difference < found.interval[1]
    assert found.interval[0] > 0
    assert found.tiles == 64
    swapped = seg.f1_difference(true, b, a, tile=16)
    assert swapped.difference == pytest.approx(-expected)


def test_f1_interval_is_that_of_a_loop_over_resampled_objects(three_segmentations):
    """One object a tile: drawing tiles is drawing objects."""
    true, a, b = three_segmentations
    hit_a, hit_b = (np.isin(np.arange(1, 65), labels) for labels in (a, b))
    rng = np.random.default_rng(1)

    def f1(hits):
        return 2 * hits.sum() / (2 * hits.sum() + (~hits).sum())

    draws = [rng.integers(64, size=64) for _ in range(4000)]
    low, high = np.quantile([f1(hit_a[d]) - f1(hit_b[d]) for d in draws], [0.025, 0.975])
    assert seg.f1_difference(true, a, b, tile=16).interval == pytest.approx((low, high), abs=0.02)


def test_f1_difference_of_starts_is_that_of_their_means(three_segmentations):
    true, a, b = three_segmentations
    found = seg.f1_difference(true, [a, true], [b, b, a], tile=16)
    f1 = {id(x): seg.match_instances(true, x).f1 for x in (true, a, b)}
    expected = (f1[id(a)] + 1) / 2 - (2 * f1[id(b)] + f1[id(a)]) / 3
    assert found.difference == pytest.approx(expected)
    assert found.interval[0] < expected < found.interval[1]
    # The same start twice says nothing new.
    assert seg.f1_difference(true, [a, a], b, tile=16) == seg.f1_difference(true, a, b, tile=16)


def test_invented_objects_count_in_the_f1_difference():
    true, a = _grid_of_squares(np.arange(64) < 32), _grid_of_squares(np.ones(64, bool))
    assert seg.f1_difference(true, a, true, tile=16).difference == pytest.approx(64 / 96 - 1)


def test_equal_segmentations_have_no_f1_interval(three_segmentations):
    true, a, _ = three_segmentations
    with pytest.warns(UndefinedRateWarning, match="interval"):
        found = seg.f1_difference(true, a, a)
    assert found.difference == 0
    assert np.isnan(found.interval).all()


def test_f1_difference_wants_one_shape(three_segmentations):
    true, a, _ = three_segmentations
    with pytest.raises(ValueError, match="b has"):
        seg.f1_difference(true, a, a[:64])
    with pytest.raises(ValueError, match="b has"):
        seg.f1_difference(true, a, [a[:64], a[:64]])


# What the table of micrographs is made with -------------------------------------------------------


def _touching_cells():
    labels = np.zeros((48, 64), int)
    labels[4:20, 4:20], labels[4:20, 20:30], labels[30:40, 40:60] = 1, 2, 3
    return labels


def test_depth_is_one_in_the_middle_of_small_and_large_cells():
    labels = _touching_cells()
    depth = micrographs.depth_in_cells(labels)
    assert [depth[labels == cell].max() for cell in (0, 1, 2, 3)] == [0, 1, 1, 1]
    # Neighbors do not touch in it.
    assert np.all(depth[seg.separate_touching(labels) == 0] == 0)
    assert depth[5, 5] < depth[8, 8] < depth[11, 11]


def test_cells_come_back_from_their_depth():
    labels = _touching_cells()
    maps = np.stack([labels > 0, micrographs.depth_in_cells(labels)])
    found = micrographs.cells_of_depth(maps, 0.05, 0.5, 10, 0.5)
    assert seg.match_instances(labels, found, iou_threshold=0.9).f1 == 1
    # One region without the peaks, and nothing is left that is too small or too doubtful.
    assert seg.match_instances(labels, seg.grow_seeds(maps[0])).f1 < 1
    assert micrographs.cells_of_depth(maps, 0.05, 0.5, 10_000, 0).max() == 0
    assert micrographs.cells_of_depth(0.6 * maps, 0.05, 0.5, 10, 0.75).max() == 0


@pytest.mark.parametrize("maps", [1, 2])
def test_eight_ways_come_back_the_way_they_went(maps):
    image = np.random.default_rng(0).random((16, 16))
    same = predict_eight_ways(None, image, lambda _, x: np.stack([x] * maps) if maps > 1 else x)
    assert np.allclose(same, image)
