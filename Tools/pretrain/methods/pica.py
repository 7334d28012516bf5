"""PICA: clusters are assigned to different photos, and to the same ones in both views: the most confident partition."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from methods.method import Batch, Method, Setting

CLUSTERS = 32
BALANCE = 2.0  # weight of the negative entropy of cluster sizes


class PICA(Method):
    source = "Huang et al. 2020, Deep semantic clustering by partition confidence maximisation"
    least, smallest = 1000, 32

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.head = nn.Linear(self.width, CLUSTERS)

    def loss(self, batch: Batch) -> Tensor:
        p, q = (self.head(self.encoder(x)).softmax(1) for x in (batch.view(), batch.view()))
        similar = functional.normalize(p, dim=0).T @ functional.normalize(q, dim=0)  # of clusters, as vectors over the photos
        share = p.mean(0)
        balance = (share * share.clamp_min(1e-8).log()).sum()
        return functional.cross_entropy(similar, torch.arange(CLUSTERS, device=p.device)) + BALANCE * balance
