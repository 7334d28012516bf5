"""The student: the blocks of a published network, and one linear map from its last hidden channels to the embedding.

The network's last projection, what follows it and its classifier are left out; the map takes their place.
"""

import itertools
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn
from torch.nn import functional

import graph

MEAN = STD = 127.5


Pads = tuple[int, int, int, int]  # top, left, bottom, right


class Convolution(nn.Module):
    """A convolution whose weights are stored divided by the root mean square of each output channel at the start.

    MCUNet's batch normalisation is folded into its weights, so channels differ in scale by orders of magnitude; divided, one
    learning rate suits all. `weight` [out, in / groups, k, k], `scale` [out, 1, 1, 1] (constant), `bias` [out].
    """

    def __init__(
        self, weight: Tensor, bias: Tensor, stride: int = 1, groups: int = 1, clip: bool = False, pads: Pads | None = None
    ) -> None:
        super().__init__()
        scale = weight.square().mean((1, 2, 3), keepdim=True).sqrt().clamp_min(1e-6)
        self.register_buffer("scale", scale)
        self.weight, self.bias = nn.Parameter(weight / scale), nn.Parameter(bias.clone())
        self.stride, self.groups, self.clip = stride, groups, clip
        half = weight.shape[-1] // 2
        self.pads: Pads = pads or (half, half, half, half)

    def forward(self, x: Tensor) -> Tensor:
        x, padding = graph.padded(x, self.pads)
        y = functional.conv2d(x, self.weight * self.scale, self.bias, self.stride, padding, 1, self.groups)
        return functional.relu6(y) if self.clip else y


class Block(nn.Module):
    """Inverted residual: expansion (but in the first block), depthwise convolution, projection (but in the last)."""

    def __init__(self, layers: list[Convolution], residual: bool) -> None:
        super().__init__()
        self.layers, self.residual = nn.Sequential(*layers), residual

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x) if self.residual else self.layers(x)


class Encoder(nn.Module):
    """x [n, 3, h, w] in -1...1 -> embedding [n, width]: the mean over all places of a linear map of the last channels.

    The network itself was made for (v - mean) / std of the pixels v, which is what its ONNX file takes.
    """

    def __init__(self, blocks: list[Block], width: int, mean: float = MEAN, std: float = STD) -> None:
        super().__init__()
        self.body, self.width, self.mean, self.std = nn.Sequential(*blocks), width, mean, std
        hidden = blocks[-1].layers[-1].weight.shape[0]
        self.map = Convolution(torch.ones(width, hidden, 1, 1), torch.zeros(width))

    def hidden(self, x: Tensor) -> Tensor:
        if (self.mean, self.std) != (MEAN, STD):
            x = x * (STD / self.std) + (MEAN - self.mean) / self.std
        return self.body(x)

    def pooled(self, x: Tensor) -> Tensor:
        """The mean of the last channels [n, hidden]: the map's input, as both are linear."""
        return self.hidden(x).mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.map(self.hidden(x)).mean((2, 3))

    def set_map(self, weight: Tensor, bias: Tensor) -> None:
        self.map = Convolution(weight[:, :, None, None], bias)


def read(path: Path) -> Encoder:
    """The network of an ONNX file up to its features, its last projection as the map; or a student that export.py wrote."""
    nodes, tensors = graph.read(path)
    blocks: list[Block] = []
    group: list[Convolution] = []
    for node, after in itertools.pairwise(nodes):
        if node.op_type != "Conv":
            continue
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        clip = after.op_type == "Clip"
        weight, bias = (torch.from_numpy(tensors[name].copy()) for name in node.input[1:])
        group.append(Convolution(weight, bias, attributes["strides"][0], attributes["group"], clip, tuple(attributes["pads"])))
        if not clip or not blocks:  # a projection ends a block; the first convolution is one of its own
            blocks.append(Block(group, after.op_type == "Add"))
            group = []
    last = blocks[-1].layers[-1]
    blocks[-1].layers = blocks[-1].layers[:-1]
    network = Encoder(blocks, len(last.weight))
    network.map = last
    return network


def read_blocks(path: Path) -> list[Block]:
    """The blocks of an ONNX file, the last one without its projection, or of a student that export.py wrote, without its map."""
    return list(read(path).body)


def save(path: Path, network: Encoder, side: int, replaced: dict[nn.Parameter, Tensor] | None = None) -> None:
    """Structure, weights and input size; `replaced` are weights to write instead of a parameter's own."""
    structure = [{"residual": b.residual, "layers": [[c.stride, c.groups, c.clip, c.pads] for c in b.layers]} for b in network.body]
    tensors = network.state_dict()
    for name, parameter in network.named_parameters():
        tensors[name] = (replaced or {}).get(parameter, parameter).detach().cpu().clone()
    part = path.with_suffix(".part")
    kept = {"structure": structure, "width": network.width, "side": side, "mean": network.mean, "std": network.std}
    torch.save(kept | {"tensors": tensors}, part)
    part.replace(path)


def load(path: Path) -> tuple[Encoder, int]:
    """The network and its input size."""
    kept = torch.load(path, map_location="cpu", weights_only=True)
    tensors = kept["tensors"]
    blocks = []
    for i, block in enumerate(kept["structure"]):
        layers = []
        for j, (stride, groups, clip, pads) in enumerate(block["layers"]):
            name = f"body.{i}.layers.{j}"
            layers.append(Convolution(tensors[f"{name}.weight"], tensors[f"{name}.bias"], stride, groups, clip, tuple(pads)))
        blocks.append(Block(layers, block["residual"]))
    network = Encoder(blocks, kept["width"], kept["mean"], kept["std"])
    network.load_state_dict(tensors)
    return network, kept["side"]


def normalized(pixels: np.ndarray) -> Tensor:
    """uint8 [n, s, s, 3] -> float [n, 3, s, s] in -1...1."""
    x = torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2).float()
    return (x - MEAN).div_(STD).contiguous(memory_format=torch.channels_last)
