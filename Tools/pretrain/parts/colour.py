"""Lightness and colours (CIE Lab of sRGB, D65)."""

import torch
from torch import Tensor

TO_XYZ = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
WHITE = (0.9505, 1.0, 1.089)
CELLS = 10  # of each colour axis, each 22 wide, from -110 to 110


def lab(x: Tensor) -> Tensor:
    """x [n, 3, h, w] in -1...1 -> lightness, a and b, each about -1...1 (L / 50 - 1, a / 110, b / 110)."""
    v = (x + 1) / 2
    linear = torch.where(v > 0.04045, ((v.clamp_min(0) + 0.055) / 1.055) ** 2.4, v / 12.92)
    xyz = torch.einsum("ij,njhw->nihw", linear.new_tensor(TO_XYZ), linear) / linear.new_tensor(WHITE)[:, None, None]
    f = torch.where(xyz > 0.008856, xyz.clamp_min(1e-6) ** (1 / 3), 7.787 * xyz + 16 / 116)
    return torch.stack([(116 * f[:, 1] - 16) / 50 - 1, 500 * (f[:, 0] - f[:, 1]) / 110, 200 * (f[:, 1] - f[:, 2]) / 110], 1)


def lightness(of_lab: Tensor) -> Tensor:
    """What an encoder of three channels sees of a photo without colours."""
    return of_lab[:, :1].expand(-1, 3, -1, -1)


def colours(of_lab: Tensor) -> Tensor:
    """What it sees of one without lightness."""
    return torch.cat([torch.zeros_like(of_lab[:, :1]), of_lab[:, 1:]], 1)


def cells(of_lab: Tensor) -> Tensor:
    """The cell of each place's colour [n, h, w], below CELLS squared."""
    index = ((of_lab[:, 1:] + 1) / 2 * CELLS).long().clamp(0, CELLS - 1)
    return index[:, 0] * CELLS + index[:, 1]
