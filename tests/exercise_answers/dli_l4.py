"""Answers to the exercises of the lab "Data augmentation and deployment"."""

import math

import numpy as np
import torch

MEAN, SD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def _augmented_loop(train, val, coins):
    seen = [
        [line[::-1] if hit else line for line in image]
        for image, hit in zip(train.tolist(), coins.tolist(), strict=True)
    ]
    return seen, val


def _augmented_torch(train, val, coins, axis=2, of_val=False):
    def flipped(batch):
        batch = torch.tensor(batch)
        batch[torch.tensor(coins)] = batch[torch.tensor(coins)].flip(axis)
        return batch

    return flipped(train), flipped(val) if of_val else torch.tensor(val)


def _mirror_loop(boxes, width):
    return [[width - x2, y1, width - x1, y2] for x1, y1, x2, y2 in boxes.tolist()]


def _mirror_center(boxes, width):
    """The center moves; the side stays."""
    center, side = (boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 2] - boxes[:, 0]
    left = width - center - side / 2
    return np.stack([left, boxes[:, 1], left + side, boxes[:, 3]]).T


def _input_loop(image):
    planes = [
        [[(value / 255 - MEAN[k]) / SD[k] for value in row] for row in image[:, :, k].tolist()]
        for k in range(3)
    ]
    return [planes]


def _input_torch(image):
    x = torch.tensor(image).permute(2, 0, 1).float() / 255
    return ((x - torch.tensor(MEAN)[:, None, None]) / torch.tensor(SD)[:, None, None]).unsqueeze(0)


def _input_bgr(image):
    return _input_torch(image[:, :, [2, 1, 0]])


def _guess_torch(logits, classes):
    p = torch.tensor(logits).float().softmax(0)
    return classes[int(p.argmax())], p.max()


def _guess_sorted(logits, classes):
    best = max(zip(logits.tolist(), classes, strict=True))
    return [best[1], 1 / sum(math.exp(x - best[0]) for x in logits.tolist())]


RIGHT = {
    "augmented": {
        "loop": _augmented_loop,
        "torch": _augmented_torch,
        "sum": lambda train, val, coins: (
            train + coins.reshape(-1, 1, 1) * (train[..., ::-1] - train),
            val + 0,
        ),
    },
    "mirror_boxes": {
        "loop": _mirror_loop,
        "center": _mirror_center,
        "matrix": lambda boxes, width: np.abs(
            np.array([width, 0, width, 0]) - boxes[:, [2, 1, 0, 3]]
        ),
    },
    "network_input": {
        "loop": _input_loop,
        "torch": _input_torch,
        "gray values": lambda image: np.stack(
            [(image[..., k] - 255.0 * MEAN[k]) / (255.0 * SD[k]) for k in range(3)]
        )[None],
    },
    "best_guess": {
        "torch": _guess_torch,
        "sorted": _guess_sorted,
        "logarithm": lambda logits, classes: (
            classes[np.argsort(logits)[-1]],
            np.exp(logits.max() - np.logaddexp.reduce(logits)),
        ),
    },
}

WRONG = {
    "augmented": {
        "both": (
            lambda train, val, coins: _augmented_torch(train, val, coins, of_val=True),
            "validation_too",
        ),
        "lines": (
            lambda train, val, coins: _augmented_torch(train, val, coins, axis=1),
            "upside_down",
        ),
        "training alone": (lambda train, val, coins: _augmented_loop(train, val, coins)[0], None),
        "hits alone": (lambda train, val, coins: (train[coins][..., ::-1], val), None),
        "order of the batch": (
            lambda train, val, coins: (np.where(coins[:, None, None], train[::-1], train), val),
            None,
        ),
        "both as they were": (lambda train, val, coins: [train, val], "nobody"),
        "val first": (
            lambda train, val, coins: _augmented_torch(train, val, coins)[::-1],
            "reversed",
        ),
    },
    "mirror_boxes": {
        "last pixel": (
            lambda boxes, width: (
                np.array([width - 1, 0, width - 1, 0]) + boxes[:, [2, 1, 0, 3]] * [-1, 1, -1, 1]
            ),
            "pixel_numbers",
        ),
        "both ways": (lambda boxes, width: width - boxes[:, [2, 3, 0, 1]], None),
        "columns swapped": (lambda boxes, width: boxes[:, [2, 1, 0, 3]], None),
        "order of boxes": (lambda boxes, width: width - boxes[::-1], None),
        "center and sides": (
            lambda boxes, width: np.stack(
                [
                    width - boxes[:, [0, 2]].mean(1),
                    boxes[:, [1, 3]].mean(1),
                    boxes[:, 2] - boxes[:, 0],
                    boxes[:, 3] - boxes[:, 1],
                ],
                1,
            ),
            None,
        ),
        "left edges alone": (
            lambda boxes, width: boxes * [-1, 1, 1, 1] + np.array([width, 0, 0, 0]),
            None,
        ),
    },
    "network_input": {
        "OpenCV": (_input_bgr, "bgr"),
        "divided by 256": (
            lambda image: (((image / 256 - MEAN) / SD).transpose(2, 0, 1))[None],
            None,
        ),
        "no mean": (lambda image: ((image / 255 / SD).transpose(2, 0, 1))[None], None),
        "multiplied": (lambda image: (((image / 255 - MEAN) * SD).transpose(2, 0, 1))[None], None),
        "width first": (lambda image: _input_torch(image).transpose(2, 3), None),
        "shares alone": (lambda image: (image / 255).transpose(2, 0, 1)[None], None),
        "one mean": (
            lambda image: (((image / 255 - np.mean(MEAN)) / np.mean(SD)).transpose(2, 0, 1))[None],
            None,
        ),
    },
    "best_guess": {
        "softmax again": (
            lambda logits, classes: (
                classes[logits.argmax()],
                torch.tensor(logits).softmax(0).softmax(0).max(),
            ),
            "softmax_twice",
        ),
        "percent": (
            lambda logits, classes: (
                _guess_torch(logits, classes)[0],
                100 * _guess_torch(logits, classes)[1],
            ),
            "percentage",
        ),
        "other order": (lambda logits, classes: _guess_torch(logits, classes)[::-1], "reversed"),
        "least likely": (
            lambda logits, classes: (
                classes[logits.argmin()],
                torch.tensor(logits).softmax(0).min(),
            ),
            None,
        ),
        "name alone": (lambda logits, classes: classes[logits.argmax()], None),
        "odds": (
            lambda logits, classes: (
                classes[logits.argmax()],
                1 / np.exp(np.delete(logits, logits.argmax()) - logits.max()).sum(),
            ),
            None,
        ),
        "all probabilities": (
            lambda logits, classes: (
                classes[logits.argmax()],
                torch.tensor(logits).softmax(0),
            ),
            None,
        ),
    },
}
