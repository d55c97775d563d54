"""The files of a delivery: a folder, a zip, zips inside; names in the writing of their system.

Nothing is unpacked to disk, so a path inside a zip can lead nowhere.
"""

import functools
import io
import os
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import text
from .notebook import MAX_BYTES

#: Files that an operating system or an editor adds; nobody handed them in.
_OF_THE_SYSTEM = {"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini", ".ipynb_checkpoints"}
#: Folders of installed packages.
_PACKAGES = {"site-packages", "dist-packages", "node_modules", "__pycache__"}
# A zip's directory of more bytes is not read: some twenty thousand files.
_MAX_DIRECTORY = 2 << 20
_MAX_DEPTH = 3
# In all zips of one file, whatever lies in whatever.
_MAX_FILES, _MAX_ZIPPED = 20_000, 64 << 20
# Folders in folders beyond this are nobody's work.
_MAX_PARTS = 30
# What names without a mark of their encoding are tried as, in this order.
_ENCODINGS = ("utf-8", "cp437", "cp950", "big5hkscs", "gb18030", "cp932", "cp949", "cp1252")


@dataclass(frozen=True)
class File:
    """A file as it was delivered.

    Attributes
    ----------
    parts : tuple of str
        Its path, each part one line of characters that print; a zip inside counts as a folder.
    read : callable
        Returns so many of its first bytes, by default ``MAX_BYTES + 1``; ``ValueError`` says why
        there are none.
    fault : str
        Why it must not be read; empty if nothing speaks against it.
    """

    parts: tuple[str, ...]
    read: Callable[..., bytes]
    fault: str = ""

    @property
    def name(self):
        """Its last part."""
        return self.parts[-1]


def files(source):
    """All files of a folder, of a zip, or the one notebook.

    Returns
    -------
    list of File
        In the order of their paths; without what an operating system adds.

    Raises
    ------
    ValueError
        If `source` is none of these.
    """
    source = Path(source)
    if source.is_dir():
        found = list(_in_folder(source))
    elif source.suffix.lower() == ".ipynb" and source.is_file():
        found = [((source.name,), _reader(source), "")]
    else:
        found = _in_class_zip(source)
    decode = _decoder([chunks for chunks, *_ in found])
    shown = {}
    named = [_named(chunks, read, fault, decode, shown) for chunks, read, fault in found]
    named = [file for file in named if file and not _OF_THE_SYSTEM & set(file.parts)]
    return sorted(_without_environments(named), key=lambda file: file.parts)


def _in_folder(folder):
    """Paths inside the folder in pieces, how to read them, and what speaks against it."""

    def unreadable(error):
        failed.append(Path(error.filename))

    failed = []
    for parent, below, names in os.walk(folder, onerror=unreadable):
        below[:] = [name for name in below if name not in _OF_THE_SYSTEM]
        names += [name for name in below if os.path.islink(os.path.join(parent, name))]
        inside = _pieces(Path(parent).relative_to(folder).parts)
        if _PACKAGES & set(below):
            for name in _PACKAGES & set(below):
                yield (*inside, name), _unread, "is a folder of installed packages"
            below[:] = [name for name in below if name not in _PACKAGES]
        if inside and not below and not names:
            yield inside, _unread, "is an empty folder"
        for name in names:
            path = Path(parent, name)
            pieces = (*inside, *_pieces([name]))
            yield from _opened(pieces, _reader(path), 1)
    for path in failed:
        yield _pieces(path.relative_to(folder).parts), _unread, "is a folder that cannot be read"


def _pieces(names):
    """Names as text, or as bytes where they are in an encoding that is not known yet."""
    pieces = []
    for name in names:
        try:
            name.encode()
            pieces.append(_unmangled(name))
        except UnicodeEncodeError:
            pieces.append(os.fsencode(name))
    return tuple(pieces)


def _unmangled(name):
    """The bytes of a name that an unpacker wrote in the letters of DOS (╢└ for 黃)."""
    if any("\u2500" <= c <= "\u259f" for c in name):
        try:
            return name.encode("cp437")
        except UnicodeEncodeError:
            pass
    return name


def _unread(size=0):
    raise ValueError("was not read")


def _reader(path):
    def read(size=MAX_BYTES + 1):
        if path.is_symlink() or not path.is_file():
            raise ValueError("is a link or no regular file")
        with path.open("rb") as file:
            return file.read(size)

    return read


def _in_class_zip(source):
    try:
        archive = zipfile.ZipFile(source)
    except FileNotFoundError:
        raise ValueError(f"There is no {source}.") from None
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{source} holds a file name that is not in the encoding it claims; unpack it and "
            "give the folder."
        ) from error
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise ValueError(f"{source} is neither a folder nor a zip that can be read.") from error
    return [found for info in _members(archive) for found in _member(archive, info, (), 1)]


def _members(archive):
    """Files, and folders that hold none."""
    infos = archive.infolist()
    holding = {above for info in infos for above in _above(info.filename)}
    return [info for info in infos if not info.is_dir() or info.filename not in holding]


def _above(name):
    """The folders in which a member lies, as their own entries are written."""
    name = name.rstrip("/")
    return [name[: i + 1] for i, c in enumerate(name) if c == "/"][:_MAX_PARTS]


def _member(archive, info, above, depth):
    def read(size=MAX_BYTES + 1):
        try:
            with archive.open(info) as member:
                return member.read(size)
        except Exception as error:
            # Encrypted, damaged, or of a compression that this Python lacks.
            raise ValueError(f"cannot be read from the zip ({type(error).__name__})") from error

    if info.is_dir():
        return [((*above, _zip_name(info)), _unread, "is an empty folder")]
    return _opened((*above, _zip_name(info)), read, depth)


def _zip_name(info):
    """A member's path: text where the zip says its encoding, otherwise bytes."""
    if info.flag_bits & 0x800:
        return info.filename
    raw = info.filename.encode("cp437", "replace")
    extra = info.extra
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        # Info-ZIP's Unicode path: version, checksum of the plain name, the name in UTF-8.
        if kind == 0x7075 and field[:1] == b"\1" and field[1:5] == _crc(raw):
            return field[5:].decode("utf-8", "replace")
    return info.filename if raw.isascii() else raw


def _crc(data):
    return struct.pack("<I", zlib.crc32(data))


@dataclass
class _Budget:
    """What the zips in one file may hold together, at whatever depth."""

    files: int = _MAX_FILES
    size: int = _MAX_ZIPPED

    def spend(self, files=0, size=0):
        self.files -= files
        self.size -= size
        if min(self.files, self.size) < 0:
            raise ValueError("holds too much")


def _opened(pieces, read, depth, budget=None):
    """The file itself, or what a zip holds, as if it were a folder of that name."""
    last = pieces[-1]
    dot = b".zip" if isinstance(last, bytes) else ".zip"
    if not last.lower().endswith(dot):
        return [(pieces, read, "")]
    if depth > _MAX_DEPTH:
        return [(pieces, _unread, "lies in a zip in a zip in a zip; hand in the notebook itself")]
    budget = budget or _Budget()
    try:
        # Nothing is unpacked where nothing is left.
        budget.spend()
        size, _, members = _archive_of(read)
        budget.spend(len(members), size)
    except Exception:
        # Whatever a broken or hostile zip makes fail, it fails for this file alone.
        fault = "is a zip that cannot be read, or holds too much; hand in the notebook itself"
        return [(pieces, _unread, fault)]
    above = (*pieces[:-1], last[: -len(dot)])
    found = []
    for number, info in enumerate(members):
        if not info.is_dir():
            inner = _inner_reader(read, number)
            found += _opened((*above, _zip_name(info)), inner, depth + 1, budget)
    return found or [(pieces, _unread, "is an empty zip; hand in the notebook itself")]


@functools.lru_cache(maxsize=_MAX_DEPTH)
def _archive_of(read):
    """Size, archive and members of a zip; as many stay open as lie in each other."""
    data = read()
    archive = _archive(data)
    return len(data), archive, _members(archive)


def _archive(data):
    if len(data) > MAX_BYTES:
        raise ValueError("too large")
    end = data.rfind(b"PK\5\6")
    if end < 0 or len(data) < end + 22:
        raise ValueError("no zip")
    if struct.unpack_from("<I", data, end + 12)[0] > _MAX_DIRECTORY:
        raise ValueError("too many files")
    return zipfile.ZipFile(io.BytesIO(data))


def _inner_reader(read_zip, number):
    def read(size=MAX_BYTES + 1):
        try:
            _, archive, members = _archive_of(read_zip)
            with archive.open(members[number]) as member:
                return member.read(size)
        except Exception as error:
            raise ValueError(f"cannot be read from the zip ({type(error).__name__})") from error

    return read


def _decoder(paths):
    """The function that turns pieces of paths into text.

    Most names of a delivery were written by one system: the encoding in which most of them are
    words is taken for all, so that one odd name changes no other. Only the uppermost names count,
    those of students: what one of them puts into a folder decides on nobody else's name.
    """
    depths = {}
    for chunks in paths:
        depth = 0
        for chunk in chunks:
            for part in chunk.split(b"/") if isinstance(chunk, bytes) else [chunk]:
                if isinstance(part, bytes) and not part.isascii():
                    depths.setdefault(depth, set()).add(part)
                depth += 1
    uppermost = depths[min(depths)] if depths else ()
    votes = {e: sum(_words(raw, e) is not None for raw in uppermost) for e in _ENCODINGS}
    order = sorted(_ENCODINGS, key=lambda e: -votes[e])

    def decode(chunk):
        if isinstance(chunk, str):
            return chunk
        decoded = (_words(chunk, encoding) for encoding in order)
        # Whatever cannot be read stays different from every other name.
        return next(filter(None, decoded), None) or chunk.decode("ascii", "backslashreplace")

    return decode


def _words(raw, encoding):
    """The bytes as text if they make words in that encoding, otherwise None."""
    try:
        name = raw.decode(encoding)
    except UnicodeDecodeError:
        return None
    # A name of the DOS code page is one of Latin letters: 黃 would be "╢└" there.
    kinds = "L" if encoding == "cp437" else "LMNPZ"
    odd = (c for c in name if not c.isascii())
    return (
        name if all(c.isprintable() and unicodedata.category(c)[0] in kinds for c in odd) else None
    )


def _named(chunks, read, fault, decode, shown):
    path = "/".join(decode(chunk) for chunk in chunks)
    if any(isinstance(chunk, bytes) or "/" in chunk for chunk in chunks) or "\\" in path:
        path = path.replace("\\", "/")
    parts = path.split("/")
    if parts[0] == "" or ".." in parts:
        fault = "has a path that leads out of the folder"
    if len(parts) > _MAX_PARTS:
        parts, fault = [*parts[:3], parts[-1]], f"lies in more than {_MAX_PARTS} folders"
    below = ()
    for part in parts:
        if part.strip() not in ("", ".", ".."):
            below = (*below, _shown(below, unicodedata.normalize("NFC", part), shown))
    return File(below, read, fault) if below else None


def _shown(above, part, shown):
    """A part as one line that a terminal does not obey; different parts stay different."""
    name, dot, ending = text.visible(part).rpartition(".")
    number, visible = 2, f"{name}{dot}{ending}"
    while shown.setdefault((above, visible), part) != part:
        visible = f"{name} [{number}]{dot}{ending}"
        number += 1
    return visible


def _without_environments(named):
    """Leave out what lies in an installed environment; one line tells of each."""
    roots = {file.parts[:-1] for file in named if file.name == "pyvenv.cfg" and len(file.parts) > 1}
    kept, told = [], set()
    for file in named:
        depth = next((i for i, part in enumerate(file.parts) if part in _PACKAGES), None)
        above = [file.parts[:i] for i in range(1, len(file.parts))]
        root = next((path for path in above if path in roots), None)
        if root is None and depth is not None:
            root = file.parts[: depth + 1]
        if root is None:
            kept.append(file)
        elif root not in told:
            told.add(root)
            kept.append(File(root, _unread, "is a folder of installed packages"))
    return kept
