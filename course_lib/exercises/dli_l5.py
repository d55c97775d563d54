"""Exercises of the lab "Pretrained models and transfer learning"."""

import numpy as np

from ._exercise import Exercise, Misconception

_EPS = 1e-3


def _trainable(names, blocks):
    wanted = {f"blocks.{block}" for block in blocks}
    return [
        name
        for name in names
        if ".".join(name.split(".")[:2]) in wanted or name.split(".")[0] in ("head", "logits")
    ]


def _prefix(names, blocks):
    starts = (*(f"blocks.{block}" for block in blocks), "head", "logits")
    return [name for name in names if name.startswith(starts)]


def _frozen_instead(names, blocks):
    kept = _trainable(names, blocks)
    return [name for name in names if name not in kept]


def _blocks_only(names, blocks):
    return [name for name in _trainable(names, blocks) if name.startswith("blocks.")]


def _in_order_of_blocks(names, blocks):
    ordered = [name for block in blocks for name in _blocks_only(names, [block])]
    return ordered + _trainable(names, [])


def _name_cases(rng):
    """Blocks come in no order."""
    parts = ("expand.conv.weight", "depthwise.norm.bias", "project.conv.weight")
    names = ["stem.conv.weight", "stem.norm.weight"]
    names += [f"blocks.{block}.{parts[block % 3]}" for block in range(16)]
    names += ["head.conv.weight", "head.norm.bias", "logits.weight", "logits.bias"]
    drawn = [rng.choice(np.arange(2, 10), 3, replace=False).tolist() for _ in range(2)]
    return [(names, [15, 1, 14]), *((names, [*blocks, 1]) for blocks in drawn)]


def _normalize(x, gamma, beta, running_mean, running_var):
    scale = gamma / np.sqrt(running_var + _EPS)
    return x * scale + (beta - running_mean * scale)


def _norm_cases(rng):
    cases = []
    for n in (4, 3, 8):
        x = rng.normal(2, 3, (n, 5))
        cases.append((x, *rng.uniform(0.5, 2, (2, 5)), rng.normal(0, 1, 5), rng.uniform(0.5, 4, 5)))
    return cases


def _batch_statistics(x, gamma, beta, running_mean, running_var):
    return _normalize(x, gamma, beta, x.mean(0), x.var(0))


def _variance_as_sd(x, gamma, beta, running_mean, running_var):
    return gamma * (x - running_mean) / (running_var + _EPS) + beta


def _no_affine(x, gamma, beta, running_mean, running_var):
    return (x - running_mean) / np.sqrt(running_var + _EPS)


def _drift(running, batch_mean, momentum, batches):
    return batch_mean + (running - batch_mean) * (1 - momentum) ** batches


def _drift_cases(rng):
    fixed = [(0.0, 1.0, 0.01, 100), (2.0, -1.0, 0.1, 3)]
    drawn = [
        (
            float(rng.normal()),
            float(rng.normal() + 3),
            float(rng.uniform(0.02, 0.3)),
            int(rng.integers(2, 30)),
        )
        for _ in range(3)
    ]
    return fixed + drawn


def _swapped_momentum(running, batch_mean, momentum, batches):
    return _drift(running, batch_mean, 1 - momentum, batches)


def _linear_drift(running, batch_mean, momentum, batches):
    return running + batches * momentum * (batch_mean - running)


def _one_batch(running, batch_mean, momentum, batches):
    return _drift(running, batch_mean, momentum, 1)


def _layer_rates(layers, lr, decay):
    return lr * decay ** np.arange(layers - 1, -1, -1)


def _rate_cases(rng):
    drawn = [
        (int(rng.integers(4, 9)), float(rng.uniform(1e-4, 1e-2)), float(rng.uniform(0.3, 0.9)))
        for _ in range(3)
    ]
    return [(5, 1e-3, 0.5), *drawn]


EXERCISES = (
    Exercise(
        id="dli_l5.trainable",
        title="What shall learn",
        reference=_trainable,
        cases=_name_cases,
        misconceptions=(
            Misconception(
                "prefix",
                _prefix,
                "These names hold blocks that nobody asked for: 'blocks.14' starts with "
                "'blocks.1' too. Compare the whole part up to the next dot.",
            ),
            Misconception(
                "frozen_instead",
                _frozen_instead,
                "These are the names that stay frozen. Return the ones that learn.",
            ),
            Misconception(
                "without_head",
                _blocks_only,
                "The head and the logits are new: they always learn.",
            ),
            Misconception(
                "in_order_of_blocks",
                _in_order_of_blocks,
                "The right names in another order: keep the order in which they stand in `names`.",
            ),
        ),
    ),
    Exercise(
        id="dli_l5.normalize",
        title="Batch normalization, frozen",
        reference=_normalize,
        cases=_norm_cases,
        rtol=1e-5,
        misconceptions=(
            Misconception(
                "statistics_of_the_batch",
                _batch_statistics,
                "This is the value for the mean and variance of this batch: that is training "
                "mode. Then the answer for one patient depends on who else is in the batch.",
            ),
            Misconception(
                "variance_as_sd",
                _variance_as_sd,
                "This is the value divided by the variance. Divide by the standard deviation, its "
                "square root.",
            ),
            Misconception(
                "without_gamma_and_beta",
                _no_affine,
                "The learned scale and shift are missing: gamma multiplies what is normalized, "
                "beta is added.",
            ),
            Misconception(
                "without_constant",
                lambda x, gamma, beta, mean, var: gamma * (x - mean) / np.sqrt(var) + beta,
                "This is nearly right: the 0.001 that is added to the running variance is missing.",
            ),
            Misconception(
                "constant_outside",
                lambda x, gamma, beta, mean, var: gamma * (x - mean) / (np.sqrt(var) + _EPS) + beta,
                "This is the value with 0.001 added to the root. It is added to the variance, "
                "before the root.",
            ),
        ),
    ),
    Exercise(
        id="dli_l5.drift",
        title="How fast batch normalization forgets",
        reference=_drift,
        cases=_drift_cases,
        misconceptions=(
            Misconception(
                "momentum_swapped",
                _swapped_momentum,
                "This is the value if the new batch has the weight 1 - momentum. In PyTorch "
                "momentum is the weight of the *new* batch, so most of the old value stays.",
            ),
            Misconception(
                "straight_line",
                _linear_drift,
                "This is the value after the same step every time, which would overshoot. Each "
                "step covers a share of the way that is left.",
            ),
            Misconception(
                "one_batch",
                _one_batch,
                "That is the value after one batch. Repeat the update as often as there are "
                "batches.",
            ),
        ),
    ),
    Exercise(
        id="dli_l5.layer_rates",
        title="Gently below, boldly above",
        reference=_layer_rates,
        cases=_rate_cases,
        misconceptions=(
            Misconception(
                "upside_down",
                lambda layers, lr, decay: _layer_rates(layers, lr, decay)[::-1],
                "Here the first layer learns fastest. Edges and colors at the bottom are what "
                "shall be kept: the last layer gets the full rate.",
            ),
            Misconception(
                "one_step_too_many",
                lambda layers, lr, decay: _layer_rates(layers, lr, decay) * decay,
                "Here the last layer's rate is already multiplied once. It gets the full rate; "
                "the one below it is the first to be multiplied.",
            ),
            Misconception(
                "linear",
                lambda layers, lr, decay: lr * np.linspace(decay, 1, layers),
                "These rates go from the lowest to the full one in equal steps. Each layer has "
                "the rate of the one above it times the decay: multiply again and again.",
            ),
        ),
    ),
)
