"""Style explorer: how much of the photograph, and after how many steps."""

import numpy as np

from .._html import table
from .._validation import as_picture
from .base import CourseWidget
from .sprites import sheet

_TILE = (160, 160)
_COLUMNS = 4


class StyleExplorer(CourseWidget):
    """A photograph painted in another's style, for several weights of the content.

    Parameters
    ----------
    content, style : array_like in [0, 1], shape (height, width, 3)
        Square.
    painted : dict
        From a content weight to the `course_lib.style.Painted` made with it; all were kept at the
        same stages. Small weights first.
    """

    front_end = "style.js"
    label = "Style explorer"

    def __init__(self, content, style, painted):
        content, style = as_picture(content, "content"), as_picture(style, "style")
        stages = [list(each.stages) for each in painted.values()]
        if not stages or not stages[0]:
            raise ValueError("painted must hold at least one picture that was kept at a stage.")
        if any(each != stages[0] for each in stages):
            raise ValueError("painted must hold pictures that were kept at the same stages.")
        pictures = [picture for each in painted.values() for picture in each.stages.values()]
        super().__init__(
            data={
                "weights": [float(weight) for weight in painted],
                "steps": stages[0],
                "columns": _COLUMNS,
                "tiles": sheet([content, style, *pictures], _COLUMNS, _TILE),
                "costs": [
                    # Costs are known before each step, thus not after the last one.
                    [np.round([each.content[n - 1], each.style[n - 1]], 2).tolist() for n in steps]
                    for each, steps in zip(painted.values(), stages, strict=True)
                ],
            },
            state={"weight": len(painted) // 2, "step": len(stages[0]) - 1},
        )

    def hashed(self):
        # Pictures and costs differ between processors in their last digits.
        return {key: self.data[key] for key in ("weights", "steps")}

    def fallback(self):
        rows = [
            (f"{weight:g}", *(f"{cost:.2f}" for cost in costs[-1]))
            for weight, costs in zip(self.data["weights"], self.data["costs"], strict=True)
        ]
        header = ("content weight", "content cost", "style cost")
        return table(header, rows, f"Costs after {self.data['steps'][-1]} steps")
