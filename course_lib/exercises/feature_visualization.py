"""Exercises of the chapter "What a network sees"."""

import numpy as np

from ._exercise import Exercise, Misconception


def _receptive_field(kernels, strides):
    size, jump = 1, 1
    for kernel, stride in zip(kernels, strides, strict=True):
        size += (kernel - 1) * jump
        jump *= stride
    return size


def _own_stride_too(kernels, strides):
    size, jump = 1, 1
    for kernel, stride in zip(kernels, strides, strict=True):
        jump *= stride
        size += (kernel - 1) * jump
    return size


def _layer_cases(rng):
    cases = [([3], [2]), ([3, 3], [1, 1]), ([3, 3, 3], [2, 1, 2]), ([7, 3, 1, 5], [2, 2, 1, 1])]
    for depth in (4, 6, 9):
        kernels = rng.choice([1, 3, 5, 7], depth).tolist()
        strides = rng.choice([1, 2], depth).tolist()
        cases.append((kernels, strides))
    return cases


def _mixed_objective(shallow, i, deep, j, share):
    return share * shallow[i].mean() + (1 - share) * deep[j].mean()


def _mixture_cases(rng):
    """Maps of two layers: the deeper one has more channels and fewer places."""
    cases = []
    for share in (0.2, 0.5, 0.9, 0.35):
        height, channels = int(rng.integers(2, 5)), int(rng.integers(3, 6))
        cases.append(
            (
                rng.normal(size=(channels, 4 * height, 4 * height)),
                int(rng.integers(channels)),
                rng.normal(size=(2 * channels, height, height)),
                int(rng.integers(2 * channels)),
                share,
            )
        )
    return cases


def _ascent_step(image, gradient, lr):
    rms = np.sqrt(np.mean(gradient**2))
    return np.clip(image + lr * gradient / rms, 0, 1)


def _step_cases(rng):
    cases = []
    for scale, lr in ((1e-4, 0.02), (1e3, 0.05), (0.3, 0.2), (1.0, 0.1)):
        shape = (int(rng.integers(3, 7)), int(rng.integers(3, 7)), 3)
        cases.append((rng.random(shape), scale * rng.normal(0.3, 1, shape), lr))
    return cases


def _jitter(image, down, right):
    height, width = image.shape[:2]
    rows = (np.arange(height) - down) % height
    columns = (np.arange(width) - right) % width
    return image[rows][:, columns]


def _jitter_cases(rng):
    cases = [(np.arange(12.0).reshape(3, 4), 1, 0), (np.arange(12.0).reshape(3, 4), 0, 1)]
    for _ in range(4):
        height, width = (int(n) for n in rng.integers(4, 8, 2))
        down, right = (int(n) for n in rng.integers(-3, 4, 2))
        cases.append((rng.random((height, width, 3)), down, right))
    return cases


def _favorite_picture(image, even, odd, shifts, lr):
    return _climb(image, even, odd, shifts, lr)


def _climb(image, even, odd, shifts, lr, back=True, filters=2, sign=1):
    """Climb for a complex cell; the settings say what is forgotten."""
    for down, right in shifts:
        seen = _jitter(image, down, right)
        gradient = sum(2 * np.sum(f * seen) * f for f in (even, odd)[:filters])
        if back:
            gradient = _jitter(gradient, -down, -right)
        image = _ascent_step(image, sign * gradient, lr)
    return image


def _image_left_shifted(image, even, odd, shifts, lr):
    for down, right in shifts:
        image = _favorite_picture(_jitter(image, down, right), even, odd, [(0, 0)], lr)
    return image


def _shift_cases(rng):
    """One step without a shift, one with, then several; filters as large as the image."""
    cases = []
    for shifts in ([(0, 0)], [(1, 0)], 3, 5, 8):
        shape = tuple(int(n) for n in rng.integers(4, 7, 2))
        even, odd = rng.normal(size=(2, *shape))
        if isinstance(shifts, int):
            shifts = rng.integers(-3, 4, (shifts, 2))
            shifts[0] = 1, 2
        cases.append((rng.uniform(0.2, 0.8, shape), even, odd, np.array(shifts), 0.05))
    return cases


def _failure(scores, best_photograph):
    return _reading(scores, best_photograph)


def _reading(scores, best, middle=np.median, moved=slice(1, None), weak_first=True, weak=None):
    """The verdict, and what may be mistaken on the way to it."""
    here = scores[0, 0]
    signs = {
        "weak": (here if weak is None else weak(scores)) <= best,
        "grain": middle(scores.ravel()[moved]) < here / 2,
    }
    order = ("weak", "grain") if weak_first else ("grain", "weak")
    return next((name for name in order if signs[name]), "none")


def _desk_cases(rng):
    """Pictures of every kind: scores where they stand, of the moved ones, and of a photograph."""
    cases = []
    kinds = ["none", "grain", "weak", "both", "pair", "skewed", "level", "aslant"]
    sizes = {"pair": (2, 2), "aslant": (3, 3)}
    for kind in rng.permutation(kinds):
        rows, columns = sizes.get(kind) or rng.integers(3, 6, 2)
        best, here = rng.uniform(0.4, 0.6), rng.uniform(2, 3)
        shares = rng.uniform(0.75, 1.1, rows * columns)
        if kind == "none":
            # One bad move among many good ones
            shares[1] = 0.3
        elif kind == "grain":
            shares = rng.uniform(0.3, 0.42, rows * columns)
            # One good move among many bad ones
            shares[1] = 0.8
        elif kind == "pair":
            # With the picture where it stands, the median is more than half.
            shares[1:] = [*rng.permutation([0.42, 0.9]), 0.44]
        elif kind == "aslant":
            # Bad where it moves down and right at once, good where it moves one way
            shares = np.where(np.arange(9) % 3 * (np.arange(9) // 3) > 0, 0.4, 0.9)
        elif kind == "skewed":
            # Most are less than half, the mean is not.
            shares[1:] = rng.permutation(
                np.where(np.arange(rows * columns - 1) < 0.3 * rows * columns, 2.0, 0.4)
            )
        elif kind in ("weak", "both"):
            here = rng.uniform(0.2, 0.3)
            if kind == "both":
                shares = rng.uniform(0.3, 0.45, len(shares))
            else:
                # One move does better than the photograph
                shares[1] = 3
        elif kind == "level":
            # Better than the photograph only where it stands
            shares, best = rng.uniform(0.55, 0.7, rows * columns), 0.85 * here
        shares[0] = 1
        # The unit's own numbers: what is weak can be large, and what is not, small.
        size = 10 if here < best else 0.2
        cases.append((size * (here * shares).reshape(rows, columns), float(size * best)))
    return cases


def _softmax(logits):
    p = np.exp(logits - logits.max())
    return p / p.sum()


def _probability_gradient(logits, k):
    p = _softmax(logits)
    gradient = -p[k] * p
    gradient[k] += p[k]
    return gradient


def _own_logit_only(logits, k):
    p = _softmax(logits)
    return np.where(np.arange(len(p)) == k, p[k] * (1 - p[k]), 0)


def _logit_cases(rng):
    cases = [(np.array([0.0, 0.0]), 0), (np.array([2.0, 1.0, -1.0]), 1)]
    for classes in (3, 5, 10):
        cases.append((rng.normal(0, 2, classes), int(rng.integers(classes))))
    return cases


EXERCISES = (
    Exercise(
        id="feature_visualization.receptive_field",
        title="How much of the image one unit sees",
        reference=_receptive_field,
        cases=_layer_cases,
        misconceptions=(
            Misconception(
                "forgets_strides",
                lambda kernels, strides: 1 + sum(kernel - 1 for kernel in kernels),
                "This is the sum of kernel - 1, as if every step were one pixel. After a stride "
                "of 2, neighbors lie two pixels apart in the image, so multiply by the strides "
                "before.",
            ),
            Misconception(
                "own_stride_too",
                _own_stride_too,
                "A layer's own stride spreads its outputs, not its kernel. Add "
                "(kernel - 1) × jump first, and only then multiply the jump by the stride.",
            ),
            Misconception(
                "sum_of_kernels",
                lambda kernels, strides: sum(kernels),
                "Adding whole kernels counts their middles again and again: a kernel of 1 would "
                "widen the view. Each layer adds kernel - 1.",
            ),
            Misconception(
                "product_of_strides",
                lambda kernels, strides: int(np.prod(strides)),
                "That is the distance in pixels from one unit to the next. The view of a single "
                "unit also grows with the kernels.",
            ),
        ),
    ),
    Exercise(
        id="feature_visualization.mixed_objective",
        title="An objective made of two channels",
        reference=_mixed_objective,
        cases=_mixture_cases,
        misconceptions=(
            Misconception(
                "sums",
                lambda shallow, i, deep, j, share: (
                    share * shallow[i].sum() + (1 - share) * deep[j].sum()
                ),
                "These are the sums of the maps. The shallow map has many more places, so it "
                "would drown the deep one: take the mean of each.",
            ),
            Misconception(
                "whole_layers",
                lambda shallow, i, deep, j, share: (
                    share * shallow.mean() + (1 - share) * deep.mean()
                ),
                "This is the mean over all channels. Pick the map of channel i, and of channel j.",
            ),
            Misconception(
                "weights_swapped",
                lambda shallow, i, deep, j, share: (
                    (1 - share) * shallow[i].mean() + share * deep[j].mean()
                ),
                "This is the mixture with share as the weight of the deep channel: share belongs "
                "to the shallow one.",
            ),
            Misconception(
                "channel_last",
                lambda shallow, i, deep, j, share: (
                    share * shallow[..., i].mean() + (1 - share) * deep[..., j].mean()
                ),
                "This is what an index into the last axis gives, which is the column of the map. "
                "In torch the channel comes first.",
            ),
        ),
    ),
    Exercise(
        id="feature_visualization.ascent_step",
        title="One step uphill",
        reference=_ascent_step,
        cases=_step_cases,
        misconceptions=(
            Misconception(
                "descends",
                lambda image, gradient, lr: _ascent_step(image, -gradient, lr),
                "This is a step downhill, as in training. There the loss shall fall; here the "
                "objective shall rise: add.",
            ),
            Misconception(
                "raw_gradient",
                lambda image, gradient, lr: np.clip(image + lr * gradient, 0, 1),
                "The gradient's size differs a millionfold between layers. Divide it by its root "
                "mean square, and lr is the distance that an average pixel moves.",
            ),
            Misconception(
                "no_clip",
                lambda image, gradient, lr: image + lr * gradient / np.sqrt(np.mean(gradient**2)),
                "Some pixels left the range of an image. Clip the result to [0, 1].",
            ),
            Misconception(
                "standard_deviation",
                lambda image, gradient, lr: np.clip(image + lr * gradient / gradient.std(), 0, 1),
                "This is the step divided by the standard deviation, from which the mean of the "
                "gradient is subtracted. The root mean square keeps it.",
            ),
            Misconception(
                "euclidean_norm",
                lambda image, gradient, lr: np.clip(
                    image + lr * gradient / np.sqrt(np.sum(gradient**2)), 0, 1
                ),
                "This is the step divided by the length of the gradient, so a larger image would "
                "move less. Use the root of the *mean* square.",
            ),
        ),
    ),
    Exercise(
        id="feature_visualization.jitter",
        title="Shift an image",
        reference=_jitter,
        cases=_jitter_cases,
        misconceptions=(
            Misconception(
                "axes_swapped",
                lambda image, down, right: np.roll(image, (right, down), (0, 1)),
                "This is the image shifted by `right` rows and `down` columns: axis 0 of an image"
                " runs downwards.",
            ),
            Misconception(
                "opposite",
                lambda image, down, right: np.roll(image, (-down, -right), (0, 1)),
                "The image went up and left. A positive shift moves what is at row r to "
                "row r + down.",
            ),
            Misconception(
                "flattened",
                lambda image, down, right: np.roll(image, down + right),
                "Without `axis`, np.roll shifts the flattened array, across rows and colors. Name "
                "the two axes.",
            ),
        ),
    ),
    Exercise(
        id="feature_visualization.favorite_picture",
        title="A search from its parts",
        reference=_favorite_picture,
        cases=_shift_cases,
        points=2,
        misconceptions=(
            Misconception(
                "gradient_not_moved_back",
                lambda *given: _climb(*given, back=False),
                "This is what comes out if the gradient stays where the shifted image was: each "
                "pixel moves by the slope of another. Move it back by the opposite shift.",
            ),
            Misconception(
                "no_jitter",
                lambda image, even, odd, shifts, lr: _favorite_picture(
                    image, even, odd, 0 * shifts, lr
                ),
                "This is the climb without any shift. In each step the unit is to see the image "
                "shifted.",
            ),
            Misconception(
                "image_left_shifted",
                _image_left_shifted,
                "This image has wandered: the shifts have added up in it. Only what the unit sees "
                "is shifted; the image itself stays in its place.",
            ),
            Misconception(
                "one_filter",
                lambda *given: _climb(*given, filters=1),
                "This is the climb for the even filter alone. The complex cell adds the squares of "
                "both, and so both have a slope.",
            ),
            Misconception(
                "descends",
                lambda *given: _climb(*given, sign=-1),
                "These steps go downhill: the unit answers less and less.",
            ),
            Misconception(
                "first_step",
                lambda image, even, odd, shifts, lr: _favorite_picture(
                    image, even, odd, shifts[:1], lr
                ),
                "This is the image after the first shift. Go on from there with the next one.",
            ),
        ),
    ),
    Exercise(
        id="feature_visualization.failure",
        title="Read a failure",
        reference=_failure,
        cases=_desk_cases,
        misconceptions=(
            Misconception(
                "where_it_stands_too",
                lambda *given: _reading(*given, moved=slice(None)),
                "This is the verdict if the score where the picture stands counts among the moved"
                " ones. It would speak for itself: leave scores[0, 0] out of the median.",
            ),
            Misconception(
                "mean",
                lambda *given: _reading(*given, middle=np.mean),
                "This is the verdict on the mean of the moved ones. A few moves that please the "
                "unit carry it; the median asks what most of them do.",
            ),
            Misconception(
                "grain_first",
                lambda *given: _reading(*given, weak_first=False),
                "Where both hold, the picture is weak: it shows nothing, whatever its grain. Ask "
                "for that first.",
            ),
            Misconception(
                "weak_when_moved",
                lambda *given: _reading(*given, weak=lambda scores: np.median(scores.ravel()[1:])),
                "This is the verdict if the moved ones have to beat the photograph. Weak is what "
                "does not do so where it stands.",
            ),
            Misconception(
                "never_weak",
                lambda scores, best: _reading(scores, -np.inf),
                "Grain is found. But a picture that excites the unit no more than a photograph "
                "does shows nothing, even if it stands every move.",
            ),
        ),
    ),
    Exercise(
        id="feature_visualization.probability_gradient",
        title="Why the probability is a poor objective",
        reference=_probability_gradient,
        cases=_logit_cases,
        misconceptions=(
            Misconception(
                "logit",
                lambda logits, k: (np.arange(len(logits)) == k).astype(float),
                "That is the gradient of logit k. The probability also depends on all other "
                "logits, through the denominator.",
            ),
            Misconception(
                "own_logit_only",
                _own_logit_only,
                "The entry k is right. But the other logits matter too: raising logit j takes "
                "p_k p_j away from p_k.",
            ),
            Misconception(
                "of_log_probability",
                lambda logits, k: (np.arange(len(logits)) == k) - _softmax(logits),
                "That is the gradient of log p_k, as in cross-entropy. For p_k itself multiply it "
                "by p_k.",
            ),
            Misconception(
                "wrong_sign",
                lambda logits, k: -_probability_gradient(logits, k),
                "The sign is turned: raising logit k raises p_k.",
            ),
        ),
    ),
)
