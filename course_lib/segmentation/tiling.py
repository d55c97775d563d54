"""Images larger than memory: the overlap-tile strategy (U-Net paper, figure 2)."""

import itertools

import numpy as np

from .._validation import as_count


def predict_tiled(predict, image, core=256, margin=32, blend=16, out=None):
    """Predict an image tile by tile, without a seam.

    Each tile is a core with a margin of context around it; context that lies outside of the image
    is mirrored from inside. Only the core is kept, except that neighbors fade into each other
    across a strip of width `blend`. If no output pixel sees further than `margin` and tiles keep
    to the network's pooling grid, the result equals that of the whole image.

    Parameters
    ----------
    predict : callable
        From a float32 array (side, side), or (side, side, channels), to scores (classes, side,
        side), where ``side = core + 2 * margin + blend``.
    image : array_like, shape (height, width) or (height, width, channels)
        Any size and number type; read tile by tile, so it may be a ``numpy.memmap``. For pooling to
        fall on the same pixels in every tile, `core` and ``margin + blend // 2`` are multiples of
        ``2**depth``.
    core, margin, blend : int
        In pixels; `blend` is even and at most `core`.
    out : ndarray of float, shape (classes, height, width), optional
        Where to write, for example a memmap; filled anew. By default a new float32 array.

    Returns
    -------
    ndarray of float32, shape (classes, height, width)
        Never outside of the range of what `predict` returned: probabilities stay probabilities.

    Raises
    ------
    ValueError
        If the image is empty, of another shape or holds NaN or infinity (said with the place),
        or if `predict` returns another shape.
    """
    image = image if hasattr(image, "shape") else np.asarray(image)
    if len(image.shape) not in (2, 3) or 0 in image.shape:
        raise ValueError(
            "image must have the shape (height, width) or (height, width, channels), got "
            f"{tuple(image.shape)}."
        )
    core, margin, blend = _sizes(core, margin, blend)
    reach = margin + blend // 2
    side = core + 2 * reach
    size = image.shape[:2]
    lines = [_mirrored(length, core, reach) for length in size]
    scores, lowest, highest = None, np.inf, -np.inf
    for top, left in itertools.product(*(range(0, length, core) for length in size)):
        tile = _read(image, lines[0][top : top + side], lines[1][left : left + side])
        if not np.isfinite(tile).all():
            raise ValueError(
                f"image must be finite, but the tile at row {top}, column {left} contains NaN "
                "or infinity."
            )
        predicted = np.asarray(predict(tile))
        if predicted.ndim != 3 or predicted.shape[1:] != tile.shape[:2]:
            raise ValueError(
                f"predict must return (classes, {side}, {side}), got shape {predicted.shape}."
            )
        if scores is None:
            scores = _blank(out, (len(predicted), *size))
        down, across = (
            _fade(start, length, core, margin, blend)
            for start, length in zip((top, left), size, strict=True)
        )
        _add(scores, predicted * (down[:, None] * across), top - reach, left - reach)
        lowest = np.fmin(lowest, np.fmin.reduce(predicted, axis=None))
        highest = np.fmax(highest, np.fmax.reduce(predicted, axis=None))
    # Weights that add up to 1 but for rounding take a probability of 1 beyond 1.
    return np.clip(scores, lowest, highest, out=scores)


def _sizes(core, margin, blend):
    core, margin = as_count(core, "core", least=1), as_count(margin, "margin")
    blend = as_count(blend, "blend")
    if blend % 2 or blend > core:
        raise ValueError(f"blend must be even and at most core ({core}), got {blend}.")
    return core, margin, blend


def _mirrored(length, core, reach):
    """Indices of an axis from `reach` before its start to `reach` after its last tile."""
    return np.pad(np.arange(length), (reach, -length % core + reach), mode="reflect")


def _read(image, rows, columns):
    """The pixels at these rows and columns, as float32."""
    # The block that holds all of them first: a memmap reads that in one go.
    block = np.asarray(image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1])
    return block[np.ix_(rows - rows.min(), columns - columns.min())].astype(np.float32)


def _blank(out, shape):
    if out is None:
        return np.zeros(shape, np.float32)
    if out.shape != shape:
        raise ValueError(f"out must have the shape {shape}, got {out.shape}.")
    out[...] = 0
    return out


def _fade(start, length, core, margin, blend):
    """Weights along one side of a tile; those of neighbors add up to 1 at every pixel."""
    ramp = (np.arange(blend) + 0.5) / blend
    weights = np.concatenate([ramp, np.ones(core - blend), ramp[::-1]])
    # Where there is no neighbor, there is nothing to fade into.
    weights[:blend] = 1 if start == 0 else weights[:blend]
    weights[core:] = 1 if start + core >= length else weights[core:]
    return np.pad(weights, margin).astype(np.float32)


def _add(scores, tile, top, left):
    """Add a tile at that corner; what lies outside of the image is dropped."""
    side, (height, width) = tile.shape[-1], scores.shape[1:]
    rows = slice(max(top, 0), min(top + side, height))
    columns = slice(max(left, 0), min(left + side, width))
    scores[:, rows, columns] += tile[
        :, rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
    ]
