"""The numbers behind the widgets of the detection chapter, against `course_lib.boxes`."""

import base64
import itertools
import json

import numpy as np
import pytest

from course_lib.boxes import anchor_boxes, iou, non_max_suppression
from course_lib.detection import match_detections
from course_lib.widgets import AnchorExplorer, OverlapExplorer, SuppressionExplorer

TRUTH = np.array([[4, 4, 24, 28], [18, 8, 40, 30], [60, 40, 84, 60]])
FOUND = np.vstack([TRUTH, TRUTH + 2, TRUTH + np.array([3, -2, 5, 0]), [[40, 2, 60, 20]]])
SCORES = np.array([0.9, 0.85, 0.8, 0.7, 0.65, 0.6, 0.5, 0.45, 0.4, 0.3])
IMAGE = np.linspace(0, 1, 64 * 96).reshape(64, 96)


def make(**options):
    return SuppressionExplorer(IMAGE, FOUND, SCORES, TRUTH, **options)


def test_two_intervals_and_a_table_give_every_iou():
    data = OverlapExplorer().data
    places = {tuple(edges): n for n, edges in enumerate(data["intervals"])}
    rng = np.random.default_rng(0)
    for _ in range(500):
        (ax, bx), (ay, by) = (
            [tuple(np.sort(rng.choice(side + 1, 2, replace=False)).tolist()) for _ in range(2)]
            for side in (data["columns"], data["rows"])
        )
        shared = data["shared"][places[ax]][places[bx]] * data["shared"][places[ay]][places[by]]
        areas = [(x[1] - x[0]) * (y[1] - y[0]) for x, y in ((ax, ay), (bx, by))]
        expected = iou([[ax[0], ay[0], ax[1], ay[1]]], [[bx[0], by[0], bx[1], by[1]]])[0, 0]
        assert data["iou"][sum(areas) - shared][shared] == pytest.approx(expected, abs=5.01e-4)
    # Rounding does not carry a fraction across a threshold.
    for union, row in enumerate(data["iou"][1:], start=1):
        for shared, value in enumerate(row):
            for threshold in data["thresholds"]:
                assert (value >= threshold) == (shared >= threshold * union - 1e-9)


@pytest.mark.parametrize("bad", [(0, 0, 11, 2), (0, 0, 0, 2), (0.5, 0, 2, 2), (3, 0, 2, 2)])
def test_boxes_lie_on_the_grid(bad):
    with pytest.raises(ValueError, match=r"^second must "):
        OverlapExplorer(second=bad)


def test_every_slider_position_is_a_suppression():
    data = make().data
    for (a, least), (b, threshold) in itertools.product(
        enumerate(data["least"]), enumerate(data["thresholds"])
    ):
        strong = np.flatnonzero(least <= SCORES)
        expected = strong[non_max_suppression(FOUND[strong], SCORES[strong], threshold)]
        kept = data["kept"][a][b]
        assert kept == expected.tolist()
        hits = match_detections(FOUND[kept], SCORES[kept], TRUTH)
        assert data["right"][a][b] == [k for k, hit in zip(kept, hits, strict=True) if hit]


def test_every_layout_is_a_grid_of_anchors():
    data = AnchorExplorer(IMAGE, TRUTH).data
    shapes = AnchorExplorer.shapes
    for key, layout in data["layouts"].items():
        i, j, k = map(int, key.split(","))
        stride = data["strides"][i]
        anchors = anchor_boxes((64 // stride, 96 // stride), stride, [data["sizes"][j]], shapes[k])
        overlap = iou(anchors.reshape(-1, 4), TRUTH)
        assert layout["reached"] == [int(best >= 0.5) for best in overlap.max(axis=0)]
        of_cell = overlap.reshape(*anchors.shape[:2], -1).max(axis=2)
        shown = np.array(layout["cell"]) / 100
        assert shown == pytest.approx(of_cell, abs=0.01)
        near = np.abs(of_cell - 0.4975) < 0.0026
        assert shown[~near] == pytest.approx(of_cell[~near], abs=0.0051)
        assert ((shown >= 0.5) == (of_cell >= 0.5)).all()
        assert np.prod(layout["sides"], axis=1) == pytest.approx(data["sizes"][j] ** 2, rel=2e-3)


def test_picture_and_payload():
    picture = make().data["picture"]
    gray = np.frombuffer(base64.b64decode(picture["gray"]), np.uint8).reshape(64, 96)
    assert (picture["width"], picture["height"]) == (96, 64)
    assert gray[0, 0] == 0
    assert gray[-1, -1] == 255
    assert (np.diff(gray.ravel().astype(int)) >= 0).all()
    for widget in (OverlapExplorer(), make(), AnchorExplorer(IMAGE, TRUTH)):
        assert len(json.dumps(widget.data, allow_nan=False)) < 45_000
        assert "<table>" in widget.fallback()
    assert repr(make()) == repr(make())
    assert make(iou_threshold=0.31, score_threshold=0.5).state == {"threshold": 6, "least": 2}


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: SuppressionExplorer(IMAGE, [], [], TRUTH), "boxes must be 1 to 100 boxes"),
        (lambda: SuppressionExplorer(IMAGE, TRUTH, [1, 2, 3], TRUTH), "scores must lie between"),
        (lambda: SuppressionExplorer(IMAGE, TRUTH, [1, 1], TRUTH), "scores has 2"),
        (lambda: SuppressionExplorer(np.zeros((300, 300)), TRUTH, [1] * 3, TRUTH), "40,000 pixels"),
        (lambda: AnchorExplorer(IMAGE[:60], TRUTH), "multiples of 32"),
        (lambda: AnchorExplorer(IMAGE, []), "true_boxes must hold at least one box"),
        (lambda: AnchorExplorer(IMAGE, TRUTH, stride=-1), "stride must be one number above 0"),
    ],
)
def test_bad_input_is_named(call, said):
    with pytest.raises(ValueError, match=said):
        call()
