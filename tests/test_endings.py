"""Numbers of chapters and exercises, what a chapter needs, and the card at its end."""

import itertools
import re
from types import SimpleNamespace

import nbformat
import pytest
from docutils import nodes

from book_ext import editions, endings

CHAPTERS = editions.chapter_files()
_STUB = re.compile(r"^:exercise: .+", re.MULTILINE)
each_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=editions.chapter_name)


def _text(path):
    return path.read_text(encoding="utf-8")


@each_chapter
def test_a_chapter_says_how_long_it_takes_and_needs_what_came_before(path):
    minutes, needs = editions.time_and_needs(_text(path))
    assert 10 <= minutes <= 150, "a chapter takes between 10 and 150 minutes; split a longer one"
    before = [name for name, _ in editions.in_order()]
    before = before[: before.index(editions.chapter_name(path))]
    for file in re.findall(r"\]\(([^)#]+)\.md\)", needs):
        needed = editions.chapter_name(path.parent / f"{file}.md")
        assert needed in before, f"{needed}, which is needed, comes later in _toc.yml"
    assert not re.search(r"\bchapter\b", needs), "a link to it says which"


@each_chapter
def test_a_chapter_ends_with_what_it_showed_and_a_quiz(path):
    text = re.sub(r"^```.*?^```\n", "CELL\n", editions.body(_text(path)), flags=re.M | re.S)
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings[-1] == "Summary", "the last section is `## Summary`"
    summary = text.split("## Summary\n")[1]
    points = re.findall(r"^- ", summary.split("CELL")[0], re.MULTILINE)
    assert 3 <= len(points) <= 8, "a summary has three to eight points"
    assert summary.count("CELL") == 1, "one cell stands below the points: the quiz"


@each_chapter
def test_no_heading_skips_a_level_and_every_exercise_has_its_own(path):
    # Of code, whose comments look like headings, only which exercise it is.
    code = re.compile(r"^```.*?^```\n", re.MULTILINE | re.DOTALL)
    text = code.sub(lambda cell: "\n".join(_STUB.findall(cell[0])) + "\n", _text(path))
    levels = [len(found) for found in re.findall(r"^(#+) ", text, re.MULTILINE)]
    assert levels[0] == 1, "a chapter begins with its title: `# …`"
    assert 1 not in levels[1:], "a chapter has one title; other headings have two # and more"
    skipped = [pair for pair in itertools.pairwise(levels) if pair[1] > pair[0] + 1]
    assert not skipped, "below a heading stands one with as many # or one more"
    # Between a heading and the stub stands no other heading.
    marks = re.findall(r"^#+ Exercise: |^#+ |^:exercise: ", text, re.MULTILINE)
    above = [before for before, mark in itertools.pairwise(marks) if mark == ":exercise: "]
    assert above == ["### Exercise: "] * marks.count("### Exercise: "), (
        "every stub needs its own heading `### Exercise: its title`, and every such heading a stub"
    )


# What the end of an outline box says --------------------------------------------------------------


@pytest.mark.parametrize(
    ("box", "said"),
    [
        ("> *About 60 minutes. You need NumPy.*\n", (60, "NumPy")),
        (
            "> *About 60 minutes, the week before. You\n> need a [map](m.md).*\n",
            (60, "a [map](m.md)"),
        ),
        ("> *About 5 minutes with U. S. data. You need A and B. C.*\n", (5, "A and B. C")),
        ("> *About 60 minutes with the exercises.*\n", None),
        ("> *About an hour. You need NumPy.*\n", None),
        ("*About 60 minutes. You need NumPy.*\n", None),
        ("> - *About 60 minutes. You need NumPy.*\n", None),
        ("", None),
    ],
)
def test_time_and_needs(box, said):
    text = f"# A title\n\n> **In this chapter**\n> - a point\n>\n{box}\nWords.\n"
    assert editions.time_and_needs(text) == said


def test_facts_are_text_without_links_and_escaped():
    said = endings.facts(("3", 80, "[A & B](a.md), and c"))
    assert re.sub("</?span>", "", said) == "Chapter 3 · 80 minutes · needs “A &amp; B”, and c"
    assert endings.facts(("L2", None, "")) == ""


# Numbers ------------------------------------------------------------------------------------------


def test_chapters_are_numbered_in_order_and_labs_by_their_names():
    labels = editions.labels()
    assert list(labels) == [name for name, _ in editions.in_order()]
    assert len(set(labels.values())) == len(labels)
    counted = [int(label) for label in labels.values() if label.isdigit()]
    assert counted == list(range(1, len(counted) + 1))
    for name, label in labels.items():
        title = editions.title(_text(editions.CHAPTERS / f"{name}.md"))
        assert label.isdigit() != title.startswith(f"{label}: ")


@each_chapter
def test_a_notebook_numbers_its_exercises_as_the_page_does(path):
    """The page takes its numbers in the order of the stubs, the notebook in that of headings."""
    notebook = nbformat.read(path.with_suffix(".ipynb"), as_version=4)
    label, number = editions.labels()[editions.chapter_name(path)], None
    stubs = []
    for cell in notebook.cells:
        for found in re.findall(r"^### Exercise (\S+): ", cell.source, re.MULTILINE):
            number = found
        if "exercise" in editions.tags(cell):
            stubs.append(number)
    wanted = [f"{label}.{n}" for n in range(1, len(stubs) + 1)]
    assert stubs == wanted, "headings of exercises stand in the order of their stubs"
    assert "Exercise: " not in "".join(re.findall(r"^#.*", str(notebook), re.MULTILINE))


# The card -----------------------------------------------------------------------------------------


def _section(title, *content):
    return nodes.section("", nodes.title("", title), *content, ids=[nodes.make_id(title)])


def _formula(text):
    return nodes.math_block(text, text, nowrap=False, number=3, label="one", ids=["equation-one"])


def _ended(docname, *sections, exercises=()):
    doctree = nodes.document("", "")
    doctree += _section("A chapter", *sections)
    doctree["exercises"] = list(exercises)
    order = list(endings.told())
    builder = SimpleNamespace(
        relations={docname: (None, None, [*order, None][order.index(docname) + 1])},
        get_relative_uri=lambda here, there: f"{there.rpartition('/')[2]}.html",
    )
    titles = {name: nodes.title("", f"Title of {name} & more") for name in order}
    env = SimpleNamespace(titles=titles)
    endings._end(SimpleNamespace(builder=builder, env=env), doctree, docname)
    return doctree[0]


def test_the_card_holds_the_summary_and_leaves_quiz_and_reading_below():
    exercise = ("3.1", "roc.auc", "count & compare", "auc(y_true, y_score)")
    page = _ended(
        "chapters/roc",
        _section("Question", _section("Exercise 3.1: count", _formula("a = b ."))),
        _section(
            "Summary",
            nodes.bullet_list("", nodes.list_item("", nodes.paragraph("", "A point."))),
            nodes.container("", classes=["cell"]),
            nodes.paragraph("", "To read on."),
        ),
        exercises=[exercise],
    )
    assert page[1].astext() == '<p class="chapter-number">Chapter 3</p>'
    summary = page[-1]
    assert summary[0].astext() == '<div class="summary-card">'
    assert [type(node) for node in summary[-2:]] == [nodes.container, nodes.paragraph]
    end = summary[-3].astext()
    assert end.endswith("</div>")
    assert '<a href="elsewhere.html">Title of chapters/elsewhere &amp; more</a>' in end
    assert "100 minutes" in end
    text = "".join(node.astext() for node in summary[:-3])
    assert "A point." in text
    assert '<a href="#exercise-roc.auc"' in text
    assert "3.1 Count &amp; compare" in text
    assert "auc(y_true, y_score)" in text
    # The formula is below the section that the exercise belongs to, without its number and place.
    (link,) = summary.findall(nodes.reference)
    assert (link["refid"], link.astext()) == ("question", "Question")
    (formula,) = summary.findall(nodes.math_block)
    assert formula.astext() == "a = b"
    assert (formula["ids"], formula["number"], formula["label"]) == ([], None, None)


def test_a_card_without_formulas_exercises_and_a_next_chapter():
    last = list(endings.told())[-1]
    page = _ended(last, _section("Summary", nodes.paragraph("", "Words.")))
    texts = [node.astext() for node in page[-1]]
    assert texts == ['<div class="summary-card">', "Summary", "Words.", "", "</div>"]


def test_a_page_that_is_no_chapter_has_no_card():
    doctree = nodes.document("", "")
    doctree += _section("Glossary", _section("Summary"))
    endings._end(None, doctree, "chapters/glossary")
    assert not list(doctree.findall(nodes.raw))
