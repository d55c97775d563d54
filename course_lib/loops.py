"""The two loops of a training, as a workshop keeps them in a helper file: `train` and `validate`.

[L1](../chapters/dli/l1_simple.md) writes them out and says what each line is for.
"""

from dataclasses import dataclass

import torch

from .metrics import wilson_interval


@dataclass(frozen=True)
class Score:
    """How many of the images a model classified correctly."""

    right: int
    n: int

    @property
    def accuracy(self):
        """Share of the images that are right."""
        return self.right / self.n

    @property
    def interval(self):
        """95% interval of the accuracy (Wilson), as if no two images were of one patient."""
        return wilson_interval(self.right, self.n)

    def __str__(self):
        low, high = self.interval
        return f"{self.accuracy:.1%}, 95% interval {low:.1%} to {high:.1%} ({self.right}/{self.n})"


@dataclass(frozen=True)
class Epoch(Score):
    """What one pass over the images gave: right answers, number of images, mean loss."""

    loss: float

    def __str__(self):
        low, high = self.interval
        return f"loss {self.loss:.2f}, accuracy {self.accuracy:.3f} [{low:.3f}, {high:.3f}]"


def train(model, loader, augment, optimizer, loss):
    """One epoch of training: every image once, each time augmented anew.

    Parameters
    ----------
    model : torch.nn.Module
        Is put into training mode, and changed.
    loader : iterable
        Gives batches ``x, y``: images (batch, channels, height, width), what they are (batch,).
    augment : callable
        ``augment(x)`` returns changed images.
    optimizer : torch.optim.Optimizer
    loss : callable
        ``loss(model(x), y)``, a mean over the batch.

    Returns
    -------
    Epoch
        Of the augmented images, while the model was learning from them.
    """
    model.train()
    batches = []
    for x, y in loader:
        output = model(augment(x))
        value = loss(output, y)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        batches.append((value.item(), _right(output, y), len(y)))
    return _summary(batches)


def validate(model, loader, loss):
    """One pass in evaluation mode: nothing is augmented, nothing is learned; see `train`."""
    model.eval()
    batches = []
    with torch.no_grad():
        for x, y in loader:
            output = model(x)
            batches.append((loss(output, y).item(), _right(output, y), len(y)))
    return _summary(batches)


def _right(output, y):
    """Right answers: the largest of several logits, or one logit above zero."""
    said = output.argmax(1) if output.ndim == 2 and output.shape[1] > 1 else output > 0
    return int((said.reshape(y.shape) == y).sum())


def _summary(batches):
    losses, right, sizes = zip(*batches, strict=True)
    n = sum(sizes)
    # The last batch may be smaller, so batches count by their images.
    loss = sum(value * size for value, size in zip(losses, sizes, strict=True)) / n
    return Epoch(sum(right), n, loss)
