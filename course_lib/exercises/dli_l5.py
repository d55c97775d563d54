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


def _learning(features, hidden, labels):
    classes = int(np.max(labels)) + 1
    return features * hidden + hidden + hidden * classes + classes


def _size_cases(rng):
    """The workshop's sizes first; no case may be told from another by its number of images."""
    cases = [(4096, 500, np.array([0, 3, 5, 1, 2, 4, 5, 0]))]
    for classes in (2, 4, 7):
        labels = rng.permutation(np.r_[np.arange(classes), rng.integers(classes, size=9)])
        cases.append((int(rng.integers(20, 90)), int(rng.integers(5, 20)), labels))
    return cases


def _with_outputs(outputs):
    """The answer for another number of outputs."""

    def answer(features, hidden, labels):
        n = outputs(labels)
        return features * hidden + hidden + hidden * n + n

    return answer


def _accuracy(logits, y):
    return float(np.mean((logits > 0) == (y > 0.5)))


def _logit_cases(rng):
    """Some logits between 0 and one half, and no two ways to count that agree."""
    cases = []
    while len(cases) < 3:
        n = (12, 30, 25)[len(cases)]
        y = rng.integers(0, 2, (n, 1)).astype(float)
        logits = rng.normal(0.2, 0.8, (n, 1)) + 1.2 * (y - 0.5)
        middle = rng.random((n, 1)) < 0.3
        logits = np.where(middle, rng.uniform(0.05, 0.45, (n, 1)), logits)
        right = _accuracy(logits, y)
        # Nor does a constant.
        ways = (
            *(0.0, 0.5, 1.0, y.mean()),
            right,
            1 - right,
            _border_at_half(logits, y),
            _broadcast(logits, y),
            (logits > 0).mean(),
        )
        if len(set(np.round(ways, 6))) == len(ways):
            cases.append((logits, y))
    return cases


def _border_at_half(logits, y):
    return float(np.mean((logits > 0.5) == (y > 0.5)))


def _broadcast(logits, y):
    return float(np.mean((logits > 0) == (y > 0.5).ravel()))


def _new_end(weights, batches, lr):
    return _after_an_epoch(weights, batches, lr)


_OLD, _END = ("0.0.weight", "0.0.bias"), ("1.weight", "1.bias")


def _after_an_epoch(weights, batches, lr, moves=_END, last=lambda z: z, adds_up=False):
    """Weights of the old first layer and of the new end if the parameters in `moves` learn."""
    import torch

    w, so_far = {name: value.clone().requires_grad_() for name, value in weights.items()}, {}
    for x, y in batches:
        hidden = (x @ w["0.0.weight"].T + w["0.0.bias"]).relu()
        z = hidden @ w["1.weight"].T + w["1.bias"]
        loss = torch.nn.functional.cross_entropy(last(z), y)
        gradients = torch.autograd.grad(loss, list(w.values()))
        with torch.no_grad():
            for (name, value), gradient in zip(w.items(), gradients, strict=True):
                so_far[name] = gradient + so_far.get(name, 0) * adds_up
                value -= lr * so_far[name] * (name in moves)
    return w["0.0.weight"].detach(), w["1.weight"].detach()


def _end_cases(rng):
    import torch

    def tensor(*shape):
        return torch.tensor(rng.normal(size=shape), dtype=torch.float32)

    cases = []
    for sizes, lr in (((3, 3), 0.5), ((4, 4, 2), 0.25), ((6, 5, 3), 0.5)):
        weights = dict(
            zip(_OLD + _END, (tensor(5, 4), tensor(5) + 0.5, tensor(3, 5), tensor(3)), strict=True)
        )
        batches = [(tensor(n, 4), torch.tensor(rng.integers(0, 3, n))) for n in sizes]
        cases.append((weights, batches, lr))
    return cases


def _gradients(features, head, x, y, mean=True):
    """Of the mean (or summed) squared error of ``x @ features @ head``."""
    slope = 2 * (x @ features @ head - y) / (len(y) if mean else 1)
    return np.outer(x.T @ slope, head), features.T @ x.T @ slope


def _fine_tune_step(features, head, x, y, lr):
    to_features, to_head = _gradients(features, head, x, y)
    return features - lr * to_features, head - lr * to_head


def _step_cases(rng):
    cases = []
    for n, inputs, hidden in ((6, 3, 2), (9, 4, 3), (5, 2, 4)):
        features, head = rng.normal(size=(inputs, hidden)), rng.normal(size=hidden)
        x, y = rng.normal(size=(n, inputs)), rng.normal(size=n)
        cases.append((features, head, x, y, float(rng.choice([0.01, 0.02, 0.05]))))
    return cases


def _only_head(features, head, x, y, lr):
    return features, _fine_tune_step(features, head, x, y, lr)[1]


def _only_features(features, head, x, y, lr):
    return _fine_tune_step(features, head, x, y, lr)[0], head


def _summed(features, head, x, y, lr):
    to_features, to_head = _gradients(features, head, x, y, mean=False)
    return features - lr * to_features, head - lr * to_head


def _one_after_the_other(features, head, x, y, lr):
    features = _fine_tune_step(features, head, x, y, lr)[0]
    return features, _fine_tune_step(features, head, x, y, lr)[1]


EXERCISES = (
    Exercise(
        id="dli_l5.learning",
        title="How many numbers learn",
        reference=_learning,
        cases=_size_cases,
        misconceptions=(
            Misconception(
                "last_label_as_outputs",
                _with_outputs(lambda labels: int(np.max(labels))),
                "This counts as many outputs as the largest label. Labels start at 0: six classes "
                "have the labels 0 to 5 and need six outputs, or 'target 5 is out of bounds'.",
            ),
            Misconception(
                "one_output_an_image",
                _with_outputs(len),
                "This counts one output for each image. There is one for each class, whatever the "
                "number of images.",
            ),
            Misconception(
                "one_output",
                _with_outputs(lambda labels: 1),
                "This counts one output, which is enough for two classes and one logit. Here it "
                "is one for each class.",
            ),
            Misconception(
                "without_biases",
                lambda f, h, labels: f * h + h * (int(np.max(labels)) + 1),
                "These are the weights. Each output of a layer has a bias too, and it learns.",
            ),
            Misconception(
                "last_layer_alone",
                lambda f, h, labels: (h + 1) * (int(np.max(labels)) + 1),
                "This is the last layer. The one before it, from features to hidden, is new too.",
            ),
        ),
    ),
    Exercise(
        id="dli_l5.new_end",
        title="Freeze, and train the new end",
        reference=_new_end,
        cases=_end_cases,
        points=2,
        rtol=5e-5,
        uses=("torch",),
        misconceptions=(
            Misconception(
                "nothing_frozen",
                lambda weights, batches, lr: _after_an_epoch(weights, batches, lr, _OLD + _END),
                "The old layer has moved, as if nothing were frozen. `requires_grad_(False)` has "
                "an underscore; without it a name is set that nobody reads.",
            ),
            Misconception(
                "end_frozen_too",
                lambda weights, batches, lr: _after_an_epoch(weights, batches, lr, ()),
                "Neither has moved, as if the new end were frozen as well, or unknown to the "
                "optimizer. Freeze the old part alone, and give the end's parameters to the "
                "optimizer.",
            ),
            Misconception(
                "gradients_add_up",
                lambda weights, batches, lr: _after_an_epoch(weights, batches, lr, adds_up=True),
                "The old layer is frozen, as it should be. These are the end's weights if each "
                "batch adds its gradient to those before: `zero_grad()` clears them.",
            ),
            Misconception(
                "old_part_alone",
                lambda weights, batches, lr: _after_an_epoch(weights, batches, lr, _OLD),
                "The old layer has moved and the new end has not: it is the other way round.",
            ),
            Misconception(
                "softmax_first",
                lambda weights, batches, lr: _after_an_epoch(
                    weights, batches, lr, last=lambda z: z.softmax(1)
                ),
                "The old layer is frozen, as it should be. The end's weights come out with a "
                "softmax before CrossEntropyLoss, which has one inside.",
            ),
        ),
    ),
    Exercise(
        id="dli_l5.accuracy",
        title="Accuracy from logits",
        reference=_accuracy,
        cases=_logit_cases,
        misconceptions=(
            Misconception(
                "border_at_half",
                _border_at_half,
                "This is the share with the border at a logit of 0.5. P = 0.5 is a logit of 0.",
            ),
            Misconception(
                "shapes",
                _broadcast,
                "This is a mean over all pairs of an answer and a label: (n, 1) beside (n,) makes "
                "(n, n). Compare arrays of the same shape.",
            ),
            Misconception(
                "wrong_share",
                lambda logits, y: 1 - _accuracy(logits, y),
                "This is the share of wrong answers.",
            ),
            Misconception(
                "said_yes",
                lambda logits, y: float(np.mean(logits > 0)),
                "This is how often the model says yes, right or wrong.",
            ),
        ),
    ),
    Exercise(
        id="dli_l5.fine_tune_step",
        title="One step after unfreezing",
        reference=_fine_tune_step,
        cases=_step_cases,
        rtol=1e-4,
        uses=("np", "torch"),
        misconceptions=(
            Misconception(
                "features_frozen",
                _only_head,
                "The head has moved, the features have not: they are still frozen, or the "
                "optimizer does not know them. An optimizer moves what it was given when it was "
                "made, so after unfreezing it takes a new one.",
            ),
            Misconception(
                "head_forgotten",
                _only_features,
                "The features have moved, the head has not. The new optimizer needs both.",
            ),
            Misconception(
                "summed_error",
                _summed,
                "This is the step for the *sum* of the squared errors. Their mean makes it "
                "smaller by the number of rows.",
            ),
            Misconception(
                "uphill",
                lambda features, head, x, y, lr: _fine_tune_step(features, head, x, y, -lr),
                "This step goes uphill: the error becomes larger. Descent subtracts the gradient.",
            ),
            Misconception(
                "one_after_the_other",
                _one_after_the_other,
                "The head was moved by the gradient at the *new* features. One step of one "
                "optimizer takes both gradients at the same place.",
            ),
            Misconception(
                "gradients",
                lambda features, head, x, y, lr: _gradients(features, head, x, y),
                "These are the gradients. Return the features and the head after the step.",
            ),
        ),
    ),
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
)
