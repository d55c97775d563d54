"""Exercises of the chapter "Recognizing faces and letters from one example"."""

import numpy as np

from ._exercise import Exercise, Misconception


def _squared_distances(a, b):
    return np.sum((a[:, None] - b[None]) ** 2, axis=2)


def _point_cases(rng):
    # Not unit vectors: a shortcut that holds for those alone is seen.
    return [(rng.normal(size=(n, k)), rng.normal(size=(m, k))) for n, m, k in _SHAPES]


_SHAPES = ((2, 3, 2), (4, 4, 3), (5, 2, 8))


def _distances(a, b):
    return np.sqrt(_squared_distances(a, b))


def _contrastive_loss(d, same, margin):
    per_pair = np.where(same, d**2, np.maximum(0, margin - d) ** 2)
    return float(per_pair.mean())


def _pair_cases(rng):
    same = np.array([True, True, False, False])
    cases = [(np.array([0.2, 0.9, 0.3, 1.6]), same, 1.0)]
    for n, margin in ((6, 1.0), (8, 0.5), (9, 1.5)):
        d = rng.uniform(0.05, 0.9 * margin, n)
        # A stranger farther away than the margin, and a friend as far: only one of them costs.
        d[:2] = margin + rng.uniform(0.3, 0.8, 2)
        same = rng.random(n) < 0.5
        same[:4] = True, False, True, False
        cases.append((d, same, margin))
    return cases


def _triplet_loss(anchor, positive, negative, margin):
    to_positive = np.sum((anchor - positive) ** 2, axis=1)
    to_negative = np.sum((anchor - negative) ** 2, axis=1)
    return float(np.maximum(0, to_positive - to_negative + margin).mean())


def _triplet_cases(rng):
    cases = []
    for n, k, margin, far in ((4, 2, 0.3, 3), (6, 3, 0.2, 3), (8, 5, 0.5, 3), (4, 2, 1.5, 0.2)):
        anchor = rng.normal(size=(n, k))
        positive, negative = (anchor + rng.normal(0, s, (n, k)) for s in (0.4, 0.7))
        # One triplet is solved, by far where the mean shall be negative; one violated by far.
        negative[0] = anchor[0] + far
        positive[1], negative[1] = anchor[1] + 1.5, anchor[1] + 0.1
        cases.append((anchor, positive, negative, margin))
    return cases


def _violated_alone(anchor, positive, negative, margin):
    violations = np.maximum(0, _violations(anchor, positive, negative, margin))
    return float(violations.sum() / max(1, np.count_nonzero(violations)))


def _violations(anchor, positive, negative, margin):
    to_positive = np.sum((anchor - positive) ** 2, axis=1)
    to_negative = np.sum((anchor - negative) ** 2, axis=1)
    return to_positive - to_negative + margin


def _roots(anchor, positive, negative, margin):
    to_positive = np.sqrt(np.sum((anchor - positive) ** 2, axis=1))
    to_negative = np.sqrt(np.sum((anchor - negative) ** 2, axis=1))
    return float(np.maximum(0, to_positive - to_negative + margin).mean())


def _one_shot(support, names, queries):
    return names[np.argmin(_squared_distances(queries, support), axis=1)]


def _smallest_angle(support, names, queries):
    return names[
        np.argmax(queries @ (support / np.linalg.norm(support, axis=1)[:, None]).T, axis=1)
    ]


def _episode_cases(rng):
    cases = []
    for way, n, k in ((3, 5, 2), (5, 9, 4), (8, 20, 6)):
        # Names are not positions, and lengths differ, so that the largest product misleads.
        names = 10 + rng.permutation(3 * way)[:way]
        support = rng.normal(size=(way, k)) * np.linspace(0.3, 3, way)[:, None]
        queries = support[rng.integers(way, size=n)] + rng.normal(0, 0.4, (n, k))
        queries[:2] = 0.9 * support[:2]
        # In the direction of the longest example, and nearer to shorter ones.
        queries[2] = 0.2 * support[-1]
        cases.append((support, names, queries))
    return cases


def _largest_threshold(d, same, limit):
    candidates = np.unique(d)
    rates = np.array([np.mean(d[~same] <= t) for t in candidates])
    return float(candidates[rates <= limit].max())


def _threshold_cases(rng):
    d = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    same = np.array([1, 1, 1, 0, 1, 0, 1, 0, 0, 0], bool)
    cases = [(d, same, 0.2)]
    for n_same, n_other, limit in ((12, 20, 0.15), (20, 30, 0.1), (10, 40, 0.25)):
        d = np.r_[rng.uniform(0, 1.2, n_same), rng.uniform(0.3, 2, n_other)]
        # A friend at distance 0: some threshold always keeps to the limit.
        d[0] = 0.0
        same = np.arange(n_same + n_other) < n_same
        order = rng.permutation(len(d))
        cases.append((d[order], same[order], limit))
    return cases


def _threshold_by(share):
    """The largest candidate at which this share of (d, same, threshold) keeps to the limit."""

    def answer(d, same, limit):
        fine = [t for t in np.unique(d) if share(d, same, t) <= limit]
        return float(max(fine)) if fine else float("nan")

    return answer


def _below_the_limit(d, same, limit):
    return float(max(t for t in np.unique(d) if np.mean(d[~same] <= t) < limit))


def _false_alarms(false_accept_rate, people):
    return float(1 - (1 - false_accept_rate) ** people)


def _gallery_cases(rng):
    return [(0.001, 1), (0.001, 1000), (0.01, 196)] + [
        (float(rng.uniform(0.001, 0.05)), int(rng.integers(5, 60))) for _ in range(3)
    ]


EXERCISES = (
    Exercise(
        id="one_shot.squared_distances",
        title="Everyone against everyone",
        reference=_squared_distances,
        cases=_point_cases,
        rtol=1e-6,
        atol=1e-8,
        misconceptions=(
            Misconception(
                "square_root",
                _distances,
                "That is the distance. The losses of this chapter use its square: leave out the "
                "root.",
            ),
            Misconception(
                "mean_instead_of_sum",
                lambda a, b: _squared_distances(a, b) / a.shape[1],
                "This is the mean over the coordinates. The squared distance is their sum "
                "(Pythagoras); the mean would shrink as the embedding gets longer.",
            ),
            Misconception(
                "city_block",
                lambda a, b: np.abs(a[:, None] - b[None]).sum(axis=2),
                "These are sums of absolute differences: the way a taxi drives. Square them first.",
            ),
            Misconception(
                "unit_vectors_only",
                lambda a, b: 2 - 2 * a @ b.T,
                "2 - 2ab is the squared distance of vectors of length 1. These have other lengths: "
                "|a|² + |b|² - 2ab.",
            ),
            Misconception(
                "transposed",
                lambda a, b: _squared_distances(b, a),
                "Rows and columns are swapped: row i belongs to a[i], column j to b[j].",
            ),
        ),
    ),
    Exercise(
        id="one_shot.contrastive_loss",
        title="Contrastive loss",
        reference=_contrastive_loss,
        cases=_pair_cases,
        misconceptions=(
            Misconception(
                "no_limit",
                lambda d, same, margin: float(np.where(same, d**2, (margin - d) ** 2).mean()),
                "This is the value if a stranger who is farther away than the margin is punished "
                "for it: margin - d is negative there, and its square is not. Cut off at 0 first.",
            ),
            Misconception(
                "rewards_distance",
                lambda d, same, margin: float(np.where(same, d**2, -(d**2)).mean()),
                "This is the value if every bit of distance between strangers is rewarded. Such a "
                "loss has no lowest value: the network would push forever. That is what the "
                "margin is for.",
            ),
            Misconception(
                "swapped",
                lambda d, same, margin: _contrastive_loss(d, ~same, margin),
                "This is the loss that pulls strangers together and pushes friends apart: `same` "
                "is True where the two belong together.",
            ),
            Misconception(
                "not_squared",
                lambda d, same, margin: float(
                    np.where(same, d**2, np.maximum(0, margin - d)).mean()
                ),
                "The term of the strangers is squared too: max(0, margin - d)².",
            ),
            Misconception(
                "margin_of_squares",
                lambda d, same, margin: float(
                    np.where(same, d**2, np.maximum(0, margin - d**2)).mean()
                ),
                "The margin is compared with the distance itself, and then the difference is "
                "squared: max(0, margin - d)², not max(0, margin - d²).",
            ),
            Misconception(
                "half",
                lambda d, same, margin: _contrastive_loss(d, same, margin) / 2,
                "This is half of the value, as Hadsell, Chopra and LeCun write the loss. This "
                "chapter leaves their factor ½ out.",
            ),
            Misconception(
                "sum",
                lambda d, same, margin: _contrastive_loss(d, same, margin) * len(d),
                "This is the sum over the pairs. Divide by their number.",
            ),
        ),
    ),
    Exercise(
        id="one_shot.triplet_loss",
        title="Triplet loss",
        reference=_triplet_loss,
        cases=_triplet_cases,
        misconceptions=(
            Misconception(
                "no_hinge",
                lambda a, p, n, margin: float(_violations(a, p, n, margin).mean()),
                "A triplet that is solved by far brings a negative loss and pays for others that "
                "are not. Cut off at 0, each triplet for itself.",
            ),
            Misconception(
                "hinge_of_the_mean",
                lambda a, p, n, margin: float(max(0, _violations(a, p, n, margin).mean())),
                "This is the value if the mean comes first and the cut afterwards: solved "
                "triplets still pay for others. Cut off each triplet, then average.",
            ),
            Misconception(
                "swapped",
                lambda a, p, n, margin: _triplet_loss(a, n, p, margin),
                "This is the loss that demands the stranger to be nearer than the friend: the "
                "distances are in each other's place.",
            ),
            Misconception(
                "margin_subtracted",
                lambda a, p, n, margin: float(
                    np.maximum(0, _violations(a, p, n, margin) - 2 * margin).mean()
                ),
                "This is the value with the margin subtracted: then a triplet is fine even if the "
                "stranger is *nearer* by that much. It is added: the stranger must be farther by "
                "the margin.",
            ),
            Misconception(
                "no_margin",
                lambda a, p, n, margin: _triplet_loss(a, p, n, 0),
                "This is the value without the margin, with which putting everything on one point "
                "costs nothing. Add it.",
            ),
            Misconception(
                "square_root",
                _roots,
                "This is the value for the distances themselves: the loss uses squared distances "
                "(equation 2 of FaceNet).",
            ),
            Misconception(
                "sum",
                lambda a, p, n, margin: _triplet_loss(a, p, n, margin) * len(a),
                "This is the sum over the triplets. Divide by their number.",
            ),
            Misconception(
                "violated_alone",
                _violated_alone,
                "This is the mean over the triplets with a loss above 0, as batch-all mining "
                "takes it further below. Here it is over all triplets: solved ones count as 0.",
            ),
        ),
    ),
    Exercise(
        id="one_shot.recognize",
        title="Recognition from one example",
        reference=_one_shot,
        cases=_episode_cases,
        misconceptions=(
            Misconception(
                "position",
                lambda support, names, queries: np.argmin(
                    _squared_distances(queries, support), axis=1
                ),
                "These are the positions of the nearest examples. Look up their names.",
            ),
            Misconception(
                "farthest",
                lambda support, names, queries: names[
                    np.argmax(_squared_distances(queries, support), axis=1)
                ],
                "These are the names of the farthest examples. The most alike has the smallest "
                "distance.",
            ),
            Misconception(
                "per_example",
                lambda support, names, queries: names[
                    np.argmin(_squared_distances(queries, support), axis=0) % len(names)
                ],
                "This is a query for each example, not an example for each query: the minimum "
                "runs along the other axis.",
            ),
            Misconception(
                "dot_product",
                lambda support, names, queries: names[np.argmax(queries @ support.T, axis=1)],
                "These are the examples with the largest dot product, which are the nearest only "
                "among vectors of one length; here a long example wins everything. Compare "
                "distances.",
            ),
            Misconception(
                "cosine",
                _smallest_angle,
                "These are the examples at the smallest angle, which are the nearest only among "
                "vectors of one length. Compare distances.",
            ),
        ),
    ),
    Exercise(
        id="one_shot.threshold_for",
        title="Where to draw the line",
        reference=_largest_threshold,
        cases=_threshold_cases,
        misconceptions=(
            Misconception(
                "share_of_all",
                _threshold_by(lambda d, same, t: np.mean((d <= t) & ~same)),
                "This is the threshold if the limit holds for a share of all pairs. The rate "
                "asks: of the *strangers*, which share is accepted?",
            ),
            Misconception(
                "share_of_accepted",
                _threshold_by(lambda d, same, t: np.mean(~same[d <= t])),
                "This is the threshold if the limit holds for the share of strangers among the "
                "accepted pairs, which depends on how many strangers come. The rate divides by "
                "all strangers.",
            ),
            Misconception(
                "rejects_friends",
                _threshold_by(lambda d, same, t: 1 - np.mean(d[same] <= t)),
                "This threshold limits the friends who are turned away. The limit is on strangers "
                "who are let in.",
            ),
            Misconception(
                "smallest",
                lambda d, same, limit: float(d.min()),
                "Every threshold below the right one keeps to the limit, too, but turns away more "
                "friends. The largest is wanted.",
            ),
            Misconception(
                "strictly_less",
                _below_the_limit,
                "This threshold keeps the rate below `limit`. At most that share means that it "
                "may be just as large.",
            ),
            Misconception(
                "accepts_below",
                _threshold_by(lambda d, same, t: np.mean(d[~same] < t)),
                "This is the threshold if a pair is accepted where d < threshold. Here d = "
                "threshold is accepted, too.",
            ),
            Misconception(
                "quantile",
                lambda d, same, limit: float(np.quantile(d[~same], limit)),
                "This is a quantile of the strangers' distances, which may lie between two of "
                "them. Return one of the values in `d`: the largest that keeps to the limit.",
            ),
        ),
    ),
    Exercise(
        id="one_shot.false_alarm",
        title="One against many",
        reference=_false_alarms,
        cases=_gallery_cases,
        misconceptions=(
            Misconception(
                "adds_up",
                lambda false_accept_rate, people: false_accept_rate * people,
                "This is the sum of the probabilities: with a thousand and one people it exceeds "
                "1. Ask instead how likely it is that *nobody* is mistaken for the visitor.",
            ),
            Misconception(
                "unchanged",
                lambda false_accept_rate, people: false_accept_rate,
                "That is the error of one comparison. The camera makes one with each person on "
                "the list, and one mistake is enough.",
            ),
            Misconception(
                "all_of_them",
                lambda false_accept_rate, people: false_accept_rate**people,
                "That is the probability that the visitor is taken for *every one* of them.",
            ),
            Misconception(
                "nobody",
                lambda false_accept_rate, people: (1 - false_accept_rate) ** people,
                "That is the probability that all goes well. The alarm is the opposite.",
            ),
        ),
    ),
)
