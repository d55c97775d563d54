"""One card in place of an exercise's cells: task, stub, hints, solution, and where it can run.

Its heading ``Exercise: its title`` gets a number, by which the contents of the page name it, too.

The card is whole without scripts. `static/exercises.js` turns the stub into an editor.
"""

import ast
import hashlib
import html
import re

from docutils import nodes
from sphinx.util import logging

from course_lib.exercises import check, find

from .. import doors, editions

_log = logging.getLogger(__name__)
_TASK = (nodes.paragraph, nodes.bullet_list, nodes.enumerated_list, nodes.math_block)
_OPERATORS = {
    **{ast.BitAnd: "&", ast.BitOr: "|", ast.Invert: "~", ast.MatMult: "@"},
    **{ast.FloorDiv: "//", ast.Mod: "%"},
}


def version(cells):
    """Changes when an exercise does, so that what was solved is not taken for what is asked now."""
    return hashlib.sha256(f"{cells['stub']}\n{cells['solution']}".encode()).hexdigest()[:8]


def number(app, doctree):
    """Number the headings of exercises, before Sphinx collects what the page contains."""
    chapter = app.env.docname.removeprefix("chapters/")
    numbers = editions.exercise_numbers(editions.labels().get(chapter))
    for stub in doctree.findall(lambda node: _tagged(node, "exercise")):
        stub["number"] = next(numbers)
        title = stub.parent[0]
        if not title.astext().startswith("Exercise: "):
            _log.warning("An exercise needs a heading: ### Exercise: its title", location=stub)
            continue
        title[0] = nodes.Text(title[0].replace("Exercise", f"Exercise {stub['number']}", 1))
        stub.parent["ids"].append(f"exercise-{stub['number']}")


def make(app, doctree):
    """Put every exercise of a page into its card; the author's own verdict stands on none."""
    for stub in list(doctree.findall(lambda node: _tagged(node, "exercise"))):
        page = stub.parent
        at = page.index(stub)
        _, solution, verdict = page[at : at + 3]
        if not (_tagged(solution, "solution") and _tagged(verdict, "check")):
            _log.warning("An exercise needs its solution and its check below it.", location=stub)
            continue
        first = at
        while first and isinstance(page[first - 1], (*_TASK, nodes.title)):
            first -= 1
        exercise = find(stub["cell_metadata"]["exercise"])
        title = page[0].astext().partition(": ")[2]
        cells = {"stub": _code(stub), "solution": _code(solution)}
        chapter = app.env.docname.removeprefix("chapters/")
        page[first : at + 3] = [
            _raw(_opened(exercise, cells, stub["number"])),
            *page[first:at],
            stub,
            _raw(_elsewhere(exercise, chapter) + _hints(exercise, cells)),
            solution,
            _raw("</div>"),
        ]
        asked = (stub["number"], exercise.id, title, _signature(cells["stub"]))
        doctree["exercises"] = [*doctree.get("exercises", []), asked]


def _tagged(node, tag):
    return isinstance(node, nodes.container) and f"tag_{tag}" in node["classes"]


def _raw(text):
    return nodes.raw("", text, format="html")


def _code(cell):
    return next(cell.findall(nodes.literal_block)).astext()


def _signature(code):
    function = _function(code)
    return f"{function.name}({ast.unparse(function.args)})"


def _opened(exercise, cells, number):
    label = html.escape(f"Exercise {number}: {exercise.title}")
    runs = "" if "torch" in exercise.uses else f' data-version="{version(cells)}"'
    return (
        f'<div class="exercise" id="exercise-{exercise.id}" role="group" aria-label="{label}" '
        f'data-exercise="{exercise.id}"{runs}>'
    )


def _elsewhere(exercise, chapter):
    """Say why an answer does not run here; a script takes that away where it does."""
    link = doors.to_notebook(chapter)
    why = "This page cannot run your answer without scripts"
    if "torch" in exercise.uses:
        why = "Needs torch, which does not run in a page"
    elif not runs_in_pages:
        why = "This copy of the book was built without live exercises"
    return f'<p class="exercise-elsewhere"><span>{why}</span>: {link}.</p>'


#: Whether the book that is being built holds the Python that runs in its pages.
runs_in_pages = False


def _hints(exercise, cells):
    asked = f"<p>{html.escape(_documentation(cells['stub']))}</p>" + _example(exercise)
    pointer = f"<p>{_pointer(cells['solution'])}</p>"
    return (
        f'<details class="exercise-hint"><summary>Hint: what is asked</summary>{asked}'
        f'<details class="exercise-hint"><summary>Hint: a pointer</summary>{pointer}'
        "</details></details>"
    )


def _documentation(code):
    return " ".join((ast.get_docstring(_function(code)) or "See the text above.").split())


def _function(code):
    """The last function of a cell."""
    return [node for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)][-1]


def _example(exercise):
    """The first case and what is expected of it, as `check` shows them; a judgement has none."""
    if "torch" in exercise.uses or exercise.judge:
        return ""
    example, _, _ = check(exercise.id, lambda *_: None).example.rpartition("\ngot ")
    return f"<pre>{html.escape(example)}</pre>"


def _pointer(code):
    """How long the book's solution is and what it uses."""
    body = _function(code).body
    body = body[1:] if ast.get_docstring(_function(code)) else body
    lines = sum(node.end_lineno - node.lineno + 1 for node in body)
    tools = dict.fromkeys(
        tool for part in body for node in ast.walk(part) if (tool := _tool(node, code))
    )
    long = f"The book’s solution has {lines} line{'s' if lines > 1 else ''}"
    if not tools:
        return f"{long} and needs arithmetic alone."
    return f"{long} and uses " + ", ".join(f"<code>{html.escape(t)}</code>" for t in tools) + "."


def _tool(node, code):
    """What one would look up of a piece of code."""
    if isinstance(node, ast.Call):
        name = ast.get_source_segment(code, node.func)
        if re.fullmatch(r"(np|torch|nn)(\.\w+)+|[a-z]\w*", name):
            return f"{name}()"
        return f".{node.func.attr}()" if isinstance(node.func, ast.Attribute) else None
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Compare):
        return "values[condition]"
    if isinstance(node, ast.For | ast.While):
        return type(node).__name__.lower()
    if isinstance(node, ast.BinOp | ast.UnaryOp):
        return _OPERATORS.get(type(node.op))
    return None
