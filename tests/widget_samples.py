"""One instance of every widget, and every position of its controls, for whatever holds for all."""

import itertools

import numpy as np
import torch

from course_lib import datasets, widgets
from course_lib.boxes import boxes_of_labels, iou
from course_lib.nets import UNet
from course_lib.style import Painted
from course_lib.visualize import Patches

_CLASSES = np.repeat([5, 2, 9, 7], 6)


def _pictures(count, seed=0):
    return list(np.random.default_rng(seed).random((count, 16, 16, 3)))


def _nuclei():
    """The picture, the noisy boxes and the nuclei of the detection chapter."""
    nuclei = datasets.nuclei()
    place = np.s_[196:292, 20:148]
    truth = boxes_of_labels(nuclei.labels[place])
    rng = np.random.default_rng(1)
    noisy = np.repeat(truth, 4, axis=0) + rng.integers(-4, 5, (40, 4))
    noisy[:, 2:] = np.maximum(noisy[:, 2:], noisy[:, :2] + 3)
    corner = rng.integers(0, (100, 70), (6, 2))
    noisy = np.vstack([noisy, np.hstack([corner, corner + 22])])
    score = 0.15 + 0.75 * iou(noisy, truth).max(axis=1) + rng.integers(0, 10, 46) / 100
    return nuclei.image[place], noisy, score, truth


def _anchors():
    image, _, _, truth = _nuclei()
    return widgets.AnchorExplorer(image, truth)


def _architecture():
    """Not a trained network, but one that answers."""
    torch.manual_seed(0)
    return widgets.ArchitectureExplorer(UNet(4, 2, 2), np.random.default_rng(0).random((32, 32)))


def _attribution():
    left = np.zeros((12, 24))
    left[:, :12] = 1
    maps = {"one": {"cat": left, "cup": 1 - left}, "two": {"cat": 0.3 + left, "cup": 0 * left}}
    picture = np.random.default_rng(0).random((12, 24, 3))
    return widgets.AttributionExplorer(picture, maps, left == 0, "the cup's half")


def _embedding():
    rng = np.random.default_rng(0)
    z = np.eye(4)[np.unique(_CLASSES, return_inverse=True)[1]] + rng.normal(0, 0.35, (24, 4))
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    names = [f"letter {n}" for n in range(24)]
    return widgets.EmbeddingExplorer(z, _CLASSES, rng.random((24, 8, 8)), names)


def _epochs():
    """Two cells that touch, one alone, and predictions that become surer."""
    labels = np.zeros((40, 40), int)
    labels[5:17, 5:17], labels[5:17, 18:30], labels[24:36, 10:22] = 1, 2, 3
    noise = np.random.default_rng(0).random(labels.shape)
    inside = labels > 0
    sure = {n: np.clip(share * inside + (1 - share) * noise, 0, 1) for n, share in _SURE.items()}
    sure[100][8:14, 17] = 0.8
    return widgets.EpochExplorer(noise, labels, sure)


_SURE = {1: 0.2, 10: 0.6, 100: 0.93}


def _reader_study():
    films = datasets.hupse_2013()
    computer, *radiologists = films.ratings[0]
    names = {"name_a": "radiologists", "name_b": "computer"}
    ratings = np.broadcast_arrays(radiologists, computer)
    return widgets.ReaderStudyExplorer(films.y_true, ratings, **names)


def _shift():
    rng = np.random.default_rng(0)
    kinds = (rng.beta(1, 6, 60), rng.beta(6, 2, 40), rng.beta(2, 3, 30))
    return widgets.ShiftExplorer(*kinds, old=0.4, names=("bacterial", "viral"))


def _triage():
    rng = np.random.default_rng(0)
    risk = rng.beta(0.7, 0.7, (2, 83))
    truth = rng.random((2, 83)) < risk ** [[1], [0.3]]
    return widgets.TriageExplorer(
        dict(zip(("home", "away"), zip(truth, risk, strict=True), strict=True))
    )


def _style():
    content, style, *rest = _pictures(10)
    painted = {}
    for at, weight in enumerate((0.5, 2.0)):
        stages = dict(zip((10, 20), rest[2 * at : 2 * at + 2], strict=True))
        costs = np.linspace(3 + at, 0.123 + at, 20)
        painted[weight] = Painted(rest[-1], stages, costs, costs / 7)
    return widgets.StyleExplorer(content, style, painted)


def _threshold():
    masses = datasets.breast_masses()
    radius = masses.X[:, masses.feature_names.index("worst radius")]
    return widgets.ThresholdExplorer(masses.y_true, radius, score="worst radius", threshold=17)


def _units():
    rng = np.random.default_rng(0)
    return widgets.UnitBrowser(
        {
            name: (
                range(channels),
                _pictures(channels),
                Patches(rng.random((channels, 3, 16, 16, 3)), 9 * rng.random((channels, 3))),
            )
            for name, channels in (("shallow", 3), ("deep", 2))
        }
    )


def _dreams():
    photo, *dreams = _pictures(7)
    return widgets.DreamExplorer(photo, {"low": dreams[:3], "high": dreams[3:]}, (5, 10, 20))


def _depth():
    scene = np.zeros((60, 70))
    scene[10:30, 10:30] = 1
    return widgets.DepthExplorer(scene)


#: From the name of a widget's class to a function that makes one.
SAMPLES = {
    "AnchorExplorer": _anchors,
    "ArchitectureExplorer": _architecture,
    "AttributionExplorer": _attribution,
    "ConfusionExplorer": lambda: widgets.ConfusionExplorer(
        [0, 1, 0, 0, 0, 1, 0, 1, 0, 0], [0, 1, 1, 0, 0, 0, 0, 1, 1, 0]
    ),
    "ConsensusExplorer": widgets.ConsensusExplorer,
    "DecodingExplorer": widgets.DecodingExplorer,
    "DepthExplorer": _depth,
    "DreamExplorer": _dreams,
    "EmbeddingExplorer": _embedding,
    "EpochExplorer": _epochs,
    "FirstGuess": widgets.FirstGuess,
    "LearningRateExplorer": widgets.LearningRateExplorer,
    "OverlapExplorer": widgets.OverlapExplorer,
    "PrevalenceExplorer": lambda: widgets.PrevalenceExplorer(prevalence=0.005),
    "Quiz": lambda: widgets.Quiz("metrics"),
    "ReadinessCheck": widgets.ReadinessCheck,
    "ReaderStudyExplorer": _reader_study,
    "RetinotopyExplorer": widgets.RetinotopyExplorer,
    "ShiftExplorer": _shift,
    "StyleExplorer": _style,
    "SuppressionExplorer": lambda: widgets.SuppressionExplorer(*_nuclei()),
    "ThresholdExplorer": _threshold,
    "TriageExplorer": _triage,
    "UnitBrowser": _units,
}


def positions(widget):
    """Every state that the reader can bring the widget into, one after the other.

    Where that is too many, every one that prints something of its own: each 2×2 table of the
    patients, each pair of boxes with another number of shared squares or another union.
    """
    return _POSITIONS[type(widget).__name__](widget.data)


def _product(**lengths):
    for values in itertools.product(*(range(n) for n in lengths.values())):
        yield dict(zip(lengths, values, strict=True))


def _of_anchors(d):
    for state in _product(stride=len(d["strides"]), size=len(d["sizes"]), shapes=len(d["shapes"])):
        side = d["strides"][state["stride"]]
        cells = (d["picture"]["height"] // side, d["picture"]["width"] // side)
        for cell in np.ndindex(*cells):
            yield {**state, "cell": list(cell)}


def _of_architecture(d):
    for at, network in enumerate(d["networks"]):
        for step in range(len(network["steps"])):
            for skips in range(2 if network is d["networks"][-1] else 1):
                yield {"network": at, "step": step, "skips": skips}


def _of_confusion(d):
    for key in d["rates"]:
        tp, fn, fp, tn = map(int, key.split(","))
        yield {
            "y_true": [1] * (tp + fn) + [0] * (fp + tn),
            "y_pred": [1] * tp + [0] * fn + [1] * fp + [0] * tn,
        }


def _of_consensus(d):
    rates, correlations = len(d["rates"]), len(d["correlations"])
    for n, readers in enumerate(d["panels"]):
        yield from (
            {"readers": n, **rest}
            for rest in _product(
                quorum=readers, sensitivity=rates, specificity=rates, correlation=correlations
            )
        )


def _of_overlap(d):
    seen = set()
    limits = [d["columns"], d["rows"]]
    rng = np.random.default_rng(0)
    while len(seen) < 900:
        first, second = (
            np.sort([rng.choice(n + 1, 2, replace=False) for n in limits], axis=1).T.ravel()
            for _ in range(2)
        )
        shared = np.prod(
            np.maximum(0, np.minimum(first, second)[2:] - np.maximum(first, second)[:2])
        )
        union = sum(np.prod(box[2:] - box[:2]) for box in (first, second)) - shared
        if (shared, union) not in seen:
            seen.add((shared, union))
            yield {"first": first.tolist(), "second": second.tolist()}


def _of_units(d):
    for layer, channels in enumerate(d["channels"]):
        for unit in range(len(channels)):
            yield {"layer": layer, "unit": unit}


_POSITIONS = {
    "AnchorExplorer": _of_anchors,
    "ArchitectureExplorer": _of_architecture,
    "AttributionExplorer": lambda d: _product(
        method=len(d["methods"]), target=len(d["classes"]), cover=len(d["covers"])
    ),
    "ConfusionExplorer": _of_confusion,
    "ConsensusExplorer": _of_consensus,
    "DecodingExplorer": lambda d: _product(noise=len(d["noises"]), voxels=len(d["voxels"])),
    "DepthExplorer": lambda d: _product(depth=len(d["depths"]), order=3),
    "DreamExplorer": lambda d: _product(layer=len(d["layers"]), step=len(d["steps"])),
    "EmbeddingExplorer": lambda d: _product(
        selected=len(d["names"]), threshold=len(d["thresholds"])
    ),
    "EpochExplorer": lambda d: _product(
        iteration=len(d["iterations"]), threshold=len(d["thresholds"]) + 1
    ),
    "FirstGuess": lambda d: _product(guess=len(d["guesses"]), shown=2),
    "LearningRateExplorer": lambda d: _product(
        rate=len(d["rates"]), optimizer=len(d["optimizers"]), step=d["steps"] + 1
    ),
    "OverlapExplorer": _of_overlap,
    "PrevalenceExplorer": lambda d: _product(
        sensitivity=len(d["sensitivities"]),
        specificity=len(d["specificities"]),
        prevalence=len(d["prevalences"]),
    ),
    "Quiz": lambda d: [{}],
    "ReadinessCheck": lambda d: (
        {"ticked": [n for n in range(len(d["tasks"])) if bits >> n & 1]}
        for bits in range(2 ** len(d["tasks"]))
    ),
    "ReaderStudyExplorer": lambda d: _product(again=len(d["again"]), study=len(d["means"][0])),
    "RetinotopyExplorer": lambda d: _product(
        eccentricity=len(d["eccentricities"]), angle=len(d["angles"])
    ),
    "ShiftExplorer": lambda d: _product(
        prevalence=len(d["prevalences"]), share=len(d["shares"]), repair=len(d["repairs"])
    ),
    "StyleExplorer": lambda d: _product(weight=len(d["weights"]), step=len(d["steps"])),
    "SuppressionExplorer": lambda d: _product(
        threshold=len(d["thresholds"]), least=len(d["least"])
    ),
    "ThresholdExplorer": lambda d: _product(threshold=len(d["thresholds"]), cost=len(d["costs"])),
    "TriageExplorer": lambda d: _product(group=len(d["groups"]), share=len(d["shares"])),
    "UnitBrowser": _of_units,
}
