"""Exercises of the chapter "L2: training"."""

import numpy as np

from ._exercise import Exercise, Misconception


def _residual_gradient(w, X, y):
    """Gradient of half the squared error, summed over the cases."""
    return X.T @ (X @ w - y)


def _gradient_step(w, X, y, lr):
    return w - lr * 2 / len(y) * _residual_gradient(w, X, y)


def _regression_cases(rng):
    X, y = np.array([[1.0], [2.0], [3.0]]), np.array([2.0, 4.0, 6.0])
    cases = [(np.array([0.0]), X, y, 0.1)]
    for n, features in ((5, 2), (12, 3), (30, 6)):
        X = rng.normal(size=(n, features))
        cases.append(
            (rng.normal(size=features), X, rng.normal(size=n), float(rng.uniform(0.01, 1)))
        )
    return cases


def _image(row):
    side = int(np.sqrt(len(row) - 1))
    return np.reshape(row[1:], (1, side, side)) / 255


def _label(row):
    return int(row[0]), "torch.int64"


def _table_row(row):
    return (_image(row), *_label(row))


def _row_cases(rng):
    """Pixels above every label, and none of them white."""
    return [
        (np.append(float(label), rng.integers(20, 250, side * side)),)
        for side, label in zip((2, 3, 4, 3), (1, *rng.permutation(9)[:3] + 2), strict=True)
    ]


def _deal(numbers, batch_size, seed, again=False, drop=False):
    """Two epochs of a loader; without a seed it does not shuffle."""
    from torch import Generator, cat, stack
    from torch.utils.data import DataLoader

    def loader():
        chance = None if seed is None else Generator().manual_seed(seed)
        shuffle = seed is not None
        return DataLoader(numbers, batch_size, shuffle=shuffle, generator=chance, drop_last=drop)

    first = loader()
    epochs = [list(first), list(loader() if again else first)]
    return stack([cat(batches) for batches in epochs]), [len(batch) for batch in epochs[0]]


def _two_epochs(numbers, batch_size, seed):
    return _deal(numbers, batch_size, seed)


def _dealing_cases(rng):
    sizes = ((7, 3), (11, 4), (14, 4), (9, 2))
    return [
        ([int(i) for i in rng.choice(np.arange(100, 900), n, replace=False)], size, seed)
        for (n, size), seed in zip(sizes, rng.integers(50, 10**6, 4).tolist(), strict=True)
    ]


def _right(batch):
    logits, labels = batch
    return np.argmax(logits, axis=1) == labels


def _epoch_accuracy(batches):
    right = sum(np.count_nonzero(_right(batch)) for batch in batches)
    return right / sum(len(labels) for _, labels in batches)


def _epoch_cases(rng):
    """The last batch is smaller, and worse or better than the others."""

    def share(hits, sizes):
        return round(sum(hits) / sum(sizes), 9)

    def mean(hits, sizes):
        return round(sum(k / n for k, n in zip(hits, sizes, strict=True)) / len(sizes), 9)

    cases = []
    for sizes, right, classes in (((4, 3), (3, 1), 3), ((5, 5, 2), None, 4), ((7, 7, 4), None, 5)):
        hits = right
        while hits is None or len({share(hits, sizes), mean(hits, sizes), 0.5}) < 3:
            hits = [int(rng.integers(1, n)) for n in sizes]
        batches = []
        for n, k in zip(sizes, hits, strict=True):
            labels = rng.integers(0, classes, n)
            logits = rng.normal(size=(n, classes))
            shown = np.where(rng.permutation(n) < k, labels, (labels + 1) % classes)
            logits[np.arange(n), shown] += 9
            batches.append((logits, labels))
        cases.append((batches,))
    return cases


def _early_stopping(losses, patience):
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        if epoch - best >= patience:
            break
    return best


def _equal_is_better(losses, patience):
    best = 0
    for epoch, loss in enumerate(losses):
        if loss <= losses[best]:
            best = epoch
        if epoch - best >= patience:
            break
    return best


def _stopped_at(losses, patience):
    best = _early_stopping(losses, patience)
    return min(best + patience, len(losses) - 1)


def _rises_in_a_row(losses, patience):
    """Wrong: compares with the epoch before instead of with the best one."""
    rises = 0
    for epoch in range(1, len(losses)):
        rises = rises + 1 if losses[epoch] >= losses[epoch - 1] else 0
        if rises == patience:
            return epoch - patience
    return int(np.argmin(losses))


_STOPPING = (
    _early_stopping,
    _stopped_at,
    lambda losses, patience: int(np.argmin(losses)),
    _rises_in_a_row,
    lambda losses, patience: _early_stopping(losses, 1),
)


def _stopping_cases(rng):
    cases = [
        (np.array([1.0, 0.7, 0.5, 0.6, 0.55, 0.8, 0.4]), 3),
        # A better loss comes just in time, then the best again, and a better one too late.
        (np.array([0.9, 0.8, 0.85, 0.875, 0.825, 0.625, 0.75, 0.625, 0.75, 0.7, 0.5, 0.6]), 4),
    ]
    while len(cases) < 6:
        epochs = np.arange(30)
        # Falls, rises with the over-fit, and falls once more when it is too late.
        losses = 0.3 + np.exp(-epochs / 4) + 0.02 * epochs - 0.06 * np.maximum(epochs - 20, 0)
        losses = (losses + 0.08 * rng.standard_normal(30)).round(3)
        case = (losses, int(rng.integers(3, 6)))
        if len({function(*case) for function in _STOPPING}) == len(_STOPPING):
            cases.append(case)
    # Without the late fall: the end comes before the patience is used up.
    return [*cases, (np.array([0.9, 0.8, 0.6, 0.5]), 2)]


EXERCISES = (
    Exercise(
        id="dli_l2.gradient_step",
        title="One step downhill",
        reference=_gradient_step,
        cases=_regression_cases,
        misconceptions=(
            Misconception(
                "uphill",
                lambda w, X, y, lr: w + lr * 2 / len(y) * _residual_gradient(w, X, y),
                "This is a step uphill, where the gradient points. Go the other way: subtract.",
            ),
            Misconception(
                "sum",
                lambda w, X, y, lr: w - lr * 2 * _residual_gradient(w, X, y),
                "This is the step for the sum over the cases. The loss is a mean: divide by their "
                "number, or the learning rate that works depends on the number of patients.",
            ),
            Misconception(
                "no_two",
                lambda w, X, y, lr: w - lr / len(y) * _residual_gradient(w, X, y),
                "This is the step for half the mean squared error, which other books take. The "
                "loss here has no half, and deriving the square leaves a factor 2.",
            ),
            Misconception(
                "gradient_alone",
                lambda w, X, y, lr: 2 / len(y) * _residual_gradient(w, X, y),
                "That is the gradient. The step starts at w and goes the learning rate times the "
                "gradient downhill.",
            ),
        ),
    ),
    Exercise(
        id="dli_l2.table_row",
        title="One row of a table",
        reference=_table_row,
        cases=_row_cases,
        uses=("torch",),
        misconceptions=(
            Misconception(
                "label_is_a_float",
                lambda row: (_image(row), row[0], "torch.float32"),
                "The label is a float. `CrossEntropyLoss` refuses it: class numbers are names and "
                "must be long.",
            ),
            Misconception(
                "label_is_a_double",
                lambda row: (_image(row), row[0], "torch.float64"),
                "The label is a float of double precision, as the table has it. "
                "`CrossEntropyLoss` refuses it: class numbers are names and must be long.",
            ),
            Misconception(
                "not_divided",
                lambda row: (255 * _image(row), *_label(row)),
                "These pixels still go up to 255. Networks learn badly from such numbers: bring "
                "them to [0, 1].",
            ),
            Misconception(
                "own_maximum",
                lambda row: (_image(row) * 255 / max(row[1:]), *_label(row)),
                "Each image is divided by its own brightest pixel here. Then a dark film looks "
                "like a bright one. White is 255 for all of them.",
            ),
            Misconception(
                "flat",
                lambda row: (_image(row).ravel(), *_label(row)),
                "The image is still a row of numbers. A convolution wants its channel, lines "
                "and columns: (1, side, side).",
            ),
            Misconception(
                "no_channel",
                lambda row: (_image(row)[0], *_label(row)),
                "The axis of the channels is missing: a gray image has one channel, so the shape "
                "is (1, side, side).",
            ),
            Misconception(
                "label_last",
                lambda row: (_image(np.roll(row, 1)), int(row[-1]), "torch.int64"),
                "This takes the last number for the label, and the label for the first pixel. "
                "The label stands first in the row.",
            ),
            Misconception(
                "transposed",
                lambda row: (_image(row).transpose(0, 2, 1), *_label(row)),
                "Lines and columns have changed places. The pixels come line by line.",
            ),
        ),
    ),
    Exercise(
        id="dli_l2.two_epochs",
        title="Deal them out",
        reference=_two_epochs,
        cases=_dealing_cases,
        uses=("torch",),
        misconceptions=(
            Misconception(
                "not_shuffled",
                lambda numbers, batch_size, seed: _deal(numbers, batch_size, None),
                "The numbers come in the table's order, in both epochs. In a sorted table the "
                "last batches are all of one class: ask the loader to shuffle.",
            ),
            Misconception(
                "same_order_twice",
                lambda numbers, batch_size, seed: _deal(numbers, batch_size, seed, again=True),
                "The second epoch comes in the order of the first. Make the generator and the "
                "loader once: it deals anew each time that it is gone through.",
            ),
            Misconception(
                "last_batch_dropped",
                lambda numbers, batch_size, seed: _deal(numbers, batch_size, seed, drop=True),
                "The last, smaller batch is missing, and with it some patients. `drop_last` "
                "stays False.",
            ),
            Misconception(
                "one_by_one",
                lambda numbers, batch_size, seed: _deal(numbers, 1, seed),
                "The order is right, but every batch holds one number. Tell the loader the size "
                "of its batches.",
            ),
            Misconception(
                "one_epoch",
                lambda numbers, batch_size, seed: (
                    _two_epochs(numbers, batch_size, seed)[0][:1],
                    _two_epochs(numbers, batch_size, seed)[1],
                ),
                "This is one epoch. Go through the loader a second time: it deals in a new order.",
            ),
        ),
    ),
    Exercise(
        id="dli_l2.epoch_accuracy",
        title="Accuracy of an epoch",
        reference=_epoch_accuracy,
        cases=_epoch_cases,
        misconceptions=(
            Misconception(
                "mean_of_batches",
                lambda batches: float(np.mean([_right(b).mean() for b in batches])),
                "This is the mean of the batches' accuracies. The last batch is smaller and must "
                "not count as much as the others: add up what is right, then divide once.",
            ),
            Misconception(
                "last_batch",
                lambda batches: float(_right(batches[-1]).mean()),
                "This is the accuracy of the last batch alone.",
            ),
            Misconception(
                "count",
                lambda batches: int(sum(_right(b).sum() for b in batches)),
                "This is how many are right. Divide by the number of all items.",
            ),
            Misconception(
                "a_batch",
                lambda batches: float(sum(_right(b).sum() for b in batches) / len(batches)),
                "This is how many are right in a batch, on average. Divide by the number of "
                "items, not of batches.",
            ),
            Misconception(
                "full_batches",
                lambda batches: float(
                    sum(_right(b).sum() for b in batches) / (len(batches) * len(batches[0][1]))
                ),
                "This divides by the number of batches times the size of the first. The last one "
                "is smaller: count the items themselves.",
            ),
            Misconception(
                "errors",
                lambda batches: 1 - _epoch_accuracy(batches),
                "This is the share that is wrong.",
            ),
        ),
    ),
    Exercise(
        id="dli_l2.early_stopping",
        title="Stop in time",
        reference=_early_stopping,
        cases=_stopping_cases,
        misconceptions=(
            Misconception(
                "where_it_stopped",
                _stopped_at,
                "That is the epoch at which training stops. The weights to keep are older: those "
                "of the best epoch so far.",
            ),
            Misconception(
                "looks_ahead",
                lambda losses, patience: int(np.argmin(losses)),
                "That is the minimum of the whole list, but training had stopped before it came "
                "there. Walk through the epochs and stop when the patience is used up.",
            ),
            Misconception(
                "rises_in_a_row",
                _rises_in_a_row,
                "This is the epoch before so many rises in a row. Patience counts the epochs "
                "since the *best* loss, whatever happened in between.",
            ),
            Misconception(
                "no_patience",
                lambda losses, patience: _early_stopping(losses, 1),
                "This is the best epoch before the first that was not better. A validation loss "
                "trembles: wait for `patience` epochs.",
            ),
            Misconception(
                "equal_is_better",
                _equal_is_better,
                "This is the epoch if a loss that equals the best one counts as an improvement. "
                "An equal loss is none: the earlier epoch is kept, and the waiting goes on.",
            ),
            Misconception(
                "one_too_late",
                lambda losses, patience: _early_stopping(losses, patience + 1),
                "This is the best epoch after waiting for one epoch more than `patience`.",
            ),
        ),
    ),
)
