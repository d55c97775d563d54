"""Cells under the microscope, outlined or boxed by hand."""

from typing import NamedTuple

import numpy as np

from ._shipped import arrays, pictures, table


class Micrographs(NamedTuple):
    """Micrographs of one size and the cells in each."""

    images: np.ndarray
    labels: np.ndarray


def phase_contrast_cells():
    """50 phase-contrast micrographs of living T98G glioma cells, outlined by hand.

    Returns
    -------
    Micrographs
        ``images`` (50, 256, 256) float in [0, 1], contrast stretched; ``labels`` (50, 256, 256)
        int, 0 = background, one number a cell: 797 cells, 345 of which touch another.

    References
    ----------
    Tsai et al. 2019, "Usiigaci: instance-aware cell tracking in stain-free phase contrast
    microscopy enabled by machine learning", SoftwareX 9:230 (MIT).
    """
    file = arrays("cells/t98g_phase50.npz")
    return Micrographs(file["images"] / 255, file["labels"].astype(int))


def fluorescent_nuclei():
    """64 fluorescence micrographs of cell nuclei from the 2018 Data Science Bowl.

    Returns
    -------
    Micrographs
        ``images`` (64, 256, 256) float in [0, 1]; ``labels`` (64, 256, 256) int, 0 = background.
        Different experiments and magnifications; which micrographs come from the same one is not
        known.

    References
    ----------
    Caicedo et al. 2019, "Nucleus segmentation across imaging experiments: the 2018 Data Science
    Bowl", Nat Methods 16:1247 (BBBC038, CC0), masks with later corrections.
    """
    file = arrays("cells/dsb2018_fluo64.npz")
    return Micrographs(file["images"] / 255, file["labels"].astype(int))


class BloodSmears(NamedTuple):
    """Photographs of blood smears and the boxes that were drawn in them."""

    images: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray
    image_of: np.ndarray


def blood_smears():
    """160 photographs of blood smears with 2,134 boxes around cells.

    Who drew the boxes is not said. **Many red cells and some platelets have no box**: what looks
    like a false alarm may be a missing label.

    Returns
    -------
    BloodSmears
        ``images`` (160, 240, 320, 3) uint8; ``boxes`` (2134, 4) float, x1, y1, x2, y2 in pixels;
        ``labels`` (2134,) str, ``"RBC"``, ``"WBC"`` or ``"Platelets"``; ``image_of`` (2134,) int,
        the image in which the box lies.

    References
    ----------
    BCCD data set, Shenggan Chen, cosmicad and akshaylamba (MIT).
    """
    rows = table("cells/bccd_160_boxes.csv")
    boxes = np.stack([rows[side] for side in ("x1", "y1", "x2", "y2")], axis=1).astype(float)
    images = pictures(arrays("cells/bccd_160_jpeg.npz"))
    return BloodSmears(images, boxes, rows["label"], rows["index"])
