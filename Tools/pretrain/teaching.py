"""The teachers in PyTorch, asked about whatever the students see."""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from augment import resized
from graph import Network
from teachers import TEACHERS


def find_axes(features: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """The mean [m] and the first principal axes [m, width] of [n, m], each divided by the root of its singular value."""
    mean = features.mean(0)
    values, vectors = torch.linalg.eigh((features - mean).double().T.cov(correction=0))
    values, vectors = values.flip(0)[:width], vectors.flip(1)[:, :width]
    return mean, (vectors / values**0.25).float()


class Teaching(nn.Module):
    """The target of what the students see: target.py's, of networks that run here."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.networks = nn.ModuleList(Network(folder / t.file) for t in TEACHERS)
        self.mean = self.axes = torch.empty(0)

    def features(self, x: Tensor) -> Tensor:
        """x [n, 3, s, s] in -1...1 -> the teachers' l2-normalised features side by side, times their weights."""
        parts = []
        for teacher, network in zip(TEACHERS, self.networks, strict=True):
            y = (x * 127.5 + (127.5 - teacher.mean)) * teacher.scale
            parts.append(teacher.weight * functional.normalize(network(resized(y, teacher.side)).float(), dim=1))
        return torch.cat(parts, 1)

    def find_axes(self, features: Tensor, width: int) -> None:
        self.mean, self.axes = find_axes(features, width)

    def targets(self, features: Tensor) -> Tensor:
        """[n, all axes], not normalised: a student of width w takes the first w."""
        return (features - self.mean) @ self.axes
