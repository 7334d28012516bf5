"""Split-brain autoencoder: colours of the lightness, and lightness of the colours.

The paper's two halves of a network become one encoder that sees either half of the channels: it stays one encoder for edgessl.
"""

import torch
from torch import Tensor
from torch.nn import functional

from methods.method import Batch, Method, Setting
from parts.colour import CELLS, cells, colours, lab, lightness
from parts.decoder import Decoder
from views import CROPPED

LEVELS = 50  # of lightness


class SplitBrain(Method):
    source = "Zhang et al. 2017, Split-brain autoencoders"
    least, smallest = 2000, 8

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.to_colours = Decoder(self.width, CELLS**2, setting.side)
        self.to_lightness = Decoder(self.width, LEVELS, setting.side)

    def loss(self, batch: Batch) -> Tensor:
        x = lab(batch.view(CROPPED))
        gray, coloured = self.encoder.maps(torch.cat([lightness(x), colours(x)])).chunk(2)
        found = self.to_colours(gray), self.to_lightness(coloured)
        small = functional.adaptive_avg_pool2d(x, found[0].shape[2:])
        level = ((small[:, 0] + 1) / 2 * LEVELS).long().clamp(0, LEVELS - 1)
        return functional.cross_entropy(found[0], cells(small)) + functional.cross_entropy(found[1], level)
