"""NPID: every photo is a class of its own, whose weights are its embedding of before, kept in a bank."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from methods.method import Batch, Method, Setting
from parts.contrast import against, first, unit
from parts.memory import Bank

OUT, TEMPERATURE = 128, 0.07
NEGATIVES = 8192  # drawn where there are more photos, all others else


class NPID(Method):
    source = "Wu et al. 2018, Unsupervised feature learning via non-parametric instance discrimination"
    least, smallest = 500, 8

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.head = nn.Linear(self.width, OUT)
        self.bank = Bank(setting.count, OUT)

    def begin_epoch(self, epoch: int, embed) -> None:
        if epoch == 0:
            self.bank.fill(embed(nn.Sequential(self.encoder, self.head)))

    def loss(self, batch: Batch) -> Tensor:
        z = unit(self.head(self.encoder(batch.view())))
        if self.setting.count <= NEGATIVES:
            loss = functional.cross_entropy(z @ self.bank.snapshot().T / TEMPERATURE, batch.rows)
        else:
            drawn = self.bank.values[torch.randint(self.setting.count, (NEGATIVES,), device=z.device)]
            loss = first(against(z, self.bank.values[batch.rows], drawn, TEMPERATURE))
        self.bank.update(batch.rows, z)
        return loss
