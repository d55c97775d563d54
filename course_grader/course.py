"""The course's rules: weights, late days, attempts, rows that people grade (``course.toml``)."""

import datetime
import math
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from course_lib.exercises import catalog

_SECTIONS = {"title", "attempts", "weights", "extra_credit", "late", "manual"}
_LATE = {"due", "grace_minutes", "free_days", "per_day", "at_most"}
_MANUAL = {"name", "title", "points", "extra_credit"}
_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Late:
    """What lateness costs.

    Attributes
    ----------
    due : datetime or None
        With its zone; without a due time nothing is late.
    grace_minutes : float
        So much later is not late.
    free_days : float
        Days that cost nothing.
    per_day : float
        Share of the points that each further day costs, begun days counted whole.
    at_most : float
        The largest share.
    """

    due: datetime.datetime | None = None
    grace_minutes: float = 0
    free_days: float = 0
    per_day: float = 0
    at_most: float = 1

    def days(self, when):
        """Days late, begun ones counted whole; 0 if nobody knows when."""
        if self.due is None or when is None:
            return 0
        over = when - self.due - datetime.timedelta(minutes=self.grace_minutes)
        return max(math.ceil(over / _DAY), 0)

    def share(self, days):
        """The share of the points that so many days cost."""
        return min(max(days - self.free_days, 0) * self.per_day, self.at_most)


@dataclass(frozen=True)
class Manual:
    """A row that a person grades: a report, a presentation."""

    name: str
    title: str
    points: float
    extra_credit: bool = False


@dataclass(frozen=True)
class Course:
    """The rules of a course; the defaults are those of a course without a file.

    Attributes
    ----------
    title : str
        The assignment's column in a gradebook.
    attempts : {"last", "best"}
        Which of several attempts counts.
    weights : dict
        From chapter or exercise to a factor; both multiply.
    extra_credit : frozenset of str
        Exercises whose points are added, but not to the maximum.
    late : Late
    manual : tuple of Manual
    """

    title: str = "AI for Medical Diagnosis"
    attempts: str = "last"
    weights: dict = field(default_factory=dict)
    extra_credit: frozenset = frozenset()
    late: Late = Late()
    manual: tuple[Manual, ...] = ()

    def weight(self, exercise_id):
        """The factor of an exercise's points."""
        chapter = exercise_id.partition(".")[0]
        return self.weights.get(chapter, 1) * self.weights.get(exercise_id, 1)


def read(path):
    """Read ``course.toml``; ``Course()`` if `path` is None.

    Raises
    ------
    ValueError
        One sentence that names what is wrong.
    """
    if path is None:
        return Course()
    try:
        said = tomllib.loads(Path(path).read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise ValueError(f"{path} is not TOML: {error}.") from error
    try:
        return _course(said)
    except ValueError as error:
        raise ValueError(f"{path}: {error}.") from error


def _course(said):
    _only(said, _SECTIONS, "the file")
    exercises = catalog()
    chapters = {exercise.partition(".")[0] for exercise in exercises}
    weights = _table(said, "weights")
    for name, weight in weights.items():
        if name not in chapters and name not in exercises:
            raise ValueError(f"weights names {name!r}, which is no chapter or exercise")
        _at_least_0(weight, f"the weight of {name}")
    extra = said.get("extra_credit", [])
    if not isinstance(extra, list) or any(name not in exercises for name in extra):
        raise ValueError("extra_credit must be a list of exercise ids")
    attempts = said.get("attempts", "last")
    if attempts not in ("last", "best"):
        raise ValueError(f'attempts must be "last" or "best", not {attempts!r}')
    title = said.get("title", Course.title)
    if not isinstance(title, str) or not title.strip():
        raise ValueError("title must be a text")
    manual = said.get("manual", [])
    if not isinstance(manual, list) or not all(isinstance(row, dict) for row in manual):
        raise ValueError("manual must be written as [[manual]]")
    rows = tuple(_manual(row, exercises) for row in manual)
    if len({row.name for row in rows}) < len(rows):
        raise ValueError("two manual rows have one name")
    return Course(title, attempts, weights, frozenset(extra), _late(_table(said, "late")), rows)


def _late(said):
    _only(said, _LATE, "late")
    due = said.get("due")
    if due is not None and (not isinstance(due, datetime.datetime) or due.tzinfo is None):
        raise ValueError("late.due must be a time with its zone: 2026-11-03T23:59:00+08:00")
    for name in _LATE - {"due"}:
        _at_least_0(said.get(name, 0), f"late.{name}")
    if said.get("at_most", 1) > 1 or said.get("per_day", 0) > 1:
        raise ValueError("late.per_day and late.at_most are shares, from 0 to 1")
    return Late(**said)


def _manual(said, exercises):
    _only(said, _MANUAL, "a manual row")
    name = said.get("name")
    if not isinstance(name, str) or not name.strip() or name in exercises or name == "late":
        raise ValueError("a manual row needs a name of its own")
    points = said.get("points")
    if points is None:
        raise ValueError(f"the manual row {name} needs points")
    _at_least_0(points, f"points of {name}")
    title, extra = said.get("title", name), said.get("extra_credit", False)
    if not isinstance(title, str) or not isinstance(extra, bool):
        raise ValueError(
            f"the manual row {name} needs a text as title, true or false as extra_credit"
        )
    return Manual(name, title, points, extra)


def _only(said, known, where):
    odd = sorted(set(said) - known)
    if odd:
        raise ValueError(f"{where} has no {odd[0]!r}; it has {', '.join(sorted(known))}")


def _table(said, name):
    value = said.get(name, {})
    if not isinstance(value, dict):
        raise ValueError(f"{name} must be written as [{name}]")
    return _flat(value) if name == "weights" else value


def _flat(table, prefix=""):
    """Weights of quoted and of bare dotted names: ``metrics.ppv = 2`` nests tables."""
    flat = {}
    for name, value in table.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _at_least_0(value, what):
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ValueError(f"{what} must be a number, 0 or more, not {value!r}")
