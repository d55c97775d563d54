"""`course-grade nbgrader`: a chapter's exercises as a source notebook for nbgrader (schema 3)."""

import ast
import textwrap
from pathlib import Path

from course_lib.exercises import find

from .notebook import grade_id

# Not the seed of the notebook's own check.
_SEEDS = (101, 102, 103)
_HIDDEN_TEST = """\
# {points} points
assert callable({name}), "run the cell above"
### BEGIN HIDDEN TESTS
from course_lib import exercises as _course

_exercise = _course.find({exercise!r})
_cases = [case for seed in {seeds} for case in _course.draw_cases(_exercise, seed)]
_outputs = [_course.call({name}, case) for case in _cases]
round(_exercise.points * _course.diagnose(_exercise, _cases, _outputs).fraction, 2)
### END HIDDEN TESTS"""


def write(chapter, out=None):
    """Write the source notebook of a chapter.

    Parameters
    ----------
    chapter : str
        Name of a chapter, looked for in ``chapters/``, or the path of its source.
    out : path, optional
        By default ``<chapter>.ipynb`` in the current folder.

    Returns
    -------
    path

    Raises
    ------
    ValueError
        If there is no such chapter, or it has no exercise.
    """
    try:
        import jupytext
        import nbformat
    except ImportError as error:
        raise ValueError("course-grade nbgrader needs the extra [book]: jupytext.") from error
    path = _source(chapter)
    text = path.read_text(encoding="utf-8")
    notebook = assignment(jupytext.reads(text, fmt="md:myst"), path.stem)
    out = Path(out or f"{path.stem}.ipynb")
    nbformat.write(notebook, out)
    return out


def _source(chapter):
    roots = (Path("chapters"), Path(__file__).resolve().parents[1] / "chapters")
    for path in (Path(chapter), *(root / f"{chapter}.md" for root in roots)):
        if path.is_file():
            return path
    raise ValueError(f"There is no chapter {chapter!r}: give its name or the path of its source.")


def assignment(source, name):
    """The assignment made of a chapter's exercises: text, solution and test of each.

    Parameters
    ----------
    source : NotebookNode
        The chapter, with cells tagged ``exercise`` and ``solution``.
    name : str

    Returns
    -------
    NotebookNode
    """
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    cells, uses, text, exercise = [], set(), "", None
    for cell in source.cells:
        tags = cell.metadata.get("tags", [])
        if cell.cell_type == "markdown":
            text = cell.source
        elif "exercise" in tags:
            exercise = find(cell.metadata["exercise"])
            cells.append(new_markdown_cell(_last_section(text, exercise)))
        elif "solution" in tags:
            uses |= set(exercise.uses)
            cells.append(
                new_code_cell(
                    _marked(cell.source, exercise.function_name),
                    metadata={
                        "exercise": exercise.id,
                        "nbgrader": _metadata(grade_id(exercise.id), solution=True),
                    },
                )
            )
            test = _HIDDEN_TEST.format(
                exercise=exercise.id,
                name=exercise.function_name,
                points=exercise.points,
                seeds=_SEEDS,
            )
            points = {"points": exercise.points}
            metadata = _metadata(f"{grade_id(exercise.id)}-test", grade=True) | points
            cells.append(new_code_cell(test, metadata={"nbgrader": metadata}))
    if not cells:
        raise ValueError(f"The chapter {name!r} has no exercise.")
    imports = [{"np": "import numpy as np", "torch": "import torch"}[use] for use in sorted(uses)]
    cells.insert(0, new_code_cell("\n".join(imports)))
    for number, cell in enumerate(cells):
        cell["id"] = f"{name}-{number}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def _metadata(name, grade=False, solution=False):
    return {
        "schema_version": 3,
        "grade_id": name,
        "grade": grade,
        "solution": solution,
        "locked": not solution,
        "task": False,
    }


def _last_section(text, exercise):
    """The heading directly above an exercise, with the text below it."""
    heading = text.rfind("\n#")
    return text[max(heading, 0) :].strip() or f"### {exercise.title}"


def _marked(solution, name):
    """The solution with nbgrader's marks around the function's body, below its docstring.

    Other statements of the solution move into the body, so that the released stub has none.
    """
    lines = solution.splitlines()
    tree = ast.parse(solution).body
    (function,) = (n for n in tree if isinstance(n, ast.FunctionDef) and n.name == name)
    body = function.body[1:] if ast.get_docstring(function) else function.body
    first = min(n.lineno for n in (function, *function.decorator_list))
    others = [*lines[: first - 1], *lines[function.end_lineno :]]
    helpers = textwrap.indent("\n".join(others).strip(), "    ").splitlines()
    return "\n".join(
        [
            *lines[first - 1 : body[0].lineno - 1],
            "    ### BEGIN SOLUTION",
            *helpers,
            *lines[body[0].lineno - 1 : function.end_lineno],
            "    ### END SOLUTION",
        ]
    )
