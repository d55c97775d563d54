"""Real data, published tables and the lecture's own examples.

Nothing here silently changes its source: a loader returns what its name says or raises.
"""

import gzip
import tomllib
import unicodedata
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
import skimage.data
from matplotlib.ft2font import FT2Font
from PIL import Image, ImageDraw, ImageFont
from skimage import img_as_float
from skimage.color import gray2rgb, rgb2gray
from skimage.io import imread
from skimage.transform import resize
from sklearn.datasets import load_breast_cancer, load_digits, load_sample_image

from ._fetch import DataUnavailable as DataUnavailable
from ._fetch import fetch


class Masses(NamedTuple):
    """Features of breast masses, and whether they were cancer."""

    X: np.ndarray
    y_true: np.ndarray
    feature_names: tuple[str, ...]


def breast_masses():
    """569 breast masses: nuclei measured in a fine-needle aspirate, cancer confirmed by biopsy.

    Returns
    -------
    Masses
        ``X`` (569, 30) float, ``y_true`` (569,) int, 1 = malignant (212), 0 = benign (357).

    References
    ----------
    Street, Wolberg & Mangasarian 1993, "Nuclear feature extraction for breast tumor diagnosis",
    Proc. SPIE 1905:861. The copy that scikit-learn carries codes malignant as 0; here it is 1.
    """
    data = load_breast_cancer()
    return Masses(data.data, (data.target == 0).astype(int), tuple(data.feature_names))


class Digits(NamedTuple):
    """Handwritten digits, what they are, and the sheet of paper that each stood on."""

    images: np.ndarray
    y_true: np.ndarray
    sheet: np.ndarray


#: Where a new sheet begins: every sheet asks for the same 130 digits in the same order, beginning
#: with 0 to 9 three times; a few digits of some sheets are missing in the file, one is another.
_SHEETS = (0, 130, 256, 386, 516, 646, 776, 906, 1029, 1157, 1287, 1415, 1545, 1667)


def digits():
    """1,797 handwritten digits of 13 people, who filled in 14 sheets.

    Returns
    -------
    Digits
        ``images`` (1797, 8, 8) float in [0, 1], the share of ink in blocks of 4×4 pixels;
        ``y_true`` (1797,) int, 0 to 9; ``sheet`` (1797,) int, 0 to 13. The file does not name the
        writers, but its order gives away the sheets, and a sheet is filled in by one person.

    References
    ----------
    Alpaydin & Kaynak 1998, "Cascading classifiers", Kybernetika 34:369; the test set of the UCI
    repository's "Optical Recognition of Handwritten Digits", as scikit-learn carries it.
    """
    data = load_digits()
    sheet = np.searchsorted(_SHEETS, np.arange(len(data.target)), side="right") - 1
    return Digits(data.images / 16, data.target, sheet)


def ecg():
    """1,024 samples of one lead of an electrocardiogram: three heartbeats, 329 samples apart.

    Returns
    -------
    ndarray of float, shape (1024,)
        In the units of the file. It names neither them nor the patient nor the sampling rate; at
        the customary 360 Hz the pulse would be 66 a minute.

    Raises
    ------
    ModuleNotFoundError
        If PyWavelets, whose wheel carries the recording, is not installed.

    References
    ----------
    Lee et al. 2019, "PyWavelets: a Python package for wavelet analysis", J Open Source Softw
    4:1237.
    """
    try:
        from pywt.data import ecg as recording
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "ecg() reads a recording that the package PyWavelets carries: pip install PyWavelets"
        ) from error
    return recording().astype(float)


class Nuclei(NamedTuple):
    """A fluorescence micrograph and its nuclei, outlined by an expert."""

    image: np.ndarray
    labels: np.ndarray


def nuclei():
    """125 fluorescent nuclei in one micrograph, each with its own label.

    Returns
    -------
    Nuclei
        ``image`` (512, 512) float in [0, 1]: the eight-bit gray values divided by 255, so the
        brightest pixel is 0.92. ``labels`` (512, 512) int, 0 = background; the labels are those of
        the file and leave gaps, the highest is 183.

    Raises
    ------
    ModuleNotFoundError
        If the wheel of StarDist, which carries the two files, is not installed. It is not imported.

    References
    ----------
    Caicedo et al. 2019, "Nucleus segmentation across imaging experiments: the 2018 Data Science
    Bowl", Nat Methods 16:1247 (image set BBBC038, CC0).
    """
    image, labels = (_in_stardist("nuclei", name) for name in ("img2d.tif", "mask2d.tif"))
    return Nuclei(image / 255, labels.astype(int))


def _in_stardist(function, name):
    """An image inside the wheel of StarDist, which is not imported."""
    try:
        files = distribution("stardist").locate_file("stardist/data/images")
    except PackageNotFoundError as error:
        raise ModuleNotFoundError(
            f"{function}() reads an image that the package stardist carries: "
            "pip install --no-deps stardist"
        ) from error
    return imread(files / name)


def histology(stain):
    """A microscope's color image of stained tissue.

    Parameters
    ----------
    stain : {"H&E", "DAB"}
        ``"H&E"``: hematoxylin colors nuclei blue, eosin the rest pink; a tumor from the Cancer
        Imaging Archive, 300 × 500 pixels. ``"DAB"``: an antibody colors the protein FHL2 brown,
        hematoxylin the nuclei blue; glands of the colon, 512 × 512 pixels.

    Returns
    -------
    ndarray of float in [0, 1], shape (height, width, 3)

    Raises
    ------
    ModuleNotFoundError
        For ``"H&E"``, if the wheel of StarDist, which carries it, is not installed.

    References
    ----------
    StarDist, ``test_image_he_2d``; scikit-image, ``immunohistochemistry`` (Center for Microscopy
    and Molecular Imaging, Gosselies).
    """
    if stain == "H&E":
        return _in_stardist("histology", "histo.jpg") / 255
    if stain == "DAB":
        return skimage.data.immunohistochemistry() / 255
    raise ValueError(f"stain must be 'H&E' or 'DAB', got {stain!r}.")


#: Photographs inside scikit-image's and scikit-learn's wheels, by the name that `photo` takes.
PHOTOS = (
    *("astronaut", "cat", "coffee", "rocket", "motorcycle", "hubble", "retina", "ihc"),
    *("camera", "china", "flower"),
)


def photo(name, size=224):
    """One of the photographs in `PHOTOS`: its central square, resized.

    Returns
    -------
    ndarray of float in [0, 1], shape (size, size, 3)
        ``"camera"`` is gray, three equal channels.
    """
    if name not in PHOTOS:
        raise ValueError(f"name must be one of {', '.join(PHOTOS)}, got {name!r}.")
    if name in ("china", "flower"):
        image = load_sample_image(f"{name}.jpg")
    elif name == "motorcycle":
        image = skimage.data.stereo_motorcycle()[0]
    else:
        function = {"hubble": "hubble_deep_field", "ihc": "immunohistochemistry"}.get(name, name)
        image = getattr(skimage.data, function)()
    image = gray2rgb(image) if image.ndim == 2 else image
    side = min(image.shape[:2])
    top, left = ((n - side) // 2 for n in image.shape[:2])
    square = image[top : top + side, left : left + side] / 255
    return resize(square, (size, size), anti_aliasing=True).clip(0, 1)


def photos(size=224):
    """All of `PHOTOS` in their order, an array (photographs, size, size, 3) of float in [0, 1]."""
    return np.stack([photo(name, size) for name in PHOTOS])


class Crops(NamedTuple):
    """Small gray pictures, and whether each is a face."""

    images: np.ndarray
    y_true: np.ndarray


def face_crops():
    """100 faces and 100 pieces of background, cut from press photographs.

    Returns
    -------
    Crops
        ``images`` (200, 25, 25) float in [0, 1]; ``y_true`` (200,) int, 1 = face, faces first. A
        few pieces of background show the edge of a face.

    References
    ----------
    Huang et al. 2007, "Labeled faces in the wild", University of Massachusetts, report 07-49; the
    subset that scikit-image carries.
    """
    return Crops(skimage.data.lfw_subset(), np.repeat([1, 0], 100))


#: Pictures inside scikit-image's wheel that show no person.
_FACELESS = (
    *("brick", "grass", "gravel", "coffee", "cat", "rocket", "moon", "coins", "clock", "text"),
    *("page", "hubble_deep_field", "immunohistochemistry", "horse", "retina", "stereo_motorcycle"),
)


def faceless_photos(size=512):
    """16 gray pictures without a person: textures, things, a cat, stars, tissue, print.

    Parameters
    ----------
    size : int
        The longer side; larger pictures are reduced to it.

    Returns
    -------
    list of ndarray of float in [0, 1], each (height, width)
    """
    pictures = (getattr(skimage.data, name)() for name in _FACELESS)
    # The motorcycle comes as two views and their disparity.
    pictures = (img_as_float(p[0] if isinstance(p, tuple) else p) for p in pictures)
    return [_reduced(rgb2gray(p) if p.ndim == 3 else p, size) for p in pictures]


def _reduced(picture, size):
    height, width = picture.shape
    share = size / max(height, width)
    if share >= 1:
        return picture
    return resize(picture, (round(share * height), round(share * width)), anti_aliasing=True)


class Glyphs(NamedTuple):
    """Pictures of letters, which letter each shows, and the script of each letter."""

    images: np.ndarray
    y_true: np.ndarray
    letters: np.ndarray
    scripts: np.ndarray


_SCRIPTS = ("LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "GEORGIAN")
_GLYPH_SIZE = 32
#: A letter is kept if at least this many fonts have it.
_FEWEST_FONTS = 6


def glyphs():
    """Letters of five scripts, each drawn in 6 to 16 of the fonts that Matplotlib carries.

    A printed relative of Omniglot (Lake, Salakhutdinov & Tenenbaum 2015, Science 350:1332): many
    classes with few examples. Letters that carry an accent are left out, and so is a letter that
    looks exactly like an earlier one, such as the Cyrillic А after the Latin A.

    Returns
    -------
    Glyphs
        ``images`` (n, 32, 32) float32 in [0, 1], ink is 1; ``y_true`` (n,) int, a position in
        ``letters`` (k,) str; ``scripts`` (k,) str: ``"Latin"``, ``"Greek"``, ``"Cyrillic"``,
        ``"Armenian"`` or ``"Georgian"``. With Matplotlib's fonts of today k is 625.
    """
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    paths = [*sorted(folder.glob("DejaVuSans*")), *sorted(folder.glob("DejaVuSerif*"))]
    paths = [path for path in paths if "Display" not in path.name]
    paths += sorted(folder.glob("STIXGeneral*"))
    fonts = {path: ImageFont.truetype(str(path), 40) for path in paths}
    fonts_with = {}
    for path, font in fonts.items():
        for code in FT2Font(str(path)).get_charmap():
            if _script_of(chr(code)):
                fonts_with.setdefault(chr(code), []).append(font)
    images, y_true, letters, seen = [], [], [], set()
    for letter, having in sorted(fonts_with.items()):
        if len(having) < _FEWEST_FONTS:
            continue
        drawn = [_draw_letter(letter, font) for font in having]
        if drawn[0].tobytes() in seen:
            continue
        seen.add(drawn[0].tobytes())
        y_true += [len(letters)] * len(drawn)
        letters.append(letter)
        images += drawn
    scripts = np.array([_script_of(letter) for letter in letters])
    return Glyphs(np.stack(images), np.array(y_true), np.array(letters), scripts)


def _script_of(character):
    """Name of the script if the character is a plain letter of one of `_SCRIPTS`, else empty."""
    name = unicodedata.name(character, "")
    script = name.partition(" ")[0]
    letter = unicodedata.category(character)[0] == "L" and "MODIFIER" not in name
    return script.title() if letter and script in _SCRIPTS and " WITH " not in name else ""


def _draw_letter(letter, font, margin=4):
    """The letter in the middle of a square that it fills but for a margin."""
    left, top, right, bottom = font.getbbox(letter)
    side = max(right - left, bottom - top) + 2 * margin
    square = Image.new("L", (side, side))
    corner = ((side - right + left) // 2 - left, (side - bottom + top) // 2 - top)
    ImageDraw.Draw(square).text(corner, letter, fill=255, font=font)
    small = square.resize((_GLYPH_SIZE, _GLYPH_SIZE), Image.Resampling.BILINEAR)
    return np.asarray(small, np.float32) / 255


class Ratings(NamedTuple):
    """Votes (cases, columns), and who gave each column."""

    votes: np.ndarray
    raters: np.ndarray


def dawid_skene_1979():
    """45 patients, judged by five anesthetists; the first judged each of them three times.

    Returns
    -------
    Ratings
        ``votes`` (45, 7) int, fitness for a general anesthetic in four grades, 1 to 4, nothing
        missing; ``raters`` is 1, 1, 1, 2, 3, 4, 5.

    References
    ----------
    Dawid & Skene 1979, "Maximum likelihood estimation of observer error-rates using the EM
    algorithm", Appl Stat 28:20, Table 1.
    """
    patients = (
        "1111111 3334334 1122122 2223121 2223222 2223322 1122111 3333433 2222223 2322223 4444444 "
        "2223343 1111111 2223212 1211111 1112111 1111111 1111111 2222221 2221322 2222222 2222221 "
        "2223222 2212222 1111111 1111111 2322222 1111111 1111111 1121121 1111111 3333233 1111111 "
        "2222222 2223232 4334343 2212232 2323233 3333432 1111111 1111111 1212111 2322222 1211111 "
        "2222222"
    )
    return Ratings(_digits(patients), np.array([1, 1, 1, 2, 3, 4, 5]))


def fleiss_1971():
    """30 psychiatric patients, each diagnosed by six psychiatrists, not the same ones throughout.

    Returns
    -------
    ndarray of int, shape (30, 6)
        1 depression, 2 personality disorder, 3 schizophrenia, 4 neurosis, 5 other. The paper
        gives counts, so a column is not a person.

    References
    ----------
    Fleiss 1971, "Measuring nominal scale agreement among many raters", Psychol Bull 76:378,
    Table 1; its kappa is 0.430.
    """
    return _digits(
        "444444 222555 233335 555555 222444 113333 333355 113334 114444 555555 144444 124444 "
        "222333 144444 224445 333335 111455 111112 224444 133555 555555 244444 224555 114444 "
        "144445 222224 111155 224444 133333 555555"
    )


class Sections(NamedTuple):
    """Electron micrographs of a stack of sections, and where the cells are in them."""

    images: np.ndarray
    cells: np.ndarray


def isbi2012():
    """30 sections of a fly's nerve cord under the electron microscope, with traced membranes.

    The training data of the ISBI 2012 challenge, which the U-Net paper won. Sections are 50 nm
    apart, so neighbors look alike: leave a gap between those for training and for testing.

    Returns
    -------
    Sections
        ``images`` (30, 512, 512) uint8, 4 nm a pixel; ``cells`` (30, 512, 512) bool, False on the
        membranes.

    Raises
    ------
    DataUnavailable
        If the 60 files (7 MB) are not in the cache and cannot be downloaded.

    References
    ----------
    Cardona et al. 2010, "An integrated micro- and macroarchitectural analysis of the Drosophila
    brain by computer-assisted serial section electron microscopy", PLoS Biol 8:e1000502. Free for
    research with this citation.
    """
    registry = tomllib.loads((files("course_lib") / "registries" / "isbi2012.toml").read_text())
    kinds = {"image": [], "label": []}
    for file, known_hash in registry["sha256"].items():
        path = fetch("isbi2012", file, f"{registry['url']}/{file}", f"sha256:{known_hash}")
        kinds[file.partition("/")[0]].append(imread(path))
    return Sections(np.stack(kinds["image"]), np.stack(kinds["label"]) > 127)


_PYMVPA = (
    "https://raw.githubusercontent.com/PyMVPA/PyMVPA/"
    "20f0335f98bbb59a0e11bc0b7a469edf8681a9a1/mvpa2/data"
)


class HaxbySlice(NamedTuple):
    """One slice of a brain, recorded again and again while its owner looked at pictures."""

    X: np.ndarray
    labels: np.ndarray
    runs: np.ndarray
    mask: np.ndarray


def haxby_slice():
    """fMRI of one person looking at faces, houses, cats and five more kinds of pictures.

    Twelve runs, each with one block of 24 s of each category and rest in between; a volume every
    2.5 s. One slice of one subject of the study.

    Returns
    -------
    HaxbySlice
        ``X`` (1452, 530) float, the signal of each voxel in each volume; ``labels`` (1452,) str,
        what was shown, or ``"rest"``; ``runs`` (1452,) int, 0 to 11; ``mask`` (40, 20) bool, where
        in the slice the voxels lie: ``picture[mask] = X[i]``.

    Raises
    ------
    DataUnavailable
        If the files (1.3 MB) are not in the cache and cannot be downloaded.

    References
    ----------
    Haxby et al. 2001, "Distributed and overlapping representations of faces and objects in ventral
    temporal cortex", Science 293:2425. The slice is from PyMVPA (CC BY-SA 3.0).
    """
    hashes = {
        "bold.nii.gz": "cbbd4d07803caaa9f77381af24e790cf77058664a128bd514a4c1668eefb92d7",
        "mask.nii.gz": "8d879d35aaeee3afddfb69a7e1b8dd2b3be446671452d7e841dc6588845f2877",
        "attributes_literal.txt": (
            "7769f235e93d3157ef7bd1102abfaf3bc058ad9ca28e89dc60b8e47f473207c3"
        ),
    }
    bold, mask, attributes = (
        fetch("haxby_slice", file, f"{_PYMVPA}/{file}", f"sha256:{known_hash}")
        for file, known_hash in hashes.items()
    )
    mask = _read_nifti(mask)[:, :, 0] > 0
    labels, runs = np.loadtxt(attributes, dtype=str, unpack=True)
    # (x, y, 1, volume) in the file
    volumes = np.moveaxis(_read_nifti(bold)[:, :, 0], -1, 0)
    return HaxbySlice(volumes[:, mask].astype(float), labels, runs.astype(int), mask)


def _read_nifti(path):
    """The array in a compressed NIfTI-1 file of 16-bit integers, axes in the file's order.

    nibabel reads all dialects of the format. The two files here are fixed by their checksums, so
    the three header fields that they need do not justify a dependency.
    """
    raw = gzip.decompress(path.read_bytes())
    axes, *shape = np.frombuffer(raw, "<i2", count=8, offset=40)
    start = int(np.frombuffer(raw, "<f4", count=1, offset=108)[0])
    return np.frombuffer(raw, "<i2", offset=start).reshape(shape[:axes], order="F")


#: MD5 and class names of the sets that `medmnist` knows (MedMNIST v2, record 6496656 of Zenodo).
MEDMNIST = {
    "pneumoniamnist": ("28209eda62fecd6e6a2d98b1501bb15f", ("normal", "pneumonia")),
    "bloodmnist": (
        "7053d0359d879ad8a5505303e11de1dc",
        (
            *("basophil", "eosinophil", "erythroblast", "immature granulocyte"),
            *("lymphocyte", "monocyte", "neutrophil", "platelet"),
        ),
    ),
    "breastmnist": ("750601b1f35ba3300ea97c75c52ff8f6", ("malignant", "normal or benign")),
    "dermamnist": (
        "0744692d530f8e62ec473284d019b0c7",
        (
            *("actinic keratosis or intraepithelial carcinoma", "basal cell carcinoma"),
            *("benign keratosis", "dermatofibroma", "melanoma", "melanocytic nevus"),
            "vascular lesion",
        ),
    ),
    "pathmnist": (
        "a8b06965200029087d5bd730944a56c1",
        (
            *("adipose", "background", "debris", "lymphocytes", "mucus", "smooth muscle"),
            *("normal colon mucosa", "cancer-associated stroma", "colorectal adenocarcinoma"),
        ),
    ),
}
_ZENODO = "https://zenodo.org/record/6496656/files"


class Split(NamedTuple):
    """Images and what they show, as a position among the class names."""

    images: np.ndarray
    y_true: np.ndarray


class MedMnist(NamedTuple):
    """Small medical images in three splits, and the names of their classes."""

    train: Split
    validation: Split
    test: Split
    classes: tuple[str, ...]


def medmnist(name):
    """Medical images of 28×28 pixels: chest X-rays, blood cells, ultrasound, skin, tissue.

    Parameters
    ----------
    name : str
        One of `MEDMNIST`, such as ``"bloodmnist"`` or ``"pneumoniamnist"``.

    Returns
    -------
    MedMnist
        Each split has ``images`` uint8, (n, 28, 28) if gray or (n, 28, 28, 3), and ``y_true``
        (n,) int, as in the file: in ``"breastmnist"`` 0 is malignant.

    Raises
    ------
    DataUnavailable
        If the file (up to 206 MB) is not in the cache and cannot be downloaded.

    References
    ----------
    Yang et al. 2023, "MedMNIST v2 - A large-scale lightweight benchmark for 2D and 3D biomedical
    image classification", Sci Data 10:41 (CC BY 4.0). Its ResNet-18 classifies 0.854 of the test
    images of ``"pneumoniamnist"`` correctly and 0.958 of ``"bloodmnist"``.
    """
    if name not in MEDMNIST:
        raise ValueError(f"name must be one of {', '.join(MEDMNIST)}, got {name!r}.")
    known_hash, classes = MEDMNIST[name]
    url = f"{_ZENODO}/{name}.npz?download=1"
    path = fetch("medmnist", f"{name}.npz", url, f"md5:{known_hash}")
    with np.load(path, allow_pickle=False) as file:
        splits = (
            Split(file[f"{part}_images"], file[f"{part}_labels"].ravel().astype(int))
            for part in ("train", "val", "test")
        )
        return MedMnist(*splits, classes)


class RatingCounts(NamedTuple):
    """How many diseased and how many normal cases received each rating, from the lowest up."""

    disease: np.ndarray
    normal: np.ndarray


def hanley_mcneil_1982():
    """109 CT images of the head, rated by one reader; 51 patients were abnormal.

    Returns
    -------
    RatingCounts
        ``disease`` and ``normal`` (5,) int, cases rated 1 definitely normal, 2 probably normal,
        3 questionable, 4 probably abnormal, 5 definitely abnormal.

    References
    ----------
    Hanley & McNeil 1982, "The meaning and use of the area under a receiver operating characteristic
    (ROC) curve", Radiology 143:29, Table I; its area is 0.893 with a standard error of 0.032.
    """
    return RatingCounts(np.array([3, 2, 2, 11, 33]), np.array([33, 6, 6, 11, 2]))


def _digits(words):
    return np.array([list(word) for word in words.split()], int)
