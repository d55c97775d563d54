"""Run chapters, each once, and keep the result until something that it was made from changes."""

import hashlib
import os
import platform
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from . import editions

CACHE = editions.ROOT / "_build" / "executed"
_TIMEOUT_S = 900
_CHAPTERS_AT_ONCE = 2


class ChapterError(Exception):
    """A chapter cannot be executed; the message names chapter and cell."""


def executed(path, text=None):
    """The executed notebook of one chapter, from the cache or by running it."""
    text = path.read_text(encoding="utf-8") if text is None else text
    return stored(path, text) or run(path, text)


def stored(path, text):
    """The kept execution of a chapter, or None if anything that it was made from has changed.

    It was made from its source, the machinery, the versions, and the files of the library that
    its kernel opened.
    """
    file = _place(path)
    if not file.is_file():
        return None
    notebook = nbformat.read(file, as_version=4)
    made_from = notebook.metadata.pop("made_from")
    library = {name: _digest(name) for name in made_from["library"]}
    return notebook if made_from == {"source": _fingerprint(text), "library": library} else None


def _fingerprint(text):
    digest = hashlib.sha256(text.encode())
    machinery = sorted(editions.ROOT.glob("book_ext/*.py"))
    for path in (*machinery, editions.ROOT / "constraints.txt"):
        digest.update(path.read_bytes())
    digest.update(f"{platform.python_version()} {platform.machine()}".encode())
    return digest.hexdigest()


def _digest(name):
    path = editions.ROOT / name
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def _library():
    """Digest of every file of the library, by its path below the root."""
    files = (path for path in editions.ROOT.glob("course_lib/**/*") if path.suffix != ".pyc")
    names = (path.relative_to(editions.ROOT).as_posix() for path in files if path.is_file())
    return {name: _digest(name) for name in names}


def run_all(paths, say=print):
    """Execute the chapters that need it, two at a time, and print a line for each.

    Raises
    ------
    ChapterError
        Naming every chapter that failed, and the cell.
    """
    errors = []
    start = time.monotonic()
    say(f"{len(paths)} chapters ({_CHAPTERS_AT_ONCE} at a time)")
    with ThreadPoolExecutor(_CHAPTERS_AT_ONCE) as pool:
        jobs = {pool.submit(_run_if_needed, path): path for path in paths}
        for done, job in enumerate(as_completed(jobs), start=1):
            name = editions.chapter_name(jobs[job])
            try:
                cells, seconds = job.result()
            except ChapterError as error:
                errors.append(str(error))
                say(f"[{done:2}/{len(paths)}] {name:28} FAILED")
                continue
            time_spent = "unchanged" if seconds is None else f"{seconds:6.1f} s"
            say(f"[{done:2}/{len(paths)}] {name:28} {time_spent:>10}  {cells:3} cells")
    say(f"executed in {time.monotonic() - start:.0f} s")
    if errors:
        raise ChapterError("\n".join(errors))


def _run_if_needed(path):
    text = path.read_text(encoding="utf-8")
    kept = stored(path, text)
    if kept:
        return _code_cells(kept), None
    start = time.monotonic()
    notebook = run(path, text)
    return _code_cells(notebook), time.monotonic() - start


def run(path, text):
    """Execute a chapter and keep the result."""
    name = editions.chapter_name(path)
    try:
        notebook = editions.execution_plan(editions.read_source(text))
    except ValueError as error:
        raise ChapterError(f"{name}: {error}") from error
    # Before the run: what is edited during it belongs to the next one.
    source, library = _fingerprint(text), _library()
    with tempfile.TemporaryDirectory() as folder:
        noted = Path(folder) / "opened"
        try:
            _execute(notebook, path.parent, noted)
        except CellExecutionError as error:
            raise ChapterError(_failure(name, notebook, error)) from error
        opened = set(noted.read_text(encoding="utf-8").splitlines())
    _inspect(name, notebook)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    used = {path: library[path] for path in sorted(library) if str(editions.ROOT / path) in opened}
    notebook.metadata["made_from"] = {"source": source, "library": used}
    editions.replace_file(_place(path), editions.writes(notebook))
    del notebook.metadata["made_from"]
    return notebook


def _execute(notebook, folder, noted):
    """Run all cells in place; the paths of the library's files that were opened go to `noted`."""
    recorder = Path(__file__).with_name("recorder.py")
    library = str(editions.ROOT / "course_lib")
    # The semicolon keeps the line from showing a result.
    start = (
        f"__import__('runpy').run_path({str(recorder)!r})['record']({library!r}, {str(noted)!r});"
    )
    client = NotebookClient(
        notebook,
        timeout=_TIMEOUT_S,
        # How prints are cut into pieces depends on the clock.
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--log-level=ERROR", f"--IPKernelApp.exec_lines={start}"],
    )
    # One thread a kernel: chapters run side by side, and sums come out in the same order.
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}
    client.execute(env=environment)


def _place(path):
    return CACHE / f"{_flat(editions.chapter_name(path))}.ipynb"


def _flat(name):
    return name.replace("/", "--")


def _code_cells(notebook):
    return sum(cell.cell_type == "code" for cell in notebook.cells)


def _where(name, notebook, index):
    line = next(iter(notebook.cells[index].source.strip().splitlines()), "")
    number = _code_cells(nbformat.from_dict({"cells": notebook.cells[: index + 1]}))
    return f"{name}, code cell {number} (`{line[:60]}`)"


def _failure(name, notebook, error):
    for index, cell in enumerate(notebook.cells):
        if any(output.output_type == "error" for output in cell.get("outputs", [])):
            return f"{_where(name, notebook, index)}: {error.ename}: {error.evalue}"
    return f"{name}: {error}"


def _inspect(name, notebook):
    """A chapter must be quiet, and its solutions must pass their checks."""
    for index, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                raise ChapterError(
                    f"{_where(name, notebook, index)}: writes to stderr: {output.text[:300]}"
                )
        if "check" in editions.tags(cell) and "book" in cell.metadata.editions:
            shown = "".join(o.get("data", {}).get("text/plain", "") for o in cell.outputs)
            if "correct." not in shown or "incorrect" in shown:
                raise ChapterError(
                    f"{_where(name, notebook, index)}: the solution fails its check: {shown}"
                )


def outdated_editions(paths, repositories=None):
    """Path and right text of every student edition whose file is not what its source gives.

    A file is right with any of the `repositories` in its install cell; by default with the one
    in force alone.
    """
    repositories = repositories or editions.repositories()[:1]
    outdated = []
    for path in paths:
        text = path.read_text(encoding="utf-8")
        arguments = (
            executed(path, text),
            editions.chapter_name(path),
            editions.front_matter(text).get("colab", []),
        )
        right = [editions.writes(editions.student_edition(*arguments, r)) for r in repositories]
        target = path.with_suffix(".ipynb")
        if not target.is_file() or target.read_text(encoding="utf-8") not in right:
            outdated.append((target, right[0]))
    return outdated


def clean_up(paths):
    """Delete executions of chapters that no longer exist."""
    names = {_flat(editions.chapter_name(path)) for path in paths}
    for kept in Path(CACHE).glob("*.ipynb"):
        if kept.stem not in names:
            kept.unlink()
