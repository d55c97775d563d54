"""Answers to the exercises of the chapter "L6: sequences"."""

import math

import numpy as np
import torch


def _windows_view(series, length):
    X = np.lib.stride_tricks.sliding_window_view(series, length)
    return X[:-1], series[length:]


def _windows_loop(series, length):
    X, y = [], []
    for end in range(length, len(series)):
        X.append(series[end - length : end])
        y.append(series[end])
    return X, y


def _windows_torch(series, length):
    parts = torch.tensor(series).float().unfold(0, length + 1, 1)
    return parts[:, :-1], parts[:, -1]


def _rnn_torch(x, W, U, b):
    network = torch.nn.RNN(W.shape[1], W.shape[0])
    with torch.no_grad():
        for parameter, value in zip(network.parameters(), (W, U, b, 0 * b), strict=True):
            parameter.copy_(torch.tensor(value))
        return network(torch.tensor(x).float())[1][0]


def _rnn_together(x, W, U, b):
    """Inputs and memory side by side, with one matrix."""
    h = [0.0] * len(b)
    for sample in x:
        h = np.tanh(np.hstack([W, U]) @ np.hstack([sample, h]) + b)
    return h


def _rnn_recursive(x, W, U, b):
    if not len(x):
        return np.zeros_like(b)
    return np.tanh(W.dot(x[-1]) + U.dot(_rnn_recursive(x[:-1], W, U, b)) + b)


def _rnn_without_bias(x, W, U, b):
    return _rnn_together(x, W, U, 0 * b)


def _filled(sequences, length, pad):
    table = np.full((len(sequences), length), pad)
    for row, one in zip(table, sequences, strict=True):
        kept = one[:length]
        row[: len(kept)] = kept
    return table


def _attention_torch(Q, K, V, real):
    q, k, v = (torch.tensor(a)[None] for a in (Q, K, V))
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, torch.tensor(real)[None])[0]


def _attention_loop(Q, K, V, real):
    heard = []
    for q in Q:
        weights = [
            math.exp(q @ k / len(q) ** 0.5) if r else 0 for k, r in zip(K, real, strict=True)
        ]
        heard.append(sum(w * v for w, v in zip(weights, V, strict=True)) / sum(weights))
    return np.array(heard)


RIGHT = {
    "padded": {
        "filled": _filled,
        "torch": lambda sequences, length, pad: torch.nn.utils.rnn.pad_sequence(
            [torch.tensor([*one, *[pad] * length][:length]) for one in sequences], batch_first=True
        ),
    },
    "attention": {
        "torch": _attention_torch,
        "loop": _attention_loop,
        "words alone": lambda Q, K, V, real: _attention_loop(Q, K[real], V[real], real[real]),
    },
    "windows_and_targets": {
        "view": _windows_view,
        "loop": _windows_loop,
        "torch": _windows_torch,
        "columns": lambda s, n: (
            np.stack([s[k : len(s) - n + k] for k in range(n)], axis=1),
            [s[k] for k in range(n, len(s))],
        ),
    },
    "persistence_error": {
        "loop": lambda s, h: sum((s[t] - s[t - h]) ** 2 for t in range(h, len(s))) / (len(s) - h),
        "norm": lambda s, h: np.linalg.norm(s[h:] - s[: len(s) - h]) ** 2 / (len(s) - h),
        "torch": lambda s, h: torch.nn.functional.mse_loss(
            torch.tensor(s[h:]).float(), torch.tensor(s[:-h]).float()
        ),
    },
    "rnn": {"torch": _rnn_torch, "together": _rnn_together, "recursive": _rnn_recursive},
    "perplexity": {
        "product": lambda p: np.prod(p) ** (-1 / len(p)),
        "bits": lambda p: 2 ** (-sum(math.log2(value) for value in p) / len(p)),
        "torch": lambda p: torch.exp(-torch.tensor(p).float().log().mean()),
        "inverse": lambda p: 1 / np.exp(np.log(p).mean()),
    },
}

WRONG = {
    "padded": {
        "in front": (
            lambda sequences, length, pad: [
                ([pad] * length + one[:length])[-length:] for one in sequences
            ],
            "filled_in_front",
        ),
        "one too long": (
            lambda sequences, length, pad: _filled(sequences, length + 1, pad),
            None,
        ),
        "cut alone": (lambda sequences, length, pad: [one[:length] for one in sequences], None),
        "in one row": (
            lambda sequences, length, pad: _filled(sequences, length, pad).ravel(),
            "nested",
        ),
    },
    "attention": {
        "over the queries": (
            lambda Q, K, V, real: (
                (e := np.exp(Q @ K.T / Q.shape[1] ** 0.5) * real) / e.sum(0).clip(1e-9) @ V
            ),
            None,
        ),
        "no root": (
            lambda Q, K, V, real: _attention_loop(Q * Q.shape[1] ** 0.5, K, V, real),
            "not_scaled",
        ),
        "no exponential": (
            lambda Q, K, V, real: Q @ K.T / Q.shape[1] ** 0.5 * real @ V,
            None,
        ),
        "mean": (lambda Q, K, V, real: np.tile(V[real].mean(0), (len(Q), 1)), None),
        "all": (lambda Q, K, V, real: _attention_loop(Q, K, V, real | True), "padding_heard"),
    },
    "windows_and_targets": {
        "other order": (lambda s, n: _windows_view(s, n)[::-1], "reversed"),
        "a window as target": (
            lambda s, n: (_windows_view(s, n)[0][:-n], _windows_view(s, n)[0][n:]),
            None,
        ),
        "one shorter": (lambda s, n: _windows_view(s, n - 1), None),
        "one longer": (lambda s, n: _windows_view(s, n + 1), None),
        "windows alone": (lambda s, n: _windows_view(s, n)[0], None),
        "backwards": (lambda s, n: (_windows_view(s, n)[0][:, ::-1], s[n:]), None),
        "target in front": (
            lambda s, n: (np.lib.stride_tricks.sliding_window_view(s, n)[1:], s[:-n]),
            None,
        ),
        "target in the window": (
            lambda s, n: (
                np.lib.stride_tricks.sliding_window_view(s, n)[:-1],
                s[n - 1 : -1],
            ),
            "target_inside",
        ),
    },
    "persistence_error": {
        "around the end": (lambda s, h: np.mean((np.roll(s, -h) - s) ** 2), None),
        "sum": (lambda s, h: np.sum((s[h:] - s[:-h]) ** 2), None),
        "all samples": (lambda s, h: np.sum((s[h:] - s[:-h]) ** 2) / len(s), None),
        "variance": (lambda s, h: np.var(s[h:] - s[:-h]), None),
        "one more": (lambda s, h: np.mean((s[h + 1 :] - s[: -h - 1]) ** 2), None),
        "mean change": (lambda s, h: np.mean(s[h:] - s[:-h]) ** 2, None),
        "differences again and again": (lambda s, h: np.mean(np.diff(s, h) ** 2), None),
    },
    "rnn": {
        "every state": (
            lambda x, W, U, b: [_rnn_together(x[: t + 1], W, U, b) for t in range(len(x))],
            "all_states",
        ),
        "without bias": (_rnn_without_bias, None),
        "backwards": (lambda x, W, U, b: _rnn_together(x[::-1], W, U, b), None),
        "one step less": (lambda x, W, U, b: _rnn_together(x[:-1], W, U, b), None),
        "memory turned": (lambda x, W, U, b: _rnn_together(x, W, U.T, b), None),
        "halved": (
            lambda x, W, U, b: _rnn_together(x / 2, W, U, b / 2) / 2 + 0.5,
            None,
        ),
        "inputs added up": (lambda x, W, U, b: np.tanh(W @ x.sum(0) + b), None),
    },
    "perplexity": {
        "base two of exp": (lambda p: math.exp(-np.log2(p).mean()), None),
        "bits": (lambda p: -np.log2(p).mean(), None),
        "sum": (lambda p: np.exp(-np.log(p).sum()), None),
        "geometric mean": (lambda p: np.exp(np.log(p).mean()), None),
        "entropy of p": (lambda p: np.exp(-np.sum(p * np.log(p))), None),
        "entropy of shares": (
            lambda p: np.exp(-np.sum(p / p.sum() * np.log(p / p.sum()))),
            None,
        ),
    },
}
