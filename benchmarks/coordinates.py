"""The style chapter's table of coordinates: pixels or waves, in which colors, at its best rate.

``python -m benchmarks.coordinates`` prints it and writes ``coordinates.csv``, which a test compares
with the chapter. Network, pictures, weight and steps are the chapter's; the best rate is the one
with the lowest sum of the weighted costs in the first start.
"""

from pathlib import Path

import torch
from skimage.transform import resize

from course_lib import datasets, style
from course_lib.nets import EfficientNetLite0
from course_lib.visualize.parameterization import Fourier, Pixels, decorrelated, independent

from .report import write_table

TABLE = Path(__file__).with_name("coordinates.csv")
RATES = (0.02, 0.06, 0.2, 0.6)
SEEDS = (0, 1, 2)
WEIGHT, STEPS = 0.3, 60
COORDINATES = {
    "pixels": (Pixels, independent),
    "pixels, colors of photographs": (Pixels, decorrelated),
    "waves": (Fourier, independent),
    "waves, colors of photographs": (Fourier, decorrelated),
}


def rows():
    """Yield (coordinates, best rate, content costs, style costs) for the table."""
    network = EfficientNetLite0.pretrained().folded()
    portrait = datasets.photo("astronaut", 288)[:144, 50:194]
    fibers = resize(datasets.histology("DAB")[:320, :320], (144, 144), anti_aliasing=True)

    def ends(coordinates, rate, seed):
        numbers, colors = coordinates
        options = {"lr": rate, "seed": seed, "parameterization": numbers, "colors": colors}
        run = style.transfer(network, portrait, fibers, WEIGHT, STEPS, **options)
        return run.content[-1], run.style[-1]

    for name, coordinates in COORDINATES.items():
        first = {rate: ends(coordinates, rate, SEEDS[0]) for rate in RATES}
        best = min(RATES, key=lambda rate, first=first: WEIGHT * first[rate][0] + first[rate][1])
        starts = [first[best], *(ends(coordinates, best, seed) for seed in SEEDS[1:])]
        yield (
            name,
            str(best),
            *(" ".join(f"{c:.2f}" for c in cost) for cost in zip(*starts, strict=True)),
        )


if __name__ == "__main__":
    torch.set_num_threads(1)
    header = ("the picture is written as", "best rate", "content cost", "style cost")
    write_table(TABLE, header, rows())
