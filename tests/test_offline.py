"""What the installed book may keep, and what it is called."""

import hashlib
import json
import re

import pytest

from book_ext import offline


@pytest.fixture
def site(tmp_path):
    for name, content in {
        "index.html": "<p>a</p>",
        "chapters/靈敏度.html": "<p>b</p>",
        "_static/logo.svg": "<svg/>",
        "live/0123456789abcdef/course.zip": "zip",
        "takeaway/book.pdf": "pdf",
        "_static/x.js.map": "{}",
        "objects.inv": "inv",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    offline.install(tmp_path)
    return tmp_path


def told(site):
    """The files, as the script has them."""
    text = (site / "sw.js").read_text(encoding="utf-8")
    return json.loads(re.search(r"^const FILES = (.*);$", text, re.MULTILINE)[1])


def test_what_may_be_kept_is_the_book_by_its_digests(site):
    files = told(site)
    assert sorted(files) == [
        "_static/logo.svg",
        "book.webmanifest",
        "chapters/靈敏度.html",
        "index.html",
        "live/0123456789abcdef/course.zip",
    ]
    for name, digest in files.items():
        found = hashlib.sha256((site / name).read_bytes()).digest()
        assert bytes.fromhex(digest) == found[:6]


def test_the_script_changes_when_a_file_did_and_only_then(site):
    script = site / "sw.js"
    before, written = script.read_bytes(), script.stat().st_mtime_ns
    (site / "takeaway" / "book.pdf").write_text("another", encoding="utf-8")
    offline.install(site)
    assert (script.read_bytes(), script.stat().st_mtime_ns) == (before, written)
    scripts = {before}
    for change in ("<p>c</p>", "<p>d</p>"):
        (site / "index.html").write_text(change, encoding="utf-8")
        offline.install(site)
        scripts.add(script.read_bytes())
    assert len(scripts) == 3


def test_the_manifest_stays_below_its_own_folder(site):
    manifest = json.loads((site / "book.webmanifest").read_text(encoding="utf-8"))
    assert manifest["scope"] == manifest["start_url"] == "./"
    for icon in manifest["icons"]:
        assert not icon["src"].startswith(("/", "http"))
    static = offline.editions.ROOT / "static"
    assert all((static / icon["src"].rpartition("/")[2]).is_file() for icon in manifest["icons"])
