"""How an image is written down while it is optimized.

The same gradient looks different in different coordinates: step by step each number moves equally
far, whether it is a pixel, or a wave that spans the image.
"""

import torch
from torch import nn

#: Columns: the directions in which colors of photographs vary, as long as they vary (the
#: eigenvectors of the covariance of RGB in `course_lib.datasets.photos`, times the root of the
#: eigenvalues, the longest made 1): bright to dark, orange to blue, magenta to green.
COLOR_AXES = ((0.62, 0.30, 0.02), (0.57, -0.10, -0.07), (0.54, -0.24, 0.05))


class Pixels(nn.Module):
    """Every pixel a number of its own; ``forward()`` gives (batch, channels, height, width).

    Parameters
    ----------
    batch, channels : int
    size : int, or (int, int)
        Height and width.
    generator : torch.Generator, optional
    sd : float
        Standard deviation of the numbers at the start.
    """

    def __init__(self, batch, channels, size, generator=None, sd=0.01):
        super().__init__()
        shape = (batch, channels, *_height_width(size))
        self.values = nn.Parameter(sd * torch.randn(shape, generator=generator))

    def forward(self):
        return self.values


class Fourier(nn.Module):
    """A sum of waves, whose amplitudes fall with frequency as they do in photographs.

    Its numbers are the coefficients of the real Fourier transform divided by ``1 / f**decay``. So
    one step changes coarse structure more than fine grain. Olah, Mordvintsev & Schubert 2017,
    "Feature visualization", Distill.

    Parameters
    ----------
    batch, channels, size, generator, sd
        As of `Pixels`.
    decay : float
        1 as in photographs; more gives smoother images.
    """

    def __init__(self, batch, channels, size, generator=None, sd=0.01, decay=1.0):
        super().__init__()
        self.size = height, width = _height_width(size)
        fy, fx = torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)
        # The constant wave, f = 0, counts as the longest that the image can hold.
        f = torch.sqrt(fy**2 + fx**2).clamp_min(1 / max(height, width))
        # Waves of 20 pixels have the same amplitude whatever the decay.
        self.register_buffer("amplitude", 20 / 3 * (20 * f) ** -decay)
        shape = (batch, channels, *f.shape, 2)
        self.coefficients = nn.Parameter(sd * torch.randn(shape, generator=generator))

    def forward(self):
        waves = torch.view_as_complex(self.coefficients) * self.amplitude
        return torch.fft.irfft2(waves, s=self.size, norm="ortho")


def _height_width(size):
    return tuple(size) if isinstance(size, tuple) else (size, size)


def decorrelated(values, chroma=2.0):
    """Gray, orange–blue, magenta–green (batch, 3, height, width) to RGB before squashing.

    The two directions of color are exaggerated by the factor `chroma`, because few steps leave
    them pale. A gray image has one channel and stays as it is.
    """
    if values.shape[1] != 3:
        return values
    axes = torch.tensor(COLOR_AXES, dtype=values.dtype, device=values.device)
    axes = axes * torch.tensor([1.0, chroma, chroma], dtype=values.dtype, device=values.device)
    return torch.einsum("ij,njhw->nihw", axes, values)


def independent(values):
    """Red, green and blue, each on its own."""
    return values
