"""Copies of networks that no gradient changes; lightly.models.utils.update_momentum moves slow ones."""

import copy

import torch
from lightly.models.utils import deactivate_requires_grad
from torch import Tensor, nn


def copied(module: nn.Module) -> nn.Module:
    """The module with weights of its own, which no gradient changes."""
    copy_of = copy.deepcopy(module)
    deactivate_requires_grad(copy_of)
    return copy_of


class Frozen(nn.Module):
    """A copy that stays as it is, and always in the mode of use."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = copied(module).eval()

    def train(self, mode: bool = True) -> nn.Module:
        return self

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        return self.module(x)


class Maps(nn.Module):
    """An encoder's maps before the pooling, as a module."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, x: Tensor) -> Tensor:
        return self.encoder.maps(x)
