"""Chest: X-rays of children, what radiologists said of others, and nodules in the lung."""

from typing import NamedTuple

import numpy as np

from ._shipped import arrays, pictures, table


class ChestXrays(NamedTuple):
    """Chest X-rays, the diagnosis of each, and whose they are."""

    images: np.ndarray
    y_true: np.ndarray
    kind: np.ndarray
    patient: np.ndarray


def chest_xrays():
    """624 chest X-rays of children of one to five years, 390 with pneumonia.

    The published test set of Kermany et al. The diagnosis was made by two expert physicians and
    checked by a third; how the children were chosen is not said, and the healthy may have been
    photographed on other occasions than the ill. Films were squeezed to squares, so proportions
    are lost. Some children have several films: the patient is the unit. Six films are in the set
    twice, one of them under two patients' names.

    Returns
    -------
    ChestXrays
        ``images`` (624, 144, 144) uint8; ``y_true`` (624,) int, 1 = pneumonia; ``kind`` (624,)
        str, ``"normal"`` (234), ``"bacteria"`` (242) or ``"virus"`` (148); ``patient`` (624,) str,
        427 names.

    References
    ----------
    Kermany et al. 2018, "Identifying medical diagnoses and treatable diseases by image-based deep
    learning", Cell 172:1122, doi 10.17632/rscbjbr9sj (CC BY 4.0).
    """
    rows = table("chest_xray/kermany_test624.csv")
    images = pictures(arrays("chest_xray/kermany_test624_144_jpeg.npz"))
    return ChestXrays(images, rows["pneumonia"], rows["kind"], rows["patient"])


class FiveRadiologists(NamedTuple):
    """How often five radiologists said something of the same films."""

    films: int
    by_reader: np.ndarray
    by_votes: np.ndarray


def nih_five_radiologists():
    """How often each of five radiologists called pneumonia on the same 810 chest X-rays.

    Returns
    -------
    FiveRadiologists
        ``films`` 810; ``by_reader`` (5,) int, the films that each called pneumonia; ``by_votes``
        (6,) int, on how many films nobody, one reader, two, … five said so. Counts, because the
        labels may not be passed on with this library.

    References
    ----------
    Nabulsi et al. 2021, "Deep learning for distinguishing normal versus abnormal chest radiographs
    and generalization to two unseen diseases tuberculosis and COVID-19", Sci Rep 11:15523; images
    of the NIH Clinical Center (Wang et al. 2017, CVPR).
    """
    return FiveRadiologists(810, np.array([13, 11, 28, 1, 20]), np.array([745, 57, 8, 0, 0, 0]))


class LungNodules(NamedTuple):
    """Nodules in computed tomograms, outlined and judged by four radiologists."""

    images: np.ndarray
    masks: np.ndarray
    malignancy: np.ndarray
    pixel_mm: np.ndarray
    patient: np.ndarray


def lung_nodules():
    """200 nodules in the lung, one a patient, each outlined and judged by four radiologists.

    The four are not the same persons throughout, and their order has no meaning: column 0 of one
    nodule and column 0 of the next are different people. Nodules that fewer than four outlined are
    not in this selection.

    Returns
    -------
    LungNodules
        ``images`` (200, 128, 128) uint8, cut from one slice at native pixels; ``masks``
        (200, 4, 128, 128) bool; ``malignancy`` (200, 4) int, from 1 highly unlikely to 5 highly
        suspicious; ``pixel_mm`` (200,) float; ``patient`` (200,) str. Malignancy is an opinion:
        no biopsy is known.

    References
    ----------
    Armato et al. 2011, "The Lung Image Database Consortium (LIDC) and Image Database Resource
    Initiative (IDRI)", Med Phys 38:915 (CC BY 3.0).
    """
    file = arrays("lidc/lidc_200.npz")
    rows = table("lidc/lidc_200_ratings.csv").reshape(200, 4)
    masks = np.unpackbits(file["masks_packed"], axis=-1).astype(bool)
    return LungNodules(
        file["images"], masks, rows["malignancy"], rows["pixel_mm"][:, 0], rows["patient_id"][:, 0]
    )
