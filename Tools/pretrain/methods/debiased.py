"""Debiased contrastive loss: SimCLR that reckons with negatives of the photo's own class."""

import math

import torch
from lightly.models.modules.heads import SimCLRProjectionHead
from torch import Tensor

from methods.method import Batch, Method, Setting
from parts.contrast import unit

HIDDEN, OUT, TEMPERATURE = 512, 128, 0.5
PRIOR = 0.1  # chance that a negative is of the same class


class Debiased(Method):
    source = "Chuang et al. 2020, Debiased contrastive learning"
    least, smallest = 500, 32

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.head = SimCLRProjectionHead(self.width, HIDDEN, OUT)

    def loss(self, batch: Batch) -> Tensor:
        z = unit(torch.cat([self.head(self.encoder(batch.view())) for _ in range(2)]))
        n = len(z) // 2
        similar = (z @ z.T / TEMPERATURE).exp()
        positive = similar.diagonal(n).repeat(2)
        own = torch.eye(n, dtype=torch.bool, device=z.device).repeat(2, 2)
        others = similar.masked_fill(own, 0).sum(1)
        count = 2 * n - 2
        negative = ((others - count * PRIOR * positive) / (1 - PRIOR)).clamp_min(count * math.exp(-1 / TEMPERATURE))
        return -(positive / (positive + negative)).log().mean()
