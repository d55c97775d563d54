"""What a class hands in: layouts, mangled notebooks, and files that are meant to do harm."""

import io
import json
import os
import zipfile

import nbformat
import pytest

from book_ext import editions
from course_grader import delivery, layouts, notebook, submissions
from course_lib.exercises import catalog

IDS = [exercise for exercise in catalog() if exercise.startswith(("metrics.", "roc."))]
PPV = "def ppv(y_true, y_pred):\n    return y_true[y_pred == 1].mean()"
NPV = PPV.replace("ppv", "npv")


def cell(source, exercise=None, kind="code", **metadata):
    named = {"exercise": exercise} if exercise else {}
    return {"cell_type": kind, "source": source, "metadata": named | metadata}


def written(*cells):
    return json.dumps({"cells": cells, "nbformat": 4}).encode()


def find(*cells, exercise="metrics.ppv"):
    return notebook.find(notebook.read(written(*cells), IDS), exercise)


def test_a_cell_is_found_by_its_metadata():
    found = find(cell("x = 1"), cell(PPV, "metrics.ppv"))
    assert (found.answer, found.notes) == (PPV, ())


def test_metadata_goes_before_nbgrader_s_id_and_that_before_the_name():
    other, third = PPV + "  # 2", PPV + "  # 3"
    nbgrader = cell(other, nbgrader={"grade_id": "metrics-ppv"})
    assert find(cell(PPV, "metrics.ppv"), nbgrader, cell(third)).answer == PPV
    assert find(nbgrader, cell(third)).answer == other
    found = find(cell(third))
    assert found.answer == third
    assert "found by its name" in found.notes[0]


def test_of_two_definitions_the_last_counts_and_that_is_said():
    found = find(cell(PPV, "metrics.ppv"), cell(PPV + "\n# again", "metrics.ppv"))
    assert found.answer == PPV + "\n# again"
    assert "2 cells define it" in found.notes[0]


def test_a_marked_cell_that_defines_nothing_gives_way_to_one_that_does():
    assert find(cell("# moved below", "metrics.ppv"), cell(PPV)).answer == PPV
    broken = "def ppv y_true, y_pred:\n    return"
    assert find(cell(broken, "metrics.ppv")).answer == broken
    assert find(cell("x = 1")) is None


def test_a_cell_that_became_markdown_is_graded_as_code():
    found = find(cell(PPV, "metrics.ppv", kind="markdown"))
    assert found.answer == PPV
    assert "no code cell" in found.notes[0]


CHECK = 'check("metrics.ppv", ppv)'


def places(*cells):
    return find(*cells).places


def test_what_its_check_saw_counts():
    stub, answer, number = cell(PPV, "metrics.ppv"), cell(PPV + "  # 2"), cell("ppv = 0.4")
    # Below the stub and above its check; the stub is the second choice.
    assert places(stub, answer, cell(CHECK)) == ((1, 3), (0, 3))
    # Above the last check; what is called so below it comes last.
    assert places(stub, cell(CHECK), number) == ((0, 2), (2, 3))
    assert places(stub, cell(CHECK), answer, cell(CHECK), number)[0] == (2, 4)
    # A check of another exercise, or one above all definitions, says nothing.
    assert places(stub, answer, cell(CHECK.replace(".ppv", ".npv"))) == ((0, 1), (1, 2))
    assert places(cell(CHECK), stub, answer) == ((1, 2), (2, 3))
    # Without marks too
    assert places(cell(PPV), cell(CHECK), number) == ((0, 2), (2, 3))


def test_no_more_than_four_definitions_are_tried():
    assert len(places(*[cell(f"ppv = {i}") for i in range(99)])) == 4


@pytest.mark.parametrize(
    "source",
    [
        "ppv = lambda y_true, y_pred: 1",
        "ppv: callable = max",
        "first = ppv = max",
        "npv, ppv = one, other",
        "class ppv:\n    pass",
        "async def ppv():\n    pass",
        "from mine import npv, ppv",
        "import mine as ppv",
        "if True:\n    def ppv():\n        pass",
        "try:\n    x\nexcept NameError:\n\n    ppv = max",
    ],
)
def test_a_definition_is_recognized(source):
    assert find(cell(source)).answer == source


@pytest.mark.parametrize(
    "source",
    [
        "class A:\n    def ppv(self):\n        return 1",
        "def f():\n    if x:\n        ppv = 3",
        "ppv == 3",
        "print(ppv)",
        "ppv_there = 3",
        "# import ppv",
    ],
)
def test_what_is_none_is_not(source):
    assert find(cell(source)) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not json",
        b"[]",
        b'{"cells": 5}',
        b'{"worksheets": []}',
        written(cell(PPV))[:-20],
        b"\xff\xfe\x00",
        b'{"cells":' * 50_000,
        b"[" * 1_000_000,
        b'{"cells": ' + b"9" * 10_000 + b"}",
        b" " * (notebook.MAX_BYTES + 1),
        b'{"cells": [' + b"{}," * 5_000_000 + b"{}]}",
        b'{"cells": [' + b"{}," * 6_000 + b"{}]}",
        b'{"cells": [{"outputs": [' + b"1," * 4_000_000 + b"1]}]}",
    ],
    ids=lambda data: repr(data[:20]),
)
def test_what_is_no_notebook_is_said_in_one_sentence(data):
    with pytest.raises(ValueError, match=r"^(is|has) ") as caught:
        notebook.read(data, IDS)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "odd",
    [
        5,
        {},
        {"source": 5},
        {"source": [1, None, PPV], "cell_type": "code"},
        {"source": PPV, "metadata": []},
        {"source": PPV, "metadata": {"exercise": ["metrics.ppv"]}},
        {"source": PPV, "metadata": {"nbgrader": "metrics-ppv"}},
        {"source": PPV, "metadata": {"nbgrader": {"grade_id": {}}}},
        {"source": "x" * 60_000, "cell_type": "code", "metadata": {"exercise": "metrics.ppv"}},
        {"source": "(" * 5000, "cell_type": "code"},
        {"source": "\ud800", "cell_type": "code"},
        {"source": "a\0b", "cell_type": "code"},
    ],
    ids=lambda odd: repr(odd)[:40],
)
def test_a_mangled_cell_costs_only_itself(odd):
    assert find(odd, cell(PPV, "metrics.ppv")).answer == PPV


def handed_in(tmp_path, files, as_zip):
    """Write files to a folder or a zip; returns its path."""
    if as_zip:
        with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        return tmp_path / "class.zip"
    for name, data in files.items():
        path = tmp_path / "class" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "class"


def students(path):
    return {s.student: s for s in submissions.read(path, IDS).submissions}


both = pytest.mark.parametrize("as_zip", [False, True], ids=["folder", "zip"])


@both
@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["ann.ipynb", "bob.ipynb", "README.txt"], {"ann", "bob"}),
        (["ann/metrics.ipynb", "ann/roc.ipynb", "bob/metrics.ipynb"], {"ann", "bob"}),
        (["ann/metrics.ipynb"], {"ann"}),
        (["week10/ann.ipynb", "week10/bob.ipynb"], {"ann", "bob"}),
        (["week10/ann/metrics.ipynb", "week10/bob/metrics.ipynb"], {"ann", "bob"}),
        (["ann.ipynb", "__MACOSX/._ann.ipynb", ".ipynb_checkpoints/ann.ipynb"], {"ann"}),
        (["王小明.ipynb"], {"王小明"}),
        (
            ["Ann Lee_12345_assignsubmission_file_/metrics.ipynb"],
            {"Ann Lee_12345"},
        ),
        (["Ann Lee_12345_assignsubmission_file_hw.ipynb"], {"Ann Lee_12345"}),
        (
            ["leeann_LATE_77_9001_metrics-1.ipynb", "wubob_78_9002_metrics.ipynb"],
            {"leeann_77", "wubob_78"},
        ),
    ],
    ids=lambda value: " ".join(sorted(value))[:40],
)
def test_layouts(tmp_path, names, expected, as_zip):
    files = {name: written(cell(PPV, "metrics.ppv")) for name in names}
    found = students(handed_in(tmp_path, files, as_zip))
    assert set(found) == expected
    assert all(set(s.found) == {"metrics.ppv"} for s in found.values())


@both
def test_chapters_of_one_student_are_put_together(tmp_path, as_zip):
    roc = next(exercise for exercise in IDS if exercise.startswith("roc."))
    code = f"def {roc.partition('.')[2]}():\n    return 1"
    files = {"ann/metrics.ipynb": written(cell(PPV)), "ann/roc.ipynb": written(cell(code, roc))}
    found = students(handed_in(tmp_path, files, as_zip))
    assert set(found["ann"].found) == {"metrics.ppv", roc}


@both
def test_a_broken_file_leaves_the_others(tmp_path, as_zip):
    files = {
        "ann.ipynb": written(cell(PPV)),
        "bob.ipynb": b"nonsense",
        "eve.ipynb": b" " * (notebook.MAX_BYTES + 1),
        "dan/homework.docx": b"PK",
    }
    found = students(handed_in(tmp_path, files, as_zip))
    assert found["ann"].found
    assert "not a notebook" in found["bob"].problems[0]
    assert "larger than 16 MB" in found["eve"].problems[0]
    assert "homework.docx: is not a notebook" in found["dan"].problems[0]


@both
def test_two_files_that_differ_are_left_to_a_person(tmp_path, as_zip):
    files = {
        "ann.ipynb": written(cell(PPV)),
        "ANN/metrics.ipynb": written(cell(PPV + "  # other")),
        "bob.ipynb": written(cell(PPV)),
        "bob/copy.ipynb": written(cell(PPV)),
    }
    found = students(handed_in(tmp_path, files, as_zip))
    assert set(found) == {"ANN", "bob"}
    assert set(found["ANN"].ambiguous) == {"metrics.ppv"}
    assert any("answer it differently" in said for said in found["ANN"].sentences(IDS))
    assert not found["bob"].ambiguous


def test_whoever_hands_in_the_whole_book_is_asked_nothing(tmp_path):
    """Chapters import and define functions by the names of others' exercises."""
    folder = tmp_path / "ann"
    folder.mkdir()
    for path in editions.chapter_files():
        solved = editions.exercise_cells(path.read_text("utf-8"))
        book = nbformat.read(path.with_suffix(".ipynb"), 4)
        for one in book.cells:
            if exercise := one.metadata.get("exercise"):
                one.source = solved[exercise]["solution"]
        nbformat.write(book, folder / path.with_suffix(".ipynb").name)
    (ann,) = submissions.read(tmp_path, catalog(), by="folders").submissions
    assert set(ann.found) == set(catalog())
    assert (ann.ambiguous, ann.remarks, ann.problems) == ({}, {}, [])
    assert all(found.is_sure for found in ann.found.values())


NAMESAKES = ("dli_l3.receptive_field", "feature_visualization.receptive_field")


def test_an_answer_to_a_namesake_is_no_answer():
    one, other = NAMESAKES
    marked = written(cell("def receptive_field(layers):\n    return 1", one))
    cells = notebook.read(marked, NAMESAKES)
    assert notebook.find(cells, one).is_sure
    assert notebook.find(cells, other) is None


@pytest.mark.parametrize("name", ["a", "z"])
def test_a_name_in_the_notebook_of_another_chapter_is_the_last_resort(tmp_path, name):
    one, other = NAMESAKES
    named = written(
        cell("def convolve(image, kernel):\n    return 2", "dli_l3.convolve"),
        cell("def receptive_field(layers):\n    return 3"),
    )
    stub = written(cell("def receptive_field(kernels, strides):\n    return ...", other))
    files = {"ann/l3.ipynb": named, "bob/l3.ipynb": named, f"bob/{name}.ipynb": stub}
    ids = ["dli_l3.convolve", *NAMESAKES]
    read = submissions.read(handed_in(tmp_path, files, False), ids).submissions
    found = {submission.student: submission.found for submission in read}
    assert found["ann"][other].answer.endswith("return 3")
    assert not found["ann"][other].is_sure
    assert found["bob"][other].answer.endswith("return ...")
    assert found["bob"][one].answer.endswith("return 3")


@pytest.mark.parametrize(
    "name", ["../../evil.ipynb", "/etc/evil.ipynb", "..\\..\\evil.ipynb", "ok/../../evil.ipynb"]
)
def test_a_path_out_of_the_zip_is_not_read_and_said(tmp_path, name):
    files = {name: written(cell(PPV)), "ann.ipynb": written(cell(PPV))}
    before = sorted(tmp_path.rglob("*"))
    path = handed_in(tmp_path, files, as_zip=True)
    handed = submissions.read(path, IDS)
    said = [*handed.notes, *(p for s in handed.submissions for p in s.problems)]
    assert [s.student for s in handed.submissions if s.found] == ["ann"]
    assert any("leads out of the folder" in one for one in said)
    assert sorted(tmp_path.rglob("*")) == sorted([*before, path])


@pytest.mark.slow
def test_a_bomb_in_a_zip_is_not_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "class.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ann.ipynb", bytes(200 << 20))
    assert "larger than" in students(tmp_path / "class.zip")["ann"].problems[0]


def test_links_and_pipes_in_a_folder_are_not_followed(tmp_path):
    secret = tmp_path / "secret.ipynb"
    secret.write_bytes(written(cell(PPV)))
    folder = handed_in(tmp_path, {"ann.ipynb": written(cell(PPV))}, as_zip=False)
    (folder / "bob.ipynb").symlink_to(secret)
    os.mkfifo(folder / "eve.ipynb")
    (folder / "loop").symlink_to(folder)
    found = students(folder)
    assert found["ann"].found
    for name in ("bob", "eve"):
        assert not found[name].found
        assert "a link or no regular file" in found[name].problems[0]


def test_names_become_one_printable_line(tmp_path):
    files = {"a\n\x1b[31mb\x07.ipynb": written(cell(PPV)), "..ipynb": written(cell(PPV))}
    found = students(handed_in(tmp_path, files, as_zip=True))
    assert set(found) == {"a??[31mb?"}


def test_a_damaged_or_encrypted_member_is_said(tmp_path):
    path = handed_in(tmp_path, {"ann.ipynb": written(cell(PPV)) * 9}, as_zip=True)
    data = bytearray(path.read_bytes())
    data[60] ^= 0xFF
    path.write_bytes(data)
    assert "cannot be read from the zip" in students(path)["ann"].problems[0]


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


HEAVY = b"[%s]" % b",".join([b"{}"] * 199_000)


@pytest.mark.parametrize(
    "heavy",
    [
        lambda number: b'{"a%d": %s, "cells": []}' % (number, HEAVY),
        lambda number: b'{"a%d": "%s", "cells": []}' % (number, b"x" * (15 << 20)),
        lambda number: written(*[cell(f"#{number}" + "ppv;" * 12_000)] * 40),
    ],
    ids=["parts", "bytes", "text"],
)
def test_all_files_of_one_student_have_one_budget(tmp_path, heavy, monkeypatch):
    monkeypatch.setattr(notebook, "_MAX_LARGEST", 3)
    many = zipped({f"{number}.ipynb": heavy(number) for number in range(6)})
    files = {"ann.ipynb": written(cell(PPV)), "mallory.zip": many}
    found = students(handed_in(tmp_path, files, as_zip=False))
    assert (found["ann"].problems, found["ann"].ambiguous) == ([], {})
    mallory = found["mallory"]
    assert 3 <= mallory.notebooks <= 4
    assert "more than is read of anybody" in mallory.problems[0]
    assert set(mallory.ambiguous) == set(IDS)


def test_attempts_share_the_budget_and_the_last_one_is_read_first(tmp_path, monkeypatch):
    monkeypatch.setattr(notebook, "_MAX_LARGEST", 3)
    files = {}
    for number in range(5):
        name = f"Week 10_ann1_attempt_2026-11-0{number + 1}-10-00-00_metrics.ipynb"
        files[name] = written(cell(f"{PPV}  # {number}", "metrics.ppv")) + b" " * (15 << 20)
    ann = students(handed_in(tmp_path, files, as_zip=False))["ann1"]
    assert ann.found["metrics.ppv"].answer.endswith("# 4")
    assert not ann.ambiguous
    assert [bool(attempt.notebooks) for attempt in ann.earlier] == [False, True, True, True]


@pytest.mark.slow
def test_zips_in_zips_share_a_budget(tmp_path):
    inner = zipped({f"{number}.md": b"" for number in range(4_500)})
    files = {
        "mallory.zip": zipped({f"{number}.zip": inner for number in range(9)}),
        "ann.zip": zipped({"metrics.ipynb": written(cell(PPV))}),
    }
    found = delivery.files(handed_in(tmp_path, files, as_zip=False))
    assert len(found) == 4 * 4_500 + 5 + 1
    assert sum("holds too much" in file.fault for file in found) == 5


def test_a_zip_of_many_files_is_opened_once(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(
        delivery, "_members", lambda archive: opened.append(1) or archive.infolist()
    )
    files = {f"notes {number}.txt": b"x" for number in range(300)}
    files["metrics.ipynb"] = written(cell(PPV))
    folder = handed_in(tmp_path, {"ann.zip": zipped(files)}, as_zip=False)
    assert students(folder)["ann"].notebooks == 1
    assert len(opened) == 1


def test_what_is_no_notebook_is_not_read_to_its_end():
    sizes = []

    def read(size):
        sizes.append(size)
        return b'{"nbformat": 4, "metadata": {"widgets": "' + b"x" * size

    assert layouts.looks_like_notebook(delivery.File(("metrics.txt",), read))
    assert sizes == [64 << 10]


@pytest.mark.parametrize("make", ["nothing", "empty folder", "no zip", "no notebook"])
def test_a_source_that_holds_no_class_is_refused(tmp_path, make):
    path = tmp_path / "class"
    if make == "empty folder":
        path.mkdir()
    elif make == "no zip":
        path.write_bytes(b"nonsense")
    elif make == "no notebook":
        handed_in(tmp_path, {"essay.txt": b"x"}, as_zip=False)
    with pytest.raises(ValueError, match=str(path)):
        submissions.read(path, IDS)
