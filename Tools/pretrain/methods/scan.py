"""SCAN: a photo and its neighbours at the start share a cluster; then the surest answers teach their own changed views.

Neighbours are only as good as the encoder that begins: give --init, or the encoder.onnx of another method.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from methods.method import Batch, Method, Setting
from parts.contrast import unit
from parts.processes import gathered
from views import MILD, STRONG

CLUSTERS = 32
NEIGHBOURS = 20
ENTROPY = 5.0  # weight of the entropy of cluster sizes
SELF = 0.67  # progress from which the surest answers teach
SURE = 0.9  # the paper's 0.99 is for longer training


class SCAN(Method):
    source = "Van Gansbeke et al. 2020, SCAN: learning to classify images without labels"
    least, smallest = 1000, 32

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.head = nn.Linear(self.width, CLUSTERS)
        self.register_buffer("neighbours", torch.zeros(setting.count, NEIGHBOURS, dtype=torch.long))

    def begin_epoch(self, epoch: int, embed) -> None:
        if epoch:
            return
        e = unit(embed(self.encoder))
        found = torch.cat([(part @ e.T).topk(NEIGHBOURS + 1, 1).indices[:, 1:] for part in e.split(512)])
        self.neighbours.copy_(found)

    def loss(self, batch: Batch) -> Tensor:
        if batch.progress > SELF:
            return self.own_answers(batch)
        drawn = batch.draw(NEIGHBOURS)
        beside = batch.fetch(self.neighbours[batch.rows].gather(1, drawn[:, None]).squeeze(1))
        p, q = (self.head(self.encoder(batch.view(STRONG, pixels=x))).softmax(1) for x in (batch.pixels, beside))
        share = p.mean(0)
        entropy = -(share * share.clamp_min(1e-8).log()).sum()
        return -(p * q).sum(1).clamp_min(1e-8).log().mean() - ENTROPY * entropy

    def own_answers(self, batch: Batch) -> Tensor:
        with torch.no_grad():
            sure, answer = self.head(self.encoder(batch.view(MILD))).softmax(1).max(1)
        found = functional.cross_entropy(self.head(self.encoder(batch.view(STRONG))), answer, reduction="none")
        sizes = torch.bincount(gathered(answer), minlength=CLUSTERS).clamp_min(1)
        weight = (sure > SURE) / sizes[answer]
        return (weight * found).sum() / weight.sum().clamp_min(1e-8)
