"""The widgets of the workshop chapters: what the browser says of itself, and walks in a valley."""

import re

import pytest

from course_lib.widgets import LearningRateExplorer, ReadinessCheck
from tests.browser.driving import find_widget, sizes_and_themes

pytestmark = pytest.mark.of_pages_alone

ECHO = "wss://echo.example.org/ws"
AGENTS = {
    "Chrome": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36",
    "Firefox": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:126.0) Gecko/20100101 Firefox/126.0",
    "Edge": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
    "Opera": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36 OPR/126.0.0.0",
    "Safari": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/126.0 Safari/605.1.15",
}


def line(widget, key):
    return widget.locator(f"[data-check={key}]")


def counts(widget):
    """Green, red and unknown lines, counted and as the widget says."""
    states = [row.get_attribute("data-ok") for row in widget.locator("[data-check]").all()]
    said = widget.locator(".cw-said").inner_text()
    stated = re.match(r"(\d+) green, (\d+) red, (\d+) not known; (\d+) of 5 ticked", said)
    return [states.count(v) for v in ("true", "false", "null")], [int(n) for n in stated.groups()]


# The built page ---------------------------------------------------------------------------------


@sizes_and_themes
def test_readiness_check(open_page, width, theme):
    page = open_page("chapters/dli/readiness.html", width=width, theme=theme)
    sockets = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.reload()
    widget = find_widget(page, "Readiness check")
    for key in ("browser", "websocket", "cookies", "storage"):
        assert line(widget, key).get_attribute("data-ok") == "true"
        assert not line(widget, key).locator(".cw-why").is_visible()
    narrow = width < 1024
    assert line(widget, "screen").get_attribute("data-ok") == str(not narrow).lower()
    assert line(widget, "screen").locator(".cw-why").is_visible() == narrow
    counted, stated = counts(widget)
    assert stated == [*counted, 0]
    assert widget.get_by_role("button").all_text_contents() == ["Look again"]

    boxes = widget.get_by_role("checkbox")
    boxes.first.focus()
    page.keyboard.press("Space")
    assert counts(widget)[1][3] == 1
    for box in boxes.all():
        box.check()
    said = widget.locator(".cw-said").inner_text()
    assert said.endswith("Do what the red lines say." if narrow else "You are ready.")
    boxes.last.uncheck()
    assert counts(widget)[1][3] == 4

    widget.get_by_role("button", name="Look again").click()
    assert sockets == []
    assert page.evaluate("document.cookie") == ""
    assert page.evaluate("localStorage.getItem('cw-ready')") is None


@sizes_and_themes
def test_learning_rate_explorer(open_page, width, theme):
    page = open_page("chapters/dli/l2_training.html", width=width, theme=theme)
    widget = find_widget(page, "Learning-rate explorer")
    data = LearningRateExplorer().data
    rate = widget.get_by_label("Learning rate", exact=True)
    step = widget.get_by_label("Step", exact=True)
    method = widget.get_by_label("Gradient from")

    def agrees():
        r, k, o = (int(control.input_value()) for control in (rate, step, method))
        walk = data["walks"][o][r]
        said = widget.locator(".cw-said").inner_text()
        assert said == (
            f"Learning rate {data['rates'][r]:g}, step {k}: loss {walk['loss'][k]}, the lowest "
            f"possible is {data['lowest']:g}. After {data['steps']} steps {walk['loss'][-1]}: "
            f"{walk['verdict']}."
        )
        # One dot for each weight vector up to this step, and one larger for the present.
        dots = widget.locator("svg svg circle").count()
        assert dots == min(k + 1, len(walk["path"])) + 1
        return walk["verdict"]

    assert agrees().startswith("too low")
    rate.focus()
    verdicts = {agrees()}
    for _ in data["rates"]:
        page.keyboard.press("ArrowRight")
        verdicts.add(agrees())
    assert len(verdicts) == 4
    assert agrees().startswith("too high")
    step.press("Home")
    agrees()
    box = step.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    agrees()
    assert 15 <= int(step.input_value()) <= 25
    for option in range(3):
        method.select_option(str(option))
        agrees()


# A page of its own: other browsers, and an echo server that does what the test wants -------------


@pytest.fixture
def open_check(chromium, address):
    """``open_check(echo, agent)``: the check alone on a page, and what it contacted."""
    contexts = []

    def open_(echo=None, agent=None, seconds=10, behavior=None):
        widget = ReadinessCheck(echo)
        widget.data = {**widget.data, "seconds": seconds}
        context = chromium.new_context(user_agent=agent)
        contexts.append(context)
        page = context.new_page()
        page.contacted, page.received = [], []
        body = f'<!doctype html><html lang="en"><meta charset="utf-8"><body>{widget.html()}'
        page.route("**/*", lambda route: route.fulfill(body=body, content_type="text/html"))

        def serve(socket):
            page.contacted.append(socket.url)
            behavior(socket, page.received)

        page.route_web_socket(re.compile("^wss?:"), serve)
        page.goto(f"{address}/check.html")
        return page, page.get_by_role("group", name="Readiness check", exact=True)

    yield open_
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", AGENTS)
def test_families_of_browsers(open_check, name):
    _, widget = open_check(agent=AGENTS[name])
    row = line(widget, "browser")
    assert row.get_attribute("data-ok") == str(name in ("Chrome", "Firefox")).lower()
    assert f"): {name} 126" in row.inner_text()


def test_a_browser_that_nobody_knows(open_check):
    _, widget = open_check(agent="Lynx/2.9")
    assert "another browser" in line(widget, "browser").inner_text()
    assert line(widget, "browser").get_attribute("data-ok") == "false"


def echoes(socket, received):
    def answer(message):
        received.append(message)
        socket.send("welcome")
        socket.send(message)

    socket.on_message(answer)


def only_listens(socket, received):
    # A bound method of a list is not enough: playwright marks the function.
    socket.on_message(lambda message: received.append(message))


def says_something_else(socket, received):
    def answer(message):
        received.append(message)
        socket.send("something else")
        socket.close()

    socket.on_message(answer)


def hangs_up(socket, received):
    socket.close(code=1011)


@pytest.mark.parametrize(
    ("behavior", "yes"),
    [(echoes, 3), (only_listens, 2), (says_something_else, 2)],
)
def test_echo(open_check, behavior, yes):
    page, widget = open_check(ECHO, seconds=0.5, behavior=behavior)
    page.wait_for_timeout(200)
    assert page.contacted == [], "nobody is contacted before the button is pressed"
    row = line(widget, "echo")
    assert row.get_attribute("data-ok") == "null"
    button = widget.get_by_role("button", name=f"Send one message to {ECHO}")
    button.focus()
    page.keyboard.press("Enter")
    wanted = str(yes == 3).lower()
    page.wait_for_selector(f"[data-check=echo][data-ok={wanted}]")
    answers = row.locator("ul li").all_text_contents()
    assert [answer.endswith("Yes") for answer in answers] == [True, True, yes == 3]
    assert row.locator(".cw-why").is_visible() == (yes < 3)
    assert page.contacted == [ECHO]
    assert page.received == ["Is anybody there?"]
    assert button.is_enabled(), "it may be tried again"
    counted, stated = counts(widget)
    assert stated[:3] == counted


def test_echo_server_that_hangs_up(open_check):
    page, widget = open_check(ECHO, seconds=2, behavior=hangs_up)
    widget.get_by_role("button", name="Send one message").click()
    page.wait_for_selector("[data-check=echo][data-ok=false]")
    assert line(widget, "echo").locator("ul li").last.inner_text() == "echo received: No"
