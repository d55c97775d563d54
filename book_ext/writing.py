"""``make write``: the page of a chapter in a browser, made again whenever its source is saved."""

import functools
import logging
import webbrowser

import uvicorn
from sphinx_autobuild.filter import IgnoreFilter
from sphinx_autobuild.middleware import JavascriptInjectorMiddleware
from sphinx_autobuild.server import RebuildServer
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, WebSocketRoute
from starlette.staticfiles import StaticFiles

from . import editions, pages

# Chapters' notebooks are written by the build itself.
_IGNORED = [r"__pycache__", r"\.ipynb$", r"\.(part|swp|tmp)$", r"~$", r"/\.[^/]*$"]


def serve(name, make, port):
    """Serve the page and reload it after each ``make()``, which builds it in another process."""
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
    place = f"127.0.0.1:{port}"
    watched = [editions.ROOT / folder for folder in ("chapters", "course_lib", "static")]
    watcher = RebuildServer(watched, IgnoreFilter([], _IGNORED), functools.partial(_again, make))
    app = Starlette(
        routes=[
            WebSocketRoute("/websocket-reload", watcher),
            Mount("/", app=StaticFiles(directory=pages.HTML, html=True)),
        ],
        middleware=[Middleware(JavascriptInjectorMiddleware, ws_url=place)],
        lifespan=watcher.lifespan,
    )
    address = f"http://{place}/chapters/{name}.html"
    print(f"{address}  (Ctrl+C stops)", flush=True)
    webbrowser.open(address)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


def _again(make, changed_paths):
    names = sorted({path.relative_to(editions.ROOT).as_posix() for path in changed_paths})
    print(f"changed: {', '.join(names)}", flush=True)
    make()
