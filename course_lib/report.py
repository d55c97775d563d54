"""What a reader of a diagnostic test may demand: the page of STARD 2015, and a model card."""

import html
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from . import figures
from ._html import figure_uri, page, picture, scrolling, table
from ._undefined import undefined_unsaid
from ._validation import as_binary, as_level, as_scores, both_classes, same_length
from .calibration import (
    brier_decomposition,
    brier_score,
    calibration_curve,
    decision_curve,
)
from .metrics import NAMES
from .roc import RocCurve

_CHECKLIST = {
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
#: What STARD 2015 asks for (Bossuyt et al., BMJ 351:h5527), by item number, in few words.
STARD = {item: asked for items in _CHECKLIST.values() for item, asked in items.items()}

_RATES = (*NAMES, "positive_likelihood_ratio", "negative_likelihood_ratio")
_MOST_POINTS = 500
_STYLE = """<style>
.report { max-width: 46rem; }
.report img { width: 100%; max-width: 30rem; height: auto; }
.report table { border-collapse: collapse; width: auto; }
.report :is(th, td) { border: 1px solid; padding: .2rem .6rem; text-align: end; }
.report :is(th[scope=row], caption, .text td) { text-align: start; }
.report .scrolls { overflow-x: auto; }
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
        for section, items in _CHECKLIST.items():
            bodies = {item: _body(c, item) for item in items}
            if any(bodies.values()):
                parts.append(heading(1, section))
            for item, body in bodies.items():
                if body:
                    asked = f"{items[item]} <small>(STARD {item})</small>"
                    parts += [heading(2, asked), body]
        missing = [item for item in STARD if item not in _COMPUTED and item not in c["stard"]]
        if missing:
            todo = "".join(f"<li>{item}: {STARD[item]}</li>" for item in missing)
            parts.append(heading(1, "Still to be written by the authors") + f"<ul>{todo}</ul>")
        return f'<div class="report">{_STYLE}{"".join(parts)}</div>'


def diagnostic_report(
    y_true, y_score, threshold=0.5, *, title="Diagnostic accuracy", stard=None, level=0.95
):
    """Everything that a report on a diagnostic score must state, in the order of STARD 2015.

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
        ``{"10b": "Biopsy, read by two pathologists."}``. See `STARD`.
    level : float, default 0.95
        Of all intervals.

    Returns
    -------
    DiagnosticReport
        With ``to_dict()`` and ``to_html()``.

    Raises
    ------
    ValueError
        For one class only, NaN or infinite scores, different lengths, a NaN threshold, or an
        unknown item.
    """
    y_true, y_score = as_binary(y_true, "y_true"), as_scores(y_score, "y_score")
    same_length(y_true=y_true, y_score=y_score)
    both_classes(y_true)
    stard = dict(stard or {})
    unknown = [item for item in stard if item not in STARD]
    if unknown:
        raise ValueError(f"stard must be keyed by item numbers such as '10a', got {unknown[0]!r}.")
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
        "stard": {item: str(text) for item, text in stard.items()},
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
        "calibration": calibration_curve(y_true, y_prob, level=level)._asdict(),
        "decision_curve": decision_curve(y_true, y_prob, level=level)._asdict(),
    }


def _histogram(y_true, y_score):
    edges = np.histogram_bin_edges(y_score, bins=25)
    disease, normal = (np.histogram(y_score[kind], edges)[0] for kind in (y_true, ~y_true))
    return {"edges": edges, "disease": disease, "normal": normal}


def _json_values(value):
    """Plain Python values; NaN and infinity, which JSON lacks, become None."""
    if isinstance(value, dict):
        return {key: _json_values(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return [_json_values(item) for item in value.tolist()]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


# What the page shows


def _body(c, item):
    """What the authors wrote on an item, then what the numbers say."""
    written = f"<p>{html.escape(c['stard'][item])}</p>" if item in c["stard"] else ""
    return written + "".join(show(c) for show in _COMPUTED.get(item, ()))


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
        "cases (Boyd); for the band around the ROC curve, Kolmogorov–Smirnov (simultaneous).</p>"
    )


def _flow(c):
    return (
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
    )


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
_COMPUTED = {
    "12a": (_rule,),
    "14": (_methods,),
    "19": (_flow,),
    "23": (_cross_table, _score_figure),
    "24": (_rate_table, _roc_figure, _pr_figure, _calibration_figure, _decision_figure),
}
