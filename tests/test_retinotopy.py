"""`course_lib.retinotopy` against its formulas, numerical derivatives and planted truths."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from course_lib.retinotopy import (
    ORIENTATIONS,
    CorticalMap,
    SimulatedV1,
    bar_sweeps,
    field_grid,
    fit_receptive_fields,
    gratings,
)

HUMAN = CorticalMap()
maps = st.builds(
    CorticalMap, st.floats(1, 30), st.floats(0.1, 3), st.sampled_from([60.0, 80.0, np.inf])
)
degrees = st.floats(-40, 40)

# The map ----------------------------------------------------------------------------------------


def test_magnification_of_horton_and_hoyt():
    """17.3 mm / (E + 0.75°): their formula, on its own."""
    E = np.array([0, 0.75, 2, 10, 40])
    assert HUMAN.magnification(E) == pytest.approx(17.3 / (E + 0.75))
    assert HUMAN.magnification(0) == pytest.approx(2 * HUMAN.magnification(0.75))


def test_length_is_the_integral_of_magnification():
    for cortical_map in (HUMAN, CorticalMap(b=80)):
        length, _ = quad(cortical_map.magnification, 0, 12)
        assert cortical_map.to_cortex(12, 0).along == pytest.approx(length)


def test_gaze_is_the_origin():
    assert HUMAN.to_cortex(0.0, 0.0) == (True, 0, 0)


def test_map_is_crossed_and_upside_down():
    right_up, left_down = HUMAN.to_cortex(5, 3), HUMAN.to_cortex(-5, -3)
    assert right_up.left
    assert not left_down.left
    assert right_up.across < 0 < left_down.across
    assert right_up.along == pytest.approx(left_down.along)


@given(maps, degrees, degrees)
def test_field_to_cortex_and_back(cortical_map, x, y):
    assert cortical_map.to_field(*cortical_map.to_cortex(x, y)) == pytest.approx(
        (x, y), rel=1e-6, abs=1e-6
    )


@given(maps, st.floats(0.2, 30), st.floats(-30, 30))
def test_areal_magnification_by_numerical_derivative(cortical_map, x, y):
    step = 1e-5

    def position(x, y):
        point = cortical_map.to_cortex(x, y)
        return np.array([point.along, point.across])

    dx = (position(x + step, y) - position(x - step, y)) / (2 * step)
    dy = (position(x, y + step) - position(x, y - step)) / (2 * step)
    area = abs(dx[0] * dy[1] - dx[1] * dy[0])
    assert cortical_map.areal_magnification(x, y) == pytest.approx(area, rel=1e-4)
    assert cortical_map.areal_magnification(-x, y) == pytest.approx(area, rel=1e-4)
    # A conformal map keeps angles.
    assert dx @ dy == pytest.approx(0, abs=1e-4 * area)


def test_rays_become_parallel_far_out():
    """Far from the gaze, log(z + a) turns rings into columns and rays into rows."""
    angle = np.deg2rad([-60, 0, 60])
    near, far = (HUMAN.to_cortex(r * np.cos(angle), r * np.sin(angle)) for r in (100, 200))
    assert far.across - near.across == pytest.approx(np.zeros(3), abs=0.1)
    assert np.ptp(far.along) < 0.1
    assert far.along[1] - near.along[1] == pytest.approx(17.3 * np.log(2), rel=0.01)


def test_dipole_compresses_the_periphery_alone():
    dipole = CorticalMap(b=80)
    assert dipole.magnification(0.5) == pytest.approx(HUMAN.magnification(0.5), rel=0.02)
    assert dipole.magnification(60) < 0.6 * HUMAN.magnification(60)


def test_half_of_the_cortex_sees_the_central_degrees():
    """What the map means: of 40 degrees, the inner 5 take more than half of the length."""
    assert HUMAN.to_cortex(5, 0).along > 0.5 * HUMAN.to_cortex(40, 0).along


def test_warp_shows_the_point_of_gaze_large_and_each_half_once():
    x, y = field_grid(201, 10.0)
    left = HUMAN.warp(x, 10.0, left=True)
    right = HUMAN.warp(x, 10.0, left=False)
    assert np.nanmin(left) >= 0 >= np.nanmax(right)
    assert left.shape == (120, 100)
    # What lies on column c of the horizontal meridian is what `to_field` says.
    length = HUMAN.to_cortex(10, 0).along
    middle = np.nanmean(left[59:61, 50])
    assert middle == pytest.approx(HUMAN.to_field(True, length * 50 / 99, 0)[0], abs=0.1)
    # The upper field fills the lower rows.
    upside_down = HUMAN.warp(y, 10.0, left=True)
    assert np.nanmean(upside_down[70:]) > 1 > -1 > np.nanmean(upside_down[:50])
    shown = np.isfinite(left)
    assert np.mean(np.hypot(x, y) < 2) < 0.04 < 0.3 < np.mean(left[shown] < 2)


def test_warp_of_a_wide_picture_keeps_its_scale():
    x, _ = field_grid(101, 5.0)
    wide = np.hstack([x, x])
    height_is_what_counts = HUMAN.warp(np.broadcast_to(np.arange(202.0), wide.shape), 5.0, True)
    # 101 pixels stand for 10 degrees; the middle of 202 is 100.5, the picture's edge 5 degrees away
    # in height is 50 pixels.
    assert np.nanmax(height_is_what_counts) == pytest.approx(150.5, abs=1)


# The simulated V1 -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def v1():
    return SimulatedV1()


def test_voxels_lie_evenly_on_the_cortex(v1):
    """So as many receptive fields in each stretch of cortex, crowded in the center of the field."""
    assert len(v1.x) == 400
    eccentricity = np.hypot(v1.x, v1.y)
    assert eccentricity.max() < 9.5
    assert np.mean(eccentricity < 2.5) > 0.35 > 4 * np.mean(np.hypot(*field_grid(201, 9.5)) < 2.5)
    assert 0.4 < np.mean(v1.x > 0) < 0.6
    assert 0.4 < np.mean(v1.y > 0) < 0.6


def test_receptive_fields_grow_outwards(v1):
    assert v1.size == pytest.approx(0.5 + 0.1 * np.hypot(v1.x, v1.y))


def test_same_seed_same_brain():
    one, again, other = (SimulatedV1(voxels=20, seed=seed) for seed in (3, 3, 4))
    assert (one.x == again.x).all()
    assert (one.tuning == again.tuning).all()
    assert not (one.x == other.x).any()


def test_answers_by_definition():
    """One voxel, its eight filters written out pixel by pixel."""
    brain = SimulatedV1(voxels=3, pixels=12, radius=4.0, seed=1)
    picture = np.random.default_rng(0).standard_normal((12, 12))
    line = np.linspace(-4, 4, 12)
    for v in range(3):
        expected = 0.0
        for share, theta in zip(brain.tuning[v], np.deg2rad(ORIENTATIONS), strict=True):
            pair = []
            for wave in (np.cos, np.sin):
                weights = np.empty((12, 12))
                for i in range(12):
                    for j in range(12):
                        dx, dy = line[j] - brain.x[v], line[11 - i] - brain.y[v]
                        along = dx * np.cos(theta) + dy * np.sin(theta)
                        weights[i, j] = np.exp(-(dx**2 + dy**2) / 2 / brain.size[v] ** 2) * wave(
                            2 * np.pi * 0.35 * along / brain.size[v]
                        )
                pair.append((weights * picture).sum() / np.sqrt((weights**2).sum()))
            expected += share * np.hypot(*pair)
        assert brain.respond(picture[None])[0, v] == pytest.approx(expected)


def test_energy_does_not_care_about_contrast_sign(v1):
    pictures = np.random.default_rng(0).standard_normal((2, 40, 40))
    assert v1.respond(-pictures) == pytest.approx(v1.respond(pictures))
    assert v1.respond(3 * pictures) == pytest.approx(3 * v1.respond(pictures))
    assert (v1.respond(np.zeros((1, 40, 40))) == 0).all()


def test_each_voxel_prefers_the_grating_of_its_tuning():
    brain = SimulatedV1(seed=2)
    rng = np.random.default_rng(0)
    answers = np.mean(
        [brain.respond(gratings(ORIENTATIONS, rng, period=1.5 / 0.35)) for _ in range(20)], axis=0
    )
    # Voxels whose wave is about as long as the grating's: those far out.
    fitting = (brain.size > 1) & (brain.tuning.max(axis=1) > 0.7)
    assert fitting.sum() > 10
    assert (answers.argmax(axis=0) == brain.tuning.argmax(axis=1))[fitting].all()


def test_a_stimulus_on_the_left_answers_in_the_right_hemisphere(v1):
    x, _ = field_grid(40, 10.0)
    noise = np.random.default_rng(0).choice([-1.0, 1.0], (1, 40, 40))
    answer = v1.respond(noise * (x < 0))[0]
    far = np.abs(v1.x) > 3 * v1.size
    assert answer[far & (v1.x < 0)].min() > 10 * answer[far & (v1.x > 0)].max()


# Stimuli ----------------------------------------------------------------------------------------


def test_gratings_have_their_orientation_and_period():
    rng = np.random.default_rng(0)
    vertical, horizontal = gratings([0, 90], rng, pixels=81, radius=10.0, period=5.0)
    # Along the stripes nothing changes (inside of the patch).
    assert vertical[35:46, 40] == pytest.approx(np.full(11, vertical[40, 40]))
    assert horizontal[40, 35:46] == pytest.approx(np.full(11, horizontal[40, 40]))
    # One period is 20 pixels of a quarter degree.
    assert vertical[40, 25] == pytest.approx(vertical[40, 45])
    assert vertical[40, 25] == pytest.approx(-vertical[40, 35])
    assert vertical[0, 0] == 0


def test_oblique_gratings_lean_as_the_filters_do():
    (tilted,) = gratings([45], np.random.default_rng(0), pixels=81)
    # Constant where x + y is: from upper left to lower right.
    inner = [tilted[40 + d, 40 + d] for d in range(-15, 16)]
    assert inner == pytest.approx([tilted[40, 40]] * 31)


def test_bars_sweep_the_whole_field():
    bars = bar_sweeps(steps=10)
    assert bars.shape == (20, 40, 40)
    assert set(np.unique(bars)) == {0, 1}
    assert (bars.sum(axis=0) > 0).all()
    assert bars[0][:, 0].all()
    assert not bars[0][:, 20:].any()
    # The second sweep starts at the top, which is row 0.
    assert bars[10][0].all()
    assert not bars[10][20:].any()


# Receptive-field fit ----------------------------------------------------------------------------


def test_fit_finds_planted_gaussians_exactly():
    """Answers made by the model itself, with any scale and baseline, lie on the grid."""
    apertures = bar_sweeps()
    x, y = field_grid(40, 10.0)
    truth = np.array([[0.0, 0, 0.75], [-4, 2.5, 1.5], [6.5, -3, 2]])
    fields = np.exp(-((x - truth[:, :1, None]) ** 2 + (y - truth[:, 1:2, None]) ** 2)
                    / (2 * truth[:, 2:, None] ** 2))  # fmt: skip
    answers = np.einsum("nij,vij->nv", apertures, fields) * [1, 0.01, 30] + [0, 5, -100]
    found = fit_receptive_fields(answers, apertures)
    assert np.stack(found[:3], axis=1) == pytest.approx(truth)
    assert found.correlation == pytest.approx(np.ones(3))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_fit_recovers_the_simulated_v1(seed):
    """Median error of the centers at most 0.05 of the field's radius, with noise on the answers."""
    brain, apertures = SimulatedV1(seed=seed), bar_sweeps()
    rng = np.random.default_rng(seed)
    answers = np.mean(
        [brain.respond(apertures * rng.choice([-1, 1], apertures.shape)) for _ in range(6)], axis=0
    )
    answers += 0.5 * answers.std() * rng.standard_normal(answers.shape)
    found = fit_receptive_fields(answers, apertures)
    error = np.hypot(found.x - brain.x, found.y - brain.y)
    assert np.median(error) <= 0.05 * brain.radius
    assert np.corrcoef(found.size, brain.size)[0, 1] > 0.4


@pytest.mark.parametrize("level", [0.0, 2.0, -1e6, 0.1 + 1e-15 * np.arange(48)])
def test_a_voxel_that_never_changes_has_no_place(level):
    answers = np.random.default_rng(0).random((48, 3))
    alone = fit_receptive_fields(answers[:, [0, 2]], bar_sweeps(24))
    answers[:, 1] = level
    for found, others in zip(fit_receptive_fields(answers, bar_sweeps(24)), alone, strict=True):
        np.testing.assert_array_equal(np.isnan(found), [False, True, False])
        np.testing.assert_allclose(found[[0, 2]], others)


# Bad input --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: CorticalMap(k=0), "k must be one number above 0"),
        (lambda: CorticalMap(a=-1), "a must be one number above 0"),
        (lambda: CorticalMap(b=0.5), "b must exceed a"),
        (lambda: CorticalMap(b=np.nan), "b must exceed a"),
        (lambda: HUMAN.magnification(-1), "eccentricity must be finite and not negative"),
        (lambda: HUMAN.to_cortex("right", 0), "x must hold numbers"),
        (lambda: HUMAN.to_cortex([1, 2], [1, 2, 3]), "x, y must have fitting shapes"),
        (lambda: HUMAN.to_cortex(np.nan, 0), "x must be finite"),
        (lambda: HUMAN.to_field(True, np.inf, 0), "along must be finite"),
        (lambda: HUMAN.warp(np.ones(5), 10, True), "picture must have the shape"),
        (lambda: HUMAN.warp(np.ones((5, 5)), 0, True), "radius must be one number above 0"),
        (lambda: SimulatedV1(voxels=0), "voxels must be at least 1"),
        (lambda: SimulatedV1(voxels=3, pixels=2.5), "pixels must be a whole number"),
        (
            lambda: SimulatedV1(voxels=3).respond(np.ones((2, 30, 30))),
            r"pictures must have the shape \(n, 40, 40\)",
        ),
        (
            lambda: SimulatedV1(voxels=3).respond(np.full((1, 40, 40), np.nan)),
            "pictures must be finite",
        ),
        (lambda: gratings(["up"], None), "orientations must hold numbers"),
        (
            lambda: fit_receptive_fields(np.ones((5, 2)), np.ones((4, 8, 8))),
            "responses, apertures must have the same length",
        ),
        (
            lambda: fit_receptive_fields(np.ones((5, 2)), np.ones((5, 8, 9))),
            r"apertures must have the shape \(n, side, side\)",
        ),
        (
            lambda: fit_receptive_fields(np.ones((5, 2)), np.ones((5, 8, 8))),
            "apertures must differ from each other",
        ),
        (
            lambda: fit_receptive_fields(np.ones((5, 2)), np.full((5, 8, 8), np.nan)),
            "apertures must be finite",
        ),
        (
            lambda: fit_receptive_fields(np.ones(5), np.ones((5, 8, 8))),
            r"responses must have the shape",
        ),
    ],
)
def test_bad_input_is_refused_by_name(call, said):
    with pytest.raises(ValueError, match=said):
        call()
