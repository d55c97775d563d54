"""Why did the network say that? Maps of what in an image a score depends on, and tests of the maps.

Every method takes ``model, image, target`` and gives a map (height, width) of the image. The score
is the network's output before softmax; `target` is the number of the class.
"""

import copy
import re
from typing import NamedTuple

import numpy as np
import torch
from scipy.integrate import trapezoid
from scipy.ndimage import gaussian_filter, sobel
from scipy.stats import spearmanr
from torch import nn
from torch.nn import functional as F

from ._undefined import divide, undefined
from ._validation import (
    as_array,
    as_count,
    as_image,
    as_picture,
    as_position,
    as_positive,
    same_shape,
)
from .nets.layers import (
    answer,
    as_numpy,
    channels_last,
    evaluating,
    find_layer,
    shares_of,
    to_batch,
)

_BATCH = 8


def logits(model, image):
    """Scores of all classes for one image, (classes,)."""
    with evaluating(model), torch.no_grad():
        return as_numpy(answer(model, to_batch(image, model))[0])


def saliency(model, image, target):
    """Size of the gradient, ``max_c |∂s/∂x_c|``: where a small change moves the score most.

    Parameters
    ----------
    model : torch.nn.Module
        From (batch, channels, height, width) to scores (batch, classes).
    image : array_like in [0, 1], shape (height, width, 3) or (height, width)
    target : int
        Class whose score is explained.

    Returns
    -------
    ndarray of float >= 0, shape (height, width)

    Raises
    ------
    ValueError
        If the image has another shape or range, or the network has no such class.

    References
    ----------
    Simonyan, Vedaldi & Zisserman 2013, "Deep inside convolutional networks", arXiv 1312.6034.
    """
    with evaluating(model):
        gradient = _gradient(model, to_batch(image, model), target)
    return _map(gradient.abs().amax(1))


def gradient_times_input(model, image, target):
    """``Σ_c x_c ∂s/∂x_c``: to first order, what the score would lose if a pixel were black.

    Parameters and errors as `saliency`; the map is signed.

    References
    ----------
    Shrikumar, Greenside, Shcherbina & Kundaje 2016, "Not just a black box", arXiv 1605.01713.
    """
    with evaluating(model):
        x = to_batch(image, model)
        return _map((x * _gradient(model, x, target)).sum(1))


def smooth_grad(model, image, target, samples=32, noise=0.1, seed=0):
    """Size of the gradient's mean over noisy copies of the image.

    Parameters as `saliency`, and

    samples : int
    noise : float
        Standard deviation of the noise that is added.
    seed : int

    References
    ----------
    Smilkov, Thorat, Kim, Viégas & Wattenberg 2017, "SmoothGrad", arXiv 1706.03825.
    """
    as_count(samples, "samples", least=1)
    sd = as_positive(noise, "noise")
    generator = torch.Generator().manual_seed(seed)
    with evaluating(model):
        x = to_batch(image, model)
        total = torch.zeros_like(x)
        for n in _batches(samples):
            z = torch.randn((n, *x.shape[1:]), generator=generator, dtype=x.dtype).to(x.device)
            total += _gradient(model, x + sd * z, target).sum(0, keepdim=True)
    return _map((total / samples).abs().amax(1))


def integrated_gradients(model, image, target, baseline=0.0, steps=64):
    """``Σ_c (x_c - x'_c) ∫ ∂s/∂x_c dα`` along the straight line from a baseline x' to the image x.

    The map's sum is ``s(x) - s(x')`` (completeness), up to the error of the sum over `steps`
    midpoints that stands for the integral. Networks are rough along the line: compare the two.

    Parameters as `saliency`, and

    baseline : float or array_like in [0, 1], of the image's shape
        What counts as the absence of information; 0 is black.
    steps : int

    References
    ----------
    Sundararajan, Taly & Yan 2017, "Axiomatic attribution for deep networks", ICML.
    """
    as_count(steps, "steps", least=1)
    start = _filled(image, baseline, "baseline")
    with evaluating(model):
        x, x0 = to_batch(image, model), to_batch(start, model, "baseline")
        total = torch.zeros_like(x)
        done = 0
        for n in _batches(steps):
            alpha = (done + torch.arange(n, dtype=x.dtype, device=x.device) + 0.5) / steps
            path = x0 + alpha[:, None, None, None] * (x - x0)
            total += _gradient(model, path, target).sum(0, keepdim=True)
            done += n
        return _map(((x - x0) * total / steps).sum(1))


def grad_cam(model, image, target, layer):
    """Maps of a layer, weighted by the mean gradient of the score; negative sums become 0.

    ``ReLU(Σ_k α_k A_k)`` with ``α_k`` the mean of ``∂s/∂A_k`` over the map, enlarged to the image.

    Parameters as `saliency`, and

    layer : str
        A layer with maps; a late one knows classes, an earlier one knows places better.

    References
    ----------
    Selvaraju et al. 2017, "Grad-CAM", ICCV, arXiv 1610.02391.
    """
    kept = []

    def keep(_module, _inputs, output):
        kept.append(output)
        # What follows works on a copy, because a rectifier may work in place.
        return output.clone()

    handle = find_layer(model, layer).register_forward_hook(keep)
    try:
        with evaluating(model):
            x = to_batch(image, model).requires_grad_(True)
            score = _score(model, x, target)
    finally:
        handle.remove()
    if len(kept) > 1:
        raise ValueError(
            f"layer {layer!r} must be called once, but the network calls it {len(kept)} times: "
            "name a layer around one of the calls."
        )
    if not kept or kept[0].ndim != 4:
        raise ValueError(f"layer must give maps (channels, height, width), {layer!r} does not.")
    A = kept[0]
    (gradient,) = torch.autograd.grad(score, A)
    A, gradient = (maps.detach().to(x.dtype) for maps in (A, gradient))
    alpha = gradient.mean((2, 3), keepdim=True)
    cam = F.relu((alpha * A).sum(1, keepdim=True))
    return _map(F.interpolate(cam, size=x.shape[2:], mode="bilinear")[0])


def occlusion(model, image, target, window=32, stride=16, value=0.5):
    """What the score loses when a gray square covers a place, the mean over the squares there.

    Parameters as `saliency`, and

    window, stride : int
        Side of the square, and from one square to the next, in pixels.
    value : float in [0, 1]

    References
    ----------
    Zeiler & Fergus 2014, "Visualizing and understanding convolutional networks", ECCV.
    """
    as_count(window, "window", least=1)
    as_count(stride, "stride", least=1)
    cover = _filled(image, value, "value")
    with evaluating(model), torch.no_grad():
        x, gray = to_batch(image, model), to_batch(cover, model, "value")
        whole = _score(model, x, target)
        rows, columns = (_starts(n, window, stride) for n in x.shape[2:])
        places = [(top, left) for top in rows for left in columns]
        lost = torch.zeros(x.shape[2:], dtype=x.dtype, device=x.device)
        covered = torch.zeros_like(lost)
        for i in range(0, len(places), _BATCH):
            some = places[i : i + _BATCH]
            squares = [np.s_[top : top + window, left : left + window] for top, left in some]
            batch = x.repeat(len(some), 1, 1, 1)
            for picture, square in zip(batch, squares, strict=True):
                picture[:, *square] = gray[0][:, *square]
            for score, square in zip(_scores(model, batch, target), squares, strict=True):
                lost[square] += whole - score
                covered[square] += 1
    # A stride above the window leaves pixels that no square covers.
    return _map((lost / covered.clamp_min(1))[None])


def guided_gradient(model, image, target):
    """Saliency in which every rectifier passes only positive gradients back.

    Sharp and popular, and nearly independent of the class and of the weights above: see the
    sanity checks. Parameters and errors as `saliency`; a network without rectifiers, or with bends
    of another kind (SiLU, LeakyReLU, a sigmoid, ``torch.maximum``), is refused. Max pooling and
    normalizations are none.

    References
    ----------
    Springenberg, Dosovitskiy, Brox & Riedmiller 2015, "Striving for simplicity", arXiv 1412.6806.
    """
    with evaluating(model):
        x = to_batch(image, model).requires_grad_(True)
        score = _score(model, x, target)
        _guide(score, x)
        (gradient,) = torch.autograd.grad(score, x)
    return _map(gradient.abs().amax(1))


def edges(image):
    """Sobel edges: a map that looks like an explanation and never saw the network.

    The control of the sanity checks.
    """
    gray = as_picture(image, "image")
    gray = gray.mean(2) if gray.ndim == 3 else gray
    return np.hypot(sobel(gray, 0), sobel(gray, 1))


def randomized(model, layers, seed=0):
    """A copy of the network in which the weights of some layers are shuffled.

    Shuffling within each tensor destroys what was learned and keeps the distribution of the
    weights, so that signals neither fade nor explode. Weights are all parameters of two axes or
    more, whatever the layer: kernels, matrices, embeddings. Biases and normalizations stay.

    Raises
    ------
    ValueError
        If there is no layer of that name, or nothing in it changes: it has no weights, or they
        are all alike. A test with such a layer would show what an unchanged network shows.

    References
    ----------
    Adebayo et al. 2018, "Sanity checks for saliency maps", NeurIPS, arXiv 1810.03292.
    """
    try:
        twin = copy.deepcopy(model)
    except RuntimeError as error:
        raise ValueError(f"model must be one that can be copied: {error}") from error
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name in layers:
            changed = False
            for w in _weights(find_layer(twin, name)):
                order = torch.randperm(w.numel(), generator=generator).to(w.device)
                shuffled = w.flatten()[order].view_as(w)
                changed |= not torch.equal(w, shuffled)
                w.copy_(shuffled)
            if not changed:
                raise ValueError(
                    f"layers must hold weights that shuffling changes, but {name!r} holds none."
                )
    return twin


def _weights(layer):
    """Parameters of two axes or more, but for those of normalizations."""
    normalizations = (nn.LayerNorm, getattr(nn, "RMSNorm", nn.LayerNorm))
    modules = [m for m in layer.modules() if not isinstance(m, normalizations)]
    return [w for m in modules for w in m.parameters(recurse=False) if w.ndim > 1]


def rank_correlation(a, b):
    """Spearman's rank correlation of two maps, by the size of their values.

    NaN, with one warning, if a map is the same everywhere.
    """
    a, b = as_image(a, "a"), as_image(b, "b")
    same_shape(a=a, b=b)
    if np.ptp(np.abs(a)) == 0 or np.ptp(np.abs(b)) == 0:
        return undefined("rank_correlation", "a map is the same everywhere")
    return float(spearmanr(np.abs(a).ravel(), np.abs(b).ravel()).statistic)


def share_inside(attribution, mask):
    """Share of a map's total size that lies inside a mask.

    NaN, with one warning, if the map is 0 everywhere.
    """
    size = np.abs(as_image(attribution, "attribution"))
    inside = as_array(mask, "mask")
    same_shape(attribution=size, mask=inside)
    if inside.dtype != bool:
        raise ValueError(f"mask must hold booleans, got {inside.dtype}.")
    return divide(size[inside].sum(), size.sum(), "share_inside", "total size of the map")


class PixelCurve(NamedTuple):
    """Probability of a class while pixels leave or come.

    Attributes
    ----------
    share : ndarray, from 0 to 1
        Of the pixels that have been changed.
    probability : ndarray
    auc : float
        Area under the curve, by trapezoids.
    """

    share: np.ndarray
    probability: np.ndarray
    auc: float


def deletion(model, image, attribution, target, steps=20, value=0.5):
    """Probability of the class as the most important pixels become gray first.

    A good map finds what the class needs, so the curve falls early: a small area is good. Of a
    network with one output that is its sigmoid, the probability of *yes*; otherwise the softmax.

    Parameters
    ----------
    model, image, target
        As in `saliency`.
    attribution : array_like, shape (height, width)
        A map; larger is more important.
    steps : int
    value : float in [0, 1]

    Returns
    -------
    PixelCurve

    References
    ----------
    Petsiuk, Das & Saenko 2018, "RISE", BMVC, arXiv 1806.07421.
    """
    return _pixel_curve(model, image, _filled(image, value, "value"), attribution, target, steps)


def insertion(model, image, attribution, target, steps=20, blur=10.0):
    """Probability of the class as a blurred image becomes sharp, most important pixels first.

    A large area is good. Parameters as `deletion`, and

    blur : float
        Standard deviation in pixels of the blur at the start.
    """
    picture = as_picture(image, "image")
    sd = as_positive(blur, "blur")
    start = gaussian_filter(picture, (sd, sd, 0)[: picture.ndim])
    return _pixel_curve(model, start, picture, attribution, target, steps)


def _pixel_curve(model, before, after, attribution, target, steps):
    as_count(steps, "steps", least=1)
    before, after = as_picture(before, "image"), as_picture(after, "image")
    color = before.ndim == 3
    importance = as_image(attribution, "attribution")
    if importance.shape != before.shape[:2]:
        raise ValueError(
            f"attribution must have the image's shape {before.shape[:2]}, got {importance.shape}."
        )
    order = np.argsort(-importance, axis=None, kind="stable")
    rank = np.empty(order.size, int)
    rank[order] = np.arange(order.size)
    rank = rank.reshape(importance.shape)
    share = np.arange(steps + 1) / steps
    probability = []
    with evaluating(model), torch.no_grad():
        for some in np.array_split(share, -(-len(share) // _BATCH)):
            changed = [rank < round(s * order.size) for s in some]
            mixed = [np.where(c[..., None] if color else c, after, before) for c in changed]
            outputs = _outputs(model, torch.cat([to_batch(picture, model) for picture in mixed]))
            k = as_position(target, outputs.shape[1], "target")
            probability.append(as_numpy(shares_of(outputs)[:, k]))
    probability = np.concatenate(probability).astype(float)
    return PixelCurve(share, probability, float(trapezoid(probability, share)))


def _outputs(model, x):
    """Scores (batch, classes), in the images' precision."""
    outputs = answer(model, channels_last(x)).to(x.dtype)
    if outputs.ndim != 2:
        raise ValueError(
            f"model must give scores (batch, classes), but gives shape {tuple(outputs.shape)}."
        )
    return outputs


def _scores(model, x, target):
    """Score of the target for each image of a batch."""
    outputs = _outputs(model, x)
    return outputs[:, as_position(target, outputs.shape[1], "target")]


def _score(model, x, target):
    return _scores(model, x, target).sum()


def _gradient(model, x, target):
    """Gradient of the target's score with respect to each image of a batch."""
    x = x.detach().requires_grad_(True)
    return torch.autograd.grad(_score(model, x, target), x)[0]


def _map(planes):
    """The only plane of a batch as an array."""
    return as_numpy(planes[0]).astype(float)


def _batches(total):
    """Sizes of batches that make up a number of images."""
    return [min(_BATCH, total - start) for start in range(0, total, _BATCH)]


def _starts(length, window, stride):
    """Where squares begin, so that the last one reaches the border, cut off if it must be."""
    return range(0, max(length - window + stride - 1, 0) // stride * stride + 1, stride)


def _filled(image, value, name):
    """An image of the same shape: a number everywhere, or the given image."""
    picture = as_picture(image, "image")
    if np.ndim(value) == 0:
        return as_picture(np.full(picture.shape, value), name)
    same_shape(image=picture, **{name: value})
    return as_picture(value, name)


#: Steps by which rectifiers work, and the attribute that holds the number below which they give
#: that number: 0 in a rectifier.
_RECTIFIERS = {
    "ReluBackward0": None,
    "HardtanhBackward0": "_saved_min_val",
    "ClampBackward1": "_saved_min",
    "ClampMinBackward0": "_saved_min",
    "ThresholdBackward0": "_saved_threshold",
}
#: Steps that a guided gradient passes as any gradient: sums with weights that do not depend on the
#: image, the largest of a few places, normalizations, and steps that only move numbers.
_PASSED = {
    *("Add", "Addmm", "Alias", "AsStrided", "Bmm", "Cat", "Clone", "ConstantPadNd", "Convolution"),
    *("ConvolutionOverrideable", "Div", "Expand", "Flip", "Linear", "Mean", "Mm", "Mul", "Mv"),
    *("Neg", "Permute", "PixelShuffle", "ReflectionPad2D", "Repeat", "ReplicationPad2D"),
    *("ReshapeAlias", "Roll", "Select", "Slice", "Split", "SplitWithSizes", "Squeeze", "Stack"),
    *("Sub", "Sum", "T", "ToCopy", "Transpose", "Unbind", "UnsafeView", "Unsqueeze", "View"),
    *("AdaptiveAvgPool2D", "MkldnnAdaptiveAvgPool2D", "AvgPool2D", "UpsampleBilinear2D"),
    *("UpsampleNearest2D", "UpsampleNearestExact2D", "AdaptiveMaxPool2D", "Amax", "MaxPool2D"),
    *("MaxPool2DWithIndices", "CudnnBatchNorm", "MiopenBatchNorm", "NativeBatchNorm"),
    *("NativeGroupNorm", "NativeLayerNorm"),
}


def _guide(score, x):
    """Make the rectifiers on the way from an image to a score pass back only positive gradients."""
    users, waiting = {score.grad_fn: set()}, [score.grad_fn]
    while waiting:
        node = waiting.pop()
        for before, _ in node.next_functions:
            if before and before not in users:
                users[before] = set()
                waiting.append(before)
            if before:
                users[before].add(node)
    # Weights may come by bends of their own, as those that are normalized.
    steps, waiting = set(), [node for node in users if getattr(node, "variable", None) is x]
    while waiting:
        new = users[waiting.pop()] - steps
        steps |= new
        waiting += new
    rectifiers = [node for node in steps if _rectifies(node)]
    kinds = {re.sub(r"Backward\d*$", "", node.name()) for node in steps - set(rectifiers)}
    if other := sorted(kinds - _PASSED) + ["a mask"] * any(map(_masks, steps)):
        raise ValueError(
            "model must have no bends but rectifiers (ReLU, ReLU6) for a guided gradient, but it "
            f"has {', '.join(other)}: no rule says what that passes."
        )
    if not rectifiers:
        raise ValueError(
            "model must have rectifiers (ReLU, ReLU6) for a guided gradient, but none is seen: "
            "nothing would be guided, and the map would be that of saliency()."
        )
    for node in rectifiers:
        node.register_prehook(lambda gradients: (F.relu(gradients[0]),))


def _masks(node):
    """Whether maps are multiplied by a map that has no gradient, as in ``x * (x > 0)``."""
    factors = [getattr(node, name, None) for name in ("_saved_self", "_saved_other")]
    maps = [w for w in factors if torch.is_tensor(w) and w.ndim == 4 and w[0, 0].numel() > 1]
    return node.name() == "MulBackward0" and not all(w.requires_grad for w in maps)


def _rectifies(node):
    if node.name() not in _RECTIFIERS:
        return False
    bound = _RECTIFIERS[node.name()]
    return bound is None or getattr(node, bound) == 0
