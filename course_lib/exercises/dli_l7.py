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


def _average_views(probabilities):
    return np.argmax(np.mean(probabilities, axis=0), axis=1)


def _majority(probabilities):
    classes = probabilities.shape[2]
    votes = probabilities.argmax(2)
    counts = (votes[..., None] == np.arange(classes)).sum(0)
    return counts.argmax(1)


def _view_cases(rng):
    """Uncertain views, so that the ways to combine them disagree somewhere."""
    cases = []
    for views, n, classes in ((8, 40, 4), (4, 60, 3), (8, 50, 4)):
        odds = np.exp(rng.normal(0, 1.2, (views, n, classes)) + rng.normal(0, 0.6, (n, classes)))
        cases.append((odds / odds.sum(2, keepdims=True),))
    return cases


EXERCISES = (
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
    Exercise(
        id="dli_l7.average_views",
        title="Eight looks at the same cell",
        reference=_average_views,
        cases=_view_cases,
        misconceptions=(
            Misconception(
                "majority",
                _majority,
                "This is the views' vote. A vote forgets how sure each view was: average the "
                "probabilities first, decide afterwards.",
            ),
            Misconception(
                "most_confident",
                lambda probabilities: np.argmax(probabilities.max(0), axis=1),
                "This is what the one view says that is surest. A network is often surest where "
                "it is wrong: average over all views.",
            ),
            Misconception(
                "axis_of_cells",
                lambda probabilities: np.argmax(probabilities.mean(1), axis=1),
                "This is an average over the cells, which gives each *view* a class. The views "
                "are the first axis.",
            ),
            Misconception(
                "undecided",
                lambda probabilities: np.mean(probabilities, axis=0),
                "Those are the averaged probabilities. Finish: which class has the largest one?",
            ),
            Misconception(
                "geometric_mean",
                lambda probabilities: np.argmax(np.log(probabilities).mean(0), axis=1),
                "This is the class after averaging the logarithms of the probabilities, another "
                "way to combine views. Average the probabilities themselves.",
            ),
        ),
    ),
)
