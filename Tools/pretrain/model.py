"""The encoder edge-s: inverted residuals with ReLU6, about 24 million multiply-adds at 128x128."""
import torch
from torch import nn
from torch.nn import functional

STEM = 16
# output channels, stride, expansion of each inverted residual
BLOCKS = ((16, 2, 3), (24, 2, 4), (24, 1, 4), (48, 2, 4), (48, 1, 4), (48, 1, 4),
          (72, 1, 4), (72, 1, 4), (72, 1, 4), (96, 2, 4), (96, 1, 4))
POOLED = 224
EMBEDDING = 128
MEAN = STD = 127.5
INPUT = 128


def conv(inputs, outputs, kernel=1, stride=1, groups=1, act=True):
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
              nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, *([nn.ReLU6()] if act else []))


class InvertedResidual(nn.Module):
    def __init__(self, inputs, outputs, stride, expansion):
        super().__init__()
        hidden = inputs * expansion
        self.residual = stride == 1 and inputs == outputs
        self.layers = nn.Sequential(conv(inputs, hidden), conv(hidden, hidden, 3, stride, hidden),
                                    conv(hidden, outputs, act=False))

    def forward(self, x):
        return x + self.layers(x) if self.residual else self.layers(x)


class Encoder(nn.Module):
    """x [n, 3, h, w], (rgb - 127.5) / 127.5 -> embedding [n, 128], in the principal axes of the teacher's embedding."""

    def __init__(self):
        super().__init__()
        layers, width = [conv(3, STEM, 3, 2)], STEM
        for outputs, stride, expansion in BLOCKS:
            layers.append(InvertedResidual(width, outputs, stride, expansion))
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
