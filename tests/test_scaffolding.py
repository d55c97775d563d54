"""A new chapter passes every test that it meets, once its blanks are filled in."""

import os
import shutil
import subprocess
import sys

import pytest

from book_ext import editions, scaffolding

pytestmark = pytest.mark.slow

NAME, MODULE = "dli/l9_texture", "dli_l9_texture"
#: Solution, reference and two mistakes of each exercise.
FILLED = {
    "first_function": ("sum(x) / len(x)", "float(x.mean())", "float(x.sum())", "float(x.max())"),
    "second_function": (
        "x.max() - x.min()",
        "float(max(x) - min(x))",
        "float(x.max())",
        "float(-x.min())",
    ),
    "third_function": (
        "(x > 0).sum()",
        "sum(1 for value in x if value > 0)",
        "len(x)",
        "sum(1 for value in x if value < 0)",
    ),
}


@pytest.fixture
def copy(tmp_path):
    """The project in a folder of its own, without what it built."""
    for name in ("book_ext", "chapters", "course_lib", "course_grader", "static", "tests"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(editions.ROOT / name, tmp_path / name, ignore=ignored)
    for path in editions.ROOT.iterdir():
        if path.is_file() and path.name[0] != ".":
            shutil.copy(path, tmp_path)
    return tmp_path


def _run(root, *command):
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), "PYTEST_ADDOPTS": "-p no:cacheprovider"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def _fill_in(root):
    """As an author would, in every blank of the chapter."""
    source, exercises = root / f"chapters/{NAME}.md", root / f"course_lib/exercises/{MODULE}.py"
    for path in (source, exercises):
        text = path.read_text(encoding="utf-8")
        for answers in FILLED.values():
            # Blanks stand in the order of the functions.
            blanks = ("SOLUTION", "REFERENCE", "MISTAKE", "OTHER_MISTAKE")
            for blank, answer in zip(blanks, answers, strict=True):
                text = text.replace(f"FILL_IN_{blank}", answer, 1)
        path.write_text(text, encoding="utf-8")
    test = root / f"tests/test_{MODULE}.py"
    text = test.read_text(encoding="utf-8")
    test.write_text(text.replace("FILL_IN_COMPUTED, FILL_IN_EXPECTED", "np.mean([1, 3]), 2"))
    for path in (source, exercises, test, root / f"course_lib/quizzes/{MODULE}.toml"):
        text = path.read_text(encoding="utf-8")
        assert "FILL" in text, path.name
        path.write_text(text.replace("FILL IN", "Words"), encoding="utf-8")
        assert "FILL" not in path.read_text(encoding="utf-8")


def test_a_new_chapter_passes_once_its_blanks_are_filled(copy):
    code, said = _run(copy, "book_ext", "new-chapter", NAME)
    assert code == 0, said
    for file in (f"chapters/{NAME}.md", f"course_lib/quizzes/{MODULE}.toml", "_toc.yml"):
        assert f"wrote {file}" in said
    code, said = _run(copy, "pytest", "-q", "tests/test_exercises.py", "-k", MODULE)
    assert code == 1
    assert "FILL_IN" in said
    _fill_in(copy)
    code, said = _run(copy, "book_ext", "chapter", "l9_texture")
    assert code == 0, said
    assert f"wrote chapters/{NAME}.ipynb" in said
    tests = [f"tests/test_{name}.py" for name in ("editions", "exercises", "repository", "widgets")]
    code, said = _run(copy, "book_ext", "table")
    assert code == 0, said
    code, said = _run(
        copy,
        "pytest",
        "-q",
        *tests,
        f"tests/test_{MODULE}.py",
        "-k",
        "texture or contents or table",
    )
    assert code == 0, said
    code, said = _run(copy, "ruff", "check", *tests, f"course_lib/exercises/{MODULE}.py")
    assert code == 0, said


def test_a_name_that_is_taken_or_none(copy, monkeypatch):
    monkeypatch.setattr(editions, "ROOT", copy)
    before = (copy / "_toc.yml").read_text()
    for bad in ("Texture", "l 9", "9", "../x", ""):
        with pytest.raises(ValueError, match="NAME must be like texture"):
            scaffolding.new_chapter(bad)
    with pytest.raises(ValueError, match=r"there is chapters/metrics.md, .* already"):
        scaffolding.new_chapter("metrics")
    assert (copy / "_toc.yml").read_text() == before
