"""Trains the tail of an ONNX network in PyTorch from a cached cut and prints one line of JSON: milliseconds of a step, bytes.

    torch_worker.py MODEL.onnx LAYERS FOLDER VARIANT STEPS BATCH

FOLDER holds cut.npy and embeddings.npy of `edgessl bench --train --keep`. The tail is what follows the input of the LAYERS-th
last convolution. A step is what edgessl does: a batch decoded from int8, forward, cross-entropy of 10 x cosine to fixed
prototypes, backward, Adam, exponential moving average of the weights. VARIANT: contiguous or channels_last.
"""

import json
import sys
import time

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper
from torch import nn

CLASSES, WARMUP = 5, 5


class Tail(nn.Module):
    """The nodes of an ONNX graph from a cut to an output."""

    def __init__(self, path, layers):
        super().__init__()
        graph = onnx.load(path).graph
        self.constants = {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy()) for tensor in graph.initializer}
        for node in graph.node:
            if node.op_type == "Constant":
                self.constants[node.output[0]] = torch.from_numpy(numpy_helper.to_array(node.attribute[0].t).copy())
        self.output = graph.output[0].name
        needed, chosen, convolutions = {self.output}, [], 0
        for node in reversed(graph.node):
            if node.op_type == "Constant" or not needed & set(node.output):
                continue
            chosen.insert(0, node)
            needed |= {name for name in node.input if name and name not in self.constants}
            convolutions += node.op_type == "Conv"
            if convolutions == layers:
                break
        made = {name for node in chosen for name in node.output}
        crossing = {name for node in chosen for name in node.input if name and name not in made and name not in self.constants}
        assert len(crossing) == 1, f"more than one tensor crosses: {crossing}"
        self.cut, self.nodes = crossing.pop(), chosen
        self.weights = nn.ParameterDict()
        for index, node in enumerate(chosen):
            if node.op_type == "Conv":
                for place, name in enumerate(node.input[1:]):
                    self.weights[f"{index}_{place}"] = nn.Parameter(self.constants[name])

    def forward(self, x):
        values = {self.cut: x}
        for index, node in enumerate(self.nodes):
            attributes = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
            inputs = [values.get(name, self.constants.get(name)) for name in node.input]
            if node.op_type == "Conv":
                pads = attributes.get("pads", [0, 0, 0, 0])
                x = inputs[0]
                if pads[:2] != pads[2:]:
                    x, pads = F.pad(x, [pads[1], pads[3], pads[0], pads[2]]), [0, 0]
                y = F.conv2d(
                    x,
                    self.weights[f"{index}_0"],
                    self.weights[f"{index}_1"],
                    attributes.get("strides", [1, 1]),
                    pads[:2],
                    attributes.get("dilations", [1, 1]),
                    attributes.get("group", 1),
                )
            elif node.op_type == "Clip":
                low, high = float(inputs[1]), float(inputs[2])
                y = F.relu6(inputs[0]) if (low, high) == (0, 6) else F.hardtanh(inputs[0], low, high)
            elif node.op_type == "Relu":
                y = F.relu(inputs[0])
            elif node.op_type == "Add":
                y = inputs[0] + inputs[1]
            elif node.op_type == "GlobalAveragePool":
                y = inputs[0].mean((2, 3), keepdim=True)
            elif node.op_type == "Flatten":
                y = inputs[0].flatten(1)
            else:
                raise NotImplementedError(node.op_type)
            values[node.output[0]] = y
        return values[self.output]


def resident():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def main():
    path, layers, folder, variant, steps, batch = (
        sys.argv[1],
        int(sys.argv[2]),
        sys.argv[3],
        sys.argv[4],
        int(sys.argv[5]),
        int(sys.argv[6]),
    )
    torch.set_num_threads(1)
    torch.manual_seed(0)
    tail = Tail(path, layers)
    cut = torch.from_numpy(np.load(f"{folder}/cut.npy")).permute(0, 3, 1, 2)
    expected = torch.from_numpy(np.load(f"{folder}/embeddings.npy"))
    layout = torch.channels_last if variant == "channels_last" else torch.contiguous_format
    tail = tail.to(memory_format=layout)
    low, high = cut.amin((1, 2, 3), keepdim=True), cut.amax((1, 2, 3), keepdim=True)
    scale = (high - low) / 255
    zero = (-128 - low / scale).round()
    codes = (cut / scale + zero).round().clamp(-128, 127).to(torch.int8).contiguous(memory_format=layout)
    with torch.no_grad():
        found = F.normalize(tail(((codes.float() - zero) * scale)[:batch]), dim=1)
    cosine = float((found * expected[:batch]).sum(1).min())
    labels = torch.arange(len(cut)) * CLASSES // len(cut)
    prototypes = F.normalize(torch.stack([expected[labels == label].mean(0) for label in range(CLASSES)]), dim=1)
    parameters = list(tail.parameters())
    averages = [parameter.detach().clone() for parameter in parameters]
    optimizer = torch.optim.Adam(parameters, lr=1e-3)
    times = []
    for step in range(WARMUP + steps):
        start = time.perf_counter()
        chosen = torch.randint(len(cut), (batch,))
        x = (codes[chosen].float() - zero[chosen]) * scale[chosen]
        optimizer.zero_grad()
        loss = F.cross_entropy(10 * F.normalize(tail(x), dim=1) @ prototypes.T, labels[chosen])
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(averages, parameters, 0.02)
        if step >= WARMUP:
            times.append(1000 * (time.perf_counter() - start))
    print(
        json.dumps(
            {
                "p50": float(np.median(times)),
                "min": min(times),
                "peakResidentBytes": resident(),
                "cosine": cosine,
                "trainedWeights": sum(parameter.numel() for parameter in parameters),
                "loss": float(loss.detach()),
            }
        )
    )


main()
