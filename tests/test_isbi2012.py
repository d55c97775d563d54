"""The loader of the ISBI 2012 sections, against a server on this machine."""

import hashlib
import http.server
import io
import threading
import tomllib
from importlib.resources import files

import numpy as np
import pytest
from PIL import Image

from course_lib import datasets
from course_lib.datasets import fetched

REGISTRY = files("course_lib") / "datasets" / "registries" / "isbi2012.toml"


def png(array):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "png")
    return buffer.getvalue()


@pytest.fixture
def sections():
    """Three small sections: file name to bytes, and the arrays."""
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8)).astype(np.uint8)
    labels = np.where(images > 90, 255, 0).astype(np.uint8)
    labels[0, 0, :3] = 126, 127, 128
    content = {f"image/{i}.png": png(image) for i, image in enumerate(images)}
    content |= {f"label/{i}.png": png(label) for i, label in enumerate(labels)}
    return content, images, labels


@pytest.fixture
def served(sections, tmp_path, monkeypatch):
    """The loader reads a registry of these three sections from a server on this machine."""
    content, *_ = sections

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            body = content[self.path.removeprefix("/")]
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    asked = []
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "cache"))
    monkeypatch.setattr(fetched, "files", lambda package: tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        lines = [f'url = "http://127.0.0.1:{server.server_port}"', "[sha256]"]
        lines += [f'"{f}" = "{hashlib.sha256(b).hexdigest()}"' for f, b in content.items()]
        (tmp_path / "datasets" / "registries").mkdir(parents=True)
        (tmp_path / "datasets" / "registries" / "isbi2012.toml").write_text("\n".join(lines))
        yield asked
        server.shutdown()


def test_sections_arrive_in_order_and_stay(served, sections):
    _, images, labels = sections
    for _ in range(2):
        found = datasets.isbi2012()
        assert np.array_equal(found.images, images)
        assert np.array_equal(found.cells, labels > 127)
        assert found.images.dtype == np.uint8
        assert found.cells.dtype == bool
    assert len(served) == 6, "the second time everything comes from the cache"


def test_a_changed_file_is_refused(served, sections):
    content, *_ = sections
    content["label/1.png"] = content["label/0.png"]
    with pytest.raises(datasets.DataUnavailable, match=r"isbi2012\(\) needs label/1\.png.*wrong"):
        datasets.isbi2012()


def test_registry_names_sixty_files():
    registry = tomllib.loads(REGISTRY.read_text())
    assert registry["url"].startswith("https://raw.githubusercontent.com/zhixuhao/unet/b45af4d4")
    names = [f"{kind}/{i}.png" for kind in ("image", "label") for i in range(30)]
    assert list(registry["sha256"]) == names
    hashes = set(registry["sha256"].values())
    assert len(hashes) == 60
    assert all(len(h) == 64 and set(h) <= set("0123456789abcdef") for h in hashes)


def test_registry_is_the_published_one(shared_data):
    published = shared_data("isbi2012.sha256")
    expected = {file: known for known, file in map(str.split, published.read_text().splitlines())}
    assert tomllib.loads(REGISTRY.read_text())["sha256"] == expected
