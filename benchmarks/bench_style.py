"""What style transfer adds to the network's own work, whether it holds over seeds, and stains."""

import numpy as np
import torch
from skimage.color import separate_stains
from skimage.transform import resize

from course_lib import datasets, stain, style
from course_lib.nets import EfficientNetLite0
from course_lib.nets.layers import channels_last, outputs_of
from course_lib.visualize.parameterization import Pixels

from .report import Row, best_of

_STEPS, _SIZE = 8, 160


def benchmarks():
    torch.set_num_threads(1)
    network = EfficientNetLite0.pretrained()
    portrait = datasets.photo("astronaut", 2 * _SIZE)[:_SIZE, 56 : 56 + _SIZE]
    tissue = datasets.histology("DAB")
    fibers = resize(tissue[:320, :320], (_SIZE, _SIZE), anti_aliasing=True)
    yield _step(network, portrait, fibers)
    yield _seeds(network, portrait, fibers)
    yield _unmixing(tissue)


def _step(network, portrait, fibers):
    """A step beside forward and backward pass for the plain Gram matrices of Gatys et al."""
    layers = [*style.STYLE_LAYERS, style.CONTENT_LAYER]
    x = channels_last(torch.rand(1, 3, _SIZE, _SIZE)).requires_grad_(True)

    def alone():
        outputs = outputs_of(network, layers, x)
        cost = outputs[style.CONTENT_LAYER].square().mean()
        for layer in style.STYLE_LAYERS:
            F = outputs[layer].flatten(2)[0]
            cost = cost + (F @ F.T / F.shape[1]).square().mean()
        torch.autograd.grad(cost, x)

    def whole(steps):
        return best_of(lambda: style.transfer(network, portrait, fibers, steps=steps), 3)

    # The targets are computed once a run and are no step.
    ours = (whole(1 + _STEPS) - whole(1)) / _STEPS
    return Row.times(
        f"style transfer, one step, {_SIZE} px",
        ours,
        "the same with plain Gram matrices",
        best_of(alone, 2 * _STEPS),
        "≤ 1.3×",
    )


def _seeds(network, portrait, fibers):
    ends = {
        name: [
            style.transfer(network, portrait, fibers, 0.3, 80, seed=seed, **option).content[-1]
            for seed in range(3)
        ]
        for name, option in (("waves", {}), ("pixels", {"parameterization": Pixels}))
    }
    return Row.value(
        "content cost after 80 steps, worst of 3 seeds",
        max(ends["waves"]),
        "< 0.6",
        f"with pixels {min(ends['pixels']):.2f} at best (> 0.8)",
    )


def _unmixing(tissue):
    dyes = stain.stain_vectors(tissue)
    third = np.cross(*dyes)
    inverse = np.linalg.inv(np.vstack([dyes, third / np.linalg.norm(third)]))
    return Row.times(
        "amounts of two dyes, 512²",
        best_of(lambda: stain.concentrations(tissue, dyes)),
        "skimage.color.separate_stains",
        best_of(lambda: separate_stains(tissue, inverse)),
        "",
    )
