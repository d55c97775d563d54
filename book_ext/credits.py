"""Which real data a chapter shows and what it simulates, read from its code; whose the data are.

``course_lib/data/credits.toml`` says who is in a set and on what terms; the loader's documentation
says what it is and how to cite it.
"""

import ast
import functools
import re
import tomllib
from typing import NamedTuple

from course_lib import datasets

from . import editions

_CREDITS = editions.ROOT / "course_lib" / "data" / "credits.toml"
#: Headings of the page, by the field ``where``.
_PLACES = {
    "ships": "Ship with the library",
    "packages": "Carried by other packages",
    "tables": "Typed from published tables",
    "fetched": "Fetched when you ask for them",
}
_TOLD = re.compile(r"```python\n(.*?)```", re.DOTALL)


class Uses(NamedTuple):
    """What a chapter shows: loaders that its cells call, or that it only tells how to call."""

    loaders: set
    optional: set
    simulated: list


@functools.cache
def loaders():
    """All functions of `course_lib.datasets` that give data, with what their documentation says.

    Read from the code, because importing all of it takes seconds.
    """
    texts = {}
    for path in (editions.ROOT / "course_lib" / "datasets").glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name in datasets.__all__:
                texts[node.name] = ast.get_docstring(node)
    return texts


def known():
    """What ``credits.toml`` says."""
    return tomllib.loads(_CREDITS.read_text(encoding="utf-8"))


def uses(text):
    """What the source of a chapter shows, in the order of its cells.

    Parameters
    ----------
    text : str

    Returns
    -------
    Uses
    """
    called, told, simulated = set(), set(), {}
    simulators = known()["simulated"]
    for cell in editions.parsed(text).cells:
        if cell.cell_type != "code":
            told |= {name for code in _TOLD.findall(cell.source) for name in _loaded(code)}
            continue
        called |= _loaded(cell.source)
        names = _names(cell.source)
        drawn = [what for name, what in simulators.items() if name in names]
        drawn += [cell.metadata["simulated"]] if "simulated" in cell.metadata else []
        simulated |= dict.fromkeys(drawn)
    return Uses(called, told - called, list(simulated))


def _loaded(code):
    """Loaders that some code takes from `course_lib.datasets`."""
    names = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and node.module == "course_lib.datasets":
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "datasets":
            names.add(node.attr)
    return names.intersection(loaders())


def _names(code):
    """Functions and classes that some code names: ``f`` of ``f()`` and of ``module.f``."""
    nodes = list(ast.walk(ast.parse(code)))
    names = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return names | {node.id for node in nodes if isinstance(node, ast.Name)}


def table_of_folders():
    """The table and the list in ``course_lib/data/README.md``."""
    sets = [one for one in known()["set"] if one["where"] == "ships"]
    rows = [
        (
            one["folder"],
            ", ".join(f"`{name}`" for name in one["loaders"]),
            *(one[field] for field in ("origin", "license", "changed")),
        )
        for one in sets
    ]
    head = ("folder", "loader", "origin (repository @ commit, path)", "license", "what was changed")
    to_cite = "\n".join(_wrapped(f"- {documented(one)[1]}") for one in sets)
    return f"{markdown_table(head, rows)}\n\n## To cite\n\n{to_cite}"


def real_and_simulated():
    """The table of the introduction."""
    rows = []
    for name, text in editions.in_order():
        shown = uses(text)
        real = [
            f"{one['name']} ({one['size']})"
            + ("" if shown.loaders.intersection(one["loaders"]) else ", fetched if you like")
            for one in known()["set"]
            if (shown.loaders | shown.optional).intersection(one["loaders"])
        ]
        link = f"[{editions.title(text)}]({name}.md)"
        rows.append((link, "; ".join(real) or "–", "; ".join(shown.simulated) or "–"))
    return markdown_table(("chapter", "real", "simulated"), rows)


def sections():
    """The page "Data and credits", one section a set."""
    chapters = [(name, editions.title(text), uses(text)) for name, text in editions.in_order()]
    parts = []
    for place, heading in _PLACES.items():
        parts.append(f"## {heading}")
        for one in (s for s in known()["set"] if s["where"] == place):
            what, cite = documented(one)
            users = [
                f"[{title}]({name}.md)"
                for name, title, shown in chapters
                if (shown.loaders | shown.optional).intersection(one["loaders"])
            ]
            names = ", ".join(f"`datasets.{name}`" for name in one["loaders"])
            facts = {
                "Who": one["who"],
                "License": one["license"],
                "Origin": one["origin"],
                "Changed": one.get("changed"),
                "To cite": cite,
                "Loader": names,
                "Chapters": ", ".join(users) or "none",
            }
            parts.append(f"### {one['name'][0].upper()}{one['name'][1:]}\n\n{_wrapped(what)}")
            lines = (_wrapped(f"- **{key}:** {fact}") for key, fact in facts.items() if fact)
            parts.append("\n".join(lines))
    return "\n\n".join(parts)


def documented(one):
    """What a set is and how to cite it, from the documentation of its loader."""
    what, _, rest = loaders()[one["loaders"][0]].partition("\n")
    _, _, cite = rest.partition("References\n----------\n")
    return what, " ".join(cite.split()).removesuffix(".")


def _wrapped(text):
    """A paragraph or an item of a list in lines of 80 columns; code and links stay whole."""
    lines, words = [], re.findall(r"(?:`[^`]*`|\[[^]]*\]\([^)]*\)|\S)+", text)
    for word in words:
        if lines and len(lines[-1]) + 1 + len(word) <= 80:
            lines[-1] += f" {word}"
        else:
            lines.append(f"  {word}" if lines and text.startswith("- ") else word)
    return "\n".join(lines)


def markdown_table(head, rows):
    """Rows of text as a table of Markdown."""
    rows = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)
