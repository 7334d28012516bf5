"""CPC: from the upper tiles of a column predict the embeddings of lower ones, among all tiles of the batch."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from methods.method import Batch, Method, Setting
from parts.contrast import unit
from parts.tiles import embedded
from views import MILD

ROWS = 5  # tiles in a column; each overlaps half of the next
AHEAD = (2, 3)  # rows, which do not overlap
OUT, TEMPERATURE = 128, 0.1


class CPC(Method):
    source = "van den Oord et al. 2018, Representation learning with contrastive predictive coding"
    least, batch, smallest = 2000, 16, 4  # 25 tiles of each photo

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.head = nn.Linear(self.width, OUT)
        self.context = nn.GRU(OUT, OUT, batch_first=True)
        self.predictions = nn.ModuleList(nn.Linear(OUT, OUT) for _ in AHEAD)

    def loss(self, batch: Batch) -> Tensor:
        x, size = batch.view(MILD), batch.side // 3
        cut = x.unfold(2, size, size // 2).unfold(3, size, size // 2)[:, :, :ROWS, :ROWS]  # [n, 3, rows, columns, size, size]
        z = self.head(embedded(self.encoder, cut.permute(0, 3, 2, 1, 4, 5).flatten(1, 2)))
        columns = z.unflatten(1, (ROWS, ROWS)).flatten(0, 1)  # [n * columns, rows, OUT]
        context = self.context(columns)[0]
        place = torch.arange(columns.shape[0] * ROWS, device=z.device).view(-1, ROWS)
        everything = unit(columns.flatten(0, 1))
        losses = []
        for ahead, predict in zip(AHEAD, self.predictions):
            predicted = unit(predict(context[:, : ROWS - ahead]).flatten(0, 1))
            losses.append(functional.cross_entropy(predicted @ everything.T / TEMPERATURE, place[:, ahead:].flatten()))
        return sum(losses) / len(losses)
