"""What a page weighs and what a reader waits for, in headless Chromium over a host that compresses.

The first load is all that comes before anything is touched; the whole page is that and what comes
while a reader goes down to its end. The times are those of the page of median weight on a phone:
a processor four times as slow, 1.6 Mbit/s, 150 ms from question to answer.
"""

import contextlib
import gzip
import http.server
import statistics
from pathlib import Path

from book_ext import pages

from .browser import book_in_a_browser
from .report import Row

FIRST_KB, WHOLE_KB = 900, 1500
_SLOWER = 4
_LINE = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1.6e6 / 8,
    "uploadThroughput": 0.75e6 / 8,
}
_COMPRESSED = {".html", ".css", ".js", ".mjs", ".json", ".svg", ".txt", ".ttf", ".map"}
_REPEATS = 3
#: Run in the page before its own scripts.
_WATCH = """
globalThis.watched = { lcp: 0, tasks: [], alive: 0 };
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) watched.lcp = one.startTime;
}).observe({ type: "largest-contentful-paint", buffered: true });
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) watched.tasks.push([one.startTime, one.duration]);
}).observe({ type: "longtask", buffered: true });
new MutationObserver((changes) => {
  if (changes.some((one) => one.attributeName === "data-alive")) watched.alive = performance.now();
}).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-alive"] });
"""


def benchmarks():
    with book_in_a_browser(_Compressing) as (browser, address):
        weights = {}
        for page in built_pages(pages.HTML):
            weights[page] = first, whole = _weight(browser, f"{address}/{page}")
            bar = f"≤ {FIRST_KB} KB, {WHOLE_KB} KB"
            yield Row.value(page, f"{first:.0f} KB, {whole:.0f} KB", bar, "first load, whole page")
        middle = median_page(weights)
        for name, value, bar in _times(browser, f"{address}/{middle}"):
            yield Row.value(f"{middle}: {name}", f"{value:.2f} s", f"≤ {bar} s")


def built_pages(folder):
    """Addresses of the chapters' pages and those around them, below the built book."""
    return sorted(p.relative_to(folder).as_posix() for p in (folder / "chapters").rglob("*.html"))


def median_page(weights):
    """The page whose first load is the median of all."""
    middle = statistics.median_low(first for first, _ in weights.values())
    return next(page for page, (first, _) in weights.items() if first == middle)


class _Compressing(http.server.SimpleHTTPRequestHandler):
    """As large hosts do: text in gzip."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        file = Path(self.translate_path(self.path))
        if not file.is_file():
            self.send_error(404)
            return
        content = file.read_bytes()
        self.send_response(200)
        if file.suffix in _COMPRESSED:
            content = gzip.compress(content, 6)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Type", self.guess_type(file))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.wfile.write(content)


@contextlib.contextmanager
def _visit(browser, **options):
    context = browser.new_context(**options)
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    yield page, session
    context.close()


def _weight(browser, address):
    """Kilobytes of the first load and of the whole page."""
    size = {"viewport": {"width": 1280, "height": 900}}
    with _visit(browser, **size) as (page, session):
        received = []
        session.on("Network.loadingFinished", lambda e: received.append(e["encodedDataLength"]))
        page.goto(address, wait_until="networkidle")
        first = sum(received)
        page.evaluate("for (const one of document.images) one.loading = 'eager'")
        page.wait_for_load_state("networkidle")
        page.wait_for_function("() => [...document.images].every((one) => one.complete)")
        return first / 1e3, sum(received) / 1e3


def _times(browser, address):
    """Name, seconds and bar of what a reader with a slow phone waits for; medians."""
    runs = []
    for _ in range(_REPEATS):
        with _visit(browser, viewport={"width": 375, "height": 812}) as (page, session):
            page.add_init_script(_WATCH)
            session.send("Network.emulateNetworkConditions", _LINE)
            session.send("Emulation.setCPUThrottlingRate", {"rate": _SLOWER})
            page.goto(address, wait_until="networkidle", timeout=120_000)
            page.wait_for_timeout(3000)
            seen = page.evaluate("watched")
            painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]")
            late = [lasts for at, lasts in seen["tasks"] if at + lasts > painted["startTime"]]
            blocked = sum(max(0, lasts - 50) for lasts in late)
            runs.append((seen["lcp"], blocked, seen["alive"]))
    names = (("largest paint", 1.5), ("blocked", 0.4), ("widgets alive", 3))
    for (name, bar), values in zip(names, zip(*runs, strict=True), strict=True):
        yield name, statistics.median(values) / 1e3, bar
