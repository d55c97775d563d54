"""Every built page: no outside request, no console error, no accessibility fault, fits a phone."""

import re
from urllib.parse import urlparse

import pytest
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont
from playwright.sync_api import expect

from book_ext import doors, editions
from tests.browser.conftest import HTML, built_pages
from tests.browser.driving import (
    PHONE,
    assert_accessible,
    assert_fits,
    assert_readable,
    faults,
    go_on,
    wait_for_theme,
)
from tests.browser.weighing import FIRST, WHOLE, weigh

# The front page forwards to the introduction.
PAGES = [path for path in built_pages() if path != "index.html"]
each_page = pytest.mark.parametrize("path", PAGES)


def test_every_chapter_has_a_page(address):
    chapters = {f"chapters/{editions.chapter_name(p)}.html" for p in editions.chapter_files()}
    missing = ({"chapters/intro.html"} | chapters) - set(PAGES)
    assert not missing, f"not in the built book, run `make book`: {sorted(missing)}"


def test_front_page_forwards_to_the_introduction(open_page):
    open_page("index.html").wait_for_url("**/chapters/intro.html")


#: What asks for a guess, and what is out of sight until then
_ASKED = ".cw-asking, .cw-later"


@pytest.mark.of_pages_alone
@each_page
def test_page_is_quiet_accessible_and_light(open_page, path, record_property):
    """Opened once, because opening takes longest: as its reader sees it by day, and by night."""
    page = open_page(path, mode="auto")
    wait_for_theme(page, "light")
    assert page.problems == [], "what a page asks for is there, and nothing in it fails"
    first, whole = weigh(page)
    record_property("weight", (path, first, whole))
    assert first <= FIRST, "it loads too much at first: smaller pictures, or fewer above the fold"
    assert whole <= WHOLE, "it loads too much in all: smaller pictures, or fewer"
    asking = page.locator(".cw-asking").all()
    if asking:
        # As it is before a guess, which changes nothing else.
        assert_accessible(page, within=_ASKED)
        hidden = page.locator(".cw-later").locator("h1, h2, h3, h4, [id]")
        assert hidden.count() == 0, "a link leads to what waits for a guess: let nothing link there"
        for widget in asking:
            go_on(widget)
    assert_accessible(page)
    widgets = page.locator(".cw").all()
    for widget in widgets:
        assert_readable(widget)

    page.emulate_media(color_scheme="dark")
    wait_for_theme(page, "dark")
    filters = (
        "() => [...document.querySelectorAll('article img')].map(i => getComputedStyle(i).filter)"
    )
    assert set(page.evaluate(filters)) <= {"none"}, "a picture is shown in other colors"
    assert page.problems == []
    # Night changes colors alone.
    assert_accessible(page, only=["color-contrast", "link-in-text-block"])
    for widget in widgets:
        assert_readable(widget)


#: Faults of every kind, and where each of them is. Of the code it is one string among many alike.
_PLANT = """
() => {
  const all = (selector) => [...document.querySelectorAll(selector)].filter(
    (e) => !e.closest("details"));
  const strings = all(".cell_input pre").map((e) => [...e.querySelectorAll(":scope > .s2")]);
  const alike = strings.sort((a, b) => b.length - a.length)[0].filter(
    (e) => e.innerText.length > 2);
  const [prose, role] = all("article section > section > p");
  const [title] = all("article h2");
  const [picture] = all("article img");
  const [button] = all(".copybtn");
  const ground = all("article section > section > ul > li")[0];
  ground.parentElement.style.background = "#888";
  const pale = { code: alike.at(-1), prose, asked: all(".cw-asking .cw-ask")[0] };
  // Too pale by day and by night.
  for (const one of Object.values(pale)) one.style.color = "#8886";
  picture.removeAttribute("alt");
  delete button.dataset.tooltip;
  button.replaceChildren();
  role.setAttribute("role", "nonsense");
  title.setAttribute("aria-hidden", "maybe");
  const planted = { ...pale, ground, picture, button, role, title };
  for (const [name, one] of Object.entries(planted)) one.id = `planted-${name}`;
  return alike.length;
}
"""


def _planted(found):
    """By rule, the planted faults that were found."""
    names = {
        rule: {name for target in targets for name in re.findall(r"#planted-(\w+)", str(target))}
        for rule, targets, _ in found
    }
    return {rule: of for rule, of in names.items() if of}


def test_each_kind_of_fault_is_found(open_page):
    """Though of texts that look alike few are judged, and before a guess what it changes alone."""
    page = open_page("chapters/metrics.html", mode="auto")
    wait_for_theme(page, "light")
    assert page.evaluate(_PLANT) > 5
    assert _planted(faults(page, within=_ASKED)) == {"color-contrast": {"asked"}}
    for widget in page.locator(".cw-asking").all():
        go_on(widget)
    pale = {"color-contrast": {"code", "prose", "ground"}}
    assert _planted(faults(page)) == pale | {
        "image-alt": {"picture"},
        "button-name": {"button"},
        "aria-roles": {"role"},
        "aria-valid-attr-value": {"title"},
    }
    page.emulate_media(color_scheme="dark")
    wait_for_theme(page, "dark")
    assert _planted(faults(page, only=["color-contrast"])) == pale


#: Pictures that are not shown in the proportions that their tags say
_DISTORTED = """
[...document.querySelectorAll("article img[width][height]")].filter((picture) => {
  const { height, width } = picture.attributes;
  const away = picture.clientHeight - (picture.clientWidth * height.value) / width.value;
  return getComputedStyle(picture).objectFit === "fill" && Math.abs(away) > 2;
}).map((picture) => picture.alt)
"""


@pytest.mark.of_pages_alone
@each_page
def test_page_fits_a_phone(open_page, path):
    page = open_page(path, width=PHONE)
    assert_fits(page, path)
    assert page.evaluate(_DISTORTED) == [], "these pictures are squeezed"


def test_pages_open_without_a_server(open_page, address):
    page = open_page("chapters/metrics.html", base=HTML.as_uri())
    page.get_by_role("button", name="See the answer").wait_for()


def test_the_index_of_the_search_comes_when_somebody_searches(open_page):
    page = open_page("chapters/metrics.html")
    assert not [address for address in page.asked if "search" in address]
    with page.expect_request("**/searchindex.js"):
        page.keyboard.press("Control+k")
    assert page.locator("#pst-search-dialog input").is_visible()


def test_every_icon_is_in_its_font():
    """Fonts hold the icons that pages show, and hardly more."""
    css = (HTML / "_static/styles/pydata-sphinx-theme.css").read_text("utf-8")
    fonts = {TTFont(file) for file in (HTML / "_static/vendor").rglob("*.woff")}
    held = set().union(*(font.getBestCmap() for font in fonts))
    shown = set()
    for path in PAGES:
        page = (HTML / path).read_text("utf-8")
        shown |= set(re.findall(r'class="[^"]*?\b(fa-(?!solid|lg|brands|regular)[\w-]+)', page))
    assert len(shown) > 5
    for name in shown:
        code = re.search(rf'\.{name}:before(?:,[^{{]*)?\{{content:"\\(\w+)"', css)[1]
        assert int(code, 16) in held, name
    assert len(held) < 60


def test_nothing_stands_by_unused():
    left = [file.name for file in (HTML / "_static").rglob("*.map")]
    assert left == []
    for path in PAGES:
        text = (HTML / path).read_text("utf-8")
        scripts = re.findall(r"<script[^>]*>.*?</script>", text, re.DOTALL)
        assert not re.search("unpkg|thebe|mathjax", "".join(scripts)), path
        # Widgets share one kit.
        widgets = text.count('class="cw-host"')
        assert text.count("cwKit.show(") == widgets, path
        assert text.count("<script data-widget src=") == min(widgets, 1), path
    # The theme's script has the words at which the question for code is left to `accessibility.js`.
    theme = (HTML / "_static" / "scripts" / "pydata-sphinx-theme.js").read_text("utf-8")
    assert 'querySelectorAll([".jp-RenderedHTMLCommon",' in theme


def test_pictures_have_room_and_come_late():
    for path in PAGES:
        for tag in re.findall("<img [^>]*_images/[^>]*>", (HTML / path).read_text("utf-8")):
            assert 'loading="lazy"' in tag, (path, tag)
            assert re.search(r'width="\d+"', tag), (path, tag)
            assert re.search(r'height="\d+"', tag), (path, tag)


#: Code that is not drawn, and how far the room of each piece of code is from what it needs
_ROOM = """
() => {
  const shown = (e) => e.offsetParent && !e.closest("details:not([open])");
  const code = [...document.querySelectorAll(".highlight pre")].filter(shown);
  const drawn = (e) => e.firstElementChild.checkVisibility({ contentVisibilityAuto: true });
  const waiting = code.filter((e) => !drawn(e)).length;
  const before = code.map((e) => e.offsetHeight);
  for (const one of code) one.style.contentVisibility = "visible";
  const away = code.map((e, n) => Math.abs(e.offsetHeight - before[n]));
  return [waiting, code.length, Math.max(...away)];
}
"""


def test_code_is_drawn_when_the_reader_comes_near_and_has_its_room_before(open_page):
    page = open_page("chapters/ground_truth.html", width=PHONE)
    waiting, number, away = page.evaluate(_ROOM)
    assert waiting > 0.5 * number
    assert away <= 1
    page.emulate_media(media="print")
    page.reload()
    assert page.evaluate(_ROOM)[0] == 0, "paper shows all"


_DRAWN = "(e) => e.firstElementChild.checkVisibility({ contentVisibilityAuto: true })"


def test_code_that_scrolls_is_reached_by_keyboard_once_it_is_near(open_page):
    page = open_page("chapters/ground_truth.html", width=500)
    for one in page.locator(".cell_input pre[tabindex]:visible").all()[:12]:
        one.scroll_into_view_if_needed()
        page.wait_for_function(_DRAWN, arg=one.element_handle())
        scrolls = one.evaluate("(e) => e.scrollWidth > e.clientWidth")
        expect(one).to_have_attribute("tabindex", "0" if scrolls else "-1")


def test_mathematics_is_typeset(open_page):
    page = open_page("chapters/metrics.html")
    formulas = page.locator("mjx-container")
    assert formulas.count() > 10
    assert page.locator("mjx-merror").count() == 0
    page.wait_for_function(
        "[...document.fonts].filter((f) => f.family.startsWith('MJX') && f.status === 'loaded')[1]"
    )
    # The letters stand, and what reads aloud hears the same.
    assert all(formula.bounding_box()["width"] > 5 for formula in formulas.all()[:10])
    assert page.locator("mjx-assistive-mml > math").count() == formulas.count()


@pytest.mark.parametrize("path", editions.chapter_files(), ids=editions.chapter_name)
def test_doors_of_a_chapter_lead_to_its_notebook(path):
    """The file is on the page; Colab where the repository has an address."""
    name = editions.chapter_name(path)
    place = HTML / f"chapters/{name}.html"
    header = BeautifulSoup(place.read_text("utf-8"), "html.parser").select_one(".bd-header-article")
    addresses = [link["href"] for link in header.select("a[href$='.ipynb']")]
    url, branch = editions.repositories()[0]
    colab = [address for address in addresses if "colab.research.google.com" in address]
    local = [address for address in addresses if address not in colab]
    assert local
    for address in local:
        file = place.parent / address
        assert file.resolve().read_bytes() == path.with_suffix(".ipynb").read_bytes()
    if doors.is_placeholder(url):
        assert colab == []
    else:
        end = f"/github{urlparse(url).path}/blob/{branch}/chapters/{name}.ipynb"
        assert all(address.endswith(end) for address in colab)
        assert colab


def test_every_link_from_code_ends_at_a_line_of_the_library():
    found = 0
    for chapter in editions.chapter_files():
        page = HTML / "chapters" / f"{editions.chapter_name(chapter)}.html"
        links = re.findall(r'class="to-source" href="([^"#]+)#?([^"]*)"', page.read_text("utf-8"))
        found += len(links)
        for address, line in links:
            source = (page.parent / address).resolve()
            assert source.is_relative_to(HTML / "source"), address
            assert not line or f'id="{line}"' in source.read_text("utf-8"), (address, line)
    assert found > 200


@pytest.mark.of_pages_alone
@pytest.mark.parametrize("path", editions.chapter_files(), ids=editions.chapter_name)
def test_readers_without_scripts_see_the_numbers(open_page, path):
    page = open_page(f"chapters/{editions.chapter_name(path)}.html", scripts=False)
    hosts = page.locator(".cw-host").all()
    assert hosts
    for shown in hosts:
        assert shown.is_visible()
        assert shown.locator("table, img, svg, details").count() > 0


def test_the_card_of_the_assessment_is_one_sheet(open_page):
    """Printed, the page is its card, whole: nothing is cut off at the right."""
    page = open_page("chapters/dli/blanks.html", width=794)
    margin = dict.fromkeys(("top", "right", "bottom", "left"), "12mm")
    pdf = page.pdf(format="A4", margin=margin)
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf)) == 1
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 704, "height": 1032})
    shown = page.locator("#the-assessment-blank-by-blank > section:visible").all()
    assert [section.get_attribute("id") for section in shown] == ["the-card"]
    for box in page.locator("#the-card td, #the-card code").all():
        right = box.evaluate("e => Math.max(...[...e.getClientRects()].map(r => r.right))")
        assert right <= 704
        assert box.evaluate("e => e.scrollWidth <= e.clientWidth || !e.clientWidth")
