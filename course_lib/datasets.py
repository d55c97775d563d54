"""Real data, published tables and the lecture's own examples.

Nothing here silently changes its source: a loader returns what its name says or raises.
"""

from importlib.metadata import PackageNotFoundError, distribution
from typing import NamedTuple

import numpy as np
from skimage.io import imread
from sklearn.datasets import load_breast_cancer


class Masses(NamedTuple):
    """Features of breast masses and what the biopsy said."""

    X: np.ndarray
    y_true: np.ndarray
    feature_names: tuple[str, ...]


def breast_masses():
    """569 breast masses: nuclei measured in a fine-needle aspirate, malignancy by biopsy.

    Returns
    -------
    Masses
        ``X`` (569, 30) float, ``y_true`` (569,) int, 1 = malignant (212), 0 = benign (357).

    References
    ----------
    Street, Wolberg & Mangasarian 1993, "Nuclear feature extraction for breast tumor diagnosis",
    Proc. SPIE 1905:861. The copy that scikit-learn carries codes malignant as 0; here it is 1.
    """
    data = load_breast_cancer()
    return Masses(data.data, (data.target == 0).astype(int), tuple(data.feature_names))


class Nuclei(NamedTuple):
    """A fluorescence micrograph and its nuclei, outlined by an expert."""

    image: np.ndarray
    labels: np.ndarray


def nuclei():
    """125 fluorescent nuclei in one micrograph, each with its own label.

    Returns
    -------
    Nuclei
        ``image`` (512, 512) float in [0, 1]: the eight-bit gray values divided by 255, so the
        brightest pixel is 0.92. ``labels`` (512, 512) int, 0 = background; the labels are those of
        the file and leave gaps, the highest is 183.

    Raises
    ------
    ModuleNotFoundError
        If the wheel of StarDist, which carries the two files, is not installed. It is not imported.

    References
    ----------
    Caicedo et al. 2019, "Nucleus segmentation across imaging experiments: the 2018 Data Science
    Bowl", Nat Methods 16:1247 (image set BBBC038, CC0).
    """
    try:
        files = distribution("stardist").locate_file("stardist/data/images")
    except PackageNotFoundError as error:
        raise ModuleNotFoundError(
            "nuclei() reads an image that the package stardist carries: "
            "pip install --no-deps stardist"
        ) from error
    return Nuclei(imread(files / "img2d.tif") / 255, imread(files / "mask2d.tif").astype(int))
