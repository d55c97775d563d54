"""Answers to the exercises of the chapter "L2: training"."""

import math

import numpy as np
import torch


def _step_loop(w, X, y, lr):
    gradient = np.zeros(len(w))
    for row, target in zip(X, y, strict=True):
        gradient += 2 * (row @ w - target) * row / len(y)
    return [a - lr * b for a, b in zip(w, gradient, strict=True)]


def _step_backward(w, X, y, lr):
    w = torch.tensor(w, requires_grad=True)
    torch.mean((torch.tensor(X) @ w - torch.tensor(y)) ** 2).backward()
    return w.detach() - lr * w.grad


def _step_in_place(w, X, y, lr):
    w -= lr * 2 * (X.T @ X @ w - X.T @ y) / len(y)
    return w


def _row_nested(row):
    side = math.isqrt(len(row))
    lines = [[value / 255 for value in row[1 + side * i : 1 + side * (i + 1)]] for i in range(side)]
    return [lines], int(row[0]), "torch.int64"


def _row_torch(row, dtype=torch.int64, white=255):
    x = torch.as_tensor(np.delete(row, 0), dtype=torch.float32) / white
    y = torch.tensor(row[0], dtype=dtype)
    return x.unflatten(0, (1, math.isqrt(len(x)), -1)), y, str(y.dtype)


class _Numbers(torch.utils.data.Dataset):
    def __init__(self, numbers):
        self.numbers = torch.tensor(numbers)

    def __len__(self):
        return len(self.numbers)

    def __getitem__(self, i):
        return self.numbers[i]


def _loader(numbers, batch_size, seed, **how):
    chance = torch.Generator()
    chance.manual_seed(seed)
    how = {"shuffle": True, "generator": chance, "batch_size": batch_size} | how
    return torch.utils.data.DataLoader(_Numbers(numbers), **how)


def _gone_through(first, second):
    first, second = list(first), list(second)
    return torch.stack([torch.cat(first), torch.cat(second)]), tuple(map(len, first))


def _dealt(numbers, batch_size, seed, **how):
    loader = _loader(numbers, batch_size, seed, **how)
    return _gone_through(loader, loader)


def _dealt_anew(numbers, batch_size, seed):
    return _gone_through(*(_loader(numbers, batch_size, seed) for _ in range(2)))


def _accuracy_loop(batches):
    right = n = 0
    for logits, labels in batches:
        for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
            right += row.index(max(row)) == label
            n += 1
    return right / n


def _accuracy_weighted(batches):
    sizes = [len(labels) for _, labels in batches]
    each = [torch.tensor(z).argmax(1).eq(torch.tensor(y)).float().mean() for z, y in batches]
    return np.average(each, weights=sizes)


def _stopping_slices(losses, patience):
    for epoch in range(len(losses)):
        best = int(np.argmin(losses[: epoch + 1]))
        if epoch - best == patience:
            return best
    return int(np.argmin(losses))


def _stopping_running(losses, patience):
    lowest, kept, left = float("inf"), None, patience
    for epoch, loss in enumerate(losses.tolist()):
        if loss < lowest:
            lowest, kept, left = loss, epoch, patience
            continue
        left -= 1
        if not left:
            break
    return kept


def _stopping_first(losses, patience):
    """The first epoch that nothing betters in as many epochs as the patience."""
    return next(
        e
        for e in range(len(losses))
        if losses[e] < min(losses[:e], default=np.inf)
        and not np.any(losses[e + 1 : e + 1 + patience] < losses[e])
    )


def _waits_for_equal(losses, patience):
    lowest, kept, waited = np.inf, 0, 0
    for epoch, loss in enumerate(losses):
        if loss <= lowest:
            lowest, kept, waited = loss, epoch, 0
        else:
            waited += 1
        if waited == patience:
            break
    return kept


def _waits_one_more(losses, patience):
    lowest, kept, waited = np.inf, 0, 0
    for epoch, loss in enumerate(losses):
        if loss < lowest:
            lowest, kept, waited = loss, epoch, 0
        else:
            waited += 1
        if waited > patience:
            break
    return kept


RIGHT = {
    "gradient_step": {
        "loop": _step_loop,
        "backward": _step_backward,
        "in place": _step_in_place,
        "other order": lambda w, X, y, lr: w + 2 * lr * ((y - X @ w) @ X) / len(X),
    },
    "table_row": {
        "nested": _row_nested,
        "torch": _row_torch,
        "numpy": lambda row: (
            row[None, 1:].reshape(1, -1, math.isqrt(len(row))) / 255.0,
            np.int64(row[0]),
            "torch.int64",
        ),
    },
    "two_epochs": {
        "own data set": _dealt,
        "pairs": lambda numbers, batch_size, seed: [
            list(part) for part in _dealt(numbers, batch_size, seed, num_workers=0)
        ],
    },
    "epoch_accuracy": {
        "loop": _accuracy_loop,
        "weighted": _accuracy_weighted,
        "together": lambda batches: np.mean(
            np.concatenate([z for z, _ in batches]).argmax(1)
            == np.concatenate([y for _, y in batches])
        ),
    },
    "early_stopping": {
        "slices": _stopping_slices,
        "running": _stopping_running,
        "first": _stopping_first,
    },
}

WRONG = {
    "gradient_step": {
        "gradient of the norm": (
            lambda w, X, y, lr: w - lr * X.T @ (X @ w - y) / np.linalg.norm(X @ w - y),
            None,
        ),
        "error upside down": (
            lambda w, X, y, lr: w - lr * 2 * X.T @ (y - X @ w) / len(y),
            "uphill",
        ),
        "divided by the features": (
            lambda w, X, y, lr: w - lr * 2 * X.T @ (X @ w - y) / X.size,
            None,
        ),
        "target forgotten": (lambda w, X, y, lr: w - lr * 2 * X.T @ (X @ w) / len(y), None),
        "rate forgotten": (lambda w, X, y, lr: w - 2 * X.T @ (X @ w - y) / len(y), None),
        "solution": (lambda w, X, y, lr: np.linalg.lstsq(X, y, rcond=None)[0], None),
    },
    "table_row": {
        "float": (lambda row: _row_torch(row, torch.float32), "label_is_a_float"),
        "double": (lambda row: _row_torch(row, torch.float64), "label_is_a_double"),
        "raw": (lambda row: _row_torch(row, white=1), "not_divided"),
        "by 256": (lambda row: _row_torch(row, white=256), None),
        "label among the pixels": (
            lambda row: (row[:-1].reshape(1, math.isqrt(len(row)), -1) / 255, *_row_torch(row)[1:]),
            None,
        ),
        "centered": (lambda row: (_row_torch(row)[0] * 2 - 1, *_row_torch(row)[1:]), None),
        "small integer": (lambda row: _row_torch(row, torch.int32), None),
    },
    "two_epochs": {
        "in order": (lambda n, b, seed: _dealt(n, b, seed, shuffle=False), "not_shuffled"),
        "two loaders": (_dealt_anew, "same_order_twice"),
        "dropped": (lambda n, b, seed: _dealt(n, b, seed, drop_last=True), "last_batch_dropped"),
        "default batch": (lambda n, b, seed: _dealt(n, 1, seed), "one_by_one"),
        "other seed": (lambda n, b, seed: _dealt(n, b, seed + 1), None),
        "seed forgotten": (lambda n, b, seed: _dealt(n, b, 0), None),
        "order alone": (lambda n, b, seed: _dealt(n, b, seed)[0], None),
    },
    "epoch_accuracy": {
        "mean": (
            lambda batches: np.mean([_accuracy_loop([batch]) for batch in batches]),
            "mean_of_batches",
        ),
        "first batch": (lambda batches: _accuracy_loop(batches[:1]), None),
        "number": (
            lambda batches: sum(_accuracy_loop([b]) * len(b[1]) for b in batches),
            "count",
        ),
        "least logit": (lambda batches: _accuracy_loop([(-z, y) for z, y in batches]), None),
        "squared": (lambda batches: _accuracy_loop(batches) ** 2, None),
        "each": (lambda batches: [_accuracy_loop([batch]) for batch in batches], None),
    },
    "early_stopping": {
        "equal counts": (_waits_for_equal, "equal_is_better"),
        "one more epoch": (_waits_one_more, "one_too_late"),
        "from one": (lambda losses, patience: _stopping_running(losses, patience) + 1, None),
        "the loss": (lambda losses, patience: losses[_stopping_running(losses, patience)], None),
        "last epoch": (lambda losses, patience: len(losses) - 1, None),
        "one less": (
            lambda losses, patience: _stopping_running(losses, patience - 1),
            None,
        ),
    },
}
