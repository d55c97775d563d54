"""The attribution chapter's tables of maps: nine photographs, in pairs and before broken networks.

``python -m benchmarks.maps`` prints them and writes ``montages.csv`` and ``shuffled.csv``, which a
test compares with the chapter. The photographs are those to which the network gives some class more
than 0.3; each stands on the left of one pair and on the right of another.
"""

from functools import partial
from pathlib import Path

import numpy as np
import torch
from scipy.special import softmax

from course_lib import attribution, datasets
from course_lib.grouped import grouped_interval
from course_lib.nets import EfficientNetLite0

from .report import write_table

HERE = Path(__file__).parent
SIZE, SHUFFLES = 128, 3
NOISES = (0.05, 0.1, 0.2, 0.4)
METHODS = {
    "saliency": attribution.saliency,
    "gradient × input": attribution.gradient_times_input,
    **{
        f"SmoothGrad, noise {noise}": partial(attribution.smooth_grad, samples=16, noise=noise)
        for noise in NOISES
    },
    "Grad-CAM, head": partial(attribution.grad_cam, layer="head"),
    "occlusion": partial(attribution.occlusion, window=40, stride=24),
    "guided gradient": attribution.guided_gradient,
}
#: What is shuffled, from the output down: 8 of the network's 19 parts.
BROKEN = ("logits", "head", *(f"blocks.{i}" for i in range(15, 9, -1)))


def recognized(model):
    """Photographs with one clear class for the network, and that class."""
    found = []
    for photo in datasets.photos(SIZE):
        p = softmax(attribution.logits(model, photo))
        if p.max() > 0.3:
            found.append((photo, int(p.argmax())))
    return found


def montages(model, photos):
    """Yield (method, share on the half of the class that is asked for, above saliency, maps)."""
    photo_of = np.repeat(np.arange(len(photos)), 2)
    first = None
    for name, method in METHODS.items():
        own = np.ravel([[*_own_shares(model, method, photos, i)] for i in range(len(photos))])
        margin = "–"
        if first is not None:
            low, high = grouped_interval(own - first, photo_of)
            margin = f"{np.mean(own - first):+.2f} [{low:+.2f}, {high:+.2f}]"
        first = own if first is None else first
        low, high = grouped_interval(own, photo_of)
        share = f"{own.mean():.2f} [{low:.2f}, {high:.2f}]"
        yield name, share, margin, f"{np.sum(own > 0.5)} of {len(own)}"


def _own_shares(model, method, photos, i):
    """Asked for one photograph's class, what its half holds, on the left and on the right."""
    photo, target = photos[i]
    right_of, left_of = photos[(i + 1) % len(photos)][0], photos[i - 1][0]
    left_half = np.broadcast_to(np.arange(2 * SIZE) < SIZE, (SIZE, 2 * SIZE))
    for pair, half in (((photo, right_of), left_half), ((left_of, photo), ~left_half)):
        evidence = np.maximum(method(model, np.concatenate(pair, axis=1), target), 0)
        yield attribution.share_inside(evidence, half)


def shuffled(model, photos):
    """Yield (method, rank correlation of a map with that of the broken network) for the table."""
    broken = [attribution.randomized(model, BROKEN, seed) for seed in range(SHUFFLES)]
    photo_of = np.repeat(np.arange(len(photos)), SHUFFLES)
    for name in ("guided gradient", "saliency"):
        kept = []
        for photo, target in photos:
            intact = METHODS[name](model, photo, target)
            maps = [METHODS[name](other, photo, target) for other in broken]
            kept += [attribution.rank_correlation(intact, one) for one in maps]
        low, high = grouped_interval(kept, photo_of)
        yield (
            name,
            f"{np.mean(kept):.2f} [{low:.2f}, {high:.2f}]",
            f"{min(kept):.2f}",
            f"{max(kept):.2f}",
        )


def main():
    model = EfficientNetLite0.pretrained()
    photos = recognized(model)
    header = ("method", "rank correlation", "lowest", "highest")
    write_table(HERE / "shuffled.csv", header, shuffled(model, photos))
    header = ("method", "on the half asked for", "above saliency", "more than half there")
    write_table(HERE / "montages.csv", header, montages(model, photos))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
