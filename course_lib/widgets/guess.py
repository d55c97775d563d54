"""A first guess: how likely is a positive person ill?"""

import numpy as np

from .._html import table
from ..metrics import ConfusionMatrix
from .base import CourseWidget

_COLUMNS = 50


class FirstGuess(CourseWidget):
    """The reader guesses how many positive people are ill; then a crowd takes the test.

    Parameters
    ----------
    sensitivity, specificity, prevalence : float in [0, 1]
    people : int
        Size of the crowd. Groups are rounded to whole people.
    """

    front_end = "guess.js"
    label = "A first guess"

    def __init__(self, sensitivity=0.9, specificity=0.95, prevalence=0.02, people=1000):
        ill = round(people * prevalence)
        tp, fp = round(sensitivity * ill), round((1 - specificity) * (people - ill))
        crowd = ConfusionMatrix(tp=tp, fn=ill - tp, fp=fp, tn=people - ill - fp)
        # Who stands where in the crowd says nothing: the ill are anywhere.
        places = np.random.default_rng(10).permutation(people)
        kinds = dict.fromkeys(("tp", "fp", "fn"))
        for kind in kinds:
            kinds[kind], places = np.split(places, [int(getattr(crowd, kind))])
        super().__init__(
            data={
                "sensitivity": sensitivity,
                "specificity": specificity,
                "people": people,
                "ill": ill,
                "columns": _COLUMNS,
                "places": {kind: sorted(where.tolist()) for kind, where in kinds.items()},
                "ppv": round(float(crowd.ppv), 7),
                "guesses": [percent / 100 for percent in range(101)],
            },
            state={"guess": 50, "shown": 0},
        )

    def fallback(self):
        d = self.data
        tp, fp, fn = (len(d["places"][kind]) for kind in ("tp", "fp", "fn"))
        people = f"{d['people']:,}"
        rows = [("positive", tp, fp), ("negative", fn, d["people"] - tp - fp - fn)]
        caption = (
            f"{people} people take a test of sensitivity {d['sensitivity']:.0%} and specificity "
            f"{d['specificity']:.0%}; {d['ill']} of them are ill"
        )
        return (
            f"{table((f'of {people}', 'ill', 'healthy'), rows, caption, named_rows=True)}"
            f"<p>You are positive. Are you ill? Of {tp + fp} positive people {tp} are, "
            f"{d['ppv']:.1%}.</p>"
        )
