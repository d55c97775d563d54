"""The class page, the exports, and the doctor."""

import contextlib
import csv
import html.parser
import json
import re

import numpy as np
import pytest

from course_grader import doctor, exports, grades, grading, report
from course_grader.__main__ import main
from course_grader.journal import Journal
from course_grader.room import launcher, policy
from course_grader.room import probe as probing
from course_grader.room.probe import Finding, probe

ITEMS = ["metrics.sensitivity", "metrics.ppv", "metrics.ppv_at", "metrics.confusion_counts"]
ITEMS += ["metrics.expected_accuracy", "metrics.post_test_probability"]


def write_run(out, table, level="sealed", problems=()):
    """A run's folder: `table` maps students to one outcome or share of the points an exercise."""
    (out / "feedback").mkdir(parents=True)
    rows = []
    with Journal(out / "journal.sqlite") as journal:
        number = journal.begin(level, list(problems))
        for student, outcomes in table.items():
            for item, outcome in zip(ITEMS, outcomes, strict=False):
                result = made(item, outcome)
                journal.add(number, student, [("key", result)])
                rows.append(grades.row(student, result, level))
    grades.write(out / "grades.csv", rows)
    return out


def made(item, outcome):
    if outcome == "infrastructure":
        return grading.Result(item, None, 1, outcome, message="no room")
    if isinstance(outcome, str) and outcome not in grading.OUTCOMES:
        return grading.Result(item, 0.0, 1, "wrong", outcome, "is wrong", 0, 9, 0.25)
    if isinstance(outcome, str):
        return grading.Result(item, float(outcome == "correct"), 1, outcome, "", "did that")
    kind = "correct" if outcome == 1 else "partial" if outcome else "wrong"
    return grading.Result(item, outcome, 1, kind, "", "is so", 0, 9, 0.5)


class Reader(html.parser.HTMLParser):
    """Rows of the tables, and tags that would load or run something."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.active, self.depth = [], [], []
        self.feed(text)
        assert not self.depth

    def handle_starttag(self, tag, attributes):
        if tag != "meta":
            self.depth.append(tag)
        if tag in ("script", "img", "iframe", "link", "object"):
            self.active.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.depth.pop() == tag

    def handle_data(self, data):
        if self.depth and self.depth[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def page_of(out):
    assert main(["report", str(out), "--no-browser"]) == 0
    text = (out / "report.html").read_text(encoding="utf-8")
    reader = Reader(text)
    assert not reader.active
    assert "http:" not in text
    assert "https:" not in text
    return text, reader.rows


CLASS = {
    "ann": [1, 1, 1, 1],
    "bob": [1, "sensitivity", 1, 0],
    "cem": [1, "sensitivity", 0, 0],
    "dan": [0, 0.5, 0, 0],
    "eve": [1, "timeout", "infrastructure", 1],
}


def test_the_class_page_counts_what_happened(tmp_path):
    out = write_run(tmp_path / "out", CLASS, problems=[("bob", "bob.ipynb: was odd")])
    text, rows = page_of(out)
    solved = {row[0]: row[2] for row in rows if len(row) == 6}
    # Wilson's intervals of 4, 1 of 5 and 2 of 4, from statsmodels' proportion_confint.
    assert solved["metrics.sensitivity"] == "80% [38%, 96%]"
    assert solved["metrics.ppv"] == "20% [4%, 62%]"
    assert solved["metrics.ppv_at"] == "50% [15%, 85%]"
    assert ["metrics.ppv", "sensitivity", "2", "40% [12%, 77%]"] in [row[:4] for row in rows]
    assert any("That is the sensitivity" in row[-1] for row in rows)
    looked_at = [row[:2] for row in rows if len(row) == 3]
    assert ["eve", "metrics.ppv"] in looked_at
    assert ["eve", "metrics.ppv_at"] in looked_at
    assert ["bob", ""] in looked_at
    assert "5 students" in text
    assert "real grades need" not in text


def test_discrimination_is_the_correlation_with_the_other_exercises(tmp_path):
    rng = np.random.default_rng(0)
    credit = rng.integers(0, 2, (12, 4)).astype(float)
    out = write_run(tmp_path / "out", {f"s{i}": list(row) for i, row in enumerate(credit)})
    _, rows = page_of(out)
    for i, item in enumerate(ITEMS[:4]):
        (shown,) = [row[4] for row in rows if row[0] == item and len(row) == 6]
        rest = np.delete(credit, i, axis=1).mean(axis=1)
        assert shown.startswith(f"{np.corrcoef(credit[:, i], rest)[0, 1]:.2f} [")


def test_unusual_students_are_pointed_out(tmp_path):
    usual = {f"s{i}": [1, 1, 1, 0.5 * (i % 3), 0, 0] for i in range(10)}
    out = write_run(tmp_path / "out", usual | {"contrary": [0, 0, 0, 1, 1, 1]})
    _, rows = page_of(out)
    assert ["contrary", "", "solves what most miss, and misses what most solve"] in rows
    out = write_run(tmp_path / "low", usual | {"low": [0, 0, 0, 0, 0, 0]})
    _, rows = page_of(out)
    assert ["low", "", "scores far below the class"] in rows


@pytest.mark.parametrize(
    "table",
    [
        {"ann": [1]},
        {"ann": [0, 0]},
        {"ann": [1, 1], "bob": [1, 1]},
        {"ann": ["infrastructure"], "bob": [0.5]},
        {f"s{i}": [1, 1, 1, 1, 1, 1] for i in range(6)},
    ],
    ids=str,
)
def test_small_and_uniform_classes_have_a_page(tmp_path, table):
    page_of(write_run(tmp_path / "out", table))


def test_a_page_without_a_grade_is_refused_and_a_level_below_sealed_is_said(tmp_path):
    out = write_run(tmp_path / "none", {"ann": ["infrastructure"]})
    with pytest.raises(ValueError, match="is graded yet"):
        report.write(out)
    (tmp_path / "none" / "grades.csv").write_text(",".join(grades.COLUMNS) + "\n")
    with pytest.raises(ValueError, match="holds no row"):
        report.write(out)
    text, _ = page_of(write_run(tmp_path / "open", {"ann": [1]}, level="open"))
    assert "open UNISOLATED" in text


def test_names_in_pages_are_text(tmp_path):
    text, _ = page_of(write_run(tmp_path / "out", {"<b>x</b>": ["timeout"]}))
    assert "&lt;b&gt;x&lt;/b&gt;" in text


def exported(out, to, *more, capsys=None):
    assert main(["export", str(out), "--to", to, *map(str, more)]) == 0
    return capsys.readouterr().out if capsys else ""


def lines_of(path):
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.reader(file))


@pytest.fixture
def out(tmp_path):
    table = {
        "leeann_77": [1, 0.5],
        "wubob_78": [0, "sensitivity"],
        "kimeve_79": [1, "infrastructure"],
        "=sum_80": [1, 1],
    }
    return write_run(tmp_path / "out", table)


def test_gradescope(out, capsys):
    said = exported(out, "gradescope", capsys=capsys)
    assert "waits for a person: kimeve_79" in said
    folder = out / "export" / "gradescope"
    assert sorted(p.stem for p in folder.iterdir()) == ["=sum_80", "leeann_77", "wubob_78"]
    results = json.loads((folder / "wubob_78.json").read_text(encoding="utf-8"))
    assert "score" not in results
    first, second = results["tests"]
    assert (first["score"], first["max_score"], first["status"]) == (0, 1, "failed")
    assert first["visibility"] == "visible"
    assert "That is the sensitivity" in second["output"]


def test_lti(out):
    exported(out, "lti")
    payloads = json.loads((out / "export" / "lti.json").read_text(encoding="utf-8"))
    assert [p["userId"] for p in payloads] == ["leeann_77", "wubob_78", "=sum_80"]
    wanted = {"userId", "timestamp", "activityProgress", "gradingProgress", "scoreGiven"}
    assert set(payloads[0]) == wanted | {"scoreMaximum", "comment"}
    assert (payloads[0]["scoreGiven"], payloads[0]["scoreMaximum"]) == (1.5, 2)
    # The form of the specification's example: parts of a second, and the zone.
    assert re.fullmatch(r"[\d-]{10}T[\d:]{8}\.\d{3}\+00:00", payloads[0]["timestamp"])


def test_csv(out):
    exported(out, "csv")
    head, *lines = lines_of(out / "export" / "grades.csv")
    assert head == ["student", *ITEMS[:2], "points", "max_points", "level"]
    assert lines[0] == ["leeann_77", "1", "0.5", "1.5", "2", "sealed"]
    assert lines[2][0] == "'=sum_80"


def test_canvas_without_a_gradebook(out):
    exported(out, "canvas")
    head, *lines = lines_of(out / "export" / "canvas.csv")
    assert head[:5] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    assert lines[0] == ["leeann", "77", "", "", "", "1.5"]


CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,Quiz (11),Week 10 (12)
    Points Possible,,,,,5,100
"Lee, Ann",77,u1,ann,A,4,
"Wu, Bob",78,u2,bob,A,3,
"Kim, Eve",79,u3,eve,A,2,
"""


def test_canvas_fills_the_empty_column_on_its_scale(out, tmp_path, capsys):
    (tmp_path / "book.csv").write_text(CANVAS)
    said = exported(out, "canvas", "--gradebook", tmp_path / "book.csv", capsys=capsys)
    assert "=sum_80 has no row" in said
    lines = lines_of(out / "export" / "canvas.csv")
    assert [line[-1] for line in lines] == ["Week 10 (12)", "100", "75", "0", ""]
    assert [line[5] for line in lines] == ["Quiz (11)", "5", "4", "3", "2"]


def test_canvas_fills_the_named_column(out, tmp_path):
    (tmp_path / "book.csv").write_text(CANVAS)
    exported(out, "canvas", "--gradebook", tmp_path / "book.csv", "--column", "Quiz")
    assert [line[5] for line in lines_of(out / "export" / "canvas.csv")][2:] == ["3.75", "0", "2"]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", CANVAS.replace("(12)", "").replace("(11)", "")])
def test_a_gradebook_that_does_not_fit_is_refused(out, tmp_path, text, capsys):
    (tmp_path / "book.csv").write_text(text)
    for to in ("canvas", "moodle"):
        assert (
            main(["export", str(out), "--to", to, "--gradebook", str(tmp_path / "book.csv")]) == 2
        )
        assert capsys.readouterr().err.count("\n") == 1


def test_moodle_gets_grade_and_feedback_together(out, tmp_path):
    exported(out, "moodle")
    head, *lines = lines_of(out / "export" / "moodle.csv")
    assert head == ["Identifier", "Full name", "Grade", "Maximum Grade", "Feedback comments"]
    assert lines[0][:4] == ["Participant 77", "leeann", "1.5", "2"]
    (tmp_path / "sheet.csv").write_text(
        "\ufeffIdentifier,Full name,Email address,Grade,Maximum Grade,Feedback comments\n"
        "Participant 77,Ann Lee,ann@x.edu,,10.00,\nParticipant 78,Bob Wu,bob@x.edu,,10.00,\n"
    )
    exported(out, "moodle", "--gradebook", tmp_path / "sheet.csv")
    _, ann, bob = lines_of(out / "export" / "moodle.csv")
    assert (ann[3], bob[3]) == ("7.5", "0")
    assert "That is the sensitivity" in bob[5]


def test_two_of_the_same_name_are_not_confused(tmp_path):
    out = write_run(tmp_path / "out", {"Ann Lee": [1]})
    (tmp_path / "book.csv").write_text("Student,ID,Week (1)\nAnn Lee,1,\nAnn Lee,2,\n")
    lines = exports.export(out, "canvas", tmp_path / "book.csv")
    assert "Not filled in: Ann Lee has 2 rows in the gradebook" in lines
    assert [line[2] for line in lines_of(out / "export" / "canvas.csv")[1:]] == ["", ""]


def test_levels_below_sealed_are_said_in_every_export(tmp_path):
    out = write_run(tmp_path / "out", {"ann": [1]}, level="open")
    for to in exports.FORMATS:
        assert "Warning: graded at level open UNISOLATED" in exports.export(out, to)[-1]
    assert "without isolation" in (out / "export" / "lti.json").read_text()


def test_a_person_s_correction_in_the_table_is_exported(out):
    path = out / "grades.csv"
    text = path.read_text()
    changed = text.replace("metrics.ppv,,1,infrastructure", "metrics.ppv,0.25,1,partial")
    assert changed != text
    path.write_text(changed)
    exported(out, "lti")
    payloads = json.loads((out / "export" / "lti.json").read_text(encoding="utf-8"))
    assert {p["userId"]: p["scoreGiven"] for p in payloads}["kimeve_79"] == 1.25


def test_doctor_tells_every_level_that_holds(capsys):
    code = main(["doctor"])
    said = capsys.readouterr().out
    for level in policy.LEVELS:
        (line,) = [line for line in said.splitlines() if line.startswith(level)]
        assert ("yes" in line.split()) == probe(level).holds
    assert code == (0 if probe("sealed").holds else 2)


@pytest.mark.parametrize(
    ("finding", "remedy"),
    [
        (Finding("sealed", False, why="[Errno 2] No such file: 'bwrap'"), "bubblewrap|namespaces"),
        (Finding("sealed", False, why="No module named 'pyseccomp'"), r"course-lib\[grade\]"),
        (Finding("locked", False, ("fork",)), "let a student's code fork"),
    ],
    ids=lambda value: getattr(value, "level", ""),
)
def test_the_doctor_says_how_to_get_a_level(finding, remedy):
    assert re.search(remedy, doctor.explain(finding))


@pytest.fixture
def fresh_probe():
    probe.cache_clear()
    yield
    probe.cache_clear()


@pytest.mark.slow
def test_a_level_whose_wall_is_missing_does_not_hold(monkeypatch, fresh_probe):
    if not probe("locked").holds:
        pytest.skip("level locked is not there to be weakened")
    probe.cache_clear()
    everything = {"trees": ["/"], "listed": [], "files": [], "written": []}
    monkeypatch.setattr(policy, "file_rules", lambda *_: everything)
    finding = probe("locked")
    assert not finding.holds
    assert "read a file of the grader" in finding.breaches


@pytest.mark.parametrize("missing", ["box_command", "filter_program", "file_rules"])
def test_a_level_that_cannot_be_built_does_not_hold(monkeypatch, fresh_probe, missing):
    def fail(*_, **__):
        raise RuntimeError("not to be had")

    monkeypatch.setattr(policy, missing, fail)
    finding = probe("sealed")
    assert not finding.holds
    assert "not to be had" in finding.why


def test_run_refuses_a_level_that_does_not_hold(monkeypatch, fresh_probe, tmp_path, capsys):
    monkeypatch.setattr(policy, "box_command", lambda *_: ["/nonexistent/bwrap"])
    assert main(["run", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert "Level 'sealed' does not hold here" in said
    assert said.count("\n") == 1


def test_a_room_that_does_not_start_says_why(monkeypatch):
    monkeypatch.setattr(policy, "ROOM", policy.ROOM / "nowhere")
    with pytest.raises(launcher.RoomError, match="did not start"):
        launcher.Room("open")


@pytest.mark.slow
def test_only_a_wall_s_own_error_counts_as_stopped(monkeypatch, fresh_probe):
    # A missing codec stopped nothing, and an attempt that fails everywhere proves nothing.
    broken = probing._ATTEMPTS.replace("os.chmod(", "missing.codec(")
    monkeypatch.setattr(probing, "_ATTEMPTS", broken)
    finding = probe("open")
    assert "change a file's mode" in finding.breaches
    probe.cache_clear()
    finding = probe("sealed")
    assert not finding.holds
    assert "one cannot change a file's mode either" in finding.why


@pytest.mark.slow
def test_every_attempt_of_the_probe_succeeds_where_nothing_is_forbidden():
    with contextlib.ExitStack() as stack:
        attempts = probing._attempts(stack, policy.USUAL)
        done = probing._outside(attempts)
    assert set(done.values()) == {"done"}
    assert len(done) == len(attempts) >= 10


@pytest.mark.slow
def test_a_second_copy_of_the_answers_is_noticed(monkeypatch, fresh_probe, tmp_path):
    package = tmp_path / "innocent" / "vendor"
    package.mkdir(parents=True)
    shown, hidden = policy.visible_paths(True)
    more = [*shown, tmp_path / "innocent"]
    monkeypatch.setattr(policy, "visible_paths", lambda with_library: (more, hidden))
    assert policy.second_copies() == []
    original = policy.library() / "exercises" / "metrics.py"
    # A module of that name is not suspicious; one that speaks of exercises is.
    (package / "metrics.py").write_text("def ppv(): pass")
    assert policy.second_copies() == []
    (package / "metrics.py").write_bytes(original.read_bytes())
    assert policy.second_copies() == [package / "metrics.py"]
    finding = probe("sealed")
    assert not finding.holds
    assert str(package / "metrics.py") in doctor.explain(finding)
