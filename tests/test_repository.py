"""What is committed: no data, no pictures in notebooks, no paths of a machine, no registries."""

import re
import subprocess

import pytest

from book_ext.editions import ROOT

_TEXT = {
    "",
    *(".cff", ".cfg", ".css", ".csv", ".html", ".ipynb", ".js", ".md"),
    *(".py", ".sha256", ".svg", ".toml", ".txt", ".yml"),
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
        assert path.stat().st_size < 600_000, path
        assert path.suffix in _TEXT or path.suffix == ".png", path


def test_no_machine_paths_and_no_registries():
    machine = re.escape(str(ROOT.parent)) + r"/"
    pattern = re.compile(
        rf"{machine}|/home/\w+/|https?://(pypi|files\.pythonhosted|registry\.npmjs)"
    )
    for path in _tracked():
        if path.suffix in _TEXT:
            found = pattern.search(path.read_text(encoding="utf-8"))
            assert not found, f"{path}: {found.group()}"


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
        assert (ROOT / f"{file}.md").is_file()
    sources = {
        p.relative_to(ROOT).with_suffix("").as_posix() for p in (ROOT / "chapters").rglob("*.md")
    }
    assert sources == set(files)
