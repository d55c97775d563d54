"""What a network looks for: layers, objectives, parameterizations, transforms, dreams.

::

    from course_lib.visualize import maximize, objectives

    maximize(model, objectives.channel("blocks.12.expand.norm", range(12))).images
"""

from . import objectives, parameterization, transforms
from .contact_sheet import contact_sheet
from .dream import deep_dream
from .layers import activations, find_layer, layer_names, outputs_of
from .maximization import Maximized, maximize
from .objectives import Objective
from .units import Patches, ReceptiveField, influence, receptive_field, top_patches

__all__ = [
    "Maximized",
    "Objective",
    "Patches",
    "ReceptiveField",
    "activations",
    "contact_sheet",
    "deep_dream",
    "find_layer",
    "influence",
    "layer_names",
    "maximize",
    "objectives",
    "outputs_of",
    "parameterization",
    "receptive_field",
    "top_patches",
    "transforms",
]
