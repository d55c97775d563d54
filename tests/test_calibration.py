"""`course_lib.calibration` against scikit-learn, brute force and published definitions."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats
from sklearn import calibration as sk_calibration
from sklearn import metrics as sk
from statsmodels.stats.proportion import proportion_confint

from course_lib import calibration
from course_lib.calibration import (
    brier_decomposition,
    brier_score,
    calibration_curve,
    decision_curve,
    smooth_curve,
)
from course_lib.metrics import UndefinedRateWarning, wilson_interval

risks = st.sampled_from([0.0, 1e-300, 0.05, 0.1, 0.3, 0.5, 0.9, 1.0]) | st.floats(0, 1)
cases = st.lists(st.tuples(st.booleans(), risks), min_size=1, max_size=40)


def arrays(rows):
    y_true, y_prob = zip(*rows, strict=True)
    return np.array(y_true), np.array(y_prob)


def random_cases(seed, n=400):
    rng = np.random.default_rng(seed)
    y_prob = rng.beta(0.6, 1.2, n).round(3)
    return rng.random(n) < y_prob, y_prob


# Calibration ------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["quantile", "uniform"])
@pytest.mark.parametrize("bins", [1, 5, 10])
def test_curve_agrees_with_scikit_learn(strategy, bins):
    y_true, y_prob = random_cases(0)
    ours = calibration_curve(y_true, y_prob, bins, strategy)
    observed, predicted = sk_calibration.calibration_curve(
        y_true, y_prob, n_bins=bins, strategy=strategy
    )
    np.testing.assert_allclose(ours.observed, observed)
    np.testing.assert_allclose(ours.predicted, predicted)


@given(cases, st.integers(1, 12), st.sampled_from(["quantile", "uniform"]))
def test_curve_counts_everybody_once(rows, bins, strategy):
    y_true, y_prob = arrays(rows)
    curve = calibration_curve(y_true, y_prob, bins, strategy, level=0.9)
    assert curve.n.sum() == len(rows)
    assert (curve.n > 0).all()
    assert curve.observed @ curve.n == pytest.approx(y_true.sum())
    assert curve.predicted @ curve.n == pytest.approx(y_prob.sum())
    for observed, low, high, n in zip(curve.observed, curve.low, curve.high, curve.n, strict=True):
        assert (low, high) == wilson_interval(round(observed * n), int(n), 0.9)


def test_calibrated_risks_lie_within_their_intervals():
    y_true, y_prob = random_cases(1, n=20_000)
    curve = calibration_curve(y_true, y_prob, 20)
    inside = (curve.low <= curve.predicted) & (curve.predicted <= curve.high)
    assert inside.mean() >= 0.8


# Smooth curve -----------------------------------------------------------------------------------


def test_smooth_curve_is_a_kernel_regression():
    y_true, y_prob = random_cases(2)
    rank = (stats.rankdata(y_prob) - 0.5) / len(y_prob)
    found = smooth_curve(y_true, y_prob, points=30)
    for at, center in enumerate(np.linspace(rank.min(), rank.max(), 30)):
        w = stats.norm.pdf(rank, center, 0.1)
        assert found.observed[at] == pytest.approx(np.average(y_true, weights=w))
        assert found.predicted[at] == pytest.approx(np.average(y_prob, weights=w))
        share, n = found.observed[at], found.n[at]
        assert n == pytest.approx(w.sum() ** 2 / (w**2).sum())
        peer = proportion_confint(share * n, n, method="wilson")
        assert (found.low[at], found.high[at]) == pytest.approx(peer)


def test_a_wide_neighborhood_is_everybody():
    y_true, _ = random_cases(3, 50)
    found = smooth_curve(y_true, np.full(50, 0.3), points=4)
    assert found.predicted == pytest.approx(np.full(4, 0.3))
    low, high = wilson_interval(int(y_true.sum()), 50)
    assert found.low == pytest.approx(np.full(4, low))
    assert found.high == pytest.approx(np.full(4, high))
    assert found.n == pytest.approx(np.full(4, 50))


def test_right_risks_lie_in_the_band_up_to_its_ends():
    inside = []
    for seed in range(150):
        y_true, y_prob = random_cases(seed)
        found = smooth_curve(y_true, y_prob, points=20)
        inside.append((found.low <= found.predicted) & (found.predicted <= found.high))
    assert np.mean(inside, axis=0).min() >= 0.9


@given(cases, st.integers(1, 20))
def test_smooth_curve_of_any_cases(rows, points):
    found = smooth_curve(*arrays(rows), points=points)
    assert len(found.n) == points
    assert (np.diff(found.predicted) >= -1e-12).all()
    assert (found.low < found.high).all()
    assert (found.low - 1e-9 <= found.observed).all()
    assert (found.observed <= found.high + 1e-9).all()
    assert (found.n <= len(rows) + 1e-9).all()


# Brier score ------------------------------------------------------------------------------------


@given(cases)
def test_brier_score_agrees_with_scikit_learn(rows):
    y_true, y_prob = arrays(rows)
    expected = sk.brier_score_loss(y_true, y_prob, pos_label=True)
    assert brier_score(y_true, y_prob) == pytest.approx(expected, abs=1e-15)


@given(cases)
def test_the_parts_add_up_and_are_not_negative(rows):
    y_true, y_prob = arrays(rows)
    parts = brier_decomposition(y_true, y_prob)
    total = parts.miscalibration - parts.discrimination + parts.uncertainty
    assert total == pytest.approx(brier_score(y_true, y_prob), abs=1e-12)
    assert min(parts) >= -1e-12
    assert parts.uncertainty == pytest.approx(y_true.mean() * (1 - y_true.mean()))


@pytest.mark.parametrize("seed", range(3))
def test_miscalibration_is_what_isotonic_regression_gains(seed):
    rng = np.random.default_rng(seed)
    y_true, y_prob = random_cases(seed, n=60)
    y_prob = y_prob.round(1) ** rng.uniform(0.3, 3)
    distinct = np.unique(y_prob)
    at = y_prob[:, None] == distinct

    # The best rising function of the risk, by a general optimizer: steps that are not negative.
    def score(steps):
        return np.mean((at @ np.cumsum(steps) - y_true) ** 2)

    start = np.full(len(distinct), 0.5 / len(distinct))
    found = optimize.minimize(
        score, start, bounds=[(0, 1)] * len(distinct), options={"ftol": 1e-15, "gtol": 1e-10}
    )
    gain = brier_score(y_true, y_prob) - found.fun
    assert brier_decomposition(y_true, y_prob).miscalibration == pytest.approx(gain, abs=1e-6)


def test_nothing_to_gain_and_everything_to_gain():
    y_true = np.array([0, 0, 0, 1, 1, 1, 1, 0])
    constant = brier_decomposition(y_true, np.full(8, 0.5))
    assert constant == pytest.approx((0, 0, 0.25))
    perfect = brier_decomposition(y_true, y_true)
    assert perfect == pytest.approx((0, 0.25, 0.25))
    shifted = brier_decomposition(y_true, np.where(y_true, 0.4, 0.3))
    assert shifted.miscalibration == pytest.approx((0.6**2 + 0.3**2) / 2)
    assert shifted.discrimination == pytest.approx(0.25)


def test_nearly_equal_risks_do_not_disturb_the_decomposition():
    y_prob = np.array([1e-300, 2e-300, 3e-300, 1 - 1e-16, 1.0])
    parts = brier_decomposition([0, 1, 0, 1, 1], y_prob)
    assert np.isfinite(parts).all()


# Decision curve ---------------------------------------------------------------------------------


@given(cases, st.floats(0, 0.99) | st.sampled_from([0.0, 0.05, 0.1, 0.3, 0.5]))
def test_net_benefit_by_counting(rows, threshold):
    y_true, y_prob = arrays(rows)
    curve = decision_curve(y_true, y_prob, [threshold])
    worth = [
        0.0 if p < threshold else 1.0 if ill else -threshold / (1 - threshold) for ill, p in rows
    ]
    assert curve.model[0] == pytest.approx(np.mean(worth), abs=1e-12)
    assert curve.low[0] < curve.high[0]
    assert curve.low[0] - 1e-12 <= curve.model[0] <= curve.high[0] + 1e-12


def test_interval_of_net_benefit_of_many_is_that_of_a_mean():
    rng = np.random.default_rng(0)
    y_prob = rng.random(50_000)
    y_true, t = rng.random(50_000) < y_prob, np.array([0.1, 0.5, 0.8])
    curve = decision_curve(y_true, y_prob, t)
    worth = (y_prob[:, None] >= t) * np.where(y_true[:, None], 1, -t / (1 - t))
    half = stats.norm.ppf(0.975) * worth.std(axis=0) / np.sqrt(50_000)
    np.testing.assert_allclose(curve.high - curve.model, half, rtol=0.02)
    np.testing.assert_allclose(curve.model - curve.low, half, rtol=0.02)


@given(cases)
def test_policies_without_a_model(rows):
    y_true, y_prob = arrays(rows)
    curve = decision_curve(y_true, y_prob)
    np.testing.assert_allclose(curve.thresholds, np.arange(1, 100) / 100)
    everybody = decision_curve(y_true, np.ones(len(rows)))
    np.testing.assert_allclose(curve.treat_all, everybody.model, atol=1e-12)
    nobody = decision_curve(y_true, np.zeros(len(rows)))
    assert (nobody.model == 0).all()
    assert (curve.treat_none == 0).all()
    # Whoever says the truth cannot be beaten.
    best = decision_curve(y_true, y_true.astype(float)).model
    np.testing.assert_allclose(best, y_true.mean())
    assert (curve.model <= best + 1e-12).all()
    assert (curve.treat_all <= best + 1e-12).all()


def test_treat_all_is_worth_nothing_at_the_prevalence():
    curve = decision_curve([1, 0, 0, 0], [0.9, 0.2, 0.3, 0.1], [0.25])
    assert curve.treat_all[0] == pytest.approx(0)


def test_level_of_the_interval():
    y_true, y_prob = random_cases(2)
    wide, narrow = (decision_curve(y_true, y_prob, [0.1, 0.4], level) for level in (0.95, 0.5))
    ratio = (narrow.high - narrow.low) / (wide.high - wide.low)
    np.testing.assert_allclose(ratio, stats.norm.ppf(0.75) / stats.norm.ppf(0.975), rtol=0.01)


# Intercept, slope, observed over expected ---------------------------------------------------------


def overconfident(n=500, seed=0):
    """Risks whose log odds are 1.6 times what they should be, and 0.5 too high."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(-0.5, 1, n)
    y_true = rng.random(n) < stats.logistic.cdf(logit)
    return y_true, stats.logistic.cdf(1.6 * logit + 0.5)


def test_intercept_and_slope_are_those_of_statsmodels():
    y_true, y_prob = overconfident()
    logit = stats.logistic.ppf(y_prob)
    peer = sm.Logit(y_true, sm.add_constant(logit)).fit(disp=0)
    found = calibration.slope(y_true, y_prob, 0.9)
    assert found.value == pytest.approx(peer.params[1], rel=1e-6)
    np.testing.assert_allclose(found.interval, peer.conf_int(0.1)[1], rtol=1e-5)
    peer = sm.GLM(y_true * 1.0, np.ones(500), offset=logit, family=sm.families.Binomial()).fit()
    found = calibration.intercept(y_true, y_prob)
    assert found.value == pytest.approx(peer.params[0], rel=1e-6)
    np.testing.assert_allclose(found.interval, peer.conf_int()[0], rtol=1e-5)


def test_intervals_of_calibration_cover_the_truth():
    hits = np.zeros(2)
    for seed in range(200):
        y_true, y_prob = overconfident(150, seed)
        (_, (low, high)) = calibration.slope(y_true, y_prob)
        hits[0] += low <= 1 / 1.6 <= high
        logit = stats.logistic.ppf(y_prob)
        right = stats.logistic.cdf((logit - 0.5) / 1.6 + 0.3)  # 0.3 too high
        (_, (low, high)) = calibration.intercept(y_true, right)
        hits[1] += low <= -0.3 <= high
    assert (hits >= 182).all()


def test_observed_over_expected_by_hand():
    value, (low, high) = calibration.observed_expected([0, 0, 0, 1], [0.5, 0.5, 0.5, 0.5])
    assert value == 0.5
    assert (low, high) == pytest.approx((0.0456 / 0.5, 0.6994 / 0.5), abs=2e-4)  # Wilson, 1 of 4
    with pytest.warns(UndefinedRateWarning, match="all risks are 0"):
        assert np.isnan(calibration.observed_expected([0, 1], [0, 0]).value)


@pytest.mark.parametrize(
    ("function", "y_true", "y_prob"),
    [
        (calibration.intercept, [0, 0], [0.2, 0.3]),
        (calibration.slope, [1, 1], [0.2, 0.3]),
        (calibration.slope, [0, 0, 1], [0.2, 0.3, 0.3]),
        (calibration.slope, [1, 0], [0.2, 0.3]),
        (calibration.slope, [0, 1, 1], [0.3, 0.3, 0.3]),
    ],
)
def test_what_no_regression_fits_is_nan(function, y_true, y_prob):
    with pytest.warns(UndefinedRateWarning, match="calibration"):
        found = function(y_true, y_prob)
    assert np.isnan([found.value, *found.interval]).all()


@pytest.mark.parametrize("function", [calibration.intercept, calibration.slope])
def test_certain_risks_have_no_log_odds(function):
    with pytest.raises(ValueError, match="y_prob must lie strictly between 0 and 1"):
        function([0, 1], [0.2, 1])


# Bad input --------------------------------------------------------------------------------------

FUNCTIONS = [brier_score, brier_decomposition, calibration_curve, decision_curve, smooth_curve]


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    ("y_true", "y_prob", "message"),
    [
        ([0, 1], [0.2, 1.2], "y_prob must hold probabilities between 0 and 1, but contains 1.2"),
        ([0, 1], [-0.1, 0.2], "y_prob must hold probabilities between 0 and 1, but contains -0.1"),
        ([0, 1], [0.2, np.nan], "y_prob must be finite"),
        ([0, 1], [0.2], "y_true, y_prob must have the same length"),
        ([], [], "y_true must hold at least one value"),
        ([0, 3], [0.2, 0.3], "y_true must hold only 0 and 1"),
    ],
)
def test_bad_cases(function, y_true, y_prob, message):
    with pytest.raises(ValueError, match=message):
        function(y_true, y_prob)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: calibration_curve([0, 1], [0.1, 0.9], 0), "bins must be at least 1"),
        (lambda: calibration_curve([0, 1], [0.1, 0.9], 2.5), "bins must be a whole number"),
        (
            lambda: calibration_curve([0, 1], [0.1, 0.9], strategy="even"),
            "strategy must be one of quantile, uniform",
        ),
        (lambda: calibration_curve([0, 1], [0.1, 0.9], level=0), "level must"),
        (lambda: smooth_curve([0, 1], [0.1, 0.9], 0), "width must be one number strictly between"),
        (lambda: smooth_curve([0, 1], [0.1, 0.9], points=0), "points must be at least 1"),
        (lambda: decision_curve([0, 1], [0.1, 0.9], [0.5, 1]), "thresholds must be below 1"),
        (lambda: decision_curve([0, 1], [0.1, 0.9], [-0.5]), "thresholds must hold probabilities"),
        (lambda: decision_curve([0, 1], [0.1, 0.9], []), "thresholds must hold at least one"),
        (lambda: decision_curve([0, 1], [0.1, 0.9], level=1), "level must"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()
