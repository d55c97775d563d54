"""Blood cells without a network: red cells are circles, what is purple is white or a platelet.

The rival of the grid detector, tuned on the same smears.
"""

import itertools
from typing import NamedTuple

import numpy as np
from scipy.ndimage import find_objects, gaussian_filter, label
from skimage.feature import canny
from skimage.filters import threshold_otsu
from skimage.transform import hough_circle, hough_circle_peaks

from ..boxes import non_max_suppression
from .scoring import Found, mean_average_precision

#: Radii of red cells in pixels of a smear of 160×120.
_RADII = np.arange(10, 15)
#: Circles that are looked at in each image, and the least area of what is purple.
_MOST, _SPECK = 50, 8


class CircleSettings(NamedTuple):
    """What a person would turn by hand in `find_blood_cells`; lengths in pixels.

    The defaults are what `tune_circles` finds on the first 120 smears, halved to 160×120.

    Attributes
    ----------
    blur : float
        Standard deviation of the smoothing before edges are looked for.
    alone : float
        What a circle gains whose surroundings are empty, beside 1 for a whole circle of edges.
    grow : float
        Side of a red cell's box over the diameter of its circle.
    apart : float
        IoU above which two circles are one cell.
    white, platelet : (float, int)
        By how much, of 1, blue exceeds red in a white cell or a platelet, and by how much the box
        of what is so purple grows on each side.
    large : int
        Pixels from which what is purple is a white cell.
    """

    blur: float = 1.5
    alone: float = 0.25
    grow: float = 1.2
    apart: float = 0.4
    white: tuple[float, int] = (0.06, 3)
    platelet: tuple[float, int] = (0.1, 2)
    large: int = 150


#: Combinations that `tune_circles` tries: of the first four settings, then of color and margin.
CIRCLE_GRID = tuple(
    itertools.product((1.0, 1.5, 2.0), (0.0, 0.25, 0.5), (1.1, 1.15, 1.2, 1.25), (0.3, 0.4, 0.5))
)
PURPLE_GRID = tuple(itertools.product((0.0, 0.03, 0.06, 0.1, 0.14), (0, 1, 2, 3, 4, 6)))


def find_blood_cells(images, settings=None):
    """Red cells by the Hough transform, white cells and platelets by their color.

    A red cell's score is the share of its circle that lies on edges, and more where it lies alone;
    that of a white cell or a platelet is its area.

    Parameters
    ----------
    images : array_like of float, shape (n, height, width, 3)
        Smears in [0, 1], with red cells of 20 to 30 pixels.
    settings : CircleSettings, optional

    Returns
    -------
    Found
        Classes are 0 red cell, 1 white cell, 2 platelet.

    References
    ----------
    Duda & Hart 1972, "Use of the Hough transformation to detect lines and curves in pictures",
    Commun ACM 15:11.
    """
    settings = settings or CircleSettings()
    found = []
    for number, image in enumerate(np.asarray(images)):
        red = _red_cells(_circles(image, settings.blur), image.shape, settings)
        white = _purple(image, *settings.white, settings.large, np.inf)
        platelets = _purple(image, *settings.platelet, _SPECK, settings.large)
        for name, (boxes, scores) in enumerate((red, white, platelets)):
            order = np.argsort(-scores, kind="stable")
            numbers = (np.full(len(boxes), value) for value in (name, number))
            found.append((boxes[order], scores[order], *numbers))
    return Found(*map(np.concatenate, zip(*found, strict=True)))


def _circles(image, blur):
    """Center x and y, radius, share of edge, of emptiness around and of purple within."""
    smooth = gaussian_filter(image, (1, 1, 0))
    stained = smooth[..., 1] < threshold_otsu(smooth[..., 1])
    votes = hough_circle(canny(image[..., 1], sigma=blur), _RADII, full_output=True)
    edge, x, y, r = hough_circle_peaks(
        votes, _RADII, min_xdistance=4, min_ydistance=4, total_num_peaks=_MOST
    )
    x, y = x - _RADII.max(), y - _RADII.max()
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    distance = np.hypot(columns - x[:, None, None], rows - y[:, None, None]) / r[:, None, None]
    around, within = (distance > 1.1) & (distance <= 1.4), distance <= 1
    purple = _purpleness(image) > 0
    empty, is_purple = _mean_where(~stained, around), _mean_where(purple, within)
    return np.stack([x, y, r, edge, empty, is_purple], axis=1)


def _mean_where(mask, places):
    return (mask & places).sum(axis=(1, 2)) / places.sum(axis=(1, 2)).clip(min=1)


def _purpleness(image):
    smooth = gaussian_filter(image, (0.7, 0.7, 0))
    return smooth[..., 2] - smooth[..., 0]


def _red_cells(circles, shape, settings):
    x, y, r, edge, empty, purple = circles.T
    r = settings.grow * r
    height, width, _ = shape
    boxes = np.stack([x + 0.5 - r, y + 0.5 - r, x + 0.5 + r, y + 0.5 + r], axis=1)
    boxes = boxes.clip(0, [width, height, width, height])
    scores = edge + settings.alone * empty
    likely = (purple < 0.5) & ((boxes[:, 2:] - boxes[:, :2]).min(axis=1, initial=99) > 4)
    boxes, scores = boxes[likely], scores[likely]
    kept = non_max_suppression(boxes, scores, settings.apart)
    return boxes[kept], scores[kept]


def _purple(image, threshold, margin, least, most):
    """Boxes of what is purple and has at least `least` and less than `most` pixels; areas."""
    regions, n = label(_purpleness(image) > threshold)
    area = np.bincount(regions.ravel(), minlength=n + 1)[1:]
    boxes = np.array([(x.start, y.start, x.stop, y.stop) for y, x in find_objects(regions)], float)
    boxes = boxes.reshape(-1, 4) + np.multiply(margin, [-1, -1, 1, 1])
    height, width, _ = image.shape
    fits = (area >= least) & (area < most)
    return boxes[fits].clip(0, [width, height, width, height]), area[fits].astype(float)


def tune_circles(images, boxes, classes, image_of):
    """The settings with the highest average precision at an IoU of 0.5, class by class.

    Parameters
    ----------
    images : array_like of float, shape (n, height, width, 3)
    boxes : array_like, shape (m, 4)
    classes, image_of : array_like of int, shape (m,)
        0 red cell, 1 white cell, 2 platelet; in which image each lies.

    Returns
    -------
    CircleSettings
    """
    images, base = np.asarray(images), CircleSettings()

    def score(name, found_in):
        """Average precision of a class, where `found_in` gives boxes and scores of image i."""
        found = [(*found_in(i), np.full(len(found_in(i)[0]), i)) for i in range(len(images))]
        all_boxes, scores, of_image = map(np.concatenate, zip(*found, strict=True))
        mine = classes == name
        return mean_average_precision(
            all_boxes, scores, boxes[mine], images=of_image, true_images=image_of[mine]
        ).value

    circles = {
        blur: [_circles(image, blur) for image in images] for blur in {s[0] for s in CIRCLE_GRID}
    }

    def red(settings):
        settings = base._replace(
            **dict(zip(("blur", "alone", "grow", "apart"), settings, strict=True))
        )
        found = [_red_cells(c, images.shape[1:], settings) for c in circles[settings.blur]]
        return score(0, found.__getitem__)

    def purple(name, color_and_margin, least, most):
        found = [_purple(image, *color_and_margin, least, most) for image in images]
        return score(name, found.__getitem__)

    blur, alone, grow, apart = max(CIRCLE_GRID, key=red)
    white = max(PURPLE_GRID, key=lambda s: purple(1, s, base.large, np.inf))
    platelet = max(PURPLE_GRID, key=lambda s: purple(2, s, _SPECK, base.large))
    return CircleSettings(blur, alone, grow, apart, white, platelet, base.large)
