"""The autograder zip: unpacked as Gradescope does, run as Gradescope does."""

import json
import os
import subprocess
import sys
import zipfile

import pytest

from course_grader.__main__ import main

from .grader_class import level_or_skip
from .grader_layouts import BAD, GOOD


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """Gradescope's folder with the zip's content in ``source``."""
    root = tmp_path_factory.mktemp("autograder")
    assert main(["gradescope", "metrics.ppv", "--out", str(root / "a.zip")]) == 0
    with zipfile.ZipFile(root / "a.zip") as archive:
        archive.extractall(root / "source")
        for info in archive.infolist():
            (root / "source" / info.filename).chmod(info.external_attr >> 16 & 0o777)
    return root


def test_the_zip_holds_what_gradescope_runs(unpacked):
    for script in ("setup.sh", "run_autograder"):
        path = unpacked / "source" / script
        assert os.access(path, os.X_OK)
        subprocess.run(["bash", "-n", path], check=True)
        assert path.read_text().startswith("#!/usr/bin/env bash\n")
    assert (unpacked / "source" / "seed").stat().st_mode & 0o777 == 0o600
    assert not list((unpacked / "source").rglob("*.pyc"))


def hand_in(root, **files):
    folder = root / "submission"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, data in files.items():
        (folder / f"{name}.ipynb").write_bytes(data)
    (root / "submission_metadata.json").write_text(
        json.dumps({"id": 5, "users": [{"name": "Ann Lee", "id": 77, "email": "ann@x.edu"}]})
    )
    (root / "results").mkdir(exist_ok=True)
    (root / "results" / "results.json").unlink(missing_ok=True)
    environment = os.environ | {
        "AUTOGRADER": str(root),
        "AUTOGRADER_PYTHON": sys.executable,
        "PYTHONPATH": str(root / "source"),
    }
    return subprocess.run(
        [root / "source" / "run_autograder"], env=environment, capture_output=True, text=True
    )


@pytest.mark.parametrize(("answer", "score"), [(GOOD, 1), (BAD, 0)])
@pytest.mark.slow
def test_a_submission_gets_results(unpacked, answer, score):
    level_or_skip("locked")
    done = hand_in(unpacked, metrics=answer)
    assert done.returncode == 0, done.stderr
    results = json.loads((unpacked / "results" / "results.json").read_text(encoding="utf-8"))
    (test,) = results["tests"]
    assert (test["name"], test["score"], test["max_score"]) == ("metrics.ppv", score, 1)
    assert test["status"] == ("passed" if score else "failed")


@pytest.mark.slow
def test_what_waits_for_a_person_is_no_zero(unpacked):
    level_or_skip("locked")
    done = hand_in(unpacked, one=GOOD, two=BAD)
    assert done.returncode == 1
    assert "A person must look at metrics.ppv" in done.stderr
    assert not (unpacked / "results" / "results.json").exists()


@pytest.mark.parametrize("name", ["astrology", ""])
def test_an_autograder_for_nothing_is_refused(tmp_path, capsys, name):
    assert main(["gradescope", name, "--out", str(tmp_path / "a.zip")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
