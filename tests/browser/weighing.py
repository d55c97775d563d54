"""What a browser receives, from the files that it asks for: text comes in gzip."""

import functools
import gzip
from urllib.parse import unquote, urlparse

from tests.browser.conftest import HTML

#: Bytes of a page before anything is touched, and with all its pictures.
FIRST, WHOLE = 900_000, 1_500_000
_TEXT = {".html", ".css", ".js", ".mjs", ".json", ".svg"}


@functools.cache
def sent(file):
    """Bytes of a file as a host that compresses sends it; 0 if there is none."""
    if not file.is_file():
        return 0
    content = file.read_bytes()
    return len(gzip.compress(content, 6)) if file.suffix in _TEXT else len(content)


def weight(addresses):
    """Bytes of the built book's files at these addresses, each once."""
    paths = {unquote(urlparse(address).path) for address in addresses}
    return sum(sent(HTML / path.lstrip("/")) for path in paths)


def weigh(page):
    """First load and whole page; what was asked for since the page was opened is its first load."""
    pictures = page.evaluate("() => [...document.images].map((one) => one.src)")
    pictures = [address for address in pictures if not address.startswith("data:")]
    return weight(page.asked), weight([*page.asked, *pictures])
