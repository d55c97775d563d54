"""Handwritten characters of the world, to be recognized after one look."""

from typing import NamedTuple

import numpy as np

from ._shipped import arrays


class OneShotRuns(NamedTuple):
    """Tasks: which of the training characters is each test character?"""

    train: np.ndarray
    test: np.ndarray
    y_true: np.ndarray


def omniglot_runs():
    """The twenty one-shot runs of Lake et al.: twenty characters, each drawn once by two people.

    Returns
    -------
    OneShotRuns
        ``train`` and ``test`` (20, 20, 105, 105) bool, True is ink; ``y_true`` (20, 20) int, for
        each test character of a run the position of the same character in ``train``. People err on
        4.5 % of them, the modified Hausdorff distance on 38.8 %.

    References
    ----------
    Lake, Salakhutdinov & Tenenbaum 2015, "Human-level concept learning through probabilistic
    program induction", Science 350:1332 (MIT).
    """
    file = arrays("one_shot/omniglot_runs.npz")
    train, test = (
        np.unpackbits(file[part], axis=-1)[..., :105].astype(bool) for part in ("train", "test")
    )
    return OneShotRuns(train, test, file["answer"].astype(int))
