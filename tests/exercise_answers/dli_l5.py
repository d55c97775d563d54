"""Answers to the exercises of the lab "Pretrained models and transfer learning"."""

import numpy as np
import torch


def _trainable_matching(names, blocks):
    starts = [f"blocks.{block}." for block in blocks] + ["head.", "logits."]
    return [name for name in names if any(map(name.startswith, starts))]


def _trainable_filter(names, blocks):
    frozen = {f"blocks.{block}." for block in range(16) if block not in blocks} | {"stem."}
    return tuple(n for n in names if not any(n[: len(start)] == start for start in frozen))


def _by_block(names, blocks):
    kept = []
    for start in [*(f"blocks.{block}." for block in blocks), "head.", "logits."]:
        kept += [name for name in names if name.startswith(start)]
    return kept


def _batch_norm(x, gamma, beta, mean, var, eps=0.001, training=False):
    x, gamma, beta, mean, var = (torch.tensor(a).float() for a in (x, gamma, beta, mean, var))
    return torch.nn.functional.batch_norm(x, mean, var, gamma, beta, training=training, eps=eps)


def _drift_torch(running, batch_mean, momentum, batches):
    layer = torch.nn.BatchNorm1d(1, momentum=momentum)
    layer.running_mean.fill_(running)
    for _ in range(batches):
        layer(torch.full((2, 1), float(batch_mean)))
    return layer.running_mean[0]


RIGHT = {
    "trainable": {"matching": _trainable_matching, "filter": _trainable_filter},
    "normalize": {
        "torch": _batch_norm,
        "loop": lambda x, gamma, beta, mean, var: [
            [
                g * (value - m) / (v + 0.001) ** 0.5 + b
                for value, g, b, m, v in zip(row, gamma, beta, mean, var, strict=True)
            ]
            for row in x.tolist()
        ],
        "diagonal": lambda x, gamma, beta, mean, var: (
            (x - mean) @ np.diag(gamma * (var + 0.001) ** -0.5) + beta
        ),
    },
    "drift": {
        "torch": _drift_torch,
        "weights": lambda r, b, m, n: (1 - m) ** n * r + (1 - (1 - m) ** n) * b,
        "sum": lambda r, b, m, n: r * (1 - m) ** n + b * sum(m * (1 - m) ** k for k in range(n)),
    },
    "layer_rates": {
        "list": lambda layers, lr, decay: [lr * decay**k for k in reversed(range(layers))],
        "product": lambda layers, lr, decay: np.cumprod([lr] + [decay] * (layers - 1))[::-1],
        "powers": lambda layers, lr, decay: (
            lr * decay ** (layers - 1) / decay ** np.arange(float(layers))
        ),
    },
}

WRONG = {
    "trainable": {
        "by block": (_by_block, "in_order_of_blocks"),
        "anywhere": (
            lambda names, blocks: [
                n for n in names if any(str(b) in n for b in blocks) or n[:2] in ("he", "lo")
            ],
            "prefix",
        ),
        "with the stem": (
            lambda names, blocks: [
                n for n in names if n in _trainable_matching(names, blocks) or n[:4] == "stem"
            ],
            None,
        ),
        "without logits": (
            lambda names, blocks: [
                n for n in _trainable_matching(names, blocks) if "logits" not in n
            ],
            None,
        ),
        "weights alone": (
            lambda names, blocks: [
                n for n in _trainable_matching(names, blocks) if n.endswith("weight")
            ],
            None,
        ),
        "blocks counted from one": (
            lambda names, blocks: _trainable_matching(names, [b - 1 for b in blocks]),
            None,
        ),
        "number of names": (lambda names, blocks: len(_trainable_matching(names, blocks)), None),
    },
    "normalize": {
        "training": (
            lambda *a: _batch_norm(*a, training=True),
            "statistics_of_the_batch",
        ),
        "constant forgotten": (lambda *a: _batch_norm(*a, eps=0), "without_constant"),
        "constant of torch": (lambda *a: _batch_norm(*a, eps=1e-5), "without_constant"),
        "constant beside the root": (
            lambda x, g, b, m, v: (x - m) / (v**0.5 + 0.001) * g + b,
            "constant_outside",
        ),
        "shift first": (lambda x, g, b, m, v: g * ((x - m) / np.sqrt(v + 0.001) + b), None),
        "gamma and beta swapped": (
            lambda x, g, b, m, v: b * (x - m) / (v + 0.001) ** 0.5 + g,
            None,
        ),
        "mean added": (lambda x, g, b, m, v: g * (x + m) / (v + 0.001) ** 0.5 + b, None),
        "not divided": (lambda x, g, b, m, v: g * (x - m) + b, None),
    },
    "drift": {
        "weights swapped": (
            lambda r, b, m, n: m**n * r + (1 - m**n) * b,
            "momentum_swapped",
        ),
        "one batch more": (lambda r, b, m, n: b + (r - b) * (1 - m) ** (n + 1), None),
        "one batch less": (lambda r, b, m, n: b + (r - b) * (1 - m) ** (n - 1), None),
        "exponential": (lambda r, b, m, n: b + (r - b) * np.exp(-m * n), None),
        "way left": (lambda r, b, m, n: (r - b) * (1 - m) ** n, None),
        "never forgets": (lambda r, b, m, n: r * (1 - m) ** n + b * m * n, None),
    },
    "layer_rates": {
        "from the first": (
            lambda layers, lr, decay: [lr * decay**k for k in range(layers)],
            "upside_down",
        ),
        "one too few": (
            lambda layers, lr, decay: [lr * decay**k for k in reversed(range(layers - 1))],
            None,
        ),
        "divided": (
            lambda layers, lr, decay: [lr / decay**k for k in reversed(range(layers))],
            None,
        ),
        "factors alone": (
            lambda layers, lr, decay: [decay**k for k in reversed(range(layers))],
            None,
        ),
        "times the place": (
            lambda layers, lr, decay: [lr * decay * k for k in range(1, layers + 1)],
            None,
        ),
        "exponential": (
            lambda layers, lr, decay: lr * np.exp(-decay * np.arange(layers)[::-1]),
            None,
        ),
    },
}
