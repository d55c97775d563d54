"""What the widget tests share."""

import pytest
from axe_playwright_python.base import AXE_SCRIPT

#: Pixels across a small phone
PHONE = 375
#: What Apple and the W3C call the least size of a target, in CSS pixels
FINGER = 44
#: A test runs on a phone by night and on a desk by day. What a widget does depends on neither of
#: them with the other: its colors alone change by night, and `test_pages` sees them in both.
sizes_and_themes = pytest.mark.parametrize(("width", "theme"), [(PHONE, "dark"), (1280, "light")])


def find_widget(page, label):
    """The widget with that label on the page, scrolled into view, and readable.

    From then on it is found by its place: a label is asked of everything on the page.
    """
    labelled = page.get_by_role("group", name=label, exact=True)
    place = labelled.evaluate("(root) => [...document.querySelectorAll('.cw')].indexOf(root)")
    widget = page.locator(".cw").nth(place)
    widget.scroll_into_view_if_needed()
    assert_readable(widget)
    return widget


def go_on(widget):
    """Skip the guess that a widget may ask for before it is seen."""
    skip = widget.get_by_role("button", name="Skip", exact=True)
    if skip.count():
        skip.click()


def predict(page, widget, guess, truth, say):
    """Guess so many hundredths, in tens; see what was out of sight, and how far the guess is off.

    Returns a function that gives where the mark of the guess stands in its chart, from the left
    and from below, as shares. It ends with `go_on`, at the state where the widget starts.
    """
    answer = widget.locator(
        "xpath=ancestor::div[contains(@class, 'cell ')]/following-sibling::p[1]"
    )
    rest = (widget.locator(".cw-controls output").first, widget.locator(".cw-said"), answer)
    box = widget.locator(".cw-guess")

    def assert_covered(covered):
        assert [one.is_visible() for one in rest] == [not covered] * 3

    assert_covered(True)
    page.emulate_media(media="print")
    assert_covered(False)
    assert not box.is_visible()
    page.emulate_media(media="screen")
    slider = box.get_by_role("slider")
    for target in (slider, *box.get_by_role("button").all()):
        assert target.bounding_box()["height"] >= FINGER
    slider.focus()
    for _ in range(abs(guess - 50) // 10):
        page.keyboard.press("PageUp" if guess > 50 else "PageDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert_covered(False)
    off = round(guess - 100 * truth)
    far = say(abs(off) / 100).replace("%", " points")
    said = f"{say(guess / 100)}, the ? in the drawing; it is {say(truth)}, {far} too "
    assert said + ("high" if off > 0 else "low") in box.inner_text()
    mark = widget.locator(".cw-ghost circle")

    def stands():
        return mark.evaluate(_STANDS)

    place = stands()
    for slider in widget.locator(".cw-controls").get_by_role("slider").all():
        slider.press("Home")
        assert stands() == place, "the guess stays where it was"
    box.get_by_role("button", name="Guess again").click()
    assert_covered(True)
    # Who has gone on to the text reads it without a guess.
    page.get_by_role("button", name="Read on without a guess").first.click()
    assert answer.is_visible()
    go_on(widget)
    assert_covered(False)
    assert mark.count() == 0
    widget.get_by_role("button", name="Reset", exact=True).click()
    return place


_STANDS = """
(circle) => {
  const frame = circle.closest("svg").querySelector(".cw-frame").getBBox();
  const [x, y] = [circle.cx.baseVal.value, circle.cy.baseVal.value];
  return [(x - frame.x) / frame.width, 1 - (y - frame.y) / frame.height];
}
"""


def assert_readable(widget):
    """Text of the widget contrasts with what lies behind it, which axe cannot judge on cards."""
    colors = widget.evaluate(
        """(root) => {
          let behind = root, background = "rgba(0, 0, 0, 0)";
          while (behind && background === "rgba(0, 0, 0, 0)") {
            background = getComputedStyle(behind).backgroundColor; behind = behind.parentElement;
          }
          return [getComputedStyle(root).color, background];
        }"""
    )
    light, dark = sorted(map(_luminance, colors), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5, colors


# axe judges no color before a gradient, which is the shade at the end of code that scrolls; and
# code that waits to be drawn would be laid out again and again. Of the thousands of texts that look
# alike before what looks alike three are judged; all in widgets, where things lie upon each other.
# Only faults are sent back.
_JUDGED = """
async ([within, options]) => {
  const drawn = document.head.appendChild(document.createElement("style"));
  drawn.textContent = "pre, pre * { content-visibility: visible !important; } " +
    "pre { background-image: none !important; }";
  const behind = ["backgroundColor", "backgroundImage", "opacity", "filter", "mixBlendMode"];
  const before = ["color", "textShadow", "fontSize", "fontWeight", "display", "position"];
  const look = (e, names) => {
    const style = getComputedStyle(e);
    return names.map((name) => style[name]).join();
  };
  const known = new Map(), judged = {}, alike = [];
  const ground = (e) => {
    if (!e) return "";
    if (!known.has(e)) known.set(e, `${look(e, behind)} ${ground(e.parentElement)}`);
    return known.get(e);
  };
  for (const piece of document.querySelectorAll("article :not(.cw, .cw *, svg, svg *)")) {
    const texts = [...piece.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
    const text = texts.map((node) => node.data).join("").trim();
    const isAsked = !within || piece.closest(within);
    if (!text || !isAsked || !piece.checkVisibility()) continue;
    // axe does not judge single letters.
    const kind = [text.length === 1, look(piece, before), ground(piece)].join();
    judged[kind] = (judged[kind] ?? 0) + 1;
    if (judged[kind] > 3) alike.push(piece);
  }
  for (const piece of alike) piece.dataset.alike = "";
  axe.configure({ rules: [{ id: "color-contrast", selector: ":not([data-alike])" }] });
  const { violations } = await axe.run(within ?? document, options);
  for (const piece of alike) delete piece.dataset.alike;
  drawn.remove();
  return violations;
}
"""

# Of each color axe keeps the parts in weak maps, which takes long: as properties it finds the same.
_PLAIN_MAP = """class {
  constructor() { this.key = Symbol(); }
  has(one) { return this.key in one; }
  get(one) { return one[this.key]; }
  set(one, value) { one[this.key] = value; return this; }
  delete(one) { return delete one[this.key]; }
}"""
_AXE = f"((WeakMap) => {{{AXE_SCRIPT}\n}})({_PLAIN_MAP})"


def wait_for_theme(page, theme):
    """The page hears of the system's theme a moment after the system does, and colors glide."""
    page.wait_for_function(f"document.documentElement.dataset.theme === '{theme}'")
    page.evaluate("document.getAnimations().forEach((glide) => glide.finish())")


def assert_accessible(page, only=None, within=None):
    """axe finds no fault on the page or within selectors, or none against some of its rules."""
    found = faults(page, only, within)
    assert not [(rule, targets[:3], said) for rule, targets, said in found]


def faults(page, only=None, within=None):
    """What axe finds: the rule, the selectors of what breaks it, and what it says of it."""
    options = {"resultTypes": ["violations"]} | ({"runOnly": only} if only else {})
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE)
    violations = page.evaluate(_JUDGED, [within, options])
    # axe looks for what a style sheet imports in the wrong folder: not the page's fault.
    page.problems.clear()
    return [(v["id"], [node["target"] for node in v["nodes"]], v["help"]) for v in violations]


def assert_fits(page, path):
    """The page can be read on a phone without moving it to the side."""
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE, f"{path} is {width} pixels wide; a phone shows {PHONE}"


# A finger that comes down while the page still scrolls stops it, and taps nothing.
_STILL = """
(drawing) => new Promise((done) => {
  let [before, frames] = ["", 0];
  const look = () => {
    const { x, y } = drawing.getBoundingClientRect();
    frames = `${x} ${y}` === before ? frames + 1 : 0;
    before = `${x} ${y}`;
    if (frames < 5) requestAnimationFrame(look);
    else done();
  };
  look();
})
"""


def swipe(page, drawing, right, down, steps=8):
    """Move a finger over the middle of a drawing, so many pixels to the right and down."""
    drawing.evaluate(_STILL)
    box = drawing.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    path = [{"x": x + right * n / steps, "y": y + down * n / steps} for n in range(steps + 1)]
    fingers = page.context.new_cdp_session(page)
    fingers.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    for n, point in enumerate(path):
        kind = "touchMove" if n else "touchStart"
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    fingers.detach()
    page.wait_for_timeout(50)


def percent(share):
    """A share as kit.js writes it: nearly certain is not certain."""
    text = f"{100 * share:.1f}".removesuffix(".0")
    if text in ("100", "0") and share not in (0, 1):
        return "> 99.9%" if share > 0.5 else "< 0.1%"
    return f"{text}%"


def _luminance(color):
    channels = [float(v) / 255 for v in color[color.index("(") + 1 : -1].split(",")[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
