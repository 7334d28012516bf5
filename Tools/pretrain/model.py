"""The encoder edge-s: MobileNetV2 with fewer and narrower blocks, about 16 million multiply-adds at 96x96."""
import torch
from torch import nn
from torch.nn import functional

STEM = 20
# output channels, hidden channels, stride, place of the same block in MobileNetV2
BLOCKS = ((16, 20, 1, 1),
          (20, 40, 2, 2), (20, 56, 1, 3),
          (28, 80, 2, 4), (28, 96, 1, 5), (28, 96, 1, 6),
          (48, 112, 2, 7), (48, 144, 1, 8), (48, 144, 1, 9),
          (64, 176, 1, 11), (64, 208, 1, 12), (64, 208, 1, 13),
          (96, 240, 2, 14), (96, 256, 1, 15), (96, 288, 1, 17))
POOLED = 256
EMBEDDING = 128
INPUT = 96
MEAN = STD = 127.5


def conv(inputs, outputs, kernel=1, stride=1, groups=1, act=True):
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
              nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, *([nn.ReLU6()] if act else []))


class InvertedResidual(nn.Module):
    def __init__(self, inputs, outputs, hidden, stride, expands, residual):
        super().__init__()
        self.residual = residual
        layers = [conv(inputs, hidden)] if expands else []
        self.layers = nn.Sequential(*layers, conv(hidden, hidden, 3, stride, hidden), conv(hidden, outputs, act=False))

    def forward(self, x):
        return x + self.layers(x) if self.residual else self.layers(x)


class Encoder(nn.Module):
    """x [n, 3, h, w], (rgb - 127.5) / 127.5 -> embedding [n, 128], in the principal axes of the teacher's embedding."""

    def __init__(self):
        super().__init__()
        layers, width = [conv(3, STEM, 3, 2)], STEM
        for outputs, hidden, stride, place in BLOCKS:
            # The teacher's blocks 1, 11 and 17 change the width without a stride: no residual there either.
            residual = stride == 1 and width == outputs and place != 17
            layers.append(InvertedResidual(width, outputs, hidden, stride, place != 1, residual))
            width = outputs
        self.body = nn.Sequential(*layers, conv(width, POOLED))
        self.map = nn.Linear(POOLED, EMBEDDING)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out" if m.groups == 1 else "fan_in")

    def pool(self, x):
        return functional.adaptive_avg_pool2d(self.body(x), 1).flatten(1)

    def forward(self, x):
        return self.map(self.pool(x))


class Student(nn.Module):
    """The encoder with the heads that only training needs."""

    def __init__(self, classes):
        super().__init__()
        self.encoder = Encoder()
        self.teacher_head = nn.Linear(EMBEDDING, 1001)
        self.label_head = nn.Linear(POOLED, classes)
        self.rotation_head = nn.Linear(POOLED, 4)

    def forward(self, x):
        pooled = self.encoder.pool(x)
        z = self.encoder.map(pooled)
        return z, self.teacher_head(z), self.label_head(pooled), self.rotation_head(pooled)
