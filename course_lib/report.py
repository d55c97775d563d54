"""What a reader of a diagnostic test may demand: a page in the order of STARD, and a model card."""

import argparse
import csv
import html
import io
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from . import figures
from ._html import figure_uri, page, picture, scrolling, table
from ._undefined import undefined_unsaid
from ._validation import (
    as_binary,
    as_choice,
    as_count,
    as_level,
    as_scores,
    as_vector,
    both_classes,
    same_length,
)
from .calibration import (
    Estimate,
    brier_decomposition,
    brier_score,
    calibration_curve,
    decision_curve,
    intercept,
    observed_expected,
    slope,
)
from .intervals import NO_INTERVAL
from .metrics import NAMES
from .roc import RocCurve
from .validation import by_group

_2015 = {
    "Title and abstract": {
        "1": "Title says that this is a study of diagnostic accuracy",
        "2": "Structured abstract",
    },
    "Introduction": {
        "3": "Background, intended use and clinical role of the test",
        "4": "Objectives and hypotheses",
    },
    "Methods": {
        "5": "Data collected before or after the test was done",
        "6": "Who was eligible",
        "7": "How eligible participants were found",
        "8": "Where and when",
        "9": "Consecutive, random or convenience series",
        "10a": "The test, in enough detail to repeat it",
        "10b": "The reference standard, in enough detail to repeat it",
        "11": "Why this reference standard",
        "12a": "When the test is positive, and whether that was fixed beforehand",
        "12b": "When the reference standard is positive",
        "13a": "What readers of the test knew",
        "13b": "What readers of the reference standard knew",
        "14": "Methods for estimating accuracy",
        "15": "Indeterminate results",
        "16": "Missing data",
        "17": "Analyses of variability",
        "18": "Sample size and how it was determined",
    },
    "Results": {
        "19": "Flow of participants",
        "20": "Who the participants were",
        "21a": "Severity of disease",
        "21b": "Other diagnoses among those without the disease",
        "22": "Time and treatment between test and reference standard",
        "23": "Results of the test against the reference standard",
        "24": "Estimates of accuracy with their precision",
        "25": "Harm by the test or the reference standard",
    },
    "Discussion": {
        "26": "Limitations: bias, uncertainty, generalizability",
        "27": "Implications for practice",
    },
    "Other information": {
        "28": "Registration number",
        "29": "Where the protocol is",
        "30": "Funding",
    },
}


def _flat(checklist):
    return {item: asked for items in checklist.values() for item, asked in items.items()}


#: What STARD 2015 asks for (Bossuyt et al., BMJ 351:h5527), by item number, in few words.
STARD = _flat(_2015)
# With the words of STARD 2015 where it asks for the same
_AI = {
    "Title and abstract": {
        "1": "Title or abstract says that this is a study of an AI's diagnostic accuracy",
        "2": STARD["2"],
    },
    "Introduction": {
        "3": "Background, intended use, what is new, and the place in the workflow",
        "4": STARD["4"],
    },
    "Methods": {
        "5": STARD["5"],
        "6": "Approval by an ethics committee, or why none was needed",
        "7": "Who and which data were eligible, in the order in which that was decided",
        "8": STARD["7"],
        "9": STARD["8"],
        "10": STARD["9"],
        "11": "Where the data come from: routine, collected for this study, or public",
        "12": "Who annotated the data, with what experience, and how",
        "13": "Devices that captured the data; software, with its version",
        "14": "How data were acquired and preprocessed",
        "15a": STARD["10a"],
        "15b": "How the test was developed: training, validation, testing, and their sizes",
        "15c": STARD["12a"],
        "15d": "Who is to use the test, and what they must know",
        "16a": STARD["10b"],
        "16b": STARD["11"],
        "16c": STARD["12b"],
        "17a": STARD["13a"],
        "17b": STARD["13b"],
        "18": STARD["14"],
        "19": STARD["15"],
        "20": STARD["16"],
        "21": STARD["17"],
        "22": STARD["18"],
        "23": "Analyses of errors, bias and fairness",
    },
    "Results": {
        "24": STARD["19"],
        "25": "Who the participants were, in training, validation and test",
        "26a": STARD["21a"],
        "26b": STARD["21b"],
        "27": STARD["22"],
        "28": "Whether disease is distributed as where the test is to be used",
        "29": "How data for external evaluation differ from the others",
        "30": STARD["23"],
        "31": STARD["24"],
        "32": STARD["25"],
    },
    "Discussion": {
        "33": STARD["26"],
        "34": STARD["27"],
        "35": "Ethics of using the test, and fairness",
    },
    "Other information": {
        "36": STARD["28"],
        "37": STARD["29"],
        "38": STARD["30"],
        "39": "Commercial interests",
        "40a": "Where data and code are, and what restricts their use",
        "40b": "Whether outputs are kept and can be audited",
    },
}
#: What STARD-AI asks for (Sounderajah et al., Nat Med 31:3283, 2025), likewise.
STARD_AI = _flat(_AI)
_CHECKLISTS = {"STARD 2015": _2015, "STARD-AI": _AI}

_RATES = (*NAMES, "positive_likelihood_ratio", "negative_likelihood_ratio")
_MEASURES = {"ppv": "PPV", "npv": "NPV", "auc": "AUC", "observed_expected": "O/E"}
_MOST_POINTS = 500
_STYLE = """<style>
.report { max-width: 46rem; }
.report img { width: 100%; max-width: 30rem; height: auto; }
.report table { border-collapse: collapse; width: auto; }
.report :is(th, td) { border: 1px solid; padding: .2rem .6rem; text-align: end; }
.report :is(th[scope=row], caption, .text td) { text-align: start; }
.report .scrolls { overflow-x: auto; }
.report .scrolls td { white-space: nowrap; }
.report figure { margin: 1rem 0; }
.report figcaption { color: inherit; }
</style>"""
_PAGE_STYLE = """body { font-family: system-ui, sans-serif; line-height: 1.45; }
main { max-width: 46rem; margin: auto; }
"""


@dataclass(frozen=True, repr=False)
class DiagnosticReport:
    """Accuracy of a score on one set of cases; make it with `diagnostic_report`.

    In a notebook it shows itself. `to_html` gives a page of its own, `to_dict` the numbers.
    """

    _content: dict

    def to_dict(self):
        """All numbers as a dictionary that ``json.dumps`` accepts.

        Undefined and infinite ones, which JSON lacks, are None; the page tells them apart.
        Curves longer than 500 points are thinned. The keys of ``stard`` are item numbers.
        """
        return _json_values(self._content)

    def to_html(self):
        """A complete page: no script, no outside address, pictures inside."""
        return page(self._content["title"], self._fragment(1), _PAGE_STYLE)

    def __repr__(self):
        c = self._content
        return (
            f"DiagnosticReport({c['title']!r}: {c['disease']} diseased, {c['normal']} normal, "
            f"AUC {_with_interval(c['auc'])})"
        )

    def _repr_html_(self):
        return self._fragment(3)

    def _fragment(self, top):
        """The report with headings from <h{top}> down."""
        c = self._content

        def heading(depth, text):
            return f"<h{top + depth}>{text}</h{top + depth}>"

        parts = [heading(0, html.escape(c["title"]))]
        checklist = _CHECKLISTS[c["guideline"]]
        for section, items in checklist.items():
            bodies = {item: _body(c, item) for item in items}
            if any(bodies.values()):
                parts.append(heading(1, section))
            for item, body in bodies.items():
                if body:
                    asked = f"{items[item]} <small>({c['guideline']}, item {item})</small>"
                    parts += [heading(2, asked), body]
        computed = _COMPUTED[c["guideline"]]
        asked = _flat(checklist)
        missing = [item for item in asked if item not in computed and item not in c["stard"]]
        if missing:
            todo = "".join(f"<li>{item}: {asked[item]}</li>" for item in missing)
            parts.append(heading(1, "Still to be written by the authors") + f"<ul>{todo}</ul>")
        return f'<div class="report">{_STYLE}{"".join(parts)}</div>'


def diagnostic_report(
    y_true,
    y_score,
    threshold=0.5,
    *,
    title="Diagnostic accuracy",
    stard=None,
    guideline="STARD 2015",
    groups=None,
    clusters=None,
    excluded=None,
    level=0.95,
):
    """Everything that a report on a diagnostic score must state, in the order of STARD.

    Parameters
    ----------
    y_true : array_like of {0, 1}, shape (n,)
        The reference standard; 1 is diseased. Both classes must occur.
    y_score : array_like of float, shape (n,)
        Finite; larger means more likely diseased. Calibration and decision curve are given where
        all scores lie in [0, 1], and take them for predicted risks.
    threshold : float, default 0.5
        A case is positive where score >= threshold. Fix it before looking at these cases.
    title : str
    stard : dict of str, optional
        Text for the items that no computation can fill, by item number, e.g.
        ``{"10b": "Biopsy, read by two pathologists."}``. See `STARD` and `STARD_AI`.
    guideline : {"STARD 2015", "STARD-AI"}, default "STARD 2015"
        Whose items and numbers: STARD-AI has 14 more, on data, development and fairness.
    groups : array_like, shape (n,), optional
        The group of each case, such as sex or hospital: a table by group is added.
    clusters : array_like, shape (n,), optional
        What cases belong together, such as the patient of each film. The table by group heeds it,
        and the page warns that its other intervals do not.
    excluded : dict of str to int, optional
        Why cases were left out, and how many, in the order in which it happened, e.g.
        ``{"no biopsy": 12, "image unreadable": 3}``.
    level : float, default 0.95
        Of all intervals.

    Returns
    -------
    DiagnosticReport
        With ``to_dict()`` and ``to_html()``.

    Raises
    ------
    ValueError
        For one class only, NaN or infinite scores, different lengths, a NaN threshold, an
        unknown item, one group alone, or exclusions that are no counts.
    """
    y_true, y_score = as_binary(y_true, "y_true"), as_scores(y_score, "y_score")
    same_length(y_true=y_true, y_score=y_score)
    both_classes(y_true)
    stard = dict(stard or {})
    known = _flat(_CHECKLISTS[as_choice(guideline, "guideline", _CHECKLISTS)])
    unknown = [item for item in stard if item not in known]
    if unknown:
        raise ValueError(
            f"stard must be keyed by item numbers of {guideline} such as '12', got {unknown[0]!r}."
        )
    level = as_level(level)
    curve = RocCurve.from_scores(y_true, y_score)
    risks = y_score.min() >= 0 and y_score.max() <= 1
    content = {
        "title": str(title),
        "level": level,
        "rule": "positive where score >= threshold",
        "n": len(y_true),
        "disease": curve.n_disease,
        "normal": curve.n_normal,
        **_at_threshold(curve, threshold, level),
        **_over_thresholds(curve, level),
        "scores": _histogram(y_true, y_score),
        "risks": _of_risks(y_true, y_score, level) if risks else None,
        "guideline": guideline,
        "stard": {item: str(text) for item, text in stard.items()},
        "excluded": {
            str(why): as_count(n, f"excluded[{why!r}]") for why, n in (excluded or {}).items()
        },
        "clusters": _clusters(y_true, clusters),
        "groups": _by_group(y_true, y_score, groups, threshold, clusters, level),
    }
    return DiagnosticReport(content)


class Result(NamedTuple):
    """An estimate with its interval.

    Attributes
    ----------
    what : str
    value, low, high : float
        Estimate and the ends of its interval.
    cases : str
        Counts behind it, such as ``"47/51"``.
    """

    what: str
    value: float
    low: float
    high: float
    cases: str = ""


def checked_results(results):
    """Rows as a list of `Result`, each of which lies in its interval."""
    results = [Result(*row) for row in results]
    for row in results:
        if not row.low <= row.value <= row.high:
            raise ValueError(f"results: {row.what} must lie in its interval, got {row[1:4]}.")
    return results


@dataclass(frozen=True, kw_only=True, repr=False)
class ModelCard:
    """The package leaflet of a model: what must be known before it comes near a patient.

    The questions are those of Mitchell et al. 2019 (FAT*, p. 220), in the words of STARD-AI and
    TRIPOD+AI. None may stay empty: what is not known is written down as not known.

    Parameters
    ----------
    index_test : str
        The model: architecture, version, threshold, and when that was fixed.
    intended_use : str
        For whom, for what decision, and for what not.
    development : str
        What it was trained on: source, number, who labeled it.
    population : str
        Whom it was evaluated on: source, number, why they are independent.
    reference_standard : str
        What counts as the truth, and who decided it.
    results : sequence of Result
        At least one, each in its interval.
    groups : str
        For whom it was checked apart, and for whom not.
    limits : str
        Where it is known or likely to fail.

    Raises
    ------
    ValueError
        That names the field which is empty, a placeholder, or no text; for results, if there is
        none or one lies outside of its interval.
    """

    index_test: str
    intended_use: str
    development: str
    population: str
    reference_standard: str
    results: tuple[Result, ...]
    groups: str
    limits: str

    def __post_init__(self):
        for name in (field.name for field in fields(self) if field.name != "results"):
            text = getattr(self, name)
            if not isinstance(text, str) or text.strip(" .…-–?\n").lower() in _UNSAID:
                raise ValueError(f"{name} must say something, got {text!r}.")
        object.__setattr__(self, "results", tuple(checked_results(self.results)))
        if not self.results:
            raise ValueError("results must hold at least one result with its interval.")

    def rows(self):
        """Questions and answers, a list of pairs of text."""
        answers = {field.name: getattr(self, field.name) for field in fields(self)}
        answers["results"] = "; ".join(map(_in_words, self.results))
        return [
            (name.replace("_", " ").capitalize(), " ".join(text.split()))
            for name, text in answers.items()
        ]

    def __repr__(self):
        return "\n".join(f"{question}: {answer}" for question, answer in self.rows())

    def _repr_html_(self):
        body = table((), self.rows(), "Model card", named_rows=True, kind="text")
        return f'<div class="report">{_STYLE}{body}</div>'


#: What people write where they have nothing to say.
_UNSAID = {"", "todo", "tbd", "n/a", "na", "none", "fill in"}


def _in_words(result):
    counts = f" ({result.cases})" if result.cases else ""
    return f"{result.what} {result.value:.3f} [{result.low:.3f}, {result.high:.3f}]{counts}"


def _at_threshold(curve, threshold, level):
    """The 2×2 table and its rates."""
    matrix = curve.at(threshold)
    rates = {}
    with undefined_unsaid():
        for name in _RATES:
            low, high = matrix.interval(name, level)
            rates[name] = {"value": getattr(matrix, name), "low": low, "high": high}
            if name in NAMES:
                rates[name]["successes"], rates[name]["trials"] = matrix.counts(name)
    table = {cell: getattr(matrix, cell) for cell in ("tp", "fn", "fp", "tn")}
    return {"threshold": float(threshold), "table": table, "rates": rates}


def _over_thresholds(curve, level):
    """Areas and curves."""
    low, high = curve.auc_interval(level)
    ap_low, ap_high = curve.average_precision_interval(level)
    last = len(curve.thresholds) - 1
    kept = np.unique(np.linspace(0, last, min(last + 1, _MOST_POINTS)).round().astype(int))
    band = curve.band(level)
    return {
        "auc": {"value": curve.auc, "se": curve.auc_se, "low": low, "high": high},
        "average_precision": {"value": curve.average_precision(), "low": ap_low, "high": ap_high},
        "curve": {
            "thresholds": curve.thresholds[kept],
            "fpr": curve.fpr[kept],
            "tpr": curve.tpr[kept],
            "precision": curve.precision()[kept],
        },
        "roc_band": band._asdict(),
    }


def _of_risks(y_true, y_prob, level):
    """Calibration and decision curve."""
    return {
        "brier_score": brier_score(y_true, y_prob),
        "brier_decomposition": brier_decomposition(y_true, y_prob)._asdict(),
        **_of_log_odds(y_true, y_prob, level),
        "calibration": calibration_curve(y_true, y_prob, level=level)._asdict(),
        "decision_curve": decision_curve(y_true, y_prob, level=level)._asdict(),
    }


def _of_log_odds(y_true, y_prob, level):
    """Observed over expected, calibration intercept and slope."""
    certain = y_prob.min() == 0 or y_prob.max() == 1
    nothing = Estimate(np.nan, NO_INTERVAL)
    with undefined_unsaid():
        found = {
            "observed_expected": observed_expected(y_true, y_prob, level),
            "intercept": nothing if certain else intercept(y_true, y_prob, level),
            "slope": nothing if certain else slope(y_true, y_prob, level),
        }
    return {
        name: {"value": value, "low": interval[0], "high": interval[1]}
        for name, (value, interval) in found.items()
    }


def _clusters(y_true, clusters):
    """How many clusters there are; None where nobody named any."""
    if clusters is None:
        return None
    clusters = as_vector(clusters, "clusters")
    same_length(y_true=y_true, clusters=clusters)
    return len(np.unique(clusters))


def _by_group(y_true, y_score, groups, threshold, clusters, level):
    """The comparison of groups as plain values; None without groups."""
    if groups is None:
        return None
    found = by_group(y_true, y_score, groups, threshold, clusters=clusters, level=level)
    return {
        "reference": found.reference,
        "comparisons": found.comparisons,
        "rows": [row._asdict() for row in found.rows],
    }


def _histogram(y_true, y_score):
    edges = np.histogram_bin_edges(y_score, bins=25)
    disease, normal = (np.histogram(y_score[kind], edges)[0] for kind in (y_true, ~y_true))
    return {"edges": edges, "disease": disease, "normal": normal}


def _json_values(value):
    """Plain Python values; NaN and infinity, which JSON lacks, become None."""
    if isinstance(value, dict):
        return {key: _json_values(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [_json_values(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


# What the page shows


def _body(c, item):
    """What the authors wrote on an item, then what the numbers say."""
    written = f"<p>{html.escape(c['stard'][item])}</p>" if item in c["stard"] else ""
    return written + "".join(show(c) for show in _COMPUTED[c["guideline"]].get(item, ()))


def _rule(c):
    return (
        f"<p>Positive where the score is at least {_number(c['threshold'], '.4g')}. If this "
        "threshold was chosen on the cases below, the rates are optimistic.</p>"
    )


def _methods(c):
    return (
        f"<p>{c['level']:.0%} intervals: Wilson for proportions; for likelihood ratios, the mid-p "
        "confidence distributions of sensitivity and specificity, melded; for the area under the "
        "ROC curve, DeLong on the logit scale; for average precision, Wilson over the diseased "
        "cases (Boyd); for the band around the ROC curve, Kolmogorov–Smirnov (simultaneous); for "
        "differences between groups, MOVER.</p>"
    ) + _unit(c)


def _unit(c):
    if c["clusters"] is None or c["clusters"] == c["n"]:
        return ""
    return (
        f"<p>The {c['n']} cases are of {c['clusters']} patients or other clusters. Only the table "
        "by group heeds that; all other intervals are too narrow.</p>"
    )


def _flow(c):
    flow = ""
    if c["excluded"]:
        left = c["n"] + sum(c["excluded"].values())
        rows = [("cases at the start", "", left)]
        for why, n in c["excluded"].items():
            left -= n
            rows.append((why, f"−{n}", left))
        flow = _table(
            ("left out because of", "cases", "left"), rows, "From all cases to those below"
        )
    return flow + (
        f"<p>{c['n']} cases with a score and a reference result: {c['disease']} diseased, "
        f"{c['normal']} normal.</p>"
    )


def _cross_table(c):
    t = c["table"]
    rows = (("positive", t["tp"], t["fp"]), ("negative", t["fn"], t["tn"]))
    return _table(("test \\ reference", "disease", "normal"), rows, "Test against reference")


def _rate_table(c):
    rows = []
    for name, rate in c["rates"].items():
        counts = f"{rate['successes']}/{rate['trials']}" if "trials" in rate else ""
        rows.append((NAMES.get(name, name.replace("_", " ")), counts, *_columns(rate)))
    rows.append(("area under the ROC curve", "", *_columns(c["auc"])))
    rows.append(("average precision", "", *_columns(c["average_precision"])))
    header = ("measure", "counts", "estimate", f"{c['level']:.0%} interval")
    return _table(header, rows, "Accuracy at the threshold, and over all thresholds")


def _columns(rate):
    interval = f"{_number(rate['low'])} to {_number(rate['high'])}"
    return _number(rate["value"]), "undefined" if np.isnan(rate["low"]) else interval


def _group_table(c):
    if c["groups"] is None:
        return ""
    g = c["groups"]
    rows = []
    for row in g["rows"]:
        low, high = row["interval"]
        own = _columns({"value": row["value"], "low": low, "high": high})
        ends = [
            "" if np.isnan(low) else f"{low:+.3f} to {high:+.3f}"
            for low, high in (row["difference_interval"], row["adjusted_interval"])
        ]
        difference = "" if np.isnan(row["difference"]) else f"{row['difference']:+.3f}"
        name = _MEASURES.get(row["measure"], row["measure"])
        rows.append((row["group"], name, row["cases"], *own, difference, *ends))
    level = f"{c['level']:.0%} interval"
    header = (
        "group",
        "measure",
        "cases",
        "estimate",
        level,
        "difference",
        level,
        "of all together",
    )
    return (
        _table(header, rows, f"Group by group; differences from {g['reference']}")
        + f"<p>{g['comparisons']} differences: where nothing differs, "
        f"{g['comparisons'] * (1 - c['level']):.1f} of their intervals exclude 0 on average. The "
        "last column allows for that (Bonferroni).</p>"
    )


def _with_interval(rate):
    return f"{_number(rate['value'])} [{_number(rate['low'])}, {_number(rate['high'])}]"


def _number(value, form=".3f"):
    if np.isfinite(value):
        return format(value, form)
    return "undefined" if np.isnan(value) else "∞" if value > 0 else "-∞"


def _table(header, rows, caption):
    return scrolling(table(header, rows, caption, named_rows=True), caption)


def _score_figure(c):
    def draw(ax):
        scores = c["scores"]
        left, width = scores["edges"][:-1], np.diff(scores["edges"])
        for kind in ("normal", "disease"):
            look = {"align": "edge", "alpha": 0.6, "color": figures.COLORS[kind]}
            ax.bar(left, scores[kind], width, label=kind, **look)
        if np.isfinite(c["threshold"]):
            ax.axvline(c["threshold"], color=figures.COLORS["ink"], linestyle="--")
        ax.set(xlabel="score", ylabel="cases")
        ax.legend()

    return _picture(
        draw,
        f"Scores of {c['disease']} diseased and {c['normal']} normal cases; the threshold is "
        f"{_number(c['threshold'], '.4g')}.",
    )


def _roc_figure(c):
    def draw(ax):
        band, curve = c["roc_band"], c["curve"]
        ax.fill_between(
            band["fpr"], band["low"], band["high"], alpha=0.2, label=f"{c['level']:.0%} band"
        )
        ax.plot(curve["fpr"], curve["tpr"], label="ROC")
        ax.plot([0, 1], [0, 1], ":", color=figures.COLORS["muted"], label="chance")
        fpr, se = 1 - c["rates"]["specificity"]["value"], c["rates"]["sensitivity"]["value"]
        ax.plot(fpr, se, "o", color=figures.COLORS["ink"], label="threshold")
        ax.set(xlabel="1 - specificity", ylabel="sensitivity", aspect="equal")
        ax.legend(loc="lower right")

    return _picture(draw, f"ROC curve with band; area {_with_interval(c['auc'])}.")


def _pr_figure(c):
    def draw(ax):
        ax.plot(c["curve"]["tpr"], c["curve"]["precision"], label="precision")
        prevalence = c["rates"]["prevalence"]["value"]
        ax.axhline(prevalence, color=figures.COLORS["muted"], linestyle=":", label="prevalence")
        ax.set(xlabel="recall (sensitivity)", ylabel="precision (PPV)", ylim=(0, 1.02))
        ax.legend(loc="lower left")

    return _picture(
        draw,
        f"Precision against recall; average precision {_with_interval(c['average_precision'])}, "
        f"at a prevalence of {_number(c['rates']['prevalence']['value'], '.2f')}.",
    )


def _calibration_figure(c):
    if c["risks"] is None:
        return "<p>The scores are not probabilities: calibration does not apply.</p>"
    bins, brier = c["risks"]["calibration"], c["risks"]["brier_score"]

    def draw(ax):
        ax.plot([0, 1], [0, 1], ":", color=figures.COLORS["muted"], label="perfect")
        ax.vlines(bins["predicted"], bins["low"], bins["high"], label=f"{c['level']:.0%}")
        ax.plot(bins["predicted"], bins["observed"], "o", label="observed")
        ax.set(xlabel="predicted risk", ylabel="observed share of disease", aspect="equal")
        ax.legend(loc="upper left")

    p = c["rates"]["prevalence"]["value"]
    return _picture(
        draw,
        f"Observed share of disease in {len(bins['n'])} groups of predicted risk; Brier score "
        f"{brier:.3f}, against {p * (1 - p):.3f} for always predicting the prevalence.",
    ) + _calibration_table(c)


def _calibration_table(c):
    rows = [
        (name, right, *_columns(c["risks"][key]))
        for key, name, right in (
            ("observed_expected", "observed over expected", "1"),
            ("intercept", "calibration intercept", "0"),
            ("slope", "calibration slope", "1"),
        )
    ]
    header = ("measure", "right is", "estimate", f"{c['level']:.0%} interval")
    return _table(header, rows, "Do the risks mean what they say?")


def _decision_figure(c):
    if c["risks"] is None:
        return ""
    curve = c["risks"]["decision_curve"]

    def draw(ax):
        t = curve["thresholds"]
        ax.fill_between(t, curve["low"], curve["high"], alpha=0.2)
        ax.plot(t, curve["model"], label="score")
        ax.plot(t, curve["treat_all"], "--", label="treat all")
        ax.plot(t, curve["treat_none"], ":", color=figures.COLORS["ink"], label="treat none")
        ax.set(xlabel="threshold probability", ylabel="net benefit per patient")
        ax.set_ylim(-0.05, max(curve["high"]) + 0.05)
        ax.legend(loc="upper right")

    default = np.maximum(curve["treat_all"], curve["treat_none"])
    better = np.array(curve["thresholds"])[np.array(curve["model"]) > default]
    span = f", from {better.min():.2f} to {better.max():.2f}" if better.size else ""
    return _picture(
        draw,
        "Net benefit against threshold probability. The score beats treating all and treating "
        f"none at {better.size} of {len(default)} thresholds{span}.",
    )


def _picture(draw, alt):
    """A figure as an SVG inside the page; the same numbers give the same bytes."""
    with plt.rc_context():
        figures.set_style()
        figure = Figure()
        draw(figure.subplots())
        return picture(figure_uri(figure), alt, alt)


#: Items that the numbers fill.
_BY_STARD = {
    "12a": (_rule,),
    "14": (_methods,),
    "19": (_flow,),
    "23": (_cross_table, _score_figure),
    "24": (
        _rate_table,
        _group_table,
        _roc_figure,
        _pr_figure,
        _calibration_figure,
        _decision_figure,
    ),
}
_COMPUTED = {
    guideline: {
        item: _BY_STARD[older]
        for item, asked in _flat(checklist).items()
        for older in _BY_STARD
        if STARD[older] == asked
    }
    for guideline, checklist in _CHECKLISTS.items()
}


# The command line ---------------------------------------------------------------------------------


class BadTable(ValueError):
    """A file of scores that cannot be read; the sentence says why."""


def read_scores(path, truth="y_true", score="y_score", group=None, cluster=None):
    """Truths, scores, groups and clusters from a CSV file, and why rows were left out.

    Parameters
    ----------
    path : path
        UTF-8, with or without the mark that Excel puts first; columns are separated by commas,
        semicolons or tabs. With semicolons a decimal comma is fine.
    truth, score : str
        Names of the columns. Truth is 0 or 1; both may be empty, and then the row is left out.
    group, cluster : str, optional

    Returns
    -------
    dict
        Arguments of `diagnostic_report`: ``y_true, y_score, groups, clusters, excluded``.

    Raises
    ------
    BadTable
        With one sentence, which names the row and the column.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadTable(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BadTable(f"{path} is no CSV file in UTF-8; save it as “CSV UTF-8”.") from error
    head = text.partition("\n")[0]
    separator = max(",;\t", key=head.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise BadTable(f"{path} is no CSV file: {error}.") from error
    rows = [(at, row) for at, row in enumerate(rows, 1) if any(cell.strip() for cell in row)]
    if len(rows) < 2:
        raise BadTable(f"{path} must hold a line of column names and a line for each case.")
    (_, names), *rows = rows
    names = [name.strip() for name in names]
    wanted = {"truth": truth, "score": score, "group": group, "cluster": cluster}
    at = {}
    for option, name in wanted.items():
        if name is None:
            continue
        if names.count(name) != 1:
            found = "no" if name not in names else "more than one"
            raise BadTable(
                f"{path} has {found} column {name!r}; --{option} names it, and there are: "
                f"{', '.join(names)[:200]}."
            )
        at[option] = names.index(name)
    kept, excluded = [], dict.fromkeys(("no reference standard", "no score"), 0)
    for line, row in rows:
        if len(row) != len(names):
            raise BadTable(
                f"{path}, line {line}: {len(row)} cells, but {len(names)} columns have a name."
            )
        cell = {option: row[column].strip() for option, column in at.items()}
        if not cell["truth"] or not cell["score"]:
            excluded["no score" if cell["truth"] else "no reference standard"] += 1
            continue
        if cell["truth"] not in ("0", "1"):
            raise BadTable(
                f"{path}, line {line}: {truth} must be 0 or 1, or empty, got {cell['truth']!r}."
            )
        cell["score"] = _score_in(cell["score"], separator, f"{path}, line {line}: {score}")
        kept.append(cell)
    if not kept:
        raise BadTable(f"{path} holds no case with both {truth} and {score}.")

    def column(option):
        return [cell[option] or "not said" for cell in kept] if option in at else None

    return {
        "y_true": [int(cell["truth"]) for cell in kept],
        "y_score": [cell["score"] for cell in kept],
        "groups": column("group"),
        # Who has no name of a patient is a patient of their own.
        "clusters": [cell["cluster"] or f"\0{i}" for i, cell in enumerate(kept)]
        if "cluster" in at
        else None,
        "excluded": {why: n for why, n in excluded.items() if n},
    }


def _score_in(text, separator, where):
    if separator == ";":
        text = text.replace(",", ".")
    try:
        number = float(text)
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise BadTable(f"{where} must be a finite number, or empty, got {text!r}.")
    return number


def main(arguments=None):
    """``python -m course_lib.report scores.csv --out report.html``; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m course_lib.report",
        description="A page on the accuracy of a diagnostic score, with intervals. It is made on "
        "this machine and nothing is sent anywhere.",
    )
    add = parser.add_argument
    add("scores", help="CSV file with a line of column names and a line for each case")
    add("--out", default="report.html", help="the page (default: report.html)")
    add("--truth", default="y_true", help="column of the truth, 0 or 1 (default: y_true)")
    add("--score", default="y_score", help="column of the score (default: y_score)")
    add("--group", help="column of groups, such as sex or hospital")
    add("--cluster", help="column of what belongs together, such as the patient of each film")
    add("--threshold", type=float, default=0.5, help="positive from this score on (default: 0.5)")
    add("--level", type=float, default=0.95, help="of the intervals (default: 0.95)")
    add("--title", default="Diagnostic accuracy")
    add("--ai", action="store_true", help="the items of STARD-AI in place of STARD 2015")
    options = parser.parse_args(arguments)
    columns = {name: getattr(options, name) for name in ("truth", "score", "group", "cluster")}
    try:
        cases = read_scores(options.scores, **columns)
        report = diagnostic_report(
            **cases,
            threshold=options.threshold,
            title=options.title,
            level=options.level,
            guideline="STARD-AI" if options.ai else "STARD 2015",
        )
        Path(options.out).write_text(report.to_html(), encoding="utf-8")
    except OSError as error:
        print(f"{options.out} cannot be written: {error.strerror}.", file=sys.stderr)
        return 1
    except ValueError as error:
        print(_in_columns(str(error), columns), file=sys.stderr)
        return 1
    print(f"{options.out}: {report!r}")
    return 0


def _in_columns(sentence, columns):
    """A sentence on arguments, said of the file's columns."""
    arguments = {"y_true": "truth", "y_score": "score", "groups": "group", "clusters": "cluster"}
    first, _, rest = sentence.partition(" ")
    return f"{columns[arguments[first]]} {rest}" if first in arguments else sentence


if __name__ == "__main__":
    sys.exit(main())
