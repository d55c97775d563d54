"""The journal: what it keeps, and journals of earlier versions."""

import sqlite3

from course_grader.grading import Result
from course_grader.journal import Journal

RESULT = Result(
    "metrics.ppv", 0.5, 1, "partial", "", "is so", 1, 2, 0.25, ("its helper failed",), True
)


def test_a_result_comes_back_as_it_was(tmp_path):
    waiting = Result("metrics.npv", None, 1, "infrastructure", message="no room")
    with Journal(tmp_path / "j") as journal:
        run = journal.begin("sealed", [])
        journal.add(run, "ann", [("a", RESULT), ("b", waiting)])
    with Journal(tmp_path / "j") as journal:
        assert journal.result("a") == RESULT
        latest = journal.latest()
    assert [latest["ann", item][0] for item in ("metrics.ppv", "metrics.npv")] == [RESULT, waiting]


def test_a_journal_without_the_newer_columns_goes_on(tmp_path):
    with Journal(tmp_path / "j") as journal:
        journal.add(journal.begin("sealed", []), "ann", [("old", RESULT)])
    db = sqlite3.connect(tmp_path / "j")
    for column in ("notes", "needs_person"):
        db.execute(f"ALTER TABLE result DROP COLUMN {column}")
    db.commit()
    db.close()
    with Journal(tmp_path / "j") as journal:
        journal.add(journal.begin("sealed", []), "bob", [("new", RESULT)])
        old, new = journal.result("old"), journal.result("new")
    assert (old.points, old.notes, old.needs_person) == (0.5, (), False)
    assert new == RESULT
