"""A slice of a brain that looked at pictures."""

import gzip
from typing import NamedTuple

import numpy as np

from ._shipped import shipped


class HaxbySlice(NamedTuple):
    """One slice of a brain, recorded again and again while its owner looked at pictures."""

    X: np.ndarray
    labels: np.ndarray
    runs: np.ndarray
    mask: np.ndarray


def haxby_slice():
    """fMRI of one person looking at faces, houses, cats and five more kinds of pictures.

    Twelve runs, each with one block of 24 s of each category and rest in between; a volume every
    2.5 s. One slice of one subject of the study.

    Returns
    -------
    HaxbySlice
        ``X`` (1452, 530) float, the signal of each voxel in each volume; ``labels`` (1452,) str,
        what was shown, or ``"rest"``; ``runs`` (1452,) int, 0 to 11; ``mask`` (40, 20) bool, where
        in the slice the voxels lie: ``picture[mask] = X[i]``.

    References
    ----------
    Haxby et al. 2001, "Distributed and overlapping representations of faces and objects in ventral
    temporal cortex", Science 293:2425. The slice is from PyMVPA (CC BY-SA 3.0).
    """
    bold, mask = (_read_nifti(f"haxby_slice/{name}.nii.gz")[:, :, 0] for name in ("bold", "mask"))
    mask = mask > 0
    with shipped("haxby_slice/attributes_literal.txt").open(encoding="utf-8") as attributes:
        labels, runs = np.loadtxt(attributes, dtype=str, unpack=True)
    # (x, y, 1, volume) in the file
    volumes = np.moveaxis(bold, -1, 0)
    return HaxbySlice(volumes[:, mask].astype(float), labels, runs.astype(int), mask)


def _read_nifti(name):
    """The array in a compressed NIfTI-1 file of 16-bit integers, axes in the file's order.

    nibabel reads all dialects of the format. The two files here are fixed by their checksums, so
    the three header fields that they need do not justify a dependency.
    """
    raw = gzip.decompress(shipped(name).read_bytes())
    axes, *shape = np.frombuffer(raw, "<i2", count=8, offset=40)
    start = int(np.frombuffer(raw, "<f4", count=1, offset=108)[0])
    return np.frombuffer(raw, "<i2", offset=start).reshape(shape[:axes], order="F")
