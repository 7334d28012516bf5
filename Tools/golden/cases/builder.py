"""A short way to write an ONNX graph of a few nodes."""

import zlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from golden_case import run_reference

CASES = {}


def case(function):
    if function.__name__ in CASES:
        raise ValueError(f"two cases are called {function.__name__}")
    CASES[function.__name__] = function
    return function


class Builder:
    """Collects nodes, weights and inputs; `node` returns the name of the node's first output."""

    def __init__(self, name: str):
        self.name = name
        self.random = np.random.default_rng(zlib.crc32(name.encode()))
        self.opset = 13
        self.nodes = []
        self.initializers = []
        self.graph_inputs = []
        self.input_values = {}
        self.functions = []
        self.count = 0

    def fresh(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def input(self, *shape: int, low: float = -2, high: float = 2, declared: list | None = None) -> str:
        """A graph input with random values; `declared` is the shape that the model states, where it differs."""
        name = "x" if not self.input_values else f"x{len(self.input_values) + 1}"
        self.input_values[name] = self.random.uniform(low, high, shape).astype(np.float32)
        self.graph_inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, declared or list(shape)))
        return name

    def bytes(self, *shape: int) -> str:
        """A graph input of type uint8."""
        name = "x" if not self.input_values else f"x{len(self.input_values) + 1}"
        self.input_values[name] = self.random.integers(0, 256, shape, dtype=np.uint8)
        self.graph_inputs.append(helper.make_tensor_value_info(name, TensorProto.UINT8, list(shape)))
        return name

    def weight(self, *shape: int, low: float = -1, high: float = 1) -> str:
        return self.constant(self.random.uniform(low, high, shape).astype(np.float32), "w")

    def constant(self, value, prefix: str = "c", dtype=np.float32) -> str:
        array = value if isinstance(value, np.ndarray) else np.array(value, dtype=dtype)
        name = self.fresh(prefix)
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def ints(self, *values: int) -> str:
        return self.constant(np.array(values, dtype=np.int64), "shape")

    def scalar_int(self, value: int) -> str:
        return self.constant(np.array(value, dtype=np.int64), "index")

    def initializer(self, tensor: onnx.TensorProto) -> str:
        self.initializers.append(tensor)
        return tensor.name

    def node(self, operator: str, *inputs: str, outputs: int = 1, **attributes):
        names = [self.fresh("t") for _ in range(outputs)]
        self.nodes.append(helper.make_node(operator, list(inputs), names, name=f"{operator}_{len(self.nodes)}", **attributes))
        return names[0] if outputs == 1 else names

    def convolution(self, x: str, inputs: int, outputs: int, kernel: tuple, group: int = 1, bias: bool = True, **attributes) -> str:
        operands = [x, self.weight(outputs, inputs // group, *kernel, low=-0.5, high=0.5)]
        if bias:
            operands.append(self.weight(outputs))
        return self.node("Conv", *operands, group=group, kernel_shape=list(kernel), **attributes)

    def finish(self, outputs) -> onnx.ModelProto:
        outputs = [outputs] if isinstance(outputs, str) else list(outputs)
        graph = helper.make_graph(
            self.nodes, self.name, self.graph_inputs, [onnx.ValueInfoProto(name=name) for name in outputs], self.initializers
        )
        opsets = [helper.make_opsetid("", self.opset)] + ([helper.make_opsetid("local", 1)] if self.functions else [])
        model = helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="edgessl", functions=self.functions)
        values = run_reference(model, self.input_values, outputs)
        del model.graph.output[:]
        for name, value in zip(outputs, values):
            model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, value.shape))
        onnx.checker.check_model(model)
        return model
