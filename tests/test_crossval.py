"""Out-of-fold scores: no case is scored by a network that has seen it."""

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from torch import nn

from course_lib.crossval import out_of_fold_scores


def small_network(features):
    return nn.Sequential(nn.Linear(features, 8), nn.ReLU(), nn.Linear(8, 1))


def linear(features):
    return nn.Linear(features, 1)


@pytest.fixture
def cases():
    """60 simulated cases, three features, of which the first tells."""
    rng = np.random.default_rng(0)
    y_true = np.arange(60) % 3 == 0
    X = rng.normal(size=(60, 3))
    X[:, 0] += 2 * y_true
    return X, y_true


def fold_of(y_true, folds, seed):
    splits = StratifiedKFold(folds, shuffle=True, random_state=seed).split(y_true, y_true)
    return [held_out for _, held_out in splits]


@pytest.mark.slow
def test_scores_are_probabilities_that_tell_the_classes_apart(cases):
    X, y_true = cases
    scores = out_of_fold_scores(X, y_true, small_network, epochs=40)
    assert scores.shape == (60,)
    assert scores.dtype == float
    assert ((scores >= 0) & (scores <= 1)).all()
    assert roc_auc_score(y_true, scores) > 0.8


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.slow
def test_labels_without_a_pattern_cannot_be_learned(seed):
    # A network that had seen its cases would know them by heart: 200 features, 60 cases.
    rng = np.random.default_rng(seed)
    X, y_true = rng.normal(size=(60, 200)), rng.permutation(np.arange(60) % 2)
    scores = out_of_fold_scores(X, y_true, small_network, epochs=60, seed=seed)
    assert 0.25 < roc_auc_score(y_true, scores) < 0.75


def test_a_case_influences_no_score_of_its_own_fold(cases):
    X, y_true = cases
    before = out_of_fold_scores(X, y_true, linear, epochs=5, seed=3)
    fold = fold_of(y_true, 5, 3)[2]
    spoiled = X.copy()
    spoiled[fold[0]] = 1e6
    after = out_of_fold_scores(spoiled, y_true, linear, epochs=5, seed=3)
    assert np.array_equal(before[fold[1:]], after[fold[1:]])
    others = np.setdiff1d(np.arange(60), fold)
    assert (before[others] != after[others]).all(), "it was in the training set of all others"


def test_each_fold_is_standardized_by_its_training_cases(cases):
    X, y_true = cases
    seen = []

    class Spy(nn.Linear):
        def forward(self, inputs):
            seen.append((self.training, inputs.detach().numpy().copy()))
            return super().forward(inputs)

    out_of_fold_scores(X, y_true, lambda features: Spy(features, 1), epochs=1)
    trained = [inputs for training, inputs in seen if training]
    scored = [inputs for training, inputs in seen if not training]
    assert len(trained) == len(scored) == 5
    for fold, inputs, held_out in zip(fold_of(y_true, 5, 0), trained, scored, strict=True):
        rest = np.delete(X, fold, axis=0)
        assert inputs == pytest.approx((rest - rest.mean(0)) / rest.std(0), abs=1e-5)
        assert held_out == pytest.approx((X[fold] - rest.mean(0)) / rest.std(0), abs=1e-5)


def test_every_case_is_scored_once_and_by_the_network_of_its_fold(cases):
    X, y_true = cases
    made = iter(range(10))

    class Constant(nn.Module):
        def __init__(self):
            super().__init__()
            self.logit = nn.Parameter(torch.tensor(float(next(made))))

        def forward(self, inputs):
            return self.logit.expand(len(inputs), 1)

    scores = out_of_fold_scores(X, y_true, lambda features: Constant(), folds=4, epochs=0)
    for number, fold in enumerate(fold_of(y_true, 4, 0)):
        assert scores[fold] == pytest.approx(1 / (1 + np.exp(-number)))
    assert next(made) == 4, "a new network for each fold"


def test_units_and_offsets_of_a_feature_do_not_matter(cases):
    X, y_true = cases
    here = out_of_fold_scores(X, y_true, linear, epochs=20)
    elsewhere = out_of_fold_scores(X * [1e-6, 1, 1e6] + [1, 1e7, -1e9], y_true, linear, epochs=20)
    assert elsewhere == pytest.approx(here, abs=1e-3)


def test_a_constant_feature_does_no_harm(cases):
    X, y_true = cases
    scores = out_of_fold_scores(np.c_[X, np.full(60, 12345.678)], y_true, linear, epochs=5)
    assert np.isfinite(scores).all()


def with_dropout(features):
    return nn.Sequential(nn.BatchNorm1d(features), nn.Dropout(0.5), nn.Linear(features, 1))


@pytest.mark.parametrize("make_network", [small_network, with_dropout])
def test_the_seed_decides_and_the_global_one_is_left_alone(cases, make_network):
    X, y_true = cases
    torch.manual_seed(1)
    first = out_of_fold_scores(X, y_true, make_network, epochs=5)
    state = torch.random.get_rng_state()
    torch.manual_seed(1)
    assert torch.equal(state, torch.random.get_rng_state())
    torch.manual_seed(2)
    assert np.array_equal(first, out_of_fold_scores(X, y_true, make_network, epochs=5))
    assert not np.array_equal(first, out_of_fold_scores(X, y_true, make_network, epochs=5, seed=1))


def test_a_left_out_case_is_scored_without_its_neighbors(cases):
    # In training mode the batch's own mean would be subtracted, and dropout be on.
    X, y_true = cases
    fold = fold_of(y_true, 5, 0)[0]
    before = out_of_fold_scores(X, y_true, with_dropout, epochs=5)
    spoiled = X.copy()
    spoiled[fold[0]] += 100
    after = out_of_fold_scores(spoiled, y_true, with_dropout, epochs=5)
    assert np.array_equal(before[fold[1:]], after[fold[1:]])


def test_inputs_are_left_as_they_were(cases):
    X, y_true = cases
    copies = X.copy(), y_true.copy()
    out_of_fold_scores(X, y_true, linear, epochs=1)
    assert np.array_equal(X, copies[0])
    assert np.array_equal(y_true, copies[1])


GOOD_X, GOOD_Y = np.arange(20.0).reshape(10, 2), np.arange(10) % 2
BAD = {
    "NaN": (np.where(GOOD_X == 3, np.nan, GOOD_X), GOOD_Y, {}, "X must be a finite"),
    "infinite": (np.where(GOOD_X == 3, np.inf, GOOD_X), GOOD_Y, {}, "X must be a finite"),
    "one feature, flat": (GOOD_X[:, 0], GOOD_Y, {}, r"X must be .* got shape \(10,\)"),
    "no cases": (np.empty((0, 2)), GOOD_Y, {}, r"X must be .* got shape \(0, 2\)"),
    "no features": (np.empty((10, 0)), GOOD_Y, {}, r"X must be .* got shape \(10, 0\)"),
    "text": ([["a", "b"]] * 10, GOOD_Y, {}, "X must hold numbers"),
    "None": (None, GOOD_Y, {}, "X must be a finite"),
    "lengths": (GOOD_X[:9], GOOD_Y, {}, "X has 9 and y_true has 10"),
    "three classes": (GOOD_X, np.arange(10) % 3, {}, "y_true must hold only 0 and 1"),
    "one class": (GOOD_X, np.ones(10), {}, "y_true must hold both classes"),
    "one fold": (GOOD_X, GOOD_Y, {"folds": 1}, "folds must lie between 2 and 5, .* got 1"),
    "too many folds": (GOOD_X, GOOD_Y, {"folds": 6}, "folds must lie between 2 and 5"),
    "half a fold": (GOOD_X, GOOD_Y, {"folds": 2.5}, "folds must be a whole number"),
}


@pytest.mark.parametrize(("X", "y_true", "more", "said"), BAD.values(), ids=BAD)
def test_bad_input_is_named(X, y_true, more, said):
    with pytest.raises(ValueError, match=said):
        out_of_fold_scores(X, y_true, linear, epochs=1, **more)
