"""Exercises that ask for judgement: what is wrong with studies that one's own number draws.

The answer is data: a number, and for each study the names of its faults with what proves them.
"""

import functools
import math
import unicodedata

import numpy as np

from ._compare import Difference, plain
from ._exercise import Exercise, Misconception, Raised, Verdict, find
from ._studies import KINDS, draw, proof

_COUNT = 3
_SHORTEST, _LONGEST = 4, 40
_AT_MOST = 2

# Kinds that are taken for each other, and what tells them apart.
_PAIRS = {
    ("spectrum", "verification"): "`spectrum` asks which patients were taken in, `verification` "
    "which of them had the reference test. One study is called the one and shows the other.",
    ("leakage", "label_leak"): "`leakage` is a patient on both sides of the split, `label_leak` "
    "something in the image that gives the diagnosis away. One study is called the one and shows "
    "the other.",
    ("leakage", "unit"): "Several images of one patient can do two things. `leakage`: the patient "
    "is in training and in the test. `unit`: the images are counted as patients. One study is "
    "called the one and shows the other.",
    ("threshold", "looks"): "`threshold` is a cut that was chosen on the test set, `looks` is one "
    "small p value out of many. One study is called the one and shows the other.",
    ("screening", "calibration"): "`calibration` asks whether the stated risks agree with how "
    "many of these patients are ill, `screening` what a positive result means where fewer are. "
    "One study is called the one and shows the other.",
    ("subgroup", "spectrum"): "`subgroup` compares two groups of the test, `spectrum` the ill of "
    "the test with those elsewhere. One study is called the one and shows the other.",
    ("baseline", "screening"): "`baseline` compares the accuracy with calling everybody healthy, "
    "`screening` asks what a positive result means where the disease is rare. One study is called "
    "the one and shows the other.",
}


def _as_claimed(facts):
    """What the text claims, where that is not what it should be."""
    ppv, sensitivity = facts["tp"] / facts["positive"], facts["tp"] / facts["ill"]
    of_all = dict.fromkeys(("spectrum", "verification", "subgroup"), sensitivity)
    others = {"unit": facts["error"], "looks": facts["p"], "screening": ppv}
    return {**of_all, **others, "baseline": facts["accuracy"] / 100}


# Numbers that are taken for the one that is asked: kind, number, hint.
_NUMBERS = {
    "share_shared": (
        "leakage",
        lambda f: proof("leakage", f) / f["tested"],
        "This is a share of the test patients. Asked beside `leakage` is how many there are.",
    ),
    "right_answers": (
        "threshold",
        lambda f: max(f["right_test"]) - proof("threshold", f),
        "These are the right answers at the threshold that validation would choose. Asked beside "
        "`threshold` is how many more there are at the one that was taken.",
    ),
    "unweighted": (
        "spectrum",
        lambda f: sum(k / n for k, n in zip(f["found"], f["sizes"], strict=True)) / 3,
        "This is the plain mean of three sensitivities. Weigh each by its share among the ill "
        "where the network will be used.",
    ),
    "unchecked_all_ill": (
        "verification",
        lambda f: f["tp"] / (f["tp"] + f["negative"]),
        "This counts everybody with a negative result as ill. Of the checked ones a share was "
        "ill: take the same share of the others.",
    ),
    "share_of_the_ill": (
        "baseline",
        lambda f: f["ill"] / f["counted"],
        "This is the share of the ill. Who calls everybody healthy is right about the others.",
    ),
    "gap": (
        "subgroup",
        lambda f: f["found_shown"] / f["ill_shown"] - proof("subgroup", f),
        "This is the difference of two groups. Asked beside `subgroup` is the sensitivity in the "
        "one that the text leaves out.",
    ),
    "expected_observed": (
        "calibration",
        lambda f: 1 / proof("calibration", f),
        "This is the expected number over the observed one: the other way round.",
    ),
    "sidak": (
        "looks",
        lambda f: 1 - (1 - f["p"]) ** f["looks"],
        "This is the chance of one so small p value among so many independent looks. Asked beside "
        "`looks` is its simple bound, the p value times their number.",
    ),
    "share_among_the_marked": (
        "label_leak",
        lambda f: f["mark_ill"] / (f["mark_ill"] + f["mark_healthy"]),
        "This is the share of the ill among those with the mark, which depends on the prevalence. "
        "Asked is a ratio of two shares: in the ill and in the healthy.",
    ),
}
_CLAIMED = (
    "One number is what the study itself claims. Asked is the number that contradicts it, computed "
    "from the others in the text."
)
_PERCENT = "One number is a percentage. Asked is a share, from 0 to 1."
_NOT_TOLD = (
    "One name stands for something of which its study says nothing. What is not told counts as "
    "done well."
)
_ACCUSED = (
    "One number is what its name asks for, and it contradicts nothing in the text: there is no "
    "fault."
)


def review(id, title, told, example, kinds=KINDS, points=3):
    """An exercise that asks what is wrong with three studies.

    Parameters
    ----------
    id, title : str
    told : int
        Of how many kinds each study says something.
    example : int
        The number whose studies the book's own solution judges.
    kinds : tuple of str
        What may be wrong.
    points : int

    Returns
    -------
    Exercise
        Of a function without arguments. It returns a number (that of the student, as text or
        whole number) and three dictionaries from the names of faults to their proofs.
    """
    drawn = functools.partial(draw, name=id, kinds=tuple(kinds), told=told, count=_COUNT)

    def my_review():
        return _right(example, drawn(str(example)))

    def judge(outputs):
        return _judged(kinds, exercise, drawn, outputs[0])

    exercise = Exercise(
        id=id,
        title=title,
        reference=my_review,
        cases=lambda rng: [()],
        misconceptions=_misconceptions(kinds, drawn),
        points=points,
        judge=judge,
        book_number=own_number(example),
    )
    return exercise


def studies(exercise_id, number):
    """The three studies that a number draws for an exercise of judgement.

    Parameters
    ----------
    exercise_id : str
        Such as ``"report.my_review"``.
    number : str or int
        One's own: each number draws other studies.

    Returns
    -------
    Studies
        Shows itself as text and as Markdown.
    """
    judge = find(exercise_id).judge
    if judge is None:
        raise ValueError(f"exercise_id names {exercise_id}, which has no studies.")
    asked = own_number(number)
    if not asked:
        raise ValueError(f"number must have {_SHORTEST} to {_LONGEST} letters and digits.")
    return Studies(judge([(asked, *({},) * _COUNT)]).shown)


class Studies:
    """Texts of studies."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text

    def _repr_markdown_(self):
        return "\n\n".join(map(_block, self.text.split("\n\n")))


def _block(text):
    """A heading, a paragraph, or a table as it stands, in the Markdown that every reader knows."""
    if text.startswith("STUDY"):
        return f"**{text.capitalize()}**"
    return f"```text\n{text}\n```" if "\n" in text else text


def own_number(value):
    """A student's number without what people write differently; empty if it is none."""
    value = plain(value)
    if isinstance(value, np.ndarray | np.integer) and np.ndim(value) == 0:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    if isinstance(value, int) and abs(value) >= 10**_LONGEST:
        return ""
    said = unicodedata.normalize("NFKC", str(value)).casefold()[: 4 * _LONGEST]
    said = "".join(c for c in said if c.isalnum())
    return said if _SHORTEST <= len(said) <= _LONGEST else ""


# The verdict --------------------------------------------------------------------------------------


def _judged(kinds, exercise, drawn, output):
    if output is Ellipsis:
        return Verdict("missing", 0.0, 0)
    if type(output) is Raised:
        return Verdict("raised", 0.0, 0, Difference("raised", got=output), 0)
    try:
        number, answers = _read(output)
    except (Exception, SystemExit):
        number, answers = "", None
    if answers is None:
        said = f"should return a number and {_COUNT} dictionaries, as its stub does."
        return Verdict("wrong", 0.0, 0, said=said)
    if not number:
        said = f"needs a student number of {_SHORTEST} to {_LONGEST} letters and digits."
        blank = plain(output[0])
        empty = isinstance(blank, str) and not blank and not any(answers)
        return Verdict("missing" if empty else "wrong", 0.0, 0, said=said)
    found = drawn(number)
    shown = _shown(found)
    if not any(answers):
        said = f"finds no fault in the studies of number {number}; one of them has at least one."
        return Verdict("missing", 0.0, 0, said=said, shown=shown, own=number)
    right = [_is_right(study, answer) for study, answer in zip(found, answers, strict=True)]
    if all(right):
        said = f"is right about all {_COUNT} studies of number {number}."
        return Verdict("correct", 1.0, _COUNT, said=said, own=number)
    confusion = _confusion(found, answers, kinds)
    fraction = _earned(found, answers)
    return Verdict(
        "partial" if fraction else "wrong",
        fraction,
        sum(right),
        None,
        None,
        next((m for m in exercise.misconceptions if m.name == confusion), None),
        said=f"{_which(right, number)}{_remarks(answers, kinds)}",
        shown=shown,
        own=number,
    )


def _read(output):
    """The number, and the answers as plain dictionaries from name to number or None."""
    output = plain(output)
    if not isinstance(output, tuple | list) or len(output) != _COUNT + 1:
        return "", None
    answers = [plain(answer) for answer in output[1:]]
    if not all(type(answer) is dict for answer in answers):
        return "", None
    names = [plain(name) for answer in answers for name in answer]
    if not all(isinstance(name, str) for name in names) or len(names) > 100:
        return "", None
    read = [{plain(k): _number(v) for k, v in answer.items()} for answer in answers]
    return own_number(output[0]), read


def _number(value):
    value = np.asarray(plain(value))
    if value.shape or value.dtype.kind not in "iuf" or not np.isfinite(value):
        return None
    return float(value)


def _agrees(value, true):
    """Whole numbers exactly, others as well as two significant digits tell them."""
    if value is None:
        return False
    if isinstance(true, int) or not true:
        return value == true
    unit = 10.0 ** (math.floor(math.log10(abs(true))) - 1)
    return abs(value - true) <= 0.501 * unit


def _is_right(study, answer):
    faults = study.faults
    return answer.keys() == faults.keys() and all(
        _agrees(answer[kind], faults[kind]) for kind in faults
    )


def _earned(found, answers):
    """Half of each planted fault for its name, half for its number; a wrong name costs a name."""
    halves, planted = 0, 0
    for study, answer in zip(found, answers, strict=True):
        faults = study.faults
        planted += len(faults)
        for kind, value in answer.items():
            halves += 1 + _agrees(value, faults[kind]) if kind in faults else -1
    return max(0.0, halves / (2 * planted))


def _confusion(found, answers, kinds):
    """Name of the first known confusion, in the order of the studies; or empty."""
    for study, answer in zip(found, answers, strict=True):
        for kind, true in study.faults.items():
            if answer.get(kind) is None or _agrees(answer[kind], true):
                continue
            name = _number_confusion(kind, answer[kind], study.facts)
            if name:
                return name
        for kind, value in answer.items():
            name = _name_confusion(kind, value, study) if kind in kinds else ""
            if name:
                return name
    return ""


def _number_confusion(kind, value, facts):
    for name, (of_kind, number, _) in _NUMBERS.items():
        if of_kind == kind and _agrees(value, number(facts)):
            return name
    true = proof(kind, facts)
    if 0 < true < 1 and _agrees(value / 100, true):
        return "percent"
    claimed = _as_claimed(facts).get(kind)
    return "claimed" if claimed is not None and _agrees(value, claimed) else ""


def _name_confusion(kind, value, study):
    """Of a fault that is not planted; a number that was only guessed hears nothing."""
    if kind in study.planted:
        return ""
    computed = kind in study.told and _agrees(value, proof(kind, study.facts))
    for missed, true in study.faults.items():
        if _pair(kind, missed) and (computed or _agrees(value, true)):
            return _pair(kind, missed)
    if kind not in study.told:
        return "not_told"
    return "accused" if computed else ""


def _pair(one, other):
    return next(("_or_".join(pair) for pair in _PAIRS if set(pair) == {one, other}), "")


def _which(right, number):
    good = [str(i) for i, is_right in enumerate(right, 1) if is_right]
    rest = [str(i) for i, is_right in enumerate(right, 1) if not is_right]
    said = f"is not yet right about {_listed(rest)} of number {number}"
    return f"{said}; it is right about {_listed(good)}." if good else f"{said}."


def _listed(numbers):
    if len(numbers) == 1:
        return f"study {numbers[0]}"
    return f"studies {', '.join(numbers[:-1])} and {numbers[-1]}"


def _remarks(answers, kinds):
    """What needs no knowledge of the answer to be said."""
    names = [name for answer in answers for name in answer if name not in kinds]
    said = f" `{names[0][:40]}` is not on the list of faults." if names else ""
    if any(len(answer) > _AT_MOST for answer in answers):
        said += f" No study has more than {_AT_MOST} faults."
    elif any(value is None for answer in answers for value in answer.values()):
        said += " A fault needs its number."
    return said


def _shown(found):
    return "\n\n".join(f"STUDY {i}\n\n{study.text}" for i, study in enumerate(found, 1))


# Typical wrong answers ----------------------------------------------------------------------------


def _right(number, found):
    return (number, *(study.faults for study in found))


def _misconceptions(kinds, drawn):
    hints = {"_or_".join(pair): hint for pair, hint in _PAIRS.items() if set(pair) <= set(kinds)}
    hints |= {name: hint for name, (kind, _, hint) in _NUMBERS.items() if kind in kinds}
    hints |= {"percent": _PERCENT, "claimed": _CLAIMED, "not_told": _NOT_TOLD, "accused": _ACCUSED}
    return tuple(
        Misconception(name, functools.partial(_mistaken, name, tuple(kinds), drawn), hint)
        for name, hint in hints.items()
    )


@functools.cache
def _mistaken(name, kinds, drawn):
    """A review that is right but for one confusion, of the first number that has room for it."""
    for number in range(1000, 10_000):
        found = drawn(str(number))
        right = _right(number, found)
        for place, study in enumerate(found, 1):
            for answer in _spoiled(name, kinds, study):
                wrong = (*right[:place], answer, *right[place + 1 :])
                if _confusion(found, wrong[1:], kinds) == name:
                    return wrong
    raise ValueError(f"no study has room for {name}")


def _spoiled(name, kinds, study):
    """Answers to a study that may show a confusion."""
    faults = study.faults
    if name == "percent":
        yield from (faults | {kind: 100 * true} for kind, true in faults.items())
        return
    if name in _NUMBERS or name == "claimed":
        for kind in faults:
            numbers = _as_claimed(study.facts)
            if name in _NUMBERS:
                of_kind, number, _ = _NUMBERS[name]
                numbers = {of_kind: number(study.facts)} if of_kind == kind else {}
            if kind in numbers:
                yield faults | {kind: numbers[kind]}
        return
    for kind in kinds:
        if kind not in faults:
            mistaken = [k for k in faults if _pair(kind, k)]
            others = {k: v for k, v in faults.items() if k not in mistaken}
            number = faults[mistaken[0]] if mistaken else proof(kind, study.facts)
            yield others | {kind: number}
