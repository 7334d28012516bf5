"""An ONNX network of convolutions as a PyTorch module: the teachers where the student's own views are taught (distil.py)."""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional


def read(path: Path) -> tuple[list[onnx.NodeProto], dict[str, np.ndarray]]:
    """The nodes up to the pooling, and the tensors as float32; weights that a Cast widens keep the name that the node reads."""
    graph = onnx.load(path).graph
    tensors = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    nodes = []
    for node in graph.node:
        if node.op_type == "Cast" and node.input[0] in tensors:
            tensors[node.output[0]] = tensors.pop(node.input[0])
            continue
        nodes.append(node)
        if node.op_type == "GlobalAveragePool":
            break
    return nodes, {name: np.asarray(t, np.float32) for name, t in tensors.items()}


def padded(x: Tensor, pads: tuple[int, int, int, int]) -> tuple[Tensor, int | tuple[int, int]]:
    """`x` and what the convolution still has to pad; `pads` are top, left, bottom, right, as in ONNX."""
    top, left, bottom, right = pads
    if (top, left) == (bottom, right):
        return x, (top, left)
    return functional.pad(x, (left, right, top, bottom)), 0


class Network(nn.Module):
    """x [n, 3, h, w] -> the pooled features [n, width]. Convolution, Clip to 0...6 and Add are all that the teachers have."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        nodes, tensors = read(path)
        self.nodes = []
        for i, node in enumerate(nodes):
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            if node.op_type not in ("Conv", "Clip", "Add", "GlobalAveragePool"):
                raise SystemExit(f"{path}: {node.op_type} is not expected in a teacher")
            if node.op_type == "Conv":
                self.register_buffer(f"w{i}", torch.from_numpy(tensors[node.input[1]].copy()))
                self.register_buffer(f"b{i}", torch.from_numpy(tensors[node.input[2]].copy()))
            self.nodes.append((node.op_type, list(node.input), node.output[0], attributes))

    def forward(self, x: Tensor) -> Tensor:
        values = {"x": x}
        for i, (kind, inputs, output, attributes) in enumerate(self.nodes):
            y = values[inputs[0]]
            if kind == "Conv":
                y, padding = padded(y, tuple(attributes["pads"]))
                weight, bias = getattr(self, f"w{i}"), getattr(self, f"b{i}")
                y = functional.conv2d(y, weight, bias, attributes["strides"], padding, 1, attributes["group"])
            elif kind == "Clip":
                y = functional.relu6(y)
            elif kind == "Add":
                y = y + values[inputs[1]]
            else:
                return y.float().mean((2, 3))
            values[output] = y
        raise AssertionError("a network without GlobalAveragePool")
