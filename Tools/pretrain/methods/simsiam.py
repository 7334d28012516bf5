"""SimSiam: of one view predict the other; stopping the gradient is all that keeps it from collapse."""

from lightly.loss import NegativeCosineSimilarity
from lightly.models.modules.heads import SimSiamPredictionHead, SimSiamProjectionHead
from torch import Tensor

from methods.method import Batch, Method, Setting

OUT, NARROW = 512, 128


class SimSiam(Method):
    source = "Chen & He 2021, Exploring simple siamese representation learning"
    least, smallest = 1000, 16

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.head = SimSiamProjectionHead(self.width, OUT, OUT)
        self.predictor = SimSiamPredictionHead(OUT, NARROW, OUT)
        self.criterion = NegativeCosineSimilarity()

    def loss(self, batch: Batch) -> Tensor:
        z = [self.head(self.encoder(batch.view())) for _ in range(2)]
        p = [self.predictor(x) for x in z]
        return 1 + (self.criterion(p[0], z[1].detach()) + self.criterion(p[1], z[0].detach())) / 2
