"""Larger sets, fetched once from a fixed address and checked."""

import csv
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


#: The address of the expert labels at one commit, and the checksum of each file.
_NIH = (
    "https://raw.githubusercontent.com/iachas/nih-chest-xray-labels/"
    "e5597f2abc6c8dcb0fb6e4884720cd5965e2ddd4/all_findings_expert_labels"
)
_NIH_SHA256 = {
    "test_individual_readers.csv": (
        "e6193ea748d66857ea2db11765c961eb1f8b21829df73dc9dfc11e9c63caa16c"
    ),
    "test_labels.csv": "2602080132c8a2366ff428adfef98b79c809f5be8cfcde9cc237c62561c7ae40",
}
_NIH_KEYS = ("Image ID", "Patient ID", "Reader ID")


class ExpertLabels(NamedTuple):
    """What five radiologists said of the same chest X-rays."""

    findings: tuple[str, ...]
    votes: np.ndarray
    y_true: np.ndarray
    image: np.ndarray
    patient: np.ndarray
    readers: tuple[str, ...]


def nih_expert_labels():
    """810 chest X-rays of 532 patients, each read by the same five radiologists for 16 findings.

    The whole of what `nih_five_radiologists` counts. The labels are for research and education
    only and may not be passed on with this library, so they are fetched from a copy of Google's
    release. The reference standard is the majority of the last three readers: they are part of it,
    and whoever compares one of them with it finds that reader too good. Some patients have several
    films: the patient is the unit. The films themselves are not included.

    Returns
    -------
    ExpertLabels
        ``findings`` 16 names, the first ``"Abnormal"``, then 14 findings, then ``"Other"``;
        ``votes`` (810, 5, 16) bool; ``y_true`` (810, 16) bool, the reference standard, where
        ``"Other"`` is also True if most called the film abnormal but no finding had a majority;
        ``image`` (810,) str, names of the files of ChestX-ray14; ``patient`` (810,) str;
        ``readers`` five numbers.

    Raises
    ------
    DataUnavailable
        If the two files (0.4 MB) are not in the cache and cannot be downloaded.

    References
    ----------
    Nabulsi et al. 2021, "Deep learning for distinguishing normal versus abnormal chest radiographs
    and generalization to two unseen diseases tuberculosis and COVID-19", Sci Rep 11:15523; images
    of the NIH Clinical Center, nihcc.app.box.com/v/ChestXray-NIHCC (Wang et al. 2017, CVPR).
    """
    judged, decided = (
        _nih_rows(fetch("nih_expert_labels", file, f"{_NIH}/{file}", f"sha256:{known_hash}"))
        for file, known_hash in _NIH_SHA256.items()
    )
    judged.sort(key=lambda row: (row["Image ID"], row["Reader ID"]))
    decided.sort(key=lambda row: row["Image ID"])
    findings = tuple(name for name in decided[0] if name not in _NIH_KEYS)
    # The readers' file says 1 and 0 of a film as a whole, and YES and NO of everything else.
    votes, y_true = (
        np.array([[row[name] in ("YES", "1") for name in findings] for row in rows])
        for rows in (judged, decided)
    )
    image, patient = np.array([[row["Image ID"], row["Patient ID"]] for row in decided]).T
    readers = tuple(sorted({row["Reader ID"] for row in judged}))
    votes = votes.reshape(len(decided), len(readers), len(findings))
    return ExpertLabels(findings, votes, y_true, image, patient, readers)


def _nih_rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
