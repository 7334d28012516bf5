"""Exemplar-CNN: every photo is a class of its own, and its views are the examples."""

from torch import Tensor, nn
from torch.nn import functional

from methods.method import Batch, Method, Setting

LARGEST = 16384  # photos: one row of weights for each


class Exemplar(Method):
    source = "Dosovitskiy et al. 2014, Discriminative unsupervised feature learning with exemplar convolutional neural networks"
    least, smallest = 200, 8

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        if setting.count > LARGEST:
            raise SystemExit(f"exemplar: {setting.count} photos, a class for each, are too many; --limit {LARGEST}, or npid")
        self.head = nn.Linear(self.width, setting.count)

    def loss(self, batch: Batch) -> Tensor:
        return functional.cross_entropy(self.head(self.encoder(batch.view())), batch.rows)
