"""Stains: color against scikit-image, mixtures of known dyes, and what normalization undoes."""

import numpy as np
import pytest
import skimage.color
import skimage.data

from course_lib import stain

RNG = np.random.default_rng(5)
PHOTO = RNG.random((9, 8, 3))
DYES = np.array([[0.65, 0.70, 0.29], [0.27, 0.57, 0.78]])
DYES /= np.linalg.norm(DYES, axis=1)[:, None]


def stained(c, dyes=DYES):
    """By hand, pixel by pixel and dye by dye."""
    image = np.ones((*c.shape[:2], 3))
    for k, dye in enumerate(dyes):
        image *= np.power(10.0, -c[..., k, None] * dye)
    return image


@pytest.fixture(scope="module")
def amounts():
    """Mixtures, and some pixels with (nearly) one dye alone, as Macenko's method supposes."""
    c = RNG.uniform(0.3, 0.8, (40, 50, 2))
    c[:8, :, 1], c[8:16, :, 0] = 0, 0
    c[16:20] = 0
    # Strong enough for the threshold in every color.
    c[:8, :, 0], c[8:16, :, 1] = 0.9, 0.9
    return c


def test_reinhard_hits_mean_and_spread():
    # Muted colors: nothing is clipped.
    image, reference = 0.4 + 0.1 * RNG.random((20, 22, 3)), 0.5 + 0.15 * RNG.random((30, 10, 3))
    lab = skimage.color.rgb2lab(stain.reinhard(image, reference))
    goal = skimage.color.rgb2lab(reference)
    assert np.allclose(lab.mean((0, 1)), goal.mean((0, 1)), atol=1e-3)
    assert np.allclose(lab.std((0, 1)), goal.std((0, 1)), atol=1e-3)


def test_reinhard_leaves_the_reference_and_survives_one_color():
    reference = 0.3 + 0.3 * RNG.random((8, 9, 3))
    assert np.allclose(stain.reinhard(reference, reference), reference, atol=1e-6)
    plain = stain.reinhard(np.full((4, 4, 3), 0.7), reference)
    goal = skimage.color.rgb2lab(reference).mean((0, 1))
    assert np.allclose(skimage.color.rgb2lab(plain), goal, atol=1e-3)


# Stains


def test_density_adds_up():
    a, b = RNG.uniform(0.3, 1, (2, 5, 5, 3))
    both = stain.optical_density(a) + stain.optical_density(b)
    assert np.allclose(stain.optical_density(a * b), both)
    assert stain.optical_density(np.ones((2, 2, 3))).max() == 0
    assert stain.optical_density(np.zeros((2, 2, 3))).max() == pytest.approx(np.log10(255))


def test_stained_is_light_filtered_twice(amounts):
    assert np.allclose(stain.stained(amounts, DYES), stained(amounts))
    assert stain.stained(-amounts, DYES).max() == 1, "no tissue shines"


def test_macenko_recovers_known_dyes(amounts):
    found = stain.stain_vectors(stained(amounts))
    assert np.allclose(found, DYES, atol=1e-6)
    assert np.allclose(stain.concentrations(stained(amounts), found), amounts, atol=1e-5)


def test_stain_vectors_do_not_depend_on_signs_of_eigenvectors(monkeypatch):
    eigh = np.linalg.eigh
    # Tissue that varies most in strength lies on both sides of its first component.
    strength, share = RNG.uniform(0.7, 1.6, (40, 50, 1)), RNG.random((40, 50, 1))
    image = stained(strength * np.concatenate([share, 1 - share], axis=2))

    def turned(matrix):
        values, vectors = eigh(matrix)
        return values, -vectors

    found = stain.stain_vectors(image)
    assert np.degrees(np.arccos((found * DYES).sum(1))).max() < 3
    monkeypatch.setattr(np.linalg, "eigh", turned)
    assert np.allclose(stain.stain_vectors(image), found)


def test_ink_that_absorbs_one_color_alone_is_no_tissue(amounts):
    image = stained(amounts)
    image[16:20] = 0.05, 1, 1
    assert np.allclose(stain.stain_vectors(image), DYES, atol=1e-6)


def test_macenko_recovers_known_dyes_from_8_bits(amounts):
    noisy = stained(amounts) + RNG.normal(0, 0.004, (40, 50, 3))
    found = stain.stain_vectors(np.rint(255 * noisy.clip(0, 1)) / 255)
    angles = np.degrees(np.arccos((found * DYES).sum(1)))
    assert angles.max() < 3


def test_concentrations_agree_with_scikit_image(amounts):
    image = stained(amounts)
    third = np.cross(*DYES)
    inverse = np.linalg.inv(np.vstack([DYES, third / np.linalg.norm(third)]))
    # Its densities are logarithms to the base of the smallest value that it tells from 0.
    theirs = skimage.color.separate_stains(image, inverse)[..., :2] * -np.log10(1e-6)
    assert np.allclose(stain.concentrations(image, DYES), theirs, atol=1e-6)


def test_macenko_undoes_another_laboratory(amounts):
    other = np.array([[0.5, 0.8, 0.33], [0.35, 0.5, 0.79]])
    other /= np.linalg.norm(other, axis=1)[:, None]
    image, truth = stained(amounts * [1.2, 0.8], other), stained(amounts)
    assert np.abs(image - truth).mean() > 0.02
    assert np.allclose(stain.macenko(image, truth), truth, atol=1e-4)


def test_a_tile_with_one_dye_needs_its_slide():
    """Shades of hematoxylin are taken for two dyes, unless the slide says which two there are."""
    slide = skimage.data.immunohistochemistry() / 255
    tile, rich = slide[384:480, 416:512], slide[32:192, 48:208]
    dyes = stain.stain_vectors(slide)

    def positive(image):
        return np.mean(stain.concentrations(image, dyes)[..., 1] > 0.3)

    assert positive(tile) == 0
    with pytest.warns(stain.NarrowWedgeWarning, match="image lie 12 degrees .* reference 21"):
        assert positive(stain.macenko(tile, rich)) > 0.8
    assert positive(stain.macenko(tile, rich, slide=slide)) == 0
    unchanged = stain.macenko(tile, slide, slide=slide)
    assert np.abs(unchanged - tile).mean() < 0.02, "nothing to do"
    whole = stain.macenko(slide, rich)[384:480, 416:512]
    assert np.allclose(stain.macenko(tile, rich, slide=slide), whole), "tiles fit together"
    with pytest.raises(ValueError, match="slide must show stained tissue"):
        stain.macenko(tile, rich, slide=np.ones((9, 9, 3)))
    with pytest.warns(stain.NarrowWedgeWarning, match="slide lie 12 degrees"):
        stain.macenko(slide, rich, slide=tile)


def test_macenko_keeps_glass_white_and_reinhard_does_not(amounts):
    other = stained(amounts * 0.5 + 0.2)
    glass = np.s_[16:20]
    image = stained(amounts)
    assert image[glass].min() == 1
    assert np.allclose(stain.macenko(image, other)[glass], 1)
    assert stain.reinhard(image, other)[glass].max() < 0.99


def test_hematoxylin_comes_first_on_real_tissue():
    vectors = stain.stain_vectors(skimage.data.immunohistochemistry() / 255)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    # Published for hematoxylin and DAB (Ruifrok & Johnston 2001).
    for ours, theirs in zip(vectors, skimage.color.rgb_from_hed[[0, 2]], strict=True):
        cosine = ours @ theirs / np.linalg.norm(theirs)
        assert np.degrees(np.arccos(cosine)) < 15


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: stain.stain_vectors(np.ones((9, 9, 3))), "must show stained tissue"),
        (lambda: stain.stain_vectors(np.full((9, 9, 3), 0.4)), "all of its tissue has one color"),
        (lambda: stain.stain_vectors(np.full((9, 9), 0.4)), "image must be in color"),
        (lambda: stain.stain_vectors(np.full((9, 9, 3), 0.4), alpha=0.5), "alpha must lie below"),
        (lambda: stain.stain_vectors(np.full((9, 9, 3), 0.4), beta=-1), "beta must be"),
        (lambda: stain.concentrations(np.ones((9, 9, 3)), np.ones(3)), "vectors must hold"),
        (lambda: stain.stained(np.ones((9, 9)), DYES), "concentrations must hold"),
        (lambda: stain.stained(np.ones((9, 9, 3)), DYES), "for 2 dyes, got shape"),
        (lambda: stain.stained(np.full((9, 9, 2), np.nan), DYES), "concentrations must hold"),
        (lambda: stain.stained(np.ones((9, 9, 2)), np.ones(3)), "vectors must hold"),
        (lambda: stain.reinhard(PHOTO, PHOTO * 255), "reference must lie between 0 and 1"),
        (lambda: stain.macenko(PHOTO, np.ones((9, 9, 3))), "reference must show stained tissue"),
        (lambda: stain.macenko(PHOTO * 255, PHOTO), "image must lie between 0 and 1"),
        (lambda: stain.reinhard(np.full((2, 2, 3), np.nan), PHOTO), "image must lie between"),
    ],
)
def test_colors_refuse(call, message):
    with pytest.raises(ValueError, match=message):
        call()
