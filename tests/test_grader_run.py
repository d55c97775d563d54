"""A class from the command line: grades, feedback, resuming, and what goes wrong around it."""

import csv
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import deque

import psutil
import pytest

from book_ext.editions import ROOT
from course_grader import feedback, grades, run, workers
from course_grader.__main__ import main
from course_grader.journal import Journal
from course_grader.notebook import Found
from course_grader.room import launcher

from .grader_class import answers, hand_in, level_or_skip
from .grader_poison import die_on_poison

pytestmark = pytest.mark.slow

SEED = "a seed for the tests, long enough\n"
LOOP = "def ppv(y_true, y_pred):\n    while True:\n        pass"
SENSITIVITY = "def ppv(y_true, y_pred):\n    return np.mean(y_pred[y_true == 1])"


@pytest.fixture
def seed(tmp_path):
    path = tmp_path / "seed-file"
    path.write_text(SEED)
    return path


@pytest.fixture
def quick(monkeypatch):
    """One second for an exercise, in this process and in those that it starts."""
    limits = launcher.policy.Limits(seconds=1)
    monkeypatch.setattr(launcher.policy, "USUAL", limits)
    monkeypatch.setattr(grades, "USUAL", limits)
    monkeypatch.setattr(launcher.Room.__init__, "__defaults__", (("numpy",), limits, True))


@pytest.fixture
def here(monkeypatch):
    """Grade in this process, for speed."""
    level_or_skip()

    def in_this_process(tasks, count=None):
        for task in tasks:
            yield task, workers.grade_task(task)

    monkeypatch.setattr(workers, "on_this_machine", in_this_process)
    yield
    for room in workers._rooms.__dict__.values():
        room.close()
    workers._rooms.__dict__.clear()


def table(out):
    with (out / "grades.csv").open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def command(folder, out, seed, *more):
    return main(["run", str(folder), "--out", str(out), "--seed-file", str(seed), *more])


def test_a_small_class(tmp_path, seed, here, quick, capsys):
    folder = hand_in(
        tmp_path / "class",
        ann=answers("solution"),
        bob=answers("stub"),
        eve=answers("solution") | {"metrics.ppv": SENSITIVITY},
        max=answers("solution") | {"metrics.ppv": LOOP},
    )
    (folder / "zoe.ipynb").write_bytes(b"nonsense")
    assert command(folder, tmp_path / "out", seed) == 0
    rows = table(tmp_path / "out")
    assert list(rows[0]) == list(grades.COLUMNS)
    by = {(row["student"], row["exercise"]): row for row in rows}
    assert len(by) == len(rows) == 5 * len(answers("stub"))
    assert {row["outcome"] for row in rows if row["student"] == "ann"} == {"correct"}
    assert {row["points"] for row in rows if row["student"] in ("bob", "zoe")} == {"0"}
    assert by["eve", "metrics.ppv"]["misconception"] == "sensitivity"
    assert by["max", "metrics.ppv"]["outcome"] == "timeout"
    assert by["max", "metrics.ppv"]["seconds"] == "1"
    assert {row["seconds"] for row in rows if row["outcome"] != "timeout"} == {"0"}
    assert {row["level"] for row in rows} == {"sealed"}
    said = capsys.readouterr().out
    assert "5 students" in said
    assert "zoe.ipynb: is not a notebook" in said
    page = (tmp_path / "out" / "feedback" / "eve.html").read_text(encoding="utf-8")
    assert feedback.escape(feedback.hint("metrics.ppv", "sensitivity")) in page


def test_a_second_run_gives_the_same_bytes(tmp_path, seed, here):
    cells = {"metrics.ppv": answers("solution")["metrics.ppv"], "metrics.sensitivity": SENSITIVITY}
    folder = hand_in(tmp_path / "class", ann=cells, bob=cells)
    for out in ("one", "two"):
        assert command(folder, tmp_path / out, seed) == 0
    for name in ("grades.csv", "feedback/ann.html", "feedback/bob.html"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_what_is_in_the_journal_is_not_graded_again(tmp_path, seed, here, monkeypatch):
    folder = hand_in(tmp_path / "class", ann=answers("solution"), bob=answers("solution"))
    command(folder, tmp_path / "out", seed)
    before = (tmp_path / "out" / "grades.csv").read_bytes()
    graded = []
    honest = workers.grade_task
    monkeypatch.setattr(workers, "grade_task", lambda task: graded.append(task) or honest(task))
    command(folder, tmp_path / "out", seed)
    assert not graded
    assert (tmp_path / "out" / "grades.csv").read_bytes() == before
    # A notebook that changed is graded, and only that: any of its cells may matter to any other.
    hand_in(folder, ann=answers("solution") | {"metrics.ppv": SENSITIVITY})
    command(folder, tmp_path / "out", seed)
    assert [task.student for task in graded] == ["ann"]


def test_the_journal_cannot_be_changed_afterwards(tmp_path, seed, here):
    command(hand_in(tmp_path / "class", ann=answers("stub")), tmp_path / "out", seed)
    db = sqlite3.connect(tmp_path / "out" / "journal.sqlite")
    for statement in ("UPDATE result SET points = 9", "DELETE FROM result"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            db.execute(statement)
    db.close()


def test_a_run_goes_on_after_kill_9(tmp_path, seed):
    level_or_skip()
    folder = hand_in(tmp_path / "class", **{f"s{i:02}": answers("solution") for i in range(20)})
    out = tmp_path / "out"
    program = [sys.executable, "-m", "course_grader", "run", str(folder), "--out", str(out)]
    program += ["--seed-file", str(seed), "--workers", "2"]
    process = subprocess.Popen(program, cwd=ROOT, stdout=subprocess.DEVNULL)
    journal = out / "journal.sqlite"

    def done():
        if not journal.exists():
            return 0
        db = sqlite3.connect(journal)
        try:
            return db.execute("SELECT count(*) FROM result").fetchone()[0]
        except sqlite3.OperationalError:
            return 0
        finally:
            db.close()

    deadline = time.monotonic() + 60
    while done() < 20 and time.monotonic() < deadline:
        time.sleep(0.02)
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.wait()
    first = done()
    assert 0 < first < 20 * len(answers("stub"))
    # Workers and rooms end with it.
    _, alive = psutil.wait_procs(family, timeout=15)
    assert not alive
    assert not (out / "grades.csv").exists()
    subprocess.run(program, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    rows = table(out)
    assert len(rows) == 20 * len(answers("stub"))
    assert {row["outcome"] for row in rows} == {"correct"}
    # Nothing graded twice, nothing lost.
    assert done() == len(rows)


def test_a_submission_that_kills_its_worker_is_left_to_a_person(monkeypatch):
    monkeypatch.setattr(workers, "grade_task", die_on_poison)
    cells = (("metrics.ppv", Found.alone("")),)
    students = ["a", "poison", "b", "c", "d"]
    tasks = [workers.Task(student, cells, b"", "open") for student in students]
    done = {task.student: results for task, results in workers.on_this_machine(tasks)}
    assert set(done) == set(students)
    (result,) = done.pop("poison")
    assert (result.points, result.outcome) == (None, "infrastructure")
    assert all(results == [] for results in done.values())


def test_a_room_that_fails_is_replaced_and_at_last_reported(here, monkeypatch):
    task = workers.Task(
        "ann",
        (("metrics.ppv", Found.alone(answers("solution")["metrics.ppv"])),),
        b"x" * 16,
        "sealed",
    )
    honest, tries = launcher.Room.ask, deque([1, 2])

    def failing(self, *arguments):
        if tries:
            tries.pop()
            os.kill(self._process.pid, signal.SIGKILL)
        return honest(self, *arguments)

    monkeypatch.setattr(launcher.Room, "ask", failing)
    assert workers.grade_task(task)[0].outcome == "correct"
    tries.extend(range(9))
    (result,) = workers.grade_task(task)
    assert (result.points, result.outcome) == (None, "infrastructure")
    assert "RoomError" in result.message


def test_an_infrastructure_failure_is_not_scored_and_tried_again(tmp_path, seed, here, monkeypatch):
    folder = hand_in(tmp_path / "class", ann=answers("solution"))
    with monkeypatch.context() as patch:
        patch.setattr(workers, "grade_task", lambda task: task.given_up("no room"))
        command(folder, tmp_path / "out", seed)
    rows = table(tmp_path / "out")
    assert {(row["points"], row["outcome"]) for row in rows} == {("", "infrastructure")}
    page = (tmp_path / "out" / "feedback" / "ann.html").read_text(encoding="utf-8")
    assert "a person will look at it" in page
    command(folder, tmp_path / "out", seed)
    assert {row["outcome"] for row in table(tmp_path / "out")} == {"correct"}


def test_the_secret_is_made_once_for_the_owner_s_eyes(tmp_path):
    secret = run.read_secret(None, tmp_path)
    assert len(secret) == 64
    assert (tmp_path / "seed").stat().st_mode & 0o777 == 0o600
    assert run.read_secret(None, tmp_path) == secret


def test_only_the_named_exercises_are_graded(tmp_path, seed, here):
    folder = hand_in(tmp_path / "class", ann=answers("solution"))
    command(folder, tmp_path / "out", seed, "--exercises", "metrics.ppv, roc")
    found = {row["exercise"] for row in table(tmp_path / "out")}
    assert "metrics.ppv" in found
    assert {exercise.partition(".")[0] for exercise in found - {"metrics.ppv"}} == {"roc"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "{missing}", "--out", "{out}"], "There is no"),
        (["run", "{class}", "--out", "{out}", "--exercises", "astrology"], "astrology"),
        (["run", "{class}", "--out", "{out}", "--seed-file", "{missing}"], "cannot be read"),
        (["run", "{class}", "--out", "{out}", "--seed-file", "{short}"], "16 characters"),
        (["run", "{class}", "--out", "{short}"], "cannot be used as a folder"),
        (["run", "{class}", "--out", "{out}", "--level", "open"], "--i-trust-these-submissions"),
        (["run", "{empty}", "--out", "{out}"], "No submission contains an exercise"),
        (["report", "{missing}"], "run course-grade run first"),
        (["export", "{missing}", "--to", "csv"], "run course-grade run first"),
        (["nbgrader", "astrology"], "astrology"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_bad_input_is_one_sentence_and_exit_code_2(tmp_path, capsys, arguments, said):
    level_or_skip()
    hand_in(tmp_path / "class", ann=answers("stub"))
    hand_in(tmp_path / "empty", ann={"none": "x = 1"})
    (tmp_path / "short").write_text("short")
    filled = [
        argument.replace("{", f"{tmp_path}/").replace("}", "") if "{" in argument else argument
        for argument in arguments
    ]
    assert main(filled) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.startswith("course-grade: ")
    assert error.count("\n") == 1


def test_a_journal_that_is_none_is_refused(tmp_path):
    (tmp_path / "journal.sqlite").write_text("nonsense " * 200)
    with pytest.raises(ValueError, match="no journal"):
        Journal(tmp_path / "journal.sqlite")


def test_levels_below_sealed_are_warned_of(tmp_path, seed, here, capsys):
    folder = hand_in(tmp_path / "class", ann={"metrics.ppv": answers("solution")["metrics.ppv"]})
    level_or_skip("locked")
    assert command(folder, tmp_path / "locked", seed, "--level", "locked") == 0
    assert "'sealed' is the level for real grades" in capsys.readouterr().err
    trusted = ("--level", "open", "--i-trust-these-submissions")
    assert command(folder, tmp_path / "open", seed, *trusted) == 0
    assert "UNISOLATED" in capsys.readouterr().err
    assert {row["level"] for row in table(tmp_path / "open")} == {"open UNISOLATED"}
    assert {row["level"] for row in table(tmp_path / "locked")} == {"locked"}


@pytest.mark.parametrize("name", ["=1+1", "+x", "-x", "@x", "'quoted", "plain"])
def test_a_name_is_no_formula_and_comes_back(tmp_path, name):
    row = grades.Row(name, "metrics.ppv", 0.5, 1.0, "partial", "", "sealed", 0)
    waiting = grades.Row(name, "metrics.npv", None, 1.0, "infrastructure", "", "sealed", 0)
    grades.write(tmp_path / "grades.csv", [row, waiting])
    assert grades.read(tmp_path / "grades.csv") == [row, waiting]
    text = (tmp_path / "grades.csv").read_text().splitlines()[1]
    assert text[0] not in "=+-@"
