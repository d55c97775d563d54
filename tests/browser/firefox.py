"""Firefox as its makers ship it, by WebDriver BiDi (https://w3c.github.io/webdriver-bidi/).

Playwright drives a Firefox of its own alone; this one needs no driver beside it.
"""

import contextlib
import itertools
import json
import shutil
import subprocess
import time
from urllib.parse import urlsplit

from websockets.sync.client import connect

#: Debian's, everybody else's
_NAMES = ("firefox-esr", "firefox")
#: Python has to load, on a machine that may be busy.
_PATIENCE_S = 60
_KEYS = {"\n": "\ue007", "Control": "\ue009", "End": "\ue010", "Home": "\ue011"}
_SCHEME = "layout.css.prefers-color-scheme.content-override"
_SCHEMES = {"dark": 0, "light": 1}
#: Everything outside is asked of a proxy that is not there.
_PROXY = {"type": 1, "socks": "127.0.0.1", "socks_port": 9}
_PREFERENCES = {_SCHEME: 1} | {f"network.proxy.{name}": value for name, value in _PROXY.items()}
_TOLD = ["log.entryAdded", "network.beforeRequestSent", "network.responseCompleted"]


def program():
    """Where Firefox lies, or None."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


@contextlib.contextmanager
def running(path, profile):
    """A Firefox with a new profile in that folder, until the block ends."""
    wanted = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in _PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(wanted), encoding="utf-8")
    options = ["--headless", "--no-remote", "--remote-debugging-port=0", "--profile", profile]
    with (
        open(profile / "said.txt", "w", encoding="utf-8") as said,
        # Preferences of a profile that runs are the system's.
        subprocess.Popen([path, *options, "--remote-allow-system-access"], stderr=said) as process,
    ):
        try:
            with connect(_address(profile), max_size=None, proxy=None) as socket:
                yield Firefox(socket)
        finally:
            process.kill()


def _address(profile):
    for _ in range(_PATIENCE_S * 10):
        with contextlib.suppress(OSError, ValueError):
            at = json.loads((profile / "WebDriverBiDiServer.json").read_text(encoding="utf-8"))
            return f"ws://{at['ws_host']}:{at['ws_port']}/session"
        time.sleep(0.1)
    raise RuntimeError(f"Firefox does not start: {(profile / 'said.txt').read_text()[-2000:]}")


class Firefox:
    """The way to a running Firefox; ``told`` are its events so far."""

    def __init__(self, socket):
        self._socket, self._numbers, self.told = socket, itertools.count(), []
        self.call("session.new", capabilities={})
        self.call("session.subscribe", events=_TOLD)

    def call(self, method, **parameters):
        """What it answers to a command."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while (said := json.loads(self._socket.recv(_PATIENCE_S))).get("id") != number:
            self.told.append(said)
        if said["type"] == "error":
            raise RuntimeError(f"{method}: {said['message']}")
        return said["result"]

    def prefer(self, scheme):
        """Let the system be "dark" or "light" from now on."""
        window = self.call("browsingContext.getTree", **{"moz:scope": "chrome"})["contexts"][0]
        change = f"Services.prefs.setIntPref('{_SCHEME}', {_SCHEMES[scheme]})"
        target = {"context": window["context"]}
        self.call("script.evaluate", expression=change, target=target, awaitPromise=False)


class Page:
    """A tab with a storage of its own."""

    def __init__(self, firefox, width):
        self._call, self._told = firefox.call, firefox.told
        self._storage = self._call("browser.createUserContext")
        self._tab = self._call("browsingContext.create", type="tab", **self._storage)
        size = {"width": width, "height": 900}
        self._call("browsingContext.setViewport", viewport=size, **self._tab)

    def open(self, address):
        self._call("browsingContext.navigate", url=address, wait="complete", **self._tab)
        # Of a busy machine it is sometimes answered too early.
        self.wait_for("document.readyState === 'complete'")

    def evaluate(self, expression):
        """The value of JavaScript, or what it promises, as JSON knows it."""
        source = f"(async () => JSON.stringify(await ({expression})) ?? 'null')()"
        found = self._call(
            "script.evaluate", expression=source, target=self._tab, awaitPromise=True
        )
        assert found["type"] == "success", f"{found['exceptionDetails']['text']}: {expression}"
        return json.loads(found["result"]["value"])

    def wait_for(self, expression):
        """Wait until it is true."""
        end = time.monotonic() + _PATIENCE_S
        while not self.evaluate(f"Boolean({expression})"):
            assert time.monotonic() < end, f"waited in vain: {expression}"
            time.sleep(0.02)

    def press(self, *keys, together=False):
        """Press keys one after the other, or together, where the focus is."""
        steps = []
        for chord in [keys] if together else [[key] for key in keys]:
            values = [_KEYS.get(key, key) for key in chord]
            steps += [{"type": "keyDown", "value": value} for value in values]
            steps += [{"type": "keyUp", "value": value} for value in reversed(values)]
        keyboard = {"type": "key", "id": "keyboard", "actions": steps}
        self._call("input.performActions", actions=[keyboard], **self._tab)

    @property
    def problems(self):
        """Errors of scripts and on the console, files that are not there, outside addresses."""
        found = []
        for told in (event["params"] for event in self._told):
            if (
                told.get("level") == "error"
                and told["source"].get("context") == self._tab["context"]
            ):
                found.append(told["text"])
            if told.get("context") == self._tab["context"]:
                url = urlsplit(told["request"]["url"])
                is_lost = told.get("response", {}).get("status", 0) >= 400
                found += [url.geturl()] * (is_lost or url.hostname not in ("127.0.0.1", None))
        return found

    def close(self):
        self._call("browser.removeUserContext", **self._storage)
