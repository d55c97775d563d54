"""Editions: in sync, reproducible, no solution where a student could find it, no vacuous nbval."""

import ast
import asyncio
import copy
import json
import os
import re
import shutil
import signal
import sys
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest

from book_ext import editions, execute, kernel, nursery, rules
from course_lib.widgets import quiz

CHAPTERS = editions.chapter_files()
REAL_ROOT = editions.ROOT
HTML = editions.ROOT / "_build" / "html"
#: Cells of the whole book whose output is not compared. Lower it when one of them prints numbers.
IGNORED_OUTPUTS = 1
each_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=editions.chapter_name)

SOURCE = """\
---
file_format: mystnb
---

# A chapter

See [the other](metrics.md#summary) and [outside](https://example.org/a.md).

```{code-cell} ipython3
x = 1
```

```{code-cell} ipython3
:tags: [exercise]
:exercise: demo.double

def double(x):
    return ...
```

Between.

```{code-cell} ipython3
:tags: [solution]

def double(x):
    return 2 * x
```

```{code-cell} ipython3
:tags: [check]

print(double(x))
```
"""


def _student(path):
    return nbformat.read(path.with_suffix(".ipynb"), as_version=4)


def _solution_lines(path):
    """Lines that only the solutions of a chapter hold, long enough to be recognized."""
    cells = editions.parsed(path.read_text(encoding="utf-8")).cells
    public = "\n".join(cell.source for cell in cells if "solution" not in editions.tags(cell))
    public = {re.sub(r"\s", "", line) for line in public.splitlines()}
    lines = [
        re.sub(r"\s", "", line)
        for cell in cells
        if "solution" in editions.tags(cell)
        for line in cell.source.splitlines()
    ]
    return [line for line in lines if len(line) > 12 and line not in public]


def test_there_are_chapters():
    assert {"metrics"} <= {editions.chapter_name(path) for path in CHAPTERS}


def _executed(path):
    """A chapter with its kept outputs: no test executes a chapter of the book by surprise."""
    kept = execute.stored(path)
    if kept is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(
            f"{editions.chapter_name(path)} was not executed since it changed: "
            "run `make notebooks` first."
        )
    return kept


@each_chapter
def test_student_edition_is_in_sync(path):
    _executed(path)
    assert not execute.outdated_editions([path], editions.repositories()), (
        f"{path.with_suffix('.ipynb').name} is not what {path.name} gives: run `make notebooks`."
    )


@each_chapter
def test_student_edition_is_byte_identical_twice(path):
    executed = _executed(path)
    before = copy.deepcopy(executed)
    once, again = (
        editions.writes(editions.student_edition(executed, editions.chapter_name(path)))
        for _ in range(2)
    )
    assert once == again
    assert executed == before


@each_chapter
def test_notebook_is_valid_and_compared(path):
    assert path.with_suffix(".ipynb").is_file(), f"{path.name} has no notebook: `make notebooks`"
    notebook = _student(path)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    # Without a count nbval compares nothing.
    counts = [cell.execution_count for cell in code]
    assert counts == list(range(1, len(code) + 1)), f"{path.name} did not run: `make notebooks`"
    compared = [cell for cell in code if any(o.get("text", o.get("data")) for o in cell.outputs)]
    ignored = [cell for cell in code if "nbval-ignore-output" in editions.tags(cell)]
    assert not any(cell.outputs for cell in ignored), "an ignored output is not kept"
    assert len(ignored) <= (len(compared) + len(ignored)) / 5, (
        "more than a fifth of the cells with an output are nbval-ignore-output: print what comes "
        "again, within a tolerance"
    )
    assert "setup-colab" in editions.tags(code[0]), "the first cell installs the library in Colab"
    ids = [cell["id"] for cell in notebook.cells]
    assert len(set(ids)) == len(ids), "two cells have one id: `make notebooks`"


@each_chapter
def test_notebook_holds_no_pictures_and_no_machine_paths(path):
    for cell in _student(path).cells:
        for output in cell.get("outputs", []):
            assert set(output.get("data", {})) <= {"text/plain"}, "only text is kept"
            assert output.get("name") != "stderr", f"a cell warns: {output['text']}"
    text = path.with_suffix(".ipynb").read_text(encoding="utf-8")
    assert str(editions.ROOT) not in text, "it names the project's folder on this machine"
    found = re.search(r".{,40}(/home/|/root/|/tmp/|C:\\\\Users).{,40}", text)
    assert not found, f"it names a folder of this machine: {found[0]}"


@each_chapter
def test_no_solution_leaks(path):
    """Not into the notebook, and not into what the built book serves beside its pages."""
    lines = _solution_lines(path)
    places = [path.with_suffix(".ipynb")]
    if HTML.is_dir():
        served = ("*.js", "*.txt", "*.ipynb", "*.md", "*.json", "*.inv")
        places += [file for kind in served for file in HTML.rglob(kind)]
    for place in places:
        text = place.read_text(encoding="utf-8", errors="replace")
        text = re.sub(r"\\n|\s", "", text).replace('\\"', '"')
        leaks = [line for line in lines if line in text]
        # The chapter's own page folds the solution; nothing else may carry it.
        assert not leaks, f"{place.name}: {leaks}"


@each_chapter
def test_stub_and_solution_share_a_signature(path):
    for exercise_id, cells in editions.exercise_cells(path.read_text(encoding="utf-8")).items():
        assert exercise_id, f"an exercise of {path.name} has no `:exercise:`"
        name = exercise_id.partition(".")[2]
        assert "solution" in cells, f"{exercise_id} needs a cell tagged solution"
        stub, solution = (_signature(cells[kind], name) for kind in ("stub", "solution"))
        assert stub == solution, f"stub and solution of {exercise_id} take other arguments"


def _signature(code, name):
    functions = [n for n in ast.parse(code).body if isinstance(n, ast.FunctionDef)]
    found = [f for f in functions if f.name == name]
    assert len(found) == 1, f"the cell must define the function {name} once:\n{code}"
    (function,) = found
    return ast.dump(function.args)


@each_chapter
def test_no_line_of_a_formula_begins_a_list(path):
    for cell in editions.parsed(path.read_text(encoding="utf-8")).cells:
        if cell.cell_type == "markdown":
            prose = re.sub(r"`[^`]*`", "", cell.source)
            for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-+*]|\d+[.)]) )", prose):
                assert block.count("$") % 2 == 0 or "$$" in block, block


@each_chapter
def test_an_exercise_says_below_its_heading_what_to_do(path):
    for cell in editions.parsed(path.read_text(encoding="utf-8")).cells:
        heading, _, task = cell.source.strip().rpartition("\n#")[2].partition("\n")
        if cell.cell_type == "markdown" and re.match(r"#* ?Exercise", heading):
            assert task.strip(), f"{heading}: the card needs the task, which stands above it"


@each_chapter
def test_cells_are_short_enough_to_read(path):
    for cell in editions.parsed(path.read_text(encoding="utf-8")).cells:
        if cell.cell_type == "code":
            lines = cell.source.splitlines()
            assert max(map(len, lines)) <= rules.COLUMNS, (
                f"a line of more than {rules.COLUMNS} columns: {max(lines, key=len)}"
            )
            assert editions.tags(cell) & {"hide-input", "solution"} or len(lines) <= rules.LINES, (
                f"a cell of more than {rules.LINES} lines; split it, or tag it hide-input:\n"
                f"{cell.source[:200]}"
            )
            assert not cell.source.rstrip().endswith(";"), (
                "IPython hides the value before a semicolon, and nbval sees it all the same: "
                f"{cell.source[-200:]}"
            )


def test_cells_run_stub_first_and_solution_second():
    plan = editions.execution_plan(editions.parsed(SOURCE))
    order = [
        (sorted(editions.tags(cell)), cell.metadata.editions)
        for cell in plan.cells
        if cell.cell_type == "code"
    ]
    assert order == [
        ([], ["book", "student"]),
        (["exercise"], ["book", "student"]),
        (["check"], ["student"]),
        (["solution"], ["book"]),
        (["check"], ["book"]),
    ]


def test_editions_of_one_source():
    plan = editions.execution_plan(editions.parsed(SOURCE))
    student = editions.student_edition(plan, "demo", ["extra"], ("https://x.example/r", "v1"))
    assert "git+https://x.example/r@v1" in student.cells[0].source
    assert "--no-deps {library} extra\n" in student.cells[0].source
    prose = "\n".join(c.source for c in student.cells if c.cell_type == "markdown")
    assert "(metrics.ipynb#summary)" in prose
    assert "(https://example.org/a.md)" in prose
    assert "2 * x" not in editions.writes(student)
    assert [c["id"] for c in student.cells if "exercise" in c.metadata] == ["exercise-demo-double"]
    book = editions.book_edition(plan)
    assert "2 * x" in editions.writes(book)
    assert not any("editions" in cell.metadata for cell in book.cells)


def test_ids_survive_a_change_elsewhere():
    def ids(source):
        plan = editions.execution_plan(editions.parsed(source))
        return [cell["id"] for cell in editions.student_edition(plan, "demo").cells]

    before, after = ids(SOURCE), ids(SOURCE.replace("x = 1", "x = 3"))
    assert len(before) == len(after)
    assert sum(a != b for a, b in zip(before, after, strict=True)) == 1


def test_solution_without_check_is_refused():
    orphan = SOURCE[: SOURCE.index("```{code-cell} ipython3\n:tags: [check]")]
    with pytest.raises(ValueError, match="a solution has no check below it"):
        editions.execution_plan(editions.parsed(orphan))


def test_fork_follows_its_own_address(monkeypatch):
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    (configured,) = editions.repositories()
    monkeypatch.setenv("GITHUB_REPOSITORY", "someone/fork")
    assert editions.repositories() == [("https://github.com/someone/fork", "main"), configured]


def test_file_is_replaced_whole(tmp_path):
    target = tmp_path / "new" / "a.ipynb"
    editions.replace_file(target, "one")
    editions.replace_file(target, "two")
    assert [p.name for p in target.parent.iterdir()] == ["a.ipynb"]
    assert target.read_text() == "two"


@pytest.fixture
def chapter(tmp_path, monkeypatch):
    """``chapter(source)`` is a chapter outside the book and its numbers, with its own cache."""
    monkeypatch.setattr(editions, "CHAPTERS", tmp_path)
    monkeypatch.setattr(editions, "labels", dict)
    monkeypatch.setattr(execute, "CACHE", tmp_path / "cache")

    def write(source, name="demo"):
        path = tmp_path / f"{name}.md"
        path.write_text(source, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("1 / 0", r"demo, code cell 2 \(`1 / 0`\): ZeroDivisionError: division by zero"),
        ("import sys; print('loud', file=sys.stderr)", r"demo, code cell 2 .*writes to stderr"),
        (
            "type('Broken', (), {'_repr_html_': lambda self: 1 / 0})()",
            r"demo, code cell 2 \(`type\('Broken'",
        ),
    ],
)
@pytest.mark.slow
def test_failure_names_chapter_and_cell(chapter, code, said):
    path = chapter(
        SOURCE.replace("x = 1\n```", f"x = 1\n```\n\n```{{code-cell}} ipython3\n{code}\n```")
    )
    with pytest.raises(execute.ChapterError, match=said):
        execute.run(path, path.read_text())


@pytest.mark.slow
def test_solution_that_fails_its_check_stops_the_build(chapter):
    path = chapter(SOURCE)
    with pytest.raises(execute.ChapterError, match="the solution fails its check"):
        execute.run(path, path.read_text())


@pytest.mark.slow
def test_every_failing_chapter_is_reported(chapter):
    source = "---\nfile_format: mystnb\n---\n\n```{code-cell} ipython3\nraise KeyError('x')\n```\n"
    paths = [chapter(source, "one"), chapter(source, "two")]
    said = []
    with pytest.raises(
        execute.ChapterError, match=r"(?s)one, code.*two, code|two, code.*one, code"
    ):
        execute.run_all(paths, said.append)
    assert sum("FAILED" in line for line in said) == 2


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder that stands for the whole project; its ``course_lib`` is what kernels import."""
    (tmp_path / "course_lib").mkdir()
    monkeypatch.setattr(editions, "ROOT", tmp_path)
    # The workers of pytest-xdist compile nothing, and neither would their kernels.
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    return tmp_path


@pytest.mark.slow
def test_a_chapter_runs_again_when_a_file_that_it_used_changes(chapter, project):
    library = project / "course_lib"
    files = {
        "__init__.py": "",
        "used.py": "from pathlib import Path\nhints = Path(__file__).with_name('hints.txt')\n",
        "hints.txt": "read",
        "unused.py": "a = 1\n",
    }
    for name, text in files.items():
        (library / name).write_text(text)
    (project / "examples").mkdir()
    (project / "examples" / "report.txt").write_text("beside the library")
    (project / "course_lib.egg-info").mkdir()
    (project / "course_lib.egg-info" / "entry_points.txt").write_text("pip's own")
    path = chapter(
        "---\nfile_format: mystnb\n---\n\n```{code-cell} ipython3\n"
        "from course_lib import used\nprint(used.hints.read_text())\n"
        "print(open('examples/report.txt').read())\n"
        "open('course_lib.egg-info/entry_points.txt').close()\n```\n"
    )
    source = path.read_text()
    assert execute.stored(path, source) is None
    for _ in range(2):
        # The second run imports what the first has compiled.
        ran = execute.run(path, source)
        assert _results(execute.stored(path, source)) == _results(ran)
    assert list(library.glob("__pycache__/used*.pyc"))
    outside = ("examples/report.txt", "course_lib.egg-info/entry_points.txt")
    for changed in (*(library / name for name in files), *(project / name for name in outside)):
        before, counts = changed.read_text(), changed.name not in ("unused.py", "entry_points.txt")
        changed.write_text(before + "#")
        assert (execute.stored(path, source) is None) == counts
        changed.unlink()
        assert (execute.stored(path, source) is None) == counts
        changed.write_text(before)
    assert _results(execute.stored(path, source)) == _results(ran)


def _results(notebook):
    return [
        (cell.source, cell.execution_count, cell.outputs)
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


CODE = """\
---
file_format: mystnb
---

# Title

```{code-cell} ipython3
x = 1
print(x)
```

Words.

```{code-cell} ipython3
import yaml

print(x + 1)
```
"""


@pytest.mark.slow
def test_words_and_looks_change_without_running_a_cell(chapter, project):
    path = chapter(CODE)
    ran = execute.run(path, CODE)
    looks = ':tags: [hide-input, nbval-ignore-output]\n:mystnb: {image: {alt: "A line."}}\n\n'
    edited = (
        CODE.replace("# Title", "# Another title")
        .replace("Words.", "Other words.\n\n## A section\n\nMore.")
        .replace("file_format: mystnb", "file_format: mystnb\nseconds: 3\ncolab: [yaml]")
        .replace("ipython3\nx = 1", f"ipython3\n{looks}x = 1")
    )
    shown = execute.stored(path, edited)
    assert _results(shown) == _results(ran)
    assert "Other words." in "".join(c.source for c in shown.cells if c.cell_type == "markdown")
    (first, _) = (cell for cell in shown.cells if cell.cell_type == "code")
    assert editions.tags(first) == {"hide-input", "nbval-ignore-output"}
    assert first.metadata["mystnb"] == {"image": {"alt": "A line."}}


@pytest.fixture(scope="module")
def forking():
    """A process that forks kernels, loaded once for tests whose cells import no project."""
    with nursery.Nursery(kernel.environment(REAL_ROOT)) as started:
        yield started


FRESH = """\
---
file_format: mystnb
---

# Title

```{code-cell} ipython3
import os
import sys
import matplotlib.pyplot as plt
import numpy as np
import torch
import ipywidgets
from course_lib.own import value

parent = os.environ.pop("JPY_PARENT_PID")
print(os.getppid() == int(parent))
print(value, os.getcwd(), sys.argv[0], __name__, sys.stdin.read())
print(torch.get_num_threads(), sorted(os.environ.items()))
print(sys.path, plt.get_backend(), get_ipython().user_ns is globals())
```

```{code-cell} ipython3
optimizer = torch.optim.Adam([torch.zeros(2, requires_grad=True)])
fig, ax = plt.subplots(figsize=(2, 2))
ax.plot(np.arange(3.0))
plt.show()
ipywidgets.IntSlider(3).value
```
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="forks where Linux does")
def test_a_forked_kernel_is_like_a_fresh_one(chapter, project):
    (project / "course_lib" / "__init__.py").write_text("")
    (project / "course_lib" / "own.py").write_text("value = 7\n")
    path = chapter(FRESH)
    fresh = execute.run(path, FRESH)
    kept = json.loads(execute.place(path).read_text())
    with nursery.Nursery(kernel.environment(project)) as started:
        forked = execute.run(path, FRESH, started.manager)
        # The second is not the child of the first.
        again = execute.run(path, FRESH, started.manager)
    assert _results(forked) == _results(fresh) == _results(again)
    assert any("image/png" in o.get("data", {}) for o in fresh.cells[-1].outputs)
    now = json.loads(execute.place(path).read_text())
    assert now["made_from"]["files"] == kept["made_from"]["files"]
    assert set(now["made_from"]["files"]) == {"course_lib/__init__.py", "course_lib/own.py"}
    assert now["made_from"]["packages"].items() >= kept["made_from"]["packages"].items()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="forks where Linux does")
def test_many_chapters_begin_with_their_packages_loaded(chapter, project):
    code = CODE.replace("x = 1\nprint(x)", "import sys\nprint('torch' in sys.modules)")
    paths = [chapter(code.replace("print(x + 1)", ""), f"number{n}") for n in range(3)]
    execute.run_all(paths, lambda line: None)
    for path in paths:
        (cell,) = (c for c in execute.stored(path).cells if "print" in c.source)
        assert cell.outputs[0].text == "True\n"


@pytest.mark.slow
def test_a_kernel_that_never_answers_fails_its_chapter(chapter, project, monkeypatch):
    def silent(*arguments):
        raise RuntimeError("Kernel didn't respond in 60 seconds")

    path = chapter(CODE)
    monkeypatch.setattr(execute.kernel, "run", silent)
    with pytest.raises(execute.ChapterError, match=r"^demo: Kernel didn't respond"):
        execute.run_all([path], lambda line: None)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="forks where Linux does")
def test_a_forked_kernel_that_dies_or_fails_is_said(chapter, project, forking):
    dies, fails = (
        chapter(CODE.replace("import yaml", code), name)
        for name, code in (("dies", "import os; os._exit(1)"), ("fails", "1 / 0"))
    )
    with pytest.raises(execute.ChapterError, match=r"^dies: Kernel died"):
        execute.run(dies, dies.read_text(), forking.manager)
    with pytest.raises(execute.ChapterError, match=r"fails, code cell 2 .*division by zero"):
        execute.run(fails, fails.read_text(), forking.manager)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="forks where Linux does")
@pytest.mark.parametrize("end", ["terminate", "kill"])
def test_a_forked_kernel_that_has_ended_may_be_ended_again(project, forking, end):
    """jupyter_client does so where a kernel ends while it is asked whether it has."""

    async def end_twice(manager):
        await manager.start_kernel(cwd=str(project))
        assert await manager.provisioner.poll() is None
        os.kill(manager.provisioner.pid, signal.SIGKILL)
        while await manager.provisioner.poll() is None:
            await asyncio.sleep(0.01)
        await getattr(manager.provisioner, end)()
        assert await manager.provisioner.wait() == 0
        await manager.cleanup_resources()

    # In a thread of its own: tests that drive browsers leave a running loop in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, end_twice(forking.manager(kernel_name="python3"))).result()


@pytest.mark.parametrize(
    "edited",
    [
        CODE.replace("x = 1", "x = 2"),
        CODE.replace("x = 1", "x = 1  # one"),
        CODE.replace("ipython3\nx = 1", "ipython3\n:tags: [raises-exception]\n\nx = 1"),
        CODE.replace("ipython3\nx = 1", "ipython3\n:tags: [skip-execution]\n\nx = 1"),
        CODE + "\n```{code-cell} ipython3\nx\n```\n",
        CODE.replace("x = 1", "import yaml").replace("import yaml\n\n", "x = 1\n\n"),
    ],
)
@pytest.mark.slow
def test_changed_code_runs_again(chapter, project, edited):
    path = chapter(CODE)
    execute.run(path, CODE)
    assert execute.stored(path, CODE)
    assert execute.stored(path, edited) is None


@pytest.mark.slow
def test_a_used_package_of_another_version_runs_a_chapter_again(chapter, project, monkeypatch):
    path = chapter(CODE)
    execute.run(path, CODE)
    real = execute._version
    for other, used in {"PyYAML": True, "ipykernel": True, "pytest": False}.items():
        monkeypatch.setattr(execute, "_version", lambda d, o=other: "0" if d == o else real(d))
        assert (execute.stored(path, CODE) is None) == used, other


@pytest.mark.slow
def test_what_runs_chapters_is_part_of_the_key_and_what_shows_them_is_not(
    chapter, project, tmp_path, monkeypatch
):
    path = chapter(CODE)
    execute.run(path, CODE)
    names = {file.name for file in execute.kernel.MACHINERY}
    assert names == {"kernel.py", "recorder.py", "nursery.py"}
    # Nothing else of this package takes part in a run.
    for file in execute.kernel.MACHINERY:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        assert not [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.level]
    changed = []
    for file in execute.kernel.MACHINERY:
        copied = tmp_path / file.name
        copied.write_text(file.read_text(encoding="utf-8") + "#")
        changed.append(copied)
    monkeypatch.setattr(execute.kernel, "MACHINERY", changed)
    assert execute.stored(path, CODE) is None


@pytest.mark.slow
def test_a_front_end_and_a_quiz_change_without_running_a_cell(chapter, project, monkeypatch):
    """What a page and a notebook show then is, to the byte, what a new execution gives."""
    library = project / "course_lib"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REAL_ROOT / "course_lib", library, dirs_exist_ok=True, ignore=ignored)
    monkeypatch.setattr(quiz, "files", lambda package: library)
    path = chapter(
        "---\nfile_format: mystnb\n---\n\n```{code-cell} ipython3\n"
        "from course_lib.widgets import Quiz\n\nQuiz('metrics')\n```\n"
    )
    source = path.read_text()

    def shown(notebook):
        data = notebook.cells[-1].outputs[0].data
        return data["text/plain"], data["text/html"]

    before = shown(execute.run(path, source))
    assert shown(execute.stored(path, source)) == before
    for name, added in {
        "kit.js": r'export const kit = "</script> \1 \n";',
        "kit.css": r'.quiz::after { content: "\1"; }',
        "quiz.js": r'const quiz = "</script> \1 \n";',
    }.items():
        file = library / "widgets" / name
        file.write_text(f"{file.read_text('utf-8')}\n{added}\n", "utf-8")
        text, html = shown(execute.stored(path, source))
        assert added.removeprefix("export ").partition("<")[0] in html
        assert text == before[0]
    questions = library / "quizzes" / "metrics.toml"
    questions.write_text(questions.read_text("utf-8").replace("Specificity", "Specificity, say"))
    text, html = shown(execute.stored(path, source))
    assert text != before[0]
    assert "Specificity, say" in html
    assert (text, html) == shown(execute.run(path, source))
    (library / "widgets" / "quiz.js").rename(library / "widgets" / "renamed.js")
    assert execute.stored(path, source) is None
    (library / "widgets" / "renamed.js").rename(library / "widgets" / "quiz.js")
    assert execute.stored(path, source)
    questions.write_text("")
    with pytest.raises(execute.ChapterError, match=r"^demo: metrics: needs at least one"):
        execute.stored(path, source)
    questions.unlink()
    with pytest.raises(execute.ChapterError, match=r"^demo: chapter must name a quiz"):
        execute.stored(path, source)


def test_front_ends_are_read_by_the_base_class_alone():
    """Why a change of one computes nothing else: no other module of the library opens it."""
    library = editions.ROOT / "course_lib"
    readers = {
        path.relative_to(library).as_posix()
        for path in library.rglob("*.py")
        if re.search(r"\.(js|css)\b.*\.read_text|_source\b|_KIT\b|_esm\b", path.read_text("utf-8"))
    }
    assert readers == {"widgets/base.py"}
    modules = [p for p in (library / "widgets").glob("*.py") if p.name != "base.py"]
    for module in modules:
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                assert node.name not in ("html", "_repr_mimebundle_"), module.name
    for path in CHAPTERS:
        for cell in editions.parsed(path.read_text(encoding="utf-8")).cells:
            if cell.cell_type == "code":
                assert ".html()" not in cell.source, f"{path.name} looks into a widget's HTML"


def test_a_lazy_table_names_each_thing_where_it_is_defined():
    """Why `execute.REGISTRIES` may be left out of what an execution depends on.

    Such a file holds names alone. A chapter that takes a name opens the module that defines it,
    which is noted; and no other module defines that name, so the table cannot lead elsewhere
    unless the module changes, too. A name that a chapter takes cannot vanish unseen.
    """
    for registry in execute.REGISTRIES:
        file = editions.ROOT / registry
        docstring, imported, assigned = ast.parse(file.read_text(encoding="utf-8")).body
        assert isinstance(docstring.value, ast.Constant)
        assert ast.unparse(imported) == "import lazy_loader", f"{registry} does more than name"
        assert ast.unparse(assigned.value.func) == "lazy_loader.attach"
        (table,) = (ast.literal_eval(k.value) for k in assigned.value.keywords)
        defined = {}
        for module in file.parent.glob("*.py"):
            for node in ast.parse(module.read_text(encoding="utf-8")).body:
                for name in _defined(node):
                    defined.setdefault(name, []).append(module.stem)
        for module, names in table.items():
            for name in names:
                assert defined.get(name) == [module], f"{registry}: {name} of {module}"
        package = registry.removesuffix("/__init__.py").replace("/", ".")
        names = {name for names in table.values() for name in names}
        for path in CHAPTERS:
            missing = _names_taken(path, package) - names - set(table)
            assert not missing, f"{path.name} takes {missing} from {package}, which has no such"


def _defined(node):
    """Names that a statement of a module defines."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _names_taken(path, package):
    """What the cells of a chapter take from a package of the library, by import or by a dot."""
    cells = editions.parsed(path.read_text(encoding="utf-8")).cells
    trees = (ast.parse(cell.source) for cell in cells if cell.cell_type == "code")
    nodes = [node for tree in trees for node in ast.walk(tree)]
    imported = {
        alias.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module == package
        for alias in node.names
    }
    above, _, name = package.rpartition(".")
    whole = any(
        isinstance(node, ast.ImportFrom)
        and node.module == above
        and name in {alias.name for alias in node.names}
        for node in nodes
    )
    return imported | {
        node.attr
        for node in nodes
        if whole and isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == name
    }


def test_a_chapter_that_may_take_long_says_how_long():
    """Otherwise it starts last where nothing is known yet, and ends alone."""
    missing = [
        editions.chapter_name(path)
        for path in editions.chapter_files()
        if "torch" in (text := path.read_text(encoding="utf-8"))
        and "seconds" not in editions.front_matter(text)
    ]
    assert missing == [], "these use PyTorch: say `seconds: …` in their front matter"


@pytest.mark.slow
def test_the_longest_chapter_starts_first(chapter, project):
    quick = chapter(CODE, "a_quick")
    slow = chapter(CODE.replace("mystnb", "mystnb\nseconds: 100"), "b_slow")
    unknown = chapter(CODE, "c_unknown")
    assert execute.longest_first([unknown, quick, slow])[0] == slow
    execute.run(quick, CODE)
    # What was measured here counts more than what the front matter guesses.
    execute.run(slow, slow.read_text())
    order = execute.longest_first([unknown, quick, slow])
    assert set(order[:2]) == {quick, slow}
    assert order[2] == unknown


NUMBERS = """\
---
file_format: mystnb
---

# Numbers

```{code-cell} ipython3
:tolerance: 0.02

print("F1 0.93")
```

Words.

```{code-cell} ipython3
print("51 of 53")
```
"""


@pytest.fixture
def edition(chapter):
    """``edition(source)`` writes a source and its student edition, and returns both paths."""

    def write(source):
        path = chapter(source)
        for target, text in execute.outdated_editions([path]):
            editions.replace_file(target, text)
        return path, path.with_suffix(".ipynb")

    return write


def _print_instead(target, old, new):
    """As if another processor had written the edition."""
    text = target.read_text(encoding="utf-8")
    # The output alone: the code holds the same words with a backslash behind.
    changed = text.replace(f'"{old}\\n"', f'"{new}\\n"')
    assert changed != text
    target.write_text(changed, encoding="utf-8")
    return changed


@pytest.mark.slow
def test_an_edition_within_the_tolerance_is_up_to_date(edition):
    path, target = edition(NUMBERS)
    assert nbformat.read(target, 4).cells[2].metadata == {"tolerance": 0.02}
    assert not execute.outdated_editions([path])
    _print_instead(target, "F1 0.93", "F1 0.95")
    assert not execute.outdated_editions([path])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("F1 0.93", "F1 0.951"),
        ("F1 0.93", "AUC 0.93"),
        ("F1 0.93", "F1 0.93 0.93"),
        ("51 of 53", "50 of 53"),
    ],
)
@pytest.mark.slow
def test_an_edition_that_differs_is_out_of_date(edition, old, new):
    path, target = edition(NUMBERS)
    right = target.read_text()
    _print_instead(target, old, new)
    assert execute.outdated_editions([path]) == [(target, right)]


@pytest.mark.parametrize(
    "edited",
    [
        NUMBERS.replace("Words.", "Other words."),
        NUMBERS.replace('print("51 of 53")', 'print("51 of", 53)'),
        NUMBERS.replace("0.02", "0.03"),
        NUMBERS.replace("ipython3\nprint", "ipython3\n:tags: [hide-input]\n\nprint"),
        NUMBERS + "\n```{code-cell} ipython3\nx = 1\n```\n",
    ],
)
@pytest.mark.slow
def test_an_edition_written_anew_keeps_the_numbers_that_agree(edition, edited):
    path, target = edition(NUMBERS)
    before = _print_instead(target, "F1 0.93", "F1 0.95")
    edition(edited)
    assert target.read_text() != before
    assert "F1 0.95\\n" in target.read_text()
    assert not execute.outdated_editions([path])


@pytest.mark.parametrize(
    "edited",
    [
        NUMBERS.replace("0.02", "0.01"),
        NUMBERS.replace(":tolerance: 0.02\n\n", ""),
        NUMBERS.replace('print("F1 0.93")', 'print("F1", 0.93)'),
    ],
)
@pytest.mark.slow
def test_an_edition_written_anew_takes_the_numbers_that_do_not(edition, edited):
    path, target = edition(NUMBERS)
    _print_instead(target, "F1 0.93", "F1 0.95")
    edition(edited)
    assert "F1 0.95\\n" not in target.read_text()
    assert not execute.outdated_editions([path])


@pytest.mark.slow
def test_an_edition_that_a_merge_has_broken_is_out_of_date(edition):
    path, target = edition(NUMBERS)
    right = target.read_text()
    for broken in ("<<<<<<< HEAD\n" + right, "", "{}", right[:100]):
        target.write_text(broken)
        assert execute.outdated_editions([path]) == [(target, right)]
    target.unlink()
    assert execute.outdated_editions([path]) == [(target, right)]


@pytest.mark.parametrize("option", ["0.2", "2%", "{counts: 60}"])
@pytest.mark.slow
def test_a_tolerance_that_proves_nothing_stops_the_build(edition, option):
    with pytest.raises(execute.ChapterError, match=r'^demo, code cell 1 \(`print\("F1 0.93"\)'):
        edition(NUMBERS.replace("0.02", option))


def test_outputs_that_nobody_compares_are_few():
    """The sum over all chapters may only shrink."""
    ignored = []
    for path in CHAPTERS:
        for cell in _student(path).cells:
            tags = {tag for tag in editions.tags(cell) if tag.startswith("nbval")}
            # nbval knows more ways to compare nothing, by tag and by comment.
            assert tags <= {"nbval-ignore-output"}, f"{path.name}: {tags}"
            assert "NBVAL_" not in cell.source, f"{path.name}: {cell.source[:80]}"
            ignored += [editions.chapter_name(path)] * len(tags)
    assert len(ignored) <= IGNORED_OUTPUTS, (
        f"{len(ignored)} cells are tagged nbval-ignore-output, at most {IGNORED_OUTPUTS} may be: "
        f"print the numbers and state a tolerance instead ({', '.join(ignored)})."
    )


def _constant_prints(code):
    """Calls of print in a cell with an assertion whose arguments hold no value."""
    tree = ast.parse(code)
    if not any(isinstance(node, ast.Assert) for node in ast.walk(tree)):
        return []
    return [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "print"
        and node.args
        and all(isinstance(argument, ast.Constant) for argument in node.args)
    ]


def test_constant_prints_are_recognized():
    assert _constant_prints("assert low > 0.9\nprint('above 0.9', 'it is')")
    assert not _constant_prints("assert low > 0.9\nprint(f'{low:.2f}', 'it is')")
    assert not _constant_prints("print('a title')")


@each_chapter
def test_no_sentence_stands_where_a_number_belongs(path):
    for cell in editions.parsed(path.read_text(encoding="utf-8")).cells:
        if cell.cell_type == "code" and "%" not in cell.source[:1]:
            said = _constant_prints(cell.source)
            assert not said, f"print the estimate with its interval instead of a sentence: {said}"


def test_a_student_works_on_copies_that_stay(tmp_path):
    chapters, work, said = tmp_path / "chapters", tmp_path / "work", []
    (chapters / "dli" / ".ipynb_checkpoints").mkdir(parents=True)
    for name in ("roc.ipynb", "dli/l1.ipynb", "dli/.ipynb_checkpoints/l1-checkpoint.ipynb"):
        (chapters / name).write_text("as it comes")
    assert editions.work_folder(said.append, chapters, work) == work
    assert (work / "dli" / "l1.ipynb").read_text() == "as it comes"
    assert not (work / "dli" / ".ipynb_checkpoints").exists()
    (work / "roc.ipynb").write_text("with answers")
    newer = (work / "roc.ipynb").stat().st_mtime + 10
    os.utime(chapters / "roc.ipynb", (newer, newer))
    editions.work_folder(said.append, chapters, work)
    assert (work / "roc.ipynb").read_text() == "with answers"
    assert said == ["work/roc.ipynb is older than the chapter; delete it to begin anew."]
