"""S4L: some labels and a task that needs none, together: rotation, or exemplar as triplets of views."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from methods.method import Batch, Method, Setting
from methods.rotation import rotation_loss
from parts.contrast import unit
from views import CROPPED, STRONG

WEIGHT = 1.0  # of the task without labels
COPIES, MARGIN = 4, 0.5  # views of a photo, and the triplet's margin of squared distances


class Labelled(Method):
    """With a classifier of the labelled photos, of which as many as of others are seen in a step."""

    source = "Zhai et al. 2019, S4L: self-supervised semi-supervised learning"
    least, batch, smallest, labelled = 200, 32, 8, True

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.classifier = nn.Linear(self.width, setting.classes)
        self.register_buffer("known", torch.nonzero(setting.labels >= 0).flatten())
        self.register_buffer("label", setting.labels.clone())

    def some(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Labelled photos, as many as the batch has, and their labels."""
        rows = self.known[batch.draw(len(self.known))]
        return batch.fetch(rows), self.label[rows]

    def supervised(self, batch: Batch) -> Tensor:
        pixels, wanted = self.some(batch)
        return functional.cross_entropy(self.classifier(self.encoder(batch.view(CROPPED, pixels=pixels))), wanted)


class S4LRotation(Labelled):
    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.head = nn.Linear(self.width, 4)

    def loss(self, batch: Batch) -> Tensor:
        return self.supervised(batch) + WEIGHT * rotation_loss(self.encoder, self.head, batch.view(CROPPED))


class S4LExemplar(Labelled):
    def loss(self, batch: Batch) -> Tensor:
        z = unit(torch.cat([self.encoder(batch.view(STRONG)) for _ in range(COPIES)]))
        photo = torch.arange(len(batch.rows), device=z.device).repeat(COPIES)
        distance = 2 - 2 * z @ z.T
        same = photo[:, None] == photo
        hardest = distance.masked_fill(~same, -1).amax(1)  # the farthest view of the photo, and the nearest of any other
        nearest = distance.masked_fill(same, 9).amin(1)
        return self.supervised(batch) + WEIGHT * functional.softplus(hardest - nearest + MARGIN).mean()
