"""Shape arithmetic as torch.onnx writes it, symbolic input dimensions, and odd storage of weights."""

import numpy as np
from onnx import TensorProto, helper

from .builder import Builder, case


@case
def view_batch_minus_1(b: Builder):
    y = b.convolution(b.input(1, 3, 5, 4), 3, 4, (3, 3))
    batch = b.node("Gather", b.node("Shape", y), b.scalar_int(0), axis=0)
    target = b.node("Concat", b.node("Unsqueeze", batch, b.ints(0)), b.ints(-1), axis=0)
    return b.node("Gemm", b.node("Reshape", y, target), b.weight(5, 24), b.weight(5), transB=1)


@case
def view_dynamic_batch(b: Builder):
    x = b.input(1, 3, 5, 4, declared=["N", 3, 5, 4])
    y = b.convolution(x, 3, 4, (3, 3))
    batch = b.node("Unsqueeze", b.node("Gather", b.node("Shape", x), b.scalar_int(0), axis=0), b.ints(0))
    return b.node("Reshape", y, b.node("Concat", batch, b.ints(-1), axis=0))


@case
def view_dynamic_size(b: Builder):
    x = b.input(1, 3, 6, 6, declared=["N", 3, "H", "W"])
    y = b.convolution(x, 3, 4, (3, 3), pads=[1, 1, 1, 1], strides=[2, 2])
    return b.node("Flatten", b.node("GlobalAveragePool", y))


@case
def shuffle_with_computed_shape(b: Builder):
    x = b.input(1, 6, 4, 3)
    shape = b.node("Shape", x)
    batch, channels, height, width = (b.node("Gather", shape, b.scalar_int(i)) for i in range(4))
    per_group = b.node("Div", channels, b.scalar_int(2))
    whole = [b.node("Unsqueeze", value, b.ints(0)) for value in (batch, channels, height, width)]
    split = [whole[0], b.ints(2), b.node("Unsqueeze", per_group, b.ints(0)), whole[2], whole[3]]
    y = b.node("Reshape", x, b.node("Concat", *split, axis=0))
    y = b.node("Transpose", y, perm=[0, 2, 1, 3, 4])
    return b.node("Reshape", y, b.node("Concat", *whole, axis=0))


@case
def chunk_with_computed_bounds(b: Builder):
    x = b.input(1, 6, 4, 3)
    channels = b.node("Gather", b.node("Shape", x), b.ints(1), axis=0)
    half = b.node("Div", b.node("Add", channels, b.ints(1)), b.ints(2))
    left = b.node("Slice", x, b.ints(0), b.node("Mul", half, b.ints(1)), b.ints(1))
    right = b.node("Slice", x, b.node("Mul", half, b.ints(1)), b.node("Mul", half, b.ints(2)), b.ints(1))
    return b.node("Concat", right, left, axis=1)


@case
def constant_of_shape_scale(b: Builder):
    shape = b.node("Slice", b.node("Shape", b.input(1, 3, 4, 5)), b.ints(2), b.ints(4))
    ones = b.node("ConstantOfShape", shape, value=helper.make_tensor("value", TensorProto.FLOAT, [1], [1.5]))
    return b.node("Mul", "x", ones)


@case
def range_and_cast(b: Builder):
    columns = b.node("Gather", b.node("Shape", b.input(1, 3, 4, 5)), b.scalar_int(3))
    positions = b.node("Range", b.scalar_int(0), columns, b.scalar_int(1))
    return b.node("Add", "x", b.node("Cast", positions, to=TensorProto.FLOAT))


@case
def constants_folded(b: Builder):
    scale = b.node("Sqrt", b.node("Add", b.weight(3, 1, 1, low=0.1, high=2), b.constant(1e-5)))
    factor = b.node("Div", b.weight(3, 1, 1), scale)
    return b.node("Mul", b.input(1, 3, 4, 5), b.node("Reshape", factor, b.ints(1, 3, 1, 1)))


@case
def weights_as_typed_field(b: Builder):
    weight = b.random.uniform(-1, 1, (4, 3, 3, 3)).astype(np.float32)
    name = b.initializer(helper.make_tensor("typed", TensorProto.FLOAT, weight.shape, weight.ravel().tolist()))
    return b.node("Conv", b.input(1, 3, 5, 4), name)


@case
def weights_as_float16(b: Builder):
    weight = b.constant(b.random.uniform(-1, 1, (4, 3, 3, 3)).astype(np.float16))
    return b.node("Conv", b.input(1, 3, 5, 4), b.node("Cast", weight, to=TensorProto.FLOAT))


@case
def weights_as_double(b: Builder):
    weight = b.constant(b.random.uniform(-1, 1, (4, 3, 3, 3)))
    return b.node("Conv", b.input(1, 3, 5, 4), b.node("Cast", weight, to=TensorProto.FLOAT))


@case
def weight_also_declared_as_input(b: Builder):
    x, weight = b.input(1, 3, 5, 4), b.weight(4, 3, 3, 3)
    b.graph_inputs.append(helper.make_tensor_value_info(weight, TensorProto.FLOAT, [4, 3, 3, 3]))
    return b.node("Conv", x, weight)


@case
def dead_branch(b: Builder):
    x = b.input(1, 3, 5, 4)
    b.node("Relu", b.convolution(x, 3, 4, (3, 3)))
    return b.node("Sigmoid", x)


@case
def transpose_with_computed_shape(b: Builder):
    x = b.input(1, 4, 3, 2)
    pixels = b.node("Reshape", x, b.node("Concat", b.ints(0, 0), b.ints(-1), axis=0))
    return b.node("Softmax", b.node("Transpose", pixels, perm=[0, 2, 1]), axis=-1)


@case
def assignment_to_slices_of_a_constant(b: Builder):
    """What ConViT's exporter writes of `positions[:, :, 1] = ...`."""
    table = b.node("ConstantOfShape", b.ints(2, 3, 2))
    rows = b.constant(np.array([[[0, -1, 1], [0, 0, 1]], [[1, 0, 1], [1, 1, 0]]], dtype=np.int64))
    table = b.node("ScatterND", table, rows, b.weight(2, 2))
    table = b.node("ScatterND", table, b.constant(np.array([[-1, 2]], dtype=np.int64)), b.weight(1, 2))
    return b.node("Add", b.input(2, 3, 2), table)


@case
def weights_as_bfloat16(b: Builder):
    bits = (b.random.uniform(-1, 1, 36).astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    tensor = helper.make_tensor("narrow", TensorProto.BFLOAT16, [4, 3, 3, 1], bits.tobytes(), raw=True)
    return b.node("Conv", b.input(1, 3, 5, 4), b.node("Cast", b.initializer(tensor), to=TensorProto.FLOAT))
