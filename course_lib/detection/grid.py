"""One look: a network that says of every cell of a grid what is there, and in which box."""

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, smooth_l1_loss

from .._validation import as_probability
from ..boxes import IGNORED, anchor_boxes, decode, encode, match_anchors, non_max_suppression
from .scoring import Found


class GridDetector(nn.Module):
    """A small one-stage detector in the manner of YOLO; 90,000 parameters.

    ::

        image ── backbone ── features, one cell for 8×8 pixels ── head ── for every anchor of
        every cell: is it an object of this class?  and  t_x, t_y, t_w, t_h  from anchor to box

    Parameters
    ----------
    sizes, ratios : sequence of float
        Of the anchors, as in `course_lib.boxes.anchor_boxes`.
    classes, colors : int
        Kinds of objects; channels of an image.
    channels : sequence of int
        Of the four resolutions of the backbone.

    References
    ----------
    Redmon et al. 2016, "You only look once: unified, real-time object detection", arXiv 1506.02640;
    anchors since its second version, arXiv 1612.08242.
    """

    stride = 8

    def __init__(self, sizes, ratios=(1.0,), classes=1, colors=3, channels=(16, 16, 32, 64)):
        super().__init__()
        self.sizes, self.ratios, self.classes = tuple(sizes), tuple(ratios), classes
        a, b, c, d = channels
        self.backbone = nn.Sequential(
            *_conv(colors, a),
            *_conv(a, b, stride=2),
            *_conv(b, c, stride=2),
            *_conv(c, d, stride=2),
            *_conv(d, d),
            *_conv(d, d),
        )
        k = len(self.sizes) * len(self.ratios)
        self.head = nn.Conv2d(d, (classes + 4) * k, kernel_size=1)
        # Nearly all anchors are background: say so from the start (Lin et al. 2017, 1708.02002).
        nn.init.constant_(self.head.bias[: classes * k], -3.0)

    def forward(self, images):
        """From images (n, colors, height, width) to (n, rows, columns, k, classes + 4).

        The last axis holds a logit for each class and the four offsets from the anchor.
        """
        return self.answer(self.backbone(images))

    def answer(self, features):
        """The head alone: features (n, channels, rows, columns) to what `forward` gives."""
        return self.head(features).unflatten(1, (self.classes + 4, -1)).permute(0, 3, 4, 2, 1)

    def anchors(self, rows, columns):
        """The anchors of a feature map, (rows · columns · k, 4), in the order of the answer."""
        shape = (rows, columns)
        return anchor_boxes(shape, self.stride, self.sizes, self.ratios).reshape(-1, 4)


def _conv(before, after, stride=1):
    conv = nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False)
    return conv, nn.BatchNorm2d(after), nn.ReLU()


def box_batches(images, boxes, classes, image_of, detector, size=112, batch=8):
    """A ``draw`` for `course_lib.training.fit`: crops of images and what their anchors mean.

    Crops are mirrored and turned by right angles at random.

    Parameters
    ----------
    images : array_like of float, shape (n, height, width, colors)
        Standardized.
    boxes : array_like, shape (m, 4)
    classes, image_of : array_like of int, shape (m,)
        What each box holds, from 0 on, and in which image it lies.
    detector : GridDetector
    size, batch : int
        Side of a crop in pixels, a multiple of 8; number of crops.
    """
    images = torch.tensor(np.asarray(images), dtype=torch.float32).permute(0, 3, 1, 2)
    _, _, height, width = images.shape
    mine = [image_of == i for i in range(len(images))]
    truth = [(boxes[of_image], classes[of_image]) for of_image in mine]
    anchors = detector.anchors(size // detector.stride, size // detector.stride)

    def draw(generator):
        crops, labels, offsets = [], [], []
        for _ in range(batch):
            i, turn, mirror, top, left = (
                int(torch.randint(n, (1,), generator=generator))
                for n in (len(images), 2, 4, height - size + 1, width - size + 1)
            )
            crop = images[i, :, top : top + size, left : left + size]
            cut, named = _cropped(*truth[i], left, top, size)
            for axis in (0, 1):
                if mirror >> axis & 1:
                    crop, cut = crop.flip(2 - axis), _mirrored(cut, axis, size)
            if turn:
                crop, cut = crop.transpose(1, 2), cut[:, [1, 0, 3, 2]]
            crops.append(crop)
            label, offset = _targets(anchors, cut, named)
            labels.append(torch.tensor(label))
            offsets.append(torch.tensor(offset, dtype=torch.float32))
        return torch.stack(crops), torch.stack(labels), torch.stack(offsets)

    return draw


def _cropped(boxes, classes, left, top, size, smallest=4):
    """What of the boxes lies in a crop; a sliver at its edge is not recognizable."""
    cut = (boxes - [left, top, left, top]).clip(0, size)
    seen = (cut[:, 2:] - cut[:, :2]).min(axis=1, initial=size) >= smallest
    return cut[seen], classes[seen]


def _mirrored(boxes, axis, size):
    boxes = boxes.copy()
    boxes[:, [axis, axis + 2]] = size - boxes[:, [axis + 2, axis]]
    return boxes


def _targets(anchors, boxes, classes):
    """For each anchor: the class of the box that it stands for, and the offsets to it."""
    assigned = match_anchors(anchors, boxes)
    positive = assigned >= 0
    labels, offsets = assigned.copy(), np.zeros((len(anchors), 4))
    labels[positive] = classes[assigned[positive]]
    offsets[positive] = encode(boxes[assigned[positive]], anchors[positive])
    return labels, offsets


def detection_loss(answer, labels, offsets, box_weight=2.0, class_weights=None):
    """What is there: cross-entropy. And where: smooth L1, for the anchors that have an object.

    Parameters
    ----------
    answer : tensor, shape (n, rows, columns, k, classes + 4)
    labels : tensor of int, shape (n, rows · columns · k)
        The class of the anchor's object; ``BACKGROUND`` or ``IGNORED`` of `course_lib.boxes`, of
        which the second does not count.
    offsets : tensor, shape (n, rows · columns · k, 4)
    box_weight : float
    class_weights : tensor, shape (classes,), optional
        How many times an object of each class counts. Small objects fit few anchors, and would be
        outvoted.

    Returns
    -------
    tensor
        One number, for each object of the batch.
    """
    answer = answer.flatten(1, 3)
    logits, t = answer[..., :-4], answer[..., -4:]
    positive, known = labels >= 0, labels != IGNORED
    is_class = labels[..., None] == torch.arange(logits.shape[-1], device=labels.device)
    if class_weights is not None:
        class_weights = class_weights.to(logits)
    there = binary_cross_entropy_with_logits(
        logits[known], is_class[known].float(), reduction="sum", pos_weight=class_weights
    )
    where = smooth_l1_loss(t[positive], offsets[positive], reduction="sum", beta=0.1)
    return (there + box_weight * where) / positive.sum().clamp(min=1)


@torch.no_grad()
def detect(detector, images, score_threshold=0.05, iou_threshold=0.4):
    """All objects of some images, each once.

    Parameters
    ----------
    detector : GridDetector
    images : array_like of float, shape (n, height, width, colors)
        Standardized as in training; of any size.
    score_threshold : float in [0, 1]
        The score must lie above it.
    iou_threshold : float in [0, 1]
        IoU above which two boxes of a class are taken for one object.

    Returns
    -------
    Found
        ``boxes, scores, classes``, and ``images``, the number of the image.
    """
    device = next(detector.parameters()).device
    found = []
    for number, image in enumerate(np.asarray(images)):
        x = torch.tensor(image, dtype=torch.float32, device=device).permute(2, 0, 1)[None]
        boxes, scores, classes = suppressed(
            detector, detector(x), image.shape[:2], score_threshold, iou_threshold
        )
        found.append((boxes, scores, classes, np.full(len(boxes), number)))
    return Found(*map(np.concatenate, zip(*found, strict=True)))


def suppressed(detector, answer, shape, score_threshold=0.05, iou_threshold=0.4):
    """What the network's answer to one image says, as boxes without duplicates.

    Parameters
    ----------
    detector : GridDetector
    answer : tensor, shape (1, rows, columns, k, classes + 4)
    shape : tuple of int
        Height and width of the image, at whose edges boxes end.
    score_threshold, iou_threshold : float
        As in `detect`.

    Returns
    -------
    boxes, scores, classes : ndarray
        From the highest score down.
    """
    score_threshold = as_probability(score_threshold, "score_threshold")
    anchors = detector.anchors(*answer.shape[1:3])
    answer = answer.flatten(0, 3).cpu().double()
    scores = answer[:, :-4].sigmoid().numpy()
    anchor, classes = np.nonzero(scores > score_threshold)
    height, width = shape
    boxes = decode(answer[anchor, -4:].numpy(), anchors[anchor])
    boxes = boxes.clip(0, [width, height, width, height])
    scores = scores[anchor, classes]
    kept = non_max_suppression(boxes, scores, iou_threshold, classes=classes)
    return boxes[kept], scores[kept], classes[kept]
