"""What to maximize: objectives that add, scale and negate.

::

    0.2 * channel("blocks.4", 7) + 0.8 * channel("blocks.12.expand.norm", 3)

An objective looks at the outputs of layers and gives one number an image. Where a channel is a
sequence, image i of the batch follows its i-th entry, so that a sheet is one optimization.
"""

from collections.abc import Sequence

import numpy as np
import torch

from .._validation import as_position
from ..nets.layers import shares_of


class Objective:
    """A function from the outputs of layers to one number an image.

    Attributes
    ----------
    layers : tuple of str
    batch : int or None
        Number of images that it is made for; None fits any number.
    """

    # NumPy would otherwise multiply element by element.
    __array_ufunc__ = None

    def __init__(self, layers, score, batch=None):
        self.layers = tuple(layers)
        self.score = score
        self.batch = batch

    def __call__(self, outputs):
        """Scores (batch,) from a dictionary of layers' outputs."""
        return self.score(outputs)

    def __add__(self, other):
        if not isinstance(other, Objective):
            return NotImplemented
        batches = {b for b in (self.batch, other.batch) if b is not None}
        if len(batches) > 1:
            raise ValueError(
                f"objectives that are added must be for equally many images, got {self.batch} and "
                f"{other.batch}."
            )
        layers = dict.fromkeys((*self.layers, *other.layers))
        return Objective(layers, lambda o: self(o) + other(o), next(iter(batches), None))

    def __mul__(self, factor):
        factors = np.asarray(factor)
        if factors.dtype.kind not in "biuf" or factors.ndim > 1:
            return NotImplemented
        batch = len(factors) if factors.ndim else None
        if batch and self.batch not in (None, batch):
            raise ValueError(f"factor must hold {self.batch} numbers, one an image, got {batch}.")

        def score(outputs):
            scores = self(outputs)
            return scores * torch.as_tensor(factors, dtype=scores.dtype, device=scores.device)

        return Objective(self.layers, score, batch or self.batch)

    __rmul__ = __mul__

    def __neg__(self):
        return -1 * self

    def __sub__(self, other):
        return self + -other


def neuron(layer, channel, row=None, column=None):
    """One unit at one place, ``layer_n[x, y, z]``; by default in the middle of the map."""
    picked = _Picked(layer, channel)

    def score(outputs):
        maps = picked.maps(outputs)
        height, width = maps.shape[1:]
        y = height // 2 if row is None else as_position(row, height, "row")
        x = width // 2 if column is None else as_position(column, width, "column")
        return maps[:, y, x]

    return Objective([layer], score, picked.batch)


def channel(layer, channel):
    """One feature wherever it occurs, ``layer_n[:, :, z]``: the mean over the map."""
    picked = _Picked(layer, channel)
    return Objective([layer], lambda o: picked.maps(o).mean((1, 2)), picked.batch)


def layer(layer):
    """Whatever a layer already sees, ``layer_n[:, :, :]²``: DeepDream's objective.

    Mordvintsev, Olah & Tyka 2015, "Inceptionism".
    """
    return Objective([layer], lambda o: maps_of(o, layer).square().mean((1, 2, 3)))


def class_logit(layer, k):
    """The score of class k before softmax, ``pre_softmax[k]`` (Simonyan 2013)."""
    picked = _Picked(layer, k, "k")
    return Objective([layer], picked.logits, picked.batch)


def class_probability(layer, k):
    """The probability of class k, ``softmax[k]``, where `layer` gives logits; sigmoid of one."""
    picked = _Picked(layer, k, "k")

    def score(outputs):
        return picked.of(shares_of(_logits(outputs, layer)))

    return Objective([layer], score, picked.batch)


def diversity(layer):
    """How different the images of a batch are: minus the mean cosine of their Gram matrices.

    A small multiple of it, added to a channel, shows several faces of one unit. Olah, Mordvintsev &
    Schubert 2017, "Feature visualization", Distill.
    """

    def score(outputs):
        maps = maps_of(outputs, layer).flatten(2)
        if len(maps) < 2:
            raise ValueError("diversity needs a batch of at least 2 images.")
        gram = (maps @ maps.transpose(1, 2)).flatten(1)
        gram = gram / gram.norm(dim=1, keepdim=True)
        cosines = gram @ gram.T
        return -(cosines.sum(1) - cosines.diagonal()) / (len(maps) - 1)

    return Objective([layer], score)


def as_objective(value):
    """Return `value`, or raise ``ValueError`` if it is no objective."""
    if not isinstance(value, Objective):
        name = getattr(value, "__name__", repr(value))
        raise ValueError(f"objective must be made by a call such as channel(layer, 7), got {name}.")
    return value


class _Picked:
    """A channel of every image, the same or one each."""

    def __init__(self, layer, which, name="channel"):
        each = isinstance(which, Sequence | range | np.ndarray) and not isinstance(which, str)
        self.layer, self.name = layer, name
        self.indices = list(which) if each else [which]
        if not self.indices:
            raise ValueError(f"{name} must hold at least one number, but it is empty.")
        self.batch = len(self.indices) if each else None

    def maps(self, outputs):
        return self.of(maps_of(outputs, self.layer))

    def logits(self, outputs):
        return self.of(_logits(outputs, self.layer))

    def of(self, output):
        size = output.shape[1]
        name = f"{self.name} (layer {self.layer})"
        indices = [as_position(index, size, name) for index in self.indices]
        images = torch.arange(len(output), device=output.device)
        return output[images, torch.tensor(indices, device=output.device)]


def maps_of(outputs, layer):
    """Output of a layer that has maps, (batch, channels, height, width)."""
    maps = outputs[layer]
    if maps.ndim != 4:
        raise ValueError(
            f"layer must have maps (channels, height, width), but {layer!r} gives shape "
            f"{tuple(maps.shape[1:])}: use class_logit or class_probability."
        )
    return maps


def _logits(outputs, layer):
    logits = outputs[layer]
    if logits.ndim != 2:
        raise ValueError(
            f"layer must have one number a class, but {layer!r} gives shape "
            f"{tuple(logits.shape[1:])}: use channel, neuron or layer."
        )
    return logits
