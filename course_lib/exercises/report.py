"""Exercises of the chapter "Report and presentation"."""

import numpy as np

from ._exercise import Exercise, Misconception
from ._review import review


def _possible_rate(rate, n, decimals):
    nearest = np.array([np.floor(rate * n), np.ceil(rate * n)])
    return bool((np.abs(nearest / n - rate) <= 0.5 * 10.0**-decimals).any())


def _some_rounds(rate, counts, n, decimals):
    return any(abs(k / n - rate) <= 0.5 * 10.0**-decimals for k in counts)


def _whole_number(rate, n, decimals):
    return bool(abs(rate * n - np.rint(rate * n)) < 1e-6)


def _cut_off(rate, n, decimals):
    nearest = np.array([np.floor(rate * n), np.ceil(rate * n)])
    units = 10.0**decimals
    return bool((np.floor(nearest / n * units + 1e-9) == np.rint(rate * units)).any())


def _enough_cases(rate, n, decimals):
    return n >= 10**decimals


def _printed_rates(rng):
    """Half of the rates are impossible; none is a tie of rounding; all and none occur."""
    cases = [
        (0.93, 27, 2),
        (0.95, 27, 2),
        (0.95, 18, 2),
        (0.96, 50, 2),
        (0.947, 19, 3),
        (0.945, 19, 3),
        (1.0, 40, 2),
        (0.0, 40, 2),
    ]
    cases.append((int(rng.integers(2, 9)) / 10, int(rng.integers(11, 60)), 1))
    impossible = 0
    while len(cases) < 16:
        n, decimals = int(rng.integers(12, 60)), int(rng.integers(2, 4))
        units = 10**decimals
        # A possible rate as often as an impossible one.
        rate = int(rng.integers(0.6 * units, units)) / units
        if rng.random() < 0.5:
            rate = float(np.round(rng.integers(n // 2, n) / n, decimals))
        nearest = np.array([np.floor(rate * n), np.ceil(rate * n)]) / n
        tie = np.abs(np.abs(nearest - rate) - 0.5 / units).min() < 1e-6
        possible = _possible_rate(rate, n, decimals)
        if not tie and (possible or impossible < 6):
            impossible += not possible
            cases.append((rate, n, decimals))
    return cases


def _shared_patients(train, test):
    return float(np.isin(test, train).mean())


def _share_of_patients(train, test):
    patients = np.unique(test)
    return float(np.isin(patients, train).mean())


def _patient_cases(rng):
    cases = [(np.array([1, 1, 2, 3, 3]), np.array([3, 4, 3, 5, 5, 5, 2, 3]))]
    while len(cases) < 4:
        n = 6 * len(cases)
        train = rng.integers(1, 12, 2 * n)
        images = rng.integers(1, 6, 7).tolist()
        test = np.repeat(rng.choice(np.arange(1, 25), 7, replace=False), images)
        answers = (
            _shared_patients(train, test),
            _share_of_patients(train, test),
            _shared_patients(test, train),
        )
        if len(set(np.round(answers, 6))) == 3 and 0 < answers[0] < 1:
            cases.append((train, test))
    return cases


def _paired_difference(right_a, right_b):
    d = right_a.astype(float) - right_b
    return float(d.mean()), float(d.std() / np.sqrt(len(d)))


def _unpaired(right_a, right_b):
    a, b, n = right_a.mean(), right_b.mean(), len(right_a)
    return float(a - b), float(np.sqrt((a * (1 - a) + b * (1 - b)) / n))


def _sd_of_the_difference(right_a, right_b):
    d = right_a.astype(float) - right_b
    return float(d.mean()), float(d.std())


def _other_way_round(right_a, right_b):
    return _paired_difference(right_b, right_a)


def _right_cases(rng):
    """Two models that mostly fail on the same cases, as models do."""
    cases = []
    while len(cases) < 4:
        n = (40, 100, 150, 60)[len(cases)]
        hard = rng.random(n) < 0.25
        a = (rng.random(n) < np.where(hard, 0.5, 0.97)).astype(int)
        b = (rng.random(n) < np.where(hard, 0.3, 0.95)).astype(int)
        if a.sum() != b.sum():
            cases.append((a, b))
    return cases


def _alone(y_true, a, b):
    ill = y_true == 1
    only_a = int((ill & (a == 1) & (b == 0)).sum())
    only_b = int((ill & (a == 0) & (b == 1)).sum())
    return only_a, only_b, (only_a - only_b) / int(ill.sum())


def _alone_positive(y_true, a, b):
    """Among all patients, ill or not."""
    return _alone(np.ones_like(y_true), a, b)


def _alone_right(y_true, a, b):
    """Where only one is right, among all patients."""
    return _alone(np.ones_like(y_true), (a == y_true).astype(int), (b == y_true).astype(int))


def _among_the_discordant(y_true, a, b):
    only_a, only_b, _ = _alone(y_true, a, b)
    return only_a, only_b, (only_a - only_b) / (only_a + only_b)


def _found_by_each(y_true, a, b):
    by_a, by_b = int(a[y_true == 1].sum()), int(b[y_true == 1].sum())
    return by_a, by_b, (by_a - by_b) / int(y_true.sum())


def _other_reader(y_true, a, b):
    return _alone(y_true, b, a)


def _reader_cases(rng):
    """Two readers who mostly miss the same patients; no misconception gives the right answer."""
    cases = []
    while len(cases) < 4:
        n = (30, 80, 200, 60)[len(cases)]
        y_true = (rng.random(n) < 0.3).astype(int)
        hard = rng.random(n) < 0.4
        a, b = (
            np.where(rng.random(n) < np.where(hard, error, 0.05), 1 - y_true, y_true)
            for error in (0.35, 0.6)
        )
        wrong = (_alone_positive, _alone_right, _among_the_discordant, _found_by_each)
        only_a, only_b, difference = _alone(y_true, a, b) if y_true.any() else (0, 0, 0)
        if min(only_a, only_b) and only_a != only_b:
            answers = [difference, *(f(y_true, a, b)[2] for f in wrong[:3])]
            if len(set(np.round(answers, 6))) == 4 and _found_by_each(y_true, a, b)[0] != only_a:
                cases.append((y_true, a, b))
    return cases


def _largest_miss_rate(n, level):
    return 1 - (1 - level) ** (1 / n)


def _zero_cases(rng):
    sizes = rng.integers(5, 300, 4).tolist()
    return [
        (12, 0.95),
        *((n, level) for n, level in zip(sizes, (0.95, 0.9, 0.99, 0.8), strict=True)),
    ]


EXERCISES = (
    Exercise(
        id="report.possible_rate",
        title="Can this percentage be true?",
        reference=_possible_rate,
        cases=_printed_rates,
        misconceptions=(
            Misconception(
                "whole_number",
                _whole_number,
                "The rate in the paper is rounded, so rate · n need not be whole. Ask whether any "
                "k / n, rounded, gives the printed number.",
            ),
            Misconception(
                "cut_off",
                _cut_off,
                "This is the answer if the digits of k / n are cut off. Papers round: half a unit"
                " of the last digit to either side is allowed.",
            ),
            Misconception(
                "not_all",
                lambda rate, n, decimals: _some_rounds(rate, range(n), n, decimals),
                "This is the answer if k ends at n - 1. All n of n is a share, too.",
            ),
            Misconception(
                "enough_cases",
                _enough_cases,
                "This answers whether n is large enough for every rate. With fewer cases some "
                "rates are possible all the same, such as 0.50 with n = 2. Look for the k.",
            ),
        ),
    ),
    Exercise(
        id="report.shared_patients",
        title="Patients on both sides",
        reference=_shared_patients,
        cases=_patient_cases,
        misconceptions=(
            Misconception(
                "share_of_patients",
                _share_of_patients,
                "That is a share of the patients, each counted once. The score is an average over"
                " images, so count the images.",
            ),
            Misconception(
                "share_of_training",
                lambda train, test: _shared_patients(test, train),
                "That is the share of training images that come from test patients. It is the "
                "test set whose score is spoiled.",
            ),
            Misconception(
                "count",
                lambda train, test: int(np.isin(test, train).sum()),
                "That is the number of images. Divide by the number of test images.",
            ),
        ),
    ),
    Exercise(
        id="report.paired_difference",
        title="Better than the baseline?",
        reference=_paired_difference,
        cases=_right_cases,
        misconceptions=(
            Misconception(
                "unpaired",
                _unpaired,
                "This is the standard error for two models that see different patients. These see"
                " the same ones, and fail on the same hard ones: take the spread of the "
                "differences.",
            ),
            Misconception(
                "sample_standard_deviation",
                lambda right_a, right_b: (
                    _paired_difference(right_a, right_b)[0],
                    _sd_of_the_difference(right_a, right_b)[1] / float(np.sqrt(len(right_a) - 1)),
                ),
                "This is the standard error from the sample standard deviation (n - 1, or ddof=1), "
                "another good convention. The text asks for the one divided by n.",
            ),
            Misconception(
                "standard_deviation",
                _sd_of_the_difference,
                "That is the spread from case to case. The standard error of a mean is smaller by "
                "the square root of n.",
            ),
            Misconception(
                "other_way_round",
                _other_way_round,
                "This is B minus A. Positive shall mean that A is better.",
            ),
        ),
    ),
    Exercise(
        id="report.found_alone",
        title="Who found what the other missed?",
        reference=_alone,
        cases=_reader_cases,
        misconceptions=(
            Misconception(
                "all_patients",
                _alone_positive,
                "These are counts over all patients, ill or not. A sensitivity knows the ill alone:"
                " a positive answer in a healthy patient finds nothing.",
            ),
            Misconception(
                "who_is_right",
                _alone_right,
                "These are the patients in whom one alone is right, the healthy included: that is a"
                " difference of accuracies. Count the ill.",
            ),
            Misconception(
                "among_the_discordant",
                _among_the_discordant,
                "The counts are right. The difference is a share of those on whom they differ; a "
                "sensitivity is a share of all the ill.",
            ),
            Misconception(
                "found_by_each",
                _found_by_each,
                "The difference is right. The counts are all that each found; asked is what each "
                "found and the other missed.",
            ),
            Misconception(
                "other_way_round",
                _other_reader,
                "This is B before A. Positive shall mean that A finds more.",
            ),
        ),
    ),
    Exercise(
        id="report.largest_miss_rate",
        title="None missed, out of how many?",
        reference=_largest_miss_rate,
        cases=_zero_cases,
        misconceptions=(
            Misconception(
                "rule_of_three",
                lambda n, level: 3 / n,
                "3 / n is the rule of thumb for 95 % and many patients. Solve it exactly: the "
                "chance of no miss in n patients is (1 - rate) to the power n.",
            ),
            Misconception(
                "two_sided",
                lambda n, level: 1 - ((1 - level) / 2) ** (1 / n),
                "This is the upper end of the two-sided interval (Clopper and Pearson), which "
                "leaves half of 1 - level above it. The question asks for the one-sided limit: "
                "all of 1 - level lies above it.",
            ),
            Misconception(
                "level_to_the_n",
                lambda n, level: 1 - level ** (1 / n),
                "This is the rate at which n patients without a miss have the probability "
                "`level`. It must be so small that you would not believe it: 1 - level.",
            ),
        ),
    ),
    review(
        id="report.my_review",
        title="Three studies of your own, and all that can be wrong",
        told=6,
        example=1895,
    ),
)
