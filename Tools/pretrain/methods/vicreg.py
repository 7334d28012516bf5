"""VICReg: two views agree, every value varies over the batch, and no two values vary alike."""

from lightly.loss import VICRegLoss
from lightly.models.modules.heads import VICRegProjectionHead
from torch import Tensor

from methods.method import Batch, Method, Setting
from views import FIRST, SECOND

OUT = 512  # the paper has 8,192


class VICReg(Method):
    source = "Bardes et al. 2022, VICReg: variance-invariance-covariance regularization"
    least, smallest = 500, 16

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.head = VICRegProjectionHead(self.width, OUT, OUT)
        self.criterion = VICRegLoss(gather_distributed=setting.processes > 1)

    def loss(self, batch: Batch) -> Tensor:
        return self.criterion(self.head(self.encoder(batch.view(FIRST))), self.head(self.encoder(batch.view(SECOND))))
