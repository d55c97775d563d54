"""The source notebook for nbgrader: its form, and what the real nbgrader makes of it."""

import json
import os
import re
import sqlite3
import subprocess

import nbformat
import pytest

from benchmarks import peers
from book_ext.editions import ROOT
from course_grader import nbgrader
from course_grader.__main__ import main
from course_lib.exercises import call, diagnose, draw_cases, find

from .grader_class import CELLS, answers


@pytest.fixture
def source(tmp_path, capsys):
    assert main(["nbgrader", "metrics", "--out", str(tmp_path / "metrics.ipynb")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "metrics.ipynb")
    return nbformat.read(tmp_path / "metrics.ipynb", as_version=4)


def test_every_exercise_has_a_solution_and_a_locked_test_of_schema_3(source):
    nbformat.validate(source)
    marked = [cell.metadata.nbgrader for cell in source.cells if "nbgrader" in cell.metadata]
    required = {"schema_version", "grade", "locked", "solution"}
    assert all(required <= set(m) and m.schema_version == 3 for m in marked)
    assert all(set(m) <= required | {"task", "grade_id", "points"} for m in marked)
    assert all(re.fullmatch(r"[a-zA-Z0-9_\-]+", m.grade_id) for m in marked)
    ids = [m.grade_id for m in marked]
    assert len(set(ids)) == len(ids) == 2 * len(answers("stub"))
    tests = [m for m in marked if m.grade]
    assert all(m.locked and not m.solution and m.points >= 1 for m in tests)
    assert len(tests) == len(answers("stub"))


def test_the_source_is_the_same_every_time(source, tmp_path):
    nbgrader.write("metrics", tmp_path / "again.ipynb")
    assert (tmp_path / "again.ipynb").read_bytes() == (tmp_path / "metrics.ipynb").read_bytes()


def test_the_marked_solution_still_solves_and_without_the_marked_lines_solves_nothing(source):
    for cell in source.cells:
        if not cell.metadata.get("nbgrader", {}).get("solution"):
            continue
        exercise = find(cell.metadata.exercise)
        released = re.sub(
            r"( +)### BEGIN SOLUTION.*### END SOLUTION",
            r"\1raise NotImplementedError()",
            cell.source,
            flags=re.DOTALL,
        )
        for code, outcome in ((cell.source, "correct"), (released, "missing")):
            space = {"np": __import__("numpy")}
            exec(code, space)
            cases = draw_cases(exercise, 3)
            outputs = [call(space[exercise.function_name], case) for case in cases]
            assert diagnose(exercise, cases, outputs).outcome == outcome


def test_helpers_of_a_solution_stay_inside_its_marks():
    solution = (
        "import math\n\n\ndef half(x):\n    return x / 2\n\n\n"
        'def f(x):\n    """Doc."""\n    return half(x)'
    )
    marked = nbgrader._marked(solution, "f")
    assert marked.splitlines()[:3] == ["def f(x):", '    """Doc."""', "    ### BEGIN SOLUTION"]
    assert marked.splitlines()[-1] == "    ### END SOLUTION"
    space = {}
    exec(marked, space)
    assert space["f"](4) == 2


@pytest.mark.peers
@pytest.mark.xdist_group("peers")
def test_the_real_nbgrader_gives_solutions_full_marks_and_stubs_none(source, tmp_path):
    """`generate_assignment`, then `autograde` of one who solved it and one who did not."""
    programs = peers.environment()
    course = tmp_path / "course"
    (course / "source" / "week").mkdir(parents=True)
    nbformat.write(source, course / "source" / "week" / "metrics.ipynb")

    def command(*arguments):
        done = subprocess.run(
            [programs / "nbgrader", *arguments, "--CourseDirectory.course_id=x"],
            cwd=course,
            # A kernel of the throw-away environment that finds this checkout's course_lib.
            env=os.environ
            | {
                "PYTHONPATH": str(ROOT),
                "PATH": f"{programs}:{os.environ['PATH']}",
                "JUPYTER_PREFER_ENV_PATH": "1",
            },
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-3000:]

    command("generate_assignment", "week", "--create")
    released = nbformat.read(course / "release" / "week" / "metrics.ipynb", as_version=4)
    text = "\n".join(cell.source for cell in released.cells)
    assert "HIDDEN" not in text
    assert "SOLUTION" not in text
    for student in ("solver", "beginner"):
        handed_in = nbformat.from_dict(json.loads(json.dumps(released)))
        for cell in handed_in.cells:
            if student == "solver" and cell.metadata.get("nbgrader", {}).get("solution"):
                cell.source = CELLS[cell.metadata.exercise]["solution"]
        folder = course / "submitted" / student / "week"
        folder.mkdir(parents=True)
        nbformat.write(handed_in, folder / "metrics.ipynb")
    command("autograde", "week", "--create")
    gradebook = sqlite3.connect(course / "gradebook.db")
    scores = gradebook.execute(
        "SELECT s.student_id, sum(g.auto_score), count(*) FROM grade g"
        " JOIN submitted_notebook n ON g.notebook_id = n.id"
        " JOIN submitted_assignment s ON n.assignment_id = s.id GROUP BY s.student_id"
    ).fetchall()
    gradebook.close()
    points = sum(find(exercise).points for exercise in answers("stub"))
    number = len(answers("stub"))
    assert sorted(scores) == [("beginner", 0.0, number), ("solver", float(points), number)]
