"""Notebooks of made-up students, and the levels that this machine has, for the grader's tests."""

import json
import os

import pytest

from book_ext import editions
from course_grader import feedback, grades
from course_grader.course import Course
from course_grader.room.probe import probe
from course_grader.submissions import Submission

SOURCES = {path.stem: path.read_text(encoding="utf-8") for path in editions.chapter_files()}
CELLS = {
    exercise: cells
    for text in SOURCES.values()
    for exercise, cells in editions.exercise_cells(text).items()
}


def level_or_skip(level="sealed"):
    """The level, if it holds here. Where CI runs, it must: bubblewrap is installed there."""
    finding = probe(level)
    if not finding.holds:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"level {level}: {finding}")
    return level


def notebook(answers):
    """The bytes of a notebook with a marked cell for each exercise id and source."""
    cells = [
        {"cell_type": "code", "metadata": {"exercise": exercise}, "source": source}
        for exercise, source in answers.items()
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}).encode()


def answers(kind, chapter="metrics"):
    """All stubs or solutions of a chapter."""
    return {e: cells[kind] for e, cells in CELLS.items() if e.startswith(f"{chapter}.")}


def hand_in(folder, **students):
    """Write a notebook a student; returns the folder."""
    folder.mkdir(exist_ok=True)
    for student, cells in students.items():
        (folder / f"{student}.ipynb").write_bytes(notebook(cells))
    return folder


def feedback_page(student, result, level="sealed", said=()):
    """The feedback page of a student with one result."""
    rows = grades.rows(student, [result], level, Course(), {}, 0)
    return feedback.student_page(Submission(student), [result], rows, list(said))
