"""The installed book: on a train, after a new build, where nothing may be kept."""

import functools
import http.server
import json
import shutil
import threading

import pytest
from playwright.sync_api import expect

from book_ext import offline

from .conftest import HTML
from .test_live import PATIENCE, RIGHT, SENSITIVITY, card, write

BELOW = "/ai-for-medical-diagnosis/"
OURS = f"book at {BELOW}"
CHAPTER = "chapters/metrics.html"
#: By cache, the places of what it holds.
_KEPT = """async () => {
  const kept = {};
  for (const name of await caches.keys()) {
    const requests = await (await caches.open(name)).keys();
    kept[name] = requests.map(({ url }) => decodeURIComponent(new URL(url).search.slice(1)));
  }
  return kept;
}"""
_TITLES = """async (name) => {
  const cache = await caches.open(name);
  const titles = [];
  for (const request of await cache.keys())
    if (request.url.endsWith("metrics.html"))
      titles.push(/<h1>(.*?)</.exec(await (await cache.match(request)).text())[1]);
  return titles;
}"""


class _Site(http.server.SimpleHTTPRequestHandler):
    """A project's page of a host that has others."""

    asked = ()

    def translate_path(self, path):
        inside = path.removeprefix(BELOW)
        return super().translate_path("/" + inside if inside != path else "/nowhere")

    def end_headers(self):
        # As GitHub Pages does.
        self.send_header("Cache-Control", "max-age=600")
        super().end_headers()

    def log_message(self, *arguments):
        self.asked.append(self.path)


class Site:
    def __init__(self, folder):
        self.folder, self.asked = folder, []
        handler = type("Handler", (_Site,), {"asked": self.asked})
        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(handler, directory=folder)
        )
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        # A browser trusts names below localhost as it trusts https.
        self.base = f"http://book.localhost:{self.server.server_port}{BELOW}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def site(address, tmp_path):
    folder = tmp_path / "site"
    shutil.copytree(HTML, folder, ignore=shutil.ignore_patterns("takeaway", "source"))
    (folder / "takeaway").mkdir()
    (folder / "takeaway" / "book.pdf").write_bytes(b"large")
    offline.install(folder)
    one = Site(folder)
    yield one
    one.close()


@pytest.fixture
def context(chromium):
    one = chromium.new_context()
    yield one
    one.close()


def opened(context, site, path=CHAPTER):
    page = context.new_page()
    page.goto(site.base + path, wait_until="load")
    return page


def kept(page, *names):
    """What all caches hold, once the book's holds these files."""
    for _ in range(PATIENCE // 100):
        found = page.evaluate(_KEPT)
        every = [path for held in found.values() for path in held]
        if all(any(path.endswith(name) for path in every) for name in names):
            return found
        page.wait_for_timeout(100)
    raise AssertionError(f"not kept in time: {found}")


def test_on_a_train_a_visited_chapter_opens_and_judges(context, site):
    page = opened(context, site)
    kept(page, CHAPTER, "exercises.js", "mathematics.css", "book.json")
    assert not [path for path in kept(page)[OURS] if "course.zip" in path]
    # Python comes once, for a page that the network has brought.
    assert "correct. ppv() is right" in write(page, RIGHT)
    kept(page, "course.zip", "python.wasm.deflated", "above/metrics.json")
    # What is not the book's, or is taken away by its own means, is not kept.
    page.evaluate(
        """async () => {
          for (const path of ["/another/page.html", "../takeaway/book.pdf", "../sw.js"])
            await fetch(path);
        }"""
    )
    ((name, paths),) = kept(page).items()
    assert name == OURS
    assert all((site.folder / path).is_file() for path in paths)
    assert not {"takeaway/book.pdf", "sw.js"} & set(paths)

    site.close()
    context.set_offline(True)
    before = len(site.asked)
    page.reload(wait_until="load")
    expect(card(page).locator("textarea")).to_have_value(RIGHT)
    page.get_by_role("button", name="See the answer").wait_for()
    assert "Hint: That is the sensitivity" in write(page, SENSITIVITY)
    page.goto(site.base + "chapters/roc.html")
    expect(page.get_by_role("heading", name="No network")).to_be_visible()
    page.get_by_role("link", name="Evaluation metrics").click()
    expect(card(page)).to_be_visible()
    assert len(site.asked) == before


def test_a_new_build_takes_over_and_keeps_what_was_visited(context, site):
    page = opened(context, site)
    kept(page, CHAPTER, "mathematics.css", "book.css")
    page.evaluate("caches.open('book at /another/')")
    assert page.evaluate(_TITLES, OURS) == ["Evaluation metrics"]
    file = site.folder / CHAPTER
    file.write_text(file.read_text("utf-8").replace("Evaluation metrics", "Metrics, anew"), "utf-8")
    offline.install(site.folder)
    site.asked.clear()
    # No page of an old build is shown where there is a network.
    page.reload(wait_until="load")
    expect(page.get_by_role("heading", name="Metrics, anew")).to_be_visible()
    # A browser lets the old script finish its work first.
    for _ in range(20):
        if page.evaluate(_TITLES, OURS) == ["Metrics, anew"]:
            break
        page.wait_for_timeout(3000)
        page.reload(wait_until="load")
    assert page.evaluate(_TITLES, OURS) == ["Metrics, anew"]
    assert kept(page, "mathematics.css", "book.css")["book at /another/"] == []
    # What is the same was not sent again.
    assert not [path for path in site.asked if path.endswith(("mathematics.css", "book.css"))]
    site.close()
    context.set_offline(True)
    page.reload(wait_until="load")
    expect(page.get_by_role("heading", name="Metrics, anew")).to_be_visible()


def test_where_nothing_may_be_kept_a_page_of_yesterday_finds_the_python_of_today(chromium, site):
    context = chromium.new_context(service_workers="block")
    page = context.new_page()
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(site.base + CHAPTER, wait_until="load")
    expect(card(page).get_by_role("button", name="Run and check")).to_be_visible()
    # The site is built anew. The browser's own cache still has the old list.
    live = site.folder / "live"
    book = json.loads((live / "book.json").read_text(encoding="utf-8"))
    (live / book["at"]).rename(live / "0123456789abcdef")
    changed = json.dumps({**book, "at": "0123456789abcdef"})
    (live / "book.json").write_text(changed, encoding="utf-8")
    assert "correct. ppv() is right" in write(page, RIGHT)
    assert problems == []
    assert page.evaluate(_KEPT) == {}
    context.close()


def test_whoever_writes_the_book_sees_what_was_written(open_page):
    page = open_page(CHAPTER)
    page.wait_for_load_state("networkidle")
    assert (
        page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 0
    )
