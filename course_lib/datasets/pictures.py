"""Photographs and micrographs that wheels of other packages carry."""

from importlib.metadata import PackageNotFoundError, distribution
from typing import NamedTuple

import numpy as np
import skimage.data
from skimage import img_as_float
from skimage.color import gray2rgb, rgb2gray
from skimage.io import imread
from skimage.transform import resize
from sklearn.datasets import load_sample_image

from .._validation import as_choice


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
    image, labels = (_in_stardist("nuclei", name) for name in ("img2d.tif", "mask2d.tif"))
    return Nuclei(image / 255, labels.astype(int))


def _in_stardist(function, name):
    """An image inside the wheel of StarDist, which is not imported."""
    try:
        files = distribution("stardist").locate_file("stardist/data/images")
    except PackageNotFoundError as error:
        raise ModuleNotFoundError(
            f"{function}() reads an image that the package stardist carries: "
            "pip install --no-deps stardist"
        ) from error
    return imread(files / name)


def histology(stain):
    """A microscope's color image of stained tissue.

    Parameters
    ----------
    stain : {"H&E", "DAB"}
        ``"H&E"``: hematoxylin colors nuclei blue, eosin the rest pink; a tumor from the Cancer
        Imaging Archive, 300 × 500 pixels. ``"DAB"``: an antibody colors the protein FHL2 brown,
        hematoxylin the nuclei blue; glands of the colon, 512 × 512 pixels.

    Returns
    -------
    ndarray of float in [0, 1], shape (height, width, 3)

    Raises
    ------
    ModuleNotFoundError
        For ``"H&E"``, if the wheel of StarDist, which carries it, is not installed.

    References
    ----------
    StarDist, ``test_image_he_2d``; scikit-image, ``immunohistochemistry`` (Center for Microscopy
    and Molecular Imaging, Gosselies).
    """
    if as_choice(stain, "stain", ("H&E", "DAB")) == "H&E":
        return _in_stardist("histology", "histo.jpg") / 255
    return skimage.data.immunohistochemistry() / 255


#: Photographs inside scikit-image's and scikit-learn's wheels, by the name that `photo` takes.
PHOTOS = (
    *("astronaut", "cat", "coffee", "rocket", "motorcycle", "hubble", "retina", "ihc"),
    *("camera", "china", "flower"),
)


def photo(name, size=224):
    """One of the photographs in `PHOTOS`: its central square, resized.

    Returns
    -------
    ndarray of float in [0, 1], shape (size, size, 3)
        ``"camera"`` is gray, three equal channels.
    """
    as_choice(name, "name", PHOTOS)
    if name in ("china", "flower"):
        image = load_sample_image(f"{name}.jpg")
    elif name == "motorcycle":
        image = skimage.data.stereo_motorcycle()[0]
    else:
        function = {"hubble": "hubble_deep_field", "ihc": "immunohistochemistry"}.get(name, name)
        image = getattr(skimage.data, function)()
    image = gray2rgb(image) if image.ndim == 2 else image
    side = min(image.shape[:2])
    top, left = ((n - side) // 2 for n in image.shape[:2])
    square = image[top : top + side, left : left + side] / 255
    return resize(square, (size, size), anti_aliasing=True).clip(0, 1)


def photos(size=224):
    """All of `PHOTOS` in their order, an array (photographs, size, size, 3) of float in [0, 1]."""
    return np.stack([photo(name, size) for name in PHOTOS])


class Crops(NamedTuple):
    """Small gray pictures, and whether each is a face."""

    images: np.ndarray
    y_true: np.ndarray


def face_crops():
    """100 faces and 100 pieces of background, cut from press photographs.

    Returns
    -------
    Crops
        ``images`` (200, 25, 25) float in [0, 1]; ``y_true`` (200,) int, 1 = face, faces first. A
        few pieces of background show the edge of a face.

    References
    ----------
    Huang et al. 2007, "Labeled faces in the wild", University of Massachusetts, report 07-49; the
    subset that scikit-image carries.
    """
    return Crops(skimage.data.lfw_subset(), np.repeat([1, 0], 100))


#: Pictures inside scikit-image's wheel that show no person.
_FACELESS = (
    *("brick", "grass", "gravel", "coffee", "cat", "rocket", "moon", "coins", "clock", "text"),
    *("page", "hubble_deep_field", "immunohistochemistry", "horse", "retina", "stereo_motorcycle"),
)


def faceless_photos(size=512):
    """16 gray pictures without a person: textures, things, a cat, stars, tissue, print.

    Parameters
    ----------
    size : int
        The longer side; larger pictures are reduced to it.

    Returns
    -------
    list of ndarray of float in [0, 1], each (height, width)
    """
    pictures = (getattr(skimage.data, name)() for name in _FACELESS)
    # The motorcycle comes as two views and their disparity.
    pictures = (img_as_float(p[0] if isinstance(p, tuple) else p) for p in pictures)
    return [_reduced(rgb2gray(p) if p.ndim == 3 else p, size) for p in pictures]


def _reduced(picture, size):
    height, width = picture.shape
    share = size / max(height, width)
    if share >= 1:
        return picture
    return resize(picture, (round(share * height), round(share * width)), anti_aliasing=True)
