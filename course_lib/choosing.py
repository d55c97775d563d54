"""Which score answers which question: a decision table after *Metrics Reloaded*.

A score is unsuitable where its number can be good although the method is not, or bad although the
method is good. `choose_metrics` says which scores of this library are left for a task, and why the
others are not.

References
----------
Maier-Hein et al. 2024, Nat Methods 21:195. Reinke et al. 2024, Nat Methods 21:182.
"""

from dataclasses import dataclass, field

from ._html import table
from ._validation import as_choice

#: What can be true of a task, for each kind of task. Everything is false until it is said.
PROPERTIES = {
    "classification": {
        "rare": "one class is much rarer than the other",
        "other_prevalence": "the method will be used where the disease is more or less frequent",
        "unequal_costs": "a miss and a false alarm do not cost the same",
        "threshold": "one threshold is fixed, and each patient gets a yes or a no",
        "probabilities": "somebody reads the score as a probability",
    },
    "segmentation": {
        "balanced": "each class takes about as many pixels as another",
        "small": "some objects are only a few pixels wide",
        "thin": "objects are long and thin: vessels, fibers, membranes",
        "outline_matters": "a distance counts, as for a cut, a beam, a growth in millimeters",
        "uncertain_outline": "experts themselves draw the outline differently",
        "may_be_empty": "in some images there is nothing to find",
    },
    "detection": {
        "threshold": "one threshold is fixed, and each mark is shown or not",
        "points": "what is marked is a place, not an extent",
        "small": "some objects are only a few pixels wide",
        "normal_cases": "some cases hold nothing, and it matters to leave them in peace",
    },
    "instances": {
        "touching": "objects touch, and it matters how many they are",
        "dense": "every pixel but the borders belongs to an object, as in a slice of nerve tissue",
        "uncertain_outline": "experts themselves draw the outline differently",
        "small": "some objects are only a few pixels wide",
    },
}


@dataclass(frozen=True)
class Metric:
    """One row of the decision table.

    Attributes
    ----------
    name : str
    where : str
        Its place in `course_lib`.
    question : str
        What its number says.
    refused : dict of str to str
        The reason against it, for each property that speaks against it.
    needs : dict of str to str
        The reason against it while that property is missing.
    """

    name: str
    where: str
    question: str
    refused: dict[str, str] = field(default_factory=dict)
    needs: dict[str, str] = field(default_factory=dict)


_MOVES = "it moves with the prevalence, so the value found here does not hold there"
_THRESHOLD = "it needs one threshold"
_A_SHIFT = "on an object of a few pixels a shift by one changes it more than a bad method does"

#: The decision table: the scores of each kind of task.
METRICS = {
    "classification": (
        Metric(
            "accuracy",
            "metrics.ConfusionMatrix.accuracy",
            "How many answers are right?",
            {
                "rare": "calling everybody healthy is right as often as the disease is rare",
                "other_prevalence": _MOVES,
                "unequal_costs": "it counts a miss like a false alarm",
            },
            {"threshold": _THRESHOLD},
        ),
        Metric(
            "sensitivity and specificity",
            "metrics.ConfusionMatrix.sensitivity",
            "How many of the ill, and how many of the healthy, are called right?",
            needs={"threshold": _THRESHOLD},
        ),
        Metric(
            "balanced accuracy",
            "metrics.ConfusionMatrix.balanced_accuracy",
            "The mean of both",
            {"unequal_costs": "it weighs a share of misses like the same share of false alarms"},
            {"threshold": _THRESHOLD},
        ),
        Metric(
            "F1",
            "metrics.ConfusionMatrix.f1",
            "How well do the alarms and the ill agree, whatever happens to the healthy?",
            {
                "other_prevalence": _MOVES,
                "unequal_costs": "it counts a miss like a false alarm",
            },
            {"threshold": _THRESHOLD},
        ),
        Metric(
            "MCC",
            "metrics.ConfusionMatrix.mcc",
            "How strongly are answer and truth correlated?",
            {
                "other_prevalence": _MOVES,
                "unequal_costs": "it counts a miss like a false alarm",
            },
            {"threshold": _THRESHOLD},
        ),
        Metric(
            "predictive values at a prevalence",
            "metrics.predictive_values",
            "What does an answer mean for this patient, where the test is used?",
            needs={"threshold": _THRESHOLD},
        ),
        Metric(
            "AUC",
            "roc.RocCurve.auc",
            "How often does an ill case score above a healthy one?",
            {"threshold": "it averages over thresholds that nobody will use"},
        ),
        Metric(
            "average precision",
            "roc.RocCurve.average_precision",
            "How pure are the first places of the ranking?",
            {
                "other_prevalence": _MOVES,
                "threshold": "it averages over thresholds that nobody will use",
            },
        ),
        Metric(
            "net benefit",
            "calibration.decision_curve",
            "Is acting on the answer better than treating all, or none?",
            needs={"probabilities": "its threshold is a risk, so the score must be one"},
        ),
        Metric(
            "Brier score",
            "calibration.brier_score",
            "How far are the probabilities from what happened?",
            {"other_prevalence": _MOVES},
            {"probabilities": "a score that nobody reads as a probability need not be one"},
        ),
    ),
    "segmentation": (
        Metric(
            "pixel accuracy",
            "metrics.ConfusionMatrix.accuracy",
            "How many pixels are right?",
            {
                "small": "an empty mask is right nearly everywhere",
                "thin": "an empty mask is right nearly everywhere",
                "outline_matters": "it counts pixels, not how far off they are",
            },
            {"balanced": "an empty mask is right nearly everywhere"},
        ),
        Metric(
            "Dice",
            "segmentation.dice",
            "How much do the two areas overlap?",
            {
                "small": _A_SHIFT,
                "thin": _A_SHIFT,
                "outline_matters": "it counts pixels, not how far off they are",
                "may_be_empty": "0/0 where nothing is and nothing was found, 0 after one wrong "
                "pixel: judge the empty images apart",
            },
        ),
        Metric(
            "clDice",
            "segmentation.center_line_dice",
            "How much of each center line lies in the other mask?",
            {
                "may_be_empty": "there is no center line: judge the empty images apart",
                "outline_matters": "it does not see how wide a vessel was drawn",
            },
            {"thin": "a round object has no center line worth its name"},
        ),
        Metric(
            "Hausdorff distance",
            "segmentation.hausdorff_distance",
            "How far off is the worst place of the outline?",
            {
                "uncertain_outline": "one pixel, right or wrong, decides",
                "may_be_empty": "there is no outline: judge the empty images apart",
            },
        ),
        Metric(
            "HD95",
            "segmentation.hausdorff_distance",
            "How far off is the outline, but for its worst twentieth?",
            {"may_be_empty": "there is no outline: judge the empty images apart"},
        ),
        Metric(
            "NSD",
            "segmentation.normalized_surface_distance",
            "How much of the outline is as good as an expert's?",
            {"may_be_empty": "there is no outline: judge the empty images apart"},
        ),
        Metric(
            "sensitivity and specificity of finding anything",
            "metrics.ConfusionMatrix.sensitivity",
            "Does it find something where something is, and nothing where nothing is?",
            needs={"may_be_empty": "there is something in every image"},
        ),
    ),
    "detection": (
        Metric(
            "average precision of boxes",
            "detection.average_precision",
            "How pure are the first places of the ranking of boxes?",
            {
                "points": "a place has no box to overlap with",
                "small": "a box of a few pixels falls below an IoU of one half for a shift by one "
                "or two",
                "threshold": "it averages over thresholds that nobody will use",
            },
        ),
        Metric(
            "F1 of the boxes",
            "segmentation.InstanceMatch.f1",
            "How well do the boxes shown and the objects agree?",
            {"points": "a place has no box to overlap with"},
            {"threshold": _THRESHOLD},
        ),
        Metric(
            "FROC",
            "free_response.froc",
            "How many lesions are marked at so many false marks for each case?",
        ),
        Metric(
            "wAFROC area",
            "free_response.afroc_auc",
            "How often is a lesion rated above everything in a normal case?",
            {"threshold": "it averages over thresholds that nobody will use"},
            {"normal_cases": "it compares with normal cases, and there are none"},
        ),
    ),
    "instances": (
        Metric(
            "Dice of the foreground",
            "segmentation.dice",
            "How much do the two areas overlap?",
            {
                "touching": "two cells that were merged into one overlap perfectly",
                "dense": "it does not see which pixels belong together",
                "small": _A_SHIFT,
            },
        ),
        Metric(
            "F1 at an IoU",
            "segmentation.match_instances",
            "How many objects were found, and how many invented?",
            {"dense": "long neurites are cut by one gap, and one gap then costs them whole"},
        ),
        Metric(
            "mean average precision",
            "segmentation.mean_average_precision",
            "The same, over ten thresholds of the IoU",
            {
                "uncertain_outline": "its high thresholds ask for an outline on which experts "
                "do not agree",
                "small": _A_SHIFT,
                "dense": "long neurites are cut by one gap, and one gap then costs them whole",
            },
        ),
        Metric(
            "panoptic quality",
            "segmentation.InstanceMatch.panoptic_quality",
            "F1 times how well the matched objects overlap",
            {
                "uncertain_outline": "it mixes the outline, on which experts do not agree, into "
                "the count",
                "small": _A_SHIFT,
                "dense": "long neurites are cut by one gap, and one gap then costs them whole",
            },
        ),
        Metric(
            "foreground-restricted Rand score",
            "segmentation.foreground_rand",
            "Do pixels that belong together stay together?",
            {"small": "a large object has more pairs of pixels than all small ones together"},
            {"dense": "with background between the objects, most pairs are apart anyhow"},
        ),
    ),
}


@dataclass(frozen=True)
class MetricChoice:
    """The scores of one kind of task, sorted by what is known about the task.

    Attributes
    ----------
    kind : str
    suitable : dict of str to Metric
    unsuitable : dict of str to str
        The reason against each of the others.
    """

    kind: str
    suitable: dict[str, Metric]
    unsuitable: dict[str, str]

    def require(self, name):
        """Return where the score of that name is, or raise ``ValueError`` with the reason."""
        as_choice(name, "name", [metric.name for metric in METRICS[self.kind]])
        if name in self.unsuitable:
            raise ValueError(f"{name} is unsuitable here: {self.unsuitable[name]}.")
        return self.suitable[name].where

    def __repr__(self):
        lines = [f"+ {m.name} ({m.where}): {m.question}" for m in self.suitable.values()]
        lines += [f"- {name}: {reason}." for name, reason in self.unsuitable.items()]
        return "\n".join(lines)

    def _repr_html_(self):
        rows = [("yes", m.name, m.question, m.where) for m in self.suitable.values()]
        rows += [("no", name, reason, "") for name, reason in self.unsuitable.items()]
        return table(["fits", "score", "what it says, or why not", "in course_lib"], rows)


def choose_metrics(kind, **properties):
    """Sort the scores for one kind of task into suitable and not, each with its reason.

    Parameters
    ----------
    kind : {'classification', 'segmentation', 'detection', 'instances'}
        An answer for each case; a class for each pixel; boxes or marks; separate objects.
    **properties : bool
        What is true of the task: the names in ``PROPERTIES[kind]``.

    Returns
    -------
    MetricChoice

    Examples
    --------
    >>> task = choose_metrics("segmentation", small=True)
    >>> task.unsuitable["Dice"]
    'on an object of a few pixels a shift by one changes it more than a bad method does'
    """
    kind = as_choice(kind, "kind", list(METRICS))
    for name, value in properties.items():
        as_choice(name, "a property", list(PROPERTIES[kind]))
        if not isinstance(value, bool):
            raise ValueError(f"{name} must be True or False, got {value!r}.")
    true = {name for name, value in properties.items() if value}
    suitable, unsuitable = {}, {}
    for metric in METRICS[kind]:
        against = [reason for name, reason in metric.refused.items() if name in true]
        against += [reason for name, reason in metric.needs.items() if name not in true]
        if against:
            unsuitable[metric.name] = "; ".join(dict.fromkeys(against))
        else:
            suitable[metric.name] = metric
    return MetricChoice(kind, suitable, unsuitable)
