"""Downloads against a server on this machine: right and wrong bytes, cut lines, no network."""

import hashlib
import http.server
import logging
import socket
import threading
from pathlib import Path

import pooch
import pytest

from course_lib.datasets._fetch import DataUnavailable, fetch

CONTENT = b"forty-two bytes of a very small data set.\n"
HASH = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves `CONTENT` under /right, and misbehaves elsewhere."""

    def do_GET(self):
        self.server.asked.append(self.path)
        if self.path == "/missing":
            self.send_error(404)
            return
        body = b"something else" if self.path == "/wrong" else CONTENT
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:10] if self.path == "/cut" else body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(monkeypatch):
    """The server; ``server.url`` is its address and ``server.asked`` what was requested."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.asked = []
        server.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The folder that COURSE_DATA names, not made yet."""
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def nowhere(monkeypatch):
    """An address of this machine at which nobody listens."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return f"http://127.0.0.1:{port}/right"


def files(folder):
    return sorted(p.name for p in folder.rglob("*") if p.is_file())


def test_downloads_once_and_keeps_the_file(server, cache, capfd):
    for _ in range(2):
        path = fetch("demo", "small.txt", f"{server.url}/right", HASH)
        assert path == cache / "demo" / "small.txt"
        assert path.read_bytes() == CONTENT
    assert server.asked == ["/right"]
    # A chapter may not write to stderr.
    assert capfd.readouterr() == ("", "")


def test_cached_file_needs_no_network(cache, nowhere):
    target = cache / "demo" / "small.txt"
    target.parent.mkdir(parents=True)
    target.write_bytes(CONTENT)
    assert fetch("demo", "small.txt", nowhere, HASH) == target


def test_md5_is_understood(server, cache):
    known = f"md5:{hashlib.md5(CONTENT).hexdigest()}"
    assert fetch("demo", "small.txt", f"{server.url}/right", known).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ("wrong", "what arrived has the wrong checksum"),
        ("cut", "the connection broke off|what arrived has the wrong checksum"),
        ("missing", "the server answered 404"),
    ],
)
def test_what_is_not_right_is_not_kept(server, cache, page, reason):
    with pytest.raises(DataUnavailable, match=reason):
        fetch("demo", "small.txt", f"{server.url}/{page}", HASH)
    assert files(cache) == []
    # The next attempt is not spoiled by this one.
    assert fetch("demo", "small.txt", f"{server.url}/right", HASH).read_bytes() == CONTENT
    assert files(cache) == ["small.txt"]


def test_damaged_file_is_replaced(server, cache):
    target = cache / "demo" / "small.txt"
    target.parent.mkdir(parents=True)
    target.write_bytes(CONTENT[:-1])
    assert fetch("demo", "small.txt", f"{server.url}/right", HASH).read_bytes() == CONTENT


def test_damaged_file_is_not_used_without_network(cache, nowhere):
    target = cache / "demo" / "small.txt"
    target.parent.mkdir(parents=True)
    target.write_bytes(CONTENT[:-1])
    with pytest.raises(DataUnavailable, match="there is no connection to the server"):
        fetch("demo", "small.txt", nowhere, HASH)


def test_without_network_one_message_says_what_to_do(cache, nowhere):
    with pytest.raises(DataUnavailable) as caught:
        fetch("demo", "small.txt", nowhere, HASH)
    said = str(caught.value)
    for part in ("demo()", "small.txt", str(cache / "demo"), "no connection", nowhere):
        assert part in said
    assert "COURSE_DATA" in said
    assert "\n" not in said
    assert isinstance(caught.value, OSError)


def test_folder_that_cannot_be_written(server, tmp_path, monkeypatch):
    occupied = tmp_path / "a_file"
    occupied.write_text("not a folder")
    monkeypatch.setenv("COURSE_DATA", str(occupied))
    with pytest.raises(DataUnavailable, match="the folder cannot be used"):
        fetch("demo", "small.txt", f"{server.url}/right", HASH)


def test_without_course_data_the_cache_is_the_systems(server, tmp_path, monkeypatch):
    monkeypatch.delenv("COURSE_DATA", raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / ".cache" / name)
    path = fetch("demo", "small.txt", f"{server.url}/right", HASH)
    assert path == tmp_path / ".cache" / "course-lib" / "demo" / "small.txt"
    # The message carries no name of a person or a machine.
    with pytest.raises(DataUnavailable, match=r" ~/\.cache/course-lib/demo ") as caught:
        fetch("demo", "other.txt", f"{server.url}/missing", HASH)
    assert str(tmp_path) not in str(caught.value)


def test_poochs_own_messages_are_left_as_they_were(server, cache):
    logger = pooch.get_logger()
    before = logger.level
    logger.setLevel(logging.DEBUG)
    try:
        fetch("demo", "small.txt", f"{server.url}/right", HASH)
        assert logger.level == logging.DEBUG
    finally:
        logger.setLevel(before)
