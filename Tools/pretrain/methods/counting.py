"""Counting: what is counted in a photo is the sum of what is counted in its four quarters, and not what another photo has."""

from torch import Tensor, nn
from torch.nn import functional

from methods.method import Batch, Method, Setting
from views import CROPPED

COUNTS = 128  # the paper has 1,000
MARGIN = 10.0


class Counting(Method):
    source = "Noroozi et al. 2017, Representation learning by learning to count"
    least, smallest = 1000, 8

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.head = nn.Sequential(nn.ReLU(), nn.Linear(self.width, COUNTS), nn.ReLU())

    def counted(self, x: Tensor) -> Tensor:
        return self.head(self.encoder(x))

    def loss(self, batch: Batch) -> Tensor:
        x = batch.view(CROPPED)
        half = batch.side // 2
        whole = self.counted(functional.interpolate(x, (half, half), mode="bilinear", antialias=True))
        quarters = [x[:, :, r : r + half, c : c + half] for r in (0, half) for c in (0, half)]
        total = sum(self.counted(q) for q in quarters)
        same, other = (whole - total).square().sum(1), (whole.roll(1, 0) - total).square().sum(1)
        return (same + functional.relu(MARGIN - other)).mean()
