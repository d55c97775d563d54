"""Exercises of the chapter "Evaluation metrics"."""

import numpy as np

from ._exercise import Exercise, Misconception


def _counts(y_true, y_pred):
    """TP, FN, FP, TN."""
    return (
        np.sum((y_true == 1) & (y_pred == 1)),
        np.sum((y_true == 1) & (y_pred == 0)),
        np.sum((y_true == 0) & (y_pred == 1)),
        np.sum((y_true == 0) & (y_pred == 0)),
    )


def _label_cases(rng, sizes=(10, 17, 30, 60)):
    """The lecture's ten patients, then random ones; every table has four different counts."""
    y_true = np.array([0, 0, 1, 0, 0, 1, 0, 1, 0, 0])
    y_pred = np.array([0, 1, 1, 0, 0, 0, 0, 1, 1, 0])
    cases = [(y_true, y_pred)]
    while len(cases) < len(sizes) + 1:
        n = sizes[len(cases) - 1]
        y_true, y_pred = (rng.random(n) < 0.35).astype(int), (rng.random(n) < 0.5).astype(int)
        counts = _counts(y_true, y_pred)
        if min(counts) > 0 and len(set(counts)) == 4:
            cases.append((y_true, y_pred))
    return cases


def _confusion_counts(y_true, y_pred):
    return tuple(int(count) for count in _counts(y_true, y_pred))


def _sensitivity(y_true, y_pred):
    tp, fn, _, _ = _counts(y_true, y_pred)
    return tp / (tp + fn)


def _ppv(y_true, y_pred):
    tp, _, fp, _ = _counts(y_true, y_pred)
    return tp / (tp + fp)


def _npv(y_true, y_pred):
    _, fn, _, tn = _counts(y_true, y_pred)
    return tn / (tn + fn)


def _specificity(y_true, y_pred):
    _, _, fp, tn = _counts(y_true, y_pred)
    return tn / (tn + fp)


def _accuracy(y_true, y_pred):
    return np.mean(y_true == y_pred)


def _rate_cases(rng):
    return [(0.67, 0.86, 0.3), (0.9, 0.95, 0.005)] + [
        tuple(float(p) for p in rng.uniform((0.5, 0.5, 0.01), (0.99, 0.99, 0.45))) for _ in range(4)
    ]


def _expected_accuracy(sensitivity, specificity, prevalence):
    return sensitivity * prevalence + specificity * (1 - prevalence)


def _ppv_at(sensitivity, specificity, prevalence):
    positive_sick = sensitivity * prevalence
    positive_normal = (1 - specificity) * (1 - prevalence)
    return positive_sick / (positive_sick + positive_normal)


def _post_test_probability(pretest, likelihood_ratio):
    odds = pretest / (1 - pretest) * likelihood_ratio
    return odds / (1 + odds)


def _post_test_cases(rng):
    return [(0.3, 4.67), (0.005, 18.0), (0.5, 0.1)] + [
        (float(rng.uniform(0.02, 0.7)), float(rng.uniform(0.05, 20))) for _ in range(4)
    ]


def _always_normal_accuracy(y_true):
    return float(np.mean(y_true == 0))


def _truth_cases(rng):
    return [(np.array([0, 0, 0, 0, 0, 1, 0, 1, 0, 0]),)] + [
        ((rng.random(n) < prevalence).astype(int),)
        for n, prevalence in ((25, 0.2), (40, 0.75), (101, 0.02))
    ]


def _study_size(sensitivity, half_width, prevalence):
    ill = 1.96**2 * sensitivity * (1 - sensitivity) / half_width**2
    return int(np.ceil(ill / prevalence))


def _study_cases(rng):
    """Studies whose size is not within a hundredth of a whole number: rounding is then clear."""
    cases = [(0.9, 0.05, 0.3), (0.7, 0.1, 0.02)]
    while len(cases) < 7:
        case = tuple(float(p) for p in rng.uniform((0.6, 0.02, 0.03), (0.97, 0.12, 0.5)).round(3))
        size = 1.96**2 * case[0] * (1 - case[0]) / case[1] ** 2 / case[2]
        if 0.05 < size % 1 < 0.95:
            cases.append(case)
    return cases


EXERCISES = (
    Exercise(
        id="metrics.always_normal_accuracy",
        title="The accuracy of a test that does nothing",
        reference=_always_normal_accuracy,
        cases=_truth_cases,
        misconceptions=(
            Misconception(
                "prevalence",
                lambda y_true: float(np.mean(y_true == 1)),
                "That is the prevalence. A test that always says normal is right about the "
                "patients who are normal, so count those.",
            ),
            Misconception(
                "count",
                lambda y_true: int(np.sum(y_true == 0)),
                "That is the number of correct answers. Accuracy is a share: divide by the number"
                " of patients.",
            ),
        ),
    ),
    Exercise(
        id="metrics.confusion_counts",
        title="Fill the 2×2 table",
        reference=_confusion_counts,
        cases=_label_cases,
        misconceptions=(
            Misconception(
                "swapped_arguments",
                lambda y_true, y_pred: _confusion_counts(y_pred, y_true),
                "FN and FP are in each other's place. A false negative is ill (truth 1) and "
                "called negative (output 0).",
            ),
            Misconception(
                "scikit_learn_order",
                lambda y_true, y_pred: tuple(int(_counts(y_true, y_pred)[i]) for i in (3, 2, 1, 0)),
                "That is scikit-learn's order, TN, FP, FN, TP. Return TP, FN, FP, TN.",
            ),
            Misconception(
                "shares",
                lambda y_true, y_pred: tuple(
                    count / len(y_true) for count in _counts(y_true, y_pred)
                ),
                "These are shares of all patients. The table holds counts.",
            ),
            Misconception(
                "positives_not_true",
                lambda y_true, y_pred: (
                    int(np.sum(y_true == 1)),
                    *_confusion_counts(y_true, y_pred)[1:],
                ),
                "The first value counts every patient with the disease. A true positive is ill "
                "and called positive: both conditions, joined by &.",
            ),
        ),
    ),
    Exercise(
        id="metrics.sensitivity",
        title="Sensitivity",
        reference=_sensitivity,
        cases=_label_cases,
        misconceptions=(
            Misconception(
                "ppv",
                _ppv,
                "That is the PPV, a share of everyone whom the test calls positive. Sensitivity "
                "asks about the patients who have the disease.",
            ),
            Misconception(
                "specificity",
                _specificity,
                "That is the specificity, the share of normal patients whom the test clears. "
                "Sensitivity is its twin on the patients with the disease.",
            ),
            Misconception(
                "share_of_all",
                lambda y_true, y_pred: _counts(y_true, y_pred)[0] / len(y_true),
                "That is the share of true positives among all patients. The condition '| "
                "disease' means: divide by the patients with the disease alone.",
            ),
            Misconception(
                "miss_rate",
                lambda y_true, y_pred: 1 - _sensitivity(y_true, y_pred),
                "That is the share of the patients with the disease whom the test misses. "
                "Sensitivity is the share that it finds.",
            ),
            Misconception(
                "accuracy",
                _accuracy,
                "That is the accuracy, over all patients. Look only at those with the disease.",
            ),
        ),
    ),
    Exercise(
        id="metrics.expected_accuracy",
        title="Accuracy from sensitivity, specificity and prevalence",
        reference=_expected_accuracy,
        cases=_rate_cases,
        misconceptions=(
            Misconception(
                "plain_mean",
                lambda sensitivity, specificity, prevalence: (sensitivity + specificity) / 2,
                "A plain mean pretends that half of the patients are ill. Weigh each rate by the "
                "share of patients it applies to: prevalence, and 1 - prevalence.",
            ),
            Misconception(
                "weights_swapped",
                lambda sensitivity, specificity, prevalence: (
                    sensitivity * (1 - prevalence) + specificity * prevalence
                ),
                "This is the mean with the weights in each other's place: sensitivity applies to "
                "the patients who are ill, and their share is the prevalence.",
            ),
            Misconception(
                "no_complement",
                lambda sensitivity, specificity, prevalence: (
                    (sensitivity + specificity) * prevalence
                ),
                "Both rates carry the weight 'prevalence'. The normal patients' share is "
                "1 - prevalence.",
            ),
        ),
    ),
    Exercise(
        id="metrics.ppv",
        title="Positive predictive value",
        reference=_ppv,
        cases=_label_cases,
        misconceptions=(
            Misconception(
                "sensitivity",
                _sensitivity,
                "That is the sensitivity, a share of all patients with the disease. PPV starts "
                "from the positive results, true and false.",
            ),
            Misconception(
                "npv",
                _npv,
                "That is the NPV, which looks at the negative results. PPV looks at the positive "
                "ones.",
            ),
            Misconception(
                "share_of_all",
                lambda y_true, y_pred: _counts(y_true, y_pred)[0] / len(y_true),
                "That is the share of true positives among all patients. The condition '| +' "
                "means: divide by the patients whom the test calls positive.",
            ),
            Misconception(
                "false_discovery_rate",
                lambda y_true, y_pred: 1 - _ppv(y_true, y_pred),
                "That is the share of false alarms among the positive results; PPV is what "
                "remains: 1 minus it.",
            ),
        ),
    ),
    Exercise(
        id="metrics.ppv_at",
        title="The same test in another clinic",
        reference=_ppv_at,
        cases=_rate_cases,
        misconceptions=(
            Misconception(
                "ignores_prevalence",
                lambda sensitivity, specificity, prevalence: (
                    sensitivity / (sensitivity + 1 - specificity)
                ),
                "This is the PPV where half of the patients are ill. The prevalence weighs the "
                "true positives, and 1 - prevalence the false ones.",
            ),
            Misconception(
                "sensitivity_times_prevalence",
                lambda sensitivity, specificity, prevalence: sensitivity * prevalence,
                "That is P(+ and disease). Divide it by P(+), the probability of any positive "
                "result.",
            ),
            Misconception(
                "specificity_for_false_positives",
                lambda sensitivity, specificity, prevalence: (
                    sensitivity
                    * prevalence
                    / (sensitivity * prevalence + specificity * (1 - prevalence))
                ),
                "This is the value if normal patients test positive with the probability "
                "specificity. They do so with probability 1 - specificity.",
            ),
        ),
    ),
    Exercise(
        id="metrics.post_test_probability",
        title="From a likelihood ratio to a probability",
        reference=_post_test_probability,
        cases=_post_test_cases,
        misconceptions=(
            Misconception(
                "multiplies_probability",
                lambda pretest, likelihood_ratio: pretest * likelihood_ratio,
                "A likelihood ratio multiplies odds, not probabilities: turn p into "
                "p / (1 - p) first, and back at the end.",
            ),
            Misconception(
                "returns_odds",
                lambda pretest, likelihood_ratio: pretest / (1 - pretest) * likelihood_ratio,
                "These are the odds after the test. Turn them back into a probability: "
                "odds / (1 + odds).",
            ),
            Misconception(
                "no_odds_first",
                lambda pretest, likelihood_ratio: (
                    pretest * likelihood_ratio / (1 + pretest * likelihood_ratio)
                ),
                "This is p · LR / (1 + p · LR), a way back from odds that starts from a "
                "probability. Start with pretest / (1 - pretest).",
            ),
        ),
    ),
    Exercise(
        id="metrics.study_size",
        title="How many patients a study needs",
        reference=_study_size,
        cases=_study_cases,
        misconceptions=(
            Misconception(
                "ill_alone",
                lambda sensitivity, half_width, prevalence: _study_size(sensitivity, half_width, 1),
                "This is how many ill patients are needed. Only the share prevalence of those who "
                "are enrolled is ill.",
            ),
            Misconception(
                "times_prevalence",
                lambda sensitivity, half_width, prevalence: int(
                    np.ceil(_study_size(sensitivity, half_width, 1) * prevalence)
                ),
                "This is the number of the ill times the prevalence. Of n enrolled patients, "
                "n times the prevalence are ill: solve that for n.",
            ),
            Misconception(
                "whole_width",
                lambda sensitivity, half_width, prevalence: _study_size(
                    sensitivity, half_width / 2, prevalence
                ),
                "This is the size for an interval of half that width: half_width is the distance "
                "from the middle to one end.",
            ),
            Misconception(
                "rounded_down",
                lambda sensitivity, half_width, prevalence: (
                    _study_size(sensitivity, half_width, prevalence) - 1
                ),
                "This is one patient less: the formula gives no whole number, and rounded down it "
                "is not enough.",
            ),
            Misconception(
                "not_rounded",
                lambda sensitivity, half_width, prevalence: (
                    1.96**2 * sensitivity * (1 - sensitivity) / half_width**2 / prevalence
                ),
                "This is the number before rounding: nobody can enroll a part of a patient.",
            ),
            Misconception(
                "width_not_squared",
                lambda sensitivity, half_width, prevalence: int(
                    np.ceil(1.96**2 * sensitivity * (1 - sensitivity) / half_width / prevalence)
                ),
                "This is the value with the half width itself in the denominator: twice as exact "
                "costs four times as many patients, so it stands there squared.",
            ),
        ),
    ),
)
