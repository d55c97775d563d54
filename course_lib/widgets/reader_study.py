"""Reader study explorer: the same study done again, with other readers, other cases, or both."""

import numpy as np

from .._html import table
from .._validation import as_count
from ..reader_studies import compare_modalities, reader_variation
from .base import CourseWidget

_MOST_STUDIES = 200
_BINS = 24
_NUDGE = 1e-9  # Numbers such as 0.00125 lie between two roundings: all of them go up.


class ReaderStudyExplorer(CourseWidget):
    """A study's readers or cases drawn again, with replacement, and how far its result spreads.

    Parameters
    ----------
    y_true, ratings
        Truth and ratings, as in `course_lib.reader_studies.compare_modalities`.
    name_a, name_b : str
        What the modalities are called.
    studies : int
        How often the study is done, 2 to 200.
    seed : int
        Of the draws.

    Notes
    -----
    Cases are drawn within each class. The standard error beside it is that of
    `compare_modalities`, where the same part is random; draws of r readers spread by a factor of
    ``sqrt((r - 1) / r)`` less.
    """

    front_end = "reader_study.js"
    label = "Reader study explorer"
    again = ("readers", "cases", "readers and cases")

    def __init__(self, y_true, ratings, *, name_a="a", name_b="b", studies=100, seed=0):
        as_count(studies, "studies", 2, _MOST_STUDIES)
        errors = [
            compare_modalities(y_true, ratings, *population).se
            for population in (("random", "fixed"), ("fixed", "random"), ("random", "random"))
        ]
        original = _differences(y_true, ratings)
        rng = np.random.default_rng(seed)
        drawn, differences = _draws(y_true, ratings, original, studies, rng)
        means = differences.mean(axis=2)
        edges = _edges(means)
        super().__init__(
            data={
                "names": [str(name_a), str(name_b)],
                "again": list(self.again),
                "original": _rounded(original).tolist(),
                "original_mean": float(_rounded(original.mean())),
                "drawn": drawn.tolist(),
                "differences": _rounded(differences).tolist(),
                "means": _rounded(means).tolist(),
                "edges": edges.tolist(),
                "bins": (np.searchsorted(edges, means + _NUDGE, side="right") - 1).tolist(),
                "ahead": (means > _NUDGE).cumsum(axis=1).tolist(),
                "spread": [[_spread(row[:k]) for k in range(1, studies + 1)] for row in means],
                "errors": [None if np.isnan(se) else round(se, 4) for se in errors],
            },
            state={"again": 0, "study": 0},
        )

    def fallback(self):
        d, (a, b) = self.data, self.data["names"]
        studies = len(d["means"][0])
        return table(
            (
                *("drawn again", f"{a} ahead, of {studies} studies"),
                *("standard deviation", "standard error by the formula"),
            ),
            [
                (
                    name,
                    d["ahead"][at][-1],
                    f"{d['spread'][at][-1]:.3f}",
                    "undefined" if d["errors"][at] is None else f"{d['errors'][at]:.3f}",
                )
                for at, name in enumerate(self.again)
            ],
            f"Mean difference of the areas, {a} minus {b}, in studies with others drawn again; in "
            f"the study itself {d['original_mean']:.3f}",
            named_rows=True,
        )


def _differences(y_true, ratings):
    """Each reader's area with the first modality minus that with the second."""
    return np.subtract(*reader_variation(y_true, ratings).auc)


def _draws(y_true, ratings, original, studies, rng):
    """Readers drawn and their differences, arrays (kinds, studies, readers), sorted by reader."""
    y_true, ratings = np.asarray(y_true), np.asarray(ratings)
    r = len(original)
    same = np.tile(np.arange(r), (studies, 1))
    others = np.sort(rng.integers(r, size=(studies, r)), axis=1)
    classes = [np.flatnonzero(y_true == kind) for kind in (0, 1)]
    of_cases = np.empty((studies, r))
    for study in of_cases:
        cases = np.concatenate([rng.choice(kind, len(kind)) for kind in classes])
        study[:] = _differences(y_true[cases], ratings[..., cases])
    both = np.take_along_axis(of_cases, others, axis=1)
    return np.array([others, same, others]), np.array([original[others], of_cases, both])


def _edges(means):
    """Edges of bins of one round width, 0 among them."""
    width = max(np.ptp(means), 0.01) / _BINS
    digit = 10.0 ** np.floor(np.log10(width))
    width = next(step * digit for step in (1, 2, 5, 10) if step * digit >= width)
    first, last = np.floor(min(means.min(), 0) / width), np.floor(max(means.max(), 0) / width)
    return (np.arange(first, last + 2) * width).round(4)


def _spread(means):
    return None if len(means) < 2 else float(_rounded(np.std(means, ddof=1)))


def _rounded(values):
    return (values + _NUDGE).round(4)
