"""Jigsaw: in which of some orders do the nine tiles of a photo come?"""

import torch
from lightly.models.modules.heads import ProjectionHead
from torch import Tensor, nn
from torch.nn import functional

from methods.method import Batch, Method, Setting
from parts.tiles import embedded, permutations, tiles

ORDERS = 64  # the paper's 1,000 are for millions of photos
TILE, HIDDEN = 64, 512


class Jigsaw(Method):
    source = "Noroozi & Favaro 2016, Unsupervised learning of visual representations by solving jigsaw puzzles"
    least, smallest = 1000, 8

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.tile = nn.Linear(self.width, TILE)
        self.head = ProjectionHead([(9 * TILE, HIDDEN, nn.BatchNorm1d(HIDDEN), nn.ReLU()), (HIDDEN, ORDERS, None, None)])
        self.register_buffer("orders", permutations(ORDERS, 9, setting.seed))

    def loss(self, batch: Batch) -> Tensor:
        cut = tiles(batch.pixels, 3, batch.side // 3, batch.rng)
        wanted = batch.draw(ORDERS)
        shuffled = cut[torch.arange(len(cut), device=cut.device)[:, None], self.orders[wanted]]
        e = functional.relu(self.tile(embedded(self.encoder, shuffled)))
        return functional.cross_entropy(self.head(e.flatten(1)), wanted)
