"""Every exercise of the book, whatever its chapter: stub, solution, hints, and wild answers."""

import ast
import dataclasses
import importlib
import inspect
import subprocess
import sys
import textwrap
import tomllib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from book_ext import editions, rules
from course_lib.exercises import _exercise as machinery
from course_lib.exercises import call, catalog, check, diagnose, draw_cases, find

from .solved import cells_of

SEEDS = range(8)
EXERCISES = catalog()
#: A judgement has one answer in place of many cases.
CASED = {key for key, exercise in EXERCISES.items() if not exercise.judge}
CELLS = {
    exercise_id: cells
    for path in editions.chapter_files()
    for exercise_id, cells in editions.exercise_cells(path.read_text(encoding="utf-8")).items()
}
#: Exercises and quiz questions that a chapter has at least, where it is more than `rules` say.
AT_LEAST = {
    "attribution": (4, 4),
    "detection": (4, 4),
    "feature_visualization": (4, 4),
    "ground_truth": (5, 4),
    "metrics": (5, 4),
    "one_shot": (4, 4),
    "roc": (5, 4),
    "style": (6, 5),
    "unet": (8, 6),
}
MODULES = {"np": np, "torch": torch}
PACKAGES = {"np": "numpy", "torch": "torch"}

each = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
each_misconception = pytest.mark.parametrize(
    ("exercise", "misconception"),
    [(e, m) for e in EXERCISES.values() for m in e.misconceptions],
    ids=lambda value: getattr(value, "id", None) or value.name,
)


def written(exercise, kind):
    """The function that a cell defines, with the exercise's modules and what it calls of others."""
    namespace = {name: MODULES[name] for name in exercise.uses}
    for source in cells_of(exercise.id, kind, CELLS):
        exec(compile(source, f"{exercise.id} ({kind})", "exec"), namespace)
    return namespace[exercise.function_name]


def run(exercise, answer, seed):
    cases = draw_cases(exercise, seed)
    return diagnose(exercise, cases, [call(answer, case) for case in cases])


def statements(source):
    """What a function does, without its name and docstring, in a uniform spelling."""
    functions = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef)]
    lines = functions[0].body
    if ast.get_docstring(functions[0]) is not None:
        lines = lines[1:]
    return "\n".join(map(ast.unparse, lines))


# Catalog ----------------------------------------------------------------------------------------


def test_chapters_and_catalog_have_the_same_exercises():
    for exercise_id in set(CELLS) ^ set(EXERCISES):
        where = "course_lib/exercises" if exercise_id in CELLS else "the cells of a chapter"
        pytest.fail(f"the exercise {exercise_id} is missing in {where}")


@pytest.mark.parametrize("chapter", machinery.chapters())
def test_enough_exercises_and_questions(chapter):
    exercises, questions = AT_LEAST.get(chapter, (rules.EXERCISES, rules.QUESTIONS))
    found = sum(e.chapter == chapter for e in EXERCISES.values())
    assert found >= exercises, f"{chapter} needs {exercises} exercises and has {found}"
    quiz = editions.ROOT / "course_lib" / "quizzes" / f"{chapter}.toml"
    assert quiz.is_file(), f"{chapter} needs a quiz: course_lib/quizzes/{chapter}.toml"
    found = len(tomllib.loads(quiz.read_text(encoding="utf-8"))["question"])
    assert found >= questions, f"{quiz.name} needs {questions} questions and has {found}"


@each
def test_id_title_and_points(exercise):
    assert EXERCISES[exercise.id] is exercise is find(exercise.id)
    assert exercise.id == f"{exercise.chapter}.{exercise.function_name}"
    assert exercise.chapter in machinery.chapters()
    assert exercise.function_name.isidentifier()
    assert exercise.title.strip(), f"{exercise.id} needs a title"
    assert exercise.points >= 1, f"{exercise.id} needs at least one point"
    assert set(exercise.uses) <= set(MODULES)


def test_the_nearest_exercise_is_suggested():
    with pytest.raises(ValueError, match=r"no exercise 'metrics.pvp'; did you mean 'metrics.ppv'"):
        find("metrics.pvp")
    with pytest.raises(ValueError, match=r"did you mean 'metrics.sensitivity'"):
        find("metric.sensitivity")
    assert "did you mean 'metrics.npv" not in check("metrics.ppv2", len).message
    assert "did you mean 'metrics.ppv'" in check("metrics.ppv2", len).message


@pytest.mark.parametrize("bad", [None, 3, ["metrics.ppv"], {}, len, b"metrics.ppv"])
def test_an_id_that_is_no_text(bad):
    with pytest.raises(ValueError, match=r"^exercise_id must be a text such as 'metrics.ppv'"):
        find(bad)
    assert check(bad, len).status == "not attempted"


@pytest.mark.parametrize("chapter", machinery.chapters())
def test_a_chapter_of_exercises_needs_numpy_torch_and_scipy_alone(chapter):
    module = importlib.import_module(f"course_lib.exercises.{chapter}")
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module] if not node.level else []
            assert node.level == 0 or node.module in ("_exercise", "_compare", "_review"), (
                f"exercises/{chapter}.py imports {node.module}: write the science out instead"
            )
        else:
            continue
        allowed = {"numpy", "torch", "scipy", "functools", "itertools", "math"}
        assert {n.partition(".")[0] for n in names} <= allowed, (
            f"exercises/{chapter}.py imports {names}; it may import {sorted(allowed)} alone"
        )


# Cells ------------------------------------------------------------------------------------------


@each
def test_stub_and_solution_have_the_signature_of_the_reference(exercise):
    assert set(CELLS[exercise.id]) == {"stub", "solution"}, (
        f"{exercise.id} needs a cell tagged exercise and one tagged solution"
    )

    def signature(function):
        parameters = inspect.signature(function).parameters.values()
        return [(p.name, p.kind, p.default) for p in parameters]

    for kind in ("stub", "solution"):
        function = written(exercise, kind)
        assert signature(function) == signature(exercise.reference), (
            f"the {kind} of {exercise.id} needs the arguments of its reference"
        )
        assert function.__doc__, f"the {kind} of {exercise.id} has no docstring"


@each
def test_cells_import_nothing_but_what_the_exercise_uses(exercise):
    allowed = {PACKAGES[name] for name in exercise.uses}
    for source in CELLS[exercise.id].values():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                names = {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names = {node.module.partition(".")[0]}
            elif isinstance(node, ast.Name):
                names = {node.id} & {"__import__", "importlib", "course_lib"}
            else:
                continue
            assert names <= allowed, (
                f"the cells of {exercise.id} use {sorted(names - allowed)}; a student has "
                f"{sorted(allowed)} alone (see `uses`)"
            )


@each
def test_solution_is_written_differently_from_the_reference(exercise):
    solution = statements(CELLS[exercise.id]["solution"])
    assert solution != statements(textwrap.dedent(inspect.getsource(exercise.reference))), (
        f"write the solution of {exercise.id} otherwise than its reference: each proves the other"
    )
    assert solution not in ("...", "return ..."), f"{exercise.id} needs a solution"


@each
def test_stub_is_not_attempted(exercise):
    stub = written(exercise, "stub")
    found = check(exercise.id, stub)
    assert found.status == "not attempted", f"a stub ends with `return ...`: {found}"
    assert not found.hint
    assert exercise.function_name in found.message
    outcomes = {run(exercise, stub, seed).outcome for seed in SEEDS}
    assert outcomes == {"missing"}, "the grader must see, too, that a stub is not attempted"


@each
def test_solution_and_reference_are_correct(exercise):
    solution = written(exercise, "solution")
    for name, answer in (("solution", solution), ("reference", exercise.reference)):
        found = check(exercise.id, answer)
        assert found.status == "correct", f"the {name} must be right: {found}"
    for seed in SEEDS:
        verdict = run(exercise, solution, seed)
        assert verdict.outcome == "correct", (
            f"the solution differs from the reference with seed {seed}: {verdict.difference}"
        )
        assert verdict.fraction == 1


# Cases ------------------------------------------------------------------------------------------


def is_plain(value):
    if isinstance(value, list | tuple):
        return type(value) in (list, tuple) and all(map(is_plain, value))
    if isinstance(value, dict):
        return type(value) is dict and all(map(is_plain, [*value, *value.values()]))
    if isinstance(value, np.ndarray):
        return type(value) is np.ndarray and value.dtype.kind in "biufc"
    if isinstance(value, torch.Tensor):
        return type(value) is torch.Tensor
    return value is None or type(value) in (bool, int, float, str) or isinstance(value, np.generic)


@each
def test_cases_are_plain_data_and_follow_the_seed(exercise):
    parameters = inspect.signature(exercise.reference).parameters
    needed = [p for p in parameters.values() if p.default is p.empty]
    shown = []
    for seed in (5, 5, 6):
        cases = draw_cases(exercise, seed)
        # What a judgement is about follows from the student's own number.
        least = 1 if exercise.judge else rules.CASES
        assert len(cases) >= least, f"{exercise.id} needs at least {least} cases"
        for case in cases:
            assert type(case) is tuple, f"a case of {exercise.id} must be a tuple of arguments"
            assert len(needed) <= len(case) <= len(parameters), (
                f"a case of {exercise.id} needs {len(needed)} to {len(parameters)} arguments"
            )
            assert is_plain(case), (
                f"{exercise.id} gets more than plain arrays, numbers and texts: {case!r:.200}"
            )
        with np.printoptions(threshold=10**6, floatmode="unique"):
            shown.append(repr(cases))
    assert shown[0] == shown[1], "the same seed must give the same cases: draw from `rng` alone"
    assert exercise.judge or shown[0] != shown[2], "a secret seed must give secret cases"


@each
def test_reference_leaves_its_arguments_alone_and_gives_plain_data(exercise):
    for case in draw_cases(exercise, 4):
        before = repr(case)
        assert is_plain(exercise.reference(*case)), f"{exercise.id} returns no plain data"
        assert repr(case) == before, f"the reference of {exercise.id} changes its arguments"


# Misconceptions ---------------------------------------------------------------------------------


@each
def test_misconceptions_are_named_and_hinted(exercise):
    least = rules.MISCONCEPTIONS
    assert len(exercise.misconceptions) >= least, f"{exercise.id} needs {least} misconceptions"
    names = [m.name for m in exercise.misconceptions]
    hints = [m.hint for m in exercise.misconceptions]
    assert len(set(names)) == len(names), f"two misconceptions of {exercise.id} share a name"
    assert len(set(hints)) == len(hints), f"two misconceptions of {exercise.id} share a hint"
    lines = statements(CELLS[exercise.id]["solution"]).splitlines()
    code = ["".join(line.removeprefix("return ").split()) for line in lines]
    for name, hint in zip(names, hints, strict=True):
        assert name.isidentifier(), "instructors see it in a column of a table"
        assert hint[-1] in ".?!", f"a hint is a sentence: {hint!r}"
        assert len(hint) >= 30, f"too short to help: {hint!r}"
        for line in code:
            assert len(line) < 12 or line not in "".join(hint.split()), "the hint gives it away"


@each_misconception
def test_every_misconception_gets_its_own_hint(exercise, misconception):
    found = check(exercise.id, misconception.function)
    assert found.status == "incorrect", (
        f"no case tells {misconception.name} from a right answer: add one where they differ"
    )
    assert found.hint == misconception.hint, (
        f"an answer with the misconception {misconception.name} gets the hint {found.hint!r}: add "
        "a case where the two differ"
    )
    assert found.message[-1] in ".?!"
    assert f"Hint: {misconception.hint}" in repr(found)


@pytest.mark.slow
@each_misconception
def test_a_misconception_gets_its_hint_with_any_seed(exercise, misconception):
    for seed in SEEDS:
        verdict = run(exercise, misconception.function, seed)
        assert verdict.outcome in ("wrong", "partial", "raised"), (
            f"with seed {seed} no case tells it from a right answer: {verdict}"
        )
        assert verdict.fraction < 1
        assert verdict.misconception is misconception, (
            f"with seed {seed} the cases do not tell it from another misconception: {verdict}"
        )


# What `check` shows -----------------------------------------------------------------------------


def test_an_incorrect_answer_shows_input_expected_and_got():
    shown = repr(check("metrics.ppv_at", lambda sensitivity, specificity, prevalence: 0.5))
    assert shown.splitlines() == [
        "metrics.ppv_at: incorrect. In every case your answer should be 0.672241, not 0.5.",
        "For",
        "  sensitivity = 0.67",
        "  specificity = 0.86",
        "  prevalence = 0.3",
        "expected 0.6722408026755853",
        "got      0.5",
    ]


def test_partly_right_says_in_how_many_cases():
    def answer(y_true, y_pred):
        return float(y_pred[y_true == 1].mean()) if len(y_true) == 10 else 0

    found = check("metrics.sensitivity", answer)
    assert found.message.startswith("Right in 2 of 5 cases, but your answer should be ")


def test_a_call_instead_of_the_function():
    found = check("metrics.ppv", 0.5)
    assert found.status == "incorrect"
    assert found.message == (
        "Pass the function itself: check('metrics.ppv', ppv), without calling it."
    )


def test_an_exception_is_said():
    def answer(y_true, y_pred):
        return y_true["x"]

    found = check("metrics.ppv", answer)
    assert found.status == "incorrect"
    assert found.message.startswith("ppv() raised IndexError: ")
    assert not found.example
    wrong_arity = check("metrics.ppv", lambda y_true: 1)
    assert "takes 1 positional argument but 2 were given" in wrong_arity.message


def test_not_implemented_is_not_attempted():
    def answer(y_true, y_pred):
        raise NotImplementedError

    assert check("metrics.ppv", answer).status == "not attempted"


def test_html_is_escaped():
    def answer(y_true, y_pred):
        raise ValueError("<script>alert(1)</script>")

    shown = check("metrics.ppv", answer)._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    assert 'class="check check-incorrect" role="status"' in shown
    assert "<img" not in check("<img src=x>", answer)._repr_html_()


def test_the_reader_can_interrupt():
    def endless(y_true, y_pred):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check("metrics.ppv", endless)


@pytest.mark.parametrize("broken", ["cases", "reference"])
def test_a_broken_exercise_is_said_and_blames_nobody(monkeypatch, broken):
    def fail(*_):
        raise ModuleNotFoundError("No module named 'torch'")

    exercise = dataclasses.replace(find("metrics.ppv"), **{broken: fail})
    monkeypatch.setattr("course_lib.exercises._check.find", lambda _: exercise)
    found = check("metrics.ppv", written(exercise, "solution"))
    assert found.status == "not attempted"
    assert "cannot be checked here" in found.message
    assert "No module named 'torch'" in found.message


def test_without_torch_every_exercise_in_numpy_is_checked():
    plain = [e.id for e in EXERCISES.values() if e.uses == ("np",)]
    program = f"""
import sys
sys.modules["torch"] = None
from course_lib.exercises import check, find
for exercise in {plain!r}:
    found = check(exercise, find(exercise).reference)
    assert found.status == "correct", found
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=300)


@each
def test_cases_are_drawn_where_an_index_has_32_bits(exercise, monkeypatch):
    """There `default_rng().integers` still gives 64 bits, which these functions refuse."""

    def narrow(function, position):
        def called(*arguments, **named):
            if len(arguments) > position and isinstance(arguments[position], np.ndarray):
                np.empty(0, arguments[position].dtype).astype(np.int32, casting="safe")
            return function(*arguments, **named)

        return called

    monkeypatch.setattr(np, "repeat", narrow(np.repeat, 1))
    monkeypatch.setattr(np, "bincount", narrow(np.bincount, 0))
    monkeypatch.setattr(np, "tile", narrow(np.tile, 1))
    for case in draw_cases(exercise, 3):
        for function in (exercise.reference, *(m.function for m in exercise.misconceptions)):
            output = call(function, case)
            assert getattr(output, "message", "").find("casting rule") < 0, output


def test_a_changed_argument_is_said_instead_of_a_hint():
    def always_normal_accuracy(y_true):
        y_pred = y_true
        y_pred[:] = 0
        return np.mean(y_true == y_pred)

    hint = check("metrics.always_normal_accuracy", always_normal_accuracy).hint
    assert hint.startswith("always_normal_accuracy() changes `y_true` while it runs")


def test_and_between_arrays_is_explained():
    def ppv(y_true, y_pred):
        return sum(y_true == 1 and y_pred == 1) / sum(y_pred == 1)

    found = check("metrics.ppv", ppv)
    assert "raised ValueError: The truth value of an array" in found.message
    assert "write &, | and ~" in found.hint


@each
def test_changing_the_arguments_changes_nothing_later(exercise):
    solution = written(exercise, "solution")

    def spoil(value):
        if isinstance(value, np.ndarray):
            value[...] = 0
        elif isinstance(value, torch.Tensor):
            value.detach()[...] = 0
        elif isinstance(value, list):
            for item in value:
                spoil(item)
            value.clear()
        elif isinstance(value, dict):
            value.clear()

    def answer(*arguments):
        result = solution(*arguments)
        carries = isinstance(result, torch.Tensor)
        result = result.clone() if carries else machinery.copy.deepcopy(result)
        for argument in arguments:
            spoil(argument)
        return result

    found = check(exercise.id, answer)
    assert found.status == "correct", found


# Wild answers -----------------------------------------------------------------------------------


class Failing:
    """Every way to look at it raises."""

    def fail(self, *_):
        raise RuntimeError("looked at")

    __repr__ = __str__ = __array__ = __eq__ = __len__ = __iter__ = __float__ = __bool__ = fail
    __getitem__ = __hash__ = __add__ = __radd__ = __sub__ = __rsub__ = __abs__ = fail
    __class__ = property(fail)


class Exiting:
    def __repr__(self):
        raise SystemExit

    __array__ = __repr__


class Agreeing:
    """Equal to everything, smaller and larger than everything, and true."""

    def yes(self, *_):
        return True

    __eq__ = __le__ = __lt__ = __ge__ = __gt__ = __ne__ = __bool__ = yes
    __hash__ = None

    def same(self, *_):
        return self

    __sub__ = __rsub__ = __add__ = __radd__ = __mul__ = __rmul__ = __abs__ = same


class AgreeingArray(np.ndarray):
    def __eq__(self, other):
        return np.True_

    def __array_ufunc__(self, *_, **__):
        return np.True_

    def __str__(self):
        raise ValueError


class AgreeingText(str):
    def __eq__(self, other):
        return True

    __hash__ = str.__hash__

    def __getitem__(self, _):
        raise ValueError


class AgreeingFloat(float):
    def __eq__(self, other):
        return True

    __hash__ = float.__hash__
    __sub__ = __rsub__ = lambda self, other: 0.0


class EndlessList(list):
    def __iter__(self):
        while True:
            yield 1.0


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError


class Beyond(BaseException):
    pass


class Posing:
    """Says that it is whatever would be right."""

    def __init__(self, kind):
        self.kind = kind

    @property
    def __class__(self):
        return self.kind


class FakeTensor:
    __module__ = "torch"

    def detach(self):
        raise RuntimeError


class Nameless:
    __module__ = None


def endless():
    while True:
        yield 1.0


def raising(error):
    def answer(*_):
        raise error

    return answer


def deep():
    value = []
    value.append(value)
    return value


def recursing(*arguments):
    return recursing(*arguments)


def giving(value):
    return lambda *_: value


NEVER_RIGHT = {
    "raises": raising(ValueError("no")),
    "exits": raising(SystemExit(1)),
    "unprintable": raising(Unprintable()),
    "long message": raising(ValueError("x" * 10**6)),
    "beyond Exception": raising(Beyond("far")),
    "stops iterating": raising(StopIteration()),
    "out of memory": raising(MemoryError()),
    "recurses": recursing,
    "no arguments": lambda: 1,
    "too many arguments": lambda a, b, c, d, e, f, g, h, i, j, k, l: 1,
    "None": giving(None),
    "NotImplemented": giving(NotImplemented),
    "text": giving("0.5 and a text that is nobody's answer"),
    "bytes": giving(b"1"),
    "set": giving({1, 2}),
    "failing": giving(Failing()),
    "failing in a list": lambda *_: [Failing(), Failing()],
    "exiting": giving(Exiting()),
    "agreeing": lambda *_: Agreeing(),
    "agreeing twice": lambda *_: (Agreeing(), Agreeing()),
    "agreeing array": lambda *_: np.full(3, 0.123).view(AgreeingArray),
    "agreeing text": lambda *_: AgreeingText("nobody's answer"),
    "agreeing number": lambda *_: AgreeingFloat(0.123456789),
    "objects": giving(np.array([Agreeing(), None], object)),
    "NaN in a wrong shape": giving(np.full((7, 3, 2, 1), np.nan)),
    "no values": giving(np.empty((0, 5))),
    "a trillion values": lambda *_: np.broadcast_to(np.float64(1), (10**4, 10**8)),
    "generator": lambda *_: endless(),
    "endless list": lambda *_: EndlessList([1.0, 2.0]),
    "within itself": lambda *_: deep(),
    "function": giving(len),
    "class": giving(Exiting),
    "ragged": giving([[1], [1, 2], 3]),
    "huge number": giving(10**400),
    "posing as text": lambda *_: Posing(str),
    "posing as a number": lambda *_: Posing(float),
    "posing as an array": lambda *_: Posing(np.ndarray),
    "posing as an exception": lambda *_: Posing(machinery.Raised),
    "fake tensor": lambda *_: FakeTensor(),
    "nameless": lambda *_: Nameless(),
    "gradient": lambda *_: torch.full((3, 1, 2), 0.1, requires_grad=True),
    "bfloat": lambda *_: torch.full((3, 1, 2), 0.1, dtype=torch.bfloat16),
    "sparse": lambda *_: torch.eye(3).to_sparse(),
}


@pytest.mark.slow
@pytest.mark.parametrize("answer", NEVER_RIGHT.values(), ids=NEVER_RIGHT)
def test_check_never_raises(answer):
    for exercise_id in EXERCISES:
        found = check(exercise_id, answer)
        assert found.status == "incorrect", exercise_id
        assert found.message
        assert len(repr(found)) < 10_000
        assert found._repr_html_().startswith("<div")


@pytest.mark.parametrize(
    "make",
    [lambda: None, lambda: 3, str, list, Failing, Exiting, lambda: Posing(type(len))],
    ids=["None", "number", "text", "list", "failing", "exiting", "posing as a function"],
)
def test_what_is_not_callable_is_no_answer(make):
    found = check("metrics.ppv", make())
    assert found.status == "incorrect"
    assert "without calling it" in found.message


numbers = st.one_of(
    st.booleans(), st.integers(), st.floats(), st.complex_numbers(), st.just(np.float32(0.5))
)
arrays = hnp.arrays(
    st.sampled_from([bool, np.int8, np.uint64, np.float16, float, complex]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
)
anything = st.recursive(
    st.one_of(st.none(), st.just(...), st.text(max_size=5), st.binary(max_size=3), numbers, arrays),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.tuples(inner, inner),
        st.dictionaries(st.text(max_size=3), inner, max_size=3),
    ),
    max_leaves=8,
)


@settings(max_examples=200)
@given(st.sampled_from(sorted(EXERCISES)), anything)
def test_check_judges_any_value(exercise_id, value):
    found = check(exercise_id, lambda *_: value)
    assert found.status == ("not attempted" if value is ... else "incorrect")
    assert repr(found)


@settings(max_examples=100)
@given(st.sampled_from(sorted(CASED)), st.data())
def test_a_right_answer_spoiled_in_one_case_is_incorrect(exercise_id, data):
    exercise = EXERCISES[exercise_id]
    spoiled = data.draw(st.integers(0, len(draw_cases(exercise, 10)) - 1))
    value = data.draw(anything.filter(lambda v: v is not None))
    calls = iter(range(10**6))

    def answer(*arguments):
        right = exercise.reference(*arguments)
        # Wrapped, because the value alone might be the right one in this case.
        return {"not": value} if next(calls) == spoiled else right

    found = check(exercise_id, answer)
    assert found.status == "incorrect"
    assert found.message.startswith("Right in ")
