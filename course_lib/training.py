"""One training loop for the whole book: seeded, resumable, and quiet where nobody watches."""

import contextlib
import copy
import time
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from tqdm import tqdm

from ._files import written_whole
from ._validation import as_choice, as_count, as_open_probability, as_positive

_SCHEDULES = ("onecycle", "constant")


class TrainingDiverged(RuntimeError):
    """The loss became NaN or infinite."""


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
        Wall-clock time of all runs that led here.
    """

    device: str
    loss: list = field(default_factory=list)
    lr: list = field(default_factory=list)
    watched: dict = field(default_factory=dict)
    seconds: float = 0.0

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
        return f"History({len(self.loss)} iterations on {self.device}{last})"


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
    checkpoint=None,
    checkpoint_every=100,
    resume=False,
    progress=None,
    quiet=False,
):
    """Train a network with AdamW; it is changed in place and left in evaluation mode.

    It trains on the fastest device and comes back to the one where it was.

    Every iteration seeds its own random numbers from `seed` and its number. So the same call
    gives the same weights, and a training that was cut goes on exactly where it stopped.

    Parameters
    ----------
    network : torch.nn.Module
    draw : callable
        ``draw(generator)`` returns one batch as a tuple: the input, then whatever `loss` needs. The
        generator (of torch, on the CPU) is its only source of chance.
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
    device : str, optional
        By default `choose_device`. It is printed, unless `quiet`.
    watch : callable, optional
        ``watch(network, iteration)`` is called without gradients, in evaluation mode (with the
        averaged weights if `ema`) and with the network still on `device`, after the iterations in
        `watch_at`; 0 is before the first. What it returns is kept in the history.
    watch_at : sequence of int
    checkpoint : path, optional
        Where to save everything, every `checkpoint_every` iterations and at the end.
    resume : bool, default False
        Go on from `checkpoint`, which must come from a call with the same settings.
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
        If the loss becomes NaN or infinite; the weights are those before that iteration.
    ValueError
        If a setting is out of range, or a checkpoint does not belong to this call.
    """
    _check(iterations, lr, schedule, weight_decay, ema, checkpoint_every, checkpoint, resume)
    device = device or choose_device()
    if not quiet:
        print(f"training on {device}, {iterations} iterations")
    home = next(network.parameters()).device
    network.to(device, memory_format=torch.channels_last)
    averaged = copy.deepcopy(network).requires_grad_(False) if ema else network
    optimizer = torch.optim.AdamW(network.parameters(), lr=lr, weight_decay=weight_decay)
    if schedule == "onecycle":
        plan = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=iterations)
    else:
        plan = torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)
    history = History(device)
    parts = {"network": network, "averaged": averaged, "optimizer": optimizer, "plan": plan}
    settings = {"iterations": iterations, "lr": lr, "schedule": schedule, "seed": seed}
    settings |= {"weight_decay": weight_decay, "ema": ema}
    if resume:
        _restore(checkpoint, parts, settings, history)

    def look(iteration):
        if watch is not None and iteration in set(watch_at):
            averaged.eval()
            with torch.no_grad():
                history.watched[iteration] = watch(averaged, iteration)

    start, before = time.monotonic(), history.seconds
    done = len(history.loss)
    # tqdm's None means: only in a terminal.
    hidden = None if progress is None else not progress
    with _own_randomness(device), tqdm(total=iterations, initial=done, disable=hidden) as bar:
        if done == 0:
            look(0)
        for iteration in range(done + 1, iterations + 1):
            value = _step(network, draw, loss, optimizer, device, (seed, iteration), history)
            history.loss.append(value)
            history.lr.append(plan.get_last_lr()[0])
            plan.step()
            if ema:
                _average(averaged, network, min(ema, (1 + iteration) / (10 + iteration)))
            bar.update()
            bar.set_postfix(loss=f"{value:.3f}", refresh=False)
            look(iteration)
            history.seconds = before + time.monotonic() - start
            if checkpoint and (iteration % checkpoint_every == 0 or iteration == iterations):
                _save(checkpoint, parts, settings, history)
    if ema:
        network.load_state_dict(averaged.state_dict())
    network.eval().to(home)
    return history


def _check(iterations, lr, schedule, weight_decay, ema, checkpoint_every, checkpoint, resume):
    for name, value in (("iterations", iterations), ("checkpoint_every", checkpoint_every)):
        as_count(value, name, least=1)
    as_positive(lr, "lr")
    as_choice(schedule, "schedule", _SCHEDULES)
    if weight_decay < 0:
        raise ValueError(f"weight_decay must not be negative, got {weight_decay}.")
    if ema is not None:
        as_open_probability(ema, "ema")
    if resume and checkpoint is None:
        raise ValueError("checkpoint must name the file from which to resume, but it is None.")


def _step(network, draw, loss, optimizer, device, key, history):
    """One batch forward and backward; returns the loss."""
    seed, iteration = key
    generator = torch.Generator().manual_seed(_mix(seed, iteration))
    # Dropout draws from torch's own source.
    torch.manual_seed(_mix(seed, iteration) + 1)
    batch = [part.to(device) for part in draw(generator)]
    if batch[0].ndim == 4:
        batch[0] = batch[0].contiguous(memory_format=torch.channels_last)
    network.train()
    value = loss(network(batch[0]), *batch[1:])
    if not torch.isfinite(value):
        raise TrainingDiverged(_diagnosis(value.item(), iteration, batch, optimizer, history))
    optimizer.zero_grad()
    value.backward()
    optimizer.step()
    return value.item()


def _mix(seed, iteration):
    """A seed of its own for each iteration of each training."""
    return int(np.random.SeedSequence((seed, iteration)).generate_state(1, np.uint32)[0])


def _diagnosis(value, iteration, batch, optimizer, history):
    said = f"The loss became {value} in iteration {iteration}"
    for number, part in enumerate(batch):
        if part.is_floating_point() and not torch.isfinite(part).all():
            what = f"part {number} of the batch" if number else "the input"
            return f"{said}, because {what} contains NaN or infinity."
    recent = f" It was {history.loss[-1]:.3g} before." if history.loss else ""
    rate = optimizer.param_groups[0]["lr"]
    return f"{said}, with finite inputs, at a learning rate of {rate:.3g}: lower lr.{recent}"


def _average(averaged, network, decay):
    """Move the average towards the network; counters, such as batch norm's, are copied."""
    ours, theirs = averaged.state_dict(), network.state_dict()
    for name, value in ours.items():
        if value.is_floating_point():
            value.lerp_(theirs[name], 1 - decay)
        else:
            value.copy_(theirs[name])


@contextlib.contextmanager
def _own_randomness(device):
    """Leave torch's global random state as it was."""
    devices = [torch.cuda.current_device()] if device.startswith("cuda") else []
    with torch.random.fork_rng(devices=devices):
        yield


def _save(path, parts, settings, history):
    """Write a checkpoint whole or not at all."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {name: part.state_dict() for name, part in parts.items()}
    content |= {"settings": settings, "loss": history.loss, "lr": history.lr}
    content["seconds"] = history.seconds
    with written_whole(path) as temporary:
        torch.save(content, temporary)


def _restore(path, parts, settings, history):
    """Load a checkpoint into the parts and the history."""
    try:
        content = torch.load(path, map_location=history.device, weights_only=True)
    except FileNotFoundError as error:
        raise ValueError(f"checkpoint must be an existing file to resume, got {path}.") from error
    for name, value in settings.items():
        if content["settings"][name] != value:
            raise ValueError(
                f"{name} must be {content['settings'][name]!r} as in the checkpoint, got {value!r}."
            )
    for name, part in parts.items():
        part.load_state_dict(content[name])
    history.loss[:], history.lr[:] = content["loss"], content["lr"]
    history.seconds = content["seconds"]
