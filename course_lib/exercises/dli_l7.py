"""Exercises of the lab "Assessment rehearsal"."""

import math

import numpy as np

from ._exercise import Exercise, Misconception


def _recall_of_each(y_true, y_pred, classes):
    right = np.bincount(y_true[y_true == y_pred], minlength=classes)
    return right / np.bincount(y_true, minlength=classes)


def _label_cases(rng):
    cases = []
    while len(cases) < 4:
        classes, n = (4, 3, 5, 4)[len(cases)], (20, 30, 60, 45)[len(cases)]
        y_true = rng.choice(classes, n, p=_uneven(classes))
        y_pred = np.where(rng.random(n) < 0.65, y_true, rng.integers(classes, size=n))
        if len(set(y_true)) == classes == len(set(y_pred)):
            cases.append((y_true, y_pred, classes))
    return cases


def _uneven(classes):
    weights = np.arange(1.0, classes + 1)
    return weights / weights.sum()


def _precision(y_true, y_pred, classes):
    right = np.bincount(y_true[y_true == y_pred], minlength=classes)
    return right / np.bincount(y_pred, minlength=classes)


def _of_all(y_true, y_pred, classes):
    return np.bincount(y_true[y_true == y_pred], minlength=classes) / len(y_true)


def _own_accuracy(y_true, y_pred, classes):
    return np.array([np.mean((y_true == k) == (y_pred == k)) for k in range(classes)])


def _wilson_low(k, n, z):
    p = k / n
    spread = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return (p + z**2 / (2 * n) - spread) / (1 + z**2 / n)


def _first(low, mark):
    return int(np.argmax(low >= mark))


def _correct_needed(n, mark, z):
    return _first(_wilson_low(np.arange(n + 1), n, z), mark)


def _wald_needed(n, mark, z):
    p = np.arange(n + 1) / n
    return _first(p - z * np.sqrt(p * (1 - p) / n), mark)


def _exact_needed(n, mark, z):
    """Fewest right answers with the lower end of Clopper and Pearson's interval at the mark."""
    k = np.arange(n + 1)
    ways = np.array([math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) for i in k])
    chance = np.exp(ways + k * np.log(mark) + (n - k) * np.log(1 - mark))
    at_least = np.cumsum(chance[::-1])[::-1]
    return int(np.argmax(at_least <= math.erfc(z / math.sqrt(2)) / 2))


def _one_sided(n, mark, z):
    return _correct_needed(n, mark, 1.645 / 1.96 * z)


def _mark_cases(rng):
    """The exact interval asks for another number in two of the cases that are drawn."""
    cases = [(500, 0.92, 1.96), (240, 0.92, 1.96)]
    while len(cases) < 6:
        case = int(rng.integers(150, 900)), int(rng.integers(84, 92)) / 100, 1.96
        if len(cases) >= 4 or _exact_needed(*case) != _correct_needed(*case):
            cases.append(case)
    return cases


def _folder_labels(paths, classes):
    return [classes.index(path.split("/")[-2]) for path in paths]


_FRUITS = ("pineapple", "apple", "grapefruit", "grape", "pear", "banana")


def _path_cases(rng):
    """Names that hold each other, files named after other classes, and every order of classes."""
    cases = []
    for number, part in enumerate(("train", "valid", "train", "valid")):
        classes = list(rng.permutation(_FRUITS)) if number else list(_FRUITS)
        classes = [str(name) for name in classes]
        folders = rng.permutation([*classes, *rng.choice(classes, 6)])
        beside = rng.choice(classes, len(folders))
        pairs = zip(folders, beside, strict=True)
        paths = [f"{part}/{f}/{b} {i:02}.png" for i, (f, b) in enumerate(pairs)]
        cases.append((paths, classes))
    return cases


def _alphabetical(paths, classes):
    return _folder_labels(paths, sorted(classes))


def _as_they_come(paths, classes):
    return _folder_labels(paths, list(dict.fromkeys(path.split("/")[-2] for path in paths)))


def _anywhere(paths, classes):
    return [next(i for i, name in enumerate(classes) if name in path) for path in paths]


def _by_file(paths, classes):
    return [classes.index(path.split("/")[-1].split(" ")[0]) for path in paths]


def _preprocess(image, mean, sd):
    return (image / 255 - mean[:, None, None]) / sd[:, None, None]


def _film_cases(rng):
    return [
        (rng.integers(0, 256, shape).astype(np.uint8), rng.uniform(0.3, 0.6, 3), sd)
        for shape in ((4, 4), (3, 5), (6, 4))
        for sd in [rng.uniform(0.1, 0.3, 3)]
    ]


def _looked_at(train, valid):
    return train[:, :, ::-1], valid


def _look_cases(rng):
    shapes = ((5, 3, 4), (4, 2, 5), (6, 4, 4))
    return [tuple(rng.normal(size=(2, *shape)).round(2)) for shape in shapes]


EXERCISES = (
    Exercise(
        id="dli_l7.folder_labels",
        title="Labels from folders",
        reference=_folder_labels,
        cases=_path_cases,
        misconceptions=(
            Misconception(
                "alphabetical",
                _alphabetical,
                "These are positions in the alphabet. The outputs of the network follow the order "
                "of `classes`, whatever it is.",
            ),
            Misconception(
                "in_order_of_appearance",
                _as_they_come,
                "These labels count the folders as they appear among the paths. Training and "
                "validation would number them differently: take the position in `classes`.",
            ),
            Misconception(
                "name_anywhere",
                _anywhere,
                "These are labels of the first class whose name occurs anywhere in the path; but "
                "'pineapple' holds 'apple', and so may a file's name. Compare the folder alone.",
            ),
            Misconception(
                "from_the_file",
                _by_file,
                "These labels come from the names of the files. The folder says what an image is.",
            ),
            Misconception(
                "from_one",
                lambda paths, classes: [label + 1 for label in _folder_labels(paths, classes)],
                "These labels start at 1. Python and the loss count from 0: the last of six "
                "classes is 5.",
            ),
            Misconception(
                "names",
                lambda paths, classes: [path.split("/")[-2] for path in paths],
                "These are names. The loss needs whole numbers: the position in `classes`.",
            ),
        ),
    ),
    Exercise(
        id="dli_l7.preprocess",
        title="A film as the pretrained network knows pictures",
        reference=_preprocess,
        cases=_film_cases,
        misconceptions=(
            Misconception(
                "not_scaled",
                lambda image, mean, sd: _preprocess(255.0 * image, mean, sd),
                "These values were standardized without being divided by 255: mean and sd belong "
                "to intensities from 0 to 1.",
            ),
            Misconception(
                "not_standardized",
                lambda image, mean, sd: np.repeat(image[None] / 255, 3, 0),
                "Three channels from 0 to 1. The network learned from standardized pictures: "
                "subtract mean and divide by sd, channel by channel.",
            ),
            Misconception(
                "not_divided_by_sd",
                lambda image, mean, sd: image / 255 - mean[:, None, None],
                "The mean is taken away, as it should be. The division by sd is missing.",
            ),
            Misconception(
                "channels_last",
                lambda image, mean, sd: np.moveaxis(_preprocess(image, mean, sd), 0, -1),
                "The right values with the channels as last axis, as in a picture file. PyTorch "
                "wants them first: (3, height, width).",
            ),
            Misconception(
                "own_statistics",
                lambda image, mean, sd: np.repeat(
                    (image[None] - image.mean()) / max(image.std(), 1e-9), 3, 0
                ),
                "These values are standardized by the film's own mean and sd. Take those that are "
                "given: they are the ones of the pretraining.",
            ),
        ),
    ),
    Exercise(
        id="dli_l7.seen_by_network",
        title="Augmentation, where it belongs",
        reference=_looked_at,
        cases=_look_cases,
        misconceptions=(
            Misconception(
                "always",
                lambda train, valid: (train[:, :, ::-1], valid[:, :, ::-1]),
                "The validation images are mirrored too. What is validated is what will be "
                "used: nothing is augmented there.",
            ),
            Misconception(
                "never",
                lambda train, valid: (train, valid),
                "The training images come as they are: the mirror is missing.",
            ),
            Misconception(
                "upside_down",
                lambda train, valid: (train[:, ::-1], valid),
                "The training images stand on their heads. Left and right change places: "
                "that is the last axis.",
            ),
            Misconception(
                "exchanged",
                lambda train, valid: (train, valid[:, :, ::-1]),
                "The validation images are mirrored, the training images are not: exchange them.",
            ),
            Misconception(
                "other_images",
                lambda train, valid: (train[::-1], valid),
                "The training images are in another order, not mirrored: the first axis counts "
                "images, and each would have its neighbor's label.",
            ),
        ),
    ),
    Exercise(
        id="dli_l7.recall_of_each",
        title="How many of each kind were recognized",
        reference=_recall_of_each,
        cases=_label_cases,
        misconceptions=(
            Misconception(
                "precision",
                _precision,
                "These are shares of how often the model *said* each kind: its precision, the "
                "PPV. Divide by how many cells *are* of that kind.",
            ),
            Misconception(
                "share_of_all",
                _of_all,
                "These are shares of all cells. Each kind has its own denominator: the cells of "
                "that kind.",
            ),
            Misconception(
                "accuracy_of_each",
                _own_accuracy,
                "That is the accuracy of 'this kind or not', in which the many cells of the other "
                "kinds flatter a model that never says it.",
            ),
        ),
    ),
    Exercise(
        id="dli_l7.correct_needed",
        title="How many must be right to be sure of the mark",
        reference=_correct_needed,
        cases=_mark_cases,
        misconceptions=(
            Misconception(
                "mark_itself",
                lambda n, mark, z: int(np.ceil(np.round(n * mark, 9))),
                "That many right answers reach the mark in this sample. To be sure of it, the "
                "lower end of the interval has to reach it.",
            ),
            Misconception(
                "plain_normal_interval",
                _wald_needed,
                "This is the number for the interval p ± z·sqrt(p(1-p)/n), which is too short "
                "near 1: it trusts too early. Take Wilson's interval.",
            ),
            Misconception(
                "one_sided",
                _one_sided,
                "This is the number for the quantile of a one-sided statement. Use the z that is "
                "given.",
            ),
            Misconception(
                "exact_interval",
                _exact_needed,
                "This is the number for the exact interval of Clopper and Pearson, a good one "
                "and mostly a little longer. The exercise asks for Wilson's.",
            ),
        ),
    ),
)
