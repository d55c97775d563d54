"""Exercises of the chapter "Why did it say that?"."""

import numpy as np

from ._exercise import Exercise, Misconception


def _gradient_times_input(image, gradient):
    return np.einsum("hwc,hwc->hw", image, gradient)


def _image_cases(rng):
    cases = [(np.array([[[1.0, 0.5, 0.0]]]), np.array([[[2.0, -1.0, 7.0]]]))]
    for _ in range(4):
        shape = (*(int(n) for n in rng.integers(2, 6, 2)), 3)
        cases.append((rng.random(shape), rng.normal(size=shape)))
    return cases


def _integrated_gradients(image, baseline, gradients):
    total = np.zeros_like(image)
    for gradient in gradients:
        total += gradient / len(gradients)
    return (image - baseline) * total


def _path_cases(rng):
    cases = []
    for steps in (2, 3, 8, 20):
        shape = tuple(int(n) for n in rng.integers(2, 6, 2))
        image, baseline = rng.random((2, *shape))
        cases.append((image, baseline, rng.normal(0.5, 1, (steps, *shape))))
    return cases


def _grad_cam(maps, gradients):
    alpha = gradients.mean((1, 2))
    return np.maximum(np.einsum("k,khw->hw", alpha, maps), 0)


def _map_cases(rng):
    cases = []
    for channels in (2, 3, 6, 12):
        shape = (channels, *(int(n) for n in rng.integers(3, 6, 2)))
        cases.append((rng.normal(0.3, 1, shape), rng.normal(0.1, 1, shape)))
    return cases


def _deletion_area(share, probability):
    widths = share[1:] - share[:-1]
    return float(np.sum(widths * (probability[1:] + probability[:-1]) / 2))


def _curve_cases(rng):
    cases = [(np.array([0.0, 0.25, 1.0]), np.array([0.8, 0.4, 0.0]))]
    for n in (4, 7, 12):
        share = np.r_[0, np.sort(rng.random(n)), 1]
        cases.append((share, np.sort(rng.random(n + 2))[::-1].copy()))
    return cases


def _share_inside(attribution, mask):
    size = np.abs(attribution)
    return float((size * mask).sum() / size.sum())


def _mask_cases(rng):
    cases = []
    for n in (5, 6, 8, 9):
        mask = np.zeros((n, n), bool)
        top, left = (int(i) for i in rng.integers(0, n - 3, 2))
        mask[top : top + 2, left : left + 3] = True
        cases.append((rng.normal(0.2, 1, (n, n)), mask))
    return cases


def _fault(attribution, edges, box):
    return _verdict(attribution, edges, box)


def _verdict(attribution, edges, box, size=np.abs, marker_first=True, times=True):
    """The verdict, and what may be forgotten on the way to it."""
    strength = size(attribution)
    share = strength[box].sum() / strength.sum()
    in_the_box = share > (5 * box.mean() if times else 0.5)
    drawn = np.corrcoef(strength.ravel(), edges.ravel())[0, 1] > 0.8
    signs = {"marker": in_the_box, "edges": drawn}
    order = ("marker", "edges") if marker_first else ("edges", "marker")
    return next((name for name in order if signs[name]), "none")


def _desk_cases(rng):
    """Maps of every kind, some with both faults, some with strong negative values in the box."""
    cases = []
    for kind in rng.permutation(["marker", "hidden", "edges", "both", "none", "weak"]):
        n = int(rng.integers(11, 15))
        box = np.zeros((n, n), bool)
        top, left = (int(i) for i in rng.integers(0, n - 3, 2))
        box[top : top + 2, left : left + 3] = True
        edges = rng.gamma(1, 1, (n, n))
        map_ = rng.normal(0, 1, (n, n))
        if kind in ("edges", "both"):
            edges[box] = 25 + rng.random(6) if kind == "both" else edges[box]
            map_ = (edges + 0.02 * map_) * rng.choice([-1, 1], (n, n))
        elif kind in ("marker", "hidden"):
            map_[box] = 12.0 if kind == "marker" else -12.0
        elif kind == "weak":
            map_[box] = 2.0
        cases.append((map_, edges, box))
    return cases


EXERCISES = (
    Exercise(
        id="attribution.gradient_times_input",
        title="Gradient times input",
        reference=_gradient_times_input,
        cases=_image_cases,
        misconceptions=(
            Misconception(
                "three_channels",
                lambda image, gradient: image * gradient,
                "The product is right, but it still has three channels. A map has one value a "
                "pixel: add the channels.",
            ),
            Misconception(
                "absolute",
                lambda image, gradient: np.abs(image * gradient).sum(2),
                "This is the sum of absolute values. What speaks against the class is negative "
                "and shall stay so; otherwise the map no longer adds up to a change of the score.",
            ),
            Misconception(
                "largest_channel",
                lambda image, gradient: np.abs(image * gradient).max(2),
                "The largest channel is how saliency makes a map of a gradient. Contributions of "
                "red, green and blue add up.",
            ),
            Misconception(
                "mean",
                lambda image, gradient: (image * gradient).mean(2),
                "This is the mean over the channels. Contributions add up: the map holds their "
                "sum.",
            ),
        ),
    ),
    Exercise(
        id="attribution.path_average",
        title="Integrated gradients",
        reference=_integrated_gradients,
        cases=_path_cases,
        misconceptions=(
            Misconception(
                "no_baseline",
                lambda image, baseline, gradients: image * gradients.mean(0),
                "This is the mean gradient times the image. The way went from the baseline to the"
                " image, so its length is image - baseline.",
            ),
            Misconception(
                "sum",
                lambda image, baseline, gradients: (image - baseline) * gradients.sum(0),
                "This is what the sum of the gradients gives. The integral over a way of length 1"
                " is their mean; with the sum, more steps would mean more importance.",
            ),
            Misconception(
                "last_gradient",
                lambda image, baseline, gradients: (image - baseline) * gradients[-1],
                "This is what the last gradient alone gives, near the image. There the score may "
                "be saturated and flat: average over the whole way.",
            ),
            Misconception(
                "gradients_only",
                lambda image, baseline, gradients: gradients.mean(0),
                "That is the mean gradient: a slope. Multiply by image - baseline to get a change "
                "of the score.",
            ),
        ),
    ),
    Exercise(
        id="attribution.class_map",
        title="Grad-CAM",
        reference=_grad_cam,
        cases=_map_cases,
        misconceptions=(
            Misconception(
                "no_rectifier",
                lambda maps, gradients: np.einsum("k,khw->hw", gradients.mean((1, 2)), maps),
                "Places that speak against the class are still negative. Grad-CAM sets them to 0 "
                "at the end.",
            ),
            Misconception(
                "rectified_too_early",
                lambda maps, gradients: np.maximum(
                    gradients.mean((1, 2))[:, None, None] * maps, 0
                ).sum(0),
                "This is what comes out if each channel is rectified before the sum, so that "
                "channels which disagree no longer cancel. Add first, rectify last.",
            ),
            Misconception(
                "gradient_times_maps",
                lambda maps, gradients: np.maximum((gradients * maps).sum(0), 0),
                "This is the product place by place, added up. Grad-CAM gives each channel one "
                "weight, the mean of its gradient over all places.",
            ),
            Misconception(
                "summed_weights",
                lambda maps, gradients: np.maximum(
                    np.einsum("k,khw->hw", gradients.sum((1, 2)), maps), 0
                ),
                "This is the map with the sum of each gradient as its weight, so it grows with the "
                "number of places. Grad-CAM's weight is the mean.",
            ),
            Misconception(
                "absolute",
                lambda maps, gradients: np.abs(
                    np.einsum("k,khw->hw", gradients.mean((1, 2)), maps)
                ),
                "This is the absolute value of the sum, so that what speaks against the class "
                "counts for it. Set negative places to 0.",
            ),
            Misconception(
                "positive_weights",
                lambda maps, gradients: np.maximum(
                    np.einsum("k,khw->hw", np.maximum(gradients.mean((1, 2)), 0), maps), 0
                ),
                "This is the map without the channels of negative weight. They count against the "
                "class and belong into the sum.",
            ),
        ),
    ),
    Exercise(
        id="attribution.deletion_area",
        title="Area under the deletion curve",
        reference=_deletion_area,
        cases=_curve_cases,
        misconceptions=(
            Misconception(
                "mean",
                lambda share, probability: float(probability.mean()),
                "The mean of the points is the area only if they are evenly spaced and many. "
                "Weigh each piece by its width.",
            ),
            Misconception(
                "left_rectangles",
                lambda share, probability: float(np.sum(np.diff(share) * probability[:-1])),
                "This is the area of rectangles as high as the left end of each piece. Between "
                "two points the curve is a straight line: use the mean of both ends.",
            ),
            Misconception(
                "above_the_curve",
                lambda share, probability: 1 - _deletion_area(share, probability),
                "That is the area above the curve. For deletion the small area under it is good.",
            ),
        ),
    ),
    Exercise(
        id="attribution.share_in_mask",
        title="How much of a map lies in a region",
        reference=_share_inside,
        cases=_mask_cases,
        misconceptions=(
            Misconception(
                "signed",
                lambda attribution, mask: float(attribution[mask].sum() / attribution.sum()),
                "Positive and negative values cancelled, so the share may leave [0, 1]. Take the "
                "absolute values first.",
            ),
            Misconception(
                "density",
                lambda attribution, mask: float(
                    np.abs(attribution[mask]).mean() / np.abs(attribution).mean()
                ),
                "That is how many times stronger the region is than the whole image: a density. "
                "The share is a ratio of sums.",
            ),
            Misconception(
                "area",
                lambda attribution, mask: float(mask.mean()),
                "That is the region's share of the pixels: the number to compare with, because a "
                "map that knows nothing would score it.",
            ),
        ),
    ),
    Exercise(
        id="attribution.fault",
        title="Read a failure",
        reference=_fault,
        cases=_desk_cases,
        misconceptions=(
            Misconception(
                "positive_only",
                lambda *given: _verdict(*given, size=lambda a: np.maximum(a, 0)),
                "This is the verdict on the positive values alone. What speaks against the class "
                "gives a fault away as well: the size of a value does not depend on its sign.",
            ),
            Misconception(
                "edges_first",
                lambda *given: _verdict(*given, marker_first=False),
                "Where both hold, the marker is the worse fault and is named: ask for it first.",
            ),
            Misconception(
                "half_of_the_map",
                lambda *given: _verdict(*given, times=False),
                "This is the verdict for a box that holds more than half of the map. A small box "
                "gives itself away with less: compare with its share of the pixels.",
            ),
            Misconception(
                "no_edges",
                lambda attribution, edges, box: _verdict(
                    attribution, 1 + 0 * edges + 1e-9 * box, box
                ),
                "The marker is found. But a map that draws the image is no explanation either: "
                "correlate its sizes with the edges.",
            ),
        ),
    ),
)
