"""Write ``examples/report_template.ipynb`` from ``report_template.py``, without outputs.

python examples/make_notebook.py
"""

import sys
from pathlib import Path

import jupytext

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from book_ext import editions  # noqa: E402

_PACKAGES = ("stardist",)


def notebook_text(repository=None):
    """The notebook without outputs, with the install cell of the chapters in front."""
    source = (HERE / "report_template.py").read_text(encoding="utf-8")
    notebook = jupytext.reads(source, fmt="py:percent")
    for cell in notebook.cells:
        cell.metadata = {"editions": ["student"]}
        cell.source = cell.source.replace("  # noqa: B018", "")
    notebook = editions.student_edition(notebook, "report_template", _PACKAGES, repository)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.execution_count = None
    return editions.writes(notebook)


if __name__ == "__main__":
    editions.replace_file(HERE / "report_template.ipynb", notebook_text())
