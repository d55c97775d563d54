"""Exercises of the chapter "Looking into a brain"."""

import numpy as np

from ._exercise import Exercise, Misconception


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
        id="optics.pulse_energy",
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
        id="optics.attenuation_length",
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
        id="optics.signal_left",
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
