"""Outputs are the same if their words are and their numbers nearly: what passes, what fails."""

import math
import platform
import re
import subprocess
import sys
from decimal import Decimal

import nbformat
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_notebook, new_output

from book_ext import comparison, editions

TOLERANCE = comparison.Tolerance(absolute=Decimal("0.02"))


def tolerance(option):
    return comparison.stated(new_code_cell(metadata={"tolerance": option}))


def refusal(option, *printed):
    outputs = [new_output("stream", text=text) for text in printed]
    return comparison.refusal(new_code_cell(metadata={"tolerance": option}, outputs=outputs))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("AUC 0.93, loss 3e-06, SE 1.5E+2", [("0.93", True), ("0.000003", True), ("150", True)]),
        ("-0.5 −0.5 +0.5", [("-0.5", True), ("-0.5", True), ("0.5", True)]),
        ("93.8 % of 50%", [("0.938", True), ("0.5", True)]),
        ("47,422 windows, 1,234.5 nJ", [("47422", False), ("1234.5", True)]),
        ("51 of 53 cells, found 51.", [("51", False), ("53", False), ("51", False)]),
        ("[1.   0.75 0.38] [60. 15.]", [(v, True) for v in ("1", "0.75", "0.38", "60", "15")]),
        ("0.35-0.43, digits 0-6", [("0.35", True), ("0.43", True), ("0", False), ("6", False)]),
        ("(1.5)-2.5 is 1.5-2.5", [("1.5", True), ("2.5", True), ("1.5", True), ("2.5", True)]),
        ("5.1ms, 1.8×", [("5.1", True), ("1.8", True)]),
        ("0.83, 95% [0.77, 0.88]", [("0.83", True), ("0.77", True), ("0.88", True)]),
        ("93% [88%, 96%]", [("0.93", True), ("0.88", True), ("0.96", True)]),
        # Letters: names, versions, hashes, even one that looks like a float.
        ("F1 U2OS x_2 blocks.12.expand 64x64 3D numpy 2.13.0 1.2.3", []),
        ("Quiz(data_sha256=8307b712421f) data_sha256=397e12345678 data_sha256=123456789012", []),
        ("nan inf <Figure size 640x480 with 1 Axes>", [("1", False)]),
        ("", []),
    ],
)
def test_what_a_number_is(text, values):
    found = [(number.value, number.measure) for number in comparison.numbers(text)]
    assert found == [(Decimal(value), measure) for value, measure in values]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("F1 0.93", "F1 0.95"),
        ("F1 0.93", "F1 0.91"),
        ("F1 93 %", "F1 95 %"),
        ("difference -0.01 [-0.03, 0.05]", "difference 0.01 [-0.01, 0.05]"),
        # The column is as wide as its longest number.
        ("dense  9.99\nconv  10.00\n", "dense 10.01\nconv  10.00\n"),
        (" 0.01 up", "-0.01 up"),
        ("[1.   0.75]", "[0.99 0.75]"),
        ("length 1", "length 0.98"),
    ],
)
def test_agrees_within_the_tolerance(old, new):
    assert comparison.difference(old, new, TOLERANCE) is None
    assert comparison.difference(old, new) is not None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("F1 0.93", "F1 0.951", "0.951 instead of 0.93, which must come again within 0.02"),
        ("F1 0.93", "F1 -0.93", "-0.93 instead of 0.93"),
        ("F1 0.93 of U-Net", "F1 0.93 of FCN", "the words differ"),
        ("F1 0.93", "F1 0.93, 0.93", "the words differ"),
        ("F1 0.93", "F1 nan", "the words differ"),
        ("F1 0.93", "", "the words differ"),
        ("F1 0.93\n", "F1 0.93\n\n", "the words differ"),
        ("51 of 53, F1 0.93", "50 of 53, F1 0.93", "50 instead of 51, which must come again exact"),
        ("47,422 windows, 0.93", "47,423 windows, 0.93", "47,423 instead of 47,422"),
        ("rate 93 %", "rate 93", "the words differ|93 instead of 93 %"),
        ("above 0.9", "below 0.9", "the words differ"),
        ("U2OS 0.93", "U3OS 0.93", "the words differ"),
        ("Quiz(data_sha256=397e12345678)", "Quiz(data_sha256=397e12345679)", "the words differ"),
        ("0.93, 95% [0.88, 0.95]", "0.93, 99% [0.88, 0.95]", "the words differ"),
    ],
)
def test_differs_all_the_same(old, new, said):
    message = comparison.difference(old, new, TOLERANCE)
    assert re.match(said, message), message


def test_other_kinds_of_tolerance():
    relative = tolerance({"relative": 0.05})
    assert comparison.difference("loss 0.00123", "loss 0.00128", relative) is None
    assert comparison.difference("loss 0.00123", "loss 0.00131", relative)
    # A number was rounded before it was printed.
    assert comparison.difference("loss 0.12", "loss 0.13", relative) is None
    assert comparison.difference("loss 0.12", "loss 0.14", relative)
    both = tolerance({"absolute": 0.02, "relative": 0.1})
    assert comparison.difference("F1 0.93 loss 0.0012", "F1 0.95 loss 0.0013", both) is None
    assert comparison.difference("F1 0.93 loss 0.0012", "F1 0.96 loss 0.0012", both)
    assert comparison.difference("F1 0.93 loss 0.0012", "F1 0.93 loss 0.0032", both)
    counts = tolerance({"absolute": 0.02, "counts": 3})
    assert comparison.difference("start 0: 51 of 53", "start 0: 48 of 53", counts) is None
    assert comparison.difference("start 0: 51 of 53", "start 0: 47 of 53", counts)
    assert comparison.difference("start 0: 51 of 53", "start 1: 51 of 53", counts)
    exact = tolerance({"absolute": 0.02, "counts": 3, "exact": [0.5, "90 %", 53]})
    assert comparison.difference("0.50 0.90 53 51", "0.50 0.90 53 50", exact) is None
    for changed in ("0.51 0.90 53 51", "0.50 0.91 53 51", "0.50 0.90 52 51"):
        assert comparison.difference("0.50 0.90 53 51", changed, exact)


@pytest.mark.parametrize(
    "option",
    [
        "2%",
        True,
        0,
        -0.02,
        math.nan,
        math.inf,
        [0.02],
        {},
        {"exact": [0.5]},
        {"abs": 0.02},
        {"relative": "5%"},
        {"counts": 1.5},
        {"counts": -1},
        {"absolute": 0.02, "exact": 0.5},
        {"absolute": 0.02, "exact": ["half"]},
    ],
)
def test_what_cannot_be_read_is_refused(option):
    assert "tolerance" in refusal(option, "F1 0.93")


def test_no_tolerance_is_none():
    assert comparison.stated(new_code_cell()) is None
    assert comparison.refusal(new_code_cell()) is None


@pytest.mark.parametrize(
    ("option", "printed"),
    [
        (0.02, "F1 0.93"),
        (0.09, "F1 0.93"),
        (0.02, "one line 0.93\nand 10 counts\nand another 0.88"),
        # Near zero: the interval, or what stands in the same row, says how large it is.
        (0.02, "difference 0.01 [-0.03, 0.05]"),
        (0.02, "difference 0.00 ± 0.04"),
        (0.02, "  0.91   0.09   0.00\n  0.07   0.88   0.05\n"),
        (0.02, "p 0.30, 95% [0.26, 0.35]"),
        ({"relative": 0.1}, "loss 0.0012"),
        ({"absolute": 0.02, "relative": 0.1}, "F1 0.93, loss 0.0012"),
        ({"absolute": 0.02, "exact": [0.001]}, "accuracy 0.49, p = 0.001"),
        ({"counts": 3}, "51 of 53"),
    ],
)
def test_narrow_tolerance_is_accepted(option, printed):
    assert refusal(option, printed) is None


@pytest.mark.parametrize(
    ("option", "printed", "said"),
    [
        (0.1, "F1 0.93", "0.1 is too wide for 0.93, which may wander by 0.093 at most"),
        (0.02, "accuracy 0.49, p = 0.001", "too wide for 0.001"),
        (0.02, "drift 0.00", "too wide for 0.00"),
        (0.02, "difference 0.01", "too wide for 0.01"),
        # The level of an interval is no number on its scale.
        (0.03, "difference 0.01, 95% [-0.03, 0.05]", "too wide for 0.01"),
        (0.02, "F1 0.93\nloss 0.05", "too wide for 0.05"),
        (2, "F1 93 %", "too wide for 93 %"),
        ({"relative": 0.2}, "loss 0.123", "too wide for 0.123"),
        ({"relative": 0.01}, "loss 0.05", "too wide for 0.05"),
        (0.02, "all of 12 found", "prints no measure"),
        (0.02, "", "prints no measure"),
        ({"absolute": 0.02, "exact": [0.93]}, "F1 0.93", "prints no measure"),
        ({"absolute": 0.02, "counts": 3}, "F1 0.93, start 2", "no count is so large"),
        ({"counts": 3}, "12 of 13", "no count is so large"),
    ],
)
def test_wide_tolerance_is_refused(option, printed, said):
    assert said in refusal(option, printed)


def test_tolerance_for_an_ignored_output_is_refused():
    cell = new_code_cell(metadata={"tolerance": 0.02, "tags": ["nbval-ignore-output"]})
    assert "ignored" in comparison.refusal(cell)


_WORD = st.text(st.characters(categories=["L"]), min_size=1, max_size=6)
_VALUE = st.decimals(-1000, 1000, allow_nan=False, allow_infinity=False, places=3)


@given(st.lists(st.tuples(_WORD, _VALUE, st.integers(-20, 20)), min_size=1, max_size=6))
def test_agreement_is_arithmetic(parts):
    """Against the definition: every number of one text within 0.02 of that of the other."""
    old = " ".join(f"{word} {value:.3f}" for word, value, _ in parts)
    moved = [(word, value + Decimal(step) / 500) for word, value, step in parts]
    new = " ".join(f"{word} {value:.3f}" for word, value in moved)
    agree = all(abs(step) <= 10 for *_, step in parts)
    assert (comparison.difference(old, new, TOLERANCE) is None) == agree
    assert (comparison.difference(new, old, TOLERANCE) is None) == agree


@given(st.text(max_size=60), st.text(max_size=60))
@pytest.mark.slow
def test_without_a_tolerance_every_byte_counts(old, new):
    assert (comparison.difference(old, new) is None) == (old == new)
    assert comparison.difference(old, old, TOLERANCE) is None


@given(st.lists(st.tuples(_WORD, _VALUE), min_size=1, max_size=6), st.data())
def test_no_tolerance_hides_a_changed_word(parts, data):
    changed = list(parts)
    index = data.draw(st.integers(0, len(parts) - 1))
    changed[index] = (data.draw(_WORD), parts[index][1])
    assume(changed[index] != parts[index])
    old, new = (" ".join(f"{word} {value}" for word, value in p) for p in (parts, changed))
    generous = tolerance({"absolute": 1e6, "relative": 1e6, "counts": 10**6})
    assert comparison.difference(old, new, generous)


@settings(max_examples=25)
@given(
    st.decimals("0.001", 1000, places=3),
    st.decimals("0.01", "0.3", places=2),
    st.randoms(use_true_random=False),
)
def test_accepted_tolerance_rejects_random_numbers(value, share, random):
    """A number drawn between 0 and twice the printed one passes in about one of ten draws."""
    absolute = float(value * share)
    assume(refusal(absolute, f"x = {value}") is None)
    drawn = [random.uniform(0, 2 * float(value)) for _ in range(100)]
    near = tolerance(absolute)
    passed = sum(
        comparison.difference(f"x = {value}", f"x = {number:.9f}", near) is None for number in drawn
    )
    # 10 of 100 are expected at most; five standard deviations more never happen.
    assert passed <= 25


@given(st.decimals(-100, 100, places=2), st.decimals(-100, 100, places=2))
def test_refusal_and_acceptance_use_one_bound(value, wandered):
    """What may not wander at all is not refused for what it is, only for being useless."""
    exact = {"absolute": 0.05, "exact": [float(value), float(wandered)]}
    agree = comparison.difference(f"x {value}", f"x {wandered}", tolerance(exact)) is None
    assert agree == (value == wandered)
    assert "prints no measure" in refusal(exact, f"x {value}")


def test_old_texts_are_kept_where_they_agree():
    def outputs(*shown):
        return [
            new_output("stream", text=shown[0]),
            new_output("execute_result", data={"text/plain": shown[1], "image/png": "x"}),
            new_output("stream", name="stderr", text=shown[2]),
        ]

    old, new = outputs("F1 0.93", "0.5", "1.0"), outputs("F1 0.94", "0.6", "1.01")
    merged = comparison.reconciled(new, old, TOLERANCE)
    assert [o.get("text", o.get("data")) for o in merged] == [
        "F1 0.93",
        {"text/plain": "0.6", "image/png": "x"},
        "1.0",
    ]
    assert comparison.reconciled(new, old, None) == new
    assert comparison.reconciled(new[:2], old, TOLERANCE) == new[:2]
    assert comparison.reconciled(new[::-1], old, TOLERANCE) == new[::-1]
    assert new == outputs("F1 0.94", "0.6", "1.01")


def _cell(code, shown, **changes):
    outputs = [new_output("stream", text=shown)] if shown else []
    cell = new_code_cell(code, execution_count=1, outputs=outputs)
    cell.metadata.update(changes.pop("metadata", {}))
    cell.update(changes)
    return cell


def _nbval(tmp_path, *cells, **metadata):
    """What nbval says about a notebook: how many cells passed and failed, and its report."""
    path = tmp_path / "some.ipynb"
    nbformat.write(new_notebook(cells=list(cells), metadata=metadata), path)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.notebooks.plugin", "--nbval-here"]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", "--rootdir", tmp_path, path],
        cwd=editions.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    summary = done.stdout.strip().splitlines()[-1]
    count = {
        word: int(number)
        for number, word in (part.split()[:2] for part in summary.split(" in ")[0].split(", "))
    }
    assert done.returncode == (1 if count.get("failed") else 0), done.stdout + done.stderr
    return count.get("passed", 0), count.get("failed", 0), done.stdout


@pytest.fixture
def elsewhere(monkeypatch):
    """The machine is of another kind than the one that wrote "here"."""
    monkeypatch.setattr(comparison, "arithmetic", lambda: "there")


@pytest.mark.parametrize(
    ("was", "now", "agree"),
    [
        ("F1 0.67", "F1 0.85", True),
        ("F1 0.67", "F1 0.88", False),
        ("F1 0.67 of 40", "F1 0.67 of 41", False),
        ("F1 0.67", "recall 0.67", False),
        ("rate 0.5", "rate 0.5", True),
    ],
)
def test_on_another_kind_of_machine_tolerances_are_ten_times_as_wide(elsewhere, was, now, agree):
    cell = new_code_cell(metadata={"tolerance": 0.02})
    assert comparison.stated(cell, "there") == comparison.stated(cell) == TOLERANCE
    wide = comparison.stated(cell, "here")
    assert wide == comparison.Tolerance(absolute=Decimal("0.02"), here=False)
    assert (comparison.difference(was, now, wide) is None) == agree


@pytest.mark.parametrize(
    ("tolerance", "was", "now", "agree"),
    [
        ({"relative": 0.1}, "step 0.84", "step 0.43", True),
        ({"relative": 0.1}, "step 0.84", "step 0.41", False),
        ({"relative": 0.1}, "step 0.84", "step 1.27", False),
        ({"absolute": 0.02}, "0.02 [-0.02, 0.06]", "0.12 [0.08, 0.16]", True),
        ({"absolute": 0.02}, "0.02 [-0.02, 0.06]", "0.13 [0.08, 0.17]", False),
        ({"absolute": 0.016}, "2.0% 16.1% 0.4%", "6.1% 13.0% 0.0%", True),
        ({"absolute": 0.016}, "2.0% 16.1% 0.4%", "2.0% 7.9% 0.4%", False),
        ({"counts": 2}, "38 of 40", "39 of 40", True),
        ({"counts": 2}, "38 of 40", "19 of 40", False),
        ({"counts": 2}, "start 1 of 40", "start 2 of 40", False),
    ],
)
def test_on_another_kind_of_machine_half_of_the_numbers_are_still_refused(
    elsewhere, tolerance, was, now, agree
):
    cell = new_code_cell(metadata={"tolerance": tolerance})
    assert comparison.too_wide([was], comparison.stated(cell)) is None
    wide = comparison.stated(cell, "here")
    assert (comparison.difference(was, now, wide) is None) == agree


def test_on_another_kind_of_machine_a_cell_without_tolerance_stays_exact(elsewhere):
    assert comparison.stated(new_code_cell(), "here") is None


def test_on_another_kind_of_machine_counts_wander_and_settings_stay(elsewhere):
    option = {"relative": 0.05, "counts": 2, "exact": [0.018]}
    cell = new_code_cell(metadata={"tolerance": option})
    wide = comparison.stated(cell, "here")
    assert comparison.difference("1.8 %, 2.0 %, 300", "1.8 %, 2.9 %, 315", wide) is None
    assert comparison.difference("1.8 %, 2.0 %, 300", "1.9 %, 2.0 %, 300", wide)
    assert comparison.difference("1.8 %, 2.0 %, 300", "1.8 %, 3.1 %, 300", wide)
    assert comparison.difference("1.8 %, 2.0 %, 300", "1.8 %, 2.0 %, 321", wide)


def test_an_edition_keeps_the_arithmetic_that_wrote_it(monkeypatch):
    def edition(shown, by):
        monkeypatch.setattr(comparison, "arithmetic", lambda: by)
        cell = _cell("print(f1)", shown, metadata={"tolerance": 0.02}, id="some")
        return new_notebook(cells=[cell])

    first = editions.with_kept_outputs(edition("F1 0.67\n", "here"), None)
    assert first.metadata["arithmetic"] == "here"
    assert editions.with_kept_outputs(edition("F1 0.75\n", "there"), first) == first
    assert editions.with_kept_outputs(edition("F1 0.75\n", "here"), first) != first
    worse = editions.with_kept_outputs(edition("F1 0.42\n", "there"), first)
    assert worse.cells[0].outputs[0].text == "F1 0.42\n"
    assert worse.metadata["arithmetic"] == "here"


@pytest.mark.parametrize(
    ("flags", "gpu", "ending"),
    [
        ("fpu sse4_2 avx2 avx512f", False, " avx512f"),
        ("fpu sse4_2 avx avx2", False, " avx2"),
        ("fpu sse4_2 avx avx2", True, " avx2 cuda"),
        ("fpu sse4_2", False, ""),
        (None, False, ""),
    ],
)
def test_the_arithmetic_of_a_machine_is_that_of_its_widest_numbers(tmp_path, flags, gpu, ending):
    processor, driver = tmp_path / "cpuinfo", tmp_path / "nvidia"
    if flags is not None:
        processor.write_text(f"model name\t: Some avx9000\nflags\t\t: {flags}\n", "utf-8")
    if gpu:
        driver.mkdir()
    assert comparison.arithmetic(processor, driver) == platform.machine() + ending


@pytest.mark.slow
def test_nbval_accepts_numbers_within_the_tolerance(tmp_path):
    near = {"metadata": {"tolerance": 0.02}}
    passed, failed, said = _nbval(
        tmp_path,
        _cell("print('sensitivity 0.67')", "sensitivity 0.67\n"),
        _cell("print('sensitivity 0.67')", "sensitivity 0.68\n", **near),
        _cell("print('found  9.99 in 12')", "found 10.00 in 12\n", **near),
        _cell("x = 1", ""),
    )
    assert (passed, failed) == (4, 0), said


@pytest.mark.slow
def test_nbval_knows_that_another_kind_of_machine_wrote_the_numbers(tmp_path):
    near = {"metadata": {"tolerance": 0.02}}
    passed, failed, said = _nbval(
        tmp_path,
        _cell("print('sensitivity 0.67')", "sensitivity 0.80\n", **near),
        _cell("print('sensitivity 0.67')", "sensitivity 0.99\n", **near),
        _cell("print('sensitivity 0.67')", "sensitivity 0.68\n"),
        arithmetic="an abacus",
    )
    assert (passed, failed) == (1, 2), said
    assert "0.67 instead of 0.99, which must come again within 0.2" in said


@pytest.mark.slow
def test_nbval_looks_at_the_axes_of_each_figure(tmp_path):
    code = "import matplotlib.pyplot as plt\nplt.plot([0, 1])\nplt.xlabel('dose (g)')\nplt.show()"
    shown = new_output("display_data", {"text/plain": "<Figure size 640x480 with 1 Axes>"})
    for label, count in (("", (1, 1)), ("plt.ylabel('effect')\n", (2, 0))):
        cell = _cell(code.replace("plt.show", f"{label}plt.show"), "")
        cell.outputs = [shown]
        passed, failed, said = _nbval(tmp_path, cell)
        assert (passed, failed) == count, said
        assert ("no label" in said) == bool(failed)


@pytest.mark.slow
def test_nbval_notices_what_changed(tmp_path):
    """Each cell fails for its own reason: one digit, outside, a word, a count, no count, width."""
    near = {"metadata": {"tolerance": 0.02}}
    wrong = [
        _cell("print('sensitivity 0.67')", "sensitivity 0.68\n"),
        _cell("print('sensitivity 0.67')", "sensitivity 0.70\n", **near),
        _cell("print('sensitivity 0.67')", "specificity 0.67\n", **near),
        _cell("print('0.67 in 12')", "0.67 in 13\n", **near),
        _cell("print('sensitivity 0.67')", "", **near),
        _cell("x = 1", "", execution_count=None),
        _cell("x = 1", "0.67", **near),
        _cell("print('p = 0.01')", "p = 0.01\n", **near),
        _cell("print('F1 0.67')", "F1 0.67\n", metadata={"tolerance": "2%"}),
    ]
    passed, failed, said = _nbval(tmp_path, *wrong)
    assert (passed, failed) == (0, len(wrong)), said
    for reason in (
        "0.67 instead of 0.70, which must come again within 0.02",
        "12 instead of 13, which must come again exactly",
        "no execution count",
        "0.02 is too wide for 0.01",
        "tolerance must be a positive number",
    ):
        assert reason in said
