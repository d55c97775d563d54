"""Style: costs against their definitions, and painting that does what it says."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from course_lib import style
from course_lib.nets import EfficientNetLite0
from course_lib.visualize.parameterization import Fourier, Pixels

RNG = np.random.default_rng(5)


def maps(channels=4, height=5, width=6, seed=0):
    return torch.randn(channels, height, width, generator=torch.Generator().manual_seed(seed))


# Costs


def test_gram_is_what_einsum_says():
    F = maps()
    expected = torch.einsum("ihw,jhw->ij", F, F) / 30
    torch.testing.assert_close(style.gram_matrix(F), expected)


@given(st.integers(0, 1000))
def test_gram_forgets_where(seed):
    F, order = maps(seed=seed), torch.randperm(30, generator=torch.Generator().manual_seed(seed))
    shuffled = F.flatten(1)[:, order].reshape(F.shape)
    torch.testing.assert_close(style.gram_matrix(shuffled), style.gram_matrix(F))
    assert style.style_cost(shuffled, F) < 1e-8
    assert style.content_cost(shuffled, F) > 0.1


def test_content_cost_of_the_mean_is_one():
    C = maps(6, 20, 20)
    assert style.content_cost(C, C) == 0
    cost = style.content_cost(torch.full_like(C, C.mean()), C)
    assert float(cost) == pytest.approx(1, abs=1e-3)


def test_style_cost_by_hand():
    F, S = maps(3, 4, 4, seed=1).double(), maps(3, 6, 5, seed=2).double()
    f, s = F.reshape(3, -1).numpy(), S.reshape(3, -1).numpy()
    mean, sd = s.mean(1, keepdims=True), s.std(1, keepdims=True)
    f, s = (f - mean) / sd, (s - mean) / sd
    gap = f @ f.T / 16 - s @ s.T / 30
    expected = 3 * (gap**2).mean() + (f.mean(1) ** 2).mean()
    assert float(style.style_cost(F, S)) == pytest.approx(expected)


def test_a_silent_channel_of_the_style_does_not_decide():
    S = maps()
    S[0] = 0
    assert style.style_cost(maps(seed=3), S) < 1000
    assert torch.isfinite(style.style_cost(maps(seed=3), torch.zeros(4, 2, 2)))


@pytest.mark.parametrize("bad", [np.ones((2, 3, 4)), torch.ones(3, 4), torch.ones(0, 3, 4), None])
def test_costs_refuse_what_are_no_maps(bad):
    with pytest.raises(ValueError, match="features must be a tensor"):
        style.gram_matrix(bad)
    with pytest.raises(ValueError, match="features must be a tensor"):
        style.content_cost(bad, maps())
    with pytest.raises(ValueError, match="features must be a tensor"):
        style.style_cost(bad, maps())


def test_costs_refuse_maps_that_do_not_fit():
    with pytest.raises(ValueError, match="same shape"):
        style.content_cost(maps(), maps(4, 5, 7))
    with pytest.raises(ValueError, match="equally many channels"):
        style.style_cost(maps(4), maps(5))


# Transfer


class Tiny(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Conv2d(3, 6, 3, padding=1)
        self.norm = nn.BatchNorm2d(6)
        self.second = nn.Conv2d(6, 8, 3, stride=2, padding=1)

    def forward(self, x):
        return self.second(torch.relu(self.norm(self.first(x))))


TINY = {"style_layers": ("first",), "content_layer": "second", "steps": 40}
PHOTO, PAINTING = RNG.random((2, 16, 18, 3))


def test_both_costs_fall_and_the_model_stays():
    model = Tiny().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    result = style.transfer(model, PHOTO, PAINTING[:12], stages=(1, 40), **TINY)
    assert result.image.shape == PHOTO.shape
    assert result.content.shape == result.style.shape == (40,)
    assert result.content[-1] < result.content[0]
    assert result.style[-1] < result.style[0]
    assert np.array_equal(result.stages[40], result.image)
    assert not np.array_equal(result.stages[1], result.image)
    assert result.image.min() >= 0
    assert result.image.max() <= 1
    assert model.training
    assert all(p.grad is None for p in model.parameters())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_same_seed_same_picture():
    a, b = (style.transfer(Tiny(), PHOTO, PAINTING, seed=3, **TINY).image for _ in range(2))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, style.transfer(Tiny(), PHOTO, PAINTING, seed=4, **TINY).image)


def test_a_content_that_counts_more_is_kept_better():
    little, much = (style.transfer(Tiny(), PHOTO, PAINTING, w, **TINY) for w in (0.01, 10))
    assert much.content[-1] < little.content[-1]
    assert much.style[-1] > little.style[-1]


def test_texture_does_not_depend_on_the_content():
    a, b = (style.transfer(Tiny(), x, PAINTING, 0, **TINY) for x in (PHOTO, PAINTING))
    assert np.array_equal(a.image, b.image)
    assert not a.content.any()


def test_content_alone_does_not_depend_on_the_style():
    a, b = (style.transfer(Tiny(), PHOTO, x, style_weight=0, **TINY) for x in (PAINTING, PHOTO))
    assert np.array_equal(a.image, b.image)
    assert not a.style.any()
    assert a.content[-1] < a.content[0]


@pytest.mark.parametrize("parameterization", [Fourier, Pixels])
def test_any_size_of_picture(parameterization):
    settings = {**TINY, "steps": 2, "parameterization": parameterization}
    for shape in ((16, 9), (9, 16), (15, 15)):
        photo = RNG.random((*shape, 3))
        assert style.transfer(Tiny(), photo, PAINTING, **settings).image.shape == photo.shape


def test_real_layers_have_the_names():
    network = EfficientNetLite0().eval()
    result = style.transfer(network, np.ones((32, 32, 3)) / 2, np.zeros((32, 40, 3)), steps=1)
    assert np.isfinite([result.content, result.style]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"style_layers": ()}, "style_layers must be"),
        ({"style_layers": "first"}, "style_layers must be"),
        ({"style_layers": ("third",)}, "layer must be one of"),
        ({"content_layer": "third"}, "layer must be one of"),
        ({"steps": 0}, "steps must be"),
        ({"stages": (10, 41)}, "stages must lie between 1 and 40, got 41"),
        ({"stages": (0,)}, "stages must lie between 1"),
        ({"content_weight": 0, "style_weight": 0}, "both are 0"),
        ({"content_weight": -1}, "content_weight must be"),
        ({"content_weight": [1, 2]}, "content_weight must be one number"),
        ({"style_weight": np.nan}, "style_weight must be"),
        ({"lr": 0}, "lr must be"),
        ({"content": np.ones((0, 3, 3))}, "content must have"),
        ({"content": PHOTO * 255}, "content must lie between 0 and 1"),
        ({"style": np.full((9, 9, 3), np.nan)}, "style must lie between 0 and 1"),
    ],
)
def test_transfer_refuses(change, message):
    with pytest.raises(ValueError, match=message):
        style.transfer(Tiny(), **{"content": PHOTO, "style": PAINTING, **TINY, **change})
