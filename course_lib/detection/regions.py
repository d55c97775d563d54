"""Regions: where an object might be, and what the R-CNN family computes once.

::

    R-CNN         for every region: cut it out, run the network
    Fast R-CNN    run the network on the image once; for every region: pool its features
    Faster R-CNN  the network proposes the regions itself, from the features it has
    YOLO          the proposals are the answer
"""

import numpy as np
import torch
from skimage.segmentation import felzenszwalb
from torch.nn.functional import adaptive_max_pool2d, interpolate
from torch.utils.flop_counter import FlopCounterMode

from .._validation import as_boxes, as_count, as_image, as_positive, as_vector
from ..boxes import boxes_of_labels


def propose_regions(image, scales=(20, 50, 100, 200, 400), sigma=0.8, min_size=20):
    """Boxes around the segments of several graph segmentations, from fine to coarse.

    Neighboring pixels are joined as long as they differ little, measured against how much the
    pixels of a segment differ among themselves. Nothing is learned.

    Parameters
    ----------
    image : array_like, shape (height, width)
        Of about unit range.
    scales : sequence of float
        How willingly segments join; a larger one gives larger segments.
    sigma : float
        Standard deviation of the smoothing before, in pixels.
    min_size : int
        Smaller segments join a neighbor.

    Returns
    -------
    ndarray, shape (n, 4)
        Without duplicates; in no meaningful order.

    References
    ----------
    Felzenszwalb & Huttenlocher 2004, "Efficient graph-based image segmentation", Int J Comput Vis
    59:167. R-CNN takes the regions of selective search (Uijlings et al. 2013, Int J Comput Vis
    104:154), which starts from this segmentation and joins segments further.
    """
    image, min_size = as_image(image, "image"), as_count(min_size, "min_size")
    scales = [as_positive(scale, "scales") for scale in as_vector(scales, "scales")]
    # Its labels begin at 0, which is a segment like any other.
    segmentations = (felzenszwalb(image, scale, sigma, min_size) + 1 for scale in scales)
    return np.unique(np.concatenate([boxes_of_labels(s) for s in segmentations]), axis=0)


def cut_out(image, boxes, size=32):
    """Every box of the image, resized to a square: what R-CNN feeds to its network.

    Parameters
    ----------
    image : tensor, shape (channels, height, width)
    boxes : array_like, shape (n, 4)
    size : int

    Returns
    -------
    tensor, shape (n, channels, size, size)
    """

    def resized(part):
        return interpolate(part[None], size=(size, size), mode="bilinear", antialias=True)[0]

    return _of_each(image, boxes, 1, resized)


def roi_pool(features, boxes, stride, size=4):
    """The features of every box, as a small square of fixed size: what Fast R-CNN feeds on.

    A box is laid on the feature map, rounded outwards to whole cells, and divided into
    ``size × size`` bins; of each bin the largest value remains.

    Parameters
    ----------
    features : tensor, shape (channels, rows, columns)
    boxes : array_like, shape (n, 4)
        In the pixels of the image. What lies outside of the image is cut off.
    stride : float
        Pixels of the image in one cell of the feature map.
    size : int

    Returns
    -------
    tensor, shape (n, channels, size, size)

    References
    ----------
    Girshick 2015, "Fast R-CNN", arXiv 1504.08083, section 2.1.
    """
    return _of_each(features, boxes, stride, lambda part: adaptive_max_pool2d(part, size))


def _of_each(features, boxes, stride, function):
    boxes, stride = as_boxes(boxes, "boxes"), as_positive(stride, "stride")
    rows, columns = features.shape[-2:]
    cells = np.hstack([np.floor(boxes[:, :2] / stride), np.ceil(boxes[:, 2:] / stride)])
    cells = cells.clip(0, [columns, rows, columns, rows]).astype(int)
    if (cells[:, :2] >= cells[:, 2:]).any():
        row = int(np.argmax((cells[:, :2] >= cells[:, 2:]).any(axis=1)))
        raise ValueError(f"boxes must cover a part of the image, but row {row} covers none.")
    parts = [function(features[:, y1:y2, x1:x2]) for x1, y1, x2, y2 in cells]
    # An empty part gives an empty answer its shape.
    return torch.stack(parts) if parts else function(features)[None][:0]


def count_multiplications(function, *arguments):
    """Multiplications of all convolutions and matrix products that a call makes.

    Unlike seconds they are the same on every machine.

    Returns
    -------
    int
    """
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        function(*arguments)
    # torch counts a multiplication and the addition that follows as two operations.
    return counter.get_total_flops() // 2
