"""Exercises of the chapter "What did the person see?"."""

import numpy as np

from ._exercise import Exercise, Misconception


def _class_means(X, y):
    classes = np.unique(y)
    return classes, np.array([X[y == c].mean(axis=0) for c in classes])


def _correlations(rows, pattern):
    rows, pattern = rows - rows.mean(axis=1, keepdims=True), pattern - pattern.mean()
    return rows @ pattern / np.sqrt((rows**2).sum(axis=1) * (pattern @ pattern))


def _nearest_pattern(X, y, pattern):
    classes, means = _class_means(X, y)
    return int(classes[np.argmax(_correlations(means, pattern))])


def _nearest_distance(X, y, pattern):
    classes, means = _class_means(X, y)
    return int(classes[np.argmin([np.sum((mean - pattern) ** 2) for mean in means])])


def _nearest_product(X, y, pattern):
    classes, means = _class_means(X, y)
    return int(classes[np.argmax(means @ pattern)])


def _nearest_single(X, y, pattern):
    return int(y[np.argmax(_correlations(X, pattern))])


def _nearest_rank(X, y, pattern):
    """Spearman's correlation instead of Pearson's."""
    classes, means = _class_means(X, y)
    ranks = np.argsort(np.argsort(means, axis=1), axis=1).astype(float)
    own = np.argsort(np.argsort(pattern)).astype(float)
    return int(classes[np.argmax(_correlations(ranks, own))])


def _nearest_on_average(X, y, pattern):
    """The mean of the correlations instead of the correlation with the mean."""
    classes = np.unique(y)
    r = _correlations(X, pattern)
    return int(classes[np.argmax([r[y == c].mean() for c in classes])])


def _nearest_cosine(X, y, pattern):
    classes, means = _class_means(X, y)
    return int(classes[np.argmax(means @ pattern / np.linalg.norm(means, axis=1))])


def _nearest_position(X, y, pattern):
    _, means = _class_means(X, y)
    return int(np.argmax(_correlations(means, pattern)))


def _pattern_cases(rng):
    """Noisy patterns; the one to be read has a gain and an offset of its own.

    Each of ten classes is the right one once, so that no place in the list pays. Each of the wrong
    ways is wrong about some, and no two of them agree about all.
    """
    ways = (
        *(_nearest_distance, _nearest_product, _nearest_single, _nearest_position),
        *(_nearest_rank, _nearest_on_average, _nearest_cosine, _nearest_pattern),
    )
    while True:
        cases = [_pattern_case(rng, place) for place in rng.permutation(10).tolist()]
        if len({tuple(way(*case) for case in cases) for way in ways}) == len(ways):
            return cases


def _pattern_case(rng, place, classes=10, runs=3, voxels=12):
    while True:
        names = np.sort(rng.choice(np.arange(10, 60), classes, replace=False))
        typical = rng.standard_normal((classes, voxels)) + rng.uniform(-1, 1, (classes, 1))
        noise = 0.9 * rng.standard_normal((classes, runs, voxels))
        noise *= rng.uniform(0.3, 2, (classes, runs, 1))
        X, y = (typical[:, None] + noise).reshape(-1, voxels), np.repeat(names, runs)
        pattern = typical[place] + 0.9 * rng.standard_normal(voxels)
        pattern = rng.uniform(0.3, 2) * pattern + rng.uniform(-2, 2)
        if _nearest_pattern(X, y, pattern) == names[place]:
            return X, y, pattern


def _permutation_p(accuracy, null):
    return (1 + np.count_nonzero(null >= accuracy)) / (1 + len(null))


def _permutation_cases(rng):
    """Accuracies that tie with the null (a share of few cases does), and one beyond all of it."""
    cases = []
    for n, size in ((99, 96), (199, 24), (500, 48)):
        null = rng.binomial(size, 0.125, n) / size
        cases.append((float(np.quantile(null, 0.9, method="nearest")), null))
    return [*cases, (0.8125, rng.binomial(96, 0.125, 99) / 96)]


def _read_where(seen):
    """Read each pattern as the class of those seen with which it correlates best on average.

    `seen` gets two tables (n, n): which pattern is the pattern itself, and which is of its run.
    """

    def read_runs(R, y, runs):
        classes = np.unique(y)
        met = seen(np.eye(len(y), dtype=bool), runs[:, None] == runs)
        of_class = (y[:, None] == classes).astype(float)
        with np.errstate(invalid="ignore"):
            means = np.where(met, R, 0) @ of_class / (met @ of_class)
        return classes[np.nanargmax(means, axis=1)]

    return read_runs


_read_runs = _read_where(lambda itself, own_run: ~own_run)
_read_itself_too = _read_where(lambda itself, own_run: np.ones_like(own_run))
_read_all_but_itself = _read_where(lambda itself, own_run: ~itself)
_read_own_run = _read_where(lambda itself, own_run: own_run & ~itself)


def _read_single(R, y, runs):
    return y[np.where(runs == runs[:, None], -2, R).argmax(axis=1)]


def _read_total(R, y, runs):
    """The sum of the correlations instead of their mean."""
    classes = np.unique(y)
    sums = np.where(runs != runs[:, None], R, 0) @ (y[:, None] == classes)
    return classes[sums.argmax(axis=1)]


def _run_cases(rng):
    """Recordings whose noise is the same within a run, so that meeting one's own run pays.

    Classes are not equally frequent. No two ways of reading agree about all patterns of a case,
    none is right about all of them, and rounding decides nothing.
    """
    ways = (
        *(_read_runs, _read_itself_too, _read_all_but_itself, _read_own_run),
        *(_read_single, _read_total),
    )
    cases = []
    while len(cases) < 4:
        R, y, runs = _recording(rng, runs=int(rng.integers(4, 7)))
        read = {tuple(y.tolist()), *(tuple(way(R, y, runs).tolist()) for way in ways)}
        noisy = R + 1e-5 * rng.standard_normal(R.shape)
        robust = (_read_runs(R, y, runs) == _read_runs(noisy, y, runs)).all()
        if len(read) == 1 + len(ways) and robust:
            cases.append((R, y, runs))
    return cases


def _recording(rng, runs, voxels=30):
    names = np.sort(rng.choice(np.arange(10, 60), 3, replace=False))
    typical = rng.standard_normal((3, voxels))
    y, run = [], []
    for number in range(runs):
        shown = rng.permutation(np.repeat(np.arange(3), rng.integers(1, 4, 3).tolist()))
        y.extend(shown)
        run.extend([number] * len(shown))
    y, run = np.array(y), np.array(run)
    drift = rng.standard_normal((runs, 3, voxels))
    X = typical[y] + drift[run, y] + 1.5 * rng.standard_normal((len(y), voxels))
    return np.corrcoef(X), names[y], run


EXERCISES = (
    Exercise(
        id="decoding.nearest_pattern",
        title="Read a pattern by correlation",
        reference=_nearest_pattern,
        cases=_pattern_cases,
        misconceptions=(
            Misconception(
                "distance",
                _nearest_distance,
                "This is the class whose mean lies nearest by distance. A pattern of the same "
                "shape that is weaker or lies higher is then far away; correlation ignores gain "
                "and offset.",
            ),
            Misconception(
                "product",
                _nearest_product,
                "This is the class whose mean has the largest product with the pattern. Subtract "
                "each pattern's mean and divide by its length: that makes a correlation of it.",
            ),
            Misconception(
                "single",
                _nearest_single,
                "This is the class of the single pattern that correlates best. Average the "
                "patterns of each class first: that removes most of their noise.",
            ),
            Misconception(
                "cosine",
                _nearest_cosine,
                "This is the class whose mean has the largest cosine with the pattern. A "
                "correlation subtracts from each pattern its own mean first.",
            ),
            Misconception(
                "ranks",
                _nearest_rank,
                "This is the class whose mean has the best correlation of ranks (Spearman). "
                "np.corrcoef gives the one of the values (Pearson).",
            ),
            Misconception(
                "mean_of_correlations",
                _nearest_on_average,
                "This is the class whose patterns correlate best on average. Average the patterns "
                "first, then correlate once.",
            ),
            Misconception(
                "position",
                _nearest_position,
                "This is the position in the list of classes. Return the class itself.",
            ),
        ),
    ),
    Exercise(
        id="decoding.read_runs",
        title="Read every run by the others",
        reference=_read_runs,
        cases=_run_cases,
        misconceptions=(
            Misconception(
                "itself_too",
                _read_itself_too,
                "Here each pattern has met all patterns, itself among them, with which it "
                "correlates perfectly. Leave out every pattern of its own run.",
            ),
            Misconception(
                "all_but_itself",
                _read_all_but_itself,
                "Here each pattern has met the others of its own run, which share the noise of "
                "that hour. Leave out the whole run, not the pattern alone.",
            ),
            Misconception(
                "own_run",
                _read_own_run,
                "This is what the pattern's own run says about it. Meet the other runs, `runs != "
                "run`.",
            ),
            Misconception(
                "single",
                _read_single,
                "This is the class of the one pattern of the other runs that correlates best. "
                "Average the correlations of each class first.",
            ),
            Misconception(
                "total",
                _read_total,
                "This is the class with the largest sum of correlations, and a class that was "
                "shown more often has a larger sum. Take the mean.",
            ),
            Misconception(
                "positions",
                lambda R, y, runs: np.searchsorted(np.unique(y), _read_runs(R, y, runs)),
                "These are positions in the list of classes. Return the classes themselves.",
            ),
            Misconception(
                "accuracy",
                lambda R, y, runs: np.mean(_read_runs(R, y, runs) == y),
                "That is the share read correctly. Return what is read from each pattern.",
            ),
        ),
    ),
    Exercise(
        id="decoding.permutation_p",
        title="The p-value of a permutation test",
        reference=_permutation_p,
        cases=_permutation_cases,
        misconceptions=(
            Misconception(
                "can_be_zero",
                lambda accuracy, null: np.count_nonzero(null >= accuracy) / len(null),
                "This share can be 0, and with 99 permutations no result can be rarer than 1 in "
                "100. The order that was observed is one of the possible orders: count it above "
                "and below the line.",
            ),
            Misconception(
                "strictly_above",
                lambda accuracy, null: (1 + np.count_nonzero(null > accuracy)) / (1 + len(null)),
                "Permutations that do exactly as well count too: use >=.",
            ),
            Misconception(
                "other_side",
                lambda accuracy, null: (1 + np.count_nonzero(null <= accuracy)) / (1 + len(null)),
                "This is the share that does as well or worse. The p-value asks how many do as "
                "well or better.",
            ),
        ),
    ),
)
