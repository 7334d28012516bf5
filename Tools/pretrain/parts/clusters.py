"""k-means and equal assignment."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional


@torch.no_grad()
def kmeans(x: Tensor, count: int, seed: list[int], rounds: int = 10, sample: int = 20000) -> tuple[Tensor, Tensor]:
    """Spherical k-means: unit centres [count, d] and the cluster [n] of each row of x [n, d].

    Centres are found on at most `sample` rows. An empty cluster takes half of the largest one (as DeepCluster does).
    """
    rng = np.random.default_rng([*seed, 1500])
    x = functional.normalize(x, dim=1)
    count = min(count, len(x))
    rows = torch.from_numpy(rng.permutation(len(x))[:sample]).to(x.device)
    part = x[rows]
    centres = part[:count].clone()
    for _ in range(rounds):
        found = (part @ centres.T).argmax(1)
        sizes = torch.bincount(found, minlength=count)
        sums = torch.zeros_like(centres).index_add_(0, found, part)
        centres = functional.normalize(sums, dim=1)
        for empty in torch.nonzero(sizes == 0).flatten().tolist():
            largest = int(sizes.argmax())
            noise = torch.from_numpy(rng.normal(0, 1e-3, x.shape[1])).to(x)
            centres[empty] = functional.normalize(centres[largest] + noise, dim=0)
            centres[largest] = functional.normalize(centres[largest] - noise, dim=0)
            sizes[empty] = sizes[largest] // 2
            sizes[largest] -= sizes[empty]
    return centres, (x @ centres.T).argmax(1)


def equal_shares(logits: Tensor, temperature: float, rounds: int = 50) -> Tensor:
    """Distributions over clusters [n, k] near softmax(logits / temperature) that use all clusters alike.

    Sinkhorn's scaling in logarithms: sums of columns are n / k, then those of rows 1.
    """
    n, k = logits.shape
    q = (logits / temperature).double()
    for _ in range(rounds):
        q = q - q.logsumexp(0, keepdim=True) + np.log(n / k)
        q = q - q.logsumexp(1, keepdim=True)
    return q.exp().to(logits.dtype)
