"""Exercises of the chapter "How a brain sees, and how we look into one"."""

import numpy as np

from ._exercise import Exercise, Misconception

# Retinotopy -------------------------------------------------------------------------------------


def _magnification(eccentricity, k, a):
    return k / (eccentricity + a)


def _magnification_cases(rng):
    fixed = [(0.0, 17.3, 0.75), (10.0, 17.3, 0.75)]
    drawn = [tuple(rng.uniform((0.2, 5, 0.3), (30, 20, 2)).tolist()) for _ in range(3)]
    return [*fixed, *drawn, (np.sort(rng.uniform(0.1, 40, 6)), 17.3, 0.75)]


def _to_cortex(x, y, k, a):
    w = k * np.log((x + 1j * y) / a + 1)
    return w.real, -w.imag


def _to_cortex_cases(rng):
    fixed = [(10.0, 0.0, 17.3, 0.75), (5.0, 5.0, 17.3, 0.75)]
    drawn = [tuple(rng.uniform((1, -15, 5, 0.3), (15, 15, 20, 2)).tolist()) for _ in range(3)]
    return [*fixed, *drawn, (rng.uniform(1, 15, 5), rng.uniform(-15, 15, 5), 17.3, 0.75)]


def _plain_logarithm(x, y, k, a):
    w = k * np.log(x + 1j * y)
    return w.real, -w.imag


def _not_inverted(x, y, k, a):
    along, across = _to_cortex(x, y, k, a)
    return along, -across


def _polar_then_log(x, y, k, a):
    return k * np.log(np.hypot(x, y) / a + 1), -k * np.arctan2(y, x)


# Decoding ---------------------------------------------------------------------------------------


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


# Light ------------------------------------------------------------------------------------------


def _pulse_energy(power, rate):
    return 1000 * power / rate


def _pulse_cases(rng):
    return [(1.1, 326.0), (75.0, 326.0)] + [
        tuple(rng.uniform((0.5, 100), (100, 80_000)).tolist()) for _ in range(3)
    ]


def _attenuation_length(energy_above, energy_below, distance):
    return distance / np.log(energy_below / energy_above)


def _attenuation_cases(rng):
    return [(3.4, 230.0, 1200.0), (1.1, 75.0, 1200.0)] + [
        (above, above * float(rng.uniform(5, 100)), float(rng.uniform(300, 2000)))
        for above in rng.uniform(0.5, 5, 3).tolist()
    ]


def _signal_left(depth, attenuation_length, order):
    return np.exp(-order * depth / attenuation_length)


def _signal_cases(rng):
    fixed = [(600.0, 150.0, 2), (600.0, 285.0, 3)]
    drawn = [
        (*rng.uniform((50, 50), (900, 400)).tolist(), int(rng.integers(2, 5))) for _ in range(3)
    ]
    return [*fixed, *drawn, (np.linspace(0, 800, 5), 200.0, 3)]


EXERCISES = (
    Exercise(
        id="brain.magnification",
        title="Cortical magnification",
        reference=_magnification,
        cases=_magnification_cases,
        misconceptions=(
            Misconception(
                "position",
                lambda eccentricity, k, a: k * np.log(eccentricity / a + 1),
                "That is where the point lies on the cortex, in mm. Magnification is how far it "
                "moves when the eccentricity grows by one degree: the derivative.",
            ),
            Misconception(
                "no_constant",
                lambda eccentricity, k, a: k / np.maximum(eccentricity, 1e-12),
                "Without a, the point of gaze would need an infinite cortex. Add a to the "
                "eccentricity.",
            ),
            Misconception(
                "grows",
                lambda eccentricity, k, a: k * (eccentricity + a),
                "This grows with eccentricity. The center of gaze gets the most cortex, the "
                "periphery the least.",
            ),
            Misconception(
                "fraction_of_a",
                lambda eccentricity, k, a: k / (eccentricity / a + 1),
                "This is k / (E / a + 1). The derivative of log(1 + E / a) is 1 / (E + a), since "
                "the inner derivative is 1 / a.",
            ),
        ),
    ),
    Exercise(
        id="brain.to_cortex",
        title="From the visual field to the cortex",
        reference=_to_cortex,
        cases=_to_cortex_cases,
        misconceptions=(
            Misconception(
                "plain_logarithm",
                _plain_logarithm,
                "This is what log(z) gives. At the point of gaze that is minus infinity: use "
                "log(1 + z / a).",
            ),
            Misconception(
                "not_inverted",
                _not_inverted,
                "The map is upside down: the upper field (y > 0) lies below the horizontal "
                "meridian, so change the sign of the imaginary part.",
            ),
            Misconception(
                "polar_then_log",
                _polar_then_log,
                "This has the logarithm of the eccentricity, and the angle as it was. Add 1 to z "
                "/ a first, then take the complex logarithm of the sum: that changes the angle "
                "too.",
            ),
            Misconception(
                "swapped",
                lambda x, y, k, a: _to_cortex(x, y, k, a)[::-1],
                "The two coordinates are in each other's place: the real part runs along the "
                "cortex, the imaginary part across.",
            ),
        ),
    ),
    Exercise(
        id="brain.nearest_pattern",
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
        id="brain.permutation_p",
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
    Exercise(
        id="brain.pulse_energy",
        title="Energy of a laser pulse",
        reference=_pulse_energy,
        cases=_pulse_cases,
        misconceptions=(
            Misconception(
                "microjoule",
                lambda power, rate: power / rate,
                "1 mW divided by 1 kHz is 1 µJ, so this is in µJ. 1 µJ is 1000 nJ.",
            ),
            Misconception(
                "product",
                lambda power, rate: power * rate / 1000,
                "This grows with the rate. The more pulses share the power, the less each of them"
                " gets.",
            ),
            Misconception(
                "inverted",
                lambda power, rate: rate / power,
                "This is the rate divided by the power. Energy of a pulse is energy per second "
                "over pulses per second.",
            ),
        ),
    ),
    Exercise(
        id="brain.attenuation_length",
        title="Attenuation length from two pulse energies",
        reference=_attenuation_length,
        cases=_attenuation_cases,
        misconceptions=(
            Misconception(
                "order_counted",
                lambda energy_above, energy_below, distance: (
                    3 * _attenuation_length(energy_above, energy_below, distance)
                ),
                "This is three times the length. The signal goes with the third power of the "
                "pulse that arrives, so it stays the same when that pulse stays the same: the "
                "energies themselves follow exp(z / l).",
            ),
            Misconception(
                "base_ten",
                lambda energy_above, energy_below, distance: (
                    distance / np.log10(energy_below / energy_above)
                ),
                "That is the length over which light falls to a tenth (log10). The attenuation "
                "length belongs to a factor e: use np.log.",
            ),
            Misconception(
                "wrong_sign",
                lambda energy_above, energy_below, distance: (
                    distance / np.log(energy_above / energy_below)
                ),
                "A length cannot be negative: divide the larger energy by the smaller one.",
            ),
            Misconception(
                "linear",
                lambda energy_above, energy_below, distance: (
                    distance / (energy_below / energy_above)
                ),
                "Light does not fade in proportion to depth: each layer takes the same share of "
                "what is left. Take the logarithm of the ratio.",
            ),
        ),
    ),
    Exercise(
        id="brain.signal_left",
        title="What is left of the signal",
        reference=_signal_left,
        cases=_signal_cases,
        misconceptions=(
            Misconception(
                "of_the_light",
                lambda depth, attenuation_length, order: np.exp(-depth / attenuation_length),
                "That is what is left of the light. A molecule needs several photons at once, so "
                "the signal is that to the power of the order.",
            ),
            Misconception(
                "divided",
                lambda depth, attenuation_length, order: np.exp(
                    -depth / (order * attenuation_length)
                ),
                "Here the signal fades more slowly with each photon. (e^-u)^n is e^(-n u): the "
                "order multiplies the exponent.",
            ),
            Misconception(
                "times_order",
                lambda depth, attenuation_length, order: (
                    order * np.exp(-depth / attenuation_length)
                ),
                "This is what is left of the light, times the order. That several photons arrive "
                "at once has the product of their chances: a power.",
            ),
        ),
    ),
)
