"""What a network looks for: layers, objectives, parameterizations, transforms, dreams.

::

    from course_lib.visualize import maximize, objectives

    maximize(model, objectives.channel("blocks.12.expand.norm", range(12))).images
"""

from ..nets.layers import activations, find_layer, layer_names
from . import objectives, parameterization, transforms
from .dream import deep_dream
from .field import ReceptiveField, receptive_field
from .maximization import Maximized, maximize
from .objectives import Objective
from .units import Patches, influence, top_patches

__all__ = [
    "Maximized",
    "Objective",
    "Patches",
    "ReceptiveField",
    "activations",
    "deep_dream",
    "find_layer",
    "influence",
    "layer_names",
    "maximize",
    "objectives",
    "parameterization",
    "receptive_field",
    "top_patches",
    "transforms",
]
