"""Notebooks of honest students: from the top, `check` calls each correct; so must the grader.

Every entry is a list of cells. The one that holds the exercise's mark is a pair of mark and source;
`CHECK` stands where the notebook has its check.
"""

import json

MARK = "metrics.ppv"
CHECK = f"from course_lib.exercises import check\ncheck({MARK!r}, ppv)"
STUB = 'def ppv(y_true, y_pred):\n    """Share of the positives that are ill."""\n    return ...'
PLAIN = "def ppv(y_true, y_pred):\n    return np.mean(y_true[y_pred == 1])"
IMPORTS = "import numpy as np\nfrom course_lib.metrics import ConfusionMatrix"
PATIENTS = (
    "def patients(letters):\n"
    '    return np.array([letter in "D+" for letter in letters.split()], int)\n\n'
    'y_true = patients("N D N D")\ny_pred = patients("- + + -")\n'
    "matrix = ConfusionMatrix.from_labels(y_true, y_pred)\nprint(matrix.ppv)"
)


def _answer(body, below=""):
    """The marked cell: a function with this body, and what stands below it."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    return MARK, f"def ppv(y_true, y_pred):\n{lines}\n{below}"


def _below(text):
    """A finished function, something below it in its cell, and the check."""
    return [(MARK, f"{PLAIN}\n\n{text}"), CHECK]


def _helper(helper, body):
    """A helper in a cell of its own, an answer that uses it, and the check."""
    return [helper, _answer(body), CHECK]


_USES = "return np.mean(y_true[{}])".format

HONEST = {
    # Below a finished function
    "trial_call": _below("print(ppv(y_true, y_pred))"),
    "trial_call_that_fails": _below("ppv(y_true)"),
    "assertion_that_fails": _below("assert ppv(np.array([1]), np.array([1])) == 2"),
    "check_in_its_cell": [(MARK, f"{PLAIN}\n\n{CHECK}")],
    "name_error": _below("answer = ppv(y_true, y_pred) + undefined"),
    "file_that_is_not_there": _below("table = open('my_patients.csv').read()"),
    "plot": _below("import matplotlib.pyplot as plt\nplt.plot(y_true)\nplt.savefig('a.png')"),
    "figure_in_a_with": _below("import matplotlib.pyplot as plt\nfig, ax = plt.subplots()"),
    "display": _below("from IPython.display import display\ndisplay(ppv(y_true, y_pred))"),
    "input": _below("name = input('Your name? ')"),
    # Helpers of every form
    "tuple_of_names": _helper("ill, well = 1, 0\nboth = (ill, well)", _USES("y_pred == both[0]")),
    "array": _helper("positive = np.array([1])", _USES("np.isin(y_pred, positive)")),
    "comprehension": _helper(
        "labels = {k: int(k == 'D') for k in 'DN'}", _USES("y_pred == labels['D']")
    ),
    "lambda": _helper("hit = lambda a: a == 1", _USES("hit(y_pred)")),
    "partial": _helper(
        "import functools\nhit = functools.partial(np.equal, 1)", _USES("hit(y_pred)")
    ),
    "star_import": _helper("from numpy import *", "return mean(y_true[nonzero(y_pred == 1)])"),
    "star_import_of_a_builtin": _helper(
        "from numpy import *", "return sum(y_true[None, y_pred == 1]) / sum(y_pred[None] == 1)"
    ),
    "try_import": _helper(
        "try:\n    import fast_ppv as tools\nexcept ImportError:\n    import math as tools",
        "return tools.fsum(y_true[y_pred == 1]) / tools.fsum(y_pred == 1)",
    ),
    "grown_list": _helper("seen = []\nseen.append(1)\nseen += [2]", _USES("y_pred == seen[0]")),
    "filled_dictionary": _helper("code = {}\ncode['ill'] = 1", _USES("y_pred == code['ill']")),
    "loop_variable": _helper(
        "codes = {}\nfor number, name in enumerate(['well', 'ill']):\n    codes[name] = number",
        _USES("y_pred == codes['ill']"),
    ),
    "with_block": _helper(
        "import contextlib\nwith contextlib.suppress(ValueError):\n    level = 1",
        _USES("y_pred == level"),
    ),
    "set_by_a_function": _helper(
        "def settle():\n    global level\n    level = 1\n\nsettle()", _USES("y_pred == level")
    ),
    "set_by_globals": _helper("globals()['level'] = 1", _USES("y_pred == level")),
    "executed_text": _helper("exec('level = 1')", _USES("y_pred == level")),
    "walrus": _helper("if (level := 1) > 0:\n    print(level)", _USES("y_pred == level")),
    "enumeration": _helper(
        "import enum\nclass Test(enum.IntEnum):\n    NO = 0\n    YES = 1",
        _USES("y_pred == Test.YES"),
    ),
    "decorator": [
        "import functools\ndef told(f):\n    @functools.wraps(f)\n    def g(*a):\n"
        "        return f(*a)\n    return g",
        (MARK, f"@told\n{PLAIN}"),
        CHECK,
    ],
    "wrapped_below": [(MARK, PLAIN), "ppv_old = ppv\nppv = lambda a, b: ppv_old(a, b)", CHECK],
    "helper_below_its_use": [
        _answer("return share(y_true, y_pred)"),
        "def share(a, b):\n    return np.mean(a[b == 1])",
        CHECK,
    ],
    "helper_redefined_after_the_check": [
        *_helper("def hit(a):\n    return a == 1", _USES("hit(y_pred)")),
        "def hit(a):\n    return a == 0",
    ],
    "function_that_keeps_state": [
        "calls = 0",
        _answer("global calls\ncalls += 1\nreturn np.mean(y_true[y_pred == 1])"),
        CHECK,
    ],
    # What the notebook imports, and the library's own function
    "library": [
        _answer("return ConfusionMatrix.from_labels(y_true, y_pred).ppv"),
        CHECK,
    ],
    "torch": [
        "import torch",
        _answer("return torch.tensor(y_true[y_pred == 1], dtype=torch.float64).mean()"),
        CHECK,
    ],
    "scipy_at_the_top": _helper(
        "from scipy import stats", "return stats.tmean(y_true[y_pred == 1])"
    ),
    "pandas": _helper(
        "import pandas as pd", "return pd.Series(y_true)[pd.Series(y_pred) == 1].mean()"
    ),
    # Inside the function
    "plot_inside": _helper(
        "import matplotlib.pyplot as plt",
        "plt.figure()\nplt.plot(y_true)\nplt.show()\nplt.close()\n" + _USES("y_pred == 1"),
    ),
    "file_inside": [
        _answer("np.save('debug.npy', y_true)\nreturn np.load('debug.npy')[y_pred == 1].mean()"),
        CHECK,
    ],
    "folder_inside": [
        _answer(
            "import os, tempfile\nos.makedirs('debug', exist_ok=True)\n"
            "with tempfile.NamedTemporaryFile('w', dir='debug') as f:\n    f.write('x')\n"
            + _USES("y_pred == 1")
        ),
        CHECK,
    ],
    "display_inside": [_answer("display(y_true)\n" + _USES("y_pred == 1")), CHECK],
    "thread_inside": [
        _answer(
            "import threading\nfound = []\n"
            "t = threading.Thread(target=lambda: found.append(np.mean(y_true[y_pred == 1])))\n"
            "t.start()\nt.join()\nreturn found[0]"
        ),
        CHECK,
    ],
    # IPython's syntax
    "magic_at_the_top": [(MARK, f"%matplotlib inline\n{PLAIN}"), CHECK],
    "time_magic": [(MARK, f"%%time\n{PLAIN}"), CHECK],
    "capture_magic": [(MARK, f"%%capture\n{PLAIN}\nprint(1)"), CHECK],
    "shell_line": [(MARK, f"!pip --version\n{PLAIN}"), CHECK],
    "continued_shell_line": [(MARK, f"!echo one \\\n  two\n{PLAIN}"), CHECK],
    "shell_assigned": [(MARK, f"files = !ls\n{PLAIN}\nprint(len(files))"), CHECK],
    "help": [(MARK, f"{PLAIN}\n\nnp.mean?"), CHECK],
    "help_in_front": [(MARK, f"?np.mean\n{PLAIN}"), CHECK],
    "timed_and_assigned": [(MARK, f"{PLAIN}\n\nt = %timeit -o -n1 -r1 ppv(y_true, y_pred)"), CHECK],
    "percent_on_a_line_of_its_own": [
        _answer("odd = (y_pred\n       % 2)\nreturn np.mean(y_true[odd == 1])", "%precision 3"),
        CHECK,
    ],
    "written_to_a_file": [
        "%%writefile mine.py\ndef hit(a):\n    return a == 1",
        "from mine import hit",
        _answer(_USES("hit(y_pred)")),
        CHECK,
    ],
    "prompts": [(MARK, ">>> " + PLAIN.replace("\n", "\n... ")), CHECK],
    # Where it stands
    "new_cell_below_the_stub": [(MARK, STUB), PLAIN, CHECK],
    "new_cell_without_marks": [STUB, PLAIN, CHECK],
    "number_of_the_same_name": [PLAIN, CHECK, "ppv = 0.9"],
    "number_of_the_same_name_marked": [(MARK, PLAIN), CHECK, "ppv = matrix.ppv"],
    "number_in_its_cell": [(MARK, f"{PLAIN}\n\n{CHECK}\nppv = ppv(y_true, y_pred)")],
    "split_cell": [(MARK, "one = 1"), _answer(_USES("y_pred == one")), CHECK],
    "split_cell_below": [(MARK, PLAIN), (MARK, "print(ppv(y_true, y_pred))"), CHECK],
    "second_try": [(MARK, PLAIN.replace("== 1", "== 0")), CHECK, PLAIN, CHECK],
    "defined_in_a_branch": [
        (MARK, "if True:\n" + "\n".join("    " + x for x in PLAIN.split("\n"))),
        CHECK,
    ],
    "future_import": [
        (
            MARK,
            "from __future__ import annotations\n\n" + PLAIN.replace("y_true,", "y_true: Table,"),
        ),
        CHECK,
    ],
    "unfinished_trial": [(MARK, PLAIN), CHECK, "print(ppv("],
}

# `check` cannot say anything of these when they are run here, or needs what is not installed.
UNCHECKED = {
    "seaborn": _below("import seaborn as sns\nsns.histplot(y_true)"),
    "seaborn_above": [(MARK, f"import seaborn as sns\nsns.set_theme()\n{PLAIN}"), CHECK],
    "colab_drive": [
        "from google.colab import drive\ndrive.mount('/content')",
        (MARK, PLAIN),
        CHECK,
    ],
    "syntax_error_below": _below("print(ppv("),
    "all_in_the_last_cell": [(MARK, STUB), CHECK, f"def npv():\n    pass\n\n{PLAIN}"],
}


def cells(entry):
    """All cells of an entry's notebook, as pairs of mark and source."""
    return [
        (None, IMPORTS),
        (None, PATIENTS),
        *(cell if isinstance(cell, tuple) else (None, cell) for cell in entry),
    ]


def notebook(entry):
    """The bytes of an entry's notebook."""
    written = [
        {
            "cell_type": "code",
            "metadata": {"exercise": mark} if mark else {},
            "source": source,
        }
        for mark, source in cells(entry)
    ]
    return json.dumps({"cells": written, "metadata": {}, "nbformat": 4}).encode()
