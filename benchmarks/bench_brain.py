"""How well receptive fields are found, and what fitting costs."""

import numpy as np

from course_lib.retinotopy import SimulatedV1, bar_sweeps, fit_receptive_fields

from .report import Row, best_of


def benchmarks():
    errors = []
    for seed in range(3):
        brain, bars, rng = SimulatedV1(seed=seed), bar_sweeps(), np.random.default_rng(seed)
        answers = np.mean(
            [brain.respond(bars * rng.choice([-1, 1], bars.shape)) for _ in range(6)], axis=0
        )
        answers += 0.5 * answers.std() * rng.standard_normal(answers.shape)
        fields = fit_receptive_fields(answers, bars)
        errors.append(np.median(np.hypot(fields.x - brain.x, fields.y - brain.y)) / brain.radius)
    seconds = best_of(lambda: fit_receptive_fields(answers, bars), 3)
    yield Row.value(
        "receptive fields of 400 voxels, median error / field radius",
        max(errors),
        "≤ 0.05",
        f"the worst of three seeds; {seconds:.2f} s a fit",
    )
