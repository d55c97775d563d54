"""`check` in a notebook: which function it judged, and what it looks like without a style sheet."""

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from course_lib.exercises._check import CheckResult

RIGHT = """
import numpy as np

def sensitivity(y_true, y_pred):
    ill = np.asarray(y_true) == 1
    return np.mean(np.asarray(y_pred)[ill] == 1)
"""
CHECK = """
from course_lib.exercises import check

check("metrics.sensitivity", sensitivity)
"""


@pytest.fixture
def shell():
    settings = Config()
    settings.HistoryManager.enabled = False
    yield InteractiveShell.instance(config=settings)
    InteractiveShell.clear_instance()


def found(shell, *cells):
    for cell in cells:
        result = shell.run_cell(cell, store_history=True)
    return result.result


def test_the_cell_before_gave_the_function(shell, capsys):
    assert found(shell, RIGHT, CHECK).note == ""
    assert found(shell, CHECK).note == ""
    assert found(shell, "plot = 3", CHECK).note == ""


def test_a_cell_with_a_syntax_error_leaves_the_earlier_function(shell, capsys):
    result = found(shell, RIGHT, RIGHT + "    return (", CHECK)
    assert result.status == "correct"
    assert "failed, so sensitivity() of an earlier run was judged" in result.note
    assert f"Note: {result.note}" in repr(result)
    # Defined and checked in one cell: whatever came before does not matter.
    assert found(shell, "1 / 0", RIGHT + CHECK).note == ""


def test_a_renamed_function_leaves_the_earlier_one(shell, capsys):
    wrong = RIGHT.replace("== 1)", "== 0)")
    result = found(shell, wrong, RIGHT.replace("def sensitivity", "def sensitivty"), CHECK)
    assert result.status == "incorrect"
    assert "defines sensitivty(), so sensitivity() of an earlier run was judged" in result.note


def test_it_shows_itself_without_a_style_sheet():
    shown = CheckResult(
        "a.b", "incorrect", "`x < 1` and `y`", "Use `np.mean`, not ` <b>."
    )._repr_html_()
    assert "✗" in shown
    assert "border-left" in shown
    assert "<code>x &lt; 1</code> and <code>y</code>" in shown
    assert "<code>np.mean</code>, not ` &lt;b&gt;." in shown
    assert "✓" in CheckResult("a.b", "correct", "")._repr_html_()
