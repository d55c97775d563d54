"""Larger sets, fetched once from a fixed address and checked."""

import tomllib
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from skimage.io import imread

from .._validation import as_choice
from ._fetch import fetch


class Sections(NamedTuple):
    """Electron micrographs of a stack of sections, and where the cells are in them."""

    images: np.ndarray
    cells: np.ndarray


def isbi2012():
    """30 sections of a fly's nerve cord under the electron microscope, with traced membranes.

    The training data of the ISBI 2012 challenge, whose ranking U-Net led in 2015. Sections are
    50 nm apart, so neighbors look alike: leave a gap between those for training and for testing.

    Returns
    -------
    Sections
        ``images`` (30, 512, 512) uint8, 4 nm a pixel; ``cells`` (30, 512, 512) bool, False on the
        membranes.

    Raises
    ------
    DataUnavailable
        If the 60 files (7 MB) are not in the cache and cannot be downloaded.

    References
    ----------
    Cardona et al. 2010, "An integrated micro- and macroarchitectural analysis of the Drosophila
    brain by computer-assisted serial section electron microscopy", PLoS Biol 8:e1000502. Free for
    research with this citation.
    """
    registry = tomllib.loads(
        (files("course_lib") / "datasets" / "registries" / "isbi2012.toml").read_text()
    )
    kinds = {"image": [], "label": []}
    for file, known_hash in registry["sha256"].items():
        path = fetch("isbi2012", file, f"{registry['url']}/{file}", f"sha256:{known_hash}")
        kinds[file.partition("/")[0]].append(imread(path))
    return Sections(np.stack(kinds["image"]), np.stack(kinds["label"]) > 127)


#: MD5 and class names of the sets that `medmnist` knows (MedMNIST v2, record 6496656 of Zenodo).
MEDMNIST = {
    "pneumoniamnist": ("28209eda62fecd6e6a2d98b1501bb15f", ("normal", "pneumonia")),
    "bloodmnist": (
        "7053d0359d879ad8a5505303e11de1dc",
        (
            *("basophil", "eosinophil", "erythroblast", "immature granulocyte"),
            *("lymphocyte", "monocyte", "neutrophil", "platelet"),
        ),
    ),
    "breastmnist": ("750601b1f35ba3300ea97c75c52ff8f6", ("malignant", "normal or benign")),
    "dermamnist": (
        "0744692d530f8e62ec473284d019b0c7",
        (
            *("actinic keratosis or intraepithelial carcinoma", "basal cell carcinoma"),
            *("benign keratosis", "dermatofibroma", "melanoma", "melanocytic nevus"),
            "vascular lesion",
        ),
    ),
    "pathmnist": (
        "a8b06965200029087d5bd730944a56c1",
        (
            *("adipose", "background", "debris", "lymphocytes", "mucus", "smooth muscle"),
            *("normal colon mucosa", "cancer-associated stroma", "colorectal adenocarcinoma"),
        ),
    ),
}

_ZENODO = "https://zenodo.org/record/6496656/files"


class Split(NamedTuple):
    """Images and what they show, as a position among the class names."""

    images: np.ndarray
    y_true: np.ndarray


class MedMnist(NamedTuple):
    """Small medical images in three splits, and the names of their classes."""

    train: Split
    validation: Split
    test: Split
    classes: tuple[str, ...]


def medmnist(name):
    """Medical images of 28×28 pixels: chest X-rays, blood cells, ultrasound, skin, tissue.

    Parameters
    ----------
    name : str
        One of `MEDMNIST`, such as ``"bloodmnist"`` or ``"pneumoniamnist"``.

    Returns
    -------
    MedMnist
        Each split has ``images`` uint8, (n, 28, 28) if gray or (n, 28, 28, 3), and ``y_true``
        (n,) int, as in the file: in ``"breastmnist"`` 0 is malignant.

    Raises
    ------
    DataUnavailable
        If the file (up to 206 MB) is not in the cache and cannot be downloaded.

    References
    ----------
    Yang et al. 2023, "MedMNIST v2 - A large-scale lightweight benchmark for 2D and 3D biomedical
    image classification", Sci Data 10:41 (CC BY 4.0). Its ResNet-18 classifies 0.854 of the test
    images of ``"pneumoniamnist"`` correctly and 0.958 of ``"bloodmnist"``.
    """
    as_choice(name, "name", MEDMNIST)
    known_hash, classes = MEDMNIST[name]
    url = f"{_ZENODO}/{name}.npz?download=1"
    path = fetch("medmnist", f"{name}.npz", url, f"md5:{known_hash}")
    with np.load(path, allow_pickle=False) as file:
        splits = (
            Split(file[f"{part}_images"], file[f"{part}_labels"].ravel().astype(int))
            for part in ("train", "val", "test")
        )
        return MedMnist(*splits, classes)
