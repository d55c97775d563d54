"""Fully convolutional network (Long, Shelhamer & Darrell 2015, arXiv 1411.4038)."""

from torch import nn
from torch.nn.functional import interpolate

from .efficientnet import EfficientNetLite0

#: Block of the backbone whose output has that stride, and its channels.
_TAPS = {32: (15, 320), 16: (10, 112), 8: (4, 40)}


class FCN(nn.Module):
    """A classifier turned into a segmenter: 1×1 convolutions score every place of a feature map.

    The map of stride 32 is scored, enlarged and, in the finer forms, corrected by the scores of
    the maps of stride 16 and 8 before it is enlarged to the size of the image.

    Parameters
    ----------
    classes : int
    stride : {32, 16, 8}
        FCN-32s, FCN-16s or FCN-8s of the paper.
    backbone : EfficientNetLite0, optional
        By default the pretrained one. It is frozen: only the scores are trained.

    Notes
    -----
    The paper's backbone is VGG-16 and is trained along; it enlarges by transposed convolutions
    that start as the bilinear interpolation used here.
    """

    def __init__(self, classes, stride=8, backbone=None):
        super().__init__()
        if stride not in _TAPS:
            raise ValueError(f"stride must be 32, 16 or 8, got {stride!r}.")
        self.backbone = (backbone or EfficientNetLite0.pretrained()).requires_grad_(False)
        self.taps = {s: tap for s, tap in _TAPS.items() if s >= stride}
        self.scores = nn.ModuleDict(
            {str(s): nn.Conv2d(channels, classes, 1) for s, (_, channels) in self.taps.items()}
        )
        for s, score in self.scores.items():
            if s != "32":
                # As in the paper, a finer form starts as the coarser one, unchanged.
                nn.init.zeros_(score.weight)
                nn.init.zeros_(score.bias)

    def train(self, mode=True):
        """Training concerns the scores; the frozen backbone keeps its running statistics."""
        super().train(mode)
        self.backbone.eval()
        return self

    def features(self, x):
        """Feature maps of the backbone, a dictionary from stride to tensor."""
        wanted = {block: s for s, (block, _) in self.taps.items()}
        maps, x = {}, self.backbone.stem(self.backbone.standardize(x))
        for number, block in enumerate(self.backbone.blocks):
            x = block(x)
            if number in wanted:
                maps[wanted[number]] = x
        return maps

    def head(self, maps, size):
        """Logits (batch, classes, height, width) from the feature maps, for an image of `size`."""
        y = self.scores["32"](maps[32])
        for s in self.taps:
            if s != 32:
                y = interpolate(y, size=maps[s].shape[-2:], mode="bilinear")
                y = y + self.scores[str(s)](maps[s])
        return interpolate(y, size=size, mode="bilinear")

    def forward(self, x):
        """Logits (batch, classes, height, width) of RGB images in [0, 1]."""
        return self.head(self.features(x), x.shape[-2:])
