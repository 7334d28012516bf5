"""PIRL: a photo and its jigsaw, tiles in any order, are alike, and unlike the bank's other photos."""

import torch
from torch import Tensor, nn

from methods.method import Batch, Method, Setting
from parts.contrast import against, first, unit
from parts.memory import Bank
from parts.tiles import embedded, tiles
from views import STRONG

OUT, TEMPERATURE = 128, 0.07
NEGATIVES = 2048
JIGSAW = 0.5  # share of the jigsaw's loss


class PIRL(Method):
    source = "Misra & van der Maaten 2020, Self-supervised learning of pretext-invariant representations"
    least, batch, smallest = 1000, 32, 8  # nine tiles beside each view

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.head, self.tile, self.joined = nn.Linear(self.width, OUT), nn.Linear(self.width, OUT), nn.Linear(9 * OUT, OUT)
        self.bank = Bank(setting.count, OUT)

    def begin_epoch(self, epoch: int, embed) -> None:
        if epoch == 0:
            self.bank.fill(embed(nn.Sequential(self.encoder, self.head)))

    def loss(self, batch: Batch) -> Tensor:
        z = unit(self.head(self.encoder(batch.view(STRONG))))
        cut = self.tile(embedded(self.encoder, tiles(batch.pixels, 3, batch.side // 3, batch.rng)))
        order = torch.argsort(torch.rand(cut.shape[:2], device=cut.device), 1)
        shuffled = torch.gather(cut, 1, order[:, :, None].expand_as(cut))
        jigsaw = unit(self.joined(shuffled.flatten(1)))
        own = self.bank.values[batch.rows]
        drawn = self.bank.values[torch.randint(self.setting.count, (min(NEGATIVES, self.setting.count),), device=z.device)]
        losses = [first(against(x, own, drawn, TEMPERATURE)) for x in (jigsaw, z)]
        self.bank.update(batch.rows, z)
        return JIGSAW * losses[0] + (1 - JIGSAW) * losses[1]
