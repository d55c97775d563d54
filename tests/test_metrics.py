"""`course_lib.metrics` against the lecture's numbers, other libraries and brute force."""

import itertools
import math
import re
import subprocess
import sys
import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats
from sklearn import metrics as sk
from statsmodels.stats import contingency_tables
from statsmodels.stats.contingency_tables import Table2x2
from statsmodels.stats.proportion import proportion_confint, samplesize_confint_proportion

from course_lib.intervals import clopper_pearson_interval, wilson_interval
from course_lib.metrics import (
    NAMES,
    PROPORTIONS,
    ConfusionMatrix,
    MulticlassMatrix,
    UndefinedRateWarning,
    indeterminate_bounds,
    mcnemar,
    patients_needed,
    predictive_values,
)

# The same examples in every run, and no limit on the time of one.
RATIOS = ("positive_likelihood_ratio", "negative_likelihood_ratio", "diagnostic_odds_ratio")
RATES = (*PROPORTIONS, *RATIOS, "f1", "balanced_accuracy", "mcc")
LECTURE = ConfusionMatrix(tp=2, fn=1, fp=2, tn=5)

labels = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)
counts = st.integers(0, 200)
positive_counts = st.integers(1, 500)


def bits(letters):
    return [int(letter in "D+") for letter in letters.split()]


def silently(function):
    """The value, and how many times it was said to be undefined."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value = function()
    assert all(w.category is UndefinedRateWarning for w in caught)
    return value, len(caught)


# The lecture ------------------------------------------------------------------------------------


def test_lecture_two_models_with_the_same_accuracy():
    truth = bits("N N N N N D N D N N")
    rubber_stamp = ConfusionMatrix.from_labels(truth, bits("- - - - - - - - - -"))
    useful = ConfusionMatrix.from_labels(truth, bits("- + - - - + + + - -"))
    assert rubber_stamp.accuracy == useful.accuracy == 0.8
    assert (rubber_stamp.sensitivity, useful.sensitivity) == (0, 1)


def test_lecture_sensitivity_specificity_and_accuracy_as_their_mixture():
    matrix = ConfusionMatrix.from_labels(bits("N N D N N D N D N N"), bits("- - + - - - - + + -"))
    assert matrix.sensitivity == pytest.approx(2 / 3)
    assert matrix.specificity == pytest.approx(6 / 7)
    assert matrix.prevalence == 0.3
    assert matrix.accuracy == 0.8
    mixture = matrix.sensitivity * matrix.prevalence + matrix.specificity * (1 - matrix.prevalence)
    assert mixture == pytest.approx(0.8)


def test_lecture_predictive_values_and_table():
    matrix = ConfusionMatrix.from_labels(bits("N D N N N D N D N N"), bits("- + + - - - - + + -"))
    assert matrix == LECTURE
    assert matrix.ppv == 0.5
    assert matrix.npv == pytest.approx(5 / 6)


def test_bilingual_names():
    assert set(NAMES) == set(PROPORTIONS)
    for name, chinese in (("prevalence", "盛行率"), ("sensitivity", "靈敏度")):
        assert f"({chinese})" in NAMES[name]
    assert "(特異度)" in NAMES["specificity"]


# Counts and rates -------------------------------------------------------------------------------


@given(labels)
def test_counts_and_proportions_are_what_counting_patients_gives(pairs):
    y_true, y_pred = (list(column) for column in zip(*pairs, strict=True))
    matrix = ConfusionMatrix.from_labels(y_true, y_pred)
    assert (matrix.tp, matrix.fn, matrix.fp, matrix.tn) == tuple(
        pairs.count(kind) for kind in ((True, True), (True, False), (False, True), (False, False))
    )
    share = {
        "prevalence": (pairs, lambda truth, output: truth),
        "accuracy": (pairs, lambda truth, output: truth == output),
        "sensitivity": ([p for p in pairs if p[0]], lambda truth, output: output),
        "specificity": ([p for p in pairs if not p[0]], lambda truth, output: not output),
        "ppv": ([p for p in pairs if p[1]], lambda truth, output: truth),
        "npv": ([p for p in pairs if not p[1]], lambda truth, output: not truth),
    }
    assert set(share) == set(PROPORTIONS)
    for name, (among, holds) in share.items():
        value, warned = silently(lambda name=name: getattr(matrix, name))
        if among:
            assert value == sum(holds(*pair) for pair in among) / len(among)
            assert warned == 0
        else:
            assert math.isnan(value)
            assert warned == 1


@pytest.mark.slow
@given(labels)
def test_rates_agree_with_scikit_learn(pairs):
    y_true, y_pred = np.array(pairs, int).T
    matrix = ConfusionMatrix.from_labels(y_true, y_pred)
    tn, fp, fn, tp = sk.confusion_matrix(y_true, y_pred, labels=[0, 1]).ravel()
    assert (matrix.tp, matrix.fn, matrix.fp, matrix.tn) == (tp, fn, fp, tn)
    peers = {
        "accuracy": sk.accuracy_score(y_true, y_pred),
        "sensitivity": sk.recall_score(y_true, y_pred, zero_division=np.nan),
        "specificity": sk.recall_score(y_true, y_pred, pos_label=0, zero_division=np.nan),
        "ppv": sk.precision_score(y_true, y_pred, zero_division=np.nan),
        "npv": sk.precision_score(y_true, y_pred, pos_label=0, zero_division=np.nan),
        "f1": sk.f1_score(y_true, y_pred, zero_division=np.nan),
    }
    both_classes, both_outputs = len(set(y_true)) == 2, len(set(y_pred)) == 2
    if both_classes:
        peers["balanced_accuracy"] = sk.balanced_accuracy_score(y_true, y_pred)
        if tp and fp and tn:
            peers["positive_likelihood_ratio"], peers["negative_likelihood_ratio"] = (
                sk.class_likelihood_ratios(y_true, y_pred)
            )
    if both_classes and both_outputs:
        # scikit-learn says 0 where the correlation does not exist.
        peers["mcc"] = sk.matthews_corrcoef(y_true, y_pred)
    for name, expected in peers.items():
        assert silently(lambda name=name: getattr(matrix, name))[0] == pytest.approx(
            expected, abs=1e-12, nan_ok=True
        ), name


@given(counts, counts, counts, counts)
def test_composites_and_ratios_from_exact_fractions(tp, fn, fp, tn):
    if tp + fn + fp + tn == 0:
        return
    matrix = ConfusionMatrix(tp, fn, fp, tn)

    def over(a, b):
        return None if a is None or b in (0, None) else Fraction(a) / b

    def ratio(a, b):
        return math.inf if a and b == 0 else over(a, b)

    se, sp, ppv = over(tp, tp + fn), over(tn, fp + tn), over(tp, tp + fp)
    miss, false_alarm = over(fn, tp + fn), over(fp, fp + tn)
    expected = {
        "balanced_accuracy": None if None in (se, sp) else (se + sp) / 2,
        "positive_likelihood_ratio": ratio(se, false_alarm),
        "negative_likelihood_ratio": ratio(miss, sp),
        "diagnostic_odds_ratio": None if None in (se, sp) else ratio(tp * tn, fp * fn),
        # The harmonic mean of PPV and sensitivity; 0 where both are 0 and there is an error.
        "f1": over(2 * se * ppv, se + ppv) if se and ppv else (0 if fn + fp else None),
    }
    for name, fraction in expected.items():
        value, warned = silently(lambda name=name: getattr(matrix, name))
        assert warned == (fraction is None), name
        assert value == pytest.approx(
            math.nan if fraction is None else float(fraction), rel=1e-12, nan_ok=True
        ), name


@given(counts, counts, counts, counts)
def test_mcc_is_the_correlation_of_truth_and_output(tp, fn, fp, tn):
    if tp + fn + fp + tn == 0:
        return
    value, warned = silently(lambda: ConfusionMatrix(tp, fn, fp, tn).mcc)
    truth, output = np.repeat([[1, 1, 0, 0], [1, 0, 1, 0]], [tp, fn, fp, tn], axis=1)
    if truth.std() == 0 or output.std() == 0:
        assert math.isnan(value)
        assert warned == 1
    else:
        assert value == pytest.approx(np.corrcoef(truth, output)[0, 1], abs=1e-9)
        assert warned == 0
        assert -1 <= value <= 1


def test_published_mcc():
    # Chicco & Jurman 2020, BMC Genomics 21:6, use case A1: F1 0.95, MCC -0.03.
    matrix = ConfusionMatrix(tp=90, fn=1, fp=9, tn=0)
    assert round(matrix.f1, 2) == 0.95
    assert round(matrix.mcc, 2) == -0.03


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint8, np.int64, np.float32, float])
def test_any_type_of_zeros_and_ones(dtype):
    y_true, y_pred = np.array([1, 1, 1, 0, 0], dtype), np.array([1, 1, 0, 1, 0], dtype)
    assert ConfusionMatrix.from_labels(y_true, y_pred) == ConfusionMatrix(2, 1, 1, 1)


def test_labels_are_left_as_they_were():
    y_true, y_pred = np.array([1, 0, 1]), np.array([1.0, 1.0, 0.0])
    ConfusionMatrix.from_labels(y_true, y_pred)
    assert y_true.tolist() == [1, 0, 1]
    assert y_pred.tolist() == [1, 1, 0]


def test_ten_million_labels():
    counted = {"tp": 1_234_567, "fn": 765_433, "fp": 3_000_001, "tn": 4_999_999}
    y_true = np.repeat([1, 1, 0, 0], list(counted.values()))
    y_pred = np.repeat([1, 0, 1, 0], list(counted.values())).astype(np.uint8)
    assert len(y_true) == 10**7
    assert ConfusionMatrix.from_labels(y_true, y_pred) == ConfusionMatrix(**counted)


@pytest.mark.parametrize("scale", [10**9, 10**12, 10**20])
def test_huge_counts_do_not_overflow(scale):
    huge = ConfusionMatrix(*(scale * count for count in (2, 1, 2, 5)))
    for name in RATES:
        assert getattr(huge, name) == pytest.approx(getattr(LECTURE, name), rel=1e-12), name
    numpy_counts = ConfusionMatrix(*np.array([2, 1, 2, 5]) * 10**9)
    assert numpy_counts.mcc == pytest.approx(LECTURE.mcc)
    perfect = ConfusionMatrix(tp=3 * scale + 1, fn=0, fp=0, tn=7 * scale + 3)
    assert perfect.mcc == pytest.approx(1)
    assert perfect.diagnostic_odds_ratio == np.inf


def test_huge_counts_give_narrow_intervals():
    huge = ConfusionMatrix(*(10**9 * count for count in (2, 1, 2, 5)))
    for name in RATES:
        low, high = huge.interval(name)
        value = getattr(huge, name)
        assert low < value < high, name
        assert high - low < 1e-3 * value, name


# Intervals --------------------------------------------------------------------------------------

# Newcombe 1998, Stat Med 17:857, Table I: methods 3 (Wilson) and 5 (Clopper-Pearson).
NEWCOMBE = [
    (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
    (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
    (0, 20, (0.0000, 0.1611), (0.0000, 0.1684)),
    (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
]


@pytest.mark.parametrize(("successes", "trials", "wilson", "exact"), NEWCOMBE)
def test_published_intervals_of_a_proportion(successes, trials, wilson, exact):
    assert wilson_interval(successes, trials) == pytest.approx(wilson, abs=5.1e-5)
    assert clopper_pearson_interval(successes, trials) == pytest.approx(exact, abs=5.1e-5)


@given(st.integers(1, 10**6), st.floats(0, 1), st.floats(0.5, 0.999))
def test_intervals_of_a_proportion_agree_with_statsmodels(trials, share, level):
    successes = round(share * trials)
    for interval, method in ((wilson_interval, "wilson"), (clopper_pearson_interval, "beta")):
        ours = interval(successes, trials, level)
        peer = proportion_confint(successes, trials, 1 - level, method)
        assert ours == pytest.approx(peer, rel=1e-9, abs=1e-12)
        assert 0 <= ours[0] <= successes / trials <= ours[1] <= 1


@pytest.mark.parametrize(("method", "peer"), [("wilson", "wilson"), ("clopper-pearson", "beta")])
def test_interval_of_each_proportion_uses_its_own_counts(method, peer):
    denominators = {"sensitivity": (2, 3), "specificity": (5, 7), "ppv": (2, 4), "npv": (5, 6)}
    denominators |= {"prevalence": (3, 10), "accuracy": (7, 10)}
    for name, (successes, trials) in denominators.items():
        assert LECTURE.counts(name) == (successes, trials)
        assert LECTURE.interval(name, 0.9, method) == pytest.approx(
            proportion_confint(successes, trials, 0.1, peer)
        )


def test_wilson_is_the_default_and_higher_levels_are_wider():
    assert LECTURE.interval("sensitivity") == wilson_interval(2, 3)
    widths = [np.ptp(LECTURE.interval("sensitivity", level)) for level in (0.5, 0.9, 0.99)]
    assert widths == sorted(widths)


def test_published_odds_ratio_interval():
    # Bland & Altman 2000, BMJ 320:1468: hay fever in children with and without eczema.
    matrix = ConfusionMatrix(tp=141, fn=420, fp=928, tn=13525)
    low, high = matrix.interval("diagnostic_odds_ratio", method="log")
    assert round(matrix.diagnostic_odds_ratio, 2) == 4.89
    assert (round(low, 2), round(high, 2)) == (4.00, 5.99)


@given(positive_counts, positive_counts, positive_counts, positive_counts, st.floats(0.5, 0.99))
def test_log_intervals_agree_with_statsmodels(tp, fn, fp, tn, level):
    # LR+ is the "relative risk" of a positive result, diseased against normal; LR- of a negative.
    matrix = ConfusionMatrix(tp, fn, fp, tn)
    positive, negative = Table2x2([[tp, fn], [fp, tn]]), Table2x2([[fn, tp], [tn, fp]])
    peers = {
        "positive_likelihood_ratio": (positive.riskratio, positive.riskratio_confint(1 - level)),
        "negative_likelihood_ratio": (negative.riskratio, negative.riskratio_confint(1 - level)),
        "diagnostic_odds_ratio": (positive.oddsratio, positive.oddsratio_confint(1 - level)),
    }
    for name, (value, interval) in peers.items():
        assert getattr(matrix, name) == pytest.approx(value)
        assert matrix.interval(name, level, "log") == pytest.approx(interval)


@given(counts, counts, counts, counts)
def test_f1_is_a_function_of_a_proportion(tp, fn, fp, tn):
    """F1 = 2J / (1 + J) with J = TP / (TP + FN + FP), whose Wilson interval is statsmodels'."""
    if tp + fn + fp == 0:
        return
    j = proportion_confint(tp, tp + fn + fp, 0.1, "wilson")
    expected = [2 * end / (1 + end) for end in j]
    assert ConfusionMatrix(tp, fn, fp, tn).interval("f1", 0.9) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", ["f1", "balanced_accuracy", "mcc"])
@pytest.mark.parametrize("shares", [(0.2, 0.1, 0.15, 0.55), (0.3, 0.005, 0.005, 0.69)])
@pytest.mark.slow
def test_intervals_of_composites_cover_the_true_value(name, shares):
    truth = getattr(ConfusionMatrix(*(round(1000 * share) for share in shares)), name)
    studies = np.random.default_rng(0).multinomial(40, shares, size=150)
    covered = 0
    for study in studies:
        low, high = ConfusionMatrix(*study).interval(name)
        covered += low <= truth <= high
    # Three standard errors of 150 studies below 0.95.
    assert covered / len(studies) > 0.9


# Predictive values ------------------------------------------------------------------------------


@given(positive_counts, counts, positive_counts, counts)
def test_bayes_gives_what_counting_the_population_gives(tp, fn, tn, fp):
    people = tp + fn + tn + fp
    ppv, npv = predictive_values(tp / (tp + fn), tn / (tn + fp), (tp + fn) / people)
    assert ppv == pytest.approx(tp / (tp + fp))
    assert npv == pytest.approx(tn / (tn + fn))
    assert isinstance(ppv, float)


def test_predictive_values_broadcast():
    se, sp, p = np.array([0.6, 0.9])[:, None, None], np.array([0.7, 0.99])[:, None], [0.1, 0.2, 0.3]
    ppv, npv = predictive_values(se, sp, p)
    assert ppv.shape == npv.shape == (2, 2, 3)
    for i, j, k in itertools.product(range(2), range(2), range(3)):
        one = predictive_values(se[i, 0, 0], sp[j, 0], p[k])
        assert (ppv[i, j, k], npv[i, j, k]) == one


def test_predictive_values_without_a_result_of_that_sign():
    (ppv, npv), warned = silently(lambda: predictive_values(0.0, 1.0, 0.3))
    assert math.isnan(ppv)
    assert npv == pytest.approx(0.7)
    assert warned == 1
    (ppv, npv), warned = silently(lambda: predictive_values(1.0, [0.0, 0.0, 0.5], 0.3))
    assert np.isnan(npv).tolist() == [True, True, False]
    assert ppv == pytest.approx([0.3, 0.3, 0.3 / 0.65])
    assert warned == 1


@pytest.mark.parametrize("prevalence", [5e-324, 1e-300, 1 - 2**-53])
def test_extreme_prevalence(prevalence):
    found = ConfusionMatrix(90, 10, 5, 95).predictive_values_at(prevalence)
    assert 0 <= found.ppv_interval[0] <= found.ppv_interval[1] <= 1
    assert 0 <= found.npv_interval[0] <= found.npv_interval[1] <= 1


# Undefined rates --------------------------------------------------------------------------------

ALL_SMALL_TABLES = [cells for cells in itertools.product((0, 1, 3), repeat=4) if sum(cells)]


@pytest.mark.parametrize("name", RATES)
def test_an_undefined_rate_is_nan_with_one_warning_and_so_is_its_interval(name):
    undefined = 0
    for cells in ALL_SMALL_TABLES:
        matrix = ConfusionMatrix(*cells)
        value, warned = silently(lambda matrix=matrix: getattr(matrix, name))
        interval, warned_too = silently(lambda matrix=matrix: matrix.interval(name))
        assert warned == math.isnan(value)
        undefined += warned
        if math.isnan(value):
            assert np.isnan(interval).all()
            assert warned_too == 1
        else:
            assert interval[0] <= value <= interval[1], cells
            assert interval[0] < interval[1], cells
            assert warned_too == 0
    assert undefined or name in ("prevalence", "accuracy")


def test_predictive_values_elsewhere_without_one_class():
    for cells in ((0, 0, 2, 5), (3, 1, 0, 0)):
        found, warned = silently(
            lambda cells=cells: ConfusionMatrix(*cells).predictive_values_at(0.1)
        )
        assert np.isnan(np.hstack(found)).all()
        assert warned == 1
    found, warned = silently(lambda: ConfusionMatrix(0, 3, 0, 5).predictive_values_at(0.1))
    assert np.isnan(found.ppv)
    assert np.isnan(found.ppv_interval).all()
    assert found.npv == pytest.approx(0.9)
    assert found.npv_interval[0] < 0.9 < found.npv_interval[1]
    assert warned == 1


def test_intervals_without_trials():
    for interval in (wilson_interval, clopper_pearson_interval):
        value, warned = silently(lambda interval=interval: interval(0, 0))
        assert np.isnan(value).all()
        assert warned == 1


UNDEFINED = {
    **{
        name: lambda name=name: getattr(ConfusionMatrix(0, 0, 0, 4), name) for name in ("f1", "mcc")
    },
    "sensitivity": lambda: ConfusionMatrix(0, 0, 1, 4).sensitivity,
    "balanced_accuracy": lambda: ConfusionMatrix(0, 0, 1, 4).balanced_accuracy,
    "positive_likelihood_ratio": lambda: ConfusionMatrix(0, 1, 0, 4).positive_likelihood_ratio,
    "interval": lambda: ConfusionMatrix(0, 0, 1, 4).interval("sensitivity"),
    "f1 interval": lambda: ConfusionMatrix(0, 0, 0, 4).interval("f1"),
    "log": lambda: ConfusionMatrix(0, 3, 1, 4).interval("positive_likelihood_ratio", 0.9, "log"),
    "predictive_values": lambda: predictive_values(0, 1, 0.2),
    "predictive_values_at": lambda: ConfusionMatrix(0, 0, 1, 4).predictive_values_at(0.2),
    "wilson_interval": lambda: wilson_interval(0, 0),
}


@pytest.mark.parametrize("function", UNDEFINED.values(), ids=UNDEFINED)
def test_the_warning_points_at_the_line_that_asked(function):
    with pytest.warns(UndefinedRateWarning, match="undefined") as caught:
        function()
    assert [w.filename for w in caught] == [__file__]
    assert caught[0].lineno == function.__code__.co_firstlineno


def test_the_warning_names_the_rate_and_its_denominator():
    with pytest.warns(UndefinedRateWarning, match=r"^sensitivity .*TP \+ FN, is 0\.$"):
        _ = ConfusionMatrix(0, 0, 1, 4).sensitivity


def test_the_summary_shows_an_undefined_rate_without_warning():
    summary = ConfusionMatrix(0, 0, 2, 5).summary().splitlines()
    assert summary[3] == "sensitivity    nan  [nan, nan]  0/0"
    assert LECTURE.summary().splitlines()[3] == "sensitivity   0.67  [0.21, 0.94]  2/3"


def test_html_table_has_predictions_in_rows():
    html = ConfusionMatrix(11, 22, 33, 44)._repr_html_()
    places = [html.index(f">{n}</td>") for n in (11, 33, 22, 44)]
    assert places == sorted(places)


# Bad input --------------------------------------------------------------------------------------

BAD_LABELS = {
    "NaN": [0, 1, np.nan],
    "infinite": [0, 1, np.inf],
    "empty": [],
    "three classes": [0, 1, 2],
    "minus one": [-1, 1, 1],
    "probabilities": [0.2, 0.9, 1],
    "strings": ["yes", "no", "no"],
    "digits as text": ["0", "1", "1"],
    "a table": [[0, 1, 1]],
    "None": None,
    "one number": 1,
    "text": "011",
    "ragged": [[0], [0, 1], 1],
    "holes": [0, None, 1],
    "complex": [0j, 1, 1],
    "dictionary": {0: 1},
}


@pytest.mark.parametrize("bad", BAD_LABELS.values(), ids=BAD_LABELS)
def test_bad_labels_are_named(bad):
    with pytest.raises(ValueError, match=r"^y_true must .*\.$"):
        ConfusionMatrix.from_labels(bad, [0, 1, 1])
    with pytest.raises(ValueError, match=r"^y_pred must .*\.$"):
        ConfusionMatrix.from_labels([0, 1, 1], bad)


def test_labels_of_different_lengths():
    with pytest.raises(ValueError, match="y_true has 3 and y_pred has 2"):
        ConfusionMatrix.from_labels([0, 1, 1], [0, 1])


BAD_COUNTS = [-1, 1.0, 2.5, np.nan, np.inf, None, "3", True, [1], np.array([1, 2])]


@pytest.mark.parametrize("bad", BAD_COUNTS, ids=map(repr, BAD_COUNTS))
@pytest.mark.parametrize("name", ["tp", "fn", "fp", "tn"])
def test_bad_counts_are_named(name, bad):
    with pytest.raises(ValueError, match=rf"^{name} must "):
        ConfusionMatrix(**{"tp": 1, "fn": 1, "fp": 1, "tn": 1, name: bad})


def test_an_empty_table():
    with pytest.raises(ValueError, match="at least one case"):
        ConfusionMatrix(0, 0, 0, 0)


@pytest.mark.parametrize("bad", [-0.1, 1.1, np.nan, None, "0.5", [0.2, np.nan], {}, 0.5 + 0j])
@pytest.mark.parametrize("name", ["sensitivity", "specificity", "prevalence"])
def test_bad_probabilities_are_named(name, bad):
    given_rates = {"sensitivity": 0.9, "specificity": 0.9, "prevalence": 0.1, name: bad}
    with pytest.raises(ValueError, match=rf"^{name} must "):
        predictive_values(**given_rates)


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"sensitivity has \(2,\) and specificity has \(3,\)"):
        predictive_values([0.5, 0.6], [0.7, 0.8, 0.9], 0.1)


@pytest.mark.parametrize("bad", [0, 1, -1, 95, np.nan, None, "0.95", [0.9, 0.95]])
def test_bad_levels_are_named(bad):
    for call in (
        lambda: LECTURE.interval("ppv", bad),
        lambda: LECTURE.predictive_values_at(0.1, bad),
        lambda: LECTURE.summary(bad),
        lambda: wilson_interval(2, 3, bad),
        lambda: clopper_pearson_interval(2, 3, bad),
    ):
        with pytest.raises(ValueError, match=r"^level must "):
            call()


@pytest.mark.parametrize("bad", [0, 1, [0.1, 0.2], np.nan, "0.1", None])
def test_bad_prevalence_elsewhere(bad):
    with pytest.raises(ValueError, match=r"^prevalence must "):
        LECTURE.predictive_values_at(bad)


def test_bad_arguments_of_intervals():
    with pytest.raises(ValueError, match=r"^name must be one of prevalence, .*got 'recall'"):
        LECTURE.interval("recall")
    with pytest.raises(ValueError, match=r"^name must be one of"):
        LECTURE.counts("f1")
    with pytest.raises(ValueError, match=r"^method for f1 must be one of wilson, got 'log'"):
        LECTURE.interval("f1", method="log")
    with pytest.raises(ValueError, match=r"^method for ppv must be one of"):
        LECTURE.interval("ppv", method="log")
    with pytest.raises(ValueError, match=r"^successes must not exceed trials, got 4 of 3"):
        wilson_interval(4, 3)
    with pytest.raises(ValueError, match=r"^trials must not be negative"):
        clopper_pearson_interval(0, -3)


@given(
    st.one_of(
        st.none(),
        st.text(max_size=5),
        st.lists(st.one_of(st.floats(), st.integers(), st.text(max_size=2), st.none())),
        st.dictionaries(st.integers(), st.integers(), max_size=2),
    )
)
def test_whatever_comes_is_counted_or_named(anything):
    if isinstance(anything, list) and len(anything) == 2 and set(anything) <= {0, 1}:
        assert ConfusionMatrix.from_labels(anything, [0, 1]).n == 2
    else:
        with pytest.raises(ValueError, match="y_true"):
            ConfusionMatrix.from_labels(anything, [0, 1])


@pytest.mark.slow
def test_importing_the_numpy_modules_does_not_import_torch():
    modules = ["metrics", "datasets", "figures", "exercises", "exercises.metrics", "widgets"]
    code = "".join(f"import course_lib.{module}\n" for module in modules)
    code += "import sys\nprint(sorted(m for m in sys.modules if m.split('.')[0] == 'torch'))"
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert shown.strip() == "[]"


# How many patients --------------------------------------------------------------------------------


@pytest.mark.slow
@given(st.floats(0, 1), st.floats(0.01, 0.3))
def test_no_smaller_study_would_do(expected, half_width):
    n, z = patients_needed(expected, half_width), stats.norm.ppf(0.975)

    def half(n):
        return z / (n + z**2) * np.sqrt(n * expected * (1 - expected) + z**2 / 4)

    assert half(n) <= half_width + 1e-9
    assert n == 1 or half(n - 1) > half_width - 1e-9


def test_patients_needed_beside_statsmodels_and_the_prevalence():
    """Buderer's formula gives 139 diseased for 0.9 ± 0.05, and 692 patients at 20 %."""
    buderer = samplesize_confint_proportion(0.9, 0.05)
    assert patients_needed(0.9, 0.05) == pytest.approx(buderer, rel=0.03)
    assert patients_needed(0.9, 0.05, share=0.2) == 5 * patients_needed(0.9, 0.05)
    assert patients_needed(1, 0.05) == 35  # where Buderer needs nobody
    assert patients_needed(0.9, 0.05, level=0.99) > patients_needed(0.9, 0.05)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((1.2, 0.05), "expected"),
        (([0.5], 0.05), "expected"),
        ((0.9, 0), "half_width"),
        ((0.9, 0.5), "half_width"),
        ((0.9, 0.05, 0), "share"),
        ((0.9, 0.05, 0.2, 1), "level"),
    ],
)
def test_patients_needed_refuses(arguments, said):
    with pytest.raises(ValueError, match=rf"{said} must"):
        patients_needed(*arguments)


# McNemar ------------------------------------------------------------------------------------------


def paired(both, only_a, only_b, neither):
    cells = [both, only_a, only_b, neither]
    return np.repeat([1, 1, 0, 0], cells), np.repeat([1, 0, 1, 0], cells)


def test_mcnemar_of_a_published_table():
    """Airway hyperresponsiveness (Fagerland, Lydersen & Laake 2013 and 2014, Stat Med 33:2850)."""
    a, b = paired(1, 1, 7, 12)
    found = mcnemar(a, b)
    assert (found.only_a, found.only_b) == (1, 7)
    assert found.difference == pytest.approx(-6 / 21)
    assert np.round(found.interval, 3).tolist() == [-0.517, -0.026]
    assert found.p_value == pytest.approx(0.0391, abs=5e-5)
    assert mcnemar(a, b, "exact").p_value == pytest.approx(0.0703, abs=5e-5)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 10))
def test_mcnemar_beside_statsmodels(only_a, only_b, same):
    a, b = paired(same + 1, only_a, only_b, same)
    found = mcnemar(a, b, "exact")
    peer = contingency_tables.mcnemar([[same + 1, only_a], [only_b, same]], exact=True)
    assert found.p_value == pytest.approx(peer.pvalue)
    assert mcnemar(a, b).p_value <= found.p_value
    swapped = mcnemar(b, a)
    assert swapped.interval == pytest.approx((-found.interval[1], -found.interval[0]))


@pytest.mark.parametrize("cells", [(1, 1, 7, 12), (0, 3, 0, 2), (36, 12, 2, 0)])
def test_interval_of_mcnemar_inverts_the_score_test(cells):
    """At its ends, the likeliest table with that difference is 1.96 standard errors away."""
    n, b, c = sum(cells), cells[1], cells[2]
    for d in mcnemar(*paired(*cells)).interval:

        def loss(q, d=d):
            p = [q + d, q, 1 - 2 * q - d]
            return -sum(k * np.log(x) for k, x in zip((b, c, n - b - c), p, strict=True) if k)

        low, high = max(0, -d), (1 - d) / 2
        fit = optimize.minimize_scalar(
            loss, bounds=(low, high), options={"xatol": 1e-12}, method="bounded"
        )
        z = (b - c - n * d) / np.sqrt(n * (2 * fit.x + d - d**2))
        assert abs(z) == pytest.approx(1.959964, abs=1e-3)


def test_two_tests_that_never_differ():
    found = mcnemar(*paired(3, 0, 0, 4))
    assert found.p_value == 1
    assert found.interval[0] < 0 < found.interval[1]
    with pytest.raises(ValueError, match="a, b must have the same length"):
        mcnemar([0, 1], [0])
    with pytest.raises(ValueError, match="method must be one of"):
        mcnemar([0, 1], [0, 1], "asymptotic")


# More than two classes ----------------------------------------------------------------------------


def three_classes(n=200, seed=0):
    rng = np.random.default_rng(seed)
    y_true = rng.choice(["benign", "malignant", "normal"], n, p=[0.2, 0.1, 0.7])
    return y_true, np.where(rng.random(n) < 0.7, y_true, rng.permutation(y_true))


def test_multiclass_rates_are_those_of_scikit_learn():
    y_true, y_pred = three_classes()
    found = MulticlassMatrix.from_labels(y_true, y_pred)
    np.testing.assert_array_equal(found.counts, sk.confusion_matrix(y_true, y_pred))
    peer = sk.classification_report(y_true, y_pred, output_dict=True)
    for label in found.classes:
        rates = found.against_rest(label)
        assert rates.sensitivity == pytest.approx(peer[label]["recall"])
        assert rates.ppv == pytest.approx(peer[label]["precision"])
        assert rates.f1 == pytest.approx(peer[label]["f1-score"])
    macro = peer["macro avg"]
    for name, theirs in {"sensitivity": "recall", "ppv": "precision", "f1": "f1-score"}.items():
        assert found.macro(name) == pytest.approx(macro[theirs])
        low, high = found.macro_interval(name)
        assert low < found.macro(name) < high
    assert found.accuracy == peer["accuracy"]
    assert found.accuracy_interval() == wilson_interval(round(200 * found.accuracy), 200)


@pytest.mark.parametrize("right", [0.8, 0.97])
@pytest.mark.slow
def test_macro_intervals_cover(right):
    """Three classes, one of them with few cases; errors go to either other class."""
    rng, hits = np.random.default_rng(0), np.zeros(3)
    sizes, names = np.array([40, 20, 8]), ("sensitivity", "ppv", "f1")
    rates = np.full((3, 3), (1 - right) / 2) + np.eye(3) * (right - (1 - right) / 2)
    expected = rates * sizes[:, None]
    tp, said = np.diag(expected), expected.sum(axis=0)
    truth = right, np.mean(tp / said), np.mean(2 * tp / (said + sizes))
    for _ in range(200):
        counts = np.array([rng.multinomial(n, p) for n, p in zip(sizes, rates, strict=True)])
        found = MulticlassMatrix(np.arange(3), counts)
        for k, name in enumerate(names):
            low, high = found.macro_interval(name)
            hits[k] += low <= truth[k] <= high
    assert (hits >= 180).all()


def test_a_class_that_nobody_named_has_no_ppv():
    found = MulticlassMatrix.from_labels([0, 1, 2], [0, 1, 1])
    with pytest.warns(UndefinedRateWarning, match="macro ppv.*class 2"):
        assert np.isnan(found.macro("ppv"))
    assert found.macro("sensitivity") == pytest.approx(2 / 3)


def test_a_multiclass_table_shows_itself():
    """As text in a terminal, in a notebook as a table whose heads and caption are said."""
    found = MulticlassMatrix.from_labels(["<b>", "a", "a", "a"], ["a", "a", "a", "<b>"])
    assert repr(found) == "truth (rows), said (columns)\n    <b>   a\n<b>   0   1\n  a   1   2"
    html = found._repr_html_()
    assert html.count('<th scope="row">') == 2
    assert html.count('<th scope="col">') == 3
    assert "<caption" in html
    assert 'tabindex="0" role="region" aria-label="Cases by what they are' in html
    cells = re.findall(r"<td( style=[^>]*)?>(\d+)</td>", html)
    assert [count for _, count in cells] == ["0", "1", "1", "2"]
    # What is right stands out by more than its color.
    assert [bool(style) for style, _ in cells] == [True, False, False, True]
    assert "border: 2px" in cells[0][0]
    assert "font-weight" in cells[0][0]
    assert "&lt;b&gt;" in html
    assert "<b>" not in html


def test_multiclass_refuses():
    with pytest.raises(ValueError, match="y_pred must hold whole numbers or names"):
        MulticlassMatrix.from_labels([0, 1], ["0", "1"])
    with pytest.raises(ValueError, match="y_true must hold whole numbers or names"):
        MulticlassMatrix.from_labels([0.5, 1], [0, 1])
    found = MulticlassMatrix.from_labels([0, 1], [0, 1])
    with pytest.raises(ValueError, match="label must be one of the classes"):
        found.against_rest(2)
    with pytest.raises(ValueError, match="name must be one of sensitivity, ppv, f1"):
        found.macro("npv")


# Indeterminate results ----------------------------------------------------------------------------


@given(st.integers(0, 6), st.integers(0, 6))
@pytest.mark.slow
def test_indeterminate_results_lie_between_their_bounds(disease, normal):
    """However they might have come out."""
    clear = ConfusionMatrix(tp=8, fn=2, fp=3, tn=17)
    bounds = indeterminate_bounds(clear, disease, normal)
    for found, cleared in itertools.product(range(disease + 1), range(normal + 1)):
        table = ConfusionMatrix(8 + found, 2 + disease - found, 3 + normal - cleared, 17 + cleared)
        for name in ("sensitivity", "specificity", "ppv", "npv", "accuracy"):
            worst, best = getattr(bounds.worst, name), getattr(bounds.best, name)
            assert worst <= getattr(table, name) <= best
            low, high = bounds.interval(name)
            assert low < worst
            assert best < high


def test_no_indeterminate_result_changes_nothing():
    clear = ConfusionMatrix(tp=8, fn=2, fp=3, tn=17)
    assert indeterminate_bounds(clear, 0, 0) == (clear, clear)
    with pytest.raises(ValueError, match="disease must not be negative"):
        indeterminate_bounds(clear, -1, 0)
    with pytest.raises(ValueError, match="matrix must be a ConfusionMatrix"):
        indeterminate_bounds([8, 2, 3, 17], 0, 0)
