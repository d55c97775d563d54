"""A unit seen from outside: which pixels move it, and what excites it in photographs."""

from typing import NamedTuple

import numpy as np
import torch

from .._validation import as_array, as_count, as_position
from ..nets.layers import as_numpy, called_once, evaluating, outputs_of, to_batch
from .objectives import maps_of


def influence(model, layer, images):
    """How much each pixel moves the middle unit of a layer: the effective receptive field.

    Parameters
    ----------
    model : torch.nn.Module
    layer : str
    images : array_like in [0, 1], shape (n, height, width, 3) or (n, height, width)

    Returns
    -------
    ndarray of float, shape (height, width)
        Mean size of the gradient of the middle unit, over channels and images; its sum is 1.

    Raises
    ------
    ValueError
        If no pixel moves the unit, as in a layer whose rectifiers all give 0.

    References
    ----------
    Luo, Li, Urtasun & Zemel 2016, "Understanding the effective receptive field in deep
    convolutional neural networks", NeurIPS.
    """
    total = 0
    with evaluating(model):
        for image in images:
            x = to_batch(image, model, "images").requires_grad_(True)
            maps = maps_of(outputs_of(model, [layer], x, "images"), layer)
            # Signs at random: otherwise channels that disagree would cancel.
            signs = torch.randn(maps.shape[1], generator=torch.Generator().manual_seed(0))
            middle = maps[0, :, maps.shape[2] // 2, maps.shape[3] // 2]
            (gradient,) = torch.autograd.grad((signs.to(middle) * middle).sum(), x)
            total = total + gradient[0].abs().sum(0)
        called_once(model, [layer], x)
    total = as_numpy(total).astype(float)
    if not total.any():
        raise ValueError(f"layer {layer!r} must answer to the images, but no pixel moves it.")
    return total / total.sum()


class Patches(NamedTuple):
    """Windows of photographs, the most exciting first, and what the unit answered.

    Attributes
    ----------
    images : ndarray, shape (channels, count, size, size, 3)
    values : ndarray, shape (channels, count)
    """

    images: np.ndarray
    values: np.ndarray


def top_patches(model, layer, channels, images, count=3, size=64):
    """The patches of some photographs that excite each channel most, one from each photograph.

    Parameters
    ----------
    model : torch.nn.Module
    layer : str
    channels : sequence of int
    images : array_like in [0, 1], shape (n, height, width, 3)
        All of one size.
    count : int
        Patches for each channel, at most n.
    size : int
        Side of the patches in pixels, at most height and width.

    Returns
    -------
    Patches
    """
    images = as_array(images, "images")
    as_count(count, "count", 1, len(images))
    as_count(size, "size", 1, min(images.shape[1:3]))
    with evaluating(model), torch.no_grad():
        batches = [to_batch(image, model, "images") for image in images]
        outputs = (outputs_of(model, [layer], x, "images") for x in batches)
        maps = torch.cat([maps_of(output, layer) for output in outputs])
        called_once(model, [layer], batches[0])
    known, height, width = maps.shape[1:]
    channels = [as_position(c, known, f"channel (layer {layer})") for c in channels]
    peaks, places = maps[:, channels].flatten(2).max(2)
    rows, columns = (as_numpy(p) for p in (places // width, places % width))
    peaks = as_numpy(peaks)
    order = peaks.argsort(0)[::-1][:count]
    patches = [
        [
            _window(images[i], (rows[i, c] + 0.5) / height, (columns[i, c] + 0.5) / width, size)
            for i in order[:, c]
        ]
        for c in range(len(channels))
    ]
    values = np.take_along_axis(peaks, order, 0).T
    return Patches(np.array(patches), values)


def _window(image, down, across, size):
    """The square around a relative place, moved inside the image."""
    top, left = (
        int(np.clip(round(share * n - size / 2), 0, n - size))
        for share, n in zip((down, across), image.shape[:2], strict=True)
    )
    return image[top : top + size, left : left + size]
