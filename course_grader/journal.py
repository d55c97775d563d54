"""Every result, written down the moment it is known, so that a run can go on after a kill."""

import json
import sqlite3
from dataclasses import asdict, fields

from .grading import Result

_COLUMNS = [field.name for field in fields(Result)]
_SCHEMA = f"""
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS run (id INTEGER PRIMARY KEY, at TEXT NOT NULL, level TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS problem (
    run INTEGER NOT NULL, student TEXT NOT NULL, said TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS result (
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL, at TEXT NOT NULL, key TEXT NOT NULL,
    student TEXT NOT NULL, {", ".join(_COLUMNS)}
);
CREATE TABLE IF NOT EXISTS shown (
    run INTEGER NOT NULL, student TEXT NOT NULL, exercise TEXT NOT NULL, key TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS similar (
    run INTEGER NOT NULL, first TEXT NOT NULL, second TEXT NOT NULL, exercises TEXT NOT NULL,
    share REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS written (run INTEGER NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS result_key ON result (key);
"""
_APPEND_ONLY = """
CREATE TRIGGER IF NOT EXISTS {table}_{event} BEFORE {event} ON {table}
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
"""
# With parts of a second, as LTI wants it.
_NOW = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"


class Journal:
    """An append-only SQLite file of runs and results; a context manager.

    Parameters
    ----------
    path : path
        Created if absent.

    Raises
    ------
    ValueError
        If the file is not a journal.
    """

    def __init__(self, path):
        self._db = sqlite3.connect(path, timeout=30)
        try:
            self._db.executescript(_SCHEMA)
            self._add_columns()
            for table in ("run", "problem", "result", "shown", "similar", "written"):
                for event in ("UPDATE", "DELETE"):
                    self._db.executescript(_APPEND_ONLY.format(table=table, event=event))
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise ValueError(f"{path} is no journal of course-grade: {error}.") from error

    def _add_columns(self):
        """Bring the table of an earlier version up to date; old results have the defaults."""
        known = {name for _, name, *_ in self._db.execute("PRAGMA table_info(result)")}
        for name in _COLUMNS:
            if name not in known:
                self._db.execute(f"ALTER TABLE result ADD COLUMN {name}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._db.close()

    def begin(self, level, problems):
        """Append a run, with what a person should know about its submissions.

        Parameters
        ----------
        level : str
        problems : sequence of tuple
            Student and sentence.

        Returns
        -------
        int
            The run's number.
        """
        with self._db:
            cursor = self._db.execute(f"INSERT INTO run (at, level) VALUES ({_NOW}, ?)", (level,))
            run = cursor.lastrowid
            self._db.executemany(
                "INSERT INTO problem VALUES (?, ?, ?)", [(run, *problem) for problem in problems]
            )
        return run

    def add(self, run, student, keyed_results):
        """Append results of a student, all of them or none: pairs of key and `Result`."""
        names, marks = ", ".join(_COLUMNS), ", ".join("?" * len(_COLUMNS))
        rows = [(run, key, student, *_values(result)) for key, result in keyed_results]
        with self._db:
            self._db.executemany(
                f"INSERT INTO result (run, at, key, student, {names})"
                f" VALUES (?, {_NOW}, ?, ?, {marks})",
                rows,
            )

    def result(self, key):
        """The result of that key, or None. A failure of the grader itself is no result."""
        row = self._db.execute(
            f"SELECT {', '.join(_COLUMNS)} FROM result"
            " WHERE key = ? AND outcome != 'infrastructure' ORDER BY id LIMIT 1",
            (key,),
        ).fetchone()
        return _result(row) if row else None

    def finish(self, run, shown, similar, problems):
        """Append what a run gave out.

        Parameters
        ----------
        run : int
        shown : sequence of tuple
            Student, exercise and key of the result that stands in the grades.
        similar : sequence of tuple
            Two students, exercises as text, and a share.
        problems : sequence of tuple
            Student and sentence, of what turned up since the run began.
        """
        with self._db:
            for table, rows in (
                ("shown", shown),
                ("similar", similar),
                ("problem", problems),
            ):
                rows = [(run, *row) for row in rows]
                marks = ", ".join("?" * len(rows[0])) if rows else ""
                if rows:
                    self._db.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)

    def wrote(self, run, name, digest):
        """Append the digest of a file that the run read or wrote."""
        with self._db:
            self._db.execute("INSERT INTO written VALUES (?, ?, ?)", (run, name, digest))

    def latest(self):
        """The result that stands in the grades, of every student and exercise.

        Returns
        -------
        dict
            From student and exercise to `Result` and the time of grading (UTC, ISO 8601).
        """
        columns = ", ".join(f"result.{name}" for name in _COLUMNS)
        every = f"SELECT result.student, result.at, {columns} FROM result ORDER BY id"
        # A notebook may come back as it was three runs ago: its result is not the last one.
        chosen = (
            f"SELECT result.student, result.at, {columns} FROM result JOIN shown"
            " ON shown.key = result.key AND shown.student = result.student"
            " AND shown.exercise = result.exercise"
            " WHERE shown.run = (SELECT max(run) FROM shown) ORDER BY result.id"
        )
        results = {}
        for student, at, *row in [*self._db.execute(every), *self._db.execute(chosen)]:
            result = _result(row)
            results[student, result.exercise] = (result, at)
        return results

    def last_run(self):
        """When the last run began (UTC, ISO 8601), or an empty text."""
        row = self._db.execute("SELECT at FROM run ORDER BY id DESC LIMIT 1").fetchone()
        return row[0] if row else ""

    def similar(self):
        """Two students, exercises and share, of the pairs that the last run noted."""
        return self._db.execute(
            "SELECT first, second, exercises, share FROM similar"
            " WHERE run = (SELECT max(id) FROM run) ORDER BY rowid"
        ).fetchall()

    def digests(self, name):
        """The digests of all that was written or read under that name, the last one last."""
        rows = self._db.execute("SELECT digest FROM written WHERE name = ? ORDER BY rowid", (name,))
        return [digest for (digest,) in rows]

    def students(self):
        """All students of whom there is a result."""
        return {student for (student,) in self._db.execute("SELECT DISTINCT student FROM result")}

    def problems(self):
        """Pairs of student and sentence of the last run."""
        return self._db.execute(
            "SELECT student, said FROM problem WHERE run = (SELECT max(id) FROM run) ORDER BY rowid"
        ).fetchall()


def _values(result):
    """A result as values that SQLite takes."""
    values = asdict(result) | {"notes": json.dumps(result.notes)}
    return list(values.values())


def _result(row):
    """The result of a row; what an earlier version did not write has its default."""
    values = {name: value for name, value in zip(_COLUMNS, row, strict=True) if value is not None}
    if "notes" in values:
        values["notes"] = tuple(json.loads(values["notes"]))
    if "needs_person" in values:
        values["needs_person"] = bool(values["needs_person"])
    return Result(**{"points": None} | values)
