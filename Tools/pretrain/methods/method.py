"""What a method of self-supervised learning is to the runner."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

import views
from augment import resized
from encoders import Encoder


@dataclass(frozen=True)
class Setting:
    """What a method is made for."""

    count: int  # photos
    side: int  # of the encoder's input
    batch: int  # photos of a step, of this process
    seed: int = 0
    processes: int = 1
    labels: Tensor | None = None  # of all photos, -1 where none may be used
    teacher: Path | None = None

    @property
    def classes(self) -> int:
        return 0 if self.labels is None else int(self.labels.max()) + 1


@dataclass(frozen=True)
class Batch:
    """Photos of one step: `pixels` [n, 3, s, s] in -1...1, their `rows` among all, `labels` (-1: none)."""

    pixels: Tensor
    rows: Tensor
    labels: Tensor
    rng: np.random.Generator
    side: int
    progress: float  # 0...1
    fetch: Callable[[Tensor], Tensor]  # the pixels of other photos, by their rows

    def view(self, recipe: views.Recipe = views.STRONG, side: int | None = None, pixels: Tensor | None = None) -> Tensor:
        """A view of every photo, or of other pixels, drawn anew at each call."""
        return views.view(self.pixels if pixels is None else pixels, recipe, side or self.side, self.rng)

    def crops(self) -> list[Tensor]:
        """SwAV's multi-crop: two views, and four small ones of half the side."""
        return [self.view(), self.view(), *(self.view(views.LOCAL, self.side // 2) for _ in range(4))]

    def square(self, side: int | None = None) -> Tensor:
        return resized(self.pixels, side or self.side)

    def draw(self, high: int, count: int | None = None) -> Tensor:
        """Integers below `high`, one a photo or `count`."""
        drawn = self.rng.integers(high, size=len(self.pixels) if count is None else count)
        return torch.from_numpy(drawn).to(self.pixels.device)


class Method(nn.Module):
    """An encoder with what trains it. Parameters learn; buffers are kept with the checkpoint, too.

    The encoder is `self.encoder`; `loss` is all that a method must say.
    """

    source: str
    least = 64  # photos with which it makes sense
    batch = 64  # photos of a step, unless the command says otherwise
    smallest = 8  # photos of a step with which it makes sense
    staged = False  # needs an encoder in stages
    labelled = False  # learns from some labels
    taught = False  # learns from --teacher

    def __init__(self, encoder: Encoder, setting: Setting) -> None:
        super().__init__()
        self.encoder, self.setting = encoder, setting

    @property
    def width(self) -> int:
        return self.encoder.width

    def loss(self, batch: Batch) -> Tensor:
        raise NotImplementedError

    def forward(self, batch: Batch) -> Tensor:
        return self.loss(batch)

    def begin_epoch(self, epoch: int, embed: Callable[[nn.Module], Tensor]) -> None:
        """Before the first step of every pass; `embed(module)` is the module's output of all whole photos [count, ...]."""

    def after_step(self, progress: float) -> None:
        """After the weights have changed."""
