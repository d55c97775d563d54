"""`course_lib.report`: numbers agree with the modules that compute them; the page stands alone."""

import base64
import itertools
import json
import re
import warnings
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from course_lib import calibration
from course_lib.metrics import ConfusionMatrix
from course_lib.report import (
    STARD,
    STARD_AI,
    ModelCard,
    Result,
    diagnostic_report,
    main,
    read_scores,
)
from course_lib.roc import RocCurve
from course_lib.validation import by_group
from tests.pages import Page


def random_cases(n=150, seed=0):
    rng = np.random.default_rng(seed)
    y_prob = rng.beta(0.6, 1.2, n).round(3)
    return (rng.random(n) < y_prob).astype(int), y_prob


Y_TRUE, Y_PROB = random_cases()
TEXTS = {
    "26": "One hospital only.",
    "10b": "Biopsy, read by two pathologists.",
    "12a": "Fixed before the study.",
}
REPORT = diagnostic_report(Y_TRUE, Y_PROB, 0.3, title="Risk of relapse", stard=TEXTS)
NUMBERS = REPORT.to_dict()
PAGE = REPORT.to_html()


# Numbers ----------------------------------------------------------------------------------------


def test_dictionary_survives_json():
    assert json.loads(json.dumps(NUMBERS, allow_nan=False)) == NUMBERS


def test_table_and_rates():
    matrix = ConfusionMatrix.from_labels(Y_TRUE, Y_PROB >= 0.3)
    assert ConfusionMatrix(**NUMBERS["table"]) == matrix
    assert (NUMBERS["n"], NUMBERS["disease"], NUMBERS["normal"]) == (
        len(Y_TRUE),
        Y_TRUE.sum(),
        (1 - Y_TRUE).sum(),
    )
    for name, rate in NUMBERS["rates"].items():
        assert rate["value"] == getattr(matrix, name)
        assert (rate["low"], rate["high"]) == matrix.interval(name)
    sensitivity = NUMBERS["rates"]["sensitivity"]
    assert sensitivity["successes"] / sensitivity["trials"] == sensitivity["value"]


def test_areas_and_curves():
    curve = RocCurve.from_scores(Y_TRUE, Y_PROB)
    auc = NUMBERS["auc"]
    assert (auc["value"], auc["se"]) == (curve.auc, curve.auc_se)
    assert (auc["low"], auc["high"]) == curve.auc_interval()
    ap = NUMBERS["average_precision"]
    assert ap["value"] == curve.average_precision()
    assert ap["low"] < ap["value"] < ap["high"]
    np.testing.assert_array_equal(NUMBERS["curve"]["tpr"], curve.tpr)
    np.testing.assert_array_equal(NUMBERS["curve"]["fpr"], curve.fpr)
    assert NUMBERS["curve"]["thresholds"][0] is None
    assert NUMBERS["curve"]["thresholds"][1:] == curve.thresholds[1:].tolist()
    assert NUMBERS["curve"]["precision"][0] is None
    np.testing.assert_array_equal(NUMBERS["roc_band"]["low"], curve.band().low)
    scores = NUMBERS["scores"]
    assert sum(scores["disease"]) == curve.n_disease
    assert sum(scores["normal"]) == curve.n_normal


def test_risks():
    risks = NUMBERS["risks"]
    assert risks["brier_score"] == calibration.brier_score(Y_TRUE, Y_PROB)
    bins = calibration.calibration_curve(Y_TRUE, Y_PROB)
    assert risks["calibration"]["observed"] == bins.observed.tolist()
    decisions = calibration.decision_curve(Y_TRUE, Y_PROB)
    assert risks["decision_curve"]["model"] == decisions.model.tolist()
    parts = risks["brier_decomposition"]
    assert parts == calibration.brier_decomposition(Y_TRUE, Y_PROB)._asdict()


def test_level_reaches_every_interval():
    narrow = diagnostic_report(Y_TRUE, Y_PROB, 0.3, level=0.5).to_dict()

    def width(numbers, *path):
        for key in path:
            numbers = numbers[key]
        return np.subtract(numbers["high"], numbers["low"])

    for path in (
        ("rates", "sensitivity"),
        ("rates", "positive_likelihood_ratio"),
        ("auc",),
        ("average_precision",),
        ("roc_band",),
        ("risks", "calibration"),
        ("risks", "decision_curve"),
    ):
        assert (width(narrow, *path) <= width(NUMBERS, *path)).all(), path
        assert (width(narrow, *path) < width(NUMBERS, *path)).any(), path


def test_long_curves_are_thinned_with_their_ends():
    y_true, y_score = random_cases(3000, 1)
    y_score = y_score + np.arange(3000) * 1e-9
    curve = diagnostic_report(y_true, y_score).to_dict()["curve"]
    assert len(curve["tpr"]) == 500
    assert (curve["tpr"][0], curve["tpr"][-1]) == (0, 1)
    assert (curve["fpr"][0], curve["fpr"][-1]) == (0, 1)


def test_the_dictionary_is_a_copy():
    REPORT.to_dict()["table"]["tp"] = -1
    assert REPORT.to_dict() == NUMBERS


# The page ---------------------------------------------------------------------------------------


def test_page_stands_alone():
    tags = Page(PAGE).tags
    assert not {tag for tag, _ in tags} & {"script", "link", "iframe", "object", "embed"}
    for _, attributes in tags:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "data"):
            assert attributes.get(name, "data:").startswith("data:")
    assert "@import" not in PAGE
    assert "url(" not in PAGE
    assert "://" not in re.sub(r"base64,[^\"]+", "", PAGE)


@pytest.mark.slow
def test_every_tag_is_closed_and_headings_go_down_one_by_one():
    for text, top in ((PAGE, 1), (REPORT._repr_html_(), 3)):
        page = Page(text)
        assert not page.open
        depths = [int(tag[1]) for tag, _ in page.headings]
        assert depths[0] == top
        assert depths.count(top) == 1
        assert all(after <= before + 1 for before, after in itertools.pairwise(depths))


def test_items_come_in_the_order_of_stard():
    shown = re.findall(r"STARD 2015, item (\w+)\)", PAGE)
    assert shown == ["10b", "12a", "14", "19", "23", "24", "26"]
    assert [item for item in STARD if item in shown] == shown
    sections = [text for tag, text in Page(PAGE).headings if tag == "h2"]
    assert sections == ["Methods", "Results", "Discussion", "Still to be written by the authors"]
    todo = re.findall(r"<li>(\w+): ", PAGE)
    assert sorted(todo + shown) == sorted(STARD)


@pytest.mark.slow
def test_a_complete_report_has_nothing_to_be_written():
    page = diagnostic_report(Y_TRUE, Y_PROB, stard=dict.fromkeys(STARD, "Said.")).to_html()
    assert "Still to be written" not in page
    assert re.findall(r"STARD 2015, item (\w+)\)", page) == list(STARD)


def test_stard_ai_is_stard_2015_and_fourteen_items_more():
    """As its abstract says: 18 new or modified items; 40 numbers, some with parts."""
    new = ["6", "11", "12", "13", "14", "15b", "15d", "23", "28", "29", "35", "39", "40a", "40b"]
    assert len({item.rstrip("abcd") for item in STARD_AI}) == 40
    assert len(STARD_AI) == len(STARD) + len(new)
    assert not [item for item in new if STARD_AI[item] in STARD.values()]
    modified = [item for item in STARD_AI if STARD_AI[item] not in STARD.values()]
    assert sorted(set(modified) - set(new), key=int) == ["1", "3", "7", "25"]
    assert len(set(STARD_AI.values()) & set(STARD.values())) == len(STARD) - 4
    # The test comes whole before the reference standard; all else keeps its order.
    older = {asked: item for item, asked in STARD.items()}
    shared = [older[asked] for asked in STARD_AI.values() if asked in older]
    moved = ["10a", "12a", "10b", "11", "12b"]
    at = shared.index("10a")
    assert shared[at : at + len(moved)] == moved
    kept = [item for item in shared if item not in moved]
    assert kept == [item for item in STARD if item in kept]


@pytest.mark.slow
def test_a_report_on_an_ai_has_the_numbers_of_stard_ai():
    texts = {"12": "Two cardiologists, twenty years each.", "23": "By sex and age."}
    report = diagnostic_report(Y_TRUE, Y_PROB, 0.3, stard=texts, guideline="STARD-AI")
    page = report.to_html()
    shown = re.findall(r"STARD-AI, item (\w+)\)", page)
    assert shown == ["12", "15c", "18", "23", "24", "30", "31"]
    todo = re.findall(r"<li>(\w+): ", page)
    assert sorted(todo + shown) == sorted(STARD_AI)
    # The same numbers stand in it.
    numbers = report.to_dict()
    assert numbers["guideline"] == "STARD-AI"
    assert {key: numbers[key] for key in ("auc", "rates")} == {
        key: NUMBERS[key] for key in ("auc", "rates")
    }


def test_what_the_authors_wrote_is_shown():
    for text in TEXTS.values():
        assert f"<p>{text}</p>" in PAGE
    assert PAGE.index("Fixed before the study.") < PAGE.index("score is at least 0.3.")


def test_figures_are_pictures_with_alternative_text():
    images = [attributes for tag, attributes in Page(PAGE).tags if tag == "img"]
    alts = [image["alt"] for image in images]
    assert len(images) == 5
    assert all(len(alt) > 30 for alt in alts)
    auc = NUMBERS["auc"]
    assert f"area {auc['value']:.3f} [{auc['low']:.3f}, {auc['high']:.3f}]" in alts[1]
    for image in images:
        kind, data = image["src"].split(",")
        assert kind == "data:image/svg+xml;base64"
        assert ElementTree.fromstring(base64.b64decode(data)).tag.endswith("svg")


def test_rates_are_on_the_page():
    rate = NUMBERS["rates"]["sensitivity"]
    row = (
        f"sensitivity (靈敏度)</th><td>{rate['successes']}/{rate['trials']}</td>"
        f"<td>{rate['value']:.3f}</td><td>{rate['low']:.3f} to {rate['high']:.3f}</td>"
    )
    assert row in PAGE


@pytest.mark.slow
def test_the_same_cases_give_the_same_bytes():
    again = diagnostic_report(Y_TRUE, Y_PROB, 0.3, title="Risk of relapse", stard=TEXTS)
    assert again.to_html() == PAGE
    assert repr(again) == repr(REPORT)


@pytest.mark.slow
def test_text_is_escaped():
    report = diagnostic_report(
        Y_TRUE, Y_PROB, title="<script>alert(1)</script>", stard={"3": "<img src=x onerror=y> & co"}
    )
    for page in (report.to_html(), report._repr_html_()):
        assert "<script" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;" in page
        assert "&lt;img src=x onerror=y&gt; &amp; co" in page


def test_text_form():
    auc = NUMBERS["auc"]
    assert repr(REPORT) == (
        f"DiagnosticReport('Risk of relapse': {Y_TRUE.sum()} diseased, {(1 - Y_TRUE).sum()} "
        f"normal, AUC {auc['value']:.3f} [{auc['low']:.3f}, {auc['high']:.3f}])"
    )


# Scores that are not risks, and undefined rates -------------------------------------------------


def test_scores_that_are_no_risks():
    report = diagnostic_report(Y_TRUE, 10 * Y_PROB - 3, 0.0)
    assert report.to_dict()["risks"] is None
    page = report.to_html()
    assert "calibration does not apply" in page
    assert page.count("<img") == 3


@pytest.mark.slow
@pytest.mark.parametrize("threshold", [2.0, -1.0, np.inf, -np.inf])
def test_a_threshold_beyond_all_scores(threshold):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = diagnostic_report(Y_TRUE, Y_PROB, threshold)
        numbers, page = report.to_dict(), report.to_html()
    json.dumps(numbers, allow_nan=False)
    undefined = "ppv" if threshold > 0 else "npv"
    assert numbers["rates"][undefined]["value"] is None
    assert "undefined" in page
    assert "nan" not in re.sub(r"base64,[^\"]+", "", page)


@pytest.mark.slow
def test_what_is_infinite_is_not_undefined():
    """Without a false positive, the positive likelihood ratio has a lower limit alone."""
    page = diagnostic_report([0, 0, 0, 1, 1], [0.1, 0.2, 0.3, 0.2, 0.9], 0.8).to_html()
    ratio = ConfusionMatrix(tp=1, fn=1, fp=0, tn=3).interval("positive_likelihood_ratio")
    row = f"positive likelihood ratio</th><td></td><td>∞</td><td>{ratio[0]:.3f} to ∞</td>"
    assert row in page


def test_methods_that_are_named_are_those_that_were_used():
    said = re.search(r"intervals: Wilson.*?</p>", PAGE)[0]
    assert "bootstrap" not in said
    assert "log method" not in said


@pytest.mark.slow
def test_perfect_and_constant_scores():
    for y_score in (Y_TRUE, np.full(len(Y_TRUE), 0.5), 1 - Y_TRUE):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            report = diagnostic_report(Y_TRUE, y_score)
            assert "</html>" in report.to_html()
        auc = report.to_dict()["auc"]
        assert auc["low"] < auc["high"]


@pytest.mark.slow
def test_two_cases():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = diagnostic_report([0, 1], [0.2, 0.7])
        assert "</html>" in report.to_html()
    assert report.to_dict()["auc"]["se"] is None


# Bad input --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([1, 1], [0.1, 0.2]), {}, "y_true must hold both classes"),
        (([0, 1], [0.1, np.nan]), {}, "y_score must be finite"),
        (([0, 1], [0.1, np.inf]), {}, "y_score must be finite"),
        (([0, 1, 1], [0.1, 0.2]), {}, "y_true, y_score must have the same length"),
        (([0, 1], [0.1, 0.2], np.nan), {}, "threshold must not be NaN"),
        (([0, 1], [0.1, 0.2], "high"), {}, "threshold must be a number"),
        (([0, 1], [0.1, 0.2]), {"level": 1}, "level must"),
        (([0, 1], [0.1, 0.2]), {"stard": {"10": "x"}}, "stard must be keyed by item numbers"),
        (([0, 1], [0.1, 0.2]), {"stard": {3: "x"}}, "stard must be keyed by item numbers"),
        (([0, 1], [0.1, 0.2]), {"stard": {"15b": "x"}}, "item numbers of STARD 2015"),
        (
            ([0, 1], [0.1, 0.2]),
            {"guideline": "STARD"},
            "guideline must be one of STARD 2015, STARD",
        ),
    ],
)
def test_bad_input(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        diagnostic_report(*arguments, **options)


# Model card -------------------------------------------------------------------------------------

ANSWERS = {
    "index_test": "A network, version 3; positive from 0.4 on, fixed beforehand.",
    "intended_use": "Triage.\n    Not for children.",
    "development": "Ten hospitals.",
    "population": "An eleventh.",
    "reference_standard": "Biopsy <of all>.",
    "results": [("sensitivity", 0.9, 0.8, 0.95, "36/40"), Result("specificity", 1.0, 0.97, 1.0)],
    "groups": "Women and men; age is not known.",
    "limits": "Other scanners.",
}


def test_card_says_what_was_answered_in_order():
    rows = ModelCard(**ANSWERS).rows()
    assert [question for question, _ in rows] == [
        *("Index test", "Intended use", "Development", "Population", "Reference standard"),
        *("Results", "Groups", "Limits"),
    ]
    said = dict(rows)
    assert said["Intended use"] == "Triage. Not for children."
    assert said["Results"] == (
        "sensitivity 0.900 [0.800, 0.950] (36/40); specificity 1.000 [0.970, 1.000]"
    )
    card = ModelCard(**ANSWERS)
    assert repr(card).splitlines()[4] == "Reference standard: Biopsy <of all>."
    text = Page(card._repr_html_()).text
    assert all(part in text for row in rows for part in row)


@pytest.mark.parametrize("field", [name for name in ANSWERS if name != "results"])
@pytest.mark.parametrize("nothing", ["", " \n", "...", "…", "TODO", "n/a", "-", None, 3])
def test_card_refuses_an_empty_field(field, nothing):
    with pytest.raises(ValueError, match=rf"^{field} must say something, got "):
        ModelCard(**ANSWERS | {field: nothing})


def test_card_refuses_results_without_intervals():
    with pytest.raises(ValueError, match="results must hold at least one result"):
        ModelCard(**ANSWERS | {"results": []})
    for low, high in ((0.95, 0.99), (float("nan"), float("nan"))):
        with pytest.raises(ValueError, match="results: AUC must lie in its interval"):
            ModelCard(**ANSWERS | {"results": [("AUC", 0.9, low, high)]})


def test_card_asks_for_every_field():
    for field in ANSWERS:
        rest = {name: answer for name, answer in ANSWERS.items() if name != field}
        with pytest.raises(TypeError, match=field):
            ModelCard(**rest)


# Groups, clusters, exclusions -------------------------------------------------------------------


@pytest.mark.slow
def test_groups_are_those_of_by_group():
    groups, patients = np.arange(150) % 3, np.arange(150) // 2
    report = diagnostic_report(Y_TRUE, Y_PROB, 0.3, groups=groups, clusters=patients)
    peer = by_group(Y_TRUE, Y_PROB, groups, 0.3, clusters=patients)
    found = report.to_dict()["groups"]
    json.dumps(report.to_dict(), allow_nan=False)
    assert (found["reference"], found["comparisons"]) == ("0", 12)
    for row, other in zip(found["rows"], peer.rows, strict=True):
        assert row["value"] == other.value
        assert row["interval"] == list(other.interval)
    page = report.to_html()
    row = peer.row("1", "sensitivity")
    low, high = row.adjusted_interval
    assert f"<td>{row.difference:+.3f}</td>" in page
    assert f"<td>{low:+.3f} to {high:+.3f}</td>" in page
    assert "12 differences: where nothing differs, 0.6 of their intervals" in page
    assert "150 cases are of 75 patients or other clusters" in page
    assert not Page(page).open


def test_calibration_is_on_the_page():
    risks = NUMBERS["risks"]
    for name in ("observed_expected", "intercept", "slope"):
        inner = np.clip(Y_PROB, 0.001, 0.999)
        numbers = diagnostic_report(Y_TRUE, inner, 0.3).to_dict()["risks"][name]
        peer = getattr(calibration, name)(Y_TRUE, inner)
        assert (numbers["value"], numbers["low"], numbers["high"]) == (peer.value, *peer.interval)
    assert (risks["slope"]["value"] is None) == (Y_PROB.min() == 0)
    assert "calibration slope" in PAGE


def test_the_flow_goes_down_to_the_cases():
    left = {"no biopsy": 12, "<b>unreadable</b>": 3}
    page = diagnostic_report(Y_TRUE, Y_PROB, excluded=left).to_html()
    text = Page(page).text
    at = [text.index(part) for part in ("165", "no biopsy", "−12", "153", "−3", "150 cases")]
    assert at == sorted(at)
    assert "<b>unreadable" not in page


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"groups": ["a", "a"]}, "groups must hold at least two groups"),
        ({"groups": ["a"]}, "must have the same length"),
        ({"clusters": [1]}, "y_true, clusters must have the same length"),
        ({"excluded": {"why": -1}}, r"excluded\['why'\] must not be negative"),
        ({"excluded": {"why": 1.5}}, r"excluded\['why'\] must be a whole number"),
    ],
)
def test_bad_groups_and_exclusions(options, message):
    with pytest.raises(ValueError, match=message):
        diagnostic_report([0, 1], [0.1, 0.9], **options)


# The command ------------------------------------------------------------------------------------


def run(tmp_path, content, *options):
    """Status of the command over a file of that content, and its page if there is one."""
    file, out = tmp_path / "scores.csv", tmp_path / "report.html"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    status = main([str(file), "--out", str(out), *options])
    return status, out.read_text(encoding="utf-8") if out.exists() else None


PLAIN = "patient,sex,y_true,y_score\n1,F,0,0.1\n1,F,0,0.4\n2,M,1,0.35\n3,M,0,0.2\n4,F,1,0.8\n"
#: As Excel writes it where the decimal sign is a comma.
EXCEL = "\ufeff" + PLAIN.replace(",", ";").replace(".", ",").replace("\n", "\r\n")


@pytest.mark.parametrize("content", [PLAIN, EXCEL, PLAIN.replace(",", "\t"), PLAIN + "\n ,,,\n"])
@pytest.mark.slow
def test_command_makes_the_page_of_the_library(tmp_path, capsys, content):
    status, page = run(tmp_path, content, "--group", "sex", "--cluster", "patient", "--title", "T")
    assert status == 0
    peer = diagnostic_report(
        [0, 0, 1, 0, 1],
        [0.1, 0.4, 0.35, 0.2, 0.8],
        title="T",
        groups=list("FFMMF"),
        clusters=[1, 1, 2, 3, 4],
    )
    assert page == peer.to_html()
    assert repr(peer) in capsys.readouterr().out


def test_command_counts_in_the_numbers_of_stard_ai(tmp_path):
    _, page = run(tmp_path, PLAIN, "--ai")
    assert "(STARD-AI, item 31)" in page
    assert "STARD 2015" not in page


def test_command_counts_what_it_left_out(tmp_path):
    status, page = run(tmp_path, PLAIN + "5,F,,0.3\n6,F,1,\n7,M,0,\n")
    assert status == 0
    text = Page(page).text
    assert text.index("no reference standard") < text.index("−1") < text.index("no score")
    assert "−2" in text


def test_what_stands_in_a_cell_is_text(tmp_path):
    evil = PLAIN.replace("M", '"<script>alert(1)</script>"')
    status, page = run(tmp_path, evil, "--group", "sex", "--title", "<img src=x>")
    assert status == 0
    assert "<script" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;" in page


def test_patients_without_a_name_are_not_one_patient(tmp_path):
    _, page = run(tmp_path, PLAIN.replace("\n1,", "\n,"), "--cluster", "patient")
    assert "or other clusters" not in page


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        ("", (), "must hold a line of column names and a line for each case"),
        ("y_true,y_score\n", (), "must hold a line of column names"),
        ("truth,y_score\n1,2\n", (), "has no column 'y_true'; --truth names it"),
        ("y_true,y_true,y_score\n1,1,2\n", (), "has more than one column 'y_true'"),
        (PLAIN, ("--group", "age"), "has no column 'age'; --group names it"),
        ("y_true,y_score\nyes,0.2\n", (), "line 2: y_true must be 0 or 1, or empty, got 'yes'"),
        ("y_true,y_score\n1,0.2\n0,high\n", (), "line 3: y_score must be a finite number"),
        ("y_true,y_score\n1,0.2\n0,nan\n", (), "line 3: y_score must be a finite number"),
        ("y_true,y_score\n1,0.2,7\n", (), "line 2: 3 cells, but 2 columns have a name"),
        ("y_true,y_score\n1,0.2\n1,0.4\n", (), "y_true must hold both classes"),
        ("y_true,y_score\n,0.2\n1,\n", (), "holds no case with both"),
        (PLAIN.replace("M", "F"), ("--group", "sex"), "sex must hold at least two groups"),
        (PLAIN, ("--threshold", "nan"), "threshold must"),
        (PLAIN, ("--level", "2"), "level must"),
        (b"y_true,y_score\n1,\xff\n", (), "is no CSV file in UTF-8"),
        ('y_true,y_score\n1,"0.2\n', (), "is no CSV file"),
        (b"PK\x03\x04\x00\x00", (), "is no CSV file|must hold a line"),
    ],
)
def test_a_wrong_file_gets_one_sentence(tmp_path, capsys, content, options, said):
    status, page = run(tmp_path, content, *options)
    out, err = capsys.readouterr()
    assert (status, page, out) == (1, None, "")
    assert re.search(said, err), err
    assert err.count("\n") == 1
    assert err.endswith(".\n")


@pytest.mark.slow
def test_a_file_that_is_not_there(tmp_path, capsys):
    assert main([str(tmp_path / "none.csv")]) == 1
    assert "none.csv cannot be read: No such file" in capsys.readouterr().err
    (tmp_path / "scores.csv").write_text(PLAIN)
    assert main([str(tmp_path / "scores.csv"), "--out", str(tmp_path / "no" / "r.html")]) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_readme_shows_the_command():
    root = Path(__file__).parents[1]
    readme = (root / "README.md").read_text(encoding="utf-8")
    [line] = re.findall(r"python -m course_lib\.report (.+)", readme)
    arguments = line.partition("#")[0].split()
    assert (root / arguments[0]).exists()
    cases = read_scores(root / arguments[0], group=arguments[arguments.index("--group") + 1])
    assert len(cases["y_true"]) > 500
