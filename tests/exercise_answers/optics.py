"""Answers to the exercises of the chapter "Looking into a brain"."""

import numpy as np
import torch

RIGHT = {
    "pulse_energy": {
        "joules": lambda power, rate: power * 1e-3 / (rate * 1e3) * 1e9,
        "microjoules": lambda power, rate: 1e3 * (power / rate),
        "torch": lambda power, rate: torch.tensor(power).float() / rate * 1000,
    },
    "attenuation_length": {
        "base two": lambda above, below, z: z / (np.log2(below / above) * np.log(2)),
        "minus": lambda above, below, z: -z / np.log(above / below),
        "cubes": lambda above, below, z: 3 * z / np.log((below / above) ** 3),
    },
    "signal_left": {
        "power": lambda z, length, n: np.exp(-z / length) ** n,
        "reciprocal": lambda z, length, n: 1 / np.exp(n * z / length),
        "product": lambda z, length, n: np.prod([np.exp(-z / length)] * n, axis=0),
    },
}

WRONG = {
    "pulse_energy": {
        "millijoule": (lambda power, rate: power / rate / 1000, None),
        "picojoule": (lambda power, rate: 1e6 * power / rate, None),
        "rounded": (lambda power, rate: round(1000 * power / rate, 1), None),
        "hertz": (lambda power, rate: power / (rate * 1000), None),
    },
    "attenuation_length": {
        "third": (lambda above, below, z: z / np.log(below / above) / 3, None),
        "product": (lambda above, below, z: z * np.log(below / above), None),
        "difference": (lambda above, below, z: z / (below - above), None),
        "logarithm of one": (lambda above, below, z: z / np.log(below), None),
    },
    "signal_left": {
        "lost": (lambda z, length, n: 1 - np.exp(-n * z / length), None),
        "growing": (lambda z, length, n: np.exp(n * z / length), None),
        "linear": (lambda z, length, n: 1 - n * z / length, None),
        "always two": (lambda z, length, n: np.exp(-2 * z / length), None),
        "base ten": (lambda z, length, n: 10.0 ** (-n * z / length), None),
    },
}
