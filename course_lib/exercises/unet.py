"""Exercises of the chapter "U-Net: from pixels to cells"."""

import numpy as np

from ._exercise import Exercise, Misconception


def _instance_f1(iou, iou_threshold):
    tp = np.count_nonzero(iou > iou_threshold)
    n_true, n_predicted = iou.shape
    return 2 * tp / (n_true + n_predicted)


def _iou_cases(rng):
    """Tables with matches, near misses, one at the threshold, missed and invented cells."""
    fixed = np.array([[0.8, 0.0, 0.0, 0.1], [0.0, 0.6, 0.0, 0.0], [0.1, 0.0, 0.5, 0.0]])
    cases = [(fixed, 0.5)]
    for n_true, n_predicted, threshold in ((6, 4, 0.5), (5, 8, 0.5), (9, 7, 0.7)):
        iou = np.zeros((n_true, n_predicted))
        places = rng.permutation(n_true)[:4], rng.permutation(n_predicted)[:4]
        near = threshold, rng.uniform(0.2, threshold - 0.05)
        iou[places] = *rng.uniform(threshold + 0.05, 0.95, 2), *near
        cases.append((iou.round(2), threshold))
    return cases


def _double_conv(x, weight1, bias1, weight2, bias2, padding=0):
    # Only where it is needed: the other exercises do without torch.
    from torch.nn.functional import conv2d, relu

    x = relu(conv2d(x, weight1, bias1, padding=padding))
    return relu(conv2d(x, weight2, bias2, padding=padding))


def _double_convolution(x, weight1, bias1, weight2, bias2):
    return _double_conv(x, weight1, bias1, weight2, bias2)


def _one_rectifier(x, weight1, bias1, weight2, bias2):
    from torch.nn.functional import conv2d, relu

    return conv2d(relu(conv2d(x, weight1, bias1)), weight2, bias2)


def _rectified_at_the_end(x, weight1, bias1, weight2, bias2):
    from torch.nn.functional import conv2d, relu

    return relu(conv2d(conv2d(x, weight1, bias1), weight2, bias2))


def _conv_cases(rng):
    from torch import from_numpy

    sizes = ((1, 1, 2, 6, 6), (2, 2, 3, 7, 6), (1, 3, 2, 5, 8))

    def tensor(*shape):
        return from_numpy(rng.normal(size=shape).astype(np.float32))

    return [
        (
            tensor(batch, before, height, width),
            *(tensor(after, before, 3, 3), tensor(after)),
            *(tensor(after, after, 3, 3), tensor(after)),
        )
        for batch, before, after, height, width in sizes
    ]


def _concatenate_skip(skip, up):
    height, width = up.shape[1:]
    top, left = (skip.shape[1] - height) // 2, (skip.shape[2] - width) // 2
    return np.concatenate([skip[:, top : top + height, left : left + width], up], axis=0)


def _corner(skip, up):
    return skip[:, : up.shape[1], : up.shape[2]]


def _skip_cases(rng):
    """Both maps have the same number of channels, as in the paper; the skip is larger."""
    cases = []
    for channels, height, width, border in ((1, 2, 2, 1), (2, 4, 4, 2), (3, 3, 5, 1), (2, 5, 4, 3)):
        skip = rng.integers(0, 100, (channels, height + 2 * border, width + 2 * border))
        cases.append((skip, rng.integers(100, 200, (channels, height, width))))
    return cases


def _output_size(size, depth):
    for _ in range(depth):
        size = (size - 4) // 2
    size -= 4
    for _ in range(depth):
        size = 2 * size - 4
    return size


def _one_convolution_a_level(size, depth):
    for _ in range(depth):
        size = (size - 2) // 2
    size -= 2
    for _ in range(depth):
        size = 2 * size - 2
    return size


def _contracting_path_only(size, depth):
    for _ in range(depth):
        size = (size - 4) // 2
    return (size - 4) * 2**depth


def _size_cases(rng):
    """The paper's own, and sizes that stay whole in every pooling."""
    cases = [(572, 4)]
    for depth in (1, 2, 3):
        bottom = int(rng.integers(10, 40))
        cases.append((bottom * 2**depth + 4 * (2**depth - 1), depth))
    return cases


def _soft_dice_loss(p, y):
    return 1 - 2 * (p * y).sum() / (p.sum() + y.sum())


def _probability_cases(rng):
    from torch import from_numpy

    cases = []
    for shape in ((4,), (3, 5), (2, 6, 6)):
        y = (rng.random(shape) < 0.4).astype(np.float32)
        y.flat[:2] = 1, 0
        # Right more often than wrong, and never certain.
        p = (0.3 + 0.4 * y + rng.uniform(-0.25, 0.25, shape)).astype(np.float32)
        # A loss is descended: what is returned must know how it depends on p.
        cases.append((from_numpy(p).requires_grad_(), from_numpy(y)))
    return cases


def _border_weights(distances, w0, sigma):
    d1, d2 = np.sort(distances, axis=0)[:2]
    return 1 + w0 * np.exp(-((d1 + d2) ** 2) / (2 * sigma**2))


def _distance_cases(rng):
    fixed = np.array([[[0.0, 1, 2, 3, 4]], [[6.0, 5, 4, 3, 2]], [[2.0, 2, 2, 2, 2]]])
    return [(fixed, 10.0, 5.0)] + [
        (rng.uniform(0, 12, (cells, 3, 4)).round(1), float(w0), float(sigma))
        for cells, w0, sigma in ((3, 10, 5), (4, 5, 3), (6, 20, 4))
    ]


def _mirrored_tile(image, row, column, core, margin):
    padded = np.pad(image, margin, mode="reflect")
    return padded[row : row + core + 2 * margin, column : column + core + 2 * margin]


def _padded_tile(mode):
    def tile(image, row, column, core, margin):
        side = core + 2 * margin
        return np.pad(image, margin, mode=mode)[row : row + side, column : column + side]

    return tile


def _tile_cases(rng):
    """A corner, an edge, the middle and the opposite corner."""
    cases = [(np.arange(36).reshape(6, 6), 0, 0, 3, 2)]
    for row, column, core, margin in ((0, 4, 4, 3), (5, 0, 4, 2), (4, 4, 4, 2), (8, 8, 4, 3)):
        cases.append((rng.integers(0, 1000, (12, 12)), row, column, core, margin))
    return cases


EXERCISES = (
    Exercise(
        id="unet.instance_f1",
        title="F1 of single cells",
        reference=_instance_f1,
        cases=_iou_cases,
        misconceptions=(
            Misconception(
                "precision",
                lambda iou, iou_threshold: np.count_nonzero(iou > iou_threshold) / iou.shape[1],
                "That is the precision: the share of the predicted cells that are real. Missed "
                "cells do not lower it.",
            ),
            Misconception(
                "recall",
                lambda iou, iou_threshold: np.count_nonzero(iou > iou_threshold) / iou.shape[0],
                "That is the recall: the share of the true cells that are found. Invented cells "
                "do not lower it.",
            ),
            Misconception(
                "at_least",
                lambda iou, iou_threshold: (
                    2 * np.count_nonzero(iou >= iou_threshold) / sum(iou.shape)
                ),
                "This counts a pair whose IoU equals the threshold. A match must exceed it.",
            ),
            Misconception(
                "any_overlap",
                lambda iou, iou_threshold: 2 * np.count_nonzero(iou) / sum(iou.shape),
                "This counts every pair that overlaps at all. Only pairs whose IoU exceeds the "
                "threshold are matches.",
            ),
            Misconception(
                "average_precision",
                lambda iou, iou_threshold: (
                    np.count_nonzero(iou > iou_threshold)
                    / (sum(iou.shape) - np.count_nonzero(iou > iou_threshold))
                ),
                "That is TP / (TP + FP + FN). In F1 a match counts on both sides, as one true and "
                "as one predicted cell: 2 TP / (2 TP + FP + FN).",
            ),
            Misconception(
                "mean_iou",
                lambda iou, iou_threshold: float(np.mean(iou.max(axis=1))),
                "That is a mean of overlaps. F1 counts cells: how many pairs match, out of how "
                "many true and predicted cells?",
            ),
        ),
    ),
    Exercise(
        id="unet.double_conv",
        title="The unit that U-Net is made of",
        reference=_double_convolution,
        cases=_conv_cases,
        rtol=1e-4,
        atol=1e-4,
        uses=("torch",),
        misconceptions=(
            Misconception(
                "padded",
                lambda *arguments: _double_conv(*arguments, padding=1),
                "This is the result of convolutions padded with zeros, which keep the size. The "
                "paper's are unpadded: each takes away a border of one pixel.",
            ),
            Misconception(
                "one_rectifier",
                _one_rectifier,
                "The second convolution is followed by a rectifier too: no negative value leaves "
                "the block.",
            ),
            Misconception(
                "rectified_at_the_end_only",
                _rectified_at_the_end,
                "Without a rectifier between them, two convolutions are one larger convolution. "
                "Rectify after each.",
            ),
            Misconception(
                "no_bias",
                lambda x, weight1, bias1, weight2, bias2: _double_conv(
                    x, weight1, 0 * bias1, weight2, 0 * bias2
                ),
                "This is the result without the biases: each convolution adds one number to each "
                "channel.",
            ),
        ),
    ),
    Exercise(
        id="unet.concatenate_skip",
        title="Across the U",
        reference=_concatenate_skip,
        cases=_skip_cases,
        misconceptions=(
            Misconception(
                "added",
                lambda skip, up: _concatenate_skip(skip, up)[: len(up)] + up,
                "This is the sum of the maps, as in a residual network. U-Net stacks them, so "
                "that the next convolution can weigh context and detail itself.",
            ),
            Misconception(
                "cropped_at_the_corner",
                lambda skip, up: np.concatenate([_corner(skip, up), up], axis=0),
                "The upper left corner of the skip is here. Unpadded convolutions take equally "
                "much from all sides, so the pixels that belong together lie in the middle.",
            ),
            Misconception(
                "order_swapped",
                lambda skip, up: np.concatenate([up, _concatenate_skip(skip, up)[: len(up)]]),
                "All channels are there, in the other order: first those that came across the U, "
                "then those from below.",
            ),
            Misconception(
                "side_by_side",
                lambda skip, up: np.concatenate(
                    [_concatenate_skip(skip, up)[: len(up)], up], axis=1
                ),
                "One map lies below the other, as if gluing photographs. Join them along the "
                "channels, the first axis.",
            ),
        ),
    ),
    Exercise(
        id="unet.output_size",
        title="From 572 to 388",
        reference=_output_size,
        cases=_size_cases,
        misconceptions=(
            Misconception(
                "one_convolution_a_level",
                _one_convolution_a_level,
                "This is the size with one convolution for each level. There are two, and each "
                "takes a pixel from all four sides: 4 pixels of the height.",
            ),
            Misconception(
                "contracting_path_only",
                _contracting_path_only,
                "On the way up there are convolutions as well: each level loses another 4 pixels "
                "after its enlargement.",
            ),
            Misconception(
                "four_for_each_level",
                lambda size, depth: size - 4 * (2 * depth + 1),
                "This is the size if every level costs 4 pixels of the image. Four pixels at the "
                "bottom are 4 · 2^depth pixels of the image.",
            ),
            Misconception(
                "unchanged",
                lambda size, depth: size,
                "That holds for padded convolutions. The paper's are unpadded, and its output is "
                "smaller than its input.",
            ),
        ),
    ),
    Exercise(
        id="unet.soft_dice_loss",
        title="A Dice that can be descended",
        reference=_soft_dice_loss,
        cases=_probability_cases,
        rtol=1e-4,
        uses=("torch",),
        misconceptions=(
            Misconception(
                "no_gradient",
                lambda p, y: _soft_dice_loss(p, y).detach(),
                "The values are right, but these are bare numbers, without the way from p to the "
                "loss (`.item()`, `.detach()`, `.tolist()` and NumPy cut it off). Nothing could "
                "be learned: stay with torch.",
            ),
            Misconception(
                "thresholded",
                lambda p, y: _soft_dice_loss((p > 0.5).float(), y),
                "This is the loss of thresholded probabilities. A step is flat, so its gradient "
                "is zero everywhere and nothing is learned: put the probabilities themselves in.",
            ),
            Misconception(
                "dice_itself",
                lambda p, y: 1 - _soft_dice_loss(p, y),
                "That is the soft Dice coefficient. Training descends, so the loss must fall as "
                "the overlap grows.",
            ),
            Misconception(
                "no_factor_two",
                lambda p, y: 1 - (p * y).sum() / (p.sum() + y.sum()),
                "Even a perfect prediction would get a loss of one half: the overlap counts "
                "twice, because it is part of both sums below.",
            ),
            Misconception(
                "soft_iou",
                lambda p, y: 1 - (p * y).sum() / (p.sum() + y.sum() - (p * y).sum()),
                "That is the loss of the soft IoU, whose denominator is the union. Dice divides "
                "by the sum of both areas.",
            ),
            Misconception(
                "pixel_error",
                lambda p, y: (p - y).abs().mean(),
                "That is the mean error of a pixel. Dice does not look at pixels that both leave "
                "empty.",
            ),
        ),
    ),
    Exercise(
        id="unet.border_weights",
        title="The weight of a border",
        reference=_border_weights,
        cases=_distance_cases,
        points=2,
        misconceptions=(
            Misconception(
                "nearest_cell_only",
                lambda distances, w0, sigma: (
                    1 + w0 * np.exp(-(distances.min(axis=0) ** 2) / (2 * sigma**2))
                ),
                "This is what the nearest cell alone gives: every cell has a halo. A border "
                "between cells is where the second nearest is close as well.",
            ),
            Misconception(
                "squares_before_the_sum",
                lambda distances, w0, sigma: (
                    1 + w0 * np.exp(-(np.sort(distances, axis=0)[:2] ** 2).sum(0) / (2 * sigma**2))
                ),
                "This is the value if each distance is squared before the sum. Equation 2 adds "
                "the two distances first and squares their sum.",
            ),
            Misconception(
                "first_two_cells",
                lambda distances, w0, sigma: (
                    1 + w0 * np.exp(-((distances[0] + distances[1]) ** 2) / (2 * sigma**2))
                ),
                "This is the value from the first two cells everywhere. Which cells are nearest "
                "differs from pixel to pixel: sort along the first axis.",
            ),
            Misconception(
                "all_cells",
                lambda distances, w0, sigma: (
                    1 + w0 * np.exp(-(distances.sum(axis=0) ** 2) / (2 * sigma**2))
                ),
                "This is the value from the distances to all cells. Only the nearest two make a "
                "border.",
            ),
            Misconception(
                "no_class_weight",
                lambda distances, w0, sigma: _border_weights(distances, w0, sigma) - 1,
                "This is 1 less everywhere: far from any border a weight of 0, and the network "
                "would never be told about the background.",
            ),
            Misconception(
                "no_two_in_the_exponent",
                lambda distances, w0, sigma: _border_weights(distances, w0, sigma / np.sqrt(2)),
                "Look at the denominator of the exponent: 2 σ², as in a Gaussian.",
            ),
        ),
    ),
    Exercise(
        id="unet.mirrored_tile",
        title="Overlap-tile",
        reference=_mirrored_tile,
        cases=_tile_cases,
        points=2,
        misconceptions=(
            Misconception(
                "zeros_outside",
                _padded_tile("constant"),
                "Outside of the image there are zeros. The network would see a black frame that "
                "no micrograph has: mirror the image instead.",
            ),
            Misconception(
                "edge_doubled",
                _padded_tile("symmetric"),
                "This mirror stands beyond the outermost pixels, so that they occur twice. It "
                "stands on them: 2 1 0 1 2.",
            ),
            Misconception(
                "edge_repeated",
                _padded_tile("edge"),
                "Outside of the image the outermost pixel is repeated. Mirror the image there, so"
                " that structures go on.",
            ),
            Misconception(
                "core_alone",
                lambda image, row, column, core, margin: image[
                    row : row + core, column : column + core
                ],
                "That is the core alone. The network needs a margin of context on every side, and "
                "only the core of its answer is kept.",
            ),
            Misconception(
                "not_shifted",
                lambda image, row, column, core, margin: np.pad(image, 2 * margin, mode="reflect")[
                    row + 2 * margin : row + 3 * margin + core + margin,
                    column + 2 * margin : column + 3 * margin + core + margin,
                ],
                "The tile starts at the core itself. It must start one margin earlier, so that "
                "context lies on all sides.",
            ),
        ),
    ),
)
