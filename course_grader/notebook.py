"""Find a student's answers in a notebook, however mangled it is."""

import functools
import itertools
import json
import re
from dataclasses import dataclass, field

# What one notebook may cost the grader, who only reads it: all parsing of code is the room's.
MAX_BYTES = 16 << 20
_MAX_OBJECTS, _MAX_VALUES, _MAX_CELLS = 200_000, 3_000_000, 5_000
_MAX_SOURCE, _MAX_SOURCES = 50_000, 2_000_000
# So many of the largest may one student hand in: a few seconds of reading.
_MAX_LARGEST = 16
_WORD = re.compile(r"[^\W\d]\w*")


class Budget:
    """What the notebooks of one student may cost together, in notebooks of the largest kind.

    Counted and not timed, so that a run on another machine reads the same.
    """

    def __init__(self):
        self._left = _MAX_LARGEST

    @property
    def spent(self):
        return self._left <= 0

    def take(self, data):
        """Pay for a notebook's bytes and parts."""
        objects, values = _parts(data)
        shares = len(data) / MAX_BYTES, objects / _MAX_OBJECTS, values / _MAX_VALUES
        self._left -= max(shares)

    def take_cells(self, cells):
        """Pay for the text of its cells."""
        self._left -= sum(len(cell.source) for cell in cells) / _MAX_SOURCES


@dataclass(frozen=True)
class Cell:
    """What matters of a notebook's cell.

    Attributes
    ----------
    source : str
    is_code : bool
    marks : tuple of str
        The exercise that its metadata names, then the one that nbgrader's id names.
    words : frozenset of str
        Which functions of exercises its source names.
    """

    source: str
    is_code: bool
    marks: tuple[str, str]
    words: frozenset = frozenset()


@dataclass(frozen=True)
class Found:
    """The answer to one exercise.

    Attributes
    ----------
    cells : tuple of str
        Source of the notebook's code, in its order.
    places : tuple of tuple of int
        Where the answer may be, the likeliest place first: the index of a cell, and how many cells
        had run when it was checked.
    notes : tuple of str
        What was unusual about finding it, one clause each.
    is_sure : bool
        Whether a mark or a check says that it is this exercise's, and not its name alone.
    """

    cells: tuple[str, ...]
    places: tuple[tuple[int, int], ...]
    notes: tuple[str, ...] = field(default=())
    is_sure: bool = True

    @property
    def answer(self):
        """Source of the likeliest cell."""
        return self.cells[self.places[0][0]]

    @classmethod
    def alone(cls, *cells):
        """An answer in the last of these cells."""
        return cls(cells, ((len(cells) - 1, len(cells)),))


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
        One sentence that says why it is no notebook, or more than one.
    """
    if len(data) > MAX_BYTES:
        raise ValueError(
            f"is larger than {MAX_BYTES >> 20} MB; clear its outputs and hand it in again"
        )
    objects, values = _parts(data)
    if objects > _MAX_OBJECTS or values > _MAX_VALUES:
        raise ValueError("has more parts than a notebook; clear its outputs and hand it in again")
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is not a notebook, or was cut off ({type(error).__name__})") from error
    cells = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(cells, list):
        raise ValueError("is not a notebook of format 4: it has no list of cells")
    if len(cells) > _MAX_CELLS:
        raise ValueError(f"has {len(cells)} cells, more than {_MAX_CELLS}")
    grade_ids = {grade_id(exercise): exercise for exercise in exercise_ids}
    names = frozenset(exercise.partition(".")[2] for exercise in exercise_ids)
    read = [_cell(cell, grade_ids, names) for cell in cells if isinstance(cell, dict)]
    if sum(len(cell.source) for cell in read) > _MAX_SOURCES:
        raise ValueError(f"holds more than {_MAX_SOURCES:,} characters of text and code")
    return [cell for cell in read if cell.source.strip()]


def _parts(data):
    """How many objects, and values of all kinds, a notebook has at most."""
    objects = data.count(b"{") + data.count(b"[")
    return objects, objects + data.count(b",")


def grade_id(exercise_id):
    """The exercise's id in the letters that nbgrader allows."""
    return exercise_id.replace(".", "-")


def _cell(cell, grade_ids, names):
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    if not isinstance(source, str) or len(source) > _MAX_SOURCE:
        source = ""
    # Half a character is no text that a file takes.
    source = source.encode("utf-8", "replace").decode()
    metadata = cell.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    nbgrader = metadata.get("nbgrader")
    graded_as = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    marks = str(metadata.get("exercise")), grade_ids.get(str(graded_as), "")
    words = names.intersection(_WORD.findall(source))
    return Cell(source, cell.get("cell_type") == "code", marks, words)


def find(cells, exercise_id):
    """Find the answer to an exercise among a student's cells.

    It is what `check` met when the notebook ran from its top: the last definition above the last
    check of this exercise. Without a check, it is found by the cell's metadata, then by nbgrader's
    id, then by the function's name, and the last one counts. The other definitions are named too:
    the room tries them where the first is the untouched stub, or no function.

    Returns
    -------
    Found or None
    """
    name = exercise_id.partition(".")[2]
    if not any(name in cell.words or exercise_id in cell.marks for cell in cells):
        return None
    used = [cell for cell in cells if cell.is_code or exercise_id in cell.marks]
    marked = _indices(used, lambda cell: cell.marks[0] == exercise_id)
    marked = marked or _indices(used, lambda cell: cell.marks[1] == exercise_id)
    defines = _indices(used, lambda cell: _defines(cell, name) and not _others(cell, exercise_id))
    own = [place for place in defines if place in marked]
    check = max(_indices(used, lambda cell: _checks(cell, exercise_id, name)), default=-1)
    checked = [place for place in defines if place <= check]
    others = [place for place in defines if place not in own]
    if checked and (not own or own[0] <= check):
        order = [checked[-1], *_backwards(own), *_backwards(others)]
    elif own:
        order = [*_backwards(own), *_backwards(others)]
    else:
        # Marked, but not recognizable as a definition, as after a typing error in its first line
        order = [*_backwards(others), *_backwards(marked)]
    if not order:
        return None
    order = list(dict.fromkeys(order))[:_MAX_PLACES]
    places = tuple((place, check + 1 if place <= check else place + 1) for place in order)
    notes = []
    if not marked:
        notes.append("found by its name, because its cell has lost its mark")
    if len(defines) > 1:
        notes.append(f"{len(defines)} cells define it; {_which(order[0], defines, check)}")
    if not used[order[0]].is_code:
        notes.append("its cell is no code cell any more; it was graded as code")
    is_sure = bool(marked) or check >= 0
    return Found(tuple(cell.source for cell in used), places, tuple(notes), is_sure)


# More definitions than these are not tried, or looked at in one cell.
_MAX_PLACES, _MAX_MATCHES = 4, 50


def _which(place, defines, check):
    if place == defines[-1]:
        return "the last one was graded"
    return "the last one above its check was graded" if place <= check else "its own was graded"


def _indices(cells, holds):
    return [place for place, cell in enumerate(cells) if holds(cell)]


def _backwards(places):
    return places[::-1]


def _defines(cell, name):
    if name not in cell.words:
        return False
    found = itertools.islice(_definition(name).finditer(cell.source), _MAX_MATCHES)
    return any(not _inside(cell.source[: match.start()], match["indent"]) for match in found)


def _others(cell, exercise_id):
    """Whether the cell is marked as another chapter's exercise that asks for the same function."""
    name = exercise_id.partition(".")[2]
    marks = [mark for mark in cell.marks if mark.partition(".")[2] == name]
    return bool(marks) and exercise_id not in marks


def _inside(above, indent):
    """Whether what is indented so far belongs to a class or function, not to an ``if``."""
    indent = len(indent)
    for line in reversed(above.splitlines()):
        depth = len(line) - len(line.lstrip())
        if line.strip() and depth < indent:
            if re.match(r"\s*(?:async +)?(?:def|class)\b", line):
                return True
            indent = depth
    return False


def _checks(cell, exercise_id, name):
    return name in cell.words and cell.is_code and _check(exercise_id).search(cell.source)


@functools.cache
def _check(exercise_id):
    return re.compile(rf"\bcheck\(\s*[rf]?[\"']{re.escape(exercise_id)}[\"']")


@functools.cache
def _definition(name):
    """What may bind the name: ``def``, ``class``, an assignment, an import."""
    return re.compile(
        rf"(?m)^(?P<indent>[ \t]*)(?:(?:async +)?def +{name}\b|class +{name}\b"
        rf"|(?:\w+ *[,=] *)*{name} *(?:, *\w+ *)*(?::[^=\n]*)?=(?!=)"
        rf"|(?:from +[\w.]+ +)?import +(?:[^\n#]*[ ,])?{name}\b)"
    )
