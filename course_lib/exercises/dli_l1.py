"""Exercises of the chapter "L1: a simple network"."""

import itertools

import numpy as np

from ._exercise import Exercise, Misconception


def _softmax(z):
    # The largest logit becomes 0, so that no exponential overflows; the ratio stays the same.
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _log_softmax(z):
    with np.errstate(divide="ignore"):
        return np.log(_softmax(z))


def _softmax_unshifted(z):
    with np.errstate(over="ignore", invalid="ignore"):
        e = np.exp(z)
        return e / e.sum(axis=1, keepdims=True)


def _softmax_over(z, axis):
    e = np.exp(z - z.max())
    return e / e.sum(axis=axis, keepdims=True)


def _logit_cases(rng):
    cases = [(np.array([[2.0, 1.0, 0.0], [0.0, 0.0, 3.0]]),)]
    cases += [(rng.normal(0, 2, (n, k)),) for n, k in ((4, 10), (7, 3))]
    # Logits as a network that trained too long gives them.
    return [*cases, (rng.normal(0, 2, (3, 4)) + 1000.0 * rng.integers(1, 4),)]


def _cross_entropy(p, labels):
    return -np.mean([np.log(row[label]) for row, label in zip(p, labels, strict=True)])


def _probability_cases(rng):
    cases = [(np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]]), np.array([0, 1]))]
    for n, k in ((5, 10), (12, 3), (30, 4)):
        cases.append((rng.dirichlet(np.ones(k), n), rng.integers(0, k, n)))
    return cases


def _standardize(train, test):
    return (test - train.mean(axis=0)) / train.std(axis=0)


def _pooled(train, test):
    both = np.concatenate([train, test])
    return (test - both.mean(axis=0)) / both.std(axis=0)


def _feature_cases(rng):
    cases = []
    for n, m, features in ((20, 6, 2), (15, 4, 5), (40, 9, 3)):
        center, spread = rng.uniform(-50, 900, features), rng.uniform(5, 60, features)
        table = center + spread * rng.standard_normal((n + m, features))
        # The clinic of the test measures a little higher.
        table[n:] += 0.5 * spread
        cases.append((table[:n], table[n:]))
    return cases


def _parameters(sizes):
    total = 0
    for inputs, outputs in itertools.pairwise(sizes):
        total += inputs * outputs + outputs
    return total


def _weights(sizes):
    return sum(a * b for a, b in itertools.pairwise(sizes))


def _size_cases(rng):
    cases = [([64, 32, 10],), ([30, 8, 1],), ([784, 10],)]
    return cases + [([int(n) for n in rng.integers(2, 60, layers)],) for layers in (2, 3, 4, 5)]


def _network(weights):
    from torch import nn

    network = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))
    network.load_state_dict(weights)
    return network


def _epoch(weights, batches, lr, forget=True, first=lambda z: z, step_at_end=False):
    """The last layer's weights after one pass; the arguments make its typical mistakes."""
    import torch

    network = _network(weights)
    parameters = list(network.parameters())
    total = [torch.zeros_like(p) for p in parameters]
    for i, (x, y) in enumerate(batches):
        loss = torch.nn.functional.cross_entropy(first(network(x)), y)
        gradients = torch.autograd.grad(loss, parameters)
        kept = forget and not step_at_end
        total = [g if kept else t + g for t, g in zip(total, gradients, strict=True)]
        if not step_at_end or i == len(batches) - 1:
            with torch.no_grad():
                for p, gradient in zip(parameters, total, strict=True):
                    p -= lr * gradient
    return network[2].weight.detach()


def _after_one_epoch(weights, batches, lr):
    return _epoch(weights, batches, lr)


def _batch_cases(rng):
    """Weights, batches of unequal size, and rates at which every mistake shows."""
    import torch

    def tensor(*shape, scale=1.0):
        return torch.tensor(rng.normal(0, scale, shape), dtype=torch.float32)

    cases = []
    for sizes, lr in (((3, 3), 0.5), ((4, 4, 2), 0.25), ((6, 5, 3), 0.5), ((2, 4, 4, 1), 0.25)):
        weights = {
            "0.weight": tensor(5, 4),
            "0.bias": tensor(5) + 0.5,
            "2.weight": tensor(3, 5),
            "2.bias": tensor(3),
        }
        batches = [(tensor(n, 4), torch.tensor(rng.integers(0, 3, n))) for n in sizes]
        cases.append((weights, batches, lr))
    return cases


EXERCISES = (
    Exercise(
        id="dli_l1.softmax",
        title="From logits to probabilities",
        reference=_softmax,
        cases=_logit_cases,
        rtol=1e-3,  # single precision knows logits of thousands to 1e-4
        misconceptions=(
            Misconception(
                "overflow",
                _softmax_unshifted,
                "Right for small numbers, but exp(1000) is infinite and infinity divided by "
                "infinity is NaN. Subtract each row's largest logit first: the shares stay the "
                "same.",
            ),
            Misconception(
                "down_the_columns",
                lambda z: _softmax_over(z, 0),
                "These columns sum to 1. A row is one image, and its probabilities over the "
                "classes must sum to 1.",
            ),
            Misconception(
                "whole_table",
                lambda z: _softmax_over(z, None),
                "Here the whole table sums to 1, so that the images compete with each other. Each "
                "row sums to 1 for itself; `keepdims` keeps its sum a column.",
            ),
            Misconception(
                "no_exponential",
                lambda z: z / z.sum(axis=1, keepdims=True),
                "These shares can be negative or above 1, because logits can be negative. The "
                "exponential makes all of them positive before they are shared out.",
            ),
            Misconception(
                "twice",
                lambda z: _softmax(_softmax(z)),
                "This is the softmax of a softmax: probabilities stand where logits belong, and "
                "the shares come out too alike. Once is enough.",
            ),
            Misconception(
                "logarithm",
                _log_softmax,
                "These are the logarithms of the probabilities. Exponentiate them.",
            ),
        ),
    ),
    Exercise(
        id="dli_l1.cross_entropy",
        title="Cross-entropy",
        reference=_cross_entropy,
        cases=_probability_cases,
        misconceptions=(
            Misconception(
                "all_classes",
                lambda p, labels: -np.mean(np.log(p)),
                "This is the mean over the logarithms of every probability. Only the one given to "
                "the true class counts: pick one number from each row.",
            ),
            Misconception(
                "sum",
                lambda p, labels: _cross_entropy(p, labels) * len(labels),
                "That is the sum. Take the mean over the images, or the loss grows with the size "
                "of the batch.",
            ),
            Misconception(
                "sign",
                lambda p, labels: -_cross_entropy(p, labels),
                "The sign is missing: the logarithm of a probability is negative, and a loss is "
                "something to make small.",
            ),
            Misconception(
                "no_logarithm",
                lambda p, labels: 1 - np.mean(p[np.arange(len(labels)), labels]),
                "This is the mean of 1 - p. The logarithm is what makes a confident mistake "
                "expensive: p = 0.001 costs seven times as much as p = 0.37, not 1.6 times.",
            ),
            Misconception(
                "softmax_first",
                lambda p, labels: _cross_entropy(_softmax(p), labels),
                "This is the loss if p went through softmax again, as it does in torch's "
                "cross_entropy, which wants logits. The rows of p are probabilities already.",
            ),
            Misconception(
                "bits",
                lambda p, labels: _cross_entropy(p, labels) / np.log(2),
                "This is the loss in bits, with the logarithm to base 2. Here it is the natural "
                "one.",
            ),
        ),
    ),
    Exercise(
        id="dli_l1.after_one_epoch",
        title="The loop of one epoch",
        reference=_after_one_epoch,
        cases=_batch_cases,
        points=2,
        rtol=5e-5,
        uses=("torch",),
        misconceptions=(
            Misconception(
                "gradients_pile_up",
                lambda weights, batches, lr: _epoch(weights, batches, lr, forget=False),
                "These weights come out when the gradients of earlier batches are still there: "
                "`backward()` adds to them. `zero_grad` clears them before each "
                "`backward()`.",
            ),
            Misconception(
                "softmax_first",
                lambda weights, batches, lr: _epoch(
                    weights, batches, lr, first=lambda z: z.softmax(1)
                ),
                "These weights come out with a softmax before CrossEntropyLoss, which has one "
                "inside. It wants the logits: a second softmax makes all steps too small.",
            ),
            Misconception(
                "one_step_at_the_end",
                lambda weights, batches, lr: _epoch(weights, batches, lr, step_at_end=True),
                "This is a single step with the gradients of all batches together. "
                "`step` belongs inside of the loop: one step for each batch.",
            ),
            Misconception(
                "first_batch_alone",
                lambda weights, batches, lr: _epoch(weights, batches[:1], lr),
                "This is the state after the first batch. A `return` inside of the loop ends it "
                "there; an epoch goes through all batches.",
            ),
            Misconception(
                "last_batch_alone",
                lambda weights, batches, lr: _epoch(weights, batches[-1:], lr),
                "This is a step with the last batch alone, from the weights at the start. All "
                "lines of the step belong inside of the loop.",
            ),
            Misconception(
                "no_step",
                lambda weights, batches, lr: weights["2.weight"],
                "These are the weights from before the epoch. `backward()` only computes "
                "gradients; `step` changes the weights.",
            ),
        ),
    ),
    Exercise(
        id="dli_l1.standardize",
        title="Standardize without looking",
        reference=_standardize,
        cases=_feature_cases,
        rtol=1e-4,
        misconceptions=(
            Misconception(
                "own_statistics",
                lambda train, test: (test - test.mean(axis=0)) / test.std(axis=0),
                "This is the table scaled by the test patients' own mean and deviation. A single "
                "new patient has none, and a clinic that measures higher would become invisible. "
                "Use those of `train`.",
            ),
            Misconception(
                "pooled",
                _pooled,
                "This is the value for the statistics of training and test patients together. "
                "Then the test has helped to prepare the training: it leaks. Use those of `train` "
                "alone.",
            ),
            Misconception(
                "variance",
                lambda train, test: (test - train.mean(axis=0)) / train.var(axis=0),
                "This is the value divided by the variance, which has the unit squared. Divide by "
                "the standard deviation.",
            ),
            Misconception(
                "one_mean_for_all",
                lambda train, test: (test - train.mean()) / train.std(),
                "This is the value for one mean over all features. A radius in millimeters and an "
                "area in square millimeters need one each: say along which axis.",
            ),
            Misconception(
                "n_minus_one",
                lambda train, test: (test - train.mean(axis=0)) / train.std(axis=0, ddof=1),
                "This is the value for the deviation that divides by n - 1, as torch and pandas "
                "have it. Here it divides by n, as `np.std` does.",
            ),
        ),
    ),
    Exercise(
        id="dli_l1.parameters",
        title="How many numbers does it learn?",
        reference=_parameters,
        cases=_size_cases,
        misconceptions=(
            Misconception(
                "no_biases",
                _weights,
                "The biases are missing: each neuron of a layer, except of the input, has one.",
            ),
            Misconception(
                "input_has_biases",
                lambda sizes: _weights(sizes) + sum(sizes),
                "This number holds a bias for the inputs as well. They are pixels, not neurons.",
            ),
            Misconception(
                "neurons",
                lambda sizes: sum(sizes[1:]),
                "This is the number of neurons. Each of them has a weight for every output of the "
                "layer before it, and a bias.",
            ),
            Misconception(
                "product",
                lambda sizes: int(np.prod(sizes)),
                "This is the product of all sizes. Weights lie between neighboring layers only, "
                "so products of neighbors are added.",
            ),
        ),
    ),
)
