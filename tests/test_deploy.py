"""`course_lib.deploy`: one file carries the model, and the worst file can only be refused."""

import contextlib
import io
import json
import os
import pickle
import pickletools
import struct
import subprocess
import sys
import zipfile
from zlib import compress, crc32

import numpy as np
import pytest
import tifffile
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image, ImageOps
from skimage.io import imsave
from torch import nn

from course_lib import _model_file, deploy, transfer
from course_lib.deploy import (
    CutLite0,
    Model,
    ModelFileError,
    Preprocessing,
    SmallCNN,
    export_onnx,
    load_model,
    onnx_probabilities,
    read_image,
    save_model,
)
from course_lib.nets import EfficientNetLite0, UNet

CLASSES = ("lymphocyte", "monocyte", "neutrophil")


def small_model(size=32, channels=3, seed=0, **settings):
    torch.manual_seed(seed)
    network = SmallCNN(len(CLASSES), channels)
    # Statistics that differ from a fresh network's, so that their loss would be noticed.
    network.train()(torch.rand(8, channels, size, size))
    return Model(network, CLASSES, Preprocessing(size, channels, **settings))


def pictures(n=5, size=32, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, size, size, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A model file; ``saved.content`` is what is in it."""
    path = tmp_path_factory.mktemp("models") / "small.pt"
    save_model(small_model(), path)
    return path


@pytest.fixture
def content(saved):
    return torch.load(saved, weights_only=True)


def written(tmp_path, thing, name="made.pt", **options):
    path = tmp_path / name
    torch.save(thing, path, **options)
    return path


# Preprocessing ----------------------------------------------------------------------------------


def test_number_types_mean_the_same():
    gray = np.random.default_rng(0).integers(0, 256, (2, 32, 32)).astype(np.uint8)
    prepare = Preprocessing(32)
    expected = torch.from_numpy(gray / 255.0).float()[:, None].expand(-1, 3, -1, -1)
    for images in (gray, gray.astype(np.uint16) * 257, gray / 255, (gray / 255).astype(np.float32)):
        torch.testing.assert_close(prepare(images), expected, atol=1e-7, rtol=0)


def test_axes_and_standardization():
    images = pictures(2)
    x = Preprocessing(32, mean=0.5, sd=0.25)(images)
    assert x.shape == (2, 3, 32, 32)
    assert x.dtype == torch.float32
    assert x[1, 2, 7, 9].item() == pytest.approx((images[1, 7, 9, 2] / 255 - 0.5) / 0.25, abs=1e-5)


def test_gray_is_the_luminance_of_color():
    images = pictures(3)
    expected = np.stack([np.asarray(Image.fromarray(i).convert("L")) for i in images]) / 255
    assert np.abs(Preprocessing(32, channels=1)(images).numpy()[:, 0] - expected).max() < 1 / 255


@pytest.mark.parametrize("network_size", [28, 64, 96])
def test_resizing_is_pillows(network_size):
    gray = pictures(1, 48)[0, ..., 0] / 255
    expected = Image.fromarray(gray.astype(np.float32), mode=None).resize(
        (network_size, network_size), Image.Resampling.BILINEAR
    )
    x = Preprocessing(48, channels=1, network_size=network_size)(gray[None])
    np.testing.assert_allclose(x[0, 0].numpy(), np.asarray(expected), atol=1e-5)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((2, 31, 32), np.uint8), "images must be 32×32 pixels as in training, got 31×32"),
        (np.zeros((64, 64), np.uint8), r"images must have the shape \(n, height, width\)"),
        (np.zeros((2, 32, 32, 4), np.uint8), "images must have the shape"),
        (np.zeros((0, 32, 32), np.uint8), "images must have the shape"),
        (np.zeros((2, 32, 32), np.int64), "images must be of 8 or 16 bits, or floats"),
        (np.zeros((2, 32, 32), complex), "images must be of 8 or 16 bits, or floats"),
        (np.full((1, 32, 32), np.nan), "images must lie between 0 and 1"),
        (np.full((1, 32, 32), 255.0), "images must lie between 0 and 1"),
        (np.full((1, 32, 32), -0.1), "images must lie between 0 and 1"),
    ],
)
def test_images_that_are_refused(images, message):
    with pytest.raises(ValueError, match=message):
        Preprocessing(32)(images)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": 15}, "size must lie between 16 and 512"),
        ({"size": 10**9}, "size must lie between"),
        ({"size": 32.0}, "size must be a whole number"),
        ({"size": True}, "size must be a whole number"),
        ({"size": 32, "network_size": 1000}, "network_size must lie between"),
        ({"size": 32, "channels": 2}, "channels must be 1 or 3"),
        ({"size": 32, "channels": True}, "channels must be 1 or 3"),
        ({"size": 32, "views": 4}, "views must be 1 or 8"),
        ({"size": 32, "views": [1]}, "views must be 1 or 8"),
        ({"size": 32, "sd": 0.0}, "sd must be a number of reasonable size"),
        ({"size": 32, "sd": float("nan")}, "sd must be a number"),
        ({"size": 32, "mean": float("inf")}, "mean must be a number"),
        ({"size": 32, "mean": "0"}, "mean must be a number"),
        ({"size": 32, "mean": True}, "mean must be a number"),
    ],
)
def test_settings_that_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Preprocessing(**settings)


# Predicting -------------------------------------------------------------------------------------


def test_probabilities_are_those_of_the_network():
    model, images = small_model(), pictures()
    with torch.no_grad():
        x = torch.from_numpy(images / 255.0).float().permute(0, 3, 1, 2)
        expected = torch.softmax(model.network(x), 1).numpy()
    np.testing.assert_allclose(model.probabilities(images), expected, atol=1e-6)
    np.testing.assert_allclose(model.probabilities(images, batch=2), expected, atol=1e-6)


def test_an_answer_does_not_depend_on_the_company():
    """A network left in training mode would normalize by the batch."""
    model, images = small_model(), pictures()
    alone = [model.predict(image) for image in images]
    together = model.probabilities(images)
    for prediction, shares in zip(alone, together, strict=True):
        assert list(prediction.probabilities) == list(CLASSES)
        assert list(prediction.probabilities.values()) == pytest.approx(shares.tolist(), abs=1e-6)
        assert prediction.label == CLASSES[shares.argmax()]
        assert prediction.probability == pytest.approx(shares.max(), abs=1e-6)


def test_eight_views_are_averaged():
    one, eight = small_model(), small_model(views=8)
    images = pictures()
    group = [np.rot90(i, k, (1, 2)) for i in (images, images[:, :, ::-1]) for k in range(4)]
    expected = np.mean([one.probabilities(turned) for turned in group], axis=0)
    np.testing.assert_allclose(eight.probabilities(images), expected, atol=1e-6)
    # So the orientation of an image does not matter any more.
    np.testing.assert_allclose(eight.probabilities(group[6]), expected, atol=1e-6)
    assert np.abs(one.probabilities(group[6]) - one.probabilities(images)).max() > 1e-4


def test_no_images():
    with pytest.raises(ValueError, match="images must hold at least one image"):
        small_model().probabilities(pictures(0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((nn.Linear(3, 3), CLASSES, Preprocessing(32)), "network must be one of"),
        ((UNet(4, 1, 3), CLASSES, Preprocessing(32)), "network must be one of"),
        ((SmallCNN(4), CLASSES, Preprocessing(32)), "classes must name each of the network's 4"),
        ((SmallCNN(3), "abc", Preprocessing(32)), "classes must be a sequence of names"),
        ((SmallCNN(3), ("a", "b", "b"), Preprocessing(32)), "2 or more different names"),
        ((SmallCNN(3), ("a", "b", 3), Preprocessing(32)), "classes must hold printable names"),
        ((SmallCNN(3), ("a", "b", "c\n"), Preprocessing(32)), "classes must hold printable names"),
        ((SmallCNN(3), ("a", "b", ""), Preprocessing(32)), "classes must hold printable names"),
        ((SmallCNN(3), CLASSES, {"size": 32}), "preprocessing must be a Preprocessing"),
        ((EfficientNetLite0(3), CLASSES, Preprocessing(32, channels=1)), "channels must be 3"),
        ((EfficientNetLite0(3), CLASSES, Preprocessing(28)), "network_size must be at least 32"),
    ],
)
def test_models_that_make_no_sense(arguments, message):
    with pytest.raises(ValueError, match=message):
        Model(*arguments)


# Saving and loading -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model",
    [
        small_model(),
        small_model(28, channels=1, network_size=56, mean=0.5, sd=0.2, views=8),
        Model(EfficientNetLite0(3), CLASSES, Preprocessing(28, network_size=32)),
    ],
    ids=repr,
)
def test_a_saved_model_comes_back(model, tmp_path):
    path = tmp_path / "model.pt"
    save_model(model, path)
    again = load_model(path)
    assert repr(again) == repr(model)
    assert again.header() == model.header()
    images = pictures(3, model.preprocessing.size)
    np.testing.assert_array_equal(again.probabilities(images), model.probabilities(images))
    assert [p.name for p in tmp_path.iterdir()] == ["model.pt"]


def test_the_file_holds_plain_data_alone(content):
    def kinds(value):
        if isinstance(value, dict):
            return {k for item in value.items() for part in item for k in kinds(part)}
        if isinstance(value, list):
            return {k for item in value for k in kinds(item)}
        return {type(value)}

    assert kinds(content) <= {torch.Tensor, str, int, float}
    json.dumps({key: value for key, value in content.items() if key != "weights"})


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "model.pt"
    save_model(small_model(seed=1), path)
    before = path.read_bytes()

    def break_off(thing, file):
        file.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", break_off)
    with pytest.raises(OSError, match="disk full"):
        save_model(small_model(seed=2), path)
    assert path.read_bytes() == before


def test_saving_keeps_no_tie_to_the_network(tmp_path):
    model = small_model()
    save_model(model, tmp_path / "model.pt")
    before = load_model(tmp_path / "model.pt").probabilities(pictures())
    with torch.no_grad():
        model.network.logits.weight.zero_()
    np.testing.assert_array_equal(
        load_model(tmp_path / "model.pt").probabilities(pictures()), before
    )


# Files that would run code ----------------------------------------------------------------------


class Bomb:
    """Its pickle creates a file."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


def _archive(program, compress=zipfile.ZIP_STORED, names=("m/data.pkl",)):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compress) as archive:
        for name in names:
            archive.writestr(name, program)
        archive.writestr("m/version", "3\n")
    return file.getvalue()


BOMBS = {
    "torch.save": lambda bomb, path: torch.save(bomb, path),
    "inside of weights": lambda bomb, path: torch.save(
        {"format": "course-lib model 1", "weights": {"a": bomb}}, path
    ),
    "older format of torch": lambda bomb, path: torch.save(
        bomb, path, _use_new_zipfile_serialization=False
    ),
    "plain pickle": lambda bomb, path: path.write_bytes(pickle.dumps(bomb)),
    "newest pickle in an archive": lambda bomb, path: path.write_bytes(
        _archive(pickle.dumps(bomb, protocol=5))
    ),
    "oldest pickle in an archive": lambda bomb, path: path.write_bytes(
        _archive(pickle.dumps(bomb, protocol=0))
    ),
    "pickle before an innocent archive": lambda bomb, path: path.write_bytes(
        pickle.dumps(bomb) + _archive(pickle.dumps({}, protocol=2))
    ),
    "second pickle": lambda bomb, path: path.write_bytes(
        _archive(pickle.dumps(bomb, protocol=2), names=("m/data.pkl", "m/constants.pkl"))
    ),
}


@pytest.mark.parametrize("plant", BOMBS.values(), ids=BOMBS)
def test_a_pickle_that_would_run_code_is_not_run(plant, tmp_path):
    target = tmp_path / "was_here"
    path = tmp_path / "model.pt"
    plant(Bomb(target), path)
    with pytest.raises(ModelFileError) as caught:
        load_model(path)
    assert not target.exists()
    assert "\n" not in str(caught.value)


def test_the_bombs_are_live(tmp_path):
    """Otherwise the test above would pass with any loader."""
    for number, name in enumerate(("torch.save", "older format of torch")):
        target, path = tmp_path / f"was_here_{number}", tmp_path / f"{number}.pt"
        BOMBS[name](Bomb(target), path)
        torch.load(path, weights_only=False)
        assert target.is_dir()


def test_the_file_is_read_before_torch_sees_it(tmp_path, monkeypatch):
    """A torch that could be tricked is not asked."""
    path = written(tmp_path, Bomb(tmp_path / "was_here"))

    def never(*arguments, **options):
        raise AssertionError("torch.load was reached")

    monkeypatch.setattr(torch, "load", never)
    with pytest.raises(ModelFileError, match=r"would call (posix|nt)\.mkdir.*nothing was run"):
        load_model(path)


def test_torch_is_asked_for_data_alone(saved, monkeypatch):
    asked = []
    load = torch.load
    monkeypatch.setattr(torch, "load", lambda *a, **k: asked.append(k) or load(*a, **k))
    load_model(saved)
    assert [k["weights_only"] for k in asked] == [True]


@pytest.mark.parametrize(
    "thing",
    [SmallCNN(3), np.zeros(3), slice(3), torch.device("cpu"), {1, 2}, b"bytes", nn.Linear],
    ids=lambda thing: type(thing).__name__,
)
def test_objects_are_not_models(thing, tmp_path):
    with pytest.raises(ModelFileError, match="nothing was run"):
        load_model(written(tmp_path, thing))


# Short files that describe values without end -----------------------------------------------------


def _two_to_the(n, pair):
    """A value of n levels that a few bytes of pickle describe, and no loop gets to the end of."""
    value = "x"
    for _ in range(n):
        value = pair(value)
    return value


def _as_key(value):
    """A pickle of {value: None}: made by hand, for in Python its hash would never come."""
    return pickle.dumps([value], protocol=2).replace(b"]q\x00", b"}q\x00")[:-2] + b"Ns."


ENDLESS = {
    "lists": _two_to_the(60, lambda value: [value, value]),
    "tuples": _two_to_the(60, lambda value: (value, value)),
    "dictionaries": _two_to_the(60, lambda value: {"a": value, "b": value}),
    "deep": _two_to_the(400, lambda value: [value]),
}


@pytest.mark.parametrize("place", ["format", "architecture", "classes", "preprocessing", "weights"])
@pytest.mark.parametrize("value", ENDLESS.values(), ids=ENDLESS)
def test_a_value_without_end_in_any_field(value, place, content, tmp_path):
    content[place] = value
    with pytest.raises(ModelFileError, match=r"in two places|nested deeper") as caught:
        load_model(written(tmp_path, content))
    assert len(str(caught.value)) < 100


@pytest.mark.parametrize(
    "entry",
    [("preprocessing", "size"), ("preprocessing", "mean"), ("weights", "logits.bias")],
)
def test_a_value_without_end_inside_of_a_field(entry, content, tmp_path):
    content[entry[0]][entry[1]] = ENDLESS["lists"]
    with pytest.raises(ModelFileError, match="in two places"):
        load_model(written(tmp_path, content))
    content[entry[0]][entry[1]] = [[1]]
    with pytest.raises(ModelFileError, match="got a list"):
        load_model(written(tmp_path, content))


def test_a_key_whose_hash_never_comes(tmp_path):
    path = tmp_path / "model.pt"
    path.write_bytes(_archive(_as_key(ENDLESS["tuples"])))
    with pytest.raises(ModelFileError, match="in two places"):
        load_model(path)


def test_the_key_is_one():
    """Otherwise the test above would pass with any loader."""
    assert pickle.loads(_as_key(("x", ("x", 1)))) == {("x", ("x", 1)): None}


def test_more_values_than_a_model_has(content, tmp_path):
    content["classes"] = [1] * 100_000
    with pytest.raises(ModelFileError, match="more values than any model needs"):
        load_model(written(tmp_path, content))


@given(st.recursive(st.none() | st.integers(0, 9) | st.text(max_size=3), st.lists, max_leaves=20))
def test_depth_is_counted_without_making_the_value(value):
    def depth(value):
        return 1 + max(map(depth, value)) if isinstance(value, list) and value else 0

    shape = _model_file._Shape()
    refused = pytest.raises(ModelFileError, match="nested deeper")
    with refused if depth(value) > _model_file._DEEPEST else contextlib.nullcontext():
        for instruction, argument, _ in pickletools.genops(pickle.dumps(value, protocol=2)):
            shape.follow(instruction.name, argument)
        assert shape.depths == [depth(value)]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in folders")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "model.pt")
    with pytest.raises(ModelFileError, match="cannot be opened: it is no regular file"):
        load_model(tmp_path / "model.pt")


# What a model costs -----------------------------------------------------------------------------


def test_multiplications_by_hand():
    """Three kernels over 32, 16, 8 and 4 pixels a side, then the last layer, in eight views."""
    channels = (3, 16, 32, 64, 64)
    sides = (32, 16, 8, 4)
    one = sum(
        side**2 * 9 * before * after
        for side, before, after in zip(sides, channels, channels[1:], strict=False)
    )
    assert small_model().multiplications() == one + 64 * 3
    assert small_model(views=8).multiplications() == 8 * (one + 64 * 3)


def test_multiplications_of_the_paper():
    """EfficientNet-Lite0 is published with 407 million at 224 pixels."""
    model = Model(EfficientNetLite0(), list(map(str, range(1000))), Preprocessing(224))
    assert model.multiplications() == pytest.approx(407e6, rel=0.06)


# Files that are damaged -------------------------------------------------------------------------


def test_files_that_are_none(tmp_path):
    (tmp_path / "empty.pt").touch()
    (tmp_path / "text.pt").write_text("weights, honestly")
    for name, message in (
        ("missing.pt", "the file cannot be opened: No such file"),
        (".", "the file cannot be opened"),
        ("empty.pt", "the file is empty"),
        ("text.pt", "was not written by torch.save"),
    ):
        with pytest.raises(ModelFileError, match=message):
            load_model(tmp_path / name)


def test_archives_that_are_not_torchs(tmp_path):
    path = tmp_path / "model.pt"
    harmless = pickle.dumps({}, protocol=2)
    for data in (
        _archive(harmless, names=()),
        _archive(harmless, zipfile.ZIP_DEFLATED),
        _archive(harmless, names=("m/data.pkl", "m/other.pkl")),
    ):
        path.write_bytes(data)
        with pytest.raises(ModelFileError, match="not one of those that torch"):
            load_model(path)


def test_a_file_without_end_is_not_read_to_its_end(saved, monkeypatch):
    monkeypatch.setattr(_model_file, "MOST_BYTES", 1000)
    with pytest.raises(ModelFileError, match="the file is larger than"):
        load_model(saved)


@given(share=st.floats(0, 1, exclude_max=True))
def test_a_cut_file(saved, tmp_path_factory, share):
    data = saved.read_bytes()
    path = tmp_path_factory.mktemp("cut") / "model.pt"
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(ModelFileError):
        load_model(path)


@example(place=0.0078125, flipped=128, near=0)  # a file's name that is no UTF-8
@given(
    place=st.floats(0, 1, exclude_max=True),
    flipped=st.integers(1, 255),
    near=st.sampled_from([0, 0, 1]),
)
def test_a_flipped_byte(saved, tmp_path_factory, place, flipped, near):
    """Refused, or (where it hit a weight) a model; never anything else."""
    data = bytearray(saved.read_bytes())
    # Half of the examples hit the pickle at the start, where structure is.
    span = len(data) if near else 4000
    data[int(place * span)] ^= flipped
    path = tmp_path_factory.mktemp("flipped") / "model.pt"
    path.write_bytes(data)
    with contextlib.suppress(ModelFileError):
        assert isinstance(load_model(path), Model)


def test_a_cut_network_comes_back_and_shares_its_layers(tmp_path):
    torch.manual_seed(0)
    whole, last = EfficientNetLite0().eval(), nn.Linear(192, 3)
    cut = CutLite0.of(transfer.Features(whole, CutLite0.BLOCKS), last)
    model = Model(cut, CLASSES, Preprocessing(32))
    save_model(model, tmp_path / "cut.pt")
    loaded = load_model(tmp_path / "cut.pt")
    np.testing.assert_array_equal(loaded.probabilities(pictures()), model.probabilities(pictures()))
    x = Preprocessing(32)(pictures())
    with torch.no_grad():
        expected = last(transfer.features(whole, x)[12]).softmax(1)
    np.testing.assert_allclose(model.probabilities(pictures()), expected, atol=1e-5)
    assert cut.blocks[3] is whole.blocks[3]


# Files that hold something else -----------------------------------------------------------------


def test_bare_weights(tmp_path):
    """What most people save first."""
    path = written(tmp_path, SmallCNN(3).state_dict())
    with pytest.raises(ModelFileError, match="holds only weights, without architecture and"):
        load_model(path)


@pytest.mark.parametrize("thing", [None, [], {}, "model", torch.zeros(3), {"format": "2"}])
def test_another_format(thing, tmp_path):
    with pytest.raises(ModelFileError, match="the file holds another format: write it with"):
        load_model(written(tmp_path, thing))


CHANGES = [
    (lambda c: c.pop("classes"), "exactly the parts of a model, but not so: classes"),
    (lambda c: c.update(more=1), "exactly the parts of a model, but not so: more"),
    (lambda c: c.update(architecture="ResNet"), "architecture must be one of .* got ResNet"),
    (lambda c: c.update(architecture=["SmallCNN"]), "architecture must be one of"),
    (lambda c: c.update(architecture="UNet"), "architecture must be one of"),
    (lambda c: c.update(architecture="EfficientNetLite0"), "weights must have the names of a Eff"),
    (lambda c: c.update(classes="abc"), "classes must be a sequence of names"),
    (lambda c: c.update(classes=["a", "b"]), r"logits.* must be torch.float32 of shape \(2"),
    (lambda c: c.update(classes=["a", "b", "a"]), "2 or more different names"),
    (lambda c: c.update(classes=[str(i) for i in range(5000)]), "2 or more different names"),
    (lambda c: c.update(preprocessing=None), "preprocessing must have the entries"),
    (lambda c: c["preprocessing"].pop("size"), "preprocessing must have the entries"),
    (lambda c: c["preprocessing"].update(size=10**12), "size must lie between"),
    (lambda c: c["preprocessing"].update(size="32"), "size must be a number, got 32"),
    (
        lambda c: c["preprocessing"].update(channels=torch.zeros(1).expand(10**15)),
        "channels must be a number, got a Tensor",
    ),
    (lambda c: c["preprocessing"].update(channels=1), r"features.0.weight must be .*\(16, 1"),
    (lambda c: c["preprocessing"].update(channels=[3]), "channels must be a number, got a list"),
    (lambda c: c["preprocessing"].update(channels=2), "channels must be 1 or 3"),
    (lambda c: c.update(weights=[1]), "weights must have the names of a SmallCNN"),
    (lambda c: c["weights"].pop("logits.bias"), "1 are missing or unknown, such as logits.bias"),
    (lambda c: c["weights"].update(extra=torch.zeros(1)), "missing or unknown, such as extra"),
    (lambda c: c["weights"].update({3: torch.zeros(1)}), "missing or unknown, such as 3"),
    (lambda c: c["weights"].update({"logits.bias": 0.0}), "logits.bias must be .* got a float"),
    (
        lambda c: c["weights"].update({"logits.bias": torch.zeros(4)}),
        r"logits.bias must be torch.float32 of shape \(3,\), got \(4,\)",
    ),
    (
        lambda c: c["weights"].update({"logits.bias": torch.zeros(1).expand(3).double()}),
        "logits.bias must be torch.float32",
    ),
    (
        lambda c: c["weights"].update({"logits.bias": torch.tensor([0.0, torch.nan, 0])}),
        "logits.bias must be finite",
    ),
]


@pytest.mark.parametrize(("change", "message"), CHANGES, ids=[m for _, m in CHANGES])
def test_content_that_is_no_model(change, message, content, tmp_path):
    change(content)
    with pytest.raises(ModelFileError, match=message) as caught:
        load_model(written(tmp_path, content))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_the_same_content_unchanged_is_a_model(content, tmp_path):
    assert isinstance(load_model(written(tmp_path, content)), Model)


def test_a_claimed_giant_costs_nothing(content, tmp_path):
    """A tensor of 10^15 numbers that share one place in memory."""
    content["weights"]["logits.weight"] = torch.zeros(1).expand(10**15)
    with pytest.raises(ModelFileError, match=r"logits.weight must be .* got \(10{15},\)"):
        load_model(written(tmp_path, content))


# ONNX -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A model, and its ONNX file."""
    pytest.importorskip("onnxscript")
    pytest.importorskip("onnxruntime")
    model = small_model(28, network_size=32, mean=0.5, sd=0.3, views=8)
    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    export_onnx(model, path)
    return model, path


@pytest.mark.parametrize("n", [1, 2, 7])
@pytest.mark.slow
def test_onnx_gives_the_same_probabilities(exported, n):
    model, path = exported
    light = np.linspace(1, 0.2, n)[:, None, None, None]
    images = (light * pictures(n, 28)).astype(np.uint8)
    expected = model.probabilities(images)
    found = onnx_probabilities(path, images)
    assert found.shape == (n, len(CLASSES))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.ptp(expected, axis=0).max() > 1e-3 or n == 1, "the images must matter"


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(16, 16), (33, 70), (64, 20)])
def test_onnx_takes_images_of_any_height_and_width(exported, shape):
    import onnxruntime

    model, path = exported
    x = torch.rand(3, 3, *shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = model.network(x).softmax(1).numpy()
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (found,) = session.run(["probabilities"], {"images": x.numpy()})
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("build", [CutLite0, EfficientNetLite0])
def test_onnx_of_padding_by_size_holds_its_size(build, tmp_path):
    import onnxruntime

    torch.manual_seed(0)
    model = Model(build(len(CLASSES)), CLASSES, Preprocessing(28, network_size=50))
    export_onnx(model, tmp_path / "model.onnx")
    images = pictures(3, 28)
    found = onnx_probabilities(tmp_path / "model.onnx", images)
    np.testing.assert_allclose(found, model.probabilities(images), atol=1e-5)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    with pytest.raises(onnxruntime.capi.onnxruntime_pybind11_state.InvalidArgument, match="Expect"):
        session.run(None, {"images": np.zeros((1, 3, 64, 64), np.float32)})


@pytest.mark.slow
def test_onnx_is_one_quiet_file(tmp_path, capfd):
    pytest.importorskip("onnxscript")
    export_onnx(small_model(), tmp_path / "model.onnx")
    assert [p.name for p in tmp_path.iterdir()] == ["model.onnx"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_onnx_carries_the_preprocessing(exported):
    import onnx

    model, path = exported
    graph = onnx.load(path)
    onnx.checker.check_model(graph)
    (prop,) = graph.metadata_props
    assert json.loads(prop.value) == model.header()


@pytest.mark.slow
def test_onnx_refuses_other_images(exported):
    with pytest.raises(ValueError, match="images must be 28×28 pixels"):
        onnx_probabilities(exported[1], pictures(1, 32))


# Images from files, and the command line --------------------------------------------------------


@pytest.fixture
def image_file(tmp_path):
    path = tmp_path / "cell.png"
    imsave(path, pictures(1)[0], check_contrast=False)
    return path


def test_image_files(tmp_path, image_file):
    np.testing.assert_array_equal(read_image(image_file), pictures(1)[0])
    rgba = np.dstack([pictures(1)[0], np.full((32, 32), 128, np.uint8)])
    imsave(tmp_path / "rgba.png", rgba, check_contrast=False)
    np.testing.assert_array_equal(read_image(tmp_path / "rgba.png"), pictures(1)[0])
    gray = pictures(1)[0, ..., 0].astype(np.uint16) * 200
    imsave(tmp_path / "gray.png", gray, check_contrast=False)
    np.testing.assert_array_equal(read_image(tmp_path / "gray.png"), gray)


def test_files_that_are_no_images(tmp_path):
    (tmp_path / "cell.png").write_bytes(b"no picture")
    for name in ("cell.png", "missing.png"):
        with pytest.raises(ValueError, match=rf"{name} cannot be read as an image"):
            read_image(tmp_path / name)


@pytest.mark.parametrize("planes", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("pages", [True, False])
def test_a_stack_of_planes_is_no_color_image(planes, pages, tmp_path):
    stack = np.random.default_rng(0).integers(0, 255, (planes, 32, 33), np.uint8)
    settings = {} if pages or planes == 1 else {"planarconfig": "separate"}
    tifffile.imwrite(tmp_path / "stack.tif", stack, photometric="minisblack", **settings)
    if planes == 1:
        np.testing.assert_array_equal(read_image(tmp_path / "stack.tif"), stack[0])
        return
    with pytest.raises(ValueError, match=r"stack\.tif must be one image, gray or RGB, but"):
        read_image(tmp_path / "stack.tif")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["jpg", "png", "tif"])
def test_an_image_is_turned_as_its_file_says(orientation, kind, tmp_path):
    """Against Pillow, which turns what EXIF says, also of a TIFF."""
    pixels = np.zeros((24, 16, 3), np.uint8)
    pixels[:8, :8], pixels[16:, :8] = (250, 0, 0), (0, 0, 250)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"cell.{kind}"
    Image.fromarray(pixels).save(path, exif=exif)
    with Image.open(path) as file:
        expected = np.asarray(ImageOps.exif_transpose(file))
    found = read_image(path)
    assert found.shape == ((24, 16, 3) if orientation < 5 else (16, 24, 3))
    np.testing.assert_array_equal(found, expected)


def test_colors_that_are_not_rgb(tmp_path):
    rgb = Image.fromarray(pictures(1)[0])
    for name, mode in (("cell.jpg", "CMYK"), ("cell.tif", "CMYK"), ("lab.tif", "LAB")):
        converted = rgb.convert(mode) if mode == "CMYK" else Image.new("LAB", (32, 32))
        converted.save(tmp_path / name)
        with pytest.raises(ValueError, match=rf"{name} must be .* RGB, but its colors are"):
            read_image(tmp_path / name)
    tifffile.imwrite(tmp_path / "s.tif", np.moveaxis(pictures(1)[0], 2, 0), photometric="rgb")
    np.testing.assert_array_equal(read_image(tmp_path / "s.tif"), pictures(1)[0])
    gray = pictures(1)[0, ..., 0]
    tifffile.imwrite(tmp_path / "white.tif", 255 - gray, photometric="miniswhite")
    np.testing.assert_array_equal(read_image(tmp_path / "white.tif"), gray)
    rgb.quantize(256).save(tmp_path / "few.png")
    np.testing.assert_array_equal(
        read_image(tmp_path / "few.png"), rgb.quantize(256).convert("RGB")
    )
    rgb.save(tmp_path / "film.gif", save_all=True, append_images=[Image.new("RGB", (32, 32))])
    with pytest.raises(ValueError, match=r"film\.gif must be one image, .* holds 2 of them"):
        read_image(tmp_path / "film.gif")


@pytest.mark.parametrize("name", ["cell.png", "cell.tif"])
def test_twelve_bits_in_sixteen(name, tmp_path):
    path = tmp_path / name
    gray = np.arange(1024, dtype=np.uint16).reshape(32, 32) * 4
    imsave(path, gray, check_contrast=False)
    with pytest.raises(ValueError, match=r"must use its 16 bits, .* above 4092, .* 12 bits"):
        read_image(path)
    np.testing.assert_allclose(read_image(path, bits=12), gray / 4095)
    np.testing.assert_array_equal(read_image(path, bits=16), gray)
    with pytest.raises(ValueError, match="must hold 10 bits, but a pixel has 4092"):
        read_image(path, bits=10)
    with pytest.raises(ValueError, match="bits must lie between 1 and 16"):
        read_image(path, bits=17)
    imsave(path, gray * 16, check_contrast=False)
    np.testing.assert_array_equal(read_image(path), gray * 16)


def _png(pixels, color):
    """A PNG of 16 bits, as the specification says: Pillow writes none in color."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc32(kind + data))

    height, width = pixels.shape[:2]
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, color, 0, 0, 0))
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("bits", [None, 12, 16])
@pytest.mark.parametrize(("channels", "color"), [(1, 0), (2, 4), (3, 2), (4, 6)])
def test_sixteen_bits_of_a_png(channels, color, bits, tmp_path):
    """Gray is read whole; of colors and transparency Pillow keeps 8 bits without a word."""
    pixels = np.random.default_rng(0).integers(0, 4096, (32, 32, channels)) * (1 if bits else 16)
    (tmp_path / "cell.png").write_bytes(_png(pixels, color))
    if channels == 1:
        found = read_image(tmp_path / "cell.png", bits)
        scale = 4095 if bits == 12 else 1
        np.testing.assert_allclose(found, pixels[..., 0] / scale)
        return
    with pytest.raises(ValueError, match=r"cell\.png must be .* hold 16: save it as a TIFF"):
        read_image(tmp_path / "cell.png", bits)


def test_formats_of_which_pillow_keeps_eight_bits(tmp_path):
    many = np.random.default_rng(0).integers(0, 4096, (32, 32, 3))
    numbers = many.astype(">u2")
    (tmp_path / "deep.ppm").write_bytes(b"P6 32 32 65535\n" + numbers.tobytes())
    header = struct.pack(">HBBHHHHII404x", 474, 0, 2, 2, 32, 32, 1, 0, 65535)
    (tmp_path / "deep.sgi").write_bytes(header.ljust(512, b"\0") + numbers[..., 0].tobytes())
    Image.fromarray(pictures(1)[0]).save(tmp_path / "cell.jp2")
    for name in ("deep.ppm", "deep.sgi", "cell.jp2"):
        with pytest.raises(ValueError, match=rf"{name} must be .* hold 16: save it as a TIFF"):
            read_image(tmp_path / name, bits=12)
    deep, flat = many[..., 0].astype(np.uint16), pictures(1)[0, ..., 0]
    for name, gray in (("deep.pgm", deep), ("deep.jp2", deep), ("flat.pgm", flat)):
        Image.fromarray(gray).save(tmp_path / name)
        found = read_image(tmp_path / name, 16 if gray is deep else None)
        np.testing.assert_array_equal(found, gray)
    for kind in ("bmp", "gif", "webp", "jpg"):
        Image.fromarray(pictures(1)[0]).save(tmp_path / f"cell.{kind}")
        assert read_image(tmp_path / f"cell.{kind}").shape == (32, 32, 3)
    tifffile.imwrite(tmp_path / "cell.tif", many.astype(np.uint16), photometric="rgb")
    np.testing.assert_allclose(read_image(tmp_path / "cell.tif", bits=12), many / 4095)


def test_bits_of_a_file_that_has_eight(image_file):
    with pytest.raises(ValueError, match=r"bits must be left out: .* holds uint8, not 16 bits"):
        read_image(image_file, bits=12)


@pytest.mark.slow
def test_predictor_in_a_fresh_process(saved, image_file):
    """No state of this process reaches it, and the answer is the same."""
    command = [sys.executable, "-W", "error", "-m", "course_lib.deploy", "--json"]
    done = subprocess.run(
        [*command, str(saved), str(image_file)], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    found = json.loads(done.stdout)
    expected = load_model(saved).predict(pictures(1)[0])
    assert (found["image"], found["label"]) == (str(image_file), expected.label)
    assert found["probabilities"] == pytest.approx(expected.probabilities, abs=1e-6)


def test_predictor_speaks_to_people(saved, image_file, capsys):
    assert deploy.main([str(saved), str(image_file), str(image_file)]) == 0
    lines = capsys.readouterr().out.splitlines()
    expected = load_model(saved).predict(pictures(1)[0])
    assert len(lines) == 2
    assert lines[0].startswith(f"{image_file}: {expected.label} {expected.probability:.3f} (")


@pytest.mark.parametrize("which", ["model", "image", "size"])
def test_predictor_says_what_is_wrong(which, saved, image_file, tmp_path, capsys):
    other = tmp_path / "other.png"
    if which == "size":
        imsave(other, pictures(1, 40)[0], check_contrast=False)
    model, image = (other, image_file) if which == "model" else (saved, other)
    assert deploy.main([str(model), str(image)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert {"model": "cannot be opened", "image": "cannot be read", "size": "40×40"}[which] in err
