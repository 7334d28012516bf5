"""Local aggregation: of a photo's neighbours in the bank, those that share its cluster in some clustering come nearer."""

import torch
from torch import Tensor

from methods.method import Batch, Setting
from methods.npid import NPID, TEMPERATURE
from parts.clusters import kmeans
from parts.contrast import unit

CLUSTERINGS, PHOTOS = 3, 20  # photos of a cluster, on average
BACKGROUND = 512  # nearest photos that the close ones are told from, at most a quarter of all


class LocalAggregation(NPID):
    source = "Zhuang et al. 2019, Local aggregation for unsupervised learning of visual embeddings"
    least = 1000

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.register_buffer("clusters", torch.zeros(CLUSTERINGS, setting.count, dtype=torch.long))

    def begin_epoch(self, epoch: int, embed) -> None:
        super().begin_epoch(epoch, embed)
        for i in range(CLUSTERINGS):
            count = max(2, self.setting.count // PHOTOS)
            self.clusters[i] = kmeans(self.bank.values, count, [self.setting.seed, epoch, i], rounds=5)[1]

    def loss(self, batch: Batch) -> Tensor:
        z = unit(self.head(self.encoder(batch.view())))
        near = self.bank.neighbours(z.detach(), min(BACKGROUND, self.setting.count // 4))[1]
        near = torch.cat([batch.rows[:, None], near], 1)  # itself belongs to both
        close = (self.clusters[:, near] == self.clusters[:, batch.rows][:, :, None]).any(0)
        logits = (z[:, None] * self.bank.values[near]).sum(2) / TEMPERATURE
        among = logits.masked_fill(~close, -1e9).logsumexp(1)
        self.bank.update(batch.rows, z)
        return (logits.logsumexp(1) - among).mean()
