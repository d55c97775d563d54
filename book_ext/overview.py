"""Parts of files that say what other files hold: they are written, and never go out of date."""

import ast
import hashlib
import re
from collections import Counter

from . import credits, editions

_HEADER = ("chapter", "science", "exercises and quiz", "tests", "benchmarks")
#: What serves every chapter is nobody's science.
_COMMON = {"datasets", "exercises", "figures", "widgets"}
#: A module that more chapters import stands only in the chapter of its name.
_MANY = 4


_READ = ("*.md", "*.toml", "chapters", "course_lib", "tests", "benchmarks", "book_ext")
_KNOWN = editions.ROOT / "_build" / "tables.txt"


def is_known():
    """Whether the tables were written from the files as they are; making them takes a second."""
    return _KNOWN.is_file() and _KNOWN.read_text("utf-8") == _digest()


def remember():
    """The tables are right for the files as they are."""
    _KNOWN.parent.mkdir(exist_ok=True)
    editions.replace_file(_KNOWN, _digest())


def _digest():
    """Of every file that a table may say something of."""
    digest = hashlib.sha256()
    for pattern in _READ:
        for top in sorted(editions.ROOT.glob(pattern)):
            for file in sorted(top.rglob("*")) if top.is_dir() else [top]:
                if file.suffix in (".md", ".py", ".toml"):
                    digest.update(f"{file.relative_to(editions.ROOT)}\n".encode())
                    digest.update(file.read_bytes())
    return digest.hexdigest()


def outdated():
    """Files whose generated parts are not what the other files say, with the text that is right."""
    for name in WRITTEN:
        path = _path(name)
        if not path.is_file():
            continue  # a small book of its own has no such page
        text = path.read_text(encoding="utf-8")
        right = with_parts(name, text)
        if right != text:
            yield path, right


def with_parts(name, text):
    """The text of a file with its generated parts as the other files give them.

    A part begins with ``<!-- its name: `make notebooks` writes this -->`` and ends with
    ``<!-- end -->``.
    """
    for part, written in WRITTEN[name].items():
        block = re.compile(
            rf"(<!-- {part}: `make notebooks` writes this -->\n).*?(?=<!-- end -->)", re.S
        )
        text, times = block.subn(lambda found, w=written: f"{found[1]}\n{w()}\n\n", text)
        if times != 1:
            raise ValueError(f"{name} must hold the part {part!r} once, not {times} times.")
    return text


def _chapters():
    sources = dict(editions.in_order())
    uses = {name: _imported(_code(text)) - _COMMON for name, text in sources.items()}
    counts = Counter(module for modules in uses.values() for module in modules)
    rows = []
    for name, modules in uses.items():
        science = sorted(m for m in modules if counts[m] <= _MANY or m == name)
        own = {key.partition(".")[0] for key in editions.exercise_cells(sources[name])}
        own |= set(re.findall(r'Quiz\("(\w+)"\)', sources[name]))
        tests = sorted(
            f"test_{m}" for m in {*science, *own} if _path(f"tests/test_{m}.py").is_file()
        )
        topics = {*science, *name.split("/")}
        benchmarks = sorted(
            path.stem
            for path in _path("benchmarks").glob("bench_*.py")
            if path.stem.removeprefix("bench_") in topics
        )
        cells = (
            ", ".join(f"`{c}`" for c in cell) for cell in (science, sorted(own), tests, benchmarks)
        )
        rows.append((f"`{name}`", *cells))
    return credits.markdown_table(_HEADER, rows)


def _path(name):
    return editions.ROOT / name


def _code(text):
    cells = editions.parsed(text).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "code")


def _imported(code):
    """Modules of the library, the first name below it."""
    names = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and node.module == "course_lib":
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("course_lib."):
            names.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            names.update(
                a.name.split(".")[1] for a in node.names if a.name.startswith("course_lib.")
            )
    return {name for name in names if list(_path("course_lib").glob(f"{name}*")) and name[0] != "_"}


#: Files, and what is written into each of their parts.
WRITTEN = {
    "CONTRIBUTING.md": {"chapters": _chapters},
    "chapters/intro.md": {"real and simulated": credits.real_and_simulated},
    "chapters/credits.md": {"data": credits.sections},
    "course_lib/data/README.md": {"data": credits.table_of_folders},
}
