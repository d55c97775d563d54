"""``make release VERSION=1.2.0``: a version, its change log, and links that stay with its tag."""

import datetime
import re
import subprocess

import yaml
from packaging.version import InvalidVersion, Version

from . import editions

CHANGES = "CHANGELOG.md"
_UNRELEASED = "## Unreleased\n"
_NOTEBOOKS = ("chapters/**/*.ipynb", "examples/*.ipynb")


class ReleaseError(Exception):
    """Nothing was changed; the message says what is in the way."""


def release(version, root=editions.ROOT, today=None):
    """Write version and tag wherever they stand, commit, and tag the commit.

    Parameters
    ----------
    version : str
        Three numbers, larger than the present ones.
    root : Path
        Of the repository.
    today : date, optional

    Returns
    -------
    str
        The tag.

    Raises
    ------
    ReleaseError
        If the version or the working tree will not do; then nothing is changed.
    """
    if _git(root, "status", "--porcelain"):
        raise ReleaseError("There are changes that are not committed: commit or stash them first.")
    tag = f"v{_checked(version, root)}"
    if _git(root, "tag", "--list", tag):
        raise ReleaseError(f"The tag {tag} is there already.")
    before = {path: path.read_text(encoding="utf-8") for path in _files(root)}
    after = _written(before, root, version, tag, today or datetime.date.today())
    changed = [path for path in before if after[path] != before[path]]
    try:
        for path in changed:
            editions.replace_file(path, after[path])
        _git(root, "commit", "--quiet", "--all", "--message", f"Release {version}")
        _git(root, "tag", "--annotate", tag, "--message", f"Version {version}")
    except ReleaseError:
        for path in changed:
            editions.replace_file(path, before[path])
        raise
    return tag


def _checked(version, root):
    if not re.fullmatch(r"\d+\.\d+\.\d+", version or ""):
        raise ReleaseError(f"VERSION must be three numbers, for example 1.2.0, not {version!r}.")
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    now = re.search(r'^version = "(.+)"$', text, re.MULTILINE)[1]
    try:
        is_new = Version(version) > Version(now)
    except InvalidVersion as error:
        raise ReleaseError(f"pyproject.toml has no version that can be raised: {now}.") from error
    if not is_new:
        raise ReleaseError(f"VERSION must be larger than {now}, which is the present one.")
    return version


def _files(root):
    """What holds a version, the tag, or what changed."""
    notebooks = (path for pattern in _NOTEBOOKS for path in sorted(root.glob(pattern)))
    return [
        *(root / n for n in ("pyproject.toml", "CITATION.cff", "_config.yml", CHANGES)),
        *notebooks,
    ]


def _written(texts, root, version, tag, today):
    """The texts of the release."""
    branch = yaml.safe_load(texts[root / "_config.yml"])["repository"]["branch"]
    once = {
        "pyproject.toml": [(r'^version = ".*"$', f'version = "{version}"')],
        "CITATION.cff": [
            (r"^version: .*$", f"version: {version}"),
            (r"^date-released: .*$", f"date-released: {today}"),
        ],
        "_config.yml": [(rf"^  branch: {re.escape(branch)}$", f"  branch: {tag}")],
    }
    done = dict(texts)
    for name, changes in once.items():
        for pattern, right in changes:
            done[root / name] = _replaced(done[root / name], pattern, right, name)
    done[root / CHANGES] = _with_heading(texts[root / CHANGES], version, today)
    # As `editions` writes it: the cell that installs the library on Colab.
    install = re.compile(rf'(git\+https://[^\s"@]+)@{re.escape(branch)}(?=\\")')
    for path in texts:
        if path.suffix == ".ipynb":
            done[path] = install.sub(rf"\1@{tag}", texts[path])
    return done


def _replaced(text, pattern, right, name):
    text, times = re.subn(pattern, right, text, flags=re.MULTILINE)
    if times != 1:
        raise ReleaseError(f"{name} must have one line like {pattern!r}, not {times}.")
    return text


def _with_heading(text, version, today):
    """The change log with what was unreleased below the version."""
    head, found, rest = text.partition(_UNRELEASED)
    if not found or not rest.partition("\n## ")[0].strip():
        raise ReleaseError(f"{CHANGES} must say below 'Unreleased' what has changed.")
    return f"{head}{_UNRELEASED}\n## {version} ({today})\n{rest}"


def _git(root, *arguments):
    done = subprocess.run(
        ["git", *arguments], cwd=root, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ReleaseError(f"git {arguments[0]}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
