"""Networks, each small enough to read at one sitting."""

from .efficientnet import EfficientNetLite0
from .fcn import FCN
from .unet import UNet

__all__ = ["FCN", "EfficientNetLite0", "UNet"]
