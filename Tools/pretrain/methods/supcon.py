"""SupCon: views of photos of one label are alike; a photo without label has only its own views."""

import torch
from lightly.models.modules.heads import SimCLRProjectionHead
from torch import Tensor

from methods.method import Batch, Method, Setting
from parts.contrast import unit

HIDDEN, OUT, TEMPERATURE = 512, 128, 0.1


class SupCon(Method):
    source = "Khosla et al. 2020, Supervised contrastive learning"
    least, smallest, labelled = 200, 32, True

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.head = SimCLRProjectionHead(self.width, HIDDEN, OUT)

    def loss(self, batch: Batch) -> Tensor:
        z = unit(torch.cat([self.head(self.encoder(batch.view())) for _ in range(2)]))
        own = torch.where(batch.labels < 0, -1 - batch.rows, batch.labels).repeat(2)
        itself = torch.eye(len(z), dtype=torch.bool, device=z.device)
        share = (z @ z.T / TEMPERATURE).masked_fill(itself, -1e9).log_softmax(1)
        positive = (own[:, None] == own) & ~itself
        return -((share * positive).sum(1) / positive.sum(1)).mean()
