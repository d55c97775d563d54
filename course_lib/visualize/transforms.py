"""Small random motions between the image and the network.

What survives them cannot be grain that fits the network's grid by chance. Each function here makes
a transform: a function of a batch (batch, channels, height, width) and a generator.
"""

import math

import torch
from torch.nn import functional as F


def pad(pixels, value=0.5):
    """A gray border."""
    return lambda x, generator: F.pad(x, (pixels,) * 4, value=value)


def jitter(pixels):
    """Shift by up to so many pixels each way; what leaves on one side returns on the other."""

    def transform(x, generator):
        dy, dx = torch.randint(-pixels, pixels + 1, (2,), generator=generator).tolist()
        return x.roll((dy, dx), (2, 3))

    return transform


def turn_and_zoom(degrees, zoom, crop=0):
    """Turn by up to so many degrees each way, magnify between the two factors, cut a border off."""

    def transform(x, generator):
        turn, size = torch.rand(2, generator=generator).tolist()
        angle = math.radians(degrees) * (2 * turn - 1)
        factor = zoom[0] + (zoom[1] - zoom[0]) * size
        c, s = math.cos(angle) / factor, math.sin(angle) / factor
        H, W = x.shape[2:]
        h, w = H - 2 * crop, W - 2 * crop
        # Places run from -1 to 1 over the output and over the input, whatever their sizes.
        rows = [[c * w / W, -s * h / W, 0.0], [s * w / H, c * h / H, 0.0]]
        matrix = torch.tensor([rows], dtype=x.dtype, device=x.device)
        grid = F.affine_grid(matrix, (1, 1, h, w), align_corners=False).expand(len(x), h, w, 2)
        return F.grid_sample(x, grid, padding_mode="reflection", align_corners=False)

    return transform


def compose(*transforms):
    """One transform after the other."""

    def transform(x, generator):
        for each in transforms:
            x = each(x, generator)
        return x

    return transform


def standard(pixels=8, degrees=8, zoom=(0.9, 1.1)):
    """The mixture that suits channels: shifts, small turns, small changes of size."""
    border = pixels + 4
    return compose(pad(border), jitter(pixels), turn_and_zoom(degrees, zoom, crop=border))


def none(x, generator):
    """The image as it is."""
    return x
