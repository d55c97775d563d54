"""Handwritten digits and printed letters."""

import unicodedata
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib.ft2font import FT2Font
from PIL import Image, ImageDraw, ImageFont
from sklearn.datasets import load_digits


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
