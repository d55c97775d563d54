"""A rehearsal of the workshop's assessment: hand in a model file, get a score and a certificate.

On the command line: ``python -m course_lib.assessment model.pt --certificate page.html``.
"""

import argparse
import hashlib
import hmac
import html
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from skimage.io import imsave
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from . import datasets, loops, transfer
from ._files import written_whole
from ._html import figure_uri, page, picture, scrolling, table
from ._model_file import ModelFileError, read
from ._validation import as_open_probability
from .deploy import CutLite0, Model, Preprocessing, model_from
from .figures import COLORS
from .loops import Score
from .metrics import wilson_interval
from .nets import EfficientNetLite0

MARK = 0.92
#: The classes of the chest X-rays, in the order of their labels and of their folders.
FILMS = ("normal", "pneumonia")
# Some minutes of one processor: the book's own model needs a twelfth of it.
_MOST_MULTIPLICATIONS = 4e11


@dataclass(frozen=True)
class Task:
    """What a model is assessed on.

    Attributes
    ----------
    title : str
    classes : tuple of str
        A model must have these, in this order.
    size : int
        Side of the images in pixels.
    validation : callable
        ``validation()`` returns images and their labels. Everybody may have seen them.
    test : callable
        ``test(seed)`` returns images and labels that nobody has trained on.
    test_note : str
        Where the test images come from, for the certificate.
    """

    title: str
    classes: tuple[str, ...]
    size: int
    validation: Callable
    test: Callable
    test_note: str


class Films(NamedTuple):
    """Chest X-rays: images (n, 144, 144) uint8, labels (n,) in the order of `FILMS`, patients."""

    images: np.ndarray
    y_true: np.ndarray
    patient: np.ndarray


def films():
    """The real chest X-rays of the rehearsal, split by child: nobody is in two parts.

    Two in ten children are to learn from, the others in two halves; see
    `course_lib.datasets.chest_xrays` for what is wrong with the films. Six of them are in the set
    twice, one under the names of two children, and are taken once.

    Returns
    -------
    dict of Films
        ``"train"``, ``"valid"``, and ``"test"``, on which the assessment decides.
    """
    every = datasets.chest_xrays()
    rng = np.random.default_rng(0)
    parts = [], [], []
    for kind in np.unique(every.kind):
        # Healthy children, bacteria and viruses are dealt out alike: viruses are harder to see.
        children, first = np.unique(every.patient, return_index=True)
        children = rng.permutation(children[every.kind[first] == kind])
        dealt = np.split(children, np.rint(np.array([0.2, 0.6]) * len(children)).astype(int))
        for part, some in zip(parts, dealt, strict=True):
            part.extend(some)
    # Later films overwrite earlier ones that are the same.
    single = sorted({image.tobytes(): row for row, image in enumerate(every.images)}.values())
    images, y_true, patient = (values[single] for values in every[:2] + every[3:])
    chosen = (np.isin(patient, part) for part in parts)
    return {
        name: Films(images[rows], y_true[rows].astype(int), patient[rows])
        for name, rows in zip(("train", "valid", "test"), chosen, strict=True)
    }


def write_films(folder):
    """Write `films` as PNG images: ``folder/train/normal/000.png`` … ``folder/valid/pneumonia/…``.

    The test films are not written: whoever has them trains on them.
    """
    split = films()
    for name in ("train", "valid"):
        for number, (image, label) in enumerate(zip(*split[name][:2], strict=True)):
            path = Path(folder) / name / FILMS[label] / f"{number:03}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            imsave(path, image, check_contrast=False)


def film_task():
    """Pneumonia or not, on real chest X-rays of children who were not trained on."""
    split = films()
    return Task(
        "Chest X-rays",
        FILMS,
        split["train"].images.shape[1],
        lambda: split["valid"][:2],
        lambda seed: split["test"][:2],
        f"{len(split['test'].y_true)} films of {len(set(split['test'].patient))} other children",
    )


def medmnist_task(name):
    """The published splits of a real data set; see `course_lib.datasets.medmnist`.

    The test set is the published one, the same for every model: it is secret only as long as
    nobody trains on it.
    """
    data = datasets.medmnist(name)
    return Task(
        name,
        data.classes,
        data.train.images.shape[1],
        lambda: data.validation,
        lambda seed: data.test,
        f"the {len(data.test.y_true)} images of the published test set",
    )


@dataclass(frozen=True, repr=False)
class Assessment:
    """What `assess` found; shows itself as text and as HTML.

    Attributes
    ----------
    task : str
        Title of the task.
    mark : float
        The accuracy to reach.
    refused : str
        Why the file could not be assessed, in one sentence; empty if it was.
    validation, test : Score or None
    confusion : tuple of tuple of int
        Of the test set; rows are what the model said, columns the truth.
    """

    task: str
    mark: float
    refused: str = ""
    validation: Score | None = None
    test: Score | None = None
    classes: tuple[str, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    fingerprint: str = ""
    model: str = ""
    test_note: str = ""

    @property
    def passed(self):
        """Whether the accuracy on the test set reaches the mark."""
        return self.test is not None and self.test.accuracy >= self.mark

    @property
    def verdict(self):
        """One or two sentences: passed or not, and how far luck may have helped."""
        if self.refused:
            return f"Not assessed: {self.refused}"
        low, high = self.test.interval
        said = f"{'Passed' if self.passed else 'Not passed'}: the mark is {self.mark:.0%}."
        if low < self.mark <= high:
            said += " The interval contains the mark, so other test images could decide otherwise."
        return said

    def __repr__(self):
        if self.refused:
            return self.verdict
        return f"validation  {self.validation}\ntest        {self.test}\n{self.verdict}"

    def _repr_html_(self):
        if self.refused:
            return f'<div class="assessment" role="status"><p>{html.escape(self.verdict)}</p></div>'
        return (
            f'<div class="assessment" role="status"><p><b>{html.escape(self.verdict)}</b></p>'
            f"<p>Validation {self.validation}.<br>Test {self.test}.</p>{self._table()}</div>"
        )

    def certificate(self, name="", day=None):
        """A page of its own, with no script and nothing to load from elsewhere.

        Parameters
        ----------
        name : str
            Whose certificate it is.
        day : datetime.date, optional
            By default today.

        Returns
        -------
        str
            HTML.

        Raises
        ------
        ValueError
            If the mark was not reached.
        """
        if not self.passed:
            raise ValueError(f"there is no certificate: {self.verdict}")
        name = html.escape(name.strip() or "…………………………")
        body = _CERTIFICATE.format(
            title=html.escape(self.task),
            name=name,
            day=(day or date.today()).isoformat(),
            accuracy=f"{self.test.accuracy:.1%}",
            test=html.escape(str(self.test)),
            test_note=html.escape(self.test_note),
            validation=html.escape(str(self.validation)),
            verdict=html.escape(self.verdict),
            model=html.escape(self.model),
            fingerprint=self.fingerprint,
            figure=self._figure(),
            table=scrolling(self._table(), "Confusion table"),
        )
        return page(f"Certificate: {self.task}", body, _STYLE)

    def _table(self):
        rows = [(name, *row) for name, row in zip(self.classes, self.confusion, strict=True)]
        caption = "Test set: what the model said (rows), and what it was (columns)"
        return table((r"said \ was", *self.classes), rows, caption, named_rows=True)

    def _figure(self):
        """Sensitivity for each class with its interval, as a picture inside the page."""
        counts = np.array(self.confusion)
        right, total = counts.diagonal(), counts.sum(0)
        place = np.arange(len(total))[::-1]
        figure = Figure(figsize=(6.4, 0.8 + 0.35 * len(total)), layout="constrained")
        ax = figure.subplots()
        for y, k, n in zip(place, right.tolist(), total.tolist(), strict=True):
            if n:
                ax.plot(wilson_interval(k, n), (y, y), color=COLORS["normal"])
                ax.plot(k / n, y, "o", color=COLORS["normal"])
        ax.axvline(self.mark, color=COLORS["muted"], linestyle=":")
        ax.set(xlabel="share of the class that was recognized, 95% interval", yticks=place)
        ax.set_yticklabels(self.classes)
        return picture(figure_uri(figure), "Share recognized of each class")


def assess(path, task=None, *, mark=MARK, secret=None):
    """Score a model file on a validation set and on a test set that nobody has seen.

    Never raises for what a file contains: whatever is wrong with it is said in one sentence, and
    nothing in it is executed.

    A simulated test set is drawn from a seed that comes out of the file itself (HMAC-SHA256). The
    same file meets the same cells every time; whoever changes the model meets others. So nobody
    can train on them, and handing in the same idea again and again until luck helps shows as a
    row of files. An instructor's `secret` makes the seed unpredictable to those who read this code.
    Real films are the same for everybody, and secret as long as nobody trains on them.

    Parameters
    ----------
    path : path
        What `course_lib.deploy.save_model` wrote.
    task : Task, optional
        By default `film_task`.
    mark : float
        Accuracy on the test set that must be reached.
    secret : str, optional
        By default the environment variable ``COURSE_SECRET``, or nothing.

    Returns
    -------
    Assessment
    """
    task = task or film_task()
    mark = as_open_probability(mark, "mark")
    secret = os.environ.get("COURSE_SECRET", "") if secret is None else secret
    try:
        content, fingerprint = read(path)
        model = model_from(content)
        _fits(model, task)
        valid, hidden = task.validation(), task.test(_seed(fingerprint, secret))
        _affordable(model, len(valid[1]) + len(hidden[1]))
        validation, _ = _score(model, *valid)
        test, confusion = _score(model, *hidden)
    except ModelFileError as error:
        return Assessment(task.title, mark, refused=str(error))
    return Assessment(
        task.title,
        mark,
        validation=validation,
        test=test,
        classes=task.classes,
        confusion=confusion,
        fingerprint=fingerprint,
        model=repr(model),
        test_note=task.test_note,
    )


def reference_model(*, epochs=9, seed=0, pixels=96):
    """The book's own solution of `film_task`: a new end first, then the upper blocks, gently.

    About half a minute of one processor. Write yours before you read it.

    Parameters
    ----------
    epochs : int
        Of the fine-tuning.
    seed : int
    pixels : int
        Side to which the films are reduced.

    Returns
    -------
    course_lib.deploy.Model
    """
    torch.manual_seed(seed)
    prepare, network = Preprocessing(144, network_size=pixels), EfficientNetLite0.pretrained()
    learn = films()["train"]
    x = network.standardize(prepare(learn.images))
    loader = DataLoader(TensorDataset(x, torch.tensor(learn.y_true)), 16, shuffle=True)
    augment = nn.Sequential(transfer.ShiftAndTurn(), transfer.Exposure())
    last = nn.Linear(192, len(FILMS))
    features = transfer.Features(network, CutLite0.BLOCKS).requires_grad_(False)
    model = nn.Sequential(features, nn.AdaptiveAvgPool2d(1), nn.Flatten(), last)
    # The order of numbers in memory in which convolutions are faster.
    model.to(memory_format=torch.channels_last)
    loss = nn.CrossEntropyLoss(label_smoothing=0.05)
    optimizer = torch.optim.Adam(last.parameters(), lr=1e-2)
    for _ in range(6):
        loops.train(model, loader, augment, optimizer, loss)
    features.blocks[10:].requires_grad_(True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-4)
    slower = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(epochs, 1))
    for _ in range(epochs):
        loops.train(model, loader, augment, optimizer, loss)
        slower.step()
    return Model(CutLite0.of(features, last), FILMS, prepare)


def _fits(model, task):
    if len(model.classes) != len(task.classes):
        raise ModelFileError(
            f"the model tells {len(model.classes)} classes apart, but the task has "
            f"{len(task.classes)}: {', '.join(task.classes)}."
        )
    if model.classes != task.classes:
        raise ModelFileError(
            f"the model's classes must be {', '.join(task.classes)}, in this order, but are "
            f"{', '.join(model.classes)}."
        )
    if model.preprocessing.size != task.size:
        raise ModelFileError(
            f"the model takes images of {model.preprocessing.size}×{model.preprocessing.size} "
            f"pixels, but those of the task have {task.size}×{task.size}."
        )


def _affordable(model, images):
    needed = images * model.multiplications()
    if needed > _MOST_MULTIPLICATIONS:
        raise ModelFileError(
            f"the model would need {needed / 1e9:,.0f} billion multiplications for {images} "
            f"images, and {_MOST_MULTIPLICATIONS / 1e9:,.0f} are allowed: take a smaller "
            "network_size or fewer views."
        )


def _seed(fingerprint, secret):
    key, message = secret.encode(), fingerprint.encode()
    return int.from_bytes(hmac.new(key, message, hashlib.sha256).digest()[:8], "big")


def _score(model, images, y_true):
    y_pred = model.probabilities(images).argmax(1)
    confusion = np.zeros((len(model.classes),) * 2, int)
    np.add.at(confusion, (y_pred, y_true), 1)
    rows = tuple(tuple(row) for row in confusion.tolist())
    return Score(int(confusion.trace()), len(y_true)), rows


def main(arguments=None):
    """``python -m course_lib.assessment model.pt``: 0 if passed, 1 if not, 2 if not possible."""
    parser = argparse.ArgumentParser(
        prog="python -m course_lib.assessment", description="Assess a model file."
    )
    parser.add_argument("model", help="file that save_model wrote")
    parser.add_argument("--task", default="films", help="films, or a MedMNIST set")
    parser.add_argument("--mark", type=float, default=MARK)
    parser.add_argument("--name", default="", help="whose certificate it is")
    parser.add_argument("--certificate", metavar="page.html", help="where to write it")
    given = parser.parse_args(arguments)
    try:
        task = film_task() if given.task == "films" else medmnist_task(given.task)
        found = assess(given.model, task, mark=given.mark)
    except (ValueError, datasets.DataUnavailable) as error:
        print(error, file=sys.stderr)
        return 2
    print(found)
    if found.passed and given.certificate:
        try:
            with written_whole(given.certificate) as temporary:
                temporary.write_text(found.certificate(given.name), encoding="utf-8")
        except OSError as error:
            print(f"the certificate cannot be written: {error.strerror}.", file=sys.stderr)
            return 2
    return 2 if found.refused else 0 if found.passed else 1


_STYLE = f"main {{ border: 4px double {COLORS['normal']}; }}"
_STYLE += """
body { font-family: Georgia, serif; line-height: 1.5; color: #222; background: #fff; }
main { max-width: 44rem; margin: 2rem auto; padding: 2rem; }
h1, .large { text-align: center; }
.large { font-size: 1.5rem; }
img { width: 100%; height: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.85rem; }
th, td { border: 1px solid #bbb; padding: 0.2rem 0.4rem; text-align: end; }
caption, th[scope="row"] { text-align: start; }
.scrolls { overflow-x: auto; }
.small { font-size: 0.85rem; overflow-wrap: anywhere; }
"""
_CERTIFICATE = """<h1>Certificate of rehearsal</h1>
<p class="large">{name}</p>
<p class="large">handed in a model that recognizes<br><b>{title}</b><br>with an accuracy of
<b>{accuracy}</b>.</p>
<p>Test: {test}; {test_note}. Validation: {validation}. {verdict}</p>
{figure}
{table}
<p class="small">{model}. SHA-256 of the file: {fingerprint}. {day}.</p>
<p class="small">A rehearsal for students. It shows what this file did on these images, not who made
it, and no model that holds it may touch a patient.</p>"""


if __name__ == "__main__":
    sys.exit(main())
