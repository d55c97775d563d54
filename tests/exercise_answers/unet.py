"""Answers to the exercises of the chapter "U-Net: from pixels to cells"."""

import numpy as np
import torch
from torch.nn.functional import conv2d, max_pool2d

from course_lib.nets import UNet


def _f1_loop(iou, threshold):
    matches = sum(value >= threshold for row in iou.tolist() for value in row)
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


def _skip_narrowed(skip, up):
    for axis in (2, 3):
        length = up.shape[axis]
        skip = skip.narrow(axis, (skip.shape[axis] - length) // 2, length)
    return torch.hstack([skip, up])


def _skip_loop(skip, up):
    batch, channels, height, width = up.shape
    top, left = (skip.shape[2] - height) // 2, (skip.shape[3] - width) // 2
    result = np.zeros((batch, 2 * channels, height, width), np.float32)
    for b in range(batch):
        for c in range(channels):
            for i in range(height):
                for j in range(width):
                    result[b, c, i, j] = skip[b, c, top + i, left + j]
                    result[b, channels + c, i, j] = up[b, c, i, j]
    return result


def _in_modules(x, contract, bottom, up, expand, classify):
    """The library's network with these weights."""
    network = UNet(len(contract[0][1]), len(contract), 2, padded=False, batch_norm=False)
    layers = [*network.contract, network.bottom, *network.expand]
    with torch.no_grad():
        for layer, (w1, b1, w2, b2) in zip(layers, [*contract, bottom, *expand], strict=True):
            for place, (w, b) in ((0, (w1, b1)), (2, (w2, b2))):
                layer[place].weight.copy_(w)
                layer[place].bias.copy_(b)
        for layer, (w, b) in zip([*network.up, network.classify], [*up, classify], strict=True):
            layer.weight.copy_(w)
            layer.bias.copy_(b)
        return network(x)


def _recursive(x, contract, bottom, up, expand, classify, join=_skip_narrowed, rectify=False):
    def level(x, depth):
        if depth == len(contract):
            return _double_by_hand(x, *bottom)
        skip = _double_by_hand(x, *contract[depth])
        below = level(max_pool2d(skip, 2), depth + 1)
        w, b = up[-1 - depth]
        enlarged = torch.einsum("bcij,ckuv->bkiujv", below, w).flatten(4).flatten(2, 3)
        enlarged = enlarged + b[:, None, None]
        enlarged = enlarged.clamp(min=0) if rectify else enlarged
        return _double_by_hand(join(skip, enlarged), *expand[-1 - depth])

    w, b = classify
    return torch.einsum("bcij,kc->bkij", level(x, 0), w[..., 0, 0]) + b[:, None, None]


def _margin_loop(ours_left, rival_left, ours_right, rival_right):
    reached = []
    for left, right in ((ours_left, ours_right), (rival_left, rival_right)):
        totals = [sum(row) for row in left.tolist()]
        row = right.tolist()[totals.index(max(totals))]
        reached.append(sum(row) / len(row))
    return reached[0] - reached[1]


def _margin_of_means(ours_left, rival_left, ours_right, rival_right):
    def reached(left, right):
        return right.mean(1)[np.argmax(left.mean(1))]

    return reached(ours_left, ours_right) - reached(rival_left, rival_right)


def _failure_by_table(true, found):
    t, f = np.unique(true)[1:], np.unique(found)[1:]
    shared = np.array([[np.sum((true == a) & (found == b)) for b in f] for a in t])
    area_t = np.array([np.sum(true == a) for a in t])
    area_f = np.array([np.sum(found == b) for b in f])
    holds = {
        "missed": (shared.sum(1) == 0).any(),
        "invented": (shared.sum(0) == 0).any(),
        "merged": ((2 * shared > area_t[:, None]).sum(0) > 1).any(),
        "split": ((2 * shared > area_f).sum(1) > 1).any(),
    }
    return next((name for name, here in holds.items() if here), "outline")


def _failure_by_pixels(true, found):
    pixels = list(zip(true.ravel().tolist(), found.ravel().tolist(), strict=True))
    own = {t: [f for a, f in pixels if a == t] for t, _ in pixels if t}
    its = {f: [t for t, b in pixels if b == f] for _, f in pixels if f}
    if any(not any(over) for over in own.values()):
        return "missed"
    if any(not any(over) for over in its.values()):
        return "invented"
    for name, cells, others in (("merged", its, own), ("split", own, its)):
        for cell in cells.values():
            whole = [o for o in set(cell) - {0} if cell.count(o) > len(others[o]) / 2]
            if len(whole) > 1:
                return name
    return "outline"


def _weights_loop(distances, w0, sigma):
    result = np.empty(distances.shape[1:])
    for place in np.ndindex(*result.shape):
        first, second = sorted(distances[(slice(None), *place)])[:2]
        result[place] = 1 + w0 * np.exp(-(((first + second) / sigma) ** 2) / 2)
    return result


def _weights_torch(distances, w0, sigma):
    d = torch.tensor(distances).float().topk(2, dim=0, largest=False).values.sum(0)
    return 1 + w0 * torch.exp(-(d**2) / (2 * sigma**2))


RIGHT = {
    "instance_f1": {
        "loop": _f1_loop,
        "harmonic mean": lambda iou, t: (
            2 / (iou.shape[0] / (iou >= t).sum() + iou.shape[1] / (iou >= t).sum())
        ),
        "counts": lambda iou, t: (
            2 * (tp := (iou >= t).sum()) / (2 * tp + (iou.shape[1] - tp) + (iou.shape[0] - tp))
        ),
    },
    "double_conv": {"by hand": _double_by_hand, "modules": _double_in_modules},
    "concatenate_skip": {"narrowed": _skip_narrowed, "loop": _skip_loop},
    "forward": {"modules": _in_modules, "recursive": _recursive},
    "fair_margin": {"loop": _margin_loop, "means": _margin_of_means},
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
    "read_failure": {"table": _failure_by_table, "pixels": _failure_by_pixels},
}


def _by_number(true, found):
    """A cell is right if a found one has its number."""
    t, f = set(np.unique(true)) - {0}, set(np.unique(found)) - {0}
    return "missed" if t - f else "invented" if f - t else "outline"


def _by_area(true, found):
    more = int((found > 0).sum()) - int((true > 0).sum())
    return "missed" if more < 0 else "invented" if more > 0 else "outline"


WRONG = {
    "instance_f1": {
        "above": (lambda iou, t: 2 * (iou > t).sum() / sum(iou.shape), "must_exceed"),
        "half": (lambda iou, t: (iou >= t).sum() / sum(iou.shape), None),
        "accuracy of pairs": (lambda iou, t: (iou >= t).mean(), None),
        "mean of both": (
            lambda iou, t: (iou >= t).sum() * (1 / iou.shape[0] + 1 / iou.shape[1]) / 2,
            None,
        ),
        "count": (lambda iou, t: (iou >= t).sum(), None),
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
            lambda skip, up: torch.cat([_skip_narrowed(skip, up)[:, : up.shape[1]], up], dim=3),
            None,
        ),
        "into the batch": (
            lambda skip, up: torch.cat([_skip_narrowed(skip, up)[:, : up.shape[1]], up]),
            None,
        ),
        "lower right": (
            lambda skip, up: torch.hstack([skip[..., -up.shape[2] :, -up.shape[3] :], up]),
            None,
        ),
        "crop alone": (lambda skip, up: _skip_narrowed(skip, up)[:, : up.shape[1]], None),
        "first picture alone": (lambda skip, up: _skip_narrowed(skip, up)[0], None),
        "stacked": (
            lambda skip, up: torch.stack([_skip_narrowed(skip, up)[:, : up.shape[1]], up], 1),
            "nested",
        ),
    },
    "forward": {
        "without the way back": (lambda x, contract, *_: _double_by_hand(x, *contract[0]), None),
        "rectified after enlarging": (lambda *parts: _recursive(*parts, rectify=True), None),
        "skip twice": (
            lambda *parts: _recursive(
                *parts,
                join=lambda skip, up: _skip_narrowed(
                    skip, _skip_narrowed(skip, up)[:, : len(up[0])]
                ),
            ),
            None,
        ),
        "classes swapped": (lambda *parts: _recursive(*parts).flip(1), None),
        "winner": (lambda *parts: _recursive(*parts).argmax(1), None),
        "log probabilities": (lambda *parts: _recursive(*parts).log_softmax(1), None),
    },
    "fair_margin": {
        "median": (
            lambda a, b, c, d: np.median(c[a.mean(1).argmax()]) - np.median(d[b.mean(1).argmax()]),
            None,
        ),
        "ours alone": (lambda a, b, c, d: c[a.mean(1).argmax()].mean(), None),
        "highest single score": (
            lambda a, b, c, d: (
                c[np.argmax(a) // a.shape[1]].mean() - d[np.argmax(b) // b.shape[1]].mean()
            ),
            "best_on_one_image",
        ),
        "ratio": (
            lambda a, b, c, d: c[a.mean(1).argmax()].mean() / d[b.mean(1).argmax()].mean() - 1,
            None,
        ),
        "worst setting": (
            lambda a, b, c, d: c[a.mean(1).argmin()].mean() - d[b.mean(1).argmin()].mean(),
            None,
        ),
        "means of all settings": (lambda a, b, c, d: c.mean() - d.mean(), None),
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
    "read_failure": {
        "by number": (_by_number, None),
        "by area": (_by_area, None),
        "nouns": (lambda true, found: _failure_by_table(true, found).removesuffix("ed"), None),
        "arguments swapped": (
            lambda true, found: _failure_by_table(found, true),
            "truth_and_finding_swapped",
        ),
        "capitals": (lambda true, found: _failure_by_table(true, found).upper(), None),
    },
}
