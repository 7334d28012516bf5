"""AMDIM: the embedding of one view goes with the local features of another, at two resolutions."""

import math

import torch
from torch import Tensor, nn

from methods.method import Batch, Method, Setting

OUT = 128
CLIP = 20.0  # scores are kept within by tanh
PENALTY = 0.04  # of squared scores


class AMDIM(Method):
    source = "Bachman et al. 2019, Learning representations by maximizing mutual information across views"
    least, smallest, staged = 1000, 16, True

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.head = nn.Linear(self.width, OUT)
        self.locals = nn.ModuleList(nn.Conv2d(width, OUT, 1) for width in encoder.level_widths()[-2:])

    def scores(self, z: Tensor, maps: Tensor) -> Tensor:
        """InfoNCE of embeddings [n, d] with the places [n, d, p] of their own maps, among those of others."""
        raw = torch.einsum("id,jdp->ijp", z, maps) / math.sqrt(OUT)
        s = CLIP * torch.tanh(raw / CLIP)
        own = s.diagonal().T  # [n, p]
        others = s.masked_fill(torch.eye(len(z), dtype=torch.bool, device=z.device)[:, :, None], -math.inf).flatten(1)
        total = torch.logaddexp(own, others.logsumexp(1, keepdim=True))
        return (total - own).mean() + PENALTY * raw.square().mean()

    def loss(self, batch: Batch) -> Tensor:
        levels = [self.encoder.levels(batch.view())[-2:] for _ in range(2)]
        z = [self.head(last.mean((2, 3))) for _, last in levels]
        maps = [[local(m).flatten(2) for local, m in zip(self.locals, both)] for both in levels]
        return sum(self.scores(z[i], m) for i in (0, 1) for m in maps[1 - i]) / 4
