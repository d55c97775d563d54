"""`course_lib.attribution` and `xrays` against captum, brute force and networks that are linear."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from captum.attr import (
    GuidedBackprop,
    InputXGradient,
    IntegratedGradients,
    LayerAttribution,
    LayerGradCam,
    Occlusion,
    Saliency,
)
from scipy.stats import binom, rankdata
from sklearn.metrics import auc
from torch import nn

from book_ext import editions
from course_lib import attribution, datasets, xrays
from course_lib.metrics import UndefinedRateWarning
from course_lib.nets import EfficientNetLite0

pytestmark = pytest.mark.filterwarnings(
    "ignore:Input Tensor 0 did not already require gradients:UserWarning",
    "ignore:Setting backward hooks:UserWarning",
)

RTOL = 1e-4
SIZE = 20


def small(channels=3, seed=0, in_place=False):
    """A classifier of four classes in double precision."""
    torch.manual_seed(seed)
    return (
        nn.Sequential(
            nn.Conv2d(channels, 6, 3, padding=1),
            nn.ReLU(in_place),
            nn.Conv2d(6, 8, 3, stride=2, padding=1),
            nn.BatchNorm2d(8),
            nn.ReLU(in_place),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
            nn.Linear(32, 4),
        )
        .double()
        .eval()
    )


def linear(weights):
    """The score of class k is the sum of weights[k] times the image (a gray one)."""
    weights = torch.as_tensor(np.asarray(weights), dtype=torch.double)
    model = nn.Sequential(nn.Flatten(), nn.Linear(weights[0].numel(), len(weights), bias=False))
    model[1].weight.data = weights.flatten(1)
    return model


def picture(seed=0, shape=(SIZE, SIZE, 3)):
    return np.random.default_rng(seed).random(shape)


def batch(image, dtype=torch.double):
    planes = image[None] if image.ndim == 2 else np.moveaxis(image, 2, 0)
    return torch.tensor(np.ascontiguousarray(planes)[None], dtype=dtype)


def close(ours, theirs):
    theirs = theirs.detach().numpy()
    assert ours.shape == theirs.shape
    # Relative to the largest value: a map's small values are sums that cancel.
    np.testing.assert_allclose(ours, theirs, rtol=RTOL, atol=RTOL * 0.1 * np.abs(theirs).max())


# Agreement with captum ---------------------------------------------------------------------------


BACKBONE = pytest.param("EfficientNet-Lite0", marks=pytest.mark.slow)


@pytest.fixture(scope="module", params=["small", "small gray", BACKBONE])
def case(request):
    """Model, image, target, a layer's name, the image as captum takes it."""
    if request.param == "small":
        return small(), picture(), 2, "2", batch(picture())
    if request.param == "small gray":
        gray = picture(1, (SIZE, SIZE + 4))
        return small(1), gray, 0, "3", batch(gray)
    # Double precision: single's last bits differ between processors, and tip steps of ReLU6 over.
    model, cat = EfficientNetLite0.pretrained().double(), datasets.photo("cat", 96)
    return model, cat, 285, "blocks.10", batch(cat)


def test_saliency(case):
    model, image, target, _, x = case
    theirs = Saliency(model).attribute(x, target=target)[0].amax(0)
    close(attribution.saliency(model, image, target), theirs)


def test_gradient_times_input(case):
    model, image, target, _, x = case
    theirs = InputXGradient(model).attribute(x, target=target)[0].sum(0)
    close(attribution.gradient_times_input(model, image, target), theirs)


@pytest.mark.parametrize("steps", [2, 11])
def test_integrated_gradients(case, steps):
    model, image, target, _, x = case
    theirs = IntegratedGradients(model).attribute(
        x, target=target, n_steps=steps, method="riemann_middle", baselines=0.25
    )[0]
    ours = attribution.integrated_gradients(model, image, target, 0.25, steps)
    close(ours, theirs.sum(0))


def test_integrated_gradients_from_an_image(case):
    model, image, target, _, x = case
    start = image[::-1].copy()
    theirs = IntegratedGradients(model).attribute(
        x, batch(start, x.dtype), target=target, n_steps=5, method="riemann_middle"
    )[0]
    close(attribution.integrated_gradients(model, image, target, start, 5), theirs.sum(0))


def test_grad_cam(case):
    model, image, target, layer, x = case
    method = LayerGradCam(model, model.get_submodule(layer))
    theirs = method.attribute(x, target=target, relu_attributions=True)
    theirs = LayerAttribution.interpolate(theirs, x.shape[2:], "bilinear")[0, 0]
    close(attribution.grad_cam(model, image, target, layer), theirs)


@pytest.mark.parametrize(("window", "stride"), [(8, 4), (7, 5), (5, 5), (100, 1)])
def test_occlusion(case, window, stride):
    model, image, target, _, x = case
    window, stride = (window * 4, stride * 4) if image.shape[0] > 50 else (window, stride)
    channels, height, width = x.shape[1:]
    theirs = Occlusion(model).attribute(
        x,
        (channels, min(window, height), min(window, width)),
        target=target,
        strides=(channels, stride, stride),
        perturbations_per_eval=16,
        baselines=0.3,
    )[0]
    close(attribution.occlusion(model, image, target, window, stride, 0.3), theirs.mean(0))


def test_smooth_grad_is_the_mean_of_gradients_at_noisy_copies(case):
    model, image, target, _, x = case
    generator = torch.Generator().manual_seed(4)
    noise = torch.randn((8, *x.shape[1:]), generator=generator, dtype=x.dtype)
    theirs = Saliency(model).attribute(x + 0.2 * noise, target=target, abs=False).mean(0)
    ours = attribution.smooth_grad(model, image, target, samples=8, noise=0.2, seed=4)
    close(ours, theirs.abs().amax(0))


@pytest.mark.parametrize("channels", [1, 3])
def test_guided_gradient(channels):
    # captum guides nn.ReLU alone, so the backbone's ReLU6 cannot be compared.
    model, image = small(channels), picture(2, (SIZE, SIZE, 3) if channels == 3 else (SIZE, SIZE))
    theirs = GuidedBackprop(model).attribute(batch(image), target=1)[0].abs().amax(0)
    close(attribution.guided_gradient(model, image, 1), theirs)


class Rectified(nn.Module):
    """Two convolutions, each followed by the same function or module."""

    def __init__(self, rectify):
        super().__init__()
        torch.manual_seed(3)
        self.one, self.two = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 8, 3, stride=2)
        self.rectify, self.score = rectify, nn.Linear(8, 4)

    def forward(self, x):
        return self.score(self.rectify(self.two(self.rectify(self.one(x)))).mean((2, 3)))


@pytest.mark.parametrize(
    "rectify",
    [
        nn.functional.relu,
        torch.relu_,
        nn.ReLU(inplace=True),
        lambda x: x.clamp(min=0),
        lambda x: x.clamp(0, 1e9),
        lambda x: nn.functional.threshold(x, 0, 0),
        lambda x: nn.functional.hardtanh(x, 0, 1e9),
    ],
)
def test_guided_gradient_of_any_spelling_of_a_rectifier(rectify):
    """Captum sees modules alone, and each of them once."""
    image, model = picture(2), Rectified(rectify).double()
    modules = nn.Sequential(
        *(model.one, nn.ReLU(), model.two, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        model.score,
    )
    theirs = GuidedBackprop(modules).attribute(batch(image), target=1)[0].abs().amax(0)
    close(attribution.guided_gradient(model, image, 1), theirs)


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (nn.SiLU(), "it has Silu"),
        (nn.LeakyReLU(), "it has LeakyRelu"),
        (nn.functional.leaky_relu, "it has LeakyRelu"),
        (nn.GELU(), "it has Gelu"),
        (nn.ELU(), "it has Elu"),
        (nn.CELU(), "it has (Celu|Elu)"),
        (nn.SELU(), "it has Elu"),
        (nn.PReLU(), "it has PreluKernel"),
        (nn.Mish(), "it has Mish"),
        (nn.Hardswish(), "it has Hardswish"),
        (nn.Softplus(), "it has Softplus"),
        (nn.LogSigmoid(), "it has LogSigmoid"),
        (nn.Softshrink(), "it has Softshrink"),
        (lambda x: nn.functional.leaky_relu(x.relu()), "it has LeakyRelu"),
        (nn.Tanh(), "it has Tanh"),
        (nn.Hardtanh(), "it has Hardtanh"),
        (nn.Sigmoid(), "it has Sigmoid"),
        (nn.Identity(), "none is seen"),
        (lambda x: x.clamp(min=-1), "it has Clamp"),
    ],
)
def test_nothing_to_guide(act, said):
    with pytest.raises(ValueError, match=f"^model must have .*rectifiers .*{said}"):
        attribution.guided_gradient(Rectified(act).double(), picture(), 1)


def half_in_place(x):
    x = x.clone()
    torch.relu_(x[:, :3])
    return x


@pytest.mark.parametrize(
    ("bend", "said"),
    [
        (lambda x: torch.maximum(x, x.new_zeros(1)), "Maximum"),
        (lambda x: torch.where(x > 0, x, 0), "Where"),
        (lambda x: x.masked_fill(x < 0, 0), "MaskedFill"),
        (lambda x: (x + x.abs()) / 2, "Abs"),
        (lambda x: x.clamp(min=x.new_zeros(1)), "Clamp(Min)?"),
        (lambda x: torch.stack([x, 0 * x]).max(0).values, "Max"),
        (lambda x: nn.functional.hardtanh(x), "Hardtanh"),
        (lambda x: x * x.sigmoid(), "Sigmoid"),
        (lambda x: x.square(), "Pow"),
        (lambda x: x.softmax(1), "Softmax"),
        (half_in_place, "CopySlices"),
        (lambda x: x * (x > 0), "a mask"),
        (lambda x: (x > 0) * x, "a mask"),
    ],
)
def test_what_bends_beside_a_rectifier_is_not_passed_over(bend, said):
    model = Rectified(lambda x: bend(x.relu() if x.shape[1] == 6 else x)).double()
    with pytest.raises(ValueError, match=f"^model must have no bends .*{said}: no rule"):
        attribution.guided_gradient(model, picture(), 1)


def test_what_is_no_bend_is_passed():
    """Poolings, normalizations, shortcuts; also weights that come by roots and quotients."""

    class Scale(nn.Module):
        def forward(self, x):
            return 2 * x * x.new_ones(1, x.shape[1], 1, 1)

    layers = [
        *(nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 8, 3, padding=1)), nn.BatchNorm2d(8)),
        Scale(),
        *(nn.ReLU(), nn.MaxPool2d(2), nn.GroupNorm(2, 8), nn.Dropout(), nn.Conv2d(8, 8, 3)),
        *(nn.ReLU(), nn.AvgPool2d(2), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, 4)),
    ]
    torch.manual_seed(0)
    model, image = nn.Sequential(*layers).double().eval(), picture(2)
    theirs = GuidedBackprop(model).attribute(batch(image), target=1)[0].abs().amax(0)
    close(attribution.guided_gradient(model, image, 1), theirs)


# Without captum ---------------------------------------------------------------------------------


def test_logits():
    model, image = small(), picture()
    np.testing.assert_allclose(
        attribution.logits(model, image), model(batch(image))[0].detach().numpy()
    )


def test_a_linear_network_is_explained_exactly():
    rng = np.random.default_rng(0)
    weights, image = rng.normal(size=(3, 6, 7)), rng.random((6, 7))
    model = linear(weights)
    np.testing.assert_allclose(attribution.saliency(model, image, 1), np.abs(weights[1]))
    np.testing.assert_allclose(
        attribution.gradient_times_input(model, image, 1), weights[1] * image
    )
    np.testing.assert_allclose(
        attribution.integrated_gradients(model, image, 1, 0.5, 3), weights[1] * (image - 0.5)
    )
    lost = attribution.occlusion(model, image, 1, window=1, stride=1, value=0.5)
    np.testing.assert_allclose(lost, weights[1] * (image - 0.5), atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cat", "coffee", "flower"])
def test_integrated_gradients_are_complete_within_5_percent(name):
    model, image = EfficientNetLite0.pretrained(), datasets.photo(name, 128)
    scores = attribution.logits(model, image)
    target = int(scores.argmax())
    total = attribution.integrated_gradients(model, image, target, steps=128).sum()
    expected = scores[target] - attribution.logits(model, np.zeros_like(image))[target]
    assert abs(total - expected) < 0.05 * abs(expected)


def test_smooth_grad_follows_its_seed():
    model, image = small(), picture()
    one, same, other = (attribution.smooth_grad(model, image, 0, 4, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_a_stride_above_the_window_leaves_gaps():
    lost = attribution.occlusion(linear(np.ones((1, 6, 6))), np.ones((6, 6)), 0, 2, 4, value=0)
    expected = np.zeros((6, 6))
    for square in np.s_[:2, :2], np.s_[:2, 4:], np.s_[4:, :2], np.s_[4:, 4:]:
        expected[square] = 4
    np.testing.assert_allclose(lost, expected)


def test_rectifiers_that_work_in_place_change_nothing():
    image = picture()
    for name in ("saliency", "guided_gradient"):
        method = getattr(attribution, name)
        np.testing.assert_allclose(
            method(small(in_place=True), image, 1), method(small(), image, 1)
        )
    for layer in ("0", "3"):
        one, other = (
            attribution.grad_cam(small(in_place=in_place), image, 1, layer)
            for in_place in (True, False)
        )
        np.testing.assert_allclose(one, other)


def test_edges_are_strong_where_brightness_jumps():
    image = np.zeros((9, 9, 3))
    image[:, 5:] = 1
    found = attribution.edges(image)
    assert (found[:, 4:6] > 1).all()
    assert found[:, :3].max() == 0
    np.testing.assert_allclose(attribution.edges(image[..., 0]), found)


@pytest.mark.parametrize(
    "method",
    [
        attribution.saliency,
        attribution.gradient_times_input,
        attribution.smooth_grad,
        attribution.integrated_gradients,
        attribution.guided_gradient,
        attribution.occlusion,
        lambda *a: attribution.grad_cam(*a, layer="2"),
    ],
)
def test_the_model_is_left_as_it_was(method):
    model = small(in_place=True).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    attribution_map = method(model, picture(), 1)
    assert attribution_map.shape == (SIZE, SIZE)
    assert attribution_map.dtype == float
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())
    for module in model.modules():
        assert not module._forward_hooks
        assert not module._backward_hooks
        assert getattr(module, "inplace", True)


# Sanity checks ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_randomized_shuffles_the_weights_of_those_layers_alone():
    model = EfficientNetLite0()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    twin = attribution.randomized(model, ["logits", "blocks.15"], seed=1)
    for name, value in twin.state_dict().items():
        assert torch.equal(model.state_dict()[name], before[name])
        shuffled = name.startswith(("logits.weight", "blocks.15")) and value.ndim in (2, 4)
        assert torch.equal(value, before[name]) != shuffled, name
        assert torch.equal(value.flatten().sort().values, before[name].flatten().sort().values)
    same = attribution.randomized(model, ["logits"], seed=1).logits.weight
    assert torch.equal(twin.logits.weight, same)
    assert not torch.equal(attribution.randomized(model, ["logits"], 2).logits.weight, same)


def test_randomized_reaches_weights_of_every_kind():
    weights = {
        nn.Conv1d(2, 3, 3): ["weight"],
        nn.Conv3d(2, 3, 3): ["weight"],
        nn.ConvTranspose1d(2, 3, 3): ["weight"],
        nn.Embedding(5, 3): ["weight"],
        nn.LSTM(3, 4): ["weight_hh_l0", "weight_ih_l0"],
        nn.MultiheadAttention(4, 2): ["in_proj_weight", "out_proj.weight"],
        nn.utils.parametrizations.weight_norm(nn.Linear(4, 5)): [
            "parametrizations.weight.original0",
            "parametrizations.weight.original1",
        ],
    }
    for layer, names in weights.items():
        before = layer.state_dict()
        after = attribution.randomized(nn.Sequential(layer), ["0"])[0].state_dict()
        assert [n for n in sorted(before) if not torch.equal(before[n], after[n])] == names
        for name in names:
            assert torch.equal(*(w[name].flatten().sort().values for w in (before, after)))


@pytest.mark.parametrize(
    "layer",
    [
        nn.ReLU(),
        nn.BatchNorm2d(4),
        nn.LayerNorm((4, 4)),
        nn.Conv2d(1, 1, 1),
        nn.utils.parametrizations.orthogonal(nn.Linear(1, 1)),
    ],
)
def test_randomized_refuses_what_it_would_leave_alone(layer):
    model = nn.Sequential(nn.Conv2d(3, 4, 3), layer)
    with pytest.raises(ValueError, match=r"^layers must hold weights .* but '1' holds none"):
        attribution.randomized(model, ["0", "1"])


@pytest.mark.filterwarnings("ignore:.*weight_norm.* is deprecated:FutureWarning")
def test_randomized_refuses_what_cannot_be_copied():
    model = nn.Sequential(nn.utils.weight_norm(nn.Linear(4, 5)))
    with pytest.raises(ValueError, match=r"^model must be one that can be copied: "):
        attribution.randomized(model, ["0"])


def test_rank_correlation_is_the_correlation_of_ranks():
    a, b = np.random.default_rng(0).normal(size=(2, 5, 6))
    b[0] = b[1]  # ties
    ranks = [rankdata(np.abs(m)) for m in (a, b)]
    assert attribution.rank_correlation(a, b) == pytest.approx(np.corrcoef(*ranks)[0, 1])
    assert attribution.rank_correlation(a, -3 * a) == pytest.approx(1)
    with pytest.warns(UndefinedRateWarning, match="rank_correlation is undefined"):
        assert np.isnan(attribution.rank_correlation(a, np.ones((5, 6))))


@pytest.mark.slow
def test_guided_gradients_hardly_notice_a_new_classifier():
    """Adebayo 2018, on this backbone: the gradient changes, the guided gradient does not."""
    model, cat = EfficientNetLite0.pretrained(), datasets.photo("cat", 128)
    twin = attribution.randomized(model, ["logits", "head"])

    def kept(method):
        return attribution.rank_correlation(method(model, cat, 285), method(twin, cat, 285))

    assert kept(attribution.guided_gradient) > 0.9
    assert kept(attribution.saliency) < 0.6


# Shares and curves ------------------------------------------------------------------------------


def test_share_inside():
    a = np.array([[1.0, -3.0], [0.0, 4.0]])
    mask = np.array([[False, True], [True, False]])
    assert attribution.share_inside(a, mask) == 3 / 8
    assert attribution.share_inside(a, ~mask) == 5 / 8
    with pytest.warns(UndefinedRateWarning, match="share_inside is undefined"):
        assert np.isnan(attribution.share_inside(np.zeros((2, 2)), mask))
    with pytest.raises(ValueError, match=r"^mask must hold booleans"):
        attribution.share_inside(a, mask.astype(int))
    with pytest.raises(ValueError, match=r"must have the same shape"):
        attribution.share_inside(a, mask[:1])


def probabilities(model, images):
    return model(torch.cat([batch(i) for i in images])).softmax(1).detach().numpy()


@pytest.mark.parametrize("shape", [(6, 7, 3), (6, 7)])
def test_deletion_changes_the_most_important_pixels_first(shape):
    model, image = small(1 if len(shape) == 2 else 3), picture(0, shape)
    importance = np.random.default_rng(1).permutation(42).reshape(6, 7).astype(float)
    curve = attribution.deletion(model, image, importance, 2, steps=6, value=0.25)
    images = []
    for k in range(7):
        changed = image.copy()
        changed[importance >= 42 - 7 * k] = 0.25
        images.append(changed)
    np.testing.assert_allclose(curve.probability, probabilities(model, images)[:, 2])
    np.testing.assert_allclose(curve.share, np.arange(7) / 6)
    assert curve.auc == pytest.approx(auc(curve.share, curve.probability))


def test_insertion_goes_from_blurred_to_sharp():
    model, image = small(), picture()
    importance = picture(3)[..., 0]
    curve = attribution.insertion(model, image, importance, 1, steps=20, blur=50.0)
    flat = np.broadcast_to(image.mean((0, 1)), image.shape)
    expected = probabilities(model, [flat, image])[:, 1]
    assert curve.probability[0] == pytest.approx(expected[0], rel=0.02)
    assert curve.probability[-1] == pytest.approx(expected[1])
    assert len(curve.probability) == 21


def test_a_right_map_beats_a_random_and_a_reversed_one():
    rng = np.random.default_rng(0)
    weights = np.stack([np.zeros((8, 8)), rng.normal(size=(8, 8))])
    image, model = np.ones((8, 8)), linear(weights)
    maps = {
        "right": attribution.integrated_gradients(model, image, 1, steps=1),
        "random": rng.random((8, 8)),
    }
    maps["reversed"] = -maps["right"]
    left = {n: attribution.deletion(model, image, m, 1, 64, value=0).auc for n, m in maps.items()}
    assert left["right"] < left["random"] < left["reversed"]


@pytest.mark.parametrize("method", ["deletion", "insertion"])
def test_the_curve_of_one_logit_is_that_of_two(method):
    """A sigmoid of z is a softmax of 0 and z."""
    one, image = linear(np.full((1, 6, 6), 0.1)), np.linspace(0, 1, 36).reshape(6, 6)
    two = linear([np.zeros((6, 6)), np.full((6, 6), 0.1)])
    ours, theirs = (
        getattr(attribution, method)(model, image, image, target, steps=6)
        for model, target in ((one, 0), (two, 1))
    )
    np.testing.assert_allclose(ours.probability, theirs.probability)
    assert np.ptp(ours.probability) > 0.01
    with pytest.raises(ValueError, match=r"^model must give scores"):
        getattr(attribution, method)(nn.Conv2d(1, 2, 1).double(), image, image, 0)


# Bad input --------------------------------------------------------------------------------------

METHODS = {
    "saliency": attribution.saliency,
    "gradient_times_input": attribution.gradient_times_input,
    "smooth_grad": attribution.smooth_grad,
    "integrated_gradients": attribution.integrated_gradients,
    "guided_gradient": attribution.guided_gradient,
    "occlusion": attribution.occlusion,
    "grad_cam": lambda *a: attribution.grad_cam(*a, layer="2"),
    "deletion": lambda m, i, t: attribution.deletion(m, i, np.zeros(np.shape(i)[:2]), t),
    "insertion": lambda m, i, t: attribution.insertion(m, i, np.zeros(np.shape(i)[:2]), t),
}


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
@pytest.mark.parametrize(
    ("image", "target", "said"),
    [
        (picture(), 4, r"^target must lie between 0 and 3, got 4"),
        (picture(), -1, r"^target must lie between 0 and 3, got -1"),
        (picture(), 1.0, r"^target must be a whole number"),
        (picture() * 255, 0, r"^image must lie between 0 and 1, got values from .* to 25"),
        (picture() - 1, 0, r"^image must lie between 0 and 1"),
        (picture()[None], 0, r"^image must have the shape \(height, width, 3\)"),
        (np.moveaxis(picture(), 2, 0), 0, r"^image must have the shape \(height, width, 3\)"),
        (np.full((8, 8, 3), np.nan), 0, r"^image must lie between 0 and 1"),
    ],
)
def test_bad_images_and_targets(method, image, target, said):
    with pytest.raises(ValueError, match=said):
        method(small(), image, target)


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_precision_and_gradients_are_no_matter_of_the_caller(method):
    model, image = small().float(), picture()
    expected = method(model, image, 1)
    for block in (torch.no_grad, torch.inference_mode):
        with block():
            found = method(model, image, 1)
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    short = method(small().bfloat16(), image, 1)
    for ours, theirs in zip(short, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=0.1)


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_gray_and_colored_images_are_told_apart(method):
    with pytest.raises(ValueError, match=r"^image must have 3 channels, .* got 1"):
        method(small(), picture(0, (SIZE, SIZE)), 1)
    with pytest.raises(ValueError, match=r"^image must have 1 channel, .* got 3"):
        method(small(1), picture(), 1)


def test_grad_cam_of_a_layer_that_is_called_twice():
    model = Rectified(nn.ReLU()).double()
    with pytest.raises(ValueError, match=r"^layer 'rectify' must be called once, .* 2 times"):
        attribution.grad_cam(model, picture(), 1, "rectify")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda m, i: attribution.smooth_grad(m, i, 0, samples=0), r"^samples must be at least 1"),
        (
            lambda m, i: attribution.smooth_grad(m, i, 0, noise=0),
            r"^noise must be one number above",
        ),
        (
            lambda m, i: attribution.integrated_gradients(m, i, 0, steps=0),
            r"^steps must be at least",
        ),
        (
            lambda m, i: attribution.integrated_gradients(m, i, 0, 2.0),
            r"^baseline must lie between",
        ),
        (
            lambda m, i: attribution.integrated_gradients(m, i, 0, i[:5]),
            r"must have the same shape",
        ),
        (lambda m, i: attribution.occlusion(m, i, 0, window=0), r"^window must be at least 1"),
        (lambda m, i: attribution.occlusion(m, i, 0, stride=0), r"^stride must be at least 1"),
        (lambda m, i: attribution.occlusion(m, i, 0, value=-1), r"^value must lie between 0 and 1"),
        (
            lambda m, i: attribution.grad_cam(m, i, 0, "conv"),
            r"^layer must be one of 0, 1, .*7, got",
        ),
        (lambda m, i: attribution.grad_cam(m, i, 0, "7"), r"^layer must give maps"),
        (lambda m, i: attribution.deletion(m, i, i, 0), r"^attribution must have the shape"),
        (
            lambda m, i: attribution.deletion(m, i, i[:5, :, 0], 0),
            r"^attribution must have the image",
        ),
        (
            lambda m, i: attribution.deletion(m, i, i[..., 0], 0, steps=0),
            r"^steps must be at least",
        ),
        (
            lambda m, i: attribution.insertion(m, i, i[..., 0], 0, blur=0),
            r"^blur must be one number",
        ),
        (lambda m, i: attribution.saliency(m[:3], i, 0), r"^model must give scores"),
        (lambda m, i: attribution.randomized(m, ["x"]), r"^layer must be one of"),
        (lambda m, i: attribution.rank_correlation(i[..., 0], i), r"^b must have the shape"),
        (lambda m, i: attribution.rank_correlation(i[0], i[..., 0]), r"must have the same shape"),
    ],
)
def test_bad_settings(call, said):
    with pytest.raises(ValueError, match=said):
        call(small(), picture())


# Simulated X-rays -------------------------------------------------------------------------------


def test_simulated_xrays_are_what_was_asked_for():
    drawn = xrays.simulated_xrays(300, marked_if_ill=0.9, marked_if_healthy=0.2, seed=1)
    assert drawn.images.shape == drawn.lesions.shape == (300, 64, 64)
    assert drawn.images.min() >= 0
    assert drawn.images.max() <= 1
    assert drawn.y_true.sum() == 150
    for ill, chance in ((1, 0.9), (0, 0.2)):
        marked = drawn.marked[drawn.y_true == ill].sum()
        assert 1e-4 < binom.cdf(marked, 150, chance) < 1 - 1e-4
    assert (drawn.lesions.any((1, 2)) == (drawn.y_true == 1)).all()


def test_the_marker_is_all_that_differs():
    """The same chests with and without."""
    plain = xrays.simulated_xrays(40, 0, 0, seed=2, opacity=0.0)
    marked = xrays.simulated_xrays(40, 1, 1, seed=2, opacity=0.0)
    changed = np.abs(marked.images - plain.images) > 0
    mask = xrays.marker_mask()
    assert not changed[:, ~mask].any()
    assert changed[:, mask].any(1).all()
    assert mask.sum() == 72
    bright = np.array([image[mask].max() for image in marked.images])
    assert (bright > 0.7).all()


def test_the_shadow_brightens_the_lesion_and_nothing_else():
    plain, ill = (xrays.simulated_xrays(40, 0.5, 0.5, 3, opacity) for opacity in (0.0, 0.2))
    gain = ill.images - plain.images
    assert np.abs(gain[ill.y_true == 0]).max() == 0
    # More than half of a peak of 0.7 to 1.3 times the opacity; less only where white is reached.
    inside = gain[ill.lesions]
    assert np.quantile(inside, 0.01) > 0.06
    assert inside.max() < 0.27
    assert np.abs(gain[~ill.lesions]).max() < 0.14


def test_simulation_follows_its_seed():
    one, same, other = (xrays.simulated_xrays(4, 0.5, 0.5, seed).images for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((0, 0.5, 0.5), r"^n must be at least 1"),
        ((3, 1.5, 0.5), r"^marked_if_ill must lie between 0 and 1"),
        ((3, 0.5, -1), r"^marked_if_healthy must lie between 0 and 1"),
        ((3, 0.5, 0.5, 0, 2), r"^opacity must lie between 0 and 1"),
    ],
)
def test_simulate_refuses(arguments, said):
    with pytest.raises(ValueError, match=said):
        xrays.simulated_xrays(*arguments)


# The chapter's split --------------------------------------------------------------------------


def test_the_chapter_scores_no_child_that_it_learned_from():
    """Its own cells, with a network that only remembers whom it was shown."""
    source = (editions.CHAPTERS / "attribution.md").read_text(encoding="utf-8")
    cells = [cell.source for cell in editions.parsed(source).cells]
    shown, scored = [], []

    def train(data, seed, **how):
        shown.append(set(data.images))
        return shown[-1]

    def p_ill(network, images):
        assert network.isdisjoint(images)
        scored.extend(images)
        return np.zeros(len(images))

    names = {"np": np, "datasets": datasets, "SimpleNamespace": SimpleNamespace}
    names |= {"train": train, "p_ill": p_ill}
    for part in ("def shrink(", "def splits(", "def cross_trained("):
        (cell,) = (cell for cell in cells if part in cell)
        exec(cell, names)
    names["cross_trained"](names["films"].patient)
    assert len(shown) == 3
    assert sorted(scored) == sorted(names["films"].patient)
    for learn, test in names["splits"](5):
        patients = names["films"].patient
        assert not set(patients[learn]) & set(patients[test])
