"""`course_lib.loops`: what is learned, what is only looked at, and how batches are counted."""

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from course_lib.loops import Epoch, train, validate
from course_lib.metrics import wilson_interval


def lines(n=10, seed=0):
    """Points that a line separates, in a last batch smaller than the others."""
    torch.manual_seed(seed)
    x = torch.randn(n, 3)
    return DataLoader(TensorDataset(x, (x[:, 0] > 0).long()), batch_size=4)


def test_one_epoch_is_that_of_the_textbook():
    """Three steps of plain descent, with gradients from torch.autograd.grad."""
    model, loss = nn.Linear(3, 2), nn.CrossEntropyLoss()
    W, b = (p.detach().clone().requires_grad_() for p in model.parameters())
    total = right = 0
    for x, y in lines():
        output = x @ W.T + b
        value = loss(output, y)
        total += value.item() * len(y)
        right += (output.argmax(1) == y).sum().item()
        steps = torch.autograd.grad(value, (W, b))
        W, b = ((p - 0.5 * g).detach().requires_grad_() for p, g in zip((W, b), steps, strict=True))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    found = train(model, lines(), lambda x: x, optimizer, loss)
    torch.testing.assert_close(model.weight, W)
    torch.testing.assert_close(model.bias, b)
    assert (found.right, found.n) == (right, 10)
    assert found.loss == pytest.approx(total / 10)


def test_validation_looks_and_learns_nothing():
    model = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Dropout(0.9), nn.Linear(8, 2))
    model.train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    found = [validate(model, lines(), nn.CrossEntropyLoss()) for _ in range(2)]
    assert found[0] == found[1]
    assert not model.training
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])


def test_training_alone_is_augmented_and_in_training_mode():
    seen = []

    class Spy(nn.Linear):
        def forward(self, x):
            seen.append((self.training, x.abs().max().item() > 50))
            return super().forward(x)

    model, loss = Spy(3, 2), nn.CrossEntropyLoss()
    train(model, lines(), lambda x: x + 100, torch.optim.SGD(model.parameters(), 1e-9), loss)
    validate(model, lines(), loss)
    assert seen == [(True, True)] * 3 + [(False, False)] * 3


def test_one_logit_says_yes_above_zero():
    """As with the dog of the workshop: one output, and labels that are floats."""
    x = torch.tensor([[2.0], [-1.0], [0.5], [-0.5]])
    y = torch.tensor([[1.0], [0.0], [0.0], [0.0]])
    loader = DataLoader(TensorDataset(x, y), batch_size=3)
    found = validate(nn.Identity(), loader, nn.BCEWithLogitsLoss())
    assert (found.right, found.n) == (3, 4)
    flat = DataLoader(TensorDataset(x, y[:, 0]), batch_size=3)
    assert validate(nn.Flatten(0), flat, nn.BCEWithLogitsLoss()) == found


def test_an_epoch_in_words():
    epoch = Epoch(45, 50, 0.25)
    assert epoch.accuracy == 0.9
    assert epoch.interval == wilson_interval(45, 50)
    assert str(epoch) == "loss 0.25, accuracy 0.900 [0.786, 0.957]"
