"""Dream explorer: how deep a network dreams, and for how long."""

from .._html import table
from .base import CourseWidget
from .sprites import sheet

_TILE = (160, 160)


class DreamExplorer(CourseWidget):
    """A photograph, and the dreams of several layers after several numbers of steps.

    Parameters
    ----------
    photo : array_like in [0, 1], shape (height, width, 3)
    dreams : dict
        From the name of a layer to its dreams, one for each of `steps`; shallow layers first.
    steps : sequence of int
        Steps of each octave, increasing, above 0. The slider begins at 0, the photograph.
    """

    front_end = "dream.js"
    label = "Dream explorer"

    def __init__(self, photo, dreams, steps):
        steps = [int(n) for n in steps]
        if not dreams or not steps:
            raise ValueError("dreams and steps must hold at least one entry.")
        if any(len(each) != len(steps) for each in dreams.values()):
            raise ValueError(f"dreams must hold {len(steps)} pictures for each layer, as steps do.")
        tiles = [photo, *(dream for each in dreams.values() for dream in each)]
        super().__init__(
            data={
                "layers": list(dreams),
                "steps": [0, *steps],
                "columns": 5,
                "tiles": sheet(tiles, 5, _TILE),
            },
            state={"layer": len(dreams) // 2, "step": len(steps)},
        )

    def hashed(self):
        # Dreams differ between processors in their last digits.
        return {key: self.data[key] for key in ("layers", "steps")}

    def fallback(self):
        rows = [(layer, ", ".join(map(str, self.data["steps"]))) for layer in self.data["layers"]]
        return table(("layer", "steps"), rows, "Dreams of the network; their pictures need scripts")
