"""Exercises of the chapter "Finding things"."""

import numpy as np

from ._exercise import Exercise, Misconception


def _sides(a, b):
    """Sides of the common part of two boxes; negative where they are apart."""
    return np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])


def _area(box):
    return np.prod(box[2:] - box[:2])


def _box_iou(a, b):
    shared = np.prod(np.maximum(_sides(a, b), 0))
    return float(shared / (_area(a) + _area(b) - shared))


def _unclipped(a, b):
    shared = np.prod(_sides(a, b))
    return float(shared / (_area(a) + _area(b) - shared))


def _shared(a, b):
    return np.prod(np.maximum(_sides(a, b), 0))


def _with_last_pixels(a, b):
    edges = np.array([0, 0, 1, 1])
    return _box_iou(a + edges, b + edges)


def _box_cases(rng):
    """Overlapping, one inside of the other, apart in one direction, and apart in both."""
    pairs = [
        ([0, 0, 10, 10], [5, 5, 15, 15]),
        ([0, 0, 12, 8], [3, 2, 9, 6]),
        ([0, 0, 6, 6], [20, 1, 26, 9]),
        ([2, 1, 8, 6], [12, 11, 17, 19]),
    ]
    for _ in range(3):
        corner, side = rng.integers(0, 30, 2), rng.integers(6, 20, 2)
        moved = corner + rng.integers(1, 5, 2)
        other = moved + rng.integers(6, 20, 2)
        pairs.append(([*corner, *(corner + side)], [*moved, *other]))
    return [(np.array(a, float), np.array(b, float)) for a, b in pairs]


def _suppress(overlap, scores, iou_threshold):
    kept = []
    for i in np.argsort(-scores, kind="stable"):
        if all(overlap[i, k] <= iou_threshold for k in kept):
            kept.append(i)
    return np.array(kept)


def _equal_drops(overlap, scores, iou_threshold):
    return _suppress(overlap, scores, np.nextafter(iou_threshold, 0))


def _dropped_boxes_drop_too(overlap, scores, iou_threshold):
    order = np.argsort(-scores, kind="stable")
    kept = [
        i for n, i in enumerate(order) if all(overlap[i, k] <= iou_threshold for k in order[:n])
    ]
    return np.array(kept)


def _in_the_order_given(overlap, scores, iou_threshold):
    kept = []
    for i in range(len(scores)):
        if all(overlap[i, k] <= iou_threshold for k in kept):
            kept.append(i)
    return np.array(kept)


def _ranks(overlap, scores, iou_threshold):
    order = np.argsort(-scores, kind="stable").tolist()
    return np.array([order.index(i) for i in _suppress(overlap, scores, iou_threshold)])


def _overlaps(boxes):
    a, b = boxes[:, None], boxes[None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared = np.prod(np.maximum(sides, 0), axis=-1)
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return shared / (area[:, None] + area - shared)


_SUPPRESSIONS = (_suppress, _dropped_boxes_drop_too, _in_the_order_given, _ranks)


def _suppression_cases(rng):
    """A chain, in which each box overlaps the next but no other, and random heaps."""
    chain = np.array([[4, 0, 10, 6], [0, 0, 6, 6], [2, 0, 8, 6]], float)
    scores = np.array([0.7, 0.9, 0.8])
    # Neighbors overlap by 0.5: more than the first threshold, just the second.
    cases = [(_overlaps(chain), scores, 0.4), (_overlaps(chain), scores, 0.5)]
    while len(cases) < 6:
        n = int(rng.integers(6, 12))
        corners = rng.uniform(0, 20, (n, 2))
        boxes = np.hstack([corners, corners + rng.uniform(8, 14, (n, 2))])
        case = (_overlaps(boxes).round(3), rng.permutation(n) / n + 0.05, 0.3)
        answers = {tuple(answer(*case).tolist()) for answer in _SUPPRESSIONS}
        if len(answers) == len(_SUPPRESSIONS):
            cases.append(case)
    return cases


def _center_and_side(anchor):
    return (anchor[:2] + anchor[2:]) / 2, anchor[2:] - anchor[:2]


def _decode_box(anchor, t):
    center, side = _center_and_side(anchor)
    center, side = center + t[:2] * side, side * np.exp(t[2:])
    return np.concatenate([center - side / 2, center + side / 2])


def _corners(center, side):
    return np.concatenate([center - side / 2, center + side / 2])


def _offset_in_pixels(anchor, t):
    center, side = _center_and_side(anchor)
    return _corners(center + t[:2], side * np.exp(t[2:]))


def _factor_without_exp(anchor, t):
    center, side = _center_and_side(anchor)
    return _corners(center + t[:2] * side, side * t[2:])


def _returns_center_and_sides(anchor, t):
    center, side = _center_and_side(anchor)
    return np.concatenate([center + t[:2] * side, side * np.exp(t[2:])])


def _from_the_corner(anchor, t):
    _, side = _center_and_side(anchor)
    corner = anchor[:2] + t[:2] * side
    return np.concatenate([corner, corner + side * np.exp(t[2:])])


def _anchor_cases(rng):
    cases = [(np.array([10.0, 10, 30, 20]), np.array([0.5, -0.1, np.log(2), np.log(0.5)]))]
    for _ in range(4):
        corner, side = rng.uniform(0, 50, 2), rng.uniform(10, 40, 2)
        cases.append((np.hstack([corner, corner + side]), rng.uniform(-0.6, 0.6, 4) + 0.05))
    return cases


def _precisions(hits):
    return np.cumsum(hits) / np.arange(1, len(hits) + 1)


def _ap_of_ranking(hits, n_true):
    best_from_here = np.maximum.accumulate(_precisions(hits)[::-1])[::-1]
    return float(np.sum(best_from_here[hits == 1]) / n_true)


def _not_made_to_fall(hits, n_true):
    return float(np.sum(_precisions(hits)[hits == 1]) / n_true)


def _over_the_found(hits, n_true):
    return _ap_of_ranking(hits, np.sum(hits))


def _precision_at_the_end(hits, n_true):
    return float(np.mean(hits))


def _ranking_cases(rng):
    """In each of them precision rises somewhere, and something is missed."""
    cases = [(np.array([1, 0, 1, 0, 0, 1, 1]), 5), (np.array([0, 1, 1, 0]), 4)]
    while len(cases) < 6:
        hits = (rng.random(int(rng.integers(8, 20))) < 0.5).astype(int)
        n_true = int(hits.sum() + rng.integers(1, 6))
        if (
            hits.any()
            and abs(_ap_of_ranking(hits, n_true) - _not_made_to_fall(hits, n_true)) > 0.01
        ):
            cases.append((hits, n_true))
    return cases


def _read_false_alarm(overlap, label, true_labels):
    reaches, same = overlap >= 0.5, true_labels == label
    signs = {
        "double": reaches & same,
        "wrong class": reaches,
        "loose": overlap >= 0.1,
    }
    return next((name for name, sign in signs.items() if sign.any()), "unboxed")


def _nearest_decides(overlap, label, true_labels):
    nearest = np.argsort(-overlap, kind="stable")[:1]
    return _read_false_alarm(overlap[nearest], label, true_labels[nearest])


def _other_class_first(overlap, label, true_labels):
    name = _read_false_alarm(overlap, label, true_labels)
    other = (overlap >= 0.5) & (true_labels != label)
    return "wrong class" if other.any() else name


def _own_class_alone(overlap, label, true_labels):
    own = true_labels == label
    return _read_false_alarm(overlap[own], label, true_labels[own])


def _loose_in_its_class_alone(overlap, label, true_labels):
    name = _read_false_alarm(overlap, label, true_labels)
    return _own_class_alone(overlap, label, true_labels) if name == "loose" else name


def _any_class_is_double(overlap, label, true_labels):
    name = _read_false_alarm(overlap, label, true_labels)
    return "double" if name == "wrong class" else name


def _below_half_is_unboxed(overlap, label, true_labels):
    name = _read_false_alarm(overlap, label, true_labels)
    return "unboxed" if name == "loose" else name


def _must_exceed(overlap, label, true_labels):
    return _read_false_alarm(np.nextafter(overlap, 0), label, true_labels)


#: IoU with boxes of its own class and of another, and whether these numbers are meant exactly.
_ALARMS = (
    ([0.6], [], False),
    ([0.52], [0.7], False),
    ([0.7], [0.52], False),
    ([], [0.6], False),
    ([0.3], [0.6], False),
    ([0.2], [], False),
    ([], [0.3], False),
    ([], [], False),
    ([], [], False),
    ([0.5], [], True),
    ([], [0.5], True),
    ([0.1], [], True),
)


def _alarm_cases(rng):
    """Every kind, some of them just, in an order that no seed repeats; once nothing is boxed."""
    cases = []
    for number in rng.permutation(len(_ALARMS)):
        own, other, exactly = _ALARMS[number]
        label, near = int(rng.integers(3)), np.array(own + other)
        if not exactly:
            near = near + rng.uniform(0, 0.09, len(near))
        far = rng.uniform(0, 0.09, rng.integers(1, 4))
        classes = [label] * len(own) + [(label + 1) % 3] * len(other)
        overlap = np.round(np.concatenate([near, far]), 3)
        true_labels = np.concatenate([classes, rng.integers(0, 3, len(far))]).astype(int)
        order = rng.permutation(len(overlap))
        cases.append((overlap[order], label, true_labels[order]))
    return [*cases, (np.array([]), 0, np.array([], int))]


EXERCISES = (
    Exercise(
        id="detection.box_iou",
        title="Intersection over union of two boxes",
        reference=_box_iou,
        cases=_box_cases,
        misconceptions=(
            Misconception(
                "not_clipped",
                _unclipped,
                "This is the value if two negative sides of boxes that are apart multiply to a "
                "positive area. A side of the intersection cannot be less than 0.",
            ),
            Misconception(
                "sum_of_areas",
                lambda a, b: float(_shared(a, b) / (_area(a) + _area(b))),
                "This is the intersection over the sum of the areas. The union counts what both "
                "share once, the sum counts it twice.",
            ),
            Misconception(
                "dice",
                lambda a, b: float(2 * _shared(a, b) / (_area(a) + _area(b))),
                "That is the Dice coefficient, twice the intersection over the sum of the areas. "
                "IoU divides by the union.",
            ),
            Misconception(
                "over_the_smaller",
                lambda a, b: float(_shared(a, b) / min(_area(a), _area(b))),
                "This is the intersection over the smaller box: then a speck inside of a large "
                "box would be a perfect match. Divide by what the two cover together.",
            ),
            Misconception(
                "pixel_numbers",
                _with_last_pixels,
                "This is the value if x2 and y2 are the numbers of the last pixels, so that a "
                "width is x2 - x1 + 1. Here they are positions of edges: a width is x2 - x1.",
            ),
        ),
    ),
    Exercise(
        id="detection.suppress",
        title="Non-max suppression",
        reference=_suppress,
        cases=_suppression_cases,
        points=2,
        misconceptions=(
            Misconception(
                "dropped_boxes_drop_others",
                _dropped_boxes_drop_too,
                "This is the result if a box that was dropped still drops others. Compare each "
                "box with those that are kept, not with all that have a better score.",
            ),
            Misconception(
                "order_as_given",
                _in_the_order_given,
                "This is the result if the boxes are visited in the order in which they come. The "
                "box with the highest score goes first.",
            ),
            Misconception(
                "ranks_instead_of_indices",
                _ranks,
                "These are places in the sorted list. The caller knows the boxes by their numbers "
                "before sorting.",
            ),
            Misconception(
                "equal_drops",
                _equal_drops,
                "This is the result if an overlap of just the threshold drops a box. Only an "
                "overlap of more does.",
            ),
            Misconception(
                "by_number",
                lambda overlap, scores, iou_threshold: np.sort(
                    _suppress(overlap, scores, iou_threshold)
                ),
                "These are the right boxes in the order of their numbers. Return the one with "
                "the best score first.",
            ),
            Misconception(
                "worst_first",
                lambda overlap, scores, iou_threshold: _suppress(overlap, -scores, iou_threshold),
                "This is the result if the box with the lowest score goes first. The highest does.",
            ),
        ),
    ),
    Exercise(
        id="detection.decode_box",
        title="From an anchor to the box",
        reference=_decode_box,
        cases=_anchor_cases,
        misconceptions=(
            Misconception(
                "center_and_sides",
                _returns_center_and_sides,
                "These are center, width and height. A box here is x1, y1, x2, y2: half a side to "
                "the left of and above the center, half a side to the right and below.",
            ),
            Misconception(
                "offset_in_pixels",
                _offset_in_pixels,
                "This is the box if the center moves by t_x and t_y pixels. They are measured in "
                "widths and heights of the anchor, so that large and small objects look alike.",
            ),
            Misconception(
                "factor_without_exp",
                _factor_without_exp,
                "This is the box if t_w and t_h themselves multiply the sides, so that 0 gives a "
                "box without area and -1 one that is turned over. They are logarithms of the "
                "factors.",
            ),
            Misconception(
                "from_the_corner",
                _from_the_corner,
                "This is the box if the offsets move the upper left corner. They say how far the "
                "center moves, and the box grows around the center.",
            ),
        ),
    ),
    Exercise(
        id="detection.ap_of_ranking",
        title="Average precision",
        reference=_ap_of_ranking,
        cases=_ranking_cases,
        points=2,
        misconceptions=(
            Misconception(
                "not_made_to_fall",
                _not_made_to_fall,
                "This is the mean of the precision at each hit as it is, another convention. "
                "Here, where a later hit has a better precision, that one counts: nobody has to "
                "stop in a valley.",
            ),
            Misconception(
                "mean_over_the_found",
                _over_the_found,
                "This is the mean over the objects that were found. Those that were missed count "
                "with a precision of 0: divide by the number that there is to find.",
            ),
            Misconception(
                "precision_of_all",
                _precision_at_the_end,
                "That is the precision of the whole list. Average precision asks for it at every "
                "hit, because a reader may stop anywhere.",
            ),
        ),
    ),
    Exercise(
        id="detection.read_false_alarm",
        title="Read a false alarm",
        reference=_read_false_alarm,
        cases=_alarm_cases,
        points=2,
        misconceptions=(
            Misconception(
                "nearest_decides",
                _nearest_decides,
                "These are the answers if the box that it overlaps most decides alone. It is "
                "double as soon as one of those that it reaches is of its class.",
            ),
            Misconception(
                "other_class_first",
                _other_class_first,
                "These are the answers if a box of another class is asked for first. It is double "
                "as soon as it reaches a box of its own.",
            ),
            Misconception(
                "own_class_alone",
                _own_class_alone,
                "These are the answers if boxes of other classes are not looked at. A white cell "
                "in the place of a red one is there, with a wrong name.",
            ),
            Misconception(
                "loose_in_its_class_alone",
                _loose_in_its_class_alone,
                "Doubles and wrong classes are right. A box that overlaps one of another class, "
                "but by less than 0.5, is loose here, too.",
            ),
            Misconception(
                "any_class_is_double",
                _any_class_is_double,
                "Wherever it reaches a box, the answer here is double. Only a box of its own class "
                "can be taken already.",
            ),
            Misconception(
                "below_half_is_unboxed",
                _below_half_is_unboxed,
                "Where no IoU is 0.5, the answer here is unboxed. From 0.1 on something is there, "
                "and the box fits it badly: loose.",
            ),
            Misconception(
                "must_exceed",
                _must_exceed,
                "These are the answers if an IoU of just 0.5 or just 0.1 is too little. Both "
                "thresholds are reached by equality.",
            ),
        ),
    ),
)
