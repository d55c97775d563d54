"""Learn to compare: a network that puts pictures of one thing near each other.

The network knows no classes, only distances. It can therefore judge classes that it was never
trained on from one example each.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from ._validation import (
    as_array,
    as_choice,
    as_count,
    as_features,
    as_numbers,
    as_open_probability,
    as_positive,
    as_vector,
    same_length,
)
from .intervals import RESAMPLES, interval_of_totals


class EmbeddingNet(nn.Module):
    """Three convolutions and a linear layer: from a picture to a vector of length 1.

    Two copies of it that share all weights make a *Siamese network*; one copy, used twice, is the
    same.

    Parameters
    ----------
    image_size : int, default 32
        Height and width of the pictures, a multiple of 8.
    dimensions : int, default 64
        Of the embedding.
    channels : tuple of int
        Of the three convolutions.
    """

    def __init__(self, image_size=32, dimensions=64, channels=(24, 48, 64)):
        super().__init__()
        for name, value in (("image_size", image_size), ("dimensions", dimensions)):
            as_count(value, name, least=1)
        shrinks = 2 ** len(channels)
        if image_size % shrinks:
            raise ValueError(f"image_size must be a multiple of {shrinks}, got {image_size}.")
        blocks = []
        for before, after in zip((1, *channels), channels, strict=False):
            blocks += [
                nn.Conv2d(before, after, kernel_size=3, padding=1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(),
                nn.MaxPool2d(2),
            ]
        self.features = nn.Sequential(*blocks, nn.Flatten())
        self.project = nn.Linear(channels[-1] * (image_size // shrinks) ** 2, dimensions)

    def forward(self, x):
        """Unit vectors (batch, dimensions) of pictures (batch, 1, height, width)."""
        return functional.normalize(self.project(self.features(x)), dim=1)


def embed(network, images, batch=512):
    """Embeddings of pictures, as an array.

    Parameters
    ----------
    network : torch.nn.Module
        It is left in evaluation mode.
    images : array_like, shape (n, height, width)
    batch : int
        Pictures at a time; the result does not depend on it.

    Returns
    -------
    ndarray, shape (n, dimensions)
    """
    x, device = _as_images(images), next(network.parameters()).device
    network.eval()
    with torch.no_grad():
        parts = [network(part[:, None].to(device)).cpu() for part in x.split(batch)]
    return torch.cat(parts).numpy()


def pixel_vectors(images):
    """The baseline without a network: pixels as a vector, centered and scaled to length 1.

    The squared distance of two of them is 2 - 2r, with the correlation r of the two pictures.
    A picture of one gray value has no correlation with any other: its vector is 0.
    """
    x = _as_images(images).flatten(1)
    return functional.normalize(x - x.mean(dim=1, keepdim=True), dim=1).numpy()


def squared_distances(a, b):
    """Squared Euclidean distances, ``|a|² + |b|² - 2ab``; for unit vectors from 0 to 4.

    Parameters
    ----------
    a, b : ndarray or tensor, shapes (n, k) and (m, k)

    Returns
    -------
    ndarray or tensor, shape (n, m)
        Differentiable, if these are tensors.
    """
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(
            f"a and b must have the shapes (n, k) and (m, k), got {tuple(a.shape)} and "
            f"{tuple(b.shape)}."
        )
    # Rounding may leave a hair below 0.
    return ((a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T).clip(0)


# Losses


def contrastive_loss(embeddings, labels, margin=1.0):
    """Pull pairs of one class together, push the others apart as far as the margin.

    ``L = d²`` for two of one class and ``max(0, m - d)²`` for two of different classes, with the
    Euclidean distance d, averaged over all pairs. Strangers are far more than friends in most
    batches; draw few classes and many pictures of each where that matters.

    Parameters
    ----------
    embeddings : tensor, shape (n, k)
    labels : tensor of int, shape (n,)
        At least two classes, one of them twice.
    margin : float

    References
    ----------
    Hadsell, Chopra & LeCun 2006, "Dimensionality reduction by learning an invariant mapping",
    CVPR, who write a factor ½ before both terms.
    """
    margin = as_positive(margin, "margin")
    same, other = _relations(embeddings, labels)
    d2 = squared_distances(embeddings, embeddings)
    # The square root has no slope at 0.
    d = d2.clip(1e-12).sqrt()
    pull, push = d2[same], functional.relu(margin - d[other]).square()
    return torch.cat([pull, push]).mean()


def triplet_loss(embeddings, labels, margin=0.3, mining="batch-all"):
    """An anchor shall be nearer to its own kind than to a stranger, by a margin.

    ``L = max(0, |a - p|² - |a - n|² + m)`` for an anchor a, a positive p of its class, a negative
    n of another, averaged over the triplets that `mine` selects; for ``"batch-all"`` over those
    among them that are not 0 (the others have nothing to teach and would drown the rest).

    Parameters
    ----------
    embeddings : tensor, shape (n, k)
    labels : tensor of int, shape (n,)
        At least two classes, one of them twice.
    margin : float
    mining : {"batch-all", "semi-hard", "batch-hard"}

    Returns
    -------
    tensor, a number
        If all embeddings are one point, exactly `margin`.

    Raises
    ------
    ValueError
        If the batch holds no triplet: one class, or no class twice.

    References
    ----------
    Schroff, Kalenichenko & Philbin 2015, "FaceNet", CVPR, equation 2. Hermans, Beyer & Leibe 2017,
    "In defense of the triplet loss", arXiv 1703.07737, equations 5 and 7.
    """
    margin = as_positive(margin, "margin")
    anchor, positive, negative = mine(embeddings, labels, mining)
    d2 = squared_distances(embeddings, embeddings)
    violation = functional.relu(d2[anchor, positive] - d2[anchor, negative] + margin)
    if mining == "batch-all":
        return violation.sum() / (violation > 0).sum().clip(1)
    return violation.mean()


def mine(embeddings, labels, mining):
    """Select the triplets of a batch.

    Parameters
    ----------
    embeddings, labels : tensor
        As in `triplet_loss`.
    mining : {"batch-all", "semi-hard", "batch-hard"}
        ``"batch-all"``: every triplet. ``"semi-hard"``: for each anchor and positive the nearest
        negative that is farther than the positive; if there is none, the farthest negative.
        ``"batch-hard"``: for each anchor its farthest positive and its nearest negative.

    Returns
    -------
    anchor, positive, negative : tensor of int, shape (t,)
    """
    as_choice(mining, "mining", _MINING)
    same, other = _relations(embeddings, labels)
    with torch.no_grad():
        return _MINING[mining](squared_distances(embeddings, embeddings), same, other)


def _batch_all(d2, same, other):
    return (same[:, :, None] & other[:, None, :]).nonzero().unbind(1)


def _semi_hard(d2, same, other):
    anchor, positive = same.nonzero().unbind(1)
    to_all, stranger = d2[anchor], other[anchor]
    farther = stranger & (to_all > d2[anchor, positive][:, None])
    nearest = torch.where(farther, to_all, torch.inf).argmin(1)
    farthest = torch.where(stranger, to_all, -torch.inf).argmax(1)
    return anchor, positive, torch.where(farther.any(1), nearest, farthest)


def _batch_hard(d2, same, other):
    anchor = same.any(1).nonzero()[:, 0]
    positive = torch.where(same, d2, -torch.inf).argmax(1)
    negative = torch.where(other, d2, torch.inf).argmin(1)
    return anchor, positive[anchor], negative[anchor]


_MINING = {"batch-all": _batch_all, "semi-hard": _semi_hard, "batch-hard": _batch_hard}


def _relations(embeddings, labels):
    """Which two are different members of one class, and which are of different classes."""
    if embeddings.ndim != 2 or labels.shape != embeddings.shape[:1]:
        raise ValueError(
            f"embeddings and labels must have the shapes (n, k) and (n,), got "
            f"{tuple(embeddings.shape)} and {tuple(labels.shape)}."
        )
    same = labels[:, None] == labels
    other = ~same
    same.fill_diagonal_(False)
    if not other.any():
        raise ValueError("labels must hold at least two classes: without a stranger, no triplet.")
    if not same.any():
        raise ValueError("labels must hold one class at least twice: without a pair, no triplet.")
    return same, other


# Batches


def class_batches(images, y_true, classes=24, each=4):
    """Batches that hold several pictures of each of several classes, newly distorted.

    Parameters
    ----------
    images : array_like, shape (n, height, width)
    y_true : array_like of int, shape (n,)
    classes, each : int, at least 2
        A batch has ``classes * each`` pictures. A class with fewer pictures than `each` repeats
        some, each time with another distortion.

    Returns
    -------
    callable
        ``draw(generator)`` returns a batch for `course_lib.training.fit`: pictures
        (classes * each, 1, height, width) and their labels.
    """
    x, y = _as_images(images), as_vector(y_true, "y_true")
    same_length(images=x, y_true=y)
    kinds = np.unique(y)
    for name, value in (("classes", classes), ("each", each)):
        as_count(value, name, least=2)  # or there is no triplet
    if classes > len(kinds):
        raise ValueError(f"classes must not exceed those in y_true, {len(kinds)}, got {classes}.")
    members = [torch.from_numpy(np.flatnonzero(y == kind)) for kind in kinds]

    def draw(generator):
        chosen = torch.randperm(len(kinds), generator=generator)[:classes]
        rows = [
            members[kind][torch.randint(len(members[kind]), (each,), generator=generator)]
            for kind in chosen
        ]
        return distort(x[torch.cat(rows)][:, None], generator), chosen.repeat_interleave(each)

    return draw


def distort(x, generator, noise=0.1):
    """Turn, scale, shear and shift each picture a little, and add noise.

    Up to ±0.2 rad, ±15 %, 0.2 and 5 % of the width; what comes from outside is 0.

    Parameters
    ----------
    x : tensor, shape (n, 1, height, width)
    generator : torch.Generator
    noise : float
        Standard deviation.
    """

    def uniform(limit):
        return (2 * torch.rand(len(x), generator=generator) - 1) * limit

    angle, scale, shear = uniform(0.2), 1 + uniform(0.15), uniform(0.2)
    cos, sin = scale * angle.cos(), scale * angle.sin()
    rows = (cos, shear - sin, uniform(0.1)), (sin, cos, uniform(0.1))
    transform = torch.stack([torch.stack(row, 1) for row in rows], 1)
    grid = functional.affine_grid(transform, x.shape, align_corners=False)
    moved = functional.grid_sample(x, grid.to(x.device), align_corners=False)
    return moved + noise * torch.randn(x.shape, generator=generator).to(x.device)


def distorted(images, seed=0):
    """`distort` for an array (n, height, width), once and for all: a harder set to test on."""
    x, generator = _as_images(images), torch.Generator().manual_seed(as_count(seed, "seed"))
    return distort(x[:, None], generator)[:, 0].numpy()


# How good are the distances?


@dataclass(frozen=True, eq=False)
class ClassRate:
    """A share of right answers, kept by class, because the questions about one class are kin.

    Attributes
    ----------
    hits, asked : ndarray of int, shape (classes,)
    """

    hits: np.ndarray
    asked: np.ndarray

    @property
    def value(self):
        """The share over all questions."""
        return float(self.hits.sum() / self.asked.sum())

    def interval(self, level=0.95, *, seed=0, resamples=RESAMPLES):
        """Interval over classes, by the Bayesian bootstrap with one class more.

        It says how far other classes might give another value (see
        `course_lib.intervals.grouped_interval`). The network is held fixed.
        """
        draws = {"seed": seed, "resamples": resamples}
        return interval_of_totals(self.hits, self.asked, (0, 1), level, **draws)

    def __repr__(self):
        low, high = self.interval()
        return f"ClassRate({self.value:.3f} [{low:.3f}, {high:.3f}], {len(self.asked)} classes)"


def one_shot(embeddings, y_true, way=20, trials=300, seed=0):
    """Recognition from one example: which of `way` new classes is it?

    In each trial, `way` classes show one example each; another picture of each of them goes to the
    class of the nearest example. Guessing is right in one of `way`.

    Parameters
    ----------
    embeddings : array_like, shape (n, k)
    y_true : array_like, shape (n,)
        Classes with fewer than two pictures are not asked about.
    way, trials, seed : int

    Returns
    -------
    ClassRate

    References
    ----------
    Lake, Salakhutdinov & Tenenbaum 2015, Science 350:1332, for the task.
    """
    z, y = _as_embeddings(embeddings, y_true)
    kinds, counts = np.unique(y, return_counts=True)
    members = [np.flatnonzero(y == kind) for kind in kinds[counts > 1]]
    if not 2 <= as_count(way, "way") <= len(members):
        raise ValueError(
            f"way must lie between 2 and {len(members)}, the classes with two pictures, got {way}."
        )
    as_count(trials, "trials", least=1)
    rng = np.random.default_rng(seed)
    hits, asked = np.zeros((2, len(members)), int)
    for _ in range(trials):
        chosen = rng.choice(len(members), way, replace=False)
        pairs = np.array([rng.choice(members[kind], 2, replace=False) for kind in chosen])
        example, query = pairs.T
        nearest = squared_distances(z[query], z[example]).argmin(1)
        hits[chosen] += nearest == np.arange(way)
        asked[chosen] += 1
    tried = asked > 0
    return ClassRate(hits[tried], asked[tried])


class Pairs(NamedTuple):
    """For each pair of pictures: is it one class, and how alike the two are."""

    same: np.ndarray
    similarity: np.ndarray


def pairs(embeddings, y_true):
    """All pairs of pictures, for `course_lib.roc.RocCurve`.

    Pairs that share a picture are no independent cases: the curve and its area stand, its
    intervals, which count cases, would be far too narrow. `accept_rates` gives fair ones.

    Parameters
    ----------
    embeddings : array_like, shape (n, k)
    y_true : array_like, shape (n,)
        At least two classes, one of them twice.

    Returns
    -------
    Pairs
        ``same`` (n (n - 1) / 2,) bool; ``similarity``, the negative squared distance, so that
        larger means more likely the same.
    """
    z, y = _as_embeddings(embeddings, y_true)
    first, second = np.triu_indices(len(z), k=1)
    same = y[first] == y[second]
    if same.all() or not same.any():
        raise ValueError("y_true must hold at least two classes, one of them at least twice.")
    return Pairs(same, -squared_distances(z, z)[first, second])


def distance_threshold(curve, false_accept_rate):
    """The largest squared distance at which at most this share of strangers is accepted.

    Parameters
    ----------
    curve : course_lib.roc.RocCurve
        Of `pairs`.
    false_accept_rate : float strictly between 0 and 1

    Returns
    -------
    float
        Minus infinity if even the most alike are too often strangers: accept nobody.
    """
    limit = as_open_probability(false_accept_rate, "false_accept_rate")
    return float(-curve.thresholds[curve.fpr <= limit][-1])


class AcceptRates(NamedTuple):
    """Shares of pairs called the same: where it is true, and where it is false."""

    true_accept: ClassRate
    false_accept: ClassRate


def accept_rates(embeddings, y_true, threshold):
    """Verification: two pictures are called one class where their squared distance <= threshold.

    Parameters
    ----------
    embeddings : array_like, shape (n, k)
    y_true : array_like, shape (n,)
    threshold : float

    Returns
    -------
    AcceptRates
        ``true_accept`` over the classes with at least two pictures, ``false_accept`` over all; a
        pair of two classes is counted for both.
    """
    z, y = _as_embeddings(embeddings, y_true)
    threshold = np.asarray(threshold, float)
    if threshold.ndim or np.isnan(threshold):
        raise ValueError(f"threshold must be one number, got {threshold}.")
    kinds, code = np.unique(y, return_inverse=True)
    if len(kinds) < 2 or len(kinds) == len(y):
        raise ValueError("y_true must hold at least two classes, one of them at least twice.")
    accepted = squared_distances(z, z) <= threshold
    same = code[:, None] == code
    other = ~same
    np.fill_diagonal(same, False)

    def rate(asked):
        asked_by_class = np.bincount(code, asked.sum(1)).astype(int)
        hits = np.bincount(code, (asked & accepted).sum(1)).astype(int)
        return ClassRate(hits[asked_by_class > 0], asked_by_class[asked_by_class > 0])

    return AcceptRates(rate(same), rate(other))


def _as_embeddings(embeddings, y_true):
    z, y = as_features(embeddings, "embeddings"), as_vector(y_true, "y_true")
    same_length(embeddings=z, y_true=y)
    return z, y


def _as_images(images):
    array = as_array(images, "images")
    if array.ndim != 3 or array.size == 0:
        raise ValueError(f"images must have the shape (n, height, width), got {array.shape}.")
    return torch.from_numpy(as_numbers(array, "images").astype(np.float32))
