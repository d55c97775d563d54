"""Exercises of the chapter "How a brain sees"."""

import numpy as np

from ._exercise import Exercise, Misconception


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


def _honest_excess(choose, report, n):
    return np.mean(report[np.argsort(choose)[len(choose) - n :]])


def _excess_cases(rng):
    """Some voxels that hold what they promise, among many that do not."""
    cases = []
    for n in (1, 10, *rng.integers(2, 15, 3).tolist()):
        true = rng.permutation(np.append(rng.uniform(0.5, 1.5, 8), np.zeros(32)))
        choose, report = true + 0.4 * rng.standard_normal((2, 40))
        cases.append((choose, report, n))
    return cases


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
        id="brain.honest_excess",
        title="Choose on one half, report on the other",
        reference=_honest_excess,
        cases=_excess_cases,
        misconceptions=(
            Misconception(
                "circular",
                lambda choose, report, n: _honest_excess(choose, choose, n),
                "This is the mean of `choose` over its own highest voxels: it holds the luck that "
                "chose them. Ask the other half what these voxels do.",
            ),
            Misconception(
                "best_of_report",
                lambda choose, report, n: _honest_excess(report, report, n),
                "This is the mean of the highest values of `report`, so `report` has chosen and "
                "measured. Which voxels count is for `choose` alone to say.",
            ),
            Misconception(
                "chosen_together",
                lambda choose, report, n: _honest_excess(choose + report, report, n),
                "These are the voxels that are highest in both halves together. Then `report` had "
                "a say in its own result: let `choose` decide alone.",
            ),
            Misconception(
                "lowest",
                lambda choose, report, n: np.mean(report[np.argsort(choose)[:n]]),
                "This is the mean over the voxels that are lowest in `choose`. np.argsort begins "
                "with the lowest.",
            ),
            Misconception(
                "sum",
                lambda choose, report, n: n * _honest_excess(choose, report, n),
                "That is the sum over the right voxels. Divide it by their number.",
            ),
            Misconception(
                "all_voxels",
                lambda choose, report, n: np.mean(report),
                "This is the mean of `report` over all voxels. Take those alone that are highest "
                "in `choose`.",
            ),
        ),
    ),
)
