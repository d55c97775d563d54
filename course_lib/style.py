"""Style: paint a photograph in the manner of another.

Neural style transfer works on the features of a trained network. Its cousin in the clinic, stain
normalization (`course_lib.stain`), works on colors alone.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch.nn.functional import mse_loss

from ._validation import as_count, as_nonnegative, as_positive
from .nets.layers import called_once, channels_last, evaluating, outputs_of, to_batch
from .visualize.parameterization import Fourier, decorrelated

#: Layers of `nets.EfficientNetLite0` whose channels describe a style, from fine to coarse.
STYLE_LAYERS = ("stem", *(f"blocks.{n}.expand" for n in (1, 3, 5, 8, 11)))
#: The layer that describes the content.
CONTENT_LAYER = "blocks.4"
#: Standard deviation of the noise with which a picture begins; pale noise stays gray for long.
_NOISE = 0.1


# Costs


def content_cost(features, target):
    """How far feature maps are from those of the content, in units of the content's variance.

    ``mean((F - C)²) / var(C)``: 0 for equal maps, 1 for maps that are the mean of C everywhere.

    Parameters
    ----------
    features, target : tensor, shape (channels, height, width)

    Returns
    -------
    tensor, one number
    """
    _check_maps(features=features, target=target)
    if features.shape != target.shape:
        raise ValueError(
            f"features and target must have the same shape, but features has "
            f"{tuple(features.shape)} and target has {tuple(target.shape)}."
        )
    return mse_loss(features, target) / target.var(correction=0).clamp_min(1e-6)


def gram_matrix(features):
    """Gram matrix ``G = F Fᵀ / n``: how strongly two channels answer at the same places.

    The n pixels are summed over, so G knows what occurs together but not where.

    Parameters
    ----------
    features : tensor, shape (channels, height, width)

    Returns
    -------
    tensor, shape (channels, channels)

    References
    ----------
    Gatys, Ecker & Bethge 2016, "Image style transfer using convolutional neural networks", CVPR,
    eq. 3; divided here by the number of pixels, so that pictures of different size compare.
    """
    _check_maps(features=features)
    F = features.flatten(1)
    return F @ F.T / F.shape[1]


def style_cost(features, target):
    """How far the Gram matrix of feature maps is from that of the style.

    Each channel is first standardized by the *style's* mean and standard deviation; otherwise the
    few loudest channels would decide. The mean of each standardized channel is compared, too.

    Parameters
    ----------
    features, target : tensor, shape (channels, height, width)
        Heights and widths may differ.

    Returns
    -------
    tensor, one number
        ``3 mean((G - A)²) + mean(μ²)``, with G and A the Gram matrices of features and style, and μ
        the channel means of the features.
    """
    _check_maps(features=features, target=target)
    if len(features) != len(target):
        raise ValueError(
            f"features and target must have equally many channels, got {len(features)} and "
            f"{len(target)}."
        )
    return _style_cost(features, _describe(target))


def _describe(target):
    """What the cost needs of a style: mean and standard deviation of its channels, and its G."""
    mean = target.mean((1, 2), keepdim=True)
    sd = target.flatten(1).std(1, correction=0)[:, None, None]
    # A channel that is silent in the style would otherwise be blown up without limit.
    sd = sd.clamp_min(0.25 * float(sd.mean())).clamp_min(1e-6)
    return mean, sd, gram_matrix((target - mean) / sd)


def _style_cost(features, style):
    mean, sd, A = style
    z = (features - mean) / sd
    return 3 * mse_loss(gram_matrix(z), A) + z.mean((1, 2)).square().mean()


def _check_maps(**maps):
    for name, array in maps.items():
        if not isinstance(array, torch.Tensor) or array.ndim != 3 or not array.numel():
            got = tuple(array.shape) if hasattr(array, "shape") else type(array).__name__
            raise ValueError(f"{name} must be a tensor (channels, height, width), got {got}.")


# Transfer


class Painted(NamedTuple):
    """A picture painted in another's style, and how it came about.

    Attributes
    ----------
    image : ndarray of float in [0, 1], shape (height, width, 3)
    stages : dict
        From a number of steps, those asked for, to the picture after them.
    content, style : ndarray, shape (steps,)
        Both costs before each step, not weighted.
    """

    image: np.ndarray
    stages: dict
    content: np.ndarray
    style: np.ndarray


def transfer(
    model,
    content,
    style,
    content_weight=0.5,
    steps=100,
    *,
    style_weight=1.0,
    style_layers=STYLE_LAYERS,
    content_layer=CONTENT_LAYER,
    stages=(),
    lr=0.05,
    seed=0,
    parameterization=Fourier,
    colors=decorrelated,
):
    """Paint the content of one picture in the style of another.

    ::

        numbers ── waves ── picture ── model ── content_weight · content + style_weight · style
           └──────────────────── Adam ◄──── gradient ────┘

    Parameters
    ----------
    model : torch.nn.Module
        Its weights and modes stay as they are.
    content, style : array_like in [0, 1], shape (height, width, 3)
        The sizes may differ; the result has that of `content`.
    content_weight, style_weight : float
        Of the two costs. Without content (0) the result is a texture, without style what the
        content layer knows of the picture.
    steps : int
        Of Adam, with the learning rate `lr`.
    style_layers : sequence of str
        The style cost is the mean over these layers.
    content_layer : str
    stages : sequence of int
        Numbers of steps after which the picture is kept.
    seed : int
        Of the noise with which the picture begins.
    parameterization : {Fourier, Pixels}
        Of `course_lib.visualize`.
    colors : {decorrelated, independent}

    Returns
    -------
    Painted

    Raises
    ------
    ValueError
        If a layer is unknown (the error lists the layers) or a setting is out of range.

    References
    ----------
    Gatys, Ecker & Bethge 2016. Mordvintsev, Pezzotti, Schubert & Olah 2018, "Differentiable image
    parameterizations", Distill, for the waves. The standardized Gram matrix is ours: this network,
    unlike their VGG-19, has channels of very different loudness.
    """
    weights = {"content_weight": content_weight, "style_weight": style_weight}
    _check_settings(weights, style_layers, steps, stages)
    as_positive(lr, "lr")
    photo, painting = to_batch(content, model, "content"), to_batch(style, model, "style")
    # Nothing is computed for what does not count, such as a deep layer.
    style_layers = list(style_layers) if style_weight else []
    content_layers = [content_layer] if content_weight else []
    layers = [*style_layers, *content_layers]
    with evaluating(model), torch.no_grad():
        C = outputs_of(model, content_layers, photo, "content") if content_layers else {}
        S = outputs_of(model, style_layers, painting, "style") if style_layers else {}
        called_once(model, layers, photo)
        S = {layer: _describe(S[layer][0]) for layer in S}
    generator = torch.Generator().manual_seed(seed)
    costs, kept = [], {}
    with evaluating(model):
        numbers = parameterization(1, 3, photo.shape[2:], generator, _NOISE).to(photo)
        optimizer = torch.optim.Adam(numbers.parameters(), lr)
        for step in range(1, steps + 1):
            x = torch.sigmoid(colors(numbers()))
            F = outputs_of(model, layers, channels_last(x))
            both = (
                _mean([content_cost(F[layer][0], C[layer][0]) for layer in C]),
                _mean([_style_cost(F[layer][0], S[layer]) for layer in S]),
            )
            optimizer.zero_grad()
            cost = content_weight * both[0] + style_weight * both[1]
            cost.backward(inputs=list(numbers.parameters()))
            optimizer.step()
            costs.append([part.item() for part in both])
            if step in stages:
                kept[step] = _as_array(colors(numbers()))
    return Painted(_as_array(colors(numbers())), kept, *np.array(costs).T)


def _check_settings(weights, style_layers, steps, stages):
    for name, weight in weights.items():
        if not isinstance(as_nonnegative(weight, name), float):
            raise ValueError(f"{name} must be one number, got {weight!r}.")
    if not any(weights.values()):
        raise ValueError("content_weight or style_weight must be above 0, but both are 0.")
    if isinstance(style_layers, str) or not len(style_layers):
        raise ValueError(f"style_layers must be a list of one or more names, got {style_layers!r}.")
    as_count(steps, "steps", least=1)
    for stage in stages:
        as_count(stage, "stages", 1, steps)


def _mean(costs):
    return sum(costs, torch.zeros(())) / max(len(costs), 1)


def _as_array(values):
    return torch.sigmoid(values.detach())[0].permute(1, 2, 0).cpu().numpy()
