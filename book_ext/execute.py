"""Run chapters, each once, and keep the outputs until something that they depend on changes.

They depend on the code of the chapter's cells, in the order in which it runs; on the files of the
project that the kernel opened; on the versions of the packages that it used; and on `kernel`,
which runs it. They do not depend on prose, titles, alt text, and how a cell is shown: these come
from the source of the day, and the kept outputs are put into its cells. The scripts of widgets and
the questions of quizzes are put into the outputs then, too.
"""

import contextlib
import copy
import functools
import hashlib
import importlib.metadata
import json
import platform
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import CellExecutionError, CellTimeoutError

from . import comparison, editions, front_ends, kernel, nursery, quizzes

CACHE = editions.ROOT / "_build" / "executed"
_CHAPTERS_AT_ONCE = 2
#: Files that every chapter opens and whose change changes no output: a lazy table says only in
#: which module a name stands, and that module is noted when it is imported.
#: ``tests/test_editions.py`` holds them to it.
REGISTRIES = ("course_lib/datasets/__init__.py", "course_lib/widgets/__init__.py")


class ChapterError(Exception):
    """A chapter cannot be executed; the message names chapter and cell."""


def executed(path, text=None):
    """The executed notebook of one chapter, from the cache or by running it."""
    text = path.read_text(encoding="utf-8") if text is None else text
    return stored(path, text) or run(path, text)


def stored(path, text=None):
    """The chapter with its kept outputs, or None if anything that they depend on has changed."""
    text = path.read_text(encoding="utf-8") if text is None else text
    kept = _kept(path)
    notebook = plan(path, text)
    if kept.get("made_from") != _as_now(kept.get("made_from"), notebook):
        return None
    try:
        _fill(notebook, kept["cells"])
    except KeyError:
        # A front end was renamed.
        return None
    except ValueError as error:
        raise ChapterError(f"{editions.chapter_name(path)}: {error}") from error
    _inspect(editions.chapter_name(path), notebook)
    return notebook


def _fill(notebook, results):
    texts = front_ends.texts()
    for cell, result in zip(_code(notebook), results, strict=True):
        quizzes.renew(cell.source, result["outputs"])
        front_ends.over_html(lambda html: front_ends.filled(html, texts), result["outputs"])
        cell.update(nbformat.from_dict(result))


def _kept(path):
    file = place(path)
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def plan(path, text):
    """A chapter's cells in the order in which they run, without outputs."""
    try:
        return editions.execution_plan(editions.parsed(text))
    except ValueError as error:
        raise ChapterError(f"{editions.chapter_name(path)}: {error}") from error


def _as_now(made_from, notebook):
    """What a kept execution would be made from today."""
    if made_from is None:
        return ()
    return {
        "code": _code_digest(notebook),
        "files": {
            name: known if quizzes.is_part(name) else digest(name)
            for name, known in made_from["files"].items()
        },
        "packages": {name: _version(name) for name in made_from["packages"]},
    }


def _code_digest(notebook):
    """Of everything that decides what the kernel is told to do, and by whom."""
    cells = [
        [cell.source, sorted(editions.tags(cell) & kernel.TAGS_THAT_COUNT)]
        for cell in _code(notebook)
    ]
    digest = hashlib.sha256(json.dumps(cells).encode())
    for path in kernel.MACHINERY:
        digest.update(path.read_bytes())
    digest.update(f"{platform.python_version()} {platform.machine()}".encode())
    return digest.hexdigest()


def _code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def digest(name):
    """Of a file below the root, or None where there is none."""
    path = editions.ROOT / name
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


@functools.cache
def _version(distribution):
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


@functools.cache
def _distributions():
    return importlib.metadata.packages_distributions()


def project_files():
    """Digest of every file that a chapter may open, by its path below the root."""
    folders = [f for f in editions.ROOT.iterdir() if f.is_dir() and f.name[0] not in "._"]
    files = (file for folder in folders for file in folder.rglob("*") if file.suffix != ".pyc")
    names = (file.relative_to(editions.ROOT).as_posix() for file in files if file.is_file())
    return {name: digest(name) for name in names}


def run_all(paths, say=print):
    """Execute the chapters that need it, two at a time, the longest first; print a line for each.

    Raises
    ------
    ChapterError
        Naming every chapter that failed, and the cell.
    """
    errors = []
    start = time.monotonic()
    needed = []
    for path in longest_first(paths):
        try:
            if stored(path) is None:
                needed.append(path)
        except ChapterError as error:
            errors.append(str(error))
            say(f"{editions.chapter_name(path):28} FAILED")
    with _kernels(len(needed)) as manager, ThreadPoolExecutor(_CHAPTERS_AT_ONCE) as pool:
        jobs = {pool.submit(_timed, path, manager): path for path in needed}
        for done, job in enumerate(as_completed(jobs), start=1):
            what = f"[{done:2}/{len(needed)}] {editions.chapter_name(jobs[job]):28}"
            try:
                say(f"{what} {job.result():6.1f} s")
            except ChapterError as error:
                errors.append(str(error))
                say(f"{what} FAILED")
    seconds = time.monotonic() - start
    say(f"{len(needed)} of {len(paths)} chapters executed in {seconds:.0f} s")
    if errors:
        raise ChapterError("\n".join(errors))


def longest_first(paths):
    """So that no long chapter starts last and ends alone.

    A chapter that never ran here takes the ``seconds`` that its front matter guesses.
    """

    def seconds(path):
        guess = editions.front_matter(path.read_text(encoding="utf-8")).get("seconds", 0)
        return _kept(path).get("seconds", guess)

    return sorted(paths, key=seconds, reverse=True)


@contextlib.contextmanager
def _kernels(number):
    """The class that starts the kernels of so many chapters."""
    if number > _CHAPTERS_AT_ONCE and sys.platform == "linux":
        with nursery.Nursery(kernel.environment(editions.ROOT)) as started:
            yield started.manager
    else:
        yield AsyncKernelManager


def _timed(path, manager):
    start = time.monotonic()
    run(path, path.read_text(encoding="utf-8"), manager)
    return time.monotonic() - start


def run(path, text, manager=AsyncKernelManager):
    """Execute a chapter in a kernel that a `manager` starts, and keep its outputs."""
    name = editions.chapter_name(path)
    notebook = plan(path, text)
    # Before the run: what is edited during it belongs to the next one.
    code, project, texts = _code_digest(notebook), project_files(), front_ends.texts()
    start = time.monotonic()
    try:
        files, packages = kernel.run(notebook, path.parent, editions.ROOT, manager)
    # A kernel that dies, or does not answer when it starts, is a RuntimeError.
    except (CellExecutionError, CellTimeoutError, RuntimeError) as error:
        raise ChapterError(_failure(name, notebook, error)) from error
    _inspect(name, notebook)
    opened = {Path(file).relative_to(editions.ROOT).as_posix() for file in files}
    # What pip wrote beside the library says nothing of what a chapter computes.
    opened = {file for file in opened if ".egg-info/" not in file}
    opened -= set(REGISTRIES)
    if front_ends.texts() == texts:
        opened -= set(texts)
    distributions = {d for package in packages for d in _distributions().get(package, ())}
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    for cell in _code(notebook):
        front_ends.over_html(front_ends.on_page, cell.outputs)
    outputs = [copy.deepcopy(cell.outputs) for cell in _code(notebook)]
    for each in outputs:
        front_ends.over_html(lambda html: front_ends.named(html, texts), each)
    kept = {
        "made_from": {
            "code": code,
            # A file that the run itself wrote is not what it was made from.
            "files": {f: project[f] for f in sorted(opened & set(project))},
            "packages": {d: _version(d) for d in sorted(distributions)},
        },
        "seconds": round(time.monotonic() - start, 1),
        "cells": [
            {"execution_count": cell.execution_count, "outputs": each}
            for cell, each in zip(_code(notebook), outputs, strict=True)
        ],
    }
    editions.replace_file(place(path), json.dumps(kept, ensure_ascii=False))
    return notebook


def place(path):
    """The file that keeps a chapter's outputs."""
    name = editions.chapter_name(path).replace("/", "--")
    return CACHE / f"{name}.json"


def _where(name, cells, index):
    line = next(iter(cells[index].source.strip().splitlines()), "")
    number = sum(cell.cell_type == "code" for cell in cells[: index + 1])
    return f"{name}, code cell {number} (`{line[:60]}`)"


def _failure(name, notebook, error):
    for index, cell in enumerate(notebook.cells):
        if any(output.output_type == "error" for output in cell.get("outputs", [])):
            return f"{_where(name, notebook.cells, index)}: {error.ename}: {error.evalue}"
    return f"{name}: {error}"


def _inspect(name, notebook):
    """A chapter must be quiet, and its solutions must pass their checks."""
    for index, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                raise ChapterError(
                    f"{_where(name, notebook.cells, index)}: writes to stderr: {output.text[:300]}"
                )
            # A figure that cannot be drawn fails after its cell has ended well.
            if output.output_type == "error":
                raise ChapterError(
                    f"{_where(name, notebook.cells, index)}: {output.ename}: {output.evalue}"
                )
        if "check" in editions.tags(cell) and "book" in cell.metadata.editions:
            shown = "".join(o.get("data", {}).get("text/plain", "") for o in cell.outputs)
            if "correct." not in shown or "incorrect" in shown:
                raise ChapterError(
                    f"{_where(name, notebook.cells, index)}: the solution fails its check: {shown}"
                )


def outdated_editions(paths, repositories=None):
    """Path and right text of every student edition whose file is not what its source gives.

    A file is right with any of the `repositories` in its install cell; by default with the one
    in force alone. Its numbers are right within the tolerances that the cells state.

    Raises
    ------
    ChapterError
        Naming chapter and cell, if a tolerance is too wide to prove anything.
    """
    repositories = repositories or editions.repositories()[:1]
    outdated = []
    for path in paths:
        text = path.read_text(encoding="utf-8")
        name = editions.chapter_name(path)
        notebook = executed(path, text)
        target = path.with_suffix(".ipynb")
        now = target.read_text(encoding="utf-8") if target.is_file() else ""
        kept = editions.read_edition(now)
        packages = editions.front_matter(text).get("colab", [])
        right = [
            editions.with_kept_outputs(
                editions.student_edition(notebook, name, packages, repository), kept
            )
            for repository in repositories
        ]
        _inspect_tolerances(name, right[0])
        texts = [editions.writes(edition) for edition in right]
        if now not in texts:
            outdated.append((target, texts[0]))
    return outdated


def _inspect_tolerances(name, edition):
    # The first cell is the edition's own, and does not count in the source.
    cells = edition.cells[1:]
    for index, cell in enumerate(cells):
        if cell.cell_type == "code" and (refusal := comparison.refusal(cell)):
            raise ChapterError(f"{_where(name, cells, index)}: {refusal}")


def clean_up(paths):
    """Delete executions of chapters that no longer exist."""
    places = {place(path) for path in paths}
    for kept in CACHE.glob("*"):
        if kept not in places:
            kept.unlink()
