"""A class that judges studies of its own numbers, through the room."""

import pytest

from course_grader import own, report, run
from course_grader.grading import Result
from course_grader.roster import Person
from course_grader.submissions import Submission
from course_lib.exercises import find

from .grader_class import CELLS, hand_in, level_or_skip
from .test_review import by_reading

pytestmark = pytest.mark.slow

EXERCISE = "elsewhere.my_review"
ROSTER = """id,name
B10901001,Ann Lee
B10901002,Ben Wu
B10901003,Cy Young
B10901004,Dan Ho
B10901005,Eve Lin
"""


def written(number, answers):
    """What a student writes who has read the studies of that number."""
    return "\n".join(
        [
            "def my_review():",
            f"    number = {number!r}",
            f"    return number, {', '.join(map(repr, answers))}",
        ]
    )


def sound(number):
    return by_reading(find(EXERCISE), number.lower())


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Rows by student, problems, folder."""
    level, place = level_or_skip(), tmp_path_factory.mktemp("class")
    names_alone = [dict.fromkeys(answer) for answer in sound("B10901004")]
    folder = hand_in(
        place / "class",
        **{
            "Ann Lee": {EXERCISE: written("B10901001", sound("B10901001"))},
            "Ben Wu": {EXERCISE: written(" b1090-1001", sound("B10901001"))},
            "Cy Young": {EXERCISE: CELLS[EXERCISE]["solution"]},
            "Dan Ho": {EXERCISE: written("B10901004", names_alone)},
            "Eve Lin": {EXERCISE: CELLS[EXERCISE]["stub"]},
        },
    )
    (place / "roster.csv").write_text(ROSTER)
    (place / "seed").write_text("a seed for the class")
    options = run.Options(roster=place / "roster.csv")
    again = [
        run.run(folder, place / "out", [EXERCISE], place / "seed", level, options=options)
        for _ in range(2)
    ]
    # The second run takes everything from the journal.
    assert again[0] == again[1]
    rows, problems = again[0]
    return {row.student: row for row in rows}, problems, place / "out"


def test_points_follow_the_judgement(graded):
    rows, _, _ = graded
    points = {student: (row.outcome, row.points) for student, row in rows.items()}
    assert points == {
        "Ann Lee": ("correct", 3),
        "Ben Wu": ("correct", 3),
        "Cy Young": ("correct", 3),
        "Dan Ho": ("partial", 1.5),
        "Eve Lin": ("missing", 0),
    }


def test_numbers_that_are_not_the_student_s_are_told(graded):
    _, problems, out = graded
    assert sorted(problems) == [
        (
            "Ben Wu",
            f"{EXERCISE} judges the studies of number b10901001; the roster has another number",
        ),
        (
            "Cy Young",
            f"{EXERCISE} judges the studies of number 1895, which the book judges in its solution",
        ),
    ]
    page = report.write(out).read_text(encoding="utf-8")
    assert f"{EXERCISE}, number b10901001" in page
    assert "which the book judges in its solution" in page


def test_feedback_names_nobody_else_and_gives_no_fault_away(graded):
    _, _, out = graded
    pages = {path.stem: path.read_text(encoding="utf-8") for path in out.glob("feedback/*.html")}
    assert "Ann Lee" not in pages["Ben Wu"]
    assert "is right about all 3 studies of number b10901001." in pages["Ann Lee"]
    assert "A fault needs its number" in pages["Dan Ho"]
    assert "needs a student number" in pages["Eve Lin"]


def test_pairs_are_of_one_exercise_and_one_number_that_is_not_the_book_s():
    other = "report.my_review"
    numbers = [
        ("ann", EXERCISE, "4711"),
        ("ann", other, "4711"),
        ("bob", EXERCISE, "4712"),
        ("cy", EXERCISE, "4711"),
        ("dan", EXERCISE, "4711"),
        ("eve", EXERCISE, "1895"),
        ("flo", EXERCISE, "1895"),
        ("gus", EXERCISE, ""),
        ("hal", EXERCISE, ""),
    ]
    where = f"{EXERCISE}, number 4711"
    assert own.pairs(numbers) == [("ann", "cy", where), ("ann", "dan", where)]


@pytest.mark.parametrize("number", ["b10901001", "annlee", "ann"])
def test_number_login_and_address_are_one_s_own_and_without_a_roster_nothing_is_known(number):
    person = Person(id="B10901001", name="Ann Lee", email="ann@x.tw", login="Ann.Lee")
    submission = Submission("Ann Lee")
    submission.person = person
    result = Result(EXERCISE, 3.0, 3, "correct", own=number)
    assert own.notes(submission, [result]) == []
    submission.person = None
    assert own.notes(submission, [Result(EXERCISE, 3.0, 3, "correct", own="4711")]) == []
