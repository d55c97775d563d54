"""Intervals that hold their estimate, have a width, and cover at the edge of the table."""

import ast
import itertools
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import course_lib
from book_ext import editions
from course_lib import calibration, intervals, metrics, raters, roc, segmentation, validation
from course_lib.decoding import Decoding
from course_lib.embedding import ClassRate
from course_lib.handout import handout
from course_lib.metrics import ConfusionMatrix, predictive_values
from course_lib.reader_studies import compare_modalities
from course_lib.report import diagnostic_report

PREVALENCES = (0.005, 0.3)


def small_tables(n, step=1):
    """Every table with up to n cases and both classes, or every step-th of them."""
    tables = itertools.product(range(n + 1), repeat=4)
    fitting = (t for t in tables if sum(t) <= n and t[0] + t[1] and t[2] + t[3])
    return list(fitting)[::step]


@pytest.mark.parametrize("prevalence", PREVALENCES)
def test_predictive_values_lie_in_their_intervals(prevalence):
    """All tables up to 6 cases and a sample of those up to 12."""
    for tp, fn, fp, tn in small_tables(6) + small_tables(12, 47):
        if tp + fp == 0 or fn + tn == 0:
            continue
        found = ConfusionMatrix(tp, fn, fp, tn).predictive_values_at(prevalence)
        for value, (low, high) in (
            (found.ppv, found.ppv_interval),
            (found.npv, found.npv_interval),
        ):
            assert low <= value <= high
            assert low < high
            # An end that no case argues against stays open.
        assert (found.ppv_interval[1] == 1) == (fp == 0)
        assert (found.npv_interval[1] == 1) == (fn == 0)


def assert_tables_hold_their_estimates(names, tables):
    """For every rate and method; a proportion depends on two counts, which come again."""
    tried = set()
    for cells in tables:
        matrix = ConfusionMatrix(*cells)
        for name in names:
            counts = matrix.counts(name) if name in metrics.PROPORTIONS else (name, cells)
            if counts in tried:
                continue
            tried.add(counts)
            value = getattr(matrix, name)
            for method in metrics._METHODS[name]:
                low, high = matrix.interval(name, method=method)
                if np.isnan([value, low, high]).any():
                    assert np.isnan([low, high]).all()
                    assert np.isnan(value) or method == "log"
                else:
                    assert low <= value <= high, (cells, name, method)
                    assert low < high, (cells, name, method)


MELDED = [name for name, methods in metrics._METHODS.items() if "melded" in methods]
ALL_TABLES = [t for t in itertools.product(range(13), repeat=4) if 0 < sum(t) <= 12]


@pytest.mark.filterwarnings("ignore::course_lib._undefined.UndefinedRateWarning")
def test_every_small_table_holds_its_estimates():
    quick = [name for name in metrics._METHODS if name not in MELDED]
    assert len(ALL_TABLES) == 1819
    assert_tables_hold_their_estimates(quick, ALL_TABLES)
    assert_tables_hold_their_estimates(MELDED, ALL_TABLES[::97])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::course_lib._undefined.UndefinedRateWarning")
def test_every_small_table_holds_its_melded_estimates():
    assert_tables_hold_their_estimates(MELDED, ALL_TABLES)


def test_no_false_positive_among_357():
    found = ConfusionMatrix(tp=123, fn=89, fp=0, tn=357).predictive_values_at(0.005)
    assert found.ppv == 1
    low, high = found.ppv_interval
    assert low < 0.3
    assert high == 1
    report = handout("t", "a", {"Performance": ""}, [("PPV", found.ppv, low, high)])
    assert "1.000" in report.to_html()


@pytest.mark.parametrize("specificity", [0.9, 0.99, 0.999, 0.9999])
@pytest.mark.parametrize(("diseased", "normal"), [(10, 10), (20, 60)])
@pytest.mark.slow
def test_coverage_of_predictive_values_by_enumeration(specificity, diseased, normal):
    """Every table that can happen, with its probability; the benchmark goes up to 400 cases."""
    for sensitivity in (0.9, 0.9999):
        assert min(coverage(sensitivity, specificity, diseased, normal)) >= 0.93


def coverage(se, sp, diseased, normal, prevalence=0.05):
    truth = predictive_values(se, sp, prevalence)
    covered, seen = np.zeros(2), np.zeros(2)
    for tp, tn in itertools.product(range(diseased + 1), range(normal + 1)):
        weight = stats.binom.pmf(tp, diseased, se) * stats.binom.pmf(tn, normal, sp)
        matrix = ConfusionMatrix(tp, diseased - tp, normal - tn, tn)
        if weight < 1e-5 or matrix.tp + matrix.fp == 0 or matrix.fn + matrix.tn == 0:
            continue
        found = matrix.predictive_values_at(prevalence)
        limits = found.ppv_interval, found.npv_interval
        covered += [
            weight * (low <= t <= high) for (low, high), t in zip(limits, truth, strict=True)
        ]
        seen += weight
    return covered / seen


def test_melded_interval_against_simulation():
    """Quantiles of draws from both confidence distributions."""
    rng = np.random.default_rng(0)

    def draws(k, n):
        lower, upper = rng.beta(k, n - k + 1, 400_000), rng.beta(k + 1, n - k, 400_000)
        return np.where(rng.random(400_000) < 0.5, lower, upper)

    expected = np.quantile(draws(40, 50) / (1 - draws(80, 90)), [0.025, 0.975])
    found = intervals.melded_interval(lambda a, b: a / (1 - b), ((40, 50), (80, 90)))
    assert found == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize(("k", "n"), [(0, 7), (3, 7), (7, 7), (40, 90)])
def test_jeffreys_interval(k, n):
    low, high = intervals.jeffreys_interval(k, n, 0.9)
    expected = stats.beta.ppf([0.05, 0.95], k + 0.5, n - k + 0.5)
    assert low == (pytest.approx(expected[0]) if k else 0)
    assert high == (pytest.approx(expected[1]) if k < n else 1)


def test_one_more_case_gives_clopper_and_pearson():
    for k, n in ((0, 8), (3, 8), (8, 8)):
        found = intervals.with_one_more(
            lambda w: w[:, 0] / w.sum(axis=1), [k, n - k], [(0, 1), (1, 0)], resamples=40_000
        )
        assert found == pytest.approx(intervals.clopper_pearson_interval(k, n), abs=0.01)


# Every public function that takes a level ---------------------------------------------------------

MACRO = ("sensitivity", "ppv", "f1")


def rates_of(matrix):
    for name in (*metrics.PROPORTIONS, "f1", "balanced_accuracy", "mcc", *metrics._RATIOS):
        for method in metrics._METHODS[name]:
            yield getattr(matrix, name), *matrix.interval(name, method=method)


def of_band(band, curve):
    return zip(curve.sensitivity_at(band.fpr), band.low, band.high, strict=True)


def of_bands(curve):
    for kind in ("pointwise", "simultaneous"):
        yield from of_band(curve.band(kind=kind, resamples=200), curve)


def of_tables(report):
    numbers = report.to_dict()
    for rate in (*numbers["rates"].values(), numbers["auc"], numbers["average_precision"]):
        if None not in (rate["value"], rate["low"], rate["high"]):
            yield rate["value"], rate["low"], rate["high"]


def of_predictive(found):
    yield found.ppv, *found.ppv_interval
    yield found.npv, *found.npv_interval


def of_proportion(function):
    return lambda y, s: [(y.mean(), *function(int(y.sum()), len(y)))]


def of_agreement(function, **options):
    def rows(y, s):
        found = function(np.column_stack([y, s >= 0.5]).astype(int), **options)
        return [(found.value, *found.interval)]

    return rows


def of_pair(function):
    return of_agreement(lambda votes: function(*votes.T))


def matrix_of(y, s):
    return ConfusionMatrix.from_labels(y, s >= 0.5)


def curve_of(y, s):
    return roc.RocCurve.from_scores(y, s)


def pairs_of(y):
    return np.arange(len(y)) % max(2, len(y) // 2)


def decoding_of(y, s):
    return Decoding(y, (s >= 0.5).astype(int), pairs_of(y), np.array([0, 1]))


def multiclass_of(y, s):
    return metrics.MulticlassMatrix.from_labels(y.astype(int), (s >= 0.5).astype(int))


def of_corrected(y, s):
    if (s >= 0.5).all() or (s < 0.5).all():
        return  # refused: nobody was verified after the other result
    found = raters.begg_greenes(matrix_of(y, s), 3, 5)
    yield found.sensitivity, *found.sensitivity_interval
    yield found.specificity, *found.specificity_interval


def of_indeterminate(y, s):
    bounds = metrics.indeterminate_bounds(matrix_of(y, s), 1, 2)
    for name in metrics.PROPORTIONS:
        yield getattr(matrix_of(y, s), name), *bounds.interval(name)


def of_readers(y, s):
    """Two readers with either modality; of one patient a class, only these patients count."""
    for population in ("random", "fixed"):
        if population == "fixed" or min(np.bincount(y)) > 1:
            found = compare_modalities(y, [[s, np.round(s, 1)], [-s, s**2]], cases=population)
            yield found.difference, *found.interval


def of_groups(y, s):
    """Every second case is in one group, and pairs of cases are clusters."""
    for clusters in (None, pairs_of(y)):
        for row in validation.by_group(y, s, np.arange(len(y)) % 2, clusters=clusters).rows:
            yield row.value, *row.interval
            yield row.difference, *row.difference_interval
            yield row.difference, *row.adjusted_interval


#: ``module:name`` → what it gives for truths and scores: rows of estimate, low, high.
ROWS = {
    "segmentation.instances:f1_difference": lambda y, s: [
        (found.difference, *found.interval)
        for found in [
            segmentation.f1_difference(
                _squares(np.ones(len(y))), _squares(y), _squares(s >= 0.5), tile=16
            )
        ]
    ],
    "calibration:calibration_curve": lambda y, s: (
        (row[1], row[2], row[3]) for row in zip(*calibration.calibration_curve(y, s), strict=True)
    ),
    "calibration:observed_expected": lambda y, s: [
        (found.value, *found.interval) for found in [calibration.observed_expected(y, s)]
    ],
    "calibration:intercept": lambda y, s: [
        (found.value, *found.interval) for found in [calibration.intercept(y, s)]
    ],
    "calibration:slope": lambda y, s: [
        (found.value, *found.interval) for found in [calibration.slope(y, s)]
    ],
    "calibration:smooth_curve": lambda y, s: (
        (row[1], row[2], row[3]) for row in zip(*calibration.smooth_curve(y, s), strict=True)
    ),
    "calibration:decision_curve": lambda y, s: (
        (row[1], row[2], row[3]) for row in zip(*calibration.decision_curve(y, s), strict=True)
    ),
    "decoding:Decoding.interval": lambda y, s: [
        (decoding_of(y, s).accuracy, *decoding_of(y, s).interval(by=by))
        for by in ("cases", "groups")
    ],
    "embedding:ClassRate.interval": lambda y, s: [
        (rate.value, *rate.interval())
        for rate in [ClassRate((y == (s >= 0.5)).astype(int), np.ones(len(y), int))]
    ],
    "intervals:wilson_interval": of_proportion(intervals.wilson_interval),
    "intervals:clopper_pearson_interval": of_proportion(intervals.clopper_pearson_interval),
    "intervals:jeffreys_interval": of_proportion(intervals.jeffreys_interval),
    "intervals:melded_interval": lambda y, s: [
        (2 * y.mean(), *intervals.melded_interval(np.add, [(int(y.sum()), len(y))] * 2))
    ],
    "intervals:with_one_more": lambda y, s: [
        (
            y.mean(),
            *intervals.with_one_more(
                lambda w: w[:, 1] / w.sum(1), np.bincount(y, minlength=2), [(1, 0), (0, 1)]
            ),
        )
    ],
    "intervals:grouped_interval": lambda y, s: [
        (y.mean(), *intervals.grouped_interval(y == 1, pairs_of(y)))
    ],
    "intervals:interval_of_totals": lambda y, s: [
        (y.mean(), *intervals.interval_of_totals(y, np.ones(len(y)), (0, 1)))
    ],
    "metrics:ConfusionMatrix.interval": lambda y, s: rates_of(matrix_of(y, s)),
    "metrics:ConfusionMatrix.predictive_values_at": lambda y, s: of_predictive(
        matrix_of(y, s).predictive_values_at(0.01)
    ),
    "metrics:mcnemar": lambda y, s: [
        (found.difference, *found.interval) for found in [metrics.mcnemar(y, s >= 0.5)]
    ],
    "metrics:MulticlassMatrix.accuracy_interval": lambda y, s: [
        (multiclass_of(y, s).accuracy, *multiclass_of(y, s).accuracy_interval())
    ],
    "metrics:MulticlassMatrix.macro_interval": lambda y, s: [
        (multiclass_of(y, s).macro(name), *multiclass_of(y, s).macro_interval(name))
        for name in MACRO
    ],
    "metrics:IndeterminateBounds.interval": of_indeterminate,
    "raters.agreement:cohen_kappa": of_pair(raters.cohen_kappa),
    "raters.agreement:prevalence_adjusted_kappa": of_pair(raters.prevalence_adjusted_kappa),
    "raters.agreement:fleiss_kappa": of_agreement(raters.fleiss_kappa),
    "raters.agreement:gwet_ac1": of_agreement(raters.gwet_ac1),
    "raters.agreement:krippendorff_alpha": of_agreement(raters.krippendorff_alpha),
    "raters.verification:begg_greenes": of_corrected,
    "reader_studies:compare_modalities": of_readers,
    "report:diagnostic_report": lambda y, s: of_tables(diagnostic_report(y, s)),
    "roc:RocCurve.auc_interval": lambda y, s: [
        (curve_of(y, s).auc, *curve_of(y, s).auc_interval(method=method))
        for method in ("logit", "wald", "score", "bootstrap")
    ],
    "roc:RocCurve.band": lambda y, s: of_bands(curve_of(y, s)),
    "roc:RocCurve.average_precision_interval": lambda y, s: [
        (curve_of(y, s).average_precision(), *curve_of(y, s).average_precision_interval())
    ],
    "roc:compare_auc": lambda y, s: [
        (found.difference, *found.interval)
        for found in [roc.compare_auc(y, s, np.round(s, 1)), roc.compare_auc(y, s, -s)]
    ],
    "validation:by_group": of_groups,
    "validation:coverage": lambda y, s: [
        (row.value, *row.interval)
        for row in validation.coverage(y, validation.prediction_sets(s, 0.5), y)
    ],
    "validation:selective_risk": lambda y, s: (
        row[1:4] for row in zip(*validation.selective_risk(y == (s >= 0.5), s), strict=True)
    ),
}
#: Those that take a level and give no interval of a sample's estimate.
OTHERS = {
    "handout:handout",  # prints the intervals that it is given
    "intervals:percentile_interval",  # of whatever values it is given
    "intervals:z_of",
    "metrics:ConfusionMatrix.summary",  # prints intervals
    "metrics:patients_needed",
    "validation:conformal_threshold",  # the level of its guarantee
}


def _squares(found):
    """One object for each case, in a tile of its own, drawn where it was found."""
    row = [np.full((8, 8), case + 1) * bool(hit) for case, hit in enumerate(found)]
    return np.hstack([np.pad(square, 4) for square in row])


SAMPLES = {
    "perfect": ([0, 0, 0, 1, 1], [0.1, 0.2, 0.3, 0.8, 0.9]),
    "one of each": ([0, 1], [0.2, 0.7]),
    "all wrong": ([0, 0, 1, 1, 1], [0.9, 0.8, 0.2, 0.1, 0.3]),
    "all tied": ([0, 0, 0, 1, 1, 1], [0.5] * 6),
    "nobody positive": ([0, 0, 0, 1, 1], [0.1, 0.3, 0.2, 0.3, 0.1]),
    "one wrong": ([0] * 8 + [1] * 4, [0.1] * 7 + [0.6] + [0.9] * 4),
    "many": (np.arange(60) % 3 == 0, np.random.default_rng(0).random(60)),
}


def functions_with_a_level():
    root = Path(course_lib.__file__).parent
    for path in sorted(root.rglob("*.py")):
        module = path.relative_to(root).with_suffix("").as_posix().replace("/", ".")
        if module.startswith(("exercises.", "widgets.", "_")):
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            inside = node.body if isinstance(node, ast.ClassDef) else [node]
            prefix = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
            for function in inside:
                if not isinstance(function, ast.FunctionDef) or "_" in (
                    function.name[0],
                    prefix[:1],
                ):
                    continue
                arguments = function.args.args + function.args.kwonlyargs
                if "level" in [argument.arg for argument in arguments]:
                    yield f"{module}:{prefix}{function.name}"


def test_every_interval_is_tried_below():
    assert set(functions_with_a_level()) == ROWS.keys() | OTHERS


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("name", ROWS)
def test_no_interval_is_a_point_and_each_holds_its_estimate(name, sample):
    y, s = np.asarray(SAMPLES[sample][0], int), np.asarray(SAMPLES[sample][1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", metrics.UndefinedRateWarning)
        for value, low, high in ROWS[name](y, s):
            if np.isnan([low, high]).all():
                continue  # said in a warning
            assert low < high
            assert np.isnan(value) or low - 1e-12 <= value <= high + 1e-12


def _every_kind():
    y, s = (np.asarray(part) for part in SAMPLES["many"])
    y, said, matrix = y.astype(int), (s >= 0.5).astype(int), ConfusionMatrix(2, 1, 2, 5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", metrics.UndefinedRateWarning)
        yield intervals.wilson_interval(0, 0)
        for function in intervals.wilson_interval, intervals.clopper_pearson_interval:
            yield function(3, 5)
        yield intervals.jeffreys_interval(3, 5)
        yield intervals.melded_interval(np.subtract, ((3, 5), (4, 5)))
        yield intervals.percentile_interval(s)
        yield intervals.grouped_interval(y == said, np.arange(60) // 3)
        yield intervals.grouped_interval(s, np.arange(60) // 3)
        for name, methods in metrics._METHODS.items():
            for method in methods:
                yield matrix.interval(name, method=method)
                yield ConfusionMatrix(2, 0, 0, 5).interval(name, method=method)
        yield from matrix.predictive_values_at(0.1)[2:]
        yield metrics.mcnemar(y == said, y == 1).interval
        table = metrics.MulticlassMatrix.from_labels(y, said)
        yield from (table.accuracy_interval(), table.macro_interval("f1"))
        curve = roc.RocCurve.from_scores(y, s)
        yield from (curve.auc_interval(method=method) for method in roc._INTERVALS)
        yield curve.average_precision_interval()
        for other in (s, -s):
            yield roc.compare_auc(y, s, other).interval
        for function in calibration.observed_expected, calibration.intercept, calibration.slope:
            yield function(y, s).interval
        yield raters.cohen_kappa(y, said).interval
        yield raters.prevalence_adjusted_kappa(y, said).interval
        votes = np.column_stack([y, said])
        for function in raters.fleiss_kappa, raters.gwet_ac1, raters.krippendorff_alpha:
            yield function(votes).interval
        yield from raters.begg_greenes(matrix, 3, 9)[3:]
        for cases in (y, np.ones(60)):
            yield from (r.interval for r in validation.coverage(y, np.c_[y == 0, cases > 0], y))
        for found in (said, y):
            yield segmentation.f1_difference(*map(_squares, (y, said, found)), tile=16).interval
        for row in validation.by_group(y, s, np.arange(60) % 2).rows:
            yield from (row.interval, row.difference_interval, row.adjusted_interval)


def test_every_interval_is_formatted_as_one():
    for interval in _every_kind():
        low, high = interval
        assert f"{interval:+.2f}" == f"[{low:+.2f}, {high:+.2f}]"


def test_fields_that_are_intervals_say_so():
    root = Path(course_lib.__file__).parent
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.AnnAssign) and ast.unparse(node.target).endswith("interval"):
                assert ast.unparse(node.annotation) in ("Interval", "object"), path


#: Ends of what is no `Interval`: two quantiles at once, two formulas by hand, a dictionary.
_BY_HAND = {"detection": 1, "feature_visualization": 1, "ground_truth": 1, "report": 1}


@pytest.mark.parametrize("path", editions.chapter_files(), ids=editions.chapter_name)
def test_chapters_leave_ends_to_the_interval(path):
    cells = editions.parsed(path.read_text(encoding="utf-8")).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    found = re.findall(r"\[\{+[^{}]*:([^{}]+)\}+, \{+[^{}]*:\1\}+\]", code)
    wanted = _BY_HAND.get(editions.chapter_name(path), 0)
    assert len(found) == wanted, 'f"{interval:.2f}" says both ends'
    assert not re.search(r"\{[^{}]*interval(\([^{}]*\))?\[[01]\]:", code), "so it does here"
