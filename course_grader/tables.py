"""Tables as spreadsheets write and read them."""

import csv
import io
import math
from pathlib import Path

from course_lib._files import written_whole

from . import text

# What a spreadsheet that did not ask writes: UTF-8 with its mark, UTF-16, a Chinese or Western page
_ENCODINGS = ("utf-8-sig", "cp950", "gb18030", "cp1252")


def read(path, what):
    """The head and the records of a table with commas, semicolons or tabs.

    Parameters
    ----------
    path : path
    what : str
        Names the table in messages, such as ``"the roster"``.

    Returns
    -------
    head : list of str
    records : list of list of str
        As long as the head; empty lines are left out.

    Raises
    ------
    ValueError
        If it cannot be read.
    """
    try:
        content = _decoded(Path(path).read_bytes())
        first = content.partition("\n")[0]
        delimiter = max(",;\t", key=first.count)
        head, *records = list(csv.reader(io.StringIO(content, newline=""), delimiter=delimiter))
    except FileNotFoundError:
        raise ValueError(f"There is no {path}.") from None
    except (OSError, ValueError, csv.Error) as error:
        raise ValueError(f"{what} {path} cannot be read as a table.".capitalize()) from error
    records = [record for record in records if any(cell.strip() for cell in record)]
    return head, [record + [""] * (len(head) - len(record)) for record in records]


def _decoded(data):
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16")
    for encoding in _ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ValueError("unknown encoding")


def write(path, lines):
    """Write a table, whole or not at all, so that spreadsheets see its encoding.

    Raises
    ------
    ValueError
        If it cannot be written.
    """
    try:
        with (
            written_whole(path) as temporary,
            temporary.open("w", newline="", encoding="utf-8-sig") as file,
        ):
            csv.writer(file, lineterminator="\n").writerows(lines)
    except OSError as error:
        raise ValueError(f"{path} cannot be written: {error.strerror}.") from error
    return str(path)


def column(head, *names):
    """The place of the column that has one of the names, or None."""
    plain = ["".join(c for c in name.casefold() if c.isalnum()) for name in head]
    return next((plain.index(name) for name in names if name in plain), None)


def number(said):
    """A finite number, with a decimal comma too.

    Raises
    ------
    ValueError
        If it is none.
    """
    value = float(said.strip().replace(",", "."))
    if not math.isfinite(value):
        raise ValueError(f"{said!r} is no number")
    return value


def guarded(said):
    """A text that no spreadsheet takes for a formula."""
    said = text.line(said)
    return f"'{said}" if _is_formula(said) else said


def unguarded(said):
    """The text without the quote that `guarded` put in front."""
    return said[1:] if said[:1] == "'" and _is_formula(said[1:]) else said


def _is_formula(said):
    # Full-width signs are formulas to a spreadsheet in East Asia.
    return said.lstrip(" '")[:1] in tuple("=+-@\t\r＝＋－＠")
