"""Answers to the exercises of the chapter "Why did it say that?"."""

import numpy as np
import torch


def _tensors(*arrays):
    return [torch.tensor(array).float() for array in arrays]


def _path_loop(image, baseline, gradients):
    result = np.zeros(image.shape)
    for place in np.ndindex(*image.shape):
        slope = sum(gradient[place] for gradient in gradients) / len(gradients)
        result[place] = (image[place] - baseline[place]) * slope
    return result


def _path_torch(image, baseline, gradients):
    image, baseline, gradients = _tensors(image, baseline, gradients)
    return (image - baseline) * gradients.mean(0)


def _map_loop(maps, gradients):
    total = np.zeros(maps.shape[1:])
    for a, g in zip(maps, gradients, strict=True):
        total += g.sum() / g.size * a
    total[total < 0] = 0
    return total


def _map_torch(maps, gradients):
    maps, gradients = _tensors(maps, gradients)
    return torch.relu((gradients.mean((1, 2), keepdim=True) * maps).sum(0))


def _mean_places(maps, gradients):
    return np.maximum((gradients.mean((1, 2)) * maps.mean((1, 2))).sum(), 0)


def _fault_loop(attribution, edges, box, share=5, least=0.8):
    size = [abs(a) for a in attribution.ravel().tolist()]
    line, inside = edges.ravel().tolist(), box.ravel().tolist()
    n = len(size)
    held = sum(s for s, i in zip(size, inside, strict=True) if i) / sum(size)
    if held > share * sum(inside) / n:
        return "marker"
    a, b = sum(size) / n, sum(line) / n
    covariance = sum((s - a) * (e - b) for s, e in zip(size, line, strict=True))
    spread = sum((s - a) ** 2 for s in size) * sum((e - b) ** 2 for e in line)
    return "edges" if covariance > least * spread**0.5 else "none"


def _fault_torch(attribution, edges, box):
    size, edges = (torch.tensor(a).double().abs().flatten() for a in (attribution, edges))
    inside = torch.tensor(box).flatten()
    if size[inside].mean() > 5 * size.mean():
        return "marker"
    return "edges" if torch.corrcoef(torch.stack([size, edges]))[0, 1] > 0.8 else "none"


RIGHT = {
    "fault": {"loop": _fault_loop, "densities": _fault_torch},
    "gradient_times_input": {
        "channels": lambda x, g: sum(x[..., c] * g[..., c] for c in range(3)),
        "loop": lambda x, g: [
            [sum(a * b for a, b in zip(p, q, strict=True)) for p, q in zip(r, s, strict=True)]
            for r, s in zip(x.tolist(), g.tolist(), strict=True)
        ],
        "torch": lambda x, g: torch.mul(*_tensors(x, g)).sum(-1),
    },
    "path_average": {"loop": _path_loop, "torch": _path_torch},
    "class_map": {
        "loop": _map_loop,
        "torch": _map_torch,
        "tensordot": lambda a, g: np.tensordot(g.mean((1, 2)), a, 1).clip(0),
    },
    "deletion_area": {
        "trapezoid": lambda s, p: np.trapezoid(p, s),
        "loop": lambda s, p: sum(
            (s[i + 1] - s[i]) * (p[i] + p[i + 1]) / 2 for i in range(len(s) - 1)
        ),
        "torch": lambda s, p: torch.trapezoid(*reversed(_tensors(s, p))),
        "two rectangles": lambda s, p: (np.diff(s) @ p[1:] + np.diff(s) @ p[:-1]) / 2,
    },
    "share_in_mask": {
        "loop": lambda a, m: (
            sum(abs(v) for v, inside in zip(a.ravel(), m.ravel(), strict=True) if inside)
            / sum(abs(v) for v in a.ravel())
        ),
        "one minus": lambda a, m: 1 - np.abs(a[~m]).sum() / np.abs(a).sum(),
        "torch": lambda a, m: (b := torch.tensor(a).float().abs())[torch.tensor(m)].sum() / b.sum(),
    },
}

WRONG = {
    "fault": {
        "none at all": (lambda a, e, b: "none", None),
        "in capitals": (lambda a, e, b: _fault_loop(a, e, b).upper(), None),
        "yes or no": (lambda a, e, b: _fault_loop(a, e, b) != "none", None),
        "turned": (
            lambda a, e, b: {"marker": "edges", "edges": "marker"}.get(
                _fault_loop(a, e, b), "none"
            ),
            None,
        ),
    },
    "gradient_times_input": {
        "gradient alone": (lambda x, g: g.sum(2), None),
        "sums first": (lambda x, g: x.sum(2) * g.sum(2), None),
        "rows": (lambda x, g: (x * g).sum(0), None),
        "one number": (lambda x, g: (x * g).sum(), None),
        "rectified": (lambda x, g: np.maximum((x * g).sum(2), 0), None),
    },
    "path_average": {
        "other way": (lambda x, b, g: (b - x) * g.mean(0), None),
        "first gradient": (lambda x, b, g: (x - b) * g[0], None),
        "sum plus one": (lambda x, b, g: (x - b) * g.sum(0) / (len(g) + 1), None),
        "absolute": (lambda x, b, g: np.abs((x - b) * g.mean(0)), None),
        "trapezoids": (
            lambda x, b, g: (x - b) * (g.sum(0) - (g[0] + g[-1]) / 2) / (len(g) - 1),
            None,
        ),
    },
    "class_map": {
        "summed weights": (
            lambda a, g: np.maximum(np.tensordot(g.sum((1, 2)), a, 1), 0),
            "summed_weights",
        ),
        "absolute": (lambda a, g: np.abs(np.tensordot(g.mean((1, 2)), a, 1)), "absolute"),
        "weights from the maps": (
            lambda a, g: np.maximum(np.tensordot(a.mean((1, 2)), g, 1), 0),
            None,
        ),
        "scaled": (lambda a, g: _map_loop(a, g) / (_map_loop(a, g).max() + 1e-12), None),
        "mean of channels": (lambda a, g: _map_loop(a, g) / len(a), None),
        "one number": (_mean_places, None),
    },
    "deletion_area": {
        "right rectangles": (lambda s, p: np.sum(np.diff(s) * p[1:]), None),
        "even steps": (lambda s, p: np.trapezoid(p, dx=1 / (len(p) - 1)), None),
        "arguments swapped": (lambda s, p: np.trapezoid(s, p), None),
        "no half": (lambda s, p: np.sum(np.diff(s) * (p[1:] + p[:-1])), None),
        "percent": (lambda s, p: 100 * np.trapezoid(p, s), "percent"),
    },
    "share_in_mask": {
        "outside": (lambda a, m: np.abs(a[~m]).sum() / np.abs(a).sum(), None),
        "squares": (lambda a, m: (a[m] ** 2).sum() / (a**2).sum(), None),
        "sum": (lambda a, m: np.abs(a[m]).sum(), None),
        "mean inside": (lambda a, m: np.abs(a[m]).mean(), None),
        "percent": (lambda a, m: 100 * np.abs(a[m]).sum() / np.abs(a).sum(), "percent"),
    },
}
