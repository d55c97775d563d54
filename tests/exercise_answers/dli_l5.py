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


def _layers(features, hidden, labels, outputs=None):
    end = torch.nn.Sequential(
        torch.nn.Linear(features, hidden),
        torch.nn.ReLU(),
        torch.nn.Linear(hidden, outputs or len(set(labels.tolist()))),
    )
    return sum(p.numel() for p in end.parameters())


def _step(features, head, x, y, lr, frozen=False, head_learns=True, reduction="mean"):
    features = torch.tensor(features, requires_grad=not frozen)
    head = torch.tensor(head, requires_grad=head_learns)
    optimizer = torch.optim.SGD([p for p in (features, head) if p.requires_grad], lr=lr)
    output = torch.tensor(x) @ features @ head
    torch.nn.functional.mse_loss(output, torch.tensor(y), reduction=reduction).backward()
    optimizer.step()
    return features.detach(), head.detach()


def _by_differences(features, head, x, y, lr, h=1e-6):
    """Gradients as the error changes when each number is moved a little."""

    def error(both):
        return np.mean(
            (x @ both[: features.size].reshape(features.shape) @ both[-len(head) :] - y) ** 2
        )

    both = np.r_[features.ravel(), head].astype(float)
    moved = h * np.eye(len(both))
    slope = np.array([(error(both + m) - error(both - m)) / (2 * h) for m in moved])
    after = both - lr * slope
    return after[: features.size].reshape(features.shape), after[-len(head) :]


def _with_new_end(weights, batches, lr, learns=(False, True), last=None, forget=True):
    """The workshop's way: `requires_grad_`, an optimizer for what learns, the loop."""
    nn = torch.nn
    old = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 7))
    model = nn.Sequential(old[:2], nn.Linear(5, 3))
    model.load_state_dict(weights)
    for part, one in zip(model, learns, strict=True):
        part.requires_grad_(one)
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr)
    for x, y in batches:
        if forget:
            optimizer.zero_grad()
        nn.CrossEntropyLoss()((last or nn.Identity())(model(x)), y).backward()
        optimizer.step()
    return model[0][0].weight.detach(), model[1].weight.detach()


def _on_kept_features(weights, batches, lr):
    """Frozen features are asked once; a linear model learns from them, by its own formula."""
    w, b = weights["1.weight"].clone(), weights["1.bias"].clone()
    for x, y in batches:
        hidden = (x @ weights["0.0.weight"].T + weights["0.0.bias"]).clamp(min=0)
        error = (hidden @ w.T + b).softmax(1) - torch.eye(3)[y]
        w, b = w - lr / len(y) * error.T @ hidden, b - lr * error.mean(0)
    return weights["0.0.weight"], w


RIGHT = {
    "learning": {
        "torch": _layers,
        "shapes": lambda f, h, labels: sum(
            a * b for a, b in ((f + 1, h), (h + 1, len(np.unique(labels))))
        ),
    },
    "new_end": {"torch": _with_new_end, "features once": _on_kept_features},
    "accuracy": {
        "sigmoid": lambda logits, y: np.mean((1 / (1 + np.exp(-logits)) > 0.5) == (y == 1)),
        "count": lambda logits, y: (
            sum((a > 0) == (b == 1) for a, b in zip(logits.ravel(), y.ravel(), strict=True))
            / len(y)
        ),
        "sign": lambda logits, y: np.mean(logits * (2 * y - 1) > 0),
    },
    "fine_tune_step": {"torch": _step, "differences": _by_differences},
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
}

WRONG = {
    "learning": {
        "five outputs": (
            lambda f, h, labels: _layers(f, h, labels, int(max(labels))),
            "last_label_as_outputs",
        ),
        "biases of the end": (
            lambda f, h, labels: f * h + (h + 1) * len(np.unique(labels)),
            None,
        ),
        "no hidden layer": (lambda f, h, labels: (f + 1) * len(np.unique(labels)), None),
        "sizes": (lambda f, h, labels: f + h + len(np.unique(labels)), None),
    },
    "new_end": {
        "no underscore": (lambda *a: _with_new_end(*a, learns=(True, True)), "nothing_frozen"),
        "end frozen": (lambda *a: _with_new_end(*a, learns=(True, False)), "old_part_alone"),
        "softmax": (lambda *a: _with_new_end(*a, last=torch.nn.Softmax(1)), "softmax_first"),
        "as they came": (
            lambda weights, batches, lr: (weights["0.0.weight"], weights["1.weight"]),
            "end_frozen_too",
        ),
        "gradients pile up": (lambda *a: _with_new_end(*a, forget=False), "gradients_add_up"),
        "first batch": (lambda w, batches, lr: _with_new_end(w, batches[:1], lr), None),
        "end alone": (lambda *a: _with_new_end(*a)[1], None),
        "exchanged": (lambda *a: _with_new_end(*a)[::-1], "reversed"),
    },
    "accuracy": {
        "at one half": (lambda logits, y: np.mean((logits >= 0.5) == (y == 1)), "border_at_half"),
        "flat beside a column": (
            lambda logits, y: np.mean((logits.ravel() > 0) == (y == 1)),
            "shapes",
        ),
        "yes among yes": (lambda logits, y: np.mean(logits[y == 1] > 0), None),
        "number": (lambda logits, y: int(((logits > 0) == (y == 1)).sum()), None),
        "from below": (lambda logits, y: np.mean((logits < 0) == (y == 1)), "wrong_share"),
    },
    "fine_tune_step": {
        "still frozen": (lambda *a: _step(*a, frozen=True), "features_frozen"),
        "new optimizer without the head": (
            lambda *a: _step(*a, head_learns=False),
            "head_forgotten",
        ),
        "sum": (lambda *a: _step(*a, reduction="sum"), "summed_error"),
        "untouched": (lambda features, head, x, y, lr: (features, head), None),
        "two steps": (
            lambda f, h, x, y, lr: _step(*map(np.asarray, _step(f, h, x, y, lr)), x, y, lr),
            None,
        ),
        "half the gradient": (lambda f, h, x, y, lr: _step(f, h, x, y, lr / 2), None),
    },
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
}
