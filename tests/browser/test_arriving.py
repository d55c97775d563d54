"""A page that arrives slowly: what stands there is alive, and tells no answer too early."""

import functools
import http.server
import threading

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import HTML

PAGE = "chapters/ground_truth.html"


class _Slow(http.server.SimpleHTTPRequestHandler):
    """Sends the page until after its first widget and the paragraph below, and then waits."""

    def __init__(self, *arguments, rest, **options):
        self.rest = rest
        super().__init__(*arguments, **options)

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        if not self.path.endswith(PAGE):
            super().do_GET()
            return
        text = (HTML / PAGE).read_text("utf-8")
        end = text.index("</p>", text.index("cwKit.show(")) + 4
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(text[:end].encode())
        self.rest.wait(30)
        self.wfile.write(text[end:].encode())


@pytest.fixture
def slow(address):
    """Address of the book, and the event at which the rest of the page comes."""
    rest = threading.Event()
    handler = functools.partial(_Slow, directory=HTML, rest=rest)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", rest
        rest.set()
        server.shutdown()


@pytest.mark.parametrize("locale", ["en-US", "zh-TW"])
def test_a_widget_is_alive_before_its_page_is_there(open_page, slow, locale):
    """Chinese waits for the table of texts, which comes with the end."""
    address, rest = slow
    page = open_page(PAGE, base=address, locale=locale, until="commit")
    widget = page.locator(".cw-host > .cw").first
    answer = page.locator("div.cell:has(.cw-host) + p").first
    if locale == "en-US":
        expect(widget).to_be_attached()
        assert page.evaluate("document.readyState") == "loading"
        expect(answer).to_be_hidden()
        page.get_by_role("button", name="Skip").first.click()
        expect(widget.locator(".cw-controls")).to_be_visible()
        expect(answer).to_be_visible()
    rest.set()
    page.wait_for_load_state("load")
    assert page.locator(".cw-host:not(:has(> .cw))").count() == 0
    if locale != "en-US":
        expect(widget).to_have_attribute("lang", "zh-Hant-TW")
        expect(answer).to_be_hidden()
        assert page.locator(".cw-later").count() == 1


def test_a_link_to_a_state_ends_at_its_widget(open_page):
    page = open_page(f"{PAGE}#widget=consensus-explorer&readers=2&quorum=1")
    host = page.locator(".cw-host").first
    expect(host.locator(".cw-controls output").first).to_have_text("3")
    top = "(e) => Math.abs(e.getBoundingClientRect().top)"
    page.wait_for_timeout(300)
    assert host.evaluate(top) < 100


@pytest.mark.parametrize("path", ["chapters/metrics.html", PAGE, "chapters/roc.html"])
def test_coming_alive_asks_for_no_layout(open_page, path):
    """It would be that of all that has arrived."""
    page = open_page("chapters/glossary.html")
    page.add_init_script(_COUNT)
    page.goto(page.url.replace("chapters/glossary.html", path))
    assert page.locator(".cw").count() > 0
    assert page.evaluate("asked") == []


_COUNT = """
globalThis.asked = [];
for (const name of ["getBoundingClientRect", "getClientRects", "getBBox"]) {
  const owner = name === "getBBox" ? SVGGraphicsElement.prototype : Element.prototype;
  const real = owner[name];
  owner[name] = function () {
    if (document.readyState === "loading") asked.push(`${name} of ${this.className}`);
    return real.call(this);
  };
}
"""
