"""SimCLR: two views of a photo are alike, and unlike the views of the batch's other photos."""

from lightly.loss import NTXentLoss
from lightly.models.modules.heads import SimCLRProjectionHead
from torch import Tensor

from methods.method import Batch, Method, Setting

HIDDEN, OUT = 512, 128
TEMPERATURE = 0.2  # the paper's best is 0.1 for long training, 0.5 for small batches


class SimCLR(Method):
    source = "Chen et al. 2020, A simple framework for contrastive learning of visual representations"
    least, smallest = 500, 32

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.head = SimCLRProjectionHead(self.width, HIDDEN, OUT)
        self.criterion = NTXentLoss(TEMPERATURE, gather_distributed=setting.processes > 1)

    def loss(self, batch: Batch) -> Tensor:
        return self.criterion(self.head(self.encoder(batch.view())), self.head(self.encoder(batch.view())))
