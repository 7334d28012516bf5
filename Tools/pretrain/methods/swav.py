"""SwAV: predict of one crop to which prototypes another crop of the photo belongs, all prototypes used alike."""

import torch
from lightly.loss import SwaVLoss
from lightly.models.modules.heads import SwaVProjectionHead, SwaVPrototypes
from torch import Tensor

from methods.method import Batch, Method, Setting
from parts.contrast import unit
from parts.memory import Queue

HIDDEN, OUT = 512, 128
PROTOTYPES = 128  # the paper's 3,000 are for a million photos
QUEUE = 512  # embeddings of photos before, so that a small batch can use all prototypes alike


class SwAV(Method):
    source = "Caron et al. 2020, Unsupervised learning of visual features by contrasting cluster assignments"
    least, batch, smallest = 1000, 32, 8  # six crops of each photo

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.head = SwaVProjectionHead(self.width, HIDDEN, OUT)
        self.prototypes = SwaVPrototypes(OUT, PROTOTYPES)
        self.queue = Queue(min(QUEUE, setting.count), OUT)
        self.criterion = SwaVLoss(sinkhorn_gather_distributed=setting.processes > 1)
        self.prototypes.normalize()

    def begin_epoch(self, epoch: int, embed) -> None:
        if epoch == 0:
            self.queue.values.copy_(unit(embed(torch.nn.Sequential(self.encoder, self.head)))[-len(self.queue.values) :])

    def loss(self, batch: Batch) -> Tensor:
        z = [unit(self.head(self.encoder(x))) for x in batch.crops()]
        logits = [self.prototypes(x) for x in z]
        with torch.no_grad():
            before = self.prototypes(self.queue.snapshot())
        self.queue.push(z[0])
        return self.criterion(logits[:2], logits[2:], [before, before]).squeeze()

    def after_step(self, progress: float) -> None:
        self.prototypes.normalize()
