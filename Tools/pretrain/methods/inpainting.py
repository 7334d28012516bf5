"""Context encoder: what stood in the hole? The squared error alone; the paper's adversary sharpens pictures, not features."""

import torch
from torch import Tensor
from torch.nn import functional

from methods.method import Batch, Method, Setting
from parts.decoder import Decoder, holes
from views import CROPPED

HOLE = 0.5  # of the side


class Inpainting(Method):
    source = "Pathak et al. 2016, Context encoders: feature learning by inpainting"
    least, smallest = 2000, 8

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.decoder = Decoder(self.width, 3, setting.side)

    def loss(self, batch: Batch) -> Tensor:
        x = batch.view(CROPPED)
        hole = holes(len(x), batch.side, HOLE, batch.rng).to(x.device)
        found = self.decoder(self.encoder.maps(torch.where(hole, 0.0, x)))
        size = found.shape[2:]
        wanted, inside = functional.adaptive_avg_pool2d(x, size), functional.adaptive_avg_pool2d(hole.float(), size)
        return (inside * (found - wanted).square()).sum() / (3 * inside.sum())
