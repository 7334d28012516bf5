"""ODC: DeepCluster without passes over the photos: embeddings, clusters and centres move with every step."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from methods.method import Batch, Method, Setting
from parts.clusters import kmeans
from parts.contrast import unit
from parts.memory import Bank
from parts.processes import gathered

PHOTOS = 20  # of a cluster, on average
SMALLEST = 4  # a smaller cluster is given up, and the largest is split
EVERY = 10  # steps between the centres' moves


class ODC(Method):
    source = "Zhan et al. 2020, Online deep clustering for unsupervised representation learning"
    least, smallest = 1000, 8

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        clusters = max(2, setting.count // PHOTOS)
        self.bank = Bank(setting.count, self.width)
        self.head = nn.Linear(self.width, clusters)
        self.register_buffer("cluster", torch.zeros(setting.count, dtype=torch.long))
        self.register_buffer("centres", torch.zeros(clusters, self.width))
        self.register_buffer("steps", torch.zeros((), dtype=torch.long))

    def begin_epoch(self, epoch: int, embed) -> None:
        if epoch == 0:
            self.bank.fill(embed(self.encoder))
            centres, cluster = kmeans(self.bank.values, len(self.centres), [self.setting.seed])
            self.centres.copy_(centres)
            self.cluster.copy_(cluster)

    def loss(self, batch: Batch) -> Tensor:
        e = self.encoder(batch.view())
        sizes = torch.bincount(self.cluster, minlength=len(self.centres)).clamp_min(1)
        weight = sizes.float().rsqrt()
        loss = functional.cross_entropy(self.head(e), self.cluster[batch.rows], weight / weight.mean())
        self.bank.update(batch.rows, e)
        rows = gathered(batch.rows)
        self.cluster[rows] = (self.bank.values[rows] @ self.centres.T).argmax(1)
        return loss

    def after_step(self, progress: float) -> None:
        self.steps += 1
        if self.steps % EVERY == 0:
            self.move_centres()

    @torch.no_grad()
    def move_centres(self) -> None:
        sizes = torch.bincount(self.cluster, minlength=len(self.centres))
        for small in torch.nonzero(sizes < SMALLEST).flatten().tolist():
            members = torch.nonzero(self.cluster == small).flatten()
            similar = self.bank.values[members] @ self.centres.T
            similar[:, small] = -2
            self.cluster[members] = similar.argmax(1)
            large = int(torch.bincount(self.cluster, minlength=len(self.centres)).argmax())
            members = torch.nonzero(self.cluster == large).flatten()
            along = (self.bank.values[members] - self.centres[large]) @ (self.bank.values[members[0]] - self.centres[large])
            self.cluster[members[along.argsort()[: len(members) // 2]]] = small
            self.head.weight.data[small] = self.head.weight.data[large]
            for changed in (small, large):
                self.centres[changed] = self.bank.values[self.cluster == changed].mean(0)
        sums = torch.zeros_like(self.centres).index_add_(0, self.cluster, self.bank.values)
        self.centres.copy_(unit(sums))
