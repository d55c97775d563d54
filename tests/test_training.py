"""The training loop: same seed, same weights; stopped and kept; errors that tell."""

from functools import partial

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss
from torch.utils.data import DataLoader, TensorDataset

from course_lib import augment
from course_lib.nets import UNet
from course_lib.training import History, TrainingDiverged, choose_device, fit

X = torch.linspace(-1, 1, 40)[:, None]
Y = torch.sin(3 * X)


def small():
    """With dropout, batch normalization and 4-d inputs, as the book's networks have."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Flatten(),
        nn.Linear(16, 2),
    )


def draw(generator):
    x = torch.randn(8, 1, 4, 4, generator=generator)
    return x, (x.mean((1, 2, 3)) > 0).long()


def line(generator):
    return X, Y


def train(network, draw=draw, loss=cross_entropy, **options):
    options = {"iterations": 12, "lr": 0.01, "quiet": True, "device": "cpu"} | options
    return fit(network, draw, loss, **options)


def same(one, other):
    ours, theirs = one.state_dict(), other.state_dict()
    return all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.slow
def test_it_learns():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1))
    history = train(network, line, mse_loss, iterations=300, lr=0.03)
    assert history.loss[-1] < 0.01 < 0.1 < history.loss[0]
    assert not network.training
    assert history.device == "cpu"
    assert len(history.loss) == len(history.lr) == 300
    assert history.seconds > 0


def test_one_step_is_adamw():
    """Against torch's optimizer, driven by hand."""
    ours, theirs = nn.Linear(1, 1), nn.Linear(1, 1)
    theirs.load_state_dict(ours.state_dict())
    optimizer = torch.optim.AdamW(theirs.parameters(), lr=0.1, weight_decay=0.2)
    for _ in range(3):
        optimizer.zero_grad()
        mse_loss(theirs(X), Y).backward()
        optimizer.step()
    train(ours, line, mse_loss, iterations=3, lr=0.1, weight_decay=0.2, schedule="constant")
    assert same(ours, theirs)


def test_schedules():
    constant = train(small(), schedule="constant", lr=0.02).lr
    assert constant == [0.02] * 12
    cycle = train(small(), schedule="onecycle", lr=0.02, iterations=50).lr
    assert max(cycle) == pytest.approx(0.02, rel=0.01)
    assert cycle[0] == pytest.approx(0.02 / 25)
    assert cycle[-1] < cycle[0] / 100


@pytest.mark.parametrize("ema", [None, 0.9])
def test_same_seed_same_weights(ema):
    networks = [small() for _ in range(3)]
    histories = [train(n, seed=s, ema=ema) for n, s in zip(networks, (1, 1, 2), strict=True)]
    assert same(networks[0], networks[1])
    assert histories[0].loss == histories[1].loss
    assert not same(networks[0], networks[2])


def test_callers_randomness_is_left_alone():
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    network = nn.Linear(1, 1)
    torch.manual_seed(7)
    train(network, line, mse_loss)
    assert torch.equal(torch.rand(3), expected)


def test_average_of_the_weights():
    """Against the recursion with its warm-up, from the weights after every iteration."""
    trajectory = []
    for n in range(1, 7):
        stepped = small()
        train(stepped, draw=_stop_after(n))
        trajectory.append(stepped[5].weight.detach().clone())
    average = small()[5].weight.detach().clone()
    for n, weight in enumerate(trajectory, start=1):
        decay = min(0.9, (1 + n) / (10 + n))
        average = decay * average + (1 - decay) * weight
    found = []
    network = small()
    train(
        network,
        draw=_stop_after(6),
        ema=0.9,
        watch=lambda n, i: found.append(n[5].weight.clone()),
        watch_at=[6],
    )
    assert torch.allclose(found[0], average, atol=1e-6)
    assert torch.allclose(network[5].weight, average, atol=1e-6), "an interrupt keeps the average"


def _stop_after(n):
    """A ``draw`` during which somebody presses the stop button."""
    count = iter(range(n))

    def stopping(generator):
        if next(count, None) is None:
            raise KeyboardInterrupt
        return draw(generator)

    return stopping


def test_an_interrupt_keeps_what_was_learned(capsys):
    network, shorter = small(), small()
    history = train(network, _stop_after(5), schedule="constant", quiet=False)
    assert history.interrupted
    assert len(history.loss) == len(history.lr) == 5
    assert not network.training
    assert "interrupted after 5 iterations" in capsys.readouterr().out
    assert repr(history).endswith(", interrupted)")
    train(shorter, iterations=5, schedule="constant")
    assert same(network, shorter)


def test_any_other_error_leaves_evaluation_mode():
    network = small()
    with pytest.raises(RuntimeError, match="shape"):
        train(network, lambda generator: (torch.zeros(2, 1, 3, 3), torch.zeros(2).long()))
    assert not network.training


def loader(shuffle=True, size=10):
    x = torch.randn(30, 1, 4, 4, generator=torch.Generator().manual_seed(1))
    data = TensorDataset(x, (x.mean((1, 2, 3)) > 0).long())
    return DataLoader(data, batch_size=size, shuffle=shuffle)


def test_a_loader_is_read_again_and_again():
    seen, networks = [], [small(), small(), small()]

    def loss(output, truth):
        seen.append(truth.tolist())
        return cross_entropy(output, truth)

    histories = [train(n, loader(), loss, seed=s) for n, s in zip(networks, (1, 1, 2), strict=True)]
    assert len(seen) == 36
    assert all(sum(map(sum, seen[i : i + 3])) == sum(map(sum, seen[:3])) for i in range(0, 36, 3))
    assert seen[:12] == seen[12:24] != seen[24:], "the same seed, the same order"
    assert seen[:3] != seen[3:6], "shuffled anew each time"
    assert same(networks[0], networks[1])
    assert histories[0].loss == histories[1].loss


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (lambda: iter(loader()), "an iterator is used up after one pass. Got _Single"),
        (lambda: loader().dataset, "draw must be a function of a generator, or a DataLoader"),
        (lambda: [], "this loader is empty"),
        (lambda: lambda generator: next(iter(())), "ran out of batches after 0"),
        (lambda: lambda generator: (torch.zeros(0, 1, 4, 4), torch.zeros(0)), "an empty batch"),
        (lambda: lambda generator: (), "an empty batch"),
        (lambda: lambda generator: torch.zeros(2, 1, 4, 4), "tuples of tensors.* Got Tensor"),
        (lambda: lambda generator: (np.zeros((2, 1, 4, 4)), [0, 1]), "tuples of tensors"),
    ],
)
def test_no_batches_to_learn_from(source, said):
    with pytest.raises(ValueError, match=said):
        train(small(), source())


def test_nothing_to_train():
    with pytest.raises(ValueError, match="but all are frozen"):
        train(small().requires_grad_(False))
    with pytest.raises(ValueError, match="but all are frozen"):
        train(nn.ReLU())


def test_a_loss_of_many_numbers():
    with pytest.raises(ValueError, match=r"loss must return one number as a tensor, got \(8,\)"):
        train(small(), loss=partial(cross_entropy, reduction="none"))
    with pytest.raises(ValueError, match="loss must return one number as a tensor, got float"):
        train(small(), loss=lambda output, truth: 1.0)


def test_one_iteration_volumes_and_a_device():
    assert train(small(), iterations=1).lr == [0.01]
    assert train(small(), device=torch.device("cpu")).device == "cpu"
    volumes = nn.Sequential(nn.Conv3d(1, 2, 3), nn.Flatten(), nn.Linear(16, 2))

    def draw_volumes(generator):
        return torch.randn(4, 1, 4, 4, 4, generator=generator), torch.tensor([0, 1, 0, 1])

    assert np.isfinite(train(volumes, draw_volumes).loss).all()


def test_shared_weights_are_averaged_once():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.one = nn.Linear(1, 1)
            self.same = self.one

        def forward(self, x):
            return self.same(self.one(x))

    class Untied(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.one = nn.Linear(1, 1)

        def forward(self, x):
            return self.one(self.one(x))

    tied, once = Tied(), Untied()
    for network in (tied, once):
        train(network, line, mse_loss, ema=0.9)
    assert torch.equal(tied.one.weight, once.one.weight)
    assert tied.same is tied.one


def test_watching(capsys):
    seen = []

    def watch(network, iteration):
        assert not network.training
        assert not torch.is_grad_enabled()
        seen.append(iteration)
        return iteration**2

    history = train(small(), watch=watch, watch_at=(12, 0, 5, 99))
    assert seen == [0, 5, 12]
    assert history.watched == {0: 0, 5: 25, 12: 144}
    watched, plain = small(), small()
    train(watched, watch=watch, watch_at=range(13))
    train(plain)
    assert same(watched, plain), "looking does not change the training"
    assert capsys.readouterr() == ("", "")


def test_it_says_where_it_runs_and_shows_no_bar(capsys):
    train(small(), quiet=False)
    assert capsys.readouterr() == ("training on cpu, 12 iterations\n", "")


def test_a_bar_on_demand(capsys):
    train(small(), progress=True)
    assert "12/12" in capsys.readouterr().err


def test_device(monkeypatch):
    assert choose_device() in ("cuda", "mps", "cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device() == "cuda"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device() == "mps"
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device() == "cpu"


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_loss_that_is_no_number_stops(bad):
    network = nn.Linear(1, 1)
    count = iter(range(100))

    def loss(output, target):
        return mse_loss(output, target) * (bad if next(count) == 4 else 1)

    with pytest.raises(TrainingDiverged, match=r"in iteration 5, with finite inputs, .*lower lr"):
        train(network, line, loss)
    assert torch.isfinite(network.weight).all(), "the weights before the accident are kept"


def test_weights_without_a_gradient_are_fine():
    network = nn.ModuleDict({"used": nn.Linear(1, 1), "unused": nn.Linear(1, 1)})
    network.forward = lambda x: network["used"](x)
    before = network["unused"].weight.clone()
    train(network, line, mse_loss)
    assert torch.equal(network["unused"].weight, before)


def _hidden_root(x):
    return torch.where(x > 1e-6, x.clamp_min(0).sqrt(), 0 * x).mean()


@pytest.mark.parametrize("ema", [None, 0.9])
@pytest.mark.parametrize(("good", "iterations"), [(0, 1), (2, 3), (2, 5)])
@pytest.mark.parametrize(
    "bad",
    [
        lambda output: (0 * output).square().sum().sqrt(),
        lambda output: (0 * output).abs().pow(0.5).mean(),
        lambda output: _hidden_root(0 * output),
    ],
    ids=["norm", "power", "where"],
)
def test_a_gradient_that_is_no_number_stops(bad, good, iterations, ema):
    """Also in the last iteration, after which no loss would tell."""
    network, kept = small(), small()
    if good:
        train(kept, iterations=good, ema=ema, schedule="constant")
    count = iter(range(100))

    def loss(output, truth):
        return cross_entropy(output, truth) if next(count) < good else bad(output)

    said = rf"^The gradient became NaN .* in iteration {good + 1}, though the loss was finite, 0"
    with pytest.raises(TrainingDiverged, match=said) as caught:
        train(network, loss=loss, iterations=iterations, ema=ema, schedule="constant")
    assert "lower lr" not in str(caught.value)
    assert same(network, kept), "weights and statistics are those before the accident"
    assert not network.training


@pytest.mark.parametrize(("part", "said"), [(0, "the input contains"), (1, "part 1 of the batch")])
def test_nan_in_the_data_is_found(part, said):
    def broken(generator):
        batch = [X.clone(), Y.clone()]
        batch[part][3] = torch.nan
        return tuple(batch)

    network = nn.Sequential(nn.BatchNorm1d(1), nn.Linear(1, 1))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with pytest.raises(TrainingDiverged, match=f"nan in iteration 1, because {said}"):
        train(network, broken, mse_loss)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert not network.training


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"iterations": 0}, "iterations must be at least 1"),
        ({"iterations": 2.5}, "iterations must be a whole number"),
        ({"lr": 0}, "lr must be one number above 0"),
        ({"lr": np.nan}, "lr must be one number above 0"),
        ({"schedule": "cosine"}, "schedule must be one of onecycle, constant, got 'cosine'"),
        ({"ema": 1.0}, "ema must be one number strictly between 0 and 1"),
        ({"weight_decay": -1}, "weight_decay must be finite and not negative"),
        ({"weight_decay": float("nan")}, "weight_decay must be finite and not negative"),
    ],
)
def test_bad_settings(options, said):
    with pytest.raises(ValueError, match=said):
        train(small(), **options)


def test_history_smooths_and_draws():
    history = History("cpu", loss=[4.0, 2.0, 0.0, 6.0], lr=[0.1] * 4)
    assert history.smoothed(2).tolist() == [4, 3, 1, 3]
    assert history.smoothed(20).tolist() == [4, 3, 2, 3]
    assert repr(history) == "History(4 iterations on cpu, loss 3)"
    assert repr(History("cpu")) == "History(0 iterations on cpu)"
    figure, ax = plt.subplots()
    assert history.plot(ax, label="a") is ax
    assert ax.lines[0].get_ydata().tolist() == [4, 3, 2, 3]
    assert ax.get_xlabel() == "iteration"
    plt.close(figure)


# Augmentation -----------------------------------------------------------------------------------


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_crops_without_any_change_are_pieces_of_the_image():
    rows, columns = torch.meshgrid(torch.arange(60.0), torch.arange(80.0), indexing="ij")
    images = torch.stack([rows, columns])[None]
    x, (labels,) = augment.elastic_crops(
        images, [images.long()], 15, 6, generator(), rotation=0, scale=0, elastic=0
    )
    assert x.shape == (6, 2, 15, 15)
    # Steps of one row down and one column to the right, or to the left where flipped.
    assert torch.allclose(x[:, 0, 1:] - x[:, 0, :-1], torch.ones(6, 14, 15), atol=1e-3)
    across = x[:, 1, :, 1:] - x[:, 1, :, :-1]
    assert torch.allclose(across.abs(), torch.ones(6, 15, 14), atol=1e-3)
    assert {round(float(step)) for step in across[:, 0, 0]} == {-1, 1}
    assert labels.dtype == torch.int64
    assert (labels - x).abs().max() <= 0.51


def test_maps_move_with_the_image():
    torch.manual_seed(0)
    images = nn.functional.interpolate(torch.rand(1, 1, 12, 12), size=(96, 96), mode="bicubic")
    labels = (images > 0.5).long()
    x, (y, w) = augment.elastic_crops(images, [labels, images], 48, 8, generator())
    assert torch.equal(x, w)
    assert ((x > 0.5).long() == y).float().mean() > 0.96
    assert y.unique().tolist() == [0, 1]


def test_labels_of_any_size_stay_apart():
    """Floats of 32 bits hold whole numbers up to 2**24 alone."""
    labels = torch.arange(400).reshape(1, 1, 20, 20)
    (small,), (large,) = (
        augment.elastic_crops(labels.float(), [names], 12, 3, generator())[1]
        for names in (labels, labels + 2**24)
    )
    assert torch.equal(large - 2**24, small)


def test_rotation_keeps_distances_and_scale_does_not():
    far = torch.zeros(1, 1, 200, 200)
    spread = []
    for options in ({"scale": 0}, {"scale": 0.3}):
        x, y = augment._turned(
            torch.tensor([[[1.0]]]), torch.tensor([[[0.0]]]), 500, generator(), 180, **options
        )
        length = torch.hypot(x, y)
        spread.append((float(length.min()), float(length.max())))
        assert torch.atan2(y, x).abs().max() > 3
    assert spread[0] == pytest.approx((1, 1), abs=1e-5)
    assert spread[1] == pytest.approx((0.7, 1.3), abs=0.01)
    assert augment.elastic_crops(far, [], 32, 2, generator())[0].shape == (2, 1, 32, 32)


def test_elastic_displacements_have_the_papers_size():
    x, y = augment._positions(64, 400, generator(), elastic=10.0, grid=3)
    line = torch.arange(64) - 31.5
    corner = torch.stack([x[:, 0, 0].abs() - 31.5, y[:, 0, 0] - line[0]])
    assert float(corner[1].std()) == pytest.approx(10, rel=0.1)
    # Smooth: neighbors are displaced nearly alike.
    assert float((y[:, :, 1:] - y[:, :, :-1]).abs().max()) < 4


def test_crops_larger_than_the_image_are_mirrored():
    images = torch.rand(2, 1, 10, 12)
    x, _ = augment.elastic_crops(images, [], 32, 4, generator())
    assert torch.isfinite(x).all()
    assert x.min() >= images.min() - 1e-5
    assert x.max() <= images.max() + 1e-5


def test_crops_depend_on_the_generator_alone():
    images = torch.rand(3, 1, 40, 40)
    one, other, third = (
        augment.elastic_crops(images, [], 16, 4, generator(s))[0] for s in (1, 1, 2)
    )
    assert torch.equal(one, other)
    assert not torch.equal(one, third)


def test_intensity_jitter():
    x = torch.ones(2000, 1, 4, 4)
    factors = augment.jitter_intensity(x, generator(), gain=0.2, noise=0)
    assert float(factors.std(dim=(1, 2, 3)).max()) < 1e-6
    assert float(factors.mean()) == pytest.approx(1, abs=0.02)
    assert float(factors.std()) == pytest.approx(0.2, rel=0.1)
    noise = augment.jitter_intensity(x, generator(), gain=0, noise=0.05) - 1
    assert float(noise.std()) == pytest.approx(0.05, rel=0.05)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((torch.rand(1, 1, 8, 8), [], 0, 1), "size must be"),
        ((torch.rand(1, 1, 8, 8), [], 4, 0), "batch must be"),
        ((torch.rand(1, 1, 8, 8), [torch.rand(1, 1, 8, 9)], 4, 1), r"maps\[0\] must be as large"),
        ((torch.rand(8, 8), [], 4, 1), "images must have the shape"),
    ],
)
def test_bad_crops(arguments, said):
    with pytest.raises(ValueError, match=said):
        augment.elastic_crops(*arguments, generator())


@pytest.mark.slow
def test_a_small_unet_learns_disks():
    y, x = np.mgrid[:64, :64]
    disks = (np.hypot(y % 32 - 16, x % 32 - 16) < 9).astype(np.int64)
    target = torch.from_numpy(disks)[None, None]
    image = target + 0.3 * torch.randn(target.shape, generator=generator())

    def crops(g):
        x, (t,) = augment.elastic_crops(image, [target], 32, 4, g)
        return augment.jitter_intensity(x, g), t[:, 0]

    torch.manual_seed(0)
    network = UNet(4, 2, 2)
    history = fit(network, crops, cross_entropy, iterations=60, lr=0.01, quiet=True)
    with torch.no_grad():
        found = network(image).argmax(1)[0].numpy()
    assert (found == disks).mean() > 0.95
    assert np.mean(history.loss[-10:]) < 0.2 < history.loss[0]
