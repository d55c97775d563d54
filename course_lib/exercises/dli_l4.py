"""Exercises of the lab "Data augmentation and deployment"."""

import numpy as np

from ._exercise import Exercise, Misconception

_MEAN = (0.485, 0.456, 0.406)
_SD = (0.229, 0.224, 0.225)


def _augmented(train, val, coins):
    seen = train.copy()
    seen[coins] = seen[coins][:, :, ::-1]
    return seen, val


def _batch_pairs(rng):
    """Coins of both sides, of which not half are heads."""
    cases = []
    for (n, h, w), heads in (((4, 3, 3), 1), ((5, 4, 3), 2), ((6, 2, 4), 4)):
        coins = rng.permutation(n) < heads
        cases.append((rng.normal(size=(n, h, w)), rng.normal(size=(n, h, w)), coins))
    return cases


def _mirror_boxes(boxes, width):
    mirrored = boxes.copy()
    mirrored[:, 0] = width - boxes[:, 2]
    mirrored[:, 2] = width - boxes[:, 0]
    return mirrored


def _box_cases(rng):
    cases = []
    for n, width in ((1, 512), (3, 640), (5, 300)):
        x1, y1 = rng.integers(5, width // 3, n), rng.integers(5, 100, n)
        w, h = rng.integers(20, width // 3, n), rng.integers(20, 90, n)
        boxes = np.stack([x1, y1, x1 + w, y1 + h], axis=1).astype(float)
        cases.append((boxes, width))
    return cases


def _not_swapped(boxes, width):
    mirrored = boxes.copy()
    mirrored[:, [0, 2]] = width - boxes[:, [0, 2]]
    return mirrored


def _upside_down(boxes, width):
    mirrored = boxes.copy()
    mirrored[:, [1, 3]] = width - boxes[:, [3, 1]]
    return mirrored


def _network_input(image):
    x = image.astype(float) / 255
    x = (x - np.array(_MEAN)) / np.array(_SD)
    return np.moveaxis(x, 2, 0)[np.newaxis]


def _color_cases(rng):
    shapes = ((2, 3, 3), (4, 4, 3), (3, 5, 3))
    return [(rng.integers(0, 256, shape).astype(np.uint8),) for shape in shapes]


def _of_standardized(standardized):
    """What comes out if the axes are right but the values are these."""
    return np.moveaxis(standardized, 2, 0)[np.newaxis]


def _probabilities(logits):
    odds = np.exp(logits - logits.max())
    return odds / odds.sum()


def _best_guess(logits, classes):
    best = int(np.argmax(logits))
    return classes[best], float(_probabilities(logits)[best])


def _logit_cases(rng):
    classes = ["lymphocyte", "monocyte", "neutrophil", "eosinophil"]
    cases = [(np.array([1.5, -0.5, 4.0, 0.5]), classes)]
    # Raw outputs are not bounded: a plain exp overflows here.
    cases.append((np.array([905.0, 902.5, 903.0, -40.0]), classes))
    for _ in range(3):
        logits = rng.normal(0, 2, 4) - 1.0
        logits[rng.integers(4)] = 2.5 + rng.random()
        cases.append((logits, classes))
    return cases


def _share(logits, classes):
    best = int(np.argmax(logits))
    return classes[best], float(logits[best] / logits.sum())


def _sigmoid(logits, classes):
    best = int(np.argmax(logits))
    return classes[best], float(1 / (1 + np.exp(-logits[best])))


EXERCISES = (
    Exercise(
        id="dli_l4.mirror_boxes",
        title="The label moves with the image",
        reference=_mirror_boxes,
        cases=_box_cases,
        misconceptions=(
            Misconception(
                "unchanged",
                lambda boxes, width: boxes.copy(),
                "The image was mirrored and the boxes stayed: every one of them now frames the "
                "wrong lung.",
            ),
            Misconception(
                "corners_not_swapped",
                _not_swapped,
                "These boxes have x1 > x2, which is no box: its area is negative and every IoU "
                "with it is wrong. The left edge of the mirrored box is the old right edge.",
            ),
            Misconception(
                "upside_down",
                _upside_down,
                "These boxes are mirrored up and down. In a box x1, y1, x2, y2 the left-right "
                "positions are columns 0 and 2.",
            ),
            Misconception(
                "pixel_numbers",
                lambda boxes, width: _mirror_boxes(boxes, width - 1),
                "This is right where positions are the numbers of pixels, from 0 to width - 1. "
                "Here they are positions of edges, from 0 to width.",
            ),
        ),
    ),
    Exercise(
        id="dli_l4.augmented",
        title="Who is mirrored",
        reference=_augmented,
        cases=_batch_pairs,
        misconceptions=(
            Misconception(
                "validation_too",
                lambda train, val, coins: (
                    _augmented(train, val, coins)[0],
                    _augmented(val, val, coins)[0],
                ),
                "The validation images are mirrored as well. They stand for the patients who "
                "will come, and those come unchanged: augment what the network learns from.",
            ),
            Misconception(
                "validation_alone",
                lambda train, val, coins: (train, _augmented(val, val, coins)[0]),
                "The validation images are mirrored, and the training images are not. It is the "
                "other way round.",
            ),
            Misconception(
                "whole_batch",
                lambda train, val, coins: (train[:, :, ::-1], val),
                "Every training image is mirrored here. Then the network never sees one as it "
                "was: mirror those that the coin hits.",
            ),
            Misconception(
                "upside_down",
                lambda train, val, coins: (
                    np.where(coins[:, np.newaxis, np.newaxis], train[:, ::-1], train),
                    val,
                ),
                "The chosen images stand on their heads: lines have been reversed. Left and right "
                "are the last axis.",
            ),
            Misconception(
                "the_others",
                lambda train, val, coins: _augmented(train, val, ~coins),
                "The images that the coin did not hit are mirrored here.",
            ),
            Misconception(
                "nobody",
                lambda train, val, coins: (train, val),
                "Both batches are as they were: nothing is augmented.",
            ),
        ),
    ),
    Exercise(
        id="dli_l4.network_input",
        title="One picture, as the network wants it",
        reference=_network_input,
        cases=_color_cases,
        misconceptions=(
            Misconception(
                "not_divided",
                lambda image: _of_standardized((image.astype(float) - _MEAN) / _SD),
                "Mean and sd belong to intensities in [0, 1], but the image goes up to 255. "
                "Nothing crashes, and every prediction is nonsense.",
            ),
            Misconception(
                "own_statistics",
                lambda image: _of_standardized(
                    (image / 255 - (image / 255).mean((0, 1))) / ((image / 255).std((0, 1)) + 1e-9)
                ),
                "This is the image standardized with its own mean and sd. Then a dark slide looks "
                "like a bright one, which the network has never seen; use the given ones.",
            ),
            Misconception(
                "reshaped",
                lambda image: ((image / 255 - _MEAN) / _SD).reshape(1, 3, *image.shape[:2]),
                "Colors and places are mixed up here: reshape only cuts the row of numbers anew. "
                "Move the color axis to the front.",
            ),
            Misconception(
                "no_batch",
                lambda image: _network_input(image)[0],
                "A network takes a batch, even if it is a batch of one: an axis of length 1 is "
                "missing in front.",
            ),
            Misconception(
                "channels_last",
                lambda image: np.moveaxis(_network_input(image), 1, 3),
                "The colors are still the last axis. PyTorch wants them right after the batch: "
                "(1, 3, height, width).",
            ),
            Misconception(
                "bgr",
                lambda image: _network_input(image[..., ::-1]),
                "This is the input for an image in the order blue, green, red, as OpenCV reads "
                "it. `image` is red, green, blue, and so are mean and sd.",
            ),
        ),
    ),
    Exercise(
        id="dli_l4.best_guess",
        title="From logits to an answer",
        reference=_best_guess,
        cases=_logit_cases,
        misconceptions=(
            Misconception(
                "logit_as_probability",
                lambda logits, classes: (classes[int(np.argmax(logits))], float(logits.max())),
                "That is the logit. It is no probability: it may be 905 or -3. Exponentiate, then "
                "divide by the sum over the classes.",
            ),
            Misconception(
                "no_exponential",
                _share,
                "This is the logit's share of the sum of the logits, which may be negative or "
                "zero. Softmax exponentiates first.",
            ),
            Misconception(
                "sigmoid",
                _sigmoid,
                "A sigmoid looks at one class alone, as if a cell could be several kinds at once. "
                "The four probabilities must add up to 1.",
            ),
            Misconception(
                "overflows",
                lambda logits, classes: (
                    classes[int(np.argmax(logits))],
                    float("nan") if logits.max() > 700 else _best_guess(logits, classes)[1],
                ),
                "exp(905) is infinite, and infinity over infinity is not a number. Subtract the "
                "largest logit from all of them first: the ratio stays the same.",
            ),
            Misconception(
                "position",
                lambda logits, classes: (int(np.argmax(logits)), _best_guess(logits, classes)[1]),
                "The first value is the position of the class. Whoever reads the answer wants its "
                "name.",
            ),
            Misconception(
                "softmax_twice",
                lambda logits, classes: _best_guess(_probabilities(logits), classes),
                "The probability is the softmax of a softmax: probabilities stand where logits "
                "belong. Once is enough.",
            ),
            Misconception(
                "percentage",
                lambda logits, classes: (
                    _best_guess(logits, classes)[0],
                    100 * _best_guess(logits, classes)[1],
                ),
                "The second value is a percentage. Return the probability itself, from 0 to 1.",
            ),
        ),
    ),
)
