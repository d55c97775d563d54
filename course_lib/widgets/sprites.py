"""Sprite sheets: many small pictures in one, which the front end shows tile by tile."""

import numpy as np
from PIL import Image
from skimage.transform import resize

from .._html import image_uri

#: No sheet is larger than this, so that a page loads on a phone.
MOST_BYTES = 150_000
_QUALITIES = (70, 60, 50, 40, 30, 20, 10)


def sheet(pictures, columns, size=None):
    """Pictures of one size as a WebP data URI, `columns` of them in a row.

    Parameters
    ----------
    pictures : sequence of array_like in [0, 1], shape (height, width, 3) or (height, width)
    columns : int
    size : (int, int), optional
        Height and width of a tile in pixels; by default that of the pictures.

    Returns
    -------
    str
        At the best quality that stays below `MOST_BYTES`.

    Raises
    ------
    ValueError
        If no quality does.
    """
    tiles = [_tile(picture, size) for picture in pictures]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[start : start + columns]) for start in range(0, len(tiles), columns)]
    picture = Image.fromarray(np.vstack(rows))
    for quality in _QUALITIES:
        text = image_uri(picture, "webp", quality=quality, method=4)
        if len(text) <= MOST_BYTES:
            return text
    raise ValueError(f"pictures must fit into {MOST_BYTES} bytes, but need {len(text)}.")


def _tile(picture, size):
    tile = np.asarray(picture, float)
    tile = tile if size is None else resize(tile, size, anti_aliasing=True)
    tile = np.repeat(tile[..., None], 3, axis=2) if tile.ndim == 2 else tile
    return np.rint(255 * tile.clip(0, 1)).astype(np.uint8)
