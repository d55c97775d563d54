"""Whose file is it? The layouts in which platforms and people deliver a class.

A layout is recognized where most entries of one folder have a platform's form, and only there: a
file that a student names like another platform's, or like another student's, changes nothing.
"""

import collections
import datetime
import re
from dataclasses import dataclass, replace

from . import text

# The words of names that say what was handed in and not who did.
_WORDS = set(
    """
    week homework hw assignment assignments lab ex exercise exercises chapter part quiz task project
    unit module lecture midterm final submission submissions submitted class course export download
    downloads notebook notebooks solution solutions answer answers untitled colab copy of the and my
    new v version student students work files ipynb done attempt t z
    作業 週 周 章 習題 實驗 報告 期中 期末 第 週作業 筆記本 次 課
    """.split()  # noqa: SIM905
)
_TOKEN = re.compile(r"[^\W\d_]+|\d+")
_NOTEBOOK = re.compile(r"\.ipynb(?P<more>[ _]?\(\d+\)|\.(txt|json|ipynb|download|html?))*$", re.I)
#: What browsers, Jupyter, Windows and Google add to the name of a copy.
_COPY = re.compile(
    r"^(copy[ _]of[ _]|「)|(」的副本| ?的副本|[ _]?\(\d+\)|-Copy\d*| - (Copy|複製)( \(\d+\))?)$",
    re.I,
)
#: What a student may have handed in instead of a notebook, and not a picture that belongs to one.
_DOCUMENT = re.compile(r"\.(ipynb|docx?|odt|pages|pdf|py|txt|md|html?|zip|rar|7z|json)\b", re.I)
# In so many bytes a notebook has shown what it is.
_HEAD = 64 << 10
_ASSIGNMENT_FILES = ("file", "onlinetext")


@dataclass(frozen=True)
class Owner:
    """Whose a file is.

    Attributes
    ----------
    name : str
        As the platform writes it, together with its number there.
    email : str
    when : datetime or None
        When it was handed in, where the platform says so.
    late : bool
        Whether the platform calls it late.
    part : str
        What it was handed in for: attempts of one part replace each other.
    chapter : str
        The chapter whose folder it lies in; empty if in none.
    """

    name: str
    email: str = ""
    when: datetime.datetime | None = None
    late: bool = False
    part: str = ""
    chapter: str = ""


@dataclass
class Layout:
    """How a delivery was read.

    Attributes
    ----------
    kind : str
        In words.
    owned : list of tuple
        Pairs of `delivery.File` and `Owner`.
    notes : list of str
        Sentences on what belongs to nobody.
    """

    kind: str
    owned: list
    notes: list


def is_notebook(name):
    """Whether a file's name is one of a notebook, also after a browser or Windows changed it."""
    return bool(_NOTEBOOK.search(name))


def stem(name):
    """The name without what makes it a notebook's, and without signs of a copy."""
    name = name if is_notebook(name) else re.sub(r"\.[A-Za-z0-9]{1,5}$", "", name)
    # Google puts the whole name into brackets: 「ann.ipynb」的副本.ipynb
    while (shorter := _COPY.sub("", _NOTEBOOK.sub("", name)).strip()) not in (name, ""):
        name = shorter
    return name


class Reader:
    """Finds the owner of every file.

    Parameters
    ----------
    chapters : iterable of str
        Names of the book's chapters, which name files and folders.
    knows : callable
        Whether a name is a student's on the roster; never true without one.
    by : {"auto", "files", "folders", "chapters"}
        What the top level holds if no platform is recognized: a file a student, a folder a
        student, or a folder a chapter.
    """

    def __init__(self, chapters, knows=lambda name: False, by="auto"):
        self._chapters = set(chapters)
        self._chapter_words = {word for c in chapters for word in _TOKEN.findall(c.lower())}
        self._knows, self._by = knows, by

    def read(self, files, title):
        """The `Layout` of files; `title` names a class that is one student's folder."""
        tree = _tree(files)
        if self._by == "auto":
            plain = [f for f in files if len(f.parts) == 1 and is_notebook(f.name)]
            # One notebook of no name may be anybody's; in a folder called ann it is Ann's.
            alone = len(plain) == len(files) and (len(plain) > 1 or not self._is_task(title))
            if alone and all(self._is_task(stem(f.name)) for f in plain):
                return Layout("one student", [(f, Owner(title)) for f in files], [])
        layout = Layout("", [], [])
        layout.kind = self._walk(tree, layout, "")
        return layout

    # A folder is a dictionary from names to folders and files.

    def _walk(self, folder, layout, chapter):
        platform = _platform(folder)
        if platform:
            notes = []
            for file, owner in platform.owned(folder, notes):
                layout.owned.append((file, replace(owner, chapter=chapter)))
            layout.notes += notes
            return platform.kind
        below = {name: entry for name, entry in folder.items() if isinstance(entry, dict)}
        plain = {name: entry for name, entry in folder.items() if name not in below}
        notebooks = [name for name in plain if is_notebook(name)]
        if notebooks and self._by != "folders":
            return self._flat(plain, below, layout, chapter)
        holding = {name: entry for name, entry in below.items() if _holds_notebook(entry)}
        if len(below) == len(holding) == 1 and self._by not in ("chapters", "folders"):
            ((name, entry),) = holding.items()
            if self._by == "files" or not self._is_students(name, entry):
                self._leftovers(folder, layout, skip=name)
                return self._walk(entry, layout, chapter or self._chapter(name))
        if self._by == "chapters" or (self._by == "auto" and self._are_tasks(holding)):
            self._leftovers(folder, layout, skip=holding)
            kinds = {
                self._walk(entry, layout, self._chapter(name) or chapter)
                for name, entry in holding.items()
            }
            return "one folder a chapter: " + ", ".join(sorted(kinds))
        self._leftovers(folder, layout, skip=below)
        for name, entry in below.items():
            _owned_by(entry, Owner(name, chapter=chapter), layout)
        return "one folder a student"

    def _flat(self, plain, below, layout, chapter):
        names = self._who(plain)
        for name, file in plain.items():
            # Without a roster nobody knows whether dan.py is a student's or the class's.
            if is_notebook(name) or self._knows(stem(name)) or looks_like_notebook(file):
                layout.owned.append((file, Owner(names[name], chapter=chapter)))
                if self._is_task(names[name]):
                    path = "/".join(file.parts)
                    layout.notes.append(f"{path}: names no student; its row is {names[name]!r}")
            else:
                layout.notes.append(_nobodys(file))
        for name, entry in below.items():
            if self._knows(name) or any(_DOCUMENT.search(f.name) for f in _all(entry)):
                _owned_by(entry, Owner(name, chapter=chapter), layout)
            else:
                layout.notes += [_nobodys(file) for file in _all(entry)]
        return "one file a student"

    def _who(self, plain):
        """From file names to students: without the title that all share, and signs of a copy."""
        stems = {name: stem(name) for name in plain}
        own = [s for name, s in stems.items() if is_notebook(name)]
        for separator in (" - ", " – ", "_", "-", " "):
            for side in (0, -1):
                parts = [_cut(s, separator, side) for s in own]
                shared = collections.Counter(p[1] for p in parts if p)
                # Google Classroom writes "Ann Lee - Any title"; a family name is no title.
                common = (
                    len(own) if separator.strip() in "-–" and len(separator) > 1 else 2 * len(own)
                )
                title = {t for t, n in shared.items() if self._is_task(t) or 2 * n > max(common, 3)}
                fitting = [p for p in parts if p and p[1] in title]
                if 2 * len(fitting) > len(own):
                    for name, whole in stems.items():
                        p = _cut(whole, separator, side)
                        if p and p[1] in title:
                            stems[name] = p[0]
                    return stems
        return stems

    def _leftovers(self, folder, layout, skip):
        for name, entry in folder.items():
            if name not in ((skip,) if isinstance(skip, str) else skip):
                layout.notes += [_nobodys(file) for file in _all(entry)]

    def _chapter(self, name):
        name = re.sub(r"\W+", "_", name.lower()).strip("_")
        return name if name in self._chapters else ""

    def _is_task(self, name):
        """Whether a name says what was handed in: a chapter, "Week 10", "hw3"."""
        words = _TOKEN.findall(name.lower())
        known = (w.isdigit() or w in _WORDS or w in self._chapter_words for w in words)
        return bool(words) and not all(w.isdigit() for w in words) and all(known)

    def _is_students(self, name, entry):
        """Whether the only folder is a student's, and not that of the whole class."""
        if _platform(entry) or self._is_task(name):
            return self._knows(name)
        own = [stem(n) for n, e in entry.items() if not isinstance(e, dict) and is_notebook(n)]
        if self._knows(name) or any(map(self._knows, own)):
            return self._knows(name)
        if own:
            return len(own) == 1 or all(map(self._is_task, own))
        holding = {n: e for n, e in entry.items() if isinstance(e, dict) and _holds_notebook(e)}
        files = [f for e in holding.values() for f in _all(e) if is_notebook(f.name)]
        return all(map(self._is_task, holding)) and all(self._is_task(stem(f.name)) for f in files)

    def _are_tasks(self, folders):
        """Whether each folder is one of a chapter, or a platform's delivery."""
        if not folders or any(map(self._knows, folders)):
            return False
        delivered = [name for name, entry in folders.items() if _platform(entry)]
        if len(delivered) == len(folders):
            return True
        return all(name in delivered or self._is_task(name) for name in folders)


def _tree(files):
    root = {}
    for file in files:
        folder = root
        for part in file.parts[:-1]:
            below = folder.setdefault(part, {})
            if not isinstance(below, dict):
                # A file and a folder of one name, as a zip may hold them.
                below = folder.setdefault(part + "/", {})
            folder = below
        # A zip may hold two files of one name: the second is a copy.
        (name, dot, ending), number = file.name.rpartition("."), 2
        key = file.name
        while key in folder:
            key = f"{name} ({number}){dot}{ending}"
            number += 1
        folder[key] = file
    return root


def _all(entry):
    """The files of a folder, or the file itself."""
    if not isinstance(entry, dict):
        return [entry]
    return [file for below in entry.values() for file in _all(below)]


def _holds_notebook(folder):
    return any(is_notebook(f.name) or looks_like_notebook(f) for f in _all(folder))


def looks_like_notebook(file):
    """Whether a file of another name is a notebook all the same."""
    if file.fault or not re.search(r"(^[^.]*|\.(json|txt))$", file.name, re.I):
        return False
    if re.match(r"(readme|licen[cs]e|instructions|requirements)\b", file.name, re.I):
        return False
    try:
        head = file.read(_HEAD)
    except (ValueError, OSError):
        return False
    named = b'"cells"' in head or b'"nbformat"' in head
    return named and head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"{"


def _owned_by(entry, owner, layout):
    when = _timestamp(entry)
    owner = replace(owner, when=when) if when else owner
    layout.owned += [(file, owner) for file in _all(entry)]


def _timestamp(entry):
    """When nbgrader says that it was handed in."""
    found = [file for file in _all(entry) if file.name == "timestamp.txt"]
    if len(found) != 1:
        return None
    try:
        said = found[0].read()[:100].decode().strip().removesuffix("UTC").strip()
        return _moment(said)
    except (ValueError, OSError):
        return None


def _moment(said):
    """A time as ISO 8601, with a space or nine digits of seconds; without a zone it is UTC."""
    said = re.sub(r"(\.\d{6})\d+", r"\1", said.strip().replace("Z", "+00:00"))
    said = re.sub(r"\s+([+-]\d\d:?\d\d)$", r"\1", said)
    moment = datetime.datetime.fromisoformat(said)
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


def _cut(whole, separator, side):
    """Who and title of "who - title", or of "title - who"."""
    if separator not in whole:
        return None
    first, last = whole.rsplit(separator, 1) if side else whole.split(separator, 1)
    who, title = (first, last) if side else (last, first)
    return (who.strip(), title.strip()) if who.strip() and title.strip() else None


def _nobodys(file):
    path = "/".join(file.parts)
    return f"{path}: {file.fault or 'belongs to no student'}; it was not read"


class _Platform:
    """A platform whose downloads have entries of a form of their own."""

    def __init__(self, kind, pattern, owner):
        self.kind, self._pattern, self._owner = kind, re.compile(pattern, re.I), owner

    def fits(self, name):
        return bool(self._pattern.fullmatch(name))

    def owned(self, folder, notes):
        for name, entry in folder.items():
            match = self._pattern.fullmatch(name)
            if match:
                owner = self._owner(match)
                yield from ((file, owner) for file in _all(entry))
            else:
                notes += [_nobodys(file) for file in _all(entry)]


def _moodle(match):
    return Owner(match["who"])


def _canvas(match):
    return Owner(f"{match['who']}_{match['id']}", late=bool(match["late"]))


def _anonymous(match):
    return Owner(f"anon_{match['id']}", late="late_" in match.group().lower()[:20])


def _brightspace(match):
    return Owner(match["who"].strip())


class _Blackboard(_Platform):
    """Title, user and time of an attempt: the title may hold underscores, and so may the user."""

    def __init__(self):
        pattern = r"(?P<head>.+?)_attempt_(?P<when>\d{4}(-\d\d){5})([._].*)?"
        super().__init__("Blackboard's download", pattern, None)

    def owned(self, folder, notes):
        heads = {m["head"] for m in map(self._pattern.fullmatch, folder) if m}
        receipts = dict(filter(None, map(_receipt, folder.values())))
        split = {head: head.rpartition("_") for head in heads}
        if len({who for _, _, who in split.values()}) < len(heads):
            # Users whose names end alike: what all heads share is the title.
            shared = _common(sorted(heads)) if len(heads) > 1 else ""
            if shared:
                split = {head: (shared, "_", head[len(shared) + 1 :]) for head in heads}
        for name, entry in folder.items():
            match = self._pattern.fullmatch(name)
            if not match:
                notes += [_nobodys(file) for file in _all(entry)]
                continue
            title, _, who = split[match["head"]]
            for user in receipts.values():
                if match["head"].endswith(f"_{user}"):
                    title, who = match["head"][: -len(user) - 1], user
            when = datetime.datetime.strptime(match["when"], "%Y-%m-%d-%H-%M-%S")
            yield from (
                (file, Owner(who or match["head"], when=when.astimezone(), part=title))
                for file in _all(entry)
            )


def _receipt(entry):
    """File and user name of the receipt that Blackboard puts beside an attempt."""
    if isinstance(entry, dict) or not re.search(r"_attempt_[\d-]+\.txt$", entry.name):
        return None
    try:
        said = entry.read()[:2000].decode("utf-8", "replace")
    except (ValueError, OSError):
        return None
    user = re.search(r"^Name:.*\(([^()]+)\)\s*$", said, re.M)
    return (entry.name, user[1]) if user else None


def _common(names):
    """What all names begin with, up to an underscore."""
    first, last = names[0], names[-1]
    length = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), 0)
    return first[:length].rpartition("_")[0]


class _Gradescope(_Platform):
    """Folders of numbers, and one file that says whose they are."""

    _METADATA = "submission_metadata.yml"

    def __init__(self):
        super().__init__("Gradescope's export", r"submission_(?P<id>\d+)", None)

    def owned(self, folder, notes):
        people = self._people(folder, notes)
        for name, entry in folder.items():
            if self.fits(name):
                owners = people.get(name) or [Owner(name)]
                yield from ((file, owner) for owner in owners for file in _all(entry))
            elif name != self._METADATA:
                notes += [_nobodys(file) for file in _all(entry)]

    def _people(self, folder, notes):
        """From the name of a folder to its owners: a group hands in one notebook for all."""
        metadata = folder.get(self._METADATA)
        try:
            if metadata is None:
                raise ValueError("is absent")
            people = _submitters(metadata.read())
        except (ValueError, OSError) as error:
            notes.append(
                f"{self._METADATA}: {error}; students are called submission_…, without names"
            )
            return {}
        nameless = [name for name in folder if self.fits(name) and not people.get(name)]
        if nameless:
            notes.append(f"{self._METADATA}: has no name for {', '.join(nameless)}")
        return people


def _submitters(data):
    try:
        import yaml
    except ImportError:
        raise ValueError("needs the package PyYAML to be read") from None
    try:
        # Texts only: a student called No is not false, and 0010 is no number.
        loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
        document = yaml.load(data.decode("utf-8-sig"), loader)
        return {
            name: [_submitter(person, entry) for person in entry.get(":submitters") or []]
            for name, entry in document.items()
        }
    except (yaml.YAMLError, AttributeError, TypeError, ValueError, RecursionError):
        raise ValueError("is not of Gradescope's form") from None


def _submitter(person, entry):
    name, number, email = (text.line(person.get(f":{k}") or "") for k in ("name", "sid", "email"))
    try:
        when = _moment(entry.get(":created_at") or "")
    except ValueError:
        when = None
    name = f"{name}_{number}" if name and number else name or number or email
    return Owner(name, email=email, when=when)


_PLATFORMS = (
    _Platform(
        "Moodle's download",
        rf"(?P<who>.+?_\d+)_assignsubmission_({'|'.join(_ASSIGNMENT_FILES)})(_.*)?",
        _moodle,
    ),
    _Blackboard(),
    _Gradescope(),
    _Platform(
        "Canvas's anonymous download",
        r"(late_)?anon_(late_)?(?P<id>[A-Za-z0-9]{5})_(late_)?(\d+_.+|(text|link)\.html?|\d+)",
        _anonymous,
    ),
    _Platform(
        "Canvas's download",
        r"(?P<who>[^_]+)(?P<late>_late)?_(?P<id>\d+)_(\d+(_.+)?|text\.html?|link\.html?)",
        _canvas,
    ),
    _Platform(
        "Brightspace's download",
        r"\d+-\d+ - (?P<who>.+?) - \w{3,9} \d{1,2}, \d{4} \d{1,4}.*",
        _brightspace,
    ),
)


def _platform(folder):
    """The platform whose form most entries of a folder have."""
    for platform in _PLATFORMS:
        fitting = [name for name in folder if platform.fits(name)]
        if not fitting:
            continue
        others = folder.keys() - set(fitting)
        holding = [n for n in others if any(is_notebook(f.name) for f in _all(folder[n]))]
        if len(fitting) > len(holding):
            return platform
    return None
