"""The class list: who ought to have handed in, and whose row is whose."""

import unicodedata
from dataclasses import dataclass

from . import tables, text

_NAMES = {
    "id": ("id", "studentid", "sid", "sisuserid", "idnumber", "number", "學號", "學生編號"),
    "name": ("name", "student", "fullname", "studentname", "姓名", "學生姓名"),
    "email": ("email", "emailaddress", "mail", "信箱", "電子郵件", "電子信箱"),
    "section": ("section", "group", "class", "班級", "組別"),
    "login": ("sisloginid", "username", "login", "account", "帳號"),
}


@dataclass(frozen=True)
class Person:
    """A row of the roster."""

    id: str
    name: str
    email: str = ""
    section: str = ""
    login: str = ""


class Roster:
    """The students of a class.

    Parameters
    ----------
    people : sequence of Person
    """

    def __init__(self, people):
        self.people = list(people)
        self._sure, self._by_name = {}, {}
        for person in self.people:
            for key in {person.id, person.login, person.email, person.email.partition("@")[0]}:
                if key:
                    self._sure.setdefault(plain(key), set()).add(person)
            for key in _spellings(person.name):
                self._by_name.setdefault(key, set()).add(person)

    def knows(self, name):
        """Whether exactly one person has this name, number or address."""
        return self.find(name) is not None

    def find(self, name, email=""):
        """The person of that name as a platform writes it, or None if none or several fit.

        A number of another system may happen to be somebody else's here: where number and name
        point to two people, nobody is found.
        """
        tokens = name.replace("_", " ").split()
        numbers = [token for token in tokens if any(c.isdigit() for c in token)]
        words = [token for token in tokens if token not in numbers]
        sure = self._only(self._sure, [email, name, *numbers])
        named = self._only(self._by_name, [name, " ".join(words)])
        return None if sure and named and sure != named else sure or named

    @staticmethod
    def _only(known, keys):
        for key in filter(None, map(plain, keys)):
            people = known.get(key, set())
            if len(people) == 1:
                return next(iter(people))
        return None

    def match(self, submissions, exercise_ids):
        """Give every submission its person.

        Returns
        -------
        list of str
            Sentences on those who are not on the roster; two submissions of one person wait.
        """
        owners = {}
        for submission in submissions:
            submission.person = self.find(submission.student, submission.email)
            if submission.person:
                submission.email = submission.email or submission.person.email
                owners.setdefault(submission.person, []).append(submission)
        for person, several in owners.items():
            if len(several) > 1:
                names = " and ".join(s.student for s in several)
                for submission in several:
                    submission.wait(exercise_ids, f"{names} are one person on the roster")
                    submission.problems.append(
                        f"{names} are both {person.name or person.id} on the roster: let a person "
                        "choose"
                    )
        unknown = [s.student for s in submissions if s.person is None]
        absent = [p.name or p.id or p.email for p in self.people if p not in owners]
        notes = []
        if unknown:
            notes.append(f"not on the roster, or not clearly: {', '.join(unknown)}")
        if absent:
            notes.append(
                f"{len(absent)} of {len(self.people)} on the roster handed in nothing: "
                f"{', '.join(absent)}"
            )
        return notes

    def missing(self, submissions):
        """Pairs of person and name for those of whom there is no submission."""
        there = {s.person for s in submissions}
        taken = {s.student.casefold() for s in submissions}
        pairs = []
        for person in self.people:
            if person not in there:
                name = _file_name(person.name or person.id or person.email)
                if name.casefold() in taken:
                    name = _file_name(f"{name}_{person.id or person.email}")
                taken.add(name.casefold())
                pairs.append((person, name))
        return pairs


def _file_name(name):
    return name.replace("/", "-").strip(". ").encode()[:200].decode(errors="ignore")


def read(path):
    """Read a roster: columns id, name, e-mail and section, in any order, some of them absent.

    Raises
    ------
    ValueError
        If it has neither ids nor names nor addresses, no row, or one person twice.
    """
    head, records = tables.read(path, "the roster")
    places = {field: tables.column(head, *names) for field, names in _NAMES.items()}
    first, last = (
        tables.column(head, "firstname", "名"),
        tables.column(head, "lastname", "surname", "姓"),
    )
    if all(places[field] is None for field in ("id", "name", "email")) and first is None:
        raise ValueError(f"The roster {path} needs a column id, name or e-mail.")
    people = []
    for record in records:
        cells = [text.line(tables.unguarded(cell)).strip() for cell in record]
        values = {f: cells[place] if place is not None else "" for f, place in places.items()}
        if not values["name"] and first is not None:
            values["name"] = f"{cells[first]} {cells[last] if last is not None else ''}".strip()
        if values["name"] != "Points Possible" and any(values[f] for f in ("id", "name", "email")):
            people.append(Person(**values))
    if not people:
        raise ValueError(f"The roster {path} holds nobody.")
    for field in ("id", "email"):
        seen = set()
        for person in people:
            value = plain_address(getattr(person, field))
            if value and value in seen:
                raise ValueError(f"The roster {path} holds {getattr(person, field)} twice.")
            seen.add(value)
    return Roster(people)


def plain(said):
    """A name or number without what systems write differently."""
    said = unicodedata.normalize("NFKC", said).casefold().removeprefix("participant ")
    return "".join(c for c in said if c.isalnum())


def plain_address(said):
    """An address or number as it is compared: with its signs, without case."""
    return unicodedata.normalize("NFKC", said).casefold().strip()


def _spellings(name):
    """Ann Lee, "Lee, Ann" and Canvas's leeann."""
    words = [plain(word) for word in name.replace(",", " ").split()]
    words = [word for word in words if word]
    if not words:
        return set()
    return {
        "".join(words),
        "".join([words[-1], *words[:-1]]),
        "".join([*words[1:], words[0]]),
    }
