"""What the pictures of a unit in *What a network sees* keep of their score when they are moved.

``python -m benchmarks.grain`` prints the table and writes ``grain.csv``, which a test compares with
the chapter. Scores are multiples of the best photograph's, as there; five starts of each.
"""

from pathlib import Path

import numpy as np
import torch

from course_lib import datasets
from course_lib.nets import EfficientNetLite0
from course_lib.visualize import transforms
from course_lib.visualize.parameterization import Fourier, Pixels, decorrelated, independent

from .report import write_table

TABLE = Path(__file__).with_name("grain.csv")
SEEDS = range(5)
RECIPES = {
    "pixels": (Pixels, independent, transforms.none),
    "+ Fourier": (Fourier, independent, transforms.none),
    "+ colors": (Fourier, decorrelated, transforms.none),
    "+ transforms": (Fourier, decorrelated, transforms.standard()),
}


def climb(channel, coordinates, colors, shake, seed):
    """The chapter's climb, from one start: an image (1, 3, 96, 96)."""
    torch.manual_seed(seed)
    numbers, chance = coordinates(1, 3, 96), torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(numbers.parameters(), lr=0.09)
    for _ in range(32):
        image = torch.sigmoid(colors(numbers()))
        optimizer.zero_grad()
        (-channel(shake(image, chance))).backward()
        optimizer.step()
    return image.detach()


@torch.no_grad()
def moved(channel, image, pixels=4):
    """Scores of the image moved by 0, 1, 2, … pixels down and right."""
    return np.array(
        [
            [channel(image.roll((down, right), (2, 3))).item() for right in range(pixels)]
            for down in range(pixels)
        ]
    )


def rows():
    """Yield (picture, score where it stands, median of the moved, their share) for the table."""
    model = EfficientNetLite0.pretrained().folded().requires_grad_(False)
    unit = torch.nn.Sequential(model.stem, *model.blocks[:12], model.blocks[12].expand[:2])

    def channel_7(image):
        return unit(model.standardize(image))[0, 7].mean()

    photos = torch.tensor(datasets.photos()).float().permute(0, 3, 1, 2)
    best = max(channel_7(photo[None]).item() for photo in photos)
    for name, recipe in RECIPES.items():
        runs = [moved(channel_7, climb(channel_7, *recipe, seed)) / best for seed in SEEDS]
        here = [scores[0, 0] for scores in runs]
        others = [np.median(scores.ravel()[1:]) for scores in runs]
        shares = np.divide(others, here)
        yield name, _range(here, ".1f"), _range(others, ".1f"), _range(shares, ".0%")


def _range(values, form):
    return f"{min(values):{form}} to {max(values):{form}}"


if __name__ == "__main__":
    torch.set_num_threads(1)
    header = ("five starts", "where it stands", "moved", "kept")
    write_table(TABLE, header, rows())
