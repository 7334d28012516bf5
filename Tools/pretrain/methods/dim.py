"""Deep InfoMax: the embedding goes with the local features of its own photo, not of another's (local objective, Jensen-Shannon)."""

from torch import Tensor, nn
from torch.nn import functional

from methods.method import Batch, Method, Setting
from views import MILD

OUT = 128


class DIM(Method):
    source = "Hjelm et al. 2019, Learning deep representations by mutual information estimation and maximization"
    least, smallest, staged = 1000, 8, True

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.head, self.local = nn.Linear(self.width, OUT), nn.Conv2d(encoder.level_widths()[-2], OUT, 1)

    def loss(self, batch: Batch) -> Tensor:
        *_, middle, last = self.encoder.levels(batch.view(MILD))
        z, local = self.head(last.mean((2, 3))), self.local(middle).flatten(2)
        own = (z[:, :, None] * local).sum(1) / OUT**0.5
        other = (z.roll(1, 0)[:, :, None] * local).sum(1) / OUT**0.5
        return (functional.softplus(-own) + functional.softplus(other)).mean()
