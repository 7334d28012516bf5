"""Whether embeddings still tell photos apart."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

LEAST_DEVIATION = 0.1
LEAST_RANK = 2.0


@dataclass(frozen=True)
class Spread:
    """`deviation`: of the unit embeddings' values, 1 where they point everywhere, 0 where all are one.

    `rank`: effective rank (Roy & Vetterli 2007), the exponential of the entropy of the centred embeddings' singular values.
    """

    deviation: float
    rank: float

    @property
    def collapsed(self) -> bool:
        return not (self.deviation >= LEAST_DEVIATION and self.rank >= LEAST_RANK)


def spread(embeddings: Tensor) -> Spread:
    """Of embeddings [n, width]; not a number where one of them is none."""
    if not embeddings.isfinite().all():
        return Spread(float("nan"), float("nan"))
    e = functional.normalize(embeddings.double(), dim=1)
    centred = e - e.mean(0)
    share = torch.linalg.svdvals(centred)
    share = share / share.sum().clamp_min(1e-12)
    rank = float(torch.exp(-(share * share.clamp_min(1e-12).log()).sum()))
    return Spread(float(centred.square().sum(1).mean().sqrt()), rank)
