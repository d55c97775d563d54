"""`course_lib.transfer`: features of a frozen network, and changes that leave a film what it is."""

import numpy as np
import pytest
import torch

from course_lib import transfer
from course_lib.nets import EfficientNetLite0


def random_network(seed=0):
    """Random weights: nothing here needs the pretrained ones."""
    torch.manual_seed(seed)
    return EfficientNetLite0(4).eval()


@pytest.fixture(scope="module")
def images():
    return torch.rand(12, 3, 64, 64, generator=seeded(3))


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_features_are_what_hooks_see(images):
    network, x = random_network(), images
    seen = {}
    for name, layer in [*enumerate(network.blocks), ("head", network.head)]:
        layer.register_forward_hook(
            lambda _, __, out, name=name: seen.update({name: out.mean((2, 3))})
        )
    with torch.no_grad():
        network(x)
    expected = dict(seen)
    found = transfer.features(network, x, batch=5)
    assert list(found) == [*range(16), "head"]
    for name, values in expected.items():
        torch.testing.assert_close(found[name], values, atol=1e-4, rtol=1e-4)


def test_features_are_those_of_the_network_and_shared(images):
    network, x = random_network(), images
    features = transfer.Features(network)
    model = torch.nn.Sequential(
        features, torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), network.logits
    )
    with torch.no_grad():
        torch.testing.assert_close(model.eval()(network.standardize(x)), network(x))
        next(features.parameters()).add_(1)
        torch.testing.assert_close(model(network.standardize(x)), network(x))


def test_features_may_stop_early(images):
    network, x = random_network(), images
    maps = transfer.Features(network, blocks=13)(network.standardize(x))
    torch.testing.assert_close(maps.mean((2, 3)), transfer.features(network, x)[12])


def test_features_keep_their_norms_in_training(images):
    network, x = random_network(), images
    model = torch.nn.Sequential(transfer.Features(network), torch.nn.BatchNorm2d(1280)).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    model(network.standardize(x))
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    # That of one's own layer goes with the batches.
    assert model[1].running_mean.abs().max() > 0


# Films -------------------------------------------------------------------------------------------


def _dot(row, column, side=33):
    """A film with a soft spot at that place."""
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    spot = torch.exp(-((y - row) ** 2 + (x - column) ** 2) / 8)
    return spot.expand(64, 1, side, side)


def test_a_film_is_turned_and_shifted_no_farther_than_stated():
    torch.manual_seed(0)
    for settings, place, least, most in (
        # Eight pixels above the middle, turned by up to 30 degrees: up to four to either side.
        ({"degrees": 30, "shift": 0, "scale": 0}, (8, 16), 3.0, 4.3),
        ({"degrees": 0, "shift": 0.1, "scale": 0}, (16, 16), 2.5, 3.6),
        ({"degrees": 0, "shift": 0, "scale": 0.2}, (16, 8), 1.3, 2.2),
    ):
        out = transfer.ShiftAndTurn(**settings)(_dot(*place))[:, 0]
        columns = (out.sum(1) * torch.arange(33)).sum(1) / out.sum((1, 2))
        moved = (columns - place[1]).abs()
        assert least < moved.max() < most, settings
        # A mirrored film would have its spot on the other side.
        assert columns.max() < 23


def test_nothing_is_moved_without_need():
    x = torch.rand(3, 2, 9, 9, generator=seeded())
    torch.testing.assert_close(transfer.ShiftAndTurn(0, 0, 0)(x), x, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(transfer.Exposure(0, 0)(x), x)


def test_exposure_changes_contrast_and_light_of_each_film():
    torch.manual_seed(1)
    x = torch.rand(50, 3, 6, 6, generator=seeded())
    out = transfer.Exposure(contrast=0.3, light=0.2)(x)
    pairs = zip(x.flatten(1).numpy(), out.flatten(1).numpy(), strict=True)
    fits = [np.polyfit(before, after, 1) for before, after in pairs]
    slopes, offsets = np.transpose(fits)
    assert 0.7 <= slopes.min() < 0.8 < 1.2 < slopes.max() <= 1.3
    assert -0.2 <= offsets.min() < -0.1 < 0.1 < offsets.max() <= 0.2
