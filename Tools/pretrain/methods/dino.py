"""DINO: of small and large crops say what a slow copy says of the large ones; centring and sharpening instead of negatives."""

import math

import torch
from lightly.loss import DINOLoss
from lightly.models.modules.heads import DINOProjectionHead
from lightly.models.utils import deactivate_requires_grad, update_momentum
from torch import Tensor, nn

from methods.method import Batch, Method, Setting
from parts.momentum import copied

HIDDEN, NARROW, OUT = 512, 128, 1024  # the paper's 65,536 outputs are for a million photos
KEEP = 0.99  # of the copy's weights, rising to 1 by a cosine


class DINO(Method):
    source = "Caron et al. 2021, Emerging properties in self-supervised vision transformers"
    least, batch, smallest = 1000, 32, 8  # six crops of each photo

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.head, self.slow_head = (DINOProjectionHead(self.width, HIDDEN, NARROW, OUT, batch_norm=True) for _ in range(2))
        self.slow_head.load_state_dict(self.head.state_dict())
        deactivate_requires_grad(self.slow_head)
        self.slow = copied(encoder)
        self.criterion = DINOLoss(OUT, warmup_teacher_temp_epochs=1)

    def loss(self, batch: Batch) -> Tensor:
        crops = batch.crops()
        with torch.no_grad():
            wanted = [self.slow_head(self.slow(x)) for x in crops[:2]]
        return self.criterion(wanted, [self.head(self.encoder(x)) for x in crops])

    def after_step(self, progress: float) -> None:
        keep = 1 - (1 - KEEP) * (1 + math.cos(math.pi * progress)) / 2
        update_momentum(nn.ModuleList([self.encoder, self.head]), nn.ModuleList([self.slow, self.slow_head]), keep)
