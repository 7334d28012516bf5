"""What the processes of torchrun share."""

import torch
import torch.distributed as dist
from torch import Tensor


@torch.no_grad()
def gathered(x: Tensor) -> Tensor:
    """The rows of all processes [processes * n, ...], so that every process keeps the same memory."""
    if not dist.is_initialized():
        return x.detach()
    parts = [torch.empty_like(x) for _ in range(dist.get_world_size())]
    dist.all_gather(parts, x.detach().contiguous())
    return torch.cat(parts)
