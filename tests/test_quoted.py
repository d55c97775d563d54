"""The prose quotes what the cells print: no number in it is older than the output beside it."""

import tomllib
from dataclasses import replace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from book_ext import editions
from tests import quoted

CHAPTERS = editions.chapter_files()
ELSEWHERE = tomllib.loads(
    (editions.ROOT / "tests" / "quoted_numbers.toml").read_text(encoding="utf-8")
)
each_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=editions.chapter_name)


def _elsewhere(path):
    """Numbers that come from somewhere else than a cell of this chapter."""
    entries = ELSEWHERE.get(editions.chapter_name(path), [])
    return [number for entry in entries for number in entry["numbers"]]


@each_chapter
def test_numbers_in_the_prose_are_printed_beside_it(path):
    known = _elsewhere(path)
    wrong = [
        f"{quote.text!r} in {quote.sentence[:160]!r}"
        for quote in quoted.unfounded(path)
        if quote.text not in known
    ]
    assert not wrong, (
        f"{path.name} quotes numbers that no cell in sight prints: correct them, name the source "
        "in the same sentence, or list them with a reason in tests/quoted_numbers.toml:\n"
        + "\n".join(wrong)
    )


@each_chapter
def test_every_listed_number_is_still_needed(path):
    needed = {quote.text for quote in quoted.unfounded(path)}
    stale = set(_elsewhere(path)) - needed
    assert not stale, f"take {sorted(stale)} of {path.name} out of tests/quoted_numbers.toml"


def test_list_names_chapters_and_reasons():
    assert set(ELSEWHERE) <= {editions.chapter_name(path) for path in CHAPTERS}
    assert all(entry["why"] for entries in ELSEWHERE.values() for entry in entries)


@pytest.mark.slow
def test_most_wrong_quotes_are_found():
    """Every quoted number of the book, moved by some of its last places, one at a time."""
    found = moved = 0
    for path in CHAPTERS:
        already = len(list(quoted.unfounded(path)))
        for places in (-9, -7, -5, -4, -3, 3, 4, 5, 7, 9):
            asked = []

            def change(number, places=places, asked=asked):
                asked.append(number)
                return replace(number, value=number.value + places * number.unit)

            found += len(list(quoted.unfounded(path, change))) - already
            moved += len(asked) - already
    # Chance hides the rest: among four outputs one often holds the wrong digits as well.
    assert found > moved / 2


@pytest.mark.parametrize(
    ("shown", "prose", "unfounded"),
    [
        ("accuracy 0.938", "It reads 93.8 % of them, or 94 %, so 0.94.", []),
        ("accuracy 0.938", "It reads 93 % of them.", ["93 %"]),
        ("accuracy 0.94", "It reads 93.8 % of them.", ["93.8 %"]),
        ("35 of 47,422 windows", "A prevalence of 0.074 %, not 0.08 %.", ["0.08 %"]),
        ("difference -0.08 ± 0.03", "It loses 0.08.", []),
        ("AUC 0.97", "An AUC of 0.91 in the first reading [1], and 0.92 here.", []),
        ("AUC 0.97", "Smith et al. had 0.91. We have 0.92.", ["0.92"]),
        ("AUC 0.97", "In 1998 it was 0.91, and `x = 0.92` gives $0.93$.", []),
        ("AUC 0.97", 'A vendor says "0.91".\n\n> Abstract: 0.92', []),
        ("AUC 0.97", "With its 95 % interval, seven of 12 pages.", []),
        ("AUC 0.97", "# Section 0.91\n\n- one: 0.97\n- another: 0.95", ["0.95"]),
        ("Quiz(x=0.91, data_sha256=8307b712421f)", "It was 0.91.", ["0.91"]),
    ],
)
def test_what_is_found_in_an_output(tmp_path, shown, prose, unfounded):
    assert _unfounded(tmp_path, _printed("1 + 1", "2"), _printed("", shown), prose) == unfounded


def test_sight_ends_at_the_fourth_output_and_after_the_next_cell(tmp_path):
    far = [_printed("rate = 0.31", "0.41"), *(_printed("1 + 1", "2") for _ in range(3))]
    ahead = [_printed("rate = 0.32", "0.42"), _printed("rate = 0.33", "0.43")]
    prose = "It was 0.31, 0.32, 0.33, 0.41, 0.42, 0.43."
    assert _unfounded(tmp_path, *far, prose, *ahead) == ["0.33", "0.43"]
    nearer = [*far, _printed("1 + 1", "2")]
    assert _unfounded(tmp_path, *nearer, prose, *ahead) == ["0.31", "0.33", "0.41", "0.43"]


def test_story_before_the_first_output_is_free(tmp_path):
    assert _unfounded(tmp_path, "They say 0.91.", new_code_cell("x = 1"), "And 0.92.") == []


def _printed(code, shown):
    return new_code_cell(code, outputs=[new_output("stream", text=shown)])


def _unfounded(tmp_path, *cells):
    cells = [new_markdown_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    nbformat.write(new_notebook(cells=cells), tmp_path / "a.ipynb")
    return [quote.text for quote in quoted.unfounded(tmp_path / "a.md")]
