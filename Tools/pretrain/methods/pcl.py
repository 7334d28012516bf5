"""PCL: MoCo, and photos are near the prototype of their cluster, at several numbers of clusters."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from methods.method import Batch, Setting
from methods.moco import OUT, MoCo
from parts.clusters import kmeans
from parts.contrast import against, first, unit

PHOTOS = (10, 20, 40)  # of a cluster, on average
SMOOTHING = 10  # of the concentration of small clusters


class PCL(MoCo):
    source = "Li et al. 2021, Prototypical contrastive learning of unsupervised representations"
    least = 1000

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        for i, photos in enumerate(PHOTOS):
            count = max(2, setting.count // photos)
            self.register_buffer(f"prototypes{i}", torch.zeros(count, OUT))
            self.register_buffer(f"concentration{i}", torch.ones(count))
            self.register_buffer(f"cluster{i}", torch.zeros(setting.count, dtype=torch.long))

    def begin_epoch(self, epoch: int, embed) -> None:
        super().begin_epoch(epoch, embed)
        z = unit(embed(self.slow))
        for i in range(len(PHOTOS)):
            prototypes = getattr(self, f"prototypes{i}")
            centres, cluster = kmeans(z, len(prototypes), [self.setting.seed, epoch, i])
            sizes = torch.bincount(cluster, minlength=len(centres))
            distance = (z - centres[cluster]).norm(dim=1)
            spread = torch.zeros(len(centres)).to(z).index_add_(0, cluster, distance)
            spread = spread / (sizes.clamp_min(1) * (sizes + SMOOTHING).log())
            spread[sizes < 2] = spread.max()
            prototypes.copy_(centres)
            getattr(self, f"concentration{i}").copy_(self.temperature * spread / spread.mean())
            getattr(self, f"cluster{i}").copy_(cluster)

    def loss(self, batch: Batch) -> Tensor:
        keys = self.keys(batch)
        z = self.query(batch.view(self.recipe))
        loss = first(against(z, keys, self.queue.snapshot(), self.temperature))
        self.queue.push(keys)
        near = []
        for i in range(len(PHOTOS)):
            logits = z @ getattr(self, f"prototypes{i}").T / getattr(self, f"concentration{i}").clamp_min(math.exp(-4))
            near.append(functional.cross_entropy(logits, getattr(self, f"cluster{i}")[batch.rows]))
        return loss + sum(near) / len(near)
