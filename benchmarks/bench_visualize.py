"""What activation maximization adds to the network's own work, and attribution against captum."""

import time
from functools import partial

import captum.attr as peer
import numpy as np
import torch

from course_lib import attribution, datasets
from course_lib.nets import EfficientNetLite0
from course_lib.visualize import maximize, objectives

from .report import Row

_STEPS, _IMAGES, _SIZE = 8, 12, 128


def benchmarks():
    model = EfficientNetLite0.pretrained()
    yield _sheet(model)
    yield _step(model)
    yield from _attributions(model)
    yield _completeness(model)


def _sheet(model):
    start = time.perf_counter()
    maximize(model, objectives.channel("blocks.12.expand.norm", range(_IMAGES)), size=_SIZE)
    seconds = time.perf_counter() - start
    threads = torch.get_num_threads()
    return Row.value(
        "sheet of 12 channels, 128 px, 128 steps",
        f"{seconds:.1f} s",
        "≤ 20 s",
        f"{threads} threads",
    )


def _step(model):
    """A step through the whole network, up to the logits, beside that network alone."""
    logit = objectives.class_logit("logits", range(_IMAGES))
    batch = torch.rand(_IMAGES, 3, _SIZE, _SIZE)
    formats = (torch.contiguous_format, torch.channels_last)
    reached = []

    def stamped(outputs):
        reached.append(time.perf_counter())
        return logit(outputs)

    objective = objectives.Objective(logit.layers, stamped, logit.batch)

    def steps():
        maximize(model, objective, _STEPS, _SIZE)
        # The time from one run to the next is no step.
        reached.append(float("nan"))

    def alone(memory):
        x = batch.clone(memory_format=memory).requires_grad_(True)
        torch.autograd.grad(model(x).diagonal().sum(), x)

    _, *theirs = _race(steps, *(partial(alone, f) for f in formats for _ in range(_STEPS)))
    what = f"one step for {_IMAGES} images of {_SIZE} px"
    return Row.times(what, np.nanmin(np.diff(reached)), "the network alone", min(theirs), "≤ 1.3×")


def _attributions(model):
    image, k, layer = datasets.photo("cat"), 285, "blocks.10"
    x = torch.tensor(np.ascontiguousarray(image.transpose(2, 0, 1))[None], dtype=torch.float32)
    batch = {"n_steps": 16, "internal_batch_size": 8, "method": "riemann_middle"}
    noisy = {"nt_samples": 16, "nt_samples_batch_size": 8, "stdevs": 0.1, "abs": False}
    squares = {"sliding_window_shapes": (3, 56, 56), "strides": (3, 56, 56), "baselines": 0.5}
    cam = peer.LayerGradCam(model, model.get_submodule(layer))

    def enlarged():
        found = cam.attribute(x, target=k, relu_attributions=True)
        return peer.LayerAttribution.interpolate(found, x.shape[2:], "bilinear")

    pairs = {
        "saliency": ({}, lambda: peer.Saliency(model).attribute(x, k)),
        "gradient_times_input": ({}, lambda: peer.InputXGradient(model).attribute(x, k)),
        "smooth_grad": (
            {"samples": 16},
            lambda: peer.NoiseTunnel(peer.Saliency(model)).attribute(x, target=k, **noisy),
        ),
        "integrated_gradients": (
            {"steps": 16},
            lambda: peer.IntegratedGradients(model).attribute(x, target=k, **batch),
        ),
        "grad_cam": ({"layer": layer}, enlarged),
        "occlusion": (
            {"window": 56, "stride": 56},
            lambda: peer.Occlusion(model).attribute(
                x, target=k, perturbations_per_eval=8, **squares
            ),
        ),
    }
    for name, (settings, theirs) in pairs.items():
        ours = partial(getattr(attribution, name), model, image, k, **settings)
        seconds, peer_seconds = _race(ours, theirs, repeats=5)
        yield Row.times(f"{name}, 224 px", seconds, "captum", peer_seconds, "≤ 1×")


def _completeness(model):
    worst = 0.0
    for name in ("cat", "coffee", "flower"):
        image = datasets.photo(name, 128)
        scores = attribution.logits(model, image)
        k = int(scores.argmax())
        expected = scores[k] - attribution.logits(model, 0 * image)[k]
        total = attribution.integrated_gradients(model, image, k, steps=128).sum()
        worst = max(worst, abs(total - expected) / abs(expected))
    return Row.value(
        "integrated gradients, completeness", f"off by {worst:.1%}", "≤ 5%", "worst of 3, 128 steps"
    )


def _race(*functions, repeats=4):
    """Shortest time of each; they take turns, so that all meet the same machine."""
    best = [float("inf")] * len(functions)
    for _ in range(repeats + 1):
        for i, function in enumerate(functions):
            start = time.perf_counter()
            function()
            best[i] = min(best[i], time.perf_counter() - start)
    return best
