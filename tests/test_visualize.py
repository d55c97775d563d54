"""`course_lib.visualize` against brute force, other libraries' resampling and known optima."""

import contextlib
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from book_ext import editions
from course_lib import datasets
from course_lib.nets import EfficientNetLite0, UNet
from course_lib.nets.layers import evaluating, outputs_of, to_batch
from course_lib.visualize import (
    activations,
    deep_dream,
    find_layer,
    influence,
    layer_names,
    maximize,
    objectives,
    parameterization,
    receptive_field,
    top_patches,
    transforms,
)

LITE0 = EfficientNetLite0().eval()


def small(channels=3, seed=0):
    """Two convolutions, a rectifier that works in place, a classifier."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(channels, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(inplace=True),
        nn.Conv2d(4, 5, 3, padding=1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(5, 6),
    ).eval()


def picture(seed=0, size=12, channels=3):
    rng = np.random.default_rng(seed)
    return rng.random((size, size, channels) if channels == 3 else (size, size))


# Layers -----------------------------------------------------------------------------------------


def test_the_names_of_the_design_are_layers():
    names = layer_names(LITE0)
    blocks = [f"blocks.{i}" for i in range(16)]
    assert {"stem", *blocks, "head", "logits", "blocks.12.expand"} <= set(names)
    assert len(set(names)) == len(names)


def test_lists_of_modules_are_no_layers():
    names = layer_names(UNet(2, 1, 2))
    assert "contract" not in names
    assert {"contract.0", "bottom", "expand.0", "classify"} <= set(names)


def test_an_unknown_layer_is_told_what_there_is():
    with pytest.raises(ValueError, match=r"^layer must be one of stem, .*blocks\.15, .*logits"):
        find_layer(LITE0, "foo")
    with pytest.raises(
        ValueError,
        match=r"^layer must be one of blocks\.12\.expand, blocks\.12\.depthwise, "
        r"blocks\.12\.project, got 'blocks\.12\.exp'; did you mean 'blocks\.12\.expand'\?$",
    ):
        find_layer(LITE0, "blocks.12.exp")
    with pytest.raises(ValueError, match=r"did you mean 'blocks\.12'"):
        find_layer(LITE0, "block.12")
    for bad in (None, 3, "", "."):
        with pytest.raises(ValueError, match=r"^layer must be one of 0, 1, .*6, got"):
            find_layer(small(), bad)


def test_outputs_are_what_the_layers_give():
    model, x = small(), torch.rand(2, 3, 9, 9)
    with torch.no_grad():
        outputs = outputs_of(model, ["3", "1"], x)
        # Before the rectifier, although it works in place.
        normalized = model[1](model[0](x))
        assert normalized.min() < 0
        torch.testing.assert_close(outputs["1"], normalized)
        torch.testing.assert_close(outputs["3"], model[3](normalized.relu()))


def test_looking_changes_nothing_in_the_network():
    model, x = small(), torch.rand(2, 3, 9, 9)
    before = model(x)
    torch.testing.assert_close(outputs_of(model, ["1", "6"], x)["6"], before)
    assert not any(m._forward_hooks for m in model.modules())
    torch.testing.assert_close(model(x), before)


def test_the_pass_ends_at_the_last_wanted_layer():
    model, calls = small(), []
    for module in model:
        module.register_forward_pre_hook(lambda m, _: calls.append(type(m).__name__))
    outputs_of(model, ["1"], torch.rand(1, 3, 9, 9))
    assert calls == ["Conv2d", "BatchNorm2d"]


def test_a_layer_inside_a_layer():
    with torch.no_grad():
        outputs = outputs_of(LITE0, ["blocks.2", "blocks.2.expand.norm"], torch.rand(1, 3, 32, 32))
    assert outputs["blocks.2"].shape == (1, 24, 8, 8)
    assert outputs["blocks.2.expand.norm"].shape == (1, 144, 8, 8)


def test_before_and_after_the_rectifier():
    image = picture(size=64)
    answers = activations(LITE0, ["blocks.12.expand.norm", "blocks.12.expand"], image)
    before, after = answers.values()
    np.testing.assert_allclose(after, before.clip(0, 6), atol=1e-6)
    assert before.shape == (1152, 2, 2)
    assert before.min() < 0


def test_a_layer_that_is_never_called():
    class Idle(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.idle = nn.Conv2d(3, 2, 1), nn.Conv2d(3, 2, 1)

        def forward(self, x):
            return self.used(x)

    with pytest.raises(ValueError, match=r"^layer 'idle' must be called by the network"):
        maximize(Idle(), objectives.channel("idle", 0), steps=1, size=8)


def test_evaluation_mode_is_lent():
    model = small().train()
    model[1].eval()
    modes = [m.training for m in model.modules()]
    with evaluating(model):
        assert not any(m.training for m in model.modules())
    assert [m.training for m in model.modules()] == modes
    with contextlib.suppress(RuntimeError), evaluating(model):
        raise RuntimeError
    assert [m.training for m in model.modules()] == modes


def test_activations_of_one_layer_and_of_several():
    model, image = small(), picture()
    one = activations(model, "0", image)
    assert one.shape == (4, 12, 12)
    several = activations(model, ["0", "6"], image)
    assert list(several) == ["0", "6"]
    np.testing.assert_array_equal(several["0"], one)
    assert several["6"].shape == (6,)
    assert activations(small(channels=1), "0", picture(channels=1)).shape == (4, 12, 12)


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (np.zeros((4, 4, 2)), r"^image must have the shape \(height, width, 3\)"),
        (np.zeros((3, 4, 4)), r"^image must have the shape \(height, width, 3\)"),
        (np.zeros(5), r"^image must have the shape"),
        (np.zeros((0, 3)), r"^image must have the shape"),
        ([[1], [1, 2]], r"^image must be an image"),
        (np.full((4, 4, 3), 255), r"^image must lie between 0 and 1, got values from 255 to 255"),
        (np.full((4, 4, 3), -0.1), r"^image must lie between 0 and 1"),
        (np.full((4, 4, 3), np.nan), r"^image must lie between 0 and 1"),
        (np.full((4, 4, 3), "a"), r"^image must hold numbers"),
    ],
)
def test_images_of_wrong_shape_or_range(image, said):
    with pytest.raises(ValueError, match=said):
        activations(small(), "0", image)
    with pytest.raises(ValueError, match=said):
        deep_dream(small(), image, objectives.layer("0"))


# Objectives -------------------------------------------------------------------------------------


@pytest.fixture
def outputs():
    generator = torch.Generator().manual_seed(3)
    return {
        "maps": torch.randn(3, 4, 6, 5, generator=generator, dtype=torch.double),
        "more": torch.randn(3, 2, 2, 2, generator=generator, dtype=torch.double),
        "logits": torch.randn(3, 7, generator=generator, dtype=torch.double),
    }


def test_the_five_objectives_of_the_lecture(outputs):
    maps, scores = outputs["maps"].numpy(), outputs["logits"].numpy()
    expected = {
        objectives.neuron("maps", 2): maps[:, 2, 3, 2],
        objectives.neuron("maps", 2, row=0, column=4): maps[:, 2, 0, 4],
        objectives.channel("maps", 1): [maps[i, 1].mean() for i in range(3)],
        objectives.layer("maps"): [(maps[i] ** 2).mean() for i in range(3)],
        objectives.class_logit("logits", 6): scores[:, 6],
        objectives.class_probability("logits", 6): np.exp(scores[:, 6]) / np.exp(scores).sum(1),
    }
    for objective, values in expected.items():
        np.testing.assert_allclose(objective(outputs), values)
        assert objective.batch is None


def test_the_probability_of_one_logit_is_its_sigmoid():
    one = {"logits": torch.tensor([[-1.0], [0.0], [3.0]])}
    found = objectives.class_probability("logits", 0)(one)
    np.testing.assert_allclose(found, 1 / (1 + np.exp([1.0, 0.0, -3.0])), rtol=1e-6)


def test_one_channel_for_each_image(outputs):
    maps, scores = outputs["maps"].numpy(), outputs["logits"].numpy()
    for each in ([3, 0, 2], np.array([3, 0, 2]), (3, 0, 2)):
        objective = objectives.channel("maps", each)
        assert objective.batch == 3
        np.testing.assert_allclose(
            objective(outputs), [maps[i, c].mean() for i, c in enumerate(each)]
        )
    picked = objectives.class_logit("logits", range(3))
    np.testing.assert_allclose(picked(outputs), scores.diagonal())


@given(st.floats(-5, 5), st.floats(-5, 5))
def test_objectives_add_scale_and_negate(a, b):
    maps = torch.randn(3, 4, 6, 5, generator=torch.Generator().manual_seed(1), dtype=torch.double)
    more = torch.randn(3, 2, 2, 2, generator=torch.Generator().manual_seed(2), dtype=torch.double)
    outputs = {"maps": maps, "more": more}
    p, q = objectives.channel("maps", 1), objectives.neuron("more", [0, 1, 0])
    values_p, values_q = p(outputs), q(outputs)
    mixed = a * p + b * q
    assert mixed.layers == ("maps", "more")
    assert mixed.batch == 3
    torch.testing.assert_close(mixed(outputs), a * values_p + b * values_q)
    torch.testing.assert_close((-p)(outputs), -values_p)
    torch.testing.assert_close((p - q * b)(outputs), values_p - b * values_q)


def test_one_factor_for_each_image(outputs):
    values = objectives.channel("maps", 1)(outputs)
    weights = np.array([0, 0.5, -1])
    for objective in (
        weights * objectives.channel("maps", 1),
        objectives.channel("maps", 1) * weights.tolist(),
    ):
        assert objective.batch == 3
        np.testing.assert_allclose(objective(outputs), weights * values.numpy())


def test_objectives_that_do_not_fit_together():
    three, two = objectives.channel("maps", [0, 1, 2]), objectives.channel("maps", [0, 1])
    with pytest.raises(ValueError, match=r"equally many images, got 3 and 2"):
        three + two
    with pytest.raises(ValueError, match=r"^factor must hold 3 numbers, one an image, got 2"):
        [1, 2] * three
    for other in (3, "a", None):
        with pytest.raises(TypeError):
            three + other
    with pytest.raises(TypeError):
        three * "a"
    with pytest.raises(TypeError):
        three * np.zeros((2, 2))


def test_diversity_is_minus_the_mean_cosine_of_gram_matrices(outputs):
    maps = outputs["maps"].numpy().reshape(3, 4, 30)
    grams = [m @ m.T for m in maps]

    def cosine(a, b):
        return (a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum())

    expected = [
        -np.mean([cosine(grams[i], grams[j]) for j in range(3) if j != i]) for i in range(3)
    ]
    np.testing.assert_allclose(objectives.diversity("maps")(outputs), expected)
    same = {"maps": outputs["maps"][:1].repeat(4, 1, 1, 1)}
    np.testing.assert_allclose(objectives.diversity("maps")(same), -1)
    with pytest.raises(ValueError, match="batch of at least 2 images"):
        objectives.diversity("maps")({"maps": outputs["maps"][:1]})


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: objectives.channel("maps", 4),
            r"^channel \(layer maps\) must lie between 0 and 3",
        ),
        (lambda: objectives.channel("maps", -1), r"^channel \(layer maps\) must lie between"),
        (lambda: objectives.channel("maps", [0, 1, 9]), r"^channel \(layer maps\) .* got 9"),
        (
            lambda: objectives.channel("maps", 1.0),
            r"^channel \(layer maps\) must be a whole number",
        ),
        (
            lambda: objectives.channel("maps", True),
            r"^channel \(layer maps\) must be a whole number",
        ),
        (
            lambda: objectives.channel("maps", "a"),
            r"^channel \(layer maps\) must be a whole number",
        ),
        (lambda: objectives.channel("maps", []), r"^channel must hold at least one number"),
        (lambda: objectives.neuron("maps", 0, row=6), r"^row must lie between 0 and 5, got 6"),
        (lambda: objectives.neuron("maps", 0, column=5), r"^column must lie between 0 and 4"),
        (
            lambda: objectives.class_logit("logits", 7),
            r"^k \(layer logits\) must .* 0 and 6",
        ),
        (lambda: objectives.class_probability("logits", 7), r"^k \(layer logits\) must lie"),
        (
            lambda: objectives.channel("logits", 0),
            r"^layer must have maps .* gives shape \(7,\)",
        ),
        (lambda: objectives.layer("logits"), r"^layer must have maps"),
        (lambda: objectives.class_logit("maps", 0), r"^layer must have one number a class"),
        (lambda: objectives.class_probability("maps", 0), r"^layer must have one number a class"),
    ],
)
def test_what_is_out_of_range(outputs, make, said):
    with pytest.raises(ValueError, match=said):
        make()(outputs)


# Parameterizations ------------------------------------------------------------------------------


def test_pixels_are_themselves():
    numbers = parameterization.Pixels(2, 3, 8, torch.Generator().manual_seed(0), sd=0.1)
    assert numbers().shape == (2, 3, 8, 8)
    assert numbers() is numbers.values
    assert 0.08 < numbers().std() < 0.12


@pytest.mark.parametrize("size", [8, 9, (8, 11), (11, 8)])
@pytest.mark.parametrize("decay", [1.0, 1.5])
def test_a_coefficient_is_a_wave_whose_amplitude_falls_with_frequency(size, decay):
    numbers = parameterization.Fourier(1, 1, size, decay=decay)
    height, width = np.broadcast_to(size, 2)
    y, x = np.mgrid[:height, :width]
    for fy, fx in ((0, 1), (1, 0), (2, 1), (0, 2)):
        with torch.no_grad():
            numbers.coefficients.zero_()
            numbers.coefficients[0, 0, fy, fx, 0] = 1
        wave = np.cos(2 * np.pi * (fy * y / height + fx * x / width))
        # The half spectrum of a real image holds most waves once and their mirror not at all.
        wave *= (2 if fx else 1) / np.sqrt(height * width)
        f = np.hypot(fy / height, fx / width)
        expected = wave * 20 / 3 * (0.05 / f) ** decay
        np.testing.assert_allclose(numbers()[0, 0].detach(), expected, atol=1e-5)


def test_random_fourier_images_have_the_spectrum_of_photographs():
    numbers = parameterization.Fourier(40, 1, 64, torch.Generator().manual_seed(0))
    power = np.abs(np.fft.fft2(numbers()[:, 0].detach().numpy())) ** 2
    f = np.fft.fftfreq(64)
    radius = np.hypot(f[:, None], f)
    inside = (radius > 0.05) & (radius < 0.45)
    slope = np.polyfit(np.log(radius[inside]), np.log(power.mean(0)[inside]), 1)[0]
    assert abs(slope + 2) < 0.1


@pytest.mark.slow
def test_color_axes_are_those_of_the_photos():
    axes = np.array(parameterization.COLOR_AXES)
    covariance = np.cov(datasets.photos(128).reshape(-1, 3).T)
    covariance /= np.linalg.eigvalsh(covariance)[-1]
    np.testing.assert_allclose(axes @ axes.T, covariance, atol=0.02)
    assert abs(np.linalg.norm(axes[:, 0]) - 1) < 0.01


def test_decorrelated_colors_have_the_covariance_of_the_axes():
    noise = torch.randn(2, 3, 200, 200, generator=torch.Generator().manual_seed(0))
    colors = parameterization.decorrelated(noise, chroma=1.0)
    axes = np.array(parameterization.COLOR_AXES)
    found = np.cov(colors.permute(1, 0, 2, 3).reshape(3, -1).numpy())
    np.testing.assert_allclose(found, axes @ axes.T, atol=0.02)
    np.testing.assert_array_equal(parameterization.independent(noise), noise)
    np.testing.assert_array_equal(parameterization.decorrelated(noise[:, :1]), noise[:, :1])


# Transforms -------------------------------------------------------------------------------------


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_pad_and_none():
    x = torch.rand(2, 3, 5, 6)
    padded = transforms.pad(2)(x, generator())
    assert padded.shape == (2, 3, 9, 10)
    np.testing.assert_array_equal(padded[..., 2:-2, 2:-2], x)
    assert (padded[..., :2, :] == 0.5).all()
    assert transforms.none(x, generator()) is x


def test_jitter_shifts_by_at_most_so_many_pixels():
    x = torch.arange(100.0).reshape(1, 1, 10, 10)
    shifts = set()
    for seed in range(60):
        moved = transforms.jitter(2)(x, generator(seed))
        at = int((moved.flatten() == 0).nonzero())
        dy, dx = ((n + 5) % 10 - 5 for n in divmod(at, 10))
        np.testing.assert_array_equal(moved[0, 0], np.roll(x[0, 0].numpy(), (dy, dx), (0, 1)))
        shifts.add((dy, dx))
    assert {d for pair in shifts for d in pair} == {-2, -1, 0, 1, 2}


def test_turn_and_zoom_without_motion_cuts_the_border():
    x = torch.rand(2, 3, 20, 24)
    cut = transforms.turn_and_zoom(0, (1, 1), crop=3)(x, generator())
    torch.testing.assert_close(cut, x[..., 3:-3, 3:-3], atol=1e-5, rtol=0)


@pytest.mark.parametrize("seed", range(8))
def test_turn_and_zoom_turns_and_zooms(seed):
    """The map is read off an image of coordinates: a scaled rotation about the middle."""
    size, crop = 41, 10
    line = torch.arange(float(size)) - size // 2
    y, x = torch.meshgrid(line, line, indexing="ij")
    transform = transforms.turn_and_zoom(10, (0.8, 1.25), crop)
    moved = transform(torch.stack([x, y])[None], generator(seed))[0].flatten(1).numpy()
    inner = line[crop:-crop]
    there = torch.stack(torch.meshgrid(inner, inner, indexing="ij")[::-1]).flatten(1).numpy()
    A = np.linalg.lstsq(there.T, moved.T, rcond=None)[0].T
    np.testing.assert_allclose(moved, A @ there, atol=0.01)
    zoom = 1 / np.sqrt(np.linalg.det(A))
    np.testing.assert_allclose(A @ A.T, np.eye(2) / zoom**2, atol=1e-3)
    assert 0.8 <= zoom <= 1.25
    assert abs(np.degrees(np.arctan2(A[1, 0], A[0, 0]))) <= 10


def test_transforms_follow_their_generator():
    x = torch.rand(2, 3, 32, 32)
    one, same, other = (transforms.standard()(x, generator(seed)) for seed in (1, 1, 2))
    assert one.shape == x.shape
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


# Maximization -----------------------------------------------------------------------------------


def linear(weights):
    """One 1×1 convolution: the brightest image of channel k is known."""
    model = nn.Conv2d(len(weights[0]), len(weights), 1, bias=False)
    model.weight.data = torch.tensor(weights)[..., None, None]
    return nn.Sequential(model)


@pytest.mark.parametrize("kind", [parameterization.Fourier, parameterization.Pixels])
def test_a_linear_unit_gets_its_colors(kind):
    model = linear([[1.0, -1.0, 0.5], [-1.0, 1.0, 1.0]])
    images, scores = maximize(
        model,
        objectives.channel("0", [0, 1]),
        steps=60,
        size=16,
        lr=0.5,
        parameterization=kind,
        colors=parameterization.independent,
        transform=transforms.none,
    )
    assert images.shape == (2, 16, 16, 3)
    assert scores.shape == (60, 2)
    np.testing.assert_allclose(images[0].mean((0, 1)), [1, 0, 1], atol=0.15)
    np.testing.assert_allclose(images[1].mean((0, 1)), [0, 1, 1], atol=0.15)
    assert (scores[-1] > scores[0] + 0.5).all()


def test_minus_an_objective_is_minimized():
    model = linear([[1.0, -1.0, 0.5]])
    image = maximize(model, -objectives.channel("0", 0), steps=60, size=16, lr=0.5).images[0]
    red, green, _ = image.mean((0, 1))
    assert red < 0.3
    assert green > 0.7


def test_gray_images():
    images = maximize(
        small(1), objectives.channel("3", range(2)), steps=2, size=16, channels=1
    ).images
    assert images.shape == (2, 16, 16)
    assert 0 <= images.min() < images.max() <= 1


def test_the_same_seed_gives_the_same_images():
    def run(seed):
        return maximize(small(), objectives.neuron("3", 1), steps=4, size=16, seed=seed).images

    np.testing.assert_array_equal(run(1), run(1))
    assert not np.array_equal(run(1), run(2))


def test_double_precision():
    model = small().double()
    image = maximize(model, objectives.channel("3", 1), steps=2, size=16).images[0]
    assert image.dtype == np.float64


def test_the_model_is_left_as_it_was():
    model = small().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    maximize(model, objectives.class_probability("6", 2), steps=3, size=16)
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(p.grad is None and p.requires_grad for p in model.parameters())
    assert not any(m._forward_hooks for m in model.modules())
    frozen = small().requires_grad_(False)
    maximize(frozen, objectives.layer("3"), steps=1, size=16)
    assert not any(p.requires_grad for p in frozen.parameters())


def test_every_image_of_a_sheet_is_best_for_its_own_channel():
    model, objective = small(seed=2), objectives.channel("3", range(5))
    run = maximize(model, objective, steps=100, size=24, lr=0.2, transform=transforms.none)
    answers = np.array([activations(model, "3", image).mean((1, 2)) for image in run.images])
    assert answers.argmax(0).tolist() == list(range(5))


def test_a_diversity_term_makes_the_images_differ():
    model = small(seed=2)

    def cosines(weight):
        objective = objectives.channel("3", 1) + weight * objectives.diversity("3")
        run = maximize(model, objective, steps=40, size=16, lr=0.2, batch=3)
        assert run.images.shape == (3, 16, 16, 3)
        outputs = {"3": torch.tensor(np.array([activations(model, "3", i) for i in run.images]))}
        return -objectives.diversity("3")(outputs).mean()

    assert cosines(20.0) < cosines(0.0) - 0.05


@pytest.mark.slow
def test_a_pretrained_channel_is_excited_more_than_by_any_photo():
    model = EfficientNetLite0.pretrained()
    layer = "blocks.4.expand.norm"
    run = maximize(model, objectives.channel(layer, [1, 2]), steps=16, size=64, lr=0.1)
    by_photos = [
        activations(model, layer, photo)[[1, 2]].mean((1, 2)) for photo in datasets.photos(64)
    ]
    assert (run.scores[-1] > np.max(by_photos, 0)).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"steps": 0}, "^steps must be at least 1"),
        ({"steps": 1.5}, "^steps must be a whole"),
        ({"size": 0}, "^size must be at least 1"),
        ({"size": -3}, "^size must be at least 1"),
        ({"lr": 0}, "^lr must be one number above 0"),
        ({"channels": 2}, "^channels must be 3 or 1, got 2"),
        ({"objective": objectives.channel}, r"^objective must be made by a call .* got channel"),
        ({"objective": 7}, "^objective must be made by a call"),
        ({"batch": 0}, "^batch must be at least 1"),
        ({"batch": 3}, "^batch must be 2 as in the objective, got 3"),
        ({"objective": objectives.channel("nine", 0)}, "^layer must be one of 0, 1,"),
        (
            {"objective": objectives.channel("3", 5)},
            r"^channel \(layer 3\) must lie between 0 and 4",
        ),
        ({"objective": objectives.class_logit("6", 6)}, r"^k \(layer 6\) must lie between 0 and 5"),
    ],
)
def test_maximize_refuses(change, said):
    arguments = {"objective": objectives.channel("3", [0, 1]), "steps": 1, "size": 16} | change
    model = small()
    with pytest.raises(ValueError, match=said):
        maximize(model, **arguments)
    assert not any(m._forward_hooks for m in model.modules())


# Dreams -----------------------------------------------------------------------------------------


def test_dreaming_raises_the_objective():
    model, photo = small(seed=4), picture(3, size=40)
    dream = deep_dream(model, photo, objectives.layer("3"), steps=6, octaves=2)
    assert dream.shape == photo.shape
    assert dream.min() >= 0
    assert dream.max() <= 1

    def strength(image):
        return np.square(activations(model, "3", image)).mean()

    assert strength(dream) > 1.1 * strength(photo)


def test_no_steps_no_dream():
    photo = picture(3, size=40)
    np.testing.assert_allclose(
        deep_dream(small(), photo, objectives.layer("3"), steps=0), photo, atol=1e-6
    )


def test_dreams_follow_their_seed():
    def run(seed):
        return deep_dream(small(), picture(size=32), objectives.layer("3"), 2, 2, seed=seed)

    np.testing.assert_array_equal(run(1), run(1))
    assert not np.array_equal(run(1), run(2))


def test_dreaming_needs_an_objective():
    with pytest.raises(ValueError, match=r"^objective must be made by a call .* got layer"):
        deep_dream(small(), picture(size=32), objectives.layer)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"octaves": 0}, "^octaves must be at least 1"),
        ({"ratio": 1}, "^ratio must be above 1"),
        ({"ratio": np.nan}, "^ratio must be one number above 0"),
        ({"lr": -1}, "^lr must be one number above 0"),
        ({"shift": -1}, "^shift must not be negative"),
        ({"steps": 2.5}, "^steps must be a whole"),
        ({"octaves": 30}, "^octaves must leave"),
    ],
)
def test_deep_dream_refuses(change, said):
    with pytest.raises(ValueError, match=said):
        deep_dream(small(), picture(size=32), objectives.layer("3"), **change)


# Units ------------------------------------------------------------------------------------------

convolutions = st.tuples(st.sampled_from([1, 2, 3, 5]), st.integers(1, 2))


@settings(max_examples=25)
@given(st.lists(convolutions, min_size=1, max_size=4))
def test_receptive_field_is_what_moves_a_unit(layers):
    torch.manual_seed(0)
    model = nn.Sequential(
        *(nn.Conv2d(1, 1, kernel, stride, padding=kernel // 2) for kernel, stride in layers)
    )
    field = receptive_field(model, str(len(layers) - 1))
    seen = np.argwhere(influence(model, str(len(layers) - 1), [np.full((96, 96), 0.5)]))
    assert np.ptp(seen, axis=0).tolist() == [field.size - 1] * 2
    assert field.stride == np.prod([stride for _, stride in layers])


@pytest.mark.parametrize(
    ("layer", "size", "stride"),
    [("stem", 3, 2), ("blocks.0", 7, 2), ("blocks.2", 19, 4), ("blocks.4", 67, 8)],
)
def test_receptive_fields_of_the_backbone(layer, size, stride):
    assert receptive_field(LITE0, layer) == (size, stride)
    seen = np.argwhere(influence(LITE0, layer, [picture(size=160)]))
    assert (np.ptp(seen, axis=0) + 1).tolist() == [size, size]


def test_pooling_widens_the_receptive_field():
    model = nn.Sequential(nn.Conv2d(1, 1, 3), nn.MaxPool2d(2), nn.Conv2d(1, 1, 3))
    assert [receptive_field(model, name) for name in "012"] == [(3, 1), (4, 2), (8, 2)]


class Shortcut(nn.Module):
    """Two convolutions, and a way around them that is strided alike."""

    def __init__(self, before, after, stride):
        super().__init__()
        self.one = nn.Conv2d(before, after, 3, stride, padding=1)
        self.two = nn.Conv2d(after, after, 3, padding=1)
        self.around = nn.Conv2d(before, after, 1, stride)

    def forward(self, x):
        return self.two(self.one(x).relu()) + self.around(x)


class Functional(nn.Module):
    """Poolings and enlargements that are no modules."""

    def __init__(self, enlarge):
        super().__init__()
        self.one, self.two = nn.Conv2d(1, 6, 3, padding=1), nn.Conv2d(6, 6, 3, padding=1)
        self.enlarge = enlarge

    def forward(self, x):
        x = nn.functional.pad(self.one(x), (2, 0, 2, 0), mode="reflect")[..., 2:, 2:]
        x = nn.functional.avg_pool2d(x, 2)
        return self.two(self.enlarge(x)).mean(1, keepdim=True) * x.new_ones(1)


def enlarging(mode):
    return lambda x: nn.functional.interpolate(x, scale_factor=2, mode=mode)


@pytest.mark.parametrize(
    ("model", "layer", "side"),
    [
        (UNet(4, 1, 2), "classify", 96),
        (UNet(4, 2, 2), "classify", 96),
        (UNet(4, 2, 2, padded=False), "classify", 132),
        (UNet(4, 2, 2, skips=False), "classify", 96),
        (nn.Sequential(Shortcut(1, 6, 2), Shortcut(6, 6, 2), Shortcut(6, 6, 1)), "2", 96),
        (nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3, dilation=2)), "1", 32),
        (nn.Sequential(nn.Conv2d(1, 4, 3), nn.AvgPool2d(3, 2, 1), nn.Conv2d(4, 4, 2)), "2", 32),
        (nn.Sequential(Functional(enlarging("nearest"))), "0", 32),
        (nn.Sequential(Functional(enlarging("bilinear"))), "0", 32),
        (nn.Sequential(nn.ConvTranspose2d(1, 4, 4, 2, 1), nn.Conv2d(4, 4, 3, 2, 1)), "1", 32),
    ],
)
def test_receptive_fields_off_the_plain_chain(model, layer, side):
    """The count against the gradient, which knows nothing of kernels; every phase of the grid."""
    # Made at import, by whatever chance was left there: all units of a few channels may be dead.
    torch.manual_seed(0)
    for module in model.modules():
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()
    with evaluating(model.double()):
        # A maximum and a rectifier let some pixels through, others in the next image.
        x = torch.rand(16, 1, side, side, generator=generator(), dtype=torch.double)
        maps = outputs_of(model, [layer], x.requires_grad_(True))[layer]
        middle = maps.shape[2] // 2
        mixed = torch.randn(maps.shape[1], generator=generator(1), dtype=torch.double)
        seen = []
        for row in range(middle - 2, middle + 2):
            answers = torch.einsum("nchw,c->hw", maps, mixed)[row, middle]
            (gradient,) = torch.autograd.grad(answers, x, retain_graph=True)
            rows = gradient.abs().sum((0, 1, 3)).nonzero()
            seen.append(int(rows[-1] - rows[0]) + 1)
    field = receptive_field(model.float(), layer)
    assert field.size == max(seen)
    assert field.stride == round(side / maps.shape[2]) or not getattr(model, "padded", True)


def test_numbers_of_known_receptive_fields():
    assert receptive_field(UNet(2, 2, 2), "classify") == (44, 1)
    plain = (nn.Conv2d(1, 2, 3), nn.Conv2d(2, 2, 3, dilation=2), nn.Conv2d(2, 2, 3, dilation=3))
    assert receptive_field(nn.Sequential(*plain), "2") == (13, 1)
    # ResNet-18 by hand: 7/2, pooling 3/2, then 3x3 pairs, of which three begin with a stride of 2.
    stages = [Shortcut(2, 2, stride) for stride in (1, 1, 2, 1, 2, 1, 2, 1)]
    resnet = nn.Sequential(nn.Conv2d(3, 2, 7, 2, 3), nn.MaxPool2d(3, 2, 1), *stages)
    # The values of Araujo, Norris & Sim 2019, "Computing receptive fields", for ResNet-18.
    assert receptive_field(resnet, "9") == (435, 32)


class Gate(nn.Module):
    """Squeeze and excitation: every place is scaled by means over all places."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Conv2d(4, 4, 1)

    def forward(self, x):
        return x * self.scale(x.mean((2, 3), keepdim=True)).sigmoid()


class Along(nn.Module):
    """A step of which only some modes are modules."""

    def __init__(self, step):
        super().__init__()
        self.step = step

    def forward(self, x):
        return self.step(x)


@pytest.mark.parametrize(
    "step",
    [
        nn.BatchNorm2d(4, track_running_stats=False),
        nn.InstanceNorm2d(4),
        nn.GroupNorm(2, 4),
        nn.LayerNorm([4, 64, 64]),
        *([nn.RMSNorm([4, 64, 64])] if hasattr(nn, "RMSNorm") else []),
        nn.AdaptiveMaxPool2d(1),
        Along(lambda x: x / x.std((2, 3), keepdim=True)),
        Along(lambda x: x * x.amax((2, 3), keepdim=True)),
        Along(lambda x: x * x.flatten(2).softmax(2).view_as(x)),
        # Ways without a gradient, and a number for all places.
        Along(lambda x: x / x.detach().std((2, 3), keepdim=True)),
        Along(lambda x: (x - x.detach().mean()).relu()),
        Along(lambda x: x * x[:, :, :1, :1]),
        Along(lambda x: nn.functional.dropout(x, 0.5)),
    ],
)
@pytest.mark.parametrize("after", [0, 2])
def test_whole_maps_are_no_receptive_field(step, after):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), step, nn.Conv2d(4, 4, 3, padding=1))
    with pytest.raises(ValueError, match=r"^layer '[12]' must (see a part|be reached by steps)"):
        receptive_field(model, "2" if after else "1")


def test_batch_norm_with_running_statistics_sees_its_own_place():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 3))
    assert receptive_field(model.train(), "2") == (5, 1)
    deep = nn.Sequential(*(nn.Conv2d(3, 3, 3, 2, 1) for _ in range(7)))
    deep.append(nn.BatchNorm2d(3, track_running_stats=False))
    with pytest.raises(ValueError, match="must see a part"):
        receptive_field(deep, "7")


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ([nn.Conv2d(3, 4, 3), Gate()], r"^layer '1' must see a part .* mean over the maps"),
        ([nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1)], r"^layer '1' must see a part"),
        ([nn.Conv2d(3, 4, (3, 5))], r"^layer '0' must see a square, but .* see [35] and [35] pix"),
        ([nn.Conv2d(3, 4, 3), nn.PixelShuffle(2)], r"^layer '1' .* step 'PixelShuffle'"),
        ([nn.ConvTranspose2d(3, 4, 2, 2)], r"^layer '0' must have units a whole number .* 0\.5"),
        ([nn.Conv2d(5, 4, 3), nn.Conv2d(9, 4, 3)], r"must fit the network, which says: "),
        ([nn.Conv2d(3, 4, 3), nn.Flatten()], r"^layer must have maps"),
    ],
)
def test_receptive_fields_that_are_not_known(layers, said):
    with pytest.raises(ValueError, match=said):
        receptive_field(nn.Sequential(*layers), str(len(layers) - 1))


class Twice(nn.Module):
    """One convolution that is called two times."""

    def __init__(self):
        super().__init__()
        self.before, self.conv = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x):
        return self.conv(self.conv(self.before(x)))


#: What looks into a layer of a network, with an image.
LOOKS = {
    "activations": activations,
    "influence": lambda m, layer, image: influence(m, layer, [image]),
    "top_patches": lambda m, layer, image: top_patches(m, layer, [0], image[None], 1, 4).values,
    "deep_dream": lambda m, layer, image: deep_dream(m, image, objectives.layer(layer), 1, 1),
    "maximize": lambda m, layer, image: (
        maximize(
            m, objectives.channel(layer, 0), 1, 16, channels=1 if np.ndim(image) == 2 else 3
        ).images
    ),
}


@pytest.mark.parametrize("look", [*LOOKS.values(), lambda m, n, _: receptive_field(m, n)])
def test_a_layer_that_is_called_twice(look):
    look(Twice(), "before", picture())
    with pytest.raises(ValueError, match=r"^layer 'conv' must be called once, .* calls it 2 times"):
        look(Twice(), "conv", picture())


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_precision_and_gradients_are_no_matter_of_the_caller(look):
    model, image = small(), picture()
    expected = look(model, "3", image)
    for block in (torch.no_grad, torch.inference_mode):
        with block():
            np.testing.assert_array_equal(look(model, "3", image), expected)
    short = look(small().bfloat16(), "3", image)
    assert short.dtype == expected.dtype
    np.testing.assert_allclose(short, expected, atol=0.1)


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_gray_and_colored_images_are_told_apart(look):
    if look is not LOOKS["top_patches"]:
        with pytest.raises(ValueError, match=r"^images? must have 3 channels, .* got 1"):
            look(small(), "3", picture(channels=1))
    with pytest.raises(ValueError, match=r"^images? must have 1 channel, .* got 3"):
        look(small(channels=1), "3", picture())


def test_an_image_of_a_size_that_does_not_fit():
    model = nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(72, 2))
    assert activations(model, "2", picture(size=8)).shape == (2,)
    with pytest.raises(ValueError, match=r"^image of shape \(3, 9, 9\) must fit the network"):
        activations(model, "2", picture(size=9))
    # What follows the layer is not asked for.
    assert activations(model, "0", picture(size=9)).shape == (2, 7, 7)


def test_no_pixel_moves_a_dead_layer():
    model = small()
    with torch.no_grad():
        model[1].bias.fill_(-100)
    with pytest.raises(ValueError, match=r"^layer '3' must answer to the images, but no pixel"):
        influence(model, "3", [picture()])


def test_influence_is_a_distribution():
    shares = influence(small(), "3", [picture(1), picture(2)])
    assert shares.shape == (12, 12)
    assert abs(shares.sum() - 1) < 1e-6
    assert shares.min() >= 0


def test_top_patches_find_the_bright_spots():
    model = linear([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    images = np.full((4, 20, 24, 3), 0.2)
    images[2, 3, 20, 0] = 1.0
    images[0, 18, 5, 0] = 0.8
    images[1, 10, 10, 2] = 0.9
    patches = top_patches(model, "0", [0, 1], images, count=2, size=7)
    assert patches.images.shape == (2, 2, 7, 7, 3)
    np.testing.assert_allclose(patches.values, [[1.0, 0.8], [0.9, 0.2]], atol=1e-6)
    np.testing.assert_array_equal(patches.images[0, 0], images[2, :7, 17:24])
    np.testing.assert_array_equal(patches.images[0, 1], images[0, 13:20, 2:9])
    # In the middle where nothing is in the way: row 10 is the fourth of rows 7 to 13.
    np.testing.assert_array_equal(patches.images[1, 0], images[1, 7:14, 7:14])


def test_top_patches_refuses():
    model, images = small(), np.zeros((2, 16, 16, 3))
    for change, said in (
        ({"count": 3}, "^count must lie between 1 and 2"),
        ({"count": 0}, "^count must lie between 1 and 2"),
        ({"size": 17}, "^size must lie between 1 and 16"),
        ({"channels": [5]}, r"^channel \(layer 3\) must lie between 0 and 4"),
        ({"images": images + 2}, "^images must lie between 0 and 1"),
        ({"layer": "x"}, "^layer must be one of"),
        ({"layer": "6"}, "^layer must have maps"),
    ):
        arguments = {"layer": "3", "channels": [0], "images": images, "count": 1, "size": 8}
        with pytest.raises(ValueError, match=said):
            top_patches(model, **(arguments | change))
    with pytest.raises(ValueError, match=r"^layer must have maps"):
        influence(model, "6", images)


# Photographs ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_photos_are_square_and_bright():
    photos = datasets.photos(48)
    assert photos.shape == (len(datasets.PHOTOS), 48, 48, 3)
    assert photos.min() >= 0
    assert photos.max() <= 1
    np.testing.assert_array_equal(photos[0], datasets.photo("astronaut", 48))
    # The cameraman is gray, the others are not.
    colorful = np.ptp(photos, axis=3).max((1, 2)) > 0.05
    assert [n for n, c in zip(datasets.PHOTOS, colorful, strict=True) if not c] == ["camera"]
    with pytest.raises(ValueError, match=r"^name must be one of astronaut, cat,"):
        datasets.photo("dog")


def test_the_backbone_knows_the_photos():
    model = EfficientNetLite0.pretrained()
    best = {}
    for name in ("cat", "coffee", "camera"):
        with torch.no_grad():
            best[name] = int(model(to_batch(datasets.photo(name), model)).argmax())
    # Egyptian cat, espresso, tripod
    assert best == {"cat": 285, "coffee": 967, "camera": 872}


def test_the_library_does_not_import_torch():
    code = "import course_lib, course_lib.datasets, sys; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


# The sparse autoencoder that stands on the page -------------------------------------------------


@pytest.fixture(scope="module")
def autoencoder():
    """The class as the chapter writes it."""
    source = (editions.CHAPTERS / "feature_visualization.md").read_text(encoding="utf-8")
    (cell,) = (
        cell.source
        for cell in editions.parsed(source).cells
        if "class SparseAutoencoder" in cell.source
    )
    namespace = {"torch": torch}
    exec(compile(cell, "chapter", "exec"), namespace)
    return namespace["SparseAutoencoder"]


def test_autoencoder_adds_its_few_strongest_directions(autoencoder):
    torch.manual_seed(0)
    sae = autoencoder(torch.randn(6), directions=9, active=3)
    x = torch.randn(2, 4, 6)
    with torch.no_grad():
        strengths, rebuilt = sae.strengths(x).numpy(), sae(x).numpy()
        mean, W, b, d = (p.numpy() for p in (sae.mean, sae.encode.weight, sae.encode.bias, sae.d))
    for place in np.ndindex(2, 4):
        f = np.maximum(W @ (x.numpy()[place] - mean) + b, 0)
        f[f.argsort()[:-3]] = 0
        np.testing.assert_allclose(strengths[place], f, atol=1e-5)
        total = mean + sum(f[j] * d[j] / np.linalg.norm(d[j]) for j in range(9))
        np.testing.assert_allclose(rebuilt[place], total, atol=1e-5)


def test_autoencoder_finds_the_directions_of_which_its_data_are_made(autoencoder):
    rng = np.random.default_rng(0)
    truth = np.linalg.qr(rng.normal(size=(16, 16)))[0][:8]
    strengths = rng.uniform(1, 2, (400, 8)) * (rng.random((400, 8)).argsort(1) < 2)
    x = torch.tensor(strengths @ truth).float()
    torch.manual_seed(0)
    sae = autoencoder(torch.zeros(16), directions=24, active=2)
    optimizer = torch.optim.Adam(sae.parameters(), 0.01)
    for _ in range(200):
        optimizer.zero_grad()
        (sae(x) - x).square().sum(1).mean().backward()
        optimizer.step()
    learned = torch.nn.functional.normalize(sae.d, dim=1).detach().numpy()
    assert (truth @ learned.T).max(1).min() > 0.95
