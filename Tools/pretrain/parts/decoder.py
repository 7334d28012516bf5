"""From the encoder's last maps back to an image, and what is hidden from the encoder."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTHS = (128, 64, 32)


class Decoder(nn.Module):
    """maps [n, width, h, w] -> [n, channels, side / 4, side / 4]: three times twice the size, then to the side exactly."""

    def __init__(self, width: int, channels: int, side: int) -> None:
        super().__init__()
        self.side = side // 4
        layers: list[nn.Module] = []
        for out in WIDTHS:
            layers += [nn.Conv2d(width, out, 1), nn.Upsample(scale_factor=2), nn.Conv2d(out, out, 3, padding=1, bias=False)]
            layers += [nn.BatchNorm2d(out), nn.ReLU()]
            width = out
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, channels, 1))

    def forward(self, maps: Tensor) -> Tensor:
        return functional.interpolate(self.layers(maps), (self.side, self.side), mode="bilinear")


def holes(count: int, side: int, share: float, rng: np.random.Generator) -> Tensor:
    """[count, 1, side, side], true in a square of `share` of the side at a random place."""
    size = round(share * side)
    first = torch.from_numpy(rng.integers(0, side - size + 1, (2, count, 1)))
    line = torch.arange(side)
    inside = (line >= first) & (line < first + size)
    return (inside[0][:, :, None] & inside[1][:, None, :])[:, None]
