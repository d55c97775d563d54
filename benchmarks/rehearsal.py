"""The table of L7: what each method reaches on the films of the rehearsal, from three seeds.

``python -m benchmarks.rehearsal`` prints it and writes ``rehearsal.csv``, which a test compares
with the chapter. All methods learn from the same films and are asked about all other children,
those of validation and test together: half of them would be too few to compare. The differences of
fine-tuning from the others, film by film, go into ``rehearsal_pairs.csv``.

It also writes ``rehearsal_films.csv``: what more films, and larger ones, would be worth. A linear
classifier on frozen features learns from a tenth to four fifths of all children and is asked about
the last fifth.

And ``rehearsal_tried.csv``, which ``python -m benchmarks.rehearsal tried`` writes alone: what
fine-tuning gives with larger films and more epochs than the chapter's, from the same seeds.
"""

import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from course_lib import assessment, transfer
from course_lib.deploy import CutLite0, Model, Preprocessing, SmallCNN
from course_lib.intervals import grouped_interval
from course_lib.nets import EfficientNetLite0
from course_lib.training import fit

from .report import write_table

TABLE = Path(__file__).with_name("rehearsal.csv")
PAIRS_TABLE = Path(__file__).with_name("rehearsal_pairs.csv")
FILMS_TABLE = Path(__file__).with_name("rehearsal_films.csv")
TRIED_TABLE = Path(__file__).with_name("rehearsal_tried.csv")
# Side in pixels and epochs of the fine-tuning; the chapter's own are 96 and 9.
TRIED = ((96, 18), (144, 18))
# Of all children: a fifth are those of the rehearsal.
SHARES = (0.1, 0.2, 0.4, 0.8)
DEALS = 10
SEEDS = range(3)
# Strengths of regularization from which each linear classifier takes the best, which flatters it.
STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1)


def films():
    """Films to learn from, and those of all other children."""
    split = assessment.films()
    others = (np.concatenate(both) for both in zip(split["valid"], split["test"], strict=True))
    return split["train"], assessment.Films(*others)


def from_scratch(seed):
    """A small network that has seen no photograph, with the augmentation of the others."""
    train, _ = films()
    prepare = Preprocessing(144, channels=1, network_size=64, mean=0.5, sd=0.25)
    x, y = prepare(train.images), torch.tensor(train.y_true)
    augment = nn.Sequential(transfer.ShiftAndTurn(), transfer.Exposure())

    def draw(generator):
        at = torch.randint(len(y), (32,), generator=generator)
        return augment(x[at]), y[at]

    torch.manual_seed(seed)
    network = SmallCNN(2, channels=1)
    loss = nn.CrossEntropyLoss()
    fit(network, draw, loss, iterations=300, lr=3e-3, seed=seed, device="cpu", quiet=True)
    return Model(network, assessment.FILMS, prepare)


def frozen_features(images, pixels=96):
    """What the blocks of the network for photographs say, by number of the block."""
    network, prepare = EfficientNetLite0.pretrained(), Preprocessing(144, network_size=pixels)
    return transfer.features(network, prepare(images))


def linear_rows():
    """Right answers of logistic regression on pixels and on frozen features, the best of each."""
    train, new = films()
    known, unknown = ({"raw pixels": _reduced(f.images)} for f in (train, new))
    for seen, part in ((known, train), (unknown, new)):
        found = frozen_features(part.images)
        seen |= {f"block {layer}": found[layer].numpy() for layer in (7, 10, 12, 14)}
    for kind in ("raw pixels", "block"):
        rights = [
            make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=1000))
            .fit(known[layer], train.y_true)
            .predict(unknown[layer])
            == new.y_true
            for layer in known
            if layer.startswith(kind)
            for C in STRENGTHS
        ]
        yield max(rights, key=np.sum)


def _reduced(images):
    """Images of 144 pixels as means of 6 × 6 pixels, flat."""
    return images.reshape(-1, 24, 6, 24, 6).mean((2, 4)).reshape(len(images), -1)


def film_rows(pixels):
    """Yield (side in pixels, films, accuracy, low, high) of a linear classifier.

    Every film is asked about once in each deal of the children into fifths; intervals by child.
    """
    images, y, patient = (np.concatenate(both) for both in zip(*films(), strict=True))
    X = frozen_features(images, pixels)[CutLite0.BLOCKS - 1].numpy()
    children, rng = np.unique(patient), np.random.default_rng(0)
    fifths = [np.array_split(rng.permutation(children), 5) for _ in range(DEALS)]
    for share in SHARES:
        right, sizes = np.zeros(len(y)), []
        for deal in fifths:
            for number, fifth in enumerate(deal):
                others = np.concatenate(deal[number + 1 :] + deal[:number])
                known = np.isin(patient, others[: round(share * len(children))])
                asked = np.isin(patient, fifth)
                linear = make_pipeline(StandardScaler(), RidgeClassifier(alpha=X.shape[1]))
                linear.fit(X[known], y[known])
                right[asked] += (linear.predict(X[asked]) == y[asked]) / DEALS
                sizes.append(known.sum())
        low, high = grouped_interval(right, patient)
        yield pixels, round(np.mean(sizes)), *(f"{v:.3f}" for v in (right.mean(), low, high))


def rows(rights):
    """Yield (method, seed, accuracy, low, high, processor seconds) for the table.

    Adds to `rights` for each method which films it had right, a row for each seed.
    """
    _, new = films()
    linear = "raw pixels", "frozen features of the best block"
    for features, right in zip(linear, linear_rows(), strict=True):
        rights[f"logistic regression, {features}"] = [right]
        yield f"logistic regression, {features}", "", *_accuracy(right, new), ""
    methods = {
        "small network from scratch": from_scratch,
        "frozen, new head": partial(assessment.reference_model, epochs=0),
        "fine-tuned": assessment.reference_model,
    }
    for name, make in methods.items():
        rights[name] = []
        for seed in SEEDS:
            right, seconds = _judged(partial(make, seed=seed), new)
            rights[name].append(right)
            yield name, seed, *_accuracy(right, new), seconds


def pair_rows(rights):
    """Yield (method, difference, low, high): fine-tuning minus each other method.

    On the same films, as a mean over the seeds; intervals by child.
    """
    _, new = films()
    shares = {name: np.mean(right, 0) for name, right in rights.items()}
    tuned = shares.pop("fine-tuned")
    for name, share in shares.items():
        gain = tuned - share
        low, high = grouped_interval(gain, new.patient)
        yield name, *(f"{v:+.3f}" for v in (gain.mean(), low, high))


def tried_rows():
    """Yield (side in pixels, epochs, seed, accuracy, low, high, processor seconds)."""
    _, new = films()
    for pixels, epochs in TRIED:
        for seed in SEEDS:
            make = partial(assessment.reference_model, epochs=epochs, seed=seed, pixels=pixels)
            right, seconds = _judged(make, new)
            yield pixels, epochs, seed, *_accuracy(right, new), seconds


def _judged(make, new):
    """Which films the model that `make` trains has right, and the seconds of the training."""
    start = time.process_time()
    model = make()
    seconds = f"{time.process_time() - start:.0f}"
    right = model.probabilities(new.images).argmax(1) == new.y_true
    return right, seconds


def _accuracy(right, new):
    low, high = grouped_interval(right.astype(float), new.patient)
    return f"{right.mean():.3f}", f"{low:.3f}", f"{high:.3f}"


if __name__ == "__main__":
    torch.set_num_threads(1)
    header = ("accuracy", "low", "high", "seconds")
    write_table(TRIED_TABLE, ("pixels", "epochs", "seed", *header), tried_rows())
    if sys.argv[1:] == ["tried"]:
        sys.exit()
    curves = (row for pixels in (96, 192) for row in film_rows(pixels))
    write_table(FILMS_TABLE, ("pixels", "films", "accuracy", "low", "high"), curves)
    rights = {}
    write_table(TABLE, ("method", "seed", *header), rows(rights))
    write_table(PAIRS_TABLE, ("than", "difference", "low", "high"), pair_rows(rights))
