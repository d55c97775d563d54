"""What a trained U-Net makes of an image, step by step: maps, and the pixels that a unit sees."""

import numpy as np
import torch
from torch import nn
from torch.nn.functional import max_pool2d

from .._validation import as_image, as_probability
from ..nets.layers import as_numpy, evaluating, to_batch
from ..nets.unet import UNet
from .sprites import sheet

#: Maps of a step that are shown.
SHOWN = 4
_COLUMNS = 8


def checked(network, image):
    """The arguments of `trace_unet` for a network, and the image as an array.

    Raises
    ------
    ValueError
        If the network's maps cannot be shown, or the image does not fit it.
    """
    if (
        not isinstance(network, UNet)
        or not (network.padded and network.skips)
        or network.contract[0][0].in_channels != 1
        or network.classify.out_channels != 2
    ):
        raise ValueError(
            "network must be a padded U-Net with skips, for images of one channel and two classes."
        )
    image = as_probability(as_image(image, "image"), "image")
    if image.shape[0] != image.shape[1] or len(image) > 256:
        raise ValueError(f"image must be square, at most 256 a side, got {image.shape}.")
    network.output_size(*image.shape)
    settings = {
        "channels": network.classify.in_channels,
        "depth": network.depth,
        "padded": True,
        "size": len(image),
        "batch_norm": any(isinstance(module, nn.BatchNorm2d) for module in network.modules()),
    }
    return settings, image


def walk(network, x, skips=True):
    """The maps after each step, in the order of `trace_unet`; without skips, zeros cross the U."""
    steps, across = [x], []

    def keep(maps):
        steps.append(maps)
        return maps

    def convolve_twice(block, x):
        for layer in block:
            x = layer(x)
            if isinstance(layer, nn.ReLU):
                keep(x)
        return x

    for level in network.contract:
        across.append(convolve_twice(level, steps[-1]))
        keep(max_pool2d(across[-1], 2))
    x = convolve_twice(network.bottom, steps[-1])
    for up, expand, skip in zip(network.up, network.expand, reversed(across), strict=True):
        x = keep(up(x))
        x = keep(torch.cat([skip if skips else torch.zeros_like(skip), x], dim=1))
        x = convolve_twice(expand, x)
    keep(network.classify(x))
    return steps


def most_varying(maps, joined):
    """Channels whose maps vary most over the image, the most varying first.

    After a concatenation half of them are from what crossed the U, which lies on top.
    """
    spread = maps.reshape(len(maps), -1).std(axis=1)
    if not joined:
        return np.argsort(-spread, kind="stable")[:SHOWN].tolist()
    half = len(maps) // 2
    crossed, below = (
        np.argsort(-part, kind="stable")[: SHOWN // 2] for part in (spread[:half], spread[half:])
    )
    return [*crossed.tolist(), *(half + below).tolist()]


def influence(maps, x):
    """Size of the gradient of the middle unit by every pixel, (height, width); its sum is 1 or 0.

    As `course_lib.visualize.influence`, for a step that is no layer.
    """
    middle = maps[0, :, maps.shape[2] // 2, maps.shape[3] // 2]
    # Signs at random: otherwise channels that disagree would cancel.
    signs = torch.randn(len(middle), generator=torch.Generator().manual_seed(0))
    (gradient,) = torch.autograd.grad((signs.to(middle) * middle).sum(), x, retain_graph=True)
    size = as_numpy(gradient[0, 0].abs()).astype(float)
    return size / (size.sum() or 1)


def reach(share, units):
    """The box of pixels that have influence on the middle unit, and the box that has most of it.

    Parameters
    ----------
    share : ndarray, shape (size, size)
        From `influence`.
    units : int
        Units side by side in the map.

    Returns
    -------
    dict
        ``field`` and ``most``, each ``[left, top, right, bottom]``: the second is the smallest
        square around the unit with 90 % of the influence, as far as it lies in the image. Empty if
        no pixel has any.
    """
    if not share.any():
        return {}
    size = len(share)
    seen = np.argwhere(share > 0)
    (top, left), (bottom, right) = seen.min(axis=0), seen.max(axis=0) + 1
    middle = (units // 2 + 0.5) * size / units
    # How far a square around the unit must go to hold a pixel
    far = np.abs(np.arange(size) + 0.5 - middle) + 0.5
    far = np.maximum.outer(far, far).ravel()
    order = np.argsort(far, kind="stable")
    half = far[order][np.searchsorted(share.ravel()[order].cumsum(), 0.9)]
    low, high = max(middle - half, 0), min(middle + half, size)
    return {
        "field": [int(left), int(top), int(right), int(bottom)],
        "most": [int(v) for v in (low, low, high, high)],
    }


def shown_maps(network, image, kinds):
    """All that the front end needs to know, as JSON.

    Parameters
    ----------
    network, image
        From `checked`.
    kinds : sequence of str
        Of the steps, as in `trace_unet`.

    Returns
    -------
    dict
        ``sheets``: tiles of each level. ``steps``, for skips as trained and for skips set to 0:
        of each step ``channels``, their ``tiles``, and what `reach` gives. ``answers``: the tile of
        P(cell), and the share of pixels that are on the other side of one half than as trained.
    """
    with evaluating(network):
        x = to_batch(image, network).requires_grad_(True)
        both = [walk(network, x, skips) for skips in (True, False)]
        reached = [[reach(influence(m, x), m.shape[3]) for m in way] for way in both]
        p = [as_numpy(way[-1].softmax(1)[0, 1]) for way in both]
    trained, zeroed = ([as_numpy(maps[0]) for maps in way] for way in both)
    pictures = [[] for _ in range(network.depth + 1)]

    def tile(picture, level):
        """Its place in the sheet of the level; what a skip does not change has one tile."""
        for at, other in enumerate(pictures[level]):
            if np.array_equal(other, picture):
                return at
        pictures[level].append(picture)
        return len(pictures[level]) - 1

    steps = [[], []]
    for kind, before, *two_maps in zip(kinds, trained, trained, zeroed, strict=True):
        level = (len(image) // before.shape[1]).bit_length() - 1
        channels = most_varying(before, kind == "join")
        for way, maps in zip(steps, two_maps, strict=True):
            tiles = []
            for channel in channels:
                low, high = before[channel].min(), before[channel].max()
                scaled = (maps[channel] - low) / max(high - low, 1e-12)
                tiles.append(tile(scaled.clip(0, 1), level))
            way.append({"channels": channels, "tiles": tiles})
    for way, boxes in zip(steps, reached, strict=True):
        for step, two in zip(way, boxes, strict=True):
            step.update(two)
    answers = [
        {"tile": tile(one, 0), "changed": round(float(((one > 0.5) != (p[0] > 0.5)).mean()), 4)}
        for one in p
    ]
    return {
        "size": len(image),
        "columns": _COLUMNS,
        "counts": [len(level) for level in pictures],
        "answers": answers,
        "sheets": [sheet(level, _COLUMNS) for level in pictures],
        "steps": steps,
    }
