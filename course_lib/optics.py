"""How deep a microscope sees into scattering tissue, and how a glass rod brings it deeper.

Units are those of the trade: depths and lengths in micrometers, wavelengths in nanometers, pulse
energies in nanojoules, average powers in milliwatts, repetition rates in kilohertz, pulse durations
in femtoseconds.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import integrate, optimize

from ._validation import as_count, as_image, as_nonnegative, as_positive, fitting_shapes

#: Refractive index of water, which is close to that of brain tissue.
WATER = 1.33


def pulse_energy(power, rate):
    """Energy of one laser pulse in nJ, from the average power (mW) and the rate (kHz)."""
    # 1 mW / 1 kHz = 1 µJ
    return 1000 * as_nonnegative(power, "power") / as_positive(rate, "rate")


def effective_attenuation_length(energy_above, energy_below, distance):
    """Attenuation length l that two pulse energies at the surface imply, in µm.

    If the energy was turned up until the signal was the same at both depths, then
    ``energy_below = energy_above exp(distance / l)``, whatever the number of photons.

    Parameters
    ----------
    energy_above, energy_below : float
        Pulse energy (or average power at the same rate) at the surface that gave the signal at the
        upper and at the lower depth; the latter is larger.
    distance : float
        Between the two depths, in µm.
    """
    above, below = (
        as_positive(energy_above, "energy_above"),
        as_positive(energy_below, "energy_below"),
    )
    if below <= above:
        raise ValueError(f"energy_below must exceed energy_above, got {below:g} and {above:g}.")
    return as_positive(distance, "distance") / float(np.log(below / above))


def time_averaged_signal(order, power, rate, duration):
    """Fluorescence per second at the focus, in arbitrary units: ``P^n / (f tau)^(n - 1)``.

    Each pulse excites in proportion to ``(E / tau)^n tau`` with ``E = P / f``, and f pulses arrive
    in a second (Xu & Webb 1996, J Opt Soc Am B 13:481). So for two and more photons few strong
    pulses beat many weak ones of the same average power.

    Parameters
    ----------
    order : int
        The number n of photons that a molecule must absorb at once.
    power, rate, duration : float
        Average power at the focus (mW), pulses in a second (kHz), duration of one (fs).
    """
    n = as_count(order, "order", least=1)
    power = as_nonnegative(power, "power")
    return power**n / (as_positive(rate, "rate") * as_positive(duration, "duration")) ** (n - 1)


@dataclass(frozen=True)
class Excitation:
    """Fluorescence that n photons excite in tissue, by a Gaussian beam focused at some depth.

    Only light that was not scattered reaches the focus. It decays as ``exp(-z / l)``, so the signal
    decays as its n-th power. In a plane z' the beam has the area ``A = 1 + ((z' - z) / z_R)²`` (in
    units of that at the focus z), and uniformly stained tissue gives there
    ``∫ I^n dA = exp(-n z' / l) / A^(n - 1)``. For n = 1 the area drops out: every plane shines,
    wherever the focus is. For n > 1 the focus shines most. That is optical sectioning.

    What the model leaves out makes the truth shallower: scattered light also excites background,
    and aberrations blunt the focus.

    Parameters
    ----------
    order : int
        The number n of photons, at least 1.
    wavelength : float
        Of the laser, in nm.
    attenuation_length : float
        Effective attenuation length l of the tissue at that wavelength, in µm.
    na : float, default 0.9
        Numerical aperture of the focused beam in water, below 1.33.

    References
    ----------
    Theer & Denk 2006, "On the fundamental imaging-depth limit in two-photon microscopy", J Opt Soc
    Am A 23:3139; Akbari et al. 2022, "Imaging deeper than the transport mean free path with
    multiphoton microscopy", Biomed Opt Express 13:452, for three photons.
    """

    order: int
    wavelength: float
    attenuation_length: float
    na: float = 0.9

    def __post_init__(self):
        as_count(self.order, "order", least=1)
        as_positive(self.wavelength, "wavelength")
        as_positive(self.attenuation_length, "attenuation_length")
        if as_positive(self.na, "na") >= WATER:
            raise ValueError(f"na must be below the index of water, {WATER}, got {self.na}.")

    @property
    def rayleigh_range(self):
        """Distance z_R from the focus at which the beam's area has doubled, in µm."""
        return WATER * self.wavelength / 1000 / (np.pi * self.na**2)

    def signal(self, depth, energy=1.0):
        """Signal from a focus at that depth, ``(energy exp(-depth / l))^n``, in arbitrary units.

        Parameters
        ----------
        depth : float or array_like
            In µm, not negative.
        energy : float or array_like
            Pulse energy at the surface.
        """
        depth, energy = as_nonnegative(depth, "depth"), as_nonnegative(energy, "energy")
        fitting_shapes(depth=depth, energy=energy)
        return (energy * np.exp(-depth / self.attenuation_length)) ** self.order

    def energy_needed(self, depth, energy_at_surface=1.0):
        """Pulse energy at the surface that keeps the signal what it is at depth 0.

        ``energy_at_surface exp(depth / l)``: the number of photons does not enter.
        """
        depth = as_nonnegative(depth, "depth")
        energy = as_positive(energy_at_surface, "energy_at_surface")
        return energy * np.exp(depth / self.attenuation_length)

    def fluorescence(self, plane, depth):
        """Fluorescence from each plane while the focus lies at `depth`; 1 at a focus at depth 0.

        Parameters
        ----------
        plane, depth : float or array_like
            In µm, not negative.
        """
        plane, depth = as_nonnegative(plane, "plane"), as_nonnegative(depth, "depth")
        fitting_shapes(plane=plane, depth=depth)
        light = np.exp(-self.order * plane / self.attenuation_length)
        return light * self._sharpness(plane - depth)

    def _sharpness(self, distance):
        """``1 / A^(n - 1)``: what the beam's area leaves of the fluorescence of a plane."""
        return (1 + (distance / self.rayleigh_range) ** 2) ** (1 - self.order)

    def signal_to_background(self, depth, cell=10.0, contrast=1.0):
        """Light from the cell in focus over light from everywhere above and below it.

        Parameters
        ----------
        depth : float or array_like
            Of the cell's center, in µm; at least half a cell.
        cell : float
            Thickness of what counts as in focus, in µm.
        contrast : float
            How much brighter the cell is stained than its surroundings are on average.

        Returns
        -------
        float or ndarray
        """
        depth = as_nonnegative(depth, "depth")
        cell, contrast = as_positive(cell, "cell"), as_positive(contrast, "contrast")
        if np.min(depth) < cell / 2:
            raise ValueError(f"depth must be at least half a cell, {cell / 2:g} µm.")
        ratios = [self._ratio(z, cell) for z in np.ravel(depth)]
        return contrast * (np.reshape(ratios, np.shape(depth)) if np.ndim(depth) else ratios[0])

    def _ratio(self, depth, cell):
        """Signal over background of one depth, by integrating over planes."""
        l, half = self.attenuation_length / self.order, cell / 2

        def light(start, end):
            # Deep down the signal is tiny beside 1, so only its relative error counts.
            return integrate.quad(
                lambda plane: np.exp(-plane / l) * self._sharpness(plane - depth),
                *(start, end),
                epsabs=0,
            )[0]

        signal = light(depth - half, depth) + light(depth, depth + half)
        return signal / (light(0, depth - half) + light(depth + half, depth + half + 40 * l))

    def depth_limit(self, cell=10.0, contrast=1.0):
        """Depth in µm below which the background outshines the cell; 0 if it does so everywhere."""
        step = self.attenuation_length / 2
        depths = cell / 2 + step * np.arange(80)
        brighter = np.flatnonzero(self.signal_to_background(depths, cell, contrast) >= 1)
        if not brighter.size:
            return 0.0
        start = depths[brighter[-1]]
        return float(
            optimize.brentq(
                lambda z: self.signal_to_background(z, cell, contrast) - 1, start, start + step
            )
        )

    def expose(self, scene, depth, seed=0, *, photons=50.0, turn_up=1.0, cell=10.0, contrast=1.0):
        """Photon counts of a scene at some depth: less signal, more background, Poisson noise.

        The laser is turned up with depth to hold the signal, as far as it goes.

        Parameters
        ----------
        scene : array_like, shape (height, width)
            Brightness, not negative; about 1 in a cell.
        depth : float
            In µm, at least half a cell.
        seed : int or numpy.random.Generator
        photons : float
            Mean count where the scene is 1, near the surface.
        turn_up : float
            By how much the laser can be turned up at most, at least 1.
        cell, contrast : float
            As in `signal_to_background`; the background is a uniform veil.

        Returns
        -------
        ndarray of int, shape (height, width)
        """
        scene = as_image(scene, "scene")
        if scene.min() < 0:
            raise ValueError(f"scene must not be negative, but it contains {scene.min():g}.")
        if as_positive(turn_up, "turn_up") < 1:
            raise ValueError(f"turn_up must be at least 1, got {turn_up}.")
        energy = min(self.energy_needed(depth), turn_up)
        peak = as_positive(photons, "photons") * self.signal(depth, energy)
        veil = peak / self.signal_to_background(depth, cell, contrast)
        return np.random.default_rng(seed).poisson(peak * scene + veil)


#: One, two and three photons in the cortex of a mouse, by order. The attenuation lengths: 47 µm at
#: 473 nm (Yona et al. 2016, eNeuro 3(1)), 150 µm at 920 nm (a round value; it varies between
#: animals), and 285 µm at 1300 nm, which the lecture's three-photon recording implies.
MOUSE_CORTEX = {
    1: Excitation(1, 473, 47),
    2: Excitation(2, 920, 150),
    3: Excitation(3, 1300, 285),
}


# Rays through a graded-index rod ------------------------------------------------------------------


def free_space(distance, index=1.0):
    """Ray matrix of a straight way through a medium.

    Rays are ``(y, n theta)``: distance from the axis, and angle times the refractive index, so that
    flat surfaces change nothing and every matrix has determinant 1.

    Parameters
    ----------
    distance : float
        In µm.
    index : float
        Refractive index, 1 for air.
    """
    return np.array(
        [[1.0, as_nonnegative(distance, "distance") / as_positive(index, "index")], [0, 1]]
    )


def grin_rod(length, pitch, index=1.6):
    """Ray matrix of a graded-index (GRIN) rod, in whose profile rays swing like a pendulum.

    ``n(r) = index (1 - (g r)² / 2)`` makes a paraxial ray ``y'' = -g² y``: a sine around the axis.
    ``pitch`` counts its periods: after a quarter, a point has become a parallel beam; after a half,
    an inverted image of the same size.

    Parameters
    ----------
    length : float
        In µm.
    pitch : float
        Periods along the length, ``g length / (2 pi)``.
    index : float
        Refractive index on the axis.

    References
    ----------
    Gómez-Reino, Pérez & Bao 2002, "Gradient-Index Optics", Springer, chapter 1.
    """
    length, n0 = as_positive(length, "length"), as_positive(index, "index")
    phase = 2 * np.pi * as_positive(pitch, "pitch")
    g = phase / length
    return np.array(
        [
            [np.cos(phase), np.sin(phase) / (n0 * g)],
            [-n0 * g * np.sin(phase), np.cos(phase)],
        ]
    )


class RayImage(NamedTuple):
    """Where the image of a point lies behind an optical system, and how large it is."""

    distance: float
    magnification: float


def image(system, distance, index=1.0, image_index=1.0):
    """Image of an object in front of an optical system.

    Parameters
    ----------
    system : array_like, shape (2, 2)
        Ray matrix from the first to the last surface; of several, ``last @ ... @ first``.
    distance : float
        From the object to the first surface, in µm.
    index, image_index : float
        Refractive index before the first and behind the last surface.

    Returns
    -------
    RayImage
        ``distance`` behind the last surface in µm, negative for a virtual image, infinite if rays
        leave in parallel; ``magnification``, negative for an inverted image.
    """
    system = as_image(system, "system")
    if system.shape != (2, 2):
        raise ValueError(f"system must have the shape (2, 2), got {system.shape}.")
    (A, B), (C, D) = system @ free_space(distance, index)
    # All rays of a point meet where B + distance' / n' * D vanishes.
    if abs(D) < 1e-12 * max(1.0, abs(A)):
        return RayImage(np.inf, np.inf)
    reduced = -B / D
    return RayImage(
        float(reduced * as_positive(image_index, "image_index")), float(A + reduced * C)
    )
