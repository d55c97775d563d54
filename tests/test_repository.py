"""What is committed: no data, no pictures in notebooks, no paths of a machine, no registries."""

import ast
import re
import subprocess
import tempfile
from pathlib import Path

import pytest

from book_ext import editions, overview, rules
from book_ext.editions import ROOT

_TEXT = {
    "",
    *(".cff", ".cfg", ".css", ".csv", ".html", ".ipynb", ".json", ".js", ".md"),
    *(".mjs", ".py", ".sha256", ".svg", ".toml", ".txt", ".yml"),
}


def _tracked():
    try:
        done = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_large_or_binary_files():
    for path in _tracked():
        # What lies there is listed by name and hash, and its size is bounded in its own test.
        if path.is_relative_to(ROOT / "course_lib" / "data"):
            continue
        # NumPy for the page, compared with its hash in test_live.py
        if path.suffix == ".whl" and path.parent == ROOT / "book_ext" / "live" / "wheels":
            continue
        assert path.stat().st_size < 600_000, f"{path} is too large (600 kB at most)"
        assert path.suffix in _TEXT or path.suffix == ".png", f"{path} is neither text nor PNG"


def _machine_path(root):
    """Pattern of paths on the machine that holds the checkout.

    That is the folder above it, unless every machine has that one and a text may name it.
    """
    everywhere = {Path(tempfile.gettempdir()), *map(Path, ("/", "/home", "/opt", "/srv"))}
    place = root if root.parent in everywhere else root.parent
    return rf"{re.escape(str(place))}/|/home/\w+/"


def test_a_folder_that_every_machine_has_is_no_machine_path():
    temporary = Path(tempfile.gettempdir())
    for root in (temporary / "course", Path("/srv/course")):
        assert not re.search(_machine_path(root), f"{root.parent}/evil.py")
        assert re.search(_machine_path(root), f"{root}/README.md")
    deeper = temporary / "ada" / "course"
    assert re.search(_machine_path(deeper), f"{temporary}/ada/data.npz")
    assert not re.search(_machine_path(deeper), f"{temporary}/evil.py")
    assert re.search(_machine_path(deeper), "/home/" + "ada/course")


def test_no_machine_paths_and_no_registries():
    pattern = re.compile(
        rf"{_machine_path(ROOT)}|https?://(pypi|files\.pythonhosted|registry\.npmjs)"
    )
    for path in _tracked():
        if path.suffix in _TEXT:
            found = pattern.search(path.read_text(encoding="utf-8"))
            assert not found, f"{path} names a machine or a registry: {found.group()}"


def test_no_picture_bytes_in_text():
    for path in _tracked():
        if path.suffix in _TEXT:
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"base64,[A-Za-z0-9+/]{200}", text), path
            assert '"image/png":' not in text or path.suffix == ".py", path


def test_every_chapter_in_the_contents_exists():
    contents = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    files = re.findall(r"(?:file|root): (\S+)", contents)
    assert files
    for file in files:
        assert (ROOT / f"{file}.md").is_file(), f"_toc.yml names {file}.md, which is not there"
    sources = {
        p.relative_to(ROOT).with_suffix("").as_posix() for p in (ROOT / "chapters").rglob("*.md")
    }
    assert sources == set(files), f"_toc.yml names all but {sorted(sources - set(files))}"


def test_no_raw_html_around_what_a_page_is_made_of():
    """A heading opens a section: a ``</div>`` below it closes the page's own frame too early."""
    for path in sorted((ROOT / "chapters").rglob("*.md")):
        found = re.findall(r"^ *</?[a-z]+[ >].*", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert not found, f"{path.name} must hold Markdown alone, but it has {found[0]}"


def test_the_table_of_chapters_is_what_the_files_say():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    right = overview.with_parts("CONTRIBUTING.md", text)
    assert text == right, "CONTRIBUTING.md: `make notebooks` writes its table"
    for path in editions.chapter_files():
        (row,) = re.findall(rf"^\| `{editions.chapter_name(path)}` \|.*", text, re.MULTILINE)
        named = re.findall(r"`(\w+)`", row)
        for test in (name for name in named if name.startswith("test_")):
            assert (ROOT / "tests" / f"{test}.py").is_file()


def test_contributing_says_the_numbers_that_tests_ask_for():
    text = " ".join((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split())
    assert f"at most {rules.LINES} lines of at most {rules.COLUMNS} columns" in text
    assert f"at least {rules.EXERCISES} exercises and {rules.QUESTIONS} questions" in text
    assert f"at least {rules.MISCONCEPTIONS} misconceptions and {rules.CASES} cases" in text
    assert f"at least {rules.RIGHT} right and {rules.WRONG} wrong answers" in text


def _public(tree):
    """Names that a module defines for others, with those of its classes."""
    for node in tree.body:
        if isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
            members = node.body if isinstance(node, ast.ClassDef) else ()
            yield from (member.name for member in members if isinstance(member, ast.FunctionDef))


def _mentioned(tree):
    """Names that code reads, as such or as a text that may be looked up."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and re.fullmatch(r"[\w.]+", str(node.value)):
            yield from str(node.value).split(".")


#: What a reader needs for a guideline that no chapter follows.
_OFFERED = {"STARD_AI"}


def test_what_the_library_offers_is_used_by_more_than_tests():
    trees = {
        path: ast.parse(path.read_text(encoding="utf-8"))
        for folder in ("course_lib", "course_grader", "book_ext", "benchmarks", "examples")
        for path in (ROOT / folder).rglob("*.py")
    }
    # Where a package names what its modules offer, nothing is used.
    inside = {path: tree for path, tree in trees.items() if path.name != "__init__.py"}
    used = {name for tree in inside.values() for name in _mentioned(tree)}
    for path in editions.chapter_files():
        used |= set(re.findall(r"\w+", path.read_text(encoding="utf-8")))
    unused = [
        f"{path.relative_to(ROOT)}: {name}"
        for path, tree in inside.items()
        if path.is_relative_to(ROOT / "course_lib")
        for name in _public(tree)
        if name[0] != "_" and name not in used | _OFFERED
    ]
    assert not unused, "use it, or take it away with its tests"
