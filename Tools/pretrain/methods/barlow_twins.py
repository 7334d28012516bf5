"""Barlow Twins: each value of the embedding agrees between two views, and says what no other value says."""

from lightly.loss import BarlowTwinsLoss
from lightly.models.modules.heads import BarlowTwinsProjectionHead
from torch import Tensor

from methods.method import Batch, Method, Setting
from views import FIRST, SECOND

OUT = 512  # the paper's 8,192 bring more, and cost more
REDUNDANCY = 5e-3


class BarlowTwins(Method):
    source = "Zbontar et al. 2021, Barlow Twins: self-supervised learning via redundancy reduction"
    least, smallest = 500, 16

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.head = BarlowTwinsProjectionHead(self.width, OUT, OUT)
        self.criterion = BarlowTwinsLoss(REDUNDANCY, gather_distributed=setting.processes > 1)

    def loss(self, batch: Batch) -> Tensor:
        return self.criterion(self.head(self.encoder(batch.view(FIRST))), self.head(self.encoder(batch.view(SECOND)))) / OUT
