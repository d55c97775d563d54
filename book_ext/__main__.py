"""What the Makefile runs: ``python -m book_ext notebooks | check | book | serve``."""

import argparse
import functools
import http.server
import subprocess
import sys
import webbrowser
from pathlib import Path

from . import editions, execute

HTML = editions.ROOT / "_build" / "html"


def _execute_chapters():
    paths = editions.chapter_files()
    execute.clean_up(paths)
    execute.run_all(paths, functools.partial(print, flush=True))
    return paths


def notebooks():
    """Execute what changed and write the student editions."""
    paths = _execute_chapters()
    for path, text in execute.outdated_editions(paths):
        editions.replace_file(path, text)
        print(f"wrote {path.relative_to(editions.ROOT)}")
    print(f"{len(paths)} student editions are up to date.", flush=True)


def check():
    """Say which student editions differ from their sources; write nothing."""
    paths = _execute_chapters()
    # A fork may have committed its own address or still hold the one it was forked with.
    wrong = execute.outdated_editions(paths, editions.repositories())
    outdated = [path.relative_to(editions.ROOT) for path, _ in wrong]
    if outdated:
        sys.exit(f"Out of date, run `make notebooks`: {', '.join(map(str, outdated))}")


def book():
    """Build the HTML with warnings as errors."""
    notebooks()
    program = Path(sys.executable).with_name("jupyter-book")
    command = [program, "build", editions.ROOT]
    done = subprocess.run([*command, "-n", "-W", "--keep-going", "--all", "-q"], check=False)
    if done.returncode:
        sys.exit("The book was not built; the warnings above are errors here.")
    print(f"The book: {(HTML / 'index.html').as_uri()}")


def serve(port):
    """Show the built book on this machine."""
    if not (HTML / "index.html").is_file():
        sys.exit("There is no book yet: run `make book`.")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=HTML)
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        address = f"http://127.0.0.1:{server.server_port}"
        print(f"{address}  (Ctrl+C stops)", flush=True)
        webbrowser.open(address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


def main():
    parser = argparse.ArgumentParser(prog="python -m book_ext", description=__doc__)
    parser.add_argument("command", choices=["notebooks", "check", "book", "serve"])
    parser.add_argument("--port", type=int, default=8000, help="for serve; 0 takes a free one")
    arguments = parser.parse_args()
    try:
        if arguments.command == "serve":
            serve(arguments.port)
        else:
            {"notebooks": notebooks, "check": check, "book": book}[arguments.command]()
    except execute.ChapterError as error:
        sys.exit(f"A chapter failed.\n{error}")


if __name__ == "__main__":
    main()
