"""Depth explorer: one, two and three photons on their way down into the brain."""

import numpy as np
from PIL import Image

from .._html import image_uri, table
from .._validation import as_image, as_positive
from ..optics import MOUSE_CORTEX
from .base import CourseWidget

_TILE, _LEVELS = 56, 16
_LOWEST, _HIGHEST = -6.0, 4.0


class DepthExplorer(CourseWidget):
    """A focus moves down: signal, the laser that it needs, background, and what a picture shows.

    Parameters
    ----------
    scene : array_like, shape (height, width)
        Brightness of cells, about 1 in a cell and 0 between them; its upper left corner is shown.
    turn_up : float, default 68
        By how much the laser can be turned up at most; 3.4 to 230 nJ is a factor of 68.
    seed : int, default 0
        Of the photon noise.
    """

    front_end = "depth.js"
    label = "Depth explorer"
    depths = (
        *(10, 50, 100, 150, 200, 300, 400, 500, 600, 700),
        *(800, 900, 1000, 1100, 1200, 1400, 1600, 2000),
    )

    def __init__(self, scene, turn_up=68.0, seed=0):
        scene = as_image(scene, "scene")[:_TILE, :_TILE]
        if scene.shape != (_TILE, _TILE):
            raise ValueError(f"scene must be at least {_TILE} pixels wide and high.")
        turn_up = as_positive(turn_up, "turn_up")
        z = np.array(self.depths, float)
        lights = list(MOUSE_CORTEX.values())
        planes = [_planes(depth, z[-1]) for depth in z]
        super().__init__(
            data={
                "depths": list(self.depths),
                "wavelengths": [light.wavelength for light in lights],
                "limits": [round(light.depth_limit()) for light in lights],
                "ratio": [_clipped(light.signal_to_background(z)) for light in lights],
                "said": {
                    "signal": [_said(light.signal(z)) for light in lights],
                    "energy": [_said(light.energy_needed(z)) for light in lights],
                    "ratio": [_said(light.signal_to_background(z)) for light in lights],
                },
                "within_reach": [(light.energy_needed(z) <= turn_up).tolist() for light in lights],
                "turn_up": turn_up,
                "planes": [p.round(1).tolist() for p in planes],
                "profiles": [_profiles(light, planes, z) for light in lights],
                "range": [_LOWEST, _HIGHEST],
                "pictures": _sprite(scene, lights, z, turn_up, seed),
            },
            state={"depth": self.depths.index(600), "order": 1},
        )

    def fallback(self):
        d = self.data
        rows = [
            (f"{depth} µm", *(n[k] for key in ("signal", "ratio") for n in d["said"][key]))
            for k, depth in enumerate(d["depths"])
        ]
        photons = ("1 photon", "2 photons", "3 photons")
        return table(
            ("depth", *(f"signal, {n}" for n in photons), *(f"S/B, {n}" for n in photons)),
            rows,
            "What is left of the signal at constant laser power, and signal over background",
        )

    def hashed(self):
        # Photon noise may be rounded differently on another processor: the pictures stay out.
        return {key: value for key, value in self.data.items() if key != "pictures"}


def _planes(depth, deepest):
    """Planes from the surface down, close together around the focus."""
    near = np.array([-40, -20, -10, -5, -2, -1, -0.5, 0, 0.5, 1, 2, 5, 10, 20, 40])
    planes = np.union1d(np.linspace(0, deepest, 41), depth + near)
    return planes[planes >= 0]


def _profiles(light, planes, depths):
    """Logarithm of the fluorescence of the planes relative to the focus, for each depth."""
    return [
        _clipped(light.fluorescence(p, z) / light.fluorescence(z, z))
        for p, z in zip(planes, depths, strict=True)
    ]


def _clipped(ratios):
    return np.log10(np.clip(ratios, 10**_LOWEST, 10**_HIGHEST)).round(2).tolist()


def _said(values):
    """Numbers as people say them: two digits, and thousands to the hundred."""
    return [_in_words(float(value)) for value in values]


def _in_words(value):
    if value < 1e-3:
        return f"less than {'a millionth' if value < 1e-6 else 'a thousandth'}"
    if value >= 1e6:
        return "more than a million"
    return f"{value:.2g}" if value < 99.5 else f"{round(value, -1 if value < 1000 else -2):,.0f}"


def _sprite(scene, lights, depths, turn_up, seed):
    """Pictures of the scene, one row an order and one column a depth, as a PNG of 16 grays."""
    rng = np.random.default_rng(seed)
    rows = []
    for light in lights:
        counts = [light.expose(scene, depth, rng, turn_up=turn_up) for depth in depths]
        # The display is stretched from nothing to the brightest pixels, as an automatic one does.
        rows.append(np.hstack([c / max(1, np.percentile(c, 99.5)) for c in counts]))
    grays = np.clip(np.vstack(rows) * (_LEVELS - 1), 0, _LEVELS - 1).round().astype(np.uint8)
    picture = Image.fromarray(grays)
    picture.putpalette(
        np.repeat(np.arange(_LEVELS) * 255 // (_LEVELS - 1), 3).astype(np.uint8).tobytes()
    )
    return image_uri(picture, "png", bits=4, optimize=True)
