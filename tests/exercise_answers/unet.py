"""Answers to the exercises of the chapter "U-Net: from pixels to cells"."""

import numpy as np
import torch
from torch.nn.functional import conv2d, pad


def _f1_loop(iou, threshold):
    matches = sum(value > threshold for row in iou.tolist() for value in row)
    return matches / ((len(iou) + len(iou[0])) / 2)


def _conv_by_hand(x, weight, bias):
    windows = x.unfold(2, 3, 1).unfold(3, 3, 1)
    return torch.einsum("bchwij,kcij->bkhw", windows, weight) + bias[None, :, None, None]


def _double_by_hand(x, w1, b1, w2, b2):
    return _conv_by_hand(_conv_by_hand(x, w1, b1).clamp(min=0), w2, b2).clamp(min=0)


def _double_in_modules(x, w1, b1, w2, b2):
    for w, b in ((w1, b1), (w2, b2)):
        layer = torch.nn.Conv2d(w.shape[1], w.shape[0], 3)
        layer.load_state_dict({"weight": w, "bias": b})
        x = torch.relu(layer(x))
    return x


def _skip_torch(skip, up):
    top, left = ((np.array(skip.shape) - up.shape)[1:] // 2).tolist()
    crop = torch.tensor(skip)[:, top : top + up.shape[1], left : left + up.shape[2]]
    return torch.cat([crop, torch.tensor(up)])


def _skip_loop(skip, up):
    channels, height, width = up.shape
    top, left = (skip.shape[1] - height) // 2, (skip.shape[2] - width) // 2
    result = np.zeros((2 * channels, height, width), int)
    for c in range(channels):
        for i in range(height):
            for j in range(width):
                result[c, i, j] = skip[c, top + i, left + j]
                result[channels + c, i, j] = up[c, i, j]
    return result


def _size_recursive(size, depth):
    return size - 4 if depth == 0 else 2 * _size_recursive((size - 4) // 2, depth - 1) - 4


def _weights_loop(distances, w0, sigma):
    result = np.empty(distances.shape[1:])
    for place in np.ndindex(*result.shape):
        first, second = sorted(distances[(slice(None), *place)])[:2]
        result[place] = 1 + w0 * np.exp(-(((first + second) / sigma) ** 2) / 2)
    return result


def _weights_torch(distances, w0, sigma):
    d = torch.tensor(distances).float().topk(2, dim=0, largest=False).values.sum(0)
    return 1 + w0 * torch.exp(-(d**2) / (2 * sigma**2))


def _tile_loop(image, row, column, core, margin):
    def mirrored(i, n):
        i = abs(i)
        return i if i < n else 2 * (n - 1) - i

    n, m = image.shape
    side = range(-margin, core + margin)
    return [[image[mirrored(row + i, n)][mirrored(column + j, m)] for j in side] for i in side]


def _tile_torch(image, row, column, core, margin):
    padded = pad(torch.tensor(image)[None].double(), [margin] * 4, mode="reflect")[0]
    side = core + 2 * margin
    return padded[row : row + side, column : column + side]


RIGHT = {
    "instance_f1": {
        "loop": _f1_loop,
        "harmonic mean": lambda iou, t: (
            2 / (iou.shape[0] / (iou > t).sum() + iou.shape[1] / (iou > t).sum())
        ),
        "counts": lambda iou, t: (
            2 * (tp := (iou > t).sum()) / (2 * tp + (iou.shape[1] - tp) + (iou.shape[0] - tp))
        ),
    },
    "double_conv": {"by hand": _double_by_hand, "modules": _double_in_modules},
    "concatenate_skip": {"torch": _skip_torch, "loop": _skip_loop},
    "output_size": {
        "recursive": _size_recursive,
        "closed form": lambda size, depth: size - 12 * 2**depth + 8,
    },
    "soft_dice_loss": {
        "loop": lambda p, y: (
            1
            - 2
            * sum(a * b for a, b in zip(p.ravel(), y.ravel(), strict=True))
            / (sum(p.ravel()) + sum(y.ravel()))
        ),
        "in double": lambda p, y: (
            1 - 2 * (p.double() * y.double()).sum() / (p.double() + y.double()).sum()
        ),
        "dot": lambda p, y: 1 - 2 * (p.flatten() @ y.flatten()) / (p + y).sum(),
    },
    "border_weights": {"loop": _weights_loop, "torch": _weights_torch},
    "mirrored_tile": {"loop": _tile_loop, "torch": _tile_torch},
}


def _with_padding(mode):
    def tile(image, row, column, core, margin):
        side = core + 2 * margin
        return np.pad(image, margin, mode=mode)[row : row + side, column : column + side]

    return tile


WRONG = {
    "instance_f1": {
        "at least": (lambda iou, t: 2 * (iou >= t).sum() / sum(iou.shape), "at_least"),
        "half": (lambda iou, t: (iou > t).sum() / sum(iou.shape), None),
        "accuracy of pairs": (lambda iou, t: (iou > t).mean(), None),
        "mean of both": (
            lambda iou, t: (iou > t).sum() * (1 / iou.shape[0] + 1 / iou.shape[1]) / 2,
            None,
        ),
        "count": (lambda iou, t: (iou > t).sum(), None),
    },
    "double_conv": {
        "once": (lambda x, w1, b1, w2, b2: conv2d(x, w1, b1).relu(), None),
        "no rectifier": (lambda x, w1, b1, w2, b2: conv2d(conv2d(x, w1, b1), w2, b2), None),
        "sigmoid": (
            lambda x, w1, b1, w2, b2: conv2d(conv2d(x, w1, b1).sigmoid(), w2, b2).sigmoid(),
            None,
        ),
        "biases forgotten once": (
            lambda x, w1, b1, w2, b2: conv2d(conv2d(x, w1).relu(), w2, b2).relu(),
            None,
        ),
        "flipped kernels": (
            lambda x, w1, b1, w2, b2: _double_by_hand(x, w1.flip(2, 3), b1, w2.flip(2, 3), b2),
            None,
        ),
    },
    "concatenate_skip": {
        "last axis": (
            lambda skip, up: np.concatenate([_skip_loop(skip, up)[: len(up)], up], axis=2),
            None,
        ),
        "lower right": (
            lambda skip, up: np.concatenate([skip[:, -up.shape[1] :, -up.shape[2] :], up]),
            None,
        ),
        "crop alone": (lambda skip, up: _skip_loop(skip, up)[: len(up)], None),
        "stacked": (lambda skip, up: np.stack([_skip_loop(skip, up)[: len(up)], up]), "nested"),
        "padded instead": (
            lambda skip, up: np.concatenate(
                [
                    skip,
                    np.pad(
                        up,
                        [(0, 0)]
                        + [
                            ((s - u) // 2,) * 2
                            for s, u in zip(skip.shape[1:], up.shape[1:], strict=True)
                        ],
                    ),
                ]
            ),
            None,
        ),
    },
    "output_size": {
        "one level less": (lambda size, depth: _size_recursive(size, depth - 1), None),
        "one level more": (lambda size, depth: size - 12 * 2 ** (depth + 1) + 8, None),
        "bottom forgotten": (lambda size, depth: size - 8 * 2**depth + 8, None),
        "two for each pair": (
            lambda size, depth: (size + size - 12 * 2**depth + 8) // 2,
            None,
        ),
    },
    "soft_dice_loss": {
        "numbers": (
            lambda p, y: (
                1
                - 2
                * sum(a * b for a, b in zip(p.ravel().tolist(), y.ravel().tolist(), strict=True))
                / (sum(p.ravel().tolist()) + sum(y.ravel().tolist()))
            ),
            "no_gradient",
        ),
        "item": (lambda p, y: (1 - 2 * (p * y).sum() / (p + y).sum()).item(), "no_gradient"),
        "detached": (
            lambda p, y: 1 - 2 * (p.detach() * y).sum() / (p.detach() + y).sum(),
            "no_gradient",
        ),
        "soft IoU, detached": (
            lambda p, y: (1 - (p * y).sum() / (p + y - p * y).sum()).detach(),
            "soft_iou",
        ),
        "squares below": (lambda p, y: 1 - 2 * (p * y).sum() / ((p**2).sum() + (y**2).sum()), None),
        "smoothed": (lambda p, y: 1 - (2 * (p * y).sum() + 1) / (p.sum() + y.sum() + 1), None),
        "mean of rows": (lambda p, y: 1 - (2 * p * y / (p + y)).mean(), None),
        "negative": (lambda p, y: -2 * (p * y).sum() / (p.sum() + y.sum()), None),
        "empty pixels too": (
            lambda p, y: 1 - 2 * ((1 - p) * (1 - y)).sum() / ((1 - p).sum() + (1 - y).sum()),
            None,
        ),
    },
    "border_weights": {
        "largest": (
            lambda d, w0, s: 1 + w0 * np.exp(-(np.sort(d, axis=0)[-2:].sum(0) ** 2) / (2 * s**2)),
            None,
        ),
        "no square": (
            lambda d, w0, s: 1 + w0 * np.exp(-np.sort(d, axis=0)[:2].sum(0) / (2 * s**2)),
            None,
        ),
        "second alone": (
            lambda d, w0, s: 1 + w0 * np.exp(-(np.sort(d, axis=0)[1] ** 2) / (2 * s**2)),
            None,
        ),
        "sigma not squared": (
            lambda d, w0, s: 1 + w0 * np.exp(-(np.sort(d, axis=0)[:2].sum(0) ** 2) / (2 * s)),
            None,
        ),
        "along the rows": (
            lambda d, w0, s: 1 + w0 * np.exp(-(np.sort(d, axis=1)[:, :2].sum(1) ** 2) / (2 * s**2)),
            None,
        ),
    },
    "mirrored_tile": {
        "wrapped": (_with_padding("wrap"), None),
        "row and column swapped": (lambda a, r, c, k, m: _tile_loop(a, c, r, k, m), None),
        "margin once": (lambda a, r, c, k, m: np.array(_tile_loop(a, r, c, k, m))[m:, m:], None),
        "centered": (lambda a, r, c, k, m: np.roll(_tile_loop(a, r, c, k, m), m, (0, 1)), None),
    },
}
