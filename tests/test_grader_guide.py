"""The instructor's guide, word for word: its commands, for a class out of each platform."""

import csv
import re
import shlex

import pytest

from book_ext.editions import ROOT
from course_grader import course, overrides, workers
from course_grader.__main__ import main
from course_lib.exercises import catalog

from .grader_class import level_or_skip
from .grader_layouts import BAD, GOOD, METADATA, zipped

GUIDE = (ROOT / "course_grader" / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", GUIDE, re.DOTALL)
PLATFORMS = re.findall(
    r"^\| ([^|]+?) \| ([^|]+?) \| ([^|]+?) \| ([^|]*?) ?\|$", GUIDE, re.MULTILINE
)

#: A class of three in the form of each platform of the guide's table, and the students' names.
CLASSES = {
    "Moodle": (
        {
            "Ann Lee_1002_assignsubmission_file_/metrics.ipynb": GOOD,
            "王小明_1003_assignsubmission_file_/metrics.ipynb": BAD,
            "Cy_1004_assignsubmission_onlinetext_/onlinetext.html": b"x",
        },
        ["Ann Lee_1002", "Cy_1004", "王小明_1003"],
    ),
    "Canvas, NTU COOL": (
        {
            "leeann_77_9001_metrics.ipynb": GOOD,
            "王小明_LATE_78_9002_metrics-1.ipynb": BAD,
            "youngcy_79_text.html": b"x",
        },
        ["leeann_77", "youngcy_79", "王小明_78"],
    ),
    "Blackboard": (
        {
            "Week 10_ann1_attempt_2026-11-03-17-00-00_metrics.ipynb": BAD,
            "Week 10_ann1_attempt_2026-11-04-17-00-00_metrics.ipynb": GOOD,
            "Week 10_bob2_attempt_2026-11-04-17-00-00_metrics.ipynb": BAD,
        },
        ["ann1", "bob2"],
    ),
    "Gradescope": (
        {
            "assignment_1_export/submission_metadata.yml": METADATA.encode(),
            "assignment_1_export/submission_9001/metrics.ipynb": GOOD,
            "assignment_1_export/submission_9002/metrics.ipynb": BAD,
        },
        ["Ann Lee_1001", "No", "王小明_0010"],
    ),
    "Google Classroom": (
        {"Week 10/Ann Lee - Title.ipynb": GOOD, "Week 10/Bob Wu - Title.ipynb": BAD},
        ["Ann Lee", "Bob Wu"],
    ),
    "Brightspace": (
        {
            "12-34 - Ann Lee - Nov 3, 2026 500 PM/metrics.ipynb": GOOD,
            "12-35 - Bob Wu - Nov 3, 2026 501 PM/metrics.ipynb": BAD,
        },
        ["Ann Lee", "Bob Wu"],
    ),
    "nbgrader": (
        {"submitted/ann/w/metrics.ipynb": GOOD, "submitted/bob/w/metrics.ipynb": BAD},
        ["ann", "bob"],
    ),
    "by hand": ({"metrics/ann.ipynb": GOOD, "metrics/bob.ipynb": BAD}, ["ann", "bob"]),
}


@pytest.fixture
def here(monkeypatch, tmp_path):
    """Grade in this process, in a folder of its own."""
    level_or_skip()
    monkeypatch.setattr(
        workers,
        "on_this_machine",
        lambda tasks, count=None: ((t, workers.grade_task(t)) for t in tasks),
    )
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for room in workers._rooms.__dict__.values():
        room.close()
    workers._rooms.__dict__.clear()


def rows():
    with open("graded/grades.csv", newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_the_table_has_every_platform():
    assert [name for name, *_ in PLATFORMS if name in CLASSES] == list(CLASSES)


@pytest.mark.slow
@pytest.mark.parametrize("platform", CLASSES)
def test_a_class_of_each_platform_goes_there_and_back(here, platform):
    files, students = CLASSES[platform]
    (here / "class.zip").write_bytes(zipped(files))
    assert main(["run", "class.zip", "--out", "graded"]) == 0
    assert sorted({row["student"] for row in rows()}) == students
    points = {row["student"]: row["points"] for row in rows() if row["exercise"] == "metrics.ppv"}
    assert sorted(points.values()) == sorted("1" if s == good(students) else "0" for s in students)
    assert points[good(students)] == "1"
    assert main(["report", "graded", "--no-browser"]) == 0
    (back,) = [row[3] for row in PLATFORMS if row[0] == platform]
    for command in re.findall(r"`(export [^`]+)`", back):
        assert main([*command.split()[:1], "graded", *command.split()[1:]]) == 0
    assert len(list((here / "graded" / "feedback").iterdir())) == len(students)


def good(students):
    """Whose answer is right: Ann's, in every form of her name."""
    (ann,) = [name for name in students if "ann" in name.lower()]
    return ann


@pytest.mark.slow
def test_the_commands_for_a_platform_work_as_they_stand(here, monkeypatch, capsys):
    monkeypatch.setattr("webbrowser.open", lambda address: True)
    (here / "moodle.zip").write_bytes(zipped(CLASSES["Moodle"][0]))
    (here / "roster.csv").write_text("id;name\n1002;Ann Lee\n1003;王小明\n1009;Zoe\n", "utf-8-sig")
    (here / "worksheet.csv").write_text(
        "Identifier,Full name,Grade,Maximum Grade,Feedback comments\n"
        "Participant 1002,Ann Lee,,8.00,\nParticipant 1003,王小明,,8.00,\n",
        "utf-8-sig",
    )
    (commands,) = [text for kind, text in BLOCKS if kind == "bash" and "moodle.zip" in text]
    for line in commands.splitlines():
        program, *arguments = shlex.split(line, comments=True)
        assert program == "course-grade"
        assert main(arguments) == 0
    said = capsys.readouterr().out
    assert "1 of 3 on the roster handed in nothing: Zoe" in said
    filled = (here / "graded" / "export" / "moodle.csv").read_text("utf-8-sig")
    assert "Participant 1002,Ann Lee,1,8.00" in filled
    assert {row["student"] for row in rows()} == {*CLASSES["Moodle"][1], "Zoe"}


@pytest.mark.slow
def test_what_the_guide_says_that_a_run_says_is_what_it_says(here, monkeypatch, capsys):
    monkeypatch.setattr(
        workers, "on_this_machine", lambda tasks, count=None: ((t, t.given_up("x")) for t in tasks)
    )
    assert main(["run", str(ROOT / "examples" / "class"), "--out", "graded"]) == 0
    (shown,) = [text for kind, text in BLOCKS if text.startswith("Read as")]
    assert capsys.readouterr().out.startswith(shown)


def test_the_guide_s_rules_and_decisions_are_ones(tmp_path):
    (rules,) = [text for kind, text in BLOCKS if kind == "toml"]
    (tmp_path / "course.toml").write_text(rules, encoding="utf-8")
    read = course.read(tmp_path / "course.toml")
    assert read.weight("metrics.ppv") == 3
    (decisions,) = [text for _, text in BLOCKS if text.startswith("student,exercise,points")]
    (tmp_path / "overrides.csv").write_text(decisions, encoding="utf-8")
    known = {*catalog(), "late", *(row.name for row in read.manual)}
    assert len(overrides.read(tmp_path / "overrides.csv", known)) == 3
