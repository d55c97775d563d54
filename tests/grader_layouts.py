"""Hand-ins as platforms and people deliver them, each with the students that must come out."""

import io
import json
import zipfile


def notebook(body="np.mean(y_true[y_pred == 1])", name="ppv", chapter="metrics"):
    """The bytes of a notebook that answers one exercise."""
    source = f"def {name}(y_true, y_pred):\n    return {body}"
    metadata = {"exercise": f"{chapter}.{name}"}
    cells = [{"cell_type": "code", "metadata": metadata, "source": source, "outputs": []}]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).encode()


def zipped(files):
    """The bytes of a zip."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return data.getvalue()


GOOD, BAD = notebook(), notebook("0.5")
METADATA = """\
---
submission_9001:
  :submitters:
  - :name: Ann Lee
    :sid: '1001'
    :email: ann@x.edu
  :created_at: 2024-11-03 17:00:00.123456789 Z
  :score: 1.0
submission_9002:
  :submitters:
  - :name: "\\u738B\\u5C0F\\u660E"
    :sid: 0010
    :email: wang@x.edu
  - :name: No
    :sid:
    :email: no@x.edu
  :created_at: 2024-11-04 17:00:00 +0800
"""
RECEIPT = b"Name: Ann Lee (ann_lee)\nAssignment: Week 10\nDate Submitted: Sunday\n"

#: Name of a layout: its files, its students with the number of answers found, and what is said.
LAYOUTS = {
    "class folder with one default name": (
        {"Week 10/Ann.ipynb": GOOD, "Week 10/Bob.ipynb": BAD, "Week 10/metrics.ipynb": GOOD},
        {"Ann": 1, "Bob": 1, "metrics": 1},
        "names no student",
    ),
    "one folder a chapter": (
        {"metrics/ann.ipynb": GOOD, "metrics/bob.ipynb": BAD, "roc/ann.ipynb": GOOD},
        {"ann": 1, "bob": 1},
        "",
    ),
    "one folder a chapter in a wrapper": (
        {f"Course/{c}/{s}.ipynb": GOOD for c in ("Week 1", "Week 2") for s in ("ann", "bob")},
        {"ann": 1, "bob": 1},
        "",
    ),
    "a zip a chapter, each Moodle's": (
        {
            f"{c}.zip": zipped({f"Ann Lee_{n}_assignsubmission_file_/a.ipynb": GOOD})
            for c, n in (("metrics", 7), ("roc", 7))
        },
        {"Ann Lee_7": 1},
        "",
    ),
    "moodle, one student": (
        {"Ann Lee_1002_assignsubmission_file_/hw.ipynb": GOOD},
        {"Ann Lee_1002": 1},
        "",
    ),
    "moodle without the last underscore": (
        {
            "王小明_1_assignsubmission_file/hw.ipynb": GOOD,
            "Al_2_assignsubmission_file/b.ipynb": BAD,
        },
        {"王小明_1": 1, "Al_2": 1},
        "",
    ),
    "moodle online text": (
        {
            "Bob_1003_assignsubmission_onlinetext_/onlinetext.html": b"x",
            "Bob_1003_assignsubmission_file_/a.ipynb": GOOD,
            "Al_1_assignsubmission_file_/a.ipynb": GOOD,
            "Cy_5_assignsubmission_onlinetext_/onlinetext.html": b"x",
        },
        {"Bob_1003": 1, "Al_1": 1, "Cy_5": 0},
        "text typed into the platform",
    ),
    "moodle flat, spoofed": (
        {
            "Bob Honest_1003_assignsubmission_file_a.ipynb": GOOD,
            "Eve_1666_assignsubmission_file_Bob Honest_1003_assignsubmission_file_.ipynb": BAD,
        },
        {"Bob Honest_1003": 1, "Eve_1666": 1},
        "",
    ),
    "another platform's form in a student's own folder": (
        {
            "ann/wubob_78_9002_metrics.ipynb": BAD,
            "ann/Bob_1003_assignsubmission_file_.ipynb": BAD,
            "wubob_78/metrics.ipynb": GOOD,
        },
        {"ann": 1, "wubob_78": 1},
        "",
    ),
    "canvas anonymous": (
        {"anon_xY7zQ_678919_metrics.ipynb": GOOD, "LATE_anon_aB3dE_678918_metrics.ipynb": GOOD},
        {"anon_xY7zQ": 1, "anon_aB3dE": 1},
        "",
    ),
    "canvas with text and a zip": (
        {
            "edo_12351_text.html": b"x",
            "leeann_LATE_12345_678910_metrics.ipynb": GOOD,
            "王小明_12346_678911_hw.zip": zipped({"hw/metrics.ipynb": GOOD}),
        },
        {"edo_12351": 0, "leeann_12345": 1, "王小明_12346": 1},
        "no notebook could be read",
    ),
    "gradescope without names": (
        {
            "assignment_1_export/submission_metadata.yml": b"x",
            "assignment_1_export/submission_9001/metrics.ipynb": GOOD,
            "assignment_1_export/submission_9002/metrics.ipynb": GOOD,
        },
        {"submission_9001": 1, "submission_9002": 1},
        "without names",
    ),
    "gradescope with names and a group": (
        {
            "export/submission_metadata.yml": METADATA.encode(),
            "export/submission_9001/metrics.ipynb": GOOD,
            "export/submission_9002/metrics.ipynb": BAD,
        },
        {"Ann Lee_1001": 1, "王小明_0010": 1, "No": 1},
        "",
    ),
    "blackboard, two attempts": (
        {
            "Week 10_ann1_attempt_2024-11-03-17-00-00_metrics.ipynb": BAD,
            "Week 10_ann1_attempt_2024-11-04-17-00-00_metrics.ipynb": GOOD,
        },
        {"ann1": 1},
        "2 attempts; the last one",
    ),
    "blackboard, users with underscores": (
        {
            "Week_10_ann_lee_attempt_2024-11-03-17-00-00.txt": RECEIPT,
            "Week_10_ann_lee_attempt_2024-11-03-17-00-00_metrics.ipynb": GOOD,
            "Week_10_bob_lee_attempt_2024-11-03-17-00-00_metrics.ipynb": BAD,
        },
        {"ann_lee": 1, "bob_lee": 1},
        "receipt",
    ),
    "brightspace": (
        {
            "index.html": b"x",
            "12-34 - Ann Lee - Nov 3, 2024 500 PM/metrics.ipynb": GOOD,
            "12-35 - Bob Wu - Nov 3, 2024 501 PM/metrics.ipynb": GOOD,
        },
        {"Ann Lee": 1, "Bob Wu": 1},
        "",
    ),
    "google classroom": (
        {
            "Week 10/Ann Lee - Diagnosis.ipynb": GOOD,
            "Week 10/Bob Wu - Diagnosis.ipynb": BAD,
            "Week 10/Lin Hao - Diagnosis.ipynb": BAD,
        },
        {"Ann Lee": 1, "Bob Wu": 1, "Lin Hao": 1},
        "",
    ),
    "google drive in two parts": (
        {
            "Week 10-20241103T170000Z-001.zip": zipped({"Week 10/Ann - metrics.ipynb": GOOD}),
            "Week 10-20241103T170000Z-002.zip": zipped({"Week 10/Bob - metrics.ipynb": GOOD}),
        },
        {"Ann": 1, "Bob": 1},
        "",
    ),
    "names with the chapter": (
        {"metrics_ann_lee.ipynb": GOOD, "metrics_bob.ipynb": BAD, "cy.ipynb": BAD},
        {"ann_lee": 1, "bob": 1, "cy": 1},
        "",
    ),
    "a common family name is no title": (
        {f"Lin {name}.ipynb": GOOD for name in ("Wei", "Yu", "Hao", "An")},
        {"Lin Wei": 1, "Lin Yu": 1, "Lin Hao": 1, "Lin An": 1},
        "",
    ),
    "nbgrader": (
        {
            "submitted/ann/week10/metrics.ipynb": GOOD,
            "submitted/ann/week10/timestamp.txt": b"2024-11-03 17:00:00 UTC",
            "submitted/bob/week10/metrics.ipynb": BAD,
        },
        {"ann": 1, "bob": 1},
        "",
    ),
    "flat with wrong endings": (
        {
            "ann.ipynb": GOOD,
            "bob.ipynb.txt": GOOD,
            "cy.IPYNB": GOOD,
            "dan.py": b"x",
            "fay.json": GOOD,
        },
        {"ann": 1, "bob": 1, "cy": 1, "fay": 1},
        "dan.py",
    ),
    "copies": (
        {
            "ann (1).ipynb": GOOD,
            "Copy of bob.ipynb": GOOD,
            "cy-Copy1.ipynb": GOOD,
            "「王小明.ipynb」的副本.ipynb": GOOD,
            "dan.ipynb (2)": GOOD,
        },
        {"ann": 1, "bob": 1, "cy": 1, "王小明": 1, "dan": 1},
        "",
    ),
    "moodle, one student and a file of the teacher's": (
        {"Ann Lee_1002_assignsubmission_file_/hw.ipynb": GOOD, "grades.xlsx": b"x"},
        {"Ann Lee_1002": 1},
        "grades.xlsx: belongs to no student",
    ),
    "one student in a folder": ({"ann/hw.ipynb": GOOD}, {"ann": 1}, ""),
    "one student, two chapters": (
        {"ann/metrics (1).ipynb": GOOD, "ann/roc.ipynb": GOOD},
        {"ann": 1},
        "",
    ),
    "a broken zip in a zip": (
        {"Ben_1_assignsubmission_file_/hw.zip": b"PK", "Al_2_assignsubmission_file_/a.ipynb": GOOD},
        {"Ben_1": 0, "Al_2": 1},
        "hand in the notebook itself",
    ),
    "a zip in a zip": (
        {
            "Ben_1_assignsubmission_file_/hw.zip": zipped({"x/a.ipynb": GOOD}),
            "Al_2_assignsubmission_file_/a.ipynb": GOOD,
            "Cy_3_assignsubmission_file_/a.rar": b"Rar!",
        },
        {"Ben_1": 1, "Al_2": 1, "Cy_3": 0},
        "is an archive",
    ),
    "a zip a student": (
        {"ann.zip": zipped({"hw.ipynb": GOOD}), "bob.zip": zipped({"a/hw.ipynb": BAD})},
        {"ann": 1, "bob": 1},
        "",
    ),
}
