"""CMC: lightness and colours of a photo are alike. One encoder sees either (the paper has one network for each)."""

import torch
from torch import Tensor, nn

from methods.method import Batch, Method, Setting
from parts.colour import colours, lab, lightness
from parts.contrast import paired
from views import CROPPED

OUT, TEMPERATURE = 128, 0.1


class CMC(Method):
    source = "Tian et al. 2020, Contrastive multiview coding"
    least, smallest = 1000, 32

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.gray, self.coloured = nn.Linear(self.width, OUT), nn.Linear(self.width, OUT)

    def loss(self, batch: Batch) -> Tensor:
        x = lab(batch.view(CROPPED))
        gray, coloured = self.encoder(torch.cat([lightness(x), colours(x)])).chunk(2)
        return paired(self.gray(gray), self.coloured(coloured), TEMPERATURE)
