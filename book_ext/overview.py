"""The table in CONTRIBUTING.md that says where everything of a chapter is."""

import ast
import re
from collections import Counter

from . import editions

_BLOCK = re.compile(
    r"(?<=<!-- chapters: `make notebooks` writes this table -->\n).*?(?=\n\n|\Z)", re.S
)
_HEADER = ("chapter", "science", "exercises and quiz", "tests", "benchmarks")
#: What serves every chapter is nobody's science.
_COMMON = {"datasets", "exercises", "figures", "widgets"}
#: A module that more chapters import stands only in the chapter of its name.
_MANY = 4


def with_table(text):
    """The text of CONTRIBUTING.md with the table as the files give it."""
    return _BLOCK.sub(lambda _: _table(), text)


def _table():
    sources = {name: _source(name) for name in _in_order()}
    uses = {n: _imported(_code(t)) - _COMMON for n, t in sources.items() if editions.is_notebook(t)}
    counts = Counter(module for modules in uses.values() for module in modules)
    rows = [_HEADER, ("---",) * len(_HEADER)]
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
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _source(name):
    return (editions.CHAPTERS / f"{name}.md").read_text(encoding="utf-8")


def _path(name):
    return editions.ROOT / name


def _in_order():
    contents = _path("_toc.yml").read_text(encoding="utf-8")
    return re.findall(r"(?:file|root): chapters/(\S+)", contents)


def _code(text):
    cells = editions.read_source(text).cells
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
