"""Retinotopy explorer: click the visual field and see the cortex, or the other way round."""

import numpy as np

from .._html import table
from ..retinotopy import CorticalMap
from .base import CourseWidget

#: Diameter in mm of the lesion that is shown on the cortex.
LESION = 5.0


class RetinotopyExplorer(CourseWidget):
    """The visual field beside both halves of V1, and the blind spot that a lesion of 5 mm leaves.

    Parameters
    ----------
    cortex : CorticalMap, optional
    """

    front_end = "retinotopy.js"
    label = "Retinotopy explorer"
    eccentricities = (
        *(0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8),
        *(4.0, 5.5, 7.0, 9.0, 11.0, 13.5, 16.0, 18.0, 20.0),
    )
    #: Directions in the field, counterclockwise from the right; none lies on the vertical meridian.
    angles = tuple(range(0, 360, 10))

    def __init__(self, cortex=None):
        cortex = cortex or CorticalMap()
        E, angle = np.array(self.eccentricities), np.array(self.angles, float)
        # Both hemispheres hold the vertical meridian: show the points just right of it.
        angle[angle == 90], angle[angle == 270] = 89.5, 270.5
        x, y = _polar(E[:, None], angle)
        place = cortex.to_cortex(x, y)
        # The blind spot is that of the area which is shown, so that readers can check it.
        area = np.array(_three_digits(cortex.areal_magnification(x, y)))
        super().__init__(
            data={
                "eccentricities": E.tolist(),
                "angles": list(self.angles),
                "x": x.round(3).tolist(),
                "y": y.round(3).tolist(),
                "left": place.left[0].tolist(),
                "along": place.along.round(1).tolist(),
                "across": (place.across.round(1) + 0.0).tolist(),
                "area": area.tolist(),
                "blind": _three_digits(LESION / np.sqrt(area)),
                "lesion": LESION,
                **_grid_lines(cortex, E[-1]),
            },
            state={"eccentricity": self.eccentricities.index(4.0), "angle": self.angles.index(30)},
        )

    def fallback(self):
        d = self.data
        rows = [
            (f"{E:g}°", f"{along[0]:.1f}", f"{area[0]:.3g}", f"{blind[0]:.2g}°")
            for E, along, area, blind in zip(
                *(d["eccentricities"], d["along"], d["area"], d["blind"]), strict=True
            )
        ]
        return table(
            (
                *("from gaze, to the right", "mm from the pole"),
                *("mm² of cortex a square degree", "blind spot"),
            ),
            rows,
            f"The right half of the field in the left hemisphere, and the blind spot that a lesion "
            f"of {LESION:g} mm leaves",
        )


def _polar(E, angle):
    return E * np.cos(np.deg2rad(angle)), E * np.sin(np.deg2rad(angle))


def _three_digits(values):
    """Rounded to three significant digits, which are the same on every processor."""
    return [[float(f"{value:.3g}") for value in row] for row in values]


def _grid_lines(cortex, radius):
    """Rings and rays of the field, and where they lie in the left hemisphere."""
    ring_radii = [r for r in (0.5, 1, 2, 5, 10, 20) if r <= radius]
    half = np.linspace(-89.9, 89.9, 31)
    rings = [cortex.to_cortex(*_polar(r, half)) for r in ring_radii]
    out = np.append(0, np.geomspace(0.05, radius, 25))
    ray_angles = (-89.9, -60, -30, 0, 30, 60, 89.9)
    rays = [cortex.to_cortex(*_polar(out, angle)) for angle in ray_angles]
    return {
        "rings": ring_radii,
        "lines": [
            [line.along.round(2).tolist(), line.across.round(2).tolist()] for line in rings + rays
        ],
        "length": round(float(cortex.to_cortex(radius, 0).along), 2),
        "half_width": round(float(max(np.abs(line.across).max() for line in rings + rays)), 2),
    }
