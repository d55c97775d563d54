"""The workshop chapters: seconds of each lab, and its networks beside their competitors."""

import numpy as np
import torch
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsClassifier
from torch import nn

from book_ext import editions, execute
from course_lib import datasets, descent
from course_lib.sequences import windows
from course_lib.training import fit

from . import rehearsal
from .report import Row, best_of

CHAPTERS = (
    *("readiness", "l1_simple", "l2_training", "l3_convolution", "l4_deployment"),
    *("l5_transfer", "l6_sequences", "l7_assessment"),
)
# Seconds that each may take.
MOST_SECONDS = 40
SEEDS = range(3)


def benchmarks():
    """Yield the rows of this topic."""
    for name in CHAPTERS:
        path = editions.CHAPTERS / "dli" / f"{name}.md"
        seconds = best_of(lambda path=path: execute.run(path, path.read_text("utf-8")), repeats=1)
        yield Row.value(
            f"chapter dli/{name}, one thread", f"{seconds:.1f} s", f"≤ {MOST_SECONDS} s"
        )
    yield from _digits()
    yield from _ecg()
    yield _descent()
    yield from _rehearsal()


def _digits():
    """The digits of new sheets: dense and convolutional network, and the nearest picture."""
    digits = datasets.digits()
    X = torch.tensor(digits.images, dtype=torch.float32)[:, None]
    y, unseen = torch.tensor(digits.y_true), digits.sheet >= 10
    makers = {
        "dense": lambda: nn.Sequential(
            nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)
        ),
        "convolutional": lambda: nn.Sequential(
            *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(32 * 16, 10)),
        ),
    }

    def draw(generator):
        which = torch.randint(int((~unseen).sum()), (64,), generator=generator)
        return X[~unseen][which], y[~unseen][which]

    nearest = KNeighborsClassifier(1).fit(X[~unseen].flatten(1), y[~unseen])
    bar = nearest.score(X[unseen].flatten(1), y[unseen])
    for name, make in makers.items():
        scores = []
        for seed in SEEDS:
            network = _trained(make, draw, nn.functional.cross_entropy, seed, 300)
            with torch.no_grad():
                scores.append((network(X[unseen]).argmax(1) == y[unseen]).double().mean().item())
        yield Row.value(
            f"digits of new sheets, {name}, worst of three starts",
            min(scores),
            "≥ 0.88",
            f"nearest picture {bar:.3f}",
        )


def _ecg():
    """One sample ahead: GRU, persistence, four weights."""
    record = datasets.mitdb_100()
    recording, n = record.signal[: 70 * record.fs], 60 * record.fs
    ecg = (recording - recording[:n].mean()) / recording[:n].std()
    X, y = windows(ecg, 64)
    seen = np.arange(64, len(ecg)) < n
    linear = Ridge(0.1).fit(X[seen, -4:], y[seen])
    series = torch.tensor(ecg, dtype=torch.float32)

    class Forecaster(nn.Module):
        def __init__(self):
            super().__init__()
            self.memory, self.change = nn.GRU(1, 48, batch_first=True), nn.Linear(48, 1)

        def forward(self, x):
            return x + self.change(self.memory(x[..., None])[0])[..., 0]

    def draw(generator):
        batch = series[torch.randint(n - 65, (16, 1), generator=generator) + torch.arange(65)]
        return batch[:, :-1], batch[:, 1:]

    errors = []
    for seed in SEEDS:
        network = _trained(Forecaster, draw, nn.functional.mse_loss, seed, 200)
        with torch.no_grad():
            forecast = network(torch.tensor(X[~seen], dtype=torch.float32))[:, -1].numpy()
        errors.append(np.mean((forecast - y[~seen]) ** 2))
    persistence = np.mean((X[~seen, -1] - y[~seen]) ** 2)
    four = np.mean((linear.predict(X[~seen, -4:]) - y[~seen]) ** 2)
    yield Row.value(
        "ECG one sample ahead, GRU, worst of three starts (MSE)",
        max(errors),
        "≤ 0.020",
        f"persistence {persistence:.3f}, four weights {four:.3f}",
    )


def _trained(make, draw, loss, seed, iterations):
    torch.manual_seed(seed)
    network = make()
    fit(network, draw, loss, iterations=iterations, lr=1e-2, seed=seed, device="cpu", quiet=True)
    return network


def _descent():
    """Forty steps on 284 women, beside the same walk with torch's optimizer."""
    masses = datasets.breast_masses()
    X = (masses.X[:, :2] - masses.X[:, :2].mean(0)) / masses.X[:, :2].std(0)
    y, start = masses.y_true - masses.y_true.mean(), np.array([-1.5, 1.5])
    A, b = torch.tensor(X), torch.tensor(y)

    def walk():
        w = torch.tensor(start, requires_grad=True)
        optimizer = torch.optim.SGD([w], lr=0.1, momentum=0.9)
        for _ in range(40):
            loss = ((A @ w - b) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return w.detach().numpy()

    def ours():
        return descent.descend(X, y, start, 0.1, 40, momentum=0.9)

    assert np.allclose(ours()[-1], walk()), "the walks must end in the same place"
    return Row.times(
        "gradient descent, 40 steps", best_of(ours), "torch.optim.SGD", best_of(walk), "faster"
    )


def _rehearsal():
    """The book's own solution of the last lab and its competitors; see `benchmarks.rehearsal`."""
    for method, seed, accuracy, low, high, seconds in rehearsal.rows():
        name = f"L7, {method}" + (f", seed {seed}" if seed != "" else "")
        bar = {"fine-tuned": "≥ 0.94", "small network from scratch": "< 0.92"}.get(method, "")
        yield Row.value(name, accuracy, bar, f"[{low}, {high}], {seconds or '–'} s")
