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
    "conv_parameters": {
        "torch": lambda i, o, k: sum(p.numel() for p in torch.nn.Conv2d(i, o, k).parameters()),
        "loop": lambda i, o, k: sum(sum(k * k for _ in range(i)) + 1 for _ in range(o)),
        "expanded": lambda i, o, k: o + o * i * k * k,
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
    "conv_parameters": {
        "bias for each input": (lambda i, o, k: i * o * k**2 + i, None),
        "one bias": (lambda i, o, k: i * o * k**2 + 1, None),
        "sum of channels": (lambda i, o, k: (i + o) * k**2 + o, None),
        "twice": (lambda i, o, k: o * (i * 2 * k + 1), None),
        "cube": (lambda i, o, k: o * (i * k**3 + 1), None),
    },
    "receptive_field": {
        "total stride": (lambda layers: math.prod(stride for _, stride in layers), None),
        "squared": (lambda layers: _field_by_sum(layers) ** 2, None),
        "from above": (lambda layers: _field_by_sum(layers[::-1]), None),
        "without the pixel": (lambda layers: _field_by_sum(layers) - 1, None),
        "kernels times strides": (lambda layers: 1 + sum((k - 1) * s for k, s in layers), None),
    },
}
