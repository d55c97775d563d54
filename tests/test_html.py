"""Pages, tables and pictures: well formed, escaped, the same bytes every time."""

import base64
import html.parser
import io

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from course_lib import _html

WICKED = "<script>alert('&\"')</script>"


class Tags(html.parser.HTMLParser):
    """The tags in their order, and all text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.said, self.open = [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.said.append(data)

    def of(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def test_a_page_escapes_its_title_and_lets_nothing_run():
    page = Tags(_html.page(WICKED, "<p>Said.</p>", "p { color: red; }\n"))
    assert WICKED in page.said
    assert not page.of("script")
    (policy,) = (tag["content"] for tag in page.of("meta") if "http-equiv" in tag)
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert page.of("html") == [{"lang": "en"}]


def test_a_table_escapes_every_value():
    table = Tags(_html.table([WICKED], [[WICKED], [3]], WICKED, label=WICKED, named_rows=True))
    assert table.said == [WICKED, WICKED, WICKED, "3"]
    assert not table.of("script")
    assert table.of("th") == [{"scope": "col"}, {"scope": "row"}, {"scope": "row"}]
    assert table.of("table") == [{"aria-label": WICKED}]


def test_the_diagonal_of_a_table_stands_out_where_rows_are_named_and_where_not():
    for named in (True, False):
        rows = [["a", 1, 2], ["b", 3, 4]]
        rows = rows if named else [row[1:] for row in rows]
        table = Tags(_html.table((), rows, named_rows=named, diagonal=True))
        assert ["style" in cell for cell in table.of("td")] == [True, False, False, True]


def test_a_table_may_lack_head_caption_and_names():
    assert (
        _html.table((), [(1, 2)]) == "<table><tbody><tr><td>1</td><td>2</td></tr></tbody></table>"
    )


def test_a_picture_is_a_figure_if_it_has_a_caption():
    assert Tags(_html.picture("x.png", WICKED)).of("img") == [{"alt": WICKED, "src": "x.png"}]
    figure = Tags(_html.picture("x.png", "what it shows", WICKED))
    assert [name for name, _ in figure.tags] == ["figure", "img", "figcaption"]
    assert figure.said == [WICKED]


def test_what_scrolls_can_be_reached_by_keyboard():
    (region,) = Tags(_html.scrolling("<p>wide</p>", WICKED)).of("div")
    assert (region["tabindex"], region["role"], region["aria-label"]) == ("0", "region", WICKED)


def test_an_image_comes_back_as_it_was():
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
    address = _html.image_uri(Image.fromarray(pixels), "png")
    kind, content = address.split(";base64,")
    assert kind == "data:image/png"
    back = Image.open(io.BytesIO(base64.b64decode(content)))
    assert np.array_equal(np.asarray(back), pixels)


def test_equal_figures_give_equal_bytes():
    def drawn(kind):
        figure = Figure()
        figure.subplots().plot([0, 1], [1, 0])
        return _html.figure_uri(figure, kind)

    assert drawn("svg") == drawn("svg")
    assert drawn("svg").startswith("data:image/svg+xml;base64,")
    assert drawn("png") == drawn("png")
    assert drawn("png").startswith("data:image/png;base64,")
