"""RotNet: by how many right angles has the photo been turned?"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from methods.method import Batch, Method, Setting
from views import CROPPED


def turns(x: Tensor) -> Tensor:
    """[n, ...] -> [4 n, ...]: all photos turned by 0, 90, 180 and 270 degrees."""
    return torch.cat([torch.rot90(x, k, (2, 3)) for k in range(4)])


def rotation_loss(encoder: nn.Module, head: nn.Module, x: Tensor) -> Tensor:
    """Of the four classes that `head` makes of the turned photos x [n, 3, h, w]."""
    wanted = torch.arange(4, device=x.device).repeat_interleave(len(x))
    return functional.cross_entropy(head(encoder(turns(x))), wanted)


class Rotation(Method):
    source = "Gidaris et al. 2018, Unsupervised representation learning by predicting image rotations"
    least, batch, smallest = 500, 32, 4  # every photo is seen four times in a step

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.head = nn.Linear(self.width, 4)

    def loss(self, batch: Batch) -> Tensor:
        return rotation_loss(self.encoder, self.head, batch.view(CROPPED))
