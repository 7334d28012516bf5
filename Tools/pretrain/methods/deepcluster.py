"""DeepCluster: learn to tell the clusters of the present embeddings apart, and cluster anew before every pass."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from methods.method import Batch, Method, Setting
from parts.clusters import kmeans

PHOTOS = 20  # of a cluster, on average: many more clusters than classes


class DeepCluster(Method):
    source = "Caron et al. 2018, Deep clustering for unsupervised learning of visual features"
    least, smallest = 1000, 8

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.head = nn.Linear(self.width, max(2, setting.count // PHOTOS))
        self.register_buffer("cluster", torch.zeros(setting.count, dtype=torch.long))
        self.register_buffer("weight", torch.ones(self.head.out_features))

    def labelled_anew(self, cluster: Tensor) -> None:
        """Classes have no order from pass to pass, so the classifier begins again; each class weighs the same."""
        self.cluster.copy_(cluster)
        sizes = torch.bincount(cluster, minlength=len(self.weight)).clamp_min(1)
        self.weight.copy_(len(cluster) / (len(sizes) * sizes))
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)

    def begin_epoch(self, epoch: int, embed) -> None:
        torch.manual_seed(self.setting.seed + epoch)
        self.labelled_anew(kmeans(embed(self.encoder), self.head.out_features, [self.setting.seed, epoch])[1])

    def loss(self, batch: Batch) -> Tensor:
        return functional.cross_entropy(self.head(self.encoder(batch.view())), self.cluster[batch.rows], self.weight)
