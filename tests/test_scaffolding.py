"""A new chapter passes every test that it meets, once its blanks are filled in."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from book_ext import editions, scaffolding

pytestmark = pytest.mark.slow

NAME, MODULE = "dli/l9_texture", "dli_l9_texture"
#: What an author writes into the blanks of each exercise, one after the other.
FILLED = {
    "MINUTES": ["45"],
    "SOLUTION": ["np.mean(x**2)", "x.max() - x.min()", "np.abs(np.diff(x)).mean()"],
    "REFERENCE": [
        "float(x @ x / len(x))",
        "float(max(x) - min(x))",
        "float(abs(x[1:] - x[:-1]).sum() / (len(x) - 1))",
    ],
    "MISTAKE": ["float((x**2).sum())", "float(x.max())", "float(abs(x[1:] - x[:-1]).sum())"],
    "OTHER_MISTAKE": ["float(abs(x).mean())", "float(-x.min())", "float((x[1:] - x[:-1]).mean())"],
    "RIGHT": [
        *("sum(v * v for v in x) / len(x)", "x.var() + x.mean() ** 2"),
        *("sorted(x)[-1] - sorted(x)[0]", "x.max() + (-x).max()"),
        *("abs(x[1:] - x[:-1]).mean()", "sum(abs(x[1:] - x[:-1])) / (x.size - 1)"),
    ],
    "WRONG": [
        *("(x**3).mean()", "(x**2).max()", "(x**2).mean() ** 0.5"),
        *("x.min() - x.max()", "x.max() + x.min()", "4 * x.std()"),
        *("abs(x[-1] - x[0])", "abs(x).mean()", "2 * x.std()"),
    ],
}
ANSWERS = f"tests/exercise_answers/{MODULE}.py"


@pytest.fixture
def copy(tmp_path):
    """The project in a folder of its own, without what it built."""
    folders = ("book_ext", "chapters", "course_lib", "course_grader", "examples", "static", "tests")
    for name in folders:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(editions.ROOT / name, tmp_path / name, ignore=ignored)
    for path in editions.ROOT.iterdir():
        if path.is_file() and path.name[0] != ".":
            shutil.copy(path, tmp_path)
    # Nothing but the new exercises need be compiled for the page.
    if (editions.ROOT / "_build" / "live").is_dir():
        shutil.copytree(editions.ROOT / "_build" / "live", tmp_path / "_build" / "live")
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
    answers = root / ANSWERS
    for path in (source, exercises, answers):
        text = path.read_text(encoding="utf-8")
        for blank, codes in FILLED.items():
            for code in codes:
                text = re.sub(rf"\bFILL_IN_{blank}\b", lambda _, code=code: code, text, count=1)
        path.write_text(text, encoding="utf-8")
    test = root / f"tests/test_{MODULE}.py"
    text = test.read_text(encoding="utf-8")
    test.write_text(text.replace("FILL_IN_COMPUTED, FILL_IN_EXPECTED", "np.mean([1, 3]), 2"))
    for path in (source, exercises, answers, test, root / f"course_lib/quizzes/{MODULE}.toml"):
        text = path.read_text(encoding="utf-8")
        assert "FILL" in text, path.name
        path.write_text(text.replace("FILL IN", "Words"), encoding="utf-8")
        assert "FILL" not in path.read_text(encoding="utf-8")


def test_a_new_chapter_passes_once_its_blanks_are_filled(copy):
    code, said = _run(copy, "book_ext", "new-chapter", NAME)
    assert code == 0, said
    for file in (f"chapters/{NAME}.md", f"course_lib/quizzes/{MODULE}.toml", ANSWERS, "_toc.yml"):
        assert f"wrote {file}" in said
    contents = (copy / "_toc.yml").read_text()
    assert contents.index(NAME) < contents.index("chapters/credits"), "among the chapters"
    code, said = _run(copy, "pytest", "-q", "tests/test_exercises.py", "-k", MODULE)
    assert code == 1
    assert "FILL_IN" in said
    _fill_in(copy)
    code, said = _run(copy, "book_ext", "chapter", "l9_texture")
    assert code == 0, said
    assert f"wrote chapters/{NAME}.ipynb" in said
    code, said = _run(copy, "book_ext", "table")
    assert code == 0, said
    names = (
        "editions",
        "endings",
        "exercise_answers",
        "exercises",
        "glossary",
        "grader_chapters",
        "live",
        "quizzes",
        "quoted",
        "repository",
        MODULE,
    )
    tests = [f"tests/test_{name}.py" for name in names]
    chosen = "texture or contents or table or every_chapter"
    code, said = _run(copy, "pytest", "-q", *tests, "-k", chosen)
    assert code == 0, said
    files = (*tests, ANSWERS, f"course_lib/exercises/{MODULE}.py")
    for command in (("check",), ("format", "--check")):
        code, said = _run(copy, "ruff", *command, *files)
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
