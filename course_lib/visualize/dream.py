"""DeepDream: a photograph in which a network sees more and more of what it knows."""

import torch
from torch.nn import functional as F

from .._validation import as_count, as_positive
from ..nets.layers import called_once, channels_last, evaluating, outputs_of, to_batch
from .objectives import as_objective
from .transforms import jitter

# Pixels a side of the smallest octave: below this the blur has nothing to mirror.
_SMALLEST = 8


def deep_dream(model, image, objective, steps=20, octaves=4, ratio=1.4, lr=0.015, shift=8, seed=0):
    """Climb an objective from a photograph, from coarse to fine.

    Parameters
    ----------
    model : torch.nn.Module
    image : array_like in [0, 1], shape (height, width, 3)
    objective : Objective
        Usually ``objectives.layer(…)``.
    steps : int
        For each octave.
    octaves : int
        Sizes at which it dreams; the smallest comes first.
    ratio : float
        Between one size and the next, above 1.
    lr : float
        How far a step moves an average pixel.
    shift : int
        Random shift of each step in pixels, which hides the grid of the network.
    seed : int

    Returns
    -------
    ndarray of float in [0, 1], shape (height, width, 3)

    References
    ----------
    Mordvintsev, Olah & Tyka 2015, "Inceptionism: going deeper into neural networks".
    """
    as_positive(lr, "lr")
    if as_positive(ratio, "ratio") <= 1:
        raise ValueError(f"ratio must be above 1, got {ratio}.")
    as_count(shift, "shift")
    as_count(steps, "steps")
    as_count(octaves, "octaves", least=1)
    as_objective(objective)
    photo = to_batch(image, model)
    if min(photo.shape[2:]) / ratio ** (octaves - 1) < _SMALLEST:
        raise ValueError(
            f"octaves must leave at least {_SMALLEST} pixels a side in the smallest, got {octaves} "
            f"for an image of {tuple(photo.shape[2:])}."
        )
    generator = torch.Generator().manual_seed(seed)
    detail = torch.zeros_like(photo)
    with evaluating(model):
        called_once(model, objective.layers, photo)
        for octave in range(octaves)[::-1]:
            size = [round(n / ratio**octave) for n in photo.shape[2:]]
            base = F.interpolate(photo, size=size, mode="bicubic", antialias=True).clamp(0, 1)
            detail = F.interpolate(detail, size=size, mode="bicubic")
            for _ in range(steps):
                x = (base + detail).clamp(0, 1)
                gradient = _gradient(model, objective, x, shift, generator)
                detail = detail + lr * gradient
    return (photo + detail).clamp(0, 1)[0].permute(1, 2, 0).cpu().numpy().astype(float)


def _gradient(model, objective, x, shift, generator):
    """Direction of ascent, in which fine, middle and coarse structure are each normalized.

    Otherwise the finest grain would win: the gradient of a network is noisy.
    """
    x = x.detach().requires_grad_(True)
    seen = channels_last(jitter(shift)(x, generator))
    score = objective(outputs_of(model, objective.layers, seen))
    (fine,) = torch.autograd.grad(score.sum(), x)
    middle, coarse = _blur(fine, 3), _blur(_blur(fine, 3), 9)
    bands = ((0.25, fine - middle), (0.5, middle - coarse), (0.75, coarse))
    return sum(share * band / (band.std() + 1e-12) for share, band in bands)


def _blur(x, width):
    """Mean over squares of an odd width, the border mirrored."""
    return F.avg_pool2d(F.pad(x, (width // 2,) * 4, mode="reflect"), width, stride=1)
