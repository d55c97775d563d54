"""A page as a browser would cut it, for tests of what the library writes as HTML."""

import re
from html.parser import HTMLParser


class Page(HTMLParser):
    """Tags with their attributes, headings with their text, all text; every tag must be closed."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.headings, self.text, self.open = [], [], "", []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append([tag, ""])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data
        if any(re.fullmatch("h[1-6]", tag) for tag in self.open):
            self.headings[-1][1] += data
