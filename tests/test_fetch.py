"""Downloads against a server on this machine: right and wrong bytes, cut lines, no network."""

import gzip
import hashlib
import http.server
import logging
import socket
import threading
from pathlib import Path

import numpy as np
import pooch
import pytest

from book_ext.editions import ROOT
from course_lib import datasets
from course_lib._fetch import DataUnavailable, fetch

CONTENT = b"forty-two bytes of a very small data set.\n"
HASH = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
SHARED = ROOT.parent / "shared" / "data"


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


# The Haxby slice --------------------------------------------------------------------------------


def _haxby_here(monkeypatch):
    if not (SHARED / "haxby_slice").is_dir():
        pytest.skip("needs haxby_slice in ../shared/data")
    monkeypatch.setenv("COURSE_DATA", str(SHARED))


def test_haxby_slice_from_a_folder_with_its_files(monkeypatch):
    _haxby_here(monkeypatch)
    haxby = datasets.haxby_slice()
    assert haxby.X.shape == (1452, 530)
    assert haxby.mask.shape == (40, 20)
    assert haxby.mask.sum() == 530
    assert haxby.labels.shape == haxby.runs.shape == (1452,)
    assert np.bincount(haxby.runs).tolist() == [121] * 12
    names, counts = np.unique(haxby.labels, return_counts=True)
    assert names.tolist() == [
        *("bottle", "cat", "chair", "face", "house", "rest", "scissors", "scrambledpix", "shoe")
    ]
    assert dict(zip(names.tolist(), counts.tolist(), strict=True)) == {
        name: 588 if name == "rest" else 108 for name in names.tolist()
    }


def test_haxby_labels_agree_with_the_numeric_file(monkeypatch):
    _haxby_here(monkeypatch)
    haxby = datasets.haxby_slice()
    codes, runs = np.loadtxt(SHARED / "haxby_slice" / "attributes.txt", dtype=int, unpack=True)
    assert (runs == haxby.runs).all()
    assert len(set(zip(codes.tolist(), haxby.labels.tolist(), strict=True))) == 9


def test_haxby_voxels_are_read_from_the_right_bytes(monkeypatch):
    """Against the format's definition: the first axis runs fastest, from byte 352 on."""
    _haxby_here(monkeypatch)
    haxby = datasets.haxby_slice()
    raw = gzip.decompress((SHARED / "haxby_slice" / "bold.nii.gz").read_bytes())
    places = np.argwhere(haxby.mask)
    for volume, voxel in ((0, 0), (700, 123), (1451, 529)):
        i, j = places[voxel]
        start = 352 + 2 * (i + 40 * (j + 20 * volume))
        expected = int.from_bytes(raw[start : start + 2], "little", signed=True)
        assert haxby.X[volume, voxel] == expected


def test_haxby_slice_without_files_or_network(cache, monkeypatch, nowhere):
    monkeypatch.setattr(datasets, "_PYMVPA", nowhere)
    with pytest.raises(datasets.DataUnavailable, match=r"haxby_slice\(\) needs bold\.nii\.gz"):
        datasets.haxby_slice()
