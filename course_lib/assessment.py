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

import numpy as np
from matplotlib.figure import Figure

from . import datasets, smear, transfer
from ._files import written_whole
from ._html import figure_uri, page, picture, scrolling, table
from ._model_file import ModelFileError, read
from ._validation import as_open_probability
from .deploy import Model, Preprocessing, model_from
from .figures import COLORS
from .metrics import wilson_interval
from .nets import EfficientNetLite0

MARK = 0.92
_TEST_CELLS = 500


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


def smear_task():
    """Four kinds of white blood cells in simulated smears of many laboratories."""

    def test(seed):
        cells = smear.simulated_smear(_TEST_CELLS, 1, seed=seed)
        return cells.images, cells.y_true

    return Task(
        "White blood cells (simulated)",
        smear.CLASSES,
        smear.SIZE,
        lambda: smear.validation_set()[:2],
        test,
        f"{_TEST_CELLS} simulated cells of as many patients, drawn anew for this very file",
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
        """95% interval of the accuracy (Wilson)."""
        return wilson_interval(self.right, self.n)

    def __str__(self):
        low, high = self.interval
        return f"{self.accuracy:.1%}, 95% interval {low:.1%} to {high:.1%} ({self.right}/{self.n})"


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

    The simulated test set is drawn from a seed that comes out of the file itself (HMAC-SHA256). The
    same file meets the same cells every time; whoever changes the model meets others. So nobody
    can train on them, and handing in the same idea again and again until luck helps shows as a
    row of files. An instructor's `secret` makes the seed unpredictable to those who read this code.

    Parameters
    ----------
    path : path
        What `course_lib.deploy.save_model` wrote.
    task : Task, optional
        By default `smear_task`.
    mark : float
        Accuracy on the test set that must be reached.
    secret : str, optional
        By default the environment variable ``COURSE_SECRET``, or nothing.

    Returns
    -------
    Assessment
    """
    task = task or smear_task()
    mark = as_open_probability(mark, "mark")
    secret = os.environ.get("COURSE_SECRET", "") if secret is None else secret
    try:
        content, fingerprint = read(path)
        model = model_from(content)
        _fits(model, task)
        validation, _ = _score(model, *task.validation())
        test, confusion = _score(model, *task.test(_seed(fingerprint, secret)))
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


def reference_model(*, iterations=700, seed=0):
    """The book's own solution of `smear_task`: head first, then the upper blocks, gently.

    Three minutes of one processor with the default; the recipe is that of the lab on transfer
    learning. Write yours before you read it.

    Parameters
    ----------
    iterations : int
        Of the fine-tuning, in batches of 16 cells.
    seed : int

    Returns
    -------
    course_lib.deploy.Model
    """
    cells = smear.training_set()
    x, look = transfer.as_batch(cells.images), {"augment": transfer.augment_cells, "seed": seed}
    network = transfer.new_head(EfficientNetLite0.pretrained(), len(smear.CLASSES), seed)
    transfer.fit_head(network, x, cells.y_true, copies=2, **look)
    transfer.fine_tune(network, x, cells.y_true, iterations=iterations, **look)
    # A cell has no upper side, so that it may be looked at from all eight.
    return Model(network.cpu(), smear.CLASSES, Preprocessing(smear.SIZE, views=8))


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
    parser.add_argument("--task", default="smear", help="smear, or the name of a MedMNIST set")
    parser.add_argument("--mark", type=float, default=MARK)
    parser.add_argument("--name", default="", help="whose certificate it is")
    parser.add_argument("--certificate", metavar="page.html", help="where to write it")
    given = parser.parse_args(arguments)
    try:
        task = smear_task() if given.task == "smear" else medmnist_task(given.task)
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


_STYLE = """body { font-family: Georgia, serif; line-height: 1.5; color: #222; background: #fff; }
main { max-width: 44rem; margin: 2rem auto; padding: 2rem; border: 4px double #0072b2; }
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
