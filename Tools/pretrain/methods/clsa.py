"""CLSA: MoCo, and a much changed view has the same similarities to the queue as a little changed one."""

from dataclasses import replace

from torch import Tensor

from methods.method import Batch
from methods.moco import MoCo
from parts.contrast import against, first, likely
from views import STRONG

STRONGER = replace(STRONG, area=(0.08, 1.0), colour=1.5, blur=0.5, solarize=0.2)
WEIGHT = 1.0


class CLSA(MoCo):
    source = "Wang & Qi 2022, Contrastive learning with stronger augmentations"

    def loss(self, batch: Batch) -> Tensor:
        keys, queue = self.keys(batch), self.queue.snapshot()
        weak = against(self.query(batch.view(self.recipe)), keys, queue, self.temperature)
        strong = against(self.query(batch.view(STRONGER)), keys, queue, self.temperature)
        self.queue.push(keys)
        return first(weak) + WEIGHT * likely(weak.detach().softmax(1), strong)
