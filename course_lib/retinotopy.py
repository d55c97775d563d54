"""Primary visual cortex (V1) as a map of the visual field, and a simulated V1 to record from.

The visual field is measured in degrees from the point of gaze: x to the right, y upwards. Cortex is
measured in millimeters on its flattened surface.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.ndimage import map_coordinates

from ._validation import (
    as_count,
    as_features,
    as_image,
    as_nonnegative,
    as_numbers,
    as_positive,
    as_scores,
    fitting_shapes,
    same_length,
)


class CorticalPoint(NamedTuple):
    """A place on the flattened cortex.

    ``left`` says in which hemisphere; ``along`` is the distance from the representation of the
    point of gaze (at the back pole of the brain) forward, ``across`` that from the horizontal
    meridian (in the depth of the calcarine fissure) upwards, both in mm.
    """

    left: np.ndarray
    along: np.ndarray
    across: np.ndarray


@dataclass(frozen=True)
class CorticalMap:
    """Schwartz's complex logarithm: where in V1 each point of the visual field is represented.

    With z = x + iy in degrees, in the half of the field that the hemisphere sees,
    ``w = k [log(1 + z / a) - log(1 + z / b)]``. The right half of the field lies in the left
    hemisphere, the upper half below the horizontal meridian: crossed and upside down.

    Parameters
    ----------
    k : float, default 17.3
        Scale, in mm. 17.3 mm and 0.75° describe human V1, where magnification along the horizontal
        meridian is 17.3 mm / (E + 0.75°).
    a : float, default 0.75
        Eccentricity at which magnification has fallen to half of that at the point of gaze.
    b : float, default infinity
        A second, large constant in degrees bends the far periphery: the dipole model. Infinity
        gives the plain logarithm.

    References
    ----------
    Schwartz 1977, "Spatial mapping in the primate sensory projection", Biol Cybern 25:181 (the
    logarithm); Balasubramanian, Polimeni & Schwartz 2002, "The V1-V2-V3 complex", Neural Netw
    15:1157 (the dipole); Horton & Hoyt 1991, "The representation of the visual field in human
    striate cortex", Arch Ophthalmol 109:816 (the constants).
    """

    k: float = 17.3
    a: float = 0.75
    b: float = np.inf

    def __post_init__(self):
        as_positive(self.k, "k")
        as_positive(self.a, "a")
        if not self.b > self.a:
            raise ValueError(f"b must exceed a ({self.a}), got {self.b!r}.")

    def magnification(self, eccentricity):
        """Millimeters of cortex a degree, along the horizontal meridian: ``dw/dz``.

        Parameters
        ----------
        eccentricity : float or array_like
            Distance from the point of gaze in degrees, not negative.
        """
        return np.abs(self._slope(as_nonnegative(eccentricity, "eccentricity")))

    def areal_magnification(self, x, y):
        """Square millimeters of cortex a square degree at a point of the field: ``|dw/dz|²``."""
        x, y = _field(x, y)
        return np.abs(self._slope(np.abs(x) + 1j * y)) ** 2

    def _slope(self, z):
        return self.k * (1 / (z + self.a) - 1 / (z + self.b))

    def to_cortex(self, x, y):
        """Where in V1 points of the visual field are represented.

        Parameters
        ----------
        x, y : float or array_like
            Degrees from the point of gaze, right and up. The vertical meridian, which both
            hemispheres represent, is given to the left one.

        Returns
        -------
        CorticalPoint
        """
        x, y = _field(x, y)
        z = np.abs(x) + 1j * y
        w = self.k * (np.log(1 + z / self.a) - np.log(1 + z / self.b))
        return CorticalPoint(x >= 0, w.real, 0.0 - w.imag)

    def to_field(self, left, along, across):
        """The point (x, y) of the visual field that a place in V1 sees; inverse of `to_cortex`.

        Parameters
        ----------
        left : bool or array_like of bool
        along, across : float or array_like
            In mm.

        Returns
        -------
        x, y : float or ndarray
            In degrees. Places outside of V1 give points beyond the vertical meridian, that is
            with a sign of x that does not belong to the hemisphere.
        """
        along, across = as_numbers(along, "along"), as_numbers(across, "across")
        fitting_shapes(left=left, along=along, across=across)
        q = np.exp((along - 1j * across) / self.k)
        z = (q - 1) / (1 / self.a - q / self.b)
        return np.where(left, 1, -1) * z.real, z.imag

    def warp(self, picture, radius, left, shape=(120, 100), length=None):
        """A picture as it lies on the cortex of one hemisphere.

        Parameters
        ----------
        picture : array_like, shape (height, width)
            What is seen, the point of gaze in its center; row 0 is up.
        radius : float
            Half the height of the picture, in degrees.
        left : bool
            The hemisphere.
        shape : (int, int)
            Pixels across and along the cortex in the result.
        length : float, optional
            Length of cortex shown, in mm; by default to the picture's edge.

        Returns
        -------
        ndarray of float, shape `shape`
            Row 0 is the upper bank, column 0 the representation of the point of gaze; NaN outside
            of V1 and of the picture.
        """
        picture = as_image(picture, "picture")
        radius = as_positive(radius, "radius")
        length = (
            self.to_cortex(radius, 0).along if length is None else as_positive(length, "length")
        )
        rows, columns = shape
        half = self.k * np.pi / 2
        across, along = np.meshgrid(
            np.linspace(half, -half, rows), np.linspace(0, length, columns), indexing="ij"
        )
        x, y = self.to_field(left, along, across)
        height, width = picture.shape
        scale = (height - 1) / 2 / radius
        places = [(height - 1) / 2 - y * scale, (width - 1) / 2 + x * scale]
        seen = map_coordinates(picture, places, order=1, cval=np.nan)
        return np.where(x >= 0 if left else x <= 0, seen, np.nan)


def _field(x, y):
    x, y = as_numbers(x, "x"), as_numbers(y, "y")
    fitting_shapes(x=x, y=y)
    return x, y


#: Orientations of the Gabor filters and of `gratings`, in degrees; 0 means vertical stripes.
ORIENTATIONS = (0.0, 45.0, 90.0, 135.0)


class SimulatedV1:
    """Voxels of a simulated V1, each of which answers to contrast in its receptive field.

    Places are scattered evenly over the cortex, so their receptive fields crowd around the point of
    gaze. Each voxel pools Gabor energy (Adelson & Bergen 1985) of four orientations, in
    proportions of its own: many neurons share a voxel, but never in equal shares. Receptive fields
    grow with eccentricity.

    Parameters
    ----------
    voxels : int
    pixels : int
        Side of the pictures that it sees.
    radius : float
        Half of that side, in degrees of visual field.
    seed : int
    cortex : CorticalMap, optional

    Attributes
    ----------
    x, y, size : ndarray of float, shape (voxels,)
        Center and standard deviation of the receptive fields, in degrees.
    tuning : ndarray of float, shape (voxels, 4)
        Share of each of `ORIENTATIONS` in the answer.
    """

    def __init__(self, voxels=400, pixels=40, radius=10.0, seed=0, cortex=None):
        for name, value in (("voxels", voxels), ("pixels", pixels)):
            as_count(value, name, least=1)
        self.cortex, self.radius = cortex or CorticalMap(), as_positive(radius, "radius")
        self.pixels = pixels
        rng = np.random.default_rng(seed)
        self.x, self.y = self._scatter(voxels, rng)
        self.size = 0.5 + 0.1 * np.hypot(self.x, self.y)
        self.tuning = rng.dirichlet(0.7 * np.ones(len(ORIENTATIONS)), voxels)
        self._filters = self._gabors()

    def _scatter(self, voxels, rng):
        """Places even over the cortex, kept if their field lies in a circle of 0.95 radius."""
        length = self.cortex.to_cortex(self.radius, 0).along
        half = self.cortex.k * np.pi / 2
        x, y = np.empty((2, 0))
        while len(x) < voxels:
            left = rng.random(voxels) < 0.5
            along, across = rng.uniform(0, length, voxels), rng.uniform(-half, half, voxels)
            new_x, new_y = self.cortex.to_field(left, along, across)
            inside = np.hypot(new_x, new_y) < 0.95 * self.radius
            inside &= np.where(left, new_x >= 0, new_x <= 0)
            x, y = np.append(x, new_x[inside]), np.append(y, new_y[inside])
        return x[:voxels], y[:voxels]

    def _gabors(self):
        """Filters (orientations, phases, voxels, pixels²), each of unit length."""
        X, Y = (grid.ravel() for grid in field_grid(self.pixels, self.radius))
        dx, dy = X - self.x[:, None], Y - self.y[:, None]
        size = self.size[:, None]
        envelope = np.exp(-(dx**2 + dy**2) / (2 * size**2))
        filters = []
        for theta in np.deg2rad(ORIENTATIONS):
            # One period is about three standard deviations long.
            phase = 2 * np.pi * 0.35 / size * (dx * np.cos(theta) + dy * np.sin(theta))
            filters.append([envelope * np.cos(phase), envelope * np.sin(phase)])
        filters = np.array(filters)
        return filters / np.linalg.norm(filters, axis=-1, keepdims=True)

    def respond(self, pictures):
        """Noise-free answer of each voxel: ``sum over orientations of share * sqrt(even² + odd²)``.

        Parameters
        ----------
        pictures : array_like, shape (n, pixels, pixels)
            Contrast: 0 is the gray of the background.

        Returns
        -------
        ndarray of float, shape (n, voxels)
        """
        pictures = np.asarray(pictures, float)
        if pictures.ndim != 3 or pictures.shape[1:] != (self.pixels, self.pixels):
            raise ValueError(
                f"pictures must have the shape (n, {self.pixels}, {self.pixels}), "
                f"got {pictures.shape}."
            )
        flat = as_features(pictures.reshape(len(pictures), -1), "pictures")
        energy = sum(
            share * np.hypot(flat @ even.T, flat @ odd.T)
            for share, (even, odd) in zip(self.tuning.T, self._filters, strict=True)
        )
        return energy


def field_grid(pixels, radius):
    """Coordinates x, y in degrees of the pixels of a square picture; row 0 is up."""
    line = np.linspace(-radius, radius, pixels)
    return np.meshgrid(line, -line)


def gratings(orientations, seed=0, pixels=40, radius=10.0, period=5.0):
    """Round patches of stripes, each with a random phase.

    Parameters
    ----------
    orientations : array_like, shape (n,)
        In degrees, 0 for vertical stripes, as in `ORIENTATIONS`.
    seed : int or numpy.random.Generator
    pixels : int
    radius, period : float
        In degrees of visual field.

    Returns
    -------
    ndarray of float, shape (n, pixels, pixels)
        Contrast in [-1, 1], 0 outside of the patch.
    """
    theta = np.deg2rad(np.atleast_1d(as_numbers(orientations, "orientations")))[:, None, None]
    x, y = field_grid(pixels, radius)
    phase = np.random.default_rng(seed).uniform(0, 2 * np.pi, theta.shape)
    stripes = np.cos(
        2 * np.pi / as_positive(period, "period") * (x * np.cos(theta) + y * np.sin(theta)) + phase
    )
    return stripes * (np.hypot(x, y) < radius)


def bar_sweeps(steps=24, pixels=40, radius=10.0, width=2.5):
    """Apertures of a bar that sweeps the field from left to right, then from top to bottom.

    Returns
    -------
    ndarray of float, shape (2 * steps, pixels, pixels)
        1 inside of the bar, 0 elsewhere.
    """
    x, y = field_grid(pixels, radius)
    centers = np.linspace(-radius, radius, as_count(steps, "steps"))[:, None, None]
    bars = np.concatenate([np.abs(x - centers), np.abs(y + centers)])
    return (bars < as_positive(width, "width") / 2).astype(float)


class ReceptiveFields(NamedTuple):
    """Fitted receptive fields, in degrees, and how well each explains its voxel."""

    x: np.ndarray
    y: np.ndarray
    size: np.ndarray
    correlation: np.ndarray


def fit_receptive_fields(
    responses, apertures, radius=10.0, positions=41, sizes=(0.5, 0.75, 1, 1.5, 2, 3)
):
    """Find for each voxel the Gaussian receptive field that explains its answers best.

    Every candidate on a grid of centers and sizes predicts an answer to each aperture: its overlap
    with it. The candidate whose predictions correlate best with the answers wins. Scale and
    baseline of the answers do not matter.

    Parameters
    ----------
    responses : array_like, shape (n, voxels)
    apertures : array_like, shape (n, pixels, pixels)
        Where the field was stimulated, 0 to 1.
    radius : float
        Half the side of the apertures, in degrees.
    positions : int
        Candidate centers along each axis.
    sizes : sequence of float
        Candidate standard deviations, in degrees.

    Returns
    -------
    ReceptiveFields
        NaN for a voxel that gives the same answer to every aperture: it has no place.

    Raises
    ------
    ValueError
        If shapes do not fit, or the apertures are all alike, so that they tell no places apart.

    References
    ----------
    Dumoulin & Wandell 2008, "Population receptive field estimates in human visual cortex",
    NeuroImage 39:647.
    """
    responses = as_features(responses, "responses")
    apertures = np.asarray(apertures, float)
    if apertures.ndim != 3 or apertures.shape[1] != apertures.shape[2]:
        raise ValueError(f"apertures must have the shape (n, side, side), got {apertures.shape}.")
    same_length(responses=responses, apertures=apertures)
    if not np.isfinite(apertures).all():
        raise ValueError("apertures must be finite, but they contain NaN or infinity.")
    if (apertures == apertures[0]).all():
        raise ValueError("apertures must differ from each other, but all are the same.")
    centers = np.linspace(-as_positive(radius, "radius"), radius, as_count(positions, "positions"))
    sizes = as_scores(sizes, "sizes")
    pixels = np.linspace(-radius, radius, apertures.shape[1])
    # A round Gaussian is the product of its profiles across and down.
    distance = pixels - centers[:, None]
    across = np.exp(-(distance**2) / (2 * sizes[:, None, None] ** 2))
    down = across[:, :, ::-1]
    overlap = np.einsum("nij,syi,sxj->nxys", apertures, down, across, optimize=True)
    correlation = _unit(overlap.reshape(len(overlap), -1)).T @ _unit(responses)
    best = np.unravel_index(correlation.argmax(axis=0), overlap.shape[1:])
    fitted = centers[best[0]], centers[best[1]], sizes[best[2]], correlation.max(axis=0)
    silent = _is_constant(responses)
    return ReceptiveFields(*(np.where(silent, np.nan, values) for values in fitted))


def _unit(columns):
    """Columns with mean 0 and length 1; 0 where a column is constant."""
    constant = _is_constant(columns)
    columns = columns - columns.mean(axis=0)
    length = np.linalg.norm(columns, axis=0)
    return np.where(constant, 0, columns / np.where(constant | (length == 0), 1, length))


def _is_constant(columns):
    """Whether a column is the same number throughout, up to rounding."""
    return np.ptp(columns, axis=0) <= 1e-12 * np.abs(columns).max(axis=0)
