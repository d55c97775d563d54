"""Write ``examples/class``: what thirty made-up students handed in for the chapter on metrics.

    python examples/make_class.py [FOLDER]

Solutions and stubs come from the chapter's student edition and source; wrong answers are the
misconceptions of the exercises, written as students write them. The same seed writes the same
bytes, so the committed class changes only with the chapter.
"""

import copy
import json
import random
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from book_ext import editions  # noqa: E402

NAMES = """
    alice ben chen-wei dalia emil fatima goran hui-min ines jonas kavya lin-yu marta nikhil oya
    pedro qi-an rosa samir tomoko ulrike viktor wen-li xavier yara zoltan anneke boris carmen dmitri
""".split()  # noqa: SIM905

#: Exercise and misconception: the body that a student with this thought writes.
WRONG = {
    ("always_normal_accuracy", "prevalence"): "return np.mean(y_true == 1)",
    ("always_normal_accuracy", "count"): "return (y_true == 0).sum()",
    ("sensitivity", "ppv"): "return np.mean(y_true[y_pred == 1])",
    ("sensitivity", "accuracy"): "return (y_true == y_pred).mean()",
    ("expected_accuracy", "plain_mean"): "return 0.5 * (sensitivity + specificity)",
    ("expected_accuracy", "weights_swapped"): (
        "healthy = 1 - prevalence\n    return sensitivity * healthy + specificity * prevalence"
    ),
    ("ppv", "sensitivity"): "return np.mean(y_pred[y_true == 1])",
    ("ppv", "false_discovery_rate"): "return np.mean(y_true[y_pred == 1] == 0)",
    ("confusion_counts", "swapped_arguments"): (
        "tp = np.sum(y_true * y_pred)\n"
        "    fn = np.sum(y_pred) - tp\n"
        "    fp = np.sum(y_true) - tp\n"
        "    return tp, fn, fp, len(y_true) - tp - fn - fp"
    ),
    ("ppv_at", "ignores_prevalence"): "return sensitivity / (sensitivity + (1 - specificity))",
    ("ppv_at", "sensitivity_times_prevalence"): "return prevalence * sensitivity",
    ("post_test_probability", "multiplies_probability"): "return likelihood_ratio * pretest",
    ("post_test_probability", "returns_odds"): (
        "return likelihood_ratio * pretest / (1 - pretest)"
    ),
    ("study_size", "ill_alone"): (
        "n = 1.96**2 * sensitivity * (1 - sensitivity) / half_width**2\n    return int(np.ceil(n))"
    ),
    ("study_size", "whole_width"): (
        "z = 2 * 1.96 / half_width\n"
        "    return int(np.ceil(z**2 * sensitivity * (1 - sensitivity) / prevalence))"
    ),
}
#: Answers that are wrong in a way of their own.
ODD = {
    "raises": "return sensitvity",
    "loops": "while True:\n        pass",
    "reads": "return open('/etc/passwd').read()",
    "prints": "print(y_true)",
}


def make(folder):
    """Write the class into a folder, which should be empty.

    Parameters
    ----------
    folder : path
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(10)
    edition = nbformat.read(editions.CHAPTERS / "metrics.ipynb", as_version=4)
    text = (editions.CHAPTERS / "metrics.md").read_text(encoding="utf-8")
    cells = editions.exercise_cells(text)
    for number, name in enumerate(NAMES):
        notebook = _handed_in(edition, cells, skill=rng.betavariate(2.5, 1.2), rng=rng)
        data = _mangled(notebook, number)
        (folder / f"{name}.ipynb").write_text(data, encoding="utf-8")


def _handed_in(edition, cells, skill, rng):
    """The exercises of a student edition with the answers of a student of this skill."""
    notebook = copy.deepcopy(edition)
    notebook.cells = [
        cell for cell in notebook.cells if "exercise" in cell.metadata.get("tags", [])
    ]
    for cell in notebook.cells:
        cell.outputs, cell.execution_count = [], None
        exercise = cell.metadata.exercise
        name = exercise.partition(".")[2]
        luck = rng.random()
        if luck < skill:
            cell.source = cells[exercise]["solution"]
        elif luck < skill + 0.75 * (1 - skill):
            wrong = [body for (function, _), body in WRONG.items() if function == name]
            cell.source = cell.source.replace("return ...", rng.choice(wrong))
    return notebook


def _mangled(notebook, number):
    """The file, with what happens to one or two notebooks in every class."""
    by_name = {cell.metadata.exercise.partition(".")[2]: cell for cell in notebook.cells}
    ppv = by_name["ppv"]
    if number in (4, 9, 17):
        body = [ODD["raises"], ODD["loops"], ODD["reads"]][(4, 9, 17).index(number)]
        ppv.source = f"def ppv(y_true, y_pred):\n    {body}"
    if number == 6:
        ppv.source = f"def ppv(y_true, y_pred):\n    {ODD['prints']}"
    if number == 12:
        # A platform that drops what it does not know.
        for cell in notebook.cells:
            cell.metadata = {}
    if number == 15:
        ppv.cell_type = "markdown"
        del ppv["outputs"], ppv["execution_count"]
    if number == 20:
        ppv.source = "%%time\n" + ppv.source
    if number == 23:
        notebook.cells.append(copy.deepcopy(ppv))
        ppv.source = "def ppv(y_true, y_pred):\n    return 1"
    text = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    return text[: len(text) // 2] if number == 26 else text


if __name__ == "__main__":
    make(sys.argv[1] if len(sys.argv) > 1 else ROOT / "examples" / "class")
