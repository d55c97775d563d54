"""What a notebook finds around it and a room does not have: stand-ins that do nothing.

`display`, `input`, magics, shell commands, packages that only draw, and the course's own `check`.
Nothing of it changes what a student's function returns.
"""

import builtins
import errno
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import io
import os
import shlex
import sys
import types

import lockdown

# Packages that show something or belong to Colab. A room has these stand-ins where they are not
# installed, so that a forgotten import costs nothing.
DRAWING = ("seaborn", "plotly", "bokeh", "altair", "google", "nest_asyncio")
# Magics whose content is code of the notebook
_RUN_THEIR_CODE = ("time", "timeit", "prun", "capture", "memit", "mprun", "lprun")


class Inert:
    """Takes every call, attribute, item and `with`, and is its own result; holds nothing."""

    def __getattr__(self, name):
        # Python's protocols (copying, conversion to an array …) must find nothing here.
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *_, **__):
        return self

    def __getitem__(self, _):
        return self

    def __iter__(self):
        return iter(())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


INERT = Inert()


class _InertModule(types.ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return INERT


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the course's library, without its exercises, and stand-ins for what draws.

    Parameters
    ----------
    library : str or None
        Folder of `course_lib`; None where answers must do without it.
    used : callable
        Called with ``"drawing"`` when a stand-in is imported.
    """

    def __init__(self, library, used):
        self._library = library
        self.used = used

    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if name == "course_lib" and self._library:
            place = os.path.join(self._library, "__init__.py")
            return importlib.util.spec_from_file_location(
                name, place, submodule_search_locations=[self._library]
            )
        stands_in = name in ("course_lib", "course_lib.exercises") or top in DRAWING
        if stands_in:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        if spec.name == "course_lib":
            return types.ModuleType(spec.name)
        if not spec.name.startswith("course_lib"):
            self.used("drawing")
        return _InertModule(spec.name)

    def exec_module(self, module):
        module.__path__ = []


class Shell:
    """Stands in for `get_ipython()`.

    Parameters
    ----------
    run : callable
        Runs a text as code of the notebook.
    used : callable
        Called with ``"commands"`` when a command is left out.
    """

    def __init__(self, run, used):
        self._run = run
        self._used = used
        self.user_ns = {}

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return INERT

    def run_line_magic(self, name, line, *_, **__):
        if name in ("time", "prun") and line:
            self._run(line)
        elif name == "run" and line:
            with open(shlex.split(line)[0], encoding="utf-8") as file:
                self._run(file.read())
        else:
            self._used("commands")
            # `-o` asks for a result.
            return INERT if name == "timeit" else None

    def run_cell_magic(self, name, line, cell):
        if name in _RUN_THEIR_CODE:
            self._run(cell, below=1)
        elif name == "writefile":
            words = shlex.split(line)
            with open(words[-1], "a" if "-a" in words else "w", encoding="utf-8") as file:
                file.write(cell)
            importlib.invalidate_caches()
        else:
            self._used("commands")

    def run_cell(self, cell, *_, **__):
        self._run(cell)

    def magic(self, line):
        return self.run_line_magic(*[*line.split(None, 1), ""][:2])

    def system(self, *_):
        self._used("commands")

    def getoutput(self, *_, **__):
        self._used("commands")
        return []


class Files(importlib.abc.MetaPathFinder, importlib.abc.SourceLoader):
    """Files in memory, for a room without a folder to write to; modules among them are found.

    Of a path that leads elsewhere nothing is pretended.
    """

    def __init__(self):
        self._kept, self._open = {}, open

    def install(self):
        builtins.open = io.open = self.open
        for name in ("mkdir", "makedirs"):
            setattr(os, name, self._unless_here(getattr(os, name)))
        sys.meta_path.append(self)

    def _unless_here(self, act):
        return lambda path, *rest, **more: None if _here(path) else act(path, *rest, **more)

    def open(
        self, file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, *rest, **more
    ):
        """What is written here is read here; all else is opened as ever."""
        name = _here(file)
        writes = set(mode) & set("wax+")
        if not name or rest or more or not (writes or name in self._kept):
            given = file, mode, buffering, encoding, errors, newline, *rest
            return self._open(*given, **more)
        kept = _Kept(self._kept, name, mode)
        return kept if "b" in mode else io.TextIOWrapper(kept, encoding or "utf-8", errors, newline)

    def find_spec(self, name, path=None, target=None):
        known = self.get_filename(name) in self._kept
        return importlib.util.spec_from_loader(name, self) if known else None

    def get_filename(self, fullname):
        return f"{fullname}.py"

    def get_data(self, path):
        return self._kept[path]


def _here(path):
    """The name of a file in the folder where the code runs; None for any other."""
    if isinstance(path, int):
        return None
    name = os.path.normpath(os.fsdecode(path))
    return None if os.path.isabs(name) or name.startswith("..") else name


class _Kept(io.BytesIO):
    """A file in memory; what it holds is kept when it is flushed or closed."""

    def __init__(self, kept, name, mode):
        if "x" in mode and name in kept:
            raise FileExistsError(name)
        if "r" in mode and name not in kept:
            raise FileNotFoundError(name)
        super().__init__(b"" if set(mode) & set("wx") else kept.get(name, b""))
        if "a" in mode:
            self.seek(0, os.SEEK_END)
        self._kept, self.name, self.mode = kept, name, mode
        self.flush()

    def flush(self):
        super().flush()
        if self.mode == "rb":
            return
        others = [content for name, content in self._kept.items() if name != self.name]
        size = sum(map(len, others)) + self.getbuffer().nbytes
        if len(others) >= lockdown.FOLDER_FILES or size > lockdown.FOLDER_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self.name)
        self._kept[self.name] = self.getvalue()

    def close(self):
        if not self.closed:
            self.flush()
        super().close()


def install(shell, finder):
    """Put the stand-ins where a notebook expects them."""
    builtins.display = lambda *_, **__: None
    builtins.get_ipython = lambda: shell
    builtins.input = lambda *_, **__: ""
    # The library's exercises must not be looked for; what draws, only where it is not installed.
    sys.meta_path.insert(0, _First(finder))
    sys.meta_path.append(finder)


class _First(importlib.abc.MetaPathFinder):
    def __init__(self, finder):
        self._finder = finder

    def find_spec(self, name, path=None, target=None):
        known = name in ("course_lib", "course_lib.exercises")
        return self._finder.find_spec(name) if known else None


def translated(source):
    """The Python that IPython makes of a cell; the source itself where that fails."""
    try:
        return _transformer().transform_cell(source)
    except Exception:
        return source


def _transformer():
    # The package's own start imports far more than this text processing needs.
    if "IPython" not in sys.modules:
        spec = importlib.util.find_spec("IPython")
        if spec is None:
            raise ImportError("IPython")
        stand_in = types.ModuleType("IPython")
        stand_in.__path__ = list(spec.submodule_search_locations)
        sys.modules["IPython"] = stand_in
        try:
            from IPython.core.inputtransformer2 import TransformerManager
        finally:
            for name in [n for n in sys.modules if n.partition(".")[0] == "IPython"]:
                del sys.modules[name]
    else:
        from IPython.core.inputtransformer2 import TransformerManager
    return TransformerManager()
