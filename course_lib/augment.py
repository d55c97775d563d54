"""The augmentations of the U-Net paper: crops, flips, rotation, elastic deformation, intensity."""

import math

import torch
from torch.nn.functional import grid_sample, interpolate

from ._validation import as_count


def elastic_crops(
    images, maps, size, batch, generator, *, rotation=180.0, scale=0.15, elastic=4.0, grid=3
):
    """Random crops, flipped, rotated, scaled and elastically deformed.

    Where a crop reaches over an edge, the image is mirrored.

    Parameters
    ----------
    images : tensor of float, shape (n, channels, height, width)
    maps : sequence of tensor, each of shape (n, channels, height, width)
        What moves along with the images: a tensor of whole numbers (labels) is sampled at the
        nearest pixel, one of floats (weights) is interpolated.
    size, batch : int
        Side of the crops in pixels; number of crops.
    generator : torch.Generator
    rotation : float
        Largest rotation to either side in degrees.
    scale : float
        Crops show the image enlarged or reduced by up to this share.
    elastic : float
        Standard deviation in pixels of the displacement vectors on a coarse grid, between which
        displacements are interpolated bicubically. The paper has 10, on images of 512 pixels.
    grid : int
        Nodes of the coarse grid along each side of a crop. The paper has 3.

    Returns
    -------
    crops : tensor, shape (batch, channels, size, size)
    cropped_maps : list of tensor
        In the order of `maps`, with their types.
    """
    for name, value, least in (("size", size, 1), ("batch", batch, 1), ("grid", grid, 2)):
        as_count(value, name, least)
    if images.ndim != 4:
        raise ValueError(
            "images must have the shape (n, channels, height, width), got shape "
            f"{tuple(images.shape)}."
        )
    n, _, height, width = images.shape
    for number, values in enumerate(maps):
        if values.shape[-2:] != images.shape[-2:]:
            raise ValueError(
                f"maps[{number}] must be as large as images, {height}×{width}, got shape "
                f"{tuple(values.shape)}."
            )
    which = torch.randint(n, (batch,), generator=generator)
    x, y = _positions(size, batch, generator, elastic, grid)
    x, y = _turned(x, y, batch, generator, rotation, scale)
    x = x + _somewhere(width, size, batch, generator)
    y = y + _somewhere(height, size, batch, generator)
    # grid_sample counts from -1 to 1 over the outer edges of the image.
    places = torch.stack([(2 * x + 1) / width - 1, (2 * y + 1) / height - 1], dim=-1)
    return _sample(images, which, places), [_sample(m, which, places) for m in maps]


def jitter_intensity(images, generator, gain=0.2, noise=0.05):
    """Scale the contrast of each image by a random factor and add pixel noise.

    Parameters
    ----------
    images : tensor, shape (n, channels, height, width)
        Standardized to about unit range.
    generator : torch.Generator
    gain, noise : float
        Standard deviations of the factor around 1 and of the noise.
    """
    factor = 1 + gain * torch.randn(len(images), 1, 1, 1, generator=generator)
    grain = noise * torch.randn(images.shape, generator=generator)
    return images * factor.to(images.device) + grain.to(images.device)


def _positions(size, batch, generator, elastic, grid):
    """Coordinates of a crop's pixels around its center, elastically displaced and flipped."""
    line = torch.arange(size) - (size - 1) / 2
    y, x = torch.meshgrid(line, line, indexing="ij")
    nodes = elastic * torch.randn(batch, 2, grid, grid, generator=generator)
    shift = interpolate(nodes, size=(size, size), mode="bicubic", align_corners=True)
    flip = 2.0 * torch.randint(2, (batch, 1, 1), generator=generator) - 1
    return flip * x + shift[:, 0], y + shift[:, 1]


def _turned(x, y, batch, generator, rotation, scale):
    """Rotated and scaled by a random angle and factor for each crop."""
    spread = 2 * torch.rand(2, batch, 1, 1, generator=generator) - 1
    angle, factor = math.radians(rotation) * spread[0], 1 + scale * spread[1]
    cos, sin = factor * torch.cos(angle), factor * torch.sin(angle)
    return cos * x - sin * y, sin * x + cos * y


def _somewhere(length, size, batch, generator):
    """Centers of crops along one side, so that most of a crop lies inside of the image."""
    inset = min(0.45 * size, (length - 1) / 2)
    spread = torch.rand(batch, 1, 1, generator=generator)
    return inset + (length - 1 - 2 * inset) * spread


def _sample(values, which, places):
    exact = torch.float64 if _beyond_float32(values) else torch.float32
    mode = "bilinear" if values.is_floating_point() else "nearest"
    alone = len(values) == 1
    # A single image is not copied for every crop.
    chosen = values.to(exact).expand(len(which), -1, -1, -1) if alone else values[which].to(exact)
    sampled = grid_sample(
        chosen,
        places.to(values.device, exact),
        mode=mode,
        padding_mode="reflection",
        align_corners=False,
    )
    return sampled.to(values.dtype)


def _beyond_float32(values):
    """Whether these are labels that floats of 32 bits cannot tell apart."""
    return not values.is_floating_point() and values.numel() and values.max() > 2**24
