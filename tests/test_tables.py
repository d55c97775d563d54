"""The tables in chapters that take too long for one: each is what its benchmark wrote."""

import csv

import pytest

from book_ext import editions

#: Table, what writes it, the chapter that shows it, lines with the header.
TABLES = (
    ("halves", "halves", "unet", 11),
    ("ablations", "halves", "unet", 6),
    ("micrographs", "micrographs", "unet", 14),
    ("montages", "maps", "attribution", 10),
    ("shuffled", "maps", "attribution", 3),
    ("shortcuts", "shortcuts", "attribution", 3),
    ("handwriting", "handwriting", "one_shot", 5),
    ("coordinates", "coordinates", "style", 5),
    ("grain", "grain", "feature_visualization", 5),
    ("smears", "smears", "detection", 7),
)


@pytest.mark.parametrize(("table", "module", "chapter", "lines"), TABLES)
def test_a_chapter_shows_what_its_benchmark_wrote(table, module, chapter, lines):
    with open(editions.ROOT / "benchmarks" / f"{table}.csv", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    shown = (editions.CHAPTERS / f"{chapter}.md").read_text(encoding="utf-8")
    assert len(rows) == lines
    assert f"python -m benchmarks.{module}" in shown, "say by which command a reader repeats it"
    for row in rows:
        line = f"| {' | '.join(row)} |"
        assert line in shown.splitlines(), f"run python -m benchmarks.{module}, or show {line}"
