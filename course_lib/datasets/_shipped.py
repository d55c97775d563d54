"""Read the data sets that ship with the library, in ``course_lib/data``."""

import io
from importlib.resources import files

import numpy as np
from PIL import Image


def shipped(name):
    """Where a file of ``course_lib/data`` lies, e.g. ``"ecg/code_test_readers.csv"``."""
    return files("course_lib") / "data" / name


def table(name):
    """A CSV file as a record array: ``table(name)["age"]`` is a column."""
    with shipped(name).open(encoding="utf-8") as file:
        # deletechars: a column may be called 1dAVb.
        return np.genfromtxt(
            file, delimiter=",", names=True, dtype=None, encoding="utf-8", deletechars=""
        )


def arrays(name):
    """The arrays of an ``.npz`` file by name."""
    with shipped(name).open("rb") as file, np.load(file, allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files}


def pictures(packed):
    """Pictures that lie one behind the other as JPEG files, decoded.

    Parameters
    ----------
    packed : dict
        ``jpeg`` uint8, all bytes; ``offsets`` (n + 1,) int: picture i is
        ``jpeg[offsets[i] : offsets[i + 1]]``.

    Returns
    -------
    ndarray of uint8, shape (n, height, width) or (n, height, width, 3)
    """
    ends = zip(packed["offsets"][:-1], packed["offsets"][1:], strict=True)
    raw = (packed["jpeg"][start:end].tobytes() for start, end in ends)
    return np.stack([np.asarray(Image.open(io.BytesIO(picture))) for picture in raw])
