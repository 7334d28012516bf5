"""Greedy InfoMax: every stage learns alone to predict its features further down from those above; no gradient passes between."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from methods.method import Batch, Method, Setting
from parts.contrast import unit
from views import MILD

GRID = 6  # places a side that a stage's maps are averaged to, at most
AHEAD = (1, 2)  # rows
TEMPERATURE = 0.1
NEGATIVES = 1024  # places of the batch that the right one is told from


class GreedyInfoMax(Method):
    source = "Löwe et al. 2019, Putting an end to end-to-end: gradient-isolated learning of representations"
    least, smallest, staged = 1000, 8, True

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        widths = encoder.level_widths()
        self.predictions = nn.ModuleList(nn.ModuleList(nn.Conv2d(w, w, 1, bias=False) for _ in AHEAD) for w in widths)

    def contrast(self, maps: Tensor, predictions: nn.ModuleList) -> Tensor:
        z = functional.adaptive_avg_pool2d(maps, min(GRID, maps.shape[-1]))
        losses = []
        for ahead, predict in zip(AHEAD, predictions):
            if ahead >= z.shape[2]:
                continue  # small inputs have few rows in the last stage
            predicted = unit(predict(z[:, :, :-ahead]).permute(0, 2, 3, 1).flatten(0, 2))
            wanted = unit(z[:, :, ahead:].permute(0, 2, 3, 1).flatten(0, 2))
            some = torch.randperm(len(wanted), device=z.device)[:NEGATIVES]
            logits = predicted[some] @ wanted[some].T / TEMPERATURE
            losses.append(functional.cross_entropy(logits, torch.arange(len(some), device=z.device)))
        return sum(losses) / len(AHEAD)

    def loss(self, batch: Batch) -> Tensor:
        x, total = batch.view(MILD), 0
        for stage, predictions in zip(self.encoder.stages, self.predictions):
            maps = stage(x)
            total = total + self.contrast(maps, predictions)
            x = maps.detach()
        return total / len(self.predictions)
