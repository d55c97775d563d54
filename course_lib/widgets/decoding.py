"""Decoding explorer: noise and voxels against the accuracy of reading a simulated V1."""

import numpy as np

from .._html import table
from ..decoding import decode, permutation_test
from ..retinotopy import ORIENTATIONS, SimulatedV1, gratings
from .base import CourseWidget

_RUNS, _REPEATS, _PERMUTATIONS = 10, 4, 99


class DecodingExplorer(CourseWidget):
    """Which of four gratings was seen? Accuracy with its interval, chance, and every confusion.

    Parameters
    ----------
    seed : int, default 0
        Of the simulated brain, the gratings and the noise.
    """

    front_end = "decoding.js"
    label = "Decoding explorer"
    #: Standard deviation of the noise, in units of the voxels' mean signal.
    noises = (1, 2, 4, 6, 8, 11, 16, 23, 32, 64)
    voxels = (25, 100, 400)

    def __init__(self, seed=0):
        rng = np.random.default_rng(seed)
        y, runs = np.tile(ORIENTATIONS, _RUNS * _REPEATS), np.repeat(np.arange(_RUNS), 4 * _REPEATS)
        brain = SimulatedV1(voxels=max(self.voxels), seed=seed)
        answers = brain.respond(gratings(y, rng))
        signal = answers.std(axis=0).mean()
        cells = [
            [
                _read(answers[:, :n] + level * signal * rng.standard_normal((len(y), n)), y, runs)
                for level in self.noises
            ]
            for n in self.voxels
        ]
        keys = ("accuracy", "low", "high", "lucky", "confusion")
        super().__init__(
            data={
                "noises": list(self.noises),
                "voxels": list(self.voxels),
                "orientations": list(ORIENTATIONS),
                "chance": 1 / len(ORIENTATIONS),
                "cases": len(y),
                **{key: [[cell[key] for cell in row] for row in cells] for key in keys},
            },
            state={"noise": self.noises.index(8), "voxels": self.voxels.index(400)},
        )

    def fallback(self):
        d, v = self.data, self.state["voxels"]
        rows = [
            (noise, f"{d['accuracy'][v][k]:.1%}", f"{d['low'][v][k]:.1%} to {d['high'][v][k]:.1%}")
            for k, noise in enumerate(d["noises"])
        ]
        return table(
            ("noise / signal", "accuracy", "95% interval"),
            rows,
            f"Reading four gratings from {d['voxels'][v]} simulated voxels; chance is "
            f"{d['chance']:.0%}",
        )


def _read(X, y, runs):
    """What is shown for one number of voxels and one noise."""
    found = decode(X, y, runs)
    low, high = found.interval()
    null = permutation_test(X, y, runs, _PERMUTATIONS).null
    return {
        "accuracy": round(found.accuracy, 7),
        "low": round(low, 7),
        "high": round(high, 7),
        # What luck alone exceeds once in twenty times
        "lucky": round(float(np.quantile(null, 0.95)), 7),
        "confusion": found.confusion.tolist(),
    }
