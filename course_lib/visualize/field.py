"""How much of an image one unit sees, counted along the steps that the network really takes."""

from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from ..nets.layers import called_once, evaluating, find_layer, outputs_of, place_of_images
from .objectives import maps_of

# As many neighbors are looked at: what is enlarged after poolings repeats within so many units.
_UNITS = 64
# Sides of images that are tried; an unpadded U-Net of the paper's depth takes none below 188.
_SIDES = (64, 188, 224)
# Steps in which each unit looks at its own place alone, in one or several maps.
_IN_PLACE = {
    *("Abs", "Add", "Alias", "Celu", "Clamp", "ClampMin", "ClampMax", "Clone", "Div", "Elu"),
    *("Exp", "Gelu", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyRelu", "Log", "Maximum"),
    *("Minimum", "Mish", "Mul", "NativeBatchNorm", "CudnnBatchNorm", "MiopenBatchNorm", "Neg"),
    *("Pow", "PreluKernel", "Relu", "Rsqrt", "RreluWithNoise", "Sigmoid", "Silu", "Softplus"),
    *("Softsign", "Sqrt", "Sub", "Tanh", "Threshold", "ToCopy", "Where"),
}


class ReceptiveField(NamedTuple):
    """Side of the square that one unit sees, and from one unit to the next, in pixels."""

    size: int
    stride: int


def receptive_field(model, layer):
    """Receptive field of the units of a layer, from every step between the image and the layer.

    A convolution of k taps, a dilation d and a stride s needs, for the units from a to b of its
    output, those from ``s a - p`` to ``s b - p + d (k - 1)`` of its input, where p is the padding.
    The steps are those of one forward pass, back to the image. Where ways part and meet again, at a
    shortcut or across the U of a U-Net, a unit sees what it sees on any way. Then everything beyond
    the square of one unit is changed: a unit that notices saw by a way that leaves no gradient.

    Parameters
    ----------
    model : torch.nn.Module
        Takes (batch, channels, height, width).
    layer : str
        A layer with maps that is called once.

    Returns
    -------
    ReceptiveField
        Where maps were enlarged, neighbors may see more or less: the most.

    Raises
    ------
    ValueError
        If a unit sees the whole image, as after a mean over it or a batch normalization without
        running statistics, or an oblong part of it, or if the network takes a step that has no
        known reach.

    Examples
    --------
    >>> receptive_field(EfficientNetLite0(), "stem")
    ReceptiveField(size=3, stride=2)
    """
    with evaluating(model):
        x, maps = _pass(model, layer)
        spans = [_along(axis, maps, x, layer) for axis in (0, 1)]
        fields = {_field(*span, layer) for span in spans}
        if len(fields) > 1:
            raise ValueError(
                f"layer {layer!r} must see a square, but its units see {_sides(fields)} pixels."
            )
        _try(spans, maps, x, model, layer)
    return fields.pop()


def _pass(model, layer):
    """An image that the network takes, and the layer's maps of it, with the way between them."""
    find_layer(model, layer)
    known = [m.in_channels for m in model.modules() if isinstance(m, nn.Conv2d)]
    refused = None
    for channels in dict.fromkeys((3, 1, *known)):
        for side in _SIDES:
            x = torch.rand(1, channels, side, side, generator=torch.Generator().manual_seed(0))
            x = x.to(**place_of_images(model)).requires_grad_(True)
            try:
                outputs = outputs_of(model, [layer], x)
            except ValueError as error:
                refused = refused or error
                continue
            called_once(model, [layer], x)
            return x, maps_of(outputs, layer)
    raise refused


def _along(axis, maps, x, layer):
    """First and last pixel that each unit needs, along height (0) or width (1)."""
    units = np.arange(_UNITS + 1)
    needed = {maps.grad_fn: (units, units)}
    image = None
    for node in _from_the_end(maps.grad_fn):
        reach = _before(node, *needed.pop(node), axis, layer)
        for before, _ in node.next_functions:
            if getattr(before, "variable", None) is x:
                image = _together(image, reach)
            elif before is not None:
                needed[before] = _together(needed.get(before), reach)
    if image is None:
        raise ValueError(f"layer {layer!r} must depend on the image, but it does not.")
    return image


def _field(first, last, layer):
    stride, rest = divmod(int(first[-1] - first[0]), _UNITS)
    if rest or not stride:
        raise ValueError(
            f"layer {layer!r} must have units a whole number of pixels apart, but they are "
            f"{(first[-1] - first[0]) / _UNITS:.3g}."
        )
    return ReceptiveField(int((last - first).max()) + 1, stride)


def _try(spans, maps, x, model, layer):
    """Raise if a unit amid the maps notices what lies beyond its first and last pixels."""
    unit = [min(side // 2, _UNITS) for side in maps.shape[2:]]
    rows, columns = (
        slice(max(first[i], 0), max(last[i] + 1, 0))
        for (first, last), i in zip(spans, unit, strict=True)
    )
    # Three times as bright: another mean, and another contrast.
    other = 3 * x.detach()
    other[:, :, rows, columns] /= 3
    with torch.no_grad():
        moved = outputs_of(model, [layer], other)[layer] - maps
    # Rounding may differ by what lies beside it.
    if moved[:, :, *unit].abs().max() > 1e-3 * maps.abs().max():
        raise ValueError(
            f"layer {layer!r} must see a part of the image, but a unit changes with pixels outside "
            f"of the {rows.stop - rows.start} that its steps reach: the network uses a number of "
            "the whole map, or chance."
        )


def _from_the_end(last):
    """Steps of a computation, each after all that need its output."""
    waiting, users = [last], {last: 0}
    while waiting:
        for node, _ in waiting.pop().next_functions:
            if node is not None:
                waiting += [node] if node not in users else []
                users[node] = users.get(node, 0) + 1
    ready = [last]
    while ready:
        node = ready.pop()
        # The image and the weights are where the ways end.
        if not hasattr(node, "variable"):
            yield node
        for before, _ in node.next_functions:
            if before is not None:
                users[before] -= 1
                ready += [] if users[before] else [before]


def _together(one, other):
    if one is None:
        return other
    return np.minimum(one[0], other[0]), np.maximum(one[1], other[1])


def _before(node, first, last, axis, layer):
    """What a step needs of its input for the units from first to last of its output."""
    kind = node.name().rstrip("0123456789").removesuffix("Backward")
    if kind in ("Convolution", "ConvolutionOverrideable"):
        k = node._saved_weight.shape[2:][axis]
        s, p, d = (getattr(node, f"_saved_{n}")[axis] for n in ("stride", "padding", "dilation"))
        if node._saved_transposed:
            return -(-(first + p - d * (k - 1)) // s), (last + p) // s
        return s * first - p, s * last - p + d * (k - 1)
    if kind in ("MaxPool2DWithIndices", "AvgPool2D"):
        k = node._saved_kernel_size[axis]
        s = (node._saved_stride or node._saved_kernel_size)[axis]
        d = node._saved_dilation[axis] if kind[0] == "M" else 1
        p = node._saved_padding[axis]
        return s * first - p, s * last - p + d * (k - 1)
    if kind == "ConstantPadNd" or kind in ("ReflectionPad2D", "ReplicationPad2D"):
        pad = list(node._saved_pad if kind[0] == "C" else node._saved_padding)
        # Sides are listed from the last axis: left, right, top, bottom.
        before = [*pad, 0, 0][2 - 2 * axis]
        return first - before, last - before
    if kind == "Slice":
        if node._saved_dim % 4 != axis + 2:
            return first, last
        if node._saved_start < 2**63:
            step, start = node._saved_step, node._saved_start
            return step * first + start, step * last + start
    if kind == "Cat" and node._saved_dim % 4 == 1:
        return first, last
    # Of batch normalization: with the statistics of these maps, not with those of training.
    whole = getattr(node, "_saved_training", False)
    if (kind in _IN_PLACE and not whole) or (kind in ("Mean", "Sum") and _over_channels(node)):
        return first, last
    if kind in ("UpsampleNearest2D", "UpsampleBilinear2D", "UpsampleNearestExact2D"):
        scale = node._saved_output_size[axis] / node._saved_self_sym_sizes[2 + axis]
        if scale == int(scale) and not getattr(node, "_saved_align_corners", False):
            if kind != "UpsampleBilinear2D":
                return first // int(scale), last // int(scale)
            middle = [(units + 0.5) / scale - 0.5 for units in (first, last)]
            return np.floor(middle[0]).astype(int), np.ceil(middle[1]).astype(int)
    if whole or kind in ("Mean", "Sum", "AdaptiveAvgPool2D", "MkldnnAdaptiveAvgPool2D"):
        raise ValueError(
            f"layer {layer!r} must see a part of the image, but a mean over the maps before it "
            "sees all of it."
        )
    raise ValueError(
        f"layer {layer!r} must be reached by steps of known reach, but the network takes the step "
        f"{kind!r}: look at influence() instead."
    )


def _over_channels(node):
    """Whether a mean or sum runs over the channels of each place alone."""
    # A dimension counted from the end is saved as a huge number, of which 4 is a divisor.
    dims = getattr(node, "_saved_dim", ())
    return len(dims) == 1 and dims[0] % 4 == 1 and node._saved_keepdim


def _sides(fields):
    return " and ".join(str(field.size) for field in fields)
