"""What the Makefile runs, e.g. ``python -m book_ext chapter roc``."""

import argparse
import functools
import http.server
import subprocess
import sys
import webbrowser
from pathlib import Path

from . import editions, execute, live, offline, overview, pages, takeaway

_say = functools.partial(print, flush=True)


def _execute_chapters():
    paths = editions.chapter_files()
    execute.clean_up(paths)
    execute.run_all(paths, _say)
    return paths


def _write_editions(paths):
    for path, text in execute.outdated_editions(paths):
        editions.replace_file(path, text)
        _say(f"wrote {path.relative_to(editions.ROOT)}")


def notebooks():
    """Execute what changed and write the student editions."""
    paths = _execute_chapters()
    _write_editions(paths)
    _table_if_needed()
    _say(f"{len(paths)} student editions are up to date.")


def table():
    """Write the tables that say what other files hold: of chapters, and of real data."""
    for path, text in overview.outdated():
        editions.replace_file(path, text)
        _say(f"wrote {path.relative_to(editions.ROOT)}")
    overview.remember()


def prose():
    """Write anew the text that L6 learns from: its numbers change, so it is done by hand."""
    from . import prose as text

    sentences, words = text.write()
    _say(f"{sentences:,} sentences, {words:,} words")


def _table_if_needed():
    if not overview.is_known():
        table()


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
    pages.build()
    _say(f"The book: {(pages.HTML / 'index.html').as_uri()}")


def chapter(path):
    """Execute one chapter if its code changed, write its student edition, build its page alone."""
    name = editions.chapter_name(path)
    if execute.stored(path) is None:
        execute.run_all([path], _say)
    _write_editions([path])
    pages.build(name)
    _say(f"The page: {pages.address(name)}")


def write(path, port):
    """Build a chapter's page and show it; again whenever a file that it is made from is saved."""
    from . import writing

    make = functools.partial(_try_chapter, path)
    make()
    writing.serve(editions.chapter_name(path), make, port)


def new_chapter(name):
    """Write the files of a new chapter, with blanks that say FILL IN."""
    from . import scaffolding

    try:
        written = scaffolding.new_chapter(name)
    except ValueError as error:
        sys.exit(str(error))
    for path in written:
        _say(f"wrote {path.relative_to(editions.ROOT)}")
    _say(f"Fill in what says FILL IN; see the page by `make write NAME={name}`.")


def _try_chapter(path):
    try:
        chapter(path)
    except (execute.ChapterError, pages.BuildError) as error:
        _say(error)


def lab():
    """Open the student notebooks in JupyterLab: copies, which are the student's own."""
    folder = editions.work_folder(_say)
    jupyter = Path(sys.executable).with_name("jupyter")
    # JupyterLab runs no script of a notebook that it does not trust, such as those of widgets.
    subprocess.run([jupyter, "trust", *folder.rglob("*.ipynb")], check=False, capture_output=True)
    subprocess.run([jupyter, "lab", folder], check=False)


def release(version):
    """Write a version wherever it stands, pin links to its tag, commit and tag."""
    from . import release as releasing

    try:
        tag = releasing.release(version)
    except releasing.ReleaseError as error:
        sys.exit(f"Nothing was released. {error}")
    _say(f"Committed and tagged {tag}. To publish it: git push origin HEAD {tag}")
    _say(
        f"Notebooks and Colab links now stay with {tag}; back to a branch: `repository: branch` in"
    )
    _say("_config.yml, then `make notebooks` and `python examples/make_notebook.py`.")


def take_away():
    """Make a PDF, an EPUB, a zip and sheets from the built book, and offer them on a page of it."""
    made_from = pages.made_from()
    if not made_from:
        sys.exit("There is no whole book yet: run `make book`.")
    if not takeaway.is_made(pages.HTML, made_from):
        takeaway.make(pages.HTML, made_from, lambda what: _say(f"made {what}"))
        # The page that offers them is another one now.
        offline.install(pages.HTML)
    _say(f"To take away: {pages.HTML / 'takeaway'}")


def serve(port):
    """Show the built book on this machine."""
    if not (pages.HTML / "index.html").is_file():
        sys.exit("There is no book yet: run `make book`.")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=pages.HTML)
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
    commands = parser.add_subparsers(dest="command", required=True)
    for function in (
        notebooks,
        table,
        prose,
        check,
        book,
        chapter,
        write,
        new_chapter,
        release,
        take_away,
        lab,
        serve,
    ):
        command = commands.add_parser(function.__name__.replace("_", "-"), help=function.__doc__)
        if function in (chapter, write):
            command.add_argument("path", type=_chapter, metavar="NAME", help="e.g. dli/l1_simple")
        if function is new_chapter:
            command.add_argument("name", metavar="NAME", help="e.g. texture or dli/l8_texture")
        if function is release:
            command.add_argument("version", metavar="VERSION", help="e.g. 1.2.0")
        if function in (write, serve):
            command.add_argument("--port", type=int, default=8000)
        command.set_defaults(function=function)
    arguments = vars(parser.parse_args())
    del arguments["command"]
    try:
        arguments.pop("function")(**arguments)
    except execute.ChapterError as error:
        sys.exit(f"A chapter failed.\n{error}")
    except pages.BuildError as error:
        sys.exit(str(error))
    except takeaway.chromium.TakeawayError as error:
        sys.exit(f"Nothing was made to take away. {error}")
    except live.runtime.RegistryError as error:
        sys.exit(f"The Python of the pages cannot be built. {error}")


def _chapter(name):
    try:
        return editions.find_chapter(name)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


if __name__ == "__main__":
    main()
