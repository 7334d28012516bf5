"""Writes a student as an ONNX file with one output, `features`, and compares it with PyTorch in ONNX Runtime.

    python export.py --student /tmp/edge-s/end.pt --onnx ../../models/edge-s/edge-s.onnx

With --start the weights lie between both: --toward 0.25 is a quarter of the way from start to student (as WiSE-FT interpolates).
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

import student


def interpolate(start: student.Encoder, end: student.Encoder, toward: float) -> student.Encoder:
    """`end` with all its weights moved to `toward` of the way from `start`."""
    begin = {n: m for n, m in start.named_modules() if isinstance(m, student.Convolution)}
    with torch.no_grad():
        for name, module in end.named_modules():
            if isinstance(module, student.Convolution):
                old = begin[name]
                module.weight.copy_(torch.lerp(old.weight * old.scale, module.weight * module.scale, toward) / module.scale)
                module.bias.copy_(torch.lerp(old.bias, module.bias, toward))
    return end


class Writer:
    """Nodes and tensors of the graph, in the order of execution; weights in half precision behind a Cast where wanted."""

    def __init__(self, half: bool = False) -> None:
        self.half = half
        self.nodes: list[onnx.NodeProto] = []
        self.tensors = [numpy_helper.from_array(np.float32(v), n) for v, n in ((0, "zero"), (6, "six"))]

    def add(self, kind: str, inputs: list[str], output: str | None = None, **attributes: object) -> str:
        output = output or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def convolution(self, layer: student.Convolution, x: str) -> str:
        name = f"c{sum(n.op_type == 'Conv' for n in self.nodes)}"
        weight = (layer.weight * layer.scale).detach().numpy()
        self.tensors.append(numpy_helper.from_array(layer.bias.detach().numpy(), f"{name}.b"))
        if self.half:
            self.tensors.append(numpy_helper.from_array(weight.astype(np.float16), f"{name}.h"))
            self.add("Cast", [f"{name}.h"], f"{name}.w", to=TensorProto.FLOAT)
        else:
            self.tensors.append(numpy_helper.from_array(weight, f"{name}.w"))
        k = weight.shape[-1]
        y = self.add(
            "Conv",
            [x, f"{name}.w", f"{name}.b"],
            kernel_shape=[k, k],
            pads=layer.pads,
            strides=[layer.stride] * 2,
            group=layer.groups,
        )
        return self.add("Clip", [y, "zero", "six"]) if layer.clip else y


def to_onnx(network: student.Encoder, side: int, half: bool = False) -> onnx.ModelProto:
    """The map stands before the pooling, so that the pooling's result is the embedding and not taken for a classifier's input."""
    writer = Writer(half)
    x = "x"
    for block in network.body:
        y = x
        for layer in block.layers:
            y = writer.convolution(layer, y)
        x = writer.add("Add", [x, y]) if block.residual else y
    x = writer.add("GlobalAveragePool", [writer.convolution(network.map, x)])
    writer.add("Flatten", [x], "features", axis=1)
    graph = helper.make_graph(
        writer.nodes,
        "encoder",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, side, side])],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, network.width])],
        writer.tensors,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8, producer_name="edgessl pretrain")
    onnx.checker.check_model(model, full_check=True)
    return model


def multiply_adds(network: student.Encoder, side: int) -> int:
    total = []
    hooks = [
        m.register_forward_hook(lambda m, _, y: total.append(y[0].numel() * m.weight[0].numel()))
        for m in network.modules()
        if isinstance(m, student.Convolution)
    ]
    with torch.no_grad():
        network(torch.zeros(1, 3, side, side))
    for hook in hooks:
        hook.remove()
    return sum(total)


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--student", type=Path, required=True, help="file of fit.py or train.py")
    p.add_argument("--start", type=Path, help="the start that it was trained from")
    p.add_argument("--toward", type=float, default=1.0, help="share of the way from the start")
    p.add_argument("--onnx", type=Path, required=True, help="file to write")
    p.add_argument("--half", action="store_true", help="weights in half precision: half the file")
    a = p.parse_args()
    network, side = student.load(a.student)
    if a.start:
        network = interpolate(student.load(a.start)[0], network, a.toward)
    if a.half:
        with torch.no_grad():
            for layer in network.modules():
                if isinstance(layer, student.Convolution):
                    layer.weight.copy_((layer.weight * layer.scale).half().float() / layer.scale)
    content = to_onnx(network.eval(), side, a.half).SerializeToString()
    v = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(0)) * 255
    with torch.no_grad():
        want = network((v - student.MEAN) / student.STD).numpy()
    got = onnxruntime.InferenceSession(content).run(None, {"x": ((v - network.mean) / network.std).numpy()})[0]
    difference = np.abs(got - want).max() / np.abs(want).max()
    if not difference < 1e-4:
        raise SystemExit(f"{a.onnx}: ONNX Runtime differs from PyTorch by {difference:.1e} of the largest value")
    a.onnx.write_bytes(content)
    print(
        f"{a.onnx}: input {side}x{side}, (v - {network.mean:g}) / {network.std:g}, {len(content)} bytes, "
        f"{sum(p.numel() for p in network.parameters())} weights, "
        f"{multiply_adds(network, side) / 1e6:.2f} million multiply-adds, differs by {difference:.1e}"
    )
    print("sha256", hashlib.sha256(content).hexdigest())


if __name__ == "__main__":
    main()
