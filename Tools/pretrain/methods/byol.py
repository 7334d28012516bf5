"""BYOL: of one view predict what a slow copy of the network says of another; no negatives."""

import math

from lightly.loss import NegativeCosineSimilarity
from lightly.models.modules.heads import BYOLPredictionHead, BYOLProjectionHead
from lightly.models.utils import update_momentum
from torch import Tensor, nn

from methods.method import Batch, Method, Setting
from parts.momentum import copied
from views import FIRST, SECOND

HIDDEN, OUT = 512, 128
KEEP = 0.99  # of the copy's weights after the first step, rising to 1 by a cosine (the paper's 0.996 is for 10^5 steps)


class BYOL(Method):
    source = "Grill et al. 2020, Bootstrap your own latent"
    least, smallest = 500, 16

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.head = BYOLProjectionHead(self.width, HIDDEN, OUT)
        self.predictor = BYOLPredictionHead(OUT, HIDDEN, OUT)
        self.target = copied(nn.Sequential(encoder, self.head))
        self.criterion = NegativeCosineSimilarity()

    def loss(self, batch: Batch) -> Tensor:
        views = batch.view(FIRST), batch.view(SECOND)
        predicted = [self.predictor(self.head(self.encoder(v))) for v in views]
        wanted = [self.target(v).detach() for v in views]
        return 1 + (self.criterion(predicted[0], wanted[1]) + self.criterion(predicted[1], wanted[0])) / 2

    def after_step(self, progress: float) -> None:
        keep = 1 - (1 - KEEP) * (1 + math.cos(math.pi * progress)) / 2
        update_momentum(nn.Sequential(self.encoder, self.head), self.target, keep)
