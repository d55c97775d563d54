"""Embeddings: losses and mining against brute force, and unseen scripts from one example."""

import itertools
import math
import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn.metrics import roc_auc_score
from torch import nn

from course_lib import embedding
from course_lib.datasets import glyphs
from course_lib.embedding import (
    ClassRate,
    EmbeddingNet,
    accept_rates,
    class_batches,
    contrastive_loss,
    distance_threshold,
    distort,
    distorted,
    embed,
    mine,
    one_shot,
    pairs,
    pixel_vectors,
    squared_distances,
    triplet_loss,
)
from course_lib.exercises import find
from course_lib.intervals import clopper_pearson_interval
from course_lib.roc import RocCurve
from course_lib.training import fit

MINING = ("batch-all", "semi-hard", "batch-hard")
LABELS = torch.tensor([0, 0, 0, 1, 1, 2, 2, 3])


@pytest.fixture(scope="module")
def letters():
    return glyphs()


def batch(seed, labels=LABELS, dimensions=3):
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(len(labels), dimensions, generator=generator, dtype=torch.float64)
    return nn.functional.normalize(z, dim=1)


def by_brute_force(z, labels, mining):
    """The triplets of a batch, written as loops from the papers' sentences."""
    n, chosen = len(z), []
    d = [[sum((p - q) ** 2 for p, q in zip(a, b, strict=True)) for b in z] for a in z]
    for a in range(n):
        friends = [p for p in range(n) if p != a and labels[p] == labels[a]]
        strangers = [s for s in range(n) if labels[s] != labels[a]]
        if mining == "batch-all":
            chosen += [(a, p, s) for p in friends for s in strangers]
        elif mining == "batch-hard" and friends:
            farthest = max(friends, key=lambda p: d[a][p])
            chosen.append((a, farthest, min(strangers, key=lambda s: d[a][s])))
        elif mining == "semi-hard":
            for p in friends:
                beyond = [s for s in strangers if d[a][s] > d[a][p]]
                negative = (
                    min(beyond, key=lambda s: d[a][s])
                    if beyond
                    else max(strangers, key=lambda s: d[a][s])
                )
                chosen.append((a, p, negative))
    return chosen, d


def test_squared_distances_agree_with_scipy_for_arrays_and_tensors():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(5, 4)), rng.normal(size=(7, 4))
    expected = cdist(a, b, "sqeuclidean")
    np.testing.assert_allclose(squared_distances(a, b), expected, rtol=1e-12)
    ours = squared_distances(torch.from_numpy(a), torch.from_numpy(b))
    np.testing.assert_allclose(ours.numpy(), expected, rtol=1e-12)


def test_rounding_leaves_no_negative_distance():
    a = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32) + 100
    assert squared_distances(a, a).min() >= 0


@pytest.mark.parametrize("mining", MINING)
@given(
    seed=st.integers(0, 10_000),
    labels=st.lists(st.integers(0, 3), min_size=3, max_size=9),
    margin=st.floats(0.05, 2),
)
def test_triplets_and_loss_agree_with_loops(mining, seed, labels, margin):
    if len(set(labels)) < 2 or len(set(labels)) == len(labels):
        labels = [0, 0, 1]
    y = torch.tensor(labels)
    z = batch(seed, y)
    triplets, d = by_brute_force(z.tolist(), labels, mining)
    mined = sorted(zip(*(part.tolist() for part in mine(z, y, mining)), strict=True))
    assert mined == sorted(triplets)
    costs = [max(0.0, d[a][p] - d[a][s] + margin) for a, p, s in triplets]
    if mining == "batch-all":
        costs = [cost for cost in costs if cost > 0] or [0.0]
    loss = triplet_loss(z, y, margin=margin, mining=mining).item()
    assert loss == pytest.approx(sum(costs) / len(costs), rel=1e-9, abs=1e-12)


@given(seed=st.integers(0, 10_000), margin=st.floats(0.1, 2.5))
def test_contrastive_loss_agrees_with_loops(seed, margin):
    z = batch(seed)
    costs = []
    for i, j in itertools.permutations(range(len(z)), 2):
        d = math.dist(z[i].tolist(), z[j].tolist())
        if LABELS[i] == LABELS[j]:
            costs.append(d**2)
        else:
            costs.append(max(0.0, margin - d) ** 2)
    expected = sum(costs) / len(costs)
    assert contrastive_loss(z, LABELS, margin).item() == pytest.approx(expected, rel=1e-6)


def test_the_losses_are_those_that_the_exercises_accept():
    """Given the pairs or triplets of a batch; batch-all leaves out those that cost nothing."""
    z = batch(5)
    contrastive, triplets = (
        find(f"one_shot.{name}").reference for name in ("contrastive_loss", "triplet_loss")
    )
    i, j = (~torch.eye(len(z), dtype=bool)).nonzero().unbind(1)
    pairs = torch.linalg.norm(z[i] - z[j], dim=1).numpy(), (LABELS[i] == LABELS[j]).numpy()
    assert contrastive_loss(z, LABELS, 0.9).item() == pytest.approx(contrastive(*pairs, 0.9))
    for mining in MINING:
        a, p, n = (z[part].numpy() for part in mine(z, LABELS, mining))
        if mining == "batch-all":
            costs = ((a - p) ** 2).sum(1) - ((a - n) ** 2).sum(1) + 0.3 > 0
            assert not costs.all()
            a, p, n = a[costs], p[costs], n[costs]
        loss = triplet_loss(z, LABELS, margin=0.3, mining=mining).item()
        assert loss == pytest.approx(triplets(a, p, n, 0.3))


@pytest.mark.parametrize("mining", MINING)
def test_a_collapsed_network_pays_exactly_the_margin(mining):
    z = torch.ones(len(LABELS), 4, dtype=torch.float64) / 2
    assert triplet_loss(z, LABELS, margin=0.3, mining=mining).item() == pytest.approx(0.3)


@pytest.mark.parametrize("mining", MINING)
def test_a_solved_batch_costs_nothing_and_has_a_gradient_of_zero(mining):
    z = torch.eye(4, dtype=torch.float64)[LABELS].requires_grad_()
    loss = triplet_loss(z, LABELS, margin=0.3, mining=mining)
    loss.backward()
    assert loss.item() == 0
    assert z.grad.abs().max() == 0


@pytest.mark.parametrize("loss", [contrastive_loss, triplet_loss])
def test_losses_do_not_depend_on_the_order_and_have_the_right_gradient(loss):
    z = batch(1).requires_grad_()
    order = torch.tensor([5, 0, 7, 2, 4, 1, 6, 3])
    assert loss(z, LABELS).item() == pytest.approx(loss(z[order], LABELS[order]).item())
    assert torch.autograd.gradcheck(lambda x: loss(x, LABELS), z)


def test_identical_pictures_give_a_finite_gradient():
    z = torch.ones(4, 2, dtype=torch.float64, requires_grad=True)
    contrastive_loss(z, torch.tensor([0, 0, 1, 1])).backward()
    assert torch.isfinite(z.grad).all()


@pytest.mark.parametrize("loss", [contrastive_loss, triplet_loss])
@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([1, 1, 1, 1], "labels must hold at least two classes"),
        ([0, 1, 2, 3], "labels must hold one class at least twice"),
        ([0, 1, 1], "must have the shapes"),
    ],
)
def test_a_batch_without_a_triplet_is_refused(loss, labels, message):
    with pytest.raises(ValueError, match=message):
        loss(torch.eye(4), torch.tensor(labels))


@pytest.mark.parametrize("margin", [0, -1, np.nan, np.inf, "0.3"])
def test_a_margin_is_a_number_above_0(margin):
    for loss in (contrastive_loss, triplet_loss):
        with pytest.raises(ValueError, match="margin must be one number above 0"):
            loss(torch.eye(8), LABELS, margin)


def test_unknown_mining():
    with pytest.raises(ValueError, match="mining must be one of batch-all, semi-hard, batch-hard"):
        triplet_loss(torch.eye(8), LABELS, mining="hardest")


# The network and its batches


def test_network_gives_unit_vectors_whatever_the_batch():
    torch.manual_seed(0)
    network = EmbeddingNet(image_size=16, dimensions=5)
    images = np.random.default_rng(0).random((7, 16, 16))
    z = embed(network, images)
    assert z.shape == (7, 5)
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(embed(network, images, batch=2), z, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_size": 20}, "image_size must be a multiple of 8"),
        ({"image_size": 0}, "image_size must be at least 1"),
        ({"dimensions": 0}, "dimensions must be at least 1"),
        ({"dimensions": 2.5}, "dimensions must be a whole number"),
    ],
)
def test_network_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        EmbeddingNet(**arguments)


def test_pixel_distance_is_the_correlation():
    images = np.random.default_rng(0).random((4, 8, 8))
    z = pixel_vectors(images)
    expected = 2 - 2 * np.corrcoef(images.reshape(4, -1))
    np.testing.assert_allclose(squared_distances(z, z), expected, atol=1e-5)
    assert not pixel_vectors(np.full((1, 8, 8), 0.5)).any()


def test_batches_hold_each_class_equally_and_repeat_with_the_seed():
    images = np.random.default_rng(0).random((30, 8, 8))
    y = np.repeat([7, 3, 9, 1, 5], 6)
    draw = class_batches(images, y, classes=3, each=4)
    x, labels = draw(torch.Generator().manual_seed(1))
    again, _ = draw(torch.Generator().manual_seed(1))
    other, _ = draw(torch.Generator().manual_seed(2))
    assert x.shape == (12, 1, 8, 8)
    assert sorted(labels.bincount().tolist()) == sorted([0] * (labels.max() + 1 - 3) + [4] * 3)
    assert torch.equal(x, again)
    assert not torch.equal(x, other)


def test_batch_labels_belong_to_the_pictures(monkeypatch):
    monkeypatch.setattr(embedding, "distort", lambda x, generator: x)
    y = np.repeat([7, 3, 9], 4)
    x, labels = class_batches(y[:, None, None] * np.ones((12, 4, 4)), y, classes=3, each=2)(
        torch.Generator().manual_seed(0)
    )
    kinds = np.unique(y)
    assert x[:, 0, 0, 0].tolist() == kinds[labels].tolist()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classes": 1}, "classes must be at least 2"),
        ({"classes": 3}, "classes must not exceed those in y_true, 2, got 3"),
        ({"each": 1}, "each must be at least 2"),
        ({"each": 2.0}, "each must be a whole number"),
    ],
)
def test_batches_refuse_what_holds_no_triplet(options, message):
    with pytest.raises(ValueError, match=message):
        class_batches(np.zeros((4, 8, 8)), [0, 0, 1, 1], **({"classes": 2, "each": 2} | options))


def test_distortion_moves_a_little_and_without_noise_keeps_the_gray_values():
    x = torch.zeros(20, 1, 32, 32)
    x[:, :, 12:20, 12:20] = 1
    moved = distort(x, torch.Generator().manual_seed(0), noise=0)
    assert 0 <= moved.min() <= moved.max() <= 1 + 1e-6
    rows = torch.arange(32.0)
    centers = (moved.sum(3)[:, 0] * rows).sum(1) / moved.sum((1, 2, 3))
    # Half a shift of 5 % of 32 pixels, and never more than that.
    assert 0.1 < (centers - 15.5).abs().max() < 2.5
    assert len({round(float(c), 4) for c in centers}) > 15
    same = distorted(x[:, 0].numpy(), seed=3)
    np.testing.assert_array_equal(same, distorted(x[:, 0].numpy(), seed=3))
    assert np.abs(same - distorted(x[:, 0].numpy(), seed=4)).max() > 0.1


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((8, 8)), "images must have the shape"),
        (np.zeros((0, 8, 8)), "images must have the shape"),
        (np.full((1, 8, 8), np.nan), "images must be finite"),
        (np.full((1, 8, 8), "x"), "images must hold numbers"),
    ],
)
def test_images_are_checked(images, message):
    for function in (pixel_vectors, distorted, lambda x: class_batches(x, [0])):
        with pytest.raises(ValueError, match=message):
            function(images)


# Rates


def test_one_shot_of_perfect_and_useless_embeddings():
    y = np.repeat(np.arange(10), 5)
    assert one_shot(np.eye(10)[y], y, way=10, trials=20).value == 1
    noise = np.random.default_rng(0).normal(size=(50, 3))
    # Guessing among 10: 0.1, give or take five standard errors of 3,000 answers.
    assert abs(one_shot(noise, y, way=10).value - 0.1) < 5 * math.sqrt(0.1 * 0.9 / 3000) + 0.02


def test_one_shot_asks_each_class_of_a_full_trial_once_and_leaves_out_singles():
    y = np.array([0, 0, 1, 1, 2, 2, 3])
    rate = one_shot(np.eye(4)[y], y, way=3, trials=7)
    assert rate.asked.tolist() == [7, 7, 7]
    assert re.fullmatch(r"ClassRate\(1.000 \[0.\d+, 1.000\], 3 classes\)", repr(rate))
    for way in (1, 4):
        with pytest.raises(ValueError, match="way must lie between 2 and 3"):
            one_shot(np.eye(4)[y], y, way=way)
    with pytest.raises(ValueError, match="trials must be at least 1"):
        one_shot(np.eye(4)[y], y, way=2, trials=0)


def test_query_is_never_its_own_example():
    # The two pictures of a class are far apart and each is near a stranger. Of the four ways to
    # choose the examples, two answer both queries wrongly and two answer one of them rightly.
    z = np.array([[0.0], [10.0], [0.1], [10.1]])
    assert one_shot(z, [0, 0, 1, 1], way=2, trials=400).value == pytest.approx(0.25, abs=0.06)


def test_interval_redraws_classes_not_questions():
    hits, asked = np.array([100, 0] * 10), np.full(20, 100)
    low, high = ClassRate(hits, asked).interval()
    assert low < 0.35
    assert high > 0.65
    same = ClassRate(np.full(20, 50), asked).interval()
    assert 0.4 < same[0] < 0.5 < same[1] < 0.6
    low, high = ClassRate(asked, asked).interval()
    assert low == pytest.approx(clopper_pearson_interval(20, 20)[0], abs=0.03)
    assert high == 1
    with pytest.raises(ValueError, match="level must lie"):
        ClassRate(hits, asked).interval(level=2)
    with pytest.raises(ValueError, match="resamples must be at least 1"):
        ClassRate(hits, asked).interval(resamples=0)


def test_interval_covers_the_mean_of_the_classes():
    rng = np.random.default_rng(0)
    covered = 0
    for trial in range(100):
        hits = rng.binomial(30, rng.beta(4, 2, 60))
        low, high = ClassRate(hits, np.full(60, 30)).interval(resamples=300, seed=trial)
        covered += low <= 4 / 6 <= high
    assert covered >= 87


def test_pairs_give_the_area_of_scikit_learn():
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(6), 4)
    z = np.eye(6)[y] + rng.normal(0, 0.6, (24, 6))
    same, similarity = pairs(z, y)
    i, j = np.array(list(itertools.combinations(range(24), 2))).T
    area = roc_auc_score(y[i] == y[j], -np.linalg.norm(z[i] - z[j], axis=1))
    assert RocCurve.from_scores(same, similarity).auc == pytest.approx(area, abs=1e-12)


@given(
    st.integers(0, 10_000),
    st.floats(0.01, 0.9),
    st.integers(2, 5),
    st.integers(2, 4),
    st.booleans(),
)
def test_threshold_is_the_largest_that_keeps_to_the_limit(seed, limit, kinds, each, ties):
    y = np.repeat(np.arange(kinds), each)
    z = np.random.default_rng(seed).normal(size=(len(y), 2))
    z = z.round(0) if ties else z
    same, similarity = pairs(z, y)
    d, curve = -similarity, RocCurve.from_scores(same, similarity)
    threshold = distance_threshold(curve, limit)
    fine = [t for t in np.unique(d) if np.mean(d[~same] <= t) <= limit]
    assert threshold == (max(fine) if fine else -np.inf)


def test_accept_rates_count_pairs_by_class():
    y = np.array(["a", "a", "b", "b", "b", "c"])
    z = np.array([[0.0], [1.0], [1.5], [1.6], [5.0], [5.2]])
    rates = accept_rates(z, y, threshold=1.0)  # squared
    # a: the pair at distance 1. b: 1.5-1.6 of three pairs, each counted from both ends.
    assert rates.true_accept.hits.tolist() == [2, 2]
    assert rates.true_accept.asked.tolist() == [2, 6]
    # Strangers within 1: (1.0, 1.5), (1.0, 1.6) and (5.0, 5.2).
    assert rates.false_accept.hits.tolist() == [2, 3, 1]
    assert rates.false_accept.asked.tolist() == [8, 9, 5]


def test_accept_rates_agree_with_the_roc_curve():
    rng = np.random.default_rng(3)
    y = np.repeat(np.arange(8), 4)
    z = np.eye(8)[y] + rng.normal(0, 0.4, (32, 8))
    curve = RocCurve.from_scores(*pairs(z, y))
    for threshold in (0.0, 1.0, 2.5, np.inf):
        rates, matrix = accept_rates(z, y, threshold), curve.at(-threshold)
        assert rates.true_accept.value == pytest.approx(matrix.sensitivity)
        assert rates.false_accept.value == pytest.approx(1 - matrix.specificity)


@pytest.mark.parametrize("y_true", [[1, 1, 1], [1, 2, 3]])
def test_rates_need_friends_and_strangers(y_true):
    for function in (pairs, lambda z, y: accept_rates(z, y, 1)):
        with pytest.raises(ValueError, match="y_true must hold at least two classes, one of them"):
            function(np.eye(3), y_true)


@pytest.mark.parametrize(
    ("embeddings", "y_true", "message"),
    [
        (np.eye(3)[0], [0], "embeddings must have the shape"),
        (np.eye(3), [0, 0], "must have the same length"),
        (np.array([[np.nan], [1]]), [0, 0], "embeddings must be finite"),
        (np.empty((0, 3)), [], "embeddings must have the shape"),
    ],
)
def test_embeddings_are_checked(embeddings, y_true, message):
    for function in (pairs, one_shot, lambda z, y: accept_rates(z, y, 1)):
        with pytest.raises(ValueError, match=message):
            function(embeddings, y_true)


def test_thresholds_and_limits_are_checked():
    y = [0, 0, 1]
    with pytest.raises(ValueError, match="threshold must be one number"):
        accept_rates(np.eye(3), y, np.nan)
    curve = RocCurve.from_scores(*pairs(np.eye(3), y))
    with pytest.raises(ValueError, match="false_accept_rate must be one number strictly"):
        distance_threshold(curve, 0)
    with pytest.raises(ValueError, match="shapes"):
        squared_distances(np.eye(3), np.eye(2))


# Letters


@pytest.mark.slow
def test_glyphs_are_625_different_letters_of_five_scripts(letters):
    assert letters.images.shape == (len(letters.y_true), 32, 32)
    assert letters.images.dtype == np.float32
    assert 0 <= letters.images.min() <= letters.images.max() <= 1
    assert len(letters.letters) == len(set(letters.letters)) == len(letters.scripts) == 625
    assert set(letters.scripts) == {"Latin", "Greek", "Cyrillic", "Armenian", "Georgian"}
    counts = np.bincount(letters.y_true)
    assert counts.min() >= 6
    assert counts.max() <= 16
    # Every picture shows something, and no letter looks exactly like another in its first font.
    assert letters.images.sum((1, 2)).min() > 10
    first = letters.images[np.unique(letters.y_true, return_index=True)[1]]
    assert len(np.unique(first.reshape(625, -1), axis=0)) == 625


def test_glyphs_keep_the_first_of_two_alike(letters):
    assert "A" in letters.letters
    assert "А" not in letters.letters  # the Cyrillic one
    assert "Ä" not in letters.letters
    script = dict(zip(letters.letters, letters.scripts, strict=True))
    assert (script["ж"], script["Ω"], script["Ա"], script["ა"]) == (
        *("Cyrillic", "Greek"),
        *("Armenian", "Georgian"),
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_unseen_scripts_from_one_example(letters, seed):
    unseen = np.isin(letters.scripts[letters.y_true], ("Armenian", "Georgian"))
    images, y = distorted(letters.images[unseen]), letters.y_true[unseen]
    assert one_shot(pixel_vectors(images), y).value <= 0.45
    torch.manual_seed(seed)
    network = EmbeddingNet()
    draw = class_batches(letters.images[~unseen], letters.y_true[~unseen])
    settings = {"lr": 3e-3, "weight_decay": 1e-2, "seed": seed, "device": "cpu", "quiet": True}
    fit(network, draw, triplet_loss, iterations=120, **settings)
    assert one_shot(embed(network, images), y).value >= 0.80
