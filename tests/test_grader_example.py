"""The example class: in step with its chapter, and graded as it was meant."""

import importlib.util
import json

import numpy as np
import pytest

from book_ext.editions import ROOT
from course_grader import notebook, submissions
from course_lib.exercises import call, diagnose, draw_cases, find

from .grader_class import answers

CLASS = ROOT / "examples" / "class"


@pytest.fixture(scope="module")
def make_class():
    spec = importlib.util.spec_from_file_location("make_class", ROOT / "examples/make_class.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_committed_class_is_what_the_script_writes(make_class, tmp_path):
    make_class.make(tmp_path)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert written == {path.name: path.read_bytes() for path in CLASS.iterdir()}
    assert len(written) == 30


def test_every_wrong_answer_has_its_misconception(make_class):
    assert {f"metrics.{name}" for name, _ in make_class.WRONG} == set(answers("stub"))
    for (name, misconception), body in make_class.WRONG.items():
        exercise = find(f"metrics.{name}")
        space = {"np": np}
        exec(answers("stub")[exercise.id].replace("return ...", body), space)
        cases = draw_cases(exercise, 5)
        verdict = diagnose(exercise, cases, [call(space[name], case) for case in cases])
        assert verdict.misconception.name == misconception


def test_the_class_is_mixed():
    handed_in = submissions.read(CLASS, list(answers("stub"))).submissions
    assert len(handed_in) == 30
    said = " ".join(said for s in handed_in for said in s.sentences(answers("stub")))
    for part in ("cut off", "lost its mark", "no code cell", "2 cells define it"):
        assert part in said
    solved = [
        sum(s.found[e].answer == source for e, source in answers("solution").items())
        for s in handed_in
        if s.found
    ]
    assert min(solved) <= 2
    assert max(solved) >= 6
    stubs = [
        s
        for s in handed_in
        if s.found and any(s.found[e].answer == source for e, source in answers("stub").items())
    ]
    assert stubs


def test_files_are_small_and_without_outputs():
    assert sum(path.stat().st_size for path in CLASS.iterdir()) < 150_000
    for path in CLASS.iterdir():
        if path.stem != "anneke":
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            assert not any(cell.get("outputs") for cell in cells)
            assert notebook.read(path.read_bytes(), list(answers("stub")))
