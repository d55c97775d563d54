"""The readiness check: which echo addresses are taken, and what is read without scripts."""

import json
import re

import pytest

from course_lib.widgets import ReadinessCheck
from course_lib.widgets.readiness import CHECKS, TASKS


@pytest.mark.parametrize(
    "echo",
    [
        "wss://echo.example.org",
        "wss://echo.example.org:8443/ws?room=10",
        "wss://203.0.113.7/echo",
        "wss://[2001:db8::1]:443/",
        "WSS://ECHO.EXAMPLE.ORG/",
        "wss://localhost.example.org/",
    ],
)
def test_addresses_of_other_machines(echo):
    widget = ReadinessCheck(echo)
    assert widget.data["echo"] == echo
    assert echo in widget.html()


@pytest.mark.parametrize(
    ("echo", "said"),
    [
        ("", "begins with wss://"),
        ("ws://echo.example.org", "begins with wss://"),
        ("https://echo.example.org", "begins with wss://"),
        ("echo.example.org", "begins with wss://"),
        ("wss://", "begins with wss://"),
        ("wss:///path", "begins with wss://"),
        ("wss://echo.example.org:port", "begins with wss://"),
        ("wss://[::1", "begins with wss://"),
        ("wss://echo.example.org/a b", "begins with wss://"),
        (b"wss://echo.example.org", "begins with wss://"),
        (3, "begins with wss://"),
        (["wss://echo.example.org"], "begins with wss://"),
        ("wss://me:secret@echo.example.org", "must not hold a user name"),
        ("wss://echo.example.org/#here", "or a fragment"),
        ("wss://localhost/ws", "on the reader's own machine"),
        ("wss://LOCALHOST:8000", "on the reader's own machine"),
        ("wss://localhost./", "on the reader's own machine"),
        ("wss://a.localhost/", "on the reader's own machine"),
        ("wss://127.0.0.1/", "on the reader's own machine"),
        ("wss://127.1/", "on the reader's own machine"),
        ("wss://[::1]/", "on the reader's own machine"),
        ("wss://0.0.0.0/", "on the reader's own machine"),
    ],
)
def test_addresses_that_are_refused(echo, said):
    with pytest.raises(ValueError, match=said):
        ReadinessCheck(echo)


def test_without_an_address_the_page_holds_none():
    html = ReadinessCheck().html()
    assert "wss://" not in html
    assert "ws://" not in html


def test_nothing_but_a_pressed_button_connects():
    """The one WebSocket is opened inside the function that the button calls."""
    source = ReadinessCheck._source
    assert source.count("new WebSocket(") == 1
    assert source.index("function test()") < source.index("new WebSocket(")
    assert re.findall(r"\btest\b(?!ed| )", source) == ["test"] * 2, "the button, and the function"
    assert "onclick: test" in source
    for other in ("fetch(", "XMLHttpRequest", "sendBeacon", "EventSource", "new Image"):
        assert other not in source


def test_fallback_has_every_line_and_its_advice():
    shown = ReadinessCheck().fallback()
    for _, what, needed, advice in CHECKS:
        assert what in shown
        assert needed in shown
        assert advice.split("'")[0] in shown
    assert "1 Mbps, better 5" in shown
    for task in TASKS:
        assert task.split("'")[0] in shown


def test_text_form_is_stable():
    assert repr(ReadinessCheck()) == repr(ReadinessCheck())
    assert repr(ReadinessCheck()) != repr(ReadinessCheck("wss://echo.example.org"))
    assert len(json.dumps(ReadinessCheck().data)) < 5000
