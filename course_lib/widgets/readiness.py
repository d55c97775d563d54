"""Readiness check: what the reader's own browser can say, and what only the reader can."""

import ipaddress
from urllib.parse import urlsplit

from .._html import table
from .base import CourseWidget

#: Found out by the browser, without a request: key, what, needed, what to do if it is red.
CHECKS = (
    (
        "browser",
        "Browser",
        "Chrome or Firefox",
        "Install Chrome or Firefox and open this page in it. Others may work, but nobody at the "
        "workshop will have tried yours.",
    ),
    (
        "websocket",
        "WebSocket",
        "in the browser",
        "JupyterLab talks to its kernel through a WebSocket. Update the browser, and switch off "
        "extensions that block scripts.",
    ),
    (
        "cookies",
        "Cookies",
        "allowed",
        "Allow cookies for the workshop's site, or you are logged out with every click. A private "
        "window often refuses them.",
    ),
    (
        "storage",
        "Storage",
        "allowed",
        "Allow sites to store data: JupyterLab keeps its layout there. It is usually the same "
        "switch as for cookies.",
    ),
    (
        "screen",
        "Screen",
        "at least 1024 points wide",
        "Use a laptop. On a phone or tablet the instructions cover the notebook.",
    ),
    (
        "network",
        "Network",
        "1 Mbps, better 5",
        "Move nearer to the router, use a cable, or stop other downloads and your VPN.",
    ),
)
_ECHO = (
    "echo",
    "WebSocket test",
    "three times Yes",
    "A proxy or firewall blocks WebSockets. Switch the VPN off, or try a phone's hotspot; on a "
    "campus network ask the computer center to let wss through on port 443.",
)
#: What no page can find out: the reader ticks it.
TASKS = (
    "I have an account at the workshop's site, made with the address that was invited, and the "
    "confirmation mail is answered.",
    "The workshop's own WebSocket test page says Yes three times.",
    "I opened a notebook in JupyterLab, ran a cell with Shift+Enter, and restarted its kernel.",
    "I know the three buttons of the course page: launch, stop, assess the task.",
    "I know that the certificate appears in my account after the assessment has passed.",
)


class ReadinessCheck(CourseWidget):
    """A checklist that fills itself in as far as a page can.

    Nothing is requested from anywhere unless the reader presses the button of the echo test, and
    nothing about the reader is stored or sent.

    Parameters
    ----------
    echo : str, optional
        Address of a WebSocket server that sends back what it gets, such as the instructor's own:
        ``wss://…``. Not one on the reader's machine, which would prove nothing about the network.
        Without it there is no button.

    Raises
    ------
    ValueError
        If `echo` is not such an address.
    """

    front_end = "readiness.js"
    label = "Readiness check"

    def __init__(self, echo=None):
        if echo is not None:
            _validate(echo)
        super().__init__(
            data={
                "checks": [list(check) for check in CHECKS],
                "echo_check": list(_ECHO),
                "echo": echo,
                "message": "Is anybody there?",
                "browsers": ["Chrome", "Firefox"],
                "width": 1024,
                "mbps": [1, 5],
                "seconds": 10,
                "tasks": list(TASKS),
            },
            state={"ticked": []},
        )

    def fallback(self):
        checks = [(what, needed, advice) for _, what, needed, advice in (*CHECKS, _ECHO)]
        return table(("what", "needed", "if it is red"), checks, "Before the workshop") + table(
            ("to tick by hand",), [(task,) for task in TASKS], "Only you can know"
        )


def _validate(echo):
    wrong = f"echo must be an address that begins with wss://, got {echo!r}."
    if not isinstance(echo, str):
        raise ValueError(wrong)
    try:
        parts = urlsplit(echo)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(wrong) from error
    if parts.scheme != "wss" or not host or " " in echo:
        raise ValueError(wrong)
    if parts.username is not None or parts.fragment:
        raise ValueError(f"echo must not hold a user name or a fragment (#), got {echo!r}.")
    if _is_local(host.rstrip(".")):
        raise ValueError(f"echo must not be on the reader's own machine, got {echo!r}.")


def _is_local(host):
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        # 127.1 is short for 127.0.0.1.
        return host == "localhost" or host.endswith(".localhost") or host.startswith("127.")
    return address.is_loopback or address.is_unspecified
