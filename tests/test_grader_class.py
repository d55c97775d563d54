"""A class as a whole: who decides for whom, whose word is kept, and what one may cost the rest."""

import csv
import dataclasses
import errno
import json
import os
import re
import sqlite3

import pytest

from course_grader import choice, definition, exports, grades, report, roster, run, similar, text
from course_grader.__main__ import _say, main
from course_grader.grading import Result
from course_grader.journal import Journal
from course_lib.exercises import find

from .grader_layouts import BAD, GOOD, notebook, zipped

IDS = ["metrics.ppv"]


@pytest.fixture
def graded(tmp_path):
    """Grades hand-ins without a room: what holds "0.5" is wrong; returns rows and sentences."""

    asked = []

    def executor(tasks):
        for task in tasks:
            results = []
            for exercise, found in task.answers:
                asked.append((task.student, exercise))
                wrong = "0.5" in found.cells[-1]
                message = "has\x1b[2J\ud800\n\u202eother values" if wrong else "is right"
                outcome = "wrong" if wrong else "correct"
                results.append(Result(exercise, float(not wrong), 1, outcome, "", message))
            yield task, results

    def grade(files, wanted=IDS, said=None, executor=executor, **options):
        (tmp_path / "class.zip").write_bytes(zipped(files))
        seed = tmp_path / "seed"
        seed.write_text("a seed for the tests")
        given = {
            k: tmp_path / v if k in ("roster", "course", "overrides") else v
            for k, v in options.items()
        }
        rows, problems = run.run(
            tmp_path / "class.zip",
            tmp_path / "out",
            wanted,
            seed,
            "sealed",
            executor,
            run.Options(**given),
            (said if said is not None else []).append,
        )
        return {(r.student, r.exercise): r for r in rows}, problems

    grade.asked = asked
    grade.out = tmp_path / "out"
    return grade


CLASS = {"ann.ipynb": GOOD, "bob.ipynb": BAD, "cy.ipynb": GOOD}


# One student never decides for the class


def parameters(mark=False):
    """A notebook on metrics with a variable, or a marked cell, that another chapter knows too."""
    document = json.loads(GOOD)
    metadata = {"exercise": "dli_l5.parameters"} if mark else {}
    source = "parameters = dict(a=1)\ndef parameters(): return 1"
    cell = {"cell_type": "code", "metadata": metadata, "source": source, "outputs": []}
    document["cells"].append(cell)
    return json.dumps(document).encode()


@pytest.mark.parametrize("mark", [False, True])
@pytest.mark.parametrize("others", [1, 2, 30])
def test_one_student_adds_no_chapter_for_everybody(graded, others, mark):
    said = []
    files = {f"s{i}.ipynb": GOOD for i in range(others)} | {"eve.ipynb": parameters(mark)}
    rows, _ = graded(files, wanted=(), said=said)
    assert {exercise.partition(".")[0] for _, exercise in rows} == {"metrics"}
    assert any(f"Grading metrics: handed in by {others + 1} of {others + 1}" in s for s in said)


def test_a_quorum_adds_a_chapter_and_a_name_does(graded):
    roc_id = next(e for e in choice.named(["roc"]))
    roc = notebook(name=roc_id.partition(".")[2], chapter="roc")
    files = {f"{s}/metrics.ipynb": GOOD for s in ("ann", "bob", "cy", "dan")}
    files |= {f"{s}/roc.ipynb": roc for s in ("ann", "bob")}
    rows, _ = graded(files, wanted=())
    assert {exercise.partition(".")[0] for _, exercise in rows} == {"metrics", "roc"}
    said = []
    del files["bob/roc.ipynb"]
    rows, _ = graded(files, wanted=(), said=said)
    assert {exercise.partition(".")[0] for _, exercise in rows} == {"metrics"}
    assert any("Not grading roc" in s and "ann" in s and "--exercises" in s for s in said)
    rows, _ = graded(files, wanted=["metrics", "roc"])
    assert rows["bob", roc_id].outcome == "missing"


def test_a_name_that_everybody_uses_is_no_chapter(graded):
    """And the sentence says what is missing, not that only everybody has it."""
    name = next(iter(choice.named(["roc"]))).partition(".")[2]
    both, said = json.loads(GOOD), []
    source = f"def {name}(*arguments):\n    return None"
    both["cells"].append({**both["cells"][0], "metadata": {}, "source": source})
    files = {f"{who}/metrics.ipynb": json.dumps(both).encode() for who in ("ann", "bob")}
    rows, _ = graded(files, wanted=(), said=said)
    assert {exercise.partition(".")[0] for _, exercise in rows} == {"metrics"}
    (roc,) = (sentence for sentence in said if sentence.startswith("Not grading roc"))
    assert "handed in by 0 of 2 students (marks of its cells, or half of its functions)" in roc
    assert "fewer than 2. Something that is named after one of its exercises" in roc
    assert "was handed in by ann, bob;" in roc
    assert "only" not in roc


def test_a_folder_of_a_chapter_names_it(graded):
    files = {"metrics/ann.ipynb": GOOD, "metrics/bob.ipynb": GOOD, "roc/ann.ipynb": GOOD}
    said = []
    rows, _ = graded(files, wanted=(), said=said)
    assert "Grading roc: a folder is named after it." in said
    assert rows["bob", next(iter(choice.named(["roc"])))].outcome == "missing"


# One hand-in never stops the class


def test_half_a_character_in_a_message_costs_nobody(graded):
    rows, _ = graded(CLASS)
    assert [rows[s, IDS[0]].points for s in ("ann", "bob", "cy")] == [1, 0, 1]
    page = (graded.out / "feedback" / "bob.html").read_text(encoding="utf-8")
    assert "has?[2J? ?other values" in page


def test_half_a_character_anywhere_in_a_notebook_costs_nobody(graded):
    document = json.loads(GOOD)
    document["cells"][0]["source"] += "\n# \ud800"
    document["cells"][0]["metadata"]["\ud800"] = "\ud800"
    odd = json.dumps(document).encode()
    rows, _ = graded(CLASS | {"dan.ipynb": odd})
    assert rows["dan", IDS[0]].outcome == "correct"
    assert len(rows) == 4


def test_a_full_disk_for_one_student_is_one_sentence(graded):
    feedback = graded.out / "feedback"
    feedback.mkdir(parents=True)
    # The real thing: every write to it fails with "No space left on device".
    (feedback / f"bob.html.{os.getpid()}.part").symlink_to("/dev/full")
    rows, problems = graded(CLASS)
    assert len(rows) == 3
    (said,) = [said for student, said in problems if student == "bob"]
    assert "No space left on device" in said
    assert {path.stem for path in feedback.glob("*.html")} == {"ann", "cy"}


def test_a_journal_that_cannot_take_one_student_costs_no_other(graded, monkeypatch):
    honest = Journal.add

    def full(self, run, student, results):
        if student == "bob" and list(results):
            raise sqlite3.OperationalError("database or disk is full")
        honest(self, run, student, results)

    monkeypatch.setattr(Journal, "add", full)
    rows, problems = graded(CLASS)
    assert [rows[s, IDS[0]].points for s in ("ann", "bob", "cy")] == [1, 0, 1]
    assert [student for student, _ in problems] == ["bob"]


def test_a_disk_that_is_full_for_all_is_one_sentence(graded, monkeypatch):
    def full(path, *_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("course_grader.tables.written_whole", full)
    with pytest.raises(
        ValueError, match=r"grades.csv cannot be written: No space left on device\."
    ):
        graded(CLASS)


# The roster


ROSTER = "\ufeffID;Name;E-mail;Section\r\n1001;Lee, Ann;ann@x.edu;A\r\n1002;王小明;wang@x.edu;B\r\n"
ROSTER += "1003;Cy Young;cy@x.edu;B\r\n"


def with_roster(graded, text, files, **options):
    (graded.out.parent / "list.csv").write_bytes(text.encode("utf-8"))
    return graded(files, roster="list.csv", **options)


def test_the_roster_tells_who_is_missing_and_who_is_unknown(graded):
    files = {"Ann Lee.ipynb": GOOD, "wang.ipynb": BAD, "zoe.ipynb": GOOD}
    rows, problems = with_roster(graded, ROSTER, files)
    assert rows["Cy Young", IDS[0]].outcome == "missing"
    said = [sentence for student, sentence in problems if not student]
    assert "not on the roster, or not clearly: zoe" in said
    assert "1 of 3 on the roster handed in nothing: Cy Young" in said
    assert ("Cy Young", "handed in nothing") in problems
    # The next command knows it without being told.
    again, _ = graded(files)
    assert again == rows


@pytest.mark.parametrize(
    ("name", "person"),
    [
        ("Ann Lee_1001", "1001"),
        ("leeann_77", "1001"),
        ("ann", "1001"),
        ("1002", "1002"),
        ("王小明_5", "1002"),
        ("b1003 Young", None),
        ("1003_hw", "1003"),
        # The number is Cy's, the name is Ann's: nobody.
        ("Ann Lee_1003", None),
        ("Ann", "1001"),
        ("Lee", None),
    ],
)
def test_a_name_finds_its_person(tmp_path, name, person):
    (tmp_path / "r.csv").write_text(ROSTER, encoding="utf-8")
    found = roster.read(tmp_path / "r.csv").find(name)
    assert (found.id if found else None) == person


def test_two_submissions_of_one_person_wait(graded):
    files = {"Ann Lee.ipynb": GOOD, "ann.ipynb": BAD, "wang.ipynb": GOOD}
    rows, problems = with_roster(graded, ROSTER, files)
    assert rows["Ann Lee", IDS[0]].points is rows["ann", IDS[0]].points is None
    assert rows["wang", IDS[0]].points == 1
    assert any("let a person choose" in said for _, said in problems)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp950"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_roster_comes_as_any_spreadsheet_writes_it(tmp_path, encoding, delimiter):
    text = "學號,姓名,Email address\n0017,王小明,w@x.edu\n\n".replace(",", delimiter)
    (tmp_path / "r.csv").write_bytes(text.encode(encoding))
    (person,) = roster.read(tmp_path / "r.csv").people
    assert (person.id, person.name, person.email) == ("0017", "王小明", "w@x.edu")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "cannot be read as a table"),
        ("color\nred\n", "needs a column id, name or e-mail"),
        ("id,name\n", "holds nobody"),
        ("id,name\n1,A\n1,B\n", "holds 1 twice"),
    ],
)
def test_a_roster_that_cannot_be_followed_is_refused(graded, text, said):
    with pytest.raises(ValueError, match=said):
        with_roster(graded, text, CLASS)


# A person's word


def decide(graded, *lines, head="student,exercise,points,reason,by"):
    graded.out.mkdir(exist_ok=True)
    text = "\n".join([head, *lines]) + "\n"
    (graded.out / "overrides.csv").write_text(text, encoding="utf-8")


def test_a_decision_counts_survives_and_shows(graded, capsys):
    graded(CLASS)
    decide(graded, "bob,metrics.ppv,0.75,right idea,Prof. <Lin>")
    with pytest.raises(ValueError, match="changed after the last run"):
        exports.export(graded.out, "csv")
    with pytest.raises(ValueError, match="changed after the last run"):
        report.write(graded.out)
    asked = len(graded.asked)
    for _ in range(2):
        rows, _ = graded(CLASS)
        row = rows["bob", "metrics.ppv"]
        assert (row.points, row.reason, row.by) == (0.75, "right idea", "Prof. <Lin>")
    assert len(graded.asked) == asked
    page = (graded.out / "feedback" / "bob.html").read_text(encoding="utf-8")
    assert "Decided by Prof. &lt;Lin&gt;: right idea." in page
    assert "0.75 of 1 points" in page
    assert "Decided by Prof. &lt;Lin&gt;" in report.write(graded.out).read_text(encoding="utf-8")
    for to in exports.FORMATS:
        if to != "canvas":
            exports.export(graded.out, to)
            files = [p for p in (graded.out / "export").rglob("*.*") if p.is_file()]
            newest = max(files, key=lambda p: p.stat().st_mtime_ns)
            texts = [p.read_text(encoding="utf-8-sig") for p in newest.parent.glob("*.*")]
            assert any("right idea" in text for text in texts), to


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("bob,metrics.ppv,,why,me", "points is empty"),
        ("bob,metrics.ppv,1,,me", "reason is empty"),
        ("bob,metrics.ppv,1,why,", "by is empty"),
        ("bob,metrics.pvp,1,why,me", "no exercise or manual row 'metrics.pvp'"),
        ("bob,metrics.ppv,one,why,me", "must be a number"),
        ("bob,metrics.ppv,nan,why,me", "must be a number"),
        ("bob,metrics.ppv,-1,why,me", "must not be negative"),
        ("bob,metrics.ppv,1,why,me\nbob,metrics.ppv,0,why,me", "decided on twice"),
        ("bbo,metrics.ppv,1,why,me", "'bbo', who handed in nothing"),
    ],
)
def test_a_decision_that_cannot_be_followed_is_refused(graded, line, said):
    decide(graded, line)
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        graded(CLASS)
    assert "\n" not in str(caught.value)


def test_a_decision_that_meets_no_row_is_said(graded):
    exercise = choice.named(["roc"])[0]
    decide(graded, f"bob,{exercise},1,why,me", "bob,late,0,why,me")
    _, problems = graded(CLASS)
    said = " ".join(sentence for _, sentence in problems)
    assert f"bob: a decision on {exercise} waits" in said
    assert "bob: a decision on late has no effect" in said


def test_a_run_cut_off_after_its_grades_takes_nothing_for_a_hand_s(graded, monkeypatch):
    graded(CLASS)
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "finish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            graded(CLASS | {"ann.ipynb": BAD})
    _, problems = graded(CLASS)
    assert not problems


def test_decisions_come_back_from_excel_under_ids(graded):
    decide(graded, "1001;metrics.ppv;0,5;why;me", head="\ufeffStudent;Exercise;Points;Reason;By")
    rows, _ = with_roster(graded, ROSTER, {"Ann Lee.ipynb": GOOD})
    assert rows["Ann Lee", "metrics.ppv"].points == 0.5


def test_decisions_given_from_elsewhere_are_kept_and_none_is_lost(graded):
    first = "student,exercise,points,reason,by\nbob,metrics.ppv,1,why,me\n"
    (graded.out.parent / "mine.csv").write_text(first)
    graded(CLASS, overrides="mine.csv")
    rows, _ = graded(CLASS)
    assert rows["bob", "metrics.ppv"].by == "me"
    (graded.out.parent / "mine.csv").write_text(first.replace("bob", "cy"))
    with pytest.raises(ValueError, match="holds a decision on bob"):
        graded(CLASS, overrides="mine.csv")


def test_grades_changed_by_hand_are_kept_beside(graded):
    graded(CLASS)
    path = graded.out / "grades.csv"
    mine = path.read_text(encoding="utf-8-sig").replace("bob,metrics.ppv,0,", "bob,metrics.ppv,1,")
    path.write_text(mine, encoding="utf-8")
    _, problems = graded(CLASS)
    ((_, said),) = problems
    assert "changed by hand" in said
    (kept,) = graded.out.glob("grades.by-hand.*.csv")
    assert kept.read_text(encoding="utf-8") == mine
    _, problems = graded(CLASS)
    assert not problems


RULES = """
attempts = "best"
extra_credit = ["metrics.sensitivity"]
[weights]
metrics = 2
"metrics.ppv" = 1.5
[late]
due = 2024-11-03T12:00:00+00:00
grace_minutes = 30
free_days = 1
per_day = 0.1
at_most = 0.3
[[manual]]
name = "talk"
title = "Presentation"
points = 10
"""


def ruled(graded, text, files, **options):
    (graded.out.parent / "rules.toml").write_text(text, encoding="utf-8")
    return graded(files, course="rules.toml", **options)


def test_weights_extra_credit_and_manual_rows(graded):
    decide(graded, "ann,talk,9,well spoken,me", "cy,metrics.sensitivity,1,shown at the board,me")
    rows, _ = ruled(graded, RULES, CLASS, wanted=["metrics.ppv", "metrics.sensitivity"])
    assert (rows["ann", "metrics.ppv"].points, rows["ann", "metrics.ppv"].max_points) == (3, 3)
    assert (
        rows["cy", "metrics.sensitivity"].points,
        rows["cy", "metrics.sensitivity"].max_points,
    ) == (1, 0)
    assert (rows["ann", "talk"].points, rows["ann", "talk"].max_points) == (9, 10)
    assert rows["bob", "talk"].points is None
    lines = exports.export(graded.out, "lti")
    assert "Not exported, because a row waits for a person: bob, cy" in lines
    (ann,) = json.loads((graded.out / "export" / "lti.json").read_text(encoding="utf-8"))
    assert (ann["scoreGiven"], ann["scoreMaximum"]) == (12, 13)
    page = (graded.out / "feedback" / "ann.html").read_text(encoding="utf-8")
    assert "<h2>Presentation</h2>\n<p>9 of 10 points</p>" in page
    assert "<td>talk</td><td>Presentation</td>" in report.write(graded.out).read_text("utf-8")


def attempts(*answers, hour=12):
    return {
        f"Week 10_ann_attempt_2024-11-{3 + day:02}-{hour}-00-00_m.ipynb": answer
        for day, answer in answers
    }


@pytest.mark.parametrize(("policy", "points"), [("best", 1), ("last", 0)])
def test_the_best_or_the_last_attempt_counts(graded, policy, points):
    files = attempts((0, GOOD), (1, BAD))
    rows, problems = ruled(graded, f'attempts = "{policy}"', files)
    assert rows["ann", "metrics.ppv"].points == points
    assert any("attempt 1 of 2 counts" in said for _, said in problems) == (policy == "best")


@pytest.mark.parametrize(
    ("day", "points"),
    # Due on the 3rd at noon UTC; half an hour is free, then begun days count, the first is free.
    [(0, 1), (1, 1), (2, 0.9), (3, 0.8), (9, 0.7)],
)
def test_late_days_cost_what_the_rules_say(graded, monkeypatch, day, points):
    monkeypatch.setenv("TZ", "UTC")
    import time

    time.tzset()
    rules = RULES[RULES.index("[late]") : RULES.index("[[manual]]")]
    rows, _ = ruled(graded, rules, attempts((day, GOOD)))
    assert sum(row.points for row in rows.values()) == pytest.approx(points)
    assert (points < 1) == (("ann", "late") in rows)


def test_a_person_s_word_on_lateness_counts(graded):
    rules = RULES[RULES.index("[late]") : RULES.index("[[manual]]")]
    decide(graded, "ann,late,0,was ill,me")
    rows, _ = ruled(graded, rules, attempts((9, GOOD)))
    assert ("ann", "late") not in rows


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("weigths = 1", "has no 'weigths'"),
        ("[weights]\nmetric = 1", "names 'metric'"),
        ("[weights]\nmetrics = -1", "must be a number, 0 or more"),
        ("[weights]\nmetrics = nan", "must be a number, 0 or more"),
        ('attempts = "first"', 'must be "last" or "best"'),
        ("[late]\ndue = 2024-11-03T12:00:00", "with its zone"),
        ("[late]\nper_day = 10", "shares, from 0 to 1"),
        ("[[manual]]\nname = 'metrics.ppv'\npoints = 1", "a name of its own"),
        ("[[manual]]\nname = 'talk'", "needs points"),
        ("x = = 1", "is not TOML"),
    ],
)
def test_rules_that_cannot_be_followed_are_refused(graded, rules, said):
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        ruled(graded, rules, CLASS)
    assert "\n" not in str(caught.value)


# A changed exercise is graded again


def test_a_changed_exercise_is_graded_again_and_an_unchanged_one_is_not(graded, monkeypatch):
    graded(CLASS)
    graded(CLASS)
    assert len(graded.asked) == 3
    exercise = find("metrics.ppv")
    harder = dataclasses.replace(exercise, rtol=1e-9)
    monkeypatch.setattr(run, "find", lambda name: harder)
    graded(CLASS)
    assert len(graded.asked) == 6


def one_more(rng):
    return [*find("metrics.ppv").cases(rng), _ONE]


_ONE = (1, 2)


def _half(y_true, y_pred):
    return 0.5 * _SCALE


_SCALE = 1


@pytest.mark.parametrize(
    "change",
    [
        {"points": 2},
        {"rtol": 0.1},
        {"atol": 0.1},
        {"uses": ("np", "torch")},
        {"reference": _half},
        {"cases": one_more},
        {"misconceptions": ()},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_digest_holds_what_decides_on_points(change):
    exercise = find("metrics.ppv")
    assert definition.digest(dataclasses.replace(exercise)) == definition.digest(exercise)
    assert definition.digest(dataclasses.replace(exercise, **change)) != definition.digest(exercise)
    assert definition.digest(dataclasses.replace(exercise, title="x")) == definition.digest(
        exercise
    )


def test_the_digest_holds_constants_and_helpers(monkeypatch):
    exercise = dataclasses.replace(find("metrics.ppv"), reference=_half)
    before = definition.digest.__wrapped__(exercise)
    monkeypatch.setattr(f"{__name__}._SCALE", 2)
    assert definition.digest.__wrapped__(exercise) != before


# Outputs that arrive


def test_nothing_of_a_name_is_obeyed_by_a_terminal(graded, capsys):
    _say("a\x1b[2J\n\u202eb\x07\ud800")
    assert capsys.readouterr().out == "a?[2J ?b??\n"
    assert text.line("王小明 é") == "王小明 é"


def test_nothing_raw_reaches_json(graded):
    graded(CLASS)
    for to in ("lti", "gradescope"):
        exports.export(graded.out, to)
    files = [graded.out / "export" / "lti.json", *(graded.out / "export" / "gradescope").iterdir()]

    def texts(value):
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict | list):
            for part in value.values() if isinstance(value, dict) else value:
                yield from texts(part)

    assert len(files) == 4
    for file in files:
        for one in texts(json.loads(file.read_text(encoding="utf-8"))):
            assert one.isprintable(), one


def test_grades_go_to_excel_and_come_back(graded):
    graded({"王小明.ipynb": GOOD, "＝1+1.ipynb": BAD})
    path = graded.out / "grades.csv"
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    assert {line[0] for line in lines[1:]} == {"王小明", "'＝1+1"}
    semicolons = "\ufeff" + "\r\n".join(";".join(line) for line in lines).replace("1;1;", "0,5;1;")
    path.write_bytes(semicolons.encode("utf-8"))
    back = {row.student: row.points for row in grades.read(path)}
    assert back == {"王小明": 0.5, "＝1+1": 0}
    path.write_text(semicolons + "\r\n" + ";".join(lines[1]), encoding="utf-8")
    with pytest.raises(ValueError, match=r"holds metrics\.ppv of .* twice"):
        exports.export(graded.out, "csv")


def test_points_above_the_maximum_are_said(graded, capsys):
    decide(graded, "ann,metrics.ppv,3,a prize,me")
    graded(CLASS)
    said = "Above the maximum: ann has 3 of 1 in metrics.ppv"
    assert said in exports.export(graded.out, "csv")
    assert said in report.write(graded.out).read_text(encoding="utf-8")


def test_the_roster_fills_a_gradebook_and_two_on_one_row_wait(graded):
    book = graded.out.parent / "book.csv"
    book.write_text("Student;ID;Week (1)\nPoints Possible;;10\nLee, Ann;1001;\n王小明;1002;\n")
    with_roster(graded, ROSTER, {"ann.ipynb": GOOD, "王小明_55.ipynb": BAD, "cy.ipynb": GOOD})
    lines = exports.export(graded.out, "canvas", book)
    filled = (graded.out / "export" / "canvas.csv").read_text(encoding="utf-8-sig")
    assert '"Lee, Ann",1001,10' in filled
    assert "王小明,1002,0" in filled
    assert any("cy has no row" in line for line in lines)


def test_two_students_on_one_row_of_a_gradebook_are_left_to_a_person(graded):
    book = graded.out.parent / "book.csv"
    book.write_text("Student,ID,Week (1)\nBob Honest,1003,\n")
    prefix = "assignsubmission_file_a.ipynb"
    graded({f"Bob Honest_1003_{prefix}": GOOD, f"Bob_1003_{prefix}": BAD})
    lines = exports.export(graded.out, "canvas", book)
    assert any("are one row of the gradebook; let a person choose" in line for line in lines)
    filled = (graded.out / "export" / "canvas.csv").read_text(encoding="utf-8-sig")
    assert "Bob Honest,1003,\n" in filled


def test_a_notebook_that_came_back_has_the_details_of_that_time(graded):
    for body in (GOOD, BAD, GOOD):
        graded({"ann.ipynb": body})
    with Journal(graded.out / "journal.sqlite") as journal:
        result, _ = journal.latest()["ann", "metrics.ppv"]
    assert result.outcome == "correct"


# Similar answers


LONG = """
def ppv(y_true, y_pred):
    pairs = sorted(zip(y_pred.tolist(), y_true.tolist()), reverse=True)
    total, hits, position = 0, 0, 0
    while position < len(pairs) and pairs[position][0] == 1:
        total += 1
        hits += 1 if pairs[position][1] else 0
        position += 1
    return hits / total if total > 0 else float("nan")
"""
RENAMED = LONG.replace("pairs", "x").replace("hits", "k").replace("total", "n")
SHORT = "def ppv(y_true, y_pred):\n    return np.mean(y_true[y_pred == 1])"


def class_of(*answers, others=20):
    usual = {f"s{i}": {"metrics.ppv": SHORT} for i in range(others)}
    return usual | {f"odd{i}": {"metrics.ppv": answer} for i, answer in enumerate(answers)}


def test_two_unusual_answers_alike_are_noted_in_spite_of_other_names():
    (pair,) = similar.pairs(class_of(LONG, RENAMED))
    assert (pair.first, pair.second, pair.exercises) == ("odd0", "odd1", ("metrics.ppv",))
    assert pair.share > 0.95


def test_what_many_wrote_what_is_short_and_what_the_book_shows_is_not_noted():
    assert not similar.pairs(class_of(SHORT, SHORT, others=0))
    assert not similar.pairs(class_of(*[LONG] * 6))
    assert not similar.pairs(class_of(LONG, RENAMED), [LONG])
    assert not similar.pairs(class_of(LONG, "def ppv(:", SHORT))


def test_similar_answers_are_a_note_on_the_class_page(graded):
    def holding(source):
        document = json.loads(GOOD)
        document["cells"][0]["source"] = source
        return json.dumps(document).encode()

    files = {f"s{i}.ipynb": GOOD for i in range(10)}
    graded(files | {"ann.ipynb": holding(LONG), "bob.ipynb": holding(RENAMED)})
    page = report.write(graded.out).read_text(encoding="utf-8")
    section = page[page.index("Similar answers") :]
    assert "never a verdict" in section
    assert "<td>ann</td><td>bob</td>" in section


# Feedback


def test_feedback_shows_the_line_that_failed_escaped(graded):
    source = "def ppv(y_true, y_pred):\n    x = '<b>'\n    return \tnope"
    document = json.loads(GOOD)
    document["cells"][0]["source"] = source

    def raising(tasks):
        for task in tasks:
            message = "raised NameError in line 3 of its cell, `return nope`"
            notes = ("its helper was run first",)
            of_running = {"notes": notes, "needs_person": True, "line": 3}
            yield (
                task,
                [Result("metrics.ppv", 0.0, 1, "raised", "", message, 0, 9, 0.1, **of_running)],
            )

    files = {"ann.ipynb": json.dumps(document).encode()}
    graded(files, executor=raising)
    page = (graded.out / "feedback" / "ann.html").read_text(encoding="utf-8")
    assert "<mark>  3      return  nope  ← here</mark>" in page
    assert "&lt;b&gt;" in page
    assert "<b>'" not in page
    assert "its helper was run first" in page
    assert "A person will look at it" in page
    whole = report.write(graded.out).read_text(encoding="utf-8")
    section = whole[whole.index("For a person to look at") :]
    assert "its helper was run first" in section
    assert "raised NameError" in section


def test_options_of_the_command_line_reach_the_run(graded, monkeypatch, tmp_path):
    seen = {}

    def fake(source, out, wanted, seed_file, level, executor, options, say):
        seen.update(dataclasses.asdict(options))
        return [], []

    monkeypatch.setattr(run, "run", fake)
    monkeypatch.setattr(
        "course_grader.__main__.probe", lambda level: type("F", (), {"holds": True})
    )
    arguments = ["run", "x", "--out", "o", "--roster", "r", "--course", "c", "--overrides", "v"]
    assert main([*arguments, "--layout", "files", "--student", "Ann"]) == 0
    assert {k: str(v) for k, v in seen.items()} == {
        "roster": "r",
        "overrides": "v",
        "course": "c",
        "layout": "files",
        "student": "Ann",
        "library": "True",
    }
