"""BoWNet: of a changed view, how often each visual word of the start's maps occurs in the photo.

The words are clusters of the local features of the encoder as it begins, so that it makes sense from --init (the paper begins from
rotation).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from methods.method import Batch, Method, Setting
from parts.clusters import kmeans
from parts.contrast import likely
from parts.momentum import Frozen, Maps
from views import STRONG

WORDS = 256  # the paper has 8,192
SCALE = 10.0  # of the cosine logits


class BoWNet(Method):
    source = "Gidaris et al. 2020, Learning representations by predicting bags of visual words"
    least, smallest = 500, 8

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.teacher = Frozen(Maps(encoder))
        self.head = nn.Linear(self.width, self.width)
        self.weight = nn.Parameter(functional.normalize(torch.randn(WORDS, self.width), dim=1))
        self.register_buffer("words", torch.randn(WORDS, self.width))

    def begin_epoch(self, epoch: int, embed) -> None:
        if epoch == 0:
            centres, _ = kmeans(embed(self.teacher).flatten(2).transpose(1, 2).flatten(0, 1), WORDS, [self.setting.seed])
            self.words[: len(centres)] = centres

    def loss(self, batch: Batch) -> Tensor:
        local = functional.normalize(self.teacher(batch.square()), dim=1)
        found = torch.einsum("nchw,kc->nkhw", local, self.words).argmax(1).flatten(1)
        bag = functional.one_hot(found, WORDS).float().mean(1)
        e = functional.normalize(self.head(self.encoder(batch.view(STRONG))), dim=1)
        return likely(bag, SCALE * e @ functional.normalize(self.weight, dim=1).T)
