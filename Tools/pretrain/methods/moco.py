"""MoCo: contrast with a queue of keys, which a slow copy of the network makes.

Shuffling before batch normalisation is for several processes with few photos each, and left out.
"""

from dataclasses import replace

import torch
from lightly.models.modules.heads import MoCoProjectionHead
from lightly.models.utils import update_momentum
from torch import Tensor, nn

from methods.method import Batch, Method, Setting
from parts.contrast import against, first, unit
from parts.memory import Queue
from parts.momentum import copied
from views import STRONG

HIDDEN, OUT = 512, 128
QUEUE = 4096  # the paper's 65,536 are for a million photos
KEEP = 0.99  # of the copy's weights; 0.999 for 10^5 steps


class MoCo(Method):
    """Version 2: a head of two layers, and blurred views."""

    source = "Chen et al. 2020, Improved baselines with momentum contrastive learning"
    least, smallest = 500, 8
    temperature = 0.2
    recipe = replace(STRONG, colour=0.5)

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.head = self.make_head()
        self.slow = copied(nn.Sequential(encoder, self.head))
        self.queue = Queue(min(QUEUE, setting.count), OUT)

    def make_head(self) -> nn.Module:
        return MoCoProjectionHead(self.width, HIDDEN, OUT)

    def begin_epoch(self, epoch: int, embed) -> None:
        if epoch == 0:
            self.queue.values.copy_(unit(embed(self.slow))[-len(self.queue.values) :])

    def keys(self, batch: Batch) -> Tensor:
        with torch.no_grad():
            return unit(self.slow(batch.view(self.recipe)))

    def query(self, view: Tensor) -> Tensor:
        return unit(self.head(self.encoder(view)))

    def loss(self, batch: Batch) -> Tensor:
        keys = self.keys(batch)
        loss = first(against(self.query(batch.view(self.recipe)), keys, self.queue.snapshot(), self.temperature))
        self.queue.push(keys)
        return loss

    def after_step(self, progress: float) -> None:
        update_momentum(nn.Sequential(self.encoder, self.head), self.slow, KEEP)


class MoCo1(MoCo):
    """Version 1: a linear head, no blur."""

    source = "He et al. 2020, Momentum contrast for unsupervised visual representation learning"
    temperature = 0.07
    recipe = replace(STRONG, colour=0.5, blur=0)

    def make_head(self) -> nn.Module:
        return nn.Linear(self.width, OUT)
