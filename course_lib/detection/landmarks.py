"""Landmarks: points that every image of a kind has, here the disc and the fovea of the retina."""

from typing import NamedTuple

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import nn

from .._validation import as_count

#: What the points are, in their order.
LANDMARKS = ("disc", "fovea")


class Fundi(NamedTuple):
    """Pictures of the back of the eye, and where disc and fovea are."""

    images: np.ndarray
    points: np.ndarray


def simulated_fundi(n, size=64, seed=0):
    """Simulated photographs of the retina, right and left eyes.

    Each has a bright optic disc, a dark fovea 1.7 to 3.6 disc diameters from it, a little below on
    average, and vessels that leave the disc up and down and bend around the fovea; light, color,
    framing and noise vary.

    Parameters
    ----------
    n : int
    size : int
        Side in pixels, at least 32.
    seed : int

    Returns
    -------
    Fundi
        ``images`` (n, size, size, 3) float in [0, 1]; ``points`` (n, 2, 2) float, x and y in pixels
        of the disc's center and of the fovea.
    """
    n, size = as_count(n, "n"), as_count(size, "size", least=32)
    rng = np.random.default_rng(seed)
    images, points = np.empty((n, size, size, 3)), np.empty((n, len(LANDMARKS), 2))
    for i in range(n):
        images[i], points[i] = _fundus(rng, size)
    return Fundi(images, points)


def _fundus(rng, size):
    """One right or left eye, of unit side until it is cast into pixels."""
    y, x = (np.mgrid[:size, :size] + 0.5) / size
    middle, field = 0.5 + rng.uniform(-0.04, 0.04, 2), rng.uniform(0.44, 0.56)
    disc = middle - [rng.uniform(0.16, 0.38), rng.uniform(-0.1, 0.1)]
    angle = np.deg2rad(rng.uniform(-2, 14))
    fovea = disc + rng.uniform(0.28, 0.36) * np.array([np.cos(angle), np.sin(angle)])
    from_middle = np.hypot(x - middle[0], y - middle[1])

    tissue = np.array([0.8, 0.38, 0.27]) * rng.uniform(0.7, 1.15) * rng.uniform(0.85, 1.15, 3)
    uneven = 0.12 * size * gaussian_filter(rng.normal(size=(size, size)), size / 6)
    image = tissue * (1 - rng.uniform(0, 0.5) * (from_middle / field) ** 2 + uneven)[..., None]

    vessels = _vessels(rng, size, disc)
    image *= 1 - vessels[..., None] * [0.35, 0.6, 0.5]
    width = rng.uniform(0.045, 0.08)
    dark = np.exp(-((x - fovea[0]) ** 2 + (y - fovea[1]) ** 2) / (2 * width**2))
    image *= 1 - rng.uniform(0.5, 1) * dark[..., None] * [0.35, 0.5, 0.5]
    from_disc = np.hypot((x - disc[0]) / rng.uniform(0.85, 1), y - disc[1])
    bright = 1 / (1 + np.exp((from_disc - rng.uniform(0.05, 0.08)) / 0.008))
    bright *= rng.uniform(0.6, 0.95) * (1 - 0.4 * vessels)
    image += bright[..., None] * (np.array([1, 0.82, 0.5]) * rng.uniform(0.8, 1) - image)

    image *= (from_middle < field)[..., None]
    image += rng.normal(0, 0.015, image.shape)
    points = np.stack([disc, fovea])
    if rng.random() < 0.5:
        image, points = image[:, ::-1], np.abs([1, 0] - points)
    return image.clip(0, 1), size * points


def _vessels(rng, size, disc):
    """How much blood lies over each pixel, 0 to 0.7."""
    ink = np.zeros((size, size))

    def draw(start, angle, bend, length, thickness, steps=120):
        t = np.linspace(0, 1, steps)
        angles = angle + bend * t + np.cumsum(rng.normal(0, 0.04, steps))
        path = start + length / steps * np.cumsum([np.cos(angles), np.sin(angles)], axis=1).T
        column, row = np.floor(size * path).astype(int).T
        seen = (row >= 0) & (row < size) & (column >= 0) & (column < size)
        np.maximum.at(ink, (row[seen], column[seen]), (thickness * (1 - 0.6 * t))[seen])
        return path, angles

    for side in (-1, 1):
        for _ in range(2):
            steep, bend = rng.uniform(1.1, 1.6), rng.uniform(1, 1.6)
            path, angles = draw(
                disc, side * steep, -side * bend, rng.uniform(0.7, 1), rng.uniform(0.6, 1)
            )
            for fork in rng.integers(25, 100, 2):
                away = angles[fork] - side * rng.uniform(-0.6, 0.9)
                draw(path[fork], away, 0, rng.uniform(0.2, 0.4), 0.5)
        draw(disc, side * rng.uniform(1.8, 2.6), side * rng.uniform(-0.3, 0.3), 0.5, 0.7)
    return np.clip(2.2 * gaussian_filter(ink, 0.01 * size), 0, 0.7)


class LandmarkNetwork(nn.Module):
    """Draws a map for each landmark and returns the map's center of mass; 107,000 parameters.

    The map is a softmax over all places, so the point may lie anywhere between the cells, and
    what is learned about a landmark in one place holds everywhere.

    References
    ----------
    Sun et al. 2018, "Integral human pose regression", ECCV, arXiv 1711.08229.
    """

    stride = 4

    def __init__(self, landmarks=2, channels=16):
        super().__init__()
        wide = 2 * channels
        self.maps = nn.Sequential(
            *_conv(3, channels, 3, stride=2),
            *_conv(channels, wide, 3, stride=2),
            *_conv(wide, wide, 5),
            *_conv(wide, wide, 5),
            *_conv(wide, wide, 5),
            nn.Conv2d(wide, landmarks, kernel_size=1),
        )

    def forward(self, images):
        """Points (n, landmarks, 2), x and y in pixels, of images (n, 3, height, width)."""
        contrast = images - images.mean((2, 3), keepdim=True)
        maps = self.maps(contrast / images.std((1, 2, 3), keepdim=True))
        weights = maps.flatten(2).softmax(-1)
        y, x = torch.meshgrid(
            *(self.stride * (torch.arange(side) + 0.5) for side in maps.shape[2:]), indexing="ij"
        )
        places = torch.stack([x.flatten(), y.flatten()], dim=1).to(weights)
        return weights @ places


def _conv(before, after, kernel, stride=1):
    conv = nn.Conv2d(before, after, kernel, stride=stride, padding=kernel // 2, bias=False)
    return conv, nn.BatchNorm2d(after), nn.ReLU()


def landmark_batches(images, points, batch=32):
    """A ``draw`` for `course_lib.training.fit`: images, mirrored, in light of other colors.

    Parameters
    ----------
    images : array_like, shape (n, size, size, 3)
    points : array_like, shape (n, landmarks, 2)
    batch : int
    """
    images = torch.tensor(np.asarray(images), dtype=torch.float32).permute(0, 3, 1, 2)
    points = torch.tensor(np.asarray(points), dtype=torch.float32)
    width = images.shape[-1]

    def draw(generator):
        which = torch.randint(len(images), (batch,), generator=generator)
        x, y = images[which], points[which]
        mirror = torch.rand(batch, 1, 1, 1, generator=generator) < 0.5
        x = torch.where(mirror, x.flip(3), x)
        other_eye = torch.stack([width - y[..., 0], y[..., 1]], dim=-1)
        y = torch.where(mirror[..., 0], other_eye, y)
        return x * (1 + 0.15 * torch.randn(batch, 3, 1, 1, generator=generator)), y

    return draw


def find_landmarks(network, images):
    """Points (n, landmarks, 2), an array, in images (n, size, size, 3) of floats in [0, 1]."""
    images = torch.tensor(np.asarray(images), dtype=torch.float32).permute(0, 3, 1, 2)
    with torch.no_grad():
        return network(images.to(next(network.parameters()).device)).cpu().double().numpy()


def pixel_errors(points, true_points):
    """Distance in pixels from each point to where it should be; the last axis holds x and y."""
    return np.linalg.norm(np.subtract(points, true_points), axis=-1)
