"""Scores for every case from a network that never saw it."""

import numpy as np
import torch
from sklearn.model_selection import StratifiedKFold
from torch.nn.functional import binary_cross_entropy_with_logits

from ._validation import as_binary, as_count, both_classes, same_length


def out_of_fold_scores(X, y_true, make_network, *, folds=5, epochs=150, lr=0.02, seed=0):
    """Train on all folds but one, score the one that was left out; repeat for each fold.

    Features are standardized with the training folds' mean and standard deviation, because the
    left-out cases must not influence anything that the network sees.

    Parameters
    ----------
    X : array_like, shape (n, features)
        Finite numbers.
    y_true : array_like of {0, 1}, shape (n,)
    make_network : callable
        ``make_network(features)`` returns an untrained module from (m, features) to (m, 1) logits.
    folds, epochs : int
        Stratified folds, at least 2; passes of Adam over the whole training set.
    lr : float
        Adam's learning rate.
    seed : int
        Of the folds, of the initial weights and of dropout.

    Returns
    -------
    ndarray of float, shape (n,)
        Estimated P(disease) of each case.

    Raises
    ------
    ValueError
        If X is not a finite table of numbers with a row a case, y_true holds anything but both
        0 and 1, or a class has fewer cases than there are folds.
    """
    X, y_true = _features(X), as_binary(y_true, "y_true")
    same_length(X=X, y_true=y_true)
    both_classes(y_true)
    rarer = min(np.count_nonzero(y_true), np.count_nonzero(~y_true))
    if not 2 <= as_count(folds, "folds") <= rarer:
        raise ValueError(
            f"folds must lie between 2 and {rarer}, the cases of the rarer class, got {folds}."
        )
    scores = np.empty(len(y_true))
    splits = StratifiedKFold(folds, shuffle=True, random_state=seed).split(X, y_true)
    for fold, (seen, held_out) in enumerate(splits):
        mean, sd = X[seen].mean(0), X[seen].std(0)
        sd[sd == 0] = 1  # a feature that does not vary
        inputs = torch.from_numpy(((X - mean) / sd).astype(np.float32))
        targets = torch.from_numpy(y_true[seen].astype(np.float32))[:, None]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed * 1000 + fold)
            network = make_network(X.shape[1])
            optimizer = torch.optim.Adam(network.parameters(), lr=lr, weight_decay=1e-3)
            for _ in range(epochs):
                loss = binary_cross_entropy_with_logits(network(inputs[seen]), targets)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        # Dropout off, and no batch statistics of the left-out cases.
        network.eval()
        with torch.no_grad():
            scores[held_out] = torch.sigmoid(network(inputs[held_out]))[:, 0].numpy()
    return scores


def _features(X):
    try:
        table = np.asarray(X, dtype=float)
    except (ValueError, TypeError) as error:
        raise ValueError(f"X must hold numbers: {error}.") from error
    if table.ndim != 2 or not table.size or not np.isfinite(table).all():
        raise ValueError(f"X must be a finite (n, features) array, got shape {table.shape}.")
    return table
