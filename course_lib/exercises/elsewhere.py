"""Exercises of the chapter "Does it hold elsewhere?"."""

import numpy as np

from ._exercise import Exercise, Misconception
from ._review import review


def _risks(rng, n):
    """Truth and risks that foretell too few or too many."""
    y_prob = rng.uniform(0.03, 0.9, n).round(2)
    y_true = (rng.random(n) < y_prob ** rng.choice([0.5, 2.0])).astype(int)
    y_true[:2] = 0, 1
    return y_true, y_prob


def _observed_expected(y_true, y_prob):
    return float(np.sum(y_true) / np.sum(y_prob))


def _risk_cases(rng):
    first = (np.array([1, 1, 0, 1, 0]), np.array([0.7, 0.2, 0.3, 0.4, 0.1]))
    return [first, *(_risks(rng, n) for n in (8, 20, 45, 80))]


def _odds(p):
    return p / (1 - p)


def _share(odds):
    return odds / (1 + odds)


def _shifted_risk(y_prob, old, new):
    return _share(_odds(y_prob) * _odds(new) / _odds(old))


def _shift_cases(rng):
    """Prevalences of which one is high, so that odds and shares differ."""
    cases = [(np.array([0.1, 0.5, 0.9]), 0.5, 0.2), (np.array([0.02, 0.3]), 0.1, 0.4)]
    while len(cases) < 6:
        old, new = rng.uniform(0.05, 0.7, 2).round(2)
        if abs(old - new) > 0.15:
            cases.append((rng.uniform(0.05, 0.95, 5).round(2), float(old), float(new)))
    return cases


def _recalibrated(y_prob, intercept, slope):
    return _share(np.exp(intercept) * _odds(y_prob) ** slope)


def _mending_cases(rng):
    cases = [(np.array([0.1, 0.5, 0.8]), 0.7, 0.6), (np.array([0.3, 0.9, 0.95]), -1.2, 1.5)]
    for _ in range(4):
        a, b = rng.choice([-1, 1]) * rng.uniform(0.4, 1.5), rng.choice([0.5, 0.7, 1.4, 1.8])
        cases.append((rng.uniform(0.05, 0.95, 6).round(2), float(round(a, 2)), float(b)))
    return cases


def _two_shares(hit, among, group):
    """Share of hits and number of cases among those asked, in group 1 and in group 0."""
    asked = [hit[among & (group == g)] for g in (1, 0)]
    return [(np.mean(own), len(own)) for own in asked]


def _gap(hit, among, group):
    (p, n), (q, m) = _two_shares(hit, among, group)
    return float(p - q), float(np.sqrt(p * (1 - p) / n + q * (1 - q) / m))


def _sensitivity_gap(y_true, positive, group):
    return _gap(positive == 1, y_true == 1, group)


def _group_cases(rng):
    """Both groups have found and missed ill, of different numbers; the gap has either sign."""
    cases = []
    while len(cases) < 6:
        n, sign = int(rng.integers(30, 90)), (-1) ** len(cases)
        y_true, group = (rng.random(n) < 0.5).astype(int), (rng.random(n) < 0.35).astype(int)
        positive = (
            rng.random(n) < np.where(y_true, 0.65 - sign * 0.3 * (group - 0.5), 0.2)
        ).astype(int)
        (p, k), (q, m) = _two_shares(positive == 1, y_true == 1, group)
        if min(p, q, 1 - p, 1 - q) > 0.05 and k != m and sign * (q - p) > 0.05 and min(k, m) > 3:
            cases.append((y_true, positive, group))
    return cases


def _steps(p_values):
    """The p values in order, each times the number of those that are not smaller."""
    order = np.argsort(p_values)
    m = len(p_values)
    return order, p_values[order] * (m - np.arange(m))


def _in_place(order, values):
    back = np.empty(len(order))
    back[order] = values
    return back


def _holm_uncapped(p_values):
    order, stepped = _steps(p_values)
    return _in_place(order, np.maximum.accumulate(stepped))


def _holm(p_values):
    return np.minimum(_holm_uncapped(p_values), 1)


def _holm_without_order(p_values):
    return np.minimum(_in_place(*_steps(p_values)), 1)


def _p_cases(rng):
    """Twice a larger p value steps down below a smaller one; none of the values come in order."""
    cases = [(np.array([0.04, 0.01, 0.035, 0.2]),), (np.array([0.7, 0.02, 0.6]),)]
    while len(cases) < 6:
        p = (10 ** rng.uniform(-3.5, -0.1, int(rng.integers(3, 9)))).round(4)
        fair = len(set(p)) == len(p) and (np.diff(p) < 0).any()
        if fair and abs(_holm(p) - _holm_without_order(p)).max() > 1e-3:
            cases.append((p,))
    return cases


def _smallest(values, k):
    return float(np.sort(values)[min(k, len(values)) - 1])


def _nonconformity(y_true, y_prob):
    return np.where(y_true == 1, 1 - y_prob, y_prob)


def _conformal_threshold(y_true, y_prob, level):
    s = _nonconformity(y_true, y_prob)
    return _smallest(s, int(np.ceil((len(s) + 1) * level)))


def _conformal_cases(rng):
    """Distinct numbers; (n + 1) · level is not whole, and no shortcut gives the same place."""
    cases = []
    while len(cases) < 6:
        n, level = int(rng.integers(12, 60)), float(rng.choice([0.7, 0.75, 0.8, 0.85]))
        right = (n + 1) * level
        apart = abs(right - round(right)) > 0.02
        if apart and int(np.ceil(n * level)) != int(np.ceil(right)):
            y_prob = (rng.permutation(np.arange(3, 3 + 9 * n, 9)) / (10 * n + 3)).round(4)
            y_true = (rng.random(n) < 0.3 + 0.4 * y_prob).astype(int)
            q = _conformal_threshold(y_true, y_prob, level)
            if 1 < y_true.sum() < n - 1 and q < y_prob.max() - 0.01:
                cases.append((y_true, y_prob, level))
    return cases


def _kept(correct, confidence, referred):
    return correct[np.argsort(confidence)[referred:]]


def _error_of_kept(correct, confidence, referred):
    return float(1 - np.mean(_kept(correct, confidence, referred)))


def _triage_cases(rng):
    cases = []
    while len(cases) < 6:
        n = int(rng.integers(15, 60))
        confidence = rng.permutation(np.arange(1, n + 1)) / (n + 1)
        correct = (rng.random(n) < 0.35 + 0.6 * confidence).astype(int)
        referred = int(rng.integers(n // 5, n // 2))
        case = (correct, confidence.round(4), referred)
        found = {
            round(value, 4)
            for value in (
                _error_of_kept(*case),
                1 - np.mean(_kept(correct, -confidence, referred)),
                np.mean(correct == 0),
                _error_of_kept(*case) * (1 - referred / n),
            )
        }
        if len(found) == 4 and min(found) > 0:
            cases.append(case)
    return cases


def _rates(y_true, positive):
    return float(np.mean(positive[y_true == 1])), float(np.mean(positive[y_true == 0] == 0))


def _second_reader(y_true, machine, reader):
    return _rates(y_true, np.maximum(machine, reader))


def _as_if_independent(y_true, machine, reader):
    (a, b), (c, d) = _rates(y_true, machine), _rates(y_true, reader)
    return 1 - (1 - a) * (1 - c), b * d


def _reader_cases(rng):
    """Machine and reader share hard cases; neither finds all that the other finds."""
    cases = []
    while len(cases) < 6:
        n = int(rng.integers(30, 80))
        y_true = (rng.random(n) < 0.4).astype(int)
        hard = rng.normal(size=n)
        both = [
            (1.4 * y_true - 0.7 + 0.7 * hard + 0.8 * rng.normal(size=n) > 0).astype(int)
            for _ in range(2)
        ]
        case = (y_true, *both)
        teams = [_second_reader(*case), _rates(y_true, np.minimum(*both))]
        teams += [_as_if_independent(*case), *(_rates(y_true, own) for own in both)]
        if y_true.sum() > 5 and len({round(rate, 3) for team in teams for rate in team}) == 10:
            cases.append(case)
    return cases


def _cusum(values, target, slack):
    total, found = 0.0, []
    for value in values:
        total = max(total + value - target - slack, 0.0)
        found.append(total)
    return np.array(found)


def _drift_cases(rng):
    """The sum touches 0 and grows again."""
    cases = [(np.array([1.0, 0.0, 3.0, 2.0, 0.0]), 1.0, 0.25)]
    while len(cases) < 6:
        n = int(rng.integers(8, 25))
        values = rng.normal(0.2, 0.3, n) + 0.4 * (np.arange(n) > n // 2)
        case = (values.round(2), 0.2, float(rng.choice([0.05, 0.1, 0.15])))
        found = _cusum(*case)
        if (found[1:] == 0).any() and found.max() > 0.5:
            cases.append(case)
    return cases


_KINDS = ("spectrum", "verification", "subgroup", "calibration", "looks", "screening")

EXERCISES = (
    Exercise(
        id="elsewhere.observed_expected",
        title="Observed over expected",
        reference=_observed_expected,
        cases=_risk_cases,
        misconceptions=(
            Misconception(
                "expected_observed",
                lambda y_true, y_prob: float(np.sum(y_prob) / np.sum(y_true)),
                "This is the expected over the observed: the other way round.",
            ),
            Misconception(
                "difference",
                lambda y_true, y_prob: float(np.mean(y_true) - np.mean(y_prob)),
                "This is the observed share minus the expected one. Divide instead.",
            ),
            Misconception(
                "decided",
                lambda y_true, y_prob: float(np.sum(y_true) / max(np.sum(y_prob >= 0.5), 1)),
                "This divides by how many risks are one half or more. A risk of 0.3 is three "
                "tenths of an ill patient: add up the risks.",
            ),
        ),
    ),
    Exercise(
        id="elsewhere.shifted_risk",
        title="The same patient where disease is rarer",
        reference=_shifted_risk,
        cases=_shift_cases,
        misconceptions=(
            Misconception(
                "share_scaled",
                lambda y_prob, old, new: y_prob * new / old,
                "This is the risk times new/old, which can exceed 1. Bayes' rule multiplies odds.",
            ),
            Misconception(
                "ratio_of_shares",
                lambda y_prob, old, new: _share(_odds(y_prob) * new / old),
                "This is the risk whose odds are new/old times the old ones. The factor is a "
                "ratio of odds, too: new/(1 - new) over old/(1 - old).",
            ),
            Misconception(
                "backwards",
                lambda y_prob, old, new: _shifted_risk(y_prob, new, old),
                "This is the risk for the way back, from the new place to the old.",
            ),
            Misconception(
                "odds",
                lambda y_prob, old, new: _odds(_shifted_risk(y_prob, old, new)),
                "These are the odds. The risk is odds/(1 + odds).",
            ),
        ),
    ),
    Exercise(
        id="elsewhere.recalibrated",
        title="Mend the risks",
        reference=_recalibrated,
        cases=_mending_cases,
        misconceptions=(
            Misconception(
                "on_shares",
                lambda y_prob, intercept, slope: intercept + slope * y_prob,
                "This is a straight line in the risk. The line is in the log odds of it.",
            ),
            Misconception(
                "log_odds",
                lambda y_prob, intercept, slope: intercept + slope * np.log(_odds(y_prob)),
                "These are the mended log odds. Turn them back into a risk.",
            ),
            Misconception(
                "moved_first",
                lambda y_prob, intercept, slope: _recalibrated(y_prob, slope * intercept, slope),
                "This is the value if the intercept is stretched, too. Stretch the log odds by the "
                "slope, then add the intercept.",
            ),
            Misconception(
                "intercept_alone",
                lambda y_prob, intercept, slope: _recalibrated(y_prob, intercept, 1),
                "This is moved by the intercept, and not stretched by the slope.",
            ),
        ),
    ),
    Exercise(
        id="elsewhere.sensitivity_gap",
        title="The gap between two groups",
        reference=_sensitivity_gap,
        cases=_group_cases,
        misconceptions=(
            Misconception(
                "other_way_round",
                lambda y_true, positive, group: _sensitivity_gap(y_true, positive, 1 - group),
                "This is group 0 minus group 1.",
            ),
            Misconception(
                "positive_share",
                lambda y_true, positive, group: _gap(positive == 1, y_true >= 0, group),
                "This compares how many are called positive. Sensitivity asks the ill alone.",
            ),
            Misconception(
                "ppv",
                lambda y_true, positive, group: _gap(y_true == 1, positive == 1, group),
                "This is the gap in PPV: it starts from the positive results. Start from the ill.",
            ),
            Misconception(
                "variance",
                lambda y_true, positive, group: (
                    _sensitivity_gap(y_true, positive, group)[0],
                    _sensitivity_gap(y_true, positive, group)[1] ** 2,
                ),
                "The difference is right. Beside it stands its variance, of which the standard "
                "error is the root.",
            ),
            Misconception(
                "errors_added",
                lambda y_true, positive, group: (
                    _sensitivity_gap(y_true, positive, group)[0],
                    sum(
                        float(np.sqrt(p * (1 - p) / n))
                        for p, n in _two_shares(positive == 1, y_true == 1, group)
                    ),
                ),
                "The difference is right. Its standard error here is the sum of both; variances "
                "add up, standard errors do not.",
            ),
        ),
    ),
    Exercise(
        id="elsewhere.holm",
        title="Several comparisons",
        reference=_holm,
        cases=_p_cases,
        misconceptions=(
            Misconception(
                "bonferroni",
                lambda p_values: np.minimum(len(p_values) * p_values, 1),
                "These are all multiplied by the number of comparisons, as Bonferroni does. Holm "
                "multiplies the smallest by m, the next by m - 1, and so on.",
            ),
            Misconception(
                "not_monotone",
                _holm_without_order,
                "The factors are right, but here a larger p value ends below a smaller one. It "
                "never does: take the largest so far.",
            ),
            Misconception(
                "sorted",
                lambda p_values: np.sort(_holm(p_values)),
                "The values are right, in the order of their size. Give them back in the order in "
                "which they came.",
            ),
            Misconception(
                "uncapped",
                _holm_uncapped,
                "A p value above 1 is none: stop at 1.",
            ),
        ),
    ),
    Exercise(
        id="elsewhere.conformal_threshold",
        title="How unlikely may a diagnosis be?",
        reference=_conformal_threshold,
        cases=_conformal_cases,
        misconceptions=(
            Misconception(
                "without_the_new_case",
                lambda y_true, y_prob, level: _smallest(
                    _nonconformity(y_true, y_prob), int(np.ceil(len(y_true) * level))
                ),
                "This is the place ⌈n · level⌉. The new patient takes a place in the row, too: "
                "⌈(n + 1) · level⌉.",
            ),
            Misconception(
                "likely_class",
                lambda y_true, y_prob, level: _smallest(
                    np.minimum(y_prob, 1 - y_prob), int(np.ceil((len(y_true) + 1) * level))
                ),
                "This is the quantile for the more likely class. It is the true class that shall "
                "be in the set.",
            ),
            Misconception(
                "probability",
                lambda y_true, y_prob, level: _smallest(
                    1 - _nonconformity(y_true, y_prob), int(np.ceil((len(y_true) + 1) * level))
                ),
                "This is the quantile of the probability of the true class. What is strange has a "
                "small one: take 1 minus it.",
            ),
        ),
    ),
    Exercise(
        id="elsewhere.error_of_kept",
        title="Refer the least sure",
        reference=_error_of_kept,
        cases=_triage_cases,
        misconceptions=(
            Misconception(
                "surest_referred",
                lambda correct, confidence, referred: float(
                    1 - np.mean(_kept(correct, -confidence, referred))
                ),
                "This is the error if the surest cases are referred. Refer the least sure.",
            ),
            Misconception(
                "share_of_all",
                lambda correct, confidence, referred: float(
                    np.sum(_kept(correct, confidence, referred) == 0) / len(correct)
                ),
                "These errors are a share of all cases. The machine answers for those it keeps.",
            ),
            Misconception(
                "accuracy",
                lambda correct, confidence, referred: float(
                    np.mean(_kept(correct, confidence, referred))
                ),
                "This is the share that is right among the kept. Asked is the error.",
            ),
        ),
    ),
    Exercise(
        id="elsewhere.second_reader",
        title="The machine as second reader",
        reference=_second_reader,
        cases=_reader_cases,
        misconceptions=(
            Misconception(
                "both_must_agree",
                lambda y_true, machine, reader: _rates(y_true, np.minimum(machine, reader)),
                "This recalls whom both call positive. Here one of the two is enough.",
            ),
            Misconception(
                "independent",
                _as_if_independent,
                "That would be so if machine and reader erred independently. They miss the same "
                "hard cases: count patient by patient.",
            ),
            Misconception(
                "false_alarms",
                lambda y_true, machine, reader: (
                    _second_reader(y_true, machine, reader)[0],
                    1 - _second_reader(y_true, machine, reader)[1],
                ),
                "The sensitivity is right. Beside it stands the share of the healthy who are "
                "recalled; the specificity is 1 minus it.",
            ),
            Misconception(
                "machine_alone",
                lambda y_true, machine, reader: _rates(y_true, machine),
                "These are the rates of the machine alone.",
            ),
        ),
    ),
    Exercise(
        id="elsewhere.cusum",
        title="A chart that adds up",
        reference=_cusum,
        cases=_drift_cases,
        misconceptions=(
            Misconception(
                "no_floor",
                lambda values, target, slack: np.cumsum(values - target - slack),
                "This sum goes below 0. Good months would be saved up and hide the bad ones: "
                "start again at 0.",
            ),
            Misconception(
                "floored_at_the_end",
                lambda values, target, slack: np.maximum(np.cumsum(values - target - slack), 0),
                "This is the whole sum with its negative values set to 0 afterwards. The chart "
                "starts again from 0 each time, and forgets how far below the sum had been.",
            ),
            Misconception(
                "no_slack",
                lambda values, target, slack: _cusum(values, target, 0.0),
                "This is the sum without the slack, so that chance alone drives it up.",
            ),
            Misconception(
                "no_memory",
                lambda values, target, slack: np.maximum(values - target - slack, 0),
                "This looks at each value by itself. The chart adds to what was there before.",
            ),
        ),
    ),
    review(
        id="elsewhere.my_review",
        title="Three studies of your own",
        kinds=_KINDS,
        told=4,
        example=1895,
    ),
)
