"""Colorization: of a gray photo the colour of every place, as one of a hundred cells, rare ones weighing more."""

import torch
from torch import Tensor
from torch.nn import functional

from methods.method import Batch, Method, Setting
from parts.colour import CELLS, cells, lab, lightness
from parts.decoder import Decoder
from views import CROPPED

UNIFORM = 0.5  # share of the uniform distribution in the weights' prior
KEEP = 0.99  # of the running prior


class Colorization(Method):
    source = "Zhang et al. 2016, Colorful image colorization"
    least, smallest = 2000, 8

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.decoder = Decoder(self.width, CELLS**2, setting.side)
        self.register_buffer("prior", torch.full((CELLS**2,), 1 / CELLS**2))

    def loss(self, batch: Batch) -> Tensor:
        x = lab(batch.view(CROPPED))
        found = self.decoder(self.encoder.maps(lightness(x)))
        wanted = cells(functional.adaptive_avg_pool2d(x, found.shape[2:]))
        share = torch.bincount(wanted.flatten(), minlength=CELLS**2) / wanted.numel()
        self.prior.copy_(KEEP * self.prior + (1 - KEEP) * share)
        weight = 1 / ((1 - UNIFORM) * self.prior + UNIFORM / CELLS**2)
        return functional.cross_entropy(found, wanted, weight / (self.prior * weight).sum())
