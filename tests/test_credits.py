"""Who is credited for which data, and what the book says is real and what simulated."""

import ast
import inspect
import re

import numpy as np
import pytest

from book_ext import credits, editions, overview
from course_lib import datasets

SETS = credits.known()["set"]
CHAPTERS = dict(editions.in_order())


@pytest.mark.parametrize("name", overview.WRITTEN)
def test_parts_say_what_the_other_files_hold(name):
    text = (editions.ROOT / name).read_text(encoding="utf-8")
    right = overview.with_parts(name, text)
    assert text == right, f"{name} is out of date: run `python -m book_ext table`"


def test_a_part_that_is_gone_is_missed():
    with pytest.raises(ValueError, match=r"README\.md must hold the part 'data' once, not 0"):
        overview.with_parts("course_lib/data/README.md", "# Data\n")


def test_every_function_that_gives_data_is_a_loader():
    offered = {name: getattr(datasets, name) for name in datasets.__all__}
    functions = {name: inspect.getdoc(f) for name, f in offered.items() if inspect.isfunction(f)}
    assert credits.loaders() == functions


def test_every_loader_is_credited_once():
    credited = [name for one in SETS for name in one["loaders"]]
    assert sorted(credited) == sorted(credits.loaders()), "name it in course_lib/data/credits.toml"


@pytest.mark.parametrize("one", SETS, ids=lambda one: one["loaders"][0])
def test_a_credit_is_whole(one):
    shipped = {"folder", "changed"} if one["where"] == "ships" else set()
    asked = {"loaders", "name", "size", "who", "where", "origin", "license", *shipped}
    assert set(one) == asked
    assert all(one.values())
    assert one["where"] in ("ships", "packages", "tables", "fetched")
    what, cite = credits.documented(one)
    assert what.endswith(".")
    # What is carried for its looks has no paper.
    unpublished = {"photo", "faceless_photos", "glyphs"}
    assert cite or unpublished.intersection(one["loaders"])


#: The numbers in ``size``, counted in the data.
COUNTED = {
    "ecg_readings": lambda ecg: [len(ecg.y_true)],
    "mitdb_100": lambda record: [1, len(record.beats)],
    "chest_xrays": lambda films: [len(set(films.patient)), len(films.images)],
    "lung_nodules": lambda nodules: [len(set(nodules.patient))],
    "phase_contrast_cells": lambda cells: [
        len(cells.images),
        sum(len(np.unique(labels)) - 1 for labels in cells.labels),
    ],
    "blood_smears": lambda smears: [len(smears.images), len(smears.boxes)],
    "fluorescent_nuclei": lambda cells: [len(cells.images)],
    "omniglot_runs": lambda runs: list(runs.y_true.shape),
    "healthy_retinas": lambda retinas: [len(retinas.images)],
    "haxby_slice": lambda haxby: [1],
    "van_dyke_1993": lambda study: [len(study.y_true)],
    "hupse_2013": lambda study: [len(study.y_true)],
    "tony_2011": lambda study: [study.n_normal + len(study.lesions)],
    "breast_masses": lambda masses: [len(masses.y_true)],
    # The file does not name them: sheets are filled in by 13 people.
    "digits": lambda digits: [len(set(digits.sheet)) - 1],
    "nuclei": lambda one: [len(np.unique(one.labels)) - 1],
    "photo": lambda one: [len(datasets.PHOTOS)],
    "face_crops": lambda crops: [int(crops.y_true.sum())],
    "nih_five_radiologists": lambda study: [532, study.films],
    "dawid_skene_1979": lambda study: [len(study.votes)],
    "fleiss_1971": lambda votes: [len(votes)],
    "hanley_mcneil_1982": lambda table: [int(table.disease.sum() + table.normal.sum())],
}
ARGUMENTS = {"photo": ("cat", 8)}


@pytest.mark.parametrize("name", COUNTED)
def test_as_many_as_the_credits_say(name):
    (one,) = (one for one in SETS if one["loaders"][0] == name)
    said = [int(n.replace(",", "")) for n in re.findall(r"\d[\d,]*", one["size"])]
    assert said == COUNTED[name](getattr(datasets, name)(*ARGUMENTS.get(name, ())))


def test_all_others_are_counted():
    uncounted = {one["loaders"][0] for one in SETS if one["where"] != "fetched"} - set(COUNTED)
    # Slow to draw, or two pictures of no number.
    assert uncounted == {"glyphs", "faceless_photos", "histology"}, "count it in COUNTED"


# What a chapter shows ---------------------------------------------------------------------------

CHAPTER = """---
file_format: mystnb
---

# Moons

`datasets.nuclei()` is only spoken of, and `datasets.cheese()` does not exist.

```{code-cell} ipython3
from course_lib import datasets, xrays
from course_lib.datasets import two_feature_masses

digits = [datasets.digits, datasets.PHOTOS]
films = xrays.simulated_xrays(3, 1, 1)
```

```{code-cell} ipython3
:simulated: craters

craters = fleiss_1971.isbi2012()
```

With a connection:

```python
datasets.medmnist("bloodmnist")
datasets.digits()
```
"""


def test_uses_are_read_from_the_cells():
    shown = credits.uses(CHAPTER)
    assert shown.loaders == {"digits", "two_feature_masses"}
    assert shown.optional == {"medmnist"}
    assert shown.simulated == ["chest X-rays", "craters"]
    assert credits.uses(CHAPTER.replace("datasets.digits", "datasets.glyphs")).loaders == {
        "glyphs",
        "two_feature_masses",
    }


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_that_simulates_says_so_and_is_in_the_table(name):
    prose = re.sub(r"```.*?```", "", CHAPTERS[name], flags=re.DOTALL)
    says = re.search(r"\bsimulat", prose, re.IGNORECASE)
    simulated = credits.uses(CHAPTERS[name]).simulated
    assert bool(says) == bool(simulated), (
        f"{name} draws {simulated} and its text {'does' if says else 'does not'} say simulated: "
        "say it, or give the cell that draws the option `:simulated: …`"
    )


@pytest.mark.slow
def test_every_simulator_has_a_name_for_readers():
    named = credits.known()["simulated"]
    defined = set()
    for path in (editions.ROOT / "course_lib").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                defined.add(node.name)
    drawing = {name for name in defined if name.startswith("simulated_")}
    assert drawing <= set(named), "name it in course_lib/data/credits.toml, [simulated]"
    assert set(named) <= defined
