"""What the widget tests share."""

import pytest

#: A test runs on a phone and on a desk, by day and by night.
sizes_and_themes = pytest.mark.parametrize(
    ("width", "theme"), [(375, "light"), (375, "dark"), (1280, "light"), (1280, "dark")]
)


def find_widget(page, label):
    """The widget with that label on the page, scrolled into view, and readable."""
    widget = page.get_by_role("group", name=label, exact=True)
    widget.scroll_into_view_if_needed()
    assert_readable(widget)
    return widget


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


def swipe(page, drawing, right, down, steps=8):
    """Move a finger over the middle of a drawing, so many pixels to the right and down."""
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
