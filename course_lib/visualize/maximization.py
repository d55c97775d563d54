"""Activation maximization: an image that a unit answers to, made by climbing the gradient."""

from typing import NamedTuple

import numpy as np
import torch

from .._validation import as_count, as_positive
from ..nets.layers import (
    as_numpy,
    called_once,
    channels_last,
    evaluating,
    outputs_of,
    place_of_images,
)
from .objectives import as_objective
from .parameterization import Fourier, decorrelated
from .transforms import standard


class Maximized(NamedTuple):
    """Images, and what the objective said on the way.

    Attributes
    ----------
    images : ndarray of float in [0, 1], shape (batch, size, size, 3), or (batch, size, size)
    scores : ndarray of float, shape (steps, batch)
        The objective before each step, under that step's transform.
    """

    images: np.ndarray
    scores: np.ndarray


def maximize(
    model,
    objective,
    steps=128,
    size=128,
    seed=0,
    *,
    batch=None,
    channels=3,
    lr=0.05,
    parameterization=Fourier,
    colors=decorrelated,
    transform=None,
):
    """Images that maximize an objective: ``x* = argmax_x a(θ, x)`` with the weights θ fixed.

    ::

        numbers ── parameterization ── colors ── sigmoid ── image ── transform ── model ── objective
           └───────────────────────────────── Adam ◄──── gradient ───────────────────────────┘

    Parameters
    ----------
    model : torch.nn.Module
        Takes (batch, channels, height, width) in [0, 1]. Its weights and modes stay as they are.
    objective : Objective
        From `objectives`.
    steps : int
        Of Adam.
    size : int
        Height and width of the images in pixels.
    seed : int
        Of the start and of the transforms.
    batch : int, optional
        Number of images; by default what the objective asks for, or 1.
    channels : {3, 1}
        Of the images that the network takes.
    lr : float
        Adam's learning rate.
    parameterization : {Fourier, Pixels}
    colors : {decorrelated, independent}
    transform : callable, optional
        From `transforms`; by default ``standard()``. The images of a batch move together.

    Returns
    -------
    Maximized

    Raises
    ------
    ValueError
        If a layer is unknown (the error lists the layers), a channel or class out of range, or a
        number not positive.

    References
    ----------
    Erhan, Bengio, Courville & Vincent 2009, "Visualizing higher-layer features of a deep network".
    Olah, Mordvintsev & Schubert 2017, "Feature visualization", Distill, doi 10.23915/distill.00007.
    """
    as_positive(lr, "lr")
    for name, value in (("steps", steps), ("size", size)):
        as_count(value, name, least=1)
    if channels not in (1, 3):
        raise ValueError(f"channels must be 3 or 1, got {channels!r}.")
    batch = _batch(batch, as_objective(objective))
    transform = transform or standard()
    generator = torch.Generator().manual_seed(seed)
    scores = []
    with evaluating(model):
        numbers = parameterization(batch, channels, size, generator).to(**place_of_images(model))
        optimizer = torch.optim.Adam(numbers.parameters(), lr)
        called_once(model, objective.layers, torch.sigmoid(colors(numbers())))
        for _ in range(steps):
            x = torch.sigmoid(colors(numbers()))
            seen = channels_last(transform(x, generator))
            score = objective(outputs_of(model, objective.layers, seen, "images"))
            scores.append(score.detach())
            optimizer.zero_grad()
            # Only the image's numbers: the weights get no gradient.
            (-score.sum()).backward(inputs=list(numbers.parameters()))
            optimizer.step()
    with torch.no_grad():
        images = torch.sigmoid(colors(numbers())).permute(0, 2, 3, 1)
    images = as_numpy(images)
    return Maximized(images if channels == 3 else images[..., 0], as_numpy(torch.stack(scores)))


def _batch(batch, objective):
    if batch is None:
        return objective.batch or 1
    as_count(batch, "batch", least=1)
    if objective.batch not in (None, batch):
        raise ValueError(f"batch must be {objective.batch} as in the objective, got {batch}.")
    return batch
