"""What answers the reader in the page: their code runs, `check` judges it, and nothing escapes."""

import ast
import contextlib
import io
import json
import sys
import traceback

from course_lib.exercises import check, draw_cases, find
from course_lib.exercises._check import _VISIBLE_SEED

_FILE = "your answer"
_PRINTED = 2000
_CLOSED = ("js", "pyodide_js", "pyodide.http", "pyodide.code", "pyodide.ffi")


class _World(dict):
    """The names that an answer meets: one that it does not define is looked for above it."""

    def __init__(self, above):
        super().__init__(__name__="__main__")
        self.above = {}
        for code in above:
            self.above |= _definitions(code)

    def __missing__(self, name):
        # An `import` of another cell, a function given in the chapter, or an earlier answer.
        statement = self.above.pop(name)
        exec(compile(ast.Module([statement], []), "the chapter", "exec"), self)
        return self[name]


def _definitions(code):
    """The last statement of a cell that gives each of its names a value."""
    try:
        statements = ast.parse(code).body
    except SyntaxError:
        return {}
    found = {}
    for statement in statements:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            names = [alias.asname or alias.name.partition(".")[0] for alias in statement.names]
        elif isinstance(statement, ast.FunctionDef | ast.ClassDef):
            names = [statement.name]
        elif isinstance(statement, ast.Assign):
            nodes = [node for target in statement.targets for node in ast.walk(target)]
            names = [node.id for node in nodes if isinstance(node, ast.Name)]
        else:
            continue
        found |= dict.fromkeys(names, statement)
    return found


def answered(exercise_id, code, above=()):
    """What a reader's code earns.

    Parameters
    ----------
    exercise_id : str
    code : str
    above : sequence of str
        The cells above it in the notebook, with the reader's own earlier answers.

    Returns
    -------
    dict
        ``status``, ``message``, ``hint``, ``example`` and ``note`` of `CheckResult`, what was
        ``printed``, and the ``line`` of the reader's code that failed, or None.
    """
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            found = _judged(exercise_id, code, above)
        except BaseException as error:
            found = _failed(error)
    printed = said.getvalue()
    cut = f"\n… and {len(printed) - _PRINTED} characters more" if len(printed) > _PRINTED else ""
    blank = {"hint": "", "example": "", "note": "", "line": None}
    return {**blank, **found, "printed": printed[:_PRINTED] + cut}


def answered_as_json(exercise_id, code, above):
    """The same between Python and JavaScript."""
    return json.dumps(answered(exercise_id, code, json.loads(above)))


def _judged(exercise_id, code, above):
    name = find(exercise_id).function_name
    world = _World(above)
    world.above.pop(name, None)
    exec(compile(code, _FILE, "exec"), world)
    if name not in world:
        message = f"Your code defines no function {name}()."
        return {"status": "not attempted", "message": message}
    result = check(exercise_id, world[name])
    fields = ("status", "message", "hint", "example", "note")
    found = {field: getattr(result, field) for field in fields}
    if result.status == "incorrect" and "raised " in result.message:
        found["line"] = _line_that_fails(exercise_id, world[name])
    return found


def _line_that_fails(exercise_id, function):
    for case in draw_cases(find(exercise_id), _VISIBLE_SEED):
        try:
            function(*case)
        except BaseException as error:
            return _line(error)
    return None


def _line(error):
    """Line of the reader's code, the innermost one, where an exception came from."""
    if isinstance(error, SyntaxError) and error.filename == _FILE:
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == _FILE]
    return lines[-1] if lines else None


def _failed(error):
    kind = type(error).__name__
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return {
        "status": "incorrect",
        "message": f"Your code raised {kind}: {text}".removesuffix(": ") + ".",
        "line": _line(error),
        "note": _elsewhere(error),
    }


def _elsewhere(error):
    """A page has no SciPy and no torch: that is not the reader's mistake."""
    if isinstance(error, ModuleNotFoundError) and error.name in _CLOSED:
        return "Code in a page has no way to the network or to the page."
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"The page's Python has NumPy, but not {error.name}. Open the chapter in Colab."
    return ""


def keep_to_python():
    """Take away the way from Python to the page's network and storage."""
    for name in _CLOSED:
        sys.modules[name] = None
