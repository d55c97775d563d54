"""Rows of the benchmark table."""

import csv
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line: our time beside a peer's on the same work, or a measured value beside its bar."""

    what: str
    ours: str
    peer: str
    ratio: str
    bar: str
    note: str = ""

    @classmethod
    def times(cls, what, ours_s, peer, peer_s, bar, note=""):
        """Seconds of ours and of the named peer, measured in this run."""
        ratio = f"{peer_s / ours_s:.1f}× faster" if ours_s <= peer_s else f"{ours_s / peer_s:.2f}×"
        return cls(what, _seconds(ours_s), f"{peer} {_seconds(peer_s)}", ratio, bar, note)

    @classmethod
    def value(cls, what, value, bar, note=""):
        """A number that is not a time, e.g. an accuracy on real data."""
        return cls(what, value if isinstance(value, str) else f"{value:.3f}", "", "", bar, note)


def best_of(function, repeats=5):
    """Shortest of some timings, in seconds: the one that other programs disturbed least."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def write_table(path, header, rows):
    """Print the rows of a table as they come, then write them as the CSV that a chapter quotes."""
    lines = [header]
    for row in rows:
        print(*row, sep=", ", flush=True)
        lines.append(row)
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(lines)


def _seconds(value):
    return f"{value:.2f} s" if value >= 1 else f"{1000 * value:.2f} ms"
