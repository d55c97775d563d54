"""Answers to the exercises of the chapter "L1: a simple network"."""

import math

import numpy as np
import torch


def _softmax_loop(z):
    rows = []
    for row in z.tolist():
        odds = [math.exp(value - max(row)) for value in row]
        rows.append([value / sum(odds) for value in odds])
    return rows


def _cross_entropy_loop(p, labels):
    total = 0.0
    for i, label in enumerate(labels.tolist()):
        total -= math.log(p[i, label])
    return total / len(labels)


def _parameters_loop(sizes):
    total = 0
    for i in range(1, len(sizes)):
        for _ in range(sizes[i]):
            total += sizes[i - 1] + 1
    return total


def _from_torch(sizes):
    layers = [torch.nn.Linear(sizes[i], sizes[i + 1]) for i in range(len(sizes) - 1)]
    return sum(p.numel() for layer in layers for p in layer.parameters())


def _trained(weights, batches, lr, optimizer=torch.optim.SGD, loss=None, order=1):
    """The loop with torch's own optimizer, as the chapter writes it."""
    network = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.ReLU(), torch.nn.Linear(5, 3))
    network.load_state_dict(weights)
    steps = optimizer(network.parameters(), lr)
    for x, y in batches[::order]:
        value = (loss or torch.nn.CrossEntropyLoss())(network(x), y)
        steps.zero_grad()
        value.backward()
        steps.step()
    return network[2].weight


def _trained_by_hand(weights, batches, lr):
    """The chain rule written out."""
    W, b, V, c = (weights[k].double().numpy() for k in ("0.weight", "0.bias", "2.weight", "2.bias"))
    for x, y in batches:
        x, y = x.double().numpy(), y.numpy()
        hidden = np.maximum(x @ W.T + b, 0)
        odds = np.exp(hidden @ V.T + c)
        error = (odds / odds.sum(1, keepdims=True) - np.eye(3)[y]) / len(y)
        below = (error @ V) * (hidden > 0)
        V, c = V - lr * error.T @ hidden, c - lr * error.sum(0)
        W, b = W - lr * below.T @ x, b - lr * below.sum(0)
    return V


def _pieces(weights, batches, lr, forget):
    """Forgetting the gradients at another place."""
    network = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.ReLU(), torch.nn.Linear(5, 3))
    network.load_state_dict(weights)
    steps = torch.optim.SGD(network.parameters(), lr)
    for x, y in batches:
        torch.nn.functional.nll_loss(network(x).log_softmax(1), y).backward()
        steps.step()
        if forget:
            network.zero_grad()
    return network[2].weight.detach().numpy()


RIGHT = {
    "after_one_epoch": {
        "chain rule": _trained_by_hand,
        "cleared after the step": lambda w, b, lr: _pieces(w, b, lr, forget=True),
    },
    "softmax": {
        "loop": _softmax_loop,
        "torch": lambda z: torch.tensor(z).float().softmax(dim=1),
        "differences": lambda z: 1 / np.exp(np.minimum(z[:, None] - z[:, :, None], 700)).sum(2),
    },
    "cross_entropy": {
        "loop": _cross_entropy_loop,
        "one-hot": lambda p, y: -np.sum(np.eye(p.shape[1])[y] * np.log(p)) / len(p),
        "product": lambda p, y: -np.log(np.prod(p[np.arange(len(y)), y] ** (1 / len(y)))),
        "torch": lambda p, y: torch.nn.functional.nll_loss(torch.tensor(p).log(), torch.tensor(y)),
    },
    "standardize": {
        "moments": lambda a, b: (b - a.mean(0)) / np.sqrt((a**2).mean(0) - a.mean(0) ** 2),
        "split": lambda a, b: b / a.std(0) - a.mean(0) / a.std(0),
        "torch": lambda a, b: (
            (torch.tensor(b).float() - torch.tensor(a).float().mean(0))
            / torch.tensor(a).float().std(0, correction=0)
        ),
    },
    "parameters": {
        "loop": _parameters_loop,
        "torch": _from_torch,
        "dot": lambda sizes: np.dot(np.array(sizes[:-1]) + 1, sizes[1:]),
    },
}

WRONG = {
    "after_one_epoch": {
        "never cleared": (lambda w, b, lr: _pieces(w, b, lr, forget=False), "gradients_pile_up"),
        "probabilities": (
            lambda w, b, lr: _trained(
                w, b, lr, loss=lambda z, y: torch.nn.CrossEntropyLoss()(torch.softmax(z, 1), y)
            ),
            "softmax_first",
        ),
        "Adam": (lambda w, b, lr: _trained(w, b, lr, torch.optim.Adam), None),
        "sum": (
            lambda w, b, lr: _trained(w, b, lr, loss=torch.nn.CrossEntropyLoss(reduction="sum")),
            None,
        ),
        "backwards": (lambda w, b, lr: _trained(w, b, lr, order=-1), None),
        "two epochs": (lambda w, b, lr: _trained(w, b + b, lr), None),
        "uphill": (lambda w, b, lr: _trained(w, b, -lr), None),
        "labels as floats": (
            lambda w, b, lr: _trained(w, [(x, y.float()) for x, y in b], lr),
            None,
        ),
    },
    "softmax": {
        "two times": (
            lambda z: torch.tensor(z).softmax(dim=1).softmax(dim=1),
            "twice",
        ),
        "logarithms": (lambda z: torch.tensor(z).log_softmax(dim=1), "logarithm"),
        "largest alone": (lambda z: (z == z.max(1, keepdims=True)).astype(float), None),
        "sigmoid": (lambda z: torch.tensor(z).sigmoid(), None),
        "not divided": (lambda z: np.exp(z - z.max(1, keepdims=True)), None),
        "powers of two": (
            lambda z: (
                2 ** (z - z.max(1, keepdims=True))
                / np.sum(2 ** (z - z.max(1, keepdims=True)), axis=1, keepdims=True)
            ),
            None,
        ),
    },
    "cross_entropy": {
        "torch with probabilities": (
            lambda p, y: torch.nn.functional.cross_entropy(torch.tensor(p), torch.tensor(y)),
            "softmax_first",
        ),
        "base two": (lambda p, y: -np.mean(np.log2(p[np.arange(len(y)), y])), "bits"),
        "base ten": (lambda p, y: -np.mean(np.log10(p[np.arange(len(y)), y])), None),
        "logarithm of the mean": (lambda p, y: -np.log(np.mean(p[np.arange(len(y)), y])), None),
        "largest probability": (lambda p, y: -np.mean(np.log(p.max(1))), None),
        "each": (lambda p, y: -np.log(p[np.arange(len(y)), y]), None),
        "first class": (lambda p, y: -np.mean(np.log(p[:, 0])), None),
    },
    "standardize": {
        "pandas": (
            lambda a, b: (b - a.mean(0)) / np.sqrt(((a - a.mean(0)) ** 2).sum(0) / (len(a) - 1)),
            "n_minus_one",
        ),
        "to [0, 1]": (lambda a, b: (b - a.min(0)) / (a.max(0) - a.min(0)), None),
        "mean alone": (lambda a, b: b - a.mean(0), None),
        "training table": (lambda a, b: (a - a.mean(0)) / a.std(0), None),
        "deviation of the test": (lambda a, b: (b - a.mean(0)) / b.std(0), None),
        "median": (lambda a, b: (b - np.median(a, 0)) / a.std(0), None),
    },
    "parameters": {
        "first bias forgotten": (
            lambda s: sum((s[i] + 1) * s[i + 1] for i in range(len(s) - 1)) - s[1],
            None,
        ),
        "bias for each layer": (
            lambda s: sum(s[i] * s[i + 1] + 1 for i in range(len(s) - 1)),
            None,
        ),
        "bias on the wrong side": (
            lambda s: sum(s[i] * (s[i + 1] + 1) for i in range(len(s) - 1)),
            None,
        ),
        "all pairs": (lambda s: sum(a * b for a in s for b in s), None),
        "last layer left out": (
            lambda s: sum((s[i] + 1) * s[i + 1] for i in range(len(s) - 2)),
            None,
        ),
    },
}
