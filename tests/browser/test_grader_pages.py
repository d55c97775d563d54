"""What the grader writes for people, in a browser: for everybody, in both themes, on a phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from course_grader import feedback, grades, report
from course_grader.course import Course
from course_grader.grading import Result
from course_grader.journal import Journal
from course_grader.notebook import Found
from course_grader.overrides import Decision
from course_grader.submissions import Submission


@pytest.fixture
def pages(tmp_path):
    """The class page and a student's page, with everything on them that can be."""
    message = "raised NameError in line 2 of its cell, `nope`"
    results = [
        Result("metrics.ppv", 1, 1, "correct", "", "is right"),
        Result("metrics.sensitivity", 0, 1, "wrong", "ppv", "has other values"),
        Result("metrics.ppv_at", 0, 1, "raised", "", message, notes=("x",), needs_person=True),
        Result("metrics.confusion_counts", None, 1, "infrastructure", "", "no room"),
    ]
    long = "def ppv_at(a, b, c):\n    return nope" + " + a_name_that_is_rather_long" * 9
    found = {result.exercise: Found.alone(long) for result in results}
    decisions = {("ann", "metrics.sensitivity"): Decision(0.5, "a reason", "me")}
    rows = []
    with Journal(tmp_path / "journal.sqlite") as journal:
        number = journal.begin("sealed", [("ann", "x.docx: is not a notebook")])
        for student in ("ann", "bob"):
            journal.add(number, student, [(f"{student}{r.exercise}", r) for r in results])
            rows += grades.rows(student, results, "sealed", Course(), decisions, 0)
        journal.finish(number, [], [("ann", "bob", "metrics.ppv", 0.9)], [])
    grades.write(tmp_path / "grades.csv", rows)
    own = [row for row in rows if row.student == "ann"]
    page = feedback.student_page(Submission("ann", found), results, own, ["x.docx: was not read"])
    (tmp_path / "ann.html").write_text(page, encoding="utf-8")
    return [report.write(tmp_path), tmp_path / "ann.html"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_the_grader_s_pages_are_accessible(chromium, pages, theme, width):
    for path in pages:
        # Their own policy forbids every script, that of the checker too.
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, bypass_csp=True
        )
        page = context.new_page()
        page.goto(path.as_uri())
        violations = Axe().run(page).response["violations"]
        assert [(v["id"], v["nodes"][0]["html"]) for v in violations] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        context.close()
