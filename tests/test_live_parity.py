"""The Python of the page judges every answer as the one here does: verdicts, hints, texts."""

import json
import re
import runpy

import pytest

from book_ext import editions, live
from book_ext.live import runtime
from course_lib.exercises import catalog, find

pytestmark = pytest.mark.slow

ANSWERS = editions.ROOT / "tests" / "live_answers.py"
#: What the answers of `live_answers` raise that need a package which the page does not have.
ABSENT = "raised ModuleNotFoundError: not in the page"


def test_the_same_files_give_the_same_bytes(monkeypatch, tmp_path):
    kept = (runtime.folder() / "course.zip").read_bytes()
    package = runtime.package()
    monkeypatch.setattr(runtime, "package", lambda: package)
    monkeypatch.setattr(runtime, "_CACHE", tmp_path)
    (made,) = runtime._compiled({"course.zip": runtime._course()}).values()
    assert made.read_bytes() == kept


@pytest.fixture(scope="module")
def judged():
    """What is said of each answer here and in the page, by its name."""
    script = editions.ROOT / "tests" / "in_page.mjs"
    place, given = runtime.folder(), json.dumps(list(_solutions()))
    there = runtime.node(script, runtime.package(), place, editions.ROOT, ANSWERS, stdin=given)
    here = runpy.run_path(str(ANSWERS), {"given": given})["result"]
    return json.loads(here), json.loads(there)


def _solutions():
    """Id and solution of each exercise of NumPy, and the code above it, solved, in its notebook."""
    for _, text in editions.in_order():
        cells = editions.exercise_cells(text)
        above = []
        for cell in live._above(text):
            name = cell["exercise"] if isinstance(cell, dict) else None
            code = cells[name]["solution"] if name else cell
            if name and "torch" not in find(name).uses:
                yield name, code, list(above)
            above.append(code)


def _alike(one, other):
    """Whether examples agree but for the names of integers and the last digits of numbers."""
    (start, cut, rest), (other_start, _, other_rest) = map(_parted, (one, other))
    if cut:
        # Longer names of integers leave less of a value that is cut short.
        length = min(len(start), len(other_start))
        start, other_start = start[:length], other_start[:length]
    return (start, rest) == (other_start, other_rest)


def _parted(example):
    """The text before and after the first place where a value is cut short."""
    text = re.sub(r", dtype=int(32|64)", "", example).replace("np.int32", "np.int64")
    text = re.sub(r"\d+\.\d+", lambda number: f"{float(number[0]):.9g}", text)
    return text.partition(" …\n")


def test_every_answer_is_judged_alike(judged):
    (here, _), (there, _) = judged
    assert here.keys() == there.keys()
    of_numpy = [exercise for exercise in catalog().values() if "torch" not in exercise.uses]
    assert len(here) > 10 * len(of_numpy)
    absent = {name for name, found in there.items() if ABSENT in found[1]}
    assert len(absent) < 10, absent
    differ = {}
    for name in here.keys() - absent:
        *said, example, verdicts = here[name]
        *said_there, example_there, verdicts_there = there[name]
        if (said, verdicts) != (said_there, verdicts_there) or not _alike(example, example_there):
            differ[name] = here[name], there[name]
    assert not differ, f"judged here, and otherwise in the page: {differ}"


def test_every_solution_is_right_as_it_stands_in_its_chapter(judged):
    (_, here), (_, there) = judged
    assert set(there) == {e.id for e in catalog().values() if "torch" not in e.uses}
    for name, found in there.items():
        assert found["status"] == "correct", f"{name}: {found}"
    assert there == here


def test_references_are_right_in_the_page_and_stubs_not_attempted(judged):
    _, (there, _) = judged
    for name, (status, *_) in there.items():
        if name.endswith(", reference"):
            assert status == "correct", name
        elif name.endswith(", stub"):
            assert status == "not attempted", name
        elif ", misconception" in name:
            assert status == "incorrect", name
