"""`course_lib.choosing`: the table names what exists, and every reason in it can be seen."""

import importlib
import inspect

import numpy as np
import pytest

from course_lib import segmentation as seg
from course_lib.choosing import METRICS, PROPERTIES, choose_metrics
from course_lib.metrics import ConfusionMatrix
from course_lib.roc import RocCurve

ROWS = [(kind, metric) for kind, metrics in METRICS.items() for metric in metrics]


@pytest.mark.parametrize(("kind", "metric"), ROWS, ids=[f"{k}: {m.name}" for k, m in ROWS])
def test_the_table_names_what_exists(kind, metric):
    place = importlib.import_module("course_lib")
    for name in metric.where.split("."):
        # A field of a data class is no attribute of the class.
        fields = inspect.isclass(place) and getattr(place, "__annotations__", {})
        if fields and name in fields:
            return
        try:
            place = getattr(place, name)
        except AttributeError:
            place = importlib.import_module(f"{place.__name__}.{name}")
    assert {*metric.refused, *metric.needs} <= set(PROPERTIES[kind])


@pytest.mark.parametrize("kind", METRICS)
def test_every_property_changes_the_choice_and_leaves_something(kind):
    for name in PROPERTIES[kind]:
        with_it = choose_metrics(kind, **{name: True})
        assert with_it.unsuitable != choose_metrics(kind, **{name: False}).unsuitable, name
        assert with_it.suitable, name


def test_the_choice_is_the_same_by_a_second_definition():
    rng = np.random.default_rng(0)
    for _ in range(200):
        kind = rng.choice(list(METRICS))
        said = {name: bool(rng.integers(2)) for name in PROPERTIES[kind]}
        choice = choose_metrics(kind, **said)
        assert len(choice.suitable) + len(choice.unsuitable) == len(METRICS[kind])
        for metric in METRICS[kind]:
            fine = not any(said[n] for n in metric.refused) and all(said[n] for n in metric.needs)
            assert (metric.name in choice.suitable) == fine


def test_require():
    task = choose_metrics("segmentation", small=True)
    assert task.require("HD95") == "segmentation.hausdorff_distance"
    with pytest.raises(ValueError, match=r"^Dice is unsuitable here: on an object of a few pixels"):
        task.require("Dice")
    with pytest.raises(ValueError, match=r"^name must be one of pixel accuracy, Dice, "):
        task.require("kappa")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("triage",), "kind must be one of classification, segmentation, detection, instances"),
        (("detection", {"thin": True}), "a property must be one of threshold, points, small"),
        (("detection", {"small": 1}), "small must be True or False"),
    ],
)
def test_bad_arguments(arguments, said):
    kind, properties = (*arguments, {})[:2]
    with pytest.raises(ValueError, match=f"^{said}"):
        choose_metrics(kind, **properties)


def test_it_shows_itself():
    task = choose_metrics("classification", rare=True, threshold=True)
    assert "- accuracy: calling everybody healthy" in repr(task)
    assert task._repr_html_().count("<tr>") == 1 + len(METRICS["classification"])


# The reasons, each seen


def test_rare_and_costs():
    lazy = ConfusionMatrix(tp=0, fn=1, fp=0, tn=99)
    assert lazy.accuracy == 0.99
    misses, alarms = ConfusionMatrix(10, 5, 0, 85), ConfusionMatrix(15, 0, 5, 80)
    assert misses.accuracy == alarms.accuracy


def test_what_moves_with_prevalence():
    here, there = ConfusionMatrix(90, 10, 10, 90), ConfusionMatrix(90, 10, 1000, 9000)
    assert (here.sensitivity, here.specificity) == (there.sensitivity, there.specificity)
    assert here.f1 - there.f1 > 0.5
    assert here.mcc - there.mcc > 0.4
    y = np.r_[np.zeros(200), np.ones(200)]
    score = np.random.default_rng(0).normal(y, 1)
    rare = np.r_[np.tile(score[:200], 50), score[200:]]
    y_rare = np.r_[np.zeros(10_000), np.ones(200)]
    curves = RocCurve.from_scores(y, score), RocCurve.from_scores(y_rare, rare)
    assert curves[0].auc == pytest.approx(curves[1].auc)
    assert curves[0].average_precision() - curves[1].average_precision() > 0.3


def disc(radius, at=(50, 50), shape=(100, 100)):
    rows, columns = np.indices(shape)
    return (rows - at[0]) ** 2 + (columns - at[1]) ** 2 <= radius**2


def test_small_thin_and_outlines():
    def shifted(radius):
        return seg.dice(disc(radius), np.roll(disc(radius), 2, axis=1))

    assert shifted(30) > 0.95
    assert shifted(2) < 0.5
    # One error of the outline, two sizes: alike in pixels of distance, not in Dice.
    moved = [seg.hausdorff_distance(disc(r), np.roll(disc(r), 3, axis=1), 100) for r in (5, 30)]
    assert moved[0] == moved[1] == 3


def test_an_empty_mask_is_right_where_background_prevails():
    true, empty = disc(12), np.zeros((100, 100), bool)
    assert ConfusionMatrix.from_labels(true.ravel(), empty.ravel()).accuracy > 0.95
    assert seg.dice(true, empty) == 0
    assert "pixel accuracy" in choose_metrics("segmentation").unsuitable
    assert "pixel accuracy" in choose_metrics("segmentation", balanced=True).suitable


def test_one_pixel_decides_hausdorff_but_not_hd95():
    stray = disc(20)
    stray[0, 0] = True
    assert seg.hausdorff_distance(disc(20), stray, 100) > 40
    assert seg.hausdorff_distance(disc(20), stray) < 1


def test_merged_cells_overlap_perfectly():
    true = disc(20, (50, 29)) + 2 * disc(20, (50, 70))
    merged = (true > 0).astype(int)
    assert seg.dice(true > 0, merged > 0) == 1
    assert seg.match_instances(true, merged, iou_threshold=0.51).f1 == 0


def test_with_background_most_pairs_are_apart():
    """Rand's score forgives a lost small cell that F1 does not."""
    true = disc(30, (35, 35)) + 2 * disc(4, (85, 85))
    found = disc(30, (35, 35)).astype(int)
    assert seg.foreground_rand(true, found).score > 0.95
    assert seg.match_instances(true, found).f1 < 0.7
