"""The book as an app that a reader can install: it opens without a network where it has been read.

``sw.js`` keeps files of this build alone, each by its digest; `static/offline.js` starts it.
"""

import hashlib
import json
import re
from pathlib import Path

from .. import editions, language

_WORKER = Path(__file__).parent / "sw.js"
_MANIFEST = "book.webmanifest"
#: Large, and taken away by its own means; what no page loads; and what says which build this is.
_NOT_KEPT = re.compile(r"takeaway/|\.buildinfo$|objects\.inv$|sw\.js$|.*\.map$")
_COLOR = "#123a4d"  # of the logo's ground


def install(folder):
    """Write the service worker and the manifest for the pages as they are built."""
    _write(folder / _MANIFEST, json.dumps(_manifest(editions.settings()["title"]), indent=1))
    files = {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    kept = {name: _digest(path.read_bytes()) for name, path in files.items() if _is_kept(name)}
    listed = json.dumps(kept, separators=(",", ":"))
    text = _WORKER.read_text(encoding="utf-8")
    text = text.replace("const FILES = {};", f"const FILES = {listed};", 1)
    said = {each: other for each, other in language.texts().items() if f'"{each}"' in text}
    text = text.replace("const TEXTS = {};", f"const TEXTS = {json.dumps(said)};", 1)
    _write(folder / "sw.js", text)


def _is_kept(name):
    return not _NOT_KEPT.match(name)


def _digest(content):
    """As `sw.js` computes it."""
    return hashlib.sha256(content).hexdigest()[:12]


def _write(path, text):
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def _manifest(title):
    """What a browser must know to install the book; every address is relative to this file."""
    sizes = {"icon-192.png": "192x192", "icon-512.png": "512x512"}
    icons = [
        {"src": f"_static/{name}", "sizes": size, "type": "image/png"}
        for name, size in sizes.items()
    ]
    return {
        "name": title,
        "short_name": title,
        "id": "./",
        "start_url": "./",
        "scope": "./",
        # With a way back, which a page of many links needs.
        "display": "minimal-ui",
        "background_color": "#ffffff",
        "theme_color": _COLOR,
        "icons": [{"src": "_static/logo.svg", "sizes": "any", "type": "image/svg+xml"}, *icons],
    }
