"""Answers to the exercises of the chapter "L3: convolution"."""

import math

import numpy as np
import torch
from scipy import signal


def _convolve_torch(image, kernel):
    image, kernel = torch.tensor(image).float(), torch.tensor(kernel).float()
    return torch.nn.functional.conv2d(image[None, None], kernel[None, None])[0, 0]


def _convolve_windows(image, kernel):
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return np.einsum("yxij,ij->yx", windows, kernel)


def _field_by_marking(layers):
    """The pixels below one output, gone through from the top layer down."""
    seen = {0}
    for kernel, stride in reversed(layers):
        seen = {place * stride + offset for place in seen for offset in range(kernel)}
    return max(seen) + 1


def _field_by_sum(layers):
    strides = [stride for _, stride in layers]
    return 1 + sum((kernel - 1) * math.prod(strides[:i]) for i, (kernel, _) in enumerate(layers))


def _flat_torch(size, channels, padding=1):
    x, before = torch.zeros(1, 1, size, size), 1
    for after in channels:
        x = torch.nn.MaxPool2d(2)(torch.nn.Conv2d(before, after, 3, padding=padding)(x))
        before = after
    return x.numel()


def _steps(size, channels):
    places = list(range(size))
    for _ in channels:
        places = places[1::2]
    return places


def _dropout_torch(x, chance, p):
    x, kept = torch.tensor(x), torch.tensor(chance) >= p
    return torch.where(kept, x / (1 - p), torch.zeros_like(x)), x


def _dropout_copy(x, chance, p):
    blanked = x / (1 - p)
    blanked[chance < p] = 0
    return blanked, x


def _looked(weights, batches, mode=False, last=None):
    """By torch's own layers."""
    nn = torch.nn
    network = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 3))
    network.load_state_dict(weights)
    network.train(mode)
    loss = right = n = 0
    with torch.no_grad():
        for x, y in batches:
            z = (last or nn.Identity())(network(x))
            loss += nn.CrossEntropyLoss()(z, y) * len(y)
            right += (z.argmax(1) == y).float().sum()
            n += len(y)
    return (loss / n).item(), (right / n).item()


def _trained_twice(weights, learn, look, lr, switch=True, back=True, remember=False, epochs=2):
    """As two loops of a helper file, by torch's own optimizer."""
    nn = torch.nn
    network = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 3))
    network.load_state_dict(weights)
    optimizer = torch.optim.SGD(network.parameters(), lr)
    for _ in range(epochs):
        if back:
            network.train()
        for x, y in learn:
            if not remember:
                optimizer.zero_grad()
            nn.CrossEntropyLoss()(network(x), y).backward()
            optimizer.step()
        if switch:
            network.eval()
        with torch.no_grad():
            for x, _ in look:
                network(x)
    return network[1].running_mean, network[3].weight


def _mean_by_hand(weights, learn, look, lr):
    """A network that never looks has the same running mean: looking leaves no trace."""
    return tuple(value.detach() for value in _trained_twice(weights, learn, [], lr))


RIGHT = {
    "convolve": {
        "torch": _convolve_torch,
        "windows": _convolve_windows,
        "correlate": lambda image, kernel: signal.correlate2d(image, kernel, mode="valid"),
        "turned twice": lambda image, kernel: signal.convolve2d(
            image, kernel[::-1, ::-1], mode="valid"
        ),
    },
    "output_size": {
        "floor": lambda n, k, s, p: math.floor((n + 2 * p - k) / s) + 1,
        "together": lambda n, k, s, p: (n + 2 * p - k + s) // s,
        "strided": lambda n, k, s, p: len(np.arange(n + 2 * p)[: n + 2 * p - k + 1 : s]),
        "torch": lambda n, k, s, p: torch.nn.functional.conv1d(
            torch.zeros(1, 1, n), torch.zeros(1, 1, k), stride=s, padding=p
        ).shape[-1],
    },
    "flat_features": {
        "torch": _flat_torch,
        "bits": lambda size, channels: channels[-1] * (size >> len(channels)) ** 2,
        "steps": lambda size, channels: channels[-1] * len(_steps(size, channels)) ** 2,
    },
    "dropout": {
        "torch": _dropout_torch,
        "copy": _dropout_copy,
        "loop": lambda x, chance, p: [
            np.reshape(
                [
                    0 if c < p else v / (1 - p)
                    for v, c in zip(x.ravel(), chance.ravel(), strict=True)
                ],
                x.shape,
            ),
            x.copy(),
        ],
    },
    "loss_and_accuracy": {
        "together": lambda w, b: _looked(w, [tuple(map(torch.cat, zip(*b, strict=True)))]),
        "one by one": lambda w, b: _looked(
            w, [(x[i : i + 1], y[i : i + 1]) for x, y in b for i in range(len(y))]
        ),
        "batches": lambda w, b: _looked(w, b),
    },
    "train_and_look": {
        "loops": lambda *a: [value.detach().numpy() for value in _trained_twice(*a)],
        "without a look": _mean_by_hand,
    },
    "receptive_field": {"marking": _field_by_marking, "sum": _field_by_sum},
}

WRONG = {
    "convolve": {
        "scipy": (
            lambda image, kernel: signal.convolve2d(image, kernel, mode="valid"),
            "flipped",
        ),
        "same size": (
            lambda image, kernel: signal.correlate2d(image, kernel, mode="same"),
            "zero_padding",
        ),
        "every overlap": (lambda image, kernel: signal.correlate2d(image, kernel), None),
        "largest": (
            lambda image, kernel: np.max(
                np.lib.stride_tricks.sliding_window_view(image, kernel.shape) * kernel, (2, 3)
            ),
            None,
        ),
        "rectified": (lambda image, kernel: np.maximum(_convolve_windows(image, kernel), 0), None),
        "last row and column left out": (
            lambda image, kernel: _convolve_windows(image, kernel)[:-1, :-1],
            None,
        ),
        "flipped in one direction": (
            lambda image, kernel: _convolve_windows(image, kernel[:, ::-1]),
            None,
        ),
    },
    "output_size": {
        "no padding": (lambda n, k, s, p: (n - k) // s + 1, None),
        "nearest": (lambda n, k, s, p: round((n + 2 * p - k) / s + 0.01) + 1, None),
        "stride forgotten": (lambda n, k, s, p: n + 2 * p - k + 1, None),
        "kernel forgotten": (lambda n, k, s, p: (n + 2 * p) // s, None),
        "one outside of the division": (lambda n, k, s, p: (n + 2 * p - k + 1) // s, None),
    },
    "flat_features": {
        "one pooling less": (
            lambda size, channels: channels[-1] * (size // 2 ** (len(channels) - 1)) ** 2,
            None,
        ),
        "first channels": (lambda size, channels: _flat_torch(size, channels[::-1]), None),
        "ceiling": (
            lambda size, channels: channels[-1] * math.ceil(size / 2 ** len(channels)) ** 2,
            "rounds_up",
        ),
        "fraction": (lambda size, channels: channels[-1] * (size / 2 ** len(channels)) ** 2, None),
        "unpadded": (lambda size, channels: _flat_torch(size, channels, padding=0), "no_padding"),
        "side": (lambda size, channels: size >> len(channels), None),
    },
    "dropout": {
        "training alone": (lambda x, chance, p: np.where(chance < p, 0, x / (1 - p)), None),
        "other way round": (lambda x, chance, p: _dropout_copy(x, chance, p)[::-1], "reversed"),
        "unscaled": (lambda x, chance, p: (x * (chance >= p), x), "not_scaled"),
        "scaled twice": (
            lambda x, chance, p: (_dropout_copy(x, chance, p)[0] / (1 - p), x),
            None,
        ),
        "above blanked": (lambda x, chance, p: (np.where(chance < p, x / (1 - p), 0), x), None),
        "scaled in use, too": (
            lambda x, chance, p: (_dropout_copy(x, chance, p)[0], x / (1 - p)),
            None,
        ),
    },
    "loss_and_accuracy": {
        "training": (lambda w, b: _looked(w, b, mode=True), "in_training_mode"),
        "softmax": (
            lambda w, b: _looked(w, b, last=torch.nn.Softmax(dim=1)),
            "softmax_first",
        ),
        "each batch": (
            lambda w, b: np.mean([_looked(w, [batch]) for batch in b], axis=0),
            "mean_of_batches",
        ),
        "losses alone": (
            lambda w, b: (np.mean([_looked(w, [batch])[0] for batch in b]), _looked(w, b)[1]),
            "mean_of_losses",
        ),
        "first batch": (lambda w, b: _looked(w, b[:1]), None),
        "other order": (lambda w, b: _looked(w, b)[::-1], "reversed"),
        "loss alone": (lambda w, b: _looked(w, b)[0], None),
        "all in training": (
            lambda w, b: _looked(w, [tuple(map(torch.cat, zip(*b, strict=True)))], mode=True),
            None,
        ),
    },
    "train_and_look": {
        "train() once": (lambda *a: _trained_twice(*a, back=False), "never_back_to_training"),
        "no eval()": (lambda *a: _trained_twice(*a, switch=False), "looks_in_training_mode"),
        "once": (lambda *a: _trained_twice(*a, epochs=1), "one_epoch"),
        "gradients pile up": (lambda *a: _trained_twice(*a, remember=True), "gradients_add_up"),
        "three epochs": (lambda *a: _trained_twice(*a, epochs=3), None),
        "lists exchanged": (lambda w, learn, look, lr: _trained_twice(w, look, learn, lr), None),
        "mean alone": (lambda *a: _trained_twice(*a)[0], None),
    },
    "receptive_field": {
        "total stride": (lambda layers: math.prod(stride for _, stride in layers), None),
        "squared": (lambda layers: _field_by_sum(layers) ** 2, None),
        "from above": (lambda layers: _field_by_sum(layers[::-1]), None),
        "without the pixel": (lambda layers: _field_by_sum(layers) - 1, None),
        "kernels times strides": (lambda layers: 1 + sum((k - 1) * s for k, s in layers), None),
    },
}
