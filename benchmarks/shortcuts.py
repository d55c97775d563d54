"""The attribution chapter's table of starts: the shortcut and its honest control, five of each.

``python -m benchmarks.shortcuts`` prints it and writes ``shortcuts.csv``, which a test compares
with the chapter. Network, images and maps are the chapter's.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from course_lib import attribution, training, xrays
from course_lib.roc import RocCurve

from .report import write_table

TABLE = Path(__file__).with_name("shortcuts.csv")
SEEDS = range(5)
#: Shares of the ill and of the healthy that carry the R in training.
TAUGHT = {"shortcut": (0.95, 0.05), "honest": (0.5, 0.5)}


def trained(data, seed):
    """The chapter's network, from one start."""
    torch.manual_seed(seed)
    blocks = []
    for before, after in ((1, 16), (16, 32), (32, 64)):
        convolution = nn.Conv2d(before, after, 3, 2, padding=1, bias=False)
        blocks += [convolution, nn.BatchNorm2d(after), nn.ReLU()]
    network = nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 2))
    x, y = torch.tensor(data.images[:, None]).float(), torch.tensor(data.y_true)

    def draw(generator):
        i = torch.randint(len(x), (32,), generator=generator)
        return x[i], y[i]

    options = {"iterations": 150, "lr": 5e-3, "seed": seed, "device": "cpu", "quiet": True}
    training.fit(network, draw, nn.functional.cross_entropy, **options)
    return network


def rows():
    """Yield (network, AUC at home, AUC away, share of the evidence in the box) for the table."""
    places = [xrays.simulated_xrays(400, *shares, seed=1) for shares in TAUGHT.values()]
    marked, box = xrays.simulated_xrays(400, 1, 1, seed=2), xrays.marker_mask()
    patients = marked.images[marked.y_true == 1][:16]
    for name, shares in TAUGHT.items():
        data = xrays.simulated_xrays(600, *shares, seed=0)
        found = []
        for seed in SEEDS:
            network = trained(data, seed)
            maps = [attribution.occlusion(network, p, 1, window=8, stride=4) for p in patients]
            inside = [attribution.share_inside(np.maximum(m, 0), box) for m in maps]
            found.append([*(_auc(network, place) for place in places), np.median(inside)])
        home, away, inside = zip(*found, strict=True)
        yield name, _span(home, "{:.2f}"), _span(away, "{:.2f}"), _span(inside, "{:.0%}")


def _span(values, form):
    ends = dict.fromkeys(form.format(end) for end in (min(values), max(values)))
    return " to ".join(ends)


def _auc(network, data):
    with torch.no_grad():
        p = network(torch.tensor(data.images[:, None]).float()).softmax(1)[:, 1]
    return RocCurve.from_scores(data.y_true, p.numpy()).auc


if __name__ == "__main__":
    torch.set_num_threads(1)
    header = ("five starts", "AUC at home", "AUC away", "occlusion in the box")
    write_table(TABLE, header, rows())
