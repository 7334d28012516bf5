"""AND: a photo and its nearest neighbour become one class, the surest pairs first, more of them with every pass."""

import torch
from torch import Tensor

from methods.method import Batch, Setting
from methods.npid import NPID, TEMPERATURE
from parts.contrast import unit

SHARE = 0.25  # more photos that take part, with every pass


class AnchorNeighbourhood(NPID):
    source = "Huang et al. 2019, Unsupervised deep learning by neighbourhood discovery"
    least = 500

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.register_buffer("neighbour", torch.arange(setting.count))  # itself: no pair

    def begin_epoch(self, epoch: int, embed) -> None:
        super().begin_epoch(epoch, embed)
        rows, entropy = [], []
        for part in self.bank.values.split(512):
            logits = part @ self.bank.values.T / TEMPERATURE
            share = logits.softmax(1)
            entropy.append(-(share * share.clamp_min(1e-12).log()).sum(1))
            rows.append(logits.topk(2, 1).indices)
        nearest, own = torch.cat(rows), torch.arange(self.setting.count, device=self.neighbour.device)
        other = torch.where(nearest[:, 0] == own, nearest[:, 1], nearest[:, 0])
        sure = torch.cat(entropy).argsort()[: int(min(1.0, SHARE * epoch) * self.setting.count)]
        self.neighbour.copy_(own)
        self.neighbour[sure] = other[sure]

    def loss(self, batch: Batch) -> Tensor:
        z = unit(self.head(self.encoder(batch.view())))
        share = (z @ self.bank.snapshot().T / TEMPERATURE).log_softmax(1)
        own, other = (share.gather(1, rows[:, None]).squeeze(1) for rows in (batch.rows, self.neighbour[batch.rows]))
        paired = self.neighbour[batch.rows] != batch.rows
        self.bank.update(batch.rows, z)
        return -torch.where(paired, torch.logaddexp(own, other), own).mean()
