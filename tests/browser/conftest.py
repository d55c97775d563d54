"""The built book in headless Chromium, with every outside request refused and remembered."""

import functools
import http.server
import os
import threading
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

from book_ext.takeaway.chromium import program
from tests import proofs

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "_build" / "html"
_CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Nothing outside can be reached; a route for every request would take longer than the page.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE *.localhost",
]


#: Files of the built book that the pages of a test asked for, and which steps of it have passed
_ASKED, _PASSED = pytest.StashKey(), pytest.StashKey()
#: They hold where the files of this build lie, not what a page shows: that has its own files.
_PLACES = ("sw.js", "live/book.json")


def pytest_collection_modifyitems(config, items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")
    proofs.skip_proved(config, items, _provable)


def _provable(item):
    return item.get_closest_marker("of_pages_alone") and f"{item.nodeid} {_version()}"


@functools.cache
def _version():
    """Of the browser that would be found."""
    path = program()
    return path and f"{path} {Path(path).stat().st_mtime}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    passed = item.stash.setdefault(_PASSED, set())
    if report.passed:
        passed.add(report.when)
    if report.when == "teardown" and len(passed) == 3 and _provable(item):
        proofs.keep(_provable(item), item.stash.get(_ASKED, ()))
    if report.failed and _provable(item):
        proofs.forget(_provable(item))
    return report


def pytest_terminal_summary(terminalreporter):
    """The heaviest pages first, as they were weighed in this run."""
    reports = [r for of in ("passed", "failed") for r in terminalreporter.stats.get(of, ())]
    told = [said for report in reports for said in getattr(report, "user_properties", ())]
    weights = sorted((value, page) for name, (page, *value) in told if name == "weight")
    if weights:
        terminalreporter.section("first load and whole page, KB")
        for (first, whole), page in reversed(weights):
            terminalreporter.write_line(f"{first / 1000:5.0f} {whole / 1000:6.0f}  {page}")


def _unavailable(reason):
    """CI must run these tests; elsewhere a missing browser is said, not failed."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason} In CI the browser tests must run.")
    pytest.skip(f"BROWSER TESTS DID NOT RUN: {reason}")


class _Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="session")
def address():
    """Address of the built book on this machine."""
    if not (HTML / "index.html").is_file():
        _unavailable("there is no built book; run `make book`.")
    handler = functools.partial(_Quiet, directory=HTML)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def chromium():
    path = program()
    if path is None:
        _unavailable("no Chromium was found.")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(request, chromium, address):
    """``open_page("chapters/metrics.html", width=375, theme="dark")`` gives a Playwright page.

    With ``mode="auto"`` it follows what `emulate_media` says later; ``beside=`` another page it
    shares the storage of that one.
    Afterwards the test fails if a page asked for anything outside (``page.refused``), or if there
    was an error on its console (``page.problems``). ``page.asked`` is what it asked for inside.
    """
    pages = []

    def open_(
        path,
        *,
        width=1280,
        theme="light",
        mode=None,
        locale="en-US",
        scripts=True,
        base=address,
        until="load",
        beside=None,
        script="",
    ):
        size = {"width": width, "height": 900}
        if beside is None:
            context = chromium.new_context(
                viewport=size, color_scheme=theme, locale=locale, java_script_enabled=scripts
            )
            page = context.new_page()
        else:
            page = beside.context.new_page()
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=theme)
        pages.append((page, page.context if beside is None else page))
        page.asked, page.refused, page.problems = [], [], []

        def asked(request):
            url = urlparse(request.url)
            if url.scheme in ("http", "https", "file"):
                inside = url.hostname in ("127.0.0.1", None)
                (page.asked if inside else page.refused).append(request.url)

        def said(message):
            # The page that forwards has no icon, so a browser looks for one.
            wanted = message.location["url"].endswith("/favicon.ico")
            if message.type == "error" and not wanted:
                page.problems.append(message.text)

        page.on("request", asked)
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on("console", said)
        page.add_init_script(
            f"localStorage.setItem('mode', '{mode or theme}');"
            f"localStorage.setItem('theme', '{theme}');" + script
        )
        page.goto(f"{base}/{path}", wait_until=until)
        return page

    yield open_
    for _, whole in pages:
        whole.close()
    for page, _ in pages:
        assert page.problems == []
        assert page.refused == []
    paths = {unquote(urlparse(url).path).lstrip("/") for page, _ in pages for url in page.asked}
    request.node.stash[_ASKED] = [HTML / path for path in sorted(paths - {*_PLACES})]


A_SOURCE = "source/course_lib/segmentation/masks.html"


def built_pages():
    """All pages of the built book, relative to its root; of the library's sources, which are made
    alike, one."""
    skip = {"genindex.html", "search.html"}
    pages = [p.relative_to(HTML).as_posix() for p in sorted(HTML.rglob("*.html"))]
    pages = [p for p in pages if p not in skip and not p.startswith(("_", "source/"))]
    return [*pages, A_SOURCE] if (HTML / A_SOURCE).is_file() else pages
