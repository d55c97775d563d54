"""What a notebook finds around it and a room does not have: stand-ins that do nothing.

`display`, `input`, magics, shell commands, packages that only draw, and the course's own `check`.
Nothing of it changes what a student's function returns.
"""

import builtins
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import shlex
import sys
import types

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
        self._used = used

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
            self._used("drawing")
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
