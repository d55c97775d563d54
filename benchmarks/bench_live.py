"""What a reader waits for who solves an exercise in the page, in headless Chromium."""

import contextlib
import gzip
import http.server
import re
import time

import psutil

from book_ext import live, pages

from .browser import book_in_a_browser
from .report import Row

_CHAPTER = "chapters/metrics.html"
_EXERCISE = "metrics.ppv"
_RIGHT = "def ppv(y_true, y_pred):\n    return y_true[y_pred == 1].mean()"
_ADDED = (
    *("_static/exercises.js", "_static/exercises.css", "_static/offline.js"),
    "live/book.json",
)


def benchmarks():
    live.prepare()
    if not (pages.HTML / "live" / "book.json").is_file():
        raise FileNotFoundError("there is no built book with live exercises; run `make book`.")
    yield _value("first Run loads", live.first_run(pages.HTML) / 1e6, "MB", "≤ 10", "gzip")
    plain = sum(file.stat().st_size for file in live.loaded(pages.HTML)) / 1e6
    yield _value("from a host that never compresses", plain, "MB", "≤ 12")
    growth = _growth()
    note = f"gzip; {len(growth) / 1e3:.1f} KB unpacked, on the page with most hints"
    packed = len(gzip.compress(growth, 6)) / 1e3
    yield _value("a page without Run grows by", packed, "KB", "≤ 30", note)
    yield from _in_a_browser()


def _value(what, value, unit, bar, note=""):
    return Row.value(what, f"{value:.2f} {unit}", f"{bar} {unit}", note)


def _growth():
    """Scripts, styles, and wrappers and hints where they are longest."""
    added = [(pages.HTML / name).read_text(encoding="utf-8") for name in _ADDED]
    hints = r'<details class="exercise-hint">.*?</details>'
    markup = re.compile(rf'<div class="exercise" .*?>|{hints}', re.DOTALL)
    chapters = (pages.HTML / "chapters").rglob("*.html")
    found = ["".join(markup.findall(page.read_text(encoding="utf-8"))) for page in chapters]
    return "".join([*added, max(found, key=len)]).encode()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    asked = 0

    def log_message(self, *arguments):
        type(self).asked += "/live/" in self.path and "book.json" not in self.path


def _in_a_browser():
    with book_in_a_browser(_Quiet) as (browser, address):
        page = browser.new_page()
        page.goto(f"{address}/{_CHAPTER}")
        page.locator("textarea").first.wait_for()
        yield Row.value("files of Python asked for before Run", str(_Quiet.asked), "0")
        before = _memory()
        yield _waited("first result", page, 5)
        yield _waited("second Run", page, 0.3)
        yield _value("memory of Python", (_memory() - before) / 1e6, "MB", "≤ 200", "unshared")
        page.reload()
        yield _waited("first result after a reload", page, 4)


def _waited(what, page, bar):
    """From the press of the button to what is said of the answer."""
    card = page.locator(f'.exercise[data-exercise="{_EXERCISE}"]')
    card.locator("textarea").fill(_RIGHT)
    start, before = time.perf_counter(), _processor()
    card.locator(".exercise-run").click()
    card.locator('.exercise-run:not([aria-disabled="true"])').wait_for(timeout=120_000)
    seconds, used = time.perf_counter() - start, _processor() - before
    return _value(what, seconds, "s", f"≤ {bar}", f"{used:.1f} s of processor time")


def _processor():
    """Seconds of processor time of the browser's processes so far."""
    return sum(_of_browser(lambda process: sum(process.cpu_times()[:2])))


def _memory():
    """Unshared bytes of the browser's processes."""
    return sum(_of_browser(lambda process: process.memory_full_info().uss))


def _of_browser(measure):
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            yield measure(process)
