"""Learning-rate explorer: walks in a real valley, from too timid to over the edge."""

import numpy as np

from .. import datasets, descent
from .._html import table
from .._validation import as_positive
from .base import CourseWidget

STEPS = 40
#: How each optimizer is told to `course_lib.descent.descend`.
OPTIMIZERS = {
    "all women at once": {},
    "all women, momentum 0.9": {"momentum": 0.9},
    "16 women at a time": {"batch": 16, "seed": 3},
}
_START = (-1.5, 1.5)
_WINDOW = ((-2.0, 2.0), (-1.5, 2.5))
_LEVELS = (0.02, 0.1, 0.3, 0.7, 1.5, 3, 6)
_HIGHEST_LOSS = 100.0


class LearningRateExplorer(CourseWidget):
    """Gradient descent on two features of the breast masses, for twelve learning rates.

    Left, the valley of the training loss seen from above with the path of the weights; right, the
    loss of the women trained on and of the others, step by step.

    Parameters
    ----------
    lr : float
        Where the slider starts; the nearest of `rates` is taken.
    """

    front_end = "learning_rate.js"
    label = "Learning-rate explorer"
    rates = (0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.4, 0.5, 0.53, 0.57, 0.7, 1.0)

    def __init__(self, lr=0.03):
        (X, y), (X_val, y_val) = datasets.two_feature_masses()
        hessian = 2 * X.T @ X / len(X)
        bottom = np.linalg.solve(hessian, 2 * X.T @ y / len(X))
        lowest = descent.loss(X, y, bottom)
        walks = []
        for options in OPTIMIZERS.values():
            limit = descent.largest_stable_rate(X, options.get("momentum", 0.0))
            walks.append([])
            for rate in self.rates:
                path = descent.descend(X, y, _START, rate, STEPS, **options)
                losses = np.array(
                    [[descent.loss(A, b, w) for w in path] for A, b in ((X, y), (X_val, y_val))]
                )
                inside = _before_it_leaves(path)
                walks[-1].append(
                    {
                        "path": path[:inside].round(2).tolist(),
                        "log_loss": np.log10(np.minimum(losses, _HIGHEST_LOSS)).round(2).tolist(),
                        "loss": [
                            f"{x:.3f}" if x < _HIGHEST_LOSS else "over 100" for x in losses[0]
                        ],
                        "verdict": _verdict(losses[0], lowest, rate, limit, "batch" in options),
                    }
                )
        super().__init__(
            data={
                "rates": list(self.rates),
                "optimizers": list(OPTIMIZERS),
                "features": list(datasets.TWO_FEATURES),
                "window": [list(side) for side in _WINDOW],
                "bottom": bottom.round(2).tolist(),
                "lowest": round(float(lowest), 3),
                "rings": [_ring(hessian, bottom, level).tolist() for level in _LEVELS],
                "limit": round(descent.largest_stable_rate(X), 3),
                "walks": walks,
                "steps": STEPS,
            },
            state={"rate": _nearest(self.rates, lr), "optimizer": 0, "step": STEPS},
        )

    def fallback(self):
        rows = [
            (f"{rate:g}", *(walks[at]["loss"][-1] for walks in self.data["walks"]))
            for at, rate in enumerate(self.data["rates"])
        ]
        return table(
            ("learning rate", *self.data["optimizers"]),
            rows,
            f"Loss after {STEPS} steps; the lowest possible is {self.data['lowest']:.3f}, and "
            f"without momentum learning rates above {self.data['limit']:.3f} diverge",
        )


def _before_it_leaves(path):
    """Length of the path that can be drawn: until shortly after it leaves the window."""
    (left, right), (low, high) = _WINDOW
    far = (np.abs(path[:, 0] - (left + right) / 2) > 2 * (right - left)) | (
        np.abs(path[:, 1] - (low + high) / 2) > 2 * (high - low)
    )
    return int(np.argmax(far)) + 1 if far.any() else len(path)


def _verdict(losses, lowest, rate, limit, noisy):
    """What a person would say about the walk, from the loss that is left above the lowest."""
    left = (losses - lowest) / (losses[0] - lowest)
    rises = np.any(np.diff(losses) > 0)
    if left[-1] > 1:
        return "too high: it is farther from the bottom than at the start"
    if left[-1] > 0.1 and (rises if not noisy else left.min() < 0.1):
        return "too high: thrown from side to side"
    if left[-1] > 0.1:
        return "too low: still on its way"
    if noisy:
        return "down, but never at rest" if np.std(left[-15:]) > 0.01 else "down"
    if rises:
        return "overshoots, swings, and settles"
    if rate > limit / 2:
        return "jumps from wall to wall, and still gets down"
    return "straight down"


def _ring(hessian, bottom, level, points=48):
    """Where the loss lies `level` above its lowest: (w − w*)ᵀ H (w − w*) / 2 = level."""
    angle = np.linspace(0, 2 * np.pi, points + 1)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    # H = L Lᵀ turns the ellipse into a circle.
    ellipse = np.linalg.solve(np.linalg.cholesky(hessian).T, np.sqrt(2 * level) * circle)
    return (bottom + ellipse.T).round(2)


def _nearest(rates, lr):
    ratio = np.log(rates) - np.log(as_positive(lr, "lr"))
    return int(np.abs(ratio).argmin())
