"""U-Net (Ronneberger, Fischer & Brox 2015, arXiv 1505.04597), as in its figure 1."""

import torch
from torch import nn
from torch.nn.functional import max_pool2d

from .._validation import as_count


class UNet(nn.Module):
    """A contracting path that sees context, an expanding path that finds its way back to pixels.

    ::

        x ── contract[0] ─────────── skip ───────────► expand[-1] ── classify ── logits
                  └ pool ─ contract[1] ── skip ──► expand[-2] ┘ up
                              └ pool ─ … ─ bottom ─ … ┘ up

    Parameters
    ----------
    channels : int
        Of the first level; each pooling doubles them. The paper has 64.
    depth : int
        Number of poolings. The paper has 4.
    classes : int
        Channels of the output, before softmax.
    in_channels : int, default 1
    padded : bool, default True
        True keeps height and width, which must be multiples of ``2**depth``. False is the
        paper's form: every 3×3 convolution takes away a border of one pixel, so that no output
        pixel saw anything but image (572 pixels in, 388 out).
    skips : bool, default True
        False leaves out the connections across the U, to see what they are good for.
    batch_norm : bool, default True
        Batch normalization after every 3×3 convolution, which the paper did not have yet. False
        gives the paper's parameters: 31 million.
    """

    def __init__(
        self, channels, depth, classes, in_channels=1, padded=True, skips=True, batch_norm=True
    ):
        super().__init__()
        sizes = {"channels": channels, "depth": depth, "classes": classes}
        for name, value in (sizes | {"in_channels": in_channels}).items():
            as_count(value, name, least=1)
        self.depth, self.padded, self.skips = depth, padded, skips
        widths = [channels * 2**level for level in range(depth + 1)]
        *levels, self.bottom = (
            double_conv(before, after, padded, batch_norm)
            for before, after in zip([in_channels, *widths], widths, strict=False)
        )
        self.contract = nn.ModuleList(levels)
        self.up, self.expand = nn.ModuleList(), nn.ModuleList()
        for wide, narrow in zip(widths[:0:-1], widths[-2::-1], strict=True):
            self.up.append(nn.ConvTranspose2d(wide, narrow, kernel_size=2, stride=2))
            joined = 2 * narrow if skips else narrow
            self.expand.append(double_conv(joined, narrow, padded, batch_norm))
        self.classify = nn.Conv2d(channels, classes, kernel_size=1)

    def forward(self, x):
        """Logits (batch, classes, height, width) of images (batch, in_channels, height, width)."""
        self.output_size(*x.shape[-2:])
        skips = []
        for level in self.contract:
            x = level(x)
            skips.append(x)
            x = max_pool2d(x, 2)
        x = self.bottom(x)
        for up, expand, skip in zip(self.up, self.expand, reversed(skips), strict=True):
            x = up(x)
            if self.skips:
                x = torch.cat([center_crop(skip, x.shape[-2:]), x], dim=1)
            x = expand(x)
        return self.classify(x)

    def output_size(self, height, width):
        """Height and width of the output for an input of that size.

        Raises
        ------
        ValueError
            If an input of that size does not fit the network, naming the nearest larger that does.
        """
        return tuple(self._fit(size, name) for size, name in ((height, "height"), (width, "width")))

    def _fit(self, size, name):
        out = self._pass(size)
        if out is None:
            # Fitting sizes lie 2**depth apart, and the unpadded form needs some border first.
            fits = next(n for n in range(size + 1, size + 16 * 2**self.depth) if self._pass(n))
            raise ValueError(
                f"x of {name} {size} does not fit a U-Net of depth {self.depth}: the {name} must "
                f"stay whole in every pooling. Pad it to {fits} with mirrored borders, or predict "
                "in tiles with course_lib.segmentation.predict_tiled."
            )
        return out

    def _pass(self, size):
        """One side of the output, or None if a pooling would lose a line or nothing remains."""
        lost = 0 if self.padded else 4
        for _ in range(self.depth):
            size -= lost
            if size <= 0 or size % 2:
                return None
            size //= 2
        size -= lost
        for _ in range(self.depth):
            size = 2 * size - lost
        return size if size > 0 else None


def double_conv(before, after, padded=True, batch_norm=True):
    """Two 3×3 convolutions, each followed by a rectifier: the unit that U-Net is made of."""
    layers = []
    for channels in (before, after):
        # A bias in front of batch normalization would be subtracted again with the mean.
        layers.append(nn.Conv2d(channels, after, 3, padding=int(padded), bias=not batch_norm))
        layers += [nn.BatchNorm2d(after)] if batch_norm else []
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


def center_crop(x, size):
    """The middle (height, width) of the last two axes."""
    top, left = ((have - want) // 2 for have, want in zip(x.shape[-2:], size, strict=True))
    return x[..., top : top + size[0], left : left + size[1]]
