"""One training loop for the whole book: seeded, and quiet where nobody watches."""

import contextlib
import copy
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.nn.utils import get_total_norm
from tqdm import tqdm

from ._validation import as_choice, as_count, as_nonnegative, as_open_probability, as_positive

_SCHEDULES = ("onecycle", "constant")


class TrainingDiverged(RuntimeError):
    """The loss, or its gradient, became NaN or infinite."""


@dataclass
class History:
    """What happened in training.

    Attributes
    ----------
    loss, lr : list of float
        Of each iteration.
    watched : dict
        From iteration to what ``watch`` returned there.
    device : str
    seconds : float
        Wall-clock time.
    interrupted : bool
        True if somebody stopped the training before its last iteration.
    """

    device: str
    loss: list = field(default_factory=list)
    lr: list = field(default_factory=list)
    watched: dict = field(default_factory=dict)
    seconds: float = 0.0
    interrupted: bool = False

    def smoothed(self, width=20):
        """Running mean of the loss over the last `width` iterations, shorter at the start."""
        total = np.cumsum([0.0, *self.loss])
        end = np.arange(1, len(self.loss) + 1)
        start = np.maximum(end - as_count(width, "width"), 0)
        return (total[end] - total[start]) / (end - start)

    def plot(self, ax=None, label=None):
        """Draw the loss, each iteration pale and smoothed strong; returns the axes."""
        ax = ax or plt.gca()
        iterations = np.arange(1, len(self.loss) + 1)
        (line,) = ax.plot(iterations, self.smoothed(), label=label)
        ax.plot(iterations, self.loss, color=line.get_color(), alpha=0.25, linewidth=0.8)
        ax.set(xlabel="iteration", ylabel="loss")
        return ax

    def __repr__(self):
        last = f", loss {np.mean(self.loss[-20:]):.3g}" if self.loss else ""
        cut = ", interrupted" if self.interrupted else ""
        return f"History({len(self.loss)} iterations on {self.device}{last}{cut})"


def choose_device():
    """The fastest device there is: ``cuda``, ``mps`` (Apple) or ``cpu``."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def fit(
    network,
    draw,
    loss,
    *,
    iterations,
    lr,
    schedule="onecycle",
    weight_decay=1e-4,
    ema=None,
    seed=0,
    device=None,
    watch=None,
    watch_at=(),
    progress=None,
    quiet=False,
):
    """Train a network with AdamW; it is changed in place and left in evaluation mode.

    It trains on the fastest device and comes back to the one where it was. An interrupt (the
    stop button, Ctrl-C) ends the training early: the network keeps what it has learned, and the
    history says so.

    Every iteration seeds its own random numbers from `seed` and its number. So the same call
    gives the same weights.

    Parameters
    ----------
    network : torch.nn.Module
    draw : callable or torch.utils.data.DataLoader
        ``draw(generator)`` returns one batch as a tuple: the input, then whatever `loss` needs. The
        generator (of torch, on the CPU) is its only source of chance. A loader is read from its
        beginning as often as the iterations need.
    loss : callable
        ``loss(output, *rest_of_batch)`` returns one number as a tensor.
    iterations : int
        Number of batches; a training is budgeted by iterations, because seconds differ.
    lr : float
        The learning rate, or with ``"onecycle"`` its maximum.
    schedule : {"onecycle", "constant"}
    weight_decay : float
    ema : float, optional
        The network ends as the exponential moving average of its weights with this decay, e.g.
        0.99. Early on the decay is smaller, ``(1 + n) / (10 + n)``, so that the average does not
        remember the random start.
    seed : int
    device : str or torch.device, optional
        By default `choose_device`. It is printed, unless `quiet`.
    watch : callable, optional
        ``watch(network, iteration)`` is called without gradients, in evaluation mode (with the
        averaged weights if `ema`) and with the network still on `device`, after the iterations in
        `watch_at`; 0 is before the first. What it returns is kept in the history.
    watch_at : sequence of int
    progress : bool, optional
        Show a bar; by default only in a terminal.
    quiet : bool, default False
        Print nothing.

    Returns
    -------
    History

    Raises
    ------
    TrainingDiverged
        If the loss or its gradient becomes NaN or infinite; weights and batch norm's statistics
        are those before that iteration.
    ValueError
        If a setting is out of range, a batch is empty, or there is nothing to train.
    """
    _check(network, draw, iterations, lr, schedule, weight_decay, ema)
    device = str(torch.device(device or choose_device()))
    if not quiet:
        print(f"training on {device}, {iterations} iterations")
    home = next(network.parameters()).device
    network.to(device, memory_format=_layout(network))
    averaged = copy.deepcopy(network).requires_grad_(False) if ema else network
    # All weights in one call, which torch does by itself on graphics cards alone.
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=lr, weight_decay=weight_decay, foreach=True
    )
    # One cycle of a single step has no length.
    if schedule == "onecycle" and iterations > 1:
        plan = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=iterations)
    else:
        plan = torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)
    history = History(device)

    def look(iteration):
        if watch is not None and iteration in set(watch_at):
            averaged.eval()
            with torch.no_grad():
                history.watched[iteration] = watch(averaged, iteration)

    start = time.monotonic()
    # tqdm's None means: only in a terminal.
    hidden = None if progress is None else not progress
    try:
        with _own_randomness(device), tqdm(total=iterations, disable=hidden) as bar:
            batches = (_drawn if callable(draw) else _loaded)(draw, seed, _reseed(device))
            look(0)
            for iteration in range(1, iterations + 1):
                value = _step(network, next(batches), loss, optimizer, device, history)
                history.loss.append(value)
                history.lr.append(plan.get_last_lr()[0])
                plan.step()
                if ema:
                    _average(averaged, network, min(ema, (1 + iteration) / (10 + iteration)))
                bar.update()
                bar.set_postfix(loss=f"{value:.3f}", refresh=False)
                look(iteration)
    except KeyboardInterrupt:
        history.interrupted = True
        if not quiet:
            print(f"interrupted after {len(history.loss)} iterations")
    finally:
        if ema:
            _average(network, averaged, 0)
        network.eval().to(home)
        history.seconds = time.monotonic() - start
    return history


def _check(network, draw, iterations, lr, schedule, weight_decay, ema):
    as_count(iterations, "iterations", least=1)
    as_positive(lr, "lr")
    as_choice(schedule, "schedule", _SCHEDULES)
    as_nonnegative(weight_decay, "weight_decay")
    if ema is not None:
        as_open_probability(ema, "ema")
    if not any(weights.requires_grad for weights in network.parameters()):
        raise ValueError("network must have weights that require a gradient, but all are frozen.")
    if isinstance(draw, Iterator) or not (callable(draw) or hasattr(draw, "__iter__")):
        raise ValueError(
            "draw must be a function of a generator, or a DataLoader; an iterator is used up "
            f"after one pass. Got {type(draw).__name__}."
        )


def _layout(network):
    """Channels last, which is faster for images; volumes have no such order."""
    volumes = any(weights.ndim == 5 for weights in network.parameters())
    return torch.preserve_format if volumes else torch.channels_last


def _reseed(device):
    """What seeds torch's own source of chance, from which dropout and loaders draw.

    `torch.manual_seed` also writes down, for each kind of device that is absent, who asked: in a
    notebook that takes as long as a small batch.
    """
    return torch.default_generator.manual_seed if device == "cpu" else torch.manual_seed


def _drawn(draw, seed, reseed):
    """Batches of a function, each from its own seed."""
    for iteration in count(1):
        reseed(_mix(seed, iteration) + 1)
        try:
            batch = draw(torch.Generator().manual_seed(_mix(seed, iteration)))
        except StopIteration as error:
            raise ValueError(f"draw ran out of batches after {iteration - 1}.") from error
        yield _checked(batch)


def _loaded(loader, seed, reseed):
    """Batches of a loader, which is read again when it ends."""
    iteration = 0
    while True:
        start = iteration
        reseed(_mix(seed, start + 1))
        for batch in loader:
            iteration += 1
            reseed(_mix(seed, iteration) + 1)
            yield _checked(batch)
        if iteration == start:
            raise ValueError("draw must give batches, but this loader is empty.")


def _checked(batch):
    if not isinstance(batch, tuple | list) or not all(map(torch.is_tensor, batch)):
        raise ValueError(
            "draw must give batches that are tuples of tensors: the input, then what the loss "
            f"needs. Got {type(batch).__name__}."
        )
    if not len(batch) or not batch[0].shape[:1].numel():
        raise ValueError("draw gave an empty batch: there is nothing to learn from.")
    return batch


def _step(network, batch, loss, optimizer, device, history):
    """One batch forward and backward; returns the loss."""
    batch = [part.to(device) for part in batch]
    if batch[0].ndim == 4:
        batch[0] = batch[0].contiguous(memory_format=torch.channels_last)
    network.train()
    # A forward pass moves batch norm's statistics before anybody has seen the loss.
    statistics = [buffer.clone() for buffer in network.buffers()]
    value = loss(network(batch[0]), *batch[1:])
    if not torch.is_tensor(value) or value.numel() != 1:
        shape = tuple(value.shape) if torch.is_tensor(value) else type(value).__name__
        raise ValueError(f"loss must return one number as a tensor, got {shape}.")
    wrong = None
    if not torch.isfinite(value):
        wrong = _diagnosis(value.item(), batch, optimizer, history)
    else:
        optimizer.zero_grad()
        value.backward()
        gradients = [w.grad for w in network.parameters() if w.grad is not None]
        if not torch.isfinite(get_total_norm(gradients)):
            wrong = (
                f"The gradient became NaN or infinite in iteration {len(history.loss) + 1}, though "
                f"the loss was finite, {value:.3g}: look for a root, power or norm of 0, also one "
                "that torch.where or a factor 0 hides, and keep it from 0, as in "
                "(x + 1e-8).sqrt(). With torch.autograd.detect_anomaly() torch names the step."
            )
    if wrong:
        for buffer, kept in zip(network.buffers(), statistics, strict=True):
            buffer.copy_(kept)
        raise TrainingDiverged(wrong)
    optimizer.step()
    return value.item()


def _mix(seed, iteration):
    """A seed of its own for each iteration of each training."""
    return int(np.random.SeedSequence((seed, iteration)).generate_state(1, np.uint32)[0])


def _diagnosis(value, batch, optimizer, history):
    said = f"The loss became {value} in iteration {len(history.loss) + 1}"
    for number, part in enumerate(batch):
        if part.is_floating_point() and not torch.isfinite(part).all():
            what = f"part {number} of the batch" if number else "the input"
            return f"{said}, because {what} contains NaN or infinity."
    recent = f" It was {history.loss[-1]:.3g} before." if history.loss else ""
    rate = optimizer.param_groups[0]["lr"]
    return f"{said}, with finite inputs, at a learning rate of {rate:.3g}: lower lr.{recent}"


def _average(averaged, network, decay):
    """Move the average towards the network; counters, such as batch norm's, are copied.

    Weights that two layers share are listed, and moved, once.
    """
    with torch.no_grad():
        for parts in ("parameters", "buffers"):
            pairs = zip(getattr(averaged, parts)(), getattr(network, parts)(), strict=True)
            for ours, theirs in pairs:
                if ours.is_floating_point() and decay:
                    ours.lerp_(theirs, 1 - decay)
                else:
                    ours.copy_(theirs)


@contextlib.contextmanager
def _own_randomness(device):
    """Leave torch's global random state as it was."""
    devices = [torch.cuda.current_device()] if device.startswith("cuda") else []
    with torch.random.fork_rng(devices=devices):
        yield
