"""Transfer learning: a network that knows photographs learns to look at cells and films."""

from collections import OrderedDict

import torch
from torch import nn
from torch.nn.functional import affine_grid, conv2d, cross_entropy, grid_sample, pad

from ._validation import as_count, as_position, same_length
from .training import fit

#: Blocks of EfficientNetLite0.
BLOCKS = 16


def as_batch(images):
    """Eight-bit color images (n, height, width, 3) as the network's input, float32 in [0, 1]."""
    x = torch.as_tensor(images)
    if x.dtype != torch.uint8 or x.ndim != 4 or x.shape[3] != 3 or not len(x):
        raise ValueError(
            f"images must be uint8 of shape (n, height, width, 3), got {x.dtype} {tuple(x.shape)}."
        )
    return x.permute(0, 3, 1, 2).float().div(255).contiguous(memory_format=torch.channels_last)


def features(network, x, batch=64):
    """What each block of a frozen network says about images, averaged over their pixels.

    Parameters
    ----------
    network : EfficientNetLite0
    x : tensor, shape (n, 3, height, width)
        In [0, 1], as `as_batch` gives.

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


class Transfer(nn.Module):
    """An EfficientNetLite0 of which only the upper part learns; the network itself is changed.

    Parameters
    ----------
    network : EfficientNetLite0
    first_block : int
        Blocks from this one on learn, and the head and the logits; 0 is all but the stem, 16 the
        head and the logits alone.
    frozen_norms : bool, default True
        Batch normalization keeps the mean and variance of the photographs. False takes those of
        each batch in training, and moves its memory towards them.
    """

    def __init__(self, network, first_block, frozen_norms=True):
        super().__init__()
        self.network = network
        self.first_block = as_position(first_block, BLOCKS + 1, "first_block")
        self.frozen_norms = frozen_norms
        network.requires_grad_(False)
        for part in (*network.blocks[first_block:], network.head, network.logits):
            part.requires_grad_(True)

    def train(self, mode=True):
        """Training concerns the upper part; what is frozen never collects statistics."""
        super().train(mode)
        lower = [self.network.stem, *self.network.blocks[: self.first_block]]
        for part in [self.network] if self.frozen_norms else lower:
            for layer in part.modules():
                if isinstance(layer, nn.BatchNorm2d):
                    layer.eval()
        return self

    def lower(self, x):
        """Feature maps of the frozen part, (batch, channels, height, width)."""
        network = self.network
        with torch.no_grad():
            return network.blocks[: self.first_block](network.stem(network.standardize(x)))

    def upper(self, maps):
        """Logits (batch, classes) from the maps that `lower` gives."""
        network = self.network
        return network.logits(network.head(network.blocks[self.first_block :](maps)).mean((2, 3)))

    def forward(self, x):
        """Logits (batch, classes) of images."""
        return self.upper(self.lower(x))


class _Upper(nn.Module):
    """The upper part alone, for maps that were computed before."""

    def __init__(self, transfer):
        super().__init__()
        self.transfer = transfer

    def forward(self, maps):
        return self.transfer.upper(maps)


def new_head(network, classes, seed=0):
    """Replace the last layer by a random one for other classes; returns the network."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network.logits = nn.Linear(network.logits.in_features, classes)
    return network


def fit_head(network, x, y_true, *, augment=None, copies=1, iterations=150, lr=2e-3, seed=0):
    """Train the last layer alone, on features that are computed once.

    Parameters
    ----------
    network : EfficientNetLite0
        With a head for the classes, see `new_head`. Nothing but ``logits`` is changed.
    x : tensor, shape (n, 3, height, width) or (n, 1280)
        Images, or what ``features(network, images)["head"]`` gave for them.
    y_true : array_like of int, shape (n,)
    augment : callable, optional
        ``augment(x, generator)`` returns changed images.
    copies : int
        Augmented copies of each image beside the original.
    iterations, lr, seed
        See `course_lib.training.fit`.

    Returns
    -------
    course_lib.training.History
    """
    generator = torch.Generator().manual_seed(seed)
    y_true = torch.as_tensor(y_true)
    same_length(x=x, y_true=y_true)
    if x.ndim == 2:
        known, truth = x, y_true
    else:
        seen = [x, *(augment(x, generator) for _ in range(copies if augment else 0))]
        known = torch.cat([features(network, images)["head"] for images in seen])
        truth = y_true.repeat(len(seen))

    def draw(generator):
        at = torch.randint(len(known), (64,), generator=generator)
        return known[at], truth[at]

    network.logits.requires_grad_(True)
    return fit(
        network.logits, draw, cross_entropy, iterations=iterations, lr=lr, seed=seed, quiet=True
    )


def fine_tune(
    network,
    x,
    y_true,
    *,
    first_block=5,
    frozen_norms=True,
    augment=None,
    iterations=200,
    batch=16,
    lr=3e-4,
    ema=None,
    seed=0,
    **options,
):
    """Train the upper blocks and the head together; the network is changed in place.

    Parameters
    ----------
    network : EfficientNetLite0
    x : tensor, shape (n, 3, height, width)
    y_true : array_like of int, shape (n,)
    first_block, frozen_norms
        See `Transfer`.
    augment : callable, optional
        ``augment(x, generator)`` returns changed images; every batch is augmented anew. Without it
        the frozen part is computed once, which is much faster.
    iterations, lr, ema, seed
        See `course_lib.training.fit`, which also takes the further options.
    batch : int

    Returns
    -------
    course_lib.training.History
    """
    y_true = torch.as_tensor(y_true)
    same_length(x=x, y_true=y_true)
    as_count(batch, "batch", least=1)

    learner = Transfer(network, first_block, frozen_norms)
    if augment is None:
        # What is frozen says the same about the same image, so it is asked once.
        x = torch.cat([learner.eval().lower(part) for part in x.split(64)])
        learner = _Upper(learner)

    def draw(generator):
        at = torch.randint(len(x), (batch,), generator=generator)
        return (augment(x[at], generator) if augment else x[at]), y_true[at]

    def loss(logits, truth):
        return cross_entropy(logits, truth, label_smoothing=0.05)

    options = {"quiet": True, "weight_decay": 1e-2, **options}
    return fit(learner, draw, loss, iterations=iterations, lr=lr, ema=ema, seed=seed, **options)


# Augmentations that keep a blood cell what it is


def augment_cells(x, generator):
    """`turn`, `restain` and `refocus`: what differs between slides, and nothing else."""
    return refocus(restain(turn(x, generator), generator), generator)


def turn(x, generator):
    """Each image in one of its eight orientations: a cell has no upper side."""
    ways = torch.randint(8, (len(x),), generator=generator).tolist()
    mirrored = (i.flip(2) if way >= 4 else i for i, way in zip(x, ways, strict=True))
    return torch.stack([torch.rot90(i, way, (1, 2)) for i, way in zip(mirrored, ways, strict=True)])


def restain(x, generator, strength=1.0):
    """More or less stain, of a slightly other color, under a slightly other lamp.

    Light passes stain as ``I = I0 · 10^(-density)``, so the amount of stain multiplies the optical
    density and a lamp adds to it.
    """
    density = -torch.log10(x.clamp_min(1 / 255))
    amount = torch.exp(strength * (_normal(x, 1, 0.20, generator) + _normal(x, 3, 0.15, generator)))
    lamp = strength * (_normal(x, 1, 0.03, generator) + _normal(x, 3, 0.04, generator))
    return (10 ** -(density * amount + lamp)).clamp(0, 1)


def refocus(x, generator, noise=0.02):
    """A little blurred or sharpened, with a little noise."""
    line = torch.tensor([0.25, 0.5, 0.25])
    kernel = (line[:, None] * line).expand(x.shape[1], 1, 3, 3)
    blurred = conv2d(pad(x, (1, 1, 1, 1), mode="replicate"), kernel, groups=x.shape[1])
    share = 0.8 * torch.rand(len(x), 1, 1, 1, generator=generator) - 0.2
    level = noise * torch.rand(len(x), 1, 1, 1, generator=generator)
    grain = level * torch.randn(x.shape, generator=generator)
    return (x + share * (blurred - x) + grain).clamp(0, 1)


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
    """Each film with more or less contrast and light; `v2.ColorJitter` elsewhere.

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
        return x * (1 + self.contrast * _even(*each)) + self.light * _even(*each)


def _even(*shape):
    """Numbers between -1 and 1, from torch's own source of chance, as torchvision draws them."""
    return 2 * torch.rand(shape) - 1


def _normal(x, channels, sd, generator):
    return sd * torch.randn(len(x), channels, 1, 1, generator=generator)
