"""A classifier of small windows, slid over a photograph of any size."""

from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn.functional import conv2d, interpolate, pad, relu

from .._validation import as_image, as_open_probability, as_probability
from ..augment import elastic_crops
from ..boxes import iou, non_max_suppression
from .scoring import Detections

#: Side of a window, and the step from one to the next, in pixels.
WINDOW, STRIDE = 25, 4


class WindowClassifier(nn.Module):
    """Says of a window of 25×25 pixels whether it holds a face; 23,000 parameters.

    ::

        25 ─ conv 4 ─ 22 ─ pool ─ 11 ─ conv 4 ─ 8 ─ pool ─ 4 ─ hidden ─ score

    The sizes come out even, so that a window at every fourth pixel of a larger image gives the
    same numbers as the window by itself: see `dense`.
    """

    def __init__(self, channels=(12, 24), hidden=48):
        super().__init__()
        first, second = channels
        # Pooling first leaves a quarter of the work to ReLU, and the numbers are the same.
        self.features = nn.Sequential(
            *(nn.Conv2d(1, first, 4), nn.MaxPool2d(2), nn.ReLU()),
            *(nn.Conv2d(first, second, 4), nn.MaxPool2d(2), nn.ReLU()),
        )
        self.hidden = nn.Linear(second * 4 * 4, hidden)
        self.score = nn.Linear(hidden, 1)

    def forward(self, windows):
        """Logits (n,) of windows (n, 1, 25, 25)."""
        if windows.shape[1:] != (1, WINDOW, WINDOW):
            raise ValueError(
                f"windows must have the shape (n, 1, {WINDOW}, {WINDOW}), "
                f"got {tuple(windows.shape)}."
            )
        return self.score(relu(self.hidden(self.features(windows).flatten(1))))[:, 0]

    def dense(self, images):
        """Logits of all windows of larger images, computed as one convolution.

        What overlapping windows have in common is computed once. The layer `hidden`, which looks
        at 4×4 places of all channels, is a convolution with a kernel of 4×4, and `score` is one
        with a kernel of 1×1: the same weights in another arrangement.

        Parameters
        ----------
        images : tensor, shape (n, 1, height, width)
            At least 25 pixels a side.

        Returns
        -------
        tensor, shape (n, rows, columns)
            Row i and column j belong to the window whose corner is at ``(4 i, 4 j)``.

        References
        ----------
        Sermanet et al. 2014, "OverFeat: integrated recognition, localization and detection using
        convolutional networks", arXiv 1312.6229, section 3.5.
        """
        _require_window(images.shape[-2:], "images")
        kernel = self.hidden.weight.unflatten(1, (-1, 4, 4))
        hidden = relu(conv2d(self.features(images), kernel, self.hidden.bias))
        return conv2d(hidden, self.score.weight[:, :, None, None], self.score.bias)[:, 0]


def local_contrast(images, radius=4):
    """Subtract the mean of each pixel's neighborhood and divide by its standard deviation.

    Faces in the sun and in the shade then look alike.

    Parameters
    ----------
    images : tensor, shape (n, 1, height, width)
        Gray values in [0, 1].
    radius : int
        The neighborhood is a square of ``2 radius + 1`` pixels, mirrored at the edges.
    """

    def mean(x):
        x = pad(x, (radius,) * 4, mode="reflect")
        # Down the columns, then along the rows: 9 + 9 numbers for each mean instead of 81.
        for axis in (2, 3):
            x = x.unfold(axis, 2 * radius + 1, 1).mean(-1)
        return x

    difference = images - mean(images)
    # A twentieth of the gray scale is noise and shall not be blown up.
    return difference / (mean(difference**2).sqrt() + 0.05)


class Level(NamedTuple):
    """A photograph at one size: its local contrast (1, 1, h, w), and its pixels per pixel."""

    contrast: torch.Tensor
    scale: np.ndarray


def pyramid(photo, factor=0.84):
    """The photograph smaller and smaller, so that a face of any size fills a window somewhere.

    Parameters
    ----------
    photo : array_like, shape (height, width)
        Gray values in [0, 1]; at least 25 pixels a side.
    factor : float
        From one level to the next, strictly between 0 and 1.

    Returns
    -------
    list of Level
        From full size down to the last that holds a window.
    """
    photo = torch.tensor(as_image(photo, "photo"), dtype=torch.float32)[None, None]
    factor = as_open_probability(factor, "factor")
    shape = np.array(photo.shape[-2:])
    _require_window(shape, "photo")
    levels, smaller = [], shape
    while min(smaller) >= WINDOW:
        image = interpolate(photo, size=tuple(smaller), mode="bilinear", antialias=True)
        scale_y, scale_x = smaller / shape
        levels.append(Level(local_contrast(image), np.array([scale_x, scale_y] * 2)))
        smaller = np.rint(shape * factor ** len(levels)).astype(int)
    return levels


def face_batches(faces, background, n_faces=32, n_background=64):
    """A ``draw`` for `course_lib.training.fit`: faces, varied, and background, mirrored.

    Parameters
    ----------
    faces : tensor, shape (n, 1, 25, 25)
        Gray values in [0, 1].
    background : tensor, shape (m, 1, 25, 25)
        Local contrast, as `local_contrast` and `hard_negatives` give it.
    """
    y = torch.cat([torch.ones(n_faces), torch.zeros(n_background)])

    def draw(generator):
        varied, _ = elastic_crops(
            faces, [], WINDOW, n_faces, generator, rotation=12, scale=0.15, elastic=1
        )
        noise = 0.05 * torch.randn(varied.shape, generator=generator)
        which = torch.randint(len(background), (n_background,), generator=generator)
        mirror = torch.rand(n_background, 1, 1, 1, generator=generator) < 0.5
        others = background[which]
        others = torch.where(mirror, others.flip(3), others)
        return torch.cat([local_contrast(varied) + noise, others]), y

    return draw


@torch.no_grad()
def hard_negatives(classifier, levels, most=25, score_threshold=0.2, quarter_turns=0, seed=0):
    """Windows of photographs without a face that the classifier takes for one, or nearly does.

    Parameters
    ----------
    classifier : WindowClassifier
    levels : sequence of Level
        Of any number of photographs.
    most : int
        Windows from each level; which ones, is drawn.
    score_threshold : float in [0, 1]
        Least probability of a face.
    quarter_turns : int
        Turn the photographs before: whichever way up, they show no face, and so give new windows.
    seed : int

    Returns
    -------
    tensor, shape (n, 1, 25, 25)
        Local contrast; n is 0 if nothing is mistaken for a face.
    """
    score_threshold = as_probability(score_threshold, "score_threshold")
    rng = np.random.default_rng(seed)
    found = [torch.empty(0, 1, WINDOW, WINDOW)]
    for level in levels:
        contrast = level.contrast.rot90(quarter_turns, (2, 3))
        corners, _ = _above(classifier, contrast, score_threshold)
        for y, x in corners[rng.permutation(len(corners))[:most]]:
            found.append(contrast[:, :, y : y + WINDOW, x : x + WINDOW])
    return torch.cat(found)


@torch.no_grad()
def detect(classifier, levels, score_threshold=0.5):
    """All windows of a photograph that the classifier takes for a face.

    Parameters
    ----------
    classifier : WindowClassifier
    levels : sequence of Level
        Of one photograph, as `pyramid` gives them.
    score_threshold : float in [0, 1]
        The probability must lie above it.

    Returns
    -------
    Detections
        ``boxes`` in the pixels of the photograph and the probability of a face in each, before
        any suppression of duplicates; possibly none.
    """
    score_threshold = as_probability(score_threshold, "score_threshold")
    boxes, scores = [np.empty((0, 4))], [np.empty(0)]
    for level in levels:
        corners, probability = _above(classifier, level.contrast, score_threshold)
        corners = corners[:, ::-1]
        boxes.append(np.hstack([corners, corners + WINDOW]) / level.scale)
        scores.append(probability)
    return Detections(np.concatenate(boxes), np.concatenate(scores))


def _above(classifier, contrast, threshold):
    """Corners (y, x) of the windows with a probability above the threshold, and those."""
    device = next(classifier.parameters()).device
    probability = classifier.dense(contrast.to(device))[0].sigmoid().cpu().double().numpy()
    rows, columns = np.nonzero(probability > threshold)
    return STRIDE * np.stack([rows, columns], axis=1), probability[rows, columns]


class Voted(NamedTuple):
    """Boxes without duplicates, and how many windows stood for each."""

    boxes: np.ndarray
    votes: np.ndarray


def count_votes(boxes, scores, iou_threshold=0.3, least=3):
    """One box for every heap of windows, with the size of the heap.

    A face answers in several neighboring windows and at several sizes; an accident often in one.

    Parameters
    ----------
    boxes : array_like, shape (n, 4)
    scores : array_like of float, shape (n,)
    iou_threshold : float in [0, 1]
        IoU from which a window belongs to a heap.
    least : int
        Heaps of fewer windows are dropped.

    Returns
    -------
    Voted
        ``boxes`` (m, 4) and ``votes`` (m,), the most votes first.

    References
    ----------
    Viola & Jones 2004, "Robust real-time face detection", Int J Comput Vis 57:137, section 5.6,
    merges overlapping windows likewise.
    """
    kept = non_max_suppression(boxes, scores, iou_threshold)
    if not kept.size:
        return Voted(np.empty((0, 4)), np.empty(0, int))
    leaders = np.asarray(boxes, float)[kept]
    # Each window votes for the box that it overlaps most.
    votes = np.bincount(iou(boxes, leaders).argmax(axis=1), minlength=len(kept))
    order = np.argsort(-votes, kind="stable")
    order = order[votes[order] >= least]
    return Voted(leaders[order], votes[order])


def _require_window(shape, name):
    height, width = shape
    if min(height, width) < WINDOW:
        raise ValueError(
            f"{name} must be at least {WINDOW} pixels a side, got {height} × {width} (height × "
            "width)."
        )
