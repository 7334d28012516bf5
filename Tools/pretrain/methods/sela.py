"""SeLa: labels that agree with the network as well as they can while every label is used alike, found anew before every pass."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from methods.method import Batch, Method, Setting
from parts.clusters import equal_shares

PHOTOS = 20  # of a label
TEMPERATURE = 1 / 25


class SeLa(Method):
    source = "Asano et al. 2020, Self-labelling via simultaneous clustering and representation learning"
    least, smallest = 1000, 8

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.head = nn.Linear(self.width, max(2, setting.count // PHOTOS))
        self.register_buffer("label", torch.zeros(setting.count, dtype=torch.long))

    def begin_epoch(self, epoch: int, embed) -> None:
        logits = embed(nn.Sequential(self.encoder, self.head)).log_softmax(1)
        self.label.copy_(equal_shares(logits, TEMPERATURE).argmax(1))

    def loss(self, batch: Batch) -> Tensor:
        return functional.cross_entropy(self.head(self.encoder(batch.view())), self.label[batch.rows])
