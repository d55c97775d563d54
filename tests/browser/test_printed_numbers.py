"""Whatever a widget prints can be recomputed from what it shows, at every position of its controls.

The widgets stand alone on an empty page; no built book is needed. What is checked is the text that
a reader sees: counts must add up, rates must be those of the counts beside them, and what is called
the least must be the least.
"""

import functools
import math
import re
from fractions import Fraction

import numpy as np
import pytest

from course_lib import datasets, metrics
from tests.widget_samples import SAMPLES, positions

#: Renders a widget as a notebook does, brings it into each state, and reads what is shown.
_READ = """
async ([source, data, first, states]) => {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const { render } = (await import(url)).default;
  const el = document.createElement("div"), values = { data, state: first }, heard = {};
  render({ el, model: {
    get: (name) => values[name], set: (name, value) => { values[name] = value; },
    save_changes() {}, on: (name, act) => { heard[name] = act; },
  } });
  const all = (css) => [...el.querySelectorAll(css)];
  return states.map((state) => {
    values.state = state;
    heard["change:state"]();
    return {
      state,
      cells: Object.fromEntries(all("[data-cell]").map((e) => [e.dataset.cell, e.textContent])),
      controls: Object.fromEntries(all("label[for]").map((label) => {
        const input = el.querySelector(`#${label.htmlFor}`);
        return [label.textContent, input.getAttribute("aria-valuetext")
          ?? input.options[input.selectedIndex].textContent];
      })),
      lines: all("p").map((e) => e.textContent),
      heads: all("th").map((e) => e.textContent),
      labels: all("[aria-label]").map((e) => e.getAttribute("aria-label")),
      marks: all("[data-ok]").map((e) => e.dataset.ok),
    };
  });
}
"""


def number(text):
    return Fraction(text.replace(",", ""))


def is_rounded(text, value, digits):
    """Whether a number as text is that value, to so many digits after the point."""
    return abs(number(text) - value) <= Fraction(1, 2 * 10**digits)


def is_percent(text, value):
    """Whether a share as text is that value; nearly certain is not called certain."""
    if text == "> 99.9%":
        return Fraction(9995, 10000) <= value < 1
    if text == "< 0.1%":
        return 0 < value <= Fraction(5, 10000)
    return is_rounded(text.removesuffix("%"), 100 * value, 1)


def found(pattern, shown):
    """The groups of the one line of the widget that the pattern describes."""
    [match] = filter(None, (re.search(pattern, line) for line in shown["lines"]))
    return match.groups()


def counts_of(shown):
    return {name: int(number(text)) for name, text in shown["cells"].items()}


_SHARE = r"([<>]? ?[\d.]+%|undefined)"


def _prevalence(shown, data):
    n = counts_of(shown)
    tp, fp, fn, tn = (n[name] for name in ("tp", "fp", "fn", "tn"))
    [people] = (number(text[3:]) for text in shown["heads"] if text.startswith("of "))
    assert sum(n.values()) == people
    ppv, positive, right = found(rf"PPV {_SHARE} \(solid\): of ([\d,]+) .*?, ([\d,]+) are", shown)
    assert (number(positive), number(right)) == (tp + fp, tp)
    assert is_percent(ppv, Fraction(tp, tp + fp))
    npv, negative, right = found(rf"NPV {_SHARE} \(dashed\): of ([\d,]+) .*?, ([\d,]+) are", shown)
    assert (number(negative), number(right)) == (fn + tn, tn)
    assert is_percent(npv, Fraction(tn, fn + tn))
    # The sliders' numbers are exact, and so are the people's.
    for name, share in (
        ("Sensitivity", Fraction(tp, tp + fn)),
        ("Specificity", Fraction(tn, tn + fp)),
        ("Prevalence", (tp + fn) / people),
    ):
        assert number(shown["controls"][name].removesuffix("%")) == 100 * share


@functools.cache
def _least_cost(cost):
    """Of every threshold on the worst radius, in alarms: each value itself, and none positive."""
    masses = datasets.breast_masses()
    radius = masses.X[:, masses.feature_names.index("worst radius")]
    ill = masses.y_true == 1
    return min(
        cost * int((radius[ill] < t).sum()) + int((radius[~ill] >= t).sum())
        for t in (*np.unique(radius), math.inf)
    )


def _threshold(shown, data):
    n = counts_of(shown)
    patients = sum(n.values())
    rates = found(rf"Sensitivity {_SHARE}, specificity {_SHARE}, PPV {_SHARE}\.", shown)
    for text, part, rest in zip(
        rates, (n["tp"], n["tn"], n["tp"]), (n["fn"], n["fp"], n["fp"]), strict=True
    ):
        if part + rest:
            assert is_percent(text, Fraction(part, part + rest))
        else:
            assert text == "undefined"
    cost = number(shown["controls"]["One miss costs"].split()[0])
    here, least, at = found(r"cost ([\d,]+) alarms .*; the least is ([\d,]+), at ([\d.]+)\.", shown)
    assert is_rounded(here, 1000 * (cost * n["fn"] + n["fp"]) / patients, 0)
    assert is_rounded(least, 1000 * _least_cost(cost) / patients, 0)
    if shown["controls"]["Threshold"] == at:
        assert here == least


def _confusion(shown, data):
    n = {name: int(shown["cells"][name]) for name in ("TP", "FN", "FP", "TN")}
    for name, _, formula in data["names"]:
        part, whole = (re.findall("[A-Z]{2}", half) for half in formula.split("/"))
        part, whole = (sum(n[cell] for cell in half) for half in (part, whole))
        text = shown["cells"][name]
        assert is_rounded(text, Fraction(part, whole), 2) if whole else text == "undefined"


def _consensus(shown, data):
    ill, normal, patients = (
        number(text.split(" of ")[1]) for text in shown["heads"] if " of " in text
    )
    assert ill + normal == patients
    said = found(r"wrong about ([\d,]+) of ([\d,]+) patients, one reader about ([\d,]+)\.", shown)
    assert said[1] == f"{data['patients']:,}"
    for who, wrong in (("one", said[2]), ("panel", said[0])):
        missed, alarms, total = (
            int(number(shown["cells"][f"{who} {what}"])) for what in ("missed", "alarms", "wrong")
        )
        assert missed + alarms == total == number(wrong)
        for what, errors, of in (("found", missed, ill), ("cleared", alarms, normal)):
            text = shown["cells"][f"{who} {what}"]
            if text == "> 0.99":
                assert errors <= Fraction(5, 1000) * of + Fraction(1, 2)
            elif text == "< 0.01":
                assert of - errors <= Fraction(5, 1000) * of + Fraction(1, 2)
            else:
                assert is_rounded(text, 1 - Fraction(errors) / of, 2)


def _decoding(shown, data):
    table = np.array(list(counts_of(shown).values())).reshape(4, 4)
    right = Fraction(int(np.trace(table)), int(table.sum()))
    accuracy, cases, low, high, chance = found(
        rf"Accuracy {_SHARE} of (\d+) gratings, .* {_SHARE} to {_SHARE}; chance is {_SHARE}\.",
        shown,
    )
    assert int(cases) == table.sum()
    assert is_percent(accuracy, right)
    assert is_percent(chance, Fraction(1, len(table)))
    assert number(low.strip("<>% ")) <= number(accuracy.strip("%")) <= number(high.strip("<>% "))


def _depth(shown, data):
    depth = int(shown["controls"]["Depth"].split()[0])
    order = ("One", "Two", "Three").index(shown["controls"]["Excitation"].split()[0]) + 1
    left, energy, ratio = found(
        r"power, (.+) of the signal is left; .* be (.+) times stronger\. .*background: (.+?)\. ",
        shown,
    )
    [line] = (line for line in shown["lines"] if "At constant power" in line)
    if energy[0].isdigit():
        assert ("can still make up" in line) == (number(energy) <= data["turn_up"])
    else:
        assert "the picture fades" in line
    if left[0].isdigit() and energy[0].isdigit():
        # The signal falls with the power of the light that the order says.
        assert float(left) * float(number(energy)) ** order == pytest.approx(1, rel=0.06 * order)
    limit = re.search(r"background wins below (\d+) µm", line)
    shallow = limit is not None and depth <= int(limit[1])
    assert (ratio[0].isdigit() and number(ratio) >= 1) == shallow


def _embedding(shown, data):
    selected, limit = shown["state"]["selected"], data["thresholds"][shown["state"]["threshold"]]
    assert shown["controls"]["Accept up to"] == f"{limit / 100:.2f}"
    d, kind = np.array(data["distances"]), np.array(data["classes"])
    same = (kind == kind[selected]) & (np.arange(len(kind)) != selected)
    accepted = d[selected] <= limit
    assert tuple(map(int, found(r"accepts (\d+) of (\d+) of its own kind and (\d+)", shown))) == (
        (same & accepted).sum(),
        same.sum(),
        (accepted & (kind != kind[selected])).sum(),
    )
    pairs = np.triu_indices(len(kind), k=1)
    alike, near = (kind[:, None] == kind)[pairs], (d <= limit)[pairs]
    rates = found(rf"map: {_SHARE} of the same accepted, {_SHARE} of the strangers", shown)
    for text, group in zip(rates, (alike, ~alike), strict=True):
        assert is_percent(text, Fraction(int(near[group].sum()), int(group.sum())))


def _epochs(shown, data):
    f1, tp, fn, fp = found(r"F1 of cells ([\d.]+) \((\d+) found, (\d+) missed, (\d+) ", shown)
    tp, fn, fp = int(tp), int(fn), int(fp)
    assert is_rounded(f1, Fraction(2 * tp, 2 * tp + fp + fn), 2)


def _guess(shown, data):
    ask = r"([\d.]+%) sensitive.* ([\d.]+%) specific.*\. ([\d,]+) of ([\d,]+) people are ill"
    sensitivity, specificity, *counts = found(ask, shown)
    sensitivity, specificity = (number(text[:-1]) / 100 for text in (sensitivity, specificity))
    ill, people = map(number, counts)
    [crowd] = (label for label in shown["labels"] if label.startswith(counts[1]))
    if not shown["state"]["shown"]:
        assert crowd.endswith("look alike")
        assert not any("false alarms" in line for line in shown["lines"])
        return
    parts = r"; ([\d,]+) ill and positive, ([\d,]+) missed, ([\d,]+) false alarms, ([\d,]+) cleared"
    tp, fn, fp, tn = map(number, re.search(parts, crowd).groups())
    assert (tp + fn, tp + fn + fp + tn) == (ill, people)
    assert (tp, tn) == (sensitivity * ill, specificity * (people - ill))
    positive, right, ppv, said = found(
        rf"([\d,]+) are positive, and ([\d,]+) of these are ill: {_SHARE}\. You said {_SHARE}",
        shown,
    )
    assert (number(positive), number(right)) == (tp + fp, tp)
    assert is_percent(ppv, tp / (tp + fp))
    assert said == shown["controls"]["My guess"]
    off = number(said[:-1]) - 100 * tp / (tp + fp)
    if round(off):
        points, way = found(r"([\d]+) points? too (high|low)", shown)
        assert (number(points), way) == (abs(round(off)), "high" if off > 0 else "low")
    alarms, share, healthy = found(rf"are ([\d,]+) false alarms, {_SHARE} of ([\d,]+) hea", shown)
    assert (number(alarms), number(healthy)) == (fp, fp + tn)
    assert is_percent(share, fp / (fp + tn))


def _learning_rate(shown, data):
    at = shown["state"]
    walk = data["walks"][at["optimizer"]][at["rate"]]
    pattern = (
        r"loss (.+), the lowest possible is ([\d.]+)\. After 40 steps (over 100|[\d.]+): (.+)\."
    )
    loss, lowest, last, verdict = found(pattern, shown)
    values = [math.inf if text == "over 100" else float(text) for text in walk["loss"]]
    assert (loss, last) == (walk["loss"][at["step"]], walk["loss"][-1])
    assert min(values) >= float(lowest)
    assert ("farther" in verdict) == (values[-1] > values[0])
    if "straight" in verdict or "wall to wall" in verdict:
        assert values == sorted(values, reverse=True)


def _overlap(shown, data):
    shared, union, iou = found(r"Shared: (\d+) .*Together: (\d+) .*IoU ([\d.]+)", shown)
    value = Fraction(int(shared), int(union))
    assert is_rounded(iou, value, 3)
    [verdict] = (line for line in shown["lines"] if "a hit" in line or "a miss" in line)
    for sign, threshold in re.findall(r"(✓|✗) a \w+ at ([\d.]+)", verdict):
        assert (
            (sign == "✓")
            == (value >= Fraction(threshold))
            == (Fraction(iou) >= Fraction(threshold))
        )


def _suppression(shown, data):
    kept, boxes, right, alarms, missed, nuclei = map(
        int,
        found(r"(\d+) of (\d+) boxes .* (\d+) right, (\d+) false .*; (\d+) of (\d+) nuclei", shown),
    )
    assert kept == right + alarms <= boxes
    assert right + missed == nuclei


def _signed(text):
    return float(text.replace("−", "-"))


def _reader_study(shown, data):
    again, study = shown["state"]["again"], shown["state"]["study"]
    number_of, who, mean, ahead, so_far = found(
        r"^Study (\d+): (.+); difference (.\d\.\d{3})\. .* ahead in (\d+) of (\d+) stud", shown
    )
    assert int(number_of) == int(so_far) == study + 1 == int(shown["controls"]["Studies"])
    dots = data["differences"][again][study]
    assert mean == shown["cells"]["mean"]
    assert _signed(mean) == pytest.approx(np.mean(dots), abs=6e-4)
    means = np.mean(data["differences"][again][: study + 1], axis=1)
    assert int(ahead) == (means > 0).sum()
    if study:
        assert float(shown["cells"]["spread"]) == pytest.approx(means.std(ddof=1), abs=6e-4)
    else:
        assert shown["cells"]["spread"] == "undefined"
    assert _signed(shown["cells"]["original"]) == pytest.approx(np.mean(data["original"]), abs=6e-4)
    # Readers who were drawn bring their own difference, if the cases are the same.
    assert ("other cases" in who) == (again > 0)
    drawn = [int(digit) - 1 for digit in re.findall(r"\d+", who)]
    if again == 0:
        assert dots == [data["original"][reader] for reader in drawn]
    assert len(drawn) == (0 if again == 1 else len(dots))


def _retinotopy(shown, data):
    area, lesion, blind = found(r"has ([\d.]+) mm² .* ([\d.]+) mm leaves .* ([\d.]+)° wide", shown)
    assert blind == f"{float(f'{float(lesion) / math.sqrt(float(area)):.3g}'):g}"


def _architecture(shown, data):
    channels, height, width = shown["cells"]["shape"].split(" × ")
    assert height == width
    step, last = map(int, found(r"Step (\d+) of (\d+), level \d+: .+\. ", shown))
    assert step <= last == len(data["networks"][shown["state"]["network"]]["steps"]) - 1
    steps = data["networks"][shown["state"]["network"]]["steps"]
    _, _, _, after, size, parameters, field = steps[step]
    assert (int(channels), int(height)) == (after, size)
    assert number(shown["cells"]["parameters"]) == parameters
    assert shown["cells"]["field"] == f"{field} × {field}"
    if shown["state"]["network"] == len(data["networks"]) - 1:
        _maps(shown, data["maps"], step)


def _maps(shown, maps, step):
    before, now = (way[step] for way in (maps["steps"][0], maps["steps"][shown["state"]["skips"]]))
    if "field" in now:
        boxes = found(r"Blue: the (\d+) × (\d+) pixels .*, from (\d+) × (\d+) pixels\.", shown)
        assert [int(side) for side in boxes] == [*_sides(now["field"]), *_sides(now["most"])]
    else:
        found(r"No pixel moves the unit", shown)
    if shown["state"]["skips"]:
        [share] = found(rf"and {_SHARE} of the answer's pixels change sides", shown)
        assert is_percent(share, Fraction(str(maps["answers"][1]["changed"])))
        differs = "most" in now and _sides(now["most"]) != _sides(before["most"])
        assert any("now it comes from" in line for line in shown["lines"]) == differs
    named = [re.match(r"channel (\d+)", line) for line in shown["lines"]]
    for channel in now["channels"]:
        assert any(match and int(match[1]) == channel for match in named)


def _sides(box):
    left, top, right, bottom = box
    return [right - left, bottom - top]


def _attribution(shown, data):
    at = shown["state"]
    share = data["shares"][at["method"] * len(data["classes"]) + at["target"]]
    if share is not None:
        [text] = found(rf"\? {_SHARE} of the map", shown)
        assert is_percent(text, Fraction(str(share)))


def _style(shown, data):
    costs = data["costs"][shown["state"]["weight"]][shown["state"]["step"]]
    said = found(r"content cost (\d+\.\d\d), style cost (\d+\.\d\d)\.", shown)
    assert [f"{cost:.2f}" for cost in costs] == list(said)


def _dream(shown, data):
    step = data["steps"][shown["state"]["step"]]
    [said] = (line for line in shown["lines"] if "octave" in line or line == "The photograph.")
    assert (f"after {step} steps" in said) == (step > 0)


def _units(shown, data):
    layer, unit = shown["state"]["layer"], shown["state"]["unit"]
    values = data["values"][sum(map(len, data["channels"][:layer])) + unit]
    [said] = found(r"answers (.+) to its best patches", shown)
    assert said.split(", ") == [f"{value:.1f}" for value in values]


def _readiness(shown, data):
    green, red, unknown, ticked, tasks = map(
        int,
        found(r"(\d+) green, (\d+) red, (\d+) not known; (\d+) of (\d+) ticked", shown),
    )
    assert [green, red, unknown] == [shown["marks"].count(ok) for ok in ("true", "false", "null")]
    assert (ticked, tasks) == (len(shown["state"]["ticked"]), len(data["tasks"]))


def _anchors(shown, data):
    count, reached, nuclei = map(int, found(r"^(\d+) anchors; (\d+) of (\d+) nuclei", shown))
    layout = data["layouts"]["{stride},{size},{shapes}".format(**shown["state"])]
    cells = math.prod(np.shape(layout["cell"]))
    assert count == cells * (3 if "tall" in shown["controls"]["Anchors at each place"] else 1)
    assert nuclei == len(data["true"])
    [best] = found(r"IoU ([\d.]+) with a nucleus at best", shown)
    # A nucleus is within reach from an overlap of 0.5 on, and the printed overlap says so.
    assert number(best) < Fraction(1, 2) or reached > 0


def _shift(shown, data):
    ill, foretold, ratio = found(
        r"^(\d+) of 1000 are ill, .*foretell (\d+): observed over expected is ([\d.]+)\.", shown
    )
    cells = shown["cells"]
    assert (ill, foretold, ratio) == (cells["ill"], cells["foretold"], cells["ratio"])
    assert number(ill) == 10 * number(shown["controls"]["Prevalence"].removesuffix("%"))
    # The foretold are whole patients, so the ratio is known within one of them.
    low, high = (
        number(ill) / (number(foretold) + end) for end in (Fraction(1, 2), -Fraction(1, 2))
    )
    assert low - Fraction(1, 200) <= number(ratio) <= high + Fraction(1, 200)
    assert Fraction(1, 2) <= number(cells["auc"]) <= 1


def _triage(shown, data):
    n = counts_of(shown)
    referred, of, kept, wrong, *rates = found(
        rf"people read (\d+) of (\d+)\. .* keeps (\d+) and is wrong in (\d+): "
        rf"{_SHARE}, 95% interval {_SHARE} to {_SHARE}\.",
        shown,
    )
    assert (int(referred), int(kept)) == (n["referred"], n["kept"])
    assert int(of) == n["referred"] + n["kept"]
    assert int(wrong) == n["missed"] + n["alarms"]
    ends = metrics.wilson_interval(int(wrong), n["kept"])
    values = (Fraction(int(wrong), n["kept"]), *map(Fraction, ends))
    for text, value in zip(rates, values, strict=True):
        assert text == "0%" if value == 0 else is_percent(text, value)
    share = number(shown["controls"]["Referred"].removesuffix("%")) / 100
    assert abs(n["referred"] - share * int(of)) <= 1


CHECKS = {
    "AnchorExplorer": _anchors,
    "ArchitectureExplorer": _architecture,
    "AttributionExplorer": _attribution,
    "ConfusionExplorer": _confusion,
    "ConsensusExplorer": _consensus,
    "DecodingExplorer": _decoding,
    "DepthExplorer": _depth,
    "DreamExplorer": _dream,
    "EmbeddingExplorer": _embedding,
    "EpochExplorer": _epochs,
    "FirstGuess": _guess,
    "LearningRateExplorer": _learning_rate,
    "OverlapExplorer": _overlap,
    "PrevalenceExplorer": _prevalence,
    "Quiz": lambda shown, data: None,  # prints no number of its own
    "ReadinessCheck": _readiness,
    "ReaderStudyExplorer": _reader_study,
    "RetinotopyExplorer": _retinotopy,
    "ShiftExplorer": _shift,
    "StyleExplorer": _style,
    "SuppressionExplorer": _suppression,
    "ThresholdExplorer": _threshold,
    "TriageExplorer": _triage,
    "UnitBrowser": _units,
}


def test_every_widget_is_checked():
    assert set(CHECKS) == set(SAMPLES)


@pytest.mark.of_pages_alone
@pytest.mark.parametrize("name", CHECKS)
def test_what_is_printed_can_be_recomputed(chromium, name):
    widget = SAMPLES[name]()
    states = list(positions(widget))
    page = chromium.new_page()
    try:
        shown = page.evaluate(_READ, [widget._esm, widget.data, widget.state, states])
    finally:
        page.close()
    assert len(shown) == len(states) > 0
    wrong = []
    for each in shown:
        try:
            CHECKS[name](each, widget.data)
        except (AssertionError, ValueError) as error:
            wrong.append(f"{each['state']}: {error}\n{each['cells']} {each['lines'][-3:]}")
    assert not wrong, f"{len(wrong)} of {len(shown)} positions disagree, such as\n{wrong[0]}"
