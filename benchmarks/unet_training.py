"""What the benchmarks of the chapter on U-Net share: training and predicting as there."""

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from course_lib import segmentation as seg
from course_lib.augment import elastic_crops, jitter_intensity
from course_lib.nets import UNet
from course_lib.training import fit


def trained(
    images,
    labels,
    seed,
    *,
    iterations,
    size,
    batch=6,
    channels=8,
    depth=3,
    skips=True,
    weights=(10, 5),
    ema=None,
    **bend,
):
    """A U-Net trained on standardized images and the cells in them, as in the chapter.

    `weights` are `w0` and `sigma` of the border weights; None weighs all pixels alike.
    """
    apart = [seg.separate_touching(one) for one in labels]
    X = torch.tensor(np.stack(images))[:, None]
    Y = torch.tensor(np.stack(apart) > 0).long()[:, None]
    W = torch.ones(Y.shape)
    if weights:
        W = torch.tensor(np.stack([seg.border_weight_map(one, *weights) for one in apart]))
        W = W.float()[:, None]

    def draw(generator):
        crops, (y, w) = elastic_crops(X, [Y, W], size, batch, generator, **bend)
        return jitter_intensity(crops, generator), y[:, 0], w[:, 0]

    def loss(scores, y, w):
        return (w * cross_entropy(scores, y, reduction="none")).sum() / w.sum()

    torch.manual_seed(seed)
    network = UNet(channels, depth, 2, skips=skips)
    fit(network, draw, loss, iterations=iterations, lr=4e-3, ema=ema, seed=seed, quiet=True)
    return network


def predict(network, image):
    with torch.no_grad():
        return network(torch.from_numpy(image)[None, None]).softmax(1)[0, 1].numpy()


def predict_eight_ways(network, image, predict=predict):
    """Mean prediction over the turned and flipped image, as in the paper.

    `predict` gives one map or several, whose last two axes are the image's.
    """
    total = 0
    for k in range(4):
        turned = np.rot90(image, k)
        straight = predict(network, np.ascontiguousarray(turned))
        flipped = predict(network, np.ascontiguousarray(turned[:, ::-1]))[..., ::-1]
        total = total + np.rot90(straight + flipped, -k, axes=(-2, -1))
    return total / 8
