"""Builds the world of an answer from its notebook, as `check` found it; runs inside the room.

A notebook's other cells may train a network or wait for a download, so by default only the
statements run that the answer needs: those which bind or change a name that it reads, and what
they need in turn. Where that was not enough, the grader asks for the whole notebook.
"""

import __future__

import ast
import builtins
import contextlib
import dis
import importlib.util
import linecache
import os
import re
import signal
import types
from dataclasses import dataclass

import inert
import wire

_DEFINITIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
_LOADS = ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_GLOBALS")
_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_WORD = re.compile(r"[^\W\d]\w*")
_IMPORT = re.compile(r"^(?:from|import) +([\w.]+)(?: +import +(.*))?", re.MULTILINE)
_STAR = re.compile(r"import\s*\(?\s*\*")
_SHOWING = ("print", "display", "check")


class NeedsModules(Exception):
    """The notebook imports what another room has ready; the argument is a set of `wire.HEAVY`."""


@dataclass(frozen=True)
class Statement:
    """A statement at the top of a cell, the names that it binds, and those it may change."""

    cell: int
    position: int
    node: ast.stmt
    binds: frozenset
    changes: frozenset

    @property
    def defines(self):
        return isinstance(self.node, _DEFINITIONS)

    @property
    def imports(self):
        return isinstance(self.node, ast.Import | ast.ImportFrom)


class OutOfTime(BaseException):
    """The cells around the answer took longer than they may."""


class World:
    """The notebook's namespace when the answer was checked.

    Parameters
    ----------
    namespace : dict
    name : str
        Of the function.
    cells : sequence of str
        Source of the notebook's cells.
    place, until : int
        The answer's cell, and how many cells had run when it was checked.
    whole : bool
        Run all of these cells, not only what the answer needs.
    seconds : float
        Processor time that cells other than the answer's may take.
    ready : container of str
        Modules that are imported already.
    library : str or None
        Folder of `course_lib`, if it may be imported.

    Attributes
    ----------
    function : callable or None
        The last one that the answer's cell gave this name.
    failure : BaseException or None
        What the answer's cell raised first.
    used : set of str
        What was unusual: ``cut``, ``rebound``, ``slow``, ``commands``, ``drawing``.
    inexact : bool
        Whether the whole notebook might give another world.
    """

    def __init__(self, namespace, name, cells, place, until, whole, seconds, ready, library=None):
        self.function, self.failure = None, None
        self.used, self.inexact = set(), False
        self._namespace, self._name = namespace, name
        self._cells, self._place, self._whole = cells, place, whole
        self._until = max(until, place + 1)
        self._seconds, self._ready, self._library = seconds, ready, library
        self._timed, self._spent = False, False
        self._parsed = {}
        # Another world in this process has had cells of the same names.
        linecache.clearcache()

    def build(self):
        """Run what is needed, then the answer's cell, then what followed until the check."""
        answer, cut = parse(self._cells[self._place])
        if cut:
            self.used.add("cut")
        others = self._all() if self._whole else self._needed(answer)
        self._require([answer, *(statement.node for statement in others)])
        followed = [s for s in others if self._place < s.cell < self._until]
        for statement in others:
            if statement not in followed:
                self._run_other(statement)
        self._run_answer(answer)
        for statement in followed:
            self._run_other(statement)
        found = self._namespace.get(self._name)
        if callable(found):
            self.function = found
        elif self.function is not None:
            self.used.add("rebound")
            self._namespace[self._name] = self.function
        elif cut and self.failure is None:
            self.failure = syntax_error(self._cells[self._place])

    def _statements(self, cell):
        if cell not in self._parsed:
            tree, _ = parse(self._cells[cell])
            self._parsed[cell] = [
                Statement(cell, i, node, frozenset(bound(node)), frozenset(changed(node)))
                for i, node in enumerate(tree.body)
            ]
        return self._parsed[cell]

    def _all(self):
        cells = [cell for cell in range(self._until) if cell != self._place]
        return [statement for cell in cells for statement in self._statements(cell)]

    def _needed(self, answer):
        """The statements of other cells that the answer needs, in the notebook's order."""
        others = [cell for cell in range(len(self._cells)) if cell != self._place]
        words = {cell: set(_WORD.findall(self._cells[cell])) for cell in others}
        ran = [cell for cell in others if cell < self._until]
        later = [cell for cell in others if cell >= self._until]
        # A star import may bind anything, also the name of something built in.
        starred = [cell for cell in ran if _STAR.search(self._cells[cell])]
        chosen = {s for cell in starred for s in self._statements(cell) if "*" in s.binds}
        seen, waiting = set(), free(answer)
        while waiting:
            name = waiting.pop()
            seen.add(name)
            found = self._binding(name, ran, words)
            if not found and name not in self._namespace and not hasattr(builtins, name):
                found = self._binding(name, later, words)
            for statement in found:
                if statement not in chosen:
                    chosen.add(statement)
                    waiting |= set().union(*reads(statement.node)) - seen
                    self.inexact |= not statement.defines
        return sorted(chosen, key=lambda statement: (statement.cell, statement.position))

    def _binding(self, name, cells, words):
        """Statements that bind a name, and those that may change its object.

        What is called on a module does not change it.
        """
        known = [s for c in cells if name in words[c] for s in self._statements(c)]
        binding = [s for s in known if name in s.binds]
        if not binding or all(s.imports for s in binding):
            return binding
        return [s for s in known if name in s.binds | s.changes]

    def _require(self, nodes):
        heavy = packages(ast.Module(nodes, []), self._library) & set(wire.HEAVY)
        if heavy - self._ready:
            raise NeedsModules(heavy - self._ready)

    def _run_other(self, statement):
        if self._spent and not statement.defines:
            return
        cell = statement.cell
        try:
            with self._clock(not statement.defines):
                self._run(statement.node, f"<cell {cell + 1}>", self._cells[cell])
        except OutOfTime:
            self._spent = True
            self.used.add("slow")
        except BaseException:
            # What failed here is missed where it is needed.
            self.inexact = True

    def _run_answer(self, answer):
        source = self._cells[self._place]
        flags = 0
        for node in answer.body:
            if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                for alias in node.names:
                    flags |= getattr(getattr(__future__, alias.name, None), "compiler_flag", 0)
        for node in answer.body:
            try:
                with self._clock(self.function is not None):
                    self._run(node, "<cell>", source, flags)
            except OutOfTime:
                self.used.add("slow")
            except BaseException as error:
                # A finished function is not lost by what stands below it.
                self.failure = self.failure or error
                self.inexact = True
            found = self._namespace.get(self._name)
            if callable(found):
                self.function = found

    def _run(self, node, filename, source, flags=0):
        if filename not in linecache.cache:
            lines = source.splitlines(keepends=True)
            linecache.cache[filename] = len(source), None, lines, filename
        code = compile(ast.Module([node], []), filename, "exec", flags, dont_inherit=True)
        exec(code, self._namespace)

    def run_text(self, text, below=0):
        """Run a text as code of the answer's cell, so many lines below its first."""
        tree, _ = parse(text)
        ast.increment_lineno(tree, below)
        failure = None
        for node in tree.body:
            try:
                self._run(node, "<cell>", self._cells[self._place])
            except Exception as error:
                failure = failure or error
        if failure:
            raise failure

    def _clock(self, on):
        return _Clock(self, on and not self._timed)


class _Clock:
    """Interrupts, once the seconds of a world are spent, what is no part of the answer."""

    def __init__(self, world, on):
        self._world, self._on = world, on

    def __enter__(self):
        if self._on:
            self._world._timed = True
            signal.signal(signal.SIGPROF, self._interrupt)
            # Again and again: the code may catch everything.
            signal.setitimer(signal.ITIMER_PROF, max(self._world._seconds, 1e-3), 0.2)

    def _interrupt(self, *_):
        raise OutOfTime

    def __exit__(self, *_):
        if self._on:
            left, _ = signal.setitimer(signal.ITIMER_PROF, 0)
            self._world._seconds = left
            self._world._timed = False


def parse(source):
    """The syntax tree of a cell, and whether the cell was cut.

    IPython's syntax is translated; of a cell with a syntax error, what stands above it is kept.
    """
    tree = _parse(source)
    if tree is None:
        source = inert.translated(source)
        tree = _parse(source)
    if tree is not None:
        return tree, False
    lines = source.splitlines()
    for end in range(min(_broken_line(source), len(lines)), 0, -1):
        tree = _parse("\n".join(lines[: end - 1]))
        if tree is not None:
            return tree, True
    return ast.Module([], []), True


def syntax_error(source):
    """The exception of a cell that does not parse."""
    try:
        compile(inert.translated(source), "<cell>", "exec", dont_inherit=True)
    except Exception as error:
        return error
    return None


def _parse(source):
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _broken_line(source):
    try:
        ast.parse(source)
    except SyntaxError as error:
        return error.lineno or 1
    except (ValueError, RecursionError, MemoryError):
        return 0
    return 0


def reads(statement):
    """Global names that a statement reads: now, and when a function that it defines is called."""
    try:
        code = compile(ast.Module([statement], []), "<names>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set(), set()
    return _loads(code), {name for part in _inner(code) for name in _loads(part)}


def _loads(code):
    return {i.argval for i in dis.get_instructions(code) if i.opname in _LOADS}


def _inner(code):
    for part in code.co_consts:
        if isinstance(part, types.CodeType):
            yield part
            yield from _inner(part)


def free(tree):
    """Names that a cell needs from elsewhere."""
    bound_so_far, now, later = set(), set(), set()
    for node in tree.body:
        immediate, deferred = reads(node)
        now |= immediate - bound_so_far
        later |= deferred
        bound_so_far |= _surely_bound(node)
    return now | (later - bound_so_far)


def _surely_bound(statement):
    if isinstance(statement, _DEFINITIONS | ast.Assign | ast.AnnAssign):
        return bound(statement)
    return set()


def bound(statement):
    """Names that running a statement may bind; ``*`` for a star import."""
    found, waiting = set(), [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
            continue
        if isinstance(node, _SCOPES):
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.Attribute | ast.Subscript):
            if not isinstance(node.ctx, ast.Load):
                found.add(_root(node))
        elif isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
            found.add(node.name)
        waiting += ast.iter_child_nodes(node)
    return found


def changed(statement):
    """Names whose object a call may change: ``found.append(1)``, ``shuffle(found)``."""
    found = set()
    for node in ast.walk(statement) if not isinstance(statement, _DEFINITIONS) else ():
        if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
            continue
        call = node.value
        if isinstance(call.func, ast.Name) and call.func.id in _SHOWING:
            continue
        touched = [call.func, *call.args, *(keyword.value for keyword in call.keywords)]
        found |= {_root(part) for part in touched}
    return found


def _root(node):
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def packages(tree, library):
    """Names of the packages that the code imports anywhere; the library counts for what it imports.

    Of the library's own modules the lines are read, not the syntax: that takes a hundredth of the
    time, and their imports stand at the beginning of a line.
    """
    found, seen, waiting = set(), set(), list(_modules(tree))
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        top, *inner = module.split(".")
        found.add(top)
        if top == "course_lib" and library:
            place = os.path.join(library, *inner)
            above = module.rpartition(".")[0]
            waiting.append(above or module)
            for path, package in ((f"{place}.py", above), (f"{place}/__init__.py", module)):
                # Most are not there, and some must not be read.
                with contextlib.suppress(OSError), open(path, encoding="utf-8") as file:
                    waiting += _modules_in_lines(file.read(), package)
    return found


def _modules(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _modules_in_lines(text, package):
    for name, names in _IMPORT.findall(text):
        name = importlib.util.resolve_name(name, package) if name[0] == "." else name
        yield name
        yield from (f"{name}.{word}" for word in _WORD.findall(names))
