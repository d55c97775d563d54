"""Photographs of the back of the eye."""

from typing import NamedTuple

import numpy as np
from PIL import Image

from ._shipped import shipped, table


class Retinas(NamedTuple):
    """Photographs of retinas, and the optic disc where two experts measured it."""

    images: np.ndarray
    names: tuple[str, ...]
    discs: np.ndarray


#: Side of a pixel of the originals in pixels here.
_SCALE = 526 / 3504


def healthy_retinas():
    """Eight healthy retinas; in three of them two experts measured the optic disc.

    Returns
    -------
    Retinas
        ``images`` (8, 351, 526, 3) uint8; ``names`` eight names of the originals; ``discs``
        (8, 2, 3) float: x, y and diameter by each expert, in pixels of ``images``, NaN where
        nobody measured. The fovea is not marked.

    References
    ----------
    Budai et al. 2013, "Robust vessel segmentation in fundus images", Int J Biomed Imaging
    2013:154860: the high-resolution fundus database HRF (CC BY 4.0).
    """
    rows = {row["image"]: row for row in table("retina/hrf_disc_two_experts.csv")}
    names = tuple(f"{number:02}_h" for number in (1, 2, 7, 10, 12, 13, 14, 15))
    images, discs = [], np.full((len(names), 2, 3), np.nan)
    for i, name in enumerate(names):
        with shipped(f"retina/hrf_{name}.jpg").open("rb") as file:
            images.append(np.asarray(Image.open(file)))
        if name in rows:
            columns = [[f"disc_{what}_{who}" for what in ("x", "y", "diameter")] for who in "ab"]
            discs[i] = [[rows[name][column] * _SCALE for column in expert] for expert in columns]
    return Retinas(np.stack(images), names, discs)
