"""`course_lib.optics` against the lecture's numbers, brute-force integrals and traced rays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from course_lib.optics import (
    WATER,
    Excitation,
    effective_attenuation_length,
    free_space,
    grin_rod,
    image,
    pulse_energy,
    time_averaged_signal,
)

ONE, TWO, THREE = (
    Excitation(1, 473, 50),
    Excitation(2, 920, 150),
    Excitation(3, 1300, 285),
)
depths = st.floats(0, 3000)
lengths = st.floats(20, 1000)

# The lecture ------------------------------------------------------------------------------------


def test_lecture_pulse_energies():
    assert pulse_energy(1.1, 326) == pytest.approx(3.4, abs=0.05)
    assert pulse_energy(75, 326) == pytest.approx(230, abs=0.5)


def test_lecture_attenuation_length():
    by_energy = effective_attenuation_length(3.4, 230, 1200)
    by_power = effective_attenuation_length(1.1, 75, 1200)
    assert by_energy == pytest.approx(1200 / np.log(230 / 3.4))
    # Both pairs of the slide, rounded as they are, give 284 to 285 µm.
    assert by_energy == pytest.approx(284.7, abs=0.1)
    assert by_power == pytest.approx(284.2, abs=0.1)


def test_signal_is_constant_if_energy_follows_the_attenuation_length():
    """Whatever the order: a signal that falls n times as steeply rises n times as fast."""
    for order in (1, 2, 3, 4):
        light = Excitation(order, 1300, effective_attenuation_length(3.4, 230, 1200))
        assert light.signal(1200, 230) == pytest.approx(light.signal(0, 3.4))
        assert light.energy_needed(1200, 3.4) == pytest.approx(230)


def test_pulse_energy_of_nothing_is_nothing():
    assert pulse_energy(0, 326) == 0
    assert pulse_energy(np.array([1.1, 75]), 326).tolist() == pytest.approx([3.374, 230.06], 1e-3)


# Signal -----------------------------------------------------------------------------------------


@given(st.integers(1, 5), lengths, depths, st.floats(0.01, 100))
def test_signal_is_the_power_of_what_arrives(order, length, depth, energy):
    light = Excitation(order, 1300, length)
    arrives = energy * np.exp(-depth / length)
    assert light.signal(depth, energy) == pytest.approx(arrives**order, rel=1e-9, abs=1e-300)


def test_signal_of_arrays():
    z = np.array([0.0, 150, 300])
    assert TWO.signal(z) == pytest.approx(np.exp([0, -2, -4]))
    assert TWO.signal(150, [1, 2]) == pytest.approx([np.exp(-2), 4 * np.exp(-2)])
    assert isinstance(TWO.signal(150), float)


@given(st.integers(1, 4), st.floats(1, 200), st.floats(1, 1e5), st.floats(10, 1000))
def test_time_averaged_signal_by_summing_pulses(order, power, rate, duration):
    """Each of `rate` pulses excites in proportion to (energy / duration)^n duration."""
    energy = power / rate
    one_pulse = (energy / duration) ** order * duration
    assert time_averaged_signal(order, power, rate, duration) == pytest.approx(
        rate * one_pulse, rel=1e-9
    )


def test_few_strong_pulses_matter_more_the_higher_the_order():
    gains = [
        time_averaged_signal(n, 10, 326, 60) / time_averaged_signal(n, 10, 80_000, 60)
        for n in (1, 2, 3)
    ]
    assert gains == pytest.approx([1, 80_000 / 326, (80_000 / 326) ** 2])


# Background -------------------------------------------------------------------------------------


@pytest.mark.parametrize("light", [ONE, TWO, THREE], ids=["one", "two", "three"])
@pytest.mark.parametrize("depth", [5, 60, 300])
@pytest.mark.parametrize("cell", [4, 10])
def test_signal_to_background_by_brute_force(light, depth, cell):
    """Sums over planes 2 nm thick."""
    step = 0.002
    planes = np.arange(step / 2, depth + 20 * light.attenuation_length, step)
    z_r = WATER * light.wavelength / 1000 / (np.pi * 0.9**2)
    shine = np.exp(-light.order * planes / light.attenuation_length) / (
        1 + ((planes - depth) / z_r) ** 2
    ) ** (light.order - 1)
    focused = np.abs(planes - depth) < cell / 2
    expected = shine[focused].sum() / shine[~focused].sum()
    assert light.signal_to_background(depth, cell) == pytest.approx(expected, rel=2e-3)


def test_one_photon_has_no_section():
    """With n = 1 the focus does not matter: planes shine by how much light is left."""
    planes = np.linspace(0, 200, 50)
    assert ONE.fluorescence(planes, 20) == pytest.approx(np.exp(-planes / 50))
    # A cell of 10 µm is at most a fifth of what shines in 50 µm.
    assert ONE.signal_to_background(5) == pytest.approx(np.expm1(10 / 50), rel=1e-6)
    assert ONE.depth_limit() == 0


def test_fluorescence_of_the_focus():
    for light in (ONE, TWO, THREE):
        assert light.fluorescence(0, 0) == 1
        z = light.attenuation_length
        assert light.fluorescence(z, z) == pytest.approx(np.exp(-light.order))
        # One Rayleigh range above the focus the beam has twice the area.
        above = z - light.rayleigh_range
        expected = np.exp(-light.order * above / z) / 2 ** (light.order - 1)
        assert light.fluorescence(above, z) == pytest.approx(expected)


def test_two_photon_limit_by_its_closed_approximation():
    """Deep down all background is from near the surface, on average from l / 2 below it."""
    l, z_r = 150, TWO.rayleigh_range
    # A thick cell collects the whole focus: its integral is pi z_R.
    limit = TWO.depth_limit(cell=200)
    signal = np.pi * z_r * np.exp(-2 * limit / l)
    background = l / 2 * (z_r / (limit - l / 2)) ** 2
    assert signal / background == pytest.approx(1, abs=0.1)


def test_limit_is_where_background_equals_signal():
    for light in (TWO, THREE):
        limit = light.depth_limit()
        assert light.signal_to_background(limit) == pytest.approx(1, rel=1e-6)
        assert light.signal_to_background(limit + 50) < 1 < light.signal_to_background(limit - 50)


def test_limits_are_near_the_published_ones():
    """About 5 attenuation lengths for two photons (Theer & Denk 2006), many more for three."""
    assert 4 < TWO.depth_limit() / 150 < 6
    assert 8 < THREE.depth_limit() / 285 < 11


def test_contrast_scales_the_ratio_and_deepens_the_limit():
    assert TWO.signal_to_background(300, contrast=10) == pytest.approx(
        10 * TWO.signal_to_background(300)
    )
    limits = [TWO.depth_limit(contrast=c) for c in (0.1, 1, 10, 100)]
    assert limits == sorted(limits)
    assert TWO.depth_limit(contrast=1e-6) == 0


def test_ratio_of_an_array_of_depths():
    z = np.array([[50.0, 100], [200, 400]])
    ratio = THREE.signal_to_background(z)
    assert ratio.shape == (2, 2)
    assert ratio[1, 0] == THREE.signal_to_background(200)
    assert isinstance(THREE.signal_to_background(200), float)


def test_absurd_depth_does_not_overflow():
    assert Excitation(3, 1300, 20).signal_to_background(10_000) == 0


# Exposure ---------------------------------------------------------------------------------------


def test_expose_has_the_mean_and_the_variance_of_photons():
    counts = TWO.expose(np.ones((400, 400)), 300, np.random.default_rng(0), photons=20, turn_up=1e3)
    expected = 20 * (1 + 1 / TWO.signal_to_background(300))
    assert counts.mean() == pytest.approx(expected, rel=0.01)
    assert counts.var() == pytest.approx(expected, rel=0.02)


def test_expose_fades_where_the_laser_cannot_follow():
    rng = np.random.default_rng(0)
    scene = np.zeros((100, 200))
    scene[:, 100:] = 1
    # exp(300 / 150) = 7.4 is within reach of a factor 10; exp(600 / 150) = 55 is not.
    within, beyond = (TWO.expose(scene, z, rng, turn_up=10) for z in (300, 600))
    assert (within[:, 100:].mean() - within[:, :100].mean()) == pytest.approx(50, rel=0.02)
    left = 50 * (10 * np.exp(-4)) ** 2
    assert (beyond[:, 100:].mean() - beyond[:, :100].mean()) == pytest.approx(left, rel=0.1)


def test_expose_repeats_with_its_generator():
    scene = np.random.default_rng(1).random((20, 30))
    first, again = (THREE.expose(scene, 500, np.random.default_rng(3)) for _ in range(2))
    assert (first == again).all()
    assert first.shape == (20, 30)


# Rods -------------------------------------------------------------------------------------------

rods = st.builds(grin_rod, st.floats(100, 20_000), st.floats(0.01, 3), st.floats(1.3, 2))


@given(rods, st.floats(0, 5000), st.floats(1, 2))
def test_every_ray_matrix_has_determinant_1(rod, distance, index):
    assert np.linalg.det(rod @ free_space(distance, index)) == pytest.approx(1, abs=1e-8)


@pytest.mark.parametrize("pitch", [0.1, 0.25, 0.5, 0.83])
def test_rod_by_tracing_rays_through_its_profile(pitch):
    """Fermat's principle in the paraxial form: d(n0 dy/dz)/dz = dn/dy, solved numerically."""
    length, n0 = 4000.0, 1.6
    g = 2 * np.pi * pitch / length
    rod = grin_rod(length, pitch, n0)
    for start in ([10.0, 0.0], [0.0, 0.02], [-5.0, 0.01]):
        traced = solve_ivp(
            lambda z, ray: [ray[1] / n0, -n0 * g**2 * ray[0]], (0, length), start, rtol=1e-10
        )
        assert rod @ start == pytest.approx(traced.y[:, -1], abs=1e-5)


@given(st.floats(100, 5000), st.floats(0.05, 0.9), st.floats(0.05, 0.9))
def test_two_rods_make_a_longer_one(length, first, second):
    total = grin_rod(length * (first + second), first + second)
    assert grin_rod(length * second, second) @ grin_rod(length * first, first) == pytest.approx(
        total, rel=1e-6, abs=1e-6
    )


def test_quarter_pitch_makes_a_parallel_beam():
    assert image(grin_rod(2000, 0.25), 0).distance == np.inf
    # Rays of one point leave at one angle, wherever they left it.
    assert grin_rod(2000, 0.25)[1, 1] == pytest.approx(0, abs=1e-12)


def test_half_pitch_inverts_and_full_pitch_does_not():
    half, full = image(grin_rod(4000, 0.5), 0), image(grin_rod(8000, 1.0), 0)
    assert half == pytest.approx((0, -1), abs=1e-9)
    assert full == pytest.approx((0, 1), abs=1e-9)


def test_a_short_piece_is_a_thin_lens():
    """Focal length 1 / (n0 g² L), and the lens equation."""
    length, pitch, n0 = 50.0, 0.005, 1.6
    f = 1 / (n0 * (2 * np.pi * pitch / length) ** 2 * length)
    object_distance = 3 * f
    found = image(grin_rod(length, pitch, n0), object_distance)
    assert 1 / found.distance + 1 / object_distance == pytest.approx(1 / f, rel=1e-2)
    assert found.magnification == pytest.approx(-found.distance / object_distance, rel=1e-2)


@given(
    st.floats(500, 8000),
    st.floats(0.02, 0.95).filter(lambda p: abs(p - 0.25) > 0.01 and abs(p - 0.75) > 0.01),
    st.floats(0, 400),
    st.floats(1, 1.6),
)
def test_all_rays_of_a_point_meet_in_its_image(length, pitch, distance, index):
    rod = grin_rod(length, pitch)
    found = image(rod, distance, index=index, image_index=1.33)
    way = rod @ free_space(distance, index)
    if not np.isfinite(found.distance):
        return
    for angle in (-0.1, 0.0, 0.2):
        height, slope = way @ [7.0, angle]
        meets = height + found.distance / 1.33 * slope
        scale = abs(height) + abs(found.distance * slope) + 1
        assert meets == pytest.approx(7 * found.magnification, abs=1e-7 * scale)


def test_tissue_stretches_the_working_distance():
    """A point at 133 µm in water looks as near as one at 100 µm in air."""
    rod = grin_rod(4000, 0.46)
    assert image(rod, 133, index=1.33) == pytest.approx(image(rod, 100))


# Bad input --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: pulse_energy(-1, 326), "power must be finite and not negative"),
        (lambda: pulse_energy(1, 0), "rate must be one number above 0"),
        (lambda: pulse_energy("1", 326), "power must be a number"),
        (lambda: effective_attenuation_length(230, 3.4, 1200), "energy_below must exceed"),
        (lambda: effective_attenuation_length(3.4, 230, np.nan), "distance must be one number"),
        (lambda: Excitation(0, 1300, 285), "order must be at least 1"),
        (lambda: Excitation(2.5, 1300, 285), "order must be a whole number"),
        (lambda: Excitation(3, -1300, 285), "wavelength must be one number above 0"),
        (lambda: Excitation(3, 1300, 0), "attenuation_length must be one number above 0"),
        (lambda: Excitation(3, 1300, 285, na=1.4), "na must be below the index of water"),
        (lambda: THREE.signal(-5), "depth must be finite and not negative"),
        (lambda: THREE.signal([1, 2], [1, 2, 3]), "depth, energy must have fitting shapes"),
        (lambda: THREE.signal([1, np.nan]), "depth must be finite and not negative"),
        (lambda: THREE.fluorescence(np.inf, 10), "plane must be finite"),
        (lambda: THREE.signal_to_background(3), "depth must be at least half a cell, 5 µm"),
        (lambda: THREE.signal_to_background(30, cell=0), "cell must be one number above 0"),
        (lambda: time_averaged_signal(2, 1, 0, 60), "rate must be one number above 0"),
        (lambda: THREE.expose(np.ones(3), 50, None), "scene must have the shape"),
        (lambda: THREE.expose(-np.ones((3, 3)), 50, None), "scene must not be negative"),
        (lambda: THREE.expose(np.ones((3, 3)), 50, None, turn_up=0.5), "turn_up must be at least"),
        (lambda: free_space(-1), "distance must be finite and not negative"),
        (lambda: grin_rod(0, 0.5), "length must be one number above 0"),
        (lambda: grin_rod(4000, -0.5), "pitch must be one number above 0"),
        (lambda: image(np.eye(3), 10), r"system must have the shape \(2, 2\)"),
    ],
)
def test_bad_input_is_refused_by_name(call, said):
    with pytest.raises(ValueError, match=said):
        call()
