"""Noisy student: who learned from some labels answers for all photos; students learn that under noise, and teach in turn."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from methods.method import Batch, Setting
from methods.s4l import Labelled
from parts.contrast import likely
from parts.momentum import copied
from views import MILD, STRONG

GENERATIONS = 3  # the first learns from labels alone
DROPOUT = 0.3


class NoisyStudent(Labelled):
    source = "Xie et al. 2020, Self-training with noisy student improves ImageNet classification"

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.teacher = copied(nn.Sequential(encoder, self.classifier))
        self.register_buffer("generation", torch.zeros((), dtype=torch.long))

    def train(self, mode: bool = True) -> nn.Module:
        super().train(mode)
        self.teacher.eval()
        return self

    def loss(self, batch: Batch) -> Tensor:
        pixels, wanted = self.some(batch)
        answer = self.classifier(functional.dropout(self.encoder(batch.view(STRONG, pixels=pixels)), DROPOUT, self.training))
        loss = functional.cross_entropy(answer, wanted)
        if self.generation == 0:
            return loss
        with torch.no_grad():
            taught = self.teacher(batch.view(MILD)).softmax(1)
        answer = self.classifier(functional.dropout(self.encoder(batch.view(STRONG)), DROPOUT, self.training))
        return loss + likely(taught, answer)

    def after_step(self, progress: float) -> None:
        if int(GENERATIONS * progress) > self.generation:
            self.teacher.load_state_dict(nn.Sequential(self.encoder, self.classifier).state_dict())
            self.generation += 1
