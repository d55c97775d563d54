"""U-Net: what it costs beside MONAI's, and how well it segments real cells."""

import itertools
import subprocess
import sys
import time

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt
from skimage.measure import label
from skimage.segmentation import watershed
from torch.nn.functional import cross_entropy

from course_lib import datasets
from course_lib import segmentation as seg
from course_lib.grouped import grouped_interval
from course_lib.nets import UNet

from . import micrographs
from .report import Row, best_of
from .unet_training import predict_eight_ways, trained


def benchmarks():
    torch.set_num_threads(1)
    yield from _weights_and_matching()
    yield from _training_step()
    yield from _large_image()
    yield from _nuclei()
    yield from _data_science_bowl()
    yield from _membranes()


def _weights_and_matching():
    from stardist.matching import matching

    image, labels = datasets.nuclei()
    yield Row.times(
        "border weight map of 125 nuclei, 512×512",
        best_of(lambda: seg.border_weight_map(labels), 3),
        "one distance transform a cell",
        best_of(lambda: _weights_by_definition(labels), 1),
        "≥ 10× faster",
    )
    found = seg.watershed_cells(image)
    matching(labels, found)
    yield Row.times(
        "matching of 125 nuclei",
        best_of(lambda: seg.match_instances(labels, found)),
        "stardist.matching",
        best_of(lambda: matching(labels, found)),
        "",
    )


def _weights_by_definition(labels):
    names = np.unique(labels)[1:]
    distances = np.stack([distance_transform_edt(labels != name) for name in names])
    d1, d2 = np.sort(distances, axis=0)[:2]
    return 1 + 10 * np.exp(-((d1 + d2) ** 2) / 50)


# Time and memory --------------------------------------------------------------------------------


def _training_step():
    from monai.networks.nets import BasicUNet

    ours, peer = "course_lib", "MONAI BasicUNet"
    # The same five widths, normalization and activation.
    networks = {
        ours: UNet(16, 4, 2),
        peer: BasicUNet(
            *(2, 1, 2, (16, 32, 64, 128, 256, 16)),
            **{"act": ("relu", {"inplace": True}), "norm": "batch", "bias": False},
        ),
    }
    steps = {name: _step(network) for name, network in networks.items()}
    kept = {name: _kept_for_backward(step) for name, step in steps.items()}
    # In turns, so that other programs disturb both alike.
    seconds = dict.fromkeys(steps, np.inf)
    for _ in range(10):
        for name, step in steps.items():
            seconds[name] = min(seconds[name], best_of(step, 1))
    yield Row.times(
        "training step, widths 16 to 256, 4 × 192²",
        *(seconds[ours], peer, seconds[peer], "≤ 1.1×"),
    )
    yield Row.value(
        "what it keeps for the backward pass, relative to MONAI's",
        kept[ours] / kept[peer],
        "≤ 1.1",
        f"{kept[ours] / 2**20:.0f} and {kept[peer] / 2**20:.0f} MiB",
    )


def _step(network):
    network.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters())
    x = torch.randn(4, 1, 192, 192).contiguous(memory_format=torch.channels_last)
    y = torch.randint(2, (4, 192, 192))

    def step():
        optimizer.zero_grad()
        cross_entropy(network(x), y).backward()
        optimizer.step()

    return step


def _kept_for_backward(step):
    """Bytes of all tensors that autograd saves in a step, each once."""
    storages = {}

    def note(tensor):
        storage = tensor.untyped_storage()
        storages[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        step()
    return sum(storages.values())


def _large_image():
    code = """
import resource, sys
import numpy as np, torch
from course_lib.nets import UNet
from course_lib.segmentation import predict_tiled
torch.set_num_threads(1)
network = UNet(8, 3, 2).eval()
def predict(tile):
    with torch.no_grad():
        return network(torch.from_numpy(tile)[None, None]).softmax(1)[0].numpy()
image = np.random.default_rng(0).integers(0, 256, (8192, 8192), np.uint8)
predict_tiled(predict, image, core=512, margin=48, blend=16)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(peak * (1 if sys.platform == "darwin" else 1024))
"""
    start = time.perf_counter()
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    peak = int(run.stdout)
    yield Row.value(
        "8192 × 8192 in tiles, peak memory in GiB",
        peak / 2**30,
        "≤ 2",
        f"two classes in memory, {time.perf_counter() - start:.0f} s",
    )


# Real cells -------------------------------------------------------------------------------------


def _nuclei():
    left, right = np.s_[:, :256], np.s_[:, 256:]
    yield from _taught_by_other_half("right", left, right, 0, ("≥ 0.92", "≥ 0.05"))
    # The right half has few nuclei that touch, so it teaches little of what the left half asks.
    yield from _taught_by_other_half("left", right, left, -1, ("", ""))


def _taught_by_other_half(side, taught, judged, seam, bars):
    """F1 of networks and watersheds; nuclei at the seam belong to neither half."""
    image, labels = datasets.nuclei()
    x, truth = seg.standardize(image), seg.without_touching(labels[judged], seam)

    found = []
    for seed in range(5):
        network = trained([x[taught]], [labels[taught]], seed, iterations=400, size=96)
        cells = seg.grow_seeds(predict_eight_ways(network, x[judged]))
        found.append(seg.without_touching(cells, seam))
    scores = [seg.match_instances(truth, cells).f1 for cells in found]
    shown = ", ".join(f"{score:.3f}" for score in scores)
    yield Row.value(f"nuclei, {side} half: lowest F1 of 5 seeds", min(scores), bars[0], shown)
    for window, name in ((0, "one threshold"), (51, "local threshold")):
        grid = [s for s in seg.WATERSHED_GRID if s.window == window]
        settings = seg.tune_watershed(image[taught], labels[taught], grid)
        rival = seg.without_touching(seg.watershed_cells(image[judged], settings), seam)
        its = seg.match_instances(truth, rival).f1
        low, high = seg.f1_difference(truth, found, rival).interval
        yield Row.value(
            f"the same above the watershed with {name}, tuned on the other half",
            min(scores) - its,
            bars[1],
            f"watershed {its:.3f}; mean margin, 95 % [{low:.3f}, {high:.3f}]",
        )


def _data_science_bowl():
    """The chapter's other table, its first start alone."""
    scores = {score.method: score for score in micrographs.scores(seeds=(0,))}
    rival, (*_, ours) = scores[micrographs.TUNED], scores.values()
    margins = ours.f1 - rival.f1
    low, high = grouped_interval(margins, np.arange(len(margins)))
    yield Row.value(
        "64 DSB 2018 images, two folds: mean F1", ours.f1.mean(), "≥ 0.85", f"{ours.seconds:.0f} s"
    )
    note = f"watershed {rival.f1.mean():.3f}; 95 % [{low:.3f}, {high:.3f}] by image"
    yield Row.value("the same above the watershed, tuned on the same 32", margins.mean(), "", note)
    yield Row.value("lower end of that interval", low, "> 0")


def _membranes():
    try:
        sections = datasets.isbi2012()
    except datasets.DataUnavailable as error:
        yield Row.value("ISBI 2012", "not run", "≥ 0.94", str(error))
        return
    images, cells = sections.images[:24].astype(np.float32), sections.cells[:24]
    # Neighbors look alike: a section lies between those for training, for choosing, for testing.
    train, choose, test = range(17), (18,), range(20, 24)
    x = (images - images[train].mean()) / images[train].std()
    truth = [label(one, connectivity=1) for one in cells]
    start = time.process_time()
    # Border weights cost pixel accuracy: on the section that chooses, 0.917 instead of 0.921.
    networks = [
        trained(
            [x[i] for i in train],
            [truth[i] for i in train],
            seed,
            **{"iterations": 1800, "size": 192, "batch": 4, "channels": 16, "depth": 4},
            **{"weights": None, "ema": 0.99, "elastic": 6.0, "grid": 5},
        )
        for seed in range(2)
    ]
    minutes = (time.process_time() - start) / 60
    first, second = (
        {i: predict_eight_ways(network, x[i]) for i in (*choose, *test)} for network in networks
    )
    mean = {i: (first[i] + second[i]) / 2 for i in first}
    alone = [_membrane_scores(p, cells, truth, choose, test) for p in (first, second)]
    averaged = _membrane_scores(mean, cells, truth, choose, test)
    for what, bar in (("pixel accuracy", "≥ 0.92"), ("V^Rand", "≥ 0.94")):
        score, settings = averaged[what]
        each = " and ".join(f"{scores[what][0]:.3f}" for scores in alone)
        name = f"ISBI 2012, 4 held-out sections, mean of two networks: {what}"
        yield Row.value(name, score, bar, f"{settings}; each alone {each}")
    yield Row.value("CPU minutes of training both", minutes, "")


def _membrane_scores(p, cells, truth, choose, test):
    """Pixel accuracy and V^Rand on test sections, with settings that are best on the others."""

    def accuracy(sections, threshold):
        return np.mean([np.mean((p[i] > threshold) == cells[i]) for i in sections])

    def rand(sections, settings):
        return np.mean(
            [seg.foreground_rand(truth[i], _flood(p[i], *settings)).score for i in sections]
        )

    thresholds = np.arange(0.3, 0.81, 0.05)
    best = max(thresholds, key=lambda threshold: accuracy(choose, threshold))
    pixels = accuracy(test, best), f"threshold {best:.2f}"
    grid = list(itertools.product((0.7, 0.8, 0.9, 0.95), (0, 1, 2, 3, 4)))
    best = max(grid, key=lambda settings: rand(choose, settings))
    pairs = rand(test, best), f"seeds above {best[0]}, eroded by {best[1]}"
    return {"pixel accuracy": pixels, "V^Rand": pairs}


def _flood(p, seed, erosion):
    """Every pixel to the seed that it is flooded from."""
    seeds = label(distance_transform_edt(p > seed) > erosion, connectivity=1)
    return watershed(-p, seeds)
