"""Headless Chromium before the built book, which a server on this machine offers."""

import contextlib
import functools
import http.server
import threading

from playwright.sync_api import sync_playwright

from book_ext import pages
from book_ext.takeaway import chromium


@contextlib.contextmanager
def book_in_a_browser(handler):
    """A browser, and the address at which `handler` answers with the built book."""
    handler = functools.partial(handler, directory=pages.HTML)
    with (
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server,
        sync_playwright() as playwright,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(
            executable_path=chromium.program(), args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser, f"http://127.0.0.1:{server.server_port}"
        browser.close()
        server.shutdown()
