"""What a QDQ model says, computed in float64: every activation is an exact multiple of its scale, so that the only roundings
are those of QuantizeLinear. The graph's input is divided by its scale in float32, as the standard does."""

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import helper, numpy_helper


def exact_outputs(model: onnx.ModelProto, image: np.ndarray) -> list:
    """Values of the graph's outputs, for the operators of quantized CNNs."""
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    values = {name: torch.from_numpy(value.astype(np.float64)) for name, value in constants.items()}
    input_name = model.graph.input[0].name
    values[input_name] = torch.from_numpy(image)
    for node in model.graph.node:
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        inputs = [values[name] if name else None for name in node.input]
        if node.op_type == "QuantizeLinear":
            integer = np.iinfo(constants[node.input[2]].dtype)
            scale = constants[node.input[1]].item()
            steps = inputs[0] / (np.float32(scale) if node.input[0] == input_name else scale)
            result = (torch.round(steps).double() + inputs[2]).clamp(integer.min, integer.max)
        elif node.op_type == "DequantizeLinear":
            shape = [1] * inputs[0].dim()
            if inputs[1].numel() > 1:
                shape[attributes.get("axis", 1)] = -1
            result = (inputs[0] - inputs[2].reshape(shape)) * inputs[1].reshape(shape)
        else:
            result = OPERATORS[node.op_type](attributes, *inputs)
        values[node.output[0]] = result
    return [values[output.name].numpy() for output in model.graph.output]


def convolution(attributes: dict, x, weights, bias=None):
    top, left, bottom, right = attributes.get("pads", [0] * 4)
    return F.conv2d(
        F.pad(x, (left, right, top, bottom)),
        weights,
        bias,
        attributes.get("strides", 1),
        0,
        attributes.get("dilations", 1),
        attributes.get("group", 1),
    )


def maximum(attributes: dict, x):
    top, left, bottom, right = attributes.get("pads", [0] * 4)
    x = F.pad(x, (left, right, top, bottom), value=-torch.inf)
    return F.max_pool2d(x, attributes["kernel_shape"], attributes.get("strides", 1))


def product(attributes: dict, a, b, c=0):
    if attributes.get("alpha", 1) != 1 or attributes.get("beta", 1) != 1 or attributes.get("transA"):
        raise ValueError("Gemm with factors or a transposed first operand")
    return a @ (b.T if attributes.get("transB") else b) + c


OPERATORS = {
    "Conv": convolution,
    "MaxPool": maximum,
    "Gemm": product,
    "Clip": lambda _, x, low, high: x.clamp(low.item(), high.item()),
    "Relu": lambda _, x: x.relu(),
    "Add": lambda _, a, b: a + b,
    "GlobalAveragePool": lambda _, x: x.mean((2, 3), keepdim=True),
    "Flatten": lambda attributes, x: x.flatten(attributes.get("axis", 1)),
}
