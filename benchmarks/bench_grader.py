"""Seconds a submission, beside nbgrader and otter-grader on the same notebook; a large class.

The peers run in an environment of their own. nbgrader and we get the time of the start for free:
the seconds are those of one submission more in a larger class. otter-grader starts anew for each
submission, because that is how its command works. nbgrader takes one core and we take all, so the
processor time of both stands beside the time on the clock, which a busy machine stretches.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import numpy as np
import psutil

from book_ext import editions
from course_grader import nbgrader, workers
from course_grader.journal import Journal
from course_grader.notebook import Found
from course_grader.room.launcher import Room

from . import peers
from .report import Row

_CHAPTER = "metrics"
_OTTER_TEST = """\
from otter.test_files import test_case
from course_lib import exercises

OK_FORMAT = False
name = "{name}"
points = 1


@test_case(points=1, hidden=True)
def test_hidden({name}):
    exercise = exercises.find("{exercise}")
    cases = [case for seed in (101, 102, 103) for case in exercises.draw_cases(exercise, seed)]
    outputs = [exercises.call({name}, case) for case in cases]
    assert exercises.diagnose(exercise, cases, outputs).outcome == "correct"
"""


def benchmarks():
    text = (editions.CHAPTERS / f"{_CHAPTER}.md").read_text(encoding="utf-8")
    cells = editions.exercise_cells(text)
    programs = peers.environment()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        # The first is not counted, here and below: it finds nothing in the caches of the disk.
        _, alone, whole = (_class_seconds(folder, cells, students) for students in (2, 1, 101))
        ours, busy = (whole - alone) / 100
        what = f"a submission of {len(cells)} exercises, level sealed"
        note = f"on all cores; a class of 101 takes {whole[0]:.0f} s, start included"
        peer, peer_busy = _nbgrader_seconds(folder / "nbgrader", cells, programs)
        yield Row.times(what, ours, "nbgrader autograde", peer, "≥ 20× faster", note)
        yield Row.times(f"{what}: processor time", busy, "nbgrader autograde", peer_busy, "")
        otter = _otter_seconds(folder / "otter", cells, programs)
        yield Row.times(what, ours, "otter run", otter, "≥ 20× faster", note)
        yield Row.value("one exercise in a room", *_exercise_seconds(cells))
        seconds, memory = _large_class(folder, cells, students=1000)
        yield Row.value(
            "1,000 submissions through 2 workers: memory, GB", memory, "≤ 1", f"in {seconds:.0f} s"
        )


def _notebook(cells):
    """What a diligent student hands in."""
    code = [
        {"cell_type": "code", "metadata": {"exercise": exercise}, "source": pair["solution"]}
        for exercise, pair in cells.items()
    ]
    return json.dumps({"cells": code, "metadata": {}, "nbformat": 4})


def _run(folder, cells, students, *more):
    """Start `course-grade run` on a class; returns the process and the folder of its results."""
    submissions = folder / f"class-{students}"
    submissions.mkdir()
    for number in range(students):
        (submissions / f"s{number:04}.ipynb").write_text(_notebook(cells), encoding="utf-8")
    out = folder / f"out-{students}"
    command = [sys.executable, "-m", "course_grader", "run", submissions, "--out", out, *more]
    return subprocess.Popen(command, cwd=peers.ROOT, stdout=subprocess.DEVNULL), out


def _clocks():
    """Seconds on the clock, and of processor time of the processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return np.array([time.perf_counter(), usage.ru_utime + usage.ru_stime])


def _class_seconds(folder, cells, students):
    """Seconds on the clock and of processor time."""
    start = _clocks()
    process, out = _run(folder, cells, students)
    assert process.wait() == 0
    seconds = _clocks() - start
    assert (out / "grades.csv").read_text().count(",correct,") == students * len(cells)
    with Journal(out / "journal.sqlite") as journal:
        # A room is nobody's child when it ends; what it took is in the journal.
        seconds[1] += sum(result.seconds for result, _ in journal.latest().values())
    return seconds


def _large_class(folder, cells, students):
    """Seconds, and the largest memory of all processes together in GB."""
    start = time.perf_counter()
    process, out = _run(folder, cells, students, "--workers", "2")
    most = 0
    while process.poll() is None:
        most = max(most, _memory(psutil.Process(process.pid)))
        time.sleep(0.5)
    assert process.returncode == 0
    assert (out / "grades.csv").read_text().count(",correct,") == students * len(cells)
    return time.perf_counter() - start, most / 1e9


def _memory(process):
    """Proportional share of memory of a process and its descendants, in bytes."""
    total = 0
    for one in [process, *process.children(recursive=True)]:
        try:
            total += one.memory_full_info().pss
        except psutil.Error:
            continue
    return total


def _exercise_seconds(cells):
    exercise, pair = next(iter(cells.items()))
    task = workers.Task("ann", ((exercise, Found.alone(pair["solution"])),), b"x" * 16, "sealed")
    workers.grade_task(task)
    start = time.perf_counter()
    for _ in range(20):
        workers.grade_task(task)
    milliseconds = 50 * (time.perf_counter() - start)
    start = time.perf_counter()
    Room("sealed").close()
    cold = 1000 * (time.perf_counter() - start)
    return f"{milliseconds:.0f} ms", "–", f"a new room takes {cold:.0f} ms"


def _environment(programs):
    return os.environ | {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(peers.ROOT),
        "JUPYTER_PREFER_ENV_PATH": "1",
    }


def _nbgrader_seconds(folder, cells, programs):
    """Seconds for one more submission, on the clock and of processor time."""
    (folder / "source" / "week").mkdir(parents=True)
    nbgrader.write(_CHAPTER, folder / "source" / "week" / f"{_CHAPTER}.ipynb")

    def command(*arguments):
        start = _clocks()
        subprocess.run(
            [programs / "nbgrader", *arguments, "--CourseDirectory.course_id=x"],
            cwd=folder,
            env=_environment(programs),
            capture_output=True,
            check=True,
        )
        return _clocks() - start

    command("generate_assignment", "week", "--create")
    released = nbformat.read(folder / "release" / "week" / f"{_CHAPTER}.ipynb", as_version=4)
    for cell in released.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = cells[cell.metadata.exercise]["solution"]
    seconds = {}
    for count in (2, 1, 9):
        for number in range(count):
            place = folder / "submitted" / f"s{count}{number}" / "week"
            place.mkdir(parents=True)
            nbformat.write(released, place / f"{_CHAPTER}.ipynb")
        seconds[count] = command("autograde", "week", "--create", f"--student=s{count}?")
    return (seconds[9] - seconds[1]) / 8


def _otter_seconds(folder, cells, programs):
    """Seconds for a submission."""
    (folder / "tests").mkdir(parents=True)
    for exercise in cells:
        name = exercise.partition(".")[2]
        test = _OTTER_TEST.format(name=name, exercise=exercise)
        (folder / "tests" / f"{name}.py").write_text(test, encoding="utf-8")
    (folder / "requirements.txt").write_text("", encoding="utf-8")
    document = json.loads(_notebook(cells))
    first = {"cell_type": "code", "metadata": {}, "source": "import numpy as np"}
    document["cells"] = [first, *document["cells"]]
    for cell in document["cells"]:
        cell |= {"outputs": [], "execution_count": None}
    document["nbformat_minor"] = 4
    document["metadata"] = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    (folder / "ann.ipynb").write_text(json.dumps(document), encoding="utf-8")
    settings = {"cwd": folder, "env": _environment(programs), "check": True, "capture_output": True}
    subprocess.run([programs / "otter", "generate", "-t", "tests"], **settings)
    start = time.perf_counter()
    subprocess.run([programs / "otter", "run", "ann.ipynb"], **settings)
    seconds = time.perf_counter() - start
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert sum(test.get("score", 0) for test in results["tests"]) == len(cells)
    return seconds
