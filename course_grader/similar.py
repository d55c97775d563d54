"""Answers that are more alike than chance explains: a note to a person, never a verdict.

Short solutions coincide by nature, and a whole class may share a teacher's habit. What counts
therefore is long runs of the same syntax that nearly nobody else in the class wrote, with names,
comments, and layout taken away (Schleimer, Wilkerson and Aiken 2003, *Winnowing*, SIGMOD).
"""

import ast
import collections
import inspect
import itertools
import re
from dataclasses import dataclass
from pathlib import Path

# Nodes of a syntax tree in a row, about two lines of code
_LENGTH = 16
# A run is rare if at most so large a share of the class wrote it, and at most two of a few.
_RARE = 0.1
# So many rare runs, and so large a share of the smaller answer's runs, are unusual.
_RUNS = 24
_SHARE = 0.6


@dataclass(frozen=True)
class Pair:
    """Two students whose answers share unusual code.

    Attributes
    ----------
    first, second : str
    exercises : tuple of str
        Where the shared code is.
    share : float
        Of the runs of the smaller one's answers.
    """

    first: str
    second: str
    exercises: tuple[str, ...]
    share: float


def pairs(answers, known=()):
    """Pairs of students with similar answers, the most similar ones first.

    Parameters
    ----------
    answers : dict
        From student to a dictionary from exercise to source code.
    known : iterable of str
        Source code that all have seen, which shows nothing: stubs, solutions of the book.

    Returns
    -------
    list of Pair
    """
    public = set().union(*(_runs(source) for source in known))
    # What a run is part of counts too: the same line in two exercises is two runs.
    own = {
        student: {(e, run) for e, source in found.items() for run in _runs(source) - public}
        for student, found in answers.items()
    }
    writers = collections.defaultdict(set)
    for student, runs in own.items():
        for run in runs:
            writers[run].add(student)
    limit = max(2, _RARE * len(own))
    shared = collections.defaultdict(set)
    for run, students in writers.items():
        if 2 <= len(students) <= limit:
            for pair in itertools.combinations(sorted(students), 2):
                shared[pair].add(run)
    found = []
    for (first, second), runs in shared.items():
        size = min(len(own[first]), len(own[second]))
        if len(runs) >= _RUNS and len(runs) >= _SHARE * size:
            exercises = tuple(sorted({exercise for exercise, _ in runs}))
            found.append(Pair(first, second, exercises, len(runs) / size))
    return sorted(found, key=lambda pair: (-pair.share, pair.first, pair.second))


# A cell of a chapter's source: its options, then its code
_CELL = re.compile(r"```\{code-cell\}[^\n]*\n((?::[^\n]*\n)*)(.*?)\n```", re.DOTALL)
_CHAPTERS = Path(__file__).resolve().parents[1] / "chapters"


def public_sources(exercises):
    """What everybody may have read: the book's code, where it is at hand, and the references."""
    sources = []
    for chapter in {exercise.chapter for exercise in exercises}:
        path = _CHAPTERS / f"{chapter}.md"
        if path.is_file():
            sources += [code for _, code in _CELL.findall(path.read_text(encoding="utf-8"))]
    for exercise in exercises:
        try:
            sources.append(inspect.getsource(exercise.reference))
        except (OSError, TypeError):
            continue
    return sources


def _runs(source):
    """All runs of nodes of the source's syntax tree."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    labels = [label for statement in tree.body for label in _labels(statement)]
    return {tuple(labels[i : i + _LENGTH]) for i in range(len(labels) - _LENGTH + 1)}


def _labels(root):
    """The nodes in the order of the source, without names, annotations and docstrings."""
    labels, waiting = [], [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.expr_context | ast.Import | ast.ImportFrom | ast.Pass):
            continue
        label = type(node).__name__
        if isinstance(node, ast.Attribute):
            label = f".{node.attr}"
        elif isinstance(node, ast.Constant):
            label = repr(node.value)[:40]
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store):
            label = "Name"
        labels.append(label)
        children = []
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "type_comment", "decorator_list"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not _is_docstring(child):
                    children.append(child)
        waiting += reversed(children)
    return labels


def _is_docstring(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
