"""`course_lib._files`: whole, or as it was."""

import pytest

from course_lib._files import written_whole


def _write_half(path):
    with written_whole(path) as temporary:
        temporary.write_text("half")
        assert not path.exists() or path.read_text() == "before"
        raise OSError("disk full")


def test_new_content_replaces_the_old(tmp_path):
    path = tmp_path / "page.html"
    path.write_text("before")
    with written_whole(str(path)) as temporary:
        temporary.write_text("after")
        assert path.read_text() == "before"
    assert path.read_text() == "after"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_what_was_there(tmp_path):
    path = tmp_path / "page.html"
    path.write_text("before")
    with pytest.raises(OSError, match="disk full"):
        _write_half(path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_nothing_where_nothing_was(tmp_path):
    with pytest.raises(OSError, match="disk full"):
        _write_half(tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []


def test_two_processes_write_one_file_at_once(tmp_path, monkeypatch):
    path = tmp_path / "page.html"
    with written_whole(path) as ours:
        ours.write_text("ours")
        monkeypatch.setattr("os.getpid", lambda: 0)
        with written_whole(path) as theirs:
            theirs.write_text("theirs")
    assert path.read_text() == "ours"
    assert list(tmp_path.iterdir()) == [path]
