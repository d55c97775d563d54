"""Layers by name: what they are called, what they answer to an image, how far they see."""

import contextlib
import difflib
from functools import partial

import torch
from torch import nn

from .._validation import as_picture


def layer_names(model):
    """Names of all layers of a network, e.g. ``"blocks.12.expand"``, in their order."""
    # Lists of modules are never called themselves, so they have no output to look at.
    lists = (nn.ModuleList, nn.ModuleDict)
    return [name for name, m in model.named_modules() if name and not isinstance(m, lists)]


def find_layer(model, name):
    """The module of that name.

    Raises
    ------
    ValueError
        If there is none; the message lists the layers where the name goes astray.
    """
    names = layer_names(model)
    if name in names:
        return model.get_submodule(name)
    known = name if isinstance(name, str) else ""
    while known and not any(n == known or n.startswith(f"{known}.") for n in names):
        known = known.rpartition(".")[0]
    below = [n for n in names if not known or n.startswith(f"{known}.")]
    shallow = min(n.count(".") for n in below) if below else 0
    listed = ", ".join(n for n in below if n.count(".") <= shallow + (not known))
    near = difflib.get_close_matches(str(name), names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    raise ValueError(f"layer must be one of {listed}, got {name!r}{hint}")


class _Enough(Exception):
    """Raised inside a forward pass when every wanted layer has answered."""


def outputs_of(model, layers, x):
    """Outputs of some layers for a batch; the forward pass ends at the last of them.

    Parameters
    ----------
    model : torch.nn.Module
    layers : sequence of str
    x : tensor, shape (batch, channels, height, width)

    Returns
    -------
    dict
        From layer to tensor, as it left the layer.

    Raises
    ------
    ValueError
        If the network has no layer of that name, or never calls it.
    """
    outputs = {}

    def keep(name, _module, _inputs, output):
        outputs[name] = output
        if len(outputs) == len(modules):
            raise _Enough
        # The network goes on with a copy, because a rectifier may work in place.
        return output.clone()

    modules = {name: find_layer(model, name) for name in layers}
    handles = [m.register_forward_hook(partial(keep, name)) for name, m in modules.items()]
    try:
        with contextlib.suppress(_Enough):
            model(x)
    finally:
        for handle in handles:
            handle.remove()
    for name in modules:
        if name not in outputs:
            raise ValueError(f"layer {name!r} must be called by the network, but it is not.")
    return outputs


@contextlib.contextmanager
def evaluating(model):
    """Evaluation mode inside the block; every module is left as it was found."""
    before = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in before:
            module.training = training


def to_batch(image, model, name="image"):
    """An image (height, width[, 3]) in [0, 1] as a batch of one, as the network likes it."""
    array = torch.from_numpy(as_picture(image, name).copy())
    planes = array[None] if array.ndim == 2 else array.permute(2, 0, 1)
    like = next(model.parameters())
    # A copy, because a permuted image only looks as if it had this layout, and is slower.
    return planes[None].to(like.device, like.dtype).clone(memory_format=torch.channels_last)


def channels_last(x):
    """The same batch, the channels of a pixel side by side in memory: faster to convolve."""
    return x.contiguous(memory_format=torch.channels_last)


def activations(model, layers, image):
    """What some layers answer to an image.

    Parameters
    ----------
    model : torch.nn.Module
        Takes (batch, channels, height, width).
    layers : str or sequence of str
        Names as in `layer_names`.
    image : array_like in [0, 1], shape (height, width, 3) or (height, width)

    Returns
    -------
    ndarray, shape (channels, height, width), or dict from layer to such arrays
        A dictionary if `layers` is a sequence.
    """
    wanted = [layers] if isinstance(layers, str) else list(layers)
    with evaluating(model), torch.no_grad():
        outputs = outputs_of(model, wanted, to_batch(image, model))
    arrays = {name: outputs[name][0].cpu().numpy() for name in wanted}
    return arrays[layers] if isinstance(layers, str) else arrays
