"""One look: a network that says of every cell of a grid whether an object is there, and its box."""

import numpy as np
import torch
from skimage.measure import label
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, smooth_l1_loss

from .._validation import as_probability
from ..augment import elastic_crops, jitter_intensity
from ..boxes import (
    IGNORED,
    anchor_boxes,
    boxes_of_labels,
    decode,
    encode,
    match_anchors,
    non_max_suppression,
)
from .scoring import Detections


class GridDetector(nn.Module):
    """A small one-stage detector in the manner of YOLO; 90,000 parameters.

    ::

        image ── backbone ── features, one cell for 8×8 pixels ── head ── for every anchor of
        every cell: is an object here?  and  t_x, t_y, t_w, t_h  from anchor to box

    Parameters
    ----------
    sizes, ratios : sequence of float
        Of the anchors, as in `course_lib.boxes.anchor_boxes`.
    channels : sequence of int
        Of the four resolutions of the backbone.

    References
    ----------
    Redmon et al. 2016, "You only look once: unified, real-time object detection", arXiv 1506.02640;
    anchors since its second version, arXiv 1612.08242.
    """

    stride = 8

    def __init__(self, sizes=(16, 24), ratios=(0.6, 1.0, 1.67), channels=(16, 16, 32, 64)):
        super().__init__()
        self.sizes, self.ratios = tuple(sizes), tuple(ratios)
        a, b, c, d = channels
        self.backbone = nn.Sequential(
            *_conv(1, a),
            *_conv(a, b, stride=2),
            *_conv(b, c, stride=2),
            *_conv(c, d, stride=2),
            *_conv(d, d),
            *_conv(d, d),
        )
        k = len(self.sizes) * len(self.ratios)
        self.head = nn.Conv2d(d, 5 * k, kernel_size=1)
        # Nearly all anchors are background: say so from the start (Lin et al. 2017, 1708.02002).
        nn.init.constant_(self.head.bias[:k], -3.0)

    def forward(self, images):
        """From images (n, 1, height, width) to (n, rows, columns, k, 5).

        The last axis holds the logit of "an object" and the four offsets from the anchor.
        """
        return self.answer(self.backbone(images))

    def answer(self, features):
        """The head alone: features (n, channels, rows, columns) to (n, rows, columns, k, 5)."""
        return self.head(features).unflatten(1, (5, -1)).permute(0, 3, 4, 2, 1)

    def anchors(self, rows, columns):
        """The anchors of a feature map, (rows · columns · k, 4), in the order of the answer."""
        shape = (rows, columns)
        return anchor_boxes(shape, self.stride, self.sizes, self.ratios).reshape(-1, 4)


def _conv(before, after, stride=1):
    conv = nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False)
    return conv, nn.BatchNorm2d(after), nn.ReLU()


def nucleus_batches(image, labels, detector, size=128, batch=4):
    """A ``draw`` for `course_lib.training.fit`: crops of a micrograph and what their anchors mean.

    Parameters
    ----------
    image : array_like of float, shape (height, width)
        Standardized.
    labels : array_like of int, shape (height, width)
        0 is background, every other value one nucleus.
    detector : GridDetector
    size, batch : int
        Side of a crop in pixels, a multiple of 8; number of crops.
    """
    images = torch.tensor(np.asarray(image), dtype=torch.float32)[None, None]
    maps = [torch.tensor(np.asarray(labels, int))[None, None]]
    anchors = detector.anchors(size // detector.stride, size // detector.stride)

    def draw(generator):
        crops, (cropped,) = elastic_crops(images, maps, size, batch, generator, elastic=2.0)
        targets = [_targets(anchors, labels[0].numpy()) for labels in cropped]
        assigned, offsets = (torch.tensor(np.stack(part)) for part in zip(*targets, strict=True))
        return jitter_intensity(crops, generator), assigned, offsets.float()

    return draw


def _targets(anchors, labels, smallest=4):
    """For each anchor: the box that it stands for, and the offsets to it."""
    # Mirrored at an edge, a nucleus occurs twice with the same number.
    boxes = boxes_of_labels(label(labels, connectivity=1))
    # A sliver at the edge of a crop is not recognizable.
    boxes = boxes[(boxes[:, 2:] - boxes[:, :2]).min(axis=1) >= smallest]
    assigned = match_anchors(anchors, boxes)
    positive = assigned >= 0
    offsets = np.zeros((len(anchors), 4))
    offsets[positive] = encode(boxes[assigned[positive]], anchors[positive])
    return assigned, offsets


def detection_loss(answer, assigned, offsets, box_weight=2.0):
    """Is an object there: cross-entropy. And where: smooth L1, for the anchors that have one.

    Parameters
    ----------
    answer : tensor, shape (n, rows, columns, k, 5)
    assigned : tensor of int, shape (n, rows · columns · k)
        As `course_lib.boxes.match_anchors` says; ignored anchors do not count.
    offsets : tensor, shape (n, rows · columns · k, 4)
    box_weight : float

    Returns
    -------
    tensor
        One number, for each object of the batch.
    """
    answer = answer.flatten(1, 3)
    positive, known = assigned >= 0, assigned != IGNORED
    there = binary_cross_entropy_with_logits(
        answer[..., 0][known], positive[known].float(), reduction="sum"
    )
    where = smooth_l1_loss(answer[..., 1:][positive], offsets[positive], reduction="sum", beta=0.1)
    return (there + box_weight * where) / positive.sum().clamp(min=1)


@torch.no_grad()
def detect(detector, image, score_threshold=0.05, iou_threshold=0.4):
    """All objects of an image, each once.

    Parameters
    ----------
    detector : GridDetector
    image : array_like of float, shape (height, width)
        Standardized as in training; any size.
    score_threshold : float in [0, 1]
        The score must lie above it.
    iou_threshold : float in [0, 1]
        IoU above which two boxes are taken for one object.

    Returns
    -------
    Detections
        ``boxes`` and ``scores``, from the highest score down.
    """
    device = next(detector.parameters()).device
    images = torch.tensor(np.asarray(image), dtype=torch.float32)[None, None]
    answer = detector(images.to(device))
    return suppressed(detector, answer, images.shape[-2:], score_threshold, iou_threshold)


def suppressed(detector, answer, shape, score_threshold=0.05, iou_threshold=0.4):
    """What the network's answer to one image says, as boxes without duplicates.

    Parameters
    ----------
    detector : GridDetector
    answer : tensor, shape (1, rows, columns, k, 5)
    shape : tuple of int
        Height and width of the image, at whose edges boxes end.
    score_threshold, iou_threshold : float
        As in `detect`.

    Returns
    -------
    Detections
    """
    score_threshold = as_probability(score_threshold, "score_threshold")
    anchors = detector.anchors(*answer.shape[1:3])
    answer = answer.reshape(-1, 5).cpu().double()
    scores = answer[:, 0].sigmoid().numpy()
    likely = scores > score_threshold
    height, width = shape
    boxes = decode(answer[likely, 1:].numpy(), anchors[likely])
    boxes = boxes.clip(0, [width, height, width, height])
    scores = scores[likely]
    kept = non_max_suppression(boxes, scores, iou_threshold)
    return Detections(boxes[kept], scores[kept])
