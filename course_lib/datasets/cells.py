"""Cells under the microscope, outlined by hand."""

from typing import NamedTuple

import numpy as np

from ._shipped import arrays


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
