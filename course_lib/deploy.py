"""From a trained network to one file that others can use, with its preprocessing inside.

On the command line: ``python -m course_lib.deploy model.pt image.png …``.
"""

import argparse
import copy
import json
import sys
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
import tifffile
import torch
from PIL import Image, ImageOps
from torch import nn
from torch.nn.functional import interpolate

from ._files import written_whole
from ._model_file import ModelFileError as ModelFileError
from ._model_file import read
from ._validation import as_array, as_count
from .nets import EfficientNetLite0

_FORMAT = "course-lib model 1"
_LARGEST_SIDE = 512
_MOST_CLASSES = 1000
# Brightness of red, green and blue to the eye (ITU-R BT.601).
_LUMINANCE = (0.299, 0.587, 0.114)


class SmallCNN(nn.Module):
    """Four convolutions, each with batch normalization and pooling, then a mean over pixels.

    Parameters
    ----------
    classes : int
    channels : int, default 3
        Of the input: 3 for color, 1 for gray.
    """

    def __init__(self, classes, channels=3):
        super().__init__()
        layers, before = [], channels
        for after in (16, 32, 64, 64):
            layers += [
                nn.Conv2d(before, after, 3, padding=1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(inplace=True),
                nn.MaxPool2d(2),
            ]
            before = after
        self.features = nn.Sequential(*layers)
        self.logits = nn.Linear(before, classes)

    def forward(self, x):
        """Logits (batch, classes) of images (batch, channels, height, width), 16 pixels or more."""
        return self.logits(self.features(x).mean((2, 3)))


class CutLite0(nn.Module):
    """The lower 13 of the 16 blocks of `EfficientNetLite0`, a mean over pixels, and a last layer.

    Parameters
    ----------
    classes : int
    """

    BLOCKS = 13
    standardize = EfficientNetLite0.standardize

    def __init__(self, classes):
        super().__init__()
        whole = EfficientNetLite0()
        self.stem, self.blocks = whole.stem, whole.blocks[: self.BLOCKS]
        self.logits = nn.Linear(192, classes)
        for name in ("mean", "sd"):
            self.register_buffer(name, getattr(whole, name), persistent=False)

    @classmethod
    def of(cls, features, last):
        """From `transfer.Features` of as many blocks and a last layer, which it shares."""
        network = cls(last.out_features)
        network.stem, network.blocks, network.logits = features.stem, features.blocks, last
        return network

    def forward(self, x):
        """Logits (batch, classes) of RGB images in [0, 1], as `EfficientNetLite0` takes them."""
        return self.logits(self.blocks(self.stem(self.standardize(x))).mean((2, 3)))


#: Networks that a model file may name, and the channels that they take.
ARCHITECTURES = {
    "EfficientNetLite0": (EfficientNetLite0, (3,)),
    "CutLite0": (CutLite0, (3,)),
    "SmallCNN": (SmallCNN, (1, 3)),
}


@dataclass(frozen=True)
class Preprocessing:
    """What happens to a picture before the network sees it; it travels in the model's file.

    Parameters
    ----------
    size : int
        Side of the square images that the model was trained on, in pixels. An image of another
        size is refused, not resized: where a pixel is a length, a resized cell is another cell.
    channels : {3, 1}
        A gray image becomes three equal channels, a colored one its luminance.
    network_size : int, optional
        Side to which `size` is then brought for the network; by default the same.
    mean, sd : float
        Subtracted and divided by at the end, of intensities in [0, 1]. EfficientNetLite0
        standardizes inside and needs neither.
    views : {1, 8}
        8 shows the network every image in its eight orientations and averages its answers. Only
        where images have no upper side.
    """

    size: int
    channels: int = 3
    network_size: int | None = None
    mean: float = 0.0
    sd: float = 1.0
    views: int = 1

    def __post_init__(self):
        if self.network_size is None:
            object.__setattr__(self, "network_size", self.size)
        for name in ("size", "network_size"):
            as_count(getattr(self, name), name, 16, _LARGEST_SIDE)
        for name, allowed in (("channels", (1, 3)), ("views", (1, 8))):
            value = getattr(self, name)
            if isinstance(value, bool) or value not in allowed:
                raise ValueError(f"{name} must be {allowed[0]} or {allowed[1]}, got {value!r}.")
        for name, smallest in (("mean", -1e6), ("sd", 1e-6)):
            value = getattr(self, name)
            number = isinstance(value, float | int) and not isinstance(value, bool)
            if not number or not smallest <= value <= 1e6:
                raise ValueError(f"{name} must be a number of reasonable size, got {value!r}.")

    def __call__(self, images):
        """The network's input (n, channels, network_size, network_size), float32.

        Parameters
        ----------
        images : array_like, shape (n, size, size) or (n, size, size, 3)
            Whole numbers of 8 or 16 bits, or floats in [0, 1].
        """
        x = _as_tensor(images, self.size)
        if self.channels == 3 and x.shape[1] == 1:
            x = x.expand(-1, 3, -1, -1)
        if self.channels == 1 and x.shape[1] == 3:
            x = (x * torch.tensor(_LUMINANCE)[:, None, None]).sum(1, keepdim=True)
        if self.network_size != self.size:
            side = (self.network_size, self.network_size)
            x = interpolate(x, size=side, mode="bilinear", antialias=True, align_corners=False)
        return ((x - self.mean) / self.sd).contiguous()

    def orientations(self, x):
        """The one or eight views of the input, one after the other."""
        for view in range(self.views):
            turned = torch.rot90(x.flip(3) if view >= 4 else x, view % 4, (2, 3))
            yield turned.contiguous()


class Prediction(NamedTuple):
    """The likeliest class of one image, its probability, and those of all classes."""

    label: str
    probability: float
    probabilities: dict


class Model:
    """A network together with what its input and its output mean.

    Parameters
    ----------
    network : EfficientNetLite0, CutLite0 or SmallCNN
        Is put into evaluation mode.
    classes : sequence of str
        What each output stands for, in the network's order.
    preprocessing : Preprocessing
    """

    def __init__(self, network, classes, preprocessing):
        self.architecture = type(network).__name__
        if ARCHITECTURES.get(self.architecture, (None,))[0] is not type(network):
            known = ", ".join(ARCHITECTURES)
            raise ValueError(f"network must be one of {known}, got a {self.architecture}.")
        if not isinstance(preprocessing, Preprocessing):
            raise ValueError(f"preprocessing must be a Preprocessing, got {preprocessing!r}.")
        self.classes = _class_names(classes)
        self.network, self.preprocessing = network.eval(), preprocessing
        outputs = network.logits.out_features
        if outputs != len(self.classes):
            raise ValueError(
                f"classes must name each of the network's {outputs} outputs, got {len(classes)}."
            )
        _accepts(self.architecture, preprocessing)

    def probabilities(self, images, batch=64):
        """Probabilities (n, classes) of images (n, size, size) or (n, size, size, 3)."""
        device = next(self.network.parameters()).device
        parts = []
        with torch.no_grad():
            for start in range(0, len(images), batch):
                x = self.preprocessing(images[start : start + batch]).to(device)
                views = [self.network(v).softmax(1) for v in self.preprocessing.orientations(x)]
                parts.append(torch.stack(views).mean(0).cpu())
        if not parts:
            raise ValueError("images must hold at least one image, but it is empty.")
        return torch.cat(parts).numpy()

    def predict(self, image):
        """The `Prediction` for one image (size, size) or (size, size, 3)."""
        (shares,) = self.probabilities(np.asarray(image)[None])
        named = {name: float(p) for name, p in zip(self.classes, shares, strict=True)}
        label = max(named, key=named.get)
        return Prediction(label, named[label], named)

    def multiplications(self):
        """Multiplications in convolutions and layers for one image, all its views together."""
        found = []

        def count(layer, _, output):
            # Each output is a sum over the weights of its channel.
            found.append(output.numel() * layer.weight[0].numel())

        # On the device "meta" tensors have shapes and no numbers, so nothing is computed.
        network = copy.deepcopy(self.network).to("meta")
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                layer.register_forward_hook(count)
        side, channels = self.preprocessing.network_size, self.preprocessing.channels
        with torch.no_grad():
            network(torch.empty(1, channels, side, side, device="meta"))
        return self.preprocessing.views * sum(found)

    def header(self):
        """What the file says beside the weights: a dictionary that ``json.dumps`` accepts."""
        return {
            "format": _FORMAT,
            "architecture": self.architecture,
            "classes": list(self.classes),
            "preprocessing": asdict(self.preprocessing),
        }

    def __repr__(self):
        return (
            f"Model({self.architecture}, images of {self.preprocessing.size}×"
            f"{self.preprocessing.size} pixels, classes {', '.join(self.classes)})"
        )


def save_model(model, path):
    """Write a model to a file, whole or not at all: weights, architecture, classes, preprocessing.

    The file holds tensors, texts and numbers alone, so that `load_model` need not trust it.
    """
    weights = {name: w.detach().cpu().clone() for name, w in model.network.state_dict().items()}
    with written_whole(path) as temporary:
        torch.save({**model.header(), "weights": weights}, temporary)


def load_model(path):
    """Read what `save_model` wrote.

    Nothing in the file is executed: it may come from a stranger. Everything in it is checked.

    Returns
    -------
    Model
        On the CPU, in evaluation mode.

    Raises
    ------
    ModelFileError
        A ``ValueError`` that says in one sentence why the file cannot be used.
    """
    return model_from(read(path)[0])


def model_from(content):
    """The model that the content of a file describes; `ModelFileError` if it describes none."""
    hint = "write it with course_lib.deploy.save_model"
    written = content.get("format") if isinstance(content, dict) else None
    if not isinstance(written, str) or written != _FORMAT:
        bare = isinstance(content, dict) and any(torch.is_tensor(w) for w in content.values())
        what = "only weights, without architecture and preprocessing" if bare else "another format"
        raise ModelFileError(f"the file holds {what}: {hint}.")
    wanted = {"format", "architecture", "classes", "preprocessing", "weights"}
    if set(content) != wanted:
        odd = ", ".join(sorted(map(_brief, wanted ^ set(content))))
        raise ModelFileError(f"the file must have exactly the parts of a model, but not so: {odd}.")
    try:
        classes = _class_names(content["classes"])
        preprocessing = _preprocessing(content["preprocessing"])
        network = _empty_network(content["architecture"], len(classes), preprocessing)
        _fill(network, content["weights"])
        return Model(network, classes, preprocessing)
    except ModelFileError:
        raise
    except ValueError as error:
        raise ModelFileError(f"the file describes no model: {error}") from error


def _preprocessing(settings):
    names = set(Preprocessing.__dataclass_fields__)
    if not isinstance(settings, dict) or set(settings) != names:
        raise ValueError(f"preprocessing must have the entries {', '.join(sorted(names))}.")
    for name, value in settings.items():
        if not isinstance(value, int | float | None):
            raise ValueError(f"{name} must be a number, got {_brief(value)}.")
    return Preprocessing(**settings)


def _empty_network(architecture, classes, preprocessing):
    if not isinstance(architecture, str) or architecture not in ARCHITECTURES:
        raise ValueError(
            f"architecture must be one of {', '.join(ARCHITECTURES)}, got {_brief(architecture)}."
        )
    _accepts(architecture, preprocessing)
    build = ARCHITECTURES[architecture][0]
    return build(classes, preprocessing.channels) if build is SmallCNN else build(classes)


def _accepts(architecture, preprocessing):
    if preprocessing.channels not in ARCHITECTURES[architecture][1]:
        raise ValueError(f"channels must be 3 for {architecture}, got {preprocessing.channels}.")
    if architecture != "SmallCNN" and preprocessing.network_size < 32:
        raise ValueError(
            f"network_size must be at least 32 for {architecture}, "
            f"got {preprocessing.network_size}."
        )


def _fill(network, weights):
    """Copy weights into the network if they are exactly its own kind, and finite."""
    ours = network.state_dict()
    if not isinstance(weights, dict) or set(weights) != set(ours):
        odd = set(ours) ^ set(weights) if isinstance(weights, dict) else set(ours)
        first = min(map(_brief, odd))
        raise ValueError(
            f"weights must have the names of a {type(network).__name__}; {len(odd)} are missing "
            f"or unknown, such as {first}."
        )
    for name, w in weights.items():
        wanted = ours[name]
        if not torch.is_tensor(w) or w.shape != wanted.shape or w.dtype != wanted.dtype:
            shape = tuple(w.shape) if torch.is_tensor(w) else f"a {type(w).__name__}"
            raise ValueError(
                f"the weights {name} must be {wanted.dtype} of shape {tuple(wanted.shape)}, "
                f"got {shape}."
            )
        if not torch.isfinite(w).all():
            raise ValueError(f"the weights {name} must be finite, but contain NaN or infinity.")
    network.load_state_dict(weights)


def _class_names(classes):
    """Class names as a tuple of different, short, printable texts."""
    if isinstance(classes, str) or not isinstance(classes, list | tuple):
        raise ValueError(f"classes must be a sequence of names, got {_brief(classes)}.")
    for name in classes:
        if not isinstance(name, str) or not name.isprintable() or not 0 < len(name) <= 100:
            raise ValueError(f"classes must hold printable names, got {_brief(name)}.")
    if not 2 <= len(set(classes)) == len(classes) <= _MOST_CLASSES:
        raise ValueError(f"classes must hold 2 or more different names, got {len(classes)}.")
    return tuple(classes)


def _brief(value):
    """A value from a stranger's file in a few words: only texts and numbers are shown."""
    if isinstance(value, str):
        return value[:60] if value.isprintable() else f"{value[:60]!r}"
    number = isinstance(value, int | float | None)
    return str(value)[:60] if number else f"a {type(value).__name__}"


def _as_tensor(images, size):
    """Images as floats in [0, 1], shape (n, 1 or 3, size, size)."""
    array = as_array(images, "images")
    if array.ndim not in (3, 4) or (array.ndim == 4 and array.shape[3] != 3) or array.size == 0:
        raise ValueError(
            "images must have the shape (n, height, width), or (n, height, width, 3) in color, "
            f"got {array.shape}."
        )
    height, width = array.shape[1:3]
    if (height, width) != (size, size):
        raise ValueError(
            f"images must be {size}×{size} pixels as in training, got {height}×{width}: "
            "cut or resample them so that a pixel is as large as it was there."
        )
    if array.dtype in (np.uint8, np.uint16):
        array = array / np.iinfo(array.dtype).max
    if array.dtype.kind != "f":
        raise ValueError(f"images must be of 8 or 16 bits, or floats, got {array.dtype}.")
    # Written so that NaN fails too.
    if not (array.min() >= 0 and array.max() <= 1):
        raise ValueError("images must lie between 0 and 1 if they are floats.")
    x = torch.from_numpy(array.astype(np.float32))
    return x[:, None] if x.ndim == 3 else x.permute(0, 3, 1, 2)


# The same model without torch


def export_onnx(model, path):
    """Write the network as ONNX, which runs without torch; preprocessing goes along as metadata.

    The graph takes ``images``, the preprocessed float32 (n, channels, network_size,
    network_size) with any n, and gives ``probabilities`` (n, classes). That of a `SmallCNN` takes
    images of any height and width from 16 pixels; EfficientNetLite0 computes its padding from the
    size, which the graph then holds fast.

    Raises
    ------
    ModuleNotFoundError
        If onnx or onnxscript is not installed: ``pip install onnx onnxscript onnxruntime``.
    """
    import logging
    import warnings

    import onnx

    p = model.preprocessing
    network = nn.Sequential(model.network, nn.Softmax(1)).eval().cpu()
    example = torch.zeros(2, p.channels, p.network_size, p.network_size)
    free = {0: torch.export.Dim("n")}
    if isinstance(model.network, SmallCNN):
        free |= {i: torch.export.Dim(n, min=16) for i, n in ((2, "height"), (3, "width"))}
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    with written_whole(path) as temporary:
        try:
            with warnings.catch_warnings():
                # The exporter speaks of its own future, which is not the reader's concern.
                warnings.simplefilter("ignore")
                torch.onnx.export(
                    network,
                    (example,),
                    temporary,
                    input_names=["images"],
                    output_names=["probabilities"],
                    dynamic_shapes=(free,),
                    dynamo=True,
                    external_data=False,
                    verbose=False,
                )
        finally:
            logger.setLevel(level)
        graph = onnx.load(temporary)
        onnx.helper.set_model_props(graph, {"course_lib": json.dumps(model.header())})
        onnx.save(graph, temporary)


def onnx_probabilities(path, images):
    """Probabilities (n, classes) by onnxruntime, from a file that `export_onnx` wrote."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    header = json.loads(session.get_modelmeta().custom_metadata_map["course_lib"])
    prepare = Preprocessing(**header["preprocessing"])
    views = prepare.orientations(prepare(images))
    return np.mean([session.run(["probabilities"], {"images": v.numpy()})[0] for v in views], 0)


# On the command line


def read_image(path, bits=None):
    """The pixels of an image file, (height, width) or (height, width, 3); transparency is dropped.

    The image is turned as its file says (a telephone held sideways).

    Parameters
    ----------
    path : path-like
        TIFF, PNG, JPEG, BMP, GIF or WebP; in gray also PGM or JPEG 2000.
    bits : int, optional
        How many bits of a 16-bit number the camera used, such as 12: pixels are then shares of
        ``2**bits - 1``. Where it is not given and no pixel needs more than 14 bits, the file is
        refused: the image may be dark, or 16 times too dark.

    Raises
    ------
    ValueError
        If the file cannot be read as one image, is no gray or RGB image (but CMYK, or a stack of
        planes), may hold fewer bits than its numbers have, or more than would be read: of a PNG
        with 16 bits for each color Pillow keeps 8.
    """
    if bits is not None:
        as_count(bits, "bits", 1, 16)
    try:
        with open(path, "rb") as file:
            is_tiff = file.read(4) in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
        image = _read_tiff(path) if is_tiff else _read_with_pillow(path)
    except _OtherImageError as error:
        raise ValueError(f"{path} must be one image, gray or RGB, but {error}.") from None
    except Exception as error:
        # Pillow and tifffile raise a dozen kinds of errors for what is no image.
        raise ValueError(f"{path} cannot be read as an image.") from error
    if image.ndim == 3 and image.shape[2] == 4:
        image = image[..., :3]
    if image.ndim != 2 and (image.ndim != 3 or image.shape[2] != 3):
        raise ValueError(f"{path} must be one image, gray or in color, got shape {image.shape}.")
    return _in_bits(image, bits, path)


class _OtherImageError(Exception):
    """What a readable file holds that is no gray or RGB image."""


def _read_with_pillow(path):
    with Image.open(path) as file:
        if getattr(file, "n_frames", 1) > 1:
            raise _OtherImageError(f"the file holds {file.n_frames} of them")
        if file.mode in ("CMYK", "LAB", "HSV"):
            raise _OtherImageError(f"its colors are {file.mode}: convert it to RGB first")
        if _is_cut(file):
            raise _OtherImageError(
                f"of {file.format} in {file.mode} only 8 bits are read, and it may hold 16: save "
                "it as a TIFF"
            )
        turned = ImageOps.exif_transpose(file)
    if turned.mode in ("P", "PA"):
        turned = turned.convert("RGB")
    elif turned.mode in ("1", "LA", "La"):
        turned = turned.convert("L")
    elif turned.mode in ("I;16B", "I;16N", "I"):
        # Older versions of Pillow read 16 bits of gray as 32.
        numbers = np.asarray(turned)
        return numbers.astype(np.uint16) if 0 <= numbers.min() <= numbers.max() < 2**16 else numbers
    return np.asarray(turned)


#: Formats of which Pillow keeps all bits (but a colored PNG's 16), and those whose gray it keeps.
_COLOR_IS_WHOLE = ("BMP", "GIF", "JPEG", "MPO", "PNG", "WEBP")
_GRAY_IS_WHOLE = ("JPEG2000", "PPM")


def _is_cut(file):
    """Whether Pillow reads 8 bits where the file may hold more, which it does without a word."""
    if file.mode.startswith(("I", "F")):
        return False
    whole = (*_COLOR_IS_WHOLE, *(_GRAY_IS_WHOLE if file.mode in ("1", "L") else ()))
    return file.format not in whole or ";16B" in str(file.tile)


def _read_tiff(path):
    with tifffile.TiffFile(path) as file:
        if len(file.pages) > 1:
            raise _OtherImageError(f"the file holds {len(file.pages)} planes")
        page = file.pages[0]
        image, kind = page.asarray(), page.photometric.name
        if kind not in ("RGB", "MINISBLACK", "MINISWHITE"):
            raise _OtherImageError(f"its colors are {kind.lower()}: convert it to RGB first")
        if (kind == "RGB") != (image.ndim == 3):
            raise _OtherImageError(f"the file holds gray planes of shape {image.shape}")
        if kind == "RGB" and page.planarconfig.name == "SEPARATE":
            image = np.moveaxis(image, 0, 2)
        if kind == "MINISWHITE":
            image = ~image if image.dtype.kind in "bu" else image.max() - image
        orientation = page.tags.get("Orientation")
    return _turned(image, int(orientation.value) if orientation else 1)


def _turned(image, orientation):
    """The image as it is to be seen, from the orientation (1 to 8) in which a TIFF stores it."""
    if orientation >= 5:
        image = np.swapaxes(image, 0, 1)
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    return np.ascontiguousarray(image)


def _in_bits(image, bits, path):
    if bits is not None and image.dtype != np.uint16:
        raise ValueError(f"bits must be left out: {path} holds {image.dtype}, not 16 bits.")
    if image.dtype != np.uint16 or bits == 16:
        return image
    brightest = int(image.max())
    if bits is None and brightest < 2**14:
        raise ValueError(
            f"{path} must use its 16 bits, but no pixel is above {brightest}, as from a camera of "
            f"{max(brightest.bit_length(), 8)} bits: say how many it has (bits=12; --bits 12), or "
            "16 if the image is dark."
        )
    if bits is None:
        return image
    if brightest >= 2**bits:
        raise ValueError(f"{path} must hold {bits} bits, but a pixel has {brightest}.")
    return image / (2**bits - 1)


def main(arguments=None):
    """``python -m course_lib.deploy model.pt image.png …``: one line for each image.

    Returns
    -------
    int
        0, or 2 if the model or an image cannot be used, which is said on stderr.
    """
    parser = argparse.ArgumentParser(
        prog="python -m course_lib.deploy", description="Say what a model sees in images."
    )
    parser.add_argument("model", help="file that save_model wrote")
    parser.add_argument("images", nargs="+", metavar="image", help="PNG, TIFF or JPEG file")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--bits", type=int, help="of a camera that fills 16 in part, such as 12")
    given = parser.parse_args(arguments)
    try:
        model = load_model(given.model)
        for path in given.images:
            print(_line(path, model.predict(read_image(path, given.bits)), given.json), flush=True)
    except ModelFileError as error:
        print(f"{given.model}: {error}", file=sys.stderr)
        return 2
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _line(path, prediction, as_json):
    if as_json:
        return json.dumps({"image": str(path), **prediction._asdict()})
    others = sorted(prediction.probabilities.items(), key=lambda item: -item[1])[1:]
    rest = ", ".join(f"{name} {p:.3f}" for name, p in others[:3])
    return f"{path}: {prediction.label} {prediction.probability:.3f} ({rest})"


if __name__ == "__main__":
    sys.exit(main())
