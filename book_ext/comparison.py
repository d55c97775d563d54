"""When are two outputs of a cell the same? If their words are, and their numbers nearly.

A trained network gives other last digits on another processor. So a cell may state within what its
numbers must come again, by the option ``:tolerance:``; without it an output is compared as it is,
byte by byte::

    :tolerance: 0.02                            within 0.02, as printed
    :tolerance: {relative: 0.05}                within 5 % of the number
    :tolerance: {absolute: 0.02, relative: 0.1} within both
    :tolerance: {absolute: 0.02, counts: 3}     whole numbers too, within 3
    :tolerance: {absolute: 0.02, exact: [0.003]}  but 0.003 is a setting and stays

**What a number is.** Digits with a sign, thousands separators, decimals, an exponent, a percent
sign: ``-0.5``, ``−0.5``, ``47,422``, ``3e-06``, ``93.8 %`` (which is 0.938). Digits inside a name
are letters: those of ``F1``, ``U2OS``, ``blocks.12``, ``64x64``, ``2.13.0`` and of a widget's
``data_sha256=…`` must be equal. So must the level in front of an interval, ``95% [0.88, 0.95]``.

**Measures and counts.** A number with decimals, exponent or percent sign is a measure; a tolerance
is for measures. A whole number is a count, an index or a seed. It stays exact unless the cell asks
for `counts`, and even then where it is so small that the tolerance would accept one random count in
ten: "start 0" never becomes "start 1".

**How wide a tolerance may be.** It must not accept a random number of that size. That is, of the
numbers between zero and twice the printed one, it may accept one in ten: at most a tenth of the
number. Near zero this asks too much, because there a number's size says nothing about what was
measured. What stands beside it does:

- numbers with only spaces and signs between them, as in a row of a matrix, are on one scale, and
  the largest gives their size;
- an estimate with its interval, ``0.01 [-0.03, 0.05]`` or ``0.01 ± 0.04``, may wander by a quarter
  of the interval's width. That is less than what the interval itself leaves open, and three random
  numbers from a range that is twice as wide as the interval agree all three once in 64 times.

A cell whose tolerance is wider, or that prints nothing for it, is refused when it is built and when
it is tested.

Widths of columns follow their numbers, so under a tolerance runs of blanks are equal.

**On another kind of processor** sums are taken in another order, and after a hundred batches a
network is another one, as if it had begun elsewhere. What the same processor repeats to two
decimals may then differ by ten times the tolerance. So a student notebook says whose `arithmetic`
wrote it. Where this is the machine's own, the tolerances hold as they are stated. Elsewhere they
are ten times as wide, but at most half of the number, or five quarters of its interval: of the
numbers between zero and twice the printed one, half are still refused. The cells' own assertions
hold everywhere.
"""

import copy
import platform
import re
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

_SHARE_OF_SIZE = Decimal("0.1")
_SHARE_OF_WIDTH = Decimal("0.25")
#: How many times as wide tolerances are where another kind of machine wrote the numbers, and how
#: many times what a tolerance may be at most they are then at most.
_ELSEWHERE = 10
_ELSEWHERE_AT_MOST = 5
_NUMBER = re.compile(
    r"""
    (?<![\w.]) (?<!sha256=)                        # not inside a name or a hash
    (?: (?<![)\]%]) [-+−] )?                       # after these it is a minus between two numbers
    (?:
        (?:\d{1,3}(?:,\d{3})+|\d+)? \.\d+ (?:[eE][-+]?\d+)?  (?!\d)
      | \d+ \. (?=\s*\]|\s+[-+−]?\d+\.)           # NumPy's "60."
      | \d+ [eE][-+]?\d+                           (?!\w)
      | (?:\d{1,3}(?:,\d{3})+|\d+)                 (?!\w)
    )
    (?!\.\d)                                       # not a version
    (?P<percent>[ \u00a0\u202f]?%)?
    """,
    re.VERBOSE,
)
_LEVEL = re.compile(r"(?:90|95|99)[ \u00a0\u202f]?%(?=\s*[\[(]\s*[-+−]?\d[^%\])]*[\])])")
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class Number:
    """A number in a text.

    Attributes
    ----------
    start, end : int
        Where it stands.
    value : Decimal
        93.8 % is 0.938.
    unit : Decimal
        One unit of the last printed place.
    measure : bool
        Whether it has decimals, an exponent or a percent sign.
    """

    start: int
    end: int
    value: Decimal
    unit: Decimal
    measure: bool


def numbers(text):
    """All numbers of a text, in order; see the module for what a number is."""
    levels = {match.start() for match in _LEVEL.finditer(text)}
    return [_number(match) for match in _NUMBER.finditer(text) if match.start() not in levels]


def _number(match):
    percent = match["percent"]
    written = match.group().removesuffix(percent or "").replace(",", "").replace("−", "-")
    value = Decimal(written.removesuffix("."))
    unit = Decimal(1).scaleb(value.as_tuple().exponent)
    if percent:
        value, unit = value / 100, unit / 100
    measure = bool(percent) or bool(re.search(r"[.eE]", written))
    return Number(match.start(), match.end(), value, unit, measure)


@dataclass(frozen=True)
class Tolerance:
    """Within what the numbers of a cell must come again; `stated` reads it from a cell."""

    absolute: Decimal | None = None
    relative: Decimal | None = None
    counts: int = 0
    exact: frozenset = frozenset()
    here: bool = True

    def allowed(self, number, bound=None):
        """How far from this number another one may be; `bound` is how wide a tolerance may be.

        A relative tolerance is never finer than one unit of the last printed place: 0.12 may have
        been 0.1249 and 0.13 have been 0.1251.
        """
        if number.value in self.exact:
            return Decimal(0)
        if not number.measure:
            bound = (_SHARE_OF_SIZE * (2 * abs(number.value) + 1) - 1) // 2
            return self._looser(Decimal(self.counts), bound) if self.counts <= bound else Decimal(0)
        limits = []
        if self.absolute is not None:
            limits.append(self.absolute)
        if self.relative is not None:
            limits.append(max(self.relative * abs(number.value), number.unit))
        return self._looser(min(limits, default=Decimal(0)), bound)

    def _looser(self, limit, bound):
        """What a limit is on the machine that wrote the number, or on another kind."""
        if self.here or bound is None:
            return limit
        return max(limit, min(_ELSEWHERE * limit, _ELSEWHERE_AT_MOST * bound))

    def elsewhere(self):
        """The tolerance on another kind of machine; settings stay exact there, too."""
        return replace(self, here=False)


def arithmetic(processor=Path("/proc/cpuinfo"), driver=Path("/proc/driver/nvidia")):
    """In which order this machine adds: by how many numbers an instruction takes, or on a GPU.

    Parameters
    ----------
    processor, driver : Path
        Where Linux says what the processor knows, and where NVIDIA's driver says that it is there.
    """
    words = set(processor.read_text(encoding="utf-8").split()) if processor.is_file() else set()
    vectors = next((name for name in ("avx512f", "avx2") if name in words), None)
    return " ".join(filter(None, (platform.machine(), vectors, driver.exists() and "cuda")))


def written_by(notebook):
    """Whose arithmetic wrote a student notebook; this machine's, if it does not say."""
    return notebook.metadata.get("arithmetic") or arithmetic()


def stated(cell, by=None):
    """The tolerance that a cell states, or None.

    Parameters
    ----------
    cell : NotebookNode
    by : str, optional
        Whose arithmetic wrote the outputs; by default this machine's.

    Raises
    ------
    ValueError
        If it cannot be read.
    """
    option = cell.metadata.get("tolerance")
    if option is None:
        return None
    if not isinstance(option, dict):
        option = {"absolute": option}
    if unknown := option.keys() - {"absolute", "relative", "counts", "exact"}:
        raise ValueError(
            f"tolerance knows absolute, relative, counts and exact, not {sorted(unknown)[0]!r}"
        )
    if not option.keys() & {"absolute", "relative", "counts"}:
        raise ValueError("tolerance must state absolute, relative or counts")
    counts = option.get("counts", 0)
    if isinstance(counts, bool) or not isinstance(counts, int) or counts < 0:
        raise ValueError(f"counts of a tolerance must be a whole number, got {counts!r}")
    exact = option.get("exact", [])
    if not isinstance(exact, list):
        raise ValueError(f"exact of a tolerance must be a list of numbers, got {exact!r}")
    tolerance = Tolerance(
        _positive(option, "absolute"), _positive(option, "relative"), counts, _values(exact)
    )
    return tolerance if by in (None, arithmetic()) else tolerance.elsewhere()


def _positive(option, name):
    if name not in option:
        return None
    value = option[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e9:
        raise ValueError(f"{name} tolerance must be a positive number such as 0.02, got {value!r}")
    return Decimal(str(value))


def _values(exact):
    values = set()
    for item in exact:
        found = numbers(str(item))
        if len(found) != 1:
            raise ValueError(f"exact of a tolerance must be a list of numbers, got {item!r}")
        values.add(found[0].value)
    return frozenset(values)


def difference(old, new, tolerance=None):
    """What the new text says otherwise than the old one, as a sentence, or None.

    Parameters
    ----------
    old, new : str
        The text that is kept, and the one that the cell gave now.
    tolerance : Tolerance, optional
        By default the texts must be equal.
    """
    if old == new:
        return None
    if tolerance is None:
        return "the text differs, and the cell states no tolerance"
    before, after = numbers(old), numbers(new)
    words, other_words = _between(old, before), _between(new, after)
    if words != other_words:
        index = next(
            (
                i
                for i, pair in enumerate(zip(words, other_words, strict=False))
                if len(set(pair)) > 1
            ),
            min(len(words), len(other_words)),
        )
        said = [" ".join(w[index : index + 1]) for w in (words, other_words)]
        return f"the words differ: {said[1]!r} instead of {said[0]!r}"
    bounds = {number.start: _bound(old, group) for group in _groups(old) for number in group}
    for was, now in zip(before, after, strict=True):
        either = replace(was, measure=was.measure or now.measure)
        limit = tolerance.allowed(either, bounds.get(was.start))
        if abs(was.value - now.value) > limit:
            there, here = old[was.start : was.end], new[now.start : now.end]
            within = f"within {_plain(limit)}" if limit else "exactly"
            return f"{here} instead of {there}, which must come again {within}"
    return None


def _between(text, found):
    """The texts before, between and after the numbers; runs of blanks are one blank."""
    starts = [0, *(number.end for number in found)]
    ends = [*(number.start for number in found), len(text)]
    pieces = (text[start:end] for start, end in zip(starts, ends, strict=True))
    return [re.sub(r"[ \t]+", " ", piece).strip(" ") for piece in pieces]


def too_wide(texts, tolerance):
    """Why the tolerance proves nothing about the numbers of these texts, as a sentence, or None."""
    used = set()
    for text in texts:
        for group in _groups(text):
            bound = _bound(text, group)
            for number in group:
                limit = tolerance.allowed(number)
                if limit > bound:
                    return (
                        f"a tolerance of {_plain(limit)} is too wide for "
                        f"{text[number.start : number.end]}, which may wander by "
                        f"{_plain(bound)} at most: make it smaller, print the number with its "
                        "interval, or list it under exact"
                    )
        used |= {number.measure for number in numbers(text) if tolerance.allowed(number)}
    if True not in used and (tolerance.absolute or tolerance.relative):
        return "the cell states a tolerance and prints no measure that it is for"
    if False not in used and tolerance.counts:
        return f"no count is so large that it may wander by {tolerance.counts}"
    return None


def _plain(value):
    return f"{value.normalize():f}"


def _groups(text):
    """The measures of a text, those on one scale together: no letter stands between them."""
    groups = []
    for number in numbers(text):
        if not number.measure:
            continue
        if groups and not _LETTER.search(text[groups[-1][-1].end : number.start]):
            groups[-1].append(number)
        else:
            groups.append([number])
    return groups


def _bound(text, group):
    """How far the numbers of a group may wander."""
    bounds = [_SHARE_OF_SIZE * max(abs(number.value) for number in group)]
    for one, two in pairwise(group):
        between = text[one.end : two.start].strip()
        around = text[: one.start].rstrip()[-1:] + text[two.end :].lstrip()[:1]
        if between in ("±", "+/-"):
            bounds.append(_SHARE_OF_WIDTH * 2 * abs(two.value))
        elif between in (",", ";", "–") and around in ("[]", "()"):
            bounds.append(_SHARE_OF_WIDTH * (two.value - one.value))
    return max(bounds)


def texts(outputs):
    """The texts of a cell's outputs: what it printed, and the text form of what it showed."""
    for output in outputs:
        text = _text(output)
        if text is not None:
            yield text


def _text(output):
    if output.output_type == "stream":
        return output.text
    return output.get("data", {}).get("text/plain")


def refusal(cell, outputs=None):
    """Why a cell's tolerance is not accepted, as a sentence, or None.

    Parameters
    ----------
    cell : NotebookNode
    outputs : list, optional
        By default those that the cell holds.
    """
    try:
        tolerance = stated(cell)
    except ValueError as error:
        return str(error)
    if tolerance is None:
        return None
    if "nbval-ignore-output" in cell.metadata.get("tags", []):
        return "the cell states a tolerance, but its output is ignored"
    return too_wide(list(texts(cell.outputs if outputs is None else outputs)), tolerance)


def reconciled(new, old, tolerance):
    """New outputs, each with the old text where the two agree within the tolerance.

    Whatever then differs from the old outputs differs indeed.
    """
    new = copy.deepcopy(new)
    if tolerance is None or len(new) != len(old):
        return new
    for now, was in zip(new, old, strict=True):
        same_place = now.output_type == was.output_type and now.get("name") == was.get("name")
        if not same_place or None in (_text(now), _text(was)):
            continue
        if difference(_text(was), _text(now), tolerance) is None:
            if now.output_type == "stream":
                now.text = was.text
            else:
                now.data["text/plain"] = was.data["text/plain"]
    return new
