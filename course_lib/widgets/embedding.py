"""Embedding explorer: a map of pictures, the nearest neighbors of one, and a threshold to move."""

import numpy as np
from sklearn.manifold import TSNE

from .._html import table
from .._validation import as_features, as_position, as_scores, as_vector, same_length
from ..embedding import squared_distances
from .base import CourseWidget
from .sprites import sheet

_FEWEST, _MOST = 8, 160
_NEIGHBORS = 6
_COLUMNS = 16
#: Squared distances in hundredths: whole numbers are small on the page and compare exactly.
_THRESHOLDS = np.arange(0, 205, 5)


class EmbeddingExplorer(CourseWidget):
    """Choose a picture on a map; who is near, and whom does the threshold accept?

    The map is drawn by t-SNE (van der Maaten & Hinton 2008, J Mach Learn Res 9:2579), which keeps
    neighborhoods and distorts everything else. Neighbors and the threshold use the distances in
    the embedding itself, rounded to hundredths.

    Parameters
    ----------
    embeddings : array_like, shape (n, k)
        8 to 160 of them.
    y_true : array_like, shape (n,)
        At least two classes, one of them twice.
    images : array_like in [0, 1], shape (n, height, width)
    names : sequence of str, length n
        What a screen reader says for each picture.
    selected : int
        The picture that is chosen at the start.
    threshold : float in [0, 2]
        Squared distance at the start; the nearest position is taken.
    """

    front_end = "embedding.js"
    label = "Embedding explorer"

    def __init__(self, embeddings, y_true, images, names, *, selected=0, threshold=0.5):
        z, y = as_features(embeddings, "embeddings"), as_vector(y_true, "y_true")
        images, names = np.asarray(images), [str(name) for name in names]
        same_length(embeddings=z, y_true=y, images=images, names=names)
        if not _FEWEST <= len(z) <= _MOST:
            raise ValueError(
                f"embeddings must hold {_FEWEST} to {_MOST} pictures to draw a map, got {len(z)}."
            )
        hundredths = np.rint(100 * squared_distances(z, z)).astype(int)
        first, second = np.triu_indices(len(z), k=1)
        same, d = y[first] == y[second], hundredths[first, second]
        if same.all() or not same.any():
            raise ValueError("y_true must hold at least two classes, one of them at least twice.")
        _, code = np.unique(y, return_inverse=True)
        x, height = _map(z)
        others = hundredths + (1 + hundredths.max()) * np.eye(len(z), dtype=int)
        [start] = as_scores([threshold], "threshold")
        super().__init__(
            data={
                "pictures": sheet(images, _COLUMNS),
                "columns": _COLUMNS,
                "names": names,
                "classes": code.tolist(),
                "x": x.round(3).tolist(),
                "y": height.round(3).tolist(),
                "distances": hundredths.tolist(),
                "neighbors": np.argsort(others, axis=1, kind="stable")[:, :_NEIGHBORS].tolist(),
                "thresholds": _THRESHOLDS.tolist(),
                "true_accept": [round(float(np.mean(d[same] <= t)), 7) for t in _THRESHOLDS],
                "false_accept": [round(float(np.mean(d[~same] <= t)), 7) for t in _THRESHOLDS],
            },
            state={
                "selected": as_position(selected, len(z), "selected"),
                "threshold": int(np.abs(_THRESHOLDS - 100 * start).argmin()),
            },
        )

    def hashed(self):
        # What a network computed differs between processors in its last digits.
        return {key: self.data[key] for key in ("names", "classes", "thresholds")}

    def fallback(self):
        rows = [
            (f"{t / 100:.2f}", f"{true:.1%}", f"{false:.1%}")
            for t, true, false in zip(
                *(self.data[key][::4] for key in ("thresholds", "true_accept", "false_accept")),
                strict=True,
            )
        ]
        return table(
            ("squared distance ≤", "same accepted", "strangers accepted"),
            rows,
            f"Pairs of {len(self.data['names'])} pictures; their map needs scripts",
        )


def _map(z):
    """Two-dimensional coordinates in [0, 1] that keep neighbors near each other."""
    # Wide neighborhoods spread the families out, so that their pictures do not cover each other.
    perplexity = min(35, (len(z) - 1) / 3)
    flat = TSNE(perplexity=perplexity, init="pca", random_state=0).fit_transform(z)
    low, high = flat.min(axis=0), flat.max(axis=0)
    return ((flat - low) / np.where(high > low, high - low, 1)).T
