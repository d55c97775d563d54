"""Transfer learning: a network that knows photographs learns to look at films."""

from collections import OrderedDict

import torch
from torch import nn
from torch.nn.functional import affine_grid, grid_sample


def features(network, x, batch=64):
    """What each block of a frozen network says about images, averaged over their pixels.

    Parameters
    ----------
    network : EfficientNetLite0
    x : tensor, shape (n, 3, height, width)
        In [0, 1].

    Returns
    -------
    dict of tensor
        From 0 to 15 (blocks) and ``"head"`` to features (n, channels).
    """
    found = {}
    network.eval()
    with torch.no_grad():
        for part in x.split(batch):
            y = network.stem(network.standardize(part))
            for number, block in enumerate(network.blocks):
                y = block(y)
                found.setdefault(number, []).append(y.mean((2, 3)))
            found.setdefault("head", []).append(network.head(y).mean((2, 3)))
    return {layer: torch.cat(parts) for layer, parts in found.items()}


class Features(nn.Sequential):
    """What an `EfficientNetLite0` does before it decides, as the first part of one's own network.

    Takes standardized images (batch, 3, height, width) and gives maps (batch, 1280, height / 32,
    width / 32). The layers are those of the network itself, not copies. Batch normalization keeps
    the mean and variance of the photographs, in training too.

    Parameters
    ----------
    network : EfficientNetLite0
    blocks : int, optional
        Stop after so many blocks, without the head: 13 give maps of 192 channels.
    """

    def __init__(self, network, blocks=None):
        layers = OrderedDict(stem=network.stem, blocks=network.blocks[:blocks])
        if blocks is None:
            layers["head"] = network.head
        super().__init__(layers)

    def train(self, mode=True):
        """Dropout and the like change their mode; batch normalization stays in evaluation."""
        super().train(mode)
        for layer in self.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.eval()
        return self


# Augmentations that keep a chest film what it is: no flip, for the heart lies on the left


class ShiftAndTurn(nn.Module):
    """Each film a little turned, shifted and scaled, as children lie; `v2.RandomAffine` elsewhere.

    Parameters
    ----------
    degrees : float
        Largest turn to either side.
    shift, scale : float
        Largest shift as a share of the side; largest change of size.
    """

    def __init__(self, degrees=9.0, shift=0.04, scale=0.1):
        super().__init__()
        self.degrees, self.shift, self.scale = degrees, shift, scale

    def forward(self, x):
        """Changed images (batch, channels, height, width); edges are continued."""
        angle = torch.deg2rad(self.degrees * _even(len(x)))
        size = 1 + self.scale * _even(len(x))
        # The grid runs from -1 to 1, so a shift by the whole side is 2.
        right, down = 2 * self.shift * _even(len(x)), 2 * self.shift * _even(len(x))
        cos, sin = size * angle.cos(), size * angle.sin()
        rows = torch.stack([cos, -sin, right], 1), torch.stack([sin, cos, down], 1)
        grid = affine_grid(torch.stack(rows, 1), x.shape, align_corners=False)
        return grid_sample(x, grid.to(x), padding_mode="border", align_corners=False)


class Exposure(nn.Module):
    """Each film with more or less contrast and light; near to it is `v2.ColorJitter`.

    Parameters
    ----------
    contrast, light : float
        Largest change of the contrast around 0, and of what is added, in units of the input.
    """

    def __init__(self, contrast=0.25, light=0.4):
        super().__init__()
        self.contrast, self.light = contrast, light

    def forward(self, x):
        """Changed images (batch, channels, height, width)."""
        each = (len(x), 1, 1, 1)
        factor, more = 1 + self.contrast * _even(*each), self.light * _even(*each)
        return x * factor.to(x.device) + more.to(x.device)


def _even(*shape):
    """Numbers between -1 and 1, from torch's own source of chance, as torchvision draws them."""
    return 2 * torch.rand(shape) - 1
