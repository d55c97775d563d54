"""Exercises of judgement: what is printed shows every fault, and no constant pays."""

import itertools
import math
import re
import subprocess
import sys

import numpy as np
import pytest

from book_ext import editions
from course_lib.exercises import check, diagnose, find, studies
from course_lib.exercises._review import own_number
from course_lib.exercises._studies import KINDS

REVIEWS = [find("elsewhere.my_review"), find("report.my_review")]
NUMBERS = [str(number) for number in range(31_000, 31_200)]
each = pytest.mark.parametrize("exercise", REVIEWS, ids=lambda exercise: exercise.id)

# A reader of its own ------------------------------------------------------------------------------

HEADLINE = (
    r"It called (?P<tp>\d+) of the (?P<ill>\d+) ill positive, and (?P<fp>\d+) of the "
    r"(?P<healthy>\d+) healthy\.",
    r"Of the (?P<ill>\d+) ill it found (?P<tp>\d+); of the (?P<healthy>\d+) healthy it called "
    r"(?P<fp>\d+) positive\.",
    r"True positives: (?P<tp>\d+) of (?P<ill>\d+) ill\. False positives: (?P<fp>\d+) of "
    r"(?P<healthy>\d+) healthy\.",
)
#: How each kind can be told, with names for its numbers.
TOLD = {
    "leakage": (
        r"The \w+ of (?P<a>\d+) patients trained it, the \w+ of (?P<b>\d+) tested it; (?P<n>\d+) "
        r"patients took part",
        r"(?P<n>\d+) patients took part: (?P<a>\d+) gave \w+ for training, (?P<b>\d+) gave",
        r"For training there were \w+ of (?P<a>\d+) patients, for the test \w+ of (?P<b>\d+), and "
        r"(?P<n>\d+) patients altogether",
    ),
    "threshold": (
        r"decides at (?P<t>[\d.]+), where it was right most often",
        r"most right answers was taken: (?P<t>[\d.]+) \(",
        r"At (?P<t>[\d.]+), which the table of right answers suggests, it decides",
    ),
    "spectrum": (
        r"how severe .* is among the ill there",
        r"gives the ill of .* by severity",
        r"By severity of .*, beside the ill of",
    ),
    "verification": (
        r"All (?P<p>\d+) patients .* and so had (?P<v>\d+) of the (?P<q>\d+) negative",
        r"The truth is .*: (?P<p>\d+) of (?P=p) positive and (?P<v>\d+) of (?P<q>\d+) negative",
        r"(?P<p>\d+) of the (?P=p) with a positive and (?P<v>\d+) of the (?P<q>\d+) with a "
        r"negative",
    ),
    "impossible": (
        r"called (?P<x>[\d.]+) % of (?P<m>\d+) heat maps plausible, and (?P<y>[\d.]+) % of "
        r"(?P<k>\d+) doctors",
        r"Of (?P<m>\d+) cases read twice (?P<x>[\d.]+) % .* of (?P<k>\d+) doctors asked "
        r"(?P<y>[\d.]+) %",
        r"(?P<y>[\d.]+) % of (?P<k>\d+) doctors were content; of (?P<m>\d+) heat maps "
        r"(?P<x>[\d.]+) %",
    ),
    "unit": (
        r"gave (?P<each>\d) \w+, never .* sensitivity is (?P<s>[\d.]+) \(standard error "
        r"(?P<se>[\d.]+)\)",
        r"Sensitivity is (?P<s>[\d.]+), its standard error (?P<se>[\d.]+), from (?P<each>\d)",
        r"With (?P<each>\d) .* sensitivity comes to (?P<s>[\d.]+) and its standard error to "
        r"(?P<se>\d\.\d+)",
    ),
    "baseline": (
        r"It is right in (?P<x>[\d.]+) % of the patients",
        r"Its accuracy is (?P<x>[\d.]+) %",
        r"With an accuracy of (?P<x>[\d.]+) %",
    ),
    "subgroup": (
        r"for everybody: (?P<f>\d+) of the (?P<g>\d+) ill",
        r"Among the ill were (?P<g>\d+) .*, of whom it found (?P<f>\d+)",
        r"ill is found: (?P<f>\d+) of (?P<g>\d+) ",
    ),
    "calibration": (
        r"mean over the (?P<n>\d+) counted was (?P<r>\d\.\d+)",
        r"over the (?P<n>\d+) patients counted the mean is (?P<r>\d\.\d+)",
        r"mean risk of the (?P<n>\d+) counted was (?P<r>\d\.\d+)",
    ),
    "looks": (
        r"predecessor for (?P<m>\d+) outcomes.*\(p = (?P<p>[\d.]+)\)",
        r"Of (?P<m>\d+) networks that were tried.*\(p = (?P<p>[\d.]+)\)",
        r"looked at (?P<m>\d+) times.*\(p = (?P<p>[\d.]+)\)",
    ),
    "label_leak": (
        r"one sees .* in (?P<i>\d+) of the ill and in (?P<h>\d+) of the healthy",
        r"noticed .* in (?P<i>\d+) ill and in (?P<h>\d+) healthy",
        r"finds .*: in (?P<h>\d+) of the healthy, in (?P<i>\d+) of the ill",
    ),
    "screening": (
        r"where (?P<q>\d+) of 1000 are ill, (?P<x>[\d.]+) % of its",
        r"If (?P<q>\d+) of 1000 are ill, as in screening, then (?P<x>[\d.]+) %",
        r"\((?P<q>\d+) of 1000 are ill\): there, (?P<x>[\d.]+) %",
    ),
}


def numbers(text, patterns):
    """The numbers of the one sentence that tells it, or None."""
    matches = [match for pattern in patterns for match in re.finditer(pattern, text)]
    assert len(matches) <= 1, matches
    if not matches:
        return None
    return {k: float(v) if "." in v else int(v) for k, v in matches[0].groupdict().items()}


def table(text, head):
    (block,) = (b for b in text.split("\n\n") if b.startswith(head))
    return [re.split(r"  +", line.strip()) for line in block.splitlines()[1:]]


def possible(percent, n):
    return f"{percent:.1f}" in {f"{100 * k / n:.1f}" for k in range(n + 1)}


def read(text):
    """Of each kind that a study tells: whether it is wrong, and what proves it."""
    tp, ill, fp, healthy = (numbers(text, HEADLINE)[k] for k in ("tp", "ill", "fp", "healthy"))
    crude, false = tp / ill, fp / healthy
    told = {kind: numbers(text, patterns) for kind, patterns in TOLD.items()}
    found = {}
    for kind, v in told.items():
        if v is None:
            continue
        if kind == "leakage":
            both = v["a"] + v["b"] - v["n"]
            found[kind] = both > 0, both
        elif kind == "threshold":
            head, *rows = table(text, "threshold")
            assert int(head[2]) == ill + healthy
            rows = {float(t): (int(a), int(b)) for t, a, b in rows}
            assert rows[v["t"]][1] == tp + healthy - fp
            best = max(rows, key=lambda t: rows[t][0])
            found[kind] = best != v["t"], rows[v["t"]][1] - rows[best][1]
        elif kind == "spectrum":
            rows = [(int(n), int(k), int(s.split()[0])) for _, n, k, s in table(text, "severity")]
            assert (sum(r[0] for r in rows), sum(r[1] for r in rows)) == (ill, tp)
            assert sum(r[2] for r in rows) == 100
            there = sum(s * k / n for n, k, s in rows) / 100
            found[kind] = abs(there - crude) > 0.08, there
        elif kind == "verification":
            assert v["p"] == tp + fp
            assert v["v"] == ill + healthy - tp - fp
            missed = (ill - tp) / v["v"] * v["q"]
            found[kind] = v["v"] < v["q"], tp / (tp + missed)
        elif kind == "impossible":
            wrong = [(x, n) for x, n in ((v["x"], v["m"]), (v["y"], v["k"])) if not possible(x, n)]
            assert len(wrong) < 2
            near = [min((abs(k / n - x / 100), k / n) for k in range(n + 1))[1] for x, n in wrong]
            found[kind] = bool(wrong), near[0] if wrong else None
        elif kind == "unit":
            assert f"{crude:.3f}" == f"{v['s']:.3f}"
            error = math.sqrt(v["s"] * (1 - v["s"]) / ill)
            found[kind] = abs(error - v["se"]) > 0.001, error
            if found[kind][0]:
                assert v["se"] == round(error / math.sqrt(v["each"]), 3)
        elif kind == "baseline":
            assert v["x"] == round(100 * (tp + healthy - fp) / (ill + healthy), 1)
            everybody = healthy / (ill + healthy)
            found[kind] = 100 * everybody > v["x"], everybody
        elif kind == "subgroup":
            other = (tp - v["f"]) / (ill - v["g"])
            assert 0 < other <= 1
            assert v["f"] <= v["g"]
            found[kind] = v["f"] / v["g"] - other > 0.15, other
        elif kind == "calibration":
            assert v["n"] == ill + healthy
            ratio = ill / (v["n"] * v["r"])
            found[kind] = not 0.8 < ratio < 1.25, ratio
        elif kind == "looks":
            assert v["p"] < 0.05
            found[kind] = v["m"] * v["p"] > 0.05, v["m"] * v["p"]
        elif kind == "label_leak":
            ratio = v["i"] / ill / (v["h"] / healthy)
            found[kind] = ratio > 2, ratio
        elif kind == "screening":
            rate = v["q"] / 1000
            ppv = crude * rate / (crude * rate + false * (1 - rate))
            found[kind] = abs(v["x"] - 100 * ppv) > 0.06, ppv
    return found


def texts(exercise, number):
    """The three studies, as a student gets them."""
    return re.split(r"(?:^|\n\n)STUDY \d\n\n", studies(exercise.id, number).text)[1:]


def by_reading(exercise, number):
    """The review of somebody who reads what is printed."""
    return [{k: n for k, (wrong, n) in read(t).items() if wrong} for t in texts(exercise, number)]


def judged(exercise, number, *answers):
    return diagnose(exercise, [()], [(number, *answers)])


@pytest.fixture(scope="module", params=REVIEWS, ids=lambda exercise: exercise.id)
def reviewed(request):
    """An exercise, and the review of each of many numbers."""
    return request.param, {n: by_reading(request.param, n) for n in NUMBERS}


# What is shown suffices ---------------------------------------------------------------------------


def test_whoever_reads_finds_every_fault_and_no_other(reviewed):
    exercise, by_number = reviewed
    for number, answers in by_number.items():
        verdict = judged(exercise, number, *answers)
        assert (verdict.outcome, verdict.fraction) == ("correct", 1), (number, answers)


def test_every_kind_occurs_and_every_pattern(reviewed):
    exercise, by_number = reviewed
    kinds = set(KINDS) if exercise.id.startswith("report") else set(EXPECTED)
    planted = [kind for answers in by_number.values() for answer in answers for kind in answer]
    assert set(planted) == kinds
    assert min(planted.count(kind) for kind in kinds) >= 0.5 * len(planted) / len(kinds)
    counts = {tuple(map(len, answers)) for answers in by_number.values()}
    assert {n for pattern in counts for n in pattern} == {0, 1, 2}
    assert {sum(pattern) for pattern in counts} == {2, 3, 4}
    assert len(counts) >= 15
    faultless = [i for a in by_number.values() for i, answer in enumerate(a) if not answer]
    assert len(faultless) >= 0.2 * 3 * len(NUMBERS)
    assert set(faultless) == {0, 1, 2}


EXPECTED = ("spectrum", "verification", "subgroup", "calibration", "looks", "screening")


def test_there_are_twelve_kinds_and_the_chapters_list_them():
    assert len(KINDS) >= 12
    assert set(TOLD) == set(KINDS)
    for chapter, kinds in (("elsewhere", EXPECTED), ("report", KINDS)):
        text = (editions.CHAPTERS / f"{chapter}.md").read_text(encoding="utf-8")
        section = text.partition("## Judge it yourself")[2]
        assert set(re.findall(r"^- `(\w+)`: ", section, re.MULTILINE)) == set(kinds)


@each
def test_every_wording_occurs_and_each_kind_is_told_soundly_too(exercise):
    seen, sound = set(), set()
    for number in NUMBERS:
        for text in texts(exercise, number):
            sound |= {kind for kind, (wrong, _) in read(text).items() if not wrong}
            for kind, patterns in {**TOLD, "": HEADLINE}.items():
                seen |= {(kind, p) for p in patterns if re.search(p, text)}
    kinds = {kind for kind, _ in seen} - {""}
    assert sound == kinds
    assert len(seen) == 3 * (len(kinds) + 1)


@each
def test_numbers_draw_studies_of_their_own_and_the_same_again(exercise):
    first = [tuple(texts(exercise, number)) for number in NUMBERS]
    assert len({text for three in first for text in three}) == 3 * len(NUMBERS)
    assert first[0] == tuple(texts(exercise, NUMBERS[0]))
    assert texts(REVIEWS[0], "4711") != texts(REVIEWS[1], "4711")


def test_a_number_is_the_same_however_it_is_written():
    assert {own_number(n) for n in ("B1090-1001", " b10901001", "Ｂ10901001")} == {"b10901001"}
    assert own_number(4711) == own_number(np.int64(4711)) == own_number("4711") == "4711"
    for bad in ("", "12", 7, None, True, 4711.0, ["4711"], "x" * 41, 10**60, "---- ----", {}):
        assert own_number(bad) == "", bad


# What answers earn --------------------------------------------------------------------------------


@pytest.mark.slow
def test_no_constant_pays(reviewed):
    """Every single accusation, with the number that fits most often, and the best ones together."""
    exercise, by_number = reviewed
    kinds = sorted({kind for answers in by_number.values() for a in answers for kind in a})
    planted = np.array([sum(map(len, answers)) for answers in by_number.values()])

    def earns(*constant):
        given = [{}, {}, {}]
        for place, kind, value in constant:
            given[place][kind] = value
        # Nothing at all is not attempted.
        return np.mean([judged(exercise, n, *given).fraction for n in NUMBERS])

    assert earns() == 0
    singles = {}
    for place, kind in itertools.product(range(3), kinds):
        proofs = [a[place][kind] for a in by_number.values() if kind in a[place]]
        value = max(proofs, key=lambda v: sum(abs(v - p) <= 0.005 * abs(p) for p in proofs))
        singles[place, kind, value] = earns((place, kind, value))
    assert max(singles.values()) <= 0.1
    assert min(planted) >= 2
    best = sorted(singles, key=singles.get)[-6:]
    for many in (2, 3):
        for together in itertools.combinations(best, many):
            assert earns(*together) <= 0.1, together
    for kind in kinds:
        assert earns(*((place, kind, 0.5) for place in range(3))) <= 0.1
    everything = [(place, kind, 0.5) for place in range(3) for kind in kinds]
    assert earns(*everything) == 0


def test_half_for_the_name_half_for_the_number_and_a_wrong_name_costs(reviewed):
    exercise, by_number = reviewed
    number, answers = next((n, a) for n, a in by_number.items() if list(map(len, a)) == [0, 1, 2])
    names_alone = [dict.fromkeys(answer) for answer in answers]
    assert judged(exercise, number, *names_alone).fraction == 0.5
    one = [{}, answers[1], {}]
    assert judged(exercise, number, *one).fraction == pytest.approx(1 / 3)
    wrong = next(kind for kind in TOLD if kind not in answers[0])
    assert judged(exercise, number, {wrong: 1}, *answers[1:]).fraction == pytest.approx(5 / 6)
    assert judged(exercise, number, {"leekage": 1}, *answers[1:]).fraction == pytest.approx(5 / 6)
    assert judged(exercise, number, {wrong: 1}, {}, {}).fraction == 0
    neighbor = next(n for n in NUMBERS if n != number)
    assert judged(exercise, neighbor, *answers).fraction < 0.5


def test_two_significant_digits_are_enough_and_whole_numbers_are_exact(reviewed):
    exercise, by_number = reviewed
    for number, answers in by_number.items():
        short = [
            {k: v if isinstance(v, int) else float(f"{v:.2g}") for k, v in answer.items()}
            for answer in answers
        ]
        assert judged(exercise, number, *short).outcome == "correct", (number, short)
        off = [
            {k: v + 1 if isinstance(v, int) else 1.06 * v for k, v in answer.items()}
            for answer in answers
        ]
        assert judged(exercise, number, *off).fraction == 0.5, (number, off)


# What is said -------------------------------------------------------------------------------------


def answer_of(exercise, number, *answers):
    return check(exercise.id, lambda: (number, *answers))


@each
def test_with_a_number_alone_the_studies_are_shown(exercise):
    found = answer_of(exercise, "B10901001", {}, {}, {})
    assert found.status == "not attempted"
    assert "number b10901001" in found.message
    assert [f"STUDY {i}" in found.example for i in (1, 2, 3, 4)] == [True, True, True, False]
    assert answer_of(exercise, "", {}, {}, {}).status == "not attempted"
    assert "student number of 4" in answer_of(exercise, "12", {}, {}, {}).message


@each
def test_no_verdict_gives_an_answer_away(exercise):
    """A name with a guessed number hears the same, whether it is planted or not."""
    for number in NUMBERS[:40]:
        for place, text in enumerate(texts(exercise, number)):
            said = set()
            for kind in read(text):
                given = [{}, {}, {}]
                given[place][kind] = 77.7
                found = answer_of(exercise, number, *given)
                assert not found.hint, (number, given)
                assert found.example == studies(exercise.id, number).text
                said.add(found.message)
            assert len(said) == 1, said


@each
def test_what_needs_no_answer_is_said(exercise):
    def said(*answers):
        return answer_of(exercise, "4711", *answers).message

    assert "`leekage` is not on the list" in said({"leekage": 3}, {}, {})
    assert "No study has more than 2" in said(dict.fromkeys(EXPECTED, 1), {}, {})
    assert "A fault needs its number" in said({"looks": None}, {}, {})
    assert "A fault needs its number" in said({"looks": "0.3"}, {}, {})
    for form in ((), ({}, {}), ({}, {}, 3), ({}, [], {}), ({}, {}, {}, {}), ({1: 2}, {}, {})):
        assert "should return a number and 3 dictionaries" in said(*form), form
    assert "should return a number and 3" in check(exercise.id, lambda: {}).message


class Sly(dict):
    """Claims to have whatever is asked."""

    def __eq__(self, other):
        return True

    __hash__ = None

    def keys(self):
        raise RuntimeError


class SlyNumber(float):
    def __eq__(self, other):
        return True

    __hash__ = float.__hash__


@each
def test_sly_answers_are_wrong(exercise):
    right = exercise.reference()
    assert check(exercise.id, lambda: (right[0], *map(Sly, right[1:]))).status == "incorrect"
    sly = [{kind: SlyNumber(99) for kind in answer} for answer in right[1:]]
    assert check(exercise.id, lambda: (right[0], *sly)).status == "incorrect"
    many = {f"x{i}": i for i in range(10_000)}
    assert check(exercise.id, lambda: (right[0], many, {}, {})).status == "incorrect"


def test_exercise_without_studies_and_a_bad_number():
    with pytest.raises(ValueError, match=r"^exercise_id names metrics.ppv, which has no studies"):
        studies("metrics.ppv", 4711)
    with pytest.raises(ValueError, match=r"^number must have 4 to 40"):
        studies("report.my_review", 1)


@each
def test_markdown_holds_paragraphs_and_tables(exercise):
    shown = [studies(exercise.id, number)._repr_markdown_() for number in NUMBERS[:20]]
    assert all(text.startswith("**Study 1**\n\n") for text in shown)
    assert any("\n\n```text\nseverity" in text for text in shown)
    assert all(text.count("```") % 2 == 0 for text in shown)


def test_chapters_without_judgements_do_not_depend_on_the_studies():
    code = (
        "import sys; from course_lib.exercises import check, find; find('metrics.ppv');"
        "assert 'course_lib.exercises._studies' not in sys.modules;"
        "from course_lib.exercises import studies"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
