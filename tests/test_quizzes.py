"""Quizzes: no way to the right choice but knowing, and pages that show the questions of the day."""

import collections
import math
import random
import re
import tomllib

import pytest

from book_ext import editions, quizzes, rules
from course_lib.widgets import Quiz
from course_lib.widgets import quiz as quiz_module
from tests.test_widgets import Page

FILES = sorted((editions.ROOT / "course_lib" / "quizzes").glob("*.toml"))

#: How "all of these" and its like begin.
OF_OTHERS = re.compile(
    r"(all|both|none|neither|either|any) of (them|these|those|the (above|two|three))\b"
    r"|(all|none|neither|either)[.,;]",
    re.IGNORECASE,
)

every_quiz = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def read(path):
    return tomllib.loads(path.read_text(encoding="utf-8"))["question"]


# What a quiz asks --------------------------------------------------------------------------------


@every_quiz
def test_every_quiz_of_the_book(path):
    questions = read(path)
    texts = [question["text"] for question in questions]
    assert len(set(texts)) == len(texts), f"{path.name} asks the same twice"
    assert len(texts) >= rules.QUESTIONS, f"{path.name} needs {rules.QUESTIONS} questions"
    for question in questions:
        where = f"{path.name}, {question['text'][:50]!r}"
        assert set(question) == {"text", "choice"}, f"{where}: a question has text and choices"
        for key in ("text", "why"):
            values = [choice[key] for choice in question["choice"]]
            assert len(set(values)) == len(values), f"{where}: two choices with the same {key}"
        for choice in question["choice"]:
            assert set(choice) <= {"text", "why", "right"}, f"{where}: {sorted(choice)}"
            assert choice["why"][-1] in ".?!", f"{where}: {choice['why']!r} is no sentence"
            assert not OF_OTHERS.match(choice["text"]), (
                f"{where}: {choice['text']!r} speaks of other choices, which may stand anywhere"
            )


@every_quiz
def test_one_chapter_shows_each_quiz(path):
    shown = [p for p in editions.chapter_files() if f'Quiz("{path.stem}")' in p.read_text("utf-8")]
    assert len(shown) == 1, f'one chapter must show Quiz("{path.stem}"), not {len(shown)}'


def extreme(question, most):
    """Whether the right choice alone is the longest, or the shortest."""
    lengths = {c["text"]: len(c["text"]) for c in question["choice"]}
    best = most(lengths.values())
    right = next(c["text"] for c in question["choice"] if c.get("right"))
    return lengths[right] == best and list(lengths.values()).count(best) == 1


@every_quiz
def test_the_longest_choice_is_no_hint_in_any_quiz(path):
    questions = read(path)
    longest = [q["text"] for q in questions if extreme(q, max)]
    allowed = math.ceil(len(questions) / 3)
    assert len(longest) <= allowed, (
        f"{path.name}: the right choice is the longest in {len(longest)} of {len(questions)} "
        f"questions, at most {allowed} may be. Shorten it, move what explains it into `why`, or be "
        f"as careful with a wrong one: {longest}"
    )


def test_the_length_of_a_choice_is_no_hint_in_the_book():
    questions = [question for path in FILES for question in read(path)]
    for most, name in ((max, "longest"), (min, "shortest")):
        share = sum(extreme(q, most) for q in questions) / len(questions)
        assert share <= 0.4, (
            f"over all quizzes the right choice is the {name} in {share:.0%} of the questions, "
            "at most 40% may be: reword some, until reading is the only way to it"
        )


# In which order ----------------------------------------------------------------------------------


def places(chapter):
    """Where the right choice of each question is shown."""
    questions = Quiz(chapter).data["questions"]
    return [[bool(c.get("right")) for c in q["choice"]].index(True) for q in questions]


@every_quiz
def test_a_quiz_shows_what_its_file_says(path):
    shown = Quiz(path.stem).data["questions"]
    for question, asked in zip(shown, read(path), strict=True):
        assert question["text"] == asked["text"]
        by_text = {choice["text"]: choice for choice in asked["choice"]}
        assert len(question["choice"]) == len(by_text)
        assert {choice["text"]: choice for choice in question["choice"]} == by_text


@every_quiz
def test_the_place_of_a_choice_is_no_hint_in_any_quiz(path):
    choices = {len(question["choice"]) for question in read(path)}
    if len(choices) > 1:
        pytest.skip("places of questions with different numbers of choices cannot be compared")
    counts = collections.Counter(places(path.stem))
    often = [counts[place] for place in range(choices.pop())]
    assert max(often) - min(often) <= 1, f"{path.name}: the right one is shown {often} times"


def test_the_place_of_a_choice_is_no_hint_in_the_book():
    counts = collections.Counter(place for path in FILES for place in places(path.stem))
    for place in range(3):
        assert 0.25 < counts[place] / counts.total() < 0.42, f"place {place + 1}: {counts}"


def test_the_order_in_the_file_does_not_matter(quiz_of):
    """So no author has to think of it; and every machine shows the same."""
    rng = random.Random(1)
    orders = set()
    for _ in range(10):
        questions = []
        for n in range(6):
            choices = [RIGHT, *(WRONG.replace("no", letter) for letter in "abc")]
            rng.shuffle(choices)
            questions.append(GOOD.replace("Q?", f"Q{n}?") + "".join(choices))
        shown = quiz_of("".join(questions)).data["questions"]
        orders.add(" ".join(choice["text"] for question in shown for choice in question["choice"]))
    assert orders == {"b c yes a b c a yes b a c yes b a yes c yes a b c a yes c b"}


# Why no cell runs again when a question is reworded ----------------------------------------------


@pytest.mark.parametrize("path", editions.chapter_files(), ids=editions.chapter_name)
def test_a_cell_that_shows_a_quiz_does_nothing_else(path):
    """What else it did would be kept, and not be noticed when the quiz changes."""
    for cell in editions.parsed(path.read_text(encoding="utf-8")).cells:
        if cell.cell_type == "code" and "Quiz" in cell.source:
            outputs = [{"data": {"text/plain": "of yesterday"}}]
            quizzes.renew(cell.source, outputs)
            shown = outputs[0]["data"]["text/plain"]
            assert shown.startswith("Quiz("), f"{path.name}: write the quiz's cell as others do"


def test_one_module_of_the_library_reads_quizzes():
    library = editions.ROOT / "course_lib"
    readers = [p.name for p in library.rglob("*.py") if '"quizzes"' in p.read_text("utf-8")]
    assert readers == ["quiz.py"]


# What a reader sees without scripts, and what is refused -----------------------------------------


def test_quiz_fallback_asks_and_answers():
    widget = Quiz("metrics")
    page = Page(widget.fallback())
    names = [tag for tag, _ in page.elements]
    assert names.count("details") == len(widget.data["questions"])
    assert names.count("li") == sum(len(q["choice"]) for q in widget.data["questions"])
    assert "PPV falls steeply, NPV rises. Most people are healthy" in "".join(page.text)
    assert not re.search(r"\w\.\. ", "".join(page.text))


@pytest.mark.parametrize("bad", ["nothing", "../metrics", "metrics.toml", "", None, 3])
def test_a_quiz_that_does_not_exist(bad):
    with pytest.raises(ValueError, match=r"^chapter must name a quiz of the book, got "):
        Quiz(bad)


GOOD = '[[question]]\ntext = "Q?"\n'
RIGHT = '[[question.choice]]\ntext = "yes"\nwhy = "so."\nright = true\n'
WRONG = '[[question.choice]]\ntext = "no"\nwhy = "not so."\n'
BAD_QUIZZES = {
    "empty file": ("", "at least one"),
    "no choices": (GOOD, "question 1: needs at least two choices"),
    "one choice": (GOOD + RIGHT, "question 1: needs at least two choices"),
    "no right choice": (GOOD + WRONG + WRONG, "exactly one with right = true"),
    "two right choices": (GOOD + RIGHT + RIGHT, "exactly one with right = true"),
    "right as a number": (GOOD + RIGHT.replace("true", "1") + WRONG, "right = true"),
    "right as a text": (GOOD + RIGHT + WRONG + 'right = "no"\n', "right = true"),
    "no why": (GOOD + RIGHT + WRONG.replace("why", "y"), "every choice needs a text and a why"),
    "empty why": (GOOD + RIGHT + WRONG.replace("not so.", ""), "a text and a why"),
    "no choice text": (GOOD + RIGHT + WRONG.replace("text", "t"), "a text and a why"),
    "no question text": (GOOD.replace("text", "t") + RIGHT + WRONG, "question 1: needs a text"),
    "the second one": (GOOD + RIGHT + WRONG + GOOD + RIGHT, "question 2: needs at least"),
}


@pytest.fixture
def quiz_of(tmp_path, monkeypatch):
    """A quiz from the text of its file."""
    (tmp_path / "quizzes").mkdir()
    monkeypatch.setattr(quiz_module, "files", lambda package: tmp_path)

    def make(text):
        (tmp_path / "quizzes" / "probe.toml").write_text(text, encoding="utf-8")
        return Quiz("probe")

    return make


@pytest.mark.parametrize(("text", "said"), BAD_QUIZZES.values(), ids=BAD_QUIZZES)
def test_a_broken_quiz_names_the_question(quiz_of, text, said):
    with pytest.raises(ValueError, match=rf"^probe.*{said}"):
        quiz_of(text)


def test_a_quiz_may_hold_any_text(quiz_of):
    odd = "<b>靈敏度</b> & </script>"
    widget = quiz_of((GOOD + RIGHT + WRONG).replace("yes", odd).replace("Q?", odd))
    assert "<b>" not in widget.fallback()
    assert widget.fallback().count("&lt;b&gt;靈敏度") == 3
    assert [tag for tag, _ in Page(widget.html()).elements].count("script") == 1
