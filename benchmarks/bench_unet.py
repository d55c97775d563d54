"""U-Net: what it costs beside MONAI's, and how well it segments real cells."""

import itertools
import subprocess
import sys
import time

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt
from scipy.spatial import KDTree
from skimage.measure import label, regionprops
from skimage.segmentation import watershed
from torch.nn.functional import cross_entropy

from course_lib import datasets
from course_lib import segmentation as seg
from course_lib.augment import elastic_crops, jitter_intensity
from course_lib.grouped import grouped_interval
from course_lib.nets import UNet
from course_lib.training import fit

from .report import Row, best_of

#: Thresholds of seeds and edges among which every network chooses on its training data.
_SEEDS = tuple(itertools.product((0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98), (0.3, 0.4, 0.5)))


def benchmarks():
    torch.set_num_threads(1)
    yield from _weights_and_matching()
    yield from _training_step()
    yield from _large_image()
    yield from _nuclei()
    yield from _ablation()
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


def _trained(
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


def _predict(network, image):
    with torch.no_grad():
        return network(torch.from_numpy(image)[None, None]).softmax(1)[0, 1].numpy()


def _nuclei():
    left, right = np.s_[:, :256], np.s_[:, 256:]
    yield from _taught_by_other_half("right", left, right, 0, ("≥ 0.92", "≥ 0.05"))
    # The right half has few nuclei that touch, so it teaches little of what the left half asks.
    yield from _taught_by_other_half("left", right, left, -1, ("", ""))


def _taught_by_other_half(side, taught, judged, seam, bars):
    """F1 of networks and watersheds; nuclei at the seam belong to neither half."""
    image, labels = datasets.nuclei()
    x, truth = seg.standardize(image), seg.without_touching(labels[judged], seam)

    def cell_by_cell(cells):
        return _cell_by_cell(truth, seg.without_touching(cells, seam))

    networks = []
    for seed in range(5):
        network = _trained([x[taught]], [labels[taught]], seed, iterations=400, size=96)
        networks.append(cell_by_cell(seg.grow_seeds(_predict_eight_ways(network, x[judged]))))
    scores = [_f1(*one) for one in networks]
    shown = ", ".join(f"{score:.3f}" for score in scores)
    yield Row.value(f"nuclei, {side} half: lowest F1 of 5 seeds", min(scores), bars[0], shown)
    for window, name in ((0, "one threshold"), (51, "local threshold")):
        grid = [s for s in seg.WATERSHED_GRID if s.window == window]
        settings = seg.tune_watershed(image[taught], labels[taught], grid)
        rival = cell_by_cell(seg.watershed_cells(image[judged], settings))
        low, high = _margin_interval(networks, rival)
        yield Row.value(
            f"the same above the watershed with {name}, tuned on the other half",
            min(scores) - _f1(*rival),
            bars[1],
            f"watershed {_f1(*rival):.3f}; mean margin, 95 % [{low:.3f}, {high:.3f}]",
        )


def _ablation(iterations=300):
    """The chapter's ablation with twice its batches: does the network without skips catch up?"""
    image, labels = datasets.nuclei()
    x, left, right = seg.standardize(image), np.s_[:, :256], np.s_[:, 256:]
    truth = seg.without_touching(labels[right], 0)
    for name, options in (
        ("all of it", {}),
        ("no weights", {"weights": None}),
        ("no skips", {"skips": False}),
    ):
        scores = []
        for seed in range(3):
            network = _trained(
                [x[left]], [labels[left]], seed, iterations=iterations, size=96, **options
            )
            p = _predict(network, x[left]), _predict(network, x[right])
            settings = max(
                _SEEDS,
                key=lambda pair: seg.match_instances(labels[left], seg.grow_seeds(p[0], *pair)).f1,
            )
            cells = seg.without_touching(seg.grow_seeds(p[1], *settings), 0)
            scores.append(seg.match_instances(truth, cells).f1)
        shown = ", ".join(f"{score:.3f}" for score in scores)
        yield Row.value(f"nuclei, right half, {name}: lowest F1 of 3 seeds", min(scores), "", shown)


def _cell_by_cell(truth, cells):
    """Of each true cell: whether it was matched, and how many invented cells lie nearest to it."""
    pairs = seg.match_instances(truth, cells).pairs
    found = np.isin(np.unique(truth)[1:], pairs[:, 0])
    invented = [cell.centroid for cell in regionprops(cells) if cell.label not in pairs[:, 1]]
    nearest = KDTree([cell.centroid for cell in regionprops(truth)])
    at = nearest.query(invented)[1] if invented else np.array([], int)
    return found, np.bincount(at, minlength=len(found))


def _f1(found, invented):
    return 2 * found.sum() / (found.sum() + len(found) + invented.sum())


def _margin_interval(networks, rival, resamples=4000):
    """Bootstrap of the true cells, the same ones for both methods."""
    rng = np.random.default_rng(0)
    margins = []
    for _ in range(resamples):
        at = rng.integers(len(rival[0]), size=len(rival[0]))
        ours = np.mean([_f1(found[at], invented[at]) for found, invented in networks])
        margins.append(ours - _f1(rival[0][at], rival[1][at]))
    return np.quantile(margins, (0.025, 0.975))


def _data_science_bowl():
    images, labels = datasets.fluorescent_nuclei()
    x = [seg.standardize(image) for image in images]
    start = time.process_time()
    network = _trained(x[::2], labels[::2], 0, iterations=2000, size=128)
    minutes = (time.process_time() - start) / 60
    # Both settle their settings on the micrographs that also teach the network.
    p = [_predict(network, one) for one in x]
    found, settings = _tuned(
        lambda certain, edge: [seg.grow_seeds(one, certain, edge, min_size=10) for one in p],
        _SEEDS,
        labels,
    )
    classical, its_settings = _tuned(
        lambda *settings: [
            seg.watershed_cells(image, seg.WatershedSettings(*settings)) for image in images
        ],
        seg.WATERSHED_GRID,
        labels,
    )
    note = f"{minutes:.1f} CPU minutes; seeds above {settings[0]}, grown to {settings[1]}"
    yield Row.value(
        "32 DSB 2018 images, trained on 32 others: mean F1", found[1::2].mean(), "≥ 0.85", note
    )
    margins = found[1::2] - classical[1::2]
    low, high = grouped_interval(margins, np.arange(len(margins)))
    note = f"watershed {classical[1::2].mean():.3f} with {tuple(its_settings)}; "
    yield Row.value(
        "the same above the watershed, tuned on the same 32",
        margins.mean(),
        "",
        note + f"95 % [{low:.3f}, {high:.3f}] by image",
    )


def _tuned(cells_of, grid, labels):
    """F1 of every image, with the settings that are best on every second one, and these."""
    scores = {}
    for settings in grid:
        pairs = zip(labels, cells_of(*settings), strict=True)
        scores[settings] = np.array([seg.match_instances(*pair).f1 for pair in pairs])
    best = max(scores, key=lambda settings: scores[settings][::2].mean())
    return scores[best], best


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
        _trained(
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
        {i: _predict_eight_ways(network, x[i]) for i in (*choose, *test)} for network in networks
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


def _predict_eight_ways(network, image):
    """Mean prediction over the turned and flipped image, as in the paper."""
    turned = [np.rot90(side, k) for k in range(4) for side in (image, image[:, ::-1])]
    p = [_predict(network, np.ascontiguousarray(one)) for one in turned]
    back = [np.rot90(one, -(n // 2)) for n, one in enumerate(p)]
    return np.mean([one[:, ::-1] if n % 2 else one for n, one in enumerate(back)], axis=0)


def _flood(p, seed, erosion):
    """Every pixel to the seed that it is flooded from."""
    seeds = label(distance_transform_edt(p > seed) > erosion, connectivity=1)
    return watershed(-p, seeds)
