"""What an answer finds in its notebook: solved exercises whose functions it calls."""

import ast


def cells_of(exercise_id, kind, cells):
    """Source of an exercise's stub or solution, below the solutions of exercises that it calls."""
    chapter = exercise_id.partition(".")[0]
    own = cells[exercise_id][kind]
    names = {node.id for node in ast.walk(ast.parse(own)) if isinstance(node, ast.Name)}
    called = [f"{chapter}.{name}" for name in sorted(names)]
    return [*(cells[c]["solution"] for c in called if c in cells and c != exercise_id), own]
