"""Find a student's answers in a notebook, however mangled it is."""

import ast
import builtins
import json
import re
from dataclasses import dataclass, field

MAX_BYTES = 16 << 20
_MAX_SOURCE = 50_000
# What the room provides under these names.
_GIVEN = {"np", "torch", *dir(builtins)}


@dataclass(frozen=True)
class Cell:
    """What matters of a notebook's cell.

    Attributes
    ----------
    source : str
    is_code : bool
    marks : tuple of str
        The exercise that its metadata names, then the one that nbgrader's id names.
    """

    source: str
    is_code: bool
    marks: tuple[str, str]


@dataclass(frozen=True)
class Found:
    """The answer to one exercise.

    Attributes
    ----------
    cells : tuple of str
        Source code: helpers that the answer needs, then the exercise's cell.
    notes : tuple of str
        What was unusual about finding it, one clause each.
    """

    cells: tuple[str, ...]
    notes: tuple[str, ...] = field(default=())


def read(data, exercise_ids):
    """Parse the bytes of a notebook.

    Parameters
    ----------
    data : bytes
    exercise_ids : iterable of str

    Returns
    -------
    list of Cell

    Raises
    ------
    ValueError
        One sentence that says why it is no notebook.
    """
    if len(data) > MAX_BYTES:
        raise ValueError(
            f"is larger than {MAX_BYTES >> 20} MB; clear its outputs and hand it in again"
        )
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is not a notebook, or was cut off ({type(error).__name__})") from error
    cells = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(cells, list):
        raise ValueError("is not a notebook of format 4: it has no list of cells")
    grade_ids = {grade_id(exercise): exercise for exercise in exercise_ids}
    read = [_cell(cell, grade_ids) for cell in cells if isinstance(cell, dict)]
    return [cell for cell in read if cell.source.strip()]


def grade_id(exercise_id):
    """The exercise's id in the letters that nbgrader allows."""
    return exercise_id.replace(".", "-")


def _cell(cell, grade_ids):
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    if not isinstance(source, str) or len(source) > _MAX_SOURCE:
        source = ""
    metadata = cell.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    nbgrader = metadata.get("nbgrader")
    graded_as = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    marks = str(metadata.get("exercise")), grade_ids.get(str(graded_as), "")
    return Cell(source, cell.get("cell_type") == "code", marks)


def find(cells, exercise_id):
    """Find the answer to an exercise among a student's cells.

    By the cell's metadata, then by nbgrader's id, then by the function's name. Where several cells
    define the function, the last one counts, as it does when the notebook is run from the top.

    Returns
    -------
    Found or None
    """
    name = exercise_id.partition(".")[2]
    marked = [[cell for cell in cells if cell.marks[i] == exercise_id] for i in range(2)]
    code = [cell for cell in cells if cell.is_code]
    places = [[c for c in place if _defines(c.source, name)] for place in (*marked, code)]
    # Last what is not recognizable as a definition, as after a typing error in its first line.
    defining = next(filter(None, [*places, *marked]), None)
    if defining is None:
        return None
    notes = []
    if defining is places[2]:
        notes.append("found by its name, because its cell has lost its mark")
    if len(defining) > 1:
        notes.append(f"{len(defining)} cells define it; the last one was graded")
    chosen = defining[-1]
    if not chosen.is_code:
        notes.append("its cell is no code cell any more; it was graded as code")
    source, commands = without_commands(chosen.source)
    if commands:
        notes.append("lines with notebook commands (%, !) were left out")
    others = [cell.source for cell in cells if cell.is_code and cell is not chosen]
    return Found((*_helpers(source, others), source), tuple(notes))


def without_commands(source):
    """Blank the lines that only IPython understands, keeping the line numbers.

    Returns
    -------
    source : str
    found : bool
        Whether there were any.
    """
    if _parse(source) is not None:
        return source, False
    cleaned, count = re.subn(r"(?m)^([ \t]*)[%!?][^\n]*", r"\1pass", source)
    return (cleaned, True) if count else (source, False)


def _defines(source, name):
    return bool(re.search(rf"(?m)^(async +)?(def +{name}\b|{name} *=[^=])", source))


def _parse(source):
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _helpers(source, others):
    """The definitions and imports of other cells that the source needs, in their order.

    Only these are taken: other statements of a notebook cost time, print, or fail.
    """
    definitions = {}
    for position, other in enumerate(others):
        other, _ = without_commands(other)
        tree, lines = _parse(other), other.splitlines()
        for node in tree.body if tree else ():
            first = min(n.lineno for n in (node, *getattr(node, "decorator_list", ())))
            text = "\n".join(lines[first - 1 : node.end_lineno])
            definitions |= dict.fromkeys(_bound(node), (position, first, text, node))
    needed, waiting = {}, [_parse(source)]
    while waiting:
        for name in _names(waiting.pop()) - _GIVEN - needed.keys():
            if name in definitions:
                *needed[name], node = definitions[name]
                waiting.append(node)
    texts = [text for *_, text in sorted(map(tuple, needed.values()))]
    return texts if sum(map(len, texts)) <= 2 * _MAX_SOURCE else []


def _bound(node):
    """Names that a top-level definition, import or constant binds."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [(alias.asname or alias.name).partition(".")[0] for alias in node.names]
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    return []


def _names(tree):
    """Names that the code reads."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} if tree else set()
