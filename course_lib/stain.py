"""Stain normalization of histology: the same tissue, as another laboratory would show it."""

import warnings

import numpy as np
from skimage.color import lab2rgb, rgb2lab

from ._validation import as_nonnegative, as_open_probability, as_picture

# Colors


def reinhard(image, reference):
    """Give each CIELAB channel of an image the mean and standard deviation of the reference.

    The channels are lightness, green to red, and blue to yellow; equal distances in them look about
    equally different.

    Parameters
    ----------
    image, reference : array_like in [0, 1], shape (height, width, 3)
        Sizes may differ.

    Returns
    -------
    ndarray of float in [0, 1], shape of `image`

    References
    ----------
    Reinhard, Ashikhmin, Gooch & Shirley 2001, "Color transfer between images", IEEE Computer
    Graphics and Applications 21(5):34. They use the space lαβ; here it is CIELAB.
    """
    lab, goal = rgb2lab(_as_rgb(image, "image")), rgb2lab(_as_rgb(reference, "reference"))
    # A channel without any spread only takes the reference's mean.
    z = (lab - lab.mean((0, 1))) / np.maximum(lab.std((0, 1)), 1e-6)
    with warnings.catch_warnings():
        # Colors that no screen can show are clipped.
        warnings.filterwarnings("ignore", "Conversion from CIE-LAB")
        return lab2rgb(z * goal.std((0, 1)) + goal.mean((0, 1)))


# Stains


class NarrowWedgeWarning(UserWarning):
    """The dyes found in an image lie far closer together than those of the reference."""


#: Darkest value that light is taken to have: one step of 8 bits, whose logarithm is finite.
_DARKEST = 1 / 255
#: Share of the reference's angle below which two dyes may be shades of one.
_NARROW = 2 / 3


def optical_density(image):
    """Optical density ``-log10(I)`` of transmitted light; dyes add up in it (Beer & Lambert).

    Parameters
    ----------
    image : array_like in [0, 1], shape (height, width, 3)
        Transmitted light, 1 = nothing absorbed. Values below 1/255 count as 1/255.

    Returns
    -------
    ndarray, shape (height, width, 3)
        From 0 to 2.4.
    """
    return -np.log10(np.maximum(_as_rgb(image, "image"), _DARKEST))


def stain_vectors(image, beta=0.15, alpha=0.01):
    """Colors of the two dyes in an image of stained tissue.

    All pixels of tissue lie, in optical density, in the plane of the two dyes. Within that plane
    the dyes are the outermost directions.

    Parameters
    ----------
    image : array_like in [0, 1], shape (height, width, 3)
    beta : float
        A pixel is tissue if its density exceeds this in all three channels.
    alpha : float
        Share of pixels to leave out at either edge, because a few are always noise.

    Returns
    -------
    ndarray, shape (2, 3)
        Densities of red, green and blue, of length 1. The dye that absorbs more red comes first:
        hematoxylin before eosin or DAB.

    Raises
    ------
    ValueError
        If there is hardly any tissue, or all of it has one color.

    References
    ----------
    Macenko et al. 2009, "A method for normalizing histology slides for quantitative analysis",
    ISBI, p. 1107.
    """
    as_nonnegative(beta, "beta")
    if not as_open_probability(alpha, "alpha") < 0.5:
        raise ValueError(f"alpha must lie below 0.5, got {alpha}.")
    return _stain_vectors(_as_rgb(image, "image"), "image", beta, alpha)


def _stain_vectors(image, name, beta=0.15, alpha=0.01):
    density = optical_density(image).reshape(-1, 3)
    tissue = density[(density > beta).all(axis=1)]
    if len(tissue) < 20:
        raise ValueError(
            f"{name} must show stained tissue, but only {len(tissue)} pixels are darker than beta."
        )
    plane = np.linalg.eigh(np.cov(tissue.T))[1][:, :0:-1]
    # An eigenvector's sign is arbitrary; densities are positive.
    plane = plane * np.where(plane[:, 0].sum() < 0, -1, 1)
    angles = np.arctan2(*(tissue @ plane).T[::-1])
    low, high = np.quantile(angles, (alpha, 1 - alpha))
    if high - low < 0.02:
        raise ValueError(f"{name} must show two stains, but all of its tissue has one color.")
    vectors = np.array([[np.cos(v), np.sin(v)] for v in (low, high)]) @ plane.T
    return vectors[np.argsort(-vectors[:, 0])]


def concentrations(image, vectors):
    """How much of each dye a pixel holds: least squares of ``density = c · vectors``.

    Parameters
    ----------
    image : array_like in [0, 1], shape (height, width, 3)
    vectors : array_like, shape (dyes, 3)
        As from `stain_vectors`.

    Returns
    -------
    ndarray, shape (height, width, dyes)
        Noise can make them slightly negative.
    """
    return optical_density(image) @ np.linalg.pinv(_as_vectors(vectors))


def stained(concentrations, vectors):
    """Picture of tissue that holds the dyes: ``10^-(c · vectors)``, the way back.

    Parameters
    ----------
    concentrations : array_like, shape (height, width, dyes)
    vectors : array_like, shape (dyes, 3)

    Returns
    -------
    ndarray of float in [0, 1], shape (height, width, 3)
    """
    vectors, c = _as_vectors(vectors), np.asarray(concentrations, float)
    if c.ndim != 3 or c.shape[2] != len(vectors) or not np.isfinite(c).all():
        raise ValueError(
            "concentrations must hold finite numbers (height, width, dyes) for "
            f"{len(vectors)} dyes, got shape {c.shape} or NaN."
        )
    return np.clip(10.0 ** -(c @ vectors), 0, 1)


def _as_vectors(vectors):
    vectors = np.asarray(vectors, float)
    if vectors.ndim != 2 or vectors.shape[1] != 3 or not np.isfinite(vectors).all():
        raise ValueError(
            f"vectors must hold finite densities (dyes, 3), got shape {vectors.shape} or NaN."
        )
    return vectors


def macenko(image, reference, slide=None):
    """Repaint the dyes of an image with those of the reference.

    Each dye keeps its distribution in the tissue. Its color, and the concentration that 99% of the
    pixels stay below, become those of the reference.

    Parameters
    ----------
    image, reference : array_like in [0, 1], shape (height, width, 3)
        Two-dye stains; sizes may differ.
    slide : array_like in [0, 1], shape (height, width, 3), optional
        What `image` is a tile of: where its dyes are found. By default they are found in `image`,
        which must then hold plenty of both. In a tile with one dye the outermost directions are
        two shades of it, and the second shade is painted as the dye that is missing.

    Returns
    -------
    ndarray of float in [0, 1], shape of `image`

    Warns
    -----
    NarrowWedgeWarning
        If the angle between the two dyes is below two thirds of the reference's. It misses many
        tiles with one dye or little of the other, and alarms for some slides that hold both.

    References
    ----------
    Macenko et al. 2009.
    """
    name = "image" if slide is None else "slide"
    ours, strong = _fitted(image if slide is None else slide, name)
    theirs, goal = _fitted(reference, "reference")
    angle, expected = (np.degrees(np.arccos(v @ w)) for v, w in (ours, theirs))
    if angle < _NARROW * expected:
        warnings.warn(
            f"the two dyes of {name} lie {angle:.0f} degrees apart, those of reference "
            f"{expected:.0f}: they may be two shades of one.",
            NarrowWedgeWarning,
            stacklevel=2,
        )
    return stained(concentrations(image, ours) * goal / strong, theirs)


def _fitted(image, name):
    """The two dyes, and the concentration of each that 99% of the pixels stay below."""
    image = _as_rgb(image, name)
    vectors = _stain_vectors(image, name)
    return vectors, np.quantile(concentrations(image, vectors), 0.99, axis=(0, 1))


def _as_rgb(image, name):
    image = as_picture(image, name)
    if image.ndim != 3:
        raise ValueError(f"{name} must be in color, (height, width, 3), got shape {image.shape}.")
    return image
