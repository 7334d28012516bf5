"""Contrasts between unit embeddings."""

import torch
from torch import Tensor
from torch.nn import functional


def unit(x: Tensor) -> Tensor:
    return functional.normalize(x, dim=1)


def against(query: Tensor, positive: Tensor, negatives: Tensor, temperature: float) -> Tensor:
    """Logits [n, 1 + k] of unit query [n, d], positive [n, d] (first) and negatives [k, d]."""
    return torch.cat([(query * positive).sum(1, keepdim=True), query @ negatives.T], 1) / temperature


def first(logits: Tensor) -> Tensor:
    """InfoNCE where the first of each row is right."""
    return functional.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.long, device=logits.device))


def paired(a: Tensor, b: Tensor, temperature: float) -> Tensor:
    """InfoNCE in both directions between the rows of a and b [n, d], not yet of length one; other rows are negatives."""
    logits = unit(a) @ unit(b).T / temperature
    wanted = torch.arange(len(a), device=a.device)
    return (functional.cross_entropy(logits, wanted) + functional.cross_entropy(logits.T, wanted)) / 2


def likely(probabilities: Tensor, logits: Tensor) -> Tensor:
    """Cross-entropy of distributions [n, k] with softmax(logits)."""
    return -(probabilities * logits.log_softmax(1)).sum(1).mean()
