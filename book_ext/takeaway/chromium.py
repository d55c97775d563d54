"""Headless Chromium before the files of the built book, with no way to anything else."""

import contextlib
import os
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

# The shell draws the same and has no windows, so a page takes it a third of the time.
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_FLAGS = ["--disable-gpu", "--no-first-run", "--disable-background-networking"]
_HOST = "http://book.invalid"
_HERE = Path(__file__).parent
_KINDS = {".html": "text/html", ".css": "text/css", ".mjs": "text/javascript"}
#: The window is nearly as wide as what is printed on A4.
SETTINGS = {"color_scheme": "light", "viewport": {"width": 800, "height": 1100}}


class TakeawayError(Exception):
    """Something cannot be made; the message says why."""


class Workshop:
    """Pages of a browser; addresses are those below the built book, and of files made here."""

    def __init__(self, context, folder):
        self._context, self._folder, self._made = context, folder, {}
        context.route("**/*", self._answer)

    @contextlib.contextmanager
    def showing(self, html, styles=(), scripts=""):
        """A page with that body; styles are addresses in the book or ``/takeaway/`` and a name."""
        for name in ("prepare.mjs", "paper.css", "sheet.css"):
            self._made[f"/takeaway/{name}"] = (_HERE / name).read_text(encoding="utf-8")
        links = "".join(f'<link rel="stylesheet" href="{style}">' for style in styles)
        self._made["/takeaway/page.html"] = (
            '<!DOCTYPE html><html lang="en" data-theme="light" data-mode="light"><head>'
            f'<meta charset="utf-8">{links}{scripts}</head><body>{html}</body></html>'
        )
        page = self._context.new_page()
        page.set_default_timeout(300_000)
        try:
            page.goto(f"{_HOST}/takeaway/page.html", wait_until="load")
            yield page
        finally:
            page.close()

    def put(self, address, text):
        """Let an address give this text, as if it were a file of the book."""
        self._made[address] = text

    def content(self, address):
        """Bytes of the file of the book that a page names by its whole address."""
        return self._file(address).read_bytes()

    def _file(self, address):
        return self._folder / unquote(urlsplit(address).path).lstrip("/")

    def _answer(self, route):
        address = urlsplit(route.request.url)
        if f"{address.scheme}://{address.netloc}" != _HOST:
            route.abort()
        elif address.path in self._made:
            kind = _KINDS[Path(address.path).suffix]
            route.fulfill(body=self._made[address.path], content_type=f"{kind};charset=utf-8")
        elif self._file(route.request.url).is_file():
            route.fulfill(path=self._file(route.request.url))
        else:
            route.fulfill(status=404, body="")


def program():
    """Where Chromium or Chrome lies, or None."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


@contextlib.contextmanager
def workshop(folder):
    """A browser before the built book in that folder.

    Raises
    ------
    TakeawayError
    """
    path = program()
    if path is None:
        raise TakeawayError("It takes Chromium or Chrome to print, and there is none.")
    from playwright.sync_api import sync_playwright

    # Chromium's own sandbox refuses to work for root, as whom containers run.
    flags = [*_FLAGS, "--no-sandbox"] if os.geteuid() == 0 else _FLAGS
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        try:
            context = browser.new_context(**SETTINGS)
            yield Workshop(context, folder)
        finally:
            browser.close()
