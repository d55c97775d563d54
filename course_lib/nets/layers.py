"""Layers by name: what they are called, what they answer to an image, how far they see."""

import contextlib
import difflib
from functools import partial

import torch
from torch import nn

from .._validation import as_picture

#: Never called themselves, so they have no output to look at
_LISTS = (nn.ModuleList, nn.ModuleDict)


def layer_names(model):
    """Names of all layers of a network, e.g. ``"blocks.12.expand"``, in their order."""
    return [name for name, m in model.named_modules() if name and not isinstance(m, _LISTS)]


def find_layer(model, name):
    """The module of that name.

    Raises
    ------
    ValueError
        If there is none; the message lists the layers where the name goes astray.
    """
    # A search asks thousands of times, and to list all names each time takes longer than to look.
    if isinstance(name, str) and name:
        with contextlib.suppress(AttributeError):
            layer = model.get_submodule(name)
            if not isinstance(layer, _LISTS):
                return layer
    names = layer_names(model)
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


def outputs_of(model, layers, x, name="image"):
    """Outputs of some layers for a batch; the forward pass ends at the last of them.

    Parameters
    ----------
    model : torch.nn.Module
    layers : sequence of str
    x : tensor, shape (batch, channels, height, width)
    name : str
        What the batch is called where it does not fit the network.

    Returns
    -------
    dict
        From layer to tensor, as it left the layer.

    Raises
    ------
    ValueError
        If the network has no layer of that name, or never calls it, or cannot take the batch.
    """
    outputs = {}

    def keep(layer, _module, _inputs, output):
        outputs[layer] = output
        if len(outputs) == len(modules):
            raise _Enough
        # The network goes on with a copy, because a rectifier may work in place.
        return output.clone()

    modules = {layer: find_layer(model, layer) for layer in layers}
    handles = [m.register_forward_hook(partial(keep, layer)) for layer, m in modules.items()]
    try:
        with contextlib.suppress(_Enough):
            answer(model, x, name)
    finally:
        for handle in handles:
            handle.remove()
    for layer in modules:
        if layer not in outputs:
            raise ValueError(f"layer {layer!r} must be called by the network, but it is not.")
    return outputs


def called_once(model, layers, x):
    """Raise ``ValueError`` for a layer that the network calls several times on its way.

    Each call has an output of its own, and the name does not say which of them is meant.
    """
    calls = dict.fromkeys(layers, 0)

    def count(layer, _module, _inputs, _output):
        calls[layer] += 1

    handles = [find_layer(model, n).register_forward_hook(partial(count, n)) for n in calls]
    try:
        # What follows the layers may need another size of image, and is not asked for.
        with torch.no_grad(), contextlib.suppress(Exception):
            answer(model, x[:1])
    finally:
        for handle in handles:
            handle.remove()
    for layer, times in calls.items():
        if times > 1:
            raise ValueError(
                f"layer {layer!r} must be called once, but the network calls it {times} times: "
                "name a layer around one of the calls."
            )


def answer(model, x, name="image"):
    """What the network says to a batch, which is given in the network's own precision.

    Raises
    ------
    ValueError
        If the network cannot take the batch, with the network's reason.
    """
    try:
        return model(x.to(_weight(model).dtype))
    except RuntimeError as error:
        raise ValueError(_misfit(model, x, name, error)) from error


def _misfit(model, x, name, error):
    """Why a batch does not fit: its number of channels, or what torch says."""
    channels, *size = x.shape[1:]
    other = 1 if channels == 3 else 3
    try:
        with torch.no_grad(), contextlib.suppress(_Enough):
            model(_weight(model).new_zeros(1, other, *size))
    except Exception:
        said = str(error).partition("\n")[0]
        return f"{name} of shape {tuple(x.shape[1:])} must fit the network, which says: {said}"
    wanted = "1 channel" if other == 1 else f"{other} channels"
    return f"{name} must have {wanted}, as the network takes them, got {channels}."


def _weight(model):
    """A weight of the network, for its device and precision."""
    return next(model.parameters(), torch.empty(0))


def shares_of(logits):
    """Probabilities (batch, classes) of logits; a single logit is that of yes against no."""
    return logits.sigmoid() if logits.shape[1] == 1 else logits.softmax(1)


def as_numpy(tensor):
    """A tensor as an array, in single precision where NumPy has no type as short as its own."""
    tensor = tensor.detach().cpu()
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()


@contextlib.contextmanager
def evaluating(model):
    """Evaluation mode and gradients inside the block; every module is left as it was found."""
    before = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        # The caller may stand in a block without gradients.
        with torch.inference_mode(False), torch.enable_grad():
            yield
    finally:
        for module, training in before:
            module.training = training


def place_of_images(model):
    """Device and precision in which images are kept for a network: single, or double as its own.

    In shorter numbers few colors would be left.
    """
    weight = _weight(model)
    return {"device": weight.device, "dtype": torch.promote_types(weight.dtype, torch.float32)}


def to_batch(image, model, name="image"):
    """An image (height, width[, 3]) in [0, 1] as a batch of one, as the network likes it."""
    array = torch.from_numpy(as_picture(image, name).copy())
    planes = array[None] if array.ndim == 2 else array.permute(2, 0, 1)
    # A copy, because a permuted image only looks as if it had this layout, and is slower.
    planes = planes[None].to(**place_of_images(model))
    return planes.clone(memory_format=torch.channels_last)


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
        x = to_batch(image, model)
        outputs = outputs_of(model, wanted, x)
        called_once(model, wanted, x)
    arrays = {name: as_numpy(outputs[name][0]) for name in wanted}
    return arrays[layers] if isinstance(layers, str) else arrays
