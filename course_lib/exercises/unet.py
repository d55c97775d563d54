"""Exercises of the chapter "U-Net: from pixels to cells"."""

import numpy as np

from ._exercise import Exercise, Misconception


def _instance_f1(iou, iou_threshold):
    tp = np.count_nonzero(iou >= iou_threshold)
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
    from torch import cat

    height, width = up.shape[2:]
    top, left = (skip.shape[2] - height) // 2, (skip.shape[3] - width) // 2
    return cat([skip[:, :, top : top + height, left : left + width], up], dim=1)


def _joined_at_the_corner(skip, up):
    from torch import cat

    return cat([skip[:, :, : up.shape[2], : up.shape[3]], up], dim=1)


def _joined_in_other_order(skip, up):
    both = _concatenate_skip(skip, up)
    return both.roll(up.shape[1], dims=1)


def _joined_as_photographs(skip, up):
    from torch import cat

    return cat([_concatenate_skip(skip, up)[:, : skip.shape[1]], up], dim=2)


def _skip_cases(rng):
    """Both maps have the same number of channels, as in the paper; the skip is larger."""
    from torch import from_numpy

    cases = []
    for batch, channels, height, width, border in (
        (1, 1, 2, 2, 1),
        (1, 2, 4, 4, 2),
        (2, 3, 3, 5, 1),
        (3, 2, 5, 4, 3),
    ):
        larger = batch, channels, height + 2 * border, width + 2 * border
        skip = rng.integers(0, 100, larger).astype(np.float32)
        up = rng.integers(100, 200, (batch, channels, height, width)).astype(np.float32)
        cases.append((from_numpy(skip), from_numpy(up)))
    return cases


def _forward(x, contract, bottom, up, expand, classify):
    return _assembled(x, contract, bottom, up, expand, classify)


def _assembled(x, contract, bottom, up, expand, classify, pool="max", join=_concatenate_skip):
    from torch.nn import functional

    pooled = {"max": functional.max_pool2d, "mean": functional.avg_pool2d}[pool]
    skips = []
    for weights in contract:
        skips.append(_double_conv(x, *weights))
        x = pooled(skips[-1], 2)
    x = _double_conv(x, *bottom)
    for enlarge, weights, skip in zip(up, expand, reversed(skips), strict=True):
        x = functional.conv_transpose2d(x, *enlarge, stride=2)
        x = _double_conv(join(skip, x), *weights)
    return functional.conv2d(x, *classify) if classify else x


def _network_cases(rng):
    """Weights of networks with one, two and no poolings more, for inputs that fit them."""
    from torch import from_numpy

    def tensor(*shape):
        # So that maps neither vanish nor grow on the way.
        return from_numpy((rng.normal(size=shape) / np.sqrt(np.prod(shape[1:]) / 2)).astype("f4"))

    def unit(before, after):
        return tensor(after, before, 3, 3), tensor(after), tensor(after, after, 3, 3), tensor(after)

    cases = []
    for depth, batch, height, width in ((1, 1, 20, 20), (2, 1, 44, 48), (2, 2, 52, 44)):
        widths = [2 * 2**level for level in range(depth + 1)]
        pairs = list(zip([1, *widths], widths, strict=False))
        rising = [(wide, narrow) for narrow, wide in pairs[:0:-1]]
        cases.append(
            (
                from_numpy(rng.normal(size=(batch, 1, height, width)).astype(np.float32)),
                [unit(*pair) for pair in pairs[:-1]],
                unit(*pairs[-1]),
                [(tensor(wide, narrow, 2, 2), tensor(narrow)) for wide, narrow in rising],
                [unit(2 * narrow, narrow) for _, narrow in rising],
                (tensor(2, 2, 1, 1), tensor(2)),
            )
        )
    return cases


def _fair_margin(ours_left, rival_left, ours_right, rival_right):
    ours, rival = (left.mean(axis=1).argmax() for left in (ours_left, rival_left))
    return float(np.mean(ours_right[ours] - rival_right[rival]))


def _margin_cases(rng):
    """Scores of settings (rows) on images: what is best on the left is not so on the right.

    Nor has it the highest score on a single image.
    """
    fixed = (
        np.array([[0.6, 0.7], [0.9, 0.8], [0.5, 0.6]]),
        np.array([[0.7, 0.7], [0.6, 0.5], [0.8, 0.9]]),
        np.array([[0.9, 0.8, 0.9], [0.7, 0.8, 0.8], [0.6, 0.4, 0.5]]),
        np.array([[0.6, 0.7, 0.6], [0.9, 0.9, 0.8], [0.8, 0.7, 0.7]]),
    )
    cases = [fixed]
    for settings, left, right in ((3, 4, 4), (5, 3, 6), (4, 8, 5), (6, 5, 3)):
        # Images differ more than settings do.
        tables = [
            (rng.uniform(0.3, 0.8, images) + rng.uniform(0, 0.1, (settings, images))).round(2)
            for images in (left, left, right, right)
        ]
        # On the left one setting is clearly the best, in any precision, and on the right another.
        for one, other in (tables[::2], tables[1::2]):
            best, better_later = rng.permutation(settings)[:2]
            one[best] += 0.1
            one[best - 1, :2] = one.max() + 0.05, 0.1
            other[better_later] += 0.06
        cases.append(tuple(tables))
    return cases


def _read_failure(true, found):
    shared = np.zeros((true.max() + 1, found.max() + 1), int)
    np.add.at(shared, (true.ravel(), found.ravel()), 1)
    in_true, in_found = shared.sum(1), shared.sum(0)
    for cell in np.unique(found[found > 0]):
        inside = shared[1:, cell] > in_true[1:] / 2
        if (inside & (in_true[1:] > 0)).sum() > 1:
            return "merged"
        if shared[0, cell] == in_found[cell]:
            return "invented"
    for cell in np.unique(true[true > 0]):
        pieces = shared[cell, 1:] > in_found[1:] / 2
        if (pieces & (in_found[1:] > 0)).sum() > 1:
            return "split"
        if shared[cell, 0] == in_true[cell]:
            return "missed"
    return "outline"


_FAILURES = 2 * ("missed", "merged", "split", "invented") + ("too small", "over its neighbor")


def _failure_cases(rng):
    """Two pictures of each failure, in an order that no seed repeats."""
    return [_failure(rng, str(name)) for name in rng.permutation(_FAILURES)]


def _failure(rng, name):
    """True and found cells of a small picture in which one thing went wrong.

    Six cells of 4 × 4 pixels stand in two rows, and in each row the first two touch.
    """
    true, found = np.zeros((2, 11, 15), int)
    spots = [np.s_[top : top + 4, left : left + 4] for top in (1, 6) for left in (1, 5, 10)]
    numbers, others = rng.permutation(np.arange(1, 9)), rng.permutation(np.arange(1, 10))
    for spot, number, other in zip(spots, numbers, others, strict=False):
        true[spot], found[spot] = number, other
    pair = 3 * int(rng.integers(2))
    one, next_to_it = found[spots[pair]], found[spots[pair + 1]]
    any_spot = spots[rng.integers(6)]
    if name == "missed":
        found[any_spot] = 0
    elif name == "invented":
        true[any_spot] = 0
    elif name == "merged":
        next_to_it[:] = one[0, 0]
        # A pixel more, so that it is no match of either by half.
        found[spots[pair][0].stop, spots[pair][1].start] = one[0, 0]
    elif name == "split":
        found[any_spot][2:] = others[6]
        found[any_spot][1:3, 0] = 0
    elif name == "too small":
        found[any_spot][:, 1:] = 0
    else:
        # One cell takes half of its neighbor, and no more than a quarter is found there besides.
        next_to_it[:, :2], next_to_it[:, 3] = one[0, 0], 0
    return true, found


def _by_counting(true, found):
    more = len(np.unique(found)) - len(np.unique(true))
    return "split" if more > 0 else "merged" if more < 0 else "outline"


def _renamed(**names):
    def answer(true, found):
        name = _read_failure(true, found)
        return names.get(name, name)

    return answer


def _any_overlap(true, found):
    name = _read_failure(true, found)
    if name != "outline":
        return name
    touched = [len(np.unique(true[(found == cell) & (true > 0)])) for cell in np.unique(found)[1:]]
    return "merged" if max(touched) > 1 else name


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


EXERCISES = (
    Exercise(
        id="unet.instance_f1",
        title="F1 of single cells",
        reference=_instance_f1,
        cases=_iou_cases,
        misconceptions=(
            Misconception(
                "precision",
                lambda iou, iou_threshold: np.count_nonzero(iou >= iou_threshold) / iou.shape[1],
                "That is the precision: the share of the predicted cells that are real. Missed "
                "cells do not lower it.",
            ),
            Misconception(
                "recall",
                lambda iou, iou_threshold: np.count_nonzero(iou >= iou_threshold) / iou.shape[0],
                "That is the recall: the share of the true cells that are found. Invented cells "
                "do not lower it.",
            ),
            Misconception(
                "must_exceed",
                lambda iou, iou_threshold: (
                    2 * np.count_nonzero(iou > iou_threshold) / sum(iou.shape)
                ),
                "This leaves out a pair whose IoU equals the threshold. A match reaches it.",
            ),
            Misconception(
                "any_overlap",
                lambda iou, iou_threshold: 2 * np.count_nonzero(iou) / sum(iou.shape),
                "This counts every pair that overlaps at all. Only pairs whose IoU reaches the "
                "threshold are matches.",
            ),
            Misconception(
                "average_precision",
                lambda iou, iou_threshold: (
                    np.count_nonzero(iou >= iou_threshold)
                    / (sum(iou.shape) - np.count_nonzero(iou >= iou_threshold))
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
        id="unet.fair_margin",
        title="Tune on the left, report on the right",
        reference=_fair_margin,
        cases=_margin_cases,
        points=2,
        misconceptions=(
            Misconception(
                "tuned_on_the_right",
                lambda ours_left, rival_left, ours_right, rival_right: float(
                    ours_right.mean(1).max() - rival_right.mean(1).max()
                ),
                "This is the margin of the settings that turned out best on the right. They were "
                "chosen on the very images that judge.",
            ),
            Misconception(
                "reported_on_the_left",
                lambda ours_left, rival_left, ours_right, rival_right: float(
                    ours_left.mean(1).max() - rival_left.mean(1).max()
                ),
                "This is the margin on the left, where the settings were chosen. Report what they "
                "reach on images that had no part in that.",
            ),
            Misconception(
                "best_on_one_image",
                lambda ours_left, rival_left, ours_right, rival_right: float(
                    ours_right[ours_left.max(1).argmax()].mean()
                    - rival_right[rival_left.max(1).argmax()].mean()
                ),
                "This is the margin of the settings with the highest score on a single image of "
                "the left. Choose by the mean over its images.",
            ),
            Misconception(
                "one_setting_for_both",
                lambda ours_left, rival_left, ours_right, rival_right: float(
                    (ours_right - rival_right)[ours_left.mean(1).argmax()].mean()
                ),
                "This is the margin if the rival is judged at the setting that suits ours. Each "
                "chooses its own.",
            ),
            Misconception(
                "rival_not_tuned",
                lambda ours_left, rival_left, ours_right, rival_right: float(
                    np.mean(ours_right[ours_left.mean(1).argmax()] - rival_right[0])
                ),
                "This is the margin above a rival at its first setting. A rival that nobody tuned "
                "is easily beaten.",
            ),
            Misconception(
                "tuned_for_each_image",
                lambda ours_left, rival_left, ours_right, rival_right: float(
                    np.mean(ours_right.max(0) - rival_right.max(0))
                ),
                "This is the margin if every image gets the setting that is best on it. Nobody "
                "knows that one before the image is labeled.",
            ),
            Misconception(
                "other_way_round",
                lambda *scores: -_fair_margin(*scores),
                "The sign is the other one: ours minus the rival's.",
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
        uses=("torch",),
        misconceptions=(
            Misconception(
                "added",
                lambda skip, up: _concatenate_skip(skip, up)[:, : up.shape[1]] + up,
                "This is the sum of the maps, as in a residual network. U-Net stacks them, so "
                "that the next convolution can weigh context and detail itself.",
            ),
            Misconception(
                "cropped_at_the_corner",
                _joined_at_the_corner,
                "The upper left corner of the skip is here. Unpadded convolutions take equally "
                "much from all sides, so the pixels that belong together lie in the middle.",
            ),
            Misconception(
                "order_swapped",
                _joined_in_other_order,
                "All channels are there, in the other order: first those that came across the U, "
                "then those from below.",
            ),
            Misconception(
                "side_by_side",
                _joined_as_photographs,
                "One map lies below the other, as if gluing photographs. Join them along the "
                "channels, the second axis.",
            ),
        ),
    ),
    Exercise(
        id="unet.forward",
        title="Assemble the U-Net",
        reference=_forward,
        cases=_network_cases,
        points=3,
        rtol=1e-4,
        atol=1e-4,
        uses=("torch",),
        misconceptions=(
            Misconception(
                "order_swapped",
                lambda *parts: _assembled(*parts, join=_joined_in_other_order),
                "These are the scores if the maps from below come first. The weights expect those "
                "that came across the U first.",
            ),
            Misconception(
                "cropped_at_the_corner",
                lambda *parts: _assembled(*parts, join=_joined_at_the_corner),
                "These are the scores if the skips are cropped at their upper left corner: what "
                "and where are shifted against each other.",
            ),
            Misconception(
                "mean_pooling",
                lambda *parts: _assembled(*parts, pool="mean"),
                "These are the scores if each square of 2 × 2 pixels passes on its mean. U-Net "
                "passes on its maximum.",
            ),
            Misconception(
                "not_classified",
                lambda *parts: _assembled(*parts[:-1], None),
                "These are the last feature maps. One more convolution, 1×1, turns them into a "
                "score for each class.",
            ),
            Misconception(
                "rectified_scores",
                lambda *parts: _assembled(*parts).clamp(min=0),
                "No score here is negative. Scores may be: nothing is rectified after the last "
                "convolution.",
            ),
            Misconception(
                "probabilities",
                lambda *parts: _assembled(*parts).softmax(1),
                "These are probabilities. The network ends with scores; the loss takes care of the "
                "softmax.",
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
        id="unet.read_failure",
        title="Read this failure",
        reference=_read_failure,
        cases=_failure_cases,
        points=2,
        misconceptions=(
            Misconception(
                "by_counting",
                _by_counting,
                "These are the answers if only the numbers of cells are compared. A cell less may "
                "have been missed, one more invented: look at which overlaps which.",
            ),
            Misconception(
                "merged_and_split_swapped",
                _renamed(merged="split", split="merged"),
                "Missed and invented are right; merged and split have changed places. Two true "
                "cells in one found cell are merged.",
            ),
            Misconception(
                "missed_and_invented_swapped",
                _renamed(missed="invented", invented="missed"),
                "Merged and split are right; missed and invented have changed places. A true cell "
                "without any found pixel was missed.",
            ),
            Misconception(
                "truth_and_finding_swapped",
                _renamed(merged="split", split="merged", missed="invented", invented="missed"),
                "These are the answers if the found cells are taken for the true ones.",
            ),
            Misconception(
                "any_overlap_merges",
                _any_overlap,
                "Wherever a found cell reaches into a second true one, the answer here is merged. "
                "It must hold more than half of both.",
            ),
        ),
    ),
)
