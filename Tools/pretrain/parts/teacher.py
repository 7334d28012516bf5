"""Another encoder, of an ONNX file, that is asked and does not learn."""

from pathlib import Path

import torch
from torch import Tensor, nn

from graph import Network


class Teacher(nn.Module):
    """x [n, 3, h, w] in -1...1 -> the features of the file [n, width]. Its weights are not kept in checkpoints."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        if not path.exists():
            raise SystemExit(f"{path}: no such file for --teacher")
        try:
            network = Network(path)
            self.width = network(torch.zeros(1, 3, 64, 64)).shape[1]
        except Exception as error:
            raise SystemExit(f"{path}: not readable as an ONNX network of convolutions for --teacher ({error})") from error
        self.network = [network]  # in a list: no part of the state

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        return self.network[0].to(x.device)(x)
