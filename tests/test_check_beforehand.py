"""What the grader forbids is said by `check`, and only of answers that do it."""

import socket
import subprocess
import threading
import urllib.request as web

import numpy as np
import pytest

from course_lib.exercises import check
from course_lib.exercises._beforehand import remark
from course_lib.metrics import ConfusionMatrix


def through_the_library(y_true, y_pred):
    return ConfusionMatrix.from_labels(y_true, y_pred).ppv


def imported_inside(y_true, y_pred):
    from course_lib.metrics import ConfusionMatrix as Matrix

    return Matrix.from_labels(y_true, y_pred).ppv


def through_a_helper(y_true, y_pred):
    return through_the_library(y_true, y_pred)


def by_hand(y_true, y_pred):
    threading.Lock()
    return np.mean(y_true[y_pred == 1])


def asks_the_network():
    return socket.create_connection


def asks_the_web():
    return web.urlopen


def starts_a_process():
    return [subprocess.run for _ in range(2)]


def calls_itself(n):
    return calls_itself(n - 1)


@pytest.mark.parametrize("answer", [through_the_library, imported_inside, through_a_helper])
def test_a_call_of_the_library_is_noted(answer):
    result = check("metrics.ppv", answer)
    assert result.status == "correct"
    assert "calls course_lib" in result.note
    assert result.note in repr(result)
    assert "calls course_lib" in result._repr_html_()


def test_nothing_is_noted_of_an_answer_that_needs_nothing():
    assert check("metrics.ppv", by_hand).note == ""
    assert "Note" not in repr(check("metrics.ppv", by_hand))
    assert check("metrics.ppv", lambda y_true, y_pred: 0).note == ""


@pytest.mark.parametrize(
    ("answer", "seconds", "said"),
    [
        (asks_the_network, 0, "no network"),
        (asks_the_web, 0, "no network"),
        (starts_a_process, 0, "no process"),
        (by_hand, 7.2, "took 7 s"),
        (by_hand, 0.1, ""),
        (calls_itself, 0, ""),
        (len, 0, ""),
        (np.mean, 0, ""),
    ],
)
def test_what_the_grader_forbids_is_said(answer, seconds, said):
    noted = remark(answer, seconds)
    assert said in noted
    assert bool(said) == bool(noted)
