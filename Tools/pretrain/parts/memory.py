"""Memories of embeddings. lightly's MemoryBankModule leaves its rows out of the checkpoint, so that no run could be resumed."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from parts.processes import gathered


class Bank(nn.Module):
    """One unit embedding of every photo (Wu et al. 2018), moved towards what is seen of it."""

    def __init__(self, count: int, width: int, keep: float = 0.5) -> None:
        super().__init__()
        self.keep = keep
        self.register_buffer("values", functional.normalize(torch.randn(count, width), dim=1))

    def fill(self, values: Tensor) -> None:
        self.values.copy_(functional.normalize(values, dim=1))

    @torch.no_grad()
    def update(self, rows: Tensor, values: Tensor) -> None:
        """rows [n], values [n, width]; those of all processes enter."""
        rows, values = gathered(rows), functional.normalize(gathered(values), dim=1)
        mixed = self.keep * self.values[rows] + (1 - self.keep) * values
        self.values[rows] = functional.normalize(mixed, dim=1)

    def snapshot(self) -> Tensor:
        """The values as they are now, for a loss: those of the bank may change before its gradients are taken."""
        return self.values.clone()

    def neighbours(self, queries: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """Cosine similarities and rows [n, count] of the nearest, for unit queries [n, width]; the best first."""
        return (queries @ self.values.T).topk(min(count, len(self.values)), 1)


class Queue(nn.Module):
    """The last `size` unit embeddings, oldest replaced first (He et al. 2020)."""

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.register_buffer("values", functional.normalize(torch.randn(size, width), dim=1))
        self.register_buffer("next", torch.zeros((), dtype=torch.long))

    def snapshot(self) -> Tensor:
        """The values as they are now, for a loss."""
        return self.values.clone()

    @torch.no_grad()
    def push(self, values: Tensor) -> None:
        """values [n, width], n at most `size`; those of all processes enter."""
        values = functional.normalize(gathered(values), dim=1)[: len(self.values)]
        places = (self.next + torch.arange(len(values), device=values.device)) % len(self.values)
        self.values[places] = values
        self.next.copy_((self.next + len(values)) % len(self.values))
