"""Relative patch location: on which of its eight sides does a tile lie beside the middle one?"""

import torch
from lightly.models.modules.heads import ProjectionHead
from torch import Tensor, nn
from torch.nn import functional

from methods.method import Batch, Method, Setting
from parts.tiles import embedded, tiles

HIDDEN = 256
AROUND = (0, 1, 2, 3, 5, 6, 7, 8)


class PatchLocation(Method):
    source = "Doersch et al. 2015, Unsupervised visual representation learning by context prediction"
    least, smallest = 1000, 8

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        blocks = [(2 * self.width, HIDDEN, nn.BatchNorm1d(HIDDEN), nn.ReLU()), (HIDDEN, len(AROUND), None, None)]
        self.head = ProjectionHead(blocks)

    def loss(self, batch: Batch) -> Tensor:
        cut = tiles(batch.pixels, 3, batch.side // 3, batch.rng)
        wanted = batch.draw(len(AROUND))
        other = cut[torch.arange(len(cut)), torch.tensor(AROUND, device=cut.device)[wanted]]
        e = embedded(self.encoder, torch.stack([cut[:, 4], other], 1))
        return functional.cross_entropy(self.head(e.flatten(1)), wanted)
