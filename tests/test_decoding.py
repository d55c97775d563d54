"""`course_lib.decoding` against scikit-learn, planted patterns, pure noise and a real brain."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, t
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import KFold, LeaveOneGroupOut, cross_val_score

from course_lib import datasets
from course_lib.decoding import block_means, decode, permutation_test, standardize_runs
from course_lib.intervals import clopper_pearson_interval, wilson_interval
from course_lib.retinotopy import ORIENTATIONS, SimulatedV1, gratings


def patterns(seed=0, signal=1.0, runs=6, classes=4, voxels=30):
    """One noisy pattern of each class in each run."""
    rng = np.random.default_rng(seed)
    y = np.tile(np.arange(classes), runs)
    X = signal * rng.standard_normal((classes, voxels))[y] + rng.standard_normal((len(y), voxels))
    return X, y, np.repeat(np.arange(runs), classes)


# Preparing a recording --------------------------------------------------------------------------


def test_standardized_runs_have_no_trend_no_mean_and_unit_variance():
    rng = np.random.default_rng(0)
    runs = np.repeat([3, 1, 2], (20, 30, 7))
    X = rng.standard_normal((57, 5)) * [1, 10, 0.01, 3, 1] + 100
    X += np.linspace(0, 50, 57)[:, None]
    Z = standardize_runs(X, runs)
    for run in (1, 2, 3):
        part = Z[runs == run]
        time = np.arange(len(part))
        assert part.mean(axis=0) == pytest.approx(np.zeros(5), abs=1e-9)
        assert part.std(axis=0) == pytest.approx(np.ones(5))
        assert [np.polyfit(time, voxel, 1)[0] for voxel in part.T] == pytest.approx([0] * 5)


@given(st.floats(-1e4, 1e4), st.floats(-50, 50), st.floats(0.1, 100))
def test_drift_offset_and_gain_of_a_run_do_not_matter(offset, drift, gain):
    X = np.random.default_rng(0).standard_normal((40, 3))
    runs = np.repeat([0, 1], 20)
    moved = X.copy()
    moved[20:] = gain * moved[20:] + offset + drift * np.arange(20)[:, None]
    assert standardize_runs(moved, runs) == pytest.approx(standardize_runs(X, runs), abs=1e-6)


@pytest.mark.parametrize("level", [0.0, 1.0, 1234.5])
def test_dead_voxel_stays_zero(level):
    X = np.random.default_rng(0).standard_normal((20, 2))
    X[:, 1] = level + 0.5 * np.arange(20) * (level > 1)
    Z = standardize_runs(X, np.repeat([0, 1], 10))
    assert (Z[:, 1] == 0).all()
    assert Z[:, 0].std() == pytest.approx(1)


def test_block_means_by_hand():
    X = np.arange(20.0).reshape(10, 2)
    shown = {"-": "rest", "f": "face", "h": "house"}
    labels = np.array([shown[letter] for letter in "-ff-hfff--"])
    runs = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1, 1])
    blocks = block_means(X, labels, runs)
    # A change of run ends a block although the label goes on.
    assert blocks.y.tolist() == ["face", "house", "face", "face"]
    assert blocks.runs.tolist() == [0, 0, 0, 1]
    assert blocks.X.tolist() == [[3, 4], [8, 9], [10, 11], [13, 14]]


def test_block_means_with_numbers_for_labels():
    X = np.ones((4, 1))
    assert block_means(X, [0, 2, 2, 0], [0, 0, 0, 0], rest=0).y.tolist() == [2]


# Decoding ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("ridge", [0.01, 1.0, 30.0])
@pytest.mark.parametrize("classes", [2, 5])
def test_same_answers_as_scikit_learn(seed, ridge, classes):
    X, y, groups = patterns(seed, signal=0.4, classes=classes)
    expected = np.empty_like(y)
    for seen, held_out in LeaveOneGroupOut().split(X, y, groups):
        centered = X[seen] - X[seen].mean(axis=0)
        peer = RidgeClassifier(alpha=ridge * np.mean((centered**2).sum(axis=1)))
        expected[held_out] = peer.fit(X[seen], y[seen]).predict(X[held_out])
    found = decode(X, y, groups, ridge=ridge)
    assert (found.y_pred == expected).all()
    assert found.accuracy == np.mean(expected == y)
    assert (found.confusion == confusion_matrix(y, expected)).all()


def test_held_out_group_is_never_seen():
    """Labels of a group changed to anything leave its own predictions as they were."""
    X, y, groups = patterns(signal=1.0)
    before = decode(X, y, groups).y_pred
    changed = y.copy()
    changed[groups == 2] = (y[groups == 2] + 1) % 4
    assert (decode(X, changed, groups).y_pred == before)[groups == 2].all()


def test_strong_patterns_are_read_and_noise_is_not():
    assert decode(*patterns(signal=5.0)).accuracy == 1
    accuracies = [decode(*patterns(seed, signal=0, runs=10)).accuracy for seed in range(20)]
    assert np.mean(accuracies) == pytest.approx(0.25, abs=0.03)


def test_names_may_be_texts_and_groups_anything():
    X, y, groups = patterns(signal=3.0)
    named = decode(X, np.array(["cat", "dog", "face", "shoe"])[y], [f"run {g}" for g in groups])
    assert named.classes.tolist() == ["cat", "dog", "face", "shoe"]
    assert named.accuracy == decode(X, y, groups).accuracy


@given(st.floats(0.01, 1000), st.floats(-100, 100))
def test_scale_and_offset_of_the_recording_do_not_matter(scale, offset):
    X, y, groups = patterns(signal=0.5)
    assert (decode(scale * X + offset, y, groups).y_pred == decode(X, y, groups).y_pred).all()


def test_constant_recording_is_read_as_some_class_without_a_fuss():
    _, y, groups = patterns()
    assert 0 <= decode(np.ones((len(y), 3)), y, groups).accuracy <= 1


def test_chance_is_the_commonest_class():
    X, _, _ = patterns(runs=5)
    y, groups = np.array([0, 0, 0, 1] * 5), np.repeat(np.arange(5), 4)
    assert decode(X, y, groups).chance == 0.75
    assert decode(*patterns()).chance == 0.25


def test_accuracy_by_group():
    X, y, groups = patterns(signal=0.5, runs=8)
    found = decode(X, y, groups)
    expected = [np.mean(found.y_pred[groups == g] == y[groups == g]) for g in range(8)]
    assert found.by_group.tolist() == expected
    assert found.by_group.mean() == pytest.approx(found.accuracy)


def test_intervals():
    found = decode(*patterns(signal=0.5, runs=10))
    right = round(40 * found.accuracy)
    assert found.interval() == wilson_interval(right, 40)
    assert found.interval() == pytest.approx(
        tuple(binomtest(right, 40).proportion_ci(method="wilson"))
    )
    low, high = found.interval(by="groups")
    assert low < found.accuracy < high
    spread = found.by_group.std(ddof=1) / np.sqrt(10)
    student = 2 * t.ppf(0.975, 9) * spread
    assert student < high - low < 1.3 * student
    assert found.interval(0.5, by="groups")[0] > low
    assert found.interval(by="groups") == (low, high)


def test_groups_that_agree_keep_a_width():
    """All runs the same: of as many runs, Clopper and Pearson say how wrong the next may be."""
    found = decode(*patterns(signal=5.0))
    runs = len(found.by_group)
    low, high = found.interval(by="groups")
    assert low == pytest.approx(clopper_pearson_interval(runs, runs)[0], abs=0.03)
    assert high == 1
    assert found.interval()[0] < 0.9


# Permutation test -------------------------------------------------------------------------------


def test_observed_accuracy_is_that_of_decode():
    X, y, groups = patterns(signal=0.5)
    for ridge in (0.1, 1.0):
        test = permutation_test(X, y, groups, 50, ridge=ridge)
        assert test.accuracy == decode(X, y, groups, ridge=ridge).accuracy
        assert test.p_value == (1 + (test.null >= test.accuracy).sum()) / 51


def test_null_is_what_decoding_permuted_labels_gives():
    """The shortcut of solving all permutations at once, against doing them one by one."""
    X, y, groups = patterns(signal=0.5)
    test = permutation_test(X, y, groups, 20, seed=4)
    rng = np.random.default_rng(4)
    for accuracy in test.null:
        permuted = y.copy()
        for group in range(6):
            permuted[groups == group] = rng.permutation(y[groups == group])
        assert decode(X, permuted, groups).accuracy == pytest.approx(accuracy)


def test_p_value_is_uniform_where_there_is_nothing():
    p = np.array(
        [permutation_test(*patterns(seed, signal=0), 99, seed=seed).p_value for seed in range(80)]
    )
    assert p.min() >= 0.01
    # The accuracy takes few values, so the test may only be conservative.
    for level in (0.1, 0.3, 0.5):
        assert np.mean(p <= level) <= level + 2.5 * np.sqrt(level * (1 - level) / 80)
    assert np.mean(p) < 0.7


def test_labels_stay_within_their_group():
    """One run alone holds two classes: the odd label has four places there, and none elsewhere."""
    X, _, _ = patterns(runs=6, classes=4)
    groups = np.repeat(np.arange(6), 4)
    y = groups % 2
    possible = set()
    for place in range(4):
        labels = y.copy()
        labels[place] = 1
        possible.add(round(decode(X, labels, groups).accuracy, 9))
    y[0] = 1
    null = permutation_test(X, y, groups, 60).null
    assert set(null.round(9).tolist()) == possible


# A simulated brain and a real one ---------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_gratings_are_read_until_noise_drowns_them(seed):
    rng = np.random.default_rng(seed)
    y, runs = np.tile(ORIENTATIONS, 40), np.repeat(np.arange(10), 16)
    answers = SimulatedV1(seed=seed).respond(gratings(y, rng))
    signal = answers.std(axis=0).mean()
    noise = rng.standard_normal(answers.shape)
    accuracy = [decode(answers + n * signal * noise, y, runs).accuracy for n in (2, 8, 16, 64)]
    assert accuracy[0] > 0.95
    assert accuracy == sorted(accuracy, reverse=True)
    assert accuracy[-1] < 0.4


def test_volumes_of_a_block_are_not_cases():
    """Slow noise, labels without meaning: shuffled folds of volumes find what is not there."""
    rng = np.random.default_rng(0)
    labels = np.concatenate([np.repeat(rng.permutation(4), 9) for _ in range(8)])
    runs = np.repeat(np.arange(8), 36)
    steps = rng.standard_normal((8, 36, 60))
    X = np.concatenate(np.cumsum(steps, axis=1))
    shuffled = KFold(8, shuffle=True, random_state=0)
    leaky = cross_val_score(RidgeClassifier(), X, labels, cv=shuffled).mean()
    honest = decode(*block_means(X, labels, runs, rest=None))
    assert leaky > 0.8
    assert honest.accuracy < 0.45


@pytest.fixture(scope="module")
def haxby():
    data = datasets.haxby_slice()
    return block_means(standardize_runs(data.X, data.runs), data.labels, data.runs)


def test_haxby_blocks(haxby):
    assert haxby.X.shape == (96, 530)
    assert np.bincount(haxby.runs).tolist() == [8] * 12
    assert all(len(set(haxby.y[haxby.runs == run])) == 8 for run in range(12))


def test_haxby_eight_categories(haxby):
    found = decode(*haxby)
    assert found.chance == 0.125
    # What the chapter says in words.
    assert round(found.accuracy, 2) == 0.81
    assert np.round(found.interval(), 2).tolist() == [0.72, 0.88]
    for by in ("cases", "groups"):
        assert found.interval(by=by)[0] > 0.45
    assert permutation_test(*haxby, permutations=200).p_value == pytest.approx(1 / 201)


def test_haxby_face_and_house(haxby):
    pair = np.isin(haxby.y, ["face", "house"])
    found = decode(haxby.X[pair], haxby.y[pair], haxby.runs[pair])
    assert len(found.y_true) == 24
    assert found.accuracy == 1


def test_haxby_labels_without_meaning_are_at_chance(haxby):
    rng = np.random.default_rng(0)
    y = np.concatenate([rng.permutation(haxby.y[haxby.runs == run]) for run in range(12)])
    assert decode(haxby.X, y, haxby.runs).interval()[0] < 0.125


def test_labels_that_cannot_be_exchanged():
    """Each run showed one class: decoding may be perfect, but no permutation differs."""
    y = np.repeat([0, 1], 6)
    X, runs = np.eye(2)[y] + 0.01 * np.arange(12)[:, None], np.arange(12) // 2
    assert decode(X, y, runs).accuracy == 1
    with pytest.raises(ValueError, match=r"^groups must hold two classes or more"):
        permutation_test(X, y, runs, 99)
    # One run with both is enough to ask.
    mixed = np.where(np.isin(np.arange(12), (0, 6)), 6, runs)
    assert 0 < permutation_test(X, y, mixed, 99).p_value < 1


def test_columns_of_tables_hold_texts_as_objects():
    X, y, groups = patterns(signal=5.0)
    texts = np.array(["cat", "dog", "face", "shoe"])[y]
    runs = np.array([f"run {g}" for g in groups])
    found = decode(X, texts.astype(object), runs.astype(object))
    assert found.accuracy == 1
    assert (found.y_pred == texts).all()
    for missing in (None, np.nan, 3):
        with pytest.raises(ValueError, match=r"^y must hold numbers or texts alone, none missing"):
            decode(X, np.array([missing, *texts[1:]], object), groups)


# Bad input --------------------------------------------------------------------------------------

X, Y, GROUPS = patterns()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: standardize_runs(X[0], GROUPS), "X must have the shape"),
        (lambda: standardize_runs(X, GROUPS[:-1]), "X, runs must have the same length"),
        (lambda: standardize_runs(X[:3], [0, 0, 1]), "runs must hold at least two volumes each"),
        (lambda: standardize_runs(X * np.nan, GROUPS), "X must be finite"),
        (lambda: block_means(X, ["rest"] * len(X), GROUPS), "labels must hold something besides"),
        (lambda: decode(X.astype(str), Y, GROUPS), "X must hold numbers"),
        (lambda: decode(X, Y[1:], GROUPS), "X, y, groups must have the same length"),
        (lambda: decode(X, Y * 0, GROUPS), "y must hold at least two classes"),
        (lambda: decode(X, [None, *Y[1:]], GROUPS), "y must hold numbers or texts"),
        (lambda: decode(X, Y, np.append(np.nan, GROUPS[1:])), "groups must hold numbers or texts"),
        (lambda: decode(X, Y, GROUPS * 0), "groups must hold at least two groups"),
        (lambda: decode(X, GROUPS, GROUPS), "y must show each class in two groups or more"),
        (lambda: decode(X, Y, GROUPS, ridge=0), "ridge must be one number above 0"),
        (lambda: decode(np.empty((0, 4)), [], []), "X must have the shape"),
        (lambda: decode(X, Y, GROUPS).interval(1.5), "level must lie between 0 and 1"),
        (lambda: decode(X, Y, GROUPS).interval(by="volumes"), "by must be one of cases, groups"),
        (lambda: permutation_test(X, Y, GROUPS, 0), "permutations must be at least 1"),
        (lambda: permutation_test(X, Y, GROUPS, 2.5), "permutations must be a whole number"),
    ],
)
def test_bad_input_is_refused_by_name(call, said):
    with pytest.raises(ValueError, match=said):
        call()
