"""Deliveries of every platform: nobody vanishes, nobody merges, nobody gets another name."""

import os
import struct
import zipfile
import zlib

import pytest

from course_grader import submissions
from course_lib.exercises import catalog

from .grader_layouts import BAD, GOOD, LAYOUTS, notebook, zipped

IDS = list(catalog())


def delivered(tmp_path, files, form):
    if form == "zip":
        (tmp_path / "class.zip").write_bytes(zipped(files))
        return tmp_path / "class.zip"
    for name, data in files.items():
        path = tmp_path / "class" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "class"


def said(handed):
    return [*handed.notes, *(one for s in handed.submissions for one in s.sentences(IDS))]


@pytest.mark.parametrize("form", ["folder", "zip"])
@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_gives_its_students(tmp_path, name, form):
    files, students, sentence = LAYOUTS[name]
    handed = submissions.read(delivered(tmp_path, files, form), IDS)
    assert {s.student: len(s.found) for s in handed.submissions} == students
    assert sentence in " ".join(said(handed))


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_file_is_read_or_has_a_sentence(tmp_path, name):
    files, students, _ = LAYOUTS[name]
    handed = submissions.read(delivered(tmp_path, files, "zip"), IDS)
    text = " ".join(said(handed)) + " ".join(students)
    for path, data in files.items():
        last = path.rpartition("/")[2]
        if last not in ("submission_metadata.yml", "index.html") and not last.endswith(".zip"):
            assert data.startswith(b'{"nbformat"') or last in text


def test_the_last_attempt_counts_and_the_first_is_kept(tmp_path):
    files, _, _ = LAYOUTS["blackboard, two attempts"]
    (ann,) = submissions.read(delivered(tmp_path, files, "zip"), IDS).submissions
    (first,) = ann.earlier
    assert "0.5" in first.found["metrics.ppv"].cells[-1]
    assert "0.5" not in ann.found["metrics.ppv"].cells[-1]
    assert (first.when.day, ann.when.day) == (3, 4)


def test_gradescope_s_metadata_gives_time_and_address(tmp_path):
    files, _, _ = LAYOUTS["gradescope with names and a group"]
    by = {
        s.student: s for s in submissions.read(delivered(tmp_path, files, "zip"), IDS).submissions
    }
    assert by["Ann Lee_1001"].email == "ann@x.edu"
    assert by["Ann Lee_1001"].when.isoformat() == "2024-11-03T17:00:00.123456+00:00"
    assert by["王小明_0010"].found.keys() == by["No"].found.keys() == {"metrics.ppv"}


def test_metadata_in_a_student_s_own_folder_names_nobody(tmp_path):
    files = {
        "x/submission_1/submission_metadata.yml": b"submission_2:\n  :submitters:\n  - :name: E",
        "x/submission_1/a.ipynb": GOOD,
        "x/submission_2/a.ipynb": GOOD,
    }
    handed = submissions.read(delivered(tmp_path, files, "zip"), IDS)
    assert [s.student for s in handed.submissions] == ["submission_1", "submission_2"]


BIG5 = ["黃建宏", "李建宏", "陳建宏", "許功蓋"]


def test_names_in_big5_bytes_stay_different_students(tmp_path):
    (tmp_path / "class").mkdir()
    for name in BIG5:
        path = os.fsencode(tmp_path / "class") + b"/" + name.encode("big5") + b".ipynb"
        with open(path, "wb") as file:
            file.write(GOOD)
    handed = submissions.read(tmp_path / "class", IDS)
    assert {s.student for s in handed.submissions} == set(BIG5)


def windows_zip(names, extra=b""):
    """A zip whose names are Big5 bytes without a mark of their encoding, as Windows writes it."""
    data = zipped({f"{i:04}.ipynb": GOOD for i in range(len(names))})
    for i, name in enumerate(names):
        old, new = f"{i:04}.ipynb".encode(), name
        assert len(old) == len(new)
        data = data.replace(old, new)
    return data


def test_names_in_a_windows_zip_stay_different_students(tmp_path):
    # Two characters of two bytes each are as long as the four digits that they replace.
    names = ["黃宏", "李宏", "陳宏", "許功"]
    raw = [name.encode("big5") + b".ipynb" for name in names]
    (tmp_path / "class.zip").write_bytes(windows_zip(raw))
    assert {s.student for s in submissions.read(tmp_path / "class.zip", IDS).submissions} == set(
        names
    )
    # Unpacked by a program that took the bytes for DOS letters
    (tmp_path / "class").mkdir()
    for one in raw:
        (tmp_path / "class" / one.decode("cp437").replace("\\", "＼")).write_bytes(GOOD)
    found = {s.student for s in submissions.read(tmp_path / "class", IDS).submissions}
    assert len(found) == len(names)
    assert {"李宏", "陳宏"} <= found


def test_western_names_of_dos_are_words_too(tmp_path):
    (tmp_path / "class.zip").write_bytes(windows_zip([b"M\x81ll.ipynb", b"Jos\x82.ipynb"]))
    found = {s.student for s in submissions.read(tmp_path / "class.zip", IDS).submissions}
    assert found == {"Müll", "José"}


def test_the_unicode_path_of_a_zip_goes_first(tmp_path):
    raw = "李宏".encode("big5") + b".ipynb"
    extra = b"\1" + struct.pack("<I", zlib.crc32(raw)) + "李宏二.ipynb".encode()
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        info = zipfile.ZipInfo("0000.ipynb")
        info.extra = struct.pack("<HH", 0x7075, len(extra)) + extra
        archive.writestr(info, GOOD)
    data = (tmp_path / "class.zip").read_bytes().replace(b"0000.ipynb", raw)
    (tmp_path / "class.zip").write_bytes(data)
    assert [s.student for s in submissions.read(tmp_path / "class.zip", IDS).submissions] == [
        "李宏二"
    ]


def test_an_odd_name_of_one_student_changes_no_other(tmp_path):
    for name in ("黃建宏".encode("big5"), "陳建宏".encode("big5")):
        folder = os.fsencode(tmp_path / "class") + b"/" + name
        os.makedirs(folder)
        for file in (b"a.ipynb", b"\xff\xfe\x01\x80.docx", b"\xe9\xe8\xe7.txt"):
            with open(folder + b"/" + file, "wb") as out:
                out.write(GOOD if file == b"a.ipynb" else b"x")
    handed = submissions.read(tmp_path / "class", IDS)
    assert {s.student for s in handed.submissions} == {"黃建宏", "陳建宏"}
    for sentence in said(handed):
        assert sentence.isprintable()
        sentence.encode()


def test_names_that_cannot_be_shown_stay_different(tmp_path):
    files = {"a\x01.ipynb": GOOD, "a\x02.ipynb": BAD, "b" * 150 + "/x.ipynb": GOOD}
    handed = submissions.read(delivered(tmp_path, files, "zip"), IDS)
    assert len(handed.submissions) == 3
    for submission in handed.submissions:
        (tmp_path / f"{submission.student}.html").write_text("")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name_in_a_zip_wait_for_a_person(tmp_path):
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        for data in (GOOD, BAD):
            archive.writestr("ann.ipynb", data)
        archive.writestr("bob.ipynb", GOOD)
    ann, bob = submissions.read(tmp_path / "class.zip", IDS).submissions
    assert ann.ambiguous.keys() == {"metrics.ppv"}
    assert not bob.ambiguous


@pytest.mark.slow
def test_twenty_thousand_files_of_one_student_cost_nobody_else(tmp_path):
    files = {f"bob/venv/lib/python3.12/site-packages/p/{i}.py": b"" for i in range(20_000)}
    files |= {f"eve/pictures/{i}.png": b"" for i in range(2000)}
    files |= {"dan/env/pyvenv.cfg": b"", "dan/env/share/tour.ipynb": BAD, "dan/a.ipynb": GOOD}
    files |= {f"{student}/metrics.ipynb": GOOD for student in ("ann", "bob", "eve")}
    handed = submissions.read(delivered(tmp_path, files, "zip"), IDS)
    assert [len(s.found) for s in handed.submissions] == [1, 1, 1, 1]
    assert not any(s.ambiguous for s in handed.submissions)
    by = {s.student: s.problems for s in handed.submissions}
    assert by["ann"] == []
    assert len(by["bob"]) == 1
    assert "installed packages" in by["bob"][0]
    assert by["eve"][-1] == "1995 more files were not read"


def test_too_many_notebooks_are_left_to_a_person(tmp_path):
    files = {f"bob/{i}.ipynb": notebook(f"{i}") for i in range(150)} | {"ann/a.ipynb": GOOD}
    ann, bob = submissions.read(delivered(tmp_path, files, "zip"), IDS).submissions
    assert ann.found
    assert bob.ambiguous.keys() == set(IDS)
    assert "150 notebooks" in bob.problems[0]


def test_a_stub_gives_way_to_an_answer(tmp_path):
    files = {"ann/metrics.ipynb": notebook("..."), "ann/metrics (1).ipynb": GOOD}
    (ann,) = submissions.read(delivered(tmp_path, files, "zip"), IDS).submissions
    assert not ann.ambiguous
    assert "mean" in ann.found["metrics.ppv"].cells[-1]


def test_a_path_of_a_thousand_folders_costs_nobody_else(tmp_path):
    files = {"bob/" + "a/" * 3000 + "x.ipynb": GOOD, "ann/x.ipynb": GOOD}
    ann, bob = submissions.read(delivered(tmp_path, files, "zip"), IDS).submissions
    assert ann.found
    assert "lies in more than 30 folders" in bob.problems[0]


def test_an_empty_folder_has_a_sentence(tmp_path):
    files = {"ann/x.ipynb": GOOD, "dan/x.ipynb": GOOD}
    folder = delivered(tmp_path, files, "folder")
    (folder / "bob").mkdir()
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        for name in ("ann/", "ann/x.ipynb", "dan/x.ipynb", "bob/"):
            archive.writestr(name, b"" if name.endswith("/") else GOOD)
    for path in (folder, tmp_path / "class.zip"):
        handed = submissions.read(path, IDS)
        assert [s.student for s in handed.submissions] == ["ann", "dan"]
        assert handed.notes == ["bob: is an empty folder; it was not read"]


def test_a_student_s_own_files_decide_on_no_other_name(tmp_path):
    folder = os.fsencode(tmp_path / "class")
    for name in BIG5:
        os.makedirs(folder + b"/" + name.encode("big5"))
        with open(folder + b"/" + name.encode("big5") + b"/a.ipynb", "wb") as file:
            file.write(GOOD)
    for i in range(50):
        with open(folder + b"/" + BIG5[0].encode("big5") + b"/\xe9\xe8\xe9%d.txt" % i, "wb"):
            pass
    handed = submissions.read(tmp_path / "class", IDS)
    assert {s.student for s in handed.submissions} == set(BIG5)


def test_gross_and_groß_are_two(tmp_path):
    files = {"Gross.ipynb": GOOD, "Groß.ipynb": BAD}
    assert len(submissions.read(delivered(tmp_path, files, "zip"), IDS).submissions) == 2


def test_the_layout_can_be_named(tmp_path):
    files = {"A/x.ipynb": GOOD, "A/y.ipynb": GOOD, "B/x.ipynb": GOOD}
    path = delivered(tmp_path, files, "zip")
    for by, students in (
        ("auto", ["A", "B"]),
        ("folders", ["A", "B"]),
        ("chapters", ["x", "y"]),
    ):
        found = submissions.read(path, IDS, by=by).submissions
        assert [s.student for s in found] == students
    (one,) = submissions.read(path, IDS, student="Ann").submissions
    assert one.student == "Ann"


def test_one_notebook_is_a_delivery(tmp_path):
    (tmp_path / "ann.ipynb").write_bytes(GOOD)
    (ann,) = submissions.read(tmp_path / "ann.ipynb", IDS).submissions
    assert (ann.student, len(ann.found)) == ("ann", 1)
