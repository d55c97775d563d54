"""Architecture explorer: walk through U-Net and see what each step makes of the image."""

from typing import NamedTuple

import numpy as np

from .._html import table
from .base import CourseWidget


class Step(NamedTuple):
    """One operation of a U-Net and what comes out of it."""

    kind: str
    level: int
    side: str
    channels: int
    size: int
    parameters: int
    field: int


#: The networks to choose from: name, and arguments of `trace_unet`.
NETWORKS = (
    ("the paper's, unpadded", {"channels": 64, "depth": 4, "padded": False, "size": 572}),
    ("the paper's, padded", {"channels": 64, "depth": 4, "padded": True, "size": 512}),
    (
        "this chapter's",
        {"channels": 8, "depth": 3, "padded": True, "size": 256, "batch_norm": True},
    ),
)


class ArchitectureExplorer(CourseWidget):
    """Figure 1 of the U-Net paper: shapes, parameters and receptive field of every step.

    With a trained network and an image each step also shows its feature maps: the four that vary
    most over the image, and which pixels its middle unit depends on, by the gradient; all of it
    once more with zeros in place of what crosses the skip connections.

    Parameters
    ----------
    network : course_lib.nets.UNet, optional
        Trained; padded, with skips, for one channel and two classes. It is shown as this chapter's.
    image : array_like in [0, 1], shape (size, size), optional
        With `network`; at most 256 a side, a multiple of ``2**depth``.
    """

    front_end = "architecture.js"
    label = "Architecture explorer"

    def __init__(self, network=None, image=None):
        if (network is None) != (image is None):
            raise ValueError("network and image must be given together, or neither.")
        networks, maps = list(NETWORKS), {}
        state = {"network": 0, "step": 0}
        if network is not None:
            # What shows no maps does without torch.
            from . import _maps

            settings, image = _maps.checked(network, image)
            networks[-1] = (NETWORKS[-1][0], settings)
            kinds = [step.kind for step in trace_unet(**settings)]
            maps = {"maps": _maps.shown_maps(network, image, kinds)}
            # Where what crossed the last skip lies on what came from below
            joined = max(at for at, kind in enumerate(kinds) if kind == "join")
            state = {"network": len(networks) - 1, "step": joined, "skips": 0}
        super().__init__(
            data={
                "networks": [
                    {
                        "name": name,
                        "depth": settings["depth"],
                        "steps": [list(step) for step in trace_unet(**settings)],
                    }
                    for name, settings in networks
                ],
                "kinds": {kind: list(said) for kind, said in _KINDS.items()},
                **maps,
            },
            state=state,
        )

    def hashed(self):
        # Maps differ between processors in their last digits.
        return {key: self.data[key] for key in ("networks", "kinds")}

    def fallback(self):
        # The paper's: maps need scripts.
        shown = self.data["networks"][0]
        rows = [
            (
                _KINDS[step.kind][0],
                f"{step.channels} × {step.size} × {step.size}",
                f"{step.parameters:,}",
                f"{step.field} × {step.field}",
            )
            for step in map(Step._make, shown["steps"])
        ]
        return table(
            ("step", "channels × height × width", "parameters", "pixels seen"),
            rows,
            f"U-Net ({shown['name']}), from the image to the scores",
        )


#: Kind of step: its name, and what it is there for.
_KINDS = {
    "image": ("the image", "One channel of gray values."),
    "convolve": (
        "3×3 convolution, rectified",
        "Each output pixel is a weighted sum over a 3×3 neighborhood, negative values set to 0.",
    ),
    "pool": (
        "2×2 maximum",
        "Only the largest of four neighbors stays: half the resolution, twice the reach of all "
        "that follows.",
    ),
    "enlarge": (
        "2×2 up-convolution",
        "Every pixel becomes a square of four, with weights that are learned.",
    ),
    "join": (
        "concatenation with the skip connection",
        "The map of the same level crosses the U: context from below is stacked on detail that "
        "was never pooled away.",
    ),
    "classify": (
        "1×1 convolution",
        "At every pixel on its own, a weighted sum of the channels gives a score for each class.",
    ),
}


def trace_unet(channels, depth, padded, size, classes=2, batch_norm=False):
    """The steps of a U-Net on a square image of one channel.

    Parameters
    ----------
    channels, depth, padded, classes, batch_norm
        As in `course_lib.nets.UNet`.
    size : int
        Side of the image.

    Returns
    -------
    list of Step
        ``channels`` and ``size`` of the output; ``parameters`` of the step; ``field``, the largest
        side of the square of image pixels on which a pixel of the output depends.
    """
    # First and last image column that each column of the map depends on.
    reach = np.stack([np.arange(size), np.arange(size)])
    width, steps, skips = 1, [], []

    def note(kind, level, side, parameters=0):
        field = int((reach[1] - reach[0]).max()) + 1
        steps.append(Step(kind, level, side, width, reach.shape[1], parameters, field))

    def convolve(level, side, after):
        nonlocal reach, width
        for _ in range(2):
            reach = _convolved(reach, padded)
            # A bias, or scale and shift of batch normalization, for each channel
            parameters, width = (9 * width + 1 + batch_norm) * after, after
            note("convolve", level, side, parameters)

    note("image", 0, "down")
    for level in range(depth):
        convolve(level, "down", channels * 2**level)
        skips.append(reach)
        reach = np.stack([reach[0].reshape(-1, 2).min(1), reach[1].reshape(-1, 2).max(1)])
        note("pool", level + 1, "down")
    convolve(depth, "down", channels * 2**depth)
    for level in reversed(range(depth)):
        reach, narrow = np.repeat(reach, 2, axis=1), width // 2
        parameters, width = 4 * width * narrow + narrow, narrow
        note("enlarge", level, "up", parameters)
        border = (skips[level].shape[1] - reach.shape[1]) // 2
        skip = skips[level][:, border : border + reach.shape[1]]
        reach = np.stack([np.minimum(reach[0], skip[0]), np.maximum(reach[1], skip[1])])
        width = 2 * narrow
        note("join", level, "up")
        convolve(level, "up", narrow)
    parameters, width = width * classes + classes, classes
    note("classify", 0, "up", parameters)
    return steps


def _convolved(reach, padded):
    """The dependence after a convolution over three columns."""
    if padded:
        reach = np.pad(reach, ((0, 0), (1, 1)), mode="edge")
    return np.stack([reach[0, :-2], reach[1, 2:]])
