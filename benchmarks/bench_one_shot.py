"""One-shot recognition of letters from scripts that the network has never seen."""

import numpy as np
import torch

from course_lib import datasets, embedding
from course_lib.roc import RocCurve
from course_lib.training import fit

from .report import Row

_ITERATIONS = 120


def benchmarks():
    letters = datasets.glyphs()
    unseen = np.isin(letters.scripts[letters.y_true], ("Armenian", "Georgian"))
    images, y = embedding.distorted(letters.images[unseen]), letters.y_true[unseen]
    draw = embedding.class_batches(letters.images[~unseen], letters.y_true[~unseen])
    pixels = embedding.pixel_vectors(images)
    yield Row.value("20-way one-shot, pixels", embedding.one_shot(pixels, y).value, "≤ 0.45")
    for seed in range(3):
        torch.manual_seed(seed)
        network = embedding.EmbeddingNet()
        settings = {"lr": 3e-3, "weight_decay": 1e-2, "seed": seed, "device": "cpu", "quiet": True}
        history = fit(network, draw, embedding.triplet_loss, iterations=_ITERATIONS, **settings)
        z = embedding.embed(network, images)
        rate, area = embedding.one_shot(z, y), RocCurve.from_scores(*embedding.pairs(z, y)).auc
        low, high = rate.interval()
        yield Row.value(
            f"20-way one-shot, {_ITERATIONS} iterations, seed {seed}",
            rate.value,
            "≥ 0.80",
            f"95% over letters [{low:.3f}, {high:.3f}]; verification AUC {area:.3f}; "
            f"trained in {history.seconds:.0f} s",
        )
