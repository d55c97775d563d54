"""Answers to the exercises of the chapter "Painting with features"."""

import math

import numpy as np
import torch


def _cost_torch(features, target):
    F, C = torch.tensor(features).float(), torch.tensor(target).float()
    return torch.nn.functional.mse_loss(F, C) / C.var(correction=0)


def _cost_loop(features, target):
    F, C = features.ravel().tolist(), target.ravel().tolist()
    mean = sum(C) / len(C)
    return sum((a - b) ** 2 for a, b in zip(F, C, strict=True)) / sum((b - mean) ** 2 for b in C)


def _gram_loop(features):
    channels, height, width = features.shape
    G = np.zeros((channels, channels))
    for i in range(channels):
        for j in range(channels):
            for y in range(height):
                for x in range(width):
                    G[i, j] += features[i, y, x] * features[j, y, x]
    return G / (height * width)


def _like_torch(features, target):
    F, C = torch.tensor(features).float(), torch.tensor(target).float()
    sd, mean = torch.std_mean(C, dim=(1, 2), correction=0, keepdim=True)
    return (F - mean) / sd


def _colors_torch(lab, reference, correction=0):
    a, b = torch.tensor(lab), torch.tensor(reference)
    sd_a, mean_a = torch.std_mean(a, dim=(0, 1), correction=correction)
    sd_b, mean_b = torch.std_mean(b, dim=(0, 1), correction=correction)
    return (a - mean_a) * (sd_b / sd_a) + mean_b


def _flat(lab):
    return lab.reshape(-1, 3)


def _unmix_pixels(density, dyes):
    return [np.linalg.lstsq(dyes.T, pixel, rcond=None)[0] for pixel in density]


def _unmix_cramer(density, dyes):
    """The normal equations of two unknowns, solved by hand."""
    (a, b), (_, d) = dyes @ dyes.T
    u, v = (density @ dyes.T).T
    return np.stack([d * u - b * v, a * v - b * u], axis=1) / (a * d - b * b)


def _failed_loop(content, manner):
    found = []
    for c, m in zip(content, manner, strict=True):
        found.append(any(a < c and b < m for a, b in zip(content, manner, strict=True)))
    return found


def _failed_by_sorting(content, manner):
    """Along rising content cost, who has a style cost above the least so far has failed."""
    return [bool((manner[content < c] < m).any()) for c, m in zip(content, manner, strict=True)]


def _failed_torch(content, manner):
    c, m = torch.tensor(content), torch.tensor(manner)
    return ((c[None] < c[:, None]) & (m[None] < m[:, None])).any(1)


RIGHT = {
    "failed": {
        "loop": _failed_loop,
        "by sorting": _failed_by_sorting,
        "torch": _failed_torch,
    },
    "content_cost": {
        "torch": _cost_torch,
        "loop": _cost_loop,
        "standardized": lambda F, C: np.mean(((F - C) / C.std()) ** 2),
        "moments": lambda F, C: (
            (np.mean(F**2) - 2 * np.mean(F * C) + np.mean(C**2)) / (np.mean(C**2) - C.mean() ** 2)
        ),
    },
    "gram_matrix": {
        "loop": _gram_loop,
        "einsum": lambda F: np.einsum("iyx,jyx->ij", F, F) / math.prod(F.shape[1:]),
        "torch": lambda F: (
            torch.tensor(F).float().flatten(1) @ torch.tensor(F).float().flatten(1).T / F[0].size
        ),
        "scaled first": lambda F: (
            (F.reshape(len(F), -1) / F[0].size ** 0.5)
            @ (F.reshape(len(F), -1) / F[0].size ** 0.5).T
        ),
    },
    "standardize_like": {
        "torch": _like_torch,
        "transposed": lambda F, C: ((F.T - C.mean((1, 2))) / C.std((1, 2))).T,
        "reshaped": lambda F, C: (
            (F.reshape(len(F), -1) - C.reshape(len(C), -1).mean(1)[:, None])
            / C.reshape(len(C), -1).std(1)[:, None]
        ).reshape(F.shape),
    },
    "match_colors": {
        "torch": _colors_torch,
        "flat": lambda lab, ref: (
            (_flat(lab) - _flat(lab).mean(0)) / _flat(lab).std(0) * _flat(ref).std(0)
            + _flat(ref).mean(0)
        ).reshape(lab.shape),
        "moved mean": lambda lab, ref: (
            lab * (ref.std((0, 1)) / lab.std((0, 1)))
            + ref.mean((0, 1))
            - lab.mean((0, 1)) * ref.std((0, 1)) / lab.std((0, 1))
        ),
    },
    "optical_density": {
        "difference": lambda I, white: np.log10(white) - np.log10(np.where(I == 0, 1, I)),
        "natural": lambda I, white: -np.log(np.clip(I, 1, None) / white) / np.log(10),
        "torch": lambda I, white: -torch.log10(torch.tensor(I).clamp(min=1) / white),
        "loop": lambda I, white: np.reshape(
            [math.log10(white / max(i, 1)) for i in I.ravel().tolist()], I.shape
        ),
    },
    "unmix": {
        "pixels": _unmix_pixels,
        "Cramer": _unmix_cramer,
        "inverse": lambda D, V: D @ np.linalg.pinv(V),
        "torch": lambda D, V: (
            torch.linalg.lstsq(torch.tensor(V.T).float(), torch.tensor(D.T).float()).solution.T
        ),
    },
}

WRONG = {
    "failed": {
        "the others": (lambda c, m: ~np.array(_failed_loop(c, m)), None),
        "how many": (lambda c, m: int(np.sum(_failed_loop(c, m))), None),
        "which": (lambda c, m: np.flatnonzero(_failed_loop(c, m)), None),
        "above both means": (lambda c, m: (c > c.mean()) & (m > m.mean()), None),
        "best content": (lambda c, m: c == c.min(), None),
        "or equal": (
            lambda c, m: [((c <= a) & (m <= b)).sum() > 1 for a, b in zip(c, m, strict=True)],
            "equal_is_enough",
        ),
    },
    "content_cost": {
        "variance of torch": (
            lambda F, C: torch.mean(torch.tensor(F - C) ** 2) / torch.tensor(C).var(),
            "n_minus_one",
        ),
        "half the sum": (lambda F, C: 0.5 * np.sum((F - C) ** 2), None),
        "root": (lambda F, C: np.sqrt(_cost_loop(F, C)), None),
        "absolute": (lambda F, C: np.mean(np.abs(F - C)) / C.std(), None),
        "mean square for variance": (lambda F, C: np.mean((F - C) ** 2) / np.mean(C**2), None),
        "a variance for each channel": (
            lambda F, C: np.mean((F - C) ** 2 / C.var((1, 2), keepdims=True)),
            None,
        ),
        "arguments swapped": (lambda F, C: np.mean((F - C) ** 2) / F.var(), "variance_of_features"),
    },
    "gram_matrix": {
        "correlation": (lambda F: np.corrcoef(F.reshape(len(F), -1)), None),
        "Gatys": (
            lambda F: np.einsum("iyx,jyx->ij", F, F) / F.size,
            "divided_by_all_values",
        ),
        "covariance of n": (lambda F: np.cov(F.reshape(len(F), -1), bias=True), None),
        "diagonal": (lambda F: np.mean(F**2, (1, 2)), None),
        "means": (lambda F: np.outer(F.mean((1, 2)), F.mean((1, 2))), None),
        "over the rows": (lambda F: np.einsum("iyx,jyx->ij", F, F) / F.shape[1], None),
        "root": (lambda F: np.sqrt(np.einsum("iyx,jyx->ij", F, F)), None),
    },
    "standardize_like": {
        "n less one": (
            lambda F, C: (F - C.mean((1, 2), keepdims=True)) / C.std((1, 2), ddof=1, keepdims=True),
            "n_minus_one",
        ),
        "back": (
            lambda F, C: F * C.std((1, 2), keepdims=True) + C.mean((1, 2), keepdims=True),
            None,
        ),
        "instance normalization": (
            lambda F, C: (
                (F - F.mean((1, 2), keepdims=True))
                / F.std((1, 2), keepdims=True)
                * C.std((1, 2), keepdims=True)
                + C.mean((1, 2), keepdims=True)
            ),
            None,
        ),
        "mean alone": (lambda F, C: F - C.mean((1, 2), keepdims=True), None),
        "to the largest": (lambda F, C: F / C.max((1, 2), keepdims=True), None),
        "over the channels": (lambda F, C: (F - F.mean(0)) / (F.std(0) + 1e-3), None),
    },
    "match_colors": {
        "n less one": (lambda lab, ref: _colors_torch(lab, ref, 1), "n_minus_one"),
        "deviation alone": (
            lambda lab, ref: lab * ref.std((0, 1)) / lab.std((0, 1)),
            None,
        ),
        "variance": (
            lambda lab, ref: (
                (lab - lab.mean((0, 1))) * ref.var((0, 1)) / lab.var((0, 1)) + ref.mean((0, 1))
            ),
            None,
        ),
        "standardized": (lambda lab, ref: (lab - lab.mean((0, 1))) / lab.std((0, 1)), None),
        "mean color": (lambda lab, ref: np.broadcast_to(ref.mean((0, 1)), lab.shape), None),
        "own mean stays": (
            lambda lab, ref: (
                (lab - lab.mean((0, 1))) / lab.std((0, 1)) * ref.std((0, 1)) + lab.mean((0, 1))
            ),
            None,
        ),
        "by rows": (
            lambda lab, ref: (
                (lab - lab.mean(1, keepdims=True)) / lab.std(1, keepdims=True) * ref.std((0, 1))
                + ref.mean((0, 1))
            ),
            None,
        ),
    },
    "optical_density": {
        "one more": (lambda I, white: -np.log10((I + 1) / white), "adds_one"),
        "one more on both": (lambda I, white: np.log10((white + 1) / (I + 1)), None),
        "base two": (lambda I, white: np.log2(white / np.maximum(I, 1)), None),
        "share": (lambda I, white: np.maximum(I, 1) / white, None),
        "brightest pixel as white": (lambda I, white: np.log10(I.max() / np.maximum(I, 1)), None),
        "zero for zero": (
            lambda I, white: np.where(I == 0, 0, np.log10(white / np.maximum(I, 1))),
            None,
        ),
        "integer division": (lambda I, white: np.log10(white // np.maximum(I, 1)), None),
    },
    "unmix": {
        "projection": (lambda D, V: D @ V.T, "each_dye_alone"),
        "shares": (
            lambda D, V: _unmix_cramer(D, V) / _unmix_cramer(D, V).sum(1, keepdims=True),
            None,
        ),
        "dyes swapped": (lambda D, V: _unmix_cramer(D, V)[:, ::-1], None),
        "explained density": (lambda D, V: _unmix_cramer(D, V) @ V, None),
        "red and blue": (lambda D, V: np.linalg.solve(V[:, [0, 2]].T, D[:, [0, 2]].T).T, None),
        "absolute": (lambda D, V: np.abs(_unmix_cramer(D, V)), None),
        "what is left": (lambda D, V: D - _unmix_cramer(D, V) @ V, None),
    },
}
