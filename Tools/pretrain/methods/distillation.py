"""Distillation: of every view the features that a larger encoder (--teacher) has of it, and its similarities to other photos.

The losses are those of edge-s (distil.py, which has three teachers and its own start).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from methods.method import Batch, Method, Setting
from parts.contrast import unit
from parts.memory import Queue
from parts.teacher import Teacher
from train import losses
from views import Recipe

RELATION, TEMPERATURE = 0.5, 0.07
BANK = 2048
SEEN = Recipe(area=(0.3, 1.0), colour=0.5, gray=0.1, blur=0.1)


class Distillation(Method):
    source = "Hinton et al. 2015; Beyer et al. 2022, Knowledge distillation: a good teacher is patient and consistent"
    least, smallest, taught = 500, 8, True

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.teacher = Teacher(setting.teacher)
        self.head = nn.Linear(self.width, self.teacher.width)
        self.register_buffer("mean", torch.zeros(self.teacher.width))
        self.bank = Queue(min(BANK, setting.count), self.teacher.width)

    def begin_epoch(self, epoch: int, embed) -> None:
        if epoch == 0:
            features = unit(embed(self.teacher))
            self.mean.copy_(features.mean(0))
            self.bank.values.copy_(unit(features - self.mean)[: len(self.bank.values)])

    def loss(self, batch: Batch) -> Tensor:
        x = batch.view(SEEN)
        target = functional.normalize(unit(self.teacher(x)) - self.mean, dim=1)
        cosine, relation = losses(self.head(self.encoder(x)), target, self.bank.values, TEMPERATURE)
        return cosine + RELATION * relation
