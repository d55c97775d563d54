"""One MyST source, several editions: the book, the student notebook, and what is executed.

A chapter is executed once for all of them. Its cells run in this order, so that one kernel gives
both the student's outputs and the book's::

    exercise (the stub)  ->  check: "not attempted"   (student edition)
    solution             ->  check: "correct"         (book)
"""

import copy
import functools
import hashlib
import importlib.metadata
import itertools
import json
import os
import re
from pathlib import Path

import nbformat
import yaml
from nbformat.v4 import new_code_cell, new_notebook

from course_lib._files import written_whole

from . import comparison

ROOT = Path(__file__).resolve().parents[1]
CHAPTERS = ROOT / "chapters"
_PARSED = ROOT / "_build" / "parsed"
#: Several states of each chapter.
_PARSED_AT_MOST = 200
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
#: The end of a chapter's outline box, and what it says.
_BOX_END = re.compile(r"^> \*About (?:.+\n> )*.+\*$", re.MULTILINE)
_TIME_AND_NEEDS = re.compile(r"\*About (?P<minutes>\d+) minutes\b.* You need (?P<needs>.+)\.\*")
#: Chapters that are numbered by their names, e.g. ``dli/l1_simple``.
_LAB = re.compile(r"(?:.*/)?(l\d+)_")
_EXERCISE = re.compile(r"^(#+ Exercise)(?=: )", re.MULTILINE)
_LINK_TO_CHAPTER = re.compile(r"(\]\((?!\w+:)[^)#\s]+)\.md(#[^)\s]*)?\)")


def chapter_files(root=CHAPTERS):
    """Sources of all executable chapters, in the order of their names."""
    return [p for p in sorted(root.rglob("*.md")) if is_notebook(p.read_text(encoding="utf-8"))]


def is_notebook(text):
    """Whether the front matter says that this Markdown file has code cells."""
    front = _FRONT_MATTER.match(text)
    return bool(front) and "file_format: mystnb" in front.group()


def front_matter(text):
    """The YAML mapping at the head of a source."""
    front = _FRONT_MATTER.match(text)
    return yaml.safe_load(front.group().strip("-\n")) if front else {}


def body(text):
    """A source without its front matter."""
    return _FRONT_MATTER.sub("", text)


def chapter_name(path):
    """Name of a chapter below ``chapters/``, e.g. ``metrics`` or ``dli/l1_simple``."""
    return Path(path).resolve().relative_to(CHAPTERS).with_suffix("").as_posix()


def in_order():
    """Name and source of every executable chapter, in the order of the contents."""
    contents = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    for name in re.findall(r"(?:file|root): chapters/(\S+)", contents):
        text = (CHAPTERS / f"{name}.md").read_text(encoding="utf-8")
        if is_notebook(text):
            yield name, text


def title(text):
    """The first heading of a source."""
    return re.search(r"^# (.+)$", body(text), re.MULTILINE)[1]


def time_and_needs(text):
    """What the outline box of a chapter ends with.

    Returns
    -------
    (int, str) or None
        Minutes, and what the reader needs, in Markdown; None where the box does not say both.
    """
    end = _BOX_END.search(text)
    said = end and _TIME_AND_NEEDS.fullmatch(" ".join(end[0].removeprefix("> ").split("\n> ")))
    return said and (int(said["minutes"]), said["needs"])


def labels():
    """How each chapter is numbered, in the order of the contents: 1, 2, … or, as named, L1."""
    found, numbers = {}, itertools.count(1)
    for name, _ in in_order():
        lab = _LAB.match(name)
        found[name] = lab[1].upper() if lab else str(next(numbers))
    return found


def exercise_numbers(label):
    """Numbers for the exercises of the chapter with this label, without end: 2.1, 2.2, …"""
    return (f"{label}.{n}" if label else f"{n}" for n in itertools.count(1))


def find_chapter(name):
    """Source of a chapter by its name or the last part of it, e.g. ``l1_simple``.

    Raises
    ------
    ValueError
        If there is no such chapter, or several.
    """
    paths = {chapter_name(path): path for path in chapter_files()}
    wanted = name.removeprefix("chapters/").removesuffix(".md")
    found = [n for n in paths if n == wanted or n.endswith(f"/{wanted}")]
    if len(found) != 1:
        raise ValueError(f"NAME must be a chapter, one of {', '.join(paths)}; got {name!r}.")
    return paths[found[0]]


@functools.lru_cache(maxsize=100)
def parsed(text):
    """MyST text as a notebook without outputs, to look at: all who ask get the same one."""
    made_by = importlib.metadata.version("jupytext")
    digest = hashlib.sha256(f"{made_by} {text}".encode()).hexdigest()
    place = _PARSED / f"{digest}.json"
    if place.is_file():
        return nbformat.from_dict(json.loads(place.read_text(encoding="utf-8")))
    # To import it takes longer than to read what it made before.
    import jupytext

    notebook = jupytext.reads(body(text), fmt="md:myst")
    for cell in notebook.cells:
        cell.metadata.setdefault("tags", [])
    # Every command reads every chapter, and parsing one takes longer than all else that it does.
    if is_notebook(text):
        replace_file(place, json.dumps(notebook))
        for old in sorted(_PARSED.iterdir(), key=_age)[:-_PARSED_AT_MOST]:
            old.unlink(missing_ok=True)
    return notebook


def _age(path):
    return path.stat().st_mtime if path.exists() else 0.0


def tags(cell):
    """The tags of a cell as a set."""
    return set(cell.metadata.get("tags", []))


def execution_plan(source):
    """The cells in the order in which they run, each marked with the editions it belongs to.

    ``cell.metadata.editions`` is a list of ``"book"`` and ``"student"``.
    """
    plan, waiting = [], []
    for cell in source.cells:
        if "solution" in tags(cell):
            waiting.append(_for(cell, "book"))
        elif "check" in tags(cell):
            plan.append(_for(cell, "student"))
            plan += waiting
            plan.append(_for(cell, "book"))
            waiting = []
        else:
            if waiting and cell.cell_type == "code":
                raise ValueError(f"a solution has no check below it: {waiting[0].source[:60]!r}")
            plan.append(_for(cell, "book", "student"))
    if waiting:
        raise ValueError(f"a solution has no check below it: {waiting[0].source[:60]!r}")
    return _notebook(plan)


def _for(cell, *editions):
    cell = copy.deepcopy(cell)
    cell.metadata["editions"] = list(editions)
    cell["id"] = f"{cell.id}-{'-'.join(editions)}"
    return cell


def _notebook(cells):
    notebook = new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


def book_edition(executed):
    """The notebook that readers see: stub, folded solution, passing check."""
    cells = []
    for cell in copy.deepcopy(executed.cells):
        if "book" not in cell.metadata.pop("editions"):
            continue
        if "solution" in tags(cell):
            cell.metadata.tags = [*cell.metadata.tags, "hide-input"]
            cell.metadata["mystnb"] = {"code_prompt_show": "Show a solution"}
        cells.append(cell)
    return _notebook(cells)


_IMPORT_CHECK = "from course_lib.exercises import check"


def student_edition(executed, chapter, extra_packages=(), repository=None):
    """The notebook that students run: no solutions, text outputs, counts as if run once.

    Parameters
    ----------
    executed : NotebookNode
        What `execution_plan` gave, executed.
    chapter : str
    extra_packages : sequence of str
        Packages beyond the library that Colab must install.
    repository : tuple of (url, branch), optional
        Where Colab finds the library; by default the first of `repositories`.
    """
    cells = [_setup_cell(extra_packages, *(repository or repositories()[0]))]
    for cell in copy.deepcopy(executed.cells):
        if "student" in cell.metadata.pop("editions"):
            cells.append(cell)
    seen = {}
    count = 0
    numbers = exercise_numbers(labels().get(chapter))
    for cell in cells:
        cell.metadata = {
            key: cell.metadata[key]
            for key in ("exercise", "tags", "tolerance")
            if cell.metadata.get(key)
        }
        cell["id"] = _stable_id(cell, chapter, seen)
        if cell.cell_type == "markdown":
            cell.source = _LINK_TO_CHAPTER.sub(r"\1.ipynb\2)", cell.source)
            cell.source = _EXERCISE.sub(lambda found: f"{found[1]} {next(numbers)}", cell.source)
            continue
        if "check" in tags(cell) and _IMPORT_CHECK not in cell.source:
            # A student who starts the kernel again may begin anywhere.
            cell.source = f"{_IMPORT_CHECK}\n\n{cell.source}"
        count += 1
        cell.execution_count = count
        # What differs between processors would make the file out of date on the next one.
        differs = "nbval-ignore-output" in tags(cell)
        cell.outputs = [] if differs else [_text_only(output, count) for output in cell.outputs]
    return _notebook(cells)


def read_edition(text):
    """The notebook in the text of a file, or None where a merge has left something else."""
    try:
        return nbformat.reads(text, as_version=4)
    except (ValueError, nbformat.ValidationError):
        return None


def with_kept_outputs(edition, kept):
    """A student edition with the outputs of an earlier one, where the two agree.

    They agree within the tolerance that the cell states now. So an edition that another processor
    wrote stays as it is, and what is written anew differs only where something changed. Numbers
    from a machine of another kind may differ more, see `comparison`; the first to write an edition
    is its reference, until somebody deletes it.

    Parameters
    ----------
    edition : NotebookNode
    kept : NotebookNode or None
        The edition that lies in the repository.
    """
    old = {cell.get("id"): cell for cell in kept.cells} if kept else {}
    edition = copy.deepcopy(edition)
    by = comparison.written_by(kept or edition)
    edition.metadata["arithmetic"] = by
    for cell in edition.cells:
        was = old.get(cell["id"])
        if cell.cell_type == "code" and was and was.source == cell.source:
            tolerance = comparison.stated(cell, by)
            cell.outputs = comparison.reconciled(cell.outputs, was.outputs, tolerance)
    return edition


def _text_only(output, count):
    """Drop pictures and HTML; their text form says what was there."""
    output = copy.deepcopy(output)
    if output.output_type in ("display_data", "execute_result"):
        output.data = {"text/plain": output.data["text/plain"]}
        output.metadata = {}
    if output.output_type == "execute_result":
        output.execution_count = count
    return output


def _stable_id(cell, chapter, seen):
    """An id that survives changes elsewhere in the chapter."""
    exercise = cell.metadata.get("exercise")
    if exercise:
        name = "exercise-" + exercise.replace(".", "-")
    elif "setup-colab" in tags(cell):
        name = "setup-colab"
    else:
        digest = hashlib.sha256(f"{chapter}\n{cell.source}".encode()).hexdigest()
        name = f"{cell.cell_type}-{digest[:12]}"
    seen[name] = seen.get(name, 0) + 1
    return name if seen[name] == 1 else f"{name}-{seen[name]}"


def settings():
    """What `_config.yml` says; not to be changed."""
    return _yaml((ROOT / "_config.yml").read_text(encoding="utf-8"))


def contents():
    """What `_toc.yml` says; not to be changed."""
    return _yaml((ROOT / "_toc.yml").read_text(encoding="utf-8"))


# Every page asks for the settings, and reading YAML is slow.
_yaml = functools.lru_cache(yaml.safe_load)


def repositories():
    """Address and branch of the repository, the one in force first.

    In a fork's workflow that is the fork, by ``GITHUB_REPOSITORY``; the address in ``_config.yml``
    comes second. Elsewhere there is only the latter.
    """
    repository = settings()["repository"]
    fork = os.environ.get("GITHUB_REPOSITORY")
    urls = [f"https://github.com/{fork}"] if fork else []
    return [(url, repository["branch"]) for url in [*urls, repository["url"].rstrip("/")]]


def _setup_cell(extra_packages, url, branch):
    extra = "".join(f" {package}" for package in extra_packages)
    return new_code_cell(
        "# Google Colab: install the course library, leaving numpy and torch as they are.\n"
        "# Anywhere else this cell finds the library and does nothing.\n"
        "# To keep your answers there: File > Save a copy in Drive, before you start.\n"
        "import importlib.util\n"
        "import os\n\n"
        'if importlib.util.find_spec("course_lib") is None:\n'
        f'    library = os.environ.get("COURSE_LIB", "git+{url}@{branch}")\n'
        f"    %pip install --quiet --no-deps {{library}}{extra}\n"
        "    importlib.invalidate_caches()\n"
        '    if importlib.util.find_spec("course_lib") is None:\n'
        '        print(f"The course library could not be installed from {library}:",\n'
        '              "ask your instructor where it is.")',
        metadata={"tags": ["setup-colab"]},
    )


def writes(notebook):
    """The bytes of a notebook file: the same notebook gives the same text."""
    return nbformat.writes(notebook, version=4) + "\n"


def exercise_cells(text):
    """Stub and solution of every exercise of a source.

    Returns
    -------
    dict
        From exercise id to ``{"stub": code, "solution": code}``.
    """
    cells = {}
    current = None
    for cell in parsed(text).cells:
        if "exercise" in tags(cell):
            current = cell.metadata.get("exercise")
            cells[current] = {"stub": cell.source}
        elif "solution" in tags(cell):
            cells[current]["solution"] = cell.source
    return cells


def work_folder(say=print, source=CHAPTERS, work=ROOT / "work"):
    """The folder with a student's copies of the notebooks; a copy that is there stays as it is."""
    for notebook in sorted(source.rglob("*.ipynb")):
        name = notebook.relative_to(source)
        if ".ipynb_checkpoints" in name.parts:
            continue
        if not (work / name).exists():
            replace_file(work / name, notebook.read_text(encoding="utf-8"))
        elif notebook.stat().st_mtime > (work / name).stat().st_mtime:
            say(f"work/{name.as_posix()} is older than the chapter; delete it to begin anew.")
    return work


def replace_file(path, text):
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
