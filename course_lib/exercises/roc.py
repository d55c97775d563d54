"""Exercises of the chapter "ROC curves and thresholds"."""

import numpy as np

from ._exercise import Exercise, Misconception


def _lecture():
    """The fifteen patients; a diseased and a normal one share the score 0.30."""
    y_score = [0.95, 0.90, 0.80, 0.70, 0.60, 0.40, 0.30]
    y_score += [0.65, 0.45, 0.35, 0.30, 0.25, 0.20, 0.15, 0.05]
    return np.repeat([1, 0], [7, 8]), np.array(y_score)


def _random_scores(rng, n, decimals=1):
    """Scores that overlap, with ties, and both classes; fewer diseased than normal."""
    y_true = np.zeros(n, int)
    y_true[: n // 3] = 1
    rng.shuffle(y_true)
    y_score = np.clip(rng.normal(0.35 + 0.25 * y_true, 0.2), 0.02, 0.98).round(decimals)
    return y_true, y_score


def _rates(y_true, positive):
    return np.mean(positive[y_true == 1]), np.mean(~positive[y_true == 0])


def _rates_at(y_true, y_score, threshold):
    sensitivity, specificity = _rates(y_true, y_score >= threshold)
    return float(sensitivity), float(specificity)


def _predictive_values_at(y_true, y_score, threshold):
    positive = y_score >= threshold
    return float(np.mean(y_true[positive] == 1)), float(np.mean(y_true[~positive] == 0))


def _threshold_cases(rng):
    """The threshold is always the score of some patients, so that ≥ and > differ."""
    y_true, y_score = _lecture()
    cases = [(y_true, y_score, 0.6), (y_true, y_score, 0.3)]
    for n in (20, 33, 60):
        y_true, y_score = _random_scores(rng, n)
        inner = np.unique(y_score)[1:-1]
        cases.append((y_true, y_score, float(rng.choice(inner))))
    return cases


def _pairs(y_true, y_score):
    """Score of each diseased patient minus the score of each normal one."""
    return y_score[y_true == 1][:, None] - y_score[y_true == 0]


def _auc(y_true, y_score):
    difference = _pairs(y_true, y_score)
    return float(np.mean(difference > 0) + np.mean(difference == 0) / 2)


def _auc_cases(rng):
    ratings = np.array([1, 2, 2, 3, 5, 5, 1, 1, 2, 3, 4])
    return [
        _lecture(),
        (np.repeat([1, 0], [6, 5]), ratings.astype(float)),
        *(_random_scores(rng, n) for n in (20, 45, 80)),
    ]


def _over_thresholds(y_true, y_score):
    """The distinct scores from the highest down, with sensitivity and specificity at each."""
    thresholds = np.unique(y_score)[::-1]
    rates = [_rates(y_true, y_score >= threshold) for threshold in thresholds]
    return thresholds, *np.transpose(rates)


def _youden_threshold(y_true, y_score):
    thresholds, se, sp = _over_thresholds(y_true, y_score)
    return float(thresholds[np.argmax((se + sp - 1).round(12))])


def _largest_youden(y_true, y_score):
    _, se, sp = _over_thresholds(y_true, y_score)
    return float(np.max(se + sp - 1))


def _most_accurate(y_true, y_score):
    thresholds, se, sp = _over_thresholds(y_true, y_score)
    prevalence = np.mean(y_true)
    return float(thresholds[np.argmax((se * prevalence + sp * (1 - prevalence)).round(12))])


def _most_sensitive(y_true, y_score):
    thresholds, se, _ = _over_thresholds(y_true, y_score)
    return float(thresholds[np.argmax(se)])


def _lower_of_equal(y_true, y_score):
    thresholds, se, sp = _over_thresholds(y_true, y_score)
    return float(thresholds[::-1][np.argmax((se + sp - 1).round(12)[::-1])])


def _youden_cases(rng):
    """Neither accuracy nor sensitivity alone finds the best threshold; in two cases two are best.

    Where two are, the classes have 8 and 16 patients, so that every rate is exact and equal means
    equal.
    """
    cases = [_lecture()]
    while len(cases) < 6:
        tied = len(cases) > 3
        case = _random_scores(rng, 24 if tied else int(rng.integers(20, 60)), decimals=2)
        best = _youden_threshold(*case)
        if tied == (best != _lower_of_equal(*case)) and best not in (
            *(_most_accurate(*case), _most_sensitive(*case)),
        ):
            cases.append(case)
    return cases


def _expected_cost(sensitivity, specificity, prevalence, cost_fn, cost_fp):
    missed = (1 - sensitivity) * prevalence
    alarms = (1 - specificity) * (1 - prevalence)
    return cost_fn * missed + cost_fp * alarms


def _cost_cases(rng):
    return [(0.9, 0.8, 0.1, 20.0, 1.0), (0.71, 0.88, 0.47, 1.0, 3.0)] + [
        tuple(float(v) for v in rng.uniform((0.5, 0.5, 0.01, 2, 0.5), (0.95, 0.95, 0.4, 50, 1.5)))
        for _ in range(4)
    ]


def _paired_z(auc_a, auc_b, se_a, se_b, correlation):
    variance = se_a**2 + se_b**2 - 2 * correlation * se_a * se_b
    return (auc_a - auc_b) / np.sqrt(variance)


def _paired_cases(rng):
    """Areas far enough apart that single precision knows their difference."""
    cases = [(0.9, 0.86, 0.02, 0.03, 0.6), (0.73, 0.74, 0.09, 0.1, 0.5)]
    while len(cases) < 6:
        case = rng.uniform((0.6, 0.6, 0.01, 0.01, 0.2), (0.95, 0.95, 0.1, 0.1, 0.8)).tolist()
        if abs(case[0] - case[1]) > 0.02:
            cases.append(tuple(case))
    return cases


def _spread(differences, ddof=1):
    return np.std(differences, ddof=ddof)


def _readers_t(areas_a, areas_b):
    d = areas_a - areas_b
    return float(np.mean(d) / (_spread(d) / np.sqrt(len(d))))


def _readers_cases(rng):
    """Readers of unlike skill; mean and spread of their gains survive single precision."""
    cases = [(np.array([0.82, 0.9, 0.86, 0.79]), np.array([0.85, 0.91, 0.9, 0.8]))]
    while len(cases) < 6:
        skill, gain = rng.uniform(0.7, 0.9, int(rng.integers(3, 9))), rng.uniform(-0.09, 0.09)
        gains = gain + rng.normal(0, 0.03, len(skill))
        if abs(np.mean(gains)) > 0.02 and _spread(gains) > 0.015:
            cases.append(((skill + gains).round(3), skill.round(3)))
    return cases


def _mean_squares(areas):
    """MS(T) and MS(TR) of two modalities."""
    d = areas[0] - areas[1]
    return len(d) * np.mean(d) ** 2 / 2, _spread(d) ** 2 / 2


def _reader_study_f(areas, cov2, cov3):
    ms_t, ms_tr = _mean_squares(areas)
    return float(ms_t / (ms_tr + max(areas.shape[1] * (cov2 - cov3), 0)))


def _reader_study_cases(rng):
    """Twice Cov2 is below Cov3, but not so far that the error would be below 0."""
    cases = []
    for at, (a, b) in enumerate(_readers_cases(rng)):
        areas = np.array([a, b])
        share = rng.uniform(0.3, 0.7) * (-1 if at in (2, 4) else 1)
        apart = share * _mean_squares(areas)[1] / len(a)
        cov3 = float(rng.uniform(1.5, 3) * abs(apart))
        cases.append((areas, cov3 + float(apart), cov3))
    return cases


def _brier_score(y_true, y_prob):
    return float(np.mean((y_prob - y_true) ** 2))


def _risk_cases(rng):
    return [
        (np.array([1, 0, 0, 1]), np.array([0.8, 0.3, 0.1, 0.4])),
        *(_random_scores(rng, n, decimals=2) for n in (12, 30, 75)),
    ]


def _net_benefit(y_true, y_prob, threshold):
    positive, n = y_prob >= threshold, len(y_true)
    tp, fp = np.sum(positive & (y_true == 1)), np.sum(positive & (y_true == 0))
    return float(tp / n - fp / n * threshold / (1 - threshold))


def _benefit_cases(rng):
    """Thresholds other than one half, with false positives above them."""
    y_true, y_prob = _lecture()
    cases = [(y_true, y_prob, 0.2), (y_true, y_prob, 0.3)]
    while len(cases) < 6:
        y_true, y_prob = _random_scores(rng, int(rng.integers(20, 80)))
        threshold = float(rng.choice([0.1, 0.2, 0.3, 0.4]))
        if np.any(y_true[y_prob >= threshold] == 0) and np.any(y_prob == threshold):
            cases.append((y_true, y_prob, threshold))
    return cases


EXERCISES = (
    Exercise(
        id="roc.rates_at",
        title="Sensitivity and specificity at a threshold",
        reference=_rates_at,
        cases=_threshold_cases,
        misconceptions=(
            Misconception(
                "strictly_above",
                lambda y_true, y_score, threshold: tuple(
                    float(rate) for rate in _rates(y_true, y_score > threshold)
                ),
                "A score equal to the threshold counts as positive here: use >=, not >.",
            ),
            Misconception(
                "false_positive_rate",
                lambda y_true, y_score, threshold: (
                    _rates_at(y_true, y_score, threshold)[0],
                    1 - _rates_at(y_true, y_score, threshold)[1],
                ),
                "The second value is the false positive rate, the horizontal axis of the ROC "
                "curve. Specificity is 1 minus it.",
            ),
            Misconception(
                "predictive_values",
                _predictive_values_at,
                "These are PPV and NPV, shares of the positive and of the negative results. "
                "Divide by the diseased and by the normal patients.",
            ),
            Misconception(
                "joint_shares",
                lambda y_true, y_score, threshold: (
                    float(np.mean((y_true == 1) & (y_score >= threshold))),
                    float(np.mean((y_true == 0) & (y_score < threshold))),
                ),
                "These are shares of all patients. Sensitivity is a share of the diseased, "
                "specificity a share of the normal ones.",
            ),
            Misconception(
                "low_is_diseased",
                lambda y_true, y_score, threshold: tuple(
                    float(rate) for rate in _rates(y_true, y_score < threshold)
                ),
                "These are the rates if low scores are called positive. Here a high score speaks "
                "for disease.",
            ),
        ),
    ),
    Exercise(
        id="roc.auc",
        title="The area as a probability",
        reference=_auc,
        cases=_auc_cases,
        misconceptions=(
            Misconception(
                "ties_lose",
                lambda y_true, y_score: float(np.mean(_pairs(y_true, y_score) > 0)),
                "This is the area if pairs with equal scores count as lost. Give each of them one"
                " half.",
            ),
            Misconception(
                "ties_win",
                lambda y_true, y_score: float(np.mean(_pairs(y_true, y_score) >= 0)),
                "This is the area if pairs with equal scores count as won. Give each of them one "
                "half.",
            ),
            Misconception(
                "swapped_classes",
                lambda y_true, y_score: 1 - _auc(y_true, y_score),
                "That is the probability that the normal patient scores higher. Subtract the other "
                "way round.",
            ),
            Misconception(
                "count",
                lambda y_true, y_score: _auc(y_true, y_score) * _pairs(y_true, y_score).size,
                "That is the number of pairs won. Divide by the number of all pairs.",
            ),
            Misconception(
                "one_threshold",
                lambda y_true, y_score: float(np.mean(_rates_at(y_true, y_score, 0.5))),
                "That is the mean of sensitivity and specificity at one threshold. The area "
                "needs none: compare every diseased patient with every normal one.",
            ),
        ),
    ),
    Exercise(
        id="roc.youden_threshold",
        title="Youden's threshold",
        reference=_youden_threshold,
        cases=_youden_cases,
        misconceptions=(
            Misconception(
                "value_not_threshold",
                _largest_youden,
                "That is the largest sensitivity + specificity - 1. Return the score at which it "
                "is reached.",
            ),
            Misconception(
                "lower_of_equal",
                _lower_of_equal,
                "This threshold is as good as the right one, but lower. Of two equally good ones "
                "return the higher.",
            ),
            Misconception(
                "accuracy",
                _most_accurate,
                "This is the threshold of the highest accuracy, which weighs the two rates by how"
                " common disease is. Youden weighs them alike.",
            ),
            Misconception(
                "sensitivity_alone",
                _most_sensitive,
                "This threshold reaches the highest sensitivity, whatever it does to specificity. "
                "Maximize their sum.",
            ),
        ),
    ),
    Exercise(
        id="roc.expected_cost",
        title="What errors cost",
        reference=_expected_cost,
        cases=_cost_cases,
        misconceptions=(
            Misconception(
                "no_prevalence",
                lambda sensitivity, specificity, prevalence, cost_fn, cost_fp: (
                    cost_fn * (1 - sensitivity) + cost_fp * (1 - specificity)
                ),
                "Only a patient with the disease can be missed, and only a normal one can alarm "
                "falsely: weigh the errors by prevalence and 1 - prevalence.",
            ),
            Misconception(
                "costs_swapped",
                lambda sensitivity, specificity, prevalence, cost_fn, cost_fp: _expected_cost(
                    sensitivity, specificity, prevalence, cost_fp, cost_fn
                ),
                "This is the cost with cost_fn and cost_fp in each other's place: cost_fn belongs"
                " to the missed patients, 1 - sensitivity.",
            ),
            Misconception(
                "successes_cost",
                lambda sensitivity, specificity, prevalence, cost_fn, cost_fp: (
                    cost_fn * sensitivity * prevalence + cost_fp * specificity * (1 - prevalence)
                ),
                "This charges for the correct results. Errors happen with probability 1 - "
                "sensitivity among the ill and 1 - specificity among the normal.",
            ),
        ),
    ),
    Exercise(
        id="roc.paired_z",
        title="Two tests on the same patients",
        reference=_paired_z,
        cases=_paired_cases,
        misconceptions=(
            Misconception(
                "independent",
                lambda auc_a, auc_b, se_a, se_b, correlation: (
                    (auc_a - auc_b) / np.sqrt(se_a**2 + se_b**2)
                ),
                "That would be right for two different groups of patients. On the same patients "
                "the areas go up and down together: subtract 2 · correlation · se_a · se_b.",
            ),
            Misconception(
                "covariance_added",
                lambda auc_a, auc_b, se_a, se_b, correlation: _paired_z(
                    auc_a, auc_b, se_a, se_b, -correlation
                ),
                "This is the value with the covariance added, as for a sum. For a difference it "
                "is subtracted.",
            ),
            Misconception(
                "errors_added",
                lambda auc_a, auc_b, se_a, se_b, correlation: (auc_a - auc_b) / (se_a + se_b),
                "Standard errors do not add up; variances do. Square them first.",
            ),
            Misconception(
                "no_root",
                lambda auc_a, auc_b, se_a, se_b, correlation: (
                    (auc_a - auc_b) / (se_a**2 + se_b**2 - 2 * correlation * se_a * se_b)
                ),
                "This is the difference over its variance. Divide by the square root of that, the"
                " standard error.",
            ),
        ),
    ),
    Exercise(
        id="roc.readers_t",
        title="Other readers, the same patients",
        reference=_readers_t,
        cases=_readers_cases,
        misconceptions=(
            Misconception(
                "two_groups",
                lambda areas_a, areas_b: float(
                    (np.mean(areas_a) - np.mean(areas_b))
                    / np.hypot(_spread(areas_a), _spread(areas_b))
                    * np.sqrt(len(areas_a))
                ),
                "This is t for two separate groups of readers. The same readers used both "
                "modalities: it is their differences that vary.",
            ),
            Misconception(
                "one_reader_s_spread",
                lambda areas_a, areas_b: float(
                    np.mean(areas_a - areas_b) / _spread(areas_a - areas_b)
                ),
                "This is the mean difference over the spread of single readers. The mean of r "
                "readers spreads less, by the factor 1/√r.",
            ),
            Misconception(
                "divided_by_r",
                lambda areas_a, areas_b: float(
                    np.mean(areas_a - areas_b)
                    / (_spread(areas_a - areas_b, ddof=0) / np.sqrt(len(areas_a)))
                ),
                "This is the value if the squared deviations are divided by r. A few readers lie "
                "closer to their own mean than to the true one: divide by r - 1.",
            ),
            Misconception(
                "other_way_round",
                lambda areas_a, areas_b: _readers_t(areas_b, areas_a),
                "This is t of b minus a. Positive shall mean that readers do better with a.",
            ),
        ),
    ),
    Exercise(
        id="roc.reader_study_f",
        title="Other readers, other patients",
        reference=_reader_study_f,
        cases=_reader_study_cases,
        misconceptions=(
            Misconception(
                "cases_fixed",
                lambda areas, cov2, cov3: float(np.divide(*_mean_squares(areas))),
                "This is F for other readers of the same patients. Other patients move all the "
                "readers together: add max(r (Cov2 - Cov3), 0) to the error.",
            ),
            Misconception(
                "added_once",
                lambda areas, cov2, cov3: float(
                    _mean_squares(areas)[0] / (_mean_squares(areas)[1] + max(cov2 - cov3, 0))
                ),
                "This is the value if Cov2 - Cov3 is added once. It counts r times, because the "
                "mean of r readers does not average it away.",
            ),
            Misconception(
                "below_zero",
                lambda areas, cov2, cov3: float(
                    _mean_squares(areas)[0]
                    / (_mean_squares(areas)[1] + areas.shape[1] * (cov2 - cov3))
                ),
                "This is right where Cov2 is above Cov3. Where chance puts it below, the error is "
                "smaller here, as if other patients made a study more certain: add 0 there.",
            ),
            Misconception(
                "variance_of_differences",
                lambda areas, cov2, cov3: float(
                    _mean_squares(areas)[0]
                    / (2 * _mean_squares(areas)[1] + max(areas.shape[1] * (cov2 - cov3), 0))
                ),
                "This is the value with the variance of the differences in place of MS(TR), which "
                "is half of it.",
            ),
        ),
    ),
    Exercise(
        id="roc.brier_score",
        title="Brier score",
        reference=_brier_score,
        cases=_risk_cases,
        misconceptions=(
            Misconception(
                "absolute",
                lambda y_true, y_prob: float(np.mean(np.abs(y_prob - y_true))),
                "That is the mean absolute distance, which rewards exaggeration: saying 1 "
                "whenever the risk exceeds one half would score best. Square it.",
            ),
            Misconception(
                "root",
                lambda y_true, y_prob: float(np.sqrt(_brier_score(y_true, y_prob))),
                "That is the root of the mean square. The Brier score is the mean square itself.",
            ),
            Misconception(
                "sum",
                lambda y_true, y_prob: float(np.sum((y_prob - y_true) ** 2)),
                "That is the sum of the squares. Divide by the number of patients.",
            ),
            Misconception(
                "labels",
                lambda y_true, y_prob: float(np.mean((y_prob >= 0.5) != y_true)),
                "That is the share of errors at the threshold 0.5. Use the probabilities "
                "themselves.",
            ),
        ),
    ),
    Exercise(
        id="roc.net_benefit",
        title="Net benefit",
        reference=_net_benefit,
        cases=_benefit_cases,
        misconceptions=(
            Misconception(
                "no_weight",
                lambda y_true, y_prob, threshold: float(
                    np.mean((y_prob >= threshold) * np.where(y_true == 1, 1, -1))
                ),
                "This is the value if a false alarm counts like a patient found. Whoever treats "
                "from a risk of t on gives it the weight t / (1 - t).",
            ),
            Misconception(
                "weight_inverted",
                lambda y_true, y_prob, threshold: float(
                    np.mean(
                        (y_prob >= threshold)
                        * np.where(y_true == 1, 1, -(1 - threshold) / threshold)
                    )
                ),
                "The weight is upside down. A low threshold means that alarms matter little: "
                "t / (1 - t).",
            ),
            Misconception(
                "rates",
                lambda y_true, y_prob, threshold: float(
                    np.mean(y_prob[y_true == 1] >= threshold)
                    - np.mean(y_prob[y_true == 0] >= threshold) * threshold / (1 - threshold)
                ),
                "This is what sensitivity and false positive rate give. Net benefit counts per "
                "patient: divide both counts by all patients.",
            ),
            Misconception(
                "strictly_above",
                lambda y_true, y_prob, threshold: _net_benefit(
                    y_true, y_prob, np.nextafter(threshold, 1)
                ),
                "A risk equal to the threshold is treated here: use >=, not >.",
            ),
        ),
    ),
)
