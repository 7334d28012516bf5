"""NAT: every photo has a target on the sphere, drawn at random; within each batch targets change places for the least distance."""

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn
from torch.nn import functional

from methods.method import Batch, Method, Setting
from parts.contrast import unit
from parts.processes import gathered
from views import MILD

OUT = 128


class NAT(Method):
    source = "Bojanowski & Joulin 2017, Unsupervised learning by predicting noise"
    least, smallest = 1000, 16

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.head = nn.Linear(self.width, OUT)
        self.register_buffer("targets", functional.normalize(torch.randn(setting.count, OUT), dim=1))
        self.register_buffer("place", torch.arange(setting.count))

    def loss(self, batch: Batch) -> Tensor:
        z = unit(self.head(self.encoder(batch.view(MILD))))
        places = self.place[batch.rows]
        cost = -(z.detach() @ self.targets[places].T)
        chosen = places[torch.from_numpy(linear_sum_assignment(cost.cpu().numpy())[1]).to(z.device)]
        self.place[gathered(batch.rows)] = gathered(chosen)
        return (z - self.targets[chosen]).square().sum(1).mean()
